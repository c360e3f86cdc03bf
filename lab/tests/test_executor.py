"""The executor's routes: right answers to right requests, and strict about all others."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fopslab.executor.pattern import pattern_digest
from fopslab.neighbours.executor import NamedConnection, health_answers
from fopslab.state import PROJECT_ROOT


@pytest.fixture(scope="module")
def executor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    root = tmp_path_factory.mktemp("executor") / "lab"
    environment = {**os.environ, "FOPS_LAB_DIR": str(root)}
    command = str(PROJECT_ROOT / "lab" / "lab")
    subprocess.run([command, "up", "executor"], env=environment, check=True, capture_output=True)
    facts: dict[str, Any] = json.loads((root / "lab.json").read_text())["neighbours"]["executor"]
    facts["token"] = Path(facts["tokenFile"]).read_text()
    yield facts
    subprocess.run([command, "down"], env=environment, check=True, capture_output=True)


def connect(executor: dict[str, Any], name: str = "server") -> NamedConnection:
    context = ssl.create_default_context(cafile=executor["ca"])
    return NamedConnection("127.0.0.1", executor["ports"][name], timeout=10, context=context)


def ask(
    executor: dict[str, Any], path: str, method: str = "GET", token: str | None = "", **more: Any
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body. token: empty for the right one, None for none."""
    connection = connect(executor, more.pop("port", "server"))
    headers = more.pop("headers", {})
    if token is not None:
        headers["Authorization"] = f"Bearer {token or executor['token']}"
    try:
        connection.request(method, path, headers=headers, **more)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def test_health_needs_no_token(executor: dict[str, Any]) -> None:
    status, _, body = ask(executor, "/health", token=None)
    assert (status, json.loads(body)) == (200, {"status": "ok", "checks": {"db": "up"}})


@pytest.mark.parametrize(("token", "expected"), [(None, 401), ("wrong", 403), ("", 200)])
def test_whoami_tells_no_token_from_a_wrong_one(executor: dict[str, Any], token: str | None, expected: int) -> None:
    assert ask(executor, "/whoami", token=token)[0] == expected


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/health", 405),
        ("DELETE", "/slow?ms=1", 405),
        ("GET", "/health?verbose=1", 422),
        ("GET", "/slow?ms=1&ms=2", 422),
        ("GET", "/slow", 422),
        ("GET", "/status/199", 422),
        ("GET", "/nothing", 404),
        ("GET", "/health/", 404),
    ],
)
def test_what_is_not_offered_is_refused(executor: dict[str, Any], method: str, path: str, expected: int) -> None:
    assert ask(executor, path, method)[0] == expected


def test_status_answers_the_code_and_the_time_to_wait(executor: dict[str, Any]) -> None:
    status, headers, _ = ask(executor, "/status/503?retry_after=7", "POST")
    assert (status, headers["retry-after"]) == (503, "7")
    assert ask(executor, "/status/204")[0] == 204


def test_flaky_fails_as_often_as_asked(executor: dict[str, Any]) -> None:
    assert [ask(executor, "/flaky?key=k&failures=2")[0] for _ in range(4)] == [503, 503, 200, 200]


def test_bytes_are_the_published_pattern(executor: dict[str, Any]) -> None:
    for count in (0, 1, 65537, 3_000_000):
        _, _, body = ask(executor, f"/bytes?count={count}")
        assert hashlib.sha256(body).hexdigest() == pattern_digest(count)


def test_echo_tells_everything_but_the_token(executor: dict[str, Any]) -> None:
    _, _, body = ask(executor, "/echo?b=1&a=%20&b=2", "PATCH", body=b"hello")
    told = json.loads(body)
    assert told["method"] == "PATCH"
    assert told["query"] == [["b", "1"], ["a", " "], ["b", "2"]]
    assert told["authorization"] == "present"
    assert told["body"] == {"sha256": hashlib.sha256(b"hello").hexdigest(), "length": 5}
    assert executor["token"] not in body.decode()


def test_truncated_ends_before_the_announced_length(executor: dict[str, Any]) -> None:
    with pytest.raises(http.client.IncompleteRead) as caught:
        ask(executor, "/truncated?announce=1000&send=100")
    assert len(caught.value.partial) == 100


def test_stall_sends_headers_and_then_nothing(executor: dict[str, Any]) -> None:
    connection = connect(executor)
    connection.timeout = 0.3
    connection.request("GET", "/stall", headers={"Authorization": f"Bearer {executor['token']}"})
    answer = connection.getresponse()
    assert answer.status == 200
    with pytest.raises(TimeoutError):
        answer.read(1)
    connection.close()


@pytest.mark.parametrize("name", ["wrongName", "expired", "untrusted"])
def test_bad_certificates_are_bad(executor: dict[str, Any], name: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        ask(executor, "/health", port=name)
    assert not health_answers({**executor, "ports": {"server": executor["ports"][name]}})


def test_garbage_is_no_answer(executor: dict[str, Any]) -> None:
    with pytest.raises(http.client.BadStatusLine):
        ask(executor, "/garbage", port="raw")
    assert ask(executor, "/health", port="raw")[0] == 200


def test_the_recorder_keeps_what_another_origin_is_sent(executor: dict[str, Any]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", executor["ports"]["recorder"], timeout=10)
    connection.request("PUT", "/target?x=1", body=b"abc", headers={"X-Seen": "yes"})
    told = json.loads(connection.getresponse().read())
    assert (told["method"], told["target"], told["bodyLength"]) == ("PUT", "/target?x=1", 3)
    connection.request("GET", "/records")
    assert json.loads(connection.getresponse().read()) == [told]


def test_the_token_is_on_no_command_line(executor: dict[str, Any]) -> None:
    secret = executor["token"].encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                assert secret not in (entry / "cmdline").read_bytes()
            except OSError:
                continue
