"""Which service a scale set belongs to, by the marks that the services leave on their scale sets. Pure.

Sources: AKS tags and its billing extension, as its node pools show them; tags of aks-engine (Azure/aks-engine#411),
whose `orchestrator` and `poolName` the first AKS pools have as well; of Cluster API, kubernetes-sigs/
cluster-api-provider-azure; default tags of Databricks clusters, "Monitor usage using tags"; of Batch pools in a user's
subscription, the names that Batch gives. A tag that anybody could have set, such as `poolName`, and the name of a
resource group prove nothing alone.
"""

from __future__ import annotations

import re

from vmss_upgrade.azure_api.translation.json_fields import Json, object_in, objects_in, segments_of, text_in
from vmss_upgrade.rollout.model import Owner

# of classic clusters, and of managed ones
_SERVICE_FABRIC = ("servicefabricnode", "servicefabriclinuxnode", "servicefabricmcnode")
_PIPELINES_AGENT = ("teamservicesagent", "teamservicesagentlinux")
_AKS_NAME = re.compile(r"aks-\w+-\d+-vmss")
_BATCH_NAME = re.compile(r"[0-9a-f-]{36}-azurebatch-vmss-\w+")


def owner_of(body: Json) -> Owner:
    """Return the owner of a scale set, from its GET answer. What must be refused goes before what is only warned of."""
    tags = {str(name).lower(): str(value).lower() for name, value in object_in(body, "tags").items()}
    profile = object_in(body, "properties", "virtualMachineProfile", "extensionProfile")
    extensions = [object_in(each, "properties") for each in objects_in(profile, "extensions")]
    types = [text_in(each, "type").lower() for each in extensions]
    publishers = [text_in(each, "publisher").lower() for each in extensions]
    ids = {name: value.lower() for name, value in segments_of(text_in(body, "id")).items()}
    set_name = text_in(body, "name").lower() or ids.get("virtualmachinescalesets", "")
    if any(each in _SERVICE_FABRIC for each in types):
        return Owner.SERVICE_FABRIC
    if "microsoft.aks" in publishers or _has_aks_tags(tags) or _has_aks_names(ids.get("resourcegroups", ""), set_name):
        return Owner.AKS
    if _is_of_aks_engine(tags):
        return Owner.AKS_ENGINE
    if "__azuredevopselasticpool" in tags or any(each in _PIPELINES_AGENT for each in types):
        return Owner.AZURE_DEVOPS
    if any(name.startswith("sigs.k8s.io_cluster-api-provider-azure_") for name in tags):
        return Owner.CLUSTER_API
    if tags.get("vendor") == "databricks":
        return Owner.DATABRICKS
    return Owner.BATCH if _BATCH_NAME.fullmatch(set_name) else Owner.NOBODY


def _has_aks_tags(tags: dict[str, str]) -> bool:
    if any(name.startswith("aks-managed") for name in tags):
        return True
    if re.match(r"(vmssclient-)?aks-", tags.get("creationsource", "")):
        return True
    is_node_pool = tags.get("orchestrator", "").startswith("kubernetes:") and "poolname" in tags
    return is_node_pool and not _is_of_aks_engine(tags)


def _has_aks_names(resource_group: str, set_name: str) -> bool:
    """Return True for the node resource group that AKS makes by default, with a node pool's name in it."""
    return resource_group.startswith("mc_") and _AKS_NAME.fullmatch(set_name) is not None


def _is_of_aks_engine(tags: dict[str, str]) -> bool:
    marked = any(name in tags for name in ("aksengineversion", "acsengineversion"))
    return marked or tags.get("creationsource", "").startswith(("aksengine-", "acsengine-"))
