"""An HTTP server on loopback that answers what its path asks for, and the topology that leads to it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TOPOLOGY = """\
apiVersion: fractalops/v1
kind: RuntimeAsset
spec:
  assetId: answering-01
  role: answering
  kind: lxc
  executorRef: answering
  lxc: {{driver: local, container: fops-test-answering}}
---
apiVersion: fractalops/v1
kind: Endpoint
spec:
  id: answering
  plane: tests
  auth: {{mode: none}}
  executorUrl: http://127.0.0.1:{port}
---
apiVersion: fractalops/v1
kind: Endpoint
spec:
  id: metrics
  plane: prometheus
  auth: {{mode: none}}
  executorUrl: http://127.0.0.1:{port}
"""
# What a server of metrics answers that means no good.
SERIES = {
    "status": "success",
    "data": {
        "resultType": "vector",
        "result": [
            {"metric": {"__name__": "\x1b]0;owned\x07", "job": "a\tb\nc", "\x9b31m": "\u202etxt"}, "value": [1, "1.5"]},
            {"metric": {"__name__": "up", "job": "it's a \"job\" \\"}, "value": [1700000000.5, "NaN"]},
        ],
    },
    "warnings": ["\x1b[31mslow"],
}


class Handler(BaseHTTPRequestHandler):
    """/status/N answers so, /garbage with what is no HTTP, /away leads to another origin, /wait never answers."""

    protocol_version = "HTTP/1.1"
    server: Any

    def log_message(self, format: str, *args: object) -> None:
        pass

    def answer(self, status: int, body: bytes = b"{}", headers: tuple[tuple[str, str], ...] = ()) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self) -> None:
        if self.path.startswith("/status/"):
            self.answer(int(self.path.removeprefix("/status/")))
        elif self.path == "/garbage":
            self.wfile.write(b"this is no answer\n\n")
            self.close_connection = True
        elif self.path == "/away":
            self.answer(302, headers=(("Location", "http://127.0.0.2:9/"),))
        elif self.path == "/hostile":
            self.answer(200, b'"\x1b]0;owned\x07 \xc2\x9b31m \xe2\x80\xaetxt\r"', (("X-Odd", "\x9b31m"),))
        elif self.path == "/wait":
            self.server.asked.set()
            self.server.released.wait()
            self.close_connection = True
        elif self.path.startswith("/api/v1/query"):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(200, json.dumps(SERIES).encode(), (("Content-Type", "application/json"),))
        else:
            self.answer(200, b'{"status": "ok"}', (("Content-Type", "application/json"),))

    do_POST = do_GET  # noqa: N815


class Server(ThreadingHTTPServer):
    """asked is set when somebody waits at /wait; released lets them go."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = threading.Event()
        self.released = threading.Event()


@contextmanager
def serving(folder: Path) -> Iterator[tuple[Server, Path]]:
    """A running server and the topology file that names it as an executor."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    path = folder / "answering.yaml"
    path.write_text(TOPOLOGY.format(port=server.server_address[1]))
    try:
        yield server, path
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
