"""The action that Resource Manager checks for a request, by its method and path."""

import pytest

from harness.roles import action_of

GROUP = "/subscriptions/s/resourceGroups/g"
SET = f"{GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets/x"
VMSS = "microsoft.compute/virtualmachinescalesets"


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("PATCH", SET, f"{VMSS}/write"),
        ("POST", f"{SET}/delete", f"{VMSS}/delete/action"),
        ("PUT", f"{SET}/virtualMachines/0/runCommands/drain", f"{VMSS}/virtualmachines/runcommands/write"),
        ("GET", f"{SET}/virtualMachines/0/runCommands/drain", f"{VMSS}/virtualmachines/runcommands/read"),
        ("DELETE", f"{SET}/virtualMachines/0/runCommands/drain", f"{VMSS}/virtualmachines/runcommands/delete"),
        ("POST", f"{SET}/virtualMachines/0/runCommand", f"{VMSS}/virtualmachines/runcommand/action"),
        (
            "PUT",
            f"{GROUP}/providers/Microsoft.Compute/virtualMachines/x_0/runCommands/drain",
            "microsoft.compute/virtualmachines/runcommands/write",
        ),
        ("GET", f"{GROUP}/providers/Microsoft.Insights/autoscaleSettings", "microsoft.insights/autoscalesettings/read"),
        ("GET", f"{SET}/providers/Microsoft.Authorization/locks", "microsoft.authorization/locks/read"),
    ],
)
def test_the_action_of_a_request(method: str, path: str, action: str) -> None:
    assert action_of(method, path) == action
