"""What to do about failures that Azure names, whether it refuses a request or an operation or an instance fails."""

from __future__ import annotations

import pytest

from vmss_upgrade.rollout.failures import remedy_of

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
        pytest.param(
            "MissingSubscriptionRegistration",
            "The subscription is not registered to use namespace 'Microsoft.Compute'.",
            "az provider register --namespace Microsoft.Compute`",
            id="provider",
        ),
        pytest.param("MissingSubscriptionRegistration", "No.", "--namespace NAMESPACE", id="provider-without-a-name"),
        pytest.param("ResourcePurchaseValidationFailed", "Legal terms.", "az vm image terms accept", id="terms"),
        pytest.param("BadRequest", CANNOT_BOOT, "hypervisor generation", id="generation"),
        pytest.param("InvalidParameter", ARCHITECTURE, "CPU architecture", id="architecture"),
        pytest.param("BadRequest", TRUSTED, "security type", id="trusted-launch"),
        pytest.param("InvalidParameter", NVME, "disk controller type", id="disk-controller"),
        pytest.param("BadRequest", "Id /subscriptions/quota/lock is odd.", "", id="bad-request-about-anything-else"),
        pytest.param("OSProvisioningTimedOut", CANNOT_BOOT, "", id="another-code"),
        pytest.param("allocationfailed", "", "has no room", id="code-in-lower-case"),
    ],
)
def test_what_to_do(code: str, message: str, words: str) -> None:
    remedy = remedy_of(code, message)
    assert words in remedy
    assert bool(remedy) == bool(words)
