"""Texts that the real Azure writes, or could write, and the action does not read, each with its evidence.

Every row is expected to fail; a row that passes has been fixed, and moves to `reading_alterations.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reading import Answers
from reading_alterations import Alteration
from reading_scale_sets import NEIGHBOURS, SCALE_SETS


@dataclass(frozen=True, slots=True)
class Gap:
    """An altered answer, the test of its reading, and the evidence for it."""

    alteration: Alteration
    is_right: Callable[[Any], bool]
    why: str

    def __str__(self) -> str:
        return str(self.alteration)

    def is_fixed(self, answers: Answers) -> bool:
        """Return True if the action reads the fact correctly from these answers."""
        facts = self.alteration.kind.read(answers)
        return all(self.is_right(value) for fact, value in facts.items() if self.alteration.is_about(fact))


GAPS = [
    Gap(
        Alteration(SCALE_SETS, "body/properties/upgradePolicy/automaticOSUpgrade", True, "automatic OS upgrade"),
        lambda found: found is True,
        "api 2017-12-01 shows automatic OS upgrade as this flag; it is false wherever it is recorded",
    ),
    Gap(
        Alteration(NEIGHBOURS, "body/sku/name", "Standard_E64s_v5", "is the same model"),
        lambda found: found is False,
        "instances get the model's size, too, but the fingerprint is of the virtual machine profile alone",
    ),
]
