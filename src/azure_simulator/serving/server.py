"""The simulator's routes over HTTPS, for clients in other processes and containers."""

import json
import os
import signal
import socket
import ssl
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import trustme

from azure_simulator.clock import WallClock
from azure_simulator.scenario.scenario import Scenario
from azure_simulator.simulator import SimulatedAzure
from azure_simulator.subscription import SimulatedSubscription
from azure_simulator.wire.answers import ConnectionDropped, Reply, json_reply

# Not part of Azure: the truth about the fleet, for tests that drive the server from outside.
STATE_PATH = "/_simulator/state"


class SimulatorServer(ThreadingHTTPServer):
    """A server that listens on `host` itself, which is also what its certificate and its URLs say.

    `authority` has signed its certificate, and lives as long as the server: clients must trust it.
    """

    daemon_threads = True

    def __init__(self, scenario: Scenario, host: str, port: int, pace: float, seed: int) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), Handler)
        self.authority = trustme.CA()
        # The handshake waits for the handler's thread: a client that stalls must not keep others out.
        self.socket = server_context(self.authority, host).wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )
        shown = f"[{host}]" if ":" in host else host
        base_url = f"https://{shown}:{self.server_address[1]}"
        simulated = SimulatedSubscription if scenario.sets else SimulatedAzure
        self.azure: SimulatedAzure | SimulatedSubscription = simulated(
            scenario, WallClock(pace), seed=seed, base_url=base_url
        )

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that go away; what the simulator gets wrong becomes a 500 in the handler."""


class Handler(BaseHTTPRequestHandler):
    """Hands each request to the simulator, and sends its answer."""

    server: SimulatorServer
    protocol_version = "HTTP/1.1"
    # Without this every answer on a new connection takes 40 ms more.
    disable_nagle_algorithm = True

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            reply = self._reply(body)
        except ConnectionDropped:
            self.close_connection = True
            return
        except Exception as error:
            message = f"The simulator failed: {type(error).__name__}: {error}"
            reply = json_reply(500, {"error": {"code": "SimulatorFailed", "message": message}})
        self._send(reply)

    def _reply(self, body: bytes) -> Reply:
        azure = self.server.azure
        if self.command == "GET" and self.path == STATE_PATH:
            return json_reply(200, azure.state())
        url = azure.coordinates["resource_manager"] + self.path
        return azure.handle(self.command, url, dict(self.headers), body)

    def _send(self, reply: Reply) -> None:
        self.send_response_only(reply.status)
        if not any(name == "content-length" for name, _ in reply.headers):
            self.send_header("content-length", str(len(reply.body)))
        for name, value in reply.headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)
        if any(name == "content-length" and int(value) > len(reply.body) for name, value in reply.headers):
            self.close_connection = True  # The rest of the body never comes.

    do_GET = do_PUT = do_PATCH = do_POST = do_DELETE = _answer

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing: the log of requests is in the state, not on the terminal."""


def server_context(authority: trustme.CA, address: str) -> ssl.SSLContext:
    """Return the TLS of a server that its clients call `address`, an IP address or a name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(address).configure_cert(context)
    return context


def serve(scenario: Scenario, host: str, port: int, ready_file: Path, pace: float, seed: int) -> None:
    """Serve until SIGTERM or SIGINT. While the server listens, `ready_file` says where everything is.

    Raises OSError where it cannot listen there.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with SimulatorServer(scenario, host, port, pace, seed) as server:
        thread = threading.Thread(target=server.serve_forever, name="simulator", daemon=True)
        thread.start()
        authority = ready_file.with_name(ready_file.name + ".ca.pem").resolve()
        server.authority.cert_pem.write_to_path(authority)
        sets = {"sets": server.azure.names} if isinstance(server.azure, SimulatedSubscription) else {}
        _write_whole(ready_file, {**server.azure.coordinates, "ca": str(authority), **sets})
        try:
            stop.wait()
        finally:
            ready_file.unlink(missing_ok=True)
            server.shutdown()
            thread.join()


def _write_whole(path: Path, content: Mapping[str, object]) -> None:
    """Write a file so that a reader that waits for it never sees half of it."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    os.replace(partial, path)
