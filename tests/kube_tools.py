"""What tests of pods share: assets of the lab's cluster, many pods, an API server that goes and comes, commands through its relay and node."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT, Lab, Result, Runner
from lab_tools import Relay, Started, asset

CLUSTER = "lab-cluster"
KUBE_SECONDS = 600
CONTEXT = "lab-kube"
POD = "boards/daytona-7d4b9c6f5-x2k8q"
SPEAK = ("sh", "-c", "echo out; echo err >&2; exit 3")
TALK = "import time, sys\nprint('ready', flush=True)\nwhile True: print('.', flush=True); time.sleep(0.02)"


def call_kube(lab: Lab, *words: str) -> str:
    """`python -m fopslab.kube`, the lab's hand on its cluster."""
    python = subprocess.run([ROOT / "lab/venv"], capture_output=True, text=True, check=True).stdout.strip()
    done = subprocess.run([python, "-m", "fopslab.kube", *words], cwd=ROOT / "lab", capture_output=True, text=True, check=False,
                          env=os.environ | {"FOPS_LAB_DIR": str(lab.root)}, timeout=KUBE_SECONDS, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def many_pods(lab: Lab, count: int, *namespaces: str) -> Iterator[None]:
    """That many ready pods crowd-00000 ..., spread over namespaces of their own."""
    call_kube(lab, "pods", str(count), "--namespaces", *namespaces)
    try:
        yield
    finally:
        call_kube(lab, "remove-pods", "--namespaces", *namespaces)


@contextmanager
def api_stopped(lab: Lab) -> Iterator[Callable[[], None]]:
    """The API server is away until the function that this yields is called, or to the end of the block."""
    started = False

    def start() -> None:
        nonlocal started
        if not started:
            started = True
            call_kube(lab, "start-api")

    try:
        call_kube(lab, "stop-api")
        yield start
    finally:
        start()


def cluster_endpoint(lab: Lab, endpoint_id: str = CLUSTER, **spec: Any) -> dict[str, Any]:
    """The lab's cluster as an endpoint; spec replaces whole members."""
    facts = lab["neighbours"]["kube"]
    described: dict[str, Any] = {
        "id": endpoint_id,
        "plane": "kubernetes",
        "executorUrl": f"https://127.0.0.1:{facts['port']}",
        "auth": {"mode": "bearer", "secretRef": "env://FOPS_LAB_KUBE_TOKEN"},
        "tls": {"ca": Path(facts["ca"]).read_text(), "serverName": facts["serverName"]},
    }
    return {"apiVersion": "fractalops/v1", "kind": "Endpoint", "spec": described | spec}


def pod_asset(asset_id: str, kubernetes: dict[str, Any], **spec: Any) -> dict[str, Any]:
    block = {"cluster": CLUSTER, "namespace": "boards", **kubernetes}
    described = asset(asset_id, **spec)
    described["spec"] |= {"kind": "kubernetes", "kubernetes": block}
    del described["spec"]["lxc"]
    return described


def crowd(count: int, *namespaces: str) -> list[dict[str, Any]]:
    """One asset for each pod of many_pods."""
    return [pod_asset(f"crowd-{i:05}", {"namespace": namespaces[i % len(namespaces)], "workload": f"pod/crowd-{i:05}"}, role="crowd")
            for i in range(count)]


def list_calls(result: Result) -> list[str]:
    """The paths of lists of pods that -v tells of."""
    return re.findall(r"^fops: GET https://[^/]+(/api/v1/namespaces/[^/]+/pods): ", result.err, re.MULTILINE)


# --- commands in pods ---------------------------------------------------------------------------------------------------

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


def direct(runner: Runner, *command: str | bytes, **more: Any) -> Result:
    return run(runner, *command, role="daytona_runtime", **more)
