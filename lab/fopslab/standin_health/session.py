"""An MCP server over Streamable HTTP that knows initialize, ping and the end of a session, in three revisions."""

from __future__ import annotations

import json
import uuid
from typing import Any

from fopslab.standin_health.forms import Answer, data, empty, text
from fopslab.standin_health.wire import Request

REVISIONS = ("2025-11-25", "2025-06-18", "2025-03-26")
SERVER = {"name": "Playwright", "version": "0.0.83"}


def trouble(status: int, code: int, message: str, identity: Any = None) -> Answer:
    return data({"jsonrpc": "2.0", "error": {"code": code, "message": message}, "id": identity}, status)


class Sessions:
    """opened and closed count what was seen; `plain` answers with JSON in place of an event stream."""

    def __init__(self) -> None:
        self.open: dict[str, str] = {}
        self.opened = 0
        self.closed = 0
        self.plain = False
        self.without_session = False

    def answer(self, request: Request, ready: bool) -> Answer:
        if request.path != "/mcp" or request.query:
            return text("Not Found", 404)
        if request.method == "POST":
            return self._post(request, ready)
        if request.method == "DELETE":
            return self._delete(request)
        return trouble(405, -32000, "Method not allowed.")

    def _session(self, request: Request) -> Answer | str:
        name = request.headers.get("mcp-session-id", "")
        if not name:
            return trouble(400, -32000, "Bad Request: Mcp-Session-Id header is required")
        if name not in self.open:
            return trouble(404, -32001, "Session not found")
        version = request.headers.get("mcp-protocol-version", "")
        if version != self.open[name]:
            return trouble(400, -32000, f"Bad Request: Unsupported protocol version: {version or 'none'}")
        return name

    def _delete(self, request: Request) -> Answer:
        name = self._session(request)
        if isinstance(name, Answer):
            return name
        del self.open[name]
        self.closed += 1
        return empty()

    def _post(self, request: Request, ready: bool) -> Answer:
        accepted = {part.split(";")[0].strip() for part in request.headers.get("accept", "").split(",")}
        if not {"application/json", "text/event-stream"} <= accepted:
            message = "Not Acceptable: Client must accept both application/json and text/event-stream"
            return trouble(406, -32000, message)
        if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
            return trouble(415, -32000, "Unsupported Media Type: Content-Type must be application/json")
        try:
            message = json.loads(request.body)
        except ValueError:
            return trouble(400, -32700, "Parse error")
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            return trouble(400, -32600, "Invalid Request")
        if not isinstance(message.get("method"), str):
            return trouble(400, -32600, "Invalid Request")
        if message["method"] == "initialize":
            return self._initialize(message, ready)
        name = self._session(request)
        if isinstance(name, Answer):
            return name
        if "id" not in message:
            return Answer(202)
        if message["method"] == "ping":
            return data({"jsonrpc": "2.0", "id": message["id"], "result": {}})
        return trouble(200, -32601, "Method not found", message["id"])

    def _initialize(self, message: dict[str, Any], ready: bool) -> Answer:
        identity = message.get("id")
        given = message.get("params")
        if not isinstance(identity, int | str) or isinstance(identity, bool):
            return trouble(400, -32600, "Invalid Request: initialize needs an id")
        if not isinstance(given, dict) or not isinstance(given.get("capabilities"), dict):
            return trouble(400, -32602, "Invalid params: capabilities", identity)
        client = given.get("clientInfo")
        if not isinstance(client, dict) or not all(isinstance(client.get(name), str) for name in ("name", "version")):
            return trouble(400, -32602, "Invalid params: clientInfo", identity)
        if not isinstance(given.get("protocolVersion"), str):
            return trouble(400, -32602, "Invalid params: protocolVersion", identity)
        if not ready:
            return trouble(500, -32603, "Internal error: no browser", identity)
        version = given["protocolVersion"] if given["protocolVersion"] in REVISIONS else REVISIONS[0]
        known = {"jsonrpc": "2.0", "id": identity, "result": {
            "protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": SERVER}}  # fmt: skip
        headers = {}
        self.opened += 1
        if not self.without_session:
            name = str(uuid.uuid4())
            self.open[name] = version
            headers = {"Mcp-Session-Id": name}
        if self.plain:
            return Answer(200, json.dumps(known).encode(), "application/json", headers)
        body = f": the stream begins\n\nevent: message\ndata: {json.dumps(known)}\n\n"
        return Answer(200, body.encode(), "text/event-stream", headers)
