"""Kinds of images and of sets: galleries of every sort, deprecation, permissions, machines, instances behind."""

import json
from pathlib import Path
from typing import Any

import pytest
from simulated import NEW, OLD, SMALL, Simulation, error_of, image_patch

from azure_simulator import ScenarioError, load_scenario, parse_scenario
from azure_simulator.scenario.captured.scale_set import with_captured_set

SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111"
OWN = f"{SUBSCRIPTION}/resourceGroups/images/providers/Microsoft.Compute/galleries/golden/images/web"
SHARED = "/SharedGalleries/unique-GOLDEN/Images/web"
COMMUNITY = "/CommunityGalleries/golden-1234/Images/web"
PLATFORM = "{publisher: p, offer: o, sku: s, versions: [1.0.0]"
KEYS = {OWN: "id", SHARED: "sharedGalleryImageId", COMMUNITY: "communityGalleryImageId"}


def of_gallery(definition: str, images: str, version: str = "1.0.0", more: str = "") -> Simulation:
    """Two instances on a version of this definition; `images` are entries beside it."""
    capital = "versions" if definition == OWN else "Versions"
    return Simulation(
        f"""
description: a gallery
fleet: {{update_domains: [1, 1], image: {{{KEYS[definition]}: "{definition}/{capital}/{version}"}}}}
timing: {{request_latency: 0, upgrade_seconds: 100, healthy_after_seconds: 20}}
images: [{{id: "{definition}", versions: [1.0.0]}}, {images.replace("ID", f"id: '{definition}'")}]
{more}
"""
    )


def patched(simulation: Simulation, definition: str, version: str | None) -> tuple[int, str]:
    """The answer to a PATCH of the model's image."""
    image_id = definition if version is None else f"{definition}/versions/{version}"
    answer = simulation.raw("PATCH", simulation.set_path, image_patch(**{KEYS[definition]: image_id}))
    simulation.clock.sleep(60)
    return (200, "") if answer.status == 200 else error_of(answer)


def body_of(simulation: Simulation, path: str) -> Any:
    answer = simulation.raw("GET", path)
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


# --- galleries ---


@pytest.mark.parametrize("definition", KEYS)
def test_a_gallery_of_every_sort_from_the_model_to_the_instance(definition: str) -> None:
    simulation = of_gallery(definition, "{ID, versions: [1.1.0]}")
    assert simulation.instance("0").image_version.lower() == f"{definition}/versions/1.0.0".lower()
    assert patched(simulation, definition, "1.1.0") == (200, "")
    assert simulation.upgrade("0").status == 202
    simulation.clock.sleep(150)
    shown = body_of(simulation, f"{simulation.set_path}/virtualMachines/0")["properties"]
    reference = shown["storageProfile"]["imageReference"]
    assert reference == {KEYS[definition]: f"{definition}/versions/1.1.0", "exactVersion": "1.1.0"}
    assert shown["latestModelApplied"] is True
    assert simulation.instance("1").latest_model_applied is False


@pytest.mark.parametrize("definition", KEYS)
@pytest.mark.parametrize(
    ("traits", "exact", "latest"),
    [
        ("", (200, ""), "2.0.0"),
        ("exclude_from_latest: true", (200, ""), "1.0.0"),
        ("target_regions: [North Europe]", (404, "GalleryImageNotFound"), "1.0.0"),
        ("target_regions: [North Europe, West Europe]", (200, ""), "2.0.0"),
        ("replication: InProgress", (404, "GalleryImageNotFound"), "1.0.0"),
        ("replication: Failed", (404, "GalleryImageNotFound"), "1.0.0"),
        ("replicated_after: 600", (404, "GalleryImageNotFound"), "1.0.0"),
        ("end_of_life: '2025-01-31T00:00:00+00:00'", (200, ""), "2.0.0"),
    ],
)
def test_what_can_be_deployed_and_what_is_the_latest(
    definition: str, traits: str, exact: tuple[int, str], latest: str
) -> None:
    entry = f"{{ID, versions: [2.0.0], {traits}}}"
    assert patched(of_gallery(definition, entry), definition, "2.0.0") == exact
    simulation = of_gallery(definition, entry)
    assert patched(simulation, definition, None) == (200, "")
    simulation.upgrade("0")
    simulation.clock.sleep(150)
    assert simulation.instance("0").image_version.lower() == f"{definition}/versions/{latest}".lower()


def test_a_version_arrives() -> None:
    simulation = of_gallery(OWN, "{ID, versions: [2.0.0], replicated_after: 600}")
    path = f"{OWN}/versions/2.0.0?$expand=ReplicationStatus"
    seen = []
    for moment in (0, 300, 599, 600):
        simulation.clock.sleep(moment - simulation.clock.now())
        shown = body_of(simulation, path)["properties"]
        (region,) = shown["replicationStatus"]["summary"]
        state = shown["replicationStatus"]["aggregatedState"]
        seen.append((state, region["state"], region["progress"], shown["provisioningState"]))
    assert seen == [
        ("InProgress", "Replicating", 0, "Updating"),
        ("InProgress", "Replicating", 50, "Updating"),
        ("InProgress", "Replicating", 99, "Updating"),
        ("Completed", "Completed", 100, "Succeeded"),
    ]
    assert patched(simulation, OWN, "2.0.0") == (200, "")


def test_a_definition_none_of_whose_versions_is_the_latest() -> None:
    simulation = Simulation(
        f"""
description: x
fleet: {{update_domains: [1], image: {{id: "{OWN}/versions/1.0.0"}}}}
images: [{{id: "{OWN}", versions: [1.0.0], exclude_from_latest: true}}]
"""
    )
    assert patched(simulation, OWN, None) == (400, "InvalidParameter")


def test_a_gallery_lists_its_versions_and_what_is_special_about_them() -> None:
    special = "exclude_from_latest: true, end_of_life: '2026-01-31T00:00:00+00:00', target_regions: [North Europe]"
    simulation = of_gallery(OWN, f"{{ID, versions: [1.10.0, 1.9.0], {special}}}")
    listed = body_of(simulation, f"{OWN}/versions")["value"]
    assert [each["name"] for each in listed] == ["1.0.0", "1.9.0", "1.10.0"]
    told = [each["properties"]["publishingProfile"] for each in listed]
    assert [each["excludeFromLatest"] for each in told] == [False, True, True]
    assert [each["targetRegions"][0]["name"] for each in told] == ["West Europe", "North Europe", "North Europe"]
    assert [each.get("endOfLifeDate") for each in told] == [None, *2 * ["2026-01-31T00:00:00+00:00"]]
    assert listed[0] == body_of(simulation, f"{OWN}/versions/1.0.0")
    assert error_of(simulation.raw("GET", OWN.replace("web", "none") + "/versions")) == (404, "ResourceNotFound")


@pytest.mark.parametrize("definition", KEYS)
def test_a_definition_shows_what_its_versions_boot_on(definition: str) -> None:
    traits = "os: Windows, hyper_v_generation: V1, architecture: Arm64, plan: {name: n, publisher: p, product: o}"
    images = f"images: [{{id: '{definition}', versions: [1.0.0], {traits}}}]"
    image = f"{{{KEYS[definition]}: '{definition}/versions/1.0.0'}}"
    simulation = Simulation(f"description: x\nfleet: {{update_domains: [1], image: {image}}}\n{images}")
    shown = body_of(simulation, public(definition))["properties"]
    assert (shown["osType"], shown["hyperVGeneration"], shown["architecture"]) == ("Windows", "V1", "Arm64")
    assert shown["purchasePlan"] == {"name": "n", "publisher": "p", "product": "o"}
    assert simulation.view("0")["hyperVGeneration"] == "V1"


@pytest.mark.parametrize("definition", [SHARED, COMMUNITY])
def test_what_a_shared_gallery_has_in_the_region(definition: str) -> None:
    simulation = of_gallery(
        definition,
        "{ID, versions: [1.1.0], exclude_from_latest: true}, {ID, versions: [9.0.0], target_regions: [UK South]}",
    )
    path = public(definition)
    listed = body_of(simulation, path + "/versions")["value"]
    assert [each["name"] for each in listed] == ["1.0.0", "1.1.0"]
    assert [each["properties"]["excludeFromLatest"] for each in listed] == [False, True]
    assert listed[1] == body_of(simulation, path + "/versions/1.1.0")
    assert listed[1]["identifier"] == {"uniqueId": f"{definition}/Versions/1.1.0"}
    assert ("type" in listed[1]) is (definition == COMMUNITY)
    for missing in (path + "/versions/9.0.0", path + "/versions/7", path[:-3] + "none"):
        assert error_of(simulation.raw("GET", missing)) == (404, "NotFound")
    elsewhere = path.replace("westeurope", "uksouth")
    assert error_of(simulation.raw("GET", elsewhere)) == (501, "NotSimulated")


def public(definition: str) -> str:
    """The path at which a definition is read."""
    if definition == OWN:
        return OWN
    _, kind, gallery, _, image = definition.split("/")
    kind = kind[0].lower() + kind[1:]
    return f"{SUBSCRIPTION}/providers/Microsoft.Compute/locations/westeurope/{kind}/{gallery}/images/{image}"


REFERENCES = {
    "platform": {"publisher": "p", "offer": "o", "sku": "s", "version": "1.0.0"},
    "id": {"id": f"{OWN}/versions/1.0.0"},
    "shared": {"sharedGalleryImageId": f"{SHARED}/Versions/1.0.0"},
    "community": {"communityGalleryImageId": f"{COMMUNITY}/Versions/1.0.0"},
    "uri": {"uri": "https://a.invalid/one.vhd"},
}


@pytest.mark.parametrize("after", REFERENCES)
@pytest.mark.parametrize("before", REFERENCES)
def test_the_kind_of_image_never_changes(before: str, after: str) -> None:
    entries = ", ".join(f'{{id: "{each}", versions: [1.0.0]}}' for each in KEYS)
    image = json.dumps(REFERENCES[before])
    simulation = Simulation(
        f"description: x\nfleet: {{update_domains: [1], image: {image}}}\nimages: [{PLATFORM}}}, {entries}]"
    )
    patch = image_patch(**REFERENCES[after])
    if after == "uri":
        storage = {"osDisk": {"image": REFERENCES[after]}}
        patch = {"properties": {"virtualMachineProfile": {"storageProfile": storage}}}
    answer = simulation.raw("PATCH", simulation.set_path, patch)
    if before == after:
        assert answer.status == 200
    else:
        assert json.loads(answer.body)["error"] == {
            "code": "OperationNotAllowed",
            "message": "The Image type for a Virtual Machine Scale Set may not be changed.",
        }


@pytest.mark.parametrize("definition", KEYS)
def test_a_captured_set_on_a_gallery(definition: str, tmp_path: Path) -> None:
    """Every version that its model and its instances name exists."""
    simulation = of_gallery(definition, "{ID, versions: [1.1.0]}")
    patched(simulation, definition, "1.1.0")
    (tmp_path / "set.json").write_text(json.dumps(simulation.set_json()))
    listed = body_of(simulation, f"{simulation.set_path}/virtualMachines?$expand=instanceView")
    (tmp_path / "instances.json").write_text(json.dumps(listed))
    captured = with_captured_set(load_scenario("happy"), tmp_path / "set.json", tmp_path / "instances.json")
    again = Simulation(scenario=captured)
    assert [each.latest_model_applied for each in again.azure.instances()] == [False, False]
    assert patched(again, definition, "1.0.0") == (200, "")


@pytest.mark.parametrize(
    ("began", "shown"), [("2020-07-20T00:00:00+00:00", False), ("2023-12-19T00:00:00+00:00", True)]
)
def test_the_throttle_of_a_list_of_versions(began: str, shown: bool) -> None:
    """Recorded: gallery_image_version_and_put_image_2021, gallery_image_version_get_2024."""
    answer = of_gallery(OWN, "{ID, versions: [1.1.0]}", more=f"began: '{began}'").raw("GET", OWN + "/versions")
    limits = dict(answer.headers).get("x-ms-ratelimit-remaining-resource", "")
    assert ("ListGalleryImageVersionsInGalleryImage3Min;1499" in limits) is shown


# --- platform and managed images ---


def deprecated(on: str = "1.0.0") -> Simulation:
    state = "state: Deprecated, deprecation_date: '2025-12-01T00:00:00+00:00'"
    entry = f"{{publisher: p, offer: o, sku: s, versions: [2.0.0], {state}}}"
    image = f"{{publisher: p, offer: o, sku: s, version: {on}}}"
    return Simulation(
        f"description: x\nfleet: {{update_domains: [1, 1], image: {image}}}\nimages: [{PLATFORM}}}, {entry}]"
    )


def test_a_deprecated_version_is_shown_and_not_taken() -> None:
    simulation = deprecated()
    path = (
        f"{SUBSCRIPTION}/providers/Microsoft.Compute/locations/westeurope/publishers/p/artifacttypes/vmimage/offers/o"
        "/skus/s/versions"
    )
    assert [each["name"] for each in body_of(simulation, path)] == ["1.0.0", "2.0.0"]
    assert body_of(simulation, path + "/2.0.0")["properties"]["imageDeprecationStatus"] == {
        "imageState": "Deprecated",
        "scheduledDeprecationTime": "2025-12-01T00:00:00+00:00",
    }
    answer = simulation.raw("PATCH", simulation.set_path, image_patch(version="2.0.0"))
    assert error_of(answer) == (404, "ImageVersionDeprecated")
    assert "'p:o:s:2.0.0' is deprecated" in json.loads(answer.body)["error"]["message"]
    # It is not the latest either.
    assert simulation.raw("PATCH", simulation.set_path, image_patch(version="latest")).status == 200


def test_a_set_on_a_deprecated_version_goes_on_and_does_not_grow() -> None:
    simulation = deprecated(on="2.0.0")
    assert simulation.raw("PATCH", simulation.set_path, {"tags": {"a": "b"}}).status == 200
    simulation.clock.sleep(60)
    grown = simulation.raw("PATCH", simulation.set_path, {"sku": {"name": "Standard_D2s_v5", "capacity": 3}})
    assert error_of(grown) == (404, "ImageVersionDeprecated")


def test_the_plan_of_a_platform_image() -> None:
    plan = "{name: n, publisher: p, product: o}"
    simulation = Simulation(
        "description: x\nfleet: {update_domains: [1], image: {publisher: p, offer: o, sku: s, version: 1.0.0}}\n"
        f"images: [{PLATFORM}, plan: {plan}}}]\nmodel: {{plan: {plan}}}"
    )
    path = (
        f"{SUBSCRIPTION}/providers/Microsoft.Compute/locations/westeurope/publishers/p/artifacttypes/vmimage/offers/o"
        "/skus/s/versions/1.0.0"
    )
    told = {"name": "n", "publisher": "p", "product": "o"}
    assert body_of(simulation, path)["properties"]["plan"] == told
    assert simulation.set_json()["plan"] == told
    assert body_of(simulation, f"{simulation.set_path}/virtualMachines/0")["plan"] == told


def test_what_a_managed_image_boots_on() -> None:
    image = f"{SUBSCRIPTION}/resourceGroups/images/providers/Microsoft.Compute/images/one"
    simulation = Simulation(
        f"description: x\nfleet: {{update_domains: [1], image: {{id: '{image}'}}}}\n"
        f"images: [{{id: '{image}', os: Windows, hyper_v_generation: V1}}]"
    )
    shown = body_of(simulation, image)["properties"]
    assert (shown["hyperVGeneration"], shown["storageProfile"]["osDisk"]["osType"]) == ("V1", "Windows")
    assert simulation.view("0")["hyperVGeneration"] == "V1"


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (f"{{id: '{OWN}', versions: [1.0.0], state: Active}}", "state: is not known"),
        (
            f"{{id: '{OWN}', versions: [1.0.0], replication: Failed, replicated_after: 3}}",
            "needs the replication InProgress",
        ),
        (f"{{id: '{OWN}', versions: [1.0.0], end_of_life: soon}}", "end_of_life: must be a moment"),
        ("{id: /SharedGalleries/x, versions: [1.0.0]}", "id: must end in galleries/NAME/images/NAME"),
        (PLATFORM + ", target_regions: [UK South]}", "target_regions: is not known"),
        (PLATFORM + ", plan: {name: n}}", "plan.publisher: is missing"),
        (PLATFORM + ", state: Gone}", "state: must be one of Active, ScheduledForDeprecation, Deprecated"),
    ],
)
def test_images_that_a_scenario_cannot_have(entry: str, problem: str) -> None:
    with pytest.raises(ScenarioError, match=problem):
        parse_scenario(f"description: x\nimages: [{entry}]", "x", "x.yml")


# --- permissions ---


@pytest.mark.parametrize(
    ("yaml", "told"),
    [
        ("", [(["*"], [])]),
        ("permissions: {actions: [a/read, b/*], not_actions: [b/write]}", [(["a/read", "b/*"], ["b/write"])]),
        ("permissions: [{actions: [a]}, {actions: [b]}]", [(["a"], []), (["b"], [])]),
        ("permissions: []", []),
    ],
)
def test_permissions(yaml: str, told: list[tuple[list[str], list[str]]]) -> None:
    simulation = Simulation(SMALL + yaml)
    path = f"{simulation.set_path}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01"
    value = body_of(simulation, path)["value"]
    assert [(each["actions"], each["notActions"]) for each in value] == told
    assert all(each["dataActions"] == each["notDataActions"] == [] for each in value)


def test_permissions_that_nobody_may_read() -> None:
    simulation = Simulation(SMALL + "permissions: refused")
    answer = simulation.raw("GET", f"{simulation.set_path}/providers/Microsoft.Authorization/permissions")
    assert error_of(answer) == (403, "AuthorizationFailed")
    message = json.loads(answer.body)["error"]["message"]
    assert f"'Microsoft.Authorization/permissions/read' over scope '{simulation.set_path}'" in message


def test_permissions_are_strict_about_their_keys() -> None:
    with pytest.raises(ScenarioError, match=r"permissions\.notactions: is not known"):
        parse_scenario(SMALL + "permissions: {actions: [a], notactions: [b]}", "x", "x.yml")


# --- Flexible ---

FLEXIBLE = (
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


def test_what_machines_show() -> None:
    machines = machines_of(Simulation(FLEXIBLE))
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
    simulation = Simulation(FLEXIBLE)
    machine = machines_of(simulation)[2]
    assert body_of(simulation, machine["id"] + "/instanceView") == machine["properties"]["instanceView"]
    assert error_of(simulation.raw("GET", machine["id"] + "0/instanceView")) == (404, "ResourceNotFound")


def test_machines_are_upgraded_by_their_names() -> None:
    simulation = Simulation(FLEXIBLE)
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


def test_machines_are_expanded_by_filter_alone() -> None:
    simulation = Simulation(FLEXIBLE)
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
    simulation = Simulation(FLEXIBLE + "model: {properties: {upgradePolicy: null}}")
    assert "upgradePolicy" not in simulation.set_json()["properties"]
    simulation.update_image()
    assert simulation.upgrade("*").status == 202


def test_a_machine_appears_in_a_zone() -> None:
    fault = "faults: [{kind: appear, instance: simulated-set_000000ff, zone: '2', at: 5}]"
    simulation = Simulation(FLEXIBLE + fault)
    simulation.clock.sleep(6)
    assert machines_of(simulation)[-1]["zones"] == ["2"]


# --- instances behind the model ---

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


def test_what_instances_show_that_are_behind() -> None:
    simulation = Simulation(BEHIND)

    def shown() -> list[tuple[Any, ...]]:
        told = body_of(simulation, f"{simulation.set_path}/virtualMachines")["value"]
        return [
            (
                each["properties"]["latestModelApplied"],
                each["properties"]["modelDefinitionApplied"],
                each["sku"]["name"],
                each["properties"]["hardwareProfile"]["vmSize"],
                [part["name"] for part in each["resources"]],
            )
            for each in told
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


def test_an_extension_that_the_model_has_not() -> None:
    with pytest.raises(ScenarioError, match=r"behind\.extensions: names 'Three', and the model has One, Two"):
        parse_scenario(BEHIND.replace("extensions: [Two]", "extensions: [Three]"), "x", "x.yml")


# --- sets ---


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


def test_an_eleventh_model_is_refused_until_an_instance_is_upgraded() -> None:
    simulation = Simulation(scenario=load_scenario("many-models"))
    patch = image_patch(version=NEW)
    answer = simulation.raw("PATCH", simulation.set_path, patch)
    assert error_of(answer) == (409, "OperationNotAllowed")
    assert "has reached its limit of 10 models" in json.loads(answer.body)["error"]["message"]
    # What makes no new model is taken, and one instance fewer on a model of its own is enough.
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
