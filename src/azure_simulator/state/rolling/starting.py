"""How a rolling upgrade begins: by a write of the model, by a request of its own, or by Azure.

Documented ("Configure rolling upgrades"): in mode Rolling any change of the model starts one; a write that changes
nothing "tells the scale set to check if all the instances are up to date". So every write of a set in mode Rolling
starts one while any instance is behind the model. It concerns these instances alone. `osRollingUpgrade` visits all
instances, also those that are current (recorded: uniform_rolling_upgrade_2023).

Too many unhealthy instances at the start let the write's operation fail at once (reported:
hashicorp/terraform-provider-azurerm#15196). Choices that no source decides: the model is written all the same, the set
is Failed, and `rollingUpgrades/latest` shows no new upgrade; of a policy that the same request writes, the new values
count; the change to mode Rolling starts an upgrade, too, where instances are behind the model; machines that were
attached to a set are left alone.
"""

from collections.abc import Callable

from azure_simulator.scenario.request_faults import OperationFate
from azure_simulator.state.instances import Instance
from azure_simulator.state.operations import Failure, Operation
from azure_simulator.state.periods import FOREVER
from azure_simulator.state.rolling.health import is_unhealthy, refused_at_start
from azure_simulator.state.rolling.policy import batches_of, effective, read_policy
from azure_simulator.state.rolling.steps import cancel, note_failed, take_step
from azure_simulator.state.rolling_upgrades import RollingUpgrade, Turn, check_none_runs
from azure_simulator.state.scale_set import SimulatedScaleSet
from azure_simulator.wire.errors import refusal
from azure_simulator.wire.names import kind_of
from azure_simulator.wire.set_model import storage_of

# A rolling upgrade that fails before it begins (rolling_upgrade_failed_operation_2018).
REFUSED_AFTER = 0.5


def find_behind(scale_set: SimulatedScaleSet, now: float) -> list[Instance]:
    """Return the instances that a rolling upgrade of the model would upgrade now."""
    return [each for each in _reachable(scale_set, now) if scale_set.is_stale(each, now)]


def start_of_model(
    scale_set: SimulatedScaleSet,
    behind: list[Instance],
    now: float,
    start_operation: Callable[[Callable[[], float], Failure | None], Operation],
) -> Operation:
    """Start the rolling upgrade of a write of the model; its operation lasts as long, and carries its failure.

    `start_operation` starts that operation, given how to find out when it ends, and how it fails.
    """
    rolling = _made(scale_set, behind, now, replaces=True)
    rolling.of_model = True
    before = [each for each in scale_set.present(now) if not _is_asked_for(scale_set, each, now)]
    if refused := refused_at_start(scale_set, before, read_policy(rolling.policy).unhealthy_percent, now):
        note_failed(scale_set, now)
        return start_operation(lambda: now + REFUSED_AFTER, refused)
    scale_set.rolling = rolling
    rolling.operation = start_operation(lambda: rolling.ended_at, None)
    take_step(scale_set, now)
    return rolling.operation


def start_by_request(
    scale_set: SimulatedScaleSet, now: float, api_version: str, fate: OperationFate | None
) -> Operation:
    """Start a rolling upgrade of all instances. One that a scenario lets fail does so in its first batch.

    Raises Refusal 409 for a write at the same time, and for a set whose image is none of the platform's (reported:
    Azure/azure-cli#6640).
    """
    check_none_runs(scale_set, now)
    if scale_set.profile and kind_of(storage_of(scale_set.json)) != "platform":
        raise refusal("rolling-upgrade-of-own-image")
    rolling = _made(scale_set, _reachable(scale_set, now), now, replaces=True)
    if fate is None:
        percent = read_policy(rolling.policy).unhealthy_percent
        if refused := refused_at_start(scale_set, scale_set.present(now), percent, now):
            return scale_set.operations.start(now, api_version, lambda: now + REFUSED_AFTER, error=refused)
    else:
        _as_scenario_says(rolling, fate)
    scale_set.rolling = rolling
    operation = scale_set.operations.start(now, api_version, lambda: rolling.ended_at, fate=fate)
    rolling.operation = operation
    take_step(scale_set, now)
    return operation


def start_by_azure(scale_set: SimulatedScaleSet, now: float, seconds: float) -> None:
    """Let Azure start one of its own, such as of the VM agent: it replaces nothing, and refuses writes for `seconds`.

    No operation belongs to it. Where something else runs, Azure does not start.
    """
    if scale_set.operations.any_running(now) or (scale_set.rolling is not None and scale_set.rolling.running(now)):
        return
    rolling = _made(scale_set, scale_set.present(now), now, replaces=False)
    rolling.pace = seconds / max(1, len(rolling.batches))
    scale_set.rolling = rolling
    take_step(scale_set, now)


def cancel_by_request(
    scale_set: SimulatedScaleSet, rolling: RollingUpgrade, now: float, api_version: str, fate: OperationFate | None
) -> Operation:
    """Cancel a rolling upgrade.

    Its own operation and that of the cancellation both end Succeeded (rolling_upgrade_start_cancel_2020).
    """
    cancel(scale_set, rolling, now)
    return scale_set.operations.start(now, api_version, lambda: now, fate=fate)


# --- steps ---


def _reachable(scale_set: SimulatedScaleSet, now: float) -> list[Instance]:
    """Return the instances that a rolling upgrade may touch."""
    present = scale_set.present(now)
    return [each for each in present if not each.protected and not each.attached and each.deleted_at == FOREVER]


def _is_asked_for(scale_set: SimulatedScaleSet, instance: Instance, now: float) -> bool:
    """Return whether the same request has asked for the instance."""
    return instance.created_at == now and scale_set.snapshot(instance, now).provisioning == "Creating"


def _made(scale_set: SimulatedScaleSet, instances: list[Instance], now: float, *, replaces: bool) -> RollingUpgrade:
    """Return a rolling upgrade of these instances, whose first step is due now."""
    given = effective((scale_set.json["properties"].get("upgradePolicy") or {}).get("rollingUpgradePolicy"))
    total = len(scale_set.present(now))
    batches = batches_of(instances, total, read_policy(given), lambda each: is_unhealthy(scale_set, each, now))
    turns = [[Turn(each) for each in batch] for batch in batches]
    return RollingUpgrade(
        calendar=scale_set.calendar,
        started_at=now,
        policy=given,
        set_name=scale_set.name,
        turns=[turn for batch in turns for turn in batch],
        batches=turns,
        replaces=replaces,
        next_at=now,
    )


def _as_scenario_says(rolling: RollingUpgrade, fate: OperationFate) -> None:
    """Let a scenario say how long the upgrade takes, and how it fails."""
    rolling.forced = fate.failure
    if fate.seconds is not None:
        batches = 1 if fate.failure is not None else len(rolling.batches)
        rolling.pace = fate.seconds / max(1, batches)
