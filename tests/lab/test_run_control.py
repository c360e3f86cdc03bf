"""Who is in command of a run, on every driver: terminals, limits, signals, readers that leave, silence."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import conftest
import pytest

from conftest import Lab, Runner
from lab_tools import Started, TerminalRun, container_processes, error_code, kill_tagged, wait_for, wait_gone, tag
from run_tools import POLITE, SLEEP, STUBBORN, Remote, pytest_generate_tests, python, remote, shell

# fixtures and a hook
__all__ = ["pytest_generate_tests", "remote", "tag"]
# ServerAliveInterval 10: the longest silence of a link that the ssh driver lets pass before it asks.
ALIVE_SECONDS = 10
ROLE = "daytona_runtime"

# --- terminals ---------------------------------------------------------------------------------------------------------

def lines_of(run: TerminalRun) -> bytes:
    """What was shown; lxc-attach on a terminal puts its own behind ours, so a line ends with one carriage return or two."""
    return re.sub(rb"\r+\n", b"\n", bytes(run.out.content))


@pytest.mark.needs("terminal")
@pytest.mark.static
def test_a_terminal_has_our_size_and_joins_the_streams(remote: Remote) -> None:
    pause = "sleep 0.3; " if "last-words" in remote.driver.lacks else ""
    script = f"stty size; test -t 0 && test -t 1 && test -t 2 && echo terminal; echo error >&2; echo $TERM; {pause}exit 5"
    with remote.terminal(*shell(script), env={"TERM": "xterm-256color"}) as run:
        assert run.end() == 5
    assert lines_of(run) == b"33 101\nterminal\nerror\nxterm-256color\n"


@pytest.mark.needs("terminal")
def test_a_terminal_follows_our_size(remote: Remote) -> None:
    script = ("import os, signal\n"
              "def show(*_):\n  os.write(1, b'<%d,%d>' % tuple(os.get_terminal_size()))\n"
              "signal.signal(signal.SIGWINCH, show)\n"
              "os.write(1, b'ready')\nwhile os.read(0, 1) != b'q': pass")
    with remote.terminal(*python(script)) as run:
        run.out.wait(b"ready")
        for rows, columns in ((10, 20), (50, 200)):
            run.resize(rows, columns)
            os.kill(run.process.pid, signal.SIGWINCH)
            run.out.wait(b"<%d,%d>" % (columns, rows))
        run.type(b"q\n")
        assert run.end() == 0


@pytest.mark.needs("terminal")
def test_ctrl_c_in_a_terminal_is_a_byte_for_the_command(remote: Remote) -> None:
    script = ("import os, sys, time\n"
              "try:\n  os.write(1, b'ready\\n'); time.sleep(60)\n"
              "except KeyboardInterrupt:\n  os.write(1, b'caught\\n'); sys.exit(7)")
    with remote.terminal(*python(script)) as run:
        run.out.wait(b"ready")
        run.type(b"\x03")
        assert run.end() == 7
    assert b"caught\n" in lines_of(run)


@pytest.mark.needs("terminal")
def test_the_terminal_is_raw_meanwhile_and_as_before_afterwards(remote: Remote) -> None:
    with remote.terminal(*shell("echo ready; read line; exit 0")) as run:
        run.out.wait(b"ready")
        assert run.mode() != run.before
        run.type(b"go\r")
        assert run.process.wait(20) == 0
        assert run.mode() == run.before


@pytest.mark.needs("terminal")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["SIGTERM", "SIGHUP"])
def test_the_terminal_is_as_before_when_a_signal_ends_us(remote: Remote, tag: str, number: int) -> None:
    with remote.terminal(*python("import os, time; os.write(1, b'ready'); time.sleep(60)", tag)) as run:
        run.out.wait(b"ready")
        assert run.mode() != run.before
        os.kill(run.process.pid, number)
        assert run.process.wait(20) == 128 + number
        assert run.mode() == run.before
        wait_gone(tag)


@pytest.mark.needs("terminal")
def test_typed_input_and_its_end_reach_the_command(remote: Remote) -> None:
    with remote.terminal(*shell("stty -echo; echo ready; cat; echo end")) as run:
        run.out.wait(b"ready")
        run.type(b"typed\r")
        run.out.wait(b"typed")
        run.type(b"\x04")
        assert run.end() == 0


@pytest.mark.needs("terminal")
@pytest.mark.static
def test_tty_without_a_terminal_goes_on_without(remote: Remote) -> None:
    result = remote.run(*shell("test -t 1 || echo pipe; echo error >&2"), options=("--tty", "-v")).check()
    assert result.stdout == b"pipe\n"
    assert b"no terminal" in result.stderr


ESCAPES = "printf 'a\\033[31mred\\033]0;title\\007\\302\\233b\\tc\\n'"


def test_escapes_are_made_visible_on_a_terminal(remote: Remote) -> None:
    with remote.terminal(*shell(ESCAPES), options=()) as run:
        assert run.end() == 0
    shown = bytes(run.out.content)
    assert not [byte for byte in shown if byte < 0x20 and byte not in b"\t\r\n"]
    assert b"\xc2\x9b" not in shown
    assert b"red" in shown and b"title" in shown and shown.endswith(b"b\tc\r\n")


@pytest.mark.needs("terminal")
def test_escapes_pass_with_raw_and_in_a_terminal_of_the_command(remote: Remote) -> None:
    for options in (("--raw",), ("--tty",)):
        with remote.terminal(*shell(ESCAPES), options=options) as run:
            assert run.end() == 0
        assert lines_of(run) == b"a\x1b[31mred\x1b]0;title\x07\xc2\x9bb\tc\n"


# --- limits and signals ------------------------------------------------------------------------------------------------

@pytest.mark.static
def test_the_limit_ends_the_command(remote: Remote, tag: str) -> None:
    begun = time.monotonic()
    result = remote.run(*python(SLEEP, tag), options=("--timeout", "1500ms")).check(124)
    assert time.monotonic() - begun < 1.5 + 2 + 0.5
    assert result.stdout == b"ready\n"
    assert error_code(result.err) == "timeout"
    wait_gone(tag)


def test_the_limit_ends_a_stubborn_command_hard(remote: Remote, tag: str) -> None:
    begun = time.monotonic()
    result = remote.run(*python(STUBBORN, tag), options=("--timeout", "1s")).check(124)
    assert time.monotonic() - begun < 1 + 2 + 1 + 1
    assert result.stdout == b"ready\ngot 15\n"
    wait_gone(tag)


@pytest.mark.needs("streaming")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=["SIGINT", "SIGTERM", "SIGHUP"])
def test_the_first_signal_goes_to_the_command(remote: Remote, tag: str, number: int) -> None:
    with remote.start(*python(POLITE, tag)) as run:
        run.out.wait(b"ready\n")
        wait_for(lambda: container_processes(tag), "the command in the container")
        run.signal(number)
        assert run.end() == 9
    assert run.out.all() == b"ready\ngot %d\n" % number
    wait_gone(tag)


@pytest.mark.needs("streaming")
@pytest.mark.static
def test_a_command_that_dies_of_the_first_signal(remote: Remote, tag: str) -> None:
    with remote.start(*python("import os, signal, time; signal.signal(signal.SIGINT, signal.SIG_DFL)\n" + SLEEP, tag)) as run:
        run.out.wait(b"ready\n")
        run.signal(signal.SIGINT)
        assert run.end() == 130
    wait_gone(tag)


@pytest.mark.needs("streaming")
def test_the_second_signal_ends_hard(remote: Remote, tag: str) -> None:
    with remote.start(*python(STUBBORN, tag)) as run:
        run.out.wait(b"ready\n")
        run.signal(signal.SIGINT)
        run.out.wait(b"got 2\n")
        begun = time.monotonic()
        run.signal(signal.SIGINT)
        assert run.end() == 130
        assert time.monotonic() - begun < 4
    assert error_code(run.err.all().decode()) == "interrupted"
    wait_gone(tag)


@pytest.mark.needs("streaming")
@pytest.mark.static
def test_a_reader_that_leaves_ends_the_command(remote: Remote, tag: str) -> None:
    script = "import os, signal; signal.signal(signal.SIGPIPE, signal.SIG_DFL)\nwhile True: os.write(1, b'line of output\\n')"
    with remote.start(*python(script, tag)) as run:
        run.out.wait(b"line of output\n")
        assert run.process.stdout is not None
        # the reader of the pipe goes away
        run.process.stdout.close()
        assert run.end() == 141
    wait_gone(tag)


@pytest.mark.needs("streaming")
def test_killing_fops_leaves_a_usable_state(remote: Remote, tag: str) -> None:
    with remote.start(*python(SLEEP, tag)) as run:
        run.out.wait(b"ready\n")
        run.signal(signal.SIGKILL)
        assert run.end() == -9
    remote.run("echo", "fine").check()
    kill_tagged(tag)


# --- silence -----------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module", autouse=True)
def silent_run(lab: Lab, runtime_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Started]]:
    """A run that says nothing for longer than two keep-alive intervals, beside all other tests of this file."""
    if "ssh" not in lab["neighbours"]:
        yield lambda: pytest.skip("ssh is not up")
        return
    runner = Runner(conftest.tested_binary(), tmp_path_factory.mktemp("silent") / "home")
    runner.environment |= lab.environment | {"XDG_RUNTIME_DIR": str(runtime_folder)}
    words = ("--context", "lab-ssh", "runtime-assets", "run", "--role", ROLE, "--", "sh", "-c", f"sleep {2 * ALIVE_SECONDS + 3}; echo still here")
    with Started(runner, *words) as run:
        yield lambda: run


def test_a_silent_command_is_not_taken_for_a_lost_link(silent_run: Callable[[], Started]) -> None:
    run = silent_run()
    assert run.end(2 * ALIVE_SECONDS + 20) == 0
    assert run.out.all() == b"still here\n"
