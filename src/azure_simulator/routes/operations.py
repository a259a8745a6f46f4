"""Polls of operations, and of their Location."""

import math
import re
from urllib.parse import unquote

from azure_simulator.bodies.operations import operation_body
from azure_simulator.routes.service import Request, Route, Service, operation_query, query_of
from azure_simulator.state.operations import Operation
from azure_simulator.wire.answers import Headers, Reply, empty_reply, json_reply
from azure_simulator.wire.errors import refusal

Match = re.Match[str]

_ONE = (
    "/providers/Microsoft.Compute/locations/(?P<location>[^/]+)"
    "/(?P<collection>operations|capsOperations)/(?P<name>[^/]+)"
)


class OperationRoutes:
    """The routes of the operations of one region, those of galleries included."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [("GET", _ONE, self._poll)]

    def _poll(self, request: Request, match: Match, now: float) -> Reply:
        """Answer a poll. Its URL must be as it was given out; what Azure says to another one is not recorded."""
        monitor = request.query.get("monitor", "").lower() == "true"
        operation = self._find_operation(request, match, monitor)
        kind = "operation" if operation.collection == "operations" else "gallery-operation"
        meter = self._service.enter(request, kind, now, operation.name)
        if not monitor:
            body = operation_body(operation, now, self._service.scale_set.calendar)
            return json_reply(200, body, [*self._retry_after(operation, now), *meter.headers])
        if operation.running(now):
            location = ("location", self._service.operation_url(operation, monitor=True))
            return empty_reply(202, [location, *meter.headers])
        if operation.output is not None and not operation.failed(now):
            return json_reply(200, operation.output, meter.headers)
        return empty_reply(200, meter.headers)

    def _find_operation(self, request: Request, match: Match, monitor: bool) -> Operation:
        """Return the operation of an address. Raises Refusal 404 for an address that was not given out."""
        operations, location = self._service.scale_set.operations, self._service.scale_set.location
        operation = operations.by_name.get(match["name"].lower())
        if operation is None or unquote(match["location"]).lower() != location.lower():
            raise refusal("entity-not-found")
        asked = {**request.query, "monitor": "true"} if monitor else request.query
        if dict(query_of(operation_query(operation, monitor))) != asked:
            raise refusal("entity-not-found")
        return operation

    def _retry_after(self, operation: Operation, now: float) -> Headers:
        seconds = operation.take_retry_after(now)
        longest = self._service.scale_set.scenario.timing.poll_pause
        if seconds is None and longest is not None and operation.running(now):
            seconds = math.ceil(min(longest, operation.ends_at() - now))
        if operation.failed(now):
            seconds = self._service.generation(now).failure_retry_after
        return [] if seconds is None else [("retry-after", str(seconds))]
