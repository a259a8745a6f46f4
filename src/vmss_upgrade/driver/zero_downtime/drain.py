"""Draining a batch before its upgrade, and undoing that wherever no upgrade followed."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress

from vmss_upgrade.driver.remote import Halted, RemoteScaleSet
from vmss_upgrade.driver.run_clock import Steps
from vmss_upgrade.driver.zero_downtime.guests import Guests
from vmss_upgrade.errors import AzureError
from vmss_upgrade.rollout.az_commands import undrain_by_hand
from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.findings import Finding, warn
from vmss_upgrade.rollout.goal import is_on
from vmss_upgrade.rollout.history import endings
from vmss_upgrade.rollout.history.drain_events import Drained, DrainSettled, DrainStarted, UndrainStarted
from vmss_upgrade.rollout.history.events import Noticed
from vmss_upgrade.rollout.history.outcome import Ending
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.planning.plan import Batch, RolloutPlan
from vmss_upgrade.rollout.wording import clause, instances_named
from vmss_upgrade.rollout.zero_downtime.drain import (
    CLEAN_UP,
    Action,
    Drain,
    clean_up_time,
    least_seconds,
    not_rested,
    still_drained,
    to_drain,
)


class Draining:
    """What is drained of the batch under way, with the command of `drain`."""

    def __init__(self, remote: RemoteScaleSet, drain: Drain, plan: RolloutPlan) -> None:
        self._remote = remote
        self._clock = remote.clock
        self._drain = drain
        self._target = plan.reaches
        self._is_rollback = plan.is_rollback
        self._owed: tuple[str, ...] = ()  # drained, or perhaps, and not known to be upgraded
        self._kept: tuple[str, ...] = ()  # those of them that an upgrade leaves as they are
        self._left: tuple[Failure, ...] = ()

    def drain(self, batch: Batch) -> Steps[None]:
        """Drain the batch. Raises Halted if an instance could not be: then none of the batch is upgraded.

        In a rollback that is a warning, because the way back must not depend on what may be broken.
        """
        ids = to_drain(self._remote.scale_set, batch.instance_ids, is_rollback=self._is_rollback)
        self._owed, self._kept, self._left = (), (), ()
        if not ids:
            return
        began, self._guests = self._clock.now(), Guests(self._remote, self._drain)
        until = began + least_seconds(len(ids)) + self._drain.timeout + CLEAN_UP
        failures = yield from self._guests.clear(ids, until)
        if not failures or self._is_rollback:
            self._owed, self._remote.wrote = ids, True
            self._kept = tuple(i.id for i in self._remote.instances if i.id in ids and is_on(i, self._target))
            yield DrainStarted(batch=batch, instance_ids=ids, kept=self._kept)
            failures = yield from self._guests.run(Action.DRAIN, ids, until=until, gives_up=not self._is_rollback)
            if not failures or self._is_rollback:
                failures += yield from self._guests.clear(ids, until)
        if failures and not self._is_rollback:
            raise Halted(endings.by_drain(batch, failures, self._guests.remedy))
        for failure in failures:
            message = f"Instance {failure.instance_id} is returned all the same: {clause(failure.message)}."
            yield Noticed(finding=warn(message))
        yield Drained(batch=batch, instance_ids=ids, seconds=self._clock.now() - began)

    def undo_kept(self) -> Steps[None]:
        """Undrain what the upgrade left as it was, because a drained instance may never get healthy."""
        if self._kept:
            yield from self._undo(self._kept)

    def undo(self) -> Steps[Ending | None]:
        """Undrain whatever was drained and not upgraded. Returns the ending of a run that cannot."""
        if self._owed:
            yield from self._undo(self._owed)
        return endings.by_what_is_drained(self._left) if self._left else None

    def _undo(self, ids: tuple[str, ...]) -> Steps[None]:
        """Undrain those of `ids` that need it, in a time of its own."""
        limit = clean_up_time(len(ids)) + self._drain.timeout
        until = self._clock.now() + limit
        self._remote.grant(limit + CLEAN_UP)
        with self._clock.undisturbed():
            undone = undrain(self._remote, self._guests, ids, self._kept, self._target, until=until)
            self._left += yield from undone
        self._owed, self._kept = tuple(id_ for id_ in self._owed if id_ not in ids), ()


def undrain(
    remote: RemoteScaleSet,
    guests: Guests,
    drained: Collection[str],
    kept: Collection[str],
    target: Image,
    *,
    until: float,
) -> Steps[tuple[Failure, ...]]:
    """Undrain those of `drained` that still run the system in which they were. Returns the failures, all warned of."""
    left = still_drained(remote.instances, drained, kept, target)
    unrested: tuple[str, ...] = ()
    failures = yield from guests.clear(drained, until)  # ends scripts that still run
    if left:
        left, unrested = yield from _at_rest(remote, drained, kept, target, until)
    if left:
        yield UndrainStarted(instance_ids=left)
        failures += yield from guests.run(Action.UNDRAIN, left, until=until)
        failures += yield from guests.clear(left, until)
    failures += tuple(map(not_rested, unrested))
    for failure in failures:
        yield Noticed(finding=_still_drained(remote, failure))
    yield DrainSettled(instance_ids=tuple(drained), undrained=left, failures=failures)
    return failures


def undrain_after_a_kill(
    remote: RemoteScaleSet, drain: Drain, drained: Collection[str], kept: Collection[str], until: float
) -> Steps[tuple[Failure, ...]]:
    """Undrain what a killed run has left: the model holds the image that it upgraded to."""
    yield from remote.read_model()
    yield from remote.look(until=until)
    return (yield from undrain(remote, Guests(remote, drain), drained, kept, remote.model.image, until=until))


def _still_drained(remote: RemoteScaleSet, failure: Failure) -> Finding:
    """Warn of an instance that could not be undrained, with the command that does it."""
    model, id_ = remote.model, failure.instance_id
    shown = next((i.os for i in remote.instances if i.id == id_), "") or model.traits.os
    where = (model.subscription, model.resource_group, model.name, id_)
    command = undrain_by_hand(*where, is_flexible=model.is_flexible, os=shown)
    message = f"Instance {id_} may still be drained: {clause(failure.message)}."
    return warn(message, f"With the text of `drain-command` in a file: {command}")


def _at_rest(
    remote: RemoteScaleSet, drained: Collection[str], kept: Collection[str], target: Image, until: float
) -> Steps[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Look until Azure has ended what it does to these instances. Returns those still drained, and those without rest.

    An upgrade may still be under way there, after which nothing is left to undo.
    """
    patience = remote.clock.now() + (until - remote.clock.now()) / 2
    while True:
        with suppress(AzureError):
            yield from remote.look(until=until)
        left = still_drained(remote.instances, drained, kept, target)
        changing = tuple(i.id for i in remote.instances if i.id in left and i.is_changing)
        if not changing or remote.clock.now() >= patience:
            return tuple(id_ for id_ in left if id_ not in changing), changing
        why = f"Azure is still changing drained instances ({instances_named(changing, 20)})"
        yield from remote.clock.wait(why, remote.look_interval(), until=patience)
