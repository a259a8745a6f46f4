"""Cancelling the rolling upgrade of this run, and none but that: it is read just before."""

from __future__ import annotations

from vmss_upgrade.driver.remote import SETTLING_PAUSE, RemoteScaleSet
from vmss_upgrade.driver.run_clock import Steps
from vmss_upgrade.errors import AzureError, VmssUpgradeError
from vmss_upgrade.rollout.az_commands import az_vmss
from vmss_upgrade.rollout.findings import Finding, warn
from vmss_upgrade.rollout.history.events import Noticed
from vmss_upgrade.rollout.native.events import RollCancelling, RollEnded
from vmss_upgrade.rollout.native.owned import OwnRoll
from vmss_upgrade.rollout.watching.patience import Patience

LIMIT = 10 * 60.0  # seconds; recorded cancellations took 0.4 s
LAG = 60.0  # seconds for which `latest` may not show yet what a write has started


def cancel(remote: RemoteScaleSet, own: OwnRoll, why: str, *, until: float | None = None) -> Steps[bool]:
    """Cancel our rolling upgrade if it runs, and wait until it does not. Return whether none of ours is left running.

    Refusals are no surprise: it may have ended meanwhile (409), which the next look shows. Nothing of another client
    is ever cancelled.
    """
    clock, patience = remote.clock, Patience()
    began = clock.now()
    limit = began + LIMIT if until is None else until
    said = False
    while clock.now() < limit:
        own.take(latest := (yield from remote.rolls.latest(until=limit)))
        if own.seen is not None and not (own.includes(latest) and latest is not None and latest.is_running):
            yield RollEnded()
            return True
        if own.seen is None:  # most likely it never began; but a read may lag
            if not own.asked or clock.now() - began >= LAG:
                yield RollEnded()
                return True
            clock.sleep(SETTLING_PAUSE)
            continue
        if not said:
            yield RollCancelling(why=why)
            said = True
        try:
            operation = remote.rolls.cancel()
            yield from operation.follow(min(limit, clock.now() + LAG))
        except AzureError as error:
            try:
                patience = yield from remote.wait_after_write(error, patience, until=limit)
            except AzureError:
                clock.sleep(SETTLING_PAUSE)
    return False


def cancel_at_once(remote: RemoteScaleSet, own: OwnRoll) -> Steps[None]:
    """Try to cancel our rolling upgrade without waiting: the run was cancelled, or cannot go on."""
    if not own.asked:
        return
    try:
        if remote.rolls.cancel_at_once(own):
            yield RollCancelling(why="the run ends")
        elif own.seen is None or own.seen.is_running:
            yield Noticed(finding=may_run(remote))
    except VmssUpgradeError as error:
        yield Noticed(finding=may_run(remote, str(error)))


def may_run(remote: RemoteScaleSet, because: str = "") -> Finding:
    """Return that our rolling upgrade may still be at work, and how to cancel it."""
    why = f": {because}" if because else ""
    message = f"Azure's rolling upgrade may still be at work{why}."
    return warn(message, f"To stop it: {az_vmss('rolling-upgrade cancel', remote.model)}")
