"""What goes wrong in a scenario, as data. How each takes effect is said where it is read.

Faults of an instance (`comes-up-unhealthy`, `provisioning-failure`, `hangs`, `stays-on-old-image`,
`flag-lags`) strike its first upgrade and no later one, so that a second attempt or a rollback succeeds.
"""

from dataclasses import dataclass
from typing import Any, Literal

from azure_simulator.errors import KnownError


@dataclass(frozen=True, slots=True)
class Trigger:
    """When: at `at` seconds, or `delay` seconds after the `after_upgrade`-th accepted manualupgrade (1 is
    the first).
    """

    at: float | None = None
    after_upgrade: int | None = None
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class ComesUpUnhealthy:
    """After its upgrade the instance is unhealthy, for `seconds` or for ever.

    With `flap_seconds` it changes between unhealthy and healthy every so many seconds, unhealthy first.
    """

    instance: str
    seconds: float | None = None
    flap_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisioningFailure:
    """The upgrade of the instance ends Failed with `code` and `message`; it keeps its old image.

    `operation` says how the operation as a whole ends: `failed` with the same error, or `succeeded`.
    """

    instance: str
    code: str
    message: str
    operation: Literal["failed", "succeeded"] = "failed"


@dataclass(frozen=True, slots=True)
class Hangs:
    """The upgrade of the instance never ends, nor does the operation."""

    instance: str


@dataclass(frozen=True, slots=True)
class StaysOnOldImage:
    """The upgrade of the instance ends well, yet the instance has its old image and is not current."""

    instance: str


@dataclass(frozen=True, slots=True)
class FlagLags:
    """`latestModelApplied` of the instance turns true only `seconds` after its `nth` upgrade ended."""

    instance: str
    seconds: float
    nth: int = 1


# Where the connection ends: in the TLS handshake, before the request is carried out, after it, or in the middle of the
# answer's body (an answer without a body comes whole).
Drop = Literal["tls", "before", "after", "in-body"]
DROPS: tuple[Drop, ...] = ("tls", "before", "after", "in-body")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpFault:
    """The `nth` request (1 is the first) that matches, and the `count` - 1 matching ones after it, go wrong.

    A request matches when its method is `method` (any when absent) and the regular expression `path` is
    found in its path, without regard to case. Then exactly one of: it is answered `status`, with Azure's
    error body or with the page `html`, as a gateway or a proxy in between does; the connection is `drop`ped; it
    is carried out at once and the answer hangs for `hang` seconds; it is carried out and the fields `without`
    are missing from its answer.
    """

    path: str
    method: str | None = None
    nth: int = 1
    count: int = 1
    status: int | None = None
    code: str = ""
    message: str = ""
    retry_after: float | None = None
    html: str = ""
    drop: Drop | None = None
    hang: float | None = None
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerError:
    """The `nth` matching request, and the `count` - 1 matching ones after it, are refused with a known error.

    Matching is that of HttpFault. The request comes as far as the error lets it: what it costs the throttle
    until then is spent.
    """

    path: str
    error: KnownError
    method: str | None = None
    nth: int = 1
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationFate:
    """The operation that the `nth` matching request starts lasts `seconds`, and ends Failed with `failure`.

    Matching is that of HttpFault; `count` - 1 matching requests after it share the fate. Without `seconds` it
    lasts as long as it does anyway, without `failure` (code and message) it ends well.
    """

    path: str
    method: str | None = None
    nth: int = 1
    count: int = 1
    seconds: float | None = None
    failure: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ConflictWindow:
    """For `seconds` after an update of the model has ended, manualupgrade answers 409 Conflict.

    Recorded once: one second after the operation was Succeeded (uniform_manualupgrade_conflict_409_2023).
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class Vanish:
    """The instance is gone from then on, as when its zone is preempted or autoscale takes it away."""

    when: Trigger
    instance: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Appear:
    """A new instance is there from then on: on the model of that moment, or on the `old` one of the start."""

    when: Trigger
    instance: str
    update_domain: int | None
    zone: str | None
    image: Literal["new", "old"] = "new"


@dataclass(frozen=True, slots=True)
class FallIll:
    """The instance is unhealthy, for `seconds` or for ever."""

    when: Trigger
    instance: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody stops the instance; it stays `stopped` or `deallocated`."""

    when: Trigger
    instance: str
    power: Literal["stopped", "deallocated"] = "deallocated"


@dataclass(frozen=True, slots=True)
class UpdatedBySomebody:
    """Somebody reimages this one instance: Updating for `seconds`, then on the model of the moment it
    began.
    """

    when: Trigger
    instance: str
    seconds: float


@dataclass(frozen=True, slots=True)
class RevokeTokens:
    """Every access token that was given out until then is refused with 401; new ones are given out as before."""

    when: Trigger


@dataclass(frozen=True, slots=True)
class ModelChange:
    """Somebody changes the set: `patch` is merged over its JSON and its etag moves."""

    when: Trigger
    patch: dict[str, Any]


RequestFault = HttpFault | AnswerError | OperationFate
InstanceFault = ComesUpUnhealthy | ProvisioningFailure | Hangs | StaysOnOldImage | FlagLags
Event = Vanish | Appear | FallIll | Stop | UpdatedBySomebody | RevokeTokens | ModelChange
Fault = InstanceFault | RequestFault | ConflictWindow | Event
