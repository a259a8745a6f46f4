"""The planner: which instances move, in what order, in which batches."""

from __future__ import annotations

from typing import Any

import pytest

from builders import NEW, OLD, changed, fleet, goal_to, instance, model, plan_of, platform, vhd, whole, without
from vmss_upgrade.errors import PlanRefused
from vmss_upgrade.rollout.goal import Goal, goal_of
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.model import HealthSignal
from vmss_upgrade.rollout.planning.plan import Batch, RolloutPlan, SkipReason
from vmss_upgrade.rollout.planning.planner import batch_sizes, plan_model_update, plan_rollout, still_due
from vmss_upgrade.rollout.policy import Policy, Selection, Share
from vmss_upgrade.rollout.scale_set import Domain, DomainKind, ScaleSet

TWELVE = "000000111111"


def batches(plan: RolloutPlan) -> list[str]:
    """Return the batches, each as ids with blanks between them."""
    return [" ".join(batch.instance_ids) for batch in plan.batches]


@pytest.mark.parametrize(
    ("scale_set", "expected"),
    [
        pytest.param(fleet(""), [], id="empty-set"),
        pytest.param(fleet("0"), ["0"], id="one-instance"),
        pytest.param(fleet("001122"), ["0 1", "2 3", "4 5"], id="a-batch-per-domain"),
        pytest.param(fleet("210210"), ["2 5", "1 4", "0 3"], id="domains-by-number"),
        pytest.param(fleet("0101", zones="2211"), ["2", "3", "0", "1"], id="zone-before-number"),
        pytest.param(fleet("0101", groups="bbaa"), ["2", "3", "0", "1"], id="placement-group-before-number"),
        pytest.param(
            fleet("0000", zones="1122", groups="baba"), ["1", "0", "3", "2"], id="same-number-elsewhere-is-another"
        ),
        pytest.param(fleet("0000", unhealthy="2"), ["2 0 1 3"], id="unhealthy-first"),
        pytest.param(fleet("0011", unhealthy="3"), ["0 1", "3 2"], id="unhealthy-first-inside-its-domain-only"),
        pytest.param(fleet("0000", silent="3"), ["3 0 1 2"], id="no-report-is-not-healthy"),
        pytest.param(
            fleet("0000", silent="3", health_signal=HealthSignal.NONE),
            ["0", "1 2 3"],
            id="without-a-signal-up-is-enough",
        ),
        pytest.param(fleet("0000", broken="3", health_signal=HealthSignal.NONE), ["3", "0 1 2"], id="failed-is-not-up"),
        pytest.param(fleet("00000000000"), ["0 1 2 3 4 5 6 7 8 9 10"], id="ids-by-value-not-by-letters"),
        pytest.param(fleet("001122", new="2 3"), ["0 1", "4 5"], id="a-domain-on-the-target-has-no-batch"),
    ],
)
def test_order_of_the_batches(scale_set: ScaleSet, expected: list[str]) -> None:
    plan = plan_of(scale_set)
    assert batches(plan) == expected
    assert [batch.number for batch in plan.batches] == list(range(1, len(expected) + 1))


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        pytest.param(None, [6, 6], id="default-is-the-domain"),
        pytest.param(Share(1), [1] * 12, id="one"),
        pytest.param(Share(4), [4, 2, 4, 2], id="a-rest-stays-in-its-domain"),
        pytest.param(Share(6), [6, 6], id="as-large-as-the-domain"),
        pytest.param(Share(99), [6, 6], id="never-more-than-the-domain"),
        pytest.param(Share(25, True), [3, 3, 3, 3], id="percentage-of-the-set"),
        pytest.param(Share(20, True), [2] * 6, id="percentage-rounds-down"),
        pytest.param(Share(1, True), [1] * 12, id="percentage-at-least-one"),
        pytest.param(Share(100, True), [6, 6], id="whole-set"),
    ],
)
def test_size_of_the_batches(size: Share | None, expected: list[int]) -> None:
    plan = plan_of(fleet(TWELVE), policy=whole(batch_size=size))
    assert [len(batch.instance_ids) for batch in plan.batches] == expected
    assert plan.largest_batch == max(expected)


def test_the_sizes_of_batches_add_up_to_their_domain() -> None:
    assert batch_sizes(5, 2, Policy(batch_size=Share(2))) == [2, 2, 1]
    assert batch_sizes(5, 2, Policy()) == [2, 2, 1]
    assert batch_sizes(4, 3, Policy()) == [2, 2]


def test_a_percentage_counts_instances_that_are_skipped_too() -> None:
    assert batches(plan_of(fleet("0000", new="0 1"), policy=Policy(batch_size=Share(50, True)))) == ["2 3"]


@pytest.mark.parametrize(
    ("scale_set", "expected"),
    [
        pytest.param(fleet("0011", new="1"), {"1": "already on the target image"}, id="on-target"),
        pytest.param(fleet("0011", protected="1"), {"1": "protected from scale set actions"}, id="protected"),
        pytest.param(fleet("0011", stopped="1"), {"1": "stopped"}, id="stopped"),
        pytest.param(fleet("0011", deallocated="1"), {"1": "deallocated"}, id="deallocated"),
        pytest.param(fleet("0011", new="1", protected="1"), {"1": "already on the target image"}, id="target-first"),
        pytest.param(
            fleet("0011", stopped="1", protected="1"), {"1": "protected from scale set actions"}, id="protected-next"
        ),
        pytest.param(
            fleet("0011", updating="1", unhealthy="2", broken="3"), {}, id="updating-unhealthy-and-failed-move"
        ),
        pytest.param(fleet("0011", stopped="1", nowhere="1"), {"1": "stopped"}, id="skipped-needs-no-domain"),
        pytest.param(
            changed(fleet("0011", new="1"), "1", provisioning_state="Deleting"),
            {"1": "being deleted"},
            id="leaving-first",
        ),
        pytest.param(
            changed(fleet("0011", protected="1"), "1", provisioning_state="DELETING"),
            {"1": "being deleted"},
            id="leaving-before-protected",
        ),
    ],
)
def test_skipped_with_a_reason(scale_set: ScaleSet, expected: dict[str, str]) -> None:
    plan = plan_of(scale_set)
    assert {skipped.instance_id: skipped.reason.value for skipped in plan.skipped} == expected
    assert set(plan.instance_ids) == scale_set.by_id.keys() - expected.keys()


@pytest.mark.parametrize(
    ("scale_set", "moving"),
    [
        pytest.param(fleet("0011", stopped="1", deallocated="3"), "0 1 2 3", id="stopped-move-last"),
        pytest.param(fleet("0011", stopped="1", protected="1"), "0 2 3", id="protected-never-do"),
        pytest.param(fleet("0011", stopped="1", new="1"), "0 2 3", id="on-the-target-need-not"),
    ],
)
def test_stopped_instances_can_be_included(scale_set: ScaleSet, moving: str) -> None:
    assert " ".join(plan_of(scale_set, policy=Policy(include_stopped=True)).instance_ids) == moving


def test_an_instance_that_must_move_needs_an_update_domain() -> None:
    with pytest.raises(PlanRefused, match="Instance 1 shows no update domain") as refused:
        plan_of(fleet("0011", nowhere="1"))
    assert "fault domain" in refused.value.remedy


OLDER = platform("0.9.0")
LATEST = platform("latest")


@pytest.mark.parametrize(
    ("scale_set", "update_model", "previous"),
    [
        pytest.param(fleet("0011"), True, OLD, id="first-run"),
        pytest.param(fleet("0011", image=LATEST), True, OLD, id="the-instances-know-what-latest-was"),
        pytest.param(fleet("0011", image=NEW, new="0 1"), False, OLD, id="re-run-reads-it-from-the-instances"),
        pytest.param(fleet("0011", image=NEW, new="0 1 2 3"), False, None, id="all-done-nothing-to-go-back-to"),
        pytest.param(fleet("0011", new="0 1 2 3"), True, OLD, id="instances-done-model-not"),
        pytest.param(changed(fleet("0011"), "0", image=OLDER), True, OLD, id="mixed-the-most-common"),
        pytest.param(fleet("0011", old=None), True, OLD, id="images-not-shown-the-model-s"),
        pytest.param(fleet("0011", old=None, image=NEW), False, None, id="images-not-shown-on-a-re-run"),
        pytest.param(fleet("01", image=NEW, new="0", stopped="1"), False, OLD, id="only-a-stopped-one-is-behind"),
    ],
)
def test_previous_image_and_model(scale_set: ScaleSet, update_model: bool, previous: Image | None) -> None:
    plan = plan_of(scale_set)
    assert (plan.update_model, plan.leaves) == (update_model, previous)


OLD_VHD = vhd("https://account.blob.core.windows.net/images/old.vhd")
NEW_VHD = vhd("https://account.blob.core.windows.net/images/new.vhd?sv=1&sig=secret")


def vhd_fleet(model_image: Image, stale: str = "") -> ScaleSet:
    """Return instances on VHDs, which show no image; `stale` ones have latestModelApplied false."""
    return changed(fleet("0011", old=None, image=model_image), stale, latest_model_applied=False)


@pytest.mark.parametrize(
    ("scale_set", "moving"),
    [
        pytest.param(vhd_fleet(OLD_VHD), "0 1 2 3", id="current-with-the-old-model-means-nothing"),
        pytest.param(vhd_fleet(OLD_VHD, stale="1"), "0 1 2 3", id="nor-does-stale"),
        pytest.param(vhd_fleet(NEW_VHD), "", id="current-with-the-new-model-is-done"),
        pytest.param(vhd_fleet(NEW_VHD, stale="1 2"), "1 2", id="re-run-moves-the-stale-ones"),
    ],
)
def test_vhd_images_are_said_by_the_flag(scale_set: ScaleSet, moving: str) -> None:
    assert " ".join(plan_of(scale_set, NEW_VHD).instance_ids) == moving


@pytest.mark.parametrize(
    ("now", "due"),
    [
        pytest.param(fleet("0000"), "0 1 2 3", id="unchanged"),
        pytest.param(without(fleet("0000"), "1"), "0 2 3", id="vanished"),
        pytest.param(fleet("0000", new="0 1"), "2 3", id="moved-meanwhile"),
        pytest.param(fleet("0000", stopped="2"), "0 1 3", id="stopped-meanwhile"),
        pytest.param(fleet("0000", protected="2"), "0 1 3", id="protected-meanwhile"),
        pytest.param(fleet("00000"), "0 1 2 3", id="never-grows"),
        pytest.param(fleet(""), "", id="all-vanished"),
    ],
)
def test_still_due_narrows_a_batch(now: ScaleSet, due: str) -> None:
    batch = plan_of(fleet("0000")).batches[0]
    narrowed = still_due(batch, now, goal_to(NEW, now), Policy())
    assert " ".join(narrowed.instance_ids) == due
    assert (narrowed.number, narrowed.domain) == (batch.number, batch.domain)


@pytest.mark.parametrize(("held_before", "due"), [(False, ("0", "1")), (True, ())], ids=["written-now", "held-before"])
def test_the_flag_of_a_vhd_is_believed_where_the_model_held_it_before(held_before: bool, due: tuple[str, ...]) -> None:
    batch = plan_of(vhd_fleet(OLD_VHD), NEW_VHD).batches[0]
    goal = Goal(image=NEW_VHD, in_model=held_before)
    assert still_due(batch, vhd_fleet(NEW_VHD), goal, Policy()).instance_ids == due


def test_still_due_keeps_the_order() -> None:
    ordered = plan_of(fleet("0000", unhealthy="3")).batches[0]
    now = without(fleet("0000"), "0")
    assert still_due(ordered, now, goal_to(NEW, now), Policy()).instance_ids == ("3", "1", "2")


STOPPED_SINCE = fleet("0000", stopped="2", new="1")


@pytest.mark.parametrize(
    ("now", "goal", "policy", "due"),
    [
        pytest.param(STOPPED_SINCE, Goal(image=NEW, in_model=True), Policy(), "0 3", id="stopped-are-dropped"),
        pytest.param(
            STOPPED_SINCE, Goal(image=NEW, in_model=True), Policy(include_stopped=True), "0 2 3", id="unless-included"
        ),
        pytest.param(
            changed(fleet("0000"), "1", provisioning_state="Deleting"),
            Goal(image=NEW, in_model=True),
            Policy(),
            "0 2 3",
            id="leaving-are-dropped",
        ),
        pytest.param(
            fleet("0000", new="1"), Goal(image=NEW, in_model=False), Policy(), "0 2 3", id="the-model-holds-it-by-now"
        ),
        pytest.param(
            fleet("0000", image=NEW, new="1 2", behind="0 1 3"),
            Goal(image=NEW, in_model=True, whole_model=True),
            Policy(),
            "0 1 3",
            id="of-the-whole-model-the-flag-tells",
        ),
        pytest.param(
            fleet("0000"),
            Goal(image=NEW, in_model=True),
            Policy(selection=Selection(instance_ids=("0",))),
            "0 1 2 3",
            id="who-is-selected-was-decided-by-the-plan",
        ),
    ],
)
def test_still_due(now: ScaleSet, goal: Goal, policy: Policy, due: str) -> None:
    batch = Batch(7, Domain(kind=DomainKind.UPDATE), ("0", "1", "2", "3"))
    assert still_due(batch, now, goal, policy) == Batch(7, batch.domain, tuple(due.split()))


# -- goals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("goal", "fields", "reached"),
    [
        pytest.param(Goal(image=NEW, in_model=True), {"image": NEW}, True, id="the-image"),
        pytest.param(Goal(image=NEW, in_model=False), {"image": NEW}, True, id="the-image-before-the-model"),
        pytest.param(
            Goal(image=NEW, in_model=True), {"image": NEW, "latest_model_applied": False}, True, id="whatever-the-flag"
        ),
        pytest.param(Goal(image=NEW, in_model=True), {"image": OLD}, False, id="another-image"),
        pytest.param(Goal(image=NEW, in_model=True), {"image": None}, False, id="image-not-shown"),
        pytest.param(Goal(image=NEW_VHD, in_model=True), {"image": None}, True, id="vhd-by-the-flag"),
        pytest.param(Goal(image=NEW_VHD, in_model=False), {"image": None}, False, id="vhd-not-in-the-model-yet"),
        pytest.param(
            Goal(image=NEW_VHD, in_model=True), {"image": None, "latest_model_applied": False}, False, id="vhd-behind"
        ),
        pytest.param(
            Goal(image=NEW_VHD, in_model=True), {"image": None, "latest_model_applied": None}, False, id="vhd-no-flag"
        ),
        pytest.param(goal_of(model()), {"image": NEW}, True, id="whole-model-by-the-flag-alone"),
        pytest.param(goal_of(model()), {"latest_model_applied": False}, False, id="whole-model-behind-on-the-image"),
        pytest.param(goal_of(model()), {"latest_model_applied": None}, True, id="flexible-without-flag-on-the-image"),
        pytest.param(
            goal_of(model()),
            {"latest_model_applied": None, "image": NEW},
            False,
            id="flexible-without-flag-on-another-image",
        ),
        pytest.param(
            goal_of(model(image=NEW_VHD)), {"latest_model_applied": False, "image": None}, False, id="whole-model-vhd"
        ),
    ],
)
def test_an_instance_reaches_the_goal_by_image_or_flag(goal: Goal, fields: dict[str, Any], reached: bool) -> None:
    assert goal.is_reached_by(instance("1", **fields)) is reached


def test_the_whole_model_as_a_goal_brings_the_stale_ones_to_it() -> None:
    scale_set = fleet("0011", image=NEW, new="0 1", behind="1 2")
    plan = plan_rollout(scale_set, goal_of(scale_set.model), Policy())
    assert batches(plan) == ["1", "2"]
    assert {skipped.reason for skipped in plan.skipped} == {SkipReason.CURRENT}
    assert (plan.update_model, plan.reaches, plan.leaves) == (False, NEW, OLD)


@pytest.mark.parametrize(
    ("scale_set", "behind", "skipped", "update_model"),
    [
        pytest.param(fleet("0011"), "0 1 2 3", {}, True, id="everybody"),
        pytest.param(
            fleet("0011", new="0 1"),
            "2 3",
            dict.fromkeys("01", SkipReason.ON_TARGET.value),
            True,
            id="some-have-it",
        ),
        pytest.param(fleet("0011", image=NEW), "0 1 2 3", {}, False, id="the-model-holds-it"),
        pytest.param(fleet("0011", stopped="1", protected="2"), "0 1 2 3", {}, True, id="stopped-and-protected-too"),
        pytest.param(fleet("0011", nowhere="1"), "0 1 2 3", {}, True, id="nobody-needs-a-place"),
        pytest.param(
            changed(fleet("0011", new="1"), "1", provisioning_state="Deleting"),
            "0 2 3",
            {"1": "being deleted"},
            True,
            id="who-leaves-is-not-behind",
        ),
        pytest.param(fleet(""), "", {}, True, id="empty"),
    ],
)
def test_an_update_of_the_model_touches_nobody(
    scale_set: ScaleSet, behind: str, skipped: dict[str, str], update_model: bool
) -> None:
    plan = plan_model_update(scale_set, goal_to(NEW, scale_set))
    assert (plan.batches, plan.due_now, plan.canary, plan.stop_after) == ((), (), 0, None)
    assert " ".join(plan.untouched) == behind
    assert {one.instance_id: one.reason.value for one in plan.skipped} == skipped
    assert plan.update_model is update_model
    assert plan.leaves == OLD
    assert plan.grouping is (DomainKind.UPDATE if scale_set.instances else DomainKind.SET)


def test_policy_says_how_long_to_bake() -> None:
    assert Policy().bake_time_for(HealthSignal.PROBE) == 30
    assert Policy().bake_time_for(HealthSignal.NONE) == 300
    assert Policy(bake_time=0.0).bake_time_for(HealthSignal.NONE) == 0
    assert Policy(bake_time=60.0).bake_time_for(HealthSignal.EXTENSION) == 60


@pytest.mark.parametrize(
    ("share", "instances", "expected"),
    [
        pytest.param(Share(3), 100, 3, id="count"),
        pytest.param(Share(20, True), 9, 1, id="rounded-down"),
        pytest.param(Share(20, True), 10, 2, id="exact"),
        pytest.param(Share(1, True), 3, 1, id="at-least-one"),
        pytest.param(Share(100, True), 7, 7, id="all"),
    ],
)
def test_a_share_as_a_bound_from_above(share: Share, instances: int, expected: int) -> None:
    assert share.at_most(instances) == expected


@pytest.mark.parametrize(
    ("share", "instances", "expected"),
    [
        pytest.param(Share(3), 100, 3, id="count"),
        pytest.param(Share(0), 100, 0, id="none"),
        pytest.param(Share(20, True), 9, 2, id="rounded-up"),
        pytest.param(Share(20, True), 10, 2, id="exact"),
        pytest.param(Share(1, True), 3, 1, id="a-little-of-little"),
        pytest.param(Share(50, True), 0, 0, id="of-nothing"),
        pytest.param(Share(100, True), 7, 7, id="all"),
    ],
)
def test_a_share_as_a_bound_from_below(share: Share, instances: int, expected: int) -> None:
    assert share.at_least(instances) == expected


def test_a_share_for_people() -> None:
    assert [str(Share(3)), str(Share(20, True))] == ["3", "20%"]
