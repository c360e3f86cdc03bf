"""A real nginx with two doors behind TLS: one asks for a user and a password, one for a client's certificate."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import ssl
from collections.abc import Mapping
from pathlib import Path

from fopslab.neighbours.base import Folders, Neighbour
from fopslab.neighbours.health import SERVER_NAME, make_certificates
from fopslab.real import answers, preset_document, start_server, stop_and_forget
from fopslab.state import Facts, Lab, Skipped, write_atomically

NAME = "nginx"
USER = "fops"
HEALTH = {"path": "/health", "expect": {"pointer": "/status", "value": "ok"}}
CONFIGURATION = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 512; }}
http {{
	access_log {folder}/access.log combined;
	client_body_temp_path {folder}/body;
	proxy_temp_path {folder}/proxy;
	fastcgi_temp_path {folder}/fastcgi;
	uwsgi_temp_path {folder}/uwsgi;
	scgi_temp_path {folder}/scgi;
	ssl_certificate {folder}/server.pem;
	ssl_certificate_key {folder}/server.key;
{servers}}}
"""
DOORS = """\
	default_type application/json;
	server {{
		listen 127.0.0.1:{basic} ssl;
		auth_basic "lab";
		auth_basic_user_file {folder}/users;
		location = /guarded {{ alias {folder}/page.json; }}
	}}
	server {{
		listen 127.0.0.1:{certificate} ssl;
		ssl_client_certificate {folder}/ca.pem;
		ssl_verify_client on;
		location = /guarded {{ alias {folder}/page.json; }}
	}}
"""


def find_nginx() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


def nginx_words(program: str, folder: Path, servers: str) -> list[str]:
    """Writes the configuration with these servers, whose certificate is server.pem of the folder; returns the words that start it."""
    settings = CONFIGURATION.format(folder=folder, servers=servers)
    if os.geteuid() == 0:
        settings = f"user root;\n{settings}"
    write_atomically(folder / "nginx.conf", settings)
    return [program, "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")]


def password_line(user: str, password: str) -> str:
    """As RFC 2307 has it: nginx runs without help of the C library then."""
    return f"{user}:{{SHA}}{base64.b64encode(hashlib.sha1(password.encode()).digest()).decode()}\n"


def trusting(folder: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(folder / "ca.pem"))


def start(lab: Lab) -> Facts:
    program = find_nginx()
    if program is None:
        raise Skipped("no nginx; on Debian: apt-get install nginx-light")
    folder = lab.folder(NAME)
    facts = make_certificates(folder)
    write_atomically(folder / "users", password_line(USER, lab.secret("nginx-password")), 0o600)
    write_atomically(folder / "page.json", '{"status":"ok"}')

    def words(ports: list[int]) -> list[str]:
        return nginx_words(program, folder, DOORS.format(folder=folder, basic=ports[0], certificate=ports[1]))

    ports = start_server(lab, NAME, words, lambda ports: answers(ports[0], "/guarded", 401, trusting(folder)), ports=2)
    return {**facts, "basic": ports[0], "certificate": ports[1], "user": USER, "serverName": SERVER_NAME}


def ready(lab: Lab, facts: Facts) -> bool:
    return answers(facts["basic"], "/guarded", 401, trusting(lab.root / NAME))


def documents(everybody: Mapping[str, Facts]) -> Folders:
    facts = everybody[NAME]
    health = {**HEALTH, "path": "/guarded"}
    basic = {"mode": "basic", "user": facts["user"], "secretRef": "env://FOPS_LAB_NGINX_PASSWORD"}
    certificate = {"mode": "client-certificate", "certificateRef": "env://FOPS_LAB_NGINX_CERTIFICATE",
                   "keyRef": "env://FOPS_LAB_NGINX_KEY"}  # fmt: skip
    found = []
    for name, auth in (("basic", basic), ("certificate", certificate)):
        url = f"https://127.0.0.1:{facts[name]}"
        found.append(preset_document(f"lab-{name}", NAME, url, facts["ca"], auth=auth, health=health))
    return {"planes": found}


def environment(lab: Lab, facts: Facts) -> dict[str, str]:
    return {
        "FOPS_LAB_NGINX_PASSWORD": lab.secret("nginx-password"),
        "FOPS_LAB_NGINX_CERTIFICATE": Path(facts["client"]["certificate"]).read_text(),
        "FOPS_LAB_NGINX_KEY": Path(facts["client"]["key"]).read_text(),
    }


NEIGHBOUR = Neighbour(
    name=NAME,
    summary="a real nginx that asks for a password or a client's certificate",
    start=start,
    ready=ready,
    describe=lambda facts: f"https://127.0.0.1:{facts['basic']} (basic), {facts['certificate']} (certificate)",
    stop=stop_and_forget(NAME),
    documents=documents,
    environment=environment,
)
