"""An SSH link that breaks, lies or is refused; control connections that vanish; folders that are missing, foreign or full."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import Lab, Result, Runner
from lab_tools import (
    Relay,
    Started,
    asset,
    error_code,
    error_part,
    instrumented,
    serving,
    ssh_block,
    tag,
    wait_for,
    wait_for_client,
    wait_gone,
    write_topology,
)

pytestmark = pytest.mark.neighbours("lxc", "ssh")
SLACK_SECONDS = 0.5
TALK = "import time, sys\nprint('ready', flush=True)\nwhile True: print('.', flush=True); time.sleep(0.02)"


@pytest.fixture
def apart(operate: Runner) -> Iterator[Runner]:
    """With a runtime folder of this test alone, so that no connection of other tests is shared."""
    folder = Path(tempfile.mkdtemp(prefix="fops-"))
    operate.environment["XDG_RUNTIME_DIR"] = str(folder)
    yield operate
    end_masters(folder)
    shutil.rmtree(folder)


def end_masters(folder: Path, name: str = "fops") -> None:
    for control in folder.glob(f"{name}/ssh-*"):
        subprocess.run(["ssh", "-F", "none", "-o", f"ControlPath={control}", "-O", "exit", "host"], check=False,
                       stdin=subprocess.DEVNULL, capture_output=True)


def masters(runner: Runner) -> list[Path]:
    return list(Path(runner.environment["XDG_RUNTIME_DIR"]).glob("fops/ssh-*"))


@pytest.fixture
def relay(lab: Lab) -> Iterator[Relay]:
    relay = Relay(lab["neighbours"]["ssh"]["relay"])
    yield relay
    relay.tell("mode pass")
    relay.tell("drop")


RELAYED = ("--context", "lab-faults", "runtime-assets", "run", "--role", "relay_runtime")


def run(runner: Runner, *words: str | Path, **options: object) -> Result:
    return runner(*RELAYED, *words, **options)


# --- the link breaks ---------------------------------------------------------------------------------------------------

@pytest.mark.static
def test_a_link_that_is_cut_after_the_start(apart: Runner, relay: Relay, tmp_path: Path, tag: str) -> None:
    path = tmp_path / "result.json"
    with Started(apart, *RELAYED, "--result-file", path, "--", "python", "-c", TALK, tag) as started:
        started.out.wait(b"ready\n")
        relay.tell("drop")
        assert started.end(10) == 255
    text = started.err.all().decode()
    assert error_code(text) == "run.link-lost"
    assert error_part(text, "cause")
    assert "may still run" in error_part(text, "effect")
    document = json.loads(path.read_bytes())
    assert (document["state"], document["fops_exit"], document["remote_exit"], document["cause"]) == ("link-lost", 255, None, "run.link-lost")
    assert document["started"] is not None


@pytest.mark.static
def test_a_link_that_is_cut_in_a_silent_command(apart: Runner, relay: Relay, tag: str) -> None:
    with Started(apart, *RELAYED, "--", "python", "-c", "import time; print('ready', flush=True); time.sleep(60)", tag) as started:
        started.out.wait(b"ready\n")
        relay.tell("drop")
        assert started.end(10) == 255


@pytest.mark.parametrize("count", [0, 10, 100, 1000, 2000])
def test_a_link_that_is_cut_before_the_start(apart: Runner, relay: Relay, tmp_path: Path, tag: str, count: int) -> None:
    path = tmp_path / "result.json"
    with relay.mode(f"cut-after:{count}"):
        result = run(apart, "--result-file", path, "--", "touch", f"/tmp/{tag}").check(125)
    assert error_code(result.err) == "plane.unavailable"
    assert error_part(result.err, "effect") in ("nothing ran", "no start was reported")
    document = json.loads(path.read_bytes())
    assert (document["state"], document["fops_exit"], document["started"]) == ("not-started", 125, None)
    run(apart, "--", "test", "!", "-e", f"/tmp/{tag}").check()


@pytest.mark.static
@pytest.mark.parametrize(("mode", "words"), [("refuse", "refuse"), ("reset", "")])
def test_no_connection(apart: Runner, relay: Relay, mode: str, words: str) -> None:
    with relay.mode(mode):
        result = run(apart, "--", "true").check(125)
    assert error_code(result.err) == "plane.unavailable"
    assert words in error_part(result.err, "cause")
    run(apart, "--", "true").check()


@pytest.mark.static
def test_a_host_that_says_nothing_is_left_at_the_limit(apart: Runner, relay: Relay) -> None:
    with relay.mode("stall"):
        begun = time.monotonic()
        result = run(apart, "--timeout", "1s", "--", "true").check(124)
        took = time.monotonic() - begun
    assert error_code(result.err) == "timeout"
    assert 1 <= took < 1 + SLACK_SECONDS * (4 if instrumented(apart.binary) else 1)


def test_a_link_that_stalls_in_a_run_is_left_at_the_limit(apart: Runner, relay: Relay, tag: str) -> None:
    """The command cannot be told to stop through a dead link: after the time that this may take nobody waits on."""
    begun = time.monotonic()
    with Started(apart, *RELAYED, "--timeout", "2s", "--", "python", "-c", TALK, tag) as started:
        started.out.wait(b"ready\n")
        with relay.mode("stall"):
            assert started.end(15) == 124
            assert time.monotonic() - begun < 2 + 2 + 1 + 1.5
    assert "not seen" in error_part(started.err.all().decode(), "effect")


def test_a_slow_link_changes_nothing(apart: Runner, relay: Relay) -> None:
    with relay.mode("delay:20"):
        result = run(apart, "--stdin", "--", "sh", "-c", "cat; echo err >&2; exit 4", stdin=b"in\n").check(4)
    assert (result.stdout, result.stderr) == (b"in\n", b"err\n")


def test_ctrl_c_while_connecting(apart: Runner, relay: Relay) -> None:
    with relay.mode("stall"):
        accepted = relay.tell("status")["accepted"]
        with Started(apart, *RELAYED, "--", "true") as started:
            wait_for(lambda: relay.tell("status")["accepted"] > accepted, "connection")
            started.signal(signal.SIGINT)
            assert started.end(5) == 130


# --- the host is another one, or refuses us ----------------------------------------------------------------------------

def other_key(tmp_path: Path, name: str) -> Path:
    path = tmp_path / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path], check=True, stdin=subprocess.DEVNULL)
    return path


def on_host(runner: Runner, tmp_path: Path, block: dict[str, object], *words: str, **options: object) -> Result:
    place = write_topology(tmp_path / "topology", asset("one", lxc=block))
    return runner("--topology", place, "runtime-assets", *words, **options)


@pytest.mark.static
def test_another_host_key_is_refused(apart: Runner, lab: Lab, tmp_path: Path) -> None:
    key = " ".join(other_key(tmp_path, "key").with_suffix(".pub").read_text().split()[:2])
    block = ssh_block(lab, hostKeys=[key])
    result = on_host(apart, tmp_path, block, "run", "--role", "one", "--", "true").check(125)
    assert error_code(result.err) == "plane.tls"
    assert "hostKeys" in error_part(result.err, "cause")
    row = on_host(apart, tmp_path, block, "check", "--all", "-o", "json").check(12).json()["items"][0]
    assert (row["state"], row["machine"]) == ("down", "unreachable")
    assert "hostKeys" in row["cause"]


@pytest.mark.static
def test_another_user_key_is_refused(apart: Runner, lab: Lab, tmp_path: Path) -> None:
    environment = {"FOPS_LAB_SSH_KEY": other_key(tmp_path, "key").read_text()}
    result = on_host(apart, tmp_path, ssh_block(lab), "run", "--role", "one", "--", "true", env=environment).check(125)
    assert error_code(result.err) == "plane.auth"
    assert "refuses the key" in error_part(result.err, "cause")
    assert not masters(apart)


@pytest.mark.parametrize("value", ["no key at all", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"], ids=["text", "torn"])
def test_a_key_that_is_none(apart: Runner, lab: Lab, tmp_path: Path, value: str) -> None:
    result = on_host(apart, tmp_path, ssh_block(lab), "run", "--role", "one", "--", "true", env={"FOPS_LAB_SSH_KEY": value}).check(125)
    assert error_code(result.err) == "plane.auth"


def test_a_key_that_is_missing(apart: Runner, lab: Lab, tmp_path: Path) -> None:
    result = on_host(apart, tmp_path, ssh_block(lab), "run", "--role", "one", "--", "true", env={"FOPS_LAB_SSH_KEY": None}).check(125)
    assert error_code(result.err) == "secret.unresolved"
    assert "FOPS_LAB_SSH_KEY" in result.err


def test_a_host_that_speaks_no_ssh(apart: Runner, lab: Lab, tmp_path: Path) -> None:
    with serving(lambda link: link.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        result = on_host(apart, tmp_path, ssh_block(lab, port=server.port), "run", "--role", "one", "--", "true").check(125)
    assert error_code(result.err) == "plane.unavailable"
    assert error_part(result.err, "cause")


def test_a_host_that_is_silent_ends_by_its_own_limit(apart: Runner, lab: Lab, tmp_path: Path) -> None:
    with serving(wait_for_client) as server:
        block = ssh_block(lab, port=server.port, connectTimeout="1s")
        begun = time.monotonic()
        result = on_host(apart, tmp_path, block, "run", "--role", "one", "--", "true").check(125)
        assert time.monotonic() - begun < 5
    assert error_code(result.err) == "plane.unavailable"


def test_a_host_without_the_container_tools(apart: Runner, lab: Lab, tmp_path: Path) -> None:
    block = ssh_block(lab, container="nowhere")
    result = on_host(apart, tmp_path, block, "run", "--role", "one", "--", "true").check(125)
    assert error_code(result.err) == "asset.not-running"


# --- the shared connection ---------------------------------------------------------------------------------------------

@pytest.mark.static
def test_a_killed_control_master_is_replaced(apart: Runner, relay: Relay) -> None:
    run(apart, "--", "true").check()
    control, = masters(apart)
    told = subprocess.run(["ssh", "-F", "none", "-o", f"ControlPath={control}", "-O", "check", "host"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=True)
    pid = int(told.stderr.split("pid=")[1].split(")")[0])
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not os.path.exists(f"/proc/{pid}") or "Z" in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1][:3], "end of the master")
    result = run(apart, "--", "echo", "fine").check()
    assert (result.stdout, result.stderr) == (b"fine\n", b"")


def test_a_dropped_shared_connection_is_replaced(apart: Runner, relay: Relay) -> None:
    run(apart, "--", "true").check()
    relay.tell("drop")
    run(apart, "--", "true").check()


@pytest.mark.static
def test_the_connection_is_shared(apart: Runner, relay: Relay) -> None:
    before = relay.tell("status")["accepted"]
    for _ in range(3):
        run(apart, "--", "true").check()
    assert relay.tell("status")["accepted"] == before + 1


@pytest.mark.static
def test_killing_fops_leaves_a_usable_state(apart: Runner, relay: Relay, tag: str) -> None:
    with Started(apart, *RELAYED, "--", "python", "-c", TALK, tag) as started:
        started.out.wait(b"ready\n")
        started.signal(signal.SIGKILL)
        assert started.end() == -9
    run(apart, "--", "echo", "fine").check()
    # nobody is left who could stop the command through its link; without the link it ends with its first output
    relay.tell("drop")
    wait_gone(tag, 20)
    run(apart, "--", "echo", "fine").check()


# --- folders -----------------------------------------------------------------------------------------------------------

LOCAL = ("runtime-assets", "run", "--role", "daytona_runtime", "--", "echo", "fine")
OVER_SSH = ("--context", "lab-ssh", *LOCAL)


@pytest.mark.static
@pytest.mark.parametrize("words", [LOCAL, OVER_SSH], ids=["lxc-local", "lxc-ssh"])
@pytest.mark.parametrize("missing", ["HOME", "XDG_RUNTIME_DIR", "everything"])
def test_no_home_and_no_runtime_folder(operate: Runner, words: tuple[str, ...], missing: str) -> None:
    names = ["HOME", "XDG_RUNTIME_DIR"] if missing == "everything" else [missing]
    names += [name for name in operate.environment if name.startswith("XDG_") and name != "XDG_RUNTIME_DIR"]
    result = operate(*words, env=dict.fromkeys(names)).check()
    assert result.stdout == b"fine\n"
    end_masters(Path("/tmp"), f"fops-{os.geteuid()}")


@pytest.mark.static
def test_a_runtime_folder_with_a_long_path(operate: Runner, tmp_path: Path) -> None:
    """A socket's path is short by nature; then the connection is not shared, and nothing else changes."""
    folder = tmp_path / ("long" * 30)
    folder.mkdir(mode=0o700)
    result = operate(*OVER_SSH, env={"XDG_RUNTIME_DIR": str(folder)}).check()
    assert (result.stdout, result.stderr) == (b"fine\n", b"")


@pytest.mark.parametrize("kind", ["missing", "a-file", "open-to-all", "a-link", "foreign"])
def test_a_runtime_folder_that_cannot_be_trusted(operate: Runner, tmp_path: Path, kind: str) -> None:
    base = tmp_path / "runtime"
    own = base / "fops"
    if kind == "missing":
        base = tmp_path / "nowhere"
    elif kind == "a-file":
        base.write_text("")
    else:
        base.mkdir(mode=0o700)
    if kind == "open-to-all":
        own.mkdir()
        own.chmod(0o777)
    elif kind == "a-link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        own.symlink_to(tmp_path / "elsewhere")
    elif kind == "foreign":
        own.mkdir(mode=0o700)
        os.chown(own, 65534, 65534)
    result = operate(*OVER_SSH, env={"XDG_RUNTIME_DIR": str(base)}).check(125)
    assert error_code(result.err) == "io.cannot-create"
    assert str(base) in result.err
    operate(*LOCAL, env={"XDG_RUNTIME_DIR": str(base)}).check()


def test_a_full_runtime_folder(operate: Runner, tmp_path: Path) -> None:
    """Nothing but the socket is written there, and a full disk takes no socket either: the connection is then not shared."""
    folder = Path(tempfile.mkdtemp(prefix="fops-"))
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k,nr_inodes=2,mode=0700", "tmpfs", folder], capture_output=True, check=False)
    try:
        if mounted.returncode != 0:
            pytest.skip("this machine lets nobody mount")
        (folder / "fops").mkdir(mode=0o700)
        result = operate(*OVER_SSH, env={"XDG_RUNTIME_DIR": str(folder)})
        assert result.code in (0, 125), str(result)
        if result.code == 125:
            assert error_part(result.err, "cause")
        operate(*LOCAL, env={"XDG_RUNTIME_DIR": str(folder)}).check()
    finally:
        subprocess.run(["umount", "-l", folder], capture_output=True, check=False)
        folder.rmdir()


def test_a_read_only_home(operate: Runner, tmp_path: Path) -> None:
    """As root no mode is an obstacle, so the folders are files."""
    blocker = tmp_path / "blocker"
    blocker.write_text("")
    names = ("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME")
    result = operate(*OVER_SSH, env={name: str(blocker) for name in names}).check()
    assert (result.stdout, result.stderr) == (b"fine\n", b"")


@pytest.mark.static
@pytest.mark.parametrize("words", [LOCAL, OVER_SSH], ids=["lxc-local", "lxc-ssh"])
def test_outputs_that_are_full(operate: Runner, words: tuple[str, ...]) -> None:
    with open("/dev/full", "wb") as full:
        result = operate(*words, stdout=full)
    assert result.code != 0


def test_programs_that_are_missing_here(operate: Runner, tmp_path: Path) -> None:
    for words in (LOCAL, OVER_SSH):
        result = operate(*words, env={"PATH": str(tmp_path)}).check(125)
        assert error_code(result.err) == "asset.driver-unavailable"
        assert error_part(result.err, "cause")
