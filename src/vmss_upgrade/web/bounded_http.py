"""HTTP whose every answer has an end: no server may trickle for ever, or send without end.

`requests` bounds each read alone, and no size. Here the bytes of an answer, from the status line of a proxy's tunnel to
the last trailer, are taken from the socket by one reader that counts them and sets the socket's timeout to what is left
of the answer's time. (Python's TLS holds that timeout for a whole read and for a whole handshake.)
"""

from __future__ import annotations

import functools
import http.client
import io
import logging
import socket
from collections.abc import Callable
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.request import getproxies

import requests
from requests.adapters import HTTPAdapter
from requests.utils import prepend_scheme_if_needed
from urllib3 import HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util import Retry, parse_url

from vmss_upgrade.errors import VmssUpgradeError

ANSWER_SECONDS = 60.0  # from the first byte of the request to the last of the answer
ANSWER_BYTES = 64 * 1024 * 1024  # as it comes, and unpacked; 600 instances are 3 MB
BLOCK = 64 * 1024

# its one warning, of headers that cannot be read, quotes the address with its query
logging.getLogger("urllib3.connection").setLevel(logging.ERROR)


class AnswerLeft(Exception):
    """An answer was left. Not an OSError, which urllib3 would wrap in errors that quote the address."""


class AnswerTooSlow(AnswerLeft):
    """An answer that did not end within its time, however often something of it came."""


class AnswerTooLarge(AnswerLeft):
    """An answer of more bytes than any honest one."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the answer was larger than {size / 2**20:g} MiB, and was left")


CheckPeer = Callable[[socket.socket], None]


def any_peer(_: socket.socket) -> None:
    """Let a connection be used, wherever it leads."""


class Allowance:
    """What is left of one answer's time and size. Shared by everything that takes part in an exchange."""

    def __init__(self, seconds: float, size: int, now: Callable[[], float]) -> None:
        self.seconds = seconds
        self.size = size
        self._now = now
        self.renew()

    def renew(self) -> None:
        """Begin another exchange."""
        self._ends, self._left = self._now() + self.seconds, self.size

    def time_left(self) -> float:
        """Return the seconds that are left, more than none. Raises AnswerTooSlow if there are none."""
        left = self._ends - self._now()
        if left <= 0:
            raise AnswerTooSlow(f"the answer did not end within {self.seconds:g} s, and was left")
        return left

    def take(self, count: int) -> None:
        """Count bytes that came. Raises AnswerTooLarge where they are too many."""
        self._left -= count
        if self._left < 0:
            raise AnswerTooLarge(self.size)


class _Reader(io.RawIOBase):
    """Reads a socket within an allowance."""

    def __init__(self, sock: Any, allowance: Allowance) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)  # so that the socket knows that it is still in use
        self._idle = sock.gettimeout()
        self._allowance = allowance

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._allowance.time_left()
        self._sock.settimeout(left if self._idle is None else min(left, self._idle))
        try:
            count = self._raw.readinto(buffer) or 0
        except TimeoutError:
            self._allowance.time_left()  # or else nothing came for as long as one read may take
            raise
        self._allowance.take(count)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Bounded:
    """A connection that reads within the allowance. Mixed into urllib3's."""

    sock: Any
    timeout: Any

    def __init__(self, *args: Any, allowance: Allowance, check_peer: CheckPeer, **options: Any) -> None:
        super().__init__(*args, **options)
        self._allowance = allowance
        self._check_peer = check_peer

    def response_class(self, sock: Any, *args: Any, **options: Any) -> http.client.HTTPResponse:
        """Return what `http.client` parses an answer with, also a proxy's answer to CONNECT."""
        response = http.client.HTTPResponse(sock, *args, **options)
        response.fp.close()
        response.fp = io.BufferedReader(_Reader(sock, self._allowance), BLOCK)
        return response

    def _new_conn(self) -> socket.socket:
        self.timeout = min(self.timeout, self._allowance.time_left())
        connected: socket.socket = super()._new_conn()  # type: ignore[misc]
        try:
            self._check_peer(connected)
        except BaseException:
            connected.close()
            raise
        return connected

    def _tunnel(self) -> None:
        super()._tunnel()  # type: ignore[misc]
        self.sock.settimeout(min(self.timeout, self._allowance.time_left()))  # for the handshake that follows


class _HttpConnection(_Bounded, HTTPConnection):  # type: ignore[misc]  # http.client has a class where we have a method
    pass


class _HttpsConnection(_Bounded, HTTPSConnection):  # type: ignore[misc]
    def _connect_tls_proxy(self, hostname: str, sock: socket.socket) -> Any:
        """Return TLS to the proxy. The TLS inside of it reads record by record, each read within the allowance."""
        proxy: Any = super()._connect_tls_proxy(hostname, sock)
        read = proxy.recv

        def read_in_time(*args: Any) -> bytes:
            proxy.settimeout(min(self.timeout, self._allowance.time_left()))
            received: bytes = read(*args)
            return received

        proxy.recv = read_in_time
        return proxy


class BoundedAdapter(HTTPAdapter):
    """Sends with urllib3, never twice, and reads every answer whole, within `seconds` and `size`.

    `check_peer` is given each new connection before anything is sent on it, and raises where it may not be used.
    """

    def __init__(
        self,
        now: Callable[[], float],
        *,
        seconds: float = ANSWER_SECONDS,
        size: int = ANSWER_BYTES,
        check_peer: CheckPeer = any_peer,
    ) -> None:
        self._allowance = Allowance(seconds, size, now)
        self._check_peer = check_peer
        # `total=False` raises the error itself, where 0 raises one that quotes the address with its query
        super().__init__(max_retries=Retry(total=False, redirect=False, raise_on_status=False))

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        """Return urllib3's pool for a request, which makes our connections."""
        pool: Any = super().get_connection_with_tls_context(*args, **options)
        made = _HttpsConnection if isinstance(pool, HTTPSConnectionPool) else _HttpConnection
        pool.ConnectionCls = functools.partial(made, allowance=self._allowance, check_peer=self._check_peer)
        return pool

    def send(self, request: requests.PreparedRequest, stream: bool = False, **options: Any) -> requests.Response:  # type: ignore[override]
        """Return the answer with its body. Raises AnswerTooSlow and AnswerTooLarge beside what `requests` does."""
        self._allowance.renew()
        response = super().send(request, stream=True, **options)
        try:
            response._content = self.body_of(response)
        except BaseException:
            response.close()
            raise
        response._content_consumed = True  # type: ignore[attr-defined]
        return response

    def body_of(self, response: requests.Response) -> bytes:
        """Return the body, unpacked: a few bytes on the wire can be a thousand times as many."""
        parts, left = [], self._allowance.size
        for part in response.iter_content(BLOCK):
            left -= len(part)
            if left < 0:
                raise AnswerTooLarge(self._allowance.size)
            parts.append(part)
        return b"".join(parts)


def bounded_session(now: Callable[[], float]) -> requests.Session:
    """Return a session that takes proxies and certificates from the environment, and nothing else; it keeps no cookies.

    Raises VmssUpgradeError where the address of a proxy cannot be read.
    """
    _check_proxies()
    session = requests.Session()
    session.auth = _as_it_is
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = BoundedAdapter(now)
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter)
    return session


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave the request as it is: it has its authentication: without one, `requests` looks into `.netrc`."""
    return request


def _check_proxies() -> None:
    """Raise where `requests` would, and quote the address with its password."""
    for scheme, address in getproxies().items():
        if scheme in ("http", "https", "all") and not _is_readable(address):
            name = f"{scheme.upper()}_PROXY"
            raise VmssUpgradeError(
                f"{name} (or {name.lower()}) in the environment cannot be read as an address; its value is not shown.",
                "Write it as http://HOST:PORT, with special characters of a user or a password percent-encoded.",
            )


def _is_readable(proxy: str) -> bool:
    try:
        return bool(parse_url(prepend_scheme_if_needed(proxy, "http")).host)  # type: ignore[no-untyped-call]
    except (TypeError, ValueError):  # what requests stumbles over where there is no host, and what urllib3 says
        return False
