"""What `check` must say of machines and executors that are well, ill, slow, missing or unreachable."""

from __future__ import annotations

import json
import signal
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from conftest import Lab, Result, Runner
from lab_tools import (
    Relay,
    Started,
    answering,
    asset,
    endpoint,
    error_code,
    error_part,
    executor_endpoint,
    local_block,
    read_head,
    serving,
    ssh_block,
    wait_for,
    wait_for_client,
    write_topology,
)

pytestmark = pytest.mark.neighbours("lxc")
HEALTH = {"method": "GET", "path": "/health", "expect": {"status": 200}}
WITH_POINTER = {"method": "GET", "path": "/health", "expect": {"status": 200, "pointer": "/status", "value": "ok"}}
# On top of the limit: what the program may take to notice and to print.
SLACK_SECONDS = 0.5


def check(runner: Runner, *words: str | Path, **options: Any) -> Result:
    return runner("runtime-assets", "check", *words, **options)


def rows(result: Result) -> dict[str, dict[str, Any]]:
    return {row["asset_id"]: row for row in result.json()["items"]}


def topology(tmp_path: Path, lab: Lab, url: str, health: dict[str, Any], **more: Any) -> Path:
    """One asset whose machine is well and whose executor is at this URL."""
    return write_topology(tmp_path / "topology", endpoint("it", url, **more),
                          asset("one", executorRef="it", health=health, lxc=local_block(lab)))


# --- the states --------------------------------------------------------------------------------------------------------

@pytest.mark.static
@pytest.mark.parametrize(("context", "driver"), [("lab", "lxc/local"), ("lab-ssh", "lxc/ssh")], ids=["lxc-local", "lxc-ssh"])
def test_every_asset_gets_a_row(operate: Runner, lab: Lab, context: str, driver: str) -> None:
    lab.need("ssh", "executor")
    result = check(operate, "--context", context, "--all", "-o", "json").check(12)
    found = rows(result)
    assert {name: (row["state"], row["machine"], row["health"]) for name, row in found.items()} == {
        "daytona-01": ("ok", "running", "none"),
        "daytona-01-a": ("ok", "running", "none"),
        "daytona-01-b": ("ok", "running", "none"),
        "gated-01": ("ok", "running", "ok"),
        "langboard-01": ("ok", "running", "ok"),
        "parked-01": ("down", "stopped", "none"),
    }
    for name, row in found.items():
        well = name != "parked-01"
        assert (row["latency_ms"] is not None) == well
        assert (row["cause"] is None, row["fix"] is None) == (well, well)
        assert row["driver"] == driver
    assert result.json()["partial"] is False
    assert result.stderr == b""


def test_a_good_verdict_is_0(operate: Runner, lab: Lab) -> None:
    lab.need("executor")
    assert rows(check(operate, "--role", "langboard_executor", "-o", "json").check())["langboard-01"]["state"] == "ok"
    check(operate, "--label", "room=board").check()


def test_ok_on_accepts_the_verdict(operate: Runner) -> None:
    result = check(operate, "--role", "parked_runtime", "--ok-on", "check-failed", "-o", "json").check()
    assert rows(result)["parked-01"]["state"] == "down"


@pytest.mark.parametrize(("health", "body", "status", "words"), [
    (WITH_POINTER, b'{"status":"sick"}', "200 OK", ("/status", "sick", "ok")),
    (WITH_POINTER, b'{"other":"ok"}', "200 OK", ("/status",)),
    (WITH_POINTER, b"no JSON at all", "200 OK", ("JSON",)),
    (WITH_POINTER, b'{"status":"ok"}', "418 Teapot", ("418",)),
    (HEALTH, b"", "503 Service Unavailable", ("503",)),
], ids=["value", "member-missing", "not-json", "status", "status-503"])
def test_a_broken_health_contract_is_degraded(operate: Runner, lab: Lab, tmp_path: Path, health: dict[str, Any], body: bytes,
                                              status: str, words: tuple[str, ...]) -> None:
    with serving(answering(body, status)) as server:
        place = topology(tmp_path, lab, f"http://127.0.0.1:{server.port}", health)
        row = rows(check(operate, "--topology", place, "--all", "-o", "json", "--retries", "0").check(12))["one"]
    assert (row["state"], row["machine"], row["health"]) == ("degraded", "running", "bad")
    assert all(word in row["cause"] for word in words), row["cause"]
    assert row["fix"]
    assert row["latency_ms"] is not None


@pytest.mark.static
def test_an_expected_status_and_value_are_ok(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    health = {"method": "GET", "path": "/deep", "expect": {"status": 204}}
    with serving(answering(b"", "204 No Content")) as server:
        check(operate, "--topology", topology(tmp_path, lab, f"http://127.0.0.1:{server.port}", health), "--all").check()
    health = {"method": "GET", "path": "/deep", "expect": {"status": 200, "pointer": "/a/1/b~1c", "value": "yes"}}
    with serving(answering(b'{"a":[0,{"b/c":"yes"}]}')) as server:
        check(operate, "--topology", topology(tmp_path / "second", lab, f"http://127.0.0.1:{server.port}", health), "--all").check()


def test_a_container_that_does_not_exist_is_down(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    place = write_topology(tmp_path / "topology", asset("one", lxc=local_block(lab, "nowhere")))
    row = rows(check(operate, "--topology", place, "--all", "-o", "json").check(12))["one"]
    assert (row["state"], row["machine"]) == ("down", "missing")
    assert "does not exist" in row["cause"]


@pytest.mark.neighbours("ssh")
def test_a_host_that_refuses_is_down(operate: Runner, lab: Lab) -> None:
    with Relay(lab["neighbours"]["ssh"]["relay"]).mode("refuse"):
        row = rows(check(operate, "--context", "lab-faults", "--role", "relay_runtime", "-o", "json").check(12))["relay-01"]
    assert (row["state"], row["machine"]) == ("down", "unreachable")
    assert "refuse" in row["cause"]


@pytest.mark.neighbours("executor")
@pytest.mark.parametrize(("role", "words"), [
    ("wrong_name_executor", "certificate is not for executor.lab.test"),
    ("expired_executor", "expired"),
    ("untrusted_executor", "issuer"),
], ids=["wrong-name", "expired", "untrusted"])
def test_a_bad_certificate_is_degraded(operate: Runner, role: str, words: str) -> None:
    row = next(iter(rows(check(operate, "--context", "lab-faults", "--role", role, "-o", "json").check(12)).values()))
    assert (row["state"], row["health"]) == ("degraded", "bad")
    assert words in row["cause"]


@pytest.mark.neighbours("executor")
def test_a_missing_secret_is_unknown_and_names_the_variable(operate: Runner) -> None:
    result = check(operate, "--role", "langboard_executor", "-o", "json", env={"FOPS_LAB_EXECUTOR_TOKEN": None}).check(12)
    row = rows(result)["langboard-01"]
    assert (row["state"], row["machine"], row["health"]) == ("unknown", "running", "unknown")
    assert "FOPS_LAB_EXECUTOR_TOKEN" in row["cause"]
    assert "FOPS_LAB_EXECUTOR_TOKEN" in row["fix"]


def test_a_slow_executor_is_degraded_by_its_own_limit(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    with serving(wait_for_client) as server:
        place = topology(tmp_path, lab, f"http://127.0.0.1:{server.port}", HEALTH | {"timeout": "300ms"})
        begun = time.monotonic()
        row = rows(check(operate, "--topology", place, "--all", "-o", "json").check(12))["one"]
    assert time.monotonic() - begun < 5
    assert (row["state"], row["health"]) == ("degraded", "bad")
    assert "health.timeout" in row["fix"]


# --- one deadline ------------------------------------------------------------------------------------------------------

@pytest.mark.static
def test_all_are_asked_at_once_under_one_deadline(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    with serving(wait_for_client) as server:
        documents = []
        for i in range(20):
            documents.append(endpoint(f"e{i}", f"http://127.0.0.1:{server.port}"))
            documents.append(asset(f"a{i}", executorRef=f"e{i}", health=HEALTH, lxc=local_block(lab)))
        place = write_topology(tmp_path / "topology", *documents)
        begun = time.monotonic()
        result = check(operate, "--topology", place, "--all", "-o", "json", "--timeout", "1s").check(12)
        took = time.monotonic() - begun
        assert server.accepted == 20
    assert 1 <= took < 1 + SLACK_SECONDS
    found = rows(result)
    assert len(found) == 20
    assert {row["state"] for row in found.values()} == {"unknown"}
    assert all(row["cause"] and row["fix"] for row in found.values())


def test_many_slow_executors_take_as_long_as_one(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    def slow(link: socket.socket) -> None:
        while read_head(link):
            time.sleep(0.5)  # the server's own slowness, which is what is tested
            link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with serving(slow) as server:
        documents = [endpoint("it", f"http://127.0.0.1:{server.port}")]
        documents += [asset(f"a{i:02}", executorRef="it", health=HEALTH, lxc=local_block(lab)) for i in range(40)]
        begun = time.monotonic()
        found = rows(check(operate, "--topology", write_topology(tmp_path / "topology", *documents), "--all", "-o", "json").check())
        took = time.monotonic() - begun
    assert {row["state"] for row in found.values()} == {"ok"}
    assert all(row["latency_ms"] >= 450 for row in found.values())
    assert took < 40 * 0.5 / 4


def test_a_machine_is_looked_at_once(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    """Two hundred assets on one container: a look at each would take many times as long."""
    documents = [asset(f"a{i:03}", lxc=local_block(lab)) for i in range(200)]
    found = rows(check(operate, "--topology", write_topology(tmp_path / "topology", *documents), "--all", "-o", "json", "--timeout", "5s").check())
    assert len({row["latency_ms"] for row in found.values()}) == 1


@pytest.mark.neighbours("ssh")
def test_a_silent_host_is_unknown_at_the_deadline(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    with serving(wait_for_client) as server:
        place = write_topology(tmp_path / "topology", asset("far", lxc=ssh_block(lab, port=server.port)), asset("near", lxc=local_block(lab)))
        begun = time.monotonic()
        found = rows(check(operate, "--topology", place, "--all", "-o", "json", "--timeout", "2s").check(12))
    assert time.monotonic() - begun < 2 + SLACK_SECONDS
    assert (found["far"]["state"], found["near"]["state"]) == ("unknown", "ok")


# --- waiting -----------------------------------------------------------------------------------------------------------

class Recovering:
    """Answers 503 until it was asked a number of times."""

    def __init__(self, failures: int) -> None:
        self.left = failures

    def __call__(self, link: socket.socket) -> None:
        while read_head(link):
            status = "200 OK" if self.left <= 0 else "503 Service Unavailable"
            self.left -= 1
            link.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())


@pytest.mark.static
def test_wait_ends_when_all_are_ok(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    with serving(Recovering(3)) as server:
        place = topology(tmp_path, lab, f"http://127.0.0.1:{server.port}", HEALTH)
        result = check(operate, "--topology", place, "--all", "--wait", "-o", "json", "--retries", "0", "--timeout", "30s").check()
    assert rows(result)["one"]["state"] == "ok"
    assert result.json()["partial"] is False


@pytest.mark.static
def test_wait_gives_up_at_the_limit_with_a_partial_document(operate: Runner) -> None:
    begun = time.monotonic()
    result = check(operate, "--label", "room=workspace", "--wait=ok", "-o", "json", "--timeout", "1s").check(124)
    assert 1 <= time.monotonic() - begun < 1 + SLACK_SECONDS
    document = result.json()
    assert document["partial"] is True
    assert {row["asset_id"]: row["state"] for row in document["items"]} == {
        "daytona-01": "ok", "daytona-01-a": "ok", "daytona-01-b": "ok", "parked-01": "down"}
    failure = json.loads(result.err.splitlines()[-1])
    assert (failure["code"], failure["exit"]) == ("timeout", 124)


def test_wait_gives_up_in_words(operate: Runner) -> None:
    result = check(operate, "--role", "parked_runtime", "--wait", "--timeout", "800ms").check(124)
    assert error_code(result.err) == "timeout"
    assert error_part(result.err, "cause") == "parked-01 (down)"
    assert "parked-01" in result.out


@pytest.mark.static
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"])
def test_a_signal_ends_the_waiting_with_a_partial_document(operate: Runner, lab: Lab, tmp_path: Path, number: int, code: int) -> None:
    server = Recovering(1_000_000)
    with serving(server) as listener:
        place = topology(tmp_path, lab, f"http://127.0.0.1:{listener.port}", HEALTH)
        words = ("runtime-assets", "check", "--topology", place, "--all", "--wait", "-o", "json", "--retries", "0")
        with Started(operate, *words) as run:
            wait_for(lambda: server.left < 999_999, "a second round", 20)
            run.signal(number)
            assert run.end(5) == code
        document = json.loads(run.out.all())
    assert document["partial"] is True
    assert [row["asset_id"] for row in document["items"]] == ["one"]


def test_a_signal_ends_a_check_that_hangs(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    with serving(wait_for_client) as server:
        place = topology(tmp_path, lab, f"http://127.0.0.1:{server.port}", HEALTH)
        with Started(operate, "runtime-assets", "check", "--topology", place, "--all", "-o", "json") as run:
            wait_for(lambda: server.accepted, "request")
            run.signal(signal.SIGINT)
            assert run.end(5) == 130
        document = json.loads(run.out.all())
    assert document["partial"] is True
    assert document["items"][0]["state"] == "unknown"


# --- text of others ----------------------------------------------------------------------------------------------------

def test_what_a_server_says_cannot_steer_a_terminal(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    body = json.dumps({"status": "\x1b]0;title\x07\x1b[2J\u009b31m"}).encode()
    with serving(answering(body, "200 OK")) as server:
        place = topology(tmp_path, lab, f"http://127.0.0.1:{server.port}", WITH_POINTER)
        for form in ("table", "wide", "tsv", "compact"):
            result = check(operate, "--topology", place, "--all", "-o", form).check(12)
            assert "\x1b" not in result.out and "\x9b" not in result.out and "\x07" not in result.out
        assert "title" in rows(check(operate, "--topology", place, "--all", "-o", "json").check(12))["one"]["cause"]


@pytest.mark.neighbours("executor")
def test_the_authority_of_a_contract_is_the_only_one(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    port = lab["neighbours"]["executor"]["ports"]["server"]
    for tls, state in ((None, "ok"), ({"serverName": "executor.lab.test"}, "degraded")):
        documents = executor_endpoint(lab, port) if tls is None else executor_endpoint(lab, port, tls=tls)
        place = write_topology(tmp_path / state, documents, asset("one", executorRef="lab-executor", health=HEALTH, lxc=local_block(lab)))
        result = check(operate, "--topology", place, "--all", "-o", "json")
        assert rows(result)["one"]["state"] == state
