"""The seam in process: requests of the real SDK reach the simulator without a network."""

import functools
import json
import ssl
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

import requests
import urllib3
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest
from requests.adapters import HTTPAdapter

from azure_simulator.wire.answers import AnswerTookTooLong, ConnectionDropped, Reply, TlsFailed

# Takes method, URL, headers, body, and the seconds until the client gives up waiting.
Exchange = Callable[[str, str, Mapping[str, str], bytes, float | None], Reply]


# `requests` asks so for a connection of its own, which is never made.
_DEFAULT_HEADERS = {name.lower(): value for name, value in requests.utils.default_headers().items()}


class SimulatorAdapter(HTTPAdapter):
    """An adapter that hands each request to `exchange`, and turns the result into what the network would have given."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__()
        self._exchange = exchange

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        """Send one request to the simulator."""
        patience = timeout[1] if isinstance(timeout, tuple) else timeout
        body = request.body or b""
        headers = {str(name): str(value) for name, value in request.headers.items()}
        try:
            reply = self._exchange(
                str(request.method),
                str(request.url),
                headers,
                body.encode() if isinstance(body, str) else bytes(body),
                patience,
            )
        except AnswerTookTooLong as error:
            raise requests.exceptions.ReadTimeout("Read timed out.", request=request) from error
        except TlsFailed as error:
            # As urllib3 wraps what the ssl module raises, without a retry of its own.
            handshake = urllib3.exceptions.SSLError(ssl.SSLEOFError(ssl.SSL_ERROR_EOF, str(error)))
            raise requests.exceptions.SSLError(handshake, request=request) from error
        except ConnectionDropped as error:
            broken = urllib3.exceptions.ProtocolError("Connection aborted.", ConnectionResetError(str(error)))
            raise requests.exceptions.ConnectionError(broken, request=request) from error
        return self.build_response(request, _raw(reply))


def _raw(reply: Reply) -> urllib3.HTTPResponse:
    return urllib3.HTTPResponse(
        body=BytesIO(reply.body),
        headers=urllib3.HTTPHeaderDict(reply.headers),
        status=reply.status,
        preload_content=False,
    )


@functools.lru_cache(maxsize=256)
def _as_sent(url: str) -> str | None:
    """Return the address as `requests` sends it."""
    request = requests.PreparedRequest()
    request.prepare_url(url, params=None)
    return request.url


class _Session(requests.Session):
    """A session without what never differs here: proxies, cookies, redirects and settings of the machine's own.
    Each of many requests to one address would cost as much to prepare as to answer.
    """

    def request(self, method: Any, url: Any, *_: Any, **options: Any) -> requests.Response:
        request = requests.PreparedRequest()
        request.prepare_method(method)
        request.url = _as_sent(url)
        request.prepare_headers({**_DEFAULT_HEADERS, **options["headers"]})
        request.prepare_body(options["data"], files=None)
        stream = options.get("stream", False)
        response = self.get_adapter(str(request.url)).send(request, stream=stream, timeout=options.get("timeout"))
        if not stream:
            response.content  # noqa: B018  # read, as by `requests` itself
        return response


class SimulatorTransport(RequestsTransport):  # type: ignore[misc]  # azure-core gives it no type
    """A transport of the SDK whose requests stay in process and whose sleeps are the simulator's."""

    def __init__(self, exchange: Exchange, sleep: Callable[[float], None]) -> None:
        session = _Session()
        for scheme in ("https://", "http://"):
            session.mount(scheme, SimulatorAdapter(exchange))
        # The transport must not own the session: after closing a client, the next request would open a real one.
        super().__init__(session=session, session_owner=False, connection_data_block_size=1 << 20)
        self._sleep = sleep

    def sleep(self, duration: float) -> None:
        """Sleep on the simulator's clock."""
        self._sleep(duration)


class QuickTransport(SimulatorTransport):
    """A transport for runs that are played by the dozen: a good answer to a read does not pass through `requests`, and
    an entry of a list is not decoded again.
    """

    def __init__(self, exchange: Exchange, sleep: Callable[[float], None]) -> None:
        super().__init__(self._passed, sleep)
        self._exchange = exchange
        self._reply: Reply | None = None
        self._entries: dict[bytes, Any] = {}
        self._lists: dict[str, tuple[tuple[bytes, ...], Any]] = {}  # the latest pages, by their links to the next

    def send(self, request: Any, **options: Any) -> Any:
        """Send one request to the simulator."""
        self._reply = None
        if request.method != "GET" or not isinstance(request, HttpRequest):
            return super().send(request, **options)
        reply = self._exchange("GET", request.url, request.headers, b"", options.get("read_timeout"))
        if reply.status == 200:
            return _Answer(request, reply, self._decoded(reply))
        self._reply = reply
        return super().send(request, **options)

    def _passed(self, method: str, url: str, headers: Mapping[str, str], body: bytes, patience: float | None) -> Reply:
        """Return the answer that is there already, else one of the simulator."""
        return self._reply or self._exchange(method, url, headers, body, patience)

    def _decoded(self, reply: Reply) -> Any:
        """Return the JSON of an answer, the same objects for the entries of a list that were answered before."""
        if not reply.entries:
            return None
        entries, page = self._lists.get(reply.link, ((), None))
        if entries is not reply.entries:
            page = {"value": [self._decoded_entry(body) for body in reply.entries], "nextLink": reply.link}
            self._lists[reply.link] = (reply.entries, page)
        return page

    def _decoded_entry(self, body: bytes) -> Any:
        if body not in self._entries:
            self._entries[body] = json.loads(body)
        return self._entries[body]


class _Answer:
    """An answer of Azure as the SDK's clients read it."""

    reason = "OK"
    encoding = "utf-8"

    def __init__(self, request: HttpRequest, reply: Reply, decoded: Any) -> None:
        self.request, self.status_code, self.content = request, reply.status, reply.body
        self.headers = dict(reply.headers)
        self.internal_response = self
        self._decoded = decoded

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")

    def read(self) -> bytes:
        return self.content

    def body(self) -> bytes:
        return self.content

    def text(self, encoding: str | None = None) -> str:
        return self.content.decode()

    def json(self) -> Any:
        return json.loads(self.content) if self._decoded is None else self._decoded
