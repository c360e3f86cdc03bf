"""Processes of the lab: each in its own group, recorded before it runs, ended without hitting a stranger."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fopslab.state import Lab, StartFailed

MARKER_NAME = "FOPS_LAB_PROCESS"
GRACE_SECONDS = 2.0
POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Record:
    """One process as the pid file knows it. A pid alone is not enough: the kernel reuses it."""

    pid: int
    start: int
    boot: str

    @property
    def alive(self) -> bool:
        return self.boot == boot_identity() and start_of(self.pid) == self.start


def boot_identity() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def stat_fields(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the name (which may hold blanks), or None when there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return text[text.rindex(")") + 2 :].split()


def start_of(pid: int) -> int | None:
    """The start time of a process in clock ticks since boot; None when it is gone or a zombie."""
    fields = stat_fields(pid)
    if fields is None or fields[0] in ("Z", "X"):
        return None
    return int(fields[19])


def all_pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def spawn(
    lab: Lab, neighbour: str, name: str, argv: list[str], environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Starts a process in its own session. The child writes its pid file before it becomes the program, so that no
    moment exists in which it runs unrecorded."""
    pid_file = lab.folder("run") / f"{neighbour}.{name}.pid"
    log_path = lab.folder("log") / f"{neighbour}.{name}.log"
    boot = boot_identity()

    def record_self() -> None:
        pid = os.getpid()
        pid_file.write_text(json.dumps({"pid": pid, "start": start_of(pid), "boot": boot}))

    full = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "FOPS_", "SSH_"))}
    full.update(environment or {})
    full[MARKER_NAME] = lab.marker(neighbour)
    with open(log_path, "ab") as log:
        try:
            return subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=full,
                cwd="/",
                start_new_session=True,
                preexec_fn=record_self,
            )
        except OSError as error:
            pid_file.unlink(missing_ok=True)
            raise StartFailed(f"{argv[0]} cannot be started: {error.strerror}") from error


def log_tail(lab: Lab, neighbour: str, name: str, lines: int = 8) -> str:
    """The last lines of a log, for the reason of a failure."""
    try:
        text = (lab.log / f"{neighbour}.{name}.log").read_text(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def read_records(lab: Lab, neighbour: str) -> dict[str, Record]:
    """The pid files of a neighbour by process name; a torn one is left out (its process is found by its marker)."""
    records = {}
    for path in sorted(lab.run.glob(f"{neighbour}.*.pid")):
        try:
            known = json.loads(path.read_text())
            records[path.name.split(".")[1]] = Record(int(known["pid"]), int(known["start"]), str(known["boot"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return records


def marked_pids(lab: Lab, neighbour: str) -> list[int]:
    """Every process whose environment carries the marker of this neighbour of this lab."""
    wanted = f"{MARKER_NAME}={lab.marker(neighbour)}".encode()
    found = []
    for pid in all_pids():
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            continue
        if wanted in environment.split(b"\0"):
            found.append(pid)
    return found


def send_signal(send: Callable[[int, int], None], number: int, pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        send(pid, number)


def end_processes(pids: Iterable[int], grace: float = GRACE_SECONDS) -> None:
    """Asks processes to end, waits, and kills what is left."""
    known = {pid: start for pid in pids if pid != os.getpid() and (start := start_of(pid)) is not None}
    for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, GRACE_SECONDS)):
        for pid in known:
            send_signal(os.kill, number, pid)
        deadline = time.monotonic() + patience
        while known and time.monotonic() < deadline:
            known = {pid: start for pid, start in known.items() if start_of(pid) == start}
            if known:
                time.sleep(POLL_SECONDS)
        if not known:
            return


def stop_processes(lab: Lab, neighbour: str, grace: float = GRACE_SECONDS) -> None:
    """Ends all that a neighbour started: the recorded groups first, then whatever carries its marker."""
    records = {name: record for name, record in read_records(lab, neighbour).items() if record.alive}
    for record in records.values():
        send_signal(os.killpg, signal.SIGTERM, record.pid)
    end_processes([record.pid for record in records.values() if record.alive], grace)
    end_processes(marked_pids(lab, neighbour), grace)
    for path in lab.run.glob(f"{neighbour}.*.pid"):
        path.unlink(missing_ok=True)


def reap(process: subprocess.Popen[bytes]) -> bool:
    """True when the child has ended (and is no zombie any more)."""
    return process.poll() is not None


def wait_until(probe: Callable[[], bool], seconds: float, what: str) -> None:
    """Asks a probe until it says yes; StartFailed after the deadline."""
    deadline = time.monotonic() + seconds
    while not probe():
        if time.monotonic() >= deadline:
            raise StartFailed(f"{what} was not ready within {seconds:g} s")
        time.sleep(POLL_SECONDS)
