"""A real Open Policy Agent without policies."""

from __future__ import annotations

from collections.abc import Mapping

from fopslab.neighbours.base import Folders, Neighbour
from fopslab.neighbours.kube import binaries
from fopslab.real import answers, one_url, preset_document, start_server, stop_and_forget
from fopslab.state import Facts, Lab

NAME = "opa"
ENDPOINT = "lab-opa"


def start(lab: Lab) -> Facts:
    program = binaries(NAME) / NAME
    (port,) = start_server(
        lab, NAME,
        lambda ports: [str(program), "run", "--server", "--addr", f"127.0.0.1:{ports[0]}", "--disable-telemetry",
                       "--log-level", "error"],
        lambda ports: answers(ports[0], "/health"),
    )  # fmt: skip
    return {"port": port}


def documents(everybody: Mapping[str, Facts]) -> Folders:
    return {"planes": [preset_document(ENDPOINT, NAME, one_url(everybody[NAME]))]}


NEIGHBOUR = Neighbour(
    name=NAME,
    summary="a real Open Policy Agent (Go, built once, about a minute)",
    start=start,
    ready=lambda _lab, facts: answers(facts["port"], "/health"),
    describe=one_url,
    stop=stop_and_forget(NAME),
    documents=documents,
)
