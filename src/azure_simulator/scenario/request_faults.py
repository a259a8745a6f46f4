"""What goes wrong with requests in a scenario, as data, and which requests a fault strikes."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from azure_simulator.scenario.faults import Window
from azure_simulator.wire.known_error import KnownError

# Where the connection ends: in the TLS handshake, before the request is carried out, after it, or in the middle of the
# answer's body (an answer without a body comes whole).
Drop = Literal["tls", "before", "after", "in-body"]
DROPS: tuple[Drop, ...] = ("tls", "before", "after", "in-body")


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """Which requests a fault strikes: the `nth` one that matches (1 is the first), and the `count` - 1 matching ones
    after it; with `every`, of these only each `every`-th, beginning with the `nth`.

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

    def matches(self, method: str, path: str, query: str) -> bool:
        """Return whether a request matches, whenever it comes."""
        if self.method is not None and self.method.upper() != method.upper():
            return False
        if self.api_version is not None and f"api-version={self.api_version}" not in query.split("&"):
            return False
        return re.search(self.path, path, re.IGNORECASE) is not None

    def strikes(self, number: int) -> bool:
        """Return whether the fault strikes the matching request with this number (1 is the first)."""
        turn, odd = divmod(number - self.nth, self.every)
        return 0 <= turn < self.count and not odd


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpFault(Matching):
    """A matching request goes wrong, in exactly one of these ways.

    `status`: it is answered so, with Azure's error body, or with the page `html`, as a gateway or a proxy does.
    `drop`: the connection ends there. `hang`: it is carried out at once, and the answer comes so many seconds later.
    `without`: it is carried out, and these fields are missing from its answer, of a list only from the entries `of`
    where these are named. `missing`: it is carried out, and these instances are not in the list that it answers.
    `empty`: it is answered 200 without a body and without headers of its own, `before` it is carried out (that is,
    instead) or `after`.
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

    @property
    def is_instead(self) -> bool:
        """Return whether the fault's answer comes instead of carrying the request out."""
        return self.status is not None or self.empty == "before"


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

    Without `seconds` it lasts as long as it does anyway, without `failure` (code and message) it succeeds. What it
    says may be untrue: after `told_after` seconds it says that it has ended, whatever the instances do, and
    `cancelled` it says Canceled instead of Failed; a failure of the operation alone changes no instance.
    """

    seconds: float | None = None
    failure: tuple[str, str] | None = None
    told_after: float | None = None
    cancelled: bool = False


RequestFault = HttpFault | AnswerError | SignInError | OperationFate


@dataclass(frozen=True, slots=True)
class Strike:
    """The faults that strike one request: the first of each kind."""

    http: HttpFault | None = None
    error: KnownError | None = None
    sign_in: SignInError | None = None
    fate: OperationFate | None = None


class RequestFaults:
    """Counts, for each fault of a scenario, the requests that match it."""

    def __init__(self, faults: tuple[object, ...]) -> None:
        self._faults = [fault for fault in faults if isinstance(fault, RequestFault)]
        self._seen = [0] * len(self._faults)

    def strike(self, method: str, path: str, query: str, is_open: Callable[[Window | None], bool]) -> Strike:
        """Return what strikes a request; every fault that it matches counts it. `is_open`: whether a window is."""
        struck: list[RequestFault] = []
        for index, fault in enumerate(self._faults):
            if not fault.matches(method, path, query) or not is_open(fault.during):
                continue
            self._seen[index] += 1
            if fault.strikes(self._seen[index]):
                struck.append(fault)
        return Strike(
            http=next((each for each in struck if isinstance(each, HttpFault)), None),
            error=next((each.error for each in struck if isinstance(each, AnswerError)), None),
            sign_in=next((each for each in struck if isinstance(each, SignInError)), None),
            fate=next((each for each in struck if isinstance(each, OperationFate)), None),
        )
