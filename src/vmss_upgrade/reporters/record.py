"""Report -> the JSON record, with a versioned schema, and its file: for everything that goes on from a run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vmss_upgrade.reporters.changes import as_changes
from vmss_upgrade.reporters.files import write_json_record
from vmss_upgrade.reporters.proof import as_proof
from vmss_upgrade.reporters.sanitiser.text import as_json, cut
from vmss_upgrade.reporters.sentences.dates import timestamp
from vmss_upgrade.reporters.sentences.headline import headline
from vmss_upgrade.reporters.sentences.next_steps import remedy, way_back
from vmss_upgrade.reporters.sentences.plan_facts import blast_radius
from vmss_upgrade.reporters.sentences.portal import scale_set_page
from vmss_upgrade.reporters.sentences.rehearsal import as_rehearsal
from vmss_upgrade.reporters.surge import as_surge
from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.history.outcome import BatchRecord
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.order import LARGEST_RECORD, Command
from vmss_upgrade.rollout.planning.plan import Batch, Skipped
from vmss_upgrade.rollout.scale_set import Instance

SCHEMA = "vmss-upgrade/record/1"
LONGEST_TEXT = 8 * 1024  # characters of one text of others; what is longer is cut
SHORT_TEXT = 500  # characters of one text, if the whole would be too large
PLAN = ("target_image", "previous_image", "pinned_from", "grouping", "stop_after", "blast_radius")
# What can be spared, first what matters least to a reader that goes on from a record. The images are not among it.
_DISPENSABLE = (
    "changes", "findings", "instances", "planned_batches", "untouched", "skipped", "failures", "batches", "rollback",
    "upgraded", "rolled_back", "remaining", "failed",
)  # fmt: skip


def as_record(report: Report) -> dict[str, Any]:
    """Return the record, as docs/record.schema.json describes it. Within a schema version keys are only added.

    Times are seconds since the run began; `started_at` and `ended_at` of the whole run are dates.
    """
    ending, model, facts, planned = report.ending, report.model, report.facts, report.planned
    record = {
        "schema": SCHEMA,
        "version": facts.version or None,
        "started_at": timestamp(facts, 0.0) or None,
        "ended_at": timestamp(facts, report.duration) or None,
        "run": {"url": facts.url or None, "actor": facts.actor or None, "attempt": facts.attempt or None},
        "outcome": ending.outcome.value if ending else None,
        "headline": headline(report),
        "reason": ending.reason if ending else None,
        "changed": report.changed,
        "remedy": remedy(report) if ending else None,
        "scale_set": {"id": model.id, "name": model.name, "location": model.location} if model else None,
        "asked_for": facts.asked_for or None,
        "portal_url": scale_set_page(report) or None,
        **_images(report),
        "target_version": (report.target.named_version or None) if report.target else None,
        "model_updated": report.model_update_seconds is not None,
        "model_may_hold_target": report.model_may_hold_target,
        "model_restored": report.model_restored,
        "health_signal": model.health_signal.value if model else None,
        "duration": round(report.duration, 1),
        "counts": instance_counts(report),
        "upgraded": report.upgraded,
        "rolled_back": report.rolled_back,
        "failed": report.failed,
        "skipped": _skips(report.skipped),
        "remaining": report.remaining,
        "put_off": [{"instance_id": i, "reason": report.put_off[i]} for i in report.remaining if i in report.put_off],
        **as_proof(report),
        "command": report.command.value if report.shown is None else Command.STATUS.value,
        **_of_plan(report),
        "plan_hash": planned.hash if planned else None,
        "planned_batches": [_batch(batch) for batch in report.plan.batches] if report.plan else [],
        "batches": [_started(record) for record in report.batches if not record.is_back],
        **as_surge(report.surge),
        "rollback": _rollback(report),
        "failures": [_failure(failure) for failure in report.failures()],
        "findings": [{"severity": f.severity.value, "message": f.message, "remedy": f.remedy} for f in report.findings],
        "instances": [_instance(instance) for instance in report.instances],
        "command_to_put_previous_image_back": way_back(report) or None,
        "rehearsal": as_rehearsal(report.rehearsal),
        "simulated": report.facts.simulated,
        "changes": as_changes(report),
        "left_out": [],
    }
    return _with_texts(record, LONGEST_TEXT)


def instance_counts(report: Report) -> dict[str, int | None]:
    """Return how many instances there are, and what became of them; None where that is not known."""
    is_planned = report.plan is not None
    return {
        "total": len(report.instances) if is_planned or report.shown else None,
        "upgraded": len(report.upgraded) if is_planned else None,
        "rolled_back": len(report.rolled_back) if is_planned else None,
        "failed": len(report.failed) if is_planned else None,
        "skipped": len(report.skipped) if is_planned else None,
        "remaining": len(report.remaining) if is_planned else None,
    }


def as_text(report: Report) -> str:
    """Return the record as it is written to its file: at most LARGEST_RECORD bytes, all of them ASCII.

    If it would be longer, the parts that matter least are left out, and named in `left_out`.
    """
    record = as_record(report)
    text = _written(record)
    if len(text) > LARGEST_RECORD:
        record = {**_with_texts(record, SHORT_TEXT), "left_out": [f"texts after {SHORT_TEXT} characters"]}
        text = _written(_without_dispensable(record))
    return text


def write_record(report: Report, workspace: str, path: str) -> None:
    """Write the record to `path` below the workspace, in whole or not at all.

    Raises ValueError if the path leads out of the workspace or below .git, is not shown by a log as it is, or names a
    file that is neither empty nor a record; OSError if it cannot be written.
    """
    text, family = as_text(report), SCHEMA.rstrip("0123456789")
    write_json_record(workspace, path, text, family=family, kind="a record of this action")


def _without_dispensable(record: dict[str, Any]) -> dict[str, Any]:
    too_much = len(_written(record)) - LARGEST_RECORD
    for part in _DISPENSABLE:
        if too_much + len(part) > -100:  # its name is added to those that are left out
            too_much -= len(_written(record[part]))
            nothing: list[str] | None = None if isinstance(record[part], dict) else []
            record = {**record, part: nothing, "left_out": [*record["left_out"], part]}
    return record


def _written(value: Any) -> str:
    return as_json(value, indent=2) + "\n"


def as_plan(report: Report) -> dict[str, Any] | None:
    """Return the plan alone, for a job that decides by it; None without a plan."""
    plan = report.plan
    if plan is None:
        return None
    parts = _images(report) | _of_plan(report)
    batches = [_batch(batch) for batch in plan.batches]
    lists = {"batches": batches, "skipped": _skips(plan.skipped), "untouched": parts["untouched"]}
    return _with_texts({name: parts[name] for name in PLAN} | lists, LONGEST_TEXT)


def _skips(skipped: Iterable[Skipped]) -> list[dict[str, str]]:
    return [{"instance_id": each.instance_id, "reason": each.reason.value} for each in skipped]


def _with_texts(record: dict[str, Any], limit: int) -> dict[str, Any]:
    """Return the record with its texts, at any depth, without queries and secrets, and cut to a length."""
    texts: dict[str, str] = {}  # the same names stand in many places

    def of(value: Any) -> Any:
        if isinstance(value, str):
            if value not in texts:
                texts[value] = cut(value, limit)
            return texts[value]
        if isinstance(value, dict):
            return {key: of(item) for key, item in value.items()}
        return [of(item) for item in value] if isinstance(value, list) else value

    return {key: of(value) for key, value in record.items()}


def _images(report: Report) -> dict[str, Any]:
    return {
        "previous_image": str(report.previous) if report.previous else None,
        "target_image": str(report.target) if report.target else None,
    }


def _of_plan(report: Report) -> dict[str, Any]:
    plan = report.plan
    return {
        "pinned_from": str(plan.pinned) if plan and plan.pinned else None,
        "grouping": plan.grouping.value if plan else None,
        "stop_after": plan.stop_after if plan else None,
        "untouched": list(plan.untouched) if plan else [],
        "blast_radius": blast_radius(report) or None,
    }


def _rollback(report: Report) -> dict[str, Any] | None:
    """Return what the rollback did; None without a rollback."""
    if report.rollback is None:
        return None
    return {
        "image": str(report.rollback.reaches),
        "model_restored": report.model_restored,
        "batches": [_started(record) for record in report.batches if record.is_back],
    }


def _started(record: BatchRecord) -> dict[str, Any]:
    return {
        **_batch(record.batch),
        "started_at": round(record.started_at, 1),
        "seconds": None if record.seconds is None else round(record.seconds, 1),
        "result": record.result.value,
    }


def _batch(batch: Batch) -> dict[str, Any]:
    domain = {
        "kind": batch.domain.kind.value,
        "number": batch.domain.number,
        "zone": batch.domain.zone,
        "placement_group": batch.domain.placement_group,
    }
    return {"number": batch.number, "domain": domain, "instance_ids": list(batch.instance_ids)}


def _failure(failure: Failure) -> dict[str, Any]:
    return {
        "instance_id": failure.instance_id or None,
        "code": failure.code,
        "message": failure.message,
        "correlation_id": failure.correlation_id or None,
    }


def _instance(instance: Instance) -> dict[str, Any]:
    return {
        "instance_id": instance.id,
        "image": str(instance.image) if instance.image else None,
        "latest_model_applied": instance.latest_model_applied,
        "provisioning_state": str(instance.provisioning),
        "power": instance.power.value,
        "health": instance.health.value,
        "zone": instance.zone or None,
        "placement_group": instance.placement_group or None,
        "update_domain": instance.update_domain,
        "fault_domain": instance.fault_domain,
        "protected": instance.protected,
        "changed_individually": instance.changed_individually,
    }
