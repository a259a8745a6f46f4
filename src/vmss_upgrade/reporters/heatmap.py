"""The heatmap: a row per domain, a cell per instance ordered by fault domain. Readable without colour."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from vmss_upgrade.reporters.sanitiser.text import clean
from vmss_upgrade.rollout.history.cells import Cell
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.planning.grouping import finest_shown
from vmss_upgrade.rollout.scale_set import Domain, DomainKind, Instance
from vmss_upgrade.rollout.wording import in_natural_order

CELLS_PER_LINE = 50  # of a log
MOST_LINES = 10  # of a heatmap that is drawn whole again and again

LONGEST_ZONE = 40  # characters
_SHORT = {DomainKind.UPDATE: "UD", DomainKind.FAULT: "FD"}
_ALONE = {DomainKind.ZONE: "zone {zone}", DomainKind.SET: "all"}

# cell -> glyph and colour in a log, sign in a summary
_LOOKS = {
    Cell.OLD: ("□", "93", "⬜"),
    Cell.UPGRADING: ("◐", "96", "🔄"),
    Cell.NEW: ("■", "92", "✅"),
    Cell.ROLLED_BACK: ("↩", "93", "↩️"),
    Cell.FAILED: ("✖", "1;91", "❌"),
    Cell.SKIPPED: ("·", "90", "⏭️"),
    Cell.RETURNING: ("◐", "96", "🔄"),
    Cell.NOT_RETURNED: ("■", "93", "🆕"),
    Cell.CURRENT: ("■", "92", "✅"),
    Cell.BEHIND: ("□", "93", "⬜"),
    Cell.UNHEALTHY: ("✖", "1;91", "❌"),
    Cell.STOPPED: ("·", "90", "⏸️"),
    Cell.UNKNOWN: ("?", "96", "❔"),
    Cell.ATTACHED: ("·", "90", "⏭️"),
}


_ON_THE_WAY_BACK = {Cell.UPGRADING: Cell.RETURNING, Cell.NEW: Cell.NOT_RETURNED}


@dataclass(frozen=True, slots=True)
class Row:
    """One domain: its label, and the cells of its instances, a tuple per fault domain."""

    label: str
    fault_domains: tuple[tuple[Cell, ...], ...]

    @property
    def summary(self) -> str:
        """The number of cells of each kind, in words."""
        return in_numbers(cell for cells in self.fault_domains for cell in cells)


@dataclass(frozen=True, slots=True)
class Heatmap:
    """One look at the instances: a row per domain of `kind`, in the order of the rollout."""

    kind: DomainKind
    rows: tuple[Row, ...]

    @property
    def cells(self) -> set[Cell]:
        """The cells that occur."""
        return {cell for row in self.rows for cells in row.fault_domains for cell in cells}


def in_numbers(cells: Iterable[Cell]) -> str:
    """Return how many cells there are of each kind, in words."""
    numbers = Counter(cells)
    return ", ".join(f"{numbers[cell]} {cell.value}" for cell in Cell if numbers[cell])


def last_look(report: Report) -> Heatmap:
    """Return the instances as last seen."""
    kind = kind_of_rows(report)
    return heatmap(
        report.instances, _shown(report.cells(), report.goes_back), kind, domain_labels(report.instances, kind)
    )


def before_and_now(report: Report) -> tuple[Heatmap, Heatmap]:
    """Return the instances at planning and as last seen, in rows of the same names."""
    kind = kind_of_rows(report)
    labels = domain_labels(report.before + report.instances, kind)
    went_back = report.plan is not None and report.plan.is_rollback
    before = heatmap(report.before, _shown(report.cells_before(), went_back), kind, labels)
    return before, heatmap(report.instances, _shown(report.cells(), report.goes_back), kind, labels)


def _shown(cells: Mapping[str, Cell], goes_back: bool) -> Mapping[str, Cell]:
    """Return the cells as they are shown: on the way back `new` would read as if the instance had arrived."""
    return {id_: _ON_THE_WAY_BACK.get(cell, cell) if goes_back else cell for id_, cell in cells.items()}


def kind_of_rows(report: Report) -> DomainKind:
    """Return the domains that batches are made of; if those go across the set, the finest domains that it shows."""
    grouping = report.plan.grouping if report.plan else None
    return finest_shown(report.before + report.instances) if grouping in (None, DomainKind.SET) else grouping


def heatmap(
    instances: tuple[Instance, ...], cells: Mapping[str, Cell], kind: DomainKind, labels: Mapping[Domain, str]
) -> Heatmap:
    """Return the rows in the order of the rollout; instances that show no domain come last."""

    def order(instance: Instance) -> tuple[bool, object, tuple[int, int | str]]:
        domain = instance.domain(kind)
        return (domain is None, domain.order if domain else (), in_natural_order(instance.id))

    # by label, not by domain: an instance that is deallocated shows no placement group, but belongs to its row
    members: dict[str, list[Instance]] = {}
    for instance in sorted(instances, key=order):
        members.setdefault(label_of(instance, kind, labels), []).append(instance)
    return Heatmap(kind, tuple(Row(label, _by_fault_domain(row, cells)) for label, row in members.items()))


def _by_fault_domain(row: list[Instance], cells: Mapping[str, Cell]) -> tuple[tuple[Cell, ...], ...]:
    groups: dict[int, list[Cell]] = defaultdict(list)
    for instance in sorted(row, key=lambda each: in_natural_order(each.id)):
        groups[-1 if instance.fault_domain is None else instance.fault_domain].append(cells[instance.id])
    return tuple(tuple(groups[number]) for number in sorted(groups))


def label_of(instance: Instance, kind: DomainKind, labels: Mapping[Domain, str]) -> str:
    """Return the name of the instance's domain."""
    domain = instance.domain(kind)
    return labels[domain] if domain else "no domain"


def domain_labels(instances: tuple[Instance, ...], kind: DomainKind) -> dict[Domain, str]:
    """Return a short name per domain; zone and placement group only where there is more than one."""
    places = {(i.zone, i.placement_group, i.update_domain, i.fault_domain): i for i in instances}  # few, of many
    shown = {domain for instance in places.values() if (domain := instance.domain(kind)) is not None}
    domains = sorted(shown, key=lambda domain: domain.order)
    groups = sorted({domain.placement_group for domain in domains if domain.placement_group})
    zones = {domain.zone for domain in domains}

    def label(domain: Domain) -> str:
        if kind in _ALONE:
            return _ALONE[kind].format(zone=_plain(domain.zone))
        zone = f"zone {_plain(domain.zone)} " if len(zones) > 1 else ""
        is_numbered = len(groups) > 1 and domain.placement_group
        group = f"PG{groups.index(domain.placement_group) + 1} " if is_numbered else ""
        return f"{zone}{group}{_SHORT[kind]} {domain.number}"

    return {domain: label(domain) for domain in domains}


def _plain(zone: str) -> str:
    """Return a zone's name without markup, for log and Markdown alike (Azure's are numbers)."""
    return re.sub(r"[^\w. -]", "", clean(zone, LONGEST_ZONE))


def as_lines(heatmap: Heatmap, *, colour: bool) -> list[str]:
    """Return the heatmap for a log: long rows go on on further lines, and the legend is the last line."""
    width = max((len(row.label) for row in heatmap.rows), default=0)
    lines = []
    for row in heatmap.rows:
        chunks = _chunks(row, CELLS_PER_LINE)
        for number, chunk in enumerate(chunks, start=1):
            label = row.label if number == 1 else ""
            last = f"  {row.summary}" if number == len(chunks) else ""
            lines.append(f"{label:<{width}}  {_drawn(chunk, colour=colour)}{last}")
    kinds = [cell for cell in Cell if cell in heatmap.cells]
    return [*lines, "  ".join(f"{_drawn([(cell,)], colour=colour)} {cell.value}" for cell in kinds)]


def sign(cell: Cell) -> str:
    """Return the sign that stands for a cell in a summary."""
    return _LOOKS[cell][2]


def is_large(heatmap: Heatmap) -> bool:
    """Return whether the heatmap has more lines in a log than anybody reads again and again."""
    return sum(len(_chunks(row, CELLS_PER_LINE)) for row in heatmap.rows) > MOST_LINES


def without_rows_of(before: Heatmap, now: Heatmap) -> Heatmap:
    """Return the rows of `now` that `before` does not have, or not like this."""
    known = set(before.rows)
    return replace(now, rows=tuple(row for row in now.rows if row not in known))


def without_new_rows(heatmap: Heatmap) -> tuple[Heatmap, int]:
    """Return the rows that are not wholly new, and how many instances the others have."""
    new = [row for row in heatmap.rows if all(cell is Cell.NEW for cells in row.fault_domains for cell in cells)]
    size = sum(len(cells) for row in new for cells in row.fault_domains)
    return replace(heatmap, rows=tuple(row for row in heatmap.rows if row not in new)), size


def _chunks(row: Row, width: int) -> list[list[tuple[Cell, ...]]]:
    """Return the row's cells in lines of at most `width`, still grouped by fault domain."""
    lines: list[list[tuple[Cell, ...]]] = [[]]
    room = width
    for part in row.fault_domains:
        while part:
            if room == 0:
                lines.append([])
                room = width
            lines[-1].append(part[:room])
            part, room = part[room:], max(0, room - len(part))
    return lines


def _drawn(parts: list[tuple[Cell, ...]], *, colour: bool) -> str:
    def cell(kind: Cell) -> str:
        glyph, style, _ = _LOOKS[kind]
        return f"\x1b[{style}m{glyph}\x1b[0m" if colour else glyph

    return " ".join("".join(cell(kind) for kind in part) for part in parts)
