"""Servers that refuse, stall, cut, babble or drip: each ends in a code that says so, and never later than the limit allows."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conftest import Lab, Result, Runner
from lab_tools import (
    Handler,
    Relay,
    Started,
    answering,
    asset,
    endpoint,
    error_code,
    error_part,
    instrumented,
    local_block,
    read_head,
    reset,
    serving,
    wait_for,
    wait_for_client,
    write_topology,
)

HEALTH = {"method": "GET", "path": "/health", "expect": {"status": 200, "pointer": "/status", "value": "ok"}}
SLACK_SECONDS = 0.5


def slack(runner: Runner) -> float:
    return SLACK_SECONDS * (4 if instrumented(runner.binary) else 1)


@pytest.fixture
def relay(lab: Lab) -> Iterator[Relay]:
    """The lab's relay in front of the executor, passing again afterwards."""
    lab.need("lxc", "executor")
    relay = Relay(lab["neighbours"]["executor"]["relay"])
    yield relay
    relay.tell("mode pass")
    relay.tell("drop")


def relayed(runner: Runner, *words: str, **options: object) -> Result:
    return runner("--context", "lab-faults", "runtime-assets", "request", "--role", "relayed_executor", *words, **options)


# --- through the lab's relay -------------------------------------------------------------------------------------------

@pytest.mark.static
def test_the_relay_passes(operate: Runner, relay: Relay) -> None:
    relayed(operate, "--path", "/whoami").check()


@pytest.mark.static
@pytest.mark.parametrize(("mode", "words"), [("refuse", "refused the connection"), ("reset", "")])
def test_no_connection(operate: Runner, relay: Relay, mode: str, words: str) -> None:
    with relay.mode(mode):
        result = relayed(operate, "--path", "/whoami", "--retries", "1").check(69)
    assert error_code(result.err) == "plane.unavailable"
    assert words in error_part(result.err, "cause")
    assert "(2 tries)" in error_part(result.err, "cause")
    assert error_part(result.err, "effect").startswith("nothing")


@pytest.mark.static
def test_a_stall_ends_at_the_limit(operate: Runner, relay: Relay) -> None:
    with relay.mode("stall"):
        begun = time.monotonic()
        result = relayed(operate, "--path", "/whoami", "--timeout", "1s").check(124)
        took = time.monotonic() - begun
    assert error_code(result.err) == "timeout"
    assert 1 <= took < 1 + slack(operate)


@pytest.mark.static
@pytest.mark.parametrize("kind", ["truncate", "cut-after"])
@pytest.mark.parametrize("count", [0, 1, 5, 60, 500, 1000, 1500, 2000, 5000, 50_000, 150_000])
def test_an_answer_that_is_cut_is_never_taken_for_whole(operate: Runner, relay: Relay, kind: str, count: int) -> None:
    """The cuts fall into the handshake, the headers and the body of 200,000 bytes."""
    with relay.mode(f"{kind}:{count}"):
        result = relayed(operate, "--path", "/bytes", "--query", "count=200000", "--retries", "0", "--timeout", "10s")
    assert result.code in (69, 76), str(result)
    assert error_code(result.err) in ("plane.unavailable", "plane.protocol", "plane.tls")
    assert error_part(result.err, "cause")
    assert len(result.stdout) < 200_000


def test_a_cut_chunked_answer_is_never_taken_for_whole(operate: Runner, relay: Relay) -> None:
    for count in (3000, 60_000, 199_000):
        with relay.mode(f"truncate:{count}"):
            result = relayed(operate, "--path", "/bytes", "--query", "count=200000", "--query", "chunked=true", "--retries", "0")
        assert result.code in (69, 76), str(result)


def test_a_slow_link_is_only_slow(operate: Runner, relay: Relay) -> None:
    with relay.mode("delay:40"):
        assert relayed(operate, "--path", "/whoami").check().json()["subject"] == "lab"


def test_a_link_that_stalls_in_the_body(operate: Runner, relay: Relay) -> None:
    words = ("--context", "lab-faults", "runtime-assets", "request", "--role", "relayed_executor", "--path", "/drip", "--query", "count=1000", "--query", "ms=20", "--timeout", "3s")
    begun = time.monotonic()
    with Started(operate, *words) as run:
        run.out.wait(b"...")
        with relay.mode("stall"):
            assert run.end(10) == 124
            assert time.monotonic() - begun < 3 + slack(operate)
    assert error_code(run.err.all().decode()) == "timeout"


@pytest.mark.parametrize("mode", ["refuse", "reset", "stall", "truncate:700"])
def test_check_judges_a_broken_link(operate: Runner, relay: Relay, mode: str) -> None:
    with relay.mode(mode):
        begun = time.monotonic()
        result = operate("--context", "lab-faults", "runtime-assets", "check", "--role", "relayed_executor", "--timeout", "2s", "-o", "json").check(12)
        assert time.monotonic() - begun < 2 + slack(operate)
    row = result.json()["items"][0]
    assert row["state"] in ("degraded", "unknown") and row["cause"] and row["fix"]


def test_check_wait_sees_the_link_come_back(operate: Runner, relay: Relay) -> None:
    words = ("--context", "lab-faults", "runtime-assets", "check", "--role", "relayed_executor", "--wait", "--timeout", "30s", "--retries", "0", "-vv", "-o", "json")
    relay.tell("mode reset")
    with Started(operate, *words) as run:
        accepted = relay.tell("status")["accepted"]
        wait_for(lambda: relay.tell("status")["accepted"] > accepted + 1, "second round")
        relay.tell("mode pass")
        assert run.end(20) == 0
    assert json.loads(run.out.all())["items"][0]["state"] == "ok"


# --- broken answers ----------------------------------------------------------------------------------------------------

RAW = {"/garbage": 76, "/empty": 69, "/half-headers": 76, "/truncated": 76, "/bad-chunk": 76, "/two-lengths": 76, "/endless-headers": 76, "/reset": (69, 76)}


@pytest.mark.static
@pytest.mark.neighbours("lxc", "executor")
@pytest.mark.parametrize("path", RAW)
def test_broken_answers(operate: Runner, path: str) -> None:
    result = operate("--context", "lab-faults", "runtime-assets", "request", "--role", "raw_executor", "--path", path, "--retries", "0", "--timeout", "10s")
    expected = RAW[path]
    assert result.code in (expected if isinstance(expected, tuple) else (expected,)), str(result)
    assert error_code(result.err) in ("plane.unavailable", "plane.protocol")


# --- servers of our own ------------------------------------------------------------------------------------------------

def speak(text: bytes, then: Callable[[socket.socket], None] = wait_for_client) -> Handler:
    def handle(link: socket.socket) -> None:
        read_head(link)
        link.sendall(text)
        then(link)

    return handle


def half_closed(link: socket.socket) -> None:
    read_head(link)
    link.shutdown(socket.SHUT_WR)
    wait_for_client(link)


def drip_headers(link: socket.socket) -> None:
    """One byte of a header that never ends, as slowly as keeps a client awake."""
    read_head(link)
    link.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        link.sendall(b"x")
        time.sleep(0.05)


def drip_body(link: socket.socket) -> None:
    read_head(link)
    link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        link.sendall(b"x")
        time.sleep(0.05)


def leave(link: socket.socket) -> None:
    link.close()


SLOW: dict[str, Handler] = {
    "black-hole": wait_for_client,
    "half-a-status-line": speak(b"HTTP/1.1 2"),
    "half-a-header": speak(b"HTTP/1.1 200 OK\r\nContent-"),
    "no-body": speak(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"),
    "half-a-body": speak(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"),
    "endless-1xx": speak(b"HTTP/1.1 100 Continue\r\n\r\n" * 10),
    "dripping-headers": drip_headers,
    "dripping-body": drip_body,
    "open-chunk": speak(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"),
}
BROKEN: dict[str, tuple[Handler, tuple[int, ...]]] = {
    "closes-at-once": (leave, (69,)),
    "resets-at-once": (reset, (69,)),
    "half-closed": (half_closed, (69,)),
    "ssh-banner": (speak(b"SSH-2.0-OpenSSH_9.2\r\n", leave), (76,)),
    "nul-bytes": (speak(b"\0" * 100, leave), (76,)),
    "short-body": (speak(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", leave), (76,)),
    "reset-in-body": (speak(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", reset), (69, 76)),
    "negative-length": (speak(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", leave), (76,)),
    "huge-chunk": (speak(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nx", leave), (76,)),
    "wrong-encoding": (speak(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", leave), (0, 76)),
    "status-999": (speak(b"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n", leave), (1, 69, 76)),
    "status-000": (speak(b"HTTP/1.1 000 What\r\nContent-Length: 0\r\n\r\n", leave), (1, 69, 76)),
    "nul-in-header": (speak(b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n", leave), (76,)),
}


def request(runner: Runner, folder: Path, port: int, *words: str) -> Result:
    place = write_topology(folder / "topology", endpoint("it", f"http://127.0.0.1:{port}"), asset("one", executorRef="it"))
    return runner("runtime-assets", "request", "--topology", place, "--role", "one", "--path", "/x", *words)


@pytest.mark.static
@pytest.mark.parametrize("kind", SLOW)
def test_a_server_that_never_ends_is_left_at_the_limit(fops: Runner, tmp_path: Path, kind: str) -> None:
    with serving(SLOW[kind]) as server:
        begun = time.monotonic()
        result = request(fops, tmp_path, server.port, "--timeout", "700ms").check(124)
        took = time.monotonic() - begun
    assert error_code(result.err) == "timeout"
    assert 0.7 <= took < 0.7 + slack(fops)


@pytest.mark.static
@pytest.mark.parametrize("kind", BROKEN)
def test_a_server_that_breaks_off_is_told(fops: Runner, tmp_path: Path, kind: str) -> None:
    handler, codes = BROKEN[kind]
    with serving(handler) as server:
        result = request(fops, tmp_path, server.port, "--retries", "0", "--timeout", "10s")
    assert result.code in codes, str(result)
    if result.code:
        assert error_code(result.err) in ("plane.unavailable", "plane.protocol", "plane.rejected")


def test_a_closed_port_is_told_at_once(fops: Runner, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    result = request(fops, tmp_path, port, "--retries", "0").check(69)
    assert f"127.0.0.1:{port} refused the connection" in error_part(result.err, "cause")


def test_a_connection_that_is_never_accepted_ends_by_its_own_limit(fops: Runner, tmp_path: Path) -> None:
    """The kernel drops connections beyond the backlog, so connecting itself hangs."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    port = listener.getsockname()[1]
    fillers = []
    for _ in range(8):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(("127.0.0.1", port))
        fillers.append(filler)
    begun = time.monotonic()
    result = request(fops, tmp_path, port, "--timeout", "1s")
    took = time.monotonic() - begun
    for each in (*fillers, listener):
        each.close()
    assert result.code == 124
    assert took < 1 + slack(fops)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"])
def test_a_signal_ends_a_request_that_hangs(fops: Runner, tmp_path: Path, number: int, code: int) -> None:
    with serving(wait_for_client) as server:
        place = write_topology(tmp_path / "topology", endpoint("it", f"http://127.0.0.1:{server.port}"), asset("one", executorRef="it"))
        with Started(fops, "runtime-assets", "request", "--topology", place, "--role", "one", "--path", "/x", "--method", "POST") as run:
            wait_for(lambda: server.accepted, "connection")
            run.signal(number)
            assert run.end(5) == code
        assert "may have" in error_part(run.err.all().decode(), "effect")


def test_a_name_that_does_not_exist(fops: Runner, tmp_path: Path) -> None:
    place = write_topology(tmp_path / "topology", endpoint("it", "http://no-such-host.invalid:1"), asset("one", executorRef="it"))
    begun = time.monotonic()
    result = fops("runtime-assets", "request", "--topology", place, "--role", "one", "--path", "/x", "--retries", "0", "--timeout", "2s")
    assert result.code in (69, 124)
    assert time.monotonic() - begun < 2 + slack(fops)


@pytest.mark.neighbours("lxc")
@pytest.mark.parametrize("kind", SLOW)
def test_check_leaves_a_server_that_never_ends_at_the_limit(operate: Runner, lab: Lab, tmp_path: Path, kind: str) -> None:
    with serving(SLOW[kind]) as server:
        place = write_topology(tmp_path / "topology", endpoint("it", f"http://127.0.0.1:{server.port}"),
                               asset("one", executorRef="it", health=HEALTH, lxc=local_block(lab)))
        begun = time.monotonic()
        result = operate("runtime-assets", "check", "--topology", place, "--all", "--timeout", "700ms", "-o", "json").check(12)
        assert time.monotonic() - begun < 0.7 + slack(operate)
    assert result.json()["items"][0]["state"] == "unknown"


@pytest.mark.neighbours("lxc")
def test_check_takes_no_endless_answer(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    """A health contract with a pointer needs the body, but only so much of it."""
    with serving(answering(b'{"status":"' + b"x" * (4 << 20) + b'"}')) as server:
        place = write_topology(tmp_path / "topology", endpoint("it", f"http://127.0.0.1:{server.port}"),
                               asset("one", executorRef="it", health=HEALTH, lxc=local_block(lab)))
        row = operate("runtime-assets", "check", "--topology", place, "--all", "-o", "json").check(12).json()["items"][0]
    assert row["state"] == "degraded"
    assert len(row["cause"]) < 1000
