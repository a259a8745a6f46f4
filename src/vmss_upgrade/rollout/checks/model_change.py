"""Checks of the model during a rollout: somebody else may have changed it."""

from __future__ import annotations

from vmss_upgrade.errors import AzureError, PlanRefused, Trouble
from vmss_upgrade.rollout.checks.preflight import unfit
from vmss_upgrade.rollout.failures import FailureCode
from vmss_upgrade.rollout.findings import Finding, warn
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.model import Model

_ONLY_ONE = "Make sure that only one rollout is at work on this scale set, and run again."


def check_before_model_update(model: Model, planned_from: Model) -> None:
    """Raise PlanRefused where the model about to be written is no longer one that may be written, as planned."""
    for finding in unfit(model, natively=planned_from.rolls):
        raise PlanRefused(finding.message, finding.remedy)
    if not model.image.same_as(planned_from.image):
        message = f"Somebody changed the model's image to {model.image} while this run was planning."
        raise PlanRefused(message, _ONLY_ONE)


def check_during_rollout(model: Model, expected: Image, *, natively: bool = False) -> None:
    """Raise AzureError where the model is not what instances may be upgraded to any more: its image was `expected`."""
    for finding in unfit(model, natively=natively):
        raise _changed(f"Somebody changed the scale set during the rollout. {finding.message}", finding.remedy)
    if not model.image.same_as(expected):
        raise _changed(f"Somebody changed the model's image to {model.image} during the rollout.", _ONLY_ONE)


def check_capacity(model: Model, expected: Model, capacity: int) -> None:
    """Raise AzureError where somebody changed the capacity, or the image of `expected`, before it is raised."""
    check_during_rollout(model, expected.image)
    if model.scaling.capacity != capacity:
        raise _changed(f"Somebody changed the capacity to {model.scaling.capacity} during the rollout.", _ONLY_ONE)


def changed_beside_the_image() -> Finding:
    """Return that somebody changed the rest of the model, so that instances on the target are not current with it."""
    return warn(
        "Somebody changed the model (not its image) during the rollout: instances are on the target image, but not on "
        "the newest model.",
        "Bring them to the changed model when it is meant for them.",
    )


def check_nothing_to_do(model: Model, planned_from: Model) -> None:
    """Raise AzureError where nothing was to be upgraded to the model as it stands, and it stands otherwise by now."""
    if model.fingerprint != planned_from.fingerprint:
        message = "Somebody changed the model (not its image) meanwhile, so no instance is on it any more."
        raise _changed(message, "Run again.")


def _changed(message: str, remedy: str) -> AzureError:
    return AzureError(
        message, trouble=Trouble.CHANGED, code=FailureCode.MODEL_CHANGED, doing="checking the model", remedy=remedy
    )
