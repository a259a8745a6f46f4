"""Bodies that do not end in time, made while they are read: huge, packed, or a byte a second on the virtual clock."""

import gzip
import io
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import requests
import urllib3

from azure_simulator.transport import Exchange, SimulatorAdapter
from vmss_upgrade.ports import Clock
from vmss_upgrade.web.bounded_http import ANSWER_BYTES, ANSWER_SECONDS, Allowance, BoundedAdapter, _Reader

MARK = "x-bad-input-body"  # the header that marks an answer with such a body on its way to the adapter
BODIES = ("blanks", "digits", "letters", "packed", "trickle")
SECONDS_OF_TRICKLING = 6000
_PORTION, _PORTIONS = 1_000_000, 300  # bytes, and how often they are sent
_BLANKS = b" " * _PORTION
# kind -> the beginning of the body, and what follows again and again
_CONTENTS = {
    "blanks": (b'{"value": [', _BLANKS),
    "digits": (b'{"value": [1', b"1" * _PORTION),
    "letters": (b'{"value": ["', b"x" * _PORTION),
    "packed": (b"", gzip.compress(_BLANKS)),
}


class EndlessAdapter(BoundedAdapter, SimulatorAdapter):  # type: ignore[misc]  # its `send` takes fewer arguments
    """The action's own limits, with the simulator in place of the network.

    Gives a marked answer a body of that kind. `take` gets the number of unpacked bytes that were read.
    """

    def __init__(self, exchange: Exchange, clock: Clock, take: Callable[[int], None]) -> None:
        SimulatorAdapter.__init__(self, exchange)
        self._allowance = Allowance(ANSWER_SECONDS, ANSWER_BYTES, clock.now)
        self._clock = clock
        self._take = take

    def build_response(self, req: requests.PreparedRequest, resp: urllib3.BaseHTTPResponse) -> requests.Response:
        kind = resp.headers.pop(MARK, None)
        if kind is None:
            return super().build_response(req, resp)
        headers = urllib3.HTTPHeaderDict(resp.headers)
        headers.discard("content-length")
        if kind == "packed":
            headers["content-encoding"] = "gzip"
        body = _Made(_trickle(resp.read(), self._clock) if kind == "trickle" else _repeat(kind, self._take))
        # the parts of a socket that a reader with an allowance uses; its clock is the virtual one
        connection = SimpleNamespace(makefile=lambda *_, **__: body, gettimeout=lambda: None, settimeout=lambda _: None)
        reader = io.BufferedReader(_Reader(connection, self._allowance))
        endless = urllib3.HTTPResponse(body=reader, headers=headers, status=resp.status, preload_content=False)
        return super().build_response(req, endless)


def _repeat(kind: str, take: Callable[[int], None]) -> Iterator[bytes]:
    """Yield three hundred million equal bytes, packed or not."""
    beginning, portion = _CONTENTS[kind]
    yield beginning + portion
    for number in range(1, _PORTIONS):
        take((number + 1) * _PORTION)
        yield portion


def _trickle(body: bytes, clock: Clock) -> Iterator[bytes]:
    """Yield the true answer followed by spaces, a byte a second, for longer than a rollout may take."""
    for byte in body.ljust(SECONDS_OF_TRICKLING):
        clock.sleep(1)
        yield bytes([byte])


class _Made(io.RawIOBase):
    """A body whose portions are made while it is read."""

    def __init__(self, portions: Iterator[bytes]) -> None:
        self._portions = portions
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._rest = self._rest or memoryview(next(self._portions, b""))
        data, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)
