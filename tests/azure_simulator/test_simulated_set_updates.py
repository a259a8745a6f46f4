"""What a PUT or a PATCH does to a set that exists: what is merged, what is refused, what the upgrade mode replaces."""

import json
from typing import Any

import pytest
from simulated import NEW, SMALL, Simulation, error_of, header, image_patch, settle

from azure_simulator import load_scenario


@pytest.fixture
def small() -> Simulation:
    return Simulation(SMALL)


def everything(simulation: Simulation) -> tuple[Any, Any]:
    return simulation.set_json(), simulation.azure.instances()


@pytest.mark.parametrize("error", ["conflict", "entity-not-found"])
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_an_update_that_is_refused_after_it_was_counted(method: str, error: str) -> None:
    fault = f"{{kind: error, error: {error}, method: {method}, path: 'virtualMachineScaleSets/[^/]+$'}}"
    simulation = Simulation(f"{SMALL}faults: [{fault}]")
    before = everything(simulation)
    patch = {"location": "westeurope", "sku": {"capacity": 6}, **image_patch(version=NEW)}
    assert simulation.raw(method, simulation.set_path, patch).status >= 400
    assert everything(simulation) == before
    assert simulation.raw(method, simulation.set_path, patch).status == 200


def test_an_update_that_is_throttled(small: Simulation) -> None:
    before = everything(small)
    reply = small.raw("PATCH", small.set_path, {"sku": {"capacity": 7000}})
    assert (reply.status, everything(small)) == (429, before)


def profile_patch(profile: Any) -> dict[str, Any]:
    return {"properties": {"virtualMachineProfile": profile}}


@pytest.mark.parametrize(
    ("patch", "target"),
    [
        ({"sku": None}, "sku"),
        ({"sku": "a"}, "sku"),
        ({"sku": {"capacity": -1}}, "capacity"),
        ({"sku": {"capacity": None}}, "capacity"),
        ({"sku": {"capacity": "6"}}, "capacity"),
        ({"tags": "a"}, "tags"),
        ({"zones": 1}, "zones"),
        ({"zones": [1]}, "zones"),
        ({"location": None}, "location"),
        ({"properties": None}, "properties"),
        ({"properties": "x"}, "properties"),
        ({"properties": {"upgradePolicy": {"rollingUpgradePolicy": {"maxBatchInstancePercent": "x"}}}},
         "maxBatchInstancePercent"),
        ({"properties": {"upgradePolicy": {"rollingUpgradePolicy": {"maxUnhealthyInstancePercent": "x"}}}},
         "maxUnhealthyInstancePercent"),
        (profile_patch(None), "virtualMachineProfile"),
        (profile_patch({"storageProfile": None}), "storageProfile"),
        (profile_patch({"storageProfile": {"imageReference": "x"}}), "imageReference"),
        (profile_patch({"storageProfile": {"imageReference": {"version": 5}}}), "imageReference"),
        (profile_patch({"extensionProfile": {"extensions": "x"}}), "extensions"),
        (profile_patch({"extensionProfile": {"extensions": [{"name": "one", "properties": "x"}]}}), "properties"),
        (profile_patch({"extensionProfile": {"extensions": [{"properties": {}}]}}), "extensions"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_malformed_update(small: Simulation, method: str, patch: dict[str, Any], target: str) -> None:
    before = everything(small)
    reply = small.raw(method, small.set_path, {"location": "westeurope", **patch})
    assert error_of(reply) == (400, "InvalidParameter")
    assert json.loads(reply.body)["error"]["target"] == target
    assert everything(small) == before


def test_settings_and_tags_of_the_client_have_any_shape(small: Simulation) -> None:
    """Names that Azure knows elsewhere are plain names in parts of the client's own."""
    own = {"image": "x", "zones": 1}
    properties = {"publisher": "p", "type": "t", "typeHandlerVersion": "1", "settings": own, "protectedSettings": own}
    patch = profile_patch({"extensionProfile": {"extensions": [{"name": "one", "properties": properties}]}})
    assert small.raw("PATCH", small.set_path, {**patch, "tags": {"image": "x"}}).status == 200


def test_null_in_a_list_removes_too(small: Simulation) -> None:
    """Both the part and its list are missing before."""
    disks = {"storageProfile": {"dataDisks": [{"lun": 0, "managedDisk": None}]}}
    assert small.raw("PATCH", small.set_path, profile_patch(disks)).status == 200
    storage = small.set_json()["properties"]["virtualMachineProfile"]["storageProfile"]
    assert storage["dataDisks"][0]["managedDisk"] == {"storageAccountType": "Standard_LRS"}


@pytest.mark.parametrize(
    ("patch", "target"),
    [
        ({"location": "northeurope"}, "location"),
        ({"properties": {"orchestrationMode": "Flexible"}}, "orchestrationMode"),
    ],
)
def test_a_fixed_property_cannot_be_changed(small: Simulation, patch: dict[str, Any], target: str) -> None:
    before = everything(small)
    reply = small.raw("PATCH", small.set_path, patch)
    assert error_of(reply) == (409, "PropertyChangeNotAllowed")
    error = json.loads(reply.body)["error"]
    assert (error["target"], error["message"]) == (target, f"Changing property '{target}' is not allowed.")
    assert everything(small) == before


@pytest.mark.parametrize("place", ["westeurope", "West Europe"])
def test_the_same_place_in_other_words_is_no_change(place: str) -> None:
    simulation = Simulation(f"{SMALL}model: {{location: {place}}}")
    for written in ("westeurope", "West Europe"):
        patch = {"location": written, "properties": {"orchestrationMode": "Uniform"}}
        assert simulation.raw("PATCH", simulation.set_path, patch).status == 200
        simulation.clock.sleep(1)


def test_an_update_that_changes_nothing_leaves_the_etag(small: Simulation) -> None:
    """Recorded: uniform_update_image_sku_and_security_2024."""
    before = small.set_json()["etag"]
    assert settle(small, small.raw("PUT", small.set_path, small.set_json()))["status"] == "Succeeded"
    assert small.set_json()["etag"] == before
    small.update_image()
    assert small.set_json()["etag"] != before


def test_mode_automatic_replaces_all_instances_on_an_update() -> None:
    simulation = Simulation(SMALL + "model: {properties: {upgradePolicy: {mode: Automatic}}}")
    reply = simulation.raw("PATCH", simulation.set_path, image_patch(version=NEW))
    assert {each.provisioning_state for each in simulation.azure.instances()} == {"Updating"}
    settle(simulation, reply)
    assert {each.image_version for each in simulation.azure.instances()} == {NEW}


def test_mode_automatic_replaces_existing_instances_and_only_for_a_new_model() -> None:
    simulation = Simulation(SMALL + "model: {properties: {upgradePolicy: {mode: Automatic}}}")
    tagged = simulation.raw("PATCH", simulation.set_path, {"tags": {"team": "web"}})
    assert header(tagged, "x-ms-request-charge") == "0"
    simulation.clock.sleep(1)
    patch = {"sku": {"capacity": 6}, **image_patch(version=NEW)}
    # Four are replaced, two are created.
    assert header(simulation.raw("PATCH", simulation.set_path, patch), "x-ms-request-charge") == "6"
    states = [each.provisioning_state for each in simulation.azure.instances()]
    assert (states.count("Updating"), states.count("Creating")) == (4, 2)


def test_a_policy_of_the_subscription_adds_and_removes_nothing() -> None:
    simulation = Simulation(SMALL + "policy: {tags: {audited: 'yes'}}")
    simulation.raw("PATCH", simulation.set_path, {"tags": {"team": "web"}})
    assert simulation.set_json()["tags"] == {"team": "web", "audited": "yes"}


@pytest.mark.parametrize(("method", "left"), [("PATCH", ["one", "two"]), ("PUT", ["two"])])
def test_extensions_that_an_update_leaves_out(method: str, left: list[str]) -> None:
    """A PATCH lets them stay (recorded in 2022-08), a PUT does not."""
    simulation = Simulation(SMALL.replace("[2, 2]", "[2, 2], health: none"))
    for name in ("one", "two"):
        extension = {"name": name, "properties": {"publisher": "p", "type": "t", "typeHandlerVersion": "1.0"}}
        profile = {"extensionProfile": {"extensions": [extension]}}
        patch = {"location": "westeurope", "properties": {"virtualMachineProfile": profile}}
        settle(simulation, simulation.raw(method, simulation.set_path, patch))
    profile = simulation.set_json()["properties"]["virtualMachineProfile"]
    assert [each["name"] for each in profile["extensionProfile"]["extensions"]] == left


def test_mode_rolling_wants_a_source_of_health() -> None:
    simulation = Simulation(SMALL.replace("[2, 2]", "[2, 2], health: none"))
    reply = simulation.raw("PATCH", simulation.set_path, {"properties": {"upgradePolicy": {"mode": "Rolling"}}})
    assert error_of(reply) == (400, "BadRequest")


def test_an_eleventh_model_is_refused_until_an_instance_is_upgraded() -> None:
    simulation = Simulation(scenario=load_scenario("many-models"))
    patch = image_patch(version=NEW)
    answer = simulation.raw("PATCH", simulation.set_path, patch)
    assert error_of(answer) == (409, "OperationNotAllowed")
    assert "has reached its limit of 10 models" in json.loads(answer.body)["error"]["message"]
    # An update without a new model is accepted, and one instance fewer on a model of its own is enough.
    assert simulation.raw("PATCH", simulation.set_path, {"tags": {"a": "b"}}).status == 200
    simulation.clock.sleep(60)
    simulation.upgrade("0")
    simulation.clock.sleep(300)
    assert simulation.raw("PATCH", simulation.set_path, patch).status == 200


def test_instances_on_the_same_version_share_a_model() -> None:
    instances = "\n".join(f"  '{number}': {{image: 22.04.202609010}}" for number in range(12))
    yaml = f"description: x\nfleet: {{update_domains: [12]}}\ninstances:\n{instances}"
    simulation = Simulation(yaml)
    assert simulation.raw("PATCH", simulation.set_path, image_patch(version=NEW)).status == 200
