"""What tests that compare the program with the published JSON Schema share: good documents, ways to change them, and both verdicts."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from conftest import ROOT, Runner

Document = dict[str, Any]
CONTRACTS = ROOT / "contracts"
JUDGED = ("RuntimeAsset", "Endpoint", "Stack", "EnvContract")
# Those that test_json_schema.py takes apart; test_json_schema_kinds.py does so with the others.
KINDS = ("RuntimeAsset", "Endpoint")
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
