"""Requests for the instances of a Uniform set: list and read them, and upgrade them to the set's model."""

import json
import re
from dataclasses import replace
from urllib.parse import unquote

from azure_simulator.bodies.instances import Detail, InstanceWriter
from azure_simulator.routes.service import Request, Route, Service, showing
from azure_simulator.state import manual_upgrades
from azure_simulator.state.instances import Instance
from azure_simulator.throttle.throttle import Meter
from azure_simulator.wire.answers import Headers, NotSimulated, Reply, json_reply, text_reply
from azure_simulator.wire.errors import refusal
from azure_simulator.wire.pages import next_link, take_page

Match = re.Match[str]


class InstanceRoutes:
    """The routes of the instances of one scale set."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._set = service.scale_set
        self._json = InstanceWriter(service.scale_set)
        self._pages: dict[str, tuple[tuple[str, ...], bytes]] = {}  # the latest pages, by their links to the next

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
        wanted = _read_filter(request.query.get("$filter"))
        meter, detail = self._service.enter(request, "instance-list", now), read_detail(request)
        with showing(meter):
            if self._set.flexible and detail != "plain":
                verb = "VirtualMachineScaleSets.virtualMachines.GET"
                raise refusal("not-allowed-on-flexible", verb=verb, name=self._set.name)
            token, then = request.query.get("$skiptoken"), self._set.agenda.listed_at(now)
            present = [each for each in self._set.present(then) if self._is_wanted(each, wanted, then)]
            page, following = take_page(present, lambda each: each.instance_id, self._set.unique_id, token)
            # Overprovisioning's extras count for the throttle, and show in no list.
            extras = self._set.counted(now) - len(self._set.present(now)) if token is None else 0
            self._service.count(request, meter, len(page) + extras)
        entries = tuple(self._json.text(instance, then, detail, request.api_version) for instance in page)
        link = self._next_link(request, following) if following else ""
        return self._page(entries, link, meter.headers)

    def _page(self, entries: tuple[str, ...], link: str, headers: Headers) -> Reply:
        """Return a page of the list; its text is written once as long as it is the same."""
        if self._pages.get(link, ((), b""))[0] != entries:
            following = f',"nextLink":{json.dumps(link)}' if link else ""
            self._pages[link] = (entries, f'{{"value":[{",".join(entries)}]{following}}}'.encode())
        return replace(text_reply(200, "", headers), body=self._pages[link][1], entries=entries, link=link)

    def _is_wanted(self, instance: Instance, current: bool | None, now: float) -> bool:
        return current is None or self._set.was_current(self._set.snapshot(instance, now), now) is current

    def _next_link(self, request: Request, first: str) -> str:
        return next_link(self._service.base_url + request.path, request.raw_query, self._set.unique_id, first)

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
        text = self._json.text(instance, now, self._detail_of_one(request, now), request.api_version)
        etags = self._service.generation(now).etags(request.api_version)
        etag = [("etag", f'"{self._set.snapshot(instance, now).etag}"')] if etags else []
        return text_reply(200, text, [*more, *etag, *meter.headers])

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


def _read_filter(condition: str | None) -> bool | None:
    """Return which instances a `$filter` asks for: the current ones, the others, or all. No other is recorded."""
    if condition is None:
        return None
    asked = re.fullmatch(r"\s*properties/latestModelApplied\s+eq\s+(true|false)\s*", condition, re.IGNORECASE)
    if asked is None:
        raise NotSimulated(f"a list of instances with $filter={condition}")
    return asked[1].lower() == "true"


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
