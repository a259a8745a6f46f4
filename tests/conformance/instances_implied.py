"""Finds the instances of one set as a recording first shows them, and their later events."""

import copy
import dataclasses
import itertools
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from azure_simulator.scenario.captured.scale_set import described_instance
from azure_simulator.scenario.set_description import InstanceDescription, placement_group_id
from contract import Interaction
from naming import operation_of
from timeline import Timeline

Json = dict[str, Any]
_ID = re.compile(r".*/virtualMachines/([^/]+)(?:/[^/]+)?/?", re.IGNORECASE)
_WRITES_MODEL = ("set: PUT", "set: PATCH")
_CHANGES_POWER = ("start", "power off", "deallocate")
_UNSETTLED = ("Creating", "Updating")
# values that an instance shows as its set's model has them
_OF_THE_MODEL = (
    "priority", "evictionPolicy", "billingProfile", "securityProfile", "licenseType", "diagnosticsProfile",
    "scheduledEventsProfile", "additionalCapabilities",
)  # fmt: skip


# values that the usual set shows there, and older instances do not
_LATER_IN_THE_SYSTEM = ("allowExtensionOperations", "requireGuestProvisionSignal")


@dataclasses.dataclass(slots=True)
class _Look:
    """One instance in one answer: its whole JSON, or only its view."""

    each: Interaction
    body: Json


class InstancesImplied:
    """Every instance that the requests and answers about one set name, in the order of their first appearance."""

    def __init__(self, about: list[Interaction], timeline: Timeline, began: datetime) -> None:
        self._about = about
        self._timeline = timeline
        self._began = began
        self._looks: dict[str, list[_Look]] = {}
        self._views: dict[str, list[_Look]] = {}
        self._named: dict[str, None] = {}
        for each in about:
            self._note(each)

    @property
    def flexible(self) -> bool:
        """True if its instances have names as ids."""
        return any(not name.isdigit() for name in self._named)

    def count(self) -> int:
        """Count the named instances; at least one."""
        return max(1, len(self._named))

    def first(self, capacity: int = 0) -> tuple[InstanceDescription, ...]:
        """Return the first state of each instance, with unnamed ones up to the capacity."""
        described = [self._described(name) for name in self._named]
        numbers = (str(number) for number in range(10**6) if str(number) not in self._named)
        while len(described) < capacity and not self.flexible:
            described.append(InstanceDescription(instance_id=next(numbers)))
        return tuple(described)

    def made_of(self) -> Json:
        """Return the set's JSON as far as its first instance shows it."""
        looks = next(iter(self._looks.values()), [])
        if not looks or "osProfile" not in (shown := _properties(looks[0].body)):
            return {}
        kept = {key: value for key, value in shown.items() if key in _OF_THE_MODEL}
        system = {key: value for key, value in shown["osProfile"].items() if key != "computerName"}
        prefix = str(shown["osProfile"].get("computerName", "sim000000"))[:-6]
        storage = copy.deepcopy(shown.get("storageProfile") or {})
        storage.get("imageReference", {}).pop("exactVersion", None)
        storage.get("osDisk", {}).pop("name", None)
        storage.get("osDisk", {}).get("managedDisk", {}).pop("id", None)
        profile = {
            **kept,
            "osProfile": {
                **dict.fromkeys(_LATER_IN_THE_SYSTEM),
                **system,
                "computerNamePrefix": prefix,
                "linuxConfiguration": system.get("linuxConfiguration"),
            },
            "storageProfile": {"diskControllerType": None, **storage},
            "networkProfile": shown.get("networkProfileConfiguration") or _interfaces(shown),
        }
        if extensions := [_extension(each) for each in looks[0].body.get("resources") or []]:
            profile["extensionProfile"] = {"extensions": extensions}
        top = {key: looks[0].body[key] for key in ("sku", "tags", "identity", "plan") if key in looks[0].body}
        return {**top, "properties": {"virtualMachineProfile": profile}}

    def lags(self) -> Iterator[tuple[str, float, int]]:
        """Return the instances that were not shown as current after an upgrade.

        Each has the least duration of that, and the numbers of the upgrades.
        """
        numbers: dict[str, int] = {}
        for each in self._about:
            if operation_of(each.method, each.url) != "manualupgrade" or each.status != 202:
                continue
            ended = self._end_of(each)
            for name, looks in self._looks.items():
                numbers[name] = numbers.get(name, 0) + (name in _ids(each, name))
                look = next((look for look in looks if look.each.position > each.position), None)
                if look is None or ended is None or self._written_between(each, look.each):
                    continue
                if _properties(look.body).get("latestModelApplied") is False and name in _ids(each, name):
                    yield name, (self._timeline.at(look.each) - ended).total_seconds() + 1, numbers[name]

    # --- steps ---

    def _note(self, each: Interaction) -> None:
        name = operation_of(each.method, each.url) or ""
        match = _ID.fullmatch(unquote(urlsplit(each.url).path))
        body = each.body if each.status == 200 and isinstance(each.body, dict) else {}
        if each.status == 404:
            return
        if name == "instance: view" and match is not None:
            self._named.setdefault(match[1])
            if body:
                self._views.setdefault(match[1], []).append(_Look(each, body))
            return
        for entry in body.get("value", [body]) if name.startswith(("instance", "virtual machines")) else []:
            self._note_whole(each, entry)
        if match is not None and match[1] != "*" and not body:
            self._named.setdefault(match[1])
        sent = each.sent_body if isinstance(each.sent_body, dict) else {}
        for instance_id in sent.get("instanceIds") or []:
            if instance_id != "*":
                self._named.setdefault(instance_id)

    def _note_whole(self, each: Interaction, entry: Json) -> None:
        instance_id = entry.get("instanceId") or entry.get("name")
        if not instance_id:
            return
        self._named.setdefault(str(instance_id))
        if "properties" in entry:
            self._looks.setdefault(str(instance_id), []).append(_Look(each, entry))
            if view := entry["properties"].get("instanceView"):
                self._views.setdefault(str(instance_id), []).append(_Look(each, view))

    def _described(self, name: str) -> InstanceDescription:
        looks, views = self._looks.get(name, []), self._views.get(name, [])
        body = dict(looks[0].body) if looks else {}
        body |= {"instanceId": name, "properties": dict(body.get("properties") or {})}
        if views:
            body["properties"]["instanceView"] = {**views[0].body, "statuses": self._power(views)}
        described = dataclasses.replace(described_instance(body, "recorded"), **_places(views))
        return dataclasses.replace(
            described,
            current=self._was_current(looks),
            updating_seconds=max(self._unsettled(looks, _state), self._unsettled(views, _state_in_view)),
            leaves_first=self._leaves(name),
        )

    def _power(self, views: list[_Look]) -> list[Json]:
        """Return the power state before anybody changed it."""
        first = views[0]
        changed = ("start", "power off", "deallocate")
        before = [each for each in self._about if each.position < first.each.position]
        if any(
            operation_of(each.method, each.url) in changed or each.url.lower().find("eviction") > 0 for each in before
        ):
            return []
        return list(first.body.get("statuses") or [])

    def _was_current(self, looks: list[_Look]) -> bool | None:
        """Return True if it was current at first. A write of the model before the first look made it stale."""
        if not looks:
            return None
        written = any(self._writes_model(each) and each.position < looks[0].each.position for each in self._about)
        return True if written else bool(_properties(looks[0].body).get("latestModelApplied", True))

    def _unsettled(self, looks: list[_Look], state: Callable[[Json], str]) -> float:
        """Return how long it stayed unsettled from the start: until it was first seen otherwise."""
        last = 0.0
        for look in looks:
            if state(look.body) not in _UNSETTLED or look.each.method != "GET":
                break
            last = (self._timeline.at(look.each) - self._began).total_seconds() + 0.5
        return last

    def _leaves(self, name: str) -> bool:
        """Return True if it is in one list and not in the next without a request: the capacity became smaller."""
        lists = [each for each in self._about if operation_of(each.method, each.url) == "instances: list"]
        for first, second in itertools.pairwise(lists):
            between = [each for each in self._about if first.position < each.position < second.position]
            scaled = any(self._writes_model(each) for each in between)
            deleted = any(operation_of(each.method, each.url) == "delete instances" for each in between)
            if scaled and not deleted and name in _names(first) and name not in _names(second):
                return second.kept_of is None
        return False

    def _writes_model(self, each: Interaction) -> bool:
        return operation_of(each.method, each.url) in _WRITES_MODEL and each.status in (200, 201)

    def _written_between(self, first: Interaction, second: Interaction) -> bool:
        return any(
            self._writes_model(each) and first.position < each.position < second.position for each in self._about
        )

    def _end_of(self, begun: Interaction) -> datetime | None:
        operation = self._timeline.operation_of(begun)
        return None if operation is None else operation.ended


def _properties(body: Json) -> Json:
    return body.get("properties") or {}


def _extension(shown: Json) -> Json:
    """Return the model's extension for an instance's extension."""
    properties = {key: value for key, value in _properties(shown).items() if key != "provisioningState"}
    return {"name": shown.get("name"), "properties": properties}


def _interfaces(shown: Json) -> Json:
    """Return the network interfaces by the names in their links."""
    links = (shown.get("networkProfile") or {}).get("networkInterfaces") or []
    names = [str(link.get("id")).rsplit("/", 1)[1] for link in links]
    return {"networkInterfaceConfigurations": [{"name": name} for name in names]}


def _places(views: list[_Look]) -> Json:
    """Return the domains and the placement group.

    If one domain is shown, so is the other, and in every recording they are equal. An answer that shows an instance's
    view shows its placement group, too.
    """
    if not views:
        return {}
    shown = [views[0].body.get(f"platform{kind}Domain") for kind in ("Update", "Fault")]
    numbers = [value for value in shown if type(value) is int]
    update, fault = (value if type(value) is int else next(iter(numbers), None) for value in shown)
    group = views[0].body.get("placementGroupId")
    return {
        "update_domain": update,
        "fault_domain": fault,
        "placement_group": group if isinstance(group, str) else placement_group_id(0),
    }


def _evicts(each: Interaction) -> bool:
    return urlsplit(each.url).path.lower().endswith("/simulateeviction")


def _state(body: Json) -> str:
    return str(_properties(body).get("provisioningState"))


def _state_in_view(view: Json) -> str:
    codes = [str(status.get("code")) for status in view.get("statuses") or []]
    return next((code.partition("/")[2].capitalize() for code in codes if code.startswith("ProvisioningState/")), "")


def _names(listed: Interaction) -> set[str]:
    return {str(entry.get("instanceId")) for entry in listed.body.get("value", [])}


def _ids(each: Interaction, name: str) -> list[str]:
    """Return the instances that a request names; `*` names this one too."""
    ids = (each.sent_body or {}).get("instanceIds") or []
    return [name] if ids == ["*"] else list(ids)
