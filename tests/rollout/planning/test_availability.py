"""How many instances must stay healthy, and how many would."""

from __future__ import annotations

import pytest

from builders import changed, fleet, plan_of, whole
from vmss_upgrade.rollout.model import HealthSignal
from vmss_upgrade.rollout.planning.availability import (
    expected_healthy,
    floor,
    healthy_without,
    no_other_is_healthy,
    no_other_runs,
    stopped_ids,
)
from vmss_upgrade.rollout.policy import Policy, Share
from vmss_upgrade.rollout.scale_set import ScaleSet

TEN = "0011223344"
LEAVING = changed(fleet(TEN), "8 9", provisioning_state="Deleting")


@pytest.mark.parametrize(
    ("scale_set", "stopped_before", "policy", "least"),
    [
        pytest.param(fleet(TEN), "", Policy(), 5, id="half-by-default"),
        pytest.param(fleet("00000"), "", Policy(), 3, id="half-is-rounded-up"),
        pytest.param(fleet(TEN), "", Policy(min_healthy=Share(71, True)), 8, id="percentage-rounded-up"),
        pytest.param(fleet(TEN), "", Policy(min_healthy=Share(100, True)), 10, id="everybody"),
        pytest.param(fleet(TEN), "", Policy(min_healthy=Share(0, True)), 0, id="nobody"),
        pytest.param(fleet(TEN), "", Policy(min_healthy=Share(3)), 3, id="count"),
        pytest.param(fleet("00"), "", Policy(min_healthy=Share(3)), 3, id="count-beyond-the-set"),
        pytest.param(fleet(TEN), "", Policy(allow_downtime=True), 0, id="downtime-lifts-it"),
        pytest.param(
            fleet(TEN), "", Policy(allow_downtime=True, min_healthy=Share(9)), 0, id="downtime-lifts-a-given-one"
        ),
        pytest.param(
            fleet(TEN, stopped="0 1", deallocated="2 3"), "0 1 2 3", Policy(), 3, id="off-before-do-not-count"
        ),
        pytest.param(fleet(TEN, stopped="0 1", deallocated="2 3"), "", Policy(), 5, id="off-since-do-count"),
        pytest.param(fleet(TEN, stopped="0 1 2 3"), "0 1", Policy(), 4, id="off-before-and-since"),
        pytest.param(fleet(TEN), "0 1 2 3", Policy(), 5, id="off-before-and-started-since-do-count"),
        pytest.param(fleet(TEN, unhealthy="0 1 2 3"), "", Policy(), 5, id="unhealthy-ones-do-count"),
        pytest.param(LEAVING, "", Policy(), 4, id="leaving-ones-do-not-count"),
        pytest.param(
            fleet(TEN, stopped="0 1 2 3"), "0 1 2 3", Policy(min_healthy=Share(8)), 8, id="a-count-is-a-count"
        ),
        pytest.param(fleet(""), "", Policy(), 0, id="empty"),
    ],
)
def test_floor(scale_set: ScaleSet, stopped_before: str, policy: Policy, least: int) -> None:
    assert floor(scale_set.instances, policy, frozenset(stopped_before.split())) == least


def test_stopped_and_deallocated_instances_are_stopped() -> None:
    assert stopped_ids(fleet("0000", stopped="1", deallocated="2", unhealthy="3").instances) == {"1", "2"}


@pytest.mark.parametrize(
    ("scale_set", "healthy"),
    [
        pytest.param(fleet("0000"), "0 1 2 3", id="all"),
        pytest.param(fleet("0000", unhealthy="0", silent="1", stopped="2"), "3", id="by-the-signal"),
        pytest.param(
            fleet("0000", unhealthy="0", silent="1", stopped="2", broken="3", health_signal=HealthSignal.NONE),
            "0 1",
            id="without-a-signal-who-is-up",
        ),
        pytest.param(fleet("0000", unhealthy="0", health_signal=HealthSignal.IGNORED), "0 1 2 3", id="signal-ignored"),
        pytest.param(fleet("0000", updating="0"), "1 2 3", id="updating-is-away"),
        pytest.param(LEAVING, "0 1 2 3 4 5 6 7", id="leaving-is-away"),
    ],
)
def test_healthy_instances_are_counted(scale_set: ScaleSet, healthy: str) -> None:
    assert scale_set.healthy_ids == set(healthy.split())
    assert healthy_without(scale_set, ()) == len(healthy.split())


def test_healthy_outside_a_batch() -> None:
    assert healthy_without(fleet("0000", unhealthy="0 3"), ("0", "1")) == 1


@pytest.mark.parametrize(
    ("scale_set", "policy", "expected"),
    [
        pytest.param(fleet("001122"), Policy(), [4, 4, 4], id="all-well"),
        pytest.param(fleet("000112"), whole(), [3, 4, 5], id="unequal"),
        pytest.param(fleet("001122", unhealthy="4 5"), Policy(), [2, 2, 4], id="unhealthy-until-their-turn"),
        pytest.param(fleet("001122", unhealthy="0 1"), Policy(), [4, 4, 4], id="well-after-their-turn"),
        pytest.param(fleet("001122", stopped="0 1"), Policy(), [2, 2], id="off-stay-off"),
        pytest.param(
            fleet("001122", stopped="0"), Policy(include_stopped=True), [4, 3, 3], id="off-in-a-batch-stay-off"
        ),
        pytest.param(fleet("001122", new="0 1"), Policy(), [4, 4], id="on-the-target-serve-on"),
        pytest.param(fleet("001122", protected="0"), Policy(), [5, 4, 4], id="protected-serve-on"),
        pytest.param(fleet("0011"), whole(canary=1), [3, 3, 2], id="canary"),
        pytest.param(fleet(""), Policy(), [], id="empty"),
    ],
)
def test_expected_healthy(scale_set: ScaleSet, policy: Policy, expected: list[int]) -> None:
    batches = plan_of(scale_set, policy=policy).batches
    assert list(expected_healthy(scale_set, batches)) == expected


@pytest.mark.parametrize(
    ("scale_set", "expected"),
    [
        pytest.param(fleet("0011"), False, id="others-run"),
        pytest.param(fleet("0011", stopped="2", deallocated="3"), True, id="the-others-are-off"),
        pytest.param(changed(fleet("0011"), "2 3", provisioning_state="Deleting"), True, id="the-others-are-leaving"),
        pytest.param(fleet("00"), True, id="the-batch-is-the-set"),
        pytest.param(fleet("0011", unhealthy="2 3"), False, id="unhealthy-ones-do-run"),
        pytest.param(fleet("00", stopped="0 1"), False, id="nobody-runs-at-all"),
        pytest.param(fleet("0011", stopped="0 1"), False, id="nobody-of-the-batch-runs"),
    ],
)
def test_no_other_runs(scale_set: ScaleSet, expected: bool) -> None:
    assert no_other_runs(scale_set, ("0", "1")) is expected


@pytest.mark.parametrize(
    ("scale_set", "expected"),
    [
        pytest.param(fleet("0011"), False, id="others-are-healthy"),
        pytest.param(fleet("0011", unhealthy="2 3"), True, id="the-others-are-unhealthy"),
        pytest.param(fleet("0011", unhealthy="1 2 3"), True, id="the-only-healthy-one-is-in-the-batch"),
        pytest.param(fleet("0011", unhealthy="0 1 2"), False, id="the-only-healthy-one-is-outside"),
        pytest.param(fleet("0011", unhealthy="0 1 2 3"), False, id="nobody-is-healthy-at-all"),
    ],
)
def test_no_other_is_healthy(scale_set: ScaleSet, expected: bool) -> None:
    assert no_other_is_healthy(scale_set, ("0", "1")) is expected
