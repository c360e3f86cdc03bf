"""What `request` sends, what it refuses to send, and what it makes of the answer."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from conftest import Lab, Result, Runner
from lab_tools import (
    TerminalRun,
    answering,
    asset,
    endpoint,
    error_code,
    error_part,
    executor_endpoint,
    instrumented,
    peak_memory_kib,
    serving,
    sha256,
    write_topology,
)

pytestmark = pytest.mark.neighbours("lxc", "executor")
MEBIBYTE = 1 << 20
MOST_MEMORY_KIB = 16 * 1024
BLOCK = bytes((i * 31 + (i >> 8) * 7) & 0xFF for i in range(64 * 1024))


def request(runner: Runner, *words: str | bytes | Path, **options: Any) -> Result:
    return runner("runtime-assets", "request", "--role", "langboard_executor", *words, **options)


def echo(runner: Runner, *words: str | bytes | Path, **options: Any) -> dict[str, Any]:
    return dict(request(runner, "--path", "/echo", *words, **options).check().json())


def placed(tmp_path: Path, url: str, **spec: Any) -> tuple[str | Path, ...]:
    """The words that choose one asset whose executor is at this URL."""
    return ("--topology", write_topology(tmp_path / "topology", endpoint("it", url, **spec), asset("one", executorRef="it")), "--role", "one")


def ask(runner: Runner, place: tuple[str | Path, ...], *words: str, **options: Any) -> Result:
    return runner("runtime-assets", "request", *place, *words, **options)


# --- what is sent ------------------------------------------------------------------------------------------------------

@pytest.mark.static
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "get"])
def test_methods(operate: Runner, method: str) -> None:
    got = echo(operate, "--method", method)
    assert (got["method"], got["path"], got["authorization"], got["body"]["length"]) == (method.upper(), "/echo", "present", 0)


def test_head_has_no_body(operate: Runner) -> None:
    result = request(operate, "--method", "HEAD", "--path", "/health", "-i").check()
    assert result.out.startswith("HTTP/1.1 200 OK\n")
    assert result.out.endswith("\n\n")


@pytest.mark.static
def test_a_body_makes_it_a_post(operate: Runner) -> None:
    assert echo(operate, "--data", "x")["method"] == "POST"
    assert echo(operate, "--json", "{}")["method"] == "POST"
    assert echo(operate)["method"] == "GET"


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "GE T", "", "GET\r\nX: y", "G1"])
def test_methods_that_cannot_be_sent(operate: Runner, method: str) -> None:
    assert error_code(request(operate, "--path", "/echo", "--method", method).check(2).err) == "usage.bad-value"


@pytest.mark.static
def test_queries_keep_order_and_every_byte(operate: Runner) -> None:
    pairs = [("b", "1"), ("a", "2"), ("b", "3"), ("sp ace", "a b"), ("plus", "+"), ("signs", "&=?#/%;:@"), ("empty", ""), ("unicode", "é\U0001f980"), ("quote", "'\"")]
    words = [word for name, value in pairs for word in ("--query", f"{name}={value}")]
    got = echo(operate, *words)
    assert [tuple(pair) for pair in got["query"]] == pairs
    assert "+" not in got["rawQuery"].replace("%2B", "") and " " not in got["rawQuery"]


@pytest.mark.static
def test_headers_are_sent_as_given(operate: Runner) -> None:
    got = echo(operate, "--header", "X-One: first", "-H", "x-two:second: with colon", "-H", "Accept: text/plain", "-H", "X-One: again")
    headers = [(name.lower(), value) for name, value in got["headers"]]
    assert [value for name, value in headers if name == "x-one"] == ["first", "again"]
    assert ("x-two", "second: with colon") in headers
    assert [value for name, value in headers if name == "accept"] == ["text/plain"]


@pytest.mark.static
@pytest.mark.parametrize("header", ["Authorization: Bearer mine", "host: elsewhere", "Content-Length: 5", "TRANSFER-ENCODING: chunked", "Connection: close",
                                    "Cookie: a=b", "Proxy-Authorization: x", "Upgrade: h2c", "no colon", ": no name", "X: a\r\nY: b", "X\n: a", "X Y: a"])
def test_headers_that_are_refused(operate: Runner, header: str) -> None:
    result = request(operate, "--path", "/echo", "--header", header).check(2)
    assert error_code(result.err) == "usage.bad-value"
    assert "mine" not in result.err


@pytest.mark.static
@pytest.mark.parametrize("source", ["text", "file", "stdin", "stdin-as-file"])
def test_data_from_everywhere(operate: Runner, tmp_path: Path, source: str) -> None:
    content = bytes(range(1, 128)) if source == "text" else os.urandom(100_000) + b"\0"
    path = tmp_path / "body"
    path.write_bytes(content)
    word: str | bytes = {"text": content, "file": f"@{path}", "stdin": "-", "stdin-as-file": "@-"}[source]
    got = echo(operate, "--data", word, stdin=content if source.startswith("stdin") else None)
    assert got["body"] == {"sha256": sha256(content), "length": len(content)}


def test_empty_bodies(operate: Runner, tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    for word in ("", "-", f"@{tmp_path}/empty"):
        assert echo(operate, "--data", word, stdin=b"")["body"]["length"] == 0


def test_files_that_cannot_be_sent(operate: Runner, tmp_path: Path) -> None:
    assert error_code(request(operate, "--path", "/echo", "--data", f"@{tmp_path}/none").check(66).err) == "input.not-found"
    assert error_code(request(operate, "--path", "/echo", "--data", f"@{tmp_path}").check(74).err) == "io.read"


@pytest.mark.static
def test_json_is_checked_and_sent_as_it_stands(operate: Runner) -> None:
    text = '{ "a" : [1, 2.50, "é"] }'
    got = echo(operate, "--json", text)
    assert got["body"]["sha256"] == sha256(text.encode())
    assert ["content-type", "application/json"] in [[name.lower(), value] for name, value in got["headers"]]
    other = echo(operate, "--json", text, "-H", "Content-Type: application/merge-patch+json")
    assert [value for name, value in other["headers"] if name.lower() == "content-type"] == ["application/merge-patch+json"]


@pytest.mark.static
@pytest.mark.parametrize("text", ["{", "", "{} {}", "{'a':1}", '{"a":1,"a":2}', "[1,]", "nul", '"\\u0000"', "[" * 10_000])
def test_json_that_is_refused(operate: Runner, text: str) -> None:
    assert error_code(request(operate, "--path", "/echo", "--json", text).check(65).err) == "data.invalid"


def test_data_and_json_exclude_each_other(operate: Runner) -> None:
    assert error_code(request(operate, "--path", "/echo", "--json", "{}", "--data", "x").check(2).err) == "usage.conflict"


BAD_PATHS = ("health", "//elsewhere/x", "https://elsewhere/", "http:/x", "/a/../b", "/..", "/a/./b", "/%2e%2e/x", "/.%2E/x", "/a/..%2fb", "/a\\b", "/a/..;x/b", "/%2e%2e%5c",
             "/a b", "/a?b=c", "/a#b", "/a\nb", "/a\r\nX: y", "/%00", "/%0d%0a", "/%zz", "/%2", "/\x7f", "", "/é", "/" + "a" * 5000)


@pytest.mark.static
@pytest.mark.parametrize("path", BAD_PATHS, ids=range(len(BAD_PATHS)))
def test_paths_that_are_refused(operate: Runner, path: str) -> None:
    assert error_code(request(operate, "--path", path).check(2).err) == "request.path"


def test_paths_pass_unchanged(operate: Runner, tmp_path: Path) -> None:
    with serving(answering(b"")) as server:
        place = placed(tmp_path, f"http://127.0.0.1:{server.port}/base/")
        for path in ("/", "/a//b", "/a%20b", "/...", "/a..b/.c", "/a;b=c,d", "/%C3%A9", "/~a!$'()*:@"):
            ask(operate, place, "--path", path).check()


# --- the answer --------------------------------------------------------------------------------------------------------

STATUSES = {200: (0, ""), 201: (0, ""), 204: (0, ""), 400: (1, "plane.rejected"), 401: (77, "plane.auth"), 403: (77, "plane.auth"), 404: (66, "plane.not-found"),
            405: (1, "plane.rejected"), 409: (18, "plane.conflict"), 410: (66, "plane.not-found"), 412: (18, "plane.conflict"), 418: (1, "plane.rejected"),
            422: (1, "plane.rejected"), 423: (75, None), 429: (75, None), 500: (69, "plane.unavailable"), 501: (69, "plane.unavailable"), 503: (69, "plane.unavailable")}


@pytest.mark.static
@pytest.mark.parametrize("status", STATUSES)
def test_the_status_becomes_the_exit_code(operate: Runner, status: int) -> None:
    code, name = STATUSES[status]
    result = request(operate, "--path", f"/status/{status}", "--retries", "0").check(code)
    if status != 204:
        assert json.loads(result.stdout) == {"status": status}
    if code:
        assert name is None or error_code(result.err) == name
        assert str(status) in result.err
    else:
        assert result.stderr == b""


@pytest.mark.static
def test_include_shows_the_head(operate: Runner) -> None:
    result = request(operate, "--path", "/status/404", "-i").check(66)
    head, _, body = result.stdout.partition(b"\n\n")
    assert head.splitlines()[0] == b"HTTP/1.1 404 Not Found"
    assert b"content-type: application/json" in head
    assert json.loads(body) == {"status": 404}


@pytest.mark.static
def test_the_answer_as_a_document(operate: Runner) -> None:
    document = request(operate, "--path", "/status/409", "-o", "json").check(18).json()
    assert (document["asset_id"], document["status"], document["tries"]) == ("langboard-01", 409, 1)
    assert json.loads(document["body"]) == {"status": 409}
    assert document["headers"]["content-type"] == "application/json"


def test_a_binary_answer_is_untouched_in_a_pipe(operate: Runner) -> None:
    result = request(operate, "--path", "/bytes", "--query", "count=100000").check()
    assert result.stdout == (BLOCK * 2)[:100_000]
    chunked = request(operate, "--path", "/bytes", "--query", "count=100000", "--query", "chunked=true").check()
    assert chunked.stdout == result.stdout


ESCAPES = b"a\x1b[31mred\x1b]0;title\x07\xc2\x9bb\tc\n"


def test_escapes_are_made_visible_on_a_terminal(operate: Runner, tmp_path: Path) -> None:
    with serving(answering(ESCAPES, "200 OK", "X-Evil: \x1b[31mred")) as server:
        place = placed(tmp_path, f"http://127.0.0.1:{server.port}")
        words = ("runtime-assets", "request", *map(str, place), "--path", "/", "-i")
        with TerminalRun(operate, *words) as run:
            assert run.end() == 0
        shown = bytes(run.out.content)
        assert not [byte for byte in shown if byte < 0x20 and byte not in b"\t\r\n"]
        assert b"\xc2\x9b" not in shown and b"title" in shown
        with TerminalRun(operate, *words[:-1], "--raw") as run:
            assert run.end() == 0
        assert bytes(run.out.content) == ESCAPES.replace(b"\n", b"\r\n")


# --- redirects ---------------------------------------------------------------------------------------------------------

class Recorder:
    """The lab's listener of another origin, which remembers what it was sent."""

    def __init__(self, port: int) -> None:
        self.port = port

    def call(self, method: str) -> list[dict[str, Any]]:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        link.request(method, "/records")
        return list(json.loads(link.getresponse().read()))


@pytest.mark.static
@pytest.mark.parametrize("status", ["301", "302", "303", "307", "308"])
def test_redirects_inside_the_origin_are_followed(operate: Runner, status: str) -> None:
    result = request(operate, "--path", "/redirect", "--query", "to=/whoami", "--query", f"status={status}").check()
    assert result.json()["subject"] == "lab"


@pytest.mark.parametrize(("status", "method", "length"), [("301", "GET", 0), ("302", "GET", 0), ("303", "GET", 0), ("307", "POST", 4), ("308", "POST", 4)])
def test_the_method_behind_a_redirect(operate: Runner, status: str, method: str, length: int) -> None:
    got = request(operate, "--path", "/redirect", "--query", "to=/echo", "--query", f"status={status}", "--data", "body").check().json()
    assert (got["method"], got["body"]["length"], got["authorization"]) == (method, length, "present")


@pytest.mark.static
def test_a_redirect_to_another_origin_is_refused_and_sees_nothing(operate: Runner, lab: Lab) -> None:
    ports = lab["neighbours"]["executor"]["ports"]
    recorder = Recorder(ports["recorder"])
    recorder.call("DELETE")
    for target in (f"http://127.0.0.1:{ports['recorder']}/x", f"//127.0.0.1:{ports['recorder']}/x", f"https://localhost:{ports['server']}/whoami",
                   f"http://127.0.0.1:{ports['server']}/whoami", "file:///etc/passwd"):
        for method in ("GET", "POST"):
            result = request(operate, "--path", "/redirect", "--query", f"to={target}", "--query", "status=307", "--method", method).check(76)
            assert error_code(result.err) == "plane.redirect-refused"
            assert result.stdout == b""
    assert recorder.call("GET") == []


def test_a_circle_of_redirects_ends(operate: Runner, tmp_path: Path) -> None:
    with serving(answering(b"", "302 Found", "Location: /again")) as server:
        result = ask(operate, placed(tmp_path, f"http://127.0.0.1:{server.port}"), "--path", "/").check(76)
    assert error_code(result.err) == "plane.redirect-refused"


# --- tries -------------------------------------------------------------------------------------------------------------

def flaky(runner: Runner, method: str, failures: int, *words: str, status: int = 503) -> Result:
    key = os.urandom(6).hex()
    return request(runner, "--method", method, "--path", "/flaky", "--query", f"key={key}", "--query", f"failures={failures}",
                   "--query", f"status={status}", *words)


@pytest.mark.static
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_idempotent_methods_are_repeated(operate: Runner, method: str) -> None:
    assert flaky(operate, method, 2).check().json()["attempt"] == 3


@pytest.mark.static
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_other_methods_are_sent_once(operate: Runner, method: str) -> None:
    assert flaky(operate, method, 1).check(69).json()["attempt"] == 1


@pytest.mark.parametrize(("status", "attempts"), [(429, 3), (502, 3), (503, 3), (504, 3), (500, 1), (408, 1), (404, 1)])
def test_only_some_statuses_are_worth_a_second_try(operate: Runner, status: int, attempts: int) -> None:
    assert flaky(operate, "GET", 9, status=status).json()["attempt"] == attempts


def test_retries_are_counted(operate: Runner) -> None:
    assert flaky(operate, "GET", 9, "--retries", "0").check(69).json()["attempt"] == 1
    assert flaky(operate, "GET", 9, "--retries", "1").check(69).json()["attempt"] == 2
    document = flaky(operate, "GET", 2, "-o", "json").check().json()
    assert document["tries"] == 3


def test_a_streamed_body_is_sent_once(operate: Runner) -> None:
    result = request(operate, "--method", "PUT", "--path", "/flaky", "--query", f"key={os.urandom(6).hex()}", "--query", "failures=1", "--data", "-", stdin=b"x").check(69)
    assert result.json()["attempt"] == 1


def test_retry_after_is_kept(operate: Runner) -> None:
    begun = time.monotonic()
    request(operate, "--path", "/status/429", "--query", "retry_after=1", "--retries", "1").check(75)
    assert time.monotonic() - begun >= 1
    begun = time.monotonic()
    request(operate, "--path", "/status/503", "--query", "retry_after=60", "--timeout", "2s").check(69)
    assert time.monotonic() - begun < 2


# --- trust -------------------------------------------------------------------------------------------------------------

@pytest.mark.static
@pytest.mark.parametrize(("role", "words"), [
    ("wrong_name_executor", "its certificate is not for executor.lab.test"),
    ("expired_executor", "expired"),
    ("untrusted_executor", "issuer"),
], ids=["wrong-name", "expired", "untrusted"])
def test_bad_certificates_are_refused(operate: Runner, role: str, words: str) -> None:
    result = operate("--context", "lab-faults", "runtime-assets", "request", "--role", role, "--path", "/whoami").check(69)
    assert error_code(result.err) == "plane.tls"
    assert words in error_part(result.err, "cause")
    assert result.stdout == b""


def trust(runner: Runner, lab: Lab, tmp_path: Path, *words: str | Path, port: str = "server", **spec: Any) -> Result:
    document = executor_endpoint(lab, lab["neighbours"]["executor"]["ports"][port], **spec)
    place = write_topology(tmp_path / "topology", document, asset("one", executorRef="lab-executor"))
    return runner("runtime-assets", "request", "--topology", place, "--role", "one", "--path", "/whoami", *words)


@pytest.mark.static
def test_pins(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    facts = lab["neighbours"]["executor"]
    tls = {"ca": Path(facts["ca"]).read_text(), "serverName": facts["serverName"]}
    trust(operate, lab, tmp_path, tls=tls | {"pin": f"sha256//{facts['pins']['server']}"}).check()
    result = trust(operate, lab, tmp_path, tls=tls | {"pin": f"sha256//{facts['pins']['untrusted']}"}).check(69)
    assert error_code(result.err) == "plane.tls"
    assert "pin" in error_part(result.err, "cause")
    # the pin of a key does not make its authority good
    assert error_code(trust(operate, lab, tmp_path, port="untrusted", tls=tls | {"pin": f"sha256//{facts['pins']['untrusted']}"}).check(69).err) == "plane.tls"


def test_names_and_authorities(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    authority = Path(lab["neighbours"]["executor"]["ca"]).read_text()
    trust(operate, lab, tmp_path, tls={"ca": authority}).check()
    assert error_code(trust(operate, lab, tmp_path, tls={"ca": authority, "serverName": "other.lab.test"}).check(69).err) == "plane.tls"
    assert error_code(trust(operate, lab, tmp_path, tls={"serverName": "executor.lab.test"}).check(69).err) == "plane.tls"
    trust(operate, lab, tmp_path, "--ca", lab["neighbours"]["executor"]["ca"], tls={"serverName": "executor.lab.test"}).check()
    trust(operate, lab, tmp_path, tls={"ca": authority, "serverName": "other.lab.test"}, port="wrongName").check()


def test_a_server_without_tls_is_refused(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    with serving(lambda link: link.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")) as server:
        place = write_topology(tmp_path / "topology", executor_endpoint(lab, server.port), asset("one", executorRef="lab-executor"))
        result = operate("runtime-assets", "request", "--topology", place, "--role", "one", "--path", "/whoami").check(69)
    assert error_code(result.err) == "plane.tls"


# --- the token ---------------------------------------------------------------------------------------------------------

@pytest.mark.static
def test_a_wrong_token_is_told(operate: Runner) -> None:
    result = request(operate, "--path", "/whoami", "-vv", env={"FOPS_LAB_EXECUTOR_TOKEN": "canary-wrong-token"}).check(77)
    assert error_code(result.err) == "plane.auth"
    assert "canary-wrong-token" not in result.err + result.out


@pytest.mark.static
def test_a_missing_token_is_told_before_anything_is_sent(operate: Runner) -> None:
    for value in (None, ""):
        result = request(operate, "--path", "/whoami", env={"FOPS_LAB_EXECUTOR_TOKEN": value}).check(78)
        assert error_code(result.err) == "secret.unresolved"
        assert "FOPS_LAB_EXECUTOR_TOKEN" in result.err


def test_openbao_references_are_refused_by_name(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    result = trust(operate, lab, tmp_path, auth={"mode": "bearer", "secretRef": "openbao://kv/executor#token"}).check(78)
    assert error_code(result.err) == "secret.unresolved"
    assert "OpenBao" in error_part(result.err, "cause")


@pytest.mark.parametrize("token", ["a\nb", "a\r\nX-Injected: yes"], ids=["newline", "header"])
def test_a_token_cannot_add_headers(operate: Runner, tmp_path: Path, token: str) -> None:
    heads: list[bytes] = []

    def note(link: Any) -> None:
        heads.append(link.recv(65536))

    with serving(note) as server:
        place = placed(tmp_path, f"http://127.0.0.1:{server.port}", auth={"mode": "bearer", "secretRef": "env://TOKEN"})
        result = ask(operate, place, "--path", "/", "--retries", "0", env={"TOKEN": token})
    assert result.code != 0
    assert all(b"X-Injected" not in head and b"\nb" not in head for head in heads)
    assert "X-Injected" not in result.err


# --- refusals ----------------------------------------------------------------------------------------------------------

@pytest.mark.static
def test_assets_that_take_no_request(operate: Runner) -> None:
    result = operate("runtime-assets", "request", "--role", "daytona_runtime", "--path", "/").check(78)
    assert error_code(result.err) == "asset.no-executor"
    result = operate("runtime-assets", "request", "--role", "gated_runtime", "--path", "/").check(13)
    assert error_part(result.err, "fix").startswith("fops proposals open --action runtime-assets.request --asset-id gated-01")
    assert error_code(operate("runtime-assets", "request", "--role", "nothing", "--path", "/").check(66).err) == "asset.not-found"
    assert error_code(operate("runtime-assets", "request", "--role", "twin_runtime", "--path", "/").check(2).err) == "asset.ambiguous"


def test_public_urls_get_no_request(operate: Runner, tmp_path: Path) -> None:
    with serving(answering(b"")) as server:
        document = endpoint("it", "", publicUrl=f"http://127.0.0.1:{server.port}")
        del document["spec"]["executorUrl"]
        place = write_topology(tmp_path / "topology", document, asset("one", executorRef="it"))
        result = operate("runtime-assets", "request", "--topology", place, "--role", "one", "--path", "/")
        assert result.code in (65, 78)
        assert server.accepted == 0


# --- much data ---------------------------------------------------------------------------------------------------------

def memory_of(runner: Runner, *words: str | Path, **options: Any) -> int:
    process = runner.command("runtime-assets", "request", *words, **options)
    peak = peak_memory_kib(process)
    assert process.returncode == 0
    return 0 if instrumented(runner.binary) else peak


@pytest.mark.static
def test_a_gigabyte_comes_in_constant_memory(operate: Runner) -> None:
    counter = subprocess.Popen(["wc", "-c"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert counter.stdin is not None
    peak = memory_of(operate, "--role", "langboard_executor", "--path", "/bytes", "--query", f"count={1 << 30}", stdout=counter.stdin)
    out, _ = counter.communicate()
    assert int(out) == 1 << 30
    assert peak <= MOST_MEMORY_KIB


@pytest.mark.static
def test_a_large_body_goes_in_constant_memory(operate: Runner, tmp_path: Path) -> None:
    size = 100 * MEBIBYTE
    path = tmp_path / "body"
    with path.open("wb") as target:
        for _ in range(size // len(BLOCK)):
            target.write(BLOCK)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    for word, source in ((f"@{path}", None), ("-", path)):
        answer = tmp_path / "answer"
        with answer.open("wb") as output, (source or path).open("rb") as stdin:
            peak = memory_of(operate, "--role", "langboard_executor", "--path", "/echo", "--data", word, stdin=stdin, stdout=output)
        assert json.loads(answer.read_bytes())["body"] == {"sha256": digest, "length": size}
        assert peak <= MOST_MEMORY_KIB


def test_a_reader_that_leaves_is_no_failure_of_a_read(operate: Runner) -> None:
    words = ("runtime-assets", "request", "--role", "langboard_executor", "--path", "/bytes", "--query", f"count={1 << 28}")
    process = operate.command(*words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.read(100) == BLOCK[:100]
    process.stdout.close()
    assert process.wait(20) == 0
    assert process.stderr.read() == b""


def test_a_full_disk_is_told(operate: Runner) -> None:
    with open("/dev/full", "wb") as full:
        result = request(operate, "--path", "/bytes", "--query", "count=100000", stdout=full).check(74)
    assert error_code(result.err) == "io.output"
