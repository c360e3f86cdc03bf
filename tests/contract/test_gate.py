"""The static binary stays within its recorded page faults and processor time; the wall clock has no say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def static_binary() -> Path:
    """The tested binary if it is the static one, which is what the limits were recorded with."""
    binary = Path(os.environ.get("FOPS_BINARY") or ROOT / "build/static/fops").resolve()
    if not binary.exists():
        pytest.skip(f"{binary.name} is not built")
    headers = subprocess.run(["readelf", "--program-headers", "--wide", binary], capture_output=True, text=True, check=True)
    if "INTERP" in headers.stdout:
        pytest.skip("the limits are those of the static binary")
    return binary


def gate(binary: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, ROOT / "tests/bench/bench", "--gate"], env=os.environ | {"FOPS_BINARY": str(binary)},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=240, check=False)


def test_faults_and_processor_time_are_within_their_limits() -> None:
    done = gate(static_binary())
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    assert "faults" in done.stdout


def test_the_gate_notices_a_heavier_program(tmp_path: Path) -> None:
    """The same binary behind a shell costs more of both and must be refused."""
    binary = static_binary()
    heavier = tmp_path / "fops"
    heavier.write_text(f'#!/bin/sh\n"{binary}" "$@"\nexit $?\n')
    heavier.chmod(0o755)
    done = gate(heavier)
    assert done.returncode == 1, f"{done.stdout}{done.stderr}"
    assert "over: version: faults" in done.stdout
