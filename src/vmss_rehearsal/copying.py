"""`operation: rehearse`: read and plan as `plan` does, copy what Azure answered, and play the rollout on the copy."""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from azure_simulator import Scenario, ScenarioError, Timing, copied_set
from vmss_rehearsal.parallel import play_all
from vmss_rehearsal.playing import duration_of, play
from vmss_rehearsal.troubles import Trouble, troubles_of
from vmss_upgrade.driver.run import run_rollout
from vmss_upgrade.ports import Clock, ScaleSetApi
from vmss_upgrade.rollout.history.events import Event, RolloutFinished, RolloutPlanned, ScaleSetRead
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.history.rehearsing.trial import Rehearsed, Trial
from vmss_upgrade.rollout.image import Image, ImageKind
from vmss_upgrade.rollout.order import Command, Order

Answers = Mapping[str, tuple[int, bytes]]
DOCUMENTED = Timing(upgrade=(20.0, 240.0), healthy_after=(10.0, 60.0), poll_pause=20.0)
_COLLECT_AFTER = 50_000  # more objects than before: plays keep most of them, and looking through these takes long
_UPGRADES = 0.8  # share of an instance's time that Azure takes; its health takes the rest


def rehearse_copy(order: Order, api: ScaleSetApi, clock: Clock, answers: Answers) -> Generator[Event]:
    """Carry `operation: rehearse` out. `answers` holds what `api` has read, as Azure sent it."""
    model, plan, ending = None, None, None
    for event in run_rollout(replace(order, command=Command.PLAN), api, clock):
        if isinstance(event, RolloutFinished):
            ending = event
            break
        model = event.model if isinstance(event, ScaleSetRead) else model
        plan = event.plan if isinstance(event, RolloutPlanned) else plan
        yield event
    if ending is None or model is None or plan is None or ending.ending.outcome is not Outcome.PLANNED:
        if ending is not None:
            yield ending
        return
    try:
        scenario = copied_set(answers, model.id, _image_inputs(plan.reaches), timing_of(order))
    except ScenarioError as error:
        reason = f"The scale set cannot be copied: {error}"
        yield replace(ending, ending=Ending(outcome=Outcome.REFUSED, reason=reason))
        return
    rehearsed = replace(_rehearse(order, scenario), at=ending.at)
    yield rehearsed
    yield replace(ending, ending=_ending(rehearsed))


def timing_of(order: Order) -> Timing:
    """Return how long instances take, as the inputs say it, or as it is documented."""
    if order.ready_within is None:
        return DOCUMENTED
    low, high = order.ready_within
    return replace(
        DOCUMENTED,
        upgrade=(low * _UPGRADES, high * _UPGRADES),
        healthy_after=(low * (1 - _UPGRADES), high * (1 - _UPGRADES)),
    )


def _rehearse(order: Order, scenario: Scenario) -> Rehearsed:
    """Play the rollout as slow and as fast as can be, and undisturbed; then with every trouble."""
    policy = replace(order.policy, hooks=None, probes=None)
    left_out = [
        *(["before-batch-url and after-batch-url"] if order.policy.hooks else []),
        *(["probe-url"] if order.policy.probes else []),
    ]
    order = replace(order, command=Command.UPGRADE, policy=policy, expected_plan="")
    gc.set_threshold(_COLLECT_AFTER)
    slow, fast = (partial(duration_of, order, _at_one_pace(scenario, which)) for which in (1, 0))
    without = partial(play, order, scenario, Trouble(name="undisturbed", words="no trouble"))
    plays: list[Callable[[], Any]] = [slow, fast, without]  # the report of the last is large: it mostly stays here
    longest, shortest, undisturbed = play_all(plays)
    trials: list[Trial] = [undisturbed]
    if undisturbed.report and undisturbed.outcome is not Outcome.REFUSED:
        troubles = troubles_of(scenario, undisturbed.report)
        trials += play_all([partial(play, order, scenario, trouble) for trouble in troubles])
    gc.freeze()  # the reports last as long as the process, which would look through them at its end
    return Rehearsed(
        trials=tuple(trials),
        shortest=min(shortest, undisturbed.seconds),
        longest=max(longest, undisturbed.seconds),
        durations=_durations(order),
        left_out=tuple(left_out),
    )


def _at_one_pace(scenario: Scenario, which: int) -> Scenario:
    """Return the scenario with every instance as fast (0) or as slow (1) as can be."""
    timing = scenario.timing
    upgrade, healthy = timing.upgrade[which], timing.healthy_after[which]
    return replace(scenario, timing=replace(timing, upgrade=(upgrade, upgrade), healthy_after=(healthy, healthy)))


def _durations(order: Order) -> str:
    if order.ready_within is None:
        return "the documented ranges"
    return "the inputs" if "typical-upgrade-time" in order.given else "the record"


def _ending(rehearsed: Rehearsed) -> Ending:
    undisturbed = rehearsed.undisturbed
    if undisturbed.outcome is Outcome.REFUSED and undisturbed.report and undisturbed.report.ending:
        return undisturbed.report.ending
    return Ending(outcome=Outcome.REHEARSED, reason="The rollout was played on a copy; nothing was written.")


def _image_inputs(image: Image) -> dict[str, Any]:
    """Return the inputs that name this image, by which the simulator knows that it exists."""
    if image.kind is ImageKind.PLATFORM:
        parts = {"publisher": image.publisher, "offer": image.offer, "sku": image.sku, "version": image.version}
        return {f"image-{name}": value for name, value in parts.items()}
    return {} if image.is_vhd else {"image-id": image.reference}
