"""What keeps a scale set from being scaled: autoscale settings that target it, and locks.

Sources: "Autoscale Settings - List By Subscription" (Microsoft.Insights, 2022-10-01; recorded: the counts of a profile
are texts), "Management Locks - List At Subscription Level" (2016-09-01), which names the locks of every resource in it.
"""

from __future__ import annotations

from vmss_upgrade.azure_api.failures import optional
from vmss_upgrade.azure_api.reader import Reader
from vmss_upgrade.azure_api.translation.json_fields import Json, object_in, objects_in, segments_of, text_in
from vmss_upgrade.rollout.model import AutoscaleSetting, Lock

_AUTOSCALE = "/providers/Microsoft.Insights/autoscalesettings?api-version=2022-10-01"
_LOCKS = "/providers/Microsoft.Authorization/locks"


class ScalingLimits:
    """Reads for the scale set with the id `set_id`; see `ports.ScaleSetApi` for the contract of each method."""

    def __init__(self, reader: Reader, subscription_path: str, set_id: str) -> None:
        self._reader = reader
        self._subscription = subscription_path
        self._id = set_id.lower()

    def read_autoscale_settings(self) -> tuple[AutoscaleSetting, ...] | None:
        """Send GET of the subscription's settings, every page: one may be in another group than its target."""
        with optional("reading the autoscale settings"):
            items = self._reader.items(self._subscription + _AUTOSCALE)
            return tuple(_setting(item) for item in items if self._is_target(item))
        return None

    def _is_target(self, item: Json) -> bool:
        target = text_in(item, "properties", "targetResourceUri") or text_in(item, "properties", "targetResourceId")
        return target.lower().rstrip("/") == self._id

    def read_locks(self) -> tuple[Lock, ...] | None:
        """Send GET of the subscription's locks, every page; those on other resources are left out."""
        with optional("reading the locks"):
            items = self._reader.items(f"{self._subscription}{_LOCKS}?api-version=2016-09-01")
            return tuple(_lock(item) for item in items if self._is_above(text_in(item, "id")))
        return None

    def _is_above(self, lock: str) -> bool:
        scope, found, _ = lock.lower().rpartition(_LOCKS.lower())
        return bool(found) and f"{self._id}/".startswith(f"{scope.rstrip('/')}/")


def _setting(item: Json) -> AutoscaleSetting:
    properties = object_in(item, "properties")
    counts = [object_in(profile, "capacity") for profile in objects_in(properties, "profiles")]
    return AutoscaleSetting(
        name=text_in(item, "name") or text_in(properties, "name"),
        resource_group=segments_of(text_in(item, "id")).get("resourcegroups", ""),
        enabled=properties.get("enabled") is not False,
        minimum=min((text_in(count, "minimum") for count in counts), key=_number, default=""),
        maximum=max((text_in(count, "maximum") for count in counts), key=_number, default=""),
    )


def _number(count: str) -> int:
    return int(count) if count.isdecimal() else 0


def _lock(item: Json) -> Lock:
    return Lock(text_in(item, "id"), text_in(item, "properties", "level"))
