"""Runs the stand-in cluster: its HTTPS port, its control port, and the port that pct and qm ask.

Control port, one line each, answers in JSON:
  status                        guests, faults, tasks, and how often each call was made
  reset                         back to the beginning
  stale on|off                  cluster/resources goes on telling what is true now
  guest ID gone                 it exists no more
  guest ID KEY=VALUE...         name, node (pve1|pve2), status (running|stopped), tags (joined by ;),
                                agent (on|silent|off), type, container (in which its commands run), lock
  task TYPE ID USER running     one more task of pve1 (ID -: of no guest)
  task TYPE ID USER crashed     the list says that it runs, it does not
  task TYPE ID USER RESULT...   it ended with that: OK, WARNINGS: 1, or an error
  fault lose-results N          the next N replies with a result are lost, and the result with them
  fault truncate N|off          results carry the truncation flag and N bytes of output
  fault proxy 595|596|599[:N]   the next N calls below /nodes fail on the way to their node
  fault tasks STATUS|off        every call of tasks is refused
  fault tasks-ms N              how long every call of tasks takes (0)
  fault no-message on|off       errors stand in the reason phrase only, as before 2025
  fault vmid-text on|off        a guest's own status has its number as text
  fault unauthorized-ms N       how long a 401 takes (3000)
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import ssl
from pathlib import Path
from typing import Any

from fopslab.standin_proxmox.agent import Agent
from fopslab.standin_proxmox.model import Cluster, parse_secrets
from fopslab.standin_proxmox.refusal import Refusal
from fopslab.standin_proxmox.rest import Rest, config
from fopslab.standin_proxmox.web import BANNER, LARGEST_HEAD, Web

LARGEST_LINE = 8 * 1024 * 1024
TOOL_SECONDS = 1.0


class Tools:
    """What pct and qm learn from their node: one line of JSON in, one out."""

    def __init__(self, rest: Rest) -> None:
        self.rest = rest

    async def _exec(self, vmid: int, given: dict[str, Any]) -> dict[str, Any]:
        """`qm guest exec`: waits for the result, for at most so many seconds (0: for ever)."""
        guest = self.rest.cluster.guest("pve1", "qemu", vmid)
        await self.rest.check_agent(guest)
        pid = await self.rest.execute(guest, given["command"], given["input"])
        loop = asyncio.get_running_loop()
        deadline = loop.time() + given["seconds"] if given["seconds"] else None
        while given["wait"] and (deadline is None or loop.time() < deadline):
            found = self.rest.agent.result(vmid, pid)
            if found["exited"]:
                return {"result": found}
            await asyncio.sleep(TOOL_SECONDS)
        return {"result": {"pid": pid}, "late": given["wait"]}

    async def answer(self, given: dict[str, Any]) -> dict[str, Any]:
        vmid, kind = given["vmid"], given["kind"]
        try:
            guest = self.rest.cluster.guest("pve1", kind, vmid)
            match given["call"]:
                case "look":
                    return {"guest": {"status": guest.status, "container": guest.container, "config": config(guest)}}
                case "ping":
                    await self.rest.check_agent(guest)
                    return {"result": {}}
                case "exec":
                    return await self._exec(vmid, given)
                case "exec-status":
                    await self.rest.check_agent(guest)
                    return {"result": self.rest.agent.result(vmid, given["pid"])}
        except Refusal as refusal:
            return {"error": refusal.message}
        return {"error": "unknown call"}


async def serve_lines(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Any) -> None:
    with contextlib.suppress(OSError, ValueError, asyncio.LimitOverrunError):
        while line := await reader.readline():
            writer.write(json.dumps(await answer(line.decode(errors="replace").strip())).encode() + b"\n")
            await writer.drain()
    writer.close()


async def serve(arguments: argparse.Namespace) -> None:
    cluster = Cluster(parse_secrets(arguments.secrets.read_text()))
    agent = Agent(arguments.lxc_path)
    rest = Rest(cluster, agent)
    tools = Tools(rest)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(arguments.folder / "server.pem", arguments.folder / "server.key")

    async def control(line: str) -> dict[str, Any]:
        return cluster.obey(line)

    async def tool(line: str) -> dict[str, Any]:
        return await tools.answer(json.loads(line))

    web = Web(cluster, rest.answer)
    servers = [
        await asyncio.start_server(web.serve, "127.0.0.1", 0, ssl=context, limit=LARGEST_HEAD, backlog=1024),
        await asyncio.start_server(lambda r, w: serve_lines(r, w, control), "127.0.0.1", 0),
        await asyncio.start_server(lambda r, w: serve_lines(r, w, tool), "127.0.0.1", 0, limit=LARGEST_LINE),
    ]
    ports = [server.sockets[0].getsockname()[1] for server in servers]
    print(f"standin: {BANNER} on 127.0.0.1:{ports[0]}, no Proxmox VE", flush=True)
    partial = arguments.report.with_suffix(".partial")
    partial.write_text(json.dumps(dict(zip(("port", "control", "tools"), ports, strict=True))))
    partial.replace(arguments.report)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    agent.stop()


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="fopslab.standin_proxmox", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lxc-path", required=True, metavar="FOLDER", help="where the real containers are")
    parser.add_argument("--folder", type=Path, required=True, help="server.pem and server.key")
    parser.add_argument("--secrets", type=Path, required=True, metavar="FILE", help="the tokens' values")
    parser.add_argument("--report", type=Path, required=True, metavar="FILE", help="write the ports there as JSON")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
