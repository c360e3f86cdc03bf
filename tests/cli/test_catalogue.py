"""What the program tells of itself: catalogue, help, schemas and examples."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path

import jsonschema
import pytest
from commands import CATALOGUE, COMMANDS, PRINTING, SMALL
from conftest import ROOT, Runner

pytestmark = pytest.mark.static

VISIBLE = [path for path, command in COMMANDS.items() if not command["hidden"]]
TOPICS = [topic["name"] for topic in CATALOGUE["topics"]]
CODES = [row["code"] for row in CATALOGUE["error_codes"]]
EXITS = {row["status"]: row["name"] for row in CATALOGUE["exit_codes"]}
KINDS = ("RuntimeAsset", "Endpoint", "Stack", "EnvContract")
# What contacts something or waits for a person is only parsed.
PARSED_ONLY = (
    "runtime-assets check",
    "runtime-assets run",
    "runtime-assets request",
    "endpoints check",
    "stacks check",
    "stacks run",
    "metrics query",
    "doctor",
    "infra validate",
    "infra fmt",
    "infra import-kubeconfig",
    "infra generate-env",
    "infra env-check",
    "infra exec",
    "infra apply-ssot",
    "pick",
)
CONFIG = 'context: lab\ncontexts:\n  lab: {topology: "%s"}\n  lab-ssh: {topology: "%s"}\n'
TEXT_WIDTH = 80


def assert_readable(text: str, source: str) -> None:
    assert text.endswith("\n") and not text.endswith("\n\n")
    for line in text.splitlines():
        assert len(line) <= TEXT_WIDTH, f"{source}: {line}"
        assert line == line.rstrip(), f"{source}: blanks at the end of {line!r}"
    assert not re.search(r"[^\n\x20-\x7e\u00a1-\uffff]", text), f"{source} holds control characters"


def test_catalogue_is_consistent() -> None:
    assert CATALOGUE["schema"] == "fops.catalogue/1"
    assert len(COMMANDS) == len(CATALOGUE["commands"])
    assert len(set(CODES)) == len(CODES)
    global_flags = {flag["name"] for flag in CATALOGUE["global_flags"]}
    for row in CATALOGUE["error_codes"]:
        assert row["exit"] in EXITS, row
    for path, command in COMMANDS.items():
        assert command["effect"] in ("read", "write", "exec")
        assert set(command["global_flags"]) <= global_flags, path
        assert {row["status"] for row in command["exits"]} <= set(EXITS), path
        assert len(command["summary"]) <= 60 and not command["summary"].endswith("."), path
        names = [option["name"] for option in command["options"]]
        letters = [option["letter"] for option in command["options"] if option["letter"]]
        assert len(set(names)) == len(names) and len(set(letters)) == len(letters), path
        assert command["examples"] or command["hidden"], path
        for field in command["fields"]:
            assert re.fullmatch(r"[a-z][a-z0-9_]*", field["key"]), path


@pytest.mark.parametrize("path", VISIBLE)
def test_help_is_the_same_by_every_way(fops: Runner, path: str) -> None:
    words = path.split()
    page = fops(*words, "--help").check()
    assert_readable(page.out, path)
    assert page.stderr == b""
    for way in ([*words, "-h"], ["--help", *words], ["-h", *words], ["help", *words]):
        # a topic of the same name says more than the page of its noun
        if way[0] != "help" or path not in TOPICS:
            assert fops(*way).check().out == page.out
    for part in ("Usage:", "Examples:") + (("Fields:", "Exit:") if path in PRINTING else ()):
        assert f"\n{part}" in page.out, f"{path} has no {part}"


@pytest.mark.parametrize("path", VISIBLE)
def test_help_names_every_flag_of_the_command(fops: Runner, path: str) -> None:
    page = fops(*path.split(), "--help").check().out
    for option in COMMANDS[path]["options"]:
        assert re.search(rf"--(no-)?{option['name']}\b", page), f"{path} --{option['name']}"


@pytest.mark.parametrize("topic", TOPICS)
def test_topic_is_readable(fops: Runner, topic: str) -> None:
    result = fops("help", topic).check()
    assert_readable(result.out, topic)
    assert result.out.count("\n") > 3


def test_topics_of_the_design_exist() -> None:
    wanted = {
        "environment",
        "output",
        "exit-codes",
        "contexts",
        "planes",
        "proposals",
        "secrets",
        "scripting",
        "errors",
        "global-flags",
    }
    assert wanted <= set(TOPICS)


@pytest.mark.parametrize("code", CODES)
def test_error_code_is_explained(fops: Runner, code: str) -> None:
    page = fops("help", "errors", code).check().out
    assert_readable(page, code)
    row = next(row for row in CATALOGUE["error_codes"] if row["code"] == code)
    assert page.startswith(f"{code}\n")
    assert f"{row['exit']} {EXITS[row['exit']]}" in page
    for part in ("cause:", "fix:", "example:"):
        assert part in page


def test_every_error_code_and_exit_code_is_listed(fops: Runner) -> None:
    codes = fops("help", "errors").check().out
    assert all(re.search(rf"^ +{re.escape(code)} ", codes, re.MULTILINE) for code in CODES)
    exits = fops("help", "exit-codes").check().out
    assert all(re.search(rf"^ +{status}  {name}\b", exits, re.MULTILINE) for status, name in EXITS.items())


def test_every_global_flag_is_listed(fops: Runner) -> None:
    page = fops("help", "global-flags").check().out
    assert all(f"--{flag['name']}" in page or f"--no-{flag['name']}" in page for flag in CATALOGUE["global_flags"])


@pytest.mark.parametrize("kind", KINDS)
def test_schema_of_a_contract_is_the_published_one(fops: Runner, kind: str) -> None:
    printed = fops("schema", kind).check()
    jsonschema.Draft202012Validator.check_schema(printed.json())
    assert printed.stdout == (ROOT / f"contracts/{kind}.schema.json").read_bytes()


@pytest.mark.parametrize("path", PRINTING)
def test_schema_of_an_output_is_valid(fops: Runner, path: str) -> None:
    schema = fops("schema", *path.split()).check().json()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert fops("schema", path).check().json() == schema


def test_catalogue_lists_what_help_lists(fops: Runner) -> None:
    page = fops("--help").check().out
    for path in VISIBLE:
        if " " not in path:
            assert re.search(rf"^  {path} ", page, re.MULTILINE), path
    assert all(re.search(rf"\b{topic}\b", page) for topic in TOPICS)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script_is_small(fops: Runner, shell: str) -> None:
    script = fops("completion", shell).check().stdout
    assert 0 < len(script) < 4096
    installed = {"bash": "fops.bash", "zsh": "_fops", "fish": "fops.fish"}[shell]
    assert script == (ROOT / "completions" / installed).read_bytes()


def examples() -> list[tuple[str, str]]:
    return [(path, line) for path, command in COMMANDS.items() for line in command["examples"]]


def calls_in(line: str) -> list[str]:
    """The calls of the program in one line of a shell, without what the shell does around them."""
    inner = re.findall(r"\$\((fops [^)]*)\)", line)
    outer = re.split(r" \| | > ", line)[0]
    return [*inner, re.sub(r"\$\(fops [^)]*\)", "answer", outer)] if outer.startswith("fops ") else inner


@pytest.mark.parametrize(("path", "line"), examples())
def test_example_works(fops: Runner, path: str, line: str) -> None:
    config = fops.home / ".config/fops/config"
    config.parent.mkdir(parents=True)
    config.write_text(CONFIG % (SMALL, SMALL))
    found = calls_in(line)
    assert found, f"{line} calls nothing"
    for call in found:
        words = shlex.split(call)[1:]
        command = next(name for name in sorted(COMMANDS, key=len, reverse=True) if " ".join(words).startswith(name))
        if command in PARSED_ONLY:
            fops("--help", *words).check()
        else:
            fops(*["daytona-01" if word == "answer" else word for word in words], env={"FOPS_TOPOLOGY": None}).check(0)


def test_environment_for_a_shell_can_be_evaluated(fops: Runner, tmp_path: Path) -> None:
    odd = 'it\'s a "path" with $(touch pwned) `touch pwned` \\ and\ttabs'
    (fops.home / odd).mkdir()
    script = fops("--topology", odd, "env").check().out
    done = subprocess.run(
        ["sh", "-c", script + 'printf %s "$FOPS_TOPOLOGY"'], cwd=tmp_path, capture_output=True, check=True, text=True
    )
    # it holds in the folder that the shell went to
    assert done.stdout == str(fops.home / odd)
    assert not (tmp_path / "pwned").exists()
    again = fops("env", env={"FOPS_TOPOLOGY": odd}).check().out
    assert again == script


def test_surface_file_is_the_catalogue(fops: Runner) -> None:
    assert json.loads((ROOT / "tests/cli/surface.json").read_text()) == fops("schema", "--all").check().json()


def test_help_names_every_driver(fops: Runner) -> None:
    sources = [path.read_text() for path in (ROOT / "src/asset").glob("*.c")]
    drivers = {name for text in sources for name in re.findall(r'\.name = "([a-z/-]+)",\n\t\.text = ', text)}
    assert "lxc/local" in drivers
    told = fops("help", "run").check().out
    assert [name for name in sorted(drivers) if name not in told] == []
    assert "no driver" not in fops("help", "topology").check().out
