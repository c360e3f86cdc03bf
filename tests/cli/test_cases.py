"""Runs every golden case below cases/; UPDATE_GOLDEN=1 writes the outcome into the files instead of comparing."""

from __future__ import annotations

import difflib
import os
from datetime import UTC, datetime
from pathlib import Path

import golden_case
import pytest
from conftest import Result, Runner
from golden_case import CASES, CORPUS, FIXTURES, Case
from pseudo_terminal import run_on_terminal

# More rows than any answer has, so that no pager starts.
ROWS = 1000
PATHS = sorted(CASES.rglob("*.case"))


def run_case(case: Case, runner: Runner, places: dict[str, str]) -> Result:
    for name, text in case.files.items():
        path = runner.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(golden_case.expand(text, places))
    folder = Path(golden_case.expand(case.folder, places)) if case.folder else runner.home
    words = [golden_case.expand(word, places) for word in case.words[1:]]
    environment = {name: golden_case.expand(value, places) for name, value in case.environment.items()}
    if case.columns is not None:
        return run_on_terminal(
            runner, *words, columns=case.columns, rows=ROWS, streams=("stdout", "stderr"), cwd=folder, env=environment
        )
    return runner(*words, stdin=case.stdin, cwd=folder, env=environment)


@pytest.mark.static
@pytest.mark.parametrize("path", PATHS, ids=[str(path.relative_to(CASES).with_suffix("")) for path in PATHS])
def test_case(path: Path, fops: Runner, tmp_path: Path) -> None:
    case = golden_case.parse(path)
    if case.words[0] != "fops":
        link = tmp_path / case.words[0]
        link.symlink_to(fops.binary)
        fops.binary = link
    places = {"home": str(fops.home), "fixtures": str(FIXTURES), "corpus": str(CORPUS)}
    began = datetime.now(UTC)
    seen = golden_case.outcome(run_case(case, fops, places), places, began)
    actual = golden_case.difference(case, seen)
    if actual is None:
        return
    if os.environ.get("UPDATE_GOLDEN") == "1" and not case.regex:
        path.write_text(actual)
        return
    wanted = path.read_text()
    pytest.fail(
        "".join(
            difflib.unified_diff(
                wanted.splitlines(keepends=True),
                actual.splitlines(keepends=True),
                str(path.relative_to(CASES)),
                "this run",
            )
        ),
        pytrace=False,
    )


def test_that_cases_were_found() -> None:
    assert len(PATHS) > 300
    assert [path for path in CASES.rglob("*") if path.is_file() and path.suffix not in (".case", ".md")] == []
