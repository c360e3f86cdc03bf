"""The independent judge on what came later: stacks, environments, and the newer fields of endpoints."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT, Runner
from schema_tools import API_TOKEN, ASSET, CLUSTER, Document, at, endpoint, judges, paths, with_value, without

pytestmark = pytest.mark.static
__all__ = ["judges"]  # a fixture

CORPUS = ROOT / "tests/fixtures/bad-yaml/contract"



def document(kind: str, **spec: Any) -> Document:
    return {"apiVersion": "fractalops/v1", "kind": kind, "spec": spec}


BOARD: Document = document(
    "Endpoint",
    id="board",
    plane="board",
    auth={"mode": "basic", "user": "fops", "secretRef": "env://PASSWORD"},
    health={
        "protocol": "http",
        "method": "GET",
        "path": "/health",
        "query": {"strict": "true", "empty": ""},
        "expect": {"status": 200, "pointer": "/status", "value": "ok", "body": "ok"},
        "timeout": "2s",
        "maxLatencyMs": 500,
        "versionFrom": "header:x-version",
    },
    liveness={"path": "/livez"},
    readiness={"path": "/readyz", "expect": {"bodyStarts": "ok"}, "maxLatencyMs": 1},
    publicUrl="https://board.example.net",
    executorUrl="https://10.0.0.1:8443",
    tls={"minimumVersion": "1.3", "serverName": "board.example.net"},
    proxyUrl="http://proxy.example.net:3128",
    rateLimit={"requests": 10, "period": "1s", "burst": 20},
    documentation="https://docs.example.net/board?a=b#c",
    owner="platform",
    labels={"tier": "core"},
)
PRESET = endpoint("openbao", "https://bao.example.net", {"mode": "none"}, health={"preset": "openbao"})
METRICS = endpoint("prometheus", "https://metrics.example.net", {"mode": "none"})
OIDC: Document = {
    "mode": "oidc-client",
    "tokenUrl": "https://id.example.net/token",
    "clientId": "fops",
    "secretRef": "env://S",
    "scopes": ["read", "write"],
    "audience": "https://x",
}
SIGNED: Document = {"mode": "signed", "accessKeyRef": "env://A", "secretRef": "env://S", "region": "us-east-1", "service": "s3"}
KEY: Document = {"mode": "api-key", "header": "x-api-key", "secretRef": "env://K"}
STACK: Document = document(
    "Stack",
    name="boards",
    primaryOperation="open_board",
    ownershipClass="Project boards",
    ownership="execution-substrate",
    owner="platform",
    text="project boards",
    endpoints=["board", "prometheus"],
    assets=["box-01"],
    dependsOn=["kafka"],
    metrics=[
        {
            "name": "storage-used",
            "endpoint": "prometheus",
            "query": "100 * sum(used)",
            "tenant": "org|other",
            "unit": "percent",
            "direction": "above",
            "warn": 80,
            "fail": 95.5,
        }
    ],
)
ROW = document("Stack", name="langboard", endpoints=["board"])
PORTAL: Document = document(
    "EnvContract",
    consumer="portal",
    owner="platform",
    text="the portal",
    format="dotenv",
    variables=[
        {"name": "BOARD_URL", "endpoint": "board", "url": "public", "required": True, "text": "where the boards are"},
        {"name": "BOX_ROLE", "asset": "box-01", "field": "role", "default": "none"},
        {"name": "BOARD_TOKEN", "secretRef": "openbao://kv/board#token"},
        {"name": "LOG_LEVEL", "value": "info"},
        {"name": "TRACE", "value": "", "required": False, "default": "off"},
    ],
    targets=[
        {"type": "env-file", "path": ".env.portal", "format": "shell"},
        {
            "type": "kubernetes",
            "endpoint": "kubernetes",
            "namespace": "boards",
            "name": "portal-env",
            "secretStore": "openbao",
            "secretStoreKind": "SecretStore",
        },
    ],
)
WHOLE = (BOARD, STACK, PORTAL)
COMPANIONS = [BOARD, METRICS, CLUSTER, ASSET, PRESET, STACK, PORTAL]


def name_of(one: Document) -> tuple[str, Any]:
    spec = one["spec"]
    return one["kind"], spec.get("assetId") or spec.get("id") or spec.get("name") or spec.get("consumer")


def findings(fops: Runner, folder: Path, *documents: Document) -> list[dict[str, Any]]:
    path = folder / "documents.json"
    path.write_text(json.dumps(list(documents)))
    result = fops("infra", "validate", path, "-o", "json")
    assert result.code in (0, 65), str(result)
    items: list[dict[str, Any]] = result.json()["items"]
    assert (result.code == 65) == bool(items)
    return items


def verdicts(fops: Runner, judges: dict[str, Any], folder: Path, changed: Document) -> tuple[bool, bool]:
    """What the program and the schema say; everything that documents refer to is there unless it has the same name."""
    companions = [one for one in COMPANIONS if isinstance(changed["spec"], dict) and name_of(one) != name_of(changed)]
    return not findings(fops, folder, changed, *companions), judges[changed["kind"]].is_valid(changed)


@pytest.mark.parametrize("whole", [*WHOLE, ROW, PRESET], ids=lambda one: name_of(one)[1])
def test_both_accept_a_whole_document(fops: Runner, judges: dict[str, Any], tmp_path: Path, whole: Document) -> None:
    judges[whole["kind"]].validate(whole)
    assert findings(fops, tmp_path, *COMPANIONS) == []
    assert verdicts(fops, judges, tmp_path, whole) == (True, True)


GOOD: list[tuple[Document, str, Any]] = [
    (BOARD, "spec.auth", OIDC),
    (BOARD, "spec.auth", {key: OIDC[key] for key in ("mode", "tokenUrl", "clientId", "secretRef")}),
    (BOARD, "spec.auth", SIGNED),
    (BOARD, "spec.auth", {key: value for key, value in SIGNED.items() if key != "service"}),
    (BOARD, "spec.auth", KEY),
    (BOARD, "spec.health", {"protocol": "tcp", "timeout": "1s"}),
    (BOARD, "spec.health", {"protocol": "kafka", "maxLatencyMs": 600000}),
    (BOARD, "spec.health", {"protocol": "mcp", "path": "/mcp"}),
    (BOARD, "spec.health", {"preset": "temporal", "timeout": "1s", "maxLatencyMs": 5}),
    (BOARD, "spec.health.versionFrom", "/version/0"),
    (BOARD, "spec.health.versionFrom", "body"),
    (BOARD, "spec.health.expect", {"body": ""}),
    (BOARD, "spec.rateLimit", {"requests": 1}),
    (BOARD, "spec.labels", {}),
    (STACK, "spec.metrics.0", STACK["spec"]["metrics"][0] | {"direction": "below", "warn": 20, "fail": 5}),
    (STACK, "spec.metrics.0.warn", 95.5),
    (STACK, "spec.metrics.0.warn", -1),
    (STACK, "spec.endpoints", []),
    (STACK, "spec.ownership", "integration-endpoint"),
    (ROW, "spec.primaryOperation", "create_project_daytona_workspace"),
    (PORTAL, "spec.format", "kubernetes"),
    (PORTAL, "spec.targets", []),
    (PORTAL, "spec.targets.0.path", "/srv/env/portal"),
    (PORTAL, "spec.variables.3.value", "a b=c\u00e9"),
]


def ids(rows: list[tuple[Document, str, Any]]) -> list[str]:
    return [f"{name_of(one)[1]}-{path}={str(value)[:24]}" for one, path, value in rows]


@pytest.mark.parametrize(("whole", "path", "value"), GOOD, ids=ids(GOOD))
def test_both_accept(
    fops: Runner, judges: dict[str, Any], tmp_path: Path, whole: Document, path: str, value: Any
) -> None:
    assert verdicts(fops, judges, tmp_path, with_value(whole, path, value)) == (True, True)


# What stays good without it.
OPTIONAL = {
    "Endpoint": {
        "spec.health",
        "spec.health.protocol",
        "spec.health.method",
        "spec.health.path",
        "spec.health.query",
        "spec.health.query.strict",
        "spec.health.query.empty",
        "spec.health.expect",
        "spec.health.expect.status",
        "spec.health.expect.value",
        "spec.health.expect.body",
        "spec.health.timeout",
        "spec.health.maxLatencyMs",
        "spec.health.versionFrom",
        "spec.liveness",
        "spec.readiness",
        "spec.readiness.expect",
        "spec.readiness.expect.bodyStarts",
        "spec.readiness.maxLatencyMs",
        "spec.tls",
        "spec.tls.minimumVersion",
        "spec.tls.serverName",
        "spec.proxyUrl",
        "spec.rateLimit",
        "spec.rateLimit.period",
        "spec.rateLimit.burst",
        "spec.documentation",
        "spec.owner",
        "spec.labels",
        "spec.labels.tier",
    },
    "Stack": {
        "spec.owner",
        "spec.text",
        "spec.endpoints",
        "spec.endpoints.0",
        "spec.endpoints.1",
        "spec.assets",
        "spec.assets.0",
        "spec.dependsOn",
        "spec.dependsOn.0",
        "spec.metrics",
        "spec.metrics.0",
        "spec.metrics.0.tenant",
        "spec.metrics.0.unit",
        "spec.metrics.0.direction",
        "spec.metrics.0.warn",
        "spec.metrics.0.fail",
    },
    "EnvContract": {
        "spec.owner",
        "spec.text",
        "spec.format",
        *(f"spec.variables.{number}" for number in range(5)),
        "spec.variables.0.required",
        "spec.variables.0.text",
        "spec.variables.1.default",
        "spec.variables.4.required",
        "spec.variables.4.default",
        "spec.targets",
        "spec.targets.0",
        "spec.targets.1",
        "spec.targets.0.format",
        "spec.targets.1.secretStoreKind",
    },
}
# Needed because another object or a far field says so; the schema cannot know.
BOUND = {
    "spec.publicUrl",
    "spec.primaryOperation",
    "spec.ownershipClass",
    "spec.ownership",
    "spec.targets.1.secretStore",
}


@pytest.mark.parametrize("whole", WHOLE, ids=lambda one: one["kind"])
def test_both_agree_on_what_may_be_left_out(
    fops: Runner, judges: dict[str, Any], tmp_path: Path, whole: Document
) -> None:
    wrong = []
    for path in paths(whole):
        if path in ("apiVersion", "kind", "spec"):
            continue
        expected = (True, True) if path in OPTIONAL[whole["kind"]] else (False, path in BOUND)
        found = verdicts(fops, judges, tmp_path, without(whole, path))
        if found != expected:
            wrong.append(f"without {path}: program {found[0]}, schema {found[1]}, expected {expected}")
    assert wrong == []


@pytest.mark.parametrize("whole", WHOLE, ids=lambda one: one["kind"])
def test_both_refuse_an_unknown_name_in_every_object(
    fops: Runner, judges: dict[str, Any], tmp_path: Path, whole: Document
) -> None:
    wrong = []
    for path in ["", *paths(whole)]:
        changed = copy.deepcopy(whole)
        place = changed
        if path:
            parent, last = at(changed, path)
            place = parent[last]
        if not isinstance(place, dict) or path.endswith((".query", ".labels")):
            continue
        place["unknownName"] = 1
        if verdicts(fops, judges, tmp_path, changed) != (False, False):
            wrong.append(path)
    assert wrong == []


@pytest.mark.parametrize("whole", WHOLE, ids=lambda one: one["kind"])
def test_both_refuse_values_of_another_kind(
    fops: Runner, judges: dict[str, Any], tmp_path: Path, whole: Document
) -> None:
    others: list[Any] = [None, True, 7, 1.5, "Some Text", [], {}, [1], {"a": 1}]
    changed = []
    for path in paths(whole):
        place, last = at(whole, path)
        here = place[last]
        number = isinstance(here, (int, float)) and not isinstance(here, bool) and path.endswith((".warn", ".fail"))
        for other in others:
            same = type(other) is type(here) or (number and type(other) in (int, float))
            if not same and path not in ("kind", "spec.health.expect.value"):
                changed.append((f"{path}={other!r}", with_value(whole, path, other)))
    assert len(changed) > 100
    assert [name for name, one in changed if judges[whole["kind"]].is_valid(one)] == []
    # each is a document of its own in one file: the program finds something in every one
    path = tmp_path / "all.yaml"
    path.write_text("---\n".join(json.dumps(one) + "\n" for _, one in changed))
    items = fops("infra", "validate", path, "-o", "json").check(65).json()["items"]
    # what only says that the name is taken is not what is meant
    found = {item["line"] for item in items if "is already taken by" not in item["message"]}
    assert [name for number, (name, _) in enumerate(changed) if 2 * number + 1 not in found] == []


BAD: list[tuple[Document, str, Any]] = [
    (BOARD, "spec.auth", {**OIDC, "tokenUrl": "http://id.example.net/token"}),
    (BOARD, "spec.auth", {**OIDC, "scopes": ["a b"]}),
    (BOARD, "spec.auth", {**OIDC, "scopes": ["a", "a"]}),
    (BOARD, "spec.auth", {**OIDC, "scopes": [f"s{number}" for number in range(65)]}),
    (BOARD, "spec.auth", {key: value for key, value in OIDC.items() if key != "clientId"}),
    (BOARD, "spec.auth", {**OIDC, "user": "x"}),
    (BOARD, "spec.auth", {**SIGNED, "region": "EU West"}),
    (BOARD, "spec.auth", {**SIGNED, "accessKeyRef": "AKIA"}),
    (BOARD, "spec.auth", {key: value for key, value in SIGNED.items() if key != "accessKeyRef"}),
    (BOARD, "spec.auth", {**KEY, "header": "Authorization"}),
    (BOARD, "spec.auth", {**KEY, "header": "host"}),
    (BOARD, "spec.auth", {**KEY, "header": "x key"}),
    (BOARD, "spec.auth", {**KEY, "header": "content-length"}),
    (BOARD, "spec.auth", {**KEY, "secretRef": "plain"}),
    (BOARD, "spec.auth.user", "a:b"),
    (BOARD, "spec.auth.user", ""),
    (BOARD, "spec.auth", {"mode": "basic", "user": "x"}),
    (BOARD, "spec.auth", {**API_TOKEN, "user": "x"}),
    (BOARD, "spec.health", {}),
    (BOARD, "spec.health", {"preset": "nobody"}),
    (BOARD, "spec.health", {"preset": "openbao", "path": "/x"}),
    (BOARD, "spec.health", {"preset": "openbao", "expect": {"status": 200}}),
    (BOARD, "spec.health", {"preset": "openbao", "protocol": "http"}),
    (BOARD, "spec.health", {"protocol": "tcp", "path": "/x"}),
    (BOARD, "spec.health", {"protocol": "kafka", "method": "GET"}),
    (BOARD, "spec.health", {"protocol": "mcp", "query": {"a": "b"}}),
    (BOARD, "spec.health.protocol", "ftp"),
    (BOARD, "spec.health.maxLatencyMs", 0),
    (BOARD, "spec.health.maxLatencyMs", 600001),
    (BOARD, "spec.health.versionFrom", "header:X Y"),
    (BOARD, "spec.health.versionFrom", "somewhere"),
    (BOARD, "spec.health.query", {f"q{number}": "" for number in range(33)}),
    (BOARD, "spec.health.expect", {"body": "ok", "bodyStarts": "o"}),
    (BOARD, "spec.health.expect.bodyStarts", ""),
    (BOARD, "spec.liveness", {}),
    (BOARD, "spec.readiness.path", "//x"),
    (BOARD, "spec.tls.minimumVersion", "1.1"),
    (BOARD, "spec.tls.minimumVersion", "1.4"),
    (BOARD, "spec.rateLimit", {"period": "1s"}),
    (BOARD, "spec.rateLimit.requests", 0),
    (BOARD, "spec.rateLimit.burst", 0),
    (BOARD, "spec.documentation", "docs.example.net"),
    (BOARD, "spec.documentation", "https://me@docs.example.net/"),
    (BOARD, "spec.documentation", "https://docs.example.net/a b"),
    (BOARD, "spec.owner", ""),
    (BOARD, "spec.labels", {"A": "x"}),
    (STACK, "spec.name", "10.0.0.1"),
    (STACK, "spec.name", "localhost"),
    (STACK, "spec.name", "Boards"),
    (STACK, "spec.primaryOperation", "Open Board"),
    (STACK, "spec.primaryOperation", ""),
    (STACK, "spec.ownership", "mine"),
    (STACK, "spec.endpoints", ["board", "board"]),
    (STACK, "spec.endpoints", ["Board"]),
    (STACK, "spec.endpoints", [f"e{number}" for number in range(257)]),
    (STACK, "spec.metrics.0.query", ""),
    (STACK, "spec.metrics.0.tenant", "a b"),
    (STACK, "spec.metrics.0.tenant", "|"),
    (STACK, "spec.metrics.0.tenant", "org|.."),
    (STACK, "spec.metrics.0.tenant", "__mimir_cluster"),
    (STACK, "spec.metrics.0.direction", "left"),
    (STACK, "spec.metrics.0.warn", "80"),
    (STACK, "spec.metrics", [STACK["spec"]["metrics"][0] | {"name": f"m{number}"} for number in range(33)]),
    (PORTAL, "spec.consumer", "Portal"),
    (PORTAL, "spec.consumer", "127.0.0.1"),
    (PORTAL, "spec.format", "ini"),
    (PORTAL, "spec.variables", []),
    (PORTAL, "spec.variables.0.name", "9A"),
    (PORTAL, "spec.variables.0.name", "A-B"),
    (PORTAL, "spec.variables.0.name", ""),
    (PORTAL, "spec.variables.0.url", "private"),
    (PORTAL, "spec.variables.0", {"name": "A"}),
    (PORTAL, "spec.variables.0", {"name": "A", "value": "x", "secretRef": "env://X"}),
    (PORTAL, "spec.variables.0", {"name": "A", "endpoint": "board"}),
    (PORTAL, "spec.variables.0", {"name": "A", "url": "public", "value": "x"}),
    (PORTAL, "spec.variables.1.field", "labels"),
    (PORTAL, "spec.variables.2.default", "x"),
    (PORTAL, "spec.variables.2.secretRef", "env://9"),
    (PORTAL, "spec.variables.3.value", "two\nlines"),
    (PORTAL, "spec.targets.0.type", "vault"),
    (PORTAL, "spec.targets.0.path", "../.env"),
    (PORTAL, "spec.targets.0.path", ""),
    (PORTAL, "spec.targets.0.namespace", "boards"),
    (PORTAL, "spec.targets.1.namespace", "Boards"),
    (PORTAL, "spec.targets.1.name", "portal_env"),
    (PORTAL, "spec.targets.1.path", "x"),
]


@pytest.mark.parametrize(("whole", "path", "value"), BAD, ids=ids(BAD))
def test_both_refuse(
    fops: Runner, judges: dict[str, Any], tmp_path: Path, whole: Document, path: str, value: Any
) -> None:
    assert verdicts(fops, judges, tmp_path, with_value(whole, path, value)) == (False, False)


# What the program refuses by a rule between fields or objects, and the schema says in words only.
BY_RULE: list[tuple[Document, str, Any]] = [
    (BOARD, "spec.rateLimit.period", "0s"),
    (STACK, "spec.metrics.0.direction", "below"),
    (STACK, "spec.endpoints", ["nobody"]),
    (STACK, "spec.assets", ["nobody"]),
    (STACK, "spec.dependsOn", ["nobody"]),
    (STACK, "spec.dependsOn", ["boards"]),
    (STACK, "spec.metrics.0.endpoint", "board"),
    (STACK, "spec.metrics.0.warn", 99),
    (ROW, "spec.ownership", "integration-endpoint"),
    (ROW, "spec.primaryOperation", "something_else"),
    (PORTAL, "spec.variables.0.endpoint", "nobody"),
    (PORTAL, "spec.variables.0.url", "internal"),
    (PORTAL, "spec.variables.0.name", "LOG_LEVEL"),
    (PORTAL, "spec.variables.1.asset", "nobody"),
    (PORTAL, "spec.targets.1.endpoint", "board"),
]


@pytest.mark.parametrize(("whole", "path", "value"), BY_RULE, ids=ids(BY_RULE))
def test_program_refuses_by_rule(
    fops: Runner, judges: dict[str, Any], tmp_path: Path, whole: Document, path: str, value: Any
) -> None:
    assert verdicts(fops, judges, tmp_path, with_value(whole, path, value))[0] is False


def test_stacks_in_a_circle(fops: Runner, tmp_path: Path) -> None:
    one, two = (with_value(ROW, "spec", {"name": name, "dependsOn": [other]}) for name, other in (("langboard", "kafka"), ("kafka", "langboard")))
    assert findings(fops, tmp_path, one, two)


def test_every_bad_file_is_refused_by_one_of_both(fops: Runner, judges: dict[str, Any]) -> None:
    """Of the corpus, the schemas refuse all but what only a rule between fields or documents, or the reader itself, can see."""
    files = sorted(CORPUS.glob("*.yaml"))
    assert len(files) > 200
    seen_by_schema = 0
    for path in files:
        assert fops("infra", "validate", path, "-q").code == 65, path
        try:
            documents = [one for one in yaml.safe_load_all(path.read_text()) if isinstance(one, dict)]
            wrong = [one for one in documents if one.get("kind") not in judges or not judges[one["kind"]].is_valid(one)]
        except yaml.YAMLError:
            continue
        seen_by_schema += bool(wrong)
    assert seen_by_schema > len(files) * 0.6
