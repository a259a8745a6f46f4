"""Requests for instances: read and list them, and every action that is asked of them."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any, get_args
from urllib.parse import parse_qsl, quote, unquote

from azure_simulator import instance_actions as actions
from azure_simulator.answers import Headers, NotSimulated, Reply, empty_reply, json_reply, text_reply
from azure_simulator.arm_request import Request
from azure_simulator.errors import refusal
from azure_simulator.fleet import Instance
from azure_simulator.instance_json import Detail, InstanceWriter
from azure_simulator.model_rules import check_shape
from azure_simulator.service import Route, Service, showing
from azure_simulator.throttling import Meter

PAGE = 120

Match = re.Match[str]


class InstanceRoutes:
    """Answers about the instances of one scale set."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._set = service.scale_set
        self._json = InstanceWriter(service.scale_set)

    def routes(self, one: str) -> list[Route]:
        instance = one + "/virtualMachines/(?P<instance>[^/]+)"
        machines = "/resourceGroups/(?P<machines_of>[^/]+)/providers/Microsoft.Compute/virtualMachines"
        powers: list[Route] = []
        for verb in get_args(actions.Power):
            powers.append(("POST", f"{one}/{verb}", self._of_the_set(verb)))
            powers.append(("POST", f"{instance}/{verb}", self._of_one(verb)))
        return [
            ("GET", one + "/virtualMachines", self._list),
            ("POST", one + "/manualupgrade", self._upgrade),
            ("POST", one + "/delete", self._delete_some),
            *powers,
            ("GET", instance, self._get),
            ("PUT", instance, self._put),
            ("DELETE", instance, self._delete_one),
            ("GET", instance + "/instanceView", self._view),
            ("POST", instance + "/simulateEviction", self._evict),
            ("GET", machines, self._machines),
            ("GET", machines + "/(?P<machine>[^/]+)", self._machine),
            ("GET", machines + "/(?P<machine>[^/]+)/instanceView", self._machine_view),
        ]

    # --- reading ---

    def _list(self, request: Request, match: Match, now: float) -> Reply:
        self._service.must_exist(match, now)
        wanted = _wanted(request.query.get("$filter"))
        meter = self._service.enter(request, "instance-list", now)
        with showing(meter):
            if self._set.flexible and _detail(request) != "plain":
                verb = "VirtualMachineScaleSets.virtualMachines.GET"
                raise refusal("not-allowed-on-flexible", verb=verb, name=self._set.name)
            token, then = request.query.get("$skiptoken"), self._set.listed_at(now)
            present = [each for each in self._set.present(then) if self._is_wanted(each, wanted, then)]
            page, following = self._page(present, token)
            # Overprovisioning's extras count for the throttle, and show in no list.
            extras = self._set.counted(now) - len(self._set.present(now)) if token is None else 0
            self._service.count(request, meter, len(page) + extras)
        detail = _detail(request)
        value = ",".join(self._json.text(instance, then, detail, request.api_version) for instance in page)
        link = f',"nextLink":{json.dumps(self._next_link(request, following))}' if following else ""
        return text_reply(200, f'{{"value":[{value}]{link}}}', meter.headers)

    def _is_wanted(self, instance: Instance, current: bool | None, now: float) -> bool:
        return current is None or self._set.was_current(self._set.snapshot(instance, now), now) is current

    def _page(self, present: list[Instance], token: str | None) -> tuple[list[Instance], str | None]:
        """The instances of a page, and the id that the next one begins with. Their order is not by number."""
        present = sorted(present, key=lambda instance: instance.instance_id)
        if token is not None:
            first = self._read_token(token)
            present = [instance for instance in present if instance.instance_id >= first]
        following = present[PAGE].instance_id if len(present) > PAGE else None
        return present[:PAGE], following

    def _next_link(self, request: Request, first: str) -> str:
        kept = [(name, value) for name, value in parse_qsl(request.raw_query) if name.lower() != "$skiptoken"]
        token = base64.b64encode(f"{self._unique_id}!{first}".encode()).decode()
        query = "&".join(f"{name}={quote(value)}" for name, value in [*kept, ("$skiptoken", token)])
        return f"{self._service.base_url}{request.path}?{query}"

    def _read_token(self, token: str) -> str:
        try:
            unique_id, _, first = base64.b64decode(token, validate=True).decode().partition("!")
        except ValueError:
            unique_id, first = "", ""
        if unique_id != self._unique_id or not first:
            raise refusal("stale-skiptoken")
        return first

    @property
    def _unique_id(self) -> str:
        return str(self._set.json["properties"].get("uniqueId", "scale-set"))

    def _get(self, request: Request, match: Match, now: float) -> Reply:
        instance, meter = self._one(request, match, now)
        return self._shown(request, instance, meter, now, [])

    def _shown(self, request: Request, instance: Instance, meter: Meter, now: float, more: Headers) -> Reply:
        text = self._json.text(instance, now, self._detail_of_one(request, now), request.api_version)
        etags = self._service.generation(now).etags(request.api_version)
        etag = [("etag", f'"{self._set.snapshot(instance, now).etag}"')] if etags else []
        return text_reply(200, text, [*more, *etag, *meter.headers])

    def _detail_of_one(self, request: Request, now: float) -> Detail:
        """What is asked of one instance; long ago `$expand` of one was accepted and did nothing."""
        return _detail(request) if self._service.generation(now).actions_notify else "plain"

    def _view(self, request: Request, match: Match, now: float) -> Reply:
        instance, meter = self._one(request, match, now)
        return json_reply(200, self._json.view(instance, now, request.api_version), meter.headers)

    def _one(self, request: Request, match: Match, now: float) -> tuple[Instance, Meter]:
        """The instance that is asked for. One that is not there costs as much (recorded)."""
        self._service.must_exist(match, now)
        name = unquote(match["instance"])
        meter = self._service.enter(request, "instance-get", now, f"{self._set.name}/{name}")
        with showing(meter):
            if self._set.flexible:
                raise refusal("instance-id-no-number")
            self._service.count(request, meter, 1)
            return self._found(name, now), meter

    def _found(self, name: str, now: float) -> Instance:
        instance = self._set.present_instance(name, now)
        if instance is None:
            raise refusal("entity-not-found")
        return instance

    def _machines(self, request: Request, match: Match, now: float) -> Reply:
        """The virtual machines of the group; `$filter` picks those of a Flexible set by the set's id.

        How many a page has is not recorded: as many as one of instances.
        """
        meter = self._service.enter(request, "machine-list", now)
        condition, expanded = request.query.get("$filter"), _detail(request) == "expanded"
        if expanded and condition is None:
            raise NotSimulated("a list of virtual machines with $expand and without $filter (documented: needs one)")
        there = self._set.flexible and self._set.exists(now) and self._is_asked_for(condition)
        with showing(meter):
            then = self._set.listed_at(now)
            present = self._set.present(then) if there else []
            page, following = self._page(present, request.query.get("$skiptoken"))
        body: dict[str, Any] = {"value": [self._json.machine(each, then, expanded) for each in page]}
        if following:
            body["nextLink"] = self._next_link(request, following)
        return json_reply(200, body, meter.headers)

    def _is_asked_for(self, condition: str | None) -> bool:
        if condition is None:
            return True
        asked = re.fullmatch(r"\s*'virtualMachineScaleSet/id'\s+eq\s+'([^']*)'\s*", condition, re.IGNORECASE)
        if asked is None:
            raise NotSimulated(f"a list of virtual machines with $filter={condition}")
        return asked[1].lower() == str(self._set.json["id"]).lower()

    def _machine(self, request: Request, match: Match, now: float) -> Reply:
        instance, meter = self._one_machine(request, match, now)
        return json_reply(200, self._json.machine(instance, now, _detail(request) == "expanded"), meter.headers)

    def _machine_view(self, request: Request, match: Match, now: float) -> Reply:
        instance, meter = self._one_machine(request, match, now)
        return json_reply(200, self._json.machine_view(instance, now), meter.headers)

    def _one_machine(self, request: Request, match: Match, now: float) -> tuple[Instance, Meter]:
        name, group = unquote(match["machine"]), unquote(match["machines_of"])
        if not self._set.flexible:
            raise NotSimulated("virtual machines that are none of a Flexible set are not simulated")
        instance = self._set.present_instance(name, now)
        if instance is None:
            raise refusal("resource-not-found", kind="virtualMachines", name=name, group=group)
        return instance, self._service.enter(request, "machine-get", now, name)

    # --- actions of the set on some of its instances ---

    def _upgrade(self, request: Request, match: Match, now: float) -> Reply:
        self._service.must_exist(match, now)
        meter = self._service.enter(request, "set-action", now)
        with showing(meter):
            ids = _ids(request, required=True)
            due = [each for each in self._set.present(now) if ids == ["*"] or each.instance_id in ids]
            # Since some time between 2020 and 2023 an instance that is current costs nothing.
            paid = self._service.generation(now).actions_notify
            self._service.count(request, meter, sum(not paid or self._set.is_stale(each, now) for each in due))
            operation = actions.upgrade(self._set, ids, now, request.api_version, request.fate)
        return self._service.started(operation, meter, now)

    def _of_the_set(self, verb: actions.Power) -> Callable[[Request, Match, float], Reply]:
        def answer(request: Request, match: Match, now: float) -> Reply:
            self._service.must_exist(match, now)
            meter = self._service.enter(request, "set-action" if verb == "start" else "set-stop", now)
            with showing(meter):
                reached = actions.unprotected(self._set.named(_ids(request), now))
                self._service.count(request, meter, len(reached))
                operation = actions.change_power(self._set, verb, reached, now, request.api_version, request.fate)
            return self._service.started(operation, meter, now)

        return answer

    def _delete_some(self, request: Request, match: Match, now: float) -> Reply:
        self._service.must_exist(match, now)
        meter = self._service.enter(request, "set-action", now)
        with showing(meter):
            gone = self._set.named(_ids(request, required=True), now)
            self._service.count(request, meter, len(gone))
            operation = actions.delete(self._set, gone, now, request.api_version, request.fate)
        return self._service.started(operation, meter, now)

    # --- requests for one instance ---

    def _of_one(self, verb: actions.Power) -> Callable[[Request, Match, float], Reply]:
        def answer(request: Request, match: Match, now: float) -> Reply:
            self._service.must_exist(match, now)
            name = unquote(match["instance"])
            kind = "instance-action" if verb == "start" else "instance-stop"
            meter = self._service.enter(request, kind, now, f"{self._set.name}/{name}")
            with showing(meter):
                # `*` in place of an instance is all of them (uniform_instances_power_2024).
                reached = self._set.present(now) if name == "*" else [self._found(name, now)]
                self._service.count(request, meter, len(reached))
                operation = actions.change_power(self._set, verb, reached, now, request.api_version, request.fate)
            return self._service.started(operation, meter, now)

        return answer

    def _put(self, request: Request, match: Match, now: float) -> Reply:
        self._service.must_exist(match, now)
        name = unquote(match["instance"])
        meter = self._service.enter(request, "instance-put", now, f"{self._set.name}/{name}")
        with showing(meter):
            instance, body = self._found(name, now), request.json()
            check_shape(body)
            # Tags alone cost no request to the instance (recorded: instance_operations_2020).
            self._service.count(request, meter, int("properties" in body))
            operation = actions.update_one(self._set, instance, body, now, request.api_version, request.fate)
        notify = self._service.generation(now).actions_notify
        told = self._service.accepted(operation, [], notify=notify, location=False)
        shown = self._shown(request, instance, meter, now, told)
        # Whatever there is to do, the first answer shows it under way (recorded).
        body = {**json.loads(shown.body)}
        body["properties"]["provisioningState"] = "Updating"
        return json_reply(shown.status, body, shown.headers[1:])

    def _delete_one(self, request: Request, match: Match, now: float) -> Reply:
        """An instance that is gone already is deleted all the same (recorded: instance_operations_2020)."""
        self._service.must_exist(match, now)
        name = unquote(match["instance"])
        meter = self._service.enter(request, "instance-stop", now, f"{self._set.name}/{name}")
        with showing(meter):
            gone = [each for each in [self._set.present_instance(name, now)] if each is not None]
            self._service.count(request, meter, len(gone))
            operation = actions.delete(self._set, gone, now, request.api_version, request.fate)
        return self._service.started(operation, meter, now)

    def _evict(self, request: Request, match: Match, now: float) -> Reply:
        self._service.must_exist(match, now)
        name = unquote(match["instance"])
        meter = self._service.enter(request, "instance-put", now, f"{self._set.name}/{name}")
        with showing(meter):
            instance = self._found(name, now)
            # Nobody counts it, and yet an error that comes after counting comes before it takes effect.
            request.meet("counted", meter.headers)
            actions.evict(self._set, instance, now)
        return empty_reply(204, meter.headers)


def _detail(request: Request) -> Detail:
    if request.query.get("$select", "").lower() == "instanceview":
        return "selected"
    return "expanded" if request.query.get("$expand", "").lower() == "instanceview" else "plain"


def _wanted(condition: str | None) -> bool | None:
    """Which instances a `$filter` asks for: the current ones, the others, or all. Others are not recorded."""
    if condition is None:
        return None
    asked = re.fullmatch(r"\s*properties/latestModelApplied\s+eq\s+(true|false)\s*", condition, re.IGNORECASE)
    if asked is None:
        raise NotSimulated(f"a list of instances with $filter={condition}")
    return asked[1].lower() == "true"


def _ids(request: Request, required: bool = False) -> list[str]:
    """The instances that a request names. No body, `{}` and `["*"]` are all of them, unless ids are required."""
    ids = request.json().get("instanceIds") if request.body else None
    if ids is None and not required:
        return ["*"]
    if not isinstance(ids, list) or not ids or not all(isinstance(each, str) for each in ids):
        error = refusal("invalid-parameter", parameter="instanceIds")
        error.error["message"] = "Required parameter 'instanceIds' is missing (null)."
        raise error
    return ids
