"""Rows of tables that `make test` leaves to the sweeps. Of each kind of row, `make test` keeps at least one."""

from collections.abc import Collection, Iterable
from typing import Any

import pytest

# Shipped scenarios of hundreds of requests, each a variation of something that a smaller scenario or set shows, too.
LONG_SCENARIOS = (
    "canary",
    "conflict",
    "elsewhere-sick",
    "flapping-health",
    "hanging",
    "lagging",
    "no-signal",
    "placement-groups",
    "preempted",
    "repairs",
    "throttled",
    "traffic-drained",
    "zonal",
)


def scenario_rows(names: Iterable[str]) -> list[Any]:
    """Return a row for each shipped scenario; `make sample` plays the long ones."""
    return [pytest.param(name, marks=[pytest.mark.sweep] if name in LONG_SCENARIOS else []) for name in names]


def nightly_but(kept: Collection[str], names: Collection[str]) -> list[Any]:
    """Return a row for each name; only `make sweeps` plays those that are not among the `kept` ones.

    Raises ValueError if a kept one is not there, so that a new name for it does not leave `make test` without.
    """
    if missing := set(kept).difference(names):
        raise ValueError(f"no such rows: {missing}")
    return [pytest.param(name, marks=[] if name in kept else [pytest.mark.nightly]) for name in names]
