"""az follows a rolling upgrade of a set in mode Rolling: it starts, shows and cancels one."""

from collections.abc import Callable

import pytest

from conformance.az.az_cli import Az, Refusal
from conformance.az.shown import flat

NEW = "22.04.202611010"
UPDATE = f"vmss update {{of_set}} --set virtualMachineProfile.storageProfile.imageReference.version={NEW}"
LATEST = "vmss rolling-upgrade get-latest {of_set}"
CANCEL = "vmss rolling-upgrade cancel {of_set}"
NOTHING_TO_CANCEL = Refusal(1, "OperationNotAllowed", "There is no ongoing Rolling Upgrade to cancel.")


@pytest.fixture
def rolling(beside: Callable[[str], Az]) -> Az:
    return beside("rolls")


def test_update_returns_when_the_set_has_rolled(rolling: Az) -> None:
    shown = rolling.output(UPDATE)
    latest = rolling.output(LATEST)
    assert (shown["provisioningState"], latest["runningStatus"]["code"]) == ("Succeeded", "Completed")
    assert latest["progress"]["successfulInstanceCount"] == 4
    assert flat(latest) == flat(rolling.read("/rollingUpgrades/latest"))
    assert {each["image_version"] for each in rolling.instances().values()} == {NEW}
    assert rolling.refusal(CANCEL) == NOTHING_TO_CANCEL


def test_cancel_and_a_write_that_starts_again(beside: Callable[[str], Az]) -> None:
    az = beside("rolls-slowly")
    az.output(f"{UPDATE} --no-wait")
    refused = az.refusal("vmss update {of_set} --set tags.owner=web")
    assert refused.code == "OperationNotAllowed"
    assert az.output(CANCEL) is None
    cancelled = az.output(LATEST)
    assert (cancelled["runningStatus"]["code"], cancelled["error"]["code"]) == ("Cancelled", "RollingUpgradeCanceled")
    assert flat(cancelled) == flat(az.read("/rollingUpgrades/latest"))
    # A write that changes nothing starts with what is behind the model.
    az.output("vmss update {of_set} --no-wait")
    again = az.output(LATEST)["runningStatus"]
    assert (again["code"], again["startTime"] > cancelled["runningStatus"]["startTime"]) == ("RollingForward", True)


def test_start_visits_all_instances(beside: Callable[[str], Az]) -> None:
    az = beside("rolls-slowly")
    assert az.output("vmss rolling-upgrade start {of_set} --no-wait") is None
    latest = az.output(LATEST)
    assert (latest["runningStatus"]["code"], latest["progress"]["pendingInstanceCount"]) == ("RollingForward", 2)
    assert {name for name, each in az.instances().items() if each["provisioning_state"] == "Updating"} == {"0"}
