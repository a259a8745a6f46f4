"""Checks of a run that turns back: its writes and its reports, judged by the truth and by independent arithmetic."""

from collections.abc import Iterator
from itertools import pairwise

from azure_simulator import InstanceState
from sweeps.seeds.asked import is_off, seconds
from sweeps.seeds.checks_writes import ON_ITS_WAY
from sweeps.seeds.truth import State, Truth, named_in


def back_image(truth: Truth) -> Iterator[str]:
    """Check that the image most instances ran before goes back into the model, before any instance returns."""
    if truth.turn is None:
        return
    back = [patch for patch in truth.patches if patch.at >= truth.turn.at]
    for patch in back:
        named = named_in(patch)
        if len(named) != 1 or named[0] not in truth.majority:
            yield f"at {patch.at}: the model was put back to {named}, and most ran {truth.majority}"
    for upgrade in (each for each in truth.upgrades if each.is_back):
        if not any(patch.at < upgrade.at and patch.status in (0, 200, 202) for patch in back):  # 0: answer lost
            yield f"at {upgrade.at}: {upgrade.ids} were returned before the model"


def back_who(truth: Truth) -> Iterator[str]:
    """Check that only instances return that moved since the rollout began, or run the image that a rollback leaves."""
    for upgrade in truth.upgrades_back:
        for id_, instance in upgrade.seen_of_its_own:
            moved = truth.asked.has_moved(instance) if truth.asked.goes_back else truth.moved(instance, upgrade.seen)
            if not moved:
                yield f"at {upgrade.at}: {id_} was returned, but had not moved"


def back_order(truth: Truth) -> Iterator[str]:
    """Check the order of return: first unhealthy instances, then the newest batch, and so on."""
    due = [(upgrade.at, id_) for upgrade in truth.upgrades_back for id_ in upgrade.ids if _was_due(truth, id_)]
    for (_, first), (at, second) in pairwise(due):
        if _place(truth, first) > _place(truth, second):
            yield f"at {at}: {second} returned after {first}"


def back_called_for(truth: Truth) -> Iterator[str]:
    """Check that no run turns back that was cancelled, late, forbidden, or disturbed by a change of the model."""
    turn = truth.turn
    if turn is None:
        return
    if truth.case.cancel_at is not None and turn.at > truth.case.cancel_at:
        yield f"turned back at {turn.at}, but was cancelled at {truth.case.cancel_at}"
    if turn.at > seconds(truth.asked["timeout"] or "5h30m") + ON_ITS_WAY:
        yield f"turned back at {turn.at}, after its timeout"
    earlier = [write for write in truth.moving_writes if write.at < turn.at]
    if earlier and earlier[-1].status == 403:
        yield f"turned back at {turn.at}, but the write before was forbidden"
    if not earlier:
        yield f"turned back at {turn.at}, but this run had changed nothing"
    if not _was_seen_bad(truth):
        yield f"turned back at {turn.at}, but no instance had been bad on the target at any look"
    before, lag = [patch.at for patch in truth.patches if patch.at < turn.at], truth.case.lag("model-lags")
    late = before[-1] + lag + ON_ITS_WAY if before and lag else 0.0
    held = [image for at, image in truth.models_seen if late < at < turn.at]
    if held and truth.asked.operation == "upgrade" and held[-1] != truth.asked.target:
        yield f"turned back at {turn.at}, but somebody had put {held[-1]} into the model"


def model_alone(truth: Truth) -> Iterator[str]:
    """Check that a run which puts only the model back touches no instance afterwards, and says truly that it did."""
    if not truth.asked.keeps_instances:
        return
    if truth.outcome in ("rolled-back", "rollback-failed"):
        yield f"{truth.outcome}, but only the model was to go back"
    for upgrade in (each for each in truth.upgrades if each.is_back):
        yield f"at {upgrade.at}: {upgrade.ids} were upgraded after the model went back"
    if truth.turn is not None and truth.outcome not in ("halted", "interrupted"):
        yield f"the model went back, and the run ended {truth.outcome}"
    record = truth.played.record
    if record.get("model_restored") and (truth.turn is None or truth.turn.status >= 400):
        yield "reported that the model is restored, but no write was accepted"
    if record.get("model_restored") and record.get("model_may_hold_target"):
        yield "reported that the model is restored, and that it may hold the target"


def rolled_back(truth: Truth) -> Iterator[str]:
    """Check that a claimed rollback put the model and all allowed instances back, each listed one healthy."""
    for id_ in truth.ids("rolled-back"):
        if id_ in truth.last_seen and not _is_healthy_back(truth, truth.last_seen[id_]):
            yield f"{id_} is reported as rolled back, but is {truth.last_seen[id_]}"
    if truth.outcome != "rolled-back":
        return
    if truth.model_now != truth.back_to:
        yield f"rolled-back, but the model holds {truth.model_now}"
    for id_, instance in truth.last_seen.items():
        has_moved = truth.asked.may_touch(instance) and truth.moved(instance, truth.last_seen)
        if has_moved and instance.image_version != truth.back_to:
            yield f"rolled-back, and {id_} is {instance}"
        is_returned = any(upgrade.is_back and id_ in upgrade.ids for upgrade in truth.upgrades)
        was_taken_away = instance.power_state == "deallocated" and not truth.was_off(id_)
        if is_returned and not was_taken_away and not _is_healthy_back(truth, instance):
            yield f"rolled-back, and {id_}, a returned instance, is {instance}"


def _was_due(truth: Truth, id_: str) -> bool:
    """Return True if it was to return from the start of the rollback, and not only at its end."""
    seen = truth.seen_at_turn.get(id_)
    return seen is not None and not is_off(seen) and (truth.asked.is_due(seen) or not truth.asked.goes_back)


def _place(truth: Truth, id_: str) -> tuple[int, int]:
    if not truth.asked.is_healthy(truth.seen_at_turn[id_]):
        return (0, 0)
    there = [each for each in truth.upgrades if not each.is_back and not truth.asked.goes_back]
    newest = max((number for number, each in enumerate(there, 1) if id_ in each.ids), default=0)
    return (1, -newest)


def _is_healthy_back(truth: Truth, instance: InstanceState) -> bool:
    return truth.is_ready(instance, back=not truth.asked.goes_back)


def _was_seen_bad(truth: Truth) -> bool:
    """Return True if a look since the last upgrade showed a moved or new instance failed or unhealthy."""
    assert truth.turn is not None
    there = [each.at for each in truth.upgrades if not each.is_back]
    since = there[-1] if there else 0.0
    looks = [look for look in truth.looks_since_planning if since <= look < truth.turn.at]
    return any(_is_bad(truth, each, truth.shown[look]) for look in looks for each in truth.shown[look].values())


def _is_bad(truth: Truth, instance: InstanceState, seen: State) -> bool:
    is_ours = instance.instance_id in truth.asked_for_there or truth.moved(instance, seen)
    return is_ours and instance.power_state != "deallocated" and not truth.asked.is_healthy(instance)
