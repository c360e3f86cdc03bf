"""A real Oxigraph, from its Python package."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from fopslab.neighbours.base import Folders, Neighbour
from fopslab.real import answers, one_url, preset_document, start_server, stop_and_forget
from fopslab.state import Facts, Lab, Skipped

NAME = "oxigraph"
ENDPOINT = "lab-oxigraph"
HEALTH = "/query?query=ASK%20%7B%7D"


def start(lab: Lab) -> Facts:
    program = Path(sys.executable).with_name(NAME)
    if not program.exists():
        raise Skipped("the Python package oxigraph is not installed in the lab's environment")
    folder = lab.folder(f"{NAME}/data")
    (port,) = start_server(
        lab, NAME,
        lambda ports: [str(program), "serve", "--location", str(folder), "--bind", f"127.0.0.1:{ports[0]}"],
        lambda ports: answers(ports[0], HEALTH),
    )  # fmt: skip
    return {"port": port}


def documents(everybody: Mapping[str, Facts]) -> Folders:
    return {"planes": [preset_document(ENDPOINT, NAME, one_url(everybody[NAME]))]}


NEIGHBOUR = Neighbour(
    name=NAME,
    summary="a real Oxigraph (Python package)",
    start=start,
    ready=lambda _lab, facts: answers(facts["port"], HEALTH),
    describe=one_url,
    stop=stop_and_forget(NAME),
    documents=documents,
)
