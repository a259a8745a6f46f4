"""The client of hooks and probes: one HTTPS request, one answer of bounded size and time, no redirect.

Proxies and a private certificate authority are taken from the environment, as for Azure, and nothing else is: no
credentials, no cookies. A name that leads to a service of the machine itself gets no request.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from vmss_upgrade.ports import Clock, WebAnswer
from vmss_upgrade.web.addresses import leads_inside
from vmss_upgrade.web.bounded_http import AnswerLeft, AnswerTooSlow, BoundedAdapter, bounded_session

CONNECT_SECONDS: Final = 10.0
HEADERS_BYTES: Final = 256 * 1024  # of an answer besides its body, and read ahead


class _LeadsInside(AnswerLeft):
    """A connection to a service that only the machine's own software may ask."""


class HttpsClient:
    """Implements `ports.Web`."""

    def __init__(self, clock: Clock) -> None:
        self._now = clock.now

    def ask(
        self, method: str, address: str, *, headers: Mapping[str, str], body: bytes, timeout: float, most_bytes: int
    ) -> WebAnswer:
        """See `ports.Web.ask`. What is raised does not quote the address, whose query may be a secret."""
        with bounded_session(self._now) as session:
            session.mount("https://", _CuttingAdapter(self._now, seconds=timeout, most_bytes=most_bytes))
            session.headers.clear()
            try:
                answer = session.request(
                    method,
                    address,
                    headers={"User-Agent": "vmss-upgrade", "Accept-Encoding": "identity", **headers},
                    data=body,
                    timeout=(min(CONNECT_SECONDS, timeout), timeout),
                    allow_redirects=False,
                )
            except (AnswerLeft, requests.RequestException, HTTPError) as error:
                raise _without_address(error, timeout) from error
            shown = {name.lower(): value for name, value in answer.headers.items()}
            return WebAnswer(status=answer.status_code, headers=shown, body=answer.content)


class _CuttingAdapter(BoundedAdapter):
    """Takes the first `most_bytes` of a body, as they are sent: nothing is unpacked."""

    def __init__(self, now: Callable[[], float], *, seconds: float, most_bytes: int) -> None:
        super().__init__(now, seconds=seconds, size=most_bytes + HEADERS_BYTES, check_peer=_refuse_own_services)
        self._most_bytes = most_bytes

    def body_of(self, response: requests.Response) -> bytes:
        """Return the beginning of the body, and leave the connection."""
        body: bytes = response.raw.read(self._most_bytes, decode_content=False)
        response.close()
        return body


def _refuse_own_services(connection: socket.socket) -> None:
    host = str(connection.getpeername()[0])
    if leads_inside(host):
        raise _LeadsInside(f"its name leads to {host}, a service of the machine itself, which is not asked")


def _without_address(error: Exception, timeout: float) -> OSError:
    """Return the error for callers: `requests` quotes the address."""
    if isinstance(error, (AnswerTooSlow, requests.Timeout, ReadTimeoutError)):
        return TimeoutError(f"no whole answer came within {timeout:g} s")
    if isinstance(error, AnswerLeft):
        return OSError(str(error))
    causes = list(_causes(error))
    untrusted = next((each for each in causes if isinstance(each, ssl.SSLCertVerificationError)), None)
    if untrusted is not None:
        return ssl.SSLCertVerificationError(1, f"its certificate is not trusted: {untrusted.verify_message}")
    of_system = [each for each in causes if isinstance(each, OSError) and each.strerror]
    return OSError(f"{of_system[-1].strerror}" if of_system else f"no answer came ({type(causes[-1]).__name__})")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it was made from, also what `requests` and urllib3 put into its arguments."""
    seen: list[BaseException] = []
    queue: list[object] = [error]
    while queue:
        each = queue.pop(0)
        if isinstance(each, BaseException) and each not in seen:
            seen.append(each)
            yield each
            queue += [*each.args, getattr(each, "reason", None), each.__cause__, each.__context__]
