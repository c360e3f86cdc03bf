"""Answers of the stand-in that are no success."""

from __future__ import annotations

PROXY_REASONS = {595: "No route to host", 596: "Connection timed out", 599: "Too many redirections"}


class Refusal(Exception):
    """Status, reason, and for 400 the parameters that are wrong."""

    def __init__(self, status: int, message: str, errors: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors


def wrong_parameters(**errors: str) -> Refusal:
    named = {name.replace("_", "-"): text for name, text in errors.items()}
    return Refusal(400, "Parameter verification failed.", named)
