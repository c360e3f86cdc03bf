"""Commands on instances of a real LXD when the instance, the certificate or the link is not what it should be."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from conftest import Lab, Result, Runner
from lab_tools import Relay, Started, error_code, error_part, tag, wait_gone

pytestmark = pytest.mark.neighbours("incus")
CONTEXT = "lab-incus"
SPEAK = ("sh", "-c", "echo out; echo err >&2; exit 3")
SLEEP = "import os, time; os.write(1, b'ready\\n'); time.sleep(60)"


@pytest.fixture
def relay(lab: Lab) -> Iterator[Relay]:
    """The relay of bytes; `relay_runtime` goes through it."""
    relay = Relay(lab["neighbours"]["incus"]["relay"])
    yield relay
    relay.tell("mode pass")
    relay.tell("drop")


@pytest.fixture
def frames(lab: Lab) -> Iterator[Relay]:
    """The relay that knows WebSockets; `ws_relay_runtime` goes through it."""
    frames = Relay(lab["neighbours"]["incus"]["wsRelay"])
    frames.tell("forget")
    yield frames
    frames.tell("mode pass")
    frames.tell("drop")


def words(role: str, command: tuple[str, ...], options: tuple[Any, ...]) -> list[Any]:
    return ["--context", CONTEXT, "runtime-assets", "run", "--role", role, *options, "--", *command]


def run(runner: Runner, role: str, *command: str, options: tuple[Any, ...] = (), **more: Any) -> Result:
    return runner(*words(role, command, options), **more)


def check_speech(result: Result) -> None:
    assert (result.code, result.stdout, result.stderr) == (3, b"out\n", b"err\n"), str(result)


# --- refusals ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("role", "code", "cause"), [
    ("parked_runtime", "asset.not-running", "does not run"),
    ("missing_runtime", "asset.not-running", "no such instance"),
    ("missing_project_runtime", "asset.not-running", "no such instance"),
    ("stranger_runtime", "plane.auth", ""),
    ("wrong_runtime", "plane.auth", ""),
])
def test_nothing_runs_where_the_server_refuses(operate: Runner, role: str, code: str, cause: str) -> None:
    result = run(operate, role, "true").check(125)
    assert error_code(result.err) == code
    assert cause in error_part(result.err, "cause"), str(result)
    assert error_part(result.err, "effect") == "nothing ran"


@pytest.mark.parametrize("role", ["token_runtime", "relay_runtime", "ws_relay_runtime"])
def test_every_other_door_leads_to_the_instance(operate: Runner, role: str) -> None:
    check_speech(run(operate, role, *SPEAK))


# --- the link ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("mode", ["refuse", "reset", "truncate:0", "truncate:1000", "cut-after:1500"])
def test_no_connection(operate: Runner, relay: Relay, mode: str) -> None:
    with relay.mode(mode):
        result = run(operate, "relay_runtime", "true", options=("--timeout", "20s")).check(125)
    assert error_code(result.err) in ("plane.unavailable", "plane.tls", "plane.protocol")
    assert error_part(result.err, "effect") == "nothing ran"


def test_a_stall_ends_at_the_limit(operate: Runner, relay: Relay) -> None:
    with relay.mode("stall"):
        begun = time.monotonic()
        result = run(operate, "relay_runtime", "true", options=("--timeout", "1s")).check(124)
        assert time.monotonic() - begun < 5
    assert error_code(result.err) == "timeout"


def test_a_link_that_is_cut_meanwhile_is_lost(operate: Runner, relay: Relay, tag: str) -> None:
    with Started(operate, *words("relay_runtime", ("python", "-I", "-S", "-c", SLEEP, tag), ())) as started:
        started.out.wait(b"ready\n")
        relay.tell("drop")
        assert started.end() == 255
    text = started.err.all().decode()
    assert error_code(text) == "run.link-lost"
    assert "may still run" in error_part(text, "effect")
    # the server ends a command whose control is gone
    wait_gone(tag)


@pytest.mark.parametrize("mode", ["cut-frames:1", "cut-bytes:10", "wrong-accept", "answer:500,upgrades", "inject:masked", "inject:reserved"])
def test_a_stream_that_breaks_is_never_an_end(operate: Runner, frames: Relay, mode: str) -> None:
    with frames.mode(mode):
        result = run(operate, "ws_relay_runtime", *SPEAK, options=("--timeout", "20s"))
    assert result.code in (125, 255), str(result)
    assert error_code(result.err) in ("run.link-lost", "plane.unavailable", "plane.protocol")
    if result.code == 255:
        assert error_code(result.err) == "run.link-lost"


@pytest.mark.parametrize("mode", ["delay:5", "delay:30", "tiny:3", "fragment:2", "coalesce", "ping"])
def test_frames_in_any_shape_are_whole(operate: Runner, frames: Relay, mode: str) -> None:
    with frames.mode(mode):
        check_speech(run(operate, "ws_relay_runtime", *SPEAK))


def test_streams_that_open_and_end_in_any_order_are_a_start(operate: Runner) -> None:
    """Short commands beside each other: one stream ends before another one has told that it is open."""
    options = ("--all", "--label", "room=workspace", "--parallel", "16", "-o", "jsonl")
    for _ in range(10):
        result = operate("--context", CONTEXT, "runtime-assets", "run", *options, "--", *SPEAK).check(16)
        items = [event["item"] for event in result.jsonl() if event["type"] == "item"]
        assert sorted(item["state"] for item in items) == ["exited", "exited", "exited", "not-started"], str(result)
