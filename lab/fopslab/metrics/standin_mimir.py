"""Stand-in of Mimir's front: demands the tenant and the prefix, and lets the real Prometheus behind it answer.

It is written from Mimir's documentation and is no part of it. What it cannot show: real tenants (all of them see the same
metrics), limits, and Mimir's own answers beyond the refusals below.
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PREFIX = "/prometheus"
# Tenants whose requests are refused, to see how a client takes it.
BUSY = "busy"
FAILING = "failing"
TENANT = re.compile(r"[A-Za-z0-9!_.*'()-]{1,150}")
FORBIDDEN = (".", "..", "__mimir_cluster")
PATIENCE_SECONDS = 30.0


def is_tenant(name: str) -> bool:
    return bool(TENANT.fullmatch(name)) and name not in FORBIDDEN


class Front(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, target: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.target = target


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Front

    def answer(self, status: int, body: bytes, kind: str = "text/plain; charset=utf-8", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status: int, kind: str, reason: str, **headers: str) -> None:
        body = {"status": "error", "errorType": kind, "error": reason}
        self.answer(status, json.dumps(body).encode(), "application/json", **headers)

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path == "/ready":
            self.answer(200, b"ready\n")
        elif not self.path.startswith(f"{PREFIX}/api/"):
            self.answer(404, b"404 page not found\n")
        elif "X-Scope-OrgID" not in self.headers:
            self.answer(401, b"no org id\n")
        else:
            self.serve_tenants(self.headers.get_all("X-Scope-OrgID", []), body)

    do_GET = do_POST = handle_any

    def serve_tenants(self, values: list[str], body: bytes) -> None:
        tenants = values[0].split("|")
        if len(values) > 1 or not all(is_tenant(name) for name in tenants):
            self.answer(422, b"tenant ID is not valid\n")
        elif BUSY in tenants:
            self.refuse(429, "too_many_requests", "the request rate of this tenant is limited", Retry_After="1")
        elif FAILING in tenants:
            self.answer(500, b"<html>a proxy's page</html>\n", "text/html")
        else:
            self.pass_on(body)

    def pass_on(self, body: bytes) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.target, timeout=PATIENCE_SECONDS)
        try:
            headers = {"Content-Type": self.headers.get("Content-Type", "application/octet-stream")}
            connection.request(self.command, self.path.removeprefix(PREFIX), body, headers)
            far = connection.getresponse()
            self.answer(far.status, far.read(), far.headers.get("Content-Type", "application/json"))
        except (OSError, http.client.HTTPException):
            self.answer(502, b"bad gateway\n")
        finally:
            connection.close()

    def log_message(self, format: str, *values: object) -> None:
        """Nothing: its log is what it says at the start."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="fopslab.metrics.standin_mimir", description=__doc__)
    parser.add_argument("--to", type=int, required=True, metavar="PORT", help="the port of Prometheus")
    parser.add_argument("--report", type=Path, required=True, metavar="FILE", help="write the port there as JSON")
    arguments = parser.parse_args()
    front = Front(arguments.to)
    print(f"standin: Mimir's front on 127.0.0.1:{front.server_address[1]}, no part of Mimir", flush=True)
    partial = arguments.report.with_suffix(".partial")
    partial.write_text(json.dumps({"port": front.server_address[1]}))
    partial.replace(arguments.report)
    front.serve_forever()


if __name__ == "__main__":
    main()
