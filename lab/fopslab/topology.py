"""Writes what the lab offers: contracts, the user's configuration, the environment, and lab.json for tests."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

import yaml

from fopslab.neighbours import BY_NAME, TABLE
from fopslab.neighbours.base import Folders
from fopslab.state import Facts, Lab, remove_tree, write_atomically

MAIN_FOLDER = "local"
OFFERED = ("topology", "config", "env", "lab.json")


class Dumper(yaml.SafeDumper):
    """Plain YAML, with texts of several lines as blocks and no anchors."""

    def ignore_aliases(self, _data: object) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


Dumper.add_representer(str, represent_text)


def dump(document: object) -> str:
    return str(yaml.dump(document, Dumper=Dumper, sort_keys=False, width=4096, allow_unicode=True))


def gather(lab: Lab) -> dict[str, Facts]:
    """The facts of every neighbour that came up."""
    found = {neighbour.name: lab.load_facts(neighbour.name) for neighbour in TABLE}
    return {name: facts for name, facts in found.items() if facts is not None}


def write_offer(lab: Lab) -> list[str]:
    """Writes everything anew from the facts; returns the names of the topology folders. Without neighbours nothing
    stays."""
    everybody = gather(lab)
    if not everybody:
        for name in OFFERED:
            remove_tree(lab.root / name)
        return []
    folders = write_topology(lab, everybody)
    contexts: dict[str, dict[str, Any]] = {
        "lab" if folder == MAIN_FOLDER else f"lab-{folder}": {"topology": [str(lab.root / "topology" / folder)]}
        for folder in folders
    }
    for name in everybody:
        contexts.update(BY_NAME[name].contexts(everybody))
    write_atomically(lab.root / "config", dump({"context": next(iter(contexts)), "contexts": contexts}))
    write_environment(lab, everybody)
    summary = {"root": str(lab.root), "topology": folders, "neighbours": everybody}
    write_atomically(lab.root / "lab.json", json.dumps(summary, indent=2) + "\n", 0o600)
    return folders


def write_topology(lab: Lab, everybody: Mapping[str, Facts]) -> list[str]:
    """One file per neighbour and folder; files of neighbours that went down disappear."""
    root = lab.folder("topology", 0o755)
    texts: dict[str, str] = {}
    order: list[str] = []
    for name in everybody:
        offered: Folders = BY_NAME[name].documents(everybody)
        for folder, documents in offered.items():
            if documents:
                texts[f"{folder}/{name}.yaml"] = "---\n".join(dump(document) for document in documents)
                if folder not in order:
                    order.append(folder)
    for path in [*root.glob("*/*"), *root.glob("*/.*.partial")]:
        if str(path.relative_to(root)) not in texts:
            path.unlink()
    for relative, text in texts.items():
        path = root / relative
        path.parent.mkdir(exist_ok=True)
        write_atomically(path, text)
    for path in root.iterdir():
        if path.name not in order:
            path.rmdir()
    return sorted(order, key=lambda folder: folder != MAIN_FOLDER)


def write_environment(lab: Lab, everybody: Mapping[str, Facts]) -> None:
    """Secrets reach the product through variables only; the file that sets them is readable by its owner alone."""
    variables = {"FOPS_CONFIG": str(lab.root / "config")}
    for name, facts in everybody.items():
        variables.update(BY_NAME[name].environment(lab, facts))
    text = "".join(f"export {key}={shlex.quote(value)}\n" for key, value in variables.items())
    write_atomically(lab.root / "env", text, 0o600)
