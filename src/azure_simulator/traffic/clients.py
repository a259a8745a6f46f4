"""What the clients of the instances see: requests that fail, and connections that are cut.

Each client opens a connection, sends one request at once, and keeps the connection open for a while, as a download or
a web socket does. The request fails if the load balancer has nobody to send it to, or sends it to an instance that
does not answer, or to one that gets more than it can take. The connection is cut if its instance stops serving before
the client closes it: at the beginning of its upgrade, of its deletion, or of a stop, all of which are assumptions.

The traffic of the same scenario, seed and history is the same, whenever it is counted.
"""

import random
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from azure_simulator.scenario.web.traffic import Traffic
from azure_simulator.state.instances import Instance
from azure_simulator.traffic.balancer import Balancer, serves


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenByClients:
    """What the clients saw until a moment. `worst_second`: the one with the most of `most`, failures and cuts.

    `unanswered`: failed requests that an instance got which does not answer; `refused`: which nobody got; `overload`:
    which were too many for their instance.
    """

    requests: int
    unanswered: int
    refused: int
    overload: int
    cut: int
    worst_second: int
    most: int

    @property
    def failed(self) -> int:
        """Number of failed requests."""
        return self.unanswered + self.refused + self.overload

    def __str__(self) -> str:
        """Return it in one sentence."""
        requests = f"{self.failed:,} of {self.requests:,} requests failed"
        cut = f"{self.cut:,} connection{'' if self.cut == 1 else 's'} {'was' if self.cut == 1 else 'were'} cut"
        if not self.most:
            return f"What the clients saw: {requests}, {cut}."
        when = f"{self.worst_second // 60}:{self.worst_second % 60:02}"
        return f"What the clients saw: {requests}, {cut}; the worst second was {when}, with {self.most:,} of them."


def seen_by_clients(traffic: Traffic, balancer: Balancer, until: float) -> SeenByClients:
    """Count what the clients saw from the beginning to `until`."""
    scale_set = balancer.scale_set
    draw = random.Random(f"clients:{scale_set.seed}")
    stops = {each.instance_id: _stops(each, until) for each in scale_set.instances.values()}
    causes: Counter[str] = Counter()
    seconds: Counter[int] = Counter()
    for moment, members in _arrivals(traffic, balancer, until):
        chosen, luck, length = draw.random(), draw.random(), draw.uniform(*traffic.connection_seconds)
        happened, when = "refused", moment
        if members:
            instance, answers = members[int(chosen * len(members))]
            happened = "" if answers else "unanswered"
            if answers and luck >= _share_taken(traffic, len(members)):
                happened = "overload"
            elif answers and (stop := _next(stops[instance.instance_id], moment)) < moment + length:
                happened, when = "cut", stop
        causes["requests"] += 1
        if happened:
            causes[happened] += 1
            seconds[int(when)] += 1
    worst = max(seconds, key=lambda second: (seconds[second], -second), default=0)
    return SeenByClients(
        requests=causes["requests"],
        unanswered=causes["unanswered"],
        refused=causes["refused"],
        overload=causes["overload"],
        cut=causes["cut"],
        worst_second=worst,
        most=seconds[worst],
    )


Members = list[tuple[Instance, bool]]


def _arrivals(traffic: Traffic, balancer: Balancer, until: float) -> Iterator[tuple[float, Members]]:
    """Yield the moment of each new connection, with who may get it and whether that one answers."""
    instances = balancer.scale_set.instances.values()
    changes = sorted({moment for each in instances for moment in _changes(each, balancer, until)})
    members: Members = []
    for number in range(int(until * traffic.connections_per_second)):
        moment = number / traffic.connections_per_second
        due = bisect_right(changes, moment)
        if due:
            members = [(each, serves(each, moment)) for each in balancer.members(moment)]
            changes = changes[due:]
        yield moment, members


def _changes(instance: Instance, balancer: Balancer, until: float) -> Iterator[float]:
    """Yield when an instance may be taken out or in, or start or stop to serve."""
    yield from instance.changes(until)
    before = None
    for moment in balancer.probed(instance, until):
        if (now := balancer.is_in(instance, moment)) != before:
            yield moment
        before = now


def _stops(instance: Instance, until: float) -> list[float]:
    """Return when an instance stopped serving."""
    stops, served = [], False
    for moment in sorted(instance.changes(until)):
        now = serves(instance, moment)
        if served and not now:
            stops.append(moment)
        served = now
    return stops


def _next(moments: list[float], now: float) -> float:
    index = bisect_right(moments, now)
    return moments[index] if index < len(moments) else float("inf")


def _share_taken(traffic: Traffic, members: int) -> float:
    """Return which share of its requests an instance can take, when so many share them."""
    if traffic.capacity_per_instance is None:
        return 1.0
    return traffic.capacity_per_instance * members / traffic.connections_per_second
