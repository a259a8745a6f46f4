"""What is asked of the subscription as a whole: itself, the registration of its preview features, and the VM sizes
that a region offers it.

Shapes: "Features - Get" (Microsoft.Features, 2021-07-01) and "Resource Skus - List" (2021-07-01), as documented; no
recording has them. They spend none of the compute provider's buckets that are known.
"""

import re
from typing import Any

from azure_simulator.answers import NotSimulated, Reply, json_reply
from azure_simulator.arm_request import Request
from azure_simulator.regions import plain_region
from azure_simulator.service import Route, Service

_FEATURE = "/providers/Microsoft.Features/providers/Microsoft.Compute/features/(?P<feature>[^/]+)"


class SubscriptionRoutes:
    """Answers about the one subscription."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._scenario = service.scale_set.scenario

    def routes(self) -> list[Route]:
        return [
            ("GET", "", self._get),
            ("GET", _FEATURE, self._feature),
            ("GET", "/providers/Microsoft.Compute/skus", self._sizes),
        ]

    def _get(self, request: Request, match: re.Match[str], now: float) -> Reply:
        """What a client asks when somebody signs in."""
        subscription = self._service.subscription
        body = {
            "id": f"/subscriptions/{subscription}",
            "subscriptionId": subscription,
            "displayName": "Simulated",
            "state": "Enabled",
        }
        return json_reply(200, body)

    def _feature(self, request: Request, match: re.Match[str], now: float) -> Reply:
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

    def _sizes(self, request: Request, match: re.Match[str], now: float) -> Reply:
        """The sizes of the set's region; `$filter` knows the location alone (documented)."""
        location = self._service.scale_set.location
        condition = request.query.get("$filter")
        asked = re.fullmatch(
            r"\s*location\s+eq\s+'([^']*)'\s*", condition or f"location eq '{location}'", re.IGNORECASE
        )
        if asked is None:
            raise NotSimulated(f"a list of sizes with $filter={condition}")
        here = plain_region(asked[1]) == plain_region(location)
        value = [_size(name, told, location) for name, told in self._scenario.sizes.items()] if here else []
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
