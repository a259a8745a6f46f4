"""Features, VM sizes, permissions, a machine's metadata service, and traits of images, as a scenario describes them."""

import json
from typing import Any

import pytest
import requests
from azure.core.rest import HttpRequest
from simulated import SMALL, Simulation, body_of, error_of

from azure_simulator import ScenarioError, load_scenario, parse_scenario, with_captured_set

TOKEN = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=r"
ONE, TWO = "55555555-5555-5555-5555-555555555555", "66666666-6666-6666-6666-666666666666"


def asked(simulation: Simulation, query: str = "", **headers: str) -> tuple[int, dict[str, Any]]:
    reply = simulation.azure.handle("GET", TOKEN + query, headers or {"Metadata": "true"}, b"")
    return reply.status, json.loads(reply.body)


@pytest.mark.parametrize(
    ("identities", "query", "problem"),
    [
        ([], "", "Identity not found"),
        ([ONE], "", ""),
        ([ONE, TWO], "", "Multiple user assigned identities exist, please specify the clientId"),
        ([ONE, TWO], f"&client_id={TWO}", ""),
        ([ONE], f"&client_id={TWO}", "Identity not found"),
    ],
)
def test_the_identities_of_a_machine(identities: list[str], query: str, problem: str) -> None:
    simulation = Simulation(SMALL + f"identities: {json.dumps(identities)}")
    status, answer = asked(simulation, query)
    assert (status, answer.get("error_description", "")[:30]) == (400 if problem else 200, problem[:30])
    if not problem:
        simulation._token = answer["access_token"]
        assert simulation.raw("GET", simulation.set_path).status == 200


def test_the_metadata_service_requires_its_header_and_exists_only_on_machines_in_azure() -> None:
    simulation = Simulation(SMALL + f"identities: ['{ONE}']")
    assert asked(simulation, Accept="x")[0] == 400
    assert asked(Simulation())[0] == 501


def test_the_metadata_service_is_reached_in_process() -> None:
    simulation = Simulation(SMALL + f"identities: ['{ONE}']")
    transport = simulation.azure.transport()
    reply = transport.send(HttpRequest("GET", TOKEN, headers={"Metadata": "true"}))
    assert isinstance(reply.internal_response, requests.Response)
    assert json.loads(reply.body())["client_id"] == ONE


def feature(simulation: Simulation, name: str) -> Any:
    path = f"/subscriptions/{simulation.at['subscription']}/providers/Microsoft.Features/providers/Microsoft.Compute"
    return simulation.raw("GET", f"{path}/features/{name}?api-version=2021-07-01")


def test_the_subscription_is_listed_for_who_signs_in() -> None:
    simulation = Simulation()
    listed = json.loads(simulation.raw("GET", "/subscriptions?api-version=2022-12-01").body)["value"]
    assert [each["subscriptionId"] for each in listed] == [simulation.at["subscription"]]
    there = f"{simulation.at['resource_manager']}/subscriptions?api-version=2022-12-01"
    assert simulation.azure.handle("GET", there, {}, b"").status == 401


def test_features() -> None:
    name = "ImageReferenceUpgradeForVmoVMs"
    usual = json.loads(feature(Simulation(), name).body)
    assert (usual["name"], usual["properties"]) == (f"Microsoft.Compute/{name}", {"state": "Registered"})
    simulation = Simulation(SMALL + f"features: {{{name}: NotRegistered}}")
    assert json.loads(feature(simulation, name.lower()).body)["properties"] == {"state": "NotRegistered"}
    assert error_of(feature(simulation, "Other")) == (501, "NotSimulated")


def sizes(simulation: Simulation, location: str = "West Europe") -> list[dict[str, Any]]:
    path = f"/subscriptions/{simulation.at['subscription']}/providers/Microsoft.Compute/skus"
    reply = simulation.raw("GET", f"{path}?$filter=location eq '{location}'&api-version=2021-07-01")
    return list(json.loads(reply.body)["value"])


def test_sizes() -> None:
    (usual,) = sizes(Simulation())
    assert (usual["resourceType"], usual["name"], usual["restrictions"]) == ("virtualMachines", "Standard_D2s_v5", [])
    described = "{CpuArchitectureType: Arm64, HyperVGenerations: V2, DiskControllerTypes: 'SCSI,NVMe'}"
    (only,) = sizes(Simulation(SMALL + f"sizes: {{Standard_B2ps_v2: {described}}}"))
    assert {each["name"]: each["value"] for each in only["capabilities"]} == {
        "CpuArchitectureType": "Arm64",
        "HyperVGenerations": "V2",
        "DiskControllerTypes": "SCSI,NVMe",
    }
    assert sizes(Simulation(), "eastus") == []


def test_a_captured_set_knows_only_the_sizes_of_its_scenario(tmp_path: Any) -> None:
    from test_simulated_capture import MODEL, files, instance

    captured = with_captured_set(load_scenario("happy"), *files(tmp_path, MODEL, [instance(0)]))
    assert sizes(Simulation(scenario=captured)) == []


SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111"
GALLERY = f"{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.Compute/galleries/s/images/i"


@pytest.mark.parametrize("kind", ["own", "community"])
def test_the_traits_of_a_gallery_image(kind: str) -> None:
    image, key, path = {
        "own": (GALLERY, "id", GALLERY),
        "community": (
            "/CommunityGalleries/s/Images/i",
            "communityGalleryImageId",
            f"{SUBSCRIPTION}/providers/Microsoft.Compute/locations/westeurope/communityGalleries/s/images/i",
        ),
    }[kind]
    simulation = Simulation(
        f"""
description: x
fleet: {{update_domains: [1], image: {{{key}: {image}/versions/1.0.0}}}}
images:
- id: {image}
  versions: [1.0.0]
  os_state: Specialized
  size_gb: 64
  features: {{SecurityType: TrustedLaunch, DiskControllerTypes: "SCSI, NVMe"}}
  data_disks: [{{lun: 1, sizeInGB: 512}}]
"""
    )
    definition = json.loads(simulation.raw("GET", path).body)["properties"]
    assert definition["osState"] == "Specialized"
    assert definition["features"] == [
        {"name": "SecurityType", "value": "TrustedLaunch"},
        {"name": "DiskControllerTypes", "value": "SCSI, NVMe"},
    ]
    storage = json.loads(simulation.raw("GET", path + "/versions/1.0.0").body)["properties"]["storageProfile"]
    assert 64 in storage["osDiskImage"].values()
    assert storage["dataDiskImages"] == [{"lun": 1, "sizeInGB": 512}]


def test_a_platform_image_shows_its_features() -> None:
    simulation = Simulation(
        "description: x\nfleet: {update_domains: [1], image: {publisher: p, offer: o, sku: s, version: 1.0.0}}\n"
        "images: [{publisher: p, offer: o, sku: s, versions: [1.0.0], features: {SecurityType: TrustedLaunch}}]"
    )
    path = (
        f"/subscriptions/{simulation.at['subscription']}/providers/Microsoft.Compute/locations/westeurope/publishers/p"
        "/artifacttypes/vmimage/offers/o/skus/s/versions/1.0.0"
    )
    features = json.loads(simulation.raw("GET", path).body)["properties"]["features"]
    assert features == [{"name": "SecurityType", "value": "TrustedLaunch"}]


@pytest.mark.parametrize("code", ["RollingForward", "RollingBack", "Cancelled"])
def test_the_latest_rolling_upgrade_says_what_the_scenario_wants(code: str) -> None:
    simulation = Simulation(SMALL + f"rolling_upgrade: {code}")
    latest = json.loads(simulation.raw("GET", f"{simulation.set_path}/rollingUpgrades/latest").body)
    assert latest["properties"]["runningStatus"]["code"] == code


# --- permissions ---


@pytest.mark.parametrize(
    ("yaml", "expected"),
    [
        ("", [(["*"], [])]),
        ("permissions: {actions: [a/read, b/*], not_actions: [b/write]}", [(["a/read", "b/*"], ["b/write"])]),
        ("permissions: [{actions: [a]}, {actions: [b]}]", [(["a"], []), (["b"], [])]),
        ("permissions: []", []),
    ],
)
def test_permissions(yaml: str, expected: list[tuple[list[str], list[str]]]) -> None:
    simulation = Simulation(SMALL + yaml)
    path = f"{simulation.set_path}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01"
    value = body_of(simulation, path)["value"]
    assert [(each["actions"], each["notActions"]) for each in value] == expected
    assert all(each["dataActions"] == each["notDataActions"] == [] for each in value)


def test_permissions_that_may_not_be_read() -> None:
    simulation = Simulation(SMALL + "permissions: refused")
    answer = simulation.raw("GET", f"{simulation.set_path}/providers/Microsoft.Authorization/permissions")
    assert error_of(answer) == (403, "AuthorizationFailed")
    message = json.loads(answer.body)["error"]["message"]
    assert f"'Microsoft.Authorization/permissions/read' over scope '{simulation.set_path}'" in message


def test_permissions_are_strict_about_their_keys() -> None:
    with pytest.raises(ScenarioError, match=r"permissions\.notactions: is not known"):
        parse_scenario(SMALL + "permissions: {actions: [a], notactions: [b]}", "x", "x.yml")
