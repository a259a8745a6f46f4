"""Events around a batch -> lines of the log."""

from __future__ import annotations

from collections.abc import Callable

from vmss_upgrade.reporters.sanitiser.text import count
from vmss_upgrade.reporters.sentences.rehearsal import A_SIMULATION, left_out, prediction, rows
from vmss_upgrade.reporters.surge import surge_line
from vmss_upgrade.rollout.history import drain_events, events
from vmss_upgrade.rollout.history import probe_events as probes
from vmss_upgrade.rollout.history.hook_events import HookAnswered, HookCalled, in_words
from vmss_upgrade.rollout.history.rehearsing.trial import Rehearsed
from vmss_upgrade.rollout.history.surge import SurgeEvent
from vmss_upgrade.rollout.native.events import RollCancelling
from vmss_upgrade.rollout.planning.plan import SURGE_NUMBER, Batch
from vmss_upgrade.rollout.wording import about, duration, instances_named

MOST_NAMED = 30


def tell(event: events.Event, say: Callable[[float, str], None], progress: Callable[[float, str, str], None]) -> None:
    """Say what happened, if it is for this file to say."""
    if isinstance(event, drain_events.GuestsAwaited):
        which = instances_named(event.pending, MOST_NAMED)
        text = f"waiting for the command to {event.what} in {which}"
        progress(event.at, text, f", {about(event.until - event.at)} at most")
    elif isinstance(event, Rehearsed):
        for line in rehearsal_lines(event):
            say(event.at, line)
    elif line := _line_of(event):
        say(event.at, line)


def rehearsal_lines(event: Rehearsed) -> list[str]:
    """Return what a rehearsal found: of each trial what happens, then its figures, and what is left to do."""
    lines = [A_SIMULATION, prediction(event)]
    for trouble, happens, seconds, lowest, away, to_do in rows(event):
        lines.append(f"{trouble[:1].upper()}{trouble[1:]}: {happens}")
        never = f", never below {lowest}" if lowest else ""
        lines += [f"    in {seconds}{never}, {away} away at once"] if seconds else []
        lines += [f"    {to_do}"] if to_do not in ("", "nothing") else []
    return [*lines, *filter(None, [left_out(event)])]


def _line_of(event: events.Event) -> str:
    match event:
        case events.RepairsSuspending():
            return "suspending automatic instance repairs"
        case events.RepairsResumed() if event.were_suspended:
            return "automatic instance repairs are resumed"
        case RollCancelling():
            return f"cancelling Azure's rolling upgrade, because {event.why}"
        case drain_events.DrainStarted():
            return f"draining {instances_named(event.instance_ids, MOST_NAMED)} before {_purpose(event.batch)}"
        case drain_events.Drained():
            size = count(len(event.instance_ids), "instance")
            return f"{event.batch.name} is drained after {duration(event.seconds)}: {size}"
        case drain_events.UndrainStarted():
            return f"undraining {instances_named(event.instance_ids, MOST_NAMED)}, drained and not upgraded"
        case HookCalled(call=call):
            about = call.result.value if call.result else instances_named((m.id for m in call.members), MOST_NAMED)
            return f"calling `{call.phase.input}` about batch {call.number}: {about}"
        case HookAnswered(call=call, verdict=verdict):
            again = "; the post step calls it once more" if event.is_owed else ""
            return f"`{call.phase.input}` {in_words(verdict)}, after {duration(event.seconds)}{again}"
        case probes.ProbeFailed():
            return f"the probe of {event.address} fails: {event.error}"
        case probes.ProbeSucceeded():
            return f"the probe of {event.address} succeeds again, after {count(event.failed, 'failure')}"
        case drain_events.DrainSettled() if event.undrained:
            done = [id_ for id_ in event.undrained if id_ not in {failure.instance_id for failure in event.failures}]
            return f"undrained: {instances_named(done, MOST_NAMED)}" if done else ""
        case SurgeEvent():
            return surge_line(event)
    return ""


def _purpose(batch: Batch) -> str:
    return "their deletion" if batch.number == SURGE_NUMBER else batch.name
