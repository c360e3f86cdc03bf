"""
Plans against a real API server: ConfigMaps are its own; of ExternalSecrets it knows a standin of the operator's definition,
written from the fields that external-secrets.io/v1 has, and no operator runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT, Lab, Result, Runner
from kube_tools import cluster_endpoint
from lab_tools import wait_for, write_topology

sys.path.insert(0, str(ROOT / "lab"))
from fopslab.kube.api import Api, ApiError  # noqa: E402

pytestmark = [pytest.mark.neighbours("kube"), pytest.mark.static]

CANARY = "canary-7f3a91c2"
NAME = "portal-env"
SPACE = "environments"
CONFIG_MAPS = f"/api/v1/namespaces/{SPACE}/configmaps"
GROUP = "external-secrets.io"
SECRETS = f"/apis/{GROUP}/v1/namespaces/{SPACE}/externalsecrets"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
RBAC = "rbac.authorization.k8s.io"
TEXT = {"type": "string"}
MANAGED = {"app.kubernetes.io/managed-by": "fops"}
VALUES = {"LANGBOARD_URL": "https://board.example.net", "LOG_LEVEL": "info", "SWITCH": "yes", "NUMBER": "0123", "EMPTY": ""}


def strict(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)} if required else {"type": "object", "properties": properties}


def definition() -> dict[str, Any]:
    """The fields of an ExternalSecret that matter here, with the defaults that the server fills in."""
    remote = strict({
        "key": TEXT, "property": TEXT, "version": TEXT,
        "conversionStrategy": {**TEXT, "default": "Default"}, "decodingStrategy": {**TEXT, "default": "None"},
        "metadataPolicy": {**TEXT, "default": "None"},
    }, "key")
    name = {**TEXT, "pattern": r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"}
    secret_key = {**TEXT, "minLength": 1, "maxLength": 253, "pattern": "^[-._a-zA-Z0-9]+$"}
    spec = strict({
        "refreshInterval": {**TEXT, "default": "1h0m0s"},
        "secretStoreRef": strict({"name": name, "kind": {**TEXT, "enum": ["SecretStore", "ClusterSecretStore"]}}),
        "target": {**strict({
            "name": name, "creationPolicy": {**TEXT, "default": "Owner", "enum": ["Owner", "Orphan", "Merge", "None"]},
            "deletionPolicy": {**TEXT, "default": "Retain"}}), "default": {"creationPolicy": "Owner", "deletionPolicy": "Retain"}},
        "data": {"type": "array", "items": strict({"secretKey": secret_key, "remoteRef": remote}, "remoteRef", "secretKey")},
    })
    schema = {"type": "object", "properties": {"spec": spec}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": f"externalsecrets.{GROUP}"},
        "spec": {"group": GROUP, "scope": "Namespaced",
                 "names": {"kind": "ExternalSecret", "plural": "externalsecrets", "singular": "externalsecret"},
                 "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}]},
    }


def forget(api: Api, path: str) -> None:
    try:
        api.delete(path)
    except ApiError as error:
        if error.status != 404:
            raise


@pytest.fixture(scope="module")
def api(lab: Lab) -> Iterator[Api]:
    """The administrator; the namespace is there, and `fops` may read in it what plans need."""
    lab.need("kube")
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]},
             {"apiGroups": [GROUP], "resources": ["externalsecrets"], "verbs": ["get"]}]
    binding = {"metadata": {"name": "env-reader"}, "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "env-reader"},
               "subjects": [{"kind": "User", "apiGroup": RBAC, "name": "fops"}]}
    with Api(lab["neighbours"]["kube"]) as admin:
        for path, body in (("/api/v1/namespaces", {"metadata": {"name": SPACE}}),
                           (f"/apis/{RBAC}/v1/namespaces/{SPACE}/roles", {"metadata": {"name": "env-reader"}, "rules": rules}),
                           (f"/apis/{RBAC}/v1/namespaces/{SPACE}/rolebindings", binding)):
            try:
                admin.post(path, body)
            except ApiError as error:
                if error.status != 409:
                    raise
        yield admin
        forget(admin, f"{DEFINITIONS}/externalsecrets.{GROUP}")


def has_definition(api: Api) -> bool:
    try:
        api.get(SECRETS)
    except ApiError as error:
        # 429: it was made a moment ago
        if error.status not in (404, 429):
            raise
        return False
    return True


@pytest.fixture
def without_operator(api: Api) -> Api:
    forget(api, f"{DEFINITIONS}/externalsecrets.{GROUP}")
    wait_for(lambda: not has_definition(api), "end of the definition")
    forget(api, f"{CONFIG_MAPS}/{NAME}")
    return api


@pytest.fixture
def with_standin(api: Api) -> Api:
    if not has_definition(api):
        api.post(DEFINITIONS, definition())
        wait_for(lambda: has_definition(api), "kind ExternalSecret")
    for path in (CONFIG_MAPS, SECRETS):
        forget(api, f"{path}/{NAME}")
    return api


def contract(secrets: bool = True, **more: Any) -> dict[str, Any]:
    variables: list[dict[str, Any]] = [{"name": name, "value": value} for name, value in VALUES.items()]
    if secrets:
        variables += [{"name": "LANGBOARD_TOKEN", "secretRef": "openbao://kv/langboard#token"},
                      {"name": "PEPPER", "secretRef": "openbao:///shared/pepper#value"}]
    target = {"type": "kubernetes", "endpoint": "lab-cluster", "namespace": SPACE, "name": NAME, "secretStore": "openbao"}
    spec = {"consumer": "portal", "format": "kubernetes", "variables": variables, "targets": [target], **more}
    return {"apiVersion": "fractalops/v1", "kind": "EnvContract", "spec": spec}


class Planner:
    """Calls apply-ssot and generate-env on one contract."""

    def __init__(self, operate: Runner, lab: Lab, folder: Path) -> None:
        self.operate, self.lab, self.folder = operate, lab, folder
        self.say(contract())

    def say(self, *documents: dict[str, Any]) -> None:
        self.topology = write_topology(self.folder, [cluster_endpoint(self.lab), *documents])

    def __call__(self, *words: str, **options: Any) -> Result:
        result = self.operate("--topology", self.topology, "infra", "apply-ssot", *words, cwd=self.folder, **options)
        assert CANARY.encode() not in result.stdout + result.stderr
        return result

    def steps(self, code: int = 10) -> dict[str, dict[str, Any]]:
        plan = self("--dry-run", "-o", "json").check(code).json()
        return {step["object"].split("/")[-2]: step for step in plan["steps"]}

    def documents(self) -> str:
        return self.operate("--topology", self.topology, "infra", "generate-env", "portal").check().out


@pytest.fixture
def plan(operate: Runner, lab: Lab, tmp_path: Path) -> Planner:
    return Planner(operate, lab, tmp_path)


def kubectl(lab: Lab, text: str, *words: str) -> subprocess.CompletedProcess[str]:
    """The lab's kubectl as administrator, fed with documents."""
    facts = lab["neighbours"]["kube"]
    program = lab.environment["FOPS_LAB_KUBECTL"]
    server = [f"--server=https://127.0.0.1:{facts['port']}", f"--certificate-authority={facts['ca']}",
              f"--tls-server-name={facts['serverName']}", f"--client-certificate={facts['admin']['certificate']}",
              f"--client-key={facts['admin']['key']}"]
    return subprocess.run([program, *server, *words], input=text, text=True, capture_output=True, check=False,
                          env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "KUBECONFIG": "/dev/null"})


def apply(plan: Planner) -> None:
    """What the gate will let through one day, by kubectl."""
    done = kubectl(plan.lab, plan.documents(), "apply", "--validate=strict", "-f", "-")
    assert done.returncode == 0, done.stderr


def test_a_real_api_server_takes_the_config_map(plan: Planner, api: Api) -> None:
    plan.say(contract(secrets=False))
    done = kubectl(plan.lab, plan.documents(), "apply", "--dry-run=server", "--validate=strict", "-o", "json", "-f", "-")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["data"] == VALUES


def test_standin_of_the_operator_takes_the_external_secret(plan: Planner, with_standin: Api) -> None:
    done = kubectl(plan.lab, plan.documents(), "apply", "--dry-run=server", "--validate=strict", "-o", "json", "-f", "-")
    assert done.returncode == 0, done.stderr
    secret = json.loads(done.stdout)["items"][1]
    assert [entry["remoteRef"]["key"] for entry in secret["spec"]["data"]] == ["kv/langboard", "shared/pepper"]


def test_a_cluster_without_the_operator_is_a_finding(plan: Planner, without_operator: Api) -> None:
    result = plan("--dry-run").check(12)
    assert "external-secrets.io/v1" in result.out
    document = plan("--dry-run", "-o", "json").check(12).json()
    assert [step["action"] for step in document["steps"]] == ["add"]
    assert document["findings"][0]["object"] == f"kubernetes/lab-cluster/{SPACE}/externalsecret/{NAME}"
    plan("portal").check(13)
    plan.say(contract(secrets=False))
    assert plan("--dry-run", "-o", "json").check(10).json()["findings"] == []


def test_nothing_is_written_before_the_gate(plan: Planner, without_operator: Api) -> None:
    result = plan().check(13)
    assert "proposals open" in result.err
    with pytest.raises(ApiError) as refused:
        without_operator.get(f"{CONFIG_MAPS}/{NAME}")
    assert refused.value.status == 404


def test_standin_plan_adds_both_objects_and_then_nothing(plan: Planner, with_standin: Api) -> None:
    steps = plan.steps()
    assert {kind: step["action"] for kind, step in steps.items()} == {"configmap": "add", "externalsecret": "add"}
    assert steps["externalsecret"]["secrets"] == ["/data/LANGBOARD_TOKEN", "/data/PEPPER"]
    shown = plan("--dry-run").check(10).out
    assert "(secret, openbao://kv/langboard#token)" in shown
    assert "2 add, 0 change" in shown
    apply(plan)
    assert plan().check(0).out == "no changes: 2 objects are as the topology says\n"
    assert {step["action"] for step in plan.steps(0).values()} == {"none"}


def test_standin_plan_tells_each_field_that_moved(plan: Planner, with_standin: Api) -> None:
    apply(plan)
    with_standin.patch(f"{CONFIG_MAPS}/{NAME}", {"data": {"LOG_LEVEL": "debug", "EMPTY": None, "PEPPER": CANARY, "OTHER": CANARY}})
    secret = with_standin.get(f"{SECRETS}/{NAME}")["spec"]["data"]
    secret[0]["remoteRef"]["property"] = "other"
    with_standin.patch(f"{SECRETS}/{NAME}", {"spec": {"data": secret, "secretStoreRef": {"name": "elsewhere"}}})
    shown = plan().check(13).out
    for line in ("data.LOG_LEVEL  debug -> info", 'data.EMPTY      ""', "data.PEPPER     (not shown) -> (removed)",
                 "data.OTHER      (not shown) -> (removed)", "secretStoreRef.name   elsewhere -> openbao",
                 "openbao://kv/langboard#other -> (secret, openbao://kv/langboard#token)"):
        assert line in shown
    steps = plan.steps()
    assert steps["configmap"]["destructive"]
    assert not steps["externalsecret"]["destructive"]
    apply(plan)


def test_standin_fields_of_others_are_left_alone(plan: Planner, with_standin: Api) -> None:
    apply(plan)
    with_standin.patch(f"{CONFIG_MAPS}/{NAME}", {"metadata": {"labels": {"team": "x"}, "annotations": {"note": CANARY}}})
    with_standin.patch(f"{SECRETS}/{NAME}", {"metadata": {"labels": {"team": "x"}}, "spec": {"target": {"deletionPolicy": "Delete"}}})
    plan().check(0)


def test_standin_objects_of_somebody_else_are_told(plan: Planner, with_standin: Api) -> None:
    with_standin.post(CONFIG_MAPS, {"metadata": {"name": NAME}, "data": {"LOG_LEVEL": "debug", "THEIRS": CANARY}})
    step = plan.steps()["configmap"]
    assert (step["action"], step["destructive"], step["reason"]) == ("change", True, "not written by fops")
    assert "THEIRS" not in step["before"]["data"]
    assert step["after"]["labels"] == MANAGED


def test_standin_immutable_objects_are_replaced(plan: Planner, with_standin: Api) -> None:
    body = {"metadata": {"name": NAME, "labels": MANAGED}, "immutable": True, "data": {"LOG_LEVEL": "debug"}}
    with_standin.post(CONFIG_MAPS, body)
    assert plan.steps()["configmap"]["action"] == "replace"
    assert f"-/+ kubernetes/lab-cluster/{SPACE}/configmap/{NAME}  an immutable" in plan().check(13).out


def test_standin_a_secret_that_is_gone_is_deleted_last(plan: Planner, with_standin: Api) -> None:
    apply(plan)
    plan.say(contract(secrets=False, targets=[*contract()["spec"]["targets"], {"type": "env-file", "path": "env"}]))
    document = plan("--dry-run", "-o", "json").check(10).json()
    assert [step["action"] for step in document["steps"]] == ["none", "add", "delete"]
    forget(with_standin, f"{SECRETS}/{NAME}")
    with_standin.post(SECRETS, {"apiVersion": f"{GROUP}/v1", "kind": "ExternalSecret", "metadata": {"name": NAME},
                                "spec": {"secretStoreRef": {"name": "theirs"}, "target": {}}})
    assert "externalsecret" not in plan.steps()


def test_targets_are_chosen_by_their_names(plan: Planner, without_operator: Api) -> None:
    plan.say(contract(secrets=False, targets=[*contract()["spec"]["targets"], {"type": "env-file", "path": "env"}]))
    for target, kinds in (("kubernetes", ["kubernetes"]), (f"lab-cluster/{SPACE}/{NAME}", ["kubernetes"]),
                          ("env-file", ["env-file"]), ("env", ["env-file"])):
        document = plan("--dry-run", "--target", target, "-o", "json").check(10).json()
        assert [step["object"].split("/")[0] for step in document["steps"]] == kinds


def test_a_stale_plan_is_refused(plan: Planner, without_operator: Api) -> None:
    plan.say(contract(secrets=False))
    plan("--plan-out", "plan.fops").check(13)
    plan("--plan", "plan.fops").check(13)
    without_operator.post(CONFIG_MAPS, {"metadata": {"name": NAME, "labels": MANAGED}, "data": {"LOG_LEVEL": "debug"}})
    assert "plan.stale" in plan("--plan", "plan.fops").check(18).err


def test_a_reader_without_rights_is_told(plan: Planner, api: Api) -> None:
    reader = cluster_endpoint(plan.lab, auth={"mode": "bearer", "secretRef": "env://FOPS_LAB_KUBE_READER_TOKEN"})
    plan.topology = write_topology(plan.folder, [reader, contract(secrets=False)])
    result = plan("--dry-run").check(77)
    assert "configmap" in result.err
    wrong = cluster_endpoint(plan.lab, auth={"mode": "bearer", "secretRef": "env://FOPS_LAB_KUBE_WRONG_TOKEN"})
    plan.topology = write_topology(plan.folder, [wrong, contract(secrets=False)])
    plan("--dry-run").check(77)
