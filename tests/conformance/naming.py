"""Names the operation and the set of a recorded request, by method and path alone."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

_SETS = r"/subscriptions/[^/]+/resourceGroups/(?P<group>[^/]+)/providers/Microsoft\.Compute/virtualMachineScaleSets"
_ONE = _SETS + r"/(?P<set>[^/]+)"
_INSTANCE = _ONE + r"/virtualMachines/(?P<instance>[^/]+)"
_LOCATION = r"/subscriptions/[^/]+/providers/Microsoft\.Compute/locations/(?P<location>[^/]+)"
_VERSIONS = _LOCATION + r"/publishers/[^/]+/artifacttypes/vmimage/offers/[^/]+/skus/[^/]+/versions"
_GALLERY_VERSION = r".*/galleries/[^/]+/images/[^/]+/versions/[^/]+"
_MACHINES = r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Compute/virtualMachines"

# The operations that the simulator promises, in the order of the table: name, method, path.
OPERATIONS: tuple[tuple[str, str, str], ...] = (
    ("set: get", "GET", _ONE),
    ("set: list", "GET", _SETS),
    ("set: list", "GET", r"/subscriptions/[^/]+/providers/Microsoft\.Compute/virtualMachineScaleSets"),
    ("set: PUT", "PUT", _ONE),
    ("set: PATCH", "PATCH", _ONE),
    ("set: DELETE", "DELETE", _ONE),
    ("set: instance view", "GET", _ONE + "/instanceView"),
    ("instances: list", "GET", _ONE + "/virtualMachines"),
    ("instance: get", "GET", _INSTANCE),
    ("instance: view", "GET", _INSTANCE + "/instanceView"),
    ("instance: PUT (protection)", "PUT", _INSTANCE),
    ("manualupgrade", "POST", _ONE + "/manualupgrade"),
    ("rolling upgrade: start", "POST", _ONE + "/(?:os|extension)RollingUpgrade"),
    ("rolling upgrade: latest", "GET", _ONE + "/rollingUpgrades/latest"),
    ("rolling upgrade: cancel", "POST", _ONE + "/rollingUpgrades/cancel"),
    ("start", "POST", _ONE + "/start"),
    ("start", "POST", _INSTANCE + "/start"),
    ("power off", "POST", _ONE + "/poweroff"),
    ("power off", "POST", _INSTANCE + "/poweroff"),
    ("deallocate", "POST", _ONE + "/deallocate"),
    ("deallocate", "POST", _INSTANCE + "/deallocate"),
    ("delete instances", "POST", _ONE + "/delete"),
    ("delete instances", "DELETE", _INSTANCE),
    ("run command: action", "POST", _INSTANCE + "/runCommand"),
    ("operation: poll", "GET", _LOCATION + "/(?:operations|capsOperations)/[^/]+"),
    ("platform image: list", "GET", _VERSIONS),
    ("platform image: get", "GET", _VERSIONS + "/[^/]+"),
    ("gallery version: get", "GET", _GALLERY_VERSION),
    ("virtual machines: by filter", "GET", _MACHINES),
)
PROMISED = (*dict.fromkeys(name for name, _, _ in OPERATIONS), "operation: Location", "set: scale")

_COMPILED = [(name, method, re.compile(path + "/?", re.IGNORECASE)) for name, method, path in OPERATIONS]
_ANY_SET = re.compile(_ONE + "(?:/.*)?", re.IGNORECASE)
_ANY_LOCATION = re.compile(_LOCATION + "/.*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Address:
    """A set by its resource group and name, in lower case."""

    group: str
    name: str


def operation_of(method: str, url: str) -> str | None:
    """Return the promised operation that a request belongs to, None for any other."""
    parts = urlsplit(url)
    for name, wanted, pattern in _COMPILED:
        if method == wanted and pattern.fullmatch(parts.path):
            if name == "operation: poll" and is_location(url):
                return "operation: Location"
            return name
    return None


def other_name(method: str, url: str) -> str:
    """Name a request outside the promise by its method and the words of its path."""
    words = re.sub(r"^.*?/providers/", "", urlsplit(url).path, flags=re.IGNORECASE).split("/")
    literal = [word for position, word in enumerate(words) if position % 2 == 1 or position == 0]
    return f"{method} {'/'.join(literal)}"


def is_location(url: str) -> bool:
    """Return True if the URL is an operation's Location, not its poll."""
    return query_of(url).get("monitor", "").lower() == "true"


def address_of(url: str) -> Address | None:
    """Return the set of a request: by its path, or by the filter of a list of virtual machines."""
    path = urlsplit(url).path
    match = _ANY_SET.fullmatch(path)
    if match is None and re.fullmatch(_MACHINES + "/?", path, re.IGNORECASE):
        match = _ANY_SET.search(query_of(url).get("$filter", "").rstrip("'"))
    return None if match is None else Address(unquote(match["group"]).lower(), unquote(match["set"]).lower())


def group_of(url: str) -> str:
    """Return the resource group in the path, in lower case; empty if there is none."""
    match = re.match(r"/subscriptions/[^/]+/resourceGroups/([^/]+)", urlsplit(url).path, re.IGNORECASE)
    return "" if match is None else unquote(match[1]).lower()


def location_of(url: str) -> str:
    """Return the region in the path, in lower case; empty if there is none."""
    match = _ANY_LOCATION.fullmatch(urlsplit(url).path)
    return "" if match is None else unquote(match["location"]).lower()


def query_of(url: str) -> dict[str, str]:
    """Return the query, with names in lower case."""
    return {name.lower(): value for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True)}


def last_word(url: str) -> str:
    """Return the last segment of the path, in lower case: for an operation's URL its name."""
    return unquote(urlsplit(url).path.rstrip("/").rsplit("/", 1)[-1]).lower()
