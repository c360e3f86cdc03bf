"""The executor: an HTTPS service with its own authority and token, beside it the ways in which such a service fails."""

from __future__ import annotations

import http.client
import json
import ssl
import sys
from collections.abc import Mapping
from pathlib import Path

from fopslab.assets import EXECUTOR_HEALTH, endpoint, runtime_asset
from fopslab.executor.certificates import SERVER_NAME, make_certificates
from fopslab.neighbours.base import Document, Folders, Neighbour
from fopslab.process import log_tail, reap, spawn, wait_until
from fopslab.relay import python_environment, relay_ready, start_relay
from fopslab.state import Facts, Lab, StartFailed

START_SECONDS = 20.0
TOKEN = "executor-token"
TOKEN_VARIABLE = "FOPS_LAB_EXECUTOR_TOKEN"
PUBLIC_URL = "https://langboard.example.test"


class NamedConnection(http.client.HTTPSConnection):
    """Connects to loopback, checks the certificate against the service's name."""

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        context: ssl.SSLContext = self._context  # type: ignore[attr-defined]
        self.sock = context.wrap_socket(self.sock, server_hostname=SERVER_NAME)


def health_answers(facts: Facts) -> bool:
    context = ssl.create_default_context(cafile=facts["ca"])
    connection = NamedConnection("127.0.0.1", facts["ports"]["server"], timeout=5, context=context)
    try:
        connection.request("GET", "/health")
        return bool(json.loads(connection.getresponse().read())["status"] == "ok")
    except (OSError, ValueError, KeyError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def start(lab: Lab) -> Facts:
    folder = lab.folder("executor")
    pins = make_certificates(folder)
    report = lab.folder("run") / "executor.ports"
    report.unlink(missing_ok=True)
    argv = [sys.executable, "-m", "fopslab.executor", "--folder", str(folder), "--report", str(report)]
    process = spawn(lab, "executor", "service", argv, {**python_environment(), TOKEN_VARIABLE: lab.secret(TOKEN)})
    wait_until(lambda: report.exists() or reap(process), START_SECONDS, "the executor")
    if not report.exists():
        raise StartFailed(f"the executor ended at once: {log_tail(lab, 'executor', 'service')}")
    facts: Facts = {
        "ports": json.loads(report.read_text()),
        "ca": str(folder / "ca.pem"),
        "serverName": SERVER_NAME,
        "pins": pins,
        "tokenFile": str(lab.root / "secrets" / TOKEN),
    }
    wait_until(lambda: reap(process) or health_answers(facts), START_SECONDS, "the executor's /health")
    if reap(process):
        raise StartFailed(f"the executor ended at once: {log_tail(lab, 'executor', 'service')}")
    facts["relay"] = start_relay(lab, "executor", facts["ports"]["server"])
    return facts


def ready(_lab: Lab, facts: Facts) -> bool:
    return health_answers(facts) and relay_ready(facts["relay"])


def describe(facts: Facts) -> str:
    ports = facts["ports"]
    return f"https://127.0.0.1:{ports['server']}, relay on 127.0.0.1:{facts['relay']['port']}"


def documents(everybody: Mapping[str, Facts]) -> Folders:
    facts = everybody["executor"]
    authority = Path(facts["ca"]).read_text()
    ports = facts["ports"]
    main = endpoint("langboard-executor", f"https://127.0.0.1:{ports['server']}", authority, publicUrl=PUBLIC_URL)
    folders: Folders = {"local": [main], "faults": fault_documents(facts, everybody.get("lxc"))}
    if "ssh" in everybody:
        folders["ssh"] = [main]
    return folders


def fault_documents(facts: Facts, lxc: Facts | None) -> list[Document]:
    """One endpoint for each way to fail and, when there are containers, one asset that it controls."""
    authority = Path(facts["ca"]).read_text()
    ports = {**facts["ports"], "relay": facts["relay"]["port"]}
    found: list[Document] = []
    for name, key in (
        ("wrong-name", "wrongName"),
        ("expired", "expired"),
        ("untrusted", "untrusted"),
        ("raw", "raw"),
        ("relayed", "relay"),
    ):
        found.append(endpoint(f"langboard-{name}", f"https://127.0.0.1:{ports[key]}", authority))
        if lxc:
            more = {"executorRef": f"langboard-{name}", "health": EXECUTOR_HEALTH}
            role = f"{name.replace('-', '_')}_executor"
            asset = runtime_asset(f"{name}-01", role, "langboard", {"driver": "local"}, lxc["path"], **more)
            found.append(asset)
    return found


def environment(lab: Lab, _facts: Facts) -> dict[str, str]:
    return {TOKEN_VARIABLE: lab.secret(TOKEN)}


NEIGHBOUR = Neighbour(
    name="executor",
    summary="an HTTPS service with good, slow and broken answers",
    start=start,
    ready=ready,
    describe=describe,
    documents=documents,
    environment=environment,
)
