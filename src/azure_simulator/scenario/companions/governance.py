"""What others have declared about the set in a scenario: autoscale settings, and locks."""

from dataclasses import dataclass
from typing import Literal

from azure_simulator.scenario.section import Section

Level = Literal["CanNotDelete", "ReadOnly"]
LEVELS: tuple[Level, ...] = ("CanNotDelete", "ReadOnly")
LockScope = Literal["set", "group", "subscription"]
LOCK_SCOPES: tuple[LockScope, ...] = ("set", "group", "subscription")


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoscaleSetting:
    """An autoscale setting. `target` None: it targets the set. It is shown, and scales nothing by itself."""

    name: str
    minimum: int
    maximum: int
    default: int
    enabled: bool = True
    target: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A lock on the set, its resource group or the subscription. `blocks_action`: a CanNotDelete lock refuses the
    action `delete` of the set as well, which no source decides.
    """

    name: str
    level: Level
    scope: LockScope = "set"
    notes: str = ""
    blocks_action: bool = False


def read_autoscale(root: Section) -> tuple[AutoscaleSetting, ...] | None:
    """Read `autoscale`: a list of settings, or `refused`, which is None."""
    if root.raw("autoscale") == "refused":
        return None
    return tuple(_read_setting(entry) for entry in root.sections("autoscale"))


def read_locks(root: Section) -> tuple[Lock, ...]:
    """Read `locks`."""
    return tuple(_read_lock(entry) for entry in root.sections("locks"))


def _read_setting(entry: Section) -> AutoscaleSetting:
    minimum = entry.whole("minimum", 1)
    setting = AutoscaleSetting(
        name=entry.text("name", "autoscale"),
        minimum=minimum,
        maximum=entry.whole("maximum"),
        default=entry.whole("default", minimum),
        enabled=entry.flag("enabled", True),
        target=entry.optional_text("target"),
    )
    entry.finish()
    return setting


def _read_lock(entry: Section) -> Lock:
    level, scope = entry.choice("level", LEVELS), entry.choice("scope", LOCK_SCOPES, "set")
    lock = Lock(
        name=entry.text("name", "lock"),
        level=next(each for each in LEVELS if each == level),
        scope=next(each for each in LOCK_SCOPES if each == scope),
        notes=entry.text("notes", ""),
        blocks_action=entry.flag("blocks_action", False),
    )
    entry.finish()
    return lock
