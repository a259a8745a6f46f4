"""Finding the scale sets of whole subscriptions in Azure's index, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from vmss_upgrade.driver.run_clock import RunClock, Steps
from vmss_upgrade.errors import AzureError, Trouble
from vmss_upgrade.ports import FoundSet, SetFinder

MOST_PAGES: Final = 100  # of a thousand scale sets each
_PAUSE: Final = "Azure's index of resources takes no more queries for now"


def find_sets(finder: SetFinder, subscriptions: Sequence[str], clock: RunClock) -> Steps[tuple[FoundSet, ...]]:
    """Return every scale set of the subscriptions, each once. Raises AzureError for a list without an end."""
    found: dict[str, FoundSet] = {}
    followed: set[str] = set()
    following = ""
    while True:
        page = yield from clock.patiently(partial(finder.find, subscriptions, following))
        found |= {each.id.lower(): each for each in page.sets}
        following = page.following
        if not following:
            return tuple(found.values())
        if following in followed or len(followed) == MOST_PAGES - 1:
            why = "goes round in a circle" if following in followed else f"has more than {MOST_PAGES} pages"
            message = f"Resource Graph's list of scale sets {why}"
            raise AzureError(message, trouble=Trouble.REJECTED, code="EndlessList", doing="finding scale sets")
        followed.add(following)
        if page.pause:
            yield from clock.wait(_PAUSE, page.pause)
