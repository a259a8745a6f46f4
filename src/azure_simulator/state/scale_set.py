"""The simulated scale set: its model, its instances, its operations, and what is still to happen to it.

What requests do to it is in manual_upgrades.py, set_updates.py, creation.py and instance_actions.py.

Choices that no recording decides: the set is Updating while an operation runs on it; a write while another
operation runs is a 409 Conflict.
"""

import copy
from dataclasses import dataclass
from typing import Any

from azure_simulator.scenario.images import DeployedImage
from azure_simulator.scenario.scenario import Scenario
from azure_simulator.scenario.set_description import InstanceDescription
from azure_simulator.state.agenda import Agenda
from azure_simulator.state.guest.reported_health import reported
from azure_simulator.state.instances import Instance, Snapshot, Upgrade
from azure_simulator.state.models import UNKNOWN_MODEL, ModelHistory, instance_from
from azure_simulator.state.operations import AcceptedUpgrade, OperationBook
from azure_simulator.state.periods import FOREVER, UnhealthyPeriod
from azure_simulator.state.rolling_upgrades import RollingUpgrade
from azure_simulator.wire.calendar import Calendar
from azure_simulator.wire.errors import refusal
from azure_simulator.wire.set_model import has_health_signal, is_flexible, profile_of


@dataclass(frozen=True, slots=True)
class PastSet:
    """The set as it was from one moment on: its JSON, and the number that its etag counts from."""

    since: float
    json: dict[str, Any]
    updates: int


class SimulatedScaleSet:
    """The one scale set. Every method expects `settle` (events.py) to have been called for its `now`.

    `json` is its own JSON without what depends on the moment. It exists from `created_at` to `deleted_at`, and its
    creation ends at `ready_at`; Resource Manager knows its name from the first moment on, even when it was deleted.
    """

    def __init__(self, scenario: Scenario, seed: int, calendar: Calendar) -> None:
        self.scenario, self.calendar = scenario, calendar
        self.seed, self.touches = seed, 0  # touches: the writes and events so far
        self.json: dict[str, Any] = copy.deepcopy(scenario.scale_set.model)
        self.created_at = FOREVER if scenario.scale_set.absent else 0.0
        self.ready_at, self.deleted_at = 0.0, FOREVER
        etag = str(self.json.pop("etag", "")).strip('"')
        self.updates = int(etag) if etag.isdecimal() else 2
        self.instances: dict[str, Instance] = {}
        self.operations = OperationBook(calendar, seed)
        self.accepted: list[AcceptedUpgrade] = []
        # When each update ended that reached instances by itself, as modes Rolling and Automatic do.
        self.reached_by_updates: list[float] = []
        self.conflict_until = 0.0
        self.tokens_revoked_at = -FOREVER
        self.repairs_suspended = scenario.repairs_suspended
        self.rolling = RollingUpgrade.reported(scenario.rolling_upgrade, calendar)
        # What is known of instances that a creation will make.
        self.described = list(scenario.scale_set.instances) if scenario.scale_set.absent else []
        self.agenda = Agenda(scenario.faults)
        self.models = ModelHistory()
        self._past: list[PastSet] = []
        self.written: list[tuple[float, dict[str, Any]]] = []  # since when it has been which JSON
        if not scenario.scale_set.absent:
            self._begin(scenario.scale_set.instances)
        self.remember(0.0)
        self.first = (self.model, copy.deepcopy(self.json.get("properties", {}).get("virtualMachineProfile")))

    def _begin(self, described: tuple[InstanceDescription, ...]) -> None:
        self.note_model()
        for each in described:
            self.instances[each.instance_id] = self.make_instance(each)
        self.agenda.begin()

    # --- the set ---

    @property
    def location(self) -> str:
        """Return the region."""
        return str(self.json["location"])

    @property
    def name(self) -> str:
        """Return the name."""
        return str(self.json["name"])

    @property
    def unique_id(self) -> str:
        """Return the id that Azure gives a set when it is created."""
        return str(self.json["properties"].get("uniqueId", "scale-set"))

    @property
    def has_signal(self) -> bool:
        """Return whether the model has a health signal."""
        return has_health_signal(self.json)

    @property
    def flexible(self) -> bool:
        """Return whether the instances are virtual machines of their own."""
        return is_flexible(self.json)

    @property
    def capacity(self) -> int:
        """Return the number of instances that the set is to have."""
        return int((self.json.get("sku") or {}).get("capacity", 0))

    def exists(self, now: float) -> bool:
        """Return whether the set exists."""
        return self.created_at <= now < self.deleted_at

    def etag(self, now: float) -> int:
        """Return the number of the etag.

        It grows by 1 for each update of the set; by 2 over a manualupgrade
        (uniform_manualupgrade_stale_instances_2024), except that of a Flexible set, which only updates change
        (flexible_manualupgrade_2024); and by 2 when an update of mode Rolling or Automatic has reached its instances
        (uniform_auto_os_upgrade_policy_2024).
        """
        updates = self.past(now).updates
        if self.flexible:
            return updates
        by_themselves = 2 * sum(ends <= now for ends in self.reached_by_updates)
        upgrades = [upgrade for upgrade in self.accepted if upgrade.started_at <= now]
        return updates + by_themselves + sum(1 + (upgrade.ends_at() <= now) for upgrade in upgrades)

    def past(self, then: float) -> PastSet:
        """Return the set as it is now, or was at an earlier moment, if the scenario lets reads lag."""
        known = (each for each in reversed(self._past) if each.since <= then)
        return next(known, PastSet(then, self.json, self.updates))

    def remember(self, now: float) -> None:
        """Keep what the set is like from now on, for reads and the index that lag behind it."""
        self.written.append((now, self.json))
        if self.agenda.model_lags:
            self._past.append(PastSet(now, copy.deepcopy(self.json), self.updates))

    def forget_deleted(self) -> None:
        """Forget everything about a set that was deleted, since another one is created in its place."""
        self.accepted = []
        self.reached_by_updates = []
        self.agenda.forget()
        self.conflict_until = 0.0
        self.repairs_suspended = False
        self.rolling = None

    # --- models and images ---

    @property
    def model(self) -> int:
        """Return the number of the model that new instances are made from."""
        return self.models.current

    @property
    def profile(self) -> dict[str, Any]:
        """Return the profile that new instances are made from; empty for a Flexible set that has none."""
        return profile_of(self.json)

    def profile_of(self, model: int) -> dict[str, Any]:
        """Return the profile that an instance on this model was made from, as far as it is known."""
        return self.profile if model < 0 else self.models.profile(model)

    def size_of(self, model: int) -> str | None:
        """Return the size of the machines that are made from this model, as far as it is known."""
        return (self.json.get("sku") or {}).get("name") if model < 0 else self.models.size(model)

    def note_model(self, now: float | None = None, *, always: bool = False) -> bool:
        """Take the set's JSON as its model from now on. Return whether it is another model than before.

        A new model carries the time it was made, where this date and set show one. `always`: the model counts as new
        even where it equals the one before.
        """
        new = always or self.models.is_new(self.json)
        if new and now is not None and "timeCreated" in self.profile:
            self.profile["timeCreated"] = self.calendar.timestamp(now)
        if new or self.model == UNKNOWN_MODEL:
            before = self.model
            self.models.add(self.json, now or 0.0)
            if before != UNKNOWN_MODEL and not self._has_signal(before) and self._has_signal(self.model):
                self._silence(now or 0.0)
        return new

    def _has_signal(self, model: int) -> bool:
        return has_health_signal({"properties": {"virtualMachineProfile": self.models.profile(model)}})

    def _silence(self, now: float) -> None:
        """Let instances that were made without the signal report no health: it comes with the model."""
        for instance in self.instances.values():
            instance.silent_since = min(instance.silent_since, now)

    def deployed(self, profile: dict[str, Any], now: float) -> DeployedImage:
        """Return the image of an instance that is made from `profile` now. Raises Refusal when it is missing."""
        if not profile:
            return DeployedImage()
        return self.scenario.catalog.deploy(profile["storageProfile"], self.location, now)

    def replacement(self, started_at: float, ended_at: float) -> Upgrade:
        """Return a replacement of an instance's OS disk that is no manualupgrade and has no fault."""
        return Upgrade(
            started_at=started_at,
            ended_at=ended_at,
            image=self.deployed(self.profile, started_at),
            model=self.model,
            current_at=ended_at,
            unhealthy=UnhealthyPeriod(ended_at, ended_at),
            counted=False,
        )

    # --- instances ---

    def present(self, now: float) -> list[Instance]:
        """Return the instances that Azure lists."""
        return [each for each in self.instances.values() if each.exists(now) and not each.hidden]

    def present_instance(self, instance_id: str, now: float) -> Instance | None:
        """Return an instance that Azure lists; None for any other id."""
        instance = self.instances.get(instance_id)
        return instance if instance is not None and instance.exists(now) and not instance.hidden else None

    def named(self, instance_ids: list[str], now: float) -> list[Instance]:
        """Return the instances of these ids, each once, `["*"]` for all. Raises Refusal 400 for one that is missing."""
        if instance_ids == ["*"]:
            return self.present(now)
        found: list[Instance] = []
        for instance_id in dict.fromkeys(instance_ids):
            instance = self.present_instance(instance_id, now)
            if instance is None:
                raise refusal("instance-not-active", name=instance_id)
            found.append(instance)
        return found

    def counted(self, now: float) -> int:
        """Return how many instances the throttle counts: overprovisioning's extras too."""
        return sum(each.exists(now) for each in self.instances.values())

    def snapshot(self, instance: Instance, now: float) -> Snapshot:
        """Return an instance at this moment, with the health that Azure shows of it."""
        snapshot = instance.at(now, self.has_signal)
        lags = [fault for fault in self.agenda.health_lags if fault.instance in ("*", instance.instance_id)]
        return reported(instance, snapshot, now, lags[0], self.has_signal) if lags else snapshot

    def is_current(self, snapshot: Snapshot) -> bool:
        """Return latestModelApplied: whether the instance's model is the set's, and the flag does not lag."""
        return snapshot.model == self.model and not snapshot.lagging

    def was_current(self, snapshot: Snapshot, then: float) -> bool:
        """Return latestModelApplied as it was `then`, by the model of that moment."""
        return snapshot.model == self.models.current_at(then) and not snapshot.lagging

    def is_stale(self, instance: Instance, now: float) -> bool:
        """Return whether an instance is behind the set's model."""
        return not self.is_current(self.snapshot(instance, now))

    def make_instance(self, described: InstanceDescription) -> Instance:
        """Return the instance that a description describes, as it is at the beginning."""
        image = described.image or self.deployed(self.profile, 0.0)
        model = self.models.number_of(described, self.json, lambda: self.deployed(self.profile, 0.0))
        return instance_from(described, image, model)
