"""Reads the scale set that a scenario's `fleet`, `model` and `instances` describe."""

import dataclasses
from typing import Any

from azure_simulator.scenario.base_model import IMAGE_KEYS, base_model
from azure_simulator.scenario.catalog import Catalog
from azure_simulator.scenario.images import DeployedImage
from azure_simulator.scenario.section import Section
from azure_simulator.scenario.set_description import SCALE_SET, InstanceDescription, SetDescription, placement_group_id
from azure_simulator.wire.merging import merged
from azure_simulator.wire.names import ID_KEYS, kind_of
from azure_simulator.wire.set_model import is_application_health

ORCHESTRATION_MODES = ("Uniform", "Flexible")
POWER_STATES = ("running", "stopped", "deallocated")


def read_set(fleet: Section, patch: dict[str, Any], overrides: Section, catalog: Catalog) -> SetDescription:
    """Read the set that a scenario's `fleet`, `model` and `instances` describe.

    Raises ScenarioError, and Refusal when the model's image is not in the catalog.
    """
    shape = _read_instances(fleet) if fleet.has("instances") else _lay_out(fleet)
    orchestration = fleet.choice("orchestration", ORCHESTRATION_MODES, "Uniform")
    attached = fleet.list_of("attached", str)
    if attached and orchestration != "Flexible":
        raise fleet.problem("attached", "is for machines of a Flexible set")
    if orchestration == "Flexible":
        name = fleet.text("name", SCALE_SET)
        shape = [_as_machine(each, name) for each in shape]
    shape += [InstanceDescription(instance_id=name, attached=True, reports_health=False) for name in attached]
    if fleet.whole("fault_domains", 5) == 1:
        shape = [dataclasses.replace(each, update_domain=None, fault_domain=None) for each in shape]
    model = merged(base_model(fleet, len(shape)), _orchestrated(orchestration, fleet.whole("fault_domains", 5)))
    model = merged(model, patch)
    fleet.finish()
    instances = tuple(_override(each, overrides, model, catalog) for each in shape)
    overrides.finish()
    return SetDescription(model, instances)


def _as_machine(instance: InstanceDescription, set_name: str) -> InstanceDescription:
    """Return an instance of a Flexible set: a virtual machine by name, without domains."""
    name = f"{set_name}_{int(instance.instance_id):08x}"
    return dataclasses.replace(instance, instance_id=name, update_domain=None, fault_domain=None, placement_group="")


def _orchestrated(mode: str, fault_domains: int) -> dict[str, Any]:
    """Return what the orchestration mode and the number of fault domains say in the set's JSON."""
    if mode == "Uniform":
        return {"properties": {"platformFaultDomainCount": fault_domains}}
    return {
        "properties": {
            "orchestrationMode": mode,
            "singlePlacementGroup": False,
            "platformFaultDomainCount": 1,
            "overprovision": None,
            "doNotRunExtensionsOnOverprovisionedVMs": None,
        }
    }


def _lay_out(fleet: Section) -> list[InstanceDescription]:
    """Return instances numbered from 0, dealt to the update domains in turn; zone by zone, group by group."""
    counts = fleet.list_of("update_domains", int)
    if not counts:
        raise fleet.problem("update_domains", "is missing (how many instances each update domain has)")
    zones: list[str | None] = [*fleet.list_of("zones", str)] or [None]
    groups = fleet.whole("placement_groups", 1)
    missing = set(fleet.list_of("missing_ids", int))
    numbers = (number for number in range(10**6) if number not in missing)
    shape = []
    for group in range(groups):
        for zone in zones:
            for row in range(max(counts)):
                for domain, count in enumerate(counts):
                    if row < count:
                        shape.append(
                            InstanceDescription(
                                instance_id=str(next(numbers)),
                                update_domain=domain,
                                fault_domain=domain,
                                zone=zone,
                                placement_group=placement_group_id(group, zone),
                            )
                        )
    return shape


def _read_instances(fleet: Section) -> list[InstanceDescription]:
    shape = []
    for entry in fleet.sections("instances"):
        domain = entry.whole("update_domain") if entry.raw("update_domain") is not None else None
        fault_domain = entry.whole("fault_domain") if entry.raw("fault_domain") is not None else domain
        zone = entry.optional_text("zone")
        shape.append(
            InstanceDescription(
                instance_id=entry.text("id"),
                update_domain=domain,
                fault_domain=fault_domain,
                zone=zone,
                placement_group=placement_group_id(entry.whole("placement_group", 0), zone),
            )
        )
        entry.finish()
    ids = [each.instance_id for each in shape]
    if len(set(ids)) != len(ids):
        raise fleet.problem("instances", "names an id twice")
    return shape


def _override(
    instance: InstanceDescription, overrides: Section, model: dict[str, Any], catalog: Catalog
) -> InstanceDescription:
    given = overrides.section(instance.instance_id)
    image = _read_image(given, model, catalog)
    failure = given.section("failed")
    behind = given.section("behind")
    lacks = tuple(behind.list_of("extensions", str))
    profile = model["properties"].get("virtualMachineProfile") or {}
    extensions = {each["name"]: each for each in (profile.get("extensionProfile") or {}).get("extensions") or []}
    known = list(extensions)
    if unknown := [name for name in lacks if name not in known]:
        raise behind.problem("extensions", f"names {unknown[0]!r}, and the model has {', '.join(known) or 'none'}")
    reports = not instance.attached and not any(is_application_health(extensions[name]) for name in lacks)
    described = dataclasses.replace(
        instance,
        image=image or (DeployedImage() if instance.attached else None),
        current=given.flag("current", True) if given.has("current") else None,
        provisioning="Failed" if failure.names() else given.text("provisioning_state", "Succeeded"),
        failure=(failure.text("code"), failure.text("message")) if failure.names() else None,
        power=given.choice("power", POWER_STATES, "running"),
        protected=given.flag("protected", False),
        protected_from_scale_in=given.flag("protected_from_scale_in", False),
        unhealthy=given.flag("unhealthy", False),
        lacks=lacks,
        vm_size=behind.optional_text("vm_size"),
        changed_individually=given.flag("changed_individually", False),
        reports_health=given.flag("reports_health", reports),
        failed_extension=failure.text("extension", "") if failure.names() else "",
        shows=given.mapping("shows") or None,
    )
    failure.finish()
    behind.finish()
    given.finish()
    return described


def _read_image(given: Section, model: dict[str, Any], catalog: Catalog) -> DeployedImage | None:
    """Read `image` of an override: a version of the model's platform image, another kind's id, or {uri: ..}."""
    value = given.raw("image")
    if value is None:
        return None
    profile = (model["properties"].get("virtualMachineProfile") or {}).get("storageProfile") or {}
    if isinstance(value, str) and profile and kind_of(profile) == "platform":
        profile = merged(profile, {"imageReference": {"version": value}})
    elif isinstance(value, dict) and len(value) == 1 and value.keys() < ID_KEYS.keys():
        profile = {"imageReference": value}
    elif isinstance(value, dict) and set(value) == {"uri"}:
        profile = {"osDisk": {"image": value}}
    else:
        raise given.problem("image", f"must be a version of the model's platform image, {IMAGE_KEYS} or {{uri: ..}}")
    return catalog.deploy(profile, model["location"], 0.0)
