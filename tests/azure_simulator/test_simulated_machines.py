"""The virtual machines of a Flexible set."""

import json
from typing import Any

import pytest
from simulated import NEW, OLD, SMALL, Simulation, body_of, error_of, header, ids, settle

FLEXIBLE = SMALL.replace("[2, 2]", "[2, 2], orchestration: Flexible")


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


def test_the_filter_excludes_machines_of_another_set() -> None:
    simulation = Simulation(FLEXIBLE)
    group = simulation.set_path.partition("/virtualMachineScaleSets/")[0]
    wanted = f"$filter='virtualMachineScaleSet/id' eq '{simulation.set_path}-other'".replace(" ", "%20")
    assert json.loads(simulation.raw("GET", f"{group}/virtualMachines?{wanted}").body) == {"value": []}


def test_a_flexible_set_refuses_instance_views() -> None:
    simulation = Simulation(FLEXIBLE)
    for path in ("instanceView", "virtualMachines?$expand=instanceView"):
        assert error_of(simulation.raw("GET", f"{simulation.set_path}/{path}")) == (400, "BadRequest")
    one = simulation.raw("GET", f"{simulation.set_path}/virtualMachines/{ids(simulation)[0]}/instanceView")
    assert error_of(one) == (400, "InvalidParameter")


def test_upgrade_a_flexible_set() -> None:
    """The etag stays over a manualupgrade, and the requests are not counted (flexible_manualupgrade_2024)."""
    simulation = Simulation(FLEXIBLE)
    simulation.update_image()
    before = simulation.set_json()["etag"]
    reply = simulation.upgrade(*ids(simulation)[:2])
    assert (reply.status, header(reply, "x-ms-request-charge")) == (202, None)
    settle(simulation, reply)
    assert simulation.set_json()["etag"] == before
    versions = [vm["properties"]["storageProfile"]["imageReference"]["exactVersion"] for vm in machines(simulation)]
    assert versions == [NEW, NEW, OLD, OLD]


SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111"


VARIED_FLEXIBLE = (
    SMALL.replace("[2, 2]", "[2], orchestration: Flexible, zones: ['1', '2'], health: extension")
    + """
instances:
  simulated-set_00000001: {image: 22.04.202609010}
  simulated-set_00000002: {failed: {code: OSProvisioningTimedOut, message: It took too long.}, unhealthy: true}
  simulated-set_00000003: {power: deallocated}
"""
)


def machines_of(simulation: Simulation, more: str = "&$expand=instanceView") -> list[dict[str, Any]]:
    group = simulation.set_path.partition("/virtualMachineScaleSets/")[0]
    path = f"{group}/virtualMachines?$filter='virtualMachineScaleSet/id' eq '{simulation.set_path}'{more}"
    found = []
    while path:
        page = body_of(simulation, path)
        found += page["value"]
        path = page.get("nextLink", "")
    return found


def test_machines_show_zone_health_and_power() -> None:
    machines = machines_of(Simulation(VARIED_FLEXIBLE))
    views = [each["properties"]["instanceView"] for each in machines]
    assert [each["zones"] for each in machines] == [["1"], ["1"], ["2"], ["2"]]
    health = [view.get("vmHealth", {}).get("status", {}).get("code") for view in views]
    assert health == ["HealthState/healthy", "HealthState/healthy", "HealthState/unhealthy", None]
    codes = [[status["code"] for status in view["statuses"]] for view in views]
    assert codes[2] == ["ProvisioningState/failed/OSProvisioningTimedOut", "PowerState/running"]
    assert codes[3] == ["ProvisioningState/succeeded", "PowerState/deallocated"]
    assert not {"platformUpdateDomain", "platformFaultDomain", "placementGroupId"} & set().union(*views)
    assert "platformFaultDomain" not in machines[0]["properties"]


def test_the_view_of_one_machine() -> None:
    simulation = Simulation(VARIED_FLEXIBLE)
    machine = machines_of(simulation)[2]
    assert body_of(simulation, machine["id"] + "/instanceView") == machine["properties"]["instanceView"]
    assert error_of(simulation.raw("GET", machine["id"] + "0/instanceView")) == (404, "ResourceNotFound")


def test_machines_are_upgraded_by_their_names() -> None:
    simulation = Simulation(VARIED_FLEXIBLE)
    before = machines_of(simulation)
    made = [each["tags"]["VirtualMachineProfileTimeCreated"] for each in before]
    assert made[0] == made[2] == "12/1/2025 8:00:00 AM +00:00"
    assert made[1] == "11/30/2025 8:00:00 AM +00:00"
    simulation.update_image()
    assert simulation.upgrade(before[0]["name"], before[1]["name"]).status == 202
    simulation.clock.sleep(150)
    after = machines_of(simulation)
    versions = [each["properties"]["storageProfile"]["imageReference"]["exactVersion"] for each in after]
    assert versions == [NEW, NEW, OLD, OLD]
    assert after[0]["tags"]["VirtualMachineProfileTimeCreated"] == "1/1/2026 12:00:00 AM +00:00"
    assert after[2]["tags"]["VirtualMachineProfileTimeCreated"] == made[2]
    for name in ("id", "name"):
        assert [each[name] for each in after] == [each[name] for each in before]
    ids = [[each["properties"]["vmId"] for each in seen] for seen in (before, after)]
    assert ids[0] == ids[1]


def test_more_machines_than_a_page_has() -> None:
    simulation = Simulation("description: x\nfleet: {update_domains: [130], orchestration: Flexible}")
    names = [each["name"] for each in machines_of(simulation)]
    assert len(names) == len(set(names)) == 130


def test_only_a_filtered_list_of_machines_can_be_expanded() -> None:
    simulation = Simulation(VARIED_FLEXIBLE)
    group = simulation.set_path.partition("/virtualMachineScaleSets/")[0]
    assert error_of(simulation.raw("GET", f"{group}/virtualMachines?$expand=instanceView")) == (501, "NotSimulated")


@pytest.mark.parametrize("case", ["", ", case: {feature: Microsoft.Compute/Other}"])
def test_the_feature_that_is_missing_is_named(case: str) -> None:
    fault = f"{{kind: error, path: /manualupgrade$, error: feature-not-registered{case}}}"
    refused = Simulation(f"{SMALL}faults: [{fault}]").upgrade("0")
    message = json.loads(refused.body)["error"]["message"]
    feature = "Other" if case else "ImageReferenceUpgradeForVmoVMs"
    assert f"Subscription {SUBSCRIPTION[15:]} is not registered for feature Microsoft.Compute/{feature} " in message


def test_a_flexible_set_without_an_upgrade_policy() -> None:
    simulation = Simulation(VARIED_FLEXIBLE + "model: {properties: {upgradePolicy: null}}")
    assert "upgradePolicy" not in simulation.set_json()["properties"]
    simulation.update_image()
    assert simulation.upgrade("*").status == 202


def test_a_machine_appears_in_a_zone() -> None:
    fault = "faults: [{kind: appear, instance: simulated-set_000000ff, zone: '2', at: 5}]"
    simulation = Simulation(VARIED_FLEXIBLE + fault)
    simulation.clock.sleep(6)
    assert machines_of(simulation)[-1]["zones"] == ["2"]
