"""The plan of one scale set -> what a fleet's plan says of it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from vmss_upgrade.errors import InputError, VmssUpgradeError
from vmss_upgrade.fleet.plan import PlannedSet, Verdict
from vmss_upgrade.fleet.planning.members import Member
from vmss_upgrade.rollout.findings import Finding, Severity, refuse
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.history.report import Report

_VERDICTS = {Outcome.PLANNED: Verdict.DUE, Outcome.NOTHING_TO_DO: Verdict.ON_TARGET}
MOST_IMAGES = 20  # of one set


def planned_set(member: Member, report: Report) -> PlannedSet:
    """Return what the report of a run with `operation: plan` says of a scale set."""
    ending, model, plan = report.ending, report.model, report.plan
    verdict = _VERDICTS.get(ending.outcome, Verdict.REFUSED) if ending else Verdict.REFUSED
    images = Counter(str(each.image) for each in report.before if each.image is not None)
    kind = "" if model is None else "Flexible" if model.is_flexible else "Uniform"
    return PlannedSet(
        name=member.name,
        scale_set_id=model.id if model and model.id.lower() == member.scale_set_id.lower() else member.scale_set_id,
        wave=member.wave,
        verdict=verdict,
        region=model.location if model else "",
        kind=kind,
        mode=model.upgrade_mode if model else "",
        images=tuple(images.most_common(MOST_IMAGES)),
        target=str(report.target) if report.target else "",
        instances=len(report.before),
        moving=sum(len(batch.instance_ids) for batch in plan.due_now) if plan else 0,
        most_away=plan.largest_batch if plan else 0,
        plan_hash=report.planned.hash if report.planned and verdict is Verdict.DUE else "",
        findings=_findings(report.findings, ending),
    )


def left_out(member: Member, *findings: Finding) -> PlannedSet:
    """Return a scale set that could not be planned, with the reasons."""
    return PlannedSet(
        name=member.name,
        scale_set_id=member.scale_set_id,
        wave=member.wave,
        verdict=Verdict.REFUSED,
        findings=findings,
    )


def findings_of(error: VmssUpgradeError) -> tuple[Finding, ...]:
    """Return an error that concerns one scale set as what refuses it."""
    if isinstance(error, InputError):
        return tuple(refuse(f"{each.input}: {each.message}.", each.remedy) for each in error.problems)
    return (refuse(str(error), error.remedy),)


def image_of_all(sets: Iterable[PlannedSet]) -> str:
    """Return the image of all sets that have one; empty if they get several."""
    images = {each.target.lower(): each.target for each in sets if each.target}
    return next(iter(images.values())) if len(images) == 1 else ""


def _findings(found: Iterable[Finding], ending: Ending | None) -> tuple[Finding, ...]:
    """Return what refuses, then what to know beforehand; the ending itself if it refuses by nothing else."""
    refusals = [each for each in found if each.severity is Severity.REFUSE]
    warnings = [each for each in found if each.severity is Severity.WARN]
    if not refusals and (ending is None or ending.outcome not in _VERDICTS):
        reason = ending.reason if ending else "The plan of this scale set did not end."
        refusals = [refuse(reason, ending.remedy if ending else "")]
    return (*refusals, *warnings)
