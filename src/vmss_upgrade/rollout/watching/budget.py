"""The budget of requests that all clients of a subscription share: how fast to ask, not knowing how many they are.

Azure counts in token buckets, and shows in each answer what is left in those that the request has spent. Two sights of
a bucket give the rate at which all clients together spend it. That rate, divided by the one that the bucket allows at
its level, is the factor by which all of them are too fast, or too slow: each multiplies its own interval by it, and
their sum comes right at once, however many they are. A bucket that is nearly full slows nobody down, so that a rollout
alone never waits.

Sources: "Throttling limits for Virtual Machines and Virtual Machine Scale Sets", "Understand how Azure Resource Manager
throttles requests".
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from hashlib import sha256

READS = "subscription-reads"
LISTS = "HighCostGetVMScaleSetSubscriptionMaximum"
# Azure's name of a bucket -> the tokens that it holds at most, and gets per minute
PUBLISHED = {
    READS: (250, 1500),
    "GetVMScaleSetSubscriptionMaximum": (2400, 800),
    LISTS: (1080, 360),
    "VMScaleSetVMViewsSubscriptionMaximum": (30_000, 10_000),
    "GetVMScaleSetVMSubscriptionMaximum": (6000, 2000),
    "GetOperationSubscriptionMaximum": (15_000, 5000),
    "HighCostGetSubscriptionMaximum": (900, 300),
    "LowCostGetSubscriptionMaximum": (24_000, 8000),
}
# Shares of a full bucket. Rollouts keep it half full, so that other tools, which may not be as patient, find enough.
# Below a tenth even what is due waits: that is left to the others.
NEARLY_FULL, STEADY, LEFT_FOR_OTHERS = 0.9, 0.5, 0.1
# Looks keep the bucket of lists fuller: above what a batch needs to start, or they would spend what it starts with.
# That of reads is small: it must last while many come back at once after a 429.
STEADY_LISTS, STEADY_READS = 0.85, 0.9
LEAST_ALLOWED = 0.2  # of the refill
STEEPNESS = 1.5  # by how much more of the refill a full bucket allows than an empty one
MOST_OVERDUE = 2.0  # seconds by which that delays what is due: a batch that is away is looked at once a minute
# Bounds of the factor: slower at once, but faster again little by little, or all would rush. The small bucket of reads
# would swing between full and empty if a crowd were as fast there as elsewhere.
MOST_SLOWER, MOST_FASTER, READS_FASTER, FASTER_WHEN_LOW = 8.0, 0.5, 0.85, 0.8
FIRST_INTERVAL = 1.0  # seconds between two requests, before the factor, where there was no need of an interval
LEAST_INTERVAL, LONGEST_INTERVAL = 0.1, 400.0  # a thousand clients of one list bucket; no wait is longer than twice it
EVENING_OUT = 10_000  # each client's rate grows by this part of the refill, so that slow ones catch up with fast ones
WHEN_EMPTY = 30.0  # seconds between two requests, at least, once nothing was left: all come back one by one
MEASURED_OVER = 20.0  # seconds
MOST_COUNTED = 90.0  # seconds of one wait after a 429, so that a long one alone does not look like a crowd
AMONG_OTHERS = 50.0  # seconds that reads wait for their budget, 429s aside, if some two hundred begin together
FROM_FULL = 1.0  # seconds in which the bucket became what it is at the first sight: others may have begun with us


class Ask(Enum):
    """What is asked of Azure. The value: how much longer than the bucket's interval it waits."""

    READ = 1.0
    LOOK = 0.7  # it shows what everything waits for
    POLL = 2.0  # a late one costs no more than its delay
    AT_ONCE = 0.0  # between a look and the write that it allows
    WRITE = -1.0  # never waits: what was checked before it must still be true, and a rollout has few


_LIKE = {Ask.AT_ONCE: Ask.READ}  # spends the same buckets
_KEPT = {LISTS: (STEADY_LISTS, MOST_FASTER), READS: (STEADY_READS, READS_FASTER)}


class SharedBucket:
    """A bucket that others spend, too: `burst` tokens at most, refilled by `per_minute`, kept at the share `steady`.
    `fastest`: the least factor of the interval at a sight of more than `steady`.

    `load`: what all clients spent together a moment ago, as a multiple of the refill. `is_scarce`: it has been less
    than half full.
    """

    def __init__(
        self, *, burst: float, per_minute: float, steady: float = STEADY, fastest: float = MOST_FASTER
    ) -> None:
        self._burst = burst
        self._refill = per_minute / 60
        self._steady = steady
        self._fastest = fastest
        self._level = burst
        self._at: float | None = None
        self._load_since = (burst, 0.0)
        self.interval = 0.0
        self.load = 1.0
        self.is_scarce = False

    @property
    def fullness(self) -> float:
        """The share of the bucket that the latest answer showed to be left."""
        return self._level / self._burst

    def is_low(self, now: float) -> bool:
        """Return whether there is no more than what is left to others, if all go on as when it was looked at last."""
        gained = max(0.0, 1 - self.load) * self._refill * (now - self._at) if self._at is not None else 0.0
        return self._level + gained < LEFT_FOR_OTHERS * self._burst

    def see(self, level: float, now: float) -> None:
        """Take in that Azure shows `level` tokens."""
        level = min(level, self._burst)
        elapsed = FROM_FULL if self._at is None else now - self._at
        if elapsed > 0:
            self._adapt(level, elapsed)
        self._measure(level, now)
        self.is_scarce |= level < STEADY * self._burst
        self._level, self._at = level, now

    def _measure(self, level: float, now: float) -> None:
        """Measure the load, over long enough that single requests make no difference."""
        if self._at is None:
            self._load_since = (self._burst, now - FROM_FULL)
        before, since = self._load_since
        if now - since >= MEASURED_OVER:
            self.load = 1 + (before - level) / (now - since) / self._refill
            self._load_since = (level, now)

    def _adapt(self, level: float, elapsed: float) -> None:
        """Change the interval by what all clients have spent since the sight before. A sight that follows before an
        interval has passed counts for a part, because what others made of the one before does not show yet.
        """
        spent = self._refill + (self._level - level) / elapsed
        least = self._fastest if level > self._steady * self._burst else FASTER_WHEN_LOW
        factor = least if level >= NEARLY_FULL * self._burst else spent / self._allowed(level)
        part = min(1.0, elapsed / self.interval) if self.interval else 1.0
        factor = min(max(factor, least), MOST_SLOWER) ** part
        interval = max(self.interval, FIRST_INTERVAL) * factor if factor > 1 else self.interval * factor
        interval /= 1 + part * interval * self._refill / EVENING_OUT
        if level < 1:
            interval = max(interval, WHEN_EMPTY)
        self.interval = min(interval, LONGEST_INTERVAL) if interval >= LEAST_INTERVAL else 0.0

    def _allowed(self, level: float) -> float:
        """Return how many tokens per second all clients may spend: the refill at the steady level, more above."""
        return self._refill * max(LEAST_ALLOWED, 1 + STEEPNESS * (level / self._burst - self._steady))

    def wait(self, times: float, now: float) -> float:
        """Return the seconds from `now` until so many intervals after the latest sight."""
        return 0.0 if self._at is None else max(0.0, self.interval * times - (now - self._at))


class Budget:
    """All shared buckets of one scale set's subscription and region. What a kind of request spends is learnt from its
    answers. `seed`: the scale set's id, by which jobs that began together drift apart. `waited`: the seconds that
    requests have waited for it so far, and after 429s, at most MOST_COUNTED for each.
    """

    def __init__(self, seed: str) -> None:
        self.waited = 0.0
        self._seed = seed
        self._drawn = 0
        self._waited_after_429s = 0.0
        self._looks_only_when_due = False
        self._buckets: dict[str, SharedBucket] = {}
        self._spent_by: dict[Ask, set[str]] = {}

    def learn(self, ask: Ask, levels: Mapping[str, float], now: float) -> None:
        """Take in what the answer to such a request shows is left, by Azure's names."""
        for name in levels.keys() & PUBLISHED.keys():
            burst, per_minute = PUBLISHED[name]
            steady, fastest = _KEPT.get(name, (STEADY, MOST_FASTER))
            new = SharedBucket(burst=burst, per_minute=per_minute, steady=steady, fastest=fastest)
            bucket = self._buckets.setdefault(name, new)
            bucket.see(levels[name], now)
            self._spent_by.setdefault(_LIKE.get(ask, ask), set()).add(name)

    def wait(self, ask: Ask, now: float, due: float = float("inf")) -> float:
        """Return the seconds to wait before such a request: not longer than until it is `due`, unless it might be
        refused.
        """
        if ask is Ask.WRITE:
            return 0.0
        buckets = [self._buckets[name] for name in self._spent_by.get(_LIKE.get(ask, ask), ())]
        low = [bucket for bucket in buckets if bucket.is_low(now)]
        forced = min(max((bucket.wait(1.0, now) for bucket in low), default=0.0), max(0.0, due - now) + MOST_OVERDUE)
        times = ask.value * (0.5 + self._draw())
        wanted = max((bucket.wait(times, now) for bucket in buckets), default=0.0)
        are_lists_short = self._looks_only_when_due or (self.lists is not None and self.lists.is_scarce)
        if ask is Ask.LOOK and due < float("inf") and are_lists_short:
            wanted = due - now  # what frequent looks would spend is for those that wait to begin
        return max(forced, min(wanted, max(0.0, due - now)))

    def count_refusal(self, seconds: float) -> None:
        """Count a wait after a 429, but none for more than MOST_COUNTED: Azure chooses its length, which shows less of
        how many clients there are than a wait for the budget does.
        """
        self.waited += min(seconds, MOST_COUNTED)
        self._waited_after_429s += min(seconds, MOST_COUNTED)

    def save_looks_in_a_crowd(self) -> None:
        """Look only when it is due from now on, if the waits show that many begin now: the lists are for them all."""
        self._looks_only_when_due = self.waited - self._waited_after_429s > AMONG_OTHERS

    def begin_anew(self) -> None:
        """Forget how seldom to ask: that was seen before a long wait, among others that began in the same second."""
        for bucket in self._buckets.values():
            bucket.interval = 0.0

    @property
    def lists(self) -> SharedBucket | None:
        """The bucket of lists of instances; None where no answer has shown it."""
        return self._buckets.get(LISTS)

    @property
    def reads(self) -> SharedBucket | None:
        """Resource Manager's bucket of reads; None where no answer has shown it."""
        return self._buckets.get(READS)

    def spread(self) -> float:
        """Return a number from 0 to 1, the next of a row that is this scale set's own: jobs that were asked to wait
        at the same time come back one after the other.
        """
        return self._draw()

    def _draw(self) -> float:
        self._drawn += 1
        digest = sha256(f"{self._seed.lower()} {self._drawn}".encode()).digest()
        return int.from_bytes(digest[:4], "big") / 2**32
