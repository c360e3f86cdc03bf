"""Pods of a real API server: fops against kubectl of the same version, each with the same rights, in the same run."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

from fopsbench.measure import Broken, Command, Pairs, Usage, alternate, median, run
from fopsbench.memory import Untraceable, peak_memory
from fopsbench.place import ROOT, Place
from fopsbench.table import Row, judge, mebibytes, milliseconds

OUT_BYTES = 1 << 30
IN_BYTES = 1 << 28
CHECKED = 300
LISTED = 5000
MOST_KIB = 8 * 1024
MOST_LISTS = 3
BESIDE = "beside"
ASSET = """\
apiVersion: fractalops/v1
kind: RuntimeAsset
spec:
  assetId: asset-{number:05}
  role: crowd
  kind: kubernetes
  kubernetes: {{cluster: lab-cluster, namespace: {namespace}, workload: pod/{pod}}}
"""
MAKE_PODS = """\
import json, sys
from fopslab.kube.objects import create_pods
facts = json.load(open(sys.argv[1]))["neighbours"]["kube"]
print("\\n".join(create_pods(facts, int(sys.argv[2]), [sys.argv[3]])))
"""


class Cluster:
    """The lab's cluster with both clients ready to be started."""

    def __init__(self, place: Place) -> None:
        self.place = place
        place.neighbour("lxc")
        self.facts = place.neighbour("kube")
        token = Path(self.facts["tokens"]["fops"]).read_text()
        self.environment = place.environment | {"FOPS_LAB_KUBE_TOKEN": token}
        self.topology = ROOT / "build/bench-lab/topology/kube"

    def fops(self, *words: str, topology: Path | None = None, **more: Any) -> Command:
        chosen = ["--topology", str(topology or self.topology)]
        return replace(self.place.fops("runtime-assets", *words[:1], *chosen, *words[1:], **more), environment=self.environment)

    def run(self, *argv: str, options: tuple[str, ...] = (), asset: str = "daytona-01", **more: Any) -> Command:
        return self.fops("run", "--asset-id", asset, *options, "--", *argv, **more)

    def kubectl(self, *words: str, context: str = "lab", **more: Any) -> Command:
        base = [self.facts["programs"]["kubectl"], "--kubeconfig", self.facts["kubeconfig"], "--context", context]
        return Command([*base, *words], self.environment, **more)

    def exec(self, *argv: str, options: tuple[str, ...] = (), **more: Any) -> Command:
        return self.kubectl("exec", *options, self.pod(), "-c", "main", "--", *argv, **more)

    def pod(self) -> str:
        """The pod behind the asset, found as people find it."""
        found = subprocess.run(self.kubectl("get", "pods", "-l", "app=daytona", "-o", "name").argv, env=self.environment,
                               capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
        return found.stdout.split()[0]

    def crowd(self, count: int, namespace: str = "") -> Path:
        """Pods in a namespace of their own, and a topology with one asset for each."""
        namespace = namespace or f"crowd-{count}"
        folder = self.place.scratch / namespace
        if folder.exists():
            return folder
        done = subprocess.run([self.python(), "-c", MAKE_PODS, ROOT / "build/bench-lab/lab.json", str(count), namespace],
                              cwd=ROOT / "lab", capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise Broken(f"the pods could not be made: {done.stderr.strip()[-300:]}")
        folder.mkdir()
        texts = [ASSET.format(number=number, namespace=namespace, pod=line.split("/")[1])
                 for number, line in enumerate(done.stdout.split(), 1)]
        (folder / "assets.yaml").write_text("---\n".join(texts))
        documents = re.split(r"(?m)^---\n", (self.topology / "kube.yaml").read_text())
        (folder / "cluster.yaml").write_text(next(each for each in documents if "id: lab-cluster\n" in each))
        return folder

    @staticmethod
    def python() -> str:
        return subprocess.run([ROOT / "lab/venv"], capture_output=True, text=True, check=True,
                              stdin=subprocess.DEVNULL).stdout.strip()

    def count_lists(self, command: Command) -> int:
        """List calls of pods that one run makes, by the API server's own audit log."""
        audit = Path(self.facts["audit"])
        before = len(audit.read_text().splitlines())
        run(command)
        entries = [json.loads(line) for line in audit.read_text().splitlines()[before:]]
        return sum(1 for entry in entries if entry["verb"] == "list" and entry["objectRef"]["resource"] == "pods")


def peak_kib(command: Command) -> int:
    try:
        return peak_memory(command).kib
    except Untraceable:
        return -1


def within(own: int, limit: float) -> bool:
    """Without ptrace nothing is known, and nothing is held against anybody."""
    return own < 0 or own <= limit


def memory_text(kib: int) -> str:
    return mebibytes(kib) if kib >= 0 else "memory unknown: no ptrace"


def compared(cluster: Cluster, ours: Command, peer: Command) -> tuple[Pairs, dict[str, Any]]:
    pairs = alternate(ours, peer, cluster.place.runs(30, 5), warm_ups=2)
    return pairs, {"ours_ms": median(pairs.ours), "peer_ms": median(pairs.peer), "ratio": pairs.ratio(),
                   "ours_cpu_ms": median(pairs.ours, "cpu_ms"), "peer_cpu_ms": median(pairs.peer, "cpu_ms")}


def short(cluster: Cluster) -> Row:
    """The pod's commands run beside the node: what clients cost is not hidden behind what a container costs."""
    ours = cluster.run("true", asset="asset-00001", topology=cluster.crowd(1, BESIDE))
    peer = cluster.kubectl("exec", "-n", BESIDE, "crowd-00000", "-c", "main", "--", "true")
    pairs, data = compared(cluster, ours, peer)
    own, other = peak_kib(ours), peak_kib(peer)
    bars = {"time": pairs.ratio() <= 1 / 3, "memory": within(own, other / 8)}
    data |= {"ours_kib": own, "peer_kib": other}
    return Row("run -- true in a pod", f"{milliseconds(data['ours_ms'])}, {memory_text(own)}",
               f"kubectl: {milliseconds(data['peer_ms'])}, {memory_text(other)}", f"{pairs.ratio():.2f}",
               "<= 1/3 of the time, <= 1/8 of the memory", judge(bars), data)


def contained(cluster: Cluster) -> Row:
    """The same where the node joins a container first: lxc-attach and the kernel's cgroups take the time of both."""
    pairs, data = compared(cluster, cluster.run("true"), cluster.exec("true"))
    return Row("the same in an LXC container", milliseconds(data["ours_ms"]), f"kubectl: {milliseconds(data['peer_ms'])}",
               f"{pairs.ratio():.2f}", data=data)


def bulk_row(cluster: Cluster, name: str, ours: Command, peer: Command, count: int) -> Row:
    pairs = alternate(ours, peer, cluster.place.runs(7, 3), warm_ups=1)
    own = peak_kib(ours)
    rates = [count / (1 << 20) / (median(runs) / 1e3) for runs in (pairs.ours, pairs.peer)]
    bars = {"rate": pairs.ratio() <= 1.02, "processor": pairs.ratio("cpu_ms") <= 0.5, "memory": within(own, MOST_KIB)}
    data = {"ours_mib_s": rates[0], "peer_mib_s": rates[1], "ratio": pairs.ratio(), "cpu_ratio": pairs.ratio("cpu_ms"),
            "ours_cpu_ms": median(pairs.ours, "cpu_ms"), "peer_cpu_ms": median(pairs.peer, "cpu_ms"), "ours_kib": own}
    return Row(name, f"{rates[0]:.0f} MiB/s, {milliseconds(data['ours_cpu_ms'])} of processor, {memory_text(own)}",
               f"kubectl: {rates[1]:.0f} MiB/s, {milliseconds(data['peer_cpu_ms'])}",
               f"{pairs.ratio():.2f}, processor {data['cpu_ratio']:.2f}", "rate >= kubectl's, processor <= 1/2, <= 8 MiB",
               judge(bars), data)


def bulk_out(cluster: Cluster) -> Row:
    argv = ("head", "-c", str(OUT_BYTES), "/dev/zero")
    more: dict[str, Any] = {"piped": True, "expect_bytes": OUT_BYTES}
    return bulk_row(cluster, "1 GiB of a pod's output", cluster.run(*argv, **more), cluster.exec(*argv, **more), OUT_BYTES)


def bulk_in(cluster: Cluster) -> Row:
    """The pod compares the checksum: exit 0 says that every byte came."""
    data = cluster.place.scratch / "input"
    data.write_bytes(bytes(range(256)) * (IN_BYTES // 256))
    expected = hashlib.sha256(data.read_bytes()).hexdigest()
    argv = ("sh", "-c", 'sum=$(sha256sum) && [ "${sum%% *}" = "$1" ]', "sh", expected)
    ours, peer = cluster.run(*argv, options=("--stdin",), input=data), cluster.exec(*argv, options=("-i",), input=data)
    return bulk_row(cluster, "256 MiB into a pod, with checksum", ours, peer, IN_BYTES)


def looped(cluster: Cluster, pods: int) -> Usage:
    """kubectl get pods, then one get --raw for each pod, as a script would."""
    listed = run(cluster.kubectl("get", "pods", "-n", f"crowd-{CHECKED}"))
    asked = [run(cluster.kubectl("get", "--raw", f"/api/v1/namespaces/crowd-{CHECKED}/pods/crowd-{number:05}"))
             for number in range(pods)]
    return Usage(listed.wall_ms + sum(one.wall_ms for one in asked), listed.cpu_ms + sum(one.cpu_ms for one in asked), 0, 0)


def checked(cluster: Cluster) -> Row:
    topology = cluster.crowd(CHECKED)
    # exit 0 of check says that all are well
    ours = cluster.fops("check", "--all", "-o", "jsonl", topology=topology)
    lists = cluster.count_lists(ours)
    part = CHECKED if not cluster.place.quick else CHECKED // 10
    peer_ms = looped(cluster, part).wall_ms * CHECKED / part
    runs = [run(ours) for _ in range(cluster.place.runs(9, 3))]
    ratio = median(runs) / peer_ms
    data = {"ours_ms": median(runs), "peer_ms": peer_ms, "ratio": ratio, "lists": lists}
    return Row(f"check of {CHECKED} pods", f"{milliseconds(data['ours_ms'])}, {lists} list calls",
               f"kubectl get pods, then get --raw for each: {milliseconds(peer_ms)}", f"{ratio:.3f}", "<= 1/3, <= 3 list calls",
               judge({"time": ratio <= 1 / 3, "calls": lists <= MOST_LISTS}), data)


def live(cluster: Cluster) -> Row:
    topology = cluster.crowd(LISTED)
    ours = cluster.fops("list", "--live", "-o", "jsonl", topology=topology, piped=True)
    fewer = cluster.fops("list", "--live", "-o", "jsonl", topology=cluster.crowd(CHECKED), piped=True)
    done = subprocess.run(ours.argv, env=ours.environment, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    running = done.stdout.count(b'"running"')
    if done.returncode != 0 or running < LISTED:
        raise Broken(f"list --live: exit {done.returncode}, {running} of {LISTED} running: {done.stderr[-300:]!r}")
    peer = cluster.kubectl("get", "pods", "-A", "-o", "json", context="admin", piped=True)
    pairs = alternate(ours, peer, cluster.place.runs(7, 3), warm_ups=1)
    own, small, other = peak_kib(ours), peak_kib(fewer), peak_kib(peer)
    data = {"ours_ms": median(pairs.ours), "peer_ms": median(pairs.peer), "ratio": pairs.ratio(), "ours_kib": own,
            "fewer_kib": small, "peer_kib": other}
    return Row(f"list --live of {LISTED} pods", f"{milliseconds(data['ours_ms'])}, {memory_text(own)} ({CHECKED}: {memory_text(small)})",
               f"kubectl get pods -A -o json: {milliseconds(data['peer_ms'])}, {memory_text(other)}", f"{pairs.ratio():.2f}",
               "<= 1/2 of the time", judge({"time": pairs.ratio() <= 0.5}), data)


def pod_rows(place: Place) -> list[Row]:
    cluster = Cluster(place)
    return [short(cluster), contained(cluster)]


def pod_bulk_rows(place: Place) -> list[Row]:
    cluster = Cluster(place)
    return [bulk_out(cluster), bulk_in(cluster)]


def cluster_rows(place: Place) -> list[Row]:
    cluster = Cluster(place)
    return [checked(cluster), live(cluster)]
