"""Runs the stand-ins of all products, the doors, and their control port; every port is chosen by the kernel.

The control port takes one line at a time and answers in JSON:
  status                     the state of each product
  state NAME|* STATE         healthy, unready, process-only, unauthorised, sign-in, page, broken, down
  reset                      everything healthy, nothing remembered
  log NAME                   what a product was asked; for kafka and playwright-grid their counts
  mcp plain|stream|stateless how playwright-grid answers initialize
  kafka NEWEST               the newest version of ApiVersions that the broker knows, 0 to 3
  doors                      how often each door was passed and refused, what the token endpoint was asked
  tokens lifetime SECONDS    of tokens that are given out from now on
  tokens revoke              none of those given out is valid any more
  tokens answer STATUS|right what the token endpoint answers
  caught                     what the other origin was sent
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fopslab.standin_health.doors import Doors
from fopslab.standin_health.forms import STATES, Answer, text
from fopslab.standin_health.keys import Secrets
from fopslab.standin_health.server import Place, make_places
from fopslab.standin_health.wire import LARGEST_HEAD, Request, answer_bytes, read_request

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]


def http(answer: Callable[[Request], Answer]) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while True:
                request = await read_request(reader, writer)
                writer.write(answer_bytes(answer(request), request.method == "HEAD"))
                await writer.drain()
        writer.close()

    return serve


class Control:
    """Obeys one line; places, doors and catcher are what it acts on."""

    def __init__(self) -> None:
        self.places: dict[str, Place] = {}
        self.doors: Doors
        self.caught: list[dict[str, Any]] = []

    def catch(self, request: Request) -> Answer:
        self.caught.append({"method": request.method, "target": request.target, "headers": dict(request.headers)})
        return text("caught")

    async def obey(self, line: str) -> dict[str, Any]:
        match line.split():
            case ["status"]:
                return {"states": {name: place.state for name, place in self.places.items()}}
            case ["state", name, state] if state in STATES and (name == "*" or name in self.places):
                for place in self.places.values() if name == "*" else [self.places[name]]:
                    await place.become(state)
                return {"states": {name: state}}
            case ["reset"]:
                return await self.reset()
            case ["log", name] if name in self.places:
                return self.log(self.places[name])
            case ["mcp", form] if form in ("plain", "stream", "stateless"):
                sessions = self.places["playwright-grid"].sessions
                sessions.plain, sessions.without_session = form == "plain", form == "stateless"
                return {"mcp": form}
            case ["kafka", newest] if newest in "0123":
                self.places["kafka"].broker.newest = int(newest)
                return {"kafka": newest}
            case ["doors"]:
                tokens = {"issued": self.doors.tokens.issued, "asked": list(self.doors.tokens.asked)}
                return {"passed": self.doors.passed, "refused": self.doors.refused, "tokens": tokens}
            case ["tokens", "lifetime", seconds] if seconds.isdigit():
                self.doors.tokens.lifetime = int(seconds)
                return {"lifetime": seconds}
            case ["tokens", "revoke"]:
                self.doors.tokens.valid.clear()
                return {"valid": 0}
            case ["tokens", "answer", status] if status == "right" or status.isdigit():
                self.doors.tokens.instead = None if status == "right" else self.wrong_token_answer(int(status))
                return {"answer": status}
            case ["caught"]:
                return {"caught": self.caught}
        return {"error": f"unknown line {line!r}"}

    def wrong_token_answer(self, status: int) -> Answer:
        leads = {"Location": f"{self.doors.elsewhere}/token"} if 300 <= status < 400 else {}
        return Answer(status, b'{"error":"temporarily_unavailable"}', "application/json", leads)

    async def reset(self) -> dict[str, Any]:
        for place in self.places.values():
            await place.become("healthy")
            place.forget()
        self.doors = Doors(self.doors.secrets, self.doors.tokens.client_secret, self.doors.elsewhere)
        self.caught.clear()
        return {"states": {"*": "healthy"}}

    @staticmethod
    def log(place: Place) -> dict[str, Any]:
        sessions, broker = place.sessions, place.broker
        return {
            "requests": list(place.requests),
            "mcp": {"opened": sessions.opened, "closed": sessions.closed, "open": len(sessions.open)},
            "kafka": {"asked": broker.asked, "refused": broker.refused, "why": broker.why},
        }

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError, asyncio.LimitOverrunError):
            while line := await reader.readline():
                answer = await self.obey(line.decode(errors="replace").strip())
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        writer.close()


def server_context(folder: Path) -> ssl.SSLContext:
    """A client may show a certificate of the lab's authority, and need not."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(folder / "ca.pem"))
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


async def listen(serve: Serve, context: ssl.SSLContext | None = None) -> int:
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context, limit=LARGEST_HEAD, backlog=1024)
    port: int = server.sockets[0].getsockname()[1]
    # kept by the loop: nothing else refers to it
    SERVERS.append(server)
    return port


SERVERS: list[asyncio.Server] = []


async def serve(arguments: argparse.Namespace) -> None:
    known = json.loads(arguments.secrets.read_text())
    secrets = Secrets(known["token"], known["accessKey"], known["secretKey"])
    context = server_context(arguments.folder)
    control = Control()
    caught = await listen(http(control.catch))
    elsewhere = f"http://127.0.0.1:{caught}"
    control.places = make_places(secrets, f"{elsewhere}/.pomerium/sign_in?redirect_uri=x", context)
    for place in control.places.values():
        await place.become("healthy")
    control.doors = Doors(secrets, known["clientSecret"], elsewhere)
    doors = {name: await listen(http(lambda request, name=name: control.doors.answer(name, request)), context)
             for name in Doors.NAMES}  # fmt: skip
    ports = {
        "products": {name: place.port for name, place in control.places.items()}, "doors": doors, "elsewhere": caught,
        "control": await listen(control.serve),
    }  # fmt: skip
    print(f"standin: {len(ports['products'])} products on loopback, none of them real", flush=True)
    partial = arguments.report.with_suffix(".partial")
    partial.write_text(json.dumps(ports))
    partial.replace(arguments.report)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="fopslab.standin_health", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, required=True, help="ca.pem, server.pem and server.key")
    parser.add_argument("--secrets", type=Path, required=True, metavar="FILE", help="the credentials as JSON")
    parser.add_argument("--report", type=Path, required=True, metavar="FILE", help="write the ports there as JSON")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
