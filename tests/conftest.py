"""Options of the whole test run, and the grouping of tests on workers."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

from harness.groups import ByRun

# No property may fail because the machine is slow.
settings.register_profile("any", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any")  # whose values the others have, too
# How many examples of each property are drawn: by `make quick`, by `make test`, and by `make sweeps`.
settings.register_profile("quick", max_examples=20)
settings.register_profile("test", max_examples=20)
settings.register_profile("thorough", max_examples=500)
# A mutant that lives is played against every property, and one that does not need not be shown its smallest example.
settings.register_profile("mutants", max_examples=4, phases=[Phase.explicit, Phase.generate])
settings.load_profile("test")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-transcripts", action="store_true", help="write tests/transcripts anew")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark everything in the folder of the sweeps as such."""
    if "sweeps" in item.path.parts:
        item.add_marker(pytest.mark.sweep)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByRun | None:
    """Group the tests by `group_of` where the command line asks for groups, and begin with the first."""
    config.option.loadscopereorder = False
    return ByRun(config, log) if config.getoption("dist") == "loadgroup" else None


def _freeze_nothing() -> None: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest test, so that no core waits for it alone at the end."""
    items.sort(key=lambda item: "a_large_set" not in item.name)
    # Imported modules and collected tests stay, so the garbage collector need not look at them, nor run so often.
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 20)
    # A rehearsal freezes what it has made, since its process ends soon. This process goes on.
    gc.freeze = _freeze_nothing
