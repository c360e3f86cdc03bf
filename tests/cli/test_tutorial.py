"""docs/ssot.md is run as it stands; it needs git and no server."""

from __future__ import annotations

from pathlib import Path

from conftest import ROOT
from page_tools import differences


def test_every_command_of_the_tutorial_answers_as_shown(tmp_path: Path) -> None:
    assert differences(ROOT / "docs/ssot.md", tmp_path) == []
