"""Every mode of authentication against servers that check to the last byte; and that no credential goes anywhere else."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from conftest import Lab, Result, Runner
from health_tools import StandIns, check_one, check_rows, real_server
from lab_tools import Started, endpoint, read_head, serving, write_topology

WRONG = "wrong-credential-0123456789"
GUARDED = {"path": "/guarded", "expect": {"pointer": "/status", "value": "ok"}, "timeout": "3s"}
REGION = "us-east-1"
# Which variables hold what must never be seen.
SECRETS = ("FOPS_LAB_HEALTH_TOKEN", "FOPS_LAB_HEALTH_SECRET_KEY", "FOPS_LAB_HEALTH_CLIENT_SECRET", "FOPS_LAB_NGINX_PASSWORD",
           "FOPS_LAB_S3_SECRET_KEY", "FOPS_LAB_KEYCLOAK_SECRET", "FOPS_LAB_HEALTH_KEY", "FOPS_LAB_NGINX_KEY")


@pytest.fixture
def standins(operate: Runner, lab: Lab) -> Iterator[StandIns]:
    lab.need("health")
    found = StandIns(lab)
    found.tell("reset")
    yield found
    found.tell("reset")


@pytest.fixture
def nginx(operate: Runner, lab: Lab) -> dict[str, Any]:
    return real_server(lab, "nginx", operate)


def nginx_document(facts: dict[str, Any], door: str, auth: dict[str, Any], **spec: Any) -> dict[str, Any]:
    tls = {"ca": Path(facts["ca"]).read_text(), "serverName": facts["serverName"]}
    return endpoint("it", f"https://127.0.0.1:{facts[door]}", **({"auth": auth, "health": GUARDED, "tls": tls} | spec))


def oidc(standins: StandIns, **more: Any) -> dict[str, Any]:
    facts = standins.facts
    return {"mode": "oidc-client", "tokenUrl": f"https://127.0.0.1:{facts['doors']['oidc']}{facts['tokenPath']}",
            "clientId": facts["clientId"], "secretRef": "env://FOPS_LAB_HEALTH_CLIENT_SECRET", **more}


def signed(**more: Any) -> dict[str, Any]:
    return {"mode": "signed", "accessKeyRef": "env://FOPS_LAB_HEALTH_ACCESS_KEY", "secretRef": "env://FOPS_LAB_HEALTH_SECRET_KEY",
            "region": REGION, **more}


API_KEY = {"mode": "api-key", "header": "x-api-key", "secretRef": "env://FOPS_LAB_HEALTH_TOKEN"}
BEARER = {"mode": "bearer", "secretRef": "env://FOPS_LAB_HEALTH_TOKEN"}
BASIC = {"mode": "basic", "user": "fops", "secretRef": "env://FOPS_LAB_NGINX_PASSWORD"}
CERTIFICATE = {"mode": "client-certificate", "certificateRef": "env://FOPS_LAB_NGINX_CERTIFICATE", "keyRef": "env://FOPS_LAB_NGINX_KEY"}


def assert_ok(row: dict[str, Any]) -> None:
    assert (row["state"], row["reached"], row["authorised"], row["ready"]) == ("ok", "yes", "yes", "yes"), row


def assert_refused(row: dict[str, Any]) -> None:
    assert (row["reached"], row["authorised"]) == ("yes", "no"), row
    assert row["state"] == "degraded", row
    assert row["ready"] != "yes", row
    assert row["fix"], row


def assert_silent(runner: Runner, result: Result) -> None:
    """No form of a secret is in what the program said."""
    said = result.stdout + result.stderr
    for name in SECRETS:
        value = runner.environment.get(name)
        if value is None:
            continue
        lines = value.splitlines()[1:-1] if value.startswith("-----BEGIN") else [value]
        for part in lines:
            for form in (part, quote(part, safe=""), json.dumps(part)[1:-1]):
                assert form.encode() not in said, f"{name} was printed\n{result}"
    user = runner.environment.get("FOPS_LAB_NGINX_PASSWORD")
    if user is not None:
        assert base64.b64encode(f"fops:{user}".encode()) not in said
    assert b"lab-access-" not in said, f"an access token was printed\n{result}"
    assert b"Signature=" not in said, f"a signature was printed\n{result}"


def loud(runner: Runner, tmp_path: Path, document: dict[str, Any]) -> Result:
    """A run that says all it has to say, for people; the other formats keep their words to themselves."""
    result = runner("endpoints", "check", "--topology", str(write_topology(tmp_path / "one", document)), "-o", "wide", "-vv")
    assert b"fops: GET " in result.stderr, str(result)
    return result


# --- basic and client certificates: a real nginx -----------------------------------------------------------------------

@pytest.mark.static
def test_nginx_takes_the_password(operate: Runner, nginx: dict[str, Any], tmp_path: Path) -> None:
    row, _ = check_one(operate, tmp_path, nginx_document(nginx, "basic", BASIC))
    assert_ok(row)


@pytest.mark.parametrize("change", ["password", "user", "mode"])
def test_nginx_refuses_a_wrong_password(operate: Runner, nginx: dict[str, Any], tmp_path: Path, change: str) -> None:
    auth = BASIC | {"user": "stranger"} if change == "user" else {"mode": "none"} if change == "mode" else BASIC
    row, result = check_one(operate, tmp_path, nginx_document(nginx, "basic", auth), "-vv",
                            env={"FOPS_LAB_NGINX_PASSWORD": WRONG} if change == "password" else None)
    assert_refused(row)
    assert WRONG.encode() not in result.stdout + result.stderr


@pytest.mark.static
def test_nginx_takes_the_certificate(operate: Runner, nginx: dict[str, Any], tmp_path: Path) -> None:
    row, _ = check_one(operate, tmp_path, nginx_document(nginx, "certificate", CERTIFICATE))
    assert_ok(row)


def test_nginx_refuses_no_certificate_and_that_of_a_stranger(operate: Runner, nginx: dict[str, Any], standins: StandIns,
                                                             tmp_path: Path) -> None:
    row, _ = check_one(operate, tmp_path, nginx_document(nginx, "certificate", {"mode": "none"}))
    assert row["state"] in ("degraded", "down"), row  # nginx says it with a 400
    assert row["ready"] != "yes", row
    others = {name: Path(standins.facts["client"][part]).read_text()
              for name, part in (("FOPS_LAB_NGINX_CERTIFICATE", "certificate"), ("FOPS_LAB_NGINX_KEY", "key"))}
    row, result = check_one(operate, tmp_path, nginx_document(nginx, "certificate", CERTIFICATE), "-vv", env=others)
    assert row["state"] in ("degraded", "down"), row
    assert row["ready"] != "yes", row
    assert others["FOPS_LAB_NGINX_KEY"].splitlines()[1].encode() not in result.stdout + result.stderr


# --- api-key, bearer: strict doors -------------------------------------------------------------------------------------

@pytest.mark.static
@pytest.mark.parametrize(("door", "auth"), [("apiKey", API_KEY), ("bearer", BEARER)], ids=["api-key", "bearer"])
def test_a_standin_door_takes_the_key_and_no_other(operate: Runner, standins: StandIns, tmp_path: Path, door: str,
                                                   auth: dict[str, Any]) -> None:
    row, _ = check_one(operate, tmp_path, standins.door(door, auth))
    assert_ok(row)
    row, result = check_one(operate, tmp_path, standins.door(door, auth), "-vv", env={"FOPS_LAB_HEALTH_TOKEN": WRONG})
    assert_refused(row)
    assert WRONG.encode() not in result.stdout + result.stderr
    row, _ = check_one(operate, tmp_path, standins.door(door, {"mode": "none"}))
    assert_refused(row)


# --- signed ------------------------------------------------------------------------------------------------------------

SIGNED_PATHS = ["/health", "/health/a%20b", "/health/~x", "/health//double", "/health/%C3%BC"]
SIGNED_QUERIES: list[dict[str, str]] = [{}, {"b": "2", "a": "1"}, {"list-type": "2", "prefix": "a/b c+d"}, {"empty": ""}, {"ü": "~*'()"}]


@pytest.mark.static
@pytest.mark.parametrize("query", SIGNED_QUERIES, ids=lambda query: "&".join(query) or "none")
def test_a_standin_computes_the_same_signature(operate: Runner, standins: StandIns, tmp_path: Path, query: dict[str, str]) -> None:
    health = {"query": query} if query else {}
    row, _ = check_one(operate, tmp_path, standins.door("signed", signed(), health=health))
    assert_ok(row)


@pytest.mark.parametrize("path", SIGNED_PATHS)
def test_a_standin_computes_the_same_signature_of_odd_paths(operate: Runner, standins: StandIns, tmp_path: Path, path: str) -> None:
    document = standins.door("signed", signed(), path=path)
    folder = write_topology(tmp_path / "odd", document)
    result = operate("endpoints", "check", "--topology", str(folder), "-o", "json")
    if result.code == 65:  # a contract may refuse such a path; then nothing was sent
        assert standins.tell("doors")["refused"]["signed"] == 0
        return
    assert_ok(check_rows(result.check())["it"])


@pytest.mark.parametrize("change", ["secret", "access key", "region"])
def test_a_standin_refuses_a_wrong_signature(operate: Runner, standins: StandIns, tmp_path: Path, change: str) -> None:
    auth = signed(region="eu-north-1") if change == "region" else signed()
    env = {"secret": {"FOPS_LAB_HEALTH_SECRET_KEY": WRONG}, "access key": {"FOPS_LAB_HEALTH_ACCESS_KEY": WRONG}}.get(change)
    row, result = check_one(operate, tmp_path, standins.door("signed", auth), "-vv", env=env)
    assert_refused(row)
    if change == "secret":
        assert WRONG.encode() not in result.stdout + result.stderr


def s3_auth(facts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"mode": "signed", "accessKeyRef": "env://FOPS_LAB_S3_ACCESS_KEY", "secretRef": "env://FOPS_LAB_S3_SECRET_KEY",
            "region": facts["region"], **more}


@pytest.mark.static
def test_versitygw_takes_the_signature(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    facts = real_server(lab, "versitygw", operate)
    url = f"http://127.0.0.1:{facts['port']}"
    row, _ = check_one(operate, tmp_path, endpoint("it", url, auth=s3_auth(facts), health={"preset": "s3"}))
    assert_ok(row)
    row, result = check_one(operate, tmp_path, endpoint("it", url, auth=s3_auth(facts), health={"preset": "s3"}), "-vv",
                            env={"FOPS_LAB_S3_SECRET_KEY": WRONG})
    assert_refused(row)
    assert WRONG.encode() not in result.stdout + result.stderr
    row, _ = check_one(operate, tmp_path, endpoint("it", url, auth=s3_auth(facts, region="eu-north-1"), health={"preset": "s3"}))
    assert row["state"] == "degraded", row


def test_botocore_computes_the_same_signature(operate: Runner, standins: StandIns, tmp_path: Path) -> None:
    """An independent judge: what was sent is signed again by another program from the same parts."""
    auth = pytest.importorskip("botocore.auth", reason="the Python package botocore is not installed")
    awsrequest = pytest.importorskip("botocore.awsrequest")
    credentials = pytest.importorskip("botocore.credentials")
    heads: list[bytes] = []

    def handle(link: Any) -> None:
        while head := read_head(link):
            heads.append(head)
            link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"status\":\"ok\"}")

    health = {"path": "/bucket/a%20key", "query": {"prefix": "a/b c", "list-type": "2"}}
    with serving(handle) as server:
        document = endpoint("it", f"http://127.0.0.1:{server.port}", auth=signed(), health=health | {"expect": {"pointer": "/status"}})
        folder = write_topology(tmp_path / "judge", document)
        result = operate("endpoints", "check", "--topology", str(folder), "-o", "json")
        if result.code == 65:
            health["path"] = "/bucket/key"
            document = endpoint("it", f"http://127.0.0.1:{server.port}", auth=signed(), health=health | {"expect": {"pointer": "/status"}})
            result = operate("endpoints", "check", "--topology", str(write_topology(folder, document)), "-o", "json")
        result.check()
    lines = heads[0].decode().split("\r\n")
    method, target, _ = lines[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
    given = dict(part.strip().split("=", 1) for part in headers["authorization"].split(" ", 1)[1].split(","))
    request = awsrequest.AWSRequest(method=method, url=f"http://{headers['host']}{target}",
                                    headers={name: headers[name] for name in given["SignedHeaders"].split(";")})
    request.context["timestamp"] = headers["x-amz-date"]
    known = credentials.Credentials(operate.environment["FOPS_LAB_HEALTH_ACCESS_KEY"], operate.environment["FOPS_LAB_HEALTH_SECRET_KEY"])
    judge = auth.S3SigV4Auth(known, "s3", REGION)
    canonical = judge.canonical_request(request)
    assert judge.signature(judge.string_to_sign(request, canonical), request) == given["Signature"], canonical
    assert given["Credential"] == f"{known.access_key}/{headers['x-amz-date'][:8]}/{REGION}/s3/aws4_request"


# --- oidc-client -------------------------------------------------------------------------------------------------------

@pytest.mark.static
@pytest.mark.parametrize("more", [{}, {"scopes": ["read", "write"]}, {"audience": "https://executor.example.net"}],
                         ids=["plain", "scopes", "audience"])
def test_a_token_of_the_standin_endpoint_opens_the_door(operate: Runner, standins: StandIns, tmp_path: Path, more: dict[str, Any]) -> None:
    row, _ = check_one(operate, tmp_path, standins.door("oidc", oidc(standins, **more)))
    assert_ok(row)
    asked = standins.tell("doors")["tokens"]["asked"]
    assert len(asked) == 1, asked
    form = dict(asked[0]["form"])
    assert form["grant_type"] == "client_credentials"
    assert form.get("scope", "") == " ".join(more.get("scopes", [])), form
    assert form.get("audience") == more.get("audience"), form


def test_one_token_of_the_standin_serves_many_requests(operate: Runner, standins: StandIns, tmp_path: Path) -> None:
    document = standins.door("oidc", oidc(standins))
    health = document["spec"].pop("health")
    document["spec"] |= {"liveness": health | {"path": "/health/live"}, "readiness": health | {"path": "/health/ready"}}
    row, _ = check_one(operate, tmp_path, document)
    assert_ok(row)
    doors = standins.tell("doors")
    assert (doors["tokens"]["issued"], doors["passed"]["oidc"], doors["refused"]["oidc"]) == (1, 2, 0), doors


@pytest.mark.parametrize("change", ["ends", "revoked"])
def test_a_token_of_the_standin_that_is_over_is_fetched_anew(operate: Runner, standins: StandIns, tmp_path: Path, change: str) -> None:
    """Between two rounds of one run: its time is over, or it is refused although it is not."""
    if change == "ends":
        standins.tell("tokens lifetime 1")
    folder = write_topology(tmp_path / "watched", standins.door("oidc", oidc(standins)))
    words = ("endpoints", "check", "--topology", str(folder), "--watch=2s", "--count", "3", "-o", "jsonl")
    with Started(operate, *words) as run:
        run.out.wait(b'"state":"ok"')
        if change == "revoked":
            standins.tell("tokens revoke")
        code = run.end(30)
    states = re.findall(rb'"state":"([a-z]+)"', run.out.all())
    # only what changes is told, and nothing did
    assert (code, states) == (0, [b"ok"]), run.out.content
    doors = standins.tell("doors")
    assert doors["passed"]["oidc"] == 3, doors
    assert doors["tokens"]["issued"] == (3 if change == "ends" else 2), doors
    assert doors["refused"]["oidc"] == (0 if change == "ends" else 1), doors


@pytest.mark.parametrize("change", ["secret", "client", "scope", "audience"])
def test_a_standin_endpoint_that_gives_no_token(operate: Runner, standins: StandIns, tmp_path: Path, change: str) -> None:
    more: dict[str, Any] = {"client": {"clientId": "stranger"}, "scope": {"scopes": ["admin"]},
                            "audience": {"audience": "https://other.example.net"}}.get(change, {})
    row, result = check_one(operate, tmp_path, standins.door("oidc", oidc(standins, **more)), "-vv",
                            env={"FOPS_LAB_HEALTH_CLIENT_SECRET": WRONG} if change == "secret" else None)
    assert row["state"] not in ("ok", "live"), row
    assert row["ready"] != "yes", row
    assert row["cause"], row
    assert row["fix"], row
    assert standins.tell("doors")["passed"]["oidc"] == 0
    assert WRONG.encode() not in result.stdout + result.stderr


@pytest.mark.parametrize("status", [302, 307, 400, 404, 500, 503])
def test_a_standin_endpoint_that_answers_otherwise(operate: Runner, standins: StandIns, tmp_path: Path, status: int) -> None:
    standins.tell(f"tokens answer {status}")
    begun = time.monotonic()
    row, _ = check_one(operate, tmp_path, standins.door("oidc", oidc(standins)))
    assert time.monotonic() - begun < 8
    assert row["state"] not in ("ok", "live"), row
    assert standins.caught() == [], "the client's secret followed a redirect"


def test_keycloak_gives_a_token_that_opens_its_administration(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    facts = real_server(lab, "keycloak", operate)
    tls = {"ca": Path(facts["ca"]).read_text(), "serverName": facts["serverName"]}
    auth = {"mode": "oidc-client", "tokenUrl": facts["tokenUrl"], "clientId": facts["clientId"],
            "secretRef": "env://FOPS_LAB_KEYCLOAK_SECRET"}
    health = {"path": f"/admin/realms/{facts['realm']}", "expect": {"pointer": "/realm", "value": facts["realm"]}}
    document = endpoint("it", f"https://127.0.0.1:{facts['port']}", auth=auth, tls=tls, health=health)
    row, _ = check_one(operate, tmp_path, document)
    assert_ok(row)
    row, result = check_one(operate, tmp_path, document, "-vv", env={"FOPS_LAB_KEYCLOAK_SECRET": WRONG})
    assert row["state"] not in ("ok", "live"), row
    assert WRONG.encode() not in result.stdout + result.stderr


# --- nowhere else ------------------------------------------------------------------------------------------------------

Make = Callable[[StandIns], tuple[str, dict[str, Any]]]
ALL_DOORS: dict[str, Make] = {
    "api-key": lambda _: ("apiKey", API_KEY),
    "bearer": lambda _: ("bearer", BEARER),
    "oidc-client": lambda standins: ("oidc", oidc(standins)),
    "signed": lambda _: ("signed", signed()),
}


@pytest.mark.static
@pytest.mark.parametrize("mode", ALL_DOORS)
def test_no_credential_follows_a_standin_to_another_origin(operate: Runner, standins: StandIns, tmp_path: Path, mode: str) -> None:
    door, auth = ALL_DOORS[mode](standins)
    row, result = check_one(operate, tmp_path, standins.door(door, auth, path="/moved"), "-vv")
    assert row["state"] not in ("ok", "live"), row
    assert standins.tell("doors")["passed"][door] >= 1
    assert_silent(operate, result)
    assert_silent(operate, loud(operate, tmp_path, standins.door(door, auth, path="/moved")))
    assert standins.caught() == []


@pytest.mark.parametrize("mode", ALL_DOORS)
def test_no_credential_is_printed_of_a_standin(operate: Runner, standins: StandIns, tmp_path: Path, mode: str) -> None:
    door, auth = ALL_DOORS[mode](standins)
    assert_silent(operate, loud(operate, tmp_path, standins.door(door, auth)).check())


@pytest.mark.parametrize("door", ["basic", "certificate"])
def test_no_credential_of_nginx_is_printed(operate: Runner, nginx: dict[str, Any], tmp_path: Path, door: str) -> None:
    document = nginx_document(nginx, door, BASIC if door == "basic" else CERTIFICATE)
    assert_silent(operate, loud(operate, tmp_path, document).check())


@pytest.mark.parametrize("variable", ["FOPS_LAB_HEALTH_TOKEN", "FOPS_LAB_HEALTH_SECRET_KEY"])
def test_a_secret_that_cannot_be_read_asks_a_standin_nothing(operate: Runner, standins: StandIns, tmp_path: Path, variable: str) -> None:
    door, auth = ("bearer", BEARER) if variable.endswith("TOKEN") else ("signed", signed())
    row, _ = check_one(operate, tmp_path, standins.door(door, auth), env={variable: None})
    assert (row["state"], row["reached"]) == ("unknown", "unknown"), row
    assert variable in row["cause"], row
    doors = standins.tell("doors")
    assert (doors["passed"][door], doors["refused"][door]) == (0, 0)


def test_an_echo_of_user_and_password_is_not_printed(operate: Runner, nginx: dict[str, Any], tmp_path: Path) -> None:
    def handle(link: Any) -> None:
        while head := read_head(link):
            shown = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"authorization:")).split(b" ")[-1]
            body = json.dumps({"status": shown.decode(), "version": base64.b64decode(shown).decode()}).encode()
            link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    with serving(handle) as server:
        health = {"path": "/health", "expect": {"pointer": "/status", "value": "ok"}, "versionFrom": "/version"}
        document = endpoint("it", f"http://127.0.0.1:{server.port}", auth=BASIC, health=health)
        row, result = check_one(operate, tmp_path, document)
        assert_silent(operate, result)
        assert_silent(operate, loud(operate, tmp_path, document))
    assert row["version"] == "fops:(secret)", row
    assert '"(secret)"' in row["cause"], row


def test_an_echo_of_the_credential_is_not_printed(operate: Runner, standins: StandIns, tmp_path: Path) -> None:
    """A service that answers with what it was sent, in its body, its status and its headers."""
    token = operate.environment["FOPS_LAB_HEALTH_TOKEN"]

    def handle(link: Any) -> None:
        while read_head(link):
            body = json.dumps({"status": f"Bearer {token}", "version": token}).encode()
            link.sendall(b"HTTP/1.1 200 %b\r\nX-Version: %b\r\nContent-Length: %d\r\n\r\n%b" % (token.encode(), token.encode(), len(body), body))

    with serving(handle) as server:
        health = {"path": "/health", "expect": {"pointer": "/status", "value": "ok"}, "versionFrom": "/version"}
        url = f"http://127.0.0.1:{server.port}"
        document = endpoint("it", url, auth=BEARER, health=health)
        row, result = check_one(operate, tmp_path, document, "-vv")
        assert_silent(operate, loud(operate, tmp_path, document))
        document["spec"]["health"] = {**health, "versionFrom": "header:x-version"}
        assert_silent(operate, loud(operate, tmp_path, document))
    assert row["state"] != "ok"
    assert row["version"] == "(secret)", row
    assert token.encode() not in result.stdout + result.stderr, str(result)
