"""A fleet's report -> the step summary in GitHub Markdown: trouble first, and much of what is good folded."""

from __future__ import annotations

from collections import defaultdict

from vmss_upgrade.fleet.reporting.fold import FleetReport, SetReport, State, WaveReport
from vmss_upgrade.fleet.reporting.going_on import WorkflowRun, how_to_go_on
from vmss_upgrade.fleet.reporting.sentences import MARKS, heading, headline, title, what_happened, what_to_do, why
from vmss_upgrade.reporters.sanitiser.text import clean, count, fenced, markdown
from vmss_upgrade.reporters.step_summary.fitting import CUT, LIMIT, within
from vmss_upgrade.reporters.step_summary.markup import LONGEST_NAME, folded, link, name_of, said, table, unbroken
from vmss_upgrade.reporters.step_summary.result import facts_of_run
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.history.run_facts import RunFacts
from vmss_upgrade.rollout.wording import duration, listed, sentence

MOST_POINTS = 30  # of "What went wrong"; the tables name the others
MOST_NAMES = 12  # of one point
MOST_SHOWN = 12  # good scale sets of a wave that are not folded
MOST_FILES = 20
_HEADING = ("Scale set", "Result", "Instances", "Took")  # as many as a phone has room for
_MARKS = {Outcome.SUCCEEDED: "✅", Outcome.NOTHING_TO_DO: "✅", Outcome.INTERRUPTED: "✋", Outcome.REFUSED: "⛔"}


def mark(outcome: Outcome) -> str:
    """Return the sign of an outcome of the whole fleet."""
    return _MARKS.get(outcome, "❌")


def as_markdown(report: FleetReport, ending: Ending, run: WorkflowRun, facts: RunFacts, *, taken: int = 0) -> str:
    """Return the whole summary. `taken`: bytes that are in the runner's file already."""
    sections = (
        _top(report, ending),
        _trouble(report),
        _going_on(report, run),
        *(_wave(wave, report) for wave in report.waves),
        _files(report),
        facts_of_run(Report(facts=facts)),
    )
    return within([section for section in sections if section], LIMIT - taken)


def _top(report: FleetReport, ending: Ending) -> list[str]:
    """Return how far the fleet is; where no record was read, why that is, and what to do about it."""
    if not report.sets and ending.outcome is not Outcome.NOTHING_TO_DO:
        remedy = ["", said(ending.remedy)] if ending.remedy else []
        return [f"## {mark(ending.outcome)} No report of the fleet", "", said(ending.reason), *remedy]
    rest = headline(report).removeprefix(f"{title(report)}.").strip()
    lines = [f"## {mark(ending.outcome)} {markdown(title(report), LONGEST_NAME)}"]
    return [*lines, "", said(rest)] if rest else lines


def _trouble(report: FleetReport) -> list[str]:
    """Return the scale sets whose turn came and that do not run the image, a point for those that ended alike."""
    alike: dict[tuple[str, str, str], list[SetReport]] = defaultdict(list)
    for each in report.troubled:
        alike[result(each), why(each), what_to_do(each)].append(each)
    points = [_point(group) for group in list(alike.values())[:MOST_POINTS]]
    more = len(alike) - MOST_POINTS
    rest = ["", CUT.format(more)] if more > 0 else []
    return ["### What went wrong", "", *points, *rest] if points else []


def _point(group: list[SetReport]) -> str:
    """Return the point of scale sets that ended alike, each linked to the run of its job."""
    first = group[0]
    names = listed([_linked(f"**{markdown(each.name, LONGEST_NAME)}**", each) for each in group], MOST_NAMES)
    words = f"{names} {markdown(what_happened(first))}" if len(group) == 1 else f"{names}: {markdown(result(first))}"
    cause = f": {said(sentence(why(first)))}" if why(first) else "."
    remedy = f"<br>{said(what_to_do(first))}" if what_to_do(first) else ""
    return f"- {MARKS[first.state]} {words}{cause}{remedy}"


def _linked(text: str, each: SetReport) -> str:
    """Return the text, linked to the run of the scale set's job."""
    return link(text, each.run.url) if each.run and each.run.url else text


def _going_on(report: FleetReport, run: WorkflowRun) -> list[str]:
    words, command = how_to_go_on(report, run)
    if not words:
        return []
    return ["### What to do now", "", said(words if command else sentence(words.rstrip(":"))), *_fenced(command)]


def _fenced(command: str) -> list[str]:
    return ["", fenced(command)] if command else []


def _wave(wave: WaveReport, report: FleetReport) -> list[str]:
    """Return a wave's table; what is good in it is folded if that is much."""
    good = [each for each in wave.sets if each.state.is_good]
    bad = [each for each in wave.sets if not each.state.is_good]
    if len(good) > MOST_SHOWN:
        rest = folded(f"✅ {count(len(good), 'scale set')} on the image", _table(good))
        return [_heading(wave, report), "", *([*_table(bad), ""] if bad else []), *rest]
    return [_heading(wave, report), "", *(_table([*bad, *good]) if wave.sets else ["No scale set is in it."])]


def _heading(wave: WaveReport, report: FleetReport) -> str:
    good = sum(each.state.is_good for each in wave.sets)
    state = ", not started" if wave.is_waiting else ", stopped" if wave.stops else ""
    so_far = f" ({good} of {len(wave.sets)} on the image{state})" if wave.wave else ""
    return f"### {markdown(heading(wave, report), LONGEST_NAME)}{so_far}"


def _table(sets: list[SetReport]) -> list[str]:
    return table(_HEADING, (_row(each) for each in sets), align="llrr")


def _row(each: SetReport) -> tuple[str, ...]:
    run = each.run
    so_far = f"{each.on_target} of {each.instances}" if each.instances else ""
    lowest = "" if run is None or run.lowest_healthy is None else f"never below {run.lowest_healthy}"
    return (
        markdown(each.name, LONGEST_NAME),
        f"{MARKS[each.state]} {_linked(result(each), each)}",
        "<br>".join(filter(None, (so_far, unbroken(lowest)))),
        duration(run.duration) if run and run.duration else "",
    )


def result(each: SetReport) -> str:
    """Return the result of one scale set in two or three words: for a cell."""
    is_named = each.state in (State.FAILED, State.HALF_WAY) and each.run and each.run.outcome
    outcome = each.run.outcome.value if is_named and each.run and each.run.outcome else ""
    if each.state is State.HALF_WAY:
        return f"{outcome}, half-way" if outcome else "half-way"
    return outcome or each.state.value


def _files(report: FleetReport) -> list[str]:
    """Return the files that say nothing, and why."""
    unread = [f"- ⚠️ {name_of(each.file)} {said(each.lack)}" for each in report.unread[:MOST_FILES]]
    more = len(report.unread) - MOST_FILES
    unread += [f"- and {more} more"] if more > 0 else []
    loud = ["### Files that cannot be read", "", *unread] if unread else []
    quiet = [*((name, "is of another kind") for name in report.ignored), *((n, "is older") for n in report.older)]
    points = [f"- {name_of(name)} {lack}" for name, lack in quiet[:MOST_FILES]]
    points += [f"- and {len(quiet) - MOST_FILES} more"] if len(quiet) > MOST_FILES else []
    return [*loud, *([""] if loud and points else []), *(folded(clean(_said(len(quiet))), points) if points else [])]


def _said(number: int) -> str:
    return f"{count(number, 'file')} not used"
