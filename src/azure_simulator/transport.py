"""The seam in process: the real SDK's requests reach the simulator without a network."""

import ssl
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

import requests
import urllib3
from azure.core.pipeline.transport import RequestsTransport
from requests.adapters import HTTPAdapter

from azure_simulator.answers import ConnectionDropped, Reply, TlsFailed

# method, url, headers, body, seconds until the client gives up waiting
Exchange = Callable[[str, str, Mapping[str, str], bytes, float | None], Reply]


# `requests` asks so for a connection of its own, which is never made.
_DEFAULT_HEADERS = {name.lower(): value for name, value in requests.utils.default_headers().items()}


class AnswerTookTooLong(Exception):
    """The client's read timeout ended before the answer came."""


class SimulatorAdapter(HTTPAdapter):
    """Hands each request to `exchange` and turns what comes back into what the network would have given."""

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
            # as urllib3 wraps what the ssl module raises, with no retry of its own
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


class _Session(requests.Session):
    """A session without what never differs here: proxies, cookies, redirects and settings of the machine's own."""

    def request(self, method: Any, url: Any, *_: Any, **options: Any) -> requests.Response:
        request = requests.PreparedRequest()
        headers = {**_DEFAULT_HEADERS, **options["headers"]}
        request.prepare(method=method, url=url, headers=headers, data=options["data"])
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
        # Not the transport's own, or closing a client would make the next request open a real session.
        super().__init__(session=session, session_owner=False, connection_data_block_size=1 << 20)
        self._sleep = sleep

    def sleep(self, duration: float) -> None:
        self._sleep(duration)
