"""Report -> the action's outputs, and the files they and the record are written to.

The names are those of action.yml; a test holds them together.
"""

from __future__ import annotations

from pathlib import Path

from vmss_upgrade.reporters.json_text import as_json
from vmss_upgrade.reporters.record import as_plan, as_record
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
    """Append the outputs to GitHub's file, each between delimiters that its value cannot forge."""
    from actions_toolkit.core import prepare_key_value_message  # here: its imports take long

    text = "".join(f"{prepare_key_value_message(name, value)}\n" for name, value in outputs.items())
    with open(file, "a", encoding="utf-8", newline="") as stream:
        stream.write(text)


def write_record(report: Report, workspace: str, path: str) -> None:
    """Write the JSON record to `path` below the workspace, in whole or not at all.

    Raises ValueError where a link on the way leads out of the workspace.
    """
    root = Path(workspace).resolve()
    target = (root / path).resolve()
    if not target.is_relative_to(root) or target == root:
        raise ValueError(f"report-path {path!r} leads out of the workspace")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)  # whatever lies there, a planted link above all, is not written through
    with part.open("x", encoding="utf-8") as stream:
        stream.write(as_json(as_record(report), indent=2) + "\n")
    part.replace(target)
