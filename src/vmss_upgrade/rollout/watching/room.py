"""The room that the shared budget has for one more rollout whose instances are away.

A batch that is away is looked at once a minute, and all of them spend one bucket of lists. A run that has begun goes on
with its next batch unless that bucket is about to run low; one that has not begun waits until it shows room. So the
sets that are half-way stay as few as the budget can watch, and are done soon; those that wait have not been touched.

What is judged is the level together with the load: by the level alone, too many would begin before it falls. Where
there is room for some, the scale set's id draws who begins. A run that waits looks the more often the more is left, and
the longer it has waited, for those before it come to their end.
"""

from __future__ import annotations

from vmss_upgrade.rollout.watching.budget import Budget

# Shares of a full bucket of lists. A run begins at once where there is PLENTY, if few began in the same second.
PLENTY, BEGIN = 0.85, 0.5
# A run that has begun goes on at ENOUGH, whatever the load; at GO_ON, if the load is just what Azure refills.
ENOUGH, GO_ON = 0.6, 0.2
AMPLE = 30.0  # seconds; where looks are as frequent, they make room for batches by becoming rarer
STEEPNESS = 2.0  # by how much more load a full bucket admits than an empty one, as a multiple of the refill
SOFTNESS = 0.1  # part of the refill: of the runs that see half of it free, every second one begins
SECOND_LOOK_AFTER = 30.0  # seconds: the load over less time is not known well
LONGEST_PAUSE, SHORTEST_PAUSE = 2400.0, 120.0  # seconds between looks of a run that waits to begin
# Of many that began in the same second, the interval of reads tells how many: each of 25 has one of a second. So many
# begin at once; more begin one by one, so that those who began first show in what is left.
FEW = 10.0  # seconds
ONE_BY_ONE, LEAST_DRAWN = 15.0, 0.1  # the first pause: by how much longer than that interval, and the least part of it
LONG_WAITED = 3600.0  # seconds after which pauses are a quarter as long, and it counts as much as one half-way
PAUSE_HALF_WAY = 120.0  # seconds between looks of a run that waits with its next batch
# The longest waits; after them a run goes on all the same, and looks as often as it can. `timeout` is for the batches.
MOST_OF_TIMEOUT, LONGEST_HOLD = 0.5, 30 * 60.0


class Room:
    """The decisions of one run, from what the latest answers show of `budget`. Nothing shown: there is room."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def is_plenty(self) -> bool:
        """Return whether a run may begin at once."""
        return self._left >= PLENTY and self._crowd <= FEW

    def seems_there(self) -> bool:
        """Return whether there may be room for one more run, which a second look would tell."""
        return self._left >= BEGIN

    def admits_one_more(self, waited: float) -> bool:
        """Return whether a run that has `waited` so long may begin."""
        return self._affords(BEGIN - (BEGIN - GO_ON) * min(1.0, waited / LONG_WAITED))

    def lets_go_on(self) -> bool:
        """Return whether a run that has begun may start its next batch."""
        lists = self._budget.lists
        return lists is None or lists.interval <= AMPLE or self._left >= ENOUGH or self._affords(GO_ON)

    def pause_before_begin(self, waited: float) -> float:
        """Return the seconds until the next look of a run that has `waited` so long and not begun."""
        drawn = self._budget.spread()
        if not waited and self.seems_there():
            return max(SECOND_LOOK_AFTER, ONE_BY_ONE * self._crowd) * (LEAST_DRAWN + drawn)
        pause = max(SHORTEST_PAUSE, LONGEST_PAUSE * (1 - self._left) / (1 + waited / LONG_WAITED) ** 2)
        return pause * (0.5 + drawn if waited else 1.5 * drawn)  # those that began in the same second come evenly

    def pause_half_way(self) -> float:
        """Return the seconds until the next look of a run that has begun."""
        return PAUSE_HALF_WAY * (0.5 + self._budget.spread())

    @property
    def _left(self) -> float:
        return self._budget.lists.fullness if self._budget.lists else 1.0

    @property
    def _crowd(self) -> float:
        return self._budget.reads.interval if self._budget.reads else 0.0

    def _affords(self, needed: float) -> bool:
        """Return whether the load leaves room where a share `needed` of the bucket is left at a load of the refill."""
        lists = self._budget.lists
        if lists is None:
            return True
        return 1 + STEEPNESS * (self._left - needed) - lists.load > SOFTNESS * self._budget.spread()
