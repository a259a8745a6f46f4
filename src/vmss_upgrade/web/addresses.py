"""Addresses, read by the parser that sends them: if two parsers disagree about one, a token goes to the wrong host.

`requests` parses and sends with urllib3; `urllib.parse` reads another host out of `https://a\\@b/` (psf/requests#7141).
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

_PORTS = {"https": 443, "http": 80}
# urllib3 decodes a percent-encoded host, once more at each reading; no name of a host has other characters
_HOST = re.compile(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An absolute http or https address without a user and a fragment.

    `scheme` and `host` are in lower case, an IPv6 host in brackets; `port` is the scheme's own where none was written.
    `path` begins with a slash; `query` lacks its question mark. Both are percent-encoded as they are sent.
    """

    scheme: str
    host: str
    port: int
    path: str
    query: str

    @property
    def origin(self) -> str:
        """Scheme, host and port, such as `https://host` (the scheme's own port is left out)."""
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}"

    def __str__(self) -> str:
        """Return the whole address, rebuilt from its parts."""
        return f"{self.origin}{self.path}{'?' if self.query else ''}{self.query}"


@lru_cache(maxsize=256)  # a run asks for the same few addresses again and again
def parse_address(text: str) -> Address | None:
    """Read an address as urllib3 will send it; None if it is not absolute, names a user, or cannot be read."""
    try:
        url = parse_url(text)
    except LocationParseError:
        return None
    host = (url.host or "").lower()
    if url.scheme not in _PORTS or not _HOST.fullmatch(host) or url.auth is not None or url.port == 0:
        return None
    port = url.port or _PORTS[url.scheme]
    return Address(scheme=url.scheme, host=host, port=port, path=url.path or "/", query=url.query or "")


# besides link-local addresses: Azure's platform service, and the metadata services of other clouds
_OWN_SERVICES = frozenset(map(ipaddress.ip_address, ("168.63.129.16", "100.100.100.200", "fd00:ec2::254")))


def leads_inside(host: str) -> bool:
    """Return whether an IP address is a service of the machine itself, which gives tokens and settings away.

    A host that ends in a number, but is no usual IPv4 address, counts as one: 2852039166 is read as 169.254.169.254.
    """
    address = _ip(host)
    if address is None:
        return bool(re.fullmatch(r"[0-9]+|0x[0-9a-f]*", host.rstrip(".").rpartition(".")[2]))
    return address.is_link_local or address in _OWN_SERVICES


def is_loopback(host: str) -> bool:
    """Return whether a host is the machine, or the container, itself. A name is not resolved."""
    address = _ip(host)
    if address is None:
        return host.rstrip(".").rpartition(".")[2] == "localhost"
    return address.is_loopback or address.is_unspecified


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the IP address that a host is; that of IPv4 where it is written as one of IPv6. None for a name."""
    try:
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None
    return (isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped) or address
