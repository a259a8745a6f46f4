"""Changes that make the action wrong on purpose. They find public names in whatever module defines them."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

import vmss_upgrade

# public name -> its replacement, which gets the replaced object as its first argument
Wrong = Mapping[str, Callable[..., Any]]


def nothing(*_: Any, **__: Any) -> tuple[()]:
    """Do nothing, and return nothing."""
    return ()


def mutate(patch: pytest.MonkeyPatch, wrong: Wrong) -> None:
    """Replace functions, methods and properties (`Class.name`); a name with homonyms is given as `module.name`.

    Raises LookupError for a name that the action lacks or has twice, ValueError for a private one.
    """
    for name, replacement in wrong.items():
        _replace(patch, name, replacement)


def _replace(patch: pytest.MonkeyPatch, name: str, wrong: Callable[..., Any]) -> None:
    owner, _, last = name.rpartition(".")
    if last.startswith("_"):
        raise ValueError(f"{name} is private to its module")
    if owner[:1].isupper():
        holder = _only(owner, _defined(owner))
        patch.setattr(holder, last, _around(vars(holder)[last], wrong))
        return
    real = _only(name, _defined(last, owner))
    replaced = _around(real, wrong)
    for module in _modules():
        for key, value in list(vars(module).items()):
            if value is real:
                patch.setattr(module, key, replaced)


def _around(real: Any, wrong: Callable[..., Any]) -> Any:
    if isinstance(real, property):
        return property(lambda self: wrong(real.fget, self))
    return lambda *arguments, **named: wrong(real, *arguments, **named)


def _defined(name: str, module: str = "") -> Iterator[Any]:
    """Return the objects that the action's modules define, not just import, under this name."""
    for each in _modules():
        is_meant = not module or each.__name__.endswith(f".{module}")
        value = vars(each).get(name)
        if is_meant and getattr(value, "__module__", "") == each.__name__:
            yield value


def _only(name: str, found: Iterator[Any]) -> Any:
    objects = [*found]
    if len(objects) != 1:
        raise LookupError(f"{name} is defined {len(objects)} times")
    return objects[0]


def _modules() -> Iterator[ModuleType]:
    for info in pkgutil.walk_packages(vmss_upgrade.__path__, "vmss_upgrade."):
        yield importlib.import_module(info.name)


def ends(outcomes: Mapping[str, str]) -> Wrong:
    """Make rollouts that end in one way report another one."""

    def renamed(real: Any, *arguments: Any) -> Iterator[Any]:
        for event in real(*arguments):
            ending = getattr(event, "ending", None)
            other = outcomes.get(ending.outcome.value) if ending is not None else None
            yield replace(event, ending=replace(ending, outcome=type(ending.outcome)(other))) if other else event

    return {"run_rollout": renamed}
