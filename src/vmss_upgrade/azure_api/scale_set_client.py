"""ScaleSetApi over azure-mgmt-compute.

Reads are raw JSON by the client's own `send_request`: 600 instances through the SDK's models cost 0.6 s, as JSON a
tenth of it. Writes are the SDK's methods. Nothing is repeated here or in the SDK (`retry_total=0`): every wait is the
driver's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError
from azure.core.rest import HttpRequest, HttpResponse
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.core.exceptions import ARMErrorFormat

from vmss_upgrade.azure_api import image_catalog
from vmss_upgrade.azure_api.failures import translated
from vmss_upgrade.azure_api.operation import SteppedPolling
from vmss_upgrade.azure_api.translation import image_patch, to_instances, to_model
from vmss_upgrade.errors import AzureError, Trouble
from vmss_upgrade.ports import ImageState, InstanceList, Operation
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.scale_set import Model

API_VERSION = "2026-04-01"  # the one that azure-mgmt-compute 39 writes with
LIST_BUCKET = "HighCostGetVMScaleSetResource"  # wire facts, section 10


class ScaleSetClient:
    """One scale set; see `ports.ScaleSetApi` for the contract of each method."""

    def __init__(self, client: ComputeManagementClient, subscription: str, resource_group: str, name: str) -> None:
        self._client = client
        self._group = resource_group
        self._name = name
        self._path = (
            f"/subscriptions/{quote(subscription, safe='')}/resourceGroups/{quote(resource_group, safe='')}"
            f"/providers/Microsoft.Compute/virtualMachineScaleSets/{quote(name, safe='')}"
        )
        self._subscription_path = f"/subscriptions/{quote(subscription, safe='')}"

    def read_model(self) -> Model:
        """GET of the scale set."""
        with translated("reading the scale set"):
            response = self._get(self._path)
            return to_model(_json(response), etag=response.headers.get("etag", ""))

    def read_instances(self) -> InstanceList:
        """GET of the expanded instance list, following every nextLink as given."""
        items: list[dict[str, Any]] = []
        pages = 0
        remaining = None
        url: str | None = f"{self._path}/virtualMachines?$expand=instanceView"
        followed: set[str] = set()
        with translated("listing the instances"):
            while url:
                if url in followed:
                    raise _unreadable("the instance list goes round in a circle")
                followed.add(url)
                response = self._get(url)
                body = _json(response)
                items += [item for item in _list(body, response) if isinstance(item, dict)]
                pages += 1
                remaining = _remaining(response)
                url = body.get("nextLink")
        return InstanceList(instances=to_instances(items), pages=pages, remaining=remaining)  # type: ignore[arg-type]

    def is_rolling_upgrade_running(self) -> bool | None:
        """GET of rollingUpgrades/latest; 404 where there never was one."""
        try:
            with translated("reading the latest rolling upgrade"):
                body = _json(self._get(f"{self._path}/rollingUpgrades/latest"))
        except AzureError as error:
            if error.trouble in (Trouble.THROTTLED, Trouble.UNCERTAIN):
                raise
            return False if error.trouble is Trouble.NOT_FOUND else None
        status = (body.get("properties") or {}).get("runningStatus") or {}
        return str(status.get("code", "")).lower() == "rollingforward"

    def look_up(self, image: Image, location: str) -> ImageState:
        """GET of the image where it can be looked up at all."""
        path = image_catalog.path_of(image, self._subscription_path, location)
        if path is None:
            return ImageState.NOT_READABLE
        try:
            with translated(f"looking up the image {image}"):
                self._get(path)
        except AzureError as error:
            if error.trouble in (Trouble.THROTTLED, Trouble.UNCERTAIN):
                raise
            return ImageState.MISSING if error.trouble is Trouble.NOT_FOUND else ImageState.NOT_READABLE
        return ImageState.FOUND

    def set_image(self, image: Image, etag: str) -> Operation:
        """PATCH of the image alone, with If-Match where the scale set has an ETag."""
        polling = SteppedPolling("updating the model")
        body: Any = image_patch(image)
        with translated("updating the model"):
            self._client.virtual_machine_scale_sets.begin_update(
                self._group,
                self._name,
                body,
                polling=polling,
                etag=etag or None,
                match_condition=MatchConditions.IfNotModified if etag else None,
            )
        return polling

    def upgrade(self, instance_ids: Sequence[str]) -> Operation:
        """POST manualupgrade with exactly these ids (never "*")."""
        polling = SteppedPolling("upgrading instances")
        with translated("upgrading instances"):
            self._client.virtual_machine_scale_sets.begin_update_instances(
                self._group, self._name, {"instanceIds": list(instance_ids)}, polling=polling
            )
        return polling

    def _get(self, url: str) -> HttpResponse:
        if "api-version=" not in url:
            url += f"{'&' if '?' in url else '?'}api-version={API_VERSION}"
        request = HttpRequest("GET", url, headers={"Accept": "application/json"})
        # as a stream, because otherwise the SDK decodes the JSON once for itself, and we once more
        response = self._client.send_request(request, stream=True)
        response.read()
        if response.status_code != 200:
            raise HttpResponseError(response=response, error_format=ARMErrorFormat)
        return response


def _json(response: HttpResponse) -> dict[str, Any]:
    """The body as an object; an answer that is none counts as no answer."""
    try:
        body = response.json()
    except ValueError as error:
        raise _unreadable("the answer is not JSON") from error
    if not isinstance(body, dict):
        raise _unreadable("the answer is not a JSON object")
    return body


def _list(body: dict[str, Any], response: HttpResponse) -> list[Any]:
    value = body.get("value")
    if not isinstance(value, list):
        raise _unreadable("the instance list has no field `value`")
    return value


def _unreadable(message: str) -> AzureError:
    return AzureError(message, trouble=Trouble.UNCERTAIN, code="UnreadableAnswer", doing="reading Azure's answer")


def _remaining(response: HttpResponse) -> float | None:
    header = response.headers.get("x-ms-ratelimit-remaining-resource", "")
    found = re.search(rf"{LIST_BUCKET};(\d+)", header)
    return float(found.group(1)) if found else None
