"""Azure Resource Manager: from a request to an answer, in JSON as Azure writes it.

Simulated: one scale set with its instances in one group of one subscription, its updates and manual
upgrades with their operations, platform images, managed images and galleries, throttling.

Not simulated, and answered with a loud 501 that names method and URL: everything else. Among it: creating and
deleting sets; changes of sku or capacity; start, restart, power-off, deallocate, reimage, redeploy, delete
and everything asked of one instance but reading it; rolling upgrades other than a fixed `latest`; the VMs
of a Flexible set behind `Microsoft.Compute/virtualMachines` and its manualupgrade (its instance list gives
stubs); manualupgrade of an instance that is not running; extensions, run commands, orchestration services;
shared and community galleries; `$filter`; unmanaged disks' storage; the limit of ten models per set; load
balancers, disks, networks; other regions; the older names of throttling buckets.

Texts without a recording are known from Azure's gateway: the 400 without api-version and the 401s.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, quote, unquote

from azure_simulator.answers import (
    NotSimulated,
    Refusal,
    Reply,
    empty_reply,
    json_reply,
    not_found_in_location,
    resource_not_found,
    text_reply,
)
from azure_simulator.arm_json import Detail, Writer, instance_view, rolling_upgrade
from azure_simulator.arm_request import Request
from azure_simulator.fleet import Instance
from azure_simulator.image_routes import ImageRoutes
from azure_simulator.operations import Operation
from azure_simulator.scale_set import SimulatedScaleSet
from azure_simulator.throttling import Spend, Throttle

PAGE = 120

_SET_READ = ("GetVMScaleSetSubscriptionMaximum", "GetVMScaleSetResource")
_SET_LIST = ("HighCostGetVMScaleSetSubscriptionMaximum",)
_SET_VIEW = ("HighCostGetVMScaleSetSubscriptionMaximum", "HighCostGetVMScaleSetResource")
_INSTANCES = (*_SET_VIEW, "VMScaleSetVMViewsSubscriptionMaximum")
_INSTANCE = (
    "GetVMScaleSetVMSubscriptionMaximum",
    "GetVMScaleSetVMResource",
    "VMScaleSetVMViewsSubscriptionMaximum",
)
_BATCHED = "VMScaleSetBatchedVMRequestsSubscriptionMaximum"
_PUT = ("CreateVMScaleSetSubscriptionMaximum", "CreateVMScaleSetResource", _BATCHED)
_PATCH = ("VMScaleSetActionsSubscriptionMaximum", "VMScaleSetActionsResource", _BATCHED)
_UPGRADE = ("VMScaleSetActionsSubscriptionMaximum", _BATCHED)
_POLL = ("GetOperationResource", "GetOperationSubscriptionMaximum")


Handler = Callable[[Request, "re.Match[str]", float], Reply]


class ArmRoutes:
    """Routes of one simulated scale set. `authorize` raises Refusal 401 without a good token."""

    def __init__(
        self,
        scale_set: SimulatedScaleSet,
        images: ImageRoutes,
        throttle: Throttle,
        base_url: str,
        authorize: Callable[[Mapping[str, str], float], None],
        rolling_upgrade: str | None,
    ) -> None:
        self._set = scale_set
        self._json = Writer(scale_set)
        self._throttle = throttle
        self._base_url = base_url
        self._authorize = authorize
        self._rolling_upgrade = rolling_upgrade
        _, subscription, _, self._group = str(scale_set.json["id"]).strip("/").split("/")[:4]
        self._subscription = subscription
        self._routes = [
            (method, re.compile(f"/subscriptions/(?P<subscription>[^/]+){pattern}/?", re.IGNORECASE), handler)
            for method, pattern, handler in (*self._set_routes(), *images.routes())
        ]

    def _set_routes(self) -> list[tuple[str, str, Handler]]:
        sets = "/resourceGroups/(?P<group>[^/]+)/providers/Microsoft.Compute/virtualMachineScaleSets"
        one = sets + "/(?P<set>[^/]+)"
        instance = one + "/virtualMachines/(?P<instance>[^/]+)"
        operation = "/providers/Microsoft.Compute/locations/(?P<location>[^/]+)/operations/(?P<name>[^/]+)"
        return [
            ("GET", sets, self._list_sets),
            ("GET", one, self._get_set),
            ("PATCH", one, self._patch_set),
            ("PUT", one, self._put_set),
            ("GET", one + "/instanceView", self._get_set_view),
            ("GET", one + "/rollingUpgrades/latest", self._get_rolling_upgrade),
            ("POST", one + "/manualupgrade", self._upgrade),
            ("GET", one + "/virtualMachines", self._list_instances),
            ("GET", instance, self._get_instance),
            ("GET", instance + "/instanceView", self._get_instance_view),
            ("GET", operation, self._poll),
        ]

    def answer(self, request: Request, now: float) -> Reply:
        """Answer one request at `now`. Raises Refusal and NotSimulated."""
        handler, match = self._route(request)
        if not request.api_version:
            raise Refusal(
                400,
                "MissingApiVersionParameter",
                "The api-version query parameter (?api-version=) is required for all requests.",
            )
        self._authorize(request.headers, now)
        self._check_names(match)
        return handler(request, match, now)

    def _route(self, request: Request) -> "tuple[Handler, re.Match[str]]":
        for method, pattern, handler in self._routes:
            match = pattern.fullmatch(request.path)
            if match is not None and method == request.method:
                return handler, match
        raise NotSimulated("no such route")

    def _check_names(self, match: "re.Match[str]") -> None:
        names = {key: unquote(value) for key, value in match.groupdict().items()}
        if names["subscription"].lower() != self._subscription.lower():
            message = f"The subscription '{names['subscription']}' could not be found."
            raise Refusal(404, "SubscriptionNotFound", message)
        group = names.get("group")
        if group is not None and group.lower() != self._group.lower():
            gateway = [("x-ms-failure-cause", "gateway")]
            message = f"Resource group '{group}' could not be found."
            raise Refusal(404, "ResourceGroupNotFound", message, headers=gateway)
        if "set" in names and names["set"].lower() != self._set.name.lower():
            raise resource_not_found("virtualMachineScaleSets", names["set"], str(group))

    # --- the set ---

    def _list_sets(self, request: Request, match: "re.Match[str]", now: float) -> Reply:
        limits = self._throttle.spend(Spend(_SET_LIST), now)
        return json_reply(200, {"value": [self._json.scale_set(now)]}, limits)

    def _get_set(self, request: Request, match: "re.Match[str]", now: float) -> Reply:
        limits = self._throttle.spend(Spend(_SET_READ, self._set.name), now)
        return json_reply(200, self._json.scale_set(now), [("etag", self._json.etag(now)), *limits])

    def _patch_set(self, request: Request, match: "re.Match[str]", now: float) -> Reply:
        return self._update(request, now, _PATCH)

    def _put_set(self, request: Request, match: "re.Match[str]", now: float) -> Reply:
        return self._update(request, now, _PUT)

    def _update(self, request: Request, now: float, buckets: tuple[str, ...]) -> Reply:
        limits = self._throttle.spend(Spend(buckets, self._set.name, 0), now)
        self._check_etag(request, now)
        operation = self._set.update(request.json(), now, request.api_version)
        headers = [
            ("retry-after", "10"),
            ("azure-asyncoperation", self._operation_url(operation)),
            ("azure-asyncnotification", "Enabled"),
            ("etag", self._json.etag(now)),
            *limits,
        ]
        return json_reply(200, self._json.scale_set(now), headers)

    def _check_etag(self, request: Request, now: float) -> None:
        """Reported: kubernetes-sigs/cloud-provider-azure#9728; it shows the etags in quotes of the JSON."""
        wanted, found = request.headers.get("if-match"), self._json.etag(now)
        if wanted not in (None, "*", found):
            message = f"Etag provided in if-match header {wanted} does not match etag {found} of resource."
            raise Refusal(412, "PreconditionFailed", message)

    def _get_set_view(self, request: Request, match: "re.Match[str]", now: float) -> Reply:
        if self._set.flexible:
            raise NotSimulated("a Flexible set has no instance view")
        limits = self._throttle.spend(Spend(_SET_VIEW, self._set.name), now)
        return json_reply(200, self._json.scale_set_view(now), limits)

    def _get_rolling_upgrade(self, request: Request, match: "re.Match[str]", now: float) -> Reply:
        limits = self._throttle.spend(Spend(_SET_READ, self._set.name), now)
        if self._rolling_upgrade is None:
            raise _with_headers(not_found_in_location(), limits)
        return json_reply(200, rolling_upgrade(self._rolling_upgrade, self._set), limits)

    def _upgrade(self, request: Request, match: "re.Match[str]", now: float) -> Reply:
        ids = request.json().get("instanceIds")
        if not isinstance(ids, list) or not ids or not all(isinstance(each, str) for each in ids):
            message = "Required parameter 'instanceIds' is missing (null)."
            raise Refusal(400, "InvalidParameter", message, target="instanceIds")
        due = [each for each in self._set.present(now) if ids == ["*"] or each.instance_id in ids]
        charge = sum(self._set.is_stale(instance, now) for instance in due)
        limits = self._throttle.spend(Spend(_UPGRADE, self._set.name, charge), now)
        try:
            operation = self._set.upgrade(ids, now, request.api_version)
        except Refusal as refusal:
            raise _with_headers(refusal, limits) from None
        headers = [
            ("azure-asyncnotification", "Enabled"),
            ("azure-asyncoperation", self._operation_url(operation)),
            ("location", self._operation_url(operation, monitor=True)),
        ]
        return empty_reply(202, [*headers, *limits])

    # --- operations ---

    def _operation_url(self, operation: Operation, monitor: bool = False) -> str:
        path = (
            f"/subscriptions/{self._subscription}/providers/Microsoft.Compute/locations/{self._set.location}"
            f"/operations/{operation.name}"
        )
        return f"{self._base_url}{path}?{self._operation_query(operation, monitor)}"

    @staticmethod
    def _operation_query(operation: Operation, monitor: bool) -> str:
        monitoring = "monitor=true&" if monitor else ""
        return f"p={operation.name}&{monitoring}api-version={operation.api_version}&{operation.token}"

    def _poll(self, request: Request, match: "re.Match[str]", now: float) -> Reply:
        """The URL must come back as it was given out; what Azure says to another one is not recorded."""
        operation = self._set.operations.get(match["name"].lower())
        monitor = request.query.get("monitor") == "true"
        if operation is None or dict(parse_qsl(self._operation_query(operation, monitor))) != request.query:
            raise not_found_in_location()
        limits = self._throttle.spend(Spend(_POLL, operation.name), now)
        if not monitor:
            retry_after = operation.take_retry_after(now)
            waits = [] if retry_after is None else [("retry-after", str(retry_after))]
            return json_reply(200, operation.poll(now), [*waits, *limits])
        if operation.running(now):
            return empty_reply(202, [("location", self._operation_url(operation, monitor=True)), *limits])
        return empty_reply(200, limits)

    # --- instances ---

    def _list_instances(self, request: Request, match: "re.Match[str]", now: float) -> Reply:
        if "$filter" in request.query:
            raise NotSimulated("$filter is not simulated")
        page, following = self._page(request.query.get("$skiptoken"), now)
        limits = self._throttle.spend(Spend(_INSTANCES, self._set.name, len(page)), now)
        value = ",".join(self._json.instance(instance, now, _detail(request)) for instance in page)
        link = f',"nextLink":{json.dumps(self._next_link(request, following))}' if following else ""
        return text_reply(200, f'{{"value":[{value}]{link}}}', limits)

    def _page(self, token: str | None, now: float) -> tuple[list[Instance], str | None]:
        """The instances of a page, and the id that the next one begins with. Their order is not by number."""
        present = sorted(self._set.present(now), key=lambda instance: instance.instance_id)
        if token is not None:
            first = self._read_token(token)
            present = [instance for instance in present if instance.instance_id >= first]
        following = present[PAGE].instance_id if len(present) > PAGE else None
        return present[:PAGE], following

    def _next_link(self, request: Request, first: str) -> str:
        kept = [(name, value) for name, value in parse_qsl(request.raw_query) if name.lower() != "$skiptoken"]
        token = base64.b64encode(f"{self._unique_id}!{first}".encode()).decode()
        query = "&".join(f"{name}={quote(value)}" for name, value in [*kept, ("$skiptoken", token)])
        return f"{self._base_url}{request.path}?{query}"

    def _read_token(self, token: str) -> str:
        """Reported for a stale one: Azure/azure-sdk-for-java#27991."""
        try:
            unique_id, _, first = base64.b64decode(token, validate=True).decode().partition("!")
        except (binascii.Error, UnicodeDecodeError):
            unique_id, first = "", ""
        if unique_id != self._unique_id or not first:
            message = "The request URL is not valid."
            raise Refusal(400, "InvalidParameter", message, target="$skiptoken")
        return first

    @property
    def _unique_id(self) -> str:
        return str(self._set.json["properties"].get("uniqueId", "scale-set"))

    def _get_instance(self, request: Request, match: "re.Match[str]", now: float) -> Reply:
        instance, limits = self._one_instance(match, now)
        snapshot = instance.at(now, self._set.has_signal)
        text = self._json.instance(instance, now, _detail(request))
        return text_reply(200, text, [("etag", f'"{snapshot.etag}"'), *limits])

    def _get_instance_view(self, request: Request, match: "re.Match[str]", now: float) -> Reply:
        instance, limits = self._one_instance(match, now)
        snapshot = instance.at(now, self._set.has_signal)
        return json_reply(200, instance_view(instance, snapshot, self._set), limits)

    def _one_instance(self, match: "re.Match[str]", now: float) -> tuple[Instance, list[tuple[str, str]]]:
        name = unquote(match["instance"])
        limits = self._throttle.spend(Spend(_INSTANCE, f"{self._set.name}/{name}", 1), now)
        if self._set.flexible:
            raise NotSimulated("single instances of a Flexible set are not simulated")
        instance = self._set.present_instance(name, now)
        if instance is None:
            raise _with_headers(not_found_in_location(), limits)
        return instance, limits


def _detail(request: Request) -> Detail:
    if request.query.get("$select", "").lower() == "instanceview":
        return "selected"
    return "expanded" if request.query.get("$expand", "").lower() == "instanceview" else "plain"


def _with_headers(refusal: Refusal, headers: list[tuple[str, str]]) -> Refusal:
    refusal.headers = [*refusal.headers, *headers]
    return refusal
