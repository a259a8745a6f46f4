"""The problems of a configuration file, each with its place."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

from vmss_upgrade.errors import InputProblem, Place

CONFIG: Final = "config"  # the input that names the file
MOST_PROBLEMS: Final = 50
LONGEST_QUOTE: Final = 60  # characters of a text of the file in a message


class Notes:
    """The problems of one file, in the order in which they stand in it."""

    def __init__(self, path: str, text: str) -> None:
        self._path = path
        self._text = text
        self._found: dict[tuple[int, str], InputProblem] = {}

    def add(self, at: int, message: str, remedy: str) -> None:
        """Note a problem at a position in the text; a second one of the same words there is the same."""
        place = self.place(at)
        self._found.setdefault((at, message), InputProblem(CONFIG, f"{place} {message}", remedy, place))

    def place(self, at: int) -> Place:
        """Return the place of a position. Lines end as editors count them; what is behind the end is at the end."""
        before = self._text[: min(at, max(0, len(self._text) - 1))]
        return Place(self._path, before.count("\n") + 1, len(before) - before.rfind("\n"))

    @property
    def problems(self) -> tuple[InputProblem, ...]:
        """All problems, from the first line to the last; of very many, the first."""
        found = [self._found[key] for key in sorted(self._found)]
        if len(found) <= MOST_PROBLEMS:
            return tuple(found)
        more = f"{self._path} has {len(found) - MOST_PROBLEMS} more problems"
        return (*found[:MOST_PROBLEMS], InputProblem(CONFIG, more, "Correct these first."))


def quoted(text: str) -> str:
    """Return a text of the file as a message quotes it: the beginning of a long one."""
    return repr(text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}...")


def nearest(name: str, known: tuple[str, ...], otherwise: str) -> str:
    """Return the remedy for a name that nothing has: the one that was most likely meant."""
    lower = {each.lower(): each for each in known}
    near = get_close_matches(name.lower().replace("_", "-"), lower, n=1, cutoff=0.5)
    return f"Did you mean `{lower[near[0]]}`?" if near else otherwise
