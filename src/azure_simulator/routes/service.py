"""What every route of Resource Manager needs: the request taken apart, the set, the throttle, and how an accepted
write is answered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote

from azure_simulator.scenario.request_faults import OperationFate
from azure_simulator.state.events import settle
from azure_simulator.state.instances import Instance
from azure_simulator.state.operations import Operation
from azure_simulator.state.scale_set import SimulatedScaleSet
from azure_simulator.throttle.throttle import Meter, Throttle
from azure_simulator.wire.answers import Headers, Refusal, Reply, empty_reply
from azure_simulator.wire.errors import refusal
from azure_simulator.wire.generation import Generation
from azure_simulator.wire.known_error import KnownError, Stage


@dataclass(frozen=True, slots=True)
class Request:
    """A request to Resource Manager, taken apart once for every route.

    Names of query parameters and headers are lower case; `path` is as sent. `error` and `fate` are what a fault of
    the scenario has decided about the request.
    """

    method: str
    path: str
    query: dict[str, str]
    raw_query: str
    headers: Mapping[str, str]
    body: bytes
    error: KnownError | None = None
    fate: OperationFate | None = None

    @property
    def api_version(self) -> str:
        """Return the version that the client asks for; empty where it does not say."""
        return self.query.get("api-version", "")

    def meet(self, stage: Stage, headers: Headers) -> None:
        """Raise the error that awaits the request at this stage, if any; it shows `headers` too."""
        if self.error is not None and self.error.stage == stage:
            self.fail(headers)

    def fail(self, headers: Headers) -> None:
        """Raise the error that awaits the request, if any, at whatever stage; it shows `headers` too."""
        if self.error is not None:
            refused = self.error.refusal()
            refused.headers = [*refused.headers, *headers]
            raise refused

    def json(self) -> dict[str, Any]:
        """Return the body as a JSON object. Raises Refusal 400 when it is none."""
        try:
            body = json.loads(self.body)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise Refusal(
                400, "InvalidRequestContent", "The request content was invalid and could not be deserialized."
            )
        return body


def parse_request(
    method: str,
    path: str,
    raw_query: str,
    headers: Mapping[str, str],
    body: bytes,
    error: KnownError | None = None,
    fate: OperationFate | None = None,
) -> Request:
    """Take a request apart. `headers` have their names in lower case."""
    return Request(method.upper(), path, dict(query_of(raw_query)), raw_query, headers, body, error, fate)


@lru_cache(maxsize=256)  # clients poll a few addresses
def query_of(raw: str) -> tuple[tuple[str, str], ...]:
    """Return the parameters of a query, their names in lower case."""
    return tuple((name.lower(), value) for name, value in parse_qsl(raw, keep_blank_values=True))


# A handler takes the request, the match of its path, and the moment.
Handler = Callable[[Request, Any, float], Reply]
Route = tuple[str, str, Handler]


@dataclass(frozen=True, slots=True)
class Service:
    """One region of the provider with one scale set. `all`: those of all sets of the subscription, this one too."""

    scale_set: SimulatedScaleSet
    throttle: Throttle
    base_url: str
    subscription: str
    all: list[Service]

    def generation(self, now: float) -> Generation:
        """Return how Azure writes at this moment."""
        return Generation(self.scale_set.calendar.moment(now))

    @property
    def group(self) -> str:
        """Return the set's resource group."""
        return str(self.scale_set.json["id"]).strip("/").split("/")[3]

    def sets_at(self, now: float, group: str = "") -> list[SimulatedScaleSet]:
        """Return the sets of the subscription, or of one group of it, deleted ones too, as they are at this moment."""
        found = [each.scale_set for each in self.all if group.lower() in ("", each.group.lower())]
        for each in found:
            settle(each, now)
        return found

    def must_exist(self, match: re.Match[str], now: float) -> None:
        """Raise the gateway's Refusal 404 unless the set of this address exists."""
        if not self.scale_set.exists(now):
            group, name = unquote(match["group"]), unquote(match["set"])
            raise refusal("resource-not-found", kind="virtualMachineScaleSets", name=name, group=group)

    def find_instance(self, name: str, now: float) -> Instance:
        """Return an instance by its id. Raises Refusal 404 when it does not exist."""
        instance = self.scale_set.present_instance(name, now)
        if instance is None:
            raise refusal("entity-not-found")
        return instance

    def enter(self, request: Request, operation: str, now: float, resource: str = "") -> Meter:
        """Let a request in, at the price of its operation. Raises Refusal 429, or the error that awaits it."""
        # With the group, since another one may have a set of this name.
        name = f"{self.group}/{resource or self.scale_set.name}"
        meter = self.throttle.enter(operation, name, now)
        request.meet("entered", meter.headers)
        return meter

    def count(self, request: Request, meter: Meter, instances: int) -> None:
        """Charge the instances that a request touches; those of a Flexible set are not counted. Raises as `enter`."""
        if not self.scale_set.flexible or meter.operation == "instance-list":
            meter.count(instances)
        request.meet("counted", meter.headers)

    def accepted(self, operation: Operation, limits: Headers, *, notify: bool, location: bool = True) -> Headers:
        """Return the headers of a first answer; what is left of the limits comes last."""
        headers: Headers = []
        if notify:
            headers.append(("azure-asyncnotification", "Enabled"))
        headers.append(("azure-asyncoperation", self.operation_url(operation)))
        if location:
            headers.append(("location", self.operation_url(operation, monitor=True)))
        return [*headers, *limits]

    def started(self, operation: Operation, meter: Meter, now: float) -> Reply:
        """Return the first answer to an action: 202 without a body."""
        notify = self.generation(now).actions_notify
        return empty_reply(202, self.accepted(operation, meter.headers, notify=notify))

    def operation_url(self, operation: Operation, monitor: bool = False) -> str:
        """Return the URL of an operation, or of its Location (`monitor`)."""
        path = (
            f"/subscriptions/{self.subscription}/providers/Microsoft.Compute/locations/{self.scale_set.location}"
            f"/{operation.collection}/{operation.name}"
        )
        return f"{self.base_url}{path}?{operation_query(operation, monitor)}"


def operation_query(operation: Operation, monitor: bool) -> str:
    """Return the query of an operation's URL, or of its Location (recorded: `p` first, then monitor=true)."""
    if not monitor:
        return operation.query
    first, separator, rest = operation.query.partition("&")
    if first.startswith("p="):
        return f"{first}&monitor=true{separator}{rest}"
    return f"monitor=true&{operation.query}"


@contextmanager
def showing(meter: Meter) -> Iterator[None]:
    """Show, on a refusal raised inside, what the request has cost until then."""
    try:
        yield
    except Refusal as refused:
        shown = {name for name, _ in refused.headers}
        refused.headers = [*refused.headers, *(each for each in meter.headers if each[0] not in shown)]
        raise
