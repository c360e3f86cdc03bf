"""A guest of the stand-in cluster that cannot be used: check and run name the task that holds it or broke it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from conftest import Lab, Result, Runner
from lab_tools import Relay, error_code, error_part

pytestmark = pytest.mark.neighbours("lxc", "proxmox")
CONTEXT = "lab-proxmox"
NODE = "GET /nodes/pve1"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


@pytest.fixture
def cluster(lab: Lab) -> Iterator[Relay]:
    """The stand-in's switches, all back at their beginning afterwards."""
    cluster = Relay(lab["neighbours"]["proxmox"])
    cluster.tell("reset")
    yield cluster
    cluster.tell("reset")


def task_calls(cluster: Relay) -> dict[str, int]:
    """How often which part of the tasks was asked for."""
    found: dict[str, int] = {}
    for call, count in cluster.tell("status")["calls"].items():
        _, tasks, rest = call.partition("/tasks")
        if tasks:
            part = rest.rpartition("/")[2] or "list"
            found[part] = found.get(part, 0) + count
    return found


def run(runner: Runner, role: str, *options: str) -> Result:
    return runner("--context", CONTEXT, *options, "runtime-assets", "run", "--role", role, "--", "true")


def refusal(runner: Runner, role: str, code: str = "asset.not-running") -> tuple[str, str]:
    """Cause and fix of a run that did not start."""
    result = run(runner, role).check(125)
    assert error_code(result.err) == code
    assert error_part(result.err, "effect") == "nothing ran"
    assert result.stdout == b""
    return error_part(result.err, "cause"), error_part(result.err, "fix")


def verdict(runner: Runner, role: str, exit_status: int = 12, *options: str) -> dict[str, Any]:
    result = runner("--context", CONTEXT, "runtime-assets", "check", "--role", role, "-o", "json", *options)
    rows = json.loads(result.check(exit_status).stdout)["items"]
    assert len(rows) == 1
    return dict(rows[0])


# --- what is said ------------------------------------------------------------------------------------------------------

SAID = {
    "locked_runtime": ("stopped", rf"; it is locked \(backup\); its task vzdump of root@pam runs since {TIME}", "Wait until that task has ended"),
    "broken_runtime": ("stopped", rf"; its task vzstart of root@pam failed at {TIME}: startup for container '110' failed"
                                  r" \(log: run_buffer: 571 Script exited with status 2\)", "start it on its node: pct start 110"),
    "parked_agent_runtime": ("stopped", rf"; its task qmstart of fops@pve!lab failed at {TIME}: start failed: org.freedesktop", "qm start 202"),
    "locked_agent_runtime": ("refused", rf"; it is locked \(snapshot\); its task qmsnapshot of root@pam runs since {TIME}", "Wait until that task has ended"),
}


@pytest.mark.parametrize("role", SAID)
def test_standin_check_names_the_task(operate: Runner, cluster: Relay, role: str) -> None:
    machine, cause, fix = SAID[role]
    row = verdict(operate, role)
    assert (row["state"], row["machine"]) == ("down", machine)
    assert re.search(f"{cause}$", row["cause"]), row["cause"]
    assert fix in row["fix"]


@pytest.mark.parametrize("role", SAID)
def test_standin_run_names_the_task(operate: Runner, cluster: Relay, role: str) -> None:
    machine, wanted, wanted_fix = SAID[role]
    cause, fix = refusal(operate, role, "plane.unavailable" if machine == "refused" else "asset.not-running")
    assert re.search(f"{wanted}$", cause), cause
    assert wanted_fix in fix


def test_standin_a_guest_that_moved_to_an_unnamed_node(operate: Runner, cluster: Relay) -> None:
    cause, _ = refusal(operate, "moved_runtime", "contract.invalid")
    assert re.search(rf"lxc\.proxmox\.nodes; its task vzmigrate of root@pam ended well at {TIME}$", cause), cause


@pytest.mark.parametrize(("role", "vmid", "task"), [("daytona_runtime", 101, "vzmigrate"), ("agent_runtime", 201, "qmdestroy")])
def test_standin_a_guest_that_its_node_has_no_more(operate: Runner, cluster: Relay, role: str, vmid: int, task: str) -> None:
    cluster.tell("stale on")
    cluster.tell(f"guest {vmid} gone")
    cluster.tell(f"task {task} {vmid} root@pam OK")
    cluster.tell(f"task vzstart {vmid} root@pam a failure of another kind")
    wanted = rf"does not exist; its task {task} of root@pam ended well at {TIME}$"
    row = verdict(operate, role)
    assert row["machine"] == "missing"
    assert re.search(wanted, row["cause"]), row["cause"]
    assert re.search(wanted, refusal(operate, role, "plane.unavailable")[0])


def test_standin_warnings_are_success(operate: Runner, cluster: Relay) -> None:
    """A newer backup with warnings is passed over for the failed start, and a start with warnings settles that one."""
    assert "failed at" in verdict(operate, "broken_runtime")["cause"]
    cluster.tell("task vzstart 110 root@pam WARNINGS: 1")
    assert verdict(operate, "broken_runtime")["cause"] == "its guest is stopped"
    assert refusal(operate, "broken_runtime")[0] == "its guest does not run"
    cluster.tell("task vzshutdown 103 root@pam WARNINGS: 1")
    row = verdict(operate, "parked_runtime")
    assert "vzshutdown of root@pam ended well" in row["cause"]
    assert row["fix"] == "Start it again on its node when that was not meant: pct start 103"


def test_standin_a_backup_of_several_guests(operate: Runner, cluster: Relay) -> None:
    cluster.tell("guest 103 lock=backup")
    cluster.tell("task vzdump - root@pam running")
    assert re.search(rf"locked \(backup\); a job over several guests, vzdump of root@pam runs since {TIME}$", refusal(operate, "parked_runtime")[0])


@pytest.mark.parametrize(("lock", "fix"), [
    ("backup", "unlock it on its node: pct unlock 103"), ("suspended", "pct start 103"), ("mounted", "pct unmount 103"),
])
def test_standin_a_lock_that_a_dead_task_left(operate: Runner, cluster: Relay, lock: str, fix: str) -> None:
    """The list still says that it runs; its state says better."""
    cluster.tell(f"guest 103 lock={lock}")
    cluster.tell("task vzdump 103 root@pam crashed")
    cause, said = refusal(operate, "parked_runtime")
    assert re.search(rf"locked \({lock}\); its task vzdump of root@pam failed after it began at {TIME}: unexpected status \(log: INFO: at work\)$", cause), cause
    assert fix in said


# --- what cannot be read -----------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("fault", "said"), [("tasks 403", "Sys.Audit"), ("tasks 500", "Permission check failed")])
@pytest.mark.parametrize(("role", "code"), [("broken_runtime", "asset.not-running"), ("parked_agent_runtime", "asset.not-running")])
def test_standin_a_refused_read_hides_nothing(operate: Runner, cluster: Relay, fault: str, said: str, role: str, code: str) -> None:
    cluster.tell(f"fault {fault}")
    assert refusal(operate, role, code)[0] == "its guest does not run"
    assert verdict(operate, role)["cause"] == "its guest is stopped"
    told = run(operate, role, "-v").check(125).err
    assert re.search(rf"^fops: tasks of guest \d+ on pve1 were not read: .*{said}", told, re.MULTILINE), told


def test_standin_a_token_without_audit_sees_no_task(operate: Runner, cluster: Relay) -> None:
    assert refusal(operate, "reader_broken_runtime")[0] == "its guest does not run"
    assert "no task explains guest 110; a token sees the tasks of others with Sys.Audit alone" in run(operate, "reader_broken_runtime", "-v").err
    cluster.tell("guest 110 lock=backup")
    cause, fix = refusal(operate, "reader_broken_runtime")
    assert cause == "its guest does not run; it is locked (backup)"
    assert fix == "When no task works on it any more, unlock it on its node: pct unlock 110"


def test_standin_slow_tasks_hold_nobody_up(operate: Runner, cluster: Relay) -> None:
    cluster.tell("fault tasks-ms 60000")
    begun = time.monotonic()
    assert refusal(operate, "broken_runtime")[0] == "its guest does not run"
    row = verdict(operate, "broken_runtime", 12, "--timeout", "2s")
    assert (row["machine"], row["cause"]) == ("stopped", "its guest is stopped")
    assert time.monotonic() - begun < 10


# --- foreign text ------------------------------------------------------------------------------------------------------

def test_standin_foreign_text_is_masked_bounded_and_safe(operate: Runner, lab: Lab, cluster: Relay) -> None:
    secret = lab.environment["FOPS_LAB_PROXMOX_LAB_TOKEN"]
    cluster.tell(f"task vzstart 103 evil\u202e@pam boom \x1b[31m{secret}\u202e {'x' * 5000}")
    said = run(operate, "parked_runtime", "-v").check(125).err + json.dumps(verdict(operate, "parked_runtime"))
    assert "boom \\x1B[31m(secret)\\xE2\\x80\\xAE xxx" in said
    assert "evil\\xE2\\x80\\xAE@pam" in said
    assert secret not in said
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert len(re.findall("x{150,}", said)) >= 2
    assert not re.search("x{201,}", said)


@pytest.mark.parametrize("lock", ["\x1b[31m", "x" * 33, "a)b"])
def test_standin_a_lock_that_is_no_word_is_not_repeated(operate: Runner, cluster: Relay, lock: str) -> None:
    cluster.tell(f"guest 103 lock={lock}")
    assert refusal(operate, "parked_runtime")[0] == "its guest does not run; it is locked (unknown)"


# --- what it costs -----------------------------------------------------------------------------------------------------

def test_standin_the_good_path_asks_for_no_task(operate: Runner, cluster: Relay) -> None:
    cluster.tell("guest 101 lock=backup")
    run(operate, "agent_runtime").check()
    run(operate, "daytona_runtime").check()
    row = verdict(operate, "daytona_runtime", 0)
    assert (row["state"], row["reason"], row["cause"]) == ("ok", "locked: backup", None)
    verdict(operate, "agent_runtime", 0)
    calls = cluster.tell("status")["calls"]
    assert task_calls(cluster) == {}
    assert calls["GET /cluster/resources"] == 4
    assert calls[f"{NODE}/lxc/101/status/current"] == 2


@pytest.mark.parametrize("role", ["missing_runtime", "renamed_runtime", "untagged_runtime", "double_runtime", "agentless_runtime"])
def test_standin_failures_of_other_kinds_ask_for_no_task(operate: Runner, cluster: Relay, role: str) -> None:
    run(operate, role).check(125)
    verdict(operate, role)
    assert task_calls(cluster) == {}


@pytest.mark.parametrize(("role", "calls"), [
    ("locked_runtime", {"list": 1, "status": 1}), ("parked_agent_runtime", {"list": 1, "status": 1, "log": 1}),
    ("broken_runtime", {"list": 1, "status": 1, "log": 2}), ("parked_runtime", {"list": 1}), ("moved_runtime", {"list": 1, "status": 1}),
])
def test_standin_the_failing_path_asks_little(operate: Runner, cluster: Relay, role: str, calls: dict[str, int]) -> None:
    run(operate, role).check(125)
    assert task_calls(cluster) == calls
