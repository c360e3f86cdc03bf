"""What the cluster holds. No controller and no scheduler runs: everything they would do stands here."""

from __future__ import annotations

import http.client
import itertools
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from fopslab.kube.api import Api, ApiError
from fopslab.kube.tokens import SERVICE_ACCOUNT
from fopslab.state import Facts

Object = dict[str, Any]

NAMESPACES = ("boards", "empty")
NAMESPACE = "boards"
NODE, NODE_ADDRESS = "lab-node", "10.9.0.1"
DEAD_NODE, DEAD_ADDRESS = "dead-node", "10.9.0.2"
KUBELET_PORT = 10250
# The node runs the commands of its pods beside itself, in no container.
BESIDE = "beside"
POD_NETWORK = "10.244.0.0/16"
POD_PORT, POD_TLS_PORT = 8080, 8443
# Nobody listens there.
CLOSED_PORT = 9999
FINALIZER = "lab.fops/stays"
DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
# The first addresses belong to the pods below; those made in bulk come after.
FIRST_BULK_ADDRESS = 256
LARGEST_BULK = 65000


def timestamp(age_seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - age_seconds))


def condition(kind: str, status: bool, reason: str = "") -> Object:
    made: Object = {"type": kind, "status": "True" if status else "False", "lastTransitionTime": timestamp(60)}
    return {**made, "reason": reason} if reason else made


@dataclass(frozen=True)
class Pod:
    """One pod. owner: kind and name of an object that exists. states: for containers that do not run."""

    name: str
    app: str
    containers: tuple[str, ...] = ("main",)
    namespace: str = NAMESPACE
    node: str | None = NODE
    phase: str = "Running"
    ready: bool = True
    age_seconds: int = 3600
    default_container: str = ""
    owner: tuple[str, str] | None = None
    states: dict[str, Object] = field(default_factory=dict)
    leaving: bool = False
    labels: dict[str, str] = field(default_factory=dict)
    ports: bool = False

    def container(self, name: str) -> Object:
        made: Object = {"name": name, "image": f"lab.invalid/{name}:1"}
        if self.ports and name == self.containers[0]:
            made["ports"] = [
                {"name": "http", "containerPort": POD_PORT},
                {"name": "https", "containerPort": POD_TLS_PORT},
                {"name": "closed", "containerPort": CLOSED_PORT},
            ]
        return made

    def manifest(self, owners: dict[tuple[str, str], Object]) -> Object:
        metadata: Object = {"name": self.name, "namespace": self.namespace, "labels": {"app": self.app, **self.labels}}
        if self.default_container:
            metadata["annotations"] = {DEFAULT_CONTAINER: self.default_container}
        if self.owner:
            owner = owners[self.owner]
            metadata["ownerReferences"] = [
                {
                    "apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"],
                    "uid": owner["metadata"]["uid"], "controller": True, "blockOwnerDeletion": True,
                }
            ]  # fmt: skip
        if self.leaving:
            metadata["finalizers"] = [FINALIZER]
        spec: Object = {"containers": [self.container(name) for name in self.containers]}
        # of no use here, and the API server would look for its token
        spec["automountServiceAccountToken"] = False
        if self.node:
            spec["nodeName"] = self.node
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}

    def container_status(self, name: str) -> Object:
        state = self.states.get(name, {"running": {"startedAt": timestamp(self.age_seconds)}})
        runs = "running" in state
        return {
            "name": name, "image": f"lab.invalid/{name}:1", "imageID": "", "restartCount": 0 if runs else 12,
            "ready": runs and self.ready, "started": runs, "state": state,
        }  # fmt: skip

    def status(self, address: str) -> Object:
        if self.node is None:
            unplaced = condition("PodScheduled", False, "Unschedulable")
            return {"phase": "Pending", "conditions": [unplaced]}
        serves = self.ready and not self.states
        names = ("PodScheduled", "Initialized")
        return {
            "phase": self.phase, "podIP": address, "podIPs": [{"ip": address}],
            "hostIP": DEAD_ADDRESS if self.node == DEAD_NODE else NODE_ADDRESS,
            "startTime": timestamp(self.age_seconds),
            "conditions": [*(condition(name, True) for name in names),
                           *(condition(name, serves) for name in ("ContainersReady", "Ready"))],
            "containerStatuses": [self.container_status(name) for name in self.containers],
        }  # fmt: skip


CRASHED = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container=main"}}
COMPLETED = {"terminated": {"reason": "Completed", "exitCode": 0}}
DAYTONA_SET = "daytona-7d4b9c6f5"
PODS = (
    Pod(f"{DAYTONA_SET}-x2k8q", "daytona", owner=("replicasets", DAYTONA_SET), ports=True,
        labels={"pod-template-hash": "7d4b9c6f5"}),
    Pod("langboard-0", "langboard", ("web", "worker", "log"), owner=("statefulsets", "langboard"), ports=True,
        default_container="web", labels={"apps.kubernetes.io/pod-index": "0"}),
    Pod("crowded", "crowded", ("one", "two")),
    Pod("unready", "unready", ready=False),
    Pod("leaving", "leaving", leaving=True),
    Pod("dead", "dead", node=DEAD_NODE),
    Pod("pending", "pending", node=None),
    Pod("crashing", "crashing", ready=False, states={"main": CRASHED}),
    Pod("parked", "parked", phase="Succeeded", ready=False, states={"main": COMPLETED}),
    # By name the first is the newest, so that age and name cannot be mixed up; the oldest is not ready.
    Pod("twins-a", "twins", age_seconds=600),
    Pod("twins-b", "twins", age_seconds=1800),
    Pod("twins-c", "twins", age_seconds=7200, ready=False),
    Pod("agent-w7m4z", "agent", owner=("daemonsets", "agent")),
    Pod("report-hx5tl", "report", owner=("jobs", "report")),
)  # fmt: skip


def template(app: str, containers: Iterable[str] = ("main",)) -> Object:
    return {
        "metadata": {"labels": {"app": app}},
        "spec": {"containers": [{"name": name, "image": f"lab.invalid/{name}:1"} for name in containers]},
    }


def workload(kind: str, name: str, app: str, **more: Any) -> Object:
    spec = {"selector": {"matchLabels": {"app": app}}, "template": template(app), **more}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}


def workloads() -> list[tuple[str, Object]]:
    """What owns pods, by the name of its resource."""
    hashed = {"app": "daytona", "pod-template-hash": "7d4b9c6f5"}
    set_of_daytona = workload("ReplicaSet", DAYTONA_SET, "daytona", replicas=1)
    set_of_daytona["spec"]["selector"] = {"matchLabels": hashed}
    set_of_daytona["spec"]["template"]["metadata"]["labels"] = hashed
    job = {
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "report", "namespace": NAMESPACE},
        "spec": {"template": {"spec": {**template("report")["spec"], "restartPolicy": "Never"}}},
    }  # fmt: skip
    return [
        ("deployments", workload("Deployment", "daytona", "daytona", replicas=1)),
        ("replicasets", set_of_daytona),
        ("statefulsets", workload("StatefulSet", "langboard", "langboard", replicas=1, serviceName="langboard")),
        ("daemonsets", workload("DaemonSet", "agent", "agent")),
        # its pod template asks for nothing that exists
        ("deployments", workload("Deployment", "idle", "idle", replicas=0)),
        ("jobs", job),
    ]


def node(name: str, address: str, ready: bool) -> tuple[Object, Object]:
    """The node, and its status."""
    made = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}}}
    status = {
        "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}],
        "conditions": [condition("Ready", ready, "KubeletReady" if ready else "NodeStatusUnknown")],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": KUBELET_PORT}},
        "capacity": {"pods": "10000"}, "allocatable": {"pods": "10000"},
    }  # fmt: skip
    return made, {"status": status}


def service(name: str, app: str, target_http: int = POD_PORT) -> Object:
    ports = [
        {"name": "http", "port": 80, "targetPort": target_http},
        {"name": "https", "port": 443, "targetPort": POD_TLS_PORT},
    ]
    metadata = {"name": name, "namespace": NAMESPACE}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"selector": {"app": app}, "ports": ports},
    }


def endpoints(
    name: str, pod: Object | None, address: str = "", target_http: int = POD_PORT
) -> list[tuple[str, Object]]:
    """What the controllers would write for a service with one ready pod, or with none: the older and the newer form."""
    metadata = {"name": name, "namespace": NAMESPACE}
    ports = [
        {"name": "http", "port": target_http, "protocol": "TCP"},
        {"name": "https", "port": POD_TLS_PORT, "protocol": "TCP"},
    ]
    older: Object = {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": []}
    newer: Object = {
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {**metadata, "name": f"{name}-lab", "labels": {"kubernetes.io/service-name": name}},
        "endpoints": [], "ports": ports,
    }  # fmt: skip
    if pod:
        target = {"kind": "Pod", "namespace": NAMESPACE, "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}
        place = {"nodeName": NODE, "targetRef": target}
        older["subsets"] = [{"addresses": [{"ip": address, **place}], "ports": ports}]
        newer["endpoints"] = [{"addresses": [address], "conditions": {"ready": True}, **place}]
    return [
        (f"/api/v1/namespaces/{NAMESPACE}/endpoints", older),
        (f"/apis/discovery.k8s.io/v1/namespaces/{NAMESPACE}/endpointslices", newer),
    ]


def rule(groups: str, resources: Iterable[str], verbs: Iterable[str]) -> Object:
    return {"apiGroups": [groups], "resources": list(resources), "verbs": list(verbs)}


READ_PODS = rule("", ["pods"], ["get", "list"])
ROLES: dict[str, list[Object]] = {
    "fops": [
        READ_PODS,
        rule("", ["pods/exec"], ["get", "create"]),
        rule("apps", ["deployments", "statefulsets", "daemonsets", "replicasets"], ["get"]),
        rule("batch", ["jobs"], ["get"]),
        rule("", ["pods/proxy", "services/proxy"], ["*"]),
    ],
    "fops-reader": [READ_PODS],
    "fops-creator": [READ_PODS, rule("", ["pods/exec"], ["create"])],
    "fops-getter": [READ_PODS, rule("", ["pods/exec"], ["get"])],
}
RBAC = "rbac.authorization.k8s.io"


def role_binding(namespace: str, name: str) -> Object:
    """Gives a role to the person of its name; the service account has the rights of `fops`."""
    subjects: list[Object] = [{"kind": "User", "apiGroup": RBAC, "name": name}]
    if name == "fops":
        subjects.append({"kind": "ServiceAccount", "namespace": NAMESPACE, "name": SERVICE_ACCOUNT})
    return {
        "apiVersion": f"{RBAC}/v1", "kind": "RoleBinding", "metadata": {"name": name, "namespace": namespace},
        "subjects": subjects, "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": name},
    }  # fmt: skip


def add_namespace(api: Api, name: str) -> None:
    """A namespace in which the people have their rights; one that exists is left as it is."""
    try:
        api.post("/api/v1/namespaces", {"metadata": {"name": name}})
    except ApiError as error:
        if error.status != http.client.CONFLICT:
            raise
        return
    for person in ROLES:
        api.post(f"/apis/{RBAC}/v1/namespaces/{name}/rolebindings", role_binding(name, person))


def add_pod(api: Api, pod: Pod, address: str, owners: dict[tuple[str, str], Object]) -> Object:
    path = f"/api/v1/namespaces/{pod.namespace}/pods"
    made = api.post(path, pod.manifest(owners))
    api.patch(f"{path}/{pod.name}/status", {"status": pod.status(address)})
    if pod.leaving:
        api.delete(f"{path}/{pod.name}")
    return made


def apply_all(api: Api) -> None:
    """Fills a cluster that holds nothing yet."""
    for name, rules in ROLES.items():
        body = {"metadata": {"name": name}, "rules": rules}
        api.post(f"/apis/{RBAC}/v1/clusterroles", body)
    for name in NAMESPACES:
        add_namespace(api, name)
    api.post(f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts", {"metadata": {"name": SERVICE_ACCOUNT}})
    for each, status in (node(NODE, NODE_ADDRESS, True), node(DEAD_NODE, DEAD_ADDRESS, False)):
        api.post("/api/v1/nodes", each)
        api.patch(f"/api/v1/nodes/{each['metadata']['name']}/status", status)
    owners = {}
    for resource, each in workloads():
        path = f"/apis/{each['apiVersion']}/namespaces/{NAMESPACE}/{resource}"
        owners[resource, each["metadata"]["name"]] = api.post(path, each)
    made = {}
    addresses = {pod.name: address_of(i + 1) for i, pod in enumerate(PODS)}
    for pod in PODS:
        if pod.owner and pod.owner[0] == "jobs":
            # the server gives a job labels of its own to find its pods by
            pod.labels.update(owners[pod.owner]["spec"]["selector"]["matchLabels"])
        made[pod.name] = add_pod(api, pod, addresses[pod.name], owners)
    services = f"/api/v1/namespaces/{NAMESPACE}/services"
    langboard, address = made["langboard-0"], addresses["langboard-0"]
    for name, pod, port in (
        ("langboard", langboard, POD_PORT),
        ("closed", langboard, CLOSED_PORT),
        ("hollow", None, POD_PORT),
    ):
        api.post(services, service(name, "langboard" if pod else "nobody", port))
        for path, each in endpoints(name, pod, address, port):
            api.post(path, each)


def address_of(number: int) -> str:
    return f"10.244.{number // 256}.{number % 256}"


def create_pods(
    facts: Facts, count: int, namespaces: Iterable[str] = ("crowd",), prefix: str = "crowd", threads: int = 4
) -> list[str]:
    """Makes many ready pods NAMESPACE/PREFIX-00000 ..., spread evenly, with labels app=PREFIX and pair=N/2. Makes the
    namespaces as well, with the rights of everybody. Returns NAMESPACE/NAME of each."""
    places = tuple(namespaces)
    if not 0 <= count <= LARGEST_BULK:
        raise ValueError(f"{count} pods: at most {LARGEST_BULK}")
    with Api(facts) as api:
        for name in places:
            add_namespace(api, name)
    numbers = itertools.count()
    names: list[str] = []

    def work() -> None:
        with Api(facts) as api:
            while (number := next(numbers)) < count:
                pod = Pod(
                    f"{prefix}-{number:05}", prefix, namespace=places[number % len(places)], ports=True,
                    labels={"pair": str(number // 2)}, age_seconds=3600 + number,
                )  # fmt: skip
                add_pod(api, pod, address_of(FIRST_BULK_ADDRESS + number), {})
                names.append(f"{pod.namespace}/{pod.name}")

    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(work) for _ in range(threads)]:
            done.result()
    return sorted(names)


def remove_pods(facts: Facts, namespaces: Iterable[str] = ("crowd",)) -> None:
    """Removes all pods of some namespaces at once; the namespaces stay, because no controller would end them."""
    with Api(facts) as api:
        for name in namespaces:
            at_once = {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0}
            api.send("DELETE", f"/api/v1/namespaces/{name}/pods", at_once)
