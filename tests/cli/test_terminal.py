"""On a terminal: colour, width, pager, questions, and nothing foreign that could steer it."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from commands import CONFIG, FORMATS, ODD, PRINTING, SMALL, call_of
from conftest import Result, Runner
from loopback import serving
from pseudo_terminal import Typed, run_on_terminal

pytestmark = pytest.mark.static

LIST = ["--topology", str(SMALL), "runtime-assets", "list"]
PICK = ["--topology", str(SMALL), "pick", "runtime-assets"]
QUESTION = b"give up: "
COLOR = b"\x1b["
OUR_COLORS = re.compile(rb"\x1b\[(?:0|3[123])m")
BIDIRECTIONAL = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}
XTERM = {"TERM": "xterm"}


def foreign_controls(data: bytes) -> set[str]:
    """The characters that could steer a terminal, apart from newlines, tabs and the program's own colours."""
    text = OUR_COLORS.sub(b"", data).decode()
    return {
        f"U+{ord(sign):04X}"
        for sign in text
        if (unicodedata.category(sign) == "Cc" and sign not in "\n\t") or ord(sign) in BIDIRECTIONAL
    }


@pytest.mark.parametrize(
    ("environment", "flags", "colored"),
    [
        (XTERM, [], True),
        ({"TERM": "xterm-256color"}, [], True),
        ({"TERM": "dumb"}, [], False),
        ({"TERM": None}, [], False),
        (XTERM | {"NO_COLOR": "1"}, [], False),
        (XTERM | {"NO_COLOR": "0"}, [], False),
        (XTERM | {"NO_COLOR": ""}, [], True),
        (XTERM | {"CLICOLOR": "0"}, [], False),
        (XTERM | {"CLICOLOR": "1"}, [], True),
        ({"TERM": "dumb", "CLICOLOR_FORCE": "1"}, [], True),
        (XTERM | {"CLICOLOR": "0", "CLICOLOR_FORCE": "1"}, [], True),
        ({"TERM": "dumb", "CLICOLOR_FORCE": "0"}, [], False),
        (XTERM | {"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, [], False),
        (XTERM, ["--color=never"], False),
        (XTERM, ["--color", "auto"], True),
        (XTERM | {"NO_COLOR": "1"}, ["--color=always"], True),
        ({"TERM": "dumb"}, ["--color=always"], True),
        (XTERM | {"CLICOLOR_FORCE": "1"}, ["--color=never"], False),
    ],
)
def test_color(fops: Runner, environment: dict[str, str | None], flags: list[str], colored: bool) -> None:
    result = run_on_terminal(fops, *LIST, *flags, env=environment).check()
    assert (COLOR in result.stdout) is colored
    plain = run_on_terminal(fops, *LIST, "--color=never").check()
    assert OUR_COLORS.sub(b"", result.stdout) == plain.stdout


@pytest.mark.parametrize(("setting", "colored"), [("always", True), ("never", False), ("auto", True)])
def test_color_of_the_configuration(fops: Runner, setting: str, colored: bool) -> None:
    config = fops.home / ".config/fops/config"
    config.parent.mkdir(parents=True)
    config.write_text(f"color: {setting}\n")
    assert (COLOR in run_on_terminal(fops, *LIST, env=XTERM).check().stdout) is colored
    assert COLOR not in run_on_terminal(fops, *LIST, "--color=never", env=XTERM).check().stdout


@pytest.mark.parametrize("form", FORMATS)
def test_no_color_in_a_pipe(fops: Runner, form: str) -> None:
    assert b"\x1b" not in fops(*LIST, "-o", form, env=XTERM).check().stdout


@pytest.mark.parametrize("form", ["json", "jsonl", "yaml", "name", "tsv", "compact", "jsonpath={$}"])
def test_no_color_in_what_programs_read(fops: Runner, form: str) -> None:
    result = run_on_terminal(fops, *LIST, "-o", form, "--color=always", env=XTERM).check()
    assert b"\x1b" not in result.stdout


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
@pytest.mark.parametrize("topology", [SMALL, ODD], ids=["small", "odd"])
def test_table_fits_the_terminal(fops: Runner, topology: Path, columns: int) -> None:
    result = run_on_terminal(fops, "--topology", str(topology), "runtime-assets", "list", columns=columns).check()
    for line in result.out.rstrip("\n").split("\n"):
        width = sum(
            2 if unicodedata.east_asian_width(sign) in "WF" else 0 if unicodedata.combining(sign) else 1
            for sign in line
        )
        assert width <= max(columns, 31), f"{width}: {line}"
        assert line == line.rstrip(" ")


def test_width_without_a_size_comes_from_columns(fops: Runner) -> None:
    """A terminal that does not know its size leaves COLUMNS, and then 80."""
    narrow = run_on_terminal(fops, *LIST, columns=0, rows=0, env={"COLUMNS": "40"}).check()
    assert narrow.stdout == run_on_terminal(fops, *LIST, columns=40).check().stdout
    for environment in ({}, {"COLUMNS": "many"}, {"COLUMNS": ""}):
        usual = run_on_terminal(fops, *LIST, columns=0, rows=0, env=environment).check()
        assert usual.stdout == run_on_terminal(fops, *LIST, columns=80).check().stdout


def test_streams_are_judged_apart(fops: Runner) -> None:
    piped = run_on_terminal(fops, *LIST, streams=("stderr",), env=XTERM).check()
    assert piped.stdout == fops(*LIST).check().stdout
    shown = run_on_terminal(fops, *LIST, streams=("stdout",), env=XTERM).check()
    assert shown.stdout == run_on_terminal(fops, *LIST, env=XTERM).check().stdout


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("path", PRINTING)
def test_nothing_foreign_steers_the_terminal(fops: Runner, tmp_path: Path, path: str, form: str) -> None:
    config = fops.home / ".config/fops/config"
    config.parent.mkdir(parents=True)
    config.write_text(CONFIG + '"\\e]0;owned\\a \\u202e": 1\n')
    extension = fops.home / ".local/share/fops/extensions/fops-hello"
    extension.parent.mkdir(parents=True)
    extension.touch(0o755)
    with serving(tmp_path) as (_, topology):
        words = call_of(path, topology if path in ("runtime-assets request", "runtime-assets check", "metrics query") else ODD)
        result = run_on_terminal(fops, *words, "-o", form, columns=200, env=XTERM)
    assert result.stdout
    assert foreign_controls(result.stdout) == set(), str(result)
    assert foreign_controls(result.stderr) == set(), str(result)


HOSTILE = "x\x1b]0;owned\x07\x9b31m\r\u202e"


@pytest.mark.parametrize(
    "words",
    [
        [HOSTILE],
        ["runtime-assets", HOSTILE],
        ["version", HOSTILE],
        [f"--{HOSTILE}"],
        ["help", HOSTILE],
        ["help", "errors", HOSTILE],
        ["schema", HOSTILE],
        ["completion", HOSTILE],
        ["context", "use", HOSTILE],
        ["context", "show", HOSTILE],
        ["pick", HOSTILE],
        ["--topology", HOSTILE, "runtime-assets", "list"],
        ["--context", HOSTILE, "runtime-assets", "list"],
        [*LIST, "--role", HOSTILE],
        [*LIST, "--fields", HOSTILE],
        [*LIST, "--filter", HOSTILE],
        [*LIST, "--sort", HOSTILE],
        [*LIST, "--after", HOSTILE],
        [*LIST, "-o", HOSTILE],
        [*LIST, "-o", f"jsonpath={{{HOSTILE}"],
        [*LIST, "--limit", HOSTILE],
        [*LIST, "--label", HOSTILE],
        [*LIST, "--kind", HOSTILE],
        ["env", "--shell", HOSTILE],
        ["--color", HOSTILE, "version"],
        [*LIST, "--limit", "1", "--filter", f"owner!={HOSTILE}"],
        ["-v", "--topology", HOSTILE, "runtime-assets", "list"],
        ["--topology", str(SMALL), "runtime-assets", "request", "--role", "langboard_executor", "--path", HOSTILE],
        [
            "--topology",
            str(SMALL),
            "runtime-assets",
            "request",
            "--role",
            "langboard_executor",
            "--path",
            "/",
            "--method",
            HOSTILE,
        ],
        [
            "--topology",
            str(SMALL),
            "runtime-assets",
            "request",
            "--role",
            "langboard_executor",
            "--path",
            "/",
            "--data",
            f"@{HOSTILE}",
        ],
        [
            "--topology",
            str(SMALL),
            "runtime-assets",
            "run",
            "--role",
            "gated_runtime",
            "--user",
            HOSTILE,
            "--",
            HOSTILE,
        ],
    ],
    ids=lambda words: " ".join(words).replace(HOSTILE, "HOSTILE").replace(str(SMALL), "small"),
)
def test_words_of_the_command_line_come_back_harmless(fops: Runner, words: list[str]) -> None:
    result = run_on_terminal(fops, *words, env=XTERM)
    assert result.stderr
    assert foreign_controls(result.stdout + result.stderr) == set(), str(result)
    assert b"\x1b" not in fops(*words, env={"FOPS_OUTPUT": "json"}).stderr


@pytest.mark.parametrize(
    ("environment", "flags", "paged"),
    [
        ({"FOPS_PAGER": "sed s/^/P:/"}, [], True),
        ({"PAGER": "sed s/^/P:/"}, [], True),
        ({"FOPS_PAGER": "sed s/^/P:/", "PAGER": "false"}, [], True),
        ({"FOPS_PAGER": "", "PAGER": "sed s/^/P:/"}, [], False),
        ({"FOPS_PAGER": "/nowhere/pager"}, [], False),
        ({"FOPS_PAGER": "sed s/^/P:/"}, ["--no-pager"], False),
        ({"FOPS_PAGER": "sed s/^/P:/", "CI": "1"}, [], False),
        ({"FOPS_PAGER": "sed s/^/P:/", "FOPS_CALLER": "machine"}, [], False),
        ({"FOPS_PAGER": "sed s/^/P:/", "CI": "1", "FOPS_CALLER": "human"}, [], True),
    ],
)
@pytest.mark.parametrize("words", [["help", "output"], ["runtime-assets", "run", "--help"]], ids=" ".join)
def test_pager(fops: Runner, words: list[str], environment: dict[str, str], flags: list[str], paged: bool) -> None:
    result = run_on_terminal(fops, *words, *flags, rows=10, env=environment).check()
    plain = fops(*words).check().out
    assert result.out == (re.sub("^", "P:", plain, flags=re.MULTILINE).removesuffix("P:") if paged else plain)


def test_pager_of_the_configuration(fops: Runner) -> None:
    config = fops.home / ".config/fops/config"
    config.parent.mkdir(parents=True)
    config.write_text("pager: sed s/^/P:/\n")
    assert run_on_terminal(fops, "help", "output", rows=10).check().out.startswith("P:")
    config.write_text("pager: [broken\n")
    assert run_on_terminal(fops, "help", "output", rows=10, env={"PAGER": "sed s/^/Q:/"}).check().out.startswith("Q:")


def test_pager_only_for_what_exceeds_the_screen(fops: Runner) -> None:
    environment = {"FOPS_PAGER": "sed s/^/P:/"}
    assert not run_on_terminal(fops, "help", "output", rows=500, env=environment).check().out.startswith("P:")
    assert fops("help", "output", env=environment).check().out == fops("help", "output").check().out


def test_pager_that_ends_early_is_no_failure(fops: Runner) -> None:
    result = run_on_terminal(fops, "help", "output", rows=10, env={"FOPS_PAGER": "head -n 2"}).check()
    assert result.out.count("\n") == 2


def test_an_interrupt_is_for_the_pager_alone(fops: Runner, tmp_path: Path) -> None:
    """Ctrl-C goes to everybody in front of the terminal; a pager such as less reads on and must not be left behind."""
    pager = tmp_path / "pager"
    pager.write_text("#!/bin/sh\ntrap '' INT\nkill -INT 0\ncat\n")
    pager.chmod(0o755)
    result = run_on_terminal(fops, "help", "output", rows=10, env={"FOPS_PAGER": str(pager)}).check()
    assert result.stdout == fops("help", "output").check().stdout


def pick(fops: Runner, *keys: bytes, words: list[str] = PICK, **options: Any) -> Result:
    return run_on_terminal(fops, *words, typed=[Typed(QUESTION, key + b"\n") for key in keys], **options)


@pytest.mark.parametrize(
    ("keys", "picked"),
    [
        ([b"1"], b"daytona-01\n"),
        ([b"6"], b"twin-02\n"),
        ([b"langboard-01"], b"langboard-01\n"),
        ([b"parked"], b"parked-01\n"),
        ([b"twin", b"5"], b"twin-01\n"),
        ([b"twin", b"twin-02"], b"twin-02\n"),
        ([b"0", b"nothing", b"2"], b"gated-01\n"),
    ],
)
def test_pick(fops: Runner, keys: list[bytes], picked: bytes) -> None:
    result = pick(fops, *keys).check()
    assert result.stdout == picked
    assert b"daytona-01  daytona_runtime" in result.stderr


def test_pick_prints_the_answer_alone_into_a_pipe(fops: Runner) -> None:
    assert pick(fops, b"1", streams=("stdin", "stderr")).check().stdout == b"daytona-01\n"


@pytest.mark.parametrize("keys", [b"\n", b"\x04"])
def test_pick_is_declined(fops: Runner, keys: bytes) -> None:
    result = run_on_terminal(fops, *PICK, typed=[Typed(QUESTION, keys)]).check(17)
    assert result.stdout == b""


def test_pick_of_contexts(fops: Runner) -> None:
    assert run_on_terminal(fops, "pick", "contexts").check(66).stdout == b""
    config = fops.home / ".config/fops/config"
    config.parent.mkdir(parents=True)
    config.write_text("contexts: {core: {}, edge: {}}\n")
    assert pick(fops, b"edge", words=["pick", "contexts"]).check().stdout == b"edge\n"


@pytest.mark.parametrize(
    ("environment", "flags", "streams"),
    [
        ({}, [], ("stdout", "stderr")),
        ({}, [], ("stdin", "stdout")),
        ({}, ["--no-input"], ("stdin", "stdout", "stderr")),
        ({"CI": "true"}, [], ("stdin", "stdout", "stderr")),
        ({"AI_AGENT": "1"}, [], ("stdin", "stdout", "stderr")),
        ({"FOPS_CALLER": "machine"}, [], ("stdin", "stdout", "stderr")),
    ],
)
def test_pick_never_waits_for_a_machine(
    fops: Runner, environment: dict[str, str], flags: list[str], streams: tuple[str, ...]
) -> None:
    result = run_on_terminal(fops, *PICK, *flags, env=environment, streams=streams, timeout=20).check(2)
    assert "[usage.terminal-required]" in result.err


def test_markers_of_machines_change_nothing_else(fops: Runner) -> None:
    plain = run_on_terminal(fops, *LIST, env=XTERM).check()
    for marker in ({"CI": "1"}, {"AI_AGENT": "1"}, {"FOPS_CALLER": "machine"}):
        assert run_on_terminal(fops, *LIST, env=XTERM | marker).check().stdout == plain.stdout
