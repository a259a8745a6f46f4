"""az shows the true state of a set, and knows every word of the simulator's JSON."""

from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from conformance.az.az_cli import Az
from conformance.az.shown import flat, instance_shown, truth_shown, view_shown
from conformance.az.signed_in import az_beside


@pytest.fixture(scope="module", params=["mixed", "zonal", "two-pages"])
def az(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Az]:
    """Return one az for each scenario, since no test here changes anything."""
    with az_beside(request.param, tmp_path_factory.mktemp(request.param)) as running:
        yield running


def test_the_set_is_shown(az: Az) -> None:
    shown = az.output("vmss show {of_set}")
    assert flat(shown) == flat(az.read())
    assert shown["sku"]["capacity"] == len(az.instances())
    assert shown["provisioningState"] == "Succeeded"


@pytest.mark.parametrize("command", ["vmss list --resource-group {resource_group}", "vmss list"])
def test_the_set_is_listed(az: Az, command: str) -> None:
    assert flat(az.output(command)) == [flat(az.read())]


def test_every_instance_is_listed(az: Az) -> None:
    listed = az.output("vmss list-instances {of_set} --expand instanceView")
    assert flat(listed) == flat(az.read("/virtualMachines?$expand=instanceView")["value"])
    listed_states = {each["instance_id"]: each for each in map(instance_shown, listed)}
    instances = az.instances()
    assert len(listed) == len(instances)
    assert listed_states == {name: truth_shown(instances[name], listed_states[name]) for name in instances}


def test_the_view_of_the_set_counts_instances(az: Az) -> None:
    view = az.output("vmss get-instance-view {of_set}")
    counts = Counter(f"ProvisioningState/{each['provisioning_state'].lower()}" for each in az.instances().values())
    assert {each["code"]: each["count"] for each in view["virtualMachine"]["statusesSummary"]} == counts
    assert flat(view) == flat(az.read("/instanceView"))


@pytest.mark.parametrize("instance_id", ["0", "1"])
def test_the_view_of_an_instance(az: Az, instance_id: str) -> None:
    view = az.output(f"vmss get-instance-view {{of_set}} --instance-id {instance_id}")
    assert flat(view) == flat(az.read(f"/virtualMachines/{instance_id}/instanceView"))
    listed_states = view_shown(view)
    assert listed_states == truth_shown(az.instances()[instance_id], listed_states)


def test_the_views_of_all_instances(az: Az) -> None:
    views = az.output("vmss get-instance-view {of_set} --instance-id '*'")
    listed = az.read("/virtualMachines?$expand=instanceView")["value"]
    assert flat(views) == [flat(each["properties"]["instanceView"]) for each in listed]


def test_the_latest_rolling_upgrade(beside: Callable[[str], Az]) -> None:
    az = beside("two-pages")
    latest = az.output("vmss rolling-upgrade get-latest {of_set}")
    assert latest["runningStatus"]["code"] == "RollingForward"
    assert flat(latest) == flat(az.read("/rollingUpgrades/latest"))


def test_several_sets_are_listed_and_kept_apart(beside: Callable[[str], Az]) -> None:
    az = beside("several")
    assert [each["name"] for each in az.output("vmss list")] == ["first", "second", "flex"]
    assert [each["name"] for each in az.output("vmss list --resource-group north")] == ["second", "flex"]
    assert az.output("vmss show --resource-group north --name second --query tags.role") == "api"
    machines = az.output("vm list --resource-group north --query '[].name'")
    assert machines == ["flex_00000000", "flex_00000001"]
