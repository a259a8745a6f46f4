"""The proof that nothing was down, in one sentence: probes that failed, and the fewest instances that were healthy."""

from __future__ import annotations

from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.wording import duration
from vmss_upgrade.rollout.zero_downtime.probes import Gap, longest_gap, sent_and_failed, unobserved

LOOK_IS_OLD = 120.0  # seconds after which the last look no longer counts as now


def proof(report: Report) -> str:
    """Return `0 of 1,311 probes failed, never fewer than 18 of 20 healthy`; empty without a batch and probes."""
    return ", ".join(filter(None, (probes_in_words(report), healthy_in_words(report))))


def probes_in_words(report: Report) -> str:
    """Return how many probes failed, the longest time without a good one, and the time that proves nothing."""
    if not report.probes:
        return ""
    details = [f"longest gap {gap_in_words(gap)}"] if (gap := longest_gap(report.probes)) else []
    if (blind := unobserved(report.probes)) >= 1:
        details.append(f"{duration(blind)} unobserved")
    more = f" ({'; '.join(details)})" if details else ""
    return f"{probes_in_short(report)}{more}"


def probes_in_short(report: Report) -> str:
    """Return `0 of 1,311 probes failed`; empty without probes."""
    sent, failed = sent_and_failed(report.probes)
    return f"{failed:,} of {sent:,} probes failed" if sent else ""


def gap_in_words(gap: Gap) -> str:
    """Return how long a gap was, when it began, and in which batch."""
    batch = f", batch {gap.batch}" if gap.batch is not None else ""
    return f"{duration(gap.seconds)}, {duration(gap.at)} after the start{batch}"


def healthy_in_words(report: Report) -> str:
    """Return `never fewer than 18 of 20 healthy`; empty without a batch."""
    if report.lowest_healthy is None or not report.batches:
        return ""
    return f"never fewer than {report.lowest_healthy.count} of {len(report.counted_before)} {_state_of(report)}"


def health_in_numbers(report: Report) -> str:
    """Return how many instances are healthy now, and the proof with its worst moment; empty without a batch."""
    if report.lowest_healthy is None or not report.batches:
        return ""
    is_old = report.duration - report.seen_at > LOOK_IS_OLD
    when = f"when last seen, {duration(report.seen_at)} after the start" if is_old else "now"
    now = f"{_state_of(report).capitalize()} {when}: {report.healthy_now} of {len(report.counted)}."
    least = f"; floor {report.lowest_healthy.floor}" if report.lowest_healthy.floor else ""
    said = proof(report)
    return f"{now} {said[0].upper()}{said[1:]} ({duration(report.lowest_healthy.at)} after the start{least})."


def _state_of(report: Report) -> str:
    """Return what is known of an instance that counts as healthy: without a health signal, that it runs."""
    return "healthy" if report.model is None or report.model.health_signal.proves_health else "running"
