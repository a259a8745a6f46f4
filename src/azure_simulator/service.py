"""What every route of Microsoft.Compute needs: the set, the throttle, and how an accepted write is answered."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from azure_simulator.answers import Headers, Refusal, Reply, empty_reply
from azure_simulator.arm_request import Request
from azure_simulator.errors import refusal
from azure_simulator.generation import Generation
from azure_simulator.operations import Operation
from azure_simulator.scale_set import SimulatedScaleSet
from azure_simulator.throttling import Meter, Throttle

# request, match of its path, now
Handler = Callable[[Request, Any, float], Any]
Route = tuple[str, str, Handler]


@dataclass(frozen=True, slots=True)
class Service:
    """One region of the provider with one scale set."""

    scale_set: SimulatedScaleSet
    throttle: Throttle
    base_url: str
    subscription: str

    def generation(self, now: float) -> Generation:
        return Generation(self.scale_set.calendar.moment(now))

    def must_exist(self, match: re.Match[str], now: float) -> None:
        """Raises the gateway's Refusal 404 where the set of this address is not there."""
        if not self.scale_set.exists(now):
            group, name = unquote(match["group"]), unquote(match["set"])
            raise refusal("resource-not-found", kind="virtualMachineScaleSets", name=name, group=group)

    def enter(self, request: Request, operation: str, now: float, resource: str = "") -> Meter:
        """Let a request in, at the price of its operation. Raises Refusal 429, or the error that awaits it."""
        meter = self.throttle.enter(operation, resource or self.scale_set.name, now)
        request.meet("entered", meter.headers)
        return meter

    def count(self, request: Request, meter: Meter, instances: int) -> None:
        """Charge the instances that it touches; in a Flexible set nobody counts them. Raises as `enter`."""
        if not self.scale_set.flexible or meter.operation == "instance-list":
            meter.count(instances)
        request.meet("counted", meter.headers)

    def accepted(self, operation: Operation, limits: Headers, *, notify: bool, location: bool = True) -> Headers:
        """The headers of a first answer; what is left of the limits comes last."""
        headers: Headers = []
        if notify:
            headers.append(("azure-asyncnotification", "Enabled"))
        headers.append(("azure-asyncoperation", self.operation_url(operation)))
        if location:
            headers.append(("location", self.operation_url(operation, monitor=True)))
        return [*headers, *limits]

    def started(self, operation: Operation, meter: Meter, now: float) -> Reply:
        """The first answer to an action: 202 without a body."""
        notify = self.generation(now).actions_notify
        return empty_reply(202, self.accepted(operation, meter.headers, notify=notify))

    def operation_url(self, operation: Operation, monitor: bool = False) -> str:
        path = (
            f"/subscriptions/{self.subscription}/providers/Microsoft.Compute/locations/{self.scale_set.location}"
            f"/{operation.collection}/{operation.name}"
        )
        return f"{self.base_url}{path}?{operation_query(operation, monitor)}"


def operation_query(operation: Operation, monitor: bool) -> str:
    """The query of an operation's URL, or of its Location (recorded: `p` first, then monitor=true)."""
    if not monitor:
        return operation.query
    first, separator, rest = operation.query.partition("&")
    if first.startswith("p="):
        return f"{first}&monitor=true{separator}{rest}"
    return f"monitor=true&{operation.query}"


@contextmanager
def showing(meter: Meter) -> Iterator[None]:
    """A refusal on the way shows what the request has cost until then."""
    try:
        yield
    except Refusal as refused:
        told = {name for name, _ in refused.headers}
        refused.headers = [*refused.headers, *(each for each in meter.headers if each[0] not in told)]
        raise
