"""`rollingUpgrades/latest` -> Roll: as recorded, and as nobody would expect it."""

from __future__ import annotations

from typing import Any

import pytest
from azure.mgmt.compute.models import RollingUpgradePolicy, RollingUpgradeStatusCode

from vmss_upgrade.azure_api.translation.rolling_upgrade import to_policy, to_roll
from vmss_upgrade.rollout.native.roll import POLICY_NAMES, BadInstance, Roll, RollCode

CANCELED = "Rolling Upgrade failed as upgrade was canceled while it was in progress."
# recorded 2023-03: cancelled half a second after the start, in a set of two
RECORDED: dict[str, Any] = {
    "type": "Microsoft.Compute/virtualMachineScaleSets/rollingUpgrades",
    "location": "southcentralus",
    "properties": {
        "policy": {"maxBatchInstancePercent": 20, "pauseTimeBetweenBatches": "PT0S", "maxSurge": False},
        "runningStatus": {"code": "Cancelled", "startTime": "2023-03-16T14:10:26-04:00", "lastAction": "Cancel"},
        "progress": {
            "successfulInstanceCount": 0,
            "failedInstanceCount": 1,
            "inProgressInstanceCount": 0,
            "pendingInstanceCount": 1,
        },
        "error": {
            "code": "RollingUpgradeCanceled",
            "message": CANCELED,
            "details": [
                {"code": "RollingUpgradeCanceled", "message": CANCELED, "target": "vmss9038/virtualMachines/0"}
            ],
        },
    },
}


def test_a_recorded_one_is_read() -> None:
    roll = to_roll(RECORDED)
    assert (roll.code, roll.started, roll.failed, roll.pending) == (
        RollCode.CANCELLED,
        "2023-03-16T14:10:26-04:00",
        1,
        1,
    )
    assert roll.bad == (BadInstance("0", "RollingUpgradeCanceled", CANCELED),)
    assert str(roll.policy) == "maxBatchInstancePercent 20, pauseTimeBetweenBatches PT0S, maxSurge false"
    assert not roll.is_running


@pytest.mark.parametrize(
    ("code", "is_running"),
    [("RollingForward", True), ("rollingback", True), ("Odd", True), ("", False), ("Completed", False), (None, False)],
)
def test_an_unknown_code_counts_as_running(code: str | None, is_running: bool) -> None:
    assert to_roll({"properties": {"runningStatus": {"code": code}}}).is_running is is_running


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"properties": None},
        {"properties": []},
        {"properties": {"runningStatus": [], "progress": 3, "policy": "x", "error": {"details": [None, 1, {}]}}},
        {"properties": {"progress": {"failedInstanceCount": "many"}, "error": {"details": [{"target": ["0"]}]}}},
    ],
)
def test_an_unreadable_answer_is_an_empty_roll(body: dict[str, Any]) -> None:
    assert to_roll(body) == Roll(code=RollCode.OTHER)


def test_only_known_settings_are_shown() -> None:
    policy = to_policy(
        {"maxSurge": True, "evil": "x", "maxBatchInstancePercent": {"a": 1}, "pauseTimeBetweenBatches": "P" * 900}
    )
    assert dict(policy.values).keys() == {"maxSurge", "pauseTimeBetweenBatches"}
    assert policy.surges
    assert len(policy.value("pauseTimeBetweenBatches")) == 80


def test_every_state_and_setting_of_the_sdk_is_known() -> None:
    assert {code.value for code in RollCode} - {""} == {code.value for code in RollingUpgradeStatusCode}
    shown = RollingUpgradePolicy(dict.fromkeys(POLICY_NAMES, True))
    settings = [name for name in RollingUpgradePolicy.__annotations__ if not name.startswith("_")]
    assert len(settings) == len(POLICY_NAMES)
    assert all(getattr(shown, name) is not None for name in settings)
