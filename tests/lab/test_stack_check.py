"""Stacks that are checked as a whole: real metrics, thresholds, and one cause for all that stands on it."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from conftest import Lab, Result, Runner
from lab_tools import answering, asset, endpoint, local_block, read_head, serving, wait_for, wait_for_client, write_topology

pytestmark = pytest.mark.neighbours("prometheus")

USED = "100 * lab_volume_used_bytes / lab_volume_size_bytes"
HEALTHY = answering(b"ok", "200 OK")
# What the exporter of the lab says of the fullest of its three volumes.
FULLEST = 97
VOLUMES = 3


def stack(name: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "fractalops/v1", "kind": "Stack", "spec": {"name": name, **spec}}


def new_stack(name: str, **spec: Any) -> dict[str, Any]:
    return stack(name, ownership="execution-substrate", ownershipClass="a test", primaryOperation="do_nothing", **spec)


def metric(**spec: Any) -> dict[str, Any]:
    return {"name": "storage-used", "endpoint": "prometheus", "query": USED, "unit": "percent", **spec}


def plain(name: str, port: int, **spec: Any) -> dict[str, Any]:
    return endpoint(name, f"http://127.0.0.1:{port}", **{"health": {"path": "/health"}, **spec})


@pytest.fixture
def prometheus(lab: Lab) -> dict[str, Any]:
    return endpoint("prometheus", f"http://127.0.0.1:{lab['neighbours']['prometheus']['port']}", plane="prometheus",
                    health={"preset": "prometheus"})  # fmt: skip


def check(runner: Runner, topology: Path, *words: str, **options: Any) -> Result:
    return runner("--topology", topology, "stacks", "check", *words, **options)


def rows(result: Result) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in result.json()["items"]}


@pytest.mark.static
def test_the_stack_of_the_lab_shows_storage_pressure(operate: Runner) -> None:
    found = rows(operate("stacks", "check", "runtime-storage", "-o", "json").check())["runtime-storage"]
    assert (found["state"], found["endpoints"], found["drift"]) == ("ok", "1/1", 0)
    assert found["metrics"] == f"storage-used {FULLEST} percent"
    assert [(member["kind"], member["name"], member["state"]) for member in found["members"]] == [
        ("endpoint", "lab-prometheus", "ok"), ("metric", "storage-used", "ok"),
    ]  # fmt: skip


@pytest.mark.parametrize(("spec", "state", "code"), [
    ({"warn": 98, "fail": 99}, "ok", 0),
    ({}, "ok", 0),
    ({"warn": 97}, "degraded", 12),
    ({"warn": 80, "fail": 97.5}, "degraded", 12),
    ({"warn": 80, "fail": 95}, "down", 12),
    ({"direction": "below", "warn": 41, "fail": 40}, "ok", 0),
    ({"direction": "below", "warn": 50, "fail": 42}, "down", 12),
    ({"query": "no_such_metric"}, "unknown", 12),
    ({"query": "0 / 0"}, "unknown", 12),
    ({"query": "up{"}, "unknown", 12),
    ({"query": '"text"'}, "unknown", 12),
])  # fmt: skip
def test_thresholds_decide(operate: Runner, tmp_path: Path, prometheus: dict[str, Any], spec: dict[str, Any], state: str, code: int) -> None:
    topology = write_topology(tmp_path / "contracts", prometheus, stack("runtime-storage", metrics=[metric(**spec)]))
    found = rows(check(operate, topology, "runtime-storage", "-o", "json").check(code))["runtime-storage"]
    assert found["state"] == state, found
    assert (found["cause"] is None) == (code == 0) and (found["fix"] is None) == (code == 0)


def test_the_fix_of_a_threshold_is_a_command_that_works(operate: Runner, tmp_path: Path, prometheus: dict[str, Any]) -> None:
    topology = write_topology(tmp_path / "contracts", prometheus, stack("runtime-storage", metrics=[metric(fail=95)]))
    found = rows(check(operate, topology, "-o", "json").check(12))["runtime-storage"]
    assert found["cause"] == f"metric storage-used is down: {FULLEST} percent, and the limit begins at 95"
    words = found["fix"].removeprefix("fops ").split("'")
    assert words[1] == USED
    done = operate("--topology", topology, *words[0].split(), words[1], "-o", "json").check()
    assert len(done.json()["items"]) == VOLUMES


def test_standin_mimir_is_asked_for_the_tenant_of_the_metric(operate: Runner, tmp_path: Path, lab: Lab) -> None:
    mimir = endpoint("prometheus", f"http://127.0.0.1:{lab['neighbours']['prometheus']['mimir']}/prometheus", plane="mimir")
    topology = write_topology(tmp_path / "contracts", mimir, stack("runtime-storage", metrics=[metric(tenant="platform")]))
    check(operate, topology, "runtime-storage").check(0)
    topology = write_topology(tmp_path / "without", mimir, stack("runtime-storage", metrics=[metric()]))
    found = rows(check(operate, topology, "runtime-storage", "-o", "json").check(12))["runtime-storage"]
    assert found["state"] == "unknown" and "no org id" in found["cause"] and "tenant" in found["fix"]


def test_a_stack_that_is_down_because_of_another_says_so_once(operate: Runner, tmp_path: Path) -> None:
    with serving(HEALTHY) as server:
        topology = write_topology(
            tmp_path / "contracts",
            plain("good", server.port), plain("bad", 1), plain("worse", 1),
            stack("openbao-secret-delivery", endpoints=["bad"]),
            stack("langboard", endpoints=["worse", "good"], dependsOn=["openbao-secret-delivery"]),
            stack("daytona", endpoints=["worse"], dependsOn=["langboard"]),
            stack("kafka", endpoints=["good"], dependsOn=["openbao-secret-delivery"]),
            stack("datahub", endpoints=["worse"], dependsOn=["kafka"]),
        )  # fmt: skip
        done = check(operate, topology, "--retries", "0", "-o", "json").check(12)
    found = rows(done)
    assert found["openbao-secret-delivery"]["state"] == "down"
    assert "endpoint bad is down" in found["openbao-secret-delivery"]["cause"]
    for name in ("langboard", "daytona"):
        assert found[name]["state"] == "blocked"
        assert found[name]["cause"] == "because stack openbao-secret-delivery is down"
        assert found[name]["because"] == ["openbao-secret-delivery"]
    assert found["kafka"]["state"] == "ok", "it works although what it depends on is down"
    assert found["datahub"]["state"] == "down", "what it depends on works"
    order = [row["name"] for row in done.json()["items"]]
    assert order[:5] == ["openbao-secret-delivery", "datahub", "langboard", "daytona", "kafka"]
    assert sum("127.0.0.1:1" in (row["cause"] or "") for row in found.values()) == 2


def test_causes_are_found_beyond_the_stacks_that_are_named(operate: Runner, tmp_path: Path) -> None:
    topology = write_topology(
        tmp_path / "contracts", plain("bad", 1),
        stack("openbao-secret-delivery", endpoints=["bad"]),
        new_stack("between", dependsOn=["openbao-secret-delivery"]),
        stack("langboard", endpoints=["bad"], dependsOn=["between"]),
    )  # fmt: skip
    done = check(operate, topology, "langboard", "--retries", "0", "-o", "json").check(12)
    assert [row["name"] for row in done.json()["items"]] == ["langboard"]
    assert rows(done)["langboard"]["because"] == ["openbao-secret-delivery"]


def test_each_endpoint_is_asked_once_and_all_at_once(operate: Runner, tmp_path: Path) -> None:
    """Nine stacks share three slow endpoints: the whole takes as long as one of them."""
    asked: list[str] = []

    def slow(link: Any) -> None:
        asked.append(read_head(link).decode().split()[1])
        time.sleep(0.5)
        link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")

    with serving(slow) as server:
        documents = [plain(f"slow-{i}", server.port, health={"path": f"/health/{i}"}) for i in range(3)]
        documents += [new_stack(f"stack-{i}", endpoints=["slow-0", "slow-1", "slow-2"]) for i in range(9)]
        topology = write_topology(tmp_path / "contracts", *documents)
        started = time.monotonic()
        done = check(operate, topology, "-o", "json").check(0)
        took = time.monotonic() - started
    assert sorted(asked) == ["/health/0", "/health/1", "/health/2"]
    assert took < 1.4, took
    assert sum(row["state"] == "ok" and row["endpoints"] == "3/3" for row in rows(done).values()) == 9


def test_what_the_limit_cuts_is_unknown(operate: Runner, tmp_path: Path, prometheus: dict[str, Any]) -> None:
    with serving(wait_for_client) as server:
        topology = write_topology(
            tmp_path / "contracts", prometheus, plain("silent", server.port),
            endpoint("deaf", f"http://127.0.0.1:{server.port}", plane="prometheus"),
            stack("langboard", endpoints=["silent"]), stack("kafka", endpoints=["prometheus"]),
            stack("runtime-storage", metrics=[metric(endpoint="deaf")]),
        )  # fmt: skip
        started = time.monotonic()
        found = rows(check(operate, topology, "--timeout", "1s", "-o", "json").check(12))
        assert time.monotonic() - started < 2
    assert (found["langboard"]["state"], found["runtime-storage"]["state"], found["kafka"]["state"]) == ("unknown", "unknown", "ok")
    for name in ("langboard", "runtime-storage"):
        assert any(part in found[name]["cause"] for part in ("within", "limit")), found[name]
        assert found[name]["drift"] == 0


def test_ctrl_c_leaves_what_was_seen(operate: Runner, tmp_path: Path, prometheus: dict[str, Any]) -> None:
    with serving(wait_for_client) as server:
        topology = write_topology(tmp_path / "contracts", prometheus, plain("silent", server.port),
                                  stack("langboard", endpoints=["silent"]), stack("kafka", endpoints=["prometheus"]))  # fmt: skip
        process = operate.command("--topology", topology, "stacks", "check", "-o", "json", stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
        wait_for(lambda: server.accepted, "visit")
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
    assert process.returncode == 130 and b"[interrupted]" in err or b'"interrupted"' in err
    document = json.loads(out)
    assert document["partial"] is True
    states = {row["name"]: row["state"] for row in document["items"]}
    assert (states["langboard"], states["kafka"]) == ("unknown", "ok")


def test_wait_ends_when_all_is_well(operate: Runner, tmp_path: Path) -> None:
    visits: list[float] = []

    def later(link: Any) -> None:
        visits.append(time.monotonic())
        answering(b"ok", "200 OK" if len(visits) > 2 else "503 Service Unavailable", "Connection: close")(link)

    with serving(later) as server:
        topology = write_topology(tmp_path / "contracts", plain("late", server.port), stack("langboard", endpoints=["late"]))
        done = check(operate, topology, "langboard", "--wait", "--retries", "0", "--timeout", "20s", "-o", "json").check(0)
    assert rows(done)["langboard"]["state"] == "ok"
    assert len(visits) == 3


def test_wait_says_what_was_missing(operate: Runner, tmp_path: Path) -> None:
    topology = write_topology(tmp_path / "contracts", plain("bad", 1), stack("langboard", endpoints=["bad"]))
    done = check(operate, topology, "--wait", "--timeout", "1500ms", "--retries", "0").check(124)
    assert "[timeout]" in done.err and "langboard (down)" in done.err
    assert "langboard\tdown" in done.out


def test_list_live_shows_verdicts_and_drift(operate: Runner, tmp_path: Path, prometheus: dict[str, Any]) -> None:
    topology = write_topology(
        tmp_path / "contracts", prometheus, plain("bad", 1),
        stack("runtime-storage", endpoints=["prometheus"], metrics=[metric(fail=95)]),
        stack("langboard", endpoints=["bad"]), stack("kafka", endpoints=["prometheus"]),
    )  # fmt: skip
    done = operate("--topology", topology, "stacks", "list", "--live", "--compact", "--retries", "0").check(0)
    lines = {line.split("\t")[0]: line.split("\t")[1:] for line in done.out.splitlines()}
    assert len(lines) == 19 and list(lines) == sorted(lines)
    assert lines["runtime-storage"] == ["down", "1"] and lines["langboard"] == ["down", "1"]
    assert lines["kafka"] == ["ok", "0"] and lines["argocd"] == ["unbound", "-"]
    assert len(done.stdout) <= 1024


@pytest.mark.neighbours("lxc")
def test_assets_count_as_well(operate: Runner, tmp_path: Path, lab: Lab) -> None:
    topology = write_topology(
        tmp_path / "contracts",
        asset("up-01", lxc=local_block(lab, "daytona")), asset("parked-01", lxc=local_block(lab, "parked")),
        stack("daytona", assets=["up-01"]), stack("langboard", assets=["up-01", "parked-01"]),
    )  # fmt: skip
    found = rows(check(operate, topology, "-o", "json").check(12))
    assert (found["daytona"]["state"], found["daytona"]["assets"]) == ("ok", "1/1")
    assert (found["langboard"]["state"], found["langboard"]["assets"]) == ("down", "1/2")
    assert "asset parked-01 is down" in found["langboard"]["cause"]
