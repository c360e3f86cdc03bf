"""An HTTP proxy on loopback that knows CONNECT alone and counts what it was asked for.

Control port, one line each, answers in JSON: `mode pass`, `mode refuse` (403), `mode auth` (407 without the user `lab`
and the password `secret`), `status`.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
from pathlib import Path

from fopslab.faultproxy import CHUNK

MODES = ("pass", "refuse", "auth")
ALLOWED_HOSTS = ("127.0.0.1", "localhost")
AUTHORIZATION = f"Basic {base64.b64encode(b'lab:secret').decode()}"


class ConnectProxy:
    """The proxy as a library: start(), `port` and `control` are known then; stop()."""

    def __init__(self) -> None:
        self.mode = "pass"
        self.asked: list[str] = []
        self.port = 0
        self.control = 0
        self._servers: list[asyncio.Server] = []

    async def start(self) -> None:
        self._servers = [
            await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=CHUNK, backlog=1024),
            await asyncio.start_server(self._serve_control, "127.0.0.1", 0),
        ]
        self.port, self.control = (server.sockets[0].getsockname()[1] for server in self._servers)

    async def stop(self) -> None:
        for server in self._servers:
            server.close()

    def _verdict(self, head: str) -> tuple[str, str, int]:
        """The status to answer with, and where to go."""
        lines = head.split("\r\n")
        method, target = (lines[0].split(" ") + [""])[:2]
        fields = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in lines[1:])}
        self.asked.append(f"{method} {target}")
        host, _, port = target.rpartition(":")
        if method != "CONNECT":
            return "405 Method Not Allowed", "", 0
        if self.mode == "refuse" or host not in ALLOWED_HOSTS or not port.isdigit():
            return "403 Forbidden", "", 0
        if self.mode == "auth" and fields.get("proxy-authorization") != AUTHORIZATION:
            return "407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=lab", "", 0
        return "200 Connection established", host, int(port)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            status, host, port = self._verdict((await reader.readuntil(b"\r\n\r\n")).decode("latin-1"))
            if not host:
                writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
                await writer.drain()
                writer.close()
                return
            try:
                far_reader, far_writer = await asyncio.open_connection(host, port, limit=CHUNK)
            except OSError:
                writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                await writer.drain()
                writer.close()
                return
            writer.write(f"HTTP/1.1 {status}\r\n\r\n".encode())
            await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))
        writer.close()

    async def _serve_control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError):
            while line := await reader.readline():
                writer.write(f"{json.dumps(self._obey(line.decode(errors='replace').strip()))}\n".encode())
                await writer.drain()
        writer.close()

    def _obey(self, line: str) -> dict[str, object]:
        command, _, argument = line.partition(" ")
        if command == "mode" and argument in MODES:
            self.mode = argument
        elif line != "status":
            return {"error": f"unknown command {line!r}: use status, or mode with one of {', '.join(MODES)}"}
        return {"mode": self.mode, "count": len(self.asked), "last": self.asked[-1:]}


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


async def serve(report: Path) -> None:
    proxy = ConnectProxy()
    await proxy.start()
    partial = report.with_suffix(".partial")
    partial.write_text(json.dumps({"port": proxy.port, "control": proxy.control}))
    partial.replace(report)
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="fopslab.connectproxy", description=__doc__)
    parser.add_argument("--report", type=Path, required=True, metavar="FILE", help="write the ports there as JSON")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args().report))


if __name__ == "__main__":
    main()
