"""The action made wrong on purpose, one decision at a time: each is caught by the check that it is listed under."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from simulation.images import PLATFORM_VERSIONS
from vmss_upgrade import batch_loop, batch_run, carrying_out, driver, ending_of, patient_api, repairs, rollback
from vmss_upgrade.azure_api import image_reference, reader, scale_set_client
from vmss_upgrade.ports import OperationState
from vmss_upgrade.reporters import outputs, step_summary
from vmss_upgrade.rollout import endings, plan_check, planner, watch
from vmss_upgrade.rollout import rollback as rollout_rollback
from vmss_upgrade.rollout.events import Ending, Outcome
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.order import Command
from vmss_upgrade.rollout.planner import Batch
from vmss_upgrade.rollout.report import Report
from vmss_upgrade.rollout.scale_set import Domain, DomainKind, Goal

Patch = pytest.MonkeyPatch
Mutation = Callable[[Patch], None]


def batches_without_limit(patch: Patch) -> None:
    """batch-size is not heeded."""
    patch.setattr(planner, "batch_limit", lambda *_: 99)


def no_floor(patch: Patch) -> None:
    """min-healthy is not heeded, neither at planning nor later."""
    patch.setattr(plan_check, "below_floor", lambda *_: None)
    patch.setattr(watch.Watch, "_below_floor", lambda *_: ())


def no_domains(patch: Patch) -> None:
    """Everybody is of one domain."""
    patch.setattr(planner, "place_of", lambda *_: Domain(kind=DomainKind.SET))


def everybody_selected(patch: Patch) -> None:
    """Whoever is not named is upgraded all the same."""
    patch.setattr(planner, "is_selected", lambda *_: True)


def protection_ignored(patch: Patch) -> None:
    """Protected instances are due like others."""
    _never_skipped_for(patch, planner.PROTECTED)


def stopped_ones_included(patch: Patch) -> None:
    """Stopped instances are due whatever was asked for."""
    _never_skipped_for(patch, planner.STOPPED, planner.DEALLOCATED, "stopped", "deallocated")


def _never_skipped_for(patch: Patch, *ignored: str) -> None:
    real = planner.reason_to_skip

    def reason_to_skip(*arguments: Any) -> str | None:
        reason = real(*arguments)
        return None if reason in ignored else reason

    patch.setattr(planner, "reason_to_skip", reason_to_skip)


def nobody_current(patch: Patch) -> None:
    """Instances on the target are upgraded once more."""
    patch.setattr(Goal, "is_reached_by", lambda *_: False)


def operation_not_waited_for(patch: Patch) -> None:
    """The end of Azure's operation is taken for granted."""

    def follow(*_: Any, **__: Any) -> Any:
        yield from ()
        return OperationState.SUCCEEDED

    patch.setattr(patient_api.PatientApi, "follow", follow)


def gate_always_open(patch: Patch) -> None:
    """The next batch begins as soon as Azure's operation has ended."""

    def opened(_: Any, gate: Any) -> Any:
        yield from ()
        return replace(gate, passed=True)

    patch.setattr(batch_run.BatchRun, "_pass", opened)
    patch.setattr(watch.Watch, "troubles", lambda *_: ())


def on_after_failure(patch: Patch) -> None:
    """A failed batch is followed by the next one."""
    real = batch_run.BatchRun.run

    def run(self: Any) -> Any:
        gate = yield from real(self)
        return replace(gate, failures=(), passed=True)

    patch.setattr(batch_run.BatchRun, "run", run)
    patch.setattr(watch.Watch, "troubles", lambda *_: ())


def timeout_ignored(patch: Patch) -> None:
    """The rollout's own timeout never passes."""
    patch.setattr(patient_api.PatientApi, "sleep", lambda self, seconds: self._clock.sleep(max(seconds, 0.0)))
    patch.setattr(batch_loop, "fits", lambda *_: True)
    made = reader.Reader.__init__
    patch.setattr(reader.Reader, "__init__", lambda self, client, _has_time: made(self, client, lambda: True))


def plan_carried_out(patch: Patch) -> None:
    """`operation: plan` does what it plans."""
    patch.setattr(
        driver, "Command", SimpleNamespace(STATUS=Command.STATUS, PLAN=None, UPDATE_MODEL=Command.UPDATE_MODEL)
    )


def capacity_written(patch: Patch) -> None:
    """The update of the model carries the capacity."""
    _also_written(patch, lambda body: {**body, "sku": {"capacity": 3}})


def tags_written(patch: Patch) -> None:
    """The update of the model carries tags."""
    _also_written(patch, lambda body: {**body, "tags": {"upgraded-by": "vmss-upgrade"}})


def network_written(patch: Patch) -> None:
    """The update of the model carries a network profile."""

    def with_network(body: dict[str, Any]) -> dict[str, Any]:
        profile = body["properties"]["virtualMachineProfile"]
        return {"properties": {"virtualMachineProfile": {**profile, "networkProfile": {}}}}

    _also_written(patch, with_network)


def _also_written(patch: Patch, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    real = image_reference.image_patch
    patch.setattr(scale_set_client, "image_patch", lambda image: change(real(image)))


def repairs_left_suspended(patch: Patch) -> None:
    """Automatic repairs are not resumed."""
    patch.setattr(repairs.RepairsPause, "resume", lambda _: iter(()))
    patch.setattr(repairs.RepairsPause, "resume_at_once", lambda _: iter(()))


def no_summary(patch: Patch) -> None:
    """The summary is empty."""
    patch.setattr(step_summary, "as_markdown", lambda *_, **__: "")


def other_outputs(patch: Patch) -> None:
    """The outputs tell of an upgrade that the record knows nothing of."""
    real = outputs.as_outputs
    patch.setattr(outputs, "as_outputs", lambda *arguments: {**real(*arguments), "upgraded": '["77"]'})


def remaining_forgotten(patch: Patch) -> None:
    """Nobody is ever said to remain."""
    patch.setattr(Report, "remaining", property(lambda _: []))


def touched_is_upgraded(patch: Patch) -> None:
    """Whoever was asked for is said to be upgraded."""
    patch.setattr(Report, "upgraded", property(lambda self: sorted(self.touched & {i.id for i in self.instances})))


def upgraded_forgotten(patch: Patch) -> None:
    """Who was upgraded is said to remain."""
    patch.setattr(Report, "_arrived", lambda _: [])


def everybody_skipped(patch: Patch) -> None:
    """Whoever was not touched is said to be stopped."""
    patch.setattr(Report, "_reason_to_skip", lambda *_: planner.STOPPED)


def previous_is_target(patch: Patch) -> None:
    """The target image is said to be the previous one."""
    patch.setattr(Report, "previous", property(lambda self: self.target))


def first_look_told(patch: Patch) -> None:
    """What is told of the instances is what was seen first."""
    real = Report._see

    def see(self: Any, instances: Any, at: float) -> None:
        real(self, self.instances or instances, at)

    patch.setattr(Report, "_see", see)


def lowest_never_lowered(patch: Patch) -> None:
    """The lowest healthy count is that of the beginning."""
    real = outputs.as_outputs

    def as_outputs(report: Report, path: str) -> dict[str, str]:
        told = real(report, path)
        return {**told, "lowest-healthy": str(len(report.before)) if told["lowest-healthy"] else ""}

    patch.setattr(outputs, "as_outputs", as_outputs)


def always_partial(patch: Patch) -> None:
    """Every rollout that passed ends `partial`."""
    _concluded(patch, Outcome.PARTIAL)


def partial_is_success(patch: Patch) -> None:
    """A rollout that stop-after ended is said to have succeeded."""
    patch.setattr(endings, "partial", lambda _: Ending(outcome=Outcome.SUCCEEDED, reason="All done."))


def failure_is_success(patch: Patch) -> None:
    """A rollout with a failed batch is said to have succeeded."""
    patch.setattr(endings, "by_failed_batch", lambda *_: Ending(outcome=Outcome.SUCCEEDED, reason="All done."))


def success_without_a_look(patch: Patch) -> None:
    """The last batch is not even carried out, and the end is not looked at."""
    all_but_last = property(lambda self: self.batches[: self.stop_after][:-1])
    patch.setattr(planner.RolloutPlan, "due_now", all_but_last)
    patch.setattr(batch_loop.BatchLoop, "left", lambda _: ())


def never_succeeded(patch: Patch) -> None:
    """Every rollout that passed ends `halted`."""
    _concluded(patch, Outcome.HALTED)


def _concluded(patch: Patch, outcome: Outcome) -> None:
    patch.setattr(carrying_out, "_conclusion", lambda *_, **__: Ending(outcome=outcome, reason="Said so."))


def another_image_back(patch: Patch) -> None:
    """What goes back into the model is an older version than the instances ran."""
    oldest = {"version": PLATFORM_VERSIONS[0]}
    _put_back(patch, lambda image: replace(image, **oldest) if image.version else image)


def floating_image_back(patch: Patch) -> None:
    """What goes back into the model is whatever is the latest."""
    _put_back(patch, lambda image: replace(image, version="latest") if image.version else image)


def _put_back(patch: Patch, change: Callable[[Image], Image]) -> None:
    real = rollback.roll_back
    patch.setattr(driver, "roll_back", lambda azure, limits, failed, image: real(azure, limits, failed, change(image)))


def model_not_put_back(patch: Patch) -> None:
    """Instances are to return before the model holds what they return to."""
    patch.setattr(
        planner.RolloutPlan, "update_model", property(lambda self: not (self.goal.in_model or self.is_rollback))
    )


def everybody_returns(patch: Patch) -> None:
    """Also who did not move returns."""
    patch.setattr(rollout_rollback.Moved, "includes", lambda *_: True)


def those_before_return(patch: Patch) -> None:
    """Who had the target before the rollout returns too."""
    real = rollout_rollback.moved_by

    def moved_by(before: Any, now: Any, goal: Any, touched: Any) -> Any:
        return real(replace(before, instances=()), now, goal, touched)

    patch.setattr(rollback, "moved_by", moved_by)


def oldest_first(patch: Patch) -> None:
    """The order of the way back is reversed."""
    real = rollout_rollback._batches

    def batches(*arguments: Any) -> tuple[Batch, ...]:
        made = real(*arguments)
        return tuple(replace(batch, number=number) for number, batch in enumerate(reversed(made), 1))

    patch.setattr(rollout_rollback, "_batches", batches)


def always_turned_back(patch: Patch) -> None:
    """Whatever ends a rollout, it is undone."""
    patch.setattr(driver, "ending_of", _calling_for_rollback(ending_of.ending_of))


def _calling_for_rollback(real: Any) -> Any:
    def changed(*arguments: Any) -> Any:
        ending = yield from real(*arguments)
        return replace(ending, calls_for_rollback=True)

    return changed


def return_without_a_look(patch: Patch) -> None:
    """Rolled back is told as soon as the model holds the image."""

    def carry_out(*_: Any) -> Any:
        yield from ()
        return Ending(outcome=Outcome.SUCCEEDED, reason="All done.")

    patch.setattr(rollback, "carry_out", carry_out)


# check -> what it has to catch
MUTATIONS: tuple[tuple[str, Mutation], ...] = (
    ("away", batches_without_limit),
    ("min-healthy", no_floor),
    ("domains", no_domains),
    ("selected", everybody_selected),
    ("protected", protection_ignored),
    ("stopped", stopped_ones_included),
    ("needed", nobody_current),
    ("one-at-a-time", operation_not_waited_for),
    ("gate", gate_always_open),
    ("halt", on_after_failure),
    ("in-time", timeout_ignored),
    ("as-asked", plan_carried_out),
    ("image-only", capacity_written),
    ("image-only", tags_written),
    ("image-only", network_written),
    ("back-image", another_image_back),
    ("back-image", floating_image_back),
    ("halt", model_not_put_back),
    ("back-who", everybody_returns),
    ("back-who", those_before_return),
    ("back-order", oldest_first),
    ("back-called-for", always_turned_back),
    ("rolled-back", return_without_a_look),
    ("repairs", repairs_left_suspended),
    ("files", no_summary),
    ("files", other_outputs),
    ("lists", remaining_forgotten),
    ("upgraded", touched_is_upgraded),
    ("remaining", upgraded_forgotten),
    ("skipped", everybody_skipped),
    ("images", previous_is_target),
    ("instances", first_look_told),
    ("outcome", always_partial),
    ("outcome", failure_is_success),
    ("succeeded", partial_is_success),
    ("succeeded", success_without_a_look),
    ("lowest-healthy", lowest_never_lowered),
    ("calm", never_succeeded),
    ("floor", no_floor),
)
