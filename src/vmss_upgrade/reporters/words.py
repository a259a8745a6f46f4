"""The sentences that log, annotations and summary share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from vmss_upgrade.reporters.heatmap import domain_labels
from vmss_upgrade.reporters.text import count, cut, listed
from vmss_upgrade.rollout.commands import az_vmss, put_image_back
from vmss_upgrade.rollout.durations import duration
from vmss_upgrade.rollout.events import BatchProgressed, Outcome
from vmss_upgrade.rollout.health_gate import Failure, Pending
from vmss_upgrade.rollout.model_check import MODEL_CHANGED
from vmss_upgrade.rollout.planner import RolloutPlan
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.report import Report
from vmss_upgrade.rollout.scale_set import HealthSignal, Instance, Model, is_healthy, is_on

LONGEST_MESSAGE = 1500  # characters of Azure's message in an annotation: what follows it must not be cut away

_MARKS = {
    Outcome.SUCCEEDED: "✅",
    Outcome.NOTHING_TO_DO: "✅",
    Outcome.PLANNED: "📋",
    Outcome.REFUSED: "⛔",
    Outcome.HALTED: "❌",
    Outcome.TIMED_OUT: "⏱️",
    Outcome.INTERRUPTED: "✋",
}


def mark(outcome: Outcome) -> str:
    """One sign for an outcome."""
    return _MARKS[outcome]


def headline(report: Report) -> str:
    """How the run ended, for somebody in a hurry, and what new instances get where it ended early."""
    ending = report.ending
    if ending is None:
        return "The run has not ended."
    name = report.model.name if report.model else "the scale set"
    total = len(report.instances)
    done = f"{len(report.upgraded)} of {count(total, 'instance')} upgraded" if report.plan else "before it was planned"
    match ending.outcome:
        case Outcome.SUCCEEDED:
            everywhere = bool(report.upgraded) or not report.skipped
            runs = f"{name} runs" if everywhere else f"The model of {name} now holds"
            sentence = f"{runs} {report.target}: {_what_was_done(report)} in {duration(report.duration)}."
        case Outcome.NOTHING_TO_DO:
            sentence = f"Nothing to do: every instance of {name} that can be upgraded runs {report.target} already."
        case Outcome.PLANNED:
            sentence = f"Plan for {name} to {report.target}; nothing was written. {away(report)}"
        case Outcome.REFUSED:
            return f"Refused, nothing was written: {ending.reason}"
        case Outcome.HALTED:
            sentence = f"The rollout of {name} halted, {done}: {ending.reason}"
        case Outcome.TIMED_OUT:
            sentence = f"The rollout of {name} ran out of time, {done}: {ending.reason}"
        case Outcome.INTERRUPTED:
            sentence = f"The rollout of {name} was cancelled, {done}."
    return " ".join(filter(None, (sentence, _health_caveat(report), model_notice(report))))


def _what_was_done(report: Report) -> str:
    parts = [f"{count(len(report.upgraded), 'instance')} upgraded"]
    if report.skipped:
        parts.append(f"{len(report.skipped)} skipped")
    return ", ".join(parts)


def _health_caveat(report: Report) -> str:
    upgraded = report.ending is not None and report.ending.outcome is Outcome.SUCCEEDED and report.upgraded
    if upgraded and report.model is not None and report.model.health_signal is HealthSignal.NONE:
        return "Health was not proven: the scale set has no health signal."
    return ""


def away(report: Report) -> str:
    """The blast radius in one sentence: how many are away at once, and what that does to their connections."""
    if report.plan is None or report.model is None:
        return ""
    return blast_radius(report.plan, report.before, report.model)


def blast_radius(plan: RolloutPlan, instances: tuple[Instance, ...], model: Model) -> str:
    """The same for a plan that has just been made."""
    if not plan.batches:
        return "No instance is upgraded."
    healthy = sum(1 for instance in instances if is_healthy(instance, model.health_signal))
    ids = {i.id for i in instances if is_healthy(i, model.health_signal)}
    lowest = min(healthy - len(ids & set(batch.instance_ids)) for batch in plan.batches)
    return (
        f"At most {plan.largest_batch} of {count(len(instances), 'instance')} are away at once, so {lowest} stay "
        "healthy if all goes well; open connections to the instances of a batch are cut when it starts."
    )


def plan_facts(plan: RolloutPlan, policy: Policy, model: Model) -> list[tuple[str, str]]:
    """The plan as name and value."""
    bake = policy.bake_time_for(model.health_signal)
    facts = [
        ("Scale set", f"{model.name} (resource group {model.resource_group}, {model.location})"),
        ("Previous image", str(plan.previous) if plan.previous else "none: no instance runs another image"),
        ("Target image", str(plan.target)),
        ("Model", "is updated first" if plan.update_model else "holds the target image already"),
        ("To upgrade", f"{count(len(plan.instance_ids), 'instance')} in {count(len(plan.batches), 'batch')}"),
        ("Health signal", model.health_signal.value),
        ("Bake time", duration(bake)),
    ]
    if plan.skipped:
        facts.append(("Skipped", skipped_in_words(plan)))
    return facts


def skipped_in_words(plan: RolloutPlan) -> str:
    """How many are skipped, per reason."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for skipped in plan.skipped:
        by_reason[skipped.reason].append(skipped.instance_id)
    return "; ".join(f"{len(ids)} {reason} ({listed(ids)})" for reason, ids in by_reason.items())


def batch_titles(plan: RolloutPlan, instances: tuple[Instance, ...]) -> dict[int, str]:
    """Batch number -> its domain's label."""
    labels = domain_labels(instances)
    return {batch.number: labels.get(batch.domain, f"UD {batch.domain.number}") for batch in plan.batches}


def pending_in_words(pending: Iterable[Pending]) -> str:
    """Who is waited for, grouped by what is missing."""
    by_message: dict[str, list[str]] = defaultdict(list)
    for item in pending:
        by_message[item.message].append(item.instance_id or "the scale set")
    return "; ".join(f"{listed(ids, 6)}: {message}" for message, ids in by_message.items())


def on_target_in_words(event: BatchProgressed, report: Report) -> str:
    """How far Azure has come with a batch."""
    target = report.target
    batch = [i for i in event.instances if i.id in event.batch.instance_ids]
    there = sum(1 for instance in batch if target is not None and is_on(instance, target))
    return f"{there} of {count(len(batch), 'instance')} on the target image"


def failures_by_code(failures: Iterable[Failure]) -> dict[str, list[Failure]]:
    """Failures grouped by Azure's (or our) code, in the order of their first appearance."""
    groups: dict[str, list[Failure]] = defaultdict(list)
    for failure in failures:
        groups[failure.code].append(failure)
    return dict(groups)


def failure_in_words(failures: list[Failure]) -> str:
    """One group: which instances, the code, the message, and the id for Microsoft support."""
    ids = [f.instance_id for f in failures if f.instance_id]
    who = f"{'Instance' if len(ids) == 1 else 'Instances'} {listed(ids)}: " if ids else ""
    messages = [cut(message, LONGEST_MESSAGE) for message in dict.fromkeys(f.message for f in failures)]
    more = f" (and {len(messages) - 1} other messages, in the step summary)" if len(messages) > 1 else ""
    correlation = next((f.correlation_id for f in failures if f.correlation_id), "")
    support = f" Correlation id {correlation}." if correlation else ""
    return f"{who}{failures[0].code}: {messages[0].rstrip('.')}{more}.{support}"


def health_in_numbers(report: Report) -> str:
    """How many instances are healthy now, and how few were at the worst moment; empty where nothing was upgraded."""
    if report.lowest_healthy is None or not report.batches:
        return ""
    lowest = report.lowest_healthy
    return (
        f"Healthy now: {report.healthy_now} of {len(report.instances)}. "
        f"Lowest healthy count: {lowest.count} of {len(report.before)}, {duration(lowest.at)} after the start."
    )


def left_undone(report: Report) -> str:
    """What was not done, in one sentence; empty where nothing was left."""
    if report.plan is None or not report.remaining:
        return ""
    return f"Left undone: {count(len(report.remaining), 'instance')} ({listed(report.remaining)})."


def model_notice(report: Report) -> str:
    """That new instances get the target image already, after a run that did not finish; else empty."""
    if report.ending is None or report.plan is None or report.ending.outcome.exit_code == 0:
        return ""
    somebody_elses = any(failure.code == MODEL_CHANGED for failure in report.ending.failures)
    if report.ending.outcome is Outcome.REFUSED or somebody_elses:
        return ""
    if report.plan.update_model and not report.model_touched:
        return ""
    if report.plan.update_model and report.model_update_seconds is None:
        return f"The model may hold the target image {report.plan.target} by now: then new instances will get it."
    return f"The model holds the target image {report.plan.target}: new instances will get it."


def way_back(report: Report) -> str:
    """The command that puts the previous image back into the model; empty where there is nothing to put back."""
    if not model_notice(report) or report.model is None or report.previous is None:
        return ""
    return put_image_back(report.model, report.previous, instead_of=report.plan.target if report.plan else None)


def closer_look(report: Report) -> str:
    """The command that shows what Azure knows of the first failed instance; empty where none failed."""
    if report.model is None or not report.failed:
        return ""
    return az_vmss("get-instance-view", report.model, "--instance-id", report.failed[0])


def in_flight(report: Report) -> str:
    """What Azure goes on doing after this run has ended; empty where nothing is under way."""
    at_work = [record for record in report.batches if record.azure_at_work != "no"]
    if not at_work:
        return ""
    batch = at_work[-1].batch
    goes_on = "goes on" if at_work[-1].azure_at_work == "yes" else "may go on"
    return f"Azure {goes_on} upgrading what batch {batch.number} asked for (instances {listed(batch.instance_ids)})."
