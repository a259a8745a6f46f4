"""Shrinks a failing case: removes every part without which the same check still fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import replace
from typing import Any

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
    needed = {"operation", *(name for name in case.inputs if name.startswith("image-"))}
    yield from (case.changed(inputs=less) for less in _without_one(case.inputs, case.inputs.keys() - needed))
    instances = case.document["instances"]
    yield from (case.changed(instances=less) for less in _without_one(instances, instances.keys()))
    fleet = case.document["fleet"]
    optional = {"zones", "placement_groups", "missing_ids", "attached"}
    yield from (case.changed(fleet=less) for less in _without_one(fleet, optional))
    counts = fleet["update_domains"]
    for index, count in enumerate(counts):
        fewer = [count - 1] if count > 1 else []
        left = [*counts[:index], *fewer, *counts[index + 1 :]]
        if left:
            yield case.changed(fleet={**fleet, "update_domains": left})


def _without_one(whole: Mapping[str, Any], names: Set[str]) -> Iterator[dict[str, Any]]:
    """Yield the mapping without each of these keys that it has."""
    for name in filter(names.__contains__, whole):
        yield {key: value for key, value in whole.items() if key != name}
