"""Hostile health answers: each ends in a verdict within its own limit, while its healthy neighbours still answer ok."""

from __future__ import annotations

import gzip
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from conftest import Lab, Result, Runner
from health_tools import check_rows
from lab_tools import Handler, SmallServer, answering, endpoint, instrumented, peak_memory_kib, read_head, reset, serving, wait_for_client, write_topology

NEIGHBOURS = 50
LIMIT_SECONDS = 1.0
SLACK_SECONDS = 0.5
MOST_MEMORY_KIB = 40 * 1024
BODY = b'{"status":"ok"}'
HEALTH = {"path": "/health", "expect": {"pointer": "/status", "value": "ok"}, "timeout": f"{int(LIMIT_SECONDS * 1000)}ms"}
CHUNK = b"x" * 65536
BOMB = gzip.compress(b"\0" * (256 << 20), 9)
ENDLESS_SECONDS = 20


def slack(runner: Runner) -> float:
    return SLACK_SECONDS * (4 if instrumented(runner.binary) else 1)


def send_for_ever(link: socket.socket, part: bytes, pause: float = 0.0) -> None:
    """Until the client has enough."""
    limit = time.monotonic() + ENDLESS_SECONDS
    with suppress(OSError):
        while time.monotonic() < limit:
            link.sendall(part)
            if pause:
                time.sleep(pause)


# --- the hostile ones --------------------------------------------------------------------------------------------------

def endless_body(link: socket.socket) -> None:
    if read_head(link):
        link.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        send_for_ever(link, CHUNK)


def endless_chunks(link: socket.socket) -> None:
    if read_head(link):
        link.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        send_for_ever(link, b"10000\r\n" + CHUNK + b"\r\n")


def announced_terabyte(link: socket.socket) -> None:
    if read_head(link):
        link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1099511627776\r\n\r\n")
        send_for_ever(link, CHUNK)


def gzip_bomb(link: socket.socket) -> None:
    """Compressed without being asked for it."""
    if read_head(link):
        link.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB))
        link.sendall(BOMB)


def gzip_transfer(link: socket.socket) -> None:
    if read_head(link):
        link.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n%x\r\n" % len(BOMB) + BOMB + b"\r\n0\r\n\r\n")


def gzipped_truth(link: socket.socket) -> None:
    """The right answer, in a form that nobody asked for."""
    packed = gzip.compress(BODY)
    if read_head(link):
        link.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed)


def slow_drip(link: socket.socket) -> None:
    if read_head(link):
        link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n")
        for byte in BODY:
            link.sendall(bytes([byte]))
            time.sleep(1)


def dripping_head(link: socket.socket) -> None:
    if read_head(link):
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n" + BODY:
            link.sendall(bytes([byte]))
            time.sleep(1)


def header_flood(link: socket.socket) -> None:
    if read_head(link):
        link.sendall(b"HTTP/1.1 200 OK\r\n")
        send_for_ever(link, b"".join(b"X-Flood-%d: %s\r\n" % (i, b"v" * 1000) for i in range(64)))


def endless_header(link: socket.socket) -> None:
    if read_head(link):
        link.sendall(b"HTTP/1.1 200 OK\r\nX-Flood: ")
        send_for_ever(link, CHUNK)


def endless_interim(link: socket.socket) -> None:
    """Answers that say that the answer will come."""
    if read_head(link):
        send_for_ever(link, b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 100)


def half_close(link: socket.socket) -> None:
    if read_head(link):
        link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"sta")
        link.shutdown(socket.SHUT_WR)
        wait_for_client(link)


def half_close_before_an_answer(link: socket.socket) -> None:
    link.shutdown(socket.SHUT_WR)
    wait_for_client(link)


def garbage(link: socket.socket) -> None:
    read_head(link)
    link.sendall(b"\x00\xff\x80\x1b[2J this is not HTTP\r\n\r\n" * 64)


def old_protocol(link: socket.socket) -> None:
    read_head(link)
    link.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
    wait_for_client(link)


def two_lengths(link: socket.socket) -> None:
    if read_head(link):
        link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\nContent-Length: 17\r\n\r\n" + BODY)


def bad_chunk(link: socket.socket) -> None:
    if read_head(link):
        link.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nf\r\n" + BODY + b"\r\nzz\r\n")


def silence(link: socket.socket) -> None:
    """Takes the connection and the request, and says nothing."""
    wait_for_client(link)


def deep_json(link: socket.socket) -> None:
    body = b'{"status":' + b"[" * 100_000
    answering(body)(link)


def large_json(link: socket.socket) -> None:
    body = b'{"x":[' + b"1," * 4_000_000 + b'1],"status":"ok"}'
    answering(body)(link)


def many_cookies(link: socket.socket) -> None:
    if read_head(link):
        link.sendall(b"HTTP/1.1 200 OK\r\n" + b"Set-Cookie: a=b; Domain=127.0.0.1\r\n" * 5000 + b"Content-Length: 15\r\n\r\n" + BODY)


def control_characters(link: socket.socket) -> None:
    answering(b'{"status":"\\u001b]0;owned\\u0007\\u202e"}')(link)


HOSTILE: dict[str, Handler] = {
    "endless body": endless_body, "endless chunks": endless_chunks, "announced terabyte": announced_terabyte,
    "gzip bomb": gzip_bomb, "gzip transfer": gzip_transfer, "gzipped truth": gzipped_truth, "slow drip": slow_drip,
    "dripping head": dripping_head, "header flood": header_flood, "endless header": endless_header,
    "endless interim": endless_interim, "half close": half_close, "half close at once": half_close_before_an_answer,
    "garbage": garbage, "ssh": old_protocol, "two lengths": two_lengths, "bad chunk": bad_chunk, "silence": silence,
    "reset": reset, "deep JSON": deep_json, "large JSON": large_json, "control characters": control_characters,
}
# What answered something that is no right answer; of the others nobody can know what is there.
NOT_REACHED = {"silence", "reset", "half close at once", "dripping head"}


@pytest.fixture
def healthy() -> Iterator[SmallServer]:
    with serving(answering(BODY)) as server:
        yield server


def neighbours(server: SmallServer) -> list[dict[str, Any]]:
    """Fifty endpoints that are well."""
    return [endpoint(f"good-{i:02d}", f"http://127.0.0.1:{server.port}", health=HEALTH) for i in range(NEIGHBOURS)]


def check(runner: Runner, folder: Path, *words: str) -> tuple[dict[str, dict[str, Any]], float, int, bytes]:
    """Rows, seconds, peak memory in KiB, and what was said."""
    begun = time.monotonic()
    process = runner.command("endpoints", "check", "--topology", str(folder), "-o", "json", *words, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    found: list[int] = []
    watcher = threading.Thread(target=lambda: found.append(peak_memory_kib(process)))
    watcher.start()
    try:
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        watcher.join()
    took = time.monotonic() - begun
    assert process.returncode in (0, 12), (process.returncode, out, err)
    return check_rows(Result([], process.returncode, out, err)), took, found[0], out + err


def check_beside_neighbours(runner: Runner, tmp_path: Path, healthy: SmallServer, *bad: dict[str, Any]) -> dict[str, dict[str, Any]]:
    rows, took, memory, said = check(runner, write_topology(tmp_path / "topology", *neighbours(healthy), *bad))
    # both questions of a topology are asked at once, so one limit is all that it may take
    assert took < LIMIT_SECONDS + slack(runner), f"{took:.2f} s"
    if not instrumented(runner.binary):
        assert memory < MOST_MEMORY_KIB, f"{memory} KiB"
    assert {row["state"] for name, row in rows.items() if name.startswith("good-")} == {"ok"}
    for byte in b"\x1b\x07\x00\xff":
        assert byte not in said, said
    return rows


@pytest.mark.static
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_answer_is_a_verdict(fops: Runner, tmp_path: Path, healthy: SmallServer, name: str) -> None:
    with serving(HOSTILE[name]) as server:
        bad = endpoint("bad", f"http://127.0.0.1:{server.port}", health=HEALTH)
        row = check_beside_neighbours(fops, tmp_path, healthy, bad)["bad"]
    assert row["state"] in ("down", "degraded"), row
    assert row["ready"] != "yes", row
    assert row["cause"], row
    assert row["fix"], row
    assert row["reached"] == ("no" if name in NOT_REACHED else "yes"), row
    assert len(row["cause"]) < 1000, row


def test_many_cookies_change_nothing(fops: Runner, tmp_path: Path, healthy: SmallServer) -> None:
    """Odd, and not wrong: either it is taken, or it is called too much."""
    with serving(many_cookies) as server:
        bad = endpoint("bad", f"http://127.0.0.1:{server.port}", health=HEALTH)
        row = check_beside_neighbours(fops, tmp_path, healthy, bad)["bad"]
    assert row["state"] in ("ok", "down", "degraded"), row


@pytest.mark.static
def test_all_hostile_answers_at_once(fops: Runner, tmp_path: Path, healthy: SmallServer) -> None:
    with ExitStack() as stack:
        servers = {name: stack.enter_context(serving(handler)) for name, handler in HOSTILE.items() if not name.startswith("endless")}
        bad = [endpoint(name.replace(" ", "-").lower(), f"http://127.0.0.1:{server.port}", health=HEALTH) for name, server in servers.items()]
        rows, took, memory, _ = check(fops, write_topology(tmp_path / "topology", *neighbours(healthy), *bad))
    assert took < LIMIT_SECONDS + slack(fops) * 2, f"{took:.2f} s"
    if not instrumented(fops.binary):
        assert memory < MOST_MEMORY_KIB, f"{memory} KiB"
    assert {row["state"] for name, row in rows.items() if name.startswith("good-")} == {"ok"}
    assert {row["state"] for name, row in rows.items() if not name.startswith("good-")} <= {"down", "degraded"}


# --- redirects ---------------------------------------------------------------------------------------------------------

@pytest.mark.static
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_itself_is_no_loop(fops: Runner, tmp_path: Path, healthy: SmallServer, status: int) -> None:
    asked: list[bytes] = []

    def handle(link: socket.socket) -> None:
        while head := read_head(link):
            asked.append(head)
            link.sendall(b"HTTP/1.1 %d Moved\r\nLocation: /health?again=%d\r\nContent-Length: 0\r\n\r\n" % (status, len(asked)))

    with serving(handle) as server:
        row = check_beside_neighbours(fops, tmp_path, healthy, endpoint("bad", f"http://127.0.0.1:{server.port}", health=HEALTH))["bad"]
    assert row["state"] in ("down", "degraded"), row
    assert row["reached"] == "yes", row
    assert len(asked) < 10


@pytest.mark.static
def test_a_redirect_to_another_origin_takes_nothing_there(fops: Runner, tmp_path: Path, healthy: SmallServer) -> None:
    caught: list[bytes] = []

    def catch(link: socket.socket) -> None:
        caught.append(read_head(link))
        link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n" + BODY)

    with serving(catch) as elsewhere:
        leads = f"Location: http://127.0.0.1:{elsewhere.port}/health"
        with serving(answering(b"", "302 Found", leads)) as server:
            auth = {"mode": "bearer", "secretRef": "env://LAB_TOKEN"}
            fops.environment["LAB_TOKEN"] = "lab-token-of-this-test"
            bad = endpoint("bad", f"http://127.0.0.1:{server.port}", auth=auth, health=HEALTH)
            row = check_beside_neighbours(fops, tmp_path, healthy, bad)["bad"]
    assert row["state"] in ("down", "degraded"), row
    assert caught == []


# --- the network and TLS -----------------------------------------------------------------------------------------------

@contextmanager
def full_backlog() -> Iterator[int]:
    """A port that takes no more connections: what is sent to it is dropped, as a black hole does."""
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
    try:
        yield port
    finally:
        for each in (*fillers, listener):
            each.close()


@pytest.mark.static
def test_a_black_hole_is_down_after_its_limit(fops: Runner, tmp_path: Path, healthy: SmallServer) -> None:
    with full_backlog() as port:
        row = check_beside_neighbours(fops, tmp_path, healthy, endpoint("bad", f"http://127.0.0.1:{port}", health=HEALTH))["bad"]
    assert (row["state"], row["reached"]) == ("down", "no"), row


@pytest.mark.static
def test_a_port_of_nobody_is_down(fops: Runner, tmp_path: Path, healthy: SmallServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    row = check_beside_neighbours(fops, tmp_path, healthy, endpoint("bad", f"http://127.0.0.1:{port}", health=HEALTH))["bad"]
    assert (row["state"], row["reached"]) == ("down", "no"), row


@pytest.mark.static
def test_a_name_of_nobody_is_down(fops: Runner, tmp_path: Path, healthy: SmallServer) -> None:
    bad = endpoint("bad", "http://nobody.invalid", health=HEALTH)
    row = check_beside_neighbours(fops, tmp_path, healthy, bad)["bad"]
    assert (row["state"], row["reached"]) == ("down", "no"), row


@pytest.mark.static
@pytest.mark.parametrize("kind", ["wrongName", "expired", "untrusted"])
def test_a_certificate_that_must_be_refused(operate: Runner, lab: Lab, tmp_path: Path, healthy: SmallServer, kind: str) -> None:
    facts = lab["neighbours"]["executor"]
    tls = {"ca": Path(facts["ca"]).read_text(), "serverName": facts["serverName"]}
    auth = {"mode": "bearer", "secretRef": "env://FOPS_LAB_EXECUTOR_TOKEN"}
    bad = endpoint("bad", f"https://127.0.0.1:{facts['ports'][kind]}", tls=tls, auth=auth, health=HEALTH)
    row = check_beside_neighbours(operate, tmp_path, healthy, bad)["bad"]
    assert row["state"] == "down", row
    assert row["ready"] != "yes", row
    assert row["authorised"] != "yes", row
    assert "certificate" in row["cause"], row


def test_tls_that_never_answers(fops: Runner, tmp_path: Path, healthy: SmallServer) -> None:
    with serving(silence) as server:
        row = check_beside_neighbours(fops, tmp_path, healthy, endpoint("bad", f"https://127.0.0.1:{server.port}", health=HEALTH))["bad"]
    assert row["state"] == "down", row


def test_plain_text_where_tls_belongs(fops: Runner, tmp_path: Path, healthy: SmallServer) -> None:
    with serving(answering(BODY)) as server:
        row = check_beside_neighbours(fops, tmp_path, healthy, endpoint("bad", f"https://127.0.0.1:{server.port}", health=HEALTH))["bad"]
    assert row["state"] == "down", row
    assert row["reached"] == "no", row


def test_tls_older_than_the_contract_allows(operate: Runner, lab: Lab, tmp_path: Path, healthy: SmallServer) -> None:
    facts = lab["neighbours"]["executor"]
    folder = Path(facts["ca"]).parent
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    def handle(link: socket.socket) -> None:
        with suppress(ssl.SSLError), context.wrap_socket(link, server_side=True) as inner:
            answering(BODY)(inner)

    tls = {"ca": Path(facts["ca"]).read_text(), "serverName": facts["serverName"]}
    with serving(handle) as server:
        url = f"https://127.0.0.1:{server.port}"
        old = endpoint("old", url, tls=tls, health=HEALTH)
        new = endpoint("new", url, tls=tls | {"minimumVersion": "1.3"}, health=HEALTH)
        rows = check_beside_neighbours(operate, tmp_path, healthy, old, new)
    assert rows["old"]["state"] == "ok", rows["old"]
    assert (rows["new"]["state"], rows["new"]["authorised"]) == ("down", "unknown"), rows["new"]


# --- other protocols ---------------------------------------------------------------------------------------------------

def kafka_huge(link: socket.socket) -> None:
    link.recv(65536)
    link.sendall(b"\x7f\xff\xff\xff")
    send_for_ever(link, CHUNK)


def kafka_negative(link: socket.socket) -> None:
    link.recv(65536)
    link.sendall(b"\xff\xff\xff\xff\x00\x00\x00\x00")


def kafka_stranger(link: socket.socket) -> None:
    link.recv(65536)
    link.sendall(b"\x00\x00\x00\x0a\x7f\x00\x00\x01\x00\x00\x00\x00\x00\x00")


def kafka_drip(link: socket.socket) -> None:
    link.recv(65536)
    for byte in b"\x00\x00\x00\x0a\x00\x00":
        link.sendall(bytes([byte]))
        time.sleep(1)


def kafka_html(link: socket.socket) -> None:
    link.recv(65536)
    link.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def mcp_endless(link: socket.socket) -> None:
    if read_head(link):
        link.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        send_for_ever(link, b": nothing yet\n\n" * 4000)


def mcp_slow(link: socket.socket) -> None:
    if read_head(link):
        link.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        send_for_ever(link, b": nothing yet\n\n", 0.2)


def mcp_stranger(link: socket.socket) -> None:
    answering(b'{"jsonrpc":"2.0","id":"somebody else","result":{}}', "200 OK", "Content-Type: application/json")(link)


def mcp_one_line(link: socket.socket) -> None:
    if read_head(link):
        link.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: ")
        send_for_ever(link, CHUNK)


OTHERS: dict[str, tuple[str, Handler]] = {
    "kafka huge": ("kafka", kafka_huge), "kafka negative": ("kafka", kafka_negative), "kafka stranger": ("kafka", kafka_stranger),
    "kafka drip": ("kafka", kafka_drip), "kafka html": ("kafka", kafka_html), "kafka silence": ("kafka", silence),
    "kafka reset": ("kafka", reset), "kafka endless": ("kafka", endless_body), "mcp endless": ("mcp", mcp_endless),
    "mcp slow": ("mcp", mcp_slow), "mcp stranger": ("mcp", mcp_stranger), "mcp one line": ("mcp", mcp_one_line),
    "mcp silence": ("mcp", silence), "mcp garbage": ("mcp", garbage), "mcp bomb": ("mcp", gzip_bomb), "mcp reset": ("mcp", reset),
}


@pytest.mark.static
@pytest.mark.parametrize("name", OTHERS)
def test_a_hostile_answer_of_another_protocol(fops: Runner, tmp_path: Path, healthy: SmallServer, name: str) -> None:
    protocol, handler = OTHERS[name]
    health: dict[str, Any] = {"protocol": protocol, "timeout": HEALTH["timeout"]}
    if protocol == "mcp":
        health["path"] = "/mcp"
    with serving(handler) as server:
        row = check_beside_neighbours(fops, tmp_path, healthy, endpoint("bad", f"http://127.0.0.1:{server.port}", health=health))["bad"]
    assert row["state"] in ("down", "degraded"), row
    assert row["ready"] != "yes", row
    assert row["cause"], row
