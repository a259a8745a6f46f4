"""The answer of `rollingUpgrades/latest` -> Roll, and a set's `rollingUpgradePolicy` -> RollingPolicy. Pure.

Shape as recorded (uniform_rolling_upgrade_2023; cancelled: azure-sdk-for-net, 2023-03). Every field may be missing.
"""

from __future__ import annotations

from vmss_upgrade.azure_api.translation.json_fields import Json, number_in, object_in, objects_in, text_in
from vmss_upgrade.rollout.native.roll import POLICY_NAMES, BadInstance, Roll, RollCode, RollingPolicy

LONGEST_VALUE = 80  # characters of a setting or a code
LONGEST_MESSAGE = 2000
_CODES = {code.value.lower(): code for code in RollCode}


def to_roll(body: Json) -> Roll:
    """Return the rolling upgrade that an answer shows."""
    properties = object_in(body, "properties")
    status, progress = object_in(properties, "runningStatus"), object_in(properties, "progress")
    error, word = object_in(properties, "error"), text_in(status, "code")[:LONGEST_VALUE]
    return Roll(
        code=_CODES.get(word.lower(), RollCode.OTHER),
        word=word,
        started=text_in(status, "startTime")[:LONGEST_VALUE],
        policy=to_policy(object_in(properties, "policy")),
        successful=number_in(progress, "successfulInstanceCount") or 0,
        failed=number_in(progress, "failedInstanceCount") or 0,
        in_progress=number_in(progress, "inProgressInstanceCount") or 0,
        pending=number_in(progress, "pendingInstanceCount") or 0,
        error_code=text_in(error, "code")[:LONGEST_VALUE],
        error_message=text_in(error, "message")[:LONGEST_MESSAGE],
        bad=tuple(_bad(detail) for detail in objects_in(error, "details") if text_in(detail, "target")),
    )


def to_policy(policy: Json) -> RollingPolicy:
    """Return what a policy shows; flags as JSON writes them."""
    shown = ((name, policy.get(name)) for name in POLICY_NAMES)
    return RollingPolicy(tuple((name, _value(value)) for name, value in shown if isinstance(value, bool | int | str)))


def _value(value: bool | int | str) -> str:
    return str(value).lower() if isinstance(value, bool) else text_in({"value": value}, "value")[:LONGEST_VALUE]


def _bad(detail: Json) -> BadInstance:
    """Return the instance of a detail: its target ends with the id (vmss9038/virtualMachines/0)."""
    target = text_in(detail, "target").rstrip("/").rpartition("/")[2]
    return BadInstance(
        target[:LONGEST_VALUE], text_in(detail, "code")[:LONGEST_VALUE], text_in(detail, "message")[:LONGEST_MESSAGE]
    )
