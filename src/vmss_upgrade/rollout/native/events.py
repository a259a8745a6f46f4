"""What happened in a rolling upgrade of Azure's own, one frozen dataclass each."""

from __future__ import annotations

from dataclasses import dataclass

from vmss_upgrade.rollout.history.events import Event
from vmss_upgrade.rollout.native.roll import Roll, RollingPolicy
from vmss_upgrade.rollout.planning.plan import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class RollEvent(Event):
    """Something that happened to the rolling upgrade of this run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RollAsked(RollEvent):
    """The write that starts it is about to be sent; `former` is the latest one before it (None: there was none)."""

    former: Roll | None
    policy: RollingPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class RollSeen(RollEvent):
    """Azure shows it, at work or ended."""

    roll: Roll


@dataclass(frozen=True, slots=True, kw_only=True)
class RollCancelling(RollEvent):
    """It is about to be cancelled, because of `why`."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RollEnded(RollEvent):
    """It is not running any more, or never was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchGrew(Event):
    """Azure's batch under way has more instances than were seen in it."""

    batch: Batch
