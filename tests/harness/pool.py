"""Judges many cases on all cores. Prints each failure with the command that replays it, and then the figures."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from inspect import isgeneratorfunction
from types import ModuleType
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Verdict:
    """The result of one case, or of `cases` of them: `kind` is its heading in the count, `wrong` lists the problems."""

    replay: str
    kind: str
    wrong: tuple[str, ...]
    cases: int = 1


def checks_of(*modules: ModuleType) -> dict[str, Callable[[Any], Iterator[str]]]:
    """Return the checks of the modules by name: their public generators, which yield a sentence for a broken rule."""
    return {
        name: value
        for module in modules
        for name, value in vars(module).items()
        if isgeneratorfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
    }


def sweep(noun: str, judge: Callable[[T], Verdict], cases: Iterable[T], *, chunk: int = 1) -> list[Verdict]:
    """Judge all cases, `chunk` of them at a time in one process. Return the verdicts on the wrong ones."""
    began, kinds, wrong = time.monotonic(), Counter[str](), []
    with ProcessPoolExecutor() as pool:
        for verdict in pool.map(judge, cases, chunksize=chunk):
            kinds[verdict.kind] += verdict.cases
            if verdict.wrong:
                wrong.append(verdict)
                print("\n  ".join(["FAILED", *verdict.wrong, f"again: {verdict.replay}"]), flush=True)
    seconds, count = time.monotonic() - began, kinds.total()
    counted = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common())
    print(f"{count} {noun} in {seconds:.0f} s, {count / seconds:.1f} a second, {len(wrong)} failed: {counted}.")
    return wrong
