"""An Azure with arbitrary answers, over TLS, and a second server that no client has a reason to contact."""

from __future__ import annotations

import socketserver
import ssl
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from azure_simulator import Reply, parse_scenario
from azure_simulator.serving.server import Handler, SimulatorServer, server_context
from e2e.simulator import PACE, Simulator
from harness.routes import route_of
from sweeps.bad_input.case import Alteration

SCENARIO = """
description: Two instances with quick upgrades, on a dishonest Azure.
inputs: {image-version: "22.04.202611010"}
fleet: {update_domains: [1, 1], health: probe}
timing: {upgrade_seconds: 1, healthy_after_seconds: 1, model_update_seconds: 1}
"""
ENDLESS = b"x-e2e-endless"
MOST_SENT = 1_000_000_000  # bytes of an endless body: a client that reads them all has no limit


@dataclass
class Asked:
    """One request as it arrived. Header names are in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str


@dataclass
class HostileAzure:
    """Both servers. `asked` has the requests to Azure, `elsewhere` the first bytes that the other server got.

    `taken` has, for each endless body, the bytes that could be sent before the connection was closed.
    """

    simulator: Simulator
    evil: str
    alterations: tuple[Alteration, ...] = ()
    asked: list[Asked] = field(default_factory=list)
    elsewhere: list[bytes] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)
    _answers: Counter[str] = field(default_factory=Counter)

    def altered(self, method: str, path: str, reply: Reply) -> Reply:
        """Return the answer with the alterations of its kind."""
        route = route_of(method, path.partition("?")[0])
        number = self._answers[route]
        self._answers[route] += 1
        for each in self.alterations:
            if each.route == route and each.first <= number <= each.last:
                reply = Reply(200, [], ENDLESS) if each.how == "endless" else each.applied(reply)[0]
        return reply


class _Hostile(Handler):
    """Asks the simulator, and alters its answer."""

    hostile: HostileAzure

    def _reply(self, body: bytes) -> Reply:
        reply = super()._reply(body)
        if self.path.startswith("/_simulator/"):
            return reply
        url = self.hostile.simulator.ready["resource_manager"] + self.path
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.hostile.asked.append(Asked(self.command, url, headers, body.decode()))
        return self.hostile.altered(self.command, self.path, reply)

    def _send(self, reply: Reply) -> None:
        if reply.body != ENDLESS:
            super()._send(reply)
            return
        self.send_response_only(reply.status)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.close_connection = True
        self.wfile.write(b'{"value": [')
        self.hostile.taken.append(0)
        while self.hostile.taken[-1] < MOST_SENT:
            self.wfile.write(b" " * 1_000_000)
            self.hostile.taken[-1] += 1_000_000


class _Elsewhere(socketserver.ThreadingTCPServer):
    """Accepts every connection, with a certificate that the action trusts, and answers nothing."""

    daemon_threads = True

    def __init__(self, host: str, context: ssl.SSLContext, got: list[bytes]) -> None:
        self.context, self.got = context, got
        super().__init__((host, 0), _Taking)


class _Taking(socketserver.BaseRequestHandler):
    server: _Elsewhere

    def handle(self) -> None:
        self.server.got.append(b"a connection")
        with self.server.context.wrap_socket(self.request, server_side=True) as stream:
            self.server.got.append(stream.recv(65536))


@contextmanager
def serving_hostile(host: str, folder: Path) -> Iterator[HostileAzure]:
    """Serve both until the block ends. Azure's answers are honest until `alterations` are set."""
    with SimulatorServer(parse_scenario(SCENARIO, "hostile", "hostile"), host, 0, PACE, 0) as server:
        authority = folder / "ca.pem"
        server.authority.cert_pem.write_to_path(authority)
        got: list[bytes] = []
        with _Elsewhere(host, server_context(server.authority, host), got) as elsewhere:
            simulator = Simulator(ready={**server.azure.coordinates, "ca": str(authority)})
            hostile = HostileAzure(simulator, f"{host}:{elsewhere.server_address[1]}", elsewhere=got)
            server.RequestHandlerClass = type("Handler", (_Hostile,), {"hostile": hostile})
            for each in (server, elsewhere):
                threading.Thread(target=each.serve_forever, daemon=True).start()
            try:
                yield hostile
            finally:
                server.shutdown()
                elsewhere.shutdown()


def failing_with(words: str) -> tuple[Alteration, ...]:
    """Make an instance, its agent and its disks report a failed provisioning, from the first batch on."""
    failed = Alteration("instances", "text", key="provisioningState", text="Failed", first=2)
    statuses = [Alteration("instances", "failing", key="statuses", place=n, text=words, first=2) for n in range(4)]
    return failed, *statuses


def endless(route: str) -> Alteration:
    """Return an answer with an endless body."""
    return Alteration(route, "endless")
