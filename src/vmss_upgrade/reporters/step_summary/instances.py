"""The instances as last seen: as squares, and where the status was asked for, as a table."""

from __future__ import annotations

from collections import Counter

from vmss_upgrade.reporters import heatmap
from vmss_upgrade.reporters.sanitiser.text import count, markdown
from vmss_upgrade.reporters.sentences.phrases import short_name
from vmss_upgrade.reporters.sentences.status_table import is_in_order, status_columns
from vmss_upgrade.reporters.step_summary.markup import LONGEST_NAME, folded, name_of, table
from vmss_upgrade.reporters.step_summary.squares import as_markdown
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.scale_set import Instance

MOST_IMAGES = 50


def heatmaps(report: Report) -> list[str]:
    """Return the instances as squares."""
    if not report.before and report.shown is None:
        return []
    return ["### Instances", "", *as_markdown(*heatmap.before_and_now(report))]


def image_table(report: Report, instances: tuple[Instance, ...], *, whole: bool) -> list[str]:
    """Return how many of the instances run which image, the most frequent first; `whole`: with its full name."""
    images = Counter(instance.image for instance in instances)
    held = report.model.image if report.model else None
    rows = []
    for image, number in images.most_common(MOST_IMAGES):
        in_model = ", in the model" if image is not None and held is not None and image.same_as(held) else ""
        short = markdown(short_name(image), LONGEST_NAME) if image is not None else "not shown"
        full = f"<br>{name_of(image)}" if whole and image is not None else ""
        rows.append((str(number), f"{short}{in_model}{full}"))
    return table(("Instances", "Image"), rows, align="r")


def status_counts(report: Report) -> list[str]:
    """Return how many instances run which image, if the status was asked for."""
    if report.shown is None or not report.instances:
        return []
    return ["### Images", "", *image_table(report, report.instances, whole=True)]


def status(report: Report) -> list[str]:
    """Return the state of every instance, if that was asked for; those that are in order are folded."""
    if report.shown is None:
        return []
    heading, rows = status_columns(report)
    if not any(row[-1] for row in rows):  # without remarks, the table is narrower by their column
        heading, rows = heading[:-1], [row[:-1] for row in rows]
    shown = [tuple(markdown(value, LONGEST_NAME) for value in row) for row in rows]
    good = [is_in_order(row) for row in rows]
    others = [row for row, is_good in zip(shown, good, strict=True) if not is_good]
    in_order = [row for row, is_good in zip(shown, good, strict=True) if is_good]
    lines = ["### Behind, or not healthy", "", *table(heading, others), ""] if others else []
    title = f"{count(len(in_order), 'instance')} healthy and on the model"
    return [*lines, *(folded(title, table(heading, in_order)) if in_order else [])]
