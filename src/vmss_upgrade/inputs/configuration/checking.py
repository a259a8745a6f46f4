"""The whole configuration file, for a fleet: every value of every scale set is examined by the parser of its input."""

from __future__ import annotations

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
        raise InputError(problems)
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
    """Return what is wrong with the values of a file, from its first line to its last; of very many, the first."""
    found: dict[tuple[int, int, str], InputProblem] = {}
    for problem in _problems(file, now):
        if problem.place is not None:
            found.setdefault((problem.place.line, problem.place.column, problem.message), problem)
    return [found[key] for key in sorted(found)][:MOST_PROBLEMS]


def _problems(file: File, now: float) -> Iterator[InputProblem]:
    """Yield the problems of all layers; those without a place are about what an input may still give."""
    sets: dict[tuple[str, str, str], Section] = {}
    yield from _of_values(file.defaults.values, now)
    for entry in file.entries:
        values = merged(entry, file.defaults)
        yield from _of_values({"scale-set": Written(entry.name, entry.place), **values}, now)
        coordinates = scale_set_in(entry, file.defaults, {})
        other = sets.setdefault(coordinates, entry)
        if coordinates[2] and other is not entry:
            lack = f"{entry.place} {entry.name}: this is the scale set of {other.name} as well"
            yield InputProblem(CONFIG, lack, "Keep one of the two.", entry.place)


def _of_values(written: Mapping[str, Written], now: float) -> list[InputProblem]:
    form = Form({}, written)
    account_of(form)
    image_of(form, Command.UPGRADE)
    policy_of(form, now)
    files_of(form)
    return form.problems
