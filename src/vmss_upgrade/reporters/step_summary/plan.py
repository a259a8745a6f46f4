"""The plan: for its approver what it would do, and after a run what had been planned, folded."""

from __future__ import annotations

from vmss_upgrade.reporters.sanitiser.text import code, count
from vmss_upgrade.reporters.sentences.limits import estimate, limits
from vmss_upgrade.reporters.sentences.plan_facts import blast_radius, plan_facts, skipped_by_reason
from vmss_upgrade.reporters.step_summary.instances import image_table
from vmss_upgrade.reporters.step_summary.markup import capitalised, folded, name_of, said, table, unbroken
from vmss_upgrade.rollout.history.outcome import Outcome
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.wording import duration

_IMAGES = ("Previous image", "Target image", "Leaves", "Returns to")


def proposal(report: Report) -> list[str]:
    """Return what a plan would do, how much of the set is away at once, and how long that may take."""
    facts = [row for row in _rows(plan_facts(report)) if row[0] != "Plan&nbsp;hash"]  # below it says what it is for
    taken = capitalised(estimate(report))
    extra = [("Blast&nbsp;radius", said(blast_radius(report))), ("Duration", said(taken))]
    if report.planned:
        facts.append(
            (
                "Plan&nbsp;hash",
                f"{name_of(report.planned.hash)}, for {code('expect-plan')} of the run that carries it out",
            )
        )
    rows = [*facts[:1], *(row for row in extra if row[1]), *facts[1:]]
    return ["### What will be done", "", *table(("What", "How"), rows)] if rows else []


def images_now(report: Report) -> list[str]:
    """Return the images that the instances run now, and how many of each."""
    return ["### Running now", "", *image_table(report, report.before, whole=False)] if report.before else []


def limits_of_plan(report: Report) -> list[str]:
    """Return every limit that the rollout will obey."""
    return ["### Limits", "", *_limits(report)] if report.policy and report.model else []


def facts_and_limits(report: Report) -> list[str]:
    """Return what had been planned, what it took, and the limits, folded."""
    facts = _rows(plan_facts(report))
    if not facts:
        return []
    if report.model_update_seconds is not None:
        facts.append(("Model updated in", duration(report.model_update_seconds)))
    if report.seconds_waited:
        facts.append(("Waited for Azure", duration(report.seconds_waited)))
    return folded("The plan, and its limits", [*table(("Plan", "As planned"), facts), "", *_limits(report)])


def _rows(facts: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the facts with the full names of images as code, in which a line may break anywhere."""
    return [(unbroken(name), name_of(value) if name in _IMAGES else said(value)) for name, value in facts]


def _limits(report: Report) -> list[str]:
    if report.policy is None or report.model is None:
        return []
    rows = [(code(name), said(value)) for name, value in limits(report.policy, report.model.health_signal)]
    return table(("Limit", "Value"), rows)


def skipped(report: Report) -> list[str]:
    """Return the instances that are left alone, and why, folded; nothing if all of them are on the image already."""
    if not report.skipped or (report.ending and report.ending.outcome is Outcome.NOTHING_TO_DO):
        return []
    groups = skipped_by_reason(report.skipped).items()
    title = f"{count(len(report.skipped), 'instance')} skipped"
    return folded(title, [f"- {reason}: {code(', '.join(ids[:1000]))}" for reason, ids in groups])
