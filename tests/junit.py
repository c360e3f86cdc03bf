"""JUnit files as the runners beside this file write them."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

LONGEST_OUTPUT = 20000


def clean(text: str) -> str:
    """The end of a program's output without characters that XML refuses."""
    return "".join(c if c.isprintable() or c in "\n\t" else "?" for c in text[-LONGEST_OUTPUT:])


def add_case(suite: ElementTree.Element, name: str, seconds: float, reason: str | None, output: str = "") -> None:
    """One test; reason is None when it passed."""
    case = ElementTree.SubElement(suite, "testcase", classname=suite.get("name", ""), name=name, time=f"{seconds:.1f}")
    if reason is not None:
        ElementTree.SubElement(case, "failure", message=clean(reason)).text = clean(output)


def bad_cases(root: ElementTree.Element) -> int:
    """Number of tests that failed or crashed."""
    return sum(case.find("failure") is not None or case.find("error") is not None for case in root.iter("testcase"))


def write(root: ElementTree.Element, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
