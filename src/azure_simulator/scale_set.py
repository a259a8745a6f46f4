"""The simulated scale set: its model, its instances, its operations, and what is still to happen to it.

What requests do to it stands in set_updates.py, instance_actions.py and rolling_upgrade.py.

Choices that no recording decides: the set is Updating while an operation runs on it; a write while another
operation runs is a 409 Conflict.
"""

import copy
import heapq
import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from azure_simulator import faults as f
from azure_simulator import set_events
from azure_simulator.clock import Calendar
from azure_simulator.errors import refusal
from azure_simulator.fleet import FOREVER, Instance, Protection, Sickness, Snapshot, Spell, Upgrade
from azure_simulator.images import ID_KEYS, DeployedImage
from azure_simulator.model_rules import fingerprint, follows_latest, profile_of
from azure_simulator.operations import OperationBook
from azure_simulator.reported_health import reported
from azure_simulator.rolling_upgrade import RollingUpgrade
from azure_simulator.scenario import Scenario
from azure_simulator.set_description import (
    InstanceDescription,
    has_health_signal,
    is_flexible,
)

Kind = TypeVar("Kind", bound=f.Fault)
UNKNOWN_MODEL = -1
# Somebody has written to the instance itself: it follows no model of the set (reported: Azure/azure-cli#30708).
OWN_MODEL = -2
NOTHING_TO_UPGRADE = 16.5


@dataclass(frozen=True, slots=True)
class AcceptedUpgrade:
    """One accepted manualupgrade and what it does to each instance that it touches.

    An upgrade of instances that are all current takes 16.5 s (uniform_create_and_modify_2024).
    """

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


@dataclass(frozen=True, slots=True)
class SetThen:
    """The set as it was from one moment on: its JSON, and the number that its etag counts from."""

    since: float
    json: dict[str, Any]
    updates: int


class SimulatedScaleSet:
    """The one scale set. Every method wants `settle(now)` to have been called for its `now`.

    `json` is its own JSON without what depends on the moment. It exists from `created_at` to `deleted_at`, and
    its creation ends at `ready_at`; Resource Manager knows it from the first moment on and still does when it is
    gone.
    """

    def __init__(self, scenario: Scenario, seed: int, calendar: Calendar) -> None:
        self.scenario = scenario
        self.seed = seed
        self.calendar = calendar
        self.json: dict[str, Any] = copy.deepcopy(scenario.scale_set.model)
        self.created_at = FOREVER if scenario.scale_set.absent else 0.0
        self.ready_at = 0.0
        self.deleted_at = FOREVER
        self.updates = int(str(self.json.pop("etag", '"2"')).strip('"'))
        self.instances: dict[str, Instance] = {}
        self.operations = OperationBook(calendar, seed)
        self.accepted: list[AcceptedUpgrade] = []
        # When each update ended that reached instances by itself, as modes Rolling and Automatic do.
        self.reached_by_updates: list[float] = []
        self.updated_at: list[float] = []
        self.conflict_until = 0.0
        self.tokens_revoked_at = -FOREVER
        self.repairs_suspended = scenario.repairs_suspended
        self.rolling = RollingUpgrade.reported(scenario.rolling_upgrade, calendar)
        self.births = list(scenario.scale_set.instances) if scenario.scale_set.absent else []
        self._models: list[dict[str, Any]] = []
        self._model_since: list[tuple[float, int]] = []
        self._profiles: list[dict[str, Any]] = []
        self._history: list[SetThen] = []
        self._events: list[tuple[float, int, f.Event]] = []
        self._order = itertools.count()
        self.model = UNKNOWN_MODEL
        if not scenario.scale_set.absent:
            self._begin(scenario.scale_set.instances)
        self.remember(0.0)
        self.first = (self.model, copy.deepcopy(self.json.get("properties", {}).get("virtualMachineProfile")))

    def _begin(self, described: tuple[InstanceDescription, ...]) -> None:
        self.note_model()
        for each in described:
            self.instances[each.instance_id] = self._instance(each)
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
        return is_flexible(self.json)

    @property
    def capacity(self) -> int:
        return int((self.json.get("sku") or {}).get("capacity", 0))

    @property
    def profile(self) -> dict[str, Any]:
        """The model that instances are made from; empty for a Flexible set that has none."""
        return profile_of(self.json)

    def profile_of(self, model: int) -> dict[str, Any]:
        """The profile that an instance on this model was made from, as far as it is known."""
        return self.profile if model < 0 else self._profiles[model]

    def size_of(self, model: int) -> str | None:
        """The size of the machines that are made from this model, as far as it is known."""
        size: str | None = (self.json.get("sku") or {}).get("name") if model < 0 else self._models[model]["size"]
        return size

    def models_in_use(self, now: float) -> set[int]:
        """The models that the instances of the set were made from."""
        return {self.snapshot(instance, now).model for instance in self.present(now)}

    def exists(self, now: float) -> bool:
        return self.created_at <= now < self.deleted_at

    def etag(self, now: float) -> int:
        """+1 for each update of the set; +2 over a manualupgrade (uniform_manualupgrade_stale_instances_2024),
        except that of a Flexible set, which only updates move (flexible_manualupgrade_2024); and it has moved again
        when an update of mode Rolling or Automatic has reached its instances (uniform_auto_os_upgrade_policy_2024).
        """
        updates = self.was(now).updates
        if self.flexible:
            return updates
        by_themselves = 2 * sum(ends <= now for ends in self.reached_by_updates)
        upgrades = [upgrade for upgrade in self.accepted if upgrade.started_at <= now]
        return updates + by_themselves + sum(1 + (upgrade.ends_at() <= now) for upgrade in upgrades)

    def was(self, then: float) -> SetThen:
        """The set as it is now, or was at an earlier moment; that is known where the scenario lets reads lag."""
        known = next((each for each in reversed(self._history) if each.since <= then), None)
        return known or SetThen(then, self.json, self.updates)

    def remember(self, now: float) -> None:
        """Keep what the set is like from now on, for reads that will lag behind it."""
        if any(isinstance(fault, f.ModelLags) for fault in self.scenario.faults):
            self._history.append(SetThen(now, copy.deepcopy(self.json), self.updates))

    def present(self, now: float) -> list[Instance]:
        """The instances that Azure lists."""
        return [each for each in self.instances.values() if each.exists(now) and not each.hidden]

    def counted(self, now: float) -> int:
        """How many instances there are for the throttle: overprovisioning's extras count."""
        return sum(each.exists(now) for each in self.instances.values())

    def present_instance(self, instance_id: str, now: float) -> Instance | None:
        instance = self.instances.get(instance_id)
        return instance if instance is not None and instance.exists(now) and not instance.hidden else None

    def snapshot(self, instance: Instance, now: float) -> Snapshot:
        snapshot = instance.at(now, self.has_signal)
        lags = [fault for fault in self._faults_of(f.HealthLags) if fault.instance in ("*", instance.instance_id)]
        return reported(instance, snapshot, now, lags[0], self.has_signal) if lags else snapshot

    def is_current(self, snapshot: Snapshot) -> bool:
        """latestModelApplied: whether the instance's model equals the set's, and has come to tell so."""
        return snapshot.model == self.model and not snapshot.lagging

    def was_current(self, snapshot: Snapshot, then: float) -> bool:
        """The same as it was `then`, by the model of that moment."""
        model = next((number for since, number in reversed(self._model_since) if since <= then), UNKNOWN_MODEL)
        return snapshot.model == model and not snapshot.lagging

    def is_stale(self, instance: Instance, now: float) -> bool:
        return not self.is_current(self.snapshot(instance, now))

    # --- time ---

    def moment_of(self, trigger: f.Trigger) -> float:
        """When it is or was; infinite while nobody knows."""
        if trigger.at is not None:
            return trigger.at
        upgrades = [each.started_at for each in self.accepted]
        moments, number = (
            (upgrades, trigger.after_upgrade)
            if trigger.after_update is None
            else (self.updated_at, trigger.after_update)
        )
        return moments[number - 1] + trigger.delay if number and number <= len(moments) else FOREVER

    def is_during(self, window: f.Window | None, now: float) -> bool:
        """Whether a window of the scenario, for ever where there is none, is open now."""
        if window is None:
            return True
        start = self.moment_of(window.start)
        return start <= now < start + (FOREVER if window.seconds is None else window.seconds)

    def listed_at(self, now: float) -> float:
        """The moment that a list of instances shows now."""
        return now - self._lag(f.ListLags, now)

    def shown_at(self, now: float) -> float:
        """The moment that a GET of the set shows now."""
        return now - self._lag(f.ModelLags, now)

    def _lag(self, kind: type[f.ListLags] | type[f.ModelLags], now: float) -> float:
        lags = [fault.seconds for fault in self._faults_of(kind) if self.is_during(fault.during, now)]
        return min(now, max(lags, default=0.0))

    def _faults_of(self, kind: type[Kind]) -> list[Kind]:
        return [fault for fault in self.scenario.faults if isinstance(fault, kind)]

    def settle(self, now: float) -> None:
        """Carry out, each at its own moment, what was to happen up to `now`."""
        while self._events and self._events[0][0] <= now:
            moment, _, event = heapq.heappop(self._events)
            set_events.happen(self, event, moment)

    def expect_after_upgrade(self, now: float) -> None:
        """Plan what the scenario wants to happen after the manualupgrade accepted last."""
        for event in self._events_of_scenario():
            if event.when.after_upgrade == len(self.accepted):
                self._expect(now + event.when.delay, event)

    def expect_after_update(self, now: float) -> None:
        """Note an update of the set, and plan what the scenario wants to happen after it."""
        self.updated_at.append(now)
        self.remember(now)
        for event in self._events_of_scenario():
            if event.when.after_update == len(self.updated_at):
                self._expect(now + event.when.delay, event)

    def _events_of_scenario(self) -> list[f.Event]:
        return [fault for fault in self.scenario.faults if isinstance(fault, f.Event)]

    def _expect(self, moment: float, event: f.Event) -> None:
        heapq.heappush(self._events, (moment, next(self._order), event))

    def forget_deleted(self) -> None:
        """Nothing of a set that was deleted lives on in the one that is created in its place."""
        self.accepted = []
        self.reached_by_updates = []
        self.updated_at = []
        self.conflict_until = 0.0
        self.repairs_suspended = False
        self.rolling = None

    # --- models and images ---

    def is_new_model(self, json: dict[str, Any]) -> bool:
        """Whether `note_model` would find another model than before in this JSON of the set."""
        return self.model != UNKNOWN_MODEL and self._models[self.model] != fingerprint(json)

    def note_model(self, now: float | None = None, *, always: bool = False) -> bool:
        """Take the set's JSON as its model from now on. Returns whether it is another model than before; then it
        carries the time it was made, where this date and set show one.

        A model that has been there before is another one all the same: going back does not make old instances
        current again (uniform_update_and_instance_protection_2024). `always`: even where it equals the one before.
        """
        new = always or self.is_new_model(self.json)
        if new and now is not None and "timeCreated" in self.profile:
            self.profile["timeCreated"] = self.calendar.timestamp(now)
        if new or self.model == UNKNOWN_MODEL:
            before = self.model
            self._models.append(fingerprint(self.json))
            self._profiles.append(copy.deepcopy(self.profile))
            self.model = len(self._models) - 1
            self._model_since.append((now or 0.0, self.model))
            if before != UNKNOWN_MODEL and not self._has_signal(before) and self._has_signal(self.model):
                self._silence(now or 0.0)
        return new

    def _has_signal(self, model: int) -> bool:
        return has_health_signal({"properties": {"virtualMachineProfile": self._profiles[model]}})

    def _silence(self, now: float) -> None:
        """Health comes from a probe or an extension of the model: instances that were made without one report none."""
        for instance in self.instances.values():
            instance.silent_since = min(instance.silent_since, now)

    def deployed(self, profile: dict[str, Any], now: float) -> DeployedImage:
        """What an instance gets that is made from `profile` now. Raises Refusal for an image that is not there."""
        if not profile:
            return DeployedImage()
        return self.scenario.catalog.deploy(profile["storageProfile"], self.location, now)

    def replacement(self, started_at: float, ended_at: float) -> Upgrade:
        """The OS disk of an instance replaced by others than a manualupgrade, without any fault."""
        return Upgrade(
            started_at=started_at,
            ended_at=ended_at,
            image=self.deployed(self.profile, started_at),
            model=self.model,
            current_at=ended_at,
            sickness=Sickness(ended_at, ended_at),
            by_manualupgrade=False,
        )

    # --- instances ---

    def named(self, instance_ids: list[str], now: float) -> list[Instance]:
        """The instances of these ids, each once, `["*"]` for all. Raises Refusal 400 for one that is not there."""
        if instance_ids == ["*"]:
            return self.present(now)
        found: list[Instance] = []
        for instance_id in dict.fromkeys(instance_ids):
            instance = self.present_instance(instance_id, now)
            if instance is None:
                raise refusal("instance-not-active", name=instance_id)
            found.append(instance)
        return found

    def faults_of(self, instance_id: str) -> list[f.InstanceFault]:
        return [
            fault
            for fault in self.scenario.faults
            if isinstance(fault, f.InstanceFault) and fault.instance in ("*", instance_id)
        ]

    def conflict_seconds(self) -> float:
        windows = [fault.seconds for fault in self.scenario.faults if isinstance(fault, f.ConflictWindow)]
        return max(windows, default=0.0)

    def born(self, described: InstanceDescription, born_at: float, ready_at: float) -> Instance:
        """A new instance on the model of this moment: Creating until it is ready."""
        instance = self._instance(described)
        instance.born_at, instance.model, instance.image = born_at, self.model, self.deployed(self.profile, born_at)
        instance.spells.append(Spell(born_at, ready_at, "Creating"))
        return instance

    def _instance(self, described: InstanceDescription) -> Instance:
        return Instance(
            instance_id=described.instance_id,
            update_domain=described.update_domain,
            fault_domain=described.fault_domain,
            zone=described.zone,
            placement_group=described.placement_group,
            image=described.image or self.deployed(self.profile, 0.0),
            model=self._model_of(described),
            provisioning=described.provisioning,
            failure=described.failure,
            failed_extension=described.failed_extension,
            power=described.power,
            protection=_protection(described),
            sicknesses=[Sickness(0.0)] if described.unhealthy else [],
            spells=[Spell(0.0, described.busy_seconds)] if described.busy_seconds else [],
            leaves_first=described.leaves_first,
            silent_since=FOREVER if described.reports_health else 0.0,
            attached=described.attached,
            shows=described.shows,
            shown=described.shown,
        )

    def _model_of(self, described: InstanceDescription) -> int:
        """The number of the model that the instance was made from, as far as it tells."""
        if described.changed_individually:
            return OWN_MODEL
        profile, image = self.profile, described.image
        current = described.current
        if not profile:
            return self.model
        if current is None:
            same = image is None or image == self.deployed(profile, 0.0) or follows_latest(profile)
            current = same and not described.lacks and described.vm_size is None
        return self.model if current else self._number_of_earlier(self._earlier(described))

    def _earlier(self, described: InstanceDescription) -> dict[str, Any]:
        """The set's JSON as it was when the instance was made."""
        json, image = copy.deepcopy(self.json), described.image
        profile = json["properties"]["virtualMachineProfile"]
        storage, reference = profile["storageProfile"], dict(image.reference) if image is not None else {}
        if image is not None and image.uri is not None:
            storage["osDisk"]["image"] = {"uri": image.uri}
        elif image is not None and image.id:
            storage["imageReference"] = {key: image.exact for key in ID_KEYS if key in reference}
        elif "exactVersion" in reference:
            storage["imageReference"] = {**storage.get("imageReference", {}), "version": reference["exactVersion"]}
        if described.lacks:
            extensions = profile["extensionProfile"]["extensions"]
            profile["extensionProfile"]["extensions"] = [e for e in extensions if e["name"] not in described.lacks]
        if described.vm_size is not None:
            json["sku"]["name"] = described.vm_size
        return json

    def _number_of_earlier(self, json: dict[str, Any]) -> int:
        """The number of a model that was before the set's; it is a day older than the one known last."""
        wanted = fingerprint(json)
        if wanted in self._models:
            number = self._models.index(wanted)
            return UNKNOWN_MODEL if number == self.model else number
        profile = json["properties"]["virtualMachineProfile"]
        if "timeCreated" in profile:
            made = datetime.fromisoformat(profile["timeCreated"]) - timedelta(days=len(self._models))
            profile["timeCreated"] = f"{made:%Y-%m-%dT%H:%M:%S}.0000000+00:00"
        self._models.append(wanted)
        self._profiles.append(profile)
        return len(self._models) - 1


def _protection(described: InstanceDescription) -> Protection | None:
    if not described.protected and not described.protected_from_scale_in:
        return None
    from_scale_in = described.protected_from_scale_in or described.protected
    return Protection(from_scale_in, described.protected)
