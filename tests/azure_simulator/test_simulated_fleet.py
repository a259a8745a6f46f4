"""Several scale sets of one subscription: each has its own truth, and they share what a subscription shares."""

import json
from pathlib import Path
from typing import Any

import pytest
from simulated import NEW, OLD, SMALL, Fleet, Simulation, body_of, error_of, header, image_patch

from azure_simulator import (
    ScenarioError,
    SimulatedAzure,
    SimulatedSubscription,
    VirtualClock,
    load_scenario,
    parse_scenario,
    with_captured_set,
)
from azure_simulator.scenario.set_description import SUBSCRIPTION

FLEET = (
    SMALL
    + """
sets:
  - {name: first, tags: {role: web}}
  - {name: second, group: north, location: northeurope, tags: {role: api}, fleet: {update_domains: [3]}}
  - name: flex
    group: north
    location: northeurope
    fleet: {orchestration: Flexible, health: extension}
    timing: {upgrade_seconds: 7}
    faults: [{kind: http, path: "/flex$", method: PATCH, status: 503}]
  - {name: first, group: north, fleet: {update_domains: [1, 1]}}
"""
)
SETS = "/providers/Microsoft.Compute/virtualMachineScaleSets"


def names(fleet: Simulation, path: str) -> list[str]:
    return [str(each["name"]) for each in body_of(fleet, path)["value"]]


def subscription(fleet: Simulation) -> str:
    return f"/subscriptions/{fleet.at['subscription']}"


def test_each_set_has_its_own_names_instances_and_region() -> None:
    fleet = Fleet(FLEET)
    assert fleet.all.names == [
        {"resource_group": "simulated-group", "scale_set": "first", "location": "westeurope"},
        {"resource_group": "north", "scale_set": "second", "location": "northeurope"},
        {"resource_group": "north", "scale_set": "flex", "location": "northeurope"},
        {"resource_group": "north", "scale_set": "first", "location": "westeurope"},
    ]
    assert [[i.instance_id for i in each.instances()] for each in fleet.all.sets] == [
        ["0", "1", "2", "3"],
        ["0", "1", "2"],
        [f"flex_{number:08x}" for number in range(4)],
        ["0", "1"],
    ]
    assert fleet.at["scale_set"] == "first"
    assert len({each._set.unique_id for each in fleet.all.sets}) == 4


def test_an_entry_takes_what_it_does_not_say_from_the_file() -> None:
    first, _, flex, _ = parse_scenario(FLEET, "x", "x.yml").sets
    assert (first.timing.upgrade, flex.timing.upgrade) == ((100.0, 100.0), (7.0, 7.0))
    assert first.timing.healthy_after == flex.timing.healthy_after == (20.0, 20.0)
    assert (len(first.faults), len(flex.faults)) == (0, 1)
    assert first.scale_set.model["tags"] == {"role": "web"}


def test_the_lists_have_them_all() -> None:
    fleet = Fleet(FLEET)
    assert names(fleet, subscription(fleet) + SETS) == ["first", "second", "flex", "first"]
    assert names(fleet, f"{subscription(fleet)}/resourceGroups/NORTH{SETS}") == ["second", "flex", "first"]
    assert names(fleet, f"{subscription(fleet)}/resourceGroups/simulated-group{SETS}") == ["first"]
    answer = fleet.raw("GET", f"{subscription(fleet)}/resourceGroups/south{SETS}")
    assert error_of(answer) == (404, "ResourceGroupNotFound")


def test_a_name_in_another_group_is_another_set() -> None:
    fleet = Fleet(FLEET)
    north = f"{subscription(fleet)}/resourceGroups/north{SETS}/first"
    assert body_of(fleet, north)["sku"]["capacity"] == 2
    assert body_of(fleet, fleet.set_path)["sku"]["capacity"] == 4
    answer = fleet.raw("GET", f"{subscription(fleet)}/resourceGroups/simulated-group{SETS}/second")
    assert error_of(answer) == (404, "ResourceNotFound")


def test_a_write_reaches_one_set_and_its_operation_is_found() -> None:
    fleet = Fleet(FLEET)
    answer = fleet.raw("PATCH", fleet.path_of("second"), image_patch(version=NEW))
    assert "/locations/northeurope/" in str(header(answer, "azure-asyncoperation"))
    fleet.clock.sleep(60)
    assert body_of(fleet, str(header(answer, "azure-asyncoperation")))["status"] == "Succeeded"
    versions = {
        each["id"]: each["properties"]["virtualMachineProfile"]["storageProfile"]["imageReference"]["version"]
        for each in body_of(fleet, subscription(fleet) + SETS)["value"]
    }
    assert list(versions.values()) == [OLD, NEW, OLD, OLD]


def test_operations_of_two_sets_of_a_region_are_kept_apart() -> None:
    fleet = Fleet(FLEET)
    paths = [fleet.set_path, f"{subscription(fleet)}/resourceGroups/north{SETS}/first"]
    answers = [fleet.raw("PATCH", path, image_patch(version=NEW)) for path in paths]
    polls = [str(header(each, "azure-asyncoperation")) for each in answers]
    assert len(set(polls)) == 2
    fleet.clock.sleep(60)
    assert [body_of(fleet, each)["status"] for each in polls] == ["Succeeded"] * 2
    assert [each.state()["now"] for each in fleet.all.sets] == [60.0] * 4


def test_a_fault_strikes_its_own_set_alone() -> None:
    fleet = Fleet(FLEET)
    assert fleet.raw("PATCH", fleet.path_of("flex"), image_patch(version=NEW)).status == 503
    assert fleet.raw("PATCH", fleet.path_of("second"), image_patch(version=NEW)).status == 200
    fleet.all.end_faults()
    assert fleet.raw("PATCH", fleet.path_of("flex"), image_patch(version=NEW)).status == 200


def test_machines_by_their_names_by_the_set_and_all_of_a_group() -> None:
    two = FLEET + "  - {name: flex-two, group: north, fleet: {orchestration: Flexible, update_domains: [1]}}\n"
    fleet = Fleet(two)
    machines = f"{subscription(fleet)}/resourceGroups/north/providers/Microsoft.Compute/virtualMachines"
    assert names(fleet, machines) == ["flex-two_00000000", *(f"flex_{number:08x}" for number in range(4))]
    of_one = f"{machines}?$filter='virtualMachineScaleSet/id' eq '{fleet.path_of('flex-two')}'"
    assert names(fleet, of_one.replace(" ", "%20")) == ["flex-two_00000000"]
    for name in ("flex_00000003", "flex-two_00000000"):
        body = body_of(fleet, f"{machines}/{name}")
        assert body["properties"]["virtualMachineScaleSet"]["id"] == fleet.path_of(name.partition("_")[0])
    assert error_of(fleet.raw("GET", f"{machines}/other_1")) == (404, "ResourceNotFound")


def test_images_and_sizes_of_each_region() -> None:
    fleet = Fleet(FLEET)
    versions = (
        "publishers/Canonical/artifacttypes/vmimage/offers/0001-com-ubuntu-server-jammy/skus/22_04-lts-gen2/versions"
    )
    for region in ("westeurope", "northeurope"):
        path = f"{subscription(fleet)}/providers/Microsoft.Compute/locations/{region}/{versions}/{NEW}"
        assert body_of(fleet, path)["location"] == region
        sizes = body_of(
            fleet, f"{subscription(fleet)}/providers/Microsoft.Compute/skus?$filter=location%20eq%20'{region}'"
        )
        assert [each["locations"] for each in sizes["value"]] == [[region]]
    everywhere = body_of(fleet, f"{subscription(fleet)}/providers/Microsoft.Compute/skus")["value"]
    assert [each["locations"] for each in everywhere] == [["westeurope"], ["northeurope"]]


GALLERY = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.Compute/galleries/g/images/i"
IMAGED = f"fleet: {{update_domains: [2, 2], image: {{id: {GALLERY}/versions/1.0.0}}}}"


def test_a_gallery_replicates_to_the_regions_of_all_sets_where_it_does_not_say() -> None:
    images = f"images: [{{id: {GALLERY}, versions: ['1.0.0']}}]\n"
    fleet = Fleet(images + FLEET.replace("fleet: {update_domains: [2, 2]}", IMAGED, 1))
    body = body_of(fleet, f"{GALLERY}/versions/1.0.0?$expand=ReplicationStatus")
    regions = [each["name"] for each in body["properties"]["publishingProfile"]["targetRegions"]]
    assert regions == ["West Europe", "North Europe"]


@pytest.mark.parametrize(
    ("other", "spent"), [pytest.param("first", 4, id="one-region"), pytest.param("second", 3, id="two-regions")]
)
def test_the_buckets_of_a_subscription_are_shared_by_region(other: str, spent: int) -> None:
    """Those of a resource are each set's own, also where another group has a set of its name."""
    fleet = Fleet(FLEET)

    def levels(path: str) -> dict[str, int]:
        shown = str(header(fleet.raw("GET", path), "x-ms-ratelimit-remaining-resource"))
        parts = (each.rpartition("/")[2].split(";") for each in shown.split(","))
        return {name: int(level) for name, level in parts}

    fresh = levels(fleet.path_of("first"))
    for _ in range(4):
        last = levels(f"{subscription(fleet)}/resourceGroups/north{SETS}/{other}")
    assert fresh["GetVMScaleSetSubscriptionMaximum"] - last["GetVMScaleSetSubscriptionMaximum"] == spent
    assert fresh["GetVMScaleSetResource"] - last["GetVMScaleSetResource"] == 3


def test_one_token_is_good_for_all_and_revoked_for_all() -> None:
    fleet = Fleet(FLEET.replace("{name: second,", "{name: second, faults: [{kind: revoke-tokens, at: 10}],"))
    fleet.clock.sleep(10)
    assert fleet.raw("GET", fleet.path_of("second")).status == 401
    assert fleet.raw("GET", fleet.set_path).status == 401


def test_autoscale_settings_and_locks_of_all_sets_of_a_group() -> None:
    settings = "autoscale: [{name: auto, minimum: 1, maximum: 5, default: 3}]"
    locks = "locks: [{name: keep, level: CanNotDelete}]"
    fleet = Fleet(FLEET.replace("{name: second,", f"{{name: second, {settings}, {locks},"))
    north = f"{subscription(fleet)}/resourceGroups/north/providers"
    assert names(fleet, f"{north}/Microsoft.Insights/autoscaleSettings") == ["auto"]
    assert names(fleet, f"{north}/Microsoft.Authorization/locks") == ["keep"]
    assert names(fleet, f"{fleet.path_of('flex')}/providers/Microsoft.Authorization/locks") == []
    west = f"{subscription(fleet)}/resourceGroups/simulated-group/providers"
    assert names(fleet, f"{west}/Microsoft.Insights/autoscaleSettings") == []


def test_the_state_has_each_set_and_all_requests() -> None:
    fleet = Fleet(FLEET)
    body_of(fleet, fleet.path_of("second"))
    body_of(fleet, fleet.set_path)
    state: Any = fleet.all.state()
    assert [each["scale_set"] for each in state["sets"]] == ["first", "second", "flex", "first"]
    assert [len(each["instances"]) for each in state["sets"]] == [4, 3, 4, 2]
    assert [each["path"].rpartition("/")[2] for each in state["requests"]] == ["token", "second", "first"]
    assert [len(each["requests"]) for each in state["sets"]] == [2, 1, 0, 0]


def test_the_web_of_all_sets_answers_for_what_one_names() -> None:
    fleet = Fleet("hooks: {}\nprobes: [{address: 'https://probe.example.com/'}]\n" + FLEET)
    asked: dict[str, Any] = {"headers": {}, "body": b"{}", "timeout": 10.0, "most_bytes": 100}
    assert fleet.all.web().ask("POST", "https://hooks.example.com/x", **asked).status == 200
    assert fleet.all.web().ask("GET", "https://probe.example.com/", **asked).status == 200
    with pytest.raises(OSError, match=r"other\.example\.com|not known|resolve"):
        fleet.all.web().ask("GET", "https://other.example.com/", **asked)


def test_durations_differ_from_set_to_set_and_the_first_draws_as_it_would_alone() -> None:
    yaml = "description: x\ntiming: {upgrade_seconds: [10, 200]}\nfleet: {update_domains: [2]}\n"
    fleet = Fleet(yaml + "sets: [{name: a}, {name: b}]", seed=3)
    alone = Simulation(scenario=fleet.all.scenario, seed=3)
    ends = []
    for simulation, path in ((fleet, fleet.path_of("a")), (fleet, fleet.path_of("b")), (alone, fleet.path_of("a"))):
        simulation.raw("PATCH", path, image_patch(version=NEW))
        simulation.clock.sleep(60)
        simulation.raw("POST", f"{path}/manualupgrade", {"instanceIds": ["*"]})
    for each in (*fleet.all.sets, alone.azure):
        (upgrade,) = each.upgrades
        ends.append(round(upgrade.healthy_at - upgrade.started_at, 3))
    assert ends[0] == ends[2] != ends[1]


@pytest.mark.parametrize(
    ("yaml", "problem"),
    [
        ("sets: []", "test.yml: sets: must not be empty"),
        ("sets: {}", "test.yml: sets: must be a list, but is a mapping"),
        ("sets: [{tags: {}}]", "test.yml: sets[0].name: is missing"),
        ("sets: [{name: 3}]", "test.yml: sets[0].name: must be text (put it in quotes), but is 3"),
        ("sets: [{name: a}, {name: b, images: []}]", "test.yml: sets[1].images: is for all sets"),
        ("sets: [{name: a, tags: {role: 5}}]", "test.yml: sets[0].tags.role: must be text"),
        ("sets: [{name: a, fautls: []}]", "test.yml: sets[0].fautls: is not known; did you mean 'faults'?"),
        ("fautls: []\nsets: [{name: a}]", "test.yml: fautls: is not known; did you mean 'faults'?"),
        ("sets: [{name: a}, {name: b, fleet: {health: prob}}]", "test.yml: sets[1].fleet.health: must be one of"),
        ("sets: [{name: a, faults: [{kind: hangs, instance: '9'}]}]", "sets[0].faults[0].instance: the set has no"),
        ("sets: [{name: a}, {name: A}]", "test.yml: sets[1].name: is that of sets[0] in the same group"),
        ("sets: [{name: a, index: soon}]", "test.yml: sets[0].index: must be one of current, not-yet, deleted"),
    ],
)
def test_errors_name_the_set_and_the_key(yaml: str, problem: str) -> None:
    with pytest.raises(ScenarioError) as raised:
        parse_scenario(SMALL + yaml, "test", "test.yml")
    assert problem in str(raised.value)


def test_a_captured_set_does_not_replace_several(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="fleet: has several scale sets"):
        with_captured_set(load_scenario("fleet"), tmp_path / "a", tmp_path / "b")


@pytest.mark.parametrize("name", ["fleet", "fleet-one-fails"])
def test_the_fleets_that_ship(name: str) -> None:
    subscribed = SimulatedSubscription(load_scenario(name), VirtualClock())
    assert len(subscribed.sets) == 6
    models = [each.scale_set.model for each in subscribed.scenario.sets]
    assert {each["location"] for each in models} == {"westeurope", "northeurope"}
    assert [each["tags"]["role"] for each in models] == ["canary", "api", "api", "web", "web", "web"]
    assert {each["properties"]["orchestrationMode"] for each in models} == {"Uniform", "Flexible"}
    assert all(4 <= len(each.instances()) <= 6 for each in subscribed.sets)
    failing = [each.scale_set.model["tags"]["role"] for each in subscribed.scenario.sets if each.faults]
    assert failing == ([] if name == "fleet" else ["api"])


def test_a_scenario_of_several_is_played_alone_as_its_first_set() -> None:
    azure = SimulatedAzure(load_scenario("fleet"), VirtualClock())
    assert azure.coordinates["scale_set"] == "canary-weu"
    assert json.dumps(azure.state()["requests"]) == "[]"
