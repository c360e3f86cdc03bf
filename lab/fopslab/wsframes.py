"""Frames of the WebSocket protocol (RFC 6455, section 5): reading and building them, right and wrong ones."""

from __future__ import annotations

import asyncio
import os
import struct
from dataclasses import dataclass, replace

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
LARGEST_FRAME = 64 * 1024 * 1024


@dataclass(frozen=True)
class Frame:
    """One frame with its payload in the clear. announced: a length that is written instead of the true one."""

    opcode: int
    payload: bytes = b""
    fin: bool = True
    reserved: int = 0
    masked: bool = False
    announced: int | None = None

    @property
    def is_control(self) -> bool:
        return self.opcode >= CLOSE

    @property
    def channel(self) -> int | None:
        """The channel of Kubernetes' protocol: the first byte of a message."""
        return self.payload[0] if self.opcode in (TEXT, BINARY) and self.payload else None

    @property
    def close_code(self) -> int | None:
        return struct.unpack("!H", self.payload[:2])[0] if self.opcode == CLOSE and len(self.payload) >= 2 else None

    def build(self) -> bytes:
        first = (0x80 if self.fin else 0) | self.reserved << 4 | self.opcode
        length = len(self.payload) if self.announced is None else self.announced
        mask_bit = 0x80 if self.masked else 0
        if length < 126:
            head = struct.pack("!BB", first, mask_bit | length)
        elif length < 65536:
            head = struct.pack("!BBH", first, mask_bit | 126, length)
        else:
            head = struct.pack("!BBQ", first, mask_bit | 127, length)
        if not self.masked:
            return head + self.payload
        key = os.urandom(4)
        return head + key + apply_mask(key, self.payload)


def apply_mask(key: bytes, data: bytes) -> bytes:
    if not data:
        return data
    full = (key * (len(data) // 4 + 1))[: len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(full, "big")).to_bytes(len(data), "big")


def close_frame(code: int, reason: str = "") -> Frame:
    return Frame(CLOSE, struct.pack("!H", code) + reason.encode())


def split(frame: Frame, size: int) -> list[Frame]:
    """The message in fragments of at most size bytes."""
    pieces = [frame.payload[i : i + size] for i in range(0, len(frame.payload), size)] or [b""]
    last = len(pieces) - 1
    return [
        replace(frame, opcode=frame.opcode if i == 0 else CONTINUATION, payload=piece, fin=i == last)
        for i, piece in enumerate(pieces)
    ]


async def read_frame(reader: asyncio.StreamReader) -> Frame | None:
    """The next frame; None when the stream ends, at or inside a frame."""
    try:
        first, second = await reader.readexactly(2)
        length = second & 0x7F
        if length == 126:
            length = struct.unpack("!H", await reader.readexactly(2))[0]
        elif length == 127:
            length = struct.unpack("!Q", await reader.readexactly(8))[0]
        if length > LARGEST_FRAME:
            return None
        masked = bool(second & 0x80)
        key = await reader.readexactly(4) if masked else b""
        payload = await reader.readexactly(length)
    except asyncio.IncompleteReadError:
        return None
    payload = apply_mask(key, payload) if masked else payload
    return Frame(first & 0x0F, payload, bool(first & 0x80), first >> 4 & 7, masked)
