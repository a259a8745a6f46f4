"""A managed identity for az: the token endpoint of App Service, with tokens of the simulated Entra."""

import json
import ssl
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlencode

PATH = "/msi/token"


def access_token(ready: Mapping[str, str]) -> tuple[str, int]:
    """Return an access token for the simulated Resource Manager, and the Unix time at which it ends."""
    form = {
        "grant_type": "client_credentials",
        "client_id": ready["client_id"],
        "client_secret": "not checked",
        "scope": f"{ready['resource_manager']}/.default",
    }
    address = f"{ready['authority']}/{ready['tenant']}/oauth2/v2.0/token"
    trust = ssl.create_default_context(cafile=ready["ca"])
    with urllib.request.urlopen(address, urlencode(form).encode(), context=trust, timeout=30) as answer:
        given = json.load(answer)
    return str(given["access_token"]), int(time.time()) + int(given["expires_in"])


class IdentityEndpoint(ThreadingHTTPServer):
    """Plain HTTP on the loopback. It is az's proxy too: `strays` are the requests meant for other machines."""

    def __init__(self, ready: Mapping[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.ready = ready
        self.strays: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: IdentityEndpoint

    def do_GET(self) -> None:
        if not self.path.startswith(f"{PATH}?"):
            self._refuse()
            return
        bearer, expires_on = access_token(self.server.ready)
        answer = {"access_token": bearer, "expires_on": str(expires_on), "token_type": "Bearer"}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _refuse(self) -> None:
        self.server.strays.append(self.requestline)
        self.send_error(403)

    do_CONNECT = do_POST = do_PUT = do_HEAD = _refuse

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: `strays` has the stray requests, and the others do not matter."""


@contextmanager
def identity_endpoint(ready: Mapping[str, str]) -> Iterator[IdentityEndpoint]:
    """Serve until the block ends."""
    with IdentityEndpoint(ready) as server:
        thread = threading.Thread(target=server.serve_forever, name="identity endpoint", daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
