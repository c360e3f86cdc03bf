"""What every request to the executor must pass before it reaches a route: the token, and no name given twice."""

from __future__ import annotations

import hmac
from collections import Counter
from urllib.parse import parse_qsl

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

OPEN_PATHS = frozenset({"/health", "/openapi.json"})
REPEATABLE_PATHS = ("/echo",)


class Guard:
    """Refuses before routing: 401 without a bearer token, 403 with a wrong one, 422 for repeated query names."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self.app = app
        self.expected = f"Bearer {token}".encode()

    def refuse(self, scope: Scope) -> JSONResponse | None:
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        if scope["path"] not in OPEN_PATHS:
            if not given:
                challenge = {"WWW-Authenticate": 'Bearer realm="executor"'}
                return JSONResponse({"error": "no bearer token"}, 401, challenge)
            if len(given) > 1 or not hmac.compare_digest(given[0], self.expected):
                return JSONResponse({"error": "this token is not accepted"}, 403)
        if not scope["path"].startswith(REPEATABLE_PATHS):
            pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
            twice = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
            if twice:
                return JSONResponse({"error": f"query name {twice[0]!r} is given more than once"}, 422)
        return None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self.refuse(scope) if scope["type"] == "http" else None
        await (refusal or self.app)(scope, receive, send)
