"""HTTPS to the services that a scenario names. Every other host does not exist."""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from azure_simulator.clock import Clock
from azure_simulator.scenario.scenario import Scenario
from azure_simulator.scenario.web.answers import Hooks, ScriptedAnswer
from azure_simulator.traffic.balancer import Balancer
from azure_simulator.web.hooks import HookReceiver
from azure_simulator.web.probes import ProbedService
from azure_simulator.web.scripts import WebAnswer, WebRequest, no_such_host, without_answer


class SimulatedWeb:
    """The web outside Azure. `settle` lets everything happen that is due, and returns the moment."""

    def __init__(self, scenario: Scenario, balancer: Balancer, clock: Clock, settle: Callable[[], float]) -> None:
        self.hooks = HookReceiver(scenario.hooks or Hooks(origin=""))
        self._probed = {probe.address: ProbedService(probe, balancer) for probe in scenario.probes}
        self._agenda = balancer.scale_set.agenda
        self._latency = scenario.timing.request_latency
        self._clock = clock
        self._settle = settle

    def knows(self, address: str) -> bool:
        """Return whether the scenario names the service at this address."""
        parts = urlsplit(address)
        return self.hooks.owns(f"{parts.scheme}://{parts.netloc}") or address in self._probed

    def ask(
        self, method: str, address: str, *, headers: Mapping[str, str], body: bytes, timeout: float, most_bytes: int
    ) -> WebAnswer:
        """Send one request, and return its answer, of which the body is at most `most_bytes` long.

        Follows no redirect. Raises an OSError where no answer comes, after at most `timeout` seconds.
        """
        self._clock.sleep(min(self._latency, timeout))
        lowered = {name.lower(): value for name, value in headers.items()}
        answer = self._answer(WebRequest(method, address, lowered, body))
        left = max(0.0, timeout - self._latency)
        if answer.fails == "silence" or answer.slow >= left:
            self._clock.sleep(left)
            raise TimeoutError(f"timed out after {timeout:g} s")
        self._clock.sleep(answer.slow)
        if failure := without_answer(answer):
            raise failure
        shown = {name.lower(): value for name, value in answer.headers}
        return WebAnswer(answer.status, shown, answer.body[:most_bytes])

    def _answer(self, request: WebRequest) -> ScriptedAnswer:
        now = self._settle()
        parts = urlsplit(request.address)
        if self.hooks.owns(f"{parts.scheme}://{parts.netloc}"):
            return self.hooks.answer(request, now, lambda window: self._agenda.is_during(window, now))
        service = self._probed.get(request.address)
        if service is None:
            raise no_such_host()
        return service.answer(now, lambda window: self._agenda.is_during(window, now))
