"""Completion in the three real shells, for both names of the program.

Keys go in, and the line that the shell made of them comes out.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

import conftest

NAMES = ("fops", "fractalops")
SHELLS = ("bash", "zsh", "fish")
PROMPT = "=ready="
TO_START_OF_LINE = "\x01"

TOPOLOGY = """\
apiVersion: fractalops/v1
kind: RuntimeAsset
spec: { assetId: alpha-01, role: alpha_runtime, kind: lxc, lxc: { driver: local, container: alpha } }
---
apiVersion: fractalops/v1
kind: RuntimeAsset
spec: { assetId: beta-01, role: beta_runtime, kind: lxc, lxc: { driver: local, container: beta } }
"""

CONFIG = """\
contexts:
  core: { topology: topology.yaml }
  other: { topology: topology.yaml }
"""


class Shell:
    """One interactive shell with the shipped completion loaded."""

    def __init__(self, name: str, home: Path) -> None:
        self.name = name
        self.home = home
        programs = home / "bin"
        programs.mkdir(parents=True)
        for program in NAMES:
            (programs / program).symlink_to(conftest.tested_binary())
        (home / "topology.yaml").write_text(TOPOLOGY)
        (home / "config").write_text(CONFIG)
        (home / "folder one" / "inner").mkdir(parents=True)
        (home / "folder one" / "plain.yaml").touch()
        environment = conftest.clean_environment(home) | {
            "FOPS_CONFIG": str(home / "config"),
            "FOPS_TOPOLOGY": str(home / "topology.yaml"),
            "TERM": "xterm" if name == "fish" else "vt100",
        }
        environment["PATH"] = f"{programs}:{environment['PATH']}"
        self.environment = environment
        command, setup = getattr(self, name)()
        self.process = pexpect.spawn(command[0], command[1:], env=environment, cwd=str(home), encoding="utf-8",
                                     timeout=20, dimensions=(40, 200))
        self.process.delaybeforesend = None
        self.run("\n".join(setup), first=True)

    def bash(self) -> tuple[list[str], list[str]]:
        return ["bash", "--norc", "--noprofile", "-i"], [
            "bind 'set enable-bracketed-paste off'; bind 'set bell-style none'; bind 'set page-completions off'",
            f"source '{conftest.ROOT}/completions/fops.bash'",
            "show() { printf 'words:'; printf '<%s>' \"$@\"; echo; }",
            f"PS1='{PROMPT[:3]}''{PROMPT[3:]}'",
        ]

    def zsh(self) -> tuple[list[str], list[str]]:
        folder = self.home / "functions"
        folder.mkdir()
        shutil.copy(conftest.ROOT / "completions/_fops", folder)
        return ["zsh", "-f", "-i"], [
            "unset zle_bracketed_paste; unsetopt beep prompt_sp prompt_cr; bindkey -e",
            f"fpath=('{folder}' $fpath); autoload -Uz compinit; compinit -u -d '{self.home}/dump'",
            "show() { printf 'words:'; printf '<%s>' \"$@\"; echo; }",
            f"PS1='{PROMPT[:3]}''{PROMPT[3:]}'",
        ]

    def fish(self) -> tuple[list[str], list[str]]:
        folder = Path(self.environment["XDG_CONFIG_HOME"]) / "fish/completions"
        folder.mkdir(parents=True)
        for program in NAMES:
            shutil.copy(conftest.ROOT / "completions/fops.fish", folder / f"{program}.fish")
        return ["fish", "--private", "-i"], [
            "function fish_greeting; end; set -g fish_autosuggestion_enabled 0",
            "function show; printf 'words:'; printf '<%s>' $argv; echo; end",
            f"function fish_prompt; echo -n '{PROMPT[:3]}''{PROMPT[3:]}'; end",
        ]

    def run(self, text: str, first: bool = False) -> str:
        """Runs a command line; returns what stood on the screen before the next prompt."""
        for line in text.split("\n"):
            self.process.send(line + "\r")
            if not first:
                self.process.expect_exact(PROMPT)
        if first:
            self.process.expect_exact(PROMPT)
        return str(self.process.before)

    def complete(self, line: str) -> list[str]:
        """The words of the line after one press of the tabulator."""
        self.process.send(line + "\t")
        self.process.send(TO_START_OF_LINE)
        self.process.send("show \r")
        self.process.expect(r"words:((?:<[^<>\r\n]*>)+)\r?\n")
        words = re.findall(r"<([^<>]*)>", self.process.match.group(1))
        self.process.expect_exact(PROMPT)
        return words

    def offered(self, line: str, expected: str) -> None:
        """Presses the tabulator twice and waits for a text among what the shell lists; it is the last thing to do."""
        self.process.send(line + "\t\t")
        self.process.expect(expected)

    def close(self) -> None:
        self.process.close(force=True)


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shell]:
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    shell = Shell(request.param, tmp_path / "home")
    yield shell
    shell.close()


@pytest.mark.parametrize("program", NAMES)
def test_words_are_completed(shell: Shell, program: str) -> None:
    assert shell.complete(f"{program} runtime-a") == [program, "runtime-assets"]
    assert shell.complete(f"{program} runtime-assets li") == [program, "runtime-assets", "list"]
    assert shell.complete(f"{program} runtime-assets list --ki") == [program, "runtime-assets", "list", "--kind"]
    assert shell.complete(f"{program} runtime-assets list --kind l")[1:] == ["runtime-assets", "list", "--kind", "lxc"]
    assert shell.complete(f"{program} -o jsonl runtime-assets sh") == [program, "-o", "jsonl", "runtime-assets", "show"]


@pytest.mark.parametrize("program", NAMES)
def test_values_come_from_topology_and_configuration(shell: Shell, program: str) -> None:
    assert shell.complete(f"{program} runtime-assets show --role be")[-1] == "beta_runtime"
    assert shell.complete(f"{program} runtime-assets show --asset-id al")[-1] == "alpha-01"
    assert shell.complete(f"{program} --context co")[-1] == "core"


def test_values_behind_an_equals_sign(shell: Shell) -> None:
    assert shell.complete("fops runtime-assets list --kind=l")[-1] == "--kind=lxc"
    assert shell.complete("fops runtime-assets show --role=be")[-1] == "--role=beta_runtime"
    assert shell.complete("fops runtime-assets list --filter kin")[-1] == "kind="
    assert shell.complete("fops runtime-assets list --filter kind=l")[-1] == "kind=lxc"
    assert shell.complete("fops runtime-assets list --filter=kind=l")[-1] == "--filter=kind=lxc"


def test_nothing_behind_an_equals_sign_yet(shell: Shell) -> None:
    (shell.home / "config").write_text("contexts:\n  core: { topology: topology.yaml }\n")
    assert shell.complete("fops --context=")[-1] == "--context=core"


def test_fields_behind_a_comma(shell: Shell) -> None:
    assert shell.complete("fops runtime-assets list --fields asset_id,dri")[-1] == "asset_id,driver"


def test_files_and_folders(shell: Shell) -> None:
    assert shell.complete("fops --topology topo")[-1] == "topology.yaml"
    assert shell.complete("fops --topology=topo")[-1] == "--topology=topology.yaml"
    assert shell.complete("fops --topology folder\\ one/pl")[-1] == "folder one/plain.yaml"


def test_files_behind_the_dashes(shell: Shell) -> None:
    assert shell.complete("fops runtime-assets run --role alpha_runtime -- topo")[-1] == "topology.yaml"


def test_the_line_is_completed_at_the_cursor(shell: Shell) -> None:
    left = "\x02" * len(" --kind lxc")
    assert shell.complete(f"fops runtime-assets lis --kind lxc{left}")[:3] == ["fops", "runtime-assets", "list"]


def test_what_is_unknown_stays_and_nothing_is_said(shell: Shell) -> None:
    assert shell.complete("fops no-such-command x") == ["fops", "no-such-command", "x"]
    assert shell.complete("fops runtime-assets show --role zzz")[-1] == "zzz"
    assert "error" not in str(shell.process.before)


def test_a_broken_topology_is_silent(shell: Shell) -> None:
    (shell.home / "topology.yaml").write_text("kind: [\n")
    assert shell.complete("fops runtime-assets show --role be")[-1] == "be"
    assert "error" not in str(shell.process.before)
    assert shell.complete("fops runtime-assets sho")[-1] == "show"


@pytest.mark.parametrize("shell", ["zsh", "fish"], indirect=True)
def test_descriptions_are_shown(shell: Shell) -> None:
    shell.offered("fops runtime-assets ", "Run a command on an asset")


def test_several_candidates_are_listed(shell: Shell) -> None:
    shell.offered("fops runtime-assets show --role ", "alpha_runtime(.|\n)*beta_runtime")


@pytest.mark.parametrize("breaks", [" \\t\\n", " \\t\\n=:", " \\t\\n\"'@><=;|&(:"])
def test_bash_with_other_word_breaks(tmp_path: Path, breaks: str) -> None:
    shell = Shell("bash", tmp_path / "home")
    shell.run(f"COMP_WORDBREAKS=$'{breaks}'".replace("\"'@", "\"\\'@"))
    assert shell.complete("fops runtime-assets list --kind=l")[-1] == "--kind=lxc"
    assert shell.complete("fops --topology=topo")[-1] == "--topology=topology.yaml"
    assert shell.complete("fops runtime-assets list --fi")[-1] in ("--fi", "--fields", "--filter")
    assert shell.complete("fops runtime-assets list --filter kind=lx")[-1] == "kind=lxc"
    shell.close()


def test_bash_does_not_need_the_program_on_the_path(tmp_path: Path) -> None:
    shell = Shell("bash", tmp_path / "home")
    assert shell.complete("./bin/fops runtime-assets li") == ["./bin/fops", "runtime-assets", "list"]
    assert shell.complete("~/bin/fops runtime-assets li")[1:] == ["runtime-assets", "list"]
    shell.close()


def test_zsh_takes_the_script_by_source_too(tmp_path: Path) -> None:
    shell = Shell("zsh", tmp_path / "home")
    shell.run("unfunction _fops; compdef -d fops fractalops; source <(fops completion zsh)")
    assert shell.complete("fops runtime-assets li")[-1] == "list"
    shell.close()


@pytest.mark.parametrize("shell_name", SHELLS)
def test_scripts_are_small_and_sound(shell_name: str) -> None:
    binary = conftest.tested_binary()
    script = subprocess.run([binary, "completion", shell_name], capture_output=True, check=True, timeout=20).stdout
    assert 0 < len(script) < 4096
    checked = subprocess.run([shell_name, "-n", "/dev/stdin"], input=script, capture_output=True, check=False,
                             timeout=20, env=os.environ | {"HOME": "/nonexistent"})
    assert checked.returncode == 0 and checked.stderr == b"", checked.stderr
