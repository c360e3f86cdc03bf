"""Every error code and every exit code: reached here, or named with the tests that reach it on real neighbours."""

from __future__ import annotations

import hashlib
import json
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from commands import CATALOGUE, SMALL
from conftest import ROOT, Runner
from loopback import Server, serving
from pseudo_terminal import Typed, run_on_terminal

pytestmark = pytest.mark.static

EXIT_OF = {row["code"]: row["exit"] for row in CATALOGUE["error_codes"]}
EXAMPLE_OF = {row["code"]: row["example"] for row in CATALOGUE["error_codes"]}
STATUSES = {row["status"] for row in CATALOGUE["exit_codes"]}
ANSWERING = ["runtime-assets", "request", "--role", "answering", "--no-retries", "--path"]
CONTEXTS = "contexts:\n  core: {}\n  other: {}\n"

# These need a machine behind the asset; the files named here hold the code.
ON_NEIGHBOURS = {
    "asset.not-running": "tests/lab",
    "plane.tls": "tests/lab",
    "run.not-started": "tests/lab",
    "run.not-executable": "tests/lab",
    "run.command-not-found": "tests/lab",
    "run.link-lost": "tests/lab",
    "partial": "tests/lab",
}
# No command of this version ends with these: a secret reference is checked as part of its contract, and the last two
# are for mistakes in the program and for a machine without memory.
NOWHERE = {"secret.malformed-ref", "internal.bug", "internal.memory"}
STATUSES_ON_NEIGHBOURS = {16, 126, 127, 255}
STATUSES_NOWHERE = {11, 14, 15, 70}
# Verdicts, which are no errors, and a golden case of each.
STATUSES_IN_CASES = {10: "infra/env-check_drift.case"}


def old_plan() -> str:
    """A plan file whose digest is right and that no present state gives."""
    plan = {"schema": "fops.plan/1", "action": "infra apply-ssot", "arguments": []}
    canonical = json.dumps(plan, sort_keys=True, separators=(",", ":"))
    return json.dumps(plan | {"digest": hashlib.sha256(canonical.encode()).hexdigest()}) + "\n"


@dataclass(frozen=True)
class Trial:
    """One way to an error; {server} is a topology whose executor answers on loopback. person: it has one form only."""

    code: str
    words: list[str]
    exit: int | None = None
    files: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    person: bool = False


def small(*words: str) -> list[str]:
    return ["--topology", str(SMALL), "runtime-assets", *words]


def served(path: str, *more: str) -> list[str]:
    return ["--topology", "{server}", *ANSWERING, path, *more]


TRIALS = [
    Trial("usage.unknown-command", ["stakcs"]),
    Trial("stack.refused", ["stacks", "run", "penpot"]),
    Trial("plan.stale", ["--topology", str(SMALL), "infra", "apply-ssot", "--plan", "plan.fops"], files={"plan.fops": old_plan()}),
    Trial("usage.unknown-flag", ["version", "--al"]),
    Trial("usage.missing-argument", ["context", "use"]),
    Trial("usage.unexpected-argument", ["version", "now"]),
    Trial("usage.bad-value", small("list", "--limit", "x")),
    Trial("usage.conflict", small("run", "--all", "--label", "tier=lab", "--stdin", "--", "true"), exit=125),
    Trial("usage.unknown-field", small("list", "--sort", "nam")),
    Trial("usage.expression", small("list", "-o", "jsonpath={..x}"), person=True),
    Trial("usage.terminal-required", ["pick", "contexts"]),
    Trial("config.invalid", ["config", "show"], files={".config/fops/config": "retries: x\n"}),
    Trial("config.missing", ["runtime-assets", "list"]),
    Trial(
        "config.clash",
        ["--context", "other", "config", "show"],
        files={".config/fops/config": CONTEXTS, ".fops/config": "context: core\n"},
    ),
    Trial("config.forbidden", ["config", "show"], files={".fops/config": "pager: sh\n"}),
    Trial("context.not-found", ["context", "use", "prod"]),
    Trial("contract.invalid", ["--topology", "x.yaml", "runtime-assets", "list"], files={"x.yaml": "hello\n"}),
    Trial("contract.not-found", ["--topology", "nowhere", "runtime-assets", "list"]),
    Trial("contract.unreadable", ["--topology", "/proc/self/mem", "runtime-assets", "list"]),
    Trial("asset.not-found", small("show", "--role", "nothing")),
    Trial("asset.ambiguous", small("show", "--role", "twin_runtime")),
    Trial("asset.no-executor", small("request", "--role", "parked_runtime", "--path", "/")),
    Trial(
        "asset.driver-unavailable",
        small("run", "--role", "daytona_runtime", "--", "true"),
        exit=125,
        environment={"PATH": "/nowhere"},
        person=True,
    ),
    Trial("proposal.required", small("run", "--role", "gated_runtime", "--", "true")),
    Trial("proposal.required", small("request", "--role", "gated_runtime", "--path", "/")),
    Trial(
        "secret.refused",
        small("request", "--role", "langboard_executor", "--path", "/"),
        environment={"LANGBOARD_TOKEN": "ghp_0123456789abcdefghijABCDEFGHIJ"},
    ),
    Trial("secret.unresolved", small("request", "--role", "langboard_executor", "--path", "/")),
    Trial("plane.unavailable", served("/status/503")),
    Trial("plane.unavailable", served("/status/500")),
    Trial("plane.protocol", served("/garbage")),
    Trial("plane.redirect-refused", served("/away")),
    Trial("plane.auth", served("/status/401")),
    Trial("plane.auth", served("/status/403")),
    Trial("plane.not-found", served("/status/404")),
    Trial("plane.not-found", served("/status/410")),
    Trial("plane.conflict", served("/status/409")),
    Trial("plane.conflict", served("/status/412")),
    Trial("plane.busy", served("/status/423")),
    Trial("plane.busy", served("/status/429")),
    Trial("plane.rejected", served("/status/422")),
    Trial("plane.rejected", served("/status/400")),
    Trial("request.path", small("request", "--role", "langboard_executor", "--path", "https://elsewhere/")),
    Trial("extension.failed", ["broken"], files={".local/share/fops/extensions/fops-broken": "#!/nowhere/sh\n"}),
    Trial("timeout", served("/wait", "--timeout", "200ms")),
    Trial("io.read", served("/", "--data", "@.")),
    Trial("io.cannot-create", ["__render", "/dev/null/below"]),
    Trial(
        "io.cannot-create",
        small("run", "--role", "parked_runtime", "--result-file", "nowhere/x", "--", "true"),
        exit=125,
        person=True,
    ),
    Trial("input.not-found", served("/", "--data", "@none")),
    Trial("not-found", ["help", "errors", "no.such.code"]),
    Trial("not-found", ["schema", "none"]),
    Trial("data.invalid", served("/", "--json", "{")),
]
# Reached by a test of its own below, not by words alone.
OWN_TESTS = {"check.failed", "declined", "interrupted", "terminated", "io.output"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    with serving(tmp_path_factory.mktemp("server")) as both:
        yield both


def code_in(stderr: str) -> str:
    """The error code on standard error, in either form."""
    last = stderr.splitlines()[-1] if stderr else ""
    if last.startswith("{"):
        return str(json.loads(last)["code"])
    found = re.search(r"^fops: error \[([a-z.-]+)\]: ", stderr, re.MULTILINE)
    assert found, f"no error in {stderr!r}"
    return found[1]


def write_files(home: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if path.name.startswith("fops-"):
            path.chmod(0o755)


def forms() -> list[Any]:
    """Every trial, and those that may have another form of output in JSON as well."""
    return [
        pytest.param(trial, form, id=f"{trial.code}-{' '.join(trial.words[-2:])}-{form}")
        for trial in TRIALS
        for form in ("text", "json")
        if form == "text" or not trial.person
    ]


@pytest.mark.parametrize(("trial", "form"), forms())
def test_error(fops: Runner, server: tuple[Server, Path], trial: Trial, form: str) -> None:
    write_files(fops.home, trial.files)
    words = [word.replace("{server}", str(server[1])) for word in trial.words]
    environment = dict(trial.environment) | ({"FOPS_OUTPUT": "jsonl"} if form == "json" else {})
    result = fops(*words, env=environment)
    assert code_in(result.err) == trial.code, str(result)
    assert result.code == (EXIT_OF[trial.code] if trial.exit is None else trial.exit), str(result)
    if form == "text":
        lines = result.err.splitlines()
        assert len(lines) <= 6 or trial.code == "contract.invalid"
        assert lines[0].startswith(f"fops: error [{trial.code}]: ")
        assert all(
            re.match(r"  (cause|effect|fix|request):  ?", line)
            for line in lines[1:]
            if trial.code != "contract.invalid"
        )
        return
    error = json.loads(result.err.splitlines()[-1])
    assert error["exit"] == result.code
    assert set(error) >= {
        "schema",
        "code",
        "exit",
        "message",
        "cause",
        "object",
        "effect",
        "retryable",
        "fix",
        "request_id",
    }


def test_failed_check(fops: Runner, server: tuple[Server, Path]) -> None:
    """The container does not exist, or nothing can tell: in no case is the asset fine."""
    words = ["--topology", str(server[1]), "runtime-assets", "check", "--role", "answering"]
    assert fops(*words).check(12).stderr == b""
    assert fops(*words, "--ok-on", "check-failed").check(0).stdout


def test_declined(fops: Runner) -> None:
    result = run_on_terminal(
        fops, "--topology", str(SMALL), "pick", "runtime-assets", typed=[Typed(b"give up: ", b"\n")]
    )
    assert result.check(EXIT_OF["declined"]).stdout == b""
    assert "[declined]" in result.err


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated"), (signal.SIGHUP, "terminated")]
)
def test_signal_while_waiting_for_an_answer(fops: Runner, tmp_path: Path, number: signal.Signals, code: str) -> None:
    with serving(tmp_path) as (server, topology):
        process = fops.command(
            "--topology",
            str(topology),
            *ANSWERING,
            "/wait",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert server.asked.wait(30)
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == EXIT_OF[code], stderr
    assert stdout == b""
    assert code_in(stderr.decode()) == code


def test_full_disk(fops: Runner) -> None:
    with open("/dev/full", "wb") as full:
        assert code_in(fops("version", stdout=full).check(EXIT_OF["io.output"]).err) == "io.output"


def test_every_error_code_is_reached_or_accounted_for() -> None:
    here = {trial.code for trial in TRIALS} | OWN_TESTS
    groups = [here, set(ON_NEIGHBOURS), NOWHERE]
    assert sum(map(len, groups)) == len(set().union(*groups)), "a code is in two groups"
    assert set().union(*groups) == set(EXIT_OF)


@pytest.mark.parametrize("code", ON_NEIGHBOURS)
def test_code_is_named_by_a_test_on_neighbours(code: str) -> None:
    texts = [path.read_text() for path in (ROOT / ON_NEIGHBOURS[code]).glob("test_*.py")]
    assert any(f'"{code}"' in text for text in texts)


def test_every_exit_code_is_reached_or_accounted_for() -> None:
    here = (
        {EXIT_OF[trial.code] if trial.exit is None else trial.exit for trial in TRIALS}
        | {EXIT_OF[code] for code in OWN_TESTS}
        | {0}
    )
    assert here | STATUSES_ON_NEIGHBOURS | STATUSES_NOWHERE | set(STATUSES_IN_CASES) == STATUSES
    assert not here & (STATUSES_ON_NEIGHBOURS | STATUSES_NOWHERE | set(STATUSES_IN_CASES))
    for status, case in STATUSES_IN_CASES.items():
        assert f"\nexit: {status}\n" in (ROOT / "tests/cli/cases" / case).read_text()


# Examples that need more than a topology: what they need is made here.
EXAMPLE_FILES: dict[str, dict[str, str]] = {
    "config.invalid": {".config/fops/config": "retries: x\n"},
    "config.clash": {".config/fops/config": CONTEXTS, ".fops/config": "context: core\n"},
    "config.forbidden": {".fops/config": "pager: sh\n"},
    "contract.invalid": {"broken.yaml": "hello\n"},
    "plan.stale": {"plan.fops": old_plan()},
    "extension.failed": {".local/share/fops/extensions/fops-hello": "#!/nowhere/sh\n"},
}
# The rest of the examples needs an executor, a machine, a person or another user's file.
EXAMPLES_HERE = [
    code
    for code in EXIT_OF
    if code.startswith(
        (
            "usage.",
            "config.",
            "context.",
            "proposal.",
            "io.out",
            "io.cannot",
            "not-found",
            "data.",
            "request.",
            "secret.unres",
            "stack.",
            "plan.",
            "extension.",
        )
    )
]
EXAMPLES_HERE += ["contract.invalid", "contract.not-found", "asset.not-found", "asset.ambiguous", "asset.no-executor"]


@pytest.mark.parametrize("code", EXAMPLES_HERE)
def test_example_of_an_error_shows_it(fops: Runner, tmp_path: Path, code: str) -> None:
    write_files(fops.home, EXAMPLE_FILES.get(code, {}))
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "fops").symlink_to(fops.binary)
    environment = fops.environment | {"PATH": f"{programs}:{fops.environment['PATH']}"}
    if not code.startswith("config."):
        environment["FOPS_TOPOLOGY"] = str(SMALL)
    done = subprocess.run(
        ["sh", "-c", EXAMPLE_OF[code]],
        cwd=fops.home,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert code_in(done.stderr) == code, done.stderr
    if "run" not in EXAMPLE_OF[code].split():
        assert done.returncode == EXIT_OF[code]


def test_message_is_cut_on_a_character(fops: Runner) -> None:
    """A message that is too long for an error is shortened, and what is left is still text."""
    result = fops("-o", "json", "é" * 3000).check(2)
    message = json.loads(result.stderr)["message"]
    assert message.startswith('no command "éé') and len(message) < 600
    assert "\ufffd" not in message


def test_name_of_the_program_is_in_every_error(fops: Runner, tmp_path: Path) -> None:
    link = tmp_path / "fractalops"
    link.symlink_to(fops.binary)
    other = Runner(link, tmp_path / "other")
    for trial in TRIALS:
        if "{server}" in trial.words or trial.files or trial.environment:
            continue
        one, two = fops(*trial.words), other(*trial.words)
        assert one.code == two.code
        assert re.sub(r"\bfops(?= )|\bfops:", "NAME", one.err) == re.sub(
            r"\bfractalops(?= )|\bfractalops:", "NAME", two.err
        )
