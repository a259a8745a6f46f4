"""One trial: the rollout of an order on a copy of the scale set, on the virtual clock, with one trouble."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from azure_simulator import Scenario, SimulatedAzure, VirtualClock, with_faults
from vmss_rehearsal.environment import environment
from vmss_rehearsal.troubles import Trouble
from vmss_upgrade.azure_api.connection import Connector
from vmss_upgrade.driver.run import run_rollout
from vmss_upgrade.errors import Interrupted
from vmss_upgrade.inputs import parse_account
from vmss_upgrade.reporters.sanitiser.text import count
from vmss_upgrade.reporters.sentences.headline import short_title
from vmss_upgrade.reporters.sentences.next_steps import how_to_finish_rollback, remedy
from vmss_upgrade.rollout.history.events import Event, InstancesSeen, RolloutFinished
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.history.rehearsing.trial import Trial
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.history.run_facts import RunFacts
from vmss_upgrade.rollout.order import Order
from vmss_upgrade.rollout.planning.plan import SkipReason
from vmss_upgrade.rollout.policy import Selection
from vmss_upgrade.rollout.wording import duration, in_natural_order, instances_named


@dataclass(slots=True)
class _Run:
    """One run of the action on the copy."""

    report: Report = field(default_factory=lambda: Report(facts=RunFacts(simulated=True)))
    most_away: int = 0
    looks: int = 0

    def take(self, event: Event) -> None:
        self.report.add(event)
        self.looks += isinstance(event, InstancesSeen)
        self.most_away = max(self.most_away, self.report.away)


def play(order: Order, scenario: Scenario, trouble: Trouble) -> Trial:
    """Return what becomes of the rollout; of a run that is cut off, after it was run again."""
    if trouble.why_not:
        return Trial(name=trouble.name, trouble=trouble.words, happens=f"not played: {trouble.why_not}")
    clock = VirtualClock()
    azure = SimulatedAzure(with_faults(scenario, trouble.faults), clock)
    runs = [_run(order, azure, clock, trouble.cut_after)]
    if trouble.cut_after:
        runs.append(_run(_later(order, clock.now()), azure, clock, 0.0))
    report = runs[-1].report
    lowest = [run.report.lowest_healthy for run in runs if run.report.lowest_healthy]
    return Trial(
        name=trouble.name,
        trouble=trouble.words,
        happens=_happens(runs),
        seconds=sum(run.report.duration for run in runs),
        lowest=min(lowest, key=lambda each: each.count, default=None),
        total=next((len(run.report.instances) for run in reversed(runs) if run.report.instances), 0),
        most_away=max(run.most_away for run in runs),
        looks=sum(run.looks for run in runs),
        remedy=_to_do(report),
        report=report,
    )


def duration_of(order: Order, scenario: Scenario) -> float:
    """Return the seconds that the rollout takes undisturbed, and keep nothing else of it: that is much faster."""
    clock, seconds = VirtualClock(), 0.0
    with closing(_events(order, SimulatedAzure(scenario, clock), clock)) as events:
        for event in events:
            seconds = event.at
    return seconds


def _run(order: Order, azure: SimulatedAzure, clock: VirtualClock, cut_after: float) -> _Run:
    if cut_after:
        clock.call_at(clock.now() + cut_after, _cut)
    run, began = _Run(), clock.now()
    try:
        with closing(_events(order, azure, clock)) as events:
            for event in events:
                run.take(event)
    except _Cut as error:  # and no signal that ends the rehearsal itself
        advice = how_to_finish_rollback(run.report) or error.remedy
        ending = Ending(outcome=Outcome.INTERRUPTED, reason=str(error), remedy=advice)
        run.take(RolloutFinished(at=clock.now() - began, ending=ending))
    return run


def _events(order: Order, azure: SimulatedAzure, clock: VirtualClock) -> Generator[Event]:
    account = parse_account(environment(azure, Path("."), {}))
    connector = Connector(azure.quick_transport(), clock, user_agent="vmss-upgrade rehearsal", mask=lambda _: None)
    return run_rollout(order, connector.scale_set(account, timeout=order.policy.timeout), clock)


def _later(order: Order, seconds: float) -> Order:
    """Return the order of a run that begins so much later: what is left until `not-after` is less."""
    end = order.policy.not_after
    return replace(order, policy=replace(order.policy, not_after=end and replace(end, left=end.left - seconds)))


class _Cut(Interrupted):
    """The job of the trial is cut off."""


def _cut() -> None:
    raise _Cut


def _skipped(report: Report) -> list[str]:
    """Return the instances that a later run may upgrade."""
    going = (SkipReason.BEING_DELETED, SkipReason.SURPLUS)
    skipped = [each for each in report.skipped if not each.reason.is_settled and each.reason not in going]
    done = _stopped_since(report)
    return [each.instance_id for each in skipped if each.instance_id not in done]


def _stopped_since(report: Report) -> list[str]:
    """Return the instances that this run has upgraded, and that were stopped since."""
    stopped = {
        each.instance_id for each in report.skipped if each.reason in (SkipReason.STOPPED, SkipReason.DEALLOCATED)
    }
    ours = {id_ for record in report.batches for id_ in record.batch.instance_ids}
    target = report.plan.reaches if report.plan else None
    return [each.id for each in report.instances if each.id in stopped & ours and each.image == target]


def _to_do(report: Report) -> str:
    """Return what is left to do after the last run; empty if nothing is."""
    ending, failed = report.ending, report.failed
    if ending and ending.outcome is Outcome.HALTED and failed:
        way = "return the instances, too, with" if report.model_restored else "go back with"
        back = f"{way} `operation: rollback` (at once: `on-failure: rollback`)"
        return f"Look into {instances_named(failed)}; then run again with the same inputs, or {back}."
    if ending and ending.outcome is Outcome.ROLLED_BACK and failed:
        return f"Look into {instances_named(failed)} before you try this image again."
    if ending and ending.outcome.exit_code:  # "what is named here" is named in its reason
        return " ".join(filter(None, (ending.reason, remedy(report))))
    left = sorted({*_left_behind(report), *_skipped(report)}, key=in_natural_order)
    if ending and ending.outcome is Outcome.PARTIAL:
        left = _skipped(report)
    later = f"Run again when {instances_named(left)} can be upgraded." if left else ""
    stopped = _stopped_since(report)
    start = f"Start {instances_named(stopped)}: upgraded, and stopped since." if stopped else ""
    return " ".join(filter(None, (remedy(report), later, start)))


def _left_behind(report: Report) -> list[str]:
    """Return the instances that this run should have upgraded, and did not; none where only some were selected."""
    done = report.ending is not None and report.ending.outcome in (Outcome.SUCCEEDED, Outcome.NOTHING_TO_DO)
    some = report.policy is not None and report.policy.selection != Selection()
    return [] if done and some else list(report.remaining)


def _happens(runs: list[_Run]) -> str:
    """Return how the last run ended, in a few words, with its failed instances and those that it left."""
    report = runs[-1].report
    ending = report.ending
    if ending is None:
        return "did not end"
    words = ending.outcome.value if ending.outcome.exit_code == 0 else short_title(report).lower()
    if report.batches:
        passed = sum(1 for record in report.batches if record.result.value == "passed" and not record.is_back)
        planned = len(report.plan.batches) if report.plan else 0
        batches = f"{passed} of {count(planned, 'batch')}" if planned else count(passed, "batch")
        words += f" after {batches}" if ending.outcome.exit_code else ""
    for what, ids in (
        ("failed", report.failed),
        ("left behind", _left_behind(report)),
        ("skipped", _skipped(report)),
        ("stopped after the upgrade", _stopped_since(report)),
    ):
        words += f"; {len(ids)} {what}" if ids else ""
    if report.puts_back is not None:
        words += "; the model went back" if report.model_restored else "; the model may hold the target"
    return f"cut after {duration(runs[0].report.duration)}, then {words}" if len(runs) > 1 else words
