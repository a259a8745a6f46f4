"""Checks of runs without faults and other actors, by independent arithmetic.

If inputs and set contradict each other in ways that only a plan shows, both outcomes are accepted.
"""

from collections import Counter
from collections.abc import Iterator

from azure_simulator import InstanceState
from sweeps.seeds.asked import at_least, is_off, seconds
from sweeps.seeds.drawing_inputs import SELECTIONS, strategies_of
from sweeps.seeds.truth import Truth

Fleet = list[InstanceState]


def calm(truth: Truth) -> Iterator[str]:
    """Check that the outcome of a calm case fits its inputs."""
    if not truth.case.is_calm:
        return
    expected = expected_outcomes(truth)
    if truth.outcome not in expected:
        yield f"nothing went wrong, but it ended {truth.outcome}; expected {' or '.join(sorted(expected))}"


def floor(truth: Truth) -> Iterator[str]:
    """Check that a calm run always keeps as many instances available as min-healthy demands, also between the looks."""
    asked = truth.asked
    if not (truth.case.is_calm and truth.upgrades) or asked["allow-downtime"] == "true" or asked["health"] == "ignore":
        return
    running = sum(not is_off(each) for each in asked.made(truth.at(0.0).values()))
    least, lowest = at_least(asked["min-healthy"] or "50%", running), truth.played.azure.lowest_available()
    if asked.goes_back:  # instances that do not serve return first, however few serve
        least = min(least, sum(each.available for each in truth.at(0.0).values()))
    if lowest < least:
        yield f"only {lowest} were available at one moment, but min-healthy demands {least}"


def expected_outcomes(truth: Truth) -> set[str]:
    """Return the possible outcomes of a calm case."""
    asked, fleet = truth.asked, truth.asked.made(truth.at(0.0).values())
    if asked.operation == "status":
        return {"reported"}
    if _selects_nothing(truth, fleet) or (asked.goes_back and not asked.target):
        return {"refused"}
    if asked.operation == "update-model":
        return {"nothing-to-do" if asked.model_holds_target else "model-updated"}
    is_impossible = _is_impossible(truth, fleet)
    if is_impossible and not asked.rolls:  # Azure has no such limits
        return {"refused"}
    good = _good_end(truth, fleet)
    if any(map(asked.is_without_view, fleet)):
        good = good | {"refused"}  # it has no place in the order, or does not count as healthy
    if asked.operation != "plan" and any(_was_unhealthy_before(truth, each) for each in fleet):
        good = good - {"succeeded", "nothing-to-do", "partial"} | {"halted"}  # never rolled back: it says nothing new
    if asked.rolls:
        good = good | _ends_by_azure(truth, good)
    return good if _has_room(truth, fleet) and not is_impossible else good | {"refused"}


def _ends_by_azure(truth: Truth, good: set[str]) -> set[str]:
    """Return what a set in mode Rolling may come to, too: Azure has its limits, and upgrades all behind the model."""
    reason = str(truth.played.record.get("reason"))
    was_refused = "MaxUnhealthy" in reason
    if "shows no rolling upgrade" in reason:  # which is all that can be seen where the answer with the code was lost
        was_refused = not any(each.upgrades for each in truth.played.azure.instances())
    ends = ({"halted"} if was_refused else set()) | ({"succeeded"} if "halted" in good else set())
    if "another rolling upgrade is at work" in reason and not truth.patches:  # somebody's change has started it
        ends |= {"refused"} if any(each["kind"] == "model-change" for each in truth.case.faults) else set()
    return ends


def _good_end(truth: Truth, fleet: Fleet) -> set[str]:
    if truth.asked.operation == "plan":
        is_needed = not truth.asked.model_holds_target or any(truth.asked.is_due(each) for each in fleet)
        return {"planned" if is_needed else "nothing-to-do"}
    writes_model = truth.asked.operation in ("upgrade", "rollback") and not truth.asked.model_holds_target
    is_begun = not writes_model and not truth.asked.goes_back  # a rollback leaves unhealthy instances that never moved
    if is_begun and any(_is_unhealthy_on_target(truth, each) for each in fleet):
        return {"halted"}
    if not any(truth.asked.is_due(each) for each in fleet):
        unknown = {"refused"} if truth.asked.goes_back else set()  # it is unknown which instances moved
        return {"succeeded" if writes_model else "nothing-to-do"} | unknown
    if truth.asked.goes_back and not any(truth.asked[name] for name in ("image-version", "image-sku", "image-id")):
        return {"succeeded", "partial", "refused"}  # it is not always known which of two images is the earlier
    if truth.asked.operation == "upgrade-instances" and truth.asked.is_flexible and truth.is_floating:
        return {"succeeded", "partial", "halted"}  # Azure regards a machine of that model as current, whatever it runs
    good = {"succeeded", "partial"} if truth.asked["stop-after"] else {"succeeded"}
    return good | ({"partial", "refused"} if truth.asked["not-after"] and not truth.asked.goes_back else set())


def _is_unhealthy_on_target(truth: Truth, instance: InstanceState) -> bool:
    """Return True if the image in the model already harms an instance, so that nothing more is upgraded to it."""
    return truth.asked.is_on_target(instance) and not is_off(instance) and not truth.asked.is_healthy(instance)


def _was_unhealthy_before(truth: Truth, instance: InstanceState) -> bool:
    """Return True if a selected instance ran the target before, is not upgraded again, and does not serve."""
    stays = instance.image_version == truth.asked.target and not truth.asked.is_due(instance)
    return stays and truth.asked.is_selected(instance) and not is_off(instance) and not truth.asked.is_healthy(instance)


def _selects_nothing(truth: Truth, fleet: Fleet) -> bool:
    """Return True if the selection names something that the set lacks, or an attached machine of another system."""
    named = {name: truth.asked[name].split(",") for name in SELECTIONS if truth.asked[name]}
    present = {name: {str(SELECTIONS[name](each)) for each in fleet} for name in named}
    return any(value not in present[name] for name, values in named.items() for value in values)


def _is_impossible(truth: Truth, fleet: Fleet) -> bool:
    """Return True if the run is refused whatever the plan is."""
    asked = truth.asked
    wanted = [each for each in fleet if asked.is_selected(each) and not asked.is_on_target(each)]
    due = [each for each in fleet if asked.is_due(each)]
    return (
        not strategies_of(fleet).get(asked["strategy"], True)
        or (asked["protected-instances"] == "fail" and any(asked.is_protected(each.instance_id) for each in wanted))
        or (asked["health"] == "required" and truth.case.document["fleet"]["health"] == "none")
        or (bool(due) and asked.bake_time >= seconds(asked["batch-timeout"] or "1h"))
        or _would_be_an_outage(truth, fleet, due)
    )


def _would_be_an_outage(truth: Truth, fleet: Fleet, due: Fleet) -> bool:
    """Return True if the only running instance has to be upgraded, although something has to serve meanwhile."""
    running = [each for each in fleet if not is_off(each)]
    return truth.asked["allow-downtime"] != "true" and len(running) == 1 and running[0] in due


def _has_room(truth: Truth, fleet: Fleet) -> bool:
    """Return True if even the largest possible batch leaves enough healthy instances, so that nothing is refused."""
    asked = truth.asked
    if asked["allow-downtime"] == "true":
        return True
    due = [each for each in fleet if asked.is_due(each)]
    per_domain = Counter(asked.domain(each, fleet) for each in due)
    largest = min(asked.largest_batch(fleet), max(per_domain.values(), default=0))
    least = at_least(asked["min-healthy"] or "50%", sum(not is_off(each) for each in fleet))
    return not due or sum(map(asked.is_healthy, fleet)) - largest >= max(1, least)
