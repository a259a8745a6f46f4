"""What a report holds of drains, new instances, hooks, probes and rehearsals, and of batches that Azure makes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builders import fleet, plan_of, whole
from vmss_upgrade.rollout.failures import Failure, FailureCode
from vmss_upgrade.rollout.history.drain_events import Drained, DrainSettled, DrainStarted
from vmss_upgrade.rollout.history.events import BatchStarted, Event, RolloutPlanned, UpgradeAccepted
from vmss_upgrade.rollout.history.hook_events import HookAnswered
from vmss_upgrade.rollout.history.outcome import BatchResult, DrainRecord
from vmss_upgrade.rollout.history.probe_events import ProbesCounted
from vmss_upgrade.rollout.history.rehearsing.trial import Rehearsed, Trial
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.history.surge import (
    SurgeCreated,
    SurgeFailed,
    SurgePassed,
    SurgeRecord,
    SurgeRefused,
    SurgeStarted,
    SurplusDeleted,
)
from vmss_upgrade.rollout.history.timing import LowestHealthy
from vmss_upgrade.rollout.native.events import BatchGrew
from vmss_upgrade.rollout.native.planning import left_to_azure
from vmss_upgrade.rollout.zero_downtime.hook_answers import Meaning, Verdict
from vmss_upgrade.rollout.zero_downtime.hook_calls import BatchEnd, HookCall, call_before
from vmss_upgrade.rollout.zero_downtime.probes import Probed
from vmss_upgrade.rollout.zero_downtime.surge import Surge

BEFORE = fleet("0011")
PLAN = plan_of(BEFORE)
FIRST, SECOND = PLAN.batches
PLANNED = RolloutPlanned(at=1.0, plan=PLAN, scale_set=BEFORE, policy=whole())


def after(*events: Event) -> Report:
    """Return the report of a run that was planned, and of these events."""
    report = Report()
    for event in (PLANNED, *events):
        report.add(event)
    return report


NOT_UNDRAINED = Failure("1", FailureCode.UNDRAIN_FAILED, "Azure did not run the command")
DRAINS = (
    DrainStarted(at=10.0, batch=FIRST, instance_ids=("0", "1")),
    DrainSettled(at=20.0, instance_ids=("0", "1"), undrained=("0", "1"), failures=(NOT_UNDRAINED,)),
    DrainStarted(at=30.0, batch=SECOND, instance_ids=("2", "3")),
    Drained(at=35.0, batch=SECOND, instance_ids=("2", "3"), seconds=5.0),
    DrainSettled(at=40.0, instance_ids=("2",), undrained=("2",)),
    DrainSettled(at=50.0, instance_ids=("3",), undrained=("3",), failures=(replace(NOT_UNDRAINED, instance_id="4"),)),
    DrainSettled(at=60.0, instance_ids=(), undrained=(), failures=(replace(NOT_UNDRAINED, instance_id="5"),)),
)


def test_a_drain_is_written_down_for_its_batch() -> None:
    assert after(*DRAINS).drains == [
        DrainRecord(1, ("0", "1"), 10.0, undrained=("0",), left=("1",)),
        DrainRecord(2, ("2", "3"), 30.0, seconds=5.0, undrained=("2", "3"), left=("4", "5")),
    ]


@pytest.mark.parametrize(("events", "draining"), [(1, {"0", "1"}), (2, set()), (3, {"2", "3"}), (5, {"3"}), (6, set())])
def test_instances_count_as_away_while_they_are_drained(events: int, draining: set[str]) -> None:
    report = after(*DRAINS[:events])
    assert report.draining == draining
    assert report.changes.healthy[-1] == (DRAINS[events - 1].at, 4 - len(draining))


def test_the_first_drain_may_be_the_only_one() -> None:
    drained = Drained(at=17.0, batch=FIRST, instance_ids=("0", "1"), seconds=7.0)
    assert after(DRAINS[0], drained).drains == [DrainRecord(1, ("0", "1"), 10.0, seconds=7.0)]


SURGE = Surge(former=4, added=2, floor=4)
NAMED = replace(SURGE, instance_ids=("6", "7"))


def test_the_new_instances_of_a_surge() -> None:
    report = after(SurgeStarted(at=5.0, surge=SURGE))
    assert report.surge == SurgeRecord(SURGE, 5.0, was_taken_over=False)
    report.add(SurgeCreated(at=30.0, surge=NAMED))
    report.add(SurgePassed(at=65.0, surge=NAMED, instances=BEFORE.instances))
    assert report.surge == SurgeRecord(NAMED, 5.0, was_taken_over=False, seconds=60.0, result=BatchResult.PASSED)
    report.add(SurplusDeleted(at=90.0, surge=NAMED))
    assert report.surge is not None
    assert report.surge.is_left is False


def test_new_instances_may_fail_or_be_refused() -> None:
    failed = SurgeFailed(at=65.0, surge=NAMED, instances=BEFORE.instances, failures=(NOT_UNDRAINED,))
    record = after(SurgeStarted(at=5.0, surge=SURGE), failed).surge
    assert record == SurgeRecord(NAMED, 5.0, was_taken_over=False, seconds=60.0, result=BatchResult.FAILED)
    record = after(SurgeStarted(at=5.0, surge=SURGE), SurgeRefused(at=9.0, surge=SURGE)).surge
    assert record == SurgeRecord(SURGE, 5.0, was_taken_over=False, result=BatchResult.NOT_ACCEPTED, is_left=False)


def test_the_new_instances_that_an_earlier_run_left() -> None:
    assert after(SurgeStarted(at=5.0, surge=NAMED)).surge == SurgeRecord(NAMED, 5.0, was_taken_over=True)


def skips(call: HookCall, *ids: str, reason: str = "") -> HookAnswered:
    verdict = Verdict(meaning=Meaning.SKIP if ids else Meaning.GO_ON, reason=reason, skipped=ids)
    return HookAnswered(at=10.0, call=call, verdict=verdict, seconds=1.0)


ONE, OTHER = (call_before(batch, 2, PLAN, BEFORE) for batch in (FIRST, SECOND))


@pytest.mark.parametrize(
    ("answers", "put_off"),
    [
        pytest.param([skips(ONE, "0", "1", reason="busy")], {"0": "busy", "1": "busy"}, id="all"),
        pytest.param(
            [skips(ONE, "0", reason="busy"), skips(ONE, "1", reason="alerts")], {"1": "alerts"}, id="asked-again"
        ),
        pytest.param(
            [skips(ONE, "0", reason="busy"), skips(OTHER, "2", reason="alerts")],
            {"0": "busy", "2": "alerts"},
            id="two-batches",
        ),
        pytest.param([skips(ONE, "0", reason="busy"), skips(ONE)], {}, id="in-the-end-none"),
        pytest.param(
            [skips(ONE, "0", reason="busy"), skips(ONE.after(BatchEnd.PASSED))], {"0": "busy"}, id="after-the-batch"
        ),
    ],
)
def test_instances_that_a_hook_has_put_off(answers: list[HookAnswered], put_off: dict[str, str]) -> None:
    assert after(*answers).put_off == put_off


TRIAL = Trial(name="none", trouble="nothing", happens="it succeeded")


def test_a_report_holds_the_book_of_probes_and_the_rehearsal() -> None:
    counted = ProbesCounted(at=9.0, book=(Probed(address="https://a.test/"),))
    rehearsed = Rehearsed(at=10.0, trials=(TRIAL,), shortest=1.0, longest=2.0, durations="documented")
    report = after(counted, rehearsed)
    assert (report.probes, report.rehearsal) == (counted.book, rehearsed)


def test_a_batch_of_azures_grows() -> None:
    few = replace(SECOND, instance_ids=("2",))
    report = after(BatchStarted(at=8.0, batch=few, of=2), UpgradeAccepted(at=8.5, batch=few))
    assert report.changes.healthy[-1] == (8.5, 3)
    report.add(BatchGrew(at=9.0, batch=SECOND))
    assert [record.batch for record in report.batches] == [SECOND]
    assert report.changes.healthy[-1] == (9.0, 2)


def test_azures_policy_has_no_floor() -> None:
    report = Report()
    report.add(replace(PLANNED, plan=left_to_azure(PLAN, BEFORE.model)))
    assert (report.lowest_healthy, report.changes.floors) == (LowestHealthy(4, 1.0, 0, 4), [])
