"""A scale set described by real input: `az vmss show`, and `az vmss list-instances --expand instanceView`, or of a
Flexible set `az vm list -d`.

Resource Manager's own form is read as well as the CLI's (forms.py), and an array of instances as well as
`{"value": [...]}`. The simulator answers what the files say, until something changes it; what they do not say, it
leaves out (bodies/captured.py).
"""

import dataclasses
import json
from functools import partial
from pathlib import Path
from typing import Any

from azure_simulator.scenario.captured.forms import arm_form
from azure_simulator.scenario.captured.images import captured_catalog
from azure_simulator.scenario.captured.kinds import OF_INSTANCE, OF_MODEL, check_kinds
from azure_simulator.scenario.images import DeployedImage
from azure_simulator.scenario.loading import check_faults
from azure_simulator.scenario.scenario import USUAL_SIZES, Scenario
from azure_simulator.scenario.section import ScenarioError
from azure_simulator.scenario.set_description import InstanceDescription, SetDescription
from azure_simulator.wire.answers import NotSimulated
from azure_simulator.wire.names import id_of, kind_of
from azure_simulator.wire.set_model import is_flexible

_STATES = ("Succeeded", "Failed", "Creating", "Updating", "Deleting", "Migrating")


def with_captured_set(scenario: Scenario, model_file: Path, instances_file: Path) -> Scenario:
    """Return `scenario` with the set of these two files in place of its own; timing and faults stay.

    Every image that the files name exists, and so does the one that the scenario's inputs ask for; about VM sizes only
    the scenario says anything. Raises ScenarioError naming the file and what is wrong.
    """
    if scenario.sets:
        raise ScenarioError(f"{scenario.name}: has several scale sets, and a captured one replaces a single one")
    documents = _read(model_file), _read(instances_file)
    return with_captured_documents(scenario, *documents, str(model_file), str(instances_file))


def with_captured_documents(
    scenario: Scenario, model_document: Any, instances_document: Any, model_source: str, instances_source: str
) -> Scenario:
    """Return `scenario` with the set that these documents show, as `with_captured_set` does; the sources name them."""
    source = model_source
    try:
        model = _read_model(model_document, model_source)
        source = instances_source
        instances = _read_instances(instances_document, model, instances_source)
        catalog = captured_catalog(model, instances, scenario)
    except (AttributeError, TypeError, ValueError) as error:
        raise ScenarioError(f"{source}: has a value of a kind that Azure does not give it: {error}") from error
    captured = dataclasses.replace(
        scenario,
        scale_set=SetDescription(model, instances),
        catalog=catalog,
        sizes={} if scenario.sizes is USUAL_SIZES else scenario.sizes,
    )
    check_faults(captured, scenario.name)
    return captured


def described_instance(entry: Any, source: str) -> InstanceDescription:
    """Return an instance as Azure or the CLI writes it; operations that were running on it have ended since.

    Raises ScenarioError, which begins with `source`.
    """
    if not isinstance(entry, dict) or not isinstance(entry.get("instanceId"), str):
        raise ScenarioError(f"{source}: instanceId: is missing; is this what `az vmss list-instances` prints?")
    described = _describe(entry["instanceId"], arm_form(entry))
    settled = "Succeeded" if described.provisioning in ("Creating", "Updating") else described.provisioning
    return dataclasses.replace(described, provisioning=settled)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ScenarioError(f"{path}: is not JSON: {error}") from error


def _read_model(document: Any, source: str) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise ScenarioError(f"{source}: must be one scale set, a JSON object, as `az vmss show` prints it")
    model = arm_form(document, partial(check_kinds, kinds=OF_MODEL, source=source))
    for key in ("id", "name", "location"):
        if key not in model:
            raise ScenarioError(f"{source}: {key}: is missing; is this what `az vmss show` prints?")
    if "/virtualmachinescalesets/" not in model["id"].lower() or len(model["id"].strip("/").split("/")) != 8:
        raise ScenarioError(f"{source}: id: is not a scale set's: {model['id']}")
    profile = model["properties"].get("virtualMachineProfile")
    if profile is None and is_flexible(model):
        return model
    if profile is None or "storageProfile" not in profile:
        raise ScenarioError(f"{source}: virtualMachineProfile.storageProfile: is missing")
    try:
        kind_of(profile["storageProfile"])
    except NotSimulated as error:
        raise ScenarioError(f"{source}: virtualMachineProfile.storageProfile: names no image: {error}") from error
    model.pop("type", None)
    return model


def _read_instances(document: Any, model: dict[str, Any], source: str) -> tuple[InstanceDescription, ...]:
    entries = document.get("value", [document]) if isinstance(document, dict) and document else document
    if not isinstance(entries, list):
        raise ScenarioError(f"{source}: must be a list of instances, as `az vmss list-instances` prints it")
    if isinstance(document, dict) and document.get("nextLink"):
        raise ScenarioError(f"{source}: nextLink: this is one page of a longer list; all pages belong in one file")
    read = _read_machines if is_flexible(model) else _read_uniform_instances
    described = read(entries, model, source)
    ids = [each.instance_id for each in described]
    if len(set(ids)) != len(ids):
        raise ScenarioError(f"{source}: names an instance twice")
    return described


def _read_uniform_instances(entries: list[Any], model: dict[str, Any], source: str) -> tuple[InstanceDescription, ...]:
    shown: list[dict[str, Any]] = []
    for index, entry in enumerate(entries):
        instance = _read_entry(entry, f"{source}: [{index}]")
        if not instance.get("instanceId"):
            problem = "instanceId: is missing; is this what `az vmss list-instances` prints?"
            raise ScenarioError(f"{source}: [{index}]: {problem}")
        owner, machines, _ = str(instance.get("id", "")).lower().rpartition("/virtualmachines/")
        if machines and owner.rpartition("/")[2] != model["name"].lower():
            raise ScenarioError(f"{source}: [{index}]: id: is not of the scale set {model['id']}: {instance['id']}")
        shown.append(instance)
    group, name = _group(model), model["name"]
    command = f"az vmss list-instances --resource-group {group} --name {name} --expand instanceView"
    _check_whole(shown, command, source)
    return tuple(_captured_instance(each["instanceId"], each) for each in shown)


def _read_machines(entries: list[Any], model: dict[str, Any], source: str) -> tuple[InstanceDescription, ...]:
    """Return the virtual machines of a Flexible set; a list of the group may hold others too."""
    group, ours = _group(model), model["id"].lower()
    query = f"[?virtualMachineScaleSet!=null && ends_with(virtualMachineScaleSet.id, '/{model['name']}')]"
    command = f'az vm list --resource-group {group} --show-details --query "{query}"'
    shown: list[dict[str, Any]] = []
    for index, entry in enumerate(entries):
        machine = _read_entry(entry, f"{source}: [{index}]")
        if "name" not in machine:
            raise ScenarioError(f"{source}: [{index}]: name: is missing; is this what `{command}` prints?")
        if set(machine["properties"]) <= {"instanceId"}:
            raise ScenarioError(
                f"{source}: [{index}]: is a stub: `az vmss list-instances` shows no more of a machine of a "
                f"Flexible set; save what this prints instead: {command}"
            )
        owner = machine["properties"].get("virtualMachineScaleSet") or {}
        if str(owner.get("id", "")).lower() == ours:
            shown.append({key: value for key, value in machine.items() if key != "instanceId"})
    if entries and not shown:
        raise ScenarioError(f"{source}: lists no machine of {model['id']}; save what this prints instead: {command}")
    _check_whole(shown, command, source)
    return tuple(_read_machine(each) for each in shown)


def _read_entry(entry: Any, source: str) -> dict[str, Any]:
    """Return an entry of a list in Azure's form; an empty one if it is no object."""
    check = partial(check_kinds, kinds=OF_INSTANCE, source=source)
    return arm_form(entry, check) if isinstance(entry, dict) else {}


def _read_machine(shown: dict[str, Any]) -> InstanceDescription:
    """Return a machine. One that shows no image was made from none: it has been attached with its disk."""
    described = _captured_instance(shown["name"], shown)
    return described if described.image is not None else dataclasses.replace(described, image=DeployedImage())


def _check_whole(shown: list[dict[str, Any]], command: str, source: str) -> None:
    """Raise ScenarioError for a list that lacks what a rehearsal needs.

    One instance without a view, beside others that have theirs, is how Azure shows it.
    """
    for index, each in enumerate(shown):
        if "provisioningState" not in each["properties"] and "storageProfile" not in each["properties"]:
            raise ScenarioError(
                f"{source}: [{index}]: is only half of an instance; save what this prints instead: {command}"
            )
    if shown and not any("instanceView" in each["properties"] for each in shown):
        raise ScenarioError(
            f"{source}: no instance has an instance view, so that power, health and update domains are unknown; "
            f"save what this prints instead: {command}"
        )


def _group(model: dict[str, Any]) -> str:
    return str(model["id"]).strip("/").split("/")[3]


def _captured_instance(instance_id: str, shown: dict[str, Any]) -> InstanceDescription:
    described = _describe(instance_id, shown)
    view = shown["properties"].get("instanceView") or {}
    return dataclasses.replace(described, reports_health="vmHealth" in view, shown=shown)


def _describe(instance_id: str, instance: dict[str, Any]) -> InstanceDescription:
    """Return the description of an instance in Azure's form."""
    properties = instance["properties"]
    view = properties.get("instanceView") or {}
    statuses = [str(status.get("code", "")) for status in view.get("statuses", [])]
    protection = properties.get("protectionPolicy", {})
    health = str(view.get("vmHealth", {}).get("status", {}).get("code", "")).lower()
    flag = properties.get("latestModelApplied")
    return InstanceDescription(
        instance_id=instance_id,
        update_domain=view.get("platformUpdateDomain"),
        fault_domain=view.get("platformFaultDomain"),
        zone=next(iter(instance.get("zones", [])), None),
        placement_group=str(view.get("placementGroupId", "")),
        image=_image(properties.get("storageProfile", {})),
        current=flag if isinstance(flag, bool) else None,
        provisioning=_provisioning_state(properties),
        failure=_failure(view),
        power=_power(statuses),
        protected=bool(protection.get("protectFromScaleSetActions")),
        protected_from_scale_in=bool(protection.get("protectFromScaleIn")),
        unhealthy=health not in ("", "healthstate/healthy"),
        changed_individually=str(properties.get("modelDefinitionApplied", "")).lower() == "virtualmachine",
    )


def _provisioning_state(properties: dict[str, Any]) -> str:
    shown_state = str(properties.get("provisioningState", "Succeeded"))
    return next((state for state in _STATES if state.lower() == shown_state.lower()), shown_state)


def _image(storage: dict[str, Any]) -> DeployedImage | None:
    """Return the instance's image; None (the model's) where the file does not say, as with `$select`."""
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
        code = str(status.get("code", ""))
        if code.lower().startswith("provisioningstate/failed/"):
            return code.split("/", 2)[2], str(status.get("message", ""))
    return None


def _power(statuses: list[str]) -> str:
    """Return the power state of the file; where it says nothing, nothing is shown (bodies/captured.py)."""
    powers = [code.partition("/")[2].lower() for code in statuses if code.lower().startswith("powerstate/")]
    return powers[-1] if powers else "running"
