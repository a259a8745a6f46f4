"""Scale sets with their tags, from Azure Resource Graph: an index of whole subscriptions, up to a minute old.

One fixed query, so that no tag's name or value can change what it asks: tags are compared where the answer is read,
names without regard to case, which Resource Graph's own `tags['name']` would not do. A page has up to a thousand sets.

Sources: azure-mgmt-resourcegraph 8.0.1 (2021-03-01); "Guidance for throttled requests in Azure Resource Graph": 15
queries in 5 seconds, a page costs one, `x-ms-user-quota-remaining` and `x-ms-user-quota-resets-after`; "Working with
large data sets": `resultTruncated` without a `$skipToken` means that the rest cannot be asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from azure.core.exceptions import HttpResponseError
from azure.core.rest import HttpRequest

from vmss_upgrade.azure_api.failures import translated
from vmss_upgrade.azure_api.reader import Reader, too_long, unreadable
from vmss_upgrade.azure_api.translation.json_fields import Json, object_in, text_in
from vmss_upgrade.errors import AzureError, Trouble
from vmss_upgrade.ports import FoundPage, FoundSet

QUERY: Final = (
    "resources | where type =~ 'microsoft.compute/virtualmachinescalesets' | project id, tags | order by id asc"
)
PATH: Final = "/providers/Microsoft.ResourceGraph/resources?api-version=2021-03-01"
PAGE: Final = 1000  # the most that Azure gives
LONGEST_PAUSE: Final = 60.0  # seconds; the quota is one of 5 seconds

_DOING: Final = "finding scale sets by their tags"
_ID = re.compile(
    r"/subscriptions/(?P<subscription>[0-9a-f-]{36})/resourceGroups/[^/?#\s]{1,90}"
    r"/providers/Microsoft\.Compute/virtualMachineScaleSets/\w(?:[\w.-]{0,78}[\w-])?",
    re.IGNORECASE,
)
_AFTER = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})(?:\.\d{1,7})?", re.ASCII)


class ResourceGraph:
    """The index of the subscriptions that an identity may read; see `ports.SetFinder`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def find(self, subscriptions: Sequence[str], following: str = "") -> FoundPage:
        """Send POST of the query for one page."""
        options = {"resultFormat": "objectArray", "$top": PAGE, **({"$skipToken": following} if following else {})}
        asked = {"subscriptions": list(subscriptions), "query": QUERY, "options": options}
        resets_after = None
        try:
            with translated(_DOING):
                try:
                    response = self._reader.send(HttpRequest("POST", PATH, json=asked))
                except HttpResponseError as error:
                    refused: Any = error.response  # typed without the headers that every response has
                    resets_after = None if refused is None else _resets_after(refused.headers)
                    raise
                return _page(self._reader.object_of(response), subscriptions, response.headers)
        except AzureError as error:
            if error.trouble is Trouble.THROTTLED and error.retry_after is None:
                error.retry_after = resets_after
            raise


def _page(body: Json, subscriptions: Sequence[str], headers: Mapping[str, str]) -> FoundPage:
    """Return what a page lists of these subscriptions; of others nothing was asked."""
    rows = body.get("data")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise unreadable("Resource Graph's answer has no list of objects in `data`")
    following = text_in(body, "$skipToken")
    if str(body.get("resultTruncated")).lower() == "true" and not following:
        raise too_long("Resource Graph cut its list off, and names no way to the rest")
    wanted = {each.lower() for each in subscriptions}
    found = [_found(row) for row in rows]
    pause = _resets_after(headers) if headers.get("x-ms-user-quota-remaining", "").strip() == "0" else None
    return FoundPage(
        sets=tuple(each for each in found if each.id.split("/")[2].lower() in wanted),
        following=following,
        pause=pause or 0.0,
    )


def _found(row: Json) -> FoundSet:
    """Return the scale set of a row. A row without an id could hide one, so it makes the answer unreadable."""
    found = _ID.fullmatch(text_in(row, "id"))
    if found is None:
        raise unreadable("Resource Graph lists something that is no scale set")
    tags: Mapping[str, Any] = object_in(row, "tags")
    return FoundSet(id=found[0], tags={name: value for name, value in tags.items() if isinstance(value, str)})


def _resets_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds until the quota is whole again; None if the answer does not say."""
    found = _AFTER.fullmatch(headers.get("x-ms-user-quota-resets-after", "").strip())
    if found is None:
        return None
    hours, minutes, seconds = map(int, found.groups())
    return min(hours * 3600.0 + minutes * 60.0 + seconds + 1.0, LONGEST_PAUSE)  # it is cut to whole seconds
