"""The sentences that log, annotations and summary share."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from vmss_upgrade.reporters import plan_facts as plan_words
from vmss_upgrade.reporters.sanitiser.text import count, cut
from vmss_upgrade.rollout.az_commands import az_vmss, put_image_back, rollback_to
from vmss_upgrade.rollout.failures import Failure, FailureCode
from vmss_upgrade.rollout.goal import is_on
from vmss_upgrade.rollout.history.batch_record import AzureWork
from vmss_upgrade.rollout.history.cells import Cell
from vmss_upgrade.rollout.history.events import BatchProgressed
from vmss_upgrade.rollout.history.outcome import Outcome
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.order import Command
from vmss_upgrade.rollout.planning.plan import SkipReason
from vmss_upgrade.rollout.wording import clause, duration, listed

LOOK_IS_OLD = 120.0  # seconds after which what was seen is not what is so now
LONGEST_MESSAGE = 1500  # characters of Azure's message in an annotation: what follows it must not be cut away

_MARKS = {
    Outcome.SUCCEEDED: "✅",
    Outcome.NOTHING_TO_DO: "✅",
    Outcome.PLANNED: "📋",
    Outcome.PARTIAL: "⏸️",
    Outcome.REPORTED: "🔎",
    Outcome.MODEL_UPDATED: "✅",
    Outcome.REFUSED: "⛔",
    Outcome.HALTED: "❌",
    Outcome.TIMED_OUT: "⏱️",
    Outcome.INTERRUPTED: "✋",
    Outcome.ROLLED_BACK: "↩️",
    Outcome.ROLLBACK_FAILED: "❌",
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
    done = _done(report, total)
    match ending.outcome:
        case Outcome.SUCCEEDED if report.command is Command.UPGRADE_INSTANCES:
            what = f"{_what_was_done(report)} in {duration(report.duration)}"
            stands = "runs its model's image" if report.not_current else "is on its model as it stands"
            sentence = f"{name} {stands} ({report.target}): {what}."
        case Outcome.SUCCEEDED:
            everywhere = report.instances and not report.remaining and (report.upgraded or not report.skipped)
            runs = f"{name} runs" if everywhere else f"The model of {name} now holds"
            sentence = f"{runs} {report.target}: {_what_was_done(report)} in {duration(report.duration)}."
        case Outcome.NOTHING_TO_DO:
            sentence = _nothing_to_do(report, name)
        case Outcome.PLANNED:
            sentence = f"Plan for {name} to {report.target}; nothing was written. {away(report)}"
        case Outcome.PARTIAL:
            rest = f"{count(len(report.remaining), 'instance')} remaining ({listed(report.remaining)})"
            sentence = f"{name} is partly on {report.target}: {done}, {rest}; {ending.reason}"
        case Outcome.REPORTED:
            model = f"The model holds {report.target}."
            if report.model is not None and not report.model.shows_image:
                model = "It has no model that instances could be made from or compared with."
            sentence = f"{name} has {_standing_in_words(report)}. {model}"
        case Outcome.MODEL_UPDATED:
            behind = f"{count(len(report.remaining), 'instance')} now behind it"
            which = f" ({listed(report.remaining)})" if report.remaining else ""
            sentence = f"The model of {name} now holds {report.target}; no instance was touched, {behind}{which}."
        case Outcome.REFUSED:
            return f"Refused, nothing was written: {ending.reason}"
        case Outcome.HALTED:
            sentence = f"The {_way(report)} of {name} halted, {done}: {ending.reason}"
        case Outcome.TIMED_OUT:
            sentence = f"The {_way(report)} of {name} ran out of time, {done}: {ending.reason}"
        case Outcome.INTERRUPTED:
            sentence = f"The {_way(report)} of {name} was cancelled, {done}."
        case Outcome.ROLLED_BACK:
            sentence = f"The rollout of {name} failed and was rolled back, {done}: {ending.reason}"
        case Outcome.ROLLBACK_FAILED:
            sentence = f"The rollout of {name} failed, and so did its rollback, {done}: {ending.reason}"
    more = (
        _not_current(report),
        _not_selected(report),
        left_on_target(report),
        _pinned(report),
        model_notice(report),
    )
    return " ".join(filter(None, (_health_caveat(report), sentence, *more)))


def _done(report: Report, total: int) -> str:
    """How far the run came, on the way that it was on."""
    if report.plan is None:
        return "before it was planned"
    if report.rollback is not None:
        present = {instance.id for instance in report.instances}
        due = {*report.rolled_back, *(set(report.rollback.instance_ids) & present)}
        return f"{len(report.rolled_back)} of {count(len(due), 'instance')} returned to {report.rollback.reaches}"
    done = "returned" if report.plan.is_rollback else "upgraded"
    return f"{len(report.upgraded)} of {count(total, 'instance')} {done}"


def _way(report: Report) -> str:
    return "rollback" if report.goes_back else "rollout"


def _nothing_to_do(report: Report, name: str) -> str:
    selected = "every selected instance" if report.plan and report.plan.untouched else "every instance"
    match report.command:
        case Command.UPDATE_MODEL:
            return f"Nothing to do: the model of {name} holds {report.target} already."
        case Command.UPGRADE_INSTANCES:
            return f"Nothing to do: {selected} of {name} that can be upgraded is on the latest model already."
        case _:
            return f"Nothing to do: {selected} of {name} that can be upgraded runs {report.target} already."


def _standing_in_words(report: Report) -> str:
    numbers = Counter(report.cells().values())
    parts = [f"{numbers[cell]} {cell.value}" for cell in Cell if numbers[cell]]
    return f"{count(len(report.instances), 'instance')}: {', '.join(parts)}" if parts else "no instances"


def _not_current(report: Report) -> str:
    """Who is on the target image, but not on the newest model; empty where the run failed for another reason."""
    outcome = report.ending.outcome if report.ending else None
    if outcome is not Outcome.SUCCEEDED or not report.not_current:
        return ""
    return f"Not current, because somebody changed the rest of the model meanwhile: {listed(report.not_current)}."


def _not_selected(report: Report) -> str:
    """Who still has to be upgraded although all went well, because only some were selected."""
    outcome = report.ending.outcome if report.ending else None
    if outcome not in (Outcome.SUCCEEDED, Outcome.NOTHING_TO_DO) or not report.remaining:
        return ""
    if report.goes_back:
        return f"Not selected, or not known to have moved, and left as they are: {listed(report.remaining)}."
    return f"Not selected, and still to be upgraded: {listed(report.remaining)}."


def _pinned(report: Report) -> str:
    """That the model names an exact version now, where a floating one was asked for."""
    done = (Outcome.SUCCEEDED, Outcome.PARTIAL, Outcome.MODEL_UPDATED, Outcome.NOTHING_TO_DO)
    if report.plan is None or report.plan.pinned is None or not report.ending or report.ending.outcome not in done:
        return ""
    return f"The model is pinned to this exact version, which {report.plan.pinned} was resolved to once."


def _what_was_done(report: Report) -> str:
    done = "returned to it" if report.command is Command.ROLLBACK else "upgraded"
    parts = [f"{count(len(report.upgraded), 'instance')} {done}"]
    if report.skipped:
        parts.append(f"{len(report.skipped)} skipped")
    return ", ".join(parts)


def _health_caveat(report: Report) -> str:
    """Before all else: a good end without a health signal proves less than it seems."""
    is_good = report.ending is not None and report.ending.outcome in (Outcome.SUCCEEDED, Outcome.PARTIAL)
    if is_good and report.upgraded and report.model is not None and not report.model.health_signal.proves_health:
        return f"Health was not proven (signal: {report.model.health_signal.value}):"
    return ""


def away(report: Report) -> str:
    """The blast radius in one sentence: how many are away at once, and what that does to their connections."""
    if report.plan is None or report.model is None:
        return ""
    return plan_words.blast_radius(report.plan, report.before, report.model)


def pending_in_words(pending: Iterable[Failure]) -> str:
    """Who is waited for, grouped by what is missing."""
    by_message: dict[str, list[str]] = defaultdict(list)
    for item in pending:
        by_message[item.message].append(item.instance_id or "the scale set")
    return "; ".join(f"{listed(ids, 6)}: {message}" for message, ids in by_message.items())


def on_target_in_words(event: BatchProgressed, report: Report) -> str:
    """How far Azure has come with a batch."""
    target = report.way.reaches if report.way else None
    name = "previous" if report.goes_back else "target"
    batch = [i for i in event.instances if i.id in event.batch.instance_ids]
    there = sum(1 for instance in batch if target is not None and is_on(instance, target))
    return f"{there} of {count(len(batch), 'instance')} on the {name} image"


def failures_by_code(failures: Iterable[Failure]) -> dict[str, list[Failure]]:
    """Failures grouped by Azure's (or our) code, in the order of their first appearance."""
    groups: dict[str, list[Failure]] = defaultdict(list)
    for failure in failures:
        groups[failure.code].append(failure)
    return dict(groups)


def failure_in_words(failures: list[Failure]) -> str:
    """One group: which instances, the code, the message, and the id for Microsoft support."""
    ids = list(dict.fromkeys(f.instance_id for f in failures if f.instance_id))  # one can fail on both ways
    who = f"{'Instance' if len(ids) == 1 else 'Instances'} {listed(ids)}: " if ids else ""
    messages = [cut(message, LONGEST_MESSAGE) for message in dict.fromkeys(f.message for f in failures)]
    more = f" (and {len(messages) - 1} other messages, in the step summary)" if len(messages) > 1 else ""
    correlation = next((f.correlation_id for f in failures if f.correlation_id), "")
    support = f" Correlation id {correlation}." if correlation else ""
    return f"{who}{failures[0].code}: {clause(messages[0])}{more}.{support}"


def proven(report: Report, is_current: bool) -> str:
    """What passing the gate proves of an instance: its health only where a signal tells it."""
    signal = report.model.health_signal if report.model else None
    standing = "current" if is_current else "on the image"
    is_proven = signal is None or signal.proves_health
    return f"{standing} and healthy" if is_proven else f"{standing}, provisioned and running"


def health_in_numbers(report: Report) -> str:
    """How many instances are healthy now, and how few were at the worst moment; empty where nothing was upgraded."""
    if report.lowest_healthy is None or not report.batches:
        return ""
    lowest = report.lowest_healthy
    is_proven = report.model is None or report.model.health_signal.proves_health
    state = "healthy" if is_proven else "running"
    is_old = report.duration - report.seen_at > LOOK_IS_OLD
    when = f"when last seen, {duration(report.seen_at)} after the start" if is_old else "now"
    return (
        f"{state.capitalize()} {when}: {report.healthy_now} of {len(report.counted)}. "
        f"Lowest {state} count: {lowest.count} of {len(report.counted_before)}, {duration(lowest.at)} after the start."
    )


def left_undone(report: Report) -> str:
    """What was not done, in one sentence; empty where nothing was left."""
    if report.not_returned:
        return f"Not returned: {count(len(report.not_returned), 'instance')} ({listed(report.not_returned)})."
    if report.plan is None or report.rollback is not None or not report.remaining:
        return ""
    return f"Left undone: {count(len(report.remaining), 'instance')} ({listed(report.remaining)})."


def left_on_target(report: Report) -> str:
    """Who runs the image that a rollback left, and may not be touched; empty where nobody does."""
    if not report.goes_back or report.way is None or report.way.leaves is None:
        return ""
    left = report.way.leaves
    skipped = (each for each in report.skipped if each.reason is not SkipReason.NOT_MOVED)
    reasons = {each.instance_id: each.reason.value for each in skipped}
    there = [f"{i.id} ({reasons[i.id]})" for i in report.instances if i.id in reasons and is_on(i, left)]
    return f"Still on {left}, and left as they are: {listed(there)}." if there and not left.is_vhd else ""


def model_notice(report: Report) -> str:
    """That new instances get the target image already, after a run that did not finish; else empty."""
    if report.ending is None or report.plan is None or report.ending.outcome.exit_code == 0:
        return ""
    somebody_elses = any(failure.code is FailureCode.MODEL_CHANGED for failure in report.ending.failures)
    if report.ending.outcome is Outcome.REFUSED or somebody_elses:
        return ""
    if report.rollback is not None and report.model_restored:
        return f"The model holds the previous image {report.rollback.reaches} again: new instances will get it."
    if report.plan.update_model and not report.model_may_hold_target:
        return ""
    if report.plan.update_model and report.model_update_seconds is None:
        return f"The model may hold the target image {report.plan.reaches} by now: then new instances will get it."
    return f"The model holds the target image {report.plan.reaches}: new instances will get it."


def way_back(report: Report) -> str:
    """The command that puts the previous image back into the model; empty where there is nothing to put back."""
    is_ours = report.command not in (Command.UPGRADE_INSTANCES, Command.ROLLBACK) and not report.model_restored
    if not model_notice(report) or report.model is None or report.previous is None or not is_ours:
        return ""
    return put_image_back(report.model, report.previous, instead_of=report.plan.reaches if report.plan else None)


def how_to_return(report: Report) -> str:
    """The inputs that undo what was done, instances included; empty where it was tried, or nothing is to be undone."""
    by_hand = report.command is Command.ROLLBACK
    if by_hand and report.ending and report.ending.outcome in (Outcome.HALTED, Outcome.TIMED_OUT):
        return how_to_finish_rollback(report)
    if report.rollback is not None or not way_back(report) or report.previous is None or report.previous.is_floating:
        return ""
    inputs = rollback_to(report.previous, instead_of=report.target)
    return f"To return to the previous image with model and instances: run this action with {inputs}."


def how_to_finish_rollback(report: Report) -> str:
    """What to run to go on with a rollback that ended early; empty where none has begun."""
    if not report.goes_back or report.way is None:
        return ""
    return f"To go on, run this action with {rollback_to(report.way.reaches, instead_of=report.way.leaves)}."


def closer_look(report: Report) -> str:
    """The command that shows what Azure knows of the first failed instance; empty where none failed."""
    is_well_again = report.ending is not None and report.ending.outcome is Outcome.ROLLED_BACK
    if report.model is None or not report.failed or is_well_again:
        return ""
    return az_vmss("get-instance-view", report.model, "--instance-id", report.failed[0])


def repairs_notice(report: Report) -> str:
    """That automatic repairs may still be suspended by this run; else empty."""
    if report.ending is None or not report.repairs_suspended:
        return ""
    return "Automatic instance repairs may still be suspended; the post step of this action resumes them."


def in_flight(report: Report) -> str:
    """What Azure goes on doing after this run has ended; empty where nothing is under way."""
    at_work = [record for record in report.batches if record.azure_work is not AzureWork.NONE]
    if not at_work:
        return ""
    batch = at_work[-1].batch
    goes_on = "goes on" if at_work[-1].azure_work is AzureWork.CERTAIN else "may go on"
    return f"Azure {goes_on} upgrading what batch {batch.number} asked for (instances {listed(batch.instance_ids)})."
