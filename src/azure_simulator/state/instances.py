"""Simulated instances. State is a function of time: an instance stores when its upgrades began and what will go wrong,
and `at(now)` computes the rest. Nothing runs in the background.

Choices that no recording decides, made here once: while an instance is being upgraded (its OS disk is being
replaced) it reports no health at all; then its application starts, and it is unhealthy until it is healthy,
as a binary signal is. Its power state stays `running` all the while, as recorded. A stopped instance is
unhealthy, a deallocated one reports nothing.
"""

from dataclasses import dataclass, field
from typing import Any

from azure_simulator.scenario.images import DeployedImage
from azure_simulator.state.companions.command import RunCommand
from azure_simulator.state.periods import FOREVER, DrainedPeriod, StatePeriod, UnhealthyPeriod

# A new extension is not ready for a while after the upgrade that brought it (uniform_expand_instanceview_2023).
SETTLING = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """One replacement of an instance's OS disk: Updating from `started_at` to `ended_at`.

    `image` is what the instance has afterwards, None when it keeps the old one (it failed, or only said that it
    succeeded); `model` the number of the model it is then current with, from `current_at` on; `counted`: by faults.
    """

    started_at: float
    ended_at: float
    image: DeployedImage | None
    model: int
    current_at: float
    unhealthy: UnhealthyPeriod
    failure: tuple[str, str] | None = None
    failed_extension: str = ""
    counted: bool = True

    @property
    def healthy_at(self) -> float:
        """Return when the instance is healthy and stays so; infinite for never."""
        for_good = self.failure is None and self.unhealthy.relapses_after is None
        return max(self.ended_at, self.unhealthy.end) if for_good else FOREVER


@dataclass(frozen=True, slots=True)
class Protection:
    """What an instance is protected from; it is shown once a client has set it."""

    from_scale_in: bool = False
    from_set_actions: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """An instance at one moment. `healthy` is None where it reports nothing (or the set has no signal).

    `lagging`: its upgrade has ended, and yet it does not say that it is current. `rebuilding`: it has no working OS.
    `settling`: an upgrade has ended so recently that what it added to the `previous` model is not ready.
    `failed_extension`: the one that caused `failure`. `reported`: the health that Azure shows, which may be older than
    `healthy`; `reported_at`: since when it is reported, where Azure shows that. `serves`: it answers requests.
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
    serves: bool = False
    drained: bool = False


@dataclass(slots=True, kw_only=True)
class Instance:
    """One simulated instance: how it was at the beginning, and everything that has been decided to happen to it.

    `hidden`: an extra of overprovisioning, which counts as an instance and shows in no list. `leaves_first`: it is
    among those that a smaller capacity deletes. `silent_since`: from then on it reports no health until an upgrade that
    began later has ended, since its model did not have the signal. `attached`: it was not made from the set's model.
    `shows`: what is merged over its JSON until it is upgraded. `shown`: how a captured file shows it.
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
    unhealthy_periods: list[UnhealthyPeriod] = field(default_factory=list)
    power_changes: list[tuple[float, str]] = field(default_factory=list)
    state_periods: list[StatePeriod] = field(default_factory=list)
    drained_periods: list[DrainedPeriod] = field(default_factory=list)
    commands: list[RunCommand] = field(default_factory=list)

    def is_as_made(self, now: float) -> bool:
        """Return whether no upgrade has ended yet."""
        return not any(upgrade.ended_at <= now for upgrade in self.upgrades)

    @property
    def protected(self) -> bool:
        """Return whether actions of the set leave the instance alone."""
        return self.protection is not None and self.protection.from_set_actions

    @property
    def decided(self) -> tuple[object, ...]:
        """Return everything that decides what the instance shows at a moment: equal until something more is decided."""
        return (
            *(self.image, self.model, self.provisioning, self.failure, self.failed_extension, self.power),
            *(self.protection, self.silent_since, self.deleted_at, self.shown),
            *(*self.upgrades, *self.unhealthy_periods, *self.power_changes, *self.state_periods, *self.drained_periods),
        )

    def exists(self, now: float) -> bool:
        """Return whether the instance exists."""
        return self.created_at <= now < self.deleted_at

    def at(self, now: float, has_signal: bool) -> Snapshot:
        """Return the instance at `now`, in a set that has a health signal or not."""
        image, model, provisioning, failure = self.image, self.model, self.provisioning, self.failure
        extension = self.failed_extension
        changed_at, etag, updating, unhealthy, disk_since, lagging = self.created_at, 2, False, False, -FOREVER, False
        previous, settling, reports = model, False, now < self.silent_since
        for upgrade in self.upgrades:
            if upgrade.started_at > now:
                break
            changed_at = disk_since = upgrade.started_at
            updating = now < upgrade.ended_at
            provisioning, failure = ("Updating", None) if updating else ("Succeeded", None)
            if updating:
                continue
            changed_at, etag, unhealthy = upgrade.ended_at, etag + 1, upgrade.unhealthy.at(now)
            reports = reports or upgrade.started_at >= self.silent_since
            image = upgrade.image or image
            settling = now < upgrade.ended_at + SETTLING
            if upgrade.failure is not None:
                provisioning, failure, extension = "Failed", upgrade.failure, upgrade.failed_extension
            if upgrade.current_at < FOREVER:
                previous, model, lagging = model, upgrade.model, now < upgrade.current_at
        settled = provisioning not in ("Creating", "Updating", "Failed", "Deleting")
        action = ""
        for period in self.state_periods:
            if period.start <= now:
                etag += period.state == "Updating"
                changed_at = max(changed_at, min(now, period.end))
                action = period.state if now < period.end else action
        if action and not updating:
            provisioning = action
            failure = None if action == "Creating" else failure
        power = next((power for when, power in reversed(self.power_changes) if when <= now), self.power)
        # An unhealthy period ends, at the latest, with the OS disk that it began on.
        affected = any(period.start >= disk_since and period.at(now) for period in self.unhealthy_periods)
        down = unhealthy or affected or power != "running"
        drained = [each for each in self.drained_periods if disk_since < each.start <= now < each.end]
        unhealthy = down or any(each.unhealthy for each in drained)
        reports = reports and has_signal
        silent = not reports or updating or action == "Creating" or power == "deallocated"
        healthy = None if silent else not unhealthy
        runs = settled and action not in ("Creating", "Deleting") and power == "running"
        return Snapshot(
            image=image,
            model=model,
            provisioning=provisioning,
            failure=failure,
            power=power,
            healthy=healthy,
            available=runs and (healthy is True or not reports),
            etag=etag,
            changed_at=changed_at,
            lagging=lagging,
            rebuilding=updating or action == "Creating",
            settling=settling,
            previous=previous,
            failed_extension=extension,
            reported=healthy,
            serves=not (down or updating or action in ("Creating", "Deleting")),
            drained=bool(drained),
        )

    def changes(self, until: float) -> set[float]:
        """Return every moment from 0 to `until` at which the instance's availability may change."""
        moments = {0.0, self.created_at, self.deleted_at}
        for upgrade in self.upgrades:
            moments |= {upgrade.started_at, upgrade.ended_at, *upgrade.unhealthy.changes(until)}
        for period in self.unhealthy_periods:
            moments.update(period.changes(until))
        moments.update(when for when, _ in self.power_changes)
        for action in (*self.state_periods, *self.drained_periods):
            moments |= {action.start, action.end}
        return {moment for moment in moments if 0 <= moment <= until}
