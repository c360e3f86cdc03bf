"""A real Prometheus that scrapes itself and an exporter of known values, and a stand-in of Mimir's front before it."""

from __future__ import annotations

import http.client
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from fopslab.assets import API_VERSION
from fopslab.metrics.exporter import SIZE_BYTES, VOLUMES
from fopslab.metrics.standin_mimir import BUSY, FAILING
from fopslab.neighbours.base import Document, Folders, Neighbour
from fopslab.process import wait_until
from fopslab.real import answers, preset_document, start_server, stop_and_forget
from fopslab.relay import start_reporting
from fopslab.state import Facts, Lab, Skipped, write_atomically

NAME = "prometheus"
ENDPOINT = "lab-prometheus"
MIMIR_ENDPOINT = "lab-mimir"
MIMIR_SERVER = "lab-mimir-server"
FIRST_SCRAPE_SECONDS = 20.0
STORAGE_QUERY = "100 * lab_volume_used_bytes / lab_volume_size_bytes"
CONFIGURATION = """\
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
scrape_configs:
- job_name: prometheus
  static_configs: [{{targets: ["127.0.0.1:{own}"], labels: {{instance: prometheus}}}}]
- job_name: exporter
  static_configs: [{{targets: ["127.0.0.1:{exporter}"], labels: {{instance: exporter}}}}]
"""


def count_series(port: int, query: str) -> int:
    """How many series an instant query finds; 0 while the server does not answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", f"/api/v1/query?query={quote(query)}")
        return len(json.loads(connection.getresponse().read())["data"]["result"])
    except (OSError, ValueError, KeyError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def has_scraped(port: int) -> bool:
    """Does it know the exporter's values and its own?"""
    return count_series(port, STORAGE_QUERY) == len(VOLUMES) and count_series(port, "up == 1") == 2


def start(lab: Lab) -> Facts:
    program = shutil.which(NAME)
    if program is None:
        raise Skipped("no prometheus; on Debian: apt-get install --no-install-recommends prometheus")
    folder = lab.folder(NAME)
    exporter = start_reporting(lab, NAME, "exporter", ["fopslab.metrics.exporter"])["port"]

    def words(ports: list[int]) -> list[str]:
        settings = CONFIGURATION.format(own=ports[0], exporter=exporter)
        write_atomically(folder / "prometheus.yml", settings)
        return [
            program, f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
            "--storage.tsdb.retention.time=1h", f"--web.listen-address=127.0.0.1:{ports[0]}",
            "--query.timeout=20s", "--log.level=warn",
        ]  # fmt: skip

    (port,) = start_server(lab, NAME, words, lambda ports: answers(ports[0], "/-/ready"))
    wait_until(lambda: has_scraped(port), FIRST_SCRAPE_SECONDS, "the first scrape of prometheus")
    mimir = start_reporting(lab, NAME, "mimir", ["fopslab.metrics.standin_mimir", "--to", str(port)])["port"]
    known = {"volumes": VOLUMES, "sizeBytes": SIZE_BYTES, "busyTenant": BUSY, "failingTenant": FAILING}
    return {"port": port, "exporter": exporter, "mimir": mimir, **known}


def ready(_lab: Lab, facts: Facts) -> bool:
    return answers(facts["port"], "/-/ready") and answers(facts["mimir"], "/ready")


def storage_stack() -> Document:
    """The row of the catalogue that shows how full storage is."""
    metric = {"name": "storage-used", "endpoint": ENDPOINT, "query": STORAGE_QUERY, "unit": "percent", "warn": 98, "fail": 99}
    spec = {"name": "runtime-storage", "owner": "platform", "endpoints": [ENDPOINT], "metrics": [metric]}
    return {"apiVersion": API_VERSION, "kind": "Stack", "spec": spec}


def documents(everybody: Mapping[str, Facts]) -> Folders:
    facts = everybody[NAME]
    front = f"http://127.0.0.1:{facts['mimir']}"
    found = [
        preset_document(ENDPOINT, "prometheus", f"http://127.0.0.1:{facts['port']}"),
        preset_document(MIMIR_SERVER, "mimir", front),
        # the base of the query API; the health route stands outside of it
        preset_document(MIMIR_ENDPOINT, "mimir", f"{front}/prometheus"),
        storage_stack(),
    ]
    del found[2]["spec"]["health"]
    return {"local": found}


NEIGHBOUR = Neighbour(
    name=NAME,
    summary="a real Prometheus with known values, and a standin of Mimir's front",
    start=start,
    ready=ready,
    describe=lambda facts: f"http://127.0.0.1:{facts['port']}, standin of Mimir on {facts['mimir']}",
    stop=stop_and_forget(NAME),
    documents=documents,
)
