"""When too few instances would stay healthy only for want of some, and what a batch of a rollback takes away."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builders import NEW, OLD, changed, fleet, plan_of, whole
from vmss_upgrade.rollout.checks.capacity import awaited_health, below_floor, whole_set
from vmss_upgrade.rollout.goal import Goal
from vmss_upgrade.rollout.planning.rollback import Moved, plan_rollback
from vmss_upgrade.rollout.policy import Policy, Share
from vmss_upgrade.rollout.scale_set import Power, ScaleSet

THERE = fleet("001122", image=NEW, new="0 1", unhealthy="0 1")
TWELVE = "000111222333"
LAST_THREE = fleet(TWELVE, image=NEW, new="9 10 11", unhealthy="9 10 11")


@pytest.mark.parametrize(
    ("scale_set", "policy", "awaited"),
    [
        pytest.param(THERE, whole(), "0 1", id="unhealthy-on-the-target"),
        pytest.param(
            fleet(TWELVE, image=NEW, new="9 10 11", unhealthy="9 10 11"),
            whole(min_healthy=Share(8)),
            "9 10 11",
            id="in-order",
        ),
        pytest.param(THERE, whole(min_healthy=Share(2)), "", id="enough-without-them"),
        pytest.param(THERE, whole(min_healthy=Share(5)), "", id="too-few-even-with-them"),
        pytest.param(replace(THERE, model=fleet("").model), whole(), "", id="no-earlier-run-brought-them-there"),
        pytest.param(fleet("001122", image=NEW, unhealthy="0 1"), whole(), "", id="unhealthy-elsewhere"),
        pytest.param(changed(THERE, "0 1", power=Power.OTHER), whole(), "", id="not-running-on-the-target"),
    ],
)
def test_whose_health_is_awaited(scale_set: ScaleSet, policy: Policy, awaited: str) -> None:
    assert " ".join(awaited_health(scale_set, plan_of(scale_set, policy=policy), policy)) == awaited


@pytest.mark.parametrize(
    ("unhealthy", "remedy"),
    [
        pytest.param(8, "--new-capacity 900", id="a-larger-set-would-do"),
        pytest.param(9, "Only 3 are healthy now: repair the others, or lower `min-healthy`.", id="none-would"),
    ],
)
def test_no_advice_to_scale_out_beyond_the_largest_set(unhealthy: int, remedy: str) -> None:
    policy = whole(min_healthy=Share(99, is_percentage=True))
    scale_set = fleet(TWELVE, unhealthy=" ".join(map(str, range(unhealthy))))
    finding = below_floor(scale_set, plan_of(scale_set, policy=policy), policy)
    assert finding is not None
    assert finding.remedy.endswith(remedy)


@pytest.mark.parametrize(
    ("unhealthy", "is_refused"),
    [pytest.param("", True, id="healthy"), pytest.param("0 1 2 3", False, id="unhealthy")],
)
def test_a_batch_of_a_rollback_that_takes_none_away_is_not_refused(unhealthy: str, is_refused: bool) -> None:
    scale_set = fleet("0000", new="0 1 2 3", unhealthy=unhealthy)
    moved = Moved(ids=frozenset("0123"), known=frozenset("0123"))
    plan = plan_rollback(scale_set, Goal(image=OLD, in_model=True, heals=True), whole(), moved, left=NEW)
    assert len(plan.batches) == 1
    assert (whole_set(scale_set, plan, whole()) is not None) == is_refused
    assert below_floor(scale_set, plan, whole()) is None
