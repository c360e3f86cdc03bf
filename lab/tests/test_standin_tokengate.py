"""The stand-in token gate: only the token opens it, for every request of a connection, and it takes the token away."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from fopslab.neighbours.incus import make_certificates
from fopslab.standin_tokengate import TokenGate

TOKEN = "right"
PATIENCE_SECONDS = 10.0


class Scene:
    """A gate before a server that wants a certificate and echoes the heads of requests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.heads: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                self.heads.append(head)
                if "upgrade" in head.lower():
                    writer.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + await reader.readexactly(4))
                else:
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        writer.close()

    async def connect(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        context = ssl.create_default_context(cafile=str(self.folder / "ca.pem"))
        return await asyncio.open_connection("127.0.0.1", port, ssl=context)


def request(path: str, token: str | None, more: str = "") -> bytes:
    line = f"Authorization: Bearer {token}\r\n" if token else ""
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n{line}{more}\r\n".encode()


def with_gate(tmp_path: Path, work: Callable[[Scene, TokenGate], Awaitable[None]]) -> None:
    async def run() -> None:
        make_certificates(tmp_path)
        scene = Scene(tmp_path)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(tmp_path / "ca.pem"))
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")
        server = await asyncio.start_server(scene.serve, "127.0.0.1", 0, ssl=context)
        gate = TokenGate(server.sockets[0].getsockname()[1], tmp_path, TOKEN)
        await gate.start()
        try:
            await asyncio.wait_for(work(scene, gate), PATIENCE_SECONDS)
        finally:
            await gate.stop()
            server.close()

    asyncio.run(run())


@pytest.mark.parametrize("token", [None, "wrong", "right2"])
def test_without_the_token_nothing_passes(tmp_path: Path, token: str | None) -> None:
    async def work(scene: Scene, gate: TokenGate) -> None:
        reader, writer = await scene.connect(gate.port)
        writer.write(request("/1.0", token))
        assert (await reader.read()).startswith(b"HTTP/1.1 403 Forbidden\r\n")
        assert scene.heads == []
        writer.close()

    with_gate(tmp_path, work)


def test_every_request_of_a_connection_needs_it(tmp_path: Path) -> None:
    async def work(scene: Scene, gate: TokenGate) -> None:
        reader, writer = await scene.connect(gate.port)
        writer.write(request("/1", TOKEN))
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        writer.write(request("/2", None))
        assert (await reader.read()).startswith(b"HTTP/1.1 403")
        assert [head.split()[1] for head in scene.heads] == ["/1"]
        assert "right" not in scene.heads[0]
        writer.close()

    with_gate(tmp_path, work)


def test_after_an_upgrade_bytes_pass_both_ways(tmp_path: Path) -> None:
    async def work(scene: Scene, gate: TokenGate) -> None:
        reader, writer = await scene.connect(gate.port)
        writer.write(request("/ws", TOKEN, "Upgrade: websocket\r\n") + b"\x81\r\n\r")
        assert (await reader.readuntil(b"\x81\r\n\r")).startswith(b"HTTP/1.1 101")
        writer.close()

    with_gate(tmp_path, work)
