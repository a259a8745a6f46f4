"""Seed -> Case. The same seed is the same case on every machine: nothing but `random.Random(seed)` draws."""

from __future__ import annotations

from random import Random
from typing import Any

from sweeps.seeds.case import Case
from sweeps.seeds.drawing_faults import draw_faults
from sweeps.seeds.drawing_fleet import draw_fleet
from sweeps.seeds.drawing_inputs import draw_inputs, draw_operation

CALM = 1 / 3  # so many cases have neither faults nor other actors
LONGEST = 600.0  # seconds; nobody cancels later


def draw_case(seed: int) -> Case:
    """The case of this seed."""
    rng = Random(seed)
    calm = rng.random() < CALM
    operation = draw_operation(rng)
    document: dict[str, Any] = {
        "description": f"Drawn from seed {seed}.",
        **draw_fleet(rng, half_way=operation == "rollback"),
    }
    fleet = Case(seed, {**document, "inputs": {}}).scenario.scale_set
    document["inputs"] = draw_inputs(rng, fleet, document, operation, calm=calm)
    if calm:
        return Case(seed, document)
    document["faults"] = draw_faults(rng, fleet, document)
    if rng.random() < 0.08:
        document["access_token_seconds"] = rng.choice([60, 300, 900])
    cancel_at = round(rng.uniform(0.1, LONGEST * rng.random()), 1) if rng.random() < 0.15 else None
    return Case(seed, document, cancel_at)
