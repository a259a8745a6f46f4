"""What goes wrong with instances and with what Azure shows, as data. Each takes effect where it is read.

Faults of an instance (`comes-up-unhealthy`, `provisioning-failure`, `hangs`, `stays-on-old-image`, `flag-lags`) strike
its first upgrade and no later one, so that a second attempt or a rollback succeeds. `*` in place of an instance means
every instance.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Trigger:
    """A moment: at `at` seconds, or `delay` seconds after the `after_upgrade`-th accepted manualupgrade, or after the
    `after_update`-th accepted update of the set (1 is the first).
    """

    at: float | None = None
    after_upgrade: int | None = None
    after_update: int | None = None
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Window:
    """A time in which something holds: from `start` on, for `seconds` or for ever."""

    start: Trigger
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class ComesUpUnhealthy:
    """The instance is unhealthy after its upgrade, for `seconds` or for ever.

    With `flap_seconds` it changes between unhealthy and healthy every so many seconds, unhealthy first. With
    `relapses_after` it is healthy for so many seconds after `seconds`, and then unhealthy for ever.
    """

    instance: str
    seconds: float | None = None
    flap_seconds: float | None = None
    relapses_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisioningFailure:
    """The upgrade of the instance ends Failed with `code` and `message`; it has its `old` image, or the `new` one.

    `operation` says how the operation as a whole ends: `failed` with the same error, or `succeeded`. `extension`: the
    extension that failed, whose own status says so.
    """

    instance: str
    code: str
    message: str
    operation: Literal["failed", "succeeded"] = "failed"
    image: Literal["new", "old"] = "old"
    extension: str = ""


@dataclass(frozen=True, slots=True)
class Hangs:
    """The upgrade of the instance never ends, nor does the operation."""

    instance: str


@dataclass(frozen=True, slots=True)
class StaysOnOldImage:
    """The upgrade of the instance succeeds, yet the instance has its old image and is not current."""

    instance: str


@dataclass(frozen=True, slots=True)
class FlagLags:
    """`latestModelApplied` of the instance turns true only `seconds` after its `nth` upgrade ended."""

    instance: str
    seconds: float
    nth: int = 1


@dataclass(frozen=True, slots=True)
class ListLags:
    """The lists of instances, and of a Flexible set's machines, show how it was `seconds` ago."""

    seconds: float
    during: Window | None = None


@dataclass(frozen=True, slots=True)
class ModelLags:
    """A GET of the set shows how it was `seconds` ago."""

    seconds: float
    during: Window | None = None


@dataclass(frozen=True, slots=True)
class HealthLags:
    """The health from before an upgrade stays shown during it, and for `seconds` after it.

    With `time` each health shows since when it has been reported.
    """

    instance: str
    seconds: float
    time: bool = False


@dataclass(frozen=True, slots=True)
class ConflictWindow:
    """For `seconds` after an update of the model has ended, manualupgrade answers 409 Conflict.

    Recorded once: one second after the operation was Succeeded (uniform_manualupgrade_conflict_409_2023).
    """

    seconds: float


InstanceFault = ComesUpUnhealthy | ProvisioningFailure | Hangs | StaysOnOldImage | FlagLags
ReadFault = ListLags | ModelLags | HealthLags
