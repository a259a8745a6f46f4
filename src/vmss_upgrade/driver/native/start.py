"""The write that starts Azure's rolling upgrade: the image alone, into a model that nothing else is changing."""

from __future__ import annotations

from functools import partial

from vmss_upgrade.driver.operation import FollowedOperation
from vmss_upgrade.driver.remote import Halted, RemoteScaleSet
from vmss_upgrade.driver.run_clock import SECOND_LOOK, Steps
from vmss_upgrade.errors import AzureError, Trouble
from vmss_upgrade.rollout.checks.model_change import check_before_model_update
from vmss_upgrade.rollout.history import endings, events
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.native.endings import by_other
from vmss_upgrade.rollout.native.events import RollAsked
from vmss_upgrade.rollout.native.owned import OwnRoll
from vmss_upgrade.rollout.native.roll import is_new
from vmss_upgrade.rollout.watching.patience import Patience

LAG = 60.0  # seconds for which a read may still show the model from before a write


def start(
    remote: RemoteScaleSet, planned_from: Model, target: Image, own: OwnRoll, *, obeys_tag: bool
) -> Steps[FollowedOperation | None]:
    """Return the accepted write; None when its answer was lost, but the model or `latest` shows that Azure took it.

    A model that holds the target already is written all the same: a write without a change "tells the scale set to
    check if all the instances are up to date" ("Configure rolling upgrades", to restart one). Raises Halted where
    another rolling upgrade is at work, or the tag stops upgrades.
    """
    clock, patience = remote.clock, Patience()
    refused_etag, refused_at = "", 0.0
    lost_at: float | None = None  # when the answer of a write was lost, which Azure may have taken
    while True:
        model = yield from remote.read_model()
        if refused_etag and model.etag == refused_etag and clock.now() - refused_at < LAG:
            why = "the model still shows the ETag that Azure has refused"
            yield from clock.wait(why, SECOND_LOOK, until=refused_at + LAG)
            continue
        if lost_at is not None:
            own.asked = True
            changes = not planned_from.image.same_as(target)
            if changes and model.image.same_as(target):
                return None
            latest = yield from remote.rolls.latest()
            if own.includes(latest):
                if not changes:
                    return None
                own.asked = False  # most likely it is another client's
                if clock.now() - lost_at < LAG:
                    why = "a rolling upgrade has begun, but the model does not show the target image"
                    yield from clock.wait(why, SECOND_LOOK, until=lost_at + LAG)
                    continue
        model = yield from remote.read_accepted_model(partial(check_before_model_update, planned_from=planned_from))
        if obeys_tag and model.stop_tag:
            raise Halted(endings.by_stop_tag(model, wrote=remote.wrote))
        yield from _check_none_runs(remote, own, keeps_former=lost_at is not None)
        yield events.ModelUpdateStarted(target=target)
        own.policy = model.rolling
        yield RollAsked(former=own.former, policy=own.policy)
        own.asked = True
        try:
            operation = remote.set_image(target, model.etag)
        except AzureError as error:
            if error.trouble is Trouble.UNCERTAIN:
                lost_at = clock.now()
                yield events.ModelUpdateAccepted(target=target, certain=False)
            elif lost_at is None:
                own.asked = False
                yield events.ModelUpdateRefused(target=target)
            if error.trouble is Trouble.CHANGED:
                refused_etag, refused_at = model.etag, clock.now()
            patience = yield from remote.wait_after_write(error, patience)
        else:
            yield events.ModelUpdateAccepted(target=target)
            return operation


def _check_none_runs(remote: RemoteScaleSet, own: OwnRoll, *, keeps_former: bool) -> Steps[None]:
    """Note the latest rolling upgrade just before the write. Raises Halted where one runs, also at a second look."""
    latest = yield from remote.rolls.latest()
    if latest is not None and latest.is_running:
        yield from remote.clock.wait("a rolling upgrade is under way, so it is read once more", SECOND_LOOK)
        latest = yield from remote.rolls.latest()
        if latest is not None and latest.is_running:
            raise Halted(by_other(latest))
    if not keeps_former or not is_new(latest, own.former):
        own.former = latest
