"""Commands in pods when the link breaks: both protocols, every kind of frame, refused upgrades and rights, signals and limits, secrets."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import Lab, Runner
from kube_tools import POD, SPEAK, TALK, check_speech, direct, relay, run, start, words
from lab_tools import Relay, TerminalRun, error_code, error_part, holders, instrumented, wait_for, wait_gone, tag

pytestmark = pytest.mark.neighbours("lxc", "kube")
__all__ = ["relay", "tag"]  # fixtures
CANARY = "canary-value-of-a-variable"


# --- both protocols ----------------------------------------------------------------------------------------------------

@pytest.mark.static
@pytest.mark.parametrize("mode", ["pass", "v4"])
def test_both_protocols_carry_a_command(operate: Runner, relay: Relay, mode: str) -> None:
    with relay.mode(mode):
        check_speech(run(operate, *SPEAK))
        named = run(operate, "true", options=("-vv",)).check()
    assert f"protocol {'v4' if mode == 'v4' else 'v5'}.channel.k8s.io" in named.err


@pytest.mark.static
def test_version_4_refuses_input_before_anything_runs(operate: Runner, relay: Relay, tag: str) -> None:
    with relay.mode("v4"):
        result = run(operate, "touch", f"/tmp/{tag}", options=("--stdin",), stdin=b"input").check(125)
    assert error_code(result.err) == "run.not-started"
    assert "v4.channel.k8s.io" in error_part(result.err, "cause")
    assert error_part(result.err, "effect") == "nothing ran"
    assert "--stdin" in error_part(result.err, "fix")
    wait_gone(tag)
    run(operate, "test", "!", "-e", f"/tmp/{tag}").check()


def test_version_4_with_variables_has_no_input_for_the_command(operate: Runner, relay: Relay) -> None:
    with relay.mode("v4"):
        result = run(operate, "sh", "-c", "cat; echo $A", options=("--env", "A=it's")).check()
    assert result.stdout == b"it's\n"


def test_a_server_without_a_protocol_is_left(operate: Runner, relay: Relay) -> None:
    with relay.mode("no-protocol"):
        unframed = run(operate, "true").check(255)
        framed = run(operate, "true", options=("--stdin",), stdin=b"").check(125)
    assert error_code(unframed.err) == "run.link-lost"
    assert error_code(framed.err) == "run.not-started"
    for result in (unframed, framed):
        assert "protocol" in error_part(result.err, "cause")


@pytest.mark.parametrize("mode", ["protocol:channel.k8s.io", "wrong-accept"])
def test_an_answer_that_is_not_what_was_asked_for(operate: Runner, relay: Relay, mode: str) -> None:
    with relay.mode(mode):
        result = run(operate, "true").check(125)
    assert error_code(result.err) == "plane.protocol"


# --- frames ------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("mode", ["delay:20", "tiny:1", "tiny:3", "fragment:1", "fragment:7", "coalesce", "ping", "split-status",
                                  "close-after:1011", "close-after:1001", "no-close", "inject:garbage-channel", "inject:empty",
                                  "v4,delay:20", "v4,tiny:1", "v4,no-close"])
def test_frames_that_change_nothing(operate: Runner, relay: Relay, mode: str) -> None:
    with relay.mode(mode):
        check_speech(run(operate, *SPEAK))


@pytest.mark.parametrize("kind", ["masked", "reserved", "opcode", "oversized", "text", "fragmented-ping", "long-ping", "lone-continuation"])
def test_a_frame_that_must_not_be_loses_the_link(operate: Runner, relay: Relay, kind: str) -> None:
    with relay.mode(f"inject:{kind}"):
        result = run(operate, *SPEAK).check(255)
    assert error_code(result.err) == "run.link-lost"
    assert error_part(result.err, "cause")


@pytest.mark.static
@pytest.mark.parametrize("version", ["", "v4,"], ids=["v5", "v4"])
@pytest.mark.parametrize("mode", ["drop-status", "broken-status", "close-before:1000", "close-before:1001", "close-before:1011", "cut-bytes:60",
                                  "cut-frames:1", "cut-frames:2", "end-frames:1", "end-frames:3"])
def test_without_a_status_the_outcome_is_unknown(operate: Runner, relay: Relay, tmp_path: Path, version: str, mode: str) -> None:
    """Whatever the close code says; a success least of all is assumed."""
    path = tmp_path / "result.json"
    with relay.mode(version + mode):
        result = run(operate, "sh", "-c", "echo out; echo err >&2", options=("--result-file", path)).check(255)
    assert error_code(result.err) == "run.link-lost"
    assert error_part(result.err, "cause")
    document = json.loads(path.read_bytes())
    assert (document["state"], document["fops_exit"], document["remote_exit"], document["cause"]) == ("link-lost", 255, None, "run.link-lost")


def test_a_link_that_falls_silent_is_left_at_the_limit(operate: Runner, relay: Relay) -> None:
    with relay.mode("stall-frames:2"):
        begun = time.monotonic()
        result = run(operate, *SPEAK, options=("--timeout", "1s")).check(124)
        assert time.monotonic() - begun < 1 + 2 + 1 + 1.5
    assert error_code(result.err) == "timeout"


# --- refused upgrades --------------------------------------------------------------------------------------------------

def pods_listed(text: str) -> int:
    return text.count("/pods: 200")


@pytest.mark.static
def test_a_busy_server_is_asked_again_after_the_time_it_names(operate: Runner, relay: Relay) -> None:
    with relay.mode("answer-once:429,retry-after:1,upgrades"):
        begun = time.monotonic()
        result = run(operate, *SPEAK, options=("-v",)).check(3)
        assert time.monotonic() - begun >= 1
    assert "answered 429; try 2 of 3 in 1000 ms" in result.err


@pytest.mark.parametrize("code", [500, 503])
def test_a_server_that_fails_once(operate: Runner, relay: Relay, code: int) -> None:
    with relay.mode(f"answer-once:{code},upgrades"):
        check_speech(run(operate, *SPEAK))


@pytest.mark.parametrize(("code", "tries"), [(502, 1), (504, 1), (503, 3), (429, 3)])
def test_a_server_that_goes_on_failing(operate: Runner, relay: Relay, code: int, tries: int) -> None:
    """What a gateway says is not enough to begin a second time: the command behind it may run."""
    with relay.mode(f"answer:{code},upgrades"):
        result = run(operate, "true", options=("-v",)).check(125)
    assert error_code(result.err) == ("plane.busy" if code == 429 else "plane.unavailable")
    assert result.err.count("; try ") == tries - 1


def test_no_retries_means_one_try(operate: Runner, relay: Relay) -> None:
    with relay.mode("answer:429,retry-after:7,upgrades"):
        result = run(operate, "true", options=("-v", "--retries", "0")).check(125)
    assert error_code(result.err) == "plane.busy"
    assert "; try " not in result.err
    assert "7" in error_part(result.err, "fix")


def test_a_pod_that_went_between_list_and_command(operate: Runner, relay: Relay) -> None:
    with relay.mode("answer-once:404,upgrades"):
        result = run(operate, *SPEAK, options=("-v",)).check(3)
    assert pods_listed(result.err) == 2


@pytest.mark.parametrize(("code", "error"), [(400, "plane.rejected"), (401, "plane.auth"), (403, "plane.auth"), (404, "plane.not-found"),
                                             (409, "plane.conflict")])
def test_an_upgrade_that_is_refused(operate: Runner, relay: Relay, code: int, error: str) -> None:
    with relay.mode(f"answer:{code},upgrades"):
        result = run(operate, "true").check(125)
    assert error_code(result.err) == error
    assert error_part(result.err, "effect") == "nothing ran"


@pytest.mark.static
@pytest.mark.parametrize("role", ["reader_runtime", "creator_runtime", "getter_runtime"])
def test_a_missing_right_is_named(operate: Runner, role: str) -> None:
    result = run(operate, "true", role=role).check(125)
    assert error_code(result.err) == "plane.auth"
    assert "is forbidden" in error_part(result.err, "cause")
    assert "to get and to create pods/exec" in error_part(result.err, "fix")


def test_a_wrong_token(operate: Runner) -> None:
    result = run(operate, "true", role="wrong_runtime").check(125)
    assert error_code(result.err) == "plane.auth"


@pytest.mark.static
@pytest.mark.parametrize("role", ["certificate_runtime", "token_file_runtime", "oidc_runtime", "proxy_runtime", "fingerprint_runtime"])
def test_every_door_leads_to_the_same_container(operate: Runner, role: str) -> None:
    check_speech(run(operate, *SPEAK, role=role))


@pytest.mark.parametrize("mode", ["redirect-same"])
def test_a_redirect_inside_the_origin_is_followed(operate: Runner, relay: Relay, mode: str) -> None:
    with relay.mode(f"{mode},upgrades"):
        assert run(operate, *SPEAK).code in (3, 125)


# --- signals and limits in every stage ---------------------------------------------------------------------------------

@pytest.fixture
def tcp_relay(lab: Lab) -> Iterator[Relay]:
    """Below TLS; `cut_runtime` goes through it."""
    relay = Relay(lab["neighbours"]["kube"]["tcpRelay"])
    yield relay
    relay.tell("mode pass")
    relay.tell("drop")


@pytest.mark.static
def test_ctrl_c_while_connecting(operate: Runner, tcp_relay: Relay) -> None:
    with tcp_relay.mode("stall"):
        accepted = tcp_relay.tell("status")["accepted"]
        with start(operate, "true", role="cut_runtime") as started:
            wait_for(lambda: tcp_relay.tell("status")["accepted"] > accepted, "connection")
            started.signal(signal.SIGINT)
            assert started.end(5) == 130


def test_a_server_that_says_nothing_is_left_at_the_limit(operate: Runner, tcp_relay: Relay) -> None:
    with tcp_relay.mode("stall"):
        begun = time.monotonic()
        result = run(operate, "true", options=("--timeout", "1s"), role="cut_runtime").check(124)
        took = time.monotonic() - begun
    assert error_code(result.err) == "timeout"
    assert 1 <= took < 1.5 * (4 if instrumented(operate.binary) else 1)


@pytest.mark.parametrize("count", [0, 100, 1000, 3000])
def test_a_link_that_is_cut_before_the_start(operate: Runner, tcp_relay: Relay, count: int) -> None:
    with tcp_relay.mode(f"cut-after:{count}"):
        result = run(operate, "true", role="cut_runtime").check(125)
    assert error_code(result.err) in ("plane.unavailable", "plane.tls", "plane.protocol")


@pytest.mark.static
def test_a_link_that_is_cut_after_the_start(operate: Runner, tcp_relay: Relay, tag: str) -> None:
    with start(operate, "python", "-c", TALK, tag, role="cut_runtime") as started:
        started.out.wait(b"ready\n")
        tcp_relay.tell("drop")
        assert started.end(10) == 255
    text = started.err.all().decode()
    assert error_code(text) == "run.link-lost"
    assert error_part(text, "cause")
    assert "may still run" in error_part(text, "effect")


def test_a_link_that_stalls_in_a_run_is_left_at_the_limit(operate: Runner, tcp_relay: Relay, tag: str) -> None:
    begun = time.monotonic()
    with start(operate, "python", "-c", TALK, tag, options=("--timeout", "2s"), role="cut_runtime") as started:
        started.out.wait(b"ready\n")
        with tcp_relay.mode("stall"):
            assert started.end(15) == 124
            assert time.monotonic() - begun < 2 + 2 + 1 + 1.5


def test_children_of_the_command_get_the_signal_too(operate: Runner, tag: str) -> None:
    script = f"python -c 'import time; time.sleep(60)' {tag} & echo ready; wait"
    with start(operate, "sh", "-c", script, role="daytona_runtime") as started:
        started.out.wait(b"ready\n")
        wait_for(lambda: len(holders(tag)) > 2, "the child")
        started.signal(signal.SIGTERM)
        assert started.end() == 143
    wait_gone(tag)


# --- what stays secret, what is told -----------------------------------------------------------------------------------

def audit(lab: Lab) -> str:
    return Path(lab["neighbours"]["kube"]["audit"]).read_text()


@pytest.mark.static
@pytest.mark.parametrize("stdin", [False, True], ids=["no-input", "input"])
def test_values_of_variables_are_in_no_audit_log(operate: Runner, lab: Lab, stdin: bool) -> None:
    before = len(audit(lab))
    options = ("--env", f"CANARY={CANARY}", *(("--stdin",) if stdin else ()))
    result = direct(operate, "sh", "-c", "echo $CANARY; cat", options=options, stdin=b"input" if stdin else None).check()
    assert result.stdout == CANARY.encode() + b"\n" + (b"input" if stdin else b"")
    wait_for(lambda: "/exec?" in audit(lab)[before:], "line of the audit log")
    assert CANARY not in audit(lab)[before:]


LONG = "v" * 20000


@pytest.mark.static
@pytest.mark.parametrize("version", ["pass", "v4"])
def test_values_of_variables_are_not_shown_on_a_terminal(operate: Runner, relay: Relay, lab: Lab, version: str) -> None:
    before = len(audit(lab))
    script = "stty -a | tr ' ' '\\n' | grep -x -e echo -e icanon -e -echo -e -icanon | sort | tr '\\n' ' '; echo; echo ${#LONG} ${#CANARY}; read line; echo \"<$line>\""
    options = ("--tty", "--env", "CANARY", "--env", "LONG")
    with relay.mode(version), TerminalRun(operate, *words(("sh", "-c", script), options, "relay_runtime"), env={"CANARY": CANARY, "LONG": LONG}) as terminal:
        terminal.out.wait(b"20000 %d" % len(CANARY))
        terminal.type(b"typed\r")
        terminal.out.wait(b"<typed>")
        assert terminal.end() == 0
    shown = bytes(terminal.out.content)
    assert b"echo icanon" in shown
    assert CANARY.encode() not in shown and b"vvv" not in shown and b"\x1e" not in shown
    assert CANARY not in audit(lab)[before:]


@pytest.mark.static
def test_the_pod_is_named_in_the_result_file_alone(operate: Runner, tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    result = direct(operate, "true", options=("--result-file", path)).check()
    assert json.loads(path.read_bytes())["target"] == f"{POD}/main"
    assert (result.stdout, result.stderr) == (b"", b"")
    assert POD.split("/")[1] in direct(operate, "true", options=("-v",)).check().err
