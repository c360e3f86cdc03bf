"""One row per comparison, printed as a table and written as JSON."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

HEADINGS = ("work", "ours", "peer", "ratio", "bar", "verdict")


@dataclass(frozen=True)
class Row:
    """verdict: "ok", "over: …", "skipped: …", or "-" where there is no bar and the row only informs."""

    work: str
    ours: str = "-"
    peer: str = "-"
    ratio: str = "-"
    bar: str = "-"
    verdict: str = "-"
    data: dict[str, Any] = field(default_factory=dict)

    def beside(self, others: float) -> Row:
        """The same, with the share of the machine that other programs had meanwhile."""
        return replace(self, data=self.data | {"others": others})

    def cells(self) -> tuple[str, ...]:
        return self.work, self.ours, self.peer, self.ratio, self.bar, self.verdict


def judge(bars: dict[str, bool]) -> str:
    """The verdict of named bars: which are missed."""
    missed = [name for name, held in bars.items() if not held]
    return f"over: {', '.join(missed)}" if missed else "ok"


def milliseconds(value: float) -> str:
    return f"{value:.2f} ms" if value < 100 else f"{value:.0f} ms"


def mebibytes(kib: float) -> str:
    return f"{kib / 1024:.1f} MiB"


def render(rows: list[Row]) -> str:
    lines = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(HEADINGS))]
    rule = tuple("-" * width for width in widths)
    texts = []
    for line in (HEADINGS, rule, *lines[1:]):
        texts.append(" | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    return "\n".join(texts)


def write_json(path: Path, rows: list[Row], facts: dict[str, Any]) -> None:
    document = {"schema": "fops.bench/1", "machine": platform.machine(), "kernel": platform.release(), **facts,
                "rows": [asdict(row) for row in rows]}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    partial.replace(path)
