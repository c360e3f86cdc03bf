"""The cluster: what it holds, who may do what, how its node fails, and how the relay in front of it spoils frames."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from exec_client import Heard, execute
from test_lab import COMMAND, assert_no_trace, lab_environment, run_lab, up_or_skip, wait_for

from fopslab.kube.api import Api, ApiError
from fopslab.kube.objects import PODS, create_pods, remove_pods
from fopslab.kube.server import start_api, stop_api
from fopslab.kube.tokens import mint
from fopslab.relay import ask_relay
from fopslab.state import Lab
from fopslab.wsframes import CLOSE, CONTINUATION, PING, TEXT
from fopslab.wsproxy import parse_faults

Facts = dict[str, Any]
DAYTONA = "daytona-7d4b9c6f5-x2k8q"
BOARDS = "/api/v1/namespaces/boards"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A lab with the cluster; with containers where the machine can run them."""
    path = tmp_path_factory.mktemp("cluster") / "lab"
    try:
        run_lab(path, "up", "lxc")
        up_or_skip(path, "kube")
        yield path
    finally:
        run_lab(path, "down")
    assert_no_trace(path)


@pytest.fixture(scope="module")
def facts(root: Path) -> Facts:
    found: Facts = json.loads((root / "lab.json").read_text())["neighbours"]["kube"]
    return found


def run(facts: Facts, *words: str, pod: str = DAYTONA, **more: Any) -> Heard:
    return asyncio.run(execute(facts, pod, *words, **more))


def sh(facts: Facts, script: str, **more: Any) -> Heard:
    return run(facts, "sh", "-c", script, **more)


def tell(control: int, line: str) -> dict[str, Any]:
    answer = ask_relay(control, line)
    assert "error" not in answer, answer
    return answer


@contextmanager
def fault(facts: Facts, pod: str, text: str) -> Iterator[None]:
    tell(facts["node"]["control"], f"fault boards/{pod} {text}")
    try:
        yield
    finally:
        tell(facts["node"]["control"], f"clear boards/{pod}")


def through_relay(facts: Facts, faults: str, *words: str, pod: str = DAYTONA, **more: Any) -> Heard:
    control = facts["relay"]["control"]
    tell(control, "forget")
    tell(control, f"mode {faults}")
    try:
        return run(facts, *(words or ("echo", "hello")), pod=pod, port=facts["relay"]["port"], **more)
    finally:
        tell(control, "mode pass")


# --- the cluster ---


def test_pods_are_in_the_states_that_their_names_say(facts: Facts) -> None:
    with Api(facts) as api:
        items = {each["metadata"]["name"]: each for each in api.get(f"{BOARDS}/pods")["items"]}
    assert set(items) == {pod.name for pod in PODS}
    ready = {
        name for name, each in items.items()
        if any(it["type"] == "Ready" and it["status"] == "True" for it in each["status"]["conditions"])
    }  # fmt: skip
    assert set(items) - ready == {"unready", "pending", "crashing", "parked", "twins-c"}
    assert "deletionTimestamp" in items["leaving"]["metadata"]
    assert items[DAYTONA]["metadata"]["ownerReferences"][0]["kind"] == "ReplicaSet"
    starts = [items[f"twins-{letter}"]["status"]["startTime"] for letter in "abc"]
    assert starts == sorted(starts, reverse=True)


@pytest.mark.parametrize(
    ("person", "list_pods", "get_exec", "create_exec", "proxy"),
    [
        ("fops", True, True, True, True),
        ("fops-rotated", True, True, True, True),
        ("service-account", True, True, True, True),
        ("fops-reader", True, False, False, False),
        ("fops-creator", True, False, True, False),
        ("fops-getter", True, True, False, False),
    ],
)
def test_people_may_do_exactly_what_they_should(
    facts: Facts, person: str, list_pods: bool, get_exec: bool, create_exec: bool, proxy: bool
) -> None:
    with Api(facts, Path(facts["tokens"][person]).read_text()) as api:

        def may(verb: str, resource: str, subresource: str = "", group: str = "") -> bool:
            asked = {
                "namespace": "boards",
                "verb": verb,
                "resource": resource,
                "subresource": subresource,
                "group": group,
            }
            body = {"spec": {"resourceAttributes": asked}}
            answer = api.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body)
            return bool(answer["status"]["allowed"])

        assert may("list", "pods") == list_pods
        assert may("get", "pods", "exec") == get_exec
        assert may("create", "pods", "exec") == create_exec
        assert may("patch", "services", "proxy") == may("delete", "pods", "proxy") == proxy
        assert may("get", "deployments", group="apps") == may("get", "jobs", group="batch") == proxy
        assert not may("delete", "pods")


def test_wrong_and_ended_tokens_are_refused(facts: Facts) -> None:
    for token, status in (
        (Path(facts["tokens"]["fops-wrong"]).read_text(), 401),
        (mint(facts, -100), 401),
        (mint(facts, 100), 0),
    ):
        with Api(facts, token) as api:
            try:
                api.get(f"{BOARDS}/pods?limit=1")
                found = 0
            except ApiError as error:
                found = error.status
        assert found == status


def test_pods_answer_http_through_both_proxies(facts: Facts) -> None:
    with Api(facts) as api:
        for place in (
            "pods/langboard-0:8080", "pods/https:langboard-0:8443",
            "services/langboard:http", "services/https:langboard:https",
        ):  # fmt: skip
            assert json.loads(api.send("GET", f"{BOARDS}/{place}/proxy/health")) == {"status": "ok"}
        said = json.loads(api.send("PUT", f"{BOARDS}/services/langboard:http/proxy/a/b?c=d%20e", {"x": 1}))
        assert (said["method"], said["path"], said["query"], said["body"]) == (
            "PUT",
            "/a/b",
            {"c": ["d e"]},
            '{"x": 1}',
        )
        big = api.send("GET", f"{BOARDS}/services/langboard:http/proxy/bytes?count=5000000&chunked=1")
        assert big == (bytes(range(256)) * 19532)[:5_000_000]
        for place, own in (
            ("langboard:http/proxy/status/503", True),
            ("closed:http/proxy/", False),
            ("hollow:http/proxy/", False),
        ):
            with pytest.raises(ApiError) as caught:
                api.send("GET", f"{BOARDS}/services/{place}")
            assert caught.value.status == 503
            assert ('"kind":"Status"' not in str(caught.value)) == own


def test_many_pods_come_and_go(facts: Facts) -> None:
    names = create_pods(facts, 40, ("crowd-a", "crowd-b"))
    with Api(facts, Path(facts["tokens"]["fops"]).read_text()) as api:
        items = api.get("/api/v1/namespaces/crowd-a/pods")["items"]
        assert [f"crowd-a/{each['metadata']['name']}" for each in items] == [
            each for each in names if "crowd-a/" in each
        ]
        assert {each["status"]["phase"] for each in items} == {"Running"}
    remove_pods(facts, ("crowd-a", "crowd-b"))
    with Api(facts) as api:
        assert api.get("/api/v1/namespaces/crowd-b/pods")["items"] == []


def test_kubectl_runs_a_command_with_the_kubeconfig_of_people(facts: Facts) -> None:
    argv = [
        facts["programs"]["kubectl"],
        "--kubeconfig",
        facts["kubeconfig"],
        "exec",
        "-i",
        DAYTONA,
        "--",
        "sh",
        "-c",
        "cat; exit 3",
    ]
    done = subprocess.run(argv, input=b"through and back", capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (3, b"through and back")


def test_the_server_comes_back_on_its_port(root: Path, facts: Facts) -> None:
    stop_api(Lab(root), facts)
    with Api(facts) as api:
        assert not api.ready()
    start_api(Lab(root), facts)
    assert sh(facts, "exit 4").code == 4


def test_every_asset_names_an_endpoint_and_roles_are_those_of_the_containers(root: Path) -> None:
    each = list(yaml.safe_load_all((root / "topology" / "kube" / "kube.yaml").read_text()))
    endpoints = {it["spec"]["id"] for it in each if it["kind"] == "Endpoint"}
    assets = {it["spec"]["assetId"]: it["spec"] for it in each if it["kind"] == "RuntimeAsset"}
    assert {it["kubernetes"]["cluster"] for it in assets.values()} == endpoints
    assert {"daytona_runtime", "langboard_executor", "parked_runtime", "gated_runtime", "twin_runtime"} <= {
        it["role"] for it in assets.values()
    }
    assert [name for name, it in assets.items() if it["labels"].get("room") == "workspace"] == [
        "daytona-01", "parked-01", "daytona-01-a", "daytona-01-b",
    ]  # fmt: skip


def test_down_cleans_up_after_a_start_that_was_killed(facts: Facts, tmp_path: Path) -> None:
    path = tmp_path / "lab"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    starter = subprocess.Popen([COMMAND, "up", "kube"], env=lab_environment(path), **quiet)
    wait_for(lambda: (path / "run" / "kube.api.pid").exists())
    starter.kill()
    starter.wait()
    assert run_lab(path, "down").returncode == 0
    assert_no_trace(path)


# --- the node ---


@pytest.mark.parametrize("protocols", ["v5.channel.k8s.io", "v4.channel.k8s.io"])
def test_both_versions_tell_streams_and_code(facts: Facts, protocols: str) -> None:
    heard = sh(facts, "echo out; echo err >&2; exit 9", protocols=protocols)
    assert heard.accepted and heard.head.get("Sec-WebSocket-Protocol") == protocols
    assert (heard.channel(1), heard.channel(2), heard.code) == (b"out\n", b"err\n", 9)


def test_stdin_is_closed_and_late_output_follows(facts: Facts) -> None:
    heard = run(facts, "sh", "-c", "wc -c; echo late", stdin=b"x" * 3_000_000)
    assert (heard.channel(1).split(), heard.code) == ([b"3000000", b"late"], 0)


def test_programs_that_cannot_start_have_no_code(facts: Facts) -> None:
    for program, part in (
        ("no-such", "executable file not found in $PATH"),
        ("/etc/passwd", "permission denied"),
        ("/tmp", "is a directory"),
    ):
        heard = run(facts, program)
        assert heard.code is None and heard.result["reason"] == "InternalError" and part in heard.result["message"]


def test_other_pods_tell_their_name(facts: Facts) -> None:
    heard = sh(facts, "echo $HOSTNAME $CONTAINER", pod="crowded", container="two")
    assert heard.channel(1) == b"crowded two\n"


def test_pods_without_a_command_say_why(facts: Facts) -> None:
    assert run(facts, "true", pod="crowded").status == 400
    assert run(facts, "true", pod="pending").status == 400
    assert run(facts, "true", pod="nobody").status == 404
    assert "container not found" in run(facts, "true", pod="crashing").result["message"]
    assert "refused" in run(facts, "true", pod="dead").result["message"]
    assert run(facts, "true", token="fops-reader").status == 403
    assert run(facts, "true", token="fops-getter").status == 403
    assert run(facts, "true", token="fops-creator").status == 403


def test_faults_of_the_node(facts: Facts) -> None:
    with fault(facts, "crowded", "container-not-found"):
        assert run(facts, "true", pod="crowded", container="one").code is None
        assert sh(facts, "exit 2").code == 2
    with fault(facts, "crowded", "not-found"):
        assert "executable file not found" in run(facts, "true", pod="crowded", container="one").result["message"]
    with fault(facts, "crowded", "early-exit:1000"):
        heard = run(facts, "sleep", "60", pod="crowded", container="one", stdin=b"x" * 1_000_000)
        assert heard.code == 7
    with fault(facts, "crowded", "slow-stdout:1000"):
        begun = time.monotonic()
        assert len(sh(facts, "printf '%0400d' 0", pod="crowded", container="one").channel(1)) == 400
        assert time.monotonic() - begun >= 0.3


@pytest.mark.parametrize("text", ["reset:100", "no-status"])
def test_a_node_that_leaves_without_a_status(facts: Facts, text: str) -> None:
    """With version 5 the API server itself then tells success, whatever became of the command."""
    with fault(facts, "crowded", text):
        for protocols, code in (("v4.channel.k8s.io", None), ("v5.channel.k8s.io", 0)):
            heard = sh(facts, "printf '%0200d' 0; exit 3", pod="crowded", container="one", protocols=protocols)
            assert heard.code == code
            assert len(heard.channel(1)) == (100 if text == "reset:100" else 200)


def test_a_frozen_session_says_nothing_until_it_is_dropped(facts: Facts) -> None:
    control = facts["node"]["control"]
    script, v4 = "echo begun; exec sleep 60", {"protocols": "v4.channel.k8s.io"}

    async def work() -> Heard:
        task = asyncio.create_task(execute(facts, "crowded", "sh", "-c", script, container="one", **v4))
        while not tell(control, "status")["running"]:
            await asyncio.sleep(0.01)
        done, _ = await asyncio.wait({task}, timeout=0.3)
        assert not done
        tell(control, "drop boards/crowded")
        heard = await task
        tell(control, "kill boards/crowded")
        return heard

    with fault(facts, "crowded", "freeze:0"):
        heard = asyncio.run(work())
    assert (heard.channel(1), heard.code) == (b"", None)


def test_a_killed_command_ends_with_137(facts: Facts) -> None:
    control = facts["node"]["control"]

    async def work() -> Heard:
        task = asyncio.create_task(execute(facts, "twins-a", "sleep", "60"))
        while not tell(control, "kill boards/twins-a")["killed"]:
            await asyncio.sleep(0.01)
        return await task

    assert asyncio.run(work()).code == 137


def test_the_node_refuses_nonsense(facts: Facts) -> None:
    for line in (
        "fault boards/x nonsense",
        "fault boards/x freeze",
        "fault boards/x not-found:3",
        "fault //x not-found",
        "go",
    ):
        assert "error" in ask_relay(facts["node"]["control"], line)


# --- the relay ---


def test_the_relay_passes_everything(facts: Facts) -> None:
    heard = through_relay(facts, "pass", "cat", stdin=b"x" * 1_000_000)
    assert (heard.channel(1), heard.code, heard.close_code, heard.accepted) == (b"x" * 1_000_000, 0, 1000, True)
    counts = tell(facts["relay"]["control"], "status")["counts"]
    assert (counts["channel0FromClient"], counts["halfCloses"], counts["upgrades"]) == (1_000_000, 1, 1)
    assert "unmaskedFromClient" not in counts


def test_the_relay_spoils_the_upgrade(facts: Facts) -> None:
    both = {"protocols": "v5.channel.k8s.io, v4.channel.k8s.io"}
    assert through_relay(facts, "v4", **both).head.get("Sec-WebSocket-Protocol") == "v4.channel.k8s.io"
    assert through_relay(facts, "no-protocol").head.get("Sec-WebSocket-Protocol") == ""
    assert through_relay(facts, "protocol:channel.k8s.io").head.get("Sec-WebSocket-Protocol") == "channel.k8s.io"
    assert not through_relay(facts, "wrong-accept").accepted
    assert through_relay(facts, "answer:503").status == 503
    refused = through_relay(facts, "answer-once:429,retry-after:1")
    assert (refused.status, refused.head.get("Retry-After")) == (429, "1")
    moved = through_relay(facts, "redirect-other:1")
    assert (moved.status, moved.head.get("Location")[:20]) == (307, "https://127.0.0.1:1/")


def test_a_fault_that_happens_once_is_gone_then(facts: Facts) -> None:
    tell(facts["relay"]["control"], "mode answer-once:500,v4")
    port = facts["relay"]["port"]
    try:
        assert [
            run(facts, "true", port=port, protocols="v5.channel.k8s.io, v4.channel.k8s.io").status for _ in range(2)
        ] == [500, 101]
        assert tell(facts["relay"]["control"], "status")["mode"] == "v4"
        with Api({**facts, "port": port}, Path(facts["tokens"]["fops"]).read_text()) as api:
            begun = api.get(f"{BOARDS}/pods?limit=3")["metadata"]["continue"]
            tell(facts["relay"]["control"], "mode expire-continue")
            with pytest.raises(ApiError) as caught:
                api.get(f"{BOARDS}/pods?limit=3&continue={begun}")
            assert caught.value.status == 410
            assert len(api.get(f"{BOARDS}/pods?limit=3&continue={begun}")["items"]) == 3
    finally:
        tell(facts["relay"]["control"], "mode pass")


@pytest.mark.parametrize("faults", ["tiny:3", "fragment:2", "delay:5", "coalesce", "ping", "split-status"])
def test_what_the_relay_changes_but_does_not_break(facts: Facts, faults: str) -> None:
    heard = through_relay(facts, faults)
    assert (heard.channel(1), heard.code, heard.end) == (b"hello\n", 0, "end")
    opcodes = {frame.opcode for frame in heard.frames}
    assert (CONTINUATION in opcodes) == (faults == "fragment:2")
    assert (PING in opcodes) == (faults == "ping")
    if faults == "ping":
        assert tell(facts["relay"]["control"], "status")["counts"]["pongsFromClient"] >= 1


def test_what_the_relay_breaks(facts: Facts) -> None:
    assert through_relay(facts, "cut-frames:1").end == "ConnectionResetError"
    cut = through_relay(facts, "end-frames:2")
    assert (len(cut.frames), cut.end, cut.code) == (2, "end", None)
    assert through_relay(facts, "cut-bytes:4").channel(1) == b""
    early = through_relay(facts, "close-before:1011")
    assert (early.close_code, early.code) == (1011, None)
    late = through_relay(facts, "close-after:1001")
    assert (late.close_code, late.code) == (1001, 0)
    dropped = through_relay(facts, "drop-status")
    assert (dropped.close_code, dropped.code) == (1000, None)
    with pytest.raises(json.JSONDecodeError):
        _ = through_relay(facts, "broken-status").code
    assert not [frame for frame in through_relay(facts, "no-close").frames if frame.opcode == CLOSE]


@pytest.mark.parametrize("kind", ["masked", "reserved", "opcode", "garbage-channel", "empty", "text", "8180"])
def test_the_relay_injects_a_bad_frame_first(facts: Facts, kind: str) -> None:
    first = through_relay(facts, f"inject:{kind}").frames[0]
    assert {
        "masked": first.masked, "reserved": first.reserved == 4, "opcode": first.opcode == 3,
        "garbage-channel": first.channel == 9, "empty": first.payload == b"", "text": first.opcode == TEXT,
        "8180": (first.opcode, first.masked) == (TEXT, True),
    }[kind]  # fmt: skip


def test_the_connect_proxy_counts_and_refuses(facts: Facts) -> None:
    argv = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_connect} %{http_code}", "--cacert", facts["ca"], "-x"]
    argv += [f"http://127.0.0.1:{facts['proxy']['port']}", f"https://127.0.0.1:{facts['port']}/livez"]
    control = facts["proxy"]["control"]
    before = tell(control, "status")["count"]
    assert subprocess.run(argv, capture_output=True, text=True, check=False).stdout == "200 200"
    tell(control, "mode refuse")
    assert subprocess.run(argv, capture_output=True, text=True, check=False).stdout == "403 000"
    assert tell(control, "mode pass")["count"] == before + 2


@pytest.mark.parametrize("text", ["", "nonsense", "tiny", "tiny:x", "v4:1", "inject:nobody", "protocol:", "v4,,ping"])
def test_a_fault_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="unknown fault"):
        parse_faults(text)
