"""Finds the time of each exchange of a recording, and the duration of its operations."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from contract import Interaction, Recording
from naming import last_word, operation_of

_STAMP = re.compile(r"(?P<whole>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?P<fraction>\.\d+)?(?P<zone>Z|[+-]\d\d:\d\d|)")
# This makes an operation that has ended at a moment ended there in floating point, too.
_A_LITTLE = timedelta(milliseconds=1)


@dataclass(slots=True)
class RecordedOperation:
    """One operation as its polls show it: its moments are None if no poll shows them.

    `seen_running` is the last moment at which a poll showed it running, `over_by` the first one at which its Location
    showed its end.
    """

    url: str
    started: datetime | None = None
    ended: datetime | None = None
    failure: tuple[str, str] | None = None
    seen_running: datetime | None = None
    over_by: datetime | None = None
    retry_after: int | None = None
    begun_by: Interaction | None = None


@dataclass(slots=True)
class Timeline:
    """The moment of every exchange, in order and never backwards; every operation, in the order of its first
    appearance; and the operation of each exchange.
    """

    moments: list[datetime] = field(default_factory=list)
    operations: list[RecordedOperation] = field(default_factory=list)
    by_position: dict[int, RecordedOperation] = field(default_factory=dict)

    def at(self, interaction: Interaction) -> datetime:
        return self.moments[interaction.position]

    def operation_of(self, interaction: Interaction) -> RecordedOperation | None:
        return self.by_position.get(interaction.position)


def timeline_of(recording: Recording) -> Timeline:
    """Read the moments from the Date headers, or from the times in the bodies if a recorder hides the headers.

    Dates are whole seconds, the times of operations are not: an exchange that begins an operation took place at the
    operation's start, and one that finds it ended, not before its end.
    """
    timeline = Timeline()
    _find_operations(recording, timeline)
    now = _beginning(recording)
    for each in recording.interactions:
        operation = timeline.operation_of(each)
        now = max(now, *_earliest(each, operation, now))
        timeline.moments.append(now)
        if operation is not None and (_status(each) == "InProgress" or _location_status(each) == 202):
            operation.seen_running = now
        elif operation is not None and _location_status(each) in (200, 204):
            operation.over_by = operation.over_by or now
    return timeline


def moment(text: Any) -> datetime | None:
    """Return an Azure timestamp as a moment; it has up to seven decimals, and an offset or a Z."""
    match = _STAMP.fullmatch(str(text))
    if match is None:
        return None
    zone = "+00:00" if match["zone"] in ("Z", "") else match["zone"]
    return datetime.fromisoformat(match["whole"] + zone) + timedelta(seconds=float(match["fraction"] or 0))


def _find_operations(recording: Recording, timeline: Timeline) -> None:
    """Return every exchange's operation. A repeated name is another operation, because some recorders hide
    the names.
    """
    current: dict[str, RecordedOperation] = {}
    for each in recording.interactions:
        started, asks = _started_url(each), operation_of(each.method, each.url) or ""
        if started:
            known = current[last_word(started)] = RecordedOperation(started, begun_by=each)
            timeline.operations.append(known)
        elif asks.startswith("operation:"):
            if last_word(each.url) not in current:
                current[last_word(each.url)] = RecordedOperation(each.url)
                timeline.operations.append(current[last_word(each.url)])
            known = current[last_word(each.url)]
            _read_poll(each, known)
        else:
            continue
        timeline.by_position[each.position] = known


def _read_poll(each: Interaction, known: RecordedOperation) -> None:
    body = each.body if _status(each) else {}
    known.started = known.started or moment(body.get("startTime"))
    known.ended = moment(body.get("endTime")) or known.ended
    waits = str(each.headers.get("retry-after", ""))
    if _status(each) == "InProgress" and waits.isdigit() and known.retry_after is None:
        known.retry_after = int(waits)
    if _status(each) == "Failed" and isinstance(body.get("error"), dict):
        known.failure = (str(body["error"].get("code")), str(body["error"].get("message")))


def _earliest(each: Interaction, operation: RecordedOperation | None, now: datetime) -> Iterator[datetime]:
    """Return the moments before which an exchange cannot have been."""
    date = _date(each)
    if date is not None:
        yield date
    elif operation is None or _status(each) != "InProgress":
        yield now + timedelta(seconds=0.5)
    elif operation.started is not None and operation.ended is not None:
        # somewhere between the start and the end
        yield max(now, operation.started) + (operation.ended - max(now, operation.started)) / 2
    if operation is not None and operation.started is not None and _started_url(each) and not _rolls(each):
        yield operation.started
    if operation is not None and operation.ended is not None and _status(each) in ("Succeeded", "Failed"):
        yield operation.ended + _A_LITTLE
    yield now


def _rolls(each: Interaction) -> bool:
    """Return True if it starts a rolling upgrade, whose operation claims, at its end, to have started then."""
    return operation_of(each.method, each.url) == "rolling upgrade: start"


def _beginning(recording: Recording) -> datetime:
    """Return the first Date, or else the first time in any body, or else a time long ago."""
    dates = [found for found in map(_date, recording.interactions) if found is not None]
    if dates:
        return dates[0]
    for each in recording.interactions:
        times = [found for found in map(moment, _times(each.body)) if found is not None]
        if times:
            return min(times) - timedelta(seconds=1)
    return datetime(2016, 1, 1, tzinfo=UTC)


def _date(each: Interaction) -> datetime | None:
    """Return the Date header, if it is a date."""
    try:
        return parsedate_to_datetime(str(each.headers["date"])).astimezone(UTC)
    except (KeyError, ValueError):
        return None


def _times(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for key, entry in value.items():
            if key in ("startTime", "timeCreated", "time", "publishedDate"):
                yield entry
            yield from _times(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _times(entry)


def _started_url(each: Interaction) -> str:
    url = each.headers.get("azure-asyncoperation") or each.headers.get("location") or ""
    return url if isinstance(url, str) and each.method != "GET" else ""


def _location_status(each: Interaction) -> int | None:
    """Return the answer of a Location's poll: 202 while its operation runs, afterwards 200 or 204."""
    return each.status if operation_of(each.method, each.url) == "operation: Location" else None


def _status(each: Interaction) -> str:
    """Return the state that a poll found."""
    if operation_of(each.method, each.url) != "operation: poll" or not isinstance(each.body, dict):
        return ""
    return str(each.body.get("status", ""))
