"""What every Python test shares: the program under test, the lab, and the proof that no socket was opened."""

from __future__ import annotations

import ctypes
import json
import os
import platform
import resource
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
NEIGHBOURS = ("lxc", "ssh", "executor", "kube", "proxmox", "incus", "prometheus", "health", "nginx", "git")
LAB_START_SECONDS = 1200  # the first start builds an API server
# No exit code of the program, so that a sanitizer report is never mistaken for one.
SANITIZER_EXIT = 99


# A run in the background starts with SIGINT ignored, and every program would inherit that; a handler of our own is not inherited.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "static: runs with the static binary as well")
    config.addinivalue_line("markers", "needs(*abilities): is made only for the drivers that have these")
    config.addinivalue_line("markers", "neighbours(*names): skips unless these neighbours of the lab are up")


@dataclass(frozen=True)
class Result:
    """How one run ended: the exit code (negative: killed by that signal) and both streams as bytes."""

    args: list[str]
    code: int
    stdout: bytes
    stderr: bytes

    @property
    def out(self) -> str:
        return self.stdout.decode("utf-8", "surrogateescape")

    @property
    def err(self) -> str:
        return self.stderr.decode("utf-8", "surrogateescape")

    def json(self) -> Any:
        """Standard output as one JSON document."""
        return json.loads(self.stdout)

    def jsonl(self) -> list[Any]:
        """Standard output as one JSON document per line."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    def check(self, code: int = 0) -> Result:
        """Fails the test with both streams shown unless the exit code is the expected one."""
        assert self.code == code, f"exit {self.code}, expected {code}\n{self}"
        return self

    def __str__(self) -> str:
        return f"$ {shlex.join(self.args)}\nexit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


def tested_binary() -> Path:
    """The program under test: FOPS_BINARY, or the development build."""
    return Path(os.environ.get("FOPS_BINARY") or ROOT / "build/dev/fops").resolve()


def clean_environment(home: Path) -> dict[str, str]:
    """An environment that knows nothing of the caller's settings: own folders, one locale, no FOPS_ variable."""
    folders = {
        "HOME": home,
        "XDG_CONFIG_HOME": home / ".config",
        "XDG_CACHE_HOME": home / ".cache",
        "XDG_STATE_HOME": home / ".local/state",
        "XDG_DATA_HOME": home / ".local/share",
        "XDG_RUNTIME_DIR": home / "run",
    }
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return {name: str(folder) for name, folder in folders.items()} | {
        "PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "TERM": "dumb",
        "ASAN_OPTIONS": f"detect_leaks=1:exitcode={SANITIZER_EXIT}:allocator_may_return_null=1",
        "LSAN_OPTIONS": f"exitcode={SANITIZER_EXIT}",
        "UBSAN_OPTIONS": f"halt_on_error=1:print_stacktrace=1:exitcode={SANITIZER_EXIT}",
    }


class Runner:
    """Calls the program under test: `fops("version", "-o", "json").check().json()`."""

    def __init__(self, binary: Path, home: Path, prepare: Callable[[], None] | None = None) -> None:
        self.binary = binary
        self.home = home
        self.environment = clean_environment(home)
        self._prepare = prepare

    def command(self, *args: str | bytes | os.PathLike[str], env: Mapping[str, str | None] | None = None,
                cwd: str | os.PathLike[str] | None = None, limits: Mapping[str, int] | None = None,
                preexec: Callable[[], None] | None = None, **options: Any) -> subprocess.Popen[bytes]:
        """Starts the program and returns the process; the caller speaks with it and ends it."""
        environment = dict(self.environment)
        for name, value in (env or {}).items():
            if value is None:
                environment.pop(name, None)
            else:
                environment[name] = value

        def prepare() -> None:
            for name, bound in (limits or {}).items():
                resource.setrlimit(getattr(resource, name), (bound, bound))
            if preexec is not None:
                preexec()
            if self._prepare is not None:
                self._prepare()

        # without a function to call in the child, the process is made without a copy of this one
        needed = limits or preexec is not None or self._prepare is not None
        return subprocess.Popen([self.binary, *args], env=environment, cwd=cwd or self.home,
                                preexec_fn=prepare if needed else None, start_new_session=True, **options)

    def __call__(self, *args: str | bytes | os.PathLike[str], stdin: bytes | str | int | IO[bytes] | None = None,
                 stdout: int | IO[bytes] = subprocess.PIPE, stderr: int | IO[bytes] = subprocess.PIPE,
                 timeout: float = 60, **options: Any) -> Result:
        """
        Runs the program to its end. stdin is text, bytes, or a file; without it standard input is empty. env adds to
        the clean environment (None removes a variable), limits maps names such as RLIMIT_AS to numbers, preexec runs
        in the child before the program. A run that takes longer than timeout seconds is killed and fails the test.
        """
        sent = stdin.encode() if isinstance(stdin, str) else stdin if isinstance(stdin, bytes) else None
        source = subprocess.PIPE if sent is not None else subprocess.DEVNULL if stdin is None else stdin
        process = self.command(*args, stdin=source, stdout=stdout, stderr=stderr, **options)
        words = [os.fsdecode(word) for word in (self.binary, *args)]
        try:
            out, err = process.communicate(sent, timeout)
        except subprocess.TimeoutExpired:
            kill_session(process)
            out, err = process.communicate()
            pytest.fail(f"no end within {timeout} s\n{Result(words, process.returncode, out or b'', err or b'')}")
        except BaseException:
            kill_session(process)
            raise
        result = Result(words, process.returncode, out or b"", err or b"")
        assert result.code != SANITIZER_EXIT, f"a sanitizer reported\n{result}"
        return result


def kill_session(process: subprocess.Popen[bytes]) -> None:
    """Ends a process and everything it started in its session."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


@pytest.fixture
def fops(tmp_path: Path) -> Runner:
    """The program under test with a home of its own; see Runner."""
    binary = tested_binary()
    assert os.access(binary, os.X_OK), f"{binary} is missing; build it first"
    return Runner(binary, tmp_path / "home")


class NeighbourFacts(dict[str, Any]):
    """The facts of each neighbour; asking for one that could not start skips the test with the lab's reason."""

    def __init__(self, facts: Mapping[str, Any], skipped: Mapping[str, str]) -> None:
        super().__init__(facts)
        self.skipped = dict(skipped)

    def __missing__(self, name: str) -> Any:
        if name in self.skipped:
            pytest.skip(f"{name}: {self.skipped[name]}")
        raise KeyError(name)


class Lab(dict[str, Any]):
    """The content of lab.json, and what tests need around it."""

    root: Path
    environment: dict[str, str]
    skipped: dict[str, str]

    def __init__(self, root: Path, skipped: Mapping[str, str]) -> None:
        path = root / "lab.json"
        super().__init__(json.loads(path.read_text()) if path.exists() else {"neighbours": {}, "topology": []})
        self.root = root
        self.skipped = dict(skipped)
        self["neighbours"] = NeighbourFacts(self["neighbours"], skipped)
        self.environment = read_exports(root / "env")

    def need(self, *names: str) -> Lab:
        """Skips the test unless all these neighbours are up."""
        for name in names:
            self["neighbours"][name]
        return self

    def topology(self, folder: str = "local") -> Path:
        """A topology folder that the lab wrote."""
        return self.root / "topology" / folder


def read_exports(path: Path) -> dict[str, str]:
    """The variables of a file of `export NAME=value` lines."""
    if not path.exists():
        return {}
    words = [word for word in shlex.split(path.read_text()) if word != "export"]
    return dict(word.split("=", 1) for word in words)


def run_lab(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ROOT / "lab/lab", *words], env=os.environ | {"FOPS_LAB_DIR": str(root)}, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=LAB_START_SECONDS, check=False)


def skipped_lines(output: str) -> dict[str, str]:
    """The `skipped NAME: reason` lines of `lab up`."""
    pairs = [line.removeprefix("skipped ").split(": ", 1) for line in output.splitlines() if line.startswith("skipped ")]
    return {name: reason for name, reason in pairs}


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The neighbours of FOPS_LAB_NAMES (default: all), in a lab of this test run, or those of a lab in FOPS_LAB_DIR."""
    given = os.environ.get("FOPS_LAB_DIR")
    names = os.environ.get("FOPS_LAB_NAMES", " ".join(NEIGHBOURS)).split()
    root = Path(given) if given else tmp_path_factory.mktemp("lab")
    try:
        started = run_lab(root, "up", *names)
        # 3: some neighbour cannot start on this machine
        assert started.returncode in (0, 3), f"lab up: exit {started.returncode}\n{started.stdout}{started.stderr}"
        yield Lab(root, skipped_lines(started.stdout))
    finally:
        if not given:
            ended = run_lab(root, "down")
            assert ended.returncode == 0, f"lab down: exit {ended.returncode}\n{ended.stdout}{ended.stderr}"


@pytest.fixture(scope="session")
def runtime_folder() -> Any:
    """One runtime folder for the whole session: its SSH connections are shared, and its short path leaves room for sockets."""
    folder = Path(tempfile.mkdtemp(prefix="fops-"))
    try:
        yield folder
    finally:
        for control in folder.glob("fops/ssh-*"):
            subprocess.run(["ssh", "-F", "none", "-o", f"ControlPath={control}", "-O", "exit", "host"], check=False,
                           stdin=subprocess.DEVNULL, capture_output=True)
        shutil.rmtree(folder)


@pytest.fixture
def operate(fops: Runner, lab: Lab, runtime_folder: Path) -> Runner:
    """The program under test with the lab's contexts and secrets."""
    fops.environment |= lab.environment | {"XDG_RUNTIME_DIR": str(runtime_folder)}
    return fops


@pytest.fixture(autouse=True)
def needed_neighbours(request: pytest.FixtureRequest) -> None:
    """What the marker `neighbours` asks for; a test without it starts no lab."""
    names = [name for mark in request.node.iter_markers("neighbours") for name in mark.args]
    if names:
        request.getfixturevalue("lab").need(*names)


# Numbers of socket and connect, and the audit number, by machine (linux/audit.h, asm/unistd.h).
SOCKET_CALLS = {"x86_64": (0xC000003E, (41, 42)), "aarch64": (0xC00000B7, (198, 203))}
PR_SET_NO_NEW_PRIVS = 38
PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
SECCOMP_RET_KILL_PROCESS = 0x80000000
SECCOMP_RET_ALLOW = 0x7FFF0000
BPF_LOAD_WORD = 0x20
BPF_JUMP_EQUAL = 0x15
BPF_RETURN = 0x06


def socket_filter() -> bytes:
    """A seccomp program that kills the process at socket(2) and connect(2), and at calls of another machine."""
    audit, numbers = SOCKET_CALLS[platform.machine()]
    steps = [(BPF_LOAD_WORD, 0, 0, 4), (BPF_JUMP_EQUAL, 1, 0, audit), (BPF_RETURN, 0, 0, SECCOMP_RET_KILL_PROCESS),
             (BPF_LOAD_WORD, 0, 0, 0)]
    for i, number in enumerate(numbers):
        steps.append((BPF_JUMP_EQUAL, len(numbers) - i, 0, number))
    steps += [(BPF_RETURN, 0, 0, SECCOMP_RET_ALLOW), (BPF_RETURN, 0, 0, SECCOMP_RET_KILL_PROCESS)]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def deny_sockets(libc: ctypes.CDLL, code: bytes) -> Callable[[], None]:
    """What a child calls before it becomes the program; children of the program inherit it."""

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]

    program = Program(len(code) // 8, code)

    def deny() -> None:
        if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            raise OSError("no_new_privs was refused")
        if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) != 0:
            raise OSError("the seccomp filter was refused")

    return deny


@pytest.fixture(scope="session")
def socket_denial() -> Callable[[], None]:
    """The filter, after it was seen to kill a program that opens a socket and to spare one that does not."""
    if platform.machine() not in SOCKET_CALLS:
        pytest.skip(f"the socket filter has no call numbers for {platform.machine()}")
    deny = deny_sockets(ctypes.CDLL(None, use_errno=True), socket_filter())
    try:
        innocent = subprocess.run([sys.executable, "-I", "-c", "pass"], preexec_fn=deny, check=False)
    except subprocess.SubprocessError:
        pytest.skip("this machine refuses seccomp filters")
    guilty = subprocess.run([sys.executable, "-I", "-c", "import socket; socket.socket()"], preexec_fn=deny, check=False)
    assert (innocent.returncode, guilty.returncode) == (0, -signal.SIGSYS), "the socket filter does not work"
    return deny


@pytest.fixture
def socket_denied(tmp_path: Path, socket_denial: Callable[[], None]) -> Runner:
    """Like fops, but the kernel kills the program (exit code -31, SIGSYS) at the first socket or connect call."""
    return Runner(tested_binary(), tmp_path / "home", socket_denial)
