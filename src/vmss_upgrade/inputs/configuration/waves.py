"""The waves of a configuration file."""

from __future__ import annotations

from typing import Final

from vmss_upgrade.fleet.configuration import Tag, Wave
from vmss_upgrade.inputs.configuration.notes import Notes, quoted
from vmss_upgrade.inputs.configuration.tree import Items, Keys, Node, Text, Unusable
from vmss_upgrade.inputs.values import is_name, nearest_duration, parse_duration, parse_number

MOST_PARALLEL: Final = 256  # jobs of a matrix, which is GitHub's limit
LONGEST_BAKE: Final = 5 * 3600.0  # seconds; a job of GitHub's own runners ends after six hours
LONGEST_NAME: Final = 64
LONGEST_ENVIRONMENT: Final = 255  # characters, which is GitHub's limit
LONGEST_TAG_NAME: Final = 512  # characters, which is Azure's limit, as is the next
LONGEST_TAG_VALUE: Final = 256
_NAMES: Final = f"Use at most {LONGEST_NAME} letters, digits, `-`, `_` and `.`; begin with a letter or a digit."
KEYS: Final = (
    *("name", "scale-sets", "tag", "max-parallel", "environment", "bake-time", "stop-after-failures"),
)  # fmt: skip


def waves_of(node: Node, entries: tuple[str, ...] | None, notes: Notes) -> tuple[Wave, ...]:
    """Return the waves; each problem is noted. `entries`: the names of the scale sets in the file (None: not known)."""
    if isinstance(node, (Text, Keys)):
        notes.add(node.at, "waves: this is not a list", "Begin each wave with a dash and `name: NAME`.")
    if not isinstance(node, Items):
        return ()
    if not node.items:
        notes.add(node.at, "waves: the list is empty", "Begin each wave with `name: NAME`, or leave `waves` out.")
    reader = _Reader(entries, notes)
    found = [reader.wave(each, number) for number, each in enumerate(node.items, start=1)]
    return tuple(wave for wave in found if wave is not None)


class _Reader:
    """The waves, read one by one: names are taken once, and a scale set is in one wave."""

    def __init__(self, entries: tuple[str, ...] | None, notes: Notes) -> None:
        self._entries = entries
        self._notes = notes
        self._names: set[str] = set()
        self._wave_of: dict[str, str] = {}

    def wave(self, node: Node, number: int) -> Wave | None:
        """Return a wave; None if it is none at all."""
        if not isinstance(node, Keys):
            if not isinstance(node, Unusable):
                self._notes.add(node.at, f"wave {number} is not a mapping", "Begin it with a dash and `name: NAME`.")
            return None
        values: dict[str, Node] = {}
        for key, value in node.pairs:
            if key.text not in KEYS:
                remedy = self._notes.nearest(key.text, KEYS, f"Use {', '.join(KEYS)}.")
                self._notes.add(key.at, f"{quoted(key.text)} is no key of a wave", remedy)
            elif isinstance(value, Text) and (value.is_nothing or not value.text.strip()):
                self._notes.add(key.at, f"{key.text}: no value follows", "Write one, or leave the key out.")
                values[key.text] = Unusable(key.at)
            else:
                values[key.text] = value
        name = self._name(values.get("name"), node.at, number)
        if not values.keys() & {"scale-sets", "tag"}:
            lack = f"wave {number} has no scale sets"
            self._notes.add(
                node.at, lack, "Name them in `scale-sets: [NAME, NAME]`, or find them by `tag: NAME=VALUE`."
            )
        return Wave(
            name=name,
            number=number,
            members=self._members(values.get("scale-sets"), name),
            tags=tuple(tag for text in self._texts("tag", values.get("tag")) if (tag := self._tag(text))),
            max_parallel=self._number("max-parallel", values.get("max-parallel"), MOST_PARALLEL),
            environment=self._environment(values.get("environment")),
            bake_time=self._bake_time(values.get("bake-time")),
            stop_after_failures=self._number("stop-after-failures", values.get("stop-after-failures")) or 1,
        )

    def _name(self, node: Node | None, at: int, number: int) -> str:
        remedy = "Write `name: NAME`, such as `name: canary`."
        if node is None:
            self._notes.add(at, f"wave {number} has no name", remedy)
        text = self._text("name", node)
        if text is None:
            return ""
        name = text.text
        if not is_name(name) or len(name) > LONGEST_NAME:
            lack = f"{quoted(name)} cannot be the name of a wave"
            self._notes.add(text.at, lack, _NAMES)
        elif name.isdecimal():
            lack = f"{quoted(name)} cannot be the name of a wave: the input `waves` counts them by numbers"
            self._notes.add(text.at, lack, "Use a word.")
        elif name.lower() in self._names:
            self._notes.add(text.at, f"{quoted(name)} names an earlier wave already", "Give each a name of its own.")
        self._names.add(name.lower())
        return name

    def _members(self, node: Node | None, wave: str) -> tuple[str, ...]:
        if isinstance(node, Text):
            self._notes.add(node.at, "scale-sets: this is not a list", "Write `scale-sets: [NAME, NAME]`.")
            return ()
        if self._entries is None:
            return ()
        by_name = {name.lower(): name for name in self._entries}
        members = []
        for text in self._texts("scale-sets", node):
            name = by_name.get(text.text.lower())
            if name is None:
                otherwise = "Add it to `scale-sets`, with its values."
                remedy = self._notes.nearest(text.text, self._entries, otherwise)
                self._notes.add(text.at, f"{quoted(text.text)} is no scale set of this file", remedy)
            elif name in self._wave_of:
                lack = f"{quoted(name)} is in wave {quoted(self._wave_of[name])} already"
                self._notes.add(text.at, lack, "Keep one of the two.")
            else:
                self._wave_of[name] = wave
                members.append(name)
        return tuple(members)

    def _tag(self, text: Text) -> Tag | None:
        name, sign, value = (part.strip() for part in text.text.partition("="))
        is_possible = (
            0 < len(name) <= LONGEST_TAG_NAME
            and len(value) <= LONGEST_TAG_VALUE
            and not set(name) & set("<>%&\\?/")
            and text.text.isprintable()
        )
        if not sign or not is_possible:
            lack = f"tag: {quoted(text.text)} is not the name and the value of a tag"
            self._notes.add(text.at, lack, "Write `tag: NAME=VALUE`, such as `tag: role=web`.")
            return None
        return Tag(name, value)

    def _environment(self, node: Node | None) -> str:
        text = self._text("environment", node)
        if text is None:
            return ""
        if not text.text.isprintable() or len(text.text) > LONGEST_ENVIRONMENT or "${{" in text.text:
            lack = f"environment: {quoted(text.text)} cannot be the name of an environment"
            self._notes.add(text.at, lack, "Give the name that stands in the settings of the repository.")
        return text.text

    def _bake_time(self, node: Node | None) -> float:
        text = self._text("bake-time", node)
        if text is None:
            return 0.0
        seconds = parse_duration(text.text)
        if seconds is None:
            near = nearest_duration(text.text)
            remedy = f"Did you mean `{near}`?" if near else "Write 90s, 5m, 1h30m, PT5M or plain seconds."
            self._notes.add(text.at, f"bake-time: {quoted(text.text)} is not a duration", remedy)
        elif seconds > LONGEST_BAKE:
            lack = f"bake-time: {quoted(text.text)} is longer than a job of GitHub's can wait"
            self._notes.add(
                text.at, lack, "Write at most 5h, or let an environment with a wait timer hold the next wave."
            )
        return seconds or 0.0

    def _number(self, key: str, node: Node | None, most: int | None = None) -> int | None:
        text = self._text(key, node)
        number = parse_number(text.text) if text else None
        if text and (not number or (most and number > most)):
            ends = f"from 1 to {most}" if most else "from 1 on"
            self._notes.add(text.at, f"{key}: {quoted(text.text)} is not a number {ends}", "Write a whole number.")
            return None
        return number

    def _text(self, key: str, node: Node | None) -> Text | None:
        """Return a single text; None, noted, for a list or a mapping."""
        if isinstance(node, (Items, Keys)):
            self._notes.add(node.at, f"{key}: a list or a mapping stands here", "Write a single value.")
        return Text(node.at, node.text.strip()) if isinstance(node, Text) else None

    def _texts(self, key: str, node: Node | None) -> list[Text]:
        """Return the texts of a list, or a single one."""
        found: list[Text] = []
        if isinstance(node, Items) and not node.items:
            self._notes.add(node.at, f"{key}: the list is empty", "Name at least one, or leave it out.")
        for item in node.items if isinstance(node, Items) else (node,):
            text = self._text(key, item)
            if text is None:
                continue
            if text.text and not (isinstance(item, Text) and item.is_nothing):
                found.append(text)
            else:
                self._notes.add(text.at, f"{key}: an item of the list is empty", "Take it out.")
        return found
