"""Real git over ssh and over https: one bare repository with a topology, behind sshd and behind nginx with git's own backend."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives.serialization import Encoding

from fopslab.assets import asset_documents
from fopslab.executor.certificates import VALID_DAYS, issue, make_issuer
from fopslab.neighbours.base import Contexts, Neighbour
from fopslab.neighbours.nginx import find_nginx, nginx_words, password_line, trusting
from fopslab.neighbours.ssh import connection_pids, start_sshd
from fopslab.process import end_processes, spawn, stop_processes, wait_until
from fopslab.real import answers, start_server
from fopslab.relay import relay_ready, start_relay
from fopslab.state import Facts, Lab, Skipped, remove_tree, write_atomically

NAME = "git"
USER = "reader"
BRANCH = "main"
# A name rather than an address: not every TLS library under libgit2 finds addresses in certificates.
SERVER_NAME = "localhost"
START_SECONDS = 10.0
BACKEND = "/usr/lib/git-core/git-http-backend"
KEY_VARIABLE = "FOPS_LAB_GIT_KEY"
TOKEN_VARIABLE = "FOPS_LAB_GIT_TOKEN"
IDENTITY = {"GIT_AUTHOR_NAME": "lab", "GIT_AUTHOR_EMAIL": "lab@example.test", "GIT_COMMITTER_NAME": "lab",
            "GIT_COMMITTER_EMAIL": "lab@example.test"}  # fmt: skip
SERVER = """\
	server {{
		listen 127.0.0.1:{port} ssl;
		location = /health {{ return 200 "ok"; }}
		location ~ ^/git(/.+)$ {{
			auth_basic "lab";
			auth_basic_user_file {folder}/users;
			fastcgi_pass 127.0.0.1:{backend};
			fastcgi_param SCRIPT_FILENAME {program};
			fastcgi_param GIT_PROJECT_ROOT {folder}/repositories;
			fastcgi_param GIT_HTTP_EXPORT_ALL 1;
			fastcgi_param PATH_INFO $1;
			fastcgi_param REMOTE_USER $remote_user;
			fastcgi_param QUERY_STRING $query_string;
			fastcgi_param REQUEST_METHOD $request_method;
			fastcgi_param CONTENT_TYPE $content_type;
			fastcgi_param CONTENT_LENGTH $content_length;
			fastcgi_param HTTP_CONTENT_ENCODING $http_content_encoding;
		}}
	}}
"""


def git(folder: Path, *words: str, text: str | None = None) -> str:
    """Runs git without the settings of user and machine."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", **IDENTITY}
    done = subprocess.run(["git", *words], cwd=folder, env=environment, check=True, capture_output=True, text=True, input=text)
    return done.stdout.strip()


def commit(work: Path, files: Mapping[str, str], message: str) -> str:
    """Writes files into a working copy, commits and pushes them; returns the commit."""
    for name, text in files.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(text)
    git(work, "add", "-A")
    git(work, "commit", "-q", "-m", message)
    git(work, "push", "-q", "origin", f"HEAD:{BRANCH}")
    return git(work, "rev-parse", "HEAD")


def make_repository(folder: Path) -> tuple[Path, Path]:
    """A bare repository and a working copy that pushes to it."""
    bare, work = folder / "repositories" / "topology.git", folder / "work"
    if not bare.exists():
        bare.parent.mkdir(exist_ok=True)
        git(folder, "init", "-q", "--bare", "-b", BRANCH, str(bare))
        git(folder, "clone", "-q", str(bare), str(work))
        git(work, "checkout", "-q", "-B", BRANCH)
        documents = asset_documents({"driver": "local"}, "", False)
        commit(work, {"contracts/assets.yaml": yaml.safe_dump_all(documents, sort_keys=False)}, "the lab's assets")
        git(work, "tag", "first")
        git(work, "push", "-q", "origin", "first")
    return bare, work


def make_certificates(folder: Path) -> None:
    """server.pem for nginx, ca.pem that issued it, other.pem that did not."""
    issuer, other = make_issuer("fops lab git authority"), make_issuer("fops lab other git authority")
    (folder / "ca.pem").write_bytes(issuer.certificate.public_bytes(Encoding.PEM))
    (folder / "other.pem").write_bytes(other.certificate.public_bytes(Encoding.PEM))
    issue(issuer, folder, "server", SERVER_NAME, "127.0.0.1", datetime.now(UTC) + timedelta(days=VALID_DAYS - 1))


def find_programs() -> tuple[str, str]:
    if shutil.which("git") is None or not Path(BACKEND).exists():
        raise Skipped("no git with its http backend; on Debian: apt-get install git")
    nginx = find_nginx()
    wrapper = shutil.which("fcgiwrap") or shutil.which("fcgiwrap", path="/usr/sbin")
    if nginx is None or wrapper is None:
        raise Skipped("no nginx or fcgiwrap; on Debian: apt-get install --no-install-recommends nginx-light fcgiwrap")
    return nginx, wrapper


def is_open(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def start_https(lab: Lab, folder: Path, nginx: str, wrapper: str) -> int:
    def words(ports: list[int]) -> list[str]:
        spawn(lab, NAME, "fcgiwrap", [wrapper, "-c", "4", "-s", f"tcp:127.0.0.1:{ports[1]}"], {"PATH": os.environ["PATH"]})
        wait_until(lambda: is_open(ports[1]), START_SECONDS, "fcgiwrap")
        return nginx_words(nginx, folder, SERVER.format(folder=folder, port=ports[0], backend=ports[1], program=BACKEND))

    return start_server(lab, NAME, words, lambda ports: answers(ports[0], "/health", 200, trusting(folder)), ports=2)[0]


def restrict_logins(folder: Path) -> None:
    """Whoever logs in gets git's own restricted shell and nothing else."""
    shell = shutil.which("git-shell") or "/usr/bin/git-shell"
    key = (folder / "user_key.pub").read_text()
    write_atomically(folder / "authorized_keys", f'restrict,command="{shell} -c \\"$SSH_ORIGINAL_COMMAND\\"" {key}', 0o600)


def start(lab: Lab) -> Facts:
    nginx, wrapper = find_programs()
    folder = lab.folder(NAME)
    bare, work = make_repository(folder)
    make_certificates(folder)
    write_atomically(folder / "users", password_line(USER, lab.secret("git-token")), 0o600)
    facts = start_sshd(lab, folder, NAME)
    restrict_logins(folder)
    facts["https"] = start_https(lab, folder, nginx, wrapper)
    facts["sshRelay"] = start_relay(lab, NAME, facts["port"], "ssh-relay")
    facts["httpsRelay"] = start_relay(lab, NAME, facts["https"], "https-relay")
    return {**facts, "ca": str(folder / "ca.pem"), "otherCa": str(folder / "other.pem"), "repository": str(bare), "work": str(work), "branch": BRANCH, "tokenUser": USER,
            "url": ssh_url(facts["user"], facts["port"], str(bare)), "httpsUrl": https_url(facts["https"])}  # fmt: skip


def ssh_url(user: str, port: int, path: str) -> str:
    return f"git+ssh://{user}@127.0.0.1:{port}{path}"


def https_url(port: int) -> str:
    return f"git+https://{SERVER_NAME}:{port}/git/topology.git"


def ready(lab: Lab, facts: Facts) -> bool:
    relays = relay_ready(facts["sshRelay"]) and relay_ready(facts["httpsRelay"])
    return relays and is_open(facts["port"]) and answers(facts["https"], "/health", 200, trusting(lab.root / NAME))


def contexts(everybody: Mapping[str, Facts]) -> Contexts:
    facts = everybody[NAME]
    by_ssh: dict[str, Any] = {"hostKeys": [facts["hostKey"]], "identityRef": f"env://{KEY_VARIABLE}"}
    by_https = {"ca": Path(facts["ca"]).read_text(), "user": facts["tokenUser"], "tokenRef": f"env://{TOKEN_VARIABLE}"}
    return {
        "lab-git": {"topology": [f"{facts['url']}?ref={BRANCH}#contracts"], "git": by_ssh},
        "lab-git-https": {"topology": [f"{facts['httpsUrl']}?ref={BRANCH}#contracts"], "git": by_https},
    }


def environment(lab: Lab, facts: Facts) -> dict[str, str]:
    return {KEY_VARIABLE: Path(facts["userKey"]).read_text(), TOKEN_VARIABLE: lab.secret("git-token")}


def stop(lab: Lab) -> None:
    facts = lab.load_facts(NAME)
    connections = connection_pids(lab, facts, NAME) if facts else []
    stop_processes(lab, NAME, 1.0)
    end_processes(connections)
    remove_tree(lab.root / NAME)


NEIGHBOUR = Neighbour(
    name=NAME,
    summary="real git over ssh and https, one repository with a topology",
    start=start,
    ready=ready,
    describe=lambda facts: f"{facts['url']}, {facts['httpsUrl']}",
    stop=stop,
    contexts=contexts,
    environment=environment,
)
