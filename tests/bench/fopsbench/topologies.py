"""A topology of 10,000 assets in 200 files: compiled cold, asked warm, listed in constant memory."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from fopsbench.measure import Broken, Command, alternate, median, repeat, run
from fopsbench.memory import Untraceable, peak_memory
from fopsbench.place import ROOT, Place, Skipped, find
from fopsbench.table import Row, judge, mebibytes, milliseconds

FILES = 200
ASSETS = 10_000
FEWER = 1_000
ROLE = "bench-single"
MOST_COLD_MS = 200.0
MOST_WARM_MS = 5.0
MOST_LIST_KIB = 8 * 1024
MOST_VALIDATE_MS = 300.0
MOST_VALIDATE_SHARE = 0.1
# Constant memory: per asset there may be a number or two, never a row. The mapped cache is the kernel's and shared by all processes,
# so only the limit of the whole counts it.
MOST_BYTES_AN_ASSET = 32.0


def make(place: Place, assets: int, files: int) -> Path:
    """The last asset gets a role of its own: the generator's roles are shared, and a shared role is no answer."""
    folder = place.scratch / f"assets-{assets}"
    if not folder.exists():
        place.make_topology(folder.name, files, assets)
        last = sorted(folder.iterdir())[-1]
        head, _, tail = last.read_text().rpartition("  role: ")
        last.write_text(f"{head}  role: {ROLE}\n{tail.partition(chr(10))[2]}")
    return folder


def many(place: Place) -> Path:
    return make(place, ASSETS, FILES)


def show(place: Place, topology: Path) -> Command:
    return place.fops("runtime-assets", "show", "--topology", str(topology), "--role", ROLE)


def listing(place: Place, topology: Path) -> Command:
    return place.fops("runtime-assets", "list", "--topology", str(topology), "-o", "jsonl", piped=True)


def validator(place: Place, topology: Path) -> Command:
    """PyYAML's C loader and jsonschema with the schemas that fops prints itself."""
    done = subprocess.run([ROOT / "lab/venv"], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise Skipped("no Python environment of the lab")
    python = done.stdout.strip()
    schemas = []
    for kind in ("RuntimeAsset", "Endpoint"):
        path = place.scratch / f"{kind}.json"
        if not path.exists():
            printed = subprocess.run([place.binary, "schema", kind], env=place.environment, capture_output=True,
                                     stdin=subprocess.DEVNULL, check=False)
            if printed.returncode != 0:
                raise Broken(f"fops schema {kind}: {printed.stderr.decode(errors='replace').strip()}")
            path.write_bytes(printed.stdout)
        schemas.append(str(path))
    return Command([python, "-I", str(ROOT / "tests/bench/peers/validate.py"), str(topology), *schemas], place.environment)


def cold(place: Place) -> list[Row]:
    topology = many(place)
    files = sorted(str(path) for path in topology.iterdir())
    ours = place.fops("runtime-assets", "show", "--topology", str(topology), "--role", ROLE, prepare=place.forget_cache)
    floor = Command([find("cat"), *files], place.environment, piped=True)
    pairs = alternate(ours, floor, place.runs(15, 4))
    ours_ms = median(pairs.ours)
    data = {"ours_ms": ours_ms, "ours_cpu_ms": median(pairs.ours, "cpu_ms"), "floor_ms": median(pairs.peer),
            "floor_ratio": pairs.ratio(), "bytes": sum(Path(path).stat().st_size for path in files), "runs": len(pairs.ours)}
    peer_text, ratio_text = "", ""
    try:
        peer = validator(place, topology)
        peer_ms = median(repeat(peer, place.runs(2, 1)))
        data |= {"peer_ms": peer_ms, "ratio": ours_ms / peer_ms}
        peer_text, ratio_text = f"CSafeLoader+jsonschema: {milliseconds(peer_ms)}; ", f"{ours_ms / peer_ms:.4f}; "
    except Skipped as reason:
        peer_text = f"no PyYAML ({reason}); "
    return [Row("10,000 assets in 200 files, cold show --role", milliseconds(ours_ms),
                f"{peer_text}cat: {milliseconds(data['floor_ms'])}", f"{ratio_text}{data['floor_ratio']:.1f} x cat",
                "<= 200 ms", judge({"time": ours_ms <= MOST_COLD_MS}), data)]


def check_validation(command: Command, count: int) -> None:
    """What is measured must have read every document."""
    done = subprocess.run([*command.argv, "-o", "json"], env=command.environment, capture_output=True, stdin=subprocess.DEVNULL,
                          check=False)
    counts = json.loads(done.stdout)["counts"] if done.stdout else {}
    if done.returncode != 0 or counts.get("documents") != count:
        raise Broken(f"infra validate: exit {done.returncode}, {counts.get('documents')} documents of {count}")


def validated(place: Place) -> list[Row]:
    """Every document, reference and rule against the schema alone: the peer knows neither references nor rules."""
    topology = many(place)
    ours = place.fops("infra", "validate", str(topology))
    check_validation(ours, ASSETS + 1)
    pairs = alternate(ours, validator(place, topology), place.runs(5, 2))
    ours_ms, peer_ms = median(pairs.ours), median(pairs.peer)
    data = {"ours_ms": ours_ms, "ours_cpu_ms": median(pairs.ours, "cpu_ms"), "peer_ms": peer_ms, "ratio": pairs.ratio(),
            "runs": len(pairs.ours)}
    return [Row("10,000 documents, infra validate", milliseconds(ours_ms), f"CSafeLoader+jsonschema: {milliseconds(peer_ms)}",
                f"{pairs.ratio():.4f}", "<= 300 ms, <= 1/10",
                judge({"time": ours_ms <= MOST_VALIDATE_MS, "ratio": pairs.ratio() <= MOST_VALIDATE_SHARE}), data)]


def settle(place: Place, topology: Path) -> None:
    """Lets the cache come to rest: written, and its files too old to be compared by digest."""
    place.forget_cache()
    for _ in range(2):
        run(show(place, topology))


def warm(place: Place) -> list[Row]:
    topology = many(place)
    settle(place, topology)
    ours = show(place, topology)
    peer = Command([find("grep"), "-rF", f"role: {ROLE}", str(topology)], place.environment)
    pairs = alternate(ours, peer, place.runs(100, 10), warm_ups=3)
    data = {"ours_ms": median(pairs.ours), "peer_ms": median(pairs.peer), "ratio": pairs.ratio(),
            "ours_cpu_ms": median(pairs.ours, "cpu_ms"), "ours_faults": median(pairs.ours, "faults"), "runs": len(pairs.ours)}
    return [Row("10,000 assets, warm show --role", milliseconds(data["ours_ms"]),
                f"grep -rF of the role: {milliseconds(data['peer_ms'])}", f"{data['ratio']:.2f}", "<= 5 ms",
                judge({"time": data["ours_ms"] <= MOST_WARM_MS}), data)]


def check_listing(command: Command, count: int) -> None:
    """What is measured must be the list: every asset once."""
    done = subprocess.run(command.argv, env=command.environment, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    seen = {line["item"]["asset_id"] for line in lines if line["type"] == "item"}
    if done.returncode != 0 or len(seen) != count:
        raise Broken(f"list -o jsonl: exit {done.returncode}, {len(seen)} assets of {count}")


def listed(place: Place) -> list[Row]:
    topology, fewer = many(place), make(place, FEWER, FILES * FEWER // ASSETS)
    ours, small = listing(place, topology), listing(place, fewer)
    settle(place, fewer)
    check_listing(small, FEWER)
    run(show(place, topology))
    check_listing(ours, ASSETS)
    files = sorted(str(path) for path in topology.iterdir())
    pairs = alternate(ours, Command([find("cat"), *files], place.environment, piped=True), place.runs(15, 3))
    data = {"ours_ms": median(pairs.ours), "peer_ms": median(pairs.peer), "ratio": pairs.ratio(),
            "ours_cpu_ms": median(pairs.ours, "cpu_ms"), "bytes": pairs.ours[0].bytes, "runs": len(pairs.ours)}
    try:
        peak, small_peak = peak_memory(ours), peak_memory(small)
    except Untraceable as reason:
        return [Row("10,000 assets, warm list -o jsonl", milliseconds(data["ours_ms"]), verdict=f"skipped: {reason}", data=data)]
    growth = (peak.own_kib - small_peak.own_kib) * 1024 / (ASSETS - FEWER)
    data |= {"peak_kib": peak.kib, "small_peak_kib": small_peak.kib, "bytes_an_asset": growth, "own_kib": peak.own_kib,
             "small_own_kib": small_peak.own_kib}
    return [Row("10,000 assets, warm list -o jsonl",
                f"{milliseconds(data['ours_ms'])}, {mebibytes(peak.kib)} (own {mebibytes(peak.own_kib)})",
                f"1,000 assets: {mebibytes(small_peak.kib)} (own {mebibytes(small_peak.own_kib)}); "
                f"cat of the files: {milliseconds(data['peer_ms'])}",
                f"{max(growth, 0):.0f} bytes an asset; {data['ratio']:.1f} x cat", "<= 32 bytes an asset, <= 8 MiB",
                judge({"growth": growth <= MOST_BYTES_AN_ASSET, "memory": peak.kib <= MOST_LIST_KIB}), data)]
