"""Starts a fault proxy as a process of a neighbour, and speaks to its control port."""

from __future__ import annotations

import json
import socket
import sys
from typing import Any

from fopslab.process import reap, spawn, wait_until
from fopslab.state import PROJECT_ROOT, Facts, Lab, StartFailed

START_SECONDS = 10.0


def python_environment() -> dict[str, str]:
    """What a Python process of the lab needs to find this package without writing into the source tree."""
    environment = {"PYTHONPATH": str(PROJECT_ROOT / "lab"), "PYTHONUNBUFFERED": "1"}
    if sys.pycache_prefix:
        environment["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
    return environment


def start_reporting(lab: Lab, neighbour: str, name: str, words: list[str]) -> Facts:
    """Starts a Python module of the lab that writes its ports into the file of --report; returns what it wrote."""
    report = lab.folder("run") / f"{neighbour}.{name}.ports"
    report.unlink(missing_ok=True)
    process = spawn(lab, neighbour, name, [sys.executable, "-m", *words, "--report", str(report)], python_environment())
    wait_until(lambda: report.exists() or reap(process), START_SECONDS, f"the {name} of {neighbour}")
    if not report.exists():
        raise StartFailed(f"the {name} of {neighbour} ended at once; see {lab.log / f'{neighbour}.{name}.log'}")
    facts: Facts = json.loads(report.read_text())
    return facts


def start_relay(lab: Lab, neighbour: str, target: int, name: str = "relay") -> Facts:
    """Starts a relay in mode pass; returns its port and its control port."""
    words = ["fopslab.faultproxy", "--listen", "0", "--to", str(target), "--mode", "pass", "--control", "0"]
    return start_reporting(lab, neighbour, name, words)


def ask_relay(control: int, line: str, seconds: float = 5.0) -> dict[str, Any]:
    """Sends one line to a control port and returns the answer, for example ask_relay(port, "mode reset")."""
    with socket.create_connection(("127.0.0.1", control), timeout=seconds) as connection:
        connection.sendall(f"{line}\n".encode())
        answer: dict[str, Any] = json.loads(connection.makefile().readline())
        return answer


def relay_ready(facts: Facts) -> bool:
    try:
        return "mode" in ask_relay(facts["control"], "status")
    except (OSError, ValueError):
        return False
