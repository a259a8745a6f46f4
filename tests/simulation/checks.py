"""All checks by name. Each takes the truth of a run and yields a sentence for everything that is broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from simulation import checks_back, checks_calm, checks_reports, checks_writes
from simulation.truth import Truth

Check = Callable[[Truth], Iterator[str]]

CHECKS: dict[str, Check] = {
    "away": checks_writes.away,
    "min-healthy": checks_writes.min_healthy,
    "domains": checks_writes.domains,
    "selected": checks_writes.selected,
    "protected": checks_writes.protected,
    "stopped": checks_writes.stopped,
    "needed": checks_writes.needed,
    "one-at-a-time": checks_writes.one_at_a_time,
    "gate": checks_writes.gate,
    "halt": checks_writes.halt,
    "in-time": checks_writes.in_time,
    "as-asked": checks_writes.as_asked,
    "image-only": checks_writes.image_only,
    "back-image": checks_back.back_image,
    "back-who": checks_back.back_who,
    "back-order": checks_back.back_order,
    "back-called-for": checks_back.back_called_for,
    "rolled-back": checks_back.rolled_back,
    "repairs": checks_reports.repairs,
    "files": checks_reports.files,
    "lists": checks_reports.lists,
    "upgraded": checks_reports.upgraded,
    "remaining": checks_reports.remaining,
    "skipped": checks_reports.skipped,
    "images": checks_reports.images,
    "instances": checks_reports.instances,
    "outcome": checks_reports.outcome,
    "succeeded": checks_reports.succeeded,
    "lowest-healthy": checks_reports.lowest_healthy,
    "calm": checks_calm.calm,
    "floor": checks_calm.floor,
}


def broken(truth: Truth) -> dict[str, list[str]]:
    """What is broken, by the name of the check; empty where nothing is."""
    found = {name: list(check(truth)) for name, check in CHECKS.items()}
    return {name: sentences for name, sentences in found.items() if sentences}
