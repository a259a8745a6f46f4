"""What goes wrong in a scenario, as data. How each takes effect is said where it is read.

Faults of an instance (`comes-up-unhealthy`, `provisioning-failure`, `hangs`, `stays-on-old-image`,
`flag-lags`) strike its first upgrade and no later one, so that a second attempt or a rollback succeeds. `*` in place
of an instance is each of them.
"""

from dataclasses import dataclass
from typing import Any, Literal

from azure_simulator.errors import KnownError


@dataclass(frozen=True, slots=True)
class Trigger:
    """When: at `at` seconds, or `delay` seconds after the `after_upgrade`-th accepted manualupgrade, or the
    `after_update`-th accepted update of the set (1 is the first).
    """

    at: float | None = None
    after_upgrade: int | None = None
    after_update: int | None = None
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Window:
    """For how long something is so: from `start` on, for `seconds` or for ever."""

    start: Trigger
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class ComesUpUnhealthy:
    """After its upgrade the instance is unhealthy, for `seconds` or for ever.

    With `flap_seconds` it changes between unhealthy and healthy every so many seconds, unhealthy first. With
    `relapses_after` it is healthy for so many seconds after `seconds`, and then unhealthy for ever.
    """

    instance: str
    seconds: float | None = None
    flap_seconds: float | None = None
    relapses_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisioningFailure:
    """The upgrade of the instance ends Failed with `code` and `message`; it has its `old` image, or the `new` one.

    `operation` says how the operation as a whole ends: `failed` with the same error, or `succeeded`. `extension`:
    the extension that failed, which shows so in its own status.
    """

    instance: str
    code: str
    message: str
    operation: Literal["failed", "succeeded"] = "failed"
    image: Literal["new", "old"] = "old"
    extension: str = ""


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
class Matching:
    """The `nth` request (1 is the first) that matches, and the `count` - 1 matching ones after it; with `every`, only
    each so-manieth of these, beginning with the `nth`.

    A request matches when its method is `method` and its api-version `api_version` (any where absent), the regular
    expression `path` is found in its path, without regard to case, and it comes `during` that window.
    """

    path: str
    method: str | None = None
    nth: int = 1
    count: int = 1
    every: int = 1
    api_version: str | None = None
    during: Window | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpFault(Matching):
    """A matching request goes wrong.

    Exactly one of: it is answered `status`, with Azure's error body or with the page `html`, as a gateway or a proxy in
    between does; the connection is `drop`ped; it is carried out at once and the answer hangs for `hang` seconds; it is
    carried out and the fields `without` are missing from its answer, of a list only from the entries `of` where these
    are named; it is carried out and the instances `missing` are not in the list that it answers; it is answered 200,
    without a body and without headers of its own, `empty` `before` it is carried out, that is instead, or `after`.
    """

    status: int | None = None
    code: str = ""
    message: str = ""
    retry_after: float | None = None
    html: str = ""
    drop: Drop | None = None
    hang: float | None = None
    without: tuple[str, ...] = ()
    of: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    empty: Literal["before", "after"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerError(Matching):
    """A matching request is refused with a known error.

    The request comes as far as the error lets it: what it costs the throttle until then is spent.
    """

    error: KnownError


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInError(Matching):
    """A matching request for a token is refused by Entra, with this number and text."""

    status: int
    error: str
    number: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationFate(Matching):
    """The operation that a matching request starts lasts `seconds`, and ends Failed with `failure`.

    Without `seconds` it lasts as long as it does anyway, without `failure` (code and message) it ends well. What it
    says need not be so: `told_after` so many seconds it says that it has ended, whatever the instances do, and
    `cancelled` it says Canceled instead of Failed; a failure of the operation alone hurts no instance.
    """

    seconds: float | None = None
    failure: tuple[str, str] | None = None
    told_after: float | None = None
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class ListLags:
    """The lists of instances, and of a Flexible set's machines, show what was so `seconds` ago."""

    seconds: float
    during: Window | None = None


@dataclass(frozen=True, slots=True)
class ModelLags:
    """A GET of the set shows what was so `seconds` ago."""

    seconds: float
    during: Window | None = None


@dataclass(frozen=True, slots=True)
class HealthLags:
    """What the instance reported before an upgrade stays shown during it and for `seconds` after it. With `time` each
    health shows since when it has been reported.
    """

    instance: str
    seconds: float
    time: bool = False


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
    """A new instance is there from then on: on the model of that moment, or on the `old` one of the start.

    It is Creating for `creating_seconds`, unhealthy for `healthy_after` more; with `failure` its creation ends so.
    `scaled`: the set's capacity grows with it, as when somebody or autoscale has asked for it.
    """

    when: Trigger
    instance: str
    update_domain: int | None
    zone: str | None
    image: Literal["new", "old"] = "new"
    creating_seconds: float = 0.0
    healthy_after: float = 0.0
    failure: tuple[str, str] | None = None
    extension: str = ""
    scaled: bool = False


@dataclass(frozen=True, slots=True)
class ScaleIn:
    """Autoscale takes an instance away, the one that Azure's default policy names."""

    when: Trigger


@dataclass(frozen=True, slots=True)
class Evict:
    """Azure takes the machine of a Spot instance: it is deallocated or deleted, as the set's `evictionPolicy` says."""

    when: Trigger
    instance: str


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
    """Somebody changes the set: `patch` is merged over its JSON and its etag moves.

    `new_model`: no instance is current after it, even where it changes nothing that instances are made from.
    """

    when: Trigger
    patch: dict[str, Any]
    new_model: bool = False


RequestFault = HttpFault | AnswerError | SignInError | OperationFate
ReadFault = ListLags | ModelLags | HealthLags
InstanceFault = ComesUpUnhealthy | ProvisioningFailure | Hangs | StaysOnOldImage | FlagLags
Event = Vanish | Appear | ScaleIn | Evict | FallIll | Stop | UpdatedBySomebody | RevokeTokens | ModelChange
Fault = InstanceFault | RequestFault | ReadFault | ConflictWindow | Event
