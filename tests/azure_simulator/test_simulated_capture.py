"""Sets described by real input: recorded ones, and what the CLI prints."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from simulated import Simulation, interactions

from azure_simulator import ScenarioError, load_scenario
from azure_simulator.scenario.captured.kinds import OF_INSTANCE, OF_MODEL
from azure_simulator.scenario.captured.scale_set import with_captured_set
from harness.az_output import flattened

RECORDED = [
    "gateway_timeout_504_2017",
    "instances_paging_nextlink_2018",
    "patch_and_manualupgrade_retry_after_2020",
    "redeploy_maintenance_409_2018",
    "uniform_create_and_modify_2024",
    "uniform_expand_instanceview_2023",
    "uniform_instances_power_2024",
    "uniform_manualupgrade_conflict_409_2023",
    "uniform_manualupgrade_stale_instances_2024",
    "uniform_update_and_instance_protection_2024",
]

TARGET = "22.04.202611010"


def recorded_set(recording: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the first GET of a set, and the first list of its instances, before or after it."""
    models: dict[str, dict[str, Any]] = {}
    lists: dict[str, dict[str, Any]] = {}
    for _, request, response in interactions(recording):
        name, _, rest = request["url"].split("?")[0].lower().partition("/virtualmachinescalesets/")[2].partition("/")
        if request["method"] != "GET" or response["status"] != 200 or not name:
            continue
        if not rest:
            models.setdefault(name, response["body"])
        elif rest == "virtualmachines" and response["body"]["value"]:
            lists.setdefault(name, {"value": response["body"]["value"]})
    (name,) = models.keys() & lists.keys()
    return models[name], {"value": [with_a_view(each) for each in lists[name]["value"]]}


def with_a_view(instance: dict[str, Any]) -> dict[str, Any]:
    """Return an instance as `--expand instanceView` shows it, from recordings that did not ask for that."""
    properties = instance["properties"]
    view = properties.get("instanceView") or {"statuses": [{"code": "PowerState/running"}]}
    return {**instance, "properties": {**properties, "instanceView": view}}


def files(folder: Path, model: object, instances: object) -> tuple[Path, Path]:
    (folder / "model.json").write_text(json.dumps(model))
    (folder / "instances.json").write_text(json.dumps(instances))
    return folder / "model.json", folder / "instances.json"


def captured(folder: Path, model: object, instances: object) -> Simulation:
    return Simulation(scenario=with_captured_set(load_scenario("happy"), *files(folder, model, instances)))


@pytest.mark.parametrize("recording", RECORDED)
@pytest.mark.parametrize("form", ["arm", "cli"])
def test_a_recorded_set_can_be_rolled(recording: str, form: str, tmp_path: Path) -> None:
    model, instances = recorded_set(recording)
    if form == "cli":
        simulation = captured(tmp_path, flattened(model), [flattened(each) for each in instances["value"]])
    else:
        simulation = captured(tmp_path, model, instances)
    assert simulation.where == (model["id"].split("/")[4], model["name"])
    seen = simulation.set_json()
    assert seen["properties"]["virtualMachineProfile"] == model["properties"]["virtualMachineProfile"]
    truth = {each.instance_id: each for each in simulation.azure.instances()}
    assert set(truth) == {each["instanceId"] for each in instances["value"]}
    for each in instances["value"]:
        assert truth[each["instanceId"]].latest_model_applied is each["properties"]["latestModelApplied"]
        reference = each["properties"].get("storageProfile", {}).get("imageReference", {})
        exact = reference.get("exactVersion", reference.get("version"))
        assert exact in (None, "latest", truth[each["instanceId"]].image_version)

    simulation.update_image(TARGET)
    if model["properties"]["upgradePolicy"]["mode"] != "Manual":
        assert simulation.upgrade("*").status == 409
        return
    # An operation that ran when the set was captured stays so: how it ended is unknown.
    settled = [name for name, each in truth.items() if each.provisioning_state != "Updating"]
    assert (simulation.upgrade("*").status == 202) is (len(settled) == len(truth))
    if len(settled) < len(truth):
        assert simulation.upgrade(*settled).status == 202 if settled else True
    simulation.clock.sleep(400)
    assert {each.image_version for each in simulation.azure.instances() if each.instance_id in settled} <= {TARGET}


def test_domains_and_power_come_from_the_instance_view(tmp_path: Path) -> None:
    model, instances = recorded_set("uniform_expand_instanceview_2023")
    (only,) = captured(tmp_path, model, instances).azure.instances()
    view = instances["value"][0]["properties"]["instanceView"]
    assert (only.update_domain, only.fault_domain) == (view["platformUpdateDomain"], view["platformFaultDomain"])
    assert (only.placement_group, only.power_state) == (view["placementGroupId"], "running")


def test_a_domain_that_the_view_does_not_show_is_unknown(tmp_path: Path) -> None:
    simulation = captured(tmp_path, *recorded_set("uniform_create_and_modify_2024"))
    assert {each.update_domain for each in simulation.azure.instances()} == {None}
    assert "platformUpdateDomain" not in simulation.view("0")


MODEL = {
    "id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/web",
    "name": "web",
    "location": "westeurope",
    "resourceGroup": "g",
    "sku": {"name": "Standard_B2s", "capacity": 2},
    "upgradePolicy": {"mode": "Manual", "rollingUpgradePolicy": None},
    "virtualMachineProfile": {
        "storageProfile": {
            "imageReference": {"publisher": "P", "offer": "O", "sku": "S", "version": "1.0.0", "id": None},
            "osDisk": {"osType": "Linux"},
        },
        "extensionProfile": {
            "extensions": [
                {
                    "name": "health",
                    "publisher": "Microsoft.ManagedServices",
                    "typePropertiesType": "ApplicationHealthLinux",
                }
            ]
        },
        "networkProfile": {
            "networkInterfaceConfigurations": [
                {"name": "nic", "primary": True, "ipConfigurations": [{"name": "ip", "subnet": {"id": "x"}}]}
            ]
        },
    },
}


def instance(number: int, **more: object) -> dict[str, object]:
    return {
        "instanceId": str(number),
        "id": f"{MODEL['id']}/virtualMachines/{number}",
        "latestModelApplied": True,
        "provisioningState": "Succeeded",
        "instanceView": {"platformUpdateDomain": number, "platformFaultDomain": number, "statuses": []},
        "storageProfile": {
            "imageReference": {"publisher": "P", "offer": "O", "sku": "S", "version": "1.0.0", "exactVersion": "1.0.0"}
        },
        **more,
    }


FLEXIBLE = {**MODEL, "orchestrationMode": "Flexible"}


def machine(name: str, **more: object) -> dict[str, object]:
    """Return a machine of a Flexible set as `az vm list --show-details` prints it."""
    return {
        "name": name,
        "id": f"/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/{name}",
        "type": "Microsoft.Compute/virtualMachines",
        "location": "westeurope",
        "resourceGroup": "g",
        "virtualMachineScaleSet": {"id": MODEL["id"], "resourceGroup": "g"},
        "provisioningState": "Succeeded",
        "hardwareProfile": {"vmSize": "Standard_B2s"},
        "storageProfile": {
            "imageReference": {"publisher": "P", "offer": "O", "sku": "S", "version": "1.0.0", "exactVersion": "1.0.0"}
        },
        "instanceView": {"statuses": [{"code": "ProvisioningState/succeeded"}, {"code": "PowerState/running"}]},
        "powerState": "VM running",
        "publicIps": "",
        "fqdns": "",
        **more,
    }


def test_json_flattened_by_the_cli_is_wrapped_again(tmp_path: Path) -> None:
    simulation = captured(tmp_path, MODEL, [instance(0), instance(1)])
    profile = simulation.set_json()["properties"]["virtualMachineProfile"]
    assert profile["extensionProfile"]["extensions"][0]["properties"]["type"] == "ApplicationHealthLinux"
    (nic,) = profile["networkProfile"]["networkInterfaceConfigurations"]
    assert nic["properties"]["ipConfigurations"] == [{"name": "ip", "properties": {"subnet": {"id": "x"}}}]
    assert "id" not in profile["storageProfile"]["imageReference"]
    assert [each.update_domain for each in simulation.azure.instances()] == [0, 1]


def test_states_of_instances(tmp_path: Path) -> None:
    broken = {"code": "ProvisioningState/failed/Broken", "message": "it is"}
    views = [
        {"statuses": [{"code": "PowerState/deallocated"}]},
        {"statuses": [broken, {"code": "PowerState/running"}]},
        {"statuses": [], "vmHealth": {"status": {"code": "HealthState/unhealthy"}}},
    ]
    described = [instance(number, instanceView=view) for number, view in enumerate(views)]
    described[0] |= {"protectionPolicy": {"protectFromScaleSetActions": True}, "zones": ["2"]}
    described[1] |= {"provisioningState": "Failed", "latestModelApplied": False}
    described[2] |= {"provisioningState": "Updating"}
    simulation = captured(tmp_path, MODEL, described)
    zero, one, two = simulation.azure.instances()
    assert (zero.power_state, zero.zone) == ("deallocated", "2")
    assert (one.provisioning_state, one.latest_model_applied) == ("Failed", False)
    assert simulation.view("1")["statuses"][0]["code"] == "ProvisioningState/failed/Broken"
    assert (two.provisioning_state, two.healthy) == ("Updating", False)


@pytest.mark.parametrize(
    ("model", "instances", "problem"),
    [
        ([], [], "model.json: must be one scale set"),
        ({}, [], "model.json: id: is missing; is this what `az vmss show` prints?"),
        ({**MODEL, "id": "/subscriptions/s"}, [], "model.json: id: is not a scale set's: /subscriptions/s"),
        ({**MODEL, "virtualMachineProfile": None}, [], "model.json: virtualMachineProfile.storageProfile: is missing"),
        (MODEL, {}, "instances.json: must be a list of instances"),
        (MODEL, [{}], "instances.json: [0]: instanceId: is missing"),
        (MODEL, [{**instance(0), "instanceId": ""}], "instances.json: [0]: instanceId: is missing"),
        (MODEL, [{**instance(0), "id": f"{MODEL['id']}2/virtualMachines/0"}], "[0]: id: is not of the scale set"),
        (MODEL, [instance(0, resources=["x"])], "instances.json: has a value of a kind that Azure does not give"),
        (
            {**MODEL, "sku": {"capacity": "many"}},
            [],
            'model.json: sku.capacity: must be a whole number of 0 or more, but is "many"',
        ),
        (
            {**MODEL, "sku": {"capacity": -1}},
            [],
            "model.json: sku.capacity: must be a whole number of 0 or more, but is -1",
        ),
        (
            MODEL,
            [instance(0, latestModelApplied="yes")],
            '[0]: latestModelApplied: must be true or false, but is "yes"',
        ),
        (MODEL, [instance(0), instance(0)], "instances.json: names an instance twice"),
        (MODEL, {"value": [], "nextLink": "x"}, "instances.json: nextLink: this is one page"),
        (
            MODEL,
            [instance(0, instanceView=None), instance(1, instanceView=None)],
            "save what this prints instead: az vmss list-instances --resource-group g --name web --expand instanceView",
        ),
        (
            MODEL,
            [{"instanceId": "0", "instanceView": {"statuses": []}}],
            "[0]: is only half of an instance; save what this prints instead: az vmss list-instances --resource-group",
        ),
        (
            {**MODEL, "virtualMachineProfile": {"storageProfile": {"osDisk": {}}}},
            [],
            "model.json: virtualMachineProfile.storageProfile: names no image",
        ),
        (FLEXIBLE, [{"id": "x", "location": "y"}], "instances.json: [0]: name: is missing"),
        (
            FLEXIBLE,
            [{"name": "web_0", "id": "x", "instanceId": "web_0", "zones": None}],
            "[0]: is a stub: `az vmss list-instances` shows no more of a machine of a Flexible set; save "
            "what this prints instead: az vm list --resource-group g --show-details",
        ),
        (
            FLEXIBLE,
            [{"name": "jumpbox", "provisioningState": "Succeeded", "virtualMachineScaleSet": None}],
            "lists no machine of /subscriptions/s/resourceGroups/g/providers/",
        ),
        (
            FLEXIBLE,
            [machine("web_0", instanceView=None, powerState=None)],
            "no instance has an instance view, so that power, health and update domains are unknown; save what "
            "this prints instead: az vm list --resource-group g --show-details",
        ),
    ],
)
def test_errors_name_the_file_and_what_is_wrong(model: object, instances: object, problem: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as raised:
        captured(tmp_path, model, instances)
    assert problem in str(raised.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    model, instances = files(tmp_path, MODEL, [])
    with pytest.raises(ScenarioError, match=r"gone\.json: cannot be read"):
        with_captured_set(load_scenario("happy"), tmp_path / "gone.json", instances)
    for text in ("{", "[" * 100_000):
        model.write_text(text)
        with pytest.raises(ScenarioError, match=r"model\.json: is not JSON"):
            with_captured_set(load_scenario("happy"), model, instances)


def test_faults_must_name_instances_of_the_captured_set(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="the set has no instance '6'"):
        with_captured_set(load_scenario("sick-domain"), *files(tmp_path, MODEL, [instance(0)]))


@pytest.mark.parametrize("field", OF_MODEL)
def test_a_field_of_the_model_has_one_kind(field: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=rf"model\.json: {re.escape(field)}: must be .*, but is 1\.5$"):
        captured(tmp_path, with_wrong(MODEL, field), [instance(0)])


@pytest.mark.parametrize("field", OF_INSTANCE)
def test_a_field_of_an_instance_has_one_kind(field: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=rf"instances\.json: \[1\]: {re.escape(field)}: must be .*, but is 1\.5$"):
        captured(tmp_path, MODEL, [instance(0), with_wrong(instance(1), field)])


def with_wrong(resource: dict[str, Any], field: str) -> dict[str, Any]:
    """Return the resource with a value that no field may have."""
    name, _, rest = field.partition(".")
    plain = name.removesuffix("[]")
    value = with_wrong(resource.get(plain) if isinstance(resource.get(plain), dict) else {}, rest) if rest else 1.5
    return {**resource, plain: [value] if name != plain else value}
