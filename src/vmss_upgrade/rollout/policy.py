"""What is allowed: how much at once, how long to watch, how long to wait."""

from __future__ import annotations

from dataclasses import dataclass

from vmss_upgrade.rollout.scale_set import HealthSignal

BAKE_TIME_WITHOUT_SIGNAL = 300.0  # seconds; without a health signal only time can show that an instance stays up


@dataclass(frozen=True, slots=True)
class BatchSize:
    """A count of instances, or a percentage of the scale set."""

    number: int
    is_percentage: bool = False

    def of(self, instances: int) -> int:
        """The largest batch in a set of `instances`: rounded down, at least one."""
        if not self.is_percentage:
            return self.number
        return max(1, instances * self.number // 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """All times in seconds.

    `batch_size` None: the whole update domain. `bake_time` None: 0 with a health signal, 5 minutes without.
    `health_timeout` counts from the end of Azure's operation, `batch_timeout` from the start of the batch,
    `timeout` from the start of the rollout.
    """

    batch_size: BatchSize | None = None
    bake_time: float | None = None
    health_timeout: float = 20 * 60.0
    batch_timeout: float = 60 * 60.0
    timeout: float = 5.5 * 60 * 60.0

    def bake_time_for(self, signal: HealthSignal) -> float:
        """Seconds that a batch must stay healthy before the next may start."""
        if self.bake_time is not None:
            return self.bake_time
        return BAKE_TIME_WITHOUT_SIGNAL if signal is HealthSignal.NONE else 0.0
