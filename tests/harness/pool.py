"""Many cases on all cores: each one that is wrong is told with the command that plays it again, then the figures."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Verdict:
    """What one case, or `cases` of them, came to: `kind` is what they are counted by, `wrong` says what is wrong."""

    replay: str
    kind: str
    wrong: tuple[str, ...]
    cases: int = 1

    def tell(self) -> None:
        """Say what is wrong, and how to play it again."""
        print("\n  ".join(["FAILED", *self.wrong, f"again: {self.replay}"]), flush=True)


def sweep(noun: str, judge: Callable[[T], Verdict], cases: Iterable[T], *, chunk: int = 1) -> list[Verdict]:
    """Judge all cases, `chunk` of them at a time in one process. Returns the verdicts on those that are wrong."""
    began, kinds, wrong = time.monotonic(), Counter[str](), []
    with ProcessPoolExecutor() as pool:
        for verdict in pool.map(judge, cases, chunksize=chunk):
            kinds[verdict.kind] += verdict.cases
            if verdict.wrong:
                wrong.append(verdict)
                verdict.tell()
    seconds, count = time.monotonic() - began, kinds.total()
    counted = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common())
    print(f"{count} {noun} in {seconds:.0f} s, {count / seconds:.1f} a second, {len(wrong)} failed: {counted}.")
    return wrong
