"""The goal: what every instance is to reach, and whether it has."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.scale_set import Instance


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What every instance is to reach: `image`, and with `whole_model` all else that the model says, too.

    `in_model`: the model holds the image already. No instance shows the VHD it was made from, so there the flag
    `latestModelApplied` decides, which answers the question only while the model holds the VHD. An instance whose
    upgrade failed has never reached the goal; with `heals`, nor has one that is being upgraded, whatever it shows.
    """

    image: Image
    in_model: bool
    whole_model: bool = False
    heals: bool = False

    def is_reached_by(self, instance: Instance) -> bool:
        """Return whether nothing is left to do for this instance."""
        if instance.has_failed_upgrade or (self.heals and instance.is_half_way):
            return False
        if self.whole_model and instance.latest_model_applied is not None:
            return instance.latest_model_applied
        return (self.in_model or not self.image.is_vhd) and is_on(instance, self.image)

    def once_in_model(self) -> Goal:
        """Return this goal as it is after the model was written."""
        return replace(self, in_model=True)


def goal_of(model: Model) -> Goal:
    """Return the model as it stands, as a goal; of a floating image, the flag alone shows what has reached it."""
    return Goal(image=model.image, in_model=True, whole_model=True)


def is_on(instance: Instance, target: Image) -> bool:
    """Return whether an instance runs `target`, by its exact version or image id.

    Of a VHD, and of a floating image, no instance shows more than `latestModelApplied`.
    """
    if target.is_vhd or target.is_floating:
        return bool(instance.latest_model_applied)
    return instance.image is not None and instance.image.same_as(target)
