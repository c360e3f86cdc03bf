"""What `run` must do on every driver: one table of golden cases, then much data, secrets, refusals, the result file, several assets."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import test_run_control

from conftest import Lab, Result, Runner
from lab_tools import (
    Started,
    container_processes,
    descendants,
    error_code,
    error_part,
    holders,
    program_of,
    sha256,
    wait_for,
    wait_gone,
    tag,
)
from run_tools import CANARY, DRIVERS, MEBIBYTE, POLITE, SLEEP, Remote, pytest_generate_tests, python, remote, shell

# fixtures and a hook
__all__ = ["pytest_generate_tests", "remote", "tag"]

# --- the table ---------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Case:
    """One run: what it is given, and exactly what must come back. error: the code on stderr, which is fops' own then."""

    name: str
    command: tuple[str | bytes, ...]
    code: int = 0
    out: bytes = b""
    err: bytes = b""
    options: tuple[str, ...] = ()
    stdin: bytes | None = None
    env: dict[str, str] = field(default_factory=dict)
    error: str = ""
    static: bool = False


EVERY_BYTE = bytes(range(256)) * 3
SHOW_WORDS = "import os, sys; sys.stdout.buffer.write(b'\\0'.join(os.fsencode(word) for word in sys.argv[1:]))"
SHOW_VALUES = "import os, sys; sys.stdout.buffer.write(b'\\0'.join(os.environb.get(os.fsencode(n), b'?') for n in sys.argv[1:]))"
ONE_BYTE_WRITES = "import os\nfor i in range(2000): os.write(1, b'%d' % (i % 10))"
TRAPS = ("", " ", "two words", "a\nb\n", "'", "''", "\"", "it's \"both\"", "$HOME", "${PATH}", "$(id)", "`id`", "\\", "\\\\n", "*", "?", "[a-z]",
         "~", "-n", "-e", "--", "--help", "-", "!", "!!", "#", ";", "&", "|", "<", ">", "a=b", "{a,b}", "(", ")", "\t", "\r", "\x01\x1b[31m\x7f", "%s%n",
         "é", "\U0001f980", "")
VALUES = {"EMPTY": "", "BLANKS": "  a  b ", "LINES": "one\ntwo\n", "QUOTES": "'\"`$(id)${HOME}\\", "EQUALS": "a=b=c", "GLOB": "*", "LAST": "end\\"}
RAW_WORDS = (b"\x80", b"\xff\xfe", b"a\xc3", bytes(range(1, 256)))


def values_as_options(values: dict[str, str]) -> tuple[str, ...]:
    return tuple(word for name, value in values.items() for word in ("--env", f"{name}={value}"))


def joined(words: tuple[str | bytes, ...]) -> bytes:
    return b"\0".join(os.fsencode(word) for word in words)


CASES = (
    Case("python-version", ("python", "-V"), out=b"Python %s\n" % subprocess.run(
        ["/usr/bin/python3", "-V"], capture_output=True, check=False).stdout.strip().removeprefix(b"Python "), static=True),
    *(Case(f"exit-{code}", shell(f"exit {code}"), code=code, static=code in (1, 255)) for code in (0, 1, 2, 125, 126, 127, 254, 255)),
    Case("killed-by-itself", shell("kill -9 $$"), code=137, static=True),
    Case("terminated-by-itself", shell("kill -TERM $$"), code=143),
    Case("streams-apart", shell("echo out; echo err >&2; echo more; echo rest >&2; exit 3"), 3, b"out\nmore\n", b"err\nrest\n", static=True),
    Case("no-newline-at-the-end", shell("printf out; printf err >&2"), out=b"out", err=b"err"),
    Case("program-is-missing", ("no-such-program",), 127, error="run.command-not-found", static=True),
    Case("program-is-missing-in-a-folder", ("/nowhere/program",), 127, error="run.command-not-found"),
    Case("program-may-not-run", ("/etc/passwd",), 126, error="run.not-executable"),
    Case("program-is-a-folder", ("/tmp",), 126, error="run.not-executable"),
    Case("stdin-is-closed-without-the-flag", ("cat",), stdin=b"not to be read"),
    Case("stdin-is-empty", ("wc", "-c"), out=b"0\n", options=("--stdin",), stdin=b"", static=True),
    Case("stdin-of-every-byte", ("cat",), out=EVERY_BYTE, options=("--stdin",), stdin=EVERY_BYTE, static=True),
    Case("stdin-with-variables", python("import os, sys; sys.stdout.buffer.write(os.environb[b'A'] + sys.stdin.buffer.read())"), out=b"v\n" + EVERY_BYTE,
         options=("--stdin", "--env", "A=v\n"), stdin=EVERY_BYTE),
    Case("stdin-ends-and-output-follows", shell("cat >/dev/null; sleep 0.3; echo late"), out=b"late\n", options=("--stdin",), stdin=b"x" * 1000),
    Case("stdin-is-left-unread", shell("head -c 1; exit 3"), 3, b"x", options=("--stdin",), stdin=b"x" * (8 * MEBIBYTE), static=True),
    Case("stdin-nobody-reads", ("true",), options=("--stdin",), stdin=b"x" * (2 * MEBIBYTE)),
    Case("writes-of-one-byte", python(ONE_BYTE_WRITES), out=b"0123456789" * 200),
    Case("bytes-of-every-kind", python("import sys; d = bytes(range(256)) * 3; sys.stdout.buffer.write(d); sys.stderr.buffer.write(d)"), out=EVERY_BYTE, err=EVERY_BYTE),
    Case("words-with-traps", python(SHOW_WORDS, *TRAPS), out=joined(TRAPS), static=True),
    Case("words-of-raw-bytes", python(SHOW_WORDS, *RAW_WORDS), out=joined(RAW_WORDS)),
    Case("a-word-of-100-kilobytes", python(SHOW_WORDS, "x" * 100_000), out=b"x" * 100_000),
    Case("a-word-of-20-kilobytes-of-quotes", python(SHOW_WORDS, "'" * 20_000), out=b"'" * 20_000),
    Case("two-thousand-words", python(SHOW_WORDS, *("w" * 20,) * 2000), out=joined(("w" * 20,) * 2000)),
    Case("variables-with-traps", python(SHOW_VALUES, *VALUES), out=joined(tuple(VALUES.values())), options=values_as_options(VALUES), static=True),
    Case("a-variable-by-name", python(SHOW_VALUES, "MINE"), out=b"it's mine\n", options=("--env", "MINE"), env={"MINE": "it's mine\n"}),
    Case("the-last-variable-counts", python(SHOW_VALUES, "A"), out=b"2", options=("--env", "A=1", "--env", "A=2")),
    Case("variables-that-steer-programs", python(SHOW_VALUES, "HOME", "LD_DEBUG", "LC_ALL"), out=b"/h\0\0C", options=("--env", "HOME=/h", "--env", "LD_DEBUG=", "--env", "LC_ALL=C")),
    Case("a-variable-that-is-not-set", ("true",), 125, options=("--env", "NOT_SET"), error="usage.bad-value"),
    Case("a-variable-without-a-name", ("true",), 125, options=("--env", "=x"), error="usage.bad-value"),
    Case("the-environment-is-clean", shell("env | cut -d= -f1 | grep -v -e ^_ -e ^PWD -e ^SHLVL | sort | tr '\\n' ' '"), out=b"HOME PATH USER container ",
         env={"SOMETHING": "of mine", "LC_ALL": "C.UTF-8"}),
    Case("workdir", ("pwd",), out=b"/usr/bin\n", options=("--workdir", "/usr/bin"), static=True),
    Case("no-workdir", ("pwd",), out=b"/\n"),
    Case("workdir-that-is-missing", ("pwd",), 125, options=("--workdir", "/nowhere/at all"), error="run.not-started"),
    Case("workdir-that-is-relative", ("pwd",), 125, options=("--workdir", "tmp"), error="usage.bad-value"),
    Case("user-by-default", shell("id -u; echo $HOME $USER"), out=b"0\n/root root\n"),
    Case("user-by-name", shell("id -u; id -g; echo $HOME $USER"), out=b"1000\n1000\n/home/operator operator\n", options=("--user", "operator"), static=True),
    Case("user-by-number", shell("id -u; id -g"), out=b"1000\n1000\n", options=("--user", "1000")),
    Case("user-and-group-by-number", shell("id -u; id -g"), out=b"1000\n65534\n", options=("--user", "1000:65534")),
    Case("user-and-workdir", shell("pwd; id -u"), out=b"/home/operator\n1000\n", options=("--user", "operator", "--workdir", "/home/operator")),
    Case("user-that-is-unknown", ("true",), 125, options=("--user", "stranger"), error="run.not-started"),
    Case("user-that-is-no-name", ("true",), 125, options=("--user", "a b;id"), error="usage.bad-value"),
    Case("shell", ("echo $((20 + 3)) | tr 2 x;", "echo \"a  b\""), out=b"x3\na  b\n", options=("--shell",), static=True),
    Case("shell-with-its-own-status", ("exit 42",), 42, options=("--shell",)),
    Case("no-command", ("",), 125, error="usage.missing-argument"),
    Case("a-limit-that-is-not-reached", ("true",), options=("--timeout", "30s")),
)


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name, marks=[pytest.mark.static] if case.static else []) for case in CASES])
def test_golden(remote: Remote, case: Case) -> None:
    """An option that the driver does not have is refused before anything runs: that is what is expected there."""
    if set(case.options) & set(remote.driver.refuses):
        case = replace(case, code=125, error="usage.conflict", out=b"")
    elif case.name in remote.driver.differs:
        case = replace(case, **remote.driver.differs[case.name].changes)
    result = remote.run(*case.command, options=case.options, stdin=case.stdin, env=case.env).check(case.code)
    assert result.stdout == case.out
    if case.error:
        assert error_code(result.err) == case.error
    else:
        assert result.stderr == case.err


def test_what_a_driver_refuses_is_counted() -> None:
    """A driver that refuses more than it must would pass the table above."""
    refused = {driver.name: sum(bool(set(case.options) & set(driver.refuses)) for case in CASES) for driver in DRIVERS}
    assert {name: count for name, count in refused.items() if count} == {"kubernetes": 6, "lxc-proxmox": 6, "proxmox-agent": 13}


def test_what_a_driver_does_otherwise_is_counted() -> None:
    names = {case.name for case in CASES}
    assert all(set(driver.differs) <= names for driver in DRIVERS)
    assert {driver.name: len(driver.differs) for driver in DRIVERS if driver.differs} == {"proxmox-agent": 4}


def test_what_a_driver_lacks_is_counted() -> None:
    """The tests that are not made for a driver, by what they need of it."""
    left_out: dict[str, dict[str, int]] = {}
    for name, function in (*globals().items(), *vars(test_run_control).items()):
        marks = getattr(function, "pytestmark", ()) if name.startswith("test_") else ()
        for need in {word for mark in marks if mark.name == "needs" for word in mark.args}:
            for driver in DRIVERS:
                if need in driver.lacks:
                    counts = left_out.setdefault(driver.name, {})
                    counts[need] = counts.get(need, 0) + 1
    assert left_out == {"proxmox-agent": {"much": 2, "streaming": 11, "order": 1, "terminal": 8, "several": 9}}


@pytest.mark.static
def test_the_seed_line(operate: Runner, lab: Lab) -> None:
    lab.need("lxc")
    result = operate("runtime-assets", "run", "--role", "daytona_runtime", "--", "python", "-V").check()
    assert result.out.startswith("Python 3.")
    assert result.stderr == b""


# --- much data ---------------------------------------------------------------------------------------------------------

@pytest.mark.needs("much")
@pytest.mark.static
def test_100_megabytes_come_out_whole(remote: Remote) -> None:
    script = "import sys\nb = bytes(range(256)) * 4096\nfor i in range(100): sys.stdout.buffer.write(b[i:] + b[:i])"
    process = remote.runner.command(*remote.words((), python(script)), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    assert process.stdout is not None
    digest = hashlib.sha256()
    while part := process.stdout.read(MEBIBYTE):
        digest.update(part)
    assert process.wait(60) == 0
    block = bytes(range(256)) * 4096
    expected = hashlib.sha256()
    for i in range(100):
        expected.update(block[i:] + block[:i])
    assert digest.hexdigest() == expected.hexdigest()


@pytest.mark.needs("much")
@pytest.mark.parametrize("variables", [False, True], ids=["plain", "with-variables"])
def test_50_megabytes_go_in_whole(remote: Remote, tmp_path: Path, variables: bool) -> None:
    """With a variable the ssh driver relays the input itself instead of handing the descriptor over."""
    content = os.urandom(MEBIBYTE) * 50
    path = tmp_path / "input"
    path.write_bytes(content)
    options = ("--stdin", "--env", "A=b") if variables else ("--stdin",)
    with path.open("rb") as source:
        result = remote.run("sha256sum", options=options, stdin=source).check()
    assert result.out.split()[0] == sha256(content)


@pytest.mark.needs("streaming")
def test_input_of_single_bytes_arrives_as_it_comes(remote: Remote) -> None:
    script = "import os\nwhile (d := os.read(0, 1)): os.write(1, d.upper())"
    with remote.start(*python(script), options=("--stdin",), stdin=subprocess.PIPE) as run:
        assert run.process.stdin is not None
        for i, byte in enumerate(b"conversation"):
            run.process.stdin.write(bytes([byte]))
            run.process.stdin.flush()
            run.out.wait(b"CONVERSATION"[: i + 1])
        run.process.stdin.close()
        assert run.end() == 0
    assert run.out.all() == b"CONVERSATION"


def test_the_callers_input_is_not_touched_without_the_flag(remote: Remote, tmp_path: Path) -> None:
    path = tmp_path / "input"
    path.write_bytes(b"line\n" * 1000)
    with path.open("rb", buffering=0) as source:
        remote.run("cat", stdin=source).check()
        assert source.tell() == 0


@pytest.mark.needs("order")
def test_output_to_one_pipe_keeps_its_order(remote: Remote) -> None:
    script = "import os\nfor i in range(500): os.write(1 + i % 2, b'%d\\n' % i)"
    result = remote.run(*python(script), stderr=subprocess.STDOUT).check()
    assert result.stdout == b"".join(b"%d\n" % i for i in range(500))


def test_a_background_child_that_holds_the_output_delays_nothing(remote: Remote, tag: str) -> None:
    """Where the other side itself waits for the child, the end comes with the child's, and the output is whole."""
    waits = "detached" in remote.driver.lacks
    seconds = 3 if waits else 60
    begun = time.monotonic()
    with remote.start(*shell(f"{' '.join(python_words(f'import time; time.sleep({seconds})', tag))} & echo done")) as run:
        assert run.end(15) == 0
        assert (time.monotonic() - begun >= seconds) == waits
        run.out.wait(b"done\n")


def python_words(script: str, *words: str) -> list[str]:
    return ["python", "-c", f"'{script}'", *words]


# --- what stays secret, what is seen -----------------------------------------------------------------------------------

WAIT_FOR_INPUT = "import os, sys; os.write(1, b'ready\\n'); sys.stdin.read(); os.write(1, os.environb[b'CANARY'])"


@pytest.mark.needs("streaming")
def test_values_of_variables_are_in_no_command_line(remote: Remote) -> None:
    options = ("--stdin", "-vv", "--env", "CANARY")
    with remote.start(*python(WAIT_FOR_INPUT), options=options, stdin=subprocess.PIPE, env={"CANARY": CANARY}) as run:
        run.out.wait(b"ready\n")
        seen = holders(CANARY)
        assert seen == {}
        assert run.process.stdin is not None
        run.process.stdin.close()
        assert run.end() == 0
    assert run.out.all() == b"ready\n" + CANARY.encode()
    assert CANARY.encode() not in run.err.all()


@pytest.mark.needs("streaming")
def test_values_given_as_words_are_only_in_our_own_command_line(remote: Remote) -> None:
    options = ("--stdin", "-vv", "--env", f"CANARY={CANARY}")
    with remote.start(*python(WAIT_FOR_INPUT), options=options, stdin=subprocess.PIPE) as run:
        run.out.wait(b"ready\n")
        assert set(holders(CANARY)) == {run.process.pid}
        assert run.process.stdin is not None
        run.process.stdin.close()
        assert run.end() == 0
    assert CANARY.encode() not in run.err.all()


@pytest.mark.needs("streaming")
def test_programs_that_fops_starts_get_none_of_its_secrets(remote: Remote, lab: Lab, tag: str) -> None:
    script = "import os, sys; os.write(1, b'ready\\n'); sys.stdin.read()"
    environment = {"FOPS_TOKEN": CANARY}
    with remote.start(*python(script, tag), options=("--stdin",), stdin=subprocess.PIPE, env=environment) as run:
        run.out.wait(b"ready\n")
        started = descendants(run.process.pid)
        assert bool(started) == remote.driver.programs
        for pid in (*started, *container_processes(tag)):
            content = Path(f"/proc/{pid}/environ").read_bytes()
            assert CANARY.encode() not in content
            if "FOPS_LAB_SSH_KEY" in lab.environment and remote.driver.name == "lxc-ssh":
                assert b"FOPS_LAB_SSH_KEY" not in content
        assert run.process.stdin is not None
        run.process.stdin.close()
        assert run.end() == 0


# --- refusals, the result file -----------------------------------------------------------------------------------------

@pytest.mark.static
def test_a_parked_container_starts_nothing(remote: Remote) -> None:
    result = remote.run("true", role=remote.driver.parked).check(125)
    assert error_code(result.err) == "asset.not-running"
    assert "does not run" in result.err
    assert error_part(result.err, "effect") == "nothing ran"


def test_an_unknown_asset_starts_nothing(remote: Remote) -> None:
    result = remote.run("true", role="daytona_runtim").check(125)
    assert error_code(result.err) == "asset.not-found"
    assert "daytona_runtime" in result.err


@pytest.mark.needs("several")
@pytest.mark.static
def test_an_ambiguous_role_starts_nothing_and_lists_the_candidates(remote: Remote) -> None:
    result = remote.run("true", role="twin_runtime").check(125)
    assert error_code(result.err) == "asset.ambiguous"
    assert "daytona-01-a" in result.err and "daytona-01-b" in result.err
    assert "--asset-id" in result.err


@pytest.mark.needs("several")
@pytest.mark.static
def test_a_gated_asset_asks_for_a_proposal(remote: Remote, tag: str) -> None:
    result = remote.run("touch", f"/tmp/{tag}", role="gated_runtime").check(13)
    assert error_code(result.err) == "proposal.required"
    assert error_part(result.err, "fix").startswith("fops proposals open --action runtime-assets.run --asset-id gated-01")
    remote.run("test", "!", "-e", f"/tmp/{tag}").check()


@dataclass(frozen=True)
class Outcome:
    """What the result file must say after a run."""

    name: str
    command: tuple[str | bytes, ...]
    code: int
    state: str
    remote_exit: int | None
    cause: str | None
    options: tuple[str, ...] = ()
    ran: bool = True


OUTCOMES = (
    Outcome("success", ("true",), 0, "exited", 0, None),
    Outcome("own-status", shell("exit 125"), 125, "exited", 125, None),
    Outcome("status-255", shell("exit 255"), 255, "exited", 255, None),
    Outcome("killed", shell("kill -9 $$"), 137, "exited", 137, None),
    Outcome("missing", ("no-such-program",), 127, "not-found", None, "run.command-not-found", ran=False),
    Outcome("forbidden", ("/etc/passwd",), 126, "not-executable", None, "run.not-executable", ran=False),
    Outcome("parked", ("true",), 125, "not-started", None, "asset.not-running", ran=False),
    Outcome("folder", ("true",), 125, "not-started", None, "run.not-started", ("--workdir", "/nowhere"), ran=False),
    Outcome("limit", ("sleep", "60"), 124, "timeout", 143, "timeout", ("--timeout", "500ms")),
)


def check_document(document: dict[str, Any], outcome: Outcome) -> None:
    assert document["schema"] == "fops.run-result/1"
    assert (document["state"], document["remote_exit"], document["fops_exit"], document["cause"]) == (
        outcome.state, outcome.remote_exit, outcome.code, outcome.cause)
    assert document["run_id"].startswith("r-") and len(document["run_id"]) == 10
    assert (document["started"] is not None) == outcome.ran
    assert document["ended"] is not None
    assert (document["message"] is None) == (outcome.cause is None)


@pytest.mark.parametrize("outcome", [pytest.param(outcome, id=outcome.name, marks=[pytest.mark.static] if i < 5 else [])
                                     for i, outcome in enumerate(OUTCOMES)])
def test_the_result_file_tells_the_outcome(remote: Remote, tmp_path: Path, outcome: Outcome) -> None:
    path = tmp_path / "result.json"
    remote.run(*outcome.command, options=("--result-file", path, *outcome.options), role=remote.driver.parked if outcome.name == "parked" else "").check(outcome.code)
    check_document(json.loads(path.read_bytes()), outcome)


@pytest.mark.needs("streaming")
def test_the_result_file_after_a_signal(remote: Remote, tmp_path: Path, tag: str) -> None:
    path = tmp_path / "result.json"
    with remote.start(*python(POLITE, tag), options=("--result-file", path)) as run:
        run.out.wait(b"ready\n")
        begun = json.loads(path.read_bytes())
        run.signal(signal.SIGINT)
        assert run.end() == 9
    assert (begun["state"], begun["fops_exit"], begun["cause"]) == ("link-lost", 255, "run.link-lost")
    ended = json.loads(path.read_bytes())
    assert (ended["state"], ended["remote_exit"], ended["fops_exit"], ended["cause"]) == ("interrupted", 9, 9, "interrupted")
    assert ended["run_id"] == begun["run_id"]


@pytest.mark.needs("streaming")
def test_the_result_file_after_a_reader_left(remote: Remote, tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    words = remote.words(("--result-file", path), ("yes",))
    process = remote.runner.command(*words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    assert process.stdout.read(2) == b"y\n"
    process.stdout.close()
    assert process.wait(20) == 141
    document = json.loads(path.read_bytes())
    assert document["fops_exit"] == 141
    assert document["state"] in ("exited", "interrupted")


@pytest.mark.parametrize("place", ["nowhere/result.json", "."])
def test_a_result_file_that_cannot_be_written_starts_nothing(remote: Remote, tmp_path: Path, tag: str, place: str) -> None:
    result = remote.run("touch", f"/tmp/{tag}", options=("--result-file", tmp_path / place)).check(125)
    assert error_code(result.err) == "io.cannot-create"
    remote.run("test", "!", "-e", f"/tmp/{tag}").check()


# --- several assets ----------------------------------------------------------------------------------------------------

def run_on_many(remote: Remote, *command: str | bytes, options: tuple[str, ...] = ("--all", "--label", "room=workspace"), **more: Any) -> Result:
    words = ["--context", remote.driver.context, "runtime-assets", "run", *options, "--", *command]
    return remote.runner(*words, **more)


WORKSPACE = ("daytona-01", "daytona-01-a", "daytona-01-b", "parked-01")


@pytest.mark.needs("several")
@pytest.mark.static
@pytest.mark.parametrize("parallel", ["1", "16"])
def test_lines_of_many_carry_the_assets_id(remote: Remote, parallel: str) -> None:
    result = run_on_many(remote, *shell("echo out; printf rest; echo err >&2"),
                         options=("--all", "--label", "room=workspace", "--parallel", parallel)).check(16)
    running = WORKSPACE[:3]
    assert sorted(result.out.splitlines()) == sorted(f"{name}: {line}" for name in running for line in ("out", "rest"))
    if parallel == "1":
        assert result.out.splitlines() == [f"{name}: {line}" for name in running for line in ("out", "rest")]
    errors = result.err.splitlines()
    assert all(f"{name}: err" in errors for name in running)
    assert errors[-1] == "3 ok, 0 failed, 1 not started"
    assert any(line.startswith("parked-01: not-started, status 125") for line in errors)


@pytest.mark.needs("several")
@pytest.mark.static
def test_events_of_many(remote: Remote) -> None:
    result = run_on_many(remote, *shell("echo out; echo err >&2; exit 3"),
                         options=("--all", "--label", "room=workspace", "-o", "jsonl")).check(16)
    events = result.jsonl()
    assert events[0]["type"] == "start" and events[0]["schema"] == "fops.events/1"
    assert (events[-1]["type"], events[-1]["exit"], events[-1]["counts"]) == ("end", 16, {"returned": 4, "total": 4})
    lines = sorted((event["asset_id"], event["stream"], event["line"]) for event in events if event["type"] == "output")
    assert lines == sorted((name, stream, line) for name in WORKSPACE[:3] for stream, line in (("stdout", "out"), ("stderr", "err")))
    items = {event["item"]["asset_id"]: event["item"] for event in events if event["type"] == "item"}
    assert sorted(items) == sorted(WORKSPACE)
    for name, item in items.items():
        parked = name == "parked-01"
        assert (item["state"], item["fops_exit"]) == (("not-started", 125) if parked else ("exited", 3))
    for name in items:
        places = [i for i, event in enumerate(events) if event.get("asset_id") == name or event.get("item", {}).get("asset_id") == name]
        assert events[places[-1]]["type"] == "item"


@pytest.mark.needs("several")
def test_foreign_bytes_in_events_stay_json(remote: Remote) -> None:
    result = run_on_many(remote, *python("import os; os.write(1, b'\\x00\\xff\\x1b[31m\\n')"), options=("--role", "twin_runtime", "--all", "-o", "jsonl")).check()
    lines = [event["line"] for event in result.jsonl() if event["type"] == "output"]
    assert len(lines) == 2
    assert all("\x1b[31m" in line for line in lines)


@pytest.mark.needs("several")
def test_the_status_of_many_is_the_common_one(remote: Remote) -> None:
    result = run_on_many(remote, *shell("exit 7"), options=("--role", "twin_runtime", "--all")).check(7)
    assert result.err.splitlines()[-1] == "0 ok, 2 failed, 0 not started"
    run_on_many(remote, "true", options=("--role", "twin_runtime", "--all")).check(0)


@pytest.mark.needs("several")
@pytest.mark.parametrize("options", [("--stdin",), ("--tty",)], ids=lambda options: options[0][2:])
def test_many_take_no_streams_of_ours(remote: Remote, options: tuple[str, ...]) -> None:
    result = run_on_many(remote, "true", options=("--all", "--role", "twin_runtime", *options)).check(125)
    assert error_code(result.err) == "usage.conflict"


@pytest.mark.needs("several")
def test_one_gated_asset_stops_all(remote: Remote) -> None:
    result = run_on_many(remote, "echo", "ran", options=("--all",)).check(13)
    assert result.stdout == b""


@pytest.mark.needs("several")
def test_ctrl_c_ends_many(remote: Remote, tag: str) -> None:
    words = ["--context", remote.driver.context, "runtime-assets", "run", "--all", "--label", "room=workspace", "--parallel", "2", "-o", "jsonl", "--"]
    default = "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL)\n"
    with Started(remote.runner, *words, *python(default + SLEEP, tag)) as run:
        wait_for(lambda: run.out.content.count(b'"line":"ready"') == 2, "two commands", 20)
        # shells around a command carry its words, too
        assert sum("python" in program_of(pid) for pid in container_processes(tag)) == 2
        run.signal(signal.SIGINT)
        assert run.end() == 130
    items = {item["item"]["asset_id"]: item["item"] for item in map(json.loads, run.out.all().splitlines()) if item["type"] == "item"}
    assert sorted(items) == sorted(WORKSPACE)
    assert [items[name]["state"] for name in WORKSPACE] == ["interrupted", "interrupted", "not-started", "not-started"]
    wait_gone(tag)
