"""One case, and how cases are drawn. A printed case is Python that makes it again."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import strategies as st

from bad_input.alterations import BODY_WAYS, ERRORS, JSON_WAYS, READ, ROUTES, Alteration
from bad_input.hostile_text import texts
from bad_input.leaks import TELLTALES
from bad_input.worlds import WORLDS
from vmss_upgrade.inputs import INPUTS

# Looks like one of Entra's; the other has in it what Markdown, the runner and a regular expression act upon.
SECRETS = ("Zq8~Q9kLm_no.pQrStUvWxYz-0123456789ab", "p|pe<b>~_*secret*_%0A$\\1+(x)##[y]")


@dataclass(frozen=True)
class Case:
    """A world, what was given to the action beside its own inputs, and what happens to the answers.

    `renamed`: the instances are called otherwise, in answers and requests alike. `secret`: the client secret that is
    signed in with; without it, with GitHub's token.
    """

    world: str = "uniform"
    inputs: dict[str, str] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)
    secret: str = ""
    renamed: dict[str, str] = field(default_factory=dict)
    alterations: tuple[Alteration, ...] = ()


# -- a. inputs -------------------------------------------------------------------------------------------------------

_ALMOST = st.sampled_from(
    (
        "upgrades", "Plan", "1", "3", "101%", "0", "50 %", "PT5M", "1h30", "-5m", "0,1", "[0]", "0;1", "auto ", "yes",
        "22.04", "https://evil.invalid", "http://evil.invalid", "https://u:p@evil.invalid/", "https://azure.invalid:0",
        "https://azure.invalid/?a=b", "azurestack", "record.json", "a/b/c", "../x", "/etc/x", "a" * 300, "./.", "x\x00",
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/w",
        "/SharedGalleries/g/Images/i", "https://a.blob.core.windows.net/c/x.vhd?sig=abc",
    )
)  # fmt: skip
# What a workflow may well say, so that hostile text stands beside inputs that are taken.
_TAKEN = {
    "operation": ("plan", "status", "update-model", "upgrade"),
    "strategy": ("batch", "zone", "fault-domain", "update-domain"),
    "batch-size": ("1", "50%"),
    "canary": ("1", "2"),
    "update-domains": ("0", "1,0"),
    "instance-ids": ("0,3", '["0", "4"]', "7"),
    "stop-after": ("1", "50%"),
    "min-healthy": ("0", "100%", "3"),
    "protected-instances": ("fail", "skip"),
    "stopped-instances": ("include",),
    "health": ("ignore", "required"),
    "bake-time": ("5s",),
    "wait-for-replication": ("1m",),
    "allow-downtime": ("true",),
    "report-path": ("out/record.json", ""),
}
_NAMES = st.sampled_from(sorted(INPUTS))
_UNKNOWN = st.one_of(
    st.sampled_from(("batchsize", "image_version", "operations", "dry-run", "scale set", "entrypoint", "args", "")),
    texts,
)
_ENVIRON = st.sampled_from(
    (
        "AZURE_AUTHORITY_HOST", "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "RUNNER_ENVIRONMENT",
        "GITHUB_REPOSITORY", "GITHUB_RUN_ID", "RUNNER_DEBUG",
    )
)  # fmt: skip


@st.composite
def _taken(draw: st.DrawFn) -> dict[str, str]:
    names = draw(st.lists(st.sampled_from(sorted(_TAKEN)), min_size=1, max_size=3, unique=True))
    return {name: draw(st.sampled_from(_TAKEN[name])) for name in names}


_hostile = st.dictionaries(
    st.one_of(_NAMES, _NAMES, _NAMES, _UNKNOWN), st.one_of(texts, _ALMOST), min_size=1, max_size=4
)
_inputs = st.one_of(_hostile, _taken(), st.builds(lambda a, b: {**a, **b}, _taken(), _hostile))
_environs = st.one_of(
    st.just({}),
    st.just({"RUNNER_DEBUG": "1"}),
    st.dictionaries(_ENVIRON, st.one_of(texts, _ALMOST), max_size=2),
)

# -- b. answers ------------------------------------------------------------------------------------------------------

_ROUTES = st.sampled_from((*ROUTES, "set", "instances", "instances", "poll", "image"))
_WINDOWS = st.sampled_from(((0, 1_000_000), (0, 1_000_000), (0, 0), (1, 1), (1, 1_000_000), (3, 5)))
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
_FOREIGN = (
    "https://evil.invalid/next",
    "//evil.invalid/next",
    "http://azure.invalid/next",
    "next",
    "https://azure.invalid@evil.invalid/",
)
_STATUSES = st.sampled_from((201, 202, 204, 206, 300, 304, 400, 404, 418, 500, 599))
_LINKED = st.sampled_from(("set", "instances", "permissions", "poll", "oidc", "token", "patch", "upgrade", "image"))
_headers = st.sampled_from([(name, value) for name, values in _HEADERS.items() for value in values])


def _altered(draw: st.DrawFn, **how: object) -> Alteration:
    first, last = draw(_WINDOWS)
    return Alteration(route=str(how.pop("route", "")) or draw(_ROUTES), first=first, last=last, **how)  # type: ignore[arg-type]


@st.composite
def _json(draw: st.DrawFn) -> Alteration:
    key = draw(st.sampled_from(("", *sorted(READ))))
    return _altered(
        draw, how=draw(st.sampled_from(sorted(JSON_WAYS))), key=key, place=draw(st.integers(0, 60)), text=draw(texts)
    )


@st.composite
def _body(draw: st.DrawFn) -> Alteration:
    return _altered(draw, how=draw(st.sampled_from(sorted(BODY_WAYS))))


@st.composite
def _header(draw: st.DrawFn) -> Alteration:
    name, value = draw(_headers)
    on_writes = name in ("azure-asyncoperation", "location", "retry-after")
    route = draw(st.sampled_from(("patch", "upgrade", "poll"))) if on_writes else ""
    return _altered(draw, route=route, how="header", key=name, text=value)


@st.composite
def _status(draw: st.DrawFn) -> Alteration:
    return _altered(draw, how="status", status=draw(_STATUSES))


@st.composite
def _elsewhere(draw: st.DrawFn) -> tuple[Alteration, ...]:
    """A link or a redirect that leads to another host, which must not learn our token."""
    target = draw(st.sampled_from(_FOREIGN))
    route = draw(_LINKED)
    if draw(st.booleans()):
        return (Alteration(route, "link", text=target),)
    moved = draw(st.sampled_from((301, 302, 307, 308)))
    return (Alteration(route, "status", status=moved), Alteration(route, "header", key="location", text=target))


# -- c. names --------------------------------------------------------------------------------------------------------

_NAME_KEYS = st.sampled_from(
    (
        "name", "location", "zones", "placementGroupId", "id", "version", "exactVersion", "sku", "offer", "publisher",
        "tags",
    )
)  # fmt: skip


@st.composite
def _name(draw: st.DrawFn) -> Alteration:
    route = draw(st.sampled_from(("set", "instances", "instances", "image")))
    return Alteration(route, "text", key=draw(_NAME_KEYS), place=draw(st.integers(0, 8)), text=draw(texts))


_renamings = st.dictionaries(st.sampled_from("01234"), texts.filter(bool), min_size=1, max_size=5).filter(
    lambda names: len({*names.values()} | ({*"01234"} - {*names})) == 5
)

# -- d. errors -------------------------------------------------------------------------------------------------------

_WORDS = st.one_of(texts, st.sampled_from(TELLTALES), st.tuples(texts, st.sampled_from(TELLTALES)).map("".join))
_CODES = st.one_of(st.sampled_from(("Conflict", "TooManyRequests", "AuthorizationFailed", "QuotaExceeded", "")), texts)


@st.composite
def _error(draw: st.DrawFn) -> Alteration:
    status = draw(st.sampled_from((400, 401, 403, 404, 409, 412, 413, 429, 500, 503)))
    shape = draw(st.sampled_from(sorted(ERRORS)))
    return _altered(draw, how="error", key=shape, code=draw(_CODES), text=draw(_WORDS), status=status)


@st.composite
def _failed_operation(draw: st.DrawFn) -> Alteration:
    return Alteration("poll", "error", key="operation", code=draw(_CODES), text=draw(_WORDS), status=200)


@st.composite
def _failed_instance(draw: st.DrawFn) -> Alteration:
    first = draw(st.sampled_from((0, 2)))
    return Alteration(
        "instances", "failing", key="statuses", place=draw(st.integers(0, 9)), text=draw(_WORDS), first=first
    )


# -- whole cases -----------------------------------------------------------------------------------------------------

_worlds = st.sampled_from(sorted(WORLDS))
_secrets = st.sampled_from(("", "", *SECRETS))
_debugged = st.sampled_from(({}, {}, {"RUNNER_DEBUG": "1"}))


def _one(alteration: st.SearchStrategy[Alteration]) -> st.SearchStrategy[tuple[Alteration, ...]]:
    return alteration.map(lambda one: (one,))


_alterations = st.one_of(
    _one(_json()),
    _one(_json()),
    st.tuples(_json(), _json()),
    _one(_body()),
    _one(_header()),
    _one(_status()),
    _elsewhere(),
)
_errors = st.one_of(
    _one(_error()), _one(_error()), st.tuples(_error(), _name()), _one(_failed_operation()), _one(_failed_instance())
)

_hostile_secrets = texts.map(lambda text: f"Sx9~{text}~k2Lw8")  # of which nothing stands elsewhere by chance
by_inputs = st.builds(
    Case, world=_worlds, inputs=_inputs, environ=_environs, secret=st.one_of(_secrets, _hostile_secrets)
)
by_answers = st.builds(Case, world=_worlds, secret=_secrets, environ=_debugged, alterations=_alterations)
by_names = st.one_of(
    st.builds(Case, world=_worlds, renamed=_renamings),
    st.builds(Case, world=_worlds, alterations=st.one_of(_one(_name()), st.tuples(_name(), _name()))),
)
by_errors = st.builds(Case, world=_worlds, secret=_secrets, environ=_debugged, alterations=_errors)

cases: st.SearchStrategy[Case] = st.one_of(by_inputs, by_answers, by_answers, by_names, by_errors)
