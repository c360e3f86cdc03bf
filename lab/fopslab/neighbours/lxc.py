"""Two real busybox containers that see the host's /usr read-only, and a third that is never started."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from fopslab.assets import asset_documents
from fopslab.neighbours.base import Folders, Neighbour
from fopslab.process import log_tail, reap, spawn, stop_processes, wait_until
from fopslab.state import Facts, Lab, Skipped, StartFailed, remove_tree, write_atomically

RUNNING = ("daytona", "langboard")
PARKED = "parked"
PROGRAMS = ("lxc-create", "lxc-start", "lxc-stop", "lxc-attach", "lxc-info", "busybox")
HOST_PYTHON = Path("/usr/bin/python3")
LOCK_ROOT = Path("/run/lxc/lock")
CGROUP_ROOT = Path("/sys/fs/cgroup")
APPARMOR = Path("/sys/module/apparmor/parameters/enabled")
CREATE_SECONDS = 30.0
START_SECONDS = 20.0
STOP_SECONDS = 10.0
# Written last: a container without it was left half made.
MADE = "made"

CONFIGURATION = """\
lxc.net.0.type = empty
lxc.rootfs.path = dir:{rootfs}
lxc.uts.name = {name}
lxc.autodev = 1
lxc.tty.max = 0
lxc.pty.max = 1024
lxc.cap.drop = sys_module mac_admin mac_override sys_time
lxc.cgroup.dir = {cgroup}
lxc.mount.auto = proc:mixed sys:ro
lxc.mount.entry = /usr usr none ro,bind 0 0
lxc.mount.entry = {programs} usr/local/bin none ro,bind 0 0
lxc.mount.entry = shm dev/shm tmpfs defaults,create=dir 0 0
"""
USERS = """\
root:x:0:0:root:/root:/bin/sh
operator:x:1000:1000:operator:/home/operator:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/bin/false
"""
GROUPS = """\
root:x:0:
operator:x:1000:
nogroup:x:65534:
"""


def cgroup_name(lab: Lab) -> str:
    return f"fops-lab-{lab.identity}"


def container_state(lab: Lab, name: str) -> str:
    """RUNNING, STOPPED and so on as lxc-info says, or the empty string."""
    answer = subprocess.run(
        ["lxc-info", "-P", str(lab.root / "lxc"), "-n", name, "-sH"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return answer.stdout.strip() if answer.returncode == 0 else ""


def attach_answers(lab: Lab, name: str) -> bool:
    """Whether the very line that the product sends works in the container."""
    path = str(lab.root / "lxc")
    argv = ["lxc-attach", "-P", path, "-n", name, "--clear-env", "--", "python", "-V"]
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0


def check_machine(lab: Lab) -> None:
    if len(str(lab.root).split()) != 1:
        raise Skipped(f"the busybox template of lxc cannot work below a path with blanks: {lab.root}")
    if os.geteuid() != 0:
        raise Skipped("not root: containers with the host's /usr need root")
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        raise Skipped(f"no {', '.join(missing)} on PATH; on Debian: apt-get install lxc busybox-static")
    if not HOST_PYTHON.exists():
        raise Skipped(f"{HOST_PYTHON} does not exist; on Debian: apt-get install python3")


def configure(lab: Lab, name: str) -> None:
    """Replaces what the template wrote by the few lines that are needed, and gives init nothing to do."""
    container = lab.root / "lxc" / name
    rootfs = container / "rootfs"
    text = CONFIGURATION.format(
        rootfs=rootfs, name=name, cgroup=f"{cgroup_name(lab)}/{name}", programs=lab.root / "lxc-bin"
    )
    for folder in ("lib", "lib32", "lib64", "libx32"):
        if Path("/", folder).is_dir():
            (rootfs / folder).mkdir(exist_ok=True)
            text += f"lxc.mount.entry = /{folder} {folder} none ro,bind 0 0\n"
    # Where the kernel enforces profiles, lxc's own may not be loaded; where it does not, lxc refuses the key.
    if APPARMOR.exists() and APPARMOR.read_text().startswith("Y"):
        text += "lxc.apparmor.profile = unconfined\n"
    write_atomically(container / "config", text)
    (rootfs / "etc/inittab").write_text("")
    (rootfs / "etc/passwd").write_text(USERS)
    (rootfs / "etc/group").write_text(GROUPS)
    (rootfs / "etc/hostname").write_text(f"{name}\n")
    home = rootfs / "home/operator"
    home.mkdir(exist_ok=True)
    os.chown(home, 1000, 1000)
    (container / MADE).write_text("")


def create_containers(lab: Lab) -> None:
    """Makes what is missing, all at once; a container that an interrupted command left half made is made anew."""
    path = lab.folder("lxc")
    # The first folder of the default PATH, so that `python` is the host's own whatever else the host has there.
    programs = lab.folder("lxc-bin", 0o755)
    for word in ("python", "python3"):
        if not (programs / word).is_symlink():
            (programs / word).symlink_to(HOST_PYTHON)
    settings = lab.folder("run") / "lxc-create.conf"
    settings.write_text("lxc.net.0.type = empty\n")
    makers = {}
    for name in (*RUNNING, PARKED):
        if (path / name / MADE).exists():
            continue
        remove_tree(path / name)
        argv = ["lxc-create", "-P", str(path), "-n", name, "-f", str(settings), "-t", "busybox"]
        makers[name] = spawn(lab, "lxc", f"create-{name}", argv)
    for name, maker in makers.items():
        try:
            code = maker.wait(CREATE_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise StartFailed(f"lxc-create of {name} took longer than {CREATE_SECONDS:g} s") from error
        if code != 0:
            raise Skipped(f"lxc-create of {name} failed: {log_tail(lab, 'lxc', f'create-{name}', 3)}")
        (lab.run / f"lxc.create-{name}.pid").unlink(missing_ok=True)
        configure(lab, name)


def start_reason(lab: Lab, name: str) -> str:
    """Why a container did not start: the first errors of its log, which are the cause; later ones are consequences."""
    try:
        lines = (lab.log / f"lxc.{name}.detail.log").read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    errors = [line.split(" - ", 1)[-1] for line in lines if " ERROR " in line]
    return "; ".join(errors[:3]) or log_tail(lab, "lxc", name, 3) or "lxc-start said nothing"


def start(lab: Lab) -> Facts:
    check_machine(lab)
    create_containers(lab)
    path = lab.root / "lxc"
    monitors = {}
    for name in RUNNING:
        detail = lab.folder("log") / f"lxc.{name}.detail.log"
        detail.unlink(missing_ok=True)
        # In the foreground lxc-start is itself the monitor: its end, even by SIGKILL, ends the container.
        argv = ["lxc-start", "-P", str(path), "-n", name, "-F", "-o", str(detail), "-l", "INFO"]
        monitors[name] = spawn(lab, "lxc", name, argv)
    for name, monitor in monitors.items():

        def settled(name: str = name, monitor: subprocess.Popen[bytes] = monitor) -> bool:
            return reap(monitor) or (container_state(lab, name) == "RUNNING" and attach_answers(lab, name))

        wait_until(settled, START_SECONDS, f"container {name} ({start_reason(lab, name)})")
        if reap(monitor):
            raise Skipped(f"container {name} does not start here: {start_reason(lab, name)}")
    return {"path": str(path), "running": list(RUNNING), "parked": PARKED}


def ready(lab: Lab, facts: Facts) -> bool:
    return facts.get("path") == str(lab.root / "lxc") and all(
        container_state(lab, name) == "RUNNING" and attach_answers(lab, name) for name in RUNNING
    )


def stop(lab: Lab) -> None:
    path = lab.root / "lxc"
    if path.is_dir() and shutil.which("lxc-stop"):
        killers = [
            subprocess.Popen(
                ["lxc-stop", "-P", str(path), "-n", name, "-k"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )  # fmt: skip
            for name in RUNNING
            if (path / name / "config").exists()
        ]
        for killer in killers:
            try:
                killer.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                killer.kill()
                killer.wait()
    stop_processes(lab, "lxc")
    remove_cgroups(lab)
    remove_locks(path)


def remove_cgroups(lab: Lab) -> None:
    """lxc removes its cgroups when it ends well; after a SIGKILL they stay. v1 has one tree per controller."""
    roots = [CGROUP_ROOT, *(entry for entry in CGROUP_ROOT.glob("*") if entry.is_dir() and not entry.is_symlink())]
    for root in roots:
        top = root / cgroup_name(lab)
        for folder, _, _ in os.walk(top, topdown=False):
            with suppress(OSError):
                os.rmdir(folder)


def remove_locks(path: Path) -> None:
    """liblxc keeps lock files in a copy of the path below /run and never removes them."""
    folder = LOCK_ROOT / str(path).lstrip("/")
    for name in (*RUNNING, PARKED):
        (folder / f".{name}").unlink(missing_ok=True)
    while folder != LOCK_ROOT and folder.is_dir():
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


def describe(facts: Facts) -> str:
    return f"containers {' '.join(facts['running'])} run below {facts['path']}; {facts['parked']} is made, not started"


def documents(everybody: Mapping[str, Facts]) -> Folders:
    path = everybody["lxc"]["path"]
    return {"local": asset_documents({"driver": "local"}, path, "executor" in everybody)}


NEIGHBOUR = Neighbour(
    name="lxc",
    summary="two busybox containers and a parked one",
    start=start,
    ready=ready,
    describe=describe,
    stop=stop,
    documents=documents,
)
