"""Patience after Azure said no: whether to wait, and how long. All waits are bounded, shown and interruptible."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vmss_upgrade.errors import LEAST_WAIT, AzureError, Trouble

# trouble -> (first wait, longest wait, all waits together, in seconds; tries, whatever wait Azure asks for)
_BOUNDS = {
    # a conflict follows a model update and is over within seconds; somebody else's change may take minutes
    Trouble.CONFLICT: (5.0, 30.0, 15 * 60.0, 90),
    # Azure has been seen to ask for 120 s and for 1200 s (Azure/azure-rest-api-specs#270)
    Trouble.THROTTLED: (15.0, 1200.0, 60 * 60.0, 240),
    Trouble.UNCERTAIN: (2.0, 30.0, 10 * 60.0, 60),
    # of two equal calls one finds a front end that knows the version (wire facts)
    Trouble.VERSION_UNKNOWN: (2.0, 30.0, 10 * 60.0, 60),
    # after that, the instances show more than the operation will
    Trouble.NO_RECORD: (2.0, 30.0, 2 * 60.0, 30),
    # an instance that is being deleted can stay listed for as long as that takes (recorded: 1 to 26 s)
    Trouble.GONE: (5.0, 30.0, 5 * 60.0, 60),
}
MOST_SPREAD = 0.5  # of a wait: many who were refused at once come back one after the other


@dataclass(frozen=True, slots=True)
class Patience:
    """How much waiting one call has seen. `after` gives the next wait and the patience that is left.

    `read_again` counts the tries that needed no wait, only a fresh read.
    """

    tries: int = 0
    read_again: int = 0
    waited: float = 0.0

    def after(self, error: AzureError, spread: float = 0.0) -> tuple[float, Patience] | None:
        """Return the seconds to wait before the next try; None when waiting cannot help, or has been long enough.

        `spread`, from 0 to 1, lengthens the wait by a part of MOST_SPREAD.
        """
        bounds = _BOUNDS.get(error.trouble)
        if bounds is None:
            return None
        first, longest, _, tries = bounds
        asked = error.retry_after
        wait = min(asked, longest) if asked and asked >= LEAST_WAIT else min(first * 2**self.tries, longest)
        wait = min(wait * (1 + MOST_SPREAD * spread), max(wait, self.left(error)))
        if wait > self.left(error) or self.tries >= tries:
            return None
        return wait, replace(self, tries=self.tries + 1, waited=self.waited + wait)

    def left(self, error: AzureError) -> float:
        """Return the seconds of waiting that such an error may still cost; 0 if waiting cannot help."""
        bounds = _BOUNDS.get(error.trouble)
        return max(0.0, bounds[2] - self.waited) if bounds else 0.0
