"""What the tests of endpoints share: the lab's stand-ins of products, real servers that start when a test asks, one row of a check."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT, Lab, Result, Runner, read_exports, run_lab, skipped_lines, tested_binary
from lab_tools import Relay, endpoint, write_topology

SERVER_NAME = "health.lab.test"
# Neighbours that take too long to make where there is nothing in the cache: what to look for there.
COSTLY = {"openbao": "about 7 minutes", "temporal": "about 4 minutes", "keycloak": "a download of 160 MB"}


def preset_names() -> list[str]:
    """Every built-in health contract, as the program's own schema has them."""
    done = subprocess.run([tested_binary(), "schema", "Endpoint"], capture_output=True, stdin=subprocess.DEVNULL, check=True)
    health = json.loads(done.stdout)["properties"]["spec"]["properties"]["health"]
    return sorted(health["properties"]["preset"]["enum"])


def is_cached(name: str) -> bool:
    if name == "keycloak":
        words = [subprocess.run([ROOT / "lab/venv"], capture_output=True, text=True, check=True).stdout.strip(), "-c",
                 "import sys; from fopslab.neighbours import keycloak; sys.exit(not keycloak.is_cached())"]
        return subprocess.run(words, cwd=ROOT / "lab", stdin=subprocess.DEVNULL, check=False).returncode == 0
    return subprocess.run([ROOT / "lab/go/build", "--cached", name], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          check=False).returncode == 0


def real_server(lab: Lab, name: str, runner: Runner) -> dict[str, Any]:
    """The facts of a real server, started in this test run's lab when it is not up; its secrets go into the runner's environment."""
    if name not in dict(lab["neighbours"]):
        if name in COSTLY and not is_cached(name):
            pytest.skip(f"{name} is not built on this machine ({COSTLY[name]}, once): lab/lab up {name}")
        done = run_lab(lab.root, "up", name)
        skipped = skipped_lines(done.stdout)
        if name in skipped:
            pytest.skip(f"{name}: {skipped[name]}")
        assert done.returncode == 0, done.stdout + done.stderr
        found = json.loads((lab.root / "lab.json").read_text())["neighbours"]
        for each, facts in found.items():
            dict.__setitem__(lab["neighbours"], each, facts)
    lab.environment.update(read_exports(lab.root / "env"))
    runner.environment |= lab.environment
    return dict(lab["neighbours"][name])


class StandIns(Relay):
    """The control port of the stand-ins (lab/fopslab/standin_health)."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab["neighbours"]["health"])
        self.facts: dict[str, Any] = lab["neighbours"]["health"]

    @property
    def products(self) -> dict[str, int]:
        return dict(self.facts["products"])

    def state(self, state: str, name: str = "*") -> None:
        self.tell(f"state {name} {state}")

    def requests(self, name: str) -> list[dict[str, Any]]:
        return list(self.tell(f"log {name}")["requests"])

    def caught(self) -> list[dict[str, Any]]:
        """What the other origin was sent."""
        return list(self.tell("caught")["caught"])

    def door(self, name: str, auth: dict[str, Any], path: str = "/health", **spec: Any) -> dict[str, Any]:
        """The endpoint of one of the doors."""
        health = {"path": path, "expect": {"pointer": "/status", "value": "ok"}, "timeout": "3s", **spec.pop("health", {})}
        tls = {"ca": Path(self.facts["ca"]).read_text(), "serverName": SERVER_NAME}
        return endpoint("it", f"https://127.0.0.1:{self.facts['doors'][name]}", **({"auth": auth, "health": health, "tls": tls} | spec))


def check_rows(result: Result) -> dict[str, dict[str, Any]]:
    """The rows of `endpoints check -o json` by id."""
    return {row["id"]: row for row in result.json()["items"]}


def check_one(runner: Runner, tmp_path: Path, document: dict[str, Any], *words: str, **options: Any) -> tuple[dict[str, Any], Result]:
    """The only row of a topology of one endpoint, and the run."""
    folder = write_topology(tmp_path / "one", document)
    result = runner("endpoints", "check", "--topology", str(folder), "-o", "json", *words, **options)
    assert result.code in (0, 12), str(result)
    (row,) = result.json()["items"]
    assert result.code == (0 if row["state"] in ("ok", "live", "none") else 12), str(result)
    return row, result
