"""When too few instances would stay healthy only for want of some, and what a batch of a rollback takes away."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from builders import NEW, OLD, SUBSCRIPTION, changed, fleet, plan_of, whole
from vmss_upgrade.rollout.checks.capacity import awaited_health, below_floor, whole_set
from vmss_upgrade.rollout.goal import Goal
from vmss_upgrade.rollout.planning.rollback import Moved, plan_rollback
from vmss_upgrade.rollout.policy import Policy, Share
from vmss_upgrade.rollout.scale_set import Health, Origin, Power, ScaleSet

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
        pytest.param(8, "set `batch-size: 1` and scale out first: az vmss scale {} --new-capacity 900", id="larger"),
        pytest.param(9, "set `batch-size: 1` and scale out first: az vmss scale {} --new-capacity 1000", id="largest"),
        pytest.param(10, "Lower `min-healthy`.", id="none-would-do"),
    ],
)
def test_no_advice_to_scale_out_beyond_the_largest_set(unhealthy: int, remedy: str) -> None:
    policy = whole(min_healthy=Share(99, is_percentage=True))
    scale_set = fleet(TWELVE, unhealthy=" ".join(map(str, range(unhealthy))))
    finding = below_floor(scale_set, plan_of(scale_set, policy=policy), policy)
    assert finding is not None
    assert finding.remedy.endswith(remedy.format(f"--subscription {SUBSCRIPTION} -g rg -n web"))


def test_no_advice_to_scale_out_by_one_more_than_the_largest_set() -> None:
    policy = whole(min_healthy=Share(99, is_percentage=True))
    scale_set = fleet(f"{TWELVE}3", unhealthy="0 1 2 3 4 5 6 7 8", stopped="12")
    finding = below_floor(scale_set, plan_of(scale_set, policy=policy), policy)
    assert finding is not None
    assert finding.remedy == "Lower `min-healthy`."


@pytest.mark.parametrize(
    ("unhealthy", "policy", "remedy"),
    [
        pytest.param("", whole(min_healthy=Share(3)), "Set `batch-size: 1`, or a lower `min-healthy`.", id="room"),
        pytest.param(
            "0",
            whole(min_healthy=Share(3)),
            "Only 3 of 4 are healthy now: repair the others, or lower `min-healthy`, or set `batch-size: 2` and {} 6",
            id="some-are-unhealthy",
        ),
        pytest.param(
            "0 1 2",
            whole(min_healthy=Share(2)),
            "Only 1 of 4 is healthy now: repair the others, or lower `min-healthy`, or set `batch-size: 2` and {} 7",
            id="one-is-healthy",
        ),
        pytest.param(
            "",
            whole(min_healthy=Share(4), batch_size=Share(1)),
            "Lower `min-healthy`, or {} 5",
            id="the-batch-is-no-larger",
        ),
    ],
)
def test_a_remedy_makes_room_for_a_batch(unhealthy: str, policy: Policy, remedy: str) -> None:
    scale_set = fleet("0011", unhealthy=unhealthy)
    finding = below_floor(scale_set, plan_of(scale_set, policy=policy), policy)
    scale = f"scale out first: az vmss scale --subscription {SUBSCRIPTION} -g rg -n web --new-capacity"
    assert finding is not None
    assert finding.remedy == remedy.format(scale)


@pytest.mark.parametrize("domain", [0, 1], ids=["all-in-the-first-domain", "all-in-the-last-domain"])
@pytest.mark.parametrize(
    ("scale_set", "policy"),
    [
        pytest.param(fleet("00001111222233334444"), whole(min_healthy=Share(20)), id="count-of-all"),
        pytest.param(fleet("00001111"), Policy(min_healthy=Share(8)), id="capped-domains"),
        pytest.param(fleet("--------"), Policy(min_healthy=Share(8)), id="no-domains"),
        pytest.param(fleet("00001111"), whole(min_healthy=Share(8), batch_size=Share(3)), id="batch-size"),
        pytest.param(fleet("00001111"), whole(min_healthy=Share(8), batch_size=Share(50, True)), id="half-a-set"),
        pytest.param(fleet("00001111"), whole(min_healthy=Share(95, True)), id="percentage"),
        pytest.param(fleet("000011", stopped="4", unhealthy="0"), whole(min_healthy=Share(5)), id="some-are-stopped"),
        pytest.param(fleet("0011", unhealthy="0 1 2"), whole(), id="most-are-unhealthy"),
        pytest.param(fleet("0011", new="0 1 2", image=NEW), whole(min_healthy=Share(4)), id="model-holds-the-target"),
        pytest.param(fleet("0"), whole(), id="one"),
        pytest.param(fleet("0"), whole(min_healthy=Share(90, True)), id="one-and-a-high-floor"),
        pytest.param(fleet("0"), Policy(batch_size=Share(5)), id="one-and-a-large-batch"),
        pytest.param(
            changed(fleet("0011"), "3", origin=Origin.OTHER_IMAGE), whole(min_healthy=Share(3)), id="one-is-attached"
        ),
    ],
)
def test_a_plan_passes_once_the_advice_is_followed(scale_set: ScaleSet, policy: Policy, domain: int) -> None:
    plan = plan_of(scale_set, policy=policy)
    finding = below_floor(scale_set, plan, policy) or whole_set(scale_set, plan, policy)
    assert finding is not None
    found = re.search(r"(?:set `batch-size: (\d+)` and )?scale out first: .* --new-capacity (\d+)$", finding.remedy)
    assert found is not None
    model, first = scale_set.model, scale_set.instances[0]
    fresh = replace(first, health=Health.HEALTHY, update_domain=first.update_domain and domain, image=model.image)
    new = tuple(replace(fresh, id=f"{n}") for n in range(100, 100 + int(found[2]) - len(scale_set.instances)))
    larger = replace(scale_set, instances=(*scale_set.instances, *new))
    policy = replace(policy, batch_size=Share(int(found[1]))) if found[1] else policy
    followed = plan_of(larger, policy=policy)
    assert followed.batches
    assert (below_floor(larger, followed, policy), whole_set(larger, followed, policy)) == (None, None)


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
