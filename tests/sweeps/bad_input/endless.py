"""Bodies that do not end in time, made while they are read: huge, packed, or a byte a second on the virtual clock."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from typing import Any

import requests
import urllib3

from azure_simulator.transport import Exchange, SimulatorAdapter
from vmss_upgrade.azure_api.bounded_http import ANSWER_BYTES, ANSWER_SECONDS, Allowance, BoundedAdapter, _Reader
from vmss_upgrade.ports import Clock

MARK = "x-bad-input-body"  # the header that marks an answer with such a body on its way to the adapter
BODIES = ("blanks", "digits", "letters", "packed", "trickle")
SIZE = 300_000_000
SECONDS_OF_TRICKLING = 6000
_PORTION = 1_000_000
_PACKED = gzip.compress(b" " * _PORTION)
_BEGINNINGS = {"blanks": b'{"value": [', "digits": b'{"value": [1', "letters": b'{"value": ["'}
_FILLING = {"blanks": b" ", "digits": b"1", "letters": b"x", "packed": _PACKED}


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
        """See HTTPAdapter.build_response."""
        kind = resp.headers.pop(MARK, None)
        if kind is None:
            return super().build_response(req, resp)
        headers = urllib3.HTTPHeaderDict(resp.headers)
        headers.discard("content-length")
        body: io.RawIOBase
        if kind == "trickle":
            body = _Trickling(resp.read(), self._clock)
        else:
            body = _Endless(kind, self._take)
            if kind == "packed":
                headers["content-encoding"] = "gzip"
        endless = urllib3.HTTPResponse(
            body=self._bounded(body), headers=headers, status=resp.status, preload_content=False
        )
        return super().build_response(req, endless)

    def _bounded(self, body: io.RawIOBase) -> io.BufferedReader:
        return io.BufferedReader(_Reader(_Connection(body), self._allowance))


class _Connection:
    """The parts of a socket that a reader with an allowance uses; its clock is the virtual one."""

    def __init__(self, body: io.RawIOBase) -> None:
        self._body = body

    def makefile(self, _mode: str, buffering: int) -> io.RawIOBase:
        return self._body

    def gettimeout(self) -> None:
        return None

    def settimeout(self, _seconds: float) -> None:
        return None


class _Endless(io.RawIOBase):
    """Three hundred million equal bytes, none of which exists before it is read."""

    def __init__(self, kind: str, take: Callable[[int], None]) -> None:
        self._beginning = _BEGINNINGS.get(kind, b"")
        self._filling = _FILLING[kind]
        self._unpacked = _PORTION if kind == "packed" else 1
        self._left = len(self._beginning) + SIZE // self._unpacked * len(self._filling)
        self._take = take
        self._taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = min(len(buffer), self._left)
        if self._beginning:
            data, self._beginning = self._beginning[:size], self._beginning[size:]
            size = len(data)
        else:
            begun = self._taken % len(self._filling)
            data = (self._filling * (2 + size // len(self._filling)))[begun : begun + size]
            self._taken += size
        buffer[:size] = data
        self._left -= size
        self._take(self._taken * self._unpacked // len(self._filling))
        return size


class _Trickling(io.RawIOBase):
    """The true answer followed by spaces, a byte a second, for longer than a rollout may take."""

    def __init__(self, body: bytes, clock: Clock) -> None:
        self._bytes = iter(body.ljust(SECONDS_OF_TRICKLING))
        self._clock = clock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._clock.sleep(1)
        following = next(self._bytes, None)
        if following is None:
            return 0
        buffer[0] = following
        return 1
