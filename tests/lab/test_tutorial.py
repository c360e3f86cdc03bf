"""docs/kubernetes.md is run as it stands: every command, in order, with the output that the page shows."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from conftest import ROOT, Lab

pytestmark = pytest.mark.neighbours("lxc", "kube")
PAGE = ROOT / "docs/kubernetes.md"
BORDER = "---end of step---"


def steps() -> list[tuple[str, str]]:
    """Commands with the output that follows them; a here-document belongs to its command."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"^```console\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL):
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
    return re.fullmatch(".*".join(re.escape(part) for part in shown.split("…")), seen) is not None


def test_every_command_of_the_tutorial_answers_as_shown(lab: Lab, tmp_path: Path) -> None:
    binary = Path(os.environ.get("FOPS_BINARY", ROOT / "build/dev/fops")).resolve()
    for folder in ("bin", "home", "topology"):
        (tmp_path / folder).mkdir()
    (tmp_path / "bin/fops").symlink_to(binary)
    environment = {"PATH": f"{tmp_path / 'bin'}:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(tmp_path / "home"), "LANG": "C.UTF-8",
                   "KUBECONFIG": lab["neighbours"]["kube"]["kubeconfig"]}
    expected = steps()
    assert len(expected) > 10
    script = "exec 2>&1\n" + "".join(f"{command}\necho '{BORDER}'\n" for command, _ in expected)
    done = subprocess.run(["sh", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          timeout=120, check=False)
    answers = done.stdout.split(f"{BORDER}\n")
    for (command, shown), seen in zip(expected, answers, strict=False):
        assert matches(shown, seen), f"$ {command}\nshown:\n{shown}\nseen:\n{seen}"
    assert len(answers) == len(expected) + 1
