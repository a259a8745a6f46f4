"""What Resource Graph's index knows of a scale set: it is behind by up to a minute (documented).

Here it is always behind by the scenario's `index_lag`. A set that exists when the simulation begins is in the index
from the beginning on, unless the scenario says `not-yet`.
"""

from typing import Any

from azure_simulator.state.scale_set import SimulatedScaleSet


def begin_deleted(scale_set: SimulatedScaleSet) -> None:
    """Delete the set before the simulation begins, where the index is to show it all the same."""
    if scale_set.scenario.index == "deleted":
        scale_set.deleted_at = 0.0
        for instance in scale_set.instances.values():
            instance.deleted_at = 0.0


def indexed(scale_set: SimulatedScaleSet, now: float) -> dict[str, Any] | None:
    """Return the set's JSON as the index has it now; None where it has no such set."""
    lag, index = scale_set.scenario.index_lag, scale_set.scenario.index
    then = max(0.0, now - lag)
    shown = {"current": scale_set.exists(then), "not-yet": now >= lag and scale_set.exists(then), "deleted": now < lag}
    if not shown[index]:
        return None
    json: dict[str, Any] = next(json for since, json in reversed(scale_set.written) if since <= then)
    return json
