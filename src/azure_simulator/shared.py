"""What the scale sets of one simulated subscription share."""

import threading
from dataclasses import dataclass, field

from azure_simulator.bodies.truth import RequestRecord
from azure_simulator.routes.identity import IdentityRoutes
from azure_simulator.routes.service import Service
from azure_simulator.scenario.scenario import Scenario
from azure_simulator.throttle.throttle import Throttle
from azure_simulator.wire.calendar import Calendar


@dataclass(frozen=True, slots=True)
class Shared:
    """What the scale sets of one subscription have in common; `services` has each of them."""

    identity: IdentityRoutes
    services: list[Service] = field(default_factory=list)
    requests: list[RequestRecord] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def shared_by(scenario: Scenario, base_url: str) -> Shared:
    """Return what the sets of a subscription share, before there is a set."""
    seconds, calendar = scenario.access_token_seconds, Calendar(scenario.began)
    return Shared(IdentityRoutes(base_url.rstrip("/"), scenario.audience, seconds, calendar))


def throttle_of(scenario: Scenario) -> Throttle:
    """Return the throttle of a region as the scenario describes it."""
    rules = scenario.throttling
    calendar = Calendar(scenario.began)
    return Throttle(calendar, gateway_refuses=rules.gateway_refuses, retry_after=rules.retry_after)
