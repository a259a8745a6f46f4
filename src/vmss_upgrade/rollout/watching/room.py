"""The room that the shared budget has for one more rollout whose instances are away.

A batch that is away is looked at once a minute, and all of them spend one bucket of lists. A run that has begun goes on
with its next batch unless that bucket is about to run low; one that has not begun waits until it shows room. So the
sets that are half-way stay as few as the budget can watch, and are done soon; those that wait have not been touched.

Of many that began in the same second, the reads wait for their budget, one run after the other, so how long they waited
shows a run its place. The first ones, as many as the lists can watch, begin at once. Each of the others belongs to a
later round, and looks for room when the rollouts of the round before it should be done. Then the level decides, and the
load since its look before: by the level alone, too many would begin before it falls, and too few while it rises.
"""

from __future__ import annotations

from vmss_upgrade.rollout.watching.budget import Budget

# Shares of a full bucket of lists: a run begins at once, begins after a wait, and goes on with its next batch.
PLENTY, BEGIN, GO_ON = 0.75, 0.55, 0.3
# A later round needs LESS after each look in vain, and LEAST in the end: else a few begin long after all others.
LESS, LEAST = 0.1, 0.35
STEEPNESS = 2.0  # by how much more load since its look before a full bucket admits than an empty one, in refills
# Seconds that a run's reads have waited for their budget, at most, if it belongs to the first round, which begins at
# once, and to the second. Of those that waited longer, this share belongs to the second, too; the others are the third.
FIRST_ROUND, SECOND_ROUND, STILL_SECOND = 300.0, 360.0, 0.4
BATCH_TAKES = 290.0  # seconds of a batch among many others, without its bake time
ROUND_BEGINS_WITHIN = 0.24  # of the time that a rollout takes
# Seconds between looks of a run that waits: where nothing is left, and where nearly enough is.
LONGEST_PAUSE, SHORTEST_PAUSE = 300.0, 120.0
PAUSE_HALF_WAY = 120.0  # seconds until the first look of a run that waits with its next batch
# The longest waits; after them a run goes on all the same, and looks as often as it can. `timeout` is for the batches.
MOST_OF_TIMEOUT, LONGEST_HOLD = 0.5, 30 * 60.0


class Room:
    """The decisions of one run, from what the latest answers show of `budget`. Nothing shown: there is room, except for
    a run whose waits show that it belongs to a later round.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def is_plenty(self) -> bool:
        """Return whether a run may begin at once."""
        return self._left >= PLENTY and self._budget.waited <= FIRST_ROUND

    def turn(self, takes: float, longest: float) -> float:
        """Return the seconds from the start of a run to its first look for room, at most `longest`, if its rollout
        takes so many; 0 in the first round.
        """
        waited = self._budget.waited
        if waited <= FIRST_ROUND:
            return 0.0
        is_third = waited > SECOND_ROUND and self._budget.spread() >= STILL_SECOND
        round_takes = min(takes, longest / (2 + ROUND_BEGINS_WITHIN))
        return round_takes * (1 + is_third + ROUND_BEGINS_WITHIN * self._budget.spread())

    def admits_one_more(self, looks: int) -> bool:
        """Return whether a run that has waited may begin, after so many looks in vain."""
        late = looks if self._budget.waited > FIRST_ROUND else 0
        return self._affords(max(BEGIN - LESS * late, LEAST))

    def lets_go_on(self) -> bool:
        """Return whether a run that has begun may start its next batch."""
        return self._affords(GO_ON)

    def next_pause(self) -> float:
        """Return the seconds until the next look of a run that has waited and may not begin yet."""
        return max(SHORTEST_PAUSE, LONGEST_PAUSE * (1 - self._left)) * (0.5 + self._budget.spread())

    def pause_half_way(self, looks: int) -> float:
        """Return the seconds until the next look of a run that waits with its next batch, after so many looks: more
        each time, since a short shortage ends soon, and a long one must not be made worse.
        """
        return PAUSE_HALF_WAY * (1 + looks) * (0.5 + self._budget.spread())

    @property
    def _left(self) -> float:
        return self._budget.lists.fullness if self._budget.lists else 1.0

    def _affords(self, needed: float) -> bool:
        """Return whether the load leaves room where a share `needed` of the bucket is left at a load of the refill."""
        lists = self._budget.lists
        return lists is None or lists.load <= 1 + STEEPNESS * (self._left - needed)
