"""Commands in pods when what is behind the link breaks: the node, memory under load, a pod that is deleted, tokens, the API server itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import conftest
import pytest

from conftest import Lab, Runner
from kube_tools import (
    POD,
    SPEAK,
    TALK,
    call_kube,
    check_speech,
    cluster_endpoint,
    direct,
    fault,
    node,
    pod_asset,
    relay,
    run,
    start,
    words,
)
from lab_tools import (
    Relay,
    Started,
    error_code,
    error_part,
    holders,
    instrumented,
    peak_memory_kib,
    wait_for,
    wait_gone,
    write_topology,
    tag,
)

pytestmark = pytest.mark.neighbours("lxc", "kube")
__all__ = ["node", "relay", "tag"]  # fixtures
MEBIBYTE = 1 << 20
SILENCE_SECONDS = 22
SLEEP = "import os, time; os.write(1, b'ready\\n'); time.sleep(60)"


# --- the node ----------------------------------------------------------------------------------------------------------

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


def pod_topology(lab: Lab, folder: Path, app: str, **spec: Any) -> Path:
    """One asset `one`, found by its label."""
    return write_topology(folder / "topology", cluster_endpoint(lab, **spec), pod_asset("one", {"selector": {"app": app}}))


@pytest.mark.static
def test_a_pod_that_is_deleted_in_a_run(operate: Runner, lab: Lab, node: Relay, tmp_path: Path, doomed: str, tag: str) -> None:
    place = pod_topology(lab, tmp_path, doomed)
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

@pytest.fixture(scope="module", autouse=True)
def silent_run(lab: Lab, runtime_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Started]]:
    """A command that says nothing for long, beside all other tests of this file, with a token that is over meanwhile."""
    if "kube" not in lab["neighbours"] or "lxc" not in lab["neighbours"]:
        yield lambda: pytest.skip("kube is not up")
        return
    folder = tmp_path_factory.mktemp("silent")
    # the server lets tokens live a minute longer than they say
    (folder / "token").write_text(call_kube(lab, "token", "-55").strip())
    place = pod_topology(lab, folder, "daytona", auth={"mode": "token-file", "tokenFile": str(folder / "token")})
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
    (tmp_path / "token").write_text(call_kube(lab, "token", "-3600").strip())
    place = pod_topology(lab, tmp_path, "daytona", auth={"mode": "token-file", "tokenFile": str(tmp_path / "token")})
    result = operate("--topology", place, "runtime-assets", "run", "--role", "one", "--", "true").check(125)
    assert error_code(result.err) == "plane.auth"


# --- the API server goes away; last, because everything else needs it -------------------------------------------------

def test_an_api_server_that_restarts_in_a_run(operate: Runner, lab: Lab, tag: str) -> None:
    with start(operate, "python", "-c", TALK, tag, role="daytona_runtime") as started:
        started.out.wait(b"ready\n")
        call_kube(lab, "stop-api")
        try:
            assert started.end(10) == 255
        finally:
            call_kube(lab, "start-api")
    text = started.err.all().decode()
    assert error_code(text) == "run.link-lost"
    # a server that goes down may still have answered the last question
    cause = error_part(text, "cause")
    assert "API server does not answer any more" in cause or "closed it without a close frame" in cause
    direct(operate, "true").check()
