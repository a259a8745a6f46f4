"""Which rolling upgrade is this run's own: only that one is ever cancelled."""

from __future__ import annotations

from dataclasses import dataclass

from vmss_upgrade.rollout.native.roll import NO_POLICY, Roll, RollingPolicy, is_new


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
        if self.includes(latest):
            self.seen = latest
            return False
        return self.asked and is_new(latest, self.former) and latest is not None and latest.is_running
