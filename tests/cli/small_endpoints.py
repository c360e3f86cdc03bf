"""Endpoints on loopback whose answers a test changes while the program looks at them."""

from __future__ import annotations

import ipaddress
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HEALTH = {"path": "/health", "expect": {"pointer": "/status", "value": "ok"}, "versionFrom": "/version"}


class Handler(BaseHTTPRequestHandler):
    """Answers what its server holds at the moment, and counts."""

    protocol_version = "HTTP/1.1"
    server: Any

    def log_message(self, format: str, *args: object) -> None:
        pass

    def version_string(self) -> str:
        return "tests"

    def date_time_string(self, timestamp: float | None = None) -> str:
        moment = datetime.now(UTC) + timedelta(seconds=self.server.skew_seconds)
        return moment.strftime("%a, %d %b %Y %H:%M:%S GMT")

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        self.server.asked.set()
        if not self.server.answers.wait(60):
            return
        body = json.dumps(self.server.document).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """status, document and skew_seconds may change at any time; while answers is cleared nobody gets one."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = 200
        self.document: Any = {"status": "ok", "version": "1.2.3"}
        self.skew_seconds = 0
        self.paths: list[str] = []
        self.asked = threading.Event()
        self.answers = threading.Event()
        self.answers.set()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves early is no news."""


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server()
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.answers.set()
        server.shutdown()
        server.server_close()
        thread.join()


def endpoint(name: str, url: str | None, **spec: Any) -> dict[str, Any]:
    described: dict[str, Any] = {"id": name, "plane": "tests", "auth": {"mode": "none"}, "health": HEALTH, **spec}
    if url is not None:
        described["executorUrl"] = url
    return {"apiVersion": "fractalops/v1", "kind": "Endpoint", "spec": described}


def write(folder: Path, *documents: dict[str, Any]) -> Path:
    path = folder / "topology.json"
    path.write_text(json.dumps(list(documents)))
    return path


def certificate(folder: Path, days: int, hours: int = 1) -> tuple[ssl.SSLContext, str]:
    """A server's context whose own certificate for 127.0.0.1 ends in so many days and hours, and that certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days, hours=hours))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM).decode()
    both = folder / "server.pem"
    both.write_text(
        pem
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context, pem
