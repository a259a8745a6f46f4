"""What a rehearsal found, in words and as a table: made once for log, summary and record. It always says what it is."""

from __future__ import annotations

from typing import Any

from vmss_upgrade.reporters.sanitiser.text import count
from vmss_upgrade.rollout.history.rehearsing.trial import Rehearsed, Trial
from vmss_upgrade.rollout.wording import about, duration

A_SIMULATION = "This is a simulation on a copy of the scale set: nothing was written to Azure."
COLUMNS = ("Trouble", "What happens", "How long", "Never below", "Away at once", "What you would have to do")


def rows(rehearsed: Rehearsed) -> list[tuple[str, ...]]:
    """Return a row of COLUMNS for each trial."""
    return [_row(trial) for trial in rehearsed.trials]


def prediction(rehearsed: Rehearsed | None) -> str:
    """Return how long the rollout takes, with its range, and how many instances are away at once."""
    if rehearsed is None:
        return ""
    first = rehearsed.undisturbed
    between = f"{about(rehearsed.shortest)} to {about(rehearsed.longest)}"
    size = count(first.most_away, "instance")
    return (
        f"Undisturbed, the rollout takes about {about(first.seconds)} ({between}, by {rehearsed.durations}), "
        f"and at most {size} of {first.total} are away at once.{_verdict(rehearsed)}"
    )


def _verdict(rehearsed: Rehearsed) -> str:
    """Return how many troubles stop the rollout, and the fewest healthy instances of all trials."""
    played = [trial for trial in rehearsed.trials[1:] if trial.outcome is not None]
    if not played:
        return ""
    stopped = sum(1 for trial in played if trial.outcome is not None and trial.outcome.exit_code)
    lowest = [(trial.lowest.count, trial.lowest.of) for trial in rehearsed.trials if trial.lowest is not None]
    fewest = " At worst {} of {} instances are healthy.".format(*min(lowest)) if lowest else ""
    return f" Of {count(len(played), 'trouble')}, {stopped or 'none'} would stop it.{fewest}"


def left_out(rehearsed: Rehearsed) -> str:
    """Return what the inputs ask for and was not rehearsed; empty if there is nothing."""
    names = ", ".join(rehearsed.left_out)
    return f"Not rehearsed, as it is outside of the scale set: {names}." if names else ""


def as_rehearsal(rehearsed: Rehearsed | None) -> dict[str, Any] | None:
    """Return the rehearsal as the record has it; None if there was none."""
    if rehearsed is None:
        return None
    return {
        "shortest": round(rehearsed.shortest, 1),
        "longest": round(rehearsed.longest, 1),
        "durations": rehearsed.durations,
        "left_out": list(rehearsed.left_out),
        "trials": [_trial(trial) for trial in rehearsed.trials],
    }


def _row(trial: Trial) -> tuple[str, ...]:
    if trial.report is None:
        return (trial.trouble, trial.happens, "", "", "", "")
    lowest = "" if trial.lowest is None else f"{trial.lowest.count} of {trial.lowest.of}"
    seconds, away = duration(trial.seconds), str(trial.most_away)
    return (trial.trouble, trial.happens, seconds, lowest, away, trial.remedy or "nothing")


def _trial(trial: Trial) -> dict[str, Any]:
    ending = trial.report.ending if trial.report else None
    batches = trial.report.batches if trial.report else []
    return {
        "name": trial.name,
        "trouble": trial.trouble,
        "outcome": ending.outcome.value if ending else None,
        "happens": trial.happens,
        "seconds": round(trial.seconds, 1),
        "lowest_healthy": trial.lowest.count if trial.lowest else None,
        "most_away": trial.most_away,
        "remedy": trial.remedy or None,
        "batches": [list(record.batch.instance_ids) for record in batches],
    }
