"""Probes by the real client: what a plain web server answers, and what no server answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from vmss_upgrade.job.clock import SystemClock
from vmss_upgrade.web.client import WebClient


class Service(BaseHTTPRequestHandler):
    """Answers /503 with that status, sends /away elsewhere, and answers 200 otherwise."""

    def do_GET(self) -> None:
        self.send_response({"/503": 503, "/away": 302}.get(self.path, 200))
        self.send_header("Location", "/")
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"yes")

    def log_message(self, format: str, *arguments: object) -> None:
        """Keep the log of the tests clean."""


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def ask(port: int, path: str) -> int:
    client = WebClient(SystemClock())
    return client.ask("GET", f"http://127.0.0.1:{port}{path}", headers={}, body=b"", timeout=5.0, most_bytes=0).status


@pytest.mark.parametrize(("path", "status"), [("/", 200), ("/503", 503), ("/away", 302)])
def test_a_probe_takes_the_first_answer_as_it_is(port: int, path: str, status: int) -> None:
    assert ask(port, path) == status


def test_a_closed_port_is_no_answer(port: int) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as closed:
        nobody = closed.server_port
    with pytest.raises(OSError, match="refused"):
        ask(nobody, "/")
