"""Azure under its real names, for workflows that are run as people copy them: they name no simulator.

The hosts file of the containers leads the names to a loopback address, where several scale sets answer on port 443,
with a certificate that the containers trust.
"""

from __future__ import annotations

import random
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import trustme

from azure_simulator import Reply, SimulatedAzure, parse_scenario
from azure_simulator.clock import WallClock
from azure_simulator.scenario.set_description import SUBSCRIPTION
from azure_simulator.serving.server import Handler
from e2e.simulator import PACE

RESOURCE_MANAGER, AUTHORITY = "management.azure.com", "login.microsoftonline.com"
GROUP = "my-group"
_PATH_OF_A_SET = re.compile(r"/virtualMachineScaleSets/([^/?]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NamedAzure:
    """`sets` has the simulator of each scale set by name; `ca` and `hosts` are the files that containers need."""

    sets: dict[str, SimulatedAzure]
    ca: Path
    hosts: Path

    @property
    def coordinates(self) -> dict[str, str]:
        """Return where everything is, and its names, apart from the scale sets'."""
        return next(iter(self.sets.values())).coordinates

    def versions(self, name: str) -> dict[str, str]:
        """Return the image of each instance of the scale set `name`, as its version or its id says it."""
        instances = cast(list[dict[str, Any]], self.sets[name].state()["instances"])
        return {each["instance_id"]: each["image_version"].rpartition("/")[2] for each in instances}


def set_id(name: str) -> str:
    """Return the resource id of the scale set `name`."""
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
    return f"{group}/providers/Microsoft.Compute/virtualMachineScaleSets/{name}"


@contextmanager
def serving_by_name(scenarios: dict[str, str], folder: Path) -> Iterator[NamedAzure]:
    """Serve a scale set for each name, with its scenario's YAML, until the block ends. The files go to `folder`."""
    base_url = f"https://{RESOURCE_MANAGER}"
    sets = {}
    for name, text in scenarios.items():
        described = f"{text}\nmodel: {{name: {name}, id: {set_id(name)}}}\n"
        sets[name] = SimulatedAzure(parse_scenario(described, name, name), WallClock(PACE), base_url=base_url)
    first = next(iter(sets.values()))
    for other in sets.values():  # one tenant: a token for one of them is good for all
        other._identity._tokens = first._identity._tokens
    authority = trustme.CA()
    with _listening(type("Handler", (_Named,), {"sets": sets}), authority) as address:
        ca, hosts = folder / "ca.pem", folder / "hosts"
        authority.cert_pem.write_to_path(ca)
        hosts.write_text(f"127.0.0.1 localhost\n{address} {RESOURCE_MANAGER} {AUTHORITY}\n")
        yield NamedAzure(sets, ca, hosts)


class _Named(Handler):
    """Asks the scale set that the path names, or else each of them until one knows the answer."""

    sets: dict[str, SimulatedAzure]

    def _reply(self, body: bytes) -> Reply:
        named = _PATH_OF_A_SET.search(self.path)
        known = [self.sets[named[1]]] if named and named[1] in self.sets else list(self.sets.values())
        for azure in known:
            url = azure.coordinates["resource_manager"] + self.path
            reply = azure.handle(self.command, url, dict(self.headers), body)
            if reply.status != 404:
                break
        return reply


@contextmanager
def _listening(handler: type[Handler], authority: trustme.CA) -> Iterator[str]:
    """Serve on port 443 of a loopback address of its own, since tests run side by side. Yield the address."""
    address = f"127.{random.randint(1, 254)}.{random.randint(1, 254)}.{random.randint(1, 254)}"
    with ThreadingHTTPServer((address, 443), handler) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(RESOURCE_MANAGER, AUTHORITY).configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield address
        finally:
            server.shutdown()
