"""Turns a recording into scenarios of the simulator, by what it implies about its world.

A recording covers one or several sets, and images and operations besides. Each set gets its own world; everything
without a set shares one world for each region. The recording implies: the set as its first answers show it, unless its
creation was recorded; its instances as they are first seen; the existing images; the duration and end of each
operation; the additions of a policy of the subscription; and errors that no state of a set explains (a quota, a
timeout). The simulator gets the latter as faults, and they count as injected.
"""

import copy
import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from azure_simulator.scenario.catalog import Catalog
from azure_simulator.scenario.faults import FlagLags
from azure_simulator.scenario.images import PlatformImages
from azure_simulator.scenario.loading import parse_scenario
from azure_simulator.scenario.request_faults import AnswerError, OperationFate
from azure_simulator.scenario.scenario import EarlierOperation, Fault, Scenario, Timing
from azure_simulator.scenario.set_description import UBUNTU, UBUNTU_VERSIONS, SetDescription
from azure_simulator.wire.errors import ERRORS
from azure_simulator.wire.known_error import KnownError
from azure_simulator.wire.merging import merged
from contract import Interaction, Recording
from images_implied import catalog_of
from instances_implied import InstancesImplied
from naming import Address, address_of, group_of, last_word, location_of, operation_of, query_of
from timeline import RecordedOperation, Timeline

Json = dict[str, Any]
_STATES = ("Creating", "Updating", "Succeeded", "Failed", "Deleting")
_READ_ONLY = ("id", "name", "type", "etag")
# Errors that follow from the state of a set: the simulator must produce them by itself.
_BY_ITSELF = {"NotFound", "ResourceNotFound", "PreconditionFailed"}
_ANY_POLL = "/(operations|capsOperations)/"


@dataclass(frozen=True, slots=True)
class Place:
    """The world of a request: that of a set, or the region's common one."""

    address: Address | None
    location: str


@dataclass(slots=True)
class Implied:
    """The worlds of a recording, each with the operations whose start is not simulated."""

    scenarios: dict[Place, Scenario]
    under_way: dict[Place, list[RecordedOperation]]
    injected: set[int]


def place_of(each: Interaction, timeline: Timeline, recording: Recording) -> Place:
    """Return the world of a request: for a poll that of its operation, for a list of sets that of its first set."""
    address = address_of(each.url)
    name = operation_of(each.method, each.url) or ""
    operation = timeline.operation_of(each)
    if name.startswith("operation:") and operation is not None and operation.begun_by is not None:
        address = address_of(operation.begun_by.url) if is_simulated(operation.begun_by) else None
    elif name == "set: list":
        sets = [found for other in recording.interactions if (found := address_of(other.url)) is not None]
        address = next((found for found in sets if group_of(each.url) in ("", found.group)), None)
    return Place(address, "" if address is not None else location_of(each.url))


def is_simulated(begun: Interaction) -> bool:
    """Return True if the simulator itself begins an operation for this request."""
    return operation_of(begun.method, begun.url) is not None or last_word(begun.url) == "setorchestrationservicestate"


def implied_by(recording: Recording, timeline: Timeline) -> Implied:
    """Return everything that the recording implies."""
    implied = Implied({}, {}, set())
    places = {each.position: place_of(each, timeline, recording) for each in recording.interactions}
    catalog = catalog_of(recording)
    for place in dict.fromkeys(places.values()):
        about = [each for each in recording.interactions if places[each.position] == place]
        polls = [each for each in about if (operation_of(each.method, each.url) or "").startswith("operation:")]
        asked = {id(timeline.operation_of(each)) for each in polls}
        under_way = [each for each in timeline.operations if id(each) in asked and _is_under_way(each)]
        seen = _SetSeen(place, about, recording, timeline)
        injected, faults = _injected_errors(about)
        implied.injected |= injected
        implied.under_way[place] = under_way
        began = timeline.moments[0]
        instances = InstancesImplied(about, timeline, began)
        implied.scenarios[place] = Scenario(
            name=recording.name,
            description=recording.name,
            inputs={},
            scale_set=seen.description(instances),
            catalog=seen.catalog(catalog),
            timing=Timing(request_latency=0.0),
            faults=(*faults, *_fates(about, timeline), *(FlagLags(*lag) for lag in instances.lags())),
            rolling_upgrade=_rolling_upgrade(about),
            began=began,
            policy=_policy(about),
            neighbours=tuple(_neighbours(about)),
            under_way=tuple(_under_way(each, began) for each in under_way),
        )
    return implied


# --- the set ---


@dataclass(slots=True)
class _SetSeen:
    """The parts of one set that the answers show."""

    place: Place
    about: list[Interaction]
    recording: Recording
    timeline: Timeline

    def description(self, instances: InstancesImplied) -> SetDescription:
        created = next((each for each in self.about if _creates(each)), None)
        first = next((each for each in self.about if _set_body(each) is not None), None)
        if created is not None and (first is None or first.position >= created.position):
            return SetDescription(self._address(), instances.first(), absent=True)
        if self.place.address is None:
            return SetDescription(self._address(), (), absent=True)
        model = self._from(first) if first is not None else self._unseen(instances)
        return SetDescription(model, instances.first(int(model.get("sku", {}).get("capacity", 0))))

    def _address(self) -> Json:
        """Return the parts of the address that the URLs show."""
        urls = [each.url for each in self.about]
        path = urlsplit(next((url for url in urls if address_of(url) is not None), urls[0])).path
        subscription = re.match(r"/subscriptions/([^/]+)", path, re.IGNORECASE)
        group = re.search(r"/resourceGroups/([^/]+)", path, re.IGNORECASE)
        name = re.search(r"/virtualMachineScaleSets/([^/]+)", path, re.IGNORECASE)
        identity = (
            f"/subscriptions/{subscription[1] if subscription else '-'}/resourceGroups/{group[1] if group else '-'}"
            f"/providers/Microsoft.Compute/virtualMachineScaleSets/{name[1] if name else '-'}"
        )
        return {"id": identity, "name": identity.rsplit("/", 1)[1], "location": self._location(), "properties": {}}

    def _location(self) -> str:
        urls = [url for each in self.about for url in (each.url, str(each.headers.get("azure-asyncoperation", "")))]
        bodies = [body.get("location") for each in self.about if (body := _set_body(each)) is not None]
        return next(iter([*filter(None, map(location_of, urls)), *filter(None, bodies), "westeurope"]))

    def _from(self, first: Interaction) -> Json:
        """Return the set as an answer shows it, without the values that only Azure writes."""
        body = copy.deepcopy(_set_body(first) or {})
        model = {key: value for key, value in body.items() if key not in _READ_ONLY}
        model["properties"].pop("provisioningState", None)
        return {**{key: self._address()[key] for key in ("id", "name")}, **model}

    def catalog(self, catalog: Catalog) -> Catalog:
        """Return the images of the recording, and the image of a set if no answer shows it."""
        usual = PlatformImages(UBUNTU["publisher"], UBUNTU["offer"], UBUNTU["sku"], UBUNTU_VERSIONS)
        return dataclasses.replace(catalog, platform=(*catalog.platform, usual))

    def _unseen(self, instances: InstancesImplied) -> Json:
        """Return a set that no answer shows: made of its instances' parts, or of the usual kind."""
        count = max(instances.count(), _count_shown(self.about))
        # Azure does not count the requests to the instances of a Flexible set.
        flexible = instances.flexible or any(
            each.status == 202 and each.method == "POST" and "x-ms-request-charge" not in each.headers
            for each in self.about
        )
        fleet = f"{{update_domains: [{count}], orchestration: {'Flexible' if flexible else 'Uniform'}, health: none}}"
        model = parse_scenario(f"description: x\nfleet: {fleet}", "unseen", "unseen").scale_set.model
        repaired = any("orchestrationServices" in each.body for each in self.about if isinstance(each.body, dict))
        repairs = {"properties": {"automaticRepairsPolicy": {"enabled": True} if repaired else None}}
        model = merged(model, instances.made_of())
        return merged(merged(model, repairs), {key: self._address()[key] for key in ("id", "name", "location")})


def _count_shown(about: list[Interaction]) -> int:
    """Return the number of instances in the first summary: a view of the set, or a rolling upgrade."""
    for each in about:
        body = each.body if isinstance(each.body, dict) else {}
        if summary := (body.get("virtualMachine") or {}).get("statusesSummary"):
            return sum(int(part["count"]) for part in summary)
        if progress := _properties(body).get("progress"):
            return sum(int(part) for part in progress.values())
    return 0


def _creates(each: Interaction) -> bool:
    return operation_of(each.method, each.url) == "set: PUT" and each.status == 201


def _set_body(each: Interaction) -> Json | None:
    """Return the set's own JSON in an answer, whether it was read alone, listed or written."""
    name = operation_of(each.method, each.url)
    if each.status != 200 or not isinstance(each.body, dict):
        return None
    if name in ("set: get", "set: PUT", "set: PATCH"):
        return each.body
    return None


def _policy(about: list[Interaction]) -> Json:
    """Return the tags of a written set and the extensions of a created one that were not requested.

    A policy of the subscription adds them.
    """
    tags: Json = {}
    policy: Json = {}
    for each in about:
        asked = each.sent_body if isinstance(each.sent_body, dict) else {}
        if operation_of(each.method, each.url) != "set: PUT" or each.status not in (200, 201):
            continue
        if _creates(each) or "tags" in asked:
            sent = asked.get("tags") or {}
            tags |= {key: value for key, value in (each.body.get("tags") or {}).items() if key not in sent}
        known = {part.get("name") for part in _extensions(asked)}
        added = [part for part in _extensions(each.body) if part.get("name") not in known]
        if _creates(each) and added:
            policy["properties"] = {"virtualMachineProfile": {"extensionProfile": {"extensions": added}}}
    return policy | ({"tags": tags} if tags else {})


def _extensions(body: Json) -> list[Json]:
    profile = (body.get("properties") or {}).get("virtualMachineProfile") or {}
    return (profile.get("extensionProfile") or {}).get("extensions") or []


def _neighbours(about: list[Interaction]) -> Iterator[Json]:
    """Return the other sets in a list of all the subscription's."""
    for each in about:
        if operation_of(each.method, each.url) == "set: list" and isinstance(each.body, dict):
            for entry in each.body.get("value", []) if group_of(each.url) == "" else []:
                made_of = {key: value for key, value in entry.items() if key not in _READ_ONLY or key == "id"}
                properties = dict(entry["properties"])
                if properties.get("provisioningState") not in _STATES:
                    properties.pop("provisioningState", None)
                yield {**made_of, "properties": properties}
            return


def _rolling_upgrade(about: list[Interaction]) -> str | None:
    """Return the rolling upgrade from before the recording's first one."""
    for each in about:
        name = operation_of(each.method, each.url)
        if name == "rolling upgrade: start":
            return None
        if name == "rolling upgrade: latest" and each.status == 200:
            return str(each.body["properties"]["runningStatus"]["code"])
    return None


# --- operations ---


def _is_under_way(operation: RecordedOperation) -> bool:
    """Return True if somebody else began it: its start is not recorded, or not simulated."""
    begun = operation.begun_by
    return begun is None or not is_simulated(begun) or address_of(begun.url) is None


def _under_way(operation: RecordedOperation, began: datetime) -> EarlierOperation:
    started = operation.started or began
    return EarlierOperation(
        began=(began - started).total_seconds(),
        seconds=_seconds(operation, started) or 0.0,
        failure=operation.failure,
        collection=urlsplit(operation.url).path.rsplit("/", 2)[-2],
        api_version=query_of(operation.url).get("api-version", ""),
        retry_after=operation.retry_after,
    )


def _seconds(operation: RecordedOperation, since: datetime) -> float | None:
    """Return its duration; if its end is not recorded, a minute longer than it was last seen."""
    seen = None if operation.seen_running is None else (operation.seen_running - since).total_seconds()
    if operation.ended is None and operation.over_by is not None:
        return _between(seen, (operation.over_by - since).total_seconds())
    if operation.ended is None:
        return None if seen is None else seen + 60
    # Some operations claim to have ended when they began, but were seen running for minutes.
    injected = max(0.0, (operation.ended - since).total_seconds())
    return injected if seen is None or seen < injected else seen + 1


def _between(running: float | None, over: float) -> float:
    """Return a moment between the last at which it ran and the first at which it did not."""
    return min(over / 2, 60.0) if running is None else max(min(running + 0.5, over), (running + over) / 2)


def _fates(about: list[Interaction], timeline: Timeline) -> Iterator[OperationFate]:
    """Return the end of each operation that a request of this world begins."""
    seen: dict[tuple[str, str], int] = {}
    for each in about:
        key = (each.method, urlsplit(each.url).path.lower())
        seen[key] = seen.get(key, 0) + 1
        operation = timeline.operation_of(each)
        if operation is None or operation.begun_by is not each:
            continue
        seconds = _seconds(operation, timeline.at(each))
        if _is_cancelled(each, about):
            seconds = None
        elif operation.ended is None and operation.over_by is None:
            seconds = _until_it_shows(operation, about, timeline)
        path = f"{re.escape(urlsplit(each.url).path)}$"
        yield OperationFate(path=path, method=each.method, nth=seen[key], seconds=seconds, failure=operation.failure)


def _is_cancelled(begun: Interaction, about: list[Interaction]) -> bool:
    """Return True for a rolling upgrade that a later cancellation ends: it then runs until that."""
    rolling = ("rolling upgrade: start", "rolling upgrade: cancel")
    names = [(each, operation_of(each.method, each.url)) for each in about if each.status == 202]
    after = [name for each, name in names if each.position >= begun.position and name in rolling]
    return after[:2] == list(rolling)


def _until_it_shows(operation: RecordedOperation, about: list[Interaction], timeline: Timeline) -> float | None:
    """Return the duration of an operation without polls of its end: until the set is first seen without it."""
    begun = operation.begun_by
    assert begun is not None
    since, running = timeline.at(begun), None
    if operation.seen_running is not None:
        running = (operation.seen_running - since).total_seconds()
    for each in about:
        moment = (timeline.at(each) - since).total_seconds()
        if each.position <= begun.position or timeline.operation_of(each) is operation:
            continue
        if _shows_running(each):
            running = max(moment, running or 0.0)
        elif running is None or moment > running:
            return _between(running, moment)
    return None if running is None else running + 60


def _shows_running(each: Interaction) -> bool:
    """Return True if an answer shows the set in an update: by its provisioningState, or by the status of its view."""
    body = each.body if isinstance(each.body, dict) and each.method == "GET" else {}
    state = str((body.get("properties") or {}).get("provisioningState", ""))
    codes = [str(status.get("code", "")).lower() for status in body.get("statuses", [])]
    return state in ("Creating", "Updating", "Deleting") or "provisioningstate/updating" in codes


# --- errors ---


def _injected_errors(about: list[Interaction]) -> tuple[set[int], list[Fault]]:
    """Return the errors that no state explains, as faults, and the positions of their requests."""
    injected: set[int] = set()
    faults: list[Fault] = []
    seen: dict[tuple[str, str], int] = {}
    for each in about:
        name = operation_of(each.method, each.url) or ""
        path = _ANY_POLL if name.startswith("operation:") else f"{re.escape(urlsplit(each.url).path)}$"
        seen[each.method, path.lower()] = seen.get((each.method, path.lower()), 0) + 1
        error = _error_of(each)
        if error is not None and not _comes_by_itself(each, name):
            injected.add(each.position)
            nth = seen[each.method, path.lower()]
            faults.append(AnswerError(path=path, method=each.method, nth=nth, error=error))
    return injected, faults


def _comes_by_itself(each: Interaction, name: str) -> bool:
    code = str(each.body["error"].get("code"))
    mode = ((_properties(each.sent_body).get("upgradePolicy") or {}).get("mode") or "").lower()
    return (
        code in _BY_ITSELF
        or (name == "rolling upgrade: cancel" and code == "OperationNotAllowed")
        or (name == "set: PUT" and code == "BadRequest" and mode == "rolling")
        or not name
    )


def _properties(body: Any) -> Json:
    return (body.get("properties") or {}) if isinstance(body, dict) else {}


def _error_of(each: Interaction) -> KnownError | None:
    """Return the error in an answer.

    If the simulator knows its code, the error has its status and cause; otherwise it is made from the answer.
    """
    if each.status < 400 or not isinstance(each.body, dict) or not isinstance(each.body.get("error"), dict):
        return None
    code, cause = str(each.body["error"].get("code")), str(each.headers.get("x-ms-failure-cause", ""))
    same = [known for known in ERRORS.values() if known.code == code]
    for known in same:
        if (known.status, known.cause) == (each.status, cause):
            return known
    if same:
        return same[0]
    more = {key: value for key, value in each.body["error"].items() if key not in ("code", "message")}
    stage = "gateway" if cause else "counted" if "x-ms-request-charge" in each.headers else "entered"
    return KnownError(each.status, code, str(each.body["error"].get("message")), stage, cause, more=more)
