"""What of one look forbids the first batch, so that it is refused before the model is written, and named completely."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import NEW, OLD, STEADY, SUBSCRIPTION, changed, fleet, goal_to, plan_of, platform
from vmss_upgrade.errors import PlanRefused
from vmss_upgrade.rollout.checks.plan import examine_plan
from vmss_upgrade.rollout.findings import Severity, note
from vmss_upgrade.rollout.goal import Goal
from vmss_upgrade.rollout.planning.availability import updating_ids
from vmss_upgrade.rollout.planning.planner import plan_rollout
from vmss_upgrade.rollout.planning.rollback import moved_from, plan_rollback
from vmss_upgrade.rollout.policy import Policy, Share, Strategy
from vmss_upgrade.rollout.scale_set import Health, Power, ScaleSet
from vmss_upgrade.rollout.watching.watch import Watch

NO_VIEW: dict[str, Any] = {
    "shows_view": False,
    "power": Power.OTHER,
    "health": Health.NO_SIGNAL,
    "update_domain": None,
    "fault_domain": None,
}


LOOK = f"az vmss get-instance-view --subscription {SUBSCRIPTION} -g rg -n web --instance-id {{}}"


def refusals(scale_set: ScaleSet, policy: Policy, *hanging: str) -> list[str]:
    findings = examine_plan(scale_set, plan_of(scale_set, policy=policy), policy, hanging=hanging)
    return [f"{finding.message} {finding.remedy}" for finding in findings if finding.severity is Severity.REFUSE]


# -- hanging updates -------------------------------------------------------------------------------------------------


def test_updates_that_hang_outside_the_first_batch_are_all_named() -> None:
    assert refusals(fleet("00112233", updating="6 7"), Policy(), "6", "7") == [
        "Somebody has been updating these since before this run, so that no batch could start: 6, 7. Wait until that "
        f"has ended, and run again. Where it hangs, see what Azure says of each: {LOOK.format(6)}"
    ]


def test_one_that_hangs_in_the_first_batch_is_refused_as_well() -> None:
    assert refusals(fleet("001122", updating="1"), Policy(), "1") == [
        "Somebody has been updating these since before this run, so that no batch could start: 1. Wait until that has "
        f"ended, and run again. Where it hangs, see what Azure says of it: {LOOK.format(1)}"
    ]


def test_a_rollback_is_not_refused_for_it() -> None:
    scale_set = fleet("001122", new="0 1 2 3 4 5", updating="5", image=NEW)
    goal = Goal(image=OLD, in_model=False, heals=True)
    plan = plan_rollback(scale_set, goal, Policy(), moved_from(scale_set, NEW, goal), left=NEW)
    said = [f.message for f in examine_plan(scale_set, plan, Policy(), hanging=("5",)) if f.severity is Severity.REFUSE]
    assert plan.batches
    assert not [message for message in said if "has been updating" in message]


@pytest.mark.parametrize(
    ("scale_set", "hanging"),
    [
        pytest.param(fleet("001122", updating="5"), (), id="began-since-the-first-look"),
        pytest.param(fleet("001122"), ("5",), id="has-ended"),
        pytest.param(fleet("001122", new="0 1 2 3 4 5", updating="5"), ("5",), id="nothing-to-upgrade"),
        pytest.param(changed(fleet("001122"), "5", provisioning_state="Creating"), ("5",), id="being-created"),
    ],
)
def test_an_update_that_does_not_hang_is_no_refusal(scale_set: ScaleSet, hanging: tuple[str, ...]) -> None:
    assert not [said for said in refusals(scale_set, Policy(), *hanging) if "has been updating" in said]


@STEADY
@given(
    domains=st.text("0123", min_size=2, max_size=8),
    unlucky=st.lists(st.integers(0, 7), max_size=5),
    kinds=st.lists(st.sampled_from(["updating", "unhealthy", "stopped", "broken"]), min_size=5, max_size=5),
    least=st.integers(0, 100),
)
def test_a_plan_that_is_not_refused_could_begin_at_once(
    domains: str, unlucky: list[int], kinds: list[str], least: int
) -> None:
    """Hold nothing against the first batch that was known at planning."""
    who: dict[str, str] = {}
    for number, kind in zip(unlucky, kinds, strict=False):
        if number < len(domains):
            who[kind] = f"{who.get(kind, '')} {number}"
    scale_set, policy = fleet("".join(sorted(domains)), **who), Policy(min_healthy=Share(least, is_percentage=True))
    plan = plan_of(scale_set, policy=policy)
    hanging = updating_ids(scale_set.instances)
    if not plan.batches or any(
        finding.severity is Severity.REFUSE for finding in examine_plan(scale_set, plan, policy, hanging=hanging)
    ):
        return
    assert Watch(scale_set, plan.goal, policy).troubles(plan.batches[0], scale_set, plan.goal, 0.0) == ()


# -- instances without a view ----------------------------------------------------------------------------------------


def test_all_instances_that_have_no_place_are_named_with_the_cause() -> None:
    scale_set = changed(fleet("012012"), "0 3", **NO_VIEW)
    with pytest.raises(PlanRefused) as refused:
        plan_rollout(scale_set, goal_to(NEW, scale_set), Policy())
    assert str(refused.value) == (
        "Instances 0, 3 show no update domain, although others do, so that they have no places in the order. Azure "
        "shows no instance view of 0, 3, where it would stand."
    )
    assert "leave the instances out" in refused.value.remedy


def test_the_cause_is_said_of_those_alone_that_have_no_view() -> None:
    scale_set = changed(fleet("012012", nowhere="3"), "0", **NO_VIEW)
    with pytest.raises(PlanRefused, match=r"Instances 0, 3 show no .* no instance view of 0, where"):
        plan_rollout(scale_set, goal_to(NEW, scale_set), Policy())


BY_BATCH = Policy(strategy=Strategy.BATCH)


def test_no_views_at_all_are_no_illness() -> None:
    (said,) = refusals(changed(fleet("------"), "0 1 2 3 4 5", **NO_VIEW), BY_BATCH)
    assert "Azure shows no instance view of 0, 1, 2, 3, 4, 5" in said
    assert "repair the others" not in said
    assert "--new-capacity" not in said


def test_too_few_views_are_named_instead_of_too_few_healthy() -> None:
    assert refusals(changed(fleet("-" * 14), "10 11 9 8 1 2 3 4 5", **NO_VIEW), BY_BATCH) == [
        "Azure shows no instance view of 1, 2, 3, 4, 5, 8, 9, 10, 11, so it is not known whether they run and are "
        "healthy: with 5 of 14 known to be healthy, no batch may be away. Run again later. To see what Azure shows of "
        f"one of them: {LOOK.format(1)}"
    ]


def test_missing_views_are_not_the_only_reason() -> None:
    (said,) = refusals(changed(fleet("------", unhealthy="0 1 2 5"), "3", **NO_VIEW), BY_BATCH)
    assert "repair the others" in said


# -- instances that report no health ---------------------------------------------------------------------------------


def test_silence_of_instances_that_have_the_signal_is_named_as_such() -> None:
    assert refusals(changed(fleet("001122"), "0 1 2 3 4 5", health=Health.NO_SIGNAL), Policy()) == [
        "The model has a health signal (load balancer health probe), but these instances report no health, although "
        "they should have got it: 0, 1, 2, 3, 4, 5. With 0 of 6 known to be healthy, no batch may be away. Find out "
        "why nothing is reported, or use `health: ignore` to go by provisioning and power alone. To see what Azure "
        f"shows of one of them: {LOOK.format(0)}"
    ]


def test_missing_health_reports_are_not_the_only_reason() -> None:
    (said,) = refusals(changed(fleet("001122", unhealthy="0 1 2 5"), "3", health=Health.NO_SIGNAL), Policy())
    assert "repair the others" in said


def test_enough_views_are_enough() -> None:
    assert refusals(changed(fleet("------"), "3", **NO_VIEW), BY_BATCH) == []


def test_an_instance_without_a_view_is_not_called_unhealthy() -> None:
    scale_set = changed(fleet("------", unhealthy="1"), "3", **NO_VIEW)
    findings = examine_plan(scale_set, plan_of(scale_set, policy=BY_BATCH), BY_BATCH)
    assert "Not healthy before the rollout, so first in their domain: 1." in [finding.message for finding in findings]


# -- a floating model ------------------------------------------------------------------------------------------------


def test_pinning_a_floating_model_is_noted() -> None:
    scale_set = fleet("0011", image=platform("latest"))
    said = [f for f in examine_plan(scale_set, plan_of(scale_set), Policy()) if "autoscale" in f.message]
    assert said == [
        note(
            f"The model names no exact version now ({platform('latest')}), and names {NEW} from this rollout on: "
            "instances that are created later, by autoscale too, get this version until the next rollout, however old "
            "it is by then."
        )
    ]
    named = replace(scale_set, model=replace(scale_set.model, image=platform("1.0.0")))
    assert not [f for f in examine_plan(named, plan_of(named), Policy()) if "autoscale" in f.message]
