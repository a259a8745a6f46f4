"""Simulated instances. State is a function of time: an instance stores when its upgrades began and what
will go wrong, and `at(now)` computes the rest. Nothing runs in the background.

Choices that no recording decides, made here once: while an instance is being upgraded (its OS disk is being
replaced) it reports no health at all; then its application starts, and it is unhealthy until it is healthy,
as a binary signal is. Its power state stays `running` all the while, as recorded. A stopped instance is
unhealthy, a deallocated one reports nothing.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from azure_simulator.images import DeployedImage

FOREVER = math.inf


@dataclass(frozen=True, slots=True)
class Sickness:
    """Unhealthy from `start` until `end`; with `flap_seconds`, every other stretch of that length only."""

    start: float
    end: float = FOREVER
    flap_seconds: float | None = None

    def at(self, now: float) -> bool:
        if not self.start <= now < self.end:
            return False
        if self.flap_seconds is None:
            return True
        # The small amount keeps a change that falls exactly on a multiple on its right side.
        return math.floor((now - self.start) / self.flap_seconds + 1e-9) % 2 == 0

    def changes(self, until: float) -> Iterator[float]:
        """The moments up to `until` at which `at` may change."""
        yield self.start
        yield self.end
        moment = self.start
        while self.flap_seconds is not None and (moment := moment + self.flap_seconds) < min(self.end, until):
            yield moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """One replacement of an instance's OS disk: Updating from `started_at` to `ended_at`.

    `image` is what the instance has afterwards, None when it keeps the old one (it failed, or Azure's word
    was wrong); `model` the number of the set's model it is then current with, from `current_at` on.
    `healthy_at` is when it is healthy for good.
    """

    started_at: float
    ended_at: float
    image: DeployedImage | None
    model: int
    current_at: float
    sickness: Sickness
    failure: tuple[str, str] | None = None
    by_manualupgrade: bool = True

    @property
    def healthy_at(self) -> float:
        return FOREVER if self.failure else max(self.ended_at, self.sickness.end)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An instance at one moment. `healthy` is None where it reports nothing (or the set has no signal)."""

    image: DeployedImage
    model: int
    provisioning: str
    failure: tuple[str, str] | None
    power: str
    healthy: bool | None
    available: bool
    etag: int
    changed_at: float


@dataclass(slots=True, kw_only=True)
class Instance:
    """One simulated instance: how it was, and everything that has been decided to happen to it."""

    instance_id: str
    update_domain: int | None
    fault_domain: int | None
    zone: str | None
    placement_group: str
    image: DeployedImage
    model: int
    provisioning: str = "Succeeded"
    failure: tuple[str, str] | None = None
    power: str = "running"
    protected: bool = False
    protected_from_scale_in: bool = False
    born_at: float = 0.0
    gone_at: float = FOREVER
    upgrades: list[Upgrade] = field(default_factory=list)
    sicknesses: list[Sickness] = field(default_factory=list)
    power_changes: list[tuple[float, str]] = field(default_factory=list)

    def exists(self, now: float) -> bool:
        return self.born_at <= now < self.gone_at

    def at(self, now: float, has_signal: bool) -> Snapshot:
        """The instance at `now`, in a set that has a health signal or not."""
        image, model, provisioning, failure = self.image, self.model, self.provisioning, self.failure
        changed_at, etag, updating, sick, disk_since = self.born_at, 1, False, False, -FOREVER
        for upgrade in self.upgrades:
            if upgrade.started_at > now:
                break
            changed_at = disk_since = upgrade.started_at
            updating = now < upgrade.ended_at
            provisioning, failure = ("Updating", None) if updating else ("Succeeded", None)
            if updating:
                continue
            changed_at, etag, sick = upgrade.ended_at, etag + 1, upgrade.sickness.at(now)
            image = upgrade.image or image
            if upgrade.failure is not None:
                provisioning, failure = "Failed", upgrade.failure
            elif now >= upgrade.current_at:
                model = upgrade.model
        power = self._power(now)
        # What an instance suffered from before its OS disk was replaced is gone with the disk.
        ill = any(sickness.start >= disk_since and sickness.at(now) for sickness in self.sicknesses)
        sick = sick or ill or power != "running"
        healthy = None if not has_signal or updating or power == "deallocated" else not sick
        available = (
            provisioning not in ("Updating", "Failed") and power == "running" and (healthy is True or not has_signal)
        )
        return Snapshot(image, model, provisioning, failure, power, healthy, available, etag, changed_at)

    def changes(self, until: float) -> set[float]:
        """Every moment from 0 to `until` at which the instance's availability may change."""
        moments = {0.0, self.born_at, self.gone_at}
        for upgrade in self.upgrades:
            moments |= {upgrade.started_at, upgrade.ended_at, *upgrade.sickness.changes(until)}
        for sickness in self.sicknesses:
            moments.update(sickness.changes(until))
        moments.update(when for when, _ in self.power_changes)
        return {moment for moment in moments if 0 <= moment <= until}

    def _power(self, now: float) -> str:
        power = self.power
        for when, changed in self.power_changes:
            if when <= now:
                power = changed
        return power


def lowest_available(instances: list[Instance], until: float, has_signal: bool) -> int:
    """The lowest number of available instances at any moment from 0 to `until`, exactly.

    Each instance is looked at only when something about it changes; between two changes nothing does.
    """
    steps: dict[float, int] = {}
    for instance in instances:
        before = 0
        for moment in sorted(instance.changes(until)):
            there = int(instance.exists(moment) and instance.at(moment, has_signal).available)
            steps[moment] = steps.get(moment, 0) + there - before
            before = there
    count, lowest = 0, None
    for moment in sorted(steps):
        count += steps[moment]
        lowest = count if lowest is None else min(lowest, count)
    return lowest or 0
