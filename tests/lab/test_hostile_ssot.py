"""Answers that echo what a request carried: a reference's value is nowhere to be seen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Runner
from lab_tools import endpoint, read_head, serving, write_topology

pytestmark = pytest.mark.static

ACCESS_KEY = "AKIACANARY0A1B2C3D4E"
SECRET_KEY = "canary-secret-key-91c27f3a"
SIGNED = {"mode": "signed", "accessKeyRef": "env://CANARY_ID", "secretRef": "env://CANARY_VALUE", "region": "eu-1", "service": "s3"}


def handle(link: Any) -> None:
    while head := read_head(link):
        shown = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"authorization:")).decode()
        assert ACCESS_KEY in shown
        body = json.dumps({"status": shown, "version": shown.split(",")[0], "key": SECRET_KEY}).encode()
        link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


@pytest.mark.parametrize("pointer", ["/status", "/key"])
@pytest.mark.parametrize("words", [("endpoints", "check"), ("doctor", "--only", "endpoint")])
def test_an_echo_of_the_key_that_signs_is_not_printed(fops: Runner, tmp_path: Path, words: tuple[str, ...], pointer: str) -> None:
    health = {"path": "/health", "expect": {"pointer": pointer, "value": "ok"}, "versionFrom": "/version"}
    with serving(handle) as server:
        topology = write_topology(tmp_path, endpoint("it", f"http://127.0.0.1:{server.port}", auth=SIGNED, health=health))
        result = fops("--topology", topology, *words, "-o", "json", "-vv", env={"CANARY_ID": ACCESS_KEY, "CANARY_VALUE": SECRET_KEY})
    result.check(12)
    assert "(secret)" in result.out
    for secret in (ACCESS_KEY, SECRET_KEY):
        assert secret not in result.out + result.err


def test_a_cache_folder_that_cannot_be_made_names_the_way_out(fops: Runner) -> None:
    source = "git+http://127.0.0.1:1/topology.git"
    result = fops("--topology", source, "endpoints", "list", env={"XDG_CACHE_HOME": "/dev/null"}).check(73)
    assert "XDG_CACHE_HOME" in result.err.partition("fix:")[2], result.err
