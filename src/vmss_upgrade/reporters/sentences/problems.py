"""The problems of the inputs, in log and report."""

from __future__ import annotations

from vmss_upgrade.errors import InputError
from vmss_upgrade.reporters.console import Console
from vmss_upgrade.rollout.findings import Finding, Severity
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.history.report import Report


def refused_for(error: InputError, report: Report, console: Console) -> Ending:
    """Return the ending of a run that is refused for its inputs, and tell each problem."""
    for problem in error.problems:
        message = f"{problem.input}: {problem.message}."
        report.findings.append(Finding(Severity.REFUSE, message, problem.remedy))
        console.error(str(problem), "Input", place=problem.place)
    return Ending(outcome=Outcome.REFUSED, reason=str(error), remedy=error.remedy)
