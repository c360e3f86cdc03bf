"""Where a benchmark runs: the binary, a clean environment, scratch folders, and a lab of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fopsbench.measure import Broken, Command

ROOT = Path(__file__).resolve().parents[3]
LAB_SECONDS = 900
PROGRAM_HEADERS_AT = 0x20
INTERPRETER = 3


class Skipped(Exception):
    """The comparison cannot be made on this machine; the text says why."""


def find(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise Skipped(f"{program} is not installed")
    return path


def is_static(binary: Path) -> bool:
    """Whether a 64-bit ELF file asks for no program interpreter."""
    data = binary.read_bytes()[:4096]
    if data[:4] != b"\x7fELF" or data[4] != 2:
        return False
    at = int.from_bytes(data[PROGRAM_HEADERS_AT : PROGRAM_HEADERS_AT + 8], "little")
    size, count = (int.from_bytes(data[place : place + 2], "little") for place in (54, 56))
    kinds = (int.from_bytes(data[at + i * size : at + i * size + 4], "little") for i in range(count))
    return INTERPRETER not in kinds


def default_binary() -> Path:
    return Path(os.environ.get("FOPS_BINARY") or ROOT / "build/static/fops").resolve()


@dataclass
class Place:
    """quick: few runs. The scratch folder goes with `leave`, and so does the lab."""

    binary: Path
    quick: bool
    scratch: Path = field(init=False)
    environment: dict[str, str] = field(init=False)
    _facts: dict[str, Any] = field(init=False, default_factory=dict)
    _lab: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        build = ROOT / "build"
        build.mkdir(exist_ok=True)
        self.scratch = Path(tempfile.mkdtemp(prefix=".bench-", dir=build))
        home = self.scratch / "home"
        names = {"HOME": home, "XDG_CONFIG_HOME": home / "config", "XDG_CACHE_HOME": home / "cache",
                 "XDG_STATE_HOME": home / "state", "XDG_DATA_HOME": home / "data", "XDG_RUNTIME_DIR": home / "run"}
        for folder in names.values():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.environment = {name: str(folder) for name, folder in names.items()} | {
            "PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), "LANG": "C.UTF-8", "TERM": "dumb", "TZ": "UTC"}

    def runs(self, full: int, quick: int) -> int:
        return quick if self.quick else full

    def fops(self, *words: str, **more: Any) -> Command:
        return Command([str(self.binary), *words], self.environment, **more)

    def peer(self, program: str, *words: str, **more: Any) -> Command:
        return Command([find(program), *words], self.environment, **more)

    def forget_cache(self) -> None:
        shutil.rmtree(Path(self.environment["XDG_CACHE_HOME"]) / "fops", ignore_errors=True)

    def make_topology(self, name: str, files: int, assets: int, *words: str) -> Path:
        folder = self.scratch / name
        subprocess.run([sys.executable, ROOT / "tests/bench/make_topology.py", folder, str(files), str(assets), *words],
                       check=True, stdin=subprocess.DEVNULL)
        return folder

    def neighbour(self, name: str) -> dict[str, Any]:
        """The facts of a neighbour of the lab, which starts at the first use. errors Skipped with the lab's reason, Broken"""
        if name not in self._facts:
            try:
                self._facts[name] = self._start(name)
            except (Skipped, Broken) as reason:
                self._facts[name] = reason
        facts = self._facts[name]
        if isinstance(facts, Exception):
            raise facts
        return dict(facts)

    def _start(self, name: str) -> Any:
        self._lab = True
        done = self._run_lab("up", name)
        if done.returncode == 0:
            return json.loads((ROOT / "build/bench-lab/lab.json").read_text())["neighbours"][name]
        for line in done.stdout.splitlines():
            if line.startswith("skipped "):
                raise Skipped(line.removeprefix("skipped "))
        raise Broken(f"lab up {name}: {done.stderr.strip() or f'exit {done.returncode}'}")

    @staticmethod
    def _run_lab(*words: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"FOPS_LAB_DIR": str(ROOT / "build/bench-lab")}
        return subprocess.run([ROOT / "lab/lab", *words], env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=LAB_SECONDS, check=False)

    def leave(self) -> str | None:
        """Ends the lab and removes the scratch folder; what went wrong, if anything."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        if not self._lab:
            return None
        done = self._run_lab("down")
        return None if done.returncode == 0 else f"lab down: {done.stderr.strip()}"
