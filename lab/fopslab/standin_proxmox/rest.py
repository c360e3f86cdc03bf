"""The calls of the REST interface: what they take, who may make them, what they answer."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
from collections.abc import Callable
from typing import Any

from fopslab.standin_proxmox.agent import Agent
from fopslab.standin_proxmox.model import NODES, Cluster, Guest, uptime
from fopslab.standin_proxmox.refusal import Refusal, wrong_parameters
from fopslab.standin_proxmox.tasks import STATES
from fopslab.standin_proxmox.web import LOST, Call

MOST_INPUT = 65536
MOST_CONTENT = 61440
PING_SECONDS = 3.0
VERSION = {"version": "9.0.3", "release": "9.0", "repoid": "standin", "console": "html5"}
NOT_IN_SCHEMA = "property is not defined in schema and the schema does not allow additional properties"
MISSING = "property is missing and it is not optional"

Checker = Callable[[Any], Any]


def text(limit: int = 1 << 20) -> Checker:
    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError("type check ('string') failed")
        if len(value) > limit:
            raise ValueError(f"value may only be {limit} characters long")
        return value

    return check


def number(least: int = 0) -> Checker:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | str) or not str(value).lstrip("-").isascii():
            raise ValueError("type check ('integer') failed")
        if not str(value).removeprefix("-").isdigit():
            raise ValueError(f"type check ('integer') failed - got '{value}'")
        if int(value) < least:
            raise ValueError(f"value must have a minimum value of {least}")
        return int(value)

    return check


def boolean(value: Any) -> bool:
    if value in (True, 1, "1", "yes", "on", "true"):
        return True
    if value in (False, 0, "0", "no", "off", "false"):
        return False
    raise ValueError(f"type check ('boolean') failed - got '{value}'")


def words(value: Any) -> list[str]:
    found = value if isinstance(value, list) else [value]
    if not all(isinstance(word, str) for word in found):
        raise ValueError("type check ('string') failed")
    if not found:
        raise ValueError("value must not be an empty list")
    return found


def one_of(*known: str) -> Checker:
    def check(value: Any) -> str:
        if value not in known:
            raise ValueError(f"value '{value}' does not have a value in the enumeration '{', '.join(known)}'")
        return str(value)

    return check


def states(value: Any) -> list[str]:
    found = [word for word in str(value).lower().replace(";", ",").split(",") if word]
    if not set(found) <= set(STATES):
        raise ValueError(f"invalid format - value '{value}' does not look like a valid task state")
    return found


LIST_FILTERS: dict[str, Checker] = {
    "userfilter": text(), "typefilter": text(), "vmid": number(100), "errors": boolean, "since": number(),
    "source": one_of("archive", "active", "all"), "until": number(), "statusfilter": states,
}  # fmt: skip


def take(call: Call, needed: dict[str, Checker], optional: dict[str, Checker] | None = None) -> dict[str, Any]:
    """The parameters, all of them known and of their types."""
    known = {**needed, **(optional or {})}
    errors: dict[str, str] = {name: MISSING for name in needed if name not in call.parameters}
    found: dict[str, Any] = {}
    for name, value in call.parameters.items():
        if name not in known:
            errors[name] = NOT_IN_SCHEMA
            continue
        try:
            found[name] = known[name](value)
        except ValueError as error:
            errors[name] = str(error)
    if errors:
        raise Refusal(400, "Parameter verification failed.", errors)
    return found


def as_bytes(value: str, where: str) -> bytes:
    """Perl writes a character below 256 as one byte, and refuses any other."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError as error:
        raise Refusal(500, f"Wide character in {where}") from error


class Rest:
    """The interface of one cluster."""

    def __init__(self, cluster: Cluster, agent: Agent) -> None:
        self.cluster = cluster
        self.agent = agent

    async def answer(self, call: Call) -> Any:
        """The body of the answer, or LOST."""
        parts = call.path.strip("/").split("/")
        match parts:
            case ["version"] if call.method == "GET":
                take(call, {})
                return {"data": VERSION}
            case ["cluster", "resources"] if call.method == "GET":
                return {"data": self._resources(call)}
            case ["nodes", node, "tasks", *rest] if call.method == "GET" and len(rest) < 3:
                await asyncio.sleep(self.cluster.faults.tasks_ms / 1000)
                return self._task(call, self._node(node), rest)
            case ["nodes", node, "lxc" | "qemu" as kind, vmid, *rest]:
                return await self._guest(call, self._node(node), kind, vmid, rest)
        raise Refusal(501, f"Method '{call.method} {call.path}' not implemented")

    def _node(self, node: str) -> str:
        if node not in NODES:
            raise Refusal(500, f"hostname lookup '{node}' failed - failed to get address info for: {node}: Name or "
                               "service not known")  # fmt: skip
        return node

    def _resources(self, call: Call) -> list[dict[str, Any]]:
        wanted = take(call, {}, {"type": one_of("vm", "storage", "node", "sdn")}).get("type", "vm")
        if wanted not in ("vm", "node"):
            return []
        found = self.cluster.resources() if wanted == "vm" and "VM.Audit" in call.privileges else []
        if wanted == "node" or "type" not in call.parameters:
            found += [{"id": f"node/{node}", "type": "node", "node": node, "status": "online"} for node in NODES]
        return found

    def _task(self, call: Call, node: str, rest: list[str]) -> dict[str, Any]:
        tasks, faults, who = self.cluster.tasks, self.cluster.faults, (call.token, call.privileges)
        if faults.tasks:
            raise Refusal(faults.tasks, f"Permission check failed (/nodes/{node}, Sys.Audit)")
        page = {"start": number(), "limit": number()}
        match rest:
            case []:
                return tasks.listing(node, *who, take(call, {}, {**page, **LIST_FILTERS}))
            case [_]:
                take(call, {})
                return {"data": [{"name": "log"}, {"name": "status"}]}
            case [upid, "log"]:
                return tasks.log(node, upid, *who, take(call, {}, page))
            case [upid, "status"]:
                take(call, {})
                return {"data": tasks.state(node, upid, *who)}
        raise Refusal(501, f"Method '{call.method} {call.path}' not implemented")

    async def _guest(self, call: Call, node: str, kind: str, number_text: str, rest: list[str]) -> Any:
        if not number_text.isdigit() or int(number_text) < 100:
            raise wrong_parameters(vmid=f"type check ('integer') failed - got '{number_text}'")
        vmid = int(number_text)
        match call.method, rest:
            case "GET", ["status", "current"]:
                return {"data": self._status(self._permitted(call, node, kind, vmid, "VM.Audit"), call)}
            case "GET", ["config"]:
                guest = self._permitted(call, node, kind, vmid, "VM.Audit")
                take(call, {}, {"current": boolean})
                return {"data": config(guest)}
            case "POST", ["status", "start" | "stop" | "shutdown" as action]:
                guest = self._permitted(call, node, kind, vmid, "VM.PowerMgmt")
                take(call, {}, {"timeout": number()})
                return {"data": self._change(guest, action, call.token)}
            case _, ["agent", what] if kind == "qemu":
                guest = self._permitted(call, node, kind, vmid, "VM.GuestAgent.Unrestricted")
                return await self._agent(call, guest, what)
        raise Refusal(501, f"Method '{call.method} {call.path}' not implemented")

    def _permitted(self, call: Call, node: str, kind: str, vmid: int, privilege: str) -> Guest:
        if privilege not in call.privileges:
            raise Refusal(403, f"Permission check failed (/vms/{vmid}, {privilege})")
        return self.cluster.guest(node, kind, vmid)

    def _status(self, guest: Guest, call: Call) -> dict[str, Any]:
        take(call, {})
        running = guest.status == "running"
        found: dict[str, Any] = {
            "vmid": str(guest.vmid) if self.cluster.faults.vmid_text else guest.vmid, "status": guest.status,
            "name": guest.name, "uptime": uptime(guest), "cpus": 1, "cpu": 0, "mem": 0, "maxmem": 536870912,
            "disk": 0, "maxdisk": 1073741824, "netin": 0, "netout": 0, "diskread": 0, "diskwrite": 0,
            "ha": {"managed": 0},
        }  # fmt: skip
        if guest.tags:
            found["tags"] = guest.tags
        if guest.type == "lxc":
            found["type"] = "lxc"
        else:
            found["qmpstatus"] = guest.status
            if guest.agent != "off":
                found["agent"] = 1
        if guest.lock:
            found["lock"] = guest.lock
        if guest.template:
            found["template"] = 1
        return {**found, "pid": 1000 + guest.vmid} if running else found

    def _change(self, guest: Guest, action: str, token: str) -> str:
        """Changes what is told of a guest; the container behind it stays as it is."""
        running, letter = guest.status == "running", "vz" if guest.type == "lxc" else "qm"
        kind, word = f"{letter}{action}", "CT" if guest.type == "lxc" else "VM"
        wrong = f"{word} is locked ({guest.lock})" if guest.lock else ""
        if not wrong and action == "start" and running:
            wrong = f"{word} {guest.vmid} already running"
        if not wrong:
            guest.status = "running" if action == "start" else "stopped"
        log = (f"TASK ERROR: {wrong}",) if wrong else ("TASK OK",)
        return self.cluster.tasks.add(kind, str(guest.vmid), wrong or "OK", log, guest.node, token)

    async def check_agent(self, guest: Guest) -> None:
        """What every call of the agent begins with."""
        if guest.status != "running":
            raise Refusal(500, f"VM {guest.vmid} is not running")
        if guest.agent == "off":
            raise Refusal(500, "No QEMU guest agent configured")
        if guest.agent == "silent":
            await asyncio.sleep(PING_SECONDS)
            raise Refusal(500, "QEMU guest agent is not running")

    async def _agent(self, call: Call, guest: Guest, what: str) -> Any:
        match call.method, what:
            case "POST", "ping":
                take(call, {})
                await self.check_agent(guest)
                return {"data": {"result": {}}}
            case "POST", "exec":
                given = take(call, {"command": words}, {"input-data": text(MOST_INPUT)})
                await self.check_agent(guest)
                return {"data": {"pid": await self.execute(guest, given["command"], given.get("input-data"))}}
            case "GET", "exec-status":
                pid = take(call, {"pid": number()})["pid"]
                await self.check_agent(guest)
                return self._result(guest, pid)
            case "GET", "file-read":
                path = take(call, {"file": text()})["file"]
                await self.check_agent(guest)
                return {"data": await self.agent.read_file(guest.container, as_bytes(path, "syswrite"))}
            case "POST", "file-write":
                given = take(call, {"file": text(), "content": text(MOST_CONTENT)}, {"encode": boolean})
                await self.check_agent(guest)
                data = as_bytes(given["content"], "subroutine entry")
                if not given.get("encode", True):
                    try:
                        data = base64.b64decode(data, validate=True)
                    except binascii.Error as error:
                        raise Refusal(500, "Agent error: invalid base64") from error
                await self.agent.write_file(guest.container, as_bytes(given["file"], "syswrite"), data)
                return {"data": None}
        raise Refusal(501, f"Method '{call.method} {call.path}' not implemented")

    async def execute(self, guest: Guest, command: list[str], given: str | None) -> int:
        """Words travel as JSON that the agent reads as UTF-8; input travels as base64 of its bytes."""
        data = None if given is None else as_bytes(given, "subroutine entry")
        line = [as_bytes(word, "syswrite") for word in command]
        for word in line:
            try:
                word.decode()
            except UnicodeDecodeError as error:
                raise Refusal(500, "Agent error: JSON parse error, invalid UTF-8 sequence in string") from error
            if b"\0" in word:
                raise Refusal(500, "Agent error: JSON parse error, NUL in string")
        return await self.agent.execute(guest.vmid, guest.container, line, data)

    def _result(self, guest: Guest, pid: int) -> Any:
        found, faults = self.agent.result(guest.vmid, pid), self.cluster.faults
        if found["exited"]:
            if faults.truncate is not None and "out-data" in found:
                found["out-data"] = found["out-data"][: faults.truncate]
                found["out-truncated"] = 1
            if faults.lose_results > 0:
                faults.lose_results -= 1
                return LOST
        return {"data": found}


def config(guest: Guest) -> dict[str, Any]:
    name = "hostname" if guest.type == "lxc" else "name"
    found: dict[str, Any] = {name: guest.name, "memory": 512 if guest.type == "lxc" else "512", "cores": 1}
    if guest.tags:
        found["tags"] = guest.tags
    if guest.type == "lxc":
        found.update(arch="amd64", ostype="unmanaged", rootfs=f"local:{guest.vmid}/vm-{guest.vmid}-disk-0.raw,size=1G")
    else:
        found["ostype"] = "l26"
        if guest.agent != "off":
            found["agent"] = "1"
    if guest.lock:
        found["lock"] = guest.lock
    if guest.template:
        found["template"] = 1
    return {**found, "digest": hashlib.sha1(repr(sorted(found.items())).encode()).hexdigest()}
