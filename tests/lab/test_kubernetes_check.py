"""What `check` must say of pods in every state, with few calls, and through a cluster that is not well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conftest import Lab, Result, Runner
from kube_tools import api_stopped, cluster_endpoint, crowd, list_calls, many_pods, pod_asset
from lab_tools import Started, serving, wait_for_client, write_topology

pytestmark = pytest.mark.neighbours("lxc", "kube")


def check(runner: Runner, *words: str | Path, **options: Any) -> Result:
    return runner("runtime-assets", "check", *words, **options)


def rows(result: Result) -> dict[str, dict[str, Any]]:
    return {row["asset_id"]: row for row in result.json()["items"]}


# state, machine, a part of the cause
STATES = {
    "daytona-01": ("ok", "running", None),
    "workload-01": ("ok", "running", None),
    "statefulset-01": ("ok", "running", None),
    "daemonset-01": ("ok", "running", None),
    "replicaset-01": ("ok", "running", None),
    "job-01": ("ok", "running", None),
    "pod-01": ("ok", "running", None),
    "worker-01": ("ok", "running", None),
    "default-container-01": ("ok", "running", None),
    "certificate-01": ("ok", "running", None),
    "token-file-01": ("ok", "running", None),
    "oidc-01": ("ok", "running", None),
    "proxy-01": ("ok", "running", None),
    "fingerprint-01": ("ok", "running", None),
    "crowded-01": ("down", "refused", "several"),
    "wrong-container-01": ("down", "stopped", "no such container"),
    "unready-01": ("down", "unready", "not ready"),
    "unready-allowed-01": ("degraded", "unready", "not ready"),
    "leaving-01": ("down", "leaving", "no other pod"),
    "pending-01": ("down", "stopped", "Unschedulable"),
    "crashing-01": ("down", "stopped", "CrashLoopBackOff"),
    "parked-01": ("down", "stopped", "Completed"),
    "missing-01": ("down", "missing", "no pod"),
    "missing-workload-01": ("down", "missing", "workload"),
    "empty-01": ("down", "missing", "no pod"),
    "wrong-01": ("unknown", "unknown", "401"),
}


@pytest.mark.static
def test_every_state_of_a_pod_is_told(operate: Runner) -> None:
    found = rows(check(operate, "--context", "lab-kube", "--all", "-o", "json").check(12))
    for name, (state, machine, cause) in STATES.items():
        row = found[name]
        assert (row["state"], row["machine"]) == (state, machine), row
        assert (row["cause"] is None) == (cause is None), row
        assert cause is None or cause in row["cause"], row
        assert (row["fix"] is None) == (cause is None), row
        assert row["driver"] == "kubernetes"


def test_health_goes_through_the_api_server(operate: Runner) -> None:
    found = rows(check(operate, "--context", "lab-kube", "--all", "-o", "json").check(12))
    for name in ("langboard-01", "langboard-02", "langboard-03", "langboard-04"):
        assert (found[name]["state"], found[name]["health"]) == ("ok", "ok"), found[name]
        assert found[name]["latency_ms"] is not None
    for name in ("langboard-05", "langboard-06", "langboard-07"):
        assert (found[name]["state"], found[name]["health"]) == ("degraded", "bad"), found[name]
        assert f"the API server does not reach {name}" in found[name]["cause"]
        assert "port" in found[name]["fix"]


def test_no_pod_and_no_token_is_named(operate: Runner, lab: Lab) -> None:
    result = check(operate, "--context", "lab-kube", "--all", "-o", "json").check(12)
    for word in ("daytona-7c9d", "langboard-0\"", lab.environment["FOPS_LAB_KUBE_TOKEN"], lab.environment["FOPS_LAB_KUBE_WRONG_TOKEN"]):
        assert word not in result.out + result.err


def test_300_pods_are_one_list(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    topology = write_topology(tmp_path / "topology", cluster_endpoint(lab), *crowd(300, "check-few"))
    with many_pods(lab, 300, "check-few"):
        result = check(operate, "--topology", topology, "--all", "-v", "-o", "tsv").check()
        assert len(result.out.splitlines()) == 301
        assert 1 <= len(list_calls(result)) <= 3, result.err


def test_each_namespace_is_one_list(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    places = ("check-few", "check-fewer", "check-fewest")
    topology = write_topology(tmp_path / "topology", cluster_endpoint(lab), *crowd(30, *places))
    with many_pods(lab, 30, *places):
        result = check(operate, "--topology", topology, "--all", "-v", "-o", "tsv").check()
        assert sorted(list_calls(result)) == sorted(f"/api/v1/namespaces/{place}/pods" for place in places)


def test_an_unreachable_cluster_is_told_for_every_asset(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    topology = write_topology(tmp_path / "topology", cluster_endpoint(lab, executorUrl="https://127.0.0.1:1"),
                              pod_asset("one", {"selector": {"app": "daytona"}}), pod_asset("two", {"selector": {"app": "langboard"}}))
    found = rows(check(operate, "--topology", topology, "--all", "--retries", "0", "-o", "json").check(12))
    for row in found.values():
        assert (row["state"], row["machine"]) == ("down", "unreachable")
        assert "refused the connection" in row["cause"]


def test_a_missing_right_is_told_with_the_right(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    topology = write_topology(tmp_path / "topology", cluster_endpoint(lab), pod_asset("one", {"namespace": "kube-system", "selector": {"app": "x"}}))
    row = rows(check(operate, "--topology", topology, "--all", "-o", "json").check(12))["one"]
    assert (row["state"], row["machine"]) == ("unknown", "unknown")
    assert "forbidden" in row["cause"]
    assert row["fix"] == "Grant get and list on pods by a Role and a RoleBinding in that namespace."


def test_a_token_file_is_read_anew_after_a_401(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(lab.environment["FOPS_LAB_KUBE_WRONG_TOKEN"])
    topology = write_topology(tmp_path / "topology", cluster_endpoint(lab, auth={"mode": "token-file", "tokenFile": str(token)}),
                              pod_asset("one", {"selector": {"app": "daytona"}, "container": "main"}))
    refused = rows(check(operate, "--topology", topology, "--all", "-o", "json").check(12))["one"]
    assert "401" in refused["cause"]
    with Started(operate, "--topology", topology, "runtime-assets", "check", "--all", "--wait", "--timeout", "30s") as waiting:
        token.write_text(lab.environment["FOPS_LAB_KUBE_TOKEN"])
        assert waiting.end(35) == 0


def test_wait_outlives_an_api_server_that_restarts(operate: Runner, lab: Lab) -> None:
    with api_stopped(lab) as start:
        down = rows(check(operate, "--context", "lab-kube", "--role", "daytona_runtime", "--retries", "0", "-o", "json").check(12))
        assert down["daytona-01"]["machine"] == "unreachable"
        words = ("--context", "lab-kube", "runtime-assets", "check", "--role", "daytona_runtime")
        with Started(operate, *words, "--wait", "--timeout", "60s") as waiting:
            start()
            assert waiting.end(60) == 0


def test_the_deadline_leaves_unknown(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    with serving(wait_for_client) as silent:
        topology = write_topology(tmp_path / "topology", cluster_endpoint(lab, executorUrl=f"http://127.0.0.1:{silent.port}", tls={}),
                                  pod_asset("mute", {"selector": {"app": "x"}}))
        result = check(operate, "--topology", topology, "--all", "--timeout", "1s", "-o", "json").check(12)
    row = rows(result)["mute"]
    assert (row["state"], row["machine"]) == ("unknown", "unknown")
