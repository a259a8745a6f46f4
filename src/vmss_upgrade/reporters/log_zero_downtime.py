"""Events of hooks, draining, surge and probes -> a line of the log each."""

from __future__ import annotations

from vmss_upgrade.reporters.sanitiser.text import count
from vmss_upgrade.rollout.history import probe_events as probes
from vmss_upgrade.rollout.history.events import Event


def line_of(event: Event) -> str:
    """Return what the log says of an event; empty for one of another kind."""
    match event:
        case probes.ProbeFailed():
            return f"the probe of {event.address} fails: {event.error}"
        case probes.ProbeSucceeded():
            return f"the probe of {event.address} succeeds again, after {count(event.failed, 'failure')}"
    return ""
