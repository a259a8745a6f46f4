"""Report -> the part of the JSON record that a replay is made from: every change of every instance, compactly."""

from __future__ import annotations

from typing import Any

from vmss_upgrade.reporters.heatmap import domain_labels, kind_of_rows, label_of
from vmss_upgrade.reporters.sentences.dates import timestamp
from vmss_upgrade.rollout.history.changes import State
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.planning.availability import floor
from vmss_upgrade.rollout.scale_set import Instance
from vmss_upgrade.rollout.wording import in_natural_order


def as_changes(report: Report) -> dict[str, Any]:
    """Return the instances in the rows of the heatmap, each with its moments and, by number, its states from then on.

    A state that several instances had is named once. A state of None: the instance was not listed any more.
    """
    numbers: dict[State | None, int] = {}
    rows: dict[str, list[dict[str, Any]]] = {}
    kind = kind_of_rows(report)
    seen = sorted(report.changes.last_seen.values(), key=_in_row)
    labels = domain_labels(tuple(seen), kind)
    order = {label: number for number, label in enumerate(labels.values())}
    for instance in seen:
        moments = report.changes.by_instance[instance.id]
        entry = {
            "instance_id": instance.id,
            "at": [round(at, 1) for at, _ in moments],
            "state": [numbers.setdefault(state, len(numbers)) for _, state in moments],
        }
        rows.setdefault(label_of(instance, kind, labels), []).append(entry)
    healthy, floors = report.changes.healthy, report.changes.floors
    return {
        "began_at": timestamp(report.facts, 0) or None,
        "states": [_state(state) for state in numbers],
        "rows": [
            {"name": label, "instances": rows[label]}
            for label in sorted(rows, key=lambda label: order.get(label, len(order)))
        ],
        "healthy": {"at": [round(at, 1) for at, _ in healthy], "count": [count for _, count in healthy]},
        "floor": {"at": [round(at, 1) for at, _ in floors], "count": [count for _, count in floors]},
        "healthy_floor": _floor_at_planning(report),
    }


def _floor_at_planning(report: Report) -> int | None:
    if report.policy is None:
        return None
    is_azures = report.plan is not None and report.plan.rolls is not None  # whose own limits hold instead
    return 0 if is_azures else floor(report.before, report.policy, report.stopped_before)


def _in_row(instance: Instance) -> tuple[int, tuple[int, int | str]]:
    return (-1 if instance.fault_domain is None else instance.fault_domain, in_natural_order(instance.id))


def _state(state: State | None) -> dict[str, Any] | None:
    if state is None:
        return None
    return {
        "cell": state.cell.value,
        "image": str(state.image) if state.image else None,
        "health": state.health.value,
        "provisioning_state": state.provisioning,
        "power": state.power.value,
    }
