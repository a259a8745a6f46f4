"""Cancelling the rolling upgrade of this run, and none but that: it is read just before."""

from __future__ import annotations

from vmss_upgrade.driver.remote import SETTLING_PAUSE, Halted, RemoteScaleSet
from vmss_upgrade.driver.run_clock import Steps
from vmss_upgrade.errors import AzureError, Trouble, VmssUpgradeError
from vmss_upgrade.rollout.az_commands import az_vmss
from vmss_upgrade.rollout.findings import Finding, warn
from vmss_upgrade.rollout.history.events import Noticed
from vmss_upgrade.rollout.native.events import RollCancelling, RollEnded
from vmss_upgrade.rollout.native.owned import OwnRoll, OwnState
from vmss_upgrade.rollout.watching.patience import Patience

LIMIT = 10 * 60.0  # seconds; recorded cancellations took 0.4 s
LAG = 60.0  # seconds for which `latest` may not show what a write has started, or something older


def cancel(remote: RemoteScaleSet, own: OwnRoll, why: str, *, until: float | None = None) -> Steps[bool]:
    """Cancel our rolling upgrade if it runs, and wait until it does not. Return whether none of ours is left running.

    Refusals are no surprise: it may have ended meanwhile (409), which the next look shows. Nothing of another client
    is ever cancelled. One that was never seen has not begun, if Azure is not updating the scale set either.

    Raises AzureError where Azure refused to the end, or for lack of a right.
    """
    clock, patience = remote.clock, Patience()
    clear_at = clock.now()
    limit = clear_at + LIMIT if until is None else until
    said, refusal = False, None
    while clock.now() < limit:
        own.take(latest := (yield from remote.rolls.latest(until=limit)))
        state = own.state_in(latest)
        if state is OwnState.UNCLEAR:
            if clock.now() - clear_at < LAG:
                clock.sleep(min(SETTLING_PAUSE, max(0.0, limit - clock.now())))
                continue
            if (yield from _may_run(remote, own)):
                return False
            state = OwnState.ENDED
        if state is OwnState.ENDED:
            yield RollEnded()
            return True
        clear_at = clock.now()
        if not said:
            yield RollCancelling(why=why)
            said = True
        try:
            operation = remote.rolls.cancel()
            refusal = None
            yield from operation.follow(min(limit, clock.now() + LAG))
        except AzureError as error:
            refusal = error
            try:
                patience = yield from remote.wait_after_write(error, patience, until=limit)
            except AzureError:
                if error.trouble is Trouble.DENIED:
                    raise
                clock.sleep(SETTLING_PAUSE)
    if refusal is not None:
        raise refusal
    return False


def _may_run(remote: RemoteScaleSet, own: OwnRoll) -> Steps[bool]:
    """Return whether ours may be at work, although `latest` has shown nothing of it for a while."""
    if own.seen is not None:
        return not own.seen.has_ended
    return (yield from remote.read_model()).is_updating


def cancel_or_warn(remote: RemoteScaleSet, own: OwnRoll, why: str, *, until: float | None = None) -> Steps[bool]:
    """Cancel our rolling upgrade as `cancel` does, and warn where it may still be at work. Return whether it is not."""
    because = ""
    try:
        if (yield from cancel(remote, own, why, until=until)):
            return True
    except (AzureError, Halted) as error:
        because = str(error)
    yield Noticed(finding=may_run(remote, because))
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
