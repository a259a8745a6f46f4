"""Kill a scenario at many points, and say what is wrong after each."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache

from crashes.judging import false_claims, problems
from crashes.runs import Ran, killed, undisturbed
from crashes.scenarios import scenario_of
from crashes.wire import Kill, Moment


@dataclass(frozen=True, slots=True)
class Point:
    """One scenario, killed once."""

    scenario: str
    kill: Kill

    def command(self) -> str:
        """What replays it."""
        kill = self.kill
        return f"python -m crashes --scenario '{self.scenario}' --call {kill.call} --moment {kill.moment.value}"


@cache
def calm(name: str) -> Ran:
    """The undisturbed run of a scenario."""
    return undisturbed(scenario_of(name))


def wrong_undisturbed(name: str) -> list[str]:
    """What is wrong with a scenario's undisturbed run."""
    return list(false_claims(scenario_of(name), calm(name)))


def wrong_after(point: Point) -> list[str]:
    """What is wrong when the scenario is killed there and run again."""
    scenario = scenario_of(point.scenario)
    return problems(scenario, calm(point.scenario), killed(scenario, point.kill))


def points_of(name: str, drawn: int | None = None) -> list[Point]:
    """Every point of a scenario, or so many, drawn by its name: the same in every run."""
    kills = [Kill(call, moment) for call in range(1, calm(name).calls + 1) for moment in Moment]
    if drawn is not None and drawn < len(kills):
        kills = sorted(random.Random(name).sample(kills, drawn), key=lambda kill: (kill.call, kill.moment.value))
    return [Point(name, kill) for kill in kills]
