"""The query client against a real Prometheus, and against the stand-in of Mimir's front."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from conftest import Lab, Result, Runner
from lab_tools import answering, endpoint, serving, write_topology

pytestmark = pytest.mark.neighbours("prometheus")

USED = "100 * lab_volume_used_bytes / lab_volume_size_bytes"


def query(runner: Runner, *words: str, at: str = "lab-prometheus", **options: Any) -> Result:
    return runner("metrics", "query", "--endpoint", at, *words, **options)


def items(result: Result) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = result.json()["items"]
    return found


@pytest.mark.static
def test_values_of_the_exporter_are_read(operate: Runner, lab: Lab) -> None:
    facts = lab["neighbours"]["prometheus"]
    found = items(query(operate, USED, "-o", "json").check())
    assert {row["labels"]["volume"]: float(row["value"]) for row in found} == {
        name: 100 * used / facts["sizeBytes"] for name, used in facts["volumes"].items()
    }
    assert [row["id"] for row in found] == ["1", "2", "3"]
    assert [row["labels"]["volume"] for row in found] == sorted(facts["volumes"])
    assert all(row["metric"] is None for row in found), "a calculation has no name"


def test_a_series_has_its_name_and_labels(operate: Runner) -> None:
    found = items(query(operate, "up", "-o", "json").check())
    assert [(row["metric"], row["value"], row["labels"]["instance"]) for row in found] == [
        ("up", "1", "exporter"), ("up", "1", "prometheus"),
    ]  # fmt: skip
    assert all(abs(time.time() - time.mktime(time.strptime(row["at"], "%Y-%m-%dT%H:%M:%SZ")) + time.timezone) < 60 for row in found)


def test_every_type_of_answer_is_read(operate: Runner) -> None:
    assert [row["value"] for row in items(query(operate, "6 * 7", "-o", "json").check())] == ["42"]
    assert [row["value"] for row in items(query(operate, '"a text"', "-o", "json").check())] == ["a text"]
    assert items(query(operate, "no_such_metric", "-o", "json").check()) == []
    for expression, value in (("0 / 0", "NaN"), ("1 / 0", "+Inf"), ("(0 - 1) / 0", "-Inf"), ("vector(0) / 0", "NaN"), ("1e300", "1e+300")):
        assert [row["value"] for row in items(query(operate, expression, "-o", "json").check())] == [value], expression


def test_a_range_has_a_row_for_each_sample(operate: Runner) -> None:
    found = items(query(operate, "vector(1)", "--from", "1m", "--step", "10s", "-o", "json").check())
    assert [row["id"] for row in found] == [f"1.{number}" for number in range(1, 8)]
    assert {row["value"] for row in found} == {"1"}
    times = [row["at"] for row in found]
    assert times == sorted(times) and len(set(times)) == 7
    found = items(query(operate, "vector(time())", "--from", "2026-05-10T12:00:00Z", "--to", "2026-05-10T12:01:00Z", "--step", "30s", "-o", "json").check())
    assert [row["value"] for row in found] == ["1778414400", "1778414430", "1778414460"]
    assert [row["at"] for row in found] == ["2026-05-10T12:00:00Z", "2026-05-10T12:00:30Z", "2026-05-10T12:01:00Z"]


def test_an_instant_in_the_past_can_be_asked(operate: Runner) -> None:
    found = items(query(operate, "vector(time())", "--at", "2026-05-10T12:00:00Z", "-o", "json").check())
    assert [row["value"] for row in found] == ["1778414400"]
    assert items(query(operate, "up", "--at", "1d", "-o", "json").check()) == []


def test_odd_labels_are_harmless(operate: Runner) -> None:
    for form in ("table", "wide", "tsv", "compact", "name"):
        done = query(operate, "lab_text_value", "-o", form).check()
        assert b"\x1b" not in done.stdout, form
    (row,) = items(query(operate, "lab_text_value", "-o", "json").check())
    assert row["labels"]["text"] == 'a"b\\c' and row["labels"]["other"] == "\x1b[31mred"


def test_what_the_server_warns_of_is_shown(operate: Runner, tmp_path: Path) -> None:
    body = b'{"status":"success","data":{"resultType":"vector","result":[]},"warnings":["w1"],"infos":["PromQL info: i1"]}'
    with serving(answering(body, "200 OK", "Content-Type: application/json")) as server:
        topology = write_topology(tmp_path / "contracts", endpoint("one", f"http://127.0.0.1:{server.port}", plane="prometheus"))
        done = operate("--topology", topology, "metrics", "query", "--endpoint", "one", "up", "-o", "json").check()
        assert done.json()["warnings"] == ["w1", "PromQL info: i1"]
        done = operate("--topology", topology, "metrics", "query", "--endpoint", "one", "up").check()
        assert "w1" in done.err and "i1" in done.err


@pytest.mark.parametrize(("words", "status", "code", "cause"), [
    (["up{"], 65, "data.invalid", "parse error"),
    (["up", "--from", "11h", "--step", "1ms"], 65, "data.invalid", "11,000"),
    (["label_replace(up, \"a\", \"$1\", \"job\", \"(\")"], 1, "plane.rejected", "execution"),
])  # fmt: skip
def test_refusals_of_the_server_are_told_in_its_words(operate: Runner, words: list[str], status: int, code: str, cause: str) -> None:
    done = query(operate, *words).check(status)
    assert f"[{code}]" in done.err and cause in done.err, done.err
    assert done.stdout == b""


def test_a_range_that_the_server_cannot_do_in_time_ends(operate: Runner) -> None:
    started = time.monotonic()
    done = query(operate, "up", "--timeout", "300ms", env={"FOPS_TOPOLOGY": None}, timeout=20)
    assert done.code in (0, 124)
    assert time.monotonic() - started < 5


# --- the stand-in of Mimir's front ---


def test_standin_mimir_wants_a_tenant(operate: Runner) -> None:
    done = query(operate, "up", at="lab-mimir").check(77)
    assert "[plane.auth]" in done.err and "no org id" in done.err and "tenant" in done.err
    assert len(items(query(operate, "up", "--tenant", "platform", "-o", "json", at="lab-mimir").check())) == 2
    assert len(items(query(operate, "up", "--tenant", "a|b|c", "-o", "json", at="lab-mimir").check())) == 2


def test_standin_mimir_is_reached_below_its_prefix_only(operate: Runner) -> None:
    done = query(operate, "up", "--tenant", "platform", at="lab-mimir-server").check(66)
    assert "[plane.not-found]" in done.err and "/prometheus" in done.err


def test_standin_mimir_that_is_busy_is_asked_again_and_then_told(operate: Runner, lab: Lab) -> None:
    busy = lab["neighbours"]["prometheus"]["busyTenant"]
    done = query(operate, "up", "--tenant", busy, "-v", at="lab-mimir").check(75)
    assert "[plane.busy]" in done.err and "request rate" in done.err
    assert done.err.count("retry ") == 2
    done = query(operate, "up", "--tenant", busy, "--retries", "0", "-o", "json", at="lab-mimir").check(75)
    assert '"retry_after_ms":1000' in done.err


def test_standin_mimir_behind_a_failing_proxy(operate: Runner, lab: Lab) -> None:
    failing = lab["neighbours"]["prometheus"]["failingTenant"]
    done = query(operate, "up", "--tenant", failing, at="lab-mimir").check(69)
    assert "[plane.unavailable]" in done.err


# --- what must never be asked, and what must never be believed ---


def test_another_plane_is_not_asked(operate: Runner, tmp_path: Path, lab: Lab) -> None:
    url = f"http://127.0.0.1:{lab['neighbours']['prometheus']['port']}"
    topology = write_topology(tmp_path / "contracts", endpoint("semantics", url, plane="semantics"))
    done = operate("--topology", topology, "metrics", "query", "--endpoint", "semantics", "up").check(65)
    assert "[contract.invalid]" in done.err and "R14" in done.err


@pytest.mark.parametrize(("body", "status", "code"), [
    (b"<html>a page</html>", "200 OK", 76),
    (b"", "200 OK", 76),
    (b'{"status":"success"', "200 OK", 76),
    (b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,2]}]}}', "200 OK", 76),
    (b'{"status":"success","data":{"resultType":"vector","result":[]}}' * 2, "200 OK", 76),
    (b'{"status":"success","data":{"resultType":"vector","result":[]}}', "400 Bad Request", 76),
    (b"not found", "404 Not Found", 66),
    (b"forbidden", "403 Forbidden", 77),
    (b"[" * 100000, "200 OK", 76),
])  # fmt: skip
def test_an_answer_that_is_none_is_refused(operate: Runner, tmp_path: Path, body: bytes, status: str, code: int) -> None:
    with serving(answering(body, status, "Content-Type: application/json")) as server:
        topology = write_topology(tmp_path / "contracts", endpoint("one", f"http://127.0.0.1:{server.port}", plane="prometheus"))
        done = operate("--topology", topology, "metrics", "query", "--endpoint", "one", "up", "--retries", "0").check(code)
        assert done.stdout == b""
        assert "endpoint" in done.err


def test_an_answer_without_end_is_cut(operate: Runner, tmp_path: Path) -> None:
    with serving(answering(b'{"status":"success","x":"' + b"a" * (17 << 20), "200 OK")) as server:
        topology = write_topology(tmp_path / "contracts", endpoint("one", f"http://127.0.0.1:{server.port}", plane="prometheus"))
        done = operate("--topology", topology, "metrics", "query", "--endpoint", "one", "up", "--retries", "0").check(76)
        assert "[plane.protocol]" in done.err


def test_a_server_that_went_away_is_told(operate: Runner, tmp_path: Path) -> None:
    topology = write_topology(tmp_path / "contracts", endpoint("one", "http://127.0.0.1:1", plane="prometheus"))
    done = operate("--topology", topology, "metrics", "query", "--endpoint", "one", "up", "--retries", "0").check(69)
    assert "[plane.unavailable]" in done.err and "127.0.0.1:1" in done.err
