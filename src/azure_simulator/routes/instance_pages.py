"""The pages of the list of instances. A page is put together once as long as it is the same: clients that look at 600
instances again and again are measured against the simulator.
"""

import json
import re
from dataclasses import dataclass
from operator import attrgetter

from azure_simulator.bodies.instances import Detail, InstanceWriter
from azure_simulator.routes.service import Request, Service
from azure_simulator.state.instances import Instance
from azure_simulator.wire.answers import NotSimulated
from azure_simulator.wire.pages import next_link, take_page


@dataclass(frozen=True, slots=True)
class Page:
    """One page, which holds from `since` until before `until` unless the set is written to (`touches`).

    `counted`: the instances that the throttle counts for it. `entries`: the JSON of each. `link`: to the next page.
    """

    touches: int
    since: float
    until: float
    counted: int
    entries: tuple[bytes, ...]
    link: str
    body: bytes


class InstancePages:
    """The pages of one set's instances, by what is asked for."""

    def __init__(self, service: Service, writer: InstanceWriter) -> None:
        self._service = service
        self._set = service.scale_set
        self._writer = writer
        self._pages: dict[tuple[str, str], Page] = {}
        self._members = (-1, 0.0, 0.0)  # touches, and from when until when the list has the same instances

    def page(self, request: Request, detail: Detail, now: float) -> Page:
        """Return the page that a request asks for. Raises Refusal 400 for a token of another set."""
        key = (request.path, request.raw_query)
        page = self._pages.get(key)
        if page is None or page.touches != self._set.touches or not page.since <= now < page.until:
            page = self._pages[key] = self._written(request, detail, now, page)
        return page

    def _written(self, request: Request, detail: Detail, now: float, before: Page | None) -> Page:
        wanted, token = _read_filter(request.query.get("$filter")), request.query.get("$skiptoken")
        then = self._set.agenda.listed_at(now)
        present = [each for each in self._set.present(then) if self._is_wanted(each, wanted, then)]
        instances, following = take_page(present, attrgetter("instance_id"), self._set.unique_id, token)
        # Overprovisioning's extras count for the throttle, and show in no list.
        extras = self._set.counted(now) - len(self._set.present(now)) if token is None else 0
        link = self._next_link(request, following) if following else ""
        written = [self._writer.written(each, then, detail, request.api_version) for each in instances]
        entries, same_until = tuple(each.body for each in written), min((each.until for each in written), default=now)
        until = min(same_until, self._same_members_until(now)) if wanted is None else now
        same = before is not None and (before.entries, before.link) == (entries, link)
        body = before.body if same and before else _body(entries, link)
        entries = before.entries if same and before else entries
        return Page(self._set.touches, now, until, len(instances) + extras, entries, link, body)

    def _same_members_until(self, now: float) -> float:
        """Return until when the list has the same instances, if nothing is decided meanwhile."""
        touches, since, until = self._members
        if touches != self._set.touches or not since <= now < until:
            moments = {moment for each in self._set.instances.values() for moment in (each.created_at, each.deleted_at)}
            until = min((moment for moment in moments if moment > now), default=now)
            self._members = (self._set.touches, now, until)
        return until

    def _is_wanted(self, instance: Instance, current: bool | None, now: float) -> bool:
        return current is None or self._set.was_current(self._set.snapshot(instance, now), now) is current

    def _next_link(self, request: Request, first: str) -> str:
        return next_link(self._service.base_url + request.path, request.raw_query, self._set.unique_id, first)


def _body(entries: tuple[bytes, ...], link: str) -> bytes:
    following = f',"nextLink":{json.dumps(link)}' if link else ""
    return b'{"value":[%b]%b}' % (b",".join(entries), following.encode())


def _read_filter(condition: str | None) -> bool | None:
    """Return which instances a `$filter` asks for: the current ones, the others, or all. No other is recorded."""
    if condition is None:
        return None
    asked = re.fullmatch(r"\s*properties/latestModelApplied\s+eq\s+(true|false)\s*", condition, re.IGNORECASE)
    if asked is None:
        raise NotSimulated(f"a list of instances with $filter={condition}")
    return asked[1].lower() == "true"
