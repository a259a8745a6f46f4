"""One case: everything that determines a simulated run, as data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import yaml

from azure_simulator import Scenario, read_scenario
from sweeps.seeds.lies import passes


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
        """The action's inputs."""
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

    def changed(self, **parts: Any) -> Case:
        """Return the case with other parts of the document; None removes a part."""
        document = {key: value for key, value in {**self.document, **parts}.items() if value is not None}
        return replace(self, document=document)

    def as_yaml(self) -> str:
        """Return a scenario file to save and play."""
        cancel = f"# The job is cancelled at {self.cancel_at} s.\n" if self.cancel_at is not None else ""
        head = f"# Seed {self.seed}; the simulator's durations are drawn by the same number.\n"
        return head + cancel + yaml.safe_dump(self.document, sort_keys=False, width=110)
