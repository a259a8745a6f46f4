"""Every error body of Azure that is recorded, or reported by those who met it, by a name of our own.

The simulator answers with most of them by itself; a scenario can have any of them with a fault of kind
`error` (a request refused) or `operation` (an operation that ends Failed). Texts are Azure's; what differs
from case to case stands in braces.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from azure_simulator.answers import Headers, Refusal

# How far a request comes before it is refused. The gateway's own errors show no throttle and name their
# cause; the provider's show what the request has cost until then.
Stage = Literal["gateway", "entered", "counted"]


@dataclass(frozen=True, slots=True)
class KnownError:
    """One error: its status and body, how far the request comes, and what the gateway says of the cause.

    `target` is what the error is about, or the word of the case that names it. `usual` fills what stands in braces
    where a case does not say.
    """

    status: int
    code: str
    message: str
    stage: Stage = "entered"
    cause: str = ""
    target: str = ""
    more: dict[str, Any] = field(default_factory=dict)
    usual: dict[str, str] = field(default_factory=dict)

    def refusal(self, **case: str) -> Refusal:
        headers: Headers = [("x-ms-failure-cause", self.cause)] if self.cause else []
        more = {"target": case.get(self.target, self.target), **self.more} if self.target else self.more
        text = self.message.format_map(_Case({**self.usual, **case}))
        return Refusal(self.status, self.code, text, headers=headers, **more)


class _Case(dict[str, str]):
    """What stands in braces, and the braces' own word where the case does not say."""

    def __missing__(self, key: str) -> str:
        return key


_TIMED_OUT = "The request timed out. Diagnostic information: timestamp '20201202T110521Z'."

ERRORS = {
    # Recorded: create_extension_delete_retry_after_2024, delete_cascade_404_gateway.
    "resource-not-found": KnownError(
        404,
        "ResourceNotFound",
        "The Resource 'Microsoft.Compute/{kind}/{name}' under resource group '{group}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        "gateway",
        "gateway",
    ),
    "group-not-found": KnownError(
        404, "ResourceGroupNotFound", "Resource group '{group}' could not be found.", "gateway", "gateway"
    ),
    "parent-not-found": KnownError(
        404,
        "ParentResourceNotFound",
        "Failed to perform '{verb}' on resource(s) of type '{kind}', because the parent resource '{name}' could "
        "not be found.",
        "gateway",
        "gateway",
    ),
    # Recorded: uniform_eviction_errors_2024, create_extension_delete_retry_after_2024.
    "entity-not-found": KnownError(404, "NotFound", "The entity was not found in this Azure location.", "counted"),
    # Recorded: platform_images_list_and_404_2018.
    "image-part-not-found": KnownError(404, "NotFound", "{part}: {name} was not found."),
    # Recorded: flexible_put_image_400_2024.
    "image-kind-not-supported": KnownError(
        400, "BadRequest", "Managed Images are not supported for virtual machines with security type {security}."
    ),
    # Recorded: rolling_upgrade_failed_operation_2018.
    "rolling-without-probe": KnownError(
        400,
        "BadRequest",
        "Rolling Upgrade mode is not supported for this Virtual Machine Scale Set because a health probe was not "
        "provided.",
    ),
    "feature-not-registered": KnownError(
        400,
        "SubscriptionNotRegisteredForFeature",
        "Subscription {subscription} is not registered for feature {feature} required to carry out the requested "
        "operation.",
        more={"details": []},
        # What a manualupgrade of a Flexible set to another image needs (documented, "Upgrade policy modes").
        usual={"feature": "Microsoft.Compute/ImageReferenceUpgradeForVmoVMs"},
    ),
    # Recorded: put_errors_400_invalid_parameter_2018.
    "invalid-parameter": KnownError(
        400, "InvalidParameter", "The value of parameter {parameter} is invalid.", target="parameter"
    ),
    # Recorded: uniform_manualupgrade_conflict_409_2023.
    "conflict": KnownError(
        409,
        "Conflict",
        "The request failed due to conflict with a concurrent request. To resolve it, please refer to "
        "https://aka.ms/activitylog to get more details on the conflicting requests.",
        "counted",
    ),
    # Recorded: put_quota_409_2020.
    "quota": KnownError(
        409,
        "OperationNotAllowed",
        "Operation could not be completed as it results in exceeding approved Total Regional Cores quota.",
    ),
    # Recorded: uniform_rolling_upgrade_2023.
    "nothing-to-cancel": KnownError(409, "OperationNotAllowed", "There is no ongoing Rolling Upgrade to cancel."),
    # Recorded: redeploy_maintenance_409_2018, uniform_eviction_errors_2024.
    "not-allowed": KnownError(409, "OperationNotAllowed", "Operation '{verb}' is not allowed on VM '{name}'."),
    # Recorded: put_errors_409_property_change_2018.
    "property-change": KnownError(
        409, "PropertyChangeNotAllowed", "Changing property '{property}' is not allowed.", target="property"
    ),
    # Recorded: retryable_429_network_2020. Not a throttle: a resource is not ready yet.
    "retryable": KnownError(429, "RetryableError", "A retryable error occurred.", more={"details": []}),
    # Recorded: operation_poll_500_java_2017, server_timeout_503_network_2020, gateway_timeout_504_2017.
    "many-errors": KnownError(
        500,
        "MultipleErrorsOccurred",
        "Multiple error occurred: . Please see details.",
        "gateway",
        "gateway",
        more={"details": [{"code": "ServerTimeout", "message": _TIMED_OUT}]},
    ),
    "server-timeout": KnownError(503, "ServerTimeout", _TIMED_OUT, "gateway", "gateway"),
    "gateway-timeout": KnownError(
        504,
        "GatewayTimeout",
        "The gateway did not receive a response from 'Microsoft.Compute' within the specified time period.",
        "gateway",
        "service",
    ),
    # Reported: kubernetes-sigs/cloud-provider-azure#9728; it shows the etags in quotes of the JSON.
    "precondition-failed": KnownError(
        412,
        "PreconditionFailed",
        "Etag provided in if-match header {wanted} does not match etag {found} of resource.",
    ),
    # Reported: hashicorp/packer#10600.
    "platform-image-not-found": KnownError(
        404,
        "PlatformImageNotFound",
        "The platform image '{name}' is not available. Verify that all fields in the storage profile are "
        "correct. For more details about storage profile information, please refer to "
        "https://aka.ms/storageprofile",
        target="imageReference",
    ),
    # Reported: Orange-Cyberdefense/GOAD#248, #345.
    "image-version-deprecated": KnownError(
        404, "ImageVersionDeprecated", "The platform image '{name}' is deprecated.", target="imageReference"
    ),
    # Reported: confidential-containers/cloud-api-adaptor#1709; the message is in quotes of its own.
    "gallery-image-not-found": KnownError(
        404,
        "GalleryImageNotFound",
        '"The gallery image {name} is not available in {location} region. Please contact image owner to '
        'replicate to this region, or change your requested region."',
        target="imageReference",
    ),
    # Reported: Azure/bicep-registry-modules#462.
    "no-latest-version": KnownError(
        400,
        "InvalidParameter",
        "In region {location}, the following list of Shared Image Gallery images referenced from the deployment "
        "template were not found: {name}.",
        target="imageReference",
    ),
    # Reported: MicrosoftDocs/azure-docs#89791.
    "image-kind-change": KnownError(
        409, "OperationNotAllowed", "The Image type for a Virtual Machine Scale Set may not be changed."
    ),
    # Reported: kubernetes-sigs/cluster-api-provider-azure#4958, MicrosoftDocs/azure-docs#103472. No report tells status
    # and code: they are those of the other limits of a set (hashicorp/terraform-azurerm-nomad#6).
    "too-many-models": KnownError(
        409,
        "OperationNotAllowed",
        "Virtual Machine Scale Set '{name}' has reached its limit of 10 models that may be referenced by one or more "
        "VMs belonging to the Virtual Machine Scale Set. Upgrade the VMs to the latest model of the Virtual Machine "
        "Scale Set before trying again.",
    ),
    # Reported: Azure/azure-cli#16674, elastic/cloudbeat#2031; Azure/aad-pod-identity#613 (linked scopes).
    "not-authorized": KnownError(
        403,
        "AuthorizationFailed",
        "The client '{client}' with object id '{client}' does not have authorization to perform action '{action}' "
        "over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your "
        "credentials.",
        "gateway",
        "gateway",
    ),
    "not-authorized-on-linked": KnownError(
        403,
        "LinkedAuthorizationFailed",
        "The client '{client}' with object id '{client}' has permission to perform action '{action}' on scope "
        "'{scope}'; however, it does not have permission to perform action '{linked_action}' on the linked scope(s) "
        "'{linked_scope}' or the linked scope(s) are invalid.",
        "gateway",
        "gateway",
    ),
    # Documented: "Troubleshoot Azure RBAC", "Understand Azure deny assignments".
    "denied-by-assignment": KnownError(
        403,
        "DenyAssignmentAuthorizationFailed",
        "The client '{client}' with object id '{client}' has permission to perform action '{action}' on scope "
        "'{scope}'; however, the access is denied because of the deny assignment with name '{assignment}' and Id "
        "'{assignment}' at scope '{scope}'.",
        "gateway",
        "gateway",
        usual={"action": "Microsoft.Compute/virtualMachineScaleSets/write", "assignment": "Managed application"},
    ),
    # Documented: "Resolve errors for request disallowed by policy", "Resolve error: scope is locked".
    "disallowed-by-policy": KnownError(
        403,
        "RequestDisallowedByPolicy",
        "Resource '{name}' was disallowed by policy. Policy identifiers: "
        '\'[{{"policyAssignment":{{"name":"{policy}"}},"policyDefinition":{{"name":"{policy}"}}}}]\'.',
        "gateway",
        "gateway",
        target="name",
        usual={"policy": "Allowed images"},
    ),
    "scope-locked": KnownError(
        409,
        "ScopeLocked",
        "The scope '{scope}' cannot perform write operation because following scope(s) are locked: '{scope}'. Please "
        "remove the lock and try again.",
        "gateway",
        "gateway",
    ),
    # Documented: "Azure Resource Manager: access across tenants".
    "wrong-tenant": KnownError(
        401,
        "InvalidAuthenticationTokenTenant",
        "The access token is from the wrong issuer 'https://sts.windows.net/{tenant}/'. It must match the tenant "
        "'https://sts.windows.net/{other_tenant}/' associated with this subscription. Please use the authority (URL) "
        "'https://login.windows.net/{other_tenant}' to get the token.",
        "gateway",
        "gateway",
    ),
    # Reported: Azure/azure-cli#28496, #27154, Azure/azure-rest-api-specs#27695; for good
    # Azure/azure-sdk-for-python#32029.
    "no-registered-provider": KnownError(
        400,
        "NoRegisteredProviderFound",
        "No registered resource provider found for location '{location}' and API version '{version}' for type "
        "'{type}'. The supported api-versions are '{versions}'. The supported locations are '{location}'.",
        "gateway",
        "gateway",
        usual={
            "location": "westeurope",
            "version": "2026-04-01",
            "type": "virtualMachineScaleSets",
            "versions": "2023-09-01, 2024-07-01, 2024-11-01, 2025-04-01",
        },
    ),
    # Reported: kubernetes-sigs/cloud-provider-azure#5920, osbuild/osbuild-composer#1447 (the text, of an operation).
    "preempted": KnownError(
        409, "OperationPreempted", "Operation execution has been preempted by a more recent operation.", "counted"
    ),
    # Reported: microsoft/AzureTRE#2222, of a network.
    "another-operation": KnownError(
        409,
        "AnotherOperationInProgress",
        "Another operation on this or dependent resource is in progress. To retrieve status of the operation use uri: "
        "{uri}.",
    ),
    # Reported: Azure/azure-sdk-for-java#27991.
    "stale-skiptoken": KnownError(400, "InvalidParameter", "The request URL is not valid.", target="$skiptoken"),
    # Reported: kubernetes-sigs/cloud-provider-azure#2386.
    "instance-not-active": KnownError(
        400,
        "InstanceIdsListInstanceIdNotActiveVM",
        "The provided instanceId {name} is not an active Virtual Machine Scale Set VM instanceId.",
        target="instanceIds",
    ),
    # Reported: hashicorp/nomad-autoscaler#1096, microsoft/OMS-Agent-for-Linux#1475. Of a Flexible set.
    "not-allowed-on-flexible": KnownError(
        400, "BadRequest", "Operation '{verb}' is not allowed on Virtual Machine Scale Set '{name}'."
    ),
    # Reported: turbot/steampipe-plugin-azure#829. Of an instance of a Flexible set, whose id is a name.
    "instance-id-no-number": KnownError(
        400, "InvalidParameter", "Virtual Machine Scale Set VM instanceId must be a number.", target="instanceId"
    ),
}

# How Entra refuses to give out a token: HTTP status, OAuth error and text by the number of its AADSTS code (documented,
# "Microsoft Entra authentication and authorization error codes").
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

# How an operation fails that was accepted: code and message of the poll that finds it Failed.
OPERATION_ERRORS = {
    # Reported: osbuild/osbuild-composer#1447; as Canceled Azure/azure-sdk-for-java#1783.
    "OperationPreempted": "Operation execution has been preempted by a more recent operation.",
    # Documented: "Troubleshoot allocation failures".
    "AllocationFailed": (
        "Allocation failed. We do not have sufficient capacity for the requested VM size in this region."
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
    """The error of this name, to raise. `case` fills what stands in braces."""
    return ERRORS[error].refusal(**case)
