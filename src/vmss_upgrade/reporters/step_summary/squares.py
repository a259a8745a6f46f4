"""The heatmap as a table: a row per domain, a square per instance. The words say the same as the squares."""

from __future__ import annotations

import re
from collections import defaultdict

from vmss_upgrade.reporters.heatmap import Heatmap, Row, sign
from vmss_upgrade.reporters.sanitiser.text import count
from vmss_upgrade.reporters.step_summary.markup import folded, table, unbroken
from vmss_upgrade.rollout.history.cells import Cell

SQUARES = 10  # that stand together; a line of a narrow page has as many, one of a wide page several times as many
MOST_ROWS = 10  # of which none is folded
_JOINED = "&#8288;"  # keeps two squares on one line
_COUNT = re.compile(r"(\d) ")  # stays on the line of the word that it counts
_FOLDED = (Cell.NEW, Cell.OLD, Cell.CURRENT, Cell.NOT_RETURNED, Cell.ROLLED_BACK)


def as_markdown(before: Heatmap, now: Heatmap) -> list[str]:
    """Return the instances as last seen; those before too if they were not all alike.

    Rows of instances that are all new, or all old, are folded if there are many rows.
    """
    old, new = ({row.label: row for row in heatmap.rows} for heatmap in (before, now))
    labels = list(dict.fromkeys([*old, *new]))
    alike = {label: _alike(new[label]) for label in labels if label in new} if len(labels) > MOST_ROWS else {}
    shown = [label for label in labels if alike.get(label) is None]
    shows_before = len(before.cells) > 1 and before.rows != now.rows
    heading = [now.kind.value.capitalize(), "Now", *(["Before"] if shows_before else [])]
    rows = [_row(label, new.get(label), old.get(label), shows_before=shows_before) for label in shown]
    lines = table(heading, rows) if shown else []
    drawn = set[Cell]().union(*(_cells(heatmap, shown) for heatmap in ((now, before) if shows_before else (now,))))
    kinds = [cell for cell in Cell if cell in drawn]
    legend = " · ".join(f"{sign(cell)} {cell.value}" for cell in kinds)
    rest = _folded(new, alike)
    return [*lines, *(["", legend] if shown else []), *([""] if shown and rest else []), *rest]


def _row(label: str, now: Row | None, before: Row | None, *, shows_before: bool) -> list[str]:
    words = _COUNT.sub(r"\1&nbsp;", now.summary) if now else "none"
    name = f"{unbroken(label)}: {words}"
    return [name, _drawn(now), *([_drawn(before)] if shows_before else [])]


def _alike(row: Row) -> Cell | None:
    """Return what all instances of a row are, if they are all alike and nothing about them matters."""
    kinds = {cell for part in row.fault_domains for cell in part}
    return kinds.pop() if len(kinds) == 1 and kinds <= set(_FOLDED) else None


def _cells(heatmap: Heatmap, labels: list[str]) -> set[Cell]:
    return {cell for row in heatmap.rows if row.label in labels for part in row.fault_domains for cell in part}


def _folded(rows: dict[str, Row], alike: dict[str, Cell | None]) -> list[str]:
    """Return a folded line for each kind of rows that are all alike."""
    groups: dict[Cell, list[str]] = defaultdict(list)
    for label, cell in alike.items():
        if cell is not None:
            groups[cell].append(label)
    lines: list[str] = []
    for cell, labels in groups.items():
        sizes = {label: sum(map(len, rows[label].fault_domains)) for label in labels}
        size = f"{count(len(labels), 'domain')} with {count(sum(sizes.values()), 'instance')}"
        title = f"{sign(cell)} all {cell.value}: {size}"
        lines += folded(title, [" · ".join(f"{unbroken(label)}: {size}" for label, size in sizes.items())])
    return lines


def _drawn(row: Row | None) -> str:
    """Return the squares, with a gap between fault domains, and after ten."""
    parts = row.fault_domains if row else ()
    tens = [part[at : at + SQUARES] for part in parts for at in range(0, len(part), SQUARES)]
    return " ".join(_JOINED.join(sign(cell) for cell in ten) for ten in tens)
