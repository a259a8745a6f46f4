"""Azure's own rolling upgrade: the set's instances replaced batch by batch, and its status.

Recorded: rolling_upgrade_start_cancel_2020, uniform_rolling_upgrade_2023. How it divides the set is
documented: at most `maxBatchInstancePercent` at a time, at least one instance.
"""

import math
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
# Two instances that were on the newest image already took 121 s (uniform_rolling_upgrade_2023).
SECONDS_A_BATCH = 60.0


@dataclass(slots=True)
class RollingUpgrade:
    """One rolling upgrade, from its start to its end. `code` None: by the clock; else what a scenario says."""

    calendar: Calendar
    started_at: float
    policy: dict[str, Any] = field(default_factory=lambda: dict(POLICY))
    jobs: list[tuple[Instance, Upgrade]] = field(default_factory=list)
    untouched: int = 0
    ended_at: float = 0.0
    cancelled_at: float | None = None
    failed: bool = False
    code: str | None = None

    @classmethod
    def reported(cls, code: str | None, calendar: Calendar) -> "RollingUpgrade | None":
        """The one that a scenario tells of, a minute old when the simulation begins; None for none."""
        return None if code is None else cls(calendar, -60.0, code=code)

    def running(self, now: float) -> bool:
        return self.state(now) == "RollingForward"

    def state(self, now: float) -> str:
        """The code of its running status."""
        if self.code is not None:
            return self.code
        if self.cancelled_at is not None and now >= self.ended_at:
            return "Cancelled"
        if now < self.ended_at:
            return "RollingForward"
        return "Faulted" if self.failed else "Completed"

    def cancel(self, now: float) -> None:
        """Let the batch under way end, and begin no other."""
        self.cancelled_at = now
        self.code = "Cancelled" if self.code is not None else None
        for instance, upgrade in self.jobs:
            if upgrade.started_at > now and upgrade in instance.upgrades:
                instance.upgrades.remove(upgrade)
        self.jobs = [(instance, upgrade) for instance, upgrade in self.jobs if upgrade.started_at <= now]
        self.ended_at = max((upgrade.ended_at for _, upgrade in self.jobs), default=now)

    def json(self, location: str, now: float, api_version: str) -> dict[str, Any]:
        """`rollingUpgrades/latest`: it has neither an id nor a name."""
        newer = {"maxSurge": False, "rollbackFailedInstancesOnPolicyBreach": False}
        return {
            "type": "Microsoft.Compute/virtualMachineScaleSets/rollingUpgrades",
            "location": location,
            "properties": {
                "policy": {**(newer if api_version >= "2022-08-01" else {}), **self.policy},
                "runningStatus": {
                    "code": self.state(now),
                    "startTime": self.calendar.timestamp(self.started_at),
                    "lastAction": "Start" if self.cancelled_at is None else "Cancel",
                    "lastActionTime": self.calendar.timestamp(
                        self.started_at if self.cancelled_at is None else self.cancelled_at
                    ),
                },
                "progress": self._progress(now),
            },
        }

    def _progress(self, now: float) -> dict[str, int]:
        ended = sum(upgrade.ended_at <= now for _, upgrade in self.jobs)
        begun = sum(upgrade.started_at <= now < upgrade.ended_at for _, upgrade in self.jobs)
        if not self.jobs:
            begun, ended = (1, 0) if self.running(now) else (0, self.untouched)
        return {
            "successfulInstanceCount": ended,
            "failedInstanceCount": 0,
            "inProgressInstanceCount": begun,
            "pendingInstanceCount": max(0, len(self.jobs) - begun - ended),
        }


def batches(count: int, percent: int) -> list[range]:
    """Positions of `count` instances in batches of at most `percent` of them, at least one each."""
    size = max(1, math.floor(count * percent / 100))
    return [range(first, min(first + size, count)) for first in range(0, count, size)]
