"""A TCP relay on loopback that can refuse, stall, reset, truncate, delay or cut, as it is told at run time.

Modes (`NAME` or `NAME:NUMBER`):
  pass          relays both ways
  refuse        connecting fails (nobody listens, the port stays reserved); open connections go on
  stall         accepts and stays silent; open connections freeze and go on when the mode changes
  reset         answers every connection, open ones too, with a TCP reset
  truncate:N    ends a connection in an orderly way after N bytes towards the client
  cut-after:N   resets a connection after N bytes towards the client
  delay:MS      holds every piece, in both directions, for MS milliseconds

Control port, one line each, answers in JSON: `mode MODE`, `status`, `drop` (resets all open connections).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import json
import re
import socket
import struct
import termios
from dataclasses import dataclass
from pathlib import Path

CHUNK = 64 * 1024
PLAIN_MODES = ("pass", "refuse", "stall", "reset")
COUNTED_MODES = ("truncate", "cut-after", "delay")
LARGEST_NUMBER = 2**40
DELIVERY_POLLS = 400
DELIVERY_POLL_SECONDS = 0.005


@dataclass(frozen=True)
class Mode:
    name: str
    number: int = 0

    def __str__(self) -> str:
        return f"{self.name}:{self.number}" if self.name in COUNTED_MODES else self.name


def parse_mode(text: str) -> Mode:
    """Reads `NAME` or `NAME:NUMBER`; ValueError says what would be right."""
    name, colon, number = text.partition(":")
    if name in PLAIN_MODES and not colon:
        return Mode(name)
    if name in COUNTED_MODES and re.fullmatch(r"[0-9]{1,13}", number) and int(number) <= LARGEST_NUMBER:
        return Mode(name, int(number))
    raise ValueError(f"unknown mode {text!r}: use {', '.join(PLAIN_MODES)}, {':N, '.join(COUNTED_MODES)}:N")


def reserve_port(port: int) -> socket.socket:
    """A bound socket that does not listen: connecting to it is refused, yet nobody else gets the port."""
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    holder.bind(("127.0.0.1", port))
    return holder


def abort(writer: asyncio.StreamWriter) -> None:
    """Closes with a reset instead of an orderly end."""
    # a TLS transport that is closed has let go of what it was asked about
    with contextlib.suppress(AttributeError):
        raw = writer.get_extra_info("socket")
        if raw is not None and not writer.is_closing():
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()


async def wait_until_delivered(writer: asyncio.StreamWriter) -> None:
    """Waits until the other side's kernel has everything, because a reset throws away what is still under way."""
    raw = writer.get_extra_info("socket")
    for _ in range(DELIVERY_POLLS):
        if writer.is_closing():
            return
        waiting = struct.unpack("i", fcntl.ioctl(raw.fileno(), termios.TIOCOUTQ, bytes(4)))[0]
        if waiting == 0 and writer.transport.get_write_buffer_size() == 0:
            return
        await asyncio.sleep(DELIVERY_POLL_SECONDS)


class Connection:
    """One client and its connection to the target."""

    def __init__(self, proxy: FaultProxy, client: asyncio.StreamWriter) -> None:
        self.proxy = proxy
        self.writers = [client]
        self.sent_to_client = 0

    def reset(self) -> None:
        for writer in self.writers:
            abort(writer)

    async def run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self.proxy.wait_while_stalled()
        if self.proxy.mode.name == "reset":
            self.reset()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.proxy.target, limit=CHUNK)
        except OSError:
            self.reset()
            return
        self.writers.append(far_writer)
        try:
            await asyncio.gather(
                self.relay(reader, far_writer, to_client=False), self.relay(far_reader, writer, to_client=True)
            )
        except OSError:
            self.reset()
        for each in self.writers:
            each.close()

    async def relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, to_client: bool) -> None:
        while data := await reader.read(CHUNK):
            await self.proxy.wait_while_stalled()
            mode = self.proxy.mode
            if mode.name == "delay":
                await asyncio.sleep(mode.number / 1000)
            if to_client and mode.name in ("truncate", "cut-after"):
                data = data[: max(0, mode.number - self.sent_to_client)]
            writer.write(data)
            await writer.drain()
            if not to_client:
                continue
            self.sent_to_client += len(data)
            self.proxy.bytes_to_client += len(data)
            if mode.name in ("truncate", "cut-after") and self.sent_to_client >= mode.number:
                await self.finish(mode)
                return
        await self.proxy.wait_while_stalled()
        if not writer.is_closing() and writer.can_write_eof():
            writer.write_eof()

    async def finish(self, mode: Mode) -> None:
        """Ends the connection early, once what may still pass has left."""
        if mode.name == "cut-after":
            await wait_until_delivered(self.writers[0])
            self.reset()
            return
        for writer in self.writers:
            writer.close()


class FaultProxy:
    """The relay as a library: start(), set_mode(), stop(); `port` is known after start()."""

    def __init__(self, target: int, mode: str = "pass", port: int = 0) -> None:
        self.target = target
        self.mode = parse_mode(mode)
        self.bytes_to_client = 0
        self.accepted = 0
        self._connections: set[Connection] = set()
        self._flowing = asyncio.Event()
        self._holder = reserve_port(port)
        self.port: int = self._holder.getsockname()[1]
        self._server: asyncio.Server | None = None
        self._control: asyncio.Server | None = None

    async def start(self) -> None:
        await self.set_mode(self.mode)

    async def set_mode(self, mode: Mode) -> None:
        self.mode = mode
        if mode.name == "stall":
            self._flowing.clear()
        else:
            self._flowing.set()
        if mode.name == "refuse":
            await self._close_listener()
        elif self._server is None:
            self._server = await asyncio.start_server(
                self._serve, "127.0.0.1", self.port, limit=CHUNK, reuse_port=True, backlog=1024
            )
        if mode.name == "reset":
            self.drop()

    async def start_control(self, port: int) -> int:
        self._control = await asyncio.start_server(self._serve_control, "127.0.0.1", port)
        chosen: int = self._control.sockets[0].getsockname()[1]
        return chosen

    async def stop(self) -> None:
        await self._close_listener()
        if self._control is not None:
            self._control.close()
        self.drop()
        self._holder.close()

    async def wait_while_stalled(self) -> None:
        await self._flowing.wait()

    def drop(self) -> int:
        """Resets all open connections; returns how many."""
        for connection in self._connections:
            connection.reset()
        return len(self._connections)

    async def _close_listener(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        connection = Connection(self, writer)
        self._connections.add(connection)
        try:
            await connection.run(reader, writer)
        finally:
            self._connections.discard(connection)

    async def _serve_control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError):
            while line := await reader.readline():
                answer = await self._answer(line.decode(errors="replace").strip())
                writer.write(f"{json.dumps(answer)}\n".encode())
                await writer.drain()
        writer.close()

    async def _answer(self, line: str) -> dict[str, object]:
        command, _, argument = line.partition(" ")
        extra: dict[str, object] = {}
        if command == "mode":
            try:
                await self.set_mode(parse_mode(argument))
            except ValueError as error:
                return {"error": str(error)}
        elif command == "drop":
            extra["dropped"] = self.drop()
        elif command != "status":
            return {"error": f"unknown command {command!r}: use mode, status or drop"}
        counts = {"accepted": self.accepted, "open": len(self._connections), "bytesToClient": self.bytes_to_client}
        return {"mode": str(self.mode), **counts, **extra}


async def serve(arguments: argparse.Namespace) -> None:
    proxy = FaultProxy(arguments.to, arguments.mode, arguments.listen)
    await proxy.start()
    report = {"port": proxy.port, "target": proxy.target}
    if arguments.control is not None:
        report["control"] = await proxy.start_control(arguments.control)
    if arguments.report:
        partial = arguments.report.with_suffix(".partial")
        partial.write_text(json.dumps(report))
        partial.replace(arguments.report)
    print(json.dumps(report), flush=True)
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="fopslab.faultproxy", description="A TCP relay that fails on demand.")
    parser.add_argument("--listen", type=int, default=0, metavar="PORT", help="loopback port, 0 chooses a free one")
    parser.add_argument("--to", type=int, required=True, metavar="PORT", help="loopback port of the target")
    parser.add_argument("--mode", default="pass", help="pass, refuse, stall, reset, truncate:N, delay:MS, cut-after:N")
    parser.add_argument("--control", type=int, metavar="PORT", help="control port, 0 chooses a free one")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the ports there as JSON")
    arguments = parser.parse_args()
    try:
        parse_mode(arguments.mode)
    except ValueError as error:
        parser.error(str(error))
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(arguments))


if __name__ == "__main__":
    main()
