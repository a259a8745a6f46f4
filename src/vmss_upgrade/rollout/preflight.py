"""What must hold before anything is written. Every finding at once, each with the command that mends it.

Sources: upgrade modes and automatic OS upgrade, "Upgrade policy modes for Virtual Machine Scale Sets"; Service
Fabric sets must stay in Automatic mode (same page); AKS does not support changes to its own scale sets ("Support
policies for AKS"); `az` commands, Azure CLI reference of `az vmss`.
"""

from __future__ import annotations

from vmss_upgrade.rollout.commands import az_vmss
from vmss_upgrade.rollout.durations import duration
from vmss_upgrade.rollout.findings import Finding, Severity
from vmss_upgrade.rollout.planner import RolloutPlan
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.scale_set import HealthSignal, Model, ScaleSet, is_healthy, is_on
from vmss_upgrade.rollout.watch import nobody_else_is_healthy, nobody_else_runs


def examine_model(model: Model, *, rolling_upgrade_running: bool | None) -> tuple[Finding, ...]:
    """What the model says against, or about, a rollout, whatever its target."""
    passing = (_rolling_upgrade(model, rolling_upgrade_running), _provisioning_state(model))
    return (*unfit(model), *(finding for finding in passing if finding is not None))


def unfit(model: Model) -> tuple[Finding, ...]:
    """The settings that forbid every write, at planning and at any later moment.

    Where the scale set belongs to another service that alone is said: advice to change its settings would do harm.
    """
    owner = _owner(model)
    if owner is not None:
        return (owner,)
    findings = (_upgrade_mode(model), _automatic_os_upgrade(model), _orchestration(model))
    return tuple(finding for finding in findings if finding is not None)


def examine_plan(scale_set: ScaleSet, plan: RolloutPlan, policy: Policy) -> tuple[Finding, ...]:
    """What this plan would do to the scale set that a user must know, or that is not allowed."""
    findings = (
        _whole_set(scale_set, plan),
        _all_that_is_healthy(scale_set, plan),
        _bake_too_long(scale_set.model, plan, policy),
        _no_health_signal(scale_set, plan, policy),
        _ill_before(scale_set, plan),
        _ill_on_target(scale_set, plan),
    )
    return tuple(finding for finding in findings if finding is not None)


def _refuse(message: str, remedy: str) -> Finding:
    return Finding(Severity.REFUSE, message, remedy)


def _owner(model: Model) -> Finding | None:
    if model.service_fabric:
        return _refuse(
            "The scale set belongs to a Service Fabric cluster (it has the ServiceFabricNode extension), which must "
            "stay in upgrade mode Automatic and upgrades its instances by its own rules.",
            "Use Service Fabric's own OS upgrade; this action does not handle Service Fabric clusters.",
        )
    if model.managed_by_aks:
        return _refuse(
            "The scale set is managed by AKS; changing it directly makes the AKS cluster unsupported.",
            "Use `az aks nodepool upgrade --node-image-only`.",
        )
    return None


def _upgrade_mode(model: Model) -> Finding | None:
    if model.upgrade_mode.lower() == "manual":
        return None
    effects = {
        "automatic": "a change of the model would reboot all instances at once, in no order",
        "rolling": "a change of the model would start Azure's own rolling upgrade",
    }
    effect = effects.get(model.upgrade_mode.lower(), "only Manual leaves the instances to this action")
    return _refuse(
        f"upgradePolicy.mode is {model.upgrade_mode or 'not shown'}: {effect}.",
        f"Set it to Manual: {az_vmss('update', model, '--set', 'upgradePolicy.mode=Manual')}",
    )


def _automatic_os_upgrade(model: Model) -> Finding | None:
    if not model.automatic_os_upgrade:
        return None
    setting = "upgradePolicy.automaticOSUpgradePolicy.enableAutomaticOSUpgrade"
    return _refuse(
        f"{setting} is true: Azure replaces OS images by itself, at the same time.",
        f"Disable it: {az_vmss('update', model, '--set', f'{setting}=false')}",
    )


def _rolling_upgrade(model: Model, running: bool | None) -> Finding | None:
    if running is None:
        return Finding(Severity.NOTE, "Whether a rolling upgrade of Azure's own is under way may not be read.")
    if not running:
        return None
    return _refuse(
        "A rolling upgrade of Azure's own is under way on the scale set.",
        f"Wait for its end, or cancel it: {az_vmss('rolling-upgrade cancel', model)}",
    )


def _orchestration(model: Model) -> Finding | None:
    if model.orchestration_mode.lower() != "flexible":
        return None
    return _refuse(
        "orchestrationMode is Flexible: such a scale set has no update domains, and this version rolls by update "
        "domain only.",
        "Use a Uniform scale set; the orchestration mode of an existing set cannot be changed.",
    )


def _provisioning_state(model: Model) -> Finding | None:
    match model.provisioning_state.lower():
        case "creating" | "deleting":
            return _refuse(
                f"provisioningState of the scale set is {model.provisioning_state}.",
                f"Wait until it is Succeeded: {az_vmss('show', model, '--query', 'provisioningState')}",
            )
        case "updating":
            return _refuse(
                "provisioningState of the scale set stayed Updating: somebody else is changing it.",
                f"Wait until it is Succeeded: {az_vmss('show', model, '--query', 'provisioningState')}",
            )
        case "failed":
            return Finding(
                Severity.NOTE,
                "provisioningState of the scale set is Failed, from an earlier change; the rollout goes on.",
            )
    return None


def _whole_set(scale_set: ScaleSet, plan: RolloutPlan) -> Finding | None:
    batch = next((b for b in plan.batches if nobody_else_runs(scale_set, b.instance_ids)), None)
    if batch is None:
        return None
    size = len(batch.instance_ids)
    if size == 1:
        more = str(len(scale_set.instances) + 1)
        return _refuse(
            f"Instance {batch.instance_ids[0]} is the only one that runs: nothing would serve while it is upgraded.",
            f"Scale out first: {az_vmss('scale', scale_set.model, '--new-capacity', more)}",
        )
    return _refuse(
        f"Batch {batch.number} holds all {size} running instances: nothing would serve while it is upgraded.",
        f"Set `batch-size` to a number below {size}, such as {max(1, size // 2)}.",
    )


def _all_that_is_healthy(scale_set: ScaleSet, plan: RolloutPlan) -> Finding | None:
    batch = next((b for b in plan.batches if nobody_else_is_healthy(scale_set, b.instance_ids)), None)
    if batch is None or _whole_set(scale_set, plan) is not None:
        return None
    ids = ", ".join(batch.instance_ids)
    return _refuse(
        f"Batch {batch.number} ({ids}) holds every instance that is healthy: nothing would serve while it is upgraded.",
        "Heal the other instances first, or set a smaller `batch-size`.",
    )


def _bake_too_long(model: Model, plan: RolloutPlan, policy: Policy) -> Finding | None:
    bake = policy.bake_time_for(model.health_signal)
    if not plan.batches or bake < policy.batch_timeout:
        return None
    return _refuse(
        f"The bake time ({duration(bake)}) never ends within `batch-timeout` ({duration(policy.batch_timeout)}).",
        "Set a shorter `bake-time` or a longer `batch-timeout`.",
    )


def _no_health_signal(scale_set: ScaleSet, plan: RolloutPlan, policy: Policy) -> Finding | None:
    if scale_set.model.health_signal is not HealthSignal.NONE or not plan.batches:
        return None
    return Finding(
        Severity.WARN,
        "The scale set has no health signal: an instance counts as fine once it is provisioned and running for "
        f"{duration(policy.bake_time_for(HealthSignal.NONE))}, which does not prove that the application works.",
        "Add the Application Health extension or a load balancer health probe to the model.",
    )


def _ill_before(scale_set: ScaleSet, plan: RolloutPlan) -> Finding | None:
    signal = scale_set.model.health_signal
    moving = set(plan.instance_ids)
    ill = [i.id for i in scale_set.instances if i.id in moving and not is_healthy(i, signal)]
    if not ill:
        return None
    return Finding(Severity.NOTE, f"Not healthy before the rollout, so first in their update domain: {', '.join(ill)}.")


def _ill_on_target(scale_set: ScaleSet, plan: RolloutPlan) -> Finding | None:
    if plan.update_model:
        return None
    signal = scale_set.model.health_signal
    ill = [i.id for i in scale_set.instances if is_on(i, plan.target) and not i.is_off and not is_healthy(i, signal)]
    if not ill:
        return None
    return Finding(
        Severity.WARN,
        f"On the target image already, but not healthy: {', '.join(ill)}. Nothing more is upgraded until they are.",
    )
