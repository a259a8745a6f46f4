"""The three hosts that a case may contact, each of which may get only its own secrets."""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from sweeps.bad_input.case import Case

Kind = Literal["manager", "authority", "github", "identity"]

MANAGER, AUTHORITY, GITHUB = "https://azure.invalid", "https://login.invalid", "https://github.invalid"
IDENTITY = "http://169.254.169.254"  # the host of the machine itself, used if there is nothing else to sign in with
NOWHERE = "nowhere"

MICROSOFT = {
    "azurecloud": ("https://management.azure.com", "https://login.microsoftonline.com"),
    "azureusgovernment": ("https://management.usgovcloudapi.net", "https://login.microsoftonline.us"),
    "azurechinacloud": ("https://management.chinacloudapi.cn", "https://login.chinacloudapi.cn"),
}
_LABEL = re.compile("[a-z0-9-]+")
# Written so that all readers agree on the host.
_PLAIN = re.compile(
    r"https://(?P<host>[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:(?P<port>[1-9][0-9]{0,4}))?"
    r"(?P<rest>/[\w./~%-]*)?(\?[^\s\\#]*)?",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True)
class Homes:
    """Origins by their secrets: the access token, the sign-in's secret, GitHub's request token."""

    manager: str
    authority: str
    github: str
    identity: str = NOWHERE

    def of(self, kind: Kind) -> str:
        """Return the only origin that may get a secret of this kind."""
        origin: str = getattr(self, kind)
        return origin

    @property
    def all(self) -> frozenset[str]:
        """Every origin that may be contacted at all."""
        return frozenset((self.manager, self.authority, self.github, self.identity)) - {NOWHERE}

    def named(self, origin: str) -> str:
        """Return an origin by its home: Microsoft's Resource Manager has a host, with a label more, for each region."""
        is_microsofts = any(self.manager == manager for manager, _ in MICROSOFT.values())
        region, _, rest = origin.removeprefix("https://").partition(".")
        is_region = is_microsofts and f"https://{rest}" == self.manager and _LABEL.fullmatch(region)
        return self.manager if is_region else origin


def homes_of(case: Case) -> Homes:
    """Return the homes of the case's Azure, by its inputs and environment, as docs/signing-in.md describes them.

    An address that is not plainly written has no host: it allows no origin to get anything.
    """
    inputs = {name.lower(): value.strip() for name, value in case.inputs.items()}
    there = _microsoft(inputs)
    url = case.environ.get("ACTIONS_ID_TOKEN_REQUEST_URL", f"{GITHUB}/")
    has_github = url and case.environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "x")
    may_use_github = has_github and inputs.get("tenant-id", "x")
    signs_in_otherwise = not inputs.get("client-secret", case.secret) and not may_use_github
    return Homes(
        manager=there[0] if there else _origin_as_written(inputs.get("resource-manager-endpoint", MANAGER)),
        authority=there[1] if there else _authority(case, inputs),
        github=_origin_as_written(url),
        identity=IDENTITY if signs_in_otherwise else NOWHERE,
    )


def is_private(case: Case) -> bool:
    """Return True if the case names its own Resource Manager."""
    return _microsoft({name.lower(): value.strip() for name, value in case.inputs.items()}) is None


def origin_of(url: str) -> str:
    """Return the scheme, host and port that urllib3 sends to; none if another parser reads another host."""
    try:
        parsed, other = parse_url(url), urlsplit(url)
        same = (other.hostname or "").strip("[]") == (parsed.host or "").lower().strip("[]")
    except (LocationParseError, ValueError):
        return f"unreadable {url!r}"
    if parsed.auth is not None or not same:
        return f"ambiguous {url!r}"
    port = "" if parsed.port in (None, {"https": 443, "http": 80}.get(parsed.scheme or "")) else f":{parsed.port}"
    return f"{parsed.scheme}://{(parsed.host or '').lower()}{port}"


def _origin_as_written(address: str) -> str:
    written = _PLAIN.fullmatch(address)
    if written is None:
        return NOWHERE
    port = "" if written["port"] in (None, "443") else f":{written['port']}"
    return f"https://{written['host'].lower()}{port}"


def _authority(case: Case, inputs: dict[str, str]) -> str:
    """Return the authority. The input overrides the environment, which may omit the scheme, as in azure-identity."""
    if given := inputs.get("authority-host", ""):
        return _origin_as_written(given)
    inherited = case.environ.get("AZURE_AUTHORITY_HOST", "").strip() or AUTHORITY
    return _origin_as_written(inherited if "://" in inherited else f"https://{inherited}")


def _microsoft(inputs: dict[str, str]) -> tuple[str, str] | None:
    if inputs.get("resource-manager-endpoint", MANAGER):
        return None
    return MICROSOFT.get(inputs.get("environment", "").lower() or "azurecloud")
