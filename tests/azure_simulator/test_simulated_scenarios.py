import json
from pathlib import Path

import pytest
from simulated import NEW, SMALL, Simulation

from azure_simulator import Scenario, ScenarioError, SimulatedAzure, VirtualClock, load_scenario, scenario_names
from azure_simulator.scenario.loading import parse_scenario

REQUIRED = {
    "happy", "sick-domain", "provisioning-failure", "throttled", "conflict", "lagging", "hanging", "preempted",
    "elsewhere-sick", "elsewhere-sick-for-good", "large", "no-signal", "zonal", "flexible", "flexible-not-registered",
    "latest", "gallery-latest", "shared-gallery", "community-gallery", "managed-image", "vhd", "replicating",
    "deprecated", "wrong-generation", "ephemeral", "repairs", "many-models", "pending-changes", "canary",
    "placement-groups", "fleet", "fleet-one-fails",
}  # fmt: skip


def test_the_scenarios_that_ship() -> None:
    assert set(scenario_names()) >= REQUIRED


@pytest.mark.parametrize("name", scenario_names())
def test_each_scenario_can_be_played_and_says_in_one_sentence_what_it_is(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.name == name
    assert scenario.description.endswith(".")
    assert scenario.description.count(". ") == 0
    images = {"image-version", "image-id", "image-uri"}
    assert scenario.inputs.keys() & images or scenario.inputs["operation"] == "rollback"
    azure = SimulatedAzure(scenario, VirtualClock())
    assert len(azure.instances()) == scenario.scale_set.model["sku"]["capacity"]
    assert all(each.available for each in azure.instances())


def test_happy_has_five_domains_of_four_dealt_in_turn() -> None:
    domains = [each.update_domain for each in load_scenario("happy").scale_set.instances]
    assert domains == [0, 1, 2, 3, 4] * 4


def test_domains_may_differ_in_size() -> None:
    instances = parsed("description: x\nfleet: {update_domains: [1, 3, 2]}").scale_set.instances
    assert [each.update_domain for each in instances] == [0, 1, 2, 1, 2, 1]


def test_large_has_six_placement_groups_of_five_domains_each() -> None:
    instances = load_scenario("large").scale_set.instances
    assert len(instances) == 600
    assert len({(each.placement_group, each.update_domain) for each in instances}) == 30


def test_a_file_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "mine.yml").write_text(SMALL)
    scenario = load_scenario(str(tmp_path / "mine.yml"))
    assert (scenario.name, scenario.description, scenario.inputs) == ("mine", "small", {})


def parsed(yaml: str) -> Scenario:
    return parse_scenario(yaml, "test", "test.yml")


@pytest.mark.parametrize(
    ("yaml", "problem"),
    [
        ("[]", "test.yml: must be a mapping, but is a list"),
        ("a: b: c", "test.yml: is not YAML"),
        ("fleet: {update_domains: [1]}", "test.yml: description: is missing"),
        ("description: x", "test.yml: fleet.update_domains: is missing"),
        (SMALL + "fautls: []", "test.yml: fautls: is not known; did you mean 'faults'?"),
        ("description: x\nfleet: {update_domains: [a]}", "fleet.update_domains[0]: must be a whole number, but is 'a'"),
        ("description: x\nfleet: {update_domains: 5}", "fleet.update_domains: must be a list, but is 5"),
        ("description: x\nfleet: {update_domains: [1], health: prob}", "fleet.health: must be one of probe, extension"),
        (
            "description: x\nfleet: {update_domains: [1], image: {offer: x}}",
            "fleet.image: must be {publisher, offer, sku, version}, {id: ..}, {sharedGalleryImageId: ..}",
        ),
        (
            "description: x\nfleet: {update_domains: [1]}\nimages: []",
            "fleet.image: The platform image 'Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2:22.04.202610010'",
        ),
        (SMALL + "inputs: {image-version: 22.04}", "inputs.image-version: must be text (put it in quotes)"),
        (SMALL + "instances: {'9': {power: running}}", "test.yml: instances.9: is not known"),
        (SMALL + "instances: {'1': {power: off}}", "instances.1.power: must be text"),
        (
            SMALL + "instances: {'1': {image: [x]}}",
            "instances.1.image: must be a version of the model's platform image",
        ),
        (SMALL + "faults: [{kind: nonsense}]", "faults[0].kind: must be one of comes-up-unhealthy"),
        (SMALL + "faults: [{kind: hangs}]", "faults[0].instance: is missing"),
        (
            SMALL + "faults: [{kind: hangs, instance: 7}]",
            "faults[0].instance: must be text (put it in quotes), but is 7",
        ),
        (SMALL + "faults: [{kind: hangs, instance: '7'}]", "faults[0].instance: the set has no instance '7'"),
        (
            SMALL + "faults: [{kind: vanish, instance: '1'}]",
            "faults[0]: needs either `at` (seconds) or `after_upgrade`",
        ),
        (
            SMALL + "faults: [{kind: vanish, instance: '1', at: 3, after_upgrade: 1}]",
            "faults[0]: needs either `at` (seconds) or `after_upgrade`",
        ),
        (
            SMALL + "faults: [{kind: http, path: x}]",
            "faults[0]: needs exactly one of `status`, `drop`, `hang`, `without`",
        ),
        (SMALL + "faults: [{kind: http, path: x, drop: maybe}]", "faults[0].drop: must be one of tls, before, after"),
        (SMALL + "faults: [{kind: flag-lags, instance: '1', seconds: -1}]", "faults[0].seconds: must be a number of 0"),
        (
            SMALL.replace("upgrade_seconds: 100", "upgrade_seconds: [9, 3]"),
            "timing.upgrade_seconds: must be seconds, or",
        ),
        (SMALL + "access_token_seconds: soon", "access_token_seconds: must be a number"),
    ],
)
def test_errors_name_file_key_and_what_is_wrong(yaml: str, problem: str) -> None:
    with pytest.raises(ScenarioError) as raised:
        parsed(yaml)
    assert problem in str(raised.value)
    assert str(raised.value).startswith("test.yml: ")


def test_errors_about_the_name(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"happyy: there is no such scenario; did you mean happy\?$"):
        load_scenario("happyy")
    with pytest.raises(
        ScenarioError, match=r"xyz: there is no such scenario; there are canary, .*, and files in \.yml$"
    ):
        load_scenario("xyz")
    with pytest.raises(ScenarioError, match=r"gone\.yml: cannot be read: No such file"):
        load_scenario(str(tmp_path / "gone.yml"))


def test_zones_placement_groups_and_gaps() -> None:
    yaml = (
        'description: x\nfleet: {update_domains: [1, 1], zones: ["1", "2"], placement_groups: 2, missing_ids: [1, 4]}'
    )
    instances = Simulation(yaml).azure.instances()
    assert [(i.instance_id, i.zone, i.update_domain) for i in instances] == [
        ("0", "1", 0), ("2", "1", 1), ("3", "2", 0), ("5", "2", 1),
        ("6", "1", 0), ("7", "1", 1), ("8", "2", 0), ("9", "2", 1),
    ]  # fmt: skip
    assert len({i.placement_group for i in instances}) == 4


def test_instances_spelled_out_and_how_each_begins() -> None:
    yaml = """
description: x
fleet:
  instances: [{id: "3", update_domain: 1, fault_domain: 2}, {id: "8"}, {id: "9", update_domain: 0}, {id: "11"}]
instances:
  "3": {image: "22.04.202611010", protected: true}
  "8": {power: deallocated, unhealthy: true}
  "9": {unhealthy: true, current: false}
  "11": {failed: {code: Broken, message: it is}}
"""
    simulation = Simulation(yaml)
    three, eight, nine, eleven = simulation.azure.instances()
    assert (three.update_domain, three.fault_domain, three.image_version) == (1, 2, NEW)
    assert not three.latest_model_applied
    assert (eight.update_domain, eight.power_state, eight.healthy, eight.available) == (
        None,
        "deallocated",
        None,
        False,
    )
    assert "platformUpdateDomain" not in simulation.view("8")
    assert (nine.healthy, nine.latest_model_applied) == (False, False)
    assert eleven.provisioning_state == "Failed"
    assert simulation.view("11")["statuses"][0]["code"] == "ProvisioningState/failed/Broken"


def test_the_model_is_merged_over_the_sets_json() -> None:
    yaml = SMALL + "model: {tags: {a: b}, properties: {upgradePolicy: {mode: Automatic}, overprovision: null}}"
    seen = Simulation(yaml).set_json()
    assert seen["tags"] == {"a": "b"}
    assert seen["properties"]["upgradePolicy"] == {"mode": "Automatic"}
    assert "overprovision" not in seen["properties"]
    assert seen["properties"]["orchestrationMode"] == "Uniform"


@pytest.mark.parametrize(
    ("health", "signal"), [("probe", True), ("extension", True), ("external", True), ("none", False)]
)
def test_sources_of_health(health: str, signal: bool) -> None:
    simulation = Simulation(f"description: x\nfleet: {{update_domains: [1, 1], health: {health}}}")
    assert ("vmHealth" in simulation.view("0")) is signal
    assert simulation.instance("0").healthy is (True if signal else None)


def test_on_a_resume_the_model_has_the_target_and_only_its_instances_are_current() -> None:
    target = {"virtualMachineProfile": {"storageProfile": {"imageReference": {"version": NEW}}}}
    yaml = SMALL + f"model: {json.dumps({'properties': target})}\n"
    yaml += 'instances: {"1": {image: "22.04.202610010"}}'
    simulation = Simulation(yaml)
    assert [(i.image_version, i.latest_model_applied) for i in simulation.azure.instances()][:2] == [
        (NEW, True),
        ("22.04.202610010", False),
    ]
    # To go back to its image makes another model again (recorded): no instance is current.
    simulation.update_image("22.04.202610010")
    assert [i.latest_model_applied for i in simulation.azure.instances()] == [False] * 4
