"""Which rolling upgrade is this run's own: only that one is ever cancelled."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from vmss_upgrade.rollout.native.roll import NO_POLICY, Roll, RollingPolicy, is_new


class OwnState(Enum):
    """What a read of `latest` shows of the rolling upgrade of this run."""

    AT_WORK = auto()
    ENDED = auto()
    UNCLEAR = auto()  # nothing of it, or no code: the read may lag, or lack something


@dataclass(slots=True)
class OwnRoll:
    """The rolling upgrade that a write of this run starts. `former`: the latest one just before the write; `asked`: the
    write was sent; `seen`: ours, as it was read last.
    """

    policy: RollingPolicy = NO_POLICY
    former: Roll | None = None
    asked: bool = False
    seen: Roll | None = None

    def includes(self, latest: Roll | None) -> bool:
        """Return whether `latest` is ours: it began after the write was sent, by the policy of the model."""
        if latest is None or not self.asked:
            return False
        if self.seen is not None:
            return latest.is_same(self.seen)
        return is_new(latest, self.former) and self.policy.agrees_with(latest.policy)

    def take(self, latest: Roll | None) -> bool:
        """Note how ours stands. Return True if another one has begun instead."""
        if latest is None:
            return False
        if self.includes(latest):
            if self.seen is None or latest.word:
                self.seen = latest
            return False
        return self.asked and is_new(latest, self.seen or self.former) and latest.is_running

    def state_in(self, latest: Roll | None) -> OwnState:
        """Return what `latest` shows of ours. A newer one shows that it has ended: only one can be at work."""
        if latest is None or not self.includes(latest):
            return OwnState.ENDED if self.seen is not None and is_new(latest, self.seen) else OwnState.UNCLEAR
        if latest.is_running:
            return OwnState.AT_WORK
        return OwnState.ENDED if latest.has_ended else OwnState.UNCLEAR
