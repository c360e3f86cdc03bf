"""The stand-in of a Proxmox VE cluster: the traps of the real one are there, and wrong calls are refused."""

from __future__ import annotations

import http.client
import json
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from fopslab.neighbours.proxmox import NODE_PATH, SHIMS, make_certificate, make_secrets
from fopslab.relay import ask_relay, python_environment

AGENT = "/nodes/pve1/qemu/201/agent"
PATIENCE_SECONDS = 20.0
# Runs a command here as lxc-attach runs it in a container.
ATTACH = """\
#!/bin/sh
while [ "$1" != -- ]; do shift; done
shift
exec "$@"
"""


class Standin:
    """The process of the stand-in, whose commands run on this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        programs = folder / "bin"
        programs.mkdir()
        (programs / "lxc-attach").write_text(ATTACH)
        (programs / "lxc-attach").chmod(0o755)
        self.environment = {**os.environ, **python_environment(), "PATH": f"{programs}:{NODE_PATH}"}
        self.fingerprint = make_certificate(folder)
        secrets = make_secrets(folder)
        self.secrets: dict[str, str] = json.loads(secrets.read_text())
        report = folder / "ports"
        words = ["--lxc-path", str(folder), "--folder", str(folder), "--secrets", str(secrets), "--report", str(report)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fopslab.standin_proxmox", *words], env=self.environment, stdin=subprocess.DEVNULL
        )
        wait_for(report.exists)
        self.ports: dict[str, int] = json.loads(report.read_text())

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, str, Any]:
        """Status, reason and body. token and secret: whose; both right unless told."""
        context = ssl.create_default_context(cafile=self.folder / "server.pem")
        context.check_hostname = False
        connection = http.client.HTTPSConnection("127.0.0.1", self.ports["port"], timeout=20, context=context)
        token = more.get("token", "lab")
        headers = {"Authorization": f"PVEAPIToken=fops@pve!{token}={more.get('secret', self.secrets[token])}"}
        if body is not None:
            headers["Content-Type"] = more.get("content_type", "application/json")
            body = json.dumps(body)
        try:
            connection.request(method, f"/api2/json{path}", body, headers)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, answer.reason, json.loads(text) if text else None
        finally:
            connection.close()

    def data(self, method: str, path: str, body: Any = None) -> Any:
        status, reason, answer = self.ask(method, path, body)
        assert status == 200, reason
        return answer["data"]

    def run(self, *command: str, given: str | None = None) -> tuple[int, dict[str, Any]]:
        """The number and the result of a command in the machine."""
        body: dict[str, Any] = {"command": list(command)}
        if given is not None:
            body["input-data"] = given
        pid = self.data("POST", f"{AGENT}/exec", body)["pid"]
        return pid, self.result(pid)

    def result(self, pid: int) -> dict[str, Any]:
        found: dict[str, Any] = {}

        def exited() -> bool:
            found.update(self.data("GET", f"{AGENT}/exec-status?pid={pid}"))
            return found["exited"] == 1

        wait_for(exited)
        return found

    def control(self, line: str) -> dict[str, Any]:
        answer = ask_relay(self.ports["control"], line)
        assert "error" not in answer, answer
        return answer

    def tool(self, name: str, *words: str, given: bytes = b"") -> tuple[int, bytes, bytes]:
        path = self.environment["PATH"]
        argv = [sys.executable, "-I", "-S", SHIMS, name, str(self.ports["tools"]), "/nowhere", path, "", *words]
        done = subprocess.run(argv, env=self.environment, input=given, capture_output=True, check=False)
        return done.returncode, done.stdout, done.stderr


def wait_for(probe: Any) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not probe():
        assert time.monotonic() < deadline, "the awaited moment did not come"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    started = Standin(tmp_path_factory.mktemp("proxmox"))
    yield started
    started.process.terminate()
    started.process.wait(PATIENCE_SECONDS)


@pytest.fixture
def standin(running: Standin) -> Iterator[Standin]:
    running.control("reset")
    running.control("fault unauthorized-ms 0")
    yield running


def test_it_says_what_it_is(standin: Standin) -> None:
    assert standin.data("GET", "/version")["repoid"] == "standin"


def test_tokens_are_checked(standin: Standin) -> None:
    assert standin.ask("GET", "/version", secret="wrong")[:2] == (401, "invalid token value!")
    assert standin.ask("POST", f"{AGENT}/ping", token="reader")[:2] == (
        403, "Permission check failed (/vms/201, VM.GuestAgent.Unrestricted)")  # fmt: skip
    assert standin.ask("GET", "/cluster/resources?type=vm", token="nobody")[2] == {"data": []}


def test_a_401_takes_its_time(standin: Standin) -> None:
    standin.control("fault unauthorized-ms 400")
    begin = time.monotonic()
    standin.ask("GET", "/version", secret="wrong")
    assert time.monotonic() - begin >= 0.4


@pytest.mark.parametrize(
    ("method", "path", "body", "wrong"),
    [
        ("POST", f"{AGENT}/exec", {}, "command"),
        ("POST", f"{AGENT}/exec", {"command": ["true"], "cwd": "/"}, "cwd"),
        ("POST", f"{AGENT}/exec", {"command": ["true"], "input-data": "x" * 65537}, "input-data"),
        ("GET", f"{AGENT}/exec-status?pid=x", None, "pid"),
        ("GET", "/cluster/resources?type=guest", None, "type"),
    ],
)
def test_wrong_parameters_are_named(standin: Standin, method: str, path: str, body: Any, wrong: str) -> None:
    status, reason, answer = standin.ask(method, path, body)
    assert (status, reason, list(answer["errors"])) == (400, "Parameter verification failed.", [wrong])


def test_bytes_travel_as_code_points(standin: Standin) -> None:
    result = standin.run("sh", "-c", "cat; printf 'a\\0b\\377' >&2", given="\u00c3\u00a9")[1]
    assert result == {"exited": 1, "exitcode": 0, "out-data": "\u00c3\u00a9", "err-data": "a\0b\u00ff"}
    assert standin.ask("POST", f"{AGENT}/exec", {"command": ["true"], "input-data": "\u20ac"})[1].startswith("Wide")
    assert standin.ask("POST", f"{AGENT}/exec", {"command": ["\u00e9"]})[0] == 500


def test_a_result_is_given_once(standin: Standin) -> None:
    pid, result = standin.run("sh", "-c", "exit 3")
    assert result == {"exited": 1, "exitcode": 3}
    assert standin.ask("GET", f"{AGENT}/exec-status?pid={pid}")[1] == f"Agent error: PID {pid} does not exist"


def test_a_signal_is_no_exit_code(standin: Standin) -> None:
    assert standin.run("sh", "-c", "kill -9 $$")[1] == {"exited": 1, "signal": 9}
    assert standin.run("sh", "-c", "exit 137")[1] == {"exited": 1, "exitcode": 137}


def test_output_is_cut_at_16_mib(standin: Standin) -> None:
    result = standin.run("head", "-c", "16777300", "/dev/zero")[1]
    assert (len(result["out-data"]), result["out-truncated"]) == (16777216, 1)


def test_a_background_child_keeps_a_command_running(standin: Standin, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    command = ["sh", "-c", f"cat {pipe} & echo done"]
    pid = standin.data("POST", f"{AGENT}/exec", {"command": command})["pid"]
    wait_for(lambda: not Path(f"/proc/{pid}").exists())
    assert standin.data("GET", f"{AGENT}/exec-status?pid={pid}") == {"exited": 0}
    pipe.write_text("late\n")
    assert standin.result(pid)["out-data"] == "done\nlate\n"


def test_a_program_that_is_none_is_an_error(standin: Standin) -> None:
    status, reason, _ = standin.ask("POST", f"{AGENT}/exec", {"command": ["/nowhere/nothing"]})
    assert status == 500
    assert "Failed to execute child process" in reason
    assert "No such file or directory" in reason


@pytest.mark.parametrize(
    ("vmid", "reason"),
    [(202, "VM 202 is not running"), (203, "No QEMU guest agent configured"), (999, "Configuration file")],
)
def test_a_machine_without_agent_says_so(standin: Standin, vmid: int, reason: str) -> None:
    status, said, answer = standin.ask("POST", f"/nodes/pve1/qemu/{vmid}/agent/ping")
    assert status == 500
    assert said.startswith(reason)
    assert answer["message"] == f"{said}\n"


def test_the_list_is_stale_on_demand(standin: Standin) -> None:
    standin.control("stale on")
    standin.control("guest 101 node=pve2 name=moved tags=")
    names = {each["vmid"]: each["name"] for each in standin.data("GET", "/cluster/resources?type=vm")}
    assert names[101] == "daytona"
    assert standin.ask("GET", "/nodes/pve1/lxc/101/status/current")[0] == 500
    assert standin.data("GET", "/nodes/pve2/lxc/101/status/current")["name"] == "moved"


def test_faults_hold_as_often_as_told(standin: Standin) -> None:
    standin.control("fault proxy 596:1")
    assert standin.ask("GET", "/nodes/pve1/lxc/101/config") == (596, "Connection timed out", None)
    assert standin.data("GET", "/nodes/pve1/lxc/101/config")["hostname"] == "daytona"
    pid = standin.data("POST", f"{AGENT}/exec", {"command": ["true"]})["pid"]
    standin.control("fault lose-results 1")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        standin.result(pid)
    assert standin.ask("GET", f"{AGENT}/exec-status?pid={pid}")[0] == 500


# --- tasks -------------------------------------------------------------------------------------------------------------


def tasks_of(standin: Standin, query: str, node: str = "pve1", token: str = "lab") -> list[tuple[str, str, str]]:
    """Type, guest and status of the tasks in a list."""
    status, reason, answer = standin.ask("GET", f"/nodes/{node}/tasks{query}", token=token)
    assert status == 200, reason
    return [(each["type"], each["id"], each["status"]) for each in answer["data"]]


def upid_of(standin: Standin, kind: str, vmid: str, nth: int = 0) -> str:
    return [upid for upid in standin.control("status")["tasks"] if f":{kind}:{vmid}:" in upid][nth]


def test_standin_tasks_end_in_three_ways(standin: Standin) -> None:
    found = []
    for upid in list(standin.control("status")["tasks"])[:4]:
        state = standin.data("GET", f"/nodes/pve1/tasks/{quote(upid)}/status")
        assert (state["user"], state["tokenid"], state["upid"]) == ("fops@pve", "lab", upid)
        found.append((state["status"], state.get("exitstatus")))
        assert standin.data("GET", f"/nodes/pve1/tasks/{quote(upid)}/log")[0]["n"] == 1
    assert found == [("stopped", "OK"), ("stopped", "WARNINGS: 1"), ("stopped", "start failed: org.freedesktop"),
                     ("running", None)]  # fmt: skip


def test_standin_lists_tasks_by_source_and_guest(standin: Standin) -> None:
    running, ended = ("vzdump", "109", "RUNNING"), ("vzstart", "109", "OK")
    assert tasks_of(standin, "?vmid=109") == [ended]
    assert tasks_of(standin, "?vmid=109&source=active") == [running]
    assert tasks_of(standin, "?vmid=109&source=all") == [running, ended]
    assert tasks_of(standin, "?vmid=109&source=all&limit=1") == [running]
    assert tasks_of(standin, "?vmid=109&source=all&limit=1&start=1") == [ended]
    assert tasks_of(standin, "?vmid=109&source=all", node="pve2") == []
    assert tasks_of(standin, "?vmid=110&errors=1") == [
        ("vzdump", "110", "WARNINGS: 1"), ("vzstart", "110", "startup for container '110' failed"),
        ("vzdump", "110", "WARNINGS: 2")]  # fmt: skip
    assert tasks_of(standin, "?vmid=110&statusfilter=error&typefilter=vzdump") == []
    assert tasks_of(standin, "?vmid=110&typefilter=vzdump&limit=1") == [("vzdump", "110", "WARNINGS: 1")]


def test_standin_tells_apart_users_and_tokens_of_ended_tasks_alone(standin: Standin) -> None:
    standin.control("task vzdump 101 fops@pve!lab running")
    rows = standin.data("GET", "/nodes/pve1/tasks?vmid=101&source=all")
    assert [(row["user"], row.get("tokenid"), "endtime" in row) for row in rows] == [
        ("fops@pve!lab", None, False), ("fops@pve", "lab", True), ("fops@pve", "lab", True)]  # fmt: skip


def test_standin_shows_a_token_without_audit_its_own_tasks_alone(standin: Standin) -> None:
    assert tasks_of(standin, "?source=all", token="reader") == []
    standin.control("task vzstart 110 fops@pve!reader OK")
    standin.control("task vzstop 110 fops@pve OK")
    assert tasks_of(standin, "?source=all", token="reader") == [("vzstart", "110", "OK")]
    own, other = upid_of(standin, "vzstart", "110", 2), upid_of(standin, "vzdump", "109")
    for part in ("status", "log"):
        assert standin.ask("GET", f"/nodes/pve1/tasks/{quote(own)}/{part}", token="reader")[0] == 200
        assert standin.ask("GET", f"/nodes/pve1/tasks/{quote(other)}/{part}", token="reader")[:2] == (
            403, "Permission check failed (/nodes/pve1, Sys.Audit)")  # fmt: skip


@pytest.mark.parametrize("upid", ["x", "UPID:", "UPID:pve1:1:2:3:vzdump:101:root@pam:",
                                  "UPID:pve1:0003F2A1:001BAD07:69206E00:vz dump:101:root@pam:"])  # fmt: skip
def test_standin_refuses_what_is_no_task_name(standin: Standin, upid: str) -> None:
    for part in ("status", "log"):
        status, _, answer = standin.ask("GET", f"/nodes/pve1/tasks/{quote(upid)}/{part}")
        assert (status, answer["errors"]) == (400, {"upid": "unable to parse worker upid"})


def test_standin_knows_no_task_of_another_node(standin: Standin) -> None:
    upid = quote(upid_of(standin, "vzdump", "109"))
    status, _, answer = standin.ask("GET", f"/nodes/pve2/tasks/{upid}/status")
    assert (status, answer["errors"]) == (400, {"upid": "no such task"})
    lines = standin.data("GET", f"/nodes/pve2/tasks/{upid}/log")
    assert lines == [{"n": 1, "t": "unable to open file - No such file or directory"}]


@pytest.mark.parametrize(
    ("query", "wrong"),
    [("source=some", "source"), ("vmid=99", "vmid"), ("limit=-1", "limit"), ("statusfilter=good", "statusfilter"),
     ("guest=1", "guest")],
)  # fmt: skip
def test_standin_names_wrong_parameters_of_a_task_list(standin: Standin, query: str, wrong: str) -> None:
    status, _, answer = standin.ask("GET", f"/nodes/pve1/tasks?{query}")
    assert (status, list(answer["errors"])) == (400, [wrong])


def test_standin_pages_a_log(standin: Standin) -> None:
    path = f"/nodes/pve1/tasks/{quote(upid_of(standin, 'vzstart', '110', 1))}/log"
    answer = standin.ask("GET", path)[2]
    assert (answer["total"], len(answer["data"]), answer["data"][0]["n"]) == (122, 50, 1)
    assert [line["n"] for line in standin.data("GET", f"{path}?start=120&limit=50")] == [121, 122]
    assert len(standin.data("GET", f"{path}?limit=0")) == 122


def test_standin_lists_a_crashed_task_as_running(standin: Standin) -> None:
    standin.control("task vzdump 103 root@pam crashed")
    assert tasks_of(standin, "?vmid=103&source=active") == [("vzdump", "103", "RUNNING")]
    state = standin.data("GET", f"/nodes/pve1/tasks/{quote(upid_of(standin, 'vzdump', '103'))}/status")
    assert (state["status"], state["exitstatus"]) == ("stopped", "unexpected status")


def test_standin_tells_the_lock_and_a_start_fails_on_it(standin: Standin) -> None:
    assert standin.data("GET", "/nodes/pve1/lxc/109/status/current")["lock"] == "backup"
    upid = standin.data("POST", "/nodes/pve1/lxc/109/status/start", {})
    state = standin.data("GET", f"/nodes/pve1/tasks/{quote(upid)}/status")
    assert state["exitstatus"] == "CT is locked (backup)"
    standin.control("guest 109 lock=")
    upid = standin.data("POST", "/nodes/pve1/lxc/109/status/start", {})
    assert standin.data("GET", f"/nodes/pve1/tasks/{quote(upid)}/status")["exitstatus"] == "OK"


def test_standin_refuses_tasks_on_demand(standin: Standin) -> None:
    standin.control("fault tasks 403")
    assert standin.ask("GET", "/nodes/pve1/tasks")[0] == 403
    standin.control("fault tasks off")
    assert standin.ask("GET", "/nodes/pve1/tasks")[0] == 200


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="pct and qm want root")


@as_root
def test_pct_passes_streams_and_status(standin: Standin) -> None:
    command = ("sh", "-c", 'cat; printf "%s" "$1" >&2; exit 9', "x", "a  b'$")
    assert standin.tool("pct", "exec", "101", "--keep-env", "0", "--", *command, given=b"in") == (9, b"in", b"a  b'$")
    assert standin.tool("pct", "status", "103")[:2] == (0, b"status: stopped\n")


@as_root
@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("exec", "103", "--", "true"), 255, b"Error: container '103' not running!\n"),
        (("exec", "999", "--", "true"), 2, b"Configuration file 'nodes/pve1/lxc/999.conf' does not exist\n"),
        (("exec", "101", "--user", "x", "--", "true"), 255, b"Unknown option: user\n"),
        (("exec", "abc", "--", "true"), 255, b"400 Parameter verification failed.\n"),
        (("enter", "101"), 255, b"ERROR: unknown command 'pct enter'\n"),
    ],
)
def test_pct_fails_as_perl_does(standin: Standin, words: tuple[str, ...], status: int, said: bytes) -> None:
    done = standin.tool("pct", *words)
    assert (done[0], done[1]) == (status, b"")
    assert done[2].startswith(said)


@as_root
def test_qm_tells_the_status_in_json_alone(standin: Standin) -> None:
    command = ("sh", "-c", "cat; exit 5")
    done = standin.tool("qm", "guest", "exec", "201", "--pass-stdin", "1", "--", *command, given=b"\xff")
    assert (done[0], json.loads(done[1])) == (0, {"exitcode": 5, "exited": 1, "out-data": "\u00ff"})
    late = standin.tool("qm", "guest", "exec", "201", "--timeout", "1", "--", "sleep", "3")
    assert (late[0], list(json.loads(late[1])), late[2]) == (0, ["pid"], b"timeout reached, returning pid\n")
