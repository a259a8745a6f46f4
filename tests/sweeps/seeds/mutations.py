"""The action made wrong on purpose, one decision at a time: each is caught by the check that it is listed under."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from harness.mutation import Wrong, ends
from sweeps.seeds.images import PLATFORM_VERSIONS
from vmss_upgrade.ports import OperationState
from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.scale_set import Origin

Outputs = dict[str, str]


@dataclass(frozen=True)
class Mutation:
    """What the action does wrong, the check that catches it, and the names at which it is made wrong.

    At `seed` the check is known to speak; where drawing has changed since, one of the first seeds is looked for.
    """

    what: str
    check: str
    wrong: Wrong
    seed: int = 0


def given(**inputs: str) -> Wrong:
    """The action reads other inputs than the workflow gives."""
    other = {f"INPUT_{name.upper().replace('_', '-')}": value for name, value in inputs.items()}
    return {"parse_inputs": lambda real, environ: real({**environ, **other})}


def written(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Wrong:
    """The update of the model carries something else, too."""
    return {"image_patch": lambda real, image: change(real(image))}


def told(change: Callable[[Outputs], Outputs]) -> Wrong:
    """The outputs say something else."""

    def as_outputs(real: Any, *arguments: Any) -> Outputs:
        outputs = real(*arguments)
        return {**outputs, **change(outputs)}

    return {"as_outputs": as_outputs}


def put_back(**other: str) -> Wrong:
    """Another image of the kind goes back into the model."""
    return {
        "roll_back": lambda real, azure, limits, failed, image: real(
            azure, limits, failed, replace(image, **other) if image.version else image
        )
    }


def nothing(*_: Any) -> Any:
    return ()


def no_steps(*_: Any, **__: Any) -> Any:
    yield from ()


def always(*_: Any) -> bool:
    return True


def with_network(body: dict[str, Any]) -> dict[str, Any]:
    profile = body["properties"]["virtualMachineProfile"]
    return {"properties": {"virtualMachineProfile": {**profile, "networkProfile": {}}}}


def ended_at_once(*_: Any, **__: Any) -> Any:
    yield from ()
    return OperationState.SUCCEEDED


def passed(real: Any, *arguments: Any, **named: Any) -> Any:
    gate = yield from real(*arguments, **named)
    return replace(gate, failures=(), passed=True)


def refused(real: Any, gate: Any, *rest: Any) -> Any:
    """A gate that fails wherever Azure's operation says that it has."""
    seen = real(gate, *rest)
    told = gate.refusal and Failure(instance_id="", code=gate.refusal.code, message=gate.refusal.message)
    return replace(seen, failures=(told,), passed=False) if told else seen


def all_done(*_: Any) -> Ending:
    return Ending(outcome=Outcome.SUCCEEDED, reason="All done.")


def back_at_once(real: Any, batches: Any, *rest: Any) -> Any:
    if batches.plan.is_rollback:
        return all_done()
    return (yield from real(batches, *rest))


def reversed_batches(real: Any, *arguments: Any, **named: Any) -> Any:
    plan = real(*arguments, **named)
    batches = (replace(batch, number=number) for number, batch in enumerate(reversed(plan.batches), 1))
    return replace(plan, batches=tuple(batches))


def seen_first(real: Any, report: Any, event: Any) -> None:
    if not report.instances or not hasattr(event, "instances"):
        real(report, event)


NO_FLOOR = given(allow_downtime="true", min_healthy="")
WELL = ("succeeded", "nothing-to-do")

MUTATIONS = (
    Mutation("heeds no batch-size", "away", {"batch_limit": lambda *_: 99}, 3),
    Mutation("heeds no min-healthy", "min-healthy", NO_FLOOR, 9),
    Mutation("heeds no min-healthy between the looks", "floor", NO_FLOOR, 223),
    Mutation("mixes domains", "domains", given(strategy="batch")),
    Mutation("upgrades those that are not named", "selected", {"is_selected": always}, 16),
    Mutation("upgrades protected ones", "protected", {
        "reason_to_skip": lambda real, instance, *rest: real(replace(instance, protected=False), *rest)
    }, 20),
    Mutation("upgrades stopped ones", "stopped", given(stopped_instances="include"), 29),
    Mutation("upgrades those on the target once more", "needed", {"Goal.is_reached_by": nothing}),
    Mutation("takes the end of Azure's operation for granted", "one-at-a-time", {
        "FollowedOperation.poll": ended_at_once
    }),
    Mutation("waits for nobody to become healthy", "gate", given(health="ignore", bake_time="0"), 3),
    Mutation("goes on after a failure", "halt", {"BatchRun.pass_gate": passed, "Watch.troubles": nothing}, 69),
    Mutation("heeds no timeout", "in-time", given(timeout="5h30m"), 119),
    Mutation("carries out a plan", "as-asked", given(operation="upgrade"), 1),
    Mutation("writes the capacity", "image-only", written(lambda body: {**body, "sku": {"capacity": 3}})),
    Mutation("writes tags", "image-only", written(lambda body: {**body, "tags": {"upgraded-by": "vmss-upgrade"}})),
    Mutation("writes a network profile", "image-only", written(with_network)),
    Mutation("goes back to an older version", "back-image", put_back(version=PLATFORM_VERSIONS[0]), 1021),
    Mutation("goes back to whatever is the latest", "back-image", put_back(version="latest"), 26),
    Mutation("returns instances before the model holds the image", "halt", {
        "RolloutPlan.update_model": lambda _, plan: not (plan.goal.in_model or plan.is_rollback)
    }, 283),
    Mutation("returns those that did not move", "back-who", {"Moved.includes": always}, 54),
    Mutation("returns the oldest batch first", "back-order", {"plan_rollback": reversed_batches}, 14),
    Mutation("undoes a rollout whatever ended it", "back-called-for", {"Ending.calls_for_rollback": always}, 1129),
    Mutation("blames the image for whatever ended it", "blame", {"Ending.calls_for_rollback": always}, 1129),
    Mutation("says of attached machines that they failed", "blame", told(lambda of: {"failed": of["skipped"]}), 139),
    Mutation("takes an attached machine for one that is behind", "attached", {
        "reason_to_skip": lambda real, instance, *rest: real(replace(instance, origin=Origin.MODEL), *rest)
    }, 9),
    Mutation("forgets the signal that it planned with", "signal", {"RemoteScaleSet.begin": nothing}, 70),
    Mutation("looks at the model once", "signal", {"Hold.check_model": no_steps}, 175),
    Mutation("goes by no health", "sick-image", given(health="ignore", bake_time="0")),
    Mutation("takes one healthy look for the truth", "sick-image", given(bake_time="0")),
    Mutation("takes everybody at once", "somebody-serves", given(
        strategy="batch", batch_size="100%", allow_downtime="true", min_healthy="", canary="0"
    ), 54),
    Mutation("takes Azure's word for a failure", "lies-pass", {"HealthGate.advance": refused}, 29),
    Mutation("takes one look at the instances for the truth", "lists", {
        "Sightings.take": lambda _, sightings, instances, *rest: tuple(instances)
    }, 12),
    Mutation("is silent on changes after a batch", "really-succeeded", {"Batches.look_for_changes": no_steps}, 819),
    Mutation("says succeeded beside those that are ill there", "really-succeeded", ends({"halted": "succeeded"})),
    Mutation("sends no canary", "first-batch", given(canary="0"), 7),
    Mutation("says rolled-back once the model holds the image", "rolled-back", {
        "Batches.run": back_at_once, "not_returned": all_done
    }, 26),
    Mutation("leaves repairs suspended", "repairs", {
        "RepairsPause.resume": nothing, "RepairsPause.resume_at_once": nothing
    }, 12),
    Mutation("writes no summary", "files", {"step_summary.as_markdown": lambda *_, **__: ""}),
    Mutation("tells in outputs what the record does not", "files", told(lambda _: {"upgraded": '["77"]'})),
    Mutation("says of nobody that it remains", "lists", told(lambda _: {"remaining": "[]"})),
    Mutation("says of all touched ones that they are upgraded", "upgraded", {
        "Standing.upgraded": lambda _, report: sorted(report.touched & {each.id for each in report.instances})
    }),
    Mutation("says of upgraded ones that they remain", "remaining", told(lambda of: {"remaining": of["upgraded"]}), 3),
    Mutation("says of the remaining that they are skipped", "skipped", told(lambda of: {"skipped": of["remaining"]})),
    Mutation("says of the target that it was there before", "images", told(
        lambda of: {"previous-image": of["target-image"]}
    )),
    Mutation("shows the instances as seen first", "instances", {"Report.add": seen_first}),
    Mutation("says that more stayed healthy", "lowest-healthy", told(
        lambda of: {"lowest-healthy": of["lowest-healthy"] and str(1 + int(of["lowest-healthy"]))}
    )),
    Mutation("says partial of every good end", "outcome", ends(dict.fromkeys(WELL, "partial")), 3),
    Mutation("says succeeded of a failure", "outcome", ends({"halted": "succeeded"})),
    Mutation("says succeeded of a part", "succeeded", ends({"partial": "succeeded"}), 31),
    Mutation("says succeeded without a look", "succeeded", {
        "RolloutPlan.due_now": lambda real, plan: real(plan)[:-1], "Batches.left": nothing
    }, 3),
    Mutation("says halted of every good end", "calm", ends(dict.fromkeys(WELL, "halted")), 3),
)  # fmt: skip
