"""Whole runs on sets that one look already shows: instances to leave alone, warnings, and refusals before any write."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.playing import Played, play
from harness.scenarios import Scenario, fleet_of
from harness.wire import Alter, altered

UNIFORM = fleet_of()
FLEXIBLE = fleet_of([4], fleet={"orchestration": "Flexible"})
MACHINES = "/virtualmachines"


def machines(path: str, body: Any) -> list[dict[str, Any]]:
    """Return the machines in the list of a Flexible set; none for any other answer."""
    return body["value"] if isinstance(body, dict) and path.endswith(MACHINES) else []


def attaching(**attached: Mapping[str, Any]) -> Alter:
    """Attach machines to a set: copies of its first one, under these names, each with its storage profile."""

    def alter(path: str, body: Any) -> Any:
        for name, storage in attached.items() if machines(path, body) else ():
            copied = copy.deepcopy(body["value"][0])
            copied.update(name=name, id=copied["id"].rpartition("/")[0] + f"/{name}", tags={})
            copied["properties"]["storageProfile"] = storage
            body["value"].append(copied)
        return body

    return alter


def disk(os: str) -> dict[str, Any]:
    return {"osType": os, "createOption": "FromImage", "diskSizeGB": 30}


JUMPBOX = {
    "osDisk": disk("Windows"),
    "imageReference": {
        "publisher": "MicrosoftWindowsServer",
        "offer": "WindowsServer",
        "sku": "2022-datacenter",
        "version": "latest",
        "exactVersion": "20348.2113.231109",
    },
}
PET = {
    "osDisk": disk("Linux"),
    "imageReference": {
        "publisher": "Debian",
        "offer": "debian-12",
        "sku": "12-gen2",
        "version": "0.20231013.1532",
        "exactVersion": "0.20231013.1532",
    },
}
RESTORED = {"osDisk": {**disk("Linux"), "createOption": "Attach"}}


def play_altered(scenario: Scenario, folder: Path, *alters: Alter, inputs: Mapping[str, str] | None = None) -> Played:
    return play(scenario, folder, inputs=inputs, interceptors=map(altered, alters))


def upgraded(played: Played) -> list[str]:
    return played.ids("upgraded")


def test_attached_machines_are_left_alone_and_named(tmp_path: Path) -> None:
    played = play_altered(FLEXIBLE, tmp_path, attaching(jumpbox=JUMPBOX, pet=PET, restored=RESTORED))
    assert played.outputs["outcome"] == "succeeded"
    assert len(upgraded(played)) == 4
    assert not {"jumpbox", "pet", "restored"} & {id_ for call in played.upgrade_calls for id_ in call}
    for name in ("jumpbox", "pet", "restored"):
        assert "attached, not made from the model" in played.log
        assert f"({name})" in played.log
    assert "Healthy now: 4 of 4. Never fewer than 3 of 4 healthy" in played.log


@pytest.mark.parametrize("name", ["jumpbox", "restored"])
def test_a_machine_that_cannot_be_upgraded_is_refused_even_if_named(name: str, tmp_path: Path) -> None:
    alter = attaching(jumpbox=JUMPBOX, restored=RESTORED)
    played = play_altered(FLEXIBLE, tmp_path, alter, inputs={"instance-ids": name})
    assert played.outputs["outcome"] == "refused"
    assert played.writes == []
    assert f"`instance-ids` names {name}, which is attached" in played.log


@pytest.mark.parametrize("strips_tags", [False, True], ids=["tagged", "of-before-there-were-tags"])
def test_a_flexible_set_goes_on_to_another_offer(strips_tags: bool, tmp_path: Path) -> None:
    """For most of the rollout its own members run the former line of images; after a killed run, from the start."""

    def alter(path: str, body: Any) -> Any:
        for machine in machines(path, body) if strips_tags else ():
            machine.pop("tags", None)
        return body

    names = ("Canonical", "0001-com-ubuntu-server-jammy", "22_04-lts-gen2"), ("Canonical", "ubuntu-24_04-lts", "server")
    versions = ("22.04.202610010", "24.04.202611010")
    images = [
        {"publisher": publisher, "offer": offer, "sku": sku, "versions": [version]}
        for (publisher, offer, sku), version in zip(names, versions, strict=True)
    ]
    asked_for = {"image-offer": "ubuntu-24_04-lts", "image-sku": "server", "image-version": "24.04.202611010"}
    played = play_altered({**FLEXIBLE, "images": images}, tmp_path, alter, inputs=asked_for)
    assert played.outputs["outcome"] == "succeeded", played.log
    assert len(upgraded(played)) == 4


# -- image and set ---------------------------------------------------------------------------------------------------

GALLERY = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/i/providers/Microsoft.Compute/galleries/g"
FROM_GALLERY = fleet_of(
    inputs={"image-id": f"{GALLERY}/images/new/versions/2.0.0"},
    fleet={"image": {"id": f"{GALLERY}/images/old/versions/1.0.0"}},
    images=[
        {"id": f"{GALLERY}/images/old", "versions": ["1.0.0"]},
        {"id": f"{GALLERY}/images/new", "versions": ["2.0.0"]},
    ],
)


def made_for(definition: dict[str, Any] | None = None, **abilities: str) -> Alter:
    """Change the new image's definition and, if given, the abilities of every VM size."""
    sizes: dict[str, str] = {}

    def alter(path: str, body: Any) -> Any:
        if path.endswith("/images/new"):
            body["properties"].update(definition or {})
        if path.endswith("/virtualmachinescalesets/simulated-set"):
            sizes["name"] = body["sku"]["name"]
            body["properties"]["virtualMachineProfile"]["storageProfile"].pop("diskControllerType", None)
        if path.endswith("/microsoft.compute/skus") and abilities:
            listed = [{"name": name, "value": value} for name, value in abilities.items()]
            return {"value": [{"resourceType": "virtualMachines", "name": sizes["name"], "capabilities": listed}]}
        return body

    return alter


@pytest.mark.parametrize(
    ("alter", "words"),
    [
        pytest.param(made_for({"osState": "Specialized"}), "is specialized", id="specialized"),
        pytest.param(
            made_for({"features": [{"name": "SecurityType", "value": "ConfidentialVM"}]}),
            "ConfidentialVM",
            id="security",
        ),
        pytest.param(
            made_for({"features": [{"name": "DiskControllerTypes", "value": "SCSI"}]}, DiskControllerTypes="NVMe"),
            "has disk controller SCSI, but the VM size",
            id="vm-size",
        ),
    ],
)
def test_an_image_that_does_not_fit_is_refused(alter: Alter, words: str, tmp_path: Path) -> None:
    played = play_altered(FROM_GALLERY, tmp_path, alter)
    assert (played.outputs["outcome"], played.writes) == ("refused", []), played.log
    assert words in played.log


def test_the_list_of_vm_sizes_is_not_read_if_the_images_are_alike(tmp_path: Path) -> None:
    played = play_altered(FROM_GALLERY, tmp_path, made_for())
    assert played.outputs["outcome"] == "succeeded", played.log
    assert not [request for request in played.azure.requests if "skus" in request.path.lower()]


# -- the set and its instances --------------------------------------------------------------------------------------


def features(state: str) -> Alter:
    """Put the registration for every preview feature into this state."""
    return lambda path, body: {"properties": {"state": state}} if "/microsoft.features/" in path else body


def test_a_feature_that_is_not_registered_is_refused_before_the_write(tmp_path: Path) -> None:
    played = play_altered(FLEXIBLE, tmp_path, features("NotRegistered"))
    assert (played.outputs["outcome"], played.writes) == ("refused", [])
    assert "az feature register" in played.log
    assert "--name ImageReferenceUpgradeForVmoVMs" in played.log


def test_features_are_read_only_for_upgrades_of_flexible_sets(tmp_path: Path) -> None:
    assert play_altered(FLEXIBLE, tmp_path, features("Registered")).exit_code == 0
    assert play_altered(UNIFORM, tmp_path, features("NotRegistered")).exit_code == 0
    only_model = play_altered(FLEXIBLE, tmp_path, features("NotRegistered"), inputs={"operation": "update-model"})
    assert only_model.exit_code == 0


def updating(*ids: str) -> Alter:
    """Show these instances as Updating all the time."""

    def alter(path: str, body: Any) -> Any:
        for item in machines(path, body):
            if item.get("instanceId") in ids:
                item["properties"]["provisioningState"] = "Updating"
        return body

    return alter


def test_an_update_that_hangs_is_refused_before_the_write(tmp_path: Path) -> None:
    played = play_altered(UNIFORM, tmp_path, updating("3"), inputs={"health-timeout": "5m"})
    assert (played.outputs["outcome"], played.writes) == ("refused", [])
    assert "Somebody has been updating these since before this run, so that no batch could start: 3." in played.log


def test_a_set_of_azure_devops_is_rolled_with_a_warning(tmp_path: Path) -> None:
    played = play_altered(fleet_of(model={"tags": {"__AzureDevOpsElasticPool": "linux"}}), tmp_path)
    assert played.exit_code == 0
    assert "WARNING: The scale set belongs to Azure DevOps (Azure Pipelines), which creates, reimages" in played.log


def without_profile(path: str, body: Any) -> Any:
    if path.endswith("/virtualmachinescalesets/simulated-set"):
        body["properties"].pop("virtualMachineProfile")
    return body


@pytest.mark.parametrize("inputs", [{}, {"image-id": f"{GALLERY}/images/new/versions/2.0.0", "image-version": ""}])
def test_a_flexible_set_without_a_profile_is_refused(inputs: dict[str, str], tmp_path: Path) -> None:
    played = play_altered(FLEXIBLE, tmp_path, without_profile, inputs=inputs)
    assert (played.outputs["outcome"], played.writes) == ("refused", [])
    assert "has no virtual machine profile" in played.log
    assert "()" not in played.log


def test_the_status_of_a_flexible_set_without_a_profile_says_so(tmp_path: Path) -> None:
    asked = {"operation": "status", "image-version": ""}
    played = play_altered(FLEXIBLE, tmp_path, without_profile, inputs=asked)
    assert (played.exit_code, played.outputs["outcome"], played.writes) == (0, "reported", []), played.log
    assert "It has no model that instances could be made from or compared with." in played.log


def test_one_answer_without_the_profile_does_not_count(tmp_path: Path) -> None:
    odd = iter([True])

    def alter(path: str, body: Any) -> Any:
        is_model = path.endswith("/virtualmachinescalesets/simulated-set")
        return without_profile(path, body) if is_model and next(odd, False) else body

    assert play_altered(FLEXIBLE, tmp_path, alter).outputs["outcome"] == "succeeded"


def test_the_case_of_a_name_does_not_matter(tmp_path: Path) -> None:
    looks = iter(range(1_000_000))

    def alter(path: str, body: Any) -> Any:
        if machines(path, body) and next(looks) % 2:
            for item in body["value"]:
                item.update(name=item["name"].upper(), id=item["id"].upper())
        return body

    played = play_altered(FLEXIBLE, tmp_path, alter)
    assert played.outputs["outcome"] == "succeeded", played.log
    assert len(upgraded(played)) == 4
    assert "vanished" not in played.log


def test_an_attached_machine_that_fails_does_not_hold_the_rollout(tmp_path: Path) -> None:
    """It was healthy when the rollout was planned, and is not part of it."""
    looks = iter(range(1_000_000))

    def failing(path: str, body: Any) -> Any:
        for machine in machines(path, body):
            if machine["name"] == "pet" and next(looks) > 5:
                machine["properties"]["provisioningState"] = "Failed"
        return body

    played = play_altered(FLEXIBLE, tmp_path, failing, attaching(pet=PET))
    assert played.outputs["outcome"] == "succeeded", played.log
    assert "holding" not in played.log
