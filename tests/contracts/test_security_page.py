"""Every test that SECURITY.md names exists, and pytest collects it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PAGE = (PROJECT / "SECURITY.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py::test_\w+)`")


def promises() -> list[list[str]]:
    """Return the cells of each row of the table of promises."""
    table = PAGE.partition("## What is promised")[2]
    rows = [line for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows[2:]]


def not_collected(names: list[str]) -> str:
    """Return pytest's text about tests that it does not find; empty if it collects all."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--collect-only",
        "-q",
        "--override-ini",
        "addopts=",
        "-p",
        "no:cacheprovider",
    ]
    done = subprocess.run([*command, *names], cwd=PROJECT, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout[-2000:] + done.stderr


def test_every_promise_names_an_attack_and_a_test() -> None:
    assert len(promises()) > 10
    for promise, attack, tests in promises():
        assert promise and attack
        assert NAMED.sub("", tests).strip(", ") == "" and NAMED.search(tests), promise


def test_every_test_that_is_named_is_collected() -> None:
    assert not_collected(NAMED.findall(PAGE)) == ""


def test_a_missing_test_is_noticed() -> None:
    assert "test_nothing_of_the_kind" in not_collected(["tests/test_security_page.py::test_nothing_of_the_kind"])
