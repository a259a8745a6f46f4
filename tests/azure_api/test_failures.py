"""Failures without an answer: which of them waiting can cure, and what to do about the others."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import ServiceRequestError, ServiceResponseError
from scripted import answer, azure, error

from vmss_upgrade.azure_api.failures import read_by_the_sdk, retry_after, translated
from vmss_upgrade.errors import AzureError, Trouble

UNTRUSTED = "HTTPSConnectionPool: [SSL: CERTIFICATE_VERIFY_FAILED] unable to get local issuer certificate"


@pytest.mark.parametrize(
    ("raised", "trouble", "remedy"),
    [
        pytest.param(ServiceResponseError("read timed out"), Trouble.UNCERTAIN, "", id="no-answer"),
        pytest.param(ServiceRequestError("connection refused"), Trouble.UNCERTAIN, "", id="not-reached"),
        pytest.param(ServiceRequestError(UNTRUSTED), Trouble.REJECTED, "REQUESTS_CA_BUNDLE", id="untrusted"),
        pytest.param(OSError("no file /nowhere.pem"), Trouble.REJECTED, "REQUESTS_CA_BUNDLE", id="no-bundle"),
    ],
)
def test_a_failure_without_an_answer(raised: Exception, trouble: Trouble, remedy: str) -> None:
    with pytest.raises(AzureError) as failed, translated("reading the scale set"):
        raise raised
    assert failed.value.trouble is trouble
    assert remedy in failed.value.remedy
    assert bool(failed.value.remedy) == bool(remedy)
    assert failed.value.doing == "reading the scale set"


@pytest.mark.parametrize(
    "raised",
    [
        pytest.param(ValueError("Retry-After: soon"), id="a-value"),
        pytest.param(AttributeError("'list' object has no attribute 'get'"), id="another-type"),
        pytest.param(RecursionError("maximum recursion depth exceeded"), id="too-deep"),
        pytest.param(TypeError("int() argument must be a string"), id="no-number"),
        pytest.param(KeyError("status"), id="a-field"),
    ],
)
def test_an_error_inside_the_sdk_means_an_unreadable_answer(raised: Exception) -> None:
    with pytest.raises(AzureError, match="cannot be read") as failed, translated("polling"), read_by_the_sdk():
        raise raised
    assert failed.value.trouble is Trouble.UNCERTAIN


def test_an_error_of_our_own_is_a_bug() -> None:
    with pytest.raises(TypeError), translated("polling"):
        raise TypeError("ours")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({"retry-after": "37"}, 37.0, id="seconds"),
        pytest.param({"retry-after": " 2.5 "}, 2.5, id="a-fraction"),
        pytest.param({"retry-after-ms": "2500"}, 2.5, id="milliseconds"),
        pytest.param({"x-ms-retry-after-ms": "2500"}, 2.5, id="azures-milliseconds"),
        pytest.param({"retry-after": "0.0001"}, 1.0, id="next-to-nothing"),
        pytest.param({"retry-after-ms": "1"}, 1.0, id="a-millisecond"),
        pytest.param({"x-ms-retry-after-ms": "0.001"}, 1.0, id="a-microsecond"),
        pytest.param({"retry-after": "0"}, None, id="nothing"),
        pytest.param({"retry-after": "0.0"}, None, id="nothing-as-a-fraction"),
        pytest.param({"retry-after": "-5"}, None, id="negative"),
        pytest.param({"retry-after": "nan"}, None, id="not-a-number"),
        pytest.param({"retry-after": "inf"}, None, id="infinite"),
        pytest.param({"retry-after": "1e-9"}, None, id="an-exponent"),
        pytest.param({"retry-after": "1e400"}, None, id="an-exponent-without-end"),
        pytest.param({"retry-after": "0x1"}, None, id="hexadecimal"),
        pytest.param({"retry-after": "1_0"}, None, id="underscore"),
        pytest.param({"retry-after": "\u0661"}, None, id="arabic"),
        pytest.param({"retry-after": "+1"}, None, id="plus"),
        pytest.param({"retry-after": "9" * 400}, float("inf"), id="long"),
        pytest.param({"retry-after": "Fri, 31 Dec 2027 23:59:59 GMT"}, None, id="a-date"),
        pytest.param({"retry-after": "soon", "retry-after-ms": "3000"}, 3.0, id="words"),
        pytest.param({}, None, id="none"),
    ],
)
def test_the_wait_that_an_answer_asks_for(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


LIMIT = (
    "Virtual Machine Scale Set 'web' has reached its limit of 10 models that may be referenced by one or more VMs "
    "belonging to the Virtual Machine Scale Set. Upgrade the VMs to the latest model of the Virtual Machine Scale Set "
    "before trying again."
)
FORBIDDEN = (
    "The client 'c' with object id 'o' does not have authorization to perform action "
    "'Microsoft.Compute/virtualMachineScaleSets/manualupgrade/action' over scope '/subscriptions/s' or the scope is "
    "invalid."
)
LACKS = "The client 'c' does not have authorization to perform action '{}' over scope '{}' or the scope is invalid."
POLL, GALLERIES = "Microsoft.Compute/locations/operations", "Microsoft.Compute/galleries"
ASSIGN = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"
IMAGE = "/subscriptions/other/resourceGroups/i/providers/Microsoft.Compute/galleries/g/images/web/versions/1.0.0"
HAS = "The client 'c' has permission to perform action 'Microsoft.Compute/virtualMachineScaleSets/write' on scope '/s'"
LINKED = HAS + "; however, it does not have permission to perform action(s) '{}' on the linked scope(s) '{}' (or not)."
NOT_LINKED = (
    "The client has permission to perform action '{}' on scope '/s', however the current tenant 'ours' is not "
    "authorized to access linked subscription 'other'."
)
DENY_ASSIGNMENT = (
    HAS + "; however, the access is denied because of the deny assignment with name 'Managed app' and Id 'd' at scope "
    "'/subscriptions/s/resourceGroups/g'."
)
POLICY = (
    "Resource 'web' was disallowed by policy. Policy identifiers: '["
    '{"policyAssignment":{"name":"Allowed images","id":"/x"},"policyDefinition":{"name":"Images","id":"/y"}},'
    '{"policyAssignment":{"name":"Sizes"},"policyDefinition":{"name":"Sizes of machines"}}'
    "]'."
)
DISALLOWED = {"code": "RequestDisallowedByPolicy", "message": "Resource 'web' was disallowed by policy."}
VIOLATION = {"type": "PolicyViolation", "info": {"policyAssignmentDisplayName": "Only hardened images"}}
WRONG_ISSUER = (
    "The access token is from the wrong issuer 'https://sts.windows.net/aaaa-1/'. It must match the tenant "
    "'https://sts.windows.net/bbbb-2/' associated with this subscription."
)
NO_PROVIDER = (
    "No registered resource provider found for location 'we' and API version '2026-04-01' for type "
    "'virtualMachineScaleSets'. The supported api-versions are '{}'. The supported locations are 'we'."
)
NOT_REGISTERED = "Subscription s is not registered for feature {} required to carry out the requested operation."
REGISTER = "az feature register --namespace {} --name {}"


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        pytest.param(
            error(409, "OperationNotAllowed", LIMIT), ["at most ten", "operation: upgrade-instances"], id="10"
        ),
        pytest.param(
            error(400, "SubscriptionNotRegisteredForFeature", NOT_REGISTERED.format("Microsoft.Network/AllowVmss")),
            ["Microsoft.Network/AllowVmss", REGISTER.format("Microsoft.Network", "AllowVmss")],
            id="feature",
        ),
        pytest.param(
            error(409, "OperationNotAllowed", "The feature Microsoft.Compute/VMSSFlexRollingUpgrade is not enabled."),
            [REGISTER.format("Microsoft.Compute", "VMSSFlexRollingUpgrade")],
            id="feature-by-its-words",
        ),
        pytest.param(
            error(400, "SubscriptionNotRegisteredForFeature", "Not registered."),
            [REGISTER.format("Microsoft.Compute", "ImageReferenceUpgradeForVmoVMs"), "VMSSFlexRollingUpgrade"],
            id="feature-that-is-not-named",
        ),
        pytest.param(
            error(400, "BadRequest", "Needs ImageReferenceUpgradeForVmoVMs."),
            [REGISTER.format("Microsoft.Compute", "ImageReferenceUpgradeForVmoVMs")],
            id="feature-without-its-namespace",
        ),
        pytest.param(error(404, "PlatformImageNotFound"), ["SKU", "region", "az vm image list"], id="platform-image"),
        pytest.param(
            error(404, "GalleryImageNotFound"), ["target regions", "az sig image-version"], id="gallery-image"
        ),
        pytest.param(
            error(403, "AuthorizationFailed", FORBIDDEN),
            ["lacks the action Microsoft.Compute/virtualMachineScaleSets/manualupgrade/action.", "roles/upgrader.json"],
            id="action",
        ),
        pytest.param(
            error(403, "AuthorizationFailed", "No."),
            ["reader.json", "upgrader.json"],
            id="action-that-is-not-named",
        ),
        pytest.param(
            error(403, "AuthorizationFailed", LACKS.format(f"{POLL}/read", f"/subscriptions/s/providers/{POLL}/1")),
            [f"lacks the action {POLL}/read.", "on /subscriptions/s."],
            id="action-at-the-subscription",
        ),
        pytest.param(
            error(403, "AuthorizationFailed", LACKS.format(f"{GALLERIES}/images/versions/read", IMAGE)),
            [f"lacks the action {GALLERIES}/images/versions/read.", f"on {IMAGE}."],
            id="action-on-an-image",
        ),
        pytest.param(
            error(403, "LinkedAuthorizationFailed", LINKED.format(f"{GALLERIES}/images/versions/read", IMAGE)),
            [f"lacks {GALLERIES}/images/versions/read on", f"linked to, {IMAGE}: give it a role with that right there"],
            id="linked-image",
        ),
        pytest.param(
            error(403, "LinkedAccessCheckFailed", LINKED.format(ASSIGN, "/subscriptions/s/i").replace("(s)", "")),
            [f"lacks {ASSIGN} on", "linked to, /subscriptions/s/i:"],
            id="linked-identity-by-another-code",
        ),
        pytest.param(
            error(403, "LinkedAuthorizationFailed", "Azure found another way to say it."),
            ["a linked resource"],
            id="linked-in-other-words",
        ),
        pytest.param(
            error(403, "LinkedAuthorizationFailed", NOT_LINKED.format(f"{GALLERIES}/images/versions/read")),
            ["subscription other belongs to another tenant", "no role helps", "Copy the image", "/SharedGalleries/"],
            id="linked-image-of-another-tenant",
        ),
        pytest.param(
            error(403, "LinkedAuthorizationFailed", NOT_LINKED.format("Microsoft.Network/virtualNetworks/join/action")),
            ["subscription other belongs to another tenant", "no role helps"],
            id="linked-network-of-another-tenant",
        ),
        pytest.param(
            error(403, "DenyAssignmentAuthorizationFailed", DENY_ASSIGNMENT),
            ["No role helps", "deny assignment 'Managed app' at /subscriptions/s/resourceGroups/g", "ask its owner"],
            id="deny-assignment",
        ),
        pytest.param(
            error(403, "Forbidden", DENY_ASSIGNMENT), ["No role helps", "'Managed app'"], id="deny-assignment-by-words"
        ),
        pytest.param(
            error(403, "DenyAssignmentAuthorizationFailed", "Denied."),
            ["No role helps against the deny assignment:"],
            id="deny-assignment-without-a-name",
        ),
        pytest.param(
            error(403, "RequestDisallowedByPolicy", POLICY),
            ["No role helps", "the policy assignment 'Allowed images', 'Sizes'", "ask its owner"],
            id="policy",
        ),
        pytest.param(
            answer(403, {"error": {**DISALLOWED, "additionalInfo": [VIOLATION, 7, {"type": "PolicyViolation"}]}}),
            ["the policy assignment 'Only hardened images'"],
            id="policy-that-stands-beside-the-words",
        ),
        pytest.param(
            answer(403, {"error": DISALLOWED}), ["No role helps against a policy"], id="policy-without-a-name"
        ),
        pytest.param(error(403, "RequestDisallowedByAzure", "Not in this region."), [], id="403-of-another-kind"),
        pytest.param(answer(403, "<html>Blocked</html>"), [], id="403-of-a-proxy"),
        pytest.param(
            error(401, "InvalidAuthenticationTokenTenant", WRONG_ISSUER),
            ["belongs to another tenant (bbbb-2)", "signed in to (aaaa-1)", "`subscription-id`"],
            id="tenant",
        ),
        pytest.param(
            error(401, "InvalidAuthenticationTokenTenant", "Wrong issuer."),
            ["belongs to another tenant than", "`subscription-id`"],
            id="tenant-that-is-not-named",
        ),
        pytest.param(
            error(401, "InvalidAuthenticationToken"), ["disabled or deleted", "`environment`"], id="token-not-accepted"
        ),
        pytest.param(
            error(
                409, "ScopeLocked", "... because following scope(s) are locked: '/subscriptions/s/resourceGroups/g'."
            ),
            ["A lock at /subscriptions/s/resourceGroups/g", "az lock list"],
            id="lock",
        ),
        pytest.param(error(409, "ScopeLocked", "Locked."), ["A lock forbids it"], id="lock-that-is-not-named"),
        pytest.param(
            error(400, "NoRegisteredProviderFound", NO_PROVIDER.format("2025-04-01, 2023-09-01")),
            ["This cloud does not know the api-version 2026-04-01 yet", "newest that it names is 2025-04-01"],
            id="api-version",
        ),
        pytest.param(
            error(400, "InvalidApiVersionParameter", "The api-version '2026-04-01' is invalid."),
            ["This cloud does not know the api-version 2026-04-01 yet, and"],
            id="api-version-said-otherwise",
        ),
        pytest.param(
            error(400, "NoRegisteredProviderFound", NO_PROVIDER.format("2025-04-01, 2026-04-01")),
            [],
            id="a-region-that-is-not-known",
        ),
        pytest.param(
            error(400, "Odd", "The type Microsoft.Compute/virtualMachines cannot do this."), [], id="not-a-feature"
        ),
        pytest.param(answer(400, {"error": {"code": ["x"], "message": {"y": 1}}}), [], id="odd-types"),
    ],
)
def test_a_refusal_has_a_remedy(reply: Any, words: list[str]) -> None:
    with pytest.raises(AzureError) as refused:
        azure(reply)[0].upgrade(("1",))
    assert [word for word in words if word not in refused.value.remedy] == []
    assert bool(refused.value.remedy) == bool(words)


def test_a_right_that_the_identity_has_is_not_called_missing() -> None:
    for words in (LINKED.format("a/read", "/x"), NOT_LINKED.format("a/read"), DENY_ASSIGNMENT):
        with pytest.raises(AzureError) as refused:
            azure(error(403, "LinkedAuthorizationFailed", words))[0].upgrade(("1",))
        assert "virtualMachineScaleSets/write" not in refused.value.remedy
        assert "README" not in refused.value.remedy


def test_no_remedy_says_to_copy_an_image_if_a_network_belongs_to_another_tenant() -> None:
    reply = error(403, "LinkedAuthorizationFailed", NOT_LINKED.format("Microsoft.Network/virtualNetworks/join/action"))
    with pytest.raises(AzureError) as refused:
        azure(reply)[0].upgrade(("1",))
    assert "image" not in refused.value.remedy


@pytest.mark.parametrize(
    ("reply", "trouble"),
    [
        pytest.param(answer(401, None), Trouble.TOKEN_REFUSED, id="401-without-a-body"),
        pytest.param(answer(401, "<html>Unauthorized</html>"), Trouble.TOKEN_REFUSED, id="401-as-a-page"),
        pytest.param(answer(401, {"message": "no"}), Trouble.TOKEN_REFUSED, id="401-without-a-code"),
        pytest.param(error(401, "InvalidAuthenticationTokenTenant"), Trouble.OTHER_TENANT, id="401-of-a-tenant"),
        pytest.param(
            error(400, "NoRegisteredProviderFound", NO_PROVIDER.format("2025-04-01")),
            Trouble.VERSION_UNKNOWN,
            id="version",
        ),
        pytest.param(error(404, "InvalidResourceType", "No."), Trouble.VERSION_UNKNOWN, id="version-by-the-type"),
        pytest.param(
            error(400, "NoRegisteredProviderFound", NO_PROVIDER.format("2026-04-01")), Trouble.REJECTED, id="region"
        ),
    ],
)
def test_a_refusal_is_classified(reply: Any, trouble: Trouble) -> None:
    with pytest.raises(AzureError) as refused:
        azure(reply)[0].upgrade(("1",))
    assert refused.value.trouble is trouble
