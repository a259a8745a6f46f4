"""What to do about a scale set that Azure does not find: most often its name is mistyped."""

from __future__ import annotations

import re
from collections.abc import Collection

from vmss_upgrade.rollout.wording import listed

NO_GROUP = ("ResourceGroupNotFound", "SubscriptionNotFound")  # then the group has nothing to list
NAMED_SETS = 10
_NAME = re.compile(r"[\w.-]{1,80}", re.ASCII)


def remedy_for_missing_set(others: Collection[str] | None) -> str:
    """Return the remedy that names the other scale sets of the resource group; empty if they are not known (None)."""
    if others is None:
        return ""
    names = sorted((name for name in others if _NAME.fullmatch(name)), key=str.lower)
    if not names:
        return "Check `subscription-id` and `resource-group`: this resource group shows no scale set."
    return f"Check `scale-set`: this resource group has {listed(names, NAMED_SETS)}."
