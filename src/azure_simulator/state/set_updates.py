"""What a PUT or a PATCH does to a set that exists.

Durations are those of the contract's recordings: the text of the model takes under a second, an image or the network
about 50 s, and in mode Rolling any update a minute, where no instance is behind the model.

A choice that no recording decides: whether new instances can be made from the image is checked only where some are to
be made, or where the image changes. So a set whose image is deprecated takes new tags, and no new instances (the
latter documented, "Deprecated images FAQ").
"""

from dataclasses import dataclass
from typing import Any

from azure_simulator.scenario.request_faults import OperationFate
from azure_simulator.state.companions.scaling import check_growth, failure_of, notice_seconds
from azure_simulator.state.creation import count_extras, scale
from azure_simulator.state.instances import Instance
from azure_simulator.state.operations import Ending, Failure, Operation, lasting
from azure_simulator.state.rolling.starting import find_behind, start_of_model
from azure_simulator.state.rolling_upgrades import check_none_runs
from azure_simulator.state.scale_set import SimulatedScaleSet
from azure_simulator.wire.body_shape import check_rolling, check_shape, check_whole
from azure_simulator.wire.errors import refusal
from azure_simulator.wire.generation import Generation
from azure_simulator.wire.merging import merged_resource, with_policy, writable
from azure_simulator.wire.names import kinds_of
from azure_simulator.wire.set_defaults import completed_update
from azure_simulator.wire.set_model import is_windows, storage_image, storage_of, upgrade_mode

SMALL_UPDATE = 0.4
# Nothing was behind the model (uniform_rolling_upgrade_2023, a PUT to mode Rolling).
ALL_CHECKED = 61.0
MOST_MODELS = 10


@dataclass(frozen=True, slots=True)
class Update:
    """An update that Azure accepts, before it happens.

    `reached`: the instances that mode Automatic replaces by itself, or that mode Rolling looks at first; `counted`: how
    many instances are touched.
    """

    model: dict[str, Any]
    reached: list[Instance]
    counted: int


def plan_update(
    scale_set: SimulatedScaleSet, patch: dict[str, Any], now: float, api_version: str, *, extensions_stay: bool
) -> Update:
    """Merge `patch` over the set, as the recorded PUTs and PATCHes do (merging.merged_resource). Changes nothing.

    Raises Refusal for a malformed body (400), a missing image (404), a change of the kind of image or of what
    never changes (409), an eleventh model (409), mode Rolling without a source of health (400) and a write or a
    rolling upgrade at the same time (409).
    """
    check_shape(patch)
    check_none_runs(scale_set, now)
    changed = _merge(scale_set, patch, now, api_version, extensions_stay)
    _check_update(scale_set, changed)
    _check_models(scale_set, changed, now)
    reached = _find_reached(scale_set, changed, now)
    wanted = int(changed["sku"].get("capacity", 0))
    growth = wanted - scale_set.capacity
    if growth > 0:
        check_growth(scale_set, wanted, count_extras(changed, growth), scale_set.capacity)
    if growth > 0 or reached or storage_image(changed) != storage_image(scale_set.json):
        scale_set.scenario.catalog.check_deployable(storage_of(changed), scale_set.location, now)
    return Update(changed, reached, len(reached) + abs(growth))


def update(
    scale_set: SimulatedScaleSet, planned: Update, now: float, api_version: str, fate: OperationFate | None
) -> Operation:
    """Carry out an update: the model, the number of instances, and what the upgrade mode does by itself."""
    image_changes = storage_image(planned.model) != storage_image(scale_set.json)
    # An update that changes nothing leaves the etag as it is (uniform_update_image_sku_and_security_2024).
    scale_set.updates += planned.model != scale_set.json
    before, scale_set.json = scale_set.capacity, _recovered(planned.model)
    resized = scale_set.capacity != before
    new_model = scale_set.note_model(now, always=resized and scale_set.scenario.scaling.clears_latest_model)
    scale_set.agenda.note_update(now)
    scale_set.remember(now)
    ends = now + lasting(fate, _duration(scale_set, image_changes, before))
    scale_set.conflict_until = ends + scale_set.agenda.conflict_seconds()
    failure, details = failure_of(scale(scale_set, before, now, ends)) or (None, None)
    retry_after = 51 if is_windows(scale_set.profile) else 37

    def start_operation(ends_at: Ending, error: Failure | None) -> Operation:
        return scale_set.operations.start(now, api_version, ends_at, fate=fate, error=error, retry_after=retry_after)

    rolls = upgrade_mode(planned.model) == "Rolling"
    if rolls and (behind := find_behind(scale_set, now)):
        resizing_ends = ends if resized else now
        operation = start_of_model(
            scale_set,
            behind,
            now,
            lambda rolled, refused: start_operation(lambda: max(resizing_ends, rolled()), failure or refused),
        )
    else:
        if planned.reached:
            scale_set.reached_by_updates.append(ends)
        for instance in planned.reached if new_model and not rolls else ():
            instance.upgrades.append(scale_set.replacement(now, ends))
        operation = start_operation(lambda: ends, failure)
    operation.details = details
    return scale_set.operations.mark_resizing(operation) if resized else operation


# --- steps ---


def _recovered(model: dict[str, Any]) -> dict[str, Any]:
    """Return the set's JSON without what an earlier failure says of it."""
    properties = model["properties"]
    if properties.get("provisioningState") != "Failed":
        return model
    return {**model, "properties": {key: value for key, value in properties.items() if key != "provisioningState"}}


def _merge(
    scale_set: SimulatedScaleSet, patch: dict[str, Any], now: float, api_version: str, extensions_stay: bool
) -> dict[str, Any]:
    """Return the set's JSON after the update, completed as Azure completes it."""
    changed = merged_resource(scale_set.json, writable(patch), extensions_stay=extensions_stay)
    changed = with_policy(changed, scale_set.scenario.policy)
    check_whole(changed)
    generation = Generation(scale_set.calendar.moment(now))
    return completed_update(changed, scale_set.json, generation, api_version, scale_set.calendar.timestamp(now))


def _check_update(scale_set: SimulatedScaleSet, changed: dict[str, Any]) -> None:
    for name, value in _unchangeable(scale_set.json).items():
        if _unchangeable(changed)[name] != value:
            raise refusal("property-change", property=name)
    if kinds_of(storage_of(changed)) != kinds_of(storage_of(scale_set.json)):
        raise refusal("image-kind-change")
    check_rolling(changed)


def _check_models(scale_set: SimulatedScaleSet, changed: dict[str, Any], now: float) -> None:
    """Raise Refusal 409 for an eleventh model of a Uniform set: those in use count, and the new one."""
    if scale_set.flexible or not scale_set.models.is_new(changed):
        return
    in_use = {scale_set.snapshot(instance, now).model for instance in scale_set.present(now)}
    if len(in_use) + 1 > MOST_MODELS:
        raise refusal("too-many-models", name=scale_set.name)


def _unchangeable(model: dict[str, Any]) -> dict[str, str]:
    """Return what no update changes, in lower case: Azure does not mind the case."""
    mode = model["properties"].get("orchestrationMode", "Uniform")
    return {
        "location": str(model["location"]).replace(" ", "").lower(),
        "orchestrationMode": str(mode).lower(),
    }


def _duration(scale_set: SimulatedScaleSet, image_changes: bool, capacity_before: int) -> float:
    if image_changes:
        return scale_set.scenario.timing.model_update
    if scale_set.capacity < capacity_before:
        return scale_set.scenario.scaling.seconds + notice_seconds(scale_set)
    if scale_set.capacity > capacity_before:
        return scale_set.scenario.scaling.seconds
    return ALL_CHECKED if upgrade_mode(scale_set.json) == "Rolling" else SMALL_UPDATE


def _find_reached(scale_set: SimulatedScaleSet, changed: dict[str, Any], now: float) -> list[Instance]:
    """Return the instances that the upgrade mode reaches at once after an update.

    Automatic: only a new model replaces instances, then all of them together. Rolling: a batch, which counts even
    where there is nothing to replace (uniform_rolling_upgrade_2023); what is behind the model is upgraded by a rolling
    upgrade (rolling/starting.py).
    """
    present, mode = scale_set.present(now), upgrade_mode(changed)
    if mode == "Automatic":
        return present if scale_set.models.is_new(changed) else []
    return present[: max(1, len(present) // 5)] if mode == "Rolling" else []
