"""The requirements for a run that was killed and repeated, judged from Azure's own state."""

from __future__ import annotations

from collections.abc import Iterator

from azure_simulator import InstanceState, Scenario
from azure_simulator.scenario.faults import ComesUpUnhealthy, Hangs, ProvisioningFailure, StaysOnOldImage
from azure_simulator.scenario.request_faults import AnswerError, HttpFault, OperationFate
from azure_simulator.scenario.scenario import Fault
from sweeps.kills.runs import Ran

# Faults that a second try does not meet again, and why. A run that such a fault halted may get further when repeated.
PASSING = (
    ComesUpUnhealthy,  # lasts `seconds`, so it is over by the next run
    ProvisioningFailure,  # strikes only an instance's first upgrade
    Hangs,  # the same reason
    StaysOnOldImage,  # the same reason
    HttpFault,  # strikes only the nth request, which an earlier run has made
    AnswerError,  # the same reason
    OperationFate,  # the same reason
)
AS_ASKED = ("succeeded", "model-updated", "nothing-to-do")


def problems(scenario: Scenario, calm: Ran, ran: Ran) -> list[str]:
    """List the problems of `ran`, the killed and repeated run of the scenario with the undisturbed run `calm`.

    Both must have the same exit code, the same outcome and, an hour after the end, the same instances with the same
    image, model state, provisioning state and availability. The hour is needed because a repeated run does not wait for
    a lagging flag. `nothing-to-do` equals `succeeded` and `model-updated`, since a run may be killed after its last
    write. If the undisturbed run ended early, by its own limit (`stop-after`, `timeout`) or by a passing fault, the
    repeated one may get further, but never less far.

    A scenario with a rollback has two cases. If the run is killed before the rollback begins, the repeated run goes
    forward again, and its claims must be true whatever its outcome. If it is killed later, `operation: rollback`
    continues it, and every moved instance must be back.
    """
    if _moves_both_ways(scenario):
        return [*false_claims(scenario, ran), *_not_returned(scenario, calm, ran)]
    return [*false_claims(scenario, ran), *_traces_of_the_kill(calm, ran), *_differences(scenario, calm, ran)]


def false_claims(scenario: Scenario, ran: Ran) -> Iterator[str]:
    """List the false claims and needless upgrades of a run, killed before or not."""
    if "Traceback" in ran.last.log or "Internal error" in ran.last.log:
        yield "a traceback in the log"
    if _moves_both_ways(scenario):
        return  # an upgrade that one direction needed is needless in the other
    for before in ran.asked:
        if before.provisioning_state in ("Creating", "Updating", "Deleting"):
            yield f"instance {before.instance_id} was upgraded while it was {before.provisioning_state}"
        elif _is_there(scenario, ran, before):
            yield f"instance {before.instance_id} was upgraded needlessly"
    skipped = set(ran.last.ids("skipped"))
    there = {instance.instance_id for instance in ran.instances if _is_there(scenario, ran, instance)}
    moves = scenario.inputs.get("operation") != "update-model"
    if ran.last.outcome in AS_ASKED and moves:
        left = {instance.instance_id for instance in ran.instances} - there - skipped
        if left or set(ran.last.ids("remaining")):
            yield f"{ran.last.outcome}, but not on the target: {sorted(left)}; remaining {ran.last.ids('remaining')}"
    if set(ran.last.ids("upgraded")) - there:
        yield f"reported as upgraded, but not on the target: {sorted(set(ran.last.ids('upgraded')) - there)}"


def _moves_both_ways(scenario: Scenario) -> bool:
    return "rollback" in (scenario.inputs.get("operation"), scenario.inputs.get("on-failure"))


def _not_returned(scenario: Scenario, calm: Ran, ran: Ran) -> Iterator[str]:
    """List the problems after the kill of a scenario with a rollback."""
    yield from _after_death(ran)
    target, previous = calm.last.outputs["target-image"], calm.last.outputs["previous-image"]
    by_hand = scenario.inputs.get("operation") == "rollback"
    new, old = (previous, target) if by_hand else (target, previous)
    on_new = sorted(each.instance_id for each in ran.later if new.endswith(each.image_version))
    if ran.last.outcome in ("rolled-back", *(AS_ASKED if ran.goes_back else ())) and on_new:
        yield f"{ran.last.outcome}, and on {new} still: {on_new}"
    if ran.goes_back and ran.last.outcome not in (*AS_ASKED, "halted"):
        yield f"the rollback continued, and ended {ran.last.outcome}"
    unavailable = [each for each in calm.later if not each.available]
    if ran.goes_back and ran.last.outcome == "halted" and not unavailable:
        yield "the rollback continued, and halted, although the undisturbed one returned all"
    for each in ran.later:
        if not (new.endswith(each.image_version) or old.endswith(each.image_version)):
            yield f"{each.instance_id} runs neither image: {each.image_version}"
    if ran.lowest_available < calm.lowest_available - calm.largest_upgrade:
        yield f"{ran.lowest_available} available at one time, {calm.lowest_available} undisturbed"


def _after_death(ran: Ran) -> Iterator[str]:
    if ran.went_on:
        yield f"the killed run went on for {ran.went_on:g} s"
    if ran.post[0]:
        yield f"the post step failed: {ran.post[1]}"


def _traces_of_the_kill(calm: Ran, ran: Ran) -> Iterator[str]:
    yield from _after_death(ran)
    suspended, before = ran.last.azure.repairs_suspended, calm.last.azure.repairs_suspended
    if suspended != before:
        yield f"automatic repairs suspended: {suspended} instead of {before}"
    if ran.model_updates > max(1, calm.model_updates):
        yield f"the model was updated {ran.model_updates} times"


def _differences(scenario: Scenario, calm: Ran, ran: Ran) -> Iterator[str]:
    further = _may_get_further(scenario, calm)
    if ran.lowest_available < _floor(calm, further=further):
        yield f"{ran.lowest_available} available at one time, {calm.lowest_available} undisturbed"
    if further:
        yield from _fallen_behind(scenario, calm, ran)
        return
    nothing_left = ran.last.outcome == "nothing-to-do" and calm.last.outcome in AS_ASKED
    if ran.last.exit_code != calm.last.exit_code or not (nothing_left or ran.last.outcome == calm.last.outcome):
        yield f"ended {ran.last.outcome} ({ran.last.exit_code}) instead of {calm.last.outcome} ({calm.last.exit_code})"
    if _standing(ran) != _standing(calm):
        yield f"left {sorted(_standing(ran) - _standing(calm))} instead of {sorted(_standing(calm) - _standing(ran))}"


def _fallen_behind(scenario: Scenario, calm: Ran, ran: Ran) -> Iterator[str]:
    if ran.last.exit_code > calm.last.exit_code:
        yield f"ended {ran.last.outcome} ({ran.last.exit_code}) instead of {calm.last.outcome} ({calm.last.exit_code})"
    there = {each.instance_id for each in ran.instances if _is_there(scenario, ran, each)}
    for instance in calm.instances:
        if _is_there(scenario, calm, instance) and instance.instance_id not in there:
            yield f"instance {instance.instance_id} is not on the target, although the undisturbed run upgraded it"


def _may_get_further(scenario: Scenario, calm: Ran) -> bool:
    if calm.last.outcome in ("partial", "timed-out"):
        return True
    return calm.last.outcome == "halted" and any(_passes(fault) for fault in scenario.faults)


def _passes(fault: Fault) -> bool:
    if isinstance(fault, ComesUpUnhealthy):
        return fault.seconds is not None
    return isinstance(fault, PASSING)


def _floor(calm: Ran, *, further: bool) -> int:
    """Return the fewest instances that may be available at once.

    Normally as many as in the undisturbed run. A run that gets further may also have the largest batch of its policy
    away, besides the instances that the undisturbed run left unavailable.
    """
    if not further:
        return calm.lowest_available
    unavailable = sum(not instance.available for instance in calm.instances)
    return min(calm.lowest_available, calm.available_at_first - calm.largest_upgrade - unavailable)


def _is_there(scenario: Scenario, ran: Ran, instance: InstanceState) -> bool:
    """Return True if Azure shows that an upgrade would not change the instance.

    For a disk in a storage account, and if the whole model is the goal, only the flag shows it.
    """
    if instance.latest_model_applied or instance.provisioning_state == "Failed":
        return instance.latest_model_applied
    by_flag = "image-uri" in scenario.inputs or scenario.inputs.get("operation") == "upgrade-instances"
    target = ran.last.outputs["target-image"]
    return not by_flag and bool(target) and target.endswith(instance.image_version)


def _standing(ran: Ran) -> set[tuple[str, str, bool, str, bool]]:
    return {
        (i.instance_id, i.image_version, i.latest_model_applied, i.provisioning_state, i.available) for i in ran.later
    }
