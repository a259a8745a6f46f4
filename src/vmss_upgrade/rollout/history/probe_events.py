"""What happened to the probes of a run. `address` is as it may be shown."""

from __future__ import annotations

from dataclasses import dataclass

from vmss_upgrade.rollout.history.events import Event
from vmss_upgrade.rollout.zero_downtime.probes import Probed


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeFailed(Event):
    """A probe failed because of `error`, and the one before it had not."""

    address: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSucceeded(Event):
    """A probe succeeded, after the `failed` ones before it had not."""

    address: str
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbesCounted(Event):
    """No probe follows: this is what each address has answered."""

    book: tuple[Probed, ...]
