"""Draws the faults of a case, and the actions of others: every kind of fault that a scenario can have."""

from collections.abc import Callable
from random import Random
from typing import Any

from azure_simulator.scenario.set_description import SetDescription
from harness.routes import ROUTES
from harness.scenarios import on_instance, on_request, profile
from sweeps.seeds.drawing_lies import FaultDraw, Lies
from sweeps.seeds.images import family_of

Fault = dict[str, Any]

STATUSES = (429, 429, 429, 408, 500, 500, 502, 503, 504, 503, 400, 401, 403, 404, 409, 409, 412)
KNOWN_ERRORS = ("conflict", "quota", "server-timeout", "gateway-timeout", "retryable", "nothing-to-cancel")
STOP = {"tags": {"vmss-upgrade": "stop"}}
CODES = ("VMExtensionProvisioningError", "VMAgentStatusCommunicationError", "InternalExecutionError")


def draw_faults(rng: Random, fleet: SetDescription, document: dict[str, Any]) -> list[Fault]:
    """Draw one to five faults of any kinds. Half of the cases have lies among them, and some nothing else."""
    draw, lies = _Draw(rng, fleet, document), Lies(rng, fleet, document)
    dishonest = {**lies.passing, **lies.lasting, **lies.bad}
    kinds = rng.choices([draw.kinds, {**draw.kinds, **dishonest}, dishonest], [5, 2, 3])[0]
    names = list(kinds)
    drawn = [kinds[rng.choice(names)]() for _ in range(rng.randint(1, 5))]
    if kinds is dishonest:
        return [*drawn, lies.bad["bad-image"]()] if rng.random() < 0.3 else drawn
    if "on-failure" in document["inputs"] and rng.random() < 0.7:
        return [draw.fail_half_way(), *drawn[1:]]
    return drawn


class _Draw(FaultDraw):
    """Draws the faults of one scenario. A new instance gets the next free number."""

    def __init__(self, rng: Random, fleet: SetDescription, document: dict[str, Any]) -> None:
        super().__init__(rng, fleet, document)
        self._new = 90  # the number of the last new instance
        self.kinds: dict[str, Callable[[], Fault]] = {
            "comes-up-unhealthy": lambda: on_instance(
                "comes-up-unhealthy",
                self._one(),
                **self._perhaps(0.6, seconds=[20, 100, 400]),
                **self._perhaps(0.3, flap_seconds=[5, 20, 60]),
            ),
            "provisioning-failure": self._provisioning_failure,
            "hangs": lambda: on_instance("hangs", self._one()),
            "stays-on-old-image": lambda: on_instance("stays-on-old-image", self._one()),
            "flag-lags": lambda: on_instance("flag-lags", self._one(), seconds=rng.choice([5, 60, 400])),
            "http-status": self._http_status,
            "http-drop": lambda: self._request("http", drop=rng.choice(["before", "after"])),
            "http-hang": lambda: self._request("http", hang=rng.choice([3, 29, 31, 120])),
            "lost-write": self._lost_write,
            "error": lambda: self._request("error", error=rng.choice(KNOWN_ERRORS)),
            "conflict-window": lambda: {"kind": "conflict-window", "seconds": rng.choice([5, 45, 300])},
            "operation": self._operation,
            "vanish": lambda: self._event("vanish"),
            "appear": self._appear,
            "fall-ill": lambda: self._event("fall-ill", **self._perhaps(0.6, seconds=[10, 90])),
            "stop": lambda: self._event("stop", power=rng.choice(["stopped", "deallocated"])),
            "updated-by-somebody": lambda: self._event("updated-by-somebody", seconds=rng.choice([10, 60, 300])),
            "model-change": self._model_change,
        }

    def fail_half_way(self) -> Fault:
        """Draw a fault that makes a rollout fail after it has moved an instance."""
        unhealthy: Fault = on_instance("comes-up-unhealthy", self._one())
        later = on_instance("fall-ill", self._one(), after_upgrade=self._rng.randint(1, 3))
        failure = self._provisioning_failure()
        return self._rng.choice([unhealthy, failure, {**later, "delay": self._rng.choice([0, 20, 90])}])

    def _provisioning_failure(self) -> Fault:
        ending = {"operation": self._rng.choice(["failed", "succeeded"]), "code": "OSProvisioningTimedOut"}
        message = "OS provisioning did not finish in time."
        return {"kind": "provisioning-failure", "instance": self._one(), "message": message, **ending}

    def _request(self, kind: str, **effect: Any) -> Fault:
        route = self._rng.choice([route for route in ROUTES if route not in ("oidc", "openid")])
        most = {"GET": 12, "PATCH": 2, "POST": 4}[ROUTES[route][0]]
        nth, count = self._rng.randint(1, most), self._rng.choice([1, 1, 2, 4])
        return on_request(route, kind, nth=nth, count=count, **effect)

    def _http_status(self) -> Fault:
        status = self._rng.choice(STATUSES)
        effect: dict[str, Any] = {"status": status}
        if status == 429 and self._rng.random() < 0.6:
            effect["retry_after"] = self._rng.choice([1, 20, 120])
        if status not in (429, 408) and self._rng.random() < 0.7:
            effect |= {"code": "Conflict" if status == 409 else "Drawn", "message": "Drawn by the simulation."}
        return self._request("http", **effect)

    def _lost_write(self) -> Fault:
        route = self._rng.choice(["upgrade", "upgrade", "patch"])
        effect: dict[str, Any] = self._rng.choice([{"drop": "after"}, {"drop": "before"}, {"hang": 60}])
        return on_request(route, nth=self._rng.randint(1, 3), **effect)

    def _operation(self) -> Fault:
        drawn = on_request(self._rng.choice(["upgrade", "patch"]), "operation", nth=self._rng.randint(1, 3))
        drawn |= self._perhaps(0.6, seconds=[0, 30, 200, 5000])
        if "seconds" not in drawn or self._rng.random() < 0.5:
            drawn["code"] = self._rng.choice(CODES)
        return drawn

    def _event(self, kind: str, **more: Any) -> Fault:
        return on_instance(kind, self._one(), **self._when(), **more)

    def _appear(self) -> Fault:
        like = self._rng.choice(self._made)
        self._new += 1
        drawn: Fault = {"kind": "appear", "instance": self._name(self._new, str(self._new))}
        drawn |= {"image": self._rng.choice(["old", "new"]), **self._when()}
        if like.update_domain is not None:
            drawn["update_domain"] = like.update_domain
        return drawn | ({"zone": like.zone} if like.zone else {})

    def _model_change(self) -> Fault:
        patches: list[dict[str, Any]] = [
            {"tags": {"changed": "by somebody"}},
            profile(storageProfile={"imageReference": family_of(self._document).in_model(0)}),
            profile(osProfile={"allowExtensionOperations": False}),
            {"properties": {"upgradePolicy": {"mode": "Automatic"}}},
        ]
        drawn = {"kind": "model-change", "patch": self._rng.choice(patches), **self._when()}
        if "tags" in drawn["patch"] and Random(repr(drawn)).random() < 0.5:  # numbers of its own: other cases stay
            drawn["patch"] = STOP
        return drawn
