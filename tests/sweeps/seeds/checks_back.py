"""What a run that turns back may do, and say of it: judged by the truth, and by arithmetic of its own."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from azure_simulator import InstanceState
from sweeps.seeds.asked import is_off, seconds
from sweeps.seeds.checks_writes import ON_ITS_WAY
from sweeps.seeds.truth import State, Truth, Upgrade, named_in


def back_image(truth: Truth) -> Iterator[str]:
    """What goes back into the model is the image that most ran before, and it is there before anybody returns."""
    if truth.turn is None:
        return
    back = [patch for patch in truth.patches if patch.at >= truth.turn.at]
    for patch in back:
        named = named_in(patch)
        if len(named) != 1 or named[0] not in truth.majority:
            yield f"at {patch.at}: the model was put back to {named}, and most ran {truth.majority}"
    for upgrade in (each for each in truth.upgrades if each.is_back):
        if not any(patch.at < upgrade.at and patch.status in (0, 200, 202) for patch in back):  # 0: answer lost
            yield f"at {upgrade.at}: {upgrade.ids} were to return before the model was put back"


def back_who(truth: Truth) -> Iterator[str]:
    """Only those return that moved since the rollout began; of a rollback by hand those that run what it leaves."""
    for upgrade in truth.upgrades_back:
        for id_ in (id_ for id_ in upgrade.ids if id_ in upgrade.seen):
            instance = upgrade.seen[id_]
            moved = truth.asked.has_moved(instance) if truth.asked.goes_back else truth.moved(instance, upgrade.seen)
            if not moved:
                yield f"at {upgrade.at}: {id_} was to return, and had not moved"


def back_order(truth: Truth) -> Iterator[str]:
    """Those that are ill return first, then the newest batch, and so on."""
    places = [
        (upgrade, id_, _place(truth, id_))
        for upgrade in truth.upgrades_back
        for id_ in upgrade.ids
        if _was_due(truth, id_)
    ]
    for (_, first, earlier), (upgrade, second, later) in pairwise(places):
        if earlier > later:
            yield f"at {upgrade.at}: {second} returned after {first}"


def back_called_for(truth: Truth) -> Iterator[str]:
    """A run that was cancelled, was late, lost a right, or whose model somebody changed does not turn back."""
    turn = truth.turn
    if turn is None:
        return
    if truth.case.cancel_at is not None and turn.at > truth.case.cancel_at:
        yield f"turned back at {turn.at}, and was cancelled at {truth.case.cancel_at}"
    if turn.at > seconds(truth.asked["timeout"] or "5h30m") + ON_ITS_WAY:
        yield f"turned back at {turn.at}, after its timeout"
    earlier = [write for write in truth.moving_writes if write.at < turn.at]
    if earlier and earlier[-1].status == 403:
        yield f"turned back at {turn.at}, and the write before was forbidden"
    if not earlier:
        yield f"turned back at {turn.at}, and this run had changed nothing"
    if not _was_seen_bad(truth):
        yield f"turned back at {turn.at}, and no instance had been seen bad on the target"
    before = [patch.at for patch in truth.patches if patch.at < turn.at]
    late = before[-1] + truth.case.models_lag + ON_ITS_WAY if before and truth.case.models_lag else 0.0
    held = [image for at, image in truth.models_seen if late < at < turn.at]
    if held and truth.asked.operation == "upgrade" and held[-1] != truth.asked.target:
        yield f"turned back at {turn.at}, and somebody had put {held[-1]} into the model"


def rolled_back(truth: Truth) -> Iterator[str]:
    """`rolled-back`, and the success of a rollback by hand, only when the model holds the image and nobody who may be
    touched is left on the target; who is listed is on the image, and well.
    """
    for id_ in truth.ids("rolled-back"):
        if id_ in truth.last_seen and not _is_well_back(truth, truth.last_seen[id_]):
            yield f"{id_} is said to be rolled back, and is {truth.last_seen[id_]}"
    if truth.outcome != "rolled-back":
        return
    if truth.model_now != truth.back_to:
        yield f"rolled-back, and the model holds {truth.model_now}"
    for id_, instance in truth.last_seen.items():
        has_moved = truth.asked.may_touch(instance) and truth.moved(instance, truth.last_seen)
        if has_moved and instance.image_version != truth.back_to:
            yield f"rolled-back, and {id_} is {instance}"
        is_returned = any(upgrade.is_back and id_ in upgrade.ids for upgrade in truth.upgrades)
        was_taken_away = instance.power_state == "deallocated" and not truth.was_off(id_)
        if is_returned and not was_taken_away and not _is_well_back(truth, instance):
            yield f"rolled-back, and {id_}, which returned, is {instance}"


# -- small steps ---------------------------------------------------------------------------------------------------


def _was_due(truth: Truth, id_: str) -> bool:
    """Whether it was to return from the beginning of the way back, and not only at its end."""
    seen = truth.seen_at_turn.get(id_)
    return seen is not None and not is_off(seen) and (truth.asked.is_due(seen) or not truth.asked.goes_back)


def _place(truth: Truth, id_: str) -> tuple[int, int]:
    if not truth.asked.is_healthy(truth.seen_at_turn[id_]):
        return (0, 0)
    there: list[Upgrade] = [each for each in truth.upgrades if not each.is_back and not truth.asked.goes_back]
    newest = max((number for number, each in enumerate(there, 1) if id_ in each.ids), default=0)
    return (1, -newest)


def _is_well_back(truth: Truth, instance: InstanceState) -> bool:
    return truth.is_ready(instance, back=not truth.asked.goes_back)


def _was_seen_bad(truth: Truth) -> bool:
    """Whether an instance that the rollout had moved, or that was born since, failed or was ill on the target at a look
    since the last upgrade there, or one that was ill vanished.
    """
    assert truth.turn is not None
    there = [each.at for each in truth.upgrades if not each.is_back]
    since = there[-1] if there else 0.0
    looks = [look for look in truth.looks_since_planning if since <= look < truth.turn.at]
    return any(_is_bad(truth, each, truth.shown(look)) for look in looks for each in truth.shown(look).values())


def _is_bad(truth: Truth, instance: InstanceState, seen: State) -> bool:
    if is_off(instance) and instance.power_state == "deallocated":
        return False
    has_failed = instance.provisioning_state == "Failed" or not truth.asked.is_healthy(instance)
    is_ours = instance.instance_id in truth.asked_for_there or truth.moved(instance, seen)
    return has_failed and is_ours
