"""The outcomes of a replay as tables, and the differences that are kept on purpose."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from naming import PROMISED
from replaying import Outcome

KEPT_FILE = Path(__file__).with_name("differences.yml")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "simulator.md"
_TABLE = re.compile(r"(<!-- conformance: [^\n]* -->\n)(.*?)(<!-- end of conformance -->)", re.DOTALL)
_SUMMARY = re.compile(r"(<!-- conformance in all: [^\n]* -->\n)(.*?)(<!-- end of conformance in all -->)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class KeptDifference:
    """A difference that is kept on purpose: its operation, its form, and the reason."""

    operation: str
    difference: str
    reason: str

    def explains(self, operation: str, difference: str) -> bool:
        return operation == self.operation and re.search(self.difference, difference) is not None


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: some requests and their outcomes."""

    name: str
    outcomes: tuple[Outcome, ...]

    @property
    def requests(self) -> int:
        return len(self.outcomes)

    @property
    def matched(self) -> int:
        return sum(outcome.matched for outcome in self.outcomes)

    @property
    def differing(self) -> int:
        return sum(bool(outcome.differences) for outcome in self.outcomes)

    @property
    def not_simulated(self) -> int:
        """The number of requests that the simulator answered with its 501."""
        return sum(not outcome.simulated for outcome in self.outcomes)

    @property
    def injected(self) -> int:
        """The number of errors that the simulator got as faults."""
        return sum(outcome.injected for outcome in self.outcomes)

    @property
    def share(self) -> float:
        """The share of the requests that match, from 0 to 1."""
        return self.matched / self.requests if self.requests else 1.0

    def without_injected(self) -> "Row":
        """Return the row without the injected errors."""
        return Row(self.name, tuple(outcome for outcome in self.outcomes if not outcome.injected))


@cache
def kept_differences() -> tuple[KeptDifference, ...]:
    return tuple(KeptDifference(**entry) for entry in yaml.safe_load(KEPT_FILE.read_text(encoding="utf-8")))


def unexplained(outcomes: Iterable[Outcome]) -> list[str]:
    """Return a line for every difference of a promised operation that has no reason."""
    found = []
    for outcome in outcomes:
        differences = outcome.differences if outcome.simulated else ("not simulated",)
        for difference in differences if outcome.promised else ():
            if not any(kept.explains(outcome.operation, difference) for kept in kept_differences()):
                found.append(f"{outcome.recording} [{outcome.position}] {outcome.operation}: {difference}")
    return found


def by_operation(outcomes: Sequence[Outcome]) -> list[Row]:
    """Return a row for each promised operation that was requested, in the order of the promise."""
    named = {name: [each for each in outcomes if each.promised and each.operation == name] for name in PROMISED}
    return [Row(name, tuple(found)) for name, found in named.items() if found]


def by_recording(outcomes: Sequence[Outcome]) -> list[Row]:
    """Return a row for each recording, in alphabetical order; all its requests count."""
    names = sorted({outcome.recording for outcome in outcomes})
    return [Row(name, tuple(each for each in outcomes if each.recording == name)) for name in names]


def not_promised(outcomes: Sequence[Outcome]) -> list[Row]:
    """Return a row for each operation outside the promise, simulated or not."""
    others = [outcome for outcome in outcomes if not outcome.promised]
    names = sorted({outcome.operation for outcome in others})
    return [Row(name, tuple(each for each in others if each.operation == name)) for name in names]


def written(outcomes: Sequence[Outcome]) -> str:
    """Return all three tables as text, and every difference with its reason."""
    parts = [
        _table("Operation", by_operation(outcomes)),
        _table("Recording", by_recording(outcomes)),
        _table("Outside the promise", not_promised(outcomes)),
        "\n".join(_explained(outcomes)) or "No difference.",
    ]
    return "\n\n".join(parts)


def as_markdown(rows: Sequence[Row]) -> str:
    """Return the table by operation as in docs/simulator.md, with the sum as its last row."""
    lines = [
        "| Operation | Requests | Matched | Differing | Injected | Not simulated | Share |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in [*rows, _total(rows)]:
        counts = (row.requests, row.matched, row.differing, row.injected, row.not_simulated)
        lines.append(f"| {row.name} | {' | '.join(map(str, counts))} | {row.share:.1%} |")
    return "\n".join(lines)


def _total(rows: Sequence[Row]) -> Row:
    return Row("all of them", tuple(outcome for row in rows for outcome in row.outcomes))


def summary(outcomes: Sequence[Outcome]) -> str:
    """Return the lines below the table in docs/simulator.md: the share without injected errors, and the requests
    outside the table.
    """
    everything, promised = Row("", tuple(outcomes)), _total(by_operation(outcomes)).without_injected()
    return (
        f"Without the injected errors, {promised.matched} of {promised.requests} match ({promised.share:.1%}).\n"
        f"The simulator does not cover {everything.not_simulated} of all {everything.requests} recorded requests; "
        "`make conformance` lists them."
    )


def page_table() -> str:
    """Return the table that docs/simulator.md shows."""
    return _in_page(_TABLE)


def page_summary() -> str:
    """Return the lines that docs/simulator.md has below the table."""
    return _in_page(_SUMMARY)


def _in_page(part: re.Pattern[str]) -> str:
    found = part.search(PAGE.read_text(encoding="utf-8"))
    return "" if found is None else found[2].strip()


def write_page(outcomes: Sequence[Outcome]) -> None:
    """Write the table and the lines below it into docs/simulator.md."""
    text = PAGE.read_text(encoding="utf-8")
    text = _TABLE.sub(rf"\g<1>{as_markdown(by_operation(outcomes))}\n\g<3>", text)
    text = _SUMMARY.sub(rf"\g<1>{summary(outcomes)}\n\g<3>", text)
    PAGE.write_text(text, encoding="utf-8")


def _table(title: str, rows: Sequence[Row]) -> str:
    width = max([len(title), *(len(row.name) for row in rows)])
    head = f"{title:{width}}  requests  matched  differing  not simulated  injected  share"
    lines = [
        f"{row.name:{width}}  {row.requests:8}  {row.matched:7}  {row.differing:9}  {row.not_simulated:13}  "
        f"{row.injected:8}  {row.share:5.1%}"
        for row in rows
    ]
    return "\n".join([head, *lines])


def _explained(outcomes: Sequence[Outcome]) -> list[str]:
    lines = []
    for outcome in outcomes:
        for difference in outcome.differences if outcome.promised else ():
            reasons = [kept.reason for kept in kept_differences() if kept.explains(outcome.operation, difference)]
            reason = " ".join(reasons[0].split()) if reasons else "UNEXPLAINED"
            lines.append(f"{outcome.recording} [{outcome.position}] {outcome.operation}: {difference}\n    {reason}")
    return lines
