"""What the workflow asked for, as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from vmss_upgrade.rollout.image import ImageRequest
from vmss_upgrade.rollout.policy import Policy


class Command(Enum):
    """What is to be done; the values are those of the input `operation`."""

    UPGRADE = "upgrade"  # the image into the model, then the instances
    PLAN = "plan"  # the same, read and checked only
    STATUS = "status"  # show the scale set as it is
    UPDATE_MODEL = "update-model"  # the image into the model, and no more
    UPGRADE_INSTANCES = "upgrade-instances"  # the instances to the model as it stands

    @property
    def upgrades(self) -> bool:
        """Whether instances are upgraded by it, or would be by what it plans."""
        return self in (Command.UPGRADE, Command.PLAN, Command.UPGRADE_INSTANCES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the workflow asked for. `image` is empty where the command needs none."""

    command: Command = Command.UPGRADE
    image: ImageRequest = ImageRequest()
    policy: Policy = Policy()
