"""Commands in guests as Azure writes them.

Shapes: of a managed command Azure/azure-cli, test_vmss_run_command_v2 (2024-08); of the older action's output
instance_operations_2020 (Windows) and Azure/azure-cli, test_vmss_run_command_e2e (Linux).
"""

from typing import Any

from azure_simulator.state.companions.command import FOREVER, RunCommand
from azure_simulator.wire.calendar import Calendar

Json = dict[str, Any]

# What Azure keeps to itself (documented: "protected", "password").
_SECRET = ("protectedParameters", "runAsPassword")
_FIRST = ("source", "parameters", "runAsUser")
_STATES = {"Failed": "Execution failed: failed to execute command: command terminated with exit status={code}"}


def command_body(command: RunCommand, parent: str, kind: str, location: str, now: float) -> Json:
    """Return a command without its instance view. `parent`: the id of its instance, `kind`: the instance's type."""
    given = {key: value for key, value in command.properties.items() if key not in _SECRET and value is not None}
    properties = {key: given.pop(key) for key in _FIRST if key in given}
    properties["timeoutInSeconds"] = given.pop("timeoutInSeconds", 0)
    properties["provisioningState"] = command.provisioning_state(now)
    properties["asyncExecution"] = given.pop("asyncExecution", False)
    return {
        "name": command.name,
        "id": f"{parent}/runCommands/{command.name}",
        "type": f"{kind}/runCommands",
        "location": location,
        "properties": {**properties, **given},
    }


def command_view(command: RunCommand, now: float, calendar: Calendar) -> Json:
    """Return the instance view of a command: the state of its script, and what it wrote."""
    state = command.execution_state(now)
    ended = command.has_run and command.ends_at <= now
    code = command.behavior.exit_code if ended else 0
    view: Json = {
        "exitCode": code,
        "executionState": state,
        "executionMessage": _STATES.get(state, "").format(code=code),
        "output": command.behavior.output if ended else "",
        "error": command.behavior.error if ended else "",
    }
    if command.begins_at <= now:
        view["startTime"] = _moment(command.begins_at, calendar)
    if (end := min(command.ends_at, command.stopped_at)) <= now and end < FOREVER:
        view["endTime"] = _moment(end, calendar)
    return view


def output_body(command: RunCommand, windows: bool) -> Json:
    """Return what the older action answers at its end: what the script wrote, whatever its exit code."""
    written, problems = command.behavior.output, command.behavior.error
    if not windows:
        message = f"Enable succeeded: \n[stdout]\n{written}\n[stderr]\n{problems}"
        return {"value": [_entry("ProvisioningState/succeeded", message)]}
    return {
        "value": [
            _entry("ComponentStatus/StdOut/succeeded", written),
            _entry("ComponentStatus/StdErr/succeeded", problems),
        ]
    }


def _entry(code: str, message: str) -> Json:
    return {"code": code, "level": "Info", "displayStatus": "Provisioning succeeded", "message": message}


def _moment(when: float, calendar: Calendar) -> str:
    """Return a moment as the guest writes it: in whole seconds."""
    return calendar.moment(when).replace(microsecond=0).isoformat()
