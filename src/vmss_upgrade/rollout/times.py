"""Points in time as Azure writes them. Only compared with each other: the runner's clock may show another time."""

from __future__ import annotations

import re

_UTC = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)(?:Z|\+00:00)", re.ASCII)


def is_earlier(one: str, other: str) -> bool:
    """Return whether `one` is before `other`; False where either cannot be read as a time in UTC."""
    first, second = _UTC.fullmatch(one), _UTC.fullmatch(other)
    return first is not None and second is not None and first[1] < second[1]
