"""A real OpenBao in its development mode: unsealed, in memory, with a root token of this lab."""

from __future__ import annotations

from collections.abc import Mapping

from fopslab.neighbours.base import Folders, Neighbour
from fopslab.neighbours.kube import binaries
from fopslab.real import answers, one_url, preset_document, start_server, stop_and_forget
from fopslab.state import Facts, Lab

NAME = "openbao"
ENDPOINT = "lab-openbao"
TOKEN = "openbao-root"
HEALTH = "/v1/sys/health"


def start(lab: Lab) -> Facts:
    program = binaries(NAME) / NAME
    (port,) = start_server(
        lab, NAME,
        lambda ports: [str(program), "server", "-dev", f"-dev-root-token-id={lab.secret(TOKEN)}",
                       f"-dev-listen-address=127.0.0.1:{ports[0]}", "-dev-no-store-token"],
        lambda ports: answers(ports[0], HEALTH), environment={"HOME": str(lab.folder(NAME))},
    )  # fmt: skip
    return {"port": port}


def documents(everybody: Mapping[str, Facts]) -> Folders:
    return {"planes": [preset_document(ENDPOINT, NAME, one_url(everybody[NAME]))]}


def environment(lab: Lab, _facts: Facts) -> dict[str, str]:
    return {"FOPS_LAB_OPENBAO_TOKEN": lab.secret(TOKEN)}


NEIGHBOUR = Neighbour(
    name=NAME,
    summary="a real OpenBao (Go, built once, about 7 minutes)",
    start=start,
    # sealed is an answer, too: tests seal it
    ready=lambda _lab, facts: any(answers(facts["port"], HEALTH, status) for status in (200, 503)),
    describe=one_url,
    stop=stop_and_forget(NAME),
    documents=documents,
    environment=environment,
)
