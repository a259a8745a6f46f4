"""Azure under its real names, for workflows that are run as people copy them: they name no simulator.

The hosts file of the containers leads the names to a loopback address, where several scale sets answer on port 443,
with a certificate that the containers trust.
"""

from __future__ import annotations

import random
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import trustme
import yaml

from azure_simulator import SimulatedAzure, SimulatedSubscription, parse_scenario
from azure_simulator.clock import WallClock
from azure_simulator.scenario.set_description import SUBSCRIPTION
from azure_simulator.serving.server import Handler
from e2e.simulator import PACE

RESOURCE_MANAGER, AUTHORITY = "management.azure.com", "login.microsoftonline.com"
GROUP = "my-group"
_OF_ALL = ("description", "images")  # keys that a scenario of several sets has once


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
    whole: dict[str, Any] = {"sets": []}
    for name, text in scenarios.items():
        described = yaml.safe_load(text)
        whole |= {key: described.pop(key) for key in _OF_ALL if key in described}
        whole["sets"].append({"name": name, "group": GROUP, **described})
    scenario = parse_scenario(yaml.safe_dump(whole), "e2e", "e2e")
    azure = SimulatedSubscription(scenario, WallClock(PACE), base_url=f"https://{RESOURCE_MANAGER}")
    authority = trustme.CA()
    with _listening(azure, authority) as address:
        ca, hosts = folder / "ca.pem", folder / "hosts"
        authority.cert_pem.write_to_path(ca)
        hosts.write_text(f"127.0.0.1 localhost\n{address} {RESOURCE_MANAGER} {AUTHORITY}\n")
        yield NamedAzure({name: azure.set_named(name) for name in scenarios}, ca, hosts)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: str, azure: SimulatedSubscription) -> None:
        super().__init__((address, 443), Handler)
        self.azure = azure


@contextmanager
def _listening(azure: SimulatedSubscription, authority: trustme.CA) -> Iterator[str]:
    """Serve on port 443 of a loopback address of its own, since tests run side by side. Yield the address."""
    address = f"127.{random.randint(1, 254)}.{random.randint(1, 254)}.{random.randint(1, 254)}"
    with _Server(address, azure) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(RESOURCE_MANAGER, AUTHORITY).configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield address
        finally:
            server.shutdown()
