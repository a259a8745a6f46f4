"""Replays a recording against the simulator: the recorded requests, at the recorded moments, answer by answer."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from azure_simulator import SimulatedAzure, VirtualClock
from comparing import Answer, Kept, differences
from contract import Interaction, Recording
from naming import Address, address_of, is_location, operation_of, other_name, query_of
from seeding import Implied, Place, implied_by, place_of
from timeline import Timeline, timeline_of

_HOST = "https://management.azure.com"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one recorded request. Without `differences`, our answer matches the recorded one.

    `simulated` is False if the simulator answered with its 501. `injected` is True if it got the recorded error as a
    fault.
    """

    recording: str
    position: int
    operation: str
    promised: bool
    simulated: bool
    injected: bool
    differences: tuple[str, ...]

    @property
    def matched(self) -> bool:
        return self.simulated and not self.differences


@dataclass(slots=True)
class _World:
    """One simulated Azure and its clock, which begins with the recording."""

    azure: SimulatedAzure
    clock: VirtualClock
    token: str = field(default="")

    def answer(self, method: str, url: str, body: bytes) -> Answer:
        headers = {"authorization": f"Bearer {self._signed_in()}", "content-type": "application/json"}
        reply = self.azure.handle(method, url, headers, body)
        return Answer(reply.status, dict(reply.headers), reply.body)

    def _signed_in(self) -> str:
        if not self.token:
            at = self.azure.coordinates
            form = {"client_id": at["client_id"], "client_secret": "-", "grant_type": "client_credentials"}
            form["scope"] = f"{at['resource_manager']}/.default"
            url = f"{at['authority']}/{at['tenant']}/oauth2/v2.0/token"
            reply = self.azure.handle("POST", url, {}, urlencode(form).encode())
            self.token = json.loads(reply.body)["access_token"]
        return self.token


class Replay:
    """One recording on its way through the simulator."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._timeline: Timeline = timeline_of(recording)
        self._implied: Implied = implied_by(recording, self._timeline)
        self._kept = Kept.by(recording)
        self._worlds: dict[Place, _World] = {}
        # Our URL for a recorded operation, and for a recorded further page by its token.
        self._operations: dict[int, str] = {}
        self._pages: dict[str, str] = {}
        # The last etag of each resource: ours, and the recorded one.
        self._etags: dict[str, tuple[str, str]] = {}
        self._capacities: dict[Address | None, int] = {}
        for place, scenario in self._implied.scenarios.items():
            clock = VirtualClock()
            azure = SimulatedAzure(scenario, clock, base_url=_HOST)
            self._worlds[place] = _World(azure, clock)
            for operation, url in zip(self._implied.under_way[place], azure.operations_under_way, strict=True):
                self._operations[id(operation)] = url

    def outcomes(self) -> list[Outcome]:
        """Yield the outcome of each recorded request, in order."""
        return [self.outcome(each) for each in self._recording.interactions]

    def ask(self, each: Interaction) -> Answer:
        """Return our answer to the recorded request, at the recorded moment."""
        world = self._worlds[place_of(each, self._timeline, self._recording)]
        moment = (self._timeline.at(each) - self._timeline.moments[0]).total_seconds()
        world.clock.sleep(moment - world.clock.now())
        return world.answer(each.method, self._url(each), _body(each))

    def outcome(self, each: Interaction) -> Outcome:
        """Return the outcome of the next request; requests must come in order."""
        answer = self.ask(each)
        self._learn(each, answer)
        name = self._name(each)
        found = () if answer.status == 501 else (*differences(answer, each, self._kept), *self._moves(each, answer))
        return Outcome(
            recording=self._recording.name,
            position=each.position,
            operation=name or other_name(each.method, each.url),
            promised=name is not None,
            simulated=answer.status != 501,
            injected=each.position in self._implied.injected,
            differences=found,
        )

    def _moves(self, each: Interaction, answer: Answer) -> Iterator[str]:
        """Report if one etag has changed since the last look at its resource, and the other has not."""
        theirs, ours = each.headers.get("etag"), answer.headers.get("etag")
        if not isinstance(theirs, str) or ours is None:
            return
        resource = urlsplit(each.url).path.lower()
        last = self._etags.get(resource)
        self._etags[resource] = (ours, theirs)
        if last is not None and (ours != last[0]) != (theirs != last[1]):
            words = {True: "moved", False: "as before"}
            yield f"header etag: {words[ours != last[0]]} here, {words[theirs != last[1]]} recorded"

    def _name(self, each: Interaction) -> str | None:
        """Return the promised operation; an update with another capacity than the last seen is a scaling."""
        name = operation_of(each.method, each.url)
        asked, address = _capacity(each.sent_body), address_of(each.url)
        seen = self._capacities.get(address)
        if name in ("set: get", "set: PUT", "set: PATCH") and (shown := _capacity(each.body)) is not None:
            self._capacities[address] = shown
        if name in ("set: PUT", "set: PATCH") and None not in (asked, seen) and asked != seen:
            return "set: scale"
        return name

    def _url(self, each: Interaction) -> str:
        """Return the request's URL here: operations and further pages have our own URLs."""
        parts, operation = urlsplit(each.url), self._timeline.operation_of(each)
        if operation is not None and operation.begun_by is not each:
            ours = self._operations.get(id(operation), each.url)
            return _monitoring(ours) if is_location(each.url) else ours
        token = query_of(each.url).get("$skiptoken")
        if token is not None:
            return self._pages.get(token, each.url)
        return f"{_HOST}{parts.path}" + (f"?{parts.query}" if parts.query else "")

    def _learn(self, each: Interaction, answer: Answer) -> None:
        """Remember our URL for each recorded one."""
        operation = self._timeline.operation_of(each)
        if operation is not None and operation.begun_by is each and "azure-asyncoperation" in answer.headers:
            self._operations[id(operation)] = answer.headers["azure-asyncoperation"]
        theirs = each.body.get("nextLink") if isinstance(each.body, dict) else None
        ours = answer.json().get("nextLink") if theirs and answer.body else None
        if theirs and ours:
            self._pages[query_of(theirs).get("$skiptoken", "")] = ours


def _monitoring(url: str) -> str:
    """Return the Location that belongs to an operation's URL."""
    parts = urlsplit(url)
    first, separator, rest = parts.query.partition("&")
    query = f"{first}&monitor=true{separator}{rest}" if first.startswith("p=") else f"monitor=true&{parts.query}"
    return f"{_HOST}{parts.path}?{query}" if url else url


def _capacity(body: Any) -> int | None:
    sku = body.get("sku") if isinstance(body, dict) else None
    return sku.get("capacity") if isinstance(sku, dict) else None


def _body(each: Interaction) -> bytes:
    sent: Any = each.sent_body
    if sent is None or sent == "":
        return b""
    return sent.encode() if isinstance(sent, str) else json.dumps(sent).encode()


def replay(recording: Recording) -> list[Outcome]:
    """Return the outcome of each request of the recording.

    If a recording cannot be replayed at all (its data are no traffic of Azure), every request differs.
    """
    try:
        return Replay(recording).outcomes()
    except Exception as error:
        why = f"the recording cannot be replayed: {type(error).__name__}: {error}"
        return [_unplayed(recording, each, why) for each in recording.interactions]


def _unplayed(recording: Recording, each: Interaction, why: str) -> Outcome:
    name = operation_of(each.method, each.url)
    shown = name or other_name(each.method, each.url)
    return Outcome(recording.name, each.position, shown, name is not None, True, False, (why,))
