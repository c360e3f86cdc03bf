"""A Kafka broker that knows ApiVersions (key 18, versions 0 to 3) and takes no frame that is not exactly right."""

from __future__ import annotations

import asyncio
import contextlib
import re
import struct

API_VERSIONS = 18
UNSUPPORTED_VERSION = 35
INVALID_REQUEST = 42
BROKER_NOT_AVAILABLE = 8
LARGEST_FRAME = 64 * 1024
SOFTWARE = re.compile(rb"[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?")
# Produce, Fetch, Metadata, ApiVersions: key, oldest and newest version.
KNOWN = ((0, 3, 11), (1, 4, 17), (3, 0, 12))


class BadFrameError(Exception):
    """Not a request that a broker would answer."""


class Frame:
    """A request's bytes, read from the front."""

    def __init__(self, content: bytes) -> None:
        self.rest = content

    def take(self, count: int) -> bytes:
        if count < 0 or len(self.rest) < count:
            raise BadFrameError("the frame is too short")
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def number(self, form: str) -> int:
        found: int = struct.unpack(f">{form}", self.take(struct.calcsize(f">{form}")))[0]
        return found

    def varint(self) -> int:
        value = 0
        for place in range(5):
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:
                return value
        raise BadFrameError("a varint does not end")

    def tags(self) -> None:
        for _ in range(self.varint()):
            self.varint()
            self.take(self.varint())


def versions_answer(correlation: int, version: int, error: int, newest: int) -> bytes:
    rows = (*KNOWN, (API_VERSIONS, 0, newest))
    body = struct.pack(">ih", correlation, error)
    if version >= 3:
        body += bytes([len(rows) + 1]) + b"".join(struct.pack(">hhhB", *row, 0) for row in rows)
    else:
        body += struct.pack(">i", len(rows)) + b"".join(struct.pack(">hhh", *row) for row in rows)
    if version >= 1:
        body += struct.pack(">i", 0)
    if version >= 3:
        body += b"\0"
    return struct.pack(">i", len(body)) + body


def answer_frame(content: bytes, newest: int, ready: bool) -> bytes:
    """raises BadFrameError: a broker closes the connection."""
    frame = Frame(content)
    key, version, correlation = frame.number("h"), frame.number("h"), frame.number("i")
    if key != API_VERSIONS:
        raise BadFrameError(f"key {key} before ApiVersions")
    if not 0 <= version <= newest:
        return versions_answer(correlation, 0, UNSUPPORTED_VERSION, newest)
    length = frame.number("h")
    if length < -1:
        raise BadFrameError("the client's id has a negative length")
    frame.take(max(length, 0)).decode()
    error = 0 if ready else BROKER_NOT_AVAILABLE
    if version >= 3:
        frame.tags()
        names = [frame.take(frame.varint() - 1) for _ in range(2)]
        frame.tags()
        if not all(SOFTWARE.fullmatch(name) for name in names):
            error = INVALID_REQUEST
    if frame.rest:
        raise BadFrameError(f"{len(frame.rest)} bytes too many")
    return versions_answer(correlation, version, error, newest)


class Broker:
    """asked counts right requests, refused wrong ones; why is what was wrong with the last of these."""

    def __init__(self) -> None:
        self.newest = 3
        self.asked = 0
        self.refused = 0
        self.why = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ready: bool) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                size = struct.unpack(">i", await reader.readexactly(4))[0]
                try:
                    if not 8 <= size <= LARGEST_FRAME:
                        raise BadFrameError(f"a frame of {size} bytes")
                    answer = answer_frame(await reader.readexactly(size), self.newest, ready)
                except (BadFrameError, UnicodeDecodeError) as error:
                    self.refused += 1
                    self.why = str(error)
                    return
                self.asked += 1
                writer.write(answer)
                await writer.drain()
