"""Managed run commands (v2) of instances: scripts in the guest, each a resource of its own below the instance.

Sources: azure-mgmt-compute 39 (VirtualMachineScaleSetVMRunCommands, VirtualMachineRunCommands); Azure/azure-cli
recording `test_vmss_run_command_v2`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from azure.mgmt.compute import ComputeManagementClient

from vmss_upgrade.azure_api.failures import read_by_the_sdk, translated
from vmss_upgrade.azure_api.operation import SteppedPolling
from vmss_upgrade.azure_api.reader import Reader, is_segment, unreadable
from vmss_upgrade.azure_api.translation.json_fields import Json, object_in, text_in
from vmss_upgrade.errors import AzureError, Trouble
from vmss_upgrade.ports import Operation
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.zero_downtime.drain import RESOURCES, Action, Drain, Execution, ExecutionState

_STATES = {each.value: each for each in ExecutionState}
_WINDOWS = "windows"
_ARGUMENT = "Action"  # of a PowerShell script, which takes no argument without a name


class RunCommands:
    """The run commands of one scale set's instances; see `ports.RunCommandsApi` for the contract of each method."""

    def __init__(
        self, client: ComputeManagementClient, reader: Reader, group: str, name: str, paths: tuple[str, str]
    ) -> None:
        self._of_instances = client.virtual_machine_scale_set_vm_run_commands
        self._of_machines = client.virtual_machine_run_commands
        self._reader = reader
        self._group, self._name = group, name
        self._set_path, self._machines_path = paths

    def list_run_commands(self, model: Model, instance_id: str) -> tuple[Action, ...]:
        """Send GET of the instance's run commands, every page."""
        with translated(f"listing the run commands of instance {instance_id}"):
            names = {text_in(item, "name").lower() for item in self._reader.items(self._path(model, instance_id))}
        return tuple(action for action in Action if action.resource in names & RESOURCES)

    def read_run_command(self, model: Model, instance_id: str, action: Action) -> Execution:
        """Send GET of one run command with its instance view."""
        with translated(f"reading the command of instance {instance_id}"):
            path = f"{self._path(model, instance_id)}/{action.resource}"
            return _to_execution(self._reader.json(f"{path}?$expand=instanceView"))

    def put_run_command(self, model: Model, instance_id: str, action: Action, drain: Drain, os: str) -> Operation:
        """Send PUT of one run command."""
        is_windows = (os or model.traits.os).lower() == _WINDOWS
        body = {
            "location": model.location,
            "properties": {
                "source": {"script": drain.command},
                "parameters": [{"name": _ARGUMENT if is_windows else "", "value": action.value}],
                "timeoutInSeconds": round(drain.timeout),
                "asyncExecution": False,
            },
        }
        doing = f"running `drain-command` on instance {instance_id}"
        begin = self._operations(model).begin_create_or_update
        return self._begin(begin, model, instance_id, action, doing, body)

    def delete_run_command(self, model: Model, instance_id: str, action: Action) -> Operation:
        """Send DELETE of one run command, which ends a script that still runs."""
        doing = f"deleting the run command of instance {instance_id}"
        return self._begin(self._operations(model).begin_delete, model, instance_id, action, doing)

    def _begin(
        self, begin: Callable[..., Any], model: Model, instance_id: str, action: Action, doing: str, *body: Json
    ) -> Operation:
        if not is_segment(instance_id):
            message = "its id can be no part of a path"
            raise AzureError(message, trouble=Trouble.REJECTED, code="UnreadableAnswer", doing=doing)
        where = (self._group, instance_id) if model.is_flexible else (self._group, self._name, instance_id)
        polling = SteppedPolling(doing)
        with translated(doing), read_by_the_sdk():
            begin(*where, action.resource, *body, polling=polling)
        return polling

    def _operations(self, model: Model) -> Any:
        return self._of_machines if model.is_flexible else self._of_instances

    def _path(self, model: Model, instance_id: str) -> str:
        if not is_segment(instance_id):
            raise unreadable("an instance has an id that can be no part of a path")
        machines = self._machines_path if model.is_flexible else f"{self._set_path}/virtualMachines"
        return f"{machines}/{quote(instance_id, safe='')}/runCommands"


def _to_execution(body: Json) -> Execution:
    """Return what the instance view shows; a resource without one is waiting."""
    view = object_in(object_in(body, "properties"), "instanceView")
    code = view.get("exitCode")
    return Execution(
        state=_STATES.get(text_in(view, "executionState").lower(), ExecutionState.WAITING),
        exit_code=code if type(code) is int else None,
        message=text_in(view, "executionMessage"),
        output=text_in(view, "output"),
        error=text_in(view, "error"),
    )
