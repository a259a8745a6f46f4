"""The tree of a configuration file -> its sections: the defaults, the scale sets and the waves."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from vmss_upgrade.account import AUTHORITIES
from vmss_upgrade.inputs.configuration.keys import FOR_DEFAULTS, FOR_ENTRIES, LISTS, OF_AN_ENTRY, SECRETS
from vmss_upgrade.inputs.configuration.notes import Notes, quoted
from vmss_upgrade.inputs.configuration.tree import Items, Keys, Node, Text, Unusable, tree_of
from vmss_upgrade.inputs.configuration.waves import KEYS as OF_WAVES
from vmss_upgrade.inputs.configuration.waves import waves_of
from vmss_upgrade.inputs.configuration.written import File, Section, Written
from vmss_upgrade.inputs.names import INPUTS
from vmss_upgrade.inputs.values import is_name

LONGEST_NAME: Final = 64  # characters, as of a scale set
_SECTIONS: Final = ("defaults", "scale-sets", "waves")
_CLOUDS: Final = tuple(name.lower() for name in AUTHORITIES)
_SIGNATURE: Final = re.compile(r"[?&]sig=", re.IGNORECASE)
_NAMES: Final = f"Use at most {LONGEST_NAME} letters, digits, `-`, `_` and `.`; begin with a letter or a digit."


@lru_cache(maxsize=1)  # a fleet's plan reads the same file for each scale set
def read_text(path: str, text: str) -> File:
    """Return the sections of a file, with every problem of its form. Whether values are possible is not examined."""
    notes = Notes(path, text)
    tree = tree_of(text, notes)
    defaults = Section(name="defaults", place=notes.place(0), values={})
    if not isinstance(tree, Keys):
        if isinstance(tree, Text) and tree.is_nothing:
            notes.add(tree.at, "the file says nothing", "Begin with `scale-sets:`.")
        elif isinstance(tree, (Text, Items)):
            notes.add(tree.at, "the file is not a mapping", "Begin with `scale-sets:`.")
        return File(path=path, defaults=defaults, problems=notes.problems)
    sections = _sections_of(tree, notes)
    if isinstance(found := sections.get("defaults"), Keys):
        defaults = _section("defaults", found, found.at, FOR_DEFAULTS, notes)
    entries = _entries(sections.get("scale-sets"), notes)
    are_known = "scale-sets" in sections or not notes.problems  # the section's own name may be misspelt
    names = tuple(entry.name for entry in entries) if are_known else None
    waves = waves_of(sections["waves"], names, notes) if "waves" in sections else ()
    return File(path=path, defaults=defaults, entries=entries, waves=waves, problems=notes.problems)


def _sections_of(tree: Keys, notes: Notes) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for key, value in tree.pairs:
        if key.text not in _SECTIONS:
            belongs = f"Put it below `defaults` or a scale set. The sections are {_listed(_SECTIONS)}."
            remedy = belongs if key.text in INPUTS else notes.nearest(key.text, _SECTIONS, f"Use {_listed(_SECTIONS)}.")
            notes.add(key.at, f"{quoted(key.text)} is no section of this file", remedy)
        elif isinstance(value, Text) and value.is_nothing:
            notes.add(key.at, f"{key.text}: nothing follows", "Indent what belongs to it, or leave it out.")
        elif key.text != "waves" and isinstance(value, (Text, Items)):
            notes.add(value.at, f"{key.text}: this is not a mapping", "Write `NAME: VALUE`, a line each.")
        else:
            found[key.text] = value
    if not tree.pairs:
        notes.add(tree.at, "the file says nothing", "Begin with `scale-sets:`.")
    return found


def _entries(node: Node | None, notes: Notes) -> tuple[Section, ...]:
    entries: list[Section] = []
    taken: dict[str, Text] = {}
    for key, value in node.pairs if isinstance(node, Keys) else ():
        name = key.text
        if not _is_entry_name(name):
            notes.add(key.at, f"{quoted(name)} cannot be the name of a scale set here", _NAMES)
        elif name.lower() in taken:
            lack = f"{quoted(name)} differs from {taken[name.lower()].text!r} by the case of letters alone"
            notes.add(key.at, lack, "Give each a name of its own.")
        else:
            taken[name.lower()] = key
            entries.append(_section(name, value, key.at, FOR_ENTRIES, notes))
    return tuple(entries)


def _is_entry_name(name: str) -> bool:
    return is_name(name) and len(name) <= LONGEST_NAME


def _section(name: str, node: Node, at: int, allowed: tuple[str, ...], notes: Notes) -> Section:
    values: dict[str, Written] = {}
    if isinstance(node, Items) or (isinstance(node, Text) and not node.is_nothing):
        notes.add(node.at, f"{name}: this is not a mapping", "Write `INPUT: VALUE`, indented, a line each.")
    for key, value in node.pairs if isinstance(node, Keys) else ():
        if key.text not in allowed:
            _refuse_key(key, allowed, notes)
        elif (text := _text_of(key, value, notes)) is not None:
            values[key.text] = Written(text, notes.place(value.at))
    return Section(name=name, place=notes.place(at), values=values)


def _refuse_key(key: Text, allowed: tuple[str, ...], notes: Notes) -> None:
    name = key.text
    if name in SECRETS:
        remedy = f"Make it a secret of GitHub, and give the input `{name}: ${{{{ secrets.NAME }}}}`."
        notes.add(key.at, f"{name}: a file holds no secrets", remedy)
    elif name in OF_AN_ENTRY:
        notes.add(key.at, f"{name}: this is no default, but differs by scale set", "Put it below `scale-sets`.")
    elif name in INPUTS:
        notes.add(key.at, f"{name}: this belongs to one run", "Give it as an input of the step.")
    elif name in OF_WAVES:
        notes.add(key.at, f"{name}: this belongs to a wave", "Put it below `waves`, into the wave of the scale set.")
    elif name == "<<":
        lack = "'<<': keys are not merged in this file"
        notes.add(key.at, lack, "Put what scale sets share into `defaults`.")
    else:
        otherwise = "Use an input of the action, in small letters."
        notes.add(key.at, f"{quoted(name)} is no input", notes.nearest(name, allowed, otherwise))


def _text_of(key: Text, value: Node, notes: Notes) -> str | None:
    """Return the text that the input takes; None, with a problem, if there is none."""
    name = key.text
    match value:
        case Keys():
            notes.add(value.at, f"{name}: a mapping stands here", "Write a single value.")
        case Items() if name not in LISTS:
            notes.add(value.at, f"{name}: a list stands here", "Write a single value.")
        case Items():
            return _joined(name, value, notes)
        case Text() if value.is_nothing or not value.text.strip():
            notes.add(key.at, f"{name}: no value follows", "Write one, or leave the key out.")
        case Text():
            return _sound(name, value, notes)
    return None


def _joined(name: str, items: Items, notes: Notes) -> str | None:
    """Return the items of a list as the input takes them; None, with a problem for each that cannot be one."""
    texts = []
    for item in items.items:
        if isinstance(item, Unusable):
            continue
        text = item.text.strip() if isinstance(item, Text) and not item.is_nothing else ""
        if not text or re.search(r"[,\s]", text):
            notes.add(item.at, f"{name}: this is not a single item", "Write one text or number after each dash.")
        elif _sound(name, item, notes) is not None:
            texts.append(text)
    if not items.items:
        notes.add(items.at, f"{name}: the list is empty", f"Leave `{name}` out to select all.")
    return LISTS[name].join(texts) or None


def _sound(name: str, value: Text | Items | Keys, notes: Notes) -> str | None:
    """Return the text of a value; None, with a problem, if it is not meant for a file."""
    text = value.text if isinstance(value, Text) else ""
    if any("\ud800" <= character <= "\udfff" for character in text):
        notes.add(value.at, f"{name}: half of a character stands here", "Write it as UTF-8.")
    elif "${{" in text:
        remedy = "Write the value itself, or give the input in the workflow."
        notes.add(value.at, f"{name}: expressions of workflows have no meaning in this file", remedy)
    elif _SIGNATURE.search(text):
        remedy = f"Give the input `{name}` from a secret of GitHub."
        notes.add(value.at, f"{name}: the address is signed (sig=), and a file holds no secrets", remedy)
    elif name == "environment" and text.strip().lower() not in _CLOUDS:
        remedy = f"Use one of: {', '.join(AUTHORITIES)}. An environment of GitHub belongs to a wave, below `waves`."
        notes.add(value.at, f"{name}: {quoted(text)} is no cloud of Azure", remedy)
    else:
        return text
    return None


def _listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(f'`{name}`' for name in names[:-1])} and `{names[-1]}`"
