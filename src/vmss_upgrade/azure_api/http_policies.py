"""What every request and every answer passes on its way: to Resource Manager the policies, to anybody the transport."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.core.pipeline.transport import HttpTransport

from vmss_upgrade.azure_api.endpoints import NETWORK_TIMEOUTS
from vmss_upgrade.azure_api.failures import LeadsElsewhere, correlation_id
from vmss_upgrade.ports import Clock
from vmss_upgrade.web.addresses import parse_address

_SENDABLE = re.compile(r"[ -~]*")
LONGEST_ADDRESS = 16_384  # characters; a link with its skip token has some hundred


class Timeouts(SansIOHTTPPolicy[Any, Any]):
    """One bound for every request: given to the client it would only reach a transport that the client makes."""

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Tell the transport."""
        request.context.options.update(NETWORK_TIMEOUTS)


class ForgetRefusedToken(SansIOHTTPPolicy[Any, Any]):
    """After a 401 the next token is a fresh one: the SDK's cache would give the refused one again."""

    def __init__(self, renew: Callable[[], None]) -> None:
        self._renew = renew

    def on_response(self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> None:
        """Look at the status alone."""
        if response.http_response.status_code == 401:
            self._renew()


class Trace(SansIOHTTPPolicy[Any, Any]):
    """Tells of every answer: method, path, status, milliseconds, correlation id. No query, no headers, no bodies."""

    def __init__(self, tell: Callable[[str], None], clock: Clock) -> None:
        self._tell = tell
        self._clock = clock

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Remember when the request left."""
        request.context["sent_at"] = self._clock.now()

    def on_response(self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> None:
        """Tell of the answer."""
        sent, answer = request.http_request, response.http_response
        took = (self._clock.now() - request.context["sent_at"]) * 1000
        address = parse_address(sent.url)
        path = address.path if address else ""
        self._tell(f"{sent.method} {path} -> {answer.status_code} in {took:.0f} ms, {correlation_id(answer.headers)}")


class OnlyResourceManager(SansIOHTTPPolicy[Any, Any]):
    """Lets requests to Resource Manager alone leave: they bear our token.

    Links of a list and addresses of operations are Azure's words, which the SDK follows wherever they lead. `regional`:
    the host may have one label before it, as Microsoft's own clouds have for each region.
    """

    def __init__(self, home: str, *, regional: bool) -> None:
        self._home = parse_address(home)
        host = re.escape(self._home.host) if self._home else ""
        self._hosts = re.compile(rf"([a-z0-9-]+\.)?{host}" if regional else host)

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Rebuild the address from what was read of it. Raises LeadsElsewhere for any other host, port or scheme."""
        url = request.http_request.url
        address = parse_address(url) if len(url) <= LONGEST_ADDRESS else None
        if self._home is None or address is None:
            raise LeadsElsewhere("unreadable")
        is_known = self._hosts.fullmatch(address.host)
        if not is_known or (address.scheme, address.port) != ("https", self._home.port):
            raise LeadsElsewhere(address.host if not is_known else address.origin)
        request.http_request.url = str(address)


class WrappedTransport(HttpTransport[Any, Any]):
    """A transport around another; `send` is its own."""

    def __init__(self, inner: HttpTransport[Any, Any]) -> None:
        self._inner = inner

    def open(self) -> None:
        """Pass on."""
        self._inner.open()

    def close(self) -> None:
        """Pass on."""
        self._inner.close()

    def sleep(self, duration: float) -> None:
        """Pass on."""
        self._inner.sleep(duration)

    def __enter__(self) -> WrappedTransport:
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing."""


class CheckedTransport(WrappedTransport):
    """Sends no token that a header cannot carry, and has every answer read as UTF-8, whatever charset it names."""

    def send(self, request: Any, **options: Any) -> Any:
        """Pass on. Raises ClientAuthenticationError for a token that `requests` would quote while it refuses it."""
        if not _SENDABLE.fullmatch(request.headers.get("Authorization", "")):
            raise ClientAuthenticationError(
                "The token holds a line break or another character that a request cannot carry. It is not shown here."
            )
        response = self._inner.send(request, **options)
        # JSON is UTF-8 (RFC 8259). Python has charsets that take minutes to decode, and some that decode to anything
        if kind := response.headers.get("content-type"):
            response.headers["content-type"] = kind.partition(";")[0].strip()
        response.internal_response.encoding = "utf-8"
        return response
