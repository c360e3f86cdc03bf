"""Runs all listeners of the executor in one process; every port is chosen by the kernel and reported in a file."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import uvicorn
import uvloop

from fopslab.executor.raw import HEAD_LIMIT, BenchProtocol, Recorder, serve_bad_answers
from fopslab.executor.routes import make_application

BACKLOG = 4096
CERTIFICATES = ("server", "wrongName", "expired", "untrusted")


class QuietServer(uvicorn.Server):
    """uvicorn without signal handlers: several run in one loop, and the process simply ends by SIGTERM."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(BACKLOG)
    listener.setblocking(False)
    return listener


def port_of(listener: socket.socket) -> int:
    port: int = listener.getsockname()[1]
    return port


async def serve(folder: Path, report: Path, token: str) -> None:
    application = make_application(token)
    loop = asyncio.get_running_loop()
    ports, tasks = {}, []
    for name in CERTIFICATES:
        config = uvicorn.Config(
            application, http="httptools", ws="none", lifespan="off", log_level="warning", access_log=False,
            server_header=False, backlog=BACKLOG, timeout_keep_alive=30,
            ssl_certfile=str(folder / f"{name}.pem"), ssl_keyfile=str(folder / f"{name}.key"),
        )  # fmt: skip
        listener = listen()
        ports[name] = port_of(listener)
        tasks.append(loop.create_task(QuietServer(config).serve(sockets=[listener])))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    servers = []
    for name, handler, tls in (("raw", serve_bad_answers, context), ("recorder", Recorder().serve, None)):
        listener = listen()
        ports[name] = port_of(listener)
        servers.append(await asyncio.start_server(handler, sock=listener, ssl=tls, limit=HEAD_LIMIT, backlog=BACKLOG))
    for name, tls in (("bench", None), ("benchTls", context)):
        listener = listen()
        ports[name] = port_of(listener)
        servers.append(await loop.create_server(BenchProtocol, sock=listener, ssl=tls, backlog=BACKLOG))
    partial = report.with_suffix(".partial")
    partial.write_text(json.dumps(ports))
    partial.replace(report)
    await asyncio.gather(*tasks)


def main() -> None:
    parser = argparse.ArgumentParser(prog="fopslab.executor", description="The executor of the lab.")
    parser.add_argument("--folder", type=Path, required=True, help="where the certificates are")
    parser.add_argument("--report", type=Path, required=True, help="write the ports there as JSON")
    arguments = parser.parse_args()
    # The token comes through the environment only: an argument could be read by everybody in the process list.
    token = os.environ.pop("FOPS_LAB_EXECUTOR_TOKEN", "")
    if not token:
        parser.error("FOPS_LAB_EXECUTOR_TOKEN is not set")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(arguments.folder, arguments.report, token))


if __name__ == "__main__":
    main()
