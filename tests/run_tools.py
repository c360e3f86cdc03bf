"""What tests of `run` on every driver share: the drivers, one asset through one of them, commands for it. A new driver is one row of DRIVERS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from conftest import Lab, Result, Runner
from lab_tools import Started, TerminalRun


@dataclass(frozen=True)
class Difference:
    """What a driver does otherwise in one golden case, with the reason."""

    reason: str
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Driver:
    """One way to reach the same containers: the context that uses it, what it needs, which options it refuses, whether it starts programs."""

    name: str
    context: str
    neighbours: tuple[str, ...]
    refuses: tuple[str, ...] = ()
    programs: bool = True
    role: str = "daytona_runtime"
    parked: str = "parked_runtime"
    # what it truly cannot do, with the reason; a test that `needs` one of these is not made for it
    lacks: Mapping[str, str] = field(default_factory=dict)
    # golden cases that come out otherwise there: what changes, and why
    differs: Mapping[str, Difference] = field(default_factory=dict)


TOO_LONG = "64 KiB of input are the agent's most: nothing is sent rather than a part"
MEBIBYTE = 1 << 20
CANARY = "canary-value-of-a-variable"
AGENT_ENVIRONMENT = "the agent gives a command PATH and nothing else, and no way to set more"

DRIVERS = (
    Driver("lxc-local", "lab", ("lxc",)),
    Driver("lxc-ssh", "lab-ssh", ("lxc", "ssh")),
    # the user of a pod's container is the pod's; nothing but the API server is asked
    Driver("kubernetes", "lab-kube", ("lxc", "kube"), refuses=("--user",), programs=False),
    # pct runs commands as root only
    Driver("lxc-proxmox", "lab-proxmox", ("lxc", "proxmox"), refuses=("--user",)),
    Driver("lxc-incus", "lab-incus", ("incus",), programs=False, lacks={
        "detached": "the server ends an operation when nobody holds its streams any more",
        "last-words": "a terminal that ends at once may lose its last output in the server, which takes it for empty",
    }),
    # the guest agent takes words and one piece of input, and gives everything back at the end
    Driver("proxmox-agent", "lab-proxmox", ("lxc", "proxmox"), refuses=("--user", "--env", "--tty"), programs=False, role="agent_runtime",
           parked="parked_agent_runtime", lacks={
               "streaming": "the agent gives all output at the end",
               "terminal": "the agent has no terminals",
               "detached": "the agent tells the end when nobody holds the streams any more",
               "order": "the agent collects two streams apart",
               "much": "the agent takes 64 KiB of input and keeps 16 MiB of a stream",
               "several": "the lab has one machine with an agent; runs on many are those of lxc-proxmox",
           }, differs={
               "stdin-is-left-unread": Difference(TOO_LONG, {"code": 125, "out": b"", "error": "usage.bad-value"}),
               "stdin-nobody-reads": Difference(TOO_LONG, {"code": 125, "error": "usage.bad-value"}),
               "the-environment-is-clean": Difference(AGENT_ENVIRONMENT, {"out": b"PATH "}),
               "user-by-default": Difference(AGENT_ENVIRONMENT, {"out": b"0\n\n"}),
           }),
)


class Remote:
    """`run` on one asset through one driver."""

    def __init__(self, runner: Runner, driver: Driver) -> None:
        self.runner = runner
        self.driver = driver

    def words(self, options: tuple[str | Path, ...], command: tuple[str | bytes, ...], role: str = "") -> list[Any]:
        return ["--context", self.driver.context, "runtime-assets", "run", "--role", role or self.driver.role, *options, "--", *command]

    def run(self, *command: str | bytes, options: tuple[str | Path, ...] = (), role: str = "", **more: Any) -> Result:
        return self.runner(*self.words(options, command, role), **more)

    def start(self, *command: str | bytes, options: tuple[str | Path, ...] = (), **more: Any) -> Started:
        return Started(self.runner, *self.words(options, command), **more)

    def terminal(self, *command: str | bytes, options: tuple[str | Path, ...] = ("--tty",), **more: Any) -> TerminalRun:
        return TerminalRun(self.runner, *self.words(options, command), **more)


def drivers_for(needs: set[str]) -> list[Driver]:
    return [driver for driver in DRIVERS if not needs & set(driver.lacks)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each driver that has what the test needs; how many that leaves out is counted in test_run_cases.py."""
    if "remote" in metafunc.fixturenames:
        needs = {name for mark in metafunc.definition.iter_markers("needs") for name in mark.args}
        metafunc.parametrize("remote", drivers_for(needs), ids=lambda driver: driver.name, indirect=True)


@pytest.fixture
def remote(request: pytest.FixtureRequest, operate: Runner, lab: Lab) -> Remote:
    lab.need(*request.param.neighbours)
    return Remote(operate, request.param)


def python(script: str, *words: str | bytes) -> tuple[str | bytes, ...]:
    return ("python", "-I", "-S", "-c", script, *words)


def shell(script: str, *words: str | bytes) -> tuple[str | bytes, ...]:
    return ("sh", "-c", script, *words)


SLEEP = "import os, time; os.write(1, b'ready\\n'); time.sleep(60)"
STUBBORN = ("import os, signal, time\n"
            "def note(number, _): os.write(1, b'got %d\\n' % number)\n"
            "for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP): signal.signal(number, note)\n"
            "os.write(1, b'ready\\n')\n"
            "while True: time.sleep(60)")
POLITE = ("import os, signal, sys, time\n"
          "def leave(number, _):\n  os.write(1, b'got %d\\n' % number); sys.exit(9)\n"
          "for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP): signal.signal(number, leave)\n"
          "os.write(1, b'ready\\n')\n"
          "while True: time.sleep(60)")
