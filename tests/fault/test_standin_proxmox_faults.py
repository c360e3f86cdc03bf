"""Commands on guests of the stand-in cluster when it tells old news, loses replies, refuses, or is somebody else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from conftest import Lab, Result, Runner
from lab_tools import Relay, error_code, error_part, tag, wait_gone

pytestmark = pytest.mark.neighbours("lxc", "proxmox")
CONTEXT = "lab-proxmox"
EXEC = "POST /nodes/pve1/qemu/201/agent/exec"


@pytest.fixture
def cluster(lab: Lab) -> Iterator[Relay]:
    """The stand-in's switches, all back at their beginning afterwards."""
    cluster = Relay(lab["neighbours"]["proxmox"])
    cluster.tell("reset")
    yield cluster
    cluster.tell("reset")


@pytest.fixture
def relay(lab: Lab) -> Iterator[Relay]:
    relay = Relay(lab["neighbours"]["proxmox"]["relay"])
    yield relay
    relay.tell("mode pass")
    relay.tell("drop")


def run(runner: Runner, role: str, *command: str, options: tuple[Any, ...] = (), **more: Any) -> Result:
    return runner("--context", CONTEXT, "runtime-assets", "run", "--role", role, *options, "--", *command, **more)


def refused(runner: Runner, role: str, tag: str, code: str, cause: str = "") -> None:
    """Nothing ran, for that reason."""
    result = run(runner, role, "touch", f"/tmp/{tag}").check(125)
    assert error_code(result.err) == code
    assert cause in error_part(result.err, "cause"), str(result)
    assert error_part(result.err, "effect") == "nothing ran"
    assert result.stdout == b""
    run(runner, "twin_runtime", "test", "!", "-e", f"/tmp/{tag}", options=("--all",)).check()


# --- the contract and the cluster disagree -----------------------------------------------------------------------------

@pytest.mark.parametrize(("role", "cause"), [
    ("missing_runtime", "no guest of that name"),
    ("renamed_runtime", "no guest of that name"),
    ("untagged_runtime", "does not carry the tag fops"),
    ("double_runtime", "several guests fit"),
    ("parked_runtime", "does not run"),
    ("parked_agent_runtime", "does not run"),
])
def test_a_guest_that_is_not_what_the_contract_says(operate: Runner, cluster: Relay, tag: str, role: str, cause: str) -> None:
    refused(operate, role, tag, "asset.not-running", cause)


@pytest.mark.parametrize(("change", "cause"), [
    ("name=other", "another name now"),
    ("tags=fops", "does not carry the tag daytona"),
    ("status=stopped", "does not run"),
    ("gone", "does not exist"),
])
def test_old_news_of_the_cluster_are_compared_with_the_node(operate: Runner, cluster: Relay, tag: str, change: str, cause: str) -> None:
    cluster.tell("stale on")
    cluster.tell(f"guest 101 {change}")
    result = run(operate, "daytona_runtime", "touch", f"/tmp/{tag}").check(125)
    assert cause in result.err, str(result)
    assert error_part(result.err, "effect") == "nothing ran"


def test_a_number_that_went_to_another_guest(operate: Runner, cluster: Relay, tag: str) -> None:
    """The contract's number now belongs to somebody else, and the name to another number."""
    cluster.tell("guest 101 name=somebody")
    cluster.tell("guest 106 name=daytona tags=daytona;fops")
    refused(operate, "daytona_runtime", tag, "asset.not-running", "another number")


def test_a_number_as_text_is_a_number(operate: Runner, cluster: Relay) -> None:
    cluster.tell("fault vmid-text on")
    assert run(operate, "daytona_runtime", "echo", "fine").check().stdout == b"fine\n"


def test_a_node_without_ssh(operate: Runner, cluster: Relay, tag: str) -> None:
    refused(operate, "elsewhere_runtime", tag, "contract.invalid", "lxc.proxmox.nodes")


# --- the agent ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("role", "cause"), [("agentless_runtime", "No QEMU guest agent configured"), ("silent_runtime", "guest agent is not running")])
def test_an_agent_that_is_off_or_silent(operate: Runner, cluster: Relay, role: str, cause: str) -> None:
    result = run(operate, role, "true").check(125)
    assert cause in result.err, str(result)
    assert error_part(result.err, "effect") == "nothing ran"


def test_a_lost_result_is_never_taken_for_an_end(operate: Runner, cluster: Relay) -> None:
    cluster.tell("fault lose-results 1")
    result = run(operate, "agent_runtime", "echo", "said").check(255)
    assert error_code(result.err) == "run.link-lost"
    assert "gives it only once" in error_part(result.err, "cause")
    assert result.stdout == b""


def test_output_that_is_cut_is_never_taken_for_whole(operate: Runner, cluster: Relay) -> None:
    cluster.tell("fault truncate 2")
    result = run(operate, "agent_runtime", "echo", "said").check(255)
    assert error_code(result.err) == "run.link-lost"
    assert "16 MiB" in error_part(result.err, "cause")
    assert result.stdout == b"sa"


def test_the_limit_without_an_end(operate: Runner, cluster: Relay, tag: str) -> None:
    result = run(operate, "agent_runtime", "sh", "-c", "trap '' TERM; while :; do sleep 1; done", tag, options=("--timeout", "1s")).check(124)
    assert error_code(result.err) == "timeout"


@pytest.mark.parametrize("count", [65536, 65537])
def test_input_ends_at_64_kib(operate: Runner, cluster: Relay, count: int) -> None:
    result = run(operate, "agent_runtime", "wc", "-c", options=("--stdin",), stdin=bytes(count))
    if count == 65536:
        assert result.check().out.strip() == "65536"
    else:
        assert error_code(result.check(125).err) == "usage.bad-value"


def test_every_byte_goes_in_and_comes_back(operate: Runner, cluster: Relay) -> None:
    content = bytes(range(256)) * 64
    assert run(operate, "agent_runtime", "cat", options=("--stdin",), stdin=content).check().stdout == content


def test_a_folder_and_a_word_of_other_letters(operate: Runner, cluster: Relay) -> None:
    result = run(operate, "agent_runtime", "printf", "%s", "\u00e9\U0001f980", options=("--workdir", "/tmp")).check()
    assert result.out == "\u00e9\U0001f980"
    missing = run(operate, "agent_runtime", "true", options=("--workdir", "/tmp/\u00e9")).check(125)
    assert "/tmp/\u00e9" in error_part(missing.err, "cause")


# --- the way there -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("role", ["daytona_runtime", "agent_runtime"])
@pytest.mark.parametrize("code", [595, 596, 599])
def test_a_node_that_cannot_be_reached(operate: Runner, cluster: Relay, role: str, code: int) -> None:
    """595 and 596 may be tried again where nothing can have happened; more failures than tries end without a start."""
    cluster.tell(f"fault proxy {code}:20")
    result = run(operate, role, "true").check(125)
    assert error_code(result.err) == "plane.unavailable"
    assert error_part(result.err, "effect") == "nothing ran"


@pytest.mark.parametrize(("door", "code"), [("wrong", "plane.auth"), ("impostor", "plane.tls")])
@pytest.mark.parametrize("kind", ["runtime", "agent_runtime"])
def test_a_door_that_does_not_open(operate: Runner, cluster: Relay, door: str, code: str, kind: str) -> None:
    result = run(operate, f"{door}_{kind}", "true").check(125)
    assert error_code(result.err) == code
    assert error_part(result.err, "effect") == "nothing ran"
    if door == "impostor":
        assert cluster.tell("status")["calls"] == {}


def test_a_token_that_sees_nothing_finds_nothing(operate: Runner, cluster: Relay) -> None:
    result = run(operate, "nobody_runtime", "true").check(125)
    assert error_code(result.err) == "asset.not-running"
    assert error_part(result.err, "effect") == "nothing ran"


def test_a_token_that_may_only_read(operate: Runner, cluster: Relay) -> None:
    """pct goes over SSH, which has rights of its own; the agent needs the token's."""
    result = run(operate, "reader_agent_runtime", "true").check(125)
    assert error_code(result.err) == "plane.auth"
    assert error_part(result.err, "effect") == "nothing ran"
    assert "403" in result.err


def test_no_message_but_in_the_reason_phrase(operate: Runner, cluster: Relay) -> None:
    cluster.tell("fault no-message on")
    result = run(operate, "agentless_runtime", "true").check(125)
    assert "No QEMU guest agent configured" in result.err, str(result)


@pytest.mark.parametrize("mode", ["refuse", "reset", "truncate:700", "truncate:2500"])
@pytest.mark.parametrize("kind", ["runtime", "agent_runtime"])
def test_a_broken_link_before_the_start(operate: Runner, cluster: Relay, relay: Relay, mode: str, kind: str) -> None:
    with relay.mode(mode):
        result = run(operate, f"relay_{kind}", "true", options=("--timeout", "20s"))
    assert result.code in (125, 255), str(result)
    if mode in ("refuse", "reset", "truncate:700"):
        result.check(125)
        assert error_part(result.err, "effect") == "nothing ran"
    assert error_code(result.err) in ("plane.unavailable", "plane.tls", "plane.protocol", "run.link-lost")


def test_a_slow_link_is_only_slow(operate: Runner, cluster: Relay, relay: Relay, tag: str) -> None:
    with relay.mode("delay:40"):
        for kind in ("runtime", "agent_runtime"):
            assert run(operate, f"relay_{kind}", "sh", "-c", "echo out; exit 3", tag).check(3).stdout == b"out\n"
    wait_gone(tag)
