"""e. Addresses, in every place that can hold one: links, operations, redirects, and the hosts themselves."""

from dataclasses import replace

from hypothesis import strategies as st

from sweeps.bad_input.case import Alteration, Case
from sweeps.bad_input.drawn_answers import SECRETS, routes, windows, worlds
from sweeps.bad_input.homes import AUTHORITY, GITHUB, MANAGER, homes_of
from sweeps.bad_input.hostile_address import HOME, addresses, links

_LISTS = st.sampled_from(("instances", "permissions", "image", "set", "poll"))
_WRITES = st.sampled_from(("patch", "upgrade", "repairs", "poll"))
_MOVED = st.sampled_from((300, 301, 302, 303, 305, 307, 308))
_CONFIGURATION = ("token_endpoint", "issuer", "authorization_endpoint", "device_authorization_endpoint")
_ID_FIELDS = st.sampled_from(("id", "instanceId", "name", "uri", "vmId", "operationId"))


@st.composite
def _answers(draw: st.DrawFn) -> tuple[Alteration, ...]:
    """Draw a link, the address of an operation, a redirect, an address of Entra's own, or an id that is an address."""
    first, last = draw(windows)
    address = draw(links)
    kind = draw(st.integers(0, 5))
    if kind == 0:
        made = [Alteration(draw(_LISTS), "link")]
    elif kind == 1:
        header = draw(st.sampled_from(("azure-asyncoperation", "location", "operation-location")))
        made = [Alteration(draw(_WRITES), "header", key=header)]
        if draw(st.booleans()):
            made.append(replace(made[0], how="status", status=202))
    elif kind in (2, 3):
        route = draw(routes)
        made = [Alteration(route, "status", status=draw(_MOVED)), Alteration(route, "header", key="location")]
    elif kind == 4:
        made = [Alteration("openid", "text", key=draw(st.sampled_from(_CONFIGURATION)))]
    else:
        made = [Alteration(draw(routes), "text", key=draw(_ID_FIELDS), place=draw(st.integers(0, 9)))]
    return tuple(replace(each, text=address, first=first, last=last) for each in made)


@st.composite
def _given(draw: st.DrawFn) -> tuple[dict[str, str], dict[str, str]]:
    """Draw an address in the inputs or the environment, with or without a private Resource Manager."""
    address = draw(addresses)
    authority, manager, github = (
        address.replace(HOME, home.removeprefix("https://")) for home in (AUTHORITY, MANAGER, GITHUB)
    )
    microsoft = {"resource-manager-endpoint": ""}
    places: list[tuple[dict[str, str], dict[str, str]]] = [
        ({"resource-manager-endpoint": manager}, {}),
        ({"authority-host": authority}, {}),
        ({"authority-host": AUTHORITY}, {"AZURE_AUTHORITY_HOST": authority}),
        ({"authority-host": authority, **microsoft}, {}),
        ({"image-uri": address.replace(HOME, "golden.blob.core.windows.net")}, {}),
        ({"scale-set": address.replace(HOME, "azure.invalid")}, {}),
        (microsoft, {"AZURE_AUTHORITY_HOST": authority}),
        (microsoft, {"AZURE_AUTHORITY_HOST": address.replace(HOME, "login.microsoftonline.com")}),
        ({}, {"AZURE_AUTHORITY_HOST": authority}),
        ({}, {"ACTIONS_ID_TOKEN_REQUEST_URL": github}),
        ({}, {"ACTIONS_ID_TOKEN_REQUEST_URL": f"{github}/github/actions/id-token?api-version=2.0"}),
    ]
    return draw(st.sampled_from(places))


@st.composite
def _cases(draw: st.DrawFn) -> Case:
    case = Case(world=draw(worlds), secret=draw(st.sampled_from(("", SECRETS[0]))))
    if draw(st.integers(0, 2)) == 0:
        inputs, environ = draw(_given())
        return replace(case, inputs=inputs, environ=environ)
    if draw(st.integers(0, 4)) == 0:
        case = replace(case, inputs={"resource-manager-endpoint": ""})
    homes = homes_of(case)

    def at_home(alteration: Alteration) -> Alteration:
        home = {"token": homes.authority, "openid": homes.authority, "oidc": homes.github}.get(alteration.route)
        return replace(alteration, text=alteration.text.replace(HOME, (home or homes.manager).removeprefix("https://")))

    return replace(case, alterations=tuple(map(at_home, draw(_answers()))))


by_addresses = _cases()
