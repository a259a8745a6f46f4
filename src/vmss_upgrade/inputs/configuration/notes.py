"""The problems of a configuration file, each with its place."""

from __future__ import annotations

from bisect import bisect_left
from difflib import get_close_matches
from typing import Final

from vmss_upgrade.errors import InputProblem, Place

CONFIG: Final = "config"  # the input that names the file
MOST_PROBLEMS: Final = 50
MOST_KNOWN: Final = 500  # names that a wrong one is compared with, which takes long
LONGEST_QUOTE: Final = 60  # characters of a text of the file in a message


class Notes:
    """The problems of one file, in the order in which they stand in it."""

    def __init__(self, path: str, text: str) -> None:
        self._path = path
        self._last = max(0, len(text) - 1)
        self._breaks = [at for at, character in enumerate(text) if character == "\n"]
        self._found: dict[tuple[int, str], InputProblem] = {}

    def add(self, at: int, message: str, remedy: str) -> None:
        """Note a problem at a position in the text; a second one of the same words there is the same."""
        place = self.place(at)
        self._found.setdefault((at, message), InputProblem(CONFIG, f"{place} {message}", remedy, place))

    def place(self, at: int) -> Place:
        """Return the place of a position. Lines end as editors count them; what is behind the end is at the end."""
        at = min(at, self._last)
        line = bisect_left(self._breaks, at)
        return Place(self._path, line + 1, at - (self._breaks[line - 1] if line else -1))

    def nearest(self, name: str, known: tuple[str, ...], otherwise: str) -> str:
        """Return the remedy for a name that nothing has; of very many such names, the first are compared alone."""
        return otherwise if len(self._found) > MOST_PROBLEMS else nearest(name, known, otherwise)

    @property
    def problems(self) -> tuple[InputProblem, ...]:
        """All problems, from the first line to the last; of very many, the first."""
        found = [self._found[key] for key in sorted(self._found)]
        if len(found) <= MOST_PROBLEMS:
            return tuple(found)
        place = found[MOST_PROBLEMS].place
        more = f"{place} {len(found) - MOST_PROBLEMS} more problems begin here"
        return (*found[:MOST_PROBLEMS], InputProblem(CONFIG, more, "Correct those before it first.", place))


def quoted(text: str) -> str:
    """Return a text of the file as a message quotes it: the beginning of a long one."""
    return repr(text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}...")


def nearest(name: str, known: tuple[str, ...], otherwise: str) -> str:
    """Return the remedy for a name that nothing has: the one that was most likely meant. Of very many, none is."""
    if len(known) > MOST_KNOWN or len(name) > LONGEST_QUOTE:
        return otherwise
    lower = {each.lower(): each for each in known}
    near = get_close_matches(name.lower().replace("_", "-"), lower, n=1, cutoff=0.5)
    return f"Did you mean `{lower[near[0]]}`?" if near else otherwise
