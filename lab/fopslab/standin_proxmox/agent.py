"""The guest agent's way with commands (qga/commands.c, glib's g_spawn), in a real container.

No shell, no environment of the caller, folder /, no input but what came with the call; output is kept, up to 16 MiB a
stream, until one reply that says `exited` took it along. A process counts as exited when it is dead and both of its
pipes are closed, so a background child keeps it from that.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from dataclasses import dataclass, field
from typing import Any

from fopslab.standin_proxmox.refusal import Refusal

MOST_OUTPUT = 16 * 1024 * 1024
CHUNK = 1024 * 1024
MOST_FILE = 16 * 1024 * 1024
AGENT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Runs in the container. It reports on descriptor 3: the number that the process has there, a failure of exec, the end.
LAUNCHER = r"""
import errno, json, os, signal, sys
def tell(**words):
    os.write(3, json.dumps(words).encode() + b"\n")
words = [os.fsencode(word) for word in sys.argv[2:]]
again, broken = os.pipe()
os.set_inheritable(3, False)
child = os.fork()
if child == 0:
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.close(again)
    for entry in os.listdir("/proc/self/fd"):
        if int(entry) > 2 and int(entry) != broken:
            try:
                os.close(int(entry))
            except OSError:
                pass
    os.chdir("/")
    try:
        os.execvpe(words[0], words, {"PATH": sys.argv[1]})
    except OSError as error:
        if error.errno == errno.ENOEXEC and b"/" in words[0]:
            os.execve("/bin/sh", [b"/bin/sh", *words], {"PATH": sys.argv[1]})
        os.write(broken, str(error.errno).encode())
    os._exit(127)
os.close(broken)
empty = os.open("/dev/null", os.O_RDWR)
for number in (0, 1, 2):
    os.dup2(empty, number)
failed = os.read(again, 16)
if failed:
    tell(failed=os.strerror(int(failed)))
    sys.exit(0)
tell(pid=child)
tell(status=os.waitpid(child, 0)[1])
"""


@dataclass
class Stream:
    data: bytearray = field(default_factory=bytearray)
    truncated: bool = False


@dataclass
class Command:
    """One process that the agent knows."""

    pid: int
    status: int | None = None
    out: Stream = field(default_factory=Stream)
    err: Stream = field(default_factory=Stream)
    done: bool = False


def agent_error(text: str) -> Refusal:
    return Refusal(500, f"Agent error: {text}")


async def collect(reader: asyncio.StreamReader, stream: Stream) -> None:
    while data := await reader.read(CHUNK):
        room = MOST_OUTPUT - len(stream.data)
        stream.data += data[:room]
        stream.truncated |= len(data) > room


async def feed(writer: asyncio.StreamWriter, data: bytes) -> None:
    with contextlib.suppress(OSError):
        writer.write(data)
        await writer.drain()
    writer.close()


class Agent:
    """The agent of one guest, whose commands run in a container."""

    def __init__(self, lxc_path: str) -> None:
        self.lxc_path = lxc_path
        self.commands: dict[tuple[int, int], Command] = {}
        self.groups: set[int] = set()
        self.tasks: set[asyncio.Task[None]] = set()

    async def _launch(
        self, container: str, words: list[bytes], given: bytes | None
    ) -> tuple[asyncio.subprocess.Process, asyncio.StreamReader]:
        report, told = os.pipe()

        def prepare() -> None:
            os.dup2(told, 3)

        argv = ["lxc-attach", "-P", self.lxc_path, "-n", container, "--clear-env", "--", "/usr/bin/python3", "-I",
                "-S", "-c", LAUNCHER, AGENT_PATH, *words]  # fmt: skip
        try:
            process = await asyncio.create_subprocess_exec(
                *argv, stdin=asyncio.subprocess.DEVNULL if given is None else asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, pass_fds=(3,),
                preexec_fn=prepare, start_new_session=True, cwd="/", limit=CHUNK,
            )  # fmt: skip
        finally:
            os.close(told)
        self.groups.add(process.pid)
        reader = asyncio.StreamReader(limit=CHUNK)
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(report, "rb")
        )
        return process, reader

    async def execute(self, vmid: int, container: str, words: list[bytes], given: bytes | None) -> int:
        """Starts a command; returns its number in the guest."""
        process, reader = await self._launch(container, words, given)
        command = Command(0)
        assert process.stdout and process.stderr
        jobs = [collect(process.stdout, command.out), collect(process.stderr, command.err)]
        if given is not None:
            assert process.stdin
            self._keep(feed(process.stdin, given))
        gathered = asyncio.gather(*jobs)
        first = json.loads(await reader.readline() or b"{}")
        if "pid" not in first:
            await gathered
            await process.wait()
            self.groups.discard(process.pid)
            if "failed" not in first:
                raise Refusal(500, "QEMU guest agent is not running")
            name = words[0].decode(errors="replace")
            text = f"Failed to execute child process \u201c{name}\u201d ({first['failed']})"
            raise agent_error(f"Guest agent command failed, error was '{text}'")
        command.pid = first["pid"]
        self.commands[vmid, command.pid] = command

        async def watch() -> None:
            last = json.loads(await reader.readline() or b"{}")
            command.status = last.get("status", signal.SIGKILL.value)
            await gathered
            await process.wait()
            self.groups.discard(process.pid)
            command.done = True

        self._keep(watch())
        return command.pid

    def _keep(self, job: Any) -> None:
        task = asyncio.create_task(job)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def result(self, vmid: int, pid: int) -> dict[str, Any]:
        """What is known; the reply that says `exited` is the last one that knows the process."""
        command = self.commands.get((vmid, pid))
        if command is None:
            raise agent_error(f"PID {pid} does not exist")
        if not command.done:
            return {"exited": 0}
        del self.commands[vmid, pid]
        status = command.status or 0
        found: dict[str, Any] = {"exited": 1}
        if os.WIFSIGNALED(status):
            found["signal"] = os.WTERMSIG(status)
        else:
            found["exitcode"] = os.WEXITSTATUS(status)
        for name, stream in (("out", command.out), ("err", command.err)):
            if stream.data:
                found[f"{name}-data"] = stream.data.decode("latin-1")
            if stream.truncated:
                found[f"{name}-truncated"] = 1
        return found

    async def _plain(self, container: str, words: list[bytes], given: bytes | None) -> tuple[bytes, bytes]:
        process, _ = await self._launch(container, words, given)
        answer = await process.communicate(given)
        self.groups.discard(process.pid)
        return answer

    async def read_file(self, container: str, path: bytes) -> dict[str, Any]:
        out, err = await self._plain(container, [b"head", b"-c", b"%d" % (MOST_FILE + 1), b"--", path], None)
        if err:
            raise file_error(path, "r", err)
        found = {"content": out[:MOST_FILE].decode("latin-1"), "bytes-read": min(len(out), MOST_FILE)}
        return {**found, "truncated": 1} if len(out) > MOST_FILE else found

    async def write_file(self, container: str, path: bytes, data: bytes) -> None:
        _, err = await self._plain(container, [b"dd", b"status=none", b"of=" + path], data)
        if err:
            raise file_error(path, "wb", err)

    def stop(self) -> None:
        """Ends what still runs."""
        for group in self.groups:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)


def file_error(path: bytes, mode: str, said: bytes) -> Refusal:
    reason = said.decode(errors="replace").strip().rpartition(": ")[2]
    return agent_error(f"failed to open file '{path.decode(errors='replace')}' (mode: '{mode}'): {reason}")
