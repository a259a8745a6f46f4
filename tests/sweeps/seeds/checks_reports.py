"""Whether what a run leaves for people and machines agrees with the scale set as it really was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from harness.vocabulary import OUTCOMES, OUTPUTS
from sweeps.seeds.asked import is_off
from sweeps.seeds.truth import Truth

GOOD = ("succeeded", "nothing-to-do", "planned", "partial", "reported", "model-updated")
LISTS = ("upgraded", "failed", "skipped", "remaining", "rolled-back")


def files(truth: Truth) -> Iterator[str]:
    """Every exit leaves outputs, record and summary, which agree; and none is a bug of ours."""
    outputs, record, summary = truth.played.outputs, truth.played.record, truth.played.summary
    if "Traceback" in truth.played.log or "Internal error" in truth.played.log:
        yield "the log has a traceback"
    if "could not report" in truth.played.log or "Could not write" in truth.played.log:
        yield "something could not be reported"
    if missing := [name for name in OUTPUTS if name not in outputs]:
        yield f"there is no output {missing}"
        return
    ids_of_skipped = [each["instance_id"] for each in record.get("skipped", [])]
    told = {**record, "skipped": ids_of_skipped, "rolled-back": record.get("rolled_back")}
    for name in LISTS:
        if told.get(name) != truth.ids(name):
            yield f"{name} is {truth.ids(name)} in the outputs and {told.get(name)} in the record"
    if record.get("outcome") != truth.outcome:
        yield f"the outcome is {truth.outcome} in the outputs and {record.get('outcome')} in the record"
    if not any(line.startswith("## ") and line.endswith(truth.outcome) for line in summary.splitlines()):
        yield f"the summary's title does not name the outcome {truth.outcome}"
    if (truth.played.exit_code == 0) != (truth.outcome in GOOD):
        yield f"the exit code is {truth.played.exit_code} for {truth.outcome}"


def lists(truth: Truth) -> Iterator[str]:
    """Where there was a plan, every instance that exists is in exactly one of the lists. `upgraded` tells as well of
    those that a rollback by hand returned, and who failed there may have been rolled back.
    """
    told = {name: set(truth.ids(name)) for name in LISTS}
    if truth.asked.goes_back:
        if told["upgraded"] != told["rolled-back"]:
            yield f"upgraded are {told['upgraded']}, and rolled back {told['rolled-back']}"
        told["upgraded"] = set()
    told["failed"] -= told["rolled-back"]
    named = Counter(id_ for ids in told.values() for id_ in ids)
    if not truth.has_plan:
        if named:
            yield f"there was no plan, and {sorted(named)} are listed"
        return
    for id_, count in named.items():
        if count > 1:
            yield f"{id_} is in {[name for name in LISTS if id_ in truth.ids(name)]}"
    for id_ in truth.last_seen.keys() - named.keys():
        yield f"{id_} is in no list"
    for id_ in named.keys() - truth.last_seen.keys() - set(truth.ids("failed")):
        yield f"{id_} is listed, and does not exist"


def upgraded(truth: Truth) -> Iterator[str]:
    """Who is said to be upgraded was asked for, and was on the target, provisioned and healthy at the last look."""
    for id_ in truth.ids("upgraded"):
        if id_ not in truth.asked_for:
            yield f"{id_} is said to be upgraded, and nobody asked for it"
        instance = truth.last_seen.get(id_)
        if instance is not None and not truth.is_ready(instance):
            yield f"{id_} is said to be upgraded, and is {instance}"


def remaining(truth: Truth) -> Iterator[str]:
    """Who is said to remain has not reached the target, or has been touched and is not well there."""
    for id_ in truth.ids("remaining"):
        instance = truth.last_seen.get(id_)
        if instance is None or id_ not in truth.at(truth.looks[-1]):  # it has just vanished
            continue
        if truth.went_back or truth.outcome == "interrupted":
            is_back = truth.turn is not None and truth.is_ready(instance, back=True)
            if is_back and any(each.is_back and id_ in each.ids for each in truth.upgrades):
                yield f"{id_} is said to remain, and has returned and is well"
            continue
        has_reached_it = truth.is_ready(instance) and truth.asked.is_on_target(instance)
        if has_reached_it and (truth.patches or id_ in truth.asked_for):
            yield f"{id_} is said to remain, and is on the target and well"


def skipped(truth: Truth) -> Iterator[str]:
    """Who is said to be skipped is on the target, protected or off."""
    for id_ in truth.ids("skipped"):
        instance = truth.last_seen.get(id_)
        if instance is None:
            continue
        on_target = truth.asked.is_on_target(instance) or truth.is_on_image(instance)
        if truth.went_back:
            stays = not truth.moved(instance, truth.last_seen) or instance.image_version == truth.back_to
            on_target = stays or not truth.asked.is_selected(instance)
        elif truth.asked.goes_back:
            on_target = on_target or not truth.asked.has_moved(instance)
        kept_away = truth.asked.is_protected(id_) or truth.asked.is_attached(id_)
        if not (on_target or kept_away or is_off(instance)):
            yield f"{id_} is said to be skipped, and is {instance}"


def images(truth: Truth) -> Iterator[str]:
    """The target image is what was asked for, the previous one what instances ran when it was planned."""
    target, previous = truth.played.outputs.get("target-image", ""), truth.played.outputs.get("previous-image", "")
    if truth.has_plan and not truth.is_floating and not target.endswith(truth.asked.target):
        yield f"the target image is said to be {target}, and {truth.asked.target} was asked for"
    ran = {instance.image_version for instance in truth.asked.made(truth.planned_from.values())}
    if previous and not any(previous.endswith(image) for image in ran):
        reference = truth.case.document["fleet"]["image"]
        if not previous.endswith(reference.get("version", reference.get("id"))):
            yield f"the previous image is said to be {previous}, and instances ran {sorted(ran)}"
    if previous and previous == target and not truth.is_floating:
        yield f"previous and target image are both {target}"


def instances(truth: Truth) -> Iterator[str]:
    """The record shows every instance as it was at the last look."""
    shown = {each["instance_id"]: each for each in truth.played.record.get("instances", [])}
    if not shown:
        if truth.has_plan or truth.outcome == "reported":
            yield from [f"the record shows no instances, and there are {len(truth.last_seen)}"] * bool(truth.last_seen)
        return
    if shown.keys() != truth.last_seen.keys():
        yield f"the record shows {sorted(shown)}, and there were {sorted(truth.last_seen)}"
    for id_ in (each for each in shown.keys() & truth.last_seen.keys() if not truth.asked.is_attached(each)):
        told, instance = shown[id_], truth.last_seen[id_]
        hidden = any(id_ in fault.get("of", ()) for fault in truth.case.faults)
        if truth.asked.is_without_view(instance) or (hidden and told["power"] == "not shown"):  # as the look showed it
            continue
        healthy = {True: "healthy", False: "unhealthy"}.get(instance.healthy) if instance.healthy is not None else None
        pairs = [
            (told["provisioning_state"], instance.provisioning_state),
            (told["power"], instance.power_state),
            (told["zone"], instance.zone),
            *([(told["health"], healthy)] if healthy else []),
        ]
        if any(one != other for one, other in pairs) or not str(told["image"]).endswith(instance.image_version):
            yield f"the record shows {told}, and it was {instance}"


def lowest_healthy(truth: Truth) -> Iterator[str]:
    """The lowest number of healthy instances is never told higher than it was at any look since planning."""
    told = truth.played.outputs.get("lowest-healthy")
    if not told:
        return
    for look in truth.looks_since_planning:
        healthy = sum(1 for each in truth.shown(look).values() if truth.asked.is_healthy(each))
        if healthy < int(told):
            yield f"the lowest healthy count is said to be {told}, and at {look} it was {healthy}"


def repairs(truth: Truth) -> Iterator[str]:
    """Automatic repairs that this run suspended are at work again, or it says that they are not."""
    before = bool(truth.case.document.get("repairs_suspended"))
    now = truth.played.azure.repairs_suspended
    if before and not now:
        yield "repairs were suspended by somebody else, and are not any more"
    if now and not before and "still suspended" not in truth.played.log:
        yield "repairs are suspended, and nobody says so"


def outcome(truth: Truth) -> Iterator[str]:
    """The outcome is one of those there are, and what was written agrees with it."""
    accepted = [write for write in truth.moving_writes if write.status in (200, 202)]
    if truth.outcome not in OUTCOMES:
        yield f"there is no outcome {truth.outcome!r}"
    if truth.outcome in ("refused", "planned", "reported", "nothing-to-do") and accepted:
        yield f"{truth.outcome}, and {len(accepted)} writes were accepted"
    if truth.outcome == "model-updated" and (truth.upgrades or not truth.patches):
        yield f"model-updated after {len(truth.patches)} updates of it and {len(truth.upgrades)} upgrades"
    if truth.outcome == "interrupted" and truth.case.cancel_at is None:
        yield "interrupted, and nobody cancelled it"
    if truth.outcome == "partial" and not truth.asked["stop-after"]:
        yield "partial, and stop-after was not asked for"
    if truth.outcome == "partial" and not any(truth.asked.is_due(each) for each in truth.last_seen.values()):
        yield "partial, and nothing is left"
    if truth.ids("failed") and truth.outcome in GOOD:
        yield f"{truth.outcome}, and {truth.ids('failed')} failed"


def succeeded(truth: Truth) -> Iterator[str]:
    """`succeeded` and `nothing-to-do` only when every instance that may be touched is on the target, and well
    wherever it was touched.
    """
    if truth.outcome not in ("succeeded", "nothing-to-do") or truth.asked.operation == "update-model":
        return
    for id_, instance in truth.last_seen.items():
        if truth.asked.is_due(instance) and not truth.was_brought_there(instance):
            yield f"{truth.outcome}, and {id_} is not on the target: {instance}"
        if id_ in truth.asked_for and not truth.is_ready(instance) and instance.power_state != "deallocated":
            yield f"{truth.outcome}, and {id_} is not well: {instance}"
