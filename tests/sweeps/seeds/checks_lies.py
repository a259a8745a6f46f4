"""Checks of runs in which Azure lies a little: no bad image passes, no good one is blamed, no success is false."""

from collections.abc import Iterator
from typing import Any

from sweeps.seeds.asked import is_off
from sweeps.seeds.case import all_of, blames_nothing, hides_the_signal, makes_all_unhealthy, passes
from sweeps.seeds.checks_calm import expected_outcomes
from sweeps.seeds.truth import Truth, Upgrade


def signal(truth: Truth) -> Iterator[str]:
    """Check that no upgrade is requested without a health signal in the model, or without a look at the model.

    The signal counts as lost when two reads in a row lack it. Each batch needs its own look.
    """
    if not truth.asked.has_signal or not any(hides_the_signal(fault) for fault in truth.case.faults):
        return
    reads = [(at, _shows_signal(model)) for at, model in truth.answers("set")]
    for upgrade in truth.upgrades:
        before = [shows for at, shows in reads if at < upgrade.at]
        if len(before) > 1 and not any(before[-2:]):
            yield f"at {upgrade.at}: {upgrade.ids} were requested, but the model had lost its health signal"
        if upgrade.before_its_batch and not any(upgrade.before_its_batch[-1].at < at < upgrade.at for at, _ in reads):
            yield f"at {upgrade.at}: {upgrade.ids} were requested without another look at the model"


def bad_image(truth: Truth) -> Iterator[str]:
    """Check that an image which makes every instance unhealthy reaches only one batch, whatever Azure says."""
    if not truth.asked.has_signal or not any(makes_all_unhealthy(fault) for fault in truth.case.faults):
        return
    there = [each for each in truth.upgrades if each.accepted and not each.is_back]
    batches = {each.batch: each for each in there if _may_become_unhealthy(truth, each)}
    if len(batches) > 1:
        yield f"the image is bad, but {len(batches)} batches got it: {sorted(map(sorted, batches))}"


def always_serves(truth: Truth) -> Iterator[str]:
    """Check that some instance always serves if only the image and Azure's words are wrong."""
    asked, begins = truth.asked, truth.at(0.0).values()
    is_kept = asked.has_signal and asked["allow-downtime"] != "true" and any(asked.is_healthy(each) for each in begins)
    is_wrong = all_of(truth.case.faults, lambda fault: fault["kind"] == "comes-up-unhealthy" or passes(fault))
    if is_kept and is_wrong and truth.upgrades and not asked.goes_back and truth.played.azure.lowest_available() == 0:
        yield "no instance served at one moment"


def blame(truth: Truth) -> Iterator[str]:
    """Check that no other cause starts a rollback, and that attached or removed machines are not reported as failed."""
    failed = truth.ids("failed")
    for id_ in filter(truth.asked.is_attached, failed):
        yield f"{id_} is attached, but is reported as failed"
    if not truth.case.faults or not all_of(truth.case.faults, blames_nothing) or _was_bad_there(truth):
        return
    if truth.went_back:
        yield f"{truth.outcome}, but the image did nothing wrong: {truth.played.record.get('reason')}"
    for id_ in failed:
        if id_ in truth.last_seen and truth.last_seen[id_].power_state == "deallocated" and not truth.was_off(id_):
            yield f"{id_} was taken away, but is reported as failed"


def attached(truth: Truth) -> Iterator[str]:
    """Check that no upgrade is requested for a machine that was not created from the model."""
    for upgrade in truth.upgrades:
        for id_ in filter(truth.asked.is_attached, upgrade.ids):
            yield f"at {upgrade.at}: {id_} is attached"


def lies_pass(truth: Truth) -> Iterator[str]:
    """Check that a run ends as on a calm day if Azure lies a little and nothing else is wrong."""
    if not truth.case.is_lying:
        return
    expected = expected_outcomes(truth)
    if truth.outcome not in expected:
        reason = truth.played.record.get("reason")
        yield f"nothing lasting went wrong, but it ended {truth.outcome} ({reason}); expected {sorted(expected)}"


def really_succeeded(truth: Truth) -> Iterator[str]:
    """Check that a successful run leaves every selected instance serving on the target, as last seen.

    Every touched instance is current, or the log says why it is not.
    """
    if truth.outcome not in ("succeeded", "nothing-to-do") or truth.asked.operation == "update-model":
        return
    for id_, instance in truth.last_seen.items():
        is_expected = truth.asked.is_selected(instance) and not is_off(instance) and not truth.asked.is_attached(id_)
        if not is_expected or id_ not in truth.planned_from or id_ in truth.going:
            continue
        if truth.asked.rolls and truth.asked.is_without_view(instance):
            continue  # only lists with a view show its health
        if truth.is_on_image(instance) and not truth.asked.is_healthy(instance):
            yield f"{truth.outcome}, and {id_}, a selected instance, is {instance}"
        shows_flag = id_ in truth.asked_for and not truth.asked.is_flexible  # a machine has no such flag
        if shows_flag and not (instance.latest_model_applied or "not on the newest model" in truth.played.log):
            yield f"{truth.outcome}, and {id_} is not current, and the log does not say so"


def first_batch(truth: Truth) -> Iterator[str]:
    """Check that one instance goes first alone if nothing proves health, or as many as the canary allows."""
    most = truth.asked.canary
    if most is None or not truth.upgrades or truth.asked.goes_back:
        return
    if any(truth.is_on_image(each) for each in truth.asked.made(truth.planned_from.values())):
        return  # an earlier run may have sent them
    if len(truth.upgrades[0].ids) > most:
        yield f"{truth.upgrades[0].ids} go first, but only {most} may"


def _shows_signal(model: Any) -> bool:
    profile = model["properties"]["virtualMachineProfile"]
    extensions = profile.get("extensionProfile", {}).get("extensions", [])
    is_health = any(each["properties"]["type"].startswith("ApplicationHealth") for each in extensions)
    return is_health or bool(profile.get("networkProfile", {}).get("healthProbe"))


def _may_become_unhealthy(truth: Truth, upgrade: Upgrade) -> bool:
    """Return True if any instance of the batch ran at the request, and was not taken away afterwards."""
    later = next((each.seen for each in truth.upgrades if each.at > upgrade.at), truth.last_seen)
    running = [id_ for id_, instance in upgrade.seen_of_its_own if not is_off(instance)]
    return any(id_ in later and not is_off(later[id_]) for id_ in running)


def _was_bad_there(truth: Truth) -> bool:
    """Return True if an instance that an earlier run may have upgraded was not healthy at planning."""
    return any(truth.is_on_image(i) and not truth.asked.is_healthy(i) for i in truth.planned_from.values())
