"""A real Keycloak with one realm, whose client gets tokens that open Keycloak's own administration."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fopslab.neighbours.base import Folders, Neighbour
from fopslab.neighbours.health import SERVER_NAME, make_certificates
from fopslab.real import answers, preset_document, start_server, stop_and_forget
from fopslab.state import Facts, Lab, Skipped, StartFailed, write_atomically

NAME = "keycloak"
VERSION = "26.4.0"
ARTIFACT = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"
REALM = "lab"
CLIENT_ID = "fops"
SECRET = "keycloak-client"
HEALTH = "/health/ready"
DOWNLOAD_SECONDS = 600
START_SECONDS = 180
OLDEST_JAVA = 17


def cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fops-lab"


def is_cached() -> bool:
    return (cache_folder() / f"{NAME}-{VERSION}" / "bin/kc.sh").exists()


def distribution() -> Path:
    """The unpacked distribution, fetched once from the Maven repository that this machine uses."""
    folder = cache_folder() / f"{NAME}-{VERSION}"
    if is_cached():
        return folder
    maven = shutil.which("mvn")
    if maven is None:
        raise Skipped("no mvn to fetch it with; on Debian: apt-get install maven")
    partial = cache_folder() / f"{NAME}-{VERSION}.partial-{os.getpid()}"
    partial.mkdir(parents=True)
    try:
        base = [maven, "-q", "-B", "-Dmdep.useBaseVersion=true", f"-Dartifact={ARTIFACT}"]
        subprocess.run([*base, "-Dtransitive=false", "dependency:get"], check=True, stdin=subprocess.DEVNULL,
                       capture_output=True, timeout=DOWNLOAD_SECONDS)  # fmt: skip
        subprocess.run([*base, f"-DoutputDirectory={partial}", "dependency:copy"], check=True, stdin=subprocess.DEVNULL,
                       capture_output=True, timeout=DOWNLOAD_SECONDS)  # fmt: skip
        (archive,) = partial.glob("*.zip")
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(partial)
        (unpacked,) = (path for path in partial.iterdir() if path.is_dir())
        (unpacked / "bin/kc.sh").chmod(0o755)
        unpacked.rename(folder)
    except (subprocess.SubprocessError, ValueError, OSError) as error:
        raise StartFailed(f"{ARTIFACT} cannot be fetched: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def check_java() -> None:
    if shutil.which("java") is None:
        raise Skipped(f"no Java {OLDEST_JAVA}; on Debian: apt-get install openjdk-17-jre-headless")


def realm(secret: str) -> dict[str, Any]:
    client = {"clientId": CLIENT_ID, "secret": secret, "enabled": True, "publicClient": False,
              "serviceAccountsEnabled": True, "standardFlowEnabled": False}  # fmt: skip
    account = {"username": "service-account-fops", "enabled": True, "serviceAccountClientId": CLIENT_ID,
               "clientRoles": {"realm-management": ["view-realm"]}}  # fmt: skip
    return {"realm": REALM, "enabled": True, "accessTokenLifespan": 300, "clients": [client], "users": [account]}


def start(lab: Lab) -> Facts:
    check_java()
    source = distribution()
    folder = lab.folder(NAME)
    facts = make_certificates(folder)
    home = folder / "home"
    # a development start writes what it made of its settings into its own folders
    shutil.copytree(source, home, dirs_exist_ok=True)
    (home / "data/import").mkdir(parents=True, exist_ok=True)
    write_atomically(home / "data/import/lab-realm.json", json.dumps(realm(lab.secret(SECRET))), 0o600)
    trust = ssl.create_default_context(cafile=facts["ca"])

    def words(ports: list[int]) -> list[str]:
        return [
            str(home / "bin/kc.sh"), "start-dev", "--import-realm", "--health-enabled=true", "--cache=local",
            "--http-host=127.0.0.1", "--http-enabled=false", f"--https-port={ports[0]}",
            f"--http-management-port={ports[1]}", f"--https-certificate-file={folder}/server.pem",
            f"--https-certificate-key-file={folder}/server.key", "--log-level=warn",
        ]  # fmt: skip

    environment = {"HOME": str(folder), "KC_HTTP_MANAGEMENT_HOST": "127.0.0.1", "JAVA_OPTS_APPEND": "-Xmx512m"}
    ports = start_server(
        lab, NAME, words, lambda ports: answers(ports[1], HEALTH, context=trust), ports=2, environment=environment,
        seconds=START_SECONDS,
    )  # fmt: skip
    return {**facts, "port": ports[0], "managementPort": ports[1], "serverName": SERVER_NAME, "realm": REALM,
            "clientId": CLIENT_ID,
            "tokenUrl": f"https://127.0.0.1:{ports[0]}/realms/{REALM}/protocol/openid-connect/token"}  # fmt: skip


def ready(_lab: Lab, facts: Facts) -> bool:
    return answers(facts["managementPort"], HEALTH, context=ssl.create_default_context(cafile=facts["ca"]))


def documents(everybody: Mapping[str, Facts]) -> Folders:
    facts = everybody[NAME]
    auth = {"mode": "oidc-client", "tokenUrl": facts["tokenUrl"], "clientId": facts["clientId"],
            "secretRef": "env://FOPS_LAB_KEYCLOAK_SECRET"}  # fmt: skip
    admin = {"path": f"/admin/realms/{REALM}", "expect": {"pointer": "/realm", "value": REALM}}
    management, main = (f"https://127.0.0.1:{facts[name]}" for name in ("managementPort", "port"))
    return {"planes": [
        preset_document("lab-keycloak", NAME, management, facts["ca"]),
        preset_document("lab-keycloak-admin", NAME, main, facts["ca"], auth=auth, health=admin),
    ]}  # fmt: skip


def environment(lab: Lab, _facts: Facts) -> dict[str, str]:
    return {"FOPS_LAB_KEYCLOAK_SECRET": lab.secret(SECRET)}


NEIGHBOUR = Neighbour(
    name=NAME,
    summary="a real Keycloak (Java 17; 160 MB, fetched once)",
    start=start,
    ready=ready,
    describe=lambda facts: f"https://127.0.0.1:{facts['port']}, management on {facts['managementPort']}",
    stop=stop_and_forget(NAME, 5.0),
    documents=documents,
    environment=environment,
)
