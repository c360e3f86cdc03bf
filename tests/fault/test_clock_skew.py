"""A machine whose clock is wrong: small differences change nothing, large ones are refused with their cause and nothing runs."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Lab, Result, Runner
from lab_tools import error_code, instrumented

pytestmark = pytest.mark.neighbours("lxc", "kube")
LIBRARY = Path("/usr/lib", f"{os.uname().machine}-linux-gnu", "faketime/libfaketime.so.1")
CONTEXT = "lab-kube"
Shifted = Callable[..., Result]


@pytest.fixture
def shifted(operate: Runner) -> Shifted:
    """Calls the program with a clock that is off by so much; only what asks for the time of day sees it."""
    if not LIBRARY.exists():
        pytest.skip("libfaketime is not installed")
    program = operate.binary.read_bytes()
    if instrumented(operate.binary) or b"libc.so.6" not in program:
        pytest.skip("this build takes no preloaded clock (static, or with sanitizers)")

    def call(offset: str, *words: str) -> Result:
        return operate("--context", CONTEXT, *words, env={
            "LD_PRELOAD": str(LIBRARY), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_NO_CACHE": "1"})

    return call


def run(shifted: Shifted, offset: str, role: str = "daytona_runtime") -> Result:
    return shifted(offset, "runtime-assets", "run", "--role", role, "--", "echo", "here")


@pytest.mark.parametrize("offset", ["+40s", "-40s", "+12h", "-12h"])
def test_a_clock_within_the_certificates_time_changes_nothing(shifted: Shifted, offset: str) -> None:
    result = run(shifted, offset)
    assert result.code == 0, result.err
    assert result.stdout == b"here\n"


@pytest.mark.parametrize(("offset", "cause"), [("+3650d", "expired"), ("-30d", "not yet valid")])
def test_a_clock_outside_the_certificates_time_starts_nothing(shifted: Shifted, offset: str, cause: str) -> None:
    result = run(shifted, offset)
    assert result.code == 125, result.err
    text = result.err
    assert cause in text
    assert "nothing ran" in text
    assert b"here" not in result.stdout


def test_a_check_with_a_wrong_clock_says_so_and_fails(shifted: Shifted) -> None:
    result = shifted("+3650d", "runtime-assets", "check", "--asset-id", "daytona-01", "-o", "json")
    assert result.code == 12, result.err
    row = result.json()["items"][0]
    assert row["state"] != "ok"
    assert re.search(r"expired", row["cause"])


def test_an_oidc_token_is_judged_by_the_clock_of_this_machine(shifted: Shifted, lab: Lab) -> None:
    assert run(shifted, "+0s", "oidc_runtime").code == 0
    late = run(shifted, "+300d", "oidc_runtime")
    assert late.code == 125, late.err
    assert error_code(late.err) in {"plane.auth", "plane.tls"}
    assert "expired" in late.err


def test_time_limits_do_not_follow_the_clock(shifted: Shifted) -> None:
    result = shifted("+12h", "runtime-assets", "run", "--role", "daytona_runtime", "--timeout", "1s", "--", "sleep", "30")
    assert result.code == 124, result.err
