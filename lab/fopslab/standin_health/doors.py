"""Doors of one credential each, behind TLS: an API key, a token endpoint and what its tokens open, a signature."""

from __future__ import annotations

import base64
import binascii
import secrets as randomness
import time
from collections import deque
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from fopslab.standin_health.forms import Answer, data, text
from fopslab.standin_health.keys import Secrets, is_authorised, same
from fopslab.standin_health.wire import Request

CLIENT_ID = "fops lab"
SCOPES = frozenset({"read", "write"})
AUDIENCE = "https://executor.example.net"
TOKEN_PATH = "/realms/lab/protocol/openid-connect/token"
NO_STORE = {"Cache-Control": "no-store"}
MOST_RECORDS = 500


def refuse(status: int, error: str, challenge: bool = False) -> Answer:
    headers = {**NO_STORE, **({"WWW-Authenticate": 'Basic realm="lab"'} if challenge else {})}
    answer = data({"error": error}, status)
    return Answer(answer.status, answer.body, answer.media, headers)


class TokenEndpoint:
    """RFC 6749 section 4.4, the client shown as section 2.3.1 says. lifetime: of what it gives out, in seconds."""

    def __init__(self, client_secret: str) -> None:
        self.client_secret = client_secret
        self.lifetime = 300
        self.valid: dict[str, float] = {}
        self.issued = 0
        self.asked: deque[dict[str, Any]] = deque(maxlen=MOST_RECORDS)
        self.instead: Answer | None = None

    def answer(self, request: Request) -> Answer:
        form = parse_qsl(request.body.decode("latin-1"), keep_blank_values=True)
        self.asked.append({"method": request.method, "form": [pair for pair in form if pair[0] != "client_secret"],
                           "accept": request.headers.get("accept", "")})  # fmt: skip
        if request.path != TOKEN_PATH:
            return text("Not Found", 404)
        if self.instead:
            return self.instead
        if request.method != "POST":
            return Answer(405, headers={"Allow": "POST"})
        given = dict(form)
        media = request.headers.get("content-type", "").split(";")[0].strip()
        if media != "application/x-www-form-urlencoded" or len(given) != len(form):
            return refuse(400, "invalid_request")
        if not self._is_client(request, given):
            return refuse(401, "invalid_client", challenge=True)
        if given.get("grant_type") != "client_credentials":
            return refuse(400, "unsupported_grant_type" if "grant_type" in given else "invalid_request")
        scopes = given.get("scope", "read").split(" ")
        if not set(scopes) <= SCOPES:
            return refuse(400, "invalid_scope")
        if given.get("audience", AUDIENCE) != AUDIENCE:
            return refuse(400, "invalid_target")
        return self._issue(scopes)

    def _issue(self, scopes: list[str]) -> Answer:
        token = f"lab-access-{randomness.token_urlsafe(32)}"
        self.valid[token] = time.monotonic() + self.lifetime
        self.issued += 1
        known = {"access_token": token, "token_type": "Bearer", "expires_in": self.lifetime, "scope": " ".join(scopes)}
        answer = data(known)
        return Answer(200, answer.body, answer.media, NO_STORE)

    def _is_client(self, request: Request, given: dict[str, str]) -> bool:
        """By the header or by the form, never by both."""
        header = request.headers.get("authorization")
        if header is None:
            name, secret = given.get("client_id", ""), given.get("client_secret", "")
        elif "client_secret" in given or not header.startswith("Basic "):
            return False
        else:
            try:
                pair = base64.b64decode(header.removeprefix("Basic "), validate=True).decode()
            except (binascii.Error, UnicodeDecodeError):
                return False
            name, _, secret = (unquote_plus(part) for part in pair.partition(":"))
        return same(name, CLIENT_ID) and same(secret, self.client_secret)

    def opens(self, request: Request) -> bool:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return scheme == "Bearer" and self.valid.get(token, 0.0) > time.monotonic()


class Doors:
    """name: apiKey, bearer, oidc, signed. GET /health behind each; /moved leads to another origin."""

    NAMES = ("apiKey", "bearer", "oidc", "signed")
    KEYS = {"apiKey": "x-api-key", "bearer": "bearer", "signed": "signed"}

    def __init__(self, secrets: Secrets, client_secret: str, elsewhere: str) -> None:
        self.secrets = secrets
        self.tokens = TokenEndpoint(client_secret)
        self.elsewhere = elsewhere
        self.refused = dict.fromkeys(self.NAMES, 0)
        self.passed = dict.fromkeys(self.NAMES, 0)

    def answer(self, name: str, request: Request) -> Answer:
        if name == "oidc" and request.path == TOKEN_PATH:
            return self.tokens.answer(request)
        key = self.KEYS.get(name)
        if not (is_authorised(key, request, self.secrets) if key else self.tokens.opens(request)):
            self.refused[name] += 1
            challenge = {"WWW-Authenticate": 'Bearer realm="lab", error="invalid_token"'} if name == "oidc" else {}
            return Answer(403 if name == "signed" else 401, b'{"error":"refused"}', "application/json", challenge)
        self.passed[name] += 1
        if request.path.startswith("/moved"):
            return Answer(307, headers={"Location": f"{self.elsewhere}/caught"})
        if request.path.startswith("/health"):
            return data({"status": "ok", "version": "7.1"}) if request.method == "GET" else Answer(405)
        return text("Not Found", 404)
