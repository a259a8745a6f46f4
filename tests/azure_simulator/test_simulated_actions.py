"""What other people do to a set during a rollout: create, scale, stop, start, delete, protect, roll, evict."""

import json
from typing import Any

import pytest
from simulated import NEW, OLD, SMALL, Simulation, error_of, header, image_patch

from azure_simulator import Reply

FLEXIBLE = SMALL.replace("[2, 2]", "[2, 2], orchestration: Flexible")


@pytest.fixture
def small() -> Simulation:
    return Simulation(SMALL)


def settle(simulation: Simulation, reply: Reply, seconds: float = 600) -> dict[str, Any]:
    """Wait until the operation that a request has started is over; its last poll."""
    simulation.clock.sleep(seconds)
    return json.loads(simulation.raw("GET", str(header(reply, "azure-asyncoperation"))).body)


def post(simulation: Simulation, verb: str, *ids: str) -> Reply:
    return simulation.raw("POST", f"{simulation.set_path}/{verb}", {"instanceIds": list(ids)} if ids else None)


def ids(simulation: Simulation) -> list[str]:
    return [each.instance_id for each in simulation.azure.instances()]


def capacity(simulation: Simulation) -> int:
    return int(simulation.set_json()["sku"]["capacity"])


# --- power ---


@pytest.mark.parametrize(
    ("verb", "passing", "final"), [("poweroff", "stopping", "stopped"), ("deallocate", "deallocating", "deallocated")]
)
def test_stop_and_start(small: Simulation, verb: str, passing: str, final: str) -> None:
    reply = post(small, verb, "0", "1")
    assert (reply.status, reply.body, header(reply, "retry-after")) == (202, b"", None)
    assert small.instance("0").power_state == passing
    assert settle(small, reply)["status"] == "Succeeded"
    assert [each.power_state for each in small.azure.instances()] == [final, final, "running", "running"]
    assert settle(small, post(small, "start", "0"))["status"] == "Succeeded"
    assert [each.power_state for each in small.azure.instances()] == ["running", final, "running", "running"]


@pytest.mark.parametrize("asked", [(), ("*",)])
def test_no_ids_are_all_of_them(small: Simulation, asked: tuple[str, ...]) -> None:
    settle(small, post(small, "deallocate", *asked))
    assert {each.power_state for each in small.azure.instances()} == {"deallocated"}


def test_one_instance_by_its_own_address(small: Simulation) -> None:
    settle(small, small.raw("POST", f"{small.set_path}/virtualMachines/1/deallocate"))
    assert [each.power_state for each in small.azure.instances()] == ["running", "deallocated", "running", "running"]


def test_a_deallocated_instance_shows_its_domains_and_no_agent(small: Simulation) -> None:
    """Recorded: uniform_instances_power_2024."""
    settle(small, post(small, "deallocate", "0"))
    view = small.view("0")
    assert {"placementGroupId", "platformUpdateDomain", "platformFaultDomain"} <= set(view)
    assert not {"vmAgent", "computerName", "osName"} & set(view)


def test_a_protected_instance_is_left_alone_by_what_is_asked_of_the_set() -> None:
    simulation = Simulation(SMALL + "instances: {'0': {protected: true}}")
    settle(simulation, post(simulation, "deallocate"))
    assert [each.power_state for each in simulation.azure.instances()][:2] == ["running", "deallocated"]


# --- delete, scale, create ---


def test_delete_instances(small: Simulation) -> None:
    reply = post(small, "delete", "1", "2")
    assert settle(small, reply)["status"] == "Succeeded"
    assert (ids(small), capacity(small)) == (["0", "3"], 2)
    gone = small.raw("GET", f"{small.set_path}/virtualMachines/1/instanceView")
    assert error_of(gone) == (404, "NotFound")


def test_delete_one_instance_that_is_gone_already(small: Simulation) -> None:
    """Recorded: instance_operations_2020."""
    path = f"{small.set_path}/virtualMachines/1"
    for _ in range(2):
        assert settle(small, small.raw("DELETE", path))["status"] == "Succeeded"
    assert (ids(small), capacity(small)) == (["0", "2", "3"], 3)


def test_an_instance_named_twice_is_deleted_once(small: Simulation) -> None:
    settle(small, post(small, "delete", "1", "1"))
    assert (ids(small), capacity(small)) == (["0", "2", "3"], 3)


def test_an_instance_that_is_leaving_is_not_subtracted_again(small: Simulation) -> None:
    for _ in range(2):
        small.raw("DELETE", f"{small.set_path}/virtualMachines/1")
        assert "1" in ids(small)
    small.clock.sleep(60)
    assert (ids(small), capacity(small)) == (["0", "2", "3"], 3)


def test_scale_out_makes_instances_on_the_model_of_the_moment(small: Simulation) -> None:
    small.update_image()
    reply = small.raw("PATCH", small.set_path, {"sku": {"capacity": 6}})
    assert reply.status == 200
    made = [each for each in small.azure.instances() if each.provisioning_state == "Creating"]
    assert len(made) == 2
    settle(small, reply)
    assert len(ids(small)) == capacity(small) == 6
    assert {each.image_version for each in small.azure.instances() if each.instance_id not in "0123"} == {NEW}


def test_scale_in_takes_from_the_fullest_domain_first() -> None:
    """Documented: balanced over fault domains, newest first. Domain 0 has 0, 2, 4; domain 1 has 1, 3."""
    simulation = Simulation(SMALL.replace("[2, 2]", "[3, 2]"))
    for wanted, left in ((4, ["0", "1", "2", "3"]), (3, ["0", "1", "2"]), (2, ["0", "1"])):
        settle(simulation, simulation.raw("PATCH", simulation.set_path, {"sku": {"capacity": wanted}}))
        assert ids(simulation) == left


CREATED = {
    "location": "West Europe",
    "sku": {"name": "Standard_D2s_v5", "capacity": 5},
    "properties": {
        "upgradePolicy": {"mode": "manual"},
        "virtualMachineProfile": {
            "osProfile": {"computerNamePrefix": "web", "adminUsername": "somebody", "adminPassword": "hunter-two"},
            "storageProfile": {
                "imageReference": {
                    "publisher": "Canonical",
                    "offer": "0001-com-ubuntu-server-jammy",
                    "sku": "22_04-lts-gen2",
                    "version": OLD,
                }
            },
            "networkProfile": {"networkInterfaceConfigurations": [{"name": "nic", "properties": {"primary": True}}]},
        },
    },
}


def created() -> tuple[Simulation, Reply]:
    simulation = Simulation(SMALL)
    settle(simulation, simulation.raw("DELETE", simulation.set_path))
    return simulation, simulation.raw("PUT", simulation.set_path, CREATED)


def test_a_deleted_set(small: Simulation) -> None:
    reply = small.raw("DELETE", small.set_path)
    assert (reply.status, header(reply, "retry-after")) == (202, "10")
    assert small.set_json()["properties"]["provisioningState"] == "Deleting"
    settle(small, reply)
    assert error_of(small.raw("GET", small.set_path)) == (404, "NotFound")
    assert ids(small) == []
    listed = small.raw("GET", small.set_path.rpartition("/")[0])
    assert json.loads(listed.body) == {"value": []}


def test_a_created_set_is_fuller_than_what_was_asked() -> None:
    simulation, reply = created()
    body = json.loads(reply.body)
    assert (reply.status, body["properties"]["provisioningState"], header(reply, "retry-after")) == (
        201,
        "Creating",
        "10",
    )
    assert (body["location"], body["sku"]["tier"], body["properties"]["upgradePolicy"]["mode"]) == (
        "westeurope",
        "Standard",
        "Manual",
    )
    assert "hunter-two" not in reply.body.decode()
    assert body["properties"]["virtualMachineProfile"]["storageProfile"]["osDisk"]["osType"] == "Linux"
    assert settle(simulation, reply)["status"] == "Succeeded"
    assert simulation.set_json()["properties"]["provisioningState"] == "Succeeded"


def test_overprovisioning_leaves_gaps_and_counts_extras_for_a_while() -> None:
    simulation, _ = created()
    simulation.clock.sleep(130)
    listed = simulation.raw("GET", f"{simulation.set_path}/virtualMachines")
    names = [vm["instanceId"] for vm in json.loads(listed.body)["value"]]
    # Recorded: five instances of which eight are charged (uniform_create_and_modify_2024).
    assert (len(names), header(listed, "x-ms-request-charge")) == (5, "8")
    assert sorted(map(int, names)) != list(range(5))
    simulation.clock.sleep(300)
    later = simulation.raw("GET", f"{simulation.set_path}/virtualMachines")
    assert header(later, "x-ms-request-charge") == "5"
    assert [vm["instanceId"] for vm in json.loads(later.body)["value"]] == names


def test_a_creation_under_way() -> None:
    simulation, _ = created()
    simulation.clock.sleep(60)
    assert simulation.set_json()["properties"]["provisioningState"] == "Creating"
    assert {each.provisioning_state for each in simulation.azure.instances()} == {"Creating"}


def test_delete_a_set_that_is_gone() -> None:
    simulation = Simulation(SMALL)
    settle(simulation, simulation.raw("DELETE", simulation.set_path))
    reply = simulation.raw("DELETE", simulation.set_path)
    assert (reply.status, reply.body) == (204, b"")


def test_a_second_deletion_of_a_set_does_not_put_the_first_off(small: Simulation) -> None:
    small.raw("DELETE", small.set_path)
    small.clock.sleep(11)
    assert small.raw("DELETE", small.set_path).status == 202
    small.clock.sleep(2)
    assert error_of(small.raw("GET", small.set_path)) == (404, "NotFound")


def test_a_set_in_place_of_a_deleted_one_inherits_nothing_but_the_address() -> None:
    profile = "{upgradePolicy: {mode: Manual}, automaticRepairsPolicy: {enabled: true}}"
    window = "faults: [{kind: conflict-window, seconds: 1000}]"
    simulation = Simulation(f"{SMALL}model: {{tags: {{of: old}}, properties: {profile}}}\n{window}")
    settle(simulation, simulation.upgrade("*"), 20)
    settle(simulation, post(simulation, "osRollingUpgrade"), 1000)
    body = {"serviceName": "AutomaticRepairs", "action": "Suspend"}
    settle(simulation, simulation.raw("POST", f"{simulation.set_path}/setOrchestrationServiceState", body))
    simulation.update_image()
    settle(simulation, simulation.raw("DELETE", simulation.set_path), 20)
    properties = {**CREATED["properties"], "automaticRepairsPolicy": {"enabled": True}}
    simulation.raw("PUT", simulation.set_path, {**CREATED, "properties": properties})
    simulation.clock.sleep(130)
    seen = simulation.set_json()
    assert (seen["etag"], "tags" in seen) == ('"1"', False)
    assert error_of(simulation.raw("GET", f"{simulation.set_path}/rollingUpgrades/latest")) == (404, "NotFound")
    view = json.loads(simulation.raw("GET", f"{simulation.set_path}/instanceView").body)
    assert view["orchestrationServices"][0]["serviceState"] == "Running"
    assert simulation.upgrade("*").status == 202


# --- what is refused changes nothing ---


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


@pytest.mark.parametrize("error", ["conflict", "entity-not-found"])
def test_a_creation_that_is_refused_after_it_was_counted(error: str) -> None:
    fault = f"{{kind: error, error: {error}, method: PUT, path: 'virtualMachineScaleSets/[^/]+$'}}"
    simulation = Simulation(f"{SMALL}faults: [{fault}]")
    settle(simulation, simulation.raw("DELETE", simulation.set_path))
    assert simulation.raw("PUT", simulation.set_path, CREATED).status >= 400
    assert (simulation.raw("GET", simulation.set_path).status, ids(simulation)) == (404, [])
    assert simulation.raw("PUT", simulation.set_path, CREATED).status == 201


def test_an_update_that_is_throttled(small: Simulation) -> None:
    before = everything(small)
    reply = small.raw("PATCH", small.set_path, {"sku": {"capacity": 7000}})
    assert (reply.status, everything(small)) == (429, before)


def test_a_cancellation_that_is_refused_after_it_was_counted() -> None:
    fault = "{kind: error, error: conflict, path: 'rollingUpgrades/cancel$'}"
    simulation = Simulation(f"{SMALL}faults: [{fault}]")
    post(simulation, "osRollingUpgrade")
    assert error_of(post(simulation, "rollingUpgrades/cancel")) == (409, "Conflict")
    assert latest(simulation)["runningStatus"]["code"] == "RollingForward"


def test_an_eviction_that_is_refused() -> None:
    fault = "{kind: error, error: conflict, path: '/simulateEviction$'}"
    profile = "{virtualMachineProfile: {priority: Spot, evictionPolicy: Delete}}"
    simulation = Simulation(f"{SMALL}model: {{properties: {profile}}}\nfaults: [{fault}]")
    path = f"{simulation.set_path}/virtualMachines/2/simulateEviction"
    assert error_of(simulation.raw("POST", path)) == (409, "Conflict")
    simulation.clock.sleep(60)
    assert "2" in ids(simulation)


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


def test_a_creation_needs_a_profile() -> None:
    simulation = Simulation(SMALL)
    settle(simulation, simulation.raw("DELETE", simulation.set_path))
    reply = simulation.raw("PUT", simulation.set_path, {**CREATED, "properties": {}})
    assert error_of(reply) == (400, "InvalidParameter")


def test_what_belongs_to_the_client_has_any_shape(small: Simulation) -> None:
    """Words that mean something to Azure elsewhere are just words there."""
    own = {"image": "x", "zones": 1}
    properties = {"publisher": "p", "type": "t", "typeHandlerVersion": "1", "settings": own, "protectedSettings": own}
    patch = profile_patch({"extensionProfile": {"extensions": [{"name": "one", "properties": properties}]}})
    assert small.raw("PATCH", small.set_path, {**patch, "tags": {"image": "x"}}).status == 200


def test_null_in_a_list_removes_too(small: Simulation) -> None:
    """A part that is not there yet, in a list that is not there yet."""
    disks = {"storageProfile": {"dataDisks": [{"lun": 0, "managedDisk": None}]}}
    assert small.raw("PATCH", small.set_path, profile_patch(disks)).status == 200
    storage = small.set_json()["properties"]["virtualMachineProfile"]["storageProfile"]
    assert storage["dataDisks"][0]["managedDisk"] == {"storageAccountType": "Standard_LRS"}


@pytest.mark.parametrize("properties", ["x", {"protectionPolicy": "x"}])
def test_a_malformed_update_of_an_instance(small: Simulation, properties: Any) -> None:
    before = everything(small)
    reply = small.raw("PUT", f"{small.set_path}/virtualMachines/0", {"properties": properties})
    assert error_of(reply) == (400, "InvalidParameter")
    assert everything(small) == before


def test_a_skiptoken_that_is_no_base64(small: Simulation) -> None:
    reply = small.raw("GET", f"{small.set_path}/virtualMachines?$skiptoken=%C3%A9")
    assert error_of(reply) == (400, "InvalidParameter")
    assert json.loads(reply.body)["error"]["target"] == "$skiptoken"


@pytest.mark.parametrize(
    ("patch", "target"),
    [
        ({"location": "northeurope"}, "location"),
        ({"properties": {"orchestrationMode": "Flexible"}}, "orchestrationMode"),
    ],
)
def test_what_no_update_changes(small: Simulation, patch: dict[str, Any], target: str) -> None:
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


# --- operations ---


def test_a_poll_of_the_location_while_it_runs(small: Simulation) -> None:
    url = str(header(post(small, "deallocate", "0"), "location"))
    reply = small.raw("GET", url)
    assert (reply.status, header(reply, "location")) == (202, url)
    small.clock.sleep(600)
    assert (small.raw("GET", url).status, header(small.raw("GET", url), "location")) == (200, None)


def test_a_poll_says_monitor_in_any_case(small: Simulation) -> None:
    url = str(header(post(small, "deallocate", "0"), "location"))
    assert small.raw("GET", url.replace("monitor=true", "monitor=True")).status == 202


def test_a_poll_in_another_region(small: Simulation) -> None:
    url = str(header(post(small, "deallocate", "0"), "azure-asyncoperation"))
    assert error_of(small.raw("GET", url.replace("/westeurope/", "/northeurope/"))) == (404, "NotFound")
    assert small.raw("GET", url.replace("/westeurope/", "/WestEurope/")).status == 200


# --- protection, repairs, eviction ---


def test_protect_an_instance(small: Simulation) -> None:
    path = f"{small.set_path}/virtualMachines/0"
    body = {"location": "westeurope", "properties": {"protectionPolicy": {"protectFromScaleSetActions": True}}}
    reply = small.raw("PUT", path, body)
    first = json.loads(reply.body)
    assert (reply.status, first["properties"]["provisioningState"]) == (200, "Updating")
    assert settle(small, reply, 1)["status"] == "Succeeded"
    seen = json.loads(small.raw("GET", path).body)
    assert seen["properties"]["protectionPolicy"] == {"protectFromScaleIn": False, "protectFromScaleSetActions": True}
    assert int(seen["etag"].strip('"')) == 3
    small.update_image()
    settle(small, small.upgrade("*"))
    assert [each.image_version for each in small.azure.instances()] == [OLD, NEW, NEW, NEW]


def test_suspend_and_resume_repairs() -> None:
    simulation = Simulation(SMALL + "model: {properties: {automaticRepairsPolicy: {enabled: true}}}")

    def state() -> str:
        view = json.loads(simulation.raw("GET", f"{simulation.set_path}/instanceView").body)
        return str(view["orchestrationServices"][0]["serviceState"])

    assert state() == "Running"
    for action, expected in (("Suspend", "Suspended"), ("Resume", "Running")):
        body = {"serviceName": "AutomaticRepairs", "action": action}
        settle(simulation, simulation.raw("POST", f"{simulation.set_path}/setOrchestrationServiceState", body))
        assert state() == expected


@pytest.mark.parametrize(("policy", "left"), [("Deallocate", 4), ("Delete", 3)])
def test_an_eviction(policy: str, left: int) -> None:
    profile = f"{{virtualMachineProfile: {{priority: Spot, evictionPolicy: {policy}}}}}"
    simulation = Simulation(f"{SMALL}model: {{properties: {profile}}}")
    assert simulation.raw("POST", f"{simulation.set_path}/virtualMachines/2/simulateEviction").status == 204
    simulation.clock.sleep(60)
    assert len(ids(simulation)) == left
    assert ("2" not in ids(simulation)) or simulation.instance("2").power_state == "deallocated"


def test_only_spot_instances_are_evicted(small: Simulation) -> None:
    """Recorded: uniform_eviction_errors_2024."""
    reply = small.raw("POST", f"{small.set_path}/virtualMachines/2/simulateEviction")
    assert error_of(reply) == (409, "OperationNotAllowed")


# --- Azure's own roll ---


def latest(simulation: Simulation) -> dict[str, Any]:
    return dict(json.loads(simulation.raw("GET", f"{simulation.set_path}/rollingUpgrades/latest").body)["properties"])


def test_a_rolling_upgrade(small: Simulation) -> None:
    small.update_image()
    reply = post(small, "osRollingUpgrade")
    assert (reply.status, reply.body) == (202, b"")
    assert latest(small)["runningStatus"]["code"] == "RollingForward"
    assert latest(small)["progress"] == {
        "successfulInstanceCount": 0,
        "failedInstanceCount": 0,
        "inProgressInstanceCount": 1,
        "pendingInstanceCount": 3,
    }
    assert settle(small, reply)["status"] == "Succeeded"
    assert latest(small)["runningStatus"]["code"] == "Completed"
    assert {each.image_version for each in small.azure.instances()} == {NEW}
    assert error_of(post(small, "rollingUpgrades/cancel")) == (409, "OperationNotAllowed")


def test_a_rolling_upgrade_that_is_cancelled(small: Simulation) -> None:
    small.update_image()
    rolling = post(small, "osRollingUpgrade")
    small.clock.sleep(10)
    cancelled = post(small, "rollingUpgrades/cancel")
    assert cancelled.status == 202
    # Both operations end well; that it was cancelled is told by `latest` (rolling_upgrade_start_cancel_2020).
    assert {settle(small, reply)["status"] for reply in (rolling, cancelled)} == {"Succeeded"}
    told = latest(small)
    assert (told["runningStatus"]["code"], told["runningStatus"]["lastAction"]) == ("Cancelled", "Cancel")
    assert told["progress"] == {
        "successfulInstanceCount": 0,
        "failedInstanceCount": 1,
        "inProgressInstanceCount": 0,
        "pendingInstanceCount": 3,
    }
    # Recorded in 2023-03: what was under way counts as failed, though the replacement goes on.
    assert [each["target"] for each in told["error"]["details"]] == ["simulated-set/virtualMachines/0"]
    assert [each.image_version for each in small.azure.instances()].count(NEW) == 1


def test_a_rolling_upgrade_that_fails_does_so_in_its_first_batch() -> None:
    fault = "{kind: operation, path: '/osRollingUpgrade$', seconds: 40, code: InternalExecutionError}"
    simulation = Simulation(f"{SMALL}faults: [{fault}]")
    simulation.update_image()
    reply = post(simulation, "osRollingUpgrade")
    assert [each.provisioning_state for each in simulation.azure.instances()].count("Updating") == 1
    assert latest(simulation)["progress"]["inProgressInstanceCount"] == 1
    assert settle(simulation, reply, 41)["status"] == "Failed"
    assert latest(simulation)["runningStatus"]["code"] == "Faulted"
    assert latest(simulation)["progress"] == {
        "successfulInstanceCount": 0,
        "failedInstanceCount": 1,
        "inProgressInstanceCount": 0,
        "pendingInstanceCount": 3,
    }
    simulation.clock.sleep(1000)
    assert [each.image_version for each in simulation.azure.instances()].count(OLD) == 3
    assert error_of(post(simulation, "rollingUpgrades/cancel")) == (409, "OperationNotAllowed")


def test_a_rolling_upgrade_of_current_instances_looks_at_each(small: Simulation) -> None:
    """Recorded: uniform_rolling_upgrade_2023."""
    reply = post(small, "osRollingUpgrade")
    view = json.loads(small.raw("GET", f"{small.set_path}/instanceView").body)
    assert view["statuses"][0]["code"] == "ProvisioningState/succeeded"
    assert settle(small, reply)["status"] == "Succeeded"
    assert latest(small)["progress"]["successfulInstanceCount"] == 4
    assert {each.image_version for each in small.azure.instances()} == {OLD}


def test_mode_automatic_replaces_everything_by_an_update_alone() -> None:
    simulation = Simulation(SMALL + "model: {properties: {upgradePolicy: {mode: Automatic}}}")
    reply = simulation.raw("PATCH", simulation.set_path, image_patch(version=NEW))
    assert {each.provisioning_state for each in simulation.azure.instances()} == {"Updating"}
    settle(simulation, reply)
    assert {each.image_version for each in simulation.azure.instances()} == {NEW}


def test_mode_automatic_touches_what_was_there_before_and_only_for_a_new_model() -> None:
    simulation = Simulation(SMALL + "model: {properties: {upgradePolicy: {mode: Automatic}}}")
    tagged = simulation.raw("PATCH", simulation.set_path, {"tags": {"team": "web"}})
    assert header(tagged, "x-ms-request-charge") == "0"
    simulation.clock.sleep(1)
    patch = {"sku": {"capacity": 6}, **image_patch(version=NEW)}
    # Four are replaced, two are made.
    assert header(simulation.raw("PATCH", simulation.set_path, patch), "x-ms-request-charge") == "6"
    states = [each.provisioning_state for each in simulation.azure.instances()]
    assert (states.count("Updating"), states.count("Creating")) == (4, 2)


def test_a_policy_of_the_subscription_adds_and_takes_nothing_away() -> None:
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


@pytest.mark.parametrize(("asked", "found"), [("true", ["1", "2", "3"]), ("false", ["0"])])
def test_a_list_of_the_current_instances_or_of_the_others(asked: str, found: list[str]) -> None:
    simulation = Simulation(SMALL + "instances: {'0': {image: '22.04.202609010'}}")
    listed = simulation.raw(
        "GET", f"{simulation.set_path}/virtualMachines?$filter=properties/latestModelApplied%20eq%20{asked}"
    )
    assert [each["instanceId"] for each in json.loads(listed.body)["value"]] == found


def test_mode_rolling_wants_a_source_of_health() -> None:
    simulation = Simulation(SMALL.replace("[2, 2]", "[2, 2], health: none"))
    reply = simulation.raw("PATCH", simulation.set_path, {"properties": {"upgradePolicy": {"mode": "Rolling"}}})
    assert error_of(reply) == (400, "BadRequest")


# --- Flexible sets ---


def test_a_created_flexible_set() -> None:
    simulation = Simulation(FLEXIBLE)
    settle(simulation, simulation.raw("DELETE", simulation.set_path))
    properties = {**CREATED["properties"], "orchestrationMode": "Flexible"}
    reply = simulation.raw("PUT", simulation.set_path, {**CREATED, "zones": ["1"], "properties": properties})
    told = json.loads(reply.body)["properties"]
    assert (told["singlePlacementGroup"], told["platformFaultDomainCount"], told["zoneBalance"]) == (False, 1, False)
    assert told["virtualMachineProfile"]["storageProfile"]["osDisk"]["deleteOption"] == "Delete"


def test_a_set_in_place_of_a_deleted_flexible_one() -> None:
    """Its instances have names there, with hexadecimal numbers."""
    simulation = Simulation(FLEXIBLE.replace("[2, 2]", "[6, 6]"))
    settle(simulation, simulation.raw("DELETE", simulation.set_path))
    settle(simulation, simulation.raw("PUT", simulation.set_path, CREATED))
    assert simulation.set_json()["properties"]["orchestrationMode"] == "Uniform"
    assert all(each.isdigit() for each in ids(simulation))


def machines(simulation: Simulation, query: str = "") -> list[dict[str, Any]]:
    group = simulation.set_path.partition("/virtualMachineScaleSets/")[0]
    wanted = f"$filter='virtualMachineScaleSet/id' eq '{simulation.set_path}'".replace(" ", "%20")
    return list(json.loads(simulation.raw("GET", f"{group}/virtualMachines?{wanted}{query}").body)["value"])


def test_the_instances_of_a_flexible_set_are_machines() -> None:
    simulation = Simulation(FLEXIBLE)
    found = machines(simulation, "&$expand=instanceView")
    assert [vm["name"] for vm in found] == ids(simulation)
    assert all(vm["name"].startswith("simulated-set_") for vm in found)
    shown = found[0]["properties"]
    assert shown["storageProfile"]["imageReference"]["exactVersion"] == OLD
    assert "latestModelApplied" not in shown
    assert not {"platformUpdateDomain", "placementGroupId"} & set(shown["instanceView"])


def test_a_machine_shows_what_its_profile_has() -> None:
    profile = "{securityProfile: {securityType: TrustedLaunch}, priority: Spot}"
    simulation = Simulation(f"{FLEXIBLE}model: {{properties: {{virtualMachineProfile: {profile}}}}}")
    shown = machines(simulation)[0]["properties"]
    assert (shown["securityProfile"], shown["priority"]) == ({"securityType": "TrustedLaunch"}, "Spot")


def test_another_sets_machines_are_none_of_ours() -> None:
    simulation = Simulation(FLEXIBLE)
    group = simulation.set_path.partition("/virtualMachineScaleSets/")[0]
    wanted = f"$filter='virtualMachineScaleSet/id' eq '{simulation.set_path}-other'".replace(" ", "%20")
    assert json.loads(simulation.raw("GET", f"{group}/virtualMachines?{wanted}").body) == {"value": []}


def test_what_a_flexible_set_refuses() -> None:
    simulation = Simulation(FLEXIBLE)
    for path in ("instanceView", "virtualMachines?$expand=instanceView"):
        assert error_of(simulation.raw("GET", f"{simulation.set_path}/{path}")) == (400, "BadRequest")
    one = simulation.raw("GET", f"{simulation.set_path}/virtualMachines/{ids(simulation)[0]}/instanceView")
    assert error_of(one) == (400, "InvalidParameter")


def test_upgrade_a_flexible_set() -> None:
    """Its etag stays over a manualupgrade, and nobody counts the requests (flexible_manualupgrade_2024)."""
    simulation = Simulation(FLEXIBLE)
    simulation.update_image()
    before = simulation.set_json()["etag"]
    reply = simulation.upgrade(*ids(simulation)[:2])
    assert (reply.status, header(reply, "x-ms-request-charge")) == (202, None)
    settle(simulation, reply)
    assert simulation.set_json()["etag"] == before
    versions = [vm["properties"]["storageProfile"]["imageReference"]["exactVersion"] for vm in machines(simulation)]
    assert versions == [NEW, NEW, OLD, OLD]


# --- what zonal sets show ---


def test_with_one_fault_domain_no_domain_is_shown() -> None:
    simulation = Simulation(SMALL.replace("[2, 2]", "[2, 2], zones: ['1', '2'], fault_domains: 1"))
    assert simulation.set_json()["properties"]["platformFaultDomainCount"] == 1
    assert not {"platformUpdateDomain", "platformFaultDomain"} & set(simulation.view("0"))
    listed = json.loads(simulation.raw("GET", f"{simulation.set_path}/virtualMachines").body)["value"]
    assert {vm["zones"][0] for vm in listed} == {"1", "2"}


# --- dates and versions ---


@pytest.mark.parametrize(
    ("began", "version", "shown"),
    [
        ("2026-01-01", "2026-04-01", True),
        ("2024-08-26", "2023-09-01", True),
        ("2024-08-26", "2022-03-01", False),
        ("2024-04-28", "2024-07-01", False),
    ],
)
def test_etags_depend_on_date_and_version(began: str, version: str, shown: bool) -> None:
    simulation = Simulation(f"{SMALL}began: '{began}T00:00:00+00:00'")
    reply = simulation.raw("GET", f"{simulation.set_path}?api-version={version}")
    assert ("etag" in dict(reply.headers), "etag" in json.loads(reply.body)) == (shown, shown)


def test_the_time_in_the_sets_view_does_not_move_between_two_looks(small: Simulation) -> None:
    def time() -> str:
        return str(json.loads(small.raw("GET", f"{small.set_path}/instanceView").body)["statuses"][0]["time"])

    first = time()
    small.clock.sleep(30)
    assert time() == first
    small.update_image()
    assert time() > first


def test_the_sets_view_counts_instances_by_state(small: Simulation) -> None:
    small.update_image()
    small.upgrade("0")
    view = json.loads(small.raw("GET", f"{small.set_path}/instanceView").body)
    assert view["virtualMachine"]["statusesSummary"] == [
        {"code": "ProvisioningState/succeeded", "count": 3},
        {"code": "ProvisioningState/updating", "count": 1},
    ]
