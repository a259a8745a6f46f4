"""A plan's batches from the first to the last look: of a rollout, and of a rollback."""

from __future__ import annotations

from vmss_upgrade.driver.batches import BatchLoop
from vmss_upgrade.driver.remote import PatientApi, Steps
from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.findings import note
from vmss_upgrade.rollout.history import endings
from vmss_upgrade.rollout.history.events import Noticed
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.planning.plan import RolloutPlan
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.wording import listed

EXTRA_PASSES = 3  # for instances that are created with another image meanwhile


def carry_out(plan: RolloutPlan, loop: BatchLoop, azure: PatientApi, policy: Policy) -> Steps[Ending]:
    """The planned batches, then extra passes for instances that were born with another image meanwhile."""
    if plan.batches and not plan.update_model:
        yield from loop.prove_earlier()
    ending = yield from loop.upgrade(plan.due_now)
    if ending is not None:
        return ending
    unsettled = yield from loop.settle()
    if plan.stop_after is not None:
        return endings.by_last_look(unsettled) if unsettled else endings.partial(plan)
    if not unsettled and loop.left() and policy.stop_after is not None:
        return endings.partial(plan)
    for _ in range(EXTRA_PASSES):
        if unsettled or not loop.left():
            break
        ending = yield from loop.one_more_pass(plan)
        if ending is not None:
            return ending
        unsettled = yield from loop.settle()
    did_anything = bool(plan.batches) or azure.wrote
    yield from loop.check_model(nothing_was_done=not did_anything)
    yield from loop.look_for_changes()
    starting = loop.still_starting()
    if starting:
        message = f"Created since planning, with the model as it is, and still starting: {listed(starting)}."
        yield Noticed(at=azure.elapsed(), finding=note(message))
    return _conclusion(loop, unsettled, did_anything=did_anything)


def _conclusion(loop: BatchLoop, unsettled: tuple[Failure, ...], *, did_anything: bool) -> Ending:
    """How it ended, by the last look."""
    if unsettled:
        return endings.by_last_look(unsettled)
    late = loop.left()
    if late:
        return endings.still_old(late)
    if not did_anything:
        return Ending(outcome=Outcome.NOTHING_TO_DO, reason="No instance is left to upgrade.")
    return endings.succeeded(loop.model.health_signal, is_current=loop.is_current)
