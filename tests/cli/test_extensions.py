"""Extensions: found in listed folders only, never in place of a built-in, and left alone once started."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest
from commands import COMMANDS
from conftest import Runner

pytestmark = pytest.mark.static

TELLER = '#!/bin/sh\nprintf "%s|" "$0" "$#" "$@"\nprintf "\\n"\nenv | grep ^FOPS_ | sort\n'


def install(folder: Path, name: str, text: str = TELLER, mode: int = 0o755) -> Path:
    path = folder / f"fops-{name}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.fixture
def own(fops: Runner) -> Path:
    """The folder that is searched when none is listed."""
    return fops.home / ".local/share/fops/extensions"


def configure(runner: Runner, text: str) -> None:
    path = runner.home / ".config/fops/config"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def listed(runner: Runner) -> list[str]:
    return runner("extensions", "list", "-q").check().out.splitlines()


def test_words_arrive_as_they_are(fops: Runner, own: Path) -> None:
    path = install(own, "hello")
    words = ["", "a b", "--flag", "-o", "json", "--", "--help", "é", "*", "$HOME", "a'b"]
    result = fops("hello", *words).check()
    assert result.out == "|".join([str(path), str(len(words)), *words]) + "|\n"
    odd = fops("hello", b"\xff\x1b").check()
    assert odd.stdout == f"{path}|1|".encode() + b"\xff\x1b|\n"


@pytest.mark.parametrize(
    "flags",
    [
        ["-q"],
        ["--context", "lab"],
        ["--context=lab"],
        ["--topology", "hello"],
        ["-v", "--no-input"],
        ["--color", "never", "-qv"],
        ["--context", "lab", "--"],
    ],
)
def test_flags_before_the_name_are_the_program_s_own(fops: Runner, own: Path, flags: list[str]) -> None:
    configure(fops, "contexts: {lab: {}}\n")
    install(own, "hello")
    install(own, "lab", "#!/bin/sh\necho wrong\n")
    assert fops(*flags, "hello", "x").check().out.split("\n")[0].endswith("fops-hello|1|x|")


def test_context_comes_by_environment(fops: Runner, own: Path) -> None:
    configure(fops, "context: core\ncontexts: {core: {}, lab: {}}\n")
    install(own, "hello")
    assert "FOPS_CONTEXT=core\n" in fops("hello").check().out
    assert "FOPS_CONTEXT=lab\n" in fops("--context", "lab", "hello").check().out
    assert "FOPS_CONTEXT=lab\n" in fops("hello", env={"FOPS_CONTEXT": "lab"}).check().out


def test_deadline_comes_by_environment(fops: Runner, own: Path) -> None:
    install(own, "hello")
    assert "FOPS_DEADLINE_MS" not in fops("hello").check().out
    assert "FOPS_DEADLINE_MS=5000\n" in fops("--timeout", "5s", "hello").check().out


def test_token_is_not_passed_on(fops: Runner, own: Path) -> None:
    install(own, "hello")
    result = fops("hello", env={"FOPS_TOKEN": "canary-7f3a", "FOPS_OTHER": "kept"}).check()
    assert "canary-7f3a" not in result.out and "FOPS_TOKEN" not in result.out
    assert "FOPS_OTHER=kept\n" in result.out


@pytest.mark.parametrize("code", [0, 1, 2, 13, 42, 125, 255])
def test_exit_code_passes_through(fops: Runner, own: Path, code: int) -> None:
    install(own, "hello", f"#!/bin/sh\nexit {code}\n")
    result = fops("hello").check(code)
    assert (result.stdout, result.stderr) == (b"", b"")


def test_death_by_signal_passes_through(fops: Runner, own: Path) -> None:
    install(own, "hello", "#!/bin/sh\nkill -TERM $$\n")
    assert fops("hello").code == -signal.SIGTERM


def test_streams_are_the_same(fops: Runner, own: Path) -> None:
    install(own, "hello", "#!/bin/sh\ncat; echo told >&2\n")
    result = fops("hello", stdin=b"in\x00\xff").check()
    assert (result.stdout, result.stderr) == (b"in\x00\xff", b"told\n")


def test_broken_pipe_kills_it_as_usual(fops: Runner, own: Path) -> None:
    """fops ignores the signal for itself; what it starts must not inherit that."""
    install(own, "hello", "#!/bin/sh\nwhile :; do echo y; done\n")
    done = subprocess.run(
        ["bash", "-c", '"$1" hello | head -1; exit "${PIPESTATUS[0]}"', "bash", fops.binary],
        env=fops.environment,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (128 + signal.SIGPIPE, b"y\n", b"")


@pytest.mark.parametrize("name", [path for path in COMMANDS if " " not in path and not path.startswith("_")])
def test_built_in_is_never_shadowed(fops: Runner, own: Path, name: str) -> None:
    install(own, name, "#!/bin/sh\necho shadowed\n")
    result = fops(name, "--help").check()
    assert "shadowed" not in result.out
    assert listed(fops) == []


@pytest.mark.parametrize("name", ["cwd", "path"])
def test_working_folder_and_path_are_not_searched(fops: Runner, name: str) -> None:
    place = install(fops.home, "cwd").parent
    install(place / "bin", "path")
    result = fops(name, cwd=place, env={"PATH": f"{place}/bin:{place}:."}).check(2)
    assert "[usage.unknown-command]" in result.err


def test_listed_folders_replace_the_own_one(fops: Runner, own: Path, tmp_path: Path) -> None:
    install(own, "hello")
    first, second = tmp_path / "one", tmp_path / "two"
    install(first, "both", "#!/bin/sh\necho one\n")
    install(second, "both", "#!/bin/sh\necho two\n")
    install(second, "only", "#!/bin/sh\necho two\n")
    configure(fops, f"extensions: [{first}, {second}]\n")
    assert listed(fops) == ["both", "only"]
    assert fops("both").check().out == "one\n"
    fops("hello").check(2)
    paths = fops("extensions", "list", "-o", "tsv", "--no-headers", "--fields", "path").check().out.splitlines()
    assert paths == [str(first / "fops-both"), str(second / "fops-only")]


@pytest.mark.parametrize("name", ["plain", "folder", "Upper", "two words", "x;y", "", "-dash", "..", "é"])
def test_what_is_no_extension(fops: Runner, own: Path, name: str) -> None:
    if name == "folder":
        (own / "fops-folder").mkdir(parents=True)
    else:
        install(own, name, mode=0o644 if name == "plain" else 0o755)
    assert listed(fops) == []
    result = fops("--", name) if name.startswith("-") else fops(name)
    assert result.check(2).stdout == b""


def test_dangling_link_and_loop(fops: Runner, own: Path) -> None:
    own.mkdir(parents=True)
    (own / "fops-gone").symlink_to(own / "nowhere")
    (own / "fops-loop").symlink_to(own / "fops-loop")
    (own / "fops-linked").symlink_to(install(fops.home / "elsewhere", "real"))
    assert listed(fops) == ["linked"]
    assert fops("linked").check().stdout


@pytest.mark.parametrize("text", ["#!/nowhere/sh\n", "", "\x7fELF", "no first line\n"])
def test_one_that_cannot_start(fops: Runner, own: Path, text: str) -> None:
    path = install(own, "hello", text)
    result = fops("hello").check(1)
    assert result.err.startswith(f"fops: error [extension.failed]: cannot start {path}")
    assert fops("hello", env={"FOPS_OUTPUT": "json"}).check(1).stderr.count(b"\n") == 1


def test_many_are_listed_in_order(fops: Runner, own: Path) -> None:
    names = [f"ext-{number:03d}" for number in range(200)]
    for name in reversed(names):
        install(own, name)
    assert listed(fops) == names


def test_other_name_of_the_program_finds_the_same(fops: Runner, own: Path, tmp_path: Path) -> None:
    install(own, "hello")
    link = tmp_path / "fractalops"
    link.symlink_to(fops.binary)
    other = Runner(link, fops.home)
    assert other("hello", "x").check().out == fops("hello", "x").check().out
