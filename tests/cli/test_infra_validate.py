"""infra validate: all findings in one run, in every form, the same ones each time."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Runner

pytestmark = pytest.mark.static

FIXTURES = ROOT / "tests/fixtures"
GOOD = """\
apiVersion: fractalops/v1
kind: Endpoint
spec:
  id: %s
  plane: board
  auth: {mode: none}
"""
BAD = """\
apiVersion: fractalops/v1
kind: RuntimeAsset
spec:
  assetId: Upper
  role: box
  kind: lxc
  executorRef: nowhere
  lxc: {driver: local, container: box}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "topology"
    made.mkdir()
    (made / "good.yaml").write_text(GOOD % "one" + "---\n" + GOOD % "two")
    return made


def test_valid_topology_is_counted(fops: Runner, folder: Path) -> None:
    answer = fops("infra", "validate", folder, "-o", "json").check().json()
    assert answer["items"] == []
    assert answer["counts"] == {"documents": 2, "files": 1, "errors": 0, "warnings": 0}
    people = fops("infra", "validate", folder).check()
    assert people.err == "2 documents in 1 file are valid\n"
    assert fops("infra", "validate", folder, "-q").check().stderr == b""
    events = fops("infra", "validate", folder, "-o", "jsonl").check().jsonl()
    assert events[0]["counts"] == answer["counts"]


def test_no_limit_of_findings(fops: Runner, folder: Path) -> None:
    (folder / "bad.yaml").write_text("---\n".join("kind: Nothing\n" for _ in range(2000)))
    result = fops("infra", "validate", folder, "-o", "json").check(65)
    answer = result.json()
    assert answer["page"]["total"] == len(answer["items"]) == answer["counts"]["errors"] > 2000
    assert result.stderr == b""
    assert fops("infra", "validate", folder).check(65).err == f"{answer['page']['total']} errors in 1 of 2 files\n"


def test_findings_stand_sorted_with_their_places(fops: Runner, folder: Path) -> None:
    (folder / "a.yaml").write_text(BAD.replace("Upper", "box-01").replace("role: box", "role: Box"))
    (folder / "b.yaml").write_text(BAD.replace("Upper", "10.0.0.1"))
    items = fops("infra", "validate", ".", "-o", "json", cwd=folder).check(65).json()["items"]
    places = [(item["file"], item["line"], item["column"]) for item in items]
    assert places == sorted(places)
    for item in items:
        assert item["place"] == f"{item['file']}:{item['line']}:{item['column']}"
        line = (folder / item["file"]).read_text().splitlines()[item["line"] - 1]
        assert item["column"] <= len(line)
        assert item["severity"] == "error"
        assert re.fullmatch("form|R[0-9]{2}", item["rule"])
    rules = {(item["path"], item["rule"]) for item in items if item["file"].endswith("b.yaml")}
    assert ("spec.assetId", "R07") in rules
    assert {item["path"] for item in items if item["file"].endswith("a.yaml")} >= {"spec.role", "spec.executorRef"}


def test_the_same_findings_as_every_other_verb(fops: Runner) -> None:
    for path in sorted((FIXTURES / "bad-yaml/contract").glob("*.yaml")):
        items = fops("infra", "validate", path, "-o", "json")
        told = json.loads(fops("--topology", path, "runtime-assets", "list", "-o", "json").check(65).stderr)["findings"]
        assert items.code == 65, path
        found = [{key: item[key] for key in ("file", "line", "column", "path", "message", "fix")} for item in items.json()["items"]]
        assert found == [{key: one[key] for key in found[0]} for one in told], path


def names(fops: Runner, folder: Path) -> dict[str, str]:
    items = fops("infra", "validate", ".", "-o", "json", cwd=folder).check(65).json()["items"]
    assert len({item["finding"] for item in items}) == len(items)
    return {item["finding"]: item["message"] for item in items}


def test_names_of_findings_stay_when_lines_move(fops: Runner, folder: Path) -> None:
    (folder / "bad.yaml").write_text(f"{BAD}---\n{BAD}---\n{GOOD % 'one'}")
    before = names(fops, folder)
    (folder / "bad.yaml").write_text(f"# a line\n\n{BAD}---\n{BAD}---\n{GOOD % 'one'}")
    (folder / "good.yaml").write_text(f"# a line\n{(folder / 'good.yaml').read_text()}")
    assert set(names(fops, folder)) == set(before)
    (folder / "bad.yaml").write_text(f"{BAD}---\n{GOOD % 'one'}")
    after = names(fops, folder)
    assert set(after) < set(before)


def test_names_do_not_depend_on_how_the_folder_is_named(fops: Runner, folder: Path) -> None:
    (folder / "bad.yaml").write_text(BAD)
    runs = [
        fops("infra", "validate", words, "-q", cwd=folder.parent).check(65).stdout
        for words in ("topology", "./topology", str(folder), "topology/../topology", "topology/bad.yaml")
    ]
    assert runs[0]
    assert runs.count(runs[0]) == len(runs)


def test_names_in_a_git_revision_stay_when_there_is_a_new_commit(fops: Runner, folder: Path) -> None:
    def commit(text: str) -> str:
        (folder / "bad.yaml").write_text(text)
        for words in (["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "x"]):
            subprocess.run(["git", "-C", folder, *words], check=True)
        return f"git+file://{folder}?ref=main"

    subprocess.run(["git", "init", "-q", "-b", "main", folder], check=True)
    first = fops("infra", "validate", commit(BAD), "-o", "json", "--no-cache").check(65).json()
    second = fops("infra", "validate", commit(f"# a line\n{BAD}"), "-o", "json", "--no-cache").check(65).json()
    assert first["source"][0]["commit"] != second["source"][0]["commit"]
    assert [item["finding"] for item in first["items"]] == [item["finding"] for item in second["items"]]
    assert [item["place"] for item in first["items"]] != [item["place"] for item in second["items"]]


def test_control_characters_of_a_file_name_do_not_steer_the_terminal(fops: Runner, folder: Path) -> None:
    (folder / "b\x1b[31m.yaml").write_text(BAD)
    result = fops("infra", "validate", folder).check(65)
    assert b"\x1b" not in result.stdout + result.stderr
    log = json.loads(fops("infra", "validate", "--sarif", "-", folder, cwd=folder.parent).check(65).stdout)
    assert {uri(result) for result in log["runs"][0]["results"]} == {"topology/b%1B%5B31m.yaml"}


def uri(result: dict[str, Any]) -> str:
    return result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]


def test_sarif_beside_the_list(fops: Runner, folder: Path, tmp_path: Path) -> None:
    (folder / "bad.yaml").write_text(BAD)
    log = tmp_path / "findings.sarif"
    result = fops("infra", "validate", "--sarif", log, "topology", cwd=tmp_path).check(65)
    assert "topology/bad.yaml:4:12" in result.out
    printed = fops("infra", "validate", "--sarif", "-", "topology", cwd=tmp_path).check(65)
    assert printed.stdout == log.read_bytes()
    assert re.fullmatch(r"[0-9]+ errors? in 1 of 2 files\n", printed.err)
    fops("infra", "validate", "--sarif", "/nowhere/x", "topology", cwd=tmp_path).check(73)
    fops("infra", "validate", "--sarif", "-", "-o", "json", "topology", cwd=tmp_path).check(2)


def test_without_a_path_the_topology_of_the_call(fops: Runner, folder: Path) -> None:
    assert "[config.missing]" in fops("infra", "validate").check(78).err
    assert fops("--topology", folder, "infra", "validate").check().err == "2 documents in 1 file are valid\n"
    fops("infra", "validate", "/nowhere").check(66)


def test_the_cache_is_not_asked(fops: Runner, folder: Path) -> None:
    fops("--topology", folder, "runtime-assets", "list").check()
    for path in (fops.home / ".cache").rglob("*"):
        if path.is_file():
            path.write_bytes(b"damaged")
    assert fops("-v", "--topology", folder, "infra", "validate").check().err == "2 documents in 1 file are valid\n"


def test_secrets_do_not_come_back(fops: Runner, folder: Path) -> None:
    (folder / "secret.yaml").write_text(
        "apiVersion: fractalops/v1\nkind: Endpoint\nspec:\n  id: a\n  plane: b\n  auth: {mode: bearer, secretRef: canary-7f3a}\n"
        "  executorUrl: https://user:canary-7f3a@example.net/\n  publicUrl: https://canary-7f3a@example.net/?t=canary-7f3a\n"
    )
    for words in ([], ["-o", "json"], ["-o", "yaml"], ["--sarif", "-"]):
        result = fops("infra", "validate", folder, *words).check(65)
        assert "canary" not in result.out + result.err
