"""A sample of the crash sweep; `python -m crashes` is the whole of it."""

from __future__ import annotations

import pytest

from crashes.scenarios import TINY, swept
from crashes.sweep import calm, points_of, wrong_after, wrong_undisturbed

DRAWN = 1
PARTS = 4  # of the tiny scenario, for as many cores


@pytest.mark.parametrize("part", range(PARTS))
def test_a_tiny_scenario_may_be_killed_anywhere(part: int) -> None:
    points = points_of(TINY)
    assert len(points) == 2 * calm(TINY).calls > 40
    assert {point.command(): wrong for point in points[part::PARTS] if (wrong := wrong_after(point))} == {}


@pytest.mark.parametrize("name", swept())
def test_the_others_may_be_killed_at_drawn_points(name: str) -> None:
    assert wrong_undisturbed(name) == []
    assert {point.command(): wrong for point in points_of(name, DRAWN) if (wrong := wrong_after(point))} == {}
