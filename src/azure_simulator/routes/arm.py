"""Azure Resource Manager: from a request to an answer, in JSON as Azure writes it.

Simulated: one scale set with its instances in one group of one subscription, from its creation to its deletion; its
updates, scaling, manual and rolling upgrades; start, power off, deallocate, delete, protect and evict instances;
commands in guests; automatic repairs suspended and resumed; the virtual machines of a Flexible set; the limit of ten
models of a Uniform set; the caller's permissions at the set's scope, shown and not enforced; autoscale settings, shown
and not carried out; locks, and what they refuse; the registration of preview features, and the VM sizes that are
offered; every operation and its Location; platform images, managed images, galleries, shared and community galleries
as the set's region sees them; a subset of Resource Graph's queries; throttling. Where there are several sets, each has
routes of its own (subscription.py); the lists and Resource Graph know them all.

Not simulated, and answered with a loud 501 that names method and URL: everything else. Among it: restart, reimage,
redeploy, maintenance; extensions as resources of their own; `$filter` of instances by anything but
latestModelApplied; galleries themselves, and writing to them; unmanaged disks' storage; load balancers, disks,
networks; role assignments; other regions.

Query options that no recording has get the 501 in lists of images, and are ignored elsewhere. Another name than
the set's gets the gateway's 404 ResourceNotFound, that of an entry in a list, too. The extra instances of
overprovisioning are never listed: they only count for the throttle.

Texts without a recording are known from Azure's gateway: the 400 without api-version and the 401s.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from urllib.parse import unquote

from azure_simulator.routes.companions.governance import GovernanceRoutes, check_locks
from azure_simulator.routes.companions.resource_graph import ResourceGraphRoutes
from azure_simulator.routes.companions.rolling_upgrades import RollingUpgradeRoutes
from azure_simulator.routes.companions.run_commands import RunCommandRoutes
from azure_simulator.routes.creation import CreationRoutes
from azure_simulator.routes.galleries import GalleryRoutes
from azure_simulator.routes.images import ImageRoutes
from azure_simulator.routes.instance_actions import InstanceActionRoutes
from azure_simulator.routes.instances import InstanceRoutes
from azure_simulator.routes.machines import MachineRoutes
from azure_simulator.routes.operations import OperationRoutes
from azure_simulator.routes.scale_set import SetRoutes
from azure_simulator.routes.service import Handler, Request, Route, Service
from azure_simulator.routes.subscription import PermissionRoutes, SubscriptionRoutes
from azure_simulator.scenario.set_description import CLIENT_ID
from azure_simulator.wire.answers import Headers, NotSimulated, Refusal, Reply
from azure_simulator.wire.errors import refusal

Match = re.Match[str]

_SETS = "/resourceGroups/(?P<group>[^/]+)/providers/Microsoft.Compute/virtualMachineScaleSets"
_SUBSCRIPTION = "/subscriptions/(?P<subscription>[^/]+)"
_ONE_SET = _SETS + "/(?P<set>[^/]+)"
# What an answer shows of the provider's throttle.
_COSTS = ("x-ms-ratelimit-remaining-resource", "x-ms-request-charge")


class ArmRoutes:
    """The routes of one simulated scale set. `authorize` raises Refusal 401 without a good token."""

    def __init__(self, service: Service, authorize: Callable[[Mapping[str, str], float], None]) -> None:
        self._service = service
        self._authorize = authorize
        self._group = str(service.scale_set.json["id"]).strip("/").split("/")[3]
        self._routes = [
            (method, re.compile(f"{prefix}{pattern}/?", re.IGNORECASE), handler)
            for prefix, routes in ((_SUBSCRIPTION, _all_routes(service)), ("", _routes_above(service)))
            for method, pattern, handler in routes
        ]
        self._find_route = lru_cache(maxsize=256)(self._route_of)  # clients poll a few addresses

    def answer(self, request: Request, now: float) -> Reply:
        """Answer one request at `now`. Raises Refusal and NotSimulated."""
        handler, match = self._find_route(request.method, request.path)
        if not request.api_version:
            raise Refusal(
                400,
                "MissingApiVersionParameter",
                "The api-version query parameter (?api-version=) is required for all requests.",
            )
        self._authorize(request.headers, now)
        self._service.throttle.enter_gateway(request.method, self._service.subscription, CLIENT_ID, now)
        request.meet("gateway", [])
        if "subscription" not in match.groupdict():
            return _with_its_error(handler, request, match, now)
        self._check_names(match)
        check_locks(self._service, request)
        self._note_write(request)  # before it, for its own answer, and after it, for the next
        try:
            reply = _with_its_error(handler, request, match, now)
        except Refusal as refused:
            if not any(name == "x-ms-failure-cause" for name, _ in refused.headers):
                refused.headers = [*refused.headers, *self._gateway_headers(request, now)]
            raise
        finally:
            self._note_write(request)
        return replace(reply, headers=[*reply.headers, *self._gateway_headers(request, now)])

    def _note_write(self, request: Request) -> None:
        if request.method != "GET":
            self._service.scale_set.touches += 1

    def _gateway_headers(self, request: Request, now: float) -> Headers:
        """Return what the gateway adds to an answer of the provider."""
        return self._service.throttle.pass_gateway(request.method, now)

    def _route_of(self, method: str, path: str) -> tuple[Handler, Match]:
        for its_method, pattern, handler in self._routes:
            if method == its_method and (match := pattern.fullmatch(path)) is not None:
                return handler, match
        raise NotSimulated("no such route")

    def _check_names(self, match: Match) -> None:
        """Raise Refusal 404 for a subscription, a group or a set that does not exist."""
        names = {key: unquote(value) for key, value in match.groupdict().items()}
        self._check_subscription(names, unquote(match[0]))
        group = names.get("group") or names.get("machines_of")
        if group is not None and group.lower() != self._group.lower():
            raise refusal("group-not-found", group=group)
        if "set" in names and names["set"].lower() != self._service.scale_set.name.lower():
            raise refusal(
                "resource-not-found", kind="virtualMachineScaleSets", name=names["set"], group=str(names["group"])
            )

    def _check_subscription(self, names: dict[str, str], path: str) -> None:
        """Raise Refusal 404 unless it is the set's subscription, or that of an image of the catalog."""
        if names["subscription"].lower() == self._service.subscription.lower():
            return
        catalog = self._service.scale_set.scenario.catalog
        if "image_group" in names:
            if catalog.is_elsewhere(names["subscription"]):
                return
            catalog.check_described(path)
        message = f"The subscription '{names['subscription']}' could not be found."
        raise Refusal(404, "SubscriptionNotFound", message)


def _routes_above(service: Service) -> list[Route]:
    """Return the routes that name no subscription."""
    return [*ResourceGraphRoutes(service).routes(), *SubscriptionRoutes(service).routes_above()]


def _all_routes(service: Service) -> list[Route]:
    sets, instances = SetRoutes(service), InstanceRoutes(service)
    return [
        *SubscriptionRoutes(service).routes(),
        *sets.routes(_SETS, _ONE_SET),
        *CreationRoutes(service, sets).routes(_ONE_SET),
        *RollingUpgradeRoutes(service, sets).routes(_ONE_SET),
        *instances.routes(_ONE_SET),
        *InstanceActionRoutes(service, instances).routes(_ONE_SET),
        *RunCommandRoutes(service).routes(_ONE_SET),
        *MachineRoutes(service).routes(),
        *PermissionRoutes(service).routes(_ONE_SET),
        *GovernanceRoutes(service).routes(_ONE_SET),
        *OperationRoutes(service).routes(),
        *ImageRoutes(service).routes(),
        *GalleryRoutes(service).routes(),
    ]


def _with_its_error(handler: Handler, request: Request, match: Match, now: float) -> Reply:
    """Return the handler's answer, or raise the error that awaits the request.

    The error is raised even where the handler does not meet it: a handler may refuse before, or count nothing, as
    reads do. A handler that changes something meets the error before it does.
    """
    try:
        reply = handler(request, match, now)
    except Refusal as refused:
        # Where the handler has met the error, the refusal is that error, and this changes nothing.
        request.fail(_costs(refused.headers))
        raise
    request.fail(_costs(reply.headers))
    return reply


def _costs(headers: Headers) -> Headers:
    return [(name, value) for name, value in headers if name in _COSTS]
