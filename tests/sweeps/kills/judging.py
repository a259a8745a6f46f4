"""What must be true of a run that was killed and run again, judged from Azure's own truth."""

from __future__ import annotations

from collections.abc import Iterator

from azure_simulator import InstanceState, Scenario
from azure_simulator.scenario.faults import ComesUpUnhealthy, Hangs, ProvisioningFailure, StaysOnOldImage
from azure_simulator.scenario.request_faults import AnswerError, HttpFault, OperationFate
from azure_simulator.scenario.scenario import Fault
from sweeps.kills.runs import Ran

# Faults that a second try does not meet again, and why: a run that they halted may get further when it is repeated.
PASSING = (
    ComesUpUnhealthy,  # for `seconds` only: by the next run it has recovered
    ProvisioningFailure,  # an instance's first upgrade alone
    Hangs,  # likewise
    StaysOnOldImage,  # likewise
    HttpFault,  # the nth request alone, which an earlier run has made
    AnswerError,  # likewise
    OperationFate,  # likewise
)
AS_ASKED = ("succeeded", "model-updated", "nothing-to-do")


def problems(scenario: Scenario, calm: Ran, ran: Ran) -> list[str]:
    """What is wrong with `ran`, the killed and repeated run of the scenario whose undisturbed run is `calm`.

    What is to be equal: exit code, outcome and, an hour after the end, every instance that exists, with its image,
    model state, provisioning state and availability; an hour, because a repeated run does not wait for a flag that
    lags. `nothing-to-do` equals `succeeded` and `model-updated`, since a run may be killed after its last write. Where
    the undisturbed run ended early, by a limit of its own (`stop-after`, `timeout`) or halted by a fault that passes,
    the repeated one may get further, and never less far.

    Of a scenario with a rollback in it: killed before that began, the repeated run goes forward again, and whatever it
    ends with must be true; killed later, it is gone on with by `operation: rollback`, and all that moved must be back.
    """
    if _moves_both_ways(scenario):
        return [*false_claims(scenario, ran), *_not_returned(scenario, calm, ran)]
    return [*false_claims(scenario, ran), *_traces_of_the_kill(calm, ran), *_differences(scenario, calm, ran)]


def false_claims(scenario: Scenario, ran: Ran) -> Iterator[str]:
    """What must be true of every run, killed before or not."""
    if "Traceback" in ran.last.log or "Internal error" in ran.last.log:
        yield "a traceback in the log"
    if _moves_both_ways(scenario):
        return  # what was needed on one way is without need on the other
    for before in ran.asked:
        if before.provisioning_state in ("Creating", "Updating", "Deleting"):
            yield f"instance {before.instance_id} was upgraded while it was {before.provisioning_state}"
        elif _is_there(scenario, ran, before):
            yield f"instance {before.instance_id} was upgraded without need"
    skipped = set(ran.last.ids("skipped"))
    there = {instance.instance_id for instance in ran.instances if _is_there(scenario, ran, instance)}
    moves = scenario.inputs.get("operation") != "update-model"
    if ran.last.outcome in AS_ASKED and moves:
        left = {instance.instance_id for instance in ran.instances} - there - skipped
        if left or set(ran.last.ids("remaining")):
            yield f"{ran.last.outcome}, but not on the target: {sorted(left)}; remaining {ran.last.ids('remaining')}"
    if set(ran.last.ids("upgraded")) - there:
        yield f"said to be upgraded, but not on the target: {sorted(set(ran.last.ids('upgraded')) - there)}"


def _moves_both_ways(scenario: Scenario) -> bool:
    return "rollback" in (scenario.inputs.get("operation"), scenario.inputs.get("on-failure"))


def _not_returned(scenario: Scenario, calm: Ran, ran: Ran) -> Iterator[str]:
    """What is wrong after the kill of a scenario with a rollback."""
    yield from _after_death(ran)
    target, previous = calm.last.outputs["target-image"], calm.last.outputs["previous-image"]
    by_hand = scenario.inputs.get("operation") == "rollback"
    new, old = (previous, target) if by_hand else (target, previous)
    on_new = sorted(each.instance_id for each in ran.later if new.endswith(each.image_version))
    if ran.last.outcome in ("rolled-back", *(AS_ASKED if ran.goes_back else ())) and on_new:
        yield f"{ran.last.outcome}, and on {new} still: {on_new}"
    if ran.goes_back and ran.last.outcome not in (*AS_ASKED, "halted"):
        yield f"the rollback was gone on with, and ended {ran.last.outcome}"
    ill = [each for each in calm.later if not each.available]
    if ran.goes_back and ran.last.outcome == "halted" and not ill:
        yield "the rollback was gone on with, and halted, where the undisturbed one returned all"
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
            yield f"instance {instance.instance_id} is not on the target, where the undisturbed run brought it"


def _may_get_further(scenario: Scenario, calm: Ran) -> bool:
    if calm.last.outcome in ("partial", "timed-out"):
        return True
    return calm.last.outcome == "halted" and any(_passes(fault) for fault in scenario.faults)


def _passes(fault: Fault) -> bool:
    if isinstance(fault, ComesUpUnhealthy):
        return fault.seconds is not None
    return isinstance(fault, PASSING)


def _floor(calm: Ran, *, further: bool) -> int:
    """The fewest instances available at once: as undisturbed; of a run that gets further what its policy allows, a
    largest batch beside those that the undisturbed run left unavailable.
    """
    if not further:
        return calm.lowest_available
    ill = sum(not instance.available for instance in calm.instances)
    return min(calm.lowest_available, calm.available_at_first - calm.largest_upgrade - ill)


def _is_there(scenario: Scenario, ran: Ran, instance: InstanceState) -> bool:
    """Whether an upgrade would bring nothing to the instance, as far as Azure shows it: of a disk in a storage account,
    and where the whole model is the goal, only the flag tells.
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
