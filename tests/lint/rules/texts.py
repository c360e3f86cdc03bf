"""Texts that stand once, and words that stand nowhere."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from pathlib import Path

from .tree import Finding, Tree

LONG_TEXT = 40
# The words are kept in pieces, so that this file does not hold what it looks for.
UNFINISHED = ("TO" "DO", "FIX" "ME", "XX" "X", "HA" "CK")
PLACEHOLDER = "st" "ub"
MACHINE_PATHS = ("/wo" "rk/", "/ro" "ot/")
ASSISTANTS = ("cla" "ude", "anth" "ropic", "chat" "gpt", "open" "ai", "copi" "lot", "gem" "ini", "mist" "ral")
REGISTRIES = ("deb.deb" "ian.org", "security.deb" "ian.org", "archive.ubu" "ntu.com", "py" "pi.org", "pythonho" "sted.org",
              "registry.np" "mjs.org", "cra" "tes.io", "proxy.gol" "ang.org", "sum.gol" "ang.org", "repo.ma" "ven.apache.org",
              "repo1.ma" "ven.org")
HOST = re.compile(r"https?://(?:[^/@\s]*@)?([A-Za-z0-9.-]+)")


def check_duplicates(tree: Tree) -> list[Finding]:
    places: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for file in tree.product:
        for line, text in file.strings:
            if len(text) >= LONG_TEXT:
                places[text].append((file.path, line))
    found = []
    for text, where in places.items():
        first = where[0]
        for path, line in where:
            if path == first[0]:
                continue
            found.append(Finding(path, line, "text-once", f'the text "{text[:LONG_TEXT]}..." stands in {first[0]}:{first[1]} as well'))
    return found


def machine_hosts() -> set[str]:
    """The hosts that this machine's package clients are set up with: they are of this machine alone."""
    sources = [*Path("/etc/apt").glob("sources.list"), *Path("/etc/apt/sources.list.d").glob("*"), Path("/etc/pip.conf"),
               Path.home() / ".config/pip/pip.conf", Path.home() / ".npmrc"]
    texts = [path.read_text(errors="replace") for path in sources if path.is_file() and os.access(path, os.R_OK)]
    texts += [value for name, value in os.environ.items() if name in ("PIP_INDEX_URL", "GOPROXY", "NPM_CONFIG_REGISTRY")]
    hosts = {host for text in texts for host in HOST.findall(text)}
    return {host for host in hosts if host not in ("localhost", "127.0.0.1")}


def forbidden(root: Path) -> list[tuple[re.Pattern[str], str]]:
    hosts = sorted({*REGISTRIES, *machine_hosts()})
    return [
        (re.compile(r"\b(?:" + "|".join(UNFINISHED) + r")\b"), "finish it, or leave it out"),
        (re.compile(rf"\b{PLACEHOLDER}s?\b", re.IGNORECASE), "finish it, or call it what it is"),
        (re.compile(r"(?<![\w./}\]])(?:" + "|".join(MACHINE_PATHS) + ")|" + re.escape(f"{root}/")), "a path of one machine"),
        (re.compile(r"\b(?:" + "|".join(ASSISTANTS) + r")\b", re.IGNORECASE), "the project speaks of itself alone"),
        (re.compile(r"(?<![\w.-])(?:" + "|".join(map(re.escape, hosts)) + r")(?![\w-])"), "no package registry is named in a file"),
    ]


def check_words(tree: Tree) -> list[Finding]:
    found = []
    patterns = forbidden(tree.root)
    for path, text in tree.texts.items():
        for pattern, reason in patterns:
            for match in pattern.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                found.append(Finding(path, line, "words", f"'{match[0].strip()}': {reason}"))
    return found
