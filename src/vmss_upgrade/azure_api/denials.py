"""What to do about 401 and 403: which right is missing, where, and when no role helps. Pure.

Azure's sentence about a linked resource begins with the action that the identity *has*; the one that it lacks, and
where, come after. Sources: wire facts ("403 dialects"); Azure/bicep#17206 and Azure/OpenShift#41 (a subscription of
another tenant); Azure/azure-cli#32417 and Azure/karpenter-provider-azure#794 (policies).
"""

from __future__ import annotations

import re

from vmss_upgrade.rollout.checks.rights import READER, UPGRADER, role_with
from vmss_upgrade.rollout.failures import COPY_OR_SHARE

OTHER_TENANT = "invalidauthenticationtokentenant"

_LACKS = re.compile(r"does not have authorization to perform action '([A-Za-z0-9./*_-]+)'(?: over scope '([^']+)')?")
_LACKS_LINKED = re.compile(
    r"does not have permission to perform action(?:\(s\))? '([^']+)' on the linked scope(?:\(s\))? '([^']+)'"
)
_NOT_LINKED = re.compile(r"not authorized to access linked subscription '([^']+)'")
_DENY_ASSIGNMENT = re.compile(r"deny assignment with name '([^']*)'(?: and Id '[^']*')?(?: at scope '([^']*)')?")
_POLICY = re.compile(r"\"policyAssignment\"\s*:\s*\{[^{}]*?\"name\"\s*:\s*\"([^\"]+)\"")
_NAMED_POLICY = re.compile(r"policy assignment '([^']+)'")  # as failures.py puts what stands in `additionalInfo`
_ISSUER = re.compile(
    r"wrong issuer 'https://[^/']+/([0-9a-f-]+)/?'.*?must match the tenant 'https://[^/']+/([0-9a-f-]+)", re.DOTALL
)
_OF_AN_IMAGE = re.compile(r"perform action 'Microsoft\.Compute/(?:galleries|images)/", re.IGNORECASE)
_OURS = "microsoft.compute/virtualmachine"  # the actions on scale sets and on machines

_ROLE = (
    f"Give the identity the roles in {READER.file} (on the subscription) and {UPGRADER.file} (on the scale set or its "
    "resource group)."
)


def remedy_for_denial(status: int, code: str, message: str) -> str:
    """Return what to do about a 401 or 403 of Resource Manager; empty where nothing is known that helps."""
    return _unauthorized(code.lower(), message) if status == 401 else _forbidden(code.lower(), message)


def _unauthorized(code: str, message: str) -> str:
    if code != OTHER_TENANT:
        return (
            "Azure does not accept the identity's token: find out whether the identity was disabled or deleted, and "
            "whether `environment` is the cloud of the subscription."
        )
    found = _ISSUER.search(message)
    ours, theirs = (f" ({found[1]})", f" ({found[2]})") if found else ("", "")
    return (
        f"What was asked for belongs to another tenant{theirs} than the one that the identity signed in to{ours}: "
        "check `subscription-id`, and sign in to that tenant."
    )


def _forbidden(code: str, message: str) -> str:
    if code.startswith("requestdisallowedbypolicy"):
        return _policy(message)
    if code == "denyassignmentauthorizationfailed" or _DENY_ASSIGNMENT.search(message):
        return _deny_assignment(message)
    if found := _NOT_LINKED.search(message):
        return _other_tenant(found[1], is_image=bool(_OF_AN_IMAGE.search(message)))
    if found := _LACKS_LINKED.search(message):
        return (
            f"The identity has the right on the scale set, but lacks {found[1]} on what it is linked to, {found[2]}: "
            "give it a role with that right there."
        )
    if code.startswith("linked"):
        return "The right that is missing is one on a linked resource (an image, network or identity), as Azure says."
    if found := _LACKS.search(message):
        return _missing(found[1], found[2] or "")
    return _ROLE if code == "authorizationfailed" else ""


def _other_tenant(subscription: str, *, is_image: bool) -> str:
    says = (
        f"The linked subscription {subscription} belongs to another tenant, and an identity signs in to one alone, so "
        "that no role helps."
    )
    return f"{says} {COPY_OR_SHARE}" if is_image else says


def _missing(action: str, scope: str) -> str:
    lacks = f"The identity lacks the action {action}."
    if action.lower().startswith(_OURS):
        role = role_with(action)
        return f"{lacks} Give it the role {role.name} ({role.file}){f' on {scope}' if scope else ''}."
    where = scope.partition("/providers/")[0] if action.lower().startswith("microsoft.compute/locations/") else scope
    return f"{lacks} Give it a role with that action{f' on {where}' if where else ''}."


def _policy(message: str) -> str:
    names = ", ".join(f"'{name}'" for name in dict.fromkeys(_POLICY.findall(message) + _NAMED_POLICY.findall(message)))
    which = f"the policy assignment {names}" if names else "a policy"
    return f"No role helps against {which}: ask its owner for an exemption, or for what it allows."


def _deny_assignment(message: str) -> str:
    found = _DENY_ASSIGNMENT.search(message)
    name = f" '{found[1]}'" if found and found[1] else ""
    where = f" at {found[2]}" if found and found[2] else ""
    return (
        f"No role helps against the deny assignment{name}{where}: ask its owner, such as the publisher of the "
        "managed application or the owner of the deployment stack that the scale set belongs to."
    )
