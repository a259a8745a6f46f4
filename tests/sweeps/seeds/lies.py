"""Sorts the lies of Azure, and the actions of others, by their effect on a run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Fault = dict[str, Any]

SIGNALS = {
    "probe": "properties.virtualMachineProfile.networkProfile.healthProbe",
    "extension": "properties.virtualMachineProfile.extensionProfile",
}
FOR_GOOD = 9999  # number of reads in a row
_LATE = ("list-lags", "model-lags", "health-lags")
_PASSING_ERRORS = ("no-registered-provider", "preempted", "another-operation")
_OTHERS = ("evict", "scale-out", "scale-in", "vanish", "appear", "updated-by-somebody", "conflict-window")


def passes(fault: Fault) -> bool:
    """Return True for a lie that passes: nothing is wrong, and another look shows the truth."""
    kind = fault["kind"]
    if kind == "http":
        hides_signal = fault.get("without", [""])[0] in SIGNALS.values()
        is_once = fault.get("count", 1) <= 2 and not (hides_signal and fault.get("count", 1) > 1)
        return "empty" in fault or (("without" in fault or "missing" in fault) and is_once)
    if kind == "error":
        return fault["error"] in _PASSING_ERRORS
    return kind in _LATE or (kind == "operation" and "told_after" in fault) or _is_beside_the_image(fault)


def blames_nothing(fault: Fault) -> bool:
    """Return True if the image causes none of its effects."""
    is_off = fault["kind"] == "stop" and fault.get("power") == "deallocated"
    is_signal = fault["kind"] == "http" and "without" in fault
    return passes(fault) or fault["kind"] in _OTHERS or is_off or is_signal


def makes_all_unhealthy(fault: Fault) -> bool:
    """Return True if every instance stays unhealthy on the new image, or becomes so soon after it was healthy."""
    is_for_good = "seconds" not in fault or "relapses_after" in fault
    return fault["kind"] == "comes-up-unhealthy" and fault["instance"] == "*" and is_for_good


def hides_the_signal(fault: Fault) -> bool:
    """Return True if the model is shown without its health signal."""
    return fault["kind"] == "http" and fault.get("without", [""])[0] in SIGNALS.values()


def all_of(faults: Iterable[Fault], *natures: Any) -> bool:
    """Return True if every fault is of one of these natures."""
    return all(any(nature(fault) for nature in natures) for fault in faults)


def _is_beside_the_image(fault: Fault) -> bool:
    """Return True for somebody's change of the set that does not concern the rollout."""
    if fault["kind"] != "model-change":
        return False
    properties = fault["patch"].get("properties", {})
    return "upgradePolicy" not in properties and "storageProfile" not in properties.get("virtualMachineProfile", {})
