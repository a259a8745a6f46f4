"""Requests for virtual machines, which are the instances of a Flexible set: list and read them."""

import re
from typing import Any
from urllib.parse import unquote

from azure_simulator.bodies.machines import machine_body, machine_view
from azure_simulator.routes.instances import read_detail
from azure_simulator.routes.service import Request, Route, Service, showing
from azure_simulator.state.instances import Instance
from azure_simulator.state.scale_set import SimulatedScaleSet
from azure_simulator.throttle.throttle import Meter
from azure_simulator.wire.answers import NotSimulated, Reply, json_reply
from azure_simulator.wire.errors import refusal
from azure_simulator.wire.pages import next_link, take_page

Match = re.Match[str]

_MACHINES = "/resourceGroups/(?P<machines_of>[^/]+)/providers/Microsoft.Compute/virtualMachines"
ONE_MACHINE = _MACHINES + "/(?P<machine>[^/]+)"


class MachineRoutes:
    """The routes of the virtual machines of one resource group."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._set = service.scale_set

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            ("GET", _MACHINES, self._list),
            ("GET", ONE_MACHINE, self._get),
            ("GET", ONE_MACHINE + "/instanceView", self._view),
        ]

    def _list(self, request: Request, match: Match, now: float) -> Reply:
        """List the virtual machines of the group; `$filter` picks those of a Flexible set by the set's id.

        How many a page has is not recorded: as many as a page of instances.
        """
        meter = self._service.enter(request, "machine-list", now)
        condition, expanded = request.query.get("$filter"), read_detail(request) == "expanded"
        if expanded and condition is None:
            raise NotSimulated("a list of virtual machines with $expand and without $filter (documented: needs one)")
        asked = _asked_set(condition)
        sets = self._service.sets_at(now, unquote(match["machines_of"]))
        shown = [each for each in sets if asked in ("", str(each.json["id"]).lower())]
        machines = [
            (each, machine, each.agenda.listed_at(now))
            for each in shown
            if each.flexible and each.exists(now)
            for machine in each.present(each.agenda.listed_at(now))
        ]
        with showing(meter):
            token = request.query.get("$skiptoken")
            page, following = take_page(machines, lambda each: each[1].instance_id, self._set.unique_id, token)
        body: dict[str, Any] = {
            "value": [machine_body(owner, machine, then, expanded) for owner, machine, then in page]
        }
        if following:
            address = self._service.base_url + request.path
            body["nextLink"] = next_link(address, request.raw_query, self._set.unique_id, following)
        return json_reply(200, body, meter.headers)

    def _get(self, request: Request, match: Match, now: float) -> Reply:
        instance, meter = self._enter_machine(request, match, now)
        expanded = read_detail(request) == "expanded"
        return json_reply(200, machine_body(self._set, instance, now, expanded), meter.headers)

    def _view(self, request: Request, match: Match, now: float) -> Reply:
        instance, meter = self._enter_machine(request, match, now)
        return json_reply(200, machine_view(self._set, instance, now), meter.headers)

    def _enter_machine(self, request: Request, match: Match, now: float) -> tuple[Instance, Meter]:
        instance = find_machine(self._set, match, now)
        return instance, self._service.enter(request, "machine-get", now, instance.instance_id)


def _asked_set(condition: str | None) -> str:
    """Return the id, in lower case, of the set whose machines a `$filter` picks; empty for all machines."""
    if condition is None:
        return ""
    asked = re.fullmatch(r"\s*'virtualMachineScaleSet/id'\s+eq\s+'([^']*)'\s*", condition, re.IGNORECASE)
    if asked is None:
        raise NotSimulated(f"a list of virtual machines with $filter={condition}")
    return asked[1].lower()


def find_machine(scale_set: SimulatedScaleSet, match: Match, now: float) -> Instance:
    """Return the virtual machine of an address. Raises Refusal 404 where there is none."""
    name, group = unquote(match["machine"]), unquote(match["machines_of"])
    if not scale_set.flexible:
        raise NotSimulated("virtual machines outside a Flexible set are not simulated")
    instance = scale_set.present_instance(name, now)
    if instance is None:
        raise refusal("resource-not-found", kind="virtualMachines", name=name, group=group)
    return instance
