"""The gate of the continuous build: minor page faults and processor time against recorded limits, never the wall clock.

Page faults hardly depend on the machine. Processor time does, so it is divided by that of /bin/true in the same run, and both
are the least of many runs, which is what other work on the machine disturbs least.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fopsbench.measure import Command, run
from fopsbench.place import Place, find
from fopsbench.topologies import make, settle, show

RUNS = 100
# A limit is missed only when it is missed so often in a row.
ATTEMPTS = 3
HEAD_ROOM = 1.25
ASSETS = 1_000
FILES = 20
PEER = "true"
LIMITS = Path(__file__).resolve().parents[1] / "gate.json"


def commands(place: Place) -> dict[str, Command]:
    topology = make(place, ASSETS, FILES)
    settle(place, topology)
    return {
        "version": place.fops("version"),
        "runtime-assets --help": place.fops("runtime-assets", "--help"),
        "show --role, 1,000 assets, warm": show(place, topology),
    }


def measure(gated: Mapping[str, Command], peer: Command) -> dict[str, dict[str, float]]:
    """The least faults and the least processor time of each, the latter in units of the peer's."""
    all_commands = {**gated, PEER: peer}
    faults = {name: math.inf for name in all_commands}
    cpu_ms = dict(faults)
    for turn in range(RUNS + 2):
        for name, command in all_commands.items():
            used = run(command)
            # the first two bring everything into memory
            if turn >= 2:
                faults[name] = min(faults[name], used.faults)
                cpu_ms[name] = min(cpu_ms[name], used.cpu_ms)
    return {name: {"faults": faults[name], "cpu": round(cpu_ms[name] / cpu_ms[PEER], 2)} for name in gated}


def write_limits(place: Place) -> str:
    gated, peer = commands(place), place.peer(PEER)
    attempts = [measure(gated, peer) for _ in range(ATTEMPTS)]
    # the most of several, so that the head-room is for other machines and not used up by this one's mood
    seen = {name: {what: max(each[name][what] for each in attempts) for what in values} for name, values in attempts[0].items()}
    rows = {name: {what: {"seen": value, "limit": math.ceil(value * HEAD_ROOM) if what == "faults" else round(value * HEAD_ROOM, 2)}
                   for what, value in values.items()} for name, values in seen.items()}
    document = {"about": "Written by tests/bench/bench --write-gate: minor page faults, and processor time in units of /bin/true's.",
                "rows": rows}
    LIMITS.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return json.dumps(rows, indent=2)


def missed(seen: dict[str, dict[str, float]], limits: dict[str, Any]) -> dict[tuple[str, str], str]:
    """What is over its limit. A command without limits, and limits without a command, are over as well."""
    found = {}
    for name in sorted(set(seen) | set(limits)):
        if name not in seen or name not in limits:
            found[name, ""] = f"{name}: gate.json and the gate differ; run tests/bench/bench --write-gate"
            continue
        for what, row in limits[name].items():
            if seen[name][what] > row["limit"]:
                found[name, what] = f"{name}: {what} {seen[name][what]:g}, limit {row['limit']:g} (recorded {row['seen']:g})"
    return found


def check_gate(place: Place) -> tuple[list[str], list[str]]:
    """What was seen, and what is over in every attempt."""
    limits = json.loads(LIMITS.read_text(encoding="utf-8"))["rows"]
    gated, peer = commands(place), place.peer(PEER)
    over: dict[tuple[str, str], str] = {}
    lines: list[str] = []
    for attempt in range(ATTEMPTS):
        seen = measure(gated, peer)
        lines = [f"{name}: {values['faults']:g} faults, {values['cpu']:g} x /bin/true" for name, values in seen.items()]
        now = missed(seen, limits)
        over = now if attempt == 0 else {key: text for key, text in now.items() if key in over}
        if not over:
            break
    return lines, list(over.values())
