"""Where a topology may come from: files and folders, both syntaxes, and what is refused on the way."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT, Runner

pytestmark = pytest.mark.static

GOOD = [
    ROOT / "tests/fixtures/topology",
    ROOT / "tests/cli/fixtures/topology/small",
    ROOT / "tests/cli/fixtures/topology/odd",
    ROOT / "tests/cli/fixtures/topology/empty",
]


def asset(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "fractalops/v1",
        "kind": "RuntimeAsset",
        "spec": {"assetId": name, "role": "one", "kind": "lxc", "lxc": {"driver": "local", "container": "box"}} | spec,
    }


def write(path: Path, *documents: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".json":
        path.write_text(json.dumps(list(documents)))
    else:
        path.write_text(yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True))
    return path


def names(fops: Runner, *sources: str | Path, **options: Any) -> list[str]:
    flags = [word for source in sources for word in ("--topology", str(source))]
    return fops(*flags, "runtime-assets", "list", "-q", **options).check().out.split()


def findings(fops: Runner, *sources: str | Path) -> list[str]:
    flags = [word for source in sources for word in ("--topology", str(source))]
    result = fops(*flags, "runtime-assets", "list", "-o", "json").check(65)
    assert result.stdout == b""
    return [f"{Path(finding['file']).name}: {finding['message']}" for finding in json.loads(result.stderr)["findings"]]


def everything(fops: Runner, *sources: Path) -> list[dict[str, Any]]:
    """All that the program tells of all assets, but for the places they were read from."""
    told = []
    for name in names(fops, *sources):
        flags = [word for source in sources for word in ("--topology", str(source))]
        document = fops(*flags, "runtime-assets", "show", "--asset-id", name, "-o", "json").check().json()
        told.append({key: value for key, value in document.items() if key not in ("origin", "topology")})
    return told


@pytest.mark.parametrize("folder", GOOD, ids=lambda folder: folder.name)
def test_good_topology_is_accepted(fops: Runner, folder: Path) -> None:
    listed = names(fops, folder)
    assert listed == sorted(listed)
    assert bool(listed) is (folder.name != "empty")


@pytest.mark.parametrize("folder", GOOD[:3], ids=lambda folder: folder.name)
def test_yaml_and_json_mean_the_same(fops: Runner, tmp_path: Path, folder: Path) -> None:
    """Another YAML reader makes JSON of every file, and the program sees no difference."""
    for path in folder.rglob("*"):
        if path.suffix in (".yaml", ".yml"):
            loaded = [document for document in yaml.safe_load_all(path.read_text()) if document is not None]
            write(tmp_path / f"{path.stem}-yaml.json", *loaded)
        elif path.suffix == ".json":
            loaded = json.loads(path.read_text())
            write(tmp_path / f"{path.stem}-json.yaml", *(loaded if isinstance(loaded, list) else [loaded]))
    assert everything(fops, tmp_path) == everything(fops, folder)


def test_folder_is_read_to_its_depths_in_order(fops: Runner, tmp_path: Path) -> None:
    write(tmp_path / "z.yaml", asset("a1"))
    write(tmp_path / "b/c/d.yml", asset("c1"))
    write(tmp_path / "b/a.json", asset("b1"))
    assert names(fops, tmp_path) == ["a1", "b1", "c1"]
    assert names(fops, f"{tmp_path}/b/") == ["b1", "c1"]


@pytest.mark.parametrize(
    "name",
    [".hidden.yaml", ".hidden/x.yaml", "notes.txt", "x.yaml~", "x.yaml.bak", "README.md", "x.YAML", "x.jsonl", "yaml"],
)
def test_what_is_not_read(fops: Runner, tmp_path: Path, name: str) -> None:
    write(tmp_path / "x.yaml", asset("a1"))
    broken = tmp_path / name
    broken.parent.mkdir(exist_ok=True)
    broken.write_text("{broken")
    assert names(fops, tmp_path) == ["a1"]


def test_file_named_by_itself_needs_no_suffix(fops: Runner, tmp_path: Path) -> None:
    path = write(tmp_path / "x.yaml", asset("a1")).rename(tmp_path / ".topology")
    assert names(fops, path) == ["a1"]


def test_pipe_is_read(fops: Runner, tmp_path: Path) -> None:
    """As a shell writes it: --topology <(generate)."""
    path = write(tmp_path / "x.yaml", asset("a1"))
    done = subprocess.run(
        ["bash", "-c", 'exec "$1" --topology <(cat "$2") runtime-assets list -q', "bash", fops.binary, path],
        env=fops.environment,
        capture_output=True,
        check=False,
        timeout=30,
    )
    assert (done.returncode, done.stdout) == (0, b"a1\n"), done.stderr
    assert not [file for file in (fops.home / ".cache").rglob("*") if file.is_file()]


def test_several_sources_are_one_topology(fops: Runner, tmp_path: Path) -> None:
    first = write(tmp_path / "one.yaml", asset("a1", executorRef="e1"))
    second = write(
        tmp_path / "two.yaml",
        {
            "apiVersion": "fractalops/v1",
            "kind": "Endpoint",
            "spec": {"id": "e1", "plane": "p", "auth": {"mode": "none"}, "executorUrl": "https://e1.example.net"},
        },
    )
    assert names(fops, first, second) == names(fops, second, first) == ["a1"]
    assert findings(fops, first) == ['one.yaml: there is no Endpoint "e1"']


def test_same_id_twice(fops: Runner, tmp_path: Path) -> None:
    first = write(tmp_path / "one.yaml", asset("a1"))
    second = write(tmp_path / "two.json", asset("a1"))
    found = findings(fops, first, second)
    assert len(found) == 1 and found[0].startswith("two.json: ") and "one.yaml" in found[0]


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "---\n---\n", "---\n# nothing\n...\n"])
def test_file_without_documents(fops: Runner, tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    assert names(fops, path) == []


def test_empty_folder_is_an_empty_list(fops: Runner, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    assert names(fops, folder) == []
    fops("--topology", folder, "runtime-assets", "show", "--role", "x").check(66)


def test_link_inside_the_folder_is_followed_once(fops: Runner, tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(root / "real/x.yaml", asset("a1"))
    (root / "link.yaml").symlink_to("real/x.yaml")
    result = fops("--topology", root, "runtime-assets", "list", "-q")
    # the same file by two names is one file, or the same id twice: never two assets
    assert (result.code, result.out) == (0, "a1\n") or (result.code == 65 and "a1" in result.err)


@pytest.mark.parametrize("target", ["../outside.yaml", "/etc/hostname", "..", "/"])
def test_link_that_leaves_the_folder_is_refused(fops: Runner, tmp_path: Path, target: str) -> None:
    write(tmp_path / "outside.yaml", asset("secret-01"))
    root = tmp_path / "root"
    write(root / "x.yaml", asset("a1"))
    (root / "link.yaml").symlink_to(target)
    found = findings(fops, root)
    assert len(found) == 1 and found[0].startswith("link.yaml: ") and "leaves" in found[0]


def test_links_in_a_circle_end(fops: Runner, tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(root / "x.yaml", asset("a1"))
    (root / "self").symlink_to(".")
    (root / "one").symlink_to("two")
    (root / "two").symlink_to("one")
    result = fops("--topology", root, "runtime-assets", "list", "-q", timeout=20)
    assert result.code in (0, 65)


def test_root_that_is_a_link_is_followed(fops: Runner, tmp_path: Path) -> None:
    write(tmp_path / "real/x.yaml", asset("a1"))
    (tmp_path / "link").symlink_to("real")
    assert names(fops, tmp_path / "link") == ["a1"]


def test_odd_files_in_a_folder_are_refused_and_never_waited_for(fops: Runner, tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(root / "x.yaml", asset("a1"))
    os.mkfifo(root / "pipe.yaml")
    result = fops("--topology", root, "runtime-assets", "list", timeout=20).check(65)
    assert "pipe.yaml" in result.err


@pytest.mark.parametrize(
    "name",
    ["a b.yaml", "ä漢.yaml", "-x.yaml", "a:b.yaml", "a\tb.yaml", "a\nb.yaml", "x" * 240 + ".yaml", "'.yaml", "*.yaml"],
)
def test_odd_names_of_files(fops: Runner, tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, asset("a1"))
    assert names(fops, path) == names(fops, tmp_path) == ["a1"]
    origin = fops("--topology", path, "runtime-assets", "list", "-o", "json").check().json()["items"][0]["origin"]
    assert origin == f"{path}:1"


def test_relative_paths_are_of_the_working_folder(fops: Runner, tmp_path: Path) -> None:
    write(tmp_path / "one/x.yaml", asset("a1"))
    write(tmp_path / "two/x.yaml", asset("b1"))
    for _ in range(2):
        assert names(fops, "x.yaml", cwd=tmp_path / "one") == ["a1"]
        assert names(fops, "x.yaml", cwd=tmp_path / "two") == ["b1"]


def test_large_text_comes_back_whole(fops: Runner, tmp_path: Path) -> None:
    """As long as a text may be: nothing on the way cuts it."""
    long = 'a"\\\n漢' * 100000
    path = write(tmp_path / "x.json", asset("a1", owner=long))
    for form, read in (
        ("json", lambda text: json.loads(text)["items"][0]["owner"]),
        ("yaml", lambda text: yaml.safe_load(text)["items"][0]["owner"]),
    ):
        assert read(fops("--topology", path, "runtime-assets", "list", "-o", form).check().out) == long
    row = (
        fops("--topology", path, "runtime-assets", "list", "-o", "tsv", "--no-headers", "--fields", "owner").check().out
    )
    assert row.removesuffix("\n").replace("\\\\", "\0").replace("\\n", "\n").replace("\0", "\\") == long
    assert fops("--topology", path, "runtime-assets", "list", "-o", "jsonpath={.items[0].owner}").check().out == long


@pytest.mark.parametrize(
    ("text", "code"), [("x" * (1 << 20), 0), ("x" * ((1 << 20) + 1), 65)], ids=["longest", "longer"]
)
def test_longest_text(fops: Runner, tmp_path: Path, text: str, code: int) -> None:
    path = write(tmp_path / "x.json", asset("a1", owner=text))
    fops("--topology", path, "runtime-assets", "list", "-o", "json").check(code)


def test_file_that_is_too_large(fops: Runner, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"#" * (17 << 20))
    result = fops("--topology", path, "runtime-assets", "list")
    assert result.code in (65, 74) and result.stdout == b""


def test_ten_thousand_assets_in_two_hundred_files(fops: Runner, tmp_path: Path) -> None:
    for number in range(200):
        write(
            tmp_path / f"{number:03d}.json",
            *[asset(f"a{number * 50 + index:05d}", role=f"r{index}") for index in range(50)],
        )
    listed = names(fops, tmp_path)
    assert listed == [f"a{number:05d}" for number in range(10000)]
    assert names(fops, tmp_path) == listed
    one = fops("--topology", tmp_path, "runtime-assets", "list", "--role", "r7", "-q").check().out.split()
    assert one == listed[7::50]
