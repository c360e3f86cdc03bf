"""The fault proxy: each mode does to a connection what it says, and may change while one is open."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from fopslab.faultproxy import FaultProxy, parse_mode

ANSWER = b"x" * 200_000
PATIENCE_SECONDS = 10.0
SILENCE_SECONDS = 0.2


async def answer_all(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Sends the whole answer for each line."""
    try:
        while await reader.readline():
            writer.write(ANSWER)
            await writer.drain()
    except OSError:
        pass
    writer.close()


async def ask(port: int) -> bytes:
    """What arrives until the end; a reset raises."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"go\n")
    writer.write_eof()
    try:
        return await reader.read(-1)
    finally:
        writer.close()


def with_proxy(mode: str, work: Callable[[FaultProxy], Awaitable[None]]) -> None:
    async def run() -> None:
        target = await asyncio.start_server(answer_all, "127.0.0.1", 0)
        proxy = FaultProxy(target.sockets[0].getsockname()[1], mode)
        await proxy.start()
        try:
            await asyncio.wait_for(work(proxy), PATIENCE_SECONDS)
        finally:
            await proxy.stop()
            target.close()

    asyncio.run(run())


def test_pass_relays_everything() -> None:
    async def work(proxy: FaultProxy) -> None:
        assert await ask(proxy.port) == ANSWER

    with_proxy("pass", work)


def test_refuse_refuses_until_the_mode_changes() -> None:
    async def work(proxy: FaultProxy) -> None:
        with pytest.raises(ConnectionRefusedError):
            await ask(proxy.port)
        await proxy.set_mode(parse_mode("pass"))
        assert await ask(proxy.port) == ANSWER
        await proxy.set_mode(parse_mode("refuse"))
        with pytest.raises(ConnectionRefusedError):
            await ask(proxy.port)

    with_proxy("refuse", work)


def test_stall_is_silent_and_goes_on_later() -> None:
    async def work(proxy: FaultProxy) -> None:
        asking = asyncio.create_task(ask(proxy.port))
        done, _ = await asyncio.wait({asking}, timeout=SILENCE_SECONDS)
        assert not done
        await proxy.set_mode(parse_mode("pass"))
        assert await asking == ANSWER

    with_proxy("stall", work)


def test_reset_resets_new_and_open_connections() -> None:
    async def work(proxy: FaultProxy) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"go\n")
        assert len(await reader.readexactly(len(ANSWER))) == len(ANSWER)
        await proxy.set_mode(parse_mode("reset"))
        with pytest.raises(ConnectionResetError):
            await reader.read(1)
        with pytest.raises(ConnectionResetError):
            await ask(proxy.port)

    with_proxy("pass", work)


def test_truncate_ends_in_an_orderly_way_after_that_many_bytes() -> None:
    async def work(proxy: FaultProxy) -> None:
        assert await ask(proxy.port) == ANSWER[:100_001]

    with_proxy("truncate:100001", work)


def test_cut_after_delivers_that_many_bytes_and_resets() -> None:
    async def work(proxy: FaultProxy) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"go\n")
        assert len(await reader.readexactly(70_000)) == 70_000
        with pytest.raises(ConnectionResetError):
            await reader.read(1)

    with_proxy("cut-after:70000", work)


def test_delay_holds_every_piece() -> None:
    async def work(proxy: FaultProxy) -> None:
        loop = asyncio.get_running_loop()
        before = loop.time()
        assert await ask(proxy.port) == ANSWER
        assert loop.time() - before >= 2 * 0.05

    with_proxy("delay:50", work)


def test_the_control_port_changes_the_mode_and_refuses_nonsense() -> None:
    async def work(proxy: FaultProxy) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", await proxy.start_control(0))
        writer.write(b"mode truncate:5\nmode never\nstatus\n")
        answers = [await reader.readline() for _ in range(3)]
        assert b'"mode": "truncate:5"' in answers[0]
        assert b"unknown mode" in answers[1]
        assert b'"mode": "truncate:5"' in answers[2]
        assert await ask(proxy.port) == ANSWER[:5]

    with_proxy("pass", work)


@pytest.mark.parametrize("text", ["", "pass:1", "delay", "delay:", "delay:-1", "delay:x", "truncate:99999999999999"])
def test_a_mode_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="unknown mode"):
        parse_mode(text)
