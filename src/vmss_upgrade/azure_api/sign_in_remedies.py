"""Remedies for a refused sign-in: by Entra's number (AADSTS...), or by the words of the machine's identity service.

Sources: Microsoft's page on Entra's error codes; Azure/Synapse-workspace-deployment#114 (several identities on a
self-hosted runner); the metadata service's "Identity not found", microsoft/ga4gh-tes#534. Pure.
"""

from __future__ import annotations

import re

_NUMBER = re.compile(r"AADSTS(\d+)")

# azure-identity's words for a token of another identity than was asked for, as Azure Arc's older agents give one
NOT_CONFIRMED = "did not confirm the requested user-assigned managed identity"

# of these alone GitHub's token, or the federated credential that it is compared with, is the cause
_FEDERATED = ("70021", "700211", "700212", "700213", "70025")

_TENANT = "Check `tenant-id`: there is no such tenant in the cloud that `environment` names."
_CLOUD = "Check `environment` (and `authority-host`): tenant and application are of another cloud."
_APPLICATION = (
    "Check `client-id`, which is the application (client) id and no object id, and `tenant-id`: that tenant has no "
    "such application."
)
_FEDERATION = (
    "Correct the federated credential of the application that `client-id` names, or the job (its branch, environment "
    "or `audience`)."
)
_SECRET = (
    "Check `client-secret`: it must be the value, not the id, of a secret of the application that `client-id` names."
)
_EXPIRED = "`client-secret` has expired: make a new secret for the application, or sign in with GitHub's OIDC token."
_DISABLED = "What `client-id` names was disabled or blocked in the tenant: have it enabled again by an administrator."
_CONDITIONAL_ACCESS = (
    "A Conditional Access policy of the tenant blocks this sign-in: ask its administrator to allow `client-id` from "
    "where the runner is."
)
_MFA = (
    "The tenant asks for multifactor authentication, which no job can give: ask its administrator to exempt what "
    "`client-id` names."
)
_RESOURCE = (
    "Check `environment` (or `resource-manager-endpoint`) and `tenant-id`: that tenant does not know the Azure that a "
    "token was asked for."
)
_CLOCK = "The runner's clock, or that of the sign-in service, is wrong: set the runner's clock, then run again."

_BY_NUMBER = {
    **dict.fromkeys(("90002", "900021", "900023", "50059"), _TENANT),
    **dict.fromkeys(("900382", "900432", "900439"), _CLOUD),
    **dict.fromkeys(("700016", "7000229"), _APPLICATION),
    **dict.fromkeys(_FEDERATED, _FEDERATION),
    "7000215": _SECRET,
    "7000222": _EXPIRED,
    **dict.fromkeys(("50057", "7000112"), _DISABLED),
    **dict.fromkeys(("53000", "53001", "53002", "53003", "53004", "530032"), _CONDITIONAL_ACCESS),
    **dict.fromkeys(("50072", "50074", "50076", "50079"), _MFA),
    **dict.fromkeys(("500011", "500014"), _RESOURCE),
    "700024": _CLOCK,
}

_SEVERAL = (
    "The runner's machine has several user-assigned identities: give the client id of the one that is meant as "
    "`client-id`."
)
_NOT_ASSIGNED = (
    "The runner's machine has no identity with this `client-id`: correct it, or assign that identity to the machine."
)
_NONE = (
    "The runner's machine has no managed identity: assign one to it, or give `tenant-id` and `client-id` to sign in as "
    "an application."
)
_OWN_ALONE = "The runner's machine has an identity of its own alone: leave `client-id` out."
_NO_SERVICE = (
    "Nobody gives out managed identities where this runner is: run on a machine of Azure's that has one, or give "
    "`tenant-id` and `client-id` to sign in as an application."
)


def entra_remedy(message: str) -> str:
    """Return what to do about a refusal of Entra's; empty where its number is unknown, or missing."""
    return _BY_NUMBER.get(_number_in(message), "")


def is_about_federation(message: str) -> bool:
    """Return True if GitHub's token and the federated credential may differ, by the number or for want of one."""
    return _number_in(message) in ("", *_FEDERATED)


def machine_remedy(message: str, client_id: str, *, is_answered: bool) -> str:
    """Return what to do if a machine gets no token of its managed identity; empty where nothing is known."""
    said = message.lower()
    if "multiple user assigned identities" in said:
        return _SEVERAL
    if "identity not found" in said:
        return _NOT_ASSIGNED if client_id else _NONE
    if NOT_CONFIRMED in message:
        return _OWN_ALONE
    return "" if is_answered and "unreachable" not in said else _NO_SERVICE  # so says Docker's own proxy


def _number_in(message: str) -> str:
    found = _NUMBER.search(message)
    return found[1] if found else ""
