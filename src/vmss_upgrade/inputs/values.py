"""How a workflow author may write a number, a duration, a share or a list. Text in, value out; None: it is not one.

Digits are those of ASCII only: `int` would take others, too, and a reader would not.
"""

from __future__ import annotations

import json
import re
from pathlib import PurePosixPath

from vmss_upgrade.addresses import parse_address
from vmss_upgrade.rollout.policy import Share

_NUMBER = re.compile(r"[0-9]{1,9}")
_CLOCK_UNITS = re.compile(r"(?:([0-9]{1,9})h)?(?:([0-9]{1,9})m)?(?:([0-9]{1,9})s)?", re.IGNORECASE | re.ASCII)
_SHARE = re.compile(r"([0-9]{1,9})\s*(%?)")
_ADDRESS = re.compile(r"[!-~]+", re.ASCII)  # what else there is must be percent-encoded
_AMBIGUOUS = re.compile(r"[\\#]")  # read as the end of a host by some, and by others not


def parse_number(text: str) -> int | None:
    """0 or more."""
    return int(text) if _NUMBER.fullmatch(text) else None


def parse_duration(text: str) -> float | None:
    """Seconds of `90s`, `5m`, `1h30m`, `PT5M` or plain seconds."""
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return float(text)
    match = _CLOCK_UNITS.fullmatch(text[2:] if text[:2].upper() == "PT" else text)
    if match is None or not any(match.groups()):
        return None
    hours, minutes, seconds = (int(group or 0) for group in match.groups())
    return float(hours * 3600 + minutes * 60 + seconds)


def parse_share(text: str) -> Share | None:
    """A count (`3`) or a percentage up to 100 (`20%`)."""
    match = _SHARE.fullmatch(text)
    if match is None:
        return None
    share = Share(int(match[1]), bool(match[2]))
    return None if share.is_percentage and share.number > 100 else share


def parse_list(text: str) -> tuple[list[str], list[str]] | None:
    """The items of a list separated by commas or line breaks, or of a JSON array of texts and whole numbers.

    Beside them what of a JSON array can be no item, as JSON. None: it begins like a JSON array, and is none.
    """
    text = text.strip()
    if not text.startswith("["):
        return _trimmed(re.split(r"[,\n]", text)), []
    try:
        values = json.loads(text, parse_int=str)
        wrong = [json.dumps(value) for value in values if not isinstance(value, str)]
    except (ValueError, RecursionError):
        return None
    return _trimmed([value for value in values if isinstance(value, str)]), wrong


def is_path_below(text: str) -> bool:
    """Whether it names a file below some folder: relative, without a way up, and of characters that all can see."""
    path = PurePosixPath(text)
    is_below = bool(path.name) and not path.is_absolute() and ".." not in path.parts
    return is_below and text.isprintable() and not text.endswith("/")


def is_address(text: str) -> bool:
    """Whether it is an http or https address that all readers read alike, without a user and a fragment."""
    return bool(_ADDRESS.fullmatch(text)) and not _AMBIGUOUS.search(text) and parse_address(text) is not None


def origin_of(text: str) -> str | None:
    """The origin that `https://HOST` or `https://HOST:PORT` names, with or without a slash at its end; else None."""
    address = parse_address(text)
    if address is None or address.scheme != "https":
        return None
    host = f"https://{address.host}"
    return address.origin if text.lower().removesuffix("/") in (host, f"{host}:{address.port}") else None


def shown_address(text: str) -> str:
    """What of an address a message may show: neither a user and a password nor a query, which may hold a signature."""
    return text.partition("?")[0].rpartition("@")[2]


def _trimmed(items: list[str]) -> list[str]:
    return [item.strip() for item in items if item.strip()]
