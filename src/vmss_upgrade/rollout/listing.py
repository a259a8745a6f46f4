"""Names in a row, for people."""

from __future__ import annotations

from collections.abc import Iterable


def listed(names: Iterable[str], limit: int = 12) -> str:
    """The names with commas between them; of more than `limit` the first, and how many more there are."""
    items = list(names)
    shown = ", ".join(items[:limit])
    return shown if len(items) <= limit else f"{shown} and {len(items) - limit} more"


def some(names: Iterable[str]) -> str:
    """The same for a sentence about a whole plan."""
    return listed(names, limit=20)
