"""Checks of a rollback, and of the way back of a rollout, before anything is written."""

from __future__ import annotations

from collections.abc import Sequence

from vmss_upgrade.rollout.az_commands import rollback_to
from vmss_upgrade.rollout.findings import Finding, note, refuse, warn
from vmss_upgrade.rollout.goal import is_on
from vmss_upgrade.rollout.image import Image, is_older
from vmss_upgrade.rollout.image_facts import ImageFacts, ImageState
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.order import Recorded
from vmss_upgrade.rollout.planning.plan import RolloutPlan
from vmss_upgrade.rollout.planning.rollback import Moved, other_images
from vmss_upgrade.rollout.policy import OnFailure
from vmss_upgrade.rollout.scale_set import ScaleSet
from vmss_upgrade.rollout.wording import in_natural_order, instances_named, some

_NOT_DONE = {OnFailure.ROLLBACK: "No rollback", OnFailure.RESTORE_MODEL: "The model is not restored"}
_RECORD = "`record`, the JSON record of the run that began the rollout (its `report-path`)"


def unknown_previous_image(asked: OnFailure) -> Finding:
    """Refuse to go back on a failure if nothing tells what to go back to."""
    return refuse(
        f"`on-failure: {asked.value}` needs to know which exact image the instances ran before, and they do not show "
        "it.",
        f"Give {_RECORD}, or use `on-failure: stop`.",
    )


def unknown_image_to_return_to(scale_set: ScaleSet) -> Finding:
    """Refuse `operation: rollback` if nothing tells what to go back to; name the model's image if it may be that."""
    held = scale_set.model.image
    others = [i.image for i in scale_set.made if i.image is not None and not i.image.same_as(held)]
    may_be_it = not held.is_floating and bool(others) and not any(is_older(image, held) for image in others)
    put_back = f"If a run has put the earlier image back into the model, give `image: {held}`. " if may_be_it else ""
    name = "Otherwise name" if may_be_it else "Name"
    return refuse(
        f"Could not find out which image to return to: the model holds {held}, and no instance shows one that is "
        "certainly earlier.",
        f"{put_back}{name} it as `image` (log and summary of the run that began the rollout give it as the previous "
        f"image), or give {_RECORD}.",
    )


def misfit_of(recorded: Recorded, model: Model, target: Image | None) -> Finding | None:
    """Return why a record is of no use here, if it is not. `target`: what this run rolls out; None: it rolls back."""
    if recorded.scale_set_id.lower() != model.id.lower():
        message = f"`record` is of another scale set ({recorded.scale_set_id})."
        return refuse(message, "Give a record of a rollout of this scale set.")
    if recorded.previous.kind is not model.image.kind:
        return refuse(
            f"`record` names a {recorded.previous.kind.value} ({recorded.previous}), but the scale set runs a "
            f"{model.image.kind.value}, and Azure does not let it change.",
            "Give a record of a rollout of this scale set as it is now.",
        )
    fits = (
        recorded.target.same_as(target)
        if target is not None
        else model.image.same_as(recorded.target) or model.image.same_as(recorded.previous)
    )
    if not fits or recorded.previous.same_as(recorded.target):
        return refuse(
            f"`record` is of another rollout, from {recorded.previous} to {recorded.target}.",
            "Give the record of the run that began the rollout which is to be undone, or name the image.",
        )
    return None


def floating_previous_image(image: Image) -> Finding:
    """Refuse to return to whatever is the latest."""
    message = f"A rollback needs an exact version, and {image} names none."
    return refuse(message, "Name the version that the instances ran before.")


def cannot_return(image: Image, facts: ImageFacts, location: str, asked: OnFailure) -> tuple[Finding, ...]:
    """Return why no instance could be made from the previous image any more; empty if nothing is known against it."""
    gone = f"does not exist in {location} any more" if facts.state is ImageState.MISSING else ""
    deprecated = "is deprecated: no instance can be made from it any more" if facts.deprecated else ""
    why = gone or deprecated
    if not why:
        return ()
    message = f"`on-failure: {asked.value}` could not be carried out: the previous image {image} {why}."
    return (refuse(message, "Use `on-failure: stop`."),)


def nothing_to_return_to(scale_set: ScaleSet, plan: RolloutPlan, asked: OnFailure) -> Finding | None:
    """Refuse to go back on a failure of an upgrade that changes only settings of the model, not its image."""
    moving = [instance for instance in scale_set.instances if instance.id in plan.instance_ids]
    if not moving or not all(instance.image and instance.image.same_as(plan.reaches) for instance in moving):
        return None
    return refuse(
        f"`on-failure: {asked.value}` has no image to go back to: what the instances lack is other settings of the "
        "model, and those are not taken back.",
        "Use `on-failure: stop`.",
    )


def examine_way_back(
    scale_set: ScaleSet, plan: RolloutPlan, previous: Image, *, is_recorded: bool
) -> tuple[Finding, ...]:
    """Warn of instances that would not return to what they ran, should the rollout fail. `is_recorded`: by a record."""
    findings = []
    others = other_images(scale_set, plan, previous)
    if others:
        said = "; ".join(f"{image} ({some(ids)})" for image, ids in others.items())
        message = (
            f"A model holds one image: a rollback would bring all that moved to {previous}, also those that run "
            f"another one now: {said}."
        )
        findings.append(warn(message))
    there = [i.id for i in scale_set.instances if not plan.update_model and is_on(i, plan.reaches)]
    if there and not is_recorded and plan.batches:
        message = (
            f"On the target image already, by an earlier run: {some(there)}. A rollback would bring these, too, to "
            f"{previous}, which the others run."
        )
        findings.append(warn(message, f"Where that is not meant, give {_RECORD}, or select instances."))
    return tuple(findings)


def older_than_left(left: Image | None, back_to: Image, *, is_recorded: bool) -> tuple[Finding, ...]:
    """Refuse a rollback to a newer image than the one it leaves, unless a record shows that rollout.

    A workflow whose `operation` is a choice still gives the version of the upgrade: that would roll on what failed.
    """
    if left is None or is_recorded or not is_older(left, back_to):
        return ()
    message = f"{back_to} is newer than {left}, which the instances would leave: that is no way back."
    remedy = (
        "Name the image that they ran before, or leave the image out. To roll out the newer one, use `operation: "
        f"upgrade`; to undo a rollout that went to an older image, give {_RECORD}."
    )
    return (refuse(message, remedy),)


def examine_moved(moved: Moved, goal: Image, *, is_all: bool) -> tuple[Finding, ...]:
    """Report instances of which it is not known whether they moved. `is_all`: no other is known to have moved."""
    if not moved.unknown:
        return ()
    message = (
        "It is not known whether these have moved since the rollout began, so they are left as they are: "
        f"{some(sorted(moved.unknown, key=in_natural_order))}."
    )
    remedy = f"To bring them to {goal} all the same, use `operation: upgrade` with it."
    return (refuse(message, remedy) if is_all else warn(message, remedy),)


def no_image_to_blame(target: Image, asked: OnFailure) -> Finding:
    """Note that a failed rollout does not go back, because the reason does not lie in the image."""
    return note(
        f"{_NOT_DONE[asked]}: no instance was seen bad on {target}, so the image is not what failed.",
        "To go back all the same, use `operation: rollback`.",
    )


def bad_before(ids: Sequence[str], target: Image, way_back: Image | None, asked: OnFailure) -> Finding:
    """Warn that a failed rollout does not go back, because these instances were bad on the target before this run."""
    were = "was" if len(ids) == 1 else "were"
    return warn(
        f"{_NOT_DONE[asked]}: the failure is older than this run. When it began, {instances_named(ids)} {were} not "
        f"healthy on {target} already, and {were} not touched.",
        _back_all_the_same(target, way_back),
    )


def no_rollback(target: Image, way_back: Image | None, asked: OnFailure) -> Finding:
    """Warn that a failed rollout does not go back: this run changed nothing, or nothing tells what to go back to."""
    why = (
        f"every instance ran {target} before this run, so nothing tells what they ran earlier"
        if way_back is None
        else "the failure is older than this run, which had not changed anything yet"
    )
    return warn(f"{_NOT_DONE[asked]}: {why}.", _back_all_the_same(target, way_back))


def _back_all_the_same(target: Image, way_back: Image | None) -> str:
    if way_back is None:
        return f"To go back, use `operation: rollback` with the image, or {_RECORD}."
    return f"To go back all the same, use {rollback_to(way_back, instead_of=target)}."
