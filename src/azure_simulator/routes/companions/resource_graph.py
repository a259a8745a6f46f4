"""Resource Graph: a query of the resources that the caller may read, in an index that is up to a minute old.

Documented ("Resources - Resources", "Working with large Azure resource data sets", "Guidance for throttled requests in
Azure Resource Graph"): at most 1,000 rows a page; 15 queries in 5 seconds and user, and each page is a query. The
window begins with the first query. A subscription of which the caller may read nothing is left out in silence; where
none is left, the query is refused.

Only scale sets are in the index here, those of the scenario and its neighbours; a management group has all of them.
"""

import base64
import fnmatch
import math
import re
from typing import Any

from azure_simulator.bodies.companions.resource_graph import answer_body, graph_refusal, no_such_version, row_of
from azure_simulator.graph.query import Query, read_query
from azure_simulator.routes.service import Request, Route, Service
from azure_simulator.scenario.scenario import Permission
from azure_simulator.state.companions.graph_index import indexed
from azure_simulator.wire.answers import Headers, NotSimulated, Refusal, Reply, json_reply

RESOURCES = "/providers/Microsoft.ResourceGraph/resources"
VERSIONS = ("2021-03-01", "2022-10-01", "2024-04-01")
QUERIES, WINDOW = 15, 5.0
MOST_ROWS = 1000
_READ = "Microsoft.Compute/virtualMachineScaleSets/read"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_OPTIONS = {"$top", "$skip", "$skipToken", "resultFormat", "allowPartialScopes"}
_THROTTLED = (
    "Client application has been throttled and should not attempt to repeat the request until an amount of time has "
    "elapsed. Please see https://aka.ms/resourcegraph-throttling for help."
)


class ResourceGraphRoutes:
    """The route of the index; the address is the tenant's, not a subscription's."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._window_ends = 0.0
        self._left = QUERIES

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [("POST", RESOURCES, self._query)]

    def _query(self, request: Request, match: re.Match[str], now: float) -> Reply:
        if request.api_version not in VERSIONS:
            raise no_such_version(request.api_version, VERSIONS)
        quota = self._enter(now)
        try:
            return json_reply(200, self._answer(request.json(), now), quota)
        except Refusal as refused:
            refused.headers = [*refused.headers, *quota]
            raise

    def _enter(self, now: float) -> Headers:
        """Spend one query of the user's quota. Raises Refusal 429."""
        if now >= self._window_ends:
            self._window_ends, self._left = now + WINDOW, QUERIES
        seconds = math.ceil(self._window_ends - now)
        throttled = not self._left
        self._left = max(0, self._left - 1)
        quota = [
            ("x-ms-user-quota-remaining", str(self._left)),
            ("x-ms-user-quota-resets-after", f"00:00:{seconds:02d}"),
        ]
        if throttled:
            details = [{"code": "RateLimiting", "message": _THROTTLED}]
            raise graph_refusal(
                429, "RateLimiting", details, self._moment(now), [*quota, ("retry-after", str(seconds))]
            )
        return quota

    def _answer(self, body: dict[str, Any], now: float) -> dict[str, Any]:
        if unknown := body.keys() - {"subscriptions", "managementGroups", "query", "options"}:
            raise NotSimulated(f"a query of Resource Graph with {', '.join(sorted(unknown))}")
        options = body.get("options") or {}
        if unknown := options.keys() - _OPTIONS:
            raise NotSimulated(f"a query of Resource Graph with the options {', '.join(sorted(unknown))}")
        query = self._read(str(body.get("query") or ""), now)
        self._check_scope([str(each) for each in body.get("subscriptions") or []], now)
        rows = query.run(self._rows(now))
        first, most = _read_page(options)
        page = rows[first : first + most]
        cut = first + most < len(rows)
        token = _token(first + most) if cut and query.pages else None
        table = options.get("resultFormat", "objectArray") == "table"
        return answer_body(page, list(query.columns), len(rows), token, cut=cut, table=table)

    def _read(self, text: str, now: float) -> Query:
        try:
            return read_query(text)
        except Refusal as refused:
            raise graph_refusal(400, "BadRequest", refused.error["details"], self._moment(now)) from refused

    def _check_scope(self, asked: list[str], now: float) -> None:
        """Raise Refusal 400 where a subscription is none, or nothing may be read in any of them."""
        if wrong := next((each for each in asked if _GUID.fullmatch(each) is None), None):
            message = f"Subscription ids have to be valid GUIDs. Given: '{wrong}'."
            raise self._refusal("SubscriptionsContainInvalidGuids", message, now)
        known = not asked or self._service.subscription.lower() in [each.lower() for each in asked]
        if not known or not any(_may_read(each.scale_set.scenario.permissions) for each in self._service.all):
            given = ", ".join(asked)
            message = (
                f"There must be at least one subscription that is eligible to contain resources. Given: '{given}'."
            )
            raise self._refusal("NoValidSubscriptionsInQueryRequest", message, now)

    def _rows(self, now: float) -> list[dict[str, Any]]:
        """Return a row for each set in the index that the caller may read."""
        sets = [each for each in self._service.sets_at(now) if _may_read(each.scenario.permissions)]
        known = [json for each in sets if (json := indexed(each, now)) is not None]
        return [row_of(each) for each in (*known, *self._service.scale_set.scenario.neighbours)]

    def _refusal(self, code: str, message: str, now: float) -> Refusal:
        return graph_refusal(400, "BadRequest", [{"code": code, "message": message}], self._moment(now))

    def _moment(self, now: float) -> str:
        return self._service.scale_set.calendar.timestamp(now).replace("+00:00", "Z")


def _may_read(permissions: tuple[Permission, ...] | None) -> bool:
    """Return whether a role lets the caller read the set; that permissions may not be read says nothing of it."""
    return permissions is None or any(_grants(each.actions) and not _grants(each.not_actions) for each in permissions)


def _grants(actions: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(_READ.lower(), each.lower()) for each in actions)


def _read_page(options: dict[str, Any]) -> tuple[int, int]:
    """Return the number of the page's first row, and how many rows it has at most."""
    most, first = options.get("$top", MOST_ROWS), options.get("$skip", 0)
    if not isinstance(most, int) or not 1 <= most <= MOST_ROWS or not isinstance(first, int) or first < 0:
        raise NotSimulated(f"a query of Resource Graph with $top {most} and $skip {first}")
    token = options.get("$skipToken")
    return (first if token is None else _first_of(str(token))), most


def _token(first: int) -> str:
    return base64.b64encode(f"first:{first}".encode()).decode()


def _first_of(token: str) -> int:
    """Return the number of the row that a page begins with."""
    try:
        found = re.fullmatch("first:([0-9]+)", base64.b64decode(token, validate=True).decode())
    except ValueError:
        found = None
    if found is None:
        raise NotSimulated("a query of Resource Graph with a $skipToken that was not given out")
    return int(found[1])
