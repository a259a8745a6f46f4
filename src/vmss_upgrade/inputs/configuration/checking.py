"""The whole configuration file, for a fleet: every value of every scale set is examined by the parser of its input."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

from vmss_upgrade.errors import InputError, InputProblem
from vmss_upgrade.fleet.configuration import Configuration, Entry
from vmss_upgrade.inputs.account import account_of
from vmss_upgrade.inputs.configuration.file import file_of
from vmss_upgrade.inputs.configuration.layers import merged, scale_set_in
from vmss_upgrade.inputs.configuration.notes import CONFIG, MOST_PROBLEMS
from vmss_upgrade.inputs.configuration.written import File, Section, Written
from vmss_upgrade.inputs.files import files_of
from vmss_upgrade.inputs.form import EMPTY, Form
from vmss_upgrade.inputs.image import image_of
from vmss_upgrade.inputs.policy import policy_of
from vmss_upgrade.rollout.order import Command


def read_configuration(environ: Mapping[str, str], *, now: float = 0.0) -> Configuration:
    """Return what the file in the input `config` says of the whole fleet. Raises InputError with every problem in it.

    `now`: the date, as seconds since 1970, from which a time of day is the next one.
    """
    form = Form(environ)
    if not form[CONFIG]:
        form.problem(CONFIG, f"is missing {EMPTY}", "Give the file that names the scale sets and the waves.")
        raise InputError(form.problems)
    file = file_of(form)
    if file is None:
        raise InputError(form.problems)
    if problems := [*file.problems, *problems_of_values(file, now)]:
        raise InputError(sorted(problems, key=_position))
    return Configuration(
        defaults=_texts(file.defaults.values),
        entries=tuple(Entry(name=each.name, values=_values(each, file.defaults)) for each in file.entries),
        waves=file.waves,
    )


def _values(entry: Section, defaults: Section) -> dict[str, str]:
    return {"scale-set": entry.name, **_texts(merged(entry, defaults))}


def _texts(values: Mapping[str, Written]) -> dict[str, str]:
    return {name: each.text for name, each in values.items()}


def problems_of_values(file: File, now: float) -> list[InputProblem]:
    """Return what is wrong with the values of a file, each once; of very many, the first."""
    found: dict[InputProblem, None] = {}
    for problem in _problems(file, now):
        if problem.place is not None:
            found[problem] = None
        if len(found) == MOST_PROBLEMS:
            break
    return list(found)


def _position(problem: InputProblem) -> tuple[int, int]:
    return (problem.place.line, problem.place.column) if problem.place else (sys.maxsize, 0)


def _problems(file: File, now: float) -> Iterator[InputProblem]:
    """Yield the problems of all layers; those without a place are about what an input may still give."""
    sets: dict[tuple[str, str, str], Section] = {}
    of_defaults = _of_values(file.defaults.values, now)
    yield from of_defaults
    for entry in file.entries:
        values = {"scale-set": Written(entry.name, entry.place), **merged(entry, file.defaults)}
        for problem in _of_values(values, now):
            if problem not in of_defaults:
                yield _at_home(problem, entry)
        coordinates = scale_set_in(entry, file.defaults, {})
        other = sets.setdefault(coordinates, entry)
        if coordinates[2] and other is not entry:
            lack = f"{entry.place} {entry.name}: this is the scale set of {other.name} as well"
            yield InputProblem(CONFIG, lack, "Keep one of the two.", entry.place)


def _at_home(problem: InputProblem, entry: Section) -> InputProblem:
    """Return a problem of a scale set at a place of its own, also if it is about a default that does not fit it."""
    if problem.place is None or problem.place in [each.place for each in entry.values.values()]:
        return problem
    said = problem.message.removeprefix(f"{problem.place} ")
    return InputProblem(CONFIG, f"{entry.place} {entry.name}, with the defaults: {said}", problem.remedy, entry.place)


def _of_values(written: Mapping[str, Written], now: float) -> list[InputProblem]:
    form = Form({}, written)
    account_of(form)
    image_of(form, Command.UPGRADE)
    policy_of(form, now)
    files_of(form)
    return form.problems
