"""Writing the target image into the model."""

from __future__ import annotations

from functools import partial

from vmss_upgrade.driver.remote import SECOND_LOOK, PatientApi, Steps, operation_error
from vmss_upgrade.errors import AzureError, Trouble
from vmss_upgrade.ports import Operation, OperationState
from vmss_upgrade.rollout.checks.model_change import check_before_model_update, check_during_rollout
from vmss_upgrade.rollout.failures import FailureCode
from vmss_upgrade.rollout.findings import warn
from vmss_upgrade.rollout.history.events import (
    ModelUpdateAccepted,
    ModelUpdated,
    ModelUpdateRefused,
    ModelUpdateStarted,
    Noticed,
)
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.watching.patience import Patience
from vmss_upgrade.rollout.wording import clause, duration

LIMIT = 30 * 60.0  # seconds; recorded image changes of a model took 41 to 64 s
LAG = 60.0  # seconds for which a read may still show the model of before an update, our own or somebody's


def update_model(azure: PatientApi, planned_from: Model, target: Image) -> Steps[Model]:
    """Write `target`, wait for the end of Azure's operation, and read the model again.

    How the operation ended is a hint: the model decides. Raises AzureError where the operation fails and the model does
    not hold the target, or does not end, PlanRefused where the model is no longer the one that was planned from.
    """
    began = azure.now()
    limit = began + LIMIT
    operation = yield from _submit(azure, planned_from, target)
    failure: AzureError | None = None
    if operation is not None:
        state = yield from azure.follow(operation, limit)
        if state not in (OperationState.SUCCEEDED, OperationState.LOST):  # if lost, the model itself will tell
            failure = operation_error(operation, state, "updating the model")
        if failure is not None and state is OperationState.RUNNING:
            raise failure
    written_at = azure.now()
    model = yield from azure.read_settled_model("the model update is still being carried out", limit)
    if model.is_updating:
        raise _still_updating()
    lag = LAG if failure is None else SECOND_LOOK
    while model.image.same_as(planned_from.image) and azure.now() - written_at < lag:
        why = "the model still shows the image of before the update"
        yield from azure.wait(why, SECOND_LOOK, until=written_at + lag)
        model = yield from azure.read_model()
    if failure is not None and not model.image.same_as(target):
        raise failure
    if failure is not None:
        told = clause(f"{failure.code}, {failure}")
        message = (
            f"Azure says that the update of the model failed ({told}), but it holds the target: the model decides."
        )
        yield Noticed(at=azure.elapsed(), finding=warn(message))
    model = yield from azure.read_accepted_model(lambda model: check_during_rollout(model, target), model)
    yield ModelUpdated(at=azure.elapsed(), target=target, seconds=azure.now() - began)
    return model


def _submit(azure: PatientApi, planned_from: Model, target: Image) -> Steps[Operation | None]:
    """The accepted update; None when its answer was lost, but the model holds the target.

    The ETag is read immediately before each try, and the image compared: the write happens only on the model that was
    planned from. A read that shows the ETag which Azure has just refused is late.
    """
    patience, refused_etag, refused_at = Patience(), "", 0.0
    may_be_accepted = False
    while True:
        model = yield from azure.read_model()
        if model.etag == refused_etag and azure.now() - refused_at < LAG:
            yield from azure.wait(
                "the model still shows the ETag that Azure has refused", SECOND_LOOK, until=refused_at + LAG
            )
            continue
        if model.image.same_as(target):
            return None
        model = yield from azure.read_accepted_model(lambda m: check_before_model_update(m, planned_from), model)
        yield ModelUpdateStarted(at=azure.elapsed(), target=target)
        try:
            operation = azure.write(partial(azure.api.set_image, target, model.etag))
        except AzureError as error:
            if error.trouble is Trouble.UNCERTAIN:
                may_be_accepted = True
                yield ModelUpdateAccepted(at=azure.elapsed(), target=target, certain=False)
            elif not may_be_accepted:
                yield ModelUpdateRefused(at=azure.elapsed(), target=target)
            if error.trouble is Trouble.CHANGED:
                refused_etag, refused_at = model.etag, azure.now()
            patience = yield from azure.wait_after_write(error, patience)
        else:
            yield ModelUpdateAccepted(at=azure.elapsed(), target=target)
            return operation


def _still_updating() -> AzureError:
    return AzureError(
        f"The scale set is still Updating, {duration(LIMIT)} after the model update began.",
        trouble=Trouble.REJECTED,
        code=FailureCode.STILL_UPDATING,
        doing="updating the model",
        remedy="Find out what is being done to it, then run again.",
    )
