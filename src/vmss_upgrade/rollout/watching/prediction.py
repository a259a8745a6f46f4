"""Prediction of a rollout's end, by what its batches have taken so far. Times in seconds since the rollout began."""

from __future__ import annotations

from collections.abc import Sequence


def expected_end(now: float, taken: Sequence[float], left: int) -> float:
    """Return the end of `left` more batches, if they take as long as those before them did on average."""
    return now + left * sum(taken) / len(taken)


def fits(now: float, taken: Sequence[float], timeout: float) -> bool:
    """Return whether one more batch ends before `timeout`, even if it takes as long as the longest before it.

    True if there is nothing to go by yet.
    """
    return not taken or now + max(taken) <= timeout
