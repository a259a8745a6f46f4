"""What is said where nobody can sign in: the ids that are missing, and the token that the job does not have."""

from __future__ import annotations

from typing import Final

from vmss_upgrade.inputs.form import EMPTY, Form

GITHUB_URL: Final = "ACTIONS_ID_TOKEN_REQUEST_URL"
GITHUB_TOKEN: Final = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
CONNECTION: Final = "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID"
GITLAB_TOKEN: Final = "GITLAB_OIDC_TOKEN"
TOKEN_FILE: Final = "AZURE_FEDERATED_TOKEN_FILE"
IN_THE_ENVIRONMENT: Final = "(in the environment)"
TENANT_REMEDY: Final = "Copy it from `az account show --query tenantId`."


def require_ids(form: Form, tenant: str, client: str, way: str) -> None:
    """Note which ids are missing for a secret, or for the first way that the job offers."""
    with_what = f"to sign in with {way}" if way else "to sign in"
    for name, value in (("tenant-id", tenant), ("client-id", client)):
        if not value:
            remedy = f"Give it{_or_its_variable(form, name)}: both `tenant-id` and `client-id` are needed {with_what}."
            if name == "tenant-id" and client and form.is_of_github:
                remedy += " `client-id` alone names a managed identity of a self-hosted runner."
            form.problem(name, f"is missing {EMPTY}", f"{remedy} {TENANT_REMEDY}" if name == "tenant-id" else remedy)


def refuse_without_token(form: Form) -> None:
    """Note what the job lacks to get a token to sign in with, in the words of where it runs."""
    if form.is_of_github:
        own = ", or leave `tenant-id` out to sign in with a managed identity of the runner's machine"
        form.problem(
            "permissions",
            f"the job lacks `id-token: write`, so that GitHub gives it no OIDC token ({GITHUB_URL} and "
            f"{GITHUB_TOKEN} are not set)",
            "Add `permissions: id-token: write` to the job, beside `contents: read` if it checks out. Pull requests "
            "from forks never get a token. To sign in with a secret instead, give `client-secret`, which is empty"
            f"{own if is_self_hosted(form) else ''}.",
        )
    elif form.variable("TF_BUILD"):
        form.problem(
            CONNECTION,
            f"is not set {IN_THE_ENVIRONMENT}, so that Azure Pipelines gives no OIDC token of a service connection",
            "Run inside the task AzureCLI@2 with `azureSubscription`, which sets it, or set it to the service "
            "connection's id (`resourceId` in the address of its page).",
        )
    elif form.variable("GITLAB_CI"):
        form.problem(
            GITLAB_TOKEN,
            f"is not set {IN_THE_ENVIRONMENT}, so that there is no ID token of GitLab's",
            f"Add to the job: `id_tokens: {{{GITLAB_TOKEN}: {{aud: api://AzureADTokenExchange}}}}`.",
        )
    else:
        form.problem(
            "client-secret",
            f"is missing {EMPTY}, and there is no token to sign in with (of GitHub, "
            f"Azure Pipelines or GitLab, or in the file that {TOKEN_FILE} names)",
            "Set AZURE_CLIENT_SECRET, or run where there is such a token. On a machine with a managed identity, leave "
            "`tenant-id` out.",
        )


def _or_its_variable(form: Form, name: str) -> str:
    """Return the variable that stands in for an id: not on GitHub, and a service connection brings both."""
    if form.is_of_github or form.variable(CONNECTION):
        return ""
    return f", or set AZURE_{name.upper().replace('-', '_')}"


def is_self_hosted(form: Form) -> bool:
    return form.variable("RUNNER_ENVIRONMENT") == "self-hosted"
