"""The path of a request to the simulated Azure, with interceptors."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import unquote

from requests.adapters import HTTPAdapter
from urllib3.util import parse_url

from azure_simulator import Reply, SimulatedAzure
from azure_simulator.transport import Exchange, SimulatorAdapter, SimulatorTransport
from harness.routes import route_of


@dataclass(frozen=True, slots=True)
class Request:
    """A request as the client sends it. `patience` is the number of seconds for which it waits for the answer."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    patience: float | None

    @property
    def route(self) -> str:
        """The name of its route in ROUTES; empty if it has none."""
        return route_of(self.method, parse_url(self.url).path or "")


Send = Callable[[Request], Reply]
Interceptor = Callable[[Request, Send], Reply]
Alter = Callable[[str, Any], Any]  # path in lower case, the body of a 200 (None: no 200) -> another body, or None


def nodes(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield every value in a JSON document with its path, beginning with the document itself."""
    yield path, value
    steps: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in steps:
        yield from nodes(item, (*path, step))


def leaves(value: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """Return the values in a JSON document that contain no other, with their paths."""
    return [(path, each) for path, each in nodes(value) if not each or not isinstance(each, dict | list)]


def altered(alter: Alter) -> Interceptor:
    """Replace the answers to GETs of Resource Manager by the result of `alter`, including missing ones."""

    def answer(request: Request, send: Send) -> Reply:
        reply = send(request)
        path = unquote(parse_url(request.url).path or "").lower()
        if request.method != "GET" or "/providers/" not in path:
            return reply
        shown = reply.body.decode() if reply.status == 200 else "null"
        given = alter(path, json.loads(shown or "null"))
        if given is None or given == json.loads(shown or "null"):
            return reply
        headers = [(name, value) for name, value in reply.headers if name.lower() != "content-length"]
        return replace(reply, status=200, headers=headers, body=json.dumps(given).encode())

    return answer


def wired(
    azure: SimulatedAzure, *interceptors: Interceptor, adapter: Callable[[Exchange], HTTPAdapter] = SimulatorAdapter
) -> Callable[[Any], SimulatorTransport]:
    """Return a maker of the SDK's transport on a clock. Requests pass the interceptors in order, then reach `azure`.

    An interceptor may read the request and the answer, change either, answer by itself, or raise.
    """
    send: Send = lambda each: azure.exchange(each.method, each.url, each.headers, each.body, each.patience)  # noqa: E731
    for interceptor in reversed(interceptors):
        send = partial(_through, interceptor, send)

    def exchange(*parts: Any) -> Reply:
        return send(Request(*parts))

    def transport(clock: Any) -> SimulatorTransport:
        made = SimulatorTransport(exchange, clock.sleep)
        for scheme in ("https://", "http://"):  # Unencrypted traffic stays in the process, too.
            made.session.mount(scheme, adapter(exchange))
        return made

    return transport


def _through(interceptor: Interceptor, send: Send, request: Request) -> Reply:
    return interceptor(request, send)
