"""Where one lab keeps its files, and the lock that lets only one command change them at a time."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Facts = dict[str, Any]

PROJECT_ROOT = Path(__file__).resolve().parent.parent.parent
LOCK_NAME = "fops-lab.lock"
# Only these names are ever removed, and only from a folder that a lab made.
OWNED_NAMES = (
    "run", "log", "lxc", "lxc-bin", "ssh", "executor", "kube", "incus", "proxmox", "secrets", "topology", "config",
    "git", "health", "keycloak", "nginx", "openbao", "oxigraph", "prometheus", "temporal", "versitygw",
    "env", "lab.json",
)  # fmt: skip


class Skipped(Exception):
    """A neighbour cannot start on this machine; the text says why."""


class StartFailed(Exception):
    """A neighbour that should have started did not; the text says why."""


@dataclass(frozen=True)
class Lab:
    """One lab, known by its state folder."""

    root: Path

    @property
    def identity(self) -> str:
        """A short name for this lab that is unique on the machine (it follows from the folder)."""
        return hashlib.sha256(str(self.root).encode()).hexdigest()[:12]

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def log(self) -> Path:
        return self.root / "log"

    def folder(self, name: str, mode: int = 0o700) -> Path:
        """Makes a folder below the state folder and returns it."""
        path = self.root / name
        path.mkdir(parents=True, exist_ok=True, mode=mode)
        return path

    def marker(self, neighbour: str) -> str:
        """The value of FOPS_LAB_PROCESS in the environment of everything that this neighbour starts."""
        return f"{self.identity}-{neighbour}"

    def load_facts(self, neighbour: str) -> Facts | None:
        """What the neighbour wrote when it became ready, or None."""
        try:
            facts = json.loads((self.run / f"{neighbour}.json").read_text())
        except (OSError, ValueError):
            return None
        return facts if isinstance(facts, dict) else None

    def save_facts(self, neighbour: str, facts: Facts) -> None:
        write_atomically(self.folder("run") / f"{neighbour}.json", json.dumps(facts, indent=1), 0o600)

    def forget_facts(self, neighbour: str) -> None:
        (self.run / f"{neighbour}.json").unlink(missing_ok=True)

    def secret(self, name: str) -> str:
        """A random token, made at the first call and kept until the lab goes down."""
        path = self.folder("secrets") / name
        if not path.exists():
            write_atomically(path, secrets.token_urlsafe(32), 0o600)
        return path.read_text()


def open_lab() -> Lab:
    """The lab that the environment names."""
    configured = os.environ.get("FOPS_LAB_DIR")
    return Lab(Path(configured).resolve() if configured else PROJECT_ROOT / "build" / "lab")


def write_atomically(path: Path, text: str, mode: int = 0o644) -> None:
    """Writes a file that readers see whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as stream:
        os.fchmod(stream.fileno(), mode)
        stream.write(text)
    partial.replace(path)


def check_owned(lab: Lab) -> None:
    """Refuses a folder with other things in it: the lock file is the sign that a lab made the folder."""
    if not (lab.root / LOCK_NAME).exists() and any(lab.root.iterdir()):
        raise StartFailed(f"{lab.root} is not empty and no lab made it; name another folder in FOPS_LAB_DIR")


@contextmanager
def locked(lab: Lab) -> Iterator[None]:
    """Holds the lab's lock; a lock file that was removed while waiting is taken anew."""
    while True:
        lab.root.mkdir(parents=True, exist_ok=True)
        path = lab.root / LOCK_NAME
        check_owned(lab)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:
            continue
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            same = os.stat(path).st_ino == os.fstat(descriptor).st_ino
        except FileNotFoundError:
            same = False
        if same:
            break
        os.close(descriptor)
    try:
        yield
    finally:
        os.close(descriptor)


def mounts_below(path: Path) -> list[str]:
    """Mount points of this mount namespace below a folder, deepest first."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        point = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), line.split(" ")[4])
        if point.startswith(f"{path}/"):
            found.append(point)
    return sorted(found, key=len, reverse=True)


def remove_tree(path: Path) -> None:
    """Removes a folder, after undoing mounts below it, so that nothing outside is ever deleted through one."""
    for point in mounts_below(path):
        subprocess.run(["umount", "-l", point], check=False, stdin=subprocess.DEVNULL)
    remaining = mounts_below(path)
    if remaining:
        raise StartFailed(f"{remaining[0]} is still mounted; unmount it and try again")
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def remove_state(lab: Lab) -> None:
    """Removes everything that a lab writes, and the folder itself if nothing else is in it."""
    for name in OWNED_NAMES:
        remove_tree(lab.root / name)
        (lab.root / f".{name}.partial").unlink(missing_ok=True)
    (lab.root / LOCK_NAME).unlink(missing_ok=True)
    with suppress(OSError):
        lab.root.rmdir()
