"""The moment by which every batch has to end: a time of day with its time zone, or a date with its offset from UTC.

Time zones are those of the tz database, which Debian's Python depends on.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, tzinfo
from difflib import get_close_matches
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from vmss_upgrade.inputs.form import Form
from vmss_upgrade.rollout.policy import LatestEnd

_NAME: Final = "not-after"
_TIME_AND_ZONE = re.compile(r"([0-9]{1,2}):([0-9]{2})(?:\s+(\S.*)|(Z))?", re.ASCII | re.IGNORECASE)
_TWELVE_HOURS = re.compile(
    r"(1[0-2]|0?[1-9])(?::([0-5][0-9]))?\s*([ap])\.?m\.?(?:\s+(\S.*))?", re.ASCII | re.IGNORECASE
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}.*", re.ASCII)
_EXAMPLES: Final = "`not-after: 17:00 UTC` or `not-after: 17:00 Europe/Berlin`"
_DATED: Final = "`not-after: 2026-12-01T17:00+01:00`, or with Z for UTC"


def not_after_of(form: Form, now: float) -> LatestEnd | None:
    """Return the moment that is asked for; a time of day is the next one after `now`, seconds since 1970."""
    value = " ".join(form[_NAME].split())
    if not value:
        return None
    if _DATE.fullmatch(value):
        return _dated(form, value, now)
    match = None if _TWELVE_HOURS.fullmatch(value) else _TIME_AND_ZONE.fullmatch(value)
    if match is None:
        form.problem(_NAME, f"{value!r} is not a time of day with its time zone", _meant(value))
        return None
    hour, minute = int(match[1]), int(match[2])
    if hour > 23 or minute > 59:
        remedy = f"Times go from 00:00 to 23:59. Write {_EXAMPLES}."
        form.problem(_NAME, f"{value!r} has no time of day", remedy)
        return None
    zone = _zone(form, f"{hour:02}:{minute:02}", match[3] or match[4] or "")
    return None if zone is None else _next(time(hour, minute), zone, now)


def _dated(form: Form, value: str, now: float) -> LatestEnd | None:
    try:
        moment = datetime.fromisoformat(value)
        date = moment.timestamp() if moment.tzinfo else 0.0
    except (ValueError, OverflowError):
        form.problem(_NAME, f"{value!r} is not a date and time", f"Write {_DATED}.")
        return None
    if moment.tzinfo is None:
        form.problem(_NAME, f"{value!r} does not say how far it is from UTC", f"Write {_DATED}.")
        return None
    if date <= now:
        lack = f"{value!r} has passed: it is {_in_utc(now)} now"
        form.problem(_NAME, lack, f"Write a later one, or a time of day, such as {_EXAMPLES}.")
        return None
    return LatestEnd(text=moment.isoformat(), utc=_in_utc(date), left=date - now)


def _zone(form: Form, time_of_day: str, name: str) -> tzinfo | None:
    """Return the time zone of that name, whatever its case; None, with a problem, if there is none."""
    if name.upper() in ("UTC", "Z"):
        return UTC
    if not name:
        remedy = f"Write `not-after: {time_of_day} UTC`, or your own, such as `not-after: {time_of_day} Europe/Berlin`."
        form.problem(_NAME, f"{time_of_day!r} does not say in which time zone", remedy)
        return None
    zones = {each.lower(): each for each in available_timezones()}
    wanted = name.lower().replace(" ", "_")
    if wanted in zones:
        return ZoneInfo(zones[wanted])
    near = [f"`not-after: {time_of_day} {each}`" for each in _nearest(wanted, zones)]
    remedy = f"Did you mean {' or '.join(near)}?" if near else f"Write {_EXAMPLES}: names are those of the tz database."
    form.problem(_NAME, f"{name!r} is not the name of a time zone", remedy)
    return None


def _nearest(wanted: str, zones: dict[str, str]) -> list[str]:
    """Return the zones of that city, else those that are spelled most like it. Those below Etc have a sign turned
    round: Etc/GMT+1 is an hour behind UTC.
    """
    usual = [each for each in zones if not each.startswith("etc/")]
    found = [each for each in usual if each.rpartition("/")[2] == wanted.rpartition("/")[2]]
    return [zones[each] for each in sorted(found)[:3] or get_close_matches(wanted, usual, n=3, cutoff=0.85)]


def _next(of_day: time, zone: tzinfo, now: float) -> LatestEnd:
    """Return the next such moment. When the clocks go back an hour comes twice, and each of the two is one."""
    today = datetime.fromtimestamp(now, zone).date()
    days = (today + timedelta(days=each) for each in (0, 1))
    dates = [datetime.combine(day, of_day.replace(fold=fold), zone).timestamp() for day in days for fold in (0, 1)]
    date = min(each for each in dates if each > now)
    return LatestEnd(text=f"{of_day:%H:%M} {getattr(zone, 'key', 'UTC')}", utc=_in_utc(date), left=date - now)


def _meant(value: str) -> str:
    """Return the remedy for what is no time of day: 17:00 for 5pm, with the zone that came with it."""
    match = _TWELVE_HOURS.fullmatch(value)
    if match is None:
        return f"Write {_EXAMPLES}; of a date, {_DATED}."
    hour = int(match[1]) % 12 + (12 if match[3].lower() == "p" else 0)
    meant = f"{hour:02}:{match[2] or '00'} {match[4] or 'UTC'}"
    return f"Did you mean `not-after: {meant}`? Times go from 00:00 to 23:59."


def _in_utc(date: float) -> str:
    return f"{datetime.fromtimestamp(date, UTC):%Y-%m-%d %H:%M} UTC"
