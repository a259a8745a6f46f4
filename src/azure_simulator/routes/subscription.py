"""What is asked of the subscription as a whole: itself, the registration of its preview features, the VM sizes that a
region offers it; and what the caller may do at the set's scope.

Shapes: "Features - Get" (Microsoft.Features, 2021-07-01), "Resource Skus - List" (2021-07-01) and "Permissions - List
For Resource" (Microsoft.Authorization, 2022-04-01), as documented; no recording has them. They spend none of the
compute provider's buckets that are known.

Permissions are shown here and not enforced: the other requests check no rights, and a scenario that wants one refused
says so by a fault.
"""

import re
from typing import Any

from azure_simulator.routes.service import Request, Route, Service
from azure_simulator.scenario.set_description import CLIENT_ID
from azure_simulator.wire.answers import NotSimulated, Reply, json_reply
from azure_simulator.wire.errors import refusal
from azure_simulator.wire.names import plain_region

_FEATURE = "/providers/Microsoft.Features/providers/Microsoft.Compute/features/(?P<feature>[^/]+)"


class SubscriptionRoutes:
    """The routes of the one subscription."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._scenario = service.scale_set.scenario

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            ("GET", "", self._get),
            ("GET", _FEATURE, self._get_feature),
            ("GET", "/providers/Microsoft.Compute/skus", self._list_sizes),
        ]

    def routes_above(self) -> list[Route]:
        """Return the routes that name no subscription."""
        return [("GET", "/subscriptions", self._list)]

    def _list(self, request: Request, match: re.Match[str], now: float) -> Reply:
        """Answer what a client asks when an identity signs in without naming a subscription."""
        return json_reply(200, {"value": [self._body()], "count": {"type": "Total", "value": 1}})

    def _get(self, request: Request, match: re.Match[str], now: float) -> Reply:
        """Answer what a client asks when a user signs in."""
        return json_reply(200, self._body())

    def _body(self) -> dict[str, Any]:
        subscription = self._service.subscription
        return {
            "id": f"/subscriptions/{subscription}",
            "subscriptionId": subscription,
            "displayName": "Simulated",
            "state": "Enabled",
        }

    def _get_feature(self, request: Request, match: re.Match[str], now: float) -> Reply:
        known = {name.lower(): (name, state) for name, state in self._scenario.features.items()}
        if match["feature"].lower() not in known:
            raise NotSimulated(f"the scenario says nothing of the feature {match['feature']}")
        name, state = known[match["feature"].lower()]
        body = {
            "id": f"/subscriptions/{self._service.subscription}{_FEATURE.partition('(')[0]}{name}",
            "name": f"Microsoft.Compute/{name}",
            "type": "Microsoft.Features/providers/features",
            "properties": {"state": state},
        }
        return json_reply(200, body)

    def _list_sizes(self, request: Request, match: re.Match[str], now: float) -> Reply:
        """List the sizes of the regions of all sets; `$filter` knows the location alone (documented)."""
        condition = request.query.get("$filter")
        asked = re.fullmatch(r"\s*location\s+eq\s+'([^']*)'\s*", condition or "", re.IGNORECASE)
        if condition and asked is None:
            raise NotSimulated(f"a list of sizes with $filter={condition}")
        locations = dict.fromkeys(each.location for each in self._service.sets_at(now))
        here = [each for each in locations if asked is None or plain_region(asked[1]) == plain_region(each)]
        value = [_size(name, each, where) for where in here for name, each in self._scenario.sizes.items()]
        return json_reply(200, {"value": value})


class PermissionRoutes:
    """The routes of the rights that the scenario gives."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def routes(self, one: str) -> list[Route]:
        """Return the routes; `one` is the pattern of the set's path."""
        return [("GET", one + "/providers/Microsoft.Authorization/permissions", self._list)]

    def _list(self, request: Request, match: re.Match[str], now: float) -> Reply:
        permissions = self._service.scale_set.scenario.permissions
        if permissions is None:
            action = "Microsoft.Authorization/permissions/read"
            scope = request.path.rsplit("/providers/", 1)[0]
            raise refusal("not-authorized", client=CLIENT_ID, action=action, scope=scope)
        value = [
            {
                "actions": list(each.actions),
                "notActions": list(each.not_actions),
                "dataActions": [],
                "notDataActions": [],
            }
            for each in permissions
        ]
        return json_reply(200, {"value": value})


def _size(name: str, capabilities: dict[str, str], location: str) -> dict[str, Any]:
    return {
        "resourceType": "virtualMachines",
        "name": name,
        "tier": "Standard",
        "locations": [location],
        "capabilities": [{"name": each, "value": value} for each, value in capabilities.items()],
        "restrictions": [],
    }
