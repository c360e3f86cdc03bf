"""The analyzers that others wrote, each with its words turned into findings."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .tree import CFile, Finding, Tree

PLACE = re.compile(r"^(?:mandoc: )?(?P<path>[^\s:]+):(?P<line>\d+)(?::\d+)?: (?P<text>.*)$", re.MULTILINE)


class ToolMissing(Exception):
    """The text names the tool."""


def need(tool: str) -> str:
    path = shutil.which(tool)
    if path is None:
        raise ToolMissing(f"{tool} is not installed")
    return path


def run(command: list[str | Path], folder: Path) -> tuple[int, str]:
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", check=False)
    return done.returncode, done.stdout


def places(root: Path, rule: str, output: str, wanted: str = "", folder: Path | None = None) -> list[Finding]:
    """The lines PATH:LINE: TEXT of an output, where TEXT matches; folder is what upward paths start from."""
    found = set()
    for match in PLACE.finditer(output):
        if re.search(wanted, match["text"]):
            start = folder if folder is not None and match["path"].startswith("../") else root
            path = os.path.relpath(start / match["path"], root)
            found.add(Finding(path, int(match["line"]), rule, match["text"]))
    return sorted(found)


def told(code: int, found: list[Finding], rule: str, output: str) -> list[Finding]:
    """A tool that failed without naming a place is a finding as well."""
    if code != 0 and not found:
        return [Finding(".", 1, rule, f"the tool ended with {code}: {' '.join(output.split())[-400:]}")]
    return found


def check_format(tree: Tree) -> list[Finding]:
    files = [file.path for file in tree.c_files]
    if not files:
        return []
    code, output = run([need("clang-format"), "--dry-run", "-Werror", *files], tree.root)
    return told(code, places(tree.root, "clang-format", output, "error:"), "clang-format", output)


def included(tree: Tree, start: CFile) -> list[CFile]:
    """The file and every header of the tree that it reaches."""
    by_name: dict[str, list[CFile]] = {}
    for file in tree.c_files:
        by_name.setdefault(Path(file.path).name, []).append(file)
    seen = {start.path: start}
    waiting = [start]
    while waiting:
        for include in waiting.pop().includes:
            # by the last part alone: too many rather than too few
            for file in by_name.get(Path(include.name).name, []):
                if file.path not in seen:
                    seen[file.path] = file
                    waiting.append(file)
    return [seen[path] for path in sorted(seen)]


def digest(parts: list[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def forget_unused(cache: Path) -> None:
    """What no check asked for in a month belongs to files that are gone."""
    oldest = time.time() - 30 * 24 * 3600
    for entry in cache.iterdir():
        if entry.stat().st_mtime < oldest:
            entry.unlink(missing_ok=True)


def check_clang_tidy(tree: Tree, database: Path, cache: Path) -> list[Finding]:
    """Every file of the compilation database that belongs to the tree; clean results are kept by content."""
    tool = need("clang-tidy")
    if not database.exists():
        return [Finding(str(database), 1, "clang-tidy", "there is no compilation database; build first")]
    version = run([tool, "--version"], tree.root)[1]
    config = (tree.root / ".clang-tidy").read_text()
    banned = next((file.text for file in tree.c_files if file.path.endswith("base/banned.h")), "")
    files = {file.path: file for file in tree.c_files}
    cache.mkdir(parents=True, exist_ok=True)
    forget_unused(cache)

    def examine(entry: dict[str, str]) -> list[Finding]:
        path = os.path.relpath((Path(entry["directory"]) / entry["file"]).resolve(), tree.root.resolve())
        if path not in files:
            return []
        parts = [part for file in included(tree, files[path]) for part in (file.path, file.text)]
        # the same for every checkout
        command = entry.get("command", "").replace(str(tree.root.resolve()), ".")
        clean = cache / digest([version, config, banned, command, *parts])
        if clean.exists():
            clean.touch()
            return []
        code, output = run([tool, "--quiet", "--warnings-as-errors=*", "--extra-arg=-Wno-unknown-warning-option", "-p",
                            database.parent, path], tree.root)
        found = places(tree.root, "clang-tidy", output, r"^(?:warning|error|fatal error):", Path(entry["directory"]))
        if code == 0 and not found:
            clean.touch()
        return told(code, found, "clang-tidy", output)

    with ThreadPoolExecutor(2) as pool:
        results = pool.map(examine, json.loads(database.read_text()))
        return sorted({finding for found in results for finding in found})


def check_cppcheck(tree: Tree, cache: Path) -> list[Finding]:
    files = [file.path for file in tree.product if file.path.endswith(".c")]
    if not files:
        return []
    cache.mkdir(parents=True, exist_ok=True)
    code, output = run([need("cppcheck"), "--enable=warning,performance,portability", "--inline-suppr", "--error-exitcode=1",
                        "--std=c11", "-D_GNU_SOURCE", "-D__GNUC__=12", '-DFOPS_VERSION="0"', "-I", "include", "-j", "2", "--quiet",
                        f"--cppcheck-build-dir={cache}", "--suppress=missingIncludeSystem", "--template={file}:{line}: {severity}: {id}: {message}",
                        *files], tree.root)
    return told(code, places(tree.root, "cppcheck", output), "cppcheck", output)


def check_shell(tree: Tree) -> list[Finding]:
    scripts = [*tree.scripts("(?:ba|da|k)?sh"),
               *(path for path, text in tree.texts.items() if re.match(r"#.*\bshellcheck shell=", text))]
    if not scripts:
        return []
    code, output = run([need("shellcheck"), "--format=gcc", "--external-sources", *scripts], tree.root)
    return told(code, places(tree.root, "shellcheck", output), "shellcheck", output)


def check_manual(tree: Tree) -> list[Finding]:
    pages = [path for path in tree.files if re.fullmatch(r"man/[^/]+\.[1-9]", path)]
    if not pages:
        return []
    code, output = run([need("mandoc"), "-T", "lint", "-W", "warning", *pages], tree.root)
    return told(code, places(tree.root, "mandoc", output), "mandoc", output)


def check_python(tree: Tree) -> list[Finding]:
    found = []
    paths = {path for path in tree.texts if path.endswith(".py")} | set(tree.scripts(r"python3?(?:\.\d+)?"))
    for path in sorted(paths):
        try:
            ast.parse(tree.texts[path], path)
        except SyntaxError as error:
            found.append(Finding(path, error.lineno or 1, "python", error.msg))
    return found
