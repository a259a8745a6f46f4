"""A captured set is answered with the words of its files: nothing is invented, nothing is lost, until it changes."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from simulated import Simulation, error_of, image_patch
from test_simulated_capture import FLEXIBLE, MODEL, captured, files, instance, machine

from azure_simulator import SimulatedAzure, VirtualClock, load_scenario, parse_scenario, with_captured_set, with_faults

RUNNING = [{"code": "ProvisioningState/succeeded"}, {"code": "PowerState/running"}]
Json = dict[str, Any]


def arm(entry: Json) -> Json:
    """Return in Resource Manager's form what these tests write in the CLI's: with `properties`, and without null."""
    top = ("name", "id", "type", "location", "tags", "sku", "zones", "identity", "plan", "instanceId", "resources")
    own = ("resourceGroup", "powerState", "publicIps", "fqdns")
    rest = {key: value for key, value in entry.items() if key not in (*top, *own) and value is not None}
    return {**{key: entry[key] for key in top if entry.get(key) is not None}, "properties": rest}


def listed(simulation: Simulation) -> list[Json]:
    path = f"{simulation.set_path}/virtualMachines?$expand=instanceView"
    return list(json.loads(simulation.raw("GET", path).body)["value"])


def machines(simulation: Simulation) -> list[Json]:
    group = simulation.set_path.partition("/virtualMachineScaleSets/")[0]
    condition = f"'virtualMachineScaleSet/id' eq '{simulation.set_path}'"
    path = f"{group}/virtualMachines?$expand=instanceView&$filter={condition}"
    return list(json.loads(simulation.raw("GET", path).body)["value"])


def upgraded(simulation: Simulation, instance_id: str = "0") -> None:
    simulation.update_image("22.04.202611010")
    assert simulation.upgrade(instance_id).status == 202
    simulation.clock.sleep(1000)


EXTENSION = {
    "name": "MonitoringAgent",
    "statuses": [
        {"code": "ProvisioningState/failed/1", "level": "Error", "message": "It broke at 10:31.", "time": "t"}
    ],
}
SAID: dict[str, Json] = {
    "no health, though the model has the extension": {"instanceView": {"statuses": RUNNING}},
    "a health that is not decided yet": {
        "instanceView": {"statuses": RUNNING, "vmHealth": {"status": {"code": "HealthState/Initializing"}}}
    },
    "a health with its time": {
        "instanceView": {"statuses": RUNNING, "vmHealth": {"status": {"code": "HealthState/unknown", "time": "t"}}}
    },
    "no power": {"instanceView": {"statuses": [{"code": "ProvisioningState/succeeded"}]}},
    "a power on the way": {"instanceView": {"statuses": [{"code": "PowerState/starting"}]}},
    "no view of this one": {"instanceView": None},
    "no flag": {"latestModelApplied": None},
    "a flag that contradicts the image": {"latestModelApplied": False},
    "a size of its own": {"sku": {"name": "Standard_D8s_v5"}, "hardwareProfile": {"vmSize": "Standard_D8s_v5"}},
    "an update under way": {"provisioningState": "Updating"},
    "words in another case": {
        "provisioningState": "succeeded",
        "instanceView": {"statuses": [{"code": "powerstate/Running"}]},
    },
    "a failed extension": {"instanceView": {"statuses": RUNNING, "extensions": [EXTENSION]}},
    "a zone of an odd form": {"zones": ["westeurope-az1"]},
    "half a protection": {"protectionPolicy": {"protectFromScaleIn": True}},
    "tags, and unknown properties": {"tags": {"Name": "x"}, "newInTheNextApiVersion": {"a": [1]}},
    "an image of another kind": {
        "storageProfile": {
            "imageReference": {"communityGalleryImageId": "/CommunityGalleries/c/Images/i/Versions/1.0.0"}
        }
    },
}


@pytest.mark.parametrize("said", SAID.values(), ids=SAID)
def test_an_instance_is_shown_as_the_file_has_it(said: Json, tmp_path: Path) -> None:
    entries = [{**instance(0), **copy.deepcopy(said)}, instance(1)]
    simulation = captured(tmp_path, MODEL, entries)
    assert listed(simulation) == [arm(each) for each in entries]
    assert simulation.view("0") == (entries[0].get("instanceView") or {})


def test_other_names_of_azure_are_read_in_any_case_and_tags_stay_as_they_are(tmp_path: Path) -> None:
    entry = instance(0, tags={"Version": "1"})
    view = entry.pop("instanceView")
    (shown,) = listed(captured(tmp_path, MODEL, [{**entry, "instanceview": view}]))
    assert shown["properties"]["instanceView"] == view
    assert shown["tags"] == {"Version": "1"}


def test_only_what_an_upgrade_changes_is_shown_beyond_the_file(tmp_path: Path) -> None:
    said = {"latestModelApplied": None, "instanceView": {"statuses": RUNNING}, "newInTheNextApiVersion": 1}
    simulation = captured(tmp_path, MODEL, [{**instance(0), **said}, {**instance(1), **said}])
    simulation.raw("PATCH", simulation.set_path, image_patch(version="22.04.202611010"))
    assert all("latestModelApplied" not in each["properties"] for each in listed(simulation))
    simulation.clock.sleep(60)
    assert simulation.upgrade("0").status == 202
    first, _ = listed(simulation)
    assert first["properties"]["provisioningState"] == "Updating"
    assert "vmHealth" not in first["properties"]["instanceView"]
    simulation.clock.sleep(1000)
    first, second = listed(simulation)
    properties = first["properties"]
    assert (properties["provisioningState"], properties["latestModelApplied"]) == ("Succeeded", True)
    assert properties["storageProfile"]["imageReference"]["exactVersion"] == "22.04.202611010"
    assert properties["instanceView"]["vmHealth"]["status"]["code"] == "HealthState/healthy"
    assert properties["newInTheNextApiVersion"] == 1
    assert "platformUpdateDomain" not in properties["instanceView"]
    assert second == arm({**instance(1), **said})


def test_a_failed_extension_is_not_shown_after_an_upgrade(tmp_path: Path) -> None:
    said = {"instanceView": {"statuses": RUNNING, "extensions": [EXTENSION]}}
    simulation = captured(tmp_path, MODEL, [{**instance(0), **said}])
    upgraded(simulation)
    assert "It broke" not in json.dumps(simulation.view("0"))


def test_a_protection_that_is_set_later_is_shown(tmp_path: Path) -> None:
    simulation = captured(tmp_path, MODEL, [instance(0)])
    policy = {"protectFromScaleSetActions": True}
    simulation.raw("PUT", f"{simulation.set_path}/virtualMachines/0", {"properties": {"protectionPolicy": policy}})
    assert listed(simulation)[0]["properties"]["protectionPolicy"] == policy


def test_the_set_shows_no_more_than_its_file(tmp_path: Path) -> None:
    shown = captured(tmp_path, MODEL, [instance(0)]).set_json()
    assert "tags" not in shown
    assert shown["properties"]["upgradePolicy"] == {"mode": "Manual"}


# --- machines of a Flexible set ---


@pytest.mark.parametrize("form", ["list", "page", "one"])
def test_machines_are_shown_as_az_vm_list_has_them(form: str, tmp_path: Path) -> None:
    first = machine("web_0", tags={"a": "b"})
    document: object = {"list": [first], "page": {"value": [first]}, "one": first}[form]
    simulation = captured(tmp_path, FLEXIBLE, document)
    (shown,) = machines(simulation)
    assert shown == {**arm(first), "tags": {"a": "b"}}
    assert "resourceGroup" not in shown["properties"]
    assert "powerState" not in shown["properties"]
    assert simulation.instance("web_0").healthy is None


def test_other_machines_of_the_group_are_left_out(tmp_path: Path) -> None:
    others = [machine("lone", virtualMachineScaleSet=None), machine("x", virtualMachineScaleSet={"id": "/other"})]
    simulation = captured(tmp_path, FLEXIBLE, [*others, machine("web_0")])
    assert [each["name"] for each in machines(simulation)] == ["web_0"]


def test_the_power_state_of_show_details_is_enough(tmp_path: Path) -> None:
    simulation = captured(tmp_path, FLEXIBLE, [machine("web_0", instanceView=None, powerState="VM deallocated")])
    (shown,) = machines(simulation)
    assert [each["code"] for each in shown["properties"]["instanceView"]["statuses"]] == ["PowerState/deallocated"]
    assert simulation.instance("web_0").power_state == "deallocated"


def test_an_attached_machine_without_an_image_has_none_and_one_is_made_beside_it(tmp_path: Path) -> None:
    disk = {"osDisk": {"osType": "Windows", "createOption": "Attach"}}
    simulation = captured(tmp_path, FLEXIBLE, [machine("jumpbox", storageProfile=disk), machine("web_0")])
    assert machines(simulation)[0]["properties"]["storageProfile"] == disk
    assert simulation.instance("jumpbox").image_version == ""
    assert simulation.raw("PATCH", simulation.set_path, {"sku": {"capacity": 3}}).status == 200
    assert len(simulation.azure.instances()) == 3


def test_a_flexible_set_without_a_model_of_its_machines(tmp_path: Path) -> None:
    model = {**FLEXIBLE, "virtualMachineProfile": None, "sku": None}
    simulation = captured(tmp_path, model, [machine("web_0")])
    assert "virtualMachineProfile" not in simulation.set_json()["properties"]
    assert machines(simulation)[0]["properties"]["storageProfile"]["imageReference"]["exactVersion"] == "1.0.0"


# --- images ---

GROUPS = ["galleries", "images", "versions", "image-galleries", "providers", "Shared(Galleries)"]


def on_image(reference: Json, **more: object) -> Json:
    profile: Json = {**MODEL["virtualMachineProfile"], "storageProfile": {"imageReference": reference}}  # type: ignore[dict-item]
    return {**MODEL, "virtualMachineProfile": profile, **more}


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("kind", ["images", "galleries"])
def test_groups_of_any_name_and_subscriptions_of_others(group: str, kind: str, tmp_path: Path) -> None:
    place = f"/subscriptions/elsewhere/resourceGroups/{group}/providers/Microsoft.Compute"
    old, new = {
        "images": (f"{place}/images/web-1", f"{place}/images/web-2"),
        "galleries": (
            f"{place}/galleries/g/images/versions/versions/1.0.0",
            f"{place}/galleries/g/images/versions/versions/1.1.0",
        ),
    }[kind]
    entry = instance(0, storageProfile={"imageReference": {"id": old}})
    model, instances = files(tmp_path, on_image({"id": old}), [entry])
    described = parse_scenario(
        f"description: x\ninputs: {{image-id: '{new}'}}\nfleet: {{update_domains: [1]}}", "test", "test.yml"
    )
    simulation = Simulation(scenario=with_captured_set(described, model, instances))
    assert simulation.raw("GET", new).status == 200
    assert simulation.raw("PATCH", simulation.set_path, image_patch(id=new)).status == 200
    simulation.clock.sleep(60)
    assert simulation.upgrade("0").status == 202
    simulation.clock.sleep(1000)
    assert simulation.instance("0").image_version == new


WINDOWS = {
    "osProfile": {"windowsConfiguration": {"provisionVMAgent": True}},
    "storageProfile": {
        "imageReference": {"publisher": "P", "offer": "O", "sku": "S", "version": "1.0.0"},
        "osDisk": {"osType": "Windows"},
    },
}
PLAN = {"name": "byol", "publisher": "p", "product": "o", "promotionCode": "WINTER"}


def test_an_image_has_the_traits_that_the_set_shows_and_no_others(tmp_path: Path) -> None:
    view = {"statuses": RUNNING, "hyperVGeneration": "V1"}
    model, instances = files(
        tmp_path, {**MODEL, "virtualMachineProfile": WINDOWS, "plan": PLAN}, [instance(0, instanceView=view)]
    )
    described = parse_scenario(
        "description: x\ninputs: {image-version: 2.0.0}\nfleet: {update_domains: [1]}", "test", "test.yml"
    )
    simulation = Simulation(scenario=with_captured_set(described, model, instances))
    path = (
        "/subscriptions/s/providers/Microsoft.Compute/locations/westeurope/publishers/P/artifacttypes/vmimage/offers/O"
        "/skus/S/versions/"
    )
    properties = json.loads(simulation.raw("GET", path + "2.0.0").body)["properties"]
    assert properties["osDiskImage"] == {"operatingSystem": "Windows"}
    assert properties["hyperVGeneration"] == "V1"
    assert properties["plan"] == {"name": "byol", "publisher": "p", "product": "o"}
    assert not {"architecture", "features"} & properties.keys()
    assert simulation.set_json()["plan"] == PLAN


def test_an_image_that_no_file_names_is_asked_for(tmp_path: Path) -> None:
    simulation = captured(tmp_path, MODEL, [instance(0)])
    reply = simulation.raw("PATCH", simulation.set_path, image_patch(version="7.7.7"))
    assert error_of(reply) == (501, "NotSimulated")
    assert "the image P:O:S:7.7.7 exists, nor what it is like; describe it in the list `images` of the scenario" in str(
        reply.body
    )
    gallery = "/subscriptions/t/resourceGroups/g/providers/Microsoft.Compute/galleries/g/images/i"
    assert error_of(simulation.raw("GET", gallery)) == (501, "NotSimulated")


def test_somebodys_change_to_an_image_that_no_file_names_is_taken_as_it_is(tmp_path: Path) -> None:
    scenario = with_captured_set(load_scenario("happy"), *files(tmp_path, MODEL, [instance(0)]))
    change = {"kind": "model-change", "at": 5, "patch": image_patch(version="7.7.7")}
    simulation = Simulation(scenario=with_faults(scenario, [change]))
    simulation.clock.sleep(10)
    profile = simulation.set_json()["properties"]["virtualMachineProfile"]
    assert profile["storageProfile"]["imageReference"]["version"] == "7.7.7"


def test_the_scenarios_description_of_an_image_takes_precedence(tmp_path: Path) -> None:
    model, instances = files(tmp_path, MODEL, [instance(0)])
    described = parse_scenario(
        "description: x\nfleet: {update_domains: [1], image: {publisher: P, offer: O, sku: S, version: 2.0.0}}\n"
        "images: [{publisher: P, offer: O, sku: S, versions: [2.0.0], os: Windows}]",
        "test",
        "test.yml",
    )
    catalog = with_captured_set(described, model, instances).catalog
    assert {
        version: each.traits.os for each in catalog.platform_images("p", "o", "s") for version in each.versions
    } == {
        "2.0.0": "Windows",
        "1.0.0": "Linux",
    }


def test_all_of_the_mixed_images_exist(tmp_path: Path) -> None:
    shared = "/SharedGalleries/s/Images/i/Versions/1.0.0"
    entries = [
        instance(0, storageProfile={"imageReference": {"sharedGalleryImageId": shared}}),
        instance(
            1, storageProfile={"imageReference": {"publisher": "Q", "offer": "O", "sku": "S", "version": "3.0.0"}}
        ),
        instance(2, storageProfile={"osDisk": {"image": {"uri": "https://a/b.vhd"}}}),
    ]
    model, instances = files(tmp_path, MODEL, entries)
    catalog = with_captured_set(load_scenario("happy"), model, instances).catalog
    assert {each.id for each in catalog.gallery} == {"/SharedGalleries/s/Images/i"}
    assert {(each.publisher, *each.versions) for each in catalog.platform} >= {
        ("Q", "3.0.0"),
        ("P", "1.0.0", "22.04.202611010"),
    }


def test_it_can_all_be_imported_from_the_package() -> None:
    assert callable(with_captured_set)
    assert SimulatedAzure(load_scenario("happy"), VirtualClock())
