"""Recorded answers with one altered field: they make the comparison fail, and show values that no recording has."""

import copy
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from reading import Answers, Kind
from reading_images import VERSIONS
from reading_instances import INSTANCE_LISTS, INSTANCE_VIEWS, INSTANCES
from reading_operations import OPERATIONS, ROLLING_UPGRADES
from reading_refusals import REFUSALS
from reading_scale_sets import NEIGHBOURS, SCALE_SETS

DROPPED = object()


@dataclass(frozen=True, slots=True)
class Alteration:
    """One field of an answer, by its path (`*` is any item of a list, `?` ends a name that may be new), and its new
    value.

    `fact` is the fact that then differs from the original text. If `alone`, the altered answer no longer fits the
    others (a page without its link to the next), so that they cannot agree either.
    """

    kind: Kind
    path: str
    value: Any
    fact: str
    alone: bool = False

    def __str__(self) -> str:
        becomes = "dropped" if self.value is DROPPED else json.dumps(self.value)
        return f"{self.kind.name}: {self.path} {becomes}, {self.fact}"

    def is_about(self, fact: str) -> bool:
        """Return True if the fact is the one that differs: of a scale set, or of any instance or poll."""
        return fact == self.fact or fact.startswith(f"{self.fact} of ")

    def applied(self, answers: Answers) -> Iterator[Answers]:
        """Yield the answers with the field altered in one of them, for each that has the field with another value."""
        for place, answer in reversed(list(enumerate(answers))):
            altered = {"status": answer.status, "headers": dict(answer.headers), "body": copy.deepcopy(answer.body)}
            if _set(altered, self.path.split("/"), self.value):
                yield (*answers[:place], replace(answer, **altered), *answers[place + 1 :])


def _set(parent: Any, path: list[str], value: Any) -> bool:
    """Set or drop one field in place. Return True if there was one to change."""
    return any(_set_at(parent, key, path[1:], value) for key in _keys(parent, path[0]))


def _keys(parent: Any, name: str) -> Iterable[Any]:
    if isinstance(parent, list):
        return range(len(parent)) if name == "*" else ()
    may_be_new = name.endswith("?")
    return [name.rstrip("?")] if isinstance(parent, dict) and (may_be_new or name in parent) else ()


def _set_at(parent: Any, key: Any, rest: list[str], value: Any) -> bool:
    if rest:
        return _set(parent[key], rest, value)
    if value is DROPPED:
        del parent[key]
        return True
    before = parent[key] if isinstance(parent, list) else parent.get(key)
    parent[key] = value
    return bool(value != before)


_SET = "/subscriptions/s/resourceGroups/{}/providers/Microsoft.Compute/virtualMachineScaleSets/web"
_SEVENTY_SEVENTH = {"instanceId": "77", "id": f"{_SET.format('g')}/virtualMachines/77"}
_GALLERY = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/g/images/web"
_PLATFORM_VERSION = (
    "/Subscriptions/s/Providers/Microsoft.Compute/Locations/mars/Publishers/p/ArtifactTypes/VMImage/Offers/o/Skus/s"
    "/Versions/7.7.7"
)
_SHARED = {"sharedGalleryImageId": "/SharedGalleries/u/Images/w/Versions/1"}
_COMMUNITY = {"communityGalleryImageId": "/CommunityGalleries/p/Images/w/Versions/1"}
_VHD = {"uri": "https://a/x.vhd?sig=s"}
_FABRIC = {"publisher": "Microsoft.Azure.ServiceFabric", "type": "ServiceFabricLinuxNode"}
_FAILED = {"code": "ProvisioningState/failed/OSProvisioningTimedOut", "message": "Too late.", "time": "then"}
_MANAGED_FABRIC = {"publisher": "Microsoft.Azure.ServiceFabric.MC", "type": "ServiceFabricMCNode"}
_DETAILED = {"code": "Outer", "message": "See details.", "details": [{"code": "Inner", "message": "The cause."}]}
_POLICY = "body/properties/upgradePolicy"
_PROFILE = "body/properties/virtualMachineProfile"
_REFERENCE = "storageProfile/imageReference"
_IMAGE = f"{_PROFILE}/{_REFERENCE}"
_EXTENSION = f"{_PROFILE}/extensionProfile/extensions/*/properties"
_ITEM = "body/value/*"
_INSTANCE = f"{_ITEM}/properties"
_VIEW = f"{_INSTANCE}/instanceView"

_FURTHER = "https://management.azure.com/further"

# kind of reading, the field, its new value, the fact that then differs
ALTERATIONS = [
    Alteration(SCALE_SETS, "body/id", _SET.format("g"), "id"),
    Alteration(SCALE_SETS, "body/id", _SET.format("g"), "resource group"),
    Alteration(SCALE_SETS, "body/id", _SET.format("g"), "subscription"),
    Alteration(SCALE_SETS, "body/name", "another", "name"),
    Alteration(SCALE_SETS, "body/location", "mars", "location"),
    Alteration(SCALE_SETS, "body/location", DROPPED, "location"),
    Alteration(SCALE_SETS, "body/etag", '"99"', "etag"),
    Alteration(SCALE_SETS, "headers/etag?", '"99"', "etag"),
    Alteration(SCALE_SETS, "body/tags?", {"aks-managed-poolName": "p"}, "AKS"),
    Alteration(SCALE_SETS, "body/properties/provisioningState", "Failed", "provisioning state"),
    Alteration(SCALE_SETS, "body/properties/provisioningState", DROPPED, "provisioning state"),
    Alteration(SCALE_SETS, "body/properties/orchestrationMode", "Flexible", "Flexible"),
    Alteration(SCALE_SETS, "body/properties/orchestrationMode", DROPPED, "Flexible"),
    Alteration(SCALE_SETS, f"{_PROFILE}/osProfile", {"windowsConfiguration": {}}, "OS"),
    Alteration(SCALE_SETS, f"{_PROFILE}/timeCreated", "then", "time"),
    Alteration(
        SCALE_SETS, f"{_PROFILE}/storageProfile/osDisk/diffDiskSettings?", {"option": "Local"}, "ephemeral OS disk"
    ),
    Alteration(SCALE_SETS, "body/plan?", {"name": "n", "publisher": "p", "product": "o"}, "plan"),
    Alteration(
        SCALE_SETS, "body/properties/automaticRepairsPolicy?", {"enabled": True, "repairAction": "Restart"}, "repairs"
    ),
    Alteration(SCALE_SETS, "body/properties/externalHealthPolicy?", {"enabled": True}, "health signal"),
    Alteration(SCALE_SETS, f"{_POLICY}/mode", "Rolling", "upgrade mode"),
    Alteration(SCALE_SETS, f"{_POLICY}/mode", DROPPED, "upgrade mode"),
    Alteration(
        SCALE_SETS,
        f"{_POLICY}/automaticOSUpgradePolicy?",
        {"enableAutomaticOSUpgrade": True},
        "automatic OS upgrade",
    ),
    Alteration(SCALE_SETS, f"{_POLICY}/automaticOSUpgradePolicy", DROPPED, "automatic OS upgrade"),
    Alteration(SCALE_SETS, f"{_PROFILE}/networkProfile/healthProbe?", {"id": "/probes/p"}, "health signal"),
    Alteration(SCALE_SETS, f"{_PROFILE}/networkProfile/healthProbe", DROPPED, "health signal"),
    Alteration(SCALE_SETS, f"{_EXTENSION}/type", "ApplicationHealthWindows", "health signal"),
    Alteration(SCALE_SETS, f"{_EXTENSION}/type", "BGInfo", "health signal"),
    Alteration(SCALE_SETS, _EXTENSION, _FABRIC, "Service Fabric"),
    Alteration(SCALE_SETS, _EXTENSION, _MANAGED_FABRIC, "Service Fabric"),
    Alteration(SCALE_SETS, f"{_IMAGE}/publisher", "Contoso", "image"),
    Alteration(SCALE_SETS, f"{_IMAGE}/offer", "another", "image"),
    Alteration(SCALE_SETS, f"{_IMAGE}/sku", "another", "image"),
    Alteration(SCALE_SETS, f"{_IMAGE}/version", "9.9.9", "image"),
    Alteration(SCALE_SETS, f"{_IMAGE}/version", "9.9.9", "image as a rollback would write it"),
    Alteration(SCALE_SETS, _IMAGE, {"id": _GALLERY}, "image kind"),
    Alteration(SCALE_SETS, _IMAGE, {"id": _GALLERY, "exactVersion": "1.0.0"}, "image as a rollback would write it"),
    Alteration(SCALE_SETS, _IMAGE, _SHARED, "image kind"),
    Alteration(SCALE_SETS, _IMAGE, _COMMUNITY, "image kind"),
    Alteration(SCALE_SETS, f"{_PROFILE}/storageProfile", {"osDisk": {"image": _VHD}}, "image kind"),
    Alteration(SCALE_SETS, f"{_PROFILE}/storageProfile", {"osDisk": {"image": _VHD}}, "image"),
    Alteration(NEIGHBOURS, f"{_PROFILE}/osProfile/adminUsername", "root", "is the same model"),
    Alteration(NEIGHBOURS, f"{_PROFILE}/osProfile", DROPPED, "is the same model"),
    Alteration(NEIGHBOURS, f"{_IMAGE}/version", "9.9.9", "has the same image"),
    Alteration(INSTANCE_LISTS, _ITEM, DROPPED, "instances"),
    Alteration(INSTANCE_LISTS, _ITEM, _SEVENTY_SEVENTH, "instances"),
    Alteration(INSTANCE_LISTS, "body/nextLink", DROPPED, "URLs of further pages", alone=True),
    Alteration(INSTANCE_LISTS, "body/nextLink", _FURTHER, "URLs of further pages", alone=True),
    Alteration(INSTANCE_LISTS, f"{_INSTANCE}/latestModelApplied", False, "latest model applied"),
    Alteration(INSTANCE_LISTS, f"{_INSTANCE}/latestModelApplied", True, "latest model applied"),
    Alteration(INSTANCE_LISTS, f"{_INSTANCE}/latestModelApplied", DROPPED, "latest model applied"),
    Alteration(INSTANCE_LISTS, f"{_INSTANCE}/provisioningState", "Deleting", "provisioning state"),
    Alteration(INSTANCE_LISTS, f"{_INSTANCE}/provisioningState", "Failed", "problem"),
    Alteration(INSTANCE_LISTS, _INSTANCE, DROPPED, "provisioning state"),
    Alteration(INSTANCE_LISTS, f"{_INSTANCE}/{_REFERENCE}/publisher", "Contoso", "image"),
    Alteration(INSTANCE_LISTS, f"{_INSTANCE}/{_REFERENCE}/version", "9.9.9", "image"),
    Alteration(INSTANCE_LISTS, f"{_INSTANCE}/{_REFERENCE}/exactVersion", "9.9.9", "image"),
    Alteration(INSTANCE_LISTS, f"{_INSTANCE}/{_REFERENCE}/exactVersion", DROPPED, "image"),
    Alteration(INSTANCE_LISTS, f"{_INSTANCE}/{_REFERENCE}", DROPPED, "image"),
    Alteration(INSTANCE_LISTS, f"{_INSTANCE}/{_REFERENCE}", {"id": _GALLERY, "exactVersion": "1.0.0"}, "image"),
    Alteration(INSTANCE_LISTS, f"{_INSTANCE}/{_REFERENCE}", {**_SHARED, "exactVersion": "2"}, "image kind"),
    Alteration(INSTANCE_LISTS, f"{_VIEW}/statuses", [{"code": "PowerState/deallocated"}], "power"),
    Alteration(INSTANCE_LISTS, f"{_VIEW}/statuses", [{"code": "PowerState/starting"}], "power"),
    Alteration(INSTANCE_LISTS, f"{_VIEW}/statuses", DROPPED, "power"),
    Alteration(INSTANCE_LISTS, f"{_VIEW}/vmHealth?", {"status": {"code": "HealthState/healthy"}}, "health"),
    Alteration(INSTANCE_LISTS, f"{_VIEW}/vmHealth?", {"status": {"code": "HealthState/unhealthy"}}, "health"),
    Alteration(INSTANCE_LISTS, f"{_VIEW}/vmHealth?", {"status": {"code": "HealthState/unknown"}}, "health"),
    Alteration(INSTANCE_LISTS, f"{_VIEW}/platformUpdateDomain", 7, "update domain"),
    Alteration(INSTANCE_LISTS, f"{_VIEW}/platformUpdateDomain", DROPPED, "update domain"),
    Alteration(INSTANCE_LISTS, f"{_VIEW}/placementGroupId", "another", "placement group"),
    Alteration(INSTANCE_LISTS, f"{_ITEM}/zones?", ["3"], "zone"),
    Alteration(INSTANCE_LISTS, f"{_INSTANCE}/modelDefinitionApplied", "VirtualMachine", "changed individually"),
    Alteration(INSTANCE_VIEWS, "body/hyperVGeneration", "V3", "generation"),
    Alteration(INSTANCE_LISTS, f"{_VIEW}/platformFaultDomain", 7, "fault domain"),
    Alteration(INSTANCE_LISTS, f"{_VIEW}/platformFaultDomain", DROPPED, "fault domain"),
    Alteration(INSTANCE_LISTS, f"{_VIEW}/statuses", [_FAILED], "problem"),
    Alteration(INSTANCE_LISTS, f"{_VIEW}/statuses", [_FAILED], "message of the problem"),
    Alteration(INSTANCE_LISTS, f"{_VIEW}/statuses", [_FAILED], "time of the problem"),
    Alteration(INSTANCE_LISTS, f"{_VIEW}/extensions?", [{"name": "x", "statuses": [_FAILED]}], "problem"),
    Alteration(INSTANCES, "body/properties/protectionPolicy/protectFromScaleSetActions", False, "protection"),
    Alteration(INSTANCES, "body/properties/protectionPolicy", DROPPED, "protection"),
    Alteration(INSTANCES, "body/properties/latestModelApplied", False, "latest model applied"),
    Alteration(INSTANCES, "body/properties/provisioningState", "Creating", "provisioning state"),
    Alteration(INSTANCES, f"body/properties/{_REFERENCE}/exactVersion", "9.9.9", "image"),
    Alteration(INSTANCE_VIEWS, "body/statuses", [{"code": "PowerState/stopped"}], "power"),
    Alteration(INSTANCE_VIEWS, "body/platformUpdateDomain", 7, "update domain"),
    Alteration(INSTANCE_VIEWS, "body/placementGroupId", DROPPED, "placement group"),
    Alteration(INSTANCE_VIEWS, "body/platformFaultDomain", 7, "fault domain"),
    Alteration(INSTANCE_VIEWS, "body/vmHealth?", {"status": {"code": "HealthState/unhealthy"}}, "health"),
    Alteration(VERSIONS, "body/id", f"{_GALLERY}/versions/7.7.7", "versions"),
    Alteration(VERSIONS, "body/*/id", _PLATFORM_VERSION, "versions"),
    Alteration(VERSIONS, "body/value/*/id", f"{_GALLERY}/versions/7.7.7", "versions"),
    Alteration(VERSIONS, "status", 404, "versions"),
    Alteration(VERSIONS, "body/properties/osDiskImage/operatingSystem", "Plan9", "OS"),
    Alteration(VERSIONS, "body/properties/hyperVGeneration", "V3", "generation"),
    Alteration(VERSIONS, "body/properties/architecture", "Arm64", "architecture"),
    Alteration(VERSIONS, "body/properties/imageDeprecationStatus/imageState", "Deprecated", "deprecated"),
    Alteration(VERSIONS, "body/*/name", "7.7.7", "listed"),
    Alteration(VERSIONS, "body/value/*/name", "7.7.7", "listed"),
    Alteration(OPERATIONS, "body/status", "Succeeded", "state"),
    Alteration(OPERATIONS, "body/status", "InProgress", "state"),
    Alteration(OPERATIONS, "body/status", "Failed", "state"),
    Alteration(OPERATIONS, "body/status", "Canceled", "state"),
    Alteration(OPERATIONS, "body/status", DROPPED, "state", alone=True),
    Alteration(OPERATIONS, "body/error", _DETAILED, "message"),
    Alteration(OPERATIONS, "body/error/code", "Another", "code"),
    Alteration(OPERATIONS, "body/error/message", "Something else.", "message"),
    Alteration(OPERATIONS, "body/error", DROPPED, "code"),
    Alteration(OPERATIONS, "status", 404, "state"),
    Alteration(OPERATIONS, "status", 500, "state"),
    Alteration(OPERATIONS, "headers/retry-after", "5", "asked delay"),
    Alteration(OPERATIONS, "headers/retry-after", DROPPED, "asked delay"),
    Alteration(OPERATIONS, "headers/azure-asyncoperation", "https://management.azure.com/another", "polled"),
    Alteration(OPERATIONS, "headers/x-ms-request-id", "another", "correlation id"),
    Alteration(ROLLING_UPGRADES, "body/properties/runningStatus/code", "RollingForward", "is running"),
    Alteration(ROLLING_UPGRADES, "body/properties/runningStatus/code", "Completed", "is running"),
    Alteration(REFUSALS, "body/error/target?", "imageReference", "words"),
    Alteration(REFUSALS, "body/error/details?", [{"message": "The cause."}], "words"),
    Alteration(REFUSALS, "body/error/code", "Another", "code"),
    Alteration(REFUSALS, "body/error/message", "Something else.", "words"),
    Alteration(REFUSALS, "body/error/details", [{"code": "Inner", "message": "Something else."}], "words"),
    Alteration(REFUSALS, "body/error", DROPPED, "code"),
    Alteration(REFUSALS, "body/error/code", "Conflict", "code"),
    Alteration(REFUSALS, "body/error/code", "InstanceIdsListInstanceIdNotActiveVM", "trouble"),
    Alteration(REFUSALS, "status", 403, "trouble"),
    Alteration(REFUSALS, "status", 412, "trouble"),
    Alteration(REFUSALS, "status", 429, "trouble"),
    Alteration(REFUSALS, "status", 500, "trouble"),
    Alteration(REFUSALS, "headers/retry-after?", "120", "asked delay"),
]
