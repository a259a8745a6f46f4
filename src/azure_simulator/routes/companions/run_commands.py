"""Requests for commands in guests: the managed ones, which are resources, and the older action.

Both for an instance of a Uniform set, and for a virtual machine of a Flexible one. A command's writes are charged to a
bucket of the set, the stricter reading of "Compute throttling limits"; no recording writes to two instances.
"""

import re
from typing import Any
from urllib.parse import unquote

from azure_simulator.bodies.companions.run_commands import command_body, command_view, output_body
from azure_simulator.bodies.instances import KIND
from azure_simulator.routes.instances import read_detail
from azure_simulator.routes.machines import ONE_MACHINE, find_machine
from azure_simulator.routes.service import Request, Route, Service, showing
from azure_simulator.state.companions import run_commands
from azure_simulator.state.companions.command import RunCommand
from azure_simulator.state.instances import Instance
from azure_simulator.throttle.throttle import Meter
from azure_simulator.wire.answers import Reply, empty_reply, json_reply
from azure_simulator.wire.errors import refusal
from azure_simulator.wire.set_model import is_windows

Match = re.Match[str]
Json = dict[str, Any]


class RunCommandRoutes:
    """The routes of commands in the guests of one scale set."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._set = service.scale_set

    def routes(self, one: str) -> list[Route]:
        """Return the routes; `one` is the pattern of the set's path."""
        return [
            route
            for instance in (one + "/virtualMachines/(?P<instance>[^/]+)", ONE_MACHINE)
            for route in (
                ("GET", instance + "/runCommands", self._list),
                ("GET", instance + "/runCommands/(?P<command>[^/]+)", self._get),
                ("PUT", instance + "/runCommands/(?P<command>[^/]+)", self._put),
                ("PATCH", instance + "/runCommands/(?P<command>[^/]+)", self._patch),
                ("DELETE", instance + "/runCommands/(?P<command>[^/]+)", self._delete),
                ("POST", instance + "/runCommand", self._invoke),
            )
        ]

    # --- reading ---

    def _list(self, request: Request, match: Match, now: float) -> Reply:
        instance, meter = self._enter(request, match, "get", now)
        value = [self._shown(each, instance, request, now) for each in run_commands.present(instance, now)]
        return json_reply(200, {"value": value}, meter.headers)

    def _get(self, request: Request, match: Match, now: float) -> Reply:
        instance, meter = self._enter(request, match, "get", now)
        with showing(meter):
            command = run_commands.find(instance, unquote(match["command"]), now)
            if command is None:
                raise refusal("entity-not-found")
        return json_reply(200, self._shown(command, instance, request, now), meter.headers)

    def _shown(self, command: RunCommand, instance: Instance, request: Request, now: float) -> Json:
        body = self._body(command, instance, now)
        if read_detail(request) == "expanded":
            body["properties"]["instanceView"] = command_view(command, now, self._set.calendar)
        return body

    def _body(self, command: RunCommand, instance: Instance, now: float) -> Json:
        address = str(self._set.json["id"])
        if self._set.flexible:
            group = address.rsplit("/", 2)[0]
            parent, kind = f"{group}/virtualMachines/{instance.instance_id}", "Microsoft.Compute/virtualMachines"
        else:
            parent, kind = f"{address}/virtualMachines/{instance.instance_id}", KIND
        return command_body(command, parent, kind, self._set.location, now)

    # --- writing ---

    def _put(self, request: Request, match: Match, now: float) -> Reply:
        return self._write(request, match, now)

    def _patch(self, request: Request, match: Match, now: float) -> Reply:
        return self._write(request, match, now)

    def _write(self, request: Request, match: Match, now: float) -> Reply:
        """Create or replace a command; a PATCH changes properties of one that exists."""
        instance, meter = self._enter(request, match, "put", now)
        name = unquote(match["command"])
        with showing(meter):
            before, properties = run_commands.find(instance, name, now), _read_properties(request)
            if request.method == "PATCH":
                if before is None:
                    raise refusal("entity-not-found")
                properties = {**before.properties, **properties}
            if not isinstance(properties.get("source"), dict):
                raise refusal("invalid-parameter", parameter="source")
            self._service.count(request, meter, 1)
            command, operation = run_commands.put(
                self._set, instance, name, properties, now, request.api_version, request.fate
            )
        accepted = self._service.accepted(operation, meter.headers, notify=True, location=False)
        return json_reply(200 if command.replaces else 201, self._body(command, instance, now), accepted)

    def _delete(self, request: Request, match: Match, now: float) -> Reply:
        """Delete a command. For one that does not exist 204, which the SDK accepts; no recording has it."""
        instance, meter = self._enter(request, match, "delete", now)
        command = run_commands.find(instance, unquote(match["command"]), now)
        if command is None:
            return empty_reply(204, meter.headers)
        self._service.count(request, meter, 1)
        operation = run_commands.delete(self._set, instance, command, now, request.api_version, request.fate)
        return empty_reply(202, self._service.accepted(operation, meter.headers, notify=True))

    def _invoke(self, request: Request, match: Match, now: float) -> Reply:
        instance, meter = self._enter(request, match, "invoke", now)
        with showing(meter):
            body = request.json()
            if not isinstance(body.get("commandId"), str):
                raise refusal("invalid-parameter", parameter="commandId")
            self._service.count(request, meter, 1)
            command, operation = run_commands.invoke(self._set, instance, body, now, request.api_version, request.fate)
        operation.output = output_body(command, is_windows(self._set.profile))
        return self._service.started(operation, meter, now)

    def _enter(self, request: Request, match: Match, kind: str, now: float) -> tuple[Instance, Meter]:
        """Return the instance, or the machine, at the price of this kind of request."""
        if "machine" in match.groupdict():
            machine = find_machine(self._set, match, now)
            resource = machine.instance_id if kind == "get" else ""
            return machine, self._service.enter(request, f"machine-command-{kind}", now, resource)
        self._service.must_exist(match, now)
        name = unquote(match["instance"])
        resource = f"{self._set.name}/{name}" if kind == "get" else ""
        meter = self._service.enter(request, f"command-{kind}", now, resource)
        with showing(meter):
            if self._set.flexible:
                raise refusal("instance-id-no-number")
            return self._service.find_instance(name, now), meter


def _read_properties(request: Request) -> Json:
    """Return the properties that a body writes. Raises Refusal 400 for what is not of its type."""
    properties = request.json().get("properties")
    if not isinstance(properties, dict):
        raise refusal("invalid-parameter", parameter="properties")
    for name in ("parameters", "protectedParameters"):
        if not isinstance(properties.get(name) or [], list):
            raise refusal("invalid-parameter", parameter=name)
    timeout = properties.get("timeoutInSeconds") or 0
    if not isinstance(timeout, int) or timeout < 0:
        raise refusal("invalid-parameter", parameter="timeoutInSeconds")
    return properties
