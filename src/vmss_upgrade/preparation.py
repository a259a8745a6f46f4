"""Everything before the first write: read, resolve the image, plan, and find what speaks against it, all at once."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vmss_upgrade.errors import AzureError, PlanRefused, Trouble
from vmss_upgrade.patient_api import SETTLING_PAUSE, PatientApi, Steps
from vmss_upgrade.rollout.findings import Finding, Severity, note
from vmss_upgrade.rollout.image import Image, ImageFacts, ImageKind, ImageState, Traits, newest_first, wanted_image
from vmss_upgrade.rollout.image_check import (
    examine_image,
    floating_model,
    is_replicating,
    latest_denied,
    latest_missing,
    only_the_image,
)
from vmss_upgrade.rollout.listing import listed
from vmss_upgrade.rollout.order import Command, Order
from vmss_upgrade.rollout.plan_check import awaited_health, examine_plan
from vmss_upgrade.rollout.planner import RolloutPlan, plan_model_update, plan_rollout
from vmss_upgrade.rollout.preflight import examine_asked_for, examine_model
from vmss_upgrade.rollout.scale_set import Goal, Model, ScaleSet

LATEST_TRIED = 5  # of the newest versions, where the first of them are deprecated
REPLICATION_PAUSE = 30.0  # seconds between looks at how far a gallery version is replicated


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What was found, and the plan where there can be one. `repairs_on`: automatic repairs are at work now."""

    findings: tuple[Finding, ...]
    plan: RolloutPlan | None
    scale_set: ScaleSet
    repairs_on: bool = False

    @property
    def refusals(self) -> tuple[Finding, ...]:
        """What forbids the rollout."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.REFUSE)


class Preparation:
    """One order, read and checked against one scale set."""

    def __init__(self, azure: PatientApi, order: Order) -> None:
        self._azure = azure
        self._order = order
        self._findings: list[Finding] = []

    def prepare(self, model: Model) -> Steps[Prepared]:
        """Read what is needed beyond the model, and judge all of it. Writes nothing."""
        rolling = yield from self._azure.patiently(self._azure.api.is_rolling_upgrade_running)
        self._findings += examine_model(model, rolling_upgrade_running=rolling)
        permissions = yield from self._azure.patiently(self._azure.api.read_permissions)
        suspended = yield from self._are_repairs_suspended(model)
        self._findings += examine_asked_for(model, self._order, permissions, repairs_suspended=suspended)
        yield from self._look_when_nobody_is_busy()
        plan = None
        try:
            plan = yield from self._plan(model)
        except PlanRefused as refusal:
            self._findings.append(Finding(Severity.REFUSE, str(refusal), refusal.remedy))
        return Prepared(
            findings=tuple(self._findings),
            plan=plan,
            scale_set=self._seen(model),
            repairs_on=bool(model.repairs) and not suspended,
        )

    def _look_when_nobody_is_busy(self) -> Steps[None]:
        """See all instances, at rest if that can be had within `health_timeout`.

        Those in the making show no domain yet, and those being upgraded, perhaps by an earlier run, are not healthy:
        a plan that was made from them would not be the true one.
        """
        until = self._azure.now() + self._order.policy.health_timeout
        yield from self._azure.look()
        while self._azure.now() < until:
            busy = [instance.id for instance in self._azure.seen if instance.is_busy and not instance.is_leaving]
            if not busy:
                return
            yield from self._azure.wait(f"instances are being made or updated ({listed(busy)})", SETTLING_PAUSE)
            yield from self._azure.look()

    def _are_repairs_suspended(self, model: Model) -> Steps[bool | None]:
        if not model.repairs:
            return None
        return (yield from self._azure.patiently(lambda: self._azure.api.are_repairs_suspended(model)))

    # -- the plan ------------------------------------------------------------------------------------------------

    def _plan(self, model: Model) -> Steps[RolloutPlan | None]:
        """The plan, with all that is found about it; None where its target cannot be told."""
        command = self._order.command
        wanted = model.image if command is Command.UPGRADE_INSTANCES else wanted_image(self._order.image, model.image)
        if command is Command.UPGRADE_INSTANCES and wanted.is_floating and not model.is_flexible:
            self._findings.append(floating_model(wanted))
            target: Image | None = wanted  # the flag tells who has reached it, whatever version that is
        else:
            target = yield from self._resolved(wanted, model)
        if target is None:
            return None
        in_model = command is Command.UPGRADE_INSTANCES or model.image.same_as(target)
        if not target.is_floating:
            yield from self._check(target, self._seen(model), in_model=in_model)
        if command is Command.UPGRADE_INSTANCES and model.is_flexible:
            self._findings.append(only_the_image())
        goal = Goal(image=target, in_model=in_model, whole_model=command is Command.UPGRADE_INSTANCES)
        if command is Command.UPDATE_MODEL:
            plan = plan_model_update(self._seen(model), goal)
        else:
            plan = yield from self._plan_when_allowed(model, goal)
        is_pinned = wanted.is_floating and command is not Command.UPGRADE_INSTANCES
        plan = replace(plan, pinned=wanted if is_pinned else None)
        self._findings += examine_plan(self._seen(model), plan, self._order.policy)
        return plan

    def _plan_when_allowed(self, model: Model, goal: Goal) -> Steps[RolloutPlan]:
        """The plan from a look at which it is allowed, if waiting for instances on the target to become healthy makes
        it so within `health_timeout`: after an earlier run that was killed they may be still coming up.
        """
        policy = self._order.policy
        until = self._azure.now() + policy.health_timeout
        while True:
            plan = plan_rollout(self._seen(model), goal, policy)
            awaited = awaited_health(self._seen(model), plan, policy)
            if not awaited or self._azure.now() >= until:
                return plan
            why = f"instances on the target image are not healthy yet ({listed(awaited)})"
            yield from self._azure.wait(why, SETTLING_PAUSE)
            yield from self._azure.look()

    def _seen(self, model: Model) -> ScaleSet:
        """The scale set by the latest look."""
        return ScaleSet(model=model, instances=self._azure.seen)

    def _resolved(self, wanted: Image, model: Model) -> Steps[Image | None]:
        """The exact image, fixed once for the whole rollout; None where it cannot be known, which is a finding."""
        if not wanted.is_floating:
            return wanted
        list_versions = self._azure.api.list_versions
        try:
            versions = yield from self._azure.patiently(lambda: list_versions(wanted, model.location))
        except AzureError as error:
            if error.trouble is Trouble.DENIED:
                self._findings.append(latest_denied(wanted))
                return None
            if error.trouble is not Trouble.NOT_FOUND:
                raise
            versions = ()
        for name in newest_first(versions)[:LATEST_TRIED]:
            exact = wanted.at_version(name)
            if not (yield from self._is_deprecated(exact, model)):
                self._findings.append(note(f"{wanted} was resolved to {exact}, once for the whole rollout."))
                return exact
        self._findings.append(latest_missing(wanted, model.location))
        return None

    def _is_deprecated(self, image: Image, model: Model) -> Steps[bool]:
        """Of platform images alone: such a version stays in their list, and nothing can be made from it any more."""
        if image.kind is not ImageKind.PLATFORM:
            return False
        facts = yield from self._azure.patiently(lambda: self._azure.api.look_up(image, model.location))
        if facts.deprecated:
            self._findings.append(note(f"{image} is deprecated, so it does not count as the latest."))
        return facts.deprecated

    def _check(self, target: Image, scale_set: ScaleSet, *, in_model: bool) -> Steps[None]:
        """The target against the catalog, and against what the scale set boots."""
        model = scale_set.model
        facts = yield from self._replicated(target, model)
        on_set = Traits()
        if facts.state is ImageState.FOUND:
            on_set = yield from self._boots_now(scale_set)
        self._findings += examine_image(target, facts, on_set, location=model.location, in_model=in_model)

    def _replicated(self, target: Image, model: Model) -> Steps[ImageFacts]:
        """What the catalog says of the target, once it is replicated or `wait-for-replication` has passed."""
        until = self._azure.now() + self._order.policy.replication_wait
        facts = yield from self._azure.patiently(lambda: self._azure.api.look_up(target, model.location))
        while is_replicating(facts) and self._azure.now() < until:
            pause = min(REPLICATION_PAUSE, until - self._azure.now())
            why = f"{target} is being replicated to {model.location}"
            yield from self._azure.wait(why, pause, f"{facts.progress}% done")
            facts = yield from self._azure.patiently(lambda: self._azure.api.look_up(target, model.location))
        return facts

    def _boots_now(self, scale_set: ScaleSet) -> Steps[Traits]:
        """What the set boots: as its model says, as its instances show, and as an image is that they run."""
        model = scale_set.model
        generation = next((i.generation for i in scale_set.instances if i.generation), "")
        known = model.traits.completed(Traits(generation=generation))
        running = next((i.image for i in scale_set.instances if i.image is not None), None)
        if running is None or running.is_floating:
            return known
        facts = yield from self._azure.patiently(lambda: self._azure.api.look_up(running, model.location))
        return known.completed(facts.traits)
