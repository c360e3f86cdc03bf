"""Who may include whom: the arrows between rooms, and no arrows between siblings."""

from __future__ import annotations

import posixpath
from pathlib import Path

from .tree import CFile, Finding, Include, Tree, room_of

RULE = "rooms"


def read_arrows(path: Path) -> dict[str, set[str]]:
    """The lines `ROOM -> ROOMS` of rooms.txt."""
    arrows = {}
    for line in path.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            room, _, others = line.partition("->")
            arrows[room.strip()] = set(others.split())
    return arrows


def resolve(file: CFile, include: Include, paths: set[str]) -> str | None:
    """The file of the tree that an include means, as the compiler finds it."""
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(file.path), include.name))
    for candidate in (beside, f"include/{include.name}", f"subcommands/{include.name}"):
        if candidate in paths:
            return candidate
    return None


def refuse_sibling(file: CFile, target: str) -> str | None:
    """A noun's files include that noun's headers and what all nouns share; root.c alone includes the nouns."""
    folder = posixpath.dirname(target)
    if file.path == "subcommands/root.c" or folder == posixpath.dirname(file.path):
        return None
    if folder == "subcommands" and target != "subcommands/root.h":
        return None
    return f"{target} belongs to a sibling; move what both need into a room below"


def check(tree: Tree, arrows: dict[str, set[str]]) -> list[Finding]:
    paths = {file.path for file in tree.c_files}
    found = []
    for file in tree.product:
        room = room_of(file.path)
        if room not in arrows:
            found.append(Finding(file.path, 1, RULE, f"the room {room} is not in tests/lint/rooms.txt"))
            continue
        for include in file.includes:
            target = None if include.system else resolve(file, include, paths)
            if include.system:
                continue
            if target is None:
                found.append(Finding(file.path, include.line, RULE, f"{include.name} is no file of the tree"))
                continue
            other = room_of(target)
            if target.endswith(".c"):
                found.append(Finding(file.path, include.line, RULE, f"{target} is no header"))
            elif other != room and other not in arrows[room] and "all" not in arrows[room]:
                found.append(Finding(file.path, include.line, RULE, f"{room} may not include {other} ({target})"))
            elif other == room == "subcommands" and (reason := refuse_sibling(file, target)):
                found.append(Finding(file.path, include.line, RULE, reason))
            elif other != room and not target.startswith("include/") and room != "main":
                found.append(Finding(file.path, include.line, RULE, f"{target} is private to its room"))
    return found
