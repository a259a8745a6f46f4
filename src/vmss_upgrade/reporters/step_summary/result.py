"""The first lines of a summary, which say how the run ended, and the last ones, which say when and where it ran."""

from __future__ import annotations

from vmss_upgrade.reporters.sanitiser.text import count, markdown
from vmss_upgrade.reporters.sentences import dates
from vmss_upgrade.reporters.sentences.headline import MARKS, caveats, due_to_move, title, why
from vmss_upgrade.reporters.sentences.phrases import change_of_image, failures_by_code, short_name
from vmss_upgrade.reporters.sentences.portal import scale_set_page
from vmss_upgrade.reporters.sentences.proof import probes_in_short
from vmss_upgrade.reporters.step_summary.markup import LONGEST_NAME, capitalised, link, name_of, said
from vmss_upgrade.rollout.history.cells import Cell
from vmss_upgrade.rollout.history.outcome import Outcome
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.wording import clause, duration, sentence

_TROUBLE = (Cell.FAILED, Cell.SKIPPED)


def top(report: Report, simulated: str) -> list[str]:
    """Return the title, the change of image, the result in one line, the reason, and what else has to be known."""
    outcome = report.ending.outcome if report.ending else Outcome.HALTED
    lines = [f"> **Simulated run** (scenario {name_of(simulated)}): no Azure was involved.", ""] if simulated else []
    lines += [f"## {MARKS[outcome]} {markdown(title(report), LONGEST_NAME)}", ""]
    if brief := [line for line in (_images(report), _result(report)) if line]:
        lines += ["<br>".join(brief), ""]
    reason = "" if _is_named_below(report) else why(report)
    name = report.model.name if report.model else ""
    reason = reason if name and reason.startswith(name) else capitalised(reason)
    if words := " ".join(said(text) for text in (sentence(reason) if reason else "", *caveats(report)) if text):
        lines += [words, ""]
    return lines[:-1]


def _is_named_below(report: Report) -> bool:
    """Return whether the reason is nothing but the failure that the section on failures names."""
    failed = report.failures()
    if report.ending is None or len(failures_by_code(failed)) != 1 or not all(f.instance_id for f in failed):
        return False
    says_more = report.ending.outcome in (Outcome.ROLLBACK_FAILED, Outcome.PARTIAL)
    return not says_more and clause(report.ending.reason).endswith(clause(failed[0].message))


def _images(report: Report) -> str:
    if report.target is None or report.shown is not None:
        return ""
    way = report.way
    if report.ending and report.ending.outcome is Outcome.NOTHING_TO_DO:
        return f"**{markdown(short_name(report.target), LONGEST_NAME)}**"
    change = change_of_image(way.leaves, way.reaches) if way else short_name(report.target)
    return f"**{markdown(change, LONGEST_NAME)}**"


def _result(report: Report) -> str:
    """Return what became of the instances, in numbers: `20 of 20 new · 20 healthy · never below 16 · 21m44s`."""
    if report.plan is None or report.model is None:
        return ""
    cells = list(report.cells().values())
    if report.ending and report.ending.outcome is Outcome.PLANNED:
        due = len([id_ for batch in report.plan.due_now for id_ in batch.instance_ids])
        return f"{due} of {len(cells)} to {'return' if report.plan.is_rollback else 'upgrade'} · {_batches(report)}"
    if report.ending and report.ending.outcome is Outcome.NOTHING_TO_DO:
        parts = [count(len(cells), "instance")]
    elif report.goes_back:
        parts = [f"{len(report.rolled_back)} of {len(due_to_move(report))} returned"]
    else:
        parts = [f"{cells.count(Cell.NEW)} of {len(cells)} new"]
    parts += [f"{cells.count(kind)} {kind.value}" for kind in _TROUBLE if kind in cells]
    state = "healthy" if report.model.health_signal.proves_health else "running"
    parts.append(f"{report.healthy_now} {state}")
    if report.lowest_healthy is not None and report.batches:
        parts.append(f"never below {report.lowest_healthy.count}")
    parts += filter(None, [probes_in_short(report)])
    return " · ".join([*parts, duration(report.duration)])


def _batches(report: Report) -> str:
    if report.plan is None or not report.plan.due_now:
        return "no batch"
    return f"{count(len(report.plan.due_now), 'batch')} · at most {report.plan.largest_batch} away at once"


def facts_of_run(report: Report) -> list[str]:
    """Return when the run began and ended, where it is found, and who started it, with which version."""
    facts = report.facts
    began, ended = dates.date_and_time(facts, 0.0), dates.date_and_time(facts, report.duration)
    if began[:10] == ended[:10]:
        began, ended = began.removesuffix(" UTC"), dates.time_of_day(facts, report.duration)
    period = f"{began} to {ended}" if not ended.startswith(began[11:] or "-") else f"{began} UTC"
    run = link("workflow run", facts.url) if facts.url else ""
    attempt = f"attempt {markdown(facts.attempt, 20)}" if facts.attempt else ""
    actor = f"started by {markdown(facts.actor, 100)}" if facts.actor else ""
    version = f"vmss-upgrade {markdown(facts.version, 100)}" if facts.version else ""
    page = scale_set_page(report)
    parts = [
        period if began else "",
        ", ".join(filter(None, (run, attempt, actor))),
        link("scale set in the portal", page) if page else "",
        version,
    ]
    shown = [part for part in parts if part]
    return ["---", "", " · ".join(shown)] if shown else []
