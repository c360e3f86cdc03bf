"""An independent judge: what `infra validate --sarif` writes is SARIF 2.1.0 by the standard's own schema, and says what the list says."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from conftest import ROOT, Runner

pytestmark = pytest.mark.static

# The schema as OASIS publishes it with SARIF 2.1.0 errata 01, byte for byte.
SCHEMA = Path(__file__).parent / "sarif-schema-2.1.0.json"
SCHEMA_SHA256 = "c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e"
FIXTURES = ROOT / "tests/fixtures"


@pytest.fixture(scope="module")
def judge() -> jsonschema.Draft4Validator:
    data = SCHEMA.read_bytes()
    assert hashlib.sha256(data).hexdigest() == SCHEMA_SHA256
    schema = json.loads(data)
    jsonschema.Draft4Validator.check_schema(schema)
    return jsonschema.Draft4Validator(schema, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)


def sarif(fops: Runner, *words: str | Path, code: int, cwd: Path | None = None) -> Any:
    return fops("infra", "validate", "--sarif", "-", *words, cwd=cwd).check(code).json()


def listed(fops: Runner, *words: str | Path, code: int, cwd: Path | None = None) -> list[dict[str, Any]]:
    return fops("infra", "validate", *words, "-o", "json", cwd=cwd).check(code).json()["items"]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Every document that breaks something, in one folder, with names that URIs must escape."""
    made = tmp_path / "bad corpus #1"
    for folder in ("bad-yaml", "bad-json"):
        shutil.copytree(FIXTURES / folder, made / folder, ignore=shutil.ignore_patterns("*.expect"))
    return made


def test_judge_refuses_what_is_no_sarif(judge: jsonschema.Draft4Validator, fops: Runner) -> None:
    log = sarif(fops, FIXTURES / "topology", code=0)
    judge.validate(log)
    for key in ("version", "runs"):
        assert not judge.is_valid({name: value for name, value in log.items() if name != key})
    assert not judge.is_valid(log | {"extra": 1})
    assert not judge.is_valid(log | {"version": "2.0.0"})


def test_log_without_findings(judge: jsonschema.Draft4Validator, fops: Runner) -> None:
    log = sarif(fops, FIXTURES / "topology", code=0)
    judge.validate(log)
    assert len(log["runs"]) == 1
    assert log["runs"][0]["results"] == []


def test_log_of_every_bad_document(judge: jsonschema.Draft4Validator, fops: Runner, corpus: Path) -> None:
    log = sarif(fops, corpus.name, code=65, cwd=corpus.parent)
    judge.validate(log)
    run = log["runs"][0]
    items = listed(fops, corpus.name, code=65, cwd=corpus.parent)
    assert len(run["results"]) == len(items) > 300
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert run["columnKind"] == "unicodeCodePoints"
    for result, item in zip(run["results"], items, strict=True):
        assert result["ruleId"] == item["rule"]
        assert result["ruleId"] in rules
        assert result["level"] == item["severity"]
        assert item["message"] in result["message"]["text"]
        assert result["partialFingerprints"] == {"fopsFinding/v1": item["finding"]}
        place = result["locations"][0]["physicalLocation"]
        region = place.get("region", {"startLine": 0, "startColumn": 0})
        assert (region["startLine"], region["startColumn"]) == (item["line"], item["column"])
        assert place["artifactLocation"]["uriBaseId"] == "%SRCROOT%"
        assert re.fullmatch(r"bad%20corpus%20%231/[A-Za-z0-9._%/-]+", place["artifactLocation"]["uri"])
        names = [one["fullyQualifiedName"] for one in result["locations"][0].get("logicalLocations", [])]
        assert names == ([item["path"]] if item["path"] else [])


def test_rules_tell_their_text_and_level(fops: Runner) -> None:
    rules = sarif(fops, FIXTURES / "topology", code=0)["runs"][0]["tool"]["driver"]["rules"]
    assert rules[0]["id"] == "form"
    assert [rule["id"] for rule in rules] == sorted((rule["id"] for rule in rules), key=lambda name: (name != "form", name))
    for rule in rules:
        assert rule["shortDescription"]["text"].endswith(".")
        assert rule["help"]["text"].endswith(".")
        assert "helpUri" not in rule
        assert rule["defaultConfiguration"]["level"] in ("error", "warning")


def test_files_outside_the_working_folder_have_absolute_uris(
    judge: jsonschema.Draft4Validator, fops: Runner, tmp_path: Path
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    (there / "a b.yaml").write_text("kind: Nothing\n")
    (here / "c.yaml").write_text("kind: Nothing\n")
    log = sarif(fops, "../there", "./c.yaml", code=65, cwd=here)
    judge.validate(log)
    places = [result["locations"][0]["physicalLocation"]["artifactLocation"] for result in log["runs"][0]["results"]]
    assert {"uri": f"file://{tmp_path}/there/a%20b.yaml"} in places
    assert {"uri": "c.yaml", "uriBaseId": "%SRCROOT%"} in places


def test_same_bytes_each_time(fops: Runner, corpus: Path) -> None:
    runs = [fops("infra", "validate", "--sarif", "-", corpus).check(65).stdout for _ in range(2)]
    assert runs[0] == runs[1]


def test_control_characters_are_escaped(judge: jsonschema.Draft4Validator, fops: Runner, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text('kind: "x\\x1b[31m\\u202e"\n')
    result = fops("infra", "validate", "--sarif", "-", tmp_path / "a.yaml").check(65)
    judge.validate(result.json())
    assert b"\x1b" not in result.stdout
    assert "\u202e" not in result.out
