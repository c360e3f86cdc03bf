"""Topologies from revisions of real git servers: over ssh with pinned host keys, over https with a private authority."""

from __future__ import annotations

import stat
import subprocess
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from conftest import Lab, Runner
from git_tools import Served, assets, choose, failure, git, look, serve
from lab_tools import Relay

pytestmark = pytest.mark.neighbours("git")

WAYS = ("ssh", "https")


@pytest.fixture
def served(lab: Lab) -> Served:
    """A repository of this test alone, with one asset on its branch main."""
    found = serve(lab, f"test-{uuid.uuid4().hex[:12]}")
    found.repository.commit("one-01")
    return found


def url_of(served: Served, way: str, port: int | None = None) -> str:
    return served.ssh(port) if way == "ssh" else served.https(port)


def settings_of(served: Served, way: str, **more: Any) -> dict[str, Any]:
    return served.ssh_settings(**more) if way == "ssh" else served.https_settings(**more)


def use(runner: Runner, served: Served, way: str, query: str = "?ref=main", port: int | None = None, **more: Any) -> None:
    choose(runner, url_of(served, way, port) + query, settings_of(served, way, **more))


@pytest.mark.static
@pytest.mark.parametrize("context", ["lab-git", "lab-git-https"])
@pytest.mark.parametrize("words", [
    ("runtime-assets", "list"), ("runtime-assets", "show", "--asset-id", "daytona-01"), ("endpoints", "list"), ("stacks", "list"),
    ("rules", "check"), ("infra", "validate"),
])  # fmt: skip
def test_every_reader_takes_a_revision(operate: Runner, context: str, words: tuple[str, ...]) -> None:
    operate("--context", context, *words, "-o", "json").check()


@pytest.mark.static
@pytest.mark.parametrize("way", WAYS)
def test_a_list_says_where_it_came_from(operate: Runner, served: Served, way: str) -> None:
    commit = git(served.repository.path, "rev-parse", "main")
    use(operate, served, way, "?ref=main#contracts")
    answer = look(operate).check().json()
    (source,) = answer["source"]
    assert source | {"fetched_at": ""} == {"url": url_of(served, way), "ref": "main", "path": "contracts", "commit": commit,
                                           "fetched_at": "", "stale": False}  # fmt: skip
    (row,) = answer["items"]
    assert row["origin"] == f"{url_of(served, way)}@{commit[:7]}:contracts/one-01.yaml:1"
    assert answer["warnings"] == []
    first = operate("runtime-assets", "list", "-o", "jsonl").check().jsonl()[0]
    assert first["source"] == [source]
    assert f"commit={commit}" in operate("runtime-assets", "list", "-o", "compact").check().out.splitlines()[0]


@pytest.mark.static
@pytest.mark.parametrize("way", WAYS)
def test_a_branch_that_moves_is_followed(operate: Runner, served: Served, way: str) -> None:
    use(operate, served, way, refresh="1h")
    assert assets(look(operate)) == ["one-01"]
    served.repository.commit("two-01", "two-02")
    assert assets(look(operate)) == ["one-01"], "the last answer is good for an hour"
    assert assets(look(operate, "--no-cache")) == ["two-01", "two-02"]
    assert assets(look(operate)) == ["two-01", "two-02"]
    use(operate, served, way, refresh="0s")
    served.repository.commit("three-01")
    assert assets(look(operate)) == ["three-01"]


@pytest.mark.static
@pytest.mark.parametrize("way", WAYS)
def test_tags_commits_and_the_head_are_found(operate: Runner, served: Served, way: str) -> None:
    old = git(served.repository.path, "rev-parse", "main")
    git(served.repository.path, "tag", "light", old)
    git(served.repository.path, "tag", "-a", "-m", "words", "heavy", old)
    new = served.repository.commit("two-01")
    for ref, commit in (("light", old), ("heavy", old), ("refs/tags/heavy", old), (new, new), (old, old), ("refs/heads/main", new)):
        use(operate, served, way, f"?ref={ref}")
        answer = look(operate).check().json()
        assert answer["source"][0]["commit"] == commit, ref
    use(operate, served, way, "")
    assert look(operate).check().json()["source"][0]["ref"] is None
    assert assets(look(operate)) == ["two-01"]


def test_a_commit_is_asked_for_once(operate: Runner, served: Served, lab: Lab) -> None:
    commit = git(served.repository.path, "rev-parse", "main")
    use(operate, served, "ssh", f"?ref={commit}", refresh="0s")
    assert assets(look(operate)) == ["one-01"]
    moved = served.repository.path.with_suffix(".away")
    served.repository.path.rename(moved)
    assert assets(look(operate, "--no-cache")) == ["one-01"]
    assert look(operate).check().json()["source"][0]["stale"] is False


@pytest.mark.static
@pytest.mark.parametrize("way", WAYS)
def test_without_the_server_the_last_commit_is_stale(operate: Runner, served: Served, way: str, lab: Lab) -> None:
    facts = lab["neighbours"]["git"]
    relay = facts["sshRelay" if way == "ssh" else "httpsRelay"]
    use(operate, served, way, port=relay["port"], refresh="0s")
    assert assets(look(operate)) == ["one-01"]
    with Relay(relay).mode("refuse"):
        answer = look(operate).check().json()
        assert [row["asset_id"] for row in answer["items"]] == ["one-01"]
        assert answer["source"][0]["stale"] is True
        (warning,) = answer["warnings"]
        assert warning.startswith(f"stale: {url_of(served, way, relay['port'])} is as it was ")
        table = operate("runtime-assets", "list").check()
        assert "warning: stale:" in table.err
    assert look(operate).check().json()["source"][0]["stale"] is False


def test_a_wrong_host_key_ends_it_before_the_login(operate: Runner, served: Served) -> None:
    wrong = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    use(operate, served, "ssh", hostKeys=[wrong])
    done = look(operate).check(69)
    assert failure(done)["code"] == "plane.tls" and "host key" in done.err
    # a second key that is right is enough
    use(operate, served, "ssh", hostKeys=[wrong, served.facts["hostKey"]])
    assert assets(look(operate)) == ["one-01"]


def test_known_hosts_of_the_user_count_for_nothing(operate: Runner, served: Served) -> None:
    folder = operate.home / ".ssh"
    folder.mkdir()
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{served.facts['port']} {served.facts['hostKey']}\n")
    choose(operate, f"{served.ssh()}?ref=main", {"identityRef": "env://FOPS_LAB_GIT_KEY"})
    done = look(operate).check(78)
    assert failure(done)["code"] == "config.missing" and "hostKeys" in failure(done)["fix"][0]


@pytest.mark.parametrize(("way", "more", "status", "code"), [
    ("https", {"ca": "OTHER"}, 69, "plane.tls"),
    ("https", {"ca": None}, 69, "plane.tls"),
    ("https", {"tokenRef": "env://WRONG"}, 77, "plane.auth"),
    ("https", {"tokenRef": None}, 77, "plane.auth"),
    ("https", {"tokenRef": "env://NOT_SET"}, 78, "secret.unresolved"),
    ("ssh", {"identityRef": "env://OTHER_KEY"}, 77, "plane.auth"),
    ("ssh", {"identityRef": None}, 77, "plane.auth"),
])  # fmt: skip
def test_what_is_refused_is_an_error(operate: Runner, served: Served, tmp_path: Path, way: str, more: dict[str, Any], status: int, code: str) -> None:
    settings = settings_of(served, way)
    choose(operate, f"{url_of(served, way)}?ref=main", settings)
    assert assets(look(operate)) == ["one-01"]
    key = tmp_path / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True, stdin=subprocess.DEVNULL)
    operate.environment |= {"WRONG": "no-such-token", "OTHER_KEY": key.read_text()}
    for name, value in more.items():
        if value is None:
            del settings[name]
        else:
            settings[name] = Path(served.facts["otherCa"]).read_text() if value == "OTHER" else value
    choose(operate, f"{url_of(served, way)}?ref=main", settings | {"refresh": "0s"})
    # an earlier answer does not hide that the server refuses now
    done = look(operate).check(status)
    assert failure(done)["code"] == code


def test_a_ref_that_is_not_there_is_named(operate: Runner, served: Served) -> None:
    use(operate, served, "ssh")
    assert assets(look(operate)) == ["one-01"]
    done = look(operate, "--topology", f"{served.ssh()}?ref=none").check(66)
    assert failure(done)["code"] == "contract.not-found"


def test_credentials_are_for_the_servers_of_the_context(operate: Runner, served: Served) -> None:
    """A repository elsewhere that the command line names gets neither token nor key."""
    elsewhere = f"git+https://localhost:{served.facts['httpsRelay']['port']}/git/{served.repository.path.name}"
    use(operate, served, "https")
    done = look(operate, "--topology", elsewhere, "--ca", served.facts["ca"]).check(77)
    assert failure(done)["code"] == "plane.auth" and "wants a credential" in done.err


@pytest.mark.parametrize("way", WAYS)
def test_no_secret_is_left_anywhere(operate: Runner, served: Served, way: str) -> None:
    use(operate, served, way, refresh="0s")
    done = operate("runtime-assets", "list", "-vv").check()
    secrets = [operate.environment["FOPS_LAB_GIT_TOKEN"], operate.environment["FOPS_LAB_GIT_KEY"].splitlines()[2]]
    written = done.stdout + done.stderr
    for path in Path(operate.environment["XDG_CACHE_HOME"]).rglob("*"):
        written += str(path).encode() + (path.read_bytes() if path.is_file() else b"")
    assert all(secret.encode() not in written for secret in secrets)


def test_the_cache_is_the_owners_alone_and_may_vanish(operate: Runner, served: Served) -> None:
    use(operate, served, "ssh")
    assert assets(look(operate)) == ["one-01"]
    root = Path(operate.environment["XDG_CACHE_HOME"]) / "fops"
    (repository,) = (root / "git").iterdir()
    for path in (root / "git", repository):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert not list(repository.glob("new-*"))
    for path in sorted(root.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert assets(look(operate)) == ["one-01"]


def test_many_commands_at_once_see_the_same(operate: Runner, served: Served) -> None:
    use(operate, served, "ssh", refresh="0s")
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _number: assets(look(operate)), range(12)))
    assert found == [["one-01"]] * 12


def test_settings_of_user_and_machine_are_not_read(operate: Runner, served: Served, tmp_path: Path) -> None:
    """A helper, a proxy or another URL in ~/.gitconfig would be seen at once."""
    trap = tmp_path / "trap"
    (operate.home / ".gitconfig").write_text(
        f'[credential]\n\thelper = "!touch {trap}"\n[core]\n\tsshCommand = touch {trap}\n[http]\n\tproxy = http://127.0.0.1:9\n'
        f'[url "git+file:///nowhere"]\n\tinsteadOf = https://\n')
    for way in WAYS:
        use(operate, served, way)
        operate.environment |= {"GIT_SSH_COMMAND": f"touch {trap}", "GIT_ASKPASS": f"touch {trap}", "https_proxy": "http://127.0.0.1:9"}
        assert assets(look(operate)) == ["one-01"]
    assert not trap.exists()


def test_a_full_limit_is_kept_when_the_server_says_nothing(operate: Runner, served: Served, lab: Lab) -> None:
    relay = lab["neighbours"]["git"]["httpsRelay"]
    use(operate, served, "https", port=relay["port"])
    with Relay(relay).mode("stall"):
        done = look(operate, env={"FOPS_TIMEOUT": "1s"}, timeout=2.5).check(124)
        assert failure(done)["code"] == "timeout"


