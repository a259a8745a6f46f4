"""Polls of operations, and of their Location."""

import re
from urllib.parse import parse_qsl, unquote

from azure_simulator.answers import Headers, Reply, empty_reply, json_reply
from azure_simulator.arm_request import Request
from azure_simulator.errors import refusal
from azure_simulator.operations import Operation
from azure_simulator.service import Route, Service, operation_query

_ONE = "/providers/Microsoft.Compute/locations/(?P<location>[^/]+)/(?P<collection>{})/(?P<name>[^/]+)"


class OperationRoutes:
    """Answers about the operations of one region, the gallery's own among them."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def routes(self) -> list[Route]:
        return [("GET", _ONE.format("operations|capsOperations"), self._poll)]

    def _poll(self, request: Request, match: re.Match[str], now: float) -> Reply:
        """The URL must come back as it was given out; what Azure says to another one is not recorded."""
        monitor = request.query.get("monitor", "").lower() == "true"
        operation = self._operation_of(request, match, monitor)
        kind = "operation" if operation.collection == "operations" else "gallery-operation"
        meter = self._service.enter(request, kind, now, operation.name)
        if not monitor:
            body = operation.poll(now, self._service.scale_set.calendar)
            return json_reply(200, body, [*self._waits(operation, now), *meter.headers])
        if operation.running(now):
            location = ("location", self._service.operation_url(operation, monitor=True))
            return empty_reply(202, [location, *meter.headers])
        return empty_reply(200, meter.headers)

    def _operation_of(self, request: Request, match: re.Match[str], monitor: bool) -> Operation:
        """Raises Refusal 404 for an address that was not given out."""
        operations, location = self._service.scale_set.operations, self._service.scale_set.location
        operation = operations.by_name.get(match["name"].lower())
        if operation is None or unquote(match["location"]).lower() != location.lower():
            raise refusal("entity-not-found")
        asked = {**request.query, "monitor": "true"} if monitor else request.query
        if dict(parse_qsl(operation_query(operation, monitor))) != asked:
            raise refusal("entity-not-found")
        return operation

    def _waits(self, operation: Operation, now: float) -> Headers:
        seconds = operation.take_retry_after(now)
        if operation.failed(now):
            seconds = self._service.generation(now).failure_retry_after
        return [] if seconds is None else [("retry-after", str(seconds))]
