"""Draws the lies of Azure: late, partial and wrong answers, and what others do to the set meanwhile."""

from collections.abc import Callable
from random import Random
from typing import Any

from azure_simulator.scenario.set_description import SetDescription
from harness.scenarios import on_instance, on_request, profile
from sweeps.seeds.case import FOR_GOOD, SIGNALS, Fault

Draw = Callable[[], Fault]

MONITORING = {"publisher": "Contoso", "type": "Monitoring", "typeHandlerVersion": "1.0"}
HEALTH = {
    "publisher": "Microsoft.ManagedServices",
    "type": "ApplicationHealthLinux",
    "typeHandlerVersion": "1.0",
    "autoUpgradeMinorVersion": True,
    "settings": {"protocol": "http", "port": 80, "requestPath": "/health"},
}
SHORT_LAG = 20.0  # seconds; a bake of the default time is longer than old health is shown
CODES = ("OperationPreempted", "InternalExecutionError", "VMExtensionProvisioningError")


def draw_lies(rng: Random, fleet: SetDescription, document: dict[str, Any]) -> list[Fault]:
    """Draw one to three lies that pass: nothing is wrong, and a good image must arrive."""
    lies = Lies(rng, fleet, document)
    kinds = rng.sample(sorted(lies.passing), rng.randint(1, 3))
    return [lies.passing[kind]() for kind in kinds]


class FaultDraw:
    """Draws the parts of which the faults of one scenario consist."""

    share_at = 0.5  # of the events at a second of the run; the others come after one of the first upgrades
    delays: tuple[int, ...] = (0, 1, 20, 90)

    def __init__(self, rng: Random, fleet: SetDescription, document: dict[str, Any]) -> None:
        self._rng = rng
        self._document, self._fleet, self._inputs = document, document["fleet"], document["inputs"]
        self._made = [described for described in fleet.instances if not described.attached]
        self._ids = [described.instance_id for described in self._made]

    def _one(self) -> str:
        return self._rng.choice(self._ids)

    def _some(self) -> list[str]:
        return sorted(self._rng.sample(self._ids, self._rng.randint(1, min(2, len(self._ids)))))

    def _name(self, number: int, id_: str) -> str:
        """Return the id of a new instance."""
        return f"simulated-set_{number:08x}" if self._fleet.get("orchestration") == "Flexible" else id_

    def _when(self) -> dict[str, Any]:
        if self._rng.random() < self.share_at:
            return {"at": round(self._rng.uniform(0, 300), 1)}
        return {"after_upgrade": self._rng.randint(1, 3), "delay": self._rng.choice(self.delays)}

    def _perhaps(self, share: float, **options: list[Any]) -> dict[str, Any]:
        """Draw a value for each of these keys with this probability, and otherwise nothing."""
        is_drawn = self._rng.random() < share
        return {name: self._rng.choice(values) for name, values in options.items()} if is_drawn else {}


class Lies(FaultDraw):
    """Draws the lies of one scenario.

    `passing` ones only cost time. `lasting` ones may end a run, but the image does not cause them. `bad` ones are
    caused by the image.
    """

    share_at = 0.3
    delays = (0, 10, 30, 65, 90)

    def __init__(self, rng: Random, fleet: SetDescription, document: dict[str, Any]) -> None:
        super().__init__(rng, fleet, document)
        self.passing: dict[str, Draw] = {
            "list-lags": lambda: {"kind": "list-lags", "seconds": rng.choice([2, 5, 10])},
            "model-lags": lambda: {"kind": "model-lags", "seconds": rng.choice([3, 20])},
            "missing-once": lambda: self._in_a_list(missing=self._some(), count=rng.choice([1, 1, 2])),
            "viewless-once": lambda: self._in_a_list(without=["properties.instanceView"], of=[self._one()]),
            "operation-lies": self._operation_lies,
            "empty": lambda: self._write(empty=rng.choice(["before", "after"])),
            "preempted-call": lambda: on_request("upgrade", "error", error="preempted", nth=rng.randint(1, 2), count=2),
            "another-operation": lambda: on_request("upgrade", "error", error="another-operation", count=2),
            "api-version-flickers": lambda: {
                **{"kind": "error", "path": "Microsoft.Compute", "error": "no-registered-provider"},
                **{"nth": rng.randint(1, 5), "every": rng.choice([4, 5, 7]), "count": FOR_GOOD},
            },
            "somebody-changes": self._somebody_changes,
        }
        self.lasting: dict[str, Draw] = {
            "scale-out": self._scale_out,
            "scale-in": lambda: {"kind": "scale-in", **self._when()},
        }
        if self._fleet["health"] != "none" and self._inputs.get("health") != "ignore":
            self.passing["health-lags"] = self._health_lags
        if self._fleet["health"] in SIGNALS:
            self.passing["signal-missing-once"] = lambda: self._without_signal(nth=rng.randint(1, 6))
            self.lasting["signal-gone"] = lambda: self._without_signal(count=FOR_GOOD, during=self._when())
        if "virtualMachineProfile" in document.get("model", {}).get("properties", {}):  # that of Spot instances
            self.lasting["evict"] = lambda: on_instance("evict", self._one(), **self._when())
        self.bad: dict[str, Draw] = {"bad-image": self._bad_image}

    def _in_a_list(self, **effect: Any) -> Fault:
        when = {"during": self._when()} if self._rng.random() < 0.7 else {"nth": self._rng.randint(2, 12)}
        return on_request("instances", **effect, **when)

    def _health_lags(self) -> Fault:
        """Draw old health: without its time it is shown for less than the bake time, which every batch has."""
        drawn: Fault = {"kind": "health-lags", "seconds": self._rng.choice([5, SHORT_LAG])}
        return drawn if "bake-time" not in self._inputs and self._rng.random() < 0.5 else {**drawn, "time": True}

    def _without_signal(self, **how_long: Any) -> Fault:
        return on_request("set", without=[SIGNALS[self._fleet["health"]]], **how_long)

    def _write(self, **effect: Any) -> Fault:
        return on_request(self._rng.choice(["upgrade", "upgrade", "patch"]), nth=self._rng.randint(1, 2), **effect)

    def _operation_lies(self) -> Fault:
        """Draw an operation that is cancelled, preempted, failed with healthy instances, or succeeded too early."""
        after = self._rng.choice([2, 5, 20])
        drawn = on_request("upgrade", "operation", nth=self._rng.randint(1, 3), told_after=after)
        if self._rng.random() < 0.3:
            return {**drawn, "count": 9}
        drawn["code"] = self._rng.choice(CODES)
        return {**drawn, "cancelled": True} if self._rng.random() < 0.4 else drawn

    def _somebody_changes(self) -> Fault:
        extensions: list[Fault] = [{"name": "MonitoringAgent", "properties": MONITORING}]
        if self._fleet["health"] == "extension":
            extensions.append({"name": "HealthExtension", "properties": HEALTH})
        changes: list[Fault] = [
            {"patch": {"sku": {"name": "Standard_D4s_v5"}}},
            {"patch": {"sku": {"capacity": 2 + len(self._ids)}}},
            {"patch": {"identity": {"type": "SystemAssigned"}}, "new_model": True},
            {"patch": {"tags": {"owner": "somebody"}}},
            {"patch": profile(extensionProfile={"extensions": extensions})},
        ]
        return {"kind": "model-change", **self._rng.choice(changes), **self._when()}

    def _scale_out(self) -> Fault:
        like = self._rng.choice(self._made)
        drawn: Fault = {"kind": "scale-out", "instance": self._name(0x70, "70"), **self._when()}
        drawn |= {"every": self._rng.choice([60, 180]), "count": self._rng.choice([1, 4, 12])}
        drawn |= {"creating_seconds": self._rng.choice([0, 30, 90]), "healthy_after_seconds": 30}
        if self._rng.random() < 0.3:
            drawn |= {"image": "old", "count": 2}
        if like.update_domain is not None:
            drawn["update_domains"] = [like.update_domain]
        return drawn | ({"zone": like.zone} if like.zone else {})

    def _bad_image(self) -> Fault:
        """Draw an image on which every instance stays unhealthy: at once, after a while, or on and off."""
        drawn: Fault = {"kind": "comes-up-unhealthy", "instance": "*"}
        in_time: list[Fault] = [{}, {"seconds": 10, "relapses_after": 15}, {"flap_seconds": 10}]
        return {**drawn, **({} if "bake-time" in self._inputs else self._rng.choice(in_time))}
