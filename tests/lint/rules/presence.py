"""Files that must be there, and tests that somebody must run."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from .tree import Finding, Tree

DOCUMENTS = ("README.md", "HACKING.md", "CHANGELOG.md", "LICENSE")
# folders that pytest is pointed at; lab and lint are named in the Makefile like the others
PYTEST_FOLDERS = ("tests/cli/", "tests/contract/", "tests/lab/", "tests/fault/", "tests/lint/", "tests/bench/", "lab/tests/")
HELPERS = ("conftest.py", "__init__.py")


def check_documents(tree: Tree) -> list[Finding]:
    return [Finding(name, 1, "documents", "the file is missing or empty") for name in DOCUMENTS
            if not tree.texts.get(name, "").strip()]


def listed_words(tree: Tree, folder: str) -> set[str]:
    """The quoted words of the build file of a folder."""
    return set(re.findall(r"'([^']*)'", tree.texts.get(f"{folder}/meson.build", "")))


def check_unit_tests(tree: Tree) -> list[Finding]:
    """Each unit test and fuzz target is named in the build file beside it, and mirrors a source."""
    found = []
    for file in tree.c_files:
        path = PurePosixPath(file.path)
        folder = str(path.parent)
        if not re.match(r"tests/(unit|fuzz)/", file.path) or path.suffix != ".c":
            continue
        words = listed_words(tree, folder)
        stem = path.stem.removesuffix("_test").removesuffix("_fuzz")
        if not {path.name, path.stem, stem, stem.replace("_", "-")} & words:
            found.append(Finding(file.path, 1, "listed", f"the file is not listed in {folder}/meson.build"))
    return found


def check_python_tests(tree: Tree) -> list[Finding]:
    """A Python file with tests has a name that pytest collects, in a folder that it is pointed at."""
    found = []
    for path, text in tree.texts.items():
        if not path.endswith(".py") or not re.match(r"(?:tests|lab)/", path):
            continue
        match = re.search(r"^(?:async )?def test_|^class Test[A-Z]", text, re.MULTILINE)
        name = path.rsplit("/", 1)[-1]
        collected = re.match(r"test_.*\.py$|.*_test\.py$", name) and path.startswith(PYTEST_FOLDERS)
        if match and not collected:
            line = text.count("\n", 0, match.start()) + 1
            found.append(Finding(path, line, "collected", "pytest does not collect this file; name it test_*.py below a folder of tests"))
        elif collected and not match:
            found.append(Finding(path, 1, "collected", "the file holds no test"))
    return found
