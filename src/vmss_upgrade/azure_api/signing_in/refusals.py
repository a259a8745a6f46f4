"""A refused sign-in in words: what was refused, what the token claimed where that may be why, and what to do. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

from vmss_upgrade.account import (
    AzurePipelinesOidc,
    ClientSecret,
    Federated,
    GitHubOidc,
    GitLabOidc,
    ManagedIdentity,
    TokenFile,
)
from vmss_upgrade.azure_api.failures import SignInRefused
from vmss_upgrade.azure_api.signing_in.federation import Claims, federation_remedy
from vmss_upgrade.azure_api.signing_in.remedies import (
    entra_remedy,
    expired_remedy,
    is_about_federation,
    is_expired,
    machine_remedy,
)

_OWNERS = {
    GitHubOidc: "GitHub's token",
    AzurePipelinesOidc: "The token of Azure Pipelines",
    GitLabOidc: "GitLab's token",
    TokenFile: "The file's token",
}
_AUDIENCES = {GitHubOidc: "the input `audience`", GitLabOidc: "`aud` under `id_tokens`"}


def refused_by_entra(
    sign_in: ClientSecret | Federated, sent: Mapping[str, Any], error: ClientAuthenticationError
) -> SignInRefused:
    """Return Entra's refusal; with what the token `sent` claims where that may be why."""
    said = _words(error)
    if isinstance(sign_in, ClientSecret):
        return SignInRefused(said, entra_remedy(said, sign_in.client_id))
    if is_expired(said) and isinstance(sign_in, GitLabOidc | TokenFile):
        return SignInRefused(said, expired_remedy(sign_in))
    if not is_about_federation(said):
        return SignInRefused(said, entra_remedy(said, sign_in.client_id))
    claims = Claims.of(sent)
    must = "the federated credential of the application must have the same issuer, subject and audience."
    message = f"{said} {_OWNERS[type(sign_in)]} has {claims}; {must}"
    remedy = federation_remedy(said, sign_in.client_id, claims, _AUDIENCES.get(type(sign_in), ""))
    return SignInRefused(message, remedy)


def refused_by_the_pipeline(sign_in: AzurePipelinesOidc, status: int | None) -> SignInRefused:
    """Return the refusal of Azure Pipelines, whose own words are a web page."""
    return SignInRefused(
        f"Azure Pipelines gives no OIDC token of the service connection {sign_in.connection_id} (HTTP {status}).",
        "Check that SYSTEM_ACCESSTOKEN is `$(System.AccessToken)` of this job, that the service connection uses "
        "workload identity federation, and that it permits this pipeline (Security, on its page).",
    )


def refused_by_the_machine(
    sign_in: ManagedIdentity, error: ClientAuthenticationError, *, is_answered: bool
) -> SignInRefused:
    """Return the identity service's own words, without azure-identity's claim that there was no response."""
    said = _words(error)
    _, refused, why = said.partition("Token request error: ")
    message = f"The runner's machine gets no token of a managed identity: {why if refused else said}"
    return SignInRefused(message, machine_remedy(said, sign_in.client_id, is_answered=is_answered))


def _words(error: HttpResponseError) -> str:
    return str(error.message).strip() or "The sign-in was refused."
