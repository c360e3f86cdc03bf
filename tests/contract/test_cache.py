"""The compiled topology from outside: it changes no answer, notices every change, and is never a failure."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import ROOT, Result, Runner, kill_session

pytestmark = pytest.mark.static

SMALL = ROOT / "tests/cli/fixtures/topology/small"
USING = "using the topology cache"
NOT_USED = "is not used: "
# As in tests/bench: enough for a cache of some hundred KiB.
MANY = 3000


class Place:
    """A topology of its own, the program, and the cache that it keeps."""

    def __init__(self, runner: Runner, root: Path) -> None:
        self.runner = runner
        self.sources = root / "sources"
        shutil.copytree(SMALL, self.sources)

    def run(self, *words: str, **options: object) -> Result:
        return self.runner("--topology", str(self.sources), "runtime-assets", "list", *words, **options)

    def names(self) -> list[str]:
        return self.run("-q").check().out.split()

    def told(self) -> str:
        """What -v says of the cache."""
        return self.run("-v", "-q").check().err

    def file(self) -> Path:
        """The one compiled topology."""
        files = self.files()
        assert len(files) == 1, files
        return files[0]

    def files(self) -> list[Path]:
        return sorted(path for path in (self.runner.home / ".cache").rglob("*") if not path.is_dir())

    def warm(self) -> bytes:
        """Fills the cache until it is used without a second look at the contents, and returns the answer."""
        answer = self.run("-o", "wide").check().stdout
        for _ in range(200):
            if USING in (told := self.told()) and "wrote" not in told:
                return answer
            time.sleep(0.01)
        raise AssertionError(f"the cache is never used: {self.told()}")


@pytest.fixture
def place(fops: Runner, tmp_path: Path) -> Place:
    return Place(fops, tmp_path)


def stable(result: Result) -> str:
    """An answer without the time it was given."""
    text = result.check().out
    if text.startswith("{"):
        document = json.loads(text)
        document.pop("as_of", None)
        return json.dumps(document)
    return "\n".join(line for line in text.split("\n") if "as_of" not in line)


@pytest.mark.parametrize("form", ["tsv", "wide", "json", "yaml", "name", "compact", "jsonpath={.items}"])
def test_answer_is_the_same_cold_warm_and_without(place: Place, form: str) -> None:
    cold = stable(place.run("-o", form))
    place.warm()
    assert stable(place.run("-o", form)) == cold
    assert stable(place.run("-o", form, "--no-cache")) == cold
    show = ["--topology", str(place.sources), "runtime-assets", "show", "--role", "langboard_executor", "-o", "json"]
    assert place.runner(*show).check().stdout == place.runner(*show, "--no-cache").check().stdout


def test_cache_is_used_and_can_be_left_out(place: Place) -> None:
    assert "there is none yet" in place.told()
    place.warm()
    assert place.run("-v", "-q", "--no-cache").check().err == ""
    shutil.rmtree(place.runner.home / ".cache/fops")
    assert place.run("--no-cache", "-q").check().stdout
    assert place.files() == []


def change_content(folder: Path) -> None:
    path = folder / "assets.yaml"
    path.write_text(path.read_text().replace("daytona-01", "daytona-02"))


def change_content_and_keep_the_times(folder: Path) -> None:
    """As tools do that restore times, and with the same size."""
    path = folder / "assets.yaml"
    about = path.stat()
    change_content(folder)
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert path.stat().st_size == about.st_size


def replace_file(folder: Path) -> None:
    """As an editor does: a new file under the old name."""
    path = folder / "assets.yaml"
    about = path.stat()
    other = folder / "assets.tmp"
    other.write_text(path.read_text().replace("daytona-01", "daytona-02"))
    os.utime(other, ns=(about.st_atime_ns, about.st_mtime_ns))
    other.rename(path)


def rename_and_change(folder: Path) -> None:
    change_content(folder)
    (folder / "assets.yaml").rename(folder / "renamed.yaml")


@pytest.mark.parametrize("change", [change_content, change_content_and_keep_the_times, replace_file, rename_and_change])
@pytest.mark.parametrize("settled", [False, True], ids=["at once", "later"])
def test_change_is_noticed(place: Place, change: object, settled: bool) -> None:
    assert callable(change)
    if settled:
        place.warm()
    else:
        place.names()
    change(place.sources)
    assert "daytona-02" in place.names()
    assert "daytona-01" not in place.names()


def test_added_and_removed_files_are_noticed(place: Place) -> None:
    place.warm()
    shutil.move(place.sources / "more.yml", place.sources.parent / "more.yml")
    assert not [name for name in place.names() if name.startswith("twin")]
    place.warm()
    shutil.move(place.sources.parent / "more.yml", place.sources / "below.yml")
    assert [name for name in place.names() if name.startswith("twin")] == ["twin-01", "twin-02"]


def test_file_that_became_bad_is_noticed(place: Place) -> None:
    place.warm()
    with (place.sources / "more.yml").open("a") as file:
        file.write("---\nkind: Nothing\n")
    assert place.run().check(65).stdout == b""
    assert place.run().check(65).stdout == b""


def test_every_change_in_a_quick_series_is_seen(place: Place) -> None:
    """Changes within one tick of the file system's clock have the same times."""
    path = place.sources / "assets.yaml"
    text = path.read_text()
    for number in range(30):
        path.write_text(text.replace("daytona-01", f"daytona-{number:02d}"))
        assert f"daytona-{number:02d}" in place.names()


def test_only_one_file_is_kept_for_one_topology(place: Place) -> None:
    for _ in range(5):
        change_content(place.sources)
        place.names()
        (place.sources / "assets.yaml").write_text((SMALL / "assets.yaml").read_text())
        place.names()
    assert place.file().stat().st_size > 0


# --- what may lie in its place


def damage_lengths(size: int) -> list[int]:
    return sorted({0, 1, 7, 8, 63, 64, 100, 127, 128, 200, size // 2, size - 100, size - 1})


def test_torn_file_is_not_trusted(place: Place) -> None:
    answer = place.warm()
    file = place.file()
    whole = file.read_bytes()
    for length in damage_lengths(len(whole)):
        file.write_bytes(whole[:length])
        assert NOT_USED in place.told(), length
        assert place.run("-o", "wide").check().stdout == answer
    for extra in (b"\0", b"x" * 5000):
        file.write_bytes(whole + extra)
        assert place.run("-o", "wide").check().stdout == answer


def damaged_runs(place: Place, offsets: list[int], change: int) -> list[tuple[int, Result]]:
    """An answer for each offset at which one byte of the file is wrong."""
    file = place.file()
    whole = file.read_bytes()
    results = []
    for offset in offsets:
        broken = bytearray(whole)
        broken[offset] ^= change
        file.write_bytes(broken)
        results.append((offset, place.run("-o", "wide")))
    return results


@pytest.mark.parametrize("change", [0x01, 0x80, 0xFF])
def test_wrong_byte_is_never_an_error(place: Place, change: int) -> None:
    """Anywhere in the file: header, lists, texts and records."""
    answer = place.warm()
    size = place.file().stat().st_size
    offsets = sorted(random.Random(change).sample(range(size), 50))
    wrong = [
        (offset, result.code)
        for offset, result in damaged_runs(place, offsets, change)
        if (result.code, result.stdout, result.stderr) != (0, answer, b"")
    ]
    assert wrong == []


def test_page_of_zeros_is_never_an_error(place: Place) -> None:
    """What a crash may leave when the size of a file reached the disk and a part of its content did not."""
    answer = place.warm()
    file = place.file()
    whole = file.read_bytes()
    for start in range(0, len(whole), 256):
        file.write_bytes(whole[:start] + bytes(min(256, len(whole) - start)) + whole[start + 256 :])
        result = place.run("-o", "wide")
        assert (result.code, result.stdout) == (0, answer), f"zeros from {start}: {result}"


@pytest.mark.parametrize(
    "content",
    [b"", b"x", b"\0" * 4096, b"\x7fELF" + b"\0" * 4096, b"FOPSTOPO", b"FOPSTOPO" + b"\xff" * 4096, os.urandom(8192)],
)
def test_foreign_file_is_not_trusted(place: Place, content: bytes) -> None:
    answer = place.warm()
    place.file().write_bytes(content)
    told = place.run("-v", "-o", "wide").check()
    assert told.stdout == answer and NOT_USED in told.err
    assert USING in place.told()


def test_other_version_is_not_trusted(place: Place) -> None:
    """Behind the magic stands the version, then the version of the program; either makes it a file of others."""
    answer = place.warm()
    file = place.file()
    whole = file.read_bytes()
    assert whole.startswith(b"FOPSTOPO")
    for changed in (
        whole[:8] + bytes([whole[8] + 1]) + whole[9:],
        whole[:8] + b"\0\0\0\0" + whole[12:],
        whole[:16] + b"9.9.9" + whole[21:],
    ):
        file.write_bytes(changed)
        told = place.run("-v", "-o", "wide").check()
        assert told.stdout == answer and NOT_USED in told.err


def test_cache_of_another_topology_is_not_trusted(place: Place, tmp_path: Path) -> None:
    """The right form with the wrong content, under the right name."""
    answer = place.warm()
    other = Place(Runner(place.runner.binary, tmp_path / "other-home"), tmp_path / "other")
    change_content(other.sources)
    other.warm()
    shutil.copyfile(other.file(), place.file())
    assert place.run("-o", "wide").check().stdout == answer


@pytest.mark.parametrize(
    "kind", ["folder", "fifo", "link to nowhere", "link to itself", "link to another file", "writable by others"]
)
def test_odd_thing_in_its_place(place: Place, kind: str, tmp_path: Path) -> None:
    answer = place.warm()
    file = place.file()
    content = file.read_bytes()
    if kind == "writable by others":
        file.chmod(0o666)
    else:
        file.unlink()
    if kind == "folder":
        (file / "below").mkdir(parents=True)
    elif kind == "fifo":
        os.mkfifo(file)
    elif kind == "link to nowhere":
        file.symlink_to(tmp_path / "nowhere")
    elif kind == "link to itself":
        file.symlink_to(file.name)
    elif kind == "link to another file":
        (tmp_path / "victim").write_bytes(content)
        file.symlink_to(tmp_path / "victim")
    for _ in range(2):
        result = place.run("-o", "wide", timeout=20).check()
        assert (result.stdout, result.stderr) == (answer, b"")
    assert not (tmp_path / "nowhere").exists()
    if kind == "link to another file":
        assert (tmp_path / "victim").read_bytes() == content


@pytest.mark.parametrize("made", ["file", "link to nowhere", "no rights"])
def test_odd_thing_in_place_of_its_folder(place: Place, made: str) -> None:
    folder = place.runner.home / ".cache/fops"
    if made == "file":
        folder.write_text("x")
    elif made == "link to nowhere":
        folder.symlink_to("nowhere")
    else:
        folder.mkdir(mode=0)
    for _ in range(2):
        assert place.run("-q").check().stderr == b""


# --- what may happen while it is written


@pytest.fixture
def many(fops: Runner, tmp_path: Path) -> Place:
    """A topology whose cache takes a while to be written."""
    place = Place(fops, tmp_path)
    assets = [
        {
            "apiVersion": "fractalops/v1",
            "kind": "RuntimeAsset",
            "spec": {
                "assetId": f"asset-{number:05d}",
                "role": "many",
                "kind": "lxc",
                "owner": "x" * 100,
                "lxc": {"driver": "local", "container": "box"},
            },
        }
        for number in range(MANY)
    ]
    (place.sources / "many.json").write_text(json.dumps(assets))
    return place


def test_many_at_once(many: Place) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: many.run("-o", "tsv"), range(16)))
    assert {(result.code, result.stdout, result.stderr) for result in results} == {(0, results[0].stdout, b"")}
    assert len(many.files()) == 1
    assert results[0].stdout.count(b"\n") == MANY + 7


def test_killed_at_any_moment(many: Place) -> None:
    """kill -9 while the cache is made: the next run gives the whole answer."""
    began = time.monotonic()
    answer = many.run("-o", "tsv").check().stdout
    took = time.monotonic() - began
    chance = random.Random(7)
    folder = many.runner.home / ".cache/fops"
    killed = 0
    for round_number in range(24):
        shutil.rmtree(folder, ignore_errors=round_number % 4 != 0)
        process = many.runner.command(
            "--topology",
            str(many.sources),
            "runtime-assets",
            "list",
            "-q",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(chance.uniform(0, took))
        kill_session(process)
        killed += process.wait() == -9
        result = many.run("-o", "tsv")
        assert (result.code, result.stdout, result.stderr) == (0, answer, b"")
    assert killed > 3
    assert USING in many.told()


def test_parts_left_by_killed_runs_do_not_pile_up(place: Place) -> None:
    """A part is a file beside the cache; the next writer removes the oldest of too many."""
    place.warm()
    file = place.file()
    for number in range(60):
        part = file.with_name(f"{file.name}.{number:06d}")
        part.write_bytes(b"FOPSTOPO")
        os.utime(part, (number, number))
    change_content(place.sources)
    place.names()
    assert len(place.files()) <= 32
    assert file in place.files()


@pytest.mark.parametrize("limit", [0, 1, 100, 1000, 10000])
def test_full_disk(many: Place, limit: int) -> None:
    """No file may grow beyond the limit, as on a disk that is full; the answer goes to a pipe and is whole."""
    answer = many.run("-q", "--no-cache").check().stdout
    result = many.run("-q", limits={"RLIMIT_FSIZE": limit})
    assert (result.code, result.stdout, result.stderr) == (0, answer, b"")
    assert many.files() == []
    assert "is not written: " in many.run("-q", "-v", limits={"RLIMIT_FSIZE": limit}).check().err


def test_full_file_system(many: Place) -> None:
    """The same on a real file system of 64 KiB, which needs a mount."""
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("unshare is not installed")
    script = 'mount -t tmpfs -o size=64k none "$CACHE" && "$@"; code=$?; find "$CACHE" -type f | wc -l >&2; exit $code'
    command = [
        unshare,
        "--mount",
        *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]),
        "sh",
        "-c",
        script,
        "sh",
    ]
    environment = many.runner.environment | {"CACHE": many.runner.environment["XDG_CACHE_HOME"]}
    trial = subprocess.run([*command, "true"], env=environment, capture_output=True, text=True, check=False)
    if trial.returncode != 0:
        pytest.skip(f"this machine gives no mount namespace: {trial.stderr.strip()}")
    done = subprocess.run(
        [*command, many.runner.binary, "--topology", many.sources, "runtime-assets", "list", "-q"],
        env=environment,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == many.run("-q", "--no-cache").check().stdout
    assert done.stderr == b"0\n"
