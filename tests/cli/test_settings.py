"""Settings over several steps: the change of a context keeps the file, and every source has its place in the order."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from conftest import Result, Runner

pytestmark = pytest.mark.static

SHOWN = ["config", "show", "--origin", "--no-headers", "-o", "tsv", "--fields", "value,origin"]


def write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def user_file(runner: Runner) -> Path:
    return runner.home / ".config/fops/config"


def setting(runner: Runner, name: str, **options: object) -> tuple[str, str]:
    """The value and the origin of one setting."""
    value, origin = runner(*SHOWN, "--filter", f"name={name}", **options).check().out.rstrip("\n").split("\t")
    return value, origin


def test_a_file_that_cannot_be_reached_is_not_a_missing_one(fops: Runner) -> None:
    """Going on without the user's settings could mean other servers than those that were chosen."""
    path = user_file(fops)
    path.parent.mkdir(parents=True)
    path.symlink_to(path)
    result = fops("config", "show").check(78)
    assert f"error [config.invalid]: cannot read {path}" in result.err
    path.unlink()
    path.parent.rmdir()
    path.parent.write_text("a file where the folder should be\n")
    fops("config", "show").check()


# Before and after `context use edge`; all the rest of each file must stay byte for byte.
FILES = {
    "plain": ("context: core\ncontexts: {core: {}, edge: {}}\n", "context: edge\ncontexts: {core: {}, edge: {}}\n"),
    "comments": (
        "# one\n\ncontext: core   # two\n# three\ncontexts: {core: {}, edge: {}}\n# four\n",
        "# one\n\ncontext: edge   # two\n# three\ncontexts: {core: {}, edge: {}}\n# four\n",
    ),
    "none yet": (
        "# one\n\ncontexts: {core: {}, edge: {}}\n",
        "# one\n\ncontext: edge\ncontexts: {core: {}, edge: {}}\n",
    ),
    "last line": ("contexts: {core: {}, edge: {}}\ncontext: core", "contexts: {core: {}, edge: {}}\ncontext: edge"),
    "no newline at the end": (
        "context: core\ncontexts: {core: {}, edge: {}}",
        "context: edge\ncontexts: {core: {}, edge: {}}",
    ),
    "carriage returns": (
        "contexts: {core: {}, edge: {}}\r\ncontext: core\r\ntimeout: 3s\r\n",
        "contexts: {core: {}, edge: {}}\r\ncontext: edge\r\ntimeout: 3s\r\n",
    ),
    "double quotes": (
        'context: "core" # x\ncontexts: {core: {}, edge: {}}\n',
        "context: edge # x\ncontexts: {core: {}, edge: {}}\n",
    ),
    "single quotes": (
        "context: 'core'\ncontexts: {core: {}, edge: {}}\n",
        "context: edge\ncontexts: {core: {}, edge: {}}\n",
    ),
    "quoted key": (
        '"context": core\ncontexts: {core: {}, edge: {}}\n',
        '"context": edge\ncontexts: {core: {}, edge: {}}\n',
    ),
    "blank before colon": (
        "context : core\ncontexts: {core: {}, edge: {}}\n",
        "context : edge\ncontexts: {core: {}, edge: {}}\n",
    ),
    "value on its own line": (
        "context:\n  core\ncontexts: {core: {}, edge: {}}\n",
        "context:\n  edge\ncontexts: {core: {}, edge: {}}\n",
    ),
    "flow": ("{context: core, contexts: {core: {}, edge: {}}}\n", "{context: edge, contexts: {core: {}, edge: {}}}\n"),
    "flow without": ("{contexts: {core: {}, edge: {}}}\n", "{context: edge, contexts: {core: {}, edge: {}}}\n"),
    "document marker": (
        "---\ncontexts: {core: {}, edge: {}}\n...\n",
        "---\ncontext: edge\ncontexts: {core: {}, edge: {}}\n...\n",
    ),
    "directive": (
        "%YAML 1.2\n---\ncontexts: {core: {}, edge: {}}\n",
        "%YAML 1.2\n---\ncontext: edge\ncontexts: {core: {}, edge: {}}\n",
    ),
    "wide characters": (
        'contexts: {core: {topology: "é漢👩"}, edge: {}}\ncontext: core # é\n',
        'contexts: {core: {topology: "é漢👩"}, edge: {}}\ncontext: edge # é\n',
    ),
    "a key of that name below": (
        "contexts:\n  context: {}\n  edge: {}\n",
        "context: edge\ncontexts:\n  context: {}\n  edge: {}\n",
    ),
    "anchor": (
        "context: core\ntimeout: &t 3s\ncontexts: {core: {}, edge: {}}\n",
        "context: edge\ntimeout: &t 3s\ncontexts: {core: {}, edge: {}}\n",
    ),
}
# What cannot be changed without touching the rest is refused, and stays as it is.
REFUSED = {
    "folded text": "context: >-\n  core\ncontexts: {core: {}, edge: {}}\n",
    "text over two lines": "context: 'co\n  re'\ncontexts: {co re: {}, edge: {}}\n",
}


@pytest.mark.parametrize("name", FILES)
def test_use_keeps_the_rest_of_the_file(fops: Runner, name: str) -> None:
    before, after = FILES[name]
    path = write(user_file(fops), before)
    fops("context", "use", "edge").check()
    assert path.read_bytes() == after.encode()
    assert fops("context", "show", "-q").check().out == "edge\n"
    fops("context", "use", "edge").check()
    assert path.read_bytes() == after.encode()


@pytest.mark.parametrize("name", REFUSED)
def test_use_refuses_what_it_cannot_change(fops: Runner, name: str) -> None:
    path = write(user_file(fops), REFUSED[name])
    result = fops("context", "use", "edge").check(78)
    assert result.stdout == b""
    assert path.read_bytes() == REFUSED[name].encode()


@pytest.mark.parametrize("name", ["no", "on", "null", "1", "0x1", "1e3", "12.5", "y"])
def test_use_quotes_names_that_look_like_something_else(fops: Runner, name: str) -> None:
    path = write(user_file(fops), f'contexts: {{"{name}": {{}}, edge: {{}}}}\n')
    fops("context", "use", name).check()
    assert fops("context", "show", "-q").check().out == f"{name}\n"
    fops("context", "use", "edge").check()
    assert path.read_text().startswith("context: edge\n")


def test_use_keeps_mode_and_link(fops: Runner) -> None:
    kept = write(fops.home / "dotfiles/fops", "contexts: {core: {}, edge: {}}\n")
    kept.chmod(0o640)
    user_file(fops).parent.mkdir(parents=True)
    user_file(fops).symlink_to(kept)
    fops("context", "use", "edge").check()
    assert user_file(fops).is_symlink()
    assert kept.read_text().startswith("context: edge\n")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640
    assert sorted(path.name for path in kept.parent.iterdir()) == ["fops"]


def test_use_on_a_full_disk_keeps_the_file(fops: Runner) -> None:
    path = write(user_file(fops), "contexts: {core: {}, edge: {}}\n")
    result = fops("context", "use", "edge", limits={"RLIMIT_FSIZE": 0}).check(73)
    assert "[io.cannot-create]" in result.err
    assert path.read_text() == "contexts: {core: {}, edge: {}}\n"
    assert [item.name for item in path.parent.iterdir()] == ["config"]


def test_use_follows_the_variable(fops: Runner) -> None:
    write(user_file(fops), "contexts: {wrong: {}}\n")
    other = write(fops.home / "other", "contexts: {core: {}, edge: {}}\n")
    fops("context", "use", "edge", env={"FOPS_CONFIG": str(other)}).check()
    assert other.read_text().startswith("context: edge\n")
    assert user_file(fops).read_text() == "contexts: {wrong: {}}\n"


def test_no_other_command_writes_configuration(fops: Runner) -> None:
    path = write(user_file(fops), "context: core\ncontexts: {core: {}, edge: {}}\n")
    before = (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino)
    for words in (
        ["config", "show"],
        ["context", "list"],
        ["context", "show"],
        ["--context", "edge", "env"],
        ["prompt"],
        ["version"],
    ):
        fops(*words).check()
    assert (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) == before


def test_contexts_of_two_files_are_merged(fops: Runner, tmp_path: Path) -> None:
    """A context of the user's file replaces one of the system file as a whole; see the test with a system file."""
    write(user_file(fops), "contexts: {b: {topology: x}, a: {}}\n")
    assert fops("context", "list", "-q").check().out == "a\nb\n"


def test_order_of_all_sources(fops: Runner) -> None:
    """Each source is added in turn, and each wins over all before it."""
    project = fops.home / "project"
    project.mkdir()
    assert setting(fops, "context", cwd=project) == ("", "not set")
    contexts = "contexts: {a: {}, b: {}, c: {}, d: {}}\n"
    write(user_file(fops), "context: a\n" + contexts)
    assert setting(fops, "context", cwd=project) == ("a", f"{user_file(fops)}:1")
    assert setting(fops, "context", cwd=project, env={"FOPS_CONTEXT": "c"}) == ("c", "environment FOPS_CONTEXT")
    value = (
        fops("--context", "d", *SHOWN, "--filter", "name=context", cwd=project, env={"FOPS_CONTEXT": "c"}).check().out
    )
    assert value == "d\tflag --context\n"
    write(project / ".fops/config", "context: b\n")
    assert setting(fops, "context", cwd=project) == ("b", f"{project}/.fops/config:1")
    assert "[config.clash]" in fops("config", "show", cwd=project, env={"FOPS_CONTEXT": "c"}).check(78).err
    assert setting(fops, "context", cwd=project, env={"FOPS_CONTEXT": "b"}) == ("b", "environment FOPS_CONTEXT")


def with_system_file(runner: Runner, text: str, *words: str) -> Result:
    """Runs with an /etc of its own in a mount namespace."""
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("unshare is not installed")
    script = 'mount -t tmpfs none /etc && mkdir /etc/fops && printf %s "$TEXT" >/etc/fops/config && exec "$@"'
    command = [
        unshare,
        "--mount",
        *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]),
        "sh",
        "-c",
        script,
        "sh",
    ]
    environment = runner.environment | {"TEXT": text}
    trial = subprocess.run([*command, "true"], env=environment, capture_output=True, text=True, check=False)
    if trial.returncode != 0:
        pytest.skip(f"this machine gives no mount namespace: {trial.stderr.strip()}")
    done = subprocess.run(
        [*command, runner.binary, *words], env=environment, cwd=runner.home, capture_output=True, check=False
    )
    return Result([*words], done.returncode, done.stdout, done.stderr)


def test_system_file(fops: Runner) -> None:
    text = "retries: 7\nparallel: 3\ncontexts: {core: {topology: /srv/system}, edge: {topology: /srv/edge}}\n"
    first = with_system_file(fops, text, *SHOWN, "--filter", "name=retries").check()
    assert first.out == "7\t/etc/fops/config:1\n"
    write(user_file(fops), "retries: 1\ncontexts: {core: {topology: /srv/own}}\n")
    assert with_system_file(fops, text, *SHOWN, "--filter", "name=retries").check().out == f"1\t{user_file(fops)}:1\n"
    assert with_system_file(fops, text, *SHOWN, "--filter", "name=parallel").check().out == "3\t/etc/fops/config:2\n"
    listed = with_system_file(
        fops, text, "context", "list", "-o", "tsv", "--no-headers", "--fields", "name,topology"
    ).check()
    assert listed.out == "core\t/srv/own\nedge\t/srv/edge\n"
    broken = with_system_file(fops, "retries: x\n", "config", "show").check(78)
    assert "/etc/fops/config:1:10:" in broken.err
    assert with_system_file(fops, "retries: x\n", "version").check().stdout


def test_context_of_the_system_file_can_be_chosen(fops: Runner) -> None:
    """The choice goes into the user's own file, which may not be there yet."""
    text = "contexts: {core: {topology: /srv/system}}\n"
    with_system_file(fops, text, "context", "use", "core").check()
    assert user_file(fops).read_text() == "context: core\n"
    assert stat.S_IMODE(user_file(fops).stat().st_mode) == 0o600


def test_long_line_is_cut_in_the_message(fops: Runner) -> None:
    write(user_file(fops), "retries: '" + "x" * 3000 + "'\n")
    result = fops("config", "show").check(78)
    assert f"{user_file(fops)}:1:10: retries does not accept" in result.err
    assert len(result.stderr) < 2000


@pytest.mark.parametrize(
    "content",
    [
        b"context: \xff\n",
        b"\xef\xbb\xbfcontext: a\n",
        b"context: a\x00b\n",
        b"\x00",
        b"a" * (2 << 20),
        b"a: " + b"[" * 100,
        b"x: &a [*a]\n",
    ],
)
def test_odd_bytes_in_a_file_are_refused(fops: Runner, content: bytes) -> None:
    write(user_file(fops), content)
    result = fops("config", "show", "-o", "json").check(78)
    assert result.stdout == b"" and result.stderr.count(b"\n") == 1
    fops("version").check()


def test_file_that_is_a_folder(fops: Runner) -> None:
    user_file(fops).mkdir(parents=True)
    assert "[config.invalid]" in fops("config", "show").check(78).err


def test_detail_names_the_files_that_were_read(fops: Runner) -> None:
    write(user_file(fops), "retries: 1\n")
    write(fops.home / ".fops/config", "timeout: 5s\n")
    told = fops("-v", "config", "show", "-q").check().err
    assert told.index(str(user_file(fops))) < told.index(str(fops.home / ".fops/config"))
    assert fops("-v", "config", "show", "-o", "json").check().stderr == b""
