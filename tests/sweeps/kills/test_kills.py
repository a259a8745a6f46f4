"""A sample of the sweep of kills. `python -m sweeps.kills` plays all of it."""

from __future__ import annotations

import pytest

from sweeps.kills.scenarios import TINY, swept
from sweeps.kills.sweep import Point, calm, judge, points_of

DRAWN = 1
PARTS = 4  # parts of the tiny scenario, for as many cores


def wrong_at(points: list[Point]) -> list[object]:
    return [verdict for verdict in map(judge, points) if verdict.wrong]


@pytest.mark.parametrize("part", range(PARTS))
def test_a_tiny_scenario_may_be_killed_anywhere(part: int) -> None:
    points = points_of(TINY)
    assert len(points) == 2 * calm(TINY).calls > 40
    assert wrong_at(points[part::PARTS]) == []


@pytest.mark.parametrize("name", swept())
def test_the_others_may_be_killed_at_drawn_points(name: str) -> None:
    assert wrong_at([Point(name), *points_of(name, DRAWN)]) == []
