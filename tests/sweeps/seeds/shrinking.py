"""Shrinks a failing case: removes every part without which the same check still fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from azure_simulator import ScenarioError
from sweeps.seeds.case import Case


def shrunk(case: Case, still_fails: Callable[[Case], bool]) -> Case:
    """Remove one part after another while `still_fails`, and return the smallest case."""
    while (smaller := next(filter(still_fails, _smaller(case)), None)) is not None:
        case = smaller
    return case


def _smaller(case: Case) -> Iterator[Case]:
    """Yield every case with one part less that is still a valid scenario."""
    for candidate in _with_less(case):
        try:
            _ = candidate.scenario
        except ScenarioError:  # a fault or an override names something that is gone
            continue
        yield candidate


def _with_less(case: Case) -> Iterator[Case]:
    if case.cancel_at is not None:
        yield replace(case, cancel_at=None)
    for index in range(len(case.faults)):
        yield case.changed(faults=case.faults[:index] + case.faults[index + 1 :])
    for part in ("access_token_seconds", "repairs_suspended", "model"):
        if part in case.document:
            yield case.changed(**{part: None})
    for name in case.inputs:
        if name != "operation" and not name.startswith("image-"):
            yield case.changed(inputs={key: value for key, value in case.inputs.items() if key != name})
    overrides = case.document["instances"]
    for id_ in overrides:
        yield case.changed(instances={key: value for key, value in overrides.items() if key != id_})
    yield from _with_fewer_instances(case)


def _with_fewer_instances(case: Case) -> Iterator[Case]:
    fleet = case.document["fleet"]
    for part in ("zones", "placement_groups", "missing_ids", "attached"):
        if part in fleet:
            yield case.changed(fleet={key: value for key, value in fleet.items() if key != part})
    counts = fleet["update_domains"]
    for index, count in enumerate(counts):
        fewer = [count - 1] if count > 1 else []
        left = [*counts[:index], *fewer, *counts[index + 1 :]]
        if left:
            yield case.changed(fleet={**fleet, "update_domains": left})
