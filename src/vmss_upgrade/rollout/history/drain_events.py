"""What happened in the guests of a batch, one frozen dataclass each."""

from __future__ import annotations

from dataclasses import dataclass

from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.history.events import Event
from vmss_upgrade.rollout.planning.plan import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainStarted(Event):
    """These instances of the batch are about to be drained: from now on they may serve less, and count as away.

    `kept`: those that run the target already, so that an upgrade leaves them drained.
    """

    batch: Batch
    instance_ids: tuple[str, ...]
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestsAwaited(Event):
    """The command is still running in these guests, for `what`; it is waited for until `until` at most."""

    what: str
    pending: tuple[str, ...]
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained(Event):
    """All of them are drained, after `seconds`, and their upgrade may be asked for."""

    batch: Batch
    instance_ids: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UndrainStarted(Event):
    """These instances were drained, and not upgraded: the command is about to undo it."""

    instance_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainSettled(Event):
    """None of these instances is drained any more, but for those of `failures`: `undrained`, upgraded, or gone."""

    instance_ids: tuple[str, ...]
    undrained: tuple[str, ...]
    failures: tuple[Failure, ...] = ()
