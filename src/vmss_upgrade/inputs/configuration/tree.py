"""The text of a configuration file -> a tree of its texts, each as it was written, with its position.

YAML would turn 17:00 into 61200, 22.04 into a float and 012 into 10. Only PyYAML's parser is used, which says what
stands where; nothing is constructed. Anchors, aliases and tags are refused, so a short file cannot grow into a large
tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import yaml
from yaml.reader import Reader

from vmss_upgrade.inputs.configuration.notes import Notes, quoted

DEEPEST: Final = 8  # levels; four have a meaning
_NOTHING: Final = ("", "~", "null", "Null", "NULL")  # what YAML reads as no value, unless it is in quotes


@dataclass(frozen=True, slots=True)
class Text:
    """A single value as it was written, without the quotes and breaks of YAML. `is_nothing`: a key without a value."""

    at: int
    text: str
    is_nothing: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    at: int
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Keys:
    """A mapping; every key is a text and appears once."""

    at: int
    pairs: tuple[tuple[Text, Node], ...]


@dataclass(frozen=True, slots=True)
class Unusable:
    """The place of something that is noted as a problem already."""

    at: int


Node = Text | Items | Keys | Unusable


def tree_of(text: str, notes: Notes) -> Node | None:
    """Return the tree of a file; None if it has none, which is noted, as is everything that is refused."""
    unprintable = Reader.NON_PRINTABLE.search(text)
    if unprintable:
        lack = f"the character U+{ord(unprintable.group()):04X} has no place in YAML"
        notes.add(unprintable.start(), lack, "Take it out.")
        return None
    try:
        return _Builder(yaml.parse(text, Loader=yaml.SafeLoader), notes).document()
    except yaml.MarkedYAMLError as error:
        _note_syntax(error, text, notes)
    except _TooDeep as error:
        lack = f"more than {DEEPEST} levels of lists and mappings are never needed"
        notes.add(error.at, lack, "Correct the brackets or the indentation.")
    return None


def _note_syntax(error: yaml.MarkedYAMLError, text: str, notes: Notes) -> None:
    mark = error.problem_mark or error.context_mark
    at = 0 if mark is None else mark.index
    if text[at : at + 1] == "\t":
        notes.add(at, "a tab cannot stand here", "Indent with blanks.")
        return
    said = "; ".join(str(part) for part in (error.context, error.problem) if part)
    remedy = "Correct the indentation, or put quotes around a text with a colon, a #, a ? or a bracket in it."
    notes.add(at, f"this is not YAML ({said})", remedy)


class _TooDeep(Exception):
    """A tree that goes down further than any that has a meaning."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at


class _Builder:
    """The events of a parser, put together to one tree."""

    def __init__(self, events: Iterator[yaml.Event], notes: Notes) -> None:
        self._events = events
        self._notes = notes

    def document(self) -> Node | None:
        """Return the tree of the only document."""
        next(self._events)  # the stream begins
        if not isinstance(next(self._events), yaml.DocumentStartEvent):
            self._notes.add(0, "the file says nothing", "Begin with `scale-sets:`.")
            return None
        tree = self._node(next(self._events), 1)
        next(self._events)  # the document ends
        after = next(self._events)
        if isinstance(after, yaml.DocumentStartEvent):
            self._notes.add(_start(after), "a second document begins here", "Put everything into one, without `---`.")
        return tree

    def _node(self, event: yaml.Event, level: int) -> Node:
        at = _start(event)
        if level > DEEPEST:
            raise _TooDeep(at)
        is_refused = self._refuse_indirection(event, at)
        match event:
            case yaml.MappingStartEvent():
                node: Node = self._keys(at, level)
            case yaml.SequenceStartEvent():
                node = Items(at, tuple(self._nodes(level)))
            case yaml.ScalarEvent():
                node = Text(at, event.value, is_nothing=event.implicit[0] and event.value in _NOTHING)
            case _:
                node = Unusable(at)
        return Unusable(at) if is_refused else node

    def _refuse_indirection(self, event: yaml.Event, at: int) -> bool:
        """Refuse what makes a value of something that does not stand there."""
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        if anchor is not None:
            sign = "*" if isinstance(event, yaml.AliasEvent) else "&"
            lack = f"{quoted(f'{sign}{anchor}')}: anchors and aliases are not used in this file"
            self._notes.add(at, lack, "Put what scale sets share into `defaults`, and quotes around a text.")
            return True
        if tag is not None:
            lack = f"{quoted(tag)}: tags of YAML are not used in this file"
            self._notes.add(at, lack, "Leave it out: every value is taken as it is written.")
            return True
        return False

    def _nodes(self, level: int) -> Iterator[Node]:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self._node(event, level + 1)

    def _keys(self, at: int, level: int) -> Keys:
        pairs: dict[str, tuple[Text, Node]] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key, value = self._node(event, level + 1), self._node(next(self._events), level + 1)
            if isinstance(key, Unusable):
                continue
            if not isinstance(key, Text):
                remedy = "Write a single word before the colon."
                self._notes.add(key.at, "a list or a mapping cannot be a key", remedy)
            elif key.text in pairs:
                lack = f"{quoted(key.text)} stands here a second time"
                first = self._notes.place(pairs[key.text][0].at)
                self._notes.add(key.at, lack, f"Keep one of the two; the first is in line {first.line}.")
            else:
                pairs[key.text] = key, value
        return Keys(at, tuple(pairs.values()))


def _start(event: yaml.Event) -> int:
    return event.start_mark.index if event.start_mark else 0
