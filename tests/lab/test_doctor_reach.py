"""`doctor` on real machines and servers, side by side."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from conftest import Lab, Result, Runner
from lab_tools import asset, executor_endpoint, local_block, write_topology

pytestmark = [pytest.mark.static, pytest.mark.neighbours("lxc", "executor")]
SLOW_SECONDS = 4


def doctor(runner: Runner, *words: str | Path, **options: Any) -> Result:
    return runner("doctor", *words, "-o", "json", **options)


def rows(result: Result) -> dict[str, dict[str, Any]]:
    return {row["check"]: row for row in result.json()["items"]}


def test_the_lab_has_one_machine_that_does_not_run(operate: Runner) -> None:
    result = doctor(operate, "--context", "lab").check(12)
    found = rows(result)
    bad = {name: row for name, row in found.items() if row["state"] == "bad"}
    assert list(bad) == ["asset/parked-01"]
    assert (bad["asset/parked-01"]["code"], bad["asset/parked-01"]["found"]) == ("asset.down", "down: machine stopped, health none")
    for name in ("settings", "topology", "endpoint/langboard-executor", "tls/langboard-executor", "clock/langboard-executor",
                 "ca/langboard-executor", "programs/lxc-attach", "asset/daytona-01", "asset/langboard-01"):
        assert found[name]["state"] == "ok", found[name]
    assert found["programs/ssh"]["state"] == "skipped"
    assert result.json()["context"] == "lab"


@pytest.mark.neighbours("ssh")
def test_programs_follow_the_drivers(operate: Runner) -> None:
    found = rows(doctor(operate, "--context", "lab-ssh", "programs").check())
    assert found["programs/ssh"]["state"] == "ok"
    assert found["programs/lxc-attach"]["state"] == "skipped"


def test_certificates_and_credentials_are_told(operate: Runner) -> None:
    found = rows(doctor(operate, "--context", "lab-faults", "--only", "endpoint").check(12))
    assert found["endpoint/langboard-raw"]["state"] == "ok"
    for name in ("expired", "untrusted", "wrong-name"):
        row = found[f"endpoint/langboard-{name}"]
        assert (row["state"], row["code"]) == ("bad", "endpoint.down")
        assert row["cause"] and row["fix"]


def test_endpoints_and_assets_are_asked_at_the_same_time(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    """The answers of an endpoint and of an asset's executor are late; together they take no longer than one."""
    slow = {"path": "/slow", "query": {"ms": str(SLOW_SECONDS * 1000)}, "timeout": "20s"}
    endpoint = executor_endpoint(lab, lab["neighbours"]["executor"]["ports"]["server"], readiness=slow)
    place = write_topology(tmp_path / "topology", endpoint, asset("one", executorRef="lab-executor", health=slow, lxc=local_block(lab)))
    began = time.monotonic()
    found = rows(doctor(operate, "--topology", place, "endpoint", "asset").check())
    assert SLOW_SECONDS <= time.monotonic() - began < 2 * SLOW_SECONDS
    assert {name: row["state"] for name, row in found.items()} == {"endpoint/lab-executor": "ok", "asset/one": "ok"}
