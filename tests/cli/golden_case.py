"""Golden cases: one file per behaviour, compared byte for byte; cases/README.md describes the form."""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from conftest import ROOT, Result

FOLDER = Path(__file__).resolve().parent
CASES = FOLDER / "cases"
FIXTURES = FOLDER / "fixtures"
CORPUS = ROOT / "tests/fixtures"
PROGRAMS = ("fops", "fractalops")
INDENT = "  "
UNENDED = " without newline"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
# A control byte shows as its picture (U+2400 and on), so that a case file can be read and printed.
PICTURES = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"} | {0x7F: "\u2421"}
CONTROLS = {ord(picture): code for code, picture in PICTURES.items()}


class CaseError(Exception):
    """The case file does not have the form of a case."""


@functools.cache
def version() -> str:
    """The version that meson.build gives the program."""
    found = re.search(r"^ *version: '([^']+)'", (ROOT / "meson.build").read_text(), re.MULTILINE)
    assert found is not None, "meson.build names no version"
    return found[1]


@dataclass
class Block:
    """One expected stream: its text, and whether that ends with a newline."""

    text: str = ""

    @property
    def ended(self) -> bool:
        return self.text == "" or self.text.endswith("\n")

    def render(self, name: str) -> str:
        lines = [f"{name}{'' if self.ended else UNENDED}:\n"]
        parts = self.text.split("\n")
        for part in parts[:-1] if self.text == "" or self.ended else parts:
            lines.append(f"{INDENT}{part}\n" if part else "\n")
        return "".join(lines)


@dataclass
class Case:
    """One case as its file describes it. head is everything before the expectation, as it stands."""

    path: Path
    head: str = ""
    words: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    stdin: str | None = None
    folder: str = ""
    columns: int | None = None
    regex: bool = False
    exit: int | None = None
    stdout: Block = field(default_factory=Block)
    stderr: Block = field(default_factory=Block)

    @property
    def name(self) -> str:
        return str(self.path.relative_to(CASES).with_suffix(""))

    def render(self, code: int, stdout: Block, stderr: Block) -> str:
        """The whole file with this outcome as its expectation."""
        return f"{self.head}exit: {code}\n{stdout.render('stdout')}{stderr.render('stderr')}"


def split_lines(text: str) -> list[str]:
    """Lines at newlines only: form feeds and U+2028 are content."""
    lines = text.split("\n")
    if lines.pop() != "":
        raise CaseError("the last line has no newline")
    return lines


def take_block(lines: list[str], at: int) -> tuple[str, int]:
    """The indented lines from a place on, and the place behind them."""
    text = ""
    while at < len(lines) and (lines[at] == "" or lines[at].startswith(INDENT)):
        text += lines[at].removeprefix(INDENT) + "\n"
        at += 1
    return text, at


def set_head(case: Case, key: str, value: str, block: str) -> None:
    """One line before the expectation, with the block below it."""
    if key == "run":
        case.words = shlex.split(value)
    elif key == "env":
        name, _, text = value.partition("=")
        case.environment[name] = text
    elif key == "file":
        case.files[value] = block
    elif key == "stdin":
        case.stdin = block if value == "" else value
    elif key == "cwd":
        case.folder = value
    elif key == "terminal":
        case.columns = int(value)
    elif key == "match" and value == "regex":
        case.regex = True
    else:
        raise CaseError(f"unknown line {key}: {value}")


def set_expectation(case: Case, key: str, value: str, block: str) -> None:
    name = key.removesuffix(UNENDED)
    if key == "exit":
        case.exit = int(value)
    elif name in ("stdout", "stderr") and value == "":
        setattr(case, name, Block(block if name == key else block.removesuffix("\n")))
    else:
        raise CaseError(f"unknown line {key}: {value} behind exit:")


def parse(path: Path) -> Case:
    """Reads one case file."""
    case = Case(path)
    lines = split_lines(path.read_bytes().decode())
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if line.startswith("#") and case.exit is None:
            case.head += f"{line}\n"
            continue
        key, colon, value = line.partition(":")
        if not colon:
            raise CaseError(f"line {at} has no colon: {line}")
        block, end = take_block(lines, at)
        if key == "exit" or case.exit is not None:
            set_expectation(case, key, value.strip(), block)
        else:
            set_head(case, key, value.strip(), block)
            case.head += "".join(f"{part}\n" for part in lines[at - 1 : end])
        at = end
    if not case.words or case.words[0] not in PROGRAMS:
        raise CaseError(f"run: starts with one of {PROGRAMS}")
    return case


def expand(text: str, places: Mapping[str, str]) -> str:
    """{fixtures} and the like as paths of this machine, and pictures as the control characters they show."""
    for name, value in places.items():
        text = text.replace(f"{{{name}}}", value)
    return text.translate(CONTROLS)


def hide_now(text: str, began: datetime, ended: datetime) -> str:
    """Times of this run, to the second, as {now}; any other time stays."""

    def name(found: re.Match[str]) -> str:
        time = datetime.fromisoformat(found[0])
        return "{now}" if began.replace(microsecond=0) <= time <= ended else found[0]

    return TIME.sub(name, text)


def normalise(data: bytes, places: Mapping[str, str], began: datetime, ended: datetime) -> str:
    """What a stream said, without what differs from machine to machine and from run to run."""
    text = data.decode("utf-8", "backslashreplace")
    assert not any(picture in text for picture in PICTURES.values()), "the output holds pictures of control characters"
    for name, value in sorted(places.items(), key=lambda place: -len(place[1])):
        text = text.replace(value, f"{{{name}}}")
    text = re.sub(rf"(?<![\w.]){re.escape(version())}(?![\w.])", "{version}", text)
    return hide_now(text, began, ended).translate(PICTURES)


@dataclass(frozen=True)
class Outcome:
    """A run as a case file would tell it."""

    code: int
    stdout: Block
    stderr: Block


def outcome(result: Result, places: Mapping[str, str], began: datetime) -> Outcome:
    ended = datetime.now(UTC)
    return Outcome(
        result.code,
        Block(normalise(result.stdout, places, began, ended)),
        Block(normalise(result.stderr, places, began, ended)),
    )


def difference(case: Case, seen: Outcome) -> str | None:
    """None when the run is what the case says, else the file as the run would have it."""
    actual = case.render(seen.code, seen.stdout, seen.stderr)
    if not case.regex:
        return None if case.path.read_bytes() == actual.encode() else actual
    fits = seen.code == case.exit and all(
        re.fullmatch(expected.text, block.text)
        for expected, block in ((case.stdout, seen.stdout), (case.stderr, seen.stderr))
    )
    return None if fits else actual
