"""The API server of a lab that is up, stopped and started again while its etcd, its node and its port stay."""

from __future__ import annotations

import socket

from fopslab.kube.api import Api
from fopslab.process import end_processes, log_tail, read_records, reap, spawn, wait_until
from fopslab.state import Facts, Lab, StartFailed

START_SECONDS = 60.0


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def stop_api(lab: Lab, facts: Facts, grace: float = 0.0) -> None:
    """Kills it, or asks it first and waits that many seconds; returns once its port is free."""
    record = read_records(lab, "kube").get("api")
    if record is not None and record.alive:
        end_processes([record.pid], grace)
    # the last of its threads may hold the port for a moment longer
    wait_until(lambda: port_is_free(facts["port"]), START_SECONDS, "the API server's port")


def start_api(lab: Lab, facts: Facts) -> None:
    """Starts it on the port that it had; returns once it is ready."""
    server = spawn(lab, "kube", "api", facts["apiWords"])
    with Api(facts) as api:
        wait_until(lambda: api.ready() or reap(server), START_SECONDS, "the API server")
    if reap(server):
        raise StartFailed(f"the API server ended at once: {log_tail(lab, 'kube', 'api')}")
