"""Every command in every format: it parses, it says the same in each, and a failure leaves standard output empty."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from commands import CALLS, COMMANDS, CONFIG, FORMATS, ODD, PRINTING, SMALL, ask, call_of
from conftest import Result, Runner
from loopback import serving

pytestmark = pytest.mark.static

# What may differ between two runs of the same command.
UNSTABLE = {"as_of", "duration_ms", "checked_at", "latency_ms", "time_ms", "date"}
# The number of lines in front of the column names.
HEADING = {"tsv": 0, "table": 0, "wide": 0, "compact": 1}
CONTROLS = {*range(0x20), 0x7F} - set(b"\n\t")


@pytest.fixture(scope="module")
def answering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with serving(tmp_path_factory.mktemp("answering")) as (_, topology):
        yield topology


@pytest.fixture
def call(fops: Runner, answering: Path) -> Any:
    """Calls one command in one format; the configuration has contexts and a warning, the contracts have odd texts."""
    config = fops.home / ".config/fops/config"
    config.parent.mkdir(parents=True)
    config.write_text(CONFIG)
    extension = fops.home / ".local/share/fops/extensions/fops-hello"
    extension.parent.mkdir(parents=True)
    extension.write_text("#!/bin/sh\n")
    extension.chmod(0o755)

    def run(path: str, *words: str) -> Result:
        topology = answering if path in ("runtime-assets request", "runtime-assets check", "metrics query") else ODD
        return fops(*call_of(path, topology), *words)

    return run


@cache
def validator(path: str) -> jsonschema.Draft202012Validator:
    """The schema that the program prints for the command, itself valid."""
    schema = ask("schema", *path.split())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def stable(value: Any) -> Any:
    """The value without what differs from run to run."""
    if isinstance(value, dict):
        return {name: stable(part) for name, part in value.items() if name not in UNSTABLE}
    return [stable(part) for part in value] if isinstance(value, list) else value


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), f"a name stands twice: {names}"
    return dict(pairs)


def test_every_printing_command_is_called() -> None:
    assert sorted(CALLS) == sorted(PRINTING)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("path", PRINTING)
def test_ends_well_and_prints_no_control_character(call: Any, path: str, form: str) -> None:
    result = call(path, "-o", form)
    assert result.code in CALLS[path][1], str(result)
    # the body of an answer is bytes, and so are lines for people about one object in a pipe
    if not path.startswith("runtime-assets") or form not in ("table", "wide"):
        assert not set(result.stdout) & CONTROLS
    if form in ("json", "jsonl"):
        assert result.stderr == b""


@pytest.mark.parametrize("path", PRINTING)
def test_json_is_one_line_and_fits_its_schema(call: Any, path: str) -> None:
    result = call(path, "-o", "json")
    assert result.stdout.endswith(b"\n")
    assert result.stdout.count(b"\n") == 1
    document = json.loads(result.stdout, object_pairs_hook=unique)
    assert next(iter(document)) == "schema"
    validator(path).validate(document)


@pytest.mark.parametrize("path", PRINTING)
def test_schema_is_strict_enough_to_refuse(call: Any, path: str) -> None:
    """A schema that accepts anything would prove nothing: without any one of its members the document is refused."""
    document = call(path, "-o", "json").json()
    for name in document:
        if name in ("untrusted", "partial"):
            continue
        less = {key: value for key, value in document.items() if key != name}
        assert not validator(path).is_valid(less), f"{path}: nobody misses {name}"
    assert not validator(path).is_valid(document | {"schema": "fops.other/1"})


@pytest.mark.parametrize("path", PRINTING)
def test_pretty_json_says_the_same(call: Any, path: str) -> None:
    plain, pretty = call(path, "-o", "json"), call(path, "-o", "json", "--pretty")
    assert stable(plain.json()) == stable(pretty.json())
    assert pretty.stdout.count(b"\n") > 2


@pytest.mark.parametrize("path", PRINTING)
def test_yaml_says_the_same_as_json(call: Any, path: str) -> None:
    loaded = yaml.safe_load(call(path, "-o", "yaml").stdout)
    assert stable(loaded) == stable(call(path, "-o", "json").json())


@pytest.mark.parametrize("path", PRINTING)
def test_jsonpath_of_everything_says_the_same_as_json(call: Any, path: str) -> None:
    assert stable(call(path, "-o", "jsonpath={$}").json()) == stable(call(path, "-o", "json").json())


@pytest.mark.parametrize("path", PRINTING)
def test_jsonl_starts_and_ends_and_holds_the_items(call: Any, path: str) -> None:
    result = call(path, "-o", "jsonl")
    events, document = result.jsonl(), call(path, "-o", "json").json()
    assert [event["type"] for event in events] == ["start", *["item"] * (len(events) - 2), "end"]
    assert events[0]["schema"] == "fops.events/1"
    assert events[0]["of"] == document["schema"]
    items = [event["item"] for event in events[1:-1]]
    if "items" in document:
        assert stable(items) == stable(document["items"])
    else:
        assert len(items) == 1
        assert stable(items[0]).items() <= stable(document).items()
    assert events[-1]["exit"] == result.code
    assert events[-1]["counts"] == {"returned": len(items), "total": len(items)}


def column_calls() -> list[tuple[str, str]]:
    """Rows become columns in all of these; one object is a list of lines for people."""
    rows = [path for path in PRINTING if "sort" in COMMANDS[path]["global_flags"]]
    return [(path, form) for path in PRINTING for form in HEADING if path in rows or form in ("tsv", "compact")]


@pytest.mark.parametrize(("path", "form"), column_calls())
def test_tsv_has_the_same_columns_in_every_row(call: Any, path: str, form: str) -> None:
    lines = call(path, "-o", form).out.rstrip("\n").split("\n")[HEADING[form] :]
    names = lines[0].split("\t")
    assert len(names) > 1
    assert [line.count("\t") for line in lines] == [len(names) - 1] * len(lines)
    assert names == [name.strip() for name in names]


@pytest.mark.parametrize("path", PRINTING)
def test_compact_starts_with_its_header(call: Any, path: str) -> None:
    lines = call(path, "-o", "compact").out.rstrip("\n").split("\n")
    schema, context, as_of, count = lines[0].split(" ")[:4]
    assert schema == "#" + call(path, "-o", "json").json()["schema"]
    assert context.startswith("context=")
    assert as_of.startswith("as_of=2")
    assert count == f"n={len(lines) - 2}/{len(lines) - 2}"


@pytest.mark.parametrize("path", PRINTING)
def test_names_are_kind_and_identifier(call: Any, path: str) -> None:
    lines = call(path, "-o", "name").out.rstrip("\n").split("\n")
    assert lines
    # a check of doctor has its group in its name, a file its folder
    assert all((line.count("/") in ((1, 2) if path == "doctor" else (1,)) or path == "infra fmt") and " " not in line for line in lines)
    short = call(path, "-q").out.rstrip("\n").split("\n") if path != "runtime-assets request" else []
    assert short in ([line.split("/", 1)[1] for line in lines], [])


def failing_calls() -> list[tuple[str, list[str], int]]:
    """A call of every printing command that fails late enough for half a document."""
    broken = str(SMALL.parent / "broken")
    calls = [(path, [*path.split(), "--no-such-flag"], 2) for path in PRINTING]
    calls += [
        (path, ["--context", "nowhere", *path.split()], 66)
        for path in PRINTING
        if path.startswith(("runtime-assets", "extensions"))
    ]
    calls += [
        (path, ["--topology", broken, *path.split(), *CALLS[path][0]], 65)
        for path in PRINTING
        if path.startswith("runtime-assets")
    ]
    calls += [(path, [*path.split(), "--after", "nothing"], 66) for path in ("config show",)]
    calls += [
        ("runtime-assets show", ["--topology", str(SMALL), "runtime-assets", "show", "--role", "none"], 66),
        ("context show", ["context", "show", "none"], 66),
    ]
    return calls


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(("path", "words", "code"), failing_calls())
def test_failure_leaves_standard_output_empty(fops: Runner, path: str, words: list[str], code: int, form: str) -> None:
    result = fops("-o", form, *words).check(code)
    assert result.stdout == b""
    assert result.stderr.endswith(b"\n")
    if form not in ("json", "jsonl"):
        assert result.err.startswith("fops: error [")
        return
    assert result.stderr.count(b"\n") == 1
    error = json.loads(result.stderr, object_pairs_hook=unique)
    assert error["schema"] == "fops.error/1"
    assert error["exit"] == code


@pytest.mark.parametrize(
    "words",
    [
        ["verzion"],
        ["runtime-assets"],
        [],
        ["runtime-assets", "lst"],
        ["help", "none"],
        ["schema", "none"],
        ["completion", "none"],
        ["pick", "contexts"],
        ["env", "--shell=x"],
        ["context", "use", "none"],
        ["prompt", "x"],
    ],
)
def test_commands_without_formats_tell_errors_in_the_form_asked_for(fops: Runner, words: list[str]) -> None:
    result = fops(*words, env={"FOPS_OUTPUT": "json"})
    assert result.stdout == b""
    assert json.loads(result.stderr)["exit"] == result.code
