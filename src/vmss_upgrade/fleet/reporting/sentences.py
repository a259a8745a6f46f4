"""What became of a fleet, in words: the same in log, summary, record and page.

A sentence is empty if it does not apply.
"""

from __future__ import annotations

from vmss_upgrade.fleet.reporting.fold import FleetReport, SetReport, State, WaveReport
from vmss_upgrade.reporters.sanitiser.text import count
from vmss_upgrade.reporters.sentences.phrases import short_name
from vmss_upgrade.rollout.findings import Severity
from vmss_upgrade.rollout.history.outcome import Outcome
from vmss_upgrade.rollout.image import image_from_text
from vmss_upgrade.rollout.wording import clause, listed, sentence

MARKS = {
    State.HALF_WAY: "❌",
    State.FAILED: "❌",
    State.SILENT: "❓",
    State.LEFT_OUT: "⛔",
    State.ROLLED_BACK: "↩️",
    State.PARTIAL: "⏸️",
    State.WAITING: "⏳",
    State.DONE: "✅",
    State.ON_TARGET: "✅",
}
OTHERS = "Not named by a plan"
_FEW = 3  # names in a sentence
_STOPPED_BY_PLAN = "Correct what the plan names, and run all jobs again."


def short_image(image: str) -> str:
    """Return the part of an image's name that people know it by; of a text that is none, the text."""
    found = image_from_text(image)
    return short_name(found) if found else image


def title(report: FleetReport) -> str:
    """Return how far the fleet is: `4 of 6 scale sets run web 1.1.0`."""
    sets = report.sets
    if not sets:
        return "No scale set is due" if report.has_plan else "No scale set reported"
    good = sum(each.state.is_good for each in sets)
    image = short_image(report.image) if report.image else "their target images"
    of_wave = f" of wave {report.judged}" if report.judged else ""
    if good < len(sets):
        return f"{good} of {count(len(sets), 'scale set')}{of_wave} {_run(good)} {image}"
    which = sets[0].name if good == 1 else f"All {good} scale sets{of_wave}"
    return f"{which} {_run(good)} {image}"


def _run(number: int) -> str:
    return "runs" if number == 1 else "run"


def headline(report: FleetReport) -> str:
    """Return what became of the fleet, in a few sentences, the worst first."""
    parts = (
        _already(report),
        *(_of_wave(wave, report) for wave in report.waves),
        _half_way(report),
        _not_started(report),
        _left_out(report),
        _of_plan(report),
        _unread(report),
    )
    return " ".join([f"{title(report)}.", *filter(None, parts)])


def reason(report: FleetReport) -> str:
    """Return why the fleet, or the one wave that is judged, is not good; a sentence of its first trouble."""
    if report.outcome is not Outcome.HALTED:
        return f"{title(report)}."
    stopped = next((wave for wave in report.waves if wave.stops), None)
    first = next(iter(stopped.failed if stopped else report.troubled), None)
    if first is None or first.state is State.WAITING:
        return _of_plan(report) or _unread(report) or _not_started(report)
    where = f"Wave {stopped.name} stopped: " if stopped and stopped.wave else ""
    return sentence(f"{where}{first.name} {what_happened(first)}: {clause(why(first))}")


def what_happened(each: SetReport) -> str:
    """Return what became of one scale set, as the end of a sentence that begins with its name."""
    match each.state:
        case State.HALF_WAY:
            return f"{_end(each)} half-way, with {_so_far(each)}"
        case State.FAILED:
            return _end(each)
        case State.SILENT:
            return "did not report"
        case State.LEFT_OUT:
            return "was left out by the plan"
        case State.ROLLED_BACK:
            return "failed and was rolled back"
        case State.PARTIAL:
            return f"is partly upgraded, as asked for, with {_so_far(each)}"
        case State.WAITING:
            return "was not started"
        case State.ON_TARGET:
            return "was on the image already"
    return "runs the image"


def _end(each: SetReport) -> str:
    outcome = each.run.outcome if each.run else None
    words = {
        Outcome.REFUSED: "was refused",
        Outcome.TIMED_OUT: "ran out of time",
        Outcome.INTERRUPTED: "was cancelled",
        Outcome.ROLLBACK_FAILED: "failed, as did its rollback",
    }
    return words.get(outcome, "failed") if outcome else "did not come to its end"


def _so_far(each: SetReport) -> str:
    return f"{each.on_target} of {count(each.instances, 'instance')} on the image"


def why(each: SetReport) -> str:
    """Return the reason of the state of a scale set that is not good."""
    if each.state is State.SILENT:
        return "there is no record of its job, which did not begin, was ended by the runner, or did not upload one"
    if each.state is State.WAITING:
        return "the wave before its own stopped"
    if each.state is State.LEFT_OUT and each.planned:
        return "; ".join(clause(f.message) for f in each.planned.findings if f.severity is Severity.REFUSE)
    return each.run.reason if each.run else ""


def what_to_do(each: SetReport) -> str:
    """Return the remedy that its run, or the plan, names."""
    if each.state is State.LEFT_OUT and each.planned:
        remedies = [f.remedy for f in each.planned.findings if f.severity is Severity.REFUSE and f.remedy]
        return " ".join(dict.fromkeys(remedies)) or _STOPPED_BY_PLAN
    if each.state is State.SILENT:
        return "Look at the log of its job; `operation: status` shows how the scale set stands."
    if each.state is State.HALF_WAY and each.run and each.run.holds_target:
        return f"Its model holds the target image, which new instances get. {each.run.remedy}".rstrip()
    return each.run.remedy if each.run else ""


def _already(report: FleetReport) -> str:
    there = report.of_state(State.ON_TARGET)
    return f"{len(there)} of them {_was(len(there))} on it already." if there and len(there) < len(report.sets) else ""


def _was(number: int) -> str:
    return "was" if number == 1 else "were"


def _of_wave(wave: WaveReport, report: FleetReport) -> str:
    """Return what went wrong in a wave; the first scale set by its end, the others by name."""
    failed = [each for each in wave.failed if each.state is not State.WAITING]
    if not failed:
        return ""
    names = [each.name for each in failed]
    what = f"{names[0]} {what_happened(failed[0])}"
    if len(failed) > 1:
        what = f"{count(len(failed), 'scale set')} did not end well ({listed(names, _FEW)})"
    if wave.wave is None:
        return f"{OTHERS}: {what}." if report.has_plan else f"{what}."
    if wave.stops:
        return f"Wave {wave.name} stopped: {what}."
    return f"In wave {wave.name}, {what}; it stops after {wave.bound} such scale sets."


def heading(wave: WaveReport, report: FleetReport) -> str:
    """Return the heading of a wave; what is foreign in it is its name."""
    if wave.wave is not None:
        return f"Wave {wave.number}: {wave.name}"
    return OTHERS if report.has_plan else "Scale sets"


def _half_way(report: FleetReport) -> str:
    half = report.of_state(State.HALF_WAY)
    return f"Half-way: {listed([each.name for each in half], _FEW)}." if half else ""


def _not_started(report: FleetReport) -> str:
    waves = [wave.name for wave in report.waves if wave.is_waiting]
    sets = report.of_state(State.WAITING)
    noun = "Wave" if len(waves) == 1 else "Waves"
    return f"{noun} {listed(waves)} did not start ({count(len(sets), 'scale set')})." if sets else ""


def _left_out(report: FleetReport) -> str:
    names = [each.name for each in report.of_state(State.LEFT_OUT)]
    return f"Left out by the plan: {listed(names, _FEW)}." if names else ""


def _of_plan(report: FleetReport) -> str:
    """Return why the plan did not come to its end; what it left out is said with each scale set."""
    if not report.plan_trouble or report.judged or report.of_state(State.LEFT_OUT):
        return ""
    return f"The plan did not come to its end: {sentence(report.plan_trouble)}"


def _unread(report: FleetReport) -> str:
    if not report.unread:
        return ""
    first = report.unread[0]
    more = f", and {len(report.unread) - 1} more cannot be read either" if len(report.unread) > 1 else ""
    return f"{first.file!r} {first.lack}{more}: it may hide a failure."
