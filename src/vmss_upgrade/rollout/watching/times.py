"""Points in time as Azure writes them. Only compared with each other: the runner's clock may show another time."""

from __future__ import annotations

import re

_UTC = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)(?:Z|\+00:00)", re.ASCII)
# in the tags of Flexible machines: 4/28/2024 6:28:48 AM +00:00 (recorded)
_IN_A_TAG = re.compile(r"(\d\d?)/(\d\d?)/(\d{4}) (\d\d?):(\d\d:\d\d) (AM|PM) \+00:00", re.ASCII)
_TO_THE_SECOND = len("2024-04-28T06:28:48")


def is_earlier(one: str, other: str) -> bool:
    """Return whether `one` is before `other`; False where either cannot be read as a time in UTC.

    A time in a tag has no fraction of a second, so that another is compared with it without one.
    """
    first, second = _comparable(one), _comparable(other)
    if _IN_A_TAG.fullmatch(one) or _IN_A_TAG.fullmatch(other):
        first, second = first[:_TO_THE_SECOND], second[:_TO_THE_SECOND]
    return bool(first and second) and first < second


def _comparable(time: str) -> str:
    """Return a text that sorts by time; empty if it is not a time in UTC."""
    if found := _UTC.fullmatch(time):
        return found[1]
    found = _IN_A_TAG.fullmatch(time)
    if found is None:
        return ""
    month, day, year, hour, rest, half = found.groups()
    hours = int(hour) % 12 + (12 if half == "PM" else 0)
    return f"{year}-{int(month):02}-{int(day):02}T{hours:02}:{rest}"
