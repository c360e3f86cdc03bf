"""Commands in pods when something breaks: both protocols, every kind of frame, the node, the API server, tokens and rights, the pod itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import conftest
from conftest import ROOT, Lab, Result, Runner
from lab_tools import (
    Relay,
    Started,
    TerminalRun,
    asset,
    endpoint,
    error_code,
    error_part,
    holders,
    instrumented,
    kill_tagged,
    new_tag,
    peak_memory_kib,
    wait_for,
    wait_gone,
    write_topology,
)

pytestmark = pytest.mark.neighbours("lxc", "kube")
CONTEXT = "lab-kube"
POD = "boards/daytona-7d4b9c6f5-x2k8q"
BOARDS = "/api/v1/namespaces/boards"
CANARY = "canary-value-of-a-variable"
MEBIBYTE = 1 << 20
SILENCE_SECONDS = 22
SPEAK = ("sh", "-c", "echo out; echo err >&2; exit 3")
TALK = "import time, sys\nprint('ready', flush=True)\nwhile True: print('.', flush=True); time.sleep(0.02)"
SLEEP = "import os, time; os.write(1, b'ready\\n'); time.sleep(60)"


@pytest.fixture
def tag() -> Iterator[str]:
    word = new_tag()
    yield word
    kill_tagged(word)


@pytest.fixture
def relay(lab: Lab) -> Iterator[Relay]:
    """The relay that knows WebSockets; `relay_runtime` goes through it."""
    relay = Relay(lab["neighbours"]["kube"]["relay"])
    relay.tell("forget")
    yield relay
    relay.tell("mode pass")
    relay.tell("drop")


@pytest.fixture
def node(lab: Lab) -> Iterator[Relay]:
    """The node's switches."""
    node = Relay(lab["neighbours"]["kube"]["node"])
    yield node
    node.tell(f"clear {POD}")


@contextmanager
def fault(node: Relay, text: str) -> Iterator[None]:
    node.tell(f"fault {POD} {text}")
    try:
        yield
    finally:
        node.tell(f"clear {POD}")


def words(command: tuple[str | bytes, ...], options: tuple[Any, ...], role: str) -> list[Any]:
    return ["--context", CONTEXT, "runtime-assets", "run", "--role", role, *options, "--", *command]


def run(runner: Runner, *command: str | bytes, options: tuple[Any, ...] = (), role: str = "relay_runtime", **more: Any) -> Result:
    return runner(*words(command, options, role), **more)


def start(runner: Runner, *command: str | bytes, options: tuple[Any, ...] = (), role: str = "relay_runtime", **more: Any) -> Started:
    return Started(runner, *words(command, options, role), **more)


def check_speech(result: Result) -> None:
    assert (result.code, result.stdout, result.stderr) == (3, b"out\n", b"err\n"), str(result)


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


# --- the node ----------------------------------------------------------------------------------------------------------

def direct(runner: Runner, *command: str | bytes, **more: Any) -> Result:
    return run(runner, *command, role="daytona_runtime", **more)


def test_a_slow_container_loses_nothing(operate: Runner, node: Relay) -> None:
    with fault(node, "slow-stdout:200000"):
        result = direct(operate, "head", "-c", "200000", "/dev/zero").check()
    assert result.stdout == bytes(200000)


def test_output_that_comes_late_is_waited_for(operate: Runner, node: Relay) -> None:
    with fault(node, "silence:1500"):
        check_speech(direct(operate, *SPEAK))


@pytest.mark.static
def test_a_command_that_ends_while_its_input_flows(operate: Runner, node: Relay) -> None:
    with fault(node, "early-exit:100000"):
        direct(operate, "cat", options=("--stdin",), stdin=b"x" * (4 * MEBIBYTE)).check(7)


@pytest.mark.static
def test_a_frozen_container_is_left_at_the_limit(operate: Runner, node: Relay, tag: str) -> None:
    with fault(node, "freeze:200"):
        begun = time.monotonic()
        result = direct(operate, "python", "-c", TALK, tag, options=("--timeout", "1s")).check(124)
        assert time.monotonic() - begun < 1 + 2 + 1 + 1.5
    assert error_code(result.err) == "timeout"
    # the second command reached the container all the same
    wait_gone(tag)


@pytest.mark.static
@pytest.mark.parametrize("count", [0, 30, 60])
def test_a_node_that_is_lost_is_no_success(operate: Runner, node: Relay, count: int) -> None:
    """The API server itself tells a success then; that the end of the output is missing tells otherwise. All reports together have 110
    bytes, and the last ones come when the command has ended."""
    with fault(node, f"reset:{count}"):
        result = direct(operate, "sh", "-c", "echo out; echo err >&2").check(255)
    # behind output that was cut, the error does not begin a line
    assert "fops: error [run.link-lost]" in result.err


@pytest.mark.parametrize("code", [0, 3])
def test_a_node_that_tells_no_status_is_known_by_the_script(operate: Runner, node: Relay, code: int) -> None:
    """Everything came, and so did the script's own word; the API server makes a success of both."""
    with fault(node, "no-status"):
        result = direct(operate, "sh", "-c", f"echo out; echo err >&2; exit {code}").check(code)
    assert (result.stdout, result.stderr) == (b"out\n", b"err\n")


@pytest.mark.parametrize(("text", "code", "error"), [("not-found", 127, "run.command-not-found"), ("not-executable", 126, "run.not-executable")])
def test_a_program_that_the_runtime_cannot_start(operate: Runner, node: Relay, text: str, code: int, error: str) -> None:
    """Without an exit code of its own the message is what tells."""
    with fault(node, text):
        result = direct(operate, "true", options=("-v",)).check(code)
    assert error_code(result.err) == error
    assert "has no sh" in result.err
    assert error_part(result.err, "effect") == "nothing ran"


def test_a_runtime_that_has_a_status_for_a_missing_program(operate: Runner, node: Relay) -> None:
    """What it says on standard output instead of the shell is no output of the command."""
    with fault(node, "docker-not-found"):
        result = direct(operate, "true", options=("-v",)).check(126)
    assert result.stdout.count(b"OCI runtime exec failed") == 1
    assert "has no sh" in result.err


@pytest.mark.static
@pytest.mark.parametrize(("options", "needs"), [(("--env", "A=b"), "--env"), (("--workdir", "/"), "--workdir")], ids=["env", "workdir"])
def test_a_container_without_a_shell_cannot_do_everything(operate: Runner, node: Relay, options: tuple[str, ...], needs: str) -> None:
    with fault(node, "not-found"):
        result = direct(operate, "true", options=options).check(125)
    assert error_code(result.err) == "run.not-started"
    assert "no shell" in error_part(result.err, "cause") and needs in error_part(result.err, "cause")
    assert error_part(result.err, "effect") == "nothing ran"


@pytest.mark.static
def test_a_container_without_a_shell_runs_plain_commands(operate: Runner, relay: Relay, node: Relay) -> None:
    """The fault ends while the first answer is on its way: what follows finds its program."""
    with relay.mode("delay:700"), fault(node, "not-found"), start(operate, *SPEAK, options=("-v",)) as started:
        wait_for(lambda: relay.tell("status")["counts"].get("framesToClient", 0) > 0, "first frame")
        node.tell(f"clear {POD}")
        assert started.end() == 3
    assert started.out.all() == b"out\n"
    assert b"has no sh" in started.err.all()


@pytest.mark.parametrize("version", ["pass", "v4"])
def test_a_container_that_does_not_run(operate: Runner, relay: Relay, node: Relay, version: str) -> None:
    with relay.mode(version), fault(node, "container-not-found"):
        result = run(operate, "true").check(125)
    assert error_code(result.err) == "asset.not-running"
    assert error_part(result.err, "effect") == "nothing ran"


@pytest.mark.static
def test_a_node_that_does_not_answer(operate: Runner) -> None:
    result = run(operate, "true", role="dead_runtime").check(125)
    assert error_code(result.err) == "plane.unavailable"
    assert "printf" not in result.err, "the script is no cause"


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


# --- memory ------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("direction", ["out", "in"])
def test_memory_stays_the_same_whatever_flows(operate: Runner, tmp_path: Path, direction: str) -> None:
    if instrumented(operate.binary):
        pytest.skip("a sanitizer takes memory of its own")
    peaks = []
    for mebibytes in (1, 200):
        path = tmp_path / "input"
        with path.open("wb") as content:
            content.truncate(mebibytes * MEBIBYTE)
        command = ("head", "-c", str(mebibytes * MEBIBYTE), "/dev/zero") if direction == "out" else ("wc", "-c")
        options = () if direction == "out" else ("--stdin",)
        with path.open("rb") as source:
            process = operate.command(*words(command, options, "daytona_runtime"), stdin=source, stdout=subprocess.DEVNULL)
            peaks.append(peak_memory_kib(process))
            assert process.wait() == 0
    assert peaks[1] < peaks[0] + 2048


def test_a_slow_reader_holds_the_command_back(operate: Runner, tag: str) -> None:
    """Both ends wait, nothing is kept in between, and nothing is lost."""
    script = "import sys\nfor i in range(64): sys.stdout.buffer.write(bytes([i]) * (1 << 20))"
    process = operate.command(*words(("python", "-c", script, tag), (), "daytona_runtime"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    assert process.stdout is not None
    received = 0
    first = process.stdout.read(MEBIBYTE)
    time.sleep(1)
    held = peak_of(process.pid)
    received += len(first)
    while part := process.stdout.read(MEBIBYTE):
        received += len(part)
    assert process.wait(60) == 0
    assert received == 64 * MEBIBYTE
    if not instrumented(operate.binary):
        assert held < 32 * 1024


def peak_of(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0


# --- the pod is deleted ------------------------------------------------------------------------------------------------

def kubectl(lab: Lab, *arguments: str, document: dict[str, Any] | None = None) -> str:
    facts = lab["neighbours"]["kube"]
    done = subprocess.run([facts["programs"]["kubectl"], "--kubeconfig", facts["kubeconfig"], "--context", "admin", *arguments], check=True,
                          input=json.dumps(document or {}), capture_output=True, text=True, cwd=Path(facts["kubeconfig"]).parent)
    return done.stdout


@pytest.fixture
def doomed(lab: Lab) -> Iterator[str]:
    """A pod of this test alone; named doomed, so that it is found by its label."""
    name = f"doomed-{os.urandom(3).hex()}"
    pod = json.loads(kubectl(lab, "get", "pod", "-n", "boards", POD.split("/")[1], "-o", "json"))
    made = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "boards", "labels": {"app": name}},
            "spec": {"containers": pod["spec"]["containers"], "nodeName": pod["spec"]["nodeName"], "automountServiceAccountToken": False}}
    kubectl(lab, "create", "-f", "-", document=made)
    status = {key: pod["status"][key] for key in ("phase", "conditions", "containerStatuses", "startTime")}
    kubectl(lab, "patch", "pod", "-n", "boards", name, "--subresource=status", "--type=merge", "-p", json.dumps({"status": status}))
    yield name
    kubectl(lab, "delete", "pod", "-n", "boards", name, "--grace-period=0", "--force", "--ignore-not-found", "--wait=false")


def cluster(lab: Lab, **spec: Any) -> dict[str, Any]:
    facts = lab["neighbours"]["kube"]
    settings = {"plane": "kubernetes", "auth": {"mode": "bearer", "secretRef": "env://FOPS_LAB_KUBE_TOKEN"},
                "tls": {"ca": Path(facts["ca"]).read_text(), "serverName": facts["serverName"]}}
    return endpoint("cluster", f"https://127.0.0.1:{facts['port']}", **(settings | spec))


def pod_asset(app: str) -> dict[str, Any]:
    made = asset("one", "one", kubernetes={"cluster": "cluster", "namespace": "boards", "selector": {"app": app}})
    made["spec"]["kind"] = "kubernetes"
    del made["spec"]["lxc"]
    return made


@pytest.mark.static
def test_a_pod_that_is_deleted_in_a_run(operate: Runner, lab: Lab, node: Relay, tmp_path: Path, doomed: str, tag: str) -> None:
    place = write_topology(tmp_path / "topology", cluster(lab), pod_asset(doomed))
    with Started(operate, "--topology", place, "runtime-assets", "run", "--role", "one", "--", "python", "-c", TALK, tag) as started:
        started.out.wait(b"ready\n")
        kubectl(lab, "delete", "pod", "-n", "boards", doomed, "--grace-period=0", "--force")
        node.tell(f"drop boards/{doomed}")
        assert started.end(10) == 255
    text = started.err.all().decode()
    assert error_code(text) == "run.link-lost"
    assert error_part(text, "cause").startswith("its pod was deleted")


def test_a_command_that_is_killed_with_its_container(operate: Runner, tag: str) -> None:
    with start(operate, "python", "-c", SLEEP, tag, role="daytona_runtime") as started:
        started.out.wait(b"ready\n")
        for pid in holders(tag).keys() - {started.process.pid}:
            os.kill(pid, signal.SIGKILL)
        assert started.end(10) == 137


# --- tokens ------------------------------------------------------------------------------------------------------------

def lab_tool(lab: Lab, *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-m", "fopslab.kube", *arguments], cwd=ROOT / "lab", check=True, capture_output=True, text=True,
                          env=os.environ | {"FOPS_LAB_DIR": str(lab.root), "PYTHONDONTWRITEBYTECODE": "1"})
    return done.stdout.strip()


@pytest.fixture(scope="module", autouse=True)
def silent_run(lab: Lab, runtime_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Started]]:
    """A command that says nothing for long, beside all other tests of this file, with a token that is over meanwhile."""
    if "kube" not in lab["neighbours"] or "lxc" not in lab["neighbours"]:
        yield lambda: pytest.skip("kube is not up")
        return
    folder = tmp_path_factory.mktemp("silent")
    # the server lets tokens live a minute longer than they say
    (folder / "token").write_text(lab_tool(lab, "token", "-55"))
    place = write_topology(folder / "topology", cluster(lab, auth={"mode": "token-file", "tokenFile": str(folder / "token")}), pod_asset("daytona"))
    runner = Runner(conftest.tested_binary(), folder / "home")
    runner.environment |= lab.environment | {"XDG_RUNTIME_DIR": str(runtime_folder)}
    command = ("sh", "-c", f"sleep {SILENCE_SECONDS}; echo still here")
    with Started(runner, "--topology", place, "runtime-assets", "run", "--role", "one", "--", *command) as started:
        yield lambda: started


def test_a_silent_command_outlives_pings_and_its_token(silent_run: Callable[[], Started]) -> None:
    started = silent_run()
    assert started.end(SILENCE_SECONDS + 20) == 0
    assert started.out.all() == b"still here\n"


def test_a_token_that_is_over_is_told(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(lab_tool(lab, "token", "-3600"))
    place = write_topology(tmp_path / "topology", cluster(lab, auth={"mode": "token-file", "tokenFile": str(tmp_path / "token")}), pod_asset("daytona"))
    result = operate("--topology", place, "runtime-assets", "run", "--role", "one", "--", "true").check(125)
    assert error_code(result.err) == "plane.auth"


# --- the API server goes away; last, because everything else needs it -------------------------------------------------

def test_an_api_server_that_restarts_in_a_run(operate: Runner, lab: Lab, tag: str) -> None:
    with start(operate, "python", "-c", TALK, tag, role="daytona_runtime") as started:
        started.out.wait(b"ready\n")
        lab_tool(lab, "stop-api")
        try:
            assert started.end(10) == 255
        finally:
            lab_tool(lab, "start-api")
    text = started.err.all().decode()
    assert error_code(text) == "run.link-lost"
    # a server that goes down may still have answered the last question
    cause = error_part(text, "cause")
    assert "API server does not answer any more" in cause or "closed it without a close frame" in cause
    direct(operate, "true").check()
