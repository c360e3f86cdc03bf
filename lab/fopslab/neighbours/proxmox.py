"""A stand-in for a Proxmox VE cluster: REST with its quirks, guest agents, and pct and qm on a node behind sshd."""

from __future__ import annotations

import http.client
import json
import shlex
import ssl
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from fopslab.assets import API_VERSION, runtime_asset
from fopslab.executor.certificates import VALID_DAYS, subject
from fopslab.kube.certificates import fingerprint_of, write_private
from fopslab.neighbours.base import Document, Folders, Neighbour
from fopslab.neighbours.ssh import connection_pids, login_works, start_sshd
from fopslab.process import end_processes, stop_processes
from fopslab.relay import ask_relay, relay_ready, start_relay, start_reporting
from fopslab.standin_proxmox.model import TOKEN_USER
from fopslab.state import PROJECT_ROOT, Facts, Lab, remove_tree, write_atomically

ENDPOINT = "lab-proxmox"
NAME = "pve1.lab"
TOKENS = ("lab", "reader", "nobody")
HOST_PYTHON = "/usr/bin/python3"
NODE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SHIMS = PROJECT_ROOT / "lab" / "fopslab" / "standin_proxmox" / "shims.py"


def make_certificate(folder: Path) -> str:
    """A certificate that nobody issued, as a fresh node has it; returns its fingerprint."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject(NAME))
        .issuer_name(subject(NAME))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "server.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    write_private(folder / "server.key", key)
    return fingerprint_of(certificate)


def make_secrets(folder: Path) -> Path:
    """The tokens' values, which are UUIDs there."""
    path = folder / "tokens.json"
    write_atomically(path, json.dumps({name: str(uuid.uuid4()) for name in TOKENS}), 0o600)
    return path


def write_tools(folder: Path, port: int, lxc_path: str) -> None:
    for name in ("pct", "qm"):
        words = [HOST_PYTHON, "-I", "-S", str(SHIMS), name, str(port), lxc_path, NODE_PATH]
        text = f'#!/bin/sh\n# standin for {name} of the lab\nexec {shlex.join(words)} "${{LC_CTYPE-}}" "$@"\n'
        write_atomically(folder / name, text, 0o755)


def start(lab: Lab) -> Facts:
    folder, tools, node = lab.folder("proxmox"), lab.folder("proxmox/bin", 0o755), lab.folder("proxmox/node")
    lxc_path = str(lab.root / "lxc")
    fingerprint = make_certificate(folder)
    secrets = make_secrets(folder)
    words = ["fopslab.standin_proxmox", "--lxc-path", lxc_path, "--folder", str(folder), "--secrets", str(secrets)]
    facts = start_reporting(lab, "proxmox", "standin", words)
    write_tools(tools, facts["tools"], lxc_path)
    facts.update(
        standin=True,
        fingerprint=fingerprint,
        certificate=str(folder / "server.pem"),
        tokenId=f"{TOKEN_USER}!lab",
        tokenIds={name: f"{TOKEN_USER}!{name}" for name in TOKENS},
        secrets=str(secrets),
        bin=str(tools),
        ssh=start_sshd(lab, node, "proxmox", f"{tools}:{NODE_PATH}"),
        relay=start_relay(lab, "proxmox", facts["port"]),
    )
    return facts


def api_answers(facts: Facts) -> bool:
    context = ssl.create_default_context(cafile=facts["certificate"])
    context.check_hostname = False
    connection = http.client.HTTPSConnection("127.0.0.1", facts["port"], timeout=5, context=context)
    secret = json.loads(Path(facts["secrets"]).read_text())["lab"]
    try:
        headers = {"Authorization": f"PVEAPIToken={facts['tokenId']}={secret}"}
        connection.request("GET", "/api2/json/version", headers=headers)
        return bool(json.loads(connection.getresponse().read())["data"]["repoid"] == "standin")
    except (OSError, ValueError, KeyError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def ready(_lab: Lab, facts: Facts) -> bool:
    try:
        listening = ask_relay(facts["control"], "status")["mode"] == "standin"
    except (OSError, ValueError, KeyError):
        return False
    return listening and api_answers(facts) and login_works(facts["ssh"]) and relay_ready(facts["relay"])


def stop(lab: Lab) -> None:
    facts = lab.load_facts("proxmox")
    connections = connection_pids(lab, facts["ssh"], "proxmox") if facts else []
    stop_processes(lab, "proxmox")
    end_processes(connections)
    remove_tree(lab.root / "proxmox")


def describe(facts: Facts) -> str:
    return (
        f"standin on https://127.0.0.1:{facts['port']}, node pve1 by ssh on 127.0.0.1:{facts['ssh']['port']}, "
        f"relay on 127.0.0.1:{facts['relay']['port']}"
    )


def endpoint(facts: Facts, suffix: str, **more: Any) -> Document:
    token = more.get("token", "lab")
    spec: Document = {
        "id": f"{ENDPOINT}-{suffix}" if suffix else ENDPOINT,
        "plane": "proxmox",
        "executorUrl": f"https://127.0.0.1:{more.get('port', facts['port'])}",
        "auth": {
            "mode": "api-token",
            "tokenId": f"{TOKEN_USER}!{token}",
            "secretRef": more.get("ref", f"env://FOPS_LAB_PROXMOX_{token.upper()}_TOKEN"),
        },
        "tls": {"fingerprint": more.get("fingerprint", facts["fingerprint"])},
    }
    return {"apiVersion": API_VERSION, "kind": "Endpoint", "spec": spec}


class Assets:
    """The documents of the guests, all behind the same node."""

    def __init__(self, facts: Facts) -> None:
        ssh = facts["ssh"]
        link = {"host": "127.0.0.1", "port": ssh["port"], "user": ssh["user"], "hostKeys": [ssh["hostKey"]]}
        self.nodes = [{"name": "pve1", "ssh": {**link, "identityRef": "env://FOPS_LAB_PROXMOX_SSH_KEY"}}]

    def container(self, asset_id: str, role: str, name: str = "daytona", **more: Any) -> Document:
        return self._asset(asset_id, role, name, "lxc", more)

    def machine(self, asset_id: str, role: str, name: str = "agent-vm", **more: Any) -> Document:
        return self._asset(asset_id, role, name, "qemu", more)

    def _asset(self, asset_id: str, role: str, name: str, kind: str, more: dict[str, Any]) -> Document:
        door = more.pop("door", "")
        block: Document = {"endpoint": f"{ENDPOINT}-{door}" if door else ENDPOINT, "type": kind}
        block["tags"] = more.pop("tags", ["fops"])
        if "vmid" in more:
            block["vmid"] = more.pop("vmid")
        if kind == "lxc":
            block["nodes"] = self.nodes
        return runtime_asset(asset_id, role, name, {"driver": "proxmox", "proxmox": block}, "", **more)


def documents(everybody: Mapping[str, Facts]) -> Folders:
    facts = everybody["proxmox"]
    assets = Assets(facts)
    container, machine = assets.container, assets.machine
    workspace, states, own = {"labels": {"room": "workspace"}}, {"labels": {"room": "states"}}, ["fops", "daytona"]
    tasks = {"labels": {"room": "tasks"}}
    first = facts["fingerprint"][:2]
    other = f"{'00' if first != '00' else '01'}{facts['fingerprint'][2:]}"
    return {
        "proxmox": [
            endpoint(facts, ""),
            endpoint(facts, "reader", token="reader"),
            endpoint(facts, "nobody", token="nobody"),
            endpoint(facts, "wrong", ref="env://FOPS_LAB_PROXMOX_WRONG_TOKEN"),
            endpoint(facts, "impostor", fingerprint=other),
            endpoint(facts, "relay", port=facts["relay"]["port"]),
            container("daytona-01", "daytona_runtime", tags=own, vmid=101, **workspace),
            container("langboard-01", "langboard_executor", "langboard", labels={"room": "board"}, owner="langboard"),
            machine("agent-01", "agent_runtime", tags=["fops", "agent"], vmid=201, **states),
            container("parked-01", "parked_runtime", "parked", vmid=103, **workspace),
            container("renamed-01", "renamed_runtime", "board-of-old", vmid=104, **states),
            container("untagged-01", "untagged_runtime", "untagged", vmid=105, **states),
            container("missing-01", "missing_runtime", "missing", vmid=199, **states),
            container("double-01", "double_runtime", "double", **states),
            container("elsewhere-01", "elsewhere_runtime", "elsewhere", **states),
            container("gated-01", "gated_runtime", tags=own, policy={"run": "proposal", "request": "proposal"}),
            container("daytona-01-a", "twin_runtime", tags=own, **workspace),
            container("daytona-01-b", "twin_runtime", tags=own, **workspace),
            machine("parked-02", "parked_agent_runtime", "parked-vm", **states),
            machine("agentless-01", "agentless_runtime", "agentless-vm", **states),
            machine("silent-01", "silent_runtime", "silent-vm", **states),
            container("locked-01", "locked_runtime", "locked", vmid=109, **tasks),
            container("broken-01", "broken_runtime", "broken", **tasks),
            container("moved-01", "moved_runtime", "moved", **tasks),
            machine("locked-02", "locked_agent_runtime", "locked-vm", **tasks),
            container("reader-broken-01", "reader_broken_runtime", "broken", door="reader", **tasks),
            *(
                maker(f"{door}-{number}", f"{door}_{kind}", door=door, labels={"room": "doors"})
                for door in ("reader", "nobody", "wrong", "impostor", "relay")
                for number, kind, maker in (("01", "runtime", container), ("02", "agent_runtime", machine))
            ),
        ]
    }


def environment(_lab: Lab, facts: Facts) -> dict[str, str]:
    secrets = json.loads(Path(facts["secrets"]).read_text())
    found = {f"FOPS_LAB_PROXMOX_{name.upper()}_TOKEN": secrets[name] for name in TOKENS}
    found["FOPS_LAB_PROXMOX_WRONG_TOKEN"] = str(uuid.UUID(int=1))
    found["FOPS_LAB_PROXMOX_SSH_KEY"] = Path(facts["ssh"]["userKey"]).read_text()
    return found


NEIGHBOUR = Neighbour(
    name="proxmox",
    summary="standin of a Proxmox VE cluster: REST, guest agents, pct and qm behind sshd",
    start=start,
    ready=ready,
    describe=describe,
    needs=("lxc",),
    stop=stop,
    documents=documents,
    environment=environment,
)
