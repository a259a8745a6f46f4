"""The JSON record of one job's run -> what a fleet's report needs of it. Pure.

Records come from artifacts, which others may have written: whatever is in them is read as text, number or nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from vmss_upgrade.rollout.history.outcome import Outcome

SCHEMA: Final = "vmss-upgrade/record/1"
FAMILY: Final = "vmss-upgrade/record/"  # before the version
LONGEST_TEXT: Final = 4 * 1024  # characters; the record has the rest
LARGEST_NUMBER: Final = 10**9
LAST_YEAR: Final = 2200
_NOT_A_ROLLOUT: Final = ("plan", "status")


class UnusableRecord(ValueError):
    """The reason for not going by a record. `str(error)` goes on a sentence about its file: "has no outcome"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run of the action on one scale set. What is not known is empty, None, or 0; all texts are foreign.

    `file`: path of the record below the workspace. `began_at` and `ended_at` are seconds since 1970. `outcome` None:
    the run did not come to its end. The numbers count instances; those `on_target` run it, whichever run upgraded them.
    `holds_target`: the run put the target image into the model and left it there, so that new instances get it.
    """

    file: str
    scale_set_id: str = ""
    scale_set: str = ""
    outcome: Outcome | None = None
    command: str = ""
    reason: str = ""
    remedy: str = ""
    url: str = ""
    attempt: int = 0
    began_at: float | None = None
    ended_at: float | None = None
    duration: float = 0.0
    previous: str = ""
    target: str = ""
    changed: bool = False
    total: int = 0
    on_target: int = 0
    upgraded: int = 0
    rolled_back: int = 0
    failed: int = 0
    remaining: int = 0
    lowest_healthy: int | None = None
    holds_target: bool = False

    @property
    def age(self) -> tuple[float, int]:
        """The sort key, with the youngest run last."""
        return (self.began_at or 0.0, self.attempt)

    @property
    def is_half_way(self) -> bool:
        """True if instances remain, while others run the target image, or new ones would get it."""
        return self.remaining > 0 and (self.holds_target or 0 < self.on_target < self.total)


def is_of_a_run(record: Any) -> bool:
    """Return whether it is a record of one run of the action, whatever its version."""
    return text_in(record, "schema").startswith(FAMILY)


def text_in(record: Any, key: str) -> str:
    """Return a text of a record; empty if there is none, or if it is no record."""
    return _text(_object(record).get(key))


def run_in(record: dict[str, Any], file: str) -> RunRecord | None:
    """Return what a record says of its run; None if the run only looked at the scale set. Raises UnusableRecord."""
    if record.get("schema") != SCHEMA:
        raise UnusableRecord(f"has the schema {_text(record.get('schema'))[:60]!r}, which this release does not read")
    command = _text(record.get("command"))
    if command in _NOT_A_ROLLOUT:
        return None
    scale_set, run, counts = (_object(record.get(name)) for name in ("scale_set", "run", "counts"))
    target, upgraded = _text(record.get("target_image")), _length(record, "upgraded", counts)
    return RunRecord(
        file=file,
        scale_set_id=_text(scale_set.get("id")) or _text(record.get("asked_for")),
        scale_set=_text(scale_set.get("name")),
        outcome=_outcome(record.get("outcome")),
        command=command,
        reason=_text(record.get("reason")),
        remedy=_text(record.get("remedy")),
        url=_text(run.get("url")),
        attempt=_attempt(run.get("attempt")),
        began_at=date_in(record.get("started_at")),
        ended_at=date_in(record.get("ended_at")),
        duration=_number(record.get("duration")) or 0.0,
        previous=_text(record.get("previous_image")),
        target=target,
        changed=record.get("changed") is True,
        total=_count(counts.get("total")) or 0,
        on_target=_on_target(record, target, upgraded),
        upgraded=upgraded,
        rolled_back=_length(record, "rolled_back", counts),
        failed=_length(record, "failed", counts),
        remaining=_length(record, "remaining", counts),
        lowest_healthy=_count(_object(record.get("lowest_healthy")).get("count")),
        holds_target=record.get("model_may_hold_target") is True and record.get("model_restored") is not True,
    )


def _outcome(value: Any) -> Outcome | None:
    if value is None:
        return None
    found = next((each for each in Outcome if each.value == value), None)
    if found is None:
        raise UnusableRecord(f"has the outcome {str(value)[:40]!r}, which is none of the action's")
    return found


def date_in(value: Any) -> float | None:
    """Return a date of our times that RFC 3339 writes, as seconds since 1970; None if it is not one."""
    try:
        when = datetime.fromisoformat(_text(value))
    except ValueError:
        return None
    return when.timestamp() if when.tzinfo is not None and 1970 <= when.year <= LAST_YEAR else None


def _length(record: dict[str, Any], name: str, counts: dict[str, Any]) -> int:
    """Return how many instances a list names; a record that was too large has only their number."""
    listed = record.get(name)
    return _count(counts.get(name)) or (len(listed) if isinstance(listed, list) else 0)


def _on_target(record: dict[str, Any], target: str, upgraded: int) -> int:
    """Return how many instances run the target image; an instance made from a VHD does not show which."""
    instances = record.get("instances")
    images = [text_in(each, "image").lower() for each in instances] if isinstance(instances, list) else []
    return images.count(target.lower()) if target and any(images) else upgraded


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value[:LONGEST_TEXT] if isinstance(value, str) else ""


def _number(value: Any) -> float | None:
    is_number = type(value) in (int, float) and abs(value) <= LARGEST_NUMBER and math.isfinite(value)
    return float(value) if is_number and value >= 0 else None


def _count(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value <= LARGEST_NUMBER else None


def _attempt(value: Any) -> int:
    text = _text(value)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0
