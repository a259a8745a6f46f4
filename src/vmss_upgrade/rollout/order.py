"""The order: what the workflow asked for, as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from vmss_upgrade.rollout.image import Image, ImageRequest
from vmss_upgrade.rollout.policy import Policy

# bytes that a JSON record has at most, for what writes it and for what reads it
LARGEST_RECORD: Final = 16 * 1024 * 1024


class Command(Enum):
    """What is to be done; the values are those of the input `operation`."""

    UPGRADE = "upgrade"  # the image into the model, then the instances
    PLAN = "plan"  # the same, read and checked only
    STATUS = "status"  # show the scale set as it is
    UPDATE_MODEL = "update-model"  # the image into the model, and no more
    UPGRADE_INSTANCES = "upgrade-instances"  # the instances to the model as it stands
    ROLLBACK = "rollback"  # an earlier image into the model, then the instances that left it
    REHEARSE = "rehearse"  # the upgrade, on a copy of the scale set

    @property
    def upgrades(self) -> bool:
        """True if the command upgrades instances, or plans to."""
        return self in (Command.UPGRADE, Command.PLAN, Command.UPGRADE_INSTANCES, Command.ROLLBACK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What the record of an earlier run says: of which scale set (its id), from which exact image to which.

    `batch_seconds`: of each batch that passed, its bake time included.
    """

    scale_set_id: str
    previous: Image
    target: Image
    batch_seconds: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the workflow asked for. `image` is empty where the command needs none; `recorded` None: no record.

    `ready_within`: seconds in which an instance is usually ready after its upgrade was asked for, the shortest and the
    longest; for a rehearsal (None: the documented ones).
    `expected_plan` is the hash of the plan that was approved (empty: any plan will do). `has_post_step`: a step of the
    job's completes what a killed run leaves undone. `given`: the inputs that were written, even at their defaults.
    """

    command: Command = Command.UPGRADE
    image: ImageRequest = ImageRequest()
    policy: Policy = Policy()
    recorded: Recorded | None = None
    expected_plan: str = ""
    ready_within: tuple[float, float] | None = None
    has_post_step: bool = True
    given: frozenset[str] = field(default=frozenset(), compare=False)

    @property
    def writes_model(self) -> bool:
        """True if the image in the model is written, or may have to be."""
        may_go_back = self.policy.on_failure.goes_back and self.command is Command.UPGRADE_INSTANCES
        return self.command in (Command.UPGRADE, Command.PLAN, Command.UPDATE_MODEL, Command.ROLLBACK) or may_go_back
