"""`run` on many assets: the window, limits, failures, resuming, signals, lost output, and the memory it takes."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import struct
import subprocess
import termios
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from conftest import Lab, Result, Runner
from lab_tools import (
    Started,
    asset,
    container_processes,
    error_code,
    error_part,
    instrumented,
    kill_tagged,
    local_block,
    peak_memory_kib,
    ssh_block,
    tag,
    wait_for,
    wait_gone,
)

pytestmark = pytest.mark.neighbours("lxc")
# Two streams with a line that is not complete, as long as one may get.
LONG_LINES = ("sh", "-c", "head -c 16000 /dev/zero | tr '\\0' a; head -c 16000 /dev/zero | tr '\\0' b >&2; sleep 0.3")
KIB_IN_FLIGHT = 64
KIB_DONE = 2


@pytest.fixture(autouse=True)
def lxc_is_up(lab: Lab) -> None:
    lab.need("lxc")


def write_assets(tmp_path: Path, *documents: dict[str, Any]) -> Path:
    """One file, so that thousands of assets are read at once."""
    tmp_path.mkdir(exist_ok=True)
    path = tmp_path / "assets.json"
    path.write_text(json.dumps(documents))
    return path


def boxes(lab: Lab, count: int, prefix: str = "box", container: str = "daytona", **spec: Any) -> list[dict[str, Any]]:
    return [asset(f"{prefix}-{i:04d}", lxc=local_block(lab, container), labels={"batch": str(i * 10 // count)}, **spec) for i in range(count)]


def words(place: Path, options: tuple[str | Path, ...], command: tuple[str, ...]) -> list[str | Path]:
    return ["--topology", place, "runtime-assets", "run", *options, "--", *command]


def run(runner: Runner, place: Path, *command: str, options: tuple[str | Path, ...] = ("--all",), **more: Any) -> Result:
    return runner(*words(place, options, command), **more)


def items(text: str | bytes) -> dict[str, dict[str, Any]]:
    """The results of a stream or file of events; an asset has exactly one."""
    found = [event["item"] for event in map(json.loads, text.splitlines()) if event["type"] == "item"]
    assert len({item["asset_id"] for item in found}) == len(found)
    return {item["asset_id"]: item for item in found}


def states(found: dict[str, dict[str, Any]]) -> Counter[str]:
    return Counter(item["state"] for item in found.values())


def last_line(result: Result) -> str:
    return result.err.splitlines()[-1]


# --- a thousand --------------------------------------------------------------------------------------------------------

@pytest.fixture
def marked(operate: Runner, lab: Lab, tmp_path: Path, tag: str) -> Iterator[str]:
    """A file that only one of the two containers has, so that one command ends differently in them."""
    place = write_assets(tmp_path / "marker", *boxes(lab, 1))
    path = f"/tmp/{tag}"
    run(operate, place, "touch", path).check()
    yield path
    run(operate, place, "rm", "-f", path).check()


def test_a_thousand_assets_of_mixed_drivers(operate: Runner, lab: Lab, tmp_path: Path, marked: str) -> None:
    lab.need("ssh")
    over_ssh = [asset(f"far-{i}", lxc=ssh_block(lab)) for i in range(7)]
    place = write_assets(tmp_path, *boxes(lab, 980), *over_ssh, *boxes(lab, 12, "other", "langboard"), *boxes(lab, 1, "parked", "parked"))
    result = run(operate, place, "test", "-e", marked, options=("--all", "--result-file", tmp_path / "runs.jsonl"), timeout=120).check(16)
    assert result.stdout == b""
    lines = result.err.splitlines()
    assert lines[-1] == "987 ok, 12 failed, 1 not started"
    assert lines[:-1] == [*(f"other-{i:04d}: exited, status 1" for i in range(12)),
                          "parked-0000: not-started, status 125: the command was not started on parked-0000: its container does not run (state STOPPED)"]
    found = items((tmp_path / "runs.jsonl").read_bytes())
    assert len(found) == 1000
    assert states(found) == {"exited": 999, "not-started": 1}
    again = run(operate, place, "test", "!", "-e", marked, options=("--only-failed", tmp_path / "runs.jsonl", "-o", "jsonl")).check(16)
    assert sorted(items(again.out)) == [*(f"other-{i:04d}" for i in range(12)), "parked-0000"]


# --- memory ------------------------------------------------------------------------------------------------------------

def peak(runner: Runner, place: Path, command: tuple[str, ...], *options: str) -> int:
    process = runner.command(*words(place, ("--all", "-o", "jsonl", *options), command), stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    found = peak_memory_kib(process)
    assert process.wait(60) == 0
    assert found > 0
    return found


def test_memory_grows_by_64_kib_for_each_asset_under_way(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    if instrumented(operate.binary):
        pytest.skip("a sanitizer keeps what was freed")
    place = write_assets(tmp_path, *boxes(lab, 192))
    few, many = (peak(operate, place, LONG_LINES, "--parallel", str(count)) for count in (8, 64))
    assert (many - few) / (64 - 8) <= KIB_IN_FLIGHT, f"{few} KiB with 8, {many} KiB with 64"


def test_memory_does_not_grow_with_assets_that_are_done(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    if instrumented(operate.binary):
        pytest.skip("a sanitizer keeps what was freed")
    place = write_assets(tmp_path, *boxes(lab, 1000))
    few = peak(operate, place, ("true",), "--parallel", "8", "--label", "batch=3")
    many = peak(operate, place, ("true",), "--parallel", "8")
    assert (many - few) / 900 <= KIB_DONE, f"{few} KiB after 100, {many} KiB after 1000"


def test_the_limit_on_open_files_narrows_the_window(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    place = write_assets(tmp_path, *boxes(lab, 60))
    result = run(operate, place, "sleep", "0.2", options=("--all", "--parallel", "60", "-v"), limits={"RLIMIT_NOFILE": 160}).check()
    assert "leaves room for 9 assets at a time" in result.err
    assert last_line(result) == "60 ok, 0 failed, 0 not started"


# --- failures ----------------------------------------------------------------------------------------------------------

def test_fail_fast_lets_end_what_is_under_way(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    place = write_assets(tmp_path, *boxes(lab, 1, "a-parked", "parked"), *boxes(lab, 6))
    result = run(operate, place, "sh", "-c", "sleep 1; echo done", options=("--all", "--fail-fast", "--parallel", "3", "-o", "jsonl")).check(16)
    found = items(result.out)
    assert len(found) == 7
    assert [found[f"box-{i:04d}"]["state"] for i in range(6)] == ["exited"] * 2 + ["not-started"] * 4
    assert {(found[f"box-{i:04d}"]["cause"], found[f"box-{i:04d}"]["message"]) for i in (2, 5)} == {
        ("run.not-started", f"not begun on box-{i:04d}: a-parked-0000 was failure number 1") for i in (2, 5)}
    assert result.out.count('"line":"done"') == 2
    summary = result.jsonl()[-2]
    assert (summary["type"], summary["ok"], summary["failed"], summary["not_started"]) == ("summary", 2, 0, 5)


@pytest.mark.static
def test_max_failures_allows_some(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    place = write_assets(tmp_path, *boxes(lab, 9))
    result = run(operate, place, "sh", "-c", "exit 4", options=("--all", "--max-failures", "3", "--parallel", "1")).check(16)
    assert result.err.splitlines() == [*(f"box-{i:04d}: exited, status 4" for i in range(3)),
                                       "6 not begun: box-0002 was failure number 3", "0 ok, 3 failed, 6 not started"]


def test_failures_below_the_number_stop_nothing(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    place = write_assets(tmp_path, *boxes(lab, 3))
    result = run(operate, place, "sh", "-c", "exit 4", options=("--all", "--max-failures", "4")).check(4)
    assert last_line(result) == "0 ok, 3 failed, 0 not started"


@pytest.mark.static
def test_outcomes_that_differ_are_partial(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    statuses = {row["code"]: row["exit"] for row in operate("schema", "--all").check().json()["error_codes"]}
    place = write_assets(tmp_path, *boxes(lab, 1), *boxes(lab, 1, "parked", "parked"))
    result = run(operate, place, "true").check(statuses["partial"])
    assert last_line(result) == "1 ok, 0 failed, 1 not started"
    # nothing ran anywhere, or the same came of it everywhere
    run(operate, place, "true", options=("--role", "parked_0000", "--all")).check(125)
    run(operate, place, "no-such-program", options=("--role", "box_0000", "--all")).check(127)


# --- limits ------------------------------------------------------------------------------------------------------------

def test_the_timeout_is_that_of_each_asset(operate: Runner, lab: Lab, tmp_path: Path, tag: str) -> None:
    place = write_assets(tmp_path, *boxes(lab, 3))
    result = run(operate, place, "sh", "-c", "sleep 60", tag, options=("--all", "--parallel", "1", "--timeout", "400ms", "-o", "jsonl")).check(124)
    assert states(items(result.out)) == {"timeout": 3}
    assert all(item["started"] for item in items(result.out).values())
    assert result.stderr == b""
    wait_gone(tag)


@pytest.mark.static
def test_the_deadline_is_that_of_all_together(operate: Runner, lab: Lab, tmp_path: Path, tag: str) -> None:
    place = write_assets(tmp_path, *boxes(lab, 5))
    result = run(operate, place, "sh", "-c", "sleep 60", tag, options=("--all", "--parallel", "2", "--deadline", "700ms", "-o", "jsonl")).check(124)
    found = items(result.out)
    assert [item["state"] for _, item in sorted(found.items())] == ["timeout"] * 2 + ["not-started"] * 3
    assert {item["cause"] for item in found.values()} == {"timeout"}
    assert [event["exit"] for event in result.jsonl() if event["type"] == "end"] == [124]
    error = json.loads(result.stderr)
    assert (error["code"], error["exit"], error["effect"]) == ("timeout", 124, "0 ok, 2 failed, 3 not started")
    wait_gone(tag)


# --- resuming ----------------------------------------------------------------------------------------------------------

def test_only_failed_reads_what_a_run_printed(operate: Runner, lab: Lab, tmp_path: Path, marked: str) -> None:
    place = write_assets(tmp_path, *boxes(lab, 4), *boxes(lab, 4, "other", "langboard"))
    first = run(operate, place, "test", "-e", marked, options=("--all", "-o", "jsonl")).check(16)
    path = tmp_path / "first.jsonl"
    path.write_bytes(first.stdout)
    failed = [f"other-{i:04d}" for i in range(4)]
    again = run(operate, place, "true", options=("--only-failed", path, "-o", "jsonl")).check()
    assert sorted(items(again.out)) == failed
    selected = next(event for event in again.jsonl() if event["type"] == "selected")
    assert selected["asset_ids"] == failed
    narrowed = run(operate, place, "true", options=("--only-failed", path, "--label", "batch=5", "-o", "jsonl")).check()
    assert sorted(items(narrowed.out)) == ["other-0002"]
    piped = run(operate, place, "true", options=("--only-failed", "-"), stdin=first.stdout).check()
    assert last_line(piped) == "4 ok, 0 failed, 0 not started"


@pytest.mark.static
def test_a_document_holds_results_and_output(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    place = write_assets(tmp_path, *boxes(lab, 3), *boxes(lab, 1, "a-parked", "parked"))
    result = run(operate, place, "sh", "-c", "echo out; echo err >&2", options=("--all", "-o", "json")).check(16)
    document = result.json()
    assert result.stderr == b""
    assert (document["schema"], document["partial"], document["truncated"]) == ("fops.run-result.list/1", False, False)
    assert document["counts"] == {"ok": 3, "failed": 0, "not_started": 1}
    # in the order of the selection, whatever came first
    assert [item["asset_id"] for item in document["items"]] == ["a-parked-0000", "box-0000", "box-0001", "box-0002"]
    lines = sorted((line["asset_id"], line["stream"], line["line"]) for line in document["output"])
    assert lines == [(f"box-{i:04d}", *line) for i in range(3) for line in (("stderr", "err"), ("stdout", "out"))]
    path = tmp_path / "runs.json"
    path.write_text(json.dumps(document, indent=2))
    again = run(operate, place, "true", options=("--only-failed", path, "-o", "json")).check(125)
    assert [item["asset_id"] for item in again.json()["items"]] == ["a-parked-0000"]


def test_a_document_of_a_run_that_was_cut_is_partial(operate: Runner, lab: Lab, tmp_path: Path, tag: str) -> None:
    place = write_assets(tmp_path, *boxes(lab, 3))
    options = ("--all", "--parallel", "1", "--deadline", "500ms", "-o", "json")
    result = run(operate, place, "sh", "-c", "sleep 60", tag, options=options).check(124)
    assert result.json()["partial"] is True
    assert [item["state"] for item in result.json()["items"]] == ["timeout", "not-started", "not-started"]
    assert json.loads(result.stderr)["code"] == "timeout"


@pytest.mark.parametrize("count", [1, 3])
def test_the_end_of_a_stream_counts_its_results(operate: Runner, lab: Lab, tmp_path: Path, count: int) -> None:
    place = write_assets(tmp_path, *boxes(lab, count))
    end = run(operate, place, "true", options=("--all", "-o", "jsonl")).check().jsonl()[-1]
    assert (end["type"], end["counts"]) == ("end", {"returned": count, "total": count})
    assert "partial" not in end


def test_the_end_of_a_stream_that_was_cut_says_so(operate: Runner, lab: Lab, tmp_path: Path, tag: str) -> None:
    place = write_assets(tmp_path, *boxes(lab, 3))
    options = ("--all", "--parallel", "1", "--deadline", "500ms", "-o", "jsonl")
    events = run(operate, place, "sh", "-c", "sleep 60", tag, options=options).check(124).jsonl()
    assert (events[0]["partial"], events[-1]["partial"]) == (False, True)
    assert events[-1]["counts"] == {"returned": 3, "total": 3}


def test_only_failed_reads_the_result_file_of_one(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    place = write_assets(tmp_path, *boxes(lab, 3))
    path = tmp_path / "one.json"
    run(operate, place, "false", options=("--asset-id", "box-0001", "--result-file", path)).check(1)
    assert last_line(run(operate, place, "true", options=("--only-failed", path))) == "1 ok, 0 failed, 0 not started"


def test_a_repeat_may_write_the_file_that_it_reads(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    place = write_assets(tmp_path, *boxes(lab, 2), *boxes(lab, 1, "parked", "parked"))
    path = tmp_path / "runs.jsonl"
    run(operate, place, "true", options=("--all", "--result-file", path)).check(16)
    run(operate, place, "true", options=("--only-failed", path, "--result-file", path)).check(125)
    assert list(items(path.read_bytes())) == ["parked-0000"]


def test_an_asset_that_is_gone_is_a_warning(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    place = write_assets(tmp_path, *boxes(lab, 2))
    path = tmp_path / "runs.jsonl"
    run(operate, place, "false", options=("--all", "--result-file", path)).check(1)
    place = write_assets(tmp_path, *boxes(lab, 1))
    result = run(operate, place, "true", options=("--only-failed", path)).check()
    assert re.search(f"^fops: warning: {re.escape(str(path))}:[34]: the topology has no asset box-0001$", result.err, re.MULTILINE)
    assert "1 ok, 0 failed, 0 not started" in result.err.splitlines()


def test_a_run_that_was_killed_is_resumed(operate: Runner, lab: Lab, tmp_path: Path, tag: str) -> None:
    place = write_assets(tmp_path, *boxes(lab, 30))
    path = tmp_path / "runs.jsonl"
    options = ("--all", "--parallel", "4", "--result-file", path)
    with Started(operate, *words(place, options, ("sh", "-c", "sleep 0.2", tag))) as first:
        wait_for(lambda: path.exists() and path.read_bytes().count(b'"type":"item"') >= 8, "eight results", 20)
        first.signal(signal.SIGKILL)
        first.end()
    kill_tagged(tag)
    done = set(items(path.read_bytes()))
    assert 8 <= len(done) < 30
    again = run(operate, place, "true", options=("--only-failed", path, "-o", "jsonl")).check()
    assert set(items(again.out)) == {f"box-{i:04d}" for i in range(30)} - done


# --- signals and lost output -------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("number", "code", "name"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")])
def test_a_signal_ends_all(operate: Runner, lab: Lab, tmp_path: Path, tag: str, number: int, code: int, name: str) -> None:
    place = write_assets(tmp_path, *boxes(lab, 20))
    path = tmp_path / "runs.jsonl"
    # a command that ends well although it was interrupted
    command = ("sh", "-c", "trap 'exit 0' INT TERM; echo ready; while :; do sleep 0.1; done", tag)
    with Started(operate, *words(place, ("--all", "--parallel", "3", "--result-file", path), command)) as started:
        wait_for(lambda: started.out.content.count(b": ready\n") == 3, "three commands", 20)
        started.signal(number)
        assert started.end() == code
        errors = started.err.all().decode()
    assert error_code(errors) == name
    assert error_part(errors, "effect") == "0 ok, 3 failed, 17 not started"
    assert "17 not begun: a signal came before" in errors.splitlines()
    found = items(path.read_bytes())
    assert states(found) == {"interrupted": 3, "not-started": 17}
    assert json.loads(path.read_bytes().splitlines()[-1]) == {"type": "end", "exit": code}
    wait_gone(tag)
    # what was interrupted did not end well, whatever it said
    again = run(operate, place, "true", options=("--only-failed", path)).check()
    assert last_line(again) == "20 ok, 0 failed, 0 not started"


def test_a_second_signal_ends_all_hard(operate: Runner, lab: Lab, tmp_path: Path, tag: str) -> None:
    place = write_assets(tmp_path, *boxes(lab, 9))
    command = ("sh", "-c", "trap 'echo heard' INT; echo ready; while :; do sleep 0.1; done", tag)
    with Started(operate, *words(place, ("--all", "--parallel", "4", "-o", "jsonl"), command)) as started:
        wait_for(lambda: started.out.content.count(b'"ready"') == 4, "four commands", 20)
        started.signal(signal.SIGINT)
        wait_for(lambda: started.out.content.count(b'"heard"') == 4, "four that go on", 20)
        started.signal(signal.SIGINT)
        assert started.end(8) == 130
    found = items(started.out.all())
    assert states(found) == {"interrupted": 4, "not-started": 5}
    assert {item["remote_exit"] for item in found.values() if item["state"] == "interrupted"} == {137}
    wait_gone(tag)


@pytest.mark.parametrize("form", ["table", "jsonl"])
def test_a_reader_that_leaves_ends_all(operate: Runner, lab: Lab, tmp_path: Path, tag: str, form: str) -> None:
    place = write_assets(tmp_path, *boxes(lab, 40))
    path = tmp_path / "runs.jsonl"
    command = ("sh", "-c", "while :; do echo line; sleep 0.05; done", tag)
    with Started(operate, *words(place, ("--all", "--parallel", "3", "-o", form, "--result-file", path), command)) as started:
        started.out.wait(b"line")
        assert started.process.stdout is not None
        started.process.stdout.close()
        assert started.end() == 141
        errors = started.err.all().decode()
    assert errors.splitlines()[-1:] == (["0 ok, 3 failed, 37 not started"] if form == "table" else [])
    assert states(items(path.read_bytes())) == {"interrupted": 3, "not-started": 37}
    wait_gone(tag)


@pytest.mark.parametrize("form", ["table", "jsonl"])
@pytest.mark.parametrize(("options", "code"), [((), 130), (("--deadline", "2s"), 124)], ids=["signal", "deadline"])
def test_a_reader_that_stalls_keeps_nothing_waiting(operate: Runner, lab: Lab, tmp_path: Path, tag: str, form: str, options: tuple[str, ...],
                                                    code: int) -> None:
    place = write_assets(tmp_path, *boxes(lab, 9))
    path = tmp_path / "runs.jsonl"
    reading, writing = os.pipe()
    process = operate.command(*words(place, ("--all", "--parallel", "2", "-o", form, "--result-file", path, *options), ("yes", tag)),
                              stdin=subprocess.DEVNULL, stdout=writing, stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        wait_for(lambda: container_processes(tag) and unread(reading) > 60000, "a full pipe", 20)
        if code == 130:
            process.send_signal(signal.SIGINT)
        wait_for(lambda: not container_processes(tag), "end of both commands", 20)
        wait_for(lambda: path.read_bytes().endswith(b'{"type":"end","exit":%d}\n' % code), "the end in the result file")
        # the last event waits for the reader
        os.set_blocking(reading, False)
        wait_for(lambda: drained(reading) and process.poll() is not None, "an end")
        assert process.returncode == code
    finally:
        process.kill()
        process.wait()
        os.close(reading)


@pytest.mark.parametrize("form", ["table", "jsonl"])
def test_a_reader_that_stalls_keeps_no_limit_waiting(operate: Runner, lab: Lab, tmp_path: Path, tag: str, form: str) -> None:
    """Commands under way end at their limit, as told in the result file, and no further one begins before somebody reads."""
    place = write_assets(tmp_path, *boxes(lab, 5))
    path = tmp_path / "runs.jsonl"
    reading, writing = os.pipe()
    process = operate.command(*words(place, ("--all", "--parallel", "2", "-o", form, "--result-file", path, "--timeout", "1500ms"), ("yes", tag)),
                              stdin=subprocess.DEVNULL, stdout=writing, stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        wait_for(lambda: container_processes(tag) and unread(reading) > 60000, "a full pipe", 20)
        wait_for(lambda: len(items(path.read_bytes())) == 2, "two results", 20)
        assert states(items(path.read_bytes())) == {"timeout": 2}
        assert not container_processes(tag)
        with open(reading, "rb") as stream:
            text = stream.read()
        assert process.wait(20) == 124
    finally:
        process.kill()
        process.wait()
    found = items(path.read_bytes())
    assert states(found) == {"timeout": 5}
    # SIGTERM, for "yes" does not stay for more
    assert {item["remote_exit"] for item in found.values()} == {143}
    if form == "jsonl":
        assert items(text) == found
        assert json.loads(text.splitlines()[-1])["counts"] == {"returned": 5, "total": 5}
    else:
        assert set(text.splitlines()) == {f"box-{i:04d}: {tag}".encode() for i in range(5)}


def test_much_output_of_many_comes_whole_to_a_slow_reader(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    place = write_assets(tmp_path, *boxes(lab, 4))
    process = operate.command(*words(place, ("--all", "--parallel", "3", "--deadline", "60s"), ("sh", "-c", "seq 1 200000; seq 1 50 >&2")),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    text = b""
    while part := os.read(process.stdout.fileno(), 3000):
        text += part
    assert process.wait(20) == 0
    expected = [b"%d" % i for i in range(1, 200001)]
    for i in range(4):
        prefix = b"box-%04d: " % i
        assert [line.removeprefix(prefix) for line in text.splitlines() if line.startswith(prefix)] == expected
    errors = process.stderr.read().splitlines()
    assert len(errors) == 201 and errors[-1] == b"4 ok, 0 failed, 0 not started"


def unread(descriptor: int) -> int:
    return int(struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4)))[0])


def drained(descriptor: int) -> bool:
    with suppress(BlockingIOError):
        while os.read(descriptor, 65536):
            pass
    return True


@pytest.mark.static
def test_a_full_disk_behind_standard_output_ends_all(operate: Runner, lab: Lab, tmp_path: Path, tag: str) -> None:
    place = write_assets(tmp_path, *boxes(lab, 20))
    with open("/dev/full", "wb") as full:
        result = run(operate, place, "sh", "-c", "echo line; sleep 60", tag, options=("--all", "--parallel", "2"), stdout=full).check(74)
    assert error_code(result.err) == "io.output"
    assert "0 ok, 2 failed, 18 not started" in result.err.splitlines()
    wait_gone(tag)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system that holds two pages."""
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", place], capture_output=True, check=False).returncode != 0:
        pytest.skip("this user cannot mount a file system")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_result_file_on_a_full_disk_is_an_error_at_the_end(operate: Runner, lab: Lab, tmp_path: Path, small_disk: Path) -> None:
    place = write_assets(tmp_path, *boxes(lab, 60))
    path = small_disk / "runs.jsonl"
    result = run(operate, place, "true", options=("--all", "--result-file", path)).check(73)
    assert error_code(result.err) == "io.cannot-create"
    assert error_part(result.err, "effect") == "60 ok, 0 failed, 0 not started"
    # what got there can still be resumed
    done = len(path.read_bytes().splitlines()) - 3
    again = run(operate, place, "true", options=("--only-failed", path)).check()
    assert f"{path}:{done + 3}: the last line is cut" in again.err
    assert f"{60 - done} ok, 0 failed, 0 not started" in again.err.splitlines()


def test_a_result_file_of_one_that_cannot_be_completed_is_told(operate: Runner, lab: Lab, tmp_path: Path, small_disk: Path) -> None:
    place = write_assets(tmp_path, *boxes(lab, 1))
    path = small_disk / "run.json"
    with Started(operate, *words(place, ("--asset-id", "box-0000", "--result-file", path), ("sh", "-c", "echo ready; sleep 1; exit 5"))) as started:
        started.out.wait(b"ready")
        (small_disk / "filler").write_bytes(bytes(4096))
        # the command's own status stands
        assert started.end() == 5
        assert str(path) in started.err.all().decode()
    assert json.loads(path.read_bytes())["state"] == "link-lost"


def test_results_come_while_others_run(operate: Runner, lab: Lab, tmp_path: Path, tag: str) -> None:
    place = write_assets(tmp_path, *boxes(lab, 1), *boxes(lab, 1, "other", "langboard"))
    command = ("sh", "-c", "test $(hostname) = daytona || sleep 60", tag)
    with Started(operate, *words(place, ("--all", "-o", "jsonl"), command)) as started:
        started.out.wait(b'"asset_id":"box-0000","state":"exited"')
        assert container_processes(tag)
        started.signal(signal.SIGINT)
        assert started.end() == 130
    wait_gone(tag)
