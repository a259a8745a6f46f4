"""Which scale set, in which cloud, and as whom to sign in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from vmss_upgrade.account import Account, ClientSecret, Cloud, GitHubOidc, ManagedIdentity, SignIn
from vmss_upgrade.inputs.form import IDENTIFIER, Form
from vmss_upgrade.inputs.values import is_address

ENVIRONMENTS: Final = ("AzureCloud", "AzureUSGovernment", "AzureChinaCloud")

_NAME = re.compile(r"[\w.()-]+")
_SCALE_SET_ID = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
    r"/providers/Microsoft\.Compute/virtualMachineScaleSets/(?P<name>[^/]+)/?",
    re.IGNORECASE,
)


def account_of(form: Form, environ: Mapping[str, str]) -> Account:
    """The account that the inputs and the job's environment describe."""
    subscription, group, name = _scale_set(form)
    return Account(
        cloud=_cloud(form, environ),
        sign_in=_sign_in(form, environ),
        subscription_id=subscription,
        resource_group=group,
        scale_set=name,
    )


def _scale_set(form: Form) -> tuple[str, str, str]:
    """Subscription, resource group and name: from the resource id where one was given, else from three inputs."""
    value = form["scale-set"]
    subscription = form.matching("subscription-id", IDENTIFIER, "Copy it from `az account show --query id`.")
    group = form.matching("resource-group", _NAME, "Give the name alone, as `az group list` prints it.")
    if value.startswith("/"):
        found = _SCALE_SET_ID.fullmatch(value)
        if found is None:
            form.problem(
                "scale-set",
                f"{value!r} is not the resource id of a scale set",
                "Copy it from `az vmss show --query id`.",
            )
            return "", "", ""
        _refuse_contradiction(form, "subscription-id", subscription, found["subscription"])
        _refuse_contradiction(form, "resource-group", group, found["group"])
        return found["subscription"], found["group"], found["name"]
    if not value:
        form.problem("scale-set", "is missing", "Give the scale set's name, or its whole resource id.")
    else:
        form.matching("scale-set", _NAME, "Give the name alone, or the whole resource id.")
    if not group:
        form.problem("resource-group", "is missing", "Give it, or a whole resource id as `scale-set`.")
    if not subscription:
        form.problem("subscription-id", "is missing", "Give it, or a whole resource id as `scale-set`.")
    return subscription, group, value


def _refuse_contradiction(form: Form, name: str, given: str, in_id: str) -> None:
    if given and given.lower() != in_id.lower():
        form.problem(name, f"{given!r} contradicts {in_id!r} in the resource id in `scale-set`", f"Leave `{name}` out.")


def _cloud(form: Form, environ: Mapping[str, str]) -> Cloud:
    endpoint = form["resource-manager-endpoint"]
    if endpoint and not _is_https(endpoint):
        form.problem(
            "resource-manager-endpoint",
            f"{endpoint!r} is not an https address",
            "Write https://HOST or https://HOST:PORT.",
        )
    authority = environ.get("AZURE_AUTHORITY_HOST", "").strip()
    if authority and "://" not in authority:
        authority = f"https://{authority}"
    if authority and not _is_https(authority):
        form.problem(
            "AZURE_AUTHORITY_HOST", f"{authority!r} (in the environment) is not an https address", "Write https://HOST."
        )
    return Cloud(
        environment=form.choice("environment", ENVIRONMENTS) or ENVIRONMENTS[0],
        resource_manager_endpoint=endpoint,
        authority_host=authority,
        audience=form["audience"],
    )


def _is_https(address: str) -> bool:
    return is_address(address, ("https",)) and "?" not in address


def _sign_in(form: Form, environ: Mapping[str, str]) -> SignIn:
    """A given secret wins; else GitHub's OIDC token; a managed identity only where nothing else was given."""
    tenant = form.matching("tenant-id", IDENTIFIER, "Copy it from `az account show --query tenantId`.")
    client = form.matching("client-id", IDENTIFIER, "Copy the application (client) id.")
    secret = form["client-secret"]
    url = environ.get("ACTIONS_ID_TOKEN_REQUEST_URL", "")
    token = environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
    self_hosted = environ.get("RUNNER_ENVIRONMENT", "") == "self-hosted"
    if not (tenant or client or secret) and self_hosted:
        return ManagedIdentity()
    for name, value in (("tenant-id", tenant), ("client-id", client)):
        if not value:
            form.problem(name, "is missing", "Give it: both `tenant-id` and `client-id` are needed to sign in.")
    if secret:
        return ClientSecret(tenant_id=tenant, client_id=client, secret=secret)
    if not (url and token):
        form.problem(
            "client-secret",
            "is not given, and the job may not ask for GitHub's OIDC token "
            "(ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN are not set)",
            "Add `permissions: id-token: write` to the job (it is not available to pull requests from forks), "
            "or give `client-secret`.",
        )
    return GitHubOidc(tenant_id=tenant, client_id=client, request_url=url, request_token=token)
