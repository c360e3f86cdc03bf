"""The contract documents of the cluster: one endpoint for each way to be let in, one asset for each state of a pod."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fopslab.assets import API_VERSION, EXECUTOR_HEALTH
from fopslab.kube.certificates import SERVER_NAME
from fopslab.state import Facts

Document = dict[str, Any]

CLUSTER = "lab-cluster"
NAMESPACE = "boards"
# The role of an asset, and how it finds its pod.
STATES: dict[str, Document] = {
    "crowded": {"selector": {"app": "crowded"}},
    "unready": {"selector": {"app": "unready"}},
    "unready_allowed": {"selector": {"app": "unready"}, "readyOnly": False},
    "leaving": {"selector": {"app": "leaving"}},
    "dead": {"selector": {"app": "dead"}},
    "pending": {"selector": {"app": "pending"}},
    "crashing": {"selector": {"app": "crashing"}},
    "missing": {"selector": {"app": "missing"}},
    "twin_pods": {"selector": {"app": "twins"}},
    "twin_pods_allowed": {"selector": {"app": "twins"}, "readyOnly": False},
    "empty": {"selector": {"app": "daytona"}, "namespace": "empty"},
    "default_container": {"selector": {"app": "langboard"}},
    "worker": {"selector": {"app": "langboard"}, "container": "worker"},
    "wrong_container": {"selector": {"app": "langboard"}, "container": "nobody"},
    "workload": {"workload": "deployment/daytona"},
    "replicaset": {"workload": "replicaset/daytona-7d4b9c6f5"},
    "statefulset": {"workload": "statefulset/langboard"},
    "daemonset": {"workload": "daemonset/agent"},
    "job": {"workload": "job/report"},
    "pod": {"workload": "pod/crowded", "container": "two"},
    "idle": {"workload": "deployment/idle"},
    "missing_workload": {"workload": "deployment/nothing"},
}


def cluster(facts: Facts, suffix: str, auth: Document, **more: Any) -> Document:
    spec: Document = {
        "id": f"{CLUSTER}-{suffix}" if suffix else CLUSTER,
        "plane": "kubernetes",
        "executorUrl": f"https://127.0.0.1:{more.pop('port', facts['port'])}",
        "auth": auth,
        "tls": more.pop("tls", {"ca": Path(facts["ca"]).read_text(), "serverName": SERVER_NAME}),
    }
    spec.update(more)
    return {"apiVersion": API_VERSION, "kind": "Endpoint", "spec": spec}


def bearer(variable: str) -> Document:
    return {"mode": "bearer", "secretRef": f"env://{variable}"}


def clusters(facts: Facts) -> list[Document]:
    """The same API server each time."""
    token = bearer("FOPS_LAB_KUBE_TOKEN")
    certificate = {
        "mode": "client-certificate",
        "certificateRef": "env://FOPS_LAB_KUBE_CERTIFICATE",
        "keyRef": "env://FOPS_LAB_KUBE_KEY",
    }
    return [
        cluster(facts, "", token),
        cluster(facts, "certificate", certificate),
        cluster(facts, "token-file", {"mode": "token-file", "tokenFile": facts["tokenFile"]}),
        cluster(facts, "oidc", {"mode": "oidc-token", "secretRef": "env://FOPS_LAB_KUBE_SERVICE_TOKEN"}),
        cluster(facts, "reader", bearer("FOPS_LAB_KUBE_READER_TOKEN")),
        cluster(facts, "creator", bearer("FOPS_LAB_KUBE_CREATOR_TOKEN")),
        cluster(facts, "getter", bearer("FOPS_LAB_KUBE_GETTER_TOKEN")),
        cluster(facts, "wrong", bearer("FOPS_LAB_KUBE_WRONG_TOKEN")),
        cluster(facts, "proxy", token, proxyUrl=f"http://127.0.0.1:{facts['proxy']['port']}"),
        cluster(facts, "relay", token, port=facts["relay"]["port"]),
        cluster(facts, "cut", token, port=facts["tcpRelay"]["port"]),
        cluster(facts, "fingerprint", token, tls={"fingerprint": facts["fingerprint"]}),
    ]


def asset(asset_id: str, role: str, kubernetes: Document, **more: Any) -> Document:
    spec: Document = {"assetId": asset_id, "role": role, "kind": "kubernetes"}
    spec["owner"] = more.pop("owner", "platform")
    spec["labels"] = {"tier": "lab", **more.pop("labels", {})}
    spec.update(more)
    spec.setdefault("policy", {"run": "open", "request": "open"})
    spec["kubernetes"] = {"cluster": CLUSTER, "namespace": NAMESPACE, **kubernetes}
    return {"apiVersion": API_VERSION, "kind": "RuntimeAsset", "spec": spec}


def main_assets() -> list[Document]:
    """The same ids and roles as those of the containers, so that the same cases run on both."""
    daytona = {"selector": {"app": "daytona"}}
    workspace = {"labels": {"room": "workspace"}}
    board = {"labels": {"room": "board"}, "owner": "langboard", "health": EXECUTOR_HEALTH}
    langboard = {"selector": {"app": "langboard"}}
    by_pod = {**langboard, "via": "pod-proxy", "port": "http"}
    by_service = {**langboard, "via": "service-proxy", "service": "langboard", "port": "http"}
    return [
        asset("daytona-01", "daytona_runtime", {**daytona, "container": "main"}, **workspace),
        asset("langboard-01", "langboard_executor", by_pod, **board),
        asset("langboard-02", "langboard_service", by_service, **board),
        asset("langboard-03", "langboard_secure", {**by_service, "port": "https", "scheme": "https"}, **board),
        asset("langboard-04", "langboard_secure_pod", {**by_pod, "port": "8443", "scheme": "https"}, **board),
        asset("langboard-05", "closed_executor", {**by_pod, "port": "9999"}, **board),
        asset("langboard-06", "closed_service", {**by_service, "service": "closed"}, **board),
        asset("langboard-07", "hollow_service", {**by_service, "service": "hollow"}, **board),
        asset("parked-01", "parked_runtime", {"selector": {"app": "parked"}}, **workspace),
        asset("gated-01", "gated_runtime", daytona, policy={"run": "proposal", "request": "proposal"}),
        asset("daytona-01-a", "twin_runtime", daytona, **workspace),
        asset("daytona-01-b", "twin_runtime", daytona, **workspace),
    ]


def documents(facts: Facts) -> list[Document]:
    found = clusters(facts)
    others = [each["spec"]["id"].removeprefix(f"{CLUSTER}-") for each in found[1:]]
    found += main_assets()
    for name, block in STATES.items():
        found.append(asset(f"{name.replace('_', '-')}-01", f"{name}_runtime", block, labels={"room": "states"}))
    for name in others:
        block = {"cluster": f"{CLUSTER}-{name}", "selector": {"app": "daytona"}}
        role = f"{name.replace('-', '_')}_runtime"
        found.append(asset(f"{name}-01", role, block, labels={"room": "doors"}))
    by_relay = {"cluster": f"{CLUSTER}-relay", "selector": {"app": "langboard"}, "via": "pod-proxy", "port": "http"}
    found.append(asset("relay-02", "relay_executor", by_relay, labels={"room": "doors"}, health=EXECUTOR_HEALTH))
    return found
