"""The commands as the program's own catalogue tells them, and one call of each that prints fields."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from conftest import tested_binary
from golden_case import FIXTURES

SMALL = FIXTURES / "topology/small"
ODD = FIXTURES / "topology/odd"
ENVIRONMENTS = FIXTURES / "topology/environments"
ODD_ENVIRONMENT = FIXTURES / "environment/odd.env"
ODD_ENDPOINTS = FIXTURES / "topology/odd-endpoints"
ODD_STACKS = FIXTURES / "topology/odd-stacks"
BROKEN = FIXTURES / "topology/broken"
UNFORMATTED = FIXTURES / "topology/unformatted"
FORMATS = ("table", "wide", "json", "jsonl", "yaml", "name", "tsv", "compact", "jsonpath={$}")
CONFIG = """\
context: core
colour: always
contexts:
  core: {topology: "/srv/contracts/core"}
  edge: {topology: ["/srv/a", "/srv/b c"], protected: true}
"""

# Command -> the words behind it and the exit codes it may end with. The flags before it are in `call_of`.
CALLS: dict[str, tuple[list[str], tuple[int, ...]]] = {
    "runtime-assets list": ([], (0,)),
    "runtime-assets show": (["--role", "hostile"], (0,)),
    "runtime-assets check": (["--all", "--timeout", "20s"], (0, 12)),
    "runtime-assets request": (["--role", "answering", "--path", "/hostile"], (0,)),
    "endpoints list": ([], (0,)),
    "endpoints show": (["hostile"], (0,)),
    "endpoints check": ([], (0,)),
    "doctor": (["--no-cache", "--timeout", "20s"], (0, 12)),
    "infra validate": ([str(BROKEN)], (65,)),
    "infra fmt": (["--check", str(UNFORMATTED)], (12,)),
    "infra env-check": (["board", "--file", str(ODD_ENVIRONMENT)], (12,)),
    "rules list": ([], (0,)),
    "rules show": (["R07"], (0,)),
    "rules check": ([], (0, 12)),
    "stacks list": ([], (0,)),
    "stacks show": (["hostile"], (0,)),
    "stacks check": (["--retries", "0"], (0, 12)),
    "metrics query": (["--endpoint", "metrics", "up"], (0,)),
    "config show": ([], (0,)),
    "context list": ([], (0,)),
    "context show": (["edge"], (0,)),
    "extensions list": ([], (0,)),
    "version": ([], (0,)),
}


WITH_TOPOLOGY = ("runtime-assets", "endpoints", "doctor", "stacks", "metrics", "infra env-check", "rules check")


def ask(*words: str) -> Any:
    """The program's answer as JSON."""
    done = subprocess.run([tested_binary(), *words], stdout=subprocess.PIPE, check=True, env={"PATH": "/usr/bin:/bin"})
    return json.loads(done.stdout)


CATALOGUE = ask("schema", "--all")
COMMANDS = {command["path"]: command for command in CATALOGUE["commands"]}
PRINTING = [path for path, command in COMMANDS.items() if command["fields"]]
RUNNING = [path for path, command in COMMANDS.items() if command["runs"] and not command["hidden"]]


def call_of(path: str, topology: Path) -> list[str]:
    """The words of a call of the command that prints something."""
    if topology == ODD:
        topology = {"endpoints": ODD_ENDPOINTS, "stacks": ODD_STACKS}.get(path.split()[0], ODD)
    if path == "infra env-check":
        topology = ENVIRONMENTS
    words = ["--topology", str(topology)] if path.startswith(WITH_TOPOLOGY) else []
    return [*words, *path.split(), *CALLS[path][0]]
