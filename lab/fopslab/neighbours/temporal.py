"""A real Temporal in one process, with its HTTP port."""

from __future__ import annotations

from collections.abc import Mapping

from fopslab.neighbours.base import Folders, Neighbour
from fopslab.neighbours.kube import binaries
from fopslab.real import answers, one_url, preset_document, start_server, stop_and_forget
from fopslab.state import Facts, Lab

NAME = "temporal"
ENDPOINT = "lab-temporal"
HEALTH = "/api/v1/system-info"


def start(lab: Lab) -> Facts:
    program = binaries(NAME) / NAME
    folder = lab.folder(NAME)
    ports = start_server(
        lab, NAME,
        lambda ports: [str(program), "server", "start-dev", "--ip", "127.0.0.1", "--port", str(ports[0]), "--http-port",
                       str(ports[1]), "--headless", "--db-filename", str(folder / "temporal.db"),
                       "--log-level", "warn"],
        lambda ports: answers(ports[1], HEALTH), ports=2, environment={"HOME": str(folder)}, seconds=60,
    )  # fmt: skip
    return {"port": ports[1], "grpcPort": ports[0]}


def documents(everybody: Mapping[str, Facts]) -> Folders:
    return {"planes": [preset_document(ENDPOINT, NAME, one_url(everybody[NAME]))]}


NEIGHBOUR = Neighbour(
    name=NAME,
    summary="a real Temporal (Go, built once, about 4 minutes)",
    start=start,
    ready=lambda _lab, facts: answers(facts["port"], HEALTH),
    describe=one_url,
    stop=stop_and_forget(NAME),
    documents=documents,
)
