"""The errors of Microsoft.Compute: they show what the request has cost until then.

Texts are Azure's; what differs from case to case is in braces.
"""

from azure_simulator.wire.known_error import KnownError

COMPUTE_ERRORS = {
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
    # Reported: MicrosoftDocs/azure-docs#88211, Azure/AKS#2531.
    "subnet-full": KnownError(
        400,
        "SubnetIsFull",
        "Subnet {subnet} with address prefix {prefix} does not have enough capacity for {count} IP addresses.",
        usual={"subnet": "default", "prefix": "10.0.0.0/24"},
    ),
    # Recorded: uniform_rolling_upgrade_2023.
    "nothing-to-cancel": KnownError(409, "OperationNotAllowed", "There is no ongoing Rolling Upgrade to cancel."),
    # Reported: Azure/telescope#1291, hashicorp/terraform-provider-azurerm#7002 (the code; the text is our own).
    "rolling-upgrade-runs": KnownError(
        409,
        "OperationNotAllowed",
        "The operation is not allowed while a Rolling Upgrade is in progress on Virtual Machine Scale Set '{name}'.",
    ),
    # Reported: Azure/azure-cli#6640 (the text; no report tells status and code).
    "rolling-upgrade-of-own-image": KnownError(
        409,
        "OperationNotAllowed",
        "The OS Rolling Upgrade API cannot be used on a VM Scale Set unless the VM Scale Set is using a Platform "
        "Image. Please select the OS by setting imageReference.",
    ),
    # Recorded: redeploy_maintenance_409_2018, uniform_eviction_errors_2024.
    "not-allowed": KnownError(409, "OperationNotAllowed", "Operation '{verb}' is not allowed on VM '{name}'."),
    # Documented: "Understand common error messages when you manage virtual machines in Azure".
    "machine-not-running": KnownError(
        409, "OperationNotAllowed", "The operation requires the VM to be running (or set to run)."
    ),
    # Reported: Azure/azure-cli#32305.
    "run-command-in-progress": KnownError(
        409,
        "Conflict",
        "Run command extension execution is in progress. Please wait for completion before invoking a run command.",
    ),
    # Recorded: put_errors_409_property_change_2018.
    "property-change": KnownError(
        409, "PropertyChangeNotAllowed", "Changing property '{property}' is not allowed.", target="property"
    ),
    # Recorded: retryable_429_network_2020. Not a throttle: a resource is not ready yet.
    "retryable": KnownError(429, "RetryableError", "A retryable error occurred.", more={"details": []}),
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
