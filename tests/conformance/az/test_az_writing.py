"""az makes its changes, and returns when they are made: after each command the true state is compared."""

from collections.abc import Callable
from typing import Any

import pytest

from conformance.az.az_cli import Az
from conformance.az.shown import flat, instance_shown, truth_shown

OLD, NEW = "22.04.202610010", "22.04.202611010"
UPDATE = f"vmss update {{of_set}} --set virtualMachineProfile.storageProfile.imageReference.version={NEW}"
ALL = {"0", "1", "3", "4", "5", "6"}
# in the scenario `calm`
SECONDS_OF_AN_UPGRADE = 20


def test_update_changes_the_model_and_no_instance(az: Az) -> None:
    before = az.read()
    shown = az.output(UPDATE)
    after = az.read()
    assert flat(shown) == flat(after)
    assert shown["provisioningState"] == "Succeeded"
    profile_before, profile_after = (each["properties"]["virtualMachineProfile"] for each in (before, after))
    assert before.pop("etag") != after.pop("etag")
    assert profile_before.pop("timeCreated") != profile_after.pop("timeCreated")
    profile_before["storageProfile"]["imageReference"]["version"] = NEW
    assert after == before
    assert listed(az) == dict.fromkeys(ALL, (OLD, False))


@pytest.mark.parametrize(
    ("named", "upgraded"),
    [("0 1", {"0", "1"}), ("6", {"6"}), ("'*'", ALL)],
    ids=["two", "one", "all"],
)
def test_update_instances_brings_the_named_to_the_model(az: Az, named: str, upgraded: set[str]) -> None:
    az.output(UPDATE)
    before = az.instances()
    assert az.output(f"vmss update-instances {{of_set}} --instance-ids {named}") is None
    state = az.simulator.state()
    (upgrade,) = state["upgrades"]
    assert state["requests"][-1]["at"] >= upgrade["started_at"] + SECONDS_OF_AN_UPGRADE
    assert listed(az) == {name: (NEW, True) if name in upgraded else (OLD, False) for name in ALL}
    after = az.settled(lambda instances: all(each["healthy"] for each in instances.values()))
    assert {name for name in ALL if after[name]["upgrades"] == 1} == upgraded
    assert without(after, upgraded) == without(before, upgraded)


def test_no_wait_comes_back_before_the_end(beside: Callable[[str], Az]) -> None:
    az = beside("unlucky")
    assert az.output("vmss update-instances {of_set} --instance-ids 0 --no-wait") is None
    assert az.instances()["0"]["provisioning_state"] == "Updating"


@pytest.mark.parametrize("capacity", [9, 7])
def test_scale_out_adds_instances_of_the_model(az: Az, capacity: int) -> None:
    az.output(UPDATE)
    before = az.instances()
    shown = az.output(f"vmss scale {{of_set}} --new-capacity {capacity}")
    assert (shown["sku"]["capacity"], shown["provisioningState"]) == (capacity, "Succeeded")
    assert flat(shown) == flat(az.read())
    # Azure creates more than that, and deletes the surplus again.
    after = az.settled(lambda found: len(found) == capacity)
    assert without(after, after.keys() - ALL) == before
    assert {each["provisioning_state"] for each in after.values()} == {"Succeeded"}
    assert listed(az) == {name: (OLD, False) if name in ALL else (NEW, True) for name in after}


@pytest.mark.parametrize("capacity", [4, 1])
def test_scale_in_takes_instances_away(az: Az, capacity: int) -> None:
    before = az.instances()
    shown = az.output(f"vmss scale {{of_set}} --new-capacity {capacity}")
    assert (shown["sku"]["capacity"], shown["provisioningState"]) == (capacity, "Succeeded")
    after = az.instances()
    assert len(after) == capacity
    assert after == {name: before[name] for name in after}


@pytest.mark.parametrize(("named", "gone"), [("4", {"4"}), ("1 6", {"1", "6"})], ids=["one", "two"])
def test_delete_instances_takes_the_named_away(az: Az, named: str, gone: set[str]) -> None:
    before = az.instances()
    assert az.output(f"vmss delete-instances {{of_set}} --instance-ids {named}") is None
    assert az.instances() == without(before, gone)
    assert listed(az).keys() == ALL - gone
    assert az.output("vmss show {of_set}")["sku"]["capacity"] == len(ALL) - len(gone)


@pytest.mark.parametrize(
    ("named", "deallocated"),
    [("--instance-ids 0", {"0"}), ("--instance-ids 0 6", {"0", "6"}), ("", ALL)],
    ids=["one", "two", "all"],
)
def test_deallocate(az: Az, named: str, deallocated: set[str]) -> None:
    before = az.instances()
    assert az.output(f"vmss deallocate {{of_set}} {named}") is None
    after = az.instances()
    assert {name for name in ALL if after[name]["power_state"] == "deallocated"} == deallocated
    assert without(after, deallocated) == without(before, deallocated)
    assert listed(az) == dict.fromkeys(ALL, (OLD, True))
    assert az.output("vmss show {of_set}")["sku"]["capacity"] == len(ALL)


@pytest.mark.parametrize(
    ("named", "still_deallocated"),
    [("--instance-ids 3", {"4"}), ("--instance-ids 1 4", {"3"}), ("--instance-ids 3 4", set()), ("", set())],
    ids=["one", "one-that-runs", "two", "all"],
)
def test_start(beside: Callable[[str], Az], named: str, still_deallocated: set[str]) -> None:
    az = beside("parked")
    assert az.output(f"vmss start {{of_set}} {named}") is None
    after = az.instances()
    power = {name: "deallocated" if name in still_deallocated else "running" for name in after}
    assert {name: each["power_state"] for name, each in after.items()} == power
    started = az.settled(lambda found: all(found[name]["available"] for name in found.keys() - still_deallocated))
    assert {each["image_version"] for each in started.values()} == {OLD}
    assert listed(az).keys() == power.keys()


def listed(az: Az) -> dict[str, tuple[str, bool]]:
    """Return every instance's image version and latestModelApplied as az lists them, after comparing all with the true
    state.
    """
    shown = [instance_shown(each) for each in az.output("vmss list-instances {of_set} --expand instanceView")]
    instances = az.instances()
    assert {each["instance_id"] for each in shown} == instances.keys()
    # Health comes by itself after an upgrade or a start, possibly between the two looks.
    for each in shown:
        each.pop("healthy")
        assert each == truth_shown(instances[each["instance_id"]], each)
    return {each["instance_id"]: (each["image_version"], each["latest_model_applied"]) for each in shown}


def without(instances: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: each for name, each in instances.items() if name not in names}
