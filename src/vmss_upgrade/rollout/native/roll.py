"""A rolling upgrade of Azure's own, as `rollingUpgrades/latest` shows it, and the policy that it goes by.

Sources: the REST specification of 2026-04-01; recorded: rolling_upgrade_start_cancel_2020,
uniform_rolling_upgrade_2023, and a cancellation in the middle of 2023-03. It names neither the instances under way nor
what started it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

# what Azure's policy decides instead of an input, by the names of the portal and the API
POLICY_NAMES: Final = (
    "maxBatchInstancePercent",
    "maxUnhealthyInstancePercent",
    "maxUnhealthyUpgradedInstancePercent",
    "pauseTimeBetweenBatches",
    "enableCrossZoneUpgrade",
    "prioritizeUnhealthyInstances",
    "rollbackFailedInstancesOnPolicyBreach",
    "maxSurge",
)


@dataclass(frozen=True, slots=True)
class RollingPolicy:
    """A `rollingUpgradePolicy`: name and value of what it shows, in the order of POLICY_NAMES."""

    values: tuple[tuple[str, str], ...] = ()

    def value(self, name: str) -> str:
        """Return the value of one setting; empty where the policy does not show it."""
        return dict(self.values).get(name, "")

    @property
    def surges(self) -> bool:
        """True if new instances take the places of old ones."""
        return self.value("maxSurge").lower() == "true"

    def agrees_with(self, other: RollingPolicy) -> bool:
        """Return whether what both show is the same; versions of the API show different settings."""
        mine, theirs = dict(self.values), dict(other.values)
        return all(mine[name].lower() == theirs[name].lower() for name in mine.keys() & theirs.keys())

    def __str__(self) -> str:
        """Name the settings and their values."""
        return ", ".join(f"{name} {value}" for name, value in self.values) or "with Azure's default values"


NO_POLICY: Final = RollingPolicy()


class RollCode(Enum):
    """The state of a rolling upgrade; the values are Azure's codes."""

    FORWARD = "RollingForward"
    BACK = "RollingBack"
    COMPLETED = "Completed"
    CANCELLED = "Cancelled"
    FAULTED = "Faulted"
    OTHER = ""  # a code that is not known here, or none


_IN_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00")
_ENDED = (RollCode.COMPLETED, RollCode.CANCELLED, RollCode.FAULTED)


@dataclass(frozen=True, slots=True)
class BadInstance:
    """An instance that `error.details` names, and Azure's words about it."""

    instance_id: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Roll:
    """One rolling upgrade. `word` is Azure's own word for the code (empty: it shows none); `started` is when, in UTC to
    the microsecond if Azure shows a time, which is all that tells one from another. `failed` instances are counted,
    `bad` ones are named.
    """

    code: RollCode
    word: str = ""
    started: str = ""
    policy: RollingPolicy = NO_POLICY
    successful: int = 0
    failed: int = 0
    in_progress: int = 0
    pending: int = 0
    error_code: str = ""
    error_message: str = ""
    bad: tuple[BadInstance, ...] = ()

    @property
    def is_running(self) -> bool:
        """True unless it has ended: also while it rolls back, and with a code that is not known here."""
        return bool(self.word) and self.code not in _ENDED

    @property
    def has_ended(self) -> bool:
        """True if it says so; one that shows no code has not."""
        return self.code in _ENDED

    def is_same(self, other: Roll) -> bool:
        """Return whether both are one rolling upgrade, by start and policy."""
        return bool(self.started) and self.started == other.started and self.policy.agrees_with(other.policy)


def is_new(latest: Roll | None, former: Roll | None) -> bool:
    """Return whether `latest` began after `former` was the latest one (None: there never was one)."""
    if latest is None or not latest.started or former is None:
        return latest is not None and bool(latest.started)
    both = (latest.started, former.started)
    return latest.started > former.started if all(map(_IN_UTC.fullmatch, both)) else latest.started != former.started
