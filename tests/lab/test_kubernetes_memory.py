"""What `run` on many pods takes for each pod that is under way: a WebSocket with TLS, a session, and nothing that waits for its turn."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from conftest import Lab, Runner
from kube_tools import cluster_endpoint, crowd, many_pods
from lab_tools import instrumented, peak_memory_kib, write_topology

pytestmark = pytest.mark.neighbours("lxc", "kube")
KIB_IN_FLIGHT = 64
FEW = 32
MANY = 200
NAMESPACE = "memory-crowd"


def peak(runner: Runner, topology: Path, parallel: int) -> int:
    """All of them are under way at once, as the command outlasts their handshakes."""
    process = runner.command("--topology", topology, "runtime-assets", "run", "--all", "--parallel", str(parallel), "-o", "jsonl", "--",
                             "sleep", "4", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    found = peak_memory_kib(process)
    assert process.wait(60) == 0
    assert found > 0
    return found


@pytest.mark.static
def test_memory_grows_by_64_kib_for_each_pod_under_way(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    if instrumented(operate.binary):
        pytest.skip("a sanitizer keeps what was freed")
    topology = write_topology(tmp_path / "topology", cluster_endpoint(lab), *crowd(MANY, NAMESPACE))
    with many_pods(lab, MANY, NAMESPACE):
        peaks = [peak(operate, topology, count) for count in (FEW, MANY)]
    assert (peaks[1] - peaks[0]) / (MANY - FEW) <= KIB_IN_FLIGHT, f"{peaks[0]} KiB with {FEW}, {peaks[1]} KiB with {MANY}"
