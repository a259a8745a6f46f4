"""Simulated instances. State is a function of time: an instance stores when its upgrades began and what will go wrong,
and `at(now)` computes the rest. Nothing runs in the background.

Choices that no recording decides, made here once: while an instance is being upgraded (its OS disk is being
replaced) it reports no health at all; then its application starts, and it is unhealthy until it is healthy,
as a binary signal is. Its power state stays `running` all the while, as recorded. A stopped instance is
unhealthy, a deallocated one reports nothing.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from azure_simulator.scenario.images import DeployedImage

FOREVER = math.inf

# A new extension is not ready for a while after the upgrade that brought it (uniform_expand_instanceview_2023).
SETTLING = 30.0


@dataclass(frozen=True, slots=True)
class Sickness:
    """Unhealthy from `start` until `end`; with `flap_seconds`, every other stretch of that length only. With
    `relapses_after`, unhealthy for ever from so many seconds after `end` on.
    """

    start: float
    end: float = FOREVER
    flap_seconds: float | None = None
    relapses_after: float | None = None

    def at(self, now: float) -> bool:
        if self.relapses_after is not None and now >= self.end + self.relapses_after:
            return True
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
        if self.relapses_after is not None:
            yield self.end + self.relapses_after
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
    failed_extension: str = ""
    by_manualupgrade: bool = True

    @property
    def healthy_at(self) -> float:
        for_good = self.failure is None and self.sickness.relapses_after is None
        return max(self.ended_at, self.sickness.end) if for_good else FOREVER


@dataclass(frozen=True, slots=True)
class Spell:
    """A provisioning state other than that of an upgrade, from `start` to `end`: an action under way."""

    start: float
    end: float
    state: str = "Updating"


@dataclass(frozen=True, slots=True)
class Protection:
    """What an instance is protected from; it shows from the first time on that anybody has said something."""

    from_scale_in: bool = False
    from_set_actions: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """An instance at one moment. `healthy` is None where it reports nothing (or the set has no signal).

    `lagging`: its upgrade has ended, and yet it does not say that it is current. `rebuilding`: it has no OS to
    speak of. `settling`: an upgrade has ended so recently that what the `previous` model had not is not ready.
    `failed_extension`: the one that is to blame for `failure`. `reported`: the health that Azure shows, which may be
    older than `healthy` is, and since when it is so, where Azure shows that.
    """

    image: DeployedImage
    model: int
    provisioning: str
    failure: tuple[str, str] | None
    power: str
    healthy: bool | None
    available: bool
    etag: int
    changed_at: float
    lagging: bool
    rebuilding: bool
    settling: bool
    previous: int
    failed_extension: str = ""
    reported: bool | None = None
    reported_at: float | None = None


@dataclass(slots=True, kw_only=True)
class Instance:
    """One simulated instance: how it was, and everything that has been decided to happen to it.

    `hidden`: an extra of overprovisioning, which counts as an instance and shows in no list. `leaves_first`: it is
    among those that a smaller capacity takes away. `silent_since`: from then on it reports no health until an upgrade
    that began later has ended, for its model did not have the signal. `attached`: it was not made from the set's
    model. `shows`: what is merged over its JSON until it is upgraded. `shown`: how a captured file shows it.
    """

    instance_id: str
    update_domain: int | None
    fault_domain: int | None
    zone: str | None
    placement_group: str
    image: DeployedImage
    model: int
    provisioning: str = "Succeeded"
    failure: tuple[str, str] | None = None
    failed_extension: str = ""
    power: str = "running"
    protection: Protection | None = None
    hidden: bool = False
    leaves_first: bool = False
    silent_since: float = FOREVER
    attached: bool = False
    shows: dict[str, Any] | None = None
    shown: dict[str, Any] | None = None
    created_at: float = 0.0
    deleted_at: float = FOREVER
    upgrades: list[Upgrade] = field(default_factory=list)
    sicknesses: list[Sickness] = field(default_factory=list)
    power_changes: list[tuple[float, str]] = field(default_factory=list)
    spells: list[Spell] = field(default_factory=list)

    def is_as_made(self, now: float) -> bool:
        """Whether no upgrade has ended yet."""
        return not any(upgrade.ended_at <= now for upgrade in self.upgrades)

    @property
    def protected(self) -> bool:
        """Whether actions asked of the set leave it alone."""
        return self.protection is not None and self.protection.from_set_actions

    def exists(self, now: float) -> bool:
        return self.created_at <= now < self.deleted_at

    def at(self, now: float, has_signal: bool) -> Snapshot:
        """The instance at `now`, in a set that has a health signal or not."""
        image, model, provisioning, failure = self.image, self.model, self.provisioning, self.failure
        extension = self.failed_extension
        changed_at, etag, updating, sick, disk_since, lagging = self.created_at, 2, False, False, -FOREVER, False
        previous, settling = model, False
        reports = now < self.silent_since
        for upgrade in self.upgrades:
            if upgrade.started_at > now:
                break
            changed_at = disk_since = upgrade.started_at
            updating = now < upgrade.ended_at
            provisioning, failure = ("Updating", None) if updating else ("Succeeded", None)
            if updating:
                continue
            changed_at, etag, sick = upgrade.ended_at, etag + 1, upgrade.sickness.at(now)
            reports = reports or upgrade.started_at >= self.silent_since
            image = upgrade.image or image
            settling = now < upgrade.ended_at + SETTLING
            if upgrade.failure is not None:
                provisioning, failure, extension = "Failed", upgrade.failure, upgrade.failed_extension
            if upgrade.current_at < FOREVER:
                previous, model, lagging = model, upgrade.model, now < upgrade.current_at
        settled = provisioning not in ("Creating", "Updating", "Failed", "Deleting")
        under_way = ""
        for spell in self.spells:
            if spell.start <= now:
                etag += spell.state == "Updating"
                changed_at = max(changed_at, min(now, spell.end))
                under_way = spell.state if now < spell.end else under_way
        if under_way and not updating:
            provisioning = under_way
            failure = None if under_way == "Creating" else failure
        power = self._power(now)
        # What an instance suffered from before its OS disk was replaced is gone with the disk.
        ill = any(sickness.start >= disk_since and sickness.at(now) for sickness in self.sicknesses)
        sick = sick or ill or power != "running"
        reports = reports and has_signal
        silent = not reports or updating or under_way == "Creating" or power == "deallocated"
        healthy = None if silent else not sick
        up = settled and under_way not in ("Creating", "Deleting") and power == "running"
        available = up and (healthy is True or not reports)
        return Snapshot(
            image=image,
            model=model,
            provisioning=provisioning,
            failure=failure,
            power=power,
            healthy=healthy,
            available=available,
            etag=etag,
            changed_at=changed_at,
            lagging=lagging,
            rebuilding=updating or under_way == "Creating",
            settling=settling,
            previous=previous,
            failed_extension=extension,
            reported=healthy,
        )

    def changes(self, until: float) -> set[float]:
        """Every moment from 0 to `until` at which the instance's availability may change."""
        moments = {0.0, self.created_at, self.deleted_at}
        for upgrade in self.upgrades:
            moments |= {upgrade.started_at, upgrade.ended_at, *upgrade.sickness.changes(until)}
        for sickness in self.sicknesses:
            moments.update(sickness.changes(until))
        moments.update(when for when, _ in self.power_changes)
        for spell in self.spells:
            moments |= {spell.start, spell.end}
        return {moment for moment in moments if 0 <= moment <= until}

    def _power(self, now: float) -> str:
        power = self.power
        for when, changed in self.power_changes:
            if when <= now:
                power = changed
        return power
