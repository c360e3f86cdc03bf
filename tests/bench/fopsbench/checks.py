"""500 health requests of 100 ms each: fops against curl, and against a bare client that opens all connections at once."""

from __future__ import annotations

import sys
from pathlib import Path

from fopsbench.measure import Command, alternate, median, repeat
from fopsbench.place import ROOT, Place
from fopsbench.table import Row, judge, milliseconds

ASSETS = 500
MOST_MS = 300.0
# The most that curl accepts.
CURL_PARALLEL = 300


def curl(place: Place, url: str) -> Command:
    settings = place.scratch / "curl.conf"
    settings.write_text(f'url = "{url}"\noutput = /dev/null\n' * ASSETS)
    return place.peer("curl", "--silent", "--show-error", "--fail", "--parallel", "--parallel-immediate", "--parallel-max",
                      str(CURL_PARALLEL), "--config", str(settings))


def check(place: Place) -> list[Row]:
    container = place.neighbour("lxc")
    port = place.neighbour("executor")["ports"]["bench"]
    topology: Path = place.make_topology("checked", 1, ASSETS, "--container", container["running"][0], "--path",
                                         container["path"], "--executor-url", f"http://127.0.0.1:{port}")
    # exit 0 of check says that all 500 answered well
    ours = place.fops("runtime-assets", "check", "--topology", str(topology), "--all", "-o", "jsonl")
    pairs = alternate(ours, curl(place, f"http://127.0.0.1:{port}/health"), place.runs(15, 3))
    bare = Command([sys.executable, "-I", str(ROOT / "tests/bench/peers/fetch.py"), str(port), "/health", str(ASSETS)],
                   place.environment)
    data = {"ours_ms": median(pairs.ours), "peer_ms": median(pairs.peer), "ratio": pairs.ratio(),
            "ours_cpu_ms": median(pairs.ours, "cpu_ms"), "peer_cpu_ms": median(pairs.peer, "cpu_ms"),
            "bare_ms": median(repeat(bare, place.runs(5, 2), 1)), "runs": len(pairs.ours)}
    return [Row("check of 500 assets, each 100 ms", milliseconds(data["ours_ms"]),
                f"curl --parallel-max 300: {milliseconds(data['peer_ms'])}; asyncio, all at once: {milliseconds(data['bare_ms'])}",
                f"{data['ratio']:.2f}", "<= 300 ms", judge({"time": data["ours_ms"] <= MOST_MS}), data)]
