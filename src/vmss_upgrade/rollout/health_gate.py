"""The health gate: a batch passes when every instance is on the target, current, running and healthy, and stays so.

Theory of operation. A gate opens when Azure's operation has ended, because a Succeeded operation proves nothing
(wire facts, section 5: Succeeded, yet `latestModelApplied` still false). Each look at the instances advances it.
An instance that is not ready yet is waited for until `health_timeout`, because a binary signal says Unhealthy
while the application is still starting; only then is it an instance error. A provisioning failure that was not
there before the batch is an instance error at once. All ready starts the bake; anything unready during the bake
ends it, and the next time all are ready it starts anew, within the same bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from vmss_upgrade.rollout.durations import duration
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.scale_set import (
    Health,
    HealthSignal,
    Instance,
    Power,
    Problem,
    is_on,
)

BATCH_TIMEOUT = "BatchTimeout"  # the code of failures that are only a matter of time


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An instance error: which instance (empty: the batch as a whole), Azure's or our code, and what happened."""

    instance_id: str
    code: str
    message: str
    correlation_id: str = ""


@dataclass(frozen=True, slots=True)
class Pending:
    """Why an instance is not ready yet."""

    instance_id: str
    code: str
    message: str


def not_ready(
    instance: Instance, target: Image, signal: HealthSignal, *, flag_matters: bool, may_be_off: bool = False
) -> Pending | None:
    """The first reason why `instance` cannot pass yet; None when it is ready.

    `flag_matters` False: `latestModelApplied` is not asked for, because the rest of the model changed meanwhile.
    `may_be_off`: the instance was off before, and an upgrade does not start it; off, it need not be healthy.
    """

    def pending(code: str, message: str) -> Pending:
        return Pending(instance.id, code, message)

    if instance.is_busy:
        return pending("StillUpdating", f"provisioning state is still {instance.provisioning_state}")
    if instance.provisioning_state.lower() != "succeeded":
        return pending("NotProvisioned", f"provisioning state is {instance.provisioning_state}")
    if not is_on(instance, target):
        return pending("NotOnTarget", f"still runs {instance.image or 'an image that Azure does not show'}")
    is_off_as_before = may_be_off and instance.is_off
    if instance.power is not Power.RUNNING and not is_off_as_before:
        return pending("NotRunning", f"power state is {instance.power.value}")
    if flag_matters and instance.latest_model_applied is False:
        return pending("NotCurrent", "has the image, but latestModelApplied is still false")
    if signal.proves_health and instance.health is not Health.HEALTHY and not is_off_as_before:
        return pending("NotHealthy", f"health is {instance.health.value} (signal: {signal.value})")
    return None


def is_new_problem(instance: Instance, known: Mapping[str, Problem]) -> bool:
    """Whether the instance shows a failure, with nobody at work on it, that is not among the known ones."""
    return instance.problem is not None and not instance.is_busy and known.get(instance.id) != instance.problem


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthGate:
    """One gate for one batch. Times are seconds of the driver's clock; `advance` returns the gate's next state.

    `repairs_at_work`: automatic repairs delete who is ill, so that an ill one that vanishes is a failure after all.
    `off_before` were stopped before the batch. `known_problems` are the failures shown before it: Azure goes on
    showing an old one for a while (Azure/azure-cli#33307). `vanished` instances are nobody's failure.
    """

    instance_ids: tuple[str, ...]
    target: Image
    signal: HealthSignal
    opened_at: float
    health_timeout: float
    bake_time: float
    known_problems: Mapping[str, Problem] = field(default_factory=dict)
    flag_matters: bool = True
    ready_since: float | None = None
    passed: bool = False
    pending: tuple[Pending, ...] = ()
    failures: tuple[Failure, ...] = ()
    vanished: tuple[str, ...] = ()
    off_before: frozenset[str] = frozenset()
    repairs_at_work: bool = False

    @property
    def is_decided(self) -> bool:
        """Passed or failed: looking again changes nothing."""
        return self.passed or bool(self.failures)

    @property
    def only_the_flag_is_missing(self) -> bool:
        """Everything is ready but `latestModelApplied`, which can lag, or mean that the model changed."""
        return bool(self.pending) and all(p.code == "NotCurrent" for p in self.pending)

    def advance(self, instances: Mapping[str, Instance], now: float) -> HealthGate:
        """The gate after seeing `instances` (by id) at `now`."""
        present = [instances[id_] for id_ in self.instance_ids if id_ in instances]
        vanished = tuple(id_ for id_ in self.instance_ids if id_ not in instances)
        broken = (*filter(None, map(self._new_failure, present)), *self._repaired_away(vanished))
        pending = tuple(filter(None, map(self._not_ready, present)))
        seen = replace(self, pending=pending, vanished=vanished, failures=broken)
        if broken:
            return seen
        if pending:
            return seen._waiting(now)
        return seen._baking(now)

    def out_of_time(self, code: str, message: str) -> HealthGate:
        """The gate failed for every instance that is not ready, because some other bound was reached."""
        failures = tuple(
            Failure(instance_id=p.instance_id, code=code, message=f"{message.rstrip('.')}; {p.message}")
            for p in self.pending
        )
        return replace(self, failures=failures or (Failure(instance_id="", code=code, message=message),))

    def _not_ready(self, instance: Instance) -> Pending | None:
        may_be_off = instance.id in self.off_before
        return not_ready(instance, self.target, self.signal, flag_matters=self.flag_matters, may_be_off=may_be_off)

    def _repaired_away(self, vanished: tuple[str, ...]) -> tuple[Failure, ...]:
        if not self.repairs_at_work:
            return ()
        ill = {pending.instance_id for pending in self.pending if pending.code == "NotHealthy"}
        message = (
            "vanished while it was not healthy on the target image: automatic repairs have most likely replaced it"
        )
        return tuple(
            Failure(instance_id=id_, code="ReplacedWhileIll", message=message) for id_ in vanished if id_ in ill
        )

    def _new_failure(self, instance: Instance) -> Failure | None:
        problem = instance.problem
        if problem is None or not is_new_problem(instance, self.known_problems):
            return None
        return Failure(instance_id=instance.id, code=problem.code, message=problem.message)

    def _waiting(self, now: float) -> HealthGate:
        waiting = replace(self, ready_since=None)
        if now - self.opened_at < self.health_timeout:
            return waiting
        failures = tuple(
            Failure(
                instance_id=p.instance_id,
                code=p.code,
                message=f"{p.message}, {duration(now - self.opened_at)} after Azure's operation ended",
            )
            for p in self.pending
        )
        return replace(waiting, failures=failures)

    def _baking(self, now: float) -> HealthGate:
        ready_since = now if self.ready_since is None else self.ready_since
        return replace(self, ready_since=ready_since, passed=now - ready_since >= self.bake_time)
