"""The tree of the project against every rule. The rules are in rules/, their own tests in test_rules.py."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from rules import adapters, binaries, calls, declarations, headers, lengths, presence, rooms, texts, tools
from rules.tree import Finding, Tree

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CACHE = ROOT / "build/lint-cache"
# clean results by content, for all checkouts
SHARED = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fops-lint"
DEVELOPMENT = ROOT / "build/dev"


@pytest.fixture(scope="session")
def tree() -> Tree:
    return Tree(ROOT)


@pytest.fixture(scope="session", autouse=True)
def show_long_files(tree: Tree, request: pytest.FixtureRequest) -> None:
    """What grows towards the limit is shown, not refused."""
    lines = lengths.list_long(tree)
    reporter = request.config.pluginmanager.getplugin("terminalreporter")
    if lines and reporter is not None:
        reporter.write_line(f"\nfiles over {lengths.FILE_LINES_WANTED} lines:\n  " + "\n  ".join(lines))


def refuse(found: list[Finding]) -> None:
    """Fails with one line per finding."""
    if found:
        pytest.fail("\n".join(map(str, sorted(found))), pytrace=False)


SIMPLE: dict[str, Callable[[Tree], list[Finding]]] = {
    "rooms": lambda tree: rooms.check(tree, rooms.read_arrows(HERE / "rooms.txt")),
    "third_party_headers": headers.check_libraries,
    "process_users": headers.check_process,
    "adapters": adapters.check,
    "secret_users": headers.check_secrets,
    "banned_calls": calls.check,
    "lengths": lambda tree: lengths.check(tree, (HERE / "exceptions.txt").read_text(), "tests/lint/exceptions.txt"),
    "public_functions": declarations.check,
    "texts_once": texts.check_duplicates,
    "words": texts.check_words,
    "documents": presence.check_documents,
    "unit_tests_listed": presence.check_unit_tests,
    "python_tests_collected": presence.check_python_tests,
}

TOOLS: dict[str, Callable[[Tree], list[Finding]]] = {
    "clang_format": tools.check_format,
    "clang_tidy": lambda tree: tools.check_clang_tidy(tree, DEVELOPMENT / "compile_commands.json", SHARED / "clang-tidy"),
    "cppcheck": lambda tree: tools.check_cppcheck(tree, CACHE / "cppcheck"),
    "shellcheck": tools.check_shell,
    "mandoc": tools.check_manual,
    "python_syntax": tools.check_python,
}


@pytest.mark.parametrize("rule", SIMPLE)
def test_rule(tree: Tree, rule: str) -> None:
    refuse(SIMPLE[rule](tree))


@pytest.mark.timeout(2400)
@pytest.mark.parametrize("tool", TOOLS)
def test_tool(tree: Tree, tool: str) -> None:
    try:
        refuse(TOOLS[tool](tree))
    except tools.ToolMissing as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_headers_compile_alone(tree: Tree, compiler: str) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    refuse(headers.check_alone(tree, compiler))


def need_file(path: Path, target: str) -> Path:
    if not path.exists():
        pytest.fail(f"{path.relative_to(ROOT)} is missing; run: make {target}", pytrace=False)
    return path


def test_the_program_keeps_no_global_state(tree: Tree) -> None:
    need_file(DEVELOPMENT / "fops", "build")
    archives = sorted(path for folder in ("src", "subcommands") for path in (DEVELOPMENT / folder).rglob("lib*.a"))
    assert archives, "the build left no static libraries"
    refuse(binaries.check_state(tree, archives))


def test_the_development_binary_is_hardened() -> None:
    refuse(binaries.check_hardening(need_file(DEVELOPMENT / "fops", "build"), "build/dev/fops"))


def test_the_product_binary_is_static() -> None:
    refuse(binaries.check_static(need_file(ROOT / "build/static/fops", "static"), "build/static/fops"))
