"""What speaks against a rollback, or must be known about it, before anything is written."""

from __future__ import annotations

from vmss_upgrade.rollout.findings import Finding, refuse, warn
from vmss_upgrade.rollout.image import Image, ImageFacts, ImageState
from vmss_upgrade.rollout.listing import some
from vmss_upgrade.rollout.order import Recorded
from vmss_upgrade.rollout.planner import RolloutPlan
from vmss_upgrade.rollout.rollback import Moved, other_images
from vmss_upgrade.rollout.scale_set import Model, ScaleSet, in_natural_order

_RECORD = "`record`, the JSON record of the run that began the rollout (its `report-path`)"


def unknown_previous_image() -> Finding:
    """`on-failure: rollback`, and nothing tells what to go back to."""
    return refuse(
        "`on-failure: rollback` needs to know which exact image the instances ran before, and they do not show it.",
        f"Give {_RECORD}, or use `on-failure: stop`.",
    )


def unknown_image_to_return_to(model: Model) -> Finding:
    """`operation: rollback` without a word of what to go back to."""
    return refuse(
        f"Which image to return to cannot be known: the model holds {model.image}, and no instance shows one that is "
        "certain to be the earlier.",
        f"Name it, by `image-version` or `image-id`, or give {_RECORD}.",
    )


def misfit_of(recorded: Recorded, model: Model) -> Finding | None:
    """Why a record is not of use here; None where it is."""
    if recorded.scale_set_id.lower() != model.id.lower():
        return refuse(
            f"`record` is of another scale set ({recorded.scale_set_id}).",
            "Give a record of a rollout of this scale set.",
        )
    if recorded.previous.kind is not model.image.kind:
        return refuse(
            f"`record` tells of a {recorded.previous.kind.value} ({recorded.previous}), but the scale set runs a "
            f"{model.image.kind.value}, and Azure does not let it change.",
            "Give a record of a rollout of this scale set as it is now.",
        )
    return None


def floating_previous_image(image: Image) -> Finding:
    """Never back to whatever is the latest."""
    return refuse(
        f"A rollback needs an exact version, and {image} names none.", "Name the version that the instances ran before."
    )


def cannot_return(image: Image, facts: ImageFacts, location: str) -> tuple[Finding, ...]:
    """Why no instance could be made from the previous image any more; empty where nothing is known against it."""
    gone = f"does not exist in {location} any more" if facts.state is ImageState.MISSING else ""
    deprecated = "is deprecated: no instance can be made from it any more" if facts.deprecated else ""
    why = gone or deprecated
    if not why:
        return ()
    message = f"`on-failure: rollback` could not be carried out: the previous image {image} {why}."
    return (refuse(message, "Use `on-failure: stop`."),)


def examine_way_back(scale_set: ScaleSet, plan: RolloutPlan, previous: Image) -> tuple[Finding, ...]:
    """Who would not return to what they ran, should the rollout fail."""
    others = other_images(scale_set, plan, previous)
    if not others:
        return ()
    told = "; ".join(f"{image} ({some(ids)})" for image, ids in others.items())
    return (
        warn(
            f"A model holds one image: a rollback would bring all that moved to {previous}, also those that run "
            f"another one now: {told}."
        ),
    )


def examine_moved(moved: Moved, goal: Image) -> tuple[Finding, ...]:
    """Of whom nobody can tell whether they moved."""
    if not moved.unknown:
        return ()
    return (
        warn(
            f"Whether these have moved since the rollout began cannot be known, so they are left as they are: "
            f"{some(sorted(moved.unknown, key=in_natural_order))}.",
            f"Give {_RECORD}, or bring them to {goal} with `operation: upgrade-instances` afterwards.",
        ),
    )
