"""The room that the shared budget has for one more rollout whose instances are away.

A batch that is away is looked at once a minute, and all of them spend one bucket of lists. A run that has begun goes on
with its next batch unless that bucket is about to run low; one that has not begun waits until it shows room. So the
sets that are half-way stay as few as the budget can watch, and are done soon; those that wait have not been touched.

Of many that began in the same second, the reads wait for their budget, and the longer, the more there are. Then each
draws by its scale set's id when it begins, within the time for which the lists of all must last, so that few look in
vain. Then the level decides, together with the load since its look before: by the level alone, too many would begin
before it falls, and too few while it rises.
"""

from __future__ import annotations

from vmss_upgrade.rollout.watching.budget import Budget

# Shares of a full bucket of lists: a run begins at once, begins after a wait, and goes on with its next batch.
PLENTY, BEGIN, GO_ON = 0.75, 0.55, 0.3
# Seconds that a run's reads wait for their budget: less among three hundred, which the lists can watch; and the time
# within which a crowd begins, as a multiple of that, and at most: that of a thousand.
NO_CROWD, CROWD_TAKES, LONGEST_DRAWN = 150.0, 20.0, 4000.0
# Seconds between looks of a run that waits: where nothing is left, and where nearly enough is.
LONGEST_PAUSE, SHORTEST_PAUSE = 600.0, 120.0
STEEPNESS = 2.0  # by how much more load since its look before a full bucket admits than an empty one, in refills
PAUSE_HALF_WAY = 120.0  # seconds between looks of a run that waits with its next batch
# The longest waits; after them a run goes on all the same, and looks as often as it can. `timeout` is for the batches.
MOST_OF_TIMEOUT, LONGEST_HOLD = 0.5, 30 * 60.0


class Room:
    """The decisions of one run, from what the latest answers show of `budget`. Nothing shown: there is room."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        takes = min(CROWD_TAKES * budget.waited, LONGEST_DRAWN) if budget.waited > NO_CROWD else 0.0
        self._turn = max(0.0, takes * budget.spread() - budget.waited)

    def is_plenty(self) -> bool:
        """Return whether a run may begin at once."""
        return self._left >= PLENTY and not self._turn

    def admits_one_more(self) -> bool:
        """Return whether a run that has waited may begin."""
        return self._affords(BEGIN)

    def lets_go_on(self) -> bool:
        """Return whether a run that has begun may start its next batch."""
        return self._affords(GO_ON)

    def first_pause(self) -> float:
        """Return the seconds until the first look of a run that may not begin at once."""
        return self._turn or self.next_pause()

    def next_pause(self) -> float:
        """Return the seconds until the next look of a run that has waited and may not begin yet."""
        return max(SHORTEST_PAUSE, LONGEST_PAUSE * (1 - self._left)) * (0.5 + self._budget.spread())

    def pause_half_way(self) -> float:
        """Return the seconds until the next look of a run that has begun."""
        return PAUSE_HALF_WAY * (0.5 + self._budget.spread())

    @property
    def _left(self) -> float:
        return self._budget.lists.fullness if self._budget.lists else 1.0

    def _affords(self, needed: float) -> bool:
        """Return whether the load leaves room where a share `needed` of the bucket is left at a load of the refill."""
        lists = self._budget.lists
        return lists is None or lists.load <= 1 + STEEPNESS * (self._left - needed)
