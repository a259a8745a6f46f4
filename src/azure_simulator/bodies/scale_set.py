"""The set itself as Azure writes it.

Shapes: uniform_create_and_modify_2024, uniform_orchestration_service_state_2024 (`orchestrationServices`),
force_update_domain_walk_2018 (`extensions`).
"""

import uuid
from collections import Counter
from typing import Any

from azure_simulator.bodies.instance_view import provisioning_status
from azure_simulator.state.scale_set import SimulatedScaleSet
from azure_simulator.wire.generation import Generation

Json = dict[str, Any]


KIND = "Microsoft.Compute/virtualMachineScaleSets"


def _state_of(scale_set: SimulatedScaleSet, now: float) -> str:
    """Return the set's provisioningState: what its JSON says, or what an operation on it is doing."""
    if now < scale_set.deleted_at < float("inf"):
        return "Deleting"
    if not scale_set.operations.was_running(now):
        return str(scale_set.past(now).json["properties"].get("provisioningState", "Succeeded"))
    return "Creating" if now < scale_set.ready_at else "Updating"


def set_body(scale_set: SimulatedScaleSet, now: float, api_version: str, generation: Generation) -> Json:
    """Return the set: what it is made of, and what only Azure writes."""
    past = scale_set.past(now).json
    body = {"name": scale_set.name, "id": past["id"], "type": KIND, **past}
    properties = dict(body.pop("properties"))
    if generation.etags(api_version):
        body["etag"] = etag(scale_set, now)
    properties["provisioningState"] = _state_of(scale_set, now)
    properties.setdefault("uniqueId", str(uuid.uuid5(uuid.NAMESPACE_URL, body["id"])))
    if api_version < "2026-04-01":
        properties.pop("externalHealthPolicy", None)
    return {**body, "properties": properties}


def neighbour_body(described: Json, api_version: str, generation: Generation) -> Json:
    """Return another set of the subscription, which the scenario describes."""
    body = {**described, "name": str(described["id"]).rsplit("/", 1)[-1], "type": KIND}
    if generation.etags(api_version):
        body["etag"] = '"1"'
    properties = {"provisioningState": "Succeeded", **described.get("properties", {})}
    properties.setdefault("uniqueId", str(uuid.uuid5(uuid.NAMESPACE_URL, described["id"])))
    return {**body, "properties": properties}


def etag(scale_set: SimulatedScaleSet, now: float) -> str:
    """Return the etag: an integer in quotes, which are part of it."""
    return f'"{scale_set.etag(now)}"'


def set_view(scale_set: SimulatedScaleSet, now: float) -> Json:
    """Return the set's own instance view: how many instances are in which provisioning state."""
    summary = _summary(scale_set, now)
    view: Json = {"virtualMachine": {"statusesSummary": summary}}
    extensions = (scale_set.profile.get("extensionProfile") or {}).get("extensions") or []
    if extensions:
        view["extensions"] = [{"name": each["name"], "statusesSummary": summary} for each in extensions]
    if (scale_set.json["properties"].get("automaticRepairsPolicy") or {}).get("enabled"):
        state = "Suspended" if scale_set.repairs_suspended else "Running"
        view["orchestrationServices"] = [{"serviceName": "AutomaticRepairs", "serviceState": state}]
    state = _state_in_view(scale_set, summary, now)
    # Recorded a moment before the end of the last operation; it stays the same from one read to the next.
    time = None if state == "Updating" else scale_set.calendar.timestamp(scale_set.operations.last_end(now))
    return {**view, "statuses": [provisioning_status(state, None, time)]}


def _state_in_view(scale_set: SimulatedScaleSet, summary: list[Json], now: float) -> str:
    """Return the state in the view: a rolling upgrade shows only while it replaces an instance (recorded 2023-03)."""
    rolls = scale_set.rolling is not None and scale_set.rolling.running(now)
    at_rest = all(part["code"] == "ProvisioningState/succeeded" for part in summary)
    return "Succeeded" if rolls and at_rest else _state_of(scale_set, now)


def _summary(scale_set: SimulatedScaleSet, now: float) -> list[Json]:
    states = Counter(scale_set.snapshot(each, now).provisioning for each in scale_set.present(now))
    return [{"code": f"ProvisioningState/{name.lower()}", "count": count} for name, count in sorted(states.items())]
