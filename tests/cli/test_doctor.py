"""doctor: files that others may write, clocks that differ, names that nobody knows, and everything at once."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from commands import SMALL
from conftest import Result, Runner
from golden_case import FIXTURES
from lab_tools import Started
from small_endpoints import HEALTH, certificate, endpoint, serving, write

pytestmark = pytest.mark.static
GROUPS = ["settings", "environment", "cache", "topology", "programs", "ca", "endpoint", "tls", "clock", "dns", "asset"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def doctor(fops: Runner, *words: str | Path, **options: Any) -> Result:
    return fops("doctor", *words, "-o", "json", **options)


def rows(result: Result) -> dict[str, dict[str, Any]]:
    return {row["check"]: row for row in result.json()["items"]}


def verdict(result: Result, check: str) -> tuple[str, str]:
    row = rows(result)[check]
    return row["state"], row["code"]


def assert_codes_are_documented(fops: Runner, result: Result) -> None:
    """Programs decide by codes, so each of them stands in the help or is the code of an error."""
    page = fops("doctor", "--help").check().out
    documented = set(page[page.index("The code is ok") :].replace(".\n", "\n").split())
    errors = {row["code"] for row in fops("schema", "--all").check().json()["error_codes"]}
    assert {row["code"] for row in rows(result).values()} - {"ok"} <= documented | errors


def asset(name: str) -> dict[str, Any]:
    block = {"driver": "local", "container": "nowhere", "path": "/proc/nowhere/lxc"}
    spec = {"assetId": name, "role": name, "kind": "lxc", "lxc": block}
    return {"apiVersion": "fractalops/v1", "kind": "RuntimeAsset", "spec": spec}


# --- this machine ---


@pytest.mark.parametrize("home", [None, "", "/proc/nowhere"])
def test_it_works_without_anything(fops: Runner, home: str | None) -> None:
    names = ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "TERM")
    result = doctor(fops, env={"HOME": home} | dict.fromkeys(names)).check(0)
    found = rows(result)
    assert_codes_are_documented(fops, result)
    assert {row["state"] for row in found.values()} <= {"ok", "skipped", "warning"}
    for group in ("topology", "endpoint", "tls", "clock", "dns", "asset"):
        assert (found[group]["state"], found[group]["code"]) == ("skipped", "topology.none")
    for row in found.values():
        assert row["state"] == "ok" or row["cause"], row
    assert [name.split("/")[0] for name in dict.fromkeys(name.split("/")[0] for name in found)] == GROUPS


@pytest.mark.parametrize(("mode", "expected"), [(0o600, "ok"), (0o644, "ok"), (0o664, "bad"), (0o646, "bad")])
def test_files_that_others_may_write(fops: Runner, mode: int, expected: str) -> None:
    config = fops.home / ".config/fops/config"
    config.parent.mkdir(parents=True)
    config.write_text("color: never\n")
    config.chmod(mode)
    result = doctor(fops, "settings").check(12 if expected == "bad" else 0)
    row = rows(result)["settings/permissions"]
    assert row["state"] == expected
    if expected == "bad":
        assert row["code"] == "settings.permissions"
        assert str(config) in row["cause"] and f"{mode:04o}" in row["cause"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_a_file_of_somebody_else(fops: Runner) -> None:
    config = fops.home / ".config/fops/config"
    config.parent.mkdir(parents=True)
    config.write_text("color: never\n")
    os.chown(config, 12345, -1)
    row = rows(doctor(fops, "settings").check(12))["settings/permissions"]
    assert "12345" in row["cause"]


def test_unknown_keys_are_a_warning_and_not_a_notice(fops: Runner) -> None:
    config = fops.home / ".config/fops/config"
    config.parent.mkdir(parents=True)
    config.write_text("colour: never\n")
    result = doctor(fops, "settings").check(0)
    assert verdict(result, "settings/keys") == ("warning", "settings.unknown-key")
    assert result.json()["warnings"] == [] and result.stderr == b""


def test_a_setting_of_the_file_holds_here_too(fops: Runner, tmp_path: Path) -> None:
    config = fops.home / ".config/fops/config"
    config.parent.mkdir(parents=True)
    with serving() as slow:
        slow.answers.clear()
        url = f"http://127.0.0.1:{slow.port}"
        topology = write(tmp_path, endpoint("slow", url, health={**HEALTH, "timeout": "50s"}))
        config.write_text(f"context: here\ntimeout: 400ms\ncontexts: {{here: {{topology: {topology}}}}}\n")
        result = doctor(fops).check(124)
    assert result.json()["context"] == "here"
    assert result.json()["partial"] is True
    assert verdict(result, "endpoint/slow") == ("bad", "endpoint.unknown")


def test_the_cache_folder(fops: Runner) -> None:
    folder = fops.home / ".cache/fops"
    assert "not there yet" in rows(doctor(fops, "cache").check())["cache"]["found"]
    folder.write_text("")
    assert verdict(doctor(fops, "cache").check(), "cache") == ("warning", "cache.no-folder")
    folder.unlink()
    folder.mkdir(mode=0o700)
    assert verdict(doctor(fops, "cache").check(), "cache") == ("ok", "ok")
    folder.chmod(0o777)
    assert verdict(doctor(fops, "cache").check(), "cache") == ("warning", "cache.permissions")


def test_few_descriptors_are_a_warning(fops: Runner) -> None:
    result = doctor(fops, "environment", limits={"RLIMIT_NOFILE": 256}).check()
    assert verdict(result, "environment/descriptors") == ("warning", "environment.descriptors")


def test_programs_are_asked_for_when_an_asset_needs_them(fops: Runner, tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    words = ["--topology", SMALL, "programs"]
    result = doctor(fops, *words, env={"PATH": str(folder)}).check(12)
    assert verdict(result, "programs/lxc-attach") == ("bad", "program.missing")
    for name in ("lxc-attach", "ssh"):
        (folder / name).touch(0o755)
    found = rows(doctor(fops, *words, env={"PATH": str(folder)}).check())
    assert found["programs/lxc-attach"]["found"] == str(folder / "lxc-attach")


# --- authorities ---


@pytest.mark.parametrize(
    ("days", "expected"), [(90, ("ok", "ok")), (5, ("warning", "ca.expires-soon")), (-2, ("bad", "ca.expired"))]
)
def test_the_end_of_an_authority(fops: Runner, tmp_path: Path, days: int, expected: tuple[str, str]) -> None:
    _, pem = certificate(tmp_path, days)
    file = tmp_path / "ca.pem"
    file.write_text(pem)
    assert verdict(doctor(fops, "ca/file", "--ca", file).check(12 if days < 0 else 0), "ca/file") == expected
    topology = write(tmp_path, endpoint("it", f"https://127.0.0.1:{free_port()}", tls={"ca": pem}))
    assert verdict(doctor(fops, "--topology", topology, "ca/it").check(12 if days < 0 else 0), "ca/it") == expected


def test_authorities_of_a_variable(fops: Runner, tmp_path: Path) -> None:
    _, pem = certificate(tmp_path, 90)
    file = tmp_path / "ca.pem"
    file.write_text(pem)
    assert str(file) in rows(doctor(fops, "ca", env={"SSL_CERT_FILE": str(file)}).check())["ca/system"]["found"]
    missing = doctor(fops, "ca", env={"SSL_CERT_FILE": str(tmp_path / "none.pem")}).check()
    assert verdict(missing, "ca/system") == ("warning", "ca.unreadable")


# --- git ---


@pytest.mark.skipif(shutil.which("git") is None, reason="the program git, which makes the repository, is not installed")
def test_a_revision_is_told_with_its_commit(fops: Runner, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    write(work, endpoint("it", None))
    name = ["-c", "user.name=tests", "-c", "user.email=tests@example.net"]
    for words in (["init", "--quiet", "--initial-branch=main"], ["add", "."], [*name, "commit", "--quiet", "-m", "one"]):
        subprocess.run(["git", *words], cwd=work, check=True, env=fops.environment | {"GIT_CONFIG_NOSYSTEM": "1"})
    source = f"git+file://{work}/.git?ref=main"
    commit = subprocess.check_output(["git", "rev-parse", "main"], cwd=work, text=True).strip()
    row = rows(doctor(fops, "--topology", source, "topology").check())["topology/revision-1"]
    assert (row["state"], row["code"]) == ("ok", "ok")
    assert commit[:12] in row["found"] and "main" in row["found"]


# --- servers ---


def test_everything_at_once(fops: Runner, tmp_path: Path) -> None:
    context, pem = certificate(tmp_path, 60)
    with serving() as well, serving(context) as trusted:
        topology = write(
            tmp_path,
            endpoint("dead", f"http://127.0.0.1:{free_port()}"),
            endpoint("trusted", f"https://127.0.0.1:{trusted.port}", tls={"ca": pem}),
            endpoint("unasked", None),
            endpoint("well", f"http://localhost:{well.port}"),
            asset("gone-01"),
        )
        result = doctor(fops, "--topology", topology).check(12)
        public = [path for path in well.paths + trusted.paths if path != "/health"]
    found = rows(result)
    assert public == []
    assert_codes_are_documented(fops, result)
    assert {name: (row["state"], row["code"]) for name, row in found.items() if name.split("/")[0] in GROUPS[6:]} == {
        "endpoint/dead": ("bad", "endpoint.down"),
        "endpoint/trusted": ("ok", "ok"),
        "endpoint/unasked": ("skipped", "endpoint.nothing-to-ask"),
        "endpoint/well": ("ok", "ok"),
        "tls/trusted": ("ok", "ok"),
        "clock/trusted": ("ok", "ok"),
        "clock/well": ("ok", "ok"),
        "dns/localhost": ("ok", "ok"),
        "asset/gone-01": ("bad", found["asset/gone-01"]["code"]),
    }
    for row in found.values():
        if row["state"] == "bad":
            assert row["cause"] and row["fix"] and row["code"] not in (None, "ok"), row
    assert found["asset/gone-01"]["code"] in ("asset.down", "asset.unknown")


def test_slow_servers_are_waited_for_side_by_side(fops: Runner, tmp_path: Path) -> None:
    with serving() as slow:
        slow.answers.clear()
        health = {**HEALTH, "timeout": "700ms"}
        url = f"http://127.0.0.1:{slow.port}"
        many = [endpoint(f"e{number}", url, health=health) for number in range(8)]
        topology = write(tmp_path, *many, asset("gone-01"))
        began = time.monotonic()
        doctor(fops, "--topology", topology, "endpoint", "asset", "--retries", "0").check(12)
        assert time.monotonic() - began < 8 * 0.7


@pytest.mark.parametrize(
    ("skew", "expected"),
    [
        (0, ("ok", "ok")),
        (10, ("warning", "clock.skew")),
        (-10, ("warning", "clock.skew")),
        (120, ("bad", "clock.skew")),
        (-3600, ("bad", "clock.skew")),
    ],
)
def test_clocks(fops: Runner, tmp_path: Path, skew: int, expected: tuple[str, str]) -> None:
    with serving() as server:
        server.skew_seconds = skew
        topology = write(tmp_path, endpoint("it", f"http://127.0.0.1:{server.port}"))
        result = doctor(fops, "--topology", topology, "clock").check(12 if expected[0] == "bad" else 0)
    assert verdict(result, "clock/it") == expected
    if skew:
        assert ("ahead" if skew > 0 else "behind") in rows(result)["clock/it"]["cause"]


@pytest.mark.parametrize(
    ("days", "expected"), [(60, ("ok", "ok")), (13, ("warning", "tls.expires-soon")), (0, ("warning", "tls.expires-soon"))]
)
def test_certificates_of_servers(fops: Runner, tmp_path: Path, days: int, expected: tuple[str, str]) -> None:
    context, pem = certificate(tmp_path, days)
    with serving(context) as server:
        topology = write(tmp_path, endpoint("it", f"https://127.0.0.1:{server.port}", tls={"ca": pem}))
        assert verdict(doctor(fops, "--topology", topology, "tls").check(), "tls/it") == expected


def test_a_name_that_nobody_knows(fops: Runner, tmp_path: Path) -> None:
    topology = write(tmp_path, endpoint("it", "http://no-such-host.invalid:8080"))
    result = doctor(fops, "--topology", topology, "dns", "--retries", "0").check(12)
    assert verdict(result, "dns/no-such-host.invalid") == ("bad", "dns.unresolved")


def test_only_what_is_asked_for_is_contacted(fops: Runner, tmp_path: Path) -> None:
    with serving() as one, serving() as two:
        topology = write(
            tmp_path,
            endpoint("one", f"http://127.0.0.1:{one.port}"),
            endpoint("two", f"http://127.0.0.1:{two.port}"),
        )
        assert list(rows(doctor(fops, "--topology", topology, "endpoint/one").check())) == ["endpoint/one"]
        assert one.paths and not two.paths
        found = rows(doctor(fops, "--topology", topology, "two").check())
        assert list(found) == ["endpoint/two", "clock/two"]
        one.paths.clear()
        doctor(fops, "--topology", topology, "settings", "topology", "ca").check()
        assert not one.paths
        missing = doctor(fops, "--topology", topology, "endpoint/on").check(66)
        assert "endpoint/one" in json.loads(missing.stderr)["cause"]


def test_authorities_that_cannot_be_read_are_one_finding(fops: Runner, tmp_path: Path) -> None:
    topology = write(tmp_path, endpoint("it", f"https://127.0.0.1:{free_port()}"))
    result = doctor(fops, "--topology", topology, "--ca", tmp_path / "none.pem").check(12)
    assert verdict(result, "ca/file") == ("bad", "ca.unreadable")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("assets", [[], [asset("gone-01")]], ids=["endpoints", "both"])
def test_a_signal_leaves_a_partial_document(
    fops: Runner, tmp_path: Path, assets: list[dict[str, Any]], number: signal.Signals, code: int
) -> None:
    with serving() as slow:
        slow.answers.clear()
        url = f"http://127.0.0.1:{slow.port}"
        topology = write(tmp_path, endpoint("slow", url, health={**HEALTH, "timeout": "50s"}), *assets)
        with Started(fops, "--topology", topology, "doctor", "-o", "json") as run:
            assert slow.asked.wait(20)
            run.signal(number)
            assert run.end() == code
            document = json.loads(run.out.all())
    assert document["partial"] is True
    states = {row["check"]: row["state"] for row in document["items"]}
    assert states["endpoint/slow"] == "bad"
    assert states["settings"] == "ok"


def test_no_secret_is_ever_told(fops: Runner, tmp_path: Path) -> None:
    canary = "canary-of-the-secret"
    with serving() as server:
        server.status = 401
        auth = {"mode": "bearer", "secretRef": "env://CANARY"}
        topology = write(tmp_path, endpoint("it", f"http://127.0.0.1:{server.port}", auth=auth))
        for words in (["doctor"], ["endpoints", "check"], ["endpoints", "show", "it"]):
            for form in ("json", "wide"):
                environment = {"CANARY": canary, "https_proxy": f"http://u:{canary}@127.0.0.1:9"}
                result = fops("-vv", "--topology", topology, *words, "-o", form, env=environment)
                assert canary not in result.out + result.err, words
        result = doctor(fops, "--topology", topology, "it", env={"CANARY": canary}).check(12)
    assert verdict(result, "endpoint/it") == ("bad", "endpoint.unauthorised")


def test_a_topology_that_breaks_the_contract_is_a_finding(fops: Runner) -> None:
    good, broken = FIXTURES / "topology/endpoints", FIXTURES / "topology/broken"
    assert verdict(doctor(fops, "--topology", good, "topology").check(), "topology") == ("ok", "ok")
    assert verdict(doctor(fops, "--topology", broken, "topology").check(12), "topology") == ("bad", "contract.invalid")
