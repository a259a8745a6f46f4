"""What Azure's failures mean: what to do about them, and whether another image would help."""

from __future__ import annotations

import pytest

from vmss_upgrade.rollout.failures import is_never_the_images, remedy_of

CANNOT_BOOT = "The selected VM size 'Standard_D2s_v3' cannot boot Hypervisor Generation '1'. Please check."
ARCHITECTURE = "This VM size only supports a CPU Architecture of 'Arm64', but an image with 'x64' was given."
TRUSTED = "Use of TrustedLaunch setting is not supported for the provided image. Please select another OS Image."
NVME = "The VM size 'S' cannot boot with OS image or disk. Please check that disk controller types are supported."
QUOTA = "Operation could not be completed as it results in exceeding approved standardDSv3Family Cores quota."


@pytest.mark.parametrize(
    ("code", "message", "words"),
    [
        pytest.param("AllocationFailed", "No capacity.", "has no room for this VM size", id="no-capacity"),
        pytest.param("ZonalAllocationFailed", "No capacity.", "more zones", id="no-capacity-in-a-zone"),
        pytest.param("OverconstrainedAllocationRequest", "x", "run again later", id="no-capacity-for-so-many-wishes"),
        pytest.param("OverconstrainedZonalAllocationRequest", "x", "run again later", id="the-same-in-a-zone"),
        pytest.param("SkuNotAvailable", "The requested size is not available.", "az vm list-skus", id="size"),
        pytest.param("QuotaExceeded", "Too many cores.", "az vm list-usage", id="quota"),
        pytest.param("OperationNotAllowed", QUOTA, "az vm list-usage", id="quota-by-its-words"),
        pytest.param("OperationNotAllowed", "The VM is being deallocated.", "", id="not-allowed-for-another-reason"),
        pytest.param("ReadOnlyDisabledSubscription", "Disabled.", "have it enabled again", id="disabled-subscription"),
        pytest.param("ResourcePurchaseValidationFailed", "Legal terms.", "az vm image terms accept", id="terms"),
        pytest.param("MarketplacePurchaseEligibilityFailed", "No.", "az vm image terms accept", id="eligibility"),
        pytest.param("BadRequest", CANNOT_BOOT, "hypervisor generation", id="generation"),
        pytest.param("InvalidParameter", ARCHITECTURE, "CPU architecture", id="architecture"),
        pytest.param("BadRequest", TRUSTED, "security type", id="trusted-launch"),
        pytest.param("InvalidParameter", NVME, "disk controller type", id="disk-controller"),
        pytest.param("BadRequest", "Id /subscriptions/quota/lock is odd.", "", id="bad-request-about-anything-else"),
        pytest.param("OSProvisioningTimedOut", CANNOT_BOOT, "", id="another-code"),
        pytest.param("allocationfailed", "", "has no room", id="code-in-lower-case"),
    ],
)
def test_a_failure_has_a_remedy(code: str, message: str, words: str) -> None:
    remedy = remedy_of(code, message)
    assert words in remedy
    assert bool(remedy) == bool(words)


@pytest.mark.parametrize(
    ("code", "message", "remedy"),
    [
        pytest.param(
            "ScopeLocked",
            "The scope '/a' cannot perform write operation because following scope(s) are locked: '/a/b'. Remove it.",
            "A lock at /a/b forbids it, whatever role the identity has: have its owner remove it for the time of the "
            "rollout (`az lock list` shows the locks).",
            id="lock",
        ),
        pytest.param(
            "ScopeLocked",
            "Locked.",
            "A lock forbids it, whatever role the identity has: have its owner remove it for the time of the rollout "
            "(`az lock list` shows the locks).",
            id="lock-without-a-place",
        ),
        pytest.param(
            "MissingSubscriptionRegistration",
            "The subscription is not registered to use namespace 'Microsoft.Compute'.",
            "Register the subscription for it: `az provider register --namespace Microsoft.Compute`, then run again.",
            id="provider",
        ),
        pytest.param(
            "MissingSubscriptionRegistration",
            "No.",
            "Register the subscription for it: `az provider register --namespace NAMESPACE`, then run again.",
            id="provider-without-a-name",
        ),
        pytest.param(
            "OperationNotAllowed",
            CANNOT_BOOT,
            "Image and scale set do not go together in their hypervisor generation: choose an image with the one that "
            "the scale set has, or change its VM size or security profile first.",
            id="image-that-does-not-fit",
        ),
    ],
)
def test_a_remedy_that_names_what_azure_names(code: str, message: str, remedy: str) -> None:
    assert remedy_of(code, message) == remedy


@pytest.mark.parametrize(
    ("code", "message", "is_never"),
    [
        pytest.param("AllocationFailed", "", True, id="no-capacity"),
        pytest.param("SkuNotAvailable", "", True, id="size"),
        pytest.param("QuotaExceeded", "", True, id="quota"),
        pytest.param("ScopeLocked", "", True, id="lock"),
        pytest.param("OperationPreempted", "", True, id="another-operation-came-first"),
        pytest.param("OperationNotAllowed", QUOTA, True, id="quota-by-its-words"),
        pytest.param("OperationNotAllowed", "The VM is being deallocated.", False, id="not-allowed-for-another-reason"),
        pytest.param("BadRequest", QUOTA, False, id="quota-under-another-code"),
        pytest.param("OSProvisioningTimedOut", "", False, id="its-system-does-not-start"),
    ],
)
def test_some_failures_are_never_the_images(code: str, message: str, is_never: bool) -> None:
    assert is_never_the_images(code, message) is is_never
