"""endpoints: what list, show and check tell of servers on loopback, and a watch from its first to its last row."""

from __future__ import annotations

import fcntl
import json
import os
import re
import select
import signal
import socket
import struct
import subprocess
import termios
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import Result, Runner
from golden_case import FIXTURES
from lab_tools import Started, instrumented, wait_for
from pseudo_terminal import Terminal
from small_endpoints import HEALTH, certificate, endpoint, serving, write

pytestmark = pytest.mark.static
ENDPOINTS = FIXTURES / "topology/endpoints"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def check(fops: Runner, topology: Path, *words: str, **options: Any) -> Result:
    return fops("--topology", topology, "endpoints", "check", *words, **options)


def rows(result: Result) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in result.json()["items"]}


# --- check ---


def test_three_facts_and_a_state(fops: Runner, tmp_path: Path) -> None:
    with serving() as well, serving() as ill:
        ill.status = 503
        topology = write(
            tmp_path,
            endpoint("well", f"http://127.0.0.1:{well.port}"),
            endpoint("ill", f"http://127.0.0.1:{ill.port}"),
            endpoint("dead", f"http://127.0.0.1:{free_port()}"),
            endpoint("unasked", None, publicUrl="https://unasked.example.net"),
        )
        result = check(fops, topology, "-o", "json").check(12)
    found = rows(result)
    assert list(found) == sorted(found)
    assert {name: row["state"] for name, row in found.items() if name != "ill"} == {
        "well": "ok",
        "dead": "down",
        "unasked": "none",
    }
    # one contract stands for liveness and readiness
    assert found["ill"]["state"] in ("down", "degraded")
    assert (found["well"]["reached"], found["well"]["ready"]) == ("yes", "yes")
    assert (found["ill"]["reached"], found["ill"]["ready"]) == ("yes", "no")
    assert (found["dead"]["reached"], found["dead"]["ready"]) == ("no", "no")
    assert found["well"]["version"] == "1.2.3"
    assert found["well"]["latency_ms"] is not None
    assert (found["well"]["cause"], found["well"]["fix"]) == (None, None)
    for name in ("ill", "dead"):
        assert found[name]["cause"] and found[name]["fix"], name
    assert result.json()["partial"] is False
    assert result.stderr == b""


@pytest.mark.parametrize("words", [[], ["--all"], ["well"], ["endpoint/well"], ["--plane", "tests"]])
def test_a_good_verdict_is_0(fops: Runner, tmp_path: Path, words: list[str]) -> None:
    with serving() as server:
        result = check(fops, write(tmp_path, endpoint("well", f"http://127.0.0.1:{server.port}")), *words, "-o", "json")
    assert list(rows(result.check())) == ["well"]


def test_labels_and_plane_choose(fops: Runner, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    topology = write(
        tmp_path,
        endpoint("a", url, labels={"tier": "core", "zone": "eu"}),
        endpoint("b", url, labels={"tier": "core"}),
        endpoint("c", url, plane="other", labels={"tier": "core", "zone": "eu"}),
    )
    for words, expected in (
        (["--label", "tier=core"], ["a", "b", "c"]),
        (["--label", "tier=core", "--label", "zone=eu"], ["a", "c"]),
        (["--plane", "tests", "--label", "zone=eu"], ["a"]),
        (["b", "c", "--plane", "other"], ["c"]),
    ):
        assert list(rows(check(fops, topology, *words, "-o", "json").check(12))) == expected
        if words[0].startswith("--"):
            listed = fops("--topology", topology, "endpoints", "list", *words, "-q").check()
            assert listed.out.split() == expected


def test_a_public_url_is_never_asked(fops: Runner, tmp_path: Path) -> None:
    """R12: neither when it is the only one, nor when the executor does not answer."""
    with serving() as public, serving() as executor:
        address = f"http://localhost.example.net:{public.port}"
        topology = write(
            tmp_path,
            endpoint("people", None, publicUrl=address, internalUrl=f"http://127.0.0.1:{public.port}"),
            endpoint("both", f"http://127.0.0.1:{free_port()}", internalUrl=f"http://127.0.0.1:{public.port}"),
            endpoint("right", f"http://127.0.0.1:{executor.port}", internalUrl=f"http://127.0.0.1:{public.port}"),
        )
        found = rows(check(fops, topology, "-o", "json").check(12))
        assert {name: row["state"] for name, row in found.items()} == {"people": "none", "both": "down", "right": "ok"}
        assert public.paths == []
        assert executor.paths and set(executor.paths) == {"/health"}


def test_urls_stand_in_their_own_columns(fops: Runner) -> None:
    listed = fops("--topology", ENDPOINTS, "endpoints", "list", "-o", "json").check().json()
    shown = {row["id"]: row for row in listed["items"]}
    assert shown["dashboard"]["executor_url"] is None
    assert shown["dashboard"]["public_url"] == "https://dash.example.net"
    assert shown["dashboard"]["internal_url"] == "http://grafana.grafana.svc:3000"
    for name, row in shown.items():
        record = fops("--topology", ENDPOINTS, "endpoints", "show", name, "-o", "json").check().json()
        for kind in ("public_url", "executor_url", "internal_url"):
            assert record[kind] == row[kind], name


@pytest.mark.parametrize(
    ("days", "state", "warning"),
    [
        (60, "ok", None),
        (15, "ok", None),
        (13, "ok", "certificate expires in 13 days"),
        (1, "ok", "certificate expires in 1 day"),
        (0, "ok", "certificate expires today"),
    ],
)
def test_a_certificate_near_its_end_is_a_warning(
    fops: Runner, tmp_path: Path, days: int, state: str, warning: str | None
) -> None:
    context, pem = certificate(tmp_path, days)
    with serving(context) as server:
        topology = write(tmp_path, endpoint("tls", f"https://127.0.0.1:{server.port}", tls={"ca": pem}))
        row = rows(check(fops, topology, "-o", "json").check())["tls"]
    assert (row["state"], row["tls_days"], row["warning"]) == (state, days, warning)
    assert (row["fix"] is None) == (warning is None)
    assert row["cause"] is None


def test_an_expired_certificate_is_a_finding(fops: Runner, tmp_path: Path) -> None:
    context, pem = certificate(tmp_path, -3)
    with serving(context) as server:
        topology = write(tmp_path, endpoint("tls", f"https://127.0.0.1:{server.port}", tls={"ca": pem}))
        row = rows(check(fops, topology, "-o", "json").check(12))["tls"]
    assert row["state"] == "down"
    assert "expired" in row["cause"]


def test_the_limit_leaves_a_partial_document(fops: Runner, tmp_path: Path) -> None:
    with serving() as well, serving() as slow:
        slow.answers.clear()
        topology = write(
            tmp_path,
            endpoint("well", f"http://127.0.0.1:{well.port}"),
            endpoint("slow", f"http://127.0.0.1:{slow.port}", health={**HEALTH, "timeout": "50s"}),
        )
        began = time.monotonic()
        result = check(fops, topology, "--timeout", "500ms", "-o", "json").check(124)
        assert time.monotonic() - began < 3
    found = rows(result)
    assert (found["well"]["state"], found["slow"]["state"]) == ("ok", "unknown")
    assert result.json()["partial"] is True
    assert json.loads(result.stderr)["code"] == "timeout"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("words", [[], ["--wait"]], ids=["once", "wait"])
def test_a_signal_leaves_a_partial_document(
    fops: Runner, tmp_path: Path, words: list[str], number: signal.Signals, code: int
) -> None:
    with serving() as slow:
        slow.answers.clear()
        url = f"http://127.0.0.1:{slow.port}"
        topology = write(tmp_path, endpoint("slow", url, health={**HEALTH, "timeout": "50s"}))
        with Started(fops, "--topology", topology, "endpoints", "check", *words, "-o", "json") as run:
            assert slow.asked.wait(20)
            run.signal(number)
            assert run.end() == code
            document = json.loads(run.out.all())
    assert document["partial"] is True
    assert document["items"][0]["state"] == "unknown"


def test_wait_returns_when_all_are_well(fops: Runner, tmp_path: Path) -> None:
    with serving() as server:
        server.status = 503
        topology = write(tmp_path, endpoint("late", f"http://127.0.0.1:{server.port}"))
        with Started(fops, "--topology", topology, "endpoints", "check", "--wait", "-o", "json") as run:
            wait_for(lambda: len(server.paths) > 2, "third question")
            assert run.process.poll() is None
            server.status = 200
            assert run.end() == 0
            assert json.loads(run.out.all())["items"][0]["state"] == "ok"


def test_wait_tells_what_was_missing(fops: Runner, tmp_path: Path) -> None:
    with serving() as well:
        topology = write(
            tmp_path,
            endpoint("well", f"http://127.0.0.1:{well.port}"),
            endpoint("dead", f"http://127.0.0.1:{free_port()}"),
        )
        result = check(fops, topology, "--wait", "--timeout", "600ms", "-o", "tsv").check(124)
    assert "1 of 2 endpoints were not well in time" in result.err
    assert "dead (down)" in result.err
    assert [line.split("\t")[:2] for line in result.out.splitlines()[1:]] == [["dead", "down"], ["well", "ok"]]


def test_many_are_checked_side_by_side(fops: Runner, tmp_path: Path) -> None:
    with serving() as server:
        url = f"http://127.0.0.1:{server.port}"
        topology = write(tmp_path, *(endpoint(f"e{number:03d}", url) for number in range(200)))
        found = rows(check(fops, topology, "-o", "json").check())
    assert len(found) == 200
    assert {row["state"] for row in found.values()} == {"ok"}


# --- watch as events ---


def events(run: Started) -> list[dict[str, Any]]:
    return [json.loads(line) for line in bytes(run.out.content).splitlines(keepends=True) if line.endswith(b"\n")]


def states(run: Started) -> list[tuple[str, str]]:
    return [(event["item"]["id"], event["item"]["state"]) for event in events(run) if event["type"] == "item"]


def test_watch_tells_changes_and_nothing_else(fops: Runner, tmp_path: Path) -> None:
    with serving() as one, serving() as two:
        topology = write(
            tmp_path,
            endpoint("one", f"http://127.0.0.1:{one.port}"),
            endpoint("two", f"http://127.0.0.1:{two.port}"),
        )
        with Started(fops, "--topology", topology, "endpoints", "check", "--watch=100ms") as run:
            wait_for(lambda: len(two.paths) > 5, "sixth round")
            assert sorted(states(run)) == [("one", "ok"), ("two", "ok")]
            two.status = 500
            wait_for(lambda: len(states(run)) == 3, "event of the failure")
            assert states(run)[2][0] == "two" and states(run)[2][1] != "ok"
            two.status = 200
            wait_for(lambda: len(states(run)) == 4, "event of the recovery")
            two.document = {"status": "ok", "version": "1.2.4"}
            wait_for(lambda: len(states(run)) == 5, "event of the new version")
            asked = len(one.paths)
            wait_for(lambda: len(one.paths) > asked + 3, "more rounds")
            assert states(run)[3:] == [("two", "ok"), ("two", "ok")]
            run.signal(signal.SIGINT)
            assert run.end() == 130
            told = events(run)
    assert (told[0]["schema"], told[0]["type"], told[0]["of"]) == ("fops.events/1", "start", "fops.endpoint.check/1")
    assert (told[-1]["type"], told[-1]["exit"]) == ("end", 130)
    assert told[-1]["counts"] == {"returned": 5, "total": 5}
    assert "interrupted" in bytes(run.err.content).decode()


@pytest.mark.parametrize(("status", "code"), [(200, 0), (500, 12)])
def test_count_ends_a_watch_with_the_last_verdict(fops: Runner, tmp_path: Path, status: int, code: int) -> None:
    with serving() as server:
        server.status = status
        topology = write(tmp_path, endpoint("one", f"http://127.0.0.1:{server.port}"))
        result = check(fops, topology, "--watch=100ms", "--count", "3").check(code)
        assert len(result.jsonl()) == 3
        assert result.jsonl()[-1]["exit"] == code
        assert len(server.paths) >= 3


def test_timeout_is_the_limit_of_a_round(fops: Runner, tmp_path: Path) -> None:
    with serving() as slow:
        slow.answers.clear()
        url = f"http://127.0.0.1:{slow.port}"
        topology = write(tmp_path, endpoint("slow", url, health={**HEALTH, "timeout": "50s"}))
        result = check(fops, topology, "--watch=100ms", "--count", "3", "--timeout", "200ms").check(12)
    assert [event.get("item", {}).get("state") for event in result.jsonl()] == [None, "unknown", None]


def test_a_watch_ends_with_its_reader(fops: Runner, tmp_path: Path) -> None:
    """Nothing changes, so nothing would be written: the end of the pipe itself is noticed."""
    with serving() as server:
        topology = write(tmp_path, endpoint("one", f"http://127.0.0.1:{server.port}"))
        process = fops.command(
            "--topology", topology, "endpoints", "check", "--watch=100ms",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        assert process.stdout is not None and process.stderr is not None
        assert b'"start"' in process.stdout.readline()
        assert b'"item"' in process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(10) == 0
        process.stderr.close()


def test_a_full_disk_ends_a_watch(fops: Runner, tmp_path: Path) -> None:
    with serving() as server, open("/dev/full", "wb") as full:
        topology = write(tmp_path, endpoint("one", f"http://127.0.0.1:{server.port}"))
        assert "io.output" in check(fops, topology, "--watch=100ms", stdout=full, timeout=20).check(74).err


def test_watch_rests_between_rounds_and_does_not_grow(fops: Runner, tmp_path: Path) -> None:
    with serving() as server:
        url = f"http://127.0.0.1:{server.port}"
        topology = write(tmp_path, *(endpoint(f"e{number:02d}", url) for number in range(20)))
        with Started(fops, "--topology", topology, "endpoints", "check", "--watch=100ms") as run:
            wait_for(lambda: len(server.paths) > 20 * 5, "fifth round", 30)
            before, began = resident_kib(run.process.pid), len(os.listdir(f"/proc/{run.process.pid}/fd"))
            wait_for(lambda: len(server.paths) > 20 * 40, "fortieth round", 60)
            after, ended = resident_kib(run.process.pid), len(os.listdir(f"/proc/{run.process.pid}/fd"))
            run.signal(signal.SIGTERM)
            assert run.end() == 143
    # connections come and go; a leak of one descriptor or a page a round would show
    assert abs(ended - began) <= 21
    # a sanitizer keeps what was freed
    assert after - before < 512 or instrumented(fops.binary)


def resident_kib(pid: int) -> int:
    found = re.search(r"VmRSS:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1])


def test_an_idle_watch_uses_no_processor(fops: Runner, tmp_path: Path) -> None:
    with serving() as server:
        topology = write(tmp_path, endpoint("one", f"http://127.0.0.1:{server.port}"))
        with Started(fops, "--topology", topology, "endpoints", "check", "--watch=1h") as run:
            wait_for(lambda: states(run) == [("one", "ok")], "first row")
            before = processor_ticks(run.process.pid)
            # there is nothing to wait for but time itself
            select.select([], [], [], 1)
            assert processor_ticks(run.process.pid) - before <= 2
            run.signal(signal.SIGINT)
            assert run.end() == 130


def processor_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


# --- watch on a terminal ---

ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"
FRAME = b"\x1b[?2026h\x1b[H"


class Screen:
    """A watch with all three streams on one terminal of its own session."""

    def __init__(self, fops: Runner, *words: str | Path, columns: int = 100, rows: int = 20, term: str = "xterm") -> None:
        self.terminal = Terminal(columns, rows)
        slave = self.terminal.slave
        self.before = termios.tcgetattr(slave)
        self.process = fops.command(
            *words, stdin=slave, stdout=slave, stderr=slave, env={"TERM": term},
            preexec=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        self.seen = bytearray()

    def read(self, seconds: float = 0.05) -> None:
        ready, _, _ = select.select([self.terminal.master], [], [], seconds)
        if ready:
            self.seen += os.read(self.terminal.master, 65536)

    def wait(self, text: bytes, times: int = 1, seconds: float = 20) -> None:
        limit = time.monotonic() + seconds
        while self.seen.count(text) < times:
            assert time.monotonic() < limit, f"{times} times {text!r} did not come: {bytes(self.seen)!r}"
            self.read()

    def type(self, keys: bytes) -> None:
        os.write(self.terminal.master, keys)

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.terminal.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def end(self) -> int:
        limit = time.monotonic() + 20
        while self.process.poll() is None:
            assert time.monotonic() < limit, f"no end: {bytes(self.seen)!r}"
            self.read()
        self.read()
        return self.process.returncode

    def frames(self) -> list[bytes]:
        return bytes(self.seen).split(LEAVE)[0].split(FRAME)[1:]

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.terminal.close_slave()
        self.terminal.close()


def test_a_table_changes_in_place_until_q(fops: Runner, tmp_path: Path) -> None:
    with serving() as server:
        topology = write(tmp_path, endpoint("one", f"http://127.0.0.1:{server.port}"))
        with Screen(fops, "--topology", topology, "endpoints", "check", "--watch=200ms") as screen:
            screen.wait(b"1 ok")
            server.status = 500
            screen.wait(b"expected status 200, found 500")
            screen.type(b"xq")
            assert screen.end() == 12
            assert termios.tcgetattr(screen.terminal.slave) == screen.before
            seen, frames = bytes(screen.seen), screen.frames()
    assert seen.startswith(ENTER)
    assert seen.count(ENTER) == seen.count(LEAVE) == 1
    assert b"\x1b[?25l" in seen and seen.index(b"\x1b[?25h") < seen.index(LEAVE)
    # nothing is ever cleared before it is drawn anew, so nothing flickers
    assert b"\x1b[2J" not in seen
    assert all(frame.endswith(b"\x1b[J\x1b[?2026l") or b"\x1b[?7h" in frame for frame in frames)
    assert re.search(rb"every 200ms, last \d\d:\d\d:\d\dZ   1 ok   \(q ends\)", seen)
    assert b"waiting for the first answers" in frames[0]
    # the last table stays on the screen that was there before
    left = seen.split(LEAVE)[1]
    assert left.startswith(b"ID ") and b"one" in left and b"fops: error" not in left


@pytest.mark.parametrize(("key", "code"), [(b"\x03", 130), (b"Q", 0)], ids=["ctrl-c", "Q"])
def test_keys_that_end_a_watch(fops: Runner, tmp_path: Path, key: bytes, code: int) -> None:
    with serving() as server:
        topology = write(tmp_path, endpoint("one", f"http://127.0.0.1:{server.port}"))
        with Screen(fops, "--topology", topology, "endpoints", "check", "--watch=10s") as screen:
            screen.wait(b"1 ok")
            began = time.monotonic()
            screen.type(key)
            assert screen.end() == code
            assert time.monotonic() - began < 2
            assert termios.tcgetattr(screen.terminal.slave) == screen.before
            assert (b"[interrupted]" in screen.seen) == (code == 130)


def test_a_key_ends_a_round_that_takes_long(fops: Runner, tmp_path: Path) -> None:
    with serving() as slow:
        slow.answers.clear()
        url = f"http://127.0.0.1:{slow.port}"
        topology = write(tmp_path, endpoint("slow", url, health={**HEALTH, "timeout": "50s"}))
        with Screen(fops, "--topology", topology, "endpoints", "check", "--watch") as screen:
            screen.wait(b"slow")
            assert slow.asked.wait(20)
            screen.type(b"q")
            assert screen.end() == 0


def test_the_table_follows_the_window(fops: Runner, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    topology = write(tmp_path, *(endpoint(f"e{number:02d}", url) for number in range(30)))
    with Screen(fops, "--topology", topology, "endpoints", "check", "--watch=1h", columns=120, rows=50) as screen:
        screen.wait(b"30 down")
        count = len(screen.frames())
        screen.resize(60, 10)
        os.kill(screen.process.pid, signal.SIGWINCH)
        screen.wait(FRAME, count + 1)
        screen.wait(b"and 23 more")
        small = [line for line in re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", screen.frames()[-1]).split(b"\r\n")]
        assert len(small) == 10
        assert max(len(line.decode()) for line in small) <= 60
        screen.resize(200, 50)
        os.kill(screen.process.pid, signal.SIGWINCH)
        screen.wait(b"TLS DAYS")
        screen.type(b"q")
        assert screen.end() == 12


def test_states_are_coloured(fops: Runner, tmp_path: Path) -> None:
    with serving() as server:
        topology = write(
            tmp_path,
            endpoint("one", f"http://127.0.0.1:{server.port}"),
            endpoint("two", f"http://127.0.0.1:{free_port()}"),
        )
        words = ["--topology", str(topology), "endpoints", "check", "--watch=100ms", "--count", "2"]
        with Screen(fops, *words) as screen:
            assert screen.end() == 12
            assert b"\x1b[32mok\x1b[0m" in screen.seen and b"\x1b[31mdown\x1b[0m" in screen.seen
        with Screen(fops, *words, "--color=never") as screen:
            assert screen.end() == 12
            assert b"\x1b[3" not in screen.seen.split(LEAVE)[0].replace(b"\x1b[?", b"")


def test_sorted_and_filtered_tables(fops: Runner, tmp_path: Path) -> None:
    with serving() as server:
        url = f"http://127.0.0.1:{server.port}"
        topology = write(
            tmp_path,
            endpoint("a", url),
            endpoint("b", f"http://127.0.0.1:{free_port()}"),
            endpoint("c", url),
        )
        words = ["--topology", str(topology), "endpoints", "check", "--watch=100ms", "--count", "3", "--color=never"]
        with Screen(fops, *words, "--sort", "-id", "--fields", "id,state") as screen:
            assert screen.end() == 12
            left = bytes(screen.seen).split(LEAVE)[1].split(b"\n")[1:4]
            assert [line[:1] for line in left] == [b"c", b"b", b"a"]
        with Screen(fops, *words, "--filter", "state!=ok", "--fields", "id,state") as screen:
            assert screen.end() == 12
            assert bytes(screen.seen).split(LEAVE)[1].split(b"\n")[1:] == [b"b   down", b""]


def test_text_of_a_server_steers_no_terminal(fops: Runner, tmp_path: Path) -> None:
    with serving() as server:
        server.document = {"status": "\x1b]0;owned\x07\u202e", "version": "\x1b[2J9"}
        topology = write(tmp_path, endpoint("one", f"http://127.0.0.1:{server.port}"))
        words = ["--topology", str(topology), "endpoints", "check", "--watch=100ms", "--count", "2"]
        with Screen(fops, *words, columns=250) as screen:
            assert screen.end() == 12
            assert b"owned" in screen.seen
            for bad in (b"\x1b]", b"\x07", b"\x1b[2J", "\u202e".encode()):
                assert bad not in screen.seen


def test_a_dumb_terminal_gets_events(fops: Runner, tmp_path: Path) -> None:
    with serving() as server:
        topology = write(tmp_path, endpoint("one", f"http://127.0.0.1:{server.port}"))
        words = ["--topology", str(topology), "endpoints", "check", "--watch=100ms", "--count", "1"]
        with Screen(fops, *words, term="dumb") as screen:
            assert screen.end() == 0
            assert b"\x1b" not in screen.seen
            assert [json.loads(line)["type"] for line in screen.seen.splitlines()] == ["start", "item", "end"]


# --- completion ---


def complete(fops: Runner, *words: str, topology: Path = ENDPOINTS) -> list[str]:
    done = fops("__complete", "--", *words, env={"FOPS_TOPOLOGY": str(topology)}).check()
    return [line.split("\t")[0] for line in done.out.splitlines()]


def test_ids_are_completed(fops: Runner) -> None:
    known = fops("--topology", ENDPOINTS, "endpoints", "list", "-q").check().out.split()
    assert complete(fops, "endpoints", "show", "") == known
    assert complete(fops, "endpoints", "check", "op") == ["openbao"]
    assert complete(fops, "endpoints", "check", "openbao", "g") == ["grid"]
    assert complete(fops, "doctor", "da") == ["dashboard"]
    assert complete(fops, "endpoints", "") == ["list", "show", "check"]
    assert "ca" in complete(fops, "doctor", "--only", "c")
