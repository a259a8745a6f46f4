"""The policy of a rollout: which instances, how many at once, how long to watch, how long to wait."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from vmss_upgrade.rollout.model import HealthSignal
from vmss_upgrade.rollout.zero_downtime.drain import Drain
from vmss_upgrade.rollout.zero_downtime.hooks import Hooks
from vmss_upgrade.rollout.zero_downtime.probes import Probes

BAKE_TIME = 30.0  # seconds; one healthy answer is not yet a healthy instance
BAKE_TIME_WITHOUT_SIGNAL = 300.0  # seconds; without a health signal only time can show that an instance goes on running
BATCH_TIMEOUT = 60 * 60.0  # seconds; less where the whole rollout may take less


class Strategy(Enum):
    """How a scale set is divided into batches; the values are those of the input `strategy`."""

    AUTO = "auto"
    UPDATE_DOMAIN = "update-domain"
    FAULT_DOMAIN = "fault-domain"
    ZONE = "zone"
    BATCH = "batch"
    NATIVE = "native"  # Azure's own rolling upgrade


class HealthUse(Enum):
    """What becomes of the health signal; the values are those of the input `health`."""

    AUTO = "auto"
    REQUIRED = "required"
    IGNORE = "ignore"


class OnFailure(Enum):
    """What follows when a rollout fails; the values are those of the input `on-failure`."""

    STOP = "stop"
    RESTORE_MODEL = "restore-model"  # the previous image goes back into the model, and no instance is touched
    ROLLBACK = "rollback"

    @property
    def goes_back(self) -> bool:
        """True if the previous image goes back into the model, so that it has to be known from the start."""
        return self is not OnFailure.STOP


@dataclass(frozen=True, slots=True)
class Share:
    """A count, or a percentage of something."""

    number: int
    is_percentage: bool = False

    def at_most(self, whole: int) -> int:
        """Return the share of `whole` as a bound from above: rounded down, at least one."""
        return max(1, whole * self.number // 100) if self.is_percentage else self.number

    def at_least(self, whole: int) -> int:
        """Return the share of `whole` as a bound from below: rounded up."""
        return -(-whole * self.number // 100) if self.is_percentage else self.number

    def __str__(self) -> str:
        return f"{self.number}%" if self.is_percentage else str(self.number)


@dataclass(frozen=True, slots=True)
class LatestEnd:
    """The moment by which every batch has to end: `text` as it was asked for, `utc` as a date in UTC, and `left`, the
    seconds from the start of the run.
    """

    text: str
    utc: str
    left: float


DEFAULT_BATCH_SIZE = Share(20, is_percentage=True)  # also the most of the scale set that `auto` takes away at once
DEFAULT_MIN_HEALTHY = Share(50, is_percentage=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The instances that may be touched: those that fit every list that is not empty. Ids compare without case."""

    update_domains: tuple[int, ...] = ()
    fault_domains: tuple[int, ...] = ()
    zones: tuple[str, ...] = ()
    instance_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """All times in seconds.

    `batch_size` None: a fifth of the scale set, and whole update domains where `strategy` asks for these by name.
    `canary`: so many instances of the first domain go alone, before anything else (None: one where no signal proves
    health, else none).
    `stop_after`: end cleanly after so many batches, or once that share of the scale set was upgraded by this run.
    `not_after`: start no batch that would most likely end later (None: there is no such moment).
    `min_healthy`: of the instances that run; `allow_downtime` lifts it.
    `bake_time` None: 30 seconds with a health signal, 5 minutes without.
    `health_timeout` counts from the end of Azure's operation, `batch_timeout` from the start of the batch,
    `timeout` from the start of the rollout.
    `drain`: what runs in the guest of every instance before its batch is upgraded (None: nothing).
    `surge`: create so many new instances before any old one is upgraded, and delete them at the end (None: none).
    `hooks` None: no service is called around batches.
    """

    strategy: Strategy = Strategy.AUTO
    batch_size: Share | None = None
    canary: int | None = None
    selection: Selection = Selection()
    stop_after: Share | None = None
    not_after: LatestEnd | None = None
    min_healthy: Share = DEFAULT_MIN_HEALTHY
    allow_downtime: bool = False
    refuse_protected: bool = False
    include_stopped: bool = False
    health: HealthUse = HealthUse.AUTO
    suspend_repairs: bool = False
    on_failure: OnFailure = OnFailure.STOP
    replication_wait: float = 0.0
    bake_time: float | None = None
    health_timeout: float = 20 * 60.0
    batch_timeout: float = BATCH_TIMEOUT
    timeout: float = 5.5 * 60 * 60.0
    surge: Share | None = None
    hooks: Hooks | None = None
    probes: Probes | None = None
    drain: Drain | None = None

    def bake_time_for(self, signal: HealthSignal) -> float:
        """Return how many seconds a batch must stay healthy before the next may start."""
        if self.bake_time is not None:
            return self.bake_time
        return BAKE_TIME if signal.proves_health else BAKE_TIME_WITHOUT_SIGNAL

    def canaries_for(self, signal: HealthSignal) -> int:
        """Return how many instances go alone, before anything else."""
        if self.canary is not None:
            return self.canary
        return 0 if signal.proves_health else 1
