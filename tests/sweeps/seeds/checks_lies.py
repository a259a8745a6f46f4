"""What an Azure that lies a little must not bring about: a sick image that passes, a good one that is blamed, a success
that is none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sweeps.seeds.asked import is_off
from sweeps.seeds.checks_calm import expected_outcomes
from sweeps.seeds.lies import all_of, blames_nothing, hides_the_signal, makes_all_sick, passes
from sweeps.seeds.truth import Truth, Upgrade


def signal(truth: Truth) -> Iterator[str]:
    """No upgrade is asked for once the model has been read twice in a row without the signal that health goes by, nor
    without a look at the model since the batch before.
    """
    if not truth.asked.has_signal or not any(hides_the_signal(fault) for fault in truth.case.faults):
        return
    reads = [
        (each.request.at, _shows_signal(json.loads(each.body))) for each in truth.ran.answered if each.tells_of("set")
    ]
    for upgrade in truth.upgrades:
        before = [shows for at, shows in reads if at < upgrade.at]
        if len(before) > 1 and not any(before[-2:]):
            yield f"at {upgrade.at}: {upgrade.ids} were asked for, and the model had no health signal any more"
        if upgrade.before_its_batch and not any(upgrade.before_its_batch[-1].at < at < upgrade.at for at, _ in reads):
            yield f"at {upgrade.at}: {upgrade.ids} were asked for without another look at the model"


def sick_image(truth: Truth) -> Iterator[str]:
    """Of an image that makes every instance sick, one batch alone gets to see it, whatever Azure says meanwhile."""
    if not truth.asked.has_signal or not any(makes_all_sick(fault) for fault in truth.case.faults):
        return
    there = [each for each in truth.upgrades if each.accepted and not each.is_back]
    batches = {each.batch: each for each in there if _may_get_sick(truth, each)}
    if len(batches) > 1:
        yield f"the image is sick, and {len(batches)} batches got it: {sorted(map(sorted, batches))}"


def somebody_serves(truth: Truth) -> Iterator[str]:
    """Where nothing but the image and what Azure says is wrong, somebody serves at every moment."""
    asked, begins = truth.asked, truth.at(0.0).values()
    is_kept = asked.has_signal and asked["allow-downtime"] != "true" and any(asked.is_healthy(each) for each in begins)
    is_wrong = all_of(truth.case.faults, lambda fault: fault["kind"] == "comes-up-unhealthy" or passes(fault))
    if is_kept and is_wrong and truth.upgrades and not asked.goes_back and truth.played.azure.lowest_available() == 0:
        yield "nobody served at one moment"


def blame(truth: Truth) -> Iterator[str]:
    """What is not the image's doing starts no rollback; who is attached, or was taken away, has not failed."""
    failed = truth.ids("failed")
    for id_ in filter(truth.asked.is_attached, failed):
        yield f"{id_} is attached, and is said to have failed"
    if not truth.case.faults or not all_of(truth.case.faults, blames_nothing) or _was_bad_there(truth):
        return
    if truth.went_back:
        yield f"{truth.outcome}, and nothing that the image did was wrong: {truth.played.record.get('reason')}"
    for id_ in failed:
        if id_ in truth.last_seen and truth.last_seen[id_].power_state == "deallocated" and not truth.was_off(id_):
            yield f"{id_} was taken away, and is said to have failed"


def attached(truth: Truth) -> Iterator[str]:
    """No upgrade is asked for a machine that was never made from the model."""
    for upgrade in truth.upgrades:
        for id_ in filter(truth.asked.is_attached, upgrade.ids):
            yield f"at {upgrade.at}: {id_} is attached"


def lies_pass(truth: Truth) -> Iterator[str]:
    """Where Azure lies a little, and nothing else is wrong, a run ends as it does on a calm day."""
    if not truth.case.is_lying:
        return
    expected = expected_outcomes(truth)
    if truth.outcome not in expected:
        reason = truth.played.record.get("reason")
        yield f"nothing lasting went wrong, and it ended {truth.outcome} ({reason}); expected {sorted(expected)}"


def really_succeeded(truth: Truth) -> Iterator[str]:
    """`succeeded` and `nothing-to-do` only where every selected instance that is there served on the target, and who
    was touched was current, or it is said why not: all of it as seen last.
    """
    if truth.outcome not in ("succeeded", "nothing-to-do") or truth.asked.operation == "update-model":
        return
    for id_, instance in truth.last_seen.items():
        is_expected = truth.asked.is_selected(instance) and not is_off(instance) and not truth.asked.is_attached(id_)
        if not is_expected or id_ not in truth.planned_from:
            continue
        if truth.is_on_image(instance) and not truth.asked.is_healthy(instance):
            yield f"{truth.outcome}, and {id_}, which was selected, is {instance}"
        shows_flag = id_ in truth.asked_for and not truth.asked.is_flexible  # a machine has no such flag
        if shows_flag and not (instance.latest_model_applied or "not on the newest model" in truth.played.log):
            yield f"{truth.outcome}, and {id_} is not current, and nobody says so"


def first_batch(truth: Truth) -> Iterator[str]:
    """Where nothing proves health, one instance goes first alone; where canaries were asked for, so many of them."""
    most = truth.asked.canary
    if most is None or not truth.upgrades or truth.asked.goes_back:
        return
    if any(truth.is_on_image(each) for each in truth.asked.made(truth.planned_from.values())):
        return  # an earlier run may have sent them
    if len(truth.upgrades[0].ids) > most:
        yield f"{truth.upgrades[0].ids} go first, and {most} may"


# -- small steps ---------------------------------------------------------------------------------------------------


def _shows_signal(model: Any) -> bool:
    profile = model["properties"]["virtualMachineProfile"]
    extensions = profile.get("extensionProfile", {}).get("extensions", [])
    is_health = any(each["properties"]["type"].startswith("ApplicationHealth") for each in extensions)
    return is_health or bool(profile.get("networkProfile", {}).get("healthProbe"))


def _may_get_sick(truth: Truth, upgrade: Upgrade) -> bool:
    """Whether anybody of the batch ran when it was asked for, and was not taken away afterwards."""
    later = [each.seen for each in truth.upgrades if each.at > upgrade.at] or [truth.last_seen]
    running = [id_ for id_ in upgrade.ids if id_ in upgrade.seen and not is_off(upgrade.seen[id_])]
    return any(id_ in later[0] and not is_off(later[0][id_]) for id_ in running)


def _was_bad_there(truth: Truth) -> bool:
    """Whether an instance that an earlier run may have brought to the target was not well at planning."""
    return any(truth.is_on_image(i) and not truth.asked.is_healthy(i) for i in truth.planned_from.values())
