"""What Azure says that is not so, or not yet, and what others do that is not the image's doing: which is which."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Fault = dict[str, Any]

SIGNALS = {
    "probe": "properties.virtualMachineProfile.networkProfile.healthProbe",
    "extension": "properties.virtualMachineProfile.extensionProfile",
}
FOR_GOOD = 9999  # so many reads in a row
_LATE = ("list-lags", "model-lags", "health-lags")
_PASSING_ERRORS = ("no-registered-provider", "preempted", "another-operation")
_OTHERS = ("evict", "scale-out", "scale-in", "vanish", "appear", "updated-by-somebody", "conflict-window")


def passes(fault: Fault) -> bool:
    """Whether it is a lie that passes: nothing is wrong, and whoever looks again gets to know it."""
    kind = fault["kind"]
    if kind == "http":
        hides_signal = fault.get("without", [""])[0] in SIGNALS.values()
        is_once = fault.get("count", 1) <= 2 and not (hides_signal and fault.get("count", 1) > 1)
        return "empty" in fault or (("without" in fault or "missing" in fault) and is_once)
    if kind == "error":
        return fault["error"] in _PASSING_ERRORS
    return kind in _LATE or (kind == "operation" and "told_after" in fault) or _is_beside_the_image(fault)


def blames_nothing(fault: Fault) -> bool:
    """Whether whatever comes of it is not the image's doing."""
    is_off = fault["kind"] == "stop" and fault.get("power") == "deallocated"
    is_signal = fault["kind"] == "http" and "without" in fault
    return passes(fault) or fault["kind"] in _OTHERS or is_off or is_signal


def makes_all_sick(fault: Fault) -> bool:
    """Whether every instance is unhealthy for good on the new image, or is soon after it was healthy."""
    is_for_good = "seconds" not in fault or "relapses_after" in fault
    return fault["kind"] == "comes-up-unhealthy" and fault["instance"] == "*" and is_for_good


def hides_the_signal(fault: Fault) -> bool:
    """Whether the model is shown without its health signal."""
    return fault["kind"] == "http" and fault.get("without", [""])[0] in SIGNALS.values()


def all_of(faults: Iterable[Fault], *natures: Any) -> bool:
    """Whether every fault is of one of these natures."""
    return all(any(nature(fault) for nature in natures) for fault in faults)


def _is_beside_the_image(fault: Fault) -> bool:
    """Somebody's change of the set that leaves alone what a rollout goes by."""
    if fault["kind"] != "model-change":
        return False
    properties = fault["patch"].get("properties", {})
    return "upgradePolicy" not in properties and "storageProfile" not in properties.get("virtualMachineProfile", {})
