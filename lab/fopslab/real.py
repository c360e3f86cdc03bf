"""Starts one real server on a port of its own and waits until it answers."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fopslab.neighbours.kube import PORT_TAKEN, free_ports
from fopslab.process import log_tail, reap, spawn, stop_processes, wait_until
from fopslab.state import Facts, Lab, StartFailed, remove_tree

ATTEMPTS = 5


def answers(port: int, path: str, status: int = 200, context: ssl.SSLContext | None = None) -> bool:
    """Does a GET on loopback end with that status?"""
    form: Any = {"timeout": 5.0}
    connection = (http.client.HTTPSConnection("127.0.0.1", port, context=context, **form) if context
                  else http.client.HTTPConnection("127.0.0.1", port, **form))  # fmt: skip
    try:
        connection.request("GET", path)
        return connection.getresponse().status == status
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def start_server(
    lab: Lab,
    name: str,
    words: Callable[[list[int]], list[str]],
    is_ready: Callable[[list[int]], bool],
    *,
    ports: int = 1,
    environment: Mapping[str, str] | None = None,
    seconds: float = 30.0,
) -> list[int]:
    """The ports, in the order in which words got them; other ones when somebody took one in between."""
    for _ in range(ATTEMPTS):
        chosen = free_ports(ports)
        log = lab.folder("log") / f"{name}.server.log"
        log.unlink(missing_ok=True)
        process = spawn(lab, name, "server", words(chosen), environment)
        wait_until(lambda: reap(process) or is_ready(chosen), seconds, name)  # noqa: B023
        if not reap(process):
            return chosen
        said = log_tail(lab, name, "server", 40)
        if PORT_TAKEN not in said.lower():
            raise StartFailed(f"{name} ended at once: {said}")
    raise StartFailed(f"no free ports for {name} in {ATTEMPTS} attempts")


def stop_and_forget(name: str, grace: float = 1.0) -> Callable[[Lab], None]:
    """A stop() that also removes the neighbour's folder."""

    def stop(lab: Lab) -> None:
        stop_processes(lab, name, grace)
        remove_tree(lab.root / name)

    return stop


def preset_document(name: str, preset: str, url: str, authority: str = "", **more: Any) -> dict[str, Any]:
    """The endpoint of a real server, with the built-in contract of a product."""
    spec: dict[str, Any] = {"id": name, "plane": preset, "executorUrl": url, "auth": {"mode": "none"},
                            "health": {"preset": preset}}  # fmt: skip
    if authority:
        spec["tls"] = {"ca": Path(authority).read_text()}
    return {"apiVersion": "fractalops/v1", "kind": "Endpoint", "spec": spec | more}


def one_url(facts: Facts) -> str:
    return f"http://127.0.0.1:{facts['port']}"
