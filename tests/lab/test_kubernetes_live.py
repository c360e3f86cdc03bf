"""`list --live`: what machines do, in one list a namespace, in little memory."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from conftest import Lab, Result, Runner
from kube_tools import cluster_endpoint, crowd, list_calls, many_pods, pod_asset
from lab_tools import Started, asset, instrumented, local_block, peak_memory_kib, serving, wait_for, wait_for_client, write_topology

pytestmark = pytest.mark.neighbours("lxc", "kube")
# What one asset may cost on top of a list that asks nobody, connections and a page of pods aside.
KIB_AN_ASSET = 2
FIXED_KIB = 8192


def live(runner: Runner, *words: str | Path, **options: Any) -> Result:
    return runner("runtime-assets", "list", "--live", *words, **options)


def rows(result: Result) -> dict[str, dict[str, str]]:
    return {row["asset_id"]: row for row in csv.DictReader(io.StringIO(result.out), delimiter="\t")}


@pytest.mark.static
def test_every_state_has_a_word(operate: Runner) -> None:
    found = rows(live(operate, "--context", "lab-kube", "-o", "tsv").check())
    expected = {"daytona-01": "running", "unready-01": "unready", "unready-allowed-01": "unready", "leaving-01": "leaving",
                "crashing-01": "stopped", "pending-01": "stopped", "missing-01": "missing", "missing-workload-01": "missing",
                "crowded-01": "refused", "wrong-01": "unknown"}
    assert {name: found[name]["live"] for name in expected} == expected
    assert found["daytona-01"]["since"].endswith("Z")
    assert found["crashing-01"]["restarts"] == "12"
    assert (found["missing-01"]["since"], found["missing-01"]["restarts"]) == ("", "")


def test_json_says_more(operate: Runner) -> None:
    result = live(operate, "--context", "lab-kube", "--role", "crashing_runtime", "-o", "json").check()
    row = result.json()["items"][0]
    assert (row["live"], row["phase"], row["reason"], row["cause"]) == ("stopped", "Running", "CrashLoopBackOff", "CrashLoopBackOff")
    assert "items[].cause" in result.json()["untrusted"]


def test_what_could_not_be_asked_is_a_note_and_no_failure(operate: Runner) -> None:
    result = live(operate, "--context", "lab-kube", "--role", "wrong_runtime", "-o", "tsv").check()
    assert rows(result)["wrong-01"]["live"] == "unknown"
    assert "1 of 1 assets could not be asked" in result.err
    document = live(operate, "--context", "lab-kube", "--role", "wrong_runtime", "-o", "json").check().json()
    assert len(document["warnings"]) == 1
    assert live(operate, "--context", "lab-kube", "--role", "daytona_runtime", "-o", "tsv").check().err == ""


def test_rows_can_be_filtered_by_state(operate: Runner) -> None:
    found = rows(live(operate, "--context", "lab-kube", "--filter", "live=leaving", "-o", "tsv").check())
    assert list(found) == ["leaving-01"]


def test_a_plain_list_asks_nobody(operate: Runner) -> None:
    result = operate("--context", "lab-kube", "runtime-assets", "list", "-v", "-o", "json").check()
    assert not any("live" in row for row in result.json()["items"])
    assert "GET " not in result.err


def test_every_driver_is_asked(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    topology = write_topology(tmp_path / "topology", cluster_endpoint(lab), asset("box", lxc=local_block(lab)), asset("nowhere"),
                              asset("parked", lxc=local_block(lab, "parked")), pod_asset("pod", {"selector": {"app": "daytona"}, "container": "main"}))
    found = rows(live(operate, "--topology", topology, "-o", "tsv").check())
    assert {name: row["live"] for name, row in found.items()} == {"box": "running", "nowhere": "missing", "parked": "stopped", "pod": "running"}


def test_a_server_that_is_silent_leaves_unknown_at_the_limit(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    with serving(wait_for_client) as silent:
        topology = write_topology(
            tmp_path / "topology", cluster_endpoint(lab), cluster_endpoint(lab, "silent", executorUrl=f"http://127.0.0.1:{silent.port}", tls={}),
            pod_asset("good", {"selector": {"app": "daytona"}, "container": "main"}), pod_asset("mute", {"cluster": "silent", "selector": {"app": "x"}}))
        result = live(operate, "--topology", topology, "--timeout", "2s", "-o", "tsv").check()
        assert {name: row["live"] for name, row in rows(result).items()} == {"good": "running", "mute": "unknown"}
        assert "1 of 2 assets could not be asked" in result.err


def test_a_signal_leaves_a_partial_list(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    with serving(wait_for_client) as silent:
        topology = write_topology(
            tmp_path / "topology", cluster_endpoint(lab, "silent", executorUrl=f"http://127.0.0.1:{silent.port}", tls={}),
            pod_asset("mute", {"cluster": "silent", "selector": {"app": "x"}}))
        with Started(operate, "--topology", topology, "runtime-assets", "list", "--live", "-o", "json") as started:
            wait_for(lambda: silent.accepted > 0, "a connection")
            started.signal(signal.SIGINT)
            assert started.end() == 130
            wait_for(lambda: b'"partial":true' in bytes(started.out.content), "a partial document")


@pytest.mark.parametrize(("form", "first"), [("jsonl", b'"asset_id":"good"'), ("tsv", b"good\t"), ("name", b"runtime-asset/good\n")])
def test_rows_do_not_wait_for_what_comes_after_them(operate: Runner, lab: Lab, tmp_path: Path, form: str, first: bytes) -> None:
    """They keep their order all the same: what stands behind the asset that is silent waits with it."""
    with serving(wait_for_client) as silent:
        topology = write_topology(
            tmp_path / "topology", cluster_endpoint(lab), cluster_endpoint(lab, "silent", executorUrl=f"http://127.0.0.1:{silent.port}", tls={}),
            asset("a-box", lxc=local_block(lab)), pod_asset("good", {"selector": {"app": "daytona"}, "container": "main"}),
            pod_asset("mute", {"cluster": "silent", "selector": {"app": "x"}}), asset("nowhere"))
        with Started(operate, "--topology", topology, "runtime-assets", "list", "--live", "-o", form) as started:
            started.out.wait(first)
            assert b"mute" not in started.out.content and b"nowhere" not in started.out.content
            started.signal(signal.SIGINT)
            assert started.end() == 130
        names = re.findall(rb"\b(a-box|good|mute|nowhere)\b", started.out.all())
        assert list(dict.fromkeys(names)) == [b"a-box", b"good", b"mute", b"nowhere"]
    if form == "jsonl":
        events = [json.loads(line) for line in started.out.all().splitlines()]
        assert (events[0]["partial"], events[-1]["type"], events[-1]["exit"], events[-1]["partial"]) == (False, "end", 130, True)


def test_a_reader_that_stalls_keeps_no_look_waiting(operate: Runner, tmp_path: Path) -> None:
    """Nobody reads before the limit has passed; every machine was looked at before that."""
    topology = tmp_path / "assets.json"
    topology.write_text(json.dumps([asset(f"box-{i:04}", lxc={"driver": "local", "container": f"box-{i}", "path": "/nonexistent"}) for i in range(200)]))
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    words = ("--topology", topology, "runtime-assets", "list", "--live", "-o", "jsonl", "--timeout", "5s")
    begun = time.monotonic()
    process = operate.command(*words, stdin=subprocess.DEVNULL, stdout=writing, stderr=subprocess.DEVNULL)
    os.close(writing)
    wait_for(lambda: time.monotonic() > begun + 6, "the limit")
    with open(reading, "rb") as stream:
        events = [json.loads(line) for line in stream]
    assert process.wait(20) == 0
    assert {event["item"]["live"] for event in events[1:-1]} == {"missing"}
    assert events[-1]["counts"] == {"returned": 200, "total": 200}


def test_1200_pods_are_two_pages_and_little_memory(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    count = 1200
    topology = write_topology(tmp_path / "topology", cluster_endpoint(lab), *crowd(count, "live-crowd"))
    with many_pods(lab, count, "live-crowd"):
        result = live(operate, "--topology", topology, "-v", "-o", "tsv").check()
        assert {row["live"] for row in rows(result).values()} == {"running"}
        assert list_calls(result) == ["/api/v1/namespaces/live-crowd/pods"] * 2
        if instrumented(operate.binary):
            return
        peaks = []
        for words in (("list",), ("list", "--live")):
            with open("/dev/null", "wb") as nowhere:
                process = operate.command("--topology", topology, "runtime-assets", *words, stdin=subprocess.DEVNULL, stdout=nowhere)
                peaks.append(peak_memory_kib(process))
                assert process.wait() == 0
        assert peaks[1] - peaks[0] < FIXED_KIB + KIB_AN_ASSET * count, peaks
