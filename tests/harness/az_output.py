"""What the az CLI would print of a simulated scale set: its answers to the two requests that az makes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from azure_simulator import Scenario, SimulatedAzure, VirtualClock

VERSION = "api-version=2026-04-01"


def save_az_output(scenario: Scenario, folder: Path) -> tuple[Path, Path]:
    """Write the model and the instances of a scenario's scale set into files, and return these."""
    azure = SimulatedAzure(scenario, VirtualClock())
    set_id, token = str(scenario.scale_set.model["id"]), sign_in(azure)
    group = set_id.split("/providers/")[0]
    model = ask(azure, f"{set_id}?{VERSION}", token)
    listed = f"{set_id}/virtualMachines?$expand=instanceView&{VERSION}"
    if model["properties"].get("orchestrationMode") == "Flexible":
        machines = f"{group}/providers/Microsoft.Compute/virtualMachines"
        listed = f"{machines}?$filter='virtualMachineScaleSet/id' eq '{set_id}'&$expand=instanceView&{VERSION}"
    instances: list[Any] = []
    while listed:
        page = ask(azure, listed, token)
        instances += page["value"]
        listed = str(page.get("nextLink", "")).replace(azure.coordinates["resource_manager"], "")
    files = folder / "model.json", folder / "instances.json"
    for file, content in zip(files, (model, instances), strict=True):
        file.write_text(json.dumps(content))
    return files


def sign_in(azure: SimulatedAzure) -> str:
    """Return an access token, as a job of GitHub gets it."""
    there = azure.coordinates
    url = f"{there['oidc_request_url']}&audience=api://AzureADTokenExchange"
    headers = {"authorization": f"bearer {there['oidc_request_token']}"}
    assertion = json.loads(azure.handle("GET", url, headers, b"").body)["value"]
    body = (
        f"client_id={there['client_id']}&client_assertion={assertion}&grant_type=client_credentials"
        "&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        f"&scope={there['resource_manager']}/.default"
    )
    url = f"{there['authority']}/{there['tenant']}/oauth2/v2.0/token"
    reply = azure.handle("POST", url, {"content-type": "application/x-www-form-urlencoded"}, body.encode())
    return str(json.loads(reply.body)["access_token"])


def ask(azure: SimulatedAzure, path: str, token: str) -> Any:
    """Return what a GET is answered."""
    url = f"{azure.coordinates['resource_manager']}{path}"
    reply = azure.handle("GET", url, {"authorization": f"Bearer {token}"}, b"")
    assert reply.status == 200, reply.body
    return json.loads(reply.body)


def flattened(resource: dict[str, Any]) -> dict[str, Any]:
    """Return a resource as az prints it: `properties` flattened, its own group, and null for what is missing."""
    top = {key: value for key, value in resource.items() if key != "properties"}
    missing = {"plan": None, "zones": None}
    return {**missing, **top, **resource.get("properties", {}), "resourceGroup": resource["id"].split("/")[4]}
