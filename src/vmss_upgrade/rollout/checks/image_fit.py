"""Checks that the machines of a model can be made from an image: what both are made for, beyond system and generation.

What the set runs now is evidence: Azure has accepted a trait that the present image has as well, so nothing is refused
for it. Sources: security types and disk controllers of image definitions, "Create an image definition and an
image version" and "Supported OS images for remote NVMe"; specialized images have no osProfile, "Shared image gallery
overview"; data disks, "StorageProfile.dataDisks.lun does not have required value(s) for image" (Azure/azure-powershell
#12599, hashicorp/terraform-provider-azurerm#12877); abilities of VM sizes, Resource SKUs.
"""

from __future__ import annotations

from collections.abc import Iterable

from vmss_upgrade.rollout.az_commands import az_vmss
from vmss_upgrade.rollout.findings import Finding, refuse, warn
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.image_facts import Traits, VmSize
from vmss_upgrade.rollout.model import Model

_STANDARD, _TRUSTED, _CONFIDENTIAL = "standard", "trustedlaunch", "confidentialvm"
# the feature SecurityType of an image -> the security types of machines that it can be made into
_SECURITY_TYPES = {
    "": {_STANDARD},
    "standard": {_STANDARD},
    "trustedlaunch": {_TRUSTED},
    "trustedlaunchsupported": {_STANDARD, _TRUSTED},
    "confidentialvm": {_CONFIDENTIAL},
    "confidentialvmsupported": {_STANDARD, _CONFIDENTIAL},
    "trustedlaunchandconfidentialvmsupported": {_STANDARD, _TRUSTED, _CONFIDENTIAL},
}
_OTHER_SET = "or create a new scale set"


def examine_fit(
    target: Image, traits: Traits, model: Model, running: Traits, size: VmSize | None
) -> tuple[Finding, ...]:
    """Return every finding about the target image and the model's machines. `running`: of the image run now."""
    findings = (
        _os_state(target, traits, model, running),
        _security_type(target, traits, model, running),
        _disk_controller(target, traits, model, running),
        _disk_size(target, traits, model, running),
        *_data_disks(target, traits, model, running),
        *_vm_size(target, traits, model, size),
    )
    return tuple(finding for finding in findings if finding is not None)


def needs_size(traits: Traits, model: Model, on_set: Traits, running: Traits) -> bool:
    """Return whether only the VM size can tell that the image fits.

    An image like it that runs there proves it: Azure accepts no size in a model that cannot boot the model's image.
    """
    if not model.settings.size or model.settings.size.lower() == "mix":
        return False
    is_new = any((traits.generation and not on_set.generation, traits.architecture and not on_set.architecture))
    controllers = _controllers(traits)
    return is_new or bool(controllers and not model.settings.disk_controller and controllers != _controllers(running))


def _os_state(target: Image, traits: Traits, model: Model, running: Traits) -> Finding | None:
    state, has_profile = traits.os_state.lower(), model.settings.has_os_profile
    if has_profile is None or state == running.os_state.lower():
        return None
    if state == "specialized" and has_profile:
        return refuse(
            f"The target image {target} is specialized, but the model has an osProfile (computer names, a user), which "
            "Azure gives to generalized images only.",
            f"Choose an image whose definition has `osState: Generalized`, {_OTHER_SET} for the specialized one.",
        )
    if state == "generalized" and not has_profile:
        return refuse(
            f"The target image {target} is generalized, but the model has no osProfile, as for specialized images: its "
            "machines would get neither a name nor a user.",
            f"Choose an image whose definition has `osState: Specialized`, {_OTHER_SET} with an osProfile.",
        )
    return None


def _security_type(target: Image, traits: Traits, model: Model, running: Traits) -> Finding | None:
    possible, accepted = _security_types(traits), _security_types(running)
    ours = model.settings.security_type.lower() or _STANDARD
    if possible is None or ours in possible or (accepted is not None and ours not in accepted):
        return None
    value = traits.feature("securitytype") or "not listed, which means Standard"
    shown = model.settings.security_type or "Standard"
    return refuse(
        f"The target image {target} is not made for the security type of the scale set, {shown}: its SecurityType is "
        f"{value}.",
        f"Choose an image that supports {shown}, {_OTHER_SET} of the image's security type.",
    )


def _security_types(traits: Traits) -> set[str] | None:
    """Return the security types that an image can have; None if they are not known."""
    value = traits.feature("securitytype")
    return None if value is None else _SECURITY_TYPES.get(value.lower())


def _disk_controller(target: Image, traits: Traits, model: Model, running: Traits) -> Finding | None:
    """Refuse an image for another disk controller; one that lists none among its features is made for SCSI."""
    ours = model.settings.disk_controller
    if not ours or traits.features is None:
        return None
    possible, accepted = _controllers(traits) or {"scsi"}, _controllers(running)
    is_accepted = running.features is not None and ours.lower() not in (accepted or {"scsi"})
    if ours.lower() in possible or is_accepted:
        return None
    return refuse(
        f"The target image {target} is not made for the disk controller of the scale set, {ours}: its "
        f"DiskControllerTypes are {traits.feature('diskcontrollertypes') or 'not listed, which means SCSI'}.",
        f"Choose an image that supports {ours}, {_OTHER_SET} of a VM size with another controller.",
    )


def _controllers(traits: Traits) -> frozenset[str]:
    return _lower(_listed(traits.feature("diskcontrollertypes")))


def _disk_size(target: Image, traits: Traits, model: Model, running: Traits) -> Finding | None:
    ours, theirs = model.settings.disk_size, traits.disk_size
    if ours is None or theirs is None or theirs <= max(ours, running.disk_size or ours):
        return None
    setting = f"virtualMachineProfile.storageProfile.osDisk.diskSizeGB={theirs}"
    return refuse(
        f"The OS disk of the target image {target} has {theirs} GB, more than the {ours} GB that the model gives to an "
        "OS disk.",
        f"Choose a smaller image, or make the disks larger first: {az_vmss('update', model, '--set', setting)}",
    )


def _data_disks(target: Image, traits: Traits, model: Model, running: Traits) -> list[Finding]:
    """Compare the data disks of the image and of the model, by their LUNs."""
    theirs = traits.data_luns
    if theirs is None or theirs == running.data_luns:
        return []
    ours = dict(model.settings.data_disks)
    from_image = {lun for lun, option in ours.items() if option.lower() == "fromimage"}
    missing, taken = from_image - theirs, (theirs & ours.keys()) - from_image
    findings = []
    if missing:
        message = (
            f"The model takes its data disks {_numbers(missing)} from the image, but the target image {target} has "
            f"{_numbers(theirs)}."
        )
        remedy = "Choose an image with these data disks (LUNs), or take them out of the model first."
        findings.append(refuse(message, remedy))
    if taken:
        message = (
            f"The target image {target} brings data disks of its own {_numbers(taken)}, where the model makes others."
        )
        remedy = "Choose an image without these data disks (LUNs), or give the model's disks other LUNs first."
        findings.append(refuse(message, remedy))
    if extra := theirs - ours.keys():
        message = (
            f"The target image {target} brings data disks that the model does not have ({_numbers(extra)}): Azure may "
            "refuse it, and instances that exist keep the data disks that they have."
        )
        findings.append(warn(message, "Build the image without data disks, or add them to the model first."))
    return findings


def _numbers(luns: set[int] | frozenset[int]) -> str:
    return f"at LUN {', '.join(map(str, sorted(luns)))}" if luns else "none"


def _vm_size(target: Image, traits: Traits, model: Model, size: VmSize | None) -> list[Finding]:
    """Refuse what the image is made for and the VM size cannot do; what either does not say is not compared."""
    if size is None:
        return []
    trios = (
        ("hypervisor generation", {traits.generation}, size.generations),
        ("architecture", {traits.architecture}, {size.architecture}),
        ("disk controller", _listed(traits.feature("diskcontrollertypes")), size.controllers),
    )
    return [
        refuse(
            f"The target image {target} has {name} {', '.join(sorted(theirs))}, but the VM size {model.settings.size} "
            f"has {', '.join(sorted(ours))}: its instances would not boot.",
            f"Choose an image for {model.settings.size}, or change the size of the scale set first.",
        )
        for name, theirs, ours in trios
        if any(theirs) and any(ours) and _lower(theirs).isdisjoint(_lower(ours))
    ]


def _listed(value: str | None) -> frozenset[str]:
    return frozenset(part.strip() for part in (value or "").split(",") if part.strip())


def _lower(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)
