"""`request` through the API server: the asset's answers pass, the API server's own become errors."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from conftest import Lab, Result, Runner
from kube_tools import cluster_endpoint, pod_asset
from lab_tools import error_code, error_part, sha256, write_topology

pytestmark = pytest.mark.neighbours("lxc", "kube")
WAYS = {"pod": "langboard-01", "service": "langboard-02", "secure-service": "langboard-03", "secure-pod": "langboard-04"}
every_way = pytest.mark.parametrize("name", list(WAYS.values()), ids=list(WAYS))


def request(runner: Runner, name: str, path: str, *words: str | Path, **options: Any) -> Result:
    return runner("--context", "lab-kube", "runtime-assets", "request", "--asset-id", name, "--path", path, *words, **options)


@pytest.mark.static
@every_way
def test_the_service_answers(operate: Runner, name: str) -> None:
    assert request(operate, name, "/health").check().json() == {"status": "ok"}


@every_way
@pytest.mark.parametrize(("status", "code", "exit_status"), [
    (401, "plane.auth", 77), (403, "plane.auth", 77), (404, "plane.not-found", 66), (409, "plane.conflict", 18),
    (422, "plane.rejected", 1), (429, "plane.busy", 75), (500, "plane.unavailable", 69), (503, "plane.unavailable", 69),
])  # fmt: skip
def test_the_services_own_status_passes(operate: Runner, name: str, status: int, code: str, exit_status: int) -> None:
    result = request(operate, name, f"/status/{status}", "--retries", "0").check(exit_status)
    assert result.json() == {"error": f"the service answers {status}"}
    assert error_code(result.err) == code
    assert f"of {name} answered {status}" in result.err


@pytest.mark.parametrize(("name", "words"), [("langboard-05", "error trying to reach service"), ("langboard-06", "error trying to reach service"),
                                             ("langboard-07", "no endpoints available")])
def test_the_api_servers_503_is_never_the_services(operate: Runner, name: str, words: str) -> None:
    result = request(operate, name, "/health", "--retries", "0").check(69)
    assert result.stdout == b""
    assert f"the API server does not reach {name}" in result.err
    assert words in error_part(result.err, "cause")
    assert "port" in error_part(result.err, "fix")


def test_a_missing_right_is_an_error_of_ours(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    topology = write_topology(tmp_path / "topology", cluster_endpoint(lab), pod_asset(
        "one", {"namespace": "kube-system", "selector": {"app": "x"}, "via": "service-proxy", "service": "web", "port": "http"}))
    result = operate("--topology", topology, "runtime-assets", "request", "--asset-id", "one", "--path", "/x").check(77)
    assert result.stdout == b""
    assert error_code(result.err) == "plane.auth"
    assert "get on services/proxy" in error_part(result.err, "fix")


def test_a_wrong_token_is_an_error_of_ours(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    auth = {"mode": "bearer", "secretRef": "env://FOPS_LAB_KUBE_WRONG_TOKEN"}
    topology = write_topology(tmp_path / "topology", cluster_endpoint(lab, auth=auth), pod_asset(
        "one", {"selector": {"app": "langboard"}, "via": "service-proxy", "service": "langboard", "port": "http"}))
    result = operate("--topology", topology, "runtime-assets", "request", "--asset-id", "one", "--path", "/x").check(77)
    assert result.stdout == b""
    assert "secret" in error_part(result.err, "fix")


def test_a_pod_that_is_not_ready_is_not_asked(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    topology = write_topology(tmp_path / "topology", cluster_endpoint(lab),
                              pod_asset("one", {"selector": {"app": "unready"}, "via": "pod-proxy"}),
                              pod_asset("two", {"selector": {"app": "nobody"}, "via": "pod-proxy"}))
    for name, words in (("one", "is not ready"), ("two", "has no pod")):
        result = operate("--topology", topology, "runtime-assets", "request", "--asset-id", name, "--path", "/x").check(69)
        assert error_code(result.err) == "asset.not-running"
        assert words in result.err


def test_without_executor_and_via_there_is_no_way(operate: Runner) -> None:
    result = request(operate, "daytona-01", "/x").check(78)
    assert error_code(result.err) == "asset.no-executor"
    assert "kubernetes.via" in error_part(result.err, "fix")


def test_a_port_name_that_the_pod_lacks(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    topology = write_topology(tmp_path / "topology", cluster_endpoint(lab),
                              pod_asset("one", {"selector": {"app": "langboard"}, "via": "pod-proxy", "port": "metrics"}))
    result = operate("--topology", topology, "runtime-assets", "request", "--asset-id", "one", "--path", "/x").check(65)
    assert error_code(result.err) == "contract.invalid"
    assert "metrics" in result.err


# --- bodies, headers, redirects -------------------------------------------------------------------------------------------

@every_way
def test_bodies_arrive_as_they_were_sent(operate: Runner, tmp_path: Path, name: str) -> None:
    content = os.urandom(1 << 20)
    (tmp_path / "body").write_bytes(content)
    for words, options in (((f"@{tmp_path / 'body'}",), {}), (("-",), {"stdin": content})):
        said = request(operate, name, "/echo", "--data", *words, **options).check().json()
        assert (said["bodyBytes"], said["bodySha256"]) == (len(content), sha256(content))


@every_way
def test_long_answers_are_streamed(operate: Runner, name: str) -> None:
    count = 3_000_000
    result = request(operate, name, "/bytes", "--query", f"count={count}", "--query", "chunked=1").check()
    assert result.stdout == (bytes(range(256)) * (count // 256 + 1))[:count]


@every_way
def test_the_credential_never_reaches_the_service(operate: Runner, lab: Lab, name: str) -> None:
    result = request(operate, name, "/echo", "-H", "X-App-Token: mine").check()
    headers = result.json()["headers"]
    assert headers["X-App-Token"] == ["mine"]
    assert "Authorization" not in headers
    assert lab.environment["FOPS_LAB_KUBE_TOKEN"] not in result.out


@pytest.mark.parametrize("header", ["Impersonate-User: system:admin", "impersonate-group: system:masters", "X-Remote-User: root", "Authorization: Bearer x"])
def test_headers_that_the_api_server_keeps_are_refused(operate: Runner, header: str) -> None:
    result = request(operate, "langboard-02", "/echo", "-H", header).check(2)
    assert result.stdout == b""
    assert error_code(result.err) == "usage.bad-value"


def test_redirects_inside_are_followed(operate: Runner) -> None:
    assert request(operate, "langboard-01", "/redirect", "--query", "to=/health").check().json() == {"status": "ok"}


def test_redirects_never_lead_to_other_paths_of_the_api_server(operate: Runner, lab: Lab) -> None:
    facts = lab["neighbours"]["kube"]
    for status in ("302", "307"):
        to = f"https://127.0.0.1:{facts['port']}/api/v1/namespaces/boards/secrets"
        result = request(operate, "langboard-01", "/redirect", "--query", f"to={to}", "--query", f"status={status}").check(76)
        assert result.stdout == b""
        assert error_code(result.err) == "plane.redirect-refused"


def test_dot_segments_are_refused(operate: Runner) -> None:
    for path in ("/../../secrets", "/%2e%2e/%2e%2e/secrets"):
        assert error_code(request(operate, "langboard-02", path).check(2).err) == "request.path"


def test_the_pod_is_named_with_v_only(operate: Runner) -> None:
    assert "langboard-0" not in request(operate, "langboard-01", "/health").check().err
    assert "fops: langboard-01: pod boards/langboard-0" in request(operate, "langboard-01", "/health", "-v").check().err
