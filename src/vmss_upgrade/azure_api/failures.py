"""The SDK's exceptions -> AzureError, with what kind of trouble it is and what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from azure.core.exceptions import AzureError as SdkError
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

from vmss_upgrade.azure_api.denials import OTHER_TENANT
from vmss_upgrade.azure_api.remedies import is_unknown_version, remedy_for
from vmss_upgrade.errors import ASK_AGAIN, LEAST_WAIT, AzureError, Trouble
from vmss_upgrade.web.bounded_http import AnswerLeft

_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
LONGEST_MESSAGE = 4_000  # characters; Azure's longest, with the details of several instances, have some thousand
LONGEST_CODE = 200
_CORRELATION_HEADERS = ("x-ms-correlation-request-id", "x-ms-request-id")
_BY_STATUS = {
    401: Trouble.DENIED,
    403: Trouble.DENIED,
    404: Trouble.NOT_FOUND,
    408: Trouble.UNCERTAIN,
    412: Trouble.CHANGED,
    429: Trouble.THROTTLED,
}
# what Resource Manager says of a token that was revoked, and of one that is too old for its clock; what stands before
# it may say nothing
_TOKEN_REFUSED = ("InvalidAuthenticationToken", "ExpiredAuthenticationToken", "")
# codes of a 409 that say no more than that another request is at work, or has just won (OperationPreempted,
# AnotherOperationInProgress, ConflictingConcurrentWriteNotAllowed, RetryableError and their like)
_ANOTHER_AT_WORK = re.compile(r"^conflict$|preempted|inprogress|concurrent|retryable|busy", re.IGNORECASE)
# cloud-provider-azure#2386: an id in the list is no longer an instance
_GONE = "InstanceIdsListInstanceIdNotActiveVM"
_CONFLICT_REMEDY = (
    "Another request was at work on the scale set all the time: its activity log says whose. Run again when that has "
    "ended."
)
_REDIRECT_REMEDY = "Find out who answers there: a proxy, or a network that one has to sign in to, may stand in between."


class SignInRefused(ClientAuthenticationError):
    """Entra, or the machine's identity service, gives no token; `remedy` is what to do, where that is known."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


class LeadsElsewhere(SdkError):
    """An answer would send us, and our token with us, to another host. Raised before anything is sent there."""

    def __init__(self, where: str) -> None:
        super().__init__(f"Azure's answer leads to another host ({where}), which is not followed")


class NoTimeLeft(SdkError):
    """The rollout's `timeout` passed while a list was read, page by page."""


@contextmanager
def read_by_the_sdk() -> Iterator[None]:
    """Let the SDK, and nothing of ours, read an answer: what it stumbles over cannot be read, and is no bug."""
    try:
        yield
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise SdkError(f"an answer that cannot be read: {type(error).__name__}: {error}") from error


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Run SDK calls; whatever of the SDK's is raised leaves as our AzureError, which says what was being done."""
    try:
        yield
    except HttpResponseError as error:
        raise _refused(error, doing) from error
    except LeadsElsewhere as error:
        raise AzureError(str(error), trouble=Trouble.REJECTED, code="LeadsElsewhere", doing=doing) from error
    except (SdkError, AnswerLeft) as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise _misconfigured(f"the server's certificate is not trusted: {error}", error, doing) from error
        raise _no_answer(f"no answer: {cut(str(error))}", type(error).__name__, doing) from error
    except RecursionError as error:  # by an answer alone: nothing of ours calls itself
        raise _no_answer("the answer is nested too deeply", "UnreadableAnswer", doing) from error
    except OSError as error:  # a certificate bundle that is named, but not there
        raise _misconfigured(str(error), error, doing) from error


@contextmanager
def optional(doing: str) -> Iterator[None]:
    """Run SDK calls that a rollout can do without: raises AzureError only where asking again may help."""
    try:
        with translated(doing):
            yield
    except AzureError as error:
        if error.trouble in ASK_AGAIN:
            raise


def _misconfigured(message: str, error: Exception, doing: str) -> AzureError:
    return AzureError(
        message,
        trouble=Trouble.REJECTED,
        code=type(error).__name__,
        doing=doing,
        remedy="Set REQUESTS_CA_BUNDLE to a file with the certificate authority of this cloud or proxy.",
    )


def _no_answer(message: str, code: str, doing: str) -> AzureError:
    return AzureError(message, trouble=Trouble.UNCERTAIN, code=code, doing=doing)


def is_page(response: Any) -> bool:
    """Return True for a web page, which is a gateway's or a proxy's answer, and never Azure's own."""
    return str(response.headers.get("content-type", "")).lower().startswith("text/html")


def correlation_id(headers: Mapping[str, str]) -> str:
    """Return the id by which Microsoft support finds a request; empty where the answer has none."""
    return cut(next((headers[name] for name in _CORRELATION_HEADERS if headers.get(name)), ""), LONGEST_CODE)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that an answer asks to wait, at least one: Retry-After, or Azure's headers in milliseconds."""
    for name, unit in (("retry-after", 1.0), ("retry-after-ms", 0.001), ("x-ms-retry-after-ms", 0.001)):
        value = headers.get(name, "").strip()
        if not _NUMBER.fullmatch(value):  # absent, an HTTP date, or something that only Python takes for a number
            continue
        seconds = float(value) * unit
        if seconds > 0:
            return max(seconds, LEAST_WAIT)
    return None


def _refused(error: HttpResponseError, doing: str) -> AzureError:
    response: Any = error.response  # typed without the headers that every response has
    if response is None:
        message, remedy = cut(str(error.message)), error.remedy if isinstance(error, SignInRefused) else ""
        if not isinstance(error, ClientAuthenticationError):
            return _no_answer(message, type(error).__name__, doing)
        return AzureError(message, trouble=Trouble.DENIED, code="SignInFailed", doing=doing, remedy=remedy)
    status, headers = int(response.status_code), response.headers
    code, message = _azure_words(error)
    said = "a web page instead of Azure's answer" if is_page(response) else str(error.message)
    if _is_redirect(status):
        message = f"the answer is a redirect (HTTP {status}), and none is followed"
    trouble = _trouble(status, code, message)
    known = _REDIRECT_REMEDY if _is_redirect(status) else remedy_for(status, code, message)
    return AzureError(
        message or cut(said),
        trouble=trouble,
        code=code or f"HTTP {status}",
        doing=doing,
        remedy=known or (_CONFLICT_REMEDY if trouble is Trouble.CONFLICT else ""),
        retry_after=retry_after(headers),
        correlation_id=correlation_id(headers),
    )


def _is_redirect(status: int) -> bool:
    """Refuse a redirect: it would send our token, or a write, elsewhere. None of Resource Manager's is recorded."""
    return 300 <= status < 400


def _trouble(status: int, code: str, message: str) -> Trouble:
    if code == _GONE:
        return Trouble.GONE
    if is_unknown_version(code, message):
        return Trouble.VERSION_UNKNOWN
    if status == 401 and code in _TOKEN_REFUSED:
        return Trouble.TOKEN_REFUSED
    if status == 401 and code.lower() == OTHER_TENANT:
        return Trouble.OTHER_TENANT
    if status == 501 or _is_redirect(status):  # nobody there knows such a request, or has carried it out
        return Trouble.REJECTED
    if status >= 500 or status < 300:  # below 300: an answer that was cut off, or that nobody can read
        return Trouble.UNCERTAIN
    if status == 409:
        # 409 has other codes too (quota, wrong state ...), which no waiting cures
        return Trouble.CONFLICT if _ANOTHER_AT_WORK.search(code) or not code else Trouble.REJECTED
    return _BY_STATUS.get(status, Trouble.REJECTED)


def _azure_words(error: HttpResponseError) -> tuple[str, str]:
    """Return Azure's code and message ({"error": {"code", "message"}}), or Entra's ({"error", "error_description"})."""
    body = _body(error)
    inner = body.get("error")
    if isinstance(inner, Mapping):
        return code_of(inner), words_of(inner)
    if isinstance(inner, str):
        return cut(inner, LONGEST_CODE), cut(_text(body, "error_description"))
    return "", ""


def cut(text: str, longest: int = LONGEST_MESSAGE) -> str:
    """Return the beginning of a text that is longer than anything Azure has to say."""
    return text if len(text) <= longest else f"{text[:longest]} ..."


def code_of(error: Mapping[str, Any]) -> str:
    """Return the code of Azure's error object; empty where there is none."""
    return cut(_text(error, "code"), LONGEST_CODE)


def _text(parent: Mapping[str, Any], name: str) -> str:
    """Return a field as text; empty where it is missing, or no text or number."""
    value = parent.get(name)
    return str(value) if value and isinstance(value, str | int | float) else ""


def words_of(error: Mapping[str, Any]) -> str:
    """Return the message of Azure's error object, with its details, and with its target and the policies that it
    violates where the message does not name them. Empty where Azure says nothing.
    """
    said = [": ".join(filter(None, (_text(each, "code"), _text(each, "message")))) for each in _items(error, "details")]
    message, target = _text(error, "message"), _text(error, "target")
    policies = [f"policy assignment '{name}'" for name in _policies(error) if name and name not in message]
    extra = "; ".join(filter(None, [*said, *policies]))
    named = not target or target.lower() in message.lower()
    return cut(" ".join(filter(None, (message, f"({extra})" if extra else "", "" if named else f"(target: {target})"))))


def _policies(error: Mapping[str, Any]) -> Iterator[str]:
    """Return the names of the policy assignments in `additionalInfo` (Azure/karpenter-provider-azure#794)."""
    for each in _items(error, "additionalInfo"):
        info = each.get("info")
        if _text(each, "type") == "PolicyViolation" and isinstance(info, Mapping):
            yield _text(info, "policyAssignmentDisplayName") or _text(info, "policyAssignmentName")


def _items(parent: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    listed = parent.get(name)
    return [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []


def _body(error: HttpResponseError) -> Mapping[str, Any]:
    try:
        body = json.loads(error.response.text())  # type: ignore[union-attr]
    except Exception:  # whatever came back is not JSON, or was not read to its end: there are no words in it
        return {}
    return body if isinstance(body, Mapping) else {}
