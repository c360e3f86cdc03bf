"""R17: only adapters run qm, pct, kubectl or a shell."""

from __future__ import annotations

import re

from .headers import PROCESS_HEADER
from .tree import CFile, Finding, Tree

ADAPTERS = r"src/asset/.*"
# A program as it stands in the words of a call: alone or with its folder, also with its words behind it.
PATH = r"(?:/(?:usr/)?(?:local/)?s?bin/)?"
MACHINE_TOOLS = re.compile(PATH + r"(?:qm|pct|kubectl)(?: .*)?")
SHELLS = re.compile(PATH + r"(?:ba|da|z|k|a)?sh(?: -\w*c.*)?")


def starts_programs(file: CFile) -> bool:
    return any(include.name == PROCESS_HEADER for include in file.includes)


def check(tree: Tree) -> list[Finding]:
    """The tools have no business anywhere else; a shell's name has where nothing is started, as in completion."""
    found = []
    for file in tree.product:
        if re.fullmatch(ADAPTERS, file.path):
            continue
        for line, text in file.strings:
            if MACHINE_TOOLS.fullmatch(text) or (SHELLS.fullmatch(text) and starts_programs(file)):
                found.append(Finding(file.path, line, "adapters", "R17: call runtime-asset control, not this program"))
    return found
