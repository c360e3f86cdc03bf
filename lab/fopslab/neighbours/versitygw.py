"""A real VersityGW: an S3 server that checks signatures to the last byte."""

from __future__ import annotations

from collections.abc import Mapping

from fopslab.neighbours.base import Folders, Neighbour
from fopslab.neighbours.kube import binaries
from fopslab.real import answers, one_url, preset_document, start_server, stop_and_forget
from fopslab.state import Facts, Lab

NAME = "versitygw"
REGION = "us-east-1"
ENDPOINT = "lab-s3"


def start(lab: Lab) -> Facts:
    program = binaries(NAME) / NAME
    data, versions = lab.folder(f"{NAME}/data"), lab.folder(f"{NAME}/versions")
    secrets = {
        "ROOT_ACCESS_KEY": lab.secret(f"{NAME}-access-key"), "ROOT_SECRET_KEY": lab.secret(f"{NAME}-secret-key"),
    }  # fmt: skip
    # without a signature the answer is a refusal, and that is an answer
    (port,) = start_server(
        lab, NAME,
        lambda ports: [str(program), "--quiet", "--region", REGION, "--port", f"127.0.0.1:{ports[0]}", "posix",
                       "--versioning-dir", str(versions), str(data)],
        lambda ports: answers(ports[0], "/", 403), environment=secrets,
    )  # fmt: skip
    return {"port": port, "region": REGION}


def documents(everybody: Mapping[str, Facts]) -> Folders:
    facts = everybody[NAME]
    auth = {"mode": "signed", "accessKeyRef": "env://FOPS_LAB_S3_ACCESS_KEY", "secretRef": "env://FOPS_LAB_S3_SECRET_KEY",
            "region": facts["region"]}  # fmt: skip
    return {"planes": [preset_document(ENDPOINT, "s3", one_url(facts), auth=auth)]}


def environment(lab: Lab, _facts: Facts) -> dict[str, str]:
    return {"FOPS_LAB_S3_ACCESS_KEY": lab.secret(f"{NAME}-access-key"),
            "FOPS_LAB_S3_SECRET_KEY": lab.secret(f"{NAME}-secret-key")}  # fmt: skip


NEIGHBOUR = Neighbour(
    name=NAME,
    summary="a real S3 server that checks signatures (Go, built once, about a minute)",
    start=start,
    ready=lambda _lab, facts: answers(facts["port"], "/", 403),
    describe=one_url,
    stop=stop_and_forget(NAME),
    documents=documents,
    environment=environment,
)
