"""Requests for autoscale settings and locks, and what locks refuse.

Both are lists that are read; they spend none of the compute provider's buckets. Locks are inherited, and a list at a
scope has those above and those below it: no recording decides it for all three scopes.

A lock of a group or the subscription refuses writes to the set whose scenario has it: where there are several sets, it
belongs to the file's own keys.

Documented ("Lock your resources"): ReadOnly refuses every write and every POST, CanNotDelete every DELETE; POST
`delete` of the set is let through where the scenario does not say otherwise, as reported of another client
(Azure/azure-libraries-for-net#523).
"""

import re
from urllib.parse import unquote

from azure_simulator.bodies.companions.governance import lock_body, lock_scope, setting_body
from azure_simulator.routes.service import Request, Route, Service
from azure_simulator.scenario.companions.governance import Lock
from azure_simulator.scenario.set_description import CLIENT_ID
from azure_simulator.wire.answers import NotSimulated, Reply, json_reply
from azure_simulator.wire.errors import refusal

Match = re.Match[str]

_GROUP = "/resourceGroups/(?P<group>[^/]+)"
_SETTINGS = "/providers/Microsoft.Insights/autoscaleSettings"
_LOCKS = "/providers/Microsoft.Authorization/locks"


class GovernanceRoutes:
    """The routes of autoscale settings and locks of one subscription."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._set = service.scale_set
        self._scenario = service.scale_set.scenario

    def routes(self, one: str) -> list[Route]:
        """Return the routes; `one` is the pattern of the set's path."""
        return [
            ("GET", _SETTINGS, self._list_settings),
            ("GET", _GROUP + _SETTINGS, self._list_settings),
            ("GET", _LOCKS, self._list_locks),
            ("GET", _GROUP + _LOCKS, self._list_locks),
            ("GET", one + _LOCKS, self._list_locks),
        ]

    def _list_settings(self, request: Request, match: Match, now: float) -> Reply:
        if self._scenario.autoscale is None:
            raise _denied(request, "Microsoft.Insights/autoscaleSettings/read")
        value = [
            setting_body(setting, str(each.json["id"]), each.location)
            for each in self._service.sets_at(now, _group_in(match))
            for setting in each.scenario.autoscale or ()
        ]
        return json_reply(200, {"value": value})

    def _list_locks(self, request: Request, match: Match, now: float) -> Reply:
        if not self._scenario.locks_readable:
            raise _denied(request, "Microsoft.Authorization/locks/read")
        if "$filter" in request.query:
            raise NotSimulated("a list of locks with $filter")
        sets = [self._set] if "set" in match.groupdict() else self._service.sets_at(now, _group_in(match))
        bodies = [lock_body(lock, str(each.json["id"])) for each in sets for lock in each.scenario.locks]
        return json_reply(200, {"value": list({body["id"]: body for body in bodies}.values())})


def check_locks(service: Service, request: Request) -> None:
    """Raise Refusal 409 for a write that a lock on its resource, or on what is above it, refuses."""
    path = unquote(request.path)
    for lock in service.scale_set.scenario.locks:
        locked = lock_scope(lock, str(service.scale_set.json["id"]))
        is_below = f"{path}/".lower().startswith(f"{locked}/".lower())
        if is_below and _refuses(lock, request.method, path):
            verb = "delete" if request.method == "DELETE" else "write"
            raise refusal("locked", scope=path, verb=verb, locked=locked)


def _group_in(match: Match) -> str:
    """Return the resource group of an address; empty for one of the whole subscription."""
    return unquote(match.groupdict().get("group", ""))


def _refuses(lock: Lock, method: str, path: str) -> bool:
    if method in ("GET", "HEAD"):
        return False
    by_action = method == "POST" and path.lower().endswith("/delete") and lock.blocks_action
    return lock.level == "ReadOnly" or method == "DELETE" or by_action


def _denied(request: Request, action: str) -> Exception:
    scope = request.path.rsplit("/providers/", 1)[0]
    return refusal("not-authorized", client=CLIENT_ID, action=action, scope=scope)
