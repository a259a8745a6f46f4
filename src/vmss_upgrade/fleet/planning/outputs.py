"""A fleet's plan -> outputs of the action: a matrix of jobs for each wave, and what is to be known of the waves."""

from __future__ import annotations

from typing import Any, Final

from vmss_upgrade.fleet.configuration import Wave
from vmss_upgrade.fleet.plan import FleetPlan, PlannedSet
from vmss_upgrade.fleet.planning.sentences import MOST_DUE, headline
from vmss_upgrade.reporters.outputs import LONGEST_OUTPUTS, MATRICES, as_outputs
from vmss_upgrade.reporters.sanitiser.text import as_json, clean
from vmss_upgrade.rollout.history.outcome import Ending
from vmss_upgrade.rollout.history.report import Report

_LONGEST_TEXT: Final = 2000


def as_fleet_outputs(
    plan: FleetPlan, ending: Ending, *, is_complete: bool, seconds: float, report_path: str, summary_path: str
) -> dict[str, str]:
    """Return output name -> value. A plan that is not complete is nobody's order: it has no matrix, and no `waves`."""
    order = (
        _order(plan) if is_complete else {**dict.fromkeys(MATRICES, _matrix((), frozenset())), "waves": "", "due": ""}
    )
    return {
        **as_outputs(Report(), report_path, summary_path),
        "outcome": ending.outcome.value,
        "headline": _line(headline(plan, ending)),
        "reason": _line(ending.reason),
        "changed": "false",
        "target-image": _line(plan.image),
        "total": str(sum(each.instances for each in plan.sets)),
        "duration": str(round(seconds)),
        **order,
        "image": _line(plan.image),
    }


def fits(plan: FleetPlan) -> bool:
    """Return whether GitHub takes the outputs of a plan: 1 MiB of a job, two bytes a character."""
    return sum(map(len, _order(plan).values())) + 10 * _LONGEST_TEXT <= LONGEST_OUTPUTS


def _order(plan: FleetPlan) -> dict[str, str]:
    waves = _placed(plan)
    matrices = (_matrix(plan.due(wave) if wave else (), plan.namesakes) for wave in waves)
    described = as_json([_described(plan, wave) if wave else _NO_WAVE for wave in waves])
    return {
        **dict(zip(MATRICES, matrices, strict=True)),
        "waves": described,
        "due": str(len(plan.all_due)),
    }


def _placed(plan: FleetPlan) -> list[Wave | None]:
    """Return the waves at their places in the file, so that jobs and summary number them alike; one behind another if
    the file has more waves than there are places.
    """
    places = [plan.number_of(wave) for wave in plan.waves]
    if max(places, default=0) > len(MATRICES):
        places = list(range(1, len(places) + 1))
    by_place = dict(zip(places, plan.waves, strict=True))
    return [by_place.get(place) for place in range(1, len(MATRICES) + 1)]


def _described(plan: FleetPlan, wave: Wave) -> dict[str, Any]:
    return {
        "name": clean(wave.name),
        "environment": clean(wave.environment),
        "max-parallel": wave.max_parallel or MOST_DUE,
        "bake-seconds": round(wave.bake_time) if _is_followed(plan, wave) else 0,
        "stop-after-failures": wave.stop_after_failures,
        "due": len(plan.due(wave)),
    }


_NO_WAVE: Final[dict[str, Any]] = {
    "name": "",
    "environment": "",
    "max-parallel": MOST_DUE,
    "bake-seconds": 0,
    "stop-after-failures": 1,
    "due": 0,
}


def _is_followed(plan: FleetPlan, wave: Wave) -> bool:
    """Return whether a later wave has something to do, so that this one's bake time holds it back."""
    later = plan.waves[plan.waves.index(wave) + 1 :]
    return any(plan.due(each) for each in later)


def _matrix(due: tuple[PlannedSet, ...], namesakes: frozenset[str]) -> str:
    """Return a matrix for `strategy`. GitHub refuses an empty one, so that its job needs an `if`."""
    return as_json({"include": [_job(each, namesakes) for each in due]})


def _job(each: PlannedSet, namesakes: frozenset[str]) -> dict[str, str]:
    """Return what a job gets. `group` is that of README's workflow, where no other scale set has the same name.

    It is the same in a run of some waves as in one of all: two runs would else be at one scale set together.
    """
    name = each.scale_set_id.rpartition("/")[2]
    return {
        "name": each.name,
        "scale-set": each.scale_set_id,
        "group": f"vmss-{each.name if name.lower() in namesakes else name}",
        "image": each.target,
        "plan-hash": each.plan_hash,
    }


def _line(text: str) -> str:
    return clean(text, _LONGEST_TEXT).replace("\\", "/")
