"""The nineteen stacks, all of them bound, in one line each: beside 10,000 assets, from a warm cache."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from fopsbench.measure import Broken, Command, alternate, median, run
from fopsbench.place import Place, find
from fopsbench.table import Row, judge, milliseconds
from fopsbench.topologies import many

ROWS = 19
MOST_MS = 3.0
MOST_BYTES = 1024


def names(place: Place) -> list[str]:
    """The rows of the catalogue, as the program tells them without a topology."""
    done = subprocess.run(place.fops("stacks", "list", "-o", "json").argv, env=place.environment, capture_output=True,
                          stdin=subprocess.DEVNULL, check=False)
    found = [item["name"] for item in json.loads(done.stdout)["items"]] if done.returncode == 0 else []
    if len(found) != ROWS:
        raise Broken(f"stacks list: exit {done.returncode}, {len(found)} rows of {ROWS}")
    return found


def bind(place: Place) -> Path:
    """Two endpoints and a metric to each row, and each row on the one before it."""
    path = place.scratch / "stacks.json"
    documents = []
    rows = names(place)
    for before, name in zip(["", *rows], rows, strict=False):
        for kind in ("api", "metrics"):
            spec = {"id": f"bench-{name}-{kind}", "plane": "prometheus", "auth": {"mode": "none"},
                    "executorUrl": f"https://{name}-{kind}.example.net"}
            documents.append({"apiVersion": "fractalops/v1", "kind": "Endpoint", "spec": spec})
        metric = {"name": "used", "endpoint": f"bench-{name}-metrics", "query": "max(used / size)", "warn": 0.8, "fail": 0.95}
        spec = {"name": name, "owner": "platform", "endpoints": [f"bench-{name}-api", f"bench-{name}-metrics"], "metrics": [metric]}
        if before:
            spec["dependsOn"] = [before]
        documents.append({"apiVersion": "fractalops/v1", "kind": "Stack", "spec": spec})
    path.write_text(json.dumps(documents))
    return path


def check_lines(command: Command) -> int:
    """What is measured must be all rows, bound; the bytes."""
    done = subprocess.run(command.argv, env=command.environment, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    lines = [line.split("\t") for line in done.stdout.decode().splitlines()]
    if done.returncode != 0 or len(lines) != ROWS or any(line[1:] != ["bound", "-"] for line in lines):
        raise Broken(f"stacks list --compact: exit {done.returncode}, {done.stdout[:200]!r}")
    return len(done.stdout)


def stacks(place: Place) -> list[Row]:
    bound = bind(place)
    assets = many(place)
    ours = place.fops("stacks", "list", "--compact", "--topology", str(assets), "--topology", str(bound))
    place.forget_cache()
    for _ in range(2):
        run(ours)
    size = check_lines(ours)
    pairs = alternate(ours, Command([find("cat"), str(bound)], place.environment), place.runs(100, 10), warm_ups=3)
    ours_ms = median(pairs.ours)
    data = {"ours_ms": ours_ms, "ours_cpu_ms": median(pairs.ours, "cpu_ms"), "ours_faults": median(pairs.ours, "faults"),
            "peer_ms": median(pairs.peer), "ratio": pairs.ratio(), "bytes": size, "runs": len(pairs.ours)}
    return [Row("19 stacks beside 10,000 assets, warm list --compact", f"{milliseconds(ours_ms)}, {size} bytes",
                f"cat of the stacks' file: {milliseconds(data['peer_ms'])}", f"{pairs.ratio():.2f}", "<= 3 ms, <= 1 KiB",
                judge({"time": ours_ms <= MOST_MS, "bytes": size <= MOST_BYTES}), data)]
