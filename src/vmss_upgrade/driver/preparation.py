"""Everything before the first write: read, resolve the image, plan, and find what speaks against it, all at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from vmss_upgrade.driver.image_lookup import ImageInquiry
from vmss_upgrade.driver.remote import SECOND_LOOK, SETTLING_PAUSE, PatientApi, Steps
from vmss_upgrade.errors import PlanRefused
from vmss_upgrade.rollout.checks.capacity import awaited_health
from vmss_upgrade.rollout.checks.image import (
    floating_model,
    only_the_image,
)
from vmss_upgrade.rollout.checks.plan import examine_plan
from vmss_upgrade.rollout.checks.preflight import examine_asked_for, examine_feature, examine_model
from vmss_upgrade.rollout.checks.rights import FLEXIBLE_FEATURES
from vmss_upgrade.rollout.checks.rollback import (
    cannot_return,
    examine_moved,
    examine_way_back,
    floating_previous_image,
    misfit_of,
    nothing_to_return_to,
    older_than_left,
    unknown_image_to_return_to,
    unknown_previous_image,
)
from vmss_upgrade.rollout.findings import Finding, Severity
from vmss_upgrade.rollout.goal import Goal
from vmss_upgrade.rollout.image import (
    Image,
    ImageRequest,
    wanted_image,
)
from vmss_upgrade.rollout.model import HealthSignal, Model
from vmss_upgrade.rollout.order import Command, Order, Recorded
from vmss_upgrade.rollout.planning.availability import updating_ids
from vmss_upgrade.rollout.planning.plan import RolloutPlan
from vmss_upgrade.rollout.planning.planner import plan_model_update, plan_rollout
from vmss_upgrade.rollout.planning.rollback import (
    Moved,
    image_before,
    image_of_the_others,
    image_that_is_left,
    moved_from,
    plan_rollback,
)
from vmss_upgrade.rollout.planning.selection import is_selected
from vmss_upgrade.rollout.policy import OnFailure
from vmss_upgrade.rollout.scale_set import Health, ScaleSet
from vmss_upgrade.rollout.wording import listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What was found, and the plan where there can be one. `repairs_on`: automatic repairs are at work now.

    `way_back`: the image to return to, should the rollout fail (None: it stops). `moved`: whom a rollback that was
    asked for by hand returns (None: it is a rollout).
    """

    findings: tuple[Finding, ...]
    plan: RolloutPlan | None
    scale_set: ScaleSet
    repairs_on: bool = False
    way_back: Image | None = None
    moved: Moved | None = None

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
        self._images = ImageInquiry(azure, order.policy, self._findings)
        self._way_back: Image | None = None
        self._moved: Moved | None = None
        self._hanging: frozenset[str] = frozenset()  # being updated at every look, from the first one on

    def prepare(self, model: Model) -> Steps[Prepared]:
        """Read what is needed beyond the model, and judge all of it. Writes nothing."""
        if not model.shows_image:  # one odd answer is not the truth
            model = yield from self._azure.read_model()
        rolling = yield from self._azure.patiently(self._azure.api.is_rolling_upgrade_running)
        self._findings += examine_model(model, rolling_upgrade_running=rolling)
        if not model.shows_image:
            return Prepared(findings=tuple(self._findings), plan=None, scale_set=self._seen(model))
        permissions = yield from self._azure.patiently(self._azure.api.read_permissions)
        suspended = yield from self._are_repairs_suspended(model)
        self._findings += examine_asked_for(model, self._order, permissions, repairs_suspended=suspended)
        yield from self._look_when_nobody_is_busy()
        model = yield from self._with_signal_seen(model)
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
            way_back=self._way_back,
            moved=self._moved,
        )

    def _look_when_nobody_is_busy(self) -> Steps[None]:
        """See all instances, at rest if that can be had within `health_timeout`.

        Those in the making show no domain yet, and those being upgraded, perhaps by an earlier run, are not healthy:
        a plan that was made from them would not be the true one. Who turns up meanwhile is not waited for: a scale set
        that grows steadily would never be at rest.
        """
        until = self._azure.now() + self._order.policy.health_timeout
        yield from self._azure.look()
        awaited = self._busy()
        self._hanging = updating_ids(self._azure.seen)
        while awaited and self._azure.now() < until:
            why = f"instances are being made or updated ({listed(awaited)})"
            yield from self._azure.wait(why, SETTLING_PAUSE, until=until)
            yield from self._azure.look()
            awaited = [id_ for id_ in self._busy() if id_ in awaited]
            self._hanging &= updating_ids(self._azure.seen)

    def _busy(self) -> list[str]:
        """Who is being updated, and who of the selected is being made."""
        selection = self._order.policy.selection
        made = [i for i in self._azure.seen if i.is_busy and not i.is_leaving and not i.is_attached]
        updating = updating_ids(made)
        return [i.id for i in made if i.id in updating or is_selected(i, selection)]

    def _with_signal_seen(self, model: Model) -> Steps[Model]:
        """Read the model and the instances once more where it shows no health signal although instances report it."""
        reporting = any(i.health not in (Health.NO_SIGNAL, Health.NOT_YET) for i in self._azure.seen)
        if model.health_signal is not HealthSignal.NONE or not reporting:
            return model
        why = "instances report their health, but the model shows no health signal, so it is read once more"
        yield from self._azure.wait(why, SECOND_LOOK)
        model = yield from self._azure.read_model()
        yield from self._azure.look()
        return model

    def _are_repairs_suspended(self, model: Model) -> Steps[bool | None]:
        if not model.repairs:
            return None
        return (yield from self._azure.patiently(lambda: self._azure.api.are_repairs_suspended(model)))

    # -- the plan ------------------------------------------------------------------------------------------------

    def _plan(self, model: Model) -> Steps[RolloutPlan | None]:
        """The plan, with all that is found about it; None where its target cannot be told."""
        command = self._order.command
        if command is Command.ROLLBACK:
            return (yield from self._plan_return(self._seen(model)))
        wanted = model.image if command is Command.UPGRADE_INSTANCES else wanted_image(self._order.image, model.image)
        if command is Command.UPGRADE_INSTANCES and wanted.is_floating and not model.is_flexible:
            self._findings.append(floating_model(wanted))
            target: Image | None = wanted  # the flag tells who has reached it, whatever version that is
        else:
            target = yield from self._images.resolved(wanted, model)
        if target is None:
            return None
        in_model = command is Command.UPGRADE_INSTANCES or model.image.same_as(target)
        if not target.is_floating:
            yield from self._images.check(target, self._seen(model), in_model=in_model)
        if command is Command.UPGRADE_INSTANCES and model.is_flexible:
            self._findings.append(only_the_image())
        goal = Goal(image=target, in_model=in_model, whole_model=command is Command.UPGRADE_INSTANCES)
        if command is Command.UPDATE_MODEL:
            plan = plan_model_update(self._seen(model), goal)
        else:
            plan = yield from self._plan_when_allowed(model, goal)
        is_pinned = wanted.is_floating and command is not Command.UPGRADE_INSTANCES
        plan = replace(plan, pinned=wanted if is_pinned else None)
        self._azure.compare()
        self._findings += examine_plan(self._seen(model), plan, self._order.policy, hanging=self._hanging)
        yield from self._check_features(model, plan)
        if self._order.policy.on_failure is OnFailure.ROLLBACK and (plan.batches or self._order.recorded):
            yield from self._prepare_way_back(self._seen(model), plan)
            plan = replace(plan, leaves=self._way_back or plan.leaves)
        return plan

    def _check_features(self, model: Model, plan: RolloutPlan) -> Steps[None]:
        """The preview features without which Azure refuses to upgrade the image of a Flexible set's instance.

        The second is asked about only where the first is missing: then both are named at once.
        """
        read = self._azure.api.read_feature_state
        for feature in FLEXIBLE_FEATURES if model.is_flexible and plan.batches else ():
            state = yield from self._azure.patiently(partial(read, feature))
            found = examine_feature(model, feature, state)
            self._findings += found
            if not found:
                return

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
            yield from self._azure.wait(why, SETTLING_PAUSE, until=until)
            yield from self._azure.look()

    def _seen(self, model: Model) -> ScaleSet:
        """The scale set by the latest look."""
        return ScaleSet(model=model, instances=self._azure.seen)

    def _plan_return(self, scale_set: ScaleSet) -> Steps[RolloutPlan | None]:
        """The plan of a rollback that was asked for by hand."""
        model, recorded = scale_set.model, self._recorded_of(scale_set, None)
        if recorded is None and self._order.recorded is not None:
            return None
        back_to = self._image_to_return_to(scale_set, recorded)
        if back_to is None:
            return None
        in_model = model.image.same_as(back_to)
        yield from self._images.check(back_to, scale_set, in_model=in_model)
        goal = Goal(image=back_to, in_model=in_model, heals=True)
        left = recorded.target if recorded else image_that_is_left(scale_set, back_to)
        self._findings += older_than_left(left, back_to)
        self._moved = moved_from(scale_set, left, goal)
        plan = plan_rollback(scale_set, goal, self._order.policy, self._moved, left=left)
        self._findings += examine_moved(self._moved, back_to, is_all=not plan.batches)
        self._azure.compare()
        self._findings += examine_plan(self._seen(model), plan, self._order.policy, hanging=self._hanging)
        return plan

    def _image_to_return_to(self, scale_set: ScaleSet, recorded: Recorded | None) -> Image | None:
        """What the inputs name, else the record, else the instances that have not moved; None is a finding."""
        if self._order.image != ImageRequest():
            named: Image | None = wanted_image(self._order.image, scale_set.model.image)
        else:
            named = recorded.previous if recorded else image_of_the_others(scale_set, self._order.policy)
        if named is None:
            self._findings.append(unknown_image_to_return_to(scale_set.model))
        elif named.is_floating:
            self._findings.append(floating_previous_image(named))
            return None
        return named

    def _prepare_way_back(self, scale_set: ScaleSet, plan: RolloutPlan) -> Steps[None]:
        """Fix the image to return to, should the rollout fail, or find that there can be none."""
        recorded = self._recorded_of(scale_set, plan.reaches)
        previous = recorded.previous if recorded else image_before(scale_set, plan)
        if previous is None:
            self._findings.append(nothing_to_return_to(scale_set, plan) or unknown_previous_image())
            return
        facts = yield from self._images.look_up(previous, scale_set.model)
        self._findings += cannot_return(previous, facts, scale_set.model.location)
        self._findings += examine_way_back(scale_set, plan, previous, is_told=recorded is not None)
        self._way_back = previous

    def _recorded_of(self, scale_set: ScaleSet, target: Image | None) -> Recorded | None:
        """What the given record says, where it fits this rollout (of `target`, or back); else that is a finding."""
        recorded = self._order.recorded
        unfit = misfit_of(recorded, scale_set.model, target) if recorded is not None else None
        if unfit is not None:
            self._findings.append(unfit)
            return None
        return recorded
