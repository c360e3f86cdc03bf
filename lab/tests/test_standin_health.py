"""The stand-ins of products: right requests get the recorded answer, wrong ones what the product would say."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import struct
from datetime import UTC, datetime

import pytest

from fopslab.standin_health.broker import BadFrameError, answer_frame
from fopslab.standin_health.contracts import BY_NAME, PRODUCTS
from fopslab.standin_health.doors import CLIENT_ID, TOKEN_PATH, TokenEndpoint
from fopslab.standin_health.forms import STATES
from fopslab.standin_health.keys import REGION, Secrets, is_authorised
from fopslab.standin_health.server import Place
from fopslab.standin_health.session import Sessions
from fopslab.standin_health.wire import Request, answer_bytes, read_request

SECRETS = Secrets("token", "AKIDEXAMPLE", "secret-key")
INITIALIZE = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
    "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}}  # fmt: skip
MCP_HEADERS = {"accept": "application/json, text/event-stream", "content-type": "application/json"}


def request(method: str, target: str, body: bytes = b"", **headers: str) -> Request:
    return Request(
        method, target, {name.replace("_", "-"): value for name, value in headers.items()} | {"host": "lab"}, body
    )


def place(name: str, state: str = "healthy") -> Place:
    found = Place(BY_NAME[name], SECRETS, "http://127.0.0.1:9/sign_in", None)
    found.state = state
    return found


@pytest.mark.parametrize("product", [row for row in PRODUCTS if row.routes], ids=lambda row: row.name)
def test_each_contract_tells_its_routes_and_its_states_apart(product: object) -> None:
    assert isinstance(product, type(PRODUCTS[0]))
    pairs = [(route.path, tuple(sorted(route.query.items()))) for route in product.routes]
    assert len(set(pairs)) == len(pairs)
    for route in product.routes:
        if route.unready is not None:
            assert answer_bytes(route.unready) != answer_bytes(route.healthy)


def test_a_wrong_path_method_query_and_key_are_what_the_product_would_say() -> None:
    argocd = place("argocd")
    assert argocd.answer(request("GET", "/healthz")).body == b"ok"
    assert argocd.answer(request("GET", "/healthz?full=true")).status == 200
    assert argocd.answer(request("GET", "/healthz?full=1")).status == 400
    assert argocd.answer(request("POST", "/healthz")).status == 405
    assert argocd.answer(request("GET", "/healthz/")).status == 404
    assert b"<!doctype" in place("windmill").answer(request("GET", "/api/versions")).body
    assert place("pomerium").answer(request("GET", "/nowhere")).status == 302
    assert place("glitchtip").answer(request("GET", "/_health")).headers["Location"] == "/_health/"
    gate = place("supabase")
    assert gate.answer(request("GET", "/auth/v1/health")).status == 401
    assert gate.answer(request("GET", "/auth/v1/health", apikey="other")).status == 401
    assert gate.answer(request("GET", "/auth/v1/health", apikey="token")).status == 200


def test_the_states_of_a_product() -> None:
    asked = request("GET", "/replicas_status")
    answers = {state: place("clickhouse", state).answer(asked).status for state in STATES if state != "down"}
    assert answers == {
        "healthy": 200, "unready": 503, "process-only": 404, "unauthorised": 401, "sign-in": 302, "page": 200,
        "broken": 200,
    }  # fmt: skip
    assert place("clickhouse", "process-only").answer(request("GET", "/ping")).status == 200


def test_a_product_that_is_down_keeps_its_port() -> None:
    async def run() -> None:
        found = place("argocd")
        await found.become("healthy")
        _, writer = await asyncio.open_connection("127.0.0.1", found.port)
        writer.close()
        await found.become("down")
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", found.port)
        await found.become("healthy")
        reader, writer = await asyncio.open_connection("127.0.0.1", found.port)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: lab\r\n\r\n")
        assert (await reader.readline()).split()[1] == b"200"
        writer.close()
        await found.become("down")

    asyncio.run(asyncio.wait_for(run(), 10))


@pytest.mark.parametrize("head", [b"GET / HTTP/1.0", b"GET  / HTTP/1.1", b"GET / HTTP/1.1\r\nBad header: x"])
def test_what_is_no_request_is_refused(head: bytes) -> None:
    async def run() -> None:
        reader = asyncio.StreamReader()
        reader.feed_data(head + b"\r\nHost: lab\r\n\r\n")
        with pytest.raises(ValueError, match=".+"):
            await read_request(reader, FakeWriter())  # type: ignore[arg-type]

    asyncio.run(run())


class FakeWriter:
    def get_extra_info(self, _name: str) -> None:
        return None


# --- MCP ------------------------------------------------------------------------------------------------------------


def mcp(method: str, message: object = None, **headers: str) -> Request:
    body = b"" if message is None else json.dumps(message).encode()
    return Request(method, "/mcp", MCP_HEADERS | headers | {"host": "lab"}, body)


def test_a_session_is_opened_and_closed_by_the_rules() -> None:
    sessions = Sessions()
    assert sessions.answer(mcp("POST", INITIALIZE, accept="application/json"), True).status == 406
    assert sessions.answer(mcp("POST", INITIALIZE | {"id": None}), True).status == 400
    assert sessions.answer(mcp("POST", INITIALIZE | {"params": {}}), True).status == 400
    assert sessions.answer(mcp("DELETE"), True).status == 400
    opened = sessions.answer(mcp("POST", INITIALIZE), True)
    assert (opened.status, opened.media) == (200, "text/event-stream")
    known = {"mcp-session-id": opened.headers["Mcp-Session-Id"]}
    assert sessions.answer(mcp("DELETE", **known), True).status == 400
    known["mcp-protocol-version"] = "2025-06-18"
    told = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    assert sessions.answer(mcp("POST", told, **known), True).status == 202
    assert sessions.answer(mcp("DELETE", **known), True).status == 200
    assert sessions.answer(mcp("DELETE", **known), True).status == 404
    assert (sessions.opened, sessions.closed, sessions.open) == (1, 1, {})


# --- Kafka ----------------------------------------------------------------------------------------------------------


def frame(version: int, tail: bytes = b"") -> bytes:
    return struct.pack(">hhih", 18, version, 7, 4) + b"fops" + tail


def test_versions_are_told_to_right_frames_only() -> None:
    flexible = b"\0" + b"\x05fops" + b"\x040.1" + b"\0"
    for version, tail in ((0, b""), (1, b""), (2, b""), (3, flexible)):
        answer = answer_frame(frame(version, tail), 3, True)
        assert struct.unpack(">iih", answer[:10]) == (len(answer) - 4, 7, 0)
    assert struct.unpack(">h", answer_frame(frame(3, flexible), 2, True)[8:10])[0] == 35
    assert struct.unpack(">h", answer_frame(frame(3, b"\0\x01\x01\0"), 3, True)[8:10])[0] == 42
    assert struct.unpack(">h", answer_frame(frame(0), 3, False)[8:10])[0] == 8
    for bad in (frame(0, b"x"), frame(3), frame(0)[:9], struct.pack(">hhih", 3, 0, 7, 0)):
        with pytest.raises(BadFrameError):
            answer_frame(bad, 3, True)


# --- credentials ----------------------------------------------------------------------------------------------------


def signed_request(secret: str, path: str = "/") -> Request:
    """Signed as the documentation of the service describes it, apart from the code under test."""
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(b"").hexdigest()
    names = "host;x-amz-content-sha256;x-amz-date"
    lines = ("GET", path, "", "host:lab", f"x-amz-content-sha256:{digest}", f"x-amz-date:{moment}", "", names, digest)
    canonical = "\n".join(lines)
    scope = f"{moment[:8]}/{REGION}/s3/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = b"AWS4" + secret.encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    header = f"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{scope}, SignedHeaders={names}, Signature={signature}"
    return request("GET", path, authorization=header, x_amz_date=moment, x_amz_content_sha256=digest)


def test_only_the_right_signature_is_taken() -> None:
    assert is_authorised("signed", signed_request("secret-key"), SECRETS)
    assert not is_authorised("signed", signed_request("other-key"), SECRETS)
    right = signed_request("secret-key")
    assert not is_authorised("signed", Request("GET", "/other", right.headers, b""), SECRETS)
    assert not is_authorised("signed", Request("GET", "/?x=1", right.headers, b""), SECRETS)
    assert not is_authorised("signed", Request("GET", "/", {**right.headers, "x-amz-extra": "1"}, b""), SECRETS)


def test_the_token_endpoint_takes_one_form_of_a_client() -> None:
    endpoint = TokenEndpoint("s%+: é")
    media = {"content_type": "application/x-www-form-urlencoded"}
    form = b"grant_type=client_credentials"
    encoded = base64.b64encode(b"fops+lab:s%25%2B%3A+%C3%A9").decode()
    assert CLIENT_ID == "fops lab"
    given = endpoint.answer(request("POST", TOKEN_PATH, form, authorization=f"Basic {encoded}", **media))
    assert given.status == 200
    token = json.loads(given.body)["access_token"]
    assert endpoint.opens(request("GET", "/health", authorization=f"Bearer {token}"))
    assert not endpoint.opens(request("GET", "/health", authorization="Bearer other"))
    secret = b"&client_id=fops+lab&client_secret=s%25%2B%3A+%C3%A9"
    assert endpoint.answer(request("POST", TOKEN_PATH, form + secret, **media)).status == 200
    both = request("POST", TOKEN_PATH, form + secret, authorization=f"Basic {encoded}", **media)
    assert endpoint.answer(both).status == 401
    plain = base64.b64encode("fops lab:s%+: é".encode()).decode()
    assert endpoint.answer(request("POST", TOKEN_PATH, form, authorization=f"Basic {plain}", **media)).status == 401
    for bad in (b"grant_type=password", form + b"&scope=admin", form + b"&" + form, b""):
        asked = request("POST", TOKEN_PATH, bad, authorization=f"Basic {encoded}", **media)
        assert endpoint.answer(asked).status == 400
    assert endpoint.answer(request("GET", TOKEN_PATH, authorization=f"Basic {encoded}")).status == 405
