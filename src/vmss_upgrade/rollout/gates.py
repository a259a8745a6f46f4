"""The gates from outside, at which a run ends cleanly between two batches: a moment, and a tag on the scale set.

The tag is a hand brake for operators who have no rights in GitHub. Neither gate stops a way back.
"""

from __future__ import annotations

from typing import Final

from vmss_upgrade.rollout.az_commands import delete_tag
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.policy import LatestEnd
from vmss_upgrade.rollout.wording import duration

STOP_TAG: Final = "vmss-upgrade=stop"
STOPS: Final = "The tag `vmss-upgrade: stop` on the scale set stops upgrades."

GO_ON_LATER: Final = (
    "Run again at another time with the same inputs (a date in `not-after` must be a later one): instances on the "
    "target image are skipped."
)


def how_to_release(model: Model) -> str:
    """Say who can release the hand brake, and how."""
    return (
        "To go on, have the tag removed, and run again with the same inputs: instances on the target image are "
        "skipped. The activity log of the scale set says who set it; anybody with the role Tag Contributor on the "
        f"scale set can remove it: {delete_tag(model, model.stop_tag)}"
    )


def is_too_late(end: LatestEnd, takes: float, now: float) -> bool:
    """Return whether a batch that begins `now` and `takes` so many seconds would end after the moment."""
    return now + takes > end.left


def too_late(end: LatestEnd, takes: float, now: float) -> str:
    """Say how far away the moment is, and how long a batch takes."""
    left = f"in {duration(end.left - now)}" if end.left > now else "past"
    return f"a batch may take {duration(takes)}, and `not-after` ({end.text}, that is {end.utc}) is {left}."
