"""What the built files must be: no state of their own, hardened, and static where they are the product."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from .tree import Finding, Tree

# readelf's and objdump's names of sections that can change at run time
CHANGING = re.compile(r"^(?:\.t?bss(?:\.|$)|\.tdata(?:\.|$)|\.data(?!\.rel\.ro(?:\.|$))(?:\.|$)|\*COM\*$|COMMON$)")
# names of objects that may change at run time: none
ALLOWED_STATE: frozenset[str] = frozenset()


def read(*command: str | Path) -> str:
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
                          env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"}).stdout


def place_of(tree: Tree, room: str, member: str, symbol: str) -> tuple[str, int]:
    """The source line that a symbol of an archive member comes from."""
    name = symbol.split(".")[0]
    candidates = [file for file in tree.product if file.path.endswith(".c") and member.endswith(f"{Path(file.path).name}.o")]
    candidates.sort(key=lambda file: room not in file.path)
    for file in candidates:
        match = next(file.words(rf"\b{re.escape(name)}\b"), None)
        if match:
            return file.path, file.line_at(match.start())
    return candidates[0].path if candidates else member, 1


def check_state(tree: Tree, archives: list[Path]) -> list[Finding]:
    """Objects of the archives that live in memory which can be written to."""
    found = []
    for archive in archives:
        member = archive.name
        for line in read("objdump", "-t", archive).splitlines():
            if header := re.match(r"^(\S+):\s+file format", line):
                member = Path(header[1]).name
            symbol = re.match(r"^[0-9a-f]+ (.{7}) (\S+)\s+([0-9a-f]+) (?:\.hidden )?(\S+)$", line)
            # O marks an object; common ones carry their section alone
            if symbol and ("O" in symbol[1] or "COM" in symbol[2]) and CHANGING.match(symbol[2]) and symbol[4] not in ALLOWED_STATE:
                path, number = place_of(tree, archive.stem.removeprefix("lib"), member, symbol[4])
                found.append(Finding(path, number, "no-state", f"{symbol[4]} can change at run time ({symbol[2]}); make it const or "
                                     "pass it as a parameter"))
    return found


def check_hardening(binary: Path, name: str) -> list[Finding]:
    header, program = read("readelf", "-hW", binary), read("readelf", "-lW", binary)
    dynamic, symbols = read("readelf", "-dW", binary), read("readelf", "-sW", binary)
    wants = (
        (re.search(r"Type:\s+DYN", header), "it is no position-independent executable"),
        ("GNU_RELRO" in program, "it has no read-only relocations (RELRO)"),
        ("BIND_NOW" in dynamic or re.search(r"FLAGS_1.*\bNOW\b", dynamic), "it binds lazily (BIND_NOW is missing)"),
        (re.search(r"GNU_STACK\s.*\sRW\s", program), "its stack is executable"),
        ("__stack_chk_fail" in symbols, "it has no stack protector"),
    )
    return [Finding(name, 1, "hardening", reason) for good, reason in wants if not good]


def check_static(binary: Path, name: str) -> list[Finding]:
    found = []
    described = read("file", "-b", binary)
    if not re.search(r"\bstatic(?:-pie|ally) linked\b", described):
        found.append(Finding(name, 1, "static", f"it is not statically linked: {described.strip()}"))
    if re.search(r"^\s*INTERP\b", read("readelf", "-lW", binary), re.MULTILINE):
        found.append(Finding(name, 1, "static", "it asks for an interpreter"))
    if "(NEEDED)" in read("readelf", "-dW", binary):
        found.append(Finding(name, 1, "static", "it needs shared libraries"))
    return found
