"""What only other clients than the action ask of the set: create it or write it whole with PUT, and delete it."""

import re

from azure_simulator.routes.scale_set import SetRoutes
from azure_simulator.routes.service import Request, Route, Service, showing
from azure_simulator.state import creation
from azure_simulator.wire.answers import Reply, empty_reply

Match = re.Match[str]


class CreationRoutes:
    """The routes that create and delete one scale set; `existing` answers a PUT of a set that exists."""

    def __init__(self, service: Service, existing: SetRoutes) -> None:
        self._service = service
        self._set = service.scale_set
        self._existing = existing

    def routes(self, one: str) -> list[Route]:
        """Return the routes; `one` is the pattern of the set's path."""
        return [("PUT", one, self._put), ("DELETE", one, self._delete)]

    def _put(self, request: Request, match: Match, now: float) -> Reply:
        if self._set.exists(now):
            return self._existing.update(request, now, "set-put")
        meter = self._service.enter(request, "set-put", now)
        with showing(meter):
            planned = creation.plan_creation(self._set, request.json(), now, request.api_version)
        self._service.count(request, meter, planned.counted)
        operation = creation.create(self._set, planned, now, request.api_version, request.fate)
        return self._existing.updated(request, operation, meter, 201, now)

    def _delete(self, request: Request, match: Match, now: float) -> Reply:
        if not self._set.exists(now):
            return empty_reply(204)
        meter = self._service.enter(request, "set-delete", now)
        self._service.count(request, meter, len(self._set.present(now)))
        operation = creation.delete(self._set, now, request.api_version, request.fate)
        notify = self._service.generation(now).updates_notify
        retry_after = [("retry-after", "10")] if notify else []
        return empty_reply(202, [*retry_after, *self._service.accepted(operation, meter.headers, notify=notify)])
