"""Each rule against a small tree that breaks it, and one that does not: a rule that never fails proves nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from rules import adapters, binaries, calls, declarations, headers, lengths, presence, rooms, texts, tools
from rules.tree import Finding, Tree

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ARROWS = rooms.read_arrows(HERE / "rooms.txt")


def grow(root: Path, files: dict[str, str]) -> Tree:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return Tree(root)


def spots(found: list[Finding]) -> list[tuple[str, int, str]]:
    return sorted((finding.path, finding.line, finding.rule) for finding in found)


def test_a_finding_names_file_line_and_rule() -> None:
    assert str(Finding("src/a.c", 3, "rooms", "why")) == "src/a.c:3: rooms: why"


@pytest.mark.parametrize("text", ['"qm"', '"/usr/sbin/qm"', '"pct"', '"kubectl exec pod"', '"kube"\n"ctl"'])
def test_adapters_alone_name_machine_tools(tmp_path: Path, text: str) -> None:
    tree = grow(tmp_path, {
        "src/asset/lxc.c": f"const char *tool = {text};\n", "subcommands/stacks/stacks.c": f"\nconst char *tool = {text};\n",
        "src/cli/help.c": '/* "qm" */\nconst char *text = "a machine of qm";\n',
    })
    assert spots(adapters.check(tree)) == [("subcommands/stacks/stacks.c", 2, "adapters")]


@pytest.mark.parametrize("text", ['"sh"', '"/bin/sh"', '"/usr/bin/bash"', '"sh -c reboot"'])
def test_adapters_alone_start_shells(tmp_path: Path, text: str) -> None:
    tree = grow(tmp_path, {
        "src/flow/exec.c": f'#include "fops/base/process.h"\nconst char *shell = {text};\n',
        "src/asset/ssh.c": f'#include "fops/base/process.h"\nconst char *shell = {text};\n',
        "subcommands/completion/completion.c": 'const char *shell = "bash";\n',
    })
    assert spots(adapters.check(tree)) == [("src/flow/exec.c", 2, "adapters")]


def test_rooms(tmp_path: Path) -> None:
    tree = grow(tmp_path, {
        "include/fops/base/a.h": "", "include/fops/net/n.h": "", "include/fops/asset/s.h": "", "src/net/private.h": "",
        "src/base/a.c": '#include "fops/base/a.h"\n\n#include "fops/net/n.h"\n',
        "src/net/n.c": '#include "private.h"\n#include <stdio.h>\n#include "fops/base/a.h"\n/*\n#include "fops/asset/s.h"\n*/\n',
        "src/asset/s.c": '#include "fops/net/n.h"\n#include "../net/private.h"\n',
        "src/main.c": '#include "fops/asset/s.h"\n#include "root.h"\n#include "missing.h"\n',
        "src/attic/x.c": "",
        "subcommands/root.h": "", "subcommands/shared.h": "", "subcommands/one/one.h": "", "subcommands/two/two.h": "",
        "subcommands/root.c": '#include "one/one.h"\n#include "two/two.h"\n',
        "subcommands/one/one_list.c": '#include "one.h"\n#include "../shared.h"\n#include "../two/two.h"\n#include "../root.h"\n'
                                      '#include "fops/net/n.h"\n',
    })
    assert spots(rooms.check(tree, ARROWS)) == [
        ("src/asset/s.c", 2, "rooms"), ("src/attic/x.c", 1, "rooms"), ("src/base/a.c", 3, "rooms"), ("src/main.c", 3, "rooms"),
        ("subcommands/one/one_list.c", 3, "rooms"), ("subcommands/one/one_list.c", 4, "rooms"),
        ("subcommands/one/one_list.c", 5, "rooms"),
    ]


def test_third_party_headers(tmp_path: Path) -> None:
    tree = grow(tmp_path, {
        "src/data/yaml.c": "#include <yaml.h>\n", "src/data/digest.c": "#include <openssl/evp.h>\n#include <openssl/sha.h>\n",
        "src/net/http.c": "#include <curl/curl.h>\n#include <openssl/ssl.h>\n", "src/net/other.c": "\n#include <curl/multi.h>\n",
    })
    assert spots(headers.check_libraries(tree)) == [("src/net/http.c", 1, "one-includer"), ("src/net/other.c", 2, "one-includer")]


def test_carriers_of_a_library(tmp_path: Path) -> None:
    line = '#include "http_easy.h"\n'
    tree = grow(tmp_path, {path: line for path in ("src/net/http_easy.c", "src/net/http_transfer.c", "src/net/http.c", "src/asset/a.c")})
    assert spots(headers.check_carriers(tree)) == [("src/asset/a.c", 1, "one-includer"), ("src/net/http.c", 1, "one-includer")]


def test_process_users(tmp_path: Path) -> None:
    line = '\n#include "fops/base/process.h"\n'
    tree = grow(tmp_path, {path: line for path in ("src/asset/a.c", "src/cli/pager.c", "src/cli/extension.c", "src/base/process.c",
                                                   "src/cli/help.c", "subcommands/x/x.c")})
    assert spots(headers.check_process(tree)) == [("src/cli/help.c", 2, "process"), ("subcommands/x/x.c", 2, "process")]


def test_secret_users(tmp_path: Path) -> None:
    tree = grow(tmp_path, {path: "/* secret_expose */\nint a = secret_expose(b);\n" for path in (
        "src/net/http.c", "src/net/http_request.c", "src/net/secret.c", "src/asset/request.c", "src/net/url.c", "src/cli/output.c")})
    assert spots(headers.check_secrets(tree)) == [("src/cli/output.c", 2, "secret"), ("src/net/url.c", 2, "secret")]


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_headers_alone(tmp_path: Path, compiler: str) -> None:
    guard = "#ifndef A\n#define A\n{}\n#endif\n"
    tree = grow(tmp_path, {
        "include/fops/base/good.h": guard.format("#include <stddef.h>\nsize_t good(void);"),
        "include/fops/base/needy.h": guard.format("size_t needy(void);"),
        "include/fops/base/unguarded.h": "struct twice {\n\tint a;\n};\n",
        "include/fops/base/rows.h": "/* The rows; include with ROW defined. */\nROW(a)\n",
    })
    assert spots(headers.check_alone(tree, compiler)) == [
        ("include/fops/base/needy.h", 3, "alone"), ("include/fops/base/unguarded.h", 1, "alone")]


@pytest.mark.parametrize(("line", "path", "good"), [
    ("setenv(a, b, 1);", "src/base/file.c", False),
    ("unsetenv(a);", "src/base/process.c", True),
    ("gmtime_r(&a, &b);", "src/base/clock.c", True),
    ("gmtime(&a);", "src/base/clock.c", False),
    ("strerror(errno);", "src/base/file.c", False),
    ("strerror(errno);", "src/base/error.c", True),
    ('printf("x");', "src/data/emit.c", False),
    ('printf("x");', "src/cli/output.c", True),
    ('snprintf(a, 1, "x");', "src/data/emit.c", True),
    ("exit(1);", "src/cli/report.c", False),
    ("exit (1);", "src/main.c", True),
    ("on_exit_of(1);", "src/cli/report.c", True),
    ("driver->exec(a);", "src/asset/run.c", True),
    ("driver.fork(a);", "src/asset/run.c", True),
    ("execvp(a, b);", "src/asset/run.c", False),
    ("if (fork() == 0)", "src/cli/pager.c", False),
    ("posix_spawnp(a);", "src/base/process.c", True),
    ("static_assert(1);", "src/base/text.c", True),
    ("assert(a);", "src/base/text.c", False),
    ('text = "system(x)"; /* popen(y) */', "src/base/text.c", True),
])
def test_banned_calls(tmp_path: Path, line: str, path: str, good: bool) -> None:
    tree = grow(tmp_path, {path: f"void f(void)\n{{\n\t{line}\n}}\n"})
    assert spots(calls.check(tree)) == ([] if good else [(path, 3, "banned-call")])


def test_lengths(tmp_path: Path) -> None:
    def function(name: str, lines: int) -> str:
        return f"static int {name}(int a,\n\t\tint b)\n{{\n" + "\ta++;\n" * (lines - 4) + "}\n\n"

    tree = grow(tmp_path, {
        "src/base/a.c": function("fits", 60) + function("long_one", 61),
        "src/base/b.c": "int a;\n" * 601,
        "src/base/c.c": "int a;\n" * 600,
    })
    assert spots(lengths.check(tree, "", "list")) == [("src/base/a.c", 62, "length"), ("src/base/b.c", 601, "length")]
    assert spots(lengths.check(tree, "src/base/a.c:long_one\nsrc/base/b.c\n", "list")) == []
    assert spots(lengths.check(tree, "src/base/b.c\nsrc/base/a.c:long_one\nsrc/base/c.c\n", "list")) == [
        ("list", 2, "length"), ("list", 3, "length")]
    assert lengths.list_long(tree) == ["src/base/b.c: 601 lines", "src/base/c.c: 600 lines"]


def test_public_functions(tmp_path: Path) -> None:
    tree = grow(tmp_path, {
        "include/fops/base/a.h": '#define MACRO(a) \\\n\tcall(a)\n/* Two. */\nint first(void);\nint second(int (*with)(int),\n\t   int b);\n\n'
                                 "struct pair {\n\tint (*member)(void);\n};\ntypedef int callback(void);\n\n"
                                 "int bare(void);\n\n/* Lost. */\nint lost(void) __attribute__((malloc));\n\n/* Idle. */\nint idle(void);\n",
        "src/base/a.c": "int first(void)\n{\n}\n\nint second(int (*with)(int), int b)\n{\n}\n\nint bare(void)\n{\n}\n\nint idle(void)\n{\n"
                        "\tidle();\n}\n",
        "src/cli/b.c": "void f(void)\n{\n\tfirst();\n\tsecond(0, 1);\n\tbare();\n}\n",
    })
    assert spots(declarations.check(tree)) == [
        ("include/fops/base/a.h", 13, "documented"), ("include/fops/base/a.h", 16, "defined"), ("include/fops/base/a.h", 19, "used")]


def test_texts_once(tmp_path: Path) -> None:
    text = "a sentence that is long enough to be worth keeping in one place"
    tree = grow(tmp_path, {
        "src/base/a.c": f'const char *a = "{text}";\nconst char *b = "{text}";\n/* "{text}" */\n',
        "src/base/b.c": f'const char *a =\n\t"{text[:20]}"\n\t"{text[20:]}";\nconst char *b = "short";\n',
        "src/base/c.c": 'const char *b = "short";\n',
    })
    assert spots(texts.check_duplicates(tree)) == [("src/base/b.c", 2, "text-once")]


@pytest.mark.parametrize(("line", "good"), [
    ("TO" "DO: later", False), ("to do later", True), ("mkostemp XXXXXX", True), ("a st" "ub of it", False), ("HACKING.md", True),
    ("see /wo" "rk/main", False), ("homework/main", True), ("made by Cla" "ude", False), ("https://py" "pi.org/simple", False),
    ("examp" "le.org", True),
])
def test_words(tmp_path: Path, line: str, good: bool) -> None:
    tree = grow(tmp_path, {"README.md": f"# x\n\n{line}\n"})
    assert spots(texts.check_words(tree)) == ([] if good else [("README.md", 3, "words")])


def test_words_of_this_machine(tmp_path: Path) -> None:
    tree = grow(tmp_path, {"notes": f"\nbuilt in {tmp_path}/build\n"})
    assert spots(texts.check_words(tree)) == [("notes", 2, "words")]


def test_documents(tmp_path: Path) -> None:
    tree = grow(tmp_path, {"README.md": "x", "HACKING.md": "x", "CHANGELOG.md": "\n"})
    assert spots(presence.check_documents(tree)) == [("CHANGELOG.md", 1, "documents"), ("LICENSE", 1, "documents")]


def test_listed_and_collected(tmp_path: Path) -> None:
    tree = grow(tmp_path, {
        "tests/unit/base/meson.build": "foreach module : ['arena', 'text']\nendforeach\n",
        "tests/unit/base/arena_test.c": "", "tests/unit/base/lost_test.c": "",
        "tests/cli/test_a.py": "\ndef test_a():\n    pass\n", "tests/cli/help.py": "\n\ndef test_b():\n    pass\n",
        "tests/other/test_c.py": "def test_c():\n    pass\n", "tests/cli/test_empty.py": "", "tests/cli/words.py": "WORDS = 1\n",
    })
    assert spots(presence.check_unit_tests(tree)) == [("tests/unit/base/lost_test.c", 1, "listed")]
    assert spots(presence.check_python_tests(tree)) == [
        ("tests/cli/help.py", 3, "collected"), ("tests/cli/test_empty.py", 1, "collected"), ("tests/other/test_c.py", 1, "collected")]


def try_tool(call: object, *arguments: object) -> list[tuple[str, int, str]]:
    try:
        return spots(call(*arguments))  # type: ignore[operator]
    except tools.ToolMissing as reason:
        pytest.skip(str(reason))


def test_clang_format(tmp_path: Path) -> None:
    tree = grow(tmp_path, {".clang-format": (ROOT / ".clang-format").read_text(), "src/base/good.c": "int a;\n",
                           "src/base/bad.c": "int a;\nint  b;\n"})
    assert try_tool(tools.check_format, tree) == [("src/base/bad.c", 2, "clang-format")]


def test_clang_tidy(tmp_path: Path) -> None:
    bad = "int pick(int a);\n\nint pick(int a)\n{\n\tif (a = 1)\n\t\treturn 2;\n\treturn 3;\n}\n"
    good = bad.replace("a = 1", "a == 1")
    tree = grow(tmp_path, {".clang-tidy": (ROOT / ".clang-tidy").read_text(), "src/a.c": bad, "src/b.c": good})
    entries = ", ".join(f'{{"directory": "{tmp_path}/build", "file": "../src/{name}.c", "command": "cc -c -Wall ../src/{name}.c"}}'
                        for name in "ab")
    database = tmp_path / "build/compile_commands.json"
    grow(tmp_path, {"build/compile_commands.json": f"[{entries}]"})
    cache = tmp_path / "build/cache"
    assert {(path, line) for path, line, _ in try_tool(tools.check_clang_tidy, tree, database, cache)} == {("src/a.c", 5)}
    assert len(list(cache.iterdir())) == 1, "only the clean file is remembered"
    assert spots(tools.check_clang_tidy(tree, database, cache))
    (tmp_path / "src/a.c").write_text(good)
    assert tools.check_clang_tidy(Tree(tmp_path), database, cache) == []
    (tmp_path / "src/b.c").write_text(bad)
    assert {finding.path for finding in tools.check_clang_tidy(Tree(tmp_path), database, cache)} == {"src/b.c"}


def test_cppcheck(tmp_path: Path) -> None:
    tree = grow(tmp_path, {"src/base/a.c": "int f(void)\n{\n\tint a[2];\n\n\ta[2] = 1;\n\treturn a[0];\n}\n", "src/base/b.c": "int b;\n"})
    assert ("src/base/a.c", 5, "cppcheck") in try_tool(tools.check_cppcheck, tree, tmp_path / "cache")


def test_shellcheck(tmp_path: Path) -> None:
    tree = grow(tmp_path, {"tool": "#!/bin/sh\nset -eu\nrm -rf $1\n", "other": "#!/usr/bin/env bash\necho \"$1\"\n", "text": "rm $1\n"})
    assert try_tool(tools.check_shell, tree) == [("tool", 3, "shellcheck")]


def test_mandoc(tmp_path: Path) -> None:
    page = '.TH X 1 "January 1, 2026"\n.SH NAME\nx \\- y\n{}'
    tree = grow(tmp_path, {"man/good.1": page.format(""), "man/bad.1": page.format(".XX unknown\n")})
    assert {path for path, _, _ in try_tool(tools.check_manual, tree)} == {"man/bad.1"}


def test_python_syntax(tmp_path: Path) -> None:
    tree = grow(tmp_path, {"a.py": "x = 1\n", "b.py": "x = 1\ny = (\n", "script": "#!/usr/bin/env python3\nif:\n"})
    assert spots(tools.check_python(tree)) == [("b.py", 2, "python"), ("script", 2, "python")]


def compile_c(tmp_path: Path, *options: str) -> None:
    subprocess.run(["gcc", *options], cwd=tmp_path, check=True)


def test_global_state(tmp_path: Path) -> None:
    tree = grow(tmp_path, {"src/net/a.c": "static const char *const fixed[] = { \"a\" };\nstatic int count;\nint shared = 3;\n"
                                          "static const char *moving[] = { \"b\" };\nconst char *f(int i)\n{\n\tstatic int calls;\n\n"
                                          "\tcalls++;\n\tcount++;\n\treturn i ? fixed[calls] : moving[count];\n}\n"})
    compile_c(tmp_path, "-c", "-fPIE", "-fdata-sections", "src/net/a.c", "-o", "a.c.o")
    subprocess.run(["ar", "rcs", "libnet.a", "a.c.o"], cwd=tmp_path, check=True)
    assert spots(binaries.check_state(tree, [tmp_path / "libnet.a"])) == [
        ("src/net/a.c", 2, "no-state"), ("src/net/a.c", 3, "no-state"), ("src/net/a.c", 4, "no-state"), ("src/net/a.c", 7, "no-state")]


def test_binaries(tmp_path: Path) -> None:
    grow(tmp_path, {"a.c": "int main(void)\n{\n\tvolatile char text[64] = { 0 };\n\n\treturn text[3];\n}\n"})
    compile_c(tmp_path, "-no-pie", "-fno-stack-protector", "-Wl,-z,norelro", "-Wl,-z,lazy", "-Wl,-z,execstack", "a.c", "-o", "soft")
    compile_c(tmp_path, "-fPIE", "-pie", "-fstack-protector-all", "-Wl,-z,relro,-z,now,-z,noexecstack", "a.c", "-o", "hard")
    compile_c(tmp_path, "-static", "a.c", "-o", "static")
    assert len(binaries.check_hardening(tmp_path / "soft", "soft")) == 5
    assert binaries.check_hardening(tmp_path / "hard", "hard") == []
    assert len(binaries.check_static(tmp_path / "hard", "hard")) == 3
    assert binaries.check_static(tmp_path / "static", "static") == []


def test_every_rule_of_the_tree_ends_in_this_file() -> None:
    """A rule without a test that breaks it is no rule yet."""
    text = Path(__file__).read_text()
    for module in (binaries, calls, declarations, headers, lengths, presence, rooms, texts, tools):
        for name in vars(module):
            if name == "check" or name.startswith("check_"):
                assert f"{module.__name__.split('.')[-1]}.{name}" in text, f"{module.__name__}.{name}"


SUMMARY = [sys.executable, ROOT / "tests/summary"]


def summarize(*arguments: str | Path) -> tuple[int, list[str]]:
    done = subprocess.run([*SUMMARY, *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.splitlines()


def test_the_summary_counts_every_kind_of_end(tmp_path: Path) -> None:
    grow(tmp_path, {
        "good.xml": '<testsuites><testsuite name="a"><testcase name="x" time="1.5"/><testcase name="y"/></testsuite></testsuites>',
        "bad.xml": '<testsuite name="b"><testcase classname="c" name="x"><failure message="why"/></testcase><testcase name="y">'
                   '<error message="crash"/></testcase><testcase name="z"><skipped message="no tool"/></testcase></testsuite>',
        "empty.xml": "<testsuites/>", "torn.xml": "<testsuites>",
    })
    assert summarize(tmp_path / "good.xml") == (0, summarize(tmp_path / "good.xml")[1])
    assert summarize(tmp_path / "good.xml")[1][-1] == "2 passed, 0 failed, 0 skipped"
    code, lines = summarize(*sorted(tmp_path.glob("*.xml")), "--expect", "good", "--expect", "lost")
    assert (code, lines[-1]) == (1, "2 passed, 5 failed, 1 skipped")
    assert "  bad: c::x: why" in lines and "  lost: lost: the suite left no result file" in lines and "  1 x no tool" in lines
    assert summarize()[1][-1] == "0 passed, 1 failed, 0 skipped"
