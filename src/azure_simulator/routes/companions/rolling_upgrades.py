"""Requests for Azure's own rolling upgrades: read the latest one; other clients also start and cancel one."""

import re

from azure_simulator.bodies.rolling_upgrades import rolling_upgrade_body
from azure_simulator.routes.scale_set import SetRoutes
from azure_simulator.routes.service import Request, Route, Service, showing
from azure_simulator.state.rolling import starting
from azure_simulator.state.rolling_upgrades import find_running
from azure_simulator.wire.answers import Reply, json_reply
from azure_simulator.wire.errors import refusal

Match = re.Match[str]


class RollingUpgradeRoutes:
    """The routes of the rolling upgrades of one scale set. `sets` lets requests in."""

    def __init__(self, service: Service, sets: SetRoutes) -> None:
        self._service = service
        self._set = service.scale_set
        self._sets = sets

    def routes(self, one: str) -> list[Route]:
        """Return the routes; `one` is the pattern of the set's path."""
        return [
            ("GET", one + "/rollingUpgrades/latest", self._latest),
            ("POST", one + "/osRollingUpgrade", self._start),
            ("POST", one + "/extensionRollingUpgrade", self._start),
            ("POST", one + "/rollingUpgrades/cancel", self._cancel),
        ]

    def _latest(self, request: Request, match: Match, now: float) -> Reply:
        meter = self._sets.enter_existing(request, match, "rolling-latest", now)
        if self._set.rolling is None:
            with showing(meter):
                raise refusal("entity-not-found")
        body = rolling_upgrade_body(self._set.rolling, self._set.location, now, request.api_version)
        return json_reply(200, body, meter.headers)

    def _start(self, request: Request, match: Match, now: float) -> Reply:
        meter = self._sets.enter_existing(request, match, "rolling-action", now)
        self._service.count(request, meter, 0)
        with showing(meter):
            operation = starting.start_by_request(self._set, now, request.api_version, request.fate)
        return self._service.started(operation, meter, now)

    def _cancel(self, request: Request, match: Match, now: float) -> Reply:
        meter = self._sets.enter_existing(request, match, "rolling-action", now)
        with showing(meter):
            rolling = find_running(self._set, now)
        self._service.count(request, meter, 0)
        operation = starting.cancel_by_request(self._set, rolling, now, request.api_version, request.fate)
        return self._service.started(operation, meter, now)
