"""The pace of requests to Azure, inside its published limits, and of batches, by what they have taken so far.

Source: "Throttling limits for Virtual Machines and Virtual Machine Scale Sets" (token buckets per minute): an
expanded instance list spends the set's own bucket HighCostGetVMScaleSetResource (10 a minute, burst 30), one per
page; the status of an asynchronous operation has 15 a minute, burst 45, per operation.
"""

from __future__ import annotations

from collections.abc import Sequence

from vmss_upgrade.rollout.model import HealthSignal
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.zero_downtime.drain import BURST, WRITES_PER_MINUTE

FAST_POLL = 2.0  # seconds between polls of an operation while its burst lasts
STEADY_POLL = 4.0  # after that: 15 a minute
LONGEST_POLL = 60.0  # no Retry-After on a poll is obeyed beyond this
LOOK_SOON = 1.5  # seconds between looks at the instances, per page of the list, while the bucket is nearly full
LOOK_PER_PAGE = 3.5  # and after that
NEARLY_FULL = 20.0  # tokens
LOOK_WHILE_BAKING = 7.0  # per page; slower than the bucket fills, so that it does fill
LOOK_DURING_OPERATION = 60.0  # a look now and then shows progress and trouble elsewhere
# Seconds that Azure takes to give a batch its new disks and start it, roughly; nobody promises any.
QUICK_BATCH, SLOW_BATCH = 3 * 60.0, 10 * 60.0
SPARE = 1.0  # tokens left for other readers of this scale set


class TokenBucket:
    """A bucket as Azure keeps it: `burst` tokens at most, refilled by `per_minute`. Times in seconds."""

    def __init__(self, *, burst: float, per_minute: float) -> None:
        self._burst = burst
        self._per_second = per_minute / 60
        self._tokens = burst
        self._at: float | None = None

    def spend(self, tokens: float, now: float) -> None:
        """Take `tokens` at `now`; may go below zero, which only makes the next wait longer."""
        self._tokens = self.level(now) - tokens
        self._at = now

    def observe(self, remaining: float, now: float) -> None:
        """Believe Azure, which says that `remaining` are left, if that is less than was counted."""
        self._tokens = min(self.level(now), remaining)
        self._at = now

    def level(self, now: float) -> float:
        """Return how many tokens are in the bucket at `now`."""
        elapsed = 0.0 if self._at is None else now - self._at
        return min(self._burst, self._tokens + elapsed * self._per_second)

    def wait_for(self, tokens: float, now: float) -> float:
        """Return the seconds from `now` until `tokens` and the spare are there, or the bucket is full."""
        missing = min(tokens + SPARE, self._burst) - self.level(now)
        return max(0.0, missing / self._per_second)


def operation_bucket() -> TokenBucket:
    """Return the bucket of one asynchronous operation's status."""
    return TokenBucket(burst=45, per_minute=15)


def instance_list_bucket() -> TokenBucket:
    """Return the bucket of one scale set's expanded instance list."""
    return TokenBucket(burst=30, per_minute=10)


def instance_write_bucket() -> TokenBucket:
    """Return the bucket of the writes of one scale set's instances, run commands included."""
    return TokenBucket(burst=BURST, per_minute=WRITES_PER_MINUTE)


def instance_read_bucket() -> TokenBucket:
    """Return the bucket of the reads of one scale set's single instances."""
    return TokenBucket(burst=36, per_minute=12)


def pause_between_looks(pages: int) -> float:
    """Return the seconds between two looks at the instances while Azure's operation runs."""
    return max(LOOK_DURING_OPERATION, 2 * LOOK_WHILE_BAKING * pages)


def look_interval(pages: int, bucket: TokenBucket, now: float) -> float:
    """Return the seconds until the next look at the instances while they are getting ready."""
    return (LOOK_SOON if bucket.level(now) - pages >= NEARLY_FULL else LOOK_PER_PAGE) * pages


def poll_delay(bucket: TokenBucket, asked: float | None, now: float) -> float:
    """Return the seconds until the next poll: what Azure asks for (bounded), else fast while the burst lasts."""
    if asked is not None:
        return min(max(asked, FAST_POLL), LONGEST_POLL)
    return FAST_POLL if bucket.wait_for(1, now + FAST_POLL) == 0 else STEADY_POLL


def expected_end(now: float, taken: Sequence[float], left: int) -> float:
    """Return the end of `left` more batches, if they take as long as those before them did on average."""
    return now + left * sum(taken) / len(taken)


def fits(now: float, taken: Sequence[float], timeout: float) -> bool:
    """Return whether one more batch ends before `timeout`, even if it takes as long as the longest before it.

    True if there is nothing to go by yet.
    """
    return not taken or now + max(taken) <= timeout


def predicted_duration(taken: Sequence[float], policy: Policy, signal: HealthSignal) -> float:
    """Return how long one more batch takes if it is as slow as the slowest before it; of a first one, an assumption."""
    drained = policy.drain.timeout if policy.drain else 0.0
    return min(max(taken, default=SLOW_BATCH + policy.bake_time_for(signal) + drained), policy.batch_timeout + drained)
