"""HTTP/1.1 as small as the stand-ins need it: one request read strictly, one answer written."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

from fopslab.standin_health.forms import Answer

LARGEST_HEAD = 64 * 1024
LARGEST_BODY = 1024 * 1024


@dataclass(frozen=True)
class Request:
    """Header names are in lower case; one that came twice has both values, joined by a comma."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    certificate: str = ""

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True, strict_parsing=False))


def peer_name(writer: asyncio.StreamWriter) -> str:
    """The common name of the client's certificate, which the handshake has checked; empty without one."""
    certificate = writer.get_extra_info("peercert") or {}
    parts = [pair for part in certificate.get("subject", ()) for pair in part]
    return next((value for name, value in parts if name == "commonName"), "")


async def read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request:
    """Raises ValueError for what is no request."""
    head = (await reader.readuntil(b"\r\n\r\n"))[:-4].decode("latin-1").split("\r\n")
    method, target, version = head[0].split(" ")
    if version != "HTTP/1.1":
        raise ValueError(version)
    headers: dict[str, str] = {}
    for line in head[1:]:
        name, colon, value = line.partition(":")
        if not colon or not name or " " in name or "\t" in name:
            raise ValueError(line)
        name = name.lower()
        headers[name] = f"{headers[name]}, {value.strip()}" if name in headers else value.strip()
    length = int(headers.get("content-length", "0"))
    if not 0 <= length <= LARGEST_BODY or "transfer-encoding" in headers or "host" not in headers:
        raise ValueError("framing")
    return Request(method, target, headers, await reader.readexactly(length), peer_name(writer))


def answer_bytes(answer: Answer, head_only: bool = False) -> bytes:
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = [f"HTTP/1.1 {answer.status} {phrase}", f"Content-Length: {len(answer.body)}"]
    if answer.media:
        lines.append(f"Content-Type: {answer.media}")
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (b"" if head_only else answer.body)
