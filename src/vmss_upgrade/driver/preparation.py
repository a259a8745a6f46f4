"""Everything before the first write: read, resolve the image, plan, and find all that speaks against the plan."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vmss_upgrade.driver.hold import look_at_rest, plan_when_allowed, read_signal_again
from vmss_upgrade.driver.image_lookup import examine_target, resolve
from vmss_upgrade.driver.native.preparation import examine_rolling, made_natively
from vmss_upgrade.driver.remote import RemoteScaleSet
from vmss_upgrade.driver.run_clock import Steps
from vmss_upgrade.driver.zero_downtime.surge_checks import find_obstacles, find_surplus
from vmss_upgrade.errors import PlanRefused
from vmss_upgrade.rollout.checks import rollback
from vmss_upgrade.rollout.checks.approval import changes_since_approval
from vmss_upgrade.rollout.checks.image import floating_model, only_the_image
from vmss_upgrade.rollout.checks.plan import examine_plan, no_batch_in_time
from vmss_upgrade.rollout.checks.preflight import examine_asked_for, examine_feature
from vmss_upgrade.rollout.checks.rights import FLEXIBLE_FEATURES
from vmss_upgrade.rollout.findings import Finding, Severity, refuse
from vmss_upgrade.rollout.goal import Goal
from vmss_upgrade.rollout.image import Image, ImageRequest, wanted_image
from vmss_upgrade.rollout.order import Command, Order, Recorded
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
from vmss_upgrade.rollout.policy import OnFailure
from vmss_upgrade.rollout.scale_set import ScaleSet
from vmss_upgrade.rollout.watching.pacing import predicted_duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What was found, and the plan where there can be one. `repairs_on`: automatic repairs are at work now.

    `way_back`: the image to return to, should the rollout fail (None: it stops). `moved`: the instances that a rollback
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
        """Findings that forbid the rollout."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.REFUSE)


class Preparation:
    """One order, read and checked against one scale set, whose model was read already. Writes nothing."""

    def __init__(self, remote: RemoteScaleSet, order: Order) -> None:
        self._remote = remote
        self._order = order
        self._policy = order.policy
        self._findings: list[Finding] = []
        self._way_back: Image | None = None
        self._moved: Moved | None = None
        self._hanging: frozenset[str] = frozenset()  # being updated at every look

    @property
    def _wanted(self) -> Image:
        """The image that was asked for; what the inputs leave open is as in the model."""
        return wanted_image(self._order.image, self._remote.model.image)

    def prepare(self) -> Steps[Prepared]:
        """Read what is needed beyond the model, plan, and judge all of it."""
        remote = self._remote
        if not remote.model.shows_image:  # one odd answer is not the truth
            yield from remote.read_model()
        self._findings += yield from examine_rolling(remote, self._order)
        if not remote.model.shows_image:
            return Prepared(findings=tuple(self._findings), plan=None, scale_set=remote.scale_set)
        permissions = yield from remote.read_permissions()
        has_repairs = bool(remote.model.repairs)
        suspended = (yield from remote.are_repairs_suspended()) if has_repairs else None
        self._hanging = yield from look_at_rest(remote, self._policy)
        yield from read_signal_again(remote)  # the first model may be an odd answer
        self._findings += examine_asked_for(remote.model, self._order, permissions, repairs_suspended=suspended)
        self._findings += find_surplus(remote, self._order)
        plan = None
        try:
            plan = yield from self._plan()
        except PlanRefused as refusal:
            self._findings.append(refuse(str(refusal), refusal.remedy))
        if plan is not None:
            self._findings += changes_since_approval(self._order, remote.model, plan)
            self._examine_time(plan)
        return Prepared(
            findings=tuple(self._findings),
            plan=plan,
            scale_set=remote.scale_set,
            repairs_on=has_repairs and not suspended,
            way_back=self._way_back,
            moved=self._moved,
        )

    def _plan(self) -> Steps[RolloutPlan | None]:
        """Return the plan, with all that is found about it; None where its target is not known."""
        match self._order.command:
            case Command.UPDATE_MODEL:
                return (yield from self._plan_upgrade(model_alone=True))
            case Command.UPGRADE_INSTANCES:
                return (yield from self._plan_upgrade_of_instances())
            case Command.ROLLBACK:
                return (yield from self._plan_rollback())
        return (yield from self._plan_upgrade())  # also where only the plan is asked for

    def _plan_upgrade(self, *, model_alone: bool = False) -> Steps[RolloutPlan | None]:
        """Plan to bring the image that was asked for into the model, and to all instances, or to the `model_alone`."""
        goal = yield from self._goal_of(self._wanted)
        if goal is None:
            return None
        if model_alone:
            plan = plan_model_update(self._remote.scale_set, goal)
        else:
            plan = yield from self._plan_when_allowed(goal)
        return (yield from self._checked(replace(plan, pinned=self._wanted if self._wanted.is_floating else None)))

    def _plan_upgrade_of_instances(self) -> Steps[RolloutPlan | None]:
        """Plan to bring all instances to the model as it is."""
        model = self._remote.model
        if model.image.is_floating and not model.is_flexible:
            self._findings.append(floating_model(model.image))  # whatever version that is, a flag says who has it
            goal: Goal | None = Goal(image=model.image, in_model=True)
        else:
            goal = yield from self._goal_of(model.image, in_model=True)
        if goal is None:
            return None
        if model.is_flexible:
            self._findings.append(only_the_image())
        plan = yield from self._plan_when_allowed(replace(goal, whole_model=True))
        return (yield from self._checked(plan))

    def _plan_rollback(self) -> Steps[RolloutPlan | None]:
        """Plan to return instances to the image that they ran before, asked for by hand."""
        recorded = self._recorded_of(None)
        if recorded is None and self._order.recorded is not None:
            return None
        back_to = self._image_to_return_to(recorded)
        if back_to is None:
            return None
        scale_set = self._remote.scale_set
        in_model = scale_set.model.image.same_as(back_to)
        yield from self._examine_target(back_to, in_model=in_model)
        goal = Goal(image=back_to, in_model=in_model, heals=True)
        left = recorded.target if recorded else image_that_is_left(scale_set, back_to)
        self._findings += rollback.older_than_left(left, back_to, is_recorded=recorded is not None)

        def make_plan(seen: ScaleSet) -> RolloutPlan:
            planned = plan_rollback(seen, goal, self._policy, moved_from(seen, left, goal), left=left)
            return made_natively(planned, seen.model, self._order)

        plan = yield from plan_when_allowed(self._remote, make_plan, self._policy)
        self._moved = moved_from(self._remote.scale_set, left, goal)
        self._findings += rollback.examine_moved(self._moved, back_to, is_all=not plan.instance_ids)
        self._examine(plan)
        return plan

    def _plan_when_allowed(self, goal: Goal) -> Steps[RolloutPlan]:
        def make_plan(seen: ScaleSet) -> RolloutPlan:
            return made_natively(plan_rollout(seen, goal, self._policy), seen.model, self._order)

        return (yield from plan_when_allowed(self._remote, make_plan, self._policy))

    def _goal_of(self, wanted: Image, *, in_model: bool = False) -> Steps[Goal | None]:
        """Return the goal of reaching `wanted`, which may be `in_model` already; None if its version is not known."""
        target, findings = yield from resolve(self._remote, wanted)
        self._findings += findings
        if target is None:
            return None
        in_model = in_model or self._remote.model.image.same_as(target)
        yield from self._examine_target(target, in_model=in_model)
        return Goal(image=target, in_model=in_model)

    def _examine_target(self, target: Image, *, in_model: bool) -> Steps[None]:
        wait = self._policy.replication_wait
        self._findings += yield from examine_target(self._remote, target, in_model=in_model, replication_wait=wait)

    def _checked(self, plan: RolloutPlan) -> Steps[RolloutPlan]:
        """Return the plan of a rollout, examined, with the image to return to where it is to be undone on failure."""
        self._examine(plan)
        self._findings += yield from find_obstacles(self._remote, plan, self._policy)
        yield from self._examine_features(plan)
        if self._policy.on_failure.goes_back and (plan.instance_ids or self._order.recorded):
            yield from self._prepare_way_back(plan)
        return replace(plan, leaves=self._way_back or plan.leaves)

    def _examine(self, plan: RolloutPlan) -> None:
        self._remote.compare()
        self._findings += examine_plan(self._remote.scale_set, plan, self._policy, hanging=self._hanging)

    def _examine_time(self, plan: RolloutPlan) -> None:
        """Look whether a batch can end in time; a plan may be carried out at another time, and a rollback goes on."""
        if self._order.command in (Command.UPGRADE, Command.UPGRADE_INSTANCES):
            takes = predicted_duration((), self._policy, self._remote.model.health_signal)
            late = no_batch_in_time(plan, self._policy, takes, self._remote.clock.elapsed())
            self._findings += [late] if late else []

    def _examine_features(self, plan: RolloutPlan) -> Steps[None]:
        """Look for the preview features without which Azure refuses to upgrade the image of a Flexible set's instance.

        The second is asked about only where the first is missing: then both are named at once.
        """
        model = self._remote.model
        for feature in FLEXIBLE_FEATURES if model.is_flexible and plan.batches else ():
            state = yield from self._remote.read_feature_state(feature)
            found = examine_feature(model, feature, state)
            self._findings += found
            if not found:
                return

    def _prepare_way_back(self, plan: RolloutPlan) -> Steps[None]:
        """Fix the image to return to, should the rollout fail, or find that there can be none."""
        scale_set, asked = self._remote.scale_set, self._policy.on_failure
        recorded = self._recorded_of(plan.reaches)
        previous = recorded.previous if recorded else image_before(scale_set, plan)
        if previous is None:
            unchanged = rollback.nothing_to_return_to(scale_set, plan, asked)
            self._findings.append(unchanged or rollback.unknown_previous_image(asked))
            return
        facts = yield from self._remote.look_up(previous)
        self._findings += rollback.cannot_return(previous, facts, scale_set.model.location, asked)
        if asked is OnFailure.ROLLBACK:
            self._findings += rollback.examine_way_back(scale_set, plan, previous, is_recorded=recorded is not None)
        self._way_back = previous

    def _image_to_return_to(self, recorded: Recorded | None) -> Image | None:
        """Return what the inputs name, else the record, else what the others run; None is a finding."""
        if self._order.image != ImageRequest():
            named: Image | None = self._wanted
        else:
            named = recorded.previous if recorded else image_of_the_others(self._remote.scale_set, self._policy)
        if named is None:
            self._findings.append(rollback.unknown_image_to_return_to(self._remote.scale_set))
        elif named.is_floating:
            self._findings.append(rollback.floating_previous_image(named))
            return None
        return named

    def _recorded_of(self, target: Image | None) -> Recorded | None:
        """Return the given record where it fits this rollout (of `target`, or back); else that is a finding."""
        recorded = self._order.recorded
        unfit = rollback.misfit_of(recorded, self._remote.model, target) if recorded is not None else None
        if unfit is not None:
            self._findings.append(unfit)
            return None
        return recorded
