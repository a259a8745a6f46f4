"""Report -> the part of the JSON record that proves what a rollout did to its service."""

from __future__ import annotations

from typing import Any

from vmss_upgrade.reporters.sentences.proof import proof
from vmss_upgrade.rollout.history.outcome import DrainRecord
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.zero_downtime.probes import Probed


def as_proof(report: Report) -> dict[str, Any]:
    """Return the sentence, the fewest healthy instances, and what probed addresses and drains came to."""
    return {
        "proof": proof(report) or None,
        "lowest_healthy": _lowest_healthy(report),
        "probes": [_probed(each) for each in report.probes],
        **({"drains": [_drain(each) for each in report.drains]} if report.drains else {}),
    }


def _drain(record: DrainRecord) -> dict[str, Any]:
    return {
        "batch": record.batch,
        "instance_ids": list(record.instance_ids),
        "started_at": round(record.started_at, 1),
        "seconds": None if record.seconds is None else round(record.seconds, 1),
        "undrained": list(record.undrained),
        "left_drained": list(record.left),
    }


def _lowest_healthy(report: Report) -> dict[str, Any] | None:
    lowest = report.lowest_healthy
    if lowest is None:
        return None
    of, least = len(report.counted_before), lowest.floor
    return {"count": lowest.count, "at": round(lowest.at, 1), "of": of, "floor": least}


def _probed(book: Probed) -> dict[str, Any]:
    gap = book.longest_gap
    longest = {"at": round(gap.at, 1), "seconds": round(gap.seconds, 1), "batch": gap.batch} if gap else None
    return {
        "address": book.address,
        "sent": book.sent,
        "failed": book.failed,
        "longest_gap": longest,
        "unobserved": round(book.unobserved, 1),
    }
