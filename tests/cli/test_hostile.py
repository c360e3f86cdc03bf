"""Ways around the rules, and readers that leave: what was once answered wrongly."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Result, Runner

pytestmark = pytest.mark.static

HAPPENED = "the change was made"
UGLY = "kind: Endpoint\napiVersion: fractalops/v1\nspec: {plane: board, id: board, auth: {mode: none}, executorUrl: 'https://board.example.net'}\n"


def document(kind: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "fractalops/v1", "kind": kind, "spec": spec}


def board(public: str) -> dict[str, Any]:
    return document("Endpoint", id="board", plane="board", executorUrl="https://board-executor.example.net", publicUrl=public, auth={"mode": "none"})


def write(folder: Path, *documents: dict[str, Any]) -> Path:
    path = folder / "topology.yaml"
    path.write_text(yaml.safe_dump_all(documents))
    return path


@pytest.mark.parametrize("host", ["ip6-localhost", "IP6-Loopback.", "localhost4", "localhost6", "localhost6.localdomain6", "a.localdomain4:8443"])
def test_names_of_this_machine_are_no_public_url(fops: Runner, tmp_path: Path, host: str) -> None:
    result = fops("infra", "validate", write(tmp_path, board(f"https://{host}")), "-o", "json").check(65)
    assert "R07" in result.out


@pytest.mark.parametrize("host", ["localhost6.example.net", "ip6-localhost.example.net", "localhost-6.example.net"])
def test_names_of_others_are_public(fops: Runner, tmp_path: Path, host: str) -> None:
    fops("infra", "validate", write(tmp_path, board(f"https://{host}"))).check()


@pytest.mark.parametrize("found", ["https://2130706433", "https://0x7f.1", "https://127.1", "https://board.boards.svc:8080", "https://node.local",
                                   "https://ip6-localhost", "https://%31%30.0.0.1"])
def test_an_environment_with_a_raw_address_breaks_r07(fops: Runner, tmp_path: Path, found: str) -> None:
    contract = document("EnvContract", consumer="portal", variables=[{"name": "BOARD_URL", "endpoint": "board", "url": "public"}])
    topology = write(tmp_path, board("https://board.example.net"), contract)
    words = ("--topology", topology, "infra", "env-check", "portal", "-o", "jsonl", "--fields", "variable,state,rule")
    assert '"R07"' in fops(*words, env={"BOARD_URL": found}).check(12).out


@pytest.mark.parametrize("value", ["wss://10.0.0.1/feed", "WS://localhost", "  https://10.0.0.1"])
def test_a_public_variable_with_a_raw_address_breaks_r07(fops: Runner, tmp_path: Path, value: str) -> None:
    contract = document("EnvContract", consumer="portal", variables=[{"name": "PUBLIC_FEED", "value": value}])
    result = fops("infra", "validate", write(tmp_path, contract), "-o", "json").check(65)
    assert "R07" in result.out


def unread(fops: Runner, *words: str | os.PathLike[str]) -> Result:
    """A call whose reader was never there."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        return fops(*words, stdout=writing)
    finally:
        os.close(writing)


@pytest.mark.parametrize("option", ["--diff", "--check"])
def test_fmt_that_writes_nothing_claims_no_change(fops: Runner, tmp_path: Path, option: str) -> None:
    path = tmp_path / "ugly.yaml"
    path.write_text(UGLY)
    result = unread(fops, "infra", "fmt", option, path)
    assert path.read_text() == UGLY
    assert HAPPENED not in result.err


def test_fmt_that_has_written_says_so(fops: Runner, tmp_path: Path) -> None:
    path = tmp_path / "ugly.yaml"
    path.write_text(UGLY)
    result = unread(fops, "infra", "fmt", path).check()
    assert path.read_text() != UGLY
    assert HAPPENED in result.err


@pytest.mark.parametrize("words", [("generate-env", "portal"), ("apply-ssot", "--dry-run")])
def test_an_environment_that_was_only_shown_is_no_change(fops: Runner, tmp_path: Path, words: tuple[str, ...]) -> None:
    contract = document("EnvContract", consumer="portal", variables=[{"name": "LOG_LEVEL", "value": "info"}],
                        targets=[{"type": "env-file", "path": str(tmp_path / "env")}])
    result = unread(fops, "--topology", write(tmp_path, contract), "infra", *words)
    assert result.code in (0, 10)
    assert HAPPENED not in result.err


@pytest.mark.parametrize(("mask", "mode"), [(0o077, 0o600), (0o022, 0o644)])
def test_a_new_file_obeys_the_umask(fops: Runner, tmp_path: Path, mask: int, mode: int) -> None:
    topology = write(tmp_path, document("EnvContract", consumer="portal", variables=[{"name": "LOG_LEVEL", "value": "info"}]))
    wanted = tmp_path / ".env"
    with fops.command("--topology", topology, "infra", "generate-env", "portal", "--into", wanted, preexec=lambda: os.umask(mask) and None) as process:
        assert process.wait(20) == 0
    assert wanted.stat().st_mode & 0o777 == mode
