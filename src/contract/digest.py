#!/usr/bin/env python3
"""Writes a header with a digest of source files: digest.py HEADER FILE..."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path


def main() -> None:
    digest = hashlib.sha256()
    for path in sorted(Path(word) for word in sys.argv[2:]):
        data = path.read_bytes()
        digest.update(f"{path.name} {len(data)}\n".encode() + data)
    text = f'#ifndef FOPS_CONTRACT_RULES_DIGEST_H\n#define FOPS_CONTRACT_RULES_DIGEST_H\n\n#define FOPS_RULES "{digest.hexdigest()[:24]}"\n\n#endif\n'
    Path(sys.argv[1]).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
