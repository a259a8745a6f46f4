"""The known deviations of the real Azure, or of a client whose requests it accepted, from the descriptions.

Each row is proven by the traffic that its table covers (`test_schema.py` looks for it), or names its report.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from schema_judge import Finding


@dataclass(frozen=True, slots=True)
class Deviation:
    """A broken rule in a place. `about` begins with the operation; `what` may narrow it to a text.

    `reported` is a text about it in the data's README; without it a recording shows the deviation.
    """

    about: str
    rule: str
    where: str
    reason: str
    what: str = ""
    reported: str = ""

    def __str__(self) -> str:
        return f"{self.about}: {self.rule} {self.where}"

    def excuses(self, finding: Finding) -> bool:
        problem = finding.problem
        return (
            finding.about.startswith(self.about)
            and problem.rule == self.rule
            and problem.where == self.where
            and self.what in problem.what
        )


_IMAGE = "VirtualMachineImages_Get 200"
_INSTANCE = "VirtualMachineScaleSetVMs_"
_STUB = "VirtualMachineScaleSetVMs_List(stub) 200"
_SELECTED = "VirtualMachineScaleSetVMs_List($select) 200"
_SPOT = "instances of a set that is or may be Spot show it; in the description only the set's model does"

# Deviations in today's Azure, which the simulator may therefore repeat.
OF_AZURE = (
    Deviation(_IMAGE, "unknown", "properties.osDiskImage.sizeInGb", "the description has sizeInGb nowhere"),
    Deviation(_IMAGE, "unknown", "properties.osDiskImage.sizeInBytes", "as sizeInGb"),
    Deviation(_IMAGE, "unknown", "properties.replicaType", "in every answer since 2020"),
    Deviation(_IMAGE, "unknown", "properties.replicaCount", "in the answer for a Managed replica"),
    Deviation(_INSTANCE, "unknown", "properties.billingProfile", _SPOT),
    Deviation(_INSTANCE, "unknown", "properties.evictionPolicy", _SPOT),
    Deviation(_INSTANCE, "unknown", "properties.priority", _SPOT),
    Deviation(_STUB, "type", "zones[]", "a stub of a Flexible set has zones [null]", what="None is not"),
    Deviation(_SELECTED, "required", "location", "an instance of which a part was asked for is only this part"),
    Deviation(_SELECTED, "required", "name", "as location"),
    Deviation(
        "VirtualMachineScaleSetRollingUpgrades_GetLatest 200",
        "required",
        "name",
        "the one rolling upgrade has a type and no name (wire facts, section 7)",
    ),
    Deviation("Monitor 200", "body", "", "a run command ends with its output"),
    Deviation(
        "",
        "unknown",
        "error.innererror.internalErrorCode",
        "a 429 of the throttle has it",
        reported='`innererror: {"internalErrorCode": "TooManyRequestsReceived"}`',
    ),
)

_OLD = "api-version 2017-12-01 had it; the simulator may not send it"
_PUT = "VirtualMachineScaleSets_CreateOrUpdate"
_SCRUBBED = "the recorder replaced it by a text"
_VM_AGENT = "properties.virtualMachineProfile.osProfile.windowsConfiguration.enableVMAgentPlatformUpdates"
_EXTENSION = "properties.virtualMachineProfile.extensionProfile.extensions[].properties.protectedSettings"

# Further deviations in recordings: older versions, and requests of clients that Azure accepted.
OF_RECORDINGS = (
    Deviation("VirtualMachineScaleSets_", "unknown", "properties.upgradePolicy.automaticOSUpgrade", _OLD),
    Deviation(_PUT, "unknown", "identity.identityIds", _OLD),
    Deviation(f"{_PUT} request", "readOnly", "name", "a client returns the values that it read"),
    Deviation(f"{_PUT} request", "readOnly", _VM_AGENT, "a client returns the values that it read"),
    Deviation(f"{_PUT} request", "enum", "properties.upgradePolicy.mode", "Azure accepts any case", what="'rolling'"),
    Deviation(f"{_PUT} request", "type", _EXTENSION, _SCRUBBED, what="SCRUBBED"),
    Deviation("VirtualMachineExtensions_", "type", "properties.protectedSettings", _SCRUBBED, what="SCRUBBED"),
    Deviation("VirtualMachineImages_List request", "unknown", "$filter", "PowerShell sends it"),
    Deviation("VirtualMachineImages_List request", "query", "", "PowerShell sends it", what="$filter"),
    Deviation("request", "operation", "", "described in a file that the data lack", what="/runCommand?"),
)

_NULL = "a machine wrote null for missing values"
_VIEW = "VirtualMachineScaleSetVMs_GetInstanceView 200"
_TYPE = (
    "bootDiagnostics",
    "disks[].encryptionSettings",
    "disks[].statuses[].message",
    "extensions",
    "rdpThumbPrint",
    "statuses[].message",
    "statuses[].time",
    "vmAgent.extensionHandlers",
)
_SHOWN_PASSWORD = "the example of the request was copied"
_UPDATE = "VirtualMachineScaleSetVMs_Update request"

# Deviations in the description's own examples.
OF_EXAMPLES = (
    *(Deviation(_VIEW, "type", where, _NULL, what="None is not") for where in _TYPE),
    Deviation("VirtualMachines_AssessPatches 200", "type", "error", _NULL, what="None is not"),
    Deviation("VirtualMachines_InstallPatches 200", "type", "error", _NULL, what="None is not"),
    *(
        Deviation("VirtualMachines_InstanceView 200", "type", f"patchStatus.{where}.error", _NULL, what="None is not")
        for where in ("availablePatchSummary", "lastPatchInstallationSummary")
    ),
    Deviation(_PUT, "secret", "properties.virtualMachineProfile.osProfile.adminPassword", _SHOWN_PASSWORD),
    Deviation(_UPDATE, "readOnly", "properties.instanceView", "a machine wrote every property"),
    Deviation(_UPDATE, "readOnly", "sku", "a machine wrote every property"),
)


def unexcused(findings: Iterable[Finding], deviations: Iterable[Deviation]) -> list[Finding]:
    """Return the findings that no row excuses, in order."""
    rows = tuple(deviations)
    return sorted(each for each in findings if not any(row.excuses(each) for row in rows))
