"""Durations and names for people: in words, in a row, in natural order."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

LONGEST_NUMBER = 20  # digits; what is longer counts as a name, also because Python reads no number of 5000 digits


def listed(names: Iterable[str], limit: int = 12) -> str:
    """Join the names with commas; of more than `limit`, name the first ones and say how many more there are."""
    items = list(names)
    shown = ", ".join(items[:limit])
    return shown if len(items) <= limit else f"{shown} and {len(items) - limit} more"


def some(names: Iterable[str]) -> str:
    """Join up to 20 of the names: for a sentence about a whole plan."""
    return listed(names, limit=20)


def clause(text: str) -> str:
    """Return the text without a full stop at its end, so that a sentence can go on after it."""
    return text.rstrip(".")


def sentence(text: str) -> str:
    """Return the text with one full stop at its end, whether Azure gave it one or not."""
    return f"{clause(text)}."


def duration(seconds: float) -> str:
    """Put seconds into words: 45s, 3m05s, 1h02m."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"


def numbers(first: int, last: int) -> str:
    """Return `3`, `3 and 4`, or `3 to 5`."""
    between = " and " if last - first == 1 else " to "
    return str(first) if first == last else f"{first}{between}{last}"


def about(seconds: float) -> str:
    """Put a stretch of time that nobody knows exactly into words: 40 s, 15 min, 2h05m."""
    if round(seconds) < 60:
        return f"{round(seconds)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else duration(minutes * 60)


def instances_named(ids: Iterable[str], limit: int = 12) -> str:
    """Return `instance 5`, or `instances 1, 9`."""
    items = list(ids)
    return f"{'instance' if len(items) == 1 else 'instances'} {listed(items, limit)}"


@lru_cache(maxsize=4096)  # every list that is read is put in this order, with the same ids
def in_natural_order(instance_id: str) -> tuple[int, int | str]:
    """Return the sort key of an instance id: numbers by value, names after them."""
    is_number = instance_id.isdecimal() and len(instance_id) <= LONGEST_NUMBER
    return (0, int(instance_id)) if is_number else (1, instance_id)
