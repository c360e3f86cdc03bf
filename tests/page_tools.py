"""Pages of docs/ that are run as they stand: every command, in order, with the output that the page shows."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from conftest import ROOT

BORDER = "---end of step---"


def steps(page: Path) -> list[tuple[str, str]]:
    """Commands with the output that follows them; a here-document belongs to its command."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"^```console\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
        inside = False
        for line in block.splitlines():
            if line.startswith("$ ") and not inside:
                found.append((line[2:], []))
                inside = "<<'END'" in line
            elif inside:
                found[-1] = (f"{found[-1][0]}\n{line}", found[-1][1])
                inside = line != "END"
            else:
                found[-1][1].append(line)
    return [(command, "".join(f"{line}\n" for line in lines)) for command, lines in found]


def matches(shown: str, seen: str) -> bool:
    return re.fullmatch(".*".join(re.escape(part) for part in shown.split("…")), seen, re.DOTALL) is not None


def differences(page: Path, place: Path, more: Mapping[str, str] | None = None) -> list[str]:
    """Runs the page in an empty folder with a home of its own, the program being `fops` on PATH; tells what answers otherwise than shown."""
    binary = Path(os.environ.get("FOPS_BINARY", ROOT / "build/dev/fops")).resolve()
    for folder in ("bin", "home", "topology"):
        (place / folder).mkdir()
    (place / "bin/fops").symlink_to(binary)
    environment = {"PATH": f"{place / 'bin'}:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(place / "home"), "LANG": "C.UTF-8", **(more or {})}
    expected = steps(page)
    assert len(expected) > 10
    script = "exec 2>&1\n" + "".join(f"{command}\necho '{BORDER}'\n" for command, _ in expected)
    done = subprocess.run(["sh", "-c", script], cwd=place, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          timeout=120, check=False)
    answers = done.stdout.split(f"{BORDER}\n")
    assert len(answers) == len(expected) + 1, done.stdout
    return [f"$ {command}\nshown:\n{shown}\nseen:\n{seen}"
            for (command, shown), seen in zip(expected, answers, strict=False) if not matches(shown, seen)]
