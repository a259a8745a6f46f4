"""How a run ended, in one paragraph: the same in log, summary and record. A sentence is empty if it does not apply."""

from __future__ import annotations

from vmss_upgrade.reporters.heatmap import in_numbers
from vmss_upgrade.reporters.sanitiser.text import count
from vmss_upgrade.reporters.sentences.next_steps import model_notice
from vmss_upgrade.reporters.sentences.phrases import left_on_target, short_name
from vmss_upgrade.reporters.sentences.plan_facts import blast_radius
from vmss_upgrade.reporters.sentences.rehearsal import prediction
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.order import Command
from vmss_upgrade.rollout.wording import duration, listed

MARKS = {  # one sign for each
    Outcome.SUCCEEDED: "✅",
    Outcome.NOTHING_TO_DO: "✅",
    Outcome.PLANNED: "📋",
    Outcome.PARTIAL: "⏸️",
    Outcome.REPORTED: "🔎",
    Outcome.MODEL_UPDATED: "✅",
    Outcome.REHEARSED: "🎭",
    Outcome.REFUSED: "⛔",
    Outcome.HALTED: "❌",
    Outcome.TIMED_OUT: "⏱️",
    Outcome.INTERRUPTED: "✋",
    Outcome.ROLLED_BACK: "↩️",
    Outcome.ROLLBACK_FAILED: "❌",
}


def headline(report: Report) -> str:
    """Return how the run ended, for a reader in a hurry, and what new instances get if it ended early."""
    ending = report.ending
    if ending is None:
        return "The run has not ended."
    simulated = "A simulation, no rollout in Azure:" if report.facts.simulated else ""
    sentences = (simulated, _health_caveat(report, ending), _sentence(report, ending), *caveats(report))
    return " ".join(filter(None, sentences))


def title(report: Report) -> str:
    """Return how the run ended, in a few words."""
    name = report.model.name if report.model else "the scale set"
    way = "rollback" if report.goes_back else "rollout"
    match report.ending.outcome if report.ending else Outcome.HALTED:
        case Outcome.SUCCEEDED if report.command is Command.ROLLBACK:
            return f"{name} returned to an earlier image"
        case Outcome.SUCCEEDED if report.command is Command.UPGRADE_INSTANCES:
            return f"{name} {_model_it_is_on(report)}"
        case Outcome.SUCCEEDED:
            return f"{name} is upgraded"
        case Outcome.NOTHING_TO_DO:
            return f"{name}: nothing to do"
        case Outcome.PLANNED | Outcome.REHEARSED:
            what = "Rehearsal for {}: a simulation" if report.rehearsal else "Plan for {}: nothing was written yet"
            return what.format(name)
        case Outcome.PARTIAL:
            return f"{name} is partly upgraded, as asked for"
        case Outcome.REPORTED:
            return f"Status of {name}"
        case Outcome.MODEL_UPDATED:
            return f"The model of {name} holds the new image"
        case Outcome.REFUSED:
            return f"Refused: nothing was written to {name}"
        case Outcome.HALTED:
            return f"The {way} of {name} failed and stopped"
        case Outcome.TIMED_OUT:
            return f"The {way} of {name} ran out of time"
        case Outcome.INTERRUPTED:
            return f"The {way} of {name} was cancelled"
        case Outcome.ROLLED_BACK:
            return f"The rollout of {name} failed and was rolled back"
        case Outcome.ROLLBACK_FAILED:
            return f"The rollout of {name} failed, and so did its rollback"


def short_title(report: Report) -> str:
    """Return how a run ended that was not good, in two or three words: for the title of an annotation."""
    way = "Rollback" if report.goes_back else "Rollout"
    match report.ending.outcome if report.ending else Outcome.HALTED:
        case Outcome.REFUSED:
            return "Refused"
        case Outcome.TIMED_OUT:
            return f"{way} out of time"
        case Outcome.INTERRUPTED:
            return f"{way} cancelled"
        case Outcome.ROLLED_BACK:
            return "Rolled back"
        case Outcome.ROLLBACK_FAILED:
            return "Rollback failed"
    return f"{way} halted"


def why(report: Report) -> str:
    """Return what the title leaves out: the reason of an end that is not simply good."""
    ending = report.ending
    if ending is None or ending.outcome in (Outcome.SUCCEEDED, Outcome.PLANNED, Outcome.REHEARSED):
        return _no_proof(report) if ending and ending.outcome is Outcome.SUCCEEDED else ""
    if ending.outcome in (Outcome.NOTHING_TO_DO, Outcome.REPORTED, Outcome.MODEL_UPDATED):
        return _sentence(report, ending)
    return ending.reason


def caveats(report: Report) -> list[str]:
    """Return what a reader has to know besides the end itself."""
    ending = report.ending
    if ending is None or ending.outcome is Outcome.REFUSED:
        return []
    sentences = (
        _not_current(report, ending),
        _not_selected(report, ending),
        left_on_target(report),
        _pinned(report, ending),
        model_notice(report),
    )
    return [sentence for sentence in sentences if sentence]


def _sentence(report: Report, ending: Ending) -> str:
    name = report.model.name if report.model else "the scale set"
    image = _short(report.target)
    done = _how_far(report)
    way = "rollback" if report.goes_back else "rollout"
    match ending.outcome:
        case Outcome.SUCCEEDED if report.command is Command.UPGRADE_INSTANCES:
            return f"{name} {_model_it_is_on(report)} ({image}): {_what_was_done(report)}."
        case Outcome.SUCCEEDED:
            everywhere = report.instances and not report.remaining and (report.upgraded or not report.skipped)
            runs = f"{name} runs" if everywhere else f"The model of {name} now holds"
            return f"{runs} {image}: {_what_was_done(report)}."
        case Outcome.NOTHING_TO_DO:
            return _nothing_to_do(report, name)
        case Outcome.PLANNED | Outcome.REHEARSED:
            what = "Rehearsal" if report.rehearsal else "Plan"
            facts = prediction(report.rehearsal) or blast_radius(report)
            return f"{what} for {name} to {image}; nothing was written. {facts}"
        case Outcome.PARTIAL:
            rest = f"{count(len(report.remaining), 'instance')} remaining ({listed(report.remaining)})"
            return f"{name} is partly on {image}: {done}, {rest}; {ending.reason}"
        case Outcome.REPORTED:
            return _standing_in_words(report, name)
        case Outcome.MODEL_UPDATED:
            behind = f"{count(len(report.remaining), 'instance')} now behind it"
            which = f" ({listed(report.remaining)})" if report.remaining else ""
            return f"The model of {name} now holds {image}; no instance was touched, {behind}{which}."
        case Outcome.REFUSED:
            return f"Refused, nothing was written: {ending.reason}"
        case Outcome.HALTED:
            return f"The {way} of {name} halted, {done}: {ending.reason}"
        case Outcome.TIMED_OUT:
            return f"The {way} of {name} ran out of time, {done}: {ending.reason}"
        case Outcome.INTERRUPTED:
            return f"The {way} of {name} was cancelled, {done}."
        case Outcome.ROLLED_BACK:
            return f"The rollout of {name} failed and was rolled back, {done}: {ending.reason}"
        case Outcome.ROLLBACK_FAILED:
            return f"The rollout of {name} failed, and so did its rollback, {done}: {ending.reason}"


def _how_far(report: Report) -> str:
    """Return how many instances have arrived, on the way out or on the way back."""
    if report.plan is None:
        return "before it was planned"
    due = len(due_to_move(report))
    if not due:
        return f"no instance left to {'return' if report.goes_back else 'upgrade'}"
    done = "returned" if report.goes_back else "upgraded"
    where = f" to {_short(report.rollback.reaches)}" if report.rollback is not None else ""
    return f"{len(report.arrived)} of {count(due, 'instance')} {done}{where}"


def _model_it_is_on(report: Report) -> str:
    return "runs its model's image" if report.not_current else "is on its model as it stands"


def due_to_move(report: Report) -> set[str]:
    """Return the instances that this run moved, or was to move, if they still exist; not those of an earlier run."""
    present = {instance.id for instance in report.instances}
    planned = set(report.way.instance_ids) if report.way is not None else set()
    return {*report.arrived, *(planned & present)}


def _what_was_done(report: Report) -> str:
    done = "returned to it" if report.command is Command.ROLLBACK else "upgraded"
    skipped = f", {len(report.skipped)} skipped" if report.skipped else ""
    return f"{count(len(report.upgraded), 'instance')} {done}{skipped} in {duration(report.duration)}"


def _nothing_to_do(report: Report, name: str) -> str:
    selected = "every selected instance" if report.plan and report.plan.untouched else "every instance"
    match report.command:
        case Command.UPDATE_MODEL:
            return f"Nothing to do: the model of {name} holds {_short(report.target)} already."
        case Command.UPGRADE_INSTANCES:
            return f"Nothing to do: {selected} of {name} that can be upgraded is on the latest model already."
        case _:
            return f"Nothing to do: {selected} of {name} that can be upgraded runs {_short(report.target)} already."


def _standing_in_words(report: Report, name: str) -> str:
    cells = in_numbers(report.cells().values())
    has = f"{count(len(report.instances), 'instance')}: {cells}" if cells else "no instances"
    model = f"The model holds {_short(report.target)}."
    if report.model is not None and not report.model.shows_image:
        model = "It has no model that instances could be made from or compared with."
    return f"{name} has {has}. {model}"


def _health_caveat(report: Report, ending: Ending) -> str:
    """Warn, before all else, that a good end without a health signal proves less than it seems."""
    is_good = ending.outcome in (Outcome.SUCCEEDED, Outcome.PARTIAL)
    return f"{_no_proof(report)}:" if is_good and _no_proof(report) else ""


def _no_proof(report: Report) -> str:
    if not report.upgraded or report.model is None or report.model.health_signal.proves_health:
        return ""
    return f"Health was not proven (signal: {report.model.health_signal.value})"


def _not_current(report: Report, ending: Ending) -> str:
    """Name the instances on the target image that are not on the newest model."""
    if ending.outcome is not Outcome.SUCCEEDED or not report.not_current:
        return ""
    ids = listed(report.not_current)
    return f"Not current, because somebody changed the rest of the model during the rollout: {ids}."


def _not_selected(report: Report, ending: Ending) -> str:
    """Name the instances that still have to be upgraded after a good end, because only some were selected."""
    if ending.outcome not in (Outcome.SUCCEEDED, Outcome.NOTHING_TO_DO) or not report.remaining:
        return ""
    if report.goes_back:
        return f"Not selected, or not known to have moved, and left as they are: {listed(report.remaining)}."
    still = "Still" if report.command is Command.UPDATE_MODEL else "Not selected, and still"
    return f"{still} to be upgraded: {listed(report.remaining)}."


def _pinned(report: Report, ending: Ending) -> str:
    """Say that the model names an exact version now, if a floating one was asked for."""
    done = (Outcome.SUCCEEDED, Outcome.PARTIAL, Outcome.MODEL_UPDATED, Outcome.NOTHING_TO_DO)
    if report.plan is None or report.plan.pinned is None or ending.outcome not in done:
        return ""
    return f"The model is pinned to this exact version now, and does not follow {report.plan.pinned}."


def _short(image: Image | None) -> str:
    return short_name(image) if image is not None else "an image that is not known"
