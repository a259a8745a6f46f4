"""Report -> the action's outputs, and the file they are written to.

The names are those of action.yml; a test holds them together.
"""

from __future__ import annotations

from vmss_upgrade.reporters.files import append_whole
from vmss_upgrade.reporters.json_text import as_json
from vmss_upgrade.reporters.record import as_plan
from vmss_upgrade.reporters.text import clean
from vmss_upgrade.rollout.report import Report

OUTPUTS = (
    "outcome",
    "previous-image",
    "target-image",
    "upgraded",
    "rolled-back",
    "failed",
    "skipped",
    "remaining",
    "lowest-healthy",
    "plan",
    "report",
)


def as_outputs(report: Report, report_path: str) -> dict[str, str]:
    """Output name -> value. Lists are JSON arrays of instance ids; what is not known is empty."""
    values = {
        "outcome": report.ending.outcome.value if report.ending else "",
        "previous-image": clean(report.previous) if report.previous else "",
        "target-image": clean(report.target) if report.target else "",
        "upgraded": as_json(report.upgraded),
        "rolled-back": as_json(report.rolled_back),
        "failed": as_json(report.failed),
        "skipped": as_json([skipped.instance_id for skipped in report.skipped]),
        "remaining": as_json(report.remaining),
        "lowest-healthy": str(report.lowest_healthy.count) if report.lowest_healthy else "",
        "plan": as_json(as_plan(report)) if report.plan else "",
        "report": report_path,
    }
    return {name: values[name] for name in OUTPUTS}


def write_outputs(outputs: dict[str, str], file: str) -> None:
    """Append the outputs to GitHub's file, each between delimiters that its value cannot forge. Raises OSError."""
    from actions_toolkit.core import prepare_key_value_message  # here: its imports take long

    append_whole(file, "".join(f"{prepare_key_value_message(name, value)}\n" for name, value in outputs.items()))
