"""Azure's token buckets: what a request spends, and the header that tells what is left.

Sizes are those of "Compute throttling limits" (per minute / burst) and of the recordings; a burst is three
times what flows back in a minute. Names and their order are those of the recordings since late 2023. The
image buckets still have their older names there, counted over 3 and 30 minutes. manualupgrade spends no
bucket of the set itself in any recording that shows the newer names
(uniform_manualupgrade_stale_instances_2024 and others).
"""

import json
from dataclasses import dataclass

from azure_simulator.answers import Headers, Refusal
from azure_simulator.clock import timestamp

# Reported for most 429s: github.com/Azure/azure-rest-api-specs/issues/270.
RETRY_AFTER = 120


@dataclass(frozen=True, slots=True)
class BucketSize:
    burst: float
    per_minute: float


def _per_minute(per_minute: float) -> BucketSize:
    return BucketSize(3 * per_minute, per_minute)


def _over_minutes(burst: float, minutes: float) -> BucketSize:
    return BucketSize(burst, burst / minutes)


SIZES = {
    "GetVMScaleSetSubscriptionMaximum": _per_minute(800),
    "GetVMScaleSetResource": _per_minute(12),
    "HighCostGetVMScaleSetSubscriptionMaximum": _per_minute(360),
    "HighCostGetVMScaleSetResource": _per_minute(10),
    "VMScaleSetVMViewsSubscriptionMaximum": _per_minute(10_000),
    "GetVMScaleSetVMSubscriptionMaximum": _per_minute(2000),
    "GetVMScaleSetVMResource": _per_minute(12),
    "CreateVMScaleSetSubscriptionMaximum": _per_minute(125),
    "CreateVMScaleSetResource": _per_minute(4),
    "VMScaleSetActionsSubscriptionMaximum": _per_minute(500),
    "VMScaleSetActionsResource": _per_minute(4),
    "VMScaleSetBatchedVMRequestsSubscriptionMaximum": _per_minute(2000),
    "GetOperationResource": _per_minute(15),
    "GetOperationSubscriptionMaximum": _per_minute(5000),
    "ListVMImagesVersionsFromLocation3Min": _over_minutes(16_000, 3),
    "ListVMImagesVersionsFromLocation30Min": _over_minutes(44_000, 30),
    "GetVMImageFromLocation3Min": _over_minutes(13_000, 3),
    "GetVMImageFromLocation30Min": _over_minutes(74_000, 30),
    "GetGalleryImage3Min": _over_minutes(600, 3),
    "GetGalleryImage30Min": _over_minutes(3000, 30),
    "GetGalleryImageVersion3Min": _over_minutes(2000, 3),
    "GetGalleryImageVersion30Min": _over_minutes(10_000, 30),
}


@dataclass(frozen=True, slots=True)
class Spend:
    """What one request costs: bucket names in header order, and whose bucket a `...Resource` one is.

    Instances and batched requests are charged by number, `charge`; everything else by one.
    """

    buckets: tuple[str, ...]
    resource: str = ""
    charge: int | None = None

    def amount(self, bucket: str) -> float:
        by_number = bucket.startswith(("VMScaleSetVMViews", "VMScaleSetBatchedVMRequests"))
        return float(self.charge or 0) if by_number else 1.0


class Throttle:
    """All buckets of one subscription in one region. Full at the beginning."""

    def __init__(self) -> None:
        self._levels: dict[tuple[str, str], tuple[float, float]] = {}

    def spend(self, spend: Spend, now: float) -> Headers:
        """Take what `spend` costs and return the headers that say what is left.

        Raises Refusal 429 when a bucket holds too little; then nothing is taken.
        """
        if not spend.buckets:
            return []
        levels = {bucket: self._level(bucket, spend.resource, now) for bucket in spend.buckets}
        for bucket, level in levels.items():
            if level < spend.amount(bucket):
                raise too_many_requests(bucket, now, self._headers(levels, spend))
        for bucket in levels:
            levels[bucket] -= spend.amount(bucket)
            self._levels[bucket, self._owner(bucket, spend.resource)] = (levels[bucket], now)
        return self._headers(levels, spend)

    def _level(self, bucket: str, resource: str, now: float) -> float:
        size = SIZES[bucket]
        level, since = self._levels.get((bucket, self._owner(bucket, resource)), (size.burst, now))
        return min(size.burst, level + (now - since) * size.per_minute / 60)

    @staticmethod
    def _owner(bucket: str, resource: str) -> str:
        return resource.lower() if bucket.endswith("Resource") else ""

    @staticmethod
    def _headers(levels: dict[str, float], spend: Spend) -> Headers:
        remaining = ",".join(f"Microsoft.Compute/{bucket};{int(level)}" for bucket, level in levels.items())
        headers = [("x-ms-ratelimit-remaining-resource", remaining)]
        if spend.charge is not None:
            headers.append(("x-ms-request-charge", str(spend.charge)))
        return headers


def too_many_requests(bucket: str, now: float, headers: Headers, retry_after: float = RETRY_AFTER) -> Refusal:
    """A throttle's 429, as reported: github.com/Azure/AKS/issues/1187."""
    size = SIZES.get(bucket, _per_minute(4))
    told = {
        "operationGroup": bucket,
        "startTime": timestamp(now),
        "endTime": timestamp(now + 60),
        "allowedRequestCount": int(size.burst),
        "measuredRequestCount": int(size.burst) + 1,
    }
    return Refusal(
        429,
        "OperationNotAllowed",
        "The server rejected the request because too many requests have been received for this subscription.",
        headers=[*headers, ("retry-after", f"{retry_after:g}")],
        details=[{"code": "TooManyRequests", "target": bucket, "message": json.dumps(told)}],
        innererror={"internalErrorCode": "TooManyRequestsReceived"},
    )
