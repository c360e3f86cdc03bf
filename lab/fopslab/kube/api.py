"""A small client of the API server's REST interface, with one connection that stays open."""

from __future__ import annotations

import http.client
import json
import ssl
from types import TracebackType
from typing import Any

from fopslab.kube.certificates import SERVER_NAME
from fopslab.state import Facts

MERGE_PATCH = "application/merge-patch+json"
SECONDS = 30.0


class ApiError(Exception):
    """The API server refused; status is the HTTP status."""

    def __init__(self, status: int, method: str, path: str, body: bytes) -> None:
        self.status = status
        super().__init__(f"{method} {path}: {status} {body[:500].decode(errors='replace')}")


class NamedConnection(http.client.HTTPSConnection):
    """Connects to loopback, checks the certificate against the cluster's name."""

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        context: ssl.SSLContext = self._context  # type: ignore[attr-defined]
        self.sock = context.wrap_socket(self.sock, server_hostname=SERVER_NAME)


class Api:
    """As the administrator (by client certificate), or with a token. Not for several threads at once."""

    def __init__(self, facts: Facts, token: str | None = None) -> None:
        context = ssl.create_default_context(cafile=facts["ca"])
        if token is None:
            context.load_cert_chain(facts["admin"]["certificate"], facts["admin"]["key"])
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.connection = NamedConnection("127.0.0.1", facts["port"], timeout=SECONDS, context=context)

    def __enter__(self) -> Api:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()

    def send(self, method: str, path: str, body: object = None, kind: str = "application/json") -> bytes:
        """The answer's body; ApiError for every status but 2xx, OSError or HTTPException when there is no answer."""
        content = None if body is None else json.dumps(body).encode()
        headers = {**self.headers, "Accept": "application/json"}
        if content is not None:
            headers["Content-Type"] = kind
        try:
            self.connection.request(method, path, content, headers)
            answer = self.connection.getresponse()
            data = answer.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            raise
        if not 200 <= answer.status < 300:
            raise ApiError(answer.status, method, path, data)
        return data

    def get(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.send("GET", path))
        return found

    def post(self, path: str, body: object) -> dict[str, Any]:
        made: dict[str, Any] = json.loads(self.send("POST", path, body))
        return made

    def patch(self, path: str, body: object) -> dict[str, Any]:
        changed: dict[str, Any] = json.loads(self.send("PATCH", path, body, MERGE_PATCH))
        return changed

    def delete(self, path: str) -> None:
        self.send("DELETE", path)

    def ready(self) -> bool:
        try:
            return self.send("GET", "/readyz") == b"ok"
        except (OSError, ValueError, ApiError, http.client.HTTPException):
            return False
