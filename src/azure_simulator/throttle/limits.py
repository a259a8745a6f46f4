"""Which buckets a request spends, by operation, with their newer and their older names.

Names and order are those of the recordings; sizes those of "Compute throttling limits" (per minute / burst)
and the highest values recorded. manualupgrade, start and the like spend no bucket of the set itself in any
recording that shows the newer names (uniform_manualupgrade_stale_instances_2024 and others).
"""

from dataclasses import dataclass
from typing import Literal

from azure_simulator.throttle.buckets import BucketSize

Counted = Literal["nothing", "views", "requests"]


@dataclass(frozen=True, slots=True)
class Limits:
    """The buckets of one operation: `resources` are the newer names, `windows` the older ones.

    `counted`: what else is charged, by the number of instances: views of them, or requests to them.
    """

    resources: tuple[str, ...]
    windows: tuple[str, ...]
    counted: Counted = "nothing"


def _windows(*names: str) -> tuple[str, ...]:
    """Return the older names: each bucket was counted over 3 and over 30 minutes."""
    return tuple(f"{name}{span}" for name in names for span in ("3Min", "30Min"))


_SET_READ = Limits(("GetVMScaleSetSubscriptionMaximum", "GetVMScaleSetResource"), _windows("GetVMScaleSet"))
_IMAGE_LIST = _windows("ListVMImagesVersionsFromLocation")
_IMAGE_GET = _windows("GetVMImageFromLocation")
_GALLERY_VERSIONS = _windows("ListGalleryImageVersionsInGalleryImage")
_ACTION = ("VMScaleSetActionsSubscriptionMaximum",)
_ACTION_OLD = _windows("VMScaleSetActions")
_STOP_ONE = ("DeleteVMScaleSetVMSubscriptionMaximum", "DeleteVMScaleSetVMResource")
_UPDATE_MACHINE = Limits(("UpdateVMSubscriptionMaximum", "UpdateVMResource"), _windows("UpdateVM"))
LIMITS = {
    "set-get": _SET_READ,
    "rolling-latest": _SET_READ,
    "set-list": Limits(("HighCostGetVMScaleSetSubscriptionMaximum",), _windows("HighCostGetVMScaleSet")),
    "set-view": Limits(
        ("HighCostGetVMScaleSetSubscriptionMaximum", "HighCostGetVMScaleSetResource"),
        _windows("HighCostGetVMScaleSet"),
    ),
    "instance-list": Limits(
        ("HighCostGetVMScaleSetSubscriptionMaximum", "HighCostGetVMScaleSetResource"),
        _windows("HighCostGetVMScaleSet"),
        "views",
    ),
    "instance-get": Limits(
        ("GetVMScaleSetVMSubscriptionMaximum", "GetVMScaleSetVMResource"), _windows("GetVMScaleSetVM"), "views"
    ),
    "set-put": Limits(
        ("CreateVMScaleSetSubscriptionMaximum", "CreateVMScaleSetResource"), _windows("CreateVMScaleSet"), "requests"
    ),
    "set-patch": Limits((*_ACTION, "VMScaleSetActionsResource"), _ACTION_OLD, "requests"),
    "set-delete": Limits(
        ("DeleteVMScaleSetSubscriptionMaximum", "DeleteVMScaleSetResource"), _windows("DeleteVMScaleSet"), "requests"
    ),
    "set-action": Limits(_ACTION, _ACTION_OLD, "requests"),
    "set-stop": Limits(("DeleteVMScaleSetSubscriptionMaximum",), _windows("DeleteVMScaleSet"), "requests"),
    "rolling-action": Limits((*_ACTION, "VMScaleSetActionsResource"), _ACTION_OLD, "requests"),
    "instance-put": Limits(
        ("VMScaleSetVMActionsSubscriptionMaximum", "VMScaleSetVMActionsResource"), _ACTION_OLD, "requests"
    ),
    "instance-action": Limits(
        ("VMScaleSetVMActionsSubscriptionMaximum", "VMScaleSetVMActionsResource"),
        (*_ACTION_OLD, *_windows("VMScaleSetVMActions")),
        "requests",
    ),
    # Recorded: Azure/azure-cli, test_vmss_run_command_v2 (2024-08, and 2023-07 for the older names).
    "command-get": Limits(
        ("GetVMScaleSetVMSubscriptionMaximum", "GetVMScaleSetVMResource"), _windows("GetVMScaleSetVM")
    ),
    "command-put": Limits(
        ("VMScaleSetVMActionsSubscriptionMaximum", "VMScaleSetVMActionsResource"),
        _windows("UpdateVM", "VMScaleSetActions", "VMScaleSetVMActions"),
        "requests",
    ),
    "command-delete": Limits(_STOP_ONE, _windows("DeleteVMScaleSetVM"), "requests"),
    # Recorded: instance_operations_2020.
    "command-invoke": Limits(_ACTION, _ACTION_OLD, "requests"),
    # Recorded of another child of a machine, an extension: operation_failed_vm_agent_2024.
    "machine-command-get": Limits(("LowCostGetSubscriptionMaximum", "LowCostGetResource"), _windows("LowCostGet")),
    "machine-command-put": _UPDATE_MACHINE,
    "machine-command-delete": _UPDATE_MACHINE,
    "machine-command-invoke": _UPDATE_MACHINE,
    "instance-stop": Limits(_STOP_ONE, _windows("DeleteVMScaleSetVM"), "requests"),
    "machine-list": Limits(("HighCostGetSubscriptionMaximum",), _windows("HighCostGet")),
    "machine-get": Limits(("LowCostGetSubscriptionMaximum", "LowCostGetResource"), _windows("LowCostGet")),
    "operation": Limits(("GetOperationResource", "GetOperationSubscriptionMaximum"), _windows("GetOperation")),
    "gallery-operation": Limits(_windows("GetOperationStatus"), _windows("GetOperationStatus")),
    "image-list": Limits(_IMAGE_LIST, _IMAGE_LIST),
    "image-get": Limits(_IMAGE_GET, _IMAGE_GET),
    "gallery-image": Limits(_windows("GetGalleryImage"), _windows("GetGalleryImage")),
    "gallery-versions": Limits(_GALLERY_VERSIONS, _GALLERY_VERSIONS),
    "gallery-version": Limits(_windows("GetGalleryImageVersion"), _windows("GetGalleryImageVersion")),
}
VIEWS = {"resources": "VMScaleSetVMViewsSubscriptionMaximum", "windows": "VMScaleSetVMViews3Min"}
REQUESTS = {"resources": "VMScaleSetBatchedVMRequestsSubscriptionMaximum", "windows": "VMScaleSetBatchedVMRequests5Min"}
# It fell in 2020, and is 0 on every answer since 2023: nothing can be read from this bucket.
QUEUED = "VmssQueuedVMOperations"


def _per_minute(per_minute: float) -> BucketSize:
    return BucketSize(3 * per_minute, per_minute)


def _over_minutes(burst: float, minutes: float) -> BucketSize:
    return BucketSize(burst, burst / minutes)


def _both_windows(name: str, three: float, thirty: float) -> dict[str, BucketSize]:
    return {f"{name}3Min": _over_minutes(three, 3), f"{name}30Min": _over_minutes(thirty, 30)}


SIZES = {
    "GetVMScaleSetSubscriptionMaximum": _per_minute(800),
    "GetVMScaleSetResource": _per_minute(12),
    "HighCostGetVMScaleSetSubscriptionMaximum": _per_minute(360),
    "HighCostGetVMScaleSetResource": _per_minute(10),
    "VMScaleSetVMViewsSubscriptionMaximum": _per_minute(10_000),
    "GetVMScaleSetVMSubscriptionMaximum": _per_minute(2000),
    "GetVMScaleSetVMResource": _per_minute(12),
    "CreateVMScaleSetSubscriptionMaximum": _per_minute(125),
    "CreateVMScaleSetResource": _per_minute(4),
    "VMScaleSetActionsSubscriptionMaximum": _per_minute(500),
    "VMScaleSetActionsResource": _per_minute(4),
    "DeleteVMScaleSetSubscriptionMaximum": _per_minute(175),
    "DeleteVMScaleSetResource": _per_minute(4),
    "VMScaleSetVMActionsSubscriptionMaximum": _over_minutes(2000, 3),
    "VMScaleSetVMActionsResource": _per_minute(4),
    "DeleteVMScaleSetVMSubscriptionMaximum": _over_minutes(2000, 3),
    "DeleteVMScaleSetVMResource": _per_minute(4),
    "VMScaleSetBatchedVMRequestsSubscriptionMaximum": _per_minute(2000),
    "UpdateVMSubscriptionMaximum": _per_minute(500),
    "UpdateVMResource": _per_minute(4),
    "HighCostGetSubscriptionMaximum": _per_minute(300),
    "LowCostGetSubscriptionMaximum": _per_minute(8000),
    "LowCostGetResource": _per_minute(12),
    "GetOperationResource": _per_minute(15),
    "GetOperationSubscriptionMaximum": _per_minute(5000),
    "VMScaleSetVMViews3Min": _over_minutes(5000, 3),
    "VMScaleSetBatchedVMRequests5Min": _over_minutes(1200, 5),
    **_both_windows("GetVMScaleSet", 400, 2600),
    **_both_windows("HighCostGetVMScaleSet", 240, 1200),
    **_both_windows("GetVMScaleSetVM", 1000, 5000),
    **_both_windows("CreateVMScaleSet", 60, 300),
    **_both_windows("VMScaleSetActions", 240, 1200),
    **_both_windows("VMScaleSetVMActions", 200, 1000),
    **_both_windows("DeleteVMScaleSet", 80, 400),
    **_both_windows("DeleteVMScaleSetVM", 240, 1200),
    **_both_windows("UpdateVM", 240, 1200),
    **_both_windows("HighCostGet", 250, 1000),
    **_both_windows("LowCostGet", 4000, 32_000),
    **_both_windows("GetOperation", 15_000, 30_000),
    **_both_windows("GetOperationStatus", 1200, 4200),
    **_both_windows("ListVMImagesVersionsFromLocation", 16_000, 44_000),
    **_both_windows("GetVMImageFromLocation", 13_000, 74_000),
    **_both_windows("GetGalleryImage", 600, 3000),
    **_both_windows("GetGalleryImageVersion", 2000, 10_000),
    **_both_windows("ListGalleryImageVersionsInGalleryImage", 1500, 10_000),
}
