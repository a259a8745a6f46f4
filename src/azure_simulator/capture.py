"""A scale set described by real input: `az vmss show` and `az vmss list-instances --expand instanceView`.

The CLI prints `properties` flattened into the resource; Resource Manager's own form is taken as well, and both
an array of instances and `{"value": [...]}`. Without an instance view the domains are unknown, and none is
shown. What was Creating or Updating when it was captured has come to its end since, and is Succeeded.
"""

import dataclasses
import json
from pathlib import Path
from typing import Any

from azure_simulator.images import (
    Catalog,
    DeployedImage,
    GalleryImage,
    ManagedImage,
    PlatformImages,
    id_of,
    kind_of,
    split_version,
)
from azure_simulator.reading import ScenarioError
from azure_simulator.scenario import Scenario, check_faults
from azure_simulator.set_description import InstanceDescription, SetDescription, merged

# What a resource has beside `properties`; everything else of a flattened one belongs inside.
_TOP_LEVEL = {
    "name", "id", "type", "location", "tags", "sku", "etag", "zones", "identity", "plan", "instanceId",
    "extendedLocation", "managedBy", "placement", "resourceGroup", "resources", "systemData", "properties",
}  # fmt: skip


def with_captured_set(scenario: Scenario, model_file: Path, instances_file: Path) -> Scenario:
    """`scenario` with the set of these two files in place of its own; timing and faults stay.

    Every image that the files name exists, and so does the version that the scenario's inputs ask for.
    Raises ScenarioError naming the file and what is wrong.
    """
    model = _model(_read(model_file), str(model_file))
    instances = _instances(_read(instances_file), str(instances_file))
    captured = dataclasses.replace(
        scenario,
        scale_set=SetDescription(model, instances),
        catalog=_catalog(model, instances, scenario),
    )
    check_faults(captured, scenario.name)
    return captured


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ScenarioError(f"{path}: is not JSON: {error}") from error


def _model(document: Any, source: str) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise ScenarioError(f"{source}: must be one scale set, a JSON object, as `az vmss show` prints it")
    model = _arm_form(document)
    for key in ("id", "name", "location"):
        if not isinstance(model.get(key), str):
            raise ScenarioError(f"{source}: {key}: is missing; is this what `az vmss show` prints?")
    if "/virtualmachinescalesets/" not in model["id"].lower() or len(model["id"].strip("/").split("/")) != 8:
        raise ScenarioError(f"{source}: id: is not a scale set's: {model['id']}")
    profile = model["properties"].get("virtualMachineProfile")
    if not isinstance(profile, dict) or "storageProfile" not in profile:
        raise ScenarioError(f"{source}: virtualMachineProfile.storageProfile: is missing")
    extensions = (profile.get("extensionProfile") or {}).get("extensions") or []
    if extensions:
        profile["extensionProfile"]["extensions"] = [_wrapped(each) for each in extensions]
    network = profile.get("networkProfile") or {}
    if interfaces := network.get("networkInterfaceConfigurations"):
        network["networkInterfaceConfigurations"] = [_interface(each) for each in interfaces]
    model["properties"]["provisioningState"] = _settled(model["properties"])
    model.setdefault("tags", {})
    model.pop("type", None)
    return model


def _arm_form(resource: dict[str, Any]) -> dict[str, Any]:
    """A resource as Azure writes it: what the CLI flattened goes back into `properties`; nulls go."""
    resource = _without_nulls(resource)
    top = {key: value for key, value in resource.items() if key in _TOP_LEVEL and key != "resourceGroup"}
    flattened = {key: value for key, value in resource.items() if key not in _TOP_LEVEL}
    return {**top, "properties": {**flattened, **resource.get("properties", {})}}


def _wrapped(entry: dict[str, Any]) -> dict[str, Any]:
    """A part of the model with `properties` of its own, which the CLI flattens too.

    An extension's `type` is one of its properties; the CLI prints it under another name.
    """
    if "properties" in entry:
        return entry
    top = {key: value for key, value in entry.items() if key in ("name", "id", "tags")}
    inner = {key: value for key, value in entry.items() if key not in top}
    if "typePropertiesType" in inner:
        inner["type"] = inner.pop("typePropertiesType")
    return {**top, "properties": inner}


def _interface(entry: dict[str, Any]) -> dict[str, Any]:
    interface = _wrapped(entry)
    addresses = interface["properties"].get("ipConfigurations", [])
    return merged(interface, {"properties": {"ipConfigurations": [_wrapped(each) for each in addresses]}})


def _settled(properties: dict[str, Any]) -> str:
    state = str(properties.get("provisioningState", "Succeeded"))
    return "Succeeded" if state in ("Creating", "Updating") else state


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(entry) for key, entry in value.items() if entry is not None}
    if isinstance(value, list):
        return [_without_nulls(entry) for entry in value]
    return value


def _instances(document: Any, source: str) -> tuple[InstanceDescription, ...]:
    entries = document.get("value") if isinstance(document, dict) else document
    if not isinstance(entries, list):
        raise ScenarioError(f"{source}: must be a list of instances, as `az vmss list-instances` prints it")
    if isinstance(document, dict) and document.get("nextLink"):
        raise ScenarioError(f"{source}: nextLink: this is one page of a longer list; all pages belong in one file")
    described = tuple(described_instance(entry, f"{source}: [{index}]") for index, entry in enumerate(entries))
    ids = [each.instance_id for each in described]
    if len(set(ids)) != len(ids):
        raise ScenarioError(f"{source}: names an instance twice")
    return described


def described_instance(entry: Any, source: str) -> InstanceDescription:
    """An instance as Azure or the CLI writes it. Raises ScenarioError, which begins with `source`."""
    if not isinstance(entry, dict) or not isinstance(entry.get("instanceId"), str):
        raise ScenarioError(f"{source}: instanceId: is missing; is this what `az vmss list-instances` prints?")
    instance = _arm_form(entry)
    properties = instance["properties"]
    view = properties.get("instanceView", {})
    statuses = [str(status.get("code", "")) for status in view.get("statuses", [])]
    protection = properties.get("protectionPolicy", {})
    health = str(view.get("vmHealth", {}).get("status", {}).get("code", "")).lower()
    return InstanceDescription(
        instance_id=instance["instanceId"],
        update_domain=view.get("platformUpdateDomain"),
        fault_domain=view.get("platformFaultDomain"),
        zone=next(iter(instance.get("zones", [])), None),
        placement_group=str(view.get("placementGroupId", "")),
        image=_image(properties.get("storageProfile", {})),
        current=bool(properties.get("latestModelApplied", True)),
        provisioning=_settled(properties),
        failure=_failure(view),
        power=_power(statuses, source),
        protected=bool(protection.get("protectFromScaleSetActions")),
        protected_from_scale_in=bool(protection.get("protectFromScaleIn")),
        unhealthy=health not in ("", "healthstate/healthy"),
    )


def _image(storage: dict[str, Any]) -> DeployedImage | None:
    """What the instance has; None (what the model gives) where the file does not tell, as with `$select`."""
    if not storage.get("imageReference"):
        uri = storage.get("osDisk", {}).get("image", {}).get("uri")
        return DeployedImage(uri=uri) if uri else None
    reference = {key: str(value) for key, value in storage["imageReference"].items()}
    # Before 2019 an instance had the resolved number in `version`.
    if not id_of(reference) and "exactVersion" not in reference:
        reference["exactVersion"] = reference.get("version", "")
    return DeployedImage(reference=tuple(reference.items()))


def _failure(view: dict[str, Any]) -> tuple[str, str] | None:
    for status in view.get("statuses", []):
        state, _, code = str(status.get("code", "")).partition("/failed")
        if state == "ProvisioningState" and code:
            return code.strip("/"), str(status.get("message", ""))
    return None


def _power(statuses: list[str], source: str) -> str:
    powers = [code.partition("/")[2].lower() for code in statuses if code.startswith("PowerState/")]
    power = powers[0] if powers else "running"
    if power not in ("running", "stopped", "deallocated"):
        raise ScenarioError(f"{source}: instanceView.statuses: the power state {power!r} is not simulated")
    return power


def _catalog(model: dict[str, Any], instances: tuple[InstanceDescription, ...], scenario: Scenario) -> Catalog:
    """The scenario's images, and every one that the set names or has."""
    storage = model["properties"]["virtualMachineProfile"]["storageProfile"]
    references = [dict(each.image.reference) for each in instances if each.image and each.image.reference]
    catalog = scenario.catalog
    if kind_of(storage) == "platform":
        model_reference = storage["imageReference"]
        names = [str(model_reference.get(key, "")) for key in ("publisher", "offer", "sku")]
        versions = {reference.get("exactVersion", "") for reference in references}
        versions |= {str(model_reference.get("version", "")), scenario.inputs.get("image-version", "")}
        exact = tuple(sorted(version for version in versions if version and version.lower() != "latest"))
        images = PlatformImages(names[0], names[1], names[2], exact)
        return dataclasses.replace(catalog, platform=(images, *catalog.platform))
    if kind_of(storage) != "uri":
        ids = {id_of(storage["imageReference"]), *(found for each in references if (found := id_of(each)))}
        ids |= {scenario.inputs["image-id"]} if "image-id" in scenario.inputs else set()
        gallery = tuple(_gallery_images(ids, references))
        managed = tuple(ManagedImage(each) for each in sorted(ids) if not _is_of_a_gallery(each))
        return dataclasses.replace(catalog, gallery=(*gallery, *catalog.gallery), managed=(*managed, *catalog.managed))
    return catalog


def _is_of_a_gallery(image_id: str) -> bool:
    return "galleries/" in image_id.lower()


def _gallery_images(ids: set[str], references: list[dict[str, str]]) -> list[GalleryImage]:
    found: dict[str, set[str]] = {}
    for image_id in filter(_is_of_a_gallery, ids):
        definition, version = split_version(image_id)
        versions = found.setdefault(definition, set())
        versions |= {version} if version else set()
        versions |= {r["exactVersion"] for r in references if id_of(r) == image_id and "exactVersion" in r}
    return [GalleryImage(definition, tuple(sorted(versions))) for definition, versions in found.items()]
