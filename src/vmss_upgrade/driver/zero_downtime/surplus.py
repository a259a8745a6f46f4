"""Deleting the new instances of a surge, exactly these, in one call, and reading the capacity back."""

from __future__ import annotations

from vmss_upgrade.driver.remote import SETTLING_PAUSE, RemoteScaleSet
from vmss_upgrade.driver.run_clock import SECOND_LOOK, Steps
from vmss_upgrade.errors import AzureError
from vmss_upgrade.rollout.findings import Finding
from vmss_upgrade.rollout.history.surge import SurplusDeleted, SurplusDeleting, capacity_changed, surplus_left
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.watching.patience import Patience
from vmss_upgrade.rollout.zero_downtime.surge import Surge, why_to_stay

LIMIT = 30 * 60.0  # seconds; a notice of deletion alone may take 15 minutes
LAG = 60.0  # seconds for which a read may still show the capacity, or an instance, from before a deletion


def delete_surplus(remote: RemoteScaleSet, surge: Surge, until: float) -> Steps[Finding | None]:
    """Delete the new instances once nothing forbids it, at most until then. Returns what stays, or was changed."""
    why = yield from _delete(remote, surge, until)
    if why:
        return surplus_left(remote.model, surge, why)
    yield from _watch_them_go(remote, surge)
    if _there(remote, surge):
        return surplus_left(remote.model, surge, "Azure ended their deletion, and lists them still")
    model = yield from _read_capacity(remote, surge)
    if model.scaling.capacity != surge.former:
        unknown = "which of the instances are new is not certain"
        return capacity_changed(model, surge) if surge.instance_ids else surplus_left(model, surge, unknown)
    remote.mark_surplus(())
    yield SurplusDeleted(surge=surge)
    return None


def _delete(remote: RemoteScaleSet, surge: Surge, until: float) -> Steps[str]:
    """Ask until Azure takes the deletion on, each time for those that are there and are not being deleted already.

    Returns why they stay, if they do.
    """
    patience = Patience()
    while True:
        why = yield from why_they_stay(remote, surge, until)
        due = () if why else _there(remote, surge)
        if not due:
            return why
        yield SurplusDeleting(surge=surge)
        try:
            operation = remote.delete_instances(due)
        except AzureError as error:
            patience = yield from remote.wait_after_write(error, patience)
        else:
            yield from operation.follow(remote.clock.now() + LIMIT)
            return ""


def why_they_stay(remote: RemoteScaleSet, surge: Surge, until: float) -> Steps[str]:
    """Look, and wait until the new instances may be deleted. Returns why they may not, if that is so until then."""
    while True:
        yield from remote.look()
        why = why_to_stay(remote.scale_set, surge)
        if not why or remote.clock.now() >= until:
            return why
        yield from remote.clock.wait(f"the new instances are deleted later: {why}", SETTLING_PAUSE, until=until)


def _there(remote: RemoteScaleSet, surge: Surge) -> tuple[str, ...]:
    return tuple(i.id for i in remote.instances if i.id in surge.instance_ids and not i.is_being_deleted)


def _watch_them_go(remote: RemoteScaleSet, surge: Surge) -> Steps[None]:
    """Look until none of them is listed any more; a list may lag."""
    until = remote.clock.now() + LAG
    while True:
        yield from remote.look()
        if not any(i.id in surge.instance_ids for i in remote.instances) or remote.clock.now() >= until:
            return
        yield from remote.clock.wait("the list still shows instances that were deleted", SECOND_LOOK, until=until)


def _read_capacity(remote: RemoteScaleSet, surge: Surge) -> Steps[Model]:
    """Read the model until it shows the former capacity; it may lag."""
    until = remote.clock.now() + LAG
    while True:
        model = yield from remote.read_settled_model("the capacity is still being changed", until)
        if model.scaling.capacity == surge.former or remote.clock.now() >= until:
            return model
        yield from remote.clock.wait("the capacity is not what it was yet", SECOND_LOOK, until=until)
