"""SimulatedAzure: all services on one address, their faults, their latency and the truth about the fleet."""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from azure_simulator.bodies.truth import RequestRecord
from azure_simulator.clock import Clock
from azure_simulator.observed import Observed
from azure_simulator.routes.arm import ArmRoutes
from azure_simulator.routes.identity import METADATA_SERVICE
from azure_simulator.routes.service import Service, parse_request
from azure_simulator.scenario.broken_answers import altered, cut_off, raise_if_dropped
from azure_simulator.scenario.request_faults import HttpFault, RequestFaults, Strike
from azure_simulator.scenario.scenario import Scenario
from azure_simulator.scenario.set_description import CLIENT_ID, TENANT
from azure_simulator.shared import Shared, shared_by, throttle_of
from azure_simulator.state.companions.graph_index import begin_deleted
from azure_simulator.state.events import settle
from azure_simulator.state.scale_set import SimulatedScaleSet
from azure_simulator.throttle.throttle import Throttle, too_many_requests
from azure_simulator.traffic.balancer import Balancer
from azure_simulator.web.web import SimulatedWeb
from azure_simulator.wire.answers import (
    AnswerTookTooLong,
    NotSimulated,
    Refusal,
    Reply,
    empty_reply,
    html_reply,
    json_reply,
    with_common_headers,
)
from azure_simulator.wire.calendar import Calendar
from azure_simulator.wire.names import plain_region

if TYPE_CHECKING:
    from azure.core.pipeline.transport import RequestsTransport


class SimulatedAzure(Observed):
    """Azure Resource Manager with one scale set, Entra's token endpoint and GitHub's OIDC endpoint.

    The same scenario, seed and requests give the same answers (except for tokens). Safe to call from several threads.
    `throttle` and `shared`: those of a subscription with other sets beside this one.
    """

    def __init__(
        self,
        scenario: Scenario,
        clock: Clock,
        *,
        seed: int = 0,
        base_url: str = "https://azure.invalid",
        throttle: Throttle | None = None,
        shared: Shared | None = None,
    ) -> None:
        shared = shared or shared_by(scenario, base_url)
        self.scenario = scenario
        self.requests: list[RequestRecord] = []
        self._clock = clock
        self._base_url = base_url.rstrip("/")
        self._lock = shared.lock
        self._all_requests = shared.requests
        self._faults = RequestFaults(scenario.faults)
        self._calendar = Calendar(scenario.began)
        self._set = SimulatedScaleSet(scenario, seed, self._calendar)
        begin_deleted(self._set)
        self._identity = shared.identity
        self._service = Service(
            self._set, throttle or throttle_of(scenario), self._base_url, self._names[1], shared.services
        )
        shared.services.append(self._service)
        self._arm = ArmRoutes(self._service, self._identity.authorize)
        self._balancer = Balancer(scenario.balancer, self._set)
        self._web = SimulatedWeb(scenario, self._balancer, clock, self._settle_alone)
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

    def quick_transport(self) -> "RequestsTransport":
        """Return such a transport for a run that is played only to see how it ends."""
        from azure_simulator.transport import QuickTransport

        return QuickTransport(self.exchange, self._clock.sleep)

    def web(self) -> SimulatedWeb:
        """Return HTTPS to the services that the scenario names: its hooks and probes."""
        return self._web

    @property
    def location(self) -> str:
        """Return the set's region."""
        return self._set.location

    def nearness(self, named: Mapping[str, str], filtered: str) -> tuple[bool, bool, bool]:
        """Return how near this set is to what an address names: group; set, machine or operation; kind or region.

        `named` has the names in it by their kinds, which are in lower case; `filtered` is what its `$filter` asks for.
        """
        machine = named.get("virtualmachines") if "virtualmachinescalesets" not in named else None
        mine = [
            named.get("virtualmachinescalesets", "").lower() == self._set.name.lower(),
            machine in self._set.instances,
            named.get("operations", named.get("capsoperations", "")).lower() in self._set.operations.by_name,
            filtered.lower() == str(self._set.json["id"]).lower(),
        ]
        region = plain_region(named.get("locations", filtered))
        group = named.get("resourcegroups", "").lower() == self._names[3].lower()
        alike = self._set.flexible if machine else region == plain_region(self.location)
        return group, any(mine), alike

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
            self._all_requests.append(self.requests[-1])
        hang = strike.http.hang if strike.http is not None else None
        return cut_off(reply, strike.http), hang or 0.0

    def _reply(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, strike: Strike, now: float
    ) -> Reply:
        """Return the answer as a fault lets it come."""
        if strike.http is None:
            return self._true_reply(method, url, headers, body, strike, now)
        if strike.http.is_instead:
            return self._faulty_reply(strike.http, now)
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
            recorded = self.scenario.recorded.get(url[len(self._base_url) :].lower()) if method == "GET" else None
            if recorded is not None:
                return Reply(recorded[0], [("content-type", "application/json; charset=utf-8")], recorded[1])
            request = parse_request(method, parts.path, parts.query, headers, body, strike.error, strike.fate)
            return self._arm.answer(request, now)
        except Refusal as refusal:
            return refusal.reply()
        except NotSimulated as why:
            message = f"The simulator has no answer to {method} {url}: {why}."
            return json_reply(501, {"error": {"code": "NotSimulated", "message": message}})

    def _faulty_reply(self, fault: HttpFault, now: float) -> Reply:
        """Return the answer that a fault asks for. A 429 without a code is a throttle's, with its details."""
        if fault.empty is not None:
            return empty_reply(200)
        headers = [] if fault.retry_after is None else [("retry-after", f"{fault.retry_after:g}")]
        if fault.html:
            return html_reply(fault.status or 200, fault.html)
        if fault.status == 429 and not fault.code:
            bucket = "HighCostGetVMScaleSet30Min"
            return too_many_requests(bucket, self._calendar, now, [], fault.retry_after or 120).reply()
        return Refusal(fault.status or 500, fault.code, fault.message, headers=headers).reply()

    def _hang(self, seconds: float, patience: float | None) -> None:
        if patience is not None and seconds >= patience:
            self._clock.sleep(patience)
            raise AnswerTookTooLong
        self._clock.sleep(seconds)

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
