#!/usr/bin/env python3
"""Sends COUNT requests at once, each over a connection of its own: fetch.py PORT PATH COUNT."""

import asyncio
import sys


async def fetch(port: int, path: str) -> bool:
    """One request; whether the status is 200."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    line = await reader.readline()
    writer.close()
    return line.split(b" ")[1:2] == [b"200"]


async def main() -> None:
    """Ends with status 1 unless all answers are good."""
    port, path, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    answers = await asyncio.gather(*(fetch(port, path) for _ in range(count)))
    sys.exit(0 if all(answers) else 1)


if __name__ == "__main__":
    asyncio.run(main())
