"""A real LXD, whose API is Incus', with a state folder of its own and two containers that see the host's /usr."""

from __future__ import annotations

import base64
import http.client
import io
import json
import os
import shutil
import socket
import ssl
import tarfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from fopslab.assets import API_VERSION, runtime_asset
from fopslab.executor.certificates import make_issuer
from fopslab.kube.certificates import Wanted, fingerprint_of, issue, pin_of
from fopslab.neighbours.base import Document, Folders, Neighbour
from fopslab.neighbours.lxc import APPARMOR, CGROUP_ROOT, GROUPS, HOST_PYTHON, PARKED, USERS, remove_locks
from fopslab.neighbours.ssh import free_port
from fopslab.process import end_processes, log_tail, marked_pids, reap, spawn, stop_processes, wait_until
from fopslab.relay import relay_ready, start_relay, start_reporting
from fopslab.state import Facts, Lab, Skipped, StartFailed, remove_tree, write_atomically

SERVER_NAME = "incus.lab"
RUNNING = "daytona"
ENDPOINT = "lab-incus"
TOKEN = "incus-token"
START_SECONDS = 30.0
ATTEMPTS = 5
# A local socket's path has 107 bytes; the longest of the server's is this.
LONGEST_ROOT = 107 - len("/incus/state/seccomp.socket")
# Nothing listens there: what the server would fetch from the world outside fails at once.
NOWHERE = "http://127.0.0.1:9"
CONFIGURATION = """\
lxc.cgroup.dir = {cgroup}/{name}
lxc.mount.entry = /usr usr none ro,bind 0 0
lxc.mount.entry = {programs} usr/local/bin none ro,bind 0 0
"""
FOLDERS = ("bin", "dev", "etc", "home", "lib", "lib32", "lib64", "libx32", "mnt", "proc", "root", "run", "sbin", "sys",
           "tmp", "usr", "var")  # fmt: skip


class LocalConnection(http.client.HTTPConnection):
    """Speaks to the server as its owner, through its local socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("incus", timeout=START_SECONDS)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


def ask(connection: http.client.HTTPConnection, method: str, path: str, body: object = None) -> Any:
    """The metadata of an answer; waits for the operation that a request started."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request(method, path, data if body is not None else None)
    answer = json.loads(connection.getresponse().read())
    if answer["type"] == "async":
        answer = ask(connection, "GET", f"{answer['operation']}/wait")
        if answer["status_code"] != 200:
            raise StartFailed(f"{method} {path}: {answer['err']}")
        return answer["metadata"]
    if answer["type"] == "error":
        raise StartFailed(f"{method} {path}: {answer['error']}")
    return answer["metadata"]


def cgroup_name(lab: Lab) -> str:
    return f"fops-lab-{lab.identity}-incus"


def check_machine(lab: Lab) -> str:
    """The program; raises when the machine lacks something."""
    if os.geteuid() != 0:
        raise Skipped("not root: containers with the host's /usr need root")
    if len(str(lab.root).split()) != 1 or len(str(lab.root)) > LONGEST_ROOT:
        raise Skipped(f"the lab's path is longer than {LONGEST_ROOT} bytes or has blanks: {lab.root}")
    program = shutil.which("lxd")
    if program is None or shutil.which("busybox") is None:
        raise Skipped("no lxd or no busybox on PATH; on Debian: apt-get install lxd busybox-static")
    if not HOST_PYTHON.exists():
        raise Skipped(f"{HOST_PYTHON} does not exist; on Debian: apt-get install python3")
    return program


def pack_image() -> bytes:
    """A root of busybox alone, whose init has nothing to do."""
    packed = io.BytesIO()
    busybox = Path(shutil.which("busybox") or "/bin/busybox").read_bytes()
    metadata = b"architecture: x86_64\ncreation_date: 1700000000\nproperties: {description: lab}\n"
    metadata = metadata.replace(b"x86_64", os.uname().machine.encode())
    with tarfile.open(fileobj=packed, mode="w") as archive:

        def add(name: str, kind: bytes, data: bytes = b"", mode: int = 0o755, link: str = "", owner: int = 0) -> None:
            info = tarfile.TarInfo(name)
            info.type, info.size, info.mode, info.linkname = kind, len(data), mode, link
            info.uid = info.gid = owner
            archive.addfile(info, io.BytesIO(data))

        add("metadata.yaml", tarfile.REGTYPE, metadata, 0o644)
        add("rootfs", tarfile.DIRTYPE)
        for folder in FOLDERS:
            add(f"rootfs/{folder}", tarfile.DIRTYPE, mode=0o1777 if folder == "tmp" else 0o755)
        add("rootfs/home/operator", tarfile.DIRTYPE, owner=1000)
        add("rootfs/bin/busybox", tarfile.REGTYPE, busybox)
        add("rootfs/bin/sh", tarfile.SYMTYPE, link="busybox")
        add("rootfs/sbin/init", tarfile.SYMTYPE, link="../bin/busybox")
        add("rootfs/etc/inittab", tarfile.REGTYPE, mode=0o644)
        add("rootfs/etc/passwd", tarfile.REGTYPE, USERS.encode(), 0o644)
        add("rootfs/etc/group", tarfile.REGTYPE, GROUPS.encode(), 0o644)
    return packed.getvalue()


def instance(lab: Lab, name: str, image: str) -> Document:
    raw = CONFIGURATION.format(cgroup=cgroup_name(lab), name=name, programs=lab.root / "incus/bin")
    for folder in ("lib", "lib32", "lib64", "libx32"):
        if Path("/", folder).is_dir():
            raw += f"lxc.mount.entry = /{folder} {folder} none ro,bind 0 0\n"
    if APPARMOR.exists() and APPARMOR.read_text().startswith("Y"):
        raw += "lxc.apparmor.profile = unconfined\n"
    return {
        "name": name, "type": "container", "source": {"type": "image", "fingerprint": image}, "profiles": [],
        "config": {"security.privileged": "true", "raw.lxc": raw},
        "devices": {"root": {"type": "disk", "path": "/", "pool": "default"}},
    }  # fmt: skip


def make_certificates(folder: Path) -> Facts:
    """The server's and the client's certificates, and one of a stranger whom the same authority knows."""
    issuer = make_issuer("fops lab incus authority")
    authority = issuer.certificate
    wanted = Wanted("server", SERVER_NAME, names=(SERVER_NAME, "localhost", "127.0.0.1"))
    server = issue(issuer, folder, wanted)
    for name in ("client", "stranger"):
        issue(issuer, folder, Wanted(name, f"fops {name}"))
    (folder / "ca.pem").write_bytes(authority.public_bytes(Encoding.PEM))
    facts: Facts = {"pin": pin_of(server), "fingerprint": fingerprint_of(server), "ca": str(folder / "ca.pem")}
    for name in ("client", "stranger"):
        facts[name] = {"certificate": str(folder / f"{name}.pem"), "key": str(folder / f"{name}.key")}
    return facts


def set_up(lab: Lab, local: http.client.HTTPConnection, folder: Path) -> None:
    """What `lxd init`, an import of an image and two launches would do."""
    text = (folder / "client.pem").read_text()
    certificate = base64.b64encode(ssl.PEM_cert_to_DER_cert(text)).decode()
    ask(local, "POST", "/1.0/certificates", {"type": "client", "name": "fops", "certificate": certificate})
    ask(local, "POST", "/1.0/storage-pools", {"name": "default", "driver": "dir"})
    image = ask(local, "POST", "/1.0/images", pack_image())["fingerprint"]
    for name in (RUNNING, PARKED):
        ask(local, "POST", "/1.0/instances", instance(lab, name, image))
    ask(local, "PUT", f"/1.0/instances/{RUNNING}/state", {"action": "start", "timeout": -1})


def listen(local: http.client.HTTPConnection) -> int:
    """Opens the API on loopback, on another port when somebody took one in between."""
    for attempt in range(ATTEMPTS):
        port = free_port()
        settings = {"core.https_address": f"127.0.0.1:{port}", "images.auto_update_interval": "0"}
        try:
            ask(local, "PATCH", "/1.0", {"config": settings})
        except StartFailed:
            if attempt == ATTEMPTS - 1:
                raise
        else:
            return port
    raise AssertionError


def local_answers(state: Path) -> bool:
    try:
        ask(LocalConnection(state / "unix.socket"), "GET", "/1.0")
    except (OSError, ValueError, KeyError, StartFailed, http.client.HTTPException):
        return False
    return True


def start_gate(lab: Lab, folder: Path, port: int) -> Facts:
    """A door that lets in whoever has the token, and goes to the server with the client's certificate."""
    token = lab.folder("secrets") / TOKEN
    lab.secret(TOKEN)
    words = ["fopslab.standin_tokengate", "--to", str(port), "--folder", str(folder), "--token-file", str(token)]
    return start_reporting(lab, "incus", "standin-tokengate", words)


def start(lab: Lab) -> Facts:
    program = check_machine(lab)
    folder, state, programs = lab.folder("incus/tls"), lab.folder("incus/state", 0o711), lab.folder("incus/bin", 0o755)
    lab.folder("incus").chmod(0o711)
    for word in ("python", "python3"):
        (programs / word).symlink_to(HOST_PYTHON)
    facts = make_certificates(folder)
    shutil.copyfile(folder / "server.pem", state / "server.crt")
    write_atomically(state / "server.key", (folder / "server.key").read_text(), 0o600)
    environment = {"LXD_DIR": str(state), "HOME": str(folder), "HTTPS_PROXY": NOWHERE, "HTTP_PROXY": NOWHERE}
    process = spawn(lab, "incus", "server", [program, "--verbose"], environment)
    wait_until(lambda: reap(process) or local_answers(state), START_SECONDS, "lxd")
    if reap(process):
        raise Skipped(f"lxd does not start here: {log_tail(lab, 'incus', 'server', 3)}")
    local = LocalConnection(state / "unix.socket")
    try:
        set_up(lab, local, folder)
    except StartFailed as error:
        raise Skipped(f"lxd runs no containers here: {error}") from error
    port = listen(local)
    version = ask(local, "GET", "/1.0")["environment"]
    local.close()
    gate = start_gate(lab, folder, port)
    facts.update(
        port=port,
        serverName=SERVER_NAME,
        server=f"{version['server']} {version['server_version']}",
        state=str(state),
        running=[RUNNING],
        parked=PARKED,
        project="default",
        tokenFile=str(lab.root / "secrets" / TOKEN),
        gate=gate,
        relay=start_relay(lab, "incus", port),
        wsRelay=start_ws_relay(lab, folder, gate["port"]),
    )
    return facts


def start_ws_relay(lab: Lab, folder: Path, port: int) -> Facts:
    words = [
        "fopslab.wsproxy", "--to", str(port), "--server-name", SERVER_NAME, "--ca", str(folder / "ca.pem"),
        "--certificate", str(folder / "server.pem"), "--key", str(folder / "server.key"),
    ]  # fmt: skip
    return start_reporting(lab, "incus", "ws-relay", words)


def ready(_lab: Lab, facts: Facts) -> bool:
    context = ssl.create_default_context(cafile=facts["ca"])
    context.load_cert_chain(facts["client"]["certificate"], facts["client"]["key"])
    connection = http.client.HTTPSConnection("127.0.0.1", facts["port"], timeout=5, context=context)
    try:
        running = ask(connection, "GET", f"/1.0/instances/{RUNNING}")["status"] == "Running"
    except (OSError, ValueError, KeyError, StartFailed, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return running and gate_answers(facts) and all(relay_ready(facts[name]) for name in ("relay", "wsRelay"))


def gate_answers(facts: Facts) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", facts["gate"]["port"]), timeout=5):
        return True
    return False


def end_containers(lab: Lab) -> None:
    """The containers outlive their server; their cgroups tell who belongs to them."""
    roots = [CGROUP_ROOT, *(entry for entry in CGROUP_ROOT.glob("*") if entry.is_dir() and not entry.is_symlink())]
    folders = [folder for root in roots for folder, _, _ in os.walk(root / cgroup_name(lab), topdown=False)]
    found: set[int] = set()
    for folder in folders:
        with suppress(OSError):
            found.update(int(word) for word in Path(folder, "cgroup.procs").read_text().split() if word != "0")
    end_processes(found, 0.0)
    for folder in folders:
        with suppress(OSError):
            os.rmdir(folder)


def stop(lab: Lab) -> None:
    stop_processes(lab, "incus", 0.5)
    end_containers(lab)
    end_processes(marked_pids(lab, "incus"), 0.0)
    end_containers(lab)
    remove_tree(lab.root / "incus")
    remove_locks(lab.root / "incus/state/containers")


def describe(facts: Facts) -> str:
    return (
        f"{facts['server']} on https://127.0.0.1:{facts['port']}, relay on 127.0.0.1:{facts['relay']['port']}, "
        f"standin token gate on 127.0.0.1:{facts['gate']['port']}"
    )


def endpoint(facts: Facts, suffix: str, port: int, **auth: str) -> Document:
    spec: Document = {
        "id": f"{ENDPOINT}-{suffix}" if suffix else ENDPOINT,
        "plane": "incus",
        "executorUrl": f"https://127.0.0.1:{port}",
        "auth": auth,
        "tls": {"ca": Path(facts["ca"]).read_text(), "serverName": SERVER_NAME},
    }
    return {"apiVersion": API_VERSION, "kind": "Endpoint", "spec": spec}


def asset(asset_id: str, role: str, container: str = RUNNING, door: str = "", **more: Any) -> Document:
    driver = {"driver": "incus", "incus": {"endpoint": f"{ENDPOINT}-{door}" if door else ENDPOINT}}
    driver["incus"]["project"] = more.pop("project", "default")  # type: ignore[index]
    return runtime_asset(asset_id, role, container, driver, "", **more)


def documents(everybody: Mapping[str, Facts]) -> Folders:
    facts = everybody["incus"]
    refs = {"certificateRef": "env://FOPS_LAB_INCUS_CERTIFICATE", "keyRef": "env://FOPS_LAB_INCUS_KEY"}
    stranger = {key: f"{value.replace('INCUS_', 'INCUS_STRANGER_')}" for key, value in refs.items()}
    token = {"mode": "bearer", "secretRef": "env://FOPS_LAB_INCUS_TOKEN"}
    wrong = {"mode": "bearer", "secretRef": "env://FOPS_LAB_INCUS_WRONG_TOKEN"}
    gate, workspace, states = facts["gate"]["port"], {"labels": {"room": "workspace"}}, {"labels": {"room": "states"}}
    return {
        "incus": [
            endpoint(facts, "", facts["port"], mode="client-certificate", **refs),
            endpoint(facts, "stranger", facts["port"], mode="client-certificate", **stranger),
            endpoint(facts, "relay", facts["relay"]["port"], mode="client-certificate", **refs),
            endpoint(facts, "token", gate, **token),
            endpoint(facts, "wrong", gate, **wrong),
            endpoint(facts, "ws-relay", facts["wsRelay"]["port"], **token),
            asset("daytona-01", "daytona_runtime", **workspace),
            asset("parked-01", "parked_runtime", PARKED, **workspace),
            asset("missing-01", "missing_runtime", "missing", **states),
            asset("project-01", "missing_project_runtime", project="nowhere", **states),
            asset("gated-01", "gated_runtime", policy={"run": "proposal", "request": "proposal"}),
            asset("daytona-01-a", "twin_runtime", **workspace),
            asset("daytona-01-b", "twin_runtime", **workspace),
            *(
                asset(f"{name}-01", f"{name.replace('-', '_')}_runtime", door=name, labels={"room": "doors"})
                for name in ("token", "wrong", "stranger", "relay", "ws-relay")
            ),
        ]
    }


def environment(lab: Lab, facts: Facts) -> dict[str, str]:
    found = {"FOPS_LAB_INCUS_TOKEN": lab.secret(TOKEN), "FOPS_LAB_INCUS_WRONG_TOKEN": "not-the-token-of-this-lab"}
    for name, infix in (("client", ""), ("stranger", "STRANGER_")):
        for part in ("certificate", "key"):
            found[f"FOPS_LAB_INCUS_{infix}{part.upper()}"] = Path(facts[name][part]).read_text()
    return found


NEIGHBOUR = Neighbour(
    name="incus",
    summary="a real LXD (the API of Incus) with two containers; a standin gate that takes tokens",
    start=start,
    ready=ready,
    describe=describe,
    stop=stop,
    documents=documents,
    environment=environment,
)
