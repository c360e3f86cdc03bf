"""Tasks of the nodes, as PVE::UPID and PVE::API2::Tasks have them: their names, lists, states and logs, and who may read.

A list never refuses anybody: it leaves out what the caller may not see. A token sees the tasks of its own; everything
else needs Sys.Audit on the node.
"""

from __future__ import annotations

import itertools
import re
import time
from dataclasses import dataclass
from typing import Any

from fopslab.standin_proxmox.refusal import Refusal, wrong_parameters

UPID = re.compile(
    r"UPID:([a-zA-Z0-9](?:[a-zA-Z0-9\-]*[a-zA-Z0-9])?):([0-9A-Fa-f]{8}):([0-9A-Fa-f]{8,9}):([0-9A-Fa-f]{8})"
    r":([^:\s/]+):([^:\s/]*):([^:\s/]+):"
)
STATES = ("ok", "warning", "error", "unknown")
MOST_LINES = 50


@dataclass
class Task:
    """One task. result: "" while it runs. noted: False when its process died and nothing wrote that down yet."""

    upid: str
    node: str
    pid: int
    pstart: int
    starttime: int
    type: str
    id: str
    user: str
    result: str
    log: tuple[str, ...]
    endtime: int
    noted: bool = True

    @property
    def runs(self) -> bool:
        return not self.result

    @property
    def active(self) -> bool:
        """Is it in the file of active tasks?"""
        return self.runs or not self.noted

    def who(self) -> dict[str, str]:
        user, mark, token = self.user.partition("!")
        return {"user": user, "tokenid": token} if mark else {"user": user}

    def belongs_to(self, caller: str) -> bool:
        return caller in (self.user, self.user.partition("!")[0])


def state_of(result: str) -> str:
    if result == "OK":
        return "ok"
    if re.fullmatch(r"WARNINGS: \d+", result):
        return "warning"
    return "unknown" if result in ("", "unexpected status") else "error"


class Tasks:
    """What the nodes remember, oldest first."""

    def __init__(self) -> None:
        self.numbers = itertools.count(0x3F2A1)
        self.by_upid: dict[str, Task] = {}

    def add(
        self, kind: str, subject: str, result: str, log: tuple[str, ...], node: str = "pve1", user: str = "root@pam",
        age: int = 0, noted: bool = True,
    ) -> str:  # fmt: skip
        pid, began = next(self.numbers), int(time.time()) - age
        upid = f"UPID:{node}:{pid:08X}:{pid * 7:08X}:{began:08X}:{kind}:{subject}:{user}:"
        ended = began + min(age, 5) if result else 0
        self.by_upid[upid] = Task(
            upid, node, pid, pid * 7, began, kind, subject, user, result, log, ended, noted
        )
        return upid

    def seed(self, own: str) -> None:
        """The tasks that there are at the beginning; the first four are the caller's own."""
        self.by_upid = {}
        self.add("vzstart", "101", "OK", ("starting CT 101", "TASK OK"), user=own, age=900)
        self.add("vzdump", "101", "WARNINGS: 1", ("INFO: warning", "TASK WARNINGS: 1"), user=own, age=800)
        self.add("qmstart", "202", "start failed: org.freedesktop",
                 ("TASK ERROR: start failed: org.freedesktop",), user=own, age=700)  # fmt: skip
        self.add("vzdump", "102", "", ("INFO: starting new backup job",), user=own, age=60)
        # a guest that a backup stopped and holds, another that did not start, one that moved away
        self.add("vzstart", "109", "OK", ("TASK OK",), age=5000)
        self.add("vzdump", "109", "", ("INFO: Starting Backup of VM 109 (lxc)", "INFO: backup mode: stop"), age=300)
        self.add("vzstart", "110", "OK", ("TASK OK",), age=9000)
        self.add("vzdump", "110", "WARNINGS: 2", ("INFO: x", "WARN: y", "TASK WARNINGS: 2"), age=8000)
        lines = tuple(f"lxc-start 110: DEBUG line {i}" for i in range(120))
        self.add("vzstart", "110", "startup for container '110' failed",
                 (*lines, "run_buffer: 571 Script exited with status 2",
                  "TASK ERROR: startup for container '110' failed"), age=400)  # fmt: skip
        self.add("vzdump", "110", "WARNINGS: 1", ("TASK WARNINGS: 1",), age=300)
        self.add("vzmigrate", "111", "OK", ("starting migration of CT 111 to node 'pve2'", "TASK OK"), age=500)
        self.add("qmsnapshot", "205", "", ("snapshotting 'drive-scsi0'",), age=20)

    def visible(self, node: str, caller: str, privileges: tuple[str, ...]) -> list[Task]:
        """Active ones first, then those that ended, the newest first."""
        found = [
            task for task in self.by_upid.values()
            if task.node == node and ("Sys.Audit" in privileges or task.belongs_to(caller))
        ]  # fmt: skip
        return sorted(found, key=lambda task: (not task.active, -(task.endtime or task.starttime)))

    def listing(self, node: str, caller: str, privileges: tuple[str, ...], given: dict[str, Any]) -> dict[str, Any]:
        source, found, count = given.get("source", "archive"), [], 0
        wanted = STATES[1:] if given.get("errors") else given.get("statusfilter", STATES)
        for task in self.visible(node, caller, privileges):
            status = "RUNNING" if task.active else task.result
            state = "unknown" if task.active else state_of(task.result)
            if (source == "archive" and task.active) or (source == "active" and not task.active) or state not in wanted:
                continue
            if "vmid" in given and task.id != str(given["vmid"]):
                continue
            if given.get("typefilter", task.type) != task.type or given.get("userfilter", "") not in task.user:
                continue
            if not given.get("since", 0) <= task.starttime <= given.get("until", 1 << 40):
                continue
            count += 1
            if count <= given.get("start", 0) or len(found) >= given.get("limit", MOST_LINES):
                continue
            row = {
                "upid": task.upid, "node": node, "pid": task.pid, "pstart": task.pstart, "starttime": task.starttime,
                "type": task.type, "id": task.id, "status": status,
            }  # fmt: skip
            # only the archive's rows have users and tokens apart
            row |= {"user": task.user} if task.active else task.who() | {"endtime": task.endtime}
            found.append(row)
        return {"data": found, "total": count}

    def _named(self, node: str, upid: str) -> Task | None:
        """Its file is on its own node alone."""
        if not UPID.fullmatch(upid):
            raise wrong_parameters(upid="unable to parse worker upid")
        task = self.by_upid.get(upid)
        return task if task is not None and task.node == node else None

    def _check(self, node: str, upid: str, caller: str, privileges: tuple[str, ...]) -> None:
        user = upid.split(":")[7]
        if "Sys.Audit" not in privileges and caller not in (user, user.partition("!")[0]):
            raise Refusal(403, f"Permission check failed (/nodes/{node}, Sys.Audit)")

    def state(self, node: str, upid: str, caller: str, privileges: tuple[str, ...]) -> dict[str, Any]:
        task = self._named(node, upid)
        if task is None:
            raise wrong_parameters(upid="no such task")
        self._check(node, upid, caller, privileges)
        found = {
            "upid": upid, "node": node, "pid": task.pid, "pstart": task.pstart, "starttime": task.starttime,
            "type": task.type, "id": task.id, **task.who(), "status": "running" if task.runs else "stopped",
        }  # fmt: skip
        return found if task.runs else {**found, "exitstatus": task.result}

    def log(
        self, node: str, upid: str, caller: str, privileges: tuple[str, ...], given: dict[str, Any]
    ) -> dict[str, Any]:
        """A log that is not there reads as one line that says so."""
        task = self._named(node, upid)
        self._check(node, upid, caller, privileges)
        text = task.log if task else ("unable to open file - No such file or directory",)
        lines = [{"n": i + 1, "t": line} for i, line in enumerate(text or ("no content",))]
        if task is None:
            return {"data": lines, "total": 1}
        start, limit = given.get("start", 0), given.get("limit", MOST_LINES)
        return {"data": lines[start : start + limit] if limit else lines[start:], "total": len(lines)}

    def obey(self, words: list[str]) -> None:
        """TYPE ID USER running|crashed|RESULT…: one more, on pve1; an ID of - is none."""
        kind, subject, user, *rest = words
        result = " ".join(rest)
        if not result or not UPID.fullmatch(f"UPID:n:{'0' * 8}:{'0' * 8}:{'0' * 8}:{kind}:{subject}:{user}:"):
            raise ValueError
        subject = "" if subject == "-" else subject
        if result in ("running", "crashed"):
            ended = "" if result == "running" else "unexpected status"
            self.add(kind, subject, ended, ("INFO: at work",), user=user, age=10, noted=result == "running")
        else:
            last = {"OK": "TASK OK"}.get(result, f"TASK ERROR: {result}")
            self.add(kind, subject, result, (f"log of {result}", last), user=user)
