"""Standard streams that are closed, full or gone, signals, and words that no person types."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import COMMANDS, ENVIRONMENTS, RUNNING, SMALL
from conftest import Result, Runner
from golden_case import FIXTURES
from loopback import serving

pytestmark = pytest.mark.static

LIST = ["--topology", str(SMALL), "runtime-assets", "list"]
KUBECONFIG = FIXTURES / "kubeconfig"
STACKS = FIXTURES / "topology/stacks"
GOOD_ENVIRONMENT = FIXTURES / "environment/good.env"
# A call of every command that prints without a terminal, a network or a machine.
PRINTERS = {
    "runtime-assets list": LIST,
    "runtime-assets show": ["--topology", str(SMALL), "runtime-assets", "show", "--role", "parked_runtime"],
    "endpoints list": ["--topology", str(SMALL), "endpoints", "list"],
    "endpoints show": ["--topology", str(SMALL), "endpoints", "show", "langboard-executor"],
    "stacks list": ["--topology", str(STACKS), "stacks", "list"],
    "stacks show": ["--topology", str(STACKS), "stacks", "show", "langboard"],
    "stacks graph": ["--topology", str(STACKS), "stacks", "graph"],
    "doctor": ["doctor", "--only", "environment", "--fields", "check,state"],
    "config show": ["config", "show"],
    "context list": ["context", "list"],
    "context show": ["context", "show", "core"],
    "context use": ["context", "use", "core"],
    "env": ["env"],
    "extensions list": ["extensions", "list"],
    "infra validate": ["infra", "validate", str(SMALL)],
    "infra fmt": ["infra", "fmt", "--diff", str(FIXTURES / "topology/unformatted")],
    "infra import-kubeconfig": ["infra", "import-kubeconfig", str(KUBECONFIG)],
    "infra generate-env": ["--topology", str(ENVIRONMENTS), "infra", "generate-env", "portal"],
    "infra env-check": ["--topology", str(ENVIRONMENTS), "infra", "env-check", "board", "--file", str(GOOD_ENVIRONMENT)],
    "infra apply-ssot": ["--topology", str(ENVIRONMENTS), "infra", "apply-ssot", "--target", "env-file", "--dry-run", "--ok-on", "drift"],
    "prompt": ["prompt"],
    "rules list": ["rules", "list"],
    "rules show": ["rules", "show", "R07"],
    "rules check": ["--topology", str(SMALL), "rules", "check"],
    "schema": ["schema", "--all"],
    "completion": ["completion", "bash"],
    "help": ["help"],
    "version": ["version"],
}
ELSEWHERE = {"infra exec", "runtime-assets check", "endpoints check", "runtime-assets run", "runtime-assets request", "pick", "stacks check", "stacks run", "metrics query"}
CONFIG = "context: core\ncontexts: {core: {topology: x}}\n"
ASSETS = 20000


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A topology whose list exceeds every pipe and buffer."""
    path = tmp_path_factory.mktemp("many") / "many.json"
    assets = [
        {
            "apiVersion": "fractalops/v1",
            "kind": "RuntimeAsset",
            "spec": {
                "assetId": f"asset-{number:05d}",
                "role": "one_of_many",
                "kind": "lxc",
                "owner": "x" * 60,
                "lxc": {"driver": "local", "container": "box"},
            },
        }
        for number in range(ASSETS)
    ]
    path.write_text(json.dumps(assets))
    return path


@pytest.fixture
def configured(fops: Runner) -> Runner:
    config = fops.home / ".config/fops/config"
    config.parent.mkdir(parents=True)
    config.write_text(CONFIG)
    return fops


def close(descriptor: int) -> None:
    os.close(descriptor)


def test_every_command_is_called() -> None:
    assert set(PRINTERS) | ELSEWHERE == set(RUNNING)


def assert_output_lost(result: Result) -> None:
    assert result.code == 74, str(result)
    assert "[io.output]" in result.err or '"io.output"' in result.err


@pytest.mark.parametrize("path", [path for path in PRINTERS if path != "extensions list"])
def test_full_disk(configured: Runner, path: str) -> None:
    with open("/dev/full", "wb") as full:
        assert_output_lost(configured(*PRINTERS[path], stdout=full))


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "yaml", "name", "tsv", "compact", "jsonpath={$}"])
def test_full_disk_in_every_format(fops: Runner, form: str) -> None:
    with open("/dev/full", "wb") as full:
        assert_output_lost(fops(*LIST, "-o", form, stdout=full))


@pytest.mark.parametrize("path", [path for path in PRINTERS if path != "extensions list"])
def test_closed_standard_output(configured: Runner, path: str) -> None:
    assert_output_lost(configured(*PRINTERS[path], preexec=lambda: close(1)))


@pytest.mark.parametrize("path", PRINTERS)
def test_closed_standard_input_and_error(configured: Runner, path: str) -> None:
    usual = configured(*PRINTERS[path]).check()
    assert configured(*PRINTERS[path], preexec=lambda: close(0)).check().stdout == usual.stdout
    assert configured(*PRINTERS[path], preexec=lambda: close(2)).check().stdout == usual.stdout


def test_closed_standard_error_keeps_the_exit_code(fops: Runner) -> None:
    assert fops("verzion", preexec=lambda: close(2)).check(2).stdout == b""
    with open("/dev/full", "wb") as full:
        fops("verzion", stderr=full).check(2)


def test_closed_streams_are_not_taken_for_files(fops: Runner, tmp_path: Path) -> None:
    """With standard output closed the first file opened would get its number, and the answer would land in it."""
    config = fops.home / ".config/fops/config"
    config.parent.mkdir(parents=True)
    config.write_text(CONFIG)
    topology = tmp_path / "one.json"
    topology.write_bytes((SMALL / "endpoints.json").read_bytes())

    def close_all() -> None:
        for descriptor in range(3):
            close(descriptor)

    fops("--topology", str(topology), "runtime-assets", "list", preexec=close_all).check(74)
    fops("context", "use", "core", preexec=close_all)
    assert config.read_text() == CONFIG
    assert topology.read_bytes() == (SMALL / "endpoints.json").read_bytes()


def test_closed_standard_output_is_not_taken_for_a_connection(fops: Runner, tmp_path: Path) -> None:
    """The answer of a server must not go back to it."""
    with serving(tmp_path) as (_, topology):
        words = ["--topology", str(topology), "runtime-assets", "request", "--role", "answering", "--path", "/"]
        assert fops(*words).check().out == '{"status": "ok"}'
        assert_output_lost(fops(*words, preexec=lambda: close(1)))


@pytest.mark.parametrize("form", ["tsv", "json", "jsonl", "yaml", "name", "compact", "jsonpath={.items[*].owner}"])
def test_reader_that_goes_away(fops: Runner, many: Path, form: str) -> None:
    process = fops.command(
        "--topology",
        str(many),
        "runtime-assets",
        "list",
        "-o",
        form,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.read(10)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 0


def test_head_under_pipefail(fops: Runner, many: Path) -> None:
    done = subprocess.run(
        [
            "bash",
            "-o",
            "pipefail",
            "-c",
            '"$@" | head -1',
            "bash",
            fops.binary,
            "--topology",
            many,
            "runtime-assets",
            "list",
            "-q",
        ],
        env=fops.environment,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"asset-00000\n", b"")


def test_reader_that_was_never_there(fops: Runner) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        assert fops(*LIST, stdout=writing).check(0).stderr == b""
    finally:
        os.close(writing)


def test_writer_that_loses_its_reader_has_written(configured: Runner) -> None:
    """What changes something does so and says it elsewhere: the reader is no part of the change."""
    config = configured.home / ".config/fops/config"
    config.write_text(CONFIG.replace("context: core\n", ""))
    reading, writing = os.pipe()
    os.close(reading)
    try:
        result = configured("context", "use", "core", stdout=writing).check(0)
    finally:
        os.close(writing)
    assert "context: core\n" in config.read_text()
    assert result.err == "fops: warning: the change was made, but nobody read the answer\n"


def test_slow_reader_gets_everything(fops: Runner, many: Path) -> None:
    """A pipe that does not block is full again and again; nothing may be lost and nothing written twice."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    process = fops.command(
        "--topology", str(many), "runtime-assets", "list", "-q", stdin=subprocess.DEVNULL, stdout=writing
    )
    os.close(writing)
    with open(reading, "rb") as source:
        lines = source.read().splitlines()
    assert process.wait(60) == 0
    assert lines == [b"asset-%05d" % number for number in range(ASSETS)]


@pytest.fixture
def stalled(fops: Runner, many: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A list that waits for its reader in the middle."""
    process = fops.command(
        "--topology",
        str(many),
        "runtime-assets",
        "list",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.read(1)
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_during_a_long_list(stalled: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """A list changes nothing, so the signal simply ends it, as a shell knows it: 128 + the number, or killed by it."""
    stalled.send_signal(number)
    assert stalled.wait(10) in (-number, 128 + number)


def raise_stack() -> None:
    """The kernel gives the words of a command line a quarter of the stack."""
    resource.setrlimit(resource.RLIMIT_STACK, (64 << 20, 64 << 20))


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["config", "show", *["a"] * 99990], 2),
        (["version", *["-v"] * 99990], 0),
        (["help", *["x"] * 99990], 2),
        (["config", "show", *["--filter=name=ca"] * 50000], 0),
        (["config", "show", *["--topology=x"] * 50000], 0),
        ([*LIST[:3], "request", "--role", "parked_runtime", "--path", "/", *["--query=a=b"] * 50000], 78),
        ([*LIST[:3], "run", "--role", "gated_runtime", "--", *["x"] * 90000], 13),
        (["config", "show", *["x"] * 100001], 2),
    ],
    ids=["arguments", "flags", "help", "filters", "topologies", "pairs", "rest", "too-many"],
)
def test_hundred_thousand_words(fops: Runner, words: list[str], code: int) -> None:
    limits = {"RLIMIT_AS": 1 << 30} if "asan" not in str(fops.binary) else {}
    result = fops(*words, preexec=raise_stack, limits=limits, timeout=20).check(code)
    assert len(result.stderr) < 10000


def test_word_of_a_hundred_thousand_letters(fops: Runner) -> None:
    for words in (
        ["x" * 100000],
        ["help", "x" * 100000],
        [*LIST, "--role", "x" * 100000],
        [*LIST, "--fields", "x," * 50000],
        [*LIST, "-o", "jsonpath=" + "{.x" * 30000],
        ["--" + "x" * 100000],
        ["--topology", "x" * 100000, *LIST[2:]],
    ):
        result = fops(*words)
        assert result.code in (2, 66, 74)
        assert result.stdout == b""
        assert len(result.stderr) < 4000


@pytest.mark.parametrize(
    "words",
    [
        [b"\xff"],
        [b"version", b"\xff"],
        [b"--\xff"],
        [b"-\xff"],
        [b"help", b"\xc3"],
        [b"schema", b"\xff"],
        [b"config", b"show", b"--fields", b"\xff"],
        [b"config", b"show", b"-o", b"\xff"],
        [b"context", b"use", b"\xed\xa0\x80"],
        [b"--context", b"\xff", b"env"],
        [b"--topology", b"\xff\xfe", b"runtime-assets", b"list"],
    ],
)
def test_invalid_utf8(fops: Runner, words: list[bytes]) -> None:
    result = fops(*words)
    assert result.code in (2, 66)
    assert result.stdout == b""
    result.stderr.decode("utf-8")
    told = fops(*words, env={"FOPS_OUTPUT": "json"})
    assert json.loads(told.stderr)["exit"] == told.code == result.code


def test_invalid_utf8_in_values_stays_valid_json(fops: Runner) -> None:
    result = fops("--topology", b"\xff", "config", "show", "-o", "json").check()
    assert [item["value"] for item in result.json()["items"] if item["name"] == "topology"] == ["\ufffd"]


def test_topology_path_that_is_no_utf8(fops: Runner, tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/\xff\xfe"
    os.mkdir(folder)
    with open(folder + b"/one.json", "wb") as file:
        file.write((SMALL / "endpoints.json").read_bytes())
    assert fops("--topology", folder, "runtime-assets", "list", "-q").check().out == "parked-01\n"
    document = fops("--topology", folder, "runtime-assets", "list", "-o", "json").check().json()
    assert document["items"][0]["origin"].endswith("/one.json:16")


def test_program_without_a_name(fops: Runner) -> None:
    """execve with no words at all; newer kernels put an empty one there."""
    code = (
        "import ctypes, sys\n"
        "libc = ctypes.CDLL(None)\n"
        "none = (ctypes.c_char_p * 1)(None)\n"
        "libc.execve(sys.argv[1].encode(), none, none)\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code, fops.binary], capture_output=True, timeout=30, check=False)
    assert done.returncode == 2
    assert b"Usage:  fops COMMAND" in done.stderr


def test_hidden_commands_stay_hidden(fops: Runner) -> None:
    hidden = [path for path, command in COMMANDS.items() if command["hidden"]]
    assert hidden
    pages = fops("--help").check().out + fops("nonsense").check(2).err
    assert not [path for path in hidden if path in pages]
