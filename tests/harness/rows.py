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
# Shipped scenarios -> the one of their kind that `make test` plays.
SIBLINGS = {
    "community-gallery": "gallery-latest",
    "fleet-one-fails": "fleet",
    "pending-changes": "many-models",
    "replicating": "gallery-latest",
    "shared-gallery": "gallery-latest",
    "stale": "sick-domain",
    "traffic-surge": "traffic",
    "faults/born-old": "faults/scale-out",
    "faults/cut-off-answers": "faults/odd-answers",
    "faults/failing-polls": "faults/server-errors",
    "faults/github-down": "faults/entra-down",
    "faults/hanging-before": "faults/hanging-answers",
    "faults/lost-requests": "faults/lost-answers",
    "faults/missing-fields": "faults/odd-answers",
    "faults/polls-denied": "faults/forgotten-operation",
    "faults/refused-tokens": "faults/entra-down",
    "faults/revoked-token": "faults/entra-down",
    "faults/signal-to-come": "faults/signal-lost",
    "faults/throttled-reads": "faults/throttled-writes",
    "faults/tls-failure": "faults/lost-answers",
    "faults/undrain-fails": "faults/drain-fails",
    "faults/vanished": "faults/spot-eviction",
    "faults/web-pages": "faults/odd-answers",
    "faults/zone-preempted": "faults/spot-eviction",
}
OF_THE_SAMPLE = frozenset({*LONG_SCENARIOS, *SIBLINGS})


def scenario_rows(names: Iterable[str]) -> list[Any]:
    """Return a row for each shipped scenario; `make sample` plays the long ones, and those that have a sibling."""
    return [pytest.param(name, marks=marks_of(name)) for name in names]


def marks_of(scenario: str) -> list[pytest.MarkDecorator]:
    """Return the marks of a row that plays a shipped scenario."""
    return [pytest.mark.sweep] if scenario in OF_THE_SAMPLE else []


def nightly_but(kept: Collection[str], names: Collection[str]) -> list[Any]:
    """Return a row for each name; only `make sweeps` plays those that are not among the `kept` ones.

    Raises ValueError if a kept one is not there, so that a new name for it does not leave `make test` without.
    """
    if missing := set(kept).difference(names):
        raise ValueError(f"no such rows: {missing}")
    return [pytest.param(name, marks=[] if name in kept else [pytest.mark.nightly]) for name in names]
