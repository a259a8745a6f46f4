"""A rolling upgrade as Azure writes it (`rollingUpgrades/latest`): it has neither an id nor a name."""

from collections import Counter
from typing import Any

from azure_simulator.state.rolling_upgrades import RollingUpgrade
from azure_simulator.wire.set_defaults import policy_shown

_CANCELLED = {
    "code": "RollingUpgradeCanceled",
    "message": "Rolling Upgrade failed as upgrade was canceled while it was in progress.",
}


def rolling_upgrade_body(rolling: RollingUpgrade, location: str, now: float, api_version: str) -> dict[str, Any]:
    """Return the policy, the status and the progress of a rolling upgrade, and what went wrong.

    That a failure has the recorded form of a cancellation is a choice: no Faulted one is recorded. RollingBack is a
    code of 2026-04-01; earlier versions show such an upgrade as it was before.
    """
    cancelled = rolling.cancelled_at is not None
    acted_at = rolling.started_at if rolling.cancelled_at is None else rolling.cancelled_at
    properties: dict[str, Any] = {
        "policy": policy_shown(rolling.policy, api_version),
        "runningStatus": {
            "code": _code(rolling.state(now), api_version),
            "startTime": rolling.calendar.timestamp(rolling.started_at),
            "lastAction": "Cancel" if cancelled else "Start",
            "lastActionTime": rolling.calendar.timestamp(acted_at),
        },
        "progress": _progress(rolling, now),
    }
    if rolling.failure is not None and rolling.state(now) != "RollingForward":
        code, message = rolling.failure
        properties["error"] = {"code": code, "message": message, "details": [*rolling.failed_instances()]}
    details = [
        {**_CANCELLED, "target": f"{rolling.set_name}/virtualMachines/{turn.instance.instance_id}"}
        for turn in rolling.turns
        if rolling.is_cut_short(turn)
    ]
    if details:
        properties["error"] = {**_CANCELLED, "details": details}
    return {
        "type": "Microsoft.Compute/virtualMachineScaleSets/rollingUpgrades",
        "location": location,
        "properties": properties,
    }


def _code(state: str, api_version: str) -> str:
    return "RollingForward" if state == "RollingBack" and api_version < "2026-04-01" else state


def _progress(rolling: RollingUpgrade, now: float) -> dict[str, int]:
    until = now if rolling.cancelled_at is None else rolling.cancelled_at
    states = Counter(rolling.state_of(turn, until) for turn in rolling.turns)
    return {f"{state}InstanceCount": states[state] for state in ("successful", "failed", "inProgress", "pending")}
