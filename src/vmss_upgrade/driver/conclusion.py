"""How a run ends, whatever ends it: everything that was foreseen becomes an ending."""

from __future__ import annotations

from vmss_upgrade.driver.remote import Halted, OutOfTime, PatientApi, Steps
from vmss_upgrade.errors import AzureError, PlanRefused
from vmss_upgrade.rollout.history import endings
from vmss_upgrade.rollout.history.events import InstancesSeen
from vmss_upgrade.rollout.history.outcome import Ending


def ending_of(story: Steps[Ending], azure: PatientApi) -> Steps[Ending]:
    """The story's own ending, or that of the error which cut it short. Interrupted, and what is a bug, pass."""
    try:
        return (yield from story)
    except Halted as halt:
        return halt.ending
    except PlanRefused as refusal:
        return endings.by_refusal(refusal, wrote=azure.wrote)
    except OutOfTime as error:
        yield from _last_look(azure)
        return endings.out_of_time(error)
    except AzureError as error:
        yield from _last_look(azure)
        return endings.by_azure(error, wrote=azure.wrote)


def _last_look(azure: PatientApi) -> Steps[None]:
    """One try to see where the instances are, so that what is told of them is true; no waiting any more."""
    if not azure.seen:
        return
    try:
        listed = azure.api.read_instances(azure.model).instances
    except AzureError:
        return
    seen = azure.sightings.take(listed, azure.model, azure.now())
    yield InstancesSeen(at=azure.elapsed(), instances=seen)
