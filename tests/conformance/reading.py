"""Compares the action's reading of a recorded answer with the answer itself.

A `Kind` of reading has two readers of the same answers. `read` is the action's own: its client, its translation, its
nouns. `written` finds the same facts in the raw JSON by the names of the fields, wherever they are. It shares only the
vocabulary of the facts with the translation. The facts must be equal.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from contract import Interaction, Recording

Answers = tuple[
    Interaction, ...
]  # answers that are read together: one answer, the pages of a list, an operation's start and polls
Facts = dict[str, object]


@dataclass(frozen=True, slots=True)
class Difference:
    """A fact that the action reads differently from the text."""

    fact: str
    read: object
    written: object


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of reading. `cases` finds all its answers in a recording, by method, URL and status."""

    name: str
    cases: Callable[[Recording], Iterable[Answers]]
    read: Callable[[Answers], Facts]
    written: Callable[[Answers], Facts]

    def differences(self, answers: Answers, *, held_against: Answers | None = None) -> list[Difference]:
        """Return the differences of the two readers; `held_against` gives `written` other answers than `read`."""
        read, written = self.read(answers), self.written(held_against or answers)
        pairs = ((fact, read.get(fact), value) for fact, value in written.items())
        return [Difference(*pair) for pair in pairs if not agree(*pair[1:])]


def agree(read: object, written: object) -> bool:
    """Return True if the facts are equal, or if the text is a set of words that are all in the reading."""
    return written <= read if isinstance(written, set) and isinstance(read, set) else read == written


class Leaves:
    """JSON as flat pairs of a dotted path and a value; null counts as absent, an empty list or object as a value."""

    def __init__(self, body: Any) -> None:
        self.pairs = list(_leaves(body, ""))

    def named(self, pattern: str) -> list[tuple[str, Any]]:
        """Return the pairs whose path ends in `pattern`, which begins at a dot; the nearest first, ignoring case."""
        wanted = re.compile(rf"(?:^|\.)(?:{pattern})$", re.IGNORECASE)
        return sorted((pair for pair in self.pairs if wanted.search(pair[0])), key=lambda pair: pair[0].count("."))

    def nearest(self, pattern: str, default: Any = None) -> Any:
        """Return the value nearest to the top whose path ends in `pattern`."""
        return next((value for _, value in self.named(pattern)), default)

    def under(self, path: str) -> dict[str, Any]:
        """Return the pairs below a path, named from there."""
        return {name.removeprefix(f"{path}."): value for name, value in self.pairs if name.startswith(f"{path}.")}

    def text(self, pattern: str) -> str:
        """Return `nearest` as text, empty if there is none."""
        return str(self.nearest(pattern, ""))


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    inside: Iterable[tuple[Any, Any]]
    if isinstance(value, dict) and value:
        inside = value.items()
    elif isinstance(value, list) and value:
        inside = enumerate(value)
    else:
        if value is not None:
            yield path, value
        return
    for name, each in inside:
        yield from _leaves(each, f"{path}.{name}" if path else str(name))


def path_of(url: str) -> str:
    """Return the path of a URL in lower case: Azure matches it without regard to case."""
    return re.sub(r"^https?://[^/]*", "", url).partition("?")[0].rstrip("/").lower()


def answered(recording: Recording, methods: str, path: str, statuses: Iterable[int]) -> Iterator[Interaction]:
    """Return the answers to requests of these methods (`GET PUT`) whose path ends in the pattern `path`."""
    for each in recording.interactions:
        if each.method in methods.split() and each.status in statuses and re.search(rf"{path}$", path_of(each.url)):
            yield each


def secure(url: str) -> str:
    """Return a URL as Azure wrote it: the Java recorder turns https into http, over which the SDK sends no token."""
    return re.sub("^http://", "https://", url)


def header(interaction: Interaction, name: str) -> str:
    """Return a header of the answer, empty if there is none."""
    value = interaction.headers.get(name, "")
    return value if isinstance(value, str) else value[0]
