"""An independent judge: the published JSON Schema accepts what the program accepts, and neither takes what has another shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from conftest import ROOT, Runner
from schema_tools import (
    ASSET,
    CLIENT,
    CLUSTER,
    ENDPOINT,
    GUEST,
    INCUS,
    INSIDE,
    INSTANCE,
    KINDS,
    PIN,
    POD,
    PROXMOX,
    SIGNED,
    Document,
    at,
    judges,
    paths,
    verdicts,
    with_value,
    without,
)

pytestmark = pytest.mark.static
__all__ = ["judges"]  # a fixture
# A folder with a broken file is meant to be refused as a whole.
FOLDERS = sorted((ROOT / "tests/cli/fixtures/topology").glob("[!b]*"))
GOOD = [
    ROOT / "tests/fixtures/topology",
    ROOT / "tests/fixtures/machines",
    *(folder for folder in FOLDERS if not list(folder.rglob("broken*"))),
]


@pytest.mark.parametrize("folder", GOOD, ids=lambda folder: folder.name)
def test_schema_accepts_what_the_program_accepts(fops: Runner, judges: dict[str, Any], folder: Path) -> None:
    fops("--topology", folder, "runtime-assets", "list").check()
    count = 0
    for path in (path for path in folder.rglob("*") if path.suffix in (".yaml", ".yml", ".json")):
        for document in yaml.safe_load_all(path.read_text()):
            for one in document if isinstance(document, list) else [document] if document else []:
                judges[one["kind"]].validate(one)
                count += 1
    assert count


# What stays good when it is left out or said in another way.
OPTIONAL = {
    "RuntimeAsset": [
        "spec.owner",
        "spec.labels",
        "spec.executorRef",
        "spec.policy",
        "spec.policy.run",
        "spec.health",
        "spec.health.method",
        "spec.health.expect",
        "spec.health.timeout",
        "spec.lxc.path",
        "spec.lxc.ssh.port",
        "spec.lxc.ssh.user",
        "spec.lxc.ssh.identityRef",
        "spec.lxc.ssh.connectTimeout",
    ],
    "Endpoint": [
        "spec.health",
        "spec.publicUrl",
        "spec.internalUrl",
        "spec.tls",
        "spec.tls.pin",
        "spec.tls.serverName",
        "spec.health.expect.value",
    ],
}
VARIANTS: list[tuple[Document, str, Any]] = [
    (ASSET, "spec.owner", "ä" * 1000),
    (ASSET, "spec.labels", {}),
    (ASSET, "spec.labels", {"a": ""}),
    (ASSET, "spec.assetId", "a" * 128),
    (ASSET, "spec.assetId", "0.a_b-c"),
    (ASSET, "spec.lxc.ssh.port", 1),
    (ASSET, "spec.lxc.ssh.port", 65535),
    (ASSET, "spec.health.timeout", "1ms"),
    (ASSET, "spec.health.timeout", "5m"),
    (ASSET, "spec.health.expect.status", 100),
    (ASSET, "spec.health.expect.status", 599),
    (ASSET, "spec.lxc.ssh.identityRef", "openbao://[kv]/a/b#c"),
    (ENDPOINT, "spec.health.expect.value", None),
    (ENDPOINT, "spec.health.expect.value", True),
    (ENDPOINT, "spec.health.expect.value", "x"),
    (ENDPOINT, "spec.health.expect.value", -3),
    (ENDPOINT, "spec.health.expect.pointer", ""),
    (ENDPOINT, "spec.auth", {"mode": "none"}),
    (ENDPOINT, "spec.executorUrl", "http://[::1]:8080"),
    (ENDPOINT, "spec.auth.secretRef", "env://TOKEN"),
    (ENDPOINT, "spec.auth.secretRef", "openbao:///a#b"),
    (ENDPOINT, "spec.publicUrl", "https://1.2.3.4.example:65535/a..b/%2Ex"),
    (ENDPOINT, "spec.tls.ca", "x\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    (ENDPOINT, "spec.health.path", "/a;b=c,d:e@f!g/..."),
    (ENDPOINT, "spec.health.expect.pointer", "/~0~1/"),
    (ASSET, "spec.labels", {"a/b.c-d_e/f": "x"}),
    (ASSET, "spec.lxc.ssh.host", "::1"),
    (ASSET, "spec.lxc.path", "/a/..b/.c"),
    (ASSET, "spec.lxc.driver", "ssh"),
    (POD, "spec.kubernetes.port", 1),
    (POD, "spec.kubernetes.port", "65535"),
    (POD, "spec.kubernetes.port", "a"),
    (POD, "spec.kubernetes.namespace", "a" * 63),
    (POD, "spec.kubernetes.selector", {"app.kubernetes.io/name": "", "X_y.z-1": "A.b_c-D"}),
    (POD, "spec.kubernetes.readyOnly", True),
    (GUEST, "spec.lxc.container", "box.example.net"),
    (GUEST, "spec.lxc.proxmox.tags", ["a", "_B+.-c"]),
    (GUEST, "spec.lxc.proxmox.vmid", 999999999),
    (INSTANCE, "spec.lxc.container", "b" * 63),
    (INSTANCE, "spec.lxc.incus", {"endpoint": "incus"}),
    (CLUSTER, "spec.proxyUrl", "http://[::1]:3128"),
    (CLUSTER, "spec.auth", {"mode": "oidc-token", "secretRef": "env://T"}),
    (CLUSTER, "spec.auth", {}),
    (PROXMOX, "spec.tls.fingerprint", ":".join(["00"] * 32)),
    (PROXMOX, "spec.auth.tokenId", "a.b+c-d@pam!x-1"),
    (PROXMOX, "spec.tls", {"pin": PIN, "serverName": "a"}),
    (ENDPOINT, "spec.auth", {"mode": "basic", "user": "a b", "secretRef": "env://P"}),
    (ENDPOINT, "spec.auth", {"mode": "api-key", "header": "x-api-key", "secretRef": "env://K"}),
    (ENDPOINT, "spec.auth", CLIENT),
    (ENDPOINT, "spec.auth", {**CLIENT, "scopes": ["a", "b:c"], "audience": "https://a b"}),
    (ENDPOINT, "spec.auth", SIGNED),
    (ENDPOINT, "spec.auth", {**SIGNED, "service": "execute-api"}),
    (ENDPOINT, "spec.health", {"preset": "openbao"}),
    (ENDPOINT, "spec.health", {"preset": "openbao", "timeout": "1s", "maxLatencyMs": 1}),
    (ENDPOINT, "spec.health", {"protocol": "tcp"}),
    (ENDPOINT, "spec.health", {"protocol": "kafka", "timeout": "1s"}),
    (ENDPOINT, "spec.health", {"protocol": "mcp"}),
    (ENDPOINT, "spec.health", {"protocol": "mcp", "path": "/mcp"}),
    (ENDPOINT, "spec.health", {"protocol": "http", "query": {"a": ""}}),
    (ENDPOINT, "spec.health", {"path": "/", "expect": {"body": ""}, "versionFrom": "header:x-version"}),
    (ENDPOINT, "spec.health", {"path": "/", "expect": {"bodyStarts": "<"}, "versionFrom": "body"}),
    (ASSET, "spec.health", {"preset": "langboard"}),
    (ENDPOINT, "spec.liveness", {"path": "/livez"}),
    (ENDPOINT, "spec.readiness", {"preset": "k3s"}),
    (ENDPOINT, "spec.tls.minimumVersion", "1.3"),
    (ENDPOINT, "spec.rateLimit", {"requests": 1}),
    (ENDPOINT, "spec.rateLimit", {"requests": 1000000, "period": "1d", "burst": 1000000}),
    (ENDPOINT, "spec.documentation", "https://docs.example.net/a%20b/?q=1;2#x"),
    (ENDPOINT, "spec.documentation", "http://docs.example.net"),
    (ENDPOINT, "spec.owner", "platform"),
    (ENDPOINT, "spec.labels", {"tier": "core"}),
]


@pytest.mark.parametrize(
    "number", range(len(VARIANTS)), ids=lambda number: f"{VARIANTS[number][1]}={str(VARIANTS[number][2])[:20]}"
)
def test_both_accept_every_variant(fops: Runner, judges: dict[str, Any], tmp_path: Path, number: int) -> None:
    document, path, value = VARIANTS[number]
    assert verdicts(fops, judges, tmp_path, with_value(document, path, value)) == (True, True)


@pytest.mark.parametrize(
    ("document", "path"),
    [(document, path) for document in (ASSET, ENDPOINT) for path in OPTIONAL[document["kind"]]],
    ids=lambda value: value if isinstance(value, str) else value["kind"],
)
def test_both_accept_without_what_is_optional(
    fops: Runner, judges: dict[str, Any], tmp_path: Path, document: Document, path: str
) -> None:
    assert verdicts(fops, judges, tmp_path, without(document, path)) == (True, True)


REQUIRED = [
    (document, path)
    for document in (ASSET, ENDPOINT)
    for path in paths(document)
    if path not in OPTIONAL[document["kind"]] and not path.startswith("spec.labels.") and not path[-1].isdigit()
]
# What is only needed because another field says so, far from it.
BOUND = {"spec.executorUrl"}
PRESET = {"spec.health.expect.status", "spec.health.expect", "spec.policy.request", "spec.policy"}


@pytest.mark.parametrize(
    ("document", "path"), REQUIRED, ids=lambda value: value if isinstance(value, str) else value["kind"]
)
def test_both_refuse_without_what_is_required(
    fops: Runner, judges: dict[str, Any], tmp_path: Path, document: Document, path: str
) -> None:
    program, schema = verdicts(fops, judges, tmp_path, without(document, path))
    if path in PRESET:
        assert program is schema
    else:
        assert not program or path == "spec.executorUrl"
        assert schema is False or path in BOUND


def wrong_values() -> list[tuple[Document, str, Any]]:
    """A value of every other kind in every place."""
    others: list[Any] = [None, True, 7, 1.5, "text", [], {}, [1], {"a": 1}, ["x"]]
    found = []
    for document in (ASSET, ENDPOINT):
        for path in paths(document):
            place, last = at(document, path)
            for other in others:
                same = isinstance(other, type(place[last])) and not (
                    isinstance(other, bool) and not isinstance(place[last], bool)
                )
                if not same and not (isinstance(place[last], float) and isinstance(other, (int, float, str, bool))):
                    found.append((document, path, other))
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_both_refuse_values_of_another_kind(fops: Runner, judges: dict[str, Any], tmp_path: Path, kind: str) -> None:
    changed = [
        (f"{path}={value!r}", with_value(document, path, value))
        for document, path, value in wrong_values()
        if document["kind"] == kind and path != "kind" and path != "spec.health.expect.value"
    ]
    assert len(changed) > 100
    # many in one run: each document gives at least one finding on its own line
    path = tmp_path / "all.yaml"
    for start in range(0, len(changed), 60):
        part = changed[start : start + 60]
        path.write_text("---\n".join(json.dumps(document) + "\n" for _, document in part))
        result = fops("--topology", path, "--no-cache", "runtime-assets", "list", "-o", "json").check(65)
        found = {finding["line"] for finding in json.loads(result.stderr)["findings"]}
        missing = [name for number, (name, _) in enumerate(part) if 2 * number + 1 not in found]
        assert missing == [], f"the program accepts {missing}"
    accepted = [name for name, document in changed if judges[kind].is_valid(document)]
    assert accepted == []


def test_examples_of_the_schema_fit_it(judges: dict[str, Any]) -> None:
    """Every example that a field shows is a value that the field takes."""

    def visit(schema: Any) -> int:
        count = 0
        if isinstance(schema, dict):
            for example in schema.get("examples", []):
                # an example in words ("tier: core") shows a mapping
                if not (schema.get("type") == "object" and isinstance(example, str)):
                    jsonschema.Draft202012Validator(schema).validate(example)
                    count += 1
            count += sum(visit(part) for part in schema.values())
        elif isinstance(schema, list):
            count += sum(visit(part) for part in schema)
        return count

    assert all(visit(judge.schema) > 3 for judge in judges.values())


@pytest.mark.parametrize("document", [ASSET, ENDPOINT, CLUSTER, PROXMOX, INCUS, INSIDE, POD, GUEST, INSTANCE])
def test_whole_documents_are_good(fops: Runner, judges: dict[str, Any], tmp_path: Path, document: Document) -> None:
    assert verdicts(fops, judges, tmp_path, document) == (True, True)
