"""What the tests of git revisions share: repositories, and contexts that name them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from conftest import Lab, Result, Runner
from lab_tools import asset

IDENTITY = {name: "someone" if name.endswith("NAME") else "someone@example.test"
            for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL")}  # fmt: skip
BLOCK = {"driver": "local", "container": "box"}


def git(folder: Path, *words: str, text: str | bytes | None = None, check: bool = True) -> str:
    """Runs git without the settings of user and machine."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", **IDENTITY}
    sent = text.encode() if isinstance(text, str) else text
    done = subprocess.run(["git", *words], cwd=folder, env=environment, input=sent, capture_output=True, check=False)
    assert done.returncode == 0 or not check, f"git {words}: {done.stderr.decode()}"
    return done.stdout.decode().strip()


def document(asset_id: str) -> str:
    return yaml.safe_dump(asset(asset_id, lxc=BLOCK), sort_keys=False)


@dataclass(frozen=True)
class Repository:
    """A bare repository, written to without a working copy."""

    path: Path

    def blob(self, data: str | bytes) -> str:
        return git(self.path, "hash-object", "-w", "--stdin", text=data)

    def tree(self, entries: Mapping[str, tuple[str, str]]) -> str:
        """name -> (mode, object); any name that git's own tools would refuse as well."""
        rows = b""
        for name, (mode, item) in sorted(entries.items(), key=lambda row: row[0].encode("utf-8", "surrogateescape") + (b"/" if row[1][0] == "40000" else b"")):
            rows += mode.encode() + b" " + name.encode("utf-8", "surrogateescape") + b"\0" + bytes.fromhex(item)
        return git(self.path, "hash-object", "-t", "tree", "--literally", "-w", "--stdin", text=rows)

    def commit_tree(self, tree: str, branch: str = "main") -> str:
        made = git(self.path, "commit-tree", tree, "-m", "a change")
        git(self.path, "update-ref", f"refs/heads/{branch}", made)
        return made

    def commit(self, *assets: str, branch: str = "main", folder: str = "contracts") -> str:
        """A commit with one file for each asset in a folder."""
        files = {f"{name}.yaml": ("100644", self.blob(document(name))) for name in assets}
        return self.commit_tree(self.tree({folder: ("40000", self.tree(files))}), branch)

    @property
    def url(self) -> str:
        return f"git+file://{self.path}"


def new_repository(path: Path) -> Repository:
    path.mkdir(parents=True)
    git(path, "init", "-q", "--bare", "-b", "main", ".")
    return Repository(path)


@dataclass(frozen=True)
class Served:
    """A repository that the lab's servers offer, and the settings that reach it."""

    repository: Repository
    facts: Mapping[str, Any]

    def ssh(self, port: int | None = None) -> str:
        return f"git+ssh://{self.facts['user']}@127.0.0.1:{port or self.facts['port']}{self.repository.path}"

    def https(self, port: int | None = None) -> str:
        return f"git+https://localhost:{port or self.facts['https']}/git/{self.repository.path.name}"

    def ssh_settings(self, **more: Any) -> dict[str, Any]:
        return {"hostKeys": [self.facts["hostKey"]], "identityRef": "env://FOPS_LAB_GIT_KEY"} | more

    def https_settings(self, **more: Any) -> dict[str, Any]:
        return {"ca": Path(self.facts["ca"]).read_text(), "user": self.facts["tokenUser"], "tokenRef": "env://FOPS_LAB_GIT_TOKEN"} | more


def serve(lab: Lab, name: str) -> Served:
    facts = lab["neighbours"]["git"]
    return Served(new_repository(Path(facts["repository"]).parent / f"{name}.git"), facts)


def choose(runner: Runner, topology: str | list[str], settings: Mapping[str, Any]) -> None:
    """Makes a context of them the current one."""
    path = runner.home / "git-config"
    path.write_text(yaml.safe_dump({"context": "revision", "contexts": {"revision": {"topology": topology, "git": dict(settings)}}}))
    runner.environment["FOPS_CONFIG"] = str(path)


def assets(result: Result) -> list[str]:
    return [row["asset_id"] for row in result.check().json()["items"]]


def look(runner: Runner, *words: str, **options: Any) -> Result:
    return runner("runtime-assets", "list", "-o", "json", *words, **options)


def failure(result: Result) -> dict[str, Any]:
    """The error of a command that was asked for JSON."""
    found: dict[str, Any] = json.loads(result.err)
    return found
