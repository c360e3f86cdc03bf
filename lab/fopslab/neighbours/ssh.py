"""A real sshd on loopback with keys of its own, and a relay in front of it that can cut the link."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fopslab.assets import asset_documents, runtime_asset
from fopslab.neighbours.base import Folders, Neighbour
from fopslab.process import (
    MARKER_NAME,
    all_pids,
    end_processes,
    log_tail,
    read_records,
    reap,
    spawn,
    start_of,
    stop_processes,
    wait_until,
)
from fopslab.relay import relay_ready, start_relay
from fopslab.state import Facts, Lab, Skipped, StartFailed, write_atomically

START_SECONDS = 10.0
ATTEMPTS = 5
ESTABLISHED = "01"
# sshd refuses to start as root without this folder; the package's own service makes it at boot, other machines lack it.
PRIVILEGE_SEPARATION = Path("/run/sshd")

CONFIGURATION = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
AllowUsers {user}
PidFile none
UsePAM no
UseDNS no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
PrintMotd no
PrintLastLog no
MaxStartups 500
MaxSessions 100
SetEnv {marker_name}={marker}
"""


def find_sshd() -> str:
    path = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if path is None:
        raise Skipped("no sshd; on Debian: apt-get install openssh-server")
    for program in ("ssh", "ssh-keygen"):
        if shutil.which(program) is None:
            raise Skipped(f"no {program} on PATH; on Debian: apt-get install openssh-client")
    return os.path.realpath(path)


def free_port() -> int:
    """A port that was free a moment ago: sshd cannot be asked to choose one itself."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def make_keys(folder: Path) -> None:
    for name in ("host_key", "user_key"):
        if not (folder / f"{name}.pub").exists():
            (folder / name).unlink(missing_ok=True)
            argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(folder / name)]
            subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)
    shutil.copyfile(folder / "user_key.pub", folder / "authorized_keys")


def public_key(folder: Path) -> str:
    return " ".join((folder / "host_key.pub").read_text().split()[:2])


def login_works(facts: Facts) -> bool:
    argv = [
        "ssh", "-F", "none", "-T", "-n", "-i", facts["userKey"], "-p", str(facts["port"]),
        "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=yes",
        "-o", f"UserKnownHostsFile={facts['knownHosts']}", "-o", "GlobalKnownHostsFile=/dev/null",
        "-o", "ConnectTimeout=5", "-l", facts["user"], "--", "127.0.0.1", "true",
    ]  # fmt: skip
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0


def start_server(lab: Lab, program: str, folder: Path, facts: Facts, neighbour: str = "ssh", path: str = "") -> bool:
    """Starts sshd on one port; False when somebody else took the port in between. path: PATH of those who log in."""
    text = CONFIGURATION.format(
        port=facts["port"], folder=folder, user=facts["user"], marker_name=MARKER_NAME, marker=lab.marker(neighbour)
    )
    text = f'{text.rstrip()} "PATH={path}"\n' if path else text
    write_atomically(folder / "sshd_config", text, 0o600)
    write_atomically(folder / "known_hosts", f"[127.0.0.1]:{facts['port']} {facts['hostKey']}\n")
    log = lab.folder("log") / f"{neighbour}.sshd.log"
    server = spawn(lab, neighbour, "sshd", [program, "-D", "-f", str(folder / "sshd_config"), "-E", str(log)])
    wait_until(lambda: reap(server) or login_works(facts), START_SECONDS, f"sshd ({log})")
    if not reap(server):
        return True
    if "Address already in use" in log_tail(lab, neighbour, "sshd"):
        return False
    raise StartFailed(f"sshd ended at once: {log_tail(lab, neighbour, 'sshd')}")


def start_sshd(lab: Lab, folder: Path, neighbour: str = "ssh", path: str = "") -> Facts:
    """A server with keys of its own below a folder, on a port that was free."""
    program = find_sshd()
    if os.geteuid() == 0:
        PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
    make_keys(folder)
    facts: Facts = {
        "user": getpass.getuser(),
        "program": program,
        "hostKey": public_key(folder),
        "userKey": str(folder / "user_key"),
        "knownHosts": str(folder / "known_hosts"),
    }
    for _ in range(ATTEMPTS):
        facts["port"] = free_port()
        if start_server(lab, program, folder, facts, neighbour, path):
            return facts
    raise StartFailed(f"no free port for sshd in {ATTEMPTS} attempts")


def start(lab: Lab) -> Facts:
    facts = start_sshd(lab, lab.folder("ssh"))
    facts["relay"] = start_relay(lab, "ssh", facts["port"])
    return facts


def ready(_lab: Lab, facts: Facts) -> bool:
    return login_works(facts) and relay_ready(facts["relay"])


def connection_pids(lab: Lab, facts: Facts, neighbour: str = "ssh") -> list[int]:
    """The sshd processes that serve open connections. They leave the group of the listener and overwrite their
    environment, so they are known by program, port and age only."""
    started = [record.start for name, record in read_records(lab, neighbour).items() if name == "sshd"]
    if not started:
        return []
    local = f"0100007F:{facts['port']:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    sockets = {f"socket:[{row[9]}]" for row in rows if row[1] == local and row[3] == ESTABLISHED}
    found = []
    for pid in all_pids():
        try:
            if os.readlink(f"/proc/{pid}/exe") != facts["program"] or (start_of(pid) or 0) < started[0]:
                continue
            links = {os.readlink(entry.path) for entry in os.scandir(f"/proc/{pid}/fd")}
        except OSError:
            continue
        if links & sockets:
            found.append(pid)
    return found


def stop(lab: Lab) -> None:
    facts = lab.load_facts("ssh")
    connections = connection_pids(lab, facts) if facts else []
    stop_processes(lab, "ssh")
    end_processes(connections)


def describe(facts: Facts) -> str:
    return f"sshd for {facts['user']} on 127.0.0.1:{facts['port']}, relay on 127.0.0.1:{facts['relay']['port']}"


def driver(facts: Facts, port: int) -> dict[str, Any]:
    return {
        "driver": "ssh",
        "ssh": {
            "host": "127.0.0.1",
            "port": port,
            "user": facts["user"],
            "hostKeys": [facts["hostKey"]],
            "identityRef": "env://FOPS_LAB_SSH_KEY",
        },
    }


def documents(everybody: Mapping[str, Facts]) -> Folders:
    facts, path = everybody["ssh"], everybody["lxc"]["path"]
    relayed = driver(facts, facts["relay"]["port"])
    return {
        "ssh": asset_documents(driver(facts, facts["port"]), path, "executor" in everybody),
        "faults": [runtime_asset("relay-01", "relay_runtime", "daytona", relayed, path)],
    }


def environment(_lab: Lab, facts: Facts) -> dict[str, str]:
    return {"FOPS_LAB_SSH_KEY": Path(facts["userKey"]).read_text()}


NEIGHBOUR = Neighbour(
    name="ssh",
    summary="sshd with its own keys, and a relay that can fail on demand",
    start=start,
    ready=ready,
    describe=describe,
    needs=("lxc",),
    stop=stop,
    documents=documents,
    environment=environment,
)
