"""Azure's own rolling upgrade: it replaces the set's instances batch by batch.

Recorded: rolling_upgrade_start_cancel_2020, uniform_rolling_upgrade_2023. It visits all instances, also
those that are current. How it divides the set is documented: at most `maxBatchInstancePercent` at a time, at least
one instance.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from azure_simulator.scenario.request_faults import OperationFate
from azure_simulator.state.instances import FOREVER, Instance, Upgrade
from azure_simulator.state.operations import Operation
from azure_simulator.wire.calendar import Calendar
from azure_simulator.wire.errors import refusal
from azure_simulator.wire.set_defaults import POLICY

if TYPE_CHECKING:
    from azure_simulator.state.scale_set import SimulatedScaleSet

# Two instances that were on the newest image already took 121 s (uniform_rolling_upgrade_2023).
SECONDS_PER_BATCH = 60.0


@dataclass(frozen=True, slots=True)
class Turn:
    """The time in which the upgrade visits one instance, infinite for never. `upgrade` None: it replaces nothing."""

    instance: Instance
    started_at: float
    ended_at: float
    upgrade: Upgrade | None


@dataclass(slots=True)
class RollingUpgrade:
    """One rolling upgrade, from start to end. `code`: the status that a scenario gives it; None: the clock decides."""

    calendar: Calendar
    started_at: float
    policy: dict[str, Any] = field(default_factory=lambda: dict(POLICY))
    set_name: str = ""
    turns: Sequence[Turn] = ()
    ended_at: float = 0.0
    cancelled_at: float | None = None
    failed: bool = False
    code: str | None = None

    @classmethod
    def reported(cls, code: str | None, calendar: Calendar) -> "RollingUpgrade | None":
        """Return the one that a scenario describes, a minute old when the simulation begins; None for none."""
        return None if code is None else cls(calendar, -60.0, code=code)

    def running(self, now: float) -> bool:
        """Return whether the upgrade is still replacing instances."""
        return self.state(now) in ("RollingForward", "RollingBack")

    def state(self, now: float) -> str:
        """Return the code of its running status."""
        if self.code is not None:
            return self.code
        if self.cancelled_at is not None:
            return "Cancelled"
        if now < self.ended_at:
            return "RollingForward"
        return "Faulted" if self.failed else "Completed"

    def cancel(self, now: float) -> None:
        """End the upgrade at once. Instances that are being replaced go on; no other one begins."""
        self.cancelled_at = self.ended_at = now
        self.code = None
        for turn in self.turns:
            if turn.started_at > now and turn.upgrade in turn.instance.upgrades:
                turn.instance.upgrades.remove(turn.upgrade)

    def is_cut_short(self, turn: Turn) -> bool:
        """Return whether a cancellation came in the middle of a turn: Azure counts it as failed (recorded 2023-03)."""
        return self.cancelled_at is not None and turn.started_at <= self.cancelled_at < turn.ended_at

    def state_of(self, turn: Turn, until: float) -> str:
        """Return how Azure counts one instance at this moment."""
        if turn.started_at > until:
            return "pending"
        if self.is_cut_short(turn):
            return "failed"
        if until < turn.ended_at:
            return "inProgress"
        # A failed upgrade has failed at all the instances that it replaced.
        return "failed" if self.state(until) == "Faulted" else "successful"


def start(scale_set: "SimulatedScaleSet", now: float, api_version: str, fate: OperationFate | None) -> Operation:
    """Start a rolling upgrade: all instances, batch after batch. One that is to fail does so in its first batch.

    Raises Refusal 409 for a write at the same time.
    """
    if scale_set.operations.any_running(now):
        raise refusal("conflict")
    policy = {**POLICY, **(scale_set.json["properties"].get("upgradePolicy", {}).get("rollingUpgradePolicy") or {})}
    rolling = RollingUpgrade(scale_set.calendar, now, policy, scale_set.name)
    due = [each for each in scale_set.present(now) if not each.protected]
    rolling.failed = fate is not None and fate.failure is not None
    parts = _batches(len(due), int(policy["maxBatchInstancePercent"]))[: 1 if rolling.failed else None]
    seconds = SECONDS_PER_BATCH if fate is None or fate.seconds is None else fate.seconds / max(1, len(parts))
    turns = [
        _turn(scale_set, due[position], scale_set.is_stale(due[position], now), now + number * seconds, seconds)
        for number, batch in enumerate(parts)
        for position in batch
    ]
    never = [Turn(instance, FOREVER, FOREVER, None) for instance in due[len(turns) :]]
    rolling.turns, rolling.ended_at = [*turns, *never], now + len(parts) * seconds
    scale_set.rolling = rolling
    return scale_set.operations.start(now, api_version, lambda: rolling.ended_at, fate=fate)


def _turn(scale_set: "SimulatedScaleSet", instance: Instance, stale: bool, starts: float, seconds: float) -> Turn:
    """Return the turn of one instance; one that is current is only visited."""
    upgrade = scale_set.replacement(starts, starts + seconds) if stale else None
    if upgrade is not None:
        instance.upgrades.append(upgrade)
    return Turn(instance, starts, starts + seconds, upgrade)


def find_running(scale_set: "SimulatedScaleSet", now: float) -> RollingUpgrade:
    """Return the rolling upgrade to cancel. Raises Refusal 409 when none runs."""
    if scale_set.rolling is None or not scale_set.rolling.running(now):
        raise refusal("nothing-to-cancel")
    return scale_set.rolling


def cancel(
    scale_set: "SimulatedScaleSet",
    rolling: RollingUpgrade,
    now: float,
    api_version: str,
    fate: OperationFate | None,
) -> Operation:
    """Cancel a rolling upgrade.

    Its own operation and that of the cancellation both end Succeeded (rolling_upgrade_start_cancel_2020).
    """
    rolling.cancel(now)
    return scale_set.operations.start(now, api_version, lambda: rolling.ended_at, fate=fate)


def _batches(count: int, percent: int) -> list[range]:
    """Return the positions of `count` instances in batches of at most `percent` of them, at least one each."""
    size = max(1, math.floor(count * percent / 100))
    return [range(first, min(first + size, count)) for first in range(0, count, size)]
