"""The stand-in of Mimir's front: tenant, prefix, refusals, and that it passes the rest on without the prefix."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from fopslab.metrics.standin_mimir import BUSY, FAILING, Front, is_tenant


class Far(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, str, bytes, str | None]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.command, self.path, body, self.headers.get("X-Scope-OrgID")))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *values: object) -> None:
        pass


@pytest.fixture(scope="module")
def front() -> Iterator[Front]:
    far = ThreadingHTTPServer(("127.0.0.1", 0), Far)
    near = Front(far.server_address[1])
    servers: tuple[ThreadingHTTPServer, ...] = (far, near)
    for server in servers:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield near
    for server in servers:
        server.shutdown()
        server.server_close()


def ask(front: Front, path: str, tenant: str | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", int(front.server_address[1]), timeout=5)
    headers: dict[str, Any] = {"X-Scope-OrgID": tenant} if tenant is not None else {}
    try:
        connection.request("POST", path, b"query=up", headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_standin_mimir_passes_on_what_has_tenant_and_prefix(front: Front) -> None:
    Far.seen.clear()
    assert ask(front, "/prometheus/api/v1/query", "a|b") == (200, b"{}")
    assert Far.seen == [("POST", "/api/v1/query", b"query=up", None)]


def test_standin_mimir_refuses_the_rest(front: Front) -> None:
    Far.seen.clear()
    assert ask(front, "/prometheus/api/v1/query") == (401, b"no org id\n")
    assert ask(front, "/api/v1/query", "a")[0] == 404
    assert ask(front, "/prometheus/", "a")[0] == 404
    assert ask(front, "/prometheus/api/v1/query", "a b")[0] == 422
    status, body = ask(front, "/prometheus/api/v1/query", BUSY)
    assert (status, json.loads(body)["errorType"]) == (429, "too_many_requests")
    assert ask(front, "/prometheus/api/v1/query", FAILING)[0] == 500
    assert ask(front, "/ready") == (200, b"ready\n")
    assert Far.seen == []


def test_standin_mimir_knows_what_a_tenant_is() -> None:
    assert all(is_tenant(name) for name in ("a", "A-z_0.9*'()!", "a" * 150))
    assert not any(is_tenant(name) for name in ("", ".", "..", "__mimir_cluster", "a b", "a/b", "a" * 151))
