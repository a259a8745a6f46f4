"""Requests for the set itself: read, list, create, update, delete, its view, its rolling upgrades."""

import re
from typing import Any

from azure_simulator import instance_actions, set_updates
from azure_simulator.answers import Headers, Reply, empty_reply, json_reply
from azure_simulator.arm_request import Request
from azure_simulator.errors import refusal
from azure_simulator.fleet import FOREVER
from azure_simulator.operations import Operation
from azure_simulator.service import Route, Service, showing
from azure_simulator.set_json import etag, neighbour_body, set_body, set_view
from azure_simulator.throttling import Meter

Match = re.Match[str]


class SetRoutes:
    """Answers about one scale set."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._set = service.scale_set

    def routes(self, sets: str, one: str) -> list[Route]:
        return [
            ("GET", "/providers/Microsoft.Compute/virtualMachineScaleSets", self._list_everywhere),
            ("GET", sets, self._list),
            ("GET", one, self._get),
            ("PUT", one, self._put),
            ("PATCH", one, self._patch),
            ("DELETE", one, self._delete),
            ("GET", one + "/instanceView", self._view),
            ("POST", one + "/setOrchestrationServiceState", self._set_service_state),
            ("POST", one + "/osRollingUpgrade", self._start_rolling),
            ("POST", one + "/extensionRollingUpgrade", self._start_rolling),
            ("GET", one + "/rollingUpgrades/latest", self._latest_rolling),
            ("POST", one + "/rollingUpgrades/cancel", self._cancel_rolling),
        ]

    # --- reading ---

    def _list_everywhere(self, request: Request, match: Match, now: float) -> Reply:
        """All sets of the subscription. It spends no region's bucket (recorded)."""
        generation = self._service.generation(now)
        others = [neighbour_body(each, request.api_version, generation) for each in self._set.scenario.neighbours]
        return json_reply(200, {"value": [*self._bodies(request, now), *others]})

    def _list(self, request: Request, match: Match, now: float) -> Reply:
        """The sets of the group. Where there is none, no bucket is spent (recorded)."""
        bodies = self._bodies(request, now)
        if not bodies:
            return json_reply(200, {"value": []})
        meter = self._service.enter(request, "set-list", now)
        return json_reply(200, {"value": bodies}, meter.headers)

    def _bodies(self, request: Request, now: float) -> list[dict[str, Any]]:
        return [self._seen(request, now)[0]] if self._set.exists(now) else []

    def _body(self, request: Request, now: float) -> dict[str, Any]:
        return set_body(self._set, now, request.api_version, self._service.generation(now))

    def _seen(self, request: Request, now: float) -> tuple[dict[str, Any], float]:
        """The set as a GET shows it, and the moment that this is."""
        then = self._set.shown_at(now)
        return self._body(request, then), then

    def _get(self, request: Request, match: Match, now: float) -> Reply:
        meter = self._enter_existing(request, match, "set-get", now)
        body, then = self._seen(request, now)
        return json_reply(200, body, [*self._etag(request, then), *meter.headers])

    def _view(self, request: Request, match: Match, now: float) -> Reply:
        meter = self._enter_existing(request, match, "set-view", now)
        if self._set.flexible:
            with showing(meter):
                verb = "VirtualMachineScaleSets.instanceView.GET"
                raise refusal("not-allowed-on-flexible", verb=verb, name=self._set.name)
        return json_reply(200, set_view(self._set, now), meter.headers)

    def _enter_existing(self, request: Request, match: Match, operation: str, now: float) -> Meter:
        """Raises Refusal 404: the gateway's for a set that never was, the provider's for one that is gone."""
        if self._set.deleted_at == FOREVER:
            self._service.must_exist(match, now)
        meter = self._service.enter(request, operation, now)
        if not self._set.exists(now):
            with showing(meter):
                raise refusal("entity-not-found")
        return meter

    def _etag(self, request: Request, now: float) -> Headers:
        shown = self._service.generation(now).etags(request.api_version)
        return [("etag", etag(self._set, now))] if shown else []

    # --- writing ---

    def _put(self, request: Request, match: Match, now: float) -> Reply:
        if self._set.exists(now):
            return self._update(request, now, "set-put")
        meter = self._service.enter(request, "set-put", now)
        with showing(meter):
            creation = set_updates.plan_creation(self._set, request.json(), now, request.api_version)
        self._service.count(request, meter, creation.counted)
        operation = set_updates.create(self._set, creation, now, request.api_version, request.fate)
        return self._updated(request, operation, meter, 201, now)

    def _patch(self, request: Request, match: Match, now: float) -> Reply:
        self._service.must_exist(match, now)
        return self._update(request, now, "set-patch")

    def _update(self, request: Request, now: float, kind: str) -> Reply:
        meter = self._service.enter(request, kind, now)
        with showing(meter):
            self._check_etag(request, now)
            stay = request.method == "PATCH"
            planned = set_updates.plan_update(self._set, request.json(), now, request.api_version, extensions_stay=stay)
        self._service.count(request, meter, planned.counted)
        operation = set_updates.update(self._set, planned, now, request.api_version, request.fate)
        return self._updated(request, operation, meter, 200, now)

    def _updated(self, request: Request, operation: Operation, meter: Meter, status: int, now: float) -> Reply:
        notify = self._service.generation(now).updates_notify
        waits = [("retry-after", "10")] if notify else []
        told = self._service.accepted(operation, meter.headers, notify=notify, location=False)
        body = self._body(request, now)
        # Whatever there is to do, the first answer shows it under way (recorded).
        body["properties"]["provisioningState"] = "Creating" if status == 201 else "Updating"
        return json_reply(status, body, [*waits, *self._etag(request, now), *told])

    def _check_etag(self, request: Request, now: float) -> None:
        wanted, found = request.headers.get("if-match"), etag(self._set, now)
        if wanted not in (None, "*", found):
            raise refusal("precondition-failed", wanted=wanted, found=found)

    def _delete(self, request: Request, match: Match, now: float) -> Reply:
        if not self._set.exists(now):
            return empty_reply(204)
        meter = self._service.enter(request, "set-delete", now)
        self._service.count(request, meter, len(self._set.present(now)))
        operation = set_updates.delete(self._set, now, request.api_version, request.fate)
        notify = self._service.generation(now).updates_notify
        waits = [("retry-after", "10")] if notify else []
        return empty_reply(202, [*waits, *self._service.accepted(operation, meter.headers, notify=notify)])

    def _set_service_state(self, request: Request, match: Match, now: float) -> Reply:
        """Suspend or resume automatic repairs (uniform_orchestration_service_state_2024)."""
        meter = self._enter_existing(request, match, "rolling-action", now)
        self._service.count(request, meter, 0)
        with showing(meter):
            body = request.json()
            action, service = str(body.get("action")), body.get("serviceName")
            if action.lower() not in ("suspend", "resume") or service != "AutomaticRepairs":
                raise refusal("invalid-parameter", parameter="action")
        self._set.repairs_suspended = action.lower() == "suspend"
        ends = now + (1.0 if request.fate is None or request.fate.seconds is None else request.fate.seconds)
        operation = self._set.operations.start(now, request.api_version, lambda: ends, fate=request.fate)
        return self._service.started(operation, meter, now)

    # --- rolling upgrades ---

    def _start_rolling(self, request: Request, match: Match, now: float) -> Reply:
        meter = self._enter_existing(request, match, "rolling-action", now)
        self._service.count(request, meter, 0)
        with showing(meter):
            operation = instance_actions.start_rolling_upgrade(self._set, now, request.api_version, request.fate)
        return self._service.started(operation, meter, now)

    def _latest_rolling(self, request: Request, match: Match, now: float) -> Reply:
        meter = self._enter_existing(request, match, "rolling-latest", now)
        if self._set.rolling is None:
            with showing(meter):
                raise refusal("entity-not-found")
        return json_reply(200, self._set.rolling.json(self._set.location, now, request.api_version), meter.headers)

    def _cancel_rolling(self, request: Request, match: Match, now: float) -> Reply:
        meter = self._enter_existing(request, match, "rolling-action", now)
        with showing(meter):
            rolling = instance_actions.running_rolling_upgrade(self._set, now)
        self._service.count(request, meter, 0)
        operation = instance_actions.cancel_rolling_upgrade(self._set, rolling, now, request.api_version, request.fate)
        return self._service.started(operation, meter, now)
