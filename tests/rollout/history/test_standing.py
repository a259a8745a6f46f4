"""What became of each instance of a run that turned back."""

from __future__ import annotations

from dataclasses import replace

from builders import NEW, OLD, changed, fleet, report_of, run_of
from vmss_upgrade.rollout.failures import Failure, FailureCode
from vmss_upgrade.rollout.goal import Goal
from vmss_upgrade.rollout.history.events import (
    BatchFailed,
    BatchStarted,
    Event,
    ModelUpdated,
    RollbackStarted,
    RolloutFinished,
    UpgradeAccepted,
)
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.planning.plan import Batch
from vmss_upgrade.rollout.planning.rollback import Moved, plan_rollback
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.scale_set import Health

THERE = Failure("1", FailureCode.NOT_HEALTHY, "health is unhealthy", blames_image=True)
BACK = Failure("1", FailureCode.BATCH_TIMEOUT, "not ready in time")


def turned_back(*failures: Failure) -> list[Event]:
    """Return the events of a run whose first batch failed on instance 1, and whose rollback ended with these
    failures.
    """
    *there, last = run_of(fleet("0011"), failures=(THERE,))
    assert isinstance(last, RolloutFinished)
    now = changed(fleet("0011", image=NEW, new="0 1"), "1", health=Health.UNHEALTHY)
    moved = Moved(ids=frozenset("01"), known=frozenset("0123"))
    plan = plan_rollback(now, Goal(image=OLD, in_model=False, heals=True), Policy(), moved, left=NEW)
    batch = Batch(1, plan.batches[0].domain, ("0", "1"))
    plan = replace(plan, batches=(batch,))
    seen = changed(now, "0", image=OLD).instances
    ending = Ending(outcome=Outcome.ROLLBACK_FAILED, reason="It failed.", failures=(THERE, *failures))
    return [
        *there,
        RollbackStarted(at=200.0, plan=plan, scale_set=now, failed=last.ending),
        ModelUpdated(at=210.0, target=OLD, seconds=10.0),
        BatchStarted(at=210.0, batch=batch, of=1),
        UpgradeAccepted(at=210.0, batch=batch),
        BatchFailed(at=300.0, batch=batch, failures=failures, instances=seen),
        RolloutFinished(at=300.0, ending=ending),
    ]


def test_an_instance_that_fails_on_both_ways_is_named_once_with_both_failures() -> None:
    report = report_of(turned_back(BACK))
    assert report.failed == ["1"]
    assert report.failures() == [THERE, BACK]
    assert (report.rolled_back, report.not_returned) == (["0"], ["1"])


def test_a_failure_of_the_rollout_is_not_repeated_for_its_rollback() -> None:
    report = report_of(turned_back())
    assert report.failed == ["1"]
    assert report.failures() == [THERE]
