"""b. to d.: answers altered in a drawn place, hostile names, and errors that repeat secrets."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from harness.routes import ROUTES
from sweeps.bad_input.alterations import READ, Alteration
from sweeps.bad_input.hostile_text import texts
from sweeps.bad_input.leaks import ENCODED, TELLTALES
from sweeps.bad_input.ways import BODY_WAYS, ERRORS, JSON_WAYS

_ROUTES = st.sampled_from((*ROUTES, "set", "instances", "instances", "poll", "image"))
windows = st.sampled_from(((0, 1_000_000), (0, 1_000_000), (0, 0), (1, 1), (1, 1_000_000), (3, 5)))
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
_headers = st.sampled_from([(name, value) for name, values in _HEADERS.items() for value in values])


def _somewhere(draw: st.DrawFn, alteration: Alteration) -> Alteration:
    """Draw the alteration for some answers of its route, or of any route if it has none."""
    first, last = draw(windows)
    return replace(alteration, route=alteration.route or draw(_ROUTES), first=first, last=last)


@st.composite
def json_place(draw: st.DrawFn) -> Alteration:
    how, key = draw(st.sampled_from(sorted(JSON_WAYS))), draw(st.sampled_from(("", *sorted(READ))))
    return _somewhere(draw, Alteration("", how, key=key, place=draw(st.integers(0, 60)), text=draw(texts)))


@st.composite
def body(draw: st.DrawFn) -> Alteration:
    return _somewhere(draw, Alteration("", draw(st.sampled_from(sorted(BODY_WAYS)))))


@st.composite
def header(draw: st.DrawFn) -> Alteration:
    key, value = draw(_headers)
    on_writes = key in ("azure-asyncoperation", "location", "retry-after")
    route = draw(st.sampled_from(("patch", "upgrade", "poll"))) if on_writes else ""
    return _somewhere(draw, Alteration(route, "header", key=key, text=value))


@st.composite
def status(draw: st.DrawFn) -> Alteration:
    return _somewhere(draw, Alteration("", "status", status=draw(_STATUSES)))


# -- c. names --------------------------------------------------------------------------------------------------------

_NAME_KEYS = st.sampled_from(
    (
        "name", "location", "zones", "placementGroupId", "id", "version", "exactVersion", "sku", "offer", "publisher",
        "tags",
    )
)  # fmt: skip


@st.composite
def name(draw: st.DrawFn) -> Alteration:
    route = draw(st.sampled_from(("set", "instances", "instances", "image")))
    return Alteration(route, "text", key=draw(_NAME_KEYS), place=draw(st.integers(0, 8)), text=draw(texts))


renamings = st.dictionaries(st.sampled_from("01234"), texts.filter(bool), min_size=1, max_size=5).filter(
    lambda names: len({*names.values()} | ({*"01234"} - {*names})) == 5
)


# -- d. errors -------------------------------------------------------------------------------------------------------

_leaked = st.one_of(st.sampled_from(TELLTALES), st.sampled_from(ENCODED))
_WORDS = st.one_of(texts, _leaked, st.tuples(texts, _leaked).map("".join))
_CODES = st.one_of(st.sampled_from(("Conflict", "TooManyRequests", "AuthorizationFailed", "QuotaExceeded", "")), texts)


@st.composite
def error(draw: st.DrawFn) -> Alteration:
    shape, refused = draw(st.sampled_from(sorted(ERRORS))), draw(_REFUSALS)
    return _somewhere(draw, Alteration("", "error", key=shape, code=draw(_CODES), text=draw(_WORDS), status=refused))


@st.composite
def failed_operation(draw: st.DrawFn) -> Alteration:
    return Alteration("poll", "error", key="operation", code=draw(_CODES), text=draw(_WORDS), status=200)


@st.composite
def failed_instance(draw: st.DrawFn) -> Alteration:
    first = draw(st.sampled_from((0, 2)))
    return Alteration(
        "instances", "failing", key="statuses", place=draw(st.integers(0, 9)), text=draw(_WORDS), first=first
    )


# -- one or two of them ----------------------------------------------------------------------------------------------


def _one(alteration: st.SearchStrategy[Alteration]) -> st.SearchStrategy[tuple[Alteration, ...]]:
    return alteration.map(lambda one: (one,))


altered_answers = st.one_of(
    _one(json_place()),
    _one(json_place()),
    st.tuples(json_place(), json_place()),
    _one(body()),
    _one(header()),
    _one(status()),
)
altered_names = st.one_of(_one(name()), st.tuples(name(), name()))
errors = st.one_of(
    _one(error()), _one(error()), st.tuples(error(), name()), _one(failed_operation()), _one(failed_instance())
)
