"""What the tests against real neighbours share: polling, processes of this machine, terminals, relays, small servers, contracts."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import signal
import socket
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest

from conftest import Lab, Runner

Found = TypeVar("Found")
POLL_SECONDS = 0.01
# Written as the last word of a command, so that its processes are found whatever wraps them.
TAG = "fops-test-"


def wait_for(condition: Callable[[], Found], what: str, seconds: float = 10) -> Found:
    """The first result that is true; fails the test when none came in time."""
    limit = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < limit, f"within {seconds:g} s there was no {what}"
        time.sleep(POLL_SECONDS)


# --- processes ---------------------------------------------------------------------------------------------------------

def new_tag() -> str:
    return f"{TAG}{os.urandom(6).hex()}"


def every_process(part: str) -> Iterator[tuple[int, bytes]]:
    """Every process with the named file of /proc, as far as they can be read."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError):
                yield int(name), Path("/proc", name, part).read_bytes()


def holders(text: str, part: str = "cmdline") -> dict[int, bytes]:
    """The processes of this machine, containers included, whose command line (or environ) holds a text."""
    return {pid: content for pid, content in every_process(part) if text.encode() in content and pid != os.getpid()}


def parents() -> dict[int, int]:
    found = {}
    for pid, content in every_process("stat"):
        found[pid] = int(content.rsplit(b")", 1)[1].split()[1])
    return found


def descendants(pid: int) -> list[int]:
    """The programs that a process started, and theirs; without those that are still copies of it."""
    above = parents()
    found = [pid]
    for each in found:
        found += [child for child, parent in above.items() if parent == each]
    with suppress(OSError):
        own = os.readlink(f"/proc/{pid}/exe")
        return [each for each in found[1:] if program_of(each) not in ("", own)]
    return []


def program_of(pid: int) -> str:
    """The file that a process executes; empty when it is gone."""
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""


def container_processes(tag: str) -> list[int]:
    """The tagged processes that live in a PID namespace of a container."""
    own = os.readlink("/proc/self/ns/pid")
    found = []
    for pid in holders(tag):
        with suppress(OSError):
            if os.readlink(f"/proc/{pid}/ns/pid") != own:
                found.append(pid)
    return found


def wait_gone(tag: str, seconds: float = 10) -> None:
    """Neither the containers nor the host hold a process of the command any more."""
    wait_for(lambda: not holders(tag), f"end of all processes {tag}: {holders(tag)}", seconds)


def kill_tagged(tag: str) -> None:
    for pid in holders(tag):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def tag() -> Iterator[str]:
    """The last word of a remote command; whatever still carries it is killed after the test."""
    word = new_tag()
    yield word
    kill_tagged(word)


class Spoken:
    """Reads a stream in the background, so that tests can wait for what it says."""

    def __init__(self, descriptor: int) -> None:
        self.content = bytearray()
        self._descriptor = descriptor
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with suppress(OSError):
            while part := os.read(self._descriptor, 65536):
                self.content += part

    def wait(self, text: bytes, seconds: float = 20) -> None:
        wait_for(lambda: text in self.content, f"{text!r} in {bytes(self.content)!r}", seconds)

    def all(self, seconds: float = 10) -> bytes:
        self._thread.join(seconds)
        return bytes(self.content)


class Started:
    """A running program under test with both outputs read in the background."""

    def __init__(self, runner: Runner, *args: str | bytes | Path, **options: Any) -> None:
        options.setdefault("stdin", subprocess.DEVNULL)
        self.process = runner.command(*args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.out = Spoken(self.process.stdout.fileno())
        self.err = Spoken(self.process.stderr.fileno())

    def signal(self, number: int) -> None:
        os.kill(self.process.pid, number)

    def end(self, seconds: float = 20) -> int:
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            pytest.fail(f"no end within {seconds} s: {bytes(self.out.content)!r} {bytes(self.err.content)!r}")
        # its last words; what it left behind may hold the streams open for longer
        for stream in (self.out, self.err):
            stream.all(2)
        return code

    def __enter__(self) -> Started:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class TerminalRun:
    """The program with all three streams on one pseudo terminal of a given size."""

    def __init__(self, runner: Runner, *args: str | bytes, rows: int = 33, columns: int = 101, **options: Any) -> None:
        self.master, self.slave = os.openpty()
        self.resize(rows, columns)
        self.before = termios.tcgetattr(self.slave)
        self.process = runner.command(*args, stdin=self.slave, stdout=self.slave, stderr=self.slave, **options)
        self.out = Spoken(self.master)

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def mode(self) -> list[Any]:
        return termios.tcgetattr(self.slave)

    def end(self, seconds: float = 20) -> int:
        code = self.process.wait(seconds)
        os.close(self.slave)
        self.out.all()
        return code

    def __enter__(self) -> TerminalRun:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for descriptor in (self.master, self.slave):
            with suppress(OSError):
                os.close(descriptor)


# --- relays and servers ------------------------------------------------------------------------------------------------

class Relay:
    """The control port of one of the lab's fault relays."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.control: int = facts["control"]

    def tell(self, line: str) -> dict[str, Any]:
        with socket.create_connection(("127.0.0.1", self.control), 5) as link:
            link.sendall(f"{line}\n".encode())
            answer = json.loads(link.makefile("rb").readline())
        assert "error" not in answer, answer
        return dict(answer)

    @contextmanager
    def mode(self, text: str) -> Iterator[None]:
        """Fails as told until the block ends; then everything still open is dropped and new connections pass."""
        self.tell(f"mode {text}")
        try:
            yield
        finally:
            self.tell("mode pass")
            self.tell("drop")


Handler = Callable[[socket.socket], None]


class SmallServer:
    """A TCP server on loopback, one thread per connection, that answers as its handler likes."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.accepted = 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self.listener.getsockname()[1]
        self.links: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                link, _ = self.listener.accept()
                self.accepted += 1
                self.links.append(link)
                threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link: socket.socket) -> None:
        with suppress(OSError):
            self.handler(link)
        with suppress(OSError):
            link.close()

    def close(self) -> None:
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for link in self.links:
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
            link.close()


@contextmanager
def serving(handler: Handler) -> Iterator[SmallServer]:
    server = SmallServer(handler)
    try:
        yield server
    finally:
        server.close()


def read_head(link: socket.socket) -> bytes:
    """A request up to the end of its headers; empty when the client left."""
    head = b""
    while b"\r\n\r\n" not in head:
        part = link.recv(65536)
        if not part:
            return b""
        head += part
    return head


def wait_for_client(link: socket.socket) -> None:
    """Says nothing until the client goes away."""
    while link.recv(65536):
        pass


def answering(body: bytes, status: str = "200 OK", *headers: str) -> Handler:
    """A handler that gives every request of a connection the same answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    answer = "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    def handle(link: socket.socket) -> None:
        while read_head(link):
            link.sendall(answer)

    return handle


def reset(link: socket.socket) -> None:
    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    link.close()


# --- contracts ---------------------------------------------------------------------------------------------------------

def asset(asset_id: str, role: str = "", **spec: Any) -> dict[str, Any]:
    """A RuntimeAsset; without an lxc block its container does not exist."""
    described: dict[str, Any] = {"assetId": asset_id, "role": role or asset_id.replace("-", "_"), "kind": "lxc", **spec}
    described.setdefault("lxc", {"driver": "local", "container": "nowhere", "path": "/nonexistent/lxc"})
    return {"apiVersion": "fractalops/v1", "kind": "RuntimeAsset", "spec": described}


def endpoint(endpoint_id: str, url: str, **spec: Any) -> dict[str, Any]:
    described = {"id": endpoint_id, "plane": "langboard", "executorUrl": url, "auth": {"mode": "none"}, **spec}
    return {"apiVersion": "fractalops/v1", "kind": "Endpoint", "spec": described}


def write_topology(folder: Path, *documents: dict[str, Any]) -> Path:
    """A topology folder with these documents."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, document in enumerate(documents):
        (folder / f"{i:04d}.json").write_text(json.dumps(document))
    return folder


def local_block(lab: Lab, container: str = "langboard") -> dict[str, Any]:
    return {"driver": "local", "container": container, "path": lab["neighbours"]["lxc"]["path"]}


def ssh_block(lab: Lab, container: str = "daytona", port: int | None = None, **ssh: Any) -> dict[str, Any]:
    facts = lab["neighbours"]["ssh"]
    settings = {"host": "127.0.0.1", "port": port or facts["port"], "user": facts["user"], "hostKeys": [facts["hostKey"]],
                "identityRef": "env://FOPS_LAB_SSH_KEY", **ssh}
    return {"driver": "ssh", "container": container, "path": lab["neighbours"]["lxc"]["path"], "ssh": settings}


def executor_endpoint(lab: Lab, port: int, **spec: Any) -> dict[str, Any]:
    """An endpoint that trusts the lab's authority and sends the lab's token."""
    tls = {"ca": Path(lab["neighbours"]["executor"]["ca"]).read_text(), "serverName": "executor.lab.test"}
    auth = {"mode": "bearer", "secretRef": "env://FOPS_LAB_EXECUTOR_TOKEN"}
    return endpoint("lab-executor", f"https://127.0.0.1:{port}", **({"tls": tls, "auth": auth} | spec))


# --- results -----------------------------------------------------------------------------------------------------------

def error_code(text: str) -> str:
    """The code of the (only) error on standard error: "asset.not-found"."""
    found = re.findall(r"^fops: error \[([a-z.-]+)\]:", text, re.MULTILINE)
    assert len(found) == 1, f"{len(found)} errors in {text!r}"
    return str(found[0])


def error_part(text: str, name: str) -> str:
    """One part of the error, such as its cause; empty when it has none."""
    found = re.search(rf"^  {name}:\s*(.*)$", text, re.MULTILINE)
    return found[1] if found else ""


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def peak_memory_kib(process: subprocess.Popen[bytes]) -> int:
    """The largest resident size, in KiB, that a running program had up to its end. (rusage would count this interpreter, too, whose
    copy every child is for a moment.)"""
    peak = 0
    while process.poll() is None:
        with suppress(OSError):
            found = re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
            peak = max(peak, int(found[1]) if found else 0)
        time.sleep(POLL_SECONDS)
    return peak


def instrumented(binary: Path) -> bool:
    """Whether a sanitizer is built in, which multiplies what memory and time are needed."""
    return b"__asan_init" in binary.read_bytes()
