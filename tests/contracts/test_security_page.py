"""Every test that SECURITY.md names exists, and pytest collects it."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PAGE = (PROJECT / "SECURITY.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py::test_\w+)`")


def promises() -> list[list[str]]:
    """Return the cells of each row of the table of promises."""
    table = PAGE.partition("## What is promised")[2]
    rows = [line for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows[2:]]


@cache
def collected(file: str) -> frozenset[str]:
    """Return the names of the tests that pytest collects from a file: the functions test_* of its first level."""
    path = PROJECT / file
    if not path.is_file() or not path.name.startswith("test_"):
        return frozenset()
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return frozenset(each.name for each in body if isinstance(each, ast.FunctionDef) and each.name.startswith("test_"))


def not_collected(names: list[str]) -> list[str]:
    """Return the names of tests that pytest does not find."""
    return [name for name in names if name.partition("::")[2] not in collected(name.partition("::")[0])]


def test_every_promise_names_an_attack_and_a_test() -> None:
    assert len(promises()) > 10
    for promise, attack, tests in promises():
        assert promise and attack
        assert NAMED.sub("", tests).strip(", ") == "" and NAMED.search(tests), promise


def test_every_test_that_is_named_is_collected() -> None:
    assert not_collected(NAMED.findall(PAGE)) == []


@pytest.mark.parametrize(
    "name",
    [
        "tests/contracts/test_security_page.py::test_nothing_of_the_kind",
        "tests/contracts/test_security_page.py::not_collected",
        "tests/contracts/test_security.py::test_a_missing_test_is_noticed",
        "tests/builders.py::fleet",
    ],
)
def test_a_missing_test_is_noticed(name: str) -> None:
    assert not_collected([name]) == [name]
