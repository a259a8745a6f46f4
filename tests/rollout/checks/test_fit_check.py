"""The fit of image and machines: what is refused, and what is not known well enough to be."""

from __future__ import annotations

from typing import Any

import pytest

from builders import GALLERY, SUBSCRIPTION, model, resource
from vmss_upgrade.rollout.checks.image_fit import examine_fit, needs_size
from vmss_upgrade.rollout.findings import Finding, Severity, refuse, warn
from vmss_upgrade.rollout.image_facts import Traits, VmSize
from vmss_upgrade.rollout.model import MachineSettings

TARGET = resource(f"{GALLERY}/versions/2.0.0")


def security(value: str | None) -> dict[str, Any]:
    """Return the traits of an image that lists its features, among them this one unless it is None."""
    return {"features": () if value is None else (("SecurityType", value),)}


def controllers(value: str | None) -> dict[str, Any]:
    return {"features": () if value is None else (("DiskControllerTypes", value),)}


def luns(*numbers: int) -> dict[str, Any]:
    return {"data_luns": frozenset(numbers)}


def disks(*each: tuple[int, str]) -> dict[str, Any]:
    return {"data_disks": each}


def findings(
    image: dict[str, Any], settings: dict[str, Any], running: dict[str, Any] | None = None, size: VmSize | None = None
) -> tuple[Finding, ...]:
    of = model(settings=MachineSettings(**settings))
    return examine_fit(TARGET, Traits(**image), of, Traits(**(running or {})), size)


def found(
    image: dict[str, Any], settings: dict[str, Any], running: dict[str, Any] | None = None, size: VmSize | None = None
) -> list[tuple[Severity, str]]:
    return [(finding.severity, finding.message) for finding in findings(image, settings, running, size)]


WHERE = f"--subscription {SUBSCRIPTION} -g rg -n web"


@pytest.mark.parametrize(
    ("image", "settings", "finding"),
    [
        pytest.param(
            {"os_state": "Specialized"},
            {"has_os_profile": True},
            refuse(
                f"The target image {TARGET} is specialized, but the model has an osProfile (computer names, a user), "
                "which Azure gives to generalized images only.",
                "Choose an image whose definition has `osState: Generalized`, or create a new scale set for the "
                "specialized one.",
            ),
            id="specialized",
        ),
        pytest.param(
            {"os_state": "Generalized"},
            {"has_os_profile": False},
            refuse(
                f"The target image {TARGET} is generalized, but the model has no osProfile, as for specialized images: "
                "its machines would get neither a name nor a user.",
                "Choose an image whose definition has `osState: Specialized`, or create a new scale set with an "
                "osProfile.",
            ),
            id="generalized",
        ),
        pytest.param(
            security("ConfidentialVM"),
            {"security_type": "TrustedLaunch"},
            refuse(
                f"The target image {TARGET} is not made for the security type of the scale set, TrustedLaunch: its "
                "SecurityType is ConfidentialVM.",
                "Choose an image that supports TrustedLaunch, or create a new scale set of the image's security type.",
            ),
            id="security-type",
        ),
        pytest.param(
            security("TrustedLaunch"),
            {},
            refuse(
                f"The target image {TARGET} is not made for the security type of the scale set, Standard: its "
                "SecurityType is TrustedLaunch.",
                "Choose an image that supports Standard, or create a new scale set of the image's security type.",
            ),
            id="security-type-that-the-model-does-not-say",
        ),
        pytest.param(
            security(None),
            {"security_type": "TrustedLaunch"},
            refuse(
                f"The target image {TARGET} is not made for the security type of the scale set, TrustedLaunch: its "
                "SecurityType is not listed, which means Standard.",
                "Choose an image that supports TrustedLaunch, or create a new scale set of the image's security type.",
            ),
            id="security-type-not-listed",
        ),
        pytest.param(
            controllers("NVMe"),
            {"disk_controller": "SCSI"},
            refuse(
                f"The target image {TARGET} is not made for the disk controller of the scale set, SCSI: its "
                "DiskControllerTypes are NVMe.",
                "Choose an image that supports SCSI, or create a new scale set of a VM size with another controller.",
            ),
            id="disk-controller",
        ),
        pytest.param(
            controllers(None),
            {"disk_controller": "NVMe"},
            refuse(
                f"The target image {TARGET} is not made for the disk controller of the scale set, NVMe: its "
                "DiskControllerTypes are not listed, which means SCSI.",
                "Choose an image that supports NVMe, or create a new scale set of a VM size with another controller.",
            ),
            id="disk-controller-not-listed",
        ),
        pytest.param(
            {"disk_size": 64},
            {"disk_size": 30},
            refuse(
                f"The OS disk of the target image {TARGET} has 64 GB, more than the 30 GB that the model gives to an "
                "OS disk.",
                f"Choose a smaller image, or make the disks larger first: az vmss update {WHERE} --set "
                "virtualMachineProfile.storageProfile.osDisk.diskSizeGB=64",
            ),
            id="disk-size",
        ),
        pytest.param(
            luns(0),
            disks((0, "FromImage"), (1, "FromImage"), (2, "FromImage")),
            refuse(
                f"The model takes its data disks at LUN 1, 2 from the image, but the target image {TARGET} has at LUN "
                "0.",
                "Choose an image with these data disks (LUNs), or take them out of the model first.",
            ),
            id="data-disks-that-the-image-lacks",
        ),
        pytest.param(
            luns(0, 1),
            disks((0, "Empty"), (1, "FromImage")),
            refuse(
                f"The target image {TARGET} brings data disks of its own at LUN 0, where the model makes others.",
                "Choose an image without these data disks (LUNs), or give the model's disks other LUNs first.",
            ),
            id="data-disks-in-the-way",
        ),
        pytest.param(
            luns(0, 2),
            disks((0, "FromImage")),
            warn(
                f"The target image {TARGET} brings data disks that the model does not have (at LUN 2): Azure may "
                "refuse it, and instances that exist keep the data disks that they have.",
                "Build the image without data disks, or add them to the model first.",
            ),
            id="data-disks-that-the-model-does-not-have",
        ),
    ],
)
def test_an_image_that_does_not_fit_is_found(image: dict[str, Any], settings: dict[str, Any], finding: Finding) -> None:
    assert findings(image, settings) == (finding,)


@pytest.mark.parametrize(
    ("image", "settings", "running", "words"),
    [
        pytest.param({"os_state": "Specialized"}, {"has_os_profile": True}, {}, "is specialized", id="specialized"),
        pytest.param({"os_state": "Generalized"}, {"has_os_profile": False}, {}, "is generalized", id="generalized"),
        pytest.param(
            {"os_state": "generalized"},
            {"has_os_profile": False},
            {"os_state": "Specialized"},
            "is generalized",
            id="what-runs-is-specialized",
        ),
        pytest.param(security("TrustedLaunch"), {}, {}, "SecurityType is TrustedLaunch", id="trusted-launch-image"),
        pytest.param(security("ConfidentialVM"), {}, {}, "SecurityType is ConfidentialVM", id="confidential-image"),
        pytest.param(
            security("ConfidentialVM"), {"security_type": "TrustedLaunch"}, {}, "set, TrustedLaunch", id="of-another"
        ),
        pytest.param(
            security("TrustedLaunchSupported"), {"security_type": "ConfidentialVM"}, {}, "ConfidentialVM", id="no-cvm"
        ),
        pytest.param(security("Standard"), {"security_type": "TrustedLaunch"}, {}, "is Standard", id="standard-image"),
        pytest.param(security(None), {"security_type": "TrustedLaunch"}, {}, "means Standard", id="no-security-type"),
        pytest.param(
            security(None),
            {"security_type": "TrustedLaunch"},
            security("TrustedLaunchSupported"),
            "means Standard",
            id="what-runs-supports-it",
        ),
        pytest.param(controllers("SCSI"), {"disk_controller": "NVMe"}, {}, "set, NVMe", id="no-nvme"),
        pytest.param(controllers(None), {"disk_controller": "NVMe"}, {}, "means SCSI", id="no-controllers-listed"),
        pytest.param(controllers("NVMe"), {"disk_controller": "SCSI"}, {}, "Types are NVMe", id="no-scsi"),
        pytest.param({"disk_size": 64}, {"disk_size": 30}, {}, "has 64 GB, more than the 30 GB", id="larger-disk"),
        pytest.param(
            controllers("NVMe"),
            {"disk_controller": "SCSI"},
            controllers(None),
            "Types are NVMe",
            id="what-runs-is-scsi",
        ),
        pytest.param({"disk_size": 64}, {"disk_size": 30}, {"disk_size": 32}, "has 64 GB", id="larger-than-before"),
        pytest.param(luns(1), disks((0, "FromImage"), (1, "FromImage")), {}, "from the image", id="disk-lacks"),
        pytest.param(luns(), disks((0, "fromImage")), {}, "has none", id="all-disks-lack"),
        pytest.param(luns(0, 1), disks((0, "Empty"), (1, "FromImage")), {}, "own at LUN 0", id="disk-in-the-way"),
    ],
)
def test_an_image_that_cannot_become_the_machines_of_the_set_is_refused(
    image: dict[str, Any], settings: dict[str, Any], running: dict[str, Any], words: str
) -> None:
    ((severity, message),) = found(image, settings, running)
    assert severity is Severity.REFUSE
    assert words in message


@pytest.mark.parametrize(
    ("image", "settings", "running"),
    [
        pytest.param({}, {}, {}, id="nothing-is-known"),
        pytest.param({"os_state": "Specialized"}, {"has_os_profile": False}, {}, id="specialized-both"),
        pytest.param({"os_state": "Generalized"}, {"has_os_profile": True}, {}, id="generalized-both"),
        pytest.param({"os_state": "Specialized"}, {"has_os_profile": None}, {}, id="profile-not-shown"),
        pytest.param(
            {"os_state": "Generalized"}, {"has_os_profile": False}, {"os_state": "Generalized"}, id="as-it-runs"
        ),
        pytest.param(security("TrustedLaunchSupported"), {}, {}, id="supported-on-standard"),
        pytest.param(security("TrustedLaunchSupported"), {"security_type": "TrustedLaunch"}, {}, id="supported-on-it"),
        pytest.param(security("TrustedLaunch"), {"security_type": "trustedLaunch"}, {}, id="required-and-there"),
        pytest.param(security("TrustedLaunchAndConfidentialVmSupported"), {"security_type": "ConfidentialVM"}, {}),
        pytest.param(security("ConfidentialVmSupported"), {"security_type": "ConfidentialVM"}, {}, id="cvm-case"),
        pytest.param(security("Quantum"), {"security_type": "TrustedLaunch"}, {}, id="a-word-nobody-knows"),
        pytest.param({}, {"security_type": "TrustedLaunch"}, {}, id="features-not-listed"),
        pytest.param(security(None), {"security_type": "TrustedLaunch"}, security(None), id="what-runs-lists-none"),
        pytest.param(controllers("SCSI, NVMe"), {"disk_controller": "NVMe"}, {}, id="both-controllers"),
        pytest.param(controllers("scsi,nvme"), {"disk_controller": "NVMe"}, {}, id="both-in-another-form"),
        pytest.param(controllers("SCSI"), {"disk_controller": "SCSI"}, {}, id="scsi"),
        pytest.param(controllers(None), {"disk_controller": "SCSI"}, {}, id="no-controllers-listed-means-scsi"),
        pytest.param(controllers("SCSI"), {}, {}, id="controller-not-shown"),
        pytest.param(
            controllers("NVMe"), {"disk_controller": "SCSI"}, controllers("NVMe"), id="scsi-runs-all-the-same"
        ),
        pytest.param(controllers(None), {"disk_controller": "NVMe"}, controllers(None), id="nvme-runs-all-the-same"),
        pytest.param({"disk_size": 30}, {"disk_size": 30}, {}, id="disk-as-large"),
        pytest.param({"disk_size": 30}, {}, {}, id="disk-of-the-images-size"),
        pytest.param({"disk_size": 31}, {"disk_size": 30}, {"disk_size": 31}, id="disk-as-large-as-what-runs"),
        pytest.param(luns(0), disks((0, "FromImage")), {}, id="disk-from-the-image"),
        pytest.param(luns(), disks((0, "Empty")), {}, id="disk-of-the-model"),
        pytest.param(luns(0), disks((0, "Empty")), luns(0), id="disks-as-what-runs"),
    ],
)
def test_a_fitting_or_unknown_trait_is_no_finding(
    image: dict[str, Any], settings: dict[str, Any], running: dict[str, Any]
) -> None:
    assert found(image, settings, running) == []


def test_everything_is_said_at_once() -> None:
    image = {"os_state": "Specialized", "disk_size": 64, **luns(0), **security("TrustedLaunch")}
    settings = {"has_os_profile": True, "disk_size": 30, **disks((0, "Empty"))}
    assert len(found(image, settings)) == 4


SIZE = VmSize(generations=frozenset({"V1"}), architecture="Arm64", controllers=frozenset({"NVMe"}))


@pytest.mark.parametrize(
    ("image", "size", "words"),
    [
        pytest.param(
            {"generation": "V2"}, SIZE, "has hypervisor generation V2, but the VM size S has V1", id="generation"
        ),
        pytest.param({"architecture": "x64"}, SIZE, "has architecture x64, but the VM size S has Arm64", id="arm"),
        pytest.param(controllers("SCSI"), SIZE, "has disk controller SCSI, but the VM size S has NVMe", id="nvme-only"),
        pytest.param({"generation": "v1", "architecture": "arm64", **controllers("SCSI, NVMe")}, SIZE, "", id="fits"),
        pytest.param({"generation": "V2", "architecture": "x64"}, VmSize(), "", id="the-size-says-nothing"),
        pytest.param({}, SIZE, "", id="the-image-says-nothing"),
        pytest.param({"generation": "V2"}, None, "", id="sizes-may-not-be-read"),
    ],
)
def test_an_image_is_compared_with_the_vm_size(image: dict[str, Any], size: VmSize | None, words: str) -> None:
    said = found(image, {"size": "S"}, size=size)
    assert [words in message for _, message in said] == ([True] if words else [])


def test_an_image_that_the_vm_size_cannot_boot_is_refused() -> None:
    image = controllers("SCSI, Floppy")
    assert findings(image, {"size": "S"}, size=VmSize(controllers=frozenset({"NVMe", "Drum"}))) == (
        refuse(
            f"The target image {TARGET} has disk controller Floppy, SCSI, but the VM size S has Drum, NVMe: its "
            "instances would not boot.",
            "Choose an image for S, or change the size of the scale set first.",
        ),
    )


@pytest.mark.parametrize(
    ("image", "settings", "on_set", "needed"),
    [
        pytest.param({"generation": "V2"}, {}, {}, True, id="generation-not-known"),
        pytest.param({"architecture": "x64"}, {}, {"generation": "V2"}, True, id="architecture-not-known"),
        pytest.param(controllers("SCSI"), {}, controllers("SCSI, NVMe"), True, id="fewer-controllers-than-what-runs"),
        pytest.param(controllers("SCSI"), {"disk_controller": "SCSI"}, {}, False, id="the-model-says-its-controller"),
        pytest.param({"generation": "V2"}, {}, {"generation": "V2"}, False, id="as-it-runs"),
        pytest.param({"generation": "V2"}, {}, {"generation": "V1"}, False, id="refused-without"),
        pytest.param({"generation": "V2"}, {"size": ""}, {}, False, id="size-not-known"),
        pytest.param({"generation": "V2"}, {"size": "Mix"}, {}, False, id="several-sizes"),
        pytest.param({}, {}, {}, False, id="the-image-says-nothing"),
    ],
)
def test_the_long_list_of_sizes_is_read_only_where_it_can_tell(
    image: dict[str, Any], settings: dict[str, Any], on_set: dict[str, Any], needed: bool
) -> None:
    of, running = model(settings=MachineSettings(**{"size": "S", **settings})), Traits(**on_set)
    assert needs_size(Traits(**image), of, running, running) is needed
