"""One case: everything that determines a simulated run, as data, and the effect of its faults on a run."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import yaml

from azure_simulator import Scenario, read_scenario


@dataclass(frozen=True)
class Case:
    """A drawn run. `document` is a scenario in the form of its YAML, with inputs and faults.

    `cancel_at`: the second of the virtual clock at which the job is cancelled; None: never. The simulator draws its
    durations from `seed`.
    """

    seed: int
    document: dict[str, Any]
    cancel_at: float | None = None

    @cached_property
    def scenario(self) -> Scenario:
        """The scenario as the simulator reads it. Raises ScenarioError if it is invalid."""
        return read_scenario(self.document, f"seed-{self.seed}", f"seed {self.seed}")

    @property
    def inputs(self) -> dict[str, str]:
        return self.document["inputs"]

    @property
    def faults(self) -> list[dict[str, Any]]:
        """The faults, and the actions of others."""
        return self.document.get("faults", [])

    @property
    def _is_undisturbed(self) -> bool:
        return self.cancel_at is None and "access_token_seconds" not in self.document

    @property
    def is_calm(self) -> bool:
        """True if no fault happens and no other actor interferes."""
        return self._is_undisturbed and not self.faults

    @property
    def is_lying(self) -> bool:
        """True if Azure only lies in ways that pass, and nothing else is wrong. The limits are those of a calm case."""
        is_bounded = not self.inputs.keys().isdisjoint(("health-timeout", "batch-timeout", "timeout"))
        return self._is_undisturbed and not is_bounded and bool(self.faults) and all(map(passes, self.faults))

    def lag(self, kind: str) -> float:
        """Return the seconds by which faults of this kind make reads late."""
        return max((each["seconds"] for each in self.faults if each["kind"] == kind), default=0.0)

    def changed(self, **parts: Any) -> "Case":
        """Return the case with other parts of the document; None removes a part."""
        document = {key: value for key, value in {**self.document, **parts}.items() if value is not None}
        return replace(self, document=document)

    def as_yaml(self) -> str:
        """Return a scenario file to save and play."""
        cancel = f"# The job is cancelled at {self.cancel_at} s.\n" if self.cancel_at is not None else ""
        head = f"# Seed {self.seed}; the simulator's durations are drawn by the same number.\n"
        return head + cancel + yaml.safe_dump(self.document, sort_keys=False, width=110)


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
        is_once = fault.get("count", 1) <= (1 if hides_the_signal(fault) else 2)
        return "empty" in fault or (("without" in fault or "missing" in fault) and is_once)
    if kind == "error":
        return fault["error"] in _PASSING_ERRORS
    return kind in _LATE or (kind == "operation" and "told_after" in fault) or _is_beside_the_image(fault)


def stops(fault: Fault) -> bool:
    """Return True if somebody sets the tag that stops upgrades."""
    return fault["kind"] == "model-change" and "vmss-upgrade" in fault["patch"].get("tags", {})


def blames_nothing(fault: Fault) -> bool:
    """Return True if the image causes none of its effects."""
    is_off = fault["kind"] == "stop" and fault.get("power") == "deallocated"
    is_signal = fault["kind"] == "http" and "without" in fault
    return passes(fault) or fault["kind"] in _OTHERS or is_off or is_signal or stops(fault)


def makes_all_unhealthy(fault: Fault) -> bool:
    """Return True if every instance stays unhealthy on the new image, or becomes so soon after it was healthy."""
    is_for_good = "seconds" not in fault or "relapses_after" in fault
    return fault["kind"] == "comes-up-unhealthy" and fault["instance"] == "*" and is_for_good


def hides_the_signal(fault: Fault) -> bool:
    return fault["kind"] == "http" and fault.get("without", [""])[0] in SIGNALS.values()


def all_of(faults: Iterable[Fault], *natures: Any) -> bool:
    """Return True if every fault is of one of these natures."""
    return all(any(nature(fault) for nature in natures) for fault in faults)


def _is_beside_the_image(fault: Fault) -> bool:
    """Return True for somebody's change of the set that does not concern the rollout."""
    if fault["kind"] != "model-change":
        return False
    properties = fault["patch"].get("properties", {})
    if stops(fault):
        return False
    return "upgradePolicy" not in properties and "storageProfile" not in properties.get("virtualMachineProfile", {})
