"""The write that starts Azure's rolling upgrade: the image alone, into a model that nothing else is changing."""

from __future__ import annotations

from vmss_upgrade.driver.model_update import LAG, ModelWrite
from vmss_upgrade.driver.remote import Halted, RemoteScaleSet
from vmss_upgrade.driver.run_clock import SECOND_LOOK, Steps
from vmss_upgrade.errors import AzureError
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.native.endings import by_other
from vmss_upgrade.rollout.native.events import RollAsked
from vmss_upgrade.rollout.native.owned import OwnRoll
from vmss_upgrade.rollout.native.roll import is_new


class RollingWrite(ModelWrite):
    """The write that Azure answers by a rolling upgrade, which `own` recognises.

    A model that holds the target already is written all the same: a write without a change "tells the scale set to
    check if all the instances are up to date" ("Configure rolling upgrades", to restart one). Raises Halted where
    another rolling upgrade is at work, or the tag stops upgrades.
    """

    def __init__(
        self, remote: RemoteScaleSet, planned_from: Model, target: Image, own: OwnRoll, *, obeys_tag: bool
    ) -> None:
        super().__init__(remote, planned_from, target, obeys_tag=obeys_tag)
        self._changes = not planned_from.image.same_as(target)
        self._own = own

    def _find(self) -> Steps[Model | None]:
        if self._lost_at is None:
            return (yield from self._read())
        return (yield from self._find_after_loss(self._lost_at + LAG))

    def _find_after_loss(self, until: float) -> Steps[Model | None]:
        """Return the model to write to after an answer was lost; None where model or `latest` shows that Azure took it.

        A rolling upgrade without the target in the model is most likely another client's, or the model is read late:
        it is read again `until` it must show the write.
        """
        while True:
            model = yield from self._read()
            self._own.asked = True
            if self._changes and model.image.same_as(self._target):
                return None
            if not self._own.includes((yield from self._remote.rolls.latest())):
                return model
            if not self._changes:
                return None
            self._own.asked = False
            if self._clock.now() >= until:
                return model
            why = "a rolling upgrade has begun, but the model does not show the target image"
            yield from self._clock.wait(why, SECOND_LOOK, until=until)

    def _announce(self, model: Model) -> Steps[None]:
        yield from self._check_none_runs()
        yield from super()._announce(model)
        self._own.policy = model.rolling
        yield RollAsked(former=self._own.former, policy=self._own.policy)
        self._own.asked = True

    def _note(self, error: AzureError, model: Model) -> Steps[None]:
        yield from super()._note(error, model)
        self._own.asked = self._lost_at is not None

    def _check_none_runs(self) -> Steps[None]:
        """Note the latest rolling upgrade just before the write. Raises Halted where one runs, twice read."""
        rolls = self._remote.rolls
        latest = yield from rolls.latest()
        if latest is not None and latest.is_running:
            yield from self._clock.wait("a rolling upgrade is under way, so it is read once more", SECOND_LOOK)
            latest = yield from rolls.latest()
            if latest is not None and latest.is_running:
                raise Halted(by_other(latest, wrote=self._remote.wrote))
        if self._lost_at is None or not is_new(latest, self._own.former):
            self._own.former = latest
