"""Requests for the instances of a Uniform set: list and read them, and upgrade them to the set's model."""

import re
from dataclasses import replace
from urllib.parse import unquote

from azure_simulator.bodies.instances import Detail, InstanceWriter
from azure_simulator.routes.instance_pages import InstancePages
from azure_simulator.routes.service import Request, Route, Service, showing
from azure_simulator.state import manual_upgrades
from azure_simulator.state.instances import Instance
from azure_simulator.throttle.throttle import Meter
from azure_simulator.wire.answers import Headers, Reply, json_reply, written_reply
from azure_simulator.wire.errors import refusal

Match = re.Match[str]


class InstanceRoutes:
    """The routes of the instances of one scale set."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._set = service.scale_set
        self._json = InstanceWriter(service.scale_set)
        self._pages = InstancePages(service, self._json)

    def routes(self, one: str) -> list[Route]:
        """Return the routes; `one` is the pattern of the set's path."""
        instance = one + "/virtualMachines/(?P<instance>[^/]+)"
        return [
            ("GET", one + "/virtualMachines", self._list),
            ("POST", one + "/manualupgrade", self._upgrade),
            ("GET", instance, self._get),
            ("GET", instance + "/instanceView", self._view),
        ]

    def _list(self, request: Request, match: Match, now: float) -> Reply:
        self._service.must_exist(match, now)
        meter, detail = self._service.enter(request, "instance-list", now), read_detail(request)
        with showing(meter):
            if self._set.flexible and detail != "plain":
                verb = "VirtualMachineScaleSets.virtualMachines.GET"
                raise refusal("not-allowed-on-flexible", verb=verb, name=self._set.name)
            page = self._pages.page(request, detail, now)
            self._service.count(request, meter, page.counted)
        return replace(written_reply(200, page.body, meter.headers), entries=page.entries, link=page.link)

    def _upgrade(self, request: Request, match: Match, now: float) -> Reply:
        self._service.must_exist(match, now)
        meter = self._service.enter(request, "set-action", now)
        with showing(meter):
            ids = read_ids(request, required=True)
            due = [each for each in self._set.present(now) if ids == ["*"] or each.instance_id in ids]
            # Since some time between 2020 and 2023 an instance that is current costs nothing.
            paid = self._service.generation(now).actions_notify
            self._service.count(request, meter, sum(not paid or self._set.is_stale(each, now) for each in due))
            operation = manual_upgrades.upgrade(self._set, ids, now, request.api_version, request.fate)
        return self._service.started(operation, meter, now)

    def _get(self, request: Request, match: Match, now: float) -> Reply:
        instance, meter = self._enter_instance(request, match, now)
        return self.shown(request, instance, meter, now, [])

    def shown(self, request: Request, instance: Instance, meter: Meter, now: float, more: Headers) -> Reply:
        """Return the answer that shows one instance, with `more` headers before its own."""
        written = self._json.written(instance, now, self._detail_of_one(request, now), request.api_version)
        etags = self._service.generation(now).etags(request.api_version)
        etag = [("etag", f'"{self._set.snapshot(instance, now).etag}"')] if etags else []
        return written_reply(200, written.body, [*more, *etag, *meter.headers])

    def _detail_of_one(self, request: Request, now: float) -> Detail:
        """Return what is asked of one instance; long ago `$expand` of one was accepted and did nothing."""
        return read_detail(request) if self._service.generation(now).actions_notify else "plain"

    def _view(self, request: Request, match: Match, now: float) -> Reply:
        instance, meter = self._enter_instance(request, match, now)
        return json_reply(200, self._json.view(instance, now, request.api_version), meter.headers)

    def _enter_instance(self, request: Request, match: Match, now: float) -> tuple[Instance, Meter]:
        """Return the instance that is asked for. One that does not exist costs as much (recorded)."""
        self._service.must_exist(match, now)
        name = unquote(match["instance"])
        meter = self._service.enter(request, "instance-get", now, f"{self._set.name}/{name}")
        with showing(meter):
            if self._set.flexible:
                raise refusal("instance-id-no-number")
            self._service.count(request, meter, 1)
            return self._service.find_instance(name, now), meter


def read_detail(request: Request) -> Detail:
    """Return how much of an instance a request asks for."""
    if request.query.get("$select", "").lower() == "instanceview":
        return "selected"
    return "expanded" if request.query.get("$expand", "").lower() == "instanceview" else "plain"


def read_ids(request: Request, required: bool = False) -> list[str]:
    """Return the ids that a request names. No body, `{}` and `["*"]` mean all instances, unless ids are required."""
    ids = request.json().get("instanceIds") if request.body else None
    if ids is None and not required:
        return ["*"]
    if not isinstance(ids, list) or not ids or not all(isinstance(each, str) for each in ids):
        error = refusal("invalid-parameter", parameter="instanceIds")
        error.error["message"] = "Required parameter 'instanceIds' is missing (null)."
        raise error
    return ids
