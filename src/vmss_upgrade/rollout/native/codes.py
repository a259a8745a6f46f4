"""Azure's codes of a rolling upgrade, and what each becomes. docs/strategies.md has this table (a test compares).

Sources: "Configure rolling upgrades" and "Automatic OS image upgrades" on Virtual Machine Scale Sets; reported:
hashicorp/terraform-provider-azurerm#15196, Azure/azure-powershell#11896, MicrosoftDocs/azure-docs#113861.
"""

from __future__ import annotations

from typing import Final

# the code, in lower case -> what it means, what to do
_MEANINGS: Final[dict[str, tuple[str, str]]] = {
    "maxunhealthyinstancepercentexceededbeforerollingupgrade": (
        "more instances were unhealthy before the first batch than maxUnhealthyInstancePercent allows",
        "The model holds the image, and Azure upgraded none. Repair the unhealthy instances, then run again.",
    ),
    "maxunhealthyinstancepercentexceededinrollingupgrade": (
        "more instances were unhealthy between two batches than maxUnhealthyInstancePercent allows",
        "Look into the unhealthy instances, then run again: Azure goes on with what is behind the model.",
    ),
    "maxunhealthyupgradedinstancepercentexceededinrollingupgrade": (
        "more upgraded instances are unhealthy than maxUnhealthyUpgradedInstancePercent allows",
        "Look into the upgraded instances; `operation: rollback` returns them.",
    ),
    "rollingupgradeinprogresswithfailedupgradedvms": (
        "upgraded instances have failed",
        "Look into the failed instances; `operation: rollback` returns them.",
    ),
    "rollingupgradetimeouterror": (
        "Azure gave up because it took too long",
        "Run again with the same inputs: Azure goes on with what is behind the model.",
    ),
    "rollingupgradebatchstarttimenotwithinscheduledwindows": (
        "the maintenance configuration of the set allows no batch at this time",
        "Run again inside its window.",
    ),
    "rollingupgradecanceled": (
        "it was cancelled",
        "Run again with the same inputs: Azure goes on with what is behind the model.",
    ),
    "internalexecutionerror": (
        "Azure failed by itself",
        "Run again later with the same inputs.",
    ),
}
CANCELLED: Final = "RollingUpgradeCanceled"
OTHER: Final = ("", "Look into what is named here, then run again with the same inputs.")


def meaning_of(code: str) -> tuple[str, str]:
    """Return what a code means, and what to do; of a code that is not known here only what to do."""
    return _MEANINGS.get(code.lower(), OTHER)


def known_codes() -> tuple[str, ...]:
    """Return the codes that are known here, in lower case."""
    return tuple(_MEANINGS)
