"""A relay in front of the API server that ends TLS itself, knows WebSockets, and fails as it is told at run time.

Faults, several joined with commas (`v4,delay:50`); `pass` for none. They hold for connections made from then on.
Before the upgrade, and for other requests:
  answer:CODE         every request is answered with this status and a Status of the API server
  answer-once:CODE    only the next one; then the fault is gone
  retry-after:S       with that header on those answers
  upgrades            both concern upgrades only
  redirect-same       once: 307 to the same path of this relay, under its other name
  redirect-other:PORT 307 to the same path of another origin
  redirect-loop       307 to the same place, always
  expire-continue     once: 410 for a list that asks with continue
The answer to an upgrade:
  v4                  offers the server version 4 alone
  no-protocol         leaves out Sec-WebSocket-Protocol
  protocol:NAME       names another protocol
  wrong-accept        spoils Sec-WebSocket-Accept
  coalesce            sends the answer together with the first frame
Frames towards the client, N counted from 1:
  delay:MS            holds each frame, both ways
  tiny:N              sends in pieces of N bytes
  fragment:N          messages in fragments of N bytes
  cut-frames:N        resets the link after N frames; cut-bytes:N after N bytes
  end-frames:N        ends it in an orderly way after N frames
  stall-frames:N      says nothing more after N frames
  close-before:CODE   a close frame in place of the status
  close-after:CODE    another code in the last close frame
  no-close            no close frame, the link just ends
  drop-status         leaves out the message of channel 3
  broken-status       spoils that message; split-status sends it as two messages
  ping                sends a ping before each frame
  inject:KIND         one frame before the first: masked, reserved, opcode, oversized, garbage-channel, empty, text,
                      fragmented-ping, long-ping, lone-continuation, or bytes in hexadecimal

Control port, one line each, answers in JSON: `mode FAULTS`, `status`, `drop` (resets all open connections), `forget`
(counts from zero). `status` tells what clients sent.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import ssl
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from fopslab.faultproxy import CHUNK, abort, wait_until_delivered
from fopslab.wsframes import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Frame, close_frame, read_frame, split

LARGEST_HEAD = 1024 * 1024
PLAIN = (
    "upgrades", "redirect-same", "redirect-loop", "expire-continue", "v4", "no-protocol", "wrong-accept", "coalesce",
    "no-close", "drop-status", "broken-status", "split-status", "ping",
)  # fmt: skip
COUNTED = (
    "answer", "answer-once", "retry-after", "redirect-other", "delay", "tiny", "fragment", "cut-frames", "cut-bytes",
    "end-frames", "stall-frames", "close-before", "close-after",
)  # fmt: skip
WORDED = ("protocol", "inject")
SPENT_AT_ONCE = ("answer-once", "redirect-same", "expire-continue")
INJECTED = {
    "masked": Frame(BINARY, b"\x01masked", masked=True),
    "reserved": Frame(BINARY, b"\x01reserved", reserved=4),
    "opcode": Frame(0x3, b"\x01opcode"),
    "oversized": Frame(BINARY, b"\x01oversized", announced=1 << 40),
    "garbage-channel": Frame(BINARY, b"\x09garbage"),
    "empty": Frame(BINARY),
    "text": Frame(TEXT, b"\x01text"),
    "fragmented-ping": Frame(PING, b"ping", fin=False),
    "long-ping": Frame(PING, b"x" * 126),
    "lone-continuation": Frame(CONTINUATION, b"lone"),
}
REASONS = {
    400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "Conflict", 410: "Expired",
    429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable", 504: "Timeout",
}  # fmt: skip

Faults = dict[str, str]


def parse_faults(text: str) -> Faults:
    """Reads `NAME` and `NAME:VALUE` joined with commas; ValueError says what would be right."""
    found: Faults = {}
    for part in [] if text == "pass" else text.split(","):
        name, colon, value = part.partition(":")
        right = (
            (name in PLAIN and not colon)
            or (name in COUNTED and re.fullmatch(r"[0-9]{1,9}", value))
            or (name in WORDED and value)
        )
        if not right or (name == "inject" and not (value in INJECTED or re.fullmatch(r"(?:[0-9a-f]{2})+", value))):
            known = (*PLAIN, *(f"{each}:N" for each in COUNTED), *(f"{each}:WORD" for each in WORDED))
            raise ValueError(f"unknown fault {part!r}: use pass or {', '.join(known)}")
        found[name] = value
    return found


@dataclass(frozen=True)
class Head:
    """The first line and the fields of a request or an answer."""

    line: str
    fields: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str:
        return next((value for key, value in self.fields if key.lower() == name.lower()), "")

    def having(self, name: str, value: str | None) -> Head:
        """With another value of a field, or without it."""
        kept = tuple((key, each) for key, each in self.fields if key.lower() != name.lower())
        return replace(self, fields=kept if value is None else (*kept, (name, value)))

    def build(self) -> bytes:
        lines = [self.line, *(f"{key}: {value}" for key, value in self.fields)]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    @property
    def words(self) -> list[str]:
        return (self.line.split(" ", 2) + ["", ""])[:3]

    @property
    def upgrades(self) -> bool:
        return self.get("Upgrade").lower() == "websocket"


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return None
    lines = raw.decode("latin-1").split("\r\n")[:-2]
    parts = (line.partition(":") for line in lines[1:])
    return Head(lines[0], tuple((key.strip(), value.strip()) for key, _, value in parts))


def own_answer(code: int, retry_after: str = "", location: str = "") -> bytes:
    """What the API server would say itself."""
    message = "the lab's relay was told to answer this"
    details: dict[str, object] = {"retryAfterSeconds": int(retry_after)} if retry_after else {}
    status = {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
        "reason": REASONS.get(code, "Unknown"), "details": details, "code": code,
    }  # fmt: skip
    body = b"" if location else json.dumps(status).encode()
    lines = [f"HTTP/1.1 {code} Told", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"Retry-After: {retry_after}"] if retry_after else []
    lines += [f"Location: {location}"] if location else []
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


class Link:
    """One connection of a client."""

    def __init__(self, proxy: WsProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.proxy = proxy
        self.faults = dict(proxy.faults)
        self.reader = reader
        self.writer = writer
        self.writers = [writer]
        self.frames = 0
        self.bytes = 0

    def number(self, name: str) -> int:
        return int(self.faults.get(name) or 0)

    def reset(self) -> None:
        for writer in self.writers:
            abort(writer)

    async def run(self) -> None:
        head = await read_head(self.reader)
        if head is None:
            return
        self.proxy.counts["requests"] += 1
        self.proxy.counts["upgrades"] += head.upgrades
        told = self.choose_answer(head)
        if told:
            self.writer.write(told)
            await self.writer.drain()
            return
        far_reader, far_writer = await self.proxy.connect()
        self.writers.append(far_writer)
        if "v4" in self.faults and head.upgrades:
            head = head.having("Sec-WebSocket-Protocol", "v4.channel.k8s.io")
        far_writer.write((head if head.upgrades else head.having("Connection", "close")).build())
        answer = await read_head(far_reader) if head.upgrades else None
        if answer is None or answer.words[1] != "101":
            if answer is not None:
                self.writer.write(answer.having("Connection", "close").build())
            await asyncio.gather(self.copy(far_reader, self.writer), self.copy(self.reader, far_writer))
            return
        await self.relay_frames(self.spoil_answer(answer), far_reader, far_writer)

    def choose_answer(self, head: Head) -> bytes:
        """An answer of our own, or nothing."""
        target = head.words[1]
        place = f"https://{head.get('Host')}{target}"
        if "expire-continue" in self.faults and parse_qs(urlsplit(target).query).get("continue", [""])[0]:
            return self.spend("expire-continue", own_answer(410))
        if "redirect-loop" in self.faults:
            return own_answer(307, location=place)
        if "redirect-other" in self.faults:
            return own_answer(307, location=f"https://127.0.0.1:{self.faults['redirect-other']}{target}")
        if "redirect-same" in self.faults:
            return self.spend("redirect-same", own_answer(307, location=target))
        if "upgrades" in self.faults and not head.upgrades:
            return b""
        retry_after = self.faults.get("retry-after", "")
        if "answer-once" in self.faults:
            return self.spend("answer-once", own_answer(self.number("answer-once"), retry_after))
        return own_answer(self.number("answer"), retry_after) if "answer" in self.faults else b""

    def spend(self, name: str, answer: bytes) -> bytes:
        """A fault that happens once; whoever is first gets it."""
        if self.proxy.faults.pop(name, None) is None:
            return b""
        return answer

    def spoil_answer(self, answer: Head) -> Head:
        if "no-protocol" in self.faults:
            answer = answer.having("Sec-WebSocket-Protocol", None)
        if "protocol" in self.faults:
            answer = answer.having("Sec-WebSocket-Protocol", self.faults["protocol"])
        if "wrong-accept" in self.faults:
            answer = answer.having("Sec-WebSocket-Accept", "c3BvaWxlZCBieSB0aGUgbGFiISE=")
        return answer

    async def copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Bytes as they come; the end of the server's side ends the connection."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while data := await reader.read(CHUNK):
                writer.write(data)
                await writer.drain()
        for each in self.writers if writer is self.writer else []:
            each.close()

    async def relay_frames(self, answer: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raw = answer.build()
        first = b""
        if "inject" in self.faults:
            kind = self.faults["inject"]
            first = INJECTED[kind].build() if kind in INJECTED else bytes.fromhex(kind)
        if "coalesce" in self.faults:
            frame = await read_frame(reader)
            self.writer.write(raw + first + (frame.build() if frame else b""))
        else:
            self.writer.write(raw)
            await self.writer.drain()
            self.writer.write(first)
        await asyncio.gather(self.to_client(reader), self.to_server(writer))

    async def to_client(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError):
            while frame := await read_frame(reader):
                for each in self.change(frame):
                    if not await self.send(each):
                        return
        for each in self.writers:
            each.close()

    def change(self, frame: Frame) -> list[Frame]:
        """What the client gets in place of one frame of the server."""
        faults = self.faults
        if frame.opcode == CLOSE:
            if "no-close" in faults:
                return []
            return [close_frame(self.number("close-after"), "told")] if "close-after" in faults else [frame]
        if frame.channel == 3 and len(frame.payload) > 1:
            if "close-before" in faults:
                return [close_frame(self.number("close-before"), "told")]
            if "drop-status" in faults:
                return []
            if "broken-status" in faults:
                frame = replace(frame, payload=b'\x03{"status":"Succ')
            if "split-status" in faults:
                text = frame.payload[1:]
                return [replace(frame, payload=b"\x03" + part) for part in (text[:10], text[10:])]
        before = [Frame(PING, b"lab")] if "ping" in faults else []
        if "fragment" in faults and not frame.is_control:
            return [*before, *split(frame, max(self.number("fragment"), 1))]
        return [*before, frame]

    async def send(self, frame: Frame) -> bool:
        """Sends one frame as the faults want it; False ends the relaying."""
        faults = self.faults
        if "delay" in faults:
            await asyncio.sleep(self.number("delay") / 1000)
        if "stall-frames" in faults and self.frames >= self.number("stall-frames"):
            await asyncio.Event().wait()
        raw = frame.build()
        cut = "cut-bytes" in faults and self.bytes + len(raw) >= self.number("cut-bytes")
        if cut:
            raw = raw[: max(0, self.number("cut-bytes") - self.bytes)]
        size = self.number("tiny") or len(raw) or 1
        for i in range(0, len(raw), size):
            self.writer.write(raw[i : i + size])
            await self.writer.drain()
        self.frames += 1
        self.bytes += len(raw)
        self.proxy.counts["framesToClient"] += 1
        if cut or ("cut-frames" in faults and self.frames >= self.number("cut-frames")):
            await wait_until_delivered(self.writer)
            self.reset()
            return False
        if frame.opcode == CLOSE and "close-before" in faults:
            return self.finish()
        if "end-frames" in faults and self.frames >= self.number("end-frames"):
            return self.finish()
        return True

    def finish(self) -> bool:
        for each in self.writers:
            each.close()
        return False

    async def to_server(self, writer: asyncio.StreamWriter) -> None:
        counts = self.proxy.counts
        with contextlib.suppress(OSError):
            while frame := await read_frame(self.reader):
                counts["framesFromClient"] += 1
                counts["unmaskedFromClient"] += not frame.masked
                counts["fragmentsFromClient"] += not frame.fin
                counts["pingsFromClient"] += frame.opcode == PING
                counts["pongsFromClient"] += frame.opcode == PONG
                counts["halfCloses"] += frame.payload == b"\xff\x00"
                if frame.channel is not None:
                    counts[f"channel{frame.channel}FromClient"] += len(frame.payload) - 1
                if frame.close_code is not None:
                    counts[f"close{frame.close_code}FromClient"] += 1
                if "delay" in self.faults:
                    await asyncio.sleep(self.number("delay") / 1000)
                if frame.opcode == PONG:
                    # the server did not ask
                    continue
                writer.write(frame.build())
                await writer.drain()
        # the client has left: the server notices it by the end of the link, as it would without us
        writer.close()


class WsProxy:
    """The relay as a library: start(), set_faults(), stop(); `port` is known after start()."""

    def __init__(self, target: int, server_name: str, authority: str, certificate: str, key: str) -> None:
        self.target = target
        self.server_name = server_name
        self.faults: Faults = {}
        self.counts: Counter[str] = Counter()
        self.port = 0
        self.control = 0
        self._links: set[Link] = set()
        self._servers: list[asyncio.Server] = []
        self._inside = ssl.create_default_context(cafile=authority)
        self._outside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._outside.load_cert_chain(certificate, key)
        self._outside.set_alpn_protocols(["http/1.1"])

    async def start(self, port: int = 0, control: int = 0) -> None:
        server = await asyncio.start_server(
            self._serve, "127.0.0.1", port, limit=LARGEST_HEAD, ssl=self._outside, backlog=1024
        )
        controller = await asyncio.start_server(self._serve_control, "127.0.0.1", control)
        self.port, self.control = (each.sockets[0].getsockname()[1] for each in (server, controller))
        self._servers = [server, controller]

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(
            "127.0.0.1", self.target, limit=LARGEST_HEAD, ssl=self._inside, server_hostname=self.server_name
        )

    def set_faults(self, text: str) -> None:
        self.faults = parse_faults(text)

    def drop(self) -> int:
        for link in self._links:
            link.reset()
        return len(self._links)

    async def stop(self) -> None:
        for server in self._servers:
            server.close()
        self.drop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = Link(self, reader, writer)
        self._links.add(link)
        try:
            await link.run()
        except OSError:
            link.reset()
        finally:
            self._links.discard(link)
            for each in link.writers:
                each.close()

    async def _serve_control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError):
            while line := await reader.readline():
                writer.write(f"{json.dumps(self.obey(line.decode(errors='replace').strip()))}\n".encode())
                await writer.drain()
        writer.close()

    def obey(self, line: str) -> dict[str, object]:
        command, _, argument = line.partition(" ")
        extra: dict[str, object] = {}
        if command == "mode":
            try:
                self.set_faults(argument)
            except ValueError as error:
                return {"error": str(error)}
        elif command == "drop":
            extra["dropped"] = self.drop()
        elif command == "forget":
            self.counts.clear()
        elif command != "status":
            return {"error": f"unknown command {command!r}: use mode, status, drop or forget"}
        mode = ",".join(f"{name}:{value}" if value else name for name, value in self.faults.items()) or "pass"
        return {"mode": mode, "open": len(self._links), "counts": {k: v for k, v in self.counts.items() if v}, **extra}


async def serve(arguments: argparse.Namespace) -> None:
    proxy = WsProxy(arguments.to, arguments.server_name, arguments.ca, arguments.certificate, arguments.key)
    proxy.set_faults(arguments.mode)
    await proxy.start(arguments.listen, arguments.control)
    report = json.dumps({"port": proxy.port, "target": proxy.target, "control": proxy.control})
    if arguments.report:
        partial = arguments.report.with_suffix(".partial")
        partial.write_text(report)
        partial.replace(arguments.report)
    print(report, flush=True)
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="fopslab.wsproxy", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--listen", type=int, default=0, metavar="PORT", help="loopback port, 0 chooses a free one")
    parser.add_argument("--to", type=int, required=True, metavar="PORT", help="loopback port of the target")
    parser.add_argument("--server-name", required=True, metavar="NAME", help="name in the target's certificate")
    parser.add_argument("--ca", required=True, metavar="FILE", help="authority of the target")
    parser.add_argument("--certificate", required=True, metavar="FILE", help="what clients see")
    parser.add_argument("--key", required=True, metavar="FILE", help="its key")
    parser.add_argument("--mode", default="pass", help="the first faults")
    parser.add_argument("--control", type=int, default=0, metavar="PORT", help="control port, 0 chooses a free one")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the ports there as JSON")
    arguments = parser.parse_args()
    try:
        parse_faults(arguments.mode)
    except ValueError as error:
        parser.error(str(error))
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(arguments))


if __name__ == "__main__":
    main()
