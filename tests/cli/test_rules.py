"""The constitution from outside: what is pending has no command yet, what is enforced cannot be got around."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from commands import ask
from conftest import ROOT, Runner

pytestmark = pytest.mark.static

COMMANDS = {command["path"] for command in ask("schema", "--all")["commands"]}
RULES: dict[str, dict[str, Any]] = {row["id"]: ask("rules", "show", row["id"], "-o", "json") for row in ask("rules", "list", "-o", "json")["items"]}
CORPUS = sorted((ROOT / "tests/fixtures/bad-yaml/contract").glob("*.yaml"))
# Corpus files whose first line names a rule, and files of other rules whose finding is said in other words.
NAMED = {path.stem: match[1] for path in CORPUS if (match := re.search(r"\((R\d\d)", path.read_text().split("\n")[0]))}
WAYS_AROUND_LEAST = 3


def exists(path: str) -> bool:
    """Is there that command, or any below it?"""
    return any(command == path or command.startswith(f"{path} ") for command in COMMANDS)


def test_table_has_the_eighteen_rules() -> None:
    assert list(RULES) == [f"R{number:02}" for number in range(1, 19)]
    assert {rule["state"] for rule in RULES.values()} == {"enforced", "pending"}


@pytest.mark.parametrize("rule", [rule for rule, row in RULES.items() if row["state"] == "pending"])
def test_pending_rule_has_no_command_yet(rule: str) -> None:
    """Once the command is there, it enforces the rule and the table says so."""
    assert RULES[rule]["commands"]
    there = [command for command in RULES[rule]["commands"] if exists(command)]
    assert there == [], f"{there} exist, and {rule} is still pending"


@pytest.mark.parametrize("rule", [rule for rule, row in RULES.items() if row["state"] == "enforced"])
def test_enforced_rule_names_commands_that_exist(rule: str) -> None:
    missing = [command for command in RULES[rule]["commands"] if command not in COMMANDS]
    assert missing == []


@pytest.mark.parametrize("stem", NAMED)
def test_broken_document_is_a_finding_and_no_error(fops: Runner, stem: str) -> None:
    path = ROOT / f"tests/fixtures/bad-yaml/contract/{stem}.yaml"
    answer = fops("--topology", path, "rules", "check", "-o", "json").check(12).json()
    rows = {row["id"]: row for row in answer["items"]}
    broken = rows[NAMED[stem]]
    assert broken["state"] == "broken" and broken["findings"] == len(broken["details"]) > 0
    line, column = path.read_text().split(": ")[1].split(":")[:2]
    assert (int(line), int(column)) in {(detail["line"], detail["column"]) for detail in broken["details"]}
    assert all(f"({NAMED[stem]}: " in detail["message"] for detail in broken["details"])
    assert answer["counts"]["findings"] == sum(row["findings"] for row in rows.values())


@pytest.mark.parametrize("rule", ["R02", "R07", "R08", "R12", "R13", "R14"])
def test_ways_around_a_rule_are_in_the_corpus(rule: str) -> None:
    assert list(NAMED.values()).count(rule) >= WAYS_AROUND_LEAST


def test_references_to_other_schemes_break_the_rule_of_secrets(fops: Runner) -> None:
    """R16 in every form of the corpus: a file, a plain value, a name that is none, a path with dots, a default."""
    stems = ["secret-ref-file", "secret-ref-plain", "secret-ref-env-name", "secret-ref-openbao-dots", "env-default-beside-secret"]
    for stem in stems:
        answer = fops("--topology", ROOT / f"tests/fixtures/bad-yaml/contract/{stem}.yaml", "rules", "check", "-o", "json").check(12)
        assert {row["id"]: row["state"] for row in answer.json()["items"]}["R16"] == "broken", stem


def test_every_kept_rule_of_a_good_topology(fops: Runner) -> None:
    answer = fops("--topology", ROOT / "tests/fixtures/stacks", "rules", "check", "-o", "json").check().json()
    states = {row["id"]: row["state"] for row in answer["items"]}
    for rule, row in RULES.items():
        here = "rules check" in row["commands"]
        assert states[rule] == ("pending" if row["state"] == "pending" else "ok" if here else "elsewhere"), rule
    assert states["form"] == "ok"
    assert answer["counts"]["findings"] == 0


ENVIRONMENT = [
    ("GITHUB_PAT", "canary-7f3a", "R08"),
    ("DEPLOY_GH_PAT", "canary-7f3a", "R08"),
    ("BOARD_TOKEN", "ghp_canary7f3acanary7f3a", "R08"),
    ("NETRC", "password github_pat_canary7f3acanary7f3a", "R08"),
    ("FRACTALOPS_PORTAL_PUBLIC_URL", "http://10.0.0.1/canary-7f3a", "R07"),
    ("EVIDENCE_PUBLIC_URL", "http://2130706433/canary-7f3a", "R07"),
    ("EVIDENCE_PUBLIC_URL", "http://[::ffff:7f00:1]/canary-7f3a", "R07"),
    ("EVIDENCE_PUBLIC_URL", "https://LOCALHOST./canary-7f3a", "R07"),
    ("LANGBOARD_EXECUTOR_URL", "https://board.example.net", "R12"),
    ("LANGBOARD_EXECUTOR_URL", "HTTPS://board.example.net/", "R12"),
    ("LANGBOARD_URL", "https://10.20.0.5:8443/control", "R12"),
]


@pytest.mark.parametrize(("name", "value", "rule"), ENVIRONMENT)
def test_environment_is_held_against_the_rules(fops: Runner, name: str, value: str, rule: str) -> None:
    for form in ("table", "wide", "json", "yaml", "tsv"):
        result = fops("--topology", ROOT / "tests/fixtures/stacks", "rules", "check", "-o", form, env={name: value}).check(12)
        assert "canary" not in result.out + result.err
    answer = fops("--topology", ROOT / "tests/fixtures/stacks", "rules", "check", "-o", "json", env={name: value}).check(12).json()
    broken = {row["id"]: row["details"] for row in answer["items"] if row["state"] == "broken"}
    assert list(broken) == [rule]
    assert broken[rule][0]["file"] == "environment" and broken[rule][0]["path"] == name


@pytest.mark.parametrize("token", ["ghp_0123456789abcdefghij", " ghp_0123456789abcdefghij", "github_pat_0123456789abcdefghij", "gho_0123456789abcdefghij"])
def test_token_of_a_human_is_refused_when_it_is_read(fops: Runner, token: str) -> None:
    small = ROOT / "tests/cli/fixtures/topology/small"
    words = ["--topology", small, "runtime-assets", "request", "--role", "langboard_executor", "--path", "/health", "-o", "json"]
    result = fops(*words, env={"LANGBOARD_TOKEN": token}).check(77)
    error = json.loads(result.stderr)
    assert error["code"] == "secret.refused"
    assert "(R08: " in error["message"]
    assert token.strip() not in result.err


@pytest.mark.parametrize("word", ["Fresh", "resume ", "auto", "", "fresh,resume"])
def test_continuity_is_fresh_or_resume(fops: Runner, word: str) -> None:
    result = fops("stacks", "run", "langboard", f"--continuity={word}").check(2)
    assert "(R09: " in result.err


@pytest.mark.parametrize("word", ["fresh", "resume"])
def test_operations_go_through_the_queue(fops: Runner, word: str) -> None:
    fops("stacks", "run", "langboard", "--continuity", word).check(13)
