"""Every exception of the project, divided by who must act.

VmssUpgradeError        str() is one sentence; `.remedy` is the next one
├── InputError          the workflow author must change an input
├── PlanRefused         the scale set must be changed first; nothing was written
├── AzureError          Azure said no, or did not answer
├── Interrupted         someone cancelled
└── InternalError       we must correct a bug: stands for anything else that was raised
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

ISSUES = "Please open an issue with the traceback in the log."


class VmssUpgradeError(Exception):
    """Base of all. `str(error)` is what is wrong, `error.remedy` what to do about it."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file below the workspace; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class InputProblem:
    """One thing wrong with one input, named as in action.yml. `place`: where, if it stands in a file."""

    input: str
    message: str
    remedy: str
    place: Place | None = None

    def __str__(self) -> str:
        return f"{self.input}: {self.message}. {self.remedy}"


class InputError(VmssUpgradeError):
    """One or more inputs are wrong. Raised before anything is asked of Azure; holds every problem found."""

    def __init__(self, problems: list[InputProblem]) -> None:
        noun, them = ("problem", "it") if len(problems) == 1 else ("problems", "them")
        files = {problem.place.file if problem.place else "" for problem in problems}
        where, place = f"in the file {min(files, default='')}", "there"
        if len(files) != 1 or "" in files:
            names = dict.fromkeys(problem.input for problem in problems)
            where, place = f"with the inputs: {', '.join(names)}", "in the workflow"
        super().__init__(f"{len(problems)} {noun} {where}.", f"Correct {them} {place}.")
        self.problems = tuple(problems)


class PlanRefused(VmssUpgradeError):
    """The scale set as it is cannot be rolled safely; nothing was written. Names the setting and its value."""


class Trouble(Enum):
    """What kind of "no" Azure gave; decides whether waiting can help."""

    CONFLICT = "conflict"  # 409: another request is at work on the scale set
    THROTTLED = "throttled"  # 429
    UNCERTAIN = "uncertain"  # 5xx, 408 or no answer: the request may have been carried out
    CHANGED = "changed"  # 412: the scale set is no longer the one that was read
    GONE = "gone"  # an instance named in the request no longer exists
    NOT_FOUND = "not found"  # 404
    VERSION_UNKNOWN = "version unknown"  # 400: the server that answered does not know the api-version yet; another may
    NO_RECORD = "no record"  # 404 to a poll: Azure accepted the operation, but does not know it (yet, or any more)
    TOKEN_REFUSED = "token refused"  # 401, or one without a code: the access token is not accepted; a fresh one may be
    DENIED = "denied"  # 403, any other 401, or no token
    OTHER_TENANT = "other tenant"  # 401: the resource belongs to another tenant than the token
    REJECTED = "rejected"  # any other answer: waiting will not help


# The request was not answered, so that asking again may help.
ASK_AGAIN = (Trouble.THROTTLED, Trouble.UNCERTAIN, Trouble.TOKEN_REFUSED)
LEAST_WAIT = 1.0  # seconds; even if Azure asks for a shorter wait, nothing is asked again without a pause


class AzureError(VmssUpgradeError):
    """Azure refused a request or did not answer it.

    `code` is Azure's error code (or the HTTP status if it gave none), `retry_after` the wait in seconds that
    Azure asked for (None if it did not), `correlation_id` the id that Microsoft support asks for.
    """

    def __init__(
        self,
        message: str,
        *,
        trouble: Trouble,
        code: str,
        doing: str,
        remedy: str = "",
        retry_after: float | None = None,
        correlation_id: str = "",
    ) -> None:
        super().__init__(message, remedy)
        self.trouble = trouble
        self.code = code
        self.doing = doing
        self.retry_after = retry_after
        self.correlation_id = correlation_id


class Interrupted(VmssUpgradeError):
    """The run was cancelled (SIGINT or SIGTERM)."""

    def __init__(self) -> None:
        super().__init__(
            "The run was cancelled by somebody, or by the job's `timeout-minutes`.",
            "Run the workflow again with the same inputs to go on.",
        )


class InternalError(VmssUpgradeError):
    """A bug of ours."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(f"Internal error: {type(error).__name__}: {error}.", ISSUES)


def as_ours(error: BaseException) -> VmssUpgradeError:
    """Return the error that says who must act: `error` itself, unless somebody cancelled or it is a bug."""
    if isinstance(error, VmssUpgradeError):
        return error
    return Interrupted() if isinstance(error, KeyboardInterrupt) else InternalError(error)
