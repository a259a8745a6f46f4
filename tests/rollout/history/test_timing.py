"""How long instances took, and how many were healthy when."""

from __future__ import annotations

import pytest

from vmss_upgrade.rollout.history.outcome import BatchRecord
from vmss_upgrade.rollout.history.timing import LowestHealthy, floor_line, note_ready, slowest
from vmss_upgrade.rollout.planning.plan import Batch
from vmss_upgrade.rollout.scale_set import Domain, DomainKind

BATCH = Batch(1, Domain(kind=DomainKind.SET), ("0", "1"))


@pytest.mark.parametrize(
    ("looks", "last"),
    [
        pytest.param([(30.0, "0"), (40.0, "01")], ("1", 30.0), id="one-after-the-other"),
        pytest.param([(30.0, "01"), (40.0, "1"), (50.0, "01")], ("0", 40.0), id="ready-again"),
        pytest.param([(30.0, "0")], None, id="one-not-ready"),
        pytest.param([], None, id="no-look"),
    ],
)
def test_the_slowest_instance(looks: list[tuple[float, str]], last: tuple[str, float] | None) -> None:
    record = BatchRecord(BATCH, 10.0)
    for at, ready in looks:
        note_ready(record, ready, at)
    assert slowest(record) == last


@pytest.mark.parametrize(
    ("counts", "columns", "line"),
    [
        pytest.param([(0, 4)], 4, [4, 4, 4, 4], id="no-change"),
        pytest.param([(0, 4), (25, 2), (75, 4)], 4, [4, 2, 2, 4], id="on-the-borders"),
        pytest.param([(0, 4), (30, 1), (31, 4)], 4, [4, 1, 4, 4], id="a-short-low-is-seen"),
        pytest.param([(50, 3), (90, 4)], 2, [3, 3], id="begins-later"),
    ],
)
def test_the_lowest_count_of_each_part_of_the_time(
    counts: list[tuple[float, int]], columns: int, line: list[int]
) -> None:
    assert floor_line(counts, 100.0, columns) == line


@pytest.mark.parametrize(
    ("count", "floor", "is_lower"),
    [(2, 2, True), (3, 3, True), (3, 2, False), (3, 1, False), (4, 3, False)],
)
def test_as_few_are_lower_where_more_have_to_be_healthy(count: int, floor: int, is_lower: bool) -> None:
    assert LowestHealthy(count, 9.0, floor).is_lower(LowestHealthy(3, 1.0, 2)) is is_lower
