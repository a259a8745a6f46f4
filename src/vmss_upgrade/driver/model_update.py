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
    operation = yield from ModelWrite(remote, planned_from, target, obeys_tag=obeys_tag).submit()
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


class ModelWrite:
    """The write of an image into the model, tried until Azure takes it.

    The ETag is read immediately before each try, and the image compared: the write happens only on the model that was
    planned from. A read that shows the ETag which Azure has just refused is late.
    """

    def __init__(self, remote: RemoteScaleSet, planned_from: Model, target: Image, *, obeys_tag: bool) -> None:
        self._remote = remote
        self._clock = remote.clock
        self._target = target
        self._check = partial(check_before_model_update, planned_from=planned_from)
        self._obeys_tag = obeys_tag
        self._refused_etag, self._refused_at = "", float("-inf")
        self._lost_at: float | None = None  # when the answer of a write was lost, which Azure may have taken

    def submit(self) -> Steps[FollowedOperation | None]:
        """Return the accepted write; None where none is needed, since Azure took one whose answer was lost."""
        remote, patience = self._remote, Patience()
        while (model := (yield from self._find())) is not None:
            model = yield from remote.read_accepted_model(self._check, model)
            if self._obeys_tag and model.stop_tag:
                raise Halted(endings.by_stop_tag(model, wrote=remote.wrote))
            yield from self._announce(model)
            try:
                operation = remote.set_image(self._target, model.etag)
            except AzureError as error:
                yield from self._note(error, model)
                patience = yield from remote.wait_after_write(error, patience)
            else:
                yield events.ModelUpdateAccepted(target=self._target)
                return operation
        return None

    def _find(self) -> Steps[Model | None]:
        """Return the model to write to; None where it holds the target already."""
        model = yield from self._read()
        return None if model.image.same_as(self._target) else model

    def _read(self) -> Steps[Model]:
        """Read the model, again while it shows the ETag that Azure has refused."""
        while True:
            model = yield from self._remote.read_model()
            until = self._refused_at + LAG
            if model.etag != self._refused_etag or self._clock.now() >= until:
                return model
            yield from self._clock.wait(
                "the model still shows the ETag that Azure has refused", SECOND_LOOK, until=until
            )

    def _announce(self, _model: Model) -> Steps[None]:
        """Tell that the write comes next."""
        yield events.ModelUpdateStarted(target=self._target)

    def _note(self, error: AzureError, model: Model) -> Steps[None]:
        """Note what the error leaves: a write that Azure may have taken, or an ETag that it has refused."""
        if error.trouble is Trouble.UNCERTAIN:
            self._lost_at = self._clock.now()
            yield events.ModelUpdateAccepted(target=self._target, certain=False)
        elif self._lost_at is None:
            yield events.ModelUpdateRefused(target=self._target)
        if error.trouble is Trouble.CHANGED:
            self._refused_etag, self._refused_at = model.etag, self._clock.now()


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
