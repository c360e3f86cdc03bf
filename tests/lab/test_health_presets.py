"""Every built-in health contract, against the lab's stand-ins of the products in all their states, and against the real servers that
this machine has."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from conftest import Lab, Runner, run_lab
from health_tools import StandIns, check_one, check_rows, preset_names, real_server
from lab_tools import endpoint, write_topology

GOOD = ("ok", "live")
# There is no health route, so a page is what it asks for: nobody can tell this page from another one.
PAGE_IS_HEALTH = {"headlamp"}
# Of these only the status is documented, so any other JSON with that status looks the same. (A page does not.)
STATUS_IS_ALL = {"penpot", "penpot-exporter", "pomerium-health", "supabase-storage"}
# A HEAD request, whose answer has no body to judge: the other question finds out.
READY_WITHOUT_BODY = {"evidence"}


@cache
def names() -> tuple[str, ...]:
    return tuple(preset_names())


@pytest.fixture
def standins(operate: Runner, lab: Lab) -> Iterator[StandIns]:
    lab.need("health")
    found = StandIns(lab)
    found.tell("reset")
    yield found
    found.tell("reset")


@pytest.fixture(scope="module")
def seen() -> dict[str, dict[str, dict[str, Any]]]:
    """The rows of one check of all products, by state: forty products are asked at once, not one by one."""
    return {}


@pytest.fixture
def rows_in(operate: Runner, standins: StandIns, seen: dict[str, Any]) -> Any:
    def rows(state: str) -> dict[str, dict[str, Any]]:
        if state not in seen:
            standins.state(state)
            result = operate("--context", "lab-health", "endpoints", "check", "-o", "json")
            assert result.code in (0, 12), str(result)
            seen[state] = check_rows(result)
        return dict(seen[state])

    return rows


@pytest.fixture
def expanded(operate: Runner, standins: StandIns) -> Any:
    """What `endpoints show` says that check will ask."""

    def show(name: str) -> dict[str, Any]:
        return dict(operate("--context", "lab-health", "endpoints", "show", name, "-o", "json").check().json())

    return show


def has(record: dict[str, Any], part: str) -> bool:
    return bool((record.get(part) or {}).get("protocol"))


def test_each_preset_has_a_standin_or_a_real_server_and_no_standin_is_left_over(standins: StandIns) -> None:
    assert set(names()) == set(standins.products)


@pytest.mark.static
@pytest.mark.parametrize("name", names())
def test_a_healthy_standin_is_ok_or_live(rows_in: Any, expanded: Any, name: str) -> None:
    row, record = rows_in("healthy")[name], expanded(name)
    assert row["state"] == ("ok" if has(record, "readiness") else "live"), row
    assert (row["reached"], row["authorised"]) == ("yes", "yes"), row
    assert row["ready"] == ("yes" if has(record, "readiness") else "unknown"), row
    assert row["cause"] is None, row


@pytest.mark.parametrize("name", names())
def test_a_standin_that_is_not_ready_is_degraded(rows_in: Any, expanded: Any, name: str) -> None:
    row = rows_in("unready")[name]
    if not has(expanded(name), "readiness"):
        assert row["state"] == "live", row
        return
    assert (row["state"], row["reached"], row["ready"]) == ("degraded", "yes", "no"), row
    assert row["cause"], row
    assert row["fix"], row


@pytest.mark.parametrize("name", names())
def test_a_standin_with_nothing_but_its_process_is_never_ready(rows_in: Any, expanded: Any, name: str) -> None:
    row, record = rows_in("process-only")[name], expanded(name)
    assert row["ready"] != "yes", row
    if not has(record, "readiness"):
        assert row["state"] == "live", row
    else:
        assert row["state"] in ("degraded", "down"), row


@pytest.mark.parametrize("name", names())
def test_a_standin_that_asks_for_another_credential_is_reached_and_not_authorised(rows_in: Any, name: str) -> None:
    row = rows_in("unauthorised")[name]
    assert row["state"] not in GOOD, row
    if name != "kafka":  # speaks no HTTP: what answers there is no broker
        assert (row["reached"], row["authorised"]) == ("yes", "no"), row
    assert row["ready"] != "yes", row


@pytest.mark.parametrize("state", ["sign-in", "page", "broken"])
@pytest.mark.parametrize("name", names())
def test_a_standin_of_which_something_else_answers_is_not_healthy(rows_in: Any, expanded: Any, name: str, state: str) -> None:
    row = rows_in(state)[name]
    if state == "page" and name in PAGE_IS_HEALTH:
        assert (row["state"], row["ready"]) == ("live", "unknown"), row
        return
    if state == "broken" and name in STATUS_IS_ALL:
        assert row["state"] in GOOD, f"{name} is judged by more than its status now: take it out of STATUS_IS_ALL"
        return
    assert row["state"] not in GOOD, (row, expanded(name))
    assert row["ready"] != "yes" or name in READY_WITHOUT_BODY, row
    assert row["cause"], row


def test_nobody_follows_a_standin_to_its_sign_in_page(standins: StandIns, operate: Runner) -> None:
    standins.state("sign-in")
    operate("--context", "lab-health", "endpoints", "check", "-o", "json").check(12)
    assert standins.caught() == []


@pytest.mark.static
@pytest.mark.parametrize("name", names())
def test_a_standin_that_is_down_is_down(rows_in: Any, name: str) -> None:
    row = rows_in("down")[name]
    assert (row["state"], row["reached"]) == ("down", "no"), row
    assert row["ready"] != "yes", row
    assert "refused" in row["cause"], row


def test_standins_are_asked_what_show_says_and_no_more(standins: StandIns, operate: Runner, expanded: Any) -> None:
    operate("--context", "lab-health", "endpoints", "check", "-o", "json").check()
    for name in names():
        record = expanded(name)
        parts = [record[part] for part in ("liveness", "readiness") if has(record, part) and record[part]["protocol"] == "http"]
        told = {(part["method"], part["path"], tuple(sorted((part["query"] or {}).items()))) for part in parts}
        asked = [(each["method"], urlsplit(each["target"])) for each in standins.requests(name)]
        if not parts:
            continue
        assert {(method, url.path, tuple(sorted(parse_qsl(url.query, True)))) for method, url in asked} == told, name
        assert len(asked) <= len(parts), (name, asked)


def test_a_version_is_told_where_the_standin_has_one(rows_in: Any) -> None:
    rows = rows_in("healthy")
    versions = {name: row["version"] for name, row in rows.items() if row["version"]}
    wanted = {"openbao": "2.4.0", "temporal": "1.29.0", "supabase": "v2.170.0", "proxmox": "8.2.4", "hasura": "v2.44.0", "incus": "6.0.3"}
    assert versions.items() >= wanted.items()
    assert "1.552.1" in versions["windmill"]


# --- MCP and Kafka -----------------------------------------------------------------------------------------------------

@pytest.mark.static
@pytest.mark.parametrize("form", ["stream", "plain", "stateless"])
def test_a_session_of_the_mcp_standin_is_closed_again(standins: StandIns, operate: Runner, form: str) -> None:
    standins.tell(f"mcp {form}")
    operate("--context", "lab-health", "endpoints", "check", "playwright-grid", "-o", "json").check()
    counts = standins.tell("log playwright-grid")
    assert counts["mcp"]["opened"] == 1
    assert counts["mcp"]["open"] == 0, counts
    assert counts["mcp"]["closed"] == (0 if form == "stateless" else 1), counts
    assert all(each["status"] < 300 for each in counts["requests"]), counts["requests"]


@pytest.mark.static
@pytest.mark.parametrize("newest", [0, 1, 2, 3])
def test_a_kafka_standin_of_any_age_is_asked_rightly(standins: StandIns, operate: Runner, newest: int) -> None:
    standins.tell(f"kafka {newest}")
    row = check_rows(operate("--context", "lab-health", "endpoints", "check", "kafka", "-o", "json").check())["kafka"]
    counts = standins.tell("log kafka")["kafka"]
    assert row["state"] == "ok"
    assert counts["refused"] == 0, counts


# --- real servers ------------------------------------------------------------------------------------------------------

def real_row(operate: Runner, tmp_path: Path, url: str, preset: str, **spec: Any) -> dict[str, Any]:
    row, _ = check_one(operate, tmp_path, endpoint("it", url, health={"preset": preset}, **spec))
    return row


@pytest.mark.parametrize("name", ["opa", "oxigraph", "temporal", "openbao"])
def test_a_real_server_is_ok(operate: Runner, lab: Lab, tmp_path: Path, name: str) -> None:
    facts = real_server(lab, name, operate)
    row = real_row(operate, tmp_path, f"http://127.0.0.1:{facts['port']}", name)
    assert (row["state"], row["reached"], row["authorised"], row["ready"]) == ("ok", "yes", "yes", "yes"), row


@pytest.mark.parametrize("name", ["opa", "oxigraph", "temporal", "openbao"])
def test_a_real_server_is_not_taken_for_another_product(operate: Runner, lab: Lab, tmp_path: Path, name: str) -> None:
    facts = real_server(lab, name, operate)
    documents = [endpoint(f"as-{each}", f"http://127.0.0.1:{facts['port']}", plane="kafka", health={"preset": each, "timeout": "2s"})
                 for each in names() if each not in ("proxmox", "incus", "s3", name)]
    folder = write_topology(tmp_path / "others", *documents)
    rows = check_rows(operate("endpoints", "check", "--topology", str(folder), "-o", "json").check(12))
    good = {each for each, row in rows.items() if row["state"] in GOOD}
    # OPA answers any GET / with a page of its own
    assert good <= {"as-headlamp"}, good


def test_real_openbao_that_is_sealed_is_alive_and_not_ready(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    facts = real_server(lab, "openbao", operate)
    token = lab.environment["FOPS_LAB_OPENBAO_TOKEN"]

    def seal() -> int:
        connection = http.client.HTTPConnection("127.0.0.1", facts["port"], timeout=10)
        connection.request("PUT", "/v1/sys/seal", headers={"X-Vault-Token": token})
        return connection.getresponse().status

    try:
        assert seal() == 204
        row = real_row(operate, tmp_path, f"http://127.0.0.1:{facts['port']}", "openbao")
        assert (row["state"], row["reached"], row["ready"]) == ("degraded", "yes", "no"), row
    finally:
        # in memory, with a key that nobody kept: only a new one is unsealed
        assert run_lab(lab.root, "down", "openbao").returncode == 0
        dict.pop(lab["neighbours"], "openbao")


def test_real_keycloak_is_ok(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    facts = real_server(lab, "keycloak", operate)
    tls = {"ca": Path(facts["ca"]).read_text(), "serverName": facts["serverName"]}
    row = real_row(operate, tmp_path, f"https://127.0.0.1:{facts['managementPort']}", "keycloak", tls=tls)
    assert (row["state"], row["ready"]) == ("ok", "yes"), row
    assert row["tls_days"] >= 20, row


def test_a_real_api_server_is_ok_and_refuses_a_wrong_token(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    facts = lab["neighbours"]["kube"]
    tls = {"ca": Path(facts["ca"]).read_text(), "serverName": facts["serverName"]}
    spec = {"plane": "kubernetes", "tls": tls}
    url = f"https://127.0.0.1:{facts['port']}"
    for token, wanted in (("", ("ok", "yes", "yes")), ("WRONG_", ("degraded", "yes", "no"))):
        auth = {"mode": "bearer", "secretRef": f"env://FOPS_LAB_KUBE_{token}TOKEN"}
        row = real_row(operate, tmp_path, url, "kube-apiserver", auth=auth, **spec)
        assert (row["state"], row["reached"], row["authorised"]) == wanted, row


def test_real_versitygw_is_ok(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    facts = real_server(lab, "versitygw", operate)
    auth = {"mode": "signed", "accessKeyRef": "env://FOPS_LAB_S3_ACCESS_KEY", "secretRef": "env://FOPS_LAB_S3_SECRET_KEY",
            "region": facts["region"]}
    row = real_row(operate, tmp_path, f"http://127.0.0.1:{facts['port']}", "s3", auth=auth)
    assert (row["state"], row["authorised"]) == ("ok", "yes"), row


def test_a_real_prometheus_is_ok(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    facts = real_server(lab, "prometheus", operate)
    row = real_row(operate, tmp_path, f"http://127.0.0.1:{facts['port']}", "prometheus")
    assert (row["state"], row["ready"]) == ("ok", "yes"), row


def test_a_real_lxd_is_ok_with_its_certificate(operate: Runner, lab: Lab, tmp_path: Path) -> None:
    facts = lab["neighbours"]["incus"]
    for who, state in (("client", "ok"), ("stranger", "degraded")):
        secrets = {f"LAB_{part.upper()}": Path(facts[who][part]).read_text() for part in ("certificate", "key")}
        auth = {"mode": "client-certificate", "certificateRef": "env://LAB_CERTIFICATE", "keyRef": "env://LAB_KEY"}
        tls = {"fingerprint": facts["fingerprint"]}
        document = endpoint("it", f"https://127.0.0.1:{facts['port']}", plane="incus", auth=auth, tls=tls, health={"preset": "incus"})
        row, _ = check_one(operate, tmp_path, document, env=secrets)
        assert row["state"] == state, row
