"""What the stand-in cluster knows: guests, tokens, tasks, and the faults that its control port switches on."""

from __future__ import annotations

import copy
import json
import time
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from fopslab.standin_proxmox.refusal import PROXY_REASONS, Refusal
from fopslab.standin_proxmox.tasks import Tasks

NODES = ("pve1", "pve2")
FULL = ("VM.Audit", "VM.GuestAgent.Unrestricted", "VM.PowerMgmt", "Sys.Audit")
AGENT_STATES = ("on", "silent", "off")
TOKEN_USER = "fops@pve"


@dataclass
class Guest:
    """One guest. container: the real container in which its commands run. agent: on, silent (configured, does not
    answer) or off (not configured)."""

    vmid: int
    type: str
    name: str
    node: str = "pve1"
    status: str = "running"
    tags: str = "fops"
    agent: str = "off"
    container: str = "daytona"
    template: int = 0
    lock: str = ""
    started: float = field(default_factory=time.time)

    @property
    def folder(self) -> str:
        return "lxc" if self.type == "lxc" else "qemu-server"


GUESTS = (
    Guest(101, "lxc", "daytona", tags="daytona;fops"),
    Guest(102, "lxc", "langboard", tags="fops;langboard", container="langboard"),
    Guest(103, "lxc", "parked", status="stopped"),
    Guest(104, "lxc", "somebody-else"),
    Guest(105, "lxc", "untagged", tags=""),
    Guest(106, "lxc", "double"),
    Guest(107, "lxc", "double"),
    Guest(108, "lxc", "elsewhere", node="pve2"),
    Guest(109, "lxc", "locked", status="stopped", lock="backup"),
    Guest(110, "lxc", "broken", status="stopped"),
    Guest(111, "lxc", "moved", node="pve2"),
    Guest(201, "qemu", "agent-vm", tags="agent;fops", agent="on"),
    Guest(202, "qemu", "parked-vm", status="stopped", agent="on"),
    Guest(203, "qemu", "agentless-vm"),
    Guest(204, "qemu", "silent-vm", agent="silent"),
    Guest(205, "qemu", "locked-vm", agent="silent", lock="snapshot"),
    # A template may have the name of a guest that was made from it.
    Guest(900, "qemu", "agent-vm", tags="agent;fops", status="stopped", template=1),
)


@dataclass
class Faults:
    """stale: what cluster/resources said when it was switched on. The counts are of answers that are still to fail."""

    stale: list[dict[str, Any]] | None = None
    proxy_code: int = 0
    proxy_count: int = 0
    lose_results: int = 0
    truncate: int | None = None
    no_message: bool = False
    vmid_text: bool = False
    tasks: int = 0
    tasks_ms: int = 0
    unauthorized_ms: int = 3000


class Cluster:
    """All of it, and the words of the control port."""

    def __init__(self, secrets: dict[str, str]) -> None:
        self.tokens = {
            f"{TOKEN_USER}!lab": (secrets["lab"], FULL),
            f"{TOKEN_USER}!reader": (secrets["reader"], ("VM.Audit",)),
            f"{TOKEN_USER}!nobody": (secrets["nobody"], ()),
        }
        self.tasks = Tasks()
        self.calls: dict[str, int] = {}
        self.reset()

    def reset(self) -> None:
        self.guests = {guest.vmid: replace(guest, started=time.time() - 600) for guest in GUESTS}
        self.faults = Faults()
        self.tasks.seed(f"{TOKEN_USER}!lab")
        self.calls = {}

    def resources(self) -> list[dict[str, Any]]:
        if self.faults.stale is not None:
            return copy.deepcopy(self.faults.stale)
        return [
            {
                "id": f"{guest.type}/{guest.vmid}", "type": guest.type, "vmid": guest.vmid, "node": guest.node,
                "name": guest.name, "status": guest.status, "template": guest.template, "maxcpu": 1, "cpu": 0,
                "maxmem": 536870912, "mem": 0, "maxdisk": 1073741824, "disk": 0, "netin": 0, "netout": 0,
                "diskread": 0, "diskwrite": 0, "uptime": uptime(guest),
                **({"tags": guest.tags} if guest.tags else {}), **({"lock": guest.lock} if guest.lock else {}),
            }
            for guest in self.guests.values()
        ]  # fmt: skip

    def guest(self, node: str, kind: str, vmid: int) -> Guest:
        found = self.guests.get(vmid)
        if found is None or found.node != node or found.type != kind:
            folder = "lxc" if kind == "lxc" else "qemu-server"
            raise Refusal(500, f"Configuration file 'nodes/{node}/{folder}/{vmid}.conf' does not exist")
        return found

    def obey(self, line: str) -> dict[str, Any]:
        """One line of the control port."""
        words = line.split()
        try:
            answer = self._obey(words)
        except (ValueError, KeyError, IndexError, TypeError):
            known = "status, reset, stale on|off, guest ID KEY=VALUE…, task TYPE ID USER RESULT, fault NAME VALUE (see --help)"
            return {"error": f"unknown command {line!r}: use {known}"}
        return answer

    def _obey(self, words: list[str]) -> dict[str, Any]:
        if words == ["reset"]:
            self.reset()
        elif words[0] == "stale":
            self.faults.stale = {"on": self.resources(), "off": None}[words[1]]
        elif words[0] == "guest":
            self.change_guest(int(words[1]), words[2:])
        elif words[0] == "fault":
            self.change_fault(words[1], words[2])
        elif words[0] == "task":
            self.tasks.obey(words[1:])
        elif words != ["status"]:
            raise ValueError
        faults = {key: value for key, value in asdict(self.faults).items() if key != "stale"}
        return {
            "mode": "standin", "stale": self.faults.stale is not None, "faults": faults, "calls": self.calls,
            "tasks": {task.upid: task.result for task in self.tasks.by_upid.values()},
            "guests": {str(vmid): asdict(guest) for vmid, guest in self.guests.items()},
        }  # fmt: skip

    def change_guest(self, vmid: int, changes: list[str]) -> None:
        if changes == ["gone"]:
            del self.guests[vmid]
            return
        guest = self.guests.get(vmid, Guest(vmid, "lxc", f"CT{vmid}"))
        for change in changes:
            key, equals, value = change.partition("=")
            if not equals or key not in ("name", "node", "status", "tags", "agent", "container", "type", "lock"):
                raise ValueError
            if key == "agent" and value not in AGENT_STATES:
                raise ValueError
            guest = replace(guest, **{key: value})  # type: ignore[arg-type]
        self.guests[vmid] = guest

    def change_fault(self, name: str, value: str) -> None:
        faults = self.faults
        if name == "proxy":
            code, _, count = value.partition(":")
            if int(code) not in PROXY_REASONS:
                raise ValueError
            faults.proxy_code, faults.proxy_count = int(code), int(count or 1)
        elif name == "lose-results":
            faults.lose_results = int(value)
        elif name == "truncate":
            faults.truncate = None if value == "off" else int(value)
        elif name == "tasks":
            faults.tasks = 0 if value == "off" else int(value)
        elif name in ("unauthorized-ms", "tasks-ms"):
            setattr(faults, name.replace("-", "_"), int(value))
        elif name in ("no-message", "vmid-text"):
            setattr(faults, name.replace("-", "_"), {"on": True, "off": False}[value])
        else:
            raise ValueError


def uptime(guest: Guest) -> int:
    return int(time.time() - guest.started) if guest.status == "running" else 0


def parse_secrets(text: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(text)
    return found
