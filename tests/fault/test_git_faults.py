"""Hostile repositories, and git servers that lie, drip or say nothing."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from conftest import Lab, Result, Runner
from git_tools import Repository, Served, assets, choose, document, failure, git, look, new_repository, serve
from lab_tools import Relay, serving, wait_for

LIMIT_SECONDS = 1.0
ALLOWED_SECONDS = 0.5


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return new_repository(tmp_path / "repository.git")


@pytest.fixture
def served(lab: Lab) -> Served:
    found = serve(lab.need("git"), f"fault-{uuid.uuid4().hex[:12]}")
    found.repository.commit("one-01")
    return found


def read(fops: Runner, repository: Repository, query: str = "", **options: Any) -> Result:
    return look(fops, "--topology", f"{repository.url}{query}", **options)


def findings(result: Result) -> dict[str, str]:
    """Path inside the repository -> message."""
    return {row["file"].split(":", 3)[-1]: row["message"] for row in failure(result.check(65))["findings"]}


def test_names_that_lead_elsewhere_are_findings(fops: Runner, repository: Repository, tmp_path: Path) -> None:
    blob = repository.blob(document("one-01"))
    names = ["..", "../../escape.yaml", "/abs.yaml", "a\x1b[31m.yaml", "a\nb.yaml", "\udcff.yaml", "sub/deep.yaml"]
    repository.commit_tree(repository.tree({name: ("100644", blob) for name in names}))
    found = findings(read(fops, repository))
    assert len(found) == len(names), found
    assert all(message.startswith("its name ") for message in found.values())
    assert all(path.isprintable() for path in found)
    assert not list(tmp_path.rglob("escape.yaml")) and not Path("/abs.yaml").exists()


def test_links_are_followed_inside_alone(fops: Runner, repository: Repository) -> None:
    def link(target: str) -> tuple[str, str]:
        return ("120000", repository.blob(target))

    one = ("100644", repository.blob(document("one-01")))
    good = {"one.yaml": one, "again.yaml": link("one.yaml"), "text.txt": ("100644", repository.blob(document("two-01"))),
            "two.yaml": link("text.txt"), "README.md": link("text.txt")}  # fmt: skip
    repository.commit_tree(repository.tree({"c": ("40000", repository.tree(good))}))
    assert assets(read(fops, repository, "#c")) == ["one-01", "two-01"]
    bad = {"one.yaml": one, "out.yaml": link("/etc/passwd"), "up.yaml": link("../../../etc/passwd"), "loop.yaml": link("pool.yaml"),
           "pool.yaml": link("loop.yaml"), "self.yaml": link("self.yaml"), "none.yaml": link("nothing.yaml"), "folder.yaml": link("."),
           "side.yaml": link("../side.yaml"), "everything": link("../.."), "long.yaml": link("a/" * 3000)}  # fmt: skip
    root = {"c": ("40000", repository.tree(bad)), "side.yaml": one}
    repository.commit_tree(repository.tree(root))
    found = findings(read(fops, repository, "#c"))
    assert set(found) == {f"c/{name}" for name in bad} - {"c/one.yaml"}
    assert "passwd" not in str(found)


def test_submodules_and_case_clashes_are_findings(fops: Runner, repository: Repository) -> None:
    entries = {"a.yaml": ("100644", repository.blob(document("one-01"))), "A.yaml": ("100644", repository.blob(document("two-01"))),
               "module": ("160000", "1" * 40)}  # fmt: skip
    repository.commit_tree(repository.tree(entries))
    found = findings(read(fops, repository))
    assert set(found) == {"a.yaml", "module"} and "submodules" in found["module"] and "case" in found["a.yaml"]


def test_a_tree_that_unfolds_without_end_is_refused(fops: Runner, repository: Repository) -> None:
    """Ten levels of ten folders each are ten objects and ten billion files."""
    item = ("100644", repository.blob(document("one-01")))
    for _level in range(10):
        item = ("40000", repository.tree({f"{number}.yaml" if item[0] == "100644" else str(number): item for number in range(10)}))
    repository.commit_tree(item[1])
    began = time.monotonic()
    done = read(fops, repository, timeout=20).check(74)
    assert "too large" in failure(done)["message"] and time.monotonic() - began < 15


def test_depth_is_bounded(fops: Runner, repository: Repository) -> None:
    item = ("100644", repository.blob(document("one-01")))
    tree = repository.tree({"a.yaml": item})
    for _level in range(40):
        tree = repository.tree({"d": ("40000", tree)})
    repository.commit_tree(tree)
    assert "deeper" in failure(read(fops, repository).check(74))["cause"]


def test_a_large_blob_is_a_finding(fops: Runner, repository: Repository) -> None:
    repository.commit_tree(repository.tree({"a.yaml": ("100644", repository.blob(b"#" * (17 << 20)))}))
    assert "larger" in findings(read(fops, repository))["a.yaml"]


def test_a_hundred_thousand_files_are_passed_over(fops: Runner, repository: Repository) -> None:
    text = repository.blob("nothing")
    inner = repository.tree({f"f{number:05}": ("100644", text) for number in range(1000)})
    root = {f"d{number:03}": ("40000", inner) for number in range(100)}
    root["c"] = ("40000", repository.tree({"a.yaml": ("100644", repository.blob(document("one-01")))}))
    repository.commit_tree(repository.tree(root))
    assert assets(read(fops, repository)) == ["one-01"]
    many = repository.tree({f"f{number:05}.yaml": ("100644", text) for number in range(1000)})
    repository.commit_tree(repository.tree({f"d{number:03}": ("40000", many) for number in range(100)}))
    assert "50000" in failure(read(fops, repository).check(74))["cause"]


@pytest.mark.parametrize("which", ["blob", "tree", "commit"])
@pytest.mark.parametrize("how", ["missing", "garbage", "other"])
def test_bad_objects_are_named(fops: Runner, repository: Repository, which: str, how: str) -> None:
    blob = repository.blob(document("one-01"))
    tree = repository.tree({"a.yaml": ("100644", blob)})
    commit = repository.commit_tree(tree)
    other = repository.blob(document("two-01"))
    name = {"blob": blob, "tree": tree, "commit": commit}[which]
    path = repository.path / "objects" / name[:2] / name[2:]
    path.chmod(0o600)
    if how == "missing":
        path.unlink()
    elif how == "garbage":
        path.write_bytes(os.urandom(100))
    else:
        shutil.copyfile(repository.path / "objects" / other[:2] / other[2:], path)
    done = read(fops, repository)
    assert done.code in (65, 66, 74) and failure(done)["code"].startswith("contract."), done


def test_refs_that_are_no_commit(fops: Runner, repository: Repository) -> None:
    commit = repository.commit("one-01")
    blob = repository.blob("text")
    git(repository.path, "tag", "blob", blob)
    git(repository.path, "tag", "tree", f"{commit}^{{tree}}")
    git(repository.path, "tag", "main", commit)
    (repository.path / "refs/heads/broken").write_text("no commit\n")
    (repository.path / "refs/heads/loop").write_text("ref: refs/heads/loop\n")
    (repository.path / "refs/heads/dangling").write_text("1" * 40 + "\n")
    for ref in ("blob", "tree", "broken", "loop", "dangling", "none", blob, "1" * 40):
        assert failure(read(fops, repository, f"?ref={ref}").check(66 if ref not in (blob, "1" * 40) else 74))["code"].startswith("contract."), ref
    assert "both a branch and a tag" in failure(read(fops, repository, "?ref=main").check(2))["message"]


def test_alternates_that_lead_nowhere(fops: Runner, repository: Repository) -> None:
    repository.commit("one-01")
    (repository.path / "objects/info/alternates").write_text("/nowhere\n../../../..\n/dev/zero\n")
    assert assets(read(fops, repository)) == ["one-01"]


def test_settings_of_a_repository_start_nothing(fops: Runner, repository: Repository, tmp_path: Path) -> None:
    repository.commit("one-01")
    trap = tmp_path / "trap"
    with (repository.path / "config").open("a") as file:
        file.write(f"[core]\n\tfsmonitor = touch {trap}\n\tsshCommand = touch {trap}\n[include]\n\tpath = /dev/zero\n")
    for hook in ("post-checkout", "pre-auto-gc", "reference-transaction"):
        path = repository.path / "hooks" / hook
        path.write_text(f"#!/bin/sh\ntouch {trap}\n")
        path.chmod(0o755)
    assert assets(read(fops, repository)) == ["one-01"]
    assert not trap.exists()


@pytest.mark.parametrize("text", [
    "git+ssh://user:hunter2@host/x", "git+https://user@host/x", "git+http://example.test/x", "git+ftp://host/x", "git+ssh://-oProxyCommand=x/y",
    "git+ssh://host/a/../b", "git+ssh://host/x?ref=a&b=c", "git+ssh://host/x?ref=--upload-pack=x", "git+ssh://host/x#../y",
    "git+ssh://host:0/x", "git+file://relative/x", "git+ssh://host/x?depth=1", "git+ssh://host", "git+ssh://host/%2e%2e/x", "git+ssh://ho%73t/x",
])  # fmt: skip
def test_urls_that_are_refused(fops: Runner, text: str) -> None:
    done = look(fops, "--topology", text).check(2)
    assert failure(done)["code"] == "usage.bad-value" and "hunter2" not in done.err


def silent(link: socket.socket) -> None:
    link.recv(1)
    time.sleep(30)


def dripping(link: socket.socket) -> None:
    for _number in range(300):
        link.sendall(b"S")
        time.sleep(0.1)


def garbage(link: socket.socket) -> None:
    link.sendall(os.urandom(4096))


@pytest.mark.parametrize("scheme", ["git+ssh://git@127.0.0.1", "git+https://localhost", "git+http://localhost"])
@pytest.mark.parametrize("server", [silent, dripping])
def test_a_server_that_does_not_end_is_left_in_time(fops: Runner, scheme: str, server: Any) -> None:
    with serving(server) as small:
        choose(fops, f"{scheme}:{small.port}/x.git?ref=main", {"hostKeys": ["ssh-ed25519 AAAA"]})
        began = time.monotonic()
        done = look(fops, env={"FOPS_TIMEOUT": f"{LIMIT_SECONDS:g}s"})
        took = time.monotonic() - began
        assert took < LIMIT_SECONDS + ALLOWED_SECONDS, took
        assert done.code in (69, 76, 124) and failure(done)["code"] in ("timeout", "plane.unavailable", "plane.protocol")
    assert not list((Path(fops.environment["XDG_CACHE_HOME"]) / "fops/git").glob("*/new-*"))


@pytest.mark.parametrize("scheme", ["git+ssh://git@127.0.0.1", "git+https://localhost", "git+http://localhost"])
def test_garbage_is_no_answer(fops: Runner, scheme: str) -> None:
    with serving(garbage) as small:
        choose(fops, f"{scheme}:{small.port}/x.git", {"hostKeys": ["ssh-ed25519 AAAA"]})
        done = look(fops)
        assert done.code in (69, 76), done


def test_nobody_listens(fops: Runner) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    for scheme in ("git+ssh://git@127.0.0.1", "git+https://localhost"):
        choose(fops, f"{scheme}:{port}/x.git", {"hostKeys": ["ssh-ed25519 AAAA"]})
        assert failure(look(fops).check(69))["code"] == "plane.unavailable"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_fetch_and_leaves_nothing(fops: Runner, number: int, status: int) -> None:
    with serving(silent) as small:
        choose(fops, f"git+http://localhost:{small.port}/x.git", {})
        process = fops.command("runtime-assets", "list", "-o", "json", stdin=-3, stdout=-1, stderr=-1)
        wait_for(lambda: small.accepted > 0, "connection")
        began = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=5)
        assert process.returncode == status and time.monotonic() - began < 1, err
        assert b'"code":"' in err and out == b""
    assert not list((Path(fops.environment["XDG_CACHE_HOME"]) / "fops/git").glob("*/new-*"))


def test_a_killed_command_takes_its_fetch_along(fops: Runner) -> None:
    with serving(silent) as small:
        choose(fops, f"git+http://localhost:{small.port}/x.git", {})
        process = fops.command("runtime-assets", "list", stdin=-3, stdout=-1, stderr=-1)
        wait_for(lambda: small.accepted > 0, "connection")
        process.kill()
        process.communicate(timeout=5)
        wait_for(lambda: not in_session(process.pid), "end of the copy")


def in_session(session: int) -> list[int]:
    """The living processes of a session."""
    found = []
    for name in os.listdir("/proc"):
        try:
            fields = Path("/proc", name, "stat").read_text().rsplit(")", 1)[1].split() if name.isdigit() else []
        except OSError:
            continue
        if fields and int(fields[3]) == session and fields[0] != "Z":
            found.append(int(name))
    return found


@pytest.mark.neighbours("git")
@pytest.mark.parametrize("way", ["ssh", "https"])
@pytest.mark.parametrize("mode", ["cut-after:600", "cut-after:2500", "reset", "truncate:1500"])
def test_a_cut_connection_leaves_the_last_commit(operate: Runner, served: Served, lab: Lab, way: str, mode: str) -> None:
    relay = lab["neighbours"]["git"]["sshRelay" if way == "ssh" else "httpsRelay"]
    url = served.ssh(relay["port"]) if way == "ssh" else served.https(relay["port"])
    choose(operate, f"{url}?ref=main", (served.ssh_settings if way == "ssh" else served.https_settings)(refresh="0s"))
    assert assets(look(operate)) == ["one-01"]
    served.repository.commit(*(f"two-{number:03}" for number in range(200)))
    with Relay(relay).mode(mode):
        answer = look(operate).check().json()
        assert [row["asset_id"] for row in answer["items"]] == ["one-01"] and answer["source"][0]["stale"] is True
    assert len(assets(look(operate, "--limit", "1000"))) == 200


@pytest.mark.neighbours("git")
def test_a_black_hole_leaves_time_for_the_last_commit(operate: Runner, served: Served, lab: Lab) -> None:
    relay = lab["neighbours"]["git"]["sshRelay"]
    choose(operate, f"{served.ssh(relay['port'])}?ref=main", served.ssh_settings(refresh="0s"))
    assert assets(look(operate)) == ["one-01"]
    with Relay(relay).mode("stall"):
        began = time.monotonic()
        answer = look(operate, env={"FOPS_TIMEOUT": "2s"}).check().json()
        assert answer["source"][0]["stale"] is True and time.monotonic() - began < 2.5


@pytest.mark.neighbours("git")
def test_what_changes_something_wants_a_fresh_topology(operate: Runner, served: Served, lab: Lab) -> None:
    relay = lab["neighbours"]["git"]["httpsRelay"]
    choose(operate, f"{served.https(relay['port'])}?ref=main", served.https_settings(refresh="0s"))
    assert assets(look(operate)) == ["one-01"]
    with Relay(relay).mode("refuse"):
        done = operate("infra", "apply-ssot", "-o", "json")
        if done.code == 2:
            pytest.skip("this build has no command that changes something by the topology")
        assert "plane.unavailable" in done.check(69).err
