"""What the tests of the simulator share: a simulation with the real SDK's client, and the recordings."""

import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

from azure.identity import ClientAssertionCredential
from azure.mgmt.compute import ComputeManagementClient

from azure_simulator import Reply, SimulatedAzure, SimulatedSubscription, VirtualClock, parse_scenario
from conformance.contract import needed_contract_dir

NEW = "22.04.202611010"
OLD = "22.04.202610010"
AUDIENCE = "api://AzureADTokenExchange"

# Two update domains of two instances: 0 and 2 in the first, 1 and 3 in the second. Every upgrade takes 100 s,
# every application 20 s to start, and requests take no time, so that moments in tests are round numbers.
SMALL = """
description: small
fleet: {update_domains: [2, 2]}
timing: {request_latency: 0, upgrade_seconds: 100, healthy_after_seconds: 20}
"""


class Simulation:
    """A simulated Azure on a virtual clock, and the real SDK's client for it."""

    def __init__(self, yaml: str = SMALL, seed: int = 0, scenario: Any = None) -> None:
        self.clock = VirtualClock()
        scenario = scenario or parse_scenario(yaml, "test", "test.yml")
        self.azure = SimulatedAzure(scenario, self.clock, seed=seed)
        self.at = self.azure.coordinates
        self.where = (self.at["resource_group"], self.at["scale_set"])
        self._token = ""

    @cached_property
    def compute(self) -> ComputeManagementClient:
        """The SDK's client, made where a test needs it: that takes longer than most tests."""
        transport = self.azure.transport()
        credential = ClientAssertionCredential(
            self.at["tenant"],
            self.at["client_id"],
            self.assertion,
            authority=self.at["authority"],
            transport=transport,
        )
        return ComputeManagementClient(
            credential,
            self.at["subscription"],
            base_url=self.at["resource_manager"],
            credential_scopes=[self.at["resource_manager"] + "/.default"],
            transport=transport,
        )

    def assertion(self, audience: str = AUDIENCE) -> str:
        bearer = {"Authorization": f"Bearer {self.at['oidc_request_token']}"}
        url = f"{self.at['oidc_request_url']}&audience={quote(audience, safe='')}"
        return str(json.loads(self.azure.handle("GET", url, bearer, b"").body)["value"])

    @property
    def set_path(self) -> str:
        return (
            f"/subscriptions/{self.at['subscription']}/resourceGroups/{self.where[0]}"
            f"/providers/Microsoft.Compute/virtualMachineScaleSets/{self.where[1]}"
        )

    def token(self) -> str:
        if not self._token:
            scope = self.at["resource_manager"] + "/.default"
            form = f"client_id={self.at['client_id']}&scope={scope}&client_secret=x&grant_type=client_credentials"
            url = f"{self.at['authority']}/{self.at['tenant']}/oauth2/v2.0/token"
            self._token = json.loads(self.azure.handle("POST", url, {}, form.encode()).body)["access_token"]
        return self._token

    def raw(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Send one request without the SDK; `path` may have a query, and gets an api-version."""
        url = path if path.startswith("https:") else self.at["resource_manager"] + path
        if "api-version=" not in url:
            url += ("&" if "?" in url else "?") + "api-version=2026-04-01"
        sent = {"Authorization": f"Bearer {self.token()}", **{k.replace("_", "-"): v for k, v in headers.items()}}
        return self.azure.handle(method, url, sent, b"" if body is None else json.dumps(body).encode())

    def set_json(self) -> dict[str, Any]:
        return json.loads(self.raw("GET", self.set_path).body)

    def update_image(self, version: str = NEW) -> None:
        """Put the version into the model and wait for the operation."""
        self.raw("PATCH", self.set_path, image_patch(version=version))
        self.clock.sleep(60)

    def upgrade(self, *ids: str) -> Reply:
        return self.raw("POST", f"{self.set_path}/manualupgrade", {"instanceIds": list(ids)})

    def instance(self, instance_id: str) -> Any:
        return next(each for each in self.azure.instances() if each.instance_id == instance_id)

    def view(self, instance_id: str) -> dict[str, Any]:
        return json.loads(self.raw("GET", f"{self.set_path}/virtualMachines/{instance_id}/instanceView").body)


class Fleet(Simulation):
    """A simulated subscription with several scale sets; `set_path` is that of the first one."""

    def __init__(self, yaml: str, seed: int = 0) -> None:
        super().__init__(SMALL)
        self.clock = VirtualClock()
        self.all = SimulatedSubscription(parse_scenario(yaml, "test", "test.yml"), self.clock, seed=seed)
        self.azure = self.all  # type: ignore[assignment]  # it has the same face
        self.at = self.all.coordinates
        self.where = (self.at["resource_group"], self.at["scale_set"])

    def path_of(self, name: str) -> str:
        names = next(each for each in self.all.names if each["scale_set"] == name)
        group = f"/subscriptions/{self.at['subscription']}/resourceGroups/{names['resource_group']}"
        return f"{group}/providers/Microsoft.Compute/virtualMachineScaleSets/{name}"


def image_patch(**reference: str) -> dict[str, Any]:
    return {"properties": {"virtualMachineProfile": {"storageProfile": {"imageReference": reference}}}}


def error_of(reply: Reply) -> tuple[int, str]:
    return reply.status, json.loads(reply.body)["error"]["code"]


def header(reply: Reply, name: str) -> str | None:
    return dict(reply.headers).get(name)


def recordings() -> Path:
    """Return the folder of recorded traffic; skip the test where it is missing."""
    return needed_contract_dir() / "recordings"


def interactions(recording: str) -> Iterator[tuple[int, dict[str, Any], dict[str, Any]]]:
    """Yield position, request and response of each exchange of a recording."""
    for each in json.loads((recordings() / f"{recording}.json").read_text())["interactions"]:
        yield each["index"], each["request"], each["response"]


def recorded(recording: str, index: int) -> dict[str, Any]:
    return next(response for position, _, response in interactions(recording) if position == index)


def settle(simulation: Simulation, reply: Reply, seconds: float = 600) -> dict[str, Any]:
    """Wait until the operation that a request has started ends, and return its last poll."""
    simulation.clock.sleep(seconds)
    return json.loads(simulation.raw("GET", str(header(reply, "azure-asyncoperation"))).body)


def post(simulation: Simulation, verb: str, *ids: str) -> Reply:
    return simulation.raw("POST", f"{simulation.set_path}/{verb}", {"instanceIds": list(ids)} if ids else None)


def ids(simulation: Simulation) -> list[str]:
    return [each.instance_id for each in simulation.azure.instances()]


def capacity(simulation: Simulation) -> int:
    return int(simulation.set_json()["sku"]["capacity"])


def body_of(simulation: Simulation, path: str) -> Any:
    answer = simulation.raw("GET", path)
    assert answer.status == 200, answer.body
    return json.loads(answer.body)
