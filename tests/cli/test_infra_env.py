"""Environment files as their real readers see them, and programs that get an environment: no secret where none belongs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import dotenv
import pytest
import yaml
from conftest import ROOT, Runner
from golden_case import FIXTURES

pytestmark = pytest.mark.static

ENVIRONMENTS = FIXTURES / "topology/environments"
CANARY = "canary-7f3a91c2"
# One value each; what a format refuses stands in REFUSED.
VALUES = {
    "PLAIN": "info",
    "BLANKS": "  two words ",
    "HASH": "a#b #c",
    "DOLLAR": "$HOME and $(id) $$",
    "BRACE": "${HOME}",
    "BACKTICK": "`id`",
    "TILDE": "~",
    "TILDES": "/a:~/b",
    "SINGLE": "it's",
    "DOUBLE": 'say "x"',
    "BOTH": "it's \"x\"",
    "BACKSLASH": r"C:\temp\new",
    "BACKSLASHES": "a\\\\b",
    "ENDING": "end\\",
    "ESCAPED_HASH": "a\\#b",
    "PERCENT": "100% %.o",
    "EQUALS": "a=b := c",
    "BANG": "wow!",
    "SEMICOLON": "a; b & c | d > e",
    "GLOB": "* ? [a]",
    "WORD": "é ☃ 😀",
    "COLONS": "a: b",
    "NUMBER": "0123",
    "BOOLEAN": "yes",
    "URL": "https://board.example.net:8443/a?b=c&d=%20",
}
REFUSED = {"dotenv": {"BRACE", "BOTH", "BACKSLASHES", "ENDING"}, "shell": set(), "make": set(), "json": set(), "kubernetes": set()}


def contract(variables: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"apiVersion": "fractalops/v1", "kind": "EnvContract", "spec": {"consumer": "portal", "variables": variables, **more}}


def write(folder: Path, *documents: dict[str, Any]) -> Path:
    path = folder / "topology.yaml"
    path.write_text(yaml.safe_dump_all(documents))
    return path


@pytest.fixture
def generate(fops: Runner, tmp_path: Path) -> Any:
    """Writes the values of a format into a file and returns it with what was written."""

    def call(form: str) -> tuple[Path, dict[str, str]]:
        wanted = {name: value for name, value in VALUES.items() if name not in REFUSED[form]}
        variables: list[dict[str, Any]] = [{"name": name, "value": value} for name, value in wanted.items()]
        variables.append({"name": "EMPTY", "value": ""})
        variables.append({"name": "TOKEN", "secretRef": "openbao://kv/portal#token"})
        target = {"type": "kubernetes", "endpoint": "cluster", "namespace": "boards", "name": "portal-env", "secretStore": "bao"}
        cluster = {"apiVersion": "fractalops/v1", "kind": "Endpoint", "spec": {
            "id": "cluster", "plane": "kubernetes", "executorUrl": "https://cluster.example.net", "auth": {"mode": "none"}}}
        topology = write(tmp_path, contract(variables, targets=[target]), cluster)
        path = tmp_path / f"env.{form}"
        fops("--topology", topology, "infra", "generate-env", "portal", "--format", form, "--into", path).check()
        assert CANARY not in path.read_text()
        return path, wanted | {"EMPTY": ""}

    return call


@pytest.mark.parametrize("form", sorted(REFUSED))
def test_what_a_format_cannot_hold_is_refused(fops: Runner, tmp_path: Path, form: str) -> None:
    for name in sorted(REFUSED[form]):
        topology = write(tmp_path, contract([{"name": name, "value": VALUES[name]}]))
        result = fops("--topology", topology, "infra", "generate-env", "portal", "--format", form).check(65)
        assert name in result.err
        assert result.stdout == b""


def exported(script: str, path: Path) -> dict[str, str]:
    """The environment after bash has read the file."""
    done = subprocess.run(["/bin/bash", "-c", f'set -a; {script} "$1"; env -0', "bash", path], capture_output=True, check=True,
                          env={"PATH": "/usr/bin:/bin", "HOME": "/nowhere"})
    return dict(entry.split("=", 1) for entry in done.stdout.decode().split("\0") if entry)


@pytest.mark.parametrize("form", ["shell", "dotenv"])
def test_bash_reads_every_value(generate: Any, form: str) -> None:
    path, wanted = generate(form)
    found = exported(".", path)
    assert {name: found.get(name) for name in wanted} == wanted
    assert "TOKEN" not in found


def test_dash_reads_every_value(generate: Any) -> None:
    path, wanted = generate("shell")
    done = subprocess.run(["/bin/sh", "-c", '. "$1"; env -0', "sh", path], capture_output=True, check=True, env={"PATH": "/usr/bin:/bin"})
    found = dict(entry.split("=", 1) for entry in done.stdout.decode().split("\0") if entry)
    assert {name: found.get(name) for name in wanted} == wanted


def test_python_dotenv_reads_every_value(generate: Any) -> None:
    path, wanted = generate("dotenv")
    assert dotenv.dotenv_values(path) == wanted


def test_make_reads_every_value(generate: Any, tmp_path: Path) -> None:
    path, wanted = generate("make")
    makefile = tmp_path / "Makefile"
    makefile.write_text(f"include {path}\nall:\n\t@env -0\nshow:\n\t$(info $(DOLLAR))@:\n")
    done = subprocess.run(["make", "--warn-undefined-variables", "-f", makefile, "all"], capture_output=True, check=True,
                          env={"PATH": "/usr/bin:/bin"})
    found = dict(entry.split("=", 1) for entry in done.stdout.decode().split("\0") if "=" in entry)
    assert {name: found.get(name) for name in wanted} == wanted
    assert "TOKEN" not in found
    shown = subprocess.run(["make", "-f", makefile, "show"], capture_output=True, check=True, text=True)
    assert shown.stdout.splitlines()[0] == VALUES["DOLLAR"]


def test_json_reads_every_value(generate: Any) -> None:
    path, wanted = generate("json")
    document = json.loads(path.read_text())
    assert document["schema"] == "fops.env/1"
    assert document["variables"] == wanted | {"TOKEN": {"secret_ref": "openbao://kv/portal#token"}}


def test_kubernetes_documents_hold_every_value(generate: Any) -> None:
    path, wanted = generate("kubernetes")
    config_map, secret = yaml.safe_load_all(path.read_text())
    assert config_map["data"] == wanted
    assert secret["apiVersion"] == "external-secrets.io/v1"
    assert secret["spec"]["data"] == [{"secretKey": "TOKEN", "remoteRef": {"key": "kv/portal", "property": "token"}}]


def test_what_was_generated_passes_the_check(fops: Runner, tmp_path: Path) -> None:
    words = ["--topology", ENVIRONMENTS, "infra"]
    fops(*words, "generate-env", "board", "--into", tmp_path / "env").check()
    assert "drift" not in fops(*words, "env-check", "board", "--file", tmp_path / "env").check().out


# --- the file -----------------------------------------------------------------------------------------------------------

def into(fops: Runner, path: Path | str, cwd: Path | None = None) -> Any:
    return fops("--topology", ENVIRONMENTS, "infra", "generate-env", "board", "--into", path, cwd=cwd)


def test_an_unchanged_file_is_not_written_again(fops: Runner, tmp_path: Path) -> None:
    path = tmp_path / "env"
    assert into(fops, path).check().out == f"written {path}\n"
    os.utime(path, ns=(1, 1))
    first = path.stat()
    assert into(fops, path).check().out == f"unchanged {path}\n"
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (first.st_ino, 1)
    assert first.st_mode & 0o777 == 0o644
    path.write_text("other\n")
    path.chmod(0o600)
    assert into(fops, path).check().out == f"written {path}\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith("env")] == ["env"]


def test_no_link_leads_out(fops: Runner, tmp_path: Path) -> None:
    outside, here = tmp_path / "outside", tmp_path / "here"
    (here / "inner").mkdir(parents=True)
    outside.mkdir()
    victim = outside / "victim"
    victim.write_text("kept\n")
    (here / "link").symlink_to(victim)
    (here / "folder").symlink_to(outside)
    (here / "near").symlink_to("inner")
    for path in ("link", str(here / "link"), "folder/env", "folder/../outside/env"):
        result = into(fops, path, cwd=here).check(73)
        assert "symbolic link" in result.err
    assert victim.read_text() == "kept\n"
    assert [entry.name for entry in outside.iterdir()] == ["victim"]
    into(fops, "near/env", cwd=here).check()
    assert (here / "inner/env").is_file()


# --- exec ---------------------------------------------------------------------------------------------------------------

def execute(fops: Runner, *words: str | Path, **options: Any) -> Any:
    options["env"] = {"CASE_TOKEN": CANARY, **options.get("env", {})}
    return fops("--topology", ENVIRONMENTS, "infra", "exec", "board", *words, **options)


def test_the_program_takes_the_place_of_fops(fops: Runner) -> None:
    process = fops.command("--topology", ENVIRONMENTS, "infra", "exec", "board", "--", "sh", "-c", "echo $$; exec sleep 60",
                           env={"CASE_TOKEN": CANARY}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert int(process.stdout.readline()) == process.pid
        words = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        assert CANARY.encode() not in words
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == -signal.SIGTERM
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_a_shell_sees_the_signal_as_128_and_its_number(fops: Runner) -> None:
    script = '"$0" --topology "$1" infra exec board -- sh -c \'kill -9 $$\'; echo $?'
    done = subprocess.run(["/bin/bash", "-c", script, fops.binary, ENVIRONMENTS], capture_output=True, text=True, check=False,
                          env=fops.environment | {"CASE_TOKEN": CANARY})
    assert done.stdout == "137\n"


def test_signals_have_their_defaults_and_no_descriptor_is_left(fops: Runner) -> None:
    script = "grep -E '^Sig(Blk|Ign)' /proc/self/status; ls /proc/self/fd"
    out = execute(fops, "--", "sh", "-c", script).check().out.split()
    assert int(out[1], 16) == 0
    # SIGPIPE and SIGXFSZ, which fops ignores for itself
    assert int(out[3], 16) & (1 << 12 | 1 << 24) == 0
    assert set(out[4:]) <= {"0", "1", "2", "3"}


def test_no_shell_reads_the_words(fops: Runner, tmp_path: Path) -> None:
    assert execute(fops, "--", "printf", "%s|", "a b", "$HOME", "; id", "").check().out == "a b|$HOME|; id||"
    program = tmp_path / "no-format"
    program.write_text("echo run by a shell\n")
    program.chmod(0o755)
    result = execute(fops, "--", program).check(126)
    assert result.stdout == b""


def test_a_program_is_found_behind_folders_that_lack_it(fops: Runner, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, mode in ((first, 0o644), (second, 0o755)):
        folder.mkdir()
        (folder / "greet").write_text("#!/bin/sh\necho hello\n")
        (folder / "greet").chmod(mode)
    path = {"PATH": f"/nowhere:{first}:{second}:/usr/bin:/bin"}
    assert execute(fops, "--", "greet", env=path).check().out == "hello\n"
    if os.geteuid() != 0 or not os.access(first / "greet", os.X_OK):
        execute(fops, "--", "greet", env={"PATH": f"{first}:/nowhere"}).check(126)
    execute(fops, "--", "greet", env={"PATH": "/nowhere"}).check(127)


def test_only_what_the_contract_says_with_pure(fops: Runner) -> None:
    entries = execute(fops, "--pure", "--", "/usr/bin/env", env={"FOPS_TOKEN": "x", "OTHER": "1"}).check().out.splitlines()
    assert entries == ["BOARD_LEVEL=info", "BOARD_TITLE=two words", f"BOARD_TOKEN={CANARY}"]
    inherited = execute(fops, "--", "env", env={"FOPS_TOKEN": "x", "OTHER": "1", "BOARD_LEVEL": "debug"}).check().out.splitlines()
    assert "OTHER=1" in inherited
    assert "BOARD_LEVEL=info" in inherited
    assert not [entry for entry in inherited if entry.startswith(("FOPS_TOKEN", "BOARD_LEVEL=debug"))]


def test_a_secret_is_in_the_environment_alone(fops: Runner, tmp_path: Path) -> None:
    """Neither failing nor talkative calls show it, and nothing writes it into a file."""
    for words in (["no-such-program"], ["/etc/passwd"], ["true"]):
        result = execute(fops, "-vv", "--", *words)
        assert CANARY.encode() not in result.stdout + result.stderr
    for call in (["generate-env", "board"], ["env-check", "board", "-o", "json"], ["apply-ssot", "board", "-o", "json"],
                 ["apply-ssot", "board", "--plan-out", str(tmp_path / "plan")]):
        env = {"CASE_TOKEN": CANARY, "BOARD_TOKEN": CANARY, "BOARD_LEVEL": f"x{CANARY}y"}
        result = fops("-vv", "--topology", ENVIRONMENTS, "infra", *call, env=env)
        assert CANARY.encode() not in result.stdout + result.stderr
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or CANARY.encode() not in path.read_bytes(), path


# --- plans --------------------------------------------------------------------------------------------------------------

def apply(fops: Runner, folder: Path, *words: str | Path) -> Any:
    return fops("--topology", ENVIRONMENTS, "infra", "apply-ssot", *words, cwd=folder)


def test_a_plan_is_taken_back_while_nothing_moved(fops: Runner, tmp_path: Path) -> None:
    apply(fops, tmp_path, "portal", "--target", "env-file", "--plan-out", "plan.fops").check(13)
    plan = json.loads((tmp_path / "plan.fops").read_text())
    assert plan["schema"] == "fops.plan/1"
    assert plan["arguments"] == ["portal", "--target=env-file"]
    result = apply(fops, tmp_path, "--plan", "plan.fops").check(13)
    assert "--plan plan.fops" in result.err
    assert not (tmp_path / ".env.portal").exists()
    (tmp_path / ".env.portal").write_text("moved\n")
    result = apply(fops, tmp_path, "--plan", "plan.fops").check(18)
    assert "plan.stale" in result.err
    assert result.stdout == b""


def test_a_plan_says_the_same_every_time_and_everywhere(fops: Runner, tmp_path: Path) -> None:
    outputs = set()
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        outputs.add(apply(fops, folder, "portal", "--dry-run", "-o", "json").check(10).stdout)
    assert len(outputs) == 1


def test_what_was_generated_needs_no_plan(fops: Runner, tmp_path: Path) -> None:
    for form, path in (("make", ".env.portal"), ("json", "portal.json")):
        fops("--topology", ENVIRONMENTS, "infra", "generate-env", "portal", "--format", form, "--into", path, cwd=tmp_path).check()
    assert apply(fops, tmp_path, "portal").check().out == "no changes: 2 objects are as the topology says\n"
    # the head alone is no change: it names the whole topology
    for path in (".env.portal", "portal.json"):
        text = (tmp_path / path).read_text()
        (tmp_path / path).write_text(text.replace("sha256:", "sha256:0").replace('"topology": "', '"topology": "0'))
    apply(fops, tmp_path, "portal").check()
    document = json.loads((tmp_path / "portal.json").read_text())
    document["variables"] |= {"LOG_LEVEL": "debug", "LANGBOARD_TOKEN": CANARY, "OTHER": CANARY}
    (tmp_path / "portal.json").write_text(json.dumps(document))
    result = apply(fops, tmp_path, "portal").check(13)
    assert CANARY not in result.out
    assert "debug -> info" in result.out
    assert "variables.OTHER" in result.out


def test_a_target_that_is_no_file_is_refused(fops: Runner, tmp_path: Path) -> None:
    (tmp_path / ".env.board").symlink_to("/etc/passwd")
    apply(fops, tmp_path, "board").check(73)
    (tmp_path / ".env.board").unlink()
    (tmp_path / ".env.board").mkdir()
    apply(fops, tmp_path, "board").check(73)


def test_a_cluster_that_is_away_ends_the_plan(fops: Runner, tmp_path: Path) -> None:
    result = apply(fops, tmp_path, "cluster", "--retries", "0").check(69)
    assert result.stdout == b""
    apply(fops, tmp_path, "cluster", "--target", "env-file").check(66)


def test_the_commit_stands_in_file_and_plan(fops: Runner, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    shutil.copytree(ENVIRONMENTS, repository)
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.net", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q", "-b", "main", "."], ["add", "."], [*identity, "commit", "-q", "-m", "x"]):
        subprocess.run(["git", *words], cwd=repository, check=True, env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)})
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=repository, check=True, capture_output=True, text=True).stdout.strip()
    words = ["--topology", f"git+file://{repository}?ref=main", "infra"]
    source = f"git+file://{repository}?ref=main at {commit}"
    text = fops(*words, "generate-env", "board").check().out
    assert f"\n# source {source}\n" in text
    assert fops(*words, "generate-env", "board").check().out == text
    assert fops(*words, "generate-env", "board", "--format", "json").check().json()["sources"] == [source]
    assert fops(*words, "apply-ssot", "board", "--dry-run", "-o", "json").check(10).json()["sources"] == [source]
    assert fops(*words, "apply-ssot", "board", "--dry-run").check(10).out.split("\n")[0].endswith(f"   source {commit[:7]}")
    assert fops(*words, "exec", "board", "--", "echo", "ok", env={"CASE_TOKEN": CANARY}).check().out == "ok\n"
    # the head alone is no change of the file
    (tmp_path / ".env.board").write_text(fops("--topology", ENVIRONMENTS, "infra", "generate-env", "board").check().out)
    assert "no changes" in fops(*words, "apply-ssot", "board", cwd=tmp_path).check().out


# --- make ---------------------------------------------------------------------------------------------------------------

def make(fops: Runner, *words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", "-C", str(ROOT), "--no-print-directory", f"FOPS={fops.binary}", *words], cwd=cwd, text=True,
                          capture_output=True, check=False, env=fops.environment | {"FOPS_TOPOLOGY": str(ENVIRONMENTS)})


def test_make_validates(fops: Runner, tmp_path: Path) -> None:
    assert make(fops, "infra-validate").returncode == 0
    broken = tmp_path / "broken.yaml"
    broken.write_text("kind: Nothing\n")
    done = make(fops, "infra-validate", f"ARGS=--topology {broken}")
    assert done.returncode == 2
    assert "fops infra validate: exit 65\n" in done.stderr


def test_make_generates(fops: Runner, tmp_path: Path) -> None:
    path = tmp_path / "env"
    assert make(fops, "infra-generate-env", "CONSUMER=board", f"ARGS=--into {path}").returncode == 0
    assert "BOARD_LEVEL=info\n" in path.read_text()
    done = make(fops, "infra-generate-env")
    assert done.returncode == 2
    assert "CONSUMER=NAME" in done.stderr


def test_make_checks(fops: Runner, tmp_path: Path) -> None:
    path = tmp_path / "env"
    path.write_text("BOARD_LEVEL=info\nBOARD_TITLE='two words'\n")
    assert make(fops, "infra-env-check", "CONSUMER=board", f"ARGS=--file {path}").returncode == 0
    path.write_text("BOARD_LEVEL=debug\nBOARD_TITLE='two words'\n")
    done = make(fops, "infra-env-check", "CONSUMER=board", f"ARGS=--file {path}")
    assert done.returncode == 2
    assert "fops infra env-check: exit 10\n" in done.stderr


def test_make_plans(fops: Runner, tmp_path: Path) -> None:
    target = tmp_path / "env"
    topology = write(tmp_path, contract([{"name": "A", "value": "1"}], targets=[{"type": "env-file", "path": str(target)}]))
    done = make(fops, "infra-apply-ssot", "CONSUMER=portal", f"ARGS=--topology {topology}")
    assert done.returncode == 2
    assert "fops infra apply-ssot: exit 13\n" in done.stderr
    assert not target.exists()
    assert make(fops, "infra-generate-env", "CONSUMER=portal", f"ARGS=--topology {topology} --into {target}").returncode == 0
    assert make(fops, "infra-apply-ssot", "CONSUMER=portal", f"ARGS=--topology {topology}").returncode == 0


def test_make_lists_its_targets() -> None:
    shown = subprocess.run(["make", "-C", str(ROOT), "--no-print-directory"], capture_output=True, text=True, check=True).stdout
    for target in ("infra-validate", "infra-generate-env", "infra-env-check", "infra-apply-ssot"):
        assert f"\n  {target} " in shown


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed here")
def test_node_reads_what_is_on_one_line(generate: Any) -> None:
    """Node's own reader of --env-file, where it has one."""
    path, wanted = generate("dotenv")
    script = "process.stdout.write(JSON.stringify(require('node:util').parseEnv(require('fs').readFileSync(process.argv[1], 'utf8'))))"
    done = subprocess.run(["node", "-e", script, path], capture_output=True, text=True, check=False)
    if done.returncode != 0 and "parseEnv is not a function" in done.stderr:
        pytest.skip("this node has no parseEnv")
    assert json.loads(done.stdout) == wanted
