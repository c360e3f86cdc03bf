"""Listeners below HTTP frameworks: broken answers, a recorder of other origins, the benchmark's listener."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, cast

HEAD_LIMIT = 256 * 1024
BODY_LIMIT = 64 * 1024 * 1024
MOST_RECORDS = 1000
ENDLESS_BYTES = 64 * 1024 * 1024
BENCH_DELAYS = {b"/bench100": 0.1, b"/health": 0.1, b"/bench50": 0.05}
BENCH_BODY = b'{"status":"ok"}'
BENCH_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(BENCH_BODY),
    BENCH_BODY,
)
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"

Writer = asyncio.StreamWriter


async def garbage(writer: Writer) -> None:
    writer.write(b"\x00\xff\x80 this is not HTTP\r\n\r\n" * 8)


async def empty(_writer: Writer) -> None:
    """Closes without a word."""


async def half_headers(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Le")


async def truncated(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 100)


async def bad_chunk(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n")


async def two_lengths(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello")


async def endless_headers(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    line = b"X-Lab: " + b"v" * 4096 + b"\r\n"
    for _ in range(ENDLESS_BYTES // len(line)):
        writer.write(line)
        await writer.drain()


async def reset(writer: Writer) -> None:
    raw = writer.get_extra_info("socket")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 100)
    await writer.drain()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


BAD_ANSWERS: dict[str, Callable[[Writer], Awaitable[None]]] = {
    "/garbage": garbage,
    "/empty": empty,
    "/half-headers": half_headers,
    "/truncated": truncated,
    "/bad-chunk": bad_chunk,
    "/two-lengths": two_lengths,
    "/endless-headers": endless_headers,
    "/reset": reset,
}


async def read_head(reader: asyncio.StreamReader) -> tuple[str, str, list[list[str]]]:
    """Method, target and headers of a request."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _version = head[0].split(" ", 2)
    headers = [[part.strip() for part in line.split(":", 1)] for line in head[1:] if ":" in line]
    return method, target, headers


async def serve_bad_answers(reader: asyncio.StreamReader, writer: Writer) -> None:
    """Answers wrongly, as the path says; /health is right, so that the listener can be used as an executor."""
    with contextlib.suppress(OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        _method, target, _headers = await read_head(reader)
        path = target.split("?", 1)[0]
        if path in BAD_ANSWERS:
            await BAD_ANSWERS[path](writer)
        else:
            answer = BENCH_ANSWER if path == "/health" else NOT_FOUND
            writer.write(answer.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
        await writer.drain()
    writer.close()


class Recorder:
    """Another origin: keeps what it is sent, so that tests can prove that no token followed a redirect to it."""

    def __init__(self) -> None:
        self.records: deque[dict[str, Any]] = deque(maxlen=MOST_RECORDS)

    async def serve(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        with contextlib.suppress(OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            method, target, headers = await read_head(reader)
            length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
            remaining = min(length, BODY_LIMIT)
            while remaining > 0 and (data := await reader.read(min(remaining, 65536))):
                remaining -= len(data)
            record: Any = {"method": method, "target": target, "headers": headers, "bodyLength": length}
            if target == "/records" and method == "GET":
                record = list(self.records)
            elif target == "/records" and method == "DELETE":
                self.records.clear()
                record = []
            else:
                self.records.append(record)
            body = json.dumps(record).encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
            writer.write(f"{head}\r\nConnection: close\r\n\r\n".encode() + body)
            await writer.drain()
        writer.close()


class BenchProtocol(asyncio.Protocol):
    """Answers every GET of /bench100 or /health after 100 ms, of /bench50 after 50, at almost no cost, so that a
    benchmark measures its client. Connections are kept alive."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not registered as asyncio.Transport, so this cannot be an isinstance check.
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.received += data
        while (end := self.received.find(b"\r\n\r\n")) >= 0:
            line = self.received[: self.received.index(b"\r\n")]
            self.received = self.received[end + 4 :]
            words = line.split(b" ")
            known = len(words) == 3 and words[0] == b"GET" and words[1] in BENCH_DELAYS
            delay = BENCH_DELAYS[words[1]] if known else 0.0
            asyncio.get_running_loop().call_later(delay, self.send, BENCH_ANSWER if known else NOT_FOUND)
        if len(self.received) > HEAD_LIMIT and self.transport:
            self.transport.abort()

    def send(self, answer: bytes) -> None:
        if self.transport and not self.transport.is_closing():
            self.transport.write(answer)

    def connection_lost(self, _error: Exception | None) -> None:
        self.transport = None
