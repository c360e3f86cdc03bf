"""Stand-in for a server that lets people in by token: a door in front of the lab's LXD, which knows certificates alone.

Every request needs `Authorization: Bearer TOKEN`; without it the door answers as the server does, in its envelope. With
it the request goes on, without that header, over a connection that shows the client's certificate.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hmac
import json
import ssl
from pathlib import Path

from fopslab.connectproxy import copy
from fopslab.faultproxy import CHUNK

LARGEST_HEAD = 64 * 1024


def refusal(code: int, reason: str, message: str) -> bytes:
    body = json.dumps({"type": "error", "error": message, "error_code": code, "metadata": None}).encode() + b"\n"
    head = f"HTTP/1.1 {code} {reason}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode() + body


class TokenGate:
    """The door: start(), `port` is known then; stop()."""

    def __init__(self, target: int, folder: Path, token: str) -> None:
        self.target = target
        self.expected = f"Bearer {token}".encode()
        self.inner = ssl.create_default_context(cafile=str(folder / "ca.pem"))
        self.inner.load_cert_chain(folder / "client.pem", folder / "client.key")
        self.outer = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.outer.load_cert_chain(folder / "server.pem", folder / "server.key")
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.outer, limit=LARGEST_HEAD)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_writer = None
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target, ssl=self.inner)
            answers = asyncio.create_task(copy(far_reader, writer))
            answers.add_done_callback(lambda _: writer.close())
            refused = await self._pass_requests(reader, far_writer)
            if refused:
                writer.write(refused)
                await writer.drain()
            else:
                await answers
        for each in (writer, far_writer):
            if each:
                each.close()

    async def _pass_requests(self, reader: asyncio.StreamReader, far: asyncio.StreamWriter) -> bytes:
        """Passes requests until one is refused (returns the answer) or becomes a WebSocket and ends (nothing)."""
        while True:
            lines = (await reader.readuntil(b"\r\n\r\n"))[:-4].split(b"\r\n")
            fields: dict[bytes, bytes] = {}
            kept = lines[:1]
            for line in lines[1:]:
                key, _, value = line.partition(b":")
                if key.lower() in fields and key.lower() in (b"authorization", b"content-length"):
                    return refusal(400, "Bad Request", "A header is there twice")
                fields[key.lower()] = value.strip()
                if key.lower() != b"authorization":
                    kept.append(line)
            if not hmac.compare_digest(fields.get(b"authorization", b""), self.expected):
                return refusal(403, "Forbidden", "not authorized")
            length = fields.get(b"content-length", b"0")
            if b"transfer-encoding" in fields or not length.isdigit():
                return refusal(411, "Length Required", "Content-Length is needed")
            far.write(b"\r\n".join(kept) + b"\r\n\r\n")
            await pass_bytes(reader, far, int(length))
            if fields.get(b"upgrade", b"").lower() == b"websocket":
                await copy(reader, far)
                far.close()
                return b""


async def pass_bytes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, count: int) -> None:
    while count > 0:
        data = await reader.read(min(count, CHUNK))
        if not data:
            raise asyncio.IncompleteReadError(b"", count)
        writer.write(data)
        await writer.drain()
        count -= len(data)


async def serve(arguments: argparse.Namespace) -> None:
    gate = TokenGate(arguments.to, arguments.folder, arguments.token_file.read_text())
    await gate.start()
    print(f"standin: a token gate of the lab on 127.0.0.1:{gate.port}, no part of Incus", flush=True)
    partial = arguments.report.with_suffix(".partial")
    partial.write_text(json.dumps({"port": gate.port}))
    partial.replace(arguments.report)
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="fopslab.standin_tokengate", description=__doc__)
    parser.add_argument("--to", type=int, required=True, metavar="PORT", help="the server's port")
    parser.add_argument("--folder", type=Path, required=True, help="ca.pem, server.pem, client.pem and their keys")
    parser.add_argument("--token-file", type=Path, required=True, metavar="FILE")
    parser.add_argument("--report", type=Path, required=True, metavar="FILE", help="write the port there as JSON")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
