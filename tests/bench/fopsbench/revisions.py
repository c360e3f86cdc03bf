"""10,000 assets from a git revision whose commit did not change, beside the same files in a folder."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from fopsbench.measure import Broken, alternate, median, run
from fopsbench.place import Place, find
from fopsbench.table import Row, judge, milliseconds
from fopsbench.topologies import ROLE, many

MOST_OVER_MS = 10.0


def commit(place: Place, topology: Path) -> Path:
    """A copy of the folder with a repository of one commit around it."""
    topology = shutil.copytree(topology, place.scratch / "revision", dirs_exist_ok=True)
    git = [find("git"), "-C", str(topology), "-c", "user.name=bench", "-c", "user.email=bench@example.test"]
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "--allow-empty", "-m", "assets"]):
        done = subprocess.run([*git, *words], env=place.environment, capture_output=True, stdin=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            raise Broken(f"git {words[0]}: {done.stderr.decode(errors='replace').strip()}")
    return topology


def revisions(place: Place) -> list[Row]:
    folder = commit(place, many(place))
    ours = place.fops("runtime-assets", "show", "--topology", f"git+file://{folder}?ref=main", "--role", ROLE)
    plain = place.fops("runtime-assets", "show", "--topology", str(folder), "--role", ROLE)
    place.forget_cache()
    for command in (ours, plain, ours, plain):
        run(command)
    pairs = alternate(ours, plain, place.runs(60, 10), warm_ups=3)
    ours_ms, plain_ms = median(pairs.ours), median(pairs.peer)
    data = {"ours_ms": ours_ms, "ours_cpu_ms": median(pairs.ours, "cpu_ms"), "ours_faults": median(pairs.ours, "faults"),
            "peer_ms": plain_ms, "over_ms": ours_ms - plain_ms, "ratio": pairs.ratio(), "runs": len(pairs.ours)}
    return [Row("10,000 assets, unchanged git revision, warm show", milliseconds(ours_ms), f"the plain folder: {milliseconds(plain_ms)}",
                f"{pairs.ratio():.2f}", "<= 10 ms over the folder", judge({"time": ours_ms - plain_ms <= MOST_OVER_MS}), data)]
