"""How a run ends, whatever ends it: everything that was foreseen becomes an ending."""

from __future__ import annotations

from contextlib import suppress

from vmss_upgrade.driver.remote import Halted, RemoteScaleSet
from vmss_upgrade.driver.run_clock import OutOfTime, Steps
from vmss_upgrade.errors import AzureError, PlanRefused
from vmss_upgrade.rollout.history import endings
from vmss_upgrade.rollout.history.outcome import Ending


def ending_of(story: Steps[Ending], remote: RemoteScaleSet) -> Steps[Ending]:
    """Return the story's own ending, or that of the error which cut it short. Interrupted, and a bug of ours, pass."""
    try:
        return (yield from story)
    except Halted as halt:
        return halt.ending
    except PlanRefused as refusal:
        return endings.by_refusal(refusal, wrote=remote.wrote)
    except OutOfTime as error:
        yield from _last_look(remote)
        return endings.out_of_time(error)
    except AzureError as error:
        yield from _last_look(remote)
        return endings.by_azure(error, wrote=remote.wrote)


def _last_look(remote: RemoteScaleSet) -> Steps[None]:
    """Try once to see where the instances are, so that what is said of them is true; no waiting any more."""
    if remote.instances:
        with suppress(AzureError):
            yield from remote.look_at_once()
