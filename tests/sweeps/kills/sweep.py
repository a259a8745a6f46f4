"""Kills a scenario at many points, and judges the result of each."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache

from harness.pool import Verdict
from sweeps.kills.judging import false_claims, problems
from sweeps.kills.runs import Ran, killed, undisturbed
from sweeps.kills.scenarios import LARGE, scenario_of
from sweeps.kills.wire import Kill, Moment

DRAWN_OF_LARGE = 50


@dataclass(frozen=True, slots=True)
class Point:
    """One scenario with one kill, or undisturbed without a kill."""

    scenario: str
    kill: Kill | None = None


@cache
def calm(name: str) -> Ran:
    """Run a scenario undisturbed."""
    return undisturbed(scenario_of(name))


def judge(point: Point) -> Verdict:
    """Judge the undisturbed run, or the killed and repeated one."""
    scenario, before = scenario_of(point.scenario), calm(point.scenario)
    again = f"python -m sweeps.kills --scenario '{point.scenario}'"
    if point.kill is None:
        return Verdict(again, "undisturbed", tuple(false_claims(scenario, before)))
    wrong = problems(scenario, before, killed(scenario, point.kill))
    again += f" --call {point.kill.call} --moment {point.kill.moment.value}"
    return Verdict(again, f"of {point.scenario!r}", tuple(wrong))


def points_of(name: str, drawn: int | None = None) -> list[Point]:
    """Return every kill of a scenario, or a number of kills drawn by its name, which are the same in every run."""
    kills = [Kill(call, moment) for call in range(1, calm(name).calls + 1) for moment in Moment]
    drawn = DRAWN_OF_LARGE if name == LARGE else drawn
    if drawn is not None and drawn < len(kills):
        kills = sorted(random.Random(name).sample(kills, drawn), key=lambda kill: (kill.call, kill.moment.value))
    return [Point(name, kill) for kill in kills]
