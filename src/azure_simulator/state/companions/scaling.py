"""What limits a growing capacity, and what becomes of the instances that it creates.

Reported: a full subnet (MicrosoftDocs/azure-docs#88211: nothing is added at all), no room in a zone
(jenkins-infra/helpdesk#3584, Azure-Samples/aks-store-demo#115: the operation fails and names the instances).
Documented: extras of overprovisioning do not count for the quota; a deletion waits for the guest where the set has a
terminateNotificationProfile.

Choices that no recording decides: an instance without room stays, Failed and deallocated; nobody approves a
termination, so that a deletion takes the whole `notBeforeTimeout`.
"""

import random
import re
from typing import Any

from azure_simulator.state.instances import Instance
from azure_simulator.state.operations import Failure
from azure_simulator.state.periods import UnhealthyPeriod
from azure_simulator.state.scale_set import SimulatedScaleSet
from azure_simulator.wire.errors import OPERATION_ERRORS, refusal

_NO_ROOM = "OverconstrainedZonalAllocationRequest"


def check_growth(scale_set: SimulatedScaleSet, wanted: int, extras: int, before: int) -> None:
    """Raise Refusal for a capacity that grows beyond the quota (409) or the subnet (400)."""
    limits = scale_set.scenario.scaling
    if limits.quota is not None and wanted > limits.quota:
        raise refusal("quota")
    if limits.addresses is not None and wanted + extras > limits.addresses:
        raise refusal("subnet-full", count=str(wanted + extras - before))


def settle_new(scale_set: SimulatedScaleSet, created: list[Instance], ready_at: float) -> list[str]:
    """Decide what becomes of new instances once they are created. Return the ids of those that find no room."""
    fate, draw = scale_set.scenario.scaling, random.Random(f"starts:{scale_set.seed}:{ready_at}")
    for instance in created:
        if fate.unhealthy:
            instance.unhealthy_periods.append(UnhealthyPeriod(ready_at))
        elif scale_set.has_signal:
            starting = draw.uniform(*scale_set.scenario.timing.healthy_after)
            instance.unhealthy_periods.append(UnhealthyPeriod(ready_at, ready_at + starting))
    failing = created[len(created) - fate.without_room :] if fate.without_room else []
    for instance in failing:
        instance.provisioning, instance.failure = "Failed", (_NO_ROOM, OPERATION_ERRORS[_NO_ROOM])
        instance.power = "deallocated"
    return [instance.instance_id for instance in failing]


def failure_of(without_room: list[str]) -> tuple[Failure, list[dict[str, Any]]] | None:
    """Return how the operation of a change fails that found no room for some instances, and its details."""
    if not without_room:
        return None
    message = OPERATION_ERRORS[_NO_ROOM]
    return (_NO_ROOM, message), [{"code": _NO_ROOM, "target": each, "message": message} for each in without_room]


def notice_seconds(scale_set: SimulatedScaleSet) -> float:
    """Return how long a deletion waits for the guests: 5 to 15 minutes, where it announces itself."""
    events = scale_set.profile.get("scheduledEventsProfile") or {}
    notice = events.get("terminateNotificationProfile") or {}
    minutes = re.fullmatch(r"PT(\d+)M", str(notice.get("notBeforeTimeout", "PT5M")))
    return 60.0 * int(minutes[1]) if notice.get("enable") and minutes else 0.0


def check_no_other(scale_set: SimulatedScaleSet, now: float) -> None:
    """Raise Refusal 409 while the capacity changes: every deletion subtracts from it (kubernetes/autoscaler#3284)."""
    if scale_set.operations.is_resizing(now):
        raise refusal("conflict")
