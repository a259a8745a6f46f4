"""What an instance view says: of an instance of a Uniform set, and of a machine of a Flexible one alike. Pure.

Shapes: `VirtualMachineScaleSetVMInstanceView` and `VirtualMachineInstanceView` of the REST specification.
"""

from __future__ import annotations

from vmss_upgrade.azure_api.translation.json_fields import Json, object_in, objects_in, text_in
from vmss_upgrade.rollout.failures import Problem
from vmss_upgrade.rollout.scale_set import Health, Power

_HEALTHS = {"": Health.NO_SIGNAL, "healthstate/healthy": Health.HEALTHY, "healthstate/unhealthy": Health.UNHEALTHY}
_LONGEST = 4_000  # characters of a message; an extension may put a whole log into it
_POWERS = {power.value: power for power in Power}


def power(view: Json) -> Power:
    """Return the power state, from statuses[].code, PowerState/*."""
    codes = [text_in(status, "code").lower() for status in objects_in(view, "statuses")]
    states = [code.partition("/")[2] for code in codes if code.startswith("powerstate/")]
    return _POWERS.get(states[-1], Power.OTHER) if states else Power.NOT_SHOWN


def health(view: Json) -> Health:
    """Read vmHealth.status.code: HealthState/healthy, /unhealthy, /unknown; any other code is not yet healthy."""
    return _HEALTHS.get(text_in(view, "vmHealth", "status", "code").lower(), Health.UNKNOWN)


def problems(view: Json, properties: Json) -> tuple[Problem, ...]:
    """Return the failures that are shown: each ProvisioningState/failed status, of the instance or of an extension."""
    shown = [(status, "") for status in objects_in(view, "statuses")]
    for extension in objects_in(view, "extensions"):
        name = text_in(extension, "name") or text_in(extension, "type")
        shown += [(status, name) for status in objects_in(extension, "statuses")]
    found = tuple(filter(None, (_problem(status, extension) for status, extension in shown)))
    if not found and text_in(properties, "provisioningState").lower() == "failed":
        return (Problem("ProvisioningFailed", "provisioning state is Failed, without a reason"),)
    return found


def complaints(view: Json) -> tuple[str, ...]:
    """Return what the agent, the extensions and the boot diagnostics say that is no success and no failure.

    Of boot diagnostics Azure shows a status only if they could not be captured.
    """
    speakers = [("VM agent", objects_in(object_in(view, "vmAgent"), "statuses"))]
    for extension in objects_in(view, "extensions"):
        name = text_in(extension, "name") or text_in(extension, "type")
        speakers.append((f"extension {name}", objects_in(extension, "statuses")))
    speakers.append(("boot diagnostics", [object_in(view, "bootDiagnostics", "status")]))
    said = (_complaint(speaker, status) for speaker, statuses in speakers for status in statuses)
    return tuple(filter(None, said))


def _complaint(speaker: str, status: Json) -> str:
    is_known = text_in(status, "code").lower().startswith(("provisioningstate/succeeded", "provisioningstate/failed"))
    message = text_in(status, "message")
    if is_known or not message:
        return ""
    return f"{speaker}: {message if len(message) <= _LONGEST else f'{message[:_LONGEST]} ...'}"


def _problem(status: Json, extension: str) -> Problem | None:
    code = text_in(status, "code")
    if not code.lower().startswith("provisioningstate/failed"):
        return None
    name = code.split("/", 2)[2] if code.count("/") > 1 else "ProvisioningFailed"
    name = code if name.lstrip("-").isdecimal() else name  # the exit code of an extension says nothing by itself
    message = text_in(status, "message") or text_in(status, "displayStatus") or code
    return Problem(name, message if len(message) <= _LONGEST else f"{message[:_LONGEST]} ...", extension)
