"""Stand-ins of what every product of the built-in health contracts answers, and doors of one credential each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from fopslab.assets import API_VERSION
from fopslab.executor.certificates import make_issuer
from fopslab.kube.certificates import Wanted, issue
from fopslab.neighbours.base import Document, Folders, Neighbour
from fopslab.process import stop_processes
from fopslab.relay import ask_relay, start_reporting
from fopslab.standin_health.contracts import BY_NAME
from fopslab.standin_health.doors import AUDIENCE, CLIENT_ID, TOKEN_PATH
from fopslab.standin_health.keys import CLIENT_NAME, PVE_TOKEN_ID, REGION
from fopslab.state import Facts, Lab, remove_tree, write_atomically

SERVER_NAME = "health.lab.test"
# Every name that the environment has for a secret, and the name of the secret.
VARIABLES = {
    "FOPS_LAB_HEALTH_TOKEN": "token", "FOPS_LAB_HEALTH_ACCESS_KEY": "accessKey",
    "FOPS_LAB_HEALTH_SECRET_KEY": "secretKey", "FOPS_LAB_HEALTH_CLIENT_SECRET": "clientSecret",
}  # fmt: skip
TOKEN_REF = "env://FOPS_LAB_HEALTH_TOKEN"
AUTHS: dict[str, dict[str, Any]] = {
    "": {"mode": "none"},
    "apikey": {"mode": "api-key", "header": "apikey", "secretRef": TOKEN_REF},
    "x-api-key": {"mode": "api-key", "header": "x-api-key", "secretRef": TOKEN_REF},
    "bearer": {"mode": "bearer", "secretRef": TOKEN_REF},
    "pve": {"mode": "api-token", "tokenId": PVE_TOKEN_ID, "secretRef": TOKEN_REF},
    "certificate": {"mode": "client-certificate", "certificateRef": "env://FOPS_LAB_HEALTH_CERTIFICATE",
                    "keyRef": "env://FOPS_LAB_HEALTH_KEY"},
    "signed": {"mode": "signed", "accessKeyRef": "env://FOPS_LAB_HEALTH_ACCESS_KEY",
               "secretRef": "env://FOPS_LAB_HEALTH_SECRET_KEY", "region": REGION},
}  # fmt: skip


def make_certificates(folder: Path) -> Facts:
    issuer = make_issuer("fops lab health authority")
    issue(issuer, folder, Wanted("server", SERVER_NAME, names=(SERVER_NAME, "127.0.0.1")))
    for name, common_name in (("client", CLIENT_NAME), ("stranger", "fops stranger")):
        issue(issuer, folder, Wanted(name, common_name))
    (folder / "ca.pem").write_bytes(issuer.certificate.public_bytes(Encoding.PEM))
    return {name: {"certificate": str(folder / f"{name}.pem"), "key": str(folder / f"{name}.key")}
            for name in ("server", "client", "stranger")} | {"ca": str(folder / "ca.pem")}  # fmt: skip


def start(lab: Lab) -> Facts:
    folder = lab.folder("health")
    facts = make_certificates(folder)
    secrets = {name: lab.secret(f"health-{name}") for name in VARIABLES.values()}
    # what a form and a Basic header must encode
    secrets["clientSecret"] += "%+:& =ä"
    write_atomically(folder / "secrets.json", json.dumps(secrets), 0o600)
    words = ["fopslab.standin_health", "--folder", str(folder), "--secrets", str(folder / "secrets.json")]
    ports = start_reporting(lab, "health", "service", words)
    return {**facts, **ports, "serverName": SERVER_NAME, "tokenPath": TOKEN_PATH, "clientId": CLIENT_ID,
            "audience": AUDIENCE, "secrets": str(folder / "secrets.json")}  # fmt: skip


def ready(_lab: Lab, facts: Facts) -> bool:
    try:
        return "states" in ask_relay(facts["control"], "status")
    except (OSError, ValueError):
        return False


def stop(lab: Lab) -> None:
    stop_processes(lab, "health")
    remove_tree(lab.root / "health")


def describe(facts: Facts) -> str:
    return f"stand-ins of {len(facts['products'])} products, control port {facts['control']}"


def product_document(name: str, port: int, authority: str) -> Document:
    """The endpoint of one product, with the built-in contract of that name."""
    product = BY_NAME[name]
    spec: dict[str, Any] = {
        "id": name, "plane": "proxmox" if product.key == "pve" else name,
        "executorUrl": f"{'https' if product.tls else 'http'}://127.0.0.1:{port}",
        "auth": AUTHS[product.key], "health": {"preset": name},
    }  # fmt: skip
    if product.tls:
        spec["tls"] = {"ca": authority, "serverName": SERVER_NAME}
    return {"apiVersion": API_VERSION, "kind": "Endpoint", "spec": spec}


def documents(everybody: Mapping[str, Facts]) -> Folders:
    facts = everybody["health"]
    authority = Path(facts["ca"]).read_text()
    return {"health": [product_document(name, port, authority) for name, port in facts["products"].items()]}


def environment(_lab: Lab, facts: Facts) -> dict[str, str]:
    secrets = json.loads(Path(facts["secrets"]).read_text())
    return {variable: secrets[name] for variable, name in VARIABLES.items()} | {
        "FOPS_LAB_HEALTH_CERTIFICATE": Path(facts["client"]["certificate"]).read_text(),
        "FOPS_LAB_HEALTH_KEY": Path(facts["client"]["key"]).read_text(),
    }


NEIGHBOUR = Neighbour(
    name="health",
    summary="stand-ins of what products answer to health checks, and doors of one credential each",
    start=start,
    ready=ready,
    describe=describe,
    stop=stop,
    documents=documents,
    environment=environment,
)
