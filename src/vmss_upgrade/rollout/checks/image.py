"""Checks of the target image: it exists, is replicated, and boots on the scale set.

Sources: deprecation of marketplace images, "Deprecated Azure Marketplace images"; a gallery version's end of life is
informational, "Store and share images in an Azure Compute Gallery"; generations, "Support for Generation 2 VMs".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from vmss_upgrade.rollout.checks.rights import READER
from vmss_upgrade.rollout.failures import COPY_OR_SHARE
from vmss_upgrade.rollout.findings import Finding, note, refuse, warn
from vmss_upgrade.rollout.image import Image, ImageKind
from vmss_upgrade.rollout.image_facts import ImageFacts, ImageState, Replication, Traits

NAMED_VERSIONS = 3  # of those that exist, where the one that was asked for does not
_AT_THE_SUBSCRIPTION = (ImageKind.PLATFORM, ImageKind.SHARED_GALLERY, ImageKind.COMMUNITY_GALLERY)
_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*", re.ASCII)
_OTHER_TENANT = "it belongs to another tenant than the one that the identity signed in to"


def examine_image(
    target: Image,
    facts: ImageFacts,
    on_set: Traits,
    *,
    location: str,
    in_model: bool = False,
    newest: Sequence[str] = (),
) -> tuple[Finding, ...]:
    """Return every finding about the target; what the set boots now (`on_set`) is compared where it is known.

    `newest` are versions that exist where the target does not.
    """
    match facts.state:
        case ImageState.MISSING:
            remedy = "Correct the image inputs, or wait until the image is published or replicated to this region."
            return (refuse(f"The target image {target} does not exist in {location}.", _existing(newest) + remedy),)
        case ImageState.DENIED:
            return (_denied(target),)
        case ImageState.OTHER_TENANT:
            message = f"Could not check that {target} exists: {_OTHER_TENANT}, and Azure may refuse the image."
            return (warn(message, COPY_OR_SHARE),)
        case ImageState.UNKNOWABLE:
            return (note(f"Could not check beforehand that {target} exists."),)
    findings = (
        _deprecated(target, facts, in_model=in_model),
        _end_of_life(target, facts),
        _replication(target, facts, location),
        *_cannot_boot(target, facts.traits, on_set),
        _plan(target, facts.traits, on_set),
    )
    return tuple(finding for finding in findings if finding is not None)


def _denied(target: Image) -> Finding:
    """Warn if the right is missing at the subscription, where operations are read as well: its role may be below it."""
    message = f"Could not check that {target} exists: {missing_right(target)}."
    if target.kind not in _AT_THE_SUBSCRIPTION:
        return note(message)
    return warn(
        f"{message} If the identity has no role there at all, Azure's operations cannot be followed either, and the "
        "instances are watched instead.",
        f"Assign the role in {READER.file} to the subscription, not to a resource group in it.",
    )


def _existing(newest: Sequence[str]) -> str:
    names = [name for name in newest if _VERSION.fullmatch(name)][:NAMED_VERSIONS]
    return f"Versions that exist there, the newest first: {', '.join(names)}. " if names else ""


def latest_denied(image: Image) -> Finding:
    """Refuse because it cannot be found out what `latest` means: a long rollout could mix versions."""
    return refuse(
        f"Could not read the latest version of {image}: {missing_right(image)}.",
        "Give the identity that role, or name the exact version.",
    )


def latest_of_another_tenant(image: Image) -> Finding:
    """Refuse because it cannot be found out what `latest` means, and no role would help."""
    return refuse(f"Could not read the latest version of {image}: {_OTHER_TENANT}.", COPY_OR_SHARE)


def latest_missing(image: Image, location: str) -> Finding:
    """Refuse because no version counts as the latest."""
    where = f" in {location}" if location else ""
    way = "replicate a version to this region, take `excludeFromLatest` off one"
    if image.kind in (ImageKind.SHARED_GALLERY, ImageKind.COMMUNITY_GALLERY):
        way = f"have the gallery's owner {way.replace(', take', ' or take')}"
    ways = ["Correct the image inputs", *([way] if image.is_in_gallery else [])]
    message = f"{image} has no version{where} that counts as the latest."
    return refuse(message, f"{', '.join(ways)}, or name an exact version.")


def floating_model(image: Image) -> Finding:
    """Warn that the instances are brought to a model that names no exact version."""
    return warn(
        f"The model names no exact version ({image}): which one an instance gets is Azure's choice at that moment, so "
        "that they may end up on different ones.",
        "`operation: upgrade` with `image-version: latest`, or with the gallery image as `image-id`, pins one.",
    )


def only_the_image() -> Finding:
    """Note that a Flexible set shows no more than the image of what is on the model."""
    return note(
        "A Flexible scale set does not show which of its instances have the latest model: only their image is compared."
    )


def missing_right(image: Image) -> str:
    """Return which role is missing where an image may not be read."""
    where = "the subscription"
    if image.kind is ImageKind.PLATFORM:
        action = "Microsoft.Compute/locations/publishers/artifacttypes/offers/skus/versions/read"
    elif image.kind in (ImageKind.SHARED_GALLERY, ImageKind.COMMUNITY_GALLERY):
        gallery = "sharedGalleries" if image.kind is ImageKind.SHARED_GALLERY else "communityGalleries"
        action = f"Microsoft.Compute/locations/{gallery}/images/versions/read"
    elif image.is_in_gallery:
        action = "Microsoft.Compute/galleries/images/versions/read"
        where = image.reference[: image.definition.lower().rfind("/images/")]  # the gallery
    else:
        action, where = "Microsoft.Compute/images/read", str(image)
    return f"the identity lacks the role Reader ({action}) on {where}"


def is_replicating(facts: ImageFacts) -> bool:
    """Return whether waiting can help: the version is on its way to the region."""
    return facts.state is ImageState.FOUND and facts.replication is Replication.REPLICATING


def _deprecated(target: Image, facts: ImageFacts, *, in_model: bool) -> Finding | None:
    if facts.deprecated and in_model:  # what was begun can still be brought to an end, one way or the other
        return warn(f"The target image {target}, which the model holds already, is deprecated by now.")
    if facts.deprecated:
        message = f"The target image {target} is deprecated: no new instance can be made from it."
        return refuse(message, "Name a version that is not.")
    if facts.deprecation_date:
        return warn(f"The target image {target} is scheduled for deprecation on {facts.deprecation_date}.")
    return None


def _end_of_life(target: Image, facts: ImageFacts) -> Finding | None:
    if facts.past_end_of_life:
        return warn(f"The target image {target} is past its end of life ({facts.end_of_life}).")
    what = f"The target image {target} reaches its end of life on {facts.end_of_life}."
    return note(what) if facts.end_of_life else None


def _replication(target: Image, facts: ImageFacts, location: str) -> Finding | None:
    match facts.replication:
        case Replication.REPLICATING:
            return refuse(
                f"The target image {target} is still being replicated to {location} ({facts.progress}%).",
                "Run again later, or let this run wait for it: `wait-for-replication: 30m`.",
            )
        case Replication.FAILED:
            return refuse(
                f"The replication of the target image {target} to {location} has failed.",
                "See `az sig image-version show --expand ReplicationStatus` for the reason, or publish a new version.",
            )
        case Replication.NOT_ASKED_FOR:
            return refuse(
                f"The target image {target} is not replicated to {location}, where the scale set is.",
                f"Add the region to its target regions: az sig image-version update --target-regions ... {location}",
            )
        case Replication.UNKNOWN:
            return note(f"Could not read how far {target} is replicated to {location}.")
    return None


def _cannot_boot(target: Image, image: Traits, on_set: Traits) -> list[Finding]:
    """Refuse another generation, architecture or operating system, if both sides are known."""
    pairs = (
        ("hypervisor generation", image.generation, on_set.generation),
        ("architecture", image.architecture, on_set.architecture),
        ("operating system", image.os, on_set.os),
    )
    return [
        refuse(
            f"The target image {target} has {name} {theirs}, but the scale set runs {ours}: its instances would not "
            "boot.",
            f"Choose an image with {name} {ours}, or create a new scale set.",
        )
        for name, theirs, ours in pairs
        if theirs and ours and theirs.lower() != ours.lower()
    ]


def _plan(target: Image, image: Traits, on_set: Traits) -> Finding | None:
    """Refuse an image with another marketplace plan: a plan can be given to a set only at its creation."""
    if image.plan is None or on_set.plan is None or image.plan.lower() == on_set.plan.lower():
        return None
    if not image.plan and target.kind is not ImageKind.PLATFORM:  # an image of one's own need not name its plan
        return None
    return refuse(
        f"The target image {target} has {_named(image.plan)}, but the scale set has {_named(on_set.plan)}.",
        "Choose an image with the same plan, or create a new scale set with that plan.",
    )


def _named(plan: str) -> str:
    return f"the marketplace plan {plan}" if plan else "no marketplace plan"
