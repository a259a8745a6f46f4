"""The errors of Resource Manager's gateway: they show no throttle, and name their cause.

Texts are Azure's; what differs from case to case is in braces.
"""

from azure_simulator.wire.known_error import KnownError

_TIMED_OUT = "The request timed out. Diagnostic information: timestamp '20201202T110521Z'."
GATEWAY_ERRORS = {
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
    # Reported: Azure/azure-sdk-for-java#2560, Azure/azure-libraries-for-net#523.
    "locked": KnownError(
        409,
        "ScopeLocked",
        "The scope '{scope}' cannot perform {verb} operation because following scope(s) are locked: '{locked}'. Please "
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
    # Reported by users of Terraform and of AKS ("Troubleshoot the SubscriptionRequestsThrottled error code").
    "subscription-throttled": KnownError(
        429,
        "SubscriptionRequestsThrottled",
        "Number of '{kind}' requests for subscription '{subscription}' actor '{actor}' exceeded. Please try again "
        "after '{seconds}' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for "
        "additional information.",
        "gateway",
        "gateway",
        usual={"kind": "read", "seconds": "10"},
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
}
