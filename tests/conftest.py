"""Options of the whole test run, and the grouping of tests on workers."""

from __future__ import annotations

import gc

import pytest
from hypothesis import Phase, settings

from azure_simulator import fault_names, scenario_names

# How many examples of each property are drawn: by `make quick`, by `make test`, and by `make sweeps`.
settings.register_profile("quick", max_examples=25)
settings.register_profile("test", max_examples=50)
settings.register_profile("thorough", max_examples=500)
# A mutant that lives is played against every property, and one that does not need not be shown its smallest example.
settings.register_profile("mutants", max_examples=4, phases=[Phase.explicit, Phase.generate])
settings.load_profile("test")

SCENARIOS = frozenset([*scenario_names(), *fault_names()])


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-transcripts", action="store_true", help="write tests/transcripts anew")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Group the tests that look at one run of a scenario on one worker, which plays it once for all of them.

    Of the other tests, only whole runs are distributed one by one. Whenever a test ends, xdist counts the rest of each
    distributed group, and with thousands of groups that costs as much as the tests.
    """
    if "sweeps" in item.path.parts:
        item.add_marker(pytest.mark.sweep)
    params = getattr(getattr(item, "callspec", None), "params", {}).values()
    names = [str(getattr(value, "scenario", value)).strip("`") for value in params]
    scenario = next((name for name in names if name in SCENARIOS), None)
    if scenario is not None or item.path.parent.name != "runs":
        item.add_marker(pytest.mark.xdist_group(scenario or item.path.name))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest test, so that no core waits for it alone at the end."""
    items.sort(key=lambda item: "a_large_set" not in item.name)
    # Imported modules and collected tests stay, so the garbage collector need not look at them, nor run so often.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
