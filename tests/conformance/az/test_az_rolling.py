"""az follows a rolling upgrade of a set in mode Rolling: it starts, shows and cancels one, also one of the action's."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conformance.az.az_cli import Az, Refusal
from conformance.az.shown import flat
from e2e.runner import Runner

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


@contextmanager
def the_action(az: Az, folder: Path) -> Iterator[Runner]:
    """Let the action roll the set of az, until an instance is being upgraded."""
    runner = Runner(folder / "job", az.simulator, "process", "")
    try:
        runner.start({"image-version": NEW, "health-timeout": "5s", "strategy": "native"})
        runner.wait_for(lambda: "upgrading instance" in runner.log_file.read_text())
        yield runner
    finally:
        runner.close()


def test_az_cancels_what_the_action_rolls(beside: Callable[[str], Az], tmp_path: Path) -> None:
    az = beside("rolls-slowly")
    with the_action(az, tmp_path) as runner:
        latest = az.output(LATEST)
        assert flat(latest) == flat(az.read("/rollingUpgrades/latest"))
        assert (latest["runningStatus"]["code"], latest["progress"]["inProgressInstanceCount"]) == ("RollingForward", 2)
        assert f"maxBatchInstancePercent {latest['policy']['maxBatchInstancePercent']}" in runner.log_file.read_text()
        assert az.refusal("vmss update {of_set} --set tags.owner=web").code == "OperationNotAllowed"
        assert az.output(CANCEL) is None
        ended = runner.run_to_its_end()
    assert (ended.exit_code, ended.outputs["outcome"]) == (1, "halted"), ended.log
    assert "Azure's rolling upgrade was cancelled, and not by this run." in ended.outputs["reason"]
    assert ended.outputs["remaining"]


def test_az_shows_that_a_cancelled_job_has_cancelled(beside: Callable[[str], Az], tmp_path: Path) -> None:
    az = beside("rolls-slowly")
    with the_action(az, tmp_path) as runner:
        cancelled = runner.cancel()
    assert (cancelled.last_signal, cancelled.result.outputs["outcome"]) == (signal.SIGINT, "interrupted")
    latest = az.output(LATEST)
    assert (latest["runningStatus"]["code"], latest["runningStatus"]["lastAction"]) == ("Cancelled", "Cancel")
    assert az.refusal(CANCEL) == NOTHING_TO_CANCEL
