"""The sentences that log, annotations and summary share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from vmss_upgrade.reporters.sanitiser.text import count, cut
from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.goal import is_on
from vmss_upgrade.rollout.history.events import BatchProgressed
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.image import Image, ImageKind
from vmss_upgrade.rollout.wording import clause, duration, listed

LOOK_IS_OLD = 120.0  # seconds after which the last look no longer counts as now
LONGEST_MESSAGE = 1500  # characters of Azure's message in an annotation: what follows it must not be cut away


def pending_in_words(pending: Iterable[Failure]) -> str:
    """Return which instances are waited for, grouped by what is missing."""
    by_message: dict[str, list[str]] = defaultdict(list)
    for item in pending:
        by_message[item.message].append(item.instance_id or "the scale set")
    return "; ".join(f"{listed(ids, 6)}: {message}" for message, ids in by_message.items())


def on_target_in_words(event: BatchProgressed, report: Report) -> str:
    """Return how far Azure has come with a batch."""
    target = report.way.reaches if report.way else None
    name = "previous" if report.goes_back else "target"
    batch = [i for i in event.instances if i.id in event.batch.instance_ids]
    there = sum(1 for instance in batch if target is not None and is_on(instance, target))
    return f"{there} of {count(len(batch), 'instance')} on the {name} image"


def short_name(image: Image) -> str:
    """Return the part of an image's name that people know it by: `22_04-lts-gen2 22.04.202611010`, `web 1.1.0`."""
    if image.kind is ImageKind.PLATFORM:
        return f"{image.sku} {image.version}"
    parts = str(image).rstrip("/").split("/")
    is_version = len(parts) > 2 and parts[-2].lower() == "versions"
    return f"{parts[-3]} {parts[-1]}" if is_version else parts[-1]


def change_of_image(leaves: Image | None, reaches: Image) -> str:
    """Return `web 1.0.0 → 1.1.0`: both short names, what they share once; the new one alone if there is no old one."""
    new = short_name(reaches)
    if leaves is None:
        return new
    old_name, _, _ = short_name(leaves).partition(" ")
    new_name, _, new_version = new.partition(" ")
    return f"{short_name(leaves)} → {new_version if new_version and old_name == new_name else new}"


def failures_by_code(failures: Iterable[Failure]) -> dict[str, list[Failure]]:
    """Group failures by Azure's (or our) code, in the order of their first appearance."""
    groups: dict[str, list[Failure]] = defaultdict(list)
    for failure in failures:
        groups[failure.code].append(failure)
    return dict(groups)


def failure_in_words(failures: list[Failure]) -> str:
    """Return one group in words: which instances, the code, the message, and the id for Microsoft support."""
    ids = list(dict.fromkeys(f.instance_id for f in failures if f.instance_id))  # one can fail on both ways
    who = f"{'Instance' if len(ids) == 1 else 'Instances'} {listed(ids)}: " if ids else ""
    messages = [cut(message, LONGEST_MESSAGE) for message in dict.fromkeys(f.message for f in failures)]
    more = f" (and {len(messages) - 1} other messages, in the step summary)" if len(messages) > 1 else ""
    correlation = next((f.correlation_id for f in failures if f.correlation_id), "")
    support = f" Correlation id {correlation}." if correlation else ""
    return f"{who}{failures[0].code}: {clause(messages[0])}{more}.{support}"


def proven(report: Report, is_current: bool) -> str:
    """Return what passing the gate proves of an instance: its health only if there is a health signal."""
    signal = report.model.health_signal if report.model else None
    standing = "current" if is_current else "on the image"
    is_proven = signal is None or signal.proves_health
    return f"{standing} and healthy" if is_proven else f"{standing}, provisioned and running"


def health_in_numbers(report: Report) -> str:
    """Return how many instances are healthy now, and how few were at the worst moment; empty without a batch."""
    if report.lowest_healthy is None or not report.batches:
        return ""
    lowest = report.lowest_healthy
    is_proven = report.model is None or report.model.health_signal.proves_health
    state = "healthy" if is_proven else "running"
    is_old = report.duration - report.seen_at > LOOK_IS_OLD
    when = f"when last seen, {duration(report.seen_at)} after the start" if is_old else "now"
    return (
        f"{state.capitalize()} {when}: {report.healthy_now} of {len(report.counted)}. "
        f"Lowest {state} count: {lowest.count} of {len(report.counted_before)}, {duration(lowest.at)} after the start."
    )
