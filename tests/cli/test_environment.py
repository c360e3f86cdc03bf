"""Homes, folders and variables that are missing or unwritable; and no socket where none is needed."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from commands import ODD, SMALL
from conftest import ROOT, Result, Runner
from test_streams import PRINTERS

pytestmark = pytest.mark.static

LIST = ["--topology", str(SMALL), "runtime-assets", "list", "-q"]
NAMES = b"daytona-01\ngated-01\nlangboard-01\nparked-01\ntwin-01\ntwin-02\n"
FOLDERS = ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR")
NO_HOME = dict.fromkeys(("HOME", *FOLDERS))
NOBODY = 65534
CONFIG = "context: core\ncontexts: {core: {topology: x}}\n"


def write_config(home: Path, text: str = CONFIG) -> Path:
    path = home / ".config/fops/config"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def assert_usual(result: Result) -> None:
    assert result.check().stdout == NAMES
    assert result.stderr == b""


@pytest.mark.parametrize("path", [path for path in PRINTERS if path not in ("context show", "context use")])
def test_without_a_home(fops: Runner, path: str) -> None:
    result = fops(*PRINTERS[path], env=NO_HOME).check()
    told = rb"\d+ documents in \d+ files are valid\n" if path == "infra validate" else b""
    assert re.fullmatch(told, result.stderr)


def test_every_variable_that_is_read_is_explained(fops: Runner) -> None:
    sources = [path.read_text() for folder in ("src", "subcommands") for path in (ROOT / folder).rglob("*.c")]
    names = {name for text in sources for name in re.findall(r'getenv\("(\w+)"\)', text)}
    # the HTTP library reads these by itself
    names |= {"HTTPS_PROXY", "http_proxy", "ALL_PROXY", "NO_PROXY"}
    told = set(re.findall(r"\w+", fops("help", "environment").check().out))
    assert names - told == set()


def test_without_any_variable(fops: Runner) -> None:
    done = subprocess.run([fops.binary, *LIST], env={}, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, NAMES, b"")


def test_nothing_is_written_without_a_home(fops: Runner, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    assert_usual(fops(*LIST, env=NO_HOME, cwd=folder))
    assert list(folder.iterdir()) == []


def test_home_alone_is_enough(fops: Runner) -> None:
    """The folders below it follow the XDG specification."""
    write_config(fops.home)
    alone = dict.fromkeys(FOLDERS)
    assert fops("prompt", env=alone).check().out == "core\n"
    assert_usual(fops(*LIST, env=alone))
    assert [path for path in (fops.home / ".cache/fops").rglob("*") if path.is_file()]


@pytest.mark.parametrize("value", ["relative/folder", "", "."])
def test_folders_that_are_not_absolute_are_ignored(fops: Runner, value: str) -> None:
    """The XDG specification says so."""
    write_config(fops.home)
    (fops.home / value / "fops").mkdir(parents=True, exist_ok=True)
    (fops.home / value / "fops/config").write_text("context: wrong\n")
    if value != ".":
        assert fops("prompt", env={"XDG_CONFIG_HOME": value}).check().out == "core\n"
    before = set(fops.home.rglob("*"))
    assert_usual(fops(*LIST, env={"XDG_CACHE_HOME": value}))
    assert {path for path in set(fops.home.rglob("*")) - before if ".cache" not in path.parts} == set()


@pytest.mark.parametrize(
    "variables",
    [
        {"XDG_CACHE_HOME": "/dev/null"},
        {"XDG_CACHE_HOME": "/dev/null/below"},
        {"XDG_CACHE_HOME": "/proc"},
        {"HOME": "/dev/null"} | dict.fromkeys(FOLDERS),
        {"XDG_CACHE_HOME": "x" * 5000},
    ],
)
def test_cache_that_cannot_be_written_is_no_failure(fops: Runner, variables: dict[str, str | None]) -> None:
    for _ in range(2):
        assert_usual(fops(*LIST, env=variables))


def as_nobody(folder: Path) -> Callable[[], None]:
    """Gives up root's rights, for which no permission is an obstacle."""

    def drop() -> None:
        os.chdir(folder)
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)

    return drop


@pytest.fixture
def stranger(fops: Runner, tmp_path: Path) -> Iterator[Runner]:
    """The program run by another user than the owner of its home, from a place that this user can reach."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    place = Path("/tmp") / f"fops-test-{os.getpid()}-{tmp_path.name}"
    place.mkdir(mode=0o755)
    binary = place / "fops"
    shutil.copy2(fops.binary, binary)
    shutil.copytree(SMALL, place / "small")
    runner = Runner(binary, place / "home", as_nobody(place))
    for path in place.rglob("*"):
        path.chmod(0o755 if path.is_dir() or path == binary else 0o644)
    yield runner
    shutil.rmtree(place)


def stranger_list(stranger: Runner) -> list[str]:
    return ["--topology", str(stranger.binary.parent / "small"), "runtime-assets", "list", "-q"]


def test_read_only_home(stranger: Runner) -> None:
    """The home belongs to somebody else: reading works, nothing is kept, and changing says why it cannot."""
    config = write_config(stranger.home, CONFIG.replace("context: core\n", ""))
    for _ in range(2):
        assert_usual(stranger(*stranger_list(stranger)))
    assert not list((stranger.home / ".cache").rglob("*"))
    result = stranger("context", "use", "core").check(73)
    assert "Permission denied" in result.err
    assert config.read_text() == CONFIG.replace("context: core\n", "")
    assert [path.name for path in config.parent.iterdir()] == ["config"]


def test_unreadable_configuration(stranger: Runner) -> None:
    write_config(stranger.home).chmod(0)
    result = stranger("config", "show").check(78)
    assert "[config.invalid]" in result.err and "Permission denied" in result.err
    stranger("version").check()


def test_unreadable_topology(stranger: Runner) -> None:
    (stranger.binary.parent / "small/more.yml").chmod(0)
    result = stranger(*stranger_list(stranger)).check(74)
    assert "[contract.unreadable]" in result.err and "more.yml" in result.err
    (stranger.binary.parent / "small").chmod(0)
    assert "[contract.unreadable]" in stranger(*stranger_list(stranger)).check(74).err


def test_cache_of_somebody_else_is_not_trusted(stranger: Runner) -> None:
    """The very file that was just written, given to root: it is read by everybody, and still not used."""
    stranger.home.chmod(0o777)
    cache = stranger.home / ".cache"
    cache.chmod(0o777)
    assert_usual(stranger(*stranger_list(stranger)))
    file = next(path for path in cache.rglob("*") if path.is_file())
    assert f"using the topology cache {file}" in stranger(*stranger_list(stranger), "-v").check().err
    os.chown(file, 0, 0)
    file.chmod(0o644)
    result = stranger(*stranger_list(stranger), "-v").check()
    assert result.stdout == NAMES
    assert f"{file} is not used: " in result.err


def test_private_files_are_private(fops: Runner) -> None:
    """The cache holds contracts and may name machines; nobody else reads it, whatever the umask."""
    assert_usual(fops(*LIST, preexec=lambda: os.umask(0)))
    for path in (fops.home / ".cache/fops").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    write_config(fops.home, CONFIG).unlink()
    (fops.home / "other").write_text(CONFIG)
    fops("context", "use", "core", env={"FOPS_CONFIG": str(fops.home / "other")}, preexec=lambda: os.umask(0)).check()


def test_term_and_columns_do_not_matter_in_a_pipe(fops: Runner) -> None:
    usual = fops(*LIST[:-1]).check().stdout
    for environment in (
        {"TERM": None},
        {"TERM": "xterm"},
        {"COLUMNS": "1"},
        {"COLUMNS": "x"},
        {"LANG": "C", "LC_ALL": "C"},
        {"LC_ALL": "POSIX"},
        {"LANG": "xx_YY.nothing"},
        {"TZ": "Asia/Tokyo"},
        {"MALLOC_PERTURB_": "85"},
    ):
        assert fops(*LIST[:-1], env=environment).check().stdout == usual


def test_time_is_utc_in_every_zone(fops: Runner) -> None:
    for zone in ("Asia/Tokyo", "America/New_York", "nowhere"):
        as_of = fops("context", "list", "--json", env={"TZ": zone}).check().json()["as_of"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", as_of)
        usual = fops("context", "list", "--json").check().json()["as_of"]
        assert as_of[:13] == usual[:13] or as_of[14:16] in ("59", "00")


def test_working_folder_that_was_removed(fops: Runner, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()

    def enter_and_remove() -> None:
        os.chdir(gone)
        os.rmdir(gone)

    for words in (["version"], ["config", "show"], LIST, ["help"]):
        fops(*words, preexec=enter_and_remove).check()
        gone.mkdir()


def test_unknown_variables_are_ignored(fops: Runner) -> None:
    usual = fops("config", "show").check().stdout
    assert (
        fops("config", "show", env={"FOPS_": "x", "FOPS_NOTHING": "x", "FOPS_COLOR": "x", "FOPS_CACHE": "x"})
        .check()
        .stdout
        == usual
    )


# What must never need a network, with sockets denied by the kernel.
WITHOUT_SOCKETS = list(PRINTERS.values()) + [
    ["--version"],
    ["--help"],
    ["runtime-assets", "check", "--help"],
    ["help", "errors", "plane.unavailable"],
    ["help", "topology"],
    ["completion", "zsh"],
    ["completion", "fish"],
    ["schema", "RuntimeAsset"],
    ["schema", "runtime-assets", "list"],
    ["version", "-o", "json"],
    ["version", "-o", "wide"],
    ["config", "show", "--origin", "-o", "json"],
    ["--topology", str(ODD), "runtime-assets", "list", "-o", "json"],
    ["--topology", str(SMALL), "runtime-assets", "list", "--no-cache"],
    ["--topology", str(SMALL), "endpoints", "list", "-o", "wide"],
    ["--topology", str(SMALL), "endpoints", "show", "langboard-executor"],
    ["--topology", str(SMALL), "doctor", "settings", "environment", "topology", "cache"],
    ["--topology", str(SMALL), "__complete", "--", "fops", "runtime-assets", "show", "--role", ""],
    ["__complete", "--", "fops", "context", "use", ""],
]


@pytest.mark.parametrize(
    "words", WITHOUT_SOCKETS, ids=lambda words: " ".join(words).replace(str(SMALL), "small").replace(str(ODD), "odd")
)
def test_no_socket_is_opened(socket_denied: Runner, words: list[str]) -> None:
    write_config(socket_denied.home)
    socket_denied(*words).check()


def traced_calls(runner: Runner, words: list[str], trace: Path, calls: str) -> list[str]:
    """The system calls of these names that the program makes, told by strace."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    done = subprocess.run(
        [strace, "-f", "-qq", "-e", "signal=none", "-e", f"trace={calls}", "-o", trace, runner.binary, *words],
        env=runner.environment | {"ASAN_OPTIONS": "detect_leaks=0"},
        capture_output=True,
        check=False,
    )
    if done.returncode != 0 and b"ptrace" in done.stderr:
        pytest.skip("this machine does not let strace trace")
    assert done.returncode == 0, done.stderr
    return trace.read_text().splitlines()


@pytest.mark.parametrize(
    "words",
    [
        PRINTERS["version"],
        ["version", "-o", "json"],
        PRINTERS["help"],
        ["completion", "bash"],
        PRINTERS["config show"],
        PRINTERS["schema"],
        PRINTERS["prompt"],
        PRINTERS["runtime-assets list"],
        PRINTERS["runtime-assets show"],
    ],
    ids=lambda words: " ".join(words).replace(str(SMALL), "small"),
)
def test_trace_shows_no_network_call(fops: Runner, tmp_path: Path, words: list[str]) -> None:
    assert traced_calls(fops, words, tmp_path / "trace", "%network") == []


def test_trace_would_show_a_network_call(fops: Runner, tmp_path: Path) -> None:
    """The proof above is worth something only if strace sees what it looks for."""
    python = Runner(Path(shutil.which("python3") or "python3"), fops.home)
    assert traced_calls(python, ["-I", "-c", "import socket; socket.socket()"], tmp_path / "trace", "%network")


def test_prompt_reads_configuration_alone(fops: Runner, tmp_path: Path) -> None:
    """It runs before every prompt of a shell: no topology, no cache, no program."""
    write_config(fops.home)
    opened = "\n".join(traced_calls(fops, ["prompt"], tmp_path / "trace", "/^(open|openat|openat2|execve)$"))
    assert ".config/fops/config" in opened
    assert "/.cache/" not in opened and opened.count("execve(") == 1


def test_closed_streams_are_held(fops: Runner, tmp_path: Path) -> None:
    """The numbers of closed streams are taken first, so that no file or connection can get one of them."""
    write_config(fops.home, "retries: 1\n")
    shell = Runner(Path("/bin/sh"), fops.home)
    words = ["-c", 'exec "$@" <&- >&- 2>&-', "sh", str(fops.binary), "prompt"]
    lines = traced_calls(shell, words, tmp_path / "trace", "/^(open|openat)$")
    held = [number for number, line in enumerate(lines) if "/dev/null" in line]
    assert [lines[number].rsplit("= ")[-1] for number in held] == ["0", "1", "2"]
    config = next(number for number, line in enumerate(lines) if ".config/fops/config" in line and " = -1 " not in line)
    assert held[-1] < config
    assert not [line for line in lines[held[-1] + 1 :] if re.search(r" = [012]$", line)]
