"""The sentences that log, annotations and summary share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from vmss_upgrade.reporters.sanitiser.text import count, cut
from vmss_upgrade.rollout.failures import Failure, FailureCode
from vmss_upgrade.rollout.goal import is_on
from vmss_upgrade.rollout.history.cells import Cell
from vmss_upgrade.rollout.history.events import BatchProgressed
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.image import Image, ImageKind
from vmss_upgrade.rollout.planning.availability import floor
from vmss_upgrade.rollout.planning.plan import SkipReason
from vmss_upgrade.rollout.wording import clause, listed

BAR_LENGTH = 20
FEW = 3  # instances
MOST_SAYINGS = 3  # of all instances with one code
LONGEST_SAYING = 300  # characters
LONGEST_MESSAGE = 1500  # characters of Azure's message in an annotation: what follows it must not be cut away


def pending_in_words(pending: Iterable[Failure]) -> str:
    """Return which instances are waited for, grouped by what is missing."""
    by_message: dict[str, list[str]] = defaultdict(list)
    for item in pending:
        by_message[item.message].append(item.instance_id or "the scale set")
    return "; ".join(f"{listed(ids, 6)}: {message}" for message, ids in by_message.items())


def awaited_in_words(pending: Iterable[Failure]) -> str:
    """Return `3 instances to become healthy (0, 10, 15)`; of those that lack something else, what that is."""
    by_want: dict[str, list[str]] = defaultdict(list)
    for item in pending:
        is_unhealthy = item.code is FailureCode.NOT_HEALTHY and item.blames_image
        by_want["" if is_unhealthy else item.message].append(item.instance_id)
    return "; ".join(_awaited(ids, want) for want, ids in by_want.items())


def _awaited(ids: list[str], want: str) -> str:
    number, names = count(len(ids), "instance"), listed(ids, 6)
    return f"{number} ({names}): {want}" if want else f"{number} to become healthy ({names})"


def bar(done: int, whole: int) -> str:
    """Return a bar of block characters."""
    full = BAR_LENGTH * done // whole if whole else 0
    return "█" * full + "░" * (BAR_LENGTH - full)


def healthy_in_short(report: Report) -> str:
    """Return `16 healthy`: how many are known to be, while others are away."""
    is_proven = report.model is None or report.model.health_signal.proves_health
    return f"{report.surely_healthy} {'healthy' if is_proven else 'running'}"


def run_in_short(report: Report) -> str:
    """Return how far the whole run is: `████░░░░ 4/20 new · 20 healthy (floor 10)`."""
    policy, arrived = report.policy, len(report.rolled_back)
    if report.goes_back and report.way is not None:
        present = {instance.id for instance in report.instances}
        whole = len({*report.rolled_back, *(set(report.way.instance_ids) & present)})
        done = f"{bar(arrived, whole)} {arrived}/{whole} returned"
    else:
        counted = [i.id for i in report.counted if not i.is_surplus]
        cells = report.cells()
        new, whole = sum(1 for id_ in counted if cells[id_] is Cell.NEW), len(counted)
        done = f"{bar(new, whole)} {new}/{whole} new"
    asked = (
        0
        if policy is None or (report.plan and report.plan.rolls)
        else floor(report.instances, policy, report.stopped_before)
    )
    least = max(asked, report.floor_of_surge)
    return f"{done} · {healthy_in_short(report)}{f' (floor {least})' if least else ''}"


def own_words(report: Report, ids: Iterable[str]) -> str:
    """Return what agent, extensions and boot diagnostics of instances say, each saying once."""
    present = {instance.id: instance for instance in report.instances}
    said = dict.fromkeys(text for id_ in ids if id_ in present for text in present[id_].says)
    return "; ".join(cut(text, LONGEST_SAYING) for text in list(said)[:MOST_SAYINGS])


def on_target_in_words(event: BatchProgressed, report: Report) -> str:
    """Return how far Azure has come with a batch; of the last few instances, which are missing."""
    target = report.way.reaches if report.way else None
    name = "previous" if report.goes_back else "target"
    batch = [i for i in event.instances if i.id in event.batch.instance_ids]
    missing = [instance.id for instance in batch if target is None or not is_on(instance, target)]
    there = len(batch) - len(missing)
    which = f" (not yet: {listed(missing)})" if there and 0 < len(missing) <= FEW else ""
    return f"{there} of {count(len(batch), 'instance')} on the {name} image{which}"


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


def failure_in_words(failures: list[Failure], report: Report) -> str:
    """Return one group in words: which instances, the code, the message, what they say themselves, and the id for
    Microsoft support.
    """
    ids = list(dict.fromkeys(f.instance_id for f in failures if f.instance_id))  # one can fail on both ways
    who = f"{'Instance' if len(ids) == 1 else 'Instances'} {listed(ids)}: " if ids else ""
    messages = [cut(message, LONGEST_MESSAGE) for message in dict.fromkeys(f.message for f in failures)]
    more = f" (and {count(len(messages) - 1, 'other message')}, in the step summary)" if len(messages) > 1 else ""
    correlation = next((f.correlation_id for f in failures if f.correlation_id), "")
    support = f" Correlation id {correlation}." if correlation else ""
    said = own_words(report, ids)
    on_it = f" {'It says' if len(ids) == 1 else 'They say'}: {clause(said)}." if said else ""
    return f"{who}{failures[0].code}: {clause(messages[0])}{more}.{on_it}{support}"


def proven(report: Report, is_current: bool) -> str:
    """Return what passing the gate proves of an instance: its health only if there is a health signal."""
    signal = report.model.health_signal if report.model else None
    standing = "current" if is_current else "on the image"
    is_proven = signal is None or signal.proves_health
    return f"{standing} and healthy" if is_proven else f"{standing}, provisioned and running"


def left_on_target(report: Report) -> str:
    """Name the instances that run the image that a rollback left, and may not be touched."""
    if not report.goes_back or report.way is None or report.way.leaves is None:
        return ""
    left = report.way.leaves
    skipped = (each for each in report.skipped if each.reason is not SkipReason.NOT_MOVED)
    reasons = {each.instance_id: each.reason.value for each in skipped}
    there = [f"{i.id} ({reasons[i.id]})" for i in report.instances if i.id in reasons and is_on(i, left)]
    return f"Still on {short_name(left)}, and left as they are: {listed(there)}." if there and not left.is_vhd else ""
