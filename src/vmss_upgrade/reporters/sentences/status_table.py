"""A status in words: a row per instance."""

from __future__ import annotations

from vmss_upgrade.reporters.heatmap import domain_labels, kind_of_rows, label_of
from vmss_upgrade.reporters.sanitiser.text import cut
from vmss_upgrade.rollout.history.cells import Cell
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.scale_set import Instance
from vmss_upgrade.rollout.wording import in_natural_order

_FIRST = (Cell.UNHEALTHY, Cell.BEHIND, Cell.UNKNOWN, Cell.STOPPED, Cell.ATTACHED)
_URGENCY = {cell: _FIRST.index(cell) if cell in _FIRST else len(_FIRST) for cell in Cell}


def model_in_words(report: Report) -> str:
    """Return the image of the model, or what the scale set has none of."""
    if report.model is None or report.model.shows_image:
        return str(report.target)
    return "none, the scale set has no " + ("image" if report.model.has_profile else "virtual machine profile")


def status_columns(report: Report) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the headings, and a row per instance: those that are not in order first, each kind in natural order."""
    kind = kind_of_rows(report)
    labels = domain_labels(report.instances, kind)
    cells = report.cells()
    rows: list[tuple[str, ...]] = []
    for instance in sorted(report.instances, key=lambda i: (_URGENCY[cells[i.id]], in_natural_order(i.id))):
        where, image = label_of(instance, kind, labels), _short_name(instance.image, report.target)
        state = f"{str(instance.provisioning) or 'not shown'}, {instance.power.value}"
        health = instance.health.value
        rows.append((instance.id, where, cells[instance.id].value, image, health, state, _remarks(instance)))
    heading = ("Instance", kind.value.capitalize(), "Standing", "Image", "Health", "State", "Remarks")
    return heading, rows


def is_in_order(row: tuple[str, ...]) -> bool:
    """Return whether a row of `status_columns` is of an instance that is healthy and on the model."""
    return row[2] == Cell.CURRENT.value


def _short_name(image: Image | None, model_image: Image | None) -> str:
    """Return the version alone of an image that differs in nothing else from the model's, which stands above it."""
    if image is None:
        return "not shown"
    if model_image is not None and image.at_version("") == model_image.at_version(""):
        return image.version or image.reference.rpartition("/")[2]
    return str(image)


def _remarks(instance: Instance) -> str:
    remarks = [
        f"not made from the model: {instance.origin.value}" if instance.is_attached else "",
        "protected" if instance.protected else "",
        "changed individually" if instance.changed_individually else "",
        *instance.behind_in,
        f"made from the model of {instance.model_time}" if instance.model_time else "",
        *(f"{problem.code}: {cut(str(problem), 200)}" for problem in instance.problems),
    ]
    return "; ".join(filter(None, remarks))
