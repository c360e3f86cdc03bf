"""The lab itself: neighbours come up, stay up, and go down without a trace, whatever was killed in between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from fopslab.neighbours import TABLE, lxc
from fopslab.process import marked_pids, read_records, start_of
from fopslab.state import PROJECT_ROOT, Lab, Skipped, mounts_below

LAB_FOLDER = PROJECT_ROOT / "lab"
NAMES = ("lxc", "ssh", "executor")
COMMAND = str(LAB_FOLDER / "lab")
MOMENT_SECONDS = 20.0


def lab_environment(root: Path) -> dict[str, str]:
    return {**os.environ, "FOPS_LAB_DIR": str(root)}


def run_lab(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *words], env=lab_environment(root), capture_output=True, text=True, timeout=60, check=False
    )


def up_or_skip(root: Path, *names: str) -> subprocess.CompletedProcess[str]:
    """Brings neighbours up; a machine that cannot run one skips the test with the lab's own reason."""
    done = run_lab(root, "up", *names)
    if done.returncode == 3:
        pytest.skip(next(line for line in done.stdout.splitlines() if line.startswith("skipped ")))
    assert done.returncode == 0, done.stderr
    return done


def wait_for(probe: Callable[[], bool]) -> None:
    deadline = time.monotonic() + MOMENT_SECONDS
    while not probe():
        assert time.monotonic() < deadline, "the awaited moment did not come"
        time.sleep(0.002)


def assert_no_trace(root: Path) -> None:
    lab = Lab(root)
    assert {each.name: marked_pids(lab, each.name) for each in TABLE} == {each.name: [] for each in TABLE}
    assert not root.exists()
    assert mounts_below(root) == []
    assert list(Path("/sys/fs/cgroup").glob(f"**/{lxc.cgroup_name(lab)}")) == []
    assert not Path(f"/run/lxc/lock{root}").exists()


def all_records(root: Path) -> dict[str, Any]:
    lab = Lab(root)
    return {f"{each.name}.{name}": record for each in TABLE for name, record in read_records(lab, each.name).items()}


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "lab"
    yield path
    if path.exists():
        run_lab(path, "down")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One lab with everything, for tests that change nothing in it."""
    path = tmp_path_factory.mktemp("shared") / "lab"
    try:
        up_or_skip(path, *NAMES)
        yield path
    finally:
        run_lab(path, "down")
    assert_no_trace(path)


def facts_of(root: Path, name: str) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((root / "lab.json").read_text())["neighbours"][name]
    return facts


def ssh_command(root: Path, *words: str, port: int | None = None) -> list[str]:
    facts = facts_of(root, "ssh")
    options = [f"UserKnownHostsFile={facts['knownHosts']}", "BatchMode=yes", "StrictHostKeyChecking=yes"]
    options += [f"HostKeyAlias=[127.0.0.1]:{facts['port']}"]
    return [
        "ssh", "-F", "none", "-i", facts["userKey"], "-p", str(port or facts["port"]), "-l", facts["user"],
        *[part for option in options for part in ("-o", option)], "127.0.0.1", *words,
    ]  # fmt: skip


def test_an_unknown_name_is_refused_with_a_suggestion(root: Path) -> None:
    done = run_lab(root, "up", "executer")
    assert done.returncode == 2
    assert "did you mean executor?" in done.stderr
    assert not root.exists()


def test_a_folder_that_no_lab_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "precious").write_text("mine")
    for words in (("up", "executor"), ("down",)):
        done = run_lab(tmp_path, *words)
        assert done.returncode == 1
        assert "no lab made it" in done.stderr
    assert (tmp_path / "log" / "precious").read_text() == "mine"


def test_down_of_a_lab_that_never_was_leaves_no_folder(root: Path) -> None:
    assert run_lab(root, "down").returncode == 0
    assert_no_trace(root)


def test_up_says_what_is_ready_and_how_to_use_it(shared: Path) -> None:
    done = run_lab(shared, "up", *NAMES)
    lines = done.stdout.splitlines()
    assert [line.split(":")[0] for line in lines[:3]] == ["ready lxc", "ready ssh", "ready executor"]
    assert f"  export FOPS_TOPOLOGY={shared}/topology/local" in lines
    assert (shared / "env").stat().st_mode & 0o777 == 0o600
    assert (shared / "lab.json").stat().st_mode & 0o777 == 0o600


def test_up_twice_starts_nothing_anew(shared: Path) -> None:
    before = all_records(shared)
    assert run_lab(shared, "up", *NAMES).returncode == 0
    assert all_records(shared) == before
    assert set(before) == {
        "lxc.daytona",
        "lxc.langboard",
        "ssh.sshd",
        "ssh.relay",
        "executor.service",
        "executor.relay",
    }


def test_every_process_leads_its_own_group(shared: Path) -> None:
    for record in all_records(shared).values():
        assert os.getpgid(record.pid) == record.pid


def test_status_knows_every_neighbour(shared: Path) -> None:
    done = run_lab(shared, "status", "-o", "json")
    assert done.returncode == 0
    states = {row["name"]: row["state"] for row in json.loads(done.stdout)["neighbours"]}
    assert states == {each.name: "ready" if each.name in NAMES else "stopped" for each in TABLE}


def test_python_answers_in_both_containers_and_the_parked_one_is_stopped(shared: Path) -> None:
    for name in lxc.RUNNING:
        argv = ["lxc-attach", "-P", f"{shared}/lxc", "-n", name, "--clear-env", "--", "python", "-V"]
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
        assert done.stdout.startswith("Python 3.")
    assert lxc.container_state(Lab(shared), lxc.PARKED) == "STOPPED"


def test_the_host_programs_cannot_be_changed_from_inside(shared: Path) -> None:
    argv = ["lxc-attach", "-P", f"{shared}/lxc", "-n", "daytona", "--clear-env", "--", "touch", "/usr/lab-was-here"]
    assert subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 1
    assert not Path("/usr/lab-was-here").exists()


def test_a_command_over_ssh_reaches_the_same_containers(shared: Path) -> None:
    line = f"lxc-attach -P {shared}/lxc -n daytona --clear-env -- python -V"
    for port in (None, facts_of(shared, "ssh")["relay"]["port"]):
        argv = ssh_command(shared, line, port=port)
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        assert done.stdout.startswith("Python 3."), done.stderr


def test_the_contracts_have_the_same_assets_in_both_folders(shared: Path) -> None:
    def assets(folder: str) -> dict[str, dict[str, Any]]:
        text = (shared / "topology" / folder / ("lxc.yaml" if folder == "local" else "ssh.yaml")).read_text()
        return {each["spec"]["assetId"]: each["spec"] for each in yaml.safe_load_all(text)}

    local, remote = assets("local"), assets("ssh")
    assert [(each["assetId"], each["role"]) for each in local.values()] == [
        (each["assetId"], each["role"]) for each in remote.values()
    ]
    assert {each["lxc"]["driver"] for each in local.values()} == {"local"}
    assert {each["lxc"]["driver"] for each in remote.values()} == {"ssh"}
    assert local["langboard-01"]["executorRef"] == "langboard-executor"
    assert sum(each["role"] == "twin_runtime" for each in local.values()) == 2


def test_two_labs_run_side_by_side(shared: Path, root: Path) -> None:
    up_or_skip(root, "lxc", "executor")
    assert run_lab(shared, "status", *NAMES).returncode == 0
    assert run_lab(root, "down").returncode == 0
    assert_no_trace(root)
    assert run_lab(shared, "status", *NAMES).returncode == 0


def test_down_of_one_neighbour_takes_those_that_need_it_and_no_other(root: Path) -> None:
    up_or_skip(root, *NAMES)
    assert run_lab(root, "down", "lxc").returncode == 0
    assert run_lab(root, "status", "executor").returncode == 0
    assert run_lab(root, "status", "lxc").returncode == 1
    assert run_lab(root, "status", "ssh").returncode == 1
    assert sorted(path.name for path in (root / "topology").iterdir()) == ["faults", "local"]
    assert run_lab(root, "down").returncode == 0
    assert_no_trace(root)


def test_neighbours_killed_from_outside_are_started_anew_and_leave_no_trace(root: Path) -> None:
    up_or_skip(root, *NAMES)
    # The login outlives its listener, and its command the login: both must be found.
    session = subprocess.Popen(ssh_command(root, "echo started; sleep 300"), stdout=subprocess.PIPE)
    assert session.stdout is not None
    assert session.stdout.readline() == b"started\n"
    for record in all_records(root).values():
        os.kill(record.pid, signal.SIGKILL)
    wait_for(lambda: not any(record.alive for record in all_records(root).values()))
    assert run_lab(root, "status", *NAMES).returncode == 1
    up_or_skip(root, *NAMES)
    assert session.wait(timeout=20) == 255
    assert run_lab(root, "status", *NAMES).returncode == 0
    for record in all_records(root).values():
        os.kill(record.pid, signal.SIGKILL)
    assert run_lab(root, "down").returncode == 0
    assert_no_trace(root)


@pytest.mark.parametrize(
    "moment",
    ["lxc.create-daytona.pid", "lxc.daytona.pid", "ssh.sshd.pid", "executor.service.pid", "executor.relay.pid"],
)
def test_down_cleans_up_after_a_lab_killed_in_the_middle(root: Path, moment: str) -> None:
    starter = subprocess.Popen(
        [COMMAND, "up", *NAMES], env=lab_environment(root), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wait_for(lambda: (root / "run" / moment).exists() or starter.poll() is not None)
    starter.kill()
    if starter.wait() == 3:
        pytest.skip("a neighbour cannot start on this machine")
    assert run_lab(root, "down").returncode == 0
    assert_no_trace(root)


def test_an_interrupted_up_ends_what_it_had_begun(root: Path) -> None:
    starter = subprocess.Popen(
        [COMMAND, "up", "executor"], env=lab_environment(root), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wait_for(lambda: (root / "run" / "executor.service.pid").exists())
    starter.send_signal(signal.SIGTERM)
    assert starter.wait(timeout=20) == 128 + signal.SIGTERM
    assert marked_pids(Lab(root), "executor") == []


def test_a_stranger_with_a_recycled_pid_is_not_killed(root: Path) -> None:
    assert run_lab(root, "up", "executor").returncode == 0
    stranger = subprocess.Popen(["sleep", "300"], start_new_session=True)
    try:
        pid_file = root / "run" / "executor.service.pid"
        record = json.loads(pid_file.read_text())
        pid_file.write_text(json.dumps({**record, "pid": stranger.pid}))
        assert run_lab(root, "down").returncode == 0
        assert start_of(stranger.pid) is not None
        assert_no_trace(root)
    finally:
        stranger.kill()
        stranger.wait()


def test_a_machine_without_the_programs_is_skipped_with_the_reason(root: Path, tmp_path: Path) -> None:
    environment = {**lab_environment(root), "PATH": str(tmp_path), "PYTHONPATH": str(LAB_FOLDER)}
    argv = [sys.executable, "-m", "fopslab", "up", "ssh"]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    first, second = done.stdout.splitlines()
    assert first.startswith("skipped lxc: ")
    assert second == "skipped ssh: it needs lxc, which is not up"


def test_without_root_the_containers_are_skipped(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Skipped, match="not root"):
        lxc.start(Lab(root))
