"""Third-party headers in one file each, headers that only some may include, and headers that compile alone."""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict

from .tree import CFile, Finding, Tree, room_of

# header pattern -> library; a library is included by one file of the product
LIBRARIES = {
    r"yaml\.h": "libyaml",
    r"(cjson/)?cJSON\.h": "cJSON",
    r"curl/.*": "libcurl",
    r"openssl/.*": "OpenSSL",
    r"z(lib|conf)\.h": "zlib",
    r"git2(\.h|/.*)": "libgit2",
    r"libssh2\.h": "libssh2",
    r"nghttp2/.*": "nghttp2",
}
# digests, TLS and signatures live in different rooms
ONE_FILE_PER_ROOM = {"OpenSSL"}
# a header that carries a library to several files: who may include it
CARRIERS = {
    "http_easy.h": r"src/net/(dialog|http_easy|http_multi|http_transfer|websocket_link)\.c",
    "git_source_library.h": r"src/contract/git_source_(library|tree|fetch)\.c",
}
PROCESS_HEADER = "fops/base/process.h"
PROCESS_USERS = r"src/asset/.*|src/base/(process|branch)\.c|src/cli/(pager|extension)\.c|src/flow/env_exec\.c"
SECRET_USERS = r"src/net/http[^/]*\.c|src/net/secret\.c|src/net/sigv4\.c|src/asset/.*|include/fops/net/secret\.h"
COMPILE_FLAGS = ["-std=c17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-x", "c"]


def library_of(name: str) -> str | None:
    return next((library for pattern, library in LIBRARIES.items() if re.fullmatch(pattern, name)), None)


def check_libraries(tree: Tree) -> list[Finding]:
    users: dict[tuple[str, str | None], dict[str, int]] = defaultdict(dict)
    for file in tree.product:
        for include in file.includes:
            library = library_of(include.name)
            if library is not None:
                room = room_of(file.path) if library in ONE_FILE_PER_ROOM else None
                users[library, room].setdefault(file.path, include.line)
    found = []
    for (library, room), files in users.items():
        if len(files) > 1:
            where = f" of the room {room}" if room else ""
            found += [Finding(path, line, "one-includer", f"{library} is included by {len(files)} files{where}: "
                              f"{', '.join(sorted(files))}") for path, line in files.items()]
    return found + check_carriers(tree)


def check_carriers(tree: Tree) -> list[Finding]:
    return [Finding(file.path, include.line, "one-includer", f"{include.name} carries a library to {CARRIERS[include.name]} alone")
            for file in tree.product for include in file.includes
            if include.name in CARRIERS and not re.fullmatch(CARRIERS[include.name], file.path)]


def check_process(tree: Tree) -> list[Finding]:
    return [Finding(file.path, include.line, "process", "only adapters, infra exec, the pager and extensions may start programs")
            for file in tree.product for include in file.includes
            if include.name == PROCESS_HEADER and not re.fullmatch(PROCESS_USERS, file.path)]


def check_secrets(tree: Tree) -> list[Finding]:
    return [Finding(file.path, file.line_at(match.start()), "secret", "secret values are read by the HTTP client and adapters alone")
            for file in tree.product if not re.fullmatch(SECRET_USERS, file.path)
            for match in file.words(r"\bsecret_expose\b")]


def is_fragment(file: CFile) -> bool:
    """A table that is included with a macro defined says so in its first line."""
    return "include with" in file.text.split("\n", 1)[0]


def check_alone(tree: Tree, compiler: str) -> list[Finding]:
    """Each header twice in an otherwise empty file."""
    found = []
    for file in tree.product:
        if not file.path.endswith(".h") or is_fragment(file):
            continue
        name = file.path.removeprefix("include/")
        source = f'#include "{name}"\n#include "{name}"\nextern int unused;\n'
        done = subprocess.run([compiler, *COMPILE_FLAGS, "-Iinclude", "-I.", "-"], cwd=tree.root, input=source, text=True,
                              capture_output=True, check=False)
        if done.returncode == 0:
            continue
        match = re.search(r"^(?:\./)?([^\s:]+):(\d+):\d+: (?:fatal )?error: (.*)$", done.stderr, re.MULTILINE)
        path, line, text = (match[1], int(match[2]), match[3]) if match else (file.path, 1, done.stderr.strip())
        found.append(Finding(path, line, "alone", f"{file.path} does not compile alone with {compiler}: {text}"))
    return found
