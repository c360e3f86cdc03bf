"""Topologies from a repository on this machine: every format, every mistake, no network."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from conftest import Runner
from git_tools import Repository, assets, document, failure, git, look, new_repository



@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    found = new_repository(tmp_path / "topology.git")
    found.commit("one-01", "one-02")
    return found


def test_every_format_names_the_commit(fops: Runner, repository: Repository) -> None:
    commit = git(repository.path, "rev-parse", "main")
    words = ("--topology", f"{repository.url}?ref=main#contracts", "runtime-assets", "list")
    for form in ("json", "yaml", "jsonl", "compact"):
        assert commit in fops(*words, "-o", form).check().out, form
    for form in ("table", "tsv", "name"):
        plain = fops("--topology", str(worktree(repository)), "runtime-assets", "list", "-o", form).check().out
        assert fops(*words, "-o", form).check().out == plain, form
    head = fops(*words, "-o", "compact").check().out.splitlines()[0]
    assert head.endswith(f" n=2/2 commit={commit}")
    lines = fops(*words, "-o", "jsonl").check().jsonl()
    assert lines[0]["source"][0]["commit"] == commit and "source" not in lines[1]
    (source,) = fops(*words, "-o", "json").check().json()["source"]
    assert list(source) == ["url", "ref", "path", "commit", "fetched_at", "stale"]


def worktree(repository: Repository) -> Path:
    folder = repository.path.parent / "worktree"
    if not folder.exists():
        git(repository.path.parent, "clone", "-q", str(repository.path), str(folder))
    return folder


def test_a_plain_topology_has_no_source(fops: Runner, repository: Repository) -> None:
    assert "source" not in look(fops, "--topology", str(worktree(repository))).check().json()


def test_a_working_copy_is_read_by_commit(fops: Runner, repository: Repository) -> None:
    """What is not committed is not there."""
    folder = worktree(repository)
    (folder / "contracts/more.yaml").write_text(document("more-01"))
    assert assets(look(fops, "--topology", f"git+file://{folder}")) == ["one-01", "one-02"]
    assert assets(look(fops, "--topology", str(folder))) == ["more-01", "one-01", "one-02"]


def test_the_content_is_the_same_as_of_files(fops: Runner, repository: Repository) -> None:
    def digest(topology: str) -> str:
        words = ("--topology", topology, "runtime-assets", "show", "--asset-id", "one-01", "-o", "json")
        return str(fops(*words).check().json()["topology"])

    assert digest(repository.url) == digest(str(worktree(repository) / "contracts"))


def test_revisions_and_paths_make_one_topology(fops: Runner, repository: Repository, tmp_path: Path) -> None:
    more = tmp_path / "more.yaml"
    more.write_text(document("more-01"))
    both = ["--topology", f"{repository.url}#contracts", "--topology", str(more)]
    assert assets(look(fops, *both)) == ["more-01", "one-01", "one-02"]
    assert assets(look(fops, env={"FOPS_TOPOLOGY": f"{repository.url}?ref=main#contracts:{more}"})) == ["more-01", "one-01", "one-02"]
    assert assets(look(fops, env={"FOPS_TOPOLOGY": f"{more}:{repository.url}"})) == ["more-01", "one-01", "one-02"]
    # the same file by two ways is the same file
    twice = ["--topology", repository.url, "--topology", f"{repository.url}?ref=main#contracts/one-01.yaml"]
    answer = look(fops, *twice).check().json()
    assert [row["asset_id"] for row in answer["items"]] == ["one-01", "one-02"] and len(answer["source"]) == 2
    more.write_text(document("more-02"))
    assert assets(look(fops, *both)) == ["more-02", "one-01", "one-02"]


def test_a_moved_branch_is_seen_at_once(fops: Runner, repository: Repository) -> None:
    words = ("--topology", f"{repository.url}?ref=main")
    assert assets(look(fops, *words)) == ["one-01", "one-02"]
    repository.commit("two-01")
    assert assets(look(fops, *words)) == ["two-01"]


def test_findings_name_repository_commit_and_place(fops: Runner, repository: Repository) -> None:
    bad = repository.blob(document("one-01").replace("role:", "rule:"))
    commit = repository.commit_tree(repository.tree({"c": ("40000", repository.tree({"a.yaml": ("100644", bad)}))}))
    done = look(fops, "--topology", repository.url).check(65)
    assert {row["file"] for row in failure(done)["findings"]} == {f"{repository.url}@{commit[:7]}:c/a.yaml"}
    text = fops("--topology", repository.url, "runtime-assets", "list").check(65).err
    assert f"  {repository.url}@{commit[:7]}:c/a.yaml:" in text


def test_nothing_is_asked_of_the_network(socket_denied: Runner, repository: Repository) -> None:
    assert assets(look(socket_denied, "--topology", repository.url)) == ["one-01", "one-02"]


def test_the_cache_knows_the_commit(fops: Runner, repository: Repository) -> None:
    commit = git(repository.path, "rev-parse", "main")
    words = ("--topology", f"{repository.url}?ref={commit}")
    assert assets(look(fops, *words)) == ["one-01", "one-02"]
    away = repository.path.with_name("away.git")
    shutil.move(repository.path, away)
    assert assets(look(fops, *words)) == ["one-01", "one-02"], "a compiled commit needs no repository"
    assert failure(look(fops, *words, "--no-cache").check(66))["code"] == "contract.not-found"
    assert failure(look(fops, "--topology", repository.url).check(66))["code"] == "contract.not-found"


def test_a_revision_is_not_written_to(fops: Runner, repository: Repository) -> None:
    done = fops("infra", "fmt", repository.url)
    assert done.code in (2, 66) and git(repository.path, "rev-list", "--count", "main") == "1"


def test_project_files_name_no_repository(fops: Runner, repository: Repository, tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / ".fops").mkdir(parents=True)
    (project / ".fops/config").write_text(f"topology: {repository.url}\n")
    assert failure(look(fops, cwd=project).check(78))["code"] == "config.forbidden"


def test_completion_asks_nobody(socket_denied: Runner) -> None:
    config = socket_denied.home / "config"
    config.write_text("context: a\ncontexts:\n  a:\n    topology: git+https://localhost:1/x\n")
    words = ("__complete", "--", "fops", "runtime-assets", "show", "--asset-id", "")
    assert socket_denied(*words, env={"FOPS_CONFIG": str(config)}).code in (0, 2)
