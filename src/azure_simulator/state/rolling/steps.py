"""What a rolling upgrade does next. Nothing runs in the background: `settle` (events.py) takes each step in time.

A batch begins when the one before it has ended and the pause is over; it ends when each of its instances is provisioned
and healthy, or has failed. Documented: maxUnhealthyInstancePercent is looked at before a batch,
maxUnhealthyUpgradedInstancePercent after it; an instance has five minutes to become healthy (of automatic OS upgrades).

Choices that no source decides: health is looked at every 10 s; an instance that never stops being provisioned lets the
upgrade run for ever; failures below the limits let the upgrade be Completed, and its operation Succeeded; instances
that go back to the previous model are under way as long as any upgrade, and the operation lasts until then.
"""

import random

from azure_simulator.state.creation import DELETION
from azure_simulator.state.instances import Instance, Upgrade
from azure_simulator.state.manual_upgrades import plan_upgrade
from azure_simulator.state.operations import Failure
from azure_simulator.state.periods import FOREVER, StatePeriod, UnhealthyPeriod
from azure_simulator.state.rolling.health import UNHEALTHY, breached_between_batches, breached_by_upgraded, is_unhealthy
from azure_simulator.state.rolling.policy import RollingPolicy, read_policy
from azure_simulator.state.rolling.surge import create_successor, delete_old, has_room, let_go_on
from azure_simulator.state.rolling_upgrades import RollingUpgrade, Turn
from azure_simulator.state.scale_set import SimulatedScaleSet
from azure_simulator.wire.merging import merged

# Two instances that were on the newest image already took 121 s (uniform_rolling_upgrade_2023).
SECONDS_OF_A_VISIT = 60.0
PATIENCE = 300.0
LOOKS_EVERY = 10.0


def next_step(scale_set: SimulatedScaleSet) -> float:
    """Return when the next step of a rolling upgrade is due; infinite for never."""
    return FOREVER if scale_set.rolling is None else scale_set.rolling.next_at


def take_step(scale_set: SimulatedScaleSet, now: float) -> None:
    """Take the step that is due now."""
    rolling = scale_set.rolling
    if rolling is None:
        return
    if rolling.failure is not None:
        end_failed(scale_set, rolling, rolling.failure, now)
    elif rolling.current:
        _look(scale_set, rolling, now)
    else:
        _begin_batch(scale_set, rolling, now)


def end_failed(scale_set: SimulatedScaleSet, rolling: RollingUpgrade, failure: Failure, now: float) -> None:
    """End a rolling upgrade with a failure. After a write of the model, the set is Failed, too."""
    rolling.fail(failure, now)
    if rolling.of_model:
        note_failed(scale_set, now)


def note_failed(scale_set: SimulatedScaleSet, now: float) -> None:
    """Let the set be Failed until a later write succeeds (reported: opencb/opencga#987)."""
    scale_set.json = merged(scale_set.json, {"properties": {"provisioningState": "Failed"}})
    scale_set.remember(now)


def break_off(scale_set: SimulatedScaleSet, rolling: RollingUpgrade, failure: Failure, now: float) -> None:
    """End a rolling upgrade with a failure in the middle of a batch, which then counts as failed."""
    for turn in rolling.current:
        if turn.ended_at > now:
            turn.failure, turn.ended_at = failure, now
    rolling.current = []
    end_failed(scale_set, rolling, failure, now)


def cancel(scale_set: SimulatedScaleSet, rolling: RollingUpgrade, now: float) -> None:
    """Cancel a rolling upgrade. What is being replaced goes on."""
    rolling.cancel(now)
    for turn in rolling.current:
        if turn.ended_at == FOREVER:
            let_go_on(scale_set, turn)


# --- a batch begins ---


def _begin_batch(scale_set: SimulatedScaleSet, rolling: RollingUpgrade, now: float) -> None:
    policy = read_policy(rolling.policy)
    batch = _next_batch(scale_set, rolling, now)
    if not batch:
        return rolling.complete(now)
    begun = any(turn.started_at < now for turn in rolling.turns)
    if begun and rolling.pace is None and rolling.forced is None:
        present = scale_set.present(now)
        if breach := breached_between_batches(scale_set, present, policy.unhealthy_percent, now):
            return _breach(scale_set, rolling, policy, breach, now)
    surges = policy.surges and rolling.pace is None and rolling.replaces and has_room(scale_set, len(batch), now)
    for turn in batch:
        _begin_turn(scale_set, rolling, turn, now, surges=surges)
    rolling.current = batch
    rolling.next_at = min(_provisioned_at(rolling, turn) for turn in batch)
    return None


def _next_batch(scale_set: SimulatedScaleSet, rolling: RollingUpgrade, now: float) -> list[Turn]:
    """Return the next batch of instances that still exist, and of a model's that are still behind it."""
    while rolling.batches:
        batch = []
        for turn in rolling.batches.pop(0):
            if not turn.instance.exists(now):
                rolling.turns.remove(turn)
            elif rolling.of_model and not scale_set.is_stale(turn.instance, now):
                turn.started_at = turn.ended_at = now
            else:
                batch.append(turn)
        if batch:
            return batch
    return []


def _begin_turn(scale_set: SimulatedScaleSet, rolling: RollingUpgrade, turn: Turn, now: float, *, surges: bool) -> None:
    instance, turn.started_at = turn.instance, now
    if not rolling.replaces or not scale_set.is_stale(instance, now):
        return
    snapshot = scale_set.snapshot(instance, now)
    turn.before = (snapshot.image, snapshot.model)
    under_way = next(
        (each for each in instance.upgrades if each.ended_at > now and each.model == scale_set.model), None
    )
    if surges:
        return create_successor(scale_set, turn, now)
    if rolling.pace is not None:
        turn.upgrade = scale_set.replacement(now, now + rolling.pace)
    else:
        turn.upgrade = under_way or plan_upgrade(scale_set, instance, now, None)
    if turn.upgrade is not under_way:
        instance.upgrades.append(turn.upgrade)
    return None


# --- a batch is under way, and ends ---


def _look(scale_set: SimulatedScaleSet, rolling: RollingUpgrade, now: float) -> None:
    """See which instances of the batch are done, and end the batch when all are."""
    for turn in [each for each in rolling.current if each.ended_at == FOREVER]:
        if not turn.instance.exists(now) or not turn.upgraded.exists(now):
            rolling.current.remove(turn)
            rolling.turns.remove(turn)
            if turn.successor is not None:
                turn.successor.deleted_at = min(turn.successor.deleted_at, now)
        else:
            _see(scale_set, rolling, turn, now)
    later = [_next_look(rolling, turn, now) for turn in rolling.current if turn.ended_at > now]
    if later:
        rolling.next_at = min(later)
    else:
        _end_batch(scale_set, rolling, now)


def _next_look(rolling: RollingUpgrade, turn: Turn, now: float) -> float:
    if turn.ended_at < FOREVER:
        return turn.ended_at
    provisioned_at = _provisioned_at(rolling, turn)
    return provisioned_at if provisioned_at > now else min(now + LOOKS_EVERY, provisioned_at + PATIENCE)


def _see(scale_set: SimulatedScaleSet, rolling: RollingUpgrade, turn: Turn, now: float) -> None:
    """End the turn of an instance that is healthy, or that has failed."""
    provisioned_at = _provisioned_at(rolling, turn)
    if now < provisioned_at:
        return
    if rolling.pace is not None or rolling.forced is not None or not rolling.replaces:
        turn.failure, turn.ended_at = rolling.forced, now
        return
    snapshot = scale_set.snapshot(turn.upgraded, now)
    if snapshot.provisioning == "Failed":
        turn.failure, turn.ended_at = snapshot.failure or UNHEALTHY, now
    elif not is_unhealthy(scale_set, turn.upgraded, now):
        turn.ended_at = delete_old(scale_set, turn.instance, now) if turn.successor is not None else now
    elif now >= provisioned_at + PATIENCE:
        turn.failure, turn.ended_at = UNHEALTHY, now


def _provisioned_at(rolling: RollingUpgrade, turn: Turn) -> float:
    if turn.upgrade is not None and rolling.pace is None:
        return turn.upgrade.ended_at
    return turn.started_at + (SECONDS_OF_A_VISIT if rolling.pace is None else rolling.pace)


def _end_batch(scale_set: SimulatedScaleSet, rolling: RollingUpgrade, now: float) -> None:
    policy = read_policy(rolling.policy)
    rolling.current = []
    if rolling.of_model:
        scale_set.reached_by_updates.append(now)
    if rolling.forced is not None:
        return end_failed(scale_set, rolling, rolling.forced, now)
    if rolling.pace is None:
        upgraded = [turn for turn in rolling.turns if turn.ended_at <= now and turn.upgraded.exists(now)]
        if breach := breached_by_upgraded(scale_set, upgraded, policy.unhealthy_upgraded_percent, now):
            return _breach(scale_set, rolling, policy, breach, now)
    if not rolling.batches:
        return rolling.complete(now)
    rolling.next_at = now + policy.pause_seconds
    return None


# --- a breach of the policy ---


def _breach(
    scale_set: SimulatedScaleSet, rolling: RollingUpgrade, policy: RollingPolicy, failure: Failure, now: float
) -> None:
    """End the upgrade, or first let failed instances go back to the previous model (documented: Uniform only)."""
    failed = [turn for turn in rolling.turns if turn.failure is not None and turn.before is not None]
    if not policy.goes_back or scale_set.flexible or not failed:
        return end_failed(scale_set, rolling, failure, now)
    rolling.failure, rolling.going_back_at = failure, now
    rolling.next_at = max(_go_back(scale_set, turn, now) for turn in failed)
    return None


def _go_back(scale_set: SimulatedScaleSet, turn: Turn, now: float) -> float:
    """Let a failed instance go back, or be deleted if it is a new one. Return when it is done."""
    if turn.successor is not None:
        return _delete(turn.successor, now)
    draw = random.Random(f"back:{scale_set.seed}:{turn.instance.instance_id}")
    timing = scale_set.scenario.timing
    ends = now + draw.uniform(*timing.upgrade)
    starting = draw.uniform(*timing.healthy_after) if scale_set.has_signal else 0.0
    assert turn.before is not None
    image, model = turn.before
    back = Upgrade(
        started_at=now,
        ended_at=ends,
        image=image,
        model=model,
        current_at=ends,
        unhealthy=UnhealthyPeriod(ends, ends + starting),
        counted=False,
    )
    turn.instance.upgrades.append(back)
    return ends


def _delete(instance: Instance, now: float) -> float:
    instance.deleted_at = now + DELETION
    instance.state_periods.append(StatePeriod(now, instance.deleted_at, "Deleting"))
    return instance.deleted_at
