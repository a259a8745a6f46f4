"""The simulator's answers beside recorded ones: status, names of headers, shape of bodies, names of buckets.

Left out of the comparison: what the service adds and the recorders drop (request ids), and what only older
recordings have (`server`, `-subscription-writes` and the like, which a client has no use for).
"""

import json
import re
from typing import Any

import pytest
from simulated import NEW, SMALL, Simulation, header, image_patch, recorded

from azure_simulator import Reply, load_scenario

IGNORED = {
    "server", "x-ms-request-id", "x-ms-correlation-request-id", "x-ms-ratelimit-remaining-subscription-reads",
    "x-ms-ratelimit-remaining-subscription-writes", "x-ms-ratelimit-remaining-subscription-global-reads",
    "x-ms-ratelimit-remaining-subscription-global-writes",
}  # fmt: skip


def names(headers: dict[str, Any]) -> set[str]:
    return set(headers) - IGNORED


def buckets(value: object) -> set[str]:
    """The names in a rate-limit header. `VmssQueuedVMOperations` is 0 on every newer answer, and left out."""
    found = re.findall(r"Microsoft\.Compute/(\w+);", str(value))
    return {name for name in found if name != "VmssQueuedVMOperations"}


def assert_alike(reply: Reply, there: dict[str, Any]) -> None:
    assert reply.status == there["status"]
    ours = dict(reply.headers)
    assert names(ours) == names(there["headers"])
    limits = "x-ms-ratelimit-remaining-resource"
    assert buckets(ours.get(limits)) == buckets(there["headers"].get(limits))


def shape(value: Any) -> Any:
    """Which keys there are, at every level; of a list, those of its first entry."""
    if isinstance(value, dict):
        return {key: shape(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def differences(ours: Any, theirs: Any, path: str = "") -> list[str]:
    """Where the two shapes differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        found = [f"{path}.{key} only here" for key in ours.keys() - theirs.keys()]
        found += [f"{path}.{key} only recorded" for key in theirs.keys() - ours.keys()]
        for key in ours.keys() & theirs.keys():
            found += differences(ours[key], theirs[key], f"{path}.{key}")
        return found
    if isinstance(ours, list) and isinstance(theirs, list):
        return differences(ours[0], theirs[0], path + "[]") if ours and theirs else []
    return [] if ours == theirs else [f"{path}: {ours} here, {theirs} recorded"]


@pytest.fixture
def plain() -> Simulation:
    return Simulation("description: x\nfleet: {update_domains: [1, 1], health: none}\ntiming: {upgrade_seconds: 10}")


def test_get_set(plain: Simulation) -> None:
    there = recorded("uniform_create_and_modify_2024", 19)
    reply = plain.raw("GET", plain.set_path)
    assert_alike(reply, there)
    assert set(differences(shape(json.loads(reply.body)), shape(there["body"]))) == {
        # Linux here, Windows there; that one has a security profile and a network security group.
        ".properties.virtualMachineProfile.osProfile.linuxConfiguration only here",
        ".properties.virtualMachineProfile.osProfile.windowsConfiguration only recorded",
        ".properties.virtualMachineProfile.securityProfile only recorded",
        ".properties.virtualMachineProfile.networkProfile.networkInterfaceConfigurations[].properties"
        ".networkSecurityGroup only recorded",
    }
    assert (header(reply, "etag"), there["headers"]["etag"]) == ('"2"', '"2"')


def test_one_instance(plain: Simulation) -> None:
    there = recorded("uniform_instances_power_2024", 14)
    reply = plain.raw("GET", f"{plain.set_path}/virtualMachines/0")
    assert set(names(dict(reply.headers))) - {"etag"} == names(there["headers"]) - {"etag"}
    body = json.loads(reply.body)
    assert [each for each in differences(shape(body), shape(there["body"])) if "networkProfile" not in each] == []
    reference = there["body"]["properties"]["storageProfile"]["imageReference"]
    assert set(body["properties"]["storageProfile"]["imageReference"]) == set(reference)


def test_an_instances_view(plain: Simulation) -> None:
    there = recorded("uniform_instances_power_2024", 22)
    reply = plain.raw("GET", f"{plain.set_path}/virtualMachines/0/instanceView")
    assert_alike(reply, there)
    body = json.loads(reply.body)
    assert differences(shape(body), shape(there["body"])) == []
    assert list(body) == list(there["body"])
    assert [s["code"] for s in body["statuses"]] == [s["code"] for s in there["body"]["statuses"]]


def test_the_list_of_instances(plain: Simulation) -> None:
    there = recorded("uniform_create_and_modify_2024", 25)
    reply = plain.raw("GET", f"{plain.set_path}/virtualMachines")
    assert_alike(reply, there)
    assert set(json.loads(reply.body)) == set(there["body"])


def test_the_list_with_select(plain: Simulation) -> None:
    there = recorded("uniform_expand_instanceview_2023", 27)
    reply = plain.raw("GET", f"{plain.set_path}/virtualMachines?$select=instanceView&$expand=instanceView")
    ours, theirs = json.loads(reply.body)["value"][0], there["body"]["value"][0]
    assert (set(ours), set(ours["properties"])) == (set(theirs), set(theirs["properties"]))
    assert ours["properties"]["hardwareProfile"] == theirs["properties"]["hardwareProfile"] == {}


def test_a_page_of_many() -> None:
    there = recorded("instances_paging_nextlink_2018", 21)
    simulation = Simulation(scenario=load_scenario("large"))
    reply = simulation.raw("GET", f"{simulation.set_path}/virtualMachines?$expand=instanceView")
    body = json.loads(reply.body)
    assert header(reply, "x-ms-request-charge") == there["headers"]["x-ms-request-charge"] == "120"
    assert len(body["value"]) == 120
    assert "&$skiptoken=" in body["nextLink"]
    assert "&$skiptoken=" in there["body"]["nextLink"]


def test_the_sets_instance_view(plain: Simulation) -> None:
    there = recorded("uniform_create_and_modify_2024", 30)
    reply = plain.raw("GET", f"{plain.set_path}/instanceView")
    assert_alike(reply, there)
    assert differences(shape(json.loads(reply.body)), shape(there["body"])) == []


def test_an_update_of_the_image_and_its_polls(plain: Simulation) -> None:
    there = recorded("patch_and_manualupgrade_retry_after_2020", 54)
    reply = plain.raw("PATCH", plain.set_path, image_patch(version=NEW))
    # This recording is older than the etag.
    assert names(dict(reply.headers)) - {"etag"} == names(there["headers"])
    for name in ("retry-after", "azure-asyncnotification", "x-ms-request-charge"):
        assert header(reply, name) == there["headers"][name]
    first, second, last = (recorded("patch_and_manualupgrade_retry_after_2020", index) for index in (55, 56, 57))
    url = str(header(reply, "azure-asyncoperation"))
    for poll, wait in ((first, 15), (second, 36), (last, 0)):
        ours = plain.raw("GET", url)
        assert (ours.status, header(ours, "retry-after")) == (200, poll["headers"].get("retry-after"))
        assert set(json.loads(ours.body)) == set(poll["body"])
        assert json.loads(ours.body)["status"] == poll["body"]["status"]
        plain.clock.sleep(wait)


def test_a_put_of_today() -> None:
    there = recorded("uniform_manualupgrade_stale_instances_2024", 23)
    simulation = Simulation()
    reply = simulation.raw("PUT", simulation.set_path, {"location": "westeurope", "tags": {"a": "b"}})
    # Only the recorders of unfiltered headers keep Retry-After.
    assert names(dict(reply.headers)) - {"retry-after"} == names(there["headers"])
    limits = "x-ms-ratelimit-remaining-resource"
    assert buckets(header(reply, limits)) == buckets(there["headers"][limits])
    assert there["body"]["properties"]["provisioningState"] == "Updating"
    simulation.clock.sleep(0.5)
    poll = simulation.raw("GET", str(header(reply, "azure-asyncoperation")))
    assert json.loads(poll.body)["status"] == "Succeeded"
    assert_alike(poll, recorded("uniform_manualupgrade_stale_instances_2024", 24))


def test_a_manual_upgrade_its_polls_and_its_end(plain: Simulation) -> None:
    plain.update_image()
    reply = plain.upgrade("0", "1")
    assert_alike(reply, recorded("uniform_manualupgrade_stale_instances_2024", 27))
    assert reply.body == b""
    assert header(reply, "x-ms-request-charge") == "2"
    there = recorded("uniform_create_and_modify_2024", 26)["headers"]
    for name in ("azure-asyncoperation", "location"):
        ours, theirs = str(header(reply, name)), there[name]
        assert re.findall(r"[?&](\$?\w[\w-]*)=", ours) == re.findall(r"[?&](\$?\w[\w-]*)=", theirs)
        assert "/providers/Microsoft.Compute/locations/westeurope/operations/" in ours
    running = plain.raw("GET", str(header(reply, "azure-asyncoperation")))
    assert_alike(running, recorded("uniform_create_and_modify_2024", 27))
    assert set(json.loads(running.body)) == {"startTime", "status", "name"}
    plain.clock.sleep(30)
    ended = plain.raw("GET", str(header(reply, "azure-asyncoperation")))
    assert list(json.loads(ended.body)) == list(recorded("uniform_create_and_modify_2024", 28)["body"])
    monitor = plain.raw("GET", str(header(reply, "location")))
    assert_alike(monitor, recorded("uniform_create_and_modify_2024", 29))
    assert monitor.body == b""


def test_the_etag_over_a_manual_upgrade(plain: Simulation) -> None:
    """Recorded as 4 before and 6 after: uniform_manualupgrade_stale_instances_2024, 25 and 31."""
    before, after = (
        recorded("uniform_manualupgrade_stale_instances_2024", index)["body"]["etag"] for index in (25, 31)
    )
    moved = int(after.strip('"')) - int(before.strip('"'))
    plain.update_image()
    first = int(plain.set_json()["etag"].strip('"'))
    plain.upgrade("*")
    plain.clock.sleep(60)
    assert int(plain.set_json()["etag"].strip('"')) - first == moved == 2


@pytest.mark.parametrize(
    ("recording", "index", "path"),
    [
        ("create_extension_delete_retry_after_2024", 18, "other"),
        ("uniform_eviction_errors_2024", 47, "set/virtualMachines/77/instanceView"),
        ("uniform_manualupgrade_conflict_409_2023", 148, "conflict"),
    ],
)
def test_errors(recording: str, index: int, path: str) -> None:
    there = recorded(recording, index)
    simulation = Simulation(SMALL + "faults: [{kind: conflict-window, seconds: 45}]")
    if path == "conflict":
        simulation.raw("PATCH", simulation.set_path, image_patch(version=NEW))
        simulation.clock.sleep(60)
        reply = simulation.upgrade("*")
    elif path == "other":
        reply = simulation.raw("GET", simulation.set_path.replace("simulated-set", "other"))
    else:
        reply = simulation.raw("GET", simulation.set_path + path.removeprefix("set"))
    assert reply.status == there["status"]
    # `date` is missing from one of the recorders too.
    assert names(dict(reply.headers)) - {"date"} == names(there["headers"]) - {"date"}
    ours, theirs = json.loads(reply.body)["error"], there["body"]["error"]
    for name in ("simulated-group", "other", "asotest-rg-isodfv", "asotest-vmss-idossk"):
        ours["message"], theirs["message"] = (text.replace(name, "_") for text in (ours["message"], theirs["message"]))
    assert ours == theirs


def test_a_failed_operation() -> None:
    theirs = recorded("rolling_upgrade_failed_operation_2018", 40)["body"]
    simulation = Simulation(SMALL + "faults: [{kind: provisioning-failure, instance: '0', code: A, message: b}]")
    simulation.update_image()
    reply = simulation.upgrade("0")
    simulation.clock.sleep(100)
    ours = json.loads(simulation.raw("GET", str(header(reply, "azure-asyncoperation"))).body)
    assert (set(ours), set(ours["error"])) == (set(theirs), set(theirs["error"]))


def test_platform_versions_and_a_missing_publisher(plain: Simulation) -> None:
    base = f"/subscriptions/{plain.at['subscription']}/providers/Microsoft.Compute/locations/westeurope/publishers/"
    versions = "/artifacttypes/vmimage/offers/0001-com-ubuntu-server-jammy/skus/22_04-lts-gen2/versions"
    there = recorded("uniform_create_and_modify_2024", 2)
    reply = plain.raw("GET", f"{base}Canonical{versions}?$top=1&$orderby=name%20desc")
    assert_alike(reply, there)
    assert differences(shape(json.loads(reply.body)), shape(there["body"])) == []
    one = plain.raw("GET", f"{base}Canonical{versions}/{NEW}")
    there = recorded("uniform_create_and_modify_2024", 3)
    assert_alike(one, there)
    assert differences(shape(json.loads(one.body)), shape(there["body"])) == [".properties.replicaCount only recorded"]
    missing = plain.raw("GET", f"{base}crptestps460{versions}")
    there = recorded("platform_images_list_and_404_2018", 345)
    assert (missing.status, json.loads(missing.body)) == (there["status"], there["body"])


def test_a_gallery_version() -> None:
    there = recorded("gallery_image_version_get_2024", 53)
    gallery = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/g/providers/Microsoft.Compute"
    gallery += "/galleries/golden/images/web"
    simulation = Simulation(
        f'description: x\nfleet: {{update_domains: [1, 1], image: {{id: "{gallery}"}}}}\n'
        f'images: [{{id: "{gallery}", versions: ["1.1.2"]}}]'
    )
    reply = simulation.raw("GET", f"{gallery}/versions/1.1.2")
    assert_alike(reply, there)
    assert set(differences(shape(json.loads(reply.body)), shape(there["body"]))) == {
        ".properties.storageProfile.source only recorded",
        ".properties.storageProfile.dataDiskImages only recorded",
    }


def test_a_rolling_upgrade_under_way() -> None:
    there = recorded("rolling_upgrade_start_cancel_2020", 52)
    simulation = Simulation(SMALL + "rolling_upgrade: RollingForward")
    body = json.loads(simulation.raw("GET", f"{simulation.set_path}/rollingUpgrades/latest").body)
    assert differences(shape(body), shape(there["body"])) == []
    assert body["properties"]["progress"] == there["body"]["properties"]["progress"]


def test_a_flexible_sets_list() -> None:
    there = recorded("flexible_instances_list_and_deallocate_2024", 37)
    simulation = Simulation(SMALL + "model: {properties: {orchestrationMode: Flexible}}")
    body = json.loads(simulation.raw("GET", f"{simulation.set_path}/virtualMachines").body)
    assert differences(shape(body), shape(there["body"])) == []
