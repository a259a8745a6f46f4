"""SimulatedAzure: all services on one address, their faults, their latency and the truth about the fleet."""

import dataclasses
import re
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from azure_simulator import faults as f
from azure_simulator.answers import (
    NotSimulated,
    Refusal,
    Reply,
    empty_reply,
    html_reply,
    json_reply,
)
from azure_simulator.arm_request import parse_request
from azure_simulator.arm_routes import ArmRoutes
from azure_simulator.broken_answers import altered, cut_off, raise_if_dropped
from azure_simulator.clock import Calendar, Clock
from azure_simulator.fleet import FOREVER, lowest_available
from azure_simulator.identity_routes import IdentityRoutes
from azure_simulator.operations import Operation
from azure_simulator.scale_set import SimulatedScaleSet
from azure_simulator.scenario import Scenario, UnderWay
from azure_simulator.service import Service
from azure_simulator.set_description import CLIENT_ID, TENANT
from azure_simulator.throttling import Throttle, too_many_requests

if TYPE_CHECKING:
    from azure.core.pipeline.transport import RequestsTransport


# Where a machine of Azure asks for a token of its own (documented).
METADATA_SERVICE = "169.254.169.254"


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request: when it was carried out, as it was sent, and the status it got (0 for no answer)."""

    at: float
    method: str
    path: str
    query: str
    status: int
    body: str


@dataclass(frozen=True, slots=True)
class InstanceState:
    """The truth about one instance. `image_version`: the exact version, or the id or URI of another image.

    `healthy` None: it reports nothing. `upgrades`: the manualupgrades that replaced its OS disk or tried to.
    `available`: running, not being upgraded or failed, and healthy where the set has a signal.
    """

    instance_id: str
    update_domain: int | None
    fault_domain: int | None
    zone: str | None
    placement_group: str
    image_version: str
    latest_model_applied: bool
    provisioning_state: str
    power_state: str
    healthy: bool | None
    upgrades: int
    available: bool


@dataclass(frozen=True, slots=True)
class UpgradeRecord:
    """One accepted manualupgrade. `healthy_at`: the slowest instance is provisioned and healthy; inf for
    never.
    """

    started_at: float
    instance_ids: tuple[str, ...]
    healthy_at: float


class SimulatedAzure:
    """Azure Resource Manager with one scale set, Entra's token endpoint and GitHub's OIDC endpoint.

    The same scenario, seed and requests give the same answers (tokens apart). Safe to call from several
    threads.
    """

    def __init__(
        self, scenario: Scenario, clock: Clock, *, seed: int = 0, base_url: str = "https://azure.invalid"
    ) -> None:
        self.scenario = scenario
        self.requests: list[RequestRecord] = []
        self._clock = clock
        self._base_url = base_url.rstrip("/")
        self._lock = threading.Lock()
        self._seen = dict.fromkeys(range(len(scenario.faults)), 0)
        self._calendar = Calendar(scenario.began)
        self._set = SimulatedScaleSet(scenario, seed, self._calendar)
        self._identity = IdentityRoutes(
            self._base_url, scenario.audience, scenario.access_token_seconds, self._calendar
        )
        subscription = str(self._set.json["id"]).strip("/").split("/")[1]
        self._service = Service(self._set, Throttle(self._calendar), self._base_url, subscription)
        self._arm = ArmRoutes(self._service, self._identity.authorize)
        self._under_way = [self._started_before(each) for each in scenario.under_way]

    @property
    def coordinates(self) -> dict[str, str]:
        """Where everything is and what it is called."""
        parts = str(self._set.json["id"]).strip("/").split("/")
        return {
            "resource_manager": self._base_url,
            "authority": self._base_url,
            "oidc_request_url": self._identity.oidc_url,
            "oidc_request_token": self._identity.request_token,
            "subscription": parts[1],
            "tenant": TENANT,
            "client_id": CLIENT_ID,
            "resource_group": parts[3],
            "scale_set": self._set.name,
        }

    @property
    def operations_under_way(self) -> list[str]:
        """The URLs to poll the scenario's `under_way` operations by, in their order."""
        return [self._service.operation_url(operation) for operation in self._under_way]

    def transport(self) -> "RequestsTransport":
        """A transport for the SDK's clients and credentials whose requests come here, in process."""
        from azure_simulator.transport import SimulatorTransport

        return SimulatorTransport(self.exchange, self._clock.sleep)

    def handle(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one request after the scenario's latency; the clock has moved by it.

        Raises ConnectionDropped where the scenario drops the connection.
        """
        return self.exchange(method, url, headers, body, None)

    def exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes, patience: float | None) -> Reply:
        """`handle` for a client that waits for an answer no longer than `patience` seconds.

        Raises AnswerTookTooLong when it did not come in time; the request has been carried out all the same.
        """
        self._clock.sleep(self.scenario.timing.request_latency)
        with self._lock:
            reply, hang = self._carry_out(method, url, headers, body)
        if hang:
            self._hang(hang, patience)
        return reply

    def instances(self, at: float | None = None) -> list[InstanceState]:
        """All instances that exist now, or existed at an earlier moment, in the order of their numbers."""
        with self._lock:
            now = self._settled()
            then = now if at is None else at
            present = sorted(self._set.present(then), key=lambda each: (len(each.instance_id), each.instance_id))
            states = []
            for instance in present:
                snapshot = instance.at(then, self._set.has_signal)
                states.append(
                    InstanceState(
                        instance_id=instance.instance_id,
                        update_domain=instance.update_domain,
                        fault_domain=instance.fault_domain,
                        zone=instance.zone,
                        placement_group=instance.placement_group,
                        image_version=snapshot.image.exact,
                        latest_model_applied=self._set.was_current(snapshot, then),
                        provisioning_state=snapshot.provisioning,
                        power_state=snapshot.power,
                        healthy=snapshot.healthy,
                        upgrades=sum(u.by_manualupgrade and u.started_at <= then for u in instance.upgrades),
                        available=snapshot.available,
                    )
                )
            return states

    @property
    def upgrades(self) -> list[UpgradeRecord]:
        """One record per accepted manualupgrade, oldest first."""
        with self._lock:
            self._settled()
            return [UpgradeRecord(each.started_at, each.instance_ids, each.healthy_at()) for each in self._set.accepted]

    @property
    def repairs_suspended(self) -> bool:
        """Whether somebody has suspended automatic repairs, and nobody has resumed them."""
        with self._lock:
            return self._set.repairs_suspended

    def lowest_available(self) -> int:
        """The lowest number of available instances at any moment from 0 to now, exactly."""
        with self._lock:
            now = self._settled()
            return lowest_available(list(self._set.instances.values()), now, self._set.has_signal)

    def state(self) -> dict[str, object]:
        """All of the above as JSON, "never" as null, for tests from outside. Azure has no such thing."""
        return {
            "now": self._clock.now(),
            "instances": [dataclasses.asdict(each) for each in self.instances()],
            "upgrades": [_finite(dataclasses.asdict(each)) for each in self.upgrades],
            "lowest_available": self.lowest_available(),
            "repairs_suspended": self.repairs_suspended,
            "requests": [dataclasses.asdict(each) for each in list(self.requests)],
        }

    def _started_before(self, told: UnderWay) -> Operation:
        ends = told.seconds - told.began
        operation = self._set.operations.start(
            -told.began,
            told.api_version,
            lambda: ends,
            error=told.failure,
            retry_after=told.retry_after,
            collection=told.collection,
        )
        self._set.operations.forget_running(operation)
        return operation

    def _settled(self) -> float:
        now = self._clock.now()
        self._set.settle(now)
        self._identity.revoke(self._set.tokens_revoked_at)
        return now

    def _hang(self, seconds: float, patience: float | None) -> None:
        from azure_simulator.transport import AnswerTookTooLong

        if patience is not None and seconds >= patience:
            self._clock.sleep(patience)
            raise AnswerTookTooLong
        self._clock.sleep(seconds)

    def _carry_out(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[Reply, float]:
        """The reply, and how long it hangs before it comes. Logs the request whatever becomes of it."""
        now = self._settled()
        parts = urlsplit(url)
        struck = self._struck(method, parts.path, parts.query, now)
        fault = next((each for each in struck if isinstance(each, f.HttpFault)), None)
        status = 0
        try:
            raise_if_dropped(fault, "before")
            if fault is not None and (fault.status is not None or fault.empty == "before"):
                reply = self._finished(self._faulty_reply(fault, now), headers, now)
            else:
                true = self._reply(method, url, headers, body, struck, now)
                reply = self._finished(altered(true, fault) if fault else true, headers, now)
            raise_if_dropped(fault, "after")
            status = reply.status
        finally:
            text = body.decode("utf-8", "replace")
            self.requests.append(RequestRecord(now, method, parts.path, parts.query, status, text))
        return cut_off(reply, fault), fault.hang or 0.0 if fault is not None else 0.0

    def _reply(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, struck: list[f.RequestFault], now: float
    ) -> Reply:
        parts = urlsplit(url)
        lowered = {name.lower(): value for name, value in headers.items()}
        fate = next((each for each in struck if isinstance(each, f.OperationFate)), None)
        error = next((each.error for each in struck if isinstance(each, f.AnswerError)), None)
        refused = next((each for each in struck if isinstance(each, f.SignInError)), None)
        try:
            if parts.netloc == METADATA_SERVICE and self.scenario.identities is not None:
                return self._identity.machine_token(parts.query, lowered, self.scenario.identities, now)
            if f"{parts.scheme}://{parts.netloc}".lower() != self._base_url.lower():
                raise NotSimulated("no such host")
            if refused is not None:
                return self._identity.refuse(refused, parts.path, body, now)
            if self._identity.owns(parts.path):
                return self._identity.answer(method, parts.path, parts.query, lowered, body, now)
            request = parse_request(method, parts.path, parts.query, lowered, body, error, fate)
            return self._arm.answer(request, now)
        except Refusal as refusal:
            return refusal.reply()
        except NotSimulated as why:
            message = f"The simulator has no answer to {method} {url}: {why}."
            return json_reply(501, {"error": {"code": "NotSimulated", "message": message}})

    def _struck(self, method: str, path: str, query: str, now: float) -> list[f.RequestFault]:
        """The faults that strike this request, in their order; every fault that it matches counts it."""
        struck = []
        for index, fault in enumerate(self.scenario.faults):
            if not isinstance(fault, f.RequestFault) or not _matches(fault, method, path, query):
                continue
            if not self._set.is_during(fault.during, now):
                continue
            self._seen[index] += 1
            turn, odd = divmod(self._seen[index] - fault.nth, fault.every)
            if 0 <= turn < fault.count and not odd:
                struck.append(fault)
        return struck

    def _faulty_reply(self, fault: f.HttpFault, now: float) -> Reply:
        """The answer that a fault asks for. A 429 without a code of its own is a throttle's, with all that
        belongs to it.
        """
        if fault.empty is not None:
            return empty_reply(200)
        headers = [] if fault.retry_after is None else [("retry-after", f"{fault.retry_after:g}")]
        if fault.html:
            return html_reply(fault.status or 200, fault.html)
        if fault.status == 429 and not fault.code:
            bucket = "HighCostGetVMScaleSet30Min"
            return too_many_requests(bucket, self._calendar, now, [], fault.retry_after or 120).reply()
        return Refusal(fault.status or 500, fault.code, fault.message, headers=headers).reply()

    def _finished(self, reply: Reply, headers: Mapping[str, str], now: float) -> Reply:
        """The headers that every answer has."""
        sent = {name.lower(): value for name, value in headers.items()}
        request_id = str(uuid.uuid4())
        return Reply(
            reply.status,
            [
                ("cache-control", "no-cache"),
                ("content-length", str(len(reply.body))),
                ("date", self._calendar.http_date(now)),
                ("x-ms-request-id", request_id),
                ("x-ms-correlation-request-id", sent.get("x-ms-correlation-request-id", request_id)),
                *reply.headers,
            ],
            reply.body,
        )


def _finite(record: dict[str, object]) -> dict[str, object]:
    return {key: None if value == FOREVER else value for key, value in record.items()}


def _matches(fault: f.RequestFault, method: str, path: str, query: str) -> bool:
    if fault.method is not None and fault.method.upper() != method.upper():
        return False
    if fault.api_version is not None and f"api-version={fault.api_version}" not in query.split("&"):
        return False
    return re.search(fault.path, path, re.IGNORECASE) is not None
