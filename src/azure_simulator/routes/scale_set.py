"""Requests for the set itself: list and read it, update it, suspend and resume its automatic repairs."""

import re
from typing import Any
from urllib.parse import unquote

from azure_simulator.bodies.scale_set import etag, neighbour_body, set_body, set_view
from azure_simulator.routes.service import Request, Route, Service, showing
from azure_simulator.state import set_updates
from azure_simulator.state.operations import Operation, lasting
from azure_simulator.state.periods import FOREVER
from azure_simulator.throttle.throttle import Meter
from azure_simulator.wire.answers import Headers, Reply, json_reply
from azure_simulator.wire.errors import refusal

Match = re.Match[str]

REPAIRS_SWITCHED = 1.0


class SetRoutes:
    """The routes of one scale set."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._set = service.scale_set

    def routes(self, sets: str, one: str) -> list[Route]:
        """Return the routes; `sets` and `one` are the patterns of the paths of all sets of a group, and of one."""
        return [
            ("GET", "/providers/Microsoft.Compute/virtualMachineScaleSets", self._list_everywhere),
            ("GET", sets, self._list),
            ("GET", one, self._get),
            ("PATCH", one, self._patch),
            ("GET", one + "/instanceView", self._view),
            ("POST", one + "/setOrchestrationServiceState", self._set_service_state),
        ]

    # --- reading ---

    def _list_everywhere(self, request: Request, match: Match, now: float) -> Reply:
        """List all sets of the subscription. It spends no region's bucket (recorded)."""
        return json_reply(200, {"value": [*self._bodies(request, now), *self._neighbours(request, now)]})

    def _list(self, request: Request, match: Match, now: float) -> Reply:
        """List the sets of the group. Where there is none, no bucket is spent (recorded)."""
        group = unquote(match["group"])
        others = [each for each in self._neighbours(request, now) if _group_of(each) == group.lower()]
        bodies = [*self._bodies(request, now, group), *others]
        if not bodies:
            return json_reply(200, {"value": []})
        meter = self._service.enter(request, "set-list", now)
        return json_reply(200, {"value": bodies}, meter.headers)

    def _bodies(self, request: Request, now: float, group: str = "") -> list[dict[str, Any]]:
        """Return the sets of the subscription, or of a group of it, as a GET shows each."""
        generation = self._service.generation(now)
        return [
            set_body(each, each.agenda.shown_at(now), request.api_version, generation)
            for each in self._service.sets_at(now, group)
            if each.exists(now)
        ]

    def _neighbours(self, request: Request, now: float) -> list[dict[str, Any]]:
        generation = self._service.generation(now)
        return [neighbour_body(each, request.api_version, generation) for each in self._set.scenario.neighbours]

    def _body(self, request: Request, now: float) -> dict[str, Any]:
        return set_body(self._set, now, request.api_version, self._service.generation(now))

    def _seen(self, request: Request, now: float) -> tuple[dict[str, Any], float]:
        """Return the set as a GET shows it, and the moment that it shows."""
        then = self._set.agenda.shown_at(now)
        return self._body(request, then), then

    def _get(self, request: Request, match: Match, now: float) -> Reply:
        meter = self.enter_existing(request, match, "set-get", now)
        body, then = self._seen(request, now)
        return json_reply(200, body, [*self._etag(request, then), *meter.headers])

    def _view(self, request: Request, match: Match, now: float) -> Reply:
        meter = self.enter_existing(request, match, "set-view", now)
        if self._set.flexible:
            with showing(meter):
                verb = "VirtualMachineScaleSets.instanceView.GET"
                raise refusal("not-allowed-on-flexible", verb=verb, name=self._set.name)
        return json_reply(200, set_view(self._set, now), meter.headers)

    def enter_existing(self, request: Request, match: Match, operation: str, now: float) -> Meter:
        """Let a request in. Raises Refusal 404: the gateway's for a set that never existed, the provider's for one
        that was deleted.
        """
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

    def _patch(self, request: Request, match: Match, now: float) -> Reply:
        self._service.must_exist(match, now)
        return self.update(request, now, "set-patch")

    def update(self, request: Request, now: float, kind: str) -> Reply:
        """Carry out a PATCH, or a PUT of a set that exists, and answer it."""
        meter = self._service.enter(request, kind, now)
        with showing(meter):
            self._check_etag(request, now)
            stay = request.method == "PATCH"
            planned = set_updates.plan_update(self._set, request.json(), now, request.api_version, extensions_stay=stay)
        self._service.count(request, meter, planned.counted)
        operation = set_updates.update(self._set, planned, now, request.api_version, request.fate)
        return self.updated(request, operation, meter, 200, now)

    def updated(self, request: Request, operation: Operation, meter: Meter, status: int, now: float) -> Reply:
        """Return the first answer to an update, or with status 201 to a creation."""
        notify = self._service.generation(now).updates_notify
        retry_after = [("retry-after", "10")] if notify else []
        accepted = self._service.accepted(operation, meter.headers, notify=notify, location=False)
        body = self._body(request, now)
        # Whatever there is to do, the first answer shows the set as Creating or Updating (recorded).
        body["properties"]["provisioningState"] = "Creating" if status == 201 else "Updating"
        return json_reply(status, body, [*retry_after, *self._etag(request, now), *accepted])

    def _check_etag(self, request: Request, now: float) -> None:
        wanted, found = request.headers.get("if-match"), etag(self._set, now)
        if wanted not in (None, "*", found):
            raise refusal("precondition-failed", wanted=wanted, found=found)

    def _set_service_state(self, request: Request, match: Match, now: float) -> Reply:
        """Suspend or resume automatic repairs (uniform_orchestration_service_state_2024)."""
        meter = self.enter_existing(request, match, "rolling-action", now)
        self._service.count(request, meter, 0)
        with showing(meter):
            body = request.json()
            action, service = str(body.get("action")), body.get("serviceName")
            if action.lower() not in ("suspend", "resume") or service != "AutomaticRepairs":
                raise refusal("invalid-parameter", parameter="action")
        self._set.repairs_suspended = action.lower() == "suspend"
        ends = now + lasting(request.fate, REPAIRS_SWITCHED)
        operation = self._set.operations.start(now, request.api_version, lambda: ends, fate=request.fate)
        return self._service.started(operation, meter, now)


def _group_of(body: dict[str, Any]) -> str:
    """Return the resource group in a resource's id, in lower case."""
    return str(body["id"]).strip("/").split("/")[3].lower()
