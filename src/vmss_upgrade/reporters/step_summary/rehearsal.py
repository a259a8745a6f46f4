"""The section of a rehearsal: the prediction, and a row for each trouble."""

from __future__ import annotations

from vmss_upgrade.reporters.sanitiser.text import markdown
from vmss_upgrade.reporters.sentences.rehearsal import A_SIMULATION, COLUMNS, left_out, prediction, rows
from vmss_upgrade.reporters.step_summary.markup import LONGEST_MESSAGE, said, table
from vmss_upgrade.rollout.history.report import Report


def rehearsal(report: Report) -> list[str]:
    """Return the section; empty if nothing was rehearsed."""
    if report.rehearsal is None:
        return []
    found = report.rehearsal
    cells = [
        [*(markdown(text, LONGEST_MESSAGE) for text in (trouble, happens)), *map(_in_one_line, figures), said(to_do)]
        for trouble, happens, *figures, to_do in rows(found)
    ]
    after = ["", said(left_out(found))] if left_out(found) else []
    return [
        "### Rehearsal",
        "",
        f"**{A_SIMULATION}** {said(prediction(found))}",
        "",
        *table(COLUMNS, cells, align="llrrrl"),
        *after,
    ]


def _in_one_line(figures: str) -> str:
    return figures.replace(" ", "&nbsp;")
