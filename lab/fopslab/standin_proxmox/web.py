"""HTTP as the Proxmox VE daemon speaks it: messages in the reason phrase, odd status codes, 5 s of keep-alive."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from fopslab.standin_proxmox.model import Cluster
from fopslab.standin_proxmox.refusal import PROXY_REASONS, Refusal

LARGEST_HEAD = 64 * 1024
LARGEST_BODY = 512 * 1024
KEEP_ALIVE_SECONDS = 5.0
ROOT = "/api2/json"
BANNER = "pve-api-daemon/3.0 (standin of the fops lab)"
KEY = b"PVEAPIToken="


@dataclass
class Call:
    """One request whose token is known. Parameters are texts, or lists of texts where a key came several times."""

    method: str
    path: str
    parameters: dict[str, Any]
    token: str
    privileges: tuple[str, ...]


Handler = Callable[[Call], Awaitable[Any]]


def gather(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            before = found[key]
            found[key] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            found[key] = value
    return found


def read_parameters(method: str, query: str, fields: dict[str, str], body: bytes) -> dict[str, Any]:
    found = gather(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    if method not in ("POST", "PUT") or not body:
        return found
    kind = fields.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return {**found, **gather(parse_qsl(body.decode(), keep_blank_values=True))}
    if kind != "application/json":
        raise Refusal(506, f"upload 'Content-Type '{fields.get('content-type', '')}' not implemented")
    try:
        given = json.loads(body)
    except ValueError as error:
        raise Refusal(400, f"malformed JSON: {error}") from error
    if not isinstance(given, dict):
        raise Refusal(400, "JSON root is no object")
    return {**found, **given}


class Web:
    """One listener's connections."""

    def __init__(self, cluster: Cluster, handler: Handler) -> None:
        self.cluster = cluster
        self.handler = handler

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            while await self._exchange(reader, writer):
                pass
        writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; whether the connection stays."""
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), KEEP_ALIVE_SECONDS)
        lines = head[:-4].decode("latin-1").split("\r\n")
        words = lines[0].split(" ")
        fields = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in lines[1:])}
        stays = fields.get("connection", "").lower() != "close" and words[-1] == "HTTP/1.1"
        try:
            if len(words) != 3 or words[2] not in ("HTTP/1.0", "HTTP/1.1"):
                raise Refusal(400, "bad request")
            if words[0] not in ("GET", "HEAD", "POST", "PUT", "DELETE"):
                raise Refusal(501, f"method '{words[0]}' not available")
            length = fields.get("content-length", "0")
            if "transfer-encoding" in fields or not length.isdigit():
                raise Refusal(411, "Content-Length is needed")
            if int(length) > LARGEST_BODY:
                raise Refusal(501, "for data too large")
        except Refusal as refusal:
            await self._refuse(writer, refusal, False)
            return False
        if fields.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await reader.readexactly(int(length))
        try:
            data = await self._answer(words[0], words[1], fields, body)
        except Refusal as refusal:
            if refusal.status == 401:
                await asyncio.sleep(self.cluster.faults.unauthorized_ms / 1000)
            await self._refuse(writer, refusal, stays)
            return stays
        if data is LOST:
            writer.transport.abort()
            return False
        await send(writer, 200, "OK", data, stays, "gzip" in fields.get("accept-encoding", ""), words[0] == "HEAD")
        return stays

    async def _refuse(self, writer: asyncio.StreamWriter, refusal: Refusal, stays: bool) -> None:
        answer: dict[str, Any] | None = {"data": None}
        assert answer is not None
        # A guest's words come as bytes, each one a character.
        text = refusal.message.encode().decode("latin-1")
        if not self.cluster.faults.no_message:
            answer["message"] = f"{text}\n"
        if refusal.errors:
            answer["errors"] = refusal.errors
        if refusal.status in PROXY_REASONS:
            answer = None
        await send(writer, refusal.status, text, answer, stays)

    def _authenticate(self, fields: dict[str, str]) -> tuple[str, tuple[str, ...]]:
        given = fields.get("authorization", "").encode("latin-1")
        if not given.startswith(KEY):
            raise Refusal(401, "No ticket")
        name, equals, secret = given.removeprefix(KEY).decode("latin-1").partition("=")
        user, mark, token = name.partition("!")
        if not equals or not mark or "@" not in user or not token:
            raise Refusal(401, "No ticket")
        if name not in self.cluster.tokens:
            raise Refusal(401, f"no such token '{token}' for user '{user}'")
        wanted, privileges = self.cluster.tokens[name]
        if secret != wanted:
            raise Refusal(401, "invalid token value!")
        return name, privileges

    async def _answer(self, method: str, target: str, fields: dict[str, str], body: bytes) -> Any:
        place = urlsplit(target)
        if not place.path.startswith(f"{ROOT}/"):
            raise Refusal(404, f"no such file '{unquote(place.path)}'")
        name, privileges = self._authenticate(fields)
        path = unquote(place.path.removeprefix(ROOT))
        try:
            parameters = read_parameters(method, place.query, fields, body)
        except UnicodeDecodeError as error:
            raise Refusal(400, "parameters are no UTF-8") from error
        except ValueError as error:
            raise Refusal(400, "bad query") from error
        faults, calls = self.cluster.faults, self.cluster.calls
        key = f"{method} {path}"
        calls[key] = calls.get(key, 0) + 1
        if faults.proxy_count > 0 and path.startswith("/nodes/"):
            faults.proxy_count -= 1
            raise Refusal(faults.proxy_code, PROXY_REASONS[faults.proxy_code])
        return await self.handler(Call(method, path, parameters, name, privileges))


LOST = object()


async def send(
    writer: asyncio.StreamWriter, status: int, reason: str, answer: Any, stays: bool, zipped: bool = False,
    head_only: bool = False,
) -> None:  # fmt: skip
    """Writes one answer. A reason is one line; None has no body."""
    body = b"" if answer is None else json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
    lines = [
        f"HTTP/1.1 {status} {' '.join(reason.split())}", "Cache-Control: max-age=0",
        f"Connection: {'Keep-Alive' if stays else 'close'}", f"Date: {formatdate(usegmt=True)}", "Pragma: no-cache",
        f"Server: {BANNER}",
    ]  # fmt: skip
    if zipped and len(body) > 1024:
        body = gzip.compress(body, 1)
        lines.append("Content-Encoding: gzip")
    if body:
        lines.append("Content-Type: application/json;charset=UTF-8")
    lines.append(f"Content-Length: {len(body)}")
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
    if not head_only:
        writer.write(body)
    await writer.drain()
