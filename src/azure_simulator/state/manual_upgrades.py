"""The manualupgrade: instances are brought to the set's model, each with the fate that seed and scenario decide.

Choices that no recording decides: an instance that is already current is not touched; a protected one that is named
stays as it is; one that is stopped or deallocated is upgraded like any other, that is, its OS disk is replaced, and
stays stopped or deallocated, with the health of such an instance (instances.py).
"""

import random
from collections.abc import Iterable

from azure_simulator.scenario.faults import (
    ComesUpUnhealthy,
    FlagLags,
    Hangs,
    InstanceFault,
    ProvisioningFailure,
    StaysOnOldImage,
)
from azure_simulator.scenario.images import DeployedImage
from azure_simulator.scenario.request_faults import OperationFate
from azure_simulator.scenario.scenario import Timing
from azure_simulator.state.instances import Instance, Upgrade
from azure_simulator.state.operations import AcceptedUpgrade, Operation
from azure_simulator.state.periods import FOREVER, UnhealthyPeriod
from azure_simulator.state.rolling_upgrades import check_none_runs
from azure_simulator.state.scale_set import SimulatedScaleSet
from azure_simulator.wire.errors import refusal


def upgrade(
    scale_set: SimulatedScaleSet, instance_ids: list[str], now: float, api_version: str, fate: OperationFate | None
) -> Operation:
    """Bring instances to the set's model; `["*"]` means all of them.

    Raises Refusal for ids that do not exist (400), for a write at the same time (409) and for an upgrade mode other
    than Manual (409).
    """
    _check_upgrade(scale_set, now)
    named = scale_set.named(instance_ids, now)
    due = [each for each in named if _is_due(scale_set, each, now)]
    jobs = [(instance, plan_upgrade(scale_set, instance, now, fate)) for instance in due]
    for instance, planned in jobs:
        instance.upgrades.append(planned)
    accepted = AcceptedUpgrade(now, tuple(each.instance_id for each in named), tuple(jobs))
    scale_set.accepted.append(accepted)
    scale_set.agenda.note_upgrade(now)
    error = _operation_error(scale_set, accepted)
    return scale_set.operations.start(now, api_version, accepted.ends_at, fate=fate, error=error)


def _check_upgrade(scale_set: SimulatedScaleSet, now: float) -> None:
    mode = scale_set.json["properties"].get("upgradePolicy", {}).get("mode", "Manual")
    if mode != "Manual":
        error = refusal("not-allowed", verb="manualupgrade", name=scale_set.name)
        error.error["message"] = (
            f"Operation 'manualupgrade' is not allowed on a scale set whose upgrade mode is '{mode}'."
        )
        raise error
    check_none_runs(scale_set, now)
    if now < scale_set.conflict_until:
        raise refusal("conflict")


def _is_due(scale_set: SimulatedScaleSet, instance: Instance, now: float) -> bool:
    snapshot = scale_set.snapshot(instance, now)
    if snapshot.provisioning == "Updating":
        raise refusal("conflict")
    return not instance.protected and not scale_set.is_current(snapshot)


def plan_upgrade(scale_set: SimulatedScaleSet, instance: Instance, now: float, fate: OperationFate | None) -> Upgrade:
    """Return the next upgrade of an instance to the set's model, with what the scenario lets go wrong with it."""
    return decide(
        instance.instance_id,
        sum(upgrade.counted for upgrade in instance.upgrades) + 1,
        now,
        image=scale_set.deployed(scale_set.profile, now),
        model=scale_set.model,
        timing=scale_set.scenario.timing,
        faults=scale_set.agenda.faults_of(instance.instance_id),
        has_signal=scale_set.has_signal,
        seed=scale_set.seed,
        seconds=None if fate is None else fate.seconds,
    )


def _operation_error(scale_set: SimulatedScaleSet, accepted: AcceptedUpgrade) -> tuple[str, str] | None:
    for instance, planned in accepted.jobs:
        for fault in scale_set.agenda.faults_of(instance.instance_id):
            if isinstance(fault, ProvisioningFailure) and planned.failure and fault.operation == "failed":
                return planned.failure
    return None


def decide(
    instance_id: str,
    number: int,
    now: float,
    *,
    image: DeployedImage,
    model: int,
    timing: Timing,
    faults: Iterable[InstanceFault],
    has_signal: bool,
    seed: int,
    seconds: float | None = None,
) -> Upgrade:
    """Decide, to its end, the `number`-th upgrade of an instance (1 is the first) that begins `now`.

    Its durations depend on seed, instance and number alone, not on what else happens. `faults` are those of this
    instance; all but a lagging flag strike the first upgrade only. Without a health signal an instance counts as
    healthy once it is provisioned. `seconds`, where given, replace the duration that the seed draws.
    """
    draw = random.Random(f"{seed}:{instance_id}:{number}")
    drawn = draw.uniform(*timing.upgrade)
    ended_at = now + (drawn if seconds is None else seconds)
    starting = draw.uniform(*timing.healthy_after) if has_signal else 0.0
    unhealthy = UnhealthyPeriod(ended_at, ended_at + starting)
    failure, extension, keeps_image, lag = None, "", False, 0.0
    for fault in faults:
        if number != (fault.nth if isinstance(fault, FlagLags) else 1):
            continue
        match fault:
            case ComesUpUnhealthy(seconds=seconds, flap_seconds=flap, relapses_after=healthy):
                unhealthy = UnhealthyPeriod(ended_at, FOREVER if seconds is None else ended_at + seconds, flap, healthy)
            case ProvisioningFailure(code=code, message=message, extension=extension):
                failure, keeps_image, unhealthy = (code, message), fault.image == "old", UnhealthyPeriod(ended_at)
            case Hangs():
                ended_at, unhealthy = FOREVER, UnhealthyPeriod(FOREVER)
            case StaysOnOldImage():
                keeps_image = True
            case FlagLags(seconds=seconds):
                lag = seconds
    return Upgrade(
        started_at=now,
        ended_at=ended_at,
        image=None if keeps_image else image,
        model=model,
        current_at=FOREVER if keeps_image else ended_at + lag,
        unhealthy=unhealthy,
        failure=failure,
        failed_extension=extension,
    )
