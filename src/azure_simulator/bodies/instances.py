"""Instances of a Uniform set as Azure writes them; of a Flexible set, stubs.

Shapes: uniform_instances_power_2024; uniform_expand_instanceview_2023 (`$select`); of a Flexible set,
flexible_instances_list_and_deallocate_2024. Older recordings tell what came when (dialects.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from azure_simulator.bodies.captured import as_captured, as_described
from azure_simulator.bodies.dialects import in_dialect
from azure_simulator.bodies.instance_parts import (
    group_address,
    os_profile,
    protection_policy,
    storage_profile,
    unchanged_parts,
    unique_id,
)
from azure_simulator.bodies.instance_view import instance_view
from azure_simulator.state.instances import SETTLING, Instance, Snapshot
from azure_simulator.state.models import OWN_MODEL
from azure_simulator.state.scale_set import SimulatedScaleSet
from azure_simulator.wire.generation import Generation

Detail = Literal["plain", "expanded", "selected"]
Json = dict[str, Any]

KIND = "Microsoft.Compute/virtualMachineScaleSets/virtualMachines"


@dataclass(slots=True)
class Written:
    """An instance as JSON, which holds from `since` until before `until` unless more is `decided` for it.

    `touches`: up to this write to the set nothing more was.
    """

    touches: int
    decided: tuple[object, ...]
    since: float
    until: float
    body: bytes


class InstanceWriter:
    """The writer of one set's instances. What it wrote of one is kept until the instance changes: to list 600 instances
    must not cost more than the text that Azure itself would send, since clients are measured against the simulator.
    """

    def __init__(self, scale_set: SimulatedScaleSet) -> None:
        self._set = scale_set
        self._written: dict[tuple[str, Detail, str], tuple[Snapshot, bool, int, bytes]] = {}
        self._first: dict[tuple[str, Detail, str], tuple[int, Json]] = {}  # of captured ones: as they were made
        self._kept: dict[tuple[str, Detail, str], Written] = {}

    def written(self, instance: Instance, now: float, detail: Detail, api_version: str) -> Written:
        """Return one instance as JSON; what was written before while it must hold."""
        key, touches = (instance.instance_id, detail, api_version), self._set.touches
        kept = self._kept.get(key)
        is_fresh = kept is not None and kept.since <= now < kept.until
        if kept and is_fresh and (kept.touches == touches or kept.decided == self._decided(instance)):
            kept.touches = touches
            return kept
        until = now if self._set.agenda.shows_late else _same_until(instance, now)
        body = self._body_of(instance, now, detail, api_version)
        self._kept[key] = Written(touches, self._decided(instance), now, until, body)
        return self._kept[key]

    def _decided(self, instance: Instance) -> tuple[object, ...]:
        return (self._set.model, self._set.updates, *instance.decided)

    def _body_of(self, instance: Instance, now: float, detail: Detail, api_version: str) -> bytes:
        snapshot = self._set.snapshot(instance, now)
        current = self._set.was_current(snapshot, now)
        key = (instance.instance_id, detail, api_version)
        written = self._written.get(key)
        if written is None or written[:3] != (snapshot, current, self._set.updates):
            body = self._whole(instance, now, detail, api_version)
            written = (snapshot, current, self._set.updates, json.dumps(body).encode())
            self._written[key] = written
        return written[3]

    def view(self, instance: Instance, now: float, api_version: str) -> Json:
        """Return the instance view of an instance of a Uniform set."""
        if instance.shown is None and instance.shows is None:
            return instance_view(self._set, instance, self._set.snapshot(instance, now), api_version)
        whole = self._whole(instance, now, "expanded", api_version)
        view: Json = whole["properties"].get("instanceView") or {}
        return view

    def _whole(self, instance: Instance, now: float, detail: Detail, api_version: str) -> Json:
        """Return an instance of the list; a captured one in its file's own words (captured.py)."""
        generation = Generation(self._set.calendar.moment(now))
        body = self._body(instance, now, detail, api_version, generation)
        if instance.shown is None or self._set.flexible:
            return as_described(instance, body, now, detail != "plain")
        key = (instance.instance_id, detail, api_version)
        if self._first.get(key, (-1, {}))[0] != self._set.updates:
            first = self._body(instance, instance.created_at, detail, api_version, generation)
            self._first[key] = (self._set.updates, first)
        first = self._first[key][1]
        shown = as_captured(instance, first, body, now)
        if detail == "plain":
            shown["properties"].pop("instanceView", None)
        return _selected(shown) if detail == "selected" else shown

    def _body(self, instance: Instance, now: float, detail: Detail, api_version: str, generation: Generation) -> Json:
        if self._set.flexible:
            return self._stub(instance)
        snapshot = self._set.snapshot(instance, now)
        current = self._set.was_current(snapshot, now)
        body = in_dialect(self._full(instance, snapshot, current), generation, api_version)
        if detail == "selected":
            body = _selected(body)
        if detail != "plain":
            body["properties"]["instanceView"] = instance_view(self._set, instance, snapshot, api_version)
        return body

    def _stub(self, instance: Instance) -> Json:
        name = instance.instance_id
        return {
            "name": name,
            "id": self._address(instance),
            "type": KIND,
            "location": self._set.location,
            "instanceId": name,
            "zones": [instance.zone],
        }

    def _full(self, instance: Instance, snapshot: Snapshot, current: bool) -> Json:
        """Return all that the newest api-version shows of an instance."""
        model, profile = self._set.json, self._set.profile_of(snapshot.model)
        body: Json = {
            "name": f"{self._set.name}_{instance.instance_id}",
            "id": self._address(instance),
            "type": KIND,
            "location": self._set.location,
            "instanceId": instance.instance_id,
            "sku": self._sku(snapshot),
            "properties": self._properties(instance, snapshot, current, profile),
        }
        body |= {key: model[key] for key in ("tags", "identity", "plan") if key in model}
        if instance.zone is not None:
            body["zones"] = [instance.zone]
        body["etag"] = f'"{snapshot.etag}"'
        if extensions := (profile.get("extensionProfile") or {}).get("extensions"):
            body["resources"] = [self._extension(instance, each) for each in extensions]
        return body

    def _properties(self, instance: Instance, snapshot: Snapshot, current: bool, profile: Json) -> Json:
        address = self._address(instance)
        interfaces = (profile.get("networkProfile") or {}).get("networkInterfaceConfigurations") or []
        own = snapshot.model == OWN_MODEL
        return {
            "latestModelApplied": current,
            "modelDefinitionApplied": "VirtualMachine" if own else "VirtualMachineScaleSet",
            "networkProfileConfiguration": {"networkInterfaceConfigurations": interfaces},
            "hardwareProfile": {"vmSize": self._set.size_of(snapshot.model)},
            **protection_policy(instance),
            "provisioningState": snapshot.provisioning,
            "resilientVMDeletionStatus": "Disabled",
            "vmId": unique_id(address),
            "storageProfile": storage_profile(self._set, instance, snapshot, profile),
            "osProfile": os_profile(self._set, instance, profile),
            "networkProfile": {
                "networkInterfaces": [{"id": f"{address}/networkInterfaces/{each['name']}"} for each in interfaces]
            },
            **unchanged_parts(profile),
            "timeCreated": self._set.calendar.timestamp(instance.created_at),
        }

    def _address(self, instance: Instance) -> str:
        return f"{self._set.json['id']}/virtualMachines/{instance.instance_id}"

    def _sku(self, snapshot: Snapshot) -> Json:
        sku = {key: value for key, value in (self._set.json.get("sku") or {}).items() if key != "capacity"}
        return {**sku, "name": self._set.size_of(snapshot.model)} if "name" in sku else sku

    def _extension(self, instance: Instance, extension: Json) -> Json:
        machine = f"{self._set.name}_{instance.instance_id}"
        shown = {key: value for key, value in extension["properties"].items() if key != "provisionAfterExtensions"}
        return {
            "name": extension["name"],
            "id": f"{group_address(self._set)}/virtualMachines/{machine}/extensions/{extension['name']}",
            "type": "Microsoft.Compute/virtualMachines/extensions",
            "location": self._set.location,
            "properties": {**shown, "provisioningState": "Succeeded"},
        }


def _selected(instance: Json) -> Json:
    """Return what `$select=instanceView` leaves of an instance, and the view itself where it shows one."""
    shown = instance["properties"]
    properties: Json = {key: shown[key] for key in ("latestModelApplied",) if key in shown}
    properties["hardwareProfile"] = {}
    properties |= {key: shown[key] for key in ("provisioningState", "instanceView") if key in shown}
    return {"id": instance["id"], "instanceId": instance["instanceId"], "properties": properties}


def _same_until(instance: Instance, now: float) -> float:
    """Return until when an instance is shown as it is now, if nothing is decided meanwhile: an hour at most."""
    if any(period.start <= now < period.end for period in instance.state_periods):
        return now
    moments = instance.changes(now + 3600) | {now + 3600, instance.silent_since}
    for upgrade in instance.upgrades:
        moments |= {upgrade.current_at, upgrade.ended_at + SETTLING}
    return min(moment for moment in moments if moment > now)
