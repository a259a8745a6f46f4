"""The new instances of a surge: in the log, the record and the summary."""

from __future__ import annotations

from typing import Any

from vmss_upgrade.reporters.sanitiser.text import count
from vmss_upgrade.rollout.history import surge as surge_events
from vmss_upgrade.rollout.history.surge import SurgeRecord
from vmss_upgrade.rollout.wording import instances_named, listed


def surge_line(event: surge_events.SurgeEvent) -> str:
    """Return what the log says of an event."""
    surge = event.surge
    named = instances_named(surge.instance_ids, 30)
    match event:
        case surge_events.SurgeStarted() if surge.instance_ids:
            return f"surge: taking over {named} of an earlier run"
        case surge_events.SurgeStarted():
            return f"surge: raising the capacity from {surge.former} to {surge.raised}"
        case surge_events.SurgeRefused():
            return f"surge: nothing was created, and the capacity is {surge.former} as before"
        case surge_events.SurgeCreated():
            return f"surge: {named} must pass the health gate first"
        case surge_events.SurgePassed():
            verb = "stands" if len(surge.instance_ids) == 1 else "stand"
            return f"✔ surge passed: {_new(surge.instance_ids)} {verb} in for each batch"
        case surge_events.SurgeFailed():
            return "✖ surge failed: no old instance was touched"
        case surge_events.SurplusDeleting():
            return f"surge: deleting {named}"
        case surge_events.SurplusDeleted():
            return f"surge: the new instances are deleted, and the capacity is {surge.former} again"
    return ""


def _new(ids: tuple[str, ...]) -> str:
    return f"{count(len(ids), 'new instance')} ({listed(ids)})"


def as_surge(record: SurgeRecord | None) -> dict[str, Any]:
    """Return the part of the JSON record; nothing without a surge."""
    if record is None:
        return {}
    surge = record.surge
    values = {
        "former_capacity": surge.former,
        "added": surge.added,
        "floor": surge.floor,
        "instance_ids": list(surge.instance_ids),
        "was_taken_over": record.was_taken_over,
        "started_at": round(record.started_at, 1),
        "seconds": None if record.seconds is None else round(record.seconds, 1),
        "result": record.result.value,
        "is_left": record.is_left,
    }
    return {"surge": values}


def surge_in_words(record: SurgeRecord) -> str:
    """Return what became of the new instances, in a sentence."""
    surge = record.surge
    if not surge.instance_ids:
        asked = f"{count(surge.added, 'new instance')} were asked for" if surge.added > 1 else "1 new one was asked for"
        return f"{asked}; {'some may be there' if record.is_left else 'none was created'}."
    stay = "still there" if record.is_left else f"deleted, and the capacity is {surge.former} again"
    return f"{_new(surge.instance_ids)} first; they are {stay}."
