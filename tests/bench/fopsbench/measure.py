"""Runs commands one after the other and says what each cost; ours and the peer alternate, so that both see the same machine."""

from __future__ import annotations

import os
import signal
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

READ_BYTES = 1 << 16
SHOWN_BYTES = 2000


class Broken(Exception):
    """A command did not do what it is measured for; the text says which and why."""


@dataclass(frozen=True)
class Command:
    """What to run. `prepare` is called before each run and is not measured; `piped` gives it a pipe that is emptied at
    once and counted, otherwise its output goes to /dev/null."""

    argv: Sequence[str]
    environment: dict[str, str]
    prepare: Callable[[], None] | None = None
    piped: bool = False
    # The same pipe for both streams.
    merged: bool = False
    # The pipe's reader stays on one processor.
    pinned: bool = False
    # What the pipe must have carried; None: anything.
    expect_bytes: int | None = None
    # What it reads; None: nothing.
    input: Path | None = None


@dataclass(frozen=True)
class Usage:
    """One run; processor time and page faults include the children that the command waited for."""

    wall_ms: float
    cpu_ms: float
    faults: int
    bytes: int


@dataclass
class Pairs:
    """Runs of ours and of the peer, in the order in which they alternated."""

    ours: list[Usage] = field(default_factory=list)
    peer: list[Usage] = field(default_factory=list)

    def ratio(self, what: str = "wall_ms") -> float:
        """The median of ours divided by peer, pair by pair."""
        return statistics.median(getattr(a, what) / getattr(b, what) for a, b in zip(self.ours, self.peer, strict=True))

    def excess(self, factor: float, extra_ms: float) -> float:
        """The median, pair by pair, of what ours took beyond factor * peer + extra."""
        return statistics.median(a.wall_ms - factor * b.wall_ms - extra_ms
                                 for a, b in zip(self.ours, self.peer, strict=True))


def median(runs: Sequence[Usage], what: str = "wall_ms") -> float:
    return float(statistics.median(getattr(run, what) for run in runs))


def drain(descriptor: int, pinned: bool = False) -> int:
    """Reads a pipe to its end as most programs do; the number of bytes. Pinned: on one processor, because a reader that the kernel
    moves about makes the same pipe up to three times slower."""
    total = 0
    part = bytearray(READ_BYTES)
    processors = os.sched_getaffinity(0)
    if pinned:
        os.sched_setaffinity(0, {max(processors)})
    try:
        while count := os.readv(descriptor, [part]):
            total += count
    finally:
        os.close(descriptor)
        if pinned:
            os.sched_setaffinity(0, processors)
    return total


def run(command: Command) -> Usage:
    """One run. A status other than 0 and a wrong number of bytes are errors: what failed must not count as fast."""
    if command.prepare is not None:
        command.prepare()
    reader = writer = -1
    with tempfile.TemporaryFile() as messages:
        actions: list[tuple[int, ...] | tuple[int, int, str, int, int]] = [
            (os.POSIX_SPAWN_OPEN, 0, str(command.input or os.devnull), os.O_RDONLY, 0), (os.POSIX_SPAWN_DUP2, messages.fileno(), 2)]
        if command.piped:
            reader, writer = os.pipe()
            actions.append((os.POSIX_SPAWN_DUP2, writer, 1))
            if command.merged:
                actions.append((os.POSIX_SPAWN_DUP2, writer, 2))
        else:
            actions.append((os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0))
        started = time.perf_counter()
        process = os.posix_spawn(command.argv[0], list(command.argv), command.environment, file_actions=actions)
        try:
            if command.piped:
                os.close(writer)
            total = drain(reader, command.pinned) if command.piped else 0
            _, status, used = os.wait4(process, 0)
        except BaseException:
            os.kill(process, signal.SIGKILL)
            raise
        ended = time.perf_counter()
        messages.seek(0)
        check(command, os.waitstatus_to_exitcode(status), total, messages.read(SHOWN_BYTES))
    return Usage((ended - started) * 1e3, (used.ru_utime + used.ru_stime) * 1e3, used.ru_minflt, total)


def check(command: Command, code: int, total: int, messages: bytes) -> None:
    words = " ".join(command.argv)[:300]
    if code != 0:
        raise Broken(f"{words}: exit {code}: {messages.decode(errors='replace').strip() or 'no message'}")
    if command.expect_bytes is not None and total != command.expect_bytes:
        raise Broken(f"{words}: {total} bytes arrived, {command.expect_bytes} expected")


def alternate(ours: Command, peer: Command, runs: int, warm_ups: int = 1) -> Pairs:
    """A B A B, after warm-ups that do not count; every second pair begins with the peer, so that neither always follows
    the other."""
    for _ in range(warm_ups):
        run(ours)
        run(peer)
    pairs = Pairs()
    for turn in range(runs):
        if turn % 2 == 0:
            pairs.ours.append(run(ours))
            pairs.peer.append(run(peer))
        else:
            pairs.peer.append(run(peer))
            pairs.ours.append(run(ours))
    return pairs


def repeat(command: Command, runs: int, warm_ups: int = 0) -> list[Usage]:
    for _ in range(warm_ups):
        run(command)
    return [run(command) for _ in range(runs)]


class Neighbours:
    """How much of the machine others used since the start, which tells how far the walls can be believed."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.busy = busy_seconds()
        self.own = own_seconds()

    def share(self) -> float:
        """0 to 1 of all processors; -1 where the kernel does not say."""
        if self.busy < 0:
            return -1.0
        others = busy_seconds() - self.busy - (own_seconds() - self.own)
        capacity = (time.monotonic() - self.started) * (os.cpu_count() or 1)
        return round(min(max(others / capacity, 0.0), 1.0), 2)


def busy_seconds() -> float:
    """What all processors worked since the machine's start."""
    with suppress(OSError, ValueError):
        with open("/proc/stat", encoding="ascii") as file:
            user, nice, system, _idle, _wait, irq, softirq = map(int, file.readline().split()[1:8])
        return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")
    return -1.0


def own_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
