"""All checks by name. Each takes the truth of a run and yields a sentence for every broken rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import isgeneratorfunction

from sweeps.seeds import checks_back, checks_calm, checks_lies, checks_reports, checks_writes
from sweeps.seeds.truth import Truth

CHECKS: dict[str, Callable[[Truth], Iterator[str]]] = {
    name.replace("_", "-"): check
    for module in (checks_writes, checks_back, checks_lies, checks_reports, checks_calm)
    for name, check in vars(module).items()
    if isgeneratorfunction(check) and check.__module__ == module.__name__ and not name.startswith("_")
}
