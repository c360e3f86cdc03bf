"""Commands in a container: fops against lxc-attach with the very words that fops gives it."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

from fopsbench.measure import Broken, Command, alternate, median
from fopsbench.memory import Untraceable, peak_memory
from fopsbench.place import Place, find
from fopsbench.table import Row, judge, mebibytes, milliseconds

FACTOR = 1.25
EXTRA_MS = 2.0
BULK_BYTES = 1 << 30
LEAST_THROUGHPUT = 0.9
MOST_BULK_KIB = 8 * 1024
RECORDER = """\
#!/bin/sh
printf '%s\\n' "$@" >"${0%/*}/words"
"""


def make_one_asset(place: Place) -> Path:
    facts = place.neighbour("lxc")
    return place.make_topology("container", 1, 1, "--container", facts["running"][0], "--path", facts["path"])


def run_words(topology: Path, *argv: str) -> list[str]:
    return ["runtime-assets", "run", "--topology", str(topology), "--asset-id", "asset-00001", "--", *argv]


def attach(place: Place, ours: Command) -> Command:
    """The same command line of lxc-attach that fops uses, seen by standing in for it once; its log goes to a file of ours."""
    folder = place.scratch / "recorder"
    folder.mkdir(exist_ok=True)
    recorder = folder / "lxc-attach"
    recorder.write_text(RECORDER)
    recorder.chmod(0o755)
    words_file = folder / "words"
    words_file.unlink(missing_ok=True)
    # fops passes few variables on, and PATH is one of them
    environment = ours.environment | {"PATH": f"{folder}:{ours.environment['PATH']}"}
    subprocess.run(ours.argv, env=environment, check=False, capture_output=True, stdin=subprocess.DEVNULL)
    if not words_file.exists():
        raise Broken(f"fops did not start lxc-attach: {' '.join(ours.argv)}")
    words = words_file.read_text().splitlines()
    if "-o" in words:
        words[words.index("-o") + 1] = str(folder / "log")
    return replace(ours, argv=[find("lxc-attach"), *words])


def run_true(place: Place) -> list[Row]:
    topology = make_one_asset(place)
    ours = place.fops(*run_words(topology, "/bin/true"))
    peer = attach(place, ours)
    pairs = alternate(ours, peer, place.runs(60, 8), warm_ups=3)
    excess = pairs.excess(FACTOR, EXTRA_MS)
    data = {
        "ours_ms": median(pairs.ours), "peer_ms": median(pairs.peer), "ratio": pairs.ratio(), "excess_ms": excess,
        "ours_cpu_ms": median(pairs.ours, "cpu_ms"), "peer_cpu_ms": median(pairs.peer, "cpu_ms"), "runs": len(pairs.ours),
        "peer_argv": list(peer.argv),
    }  # fmt: skip
    return [Row("run -- /bin/true in a container", milliseconds(data["ours_ms"]),
                f"lxc-attach: {milliseconds(data['peer_ms'])}", f"{data['ratio']:.2f}", "<= 1.25 x peer + 2 ms",
                judge({"time": excess <= 0}), data)]


def bulk_row(place: Place, topology: Path, merged: bool) -> Row:
    """1 GiB to a pipe. Merged streams are copied through fops, a pipe for stdout alone is handed to lxc-attach."""
    words = run_words(topology, "head", "-c", str(BULK_BYTES), "/dev/zero")
    ours = place.fops(*words, piped=True, merged=merged, pinned=True, expect_bytes=BULK_BYTES)
    peer = attach(place, ours)
    pairs = alternate(ours, peer, place.runs(11, 3), warm_ups=1)
    throughput = 1 / pairs.ratio()
    try:
        memory = peak_memory(ours).kib
    except Untraceable:
        memory = -1
    bars = {"throughput": merged or throughput >= LEAST_THROUGHPUT, "memory": memory <= MOST_BULK_KIB}
    rates = [BULK_BYTES / (1 << 20) / (median(runs) / 1e3) for runs in (pairs.ours, pairs.peer)]
    data = {"ours_mib_s": rates[0], "peer_mib_s": rates[1], "throughput": throughput, "peak_kib": memory,
            "ours_cpu_ms": median(pairs.ours, "cpu_ms"), "peer_cpu_ms": median(pairs.peer, "cpu_ms"),
            "runs": len(pairs.ours)}  # fmt: skip
    name = "1 GiB through run, 2>&1, to a pipe" if merged else "1 GiB through run to a pipe"
    bar = "<= 8 MiB (copied: no bar of time)" if merged else ">= 0.9 x peer, <= 8 MiB"
    return Row(name, f"{rates[0]:.0f} MiB/s, {mebibytes(memory) if memory >= 0 else 'memory unknown: no ptrace'}",
               f"lxc-attach: {rates[1]:.0f} MiB/s", f"{throughput:.2f}", bar, judge(bars), data)


def bulk(place: Place) -> list[Row]:
    topology = make_one_asset(place)
    return [bulk_row(place, topology, merged=False), bulk_row(place, topology, merged=True)]
