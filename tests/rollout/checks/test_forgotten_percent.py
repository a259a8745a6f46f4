"""Counts that can only have been meant as percentages: `min-healthy: 80`, `stop-after: 25`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builders import NEW, OLD, changed, fleet, plan_of, whole
from vmss_upgrade.rollout.checks.plan import examine_plan
from vmss_upgrade.rollout.findings import Finding, Severity
from vmss_upgrade.rollout.goal import Goal
from vmss_upgrade.rollout.planning.plan import RolloutPlan
from vmss_upgrade.rollout.planning.planner import batches_of_a_full_rollout
from vmss_upgrade.rollout.planning.rollback import Moved, plan_rollback
from vmss_upgrade.rollout.policy import Policy, Selection, Share, Strategy
from vmss_upgrade.rollout.scale_set import ScaleSet

TWENTY = fleet("00112233445566778899")  # ten batches
RESUMED = fleet("00112233445566778899", image=NEW, new=" ".join(map(str, range(18))))  # one of ten is left
DONE = fleet("0011", image=NEW, new="0 1 2 3")


def found(scale_set: ScaleSet, policy: Policy, named: str, plan: RolloutPlan | None = None) -> list[Finding]:
    """Return the findings that name an input."""
    plan = plan or plan_of(scale_set, policy=policy)
    return [each for each in examine_plan(scale_set, plan, policy) if f"`{named}" in each.message]


@pytest.mark.parametrize(
    ("scale_set", "count", "message", "remedy"),
    [
        pytest.param(
            TWENTY,
            80,
            "`min-healthy: 80` is more than the 20 instances that run.",
            "Did you mean `80%`? As a count it has to be below 20, so that a batch may be away.",
            id="eighty",
        ),
        pytest.param(
            TWENTY,
            21,
            "`min-healthy: 21` is more than the 20 instances that run.",
            "Did you mean `21%`? As a count it has to be below 20, so that a batch may be away.",
            id="one-more-than-run",
        ),
        pytest.param(
            TWENTY,
            101,
            "`min-healthy: 101` is more than the 20 instances that run.",
            "Write a percentage, such as `75%`. As a count it has to be below 20, so that a batch may be away.",
            id="no-percentage",
        ),
        pytest.param(
            fleet("001122", deallocated="0 1"),
            5,
            "`min-healthy: 5` is more than the 4 instances that run.",
            "Did you mean `5%`? As a count it has to be below 4, so that a batch may be away.",
            id="some-are-stopped",
        ),
        pytest.param(
            fleet("01", stopped="1"),
            50,
            "`min-healthy: 50` is more than the one instance that runs.",
            "Did you mean `50%`?",
            id="one-runs",
        ),
    ],
)
def test_more_healthy_instances_than_run_are_refused(
    scale_set: ScaleSet, count: int, message: str, remedy: str
) -> None:
    findings = found(scale_set, whole(min_healthy=Share(count)), "min-healthy")
    assert [(f.severity, f.message, f.remedy) for f in findings] == [(Severity.REFUSE, message, remedy)]


@pytest.mark.parametrize(
    "scale_set", [pytest.param(fleet("0"), id="one"), pytest.param(fleet("01", stopped="1"), id="one-runs")]
)
def test_a_count_that_cannot_be_meant_is_no_reason_to_scale_out(scale_set: ScaleSet) -> None:
    policy = whole(min_healthy=Share(80))
    findings = examine_plan(scale_set, plan_of(scale_set, policy=policy), policy)
    assert [each.remedy for each in findings if each.severity is Severity.REFUSE] == [
        "If nothing has to serve meanwhile, set `allow-downtime: true`.",
        "Did you mean `80%`?",
    ]


@pytest.mark.parametrize(
    ("scale_set", "policy"),
    [
        pytest.param(TWENTY, whole(min_healthy=Share(18)), id="leaves-room"),
        pytest.param(TWENTY, whole(min_healthy=Share(80, is_percentage=True)), id="percentage"),
        pytest.param(TWENTY, whole(min_healthy=Share(80), allow_downtime=True), id="downtime"),
        pytest.param(DONE, whole(min_healthy=Share(80)), id="nothing-to-do"),
    ],
)
def test_a_count_that_is_meant_is_accepted(scale_set: ScaleSet, policy: Policy) -> None:
    assert found(scale_set, policy, "min-healthy") == []


def test_a_count_that_all_reach_may_still_be_too_high_for_a_batch() -> None:
    finding = found(TWENTY, whole(min_healthy=Share(20)), "min-healthy")[0]
    assert finding.remedy.startswith("Lower `min-healthy`, or set `batch-size: 2` and scale out first: az vmss scale ")
    assert finding.remedy.endswith("--new-capacity 22")


def test_a_rollback_that_takes_none_away_needs_no_floor() -> None:
    scale_set = fleet("0000", new="0 1 2 3", unhealthy="0 1 2 3")
    moved = Moved(ids=frozenset("0123"), known=frozenset("0123"))
    policy = whole(min_healthy=Share(80))
    plan = plan_rollback(scale_set, Goal(image=OLD, in_model=True, heals=True), policy, moved, left=NEW)
    assert found(scale_set, policy, "min-healthy", plan) == []


@pytest.mark.parametrize(
    ("scale_set", "policy", "severity", "message", "remedy"),
    [
        pytest.param(
            TWENTY,
            whole(stop_after=Share(25)),
            Severity.REFUSE,
            "`stop-after: 25` never stops: a rollout of the whole selection has 10 batches.",
            "Did you mean `25%`? To go on to the end, leave `stop-after` out.",
            id="twenty-five",
        ),
        pytest.param(
            RESUMED,
            whole(stop_after=Share(11)),
            Severity.REFUSE,
            "`stop-after: 11` never stops: a rollout of the whole selection has 10 batches.",
            "Did you mean `11%`? To go on to the end, leave `stop-after` out.",
            id="as-much-on-a-resume",
        ),
        pytest.param(
            TWENTY,
            whole(stop_after=Share(99)),
            Severity.REFUSE,
            "`stop-after: 99` never stops: a rollout of the whole selection has 10 batches.",
            "Did you mean `99%`? To go on to the end, leave `stop-after` out.",
            id="nearly-all",
        ),
        pytest.param(
            TWENTY,
            whole(stop_after=Share(100)),
            Severity.REFUSE,
            "`stop-after: 100` never stops: a rollout of the whole selection has 10 batches.",
            "To go on to the end, leave `stop-after` out.",
            id="no-percentage",
        ),
        pytest.param(
            TWENTY,
            whole(stop_after=Share(10), selection=Selection(update_domains=(3,))),
            Severity.REFUSE,
            "`stop-after: 10` never stops: a rollout of the whole selection has one batch.",
            "Did you mean `10%`? To go on to the end, leave `stop-after` out.",
            id="a-part-of-the-set",
        ),
        pytest.param(
            fleet("001122"),
            whole(stop_after=Share(9)),
            Severity.WARN,
            "`stop-after: 9` never stops: a rollout of the whole selection has 3 batches.",
            "Write a smaller number, or a percentage such as `25%`.",
            id="below-ten",
        ),
    ],
)
def test_more_batches_than_there_are_never_stop(
    scale_set: ScaleSet, policy: Policy, severity: Severity, message: str, remedy: str
) -> None:
    findings = found(scale_set, policy, "stop-after")
    assert [(f.severity, f.message, f.remedy) for f in findings] == [(severity, message, remedy)]


@pytest.mark.parametrize(
    ("scale_set", "policy"),
    [
        pytest.param(TWENTY, whole(stop_after=Share(10)), id="after-the-last"),
        pytest.param(TWENTY, whole(stop_after=Share(2)), id="between"),
        pytest.param(TWENTY, whole(stop_after=Share(25, is_percentage=True)), id="percentage"),
        pytest.param(RESUMED, whole(stop_after=Share(10)), id="more-than-remain"),
        pytest.param(RESUMED, whole(stop_after=Share(2)), id="few-but-more-than-remain"),
        pytest.param(DONE, whole(stop_after=Share(25)), id="nothing-to-do"),
        pytest.param(TWENTY, whole(batch_size=Share(80)), id="batch-size-is-a-bound"),
        pytest.param(TWENTY, whole(canary=80), id="canary-is-a-bound"),
    ],
)
def test_a_bound_is_never_refused_for_its_size(scale_set: ScaleSet, policy: Policy) -> None:
    findings = examine_plan(scale_set, plan_of(scale_set, policy=policy), policy)
    assert not [f for f in findings if f.severity is not Severity.NOTE]


def test_a_rollback_by_hand_may_have_more_batches_than_a_rollout() -> None:
    scale_set = fleet("0011", new="0 1 2 3", unhealthy="0 2")
    moved = Moved(ids=frozenset("0123"), known=frozenset("0123"))
    policy = whole(stop_after=Share(4))
    plan = plan_rollback(scale_set, Goal(image=OLD, in_model=True, heals=True), policy, moved, left=NEW)
    assert (len(plan.batches), batches_of_a_full_rollout(scale_set, policy)) == (4, 2)
    assert found(scale_set, policy, "stop-after", plan) == []


@pytest.mark.parametrize(
    ("scale_set", "policy", "batches"),
    [
        pytest.param(TWENTY, whole(), 10, id="all"),
        pytest.param(RESUMED, whole(), 10, id="whatever-has-moved"),
        pytest.param(TWENTY, whole(canary=1), 11, id="with-a-canary"),
        pytest.param(TWENTY, whole(canary=5), 10, id="canaries-are-the-first-domain"),
        pytest.param(
            fleet("0011", stopped="0"), whole(include_stopped=True, canary=2), 3, id="a-stopped-one-is-no-canary"
        ),
        pytest.param(fleet("00001"), whole(batch_size=Share(1), canary=3), 5, id="canaries-fit-in-a-batch"),
        pytest.param(fleet("001122", protected="0 1", stopped="2 3"), whole(), 1, id="without-those-that-stay"),
        pytest.param(fleet("001122", stopped="2 3"), whole(include_stopped=True), 3, id="stopped-as-asked"),
        pytest.param(fleet("001122", nowhere="0 1"), whole(), 2, id="without-those-that-have-no-place"),
        pytest.param(fleet("001122"), Policy(strategy=Strategy.BATCH, batch_size=Share(4)), 2, id="batches"),
        pytest.param(fleet("001122"), whole(selection=Selection(instance_ids=("9",))), 0, id="nothing-selected"),
        pytest.param(
            changed(fleet("0011"), "0 1", provisioning_state="Deleting"), whole(), 1, id="without-those-being-deleted"
        ),
    ],
)
def test_a_full_rollout_has_so_many_batches(scale_set: ScaleSet, policy: Policy, batches: int) -> None:
    assert batches_of_a_full_rollout(scale_set, policy) == batches
    nothing_there = replace(scale_set, instances=())
    assert batches_of_a_full_rollout(nothing_there, policy) == 0
