"""The deterministic bytes that /bytes sends, so that tests can tell what should have arrived."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

BLOCK = bytes((i * 31 + (i >> 8) * 7) & 0xFF for i in range(64 * 1024))


def pattern_blocks(count: int) -> Iterator[bytes]:
    """The first `count` bytes: the same 64 KiB block again and again, the last one cut."""
    while count > 0:
        yield BLOCK[:count]
        count -= len(BLOCK)


def pattern_digest(count: int) -> str:
    """SHA-256, in hex, of the first `count` bytes."""
    digest = hashlib.sha256()
    for block in pattern_blocks(count):
        digest.update(block)
    return digest.hexdigest()
