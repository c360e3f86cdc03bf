"""Runs the program with pseudo terminals in place of its streams, one for each, so that they stay apart."""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from conftest import Result, Runner, kill_session

STREAMS = ("stdin", "stdout", "stderr")
READ_BYTES = 65536


@dataclass(frozen=True)
class Typed:
    """What a person types once a text has appeared on either output stream."""

    after: bytes
    keys: bytes


class Terminal:
    """One pseudo terminal that changes no byte: no echo, no carriage returns."""

    def __init__(self, columns: int, rows: int) -> None:
        self.master, self.slave = pty.openpty()
        attributes = termios.tcgetattr(self.slave)
        attributes[1] &= ~termios.OPOST
        attributes[3] &= ~termios.ECHO
        termios.tcsetattr(self.slave, termios.TCSANOW, attributes)
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def close_slave(self) -> None:
        os.close(self.slave)

    def close(self) -> None:
        os.close(self.master)


def read_some(descriptor: int) -> bytes:
    """What a terminal or pipe holds now; nothing when its other side is gone."""
    try:
        return os.read(descriptor, READ_BYTES)
    except OSError as error:
        if error.errno != errno.EIO:  # the last slave was closed
            raise
        return b""


def converse(
    process: subprocess.Popen[bytes],
    outputs: dict[str, int],
    keyboard: int | None,
    typed: Sequence[Typed],
    deadline: float,
) -> dict[str, bytes]:
    """Reads all outputs to their ends and types each text as soon as what it waits for is there."""
    read = {name: bytearray() for name in outputs}
    open_names = {descriptor: name for name, descriptor in outputs.items()}
    waiting = list(typed)
    seen_until = 0
    seen = bytearray()
    while open_names:
        ready, _, _ = select.select(list(open_names), [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            kill_session(process)
            process.wait()
            raise AssertionError(f"no end in time; so far {dict(read)!r}, still to type {waiting!r}")
        for descriptor in ready:
            part = read_some(descriptor)
            if part:
                read[open_names[descriptor]] += part
                seen += part
            else:
                del open_names[descriptor]
        while waiting and keyboard is not None and waiting[0].after in seen[seen_until:]:
            seen_until = seen.index(waiting[0].after, seen_until) + len(waiting[0].after)
            os.write(keyboard, waiting.pop(0).keys)
    assert not waiting, f"never asked for: {waiting!r}; the program said {bytes(seen)!r}"
    return {name: bytes(part) for name, part in read.items()}


def run_on_terminal(
    runner: Runner,
    *args: str | bytes,
    columns: int = 80,
    rows: int = 24,
    streams: Iterable[str] = STREAMS,
    typed: Sequence[Typed] = (),
    timeout: float = 60,
    **options: Any,
) -> Result:
    """Runs the program with the named streams on terminals; other outputs are pipes, and other input is empty."""
    terminals = {name: Terminal(columns, rows) for name in streams}
    pipes = {name: os.pipe() for name in ("stdout", "stderr") if name not in terminals}
    files: dict[str, Any] = {"stdin": subprocess.DEVNULL}
    files |= {name: pair[1] for name, pair in pipes.items()}
    files |= {name: terminal.slave for name, terminal in terminals.items()}
    process = runner.command(*args, **files, **options)
    for pair in pipes.values():
        os.close(pair[1])
    for terminal in terminals.values():
        terminal.close_slave()
    outputs = {name: terminals[name].master if name in terminals else pipes[name][0] for name in ("stdout", "stderr")}
    keyboard = terminals["stdin"].master if "stdin" in terminals else None
    try:
        read = converse(process, outputs, keyboard, typed, time.monotonic() + timeout)
        code = process.wait(timeout)
    finally:
        for pair in pipes.values():
            os.close(pair[0])
        for terminal in terminals.values():
            terminal.close()
    words = [os.fsdecode(word) for word in (runner.binary, *args)]
    return Result(words, code, read["stdout"], read["stderr"])
