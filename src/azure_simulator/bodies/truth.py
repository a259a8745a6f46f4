"""The truth about the fleet and its requests, which Azure shows to no client: for tests, to compare a log with."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from azure_simulator.state.companions.run_commands import is_drained
from azure_simulator.state.instances import Instance
from azure_simulator.state.periods import FOREVER
from azure_simulator.state.scale_set import SimulatedScaleSet


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request: when it was carried out, as it was sent, and the status it got (0 for no answer)."""

    at: float
    method: str
    path: str
    query: str
    status: int
    body: str


@dataclass(frozen=True, slots=True)
class InstanceState:
    """The truth about one instance. `image_version`: the exact version, or the id or URI of another image.

    `healthy` None: it reports nothing. `upgrades`: how often its OS disk was replaced by a manualupgrade or a
    rolling upgrade of the model, or that was tried.
    `available`: running, not being upgraded or failed, and healthy where the set has a signal.
    """

    instance_id: str
    update_domain: int | None
    fault_domain: int | None
    zone: str | None
    placement_group: str
    image_version: str
    latest_model_applied: bool
    provisioning_state: str
    power_state: str
    healthy: bool | None
    upgrades: int
    available: bool


@dataclass(frozen=True, slots=True)
class UpgradeRecord:
    """One accepted manualupgrade. `healthy_at`: when the slowest instance is provisioned and healthy; inf for never."""

    started_at: float
    instance_ids: tuple[str, ...]
    healthy_at: float


@dataclass(frozen=True, slots=True)
class CommandRecord:
    """One managed command that exists or ever did, and how it ended or goes on. `exists`: whether it is a resource."""

    instance_id: str
    name: str
    argument: str
    put_at: float
    state: str
    exit_code: int
    exists: bool


def instance_states(scale_set: SimulatedScaleSet, then: float) -> list[InstanceState]:
    """Return all instances that existed at this moment, in the order of their numbers."""
    present = sorted(scale_set.present(then), key=lambda each: (len(each.instance_id), each.instance_id))
    return [_instance_state(scale_set, instance, then) for instance in present]


def upgrade_records(scale_set: SimulatedScaleSet) -> list[UpgradeRecord]:
    """Return one record per accepted manualupgrade, oldest first."""
    return [UpgradeRecord(each.started_at, each.instance_ids, each.healthy_at()) for each in scale_set.accepted]


def command_records(scale_set: SimulatedScaleSet, now: float) -> list[CommandRecord]:
    """Return one record per managed command that exists or ever did, oldest first."""
    records = [
        CommandRecord(
            instance_id=instance.instance_id,
            name=command.name,
            argument=command.argument,
            put_at=command.put_at,
            state=command.execution_state(now),
            exit_code=command.behavior.exit_code if command.has_run and command.ends_at <= now else 0,
            exists=command.exists(now) and instance.exists(now),
        )
        for instance in scale_set.instances.values()
        for command in instance.commands
        if command.managed
    ]
    return sorted(records, key=lambda each: each.put_at)


def drained_instances(scale_set: SimulatedScaleSet, now: float) -> list[str]:
    """Return the ids of the instances that are drained, without those that are being deleted."""
    staying = (each for each in scale_set.present(now) if each.deleted_at == FOREVER)
    return [each.instance_id for each in staying if is_drained(each, now)]


def lowest_available(instances: Iterable[Instance], until: float, has_signal: bool) -> int:
    """Return the lowest number of available instances at any moment from 0 to `until`, exactly.

    Each instance is looked at only when something about it changes; between two changes nothing does.
    """
    steps: dict[float, int] = {}
    for instance in instances:
        before = 0
        for moment in sorted(instance.changes(until)):
            available = int(instance.exists(moment) and instance.at(moment, has_signal).available)
            steps[moment] = steps.get(moment, 0) + available - before
            before = available
    count, lowest = 0, None
    for moment in sorted(steps):
        count += steps[moment]
        lowest = count if lowest is None else min(lowest, count)
    return lowest or 0


def as_json(record: Any) -> dict[str, object]:
    """Return a record as JSON, "never" as null."""
    return {key: None if value == FOREVER else value for key, value in asdict(record).items()}


def _instance_state(scale_set: SimulatedScaleSet, instance: Instance, then: float) -> InstanceState:
    snapshot = instance.at(then, scale_set.has_signal)
    return InstanceState(
        instance_id=instance.instance_id,
        update_domain=instance.update_domain,
        fault_domain=instance.fault_domain,
        zone=instance.zone,
        placement_group=instance.placement_group,
        image_version=snapshot.image.exact,
        latest_model_applied=scale_set.was_current(snapshot, then),
        provisioning_state=snapshot.provisioning,
        power_state=snapshot.power,
        healthy=snapshot.healthy,
        upgrades=sum(each.counted and each.started_at <= then for each in instance.upgrades),
        available=snapshot.available,
    )
