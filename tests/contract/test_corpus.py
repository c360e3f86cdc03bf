"""The corpora of broken documents through the whole program: each is refused where and as it says."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Result, Runner

pytestmark = pytest.mark.static

FIXTURES = ROOT / "tests/fixtures"
MARK = "# expect: "
FOLDERS = {"bad-yaml/syntax": 100, "bad-yaml/contract": 60, "bad-json": 40}
SHOWN = 20
# What is said of one object because of another one.
BETWEEN_OBJECTS = ("there is no ", "is of another plane", "has no executorUrl", "is already taken by", "in a circle")


def documents(folder: str) -> list[Path]:
    return sorted(path for path in (FIXTURES / folder).iterdir() if path.suffix in (".yaml", ".yml", ".json"))


CORPUS = [path for folder in FOLDERS for path in documents(folder)]


def expectation(path: Path) -> tuple[int, int, str]:
    """Line, column and text: from the first line of the file, or from the file beside it."""
    data = path.read_bytes()
    if data.startswith(MARK.encode()):
        text = data.split(b"\n")[0].decode().removeprefix(MARK)
    else:
        text = path.with_suffix(".expect").read_text().split("\n")[0]
    line, column, message = text.split(":", 2)
    return int(line), int(column), message.strip()


def refused(fops: Runner, *words: str | Path) -> Any:
    """The error document of a refusal."""
    result = fops(*[str(word) for word in words], "runtime-assets", "list", "-o", "json").check(65)
    assert result.stdout == b""
    assert result.stderr.count(b"\n") == 1
    error = Result(result.args, result.code, result.stderr, b"").json()
    assert error["code"] == "contract.invalid"
    return error


def place(finding: dict[str, Any]) -> tuple[str, int, int]:
    return finding["file"], finding["line"], finding["column"]


def test_corpora_are_there() -> None:
    for folder, least in FOLDERS.items():
        assert len(documents(folder)) >= least, folder


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: str(path.relative_to(FIXTURES)))
def test_document_is_refused_where_it_says(fops: Runner, path: Path) -> None:
    line, column, message = expectation(path)
    findings = refused(fops, "--topology", path)["findings"]
    here = [finding["message"] for finding in findings if place(finding) == (str(path), line, column)]
    assert any(message in text for text in here), f"expected {line}:{column}: {message}, found {findings}"
    assert [place(finding) for finding in findings] == sorted(place(finding) for finding in findings)
    assert {finding["file"] for finding in findings} == {str(path)}
    people = fops("--topology", path, "runtime-assets", "list").check(65)
    assert people.stdout == b""
    # people see the same finding, with what could steer a terminal made visible, unless it is behind the first twenty
    assert f"  {path}:{line}:{column}: " in people.err or len(findings) > SHOWN


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_good_documents_beside_bad_ones_do_not_help(fops: Runner, tmp_path: Path, form: str) -> None:
    good = FIXTURES / "topology"
    bad = CORPUS[0] if form == "yaml" else documents("bad-json")[0]
    findings = refused(fops, "--topology", good, "--topology", bad)["findings"]
    assert {finding["file"] for finding in findings} == {str(bad)}


def test_all_findings_of_all_files_come_in_one_run_sorted(fops: Runner, tmp_path: Path) -> None:
    """Files of every corpus in one folder: what each says is found, in the order of files and places."""
    # a reference is judged by the objects of all files, so those cases stand for themselves
    chosen = [
        path
        for folder in FOLDERS
        for path in documents(folder)[::9]
        if not any(part in expectation(path)[2] for part in BETWEEN_OBJECTS)
    ]
    for path in chosen:
        shutil.copyfile(path, tmp_path / path.name)
    error = refused(fops, "--topology", tmp_path)
    places = [place(finding) for finding in error["findings"]]
    assert places == sorted(places)
    assert error["message"] == f"the topology has {len(places)} errors"
    for path in chosen:
        line, column, _ = expectation(path)
        assert (str(tmp_path / path.name), line, column) in places, path.name


def test_people_see_the_first_findings_and_the_number_of_the_rest(fops: Runner, tmp_path: Path) -> None:
    path = tmp_path / "many.yaml"
    path.write_text("---\n".join("apiVersion: fractalops/v1\nkind: Nothing\nspec: {}\n" for _ in range(50)))
    result = fops("--topology", path, "runtime-assets", "list").check(65)
    lines = result.err.splitlines()
    assert lines[0] == "fops: error [contract.invalid]: the topology has 50 errors"
    assert len([line for line in lines if line.startswith(f"  {path}:")]) == SHOWN
    assert f"  and {50 - SHOWN} more; -o json lists all" in lines
    assert len(refused(fops, "--topology", path)["findings"]) == 50


def test_number_of_findings_is_bounded(fops: Runner, tmp_path: Path) -> None:
    path = tmp_path / "many.yaml"
    path.write_text("---\n".join("kind: Nothing\n" for _ in range(5000)))
    error = refused(fops, "--topology", path)
    assert len(error["findings"]) == 200
    assert error["message"].startswith("the topology has 1") and error["message"].endswith(" errors")
    assert error["cause"] == "the first 200 are listed"


def test_same_findings_with_and_without_cache(fops: Runner) -> None:
    """A topology with errors is never kept."""
    path = documents("bad-yaml/contract")[0]
    first = fops("--topology", path, "runtime-assets", "list").check(65)
    assert fops("--topology", path, "runtime-assets", "list").check(65).stderr == first.stderr
    assert fops("--topology", path, "--no-cache", "runtime-assets", "list").check(65).stderr == first.stderr
    assert not [file for file in (fops.home / ".cache").rglob("*") if file.is_file()]


@pytest.mark.parametrize(
    "verb",
    [
        ["show", "--role", "x"],
        ["check", "--all"],
        ["run", "--role", "x", "--", "true"],
        ["request", "--role", "x", "--path", "/"],
    ],
    ids=lambda verb: verb[0],
)
def test_every_verb_refuses_a_broken_topology(fops: Runner, verb: list[str]) -> None:
    result = fops("--topology", documents("bad-json")[0], "runtime-assets", *verb)
    assert result.code == (125 if verb[0] == "run" else 65)
    assert result.stdout == b""
    assert "[contract.invalid]" in result.err


def test_secrets_do_not_come_back_in_findings(fops: Runner, tmp_path: Path) -> None:
    path = tmp_path / "secret.yaml"
    path.write_text(
        "apiVersion: fractalops/v1\nkind: Endpoint\nspec:\n  id: a\n  plane: b\n"
        "  auth: {mode: bearer, secretRef: canary-7f3a}\n"
        "  executorUrl: https://user:canary-7f3a@example.net/\n  publicUrl: https://canary-7f3a@example.net/?t=canary-7f3a\n"
        '  tls: {ca: "-----BEGIN PRIVATE KEY-----\\ncanary-7f3a\\n-----END PRIVATE KEY-----\\n"}\n'
    )
    for words in ([], ["-o", "json"], ["-v"], ["-vv"]):
        result = fops("--topology", path, "runtime-assets", "list", *words).check(65)
        assert "canary" not in result.err
