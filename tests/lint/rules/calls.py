"""Calls that only some files may make, or none."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .tree import Finding, Tree


@dataclass(frozen=True)
class Ban:
    names: str    # alternatives of a pattern
    allowed: str  # pattern of the files that may
    reason: str


NOWHERE = r"(?!)"
BANS = (
    Ban("setenv|putenv|clearenv", NOWHERE, "the environment is read, never changed"),
    Ban("gmtime|localtime|localtime_r|ctime|asctime", NOWHERE, "times are UTC and formatted by base/clock"),
    Ban("strerror|strerror_r", r"src/base/error\.c", "use errno_text"),
    Ban("v?f?printf|v?dprintf|f?puts|putchar|f?putc|perror|psignal", r"src/cli/.*|src/main\.c", "only cli and main print"),
    Ban("exit|_exit|_Exit|quick_exit|abort|assert", r"src/base/(arena|branch)\.c|src/main\.c", "only main ends the program; return a failure"),
    Ban(r"posix_spawnp?|v?fork|clone|execv?p?e?|execvpe|execle?|execlp|fexecve|popen|system", r"src/base/(process|branch)\.c",
        "only base/process starts programs"),
)


def check(tree: Tree) -> list[Finding]:
    found = []
    for ban in BANS:
        # a member of that name is no call of the library, and neither is a longer word
        pattern = rf"(?<![\w.])(?<!->)({ban.names})\s*\("
        for file in tree.product:
            if re.fullmatch(ban.allowed, file.path):
                continue
            for match in file.words(pattern):
                found.append(Finding(file.path, file.line_at(match.start(1)), "banned-call", f"{match[1]}: {ban.reason}"))
    return found
