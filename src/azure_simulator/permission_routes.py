"""What the caller may do, as Microsoft.Authorization tells it at the set's scope.

Shape and path: "Permissions - List For Resource" (api-version 2022-04-01); no recording has it. It spends none of the
compute provider's buckets. What is told here is not enforced: the other requests ask nobody for rights, and a
scenario that wants one refused says so by a fault.
"""

import re

from azure_simulator.answers import Reply, json_reply
from azure_simulator.arm_request import Request
from azure_simulator.errors import refusal
from azure_simulator.service import Route, Service
from azure_simulator.set_description import CLIENT_ID


class PermissionRoutes:
    """Answers about the rights that the scenario gives."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def routes(self, one: str) -> list[Route]:
        return [("GET", one + "/providers/Microsoft.Authorization/permissions", self._list)]

    def _list(self, request: Request, match: re.Match[str], now: float) -> Reply:
        permissions = self._service.scale_set.scenario.permissions
        if permissions is None:
            action = "Microsoft.Authorization/permissions/read"
            scope = request.path.rsplit("/providers/", 1)[0]
            raise refusal("not-authorized", client=CLIENT_ID, action=action, scope=scope)
        told = [
            {
                "actions": list(each.actions),
                "notActions": list(each.not_actions),
                "dataActions": [],
                "notDataActions": [],
            }
            for each in permissions
        ]
        return json_reply(200, {"value": told})
