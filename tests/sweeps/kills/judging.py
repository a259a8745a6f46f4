"""Kills a scenario at many points, and judges the result of each from Azure's own state."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from azure_simulator.scenario.events import CancelRollingUpgrade
from azure_simulator.scenario.faults import ComesUpUnhealthy, Hangs, ProvisioningFailure, StaysOnOldImage
from azure_simulator.scenario.request_faults import AnswerError, HttpFault, OperationFate
from azure_simulator.scenario.scenario import Fault
from harness.pool import Verdict
from sweeps.kills.runs import Kill, Moment, Ran, killed, undisturbed
from sweeps.kills.scenarios import LARGE, scenario_of

# Faults that a second try does not meet again, and why. A run that such a fault halted may get further when repeated.
PASSING = (
    *(ProvisioningFailure, Hangs, StaysOnOldImage),  # strike only an instance's first upgrade
    CancelRollingUpgrade,  # strikes only once
    *(HttpFault, AnswerError, OperationFate),  # strike only the nth request, which an earlier run has made
)
AS_ASKED = ("succeeded", "model-updated", "nothing-to-do")


def problems(calm: Ran, ran: Ran) -> list[str]:
    """List the problems of `ran`, the killed and repeated run of the scenario with the undisturbed run `calm`.

    Both must end alike and, an hour later, when no flag lags any more, leave the same instances in the same state.
    `nothing-to-do` equals `succeeded` and `model-updated`, since a run may be killed after its last write. If the
    undisturbed run ended early, by its own limit (`stop-after`, `timeout`) or by a passing fault, the repeated one may
    get further, but never less far.

    With a rollback, a run that is killed before the rollback begins goes forward again, and only its claims must be
    true. If it is killed later, `operation: rollback` continues it, and every moved instance must be back. So it is
    where only the model goes back.
    """
    if _moves_both_ways(ran):
        return [*false_claims(ran), *_after_death(ran), *_not_returned(calm, ran)]
    return [*false_claims(ran), *_after_death(ran), *_traces_of_the_kill(calm, ran), *_differences(calm, ran)]


def false_claims(ran: Ran) -> Iterator[str]:
    """List the false claims and needless upgrades of a run, killed before or not."""
    yield from (f"the log says {bug!r}" for bug in ran.last.bugs)
    yield from ran.left_behind
    if _moves_both_ways(ran):
        return  # an upgrade that one direction needed is needless in the other
    for before in ran.asked:
        if before.provisioning_state in ("Creating", "Updating", "Deleting"):
            yield f"instance {before.instance_id} was upgraded while it was {before.provisioning_state}"
        elif ran.is_there(before):
            yield f"instance {before.instance_id} was upgraded needlessly"
    if ran.last.outcome in AS_ASKED and ran.scenario.inputs.get("operation") != "update-model":
        left = {instance.instance_id for instance in ran.instances} - ran.there - {*ran.last.ids("skipped")}
        if left or ran.last.ids("remaining"):
            yield f"{ran.last.outcome}, but not on the target: {sorted(left)}; remaining {ran.last.ids('remaining')}"
    if elsewhere := {*ran.last.ids("upgraded")} - ran.there:
        yield f"reported as upgraded, but not on the target: {sorted(elsewhere)}"


def _moves_both_ways(ran: Ran) -> bool:
    asked = ran.scenario.inputs
    return asked.get("operation") == "rollback" or asked.get("on-failure") in ("rollback", "restore-model")


def _after_death(ran: Ran) -> Iterator[str]:
    if ran.went_on:
        yield f"the killed run went on for {ran.went_on:g} s"
    if ran.post[0]:
        yield f"the post step failed: {ran.post[1]}"


def _not_returned(calm: Ran, ran: Ran) -> Iterator[str]:
    """List the problems after the kill of a scenario with a rollback."""
    target, previous = calm.last.outputs["target-image"], calm.last.outputs["previous-image"]
    by_hand = ran.scenario.inputs.get("operation") == "rollback"
    new, old = (previous, target) if by_hand else (target, previous)
    on_new = sorted(each.instance_id for each in ran.later if new.endswith(each.image_version))
    if ran.last.outcome in ("rolled-back", *(AS_ASKED if ran.goes_back else ())) and on_new:
        yield f"{ran.last.outcome}, and on {new} still: {on_new}"
    if ran.goes_back and ran.last.outcome not in (*AS_ASKED, "halted"):
        yield f"the rollback continued, and ended {ran.last.outcome}"
    if ran.goes_back and ran.last.outcome == "halted" and all(each.available for each in calm.later):
        yield "the rollback continued, and halted, although the undisturbed one returned all"
    for each in ran.later:
        if not (new.endswith(each.image_version) or old.endswith(each.image_version)):
            yield f"{each.instance_id} runs neither image: {each.image_version}"
    if ran.lowest_available < calm.lowest_available - calm.largest_upgrade:
        yield f"{ran.lowest_available} available at one time, {calm.lowest_available} undisturbed"


def _traces_of_the_kill(calm: Ran, ran: Ran) -> Iterator[str]:
    suspended, before = ran.last.azure.repairs_suspended, calm.last.azure.repairs_suspended
    if suspended != before:
        yield f"automatic repairs suspended: {suspended} instead of {before}"
    if ran.last.azure.capacity != calm.last.azure.capacity:
        yield f"a capacity of {ran.last.azure.capacity} instead of {calm.last.azure.capacity}"
    # in mode Rolling, a write without a change is how the next run goes on
    again = ran.goes_on and ran.scenario.scale_set.model["properties"]["upgradePolicy"]["mode"] == "Rolling"
    if ran.model_updates > max(1, calm.model_updates) + again:
        yield f"the model was updated {ran.model_updates} times"


def _differences(calm: Ran, ran: Ran) -> Iterator[str]:
    """List what the repeated run did worse or otherwise than the undisturbed one.

    If it may get further, it may also have the largest batch of its policy away at once, besides the instances that the
    undisturbed run left unavailable.
    """
    further, least = _may_get_further(calm), calm.lowest_available
    if further:
        at_first = sum(each.available for each in calm.last.azure.instances(0.0))
        unavailable = sum(not each.available for each in calm.instances)
        least = min(least, at_first - calm.largest_upgrade - unavailable)
    if ran.lowest_available < least:
        yield f"{ran.lowest_available} available at one time, {calm.lowest_available} undisturbed"
    nothing_left = ran.last.outcome == "nothing-to-do" and calm.last.outcome in AS_ASKED
    same_end = ran.last.exit_code == calm.last.exit_code and (nothing_left or ran.last.outcome == calm.last.outcome)
    if not (ran.last.exit_code <= calm.last.exit_code if further else same_end):
        yield f"ended {ran.last.outcome} ({ran.last.exit_code}) instead of {calm.last.outcome} ({calm.last.exit_code})"
    if further and calm.there - ran.there:
        yield f"{sorted(calm.there - ran.there)} are not on the target, although the undisturbed run upgraded them"
    if not further and ran.standing != calm.standing:
        yield f"left {sorted(ran.standing - calm.standing)} instead of {sorted(calm.standing - ran.standing)}"


def _may_get_further(calm: Ran) -> bool:
    is_over = any(_passes(fault) for fault in calm.scenario.faults)
    return calm.last.outcome in ("partial", "timed-out") or (calm.last.outcome == "halted" and is_over)


def _passes(fault: Fault) -> bool:
    if isinstance(fault, ComesUpUnhealthy):
        return fault.seconds is not None  # it is over by the next run
    return isinstance(fault, PASSING)


@dataclass(frozen=True, slots=True)
class Point:
    """One scenario with one kill, or undisturbed without a kill."""

    scenario: str
    kill: Kill | None = None


@cache
def calm(name: str) -> Ran:
    return undisturbed(scenario_of(name))


def judge(point: Point) -> Verdict:
    """Judge the undisturbed run, or the killed and repeated one."""
    before = calm(point.scenario)
    again = f"python -m sweeps.kills --scenario '{point.scenario}'"
    if point.kill is None:
        unkillable = () if before.calls else ("it made no call, so it cannot be killed",)
        return Verdict(again, "undisturbed", (*unkillable, *false_claims(before)))
    wrong = problems(before, killed(scenario_of(point.scenario), point.kill))
    again += f" --call {point.kill.call} --moment {point.kill.moment.value}"
    return Verdict(again, f"of {point.scenario!r}", tuple(wrong))


def points_of(name: str, drawn: int | None = None) -> list[Point]:
    """Return every kill of a scenario, or a number of kills drawn by its name, which are the same in every run."""
    kills = [Kill(call, moment) for call in range(1, calm(name).calls + 1) for moment in Moment]
    drawn = 50 if name == LARGE else drawn
    if drawn is not None and drawn < len(kills):
        kills = sorted(random.Random(name).sample(kills, drawn), key=lambda kill: (kill.call, kill.moment.value))
    return [Point(name, kill) for kill in kills]
