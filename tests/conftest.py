"""Options of the whole test run, and which tests share a worker."""

from __future__ import annotations

import pytest
from hypothesis import settings

from azure_simulator import fault_names, scenario_names

# `make quick` draws a quarter of the examples of each property; everything else draws all.
settings.register_profile("quick", max_examples=25)

SCENARIOS = frozenset([*scenario_names(), *fault_names()])


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-transcripts", action="store_true", help="write tests/transcripts anew")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Tests that look at one run of a scenario share a worker, where it is played once for all of them."""
    for value in getattr(getattr(item, "callspec", None), "params", {}).values():
        name = getattr(value, "scenario", value)
        if isinstance(name, str) and name.strip("`") in SCENARIOS:
            item.add_marker(pytest.mark.xdist_group(name.strip("`")))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest test first, so that at the end no core waits for it alone."""
    items.sort(key=lambda item: "a_large_set" not in item.name)
