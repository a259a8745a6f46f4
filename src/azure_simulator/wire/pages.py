"""Long lists, page by page: the entries of a page, and the link to the next one.

A `$skiptoken` holds the id that the page begins with, and is good for one scale set only.
"""

import base64
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import parse_qsl, quote

from azure_simulator.wire.errors import refusal

PAGE = 120
Entry = TypeVar("Entry")


def take_page(
    entries: Sequence[Entry], id_of_entry: Callable[[Entry], str], owner: str, token: str | None
) -> tuple[list[Entry], str | None]:
    """Return the entries of a page, and the id that the next page begins with. Their order is not by number.

    Raises Refusal 400 for a token of another owner.
    """
    ordered = sorted(entries, key=id_of_entry)
    begin = 0 if token is None else bisect_left(ordered, _read_token(token, owner), key=id_of_entry)
    end = begin + PAGE
    return ordered[begin:end], id_of_entry(ordered[end]) if len(ordered) > end else None


def next_link(address: str, raw_query: str, owner: str, first: str) -> str:
    """Return the link to the page that begins with the id `first`; the other parameters of the query stay."""
    kept = [(name, value) for name, value in parse_qsl(raw_query) if name.lower() != "$skiptoken"]
    token = base64.b64encode(f"{owner}!{first}".encode()).decode()
    query = "&".join(f"{name}={quote(value)}" for name, value in [*kept, ("$skiptoken", token)])
    return f"{address}?{query}"


def _read_token(token: str, owner: str) -> str:
    try:
        unique_id, _, first = base64.b64decode(token, validate=True).decode().partition("!")
    except ValueError:
        unique_id, first = "", ""
    if unique_id != owner or not first:
        raise refusal("stale-skiptoken")
    return first
