"""Start-up: the version of the static binary against git's."""

from __future__ import annotations

from fopsbench.measure import alternate, median
from fopsbench.memory import Untraceable, peak_memory
from fopsbench.place import Place
from fopsbench.table import Row, judge, mebibytes, milliseconds

MOST_MS = 2.0
MOST_KIB = 3 * 1024
MOST_RATIO = 1.5


def version(place: Place) -> list[Row]:
    ours = place.fops("version")
    peer = place.peer("git", "--version")
    pairs = alternate(ours, peer, place.runs(200, 20), warm_ups=5)
    bars = {"time": median(pairs.ours) <= MOST_MS, "ratio": pairs.ratio() <= MOST_RATIO}
    try:
        memory, peer_memory = peak_memory(ours).kib, peak_memory(peer).kib
        bars["memory"] = memory <= MOST_KIB
    except Untraceable:
        memory = peer_memory = -1
    data = {
        "ours_ms": median(pairs.ours), "peer_ms": median(pairs.peer), "ratio": pairs.ratio(), "peak_kib": memory,
        "peer_peak_kib": peer_memory, "ours_cpu_ms": median(pairs.ours, "cpu_ms"), "peer_cpu_ms": median(pairs.peer, "cpu_ms"),
        "ours_faults": median(pairs.ours, "faults"), "peer_faults": median(pairs.peer, "faults"), "runs": len(pairs.ours),
    }  # fmt: skip
    return [Row(
        "fops version",
        f"{milliseconds(data['ours_ms'])}, {mebibytes(memory) if memory >= 0 else 'memory unknown: no ptrace'}, "
        f"{data['ours_faults']:.0f} faults",
        f"git --version: {milliseconds(data['peer_ms'])}, {mebibytes(peer_memory)}, {data['peer_faults']:.0f} faults",
        f"{data['ratio']:.2f}",
        "<= 2 ms, <= 3 MiB, <= 1.5 x git",
        judge(bars),
        data,
    )]
