"""Fields of Azure's JSON, read without trust: whatever is missing, null or of a wrong type reads as nothing.

Fields may be missing from any answer (Azure/azure-sdk-for-net#45613), and no oddity of one of them may end a rollout.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vmss_upgrade.rollout.model import Provisioning, ProvisioningState

Json = Mapping[str, Any]

_STATES = {state.value: state for state in ProvisioningState}


def object_in(parent: Json, *path: str) -> Json:
    """Return the object at the end of the path; empty where there is none."""
    for name in path:
        value = parent.get(name)
        parent = value if isinstance(value, dict) else {}
    return parent


def objects_in(parent: Json, name: str) -> list[Json]:
    """Return the objects of a list."""
    value = parent.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text_in(parent: Json, *path: str) -> str:
    """Return a field as text; empty where it is missing, null, an object or a list.

    Half a character (JSON's \\ud800) is one nobody knows.
    """
    value = object_in(parent, *path[:-1]).get(path[-1])
    if not isinstance(value, str):
        return "" if value is None or isinstance(value, dict | list) else str(value)
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def texts_in(parent: Json, name: str) -> tuple[str, ...]:
    """Return the texts of a list."""
    value = parent.get(name)
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def number_in(parent: Json, name: str) -> int | None:
    """Return a field that is a whole number, which neither a flag nor a text is."""
    value = parent.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def first_zone(item: Json) -> str:
    """Return the zone of an instance; a Flexible stub shows [null]."""
    zones = item.get("zones")
    return str(zones[0]) if isinstance(zones, list) and zones and zones[0] else ""


def segments_of(resource_id: str) -> dict[str, str]:
    """Return the named segments of a resource id, names in lower case (their case varies: wire facts, section 1)."""
    segments = resource_id.strip("/").split("/")
    return {name.lower(): value for name, value in zip(segments[0::2], segments[1::2], strict=False)}


def plan_in(parent: Json, name: str) -> str:
    """Return a marketplace plan as publisher:product:name; empty where there is none."""
    plan = object_in(parent, name)
    parts = [text_in(plan, part) for part in ("publisher", "product", "name")]
    return ":".join(parts) if any(parts) else ""


def provisioning_in(properties: Json) -> Provisioning:
    """Return the provisioning state among the properties of a resource; any word that is not known is OTHER."""
    word = text_in(properties, "provisioningState")
    return Provisioning(_STATES.get(word.lower(), ProvisioningState.OTHER), word)
