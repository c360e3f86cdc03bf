"""The executor's routes. Query names that a route does not know are refused with 422, other methods with 405."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

from fastapi import APIRouter, FastAPI, HTTPException, Path, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import Receive, Scope, Send

from fopslab.executor.guard import Guard
from fopslab.executor.pattern import pattern_blocks

ALL_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
BODILESS = frozenset({204, 205, 304})
MOST_KEYS = 10_000
HOUR_SECONDS = 3600.0

routes = APIRouter()


class Strict(BaseModel):
    """A query whose names are all known."""

    model_config = ConfigDict(extra="forbid")


class SlowQuery(Strict):
    ms: int = Field(ge=0, le=3_600_000)


class RedirectQuery(Strict):
    to: str = Field(min_length=1, max_length=2048)
    status: Literal["301", "302", "303", "307", "308"] = "302"


class StatusQuery(Strict):
    retry_after: str | None = Field(default=None, max_length=64, pattern=r"^[ -~]+$")


class FlakyQuery(Strict):
    key: str = Field(min_length=1, max_length=64)
    failures: int = Field(ge=0, le=1000)
    status: int = Field(default=503, ge=400, le=599)


class BytesQuery(Strict):
    count: int = Field(ge=0, le=2**40)
    chunked: bool = False


class HeadersQuery(Strict):
    count: int = Field(default=8, ge=1, le=2000)
    size: int = Field(default=1024, ge=1, le=1_048_576)


class TruncatedQuery(Strict):
    announce: int = Field(default=1000, ge=1, le=2**40)
    send: int = Field(default=100, ge=0, le=2**40)


class StallQuery(Strict):
    send: int = Field(default=0, ge=0, le=65536)


class DripQuery(Strict):
    count: int = Field(default=20, ge=1, le=100_000)
    ms: int = Field(default=100, ge=0, le=60_000)


@routes.api_route("/health", methods=["GET", "HEAD"])
async def health(_query: Annotated[Strict, Query()]) -> dict[str, Any]:
    return {"status": "ok", "checks": {"db": "up"}}


@routes.get("/whoami")
async def whoami(_query: Annotated[Strict, Query()]) -> dict[str, str]:
    return {"subject": "lab", "plane": "langboard"}


@routes.get("/slow")
async def slow(query: Annotated[SlowQuery, Query()]) -> dict[str, Any]:
    await asyncio.sleep(query.ms / 1000)
    return {"status": "ok", "ms": query.ms}


@routes.api_route("/redirect", methods=ALL_METHODS)
async def redirect(query: Annotated[RedirectQuery, Query()]) -> Response:
    return Response(status_code=int(query.status), headers={"Location": query.to})


@routes.api_route("/status/{code}", methods=[*ALL_METHODS, "HEAD"])
async def status(code: Annotated[int, Path(ge=200, le=599)], query: Annotated[StatusQuery, Query()]) -> Response:
    headers = {"Retry-After": query.retry_after} if query.retry_after else {}
    if code in BODILESS:
        return Response(status_code=code, headers=headers)
    return JSONResponse({"status": code}, code, headers)


@routes.api_route("/flaky", methods=ALL_METHODS)
async def flaky(request: Request, query: Annotated[FlakyQuery, Query()]) -> Response:
    """Fails the first `failures` times for each key, then answers 200; the body counts the attempts."""
    attempts: dict[str, int] = request.app.state.attempts
    if query.key not in attempts and len(attempts) >= MOST_KEYS:
        raise HTTPException(507, "too many keys")
    attempts[query.key] = attempts.get(query.key, 0) + 1
    failed = attempts[query.key] <= query.failures
    return JSONResponse({"key": query.key, "attempt": attempts[query.key]}, query.status if failed else 200)


@routes.get("/bytes")
async def send_bytes(query: Annotated[BytesQuery, Query()]) -> StreamingResponse:
    headers = {} if query.chunked else {"Content-Length": str(query.count)}

    async def body() -> AsyncIterator[bytes]:
        for block in pattern_blocks(query.count):
            yield block

    return StreamingResponse(body(), headers=headers, media_type="application/octet-stream")


@routes.api_route("/echo", methods=ALL_METHODS)
async def echo(request: Request) -> dict[str, Any]:
    """Tells what arrived. The token is never sent back, and the body only as digest and length."""
    digest, length = hashlib.sha256(), 0
    async for chunk in request.stream():
        digest.update(chunk)
        length += len(chunk)
    headers = [
        [name.decode("latin-1"), "present" if name == b"authorization" else value.decode("latin-1")]
        for name, value in request.headers.raw
    ]
    query = request.scope["query_string"].decode("latin-1")
    return {
        "method": request.method,
        "path": request.scope["raw_path"].decode("latin-1"),
        "query": parse_qsl(query, keep_blank_values=True),
        "rawQuery": query,
        "authorization": "present" if "authorization" in request.headers else "absent",
        "headers": headers,
        "body": {"sha256": digest.hexdigest(), "length": length},
    }


@routes.get("/headers-big")
async def headers_big(query: Annotated[HeadersQuery, Query()]) -> Response:
    headers = {f"X-Lab-{i:04d}": "v" * query.size for i in range(query.count)}
    return JSONResponse({"headers": query.count, "size": query.size}, headers=headers)


async def hang() -> None:
    await asyncio.sleep(HOUR_SECONDS)


class TruncatedResponse(Response):
    """Leaves without finishing, upon which the server ends the connection in an orderly way."""

    def __init__(self, announce: int, send: int) -> None:
        super().__init__(media_type="application/octet-stream", headers={"Content-Length": str(announce)})
        self.count = min(send, announce - 1)

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        for block in pattern_blocks(self.count):
            await send({"type": "http.response.body", "body": block, "more_body": True})


@routes.get("/truncated")
async def truncated(query: Annotated[TruncatedQuery, Query()]) -> Response:
    """Announces more than it sends."""
    return TruncatedResponse(query.announce, query.send)


@routes.get("/stall")
async def stall(query: Annotated[StallQuery, Query()]) -> StreamingResponse:
    """Headers, `send` bytes, then silence until the client gives up."""

    async def body() -> AsyncIterator[bytes]:
        for block in pattern_blocks(query.send):
            yield block
        await hang()

    return StreamingResponse(body(), headers={"Content-Length": "1000000"}, media_type="application/octet-stream")


@routes.get("/drip")
async def drip(query: Annotated[DripQuery, Query()]) -> StreamingResponse:
    """One byte every `ms` milliseconds."""

    async def body() -> AsyncIterator[bytes]:
        for _ in range(query.count):
            await asyncio.sleep(query.ms / 1000)
            yield b"."

    return StreamingResponse(body(), headers={"Content-Length": str(query.count)}, media_type="text/plain")


def make_application(token: str) -> Guard:
    """The executor as an ASGI application that accepts this one token."""
    application = FastAPI(title="executor", version="1", docs_url=None, redoc_url=None, redirect_slashes=False)
    application.state.attempts = {}
    application.include_router(routes)
    return Guard(application, token)
