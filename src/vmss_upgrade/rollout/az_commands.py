"""The az commands that a user may want next, quoted for a shell."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from vmss_upgrade.rollout.image import Image, ImageKind
from vmss_upgrade.rollout.model import Model

_API_VERSION = "api-version=2024-07-01"
_PROFILE = "virtualMachineProfile.storageProfile"


def az_vmss(action: str, model: Model, *arguments: str) -> str:
    """Return `az vmss ACTION` for this scale set, with `arguments` quoted."""
    return _az_vmss(action, model.subscription, model.resource_group, model.name, *arguments)


def look_closer(model: Model, instance_id: str) -> str:
    """Return the command that shows what Azure knows of an instance."""
    return az_vmss("get-instance-view", model, "--instance-id", instance_id)


def read_boot_log(model: Model, instance_id: str) -> str:
    """Return the command that shows what an instance printed as it booted.

    az has none for an instance of a Uniform set (Azure/azure-cli#31350): there Azure is asked for the addresses of the
    log and the screenshot (REST: Virtual Machine Scale Set VMs, Retrieve Boot Diagnostics Data).
    """
    if model.is_flexible:
        where = ("--subscription", model.subscription, "-g", model.resource_group, "-n", instance_id)
        return shlex.join(["az", "vm", "boot-diagnostics", "get-boot-log", *where])
    address = f"{model.id}/virtualMachines/{instance_id}/retrieveBootDiagnosticsData"
    return shlex.join(["az", "rest", "--method", "post", "--url", address, "--url-parameters", _API_VERSION])


def resume_repairs(subscription: str, resource_group: str, scale_set: str) -> str:
    """Return the command that resumes automatic instance repairs."""
    arguments = ("--service-name", "AutomaticRepairs", "--action", "Resume")
    return _az_vmss("set-orchestration-service-state", subscription, resource_group, scale_set, *arguments)


def cancel_rolling_upgrade(subscription: str, resource_group: str, scale_set: str) -> str:
    """Return the command that cancels the rolling upgrade that is at work."""
    return _az_vmss("rolling-upgrade cancel", subscription, resource_group, scale_set)


def delete_instances(model: Model, instance_ids: Iterable[str]) -> str:
    """Return the command that deletes these instances, and lowers the capacity as much."""
    return delete_instances_of(model.subscription, model.resource_group, model.name, instance_ids)


def delete_instances_of(subscription: str, resource_group: str, scale_set: str, instance_ids: Iterable[str]) -> str:
    """Return the command that deletes instances of the scale set that these names say."""
    return _az_vmss("delete-instances", subscription, resource_group, scale_set, "--instance-ids", *instance_ids)


def set_capacity(model: Model, capacity: int) -> str:
    """Return the command that sets the capacity; if it is lower than now, Azure chooses which instances it deletes."""
    return az_vmss("scale", model, "--new-capacity", str(capacity))


def undrain_by_hand(
    subscription: str, resource_group: str, scale_set: str, instance_id: str, *, is_flexible: bool = False, os: str = ""
) -> str:
    """Return the command that undrains an instance, with the text of `drain-command` in a file."""
    is_windows = os.lower() == "windows"
    kind, parameter = ("PowerShell", "Action=undrain") if is_windows else ("Shell", "undrain")
    script = ("--command-id", f"Run{kind}Script", "--scripts", "@drain-command.txt", "--parameters", parameter)
    if is_flexible:
        where = ("--subscription", subscription, "-g", resource_group, "-n", instance_id)
        return shlex.join(["az", "vm", "run-command", "invoke", *where, *script])
    arguments = ("--instance-id", instance_id, *script)
    return _az_vmss("run-command invoke", subscription, resource_group, scale_set, *arguments)


def delete_tag(model: Model, tag: str) -> str:
    """Return the command that deletes a tag, NAME=VALUE, of the scale set; it needs no right to the set itself."""
    return shlex.join(["az", "tag", "update", "--resource-id", model.id, "--operation", "Delete", "--tags", tag])


def put_image_back(model: Model, image: Image, *, instead_of: Image | None) -> str:
    """Return the command that sets the model to `image` again (a VHD's URI without its query).

    Of a platform image only what differs from `instead_of` is set: Azure merges the rest of the reference (recorded: a
    PUT of `imageReference: {"sku": ..}` keeps publisher, offer and version).
    """
    match image.kind:
        case ImageKind.PLATFORM:
            fields = _differing(image, instead_of)
            settings = [f"{_PROFILE}.imageReference.{field}={getattr(image, field)}" for field in fields]
        case ImageKind.RESOURCE:
            settings = [f"{_PROFILE}.imageReference.id={image}"]
        case ImageKind.SHARED_GALLERY:
            settings = [f"{_PROFILE}.imageReference.sharedGalleryImageId={image}"]
        case ImageKind.COMMUNITY_GALLERY:
            settings = [f"{_PROFILE}.imageReference.communityGalleryImageId={image}"]
        case ImageKind.VHD:
            settings = [f"{_PROFILE}.osDisk.image.uri={image}"]
    return az_vmss("update", model, "--set", *settings)


def rollback_to(image: Image, *, instead_of: Image | None) -> str:
    """Return the inputs of a run that returns to `image`, in backticks; of a platform image those that differ."""
    inputs = [f"`{name}: {value}`" for name, value in _inputs(image, instead_of)]
    return " and ".join(["`operation: rollback`", *inputs])


def _inputs(image: Image, instead_of: Image | None) -> list[tuple[str, str]]:
    match image.kind:
        case ImageKind.PLATFORM:
            return [(f"image-{field}", getattr(image, field)) for field in _differing(image, instead_of)]
        case ImageKind.VHD:
            return [("image-uri", str(image))]
    return [("image-id", str(image))]


def _differing(image: Image, instead_of: Image | None) -> list[str]:
    fields = ("publisher", "offer", "sku", "version")
    return [f for f in fields if instead_of is None or getattr(image, f) != getattr(instead_of, f)]


def _az_vmss(action: str, subscription: str, resource_group: str, scale_set: str, *arguments: str) -> str:
    words = ["az", "vmss", *action.split(), "--subscription", subscription, "-g", resource_group, "-n", scale_set]
    return shlex.join([*words, *arguments])
