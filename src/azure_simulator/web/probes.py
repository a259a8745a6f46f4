"""What a probe from the runner gets: a scripted answer, or that of an instance behind the load balancer."""

import random
from urllib.parse import urlsplit

from azure_simulator.scenario.web.answers import Probe, ScriptedAnswer
from azure_simulator.traffic.balancer import Balancer
from azure_simulator.web.scripts import IsOpen, Script

# The load balancer's probe asks this path, and a drained instance answers it 503. Any other path is the application's.
HEALTH_PATH = "/health"
SERVED = ScriptedAnswer(body=b"ok")
UNAVAILABLE = ScriptedAnswer(status=503, body=b"unavailable")
NO_ANSWER = ScriptedAnswer(fails="silence")


class ProbedService:
    """One address that is probed."""

    def __init__(self, probe: Probe, balancer: Balancer) -> None:
        self._balancer = balancer if probe.balanced else None
        self._asks_for_health = urlsplit(probe.address).path == HEALTH_PATH
        self._script = Script(probe.answers)
        self._draw = random.Random(f"asked:{balancer.scale_set.seed}:{probe.address}")

    def answer(self, now: float, is_open: IsOpen) -> ScriptedAnswer:
        """Answer one request."""
        scripted = self._script.next_answer(is_open)
        if scripted is not None:
            return scripted
        return SERVED if self._balancer is None else self._from_instance(self._balancer, now)

    def _from_instance(self, balancer: Balancer, now: float) -> ScriptedAnswer:
        """Return what the instance answers that gets the connection. An instance without a system is silent."""
        members = balancer.members(now)
        if not members:
            return NO_ANSWER
        instance = self._draw.choice(members).at(now, True)
        if instance.rebuilding or instance.power != "running":
            return NO_ANSWER
        return SERVED if instance.serves and not (self._asks_for_health and instance.drained) else UNAVAILABLE
