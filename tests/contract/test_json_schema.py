"""An independent judge: the published JSON Schema accepts what the program accepts, and both refuse the same."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from conftest import ROOT, Runner

pytestmark = pytest.mark.static

Document = dict[str, Any]
CONTRACTS = ROOT / "contracts"
JUDGED = ("RuntimeAsset", "Endpoint", "Stack", "EnvContract")
# Those that are taken apart here; test_json_schema_kinds.py does so with the others.
KINDS = ("RuntimeAsset", "Endpoint")
# A folder with a broken file is meant to be refused as a whole.
FOLDERS = sorted((ROOT / "tests/cli/fixtures/topology").glob("[!b]*"))
GOOD = [
    ROOT / "tests/fixtures/topology",
    ROOT / "tests/fixtures/machines",
    *(folder for folder in FOLDERS if not list(folder.rglob("broken*"))),
]
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMnlKmwZTr+dbcZa4HHF1J4F9F3mUzhPZqxm09KZs8Wl"
PIN = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

ASSET: Document = {
    "apiVersion": "fractalops/v1",
    "kind": "RuntimeAsset",
    "spec": {
        "assetId": "box-01",
        "role": "box",
        "kind": "lxc",
        "owner": "team",
        "labels": {"tier": "lab", "example.net/zone": "n"},
        "executorRef": "board",
        "policy": {"run": "proposal", "request": "open"},
        "health": {"method": "HEAD", "path": "/health", "expect": {"status": 204}, "timeout": "1500ms"},
        "lxc": {
            "driver": "ssh",
            "container": "box",
            "path": "/srv/lxc",
            "ssh": {
                "host": "node.example.net",
                "port": 2222,
                "user": "deploy",
                "hostKeys": [HOST_KEY],
                "identityRef": "env://KEY",
                "connectTimeout": "3s",
            },
        },
    },
}
ENDPOINT: Document = {
    "apiVersion": "fractalops/v1",
    "kind": "Endpoint",
    "spec": {
        "id": "board",
        "plane": "board",
        "auth": {"mode": "bearer", "secretRef": "openbao://kv/board#token"},
        "health": {"path": "/", "expect": {"status": 200, "pointer": "/a/0", "value": 1.5}},
        "publicUrl": "https://board.example.net",
        "executorUrl": "https://10.0.0.1:8443/x",
        "internalUrl": "http://board.svc:80",
        "tls": {"pin": PIN, "serverName": "board.example.net"},
    },
}
FINGERPRINT = ":".join(["aB"] * 32)


def endpoint(plane: str, url: str | None, auth: Document, **more: Any) -> Document:
    spec: Document = {"id": plane, "plane": plane, "auth": auth, **({"executorUrl": url} if url else {}), **more}
    return {"apiVersion": "fractalops/v1", "kind": "Endpoint", "spec": spec}


def machine(kind: str, **blocks: Document) -> Document:
    spec: Document = {"assetId": "m-01", "role": "m", "kind": kind, **blocks}
    return {"apiVersion": "fractalops/v1", "kind": "RuntimeAsset", "spec": spec}


API_TOKEN: Document = {"mode": "api-token", "tokenId": "fops@pve!control", "secretRef": "env://PVE_TOKEN"}
CERTIFICATE: Document = {"mode": "client-certificate", "certificateRef": "env://CERT", "keyRef": "env://KEY"}
CLIENT: Document = {"mode": "oidc-client", "tokenUrl": "https://id.example.net/t", "clientId": "me", "secretRef": "env://S"}
SIGNED: Document = {"mode": "signed", "accessKeyRef": "env://A", "secretRef": "env://S", "region": "us-east-1"}
CLUSTER = endpoint("kubernetes", "https://127.0.0.1:6443", CERTIFICATE, proxyUrl="socks5h://proxy.example.net:1080")
PROXMOX = endpoint("proxmox", "https://pve.example.net:8006", API_TOKEN, tls={"fingerprint": FINGERPRINT})
INCUS = endpoint("incus", "https://incus.example.net:8443", {"mode": "token-file", "tokenFile": "/run/token"})
INSIDE = endpoint("kubernetes", None, {"mode": "in-cluster"})

POD = machine(
    "kubernetes",
    kubernetes={
        "cluster": "kubernetes",
        "namespace": "boards",
        "selector": {"app": "board"},
        "container": "main",
        "readyOnly": False,
        "via": "service-proxy",
        "service": "board",
        "port": "http",
        "scheme": "https",
    },
)
NODE: Document = {"name": "pve1", "ssh": {"host": "pve1.example.net", "hostKeys": [HOST_KEY]}}
GUEST = machine(
    "lxc",
    lxc={
        "driver": "proxmox",
        "container": "box",
        "proxmox": {"endpoint": "proxmox", "type": "lxc", "tags": ["fops"], "vmid": 101, "nodes": [NODE]},
    },
)
INSTANCE = machine(
    "lxc", lxc={"driver": "incus", "container": "box", "incus": {"endpoint": "incus", "project": "blue"}}
)


@pytest.fixture(scope="module")
def judges() -> dict[str, jsonschema.Draft202012Validator]:
    found = {}
    for kind in JUDGED:
        schema = json.loads((CONTRACTS / f"{kind}.schema.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        found[kind] = jsonschema.Draft202012Validator(schema)
    return found


def at(document: Document, path: str) -> tuple[Any, str | int]:
    """The container of a path such as spec.lxc.ssh.hostKeys.0, and its last part."""
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place: Any = document
    for part in parents:
        place = place[part]
    return place, last


def with_value(document: Document, path: str, value: Any) -> Document:
    changed = copy.deepcopy(document)
    place, last = at(changed, path)
    place[last] = value
    return changed


def without(document: Document, path: str) -> Document:
    changed = copy.deepcopy(document)
    place, last = at(changed, path)
    del place[last]
    return changed


def paths(value: Any, prefix: str = "") -> list[str]:
    """Every path of a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = []
    for key, part in items:
        # label keys hold dots and are no fields
        if "/" not in str(key):
            found += [f"{prefix}{key}", *paths(part, f"{prefix}{key}.")]
    return found


def accepts(fops: Runner, folder: Path, *documents: Document) -> bool:
    path = folder / "documents.json"
    path.write_text(json.dumps(list(documents)))
    result = fops("--topology", path, "--no-cache", "runtime-assets", "list")
    assert result.code in (0, 65), str(result)
    return result.code == 0


def verdicts(fops: Runner, judges: dict[str, Any], folder: Path, document: Document) -> tuple[bool, bool]:
    """What the program and the schema say; the endpoint that the asset refers to is always there."""
    kind = document.get("kind")
    companions = [ENDPOINT, CLUSTER, PROXMOX, INCUS] if kind == "RuntimeAsset" else []
    judge = judges[kind if kind in KINDS else "RuntimeAsset"]
    return accepts(fops, folder, document, *companions), judge.is_valid(document)


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


BAD: list[tuple[Document, str, Any]] = [
    (ASSET, "spec.extra", 1),
    (ASSET, "extra", 1),
    (ASSET, "apiVersion", "fractalops/v2"),
    (ASSET, "spec.assetId", "Upper"),
    (ASSET, "spec.assetId", "a" * 129),
    (ASSET, "spec.assetId", ""),
    (ASSET, "spec.assetId", "a b"),
    (ASSET, "spec.assetId", "-a"),
    (ASSET, "spec.assetId", "a/b"),
    (ASSET, "spec.role", "é"),
    (ASSET, "spec.kind", "vm"),
    (ASSET, "spec.owner", ""),
    (ASSET, "spec.policy.run", "closed"),
    (ASSET, "spec.policy.extra", "open"),
    (ASSET, "spec.health.method", "POST"),
    (ASSET, "spec.health.path", "health"),
    (ASSET, "spec.health.timeout", "5"),
    (ASSET, "spec.health.timeout", "5 s"),
    (ASSET, "spec.health.expect.status", 99),
    (ASSET, "spec.health.expect.status", 600),
    (ASSET, "spec.health.extra", 1),
    (ASSET, "spec.lxc.driver", "remote"),
    (ASSET, "spec.lxc.container", ""),
    (ASSET, "spec.lxc.path", "relative"),
    (ASSET, "spec.lxc.extra", 1),
    (ASSET, "spec.lxc.ssh.port", 0),
    (ASSET, "spec.lxc.ssh.port", 65536),
    (ASSET, "spec.lxc.ssh.extra", 1),
    (ASSET, "spec.lxc.ssh.hostKeys", []),
    (ASSET, "spec.lxc.ssh.host", ""),
    (ASSET, "spec.lxc.ssh.connectTimeout", "-1s"),
    (ASSET, "spec.executorRef", "Board"),
    (ASSET, "spec.labels", {"a": 1}),
    (ENDPOINT, "spec.id", "Board"),
    (ENDPOINT, "spec.auth.mode", "negotiate"),
    (ENDPOINT, "spec.auth", {"mode": "basic", "user": "a:b", "secretRef": "env://P"}),
    (ENDPOINT, "spec.auth", {"mode": "basic", "user": "a\tb", "secretRef": "env://P"}),
    (ENDPOINT, "spec.auth", {"mode": "basic", "secretRef": "env://P"}),
    (ENDPOINT, "spec.auth", {"mode": "api-key", "header": "authorization", "secretRef": "env://K"}),
    (ENDPOINT, "spec.auth", {"mode": "api-key", "header": "proxy-authorization", "secretRef": "env://K"}),
    (ENDPOINT, "spec.auth", {"mode": "api-key", "header": "X-Key", "secretRef": "env://K"}),
    (ENDPOINT, "spec.auth", {"mode": "api-key", "header": "x key", "secretRef": "env://K"}),
    (ENDPOINT, "spec.auth", {**CLIENT, "tokenUrl": "http://id.example.net/t"}),
    (ENDPOINT, "spec.auth", {**CLIENT, "tokenUrl": "https://id.example.net/t?x=1"}),
    (ENDPOINT, "spec.auth", {**CLIENT, "scopes": ["a b"]}),
    (ENDPOINT, "spec.auth", {**CLIENT, "scopes": ["a", "a"]}),
    (ENDPOINT, "spec.auth", {**CLIENT, "region": "eu"}),
    (ENDPOINT, "spec.auth", {**SIGNED, "region": "EU"}),
    (ENDPOINT, "spec.auth", {**SIGNED, "accessKeyRef": "AKIA"}),
    (ENDPOINT, "spec.health", {}),
    (ENDPOINT, "spec.health", {"timeout": "1s"}),
    (ENDPOINT, "spec.health", {"preset": "nothing"}),
    (ENDPOINT, "spec.health", {"preset": "openbao", "path": "/"}),
    (ENDPOINT, "spec.health", {"preset": "openbao", "versionFrom": "body"}),
    (ENDPOINT, "spec.health", {"protocol": "tcp", "path": "/"}),
    (ENDPOINT, "spec.health", {"protocol": "mcp", "expect": {"status": 200}}),
    (ENDPOINT, "spec.health", {"path": "/", "expect": {"body": "a", "bodyStarts": "a"}}),
    (ENDPOINT, "spec.health", {"path": "/", "expect": {"bodyStarts": ""}}),
    (ENDPOINT, "spec.health", {"path": "/", "versionFrom": "version"}),
    (ENDPOINT, "spec.health", {"path": "/", "versionFrom": "header:X-Version"}),
    (ENDPOINT, "spec.health", {"path": "/", "maxLatencyMs": 0}),
    (ENDPOINT, "spec.liveness", {"expect": {"status": 200}}),
    (ENDPOINT, "spec.tls.minimumVersion", "1.1"),
    (ENDPOINT, "spec.rateLimit", {}),
    (ENDPOINT, "spec.rateLimit", {"requests": 0}),
    (ENDPOINT, "spec.rateLimit", {"requests": 1, "burst": 0}),
    (ENDPOINT, "spec.documentation", "docs.example.net"),
    (ENDPOINT, "spec.documentation", "https://me@docs.example.net/"),
    (ENDPOINT, "spec.documentation", "https://docs.example.net/a b"),
    (ENDPOINT, "spec.owner", ""),
    (ENDPOINT, "spec.labels", {"A": "x"}),
    (ENDPOINT, "spec.auth.extra", 1),
    (ENDPOINT, "spec.tls.extra", 1),
    (ENDPOINT, "spec.publicUrl", "board.example.net"),
    (ENDPOINT, "spec.executorUrl", "ftp://x"),
    (ENDPOINT, "spec.tls.serverName", ""),
    (ENDPOINT, "spec.health.path", ""),
    # what rules check, said by patterns
    (ASSET, "spec.lxc.ssh.identityRef", "plain"),
    (ASSET, "spec.lxc.ssh.identityRef", "env://9A"),
    (ASSET, "spec.lxc.ssh.hostKeys", ["ssh-ed25519"]),
    (ASSET, "spec.lxc.ssh.hostKeys", [HOST_KEY + " me@host"]),
    (ASSET, "spec.lxc.ssh.hostKeys", [HOST_KEY.replace("ssh-ed25519", "ssh-dss")]),
    (ASSET, "spec.lxc.ssh.hostKeys", [HOST_KEY] * 33),
    (ASSET, "spec.lxc.ssh.host", "-oProxyCommand=x"),
    (ASSET, "spec.lxc.ssh.user", "-l"),
    (ASSET, "spec.lxc.container", "a/b"),
    (ASSET, "spec.lxc.path", "/a/../b"),
    (ASSET, "spec.lxc.path", "/a/%2E"),
    (ASSET, "spec.assetId", "10.0.0.1"),
    (ASSET, "spec.labels", {"A": "x"}),
    (ASSET, "spec.labels", {"a//b": "x"}),
    (ASSET, "spec.labels", {f"a{number}": "x" for number in range(65)}),
    (ASSET, "spec.health.path", "/a?b"),
    (ASSET, "spec.health.path", "//host"),
    (ASSET, "spec.health.path", "/a/.."),
    (ENDPOINT, "spec.auth.secretRef", "openbao:/x"),
    (ENDPOINT, "spec.auth.secretRef", "openbao://kv/a/../b#c"),
    (ENDPOINT, "spec.auth.secretRef", "openbao://kv/a"),
    (ENDPOINT, "spec.health.expect.value", [1]),
    (ENDPOINT, "spec.health.expect.value", {"a": 1}),
    (ENDPOINT, "spec.health.expect", {"value": 1}),
    (ENDPOINT, "spec.health.expect.pointer", "a"),
    (ENDPOINT, "spec.health.expect.pointer", "/~2"),
    (ENDPOINT, "spec.publicUrl", "https://10.0.0.1"),
    (ENDPOINT, "spec.publicUrl", "https://a.localhost:1/x"),
    (ENDPOINT, "spec.publicUrl", "https://0x7f000001"),
    (ENDPOINT, "spec.publicUrl", "https://[::1]"),
    (ENDPOINT, "spec.publicUrl", "https://127.1."),
    (ENDPOINT, "spec.executorUrl", "https://me:x@host"),
    (ENDPOINT, "spec.executorUrl", "https://host:0"),
    (ENDPOINT, "spec.executorUrl", "https://host:65536"),
    (ENDPOINT, "spec.executorUrl", "https://host/a/../b"),
    (ENDPOINT, "spec.executorUrl", "https://host/?a"),
    (ENDPOINT, "spec.executorUrl", "https://host#a"),
    (ENDPOINT, "spec.internalUrl", "http://h st"),
    (ENDPOINT, "spec.tls.pin", "sha256//x"),
    (ENDPOINT, "spec.tls.ca", "/etc/ca.pem"),
    (ENDPOINT, "spec.tls.ca", "-----BEGIN CERTIFICATE-----\nAAAA"),
    (ENDPOINT, "spec.tls.serverName", "a b"),
    # what binds neighbours
    (ENDPOINT, "spec.auth", {"mode": "bearer"}),
    (ENDPOINT, "spec.auth", {"mode": "none", "secretRef": "env://T"}),
    (ENDPOINT, "spec.auth", {"secretRef": "env://T"}),
    (ENDPOINT, "spec.auth", {"mode": "exec"}),
    (ENDPOINT, "spec.auth", {"mode": "bearer", "secretRef": "env://T", "tokenFile": "/t"}),
    (CLUSTER, "spec.auth", {"mode": "client-certificate", "keyRef": "env://T"}),
    (CLUSTER, "spec.auth", {"mode": "oidc-token"}),
    (CLUSTER, "spec.proxyUrl", "http://proxy.example.net"),
    (CLUSTER, "spec.proxyUrl", "socks5://proxy.example.net:1080"),
    (CLUSTER, "spec.proxyUrl", "http://me@proxy.example.net:1080"),
    (INSIDE, "spec.proxyUrl", "http://proxy.example.net:1080"),
    (INSIDE, "spec.auth", {"mode": "in-cluster", "secretRef": "env://T"}),
    (INCUS, "spec.auth.tokenFile", "/run/../token"),
    (INCUS, "spec.auth.tokenFile", "token"),
    (PROXMOX, "spec.auth.tokenId", "fops!control"),
    (PROXMOX, "spec.auth.tokenId", "fops@pve!control=x"),
    (PROXMOX, "spec.tls", {"fingerprint": FINGERPRINT, "pin": PIN}),
    (PROXMOX, "spec.tls", {"fingerprint": FINGERPRINT[3:]}),
    (ASSET, "spec.lxc.driver", "local"),
    (ASSET, "spec.lxc", {"driver": "ssh", "container": "box"}),
    (ASSET, "spec.kind", "kubernetes"),
    (POD, "spec.kind", "lxc"),
    (POD, "spec.lxc", {"driver": "local", "container": "box"}),
    (POD, "spec.kubernetes.workload", "deployment/board"),
    (POD, "spec.kubernetes.selector", {}),
    (POD, "spec.kubernetes.selector", {"a b": "x"}),
    (POD, "spec.kubernetes.selector", {"a/b/c": "x"}),
    (POD, "spec.kubernetes.selector", {"a": "x,y"}),
    (POD, "spec.kubernetes.namespace", "Boards"),
    (POD, "spec.kubernetes.namespace", ""),
    (POD, "spec.kubernetes.container", "a/b"),
    (POD, "spec.kubernetes.via", "pod-proxy"),
    (POD, "spec.kubernetes.port", 0),
    (POD, "spec.kubernetes.port", 65536),
    (POD, "spec.kubernetes.port", "a--b"),
    (POD, "spec.kubernetes.port", "1-2"),
    (POD, "spec.kubernetes.port", "65536"),
    (POD, "spec.kubernetes.port", "abcdefghijklmnop"),
    (POD, "spec.kubernetes.scheme", "tcp"),
    (GUEST, "spec.lxc.path", "/var/lib/lxc"),
    (GUEST, "spec.lxc.incus", {"endpoint": "incus"}),
    (GUEST, "spec.lxc.proxmox.type", "qemu"),
    (GUEST, "spec.lxc.proxmox.nodes", []),
    (GUEST, "spec.lxc.proxmox.tags", ["a;b"]),
    (GUEST, "spec.lxc.proxmox.tags", ["a", "a"]),
    (GUEST, "spec.lxc.proxmox.vmid", 99),
    (GUEST, "spec.lxc.proxmox.nodes.0.name", "pve_1"),
    (INSTANCE, "spec.lxc.driver", "proxmox"),
    (INSTANCE, "spec.lxc.incus.project", "a b"),
]
# What the program refuses by a rule between fields far from each other, and the schema says in words only.
BY_RULE: list[tuple[Document, str, Any]] = [
    (ASSET, "spec.executorRef", "nobody"),
    (POD, "spec.executorRef", "board"),
    (POD, "spec.kubernetes.cluster", "board"),
    (INSIDE, "spec.plane", "board"),
    (INSIDE, "spec.executorUrl", "https://host"),
    (PROXMOX, "spec.plane", "board"),
    (CLUSTER, "spec.executorUrl", "http://host"),
    (GUEST, "spec.lxc.proxmox.nodes", [NODE, {**NODE, "ssh": {**NODE["ssh"], "port": 23}}]),
    (GUEST, "spec.lxc.container", "my_box"),
    (INSTANCE, "spec.lxc.container", "my.box"),
]


@pytest.mark.parametrize(
    ("document", "path", "value"),
    BAD,
    ids=[f"{document['kind']}-{path}={str(value)[:20]}" for document, path, value in BAD],
)
def test_both_refuse(
    fops: Runner, judges: dict[str, Any], tmp_path: Path, document: Document, path: str, value: Any
) -> None:
    assert verdicts(fops, judges, tmp_path, with_value(document, path, value)) == (False, False)


@pytest.mark.parametrize(
    ("document", "path", "value"),
    BY_RULE,
    ids=[f"{document['kind']}-{path}={str(value)[:20]}" for document, path, value in BY_RULE],
)
def test_program_refuses_by_rule(
    fops: Runner, judges: dict[str, Any], tmp_path: Path, document: Document, path: str, value: Any
) -> None:
    assert verdicts(fops, judges, tmp_path, with_value(document, path, value))[0] is False


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
