"""What a report holds after each event of a run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builders import NEW, OLD, changed, fleet, plan_of, platform, vhd, whole
from vmss_upgrade.rollout.failures import Failure, FailureCode
from vmss_upgrade.rollout.findings import note
from vmss_upgrade.rollout.goal import Goal, goal_of
from vmss_upgrade.rollout.history.cells import Cell
from vmss_upgrade.rollout.history.events import (
    BatchFailed,
    BatchPassed,
    BatchStarted,
    Event,
    InstancesSeen,
    ModelRestoreStarted,
    ModelUpdated,
    ModelUpdateRefused,
    ModelUpdateStarted,
    Noticed,
    RepairsResumed,
    RepairsSuspending,
    RollbackStarted,
    RolloutFinished,
    RolloutPlanned,
    ScaleSetRead,
    StatusSeen,
    UpgradeAccepted,
    UpgradeEnded,
    Waiting,
)
from vmss_upgrade.rollout.history.outcome import AzureWork, BatchRecord, BatchResult, Ending, Outcome
from vmss_upgrade.rollout.history.report import LowestHealthy, Report
from vmss_upgrade.rollout.history.standing import in_order
from vmss_upgrade.rollout.order import Command
from vmss_upgrade.rollout.planning.plan import Skipped, SkipReason
from vmss_upgrade.rollout.planning.plan_hash import Planned
from vmss_upgrade.rollout.planning.rollback import Moved, plan_rollback
from vmss_upgrade.rollout.scale_set import Health, Origin, Power

BEFORE = fleet("0011", stopped="3")
POLICY = whole(include_stopped=True)
PLAN = plan_of(BEFORE, policy=POLICY)
FIRST, SECOND = PLAN.batches
MOVED = changed(BEFORE, "0 1", image=NEW)
FAILED = changed(MOVED, "2", image=NEW, health=Health.UNHEALTHY)
FAILURE = Failure("2", FailureCode.NOT_HEALTHY, "health is unhealthy", blames_image=True)
HALTED = Ending(outcome=Outcome.HALTED, reason="It failed.", failures=(FAILURE,))
BACK = replace(
    plan_rollback(
        replace(FAILED, model=replace(FAILED.model, image=NEW)),
        Goal(image=OLD, in_model=False, heals=True),
        POLICY,
        Moved(ids=frozenset("012"), known=frozenset("0123")),
        left=NEW,
    ),
    stop_after=None,
)
PLANNED = RolloutPlanned(at=1.0, plan=PLAN, scale_set=BEFORE, policy=POLICY)


def after(*events: Event) -> Report:
    """Return the report of these events."""
    report = Report()
    for event in events:
        report.add(event)
    return report


ASKED = ModelUpdateStarted(at=2.0, target=NEW)
STARTED = BatchStarted(at=10.0, batch=FIRST, of=2)
CUT_SHORT = RolloutFinished(at=20.0, ending=Ending(outcome=Outcome.INTERRUPTED, reason="Cancelled."))


@pytest.mark.parametrize(
    ("events", "has_changed"),
    [
        pytest.param((), False, id="planned"),
        pytest.param((CUT_SHORT,), False, id="cancelled-before-any-write"),
        pytest.param((ASKED,), True, id="model-asked-for"),
        pytest.param((ASKED, ModelUpdateRefused(at=3.0, target=NEW)), False, id="model-refused"),
        pytest.param((ASKED, ModelUpdated(at=3.0, target=NEW, seconds=1.0)), True, id="model-updated"),
        pytest.param((STARTED,), False, id="batch-not-accepted-yet"),
        pytest.param((STARTED, RolloutFinished(at=20.0, ending=HALTED)), False, id="batch-not-accepted"),
        pytest.param((STARTED, CUT_SHORT), True, id="batch-cancelled-before-the-answer"),
        pytest.param((STARTED, UpgradeAccepted(at=11.0, batch=FIRST)), True, id="batch-accepted"),
        pytest.param((STARTED, UpgradeAccepted(at=11.0, batch=FIRST, certain=False)), True, id="answer-lost"),
    ],
)
def test_a_run_has_changed_something(events: tuple[Event, ...], has_changed: bool) -> None:
    assert after(PLANNED, *events).changed is has_changed


def test_a_report_knows_what_was_planned() -> None:
    assert after(ScaleSetRead(at=0.5, model=BEFORE.model)).planned is None
    planned = after(replace(PLANNED, command=Command.ROLLBACK)).planned
    assert planned == Planned(scale_set_id=BEFORE.model.id, command=Command.ROLLBACK, target=NEW, policy=POLICY)


def test_a_report_holds_model_findings_and_plan() -> None:
    report = after(ScaleSetRead(at=0.5, model=BEFORE.model))
    assert (report.model, report.duration, report.failures(), report.lowest_healthy) == (BEFORE.model, 0.5, [], None)
    report.add(Noticed(at=0.6, finding=note("A finding.")))
    report.add(replace(PLANNED, command=Command.UPGRADE_INSTANCES))
    assert report.findings == [note("A finding.")]
    assert (report.plan, report.policy, report.command) == (PLAN, POLICY, Command.UPGRADE_INSTANCES)
    assert (report.stopped_before, report.before, report.instances) == ({"3"}, BEFORE.instances, BEFORE.instances)
    assert (report.model, report.seen_at, report.lowest_healthy) == (BEFORE.model, 1.0, LowestHealthy(3, 1.0, 2, 4))


def test_a_status() -> None:
    goal = goal_of(BEFORE.model)
    report = after(
        ScaleSetRead(at=0.0, model=BEFORE.model),
        StatusSeen(at=2.0, scale_set=changed(BEFORE, "1", image=NEW), goal=goal),
    )
    assert (report.shown, report.target, report.seen_at, report.lowest_healthy) == (goal, OLD, 2.0, None)
    assert report.cells() == {"0": Cell.CURRENT, "1": Cell.CURRENT, "2": Cell.CURRENT, "3": Cell.STOPPED}


def test_waits_add_up() -> None:
    waits = (Waiting(at=1.0, why="x", seconds=10.0, until=60.0), Waiting(at=11.0, why="x", seconds=5.0, until=60.0))
    assert after(*waits).seconds_waited == 15.0


def test_repairs_are_suspended_until_they_are_resumed() -> None:
    assert after(RepairsSuspending(at=1.0)).repairs_suspended is True
    assert after(RepairsSuspending(at=1.0), RepairsResumed(at=2.0)).repairs_suspended is False


def test_the_model_may_hold_the_target_from_the_request_on() -> None:
    asked = ModelUpdateStarted(at=2.0, target=NEW)
    assert after(PLANNED, asked).model_may_hold_target is True
    assert after(PLANNED, asked, ModelUpdateRefused(at=3.0, target=NEW)).model_may_hold_target is False
    updated = after(PLANNED, asked, ModelUpdated(at=10.0, target=NEW, seconds=8.0))
    assert (updated.model_may_hold_target, updated.model_update_seconds, updated.model_restored) == (True, 8.0, False)


def test_the_batches_and_who_is_away() -> None:
    report = after(PLANNED, BatchStarted(at=10.0, batch=FIRST, of=2))
    assert report.batches == [BatchRecord(FIRST, 10.0)]
    assert report.lowest_healthy == LowestHealthy(3, 1.0, 2, 4), "Azure has not accepted the upgrade"
    report.add(UpgradeAccepted(at=12.0, batch=FIRST))
    assert report.batches == [BatchRecord(FIRST, 10.0, accepted=True, azure_work=AzureWork.CERTAIN)]
    assert (report.lowest_healthy, report.seen_at) == (LowestHealthy(1, 12.0, 2, 4), 1.0)
    report.add(InstancesSeen(at=20.0, instances=changed(BEFORE, "0", image=NEW).instances))
    assert (report.seen_at, report.cells()) == (
        20.0,
        {"0": Cell.NEW, "1": Cell.UPGRADING, "2": Cell.OLD, "3": Cell.OLD},
    )
    report.add(UpgradeEnded(at=90.0, batch=FIRST))
    assert report.batches[0].azure_work is AzureWork.NONE
    report.add(BatchPassed(at=110.0, batch=FIRST, instances=MOVED.instances, is_current=False))
    passed = BatchRecord(FIRST, 10.0, 100.0, BatchResult.PASSED, accepted=True, is_current=False)
    passed.ready_after = {"0": 10.0, "1": 100.0}
    assert (report.batches, report.instances, report.seen_at) == ([passed], MOVED.instances, 110.0)
    report.add(BatchStarted(at=120.0, batch=SECOND, of=2))
    report.add(UpgradeAccepted(at=121.0, batch=SECOND, certain=False))
    assert report.batches == [passed, BatchRecord(SECOND, 120.0, accepted=True, azure_work=AzureWork.POSSIBLE)]
    report.add(BatchFailed(at=200.0, batch=SECOND, failures=(FAILURE,), instances=FAILED.instances))
    failed = BatchRecord(SECOND, 120.0, 80.0, BatchResult.FAILED, accepted=True, azure_work=AzureWork.POSSIBLE)
    assert (report.batches, report.failed, report.cells()["2"]) == ([passed, failed], ["2"], Cell.FAILED)


def test_a_lost_answer_does_not_matter_once_the_batch_has_passed() -> None:
    report = after(
        PLANNED, BatchStarted(at=10.0, batch=FIRST, of=2), UpgradeAccepted(at=11.0, batch=FIRST, certain=False)
    )
    report.add(BatchPassed(at=110.0, batch=FIRST, instances=MOVED.instances))
    assert report.batches[0].azure_work is AzureWork.NONE


def test_a_batch_that_azure_did_not_accept() -> None:
    report = after(
        PLANNED,
        BatchStarted(at=10.0, batch=FIRST, of=2),
        BatchPassed(at=110.0, batch=FIRST, instances=MOVED.instances),
        RolloutFinished(at=111.0, ending=HALTED),
    )
    assert report.batches[0].result is BatchResult.PASSED
    report = after(PLANNED, BatchStarted(at=10.0, batch=FIRST, of=2), RolloutFinished(at=20.0, ending=HALTED))
    assert report.batches[0].result is BatchResult.NOT_ACCEPTED
    accepted = (BatchStarted(at=10.0, batch=FIRST, of=2), UpgradeAccepted(at=11.0, batch=FIRST))
    report = after(PLANNED, *accepted, RolloutFinished(at=20.0, ending=HALTED))
    assert (report.batches[0].result, report.ending, report.duration) == (BatchResult.UNDER_WAY, HALTED, 20.0)


def test_a_model_that_is_restored() -> None:
    updated = (ModelUpdateStarted(at=2.0, target=NEW), ModelUpdated(at=10.0, target=NEW, seconds=8.0))
    report = after(PLANNED, *updated, ModelRestoreStarted(at=60.0, previous=OLD, instead_of=NEW))
    report.add(ModelUpdateStarted(at=61.0, target=OLD))
    report.add(ModelUpdateRefused(at=62.0, target=OLD))
    assert (report.puts_back, report.model_may_hold_target, report.model_restored) == (OLD, True, False)
    report.add(ModelUpdated(at=70.0, target=OLD, seconds=9.0))
    assert (report.model_may_hold_target, report.model_update_seconds, report.model_restored) == (False, 8.0, True)
    assert (report.goes_back, report.rollback) == (False, None)


def test_the_way_back() -> None:
    general = Failure("", FailureCode.SIGNAL_LOST, "the signal is lost")
    report = after(
        PLANNED,
        ModelUpdateStarted(at=2.0, target=NEW),
        ModelUpdated(at=10.0, target=NEW, seconds=8.0),
        BatchStarted(at=10.0, batch=SECOND, of=1),
        UpgradeAccepted(at=11.0, batch=SECOND, certain=False),
        RollbackStarted(at=60.0, plan=BACK, scale_set=FAILED, failed=HALTED),
    )
    assert (report.rollback, report.model_restored, report.seen_at) == (BACK, False, 60.0)
    there = BatchRecord(SECOND, 10.0, 50.0, accepted=True, azure_work=AzureWork.POSSIBLE)
    assert (report.batches, report.failed, report.instances) == ([there], ["2"], FAILED.instances)
    assert (report.upgraded, report.rolled_back, report.not_returned) == ([], [], ["0", "1", "2"])
    report.add(ModelUpdateStarted(at=61.0, target=OLD))
    report.add(ModelUpdated(at=70.0, target=OLD, seconds=9.0))
    assert (report.model_may_hold_target, report.model_update_seconds, report.model_restored) == (True, 8.0, True)
    assert report.batches[0].azure_work is AzureWork.NONE, "Azure takes on one change at a time"
    report.add(BatchStarted(at=70.0, batch=BACK.batches[0], of=2))
    assert report.batches[1] == BatchRecord(BACK.batches[0], 70.0, is_back=True)
    report.add(UpgradeAccepted(at=71.0, batch=BACK.batches[0]))
    back = changed(FAILED, "2", image=OLD, health=Health.HEALTHY)
    report.add(BatchPassed(at=100.0, batch=BACK.batches[0], instances=back.instances))
    assert report.rolled_back == ["2"]
    report.add(RolloutFinished(at=120.0, ending=replace(HALTED, failures=(FAILURE, general))))
    assert report.failures() == [FAILURE, general]
    assert report.cells() == {"0": Cell.NEW, "1": Cell.NEW, "2": Cell.ROLLED_BACK, "3": Cell.OLD}


def test_a_report_keeps_the_cells_of_planning() -> None:
    assert after().cells_before() == {}
    mixed = fleet("0011", new="0", protected="1")
    report = after(RolloutPlanned(at=1.0, plan=plan_of(mixed, policy=POLICY), scale_set=mixed, policy=POLICY))
    assert report.cells_before() == {"0": Cell.NEW, "1": Cell.SKIPPED, "2": Cell.OLD, "3": Cell.OLD}
    by_hand = after(RolloutPlanned(at=1.0, plan=BACK, scale_set=FAILED, policy=POLICY))
    assert by_hand.cells_before() == {"0": Cell.NEW, "1": Cell.NEW, "2": Cell.NEW, "3": Cell.OLD}


def test_an_instance_that_the_rollout_did_not_move_stays_out_of_its_rollback() -> None:
    third = changed(FAILED, "3", image=platform("1.5.0"), power=Power.RUNNING)
    moved = Moved(ids=frozenset("012"), known=frozenset("0123"))
    plan = plan_rollback(third, Goal(image=OLD, in_model=True, heals=True), POLICY, moved, left=NEW)
    report = after(RolloutPlanned(at=1.0, plan=plan, scale_set=third, policy=POLICY))
    assert (report.skipped, report.remaining) == ([Skipped("3", SkipReason.NOT_MOVED)], ["0", "1", "2"])


@pytest.mark.parametrize("in_model", [False, True])
def test_the_flag_shows_who_is_on_a_vhd_that_the_model_may_hold(in_model: bool) -> None:
    target = vhd("https://s.blob/2.vhd")
    before = fleet("0011", old=None, image=target if in_model else vhd("https://s.blob/1.vhd"), behind="2 3")
    report = after(RolloutPlanned(at=1.0, plan=plan_of(before, target), scale_set=before, policy=whole()))
    there = {"0": Cell.NEW, "1": Cell.NEW, "2": Cell.OLD, "3": Cell.OLD}
    assert report.cells() == (there if in_model else dict.fromkeys(there, Cell.OLD))
    report.add(ModelUpdateStarted(at=2.0, target=target))
    assert report.cells() == there


def test_one_that_failed_has_not_arrived_whatever_it_shows_later() -> None:
    report = after(PLANNED, BatchStarted(at=10.0, batch=FIRST, of=2), UpgradeAccepted(at=11.0, batch=FIRST))
    failures = (replace(FAILURE, instance_id="0"),)
    report.add(BatchFailed(at=90.0, batch=FIRST, failures=failures, instances=MOVED.instances))
    assert (report.upgraded, report.failed) == (["1"], ["0"])


def test_one_that_was_stopped_before_arrives_stopped() -> None:
    seen = changed(BEFORE, "2 3", image=NEW).instances
    report = after(PLANNED, BatchStarted(at=10.0, batch=SECOND, of=2), UpgradeAccepted(at=11.0, batch=SECOND))
    report.add(BatchPassed(at=90.0, batch=SECOND, instances=seen))
    assert (report.upgraded, report.skipped) == (["2", "3"], [])
    stopped = tuple(replace(each, power=Power.DEALLOCATED) for each in seen)
    report.add(InstancesSeen(at=91.0, instances=stopped))
    assert report.upgraded == ["3"]
    assert report.skipped == [Skipped("2", SkipReason.DEALLOCATED)]


def test_failures_of_several_batches_and_of_the_end_add_up() -> None:
    report = after(PLANNED)
    for number, batch in (("0", FIRST), ("2", SECOND)):
        failures = (replace(FAILURE, instance_id=number),)
        report.add(BatchStarted(at=10.0, batch=batch, of=2))
        report.add(BatchFailed(at=20.0, batch=batch, failures=failures, instances=BEFORE.instances))
    report.add(RolloutFinished(at=30.0, ending=replace(HALTED, failures=(replace(FAILURE, instance_id="3"),))))
    assert report.failed == ["0", "2", "3"]


def test_the_lowest_number_of_healthy_instances_is_the_first_such_look() -> None:
    report = after(PLANNED, InstancesSeen(at=5.0, instances=BEFORE.instances))
    assert report.lowest_healthy == LowestHealthy(3, 1.0, 2, 4)


def test_a_look_that_shows_the_same_again_changes_its_time_alone() -> None:
    seen = InstancesSeen(at=30.0, instances=FAILED.instances)
    events = (PLANNED, STARTED, UpgradeAccepted(at=11.0, batch=FIRST), seen)
    once, twice = after(*events), after(*events, replace(seen, at=45.0))
    assert (twice.seen_at, twice.duration) == (45.0, 45.0)
    assert replace(twice, seen_at=30.0, duration=30.0) == once


def test_a_batch_that_began_between_two_equal_looks_counts() -> None:
    seen = InstancesSeen(at=5.0, instances=MOVED.instances)
    report = after(PLANNED, seen, STARTED, replace(seen, at=30.0))
    assert report.batches[0].ready_after == {"0": 20.0, "1": 20.0}


def test_an_attached_machine_counts_once_it_is_upgraded() -> None:
    mixed = changed(BEFORE, "1 2", origin=Origin.OTHER_IMAGE)
    report = after(replace(PLANNED, scale_set=mixed), BatchStarted(at=10.0, batch=FIRST, of=2))
    assert [each.id for each in report.counted] == ["0", "1", "3"]
    assert ([each.id for each in report.counted_before], report.healthy_now) == (["0", "1", "3"], 2)


def test_ids_are_in_natural_order() -> None:
    assert in_order(["10", "9", "a"]) == ["9", "10", "a"]


def test_a_way_back_that_needs_no_write_finds_the_model_restored() -> None:
    in_model = replace(BACK, goal=replace(BACK.goal, in_model=True))
    report = after(PLANNED, RollbackStarted(at=60.0, plan=in_model, scale_set=FAILED, failed=HALTED))
    assert (report.model_restored, report.batches) == (True, [])


def test_a_batch_that_ended_before_the_way_back_keeps_its_time() -> None:
    report = after(
        PLANNED,
        BatchStarted(at=10.0, batch=SECOND, of=1),
        BatchFailed(at=50.0, batch=SECOND, failures=(FAILURE,), instances=FAILED.instances),
        RollbackStarted(at=60.0, plan=BACK, scale_set=FAILED, failed=HALTED),
    )
    assert report.batches[0].seconds == 40.0
