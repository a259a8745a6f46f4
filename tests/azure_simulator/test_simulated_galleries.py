"""Galleries of every kind: which versions exist in the region, which is the latest, and what can be deployed."""

import json
from pathlib import Path

import pytest
from simulated import Simulation, body_of, error_of, image_patch

from azure_simulator import load_scenario
from azure_simulator.scenario.captured.scale_set import with_captured_set

SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111"


OWN = f"{SUBSCRIPTION}/resourceGroups/images/providers/Microsoft.Compute/galleries/golden/images/web"


SHARED = "/SharedGalleries/unique-GOLDEN/Images/web"


COMMUNITY = "/CommunityGalleries/golden-1234/Images/web"


PLATFORM = "{publisher: p, offer: o, sku: s, versions: [1.0.0]"


KEYS = {OWN: "id", SHARED: "sharedGalleryImageId", COMMUNITY: "communityGalleryImageId"}


def of_gallery(definition: str, images: str, version: str = "1.0.0", more: str = "") -> Simulation:
    """Return two instances on a version of this definition; `images` are further entries."""
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
    """Return the answer to a PATCH of the model's image."""
    image_id = definition if version is None else f"{definition}/versions/{version}"
    answer = simulation.raw("PATCH", simulation.set_path, image_patch(**{KEYS[definition]: image_id}))
    simulation.clock.sleep(60)
    return (200, "") if answer.status == 200 else error_of(answer)


PUBLIC = f"{SUBSCRIPTION}/providers/Microsoft.Compute/locations/westeurope"


@pytest.mark.parametrize(
    ("definition", "path"),
    [
        pytest.param(OWN, OWN, id="own"),
        pytest.param(SHARED, f"{PUBLIC}/sharedGalleries/unique-GOLDEN/images/web", id="shared"),
        pytest.param(COMMUNITY, f"{PUBLIC}/communityGalleries/golden-1234/images/web", id="community"),
    ],
)
def test_a_gallery_of_every_kind_lists_its_definitions(definition: str, path: str) -> None:
    api = definition.replace("web", "api")
    simulation = of_gallery(definition, f"{{ID, versions: [1.1.0]}}, {{id: '{api}', versions: [1.0.0]}}")
    listed = body_of(simulation, path.removesuffix("/web"))["value"]
    assert [each["name"] for each in listed] == ["api", "web"]
    assert listed[1] == body_of(simulation, path)
    other = path.removesuffix("/images/web") + "x/images"
    assert error_of(simulation.raw("GET", other))[0] == 404


@pytest.mark.parametrize("definition", KEYS)
def test_a_gallery_of_every_kind_from_the_model_to_the_instance(definition: str) -> None:
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
def test_traits_of_a_version_decide_whether_it_is_deployable_or_latest(
    definition: str, traits: str, exact: tuple[int, str], latest: str
) -> None:
    entry = f"{{ID, versions: [2.0.0], {traits}}}"
    assert patched(of_gallery(definition, entry), definition, "2.0.0") == exact
    simulation = of_gallery(definition, entry)
    assert patched(simulation, definition, None) == (200, "")
    simulation.upgrade("0")
    simulation.clock.sleep(150)
    assert simulation.instance("0").image_version.lower() == f"{definition}/versions/{latest}".lower()


def test_a_version_becomes_replicated() -> None:
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


def test_a_gallery_lists_its_versions_with_their_traits() -> None:
    special = "exclude_from_latest: true, end_of_life: '2026-01-31T00:00:00+00:00', target_regions: [North Europe]"
    simulation = of_gallery(OWN, f"{{ID, versions: [1.10.0, 1.9.0], {special}}}")
    listed = body_of(simulation, f"{OWN}/versions")["value"]
    assert [each["name"] for each in listed] == ["1.0.0", "1.9.0", "1.10.0"]
    profiles = [each["properties"]["publishingProfile"] for each in listed]
    assert [each["excludeFromLatest"] for each in profiles] == [False, True, True]
    assert [each["targetRegions"][0]["name"] for each in profiles] == ["West Europe", "North Europe", "North Europe"]
    assert [each.get("endOfLifeDate") for each in profiles] == [None, *2 * ["2026-01-31T00:00:00+00:00"]]
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
def test_a_shared_gallery_lists_only_versions_of_the_region(definition: str) -> None:
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
    """Return the path at which a definition is read."""
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
    """Every version exists that the model or an instance names."""
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
