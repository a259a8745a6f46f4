"""The fold of the changes of every instance: what is kept, and that it is at every moment what the report says."""

from __future__ import annotations

from typing import Any

import pytest

from builders import BROKEN, NEW, OLD, changed, fleet, run_of, without
from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.history.cells import Cell
from vmss_upgrade.rollout.history.changes import MOST_CHANGES, MOST_COUNTS, Changes
from vmss_upgrade.rollout.history.events import InstancesSeen, RollbackStarted, StatusSeen
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.planning.plan import RolloutPlan
from vmss_upgrade.rollout.scale_set import Health, ScaleSet

SET = fleet("00")


def seen(*looks: tuple[float, ScaleSet, Cell]) -> Changes:
    """Return the changes of looks at which every instance had the same cell."""
    changes = Changes()
    for at, scale_set, cell in looks:
        changes.see(scale_set.instances, {i.id: cell for i in scale_set.instances}, at)
    return changes


def cells_of(changes: Changes, id_: str) -> list[tuple[float, str]]:
    return [(at, state.cell.value if state else "gone") for at, state in changes.by_instance[id_]]


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        pytest.param([], [], id="nothing-seen"),
        pytest.param([(1.0, SET, Cell.OLD), (9.0, SET, Cell.OLD)], [(1.0, "old")], id="no-change"),
        pytest.param([(1.0, SET, Cell.OLD), (9.0, SET, Cell.NEW)], [(1.0, "old"), (9.0, "new")], id="another-cell"),
        pytest.param([(1.0, SET, Cell.OLD), (1.0, SET, Cell.NEW)], [(1.0, "new")], id="the-last-of-a-moment"),
        pytest.param(
            [(1.0, SET, Cell.OLD), (2.0, SET, Cell.NEW), (2.0, SET, Cell.OLD)], [(1.0, "old")], id="back-in-a-moment"
        ),
        pytest.param(
            [(1.0, SET, Cell.OLD), (2.0, without(SET, "0"), Cell.OLD), (3.0, SET, Cell.OLD)],
            [(1.0, "old"), (2.0, "gone"), (3.0, "old")],
            id="not-listed-for-a-while",
        ),
    ],
)
def test_only_changes_are_kept(looks: list[tuple[float, ScaleSet, Cell]], expected: list[tuple[float, str]]) -> None:
    changes = seen(*looks)
    assert (cells_of(changes, "0") if changes.by_instance else []) == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"health": Health.UNHEALTHY},
        {"image": NEW},
        {"image": None},
        {"provisioning_state": "Updating"},
        {"power": fleet("0", stopped="0").instances[0].power},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_whatever_is_shown_makes_a_change(fields: dict[str, Any]) -> None:
    changes = seen((1.0, SET, Cell.OLD), (2.0, changed(SET, "0", **fields), Cell.OLD))
    assert [at for at, _ in changes.by_instance["0"]] == [1.0, 2.0]
    assert [at for at, _ in changes.by_instance["1"]] == [1.0]
    _, state = changes.by_instance["0"][1]
    now = changes.last_seen["0"]
    assert state is not None
    assert (state.health, state.image, state.power) == (now.health, now.image, now.power)
    assert state.provisioning == str(now.provisioning)


def test_cells_are_needed_only_of_those_that_may_have_changed() -> None:
    changes = seen((1.0, SET, Cell.OLD))
    changes.see(changed(SET, "0 1", image=NEW).instances, {"0": Cell.NEW}, 2.0)
    assert cells_of(changes, "0") == [(1.0, "old"), (2.0, "new")]
    assert cells_of(changes, "1") == [(1.0, "old")]
    assert changes.last_seen["1"].image == OLD


def test_the_latest_change_replaces_the_last_of_too_many() -> None:
    looks = [(float(n), SET, (Cell.OLD, Cell.NEW)[n % 2]) for n in range(MOST_CHANGES)]
    many = cells_of(seen(*looks), "0")
    assert [at for at, _ in many] == [at for at, _, _ in looks]
    more = [(1000.0, SET, Cell.FAILED), (1001.0, SET, Cell.FAILED), (1002.0, SET, Cell.SKIPPED)]
    assert cells_of(seen(*looks, *more), "0") == [*many[:-1], (1002.0, "skipped")]
    assert cells_of(seen(*looks, (1000.0, SET, Cell.OLD)), "0") == many[:-1], "no state twice in a row"


def test_counts_of_healthy_instances_are_kept_likewise() -> None:
    changes = Changes()
    for at, count in ((1.0, 5), (2.0, 5), (3.0, 4), (3.0, 3)):
        changes.count_healthy(count, at)
    assert changes.healthy == [(1.0, 5), (3.0, 3)]
    for n in range(MOST_COUNTS + 1):
        changes.count_healthy(n % 2, 10.0 + n)
    assert len(changes.healthy) == MOST_COUNTS - 1


def test_the_floor_follows_the_number_of_instances() -> None:
    events = run_of(fleet("001122"))
    report = Report()
    for event in events[:2]:
        report.add(event)
    report.add(InstancesSeen(at=50.0, instances=fleet("00112233").instances))
    report.add(InstancesSeen(at=60.0, instances=fleet("0011223344").instances[:8]))
    report.add(InstancesSeen(at=70.0, instances=fleet("0011223344").instances))
    assert [count for _, count in report.changes.floors] == [3, 4, 5]
    assert [at for at, _ in report.changes.floors][1:] == [50.0, 70.0]


FAILURE = Failure(instance_id="2", code=BROKEN.code, message=BROKEN.message)
HALTED = Ending(outcome=Outcome.HALTED, reason="x", failures=(FAILURE,))


def turned_back() -> list[Any]:
    """Return a run that fails, whose rollback goes as far as its first look."""
    events = run_of(fleet("001122"), failures=(FAILURE,))
    plan = next(event.plan for event in events if hasattr(event, "plan"))
    now = fleet("001122", new="0 1 2 3", unhealthy="2")
    assert isinstance(plan, RolloutPlan)
    back = RolloutPlan(
        goal=type(plan.goal)(image=OLD, in_model=False), leaves=NEW, grouping=plan.grouping, batches=(), skipped=()
    )
    started = RollbackStarted(at=900.0, plan=back, scale_set=now, failed=HALTED)
    return [*events[:-1], started, InstancesSeen(at=910.0, instances=fleet("001122", new="0 1").instances), events[-1]]


@pytest.mark.parametrize(
    "events",
    [
        pytest.param(run_of(fleet("001122", new="3", stopped="4")), id="all-pass"),
        pytest.param(run_of(fleet("001122"), failures=(FAILURE,)), id="a-failure"),
        pytest.param(run_of(fleet("001122"), batches=1, ending=HALTED), id="a-failure-of-the-ending"),
        pytest.param(turned_back(), id="a-rollback"),
        pytest.param([StatusSeen(at=1.0, scale_set=SET, goal=run_of(SET)[1].plan.goal)], id="a-status"),  # type: ignore[attr-defined]
    ],
)
def test_the_changes_are_at_every_moment_those_of_the_report(events: list[Any]) -> None:
    report = Report()
    for event in events:
        report.add(event)
        states = {id_: moments[-1][1] for id_, moments in report.changes.by_instance.items()}
        assert {id_: state.cell for id_, state in states.items() if state} == report.cells()
    assert report.changes.healthy
    if report.lowest_healthy:
        assert min(count for _, count in report.changes.healthy) <= report.lowest_healthy.count
