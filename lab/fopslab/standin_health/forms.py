"""What a recorded contract is made of: answers, routes, products, and the states that a product can be put into."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

STATES = ("healthy", "unready", "process-only", "unauthorised", "sign-in", "page", "broken", "down")
PAGE = b"<!doctype html>\n<html><head><title>Sign in</title></head><body><form></form></body></html>\n"


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    media: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def text(words: str, status: int = 200, media: str = "text/plain; charset=utf-8") -> Answer:
    return Answer(status, words.encode(), media)


def data(value: Any, status: int = 200, media: str = "application/json") -> Answer:
    return Answer(status, json.dumps(value, separators=(",", ":")).encode(), media)


def empty(status: int = 200) -> Answer:
    return Answer(status)


def page(status: int = 200) -> Answer:
    return Answer(status, PAGE, "text/html; charset=utf-8")


@dataclass(frozen=True)
class Route:
    """One request of a contract. Without unready the route tells of the process alone. A query is compared whole:
    what is left out or added makes it another request. key: the credential that it asks for."""

    path: str
    healthy: Answer
    unready: Answer | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    methods: tuple[str, ...] = ("GET",)
    key: str = ""


@dataclass(frozen=True)
class Product:
    """key: "apikey" (a header of that name), "bearer", "pve" (an API token), "certificate", "signed", or nothing.
    fallback: what is answered where there is no route; refusal: what is answered without the credential."""

    name: str
    routes: tuple[Route, ...]
    fallback: Answer = text("404 page not found\n", 404)
    refusal: Answer = data({"message": "Unauthorized"}, 401)
    key: str = ""
    protocol: str = "http"

    @property
    def tls(self) -> bool:
        return bool(self.key)
