"""Platform images and managed images: deprecation, plans, and what they boot on."""

import json

import pytest
from simulated import Simulation, body_of, error_of, image_patch

from azure_simulator import ScenarioError, parse_scenario

SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111"


OWN = f"{SUBSCRIPTION}/resourceGroups/images/providers/Microsoft.Compute/galleries/golden/images/web"


PLATFORM = "{publisher: p, offer: o, sku: s, versions: [1.0.0]"


def deprecated(on: str = "1.0.0") -> Simulation:
    state = "state: Deprecated, deprecation_date: '2025-12-01T00:00:00+00:00'"
    entry = f"{{publisher: p, offer: o, sku: s, versions: [2.0.0], {state}}}"
    image = f"{{publisher: p, offer: o, sku: s, version: {on}}}"
    return Simulation(
        f"description: x\nfleet: {{update_domains: [1, 1], image: {image}}}\nimages: [{PLATFORM}}}, {entry}]"
    )


def test_a_deprecated_version_is_shown_and_not_deployed() -> None:
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


def test_a_set_on_a_deprecated_version_takes_updates_and_no_new_instances() -> None:
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
    plan = {"name": "n", "publisher": "p", "product": "o"}
    assert body_of(simulation, path)["properties"]["plan"] == plan
    assert simulation.set_json()["plan"] == plan
    assert body_of(simulation, f"{simulation.set_path}/virtualMachines/0")["plan"] == plan


def test_a_managed_image_shows_its_generation_and_system() -> None:
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
