"""A scale set as it is when a simulation begins: its own JSON and its instances."""

import copy
import dataclasses
from dataclasses import dataclass, field
from typing import Any

from azure_simulator.images import ID_KEYS, Catalog, DeployedImage, kind_of
from azure_simulator.reading import Section

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
TENANT = "22222222-2222-2222-2222-222222222222"
CLIENT_ID = "33333333-3333-3333-3333-333333333333"
RESOURCE_GROUP = "simulated-group"
SCALE_SET = "simulated-set"
LOCATION = "westeurope"

# What a scenario has that names no image: the set is on the second version, a third one is there.
UBUNTU = {"publisher": "Canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-lts-gen2"}
UBUNTU_VERSIONS = ("22.04.202609010", "22.04.202610010", "22.04.202611010")

HEALTH_SOURCES = ("probe", "extension", "external", "none")
ORCHESTRATION_MODES = ("Uniform", "Flexible")
POWER_STATES = ("running", "stopped", "deallocated")
_IDS = ", ".join(f"{{{key}: ..}}" for key in ID_KEYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceDescription:
    """An instance at the beginning. `image` None: what the model gives; `current`: latestModelApplied.

    `busy_seconds`: so long it is Updating, as instances are for a while after their creation. `leaves_first`: it
    is among those that a smaller capacity takes away. `lacks`: extensions of the model that it has not, `vm_size`:
    the size that it has instead of the model's; both are behind the model. `changed_individually`: somebody has
    written to the instance itself. `reports_health` false: it reports none until it is upgraded. `failed_extension`:
    the one that is to blame for `failure`. `attached`: a machine that somebody made by itself and attached to the set.
    `shows`: what is merged over its JSON until it is upgraded. `shown`: how Azure showed it, in a captured file.
    """

    instance_id: str
    update_domain: int | None = None
    fault_domain: int | None = None
    zone: str | None = None
    placement_group: str = ""
    image: DeployedImage | None = None
    current: bool | None = None
    provisioning: str = "Succeeded"
    failure: tuple[str, str] | None = None
    power: str = "running"
    protected: bool = False
    protected_from_scale_in: bool = False
    unhealthy: bool = False
    busy_seconds: float = 0.0
    leaves_first: bool = False
    lacks: tuple[str, ...] = ()
    vm_size: str | None = None
    changed_individually: bool = False
    reports_health: bool = True
    failed_extension: str = ""
    attached: bool = False
    shows: dict[str, Any] | None = field(default=None, hash=False)
    shown: dict[str, Any] | None = field(default=None, hash=False)


@dataclass(frozen=True, slots=True)
class SetDescription:
    """`model` is the set's JSON as Azure writes it; `instances` in the order of their numbers.

    `absent`: there is no set until a PUT creates it; `model` then holds what its address says, and `instances`
    are those that it will be created with, as far as they are told.
    """

    model: dict[str, Any] = field(hash=False)
    instances: tuple[InstanceDescription, ...]
    absent: bool = False


def is_flexible(model: dict[str, Any]) -> bool:
    """Whether the set's instances are virtual machines of their own."""
    return str(model["properties"].get("orchestrationMode", "")).lower() == "flexible"


def has_health_signal(model: dict[str, Any]) -> bool:
    """Whether the set's JSON names a source of health: a probe, the health extension, or external health."""
    properties = model["properties"]
    profile = properties.get("virtualMachineProfile") or {}
    extensions = (profile.get("extensionProfile") or {}).get("extensions") or []
    return (
        bool((profile.get("networkProfile") or {}).get("healthProbe"))
        or any(_is_application_health(extension) for extension in extensions)
        or bool((properties.get("externalHealthPolicy") or {}).get("enabled"))
    )


def _is_application_health(extension: dict[str, Any]) -> bool:
    return str(extension.get("properties", {}).get("type", "")).startswith("ApplicationHealth")


def merged(base: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """`patch` over `base`: mappings key by key, all else replaced, null removes. Neither is changed."""
    result = dict(base)
    for key, value in patch.items():
        below = result.get(key)
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = merged(below if isinstance(below, dict) else {}, value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def read_set(fleet: Section, patch: dict[str, Any], overrides: Section, catalog: Catalog) -> SetDescription:
    """The set that a scenario's `fleet`, `model` and `instances` describe.

    Raises ScenarioError, and Refusal when the model's image is not in the catalog.
    """
    shape = _spelled_out(fleet) if fleet.has("instances") else _laid_out(fleet)
    orchestration = fleet.choice("orchestration", ORCHESTRATION_MODES, "Uniform")
    attached = fleet.list_of("attached", str)
    if attached and orchestration != "Flexible":
        raise fleet.problem("attached", "is for machines of a Flexible set")
    if orchestration == "Flexible":
        shape = [_as_machine(each) for each in shape]
    shape += [InstanceDescription(instance_id=name, attached=True, reports_health=False) for name in attached]
    if fleet.whole("fault_domains", 5) == 1:
        shape = [dataclasses.replace(each, update_domain=None, fault_domain=None) for each in shape]
    model = merged(_base_model(fleet, len(shape)), _orchestrated(orchestration, fleet.whole("fault_domains", 5)))
    model = merged(model, patch)
    fleet.finish()
    instances = tuple(_overridden(each, overrides, model, catalog) for each in shape)
    overrides.finish()
    return SetDescription(model, instances)


def _as_machine(instance: InstanceDescription) -> InstanceDescription:
    """An instance of a Flexible set: a virtual machine by name, without domains."""
    name = f"{SCALE_SET}_{int(instance.instance_id):08x}"
    return dataclasses.replace(instance, instance_id=name, update_domain=None, fault_domain=None, placement_group="")


def _orchestrated(mode: str, fault_domains: int) -> dict[str, Any]:
    """What the orchestration mode and the number of fault domains say in the set's JSON."""
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


def _laid_out(fleet: Section) -> list[InstanceDescription]:
    """Instances numbered from 0, dealt out to the update domains in turn; zone by zone, group by group."""
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


def placement_group_id(group: int, zone: str | None = None) -> str:
    """The id of the `group`-th placement group (of a zone): a fixed one, so that runs can be compared."""
    return f"{group:08x}-0000-4000-8000-{int(zone) if zone and zone.isdigit() else 0:012x}"


def _spelled_out(fleet: Section) -> list[InstanceDescription]:
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


def _overridden(
    instance: InstanceDescription, overrides: Section, model: dict[str, Any], catalog: Catalog
) -> InstanceDescription:
    given = overrides.section(instance.instance_id)
    image = _given_image(given, model, catalog)
    failure = given.section("failed")
    behind = given.section("behind")
    lacks = tuple(behind.list_of("extensions", str))
    profile = model["properties"].get("virtualMachineProfile") or {}
    extensions = {each["name"]: each for each in (profile.get("extensionProfile") or {}).get("extensions") or []}
    known = list(extensions)
    if unknown := [name for name in lacks if name not in known]:
        raise behind.problem("extensions", f"names {unknown[0]!r}, and the model has {', '.join(known) or 'none'}")
    reports = not instance.attached and not any(_is_application_health(extensions[name]) for name in lacks)
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


def _given_image(given: Section, model: dict[str, Any], catalog: Catalog) -> DeployedImage | None:
    """`image` of an override: a version of the model's platform image, the id of another kind, or {uri: ..}."""
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
        raise given.problem("image", f"must be a version of the model's platform image, {_IDS} or {{uri: ..}}")
    return catalog.deploy(profile, model["location"], 0.0)


def _base_model(fleet: Section, count: int) -> dict[str, Any]:
    """The set's JSON, as recorded for a regional Uniform set (uniform_create_and_modify_2024)."""
    location = fleet.text("location", LOCATION)
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{RESOURCE_GROUP}/providers"
    network = f"{group}/Microsoft.Network"
    zones = fleet.list_of("zones", str)
    single = fleet.whole("placement_groups", 1) == 1
    model: dict[str, Any] = {
        "name": SCALE_SET,
        "id": f"{group}/Microsoft.Compute/virtualMachineScaleSets/{SCALE_SET}",
        "location": location,
        "tags": {},
        "sku": {"name": "Standard_D2s_v5", "tier": "Standard", "capacity": fleet.whole("capacity", count)},
        "properties": {
            "singlePlacementGroup": single,
            "orchestrationMode": "Uniform",
            "upgradePolicy": {"mode": "Manual"},
            "virtualMachineProfile": {
                "osProfile": {
                    "computerNamePrefix": "sim",
                    "adminUsername": "azureuser",
                    "linuxConfiguration": {
                        "disablePasswordAuthentication": True,
                        "provisionVMAgent": True,
                    },
                    "secrets": [],
                    "allowExtensionOperations": True,
                    "requireGuestProvisionSignal": True,
                },
                "storageProfile": _storage_profile(fleet),
                "networkProfile": _network_profile(network),
                "timeCreated": "2025-12-01T08:00:00.0000000+00:00",
            },
            "overprovision": True,
            "doNotRunExtensionsOnOverprovisionedVMs": False,
            "uniqueId": "44444444-4444-4444-8444-444444444444",
            "platformFaultDomainCount": 5,
            "timeCreated": "2025-12-01T08:00:00.0000000+00:00",
        },
    }
    if zones:
        model["zones"] = zones
    source = _health_source(fleet.choice("health", HEALTH_SOURCES, "probe"), network)
    return merged(model, source)


def _storage_profile(fleet: Section) -> dict[str, Any]:
    image = fleet.mapping("image") or {**UBUNTU, "version": UBUNTU_VERSIONS[1]}
    disk: dict[str, Any] = {
        "osType": "Linux",
        "createOption": "FromImage",
        "caching": "ReadWrite",
        "managedDisk": {"storageAccountType": "Premium_LRS"},
        "diskSizeGB": 30,
    }
    if set(image) == {"uri"}:
        return {"osDisk": {**disk, "image": {"uri": image["uri"]}}}
    if set(image) in ([{key} for key in ID_KEYS] + [{"publisher", "offer", "sku", "version"}]):
        if not all(isinstance(value, str) for value in image.values()):
            raise fleet.problem("image", "must hold text only (put versions in quotes)")
        return {"osDisk": disk, "imageReference": dict(image), "diskControllerType": "SCSI"}
    raise fleet.problem("image", f"must be {{publisher, offer, sku, version}}, {_IDS} or {{uri: ..}}, not {set(image)}")


def _network_profile(network: str) -> dict[str, Any]:
    subnet = f"{network}/virtualNetworks/simulated-net/subnets/default"
    pool = f"{network}/loadBalancers/simulated-lb/backendAddressPools/default"
    address = {
        "name": "simIPConfig",
        "properties": {
            "subnet": {"id": subnet},
            "privateIPAddressVersion": "IPv4",
            "loadBalancerBackendAddressPools": [{"id": pool}],
        },
    }
    interface = {
        "name": "simNic",
        "properties": {
            "primary": True,
            "disableTcpStateTracking": False,
            "dnsSettings": {"dnsServers": []},
            "enableIPForwarding": False,
            "ipConfigurations": [address],
        },
    }
    return {"networkInterfaceConfigurations": [interface]}


def _health_source(health: str, network: str) -> dict[str, Any]:
    """What each source of health adds to the set's JSON."""
    extension = {
        "name": "HealthExtension",
        "properties": {
            "autoUpgradeMinorVersion": True,
            "publisher": "Microsoft.ManagedServices",
            "type": "ApplicationHealthLinux",
            "typeHandlerVersion": "1.0",
            "settings": {"protocol": "http", "port": 80, "requestPath": "/health"},
        },
    }
    probe = {"id": f"{network}/loadBalancers/simulated-lb/probes/health"}
    sources: dict[str, dict[str, Any]] = {
        "probe": {"virtualMachineProfile": {"networkProfile": {"healthProbe": probe}}},
        "extension": {"virtualMachineProfile": {"extensionProfile": {"extensions": [extension]}}},
        "external": {"externalHealthPolicy": {"enabled": True, "gracePeriod": "PT10M", "expiryDuration": "PT15M"}},
        "none": {},
    }
    return {"properties": sources[health]}
