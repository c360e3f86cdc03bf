"""The files of a tree, their C code without comments and strings, and the form of a finding."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

# Comments, strings and character constants; what matches first wins.
PIECES = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)
PRODUCT_FOLDERS = ("src/", "include/", "subcommands/")


@dataclass(frozen=True, order=True)
class Finding:
    """One breach: where, of which rule, and what to do."""

    path: str
    line: int
    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.text}"


@dataclass(frozen=True)
class Include:
    line: int
    system: bool
    name: str


@dataclass(frozen=True)
class Function:
    name: str
    line: int
    last_line: int

    @property
    def length(self) -> int:
        return self.last_line - self.line + 1


def blank(text: str) -> str:
    """The same number of lines and columns, with nothing in them."""
    return re.sub(r"[^\n]", " ", text)


class CFile:
    """One C source or header."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text

    @cached_property
    def code(self) -> str:
        """The text with comments and the insides of strings blanked, so that positions stay."""
        def replace(match: re.Match[str]) -> str:
            piece = match[0]
            return blank(piece) if piece[0] == "/" else piece[0] + blank(piece[1:-1]) + piece[-1]
        return PIECES.sub(replace, self.text)

    @cached_property
    def strings(self) -> list[tuple[int, str]]:
        """Every string outside #include, neighbours joined as the compiler does, with the line it starts on."""
        found: list[tuple[int, str]] = []
        end = -1
        for match in PIECES.finditer(self.text):
            if match[0][0] != '"':
                continue
            start_of_line = self.text.rfind("\n", 0, match.start()) + 1
            if INCLUDE.match(self.text, start_of_line):
                continue
            if found and end >= 0 and not self.code[end:match.start()].strip():
                found[-1] = (found[-1][0], found[-1][1] + match[0][1:-1])
            else:
                found.append((self.line_at(match.start()), match[0][1:-1]))
            end = match.end()
        return found

    @cached_property
    def includes(self) -> list[Include]:
        return [Include(self.line_at(match.start(1)), match[1] == "<", match[2]) for match in INCLUDE.finditer(self.text)
                if "#" in self.code[match.start():match.start(1)]]

    @cached_property
    def functions(self) -> list[Function]:
        """Definitions in the house's layout: braces of the body alone in the first column."""
        lines = self.code.split("\n")
        found = []
        for number, line in enumerate(lines):
            if line.rstrip() != "{" or number == 0 or not re.search(r"\)\s*$", lines[number - 1]):
                continue
            first = number - 1
            while first > 0 and re.match(r"[ \t]", lines[first]):
                first -= 1
            head = " ".join(lines[first:number])
            name = re.search(r"\bTest\(\w+, (\w+)", head) or re.search(r"(\w+)\s*\(", head)
            last = next((i for i in range(number, len(lines)) if lines[i].startswith("}")), len(lines) - 1)
            if name:
                found.append(Function(name[1], first + 1, last + 1))
        return found

    def line_at(self, position: int) -> int:
        return self.text.count("\n", 0, position) + 1

    def words(self, pattern: str) -> Iterator[re.Match[str]]:
        """Matches in the code alone."""
        return re.finditer(pattern, self.code, re.MULTILINE)


class Tree:
    """The files of a folder that Git tracks or would track; of every file where there is no Git."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def files(self) -> list[str]:
        if (self.root / ".git").exists():
            listed = subprocess.run(["git", "-C", self.root, "ls-files", "-z", "-co", "--exclude-standard"],
                                    capture_output=True, text=True, check=True).stdout.split("\0")
            return sorted(path for path in set(listed) if path and (self.root / path).is_file())
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file())

    def text(self, path: str) -> str | None:
        """The content, None for binary files."""
        data = (self.root / path).read_bytes()
        return None if b"\0" in data else data.decode("utf-8", "surrogateescape")

    @cached_property
    def texts(self) -> dict[str, str]:
        pairs = ((path, self.text(path)) for path in self.files)
        return {path: text for path, text in pairs if text is not None}

    @cached_property
    def c_files(self) -> list[CFile]:
        return [CFile(path, text) for path, text in self.texts.items() if path.endswith((".c", ".h"))]

    @cached_property
    def product(self) -> list[CFile]:
        """What goes into the program."""
        return [file for file in self.c_files if file.path.startswith(PRODUCT_FOLDERS)]

    def scripts(self, interpreter: str) -> list[str]:
        """Files whose first line names an interpreter that matches the pattern."""
        shebang = re.compile(rf"#!\s*\S*/(?:env\s+)?(?:{interpreter})\b")
        return [path for path, text in self.texts.items() if shebang.match(text)]


def room_of(path: str) -> str | None:
    """The room of a product file, None for anything else."""
    if path == "src/main.c":
        return "main"
    if path.startswith("subcommands/"):
        return "subcommands"
    match = re.match(r"(?:include/fops|src)/([^/]+)/", path)
    return match[1] if match else None
