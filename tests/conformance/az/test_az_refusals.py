"""az reports Azure's refusals with the recorded codes and texts, as with the real Azure."""

from collections.abc import Callable, Iterator

import pytest

from conformance.az.az_cli import Az, Refusal
from conformance.az.signed_in import az_beside

NOT_IN_THIS_LOCATION = Refusal(3, "NotFound", "The entity was not found in this Azure location.")
NO_SUCH_SET = Refusal(
    3,
    "ResourceNotFound",
    "The Resource 'Microsoft.Compute/virtualMachineScaleSets/nothing' under resource group 'simulated-group' was not "
    "found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
)
NO_SUCH_GROUP = Refusal(3, "ResourceGroupNotFound", "Resource group 'nowhere' could not be found.")
NO_SUCH_IMAGE = Refusal(
    3,
    "PlatformImageNotFound",
    "The platform image 'Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2:1.2.3' is not available. Verify that "
    "all fields in the storage profile are correct. For more details about storage profile information, please refer "
    "to https://aka.ms/storageprofile",
)
CONFLICT = Refusal(
    1,
    "Conflict",
    "The request failed due to conflict with a concurrent request. To resolve it, please refer to "
    "https://aka.ms/activitylog to get more details on the conflicting requests.",
)
IMAGE_VERSION = "virtualMachineProfile.storageProfile.imageReference.version"


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Az]:
    """Return one az for all commands that are refused at once."""
    with az_beside("calm", tmp_path_factory.mktemp("calm")) as running:
        yield running


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        ("vmss show -g {resource_group} -n nothing", NO_SUCH_SET),
        ("vmss list-instances -g {resource_group} -n nothing", NO_SUCH_SET),
        ("vmss get-instance-view -g {resource_group} -n nothing", NO_SUCH_SET),
        ("vmss update-instances -g {resource_group} -n nothing --instance-ids 0", NO_SUCH_SET),
        ("vmss scale -g {resource_group} -n nothing --new-capacity 3", NO_SUCH_SET),
        ("vmss deallocate -g {resource_group} -n nothing", NO_SUCH_SET),
        ("vmss start -g {resource_group} -n nothing", NO_SUCH_SET),
        ("vmss show -g nowhere -n {scale_set}", NO_SUCH_GROUP),
        ("vmss list -g nowhere", NO_SUCH_GROUP),
        ("vmss get-instance-view {of_set} --instance-id 2", NOT_IN_THIS_LOCATION),
        ("vmss rolling-upgrade get-latest {of_set}", NOT_IN_THIS_LOCATION),
        (f"vmss update {{of_set}} --set {IMAGE_VERSION}=1.2.3", NO_SUCH_IMAGE),
    ],
    ids=lambda value: value.code if isinstance(value, Refusal) else value.split(" -")[0].split(" {")[0],
)
def test_refused(untouched: Az, command: str, refusal: Refusal) -> None:
    before = untouched.read(), untouched.instances()
    assert untouched.refusal(command) == refusal
    assert (untouched.read(), untouched.instances()) == before


def test_a_write_too_soon_after_another(beside: Callable[[str], Az]) -> None:
    az = beside("unlucky")
    az.output("vmss update {of_set} --set tags.owner=web")
    assert az.refusal("vmss update-instances {of_set} --instance-ids 0") == CONFLICT
    assert az.simulator.state()["upgrades"] == []


def test_an_operation_that_fails_later(beside: Callable[[str], Az]) -> None:
    az = beside("unlucky")
    refusal = az.refusal("vmss update-instances {of_set} --instance-ids 1")
    assert refusal == Refusal(1, "VMExtensionProvisioningError", "The extension failed.")
    assert az.instances()["1"]["provisioning_state"] == "Failed"
