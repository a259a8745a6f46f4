"""Every error body of Azure that is recorded, or reported by people who met it, by a name of our own.

The simulator answers with most of them by itself; a scenario can have any of them with a fault of kind `error` (a
request that is refused), `sign-in-error` (Entra gives no token) or `operation` (an operation that ends Failed).
"""

from azure_simulator.wire.answers import Refusal
from azure_simulator.wire.compute_errors import COMPUTE_ERRORS
from azure_simulator.wire.gateway_errors import GATEWAY_ERRORS

ERRORS = {**GATEWAY_ERRORS, **COMPUTE_ERRORS}
# How Entra refuses to give out a token: HTTP status, OAuth error and text, by the number of the AADSTS code
# (documented, "Microsoft Entra authentication and authorization error codes").
SIGN_IN_ERRORS = {
    50034: (400, "invalid_grant", "The user account does not exist in the directory."),
    53003: (
        400,
        "invalid_grant",
        "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
    ),
    90002: (400, "invalid_request", "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID."),
    500011: (400, "invalid_resource", "The resource principal was not found in the tenant."),
    700016: (
        400,
        "unauthorized_client",
        "Application with identifier '{client}' was not found in the directory 'Simulated'.",
    ),
    700211: (401, "invalid_client", "No matching federated identity record found for presented assertion issuer."),
    700212: (401, "invalid_client", "No matching federated identity record found for presented assertion audience."),
    700213: (401, "invalid_client", "No matching federated identity record found for presented assertion subject."),
    7000112: (400, "unauthorized_client", "Application '{client}' is disabled."),
    7000215: (401, "invalid_client", "Invalid client secret provided."),
    7000222: (401, "invalid_client", "The provided client secret keys for app '{client}' are expired."),
}
# How an accepted operation fails: code and message of the poll that finds it Failed.
OPERATION_ERRORS = {
    # Reported: osbuild/osbuild-composer#1447; as Canceled Azure/azure-sdk-for-java#1783.
    "OperationPreempted": "Operation execution has been preempted by a more recent operation.",
    # Documented: "Troubleshoot allocation failures".
    "AllocationFailed": (
        "Allocation failed. We do not have sufficient capacity for the requested VM size in this region."
    ),
    # Reported: jenkins-infra/helpdesk#3584.
    "OverconstrainedZonalAllocationRequest": (
        "Allocation failed. VM(s) with the following constraints cannot be allocated, because the condition is too "
        "restrictive. Please remove some constraints and try again. Constraints applied are:\n  - Availability Zone\n"
        "  - VM Size\n"
    ),
    # Recorded: operation_failed_vm_extension_2023, operation_failed_vm_agent_2024.
    "VMExtensionProvisioningError": (
        "VM has reported a failure when processing extension 'extension' (publisher 'publisher' and type 'type'). "
        "Error message: 'Enable failed'."
    ),
    "VMAgentStatusCommunicationError": (
        "VM has not reported status for VM agent or extensions. Verify that the OS is up and healthy, the VM has a "
        "running VM agent, and that it can establish outbound connections to Azure storage."
    ),
    # Recorded: rolling_upgrade_failed_operation_2018, put_failed_operation_msi_2018.
    "InternalExecutionError": "An internal execution error occurred. Please retry later.",
    "ManagedServiceIdentityInternalError": "An internal error occurred while processing the identity request.",
    # Reported: opencb/opencga#987, microsoft/AzureTRE#1591.
    "MaxUnhealthyInstancePercentExceededInRollingUpgrade": (
        "Rolling Upgrade failed after exceeding the MaxUnhealthyInstancePercent value defined in the "
        "RollingUpgradePolicy. First failed instance ID is: 0."
    ),
    "MaxUnhealthyUpgradedInstancePercentExceededInRollingUpgrade": (
        "Rolling Upgrade failed after exceeding the MaxUnhealthyUpgradedInstancePercent value defined in the "
        "RollingUpgradePolicy. First failed instance ID is: 0."
    ),
}


def refusal(error: str, /, **case: str) -> Refusal:
    """Return the error of this name, to raise. `case` fills what is in braces."""
    return ERRORS[error].refusal(**case)
