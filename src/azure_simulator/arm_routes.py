"""Azure Resource Manager: from a request to an answer, in JSON as Azure writes it.

Simulated: one scale set with its instances in one group of one subscription, from its creation to its deletion;
its updates, scaling, manual and rolling upgrades; start, power off, deallocate, delete, protect and evict
instances; automatic repairs suspended and resumed; the virtual machines of a Flexible set; the limit of ten models
of a Uniform set; the caller's permissions at the set's scope, told and not enforced; the registration of preview
features, and the VM sizes that are offered; every operation and its Location; platform images, managed images,
galleries, shared and community galleries as the set's region sees them; throttling.

Not simulated, and answered with a loud 501 that names method and URL: everything else. Among it: restart, reimage,
redeploy, maintenance, run commands; extensions as resources of their own; `$filter` of instances by anything but
latestModelApplied; galleries themselves, and writing to them; unmanaged disks' storage; load balancers, disks,
networks; role assignments; other regions.

Other query options than those of the recordings get the 501 in lists of images, and are ignored elsewhere. There
is no second scale set, but for its line in a list: another name gets the gateway's 404 ResourceNotFound. The extra
instances of overprovisioning are never listed: they only count for the throttle.

Texts without a recording are known from Azure's gateway: the 400 without api-version and the 401s.
"""

import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote

from azure_simulator.answers import Headers, NotSimulated, Refusal, Reply
from azure_simulator.arm_request import Request
from azure_simulator.errors import refusal
from azure_simulator.gallery_routes import GalleryRoutes
from azure_simulator.image_routes import ImageRoutes
from azure_simulator.instance_routes import InstanceRoutes
from azure_simulator.operation_routes import OperationRoutes
from azure_simulator.permission_routes import PermissionRoutes
from azure_simulator.service import Handler, Route, Service
from azure_simulator.set_routes import SetRoutes
from azure_simulator.subscription_routes import SubscriptionRoutes

_SETS = "/resourceGroups/(?P<group>[^/]+)/providers/Microsoft.Compute/virtualMachineScaleSets"
_ONE_SET = _SETS + "/(?P<set>[^/]+)"

# What an answer shows of the provider's throttle.
_COSTS = ("x-ms-ratelimit-remaining-resource", "x-ms-request-charge")


class ArmRoutes:
    """Routes of one simulated scale set. `authorize` raises Refusal 401 without a good token."""

    def __init__(self, service: Service, authorize: Callable[[Mapping[str, str], float], None]) -> None:
        self._service = service
        self._authorize = authorize
        self._group = str(service.scale_set.json["id"]).strip("/").split("/")[3]
        self._routes = [
            (method, re.compile(f"/subscriptions/(?P<subscription>[^/]+){pattern}/?", re.IGNORECASE), handler)
            for method, pattern, handler in self._all_routes()
        ]

    def _all_routes(self) -> list[Route]:
        return [
            *SubscriptionRoutes(self._service).routes(),
            *SetRoutes(self._service).routes(_SETS, _ONE_SET),
            *InstanceRoutes(self._service).routes(_ONE_SET),
            *PermissionRoutes(self._service).routes(_ONE_SET),
            *OperationRoutes(self._service).routes(),
            *ImageRoutes(self._service).routes(),
            *GalleryRoutes(self._service).routes(),
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
        request.meet("gateway", [])
        self._check_names(match)
        try:
            reply = _with_its_error(handler, request, match, now)
        except Refusal as refused:
            if not any(name == "x-ms-failure-cause" for name, _ in refused.headers):
                refused.headers = [*refused.headers, *self._passed(request, now)]
            raise
        return Reply(reply.status, [*reply.headers, *self._passed(request, now)], reply.body)

    def _passed(self, request: Request, now: float) -> Headers:
        """What the gateway adds to an answer of the provider."""
        return self._service.throttle.pass_gateway(request.method, now)

    def _route(self, request: Request) -> "tuple[Handler, re.Match[str]]":
        for method, pattern, handler in self._routes:
            match = pattern.fullmatch(request.path) if method == request.method else None
            if match is not None:
                return handler, match
        raise NotSimulated("no such route")

    def _check_names(self, match: "re.Match[str]") -> None:
        names = {key: unquote(value) for key, value in match.groupdict().items()}
        catalog = self._service.scale_set.scenario.catalog
        of_an_image = "image_group" in names and catalog.is_elsewhere(names["subscription"])
        if names["subscription"].lower() != self._service.subscription.lower() and not of_an_image:
            if "image_group" in names:
                catalog.check_told(unquote(match[0]))
            message = f"The subscription '{names['subscription']}' could not be found."
            raise Refusal(404, "SubscriptionNotFound", message)
        group = names.get("group") or names.get("machines_of")
        if group is not None and group.lower() != self._group.lower():
            raise refusal("group-not-found", group=group)
        if "set" in names and names["set"].lower() != self._service.scale_set.name.lower():
            raise refusal(
                "resource-not-found", kind="virtualMachineScaleSets", name=names["set"], group=str(names["group"])
            )


def _with_its_error(handler: Handler, request: Request, match: "re.Match[str]", now: float) -> Reply:
    """The handler's answer. An error that awaits the request is raised even where the handler does not come as
    far as that: it ends before, by itself, or counts nothing, as reads may. What changes something meets it before.
    """
    try:
        reply: Reply = handler(request, match, now)
    except Refusal as refused:
        # The refusal is this very error where the handler has met it: then this changes nothing.
        request.fail(_costs(refused.headers))
        raise
    request.fail(_costs(reply.headers))
    return reply


def _costs(headers: Headers) -> Headers:
    return [(name, value) for name, value in headers if name in _COSTS]
