"""The peak memory of one process without its children, read by ptrace at the moment of its end. (ru_maxrss of wait4 will not do:
it counts the memory of the process that started the program.)"""

from __future__ import annotations

import ctypes
import os
import signal
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fopsbench.measure import Broken, Command, check, drain

PTRACE_TRACEME = 0
PTRACE_CONT = 7
PTRACE_SETOPTIONS = 0x4200
PTRACE_O_TRACEEXIT = 0x40
PTRACE_O_EXITKILL = 0x100000
PTRACE_EVENT_EXIT = 6
NOT_TRACED = 126
NOT_FOUND = 127
SAMPLE_SECONDS = 0.001


class Untraceable(Exception):
    """This machine does not let us trace our own child."""


@dataclass(frozen=True)
class Peak:
    """kib: the most that was ever resident. own_kib: the most that was seen of what is not a mapped file; how much of a mapped file
    counts as resident is the kernel's choice, by 4 KiB or by 2 MiB."""

    kib: int
    own_kib: int


def library() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long
    return libc


def become(libc: ctypes.CDLL, command: Command, writer: int) -> None:
    """In the child: streams, the request to be traced, the program."""
    code = NOT_FOUND
    try:
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(os.open(command.input, os.O_RDONLY) if command.input is not None else null, 0)
        os.dup2(writer if writer >= 0 else null, 1)
        os.dup2(writer if command.merged else null, 2)
        if libc.ptrace(PTRACE_TRACEME, 0, None, None) != 0:
            code = NOT_TRACED
        else:
            os.execve(command.argv[0], list(command.argv), command.environment)
    finally:
        os._exit(code)


def memory_of(process: int) -> Peak:
    """From the status file, which counts exactly enough: a few pages per processor may be missing."""
    numbers = {}
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in ("VmHWM", "RssAnon"):
            numbers[name] = int(rest.split()[0])
    return Peak(numbers.get("VmHWM", 0), numbers.get("RssAnon", 0))


class Sampler(threading.Thread):
    """Looks at a process again and again, because the kernel keeps no maximum of a program's own memory."""

    def __init__(self, process: int) -> None:
        super().__init__()
        self.process = process
        self.own_kib = 0
        self.ended = threading.Event()

    def run(self) -> None:
        with suppress(OSError, ValueError):
            while not self.ended.wait(SAMPLE_SECONDS):
                self.own_kib = max(self.own_kib, memory_of(self.process).own_kib)


def follow(libc: ctypes.CDLL, process: int) -> tuple[Peak | None, int]:
    """Lets the traced process run to its end; the peak and the exit code."""
    peak = None
    first = True
    while True:
        _, status = os.waitpid(process, 0)
        if not os.WIFSTOPPED(status):
            return peak, os.waitstatus_to_exitcode(status)
        passed = os.WSTOPSIG(status)
        if first:
            # the stop after exec
            first, passed = False, 0
            if libc.ptrace(PTRACE_SETOPTIONS, process, None, PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL) != 0:
                os.kill(process, signal.SIGKILL)
                raise Untraceable("ptrace refused its options")
        elif status >> 8 == signal.SIGTRAP | PTRACE_EVENT_EXIT << 8:
            peak, passed = memory_of(process), 0
        libc.ptrace(PTRACE_CONT, process, None, passed)


def peak_memory(command: Command) -> Peak:
    """Run once. errors Broken as measure.run; Untraceable"""
    libc = library()
    if command.prepare is not None:
        command.prepare()
    reader, writer = os.pipe() if command.piped else (-1, -1)
    process = os.fork()
    if process == 0:
        become(libc, command, writer)
    total = [0]
    emptier = None
    if command.piped:
        os.close(writer)
        emptier = threading.Thread(target=lambda: total.__setitem__(0, drain(reader)))
        emptier.start()
    sampler = Sampler(process)
    sampler.start()
    try:
        peak, code = follow(libc, process)
    finally:
        sampler.ended.set()
        sampler.join()
        if emptier is not None:
            emptier.join()
    if code == NOT_TRACED and peak is None:
        raise Untraceable("ptrace is refused on this machine")
    check(command, code, total[0], b"")
    if peak is None:
        raise Broken(f"{command.argv[0]}: its end was not seen")
    return Peak(peak.kib, max(peak.own_kib, sampler.own_kib))
