"""The plan of a rollback: which image it puts back, which instances return to it, and in what order.

All of it is read from the scale set: there is no state file. Sources: `is_older` for the order among versions; after a
return to an earlier model, instances on it do not count as current (recorded:
uniform_update_and_instance_protection_2024).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from vmss_upgrade.rollout.goal import Goal, is_on
from vmss_upgrade.rollout.image import Image, is_older
from vmss_upgrade.rollout.planning.grouping import grouping_of
from vmss_upgrade.rollout.planning.plan import Batch, RolloutPlan, Skipped, SkipReason
from vmss_upgrade.rollout.planning.planner import batch_limit, batch_sizes, batches_before_stop, reason_to_skip
from vmss_upgrade.rollout.planning.selection import is_selected
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.scale_set import Domain, DomainKind, Instance, ScaleSet, is_healthy
from vmss_upgrade.rollout.wording import in_natural_order


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What a rollback returns: the instances `ids`, and those created since (which are not among `known`).

    It is not known whether the `unknown` ones moved: they are left as they are, and named.
    """

    ids: frozenset[str]
    known: frozenset[str]
    unknown: frozenset[str] = frozenset()

    def includes(self, instance: Instance) -> bool:
        """Return whether the instance moved, or was created since."""
        return instance.id in self.ids or instance.id not in self.known


def image_before(scale_set: ScaleSet, plan: RolloutPlan) -> Image | None:
    """Return the exact image that `plan` leaves; None if nothing moves, or if it cannot be known.

    It is the image of most of the moving instances. If they show none (a VHD), it is the model's, provided that all of
    them are current with it.
    """
    previous = plan.leaves
    if previous is None or previous.is_floating or previous.same_as(plan.reaches):
        return None
    moving = [i for i in scale_set.instances if i.id in plan.instance_ids or i.id in plan.untouched]
    is_shown = any(i.image is not None and i.image.same_as(previous) for i in scale_set.instances)
    if is_shown or all(instance.latest_model_applied for instance in moving):
        return previous
    return None


def image_of_the_others(scale_set: ScaleSet, policy: Policy) -> Image | None:
    """Return the image of the instances that have not moved in a set left half-way; None if it cannot be known.

    It is the older image that most of the others run, which a rollout would have moved. If instances are on the model's
    image but not on the model, the model was put back: a rollback was left half-way, and what the others run must be
    newer.
    """
    model_image = scale_set.model.image
    goal = Goal(image=model_image, in_model=True)
    due = [i for i in scale_set.instances if reason_to_skip(i, goal, policy) is None]
    others = _images_besides(due, model_image)
    if not others or model_image.is_floating:
        return None
    was_put_back = any(_is_on_but_behind(instance, model_image) for instance in scale_set.instances)
    if was_put_back:
        return model_image if is_older(model_image, others[0]) else None
    return others[0] if is_older(others[0], model_image) else None


def _is_on_but_behind(instance: Instance, image: Image) -> bool:
    """Return whether the instance runs the image, provisioned, but is not on the model."""
    is_settled = instance.is_provisioned and instance.latest_model_applied is False
    return is_settled and instance.image is not None and instance.image.same_as(image)


def image_that_is_left(scale_set: ScaleSet, back_to: Image) -> Image | None:
    """Return the image that a rollback to `back_to` leaves; None if it cannot be known.

    It is the model's image, or, if that was put back already, the only other one that instances run.
    """
    if not scale_set.model.image.same_as(back_to):
        return scale_set.model.image
    others = _images_besides(scale_set.made, back_to)
    return others[0] if len(others) == 1 else None


def other_images(scale_set: ScaleSet, plan: RolloutPlan, previous: Image) -> dict[str, list[str]]:
    """Return the images besides `previous` that moving instances run, with their ids: they cannot return to those."""
    found: dict[str, list[str]] = {}
    for instance in scale_set.instances:
        if instance.id in plan.instance_ids and instance.image and not instance.image.same_as(previous):
            found.setdefault(str(instance.image), []).append(instance.id)
    return found


def _images_besides(instances: Iterable[Instance], image: Image) -> list[Image]:
    """Return the exact images that instances run, the most common first, without this one and in any case once."""
    shown = [i.image for i in instances if i.image is not None and not i.is_being_deleted]
    others = [each for each in shown if not each.is_floating and not each.same_as(image)]
    counted = Counter(str(other).lower() for other in others)
    first = {str(other).lower(): other for other in reversed(others)}
    return [first[name] for name, _ in counted.most_common()]


def moved_by(before: ScaleSet, now: ScaleSet, goal: Goal, touched: Collection[str], previous: Image) -> Moved:
    """Return what moved to `goal`, by this run (`touched`) or an earlier one: the instances that run it.

    They count as moved even if the model did not hold the target at planning (`before`): a run that was killed during
    its rollback has put the previous image into the model, and left instances on the target. An instance that was
    touched may still show the `previous` image in a list that lags; one that was not touched, and shows it, never
    moved. Ask while the model holds the target: of a VHD only the flag tells, and only then.
    """
    held_it = before.model.image.same_as(goal.image)
    there = {i.id for i in now.made if is_on(i, goal.image)}
    half_way = {i.id for i in now.instances if held_it and i.is_half_way and not is_on(i, previous)}
    known = {instance.id for scale_set in (before, now) for instance in scale_set.instances}
    return Moved(ids=frozenset(there | half_way | set(touched)), known=frozenset(known))


def moved_from(scale_set: ScaleSet, left: Image | None, goal: Goal) -> Moved:
    """Return which instances run the image that is left, or are half-way, and of which it is not known."""
    ids = {i.id for i in scale_set.instances if i.is_half_way and not (i.has_failed and is_on(i, goal.image))}
    if left is not None and not (left.is_vhd and goal.in_model):  # of a VHD the flag means the goal by then
        ids |= {i.id for i in scale_set.instances if _runs(i, left, goal)}
    unknown = {i.id for i in scale_set.made if i.id not in ids and not goal.is_reached_by(i)}
    known = frozenset(instance.id for instance in scale_set.instances)
    return Moved(ids=frozenset(ids), known=known, unknown=frozenset(unknown))


def not_back(scale_set: ScaleSet, previous: Image, policy: Policy, moved: Moved) -> dict[str, SkipReason | None]:
    """Return the selected instances that moved and do not run `previous`, each with why it was left (None: not known).

    The model holds `previous`. An instance that shows no image is not judged.
    """
    goal = Goal(image=previous, in_model=True)

    def runs_another(instance: Instance) -> bool:
        shows_it = instance.image is not None or previous.is_vhd
        stays = not instance.is_being_deleted and not instance.is_surplus
        return shows_it and stays and not is_on(instance, previous)

    there = [i for i in scale_set.instances if moved.includes(i) and is_selected(i, policy.selection)]
    return {i.id: reason_to_skip(i, goal, policy) for i in there if runs_another(i)}


def _runs(instance: Instance, left: Image, goal: Goal) -> bool:
    """Return whether the instance runs the image that is left, or, if that is floating, not the goal."""
    return not goal.is_reached_by(instance) if left.is_floating else is_on(instance, left)


def plan_rollback(
    scale_set: ScaleSet, goal: Goal, policy: Policy, moved: Moved, *, left: Image | None, done: Sequence[Batch] = ()
) -> RolloutPlan:
    """Decide which instances return to `goal`, in what order, in which batches; `left` is the image that they leave.

    Instances that are not healthy come first: returning them takes nothing away. Then comes the newest batch of `done`,
    and so on; then those that an earlier run moved, the last domain first. Stopped ones come next, and at the very end
    those that are being updated, so that one which hangs keeps no other from returning. A batch never mixes these
    groups, nor domains. Every instance appears exactly once: in a batch, in `skipped` with a reason, or in `untouched`
    (not selected, or not known to have moved). Pure: planning again yields what is left.

    Raises PlanRefused if the strategy finds no domains.
    """
    reasons = {i.id: _reason_to_stay(i, goal, policy, moved) for i in scale_set.instances}
    due = [i for i in scale_set.instances if reasons[i.id] is None]
    returning = [i for i in due if is_selected(i, policy.selection) and i.id not in moved.unknown]
    grouping = grouping_of(scale_set, policy.strategy)
    batches = _batches(returning, scale_set, grouping, policy, done)
    taken = {instance.id for instance in returning}
    return RolloutPlan(
        goal=goal,
        leaves=left,
        grouping=grouping,
        batches=batches,
        skipped=tuple(Skipped(id_, reason) for id_, reason in reasons.items() if reason is not None),
        untouched=tuple(instance.id for instance in due if instance.id not in taken),
        stop_after=batches_before_stop(batches, scale_set, policy),
        is_rollback=True,
    )


def _reason_to_stay(instance: Instance, goal: Goal, policy: Policy, moved: Moved) -> SkipReason | None:
    reason = reason_to_skip(instance, goal, policy)
    if reason is SkipReason.ON_TARGET:
        return SkipReason.ON_PREVIOUS
    if reason is None and not moved.includes(instance) and instance.id not in moved.unknown:
        return SkipReason.NOT_MOVED
    return reason


def _batches(
    returning: Sequence[Instance], scale_set: ScaleSet, grouping: DomainKind, policy: Policy, done: Sequence[Batch]
) -> tuple[Batch, ...]:
    limit = batch_limit(scale_set, policy, grouping)
    number_of = {id_: batch.number for batch in done for id_ in batch.instance_ids}
    signal = scale_set.model.health_signal

    def place(instance: Instance) -> Domain:
        return instance.domain(grouping) or Domain(kind=DomainKind.SET)

    def wave(instance: Instance) -> tuple[bool, bool, bool, int]:
        is_stopped = instance.is_stopped and not instance.is_changing
        return (instance.is_changing, is_stopped, is_healthy(instance, signal), -number_of.get(instance.id, 0))

    ordered = sorted(returning, key=lambda instance: in_natural_order(instance.id))
    ordered.sort(key=lambda instance: place(instance).order, reverse=True)
    ordered.sort(key=wave)
    batches: list[Batch] = []
    for (_, domain), members in groupby(ordered, key=lambda instance: (wave(instance), place(instance))):
        ids = [instance.id for instance in members]
        for size in batch_sizes(len(ids), limit, policy):
            batches.append(Batch(len(batches) + 1, domain, tuple(ids[:size])))
            ids = ids[size:]
    return tuple(batches)
