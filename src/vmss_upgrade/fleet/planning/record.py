"""A fleet's plan <-> its JSON record, which jobs hand on as an artifact. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, Final, TypeVar

from vmss_upgrade.fleet.configuration import Tag, Wave
from vmss_upgrade.fleet.plan import FleetPlan, PlannedSet, Verdict
from vmss_upgrade.rollout.findings import Finding, Severity

SCHEMA: Final = "vmss-upgrade/fleet-plan/1"
FAMILY: Final = "vmss-upgrade/fleet-plan/"  # before the version
MOST_SETS: Final = 20_000
LONGEST_TEXT: Final = 8 * 1024  # characters; what is written is shorter
LARGEST_NUMBER: Final = 10**9

E = TypeVar("E", bound=Enum)
T = TypeVar("T")


class UnusablePlan(ValueError):
    """A record that is no fleet's plan. `str(error)` goes on a sentence about its file: "names no waves"."""


def as_values(plan: FleetPlan) -> dict[str, Any]:
    """Return the part of the record that is the plan. Within a schema version keys are only added."""
    return {
        "schema": SCHEMA,
        "image": plan.image,
        "waves": [_wave_values(wave) for wave in plan.waves],
        "sets": [_set_values(each) for each in plan.sets],
    }


def _wave_values(wave: Wave) -> dict[str, Any]:
    return {
        "name": wave.name,
        "number": wave.number,
        "scale_sets": list(wave.members),
        "tags": [{"name": tag.name, "value": tag.value} for tag in wave.tags],
        "max_parallel": wave.max_parallel,
        "environment": wave.environment,
        "bake_seconds": wave.bake_time,
        "stop_after_failures": wave.stop_after_failures,
    }


def _set_values(each: PlannedSet) -> dict[str, Any]:
    return {
        "name": each.name,
        "id": each.scale_set_id,
        "wave": each.wave,
        "verdict": each.verdict.value,
        "region": each.region,
        "kind": each.kind,
        "mode": each.mode,
        "images": [{"image": image, "instances": size} for image, size in each.images],
        "target": each.target,
        "instances": each.instances,
        "moving": each.moving,
        "most_away": each.most_away,
        "plan_hash": each.plan_hash,
        "findings": [{"severity": f.severity.value, "message": f.message, "remedy": f.remedy} for f in each.findings],
    }


def plan_in(record: Any) -> FleetPlan:
    """Return the plan that a record holds; keys that are not known are of a later release, and passed over.

    Raises UnusablePlan, with the place in the record, for one that `as_values` did not write.
    """
    values = _Values(record, "")
    schema = values.text("schema", default="")
    if schema != SCHEMA:
        later = schema.startswith(FAMILY)
        raise UnusablePlan(f"has the schema {schema!r}, which this release does not read" if later else "is no plan")
    waves = values.items("waves", _wave)
    sets = values.items("sets", _planned_set, most=MOST_SETS)
    _refuse_doubles("waves", (wave.name for wave in waves))
    _refuse_doubles("sets", (each.name for each in sets))
    _refuse_doubles("sets", (each.scale_set_id.lower() for each in sets if each.scale_set_id))
    for each in sets:
        if each.wave not in {wave.name for wave in waves}:
            raise UnusablePlan(f"has {each.name!r} in a wave {each.wave!r}, which it does not list")
    return FleetPlan(waves=waves, sets=sets, image=values.text("image"))


def _wave(values: _Values) -> Wave:
    is_limited = values.get("max_parallel") is not None
    is_numbered = values.get("number") is not None  # not by earlier releases
    return Wave(
        name=values.name("name"),
        number=values.count("number") if is_numbered else 0,
        members=values.items("scale_sets", lambda each: each.is_text(), most=MOST_SETS),
        tags=values.items("tags", lambda each: Tag(each.name("name"), each.text("value"))),
        max_parallel=values.count("max_parallel", least=1) if is_limited else None,
        environment=values.text("environment"),
        bake_time=values.seconds("bake_seconds"),
        stop_after_failures=values.count("stop_after_failures", least=1),
    )


def _planned_set(values: _Values) -> PlannedSet:
    return PlannedSet(
        name=values.name("name"),
        scale_set_id=values.text("id"),
        wave=values.name("wave"),
        verdict=values.member("verdict", Verdict),
        region=values.text("region"),
        kind=values.text("kind"),
        mode=values.text("mode"),
        images=values.items("images", lambda each: (each.text("image"), each.count("instances"))),
        target=values.text("target"),
        instances=values.count("instances"),
        moving=values.count("moving"),
        most_away=values.count("most_away"),
        plan_hash=values.text("plan_hash"),
        findings=values.items("findings", _finding),
    )


def _finding(values: _Values) -> Finding:
    return Finding(values.member("severity", Severity), values.text("message"), values.text("remedy"))


def _refuse_doubles(where: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise UnusablePlan(f"has two {where} {name!r}")
        seen.add(name)


class _Values:
    """One object of the record, or one of its values; every way to read it raises UnusablePlan with its place."""

    def __init__(self, value: Any, place: str) -> None:
        self._value = value
        self._place = place

    def get(self, key: str) -> Any:
        """Return the value of a key; None if there is none."""
        if not isinstance(self._value, dict):
            raise UnusablePlan(f"is no object at {self._place}" if self._place else "is no plan")
        return self._value.get(key)

    def is_text(self) -> str:
        """Return the value itself, which must be a text."""
        return self._text(self._value, self._place)

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text, which may be empty; `default` for what is no text, where one is given."""
        value = self.get(key)
        return default if default is not None and not isinstance(value, str) else self._text(value, self._at(key))

    def name(self, key: str) -> str:
        """Return a text that is not empty."""
        text = self.text(key)
        if not text:
            raise UnusablePlan(f"has an empty text at {self._at(key)}")
        return text

    def count(self, key: str, least: int = 0) -> int:
        """Return a whole number."""
        value = self.get(key)
        if type(value) is not int or not least <= value <= LARGEST_NUMBER:
            raise UnusablePlan(f"has no whole number from {least} on at {self._at(key)}")
        return value

    def seconds(self, key: str) -> float:
        """Return a duration."""
        value = self.get(key)
        is_number = type(value) in (int, float) and math.isfinite(value)
        if not is_number or not 0 <= value <= LARGEST_NUMBER:
            raise UnusablePlan(f"has no number of seconds at {self._at(key)}")
        return float(value)

    def member(self, key: str, kind: type[E]) -> E:
        """Return the member of `kind` that a text names."""
        text = self.text(key)
        found = next((member for member in kind if member.value == text), None)
        if found is None:
            raise UnusablePlan(f"has {text[:40]!r} at {self._at(key)}, which is none of its values")
        return found

    def items(self, key: str, read: Callable[[_Values], T], most: int = 10_000) -> tuple[T, ...]:
        """Return the items of a list, each as `read` reads it."""
        items = self.get(key)
        if not isinstance(items, list) or len(items) > most:
            raise UnusablePlan(f"has no list of at most {most} items at {self._at(key)}")
        return tuple(read(_Values(item, f"{self._at(key)}[{number}]")) for number, item in enumerate(items))

    def _at(self, key: str) -> str:
        return f"{self._place}.{key}" if self._place else key

    @staticmethod
    def _text(value: Any, place: str) -> str:
        if not isinstance(value, str) or len(value) > LONGEST_TEXT:
            raise UnusablePlan(f"has no text of at most {LONGEST_TEXT} characters at {place}")
        return value
