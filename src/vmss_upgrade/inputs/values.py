"""Texts of a workflow author -> numbers, durations, shares and lists (None for a text that is none); names, addresses.

Only ASCII digits are digits: `int` would take others, too, which a reader would not.
"""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import PurePosixPath

from vmss_upgrade.rollout.policy import Share
from vmss_upgrade.web.addresses import parse_address

_QUOTES = "\"'`\u201c\u201d\u2018\u2019"
_NUMBER = re.compile(r"[0-9]{1,9}")
_CLOCK_UNITS = re.compile(r"(?:([0-9]{1,9})h)?(?:([0-9]{1,9})m)?(?:([0-9]{1,9})s)?", re.IGNORECASE | re.ASCII)
# a duration as people write it elsewhere: 30 m, 30min, 2 hours, 1.5h, 1 day, P1DT2H
_NUMBER_AND_UNIT = re.compile(
    r"t?([0-9]{1,9}(?:[.,][0-9]{1,2})?)\s*(?:(d)(?:ays?)?|(h)(?:(?:ou)?rs?)?|(m)(?:in(?:ute)?s?)?|s(?:ec(?:ond)?s?)?)[,\s]*",
    re.IGNORECASE | re.ASCII,
)
_SHARE = re.compile(r"([0-9]{1,9})\s*(%?)")
_BETWEEN_ITEMS = re.compile(r"[,\s]+", re.ASCII)
_ADDRESS = re.compile(r"[!-~]+", re.ASCII)  # anything else must be percent-encoded
_AMBIGUOUS = re.compile(r"[\\#]")  # the end of a host to some parsers only

# The names that Azure allows ("Naming rules and restrictions for Azure resources"); where it is stricter for one kind,
# it says so. No name is only dots or ends in a dot: in a path it would lead somewhere else.
NO_GUID = "is not a GUID, such as 00000000-0000-0000-0000-000000000000"
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+", re.IGNORECASE | re.ASCII)
_NAME = re.compile(r"\w(?:[\w.-]*[\w-])?", re.ASCII)
# .NET's Char.IsLetterOrDigit, which Azure documents for resource groups
_LETTERS_AND_DIGITS = {"Lu", "Ll", "Lt", "Lm", "Lo", "Nd"}
_LONGEST_GROUP = 90


def unquoted(value: str) -> str:
    """Return the value without the one pair of quotes around it."""
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1].strip() if is_quoted else value


def has_quotes(value: str) -> bool:
    """Return whether a quote stands at the beginning or at the end of the value."""
    return bool(value) and (value[0] in _QUOTES or value[-1] in _QUOTES)


def parse_number(text: str) -> int | None:
    """Return a whole number from 0 on."""
    return int(text) if _NUMBER.fullmatch(text) else None


def parse_duration(text: str) -> float | None:
    """Return the seconds of `90s`, `5m`, `1h30m`, `PT5M` or plain seconds."""
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return float(text)
    match = _CLOCK_UNITS.fullmatch(text[2:] if text[:2].upper() == "PT" else text)
    if match is None or not any(match.groups()):
        return None
    hours, minutes, seconds = (int(group or 0) for group in match.groups())
    return float(hours * 3600 + minutes * 60 + seconds)


def nearest_duration(text: str) -> str:
    """Return `30m` for a text such as 30 min, which only people read as a duration; empty if they would not either."""
    text = text.lower().removeprefix("p")
    parts = list(_NUMBER_AND_UNIT.finditer(text))
    if not parts or "".join(part[0] for part in parts) != text:
        return ""
    units = {"d": 86400, "h": 3600, "m": 60}
    seconds = sum(float(part[1].replace(",", ".")) * units.get(part[2] or part[3] or part[4], 1) for part in parts)
    sizes = ((3600, "h"), (60, "m"), (1, "s"))
    return next((f"{seconds / size:.0f}{name}" for size, name in sizes if seconds and not seconds % size), "")


def parse_share(text: str) -> Share | None:
    """Return a count (`3`) or a percentage up to 100 (`20%`)."""
    match = _SHARE.fullmatch(text)
    if match is None:
        return None
    share = Share(int(match[1]), bool(match[2]))
    return None if share.is_percentage and share.number > 100 else share


def parse_list(text: str) -> tuple[list[str], list[str]] | None:
    """Return the items of a list separated by commas, blanks or line breaks, or of a JSON array of texts and whole
    numbers, and the values of a JSON array that cannot be items, as JSON. None: it begins like a JSON array, but is
    not one.
    """
    text = text.strip()
    if not text.startswith("["):
        return _trimmed(_BETWEEN_ITEMS.split(text)), []
    try:
        values = json.loads(text, parse_int=str)
        wrong = [json.dumps(value) for value in values if not isinstance(value, str)]
    except (ValueError, RecursionError):
        return None
    return _trimmed([value for value in values if isinstance(value, str)]), wrong


def is_guid(text: str) -> bool:
    """Return whether the text is an id of Entra's or of a subscription."""
    return bool(_GUID.fullmatch(text))


def is_domain(text: str) -> bool:
    """Return whether the text is a domain name of at least two parts, such as contoso.onmicrosoft.com."""
    return bool(_DOMAIN.fullmatch(text))


def is_name(text: str) -> bool:
    """Return whether a scale set, an instance, a gallery, an image or a part of a platform image may have the name."""
    return bool(_NAME.fullmatch(text))


def is_group_name(text: str) -> bool:
    """Return whether a resource group may have the name: letters and digits of any script, `_`, `-`, `.`, `(`, `)`."""
    return (
        0 < len(text) <= _LONGEST_GROUP
        and not text.endswith(".")
        and all(c in "_-.()" or unicodedata.category(c) in _LETTERS_AND_DIGITS for c in text)
    )


def is_path_below(text: str) -> bool:
    """Return whether it names a file below some folder: relative, without a way up, of visible characters."""
    path = PurePosixPath(text)
    is_below = bool(path.name) and not path.is_absolute() and ".." not in path.parts
    return is_below and text.isprintable() and not text.endswith("/")


def is_address(text: str) -> bool:
    """Return whether it is an http or https address that all readers read alike, without a user and a fragment."""
    return bool(_ADDRESS.fullmatch(text)) and not _AMBIGUOUS.search(text) and parse_address(text) is not None


def origin_of(text: str) -> str | None:
    """Return the origin that `https://HOST` or `https://HOST:PORT` names, with or without a final slash; else None."""
    address = parse_address(text)
    if address is None or address.scheme != "https":
        return None
    host = f"https://{address.host}"
    return address.origin if text.lower().removesuffix("/") in (host, f"{host}:{address.port}") else None


def shown_address(text: str) -> str:
    """Return the address as a message may show it: without user, password, and query, which may hold a signature."""
    return text.partition("?")[0].rpartition("@")[2]


def _trimmed(items: list[str]) -> list[str]:
    return [item.strip() for item in items if item.strip()]


_LONGEST_JOB = 360  # minutes; GitHub ends a job on its own runners then, so a larger number hardly means minutes


def with_unit(number: int) -> str:
    """Return the remedy for a number that is a duration without its unit."""
    if number > _LONGEST_JOB:
        return f"Did you mean `{number}s`?"
    return f"Did you mean `{number}m`? Seconds are written `{number}s`."
