#!/usr/bin/env python3
"""Make a topology of many assets in many files, as people write them: make_topology.py FOLDER FILES ASSETS."""

from __future__ import annotations

import argparse
from pathlib import Path

ROLES = 100
SHARDS = 10

ENDPOINT = """\
apiVersion: fractalops/v1
kind: Endpoint
spec:
  id: bench-executor
  plane: bench
  auth:
    mode: none
  executorUrl: {executor_url}
  health:
    path: /health
"""

ASSET = """\
apiVersion: fractalops/v1
kind: RuntimeAsset
spec:
  assetId: asset-{number:05d}
  role: role-{role:03d}
  kind: lxc
  owner: team-{shard}
  labels:
    tier: bench
    shard: shard-{shard}
  executorRef: bench-executor
  lxc:
    driver: local
    container: {container}
{path}"""


def asset_text(number: int, container: str, path: str | None) -> str:
    """One RuntimeAsset document; its role and shard follow from its number."""
    return ASSET.format(
        number=number,
        role=(number - 1) % ROLES + 1,
        shard=(number - 1) % SHARDS + 1,
        container=container,
        path=f"    path: {path}\n" if path else "",
    )


def write_topology(folder: Path, files: int, assets: int, texts: dict[str, str | None]) -> None:
    """Share the assets out evenly to assets-0001.yaml and so on; the Endpoint comes first in the first file."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in range(files):
        numbers = range(assets * file // files + 1, assets * (file + 1) // files + 1)
        endpoint = [ENDPOINT.format(executor_url=texts["executor_url"])] if file == 0 else []
        documents = endpoint + [asset_text(number, texts["container"] or "", texts["path"]) for number in numbers]
        (folder / f"assets-{file + 1:04d}.yaml").write_text("---\n".join(documents), encoding="utf-8")


def main() -> None:
    """Read the command line and write the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("files", type=int)
    parser.add_argument("assets", type=int)
    parser.add_argument("--executor-url", default="https://executor.example.net:8443")
    parser.add_argument("--container", default="bench")
    parser.add_argument("--path", help="the folder of containers; left out when not given")
    arguments = parser.parse_args()
    if arguments.files < 1 or arguments.assets < 0:
        parser.error("at least one file and no negative number of assets")
    texts = {"executor_url": arguments.executor_url, "container": arguments.container, "path": arguments.path}
    write_topology(arguments.folder, arguments.files, arguments.assets, texts)


if __name__ == "__main__":
    main()
