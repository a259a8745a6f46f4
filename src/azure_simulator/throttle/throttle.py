"""Azure's two throttles: what a request spends, and the headers that show what is left.

Resource Manager's own counts by subscription and principal, and is passed first. Microsoft.Compute's counts by
subscription and by resource. Both answer 429: the gateway's is in no recording, but documented ("Understand how Azure
Resource Manager throttles requests") and reported.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from azure_simulator.throttle.buckets import Buckets, BucketSize
from azure_simulator.throttle.limits import LIMITS, QUEUED, REQUESTS, SIZES, VIEWS
from azure_simulator.wire.answers import Headers, Refusal
from azure_simulator.wire.calendar import Calendar
from azure_simulator.wire.errors import refusal
from azure_simulator.wire.generation import Generation

# Reported for most 429s: github.com/Azure/azure-rest-api-specs/issues/270.
RETRY_AFTER = 120
GATEWAY_RETRY_AFTER = 10  # reported with its words, see gateway_errors.py
# Resource Manager's buckets as (burst, per minute): the highest recorded value and the documented refill.
_BY_THE_HOUR = {
    "reads": BucketSize(12_000, 200),
    "writes": BucketSize(1200, 20),
    "deletes": BucketSize(15_000, 250),
}
_GLOBAL = {
    "reads": BucketSize(250, 1500),
    "global-reads": BucketSize(3750, 22_500),
    "writes": BucketSize(200, 600),
    "global-writes": BucketSize(3000, 9000),
    "deletes": BucketSize(200, 600),
    "global-deletes": BucketSize(3000, 9000),
}


@dataclass(slots=True)
class Meter:
    """One request on its way through the buckets."""

    throttle: "Throttle"
    operation: str
    resource: str
    now: float
    _left: dict[str, float] = field(default_factory=dict)
    _charge: int | None = None

    @property
    def headers(self) -> Headers:
        """Return the headers that show what is left in the buckets that the request has passed."""
        headers: Headers = []
        if self._left:
            buckets = ",".join(f"Microsoft.Compute/{name};{int(level)}" for name, level in self._left.items())
            headers.append(("x-ms-ratelimit-remaining-resource", buckets))
        if self._charge is not None:
            headers.append(("x-ms-request-charge", str(self._charge)))
        return headers

    def spend(self, names: Iterable[str], amount: float = 1.0) -> None:
        """Take `amount` out of each bucket. Raises Refusal 429 when one holds too little; then none is touched."""
        names = tuple(names)
        levels = {name: self.throttle.level(name, self.resource, self.now) for name in names}
        empty = next((name for name, level in levels.items() if level < amount), None)
        if empty is not None:
            self._left |= levels
            raise too_many_requests(
                empty, self.throttle.calendar, self.now, self.headers, self.throttle.retry_after or RETRY_AFTER
            )
        for name, level in levels.items():
            self.throttle.fill(name, self.resource, level - amount, self.now)
            self._left[name] = level - amount

    def count(self, instances: int) -> None:
        """Charge the instances that the request looks at or sends a request to. Raises Refusal 429."""
        generation = self.throttle.generation(self.now)
        kind, names = LIMITS[self.operation].counted, generation.limit_names
        if names == "none" or kind == "nothing":
            return
        if kind == "views":
            if generation.views_shown:
                self.spend((VIEWS[names],), instances)
            self._charge = instances or None
            return
        if instances or generation.zero_requests_shown:
            self.spend((REQUESTS[names],), instances)
        self._left[QUEUED] = 0
        self._charge = instances


class Throttle:
    """All buckets of one subscription in one region. Several scale sets, each simulated by itself, can share them.

    `gateway_refuses` False: what is left of Resource Manager's own is only shown. `retry_after`: what every 429 asks
    for, if not the usual seconds.
    """

    def __init__(self, calendar: Calendar, *, gateway_refuses: bool = True, retry_after: float | None = None) -> None:
        self.calendar = calendar
        self.retry_after = retry_after
        self._gateway_refuses = gateway_refuses
        self._buckets = Buckets()
        self._gateway = Buckets()

    def generation(self, now: float) -> Generation:
        """Return how Azure writes at this moment."""
        return Generation(self.calendar.moment(now))

    def enter(self, operation: str, resource: str, now: float) -> Meter:
        """Spend what a request of this operation costs on `resource`. Raises Refusal 429."""
        meter = Meter(self, operation, resource, now)
        generation = self.generation(now)
        names = generation.limit_names
        lists = operation.startswith("image-") or operation == "gallery-versions"
        hidden = (lists and not generation.image_limits) or (
            operation.startswith("gallery-") and not generation.galleries_as_today
        )
        if names == "none" or hidden:
            return meter
        limits = LIMITS[operation]
        meter.spend(limits.resources if names == "resources" else limits.windows)
        return meter

    def enter_gateway(self, method: str, subscription: str, actor: str, now: float) -> None:
        """Let a request in that Resource Manager's own throttle has tokens for. Raises Refusal 429."""
        limits = self._gateway_limits(method, now)
        if self._gateway_refuses and any(self._gateway.level(name, "", size, now) < 1 for name, size in limits):
            seconds = self.retry_after or GATEWAY_RETRY_AFTER
            kind = limits[0][0].removesuffix("s")
            known = {"kind": kind, "subscription": subscription, "actor": actor, "seconds": f"{seconds:g}"}
            refused = refusal("subscription-throttled", **known)
            refused.headers += [("retry-after", f"{seconds:g}"), *self._shown(limits, now)]
            raise refused

    def pass_gateway(self, method: str, now: float) -> Headers:
        """Count one request that the gateway handed on to the provider, and return what it says is left."""
        limits = self._gateway_limits(method, now)
        for name, size in limits:
            left = max(0.0, self._gateway.level(name, "", size, now) - 1)
            self._gateway.fill(name, "", left, now)
        return self._shown(limits, now)

    def _gateway_limits(self, method: str, now: float) -> list[tuple[str, BucketSize]]:
        generation = self.generation(now)
        kind = {"GET": "reads", "HEAD": "reads", "DELETE": "deletes"}.get(method, "writes")
        if kind == "deletes" and not generation.deletions_counted:
            kind = "writes"
        if not generation.subscription_limits_are_global:
            return [(kind, _BY_THE_HOUR[kind])]
        return [(name, _GLOBAL[name]) for name in (kind, f"global-{kind}")]

    def _shown(self, limits: list[tuple[str, BucketSize]], now: float) -> Headers:
        return [
            (f"x-ms-ratelimit-remaining-subscription-{name}", str(int(self._gateway.level(name, "", size, now))))
            for name, size in limits
        ]

    def level(self, name: str, resource: str, now: float) -> float:
        """Return how many tokens a bucket holds now."""
        return self._buckets.level(name, _owner(name, resource), SIZES[name], now)

    def fill(self, name: str, resource: str, level: float, now: float) -> None:
        """Set how many tokens a bucket holds now."""
        self._buckets.fill(name, _owner(name, resource), level, now)


def _owner(bucket: str, resource: str) -> str:
    return resource.lower() if bucket.endswith("Resource") else ""


def too_many_requests(
    bucket: str, calendar: Calendar, now: float, headers: Headers, retry_after: float = RETRY_AFTER
) -> Refusal:
    """Return a throttle's 429, as reported: github.com/Azure/AKS/issues/1187."""
    size = SIZES.get(bucket, BucketSize(12, 4))
    measured = {
        "operationGroup": bucket,
        "startTime": calendar.timestamp(now),
        "endTime": calendar.timestamp(now + 60),
        "allowedRequestCount": int(size.burst),
        "measuredRequestCount": int(size.burst) + 1,
    }
    return Refusal(
        429,
        "OperationNotAllowed",
        "The server rejected the request because too many requests have been received for this subscription.",
        headers=[*headers, ("retry-after", f"{retry_after:g}")],
        details=[{"code": "TooManyRequests", "target": bucket, "message": json.dumps(measured)}],
        innererror={"internalErrorCode": "TooManyRequestsReceived"},
    )
