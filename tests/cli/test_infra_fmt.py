"""infra fmt: what is written says the same, keeps every comment, and is written once."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT, Runner

pytestmark = pytest.mark.static

FIXTURES = ROOT / "tests/fixtures"
SEEDS = range(120)
UGLY = """\
# the board
kind: Endpoint   # a kind
apiVersion: 'fractalops/v1'
spec:
    plane: "board"
    # its name
    id: board
    auth: {mode: none}
    executorUrl: https://board.example.net
"""
NEAT = """\
# the board
apiVersion: fractalops/v1
kind: Endpoint # a kind
spec:
  # its name
  id: board
  plane: board
  auth: {mode: none}
  executorUrl: https://board.example.net
"""
ANCHORED = "apiVersion: fractalops/v1\nkind: Endpoint\nspec: &a {id:   x}\n"


def formatted(fops: Runner, text: str | bytes) -> str:
    return fops("infra", "fmt", "-", stdin=text).check().out


def comments(text: str) -> list[str]:
    """Of texts without # inside values."""
    return sorted(found.rstrip() for found in re.findall(r"(?:^|(?<=[ \n]))#[^\n]*", text))


def documents(text: str | bytes) -> list[Any]:
    return list(yaml.safe_load_all(text))


class Author:
    """Writes documents as different people do: any order, indentation, quotes, brackets, comments and empty lines."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.number = 0

    def comment(self) -> str:
        self.number += 1
        return f"#{self.random.choice(['', ' '])}note {self.number}"

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def text(self) -> str:
        words = ["a", "board", "https://x.example.net:8443/a?b=c", "yes", "1.3", "012", "10.0.0.1", "", "a: b", "it's", '"x"',
                 "tab\there", "two\nlines\n", "é ü", "a, b", "[x]", "null", "~", "-", "- a", "0x1F", "2026-01-01", "a'b\"c\\d", "x:",
                 "%a", "@b", "`c", "!d", "&e", "*f", "|", ">", "?", "12:30:00", " lead", "trail ", "{{ t }}", "1e3", ".5", "=", "<<"]
        return self.random.choice(words)

    def plain_ok(self, text: str, flow: bool) -> bool:
        """Does PyYAML read it back as it is, and the strict reader as well?"""
        if not text or set(text) & set("#\n") or text != text.strip() or (flow and set(text) & set(",[]{}?")):
            return False
        # what is refused unquoted because readers disagree
        if text.startswith(("1e3", "-", "=")):
            return False
        try:
            return yaml.safe_load(f"[{text}]" if flow else f"a: {text}") == ([text] if flow else {"a": text})
        except yaml.YAMLError:
            return False

    def scalar(self, value: Any, flow: bool) -> str:
        if not isinstance(value, str):
            return json.dumps(value)
        styles = ['"']
        if self.plain_ok(value, flow):
            styles += ["", ""]
        if not set(value) & set("\n\t"):
            styles.append("'")
        style = self.random.choice(styles)
        if style == '"':
            return json.dumps(value, ensure_ascii=self.chance(0.5))
        return value if style == "" else "'" + value.replace("'", "''") + "'"

    def flow(self, value: Any) -> str:
        blank = self.random.choice(["", " "])
        if isinstance(value, dict):
            return "{" + blank + ", ".join(f"{self.scalar(k, True)}: {self.flow(v)}" for k, v in value.items()) + blank + "}"
        if isinstance(value, list):
            return "[" + blank + f",{blank}".join(map(self.flow, value)) + blank + "]"
        return self.scalar(value, True)

    def above(self, indent: int) -> list[str]:
        lines = [""] * self.random.choice([0, 0, 0, 0, 1, 3])
        if self.chance(0.15):
            lines += [" " * (indent if self.chance(0.8) else self.random.randrange(9)) + self.comment()]
        return lines

    def tail(self) -> str:
        return self.random.choice([" ", "   "]) + self.comment() if self.chance(0.15) else " " * self.random.choice([0, 0, 0, 2])

    def entry(self, head: str, value: Any, indent: int, step: int) -> list[str]:
        if isinstance(value, str) and value.endswith("\n") and not value.startswith(" ") and "\t" not in value and self.chance(0.6):
            inner = " " * (indent + step)
            return [f"{head} |{self.tail()}", *(inner + line if line else "" for line in value[:-1].split("\n"))]
        if not isinstance(value, (dict, list)) or not value or self.chance(0.25):
            return [f"{head} {self.flow(value)}{self.tail()}"]
        if head.endswith("-") and self.chance(0.5):
            lines = self.block(value, indent + 2)
            if lines[0].strip() and not lines[0].strip().startswith("#"):
                return [f"{head} {lines[0].lstrip()}", *lines[1:]]
            return [head, *lines]
        inner = indent if isinstance(value, list) and head.endswith(":") and self.chance(0.5) else indent + step
        return [f"{head}{self.tail()}", *self.block(value, inner)]

    def block(self, value: Any, indent: int) -> list[str]:
        lines: list[str] = []
        step = self.random.choice([1, 2, 4])
        for item in value.items() if isinstance(value, dict) else enumerate(value):
            lines += self.above(indent)
            head = "-" if isinstance(value, list) else f"{self.scalar(item[0], False)}:"
            lines += self.entry(" " * indent + head, item[1], indent, step)
        if self.chance(0.1):
            lines.append(" " * indent + self.comment())
        return lines

    def value(self, depth: int) -> Any:
        kind = self.random.random()
        if depth > 3 or kind < 0.5:
            return self.text()
        if kind < 0.6:
            return self.random.choice([1, -7, 2.5, True, False, None])
        if kind < 0.8:
            return [self.value(depth + 1) for _ in range(self.random.randrange(4))]
        return {self.text() + str(number): self.value(depth + 1) for number in range(self.random.randrange(4))}

    def members(self, names: list[str]) -> dict[str, Any]:
        chosen = [name for name in names if self.chance(0.5)] + [f"own{number}" for number in range(self.random.randrange(3))]
        self.random.shuffle(chosen)
        return {name: self.value(0) for name in chosen}

    def document(self) -> str:
        kind = self.random.choice(["Endpoint", "RuntimeAsset", "Stack"])
        spec = self.members(["id", "plane", "auth", "health", "executorUrl", "publicUrl", "tls", "labels", "role", "kind", "lxc", "owner",
                             "name", "endpoints"])
        for name, part in {"auth": ["secretRef", "mode", "tokenFile"], "tls": ["pin", "ca"], "health": ["path", "method", "expect"]}.items():
            if name in spec and self.chance(0.8):
                spec[name] = self.members(part)
        members = [("spec", spec), ("kind", kind), ("apiVersion", "fractalops/v1")]
        self.random.shuffle(members)
        lines = []
        for name, value in members:
            lines += self.above(0)
            lines += self.entry(f"{name}:", value, 0, self.random.choice([1, 2, 4]))
        return "\n".join(lines) + "\n"

    def stream(self) -> str:
        return "---\n".join(self.document() for _ in range(self.random.randrange(1, 5)))


@pytest.mark.parametrize("seed", SEEDS)
def test_generated_documents_stay_what_they_are(fops: Runner, seed: int) -> None:
    before = Author(seed).stream()
    after = formatted(fops, before)
    assert documents(after) == documents(before)
    assert comments(after) == comments(before)
    assert formatted(fops, after) == after
    assert not re.search(r"[ \t]\n", re.sub(r"\|[+-]?\n(?: +.*\n|\n)*", "", after))
    assert "\n\n\n" not in after


def test_most_generated_documents_are_changed_and_none_is_left(fops: Runner) -> None:
    """Without this the test above could pass because nothing is ever written."""
    changed = left = 0
    for seed in SEEDS:
        before = Author(seed).stream()
        result = fops("infra", "fmt", "-", stdin=before)
        changed += result.check().out != before
        left += result.err.count("left as it is")
    assert changed > len(SEEDS) * 0.9
    assert left == 0


FILES = sorted(path for folder in ("bad-yaml/contract", "topology", "machines") for path in (FIXTURES / folder).rglob("*.y*ml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FIXTURES)))
def test_fixtures_stay_what_they_are(fops: Runner, path: Path) -> None:
    before = path.read_text()
    result = fops("infra", "fmt", "-", stdin=before)
    if result.code == 65:
        assert result.stdout == b""
        return
    after = result.check().out
    if "left as it is" not in result.err:
        assert comments(after) == comments(before)
    assert formatted(fops, after) == after
    # the program says the same of both, but for the places
    judged = []
    for name, text in (("before", before), ("after", after)):
        copy = fops.home / name / "a.yaml"
        copy.parent.mkdir()
        copy.write_text(text)
        verdict = fops("infra", "validate", "a.yaml", "-o", "json", cwd=copy.parent)
        judged.append((verdict.code, sorted((item["path"] or "", item["message"]) for item in verdict.json()["items"])))
    assert [re.sub(r"a\.yaml:\d+", "", str(one)) for one in judged[:1]] == [re.sub(r"a\.yaml:\d+", "", str(one)) for one in judged[1:]]


def test_what_the_program_prints_is_in_form(fops: Runner) -> None:
    source = ROOT / "tests/cli/fixtures/kubeconfig"
    printed = fops("infra", "import-kubeconfig", str(source)).check().out
    assert formatted(fops, printed) == printed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "topology"
    made.mkdir()
    (made / "ugly.yaml").write_text(UGLY)
    (made / "neat.yaml").write_text(NEAT.replace("id: board", "id: other"))
    (made / "plain.json").write_text("[ ]")
    return made


def listed(fops: Runner, *words: str | Path, code: int = 0) -> dict[str, str]:
    answer = fops("infra", "fmt", *words, "-o", "json").check(code).json()
    return {Path(item["file"]).name: item["state"] for item in answer["items"]}


def test_writes_what_is_out_of_form_and_nothing_else(fops: Runner, folder: Path) -> None:
    (folder / "ugly.yaml").chmod(0o640)
    untouched = [(folder / name).stat() for name in ("neat.yaml", "plain.json")]
    assert listed(fops, folder) == {"ugly.yaml": "formatted"}
    assert (folder / "ugly.yaml").read_text() == NEAT
    assert (folder / "ugly.yaml").stat().st_mode & 0o7777 == 0o640
    assert [(folder / name).stat() for name in ("neat.yaml", "plain.json")] == untouched
    was = (folder / "ugly.yaml").stat()
    assert listed(fops, folder) == {}
    assert (folder / "ugly.yaml").stat() == was
    assert sorted(path.name for path in folder.iterdir()) == ["neat.yaml", "plain.json", "ugly.yaml"]


def test_check_lists_and_writes_nothing(fops: Runner, folder: Path) -> None:
    assert listed(fops, folder, "--check", code=12) == {"ugly.yaml": "unformatted"}
    assert (folder / "ugly.yaml").read_text() == UGLY
    assert fops("infra", "fmt", "--check", "-q", folder).check(12).out == f"{folder}/ugly.yaml\n"
    fops("infra", "fmt", "--check", "--ok-on", "check-failed", folder).check(0)
    fops("infra", "fmt", "--check", folder / "neat.yaml").check(0)


def test_diff_is_one_that_patch_takes(fops: Runner, folder: Path) -> None:
    diff = fops("infra", "fmt", "--diff", "ugly.yaml", cwd=folder).check().stdout
    assert (folder / "ugly.yaml").read_text() == UGLY
    subprocess.run(["patch", "-s", "-p0"], input=diff, cwd=folder, check=True)
    assert (folder / "ugly.yaml").read_text() == NEAT
    assert fops("infra", "fmt", "--diff", "ugly.yaml", cwd=folder).check().stdout == b""


def test_diff_of_many_documents_is_what_diff_says(fops: Runner, tmp_path: Path) -> None:
    before = tmp_path / "before.yaml"
    before.write_text("".join(f"{UGLY.replace('id: board', f'id: b{number}')}---\n{NEAT}---\n" for number in range(200)))
    diff = fops("infra", "fmt", "--diff", before).check().out
    copy = tmp_path / "after.yaml"
    copy.write_text(before.read_text())
    subprocess.run(["patch", "-s", copy], input=diff.encode(), check=True)
    assert copy.read_text() == formatted(fops, before.read_bytes())


def test_diff_and_check_together(fops: Runner, folder: Path) -> None:
    result = fops("infra", "fmt", "--check", "--diff", "-o", "json", folder).check(12)
    assert result.json()["items"][0]["diff"].startswith("--- ")


def test_links_are_followed_to_their_file_and_never_out_of_the_folder(fops: Runner, folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text(UGLY)
    (folder / "ugly.yaml").rename(folder / "zz.txt")
    (folder / "inside.yaml").symlink_to("zz.txt")
    (folder / "out.yaml").symlink_to("../outside.yaml")
    result = fops("infra", "fmt", folder).check(65)
    assert "out.yaml: the symbolic link leaves the topology's folder" in result.err
    assert outside.read_text() == UGLY
    assert (folder / "inside.yaml").is_symlink()
    assert (folder / "zz.txt").read_text() == NEAT


def test_file_with_a_broken_syntax_is_left_and_the_others_are_written(fops: Runner, folder: Path) -> None:
    (folder / "broken.yaml").write_text("a: [b\n")
    result = fops("infra", "fmt", folder, "-o", "json").check(65)
    assert [Path(item["file"]).name for item in result.json()["items"]] == ["ugly.yaml"]
    error = json.loads(result.stderr)
    assert error["code"] == "contract.invalid"
    assert error["effect"] == "1 other file was written"
    assert [Path(finding["file"]).name for finding in error["findings"]] == ["broken.yaml"]
    assert (folder / "broken.yaml").read_text() == "a: [b\n"
    assert (folder / "ugly.yaml").read_text() == NEAT


def test_document_without_a_canonical_form_stays_and_a_warning_says_so(fops: Runner, folder: Path) -> None:
    (folder / "ugly.yaml").write_text(f"{UGLY}---\n{ANCHORED}")
    result = fops("infra", "fmt", folder, "-o", "json").check()
    assert (folder / "ugly.yaml").read_text() == f"{NEAT}---\n{ANCHORED}"
    assert result.json()["items"][0]["left"] == 1
    place = f"{folder}/ugly.yaml:10: "
    assert result.json()["warnings"] == [place + "the document is left as it is: it has an anchor, alias, tag or directive"]


def test_revisions_in_git_are_not_written(fops: Runner, folder: Path) -> None:
    result = fops("infra", "fmt", folder, "git+file:///srv/x.git?ref=main").check(2)
    assert "[usage.bad-value]" in result.err
    assert (folder / "ugly.yaml").read_text() == UGLY


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes into every folder")
def test_folder_that_cannot_be_written(fops: Runner, folder: Path) -> None:
    folder.chmod(0o500)
    result = fops("infra", "fmt", folder).check(73)
    assert "[io.cannot-create]" in result.err


def test_what_is_no_regular_file_is_refused(fops: Runner, tmp_path: Path) -> None:
    result = fops("infra", "fmt", "/dev/null").check(74)
    assert "no regular file" in result.err


def test_topology_of_the_call_without_a_path(fops: Runner, folder: Path) -> None:
    assert "needs a PATH" in fops("infra", "fmt").check(2).err
    assert listed(fops, "--topology", folder, "--check", code=12) == {"ugly.yaml": "unformatted"}
