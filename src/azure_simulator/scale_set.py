"""The simulated scale set: its model, its instances, its operations, and what is still to happen to it.

Choices that no recording decides: the set is Updating while an operation runs on it; a write while another
operation runs is a 409 Conflict; a protected instance named in a manualupgrade stays as it is; an instance
that is already current is not touched, and an upgrade of such instances alone takes 16.5 s (recorded for
two of them, uniform_create_and_modify_2024).
"""

import copy
import heapq
import itertools
import random
import uuid
from dataclasses import dataclass
from typing import Any

from azure_simulator import faults as f
from azure_simulator.answers import NotSimulated, Refusal, conflict
from azure_simulator.fleet import FOREVER, Instance, Sickness, Snapshot, Upgrade
from azure_simulator.images import DeployedImage, kind_of
from azure_simulator.model_rules import both_kinds, follows_latest, storage_image, writable
from azure_simulator.operations import Operation
from azure_simulator.scenario import Scenario
from azure_simulator.set_description import InstanceDescription, has_health_signal, merged, placement_group_id
from azure_simulator.upgrade_fate import decide

NOTHING_TO_UPGRADE = 16.5
SMALL_UPDATE = 0.4
UNKNOWN_MODEL = -1


@dataclass(frozen=True, slots=True)
class AcceptedUpgrade:
    """One accepted manualupgrade and what it does to each instance that it touches."""

    started_at: float
    instance_ids: tuple[str, ...]
    jobs: tuple[tuple[Instance, Upgrade], ...]

    def ends_at(self) -> float:
        """When the last instance is provisioned or gone."""
        if not self.jobs:
            return self.started_at + NOTHING_TO_UPGRADE
        return max(min(upgrade.ended_at, instance.gone_at) for instance, upgrade in self.jobs)

    def healthy_at(self) -> float:
        """When the slowest instance that is still there is provisioned and healthy; infinite for never."""
        moments = [upgrade.healthy_at for instance, upgrade in self.jobs if instance.gone_at >= upgrade.healthy_at]
        return max(moments, default=self.started_at)


class SimulatedScaleSet:
    """The one scale set. Every method wants `settle(now)` to have been called for its `now`."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self._scenario = scenario
        self._seed = seed
        self._names = random.Random(f"names:{seed}")
        self.json: dict[str, Any] = copy.deepcopy(scenario.scale_set.model)
        self._etag = int(str(self.json.get("etag", '"2"')).strip('"'))
        self._profiles: list[dict[str, Any]] = []
        self.model = self._number_of(self._profile)
        self._first_profile = (self.model, copy.deepcopy(self._profile))
        self.instances: dict[str, Instance] = {}
        for described in scenario.scale_set.instances:
            self.instances[described.instance_id] = self._instance(described)
        self.operations: dict[str, Operation] = {}
        self.accepted: list[AcceptedUpgrade] = []
        self._running: list[Operation] = []
        self._conflict_until = 0.0
        self._events: list[tuple[float, int, f.Event]] = []
        self._order = itertools.count()
        for event in self._events_of_scenario():
            if event.when.at is not None:
                self._expect(event.when.at, event)

    # --- reading ---

    @property
    def location(self) -> str:
        return str(self.json["location"])

    @property
    def name(self) -> str:
        return str(self.json["name"])

    @property
    def has_signal(self) -> bool:
        return has_health_signal(self.json)

    @property
    def flexible(self) -> bool:
        return bool(self.json["properties"].get("orchestrationMode") == "Flexible")

    def etag(self, now: float) -> int:
        """+1 for each update of the set; +2 over a manualupgrade
        (uniform_manualupgrade_stale_instances_2024).
        """
        return self._etag + sum(1 + (upgrade.ends_at() <= now) for upgrade in self.accepted)

    def busy(self, now: float) -> bool:
        """Whether an operation on the set is running."""
        self._running = [operation for operation in self._running if operation.running(now)]
        return bool(self._running)

    def present(self, now: float) -> list[Instance]:
        return [instance for instance in self.instances.values() if instance.exists(now)]

    def present_instance(self, instance_id: str, now: float) -> Instance | None:
        instance = self.instances.get(instance_id)
        return instance if instance is not None and instance.exists(now) else None

    def is_current(self, snapshot: Snapshot) -> bool:
        """latestModelApplied: whether the instance's model equals the set's."""
        return snapshot.model == self.model

    # --- time ---

    def settle(self, now: float) -> None:
        """Carry out, each at its own moment, what was to happen up to `now`."""
        while self._events and self._events[0][0] <= now:
            moment, _, event = heapq.heappop(self._events)
            self._happen(event, moment)

    # --- writing ---

    def update(self, patch: dict[str, Any], now: float, api_version: str) -> Operation:
        """Merge `patch` over the set, as the recorded PUTs do, and start the operation.

        Raises Refusal for a missing image (404), a change of the kind of image (409) and a write at the same
        time (409); NotSimulated for a change of the capacity.
        """
        if self.busy(now):
            raise conflict()
        changed = merged(self.json, writable(patch))
        self._check_update(changed)
        image_changes = storage_image(changed) != storage_image(self.json)
        self.json = changed
        self._etag += 1
        self.model = self._number_of(self._profile)
        ends = now + (self._scenario.timing.model_update if image_changes else SMALL_UPDATE)
        self._conflict_until = ends + self._conflict_seconds()
        return self._start(now, api_version, lambda: ends, retry_after=37)

    def upgrade(self, instance_ids: list[str], now: float, api_version: str) -> Operation:
        """Bring instances to the set's model: `["*"]` is all of them.

        Raises Refusal for ids that do not exist (400), for a write at the same time (409) and for an upgrade
        mode other than Manual (409); NotSimulated for an instance that is not running.
        """
        self._check_upgrade(now)
        if instance_ids == ["*"]:
            instance_ids = [instance.instance_id for instance in self.present(now)]
        stale = [each for each in self._named(instance_ids, now) if self._is_due(each, now)]
        jobs = []
        for instance in stale:
            upgrade = self._planned_upgrade(instance, now)
            instance.upgrades.append(upgrade)
            jobs.append((instance, upgrade))
        accepted = AcceptedUpgrade(now, tuple(instance_ids), tuple(jobs))
        self.accepted.append(accepted)
        self._expect_after_upgrade(now)
        error = self._operation_error(accepted)
        return self._start(now, api_version, accepted.ends_at, error=error)

    def is_stale(self, instance: Instance, now: float) -> bool:
        return not self.is_current(instance.at(now, self.has_signal))

    # --- steps of writing ---

    def _check_update(self, changed: dict[str, Any]) -> None:
        storage = changed["properties"]["virtualMachineProfile"]["storageProfile"]
        if kind_of(storage) != kind_of(self._profile["storageProfile"]) or both_kinds(storage):
            raise Refusal(
                409,
                "OperationNotAllowed",
                "The Image type for a Virtual Machine Scale Set may not be changed.",
            )
        if changed["sku"] != self.json["sku"]:
            raise NotSimulated("a change of sku or capacity is not simulated")
        self._scenario.catalog.deploy(storage, self.location)

    def _check_upgrade(self, now: float) -> None:
        if self.flexible:
            raise NotSimulated("manualupgrade of a Flexible set is not simulated")
        mode = self.json["properties"].get("upgradePolicy", {}).get("mode")
        if mode != "Manual":
            raise Refusal(
                409,
                "OperationNotAllowed",
                f"Operation 'manualupgrade' is not allowed on a scale set whose upgrade mode is '{mode}'.",
            )
        if self.busy(now) or now < self._conflict_until:
            raise conflict()

    def _named(self, instance_ids: list[str], now: float) -> list[Instance]:
        named = []
        for instance_id in instance_ids:
            instance = self.present_instance(instance_id, now)
            if instance is None:
                raise Refusal(
                    400,
                    "InstanceIdsListInstanceIdNotActiveVM",
                    f"The provided instanceId {instance_id} is not an active Virtual Machine Scale Set VM instanceId.",
                    target="instanceIds",
                )
            named.append(instance)
        return named

    def _is_due(self, instance: Instance, now: float) -> bool:
        snapshot = instance.at(now, self.has_signal)
        if snapshot.provisioning == "Updating":
            raise conflict()
        if instance.protected or self.is_current(snapshot):
            return False
        if snapshot.power != "running":
            raise NotSimulated(f"manualupgrade of instance {instance.instance_id}, which is {snapshot.power}")
        return True

    def _planned_upgrade(self, instance: Instance, now: float) -> Upgrade:
        return decide(
            instance.instance_id,
            sum(upgrade.by_manualupgrade for upgrade in instance.upgrades) + 1,
            now,
            image=self._deployed(self._profile),
            model=self.model,
            timing=self._scenario.timing,
            faults=self._faults_of(instance.instance_id),
            has_signal=self.has_signal,
            seed=self._seed,
        )

    def _operation_error(self, accepted: AcceptedUpgrade) -> tuple[str, str] | None:
        for instance, upgrade in accepted.jobs:
            for fault in self._faults_of(instance.instance_id):
                if isinstance(fault, f.ProvisioningFailure) and upgrade.failure and fault.operation == "failed":
                    return upgrade.failure
        return None

    def _start(self, now: float, api_version: str, ends_at: Any, **more: Any) -> Operation:
        name = str(uuid.UUID(int=self._names.getrandbits(128), version=4))
        token = f"t={self._names.getrandbits(60)}&c=sim&s={self._names.getrandbits(64):x}&h=sim"
        operation = Operation(name=name, token=token, api_version=api_version, started_at=now, ends_at=ends_at, **more)
        self.operations[name] = operation
        self._running.append(operation)
        return operation

    # --- what others do to the set ---

    def _events_of_scenario(self) -> list[f.Event]:
        return [fault for fault in self._scenario.faults if isinstance(fault, f.Event)]

    def _expect(self, moment: float, event: f.Event) -> None:
        heapq.heappush(self._events, (moment, next(self._order), event))

    def _expect_after_upgrade(self, now: float) -> None:
        for event in self._events_of_scenario():
            if event.when.after_upgrade == len(self.accepted):
                self._expect(now + event.when.delay, event)

    def _happen(self, event: f.Event, moment: float) -> None:
        match event:
            case f.Vanish(instance=instance_id):
                self.instances[instance_id].gone_at = moment
            case f.FallIll(instance=instance_id, seconds=seconds):
                end = FOREVER if seconds is None else moment + seconds
                self.instances[instance_id].sicknesses.append(Sickness(moment, end))
            case f.Stop(instance=instance_id, power=power):
                self.instances[instance_id].power_changes.append((moment, power))
            case f.Appear():
                self.instances[event.instance] = self._born(event, moment)
            case f.UpdatedBySomebody(instance=instance_id, seconds=seconds):
                self.instances[instance_id].upgrades.append(self._reimage(moment, seconds))
            case f.ModelChange(patch=patch):
                self.json = merged(self.json, patch)
                self._etag += 1
                self.model = self._number_of(self._profile)

    def _born(self, event: f.Appear, moment: float) -> Instance:
        model, profile = self._first_profile if event.image == "old" else (self.model, self._profile)
        return Instance(
            instance_id=event.instance,
            update_domain=event.update_domain,
            fault_domain=event.update_domain,
            zone=None,
            placement_group=placement_group_id(0),
            image=self._deployed(profile),
            model=model,
            born_at=moment,
        )

    def _reimage(self, moment: float, seconds: float) -> Upgrade:
        ended_at = moment + seconds
        return Upgrade(
            started_at=moment,
            ended_at=ended_at,
            image=self._deployed(self._profile),
            model=self.model,
            current_at=ended_at,
            sickness=Sickness(ended_at, ended_at),
            by_manualupgrade=False,
        )

    # --- models and images ---

    @property
    def _profile(self) -> dict[str, Any]:
        profile: dict[str, Any] = self.json["properties"]["virtualMachineProfile"]
        return profile

    def _number_of(self, profile: dict[str, Any]) -> int:
        """The number of a model; equal models have the same, so going back makes old instances current
        again.
        """
        if profile not in self._profiles:
            self._profiles.append(copy.deepcopy(profile))
        return self._profiles.index(profile)

    def _deployed(self, profile: dict[str, Any]) -> DeployedImage:
        return self._scenario.catalog.deploy(profile["storageProfile"], self.location)

    def _instance(self, described: InstanceDescription) -> Instance:
        return Instance(
            instance_id=described.instance_id,
            update_domain=described.update_domain,
            fault_domain=described.fault_domain,
            zone=described.zone,
            placement_group=described.placement_group,
            image=described.image or self._deployed(self._profile),
            model=self._model_of(described),
            provisioning=described.provisioning,
            failure=described.failure,
            power=described.power,
            protected=described.protected,
            protected_from_scale_in=described.protected_from_scale_in,
            sicknesses=[Sickness(0.0)] if described.unhealthy else [],
        )

    def _model_of(self, described: InstanceDescription) -> int:
        """The number of the model that the instance was made from, as far as its image tells."""
        profile, image = self._profile, described.image
        current = described.current
        if current is None:
            current = image is None or image == self._deployed(profile) or follows_latest(profile)
        if current:
            return self.model
        version = dict(image.reference).get("exactVersion") if image is not None else None
        if version is not None and kind_of(profile["storageProfile"]) == "platform":
            earlier = merged(profile, {"storageProfile": {"imageReference": {"version": version}}})
            if (number := self._number_of(earlier)) != self.model:
                return number
        return UNKNOWN_MODEL

    # --- faults ---

    def _faults_of(self, instance_id: str) -> list[f.InstanceFault]:
        return [
            fault
            for fault in self._scenario.faults
            if isinstance(fault, f.InstanceFault) and fault.instance == instance_id
        ]

    def _conflict_seconds(self) -> float:
        windows = [fault.seconds for fault in self._scenario.faults if isinstance(fault, f.ConflictWindow)]
        return max(windows, default=0.0)
