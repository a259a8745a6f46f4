"""The origin of the machines of a Flexible set: made from its model, or attached to it by somebody.

Sources: a set may hold machines of another OS, size and image, also with restored disks that have no image reference
("Attach or detach a Virtual Machine to or from a Virtual Machine Scale Set"); Azure names those that it makes itself
SET_xxxxxxxx and tags them with the time of the model (flexible_list_vms_by_filter_2024).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from vmss_upgrade.rollout.image import Image, ImageKind
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.scale_set import Instance, Origin

Line = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lineage:
    """What machines of a set are made from: its operating system (empty: not known) and its lines of images."""

    os: str
    lines: frozenset[Line]


def line_of(image: Image) -> Line:
    """Return what all versions of an image have in common: publisher and offer, or the image definition of a gallery.

    A managed image has no versions, because each is a resource of its own: only its kind is compared.
    """
    if image.kind is ImageKind.PLATFORM:
        return (image.kind.name, image.publisher.lower(), image.offer.lower())
    return (image.kind.name, image.definition.lower()) if image.is_in_gallery else (image.kind.name,)


def lineage_of(model: Model, machines: Iterable[Instance]) -> Lineage:
    """Return the lineage as one look shows it: the images of the model, now and when it made these machines.

    Take it before the model is written, and keep it: after a rollout of an image of another line, machines that still
    run the old image would look attached.
    """
    made = [machine.image for machine in machines if machine.has_model_mark and machine.image is not None]
    return Lineage(model.traits.os.lower(), frozenset(map(line_of, [model.image, *made])))


def with_origins(machines: Iterable[Instance], model: Model, lineage: Lineage) -> tuple[Instance, ...]:
    """Return the machines of a Flexible set with their origins; on a VHD all are the model's: no machine shows it."""
    if model.image.is_vhd or not model.shows_image:
        return tuple(machines)
    return tuple(replace(machine, origin=_origin(machine, lineage)) for machine in machines)


def _origin(machine: Instance, lineage: Lineage) -> Origin:
    if machine.os and lineage.os and machine.os.lower() != lineage.os:
        return Origin.OTHER_SYSTEM
    if machine.image is None:
        is_shown = bool(machine.os)  # the disk is there, and names no image
        return Origin.NO_IMAGE if is_shown or not machine.has_model_mark else Origin.MODEL
    is_known = machine.has_model_mark or line_of(machine.image) in lineage.lines
    return Origin.MODEL if is_known else Origin.OTHER_IMAGE
