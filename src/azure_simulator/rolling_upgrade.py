"""Azure's own rolling upgrade: the set's instances replaced batch by batch, and its status.

Recorded: rolling_upgrade_start_cancel_2020, uniform_rolling_upgrade_2023. It goes through all instances, those
that are current too. How it divides the set is documented: at most `maxBatchInstancePercent` at a time, at least
one instance.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from azure_simulator.clock import Calendar
from azure_simulator.fleet import Instance, Upgrade

POLICY = {
    "maxBatchInstancePercent": 20,
    "maxUnhealthyInstancePercent": 20,
    "maxUnhealthyUpgradedInstancePercent": 20,
    "pauseTimeBetweenBatches": "PT0S",
}


def policy_shown(policy: dict[str, Any], api_version: str) -> dict[str, Any]:
    """A policy with all that Azure shows of one (recorded: 2023-03 and earlier)."""
    newer = {"maxSurge": False, "rollbackFailedInstancesOnPolicyBreach": False}
    return {**POLICY, **(newer if api_version >= "2022-08-01" else {}), **policy}


# Two instances that were on the newest image already took 121 s (uniform_rolling_upgrade_2023).
SECONDS_A_BATCH = 60.0
_CANCELLED = {
    "code": "RollingUpgradeCanceled",
    "message": "Rolling Upgrade failed as upgrade was canceled while it was in progress.",
}


@dataclass(frozen=True, slots=True)
class Turn:
    """When the upgrade works on one instance, infinite for never. `upgrade` None: there is nothing to replace."""

    instance: Instance
    started_at: float
    ended_at: float
    upgrade: Upgrade | None


@dataclass(slots=True)
class RollingUpgrade:
    """One rolling upgrade, from its start to its end. `code` None: by the clock; else what a scenario says."""

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
        """The one that a scenario tells of, a minute old when the simulation begins; None for none."""
        return None if code is None else cls(calendar, -60.0, code=code)

    def running(self, now: float) -> bool:
        return self.state(now) in ("RollingForward", "RollingBack")

    def state(self, now: float) -> str:
        """The code of its running status."""
        if self.code is not None:
            return self.code
        if self.cancelled_at is not None:
            return "Cancelled"
        if now < self.ended_at:
            return "RollingForward"
        return "Faulted" if self.failed else "Completed"

    def cancel(self, now: float) -> None:
        """End it at once. What it does to an instance goes on; no other is begun."""
        self.cancelled_at = self.ended_at = now
        self.code = None
        for turn in self.turns:
            if turn.started_at > now and turn.upgrade in turn.instance.upgrades:
                turn.instance.upgrades.remove(turn.upgrade)

    def json(self, location: str, now: float, api_version: str) -> dict[str, Any]:
        """`rollingUpgrades/latest`: it has neither an id nor a name."""
        cancelled = self.cancelled_at is not None
        acted_at = self.started_at if self.cancelled_at is None else self.cancelled_at
        properties: dict[str, Any] = {
            "policy": policy_shown(self.policy, api_version),
            "runningStatus": {
                "code": self.state(now),
                "startTime": self.calendar.timestamp(self.started_at),
                "lastAction": "Cancel" if cancelled else "Start",
                "lastActionTime": self.calendar.timestamp(acted_at),
            },
            "progress": self._progress(now),
        }
        details = [
            {**_CANCELLED, "target": f"{self.set_name}/virtualMachines/{turn.instance.instance_id}"}
            for turn in self.turns
            if self._is_cut_short(turn)
        ]
        if details:
            properties["error"] = {**_CANCELLED, "details": details}
        return {
            "type": "Microsoft.Compute/virtualMachineScaleSets/rollingUpgrades",
            "location": location,
            "properties": properties,
        }

    def _is_cut_short(self, turn: Turn) -> bool:
        """A turn that a cancellation found under way: Azure counts it as failed (recorded 2023-03)."""
        return self.cancelled_at is not None and turn.started_at <= self.cancelled_at < turn.ended_at

    def _progress(self, now: float) -> dict[str, int]:
        until = now if self.cancelled_at is None else self.cancelled_at
        states = Counter(self._state_of(turn, until) for turn in self.turns)
        return {f"{state}InstanceCount": states[state] for state in ("successful", "failed", "inProgress", "pending")}

    def _state_of(self, turn: Turn, until: float) -> str:
        if turn.started_at > until:
            return "pending"
        if self._is_cut_short(turn):
            return "failed"
        if until < turn.ended_at:
            return "inProgress"
        # What a failed upgrade has worked on is what it failed at.
        return "failed" if self.state(until) == "Faulted" else "successful"


def batches(count: int, percent: int) -> list[range]:
    """Positions of `count` instances in batches of at most `percent` of them, at least one each."""
    size = max(1, math.floor(count * percent / 100))
    return [range(first, min(first + size, count)) for first in range(0, count, size)]
