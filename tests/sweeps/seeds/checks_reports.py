"""Checks that the reports of a run, for people and machines, agree with the real scale set."""

import re
from collections import Counter
from collections.abc import Iterator

from harness.vocabulary import OUTCOMES, OUTPUTS
from sweeps.seeds.asked import is_off
from sweeps.seeds.case import stops
from sweeps.seeds.truth import Truth

GOOD = ("succeeded", "nothing-to-do", "planned", "partial", "reported", "model-updated")
# outcome -> the words of the summary's title that only this outcome has
TITLES = {
    "succeeded": "is upgraded$|returned to an earlier image$|runs its model's image$|is on its model as it stands$",
    "nothing-to-do": ": nothing to do$",
    "planned": "Plan for .*: nothing was written yet$",
    "partial": "is partly upgraded, as asked for$",
    "reported": "Status of ",
    "model-updated": "The model of .* holds the new image$",
    "refused": "Refused: nothing was written",
    "halted": "failed and stopped$",
    "timed-out": "ran out of time$",
    "interrupted": "was cancelled$",
    "rolled-back": "failed and was rolled back$",
    "rollback-failed": "failed, and so did its rollback$",
}
LISTS = ("upgraded", "failed", "skipped", "remaining", "rolled-back")


def files(truth: Truth) -> Iterator[str]:
    """Check that every exit leaves consistent outputs, record and summary, and shows no bug of ours."""
    outputs, record = truth.played.outputs, truth.played.record
    yield from (f"the log says {bug!r}" for bug in truth.played.bugs)
    if "Could not write" in truth.played.log:
        yield "something could not be reported"
    if missing := [name for name in OUTPUTS if name not in outputs]:
        yield f"there is no output {missing}"
        return
    ids_of_skipped = [each["instance_id"] for each in record.get("skipped", [])]
    reported = {**record, "skipped": ids_of_skipped, "rolled-back": record.get("rolled_back")}
    for name in LISTS:
        if reported.get(name) != truth.ids(name):
            yield f"{name} is {truth.ids(name)} in the outputs and {reported.get(name)} in the record"
    if record.get("outcome") != truth.outcome:
        yield f"the outcome is {truth.outcome} in the outputs and {record.get('outcome')} in the record"
    title = next((line for line in truth.played.summary.splitlines() if line.startswith("## ")), "")
    if [outcome for outcome, words in TITLES.items() if re.search(words, title)] != [truth.outcome]:
        yield f"the summary's title {title!r} does not say the outcome {truth.outcome}"
    if (truth.played.exit_code == 0) != (truth.outcome in GOOD):
        yield f"the exit code is {truth.played.exit_code} for {truth.outcome}"


def lists(truth: Truth) -> Iterator[str]:
    """Check that after a plan, every existing instance is in exactly one of the lists.

    `upgraded` also has the instances that a rollback by hand returned, and `failed` may have instances that were rolled
    back.
    """
    reported = {name: set(truth.ids(name)) for name in LISTS}
    if truth.asked.goes_back:
        if reported["upgraded"] != reported["rolled-back"]:
            yield f"upgraded are {reported['upgraded']}, but rolled back are {reported['rolled-back']}"
        reported["upgraded"] = set()
    reported["failed"] -= reported["rolled-back"]
    named = Counter(id_ for ids in reported.values() for id_ in ids)
    if not truth.has_plan:
        if named:
            yield f"there was no plan, but {sorted(named)} are listed"
        return
    for id_, count in named.items():
        if count > 1:
            yield f"{id_} is in {[name for name in LISTS if id_ in truth.ids(name)]}"
    for id_ in truth.last_seen.keys() - named.keys() - truth.going:
        yield f"{id_} is in no list"
    for id_ in named.keys() - truth.last_seen.keys() - set(truth.ids("failed")):
        yield f"{id_} is listed, but does not exist"


def upgraded(truth: Truth) -> Iterator[str]:
    """Check that each instance in `upgraded` was requested, and was last seen healthy on the target."""
    for id_ in truth.ids("upgraded"):
        if id_ not in truth.asked_for and not truth.asked.rolls:
            yield f"{id_} is reported as upgraded, but was not requested"
        if id_ in truth.last_seen and not truth.is_ready(truth.last_seen[id_]):
            yield f"{id_} is reported as upgraded, but is {truth.last_seen[id_]}"


def remaining(truth: Truth) -> Iterator[str]:
    """Check that each instance in `remaining` is not on the target, or was touched and is not healthy there."""
    for id_ in truth.ids("remaining"):
        instance = truth.last_seen.get(id_)
        if instance is None or id_ not in truth.at(truth.looks[-1]):  # it has just vanished
            continue
        if truth.went_back or truth.outcome == "interrupted":
            is_back = truth.turn is not None and truth.is_ready(instance, back=True)
            if is_back and any(each.is_back and id_ in each.ids for each in truth.upgrades):
                yield f"{id_} is reported as remaining, but has returned and is healthy"
            continue
        has_reached_it = truth.is_ready(instance) and truth.asked.is_on_target(instance)
        if has_reached_it and (truth.patches or id_ in truth.asked_for):
            yield f"{id_} is reported as remaining, but is on the target and healthy"


def skipped(truth: Truth) -> Iterator[str]:
    """Check that each skipped instance is on the target, protected, stopped, or being deleted."""
    for id_ in filter(truth.last_seen.__contains__, truth.ids("skipped")):
        instance = truth.last_seen[id_]
        on_target = truth.asked.is_on_target(instance) or truth.is_on_image(instance)
        if truth.went_back:
            stays = not truth.moved(instance, truth.last_seen) or instance.image_version == truth.back_to
            on_target = stays or not truth.asked.is_selected(instance)
        elif truth.asked.goes_back:
            on_target = on_target or not truth.asked.has_moved(instance)
        if not (on_target or truth.asked.is_kept(id_) or is_off(instance) or id_ in truth.going):
            yield f"{id_} is reported as skipped, but is {instance}"


def images(truth: Truth) -> Iterator[str]:
    """Check that the target image is the requested one, and the previous image the one at planning."""
    target, previous = truth.played.outputs.get("target-image", ""), truth.played.outputs.get("previous-image", "")
    if truth.has_plan and not truth.is_floating and not target.endswith(truth.asked.target):
        yield f"the reported target image is {target}, but {truth.asked.target} was requested"
    ran = {instance.image_version for instance in truth.asked.made(truth.planned_from.values())}
    if previous and not previous.endswith((*ran, truth.asked.named_in_model)):
        yield f"the reported previous image is {previous}, and instances ran {sorted(ran)}"
    if previous and previous == target and not truth.is_floating:
        yield f"previous and target image are both {target}"


def instances(truth: Truth) -> Iterator[str]:
    """Check that the record shows every instance as the last look did."""
    shown = {each["instance_id"]: each for each in truth.played.record.get("instances", [])}
    if not shown:
        if truth.last_seen and (truth.has_plan or truth.outcome == "reported"):
            yield f"the record shows no instances, but there are {len(truth.last_seen)}"
        return
    if shown.keys() - truth.going != truth.last_seen.keys() - truth.going:
        yield f"the record shows {sorted(shown)}, but there were {sorted(truth.last_seen)}"
    for id_ in (each for each in shown.keys() & truth.last_seen.keys() if not truth.asked.is_attached(each)):
        reported, instance = shown[id_], truth.last_seen[id_]
        hidden = any(id_ in fault.get("of", ()) for fault in truth.case.faults)
        if truth.asked.is_without_view(instance) or (hidden and reported["power"] == "not shown"):
            continue  # as the look showed it
        health = reported["health"] if instance.healthy is None else "healthy" if instance.healthy else "unhealthy"
        if truth.asked["drain-command"] and any(fault["kind"] == "health-lags" for fault in truth.case.faults):
            health = reported["health"]  # undoing a drain ends with a look at an upgrade that has just ended
        was = (instance.provisioning_state, instance.power_state, instance.zone, health)
        is_as_shown = was == tuple(reported[name] for name in ("provisioning_state", "power", "zone", "health"))
        if not is_as_shown or not str(reported["image"]).endswith(instance.image_version):
            yield f"the record shows {reported}, but it was {instance}"


def lowest_healthy(truth: Truth) -> Iterator[str]:
    """Check that the reported lowest number of healthy instances is never above that of any look since planning.

    Where Azure rolls, it begins its next batch by old health if that is what it shows, and no gate of a run holds it.
    """
    reported = truth.played.outputs.get("lowest-healthy")
    if truth.asked.rolls and truth.case.lag("health-lags"):
        return
    for look in truth.looks_since_planning if reported else ():
        healthy = sum(map(truth.asked.is_healthy, truth.shown[look].values()))
        if healthy < int(reported):
            yield f"the reported lowest healthy count is {reported}, but at {look} it was {healthy}"


def repairs(truth: Truth) -> Iterator[str]:
    """Check that automatic repairs which this run suspended are on again, or that the run says they are not."""
    before = bool(truth.case.document.get("repairs_suspended"))
    now = truth.played.azure.repairs_suspended
    if before and not now and "they will be at work in any case" not in truth.played.log:
        yield "somebody else had suspended repairs, but they are on"
    if now and not before and "still suspended" not in truth.played.log:
        yield "repairs are suspended, and the log does not say so"


def _may_stop(truth: Truth) -> bool:
    asked = truth.asked["stop-after"] or (truth.asked["not-after"] and not truth.asked.goes_back)
    return bool(asked) or (any(map(stops, truth.case.faults)) and not truth.asked.goes_back)


def outcome(truth: Truth) -> Iterator[str]:
    """Check that the outcome is a known one, and that the writes agree with it."""
    accepted = [write for write in truth.moving_writes if write.status in (200, 202)]
    if truth.outcome not in OUTCOMES:
        yield f"there is no outcome {truth.outcome!r}"
    if truth.outcome in ("refused", "planned", "reported", "nothing-to-do") and accepted:
        yield f"{truth.outcome}, and {len(accepted)} writes were accepted"
    if truth.outcome == "model-updated" and (truth.upgrades or not truth.patches):
        yield f"model-updated after {len(truth.patches)} updates of it and {len(truth.upgrades)} upgrades"
    if truth.outcome == "interrupted" and truth.case.cancel_at is None:
        yield "interrupted, but not cancelled"
    if truth.outcome == "partial" and not _may_stop(truth):
        yield "partial, but without stop-after, not-after or the tag"
    if truth.outcome == "partial" and not any(truth.asked.is_due(each) for each in truth.last_seen.values()):
        yield "partial, but nothing is left"
    if truth.ids("failed") and truth.outcome in GOOD:
        yield f"{truth.outcome}, and {truth.ids('failed')} failed"


def succeeded(truth: Truth) -> Iterator[str]:
    """Check that a successful run has every allowed instance on the target, and every touched one healthy."""
    if truth.outcome not in ("succeeded", "nothing-to-do") or truth.asked.operation == "update-model":
        return
    for id_, instance in truth.last_seen.items():
        if id_ not in truth.going and truth.asked.is_due(instance) and not truth.was_brought_there(instance):
            yield f"{truth.outcome}, and {id_} is not on the target: {instance}"
        if id_ in truth.asked_for and not truth.is_ready(instance) and instance.power_state != "deallocated":
            yield f"{truth.outcome}, and {id_} is not healthy: {instance}"
