"""A cluster: real etcd and kube-apiserver, a node whose pods run real processes, and relays in front of it."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from fopslab.kube import contracts, objects
from fopslab.kube.api import Api
from fopslab.kube.certificates import SERVER_NAME, make_certificates
from fopslab.kube.tokens import ISSUER, request_token, write_token_file
from fopslab.neighbours.base import Folders, Neighbour
from fopslab.process import log_tail, reap, spawn, stop_processes, wait_until
from fopslab.relay import ask_relay, relay_ready, start_relay, start_reporting
from fopslab.state import PROJECT_ROOT, Facts, Lab, Skipped, StartFailed, remove_tree, write_atomically

BUILD = PROJECT_ROOT / "lab" / "go" / "build"
NO_GO = 4
START_SECONDS = 60.0
ATTEMPTS = 5
PORT_TAKEN = "address already in use"
# A real API server writes its audit log for what tests must be able to count: the requests of the lab's people.
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived", "ResponseStarted"],
    "rules": [
        {"level": "Metadata", "users": ["fops", "fops-reader", "fops-creator", "fops-getter"]},
        {"level": "Metadata", "users": ["system:serviceaccount:boards:runner"]},
        {"level": "None"},
    ],
}  # fmt: skip


def binaries(name: str) -> Path:
    """The folder of what lab/go/build made or found in its cache; what it has to say goes to stderr as it comes."""
    done = subprocess.run([BUILD, name], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode == NO_GO:
        raise Skipped("no Go to build it with; on Debian: apt-get install golang-go")
    if done.returncode != 0:
        raise StartFailed(f"{BUILD.relative_to(PROJECT_ROOT)} {name} failed with status {done.returncode}")
    return Path(done.stdout.strip())


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, all different."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def network_socket(lab: Lab) -> str:
    """A local socket without a file, so that the length of the lab's path does not matter."""
    return f"@fops-lab-{lab.identity}-kube"


def start_node(lab: Lab, folder: Path, program: Path) -> Facts:
    settings = {
        "socket": network_socket(lab),
        "kubeletAddress": f"{objects.NODE_ADDRESS}:{objects.KUBELET_PORT}",
        "podNetwork": objects.POD_NETWORK,
        "podPort": str(objects.POD_PORT),
        "podTlsPort": str(objects.POD_TLS_PORT),
        "certificate": str(folder / "node.pem"),
        "key": str(folder / "node.key"),
        "clientCa": str(folder / "ca.pem"),
        "lxcPath": str(lab.root / "lxc") if shutil.which("lxc-attach") else "",
        "places": [
            {"prefix": "boards/langboard", "lxc": "langboard", "plain": True},
            {"prefix": "boards/daytona", "lxc": "daytona", "plain": True},
            {"prefix": f"{objects.BESIDE}/"},
            {"prefix": "", "lxc": "daytona"},
        ],
        "faults": {"boards/crashing": "container-not-found", "boards/parked": "container-not-found"},
    }
    write_atomically(folder / "node.json", json.dumps(settings, indent=1))
    report = lab.folder("run") / "kube.node.ports"
    report.unlink(missing_ok=True)
    argv = [str(program), "--settings", str(folder / "node.json"), "--report", str(report)]
    process = spawn(lab, "kube", "node", argv)
    wait_until(lambda: report.exists() or reap(process), START_SECONDS, "the node")
    if not report.exists():
        raise StartFailed(f"the node ended at once: {log_tail(lab, 'kube', 'node')}")
    facts: Facts = json.loads(report.read_text())
    return facts


def etcd_words(folder: Path, program: Path, client: int, peer: int) -> list[str]:
    urls = {"client": f"http://127.0.0.1:{client}", "peer": f"http://127.0.0.1:{peer}"}
    return [
        str(program), "--name=lab", f"--data-dir={folder / 'etcd'}", "--unsafe-no-fsync", "--log-level=warn",
        f"--listen-client-urls={urls['client']}", f"--advertise-client-urls={urls['client']}",
        f"--listen-peer-urls={urls['peer']}", f"--initial-advertise-peer-urls={urls['peer']}",
        f"--initial-cluster=lab={urls['peer']}",
    ]  # fmt: skip


def api_words(folder: Path, program: Path, port: int, etcd: int, network: str) -> list[str]:
    """The API server reaches nodes and pods through the node's proxy, so that they have addresses of their own."""
    selection = {
        "apiVersion": "apiserver.k8s.io/v1beta1", "kind": "EgressSelectorConfiguration",
        "egressSelections": [{"name": "cluster", "connection": {
            "proxyProtocol": "HTTPConnect", "transport": {"uds": {"udsName": network}}}}],
    }  # fmt: skip
    write_atomically(folder / "egress.json", json.dumps(selection))
    write_atomically(folder / "audit-policy.json", json.dumps(AUDIT_POLICY))
    return [
        str(program), f"--etcd-servers=http://127.0.0.1:{etcd}", "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1", f"--secure-port={port}", f"--cert-dir={folder}",
        f"--tls-cert-file={folder}/server.pem", f"--tls-private-key-file={folder}/server.key",
        f"--client-ca-file={folder}/ca.pem", f"--token-auth-file={folder}/people.csv",
        "--authorization-mode=RBAC", "--disable-admission-plugins=ServiceAccount",
        f"--service-account-issuer={ISSUER}", f"--service-account-key-file={folder}/service-account.pub",
        f"--service-account-signing-key-file={folder}/service-account.key", "--service-cluster-ip-range=10.96.0.0/16",
        "--service-account-extend-token-expiration=false",
        f"--kubelet-client-certificate={folder}/kubelet-client.pem",
        f"--kubelet-client-key={folder}/kubelet-client.key", "--kubelet-preferred-address-types=InternalIP",
        f"--egress-selector-config-file={folder}/egress.json", f"--audit-policy-file={folder}/audit-policy.json",
        f"--audit-log-path={folder}/audit.log", "--shutdown-delay-duration=0s",
    ]  # fmt: skip


def start_server(lab: Lab, words: list[str], name: str) -> subprocess.Popen[bytes]:
    (lab.folder("log") / f"kube.{name}.log").unlink(missing_ok=True)
    return spawn(lab, "kube", name, words)


def wait_for_servers(facts: Facts, servers: Iterable[subprocess.Popen[bytes]]) -> bool:
    """Whether all of them run and the API server is ready; False as soon as one has ended."""
    with Api(facts) as api:
        wait_until(lambda: api.ready() or any(map(reap, servers)), START_SECONDS, "the API server")
    return not any(map(reap, servers))


def start_servers(lab: Lab, folder: Path, programs: Path, network: str) -> Facts:
    """etcd and the API server, on other ports when somebody took one in between."""
    for _ in range(ATTEMPTS):
        port, client, peer = free_ports(3)
        etcd = start_server(lab, etcd_words(folder, programs / "etcd", client, peer), "etcd")
        words = api_words(folder, programs / "kube-apiserver", port, client, network)
        server = start_server(lab, words, "api")
        facts: Facts = {
            "port": port,
            "ca": str(folder / "ca.pem"),
            "admin": {"certificate": str(folder / "admin.pem"), "key": str(folder / "admin.key")},
            "apiWords": words,
        }
        if wait_for_servers(facts, (etcd, server)):
            return facts
        said = log_tail(lab, "kube", "etcd", 20) + log_tail(lab, "kube", "api", 20)
        if PORT_TAKEN not in said:
            raise StartFailed(f"etcd or the API server ended at once: {said}")
        end_servers(server, etcd)
        remove_tree(folder / "etcd")
    raise StartFailed(f"no free ports for the API server in {ATTEMPTS} attempts")


def end_servers(*servers: subprocess.Popen[bytes]) -> None:
    for server in servers:
        server.kill()
        server.wait()


def write_kubeconfig(folder: Path, facts: Facts) -> None:
    """What people with kubectl have: several contexts, one of them current."""
    authority = Path(facts["ca"]).read_bytes()

    def encoded(path: str | Path) -> str:
        return base64.b64encode(Path(path).read_bytes()).decode()

    def token(name: str) -> str:
        return Path(facts["tokens"][name]).read_text()

    server = {"server": f"https://127.0.0.1:{facts['port']}", "tls-server-name": SERVER_NAME}
    relay = {"server": f"https://127.0.0.1:{facts['relay']['port']}", "tls-server-name": SERVER_NAME}
    data = base64.b64encode(authority).decode()
    users: dict[str, dict[str, Any]] = {
        "fops": {"token": token("fops")},
        "reader": {"token": token("fops-reader")},
        "token-file": {"tokenFile": facts["tokenFile"]},
        "certificate": {
            "client-certificate-data": encoded(folder / "fops.pem"), "client-key-data": encoded(folder / "fops.key"),
        },
        "admin": {"client-certificate": "admin.pem", "client-key": "admin.key"},
        "plugin": {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "get-token",
                            "interactiveMode": "Never"}},
    }  # fmt: skip
    clusters = {
        "lab": {**server, "certificate-authority-data": data},
        "relay": {**relay, "certificate-authority": "ca.pem"},
    }
    document = {
        "apiVersion": "v1", "kind": "Config", "current-context": "lab", "preferences": {},
        "clusters": [{"name": name, "cluster": each} for name, each in clusters.items()],
        "users": [{"name": name, "user": each} for name, each in users.items()],
        "contexts": [
            {"name": "lab", "context": {"cluster": "lab", "user": "fops", "namespace": objects.NAMESPACE}},
            *({"name": name, "context": {"cluster": "lab", "user": name, "namespace": objects.NAMESPACE}}
              for name in users if name != "fops"),
            {"name": "relay", "context": {"cluster": "relay", "user": "fops", "namespace": objects.NAMESPACE}},
        ],
    }  # fmt: skip
    write_atomically(folder / "kubeconfig", yaml.safe_dump(document, sort_keys=False), 0o600)


def start(lab: Lab) -> Facts:
    programs, node_program = binaries("kube"), binaries("node") / "node"
    folder = lab.folder("kube")
    known = make_certificates(folder)
    tokens = write_token_file(lab, folder / "people.csv")
    node = start_node(lab, folder, node_program)
    facts = start_servers(lab, folder, programs, network_socket(lab))
    with Api(facts) as api:
        objects.apply_all(api)
        service_token = request_token(api)
    account = lab.folder("kube/serviceaccount")
    write_atomically(account / "token", service_token, 0o600)
    shutil.copyfile(folder / "ca.pem", account / "ca.crt")
    (account / "namespace").write_text(objects.NAMESPACE)
    write_atomically(folder / "token", lab.secret("kube-fops"), 0o600)
    facts.update(
        serverName=SERVER_NAME,
        **known,
        namespace=objects.NAMESPACE,
        tokens={**tokens, "service-account": str(account / "token")},
        tokenFile=str(folder / "token"),
        serviceAccount=str(account),
        serviceAccountKey=str(folder / "service-account.key"),
        people={"certificate": str(folder / "fops.pem"), "key": str(folder / "fops.key")},
        programs={name: str(programs / name) for name in ("kubectl", "kube-apiserver", "etcd")},
        kubeconfig=str(folder / "kubeconfig"),
        audit=str(folder / "audit.log"),
        node=node,
        proxy=start_reporting(lab, "kube", "proxy", ["fopslab.connectproxy"]),
        relay=start_ws_relay(lab, folder, facts["port"]),
        tcpRelay=start_relay(lab, "kube", facts["port"], "tcp-relay"),
    )
    write_kubeconfig(folder, facts)
    return facts


def start_ws_relay(lab: Lab, folder: Path, port: int) -> Facts:
    words = [
        "fopslab.wsproxy", "--to", str(port), "--server-name", SERVER_NAME, "--ca", str(folder / "ca.pem"),
        "--certificate", str(folder / "server.pem"), "--key", str(folder / "server.key"),
    ]  # fmt: skip
    return start_reporting(lab, "kube", "relay", words)


def ready(_lab: Lab, facts: Facts) -> bool:
    with Api(facts) as api:
        if not api.ready():
            return False
    return all(relay_ready(facts[name]) for name in ("relay", "tcpRelay", "proxy")) and node_answers(facts)


def node_answers(facts: Facts) -> bool:
    try:
        return "faults" in ask_relay(facts["node"]["control"], "status")
    except (OSError, ValueError):
        return False


def stop(lab: Lab) -> None:
    stop_processes(lab, "kube", 0.5)
    remove_tree(lab.root / "kube")


def describe(facts: Facts) -> str:
    return f"API server on https://127.0.0.1:{facts['port']}, relay on 127.0.0.1:{facts['relay']['port']}"


def documents(everybody: Mapping[str, Facts]) -> Folders:
    return {"kube": contracts.documents(everybody["kube"])}


def environment(_lab: Lab, facts: Facts) -> dict[str, str]:
    tokens = {name: Path(path).read_text() for name, path in facts["tokens"].items()}
    return {
        "FOPS_LAB_KUBE_TOKEN": tokens["fops"],
        "FOPS_LAB_KUBE_READER_TOKEN": tokens["fops-reader"],
        "FOPS_LAB_KUBE_CREATOR_TOKEN": tokens["fops-creator"],
        "FOPS_LAB_KUBE_GETTER_TOKEN": tokens["fops-getter"],
        "FOPS_LAB_KUBE_WRONG_TOKEN": tokens["fops-wrong"],
        "FOPS_LAB_KUBE_SERVICE_TOKEN": tokens["service-account"],
        "FOPS_LAB_KUBE_CERTIFICATE": Path(facts["people"]["certificate"]).read_text(),
        "FOPS_LAB_KUBE_KEY": Path(facts["people"]["key"]).read_text(),
        "FOPS_LAB_KUBECONFIG": facts["kubeconfig"],
        "FOPS_LAB_KUBECTL": facts["programs"]["kubectl"],
    }


NEIGHBOUR = Neighbour(
    name="kube",
    summary="a cluster: real etcd and API server, a node with real processes, relays",
    start=start,
    ready=ready,
    describe=describe,
    stop=stop,
    documents=documents,
    environment=environment,
)
