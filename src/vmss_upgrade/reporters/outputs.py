"""Report -> the action's outputs, and the file they are written to.

The names are those of action.yml; a test holds them together.
"""

from __future__ import annotations

import json

from vmss_upgrade.reporters.files import append_whole
from vmss_upgrade.reporters.record import as_plan, instance_counts
from vmss_upgrade.reporters.sanitiser.text import as_json, clean
from vmss_upgrade.reporters.sentences.headline import headline
from vmss_upgrade.reporters.sentences.portal import scale_set_page
from vmss_upgrade.reporters.sentences.proof import proof
from vmss_upgrade.rollout.history.report import Report

LONGEST_OUTPUTS = 450_000  # characters of all; GitHub takes 1 MiB of a job, and counts two bytes a character
_LONGEST_PLAN = 250_000
_LONGEST_TEXT = 2000
_LISTS = ("upgraded", "rolled-back", "failed", "skipped", "remaining")
_OF_PLAN = ("batches", "skipped", "untouched")
MATRICES = tuple(f"matrix-{number}" for number in range(1, 7))
OF_FLEETS = (*MATRICES, "waves", "image", "due")  # filled by `operation: fleet-plan` alone


def as_outputs(report: Report, report_path: str, summary_path: str = "") -> dict[str, str]:
    """Return output name -> value. Lists are JSON arrays of instance ids; what is not known is empty."""
    ending, planned, counts = report.ending, report.planned, instance_counts(report)
    return {
        "outcome": ending.outcome.value if ending else "",
        "headline": _line(headline(report)) if ending else "",
        "reason": _line(ending.reason) if ending else "",
        "changed": "true" if report.changed else "false",
        "previous-image": _line(report.previous) if report.previous else "",
        "target-image": _line(report.target) if report.target else "",
        "target-version": _line(report.target.named_version) if report.target else "",
        "scale-set-id": _line(report.model.id) if report.model else "",
        "portal-url": _whole(scale_set_page(report)),
        "upgraded": as_json(report.upgraded),
        "rolled-back": as_json(report.rolled_back),
        "failed": as_json(report.failed),
        "skipped": as_json([skipped.instance_id for skipped in report.skipped]),
        "remaining": as_json(report.remaining),
        "upgraded-count": _number(counts["upgraded"]),
        "remaining-count": _number(counts["remaining"]),
        "total": _number(counts["total"]),
        "lowest-healthy": str(report.lowest_healthy.count) if report.lowest_healthy else "",
        "proof": _line(proof(report)),
        "duration": str(round(report.duration)),
        "plan": as_json(as_plan(report)) if report.plan else "",
        "plan-hash": planned.hash if planned else "",
        "report": report_path,
        "summary-path": summary_path,
        **dict.fromkeys(OF_FLEETS, ""),
    }


def _line(text: object) -> str:
    """Return one line that every shell's `echo` prints as it is: some make a line break of `\\n`."""
    return clean(text, _LONGEST_TEXT).replace("\\", "/")


def _whole(address: str) -> str:
    """Return an address if it is harmless as it is; half of one would lead somewhere else."""
    return address if _line(address) == address else ""


def _number(count: int | None) -> str:
    return "" if count is None else str(count)


def within_limit(outputs: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return the outputs as GitHub takes them, and the names of those that had to be cut. A cut output is still JSON.

    A plan loses its lists, and says so in `left_out`; a list of ids loses its end. The room that is left goes to the
    lists in their order.
    """
    if sum(map(len, outputs.values())) <= LONGEST_OUTPUTS:
        return outputs, []
    plan = json.loads(outputs["plan"] or "{}")
    if len(outputs["plan"]) > min(_LONGEST_PLAN, LONGEST_OUTPUTS // 2):
        plan = {**plan, **{name: [] for name in _OF_PLAN}, "left_out": list(_OF_PLAN)}
    fitting = {**outputs, "plan": as_json(plan) if plan else ""}
    room = LONGEST_OUTPUTS - sum(len(value) for name, value in fitting.items() if name not in _LISTS)
    for name in _LISTS:
        share = room // 2 if name != _LISTS[-1] else room
        fitting[name] = _first_of(outputs[name], share)
        room -= len(fitting[name])
    return fitting, [name for name in ("plan", *_LISTS) if fitting[name] != outputs[name]]


def _first_of(ids: str, limit: int) -> str:
    """Return the JSON array, or as many of its first items as fit."""
    items = json.loads(ids)
    while items and len(as_json(items)) > limit:
        items = items[: len(items) * 9 // 10]
    return as_json(items)


def write_outputs(outputs: dict[str, str], file: str) -> None:
    """Append the outputs to GitHub's file, each between delimiters that its value cannot forge. Raises OSError."""
    from actions_toolkit.core import prepare_key_value_message  # here: its imports take long

    append_whole(file, "".join(f"{prepare_key_value_message(name, value)}\n" for name, value in outputs.items()))
