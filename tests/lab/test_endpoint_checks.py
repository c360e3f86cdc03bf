"""What `endpoints check` and its watch say of real servers: certificates, credentials, links that break and mend."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from conftest import Lab, Result, Runner
from lab_tools import Relay, Started, executor_endpoint, wait_for, write_topology

pytestmark = [pytest.mark.static, pytest.mark.neighbours("executor")]
# The routes that let nobody in without the token.
GUARDED = {"path": "/whoami"}
OPEN = {"path": "/health", "expect": {"status": 200}}


def check(runner: Runner, *words: str | Path, **options: Any) -> Result:
    return runner("endpoints", "check", *words, "-o", "json", **options)


def rows(result: Result) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in result.json()["items"]}


def facts(row: dict[str, Any]) -> tuple[str, str, str, str]:
    return row["state"], row["reached"], row["authorised"], row["ready"]


def test_a_server_that_is_well(operate: Runner) -> None:
    row = rows(check(operate, "--context", "lab").check())["langboard-executor"]
    assert facts(row) == ("ok", "yes", "yes", "yes")
    assert 0 < row["tls_days"] < 366
    assert row["tls_expires"].endswith("Z")
    assert abs(row["clock_skew_ms"]) <= 2000
    assert row["latency_ms"] is not None


def test_certificates_that_must_be_refused(operate: Runner) -> None:
    found = rows(check(operate, "--context", "lab-faults").check(12))
    for name, cause in (("expired", "expired"), ("untrusted", "issuer"), ("wrong-name", "is not for")):
        row = found[f"langboard-{name}"]
        assert facts(row)[:2] == ("down", "no")
        assert cause in row["cause"]
        assert row["fix"]


@pytest.mark.parametrize(("token", "authorised"), [(None, "yes"), ("wrong", "no")])
def test_a_credential_that_is_taken_or_not(operate: Runner, lab: Lab, tmp_path: Path, token: str | None, authorised: str) -> None:
    port = lab["neighbours"]["executor"]["ports"]["server"]
    place = write_topology(tmp_path / "topology", executor_endpoint(lab, port, liveness=OPEN, readiness=GUARDED))
    environment = {} if token is None else {"FOPS_LAB_EXECUTOR_TOKEN": token}
    result = check(operate, "--topology", place, env=environment).check(0 if token is None else 12)
    row = rows(result)["lab-executor"]
    assert row["reached"] == "yes"
    assert row["authorised"] == authorised
    assert row["state"] == ("ok" if token is None else row["state"]) and (row["state"] == "ok") == (token is None)
    if token is not None:
        assert token not in result.out + result.err


def test_a_watch_sees_the_link_break_and_mend(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    facts_of = lab["neighbours"]["executor"]
    relay = Relay(facts_of["relay"])
    place = write_topology(tmp_path / "topology", executor_endpoint(lab, facts_of["relay"]["port"], health=OPEN))
    words = ["--topology", place, "--retries", "0", "endpoints", "check", "--watch=200ms"]
    with Started(operate, *words) as run:

        def states() -> list[str]:
            lines = bytes(run.out.content).splitlines(keepends=True)
            told = [json.loads(line) for line in lines if line.endswith(b"\n")]
            return [event["item"]["state"] for event in told if event["type"] == "item"]

        wait_for(lambda: states() == ["ok"], "first state")
        with relay.mode("refuse"):
            relay.tell("drop")
            wait_for(lambda: states()[1:2] == ["down"], "event of the broken link")
        wait_for(lambda: states()[-1] == "ok" and len(states()) >= 3, "event of the mended link")
        run.signal(signal.SIGINT)
        assert run.end() == 130


@pytest.mark.neighbours("health")
def test_a_watch_of_all_standins_leaves_no_connections_behind(operate: Runner) -> None:
    """Each product is asked in its own way, and no way may hold more in each round."""
    with Started(operate, "--context", "lab-health", "-v", "endpoints", "check", "--watch=100ms") as run:

        def rounds() -> int:
            return bytes(run.err.content).count(b"/mcp")

        def descriptors() -> int:
            return len(list(Path(f"/proc/{run.process.pid}/fd").iterdir()))

        wait_for(lambda: rounds() > 10, "first rounds", 60)
        began = descriptors()
        wait_for(lambda: rounds() > 60, "more rounds", 60)
        assert descriptors() <= began + 10
        run.signal(signal.SIGINT)
        assert run.end() == 130


def test_show_tells_references_and_no_values(operate: Runner, lab: Lab) -> None:
    result = operate("--context", "lab", "endpoints", "show", "langboard-executor", "-o", "json").check()
    record = result.json()
    assert record["auth"]["secret_ref"] == "env://FOPS_LAB_EXECUTOR_TOKEN"
    assert lab.environment["FOPS_LAB_EXECUTOR_TOKEN"] not in result.out
    assert record["tls"]["authorities"] == 1
    assert record["readiness"]["path"] == "/health"
    assert "langboard-01" in record["used_by"]
