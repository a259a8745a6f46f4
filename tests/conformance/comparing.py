"""Compares our answer with the recorded one: status, headers, and the shape of the body.

The shape of a body is its names and types at every level, and for a list the sets of names of its entries. Codes and
states are compared by value; varying values (ids, times, addresses) are compared by pattern.

A header is compared if the recorder keeps it. Recorders hide some headers: if no answer of a recording shows one of
these, its recorder counts as hiding it; a `Retry-After` that is always 0 counts as rewritten. The names of the
throttle's buckets are compared within their generation.
"""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from contract import Interaction, Recording
from naming import query_of

# headers about the connection, the front end or the moment, and not about the provider
_NOT_COMPARED = {
    "connection", "content-encoding", "content-length", "expires", "pragma", "server",
    "set-cookie", "strict-transport-security", "transfer-encoding", "vary", "via", "www-authenticate", "x-cache",
    "x-content-type-options", "x-ms-arm-service-request-id", "x-ms-client-request-id",
    "x-ms-correlation-request-id", "x-ms-original-request-ids", "x-ms-request-id",
    "x-ms-return-client-request-id", "x-ms-routing-request-id", "x-ms-served-by", "x-ms-version", "x-msedge-ref",
    "mise-correlation-id", "x-ms-need-to-refresh-epl-cache", "x-ms-operation-identifier", "x-ms-throttling-version",
}  # fmt: skip
# headers that recorders hide, each with those that are hidden with it
_HIDEABLE = (
    ("retry-after",),
    ("date",),
    ("cache-control",),
    ("x-ms-ratelimit-remaining-subscription-reads",),
    ("x-ms-ratelimit-remaining-subscription-writes", "x-ms-ratelimit-remaining-subscription-deletes"),
    (
        "x-ms-ratelimit-remaining-subscription-global-reads",
        "x-ms-ratelimit-remaining-subscription-global-writes",
        "x-ms-ratelimit-remaining-subscription-global-deletes",
    ),
)
_SUBSCRIPTION_LIMIT = "x-ms-ratelimit-remaining-subscription-"
_LIMIT = "x-ms-ratelimit-remaining-resource"

# values that are codes and states: compared exactly
_CODES = {
    "code", "status", "provisioningState", "level", "displayStatus", "serviceName", "serviceState", "mode",
    "orchestrationMode", "lastAction", "latestModelApplied", "modelDefinitionApplied", "type", "createOption",
    "osType", "operatingSystem", "imageState", "replicaType", "vmDiskType", "protectFromScaleIn",
    "protectFromScaleSetActions", "vmGuestPatchClassification",
}  # fmt: skip
# numbers that follow from the request: compared exactly
_COUNTS = {
    "capacity", "count", "successfulInstanceCount", "failedInstanceCount", "inProgressInstanceCount",
    "pendingInstanceCount", "lun", "maxBatchInstancePercent", "maxUnhealthyInstancePercent",
    "maxUnhealthyUpgradedInstancePercent", "platformFaultDomain", "platformUpdateDomain", "platformFaultDomainCount",
}  # fmt: skip
_DATE = re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")
_GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_PATTERNS = (
    ("time", re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)")),
    ("guid", _GUID),
    ("etag", re.compile(r'"\d+"')),
)
_GUEST = re.compile(r"\.(?:extensions|extensionHandlers)\[\]")
_NEWER_LIMIT = re.compile(r"(?:SubscriptionMaximum|Resource)$")


@dataclass(frozen=True, slots=True)
class Kept:
    """The headers that a recording's recorder keeps: those of the hideable ones that it shows at all."""

    shown: frozenset[str]
    rewrites_retry_after: bool

    @classmethod
    def by(cls, recording: Recording) -> "Kept":
        names = {name for each in recording.interactions for name in each.headers}
        waits = {str(each.headers["retry-after"]) for each in recording.interactions if "retry-after" in each.headers}
        return cls(frozenset(names), waits == {"0"})

    def hides(self, name: str) -> bool:
        together = next((group for group in _HIDEABLE if name in group), None)
        rewritten = name == "retry-after" and self.rewrites_retry_after
        return rewritten or (together is not None and self.shown.isdisjoint(together))


@dataclass(frozen=True, slots=True)
class Answer:
    """One of our answers: header names in lower case, the body as bytes."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body) if self.body else None


def differences(ours: Answer, recorded: Interaction, kept: Kept) -> list[str]:
    """Return every difference in its own line; empty if the two answers match."""
    if ours.status != recorded.status:
        return [f"status: {ours.status} here, {recorded.status} recorded"]
    return [*_header_differences(ours.headers, recorded.headers, kept), *_body_differences(ours, recorded)]


# --- headers ---


def _header_differences(ours: dict[str, str], theirs: dict[str, str | list[str]], kept: Kept) -> list[str]:
    compared_ours = {name for name in ours if name not in _NOT_COMPARED and not kept.hides(name)}
    compared_theirs = {name for name in theirs if name not in _NOT_COMPARED and not kept.hides(name)}
    found = [f"header {name}: only here" for name in sorted(compared_ours - compared_theirs)]
    found += [f"header {name}: only recorded" for name in sorted(compared_theirs - compared_ours)]
    for name in sorted(compared_ours & compared_theirs):
        value = theirs[name]
        there = ", ".join(value) if isinstance(value, list) else value
        if name == "retry-after" and _nearly(ours[name], there):
            continue
        here, there = _comparable(name, ours[name]), _comparable(name, there)
        if name == _LIMIT and _generations_differ(here, there):
            continue
        if here != there:
            found.append(f"header {name}: {here} here, {there} recorded")
    return found


def _nearly(here: str, there: str) -> bool:
    """Return True if two waits differ by at most a second: Azure estimates them (10 and 11 for two deletions)."""
    return here.isdigit() and there.isdigit() and abs(int(here) - int(there)) <= 1


def _comparable(name: str, value: str) -> Any:
    """Return a header's value without its varying parts."""
    if name == _LIMIT:
        return ",".join(sorted(re.sub(r"^Microsoft\.Compute/(\w+);-?\d+$", r"\1", each) for each in value.split(",")))
    if name == "date":
        return "a date" if _DATE.fullmatch(value) else value
    if name.startswith(_SUBSCRIPTION_LIMIT) or name == "x-ms-request-charge":
        return "a number" if re.fullmatch(r"\d+", value) else value
    if name in ("azure-asyncoperation", "location"):
        return _address(value)
    if name == "etag":
        return "an etag" if re.fullmatch(r'(?:W/)?"\d+"', value) else value
    return value.lower()


def _generations_differ(here: str, there: str) -> bool:
    """Return True if one side names its buckets in the newer way and the other in the older one."""
    readable = re.fullmatch(r"[\w,]+", f"{here},{there}") is not None
    newer = [any(_NEWER_LIMIT.search(name) for name in names.split(",")) for names in (here, there)]
    return readable and newer[0] != newer[1]


def _address(url: str) -> str:
    """Return an operation's URL as its scheme, its path with the varying parts left open, and the names of
    its query.
    """
    scheme = urlsplit(url).scheme
    words = ["*" if _GUID.fullmatch(word) else word for word in urlsplit(url).path.lower().split("/")]
    query = query_of(url)
    return (
        f"{scheme}:"
        + "/".join(words)
        + "?"
        + "&".join(sorted(query))
        + ("=true" if query.get("monitor") == "true" else "")
    )


# --- bodies ---


def _body_differences(ours: Answer, recorded: Interaction) -> list[str]:
    if not ours.body or recorded.body in (None, ""):
        empty_here, empty_there = not ours.body, recorded.body in (None, "")
        return [] if empty_here == empty_there else [f"body: {'none' if empty_here else 'one'} here"]
    return compare_shapes(ours.json(), recorded.body)


def compare_shapes(ours: Any, theirs: Any) -> list[str]:
    """Return the differences between the shapes of two JSON values, each in a line with its path."""
    return _compare([ours], [theirs], "")


def _compare(ours: list[Any], theirs: list[Any], path: str) -> list[str]:
    """Compare all values at one path, in every entry of the lists above it."""
    here, there = {_type(value) for value in ours}, {_type(value) for value in theirs}
    if here != there:
        return [f"{path or '.'}: {'/'.join(sorted(here))} here, {'/'.join(sorted(there))} recorded"]
    found: list[str] = []
    if "object" in here:
        found += _compare_objects(_of(ours, dict), _of(theirs, dict), path)
    if "array" in here:
        found += _compare_arrays(_of(ours, list), _of(theirs, list), path)
    if "number" in here and _last_name(path) in _COUNTS:
        numbers = [set(_of(side, int | float)) for side in (ours, theirs)]
        if numbers[0] != numbers[1]:
            found.append(f"{path}: {sorted(numbers[0])} here, {sorted(numbers[1])} recorded")
    if "string" in here or "boolean" in here:
        found += _compare_words(_of(ours, str | bool), _of(theirs, str | bool), path)
    return found


def _compare_objects(ours: list[dict[str, Any]], theirs: list[dict[str, Any]], path: str) -> list[str]:
    if _GUEST.search(path):
        ours, theirs = ([_without_its_words(each) for each in side] for side in (ours, theirs))
    names_here = {name for each in ours for name in each}
    names_there = {name for each in theirs for name in each}
    found = [f"{path}.{name}: only here" for name in sorted(names_here - names_there)]
    found += [f"{path}.{name}: only recorded" for name in sorted(names_there - names_here)]
    kinds_here, kinds_there = {frozenset(each) for each in ours}, {frozenset(each) for each in theirs}
    if not found and kinds_here != kinds_there:
        found.append(f"{path or '.'}: entries with {_kinds(kinds_here)} here, with {_kinds(kinds_there)} recorded")
    for name in sorted(names_here & names_there):
        here = [each[name] for each in ours if name in each]
        there = [each[name] for each in theirs if name in each]
        found += _compare(here, there, f"{path}.{name}")
    return found


def _compare_arrays(ours: list[list[Any]], theirs: list[list[Any]], path: str) -> list[str]:
    here, there = [entry for each in ours for entry in each], [entry for each in theirs for entry in each]
    if not here or not there:
        return [] if bool(here) == bool(there) else [f"{path}[]: {len(here)} here, {len(there)} recorded"]
    return _compare(here, there, f"{path}[]")


def _compare_words(ours: list[str | bool], theirs: list[str | bool], path: str) -> list[str]:
    read = _code if _last_name(path) in _CODES else _pattern
    here, there = {read(value) for value in ours}, {read(value) for value in theirs}
    if here == there:
        return []
    return [f"{path}: {'/'.join(sorted(here))} here, {'/'.join(sorted(there))} recorded"]


def _last_name(path: str) -> str:
    return path.rpartition(".")[2].replace("[]", "")


def _without_its_words(status: dict[str, Any]) -> dict[str, Any]:
    """Return an extension's report without the texts that extensions write or omit freely."""
    return {name: value for name, value in status.items() if name not in ("message", "time", "substatuses")}


def _kinds(kinds: set[frozenset[str]]) -> str:
    """Return the names that only some entries have, by the kind of entry."""
    common = frozenset.intersection(*kinds)
    return " or ".join(sorted("+".join(sorted(kind - common)) or "nothing more" for kind in kinds))


def _type(value: Any) -> str:
    if value is None:
        return "null"
    for kind, name in ((bool, "boolean"), (str, "string"), (int | float, "number"), (list, "array")):
        if isinstance(value, kind):
            return name
    return "object"


def _of(values: list[Any], kind: Any) -> list[Any]:
    return [value for value in values if isinstance(value, kind)]


def _code(value: str | bool) -> str:
    return str(value)


def _pattern(value: str | bool) -> str:
    """Return the kind of a varying value: a time, a guid, an etag, the id of a resource of some type, a URL, text."""
    if isinstance(value, bool):
        return "boolean"
    for name, pattern in _PATTERNS:
        if pattern.fullmatch(value):
            return name
    if value.lower().startswith("/subscriptions/"):
        return "id of " + "/".join(value.lower().split("/")[1::2])
    return "url" if value.lower().startswith(("https://", "http://")) else "text"
