"""A fleet's report -> its JSON record and the action's outputs."""

from __future__ import annotations

from typing import Any, Final

from vmss_upgrade.fleet.reporting.fold import FleetReport, SetReport, WaveReport
from vmss_upgrade.fleet.reporting.sentences import what_to_do, why
from vmss_upgrade.reporters.files import write_json_record
from vmss_upgrade.reporters.outputs import as_outputs
from vmss_upgrade.reporters.sanitiser.text import as_json, clean, cut
from vmss_upgrade.rollout.history.outcome import Ending
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.history.run_facts import RunFacts

SCHEMA: Final = "vmss-upgrade/fleet-report/1"
FAMILY: Final = "vmss-upgrade/fleet-report/"  # before the version
LONGEST_TEXT: Final = 2 * 1024  # characters of one text in the record
_LONGEST_LINE: Final = 2000  # of one output
_MOST_NAMES: Final = 100_000  # characters of an output that is a list


def as_record(report: FleetReport, ending: Ending, facts: RunFacts, headline: str, go_on: str) -> dict[str, Any]:
    """Return the record. Within a schema version keys are only added."""
    return {
        "schema": SCHEMA,
        "version": facts.version or None,
        "run": {"url": facts.url or None, "actor": facts.actor or None, "attempt": facts.attempt or None},
        "outcome": ending.outcome.value,
        "headline": _text(headline),
        "reason": _text(ending.reason),
        "remedy": _text(ending.remedy),
        "image": _text(report.image),
        "wave": _text(report.judged),
        "seconds": round(report.seconds),
        "waves": [_wave(wave) for wave in report.waves],
        "waves_left": list(map(_text, report.left)),
        "command_to_go_on": _text(go_on),
        "unread": [{"file": _text(each.file), "lack": _text(each.lack)} for each in report.unread],
        "ignored": list(map(_text, report.ignored)),
        "older": list(map(_text, report.older)),
    }


def _wave(wave: WaveReport) -> dict[str, Any]:
    return {
        "name": _text(wave.name),
        "number": wave.number or None,
        "stop_after_failures": wave.bound,
        "failed": len(wave.failed),
        "stopped": wave.stops,
        "sets": [_set(each) for each in wave.sets],
    }


def _set(each: SetReport) -> dict[str, Any]:
    run, planned = each.run, each.planned
    return {
        "name": _text(each.name),
        "id": _text((run.scale_set_id if run else "") or (planned.scale_set_id if planned else "")),
        "state": each.state.value,
        "outcome": run.outcome.value if run and run.outcome else None,
        "reason": _text(why(each)) if not each.state.is_good else None,
        "remedy": _text(what_to_do(each)) if not each.state.is_good else None,
        "target_image": _text((run.target if run else "") or (planned.target if planned else "")),
        "instances": each.instances,
        "on_target": each.on_target,
        "upgraded": run.upgraded if run else 0,
        "rolled_back": run.rolled_back if run else 0,
        "failed": run.failed if run else 0,
        "remaining": run.remaining if run else None,
        "lowest_healthy": run.lowest_healthy if run else None,
        "duration": round(run.duration, 1) if run else None,
        "run_url": _text(run.url) if run else None,
        "record": _text(run.file) if run else None,
    }


def _text(text: str) -> str | None:
    return cut(text, LONGEST_TEXT) or None


def write_record(record: dict[str, Any], workspace: str, path: str) -> None:
    """Write the record to `path` below the workspace, in whole or not at all. Raises ValueError, OSError."""
    text = f"{as_json(record, indent=2)}\n"
    write_json_record(workspace, path, text, family=FAMILY, kind="the report of a fleet")


def outputs_of(
    report: FleetReport, ending: Ending, headline: str, report_path: str, summary_path: str
) -> dict[str, str]:
    """Return output name -> value: of lists, names of scale sets instead of ids of instances."""
    sets = report.sets
    named = {
        "upgraded": [each.name for each in sets if each.run and each.run.upgraded and each.state.is_good],
        "rolled-back": [each.name for each in sets if each.run and each.run.rolled_back],
        "failed": [each.name for each in report.troubled],
        "remaining": [each.name for each in sets if not each.state.is_good],
    }
    return {
        **as_outputs(Report(), report_path, summary_path),
        "outcome": ending.outcome.value,
        "headline": _line(headline),
        "reason": _line(ending.reason),
        "changed": "true" if any(run.changed for run in report.runs) else "false",
        "target-image": _line(report.image),
        **{name: _names(values) for name, values in named.items()},
        "upgraded-count": str(len(named["upgraded"])),
        "remaining-count": str(len(named["remaining"])),
        "total": str(len(sets)),
        "duration": str(round(report.seconds)),
    }


def _line(text: str) -> str:
    return clean(text, _LONGEST_LINE).replace("\\", "/")


def _names(names: list[str]) -> str:
    """Return a JSON array of the names, as many as fit."""
    kept = [clean(name, 200) for name in names]
    while len(as_json(kept)) > _MOST_NAMES:
        kept = kept[: len(kept) * 9 // 10]
    return as_json(kept)
