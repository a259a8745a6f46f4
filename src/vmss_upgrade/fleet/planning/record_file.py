"""The record of a fleet's plan as a file: the plan, and when, where and how it was made."""

from __future__ import annotations

from typing import Any

from vmss_upgrade.fleet.plan import FleetPlan
from vmss_upgrade.fleet.planning.record import FAMILY, LONGEST_TEXT, as_values
from vmss_upgrade.fleet.planning.sentences import blast_radius, headline
from vmss_upgrade.reporters.files import write_json_record
from vmss_upgrade.reporters.sanitiser.text import as_json, cut
from vmss_upgrade.reporters.sentences.dates import timestamp
from vmss_upgrade.rollout.history.outcome import Ending
from vmss_upgrade.rollout.history.run_facts import RunFacts


def as_record(plan: FleetPlan, ending: Ending, facts: RunFacts, seconds: float) -> dict[str, Any]:
    """Return the record. Within a schema version keys are only added."""
    values = as_values(plan)
    record = {
        "schema": values["schema"],
        "version": facts.version or None,
        "started_at": timestamp(facts, 0.0) or None,
        "ended_at": timestamp(facts, seconds) or None,
        "run": {"url": facts.url or None, "actor": facts.actor or None, "attempt": facts.attempt or None},
        "outcome": ending.outcome.value,
        "headline": headline(plan, ending),
        "reason": ending.reason,
        "remedy": ending.remedy,
        "blast_radius": blast_radius(plan),
        **values,
    }
    return {name: _with_texts(value) for name, value in record.items()}


def write_record(record: dict[str, Any], workspace: str, path: str) -> None:
    """Write the record to `path` below the workspace, in whole or not at all. Raises ValueError, OSError."""
    text = f"{as_json(record, indent=2)}\n"
    write_json_record(workspace, path, text, family=FAMILY, kind="the plan of a fleet")


def _with_texts(value: Any) -> Any:
    """Return the value with its texts, at any depth, without queries and secrets, and cut to a length."""
    if isinstance(value, str):
        return cut(value, LONGEST_TEXT)
    if isinstance(value, dict):
        return {key: _with_texts(item) for key, item in value.items()}
    return [_with_texts(item) for item in value] if isinstance(value, list) else value
