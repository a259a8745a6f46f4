"""Finds the problems of a run's requests: their hosts, their kinds, their number, and the bytes read of the answers."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote, unquote_plus

from urllib3.util import parse_url

from permitted import complaint
from sweeps.bad_input.leaks import SHORTEST_SECRET
from sweeps.bad_input.player import MOST_REQUESTS, Aftermath, Sent
from sweeps.bad_input.worlds import TIMEOUT

SLACK = 400.0  # seconds beyond the timeout: for the last answer, and for resuming automatic repairs
MOST_BYTES = 140_000_000  # for one answer: 64 MiB, and the excess of one block of a packed one
NAMES = ("scale-set", "resource-group", "subscription-id")
SHOWN = 200  # characters of an address


def asks_nobody_else(after: Aftermath) -> Iterator[str]:
    """Check that every request goes to a host that the inputs, or Microsoft's clouds, name."""
    homes = after.hostile.homes.all
    for origin, sent in {sent.origin: sent for sent in after.hostile.sent}.items():
        if origin not in homes:
            yield f"{sent.request.method} {sent.request.url[:SHOWN]!r}, a host of {origin[:SHOWN]}"


def secrets_go_home(after: Aftermath) -> Iterator[str]:
    """Check that each secret goes only to its own host."""
    kinds = {secret: kind for secret, kind in after.hostile.secrets.kinds.items() if len(secret) >= SHORTEST_SECRET}
    wrong = set()
    for sent in after.hostile.sent:
        said = _everything_in(sent)
        for secret, kind in kinds.items():
            if sent.origin != after.hostile.homes.of(kind) and secret in said:
                wrong.add(f"{kind}: its {secret[:8]}... went to {sent.request.url[:SHOWN]!r}")
    yield from sorted(wrong)


def asks_only_what_is_promised(after: Aftermath) -> Iterator[str]:
    """Check that only requests of the kinds in SECURITY.md are sent, and only for the named set.

    At the authority's own host, the authority decides where signing in is.
    """
    names_another = any(name.lower() in NAMES for name in after.case.inputs)
    for sent in after.hostile.sent:
        if sent.origin == after.hostile.homes.authority and b"grant_type=" in sent.request.body:
            continue
        path = parse_url(sent.request.url).path or ""
        is_write = sent.request.method != "GET" and not path.endswith("/token")
        if is_write and not names_another and not path.lower().startswith(after.own_path.lower()):
            yield f"{sent.request.method} {path} is not of the set that was named"
        if wrong := complaint(sent.request.method, sent.request.url, sent.request.body):
            yield wrong


def ends_in_time(after: Aftermath) -> Iterator[str]:
    """Check the timeout, and the number of requests and of bytes of an answer."""
    if "timeout" not in after.case.inputs and after.seconds > TIMEOUT + SLACK:
        yield f"it took {after.seconds} s"
    if len(after.hostile.sent) > MOST_REQUESTS:
        yield f"more than {MOST_REQUESTS} requests"
    if after.hostile.unpacked > MOST_BYTES:
        yield f"{after.hostile.unpacked} bytes were taken of one answer"


def _everything_in(sent: Sent) -> str:
    body = sent.request.body.decode("utf-8", "replace")
    url = sent.request.url
    return "\n".join((url, unquote(url), *sent.request.headers.values(), body, unquote_plus(body)))
