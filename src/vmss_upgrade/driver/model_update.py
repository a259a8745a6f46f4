"""Writing the target image into the model."""

from __future__ import annotations

from functools import partial

from vmss_upgrade.driver.operation import FollowedOperation
from vmss_upgrade.driver.remote import Halted, RemoteScaleSet
from vmss_upgrade.driver.run_clock import SECOND_LOOK, Steps
from vmss_upgrade.errors import AzureError, Trouble
from vmss_upgrade.ports import OperationState
from vmss_upgrade.rollout.checks.model_change import check_before_model_update, check_during_rollout
from vmss_upgrade.rollout.failures import FailureCode
from vmss_upgrade.rollout.findings import warn
from vmss_upgrade.rollout.history import endings, events
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.watching.patience import Patience
from vmss_upgrade.rollout.wording import clause, duration

LIMIT = 30 * 60.0  # seconds; recorded image changes of a model took 41 to 64 s
LAG = 60.0  # seconds for which a read may still show the model from before an update, our own or somebody's
DOING = "updating the model"


def update_model(
    remote: RemoteScaleSet, planned_from: Model, target: Image, *, obeys_tag: bool = False
) -> Steps[Model]:
    """Write `target`, wait for the end of Azure's operation, and return the model as it is read then.

    `obeys_tag`: raise Halted if the tag that stops upgrades is set before the write.

    How the operation ended is a hint: the model decides. Raises AzureError where the operation fails and the model does
    not hold the target, or does not end, PlanRefused where the model is no longer the one that was planned from.
    """
    clock, began = remote.clock, remote.clock.now()
    operation = yield from _submit(remote, planned_from, target, obeys_tag=obeys_tag)
    failure = (yield from _follow(operation, began + LIMIT)) if operation is not None else None
    model = yield from _written_model(remote, planned_from.image, began + LIMIT, lag=SECOND_LOOK if failure else LAG)
    if failure is not None and not model.image.same_as(target):
        raise failure
    if failure is not None:
        failed = f"Azure says that the update of the model failed ({clause(f'{failure.code}, {failure}')})"
        yield events.Noticed(finding=warn(f"{failed}, but it holds the target: the model decides."))
    model = yield from remote.read_accepted_model(partial(check_during_rollout, expected=target), model)
    yield events.ModelUpdated(target=target, seconds=clock.now() - began)
    return model


def _submit(
    remote: RemoteScaleSet, planned_from: Model, target: Image, *, obeys_tag: bool
) -> Steps[FollowedOperation | None]:
    """Return the accepted update; None when its answer was lost, but the model holds the target.

    The ETag is read immediately before each try, and the image compared: the write happens only on the model that was
    planned from. A read that shows the ETag which Azure has just refused is late.
    """
    clock = remote.clock
    patience, refused_etag, refused_at = Patience(), "", 0.0
    may_be_accepted = False
    while True:
        model = yield from remote.read_model()
        if model.etag == refused_etag and clock.now() - refused_at < LAG:
            why = "the model still shows the ETag that Azure has refused"
            yield from clock.wait(why, SECOND_LOOK, until=refused_at + LAG)
            continue
        if model.image.same_as(target):
            return None
        is_planned_from = partial(check_before_model_update, planned_from=planned_from)
        model = yield from remote.read_accepted_model(is_planned_from, model)
        if obeys_tag and model.stop_tag:
            raise Halted(endings.by_stop_tag(model, wrote=remote.wrote))
        yield events.ModelUpdateStarted(target=target)
        try:
            operation = remote.set_image(target, model.etag)
        except AzureError as error:
            if error.trouble is Trouble.UNCERTAIN:
                may_be_accepted = True
                yield events.ModelUpdateAccepted(target=target, certain=False)
            elif not may_be_accepted:
                yield events.ModelUpdateRefused(target=target)
            if error.trouble is Trouble.CHANGED:
                refused_etag, refused_at = model.etag, clock.now()
            patience = yield from remote.wait_after_write(error, patience)
        else:
            yield events.ModelUpdateAccepted(target=target)
            return operation


def _follow(operation: FollowedOperation, limit: float) -> Steps[AzureError | None]:
    """Return how Azure's operation failed, if it did. Raise that where the operation has not ended at `limit`."""
    state = yield from operation.follow(limit)
    if state in (OperationState.SUCCEEDED, OperationState.LOST):  # if lost, the model itself decides
        return None
    failure = operation.failure(state, DOING)
    if state is OperationState.RUNNING:
        raise failure
    return failure


def _written_model(remote: RemoteScaleSet, before: Image, limit: float, *, lag: float) -> Steps[Model]:
    """Return the model after the write, read anew for `lag` seconds while it still shows the image from `before`.

    Raises AzureError where the scale set is still being updated at `limit`.
    """
    clock, written_at = remote.clock, remote.clock.now()
    model = yield from remote.read_settled_model("the model update is still being carried out", limit)
    if model.is_updating:
        raise AzureError(
            f"The scale set is still Updating, {duration(LIMIT)} after the model update began.",
            trouble=Trouble.REJECTED,
            code=FailureCode.STILL_UPDATING,
            doing=DOING,
            remedy="Find out what is being done to it, then run again.",
        )
    while model.image.same_as(before) and clock.now() - written_at < lag:
        why = "the model still shows the image from before the update"
        yield from clock.wait(why, SECOND_LOOK, until=written_at + lag)
        model = yield from remote.read_model()
    return model
