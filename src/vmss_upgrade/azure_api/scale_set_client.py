"""ScaleSetApi over azure-mgmt-compute.

Reads are raw JSON by the client's own `send_request`: 600 instances through the SDK's models cost 0.6 s, as JSON a
tenth of it. Writes are the SDK's methods. Nothing is repeated here or in the SDK (`retry_total=0`): every wait is the
driver's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError
from azure.mgmt.compute import ComputeManagementClient

from vmss_upgrade.azure_api.companions.rolling_upgrades import RollingUpgrades
from vmss_upgrade.azure_api.companions.run_commands import RunCommands
from vmss_upgrade.azure_api.companions.scaling_limits import ScalingLimits
from vmss_upgrade.azure_api.failures import optional, read_by_the_sdk, translated
from vmss_upgrade.azure_api.image_catalog import ImageCatalog
from vmss_upgrade.azure_api.levels import Levels
from vmss_upgrade.azure_api.operation import SteppedPolling
from vmss_upgrade.azure_api.reader import API_VERSION, Answers, Page, Reader, is_segment, named, unreadable
from vmss_upgrade.azure_api.translation.image_reference import image_patch
from vmss_upgrade.azure_api.translation.instances import Looks, to_instance, to_machine
from vmss_upgrade.azure_api.translation.json_fields import Json, object_in, objects_in, text_in, texts_in
from vmss_upgrade.azure_api.translation.model import to_model
from vmss_upgrade.errors import ASK_AGAIN, AzureError, Trouble
from vmss_upgrade.ports import InstanceList, Operation
from vmss_upgrade.rollout.checks.rights import Permission
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.lineage import Lineage, lineage_of, with_origins
from vmss_upgrade.rollout.model import Model

__all__ = ["API_VERSION", "LIST_BUCKET", "ScaleSetClient"]

LIST_BUCKET = "HighCostGetVMScaleSetResource"  # wire facts, section 10
VIEW_AGE = 120.0  # seconds for which a single view is good while the look that it belongs to is asked for again
_PERMISSIONS_API_VERSION = "2022-04-01"  # of Microsoft.Authorization
_FEATURES_API_VERSION = "2021-07-01"  # of Microsoft.Features
_REPAIRS = "AutomaticRepairs"  # an orchestration service's name: uniform_orchestration_service_state_2024


class ScaleSetClient:
    """One scale set; see `ports.ScaleSetApi` for the contract of each method."""

    def __init__(
        self,
        client: ComputeManagementClient,
        subscription: str,
        resource_group: str,
        name: str,
        *,
        levels: Levels,
        now: Callable[[], float],
        has_time: Callable[[], bool] = lambda: True,
        answers: Answers | None = None,
    ) -> None:
        self._client, self._sets = client, client.virtual_machine_scale_sets
        self._granted_until = float("-inf")
        self._reader = Reader(client, lambda: has_time() or now() < self._granted_until, answers)
        self._group = resource_group
        self._name = name
        self.id = (
            f"/subscriptions/{subscription}/resourceGroups/{resource_group}/providers/Microsoft.Compute"
            f"/virtualMachineScaleSets/{name}"
        )
        self._subscription_path = f"/subscriptions/{quote(subscription, safe='')}"
        compute = f"/resourceGroups/{quote(resource_group, safe='')}/providers/Microsoft.Compute"
        self._machines_path = f"{self._subscription_path}{compute}/virtualMachines"
        self._sets_path = f"{self._subscription_path}{compute}/virtualMachineScaleSets"
        self._path = f"{self._sets_path}/{quote(name, safe='')}"
        catalog = ImageCatalog(self._reader, self._subscription_path)
        self.look_up, self.read_size = catalog.look_up, catalog.read_size
        self.list_versions, self.list_definitions = catalog.list_versions, catalog.list_definitions
        self.run_commands = RunCommands(client, self._reader, resource_group, name, (self._path, self._machines_path))
        self.rolling_upgrades = RollingUpgrades(client, self._reader, resource_group, name, self._path)
        limits = ScalingLimits(self._reader, self._subscription_path, self.id)
        self.read_autoscale_settings, self.read_locks = limits.read_autoscale_settings, limits.read_locks
        self._model_body: Json = {}  # what was read last, as Azure wrote it
        self._looks = Looks()
        self.take_levels, self._now = levels.take, now
        # of a look at machines that broke off: name -> when the view was answered, and the view
        self._views: dict[str, tuple[float, Json]] = {}
        self._lineage: Lineage | None = None  # as the first look at a Flexible set showed it

    def read_model(self) -> Model:
        """Send GET of the scale set."""
        with translated("reading the scale set"):
            response = self._reader.get(self._path)
            self._model_body = self._reader.object_of(response)
            model = to_model(self._model_body, etag=response.headers.get("etag", ""))
            if not object_in(self._model_body, "properties") or not (model.is_flexible or str(model.image)):
                raise unreadable("the scale set comes without its properties, or without its image")
            return model

    def list_other_names(self) -> tuple[str, ...] | None:
        """Send GET of the group's scale sets, every page."""
        with translated("listing the scale sets of the resource group"):
            names = tuple(text_in(item, "name") for item in self._reader.items(self._sets_path))
        return None if self._name.lower() in map(str.lower, names) else names

    def read_instances(self, model: Model) -> InstanceList:
        """Return the expanded instance list; of a Flexible set, whose list has stubs only, the machines themselves."""
        with translated("listing the instances"):
            return self._machines(model) if model.is_flexible else self._instances()

    def _instances(self) -> InstanceList:
        pages = self._reader.pages(f"{self._path}/virtualMachines?$expand=instanceView")
        instances = named(self._looks.take((item for page in pages for item in page.items), to_instance))
        return InstanceList(instances=instances, pages=len(pages), remaining=pages[-1].remaining(LIST_BUCKET))

    def _machines(self, model: Model) -> InstanceList:
        """Send GET of the virtual machines by filter (wire facts, section 12).

        "instanceView" as $expand is documented "only ... if a valid $filter option is specified"; no recording shows
        it, so a machine that comes without its view is asked for it singly, and one that is gone by then is dropped.
        `remaining` is None: the list spends the subscription's bucket (HighCostGetSubscriptionMaximum), none of the
        set's, and what others leave of that says nothing about our own pace.
        """
        own_id = model.id if model.id.lower() == self.id.lower() else self.id  # in Azure's case, but no other set's
        literal = own_id.replace("'", "''")
        wanted = quote(f"'virtualMachineScaleSet/id' eq '{literal}'", safe="")
        pages = self._machine_pages(f"{self._machines_path}?$filter={wanted}")
        viewed = [self._viewed(item) for page in pages for item in page.items]
        self._views = {}
        shown = (machine for machine in viewed if machine is not None)
        instances = named(self._looks.take(shown, partial(to_machine, set_name=model.name)))
        self._lineage = self._lineage or lineage_of(model, instances)
        instances = with_origins(instances, model, self._lineage)
        return InstanceList(instances=instances, pages=len(pages), remaining=None)

    def _machine_pages(self, url: str) -> list[Page]:
        """List with the views, or without if Azure does not know that option of this list."""
        try:
            return self._reader.pages(f"{url}&$expand=instanceView")
        except HttpResponseError as error:
            if error.status_code != 400:
                raise
            return self._reader.pages(url)

    def _viewed(self, machine: Json) -> Json | None:
        """Return the item with its view. Without one, if Azure refuses it, power and health are unknown."""
        properties, name = object_in(machine, "properties"), text_in(machine, "name")
        if object_in(properties, "instanceView") or not is_segment(name):
            return machine
        try:
            view = self._view_of(name)
        except AzureError as error:
            if error.trouble in (*ASK_AGAIN, Trouble.VERSION_UNKNOWN):
                raise
            return None if error.trouble is Trouble.NOT_FOUND else machine
        return {**machine, "properties": {**properties, "instanceView": view}}

    def _view_of(self, name: str) -> Json:
        """Send GET of one machine's view; not again where a look that broke off a moment ago has it."""
        answered, view = self._views.get(name, (float("-inf"), {}))
        if self._now() - answered > VIEW_AGE:
            with translated("reading an instance view"):
                view = self._reader.json(f"{self._machines_path}/{quote(name, safe='')}/instanceView")
            self._views[name] = (self._now(), view)
        return view

    def compare(self, model: Model) -> Mapping[str, tuple[str, ...]]:
        """See drift. No recording shows what a manualupgrade would change of a Flexible set's machine."""
        try:
            return {} if model.is_flexible else self._looks.differences(self._model_body)
        except RecursionError:  # nested more deeply than anything of Azure's
            return {}

    def is_rolling_upgrade_running(self) -> bool | None:
        """Send GET of rollingUpgrades/latest."""
        try:
            latest = self.rolling_upgrades.read_latest()
        except AzureError as error:
            if error.trouble in ASK_AGAIN:
                raise
            return None
        return latest is not None and latest.is_running

    def read_feature_state(self, feature: str) -> str | None:
        """Send GET of Microsoft.Features; 404 for a feature that is none any more."""
        path = f"{self._subscription_path}/providers/Microsoft.Features/providers/Microsoft.Compute/features/{feature}"
        with optional("reading a feature's registration"):
            body = self._reader.json(f"{path}?api-version={_FEATURES_API_VERSION}")
            return text_in(body, "properties", "state") or None
        return None

    def read_permissions(self) -> tuple[Permission, ...] | None:
        """Send GET of the caller's permissions at the scale set's scope, every page."""
        url = f"{self._path}/providers/Microsoft.Authorization/permissions?api-version={_PERMISSIONS_API_VERSION}"
        with optional("reading the permissions"):
            items = self._reader.items(url)
            # nothing at all: but the scale set could be read
            return tuple(Permission(texts_in(item, "actions"), texts_in(item, "notActions")) for item in items) or None
        return None

    def are_repairs_suspended(self, model: Model) -> bool | None:
        """Send GET of the set's instance view, orchestrationServices[]."""
        view: Json = {}
        if not model.is_flexible:
            with optional("reading the scale set's instance view"):
                view = self._reader.json(f"{self._path}/instanceView")
        for service in objects_in(view, "orchestrationServices"):
            state = text_in(service, "serviceState").lower()
            if text_in(service, "serviceName").lower() == _REPAIRS.lower() and state:
                return state == "suspended"
        return None

    def set_repairs(self, *, suspended: bool) -> Operation:
        """Send POST setOrchestrationServiceState."""
        doing = f"{'suspending' if suspended else 'resuming'} automatic repairs"
        body = {"serviceName": _REPAIRS, "action": "Suspend" if suspended else "Resume"}
        return self._begin(self._sets.begin_set_orchestration_service_state, body, doing)

    def set_image(self, image: Image, etag: str) -> Operation:
        """Send PATCH of the image alone, with If-Match where the scale set has an ETag."""
        self._views = {}
        return self._begin(self._sets.begin_update, image_patch(image), "updating the model", **_if_match(etag))

    def upgrade(self, instance_ids: Sequence[str]) -> Operation:
        """Send POST manualupgrade with exactly these ids (never "*")."""
        self._views = {}
        return self._begin_on(instance_ids, self._sets.begin_update_instances, "upgrading instances")

    def set_capacity(self, model: Model, capacity: int) -> Operation:
        """Send PATCH of the SKU alone, with If-Match where the scale set has an ETag."""
        name, tier = model.scaling.sku
        sku = {"name": name, **({"tier": tier} if tier else {}), "capacity": capacity}
        return self._begin(self._sets.begin_update, {"sku": sku}, "raising the capacity", **_if_match(model.etag))

    def delete_instances(self, instance_ids: Sequence[str]) -> Operation:
        """Send POST delete with exactly these ids (never "*")."""
        return self._begin_on(instance_ids, self._sets.begin_delete_instances, "deleting instances")

    def _begin_on(self, instance_ids: Sequence[str], begin: Callable[..., Any], doing: str) -> Operation:
        """Send a write about these instances. Raises AzureError if one is named like all of them."""
        if "*" in instance_ids:
            message = "the list names an instance `*`, which in a request means all instances, so it is not asked for"
            raise AzureError(message, trouble=Trouble.REJECTED, code="UnreadableAnswer", doing=doing)
        return self._begin(begin, {"instanceIds": list(instance_ids)}, doing)

    def grant(self, seconds: float) -> None:
        """Send nothing; see Reader."""
        self._granted_until = max(self._granted_until, self._now() + seconds)

    def _begin(self, begin: Callable[..., Any], body: Any, doing: str, **options: Any) -> Operation:
        """Send a write by the SDK's method for it, and return the operation that Azure accepted."""
        polling = SteppedPolling(doing)
        with translated(doing), read_by_the_sdk():
            begin(self._group, self._name, body, polling=polling, **options)
        return polling


def _if_match(etag: str) -> dict[str, Any]:
    return {"etag": etag, "match_condition": MatchConditions.IfNotModified} if etag else {}
