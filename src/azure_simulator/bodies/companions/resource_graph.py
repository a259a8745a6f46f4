"""Resource Graph's rows and answers, and its errors, as it writes them.

Shapes: "Resources - Resources" (Microsoft.ResourceGraph, 2021-03-01) as documented; errors as recorded
(Azure/azure-powershell, Azure/azure-cli-extensions#3325, microsoft/ARI#306).
"""

import uuid
from typing import Any

from azure_simulator.scenario.set_description import TENANT
from azure_simulator.wire.answers import Headers, Refusal

Json = dict[str, Any]

TYPE = "microsoft.compute/virtualmachinescalesets"


def row_of(resource: Json) -> Json:
    """Return a scale set as a row; types and groups are in lower case there, and a resource without tags has null."""
    _, subscription, _, group, *_ = str(resource["id"]).strip("/").split("/")
    return {
        "id": resource["id"],
        "name": str(resource["id"]).rsplit("/", 1)[-1],
        "type": TYPE,
        "tenantId": TENANT,
        "kind": "",
        "location": resource.get("location", ""),
        "resourceGroup": group.lower(),
        "subscriptionId": subscription,
        "managedBy": "",
        "sku": resource.get("sku"),
        "plan": resource.get("plan"),
        "properties": {"provisioningState": "Succeeded", **resource.get("properties", {})},
        "tags": resource.get("tags") or None,
        "identity": resource.get("identity"),
        "zones": resource.get("zones"),
        "extendedLocation": None,
    }


def answer_body(page: list[Json], columns: list[str], total: int, token: str | None, *, cut: bool, table: bool) -> Json:
    """Return the answer with one page of the rows; `cut`: there are more of them."""
    rows = [[row[name] for name in columns] for row in page]
    typed = [{"name": name, "type": _type_of([row[name] for row in page])} for name in columns]
    body: Json = {
        "totalRecords": total,
        "count": len(page),
        "data": {"columns": typed, "rows": rows} if table else page,
        "facets": [],
        "resultTruncated": "true" if cut else "false",
    }
    return body if token is None else {**body, "$skipToken": token}


def _type_of(values: list[Any]) -> str:
    return "object" if any(isinstance(each, dict | list) for each in values) else "string"


def graph_refusal(status: int, code: str, details: list[Json], moment: str, headers: Headers | None = None) -> Refusal:
    """Return a refusal of Resource Graph; what is wrong is in its details. `moment`: a timestamp that ends in Z."""
    support = (
        f"Please provide below info when asking for support: timestamp = {moment}, correlationId = {uuid.uuid4()}."
    )
    return Refusal(status, code, support, headers=headers, details=details)


def no_such_version(asked: str, known: tuple[str, ...]) -> Refusal:
    """Return the gateway's refusal of an api-version that the provider does not have."""
    message = (
        f"The resource type 'resources' could not be found in the namespace 'Microsoft.ResourceGraph' for api version "
        f"'{asked}'. The supported api-versions are '{','.join(known)}'."
    )
    return Refusal(404, "InvalidResourceType", message, headers=[("x-ms-failure-cause", "gateway")])
