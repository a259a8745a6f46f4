"""The new instances of a run, kept for the post step of a main step that is killed: what may be left, in short."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from vmss_upgrade.reporters.sanitiser.text import clean, cut
from vmss_upgrade.rollout.az_commands import delete_instances_of
from vmss_upgrade.rollout.history.surge import SurgeEvent, SurgeRefused, SurplusDeleted
from vmss_upgrade.rollout.wording import instances_named

SURGE: Final = "surge"  # the name that it is saved under
TITLE: Final = "Instances of the surge may be left"
NONE_LEFT: Final = "none"
LONGEST_NAME: Final = 80  # characters
MOST_NAMES: Final = 100


def value_after(event: SurgeEvent) -> str:
    """Return the value to save after the event, before Azure is asked for what the event announces."""
    if isinstance(event, SurgeRefused | SurplusDeleted):
        return NONE_LEFT
    ids = [cut(clean(id_), LONGEST_NAME) for id_ in event.surge.instance_ids[:MOST_NAMES]]
    return json.dumps({"former": event.surge.former, "raised": event.surge.raised, "ids": ids}, separators=(",", ":"))


def is_left(saved: Mapping[str, str]) -> bool:
    """Return whether new instances may be left, by what was saved."""
    return saved.get(SURGE, NONE_LEFT) != NONE_LEFT


def in_words(value: str, names: tuple[str, str, str]) -> str:
    """Return what may be left, and how to delete it. The value is foreign text.

    `names`: the subscription, the resource group and the scale set.
    """
    try:
        saved = json.loads(value)
        former, raised, ids = int(saved["former"]), int(saved["raised"]), [clean(str(id_)) for id_ in saved["ids"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        former, raised, ids = 0, 0, []
    if not ids:
        counts = f" (the capacity was {former}, and {raised} is with them)" if raised else ""
        return (
            f"New instances, asked for by `surge`, may be there{counts}. Run again with the same inputs soon: if they "
            "are, that run takes them over, and deletes them at its end."
        )
    command = delete_instances_of(*names, ids)
    return (
        f"Created by `surge`, and most likely still there: {instances_named(ids[:MOST_NAMES])}. The capacity was "
        f"{former}, and is {raised} with them. Run again with the same inputs soon: that run takes them over, and "
        f"deletes them at its end. Else delete them: {command}"
    )
