"""Canaries: values of secrets travel where they must and are found nowhere else, whatever is asked for and however it ends."""

from __future__ import annotations

import shutil
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from conftest import Lab, Runner
from lab_tools import (
    Started,
    asset,
    descendants,
    endpoint,
    holders,
    read_head,
    serving,
    ssh_block,
    wait_for,
    wait_for_client,
    write_topology,
)

pytestmark = pytest.mark.neighbours("lxc", "ssh", "executor")
TOKEN = "canary-4f1e9b-token"
FOPS_TOKEN = "canary-77c0aa-fops"
CANARIES = (TOKEN.encode(), FOPS_TOKEN.encode())
SECRETS = {"CANARY_TOKEN": TOKEN, "FOPS_TOKEN": FOPS_TOKEN}
HEALTH = {"method": "GET", "path": "/health", "expect": {"status": 200}}


class Echoing:
    """A careless server: it sends the head of every request back, in body and headers, and remembers the tokens it saw."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []

    def __call__(self, link: socket.socket) -> None:
        while head := read_head(link):
            self.heads.append(head)
            link.sendall(b"HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\nno")


def assert_clean(*contents: bytes) -> None:
    for content in contents:
        for canary in CANARIES:
            assert canary not in content, content[max(0, content.index(canary) - 200):][:500]


def assert_folders_clean(*folders: Path) -> None:
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                assert_clean(path.read_bytes(), str(path).encode())


def place(folder: Path, lab: Lab, port: int) -> Path:
    auth = {"mode": "bearer", "secretRef": "env://CANARY_TOKEN"}
    return write_topology(folder, endpoint("it", f"http://127.0.0.1:{port}", auth=auth),
                          asset("one", executorRef="it", health=HEALTH, lxc=ssh_block(lab)))


COMMANDS: dict[str, tuple[str, ...]] = {
    "request": ("runtime-assets", "request", "--role", "one", "--path", "/a", "--retries", "1"),
    "request-head": ("runtime-assets", "request", "--role", "one", "--path", "/a", "--retries", "0", "-i"),
    "request-json": ("runtime-assets", "request", "--role", "one", "--path", "/a", "--retries", "0", "-o", "json"),
    "check": ("runtime-assets", "check", "--all"),
    "check-json": ("runtime-assets", "check", "--all", "-o", "json"),
    "check-wait": ("runtime-assets", "check", "--all", "--wait", "--timeout", "1s", "-o", "json"),
    "list": ("runtime-assets", "list", "-o", "json"),
    "show": ("runtime-assets", "show", "--role", "one", "-o", "json"),
    "run": ("runtime-assets", "run", "--role", "one", "--", "env"),
    "run-result": ("runtime-assets", "run", "--role", "one", "--result-file", "result.json", "--", "no-such-program"),
    "config": ("config", "show", "--origin", "-o", "json"),
    "env": ("env",),
    "context": ("context", "show", "-o", "json"),
    "unknown": ("runtime-assets", "show", "--role", "two"),
}


@pytest.mark.static
@pytest.mark.parametrize("verbosity", ["-q", "-v", "-vv", "-vvv"])
@pytest.mark.parametrize("command", COMMANDS)
def test_no_sink_holds_a_secret(operate: Runner, lab: Lab, tmp_path: Path, command: str, verbosity: str) -> None:
    echoing = Echoing()
    with serving(echoing) as server:
        first, *rest = COMMANDS[command]
        words = (first, "--topology", str(place(tmp_path / "topology", lab, server.port)), verbosity, *rest)
        result = operate(*words, env=SECRETS)
    assert_clean(result.stdout, result.stderr)
    assert_folders_clean(tmp_path, lab.root / "log", Path(operate.environment["XDG_RUNTIME_DIR"]))
    if command.startswith(("request", "check")):
        assert all(f"Authorization: Bearer {TOKEN}".encode().lower() in head.lower() for head in echoing.heads)
        assert echoing.heads
    key = lab.environment["FOPS_LAB_SSH_KEY"].splitlines()[1]
    assert key not in result.out + result.err


@pytest.mark.static
def test_no_program_is_given_a_secret(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    """A health request hangs, so everything that check starts is there to be looked at."""
    with serving(wait_for_client) as server:
        words = ("runtime-assets", "check", "--topology", place(tmp_path / "topology", lab, server.port), "--all", "--timeout", "20s")
        with Started(operate, *words, env=SECRETS) as run:
            wait_for(lambda: server.accepted, "health request")
            for canary in (TOKEN, FOPS_TOKEN):
                assert holders(canary) == {}
            for pid in descendants(run.process.pid):
                with suppress(FileNotFoundError, ProcessLookupError):  # it may have ended since
                    content = Path(f"/proc/{pid}/environ").read_bytes()
                    assert_clean(content)
                    assert b"FOPS_LAB_SSH_KEY" not in content


def test_the_master_connection_holds_no_secret(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    """What stays behind after a run: the shared SSH connection."""
    words = ("--context", "lab-ssh", "runtime-assets", "run", "--role", "daytona_runtime", "--", "true")
    operate(*words, env=SECRETS).check()
    folder = Path(operate.environment["XDG_RUNTIME_DIR"]) / "fops"
    masters = {pid: content for pid, content in holders(str(folder)).items() if b"ssh" in content}
    assert masters, "there is a shared connection"
    for pid in masters:
        content = Path(f"/proc/{pid}/environ").read_bytes()
        assert_clean(content, masters[pid])
        assert b"PRIVATE KEY" not in content


def test_the_private_key_touches_no_disk(operate: Runner, lab: Lab) -> None:
    key = lab.environment["FOPS_LAB_SSH_KEY"].splitlines()[1].encode()
    operate("--context", "lab-ssh", "runtime-assets", "run", "--role", "daytona_runtime", "-vv", "--", "true").check()
    for folder in (operate.home, Path(operate.environment["XDG_RUNTIME_DIR"])):
        assert not [path for path in folder.rglob("*") if path.is_file() and key in path.read_bytes()]


def test_a_trace_of_the_program_shows_no_secret_in_words(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    """Every program that was started, even for a moment, as the kernel saw it."""


    if shutil.which("strace") is None:
        pytest.skip("no strace on PATH; on Debian: apt-get install strace")
    log = tmp_path / "trace"
    environment: dict[str, Any] = operate.environment | SECRETS
    echoing = Echoing()
    with serving(echoing) as server:
        words = [operate.binary, "runtime-assets", "check", "--topology", place(tmp_path / "topology", lab, server.port), "--all"]
        ended = subprocess.run(["strace", "-f", "-s", "65536", "-v", "-e", "trace=execve", "-o", log, *words], env=environment, check=False,
                               stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    if b"ptrace" in ended.stderr:
        pytest.skip("this machine lets nobody trace")
    started = [line for line in log.read_bytes().splitlines() if b"execve(" in line][1:]
    assert started
    assert_clean(*started)
