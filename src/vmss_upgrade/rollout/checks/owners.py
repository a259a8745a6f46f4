"""Checks of scale sets that belong to another service of Azure, which may work on them as well.

Sources: Service Fabric sets must stay in Automatic mode ("Upgrade policy modes for Virtual Machine Scale Sets"); AKS
does not support changes to its own scale sets ("Support policies for AKS"); agents of a scale set are made, reimaged
and deleted by the pool ("Azure Virtual Machine Scale Set agents").
"""

from __future__ import annotations

from vmss_upgrade.rollout.findings import Finding, refuse, warn
from vmss_upgrade.rollout.model import Model, Owner

_REFUSED_OWNERS = {
    Owner.SERVICE_FABRIC: refuse(
        "The scale set belongs to a Service Fabric cluster (it has the ServiceFabricNode extension), which must "
        "stay in upgrade mode Automatic and upgrades its instances by its own rules.",
        "Use Service Fabric's own OS upgrade; this action does not handle Service Fabric clusters.",
    ),
    Owner.AKS: refuse(
        "The scale set is managed by AKS; changing it directly makes the AKS cluster unsupported.",
        "Use `az aks nodepool upgrade --node-image-only`.",
    ),
}
# what the owner does to the scale set by itself, and what serves better than a rollout
_OWNERS_AT_WORK = {
    Owner.AZURE_DEVOPS: (
        "creates, reimages and deletes instances by itself, as its agent pool needs them, also during the rollout; a "
        "job on an instance that is upgraded is lost",
        "Roll while the pool is idle, or use `operation: update-model`: the pool makes new agents from that image.",
    ),
    Owner.AKS_ENGINE: (
        "puts its own image into the model and replaces instances at its next upgrade; an upgrade by this action "
        "drains no Kubernetes node",
        "Drain the nodes of a batch first, or use `aks-engine upgrade`.",
    ),
    Owner.CLUSTER_API: (
        "puts the image of its AzureMachinePool back into the model and replaces instances by itself, also during the "
        "rollout",
        "Change the image in the AzureMachinePool instead.",
    ),
    Owner.DATABRICKS: (
        "creates and deletes instances with its clusters, also during the rollout, from an image of its own",
        "Restart or edit the cluster in Databricks instead.",
    ),
    Owner.BATCH: (
        "resizes the pool, and reimages and deletes its nodes by itself, also during the rollout; a task on an "
        "instance that is upgraded is lost",
        "Change the image in the configuration of the Batch pool instead.",
    ),
}


def refused_owner(model: Model) -> Finding | None:
    """Refuse a scale set whose owner allows no rollout by others."""
    return _REFUSED_OWNERS.get(model.owner)


def owner_at_work(model: Model) -> Finding | None:
    """Warn when the scale set belongs to a service that works on it too, and that can live with a rollout."""
    if model.owner not in _OWNERS_AT_WORK:
        return None
    does, remedy = _OWNERS_AT_WORK[model.owner]
    return warn(f"The scale set belongs to {model.owner.value}, which {does}.", remedy)
