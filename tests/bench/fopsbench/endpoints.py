"""1,000 endpoints that answer after 50 ms, 20 of them dead: fops against curl with the same list and the same limit."""

from __future__ import annotations

import json
import shlex
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fopsbench.measure import Broken, Command, alternate, median
from fopsbench.place import Place, find
from fopsbench.table import Row, judge, milliseconds

ENDPOINTS = 1000
DEAD = 20
SLOWEST_MS = 50
LIMIT_MS = 1000
MOST_MS = 1.1 * (SLOWEST_MS + LIMIT_MS)
# The most that curl accepts.
CURL_PARALLEL = 300
FILLERS = 8
PATH = "/bench50"
FOUND_DEAD = 12


@contextmanager
def black_holes(count: int) -> Iterator[list[int]]:
    """Ports whose queues are full: what is sent to them is dropped, and a client waits until its limit."""
    kept: list[socket.socket] = []
    ports = []
    try:
        for _ in range(count):
            listener = socket.socket()
            kept.append(listener)
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            ports.append(listener.getsockname()[1])
            for _ in range(FILLERS):
                filler = socket.socket()
                kept.append(filler)
                filler.setblocking(False)
                filler.connect_ex(listener.getsockname())
        yield ports
    finally:
        for each in kept:
            each.close()


def write_topology(place: Place, urls: list[str]) -> Path:
    folder = place.scratch / "endpoints"
    folder.mkdir(exist_ok=True)
    health = {"path": PATH, "expect": {"pointer": "/status", "value": "ok"}, "timeout": f"{LIMIT_MS}ms"}
    for i, url in enumerate(urls):
        spec = {"id": f"endpoint-{i:04d}", "plane": "bench", "executorUrl": url, "auth": {"mode": "none"}, "health": health}
        document = {"apiVersion": "fractalops/v1", "kind": "Endpoint", "spec": spec}
        (folder / f"{i:04d}.json").write_text(json.dumps(document))
    return folder


def curl(place: Place, urls: list[str]) -> Command:
    settings = place.scratch / "endpoints.conf"
    settings.write_text("".join(f'url = "{url}{PATH}"\noutput = /dev/null\n' for url in urls))
    words = [find("curl"), "--silent", "--fail", "--connect-timeout", str(LIMIT_MS / 1000), "--parallel", "--parallel-immediate",
             "--parallel-max", str(CURL_PARALLEL), "--config", str(settings)]
    return ends_with(place, words, 28)


def ends_with(place: Place, words: list[str], status: int) -> Command:
    """The command in a shell that takes this one status as the right one."""
    return Command(["/bin/sh", "-c", f"{shlex.join(words)}; test $? -eq {status}"], place.environment)


def check_verdicts(place: Place, words: list[str]) -> None:
    """What is measured must also be right."""
    done = subprocess.run([*words, "-o", "json"], env=place.environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    states = [row["state"] for row in json.loads(done.stdout or b'{"items":[]}')["items"]]
    if (states.count("ok"), states.count("down")) != (ENDPOINTS - DEAD, DEAD):
        counts = {state: states.count(state) for state in sorted(set(states))}
        raise Broken(f"endpoints check: exit {done.returncode}, {counts}: {done.stderr.decode(errors='replace')[:300]}")


def endpoints(place: Place) -> list[Row]:
    port = place.neighbour("executor")["ports"]["bench"]
    with black_holes(DEAD) as holes:
        alive = f"http://127.0.0.1:{port}"
        every = ENDPOINTS // DEAD
        urls = [f"http://127.0.0.1:{holes[i // every]}" if i % every == 0 else alive for i in range(ENDPOINTS)]
        words = [str(place.binary), "endpoints", "check", "--topology", str(write_topology(place, urls))]
        check_verdicts(place, words)
        pairs = alternate(ends_with(place, [*words, "-o", "jsonl"], FOUND_DEAD), curl(place, urls), place.runs(11, 3))
    data = {"ours_ms": median(pairs.ours), "peer_ms": median(pairs.peer), "ratio": pairs.ratio(),
            "ours_cpu_ms": median(pairs.ours, "cpu_ms"), "peer_cpu_ms": median(pairs.peer, "cpu_ms"), "runs": len(pairs.ours)}
    verdict = judge({"time": data["ours_ms"] <= MOST_MS, "curl": data["ratio"] <= 1.0})
    return [Row(f"check of {ENDPOINTS} endpoints, each {SLOWEST_MS} ms, {DEAD} dead", milliseconds(data["ours_ms"]),
                f"curl --parallel-max {CURL_PARALLEL}: {milliseconds(data['peer_ms'])}", f"{data['ratio']:.2f}",
                f"<= {MOST_MS:.0f} ms, <= curl", verdict, data)]
