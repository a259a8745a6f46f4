"""What a configuration file says, as it is written there: values with their places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vmss_upgrade.errors import InputProblem, Place
from vmss_upgrade.fleet.configuration import Wave


@dataclass(frozen=True, slots=True)
class Written:
    """The text of a value, and where it stands in the file."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The values of one scale set, or of the defaults: input -> what is written for it."""

    name: str
    place: Place
    values: Mapping[str, Written]


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A configuration file that could be read, with the problems that were found in it."""

    path: str
    defaults: Section
    entries: tuple[Section, ...] = ()
    waves: tuple[Wave, ...] = ()
    problems: tuple[InputProblem, ...] = ()
