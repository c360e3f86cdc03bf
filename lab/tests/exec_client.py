"""A small client of the exec protocol for tests of the lab: it shows what arrives, frame by frame."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fopslab.kube.certificates import SERVER_NAME
from fopslab.wsframes import BINARY, CLOSE, CONTINUATION, PING, PONG, Frame, read_frame
from fopslab.wsproxy import Head, read_head

ACCEPT_SUFFIX = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PATIENCE_SECONDS = 20.0


@dataclass
class Heard:
    """What came until the end. end: how the link ended."""

    head: Head
    accepted: bool = False
    frames: list[Frame] = field(default_factory=list)
    end: str = ""

    @property
    def status(self) -> int:
        return int(self.head.words[1])

    def channel(self, number: int) -> bytes:
        """All of one channel; a fragment belongs to the message before it."""
        found, current = b"", -1
        for frame in self.frames:
            if frame.opcode == BINARY:
                current = frame.payload[0] if frame.payload else -1
                found += frame.payload[1:] if current == number else b""
            elif frame.opcode == CONTINUATION and current == number:
                found += frame.payload
        return found

    @property
    def result(self) -> dict[str, Any]:
        """The Status at the end; empty when there was none."""
        text = self.channel(3)
        return json.loads(text) if text else {}

    @property
    def code(self) -> int | None:
        """The exit code that it tells."""
        if self.result.get("status") == "Success":
            return 0
        causes = self.result.get("details", {}).get("causes", [])
        return next((int(each["message"]) for each in causes if each.get("reason") == "ExitCode"), None)

    @property
    def close_code(self) -> int | None:
        return next((frame.close_code for frame in self.frames if frame.opcode == CLOSE), None)


async def execute(
    facts: dict[str, Any], pod: str, *words: str, port: int | None = None, stdin: bytes | None = None,
    protocols: str = "v5.channel.k8s.io", token: str = "fops", container: str = "", namespace: str = "boards",
) -> Heard:  # fmt: skip
    """Runs one command and collects everything. stdin is sent and then closed, which only version 5 can say."""
    query = [*(("command", word) for word in words), ("stdout", "1"), ("stderr", "1")]
    query += [("stdin", "1")] if stdin is not None else []
    query += [("container", container)] if container else []
    context = ssl.create_default_context(cafile=facts["ca"])
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port or facts["port"], ssl=context, server_hostname=SERVER_NAME
    )
    key = base64.b64encode(os.urandom(16)).decode()
    fields = {
        "Host": "kubernetes.lab", "Authorization": f"Bearer {Path(facts['tokens'][token]).read_text()}",
        "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Protocol": protocols,
    }  # fmt: skip
    line = f"GET /api/v1/namespaces/{namespace}/pods/{pod}/exec?{urlencode(query)} HTTP/1.1"
    writer.write(Head(line, tuple(fields.items())).build())
    try:
        return await asyncio.wait_for(collect(reader, writer, key, stdin), PATIENCE_SECONDS)
    finally:
        writer.close()


async def collect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: str, stdin: bytes | None) -> Heard:
    head = await read_head(reader)
    assert head is not None, "no answer"
    expected = base64.b64encode(hashlib.sha1(key.encode() + ACCEPT_SUFFIX).digest()).decode()
    heard = Heard(head, head.get("Sec-WebSocket-Accept") == expected)
    if heard.status != 101:
        return heard
    feeding = asyncio.create_task(feed(writer, stdin))
    try:
        while frame := await read_frame(reader):
            heard.frames.append(frame)
            if frame.opcode == PING:
                writer.write(Frame(PONG, frame.payload, masked=True).build())
        heard.end = "end"
    except OSError as error:
        heard.end = type(error).__name__
    feeding.cancel()
    return heard


async def feed(writer: asyncio.StreamWriter, stdin: bytes | None) -> None:
    for i in range(0, len(stdin or b""), 32768):
        writer.write(Frame(BINARY, b"\0" + (stdin or b"")[i : i + 32768], masked=True).build())
        await writer.drain()
    if stdin is not None:
        writer.write(Frame(BINARY, b"\xff\0", masked=True).build())
