"""SimulatedAzure: all services on one address, their faults, their latency and the truth about the fleet."""

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from azure_simulator.bodies.truth import (
    CommandRecord,
    InstanceState,
    RequestRecord,
    UpgradeRecord,
    as_json,
    command_records,
    instance_states,
    lowest_available,
    upgrade_records,
)
from azure_simulator.clock import Clock
from azure_simulator.routes.arm import ArmRoutes
from azure_simulator.routes.identity import IdentityRoutes
from azure_simulator.routes.service import Service, faulty_reply, parse_request
from azure_simulator.scenario.broken_answers import altered, cut_off, raise_if_dropped
from azure_simulator.scenario.request_faults import RequestFaults, Strike
from azure_simulator.scenario.scenario import Scenario
from azure_simulator.scenario.set_description import CLIENT_ID, TENANT
from azure_simulator.state.events import settle
from azure_simulator.state.guest.drained import drained
from azure_simulator.state.scale_set import SimulatedScaleSet
from azure_simulator.throttle.throttle import Throttle
from azure_simulator.web.web import SimulatedWeb
from azure_simulator.wire.answers import (
    AnswerTookTooLong,
    NotSimulated,
    Refusal,
    Reply,
    json_reply,
    with_common_headers,
)
from azure_simulator.wire.calendar import Calendar

if TYPE_CHECKING:
    from azure.core.pipeline.transport import RequestsTransport

# Where a machine in Azure asks for its own token (documented).
METADATA_SERVICE = "169.254.169.254"


class SimulatedAzure:
    """Azure Resource Manager with one scale set, Entra's token endpoint and GitHub's OIDC endpoint.

    The same scenario, seed and requests give the same answers (except for tokens). Safe to call from several threads.
    """

    def __init__(
        self, scenario: Scenario, clock: Clock, *, seed: int = 0, base_url: str = "https://azure.invalid"
    ) -> None:
        self.scenario = scenario
        self.requests: list[RequestRecord] = []
        self._clock = clock
        self._base_url = base_url.rstrip("/")
        self._lock = threading.Lock()
        self._faults = RequestFaults(scenario.faults)
        self._calendar = Calendar(scenario.began)
        self._set = SimulatedScaleSet(scenario, seed, self._calendar)
        self._identity = IdentityRoutes(
            self._base_url, scenario.audience, scenario.access_token_seconds, self._calendar
        )
        self._service = Service(self._set, Throttle(self._calendar), self._base_url, self._names[1])
        self._arm = ArmRoutes(self._service, self._identity.authorize)
        self._web = SimulatedWeb(scenario, self._set, clock, self._settle_alone)
        self._earlier = [self._set.operations.start_earlier(each) for each in scenario.under_way]

    @property
    def coordinates(self) -> dict[str, str]:
        """Return where everything is, and its names."""
        return {
            "resource_manager": self._base_url,
            "authority": self._base_url,
            "oidc_request_url": self._identity.oidc_url,
            "oidc_request_token": self._identity.request_token,
            "subscription": self._names[1],
            "tenant": TENANT,
            "client_id": CLIENT_ID,
            "resource_group": self._names[3],
            "scale_set": self._set.name,
        }

    @property
    def operations_under_way(self) -> list[str]:
        """Return the URLs to poll the scenario's `under_way` operations by, in their order."""
        return [self._service.operation_url(operation) for operation in self._earlier]

    def transport(self) -> "RequestsTransport":
        """Return a transport for the SDK's clients and credentials whose requests come here, in process."""
        from azure_simulator.transport import SimulatorTransport

        return SimulatorTransport(self.exchange, self._clock.sleep)

    def web(self) -> SimulatedWeb:
        """Return HTTPS to the services that the scenario names: its hooks and probes."""
        return self._web

    # --- requests ---

    def handle(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one request after the scenario's latency. Raises ConnectionDropped if the scenario drops it."""
        return self.exchange(method, url, headers, body, None)

    def exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes, patience: float | None) -> Reply:
        """Answer one request as `handle` does, for a client that waits no longer than `patience` seconds.

        Raises AnswerTookTooLong when the answer did not come in time; the request has been carried out all the same.
        """
        self._clock.sleep(self.scenario.timing.request_latency)
        lowered = {name.lower(): value for name, value in headers.items()}
        with self._lock:
            reply, hang = self._carry_out(method, url, lowered, body)
        if hang:
            self._hang(hang, patience)
        return reply

    def end_faults(self) -> None:
        """Answer every further request without the scenario's faults."""
        self._faults = RequestFaults(())

    def _carry_out(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[Reply, float]:
        """Return the reply, and how long it hangs before it comes. Log the request in every case."""
        now = self._settle()
        parts = urlsplit(url)
        strike = self._faults.strike(
            method, parts.path, parts.query, lambda window: self._set.agenda.is_during(window, now)
        )
        status = 0
        try:
            raise_if_dropped(strike.http, "before")
            reply = self._reply(method, url, headers, body, strike, now)
            reply = with_common_headers(reply, self._calendar.http_date(now), headers)
            raise_if_dropped(strike.http, "after")
            status = reply.status
        finally:
            text = body.decode("utf-8", "replace")
            self.requests.append(RequestRecord(now, method, parts.path, parts.query, status, text))
        hang = strike.http.hang if strike.http is not None else None
        return cut_off(reply, strike.http), hang or 0.0

    def _reply(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, strike: Strike, now: float
    ) -> Reply:
        """Return the answer as a fault lets it come."""
        if strike.http is None:
            return self._true_reply(method, url, headers, body, strike, now)
        if strike.http.is_instead:
            return faulty_reply(strike.http, self._calendar, now)
        return altered(self._true_reply(method, url, headers, body, strike, now), strike.http)

    def _true_reply(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, strike: Strike, now: float
    ) -> Reply:
        """Carry the request out, and return its answer."""
        parts = urlsplit(url)
        try:
            if parts.netloc == METADATA_SERVICE and self.scenario.identities is not None:
                return self._identity.machine_token(parts.query, headers, self.scenario.identities, now)
            if f"{parts.scheme}://{parts.netloc}".lower() != self._base_url.lower():
                raise NotSimulated("no such host")
            if strike.sign_in is not None:
                return self._identity.refuse(strike.sign_in, parts.path, body, now)
            if self._identity.owns(parts.path):
                return self._identity.answer(method, parts.path, parts.query, headers, body, now)
            request = parse_request(method, parts.path, parts.query, headers, body, strike.error, strike.fate)
            return self._arm.answer(request, now)
        except Refusal as refusal:
            return refusal.reply()
        except NotSimulated as why:
            message = f"The simulator has no answer to {method} {url}: {why}."
            return json_reply(501, {"error": {"code": "NotSimulated", "message": message}})

    def _hang(self, seconds: float, patience: float | None) -> None:
        if patience is not None and seconds >= patience:
            self._clock.sleep(patience)
            raise AnswerTookTooLong
        self._clock.sleep(seconds)

    # --- the truth ---

    def instances(self, at: float | None = None) -> list[InstanceState]:
        """Return all instances that exist now, or existed at an earlier moment, in the order of their numbers."""
        with self._lock:
            now = self._settle()
            return instance_states(self._set, now if at is None else at)

    @property
    def upgrades(self) -> list[UpgradeRecord]:
        """Return one record per accepted manualupgrade, oldest first."""
        with self._lock:
            self._settle()
            return upgrade_records(self._set)

    @property
    def repairs_suspended(self) -> bool:
        """Return whether automatic repairs are suspended."""
        with self._lock:
            return self._set.repairs_suspended

    @property
    def commands(self) -> list[CommandRecord]:
        """Return one record per managed command that exists or ever did, of instances that are gone too."""
        with self._lock:
            return command_records(self._set, self._settle())

    @property
    def drained(self) -> list[str]:
        """Return the instances that `drain` has drained and neither `undrain` nor an upgrade has put back."""
        with self._lock:
            return drained(self._set, self._settle())

    def lowest_available(self) -> int:
        """Return the lowest number of available instances at any moment from 0 to now, exactly."""
        with self._lock:
            now = self._settle()
            return lowest_available(self._set.instances.values(), now, self._set.has_signal)

    def state(self) -> dict[str, object]:
        """Return all of the above as JSON, "never" as null, for tests from outside. Azure has no such thing."""
        return {
            "now": self._clock.now(),
            "instances": [as_json(each) for each in self.instances()],
            "upgrades": [as_json(each) for each in self.upgrades],
            "commands": [as_json(each) for each in self.commands],
            "drained": self.drained,
            "lowest_available": self.lowest_available(),
            "repairs_suspended": self.repairs_suspended,
            "requests": [as_json(each) for each in list(self.requests)],
        }

    # --- steps ---

    @property
    def _names(self) -> list[str]:
        """Return the parts of the set's address: the subscription is the second, the group the fourth."""
        return str(self._set.json["id"]).strip("/").split("/")

    def _settle(self) -> float:
        """Let everything happen that the scenario wants to happen until now, and return the moment."""
        now = self._clock.now()
        settle(self._set, now)
        self._identity.revoke(self._set.tokens_revoked_at)
        return now

    def _settle_alone(self) -> float:
        with self._lock:
            return self._settle()
