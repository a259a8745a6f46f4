"""What an instance of a captured file is shown as: the file's own words, and over them what has changed since.

What the simulator would have said at the beginning is compared with what it says now. Only the difference is laid over
the document, so that what the file does not say is not invented, and what it says beside is given back.
"""

from typing import Any

from azure_simulator.set_description import merged

Json = dict[str, Any]
# What an upgrade says anew, even where it comes back to what it was.
_STATE = ("latestModelApplied", "provisioningState")
_STATE_IN_VIEW = ("statuses", "vmHealth")


def as_captured(document: Json, first: Json, now: Json, *, written: bool) -> Json:
    """`document` with what differs between `first`, the simulator's own words at the beginning, and `now`.

    `written`: the instance has been upgraded since, or is being upgraded.
    """
    change = _difference(first, now)
    properties = change.setdefault("properties", {})
    if written:
        told = now["properties"]
        properties |= {name: told[name] for name in _STATE if name in told}
        view = {name: told["instanceView"].get(name) for name in _STATE_IN_VIEW} if "instanceView" in told else {}
        properties["instanceView"] = {**(properties.get("instanceView") or {}), **view}
    elif "latestModelApplied" not in document["properties"]:
        # A flag that is not shown is not shown as false after an update of the model either.
        properties.pop("latestModelApplied", None)
    if "instanceView" not in now.get("properties", {}) or not properties.get("instanceView", True):
        properties.pop("instanceView", None)
    return merged(document, change)


def _difference(first: Json, now: Json) -> Json:
    """What to merge over `first` to come to `now`: null for what has gone."""
    change: Json = dict.fromkeys(first.keys() - now.keys())
    for name, value in now.items():
        before = first.get(name)
        if isinstance(value, dict) and isinstance(before, dict):
            if nested := _difference(before, value):
                change[name] = nested
        elif name not in first or value != before:
            change[name] = value
    return change
