"""What a set and its instances show: domains, etags, views, extensions, and where instances are behind the model."""

import json
from typing import Any

import pytest
from simulated import NEW, SMALL, Simulation, body_of, settle

from azure_simulator import ScenarioError, load_scenario, parse_scenario


@pytest.fixture
def small() -> Simulation:
    return Simulation(SMALL)


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


def test_with_one_fault_domain_no_domain_is_shown() -> None:
    simulation = Simulation(SMALL.replace("[2, 2]", "[2, 2], zones: ['1', '2'], fault_domains: 1"))
    assert simulation.set_json()["properties"]["platformFaultDomainCount"] == 1
    assert not {"platformUpdateDomain", "platformFaultDomain"} & set(simulation.view("0"))
    listed = json.loads(simulation.raw("GET", f"{simulation.set_path}/virtualMachines").body)["value"]
    assert {vm["zones"][0] for vm in listed} == {"1", "2"}


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


def test_the_time_in_the_sets_view_stays_the_same_between_two_reads(small: Simulation) -> None:
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


BEHIND = (
    SMALL
    + """
model:
  properties:
    virtualMachineProfile:
      extensionProfile:
        extensions:
          - {name: One, properties: {publisher: p, type: One, typeHandlerVersion: "1.0"}}
          - {name: Two, properties: {publisher: p, type: Two, typeHandlerVersion: "1.0"}}
instances:
  "0": {behind: {extensions: [Two]}}
  "1": {behind: {vm_size: Standard_D2s_v3}}
  "2": {changed_individually: true}
"""
)


def test_instances_behind_the_model() -> None:
    simulation = Simulation(BEHIND)

    def shown() -> list[tuple[Any, ...]]:
        listed = body_of(simulation, f"{simulation.set_path}/virtualMachines")["value"]
        return [
            (
                each["properties"]["latestModelApplied"],
                each["properties"]["modelDefinitionApplied"],
                each["sku"]["name"],
                each["properties"]["hardwareProfile"]["vmSize"],
                [part["name"] for part in each["resources"]],
            )
            for each in listed
        ]

    size, both = "Standard_D2s_v5", ["One", "Two"]
    current = (True, "VirtualMachineScaleSet", size, size, both)
    assert shown() == [
        (False, "VirtualMachineScaleSet", size, size, ["One"]),
        (False, "VirtualMachineScaleSet", "Standard_D2s_v3", "Standard_D2s_v3", both),
        (False, "VirtualMachine", size, size, both),
        current,
    ]
    simulation.upgrade("*")
    simulation.clock.sleep(150)
    assert shown() == [current] * 4


def test_an_extension_that_the_model_lacks() -> None:
    with pytest.raises(ScenarioError, match=r"behind\.extensions: names 'Three', and the model has One, Two"):
        parse_scenario(BEHIND.replace("extensions: [Two]", "extensions: [Three]"), "x", "x.yml")


def test_an_ephemeral_disk() -> None:
    simulation = Simulation(scenario=load_scenario("ephemeral"))
    simulation.update_image()
    simulation.upgrade("0")
    simulation.clock.sleep(300)
    assert simulation.instance("0").image_version == NEW
    disk = body_of(simulation, f"{simulation.set_path}/virtualMachines/0")["properties"]["storageProfile"]["osDisk"]
    assert disk["diffDiskSettings"] == {"option": "Local"}


@pytest.mark.parametrize("suspended", [True, False])
def test_repairs_may_be_suspended_from_the_beginning(suspended: bool) -> None:
    policy = "model: {properties: {automaticRepairsPolicy: {enabled: true}}}"
    simulation = Simulation(f"{SMALL}{policy}\nrepairs_suspended: {str(suspended).lower()}")
    assert simulation.azure.repairs_suspended is suspended
    view = body_of(simulation, f"{simulation.set_path}/instanceView")
    state = "Suspended" if suspended else "Running"
    assert view["orchestrationServices"] == [{"serviceName": "AutomaticRepairs", "serviceState": state}]


def test_repairs_that_are_not_enabled_are_no_service() -> None:
    simulation = Simulation(SMALL + "model: {properties: {automaticRepairsPolicy: {enabled: false}}}")
    assert "orchestrationServices" not in body_of(simulation, f"{simulation.set_path}/instanceView")


def test_a_zonal_set_shows_zones_and_no_domains() -> None:
    simulation = Simulation(scenario=load_scenario("zonal"))
    listed = body_of(simulation, f"{simulation.set_path}/virtualMachines?$expand=instanceView")["value"]
    assert sorted(each["zones"][0] for each in listed) == ["1"] * 4 + ["2"] * 4 + ["3"] * 4
    views = [each["properties"]["instanceView"] for each in listed]
    assert not any({"platformUpdateDomain", "platformFaultDomain"} & view.keys() for view in views)


def test_placement_groups_have_the_same_numbers_of_domains() -> None:
    simulation = Simulation(scenario=load_scenario("placement-groups"))
    listed = body_of(simulation, f"{simulation.set_path}/virtualMachines?$expand=instanceView")["value"]
    views = [each["properties"]["instanceView"] for each in listed]
    domains = {(view["placementGroupId"], view["platformUpdateDomain"]) for view in views}
    assert len(domains) == 10
    assert simulation.set_json()["properties"]["singlePlacementGroup"] is False
