"""Draws a case from a seed. A seed gives the same case on every machine: only `random.Random(seed)` draws."""

from random import Random
from typing import Any

from sweeps.seeds.case import Case
from sweeps.seeds.drawing_faults import draw_faults
from sweeps.seeds.drawing_fleet import draw_fleet
from sweeps.seeds.drawing_inputs import OPERATIONS, draw_drain, draw_hooks, draw_inputs, draw_probes, draw_surge
from sweeps.seeds.drawing_lies import draw_lies
from sweeps.seeds.drawing_rolling import draw_rolling

CALM = 1 / 3  # share of cases with neither faults nor other actors
LYING = 1 / 4  # share of cases in which Azure lies in ways that pass, and nothing else is wrong
LONGEST = 600.0  # seconds; no job is cancelled later


def draw_case(seed: int) -> Case:
    rng = Random(seed)
    weather = rng.random()
    calm, lying = weather < CALM, CALM <= weather < CALM + LYING
    operation = rng.choices(list(OPERATIONS), list(OPERATIONS.values()))[0]  # the set is then drawn to fit it
    document: dict[str, Any] = {
        "description": f"Drawn from seed {seed}.",
        **draw_fleet(rng, half_way=operation == "rollback"),
    }
    fleet = Case(seed, {**document, "inputs": {}}).scenario.scale_set
    document["inputs"] = draw_inputs(rng, fleet, document, operation, calm=calm or lying)
    document = draw_probes(document, steady=calm or lying)
    document = draw_drain(document, steady=calm or lying)
    document = draw_hooks(document, steady=calm or lying)
    with_surge = draw_rolling(draw_surge(document, steady=calm or lying))
    if calm:
        return Case(seed, with_surge)
    if lying:
        return Case(seed, {**with_surge, "faults": draw_lies(rng, fleet, document)})
    document = {**with_surge, "faults": draw_faults(rng, fleet, document)}
    if rng.random() < 0.08:
        document["access_token_seconds"] = rng.choice([60, 300, 900])
    cancel_at = round(rng.uniform(0.1, LONGEST * rng.random()), 1) if rng.random() < 0.15 else None
    return Case(seed, document, cancel_at)
