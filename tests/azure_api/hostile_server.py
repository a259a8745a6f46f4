"""A server on loopback that sends whatever a test wants, for as long as a client reads."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain, repeat

MOST = 512 * 2**20  # bytes; nobody may go on listening until then
PAUSE = 0.01  # seconds between two bytes of a server that trickles

Say = Callable[[], Iterator[bytes]]


class HostileServer:
    """Answers every connection with what `say` gives; `requests` holds what was asked, `sent` counts what was said."""

    def __init__(
        self, say: Say, *, trickles: bool = False, tls: ssl.SSLContext | None = None, hello: bytes | None = None
    ) -> None:
        self._hello = hello  # what is said to a first request, if anything, before a ClientHello is awaited
        self._say, self._pause, self._tls = say, PAUSE if trickles else 0, tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.requests: list[bytes] = []
        self.sent = 0
        self.gave_up = False
        self.connections = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            if self._hello is not None:
                if self._hello and self._heard(connection):
                    connection.sendall(self._hello)
                connection.recv(65536)
            while self._hello is not None or self._heard(connection):
                for piece in self._say():
                    connection.sendall(piece)
                    self.sent += len(piece)
                    time.sleep(self._pause)
                    if self.sent > MOST:
                        self.gave_up = True
                        return

    def _heard(self, connection: socket.socket) -> bool:
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            received = connection.recv(65536)
            if not received:
                return False
            request += received
        self.requests.append(request)
        return True


@contextmanager
def hostile(say: Say, **options: bool | bytes | ssl.SSLContext | None) -> Iterator[HostileServer]:
    """Run a server for the time of a test."""
    server = HostileServer(say, **options)  # type: ignore[arg-type]
    try:
        yield server
    finally:
        server.close()


def forever(start: bytes, again: bytes) -> Say:
    """Say `start` once, and `again` without end."""
    return lambda: chain([start], repeat(again))


def once(said: bytes) -> Say:
    """Say it, and listen to the next request."""
    return lambda: iter([said])


def late(make: Callable[[], bytes]) -> Say:
    """Say once what is made only then: what is large costs nothing while tests are collected."""
    return lambda: iter([make()])


def plain(body: bytes, *headers: str) -> bytes:
    """Return a good answer with this body."""
    head = "\r\n".join(("HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers))
    return f"{head}\r\n\r\n".encode() + body
