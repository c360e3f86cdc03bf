"""docs/kubernetes.md is run as it stands, against the real API server."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import ROOT, Lab
from page_tools import differences

pytestmark = pytest.mark.neighbours("lxc", "kube")


def test_every_command_of_the_tutorial_answers_as_shown(lab: Lab, tmp_path: Path) -> None:
    assert differences(ROOT / "docs/kubernetes.md", tmp_path, {"KUBECONFIG": lab["neighbours"]["kube"]["kubeconfig"]}) == []
