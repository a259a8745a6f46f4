"""b. to d.: answers altered in a drawn place, hostile names, and errors that repeat secrets."""

from dataclasses import replace

from hypothesis import strategies as st

from harness.routes import ROUTES
from sweeps.bad_input.case import BODY_WAYS, ERRORS, JSON_WAYS, Alteration
from sweeps.bad_input.hostile_text import texts
from sweeps.bad_input.leaks import ENCODED, TELLTALES
from sweeps.bad_input.worlds import WORLDS

# The fields that the action reads: half of the alterations change one of these.
_READ = (
    "value", "access_token", "expires_in", "token_type", "nextLink", "id", "name", "location", "tags", "zones", "sku",
    "plan", "instanceId", "properties", "provisioningState", "orchestrationMode", "upgradePolicy", "mode",
    "automaticOSUpgradePolicy", "virtualMachineProfile", "timeCreated", "storageProfile", "imageReference", "publisher",
    "offer", "version", "exactVersion", "osDisk", "image", "uri", "osProfile", "linuxConfiguration", "networkProfile",
    "healthProbe", "extensionProfile", "extensions", "resources", "type", "automaticRepairsPolicy", "enabled",
    "repairAction", "latestModelApplied", "instanceView", "vmHealth", "status", "statuses", "code", "message",
    "platformUpdateDomain", "platformFaultDomain", "placementGroupId", "protectionPolicy", "protectFromScaleSetActions",
    "modelDefinitionApplied", "actions", "notActions", "publishingProfile", "targetRegions", "replicationStatus",
    "summary", "state", "progress", "region", "hyperVGeneration", "architecture", "orchestrationServices",
    "serviceState", "serviceName", "imageDeprecationStatus", "imageState", "purchasePlan", "etag", "error", "details",
)  # fmt: skip
# The first looks like one of Entra's; the second contains characters special to Markdown, the runner and regular
# expressions.
SECRETS = ("Zq8~Q9kLm_no.pQrStUvWxYz-0123456789ab", "p|pe<b>~_*secret*_%0A$\\1+(x)##[y]")

Drawn = st.SearchStrategy[Alteration]
worlds = st.sampled_from(sorted(WORLDS))
routes = st.sampled_from(sorted(ROUTES))
_often_read = st.sampled_from((*ROUTES, "set", "instances", "instances", "poll", "image"))
windows = st.sampled_from(((0, 1_000_000), (0, 1_000_000), (0, 0), (1, 1), (1, 1_000_000), (3, 5)))


def _one_of(*drawn: Drawn) -> st.SearchStrategy[tuple[Alteration, ...]]:
    """Draw a case's only alteration from one of these."""
    return st.tuples(st.one_of(drawn))


def _somewhere(drawn: Drawn, struck: st.SearchStrategy[str] = _often_read) -> Drawn:
    """Draw an alteration for some answers of a drawn route."""
    return st.builds(
        lambda each, route, window: replace(each, route=route, first=window[0], last=window[1]), drawn, struck, windows
    )


def _altered(how: str | list[str], route: str = "", **parts: st.SearchStrategy[object]) -> Drawn:
    """Draw an alteration of one of these ways."""
    return st.builds(Alteration, st.just(route), st.sampled_from([how] if isinstance(how, str) else how), **parts)


_HEADERS = {
    "retry-after": ("-1", "0", "1e9", "1000000000", "soon", "Wed, 21 Oct 2026 07:28:00 GMT", "nan", "inf", "0.5", ""),
    "retry-after-ms": ("-1", "1e9", "x"),
    "azure-asyncoperation": (
        "", "https://evil.invalid/operations/1", "http://azure.invalid/operations/1", "/operations/1", "x",
        "https://azure.invalid.evil.invalid/operations/1", "https://azure.invalid@evil.invalid/operations/1", "https://[",
        "https://azure.invalid:444/operations/1", "javascript:x", "https://azure.invalid/operations/none",
    ),
    "location": ("", "https://evil.invalid/x", "x", "http://evil.invalid", "//evil.invalid/operations/1"),
    "etag": ("", "W/\"1\"", "::error::forged", "\"a\" \"b\"", "\xff"),
    "content-type": ("", "text/html", "application/json; charset=utf-16", "application/xml", "x", "application/json;"),
    "content-encoding": ("gzip", "br", "x"),
    "content-length": ("", "7", "-1", "x"),
    "x-ms-request-id": ("", "::error::forged", "##[error]forged", "| a |", "<script>x</script>"),
    "x-ms-correlation-request-id": ("", "::error::forged", "##[error]forged", "| a |", "<b>x</b>"),
    "x-ms-ratelimit-remaining-resource": (
        "", "Microsoft.Compute/HighCostGetVMScaleSetResource;-1", "Microsoft.Compute/HighCostGetVMScaleSetResource;0",
        "Microsoft.Compute/HighCostGetVMScaleSetResource;" + "9" * 400, "x;y",
    ),
    "date": ("", "yesterday"),
}  # fmt: skip
_REFUSALS = st.sampled_from((400, 401, 403, 404, 409, 412, 413, 429, 500, 503))
_STATUSES = st.sampled_from((201, 202, 204, 206, 300, 304, 400, 404, 418, 500, 599))


def _header(name: str) -> Drawn:
    on_writes = name in ("azure-asyncoperation", "location", "retry-after")
    drawn = _altered("header", key=st.just(name), text=st.sampled_from(_HEADERS[name]))
    return _somewhere(drawn, st.sampled_from(("patch", "upgrade", "poll")) if on_writes else _often_read)


_json = _somewhere(_altered(sorted(JSON_WAYS), key=st.sampled_from(("", *_READ)), place=st.integers(0, 60), text=texts))
_body = _somewhere(_altered(sorted(BODY_WAYS)))
_headers = [_header(name) for name, values in _HEADERS.items() for _ in values]  # each value as often as any other
_status = _somewhere(_altered("status", status=_STATUSES))
altered_answers = st.one_of(
    _one_of(_json),
    _one_of(_json),
    st.tuples(_json, _json),
    _one_of(_body),
    _one_of(*_headers),
    _one_of(_status),
)


_NAME_KEYS = st.sampled_from((
    "name", "location", "zones", "placementGroupId", "id", "version", "exactVersion", "sku", "offer", "publisher",
    "tags",
))  # fmt: skip
_name = st.sampled_from(("set", "instances", "instances", "image")).flatmap(
    lambda route: _altered("text", route, key=_NAME_KEYS, place=st.integers(0, 8), text=texts)
)
altered_names = st.one_of(_one_of(_name), st.tuples(_name, _name))
renamings = st.dictionaries(st.sampled_from("01234"), texts.filter(bool), min_size=1, max_size=5).filter(
    lambda names: len({*names.values()} | ({*"01234"} - {*names})) == 5
)


_leaked = st.one_of(st.sampled_from(TELLTALES), st.sampled_from(ENCODED))
_words = st.one_of(texts, _leaked, st.tuples(texts, _leaked).map("".join))
_codes = st.one_of(st.sampled_from(("Conflict", "TooManyRequests", "AuthorizationFailed", "QuotaExceeded", "")), texts)

_error = _somewhere(_altered("error", key=st.sampled_from(sorted(ERRORS)), code=_codes, text=_words, status=_REFUSALS))
_failed_operation = _altered("error", "poll", key=st.just("operation"), code=_codes, text=_words)
_failed_instance = _altered(
    "failing", "instances", key=st.just("statuses"), place=st.integers(0, 9), text=_words, first=st.sampled_from((0, 2))
)
errors = st.one_of(
    _one_of(_error), _one_of(_error), st.tuples(_error, _name), _one_of(_failed_operation), _one_of(_failed_instance)
)
