"""SimulatedSubscription: several scale sets of one subscription behind one address.

Each set has a simulation of its own: its truth, its faults, its durations. They share the endpoints for tokens, the
images, the clock, and by region the throttle's buckets. A request goes to the set that it names: by its name, by its
machine's, by the operation that the set has given out, by its region. One that names none goes to the first set that
comes nearest, and strikes that set's faults: requests for tokens those of the first one.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from azure_simulator.bodies.truth import RequestRecord, as_json
from azure_simulator.clock import Clock
from azure_simulator.scenario.scenario import Scenario
from azure_simulator.shared import shared_by, throttle_of
from azure_simulator.simulator import SimulatedAzure
from azure_simulator.throttle.throttle import Throttle
from azure_simulator.web.web import SimulatedWeb
from azure_simulator.wire.answers import Reply
from azure_simulator.wire.names import plain_region

if TYPE_CHECKING:
    from azure.core.pipeline.transport import RequestsTransport

_PARTS = re.compile(
    r"/(?P<kind>resourceGroups|virtualMachineScaleSets|virtualMachines|locations|operations|capsOperations)"
    r"/(?P<name>[^/]+)",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"'([^']*)'\s*$")
# So far apart are the seeds of two sets, that no set of one run draws what another draws in the next run.
_BETWEEN_SEEDS = 7919


class SimulatedSubscription:
    """Azure Resource Manager with the sets of a scenario that has several; used like SimulatedAzure.

    `sets` has the simulation of each, for the truth about it; `requests` has those of all.
    """

    def __init__(
        self, scenario: Scenario, clock: Clock, *, seed: int = 0, base_url: str = "https://azure.invalid"
    ) -> None:
        self.scenario = scenario
        self._clock = clock
        shared = shared_by(scenario, base_url)
        self._lock = shared.lock
        self.requests: list[RequestRecord] = shared.requests
        throttles: dict[str, Throttle] = {}
        self.sets: list[SimulatedAzure] = []
        for index, each in enumerate(scenario.sets or (scenario,)):
            region = plain_region(str(each.scale_set.model["location"]))
            throttle = throttles.setdefault(region, throttle_of(scenario))
            self.sets.append(
                SimulatedAzure(
                    each,
                    clock,
                    seed=seed + index * _BETWEEN_SEEDS,
                    base_url=base_url,
                    throttle=throttle,
                    shared=shared,
                )
            )

    @property
    def coordinates(self) -> dict[str, str]:
        """Return where everything is; the names are those of the first set."""
        return self.sets[0].coordinates

    @property
    def names(self) -> list[dict[str, str]]:
        """Return the resource group, the name and the region of each set."""
        return [
            {
                "resource_group": each.coordinates["resource_group"],
                "scale_set": each.coordinates["scale_set"],
                "location": each.location,
            }
            for each in self.sets
        ]

    def set_named(self, name: str) -> SimulatedAzure:
        """Return the first set of this name. Raises StopIteration where there is none."""
        return next(each for each in self.sets if each.coordinates["scale_set"].lower() == name.lower())

    def transport(self) -> "RequestsTransport":
        """Return a transport for the SDK's clients and credentials whose requests come here, in process."""
        from azure_simulator.transport import SimulatorTransport

        return SimulatorTransport(self.exchange, self._clock.sleep)

    def web(self) -> "WebOfAll":
        """Return HTTPS to the services that the scenario names: its hooks and probes."""
        return WebOfAll([each.web() for each in self.sets])

    def handle(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one request as SimulatedAzure does."""
        return self.exchange(method, url, headers, body, None)

    def exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes, patience: float | None) -> Reply:
        """Answer one request as SimulatedAzure does."""
        return self._named_by(url).exchange(method, url, headers, body, patience)

    def end_faults(self) -> None:
        """Answer every further request without the scenario's faults."""
        for each in self.sets:
            each.end_faults()

    def state(self) -> dict[str, object]:
        """Return the truth about all sets as JSON, each with its names, and all requests. Azure has no such thing."""
        sets = [{**names, **each.state()} for names, each in zip(self.names, self.sets, strict=True)]
        return {"now": self._clock.now(), "sets": sets, "requests": [as_json(each) for each in list(self.requests)]}

    def _named_by(self, url: str) -> SimulatedAzure:
        """Return the set that an address names, or else the first of those that come nearest to it."""
        parts = urlsplit(url)
        named = {found["kind"].lower(): unquote(found["name"]) for found in _PARTS.finditer(parts.path)}
        query = {name.lower(): value for name, value in parse_qsl(parts.query)}
        quoted = _QUOTED.search(query.get("$filter", ""))
        with self._lock:
            return max(self.sets, key=lambda each: each.nearness(named, quoted[1] if quoted else ""))


class WebOfAll:
    """The web outside Azure. Each address is answered by the first set whose scenario names it."""

    def __init__(self, webs: list[SimulatedWeb]) -> None:
        self._webs = webs

    def ask(self, method: str, address: str, **request: Any) -> Any:
        """Send one request as SimulatedWeb does."""
        web = next((each for each in self._webs if each.knows(address)), self._webs[0])
        return web.ask(method, address, **request)
