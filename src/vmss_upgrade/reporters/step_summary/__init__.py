"""Report -> the step summary in GitHub Markdown, the most important first: a phone's first screen shows the result.

Foreign text goes through `code`, `markdown` or `sentence` (reporters/sanitiser/text.py).
"""

from __future__ import annotations

import os
from collections.abc import Callable

from vmss_upgrade.reporters.files import append_whole
from vmss_upgrade.reporters.step_summary import batches, instances, plan, probes, rehearsal, result, trouble
from vmss_upgrade.reporters.step_summary.fitting import LIMIT, within
from vmss_upgrade.reporters.step_summary.trouble import MOST_FAILURES
from vmss_upgrade.rollout.history.outcome import Outcome
from vmss_upgrade.rollout.history.report import Report

__all__ = ["LIMIT", "MOST_FAILURES", "append_summary", "as_markdown"]


def append_summary(file: str, made: Callable[[int], str]) -> None:
    """Append the summary to GitHub's file, which earlier code of the step may have filled in part. Raises OSError.

    `made` returns the summary for so many bytes that are in the file already.
    """
    append_whole(file, made(os.path.getsize(file) if os.path.exists(file) else 0))


def as_markdown(report: Report, *, simulated: str = "", taken: int = 0) -> str:
    """Return the whole summary; empty if not even the outcome fits.

    `simulated` names the scenario of a run without Azure, which is said first. `taken`: bytes that are in the summary
    already.
    """
    is_plan = report.ending is not None and report.ending.outcome is Outcome.PLANNED
    sections = _of_plan(report) if is_plan else _of_run(report)
    first, last = result.top(report, simulated), result.facts_of_run(report)
    return within([section for section in (first, *sections, last) if section], LIMIT - taken)


def _of_run(report: Report) -> tuple[list[str], ...]:
    return (
        rehearsal.rehearsal(report),
        trouble.failures(report),
        trouble.refusals(report),
        trouble.next_things(report),
        trouble.warnings(report),
        instances.status_counts(report),
        instances.heatmaps(report),
        instances.status(report),
        batches.batches(report),
        batches.rollback(report),
        batches.health(report),
        probes.probes(report),
        trouble.notes(report),
        plan.skipped(report),
        plan.facts_and_limits(report),
    )


def _of_plan(report: Report) -> tuple[list[str], ...]:
    """Return the sections for the approver of a plan: everything to know before it is carried out."""
    return (
        trouble.warnings(report),
        plan.proposal(report),
        plan.images_now(report),
        instances.heatmaps(report),
        batches.planned(report),
        plan.skipped(report),
        trouble.next_things(report),
        plan.limits_of_plan(report),
        trouble.notes(report),
    )
