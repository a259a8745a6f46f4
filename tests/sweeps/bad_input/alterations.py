"""Changes of an answer of Azure, Entra or GitHub in one place, as data, so that a printed case can be played again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from azure_simulator import Reply
from sweeps.bad_input.endless import BODIES, MARK
from sweeps.bad_input.ways import BODY_WAYS, ERRORS, JSON_WAYS

# The fields that the action reads: half of the alterations change one of these.
READ = frozenset((
    "value", "access_token", "expires_in", "token_type", "nextLink", "id", "name", "location", "tags", "zones", "sku",
    "plan", "instanceId", "properties", "provisioningState", "orchestrationMode", "upgradePolicy", "mode",
    "automaticOSUpgradePolicy", "virtualMachineProfile", "timeCreated", "storageProfile", "imageReference", "publisher",
    "offer", "version", "exactVersion", "osDisk", "image", "uri", "osProfile", "linuxConfiguration", "networkProfile",
    "healthProbe", "extensionProfile", "extensions", "resources", "type", "automaticRepairsPolicy", "enabled",
    "repairAction", "latestModelApplied", "instanceView", "vmHealth", "status", "statuses", "code", "message",
    "platformUpdateDomain", "platformFaultDomain", "placementGroupId", "protectionPolicy", "protectFromScaleSetActions",
    "modelDefinitionApplied", "actions", "notActions", "publishingProfile", "targetRegions", "replicationStatus",
    "summary", "state", "progress", "region", "hyperVGeneration", "architecture", "orchestrationServices",
    "serviceState", "serviceName", "imageDeprecationStatus", "imageState", "purchasePlan", "etag", "error", "details",
))  # fmt: skip
PROTECTION = frozenset({"protectionPolicy", "protectFromScaleSetActions"})

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Alteration:
    """A change of the answers `first` to `last` (counted from 0) to the requests of one route.

    `how` is a name of JSON_WAYS or BODY_WAYS, or `header` (its name in `key`), `status`, `error` (its shape in `key`, a
    name of ERRORS), `link` (a nextLink) or a name of BODIES, an endless body. The change strikes the place with the
    number `place`, modulo their count; if `key` is given and found, only places under it count. `text` is the new
    value, if one is needed; `{self}` in it stands for the requested address without its page, `{number}` for the number
    of the answer.
    """

    route: str
    how: str
    key: str = ""
    place: int = 0
    text: str = ""
    code: str = ""
    status: int = 200
    first: int = 0
    last: int = 1_000_000

    def applied(self, reply: Reply) -> tuple[Reply, Path | None]:
        """Return the altered answer, and the altered place in its JSON; None if that is not the JSON."""
        if self.how == "header":
            kept = [(name, value) for name, value in reply.headers if name != self.key]
            given = [(self.key, _sendable(self.text))] if self.text else []
            return Reply(reply.status, kept + given, reply.body), None
        if self.how == "status":
            return Reply(self.status, reply.headers, reply.body), None
        if self.how == "error":
            kind = ("content-type", "application/json")
            return Reply(self.status, [kind, *_bookkeeping(reply)], ERRORS[self.key](self.code, self.text)), None
        if self.how in BODIES:
            return Reply(reply.status, [*reply.headers, (MARK, self.how)], reply.body), None
        if self.how in BODY_WAYS:
            return with_body(reply, BODY_WAYS[self.how](reply.body)), None
        return self._with_json_altered(reply)

    def _with_json_altered(self, reply: Reply) -> tuple[Reply, Path | None]:
        try:
            body = json.loads(reply.body)
        except ValueError:
            return reply, None
        if self.how == "link":
            linked = {**body, "nextLink": self.text} if isinstance(body, dict) else body
            return with_body(reply, json.dumps(linked).encode()), ("nextLink",)
        places = [path for path in _places(body) if path]
        wanted = [path for path in places if path[-1] == self.key] or places
        if not wanted:
            return reply, None
        path = wanted[self.place % len(wanted)]
        parent = body
        for step in path[:-1]:
            parent = parent[step]
        JSON_WAYS[self.how](parent, path[-1], self.text)
        return with_body(reply, json.dumps(body).encode()), path


def with_body(reply: Reply, body: bytes) -> Reply:
    """Return the answer with another body and the matching length."""
    headers = [(name, str(len(body)) if name == "content-length" else value) for name, value in reply.headers]
    return Reply(reply.status, headers, body)


def _places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Return the paths of all fields and items, in the order of the document."""
    yield path
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        yield from _places(item, (*path, step))


def _bookkeeping(reply: Reply) -> list[tuple[str, str]]:
    return [(name, value) for name, value in reply.headers if name.startswith("x-ms-") and "request-id" in name]


def _sendable(text: str) -> str:
    """Return the text as a header can carry it."""
    return re.sub(r"[\r\n\x00]", " ", text).encode("latin-1", "replace").decode("latin-1")
