"""What the real Azure writes, or could write, and the action does not read: each with the evidence for it.

Every row is expected to fail; one that passes has been mended, and becomes a row of `reading_alterations.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reading import Answers
from reading_alterations import Alteration
from reading_instances import INSTANCE_VIEWS
from reading_operations import OPERATIONS
from reading_refusals import REFUSALS
from reading_scale_sets import NEIGHBOURS, SCALE_SETS

_MANAGED_FABRIC = {"publisher": "Microsoft.Azure.ServiceFabric.MC", "type": "ServiceFabricMCNode"}
_EXTENSION = "body/properties/virtualMachineProfile/extensionProfile/extensions/*/properties"
_FAILED = [{"code": "ProvisioningState/failed/x", "message": "It failed.", "time": None}]
_ERROR = {"code": "Outer", "message": "See details.", "details": [{"code": "Inner", "message": "The cause."}]}


@dataclass(frozen=True, slots=True)
class Gap:
    """An altered answer, whether what is read of it is right, and why it should be."""

    alteration: Alteration
    is_right: Callable[[Any], bool]
    why: str

    def __str__(self) -> str:
        return str(self.alteration)

    def is_mended(self, answers: Answers) -> bool:
        """Whether the fact, as the action reads it of these answers, is right."""
        facts = self.alteration.kind.read(answers)
        return all(self.is_right(value) for fact, value in facts.items() if self.alteration.is_about(fact))


GAPS = [
    Gap(
        Alteration(SCALE_SETS, _EXTENSION, _MANAGED_FABRIC, "Service Fabric"),
        lambda found: found is True,
        "the node extension of a Service Fabric managed cluster has a type of its own",
    ),
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
    Gap(
        Alteration(REFUSALS, "body/error/target?", "imageReference", "words"),
        lambda found: "imageReference" in found,
        "an error's target says which field is meant, and its message need not",
    ),
    Gap(
        Alteration(REFUSALS, "body/error/details?", [{"message": "The cause."}], "words"),
        lambda found: "cause" in found and "None" not in found,
        "a detail without a code is said as `None: ...`",
    ),
    Gap(
        Alteration(OPERATIONS, "body/error", _ERROR, "message"),
        lambda found: found == "See details. (Inner: The cause.)",
        "a failed operation's message can refer to details, as in MultipleErrorsOccurred; refusals say them",
    ),
    Gap(
        Alteration(INSTANCE_VIEWS, "body/statuses", _FAILED, "time of the problem"),
        lambda found: found == "",
        "a time that is null is read as the word None",
    ),
]
