"""The configuration file that the inputs name, and the form in which its values lie below the inputs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from vmss_upgrade.errors import InputProblem, Place
from vmss_upgrade.inputs.configuration.keys import FOR_ENTRIES
from vmss_upgrade.inputs.configuration.layers import Configured, configured
from vmss_upgrade.inputs.configuration.notes import CONFIG, Notes
from vmss_upgrade.inputs.configuration.written import File, Written
from vmss_upgrade.inputs.files import Unusable, bytes_below
from vmss_upgrade.inputs.form import Form
from vmss_upgrade.inputs.names import INPUTS, NEED_POST_STEP, NO_POST_STEP

LARGEST: Final = 256 * 1024  # bytes
# what the main step saved for its post step, which later steps may have left without the file, or with another one
SAVED: Final = "config"
_REMEDY: Final = "Check out the repository first, and give the file relative to it, such as .github/vmss-upgrade.yml."


@dataclass(frozen=True, slots=True)
class Layered:
    """The inputs with the values of the file below them. `is_usable`: the file says what concerns this run."""

    form: Form
    source: Configured | None = None
    is_usable: bool = True


def layered(environ: Mapping[str, str]) -> Layered:
    """Return the inputs, with the values of the configuration file, if one is given, below them."""
    form = Form(environ)
    if saved := environ.get(f"STATE_{SAVED}"):
        return Layered(_form(environ, _loaded(saved)))
    if not form[CONFIG]:
        return Layered(form)
    file = file_of(form)
    found = _choose(file, form) if file else None
    if file is None or not isinstance(found, Configured):
        form.problems.extend((*(file.problems if file else ()), *((found,) if found else ())))
        return Layered(form, is_usable=False)
    form = _form(environ, found.values)
    form.problems.extend(file.problems)
    if form.variable(NO_POST_STEP):
        _refuse_what_needs_a_post_step(form, found.values)
    return Layered(form, found)


def _refuse_what_needs_a_post_step(form: Form, written: Mapping[str, Written]) -> None:
    for name in NEED_POST_STEP.keys() & written.keys():
        if written[name].text.strip().lower() != "false":
            lack = "needs the post step of the GitHub action, which undoes it if the run is killed"
            form.problem(name, lack, NEED_POST_STEP[name])


def _choose(file: File, form: Form) -> Configured | InputProblem | None:
    """Return what the file says for this run; None if it has no sections because it cannot be read."""
    if file.problems and not (file.entries or file.defaults.values):
        return None
    return configured(file, {name: text for name in INPUTS if (text := form.given(name))})


def _form(environ: Mapping[str, str], written: Mapping[str, Written]) -> Form:
    """Return the inputs above what is written; a scale set that is written stands in for the name of an entry."""
    hidden = {"INPUT_SCALE-SET": ""} if "scale-set" in written else {}
    return Form({**environ, **hidden}, written)


def file_of(form: Form) -> File | None:
    """Return the file that `config` names, with the problems in it; None, with a problem, if it cannot be read."""
    path, workspace = form[CONFIG], form.variable("GITHUB_WORKSPACE") or "."
    try:
        contents = bytes_below(workspace, path, LARGEST)
        if _is_below_git(workspace, path):
            raise Unusable("is below a .git folder, where nothing is reviewed")
    except Unusable as error:
        form.problem(CONFIG, f"{path!r} {error}", _REMEDY)
        return None
    from vmss_upgrade.inputs.configuration.sections import (
        read_text,  # here: few runs have a file, and YAML loads slowly
    )

    try:
        return read_text(path, contents.decode("utf-8").removeprefix("\ufeff"))
    except UnicodeDecodeError as error:
        notes = Notes(path, contents[: error.start].decode("utf-8").removeprefix("\ufeff") + "?")
        notes.add(error.start, "a byte that is not UTF-8 stands here", "Save the file as UTF-8.")
        form.problems.extend(notes.problems)
        return None


def _is_below_git(workspace: str, path: str) -> bool:
    root = Path(workspace).resolve()
    found = (root / path).resolve().relative_to(root)
    return any(part.lower() == ".git" for part in (*PurePosixPath(path).parts, *found.parts))


def _loaded(saved: str) -> dict[str, Written]:
    """Return the values that `Configured.as_value` wrote; none if they cannot be read."""
    try:
        path, values = json.loads(saved)
        return {
            name: Written(str(text), Place(str(path), int(line), int(column)))
            for name, (text, line, column) in values.items()
            if name in FOR_ENTRIES
        }
    except (ValueError, TypeError, AttributeError, RecursionError):
        return {}
