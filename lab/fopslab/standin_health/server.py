"""One listener a product: each answers as its contract and its state say, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections import deque
from typing import Any

from fopslab.standin_health.broker import Broker
from fopslab.standin_health.contracts import PRODUCTS
from fopslab.standin_health.forms import Answer, Product, data, page, text
from fopslab.standin_health.keys import Secrets, is_authorised
from fopslab.standin_health.session import Sessions
from fopslab.standin_health.wire import LARGEST_HEAD, Request, answer_bytes, read_request

BACKLOG = 1024
MOST_REQUESTS = 200
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="gateway"'}
BROKEN = data({"message": "nothing that a contract knows"})
SHOWN_HEADERS = ("accept", "user-agent", "content-type", "mcp-protocol-version", "accept-encoding")


class Place:
    """A product's listener. Its port stays taken while the product is down."""

    def __init__(self, product: Product, secrets: Secrets, sign_in: str, context: ssl.SSLContext | None) -> None:
        self.product = product
        self.secrets = secrets
        self.sign_in = sign_in
        self.context = context
        self.state = "healthy"
        self.requests: deque[dict[str, Any]] = deque(maxlen=MOST_REQUESTS)
        self.sessions = Sessions()
        self.broker = Broker()
        self.writers: set[asyncio.StreamWriter] = set()
        self._keeper = bound(0)
        self.port: int = self._keeper.getsockname()[1]
        self._server: asyncio.Server | None = None

    async def become(self, state: str) -> None:
        self.state = state
        if state == "down":
            await self._close()
        elif self._server is None:
            self._server = await asyncio.start_server(
                self._serve, sock=bound(self.port), ssl=self.context, limit=LARGEST_HEAD, backlog=BACKLOG)  # fmt: skip

    def forget(self) -> None:
        """Nothing was asked yet."""
        self.requests.clear()
        self.sessions = Sessions()
        self.broker = Broker()

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self.writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.add(writer)
        with contextlib.suppress(OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            if self.product.protocol == "kafka":
                await self._serve_broker(reader, writer)
            else:
                while True:
                    request = await read_request(reader, writer)
                    answer = self.answer(request)
                    self._remember(request, answer)
                    writer.write(answer_bytes(answer, request.method == "HEAD"))
                    await writer.drain()
        self.writers.discard(writer)
        writer.close()

    async def _serve_broker(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.state in ("healthy", "unready"):
            await self.broker.serve(reader, writer, self.state == "healthy")
        elif self.state != "process-only":
            await reader.read(LARGEST_HEAD)
            writer.write(answer_bytes(self._everywhere() or BROKEN))

    def _remember(self, request: Request, answer: Answer) -> None:
        credentials = [name for name in ("authorization", "apikey", "x-api-key", "cookie") if name in request.headers]
        self.requests.append({
            "method": request.method, "target": request.target, "status": answer.status, "credentials": credentials,
            "headers": {name: request.headers[name] for name in SHOWN_HEADERS if name in request.headers},
        })  # fmt: skip

    def _everywhere(self) -> Answer | None:
        """What every request gets in a state in which something else than the product answers."""
        match self.state:
            case "unauthorised":
                return Answer(401, b"Unauthorized\n", "text/plain", CHALLENGE)
            case "sign-in":
                return Answer(302, b"", "text/html", {"Location": self.sign_in})
            case "page":
                return page()
            case "broken":
                return BROKEN
        return None

    def answer(self, request: Request) -> Answer:
        return self._everywhere() or self._answer_as_product(request)

    def _answer_as_product(self, request: Request) -> Answer:
        if self.product.protocol == "mcp":
            if self.state == "process-only":
                return text("Not Found", 404)
            return self.sessions.answer(request, self.state == "healthy")
        rows = [route for route in self.product.routes if route.path == request.path]
        if self.state == "process-only":
            rows = [route for route in rows if route.unready is None]
        if not rows:
            return self.product.fallback
        if not any(request.method in route.methods for route in rows):
            return Answer(405, headers={"Allow": ", ".join(rows[0].methods)})
        for route in rows:
            if dict(route.query) != request.query or request.method not in route.methods:
                continue
            if not is_authorised(route.key, request, self.secrets):
                return self.product.refusal
            return route.unready if self.state == "unready" and route.unready else route.healthy
        return text("standin: no contract has this query\n", 400)


def bound(port: int) -> socket.socket:
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.bind(("127.0.0.1", port))
    found.setblocking(False)
    return found


def make_places(secrets: Secrets, sign_in: str, context: ssl.SSLContext) -> dict[str, Place]:
    return {row.name: Place(row, secrets, sign_in, context if row.tls else None) for row in PRODUCTS}
