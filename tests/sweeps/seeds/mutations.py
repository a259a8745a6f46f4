"""Changes that make the action wrong, one decision at a time. The named check catches each."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from harness.mutation import Wrong, ends, nothing
from sweeps.seeds.images import PLATFORM_VERSIONS
from vmss_upgrade.ports import OperationState
from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.history.events import ModelUpdated
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.scale_set import Origin

Outputs = dict[str, str]


@dataclass(frozen=True)
class Mutation:
    """A wrong behaviour of the action, the check that catches it, and the changed names.

    The check reports the case of `seed`. If drawing has changed since, the first seeds are searched for another one.
    """

    what: str
    check: str
    wrong: Wrong
    seed: int = 0


def given(**inputs: str) -> Wrong:
    """Make the action read other inputs than the workflow gives."""
    other = {f"INPUT_{name.upper().replace('_', '-')}": value for name, value in inputs.items()}
    return {"parse_inputs": lambda real, environ, **more: real({**environ, **other}, **more)}


def written(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Wrong:
    """Make the update of the model contain something else, too."""
    return {"image_patch": lambda real, image: change(real(image))}


def reported(change: Callable[[Outputs], Outputs]) -> Wrong:
    """Make the outputs report something else."""

    return {"as_outputs": lambda real, *arguments: (outputs := real(*arguments)) | change(outputs)}


def put_back(**other: str) -> Wrong:
    """Make another image of the same kind go back into the model."""

    def update_model(real: Any, remote: Any, model: Any, image: Any, **more: Any) -> Any:
        return real(remote, model, replace(image, **other) if remote.moved and image.version else image, **more)

    return {"update_model": update_model}


def with_network(body: dict[str, Any]) -> dict[str, Any]:
    profile = body["properties"]["virtualMachineProfile"]
    return {"properties": {"virtualMachineProfile": {**profile, "networkProfile": {}}}}


def restored_at_once(real: Any, remote: Any, model: Any, image: Any, **more: Any) -> Any:
    """Report that the model holds another image again, without a write."""
    if not remote.moved:
        return (yield from real(remote, model, image, **more))
    yield ModelUpdated(target=image, seconds=0.0)
    return model


def ended_at_once(*_: Any, **__: Any) -> Any:
    yield from ()
    return OperationState.SUCCEEDED


def unasked(_: Any, hooks: Any, batch: Any, of: int) -> Any:
    """Call no hook before a batch."""
    yield from ()
    return batch


def unconcluded(_: Any, surge: Any, ending: Ending) -> Any:
    """Delete no instance of a surge, and name none."""
    yield from ()
    return ending


def passed(real: Any, *arguments: Any, **named: Any) -> Any:
    gate = yield from real(*arguments, **named)
    return replace(gate, failures=(), passed=True)


def refused(real: Any, gate: Any, *rest: Any) -> Any:
    """Make a gate fail whenever Azure's operation reports a failure."""
    seen = real(gate, *rest)
    failure = gate.refusal and Failure(instance_id="", code=gate.refusal.code, message=gate.refusal.message)
    return replace(seen, failures=(failure,), passed=False) if failure else seen


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
GOES_BACK: Wrong = {"Ending.calls_for_rollback": lambda *_: True}
WELL = ("succeeded", "nothing-to-do")

MUTATIONS = (
    Mutation("ignores batch-size", "away", {"batch_limit": lambda *_: 99}, 4),
    Mutation("ignores min-healthy", "min-healthy", NO_FLOOR, 9),
    Mutation("ignores min-healthy between the looks", "floor", NO_FLOOR, 223),
    Mutation("mixes domains", "domains", given(strategy="batch"), 11),
    Mutation("upgrades unselected instances", "selected", {"is_selected": lambda *_: True}, 16),
    Mutation("upgrades protected instances", "protected", {
        "reason_to_skip": lambda real, instance, *rest: real(replace(instance, protected=False), *rest)
    }, 45),
    Mutation("upgrades stopped instances", "stopped", given(stopped_instances="include"), 29),
    Mutation("upgrades instances on the target again", "needed", {"Goal.is_reached_by": nothing}, 4),
    Mutation("does not wait for Azure's operation", "one-at-a-time", {
        "FollowedOperation.poll": ended_at_once
    }, 4),
    Mutation("does not wait for health", "gate", given(health="ignore", bake_time="0"), 14),
    Mutation("continues after a failure", "halt", {"BatchRun.pass_gate": passed, "Watch.troubles": nothing}, 1618),
    Mutation("ignores timeout", "in-time", given(timeout="5h30m"), 119),
    Mutation("carries out a plan", "as-asked", given(operation="upgrade"), 1),
    Mutation("writes the capacity", "image-only", written(lambda body: {**body, "sku": {"capacity": 3}}), 2),
    Mutation("writes tags", "image-only", written(lambda body: {**body, "tags": {"upgraded-by": "vmss-upgrade"}}), 2),
    Mutation("writes a network profile", "image-only", written(with_network), 2),
    Mutation("goes back to an older version", "back-image", put_back(version=PLATFORM_VERSIONS[0]), 222),
    Mutation("goes back to the latest version", "back-image", put_back(version="latest"), 54),
    Mutation("returns instances before the model holds the image", "halt", {
        "RolloutPlan.update_model": lambda _, plan: not (plan.goal.in_model or plan.is_rollback)
    }, 283),
    Mutation("returns instances that did not move", "back-who", {"Moved.includes": lambda *_: True}, 283),
    Mutation("returns the oldest batch first", "back-order", {"plan_rollback": reversed_batches}, 14),
    Mutation("undoes a rollout whatever ended it", "back-called-for", GOES_BACK, 1129),
    Mutation("blames the image for whatever ended it", "blame", GOES_BACK, 1129),
    Mutation("reports attached machines as failed", "blame", reported(lambda of: {"failed": of["skipped"]}), 139),
    Mutation("upgrades an attached machine", "attached", {
        "reason_to_skip": lambda real, instance, *rest: real(replace(instance, origin=Origin.MODEL), *rest)
    }, 9),
    Mutation("forgets the signal of the plan", "signal", {"RemoteScaleSet.begin": nothing}, 70),
    Mutation("looks at the model once", "signal", {"Hold.check_model": nothing}, 175),
    Mutation("ignores health", "bad-image", given(health="ignore", bake_time="0"), 26),
    Mutation("trusts one healthy look", "bad-image", given(bake_time="0"), 26),
    Mutation("upgrades all at once", "always-serves", given(
        strategy="batch", batch_size="100%", allow_downtime="true", min_healthy="", canary="0"
    ), 54),
    Mutation("trusts Azure's word about a failure", "lies-pass", {"HealthGate.advance": refused}, 29),
    Mutation("trusts one look at the instances", "lists", {
        "Sightings.take": lambda _, sightings, instances, *rest: tuple(instances)
    }, 1532),
    Mutation("ignores changes after a batch", "really-succeeded", {"Batches.look_for_changes": nothing}, 819),
    Mutation("reports success beside unhealthy instances", "really-succeeded", ends({"halted": "succeeded"}), 5),
    Mutation("does not look at the clock", "outside-gates", {"is_too_late": lambda *_: False}, 3),
    Mutation("does not see the tag", "outside-gates", {"stop_tag_of": lambda *_: ""}, 996),
    Mutation("goes on whatever probes say", "probed", given(probe_max_failures="9999"), 152),
    Mutation("asks no hook", "hooked", {"BatchHooks.before": unasked}, 6),
    Mutation("calls no hook after a batch", "hooked", {"BatchHooks.after": nothing}, 47),
    Mutation("sends no canary", "first-batch", given(canary="0"), 7),
    Mutation("reports rolled-back when only the model is back", "rolled-back", {
        "Batches.run": back_at_once, "not_returned": all_done
    }, 222),
    Mutation("reports the model restored that is not", "model-alone", {"update_model": restored_at_once}, 54),
    Mutation("leaves instances drained", "drained", {"Draining.undo": nothing}, 195),
    Mutation("upgrades without a drain", "drained", {"Draining.drain": nothing}, 41),
    Mutation("leaves the instances of a surge", "surplus", {"SurgeCapacity.conclude": unconcluded}, 47),
    Mutation("leaves repairs suspended", "repairs", {
        "RepairsPause.resume": nothing, "RepairsPause.resume_at_once": nothing
    }, 12),
    Mutation("writes no summary", "files", {"step_summary.as_markdown": lambda *_, **__: ""}),
    Mutation("reports other instances than the record", "files", reported(lambda _: {"upgraded": '["77"]'})),
    Mutation("reports no remaining instances", "lists", reported(lambda _: {"remaining": "[]"}), 1),
    Mutation("reports all touched instances as upgraded", "upgraded", {
        "Standing.upgraded": lambda _, report: sorted(report.touched & {each.id for each in report.instances})
    }, 5),
    Mutation("reports upgraded ones as remaining", "remaining", reported(lambda of: {"remaining": of["upgraded"]}), 4),
    Mutation("reports remaining instances as skipped", "skipped", reported(lambda of: {"skipped": of["remaining"]}), 1),
    Mutation("reports the target as the previous image", "images", reported(
        lambda of: {"previous-image": of["target-image"]}
    ), 1),
    Mutation("shows the instances of the first look", "instances", {"Report.add": seen_first}, 4),
    Mutation("reports too many healthy instances", "lowest-healthy", reported(
        lambda of: {"lowest-healthy": of["lowest-healthy"] and str(1 + int(of["lowest-healthy"]))}
    ), 1),
    Mutation("reports every good end as partial", "outcome", ends(dict.fromkeys(WELL, "partial")), 4),
    Mutation("reports a failure as succeeded", "outcome", ends({"halted": "succeeded"}), 5),
    Mutation("reports a partial run as succeeded", "succeeded", ends({"partial": "succeeded"}), 31),
    Mutation("reports success without a look", "succeeded", {
        "RolloutPlan.due_now": lambda real, plan: real(plan)[:-1], "Batches.left": nothing
    }, 4),
    Mutation("reports every good end as halted", "calm", ends(dict.fromkeys(WELL, "halted")), 4),
)  # fmt: skip
