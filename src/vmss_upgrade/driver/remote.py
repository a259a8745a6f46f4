"""The scale set in Azure: what was read of it and written to it. Every call of the port is made here, with patience.

Reads are repeated while waiting can help. A write is called once: after trouble the driver looks before it calls again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from vmss_upgrade.driver.native.rolls import RollingUpgrades
from vmss_upgrade.driver.operation import FollowedOperation
from vmss_upgrade.driver.run_clock import SECOND_LOOK, RunClock, Steps
from vmss_upgrade.driver.zero_downtime.run_commands import RunCommands
from vmss_upgrade.errors import AzureError, Trouble, VmssUpgradeError
from vmss_upgrade.ports import Clock, Operation, ScaleSetApi
from vmss_upgrade.rollout.checks.rights import Permission
from vmss_upgrade.rollout.history import endings
from vmss_upgrade.rollout.history.events import InstancesSeen, ScaleSetRead
from vmss_upgrade.rollout.history.outcome import Ending
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.image_facts import ImageFacts, ImageVersion, VmSize
from vmss_upgrade.rollout.model import AutoscaleSetting, HealthSignal, Lock, Model
from vmss_upgrade.rollout.scale_set import Instance, ScaleSet
from vmss_upgrade.rollout.watching import pacing
from vmss_upgrade.rollout.watching.budget import Ask
from vmss_upgrade.rollout.watching.patience import Patience
from vmss_upgrade.rollout.watching.sightings import Sightings

SETTLING_PAUSE = 15.0  # seconds between reads of a set that is being updated
_NEVER = float("-inf")


class Halted(VmssUpgradeError):
    """Nothing further may be touched, for the reason in `ending`."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.reason, ending.remedy)
        self.ending = ending


class RemoteScaleSet:
    """One scale set as it was read last, and the calls that read it again or write to it.

    `model` is the model as read last (at `model_read_at`, a time of `clock`), its health signal as the policy has it.
    `instances` are all of them, as seen at the latest look (at `seen_at`), which took `pages` of Azure's list. `wrote`:
    something was written, or may have been; `moved`: the model or instances were. `surplus`: instances that are there
    for the time of the rollout only, and are marked so at every look. `run_commands`: scripts in the guests; `rolls`:
    rolling upgrades of Azure's own.
    """

    model: Model

    def __init__(
        self, api: ScaleSetApi, clock: Clock, *, timeout: float = float("inf"), ignores_health: bool = False
    ) -> None:
        self._api = api
        self._ignores_health = ignores_health
        self._signal = HealthSignal.NONE  # the one that was planned with
        self._announces_looks = False
        self._sightings = Sightings()
        self._bucket = pacing.instance_list_bucket()
        self._kept: ScaleSet | None = None
        self.clock = RunClock(clock, timeout, levels=api.take_levels, seed=api.id)
        self.run_commands = RunCommands(api, self.clock)
        self.rolls = RollingUpgrades(api, self.clock)
        self.instances: tuple[Instance, ...] = ()
        self.model_read_at = self.seen_at = _NEVER
        self.pages = 1
        self.wrote = self.moved = False
        self.surplus: frozenset[str] = frozenset()

    @property
    def scale_set(self) -> ScaleSet:
        """Model and instances as they were read last: one object until they are read anew."""
        if (kept := self._kept) is None or kept.model is not self.model or kept.instances is not self.instances:
            self._kept = kept = ScaleSet(model=self.model, instances=self.instances)
        return kept

    def begin(self) -> None:
        """Keep to the model's present health signal, and announce every look: those before are part of the plan."""
        self._signal = self.model.health_signal
        self._announces_looks = True

    def read_model(self) -> Steps[Model]:
        """Read the model. The first time is announced.

        Raises Halted where the health signal that was planned with is gone from it, also at a second look.
        """
        model = yield from self._read_model()
        if self._signal.proves_health and not model.health_signal.proves_health:
            yield from self.clock.wait(
                "the model shows no health signal any more, so it is read once more", SECOND_LOOK
            )
            model = yield from self._read_model()
            if not model.health_signal.proves_health:
                raise Halted(endings.signal_lost(self._signal, wrote=self.wrote))
        if self._signal is not HealthSignal.NONE:
            model = replace(model, health_signal=self._signal)
        is_first = self.model_read_at == _NEVER
        self.model, self.model_read_at = model, self.clock.now()
        if is_first:
            yield ScaleSetRead(model=model)
        return model

    def _read_model(self) -> Steps[Model]:
        ask = Ask.AT_ONCE if self._announces_looks else Ask.READ
        model = yield from self.clock.patiently(self._api.read_model, ask, was_seen=self.model_read_at > _NEVER)
        return replace(model, health_signal=HealthSignal.IGNORED) if self._ignores_health else model

    def read_accepted_model(self, check: Callable[[Model], None], model: Model | None = None) -> Steps[Model]:
        """Return the model (None: read it) once `check` raises nothing about it. What it raises twice leaves."""
        model = model or (yield from self.read_model())
        try:
            check(model)
        except VmssUpgradeError:
            yield from self.clock.wait("the model is not as expected, so it is read once more", SECOND_LOOK)
            model = yield from self.read_model()
            check(model)
        return model

    def read_settled_model(self, why: str, until: float) -> Steps[Model]:
        """Return the model once nobody is updating the scale set, or at `until` as it is; `why` is shown meanwhile."""
        model = yield from self.read_model()
        while model.is_updating and self.clock.now() < until:
            yield from self.clock.wait(why, SETTLING_PAUSE, until=until, for_rest=True)
            model = yield from self.read_model()
        return model

    def look(self, *, until: float = float("inf"), due: float = float("inf")) -> Steps[None]:
        """Read all instances, as soon as the buckets allow it; the shared one until `due`. No try is after `until`."""
        self.clock.sleep(self._bucket.wait_for(self.pages, self.clock.now()))
        read, was_seen = partial(self._api.read_instances, self.model), self.seen_at > _NEVER
        listed = yield from self.clock.patiently(read, Ask.LOOK, until=until, due=due, was_seen=was_seen)
        self.seen_at, self.pages = self.clock.now(), listed.pages
        self._keep(self._sightings.take(listed.instances, self.model, self.seen_at))
        self._bucket.spend(listed.pages, self.seen_at)
        if listed.remaining is not None:
            self._bucket.observe(listed.remaining, self.seen_at)
        if self._announces_looks:
            yield InstancesSeen(instances=self.instances)

    def look_at_once(self) -> Steps[None]:
        """Read all instances in one try, without any wait. Raises AzureError where that fails."""
        listed = self._api.read_instances(self.model).instances
        self.seen_at = self.clock.now()
        self._keep(self._sightings.take(listed, self.model, self.seen_at))
        yield InstancesSeen(instances=self.instances)

    def mark_surplus(self, instance_ids: Iterable[str]) -> None:
        """Mark these instances as surplus from now on."""
        self.surplus = frozenset(instance_ids)
        self._keep(self.instances)

    def _keep(self, known: tuple[Instance, ...]) -> None:
        marked = [replace(i, is_surplus=True) if i.id in self.surplus else i for i in known] if self.surplus else known
        self.instances = tuple(marked)

    def compare(self) -> None:
        """Note in `instances` what each visibly lacks of the model besides its image. Asks Azure nothing."""
        behind = self._api.compare(self.model)
        self.instances = tuple(replace(each, behind_in=behind.get(each.id, ())) for each in self.instances)

    def grant(self, seconds: float) -> None:
        """Allow so many seconds from now, whatever is left of the run's own timeout: for what must be undone."""
        self.clock.grant(seconds)
        self._api.grant(seconds)

    def look_interval(self) -> float:
        """Return the seconds between two looks while something is awaited."""
        return pacing.look_interval(self.pages, self._bucket, self.clock.now())

    def expect_reports(self, instance_ids: Iterable[str]) -> None:
        """Count on the model's health signal in these instances from now on: their silence is no excuse any more."""
        self._sightings.expect_reports(instance_ids)

    def read_permissions(self) -> Steps[tuple[Permission, ...] | None]:
        """Return what the identity may do with the scale set; None where that may not be read."""
        return (yield from self.clock.patiently(self._api.read_permissions))

    def read_feature_state(self, feature: str) -> Steps[str | None]:
        """Return the state of the subscription's registration for a preview feature; None where it is not known."""
        return (yield from self.clock.patiently(partial(self._api.read_feature_state, feature)))

    def are_repairs_suspended(self, *, until: float = float("inf")) -> Steps[bool | None]:
        """Return whether automatic repairs are suspended now; None where Azure does not say. `until`: the last try."""
        if self.model_read_at == _NEVER:
            self.model = yield from self.clock.patiently(self._api.read_model, until=until)
        return (yield from self.clock.patiently(partial(self._api.are_repairs_suspended, self.model), until=until))

    def look_up(self, image: Image) -> Steps[ImageFacts]:
        """Return what the catalog says of one exact image, in the region of the scale set."""
        return (yield from self.clock.patiently(partial(self._api.look_up, image, self.model.location)))

    def list_versions(self, image: Image, *, until: float = float("inf")) -> Steps[tuple[ImageVersion, ...]]:
        """Return the versions of a platform or gallery image in the region of the scale set, in no order."""
        read = partial(self._api.list_versions, image, self.model.location)
        return (yield from self.clock.patiently(read, until=until))

    def list_definitions(self, image: Image) -> tuple[str, ...]:
        """Return the image definitions in the gallery of `image`, in one try. Raises AzureError."""
        return self._api.list_definitions(image, self.model.location)

    def list_other_names(self) -> tuple[str, ...] | None:
        """Return the other scale sets of the group, in one try; None where this one is there, or that is not shown."""
        with suppress(AzureError):
            return self._api.list_other_names()
        return None

    def read_size(self) -> Steps[VmSize | None]:
        """Return what the VM size of the scale set can do in its region; None where that may not be read."""
        read = partial(self._api.read_size, self.model.settings.size, self.model.location)
        return (yield from self.clock.patiently(read))

    def set_image(self, image: Image, etag: str) -> FollowedOperation:
        """Ask for the image in the model, provided the model still has `etag`."""
        return self._write(partial(self._api.set_image, image, etag))

    def upgrade(self, instance_ids: Sequence[str]) -> FollowedOperation:
        """Ask for these instances to be brought to the model, all at once."""
        return self._write(partial(self._api.upgrade, instance_ids))

    def read_scaling_limits(self) -> Steps[tuple[tuple[AutoscaleSetting, ...] | None, tuple[Lock, ...] | None]]:
        """Return the autoscale settings that target the scale set, and its locks; None for what may not be read."""
        settings = yield from self.clock.patiently(self._api.read_autoscale_settings)
        return settings, (yield from self.clock.patiently(self._api.read_locks))

    def set_capacity(self, model: Model, capacity: int) -> FollowedOperation:
        """Ask for that many instances, provided the scale set still has the ETag of `model`."""
        return self._write(partial(self._api.set_capacity, model, capacity))

    def delete_instances(self, instance_ids: Sequence[str]) -> FollowedOperation:
        """Ask for these instances to be deleted, all at once."""
        return self._write(partial(self._api.delete_instances, instance_ids))

    def set_repairs(self, *, suspended: bool) -> FollowedOperation:
        """Ask for automatic repairs to be suspended or resumed."""
        return self._write(partial(self._api.set_repairs, suspended=suspended), moves=False)

    def resume_repairs_at_once(self) -> None:
        """Ask for automatic repairs to be resumed even where the run is cancelled, or its time is over."""
        self._api.set_repairs(suspended=False)

    def _write(self, call: Callable[[], Operation], *, moves: bool = True) -> FollowedOperation:
        """Call once, and remember that something was, or may have been, written; `moves`: the model or instances."""
        try:
            operation = self.clock.ask(call, Ask.WRITE)
        except AzureError as error:
            maybe = error.trouble is Trouble.UNCERTAIN
            self.wrote, self.moved = self.wrote or maybe, self.moved or (maybe and moves)
            raise
        self.wrote, self.moved = True, self.moved or moves
        return FollowedOperation(operation, self.clock)

    def wait_after_write(self, error: AzureError, patience: Patience, *, until: float = -_NEVER) -> Steps[Patience]:
        """Wait as `RunClock.wait_after` does, if Azure took another write of this run also once after a 403 or 404."""
        wait = self.clock.wait_after_another_write if self.wrote else self.clock.wait_after
        return (yield from wait(error, patience, until=until))
