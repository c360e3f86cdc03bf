"""Public functions: documented where they are declared, defined, and used by someone else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .tree import CFile, Finding, Tree, blank

PREPROCESSOR = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
ATTRIBUTES = {"PRINTF", "__attribute__", "CHECKED", "NORETURN", "CLEANUP", "UNUSED", "malloc", "returns_nonnull"}


@dataclass(frozen=True)
class Declaration:
    name: str
    line: int
    start: int
    end: int


def statements(code: str) -> Iterator[tuple[int, int]]:
    """Where each declaration at the top level starts and ends."""
    depth = 0
    start = 0
    for match in re.finditer(r"[{};]", code):
        depth += {"{": 1, "}": -1, ";": 0}[match[0]]
        if match[0] == ";" and depth == 0:
            yield start + len(code[start:match.start()]) - len(code[start:match.start()].lstrip()), match.end()
            start = match.end()


def declarations(file: CFile) -> Iterator[Declaration]:
    code = PREPROCESSOR.sub(lambda match: blank(match[0]), file.code)
    for start, end in statements(code):
        text = code[start:end]
        if "{" in text or "(" not in text or re.match(r"typedef\b|_Static_assert\b|static_assert\b", text):
            continue
        names = [name for name in re.findall(r"\b(\w+)\s*\(", text) if name not in ATTRIBUTES]
        if names:
            yield Declaration(names[0], file.line_at(start), start, end)


def has_comment(file: CFile, declaration: Declaration) -> bool:
    """A comment above, or above the group of declarations without a blank line that it stands in, or behind it."""
    lines = file.text.split("\n")
    last = file.line_at(declaration.end - 1)
    if "/*" in lines[last - 1][lines[last - 1].rfind(";"):]:
        return True
    number = declaration.line - 1
    while number > 0 and lines[number - 1].strip():
        if lines[number - 1].rstrip().endswith("*/") and not file.code.split("\n")[number - 1].strip():
            return True
        number -= 1
    return False


def check(tree: Tree) -> list[Finding]:
    found = []
    sources = [file for file in tree.product if file.path.endswith(".c")]
    defined = {function.name: file.path for file in sources for function in file.functions}
    users: dict[str, set[str]] = {}
    for file in tree.product:
        for word in set(re.findall(r"\b[a-z]\w*\b", file.code)):
            users.setdefault(word, set()).add(file.path)
    for file in tree.product:
        if not file.path.startswith("include/fops/"):
            continue
        for declaration in declarations(file):
            name = declaration.name
            if not has_comment(file, declaration):
                found.append(Finding(file.path, declaration.line, "documented", f"{name} has no comment above its declaration"))
            if name not in defined:
                found.append(Finding(file.path, declaration.line, "defined", f"{name} is declared but defined nowhere"))
            elif not users.get(name, set()) - {file.path, defined[name]}:
                found.append(Finding(file.path, declaration.line, "used", f"{name} is used by no other file of the program; "
                                     "make it static or delete it"))
    return found
