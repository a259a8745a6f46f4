"""What a captured instance is shown as: the file's own words, and over them what has changed since.

What the simulator would have written at the beginning is compared with what it writes now. Only the difference is
laid over the document, so that what the file does not say is not invented, and everything else that it says is kept.
"""

from typing import Any

from azure_simulator.state.instances import Instance
from azure_simulator.wire.merging import merged

Json = dict[str, Any]
# What is overwritten after an upgrade, even where it is as it was before.
_STATE = ("latestModelApplied", "provisioningState")
_STATE_IN_VIEW = ("statuses", "vmHealth")


def as_captured(instance: Instance, first: Json, current: Json, now: float) -> Json:
    """Return the document of a captured instance with what differs between `first`, written at the beginning, and
    `current`, written now.
    """
    assert instance.shown is not None
    change = _difference(first, current)
    properties = change.setdefault("properties", {})
    if any(upgrade.started_at <= now for upgrade in instance.upgrades):
        written = current["properties"]
        properties |= {name: written[name] for name in _STATE if name in written}
        properties["instanceView"] = {**(properties.get("instanceView") or {}), **_state_in_view(written)}
    elif "latestModelApplied" not in instance.shown["properties"]:
        # A flag that is not shown is not shown as false after an update of the model either.
        properties.pop("latestModelApplied", None)
    if "instanceView" not in current.get("properties", {}) or not properties.get("instanceView", True):
        properties.pop("instanceView", None)
    return merged(instance.shown, change)


def as_described(instance: Instance, body: Json, now: float, expanded: bool) -> Json:
    """Return `body` with what the scenario says that the instance shows until it is upgraded."""
    if instance.shows is None or not instance.is_as_made(now):
        return body
    shown = merged(body, instance.shows)
    if not expanded:
        shown["properties"].pop("instanceView", None)
    return shown


def _state_in_view(properties: Json) -> Json:
    if "instanceView" not in properties:
        return {}
    return {name: properties["instanceView"].get(name) for name in _STATE_IN_VIEW}


def _difference(first: Json, current: Json) -> Json:
    """Return what to merge over `first` to get `current`: null for what is gone."""
    change: Json = dict.fromkeys(first.keys() - current.keys())
    for name, value in current.items():
        before = first.get(name)
        if value == before and name in first:  # most are equal, and this compares them at once
            continue
        if isinstance(value, dict) and isinstance(before, dict):
            if nested := _difference(before, value):
                change[name] = nested
        else:
            change[name] = value
    return change
