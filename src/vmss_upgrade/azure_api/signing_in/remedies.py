"""Remedies for a refused sign-in: by Entra's number (AADSTS...), or by the words of the machine's identity service.

Sources: Microsoft's page on Entra's error codes; Azure/Synapse-workspace-deployment#114 (several identities on a
self-hosted runner); the metadata service's "Identity not found", microsoft/ga4gh-tes#534. Pure.
"""

from __future__ import annotations

import re

from vmss_upgrade.account import GitLabOidc, TokenFile

_NUMBER = re.compile(r"AADSTS(\d+)")

# azure-identity's words for a token of another identity than was asked for, as Azure Arc's older agents give one
NOT_CONFIRMED = "did not confirm the requested user-assigned managed identity"

# {client} is the client id that was signed in with
_TENANT = (
    "Check `tenant-id`: there is no such tenant in the cloud that `environment` names. `az account show --query "
    "tenantId` prints the one that az is signed in to."
)
_CLOUD = (
    "Check `environment` (and `authority-host`): tenant and application are of another cloud. `az account show --query "
    "environmentName` prints that of a subscription."
)
_APPLICATION = (
    "Check `client-id`, which is the application (client) id and no object id, and `tenant-id`: that tenant has no "
    "such application. `az ad sp show --id {client}` looks it up, `az identity list --query '[].[name, clientId]' "
    "--output table` lists managed identities."
)
_NO_PRINCIPAL = (
    "The application of `client-id` has no service principal in the tenant of `tenant-id`: "
    "`az ad sp create --id {client}`."
)
_SECRET = (
    "Check `client-secret`: it must be the value, not the id, of a secret of the application that `client-id` names. "
    "`az ad app credential reset --id {client} --append` makes a new one."
)
_EXPIRED = (
    "`client-secret` has expired: make a new one by `az ad app credential reset --id {client} --append`, or sign in "
    "with GitHub's OIDC token."
)
_DISABLED = (
    "What `client-id` names was disabled or blocked in the tenant: have it enabled again by an administrator, "
    "`az ad sp update --id {client} --set accountEnabled=true`."
)
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
_OLD_FILE = (
    "The token in {path} has expired. Kubernetes renews that of a pod by itself; a file that a step wrote must be "
    "written anew, and be valid until the rollout's end."
)
_OLD_GITLAB = (
    "GitLab's token has expired: it is valid as long as the job's `timeout` in .gitlab-ci.yml, so make that longer "
    "than the rollout may take."
)

_BY_NUMBER = {
    **dict.fromkeys(("90002", "900021", "900023", "50059"), _TENANT),
    **dict.fromkeys(("900382", "900432", "900439"), _CLOUD),
    "700016": _APPLICATION,
    "7000229": _NO_PRINCIPAL,
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


def entra_remedy(message: str, client_id: str) -> str:
    """Return what to do about a refusal of Entra's; empty where its number is unknown, or missing."""
    return _BY_NUMBER.get(_number_in(message), "").replace("{client}", client_id)


def is_about_federation(message: str) -> bool:
    """Return True if the token and the federated credential may differ, by the number or for want of one.

    The numbers are 70021 with what follows it (700211 issuer, 700212 audience, 700213 subject, 7002138 its case), and
    70025, where there is no federated credential at all.
    """
    number = _number_in(message)
    return number in ("", "70025") or number.startswith("70021")


def is_expired(message: str) -> bool:
    """Return True if Entra says that the token is too old, or too new."""
    return _number_in(message) == "700024"


def expired_remedy(sign_in: GitLabOidc | TokenFile) -> str:
    """Return what to do about a token that nobody made for this sign-in alone."""
    return _OLD_FILE.replace("{path}", sign_in.path) if isinstance(sign_in, TokenFile) else _OLD_GITLAB


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
