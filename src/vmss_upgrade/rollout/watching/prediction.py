"""When a rollout will end, by what its batches have taken so far. Times in seconds since the rollout began."""

from __future__ import annotations

from collections.abc import Sequence


def expected_end(now: float, taken: Sequence[float], left: int) -> float:
    """The end of `left` more batches, if they take as long as those before them did on average."""
    return now + left * sum(taken) / len(taken)


def fits(now: float, taken: Sequence[float], timeout: float) -> bool:
    """Whether one more batch ends before `timeout`, even if it takes as long as the longest before it.

    True where there is nothing to go by yet.
    """
    return not taken or now + max(taken) <= timeout
