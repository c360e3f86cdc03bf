#!/usr/bin/env python3
"""Writes a source with a digest of other sources: digest.py SOURCE FILE..."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path


def main() -> None:
    digest = hashlib.sha256()
    for path in sorted(Path(word) for word in sys.argv[2:]):
        data = path.read_bytes()
        digest.update(f"{path.name} {len(data)}\n".encode() + data)
    text = f'#include "image.h"\n\nconst char image_rules[IMAGE_PRODUCT] = "{digest.hexdigest()[:24]}";\n'
    Path(sys.argv[1]).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
