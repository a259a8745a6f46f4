"""The first way to sign in that the job offers, in one line of the log, and the whole text where there is none."""

from __future__ import annotations

import pytest
from test_inputs import CLIENT, MICROSOFT, OIDC, TENANT, parsed, problems

from vmss_upgrade.account import AzurePipelinesOidc, GitLabOidc, ManagedIdentity, TokenFile

HOSTED = {"RUNNER_ENVIRONMENT": "github-hosted", "GITHUB_ACTIONS": "true"}
SELF_HOSTED = {"RUNNER_ENVIRONMENT": "self-hosted", "GITHUB_ACTIONS": "true"}
NO_OIDC = dict.fromkeys(OIDC, "")
NO_IDS = {"tenant-id": "", "client-id": ""}
CLIENT_ALONE = {"tenant-id": ""}
SECRET = {"client-secret": "s3cret"}

POD_CLIENT, POD_TENANT = "00000000-0000-4000-8000-0000000000aa", "00000000-0000-4000-8000-0000000000bb"
PATH = "/var/run/secrets/azure/tokens/azure-identity-token"
POD = {
    "AZURE_AUTHORITY_HOST": "https://login.microsoftonline.com/",
    "AZURE_CLIENT_ID": POD_CLIENT,
    "AZURE_TENANT_ID": POD_TENANT,
    "AZURE_FEDERATED_TOKEN_FILE": PATH,
}
CONNECTION = "00000000-0000-4000-8000-0000000000cc"
PIPELINES = {
    **NO_OIDC,
    "TF_BUILD": "True",
    "SYSTEM_OIDCREQUESTURI": "https://dev.azure.invalid/o/p/_apis/distributedtask/hubs/build/plans/1/jobs/2/oidctoken",
    "SYSTEM_ACCESSTOKEN": "pipeline-token",
    "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": CONNECTION,
    "AZURESUBSCRIPTION_CLIENT_ID": POD_CLIENT,
    "AZURESUBSCRIPTION_TENANT_ID": POD_TENANT,
}
GITLAB = {**NO_OIDC, "GITLAB_CI": "true", "GITLAB_OIDC_TOKEN": "a.b.c"}
GITLABS_IDS = {"AZURE_CLIENT_ID": POD_CLIENT, "AZURE_TENANT_ID": POD_TENANT}

WITH_GITHUB = f"Signing in with GitHub's OIDC token (workload identity federation) at {MICROSOFT}"
WITH_FILE = f"Signing in with the token in {PATH} (workload identity federation) at {MICROSOFT}"
WITH_MACHINE = "Signing in with the managed identity of this machine at http://169.254.169.254"
WITH_ONE = f"Signing in with the managed identity {CLIENT} of this machine at http://169.254.169.254"
WITH_SECRET = f"Signing in with a client secret at {MICROSOFT}"
WITH_PIPELINES = (
    "Signing in with the service connection's OIDC token of Azure Pipelines (workload identity federation) at "
    f"{MICROSOFT}"
)
WITH_GITLAB = f"Signing in with GitLab's ID token (workload identity federation) at {MICROSOFT}"
NOT_FILE = " (not with the token file of AZURE_FEDERATED_TOKEN_FILE)"
NOT_GITHUB = " (not with GitHub's OIDC token)"


@pytest.mark.parametrize(
    ("given", "job", "line"),
    [
        pytest.param({}, HOSTED, WITH_GITHUB, id="hosted"),
        pytest.param({}, {**SELF_HOSTED, **POD}, f"{WITH_GITHUB}{NOT_FILE}", id="arc-pod-with-both-tokens"),
        pytest.param(NO_IDS, {**SELF_HOSTED, **POD}, WITH_FILE, id="arc-pod-without-ids"),
        pytest.param(CLIENT_ALONE, {**SELF_HOSTED, **POD}, WITH_FILE, id="arc-pod-with-another-client"),
        pytest.param({}, {**SELF_HOSTED, **POD, **NO_OIDC}, WITH_FILE, id="arc-pod-without-id-token"),
        pytest.param(SECRET, HOSTED, f"{WITH_SECRET}{NOT_GITHUB}", id="secret-before-a-token"),
        pytest.param(
            SECRET,
            {**SELF_HOSTED, **POD},
            f"{WITH_SECRET} (not with GitHub's OIDC token or the token file of AZURE_FEDERATED_TOKEN_FILE)",
            id="secret-before-everything",
        ),
        pytest.param(SECRET, {**HOSTED, **NO_OIDC}, WITH_SECRET, id="secret"),
        pytest.param(NO_IDS, {**SELF_HOSTED, **NO_OIDC}, WITH_MACHINE, id="machine"),
        pytest.param(CLIENT_ALONE, {**SELF_HOSTED, **NO_OIDC}, WITH_ONE, id="one-identity-of-a-machine"),
        pytest.param(
            CLIENT_ALONE, SELF_HOSTED, f"{WITH_ONE}{NOT_GITHUB}", id="one-identity-although-the-job-has-a-token"
        ),
        pytest.param(NO_IDS, NO_OIDC, WITH_MACHINE, id="machine-outside-github"),
        pytest.param(NO_IDS, PIPELINES, WITH_PIPELINES, id="azure-pipelines"),
        pytest.param({}, PIPELINES, WITH_PIPELINES, id="azure-pipelines-with-ids"),
        pytest.param({}, GITLAB, WITH_GITLAB, id="gitlab"),
        pytest.param(NO_IDS, {**GITLAB, **GITLABS_IDS}, WITH_GITLAB, id="gitlab-with-ids-in-variables"),
        pytest.param(NO_IDS, {**NO_OIDC, **POD}, WITH_FILE, id="pod-outside-github"),
    ],
)
def test_the_first_way_that_is_complete_signs_in(given: dict[str, str], job: dict[str, str], line: str) -> None:
    assert parsed(given, **job).account.signing_in == line


def test_inputs_come_before_variables() -> None:
    assert parsed(NO_IDS, **{**NO_OIDC, **POD}).account.sign_in == TokenFile(
        tenant_id=POD_TENANT, client_id=POD_CLIENT, path=PATH
    )
    assert parsed({}, **{**NO_OIDC, **POD}).account.sign_in == TokenFile(tenant_id=TENANT, client_id=CLIENT, path=PATH)
    assert parsed(NO_IDS, **PIPELINES).account.sign_in == AzurePipelinesOidc(
        tenant_id=POD_TENANT,
        client_id=POD_CLIENT,
        connection_id=CONNECTION,
        request_url=PIPELINES["SYSTEM_OIDCREQUESTURI"],
        access_token="pipeline-token",
    )
    assert parsed({}, **GITLAB).account.sign_in == GitLabOidc(tenant_id=TENANT, client_id=CLIENT, token="a.b.c")
    assert parsed(CLIENT_ALONE, **SELF_HOSTED).account.sign_in == ManagedIdentity(client_id=CLIENT)


@pytest.mark.parametrize("job", [PIPELINES, GITLAB], ids=["azure-pipelines", "gitlab"])
def test_a_token_does_not_show(job: dict[str, str]) -> None:
    sign_in = parsed({}, **job).account.sign_in
    assert not [shown for shown in (repr(sign_in), str(sign_in)) if "pipeline-token" in shown or "a.b.c" in shown]


EMPTY = "(empty: is the variable set in this repository or environment?)"
ELSEWHERE = "(not given, or the variable is empty)"
COPY = "Copy it from `az account show --query tenantId`."
BOTH = "Give it: both `tenant-id` and `client-id` are needed to sign in"
ALONE = "`client-id` alone names a managed identity of a self-hosted runner."
PERMISSION = (
    "the job lacks `id-token: write`, so that GitHub gives it no OIDC token (ACTIONS_ID_TOKEN_REQUEST_URL and "
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN are not set). Add `permissions: id-token: write` to the job, beside `contents: "
    "read` if it checks out. Pull requests from forks never get a token. To sign in with a secret instead, give "
    "`client-secret`, which is empty"
)
MAP = "Add `env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)` to the task."
NOT_GIVEN = "is not set (in the environment): a task does not get it by itself"
NO_GUID = "(in the environment) is not a GUID, such as 00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize(
    ("given", "job", "texts"),
    [
        pytest.param({}, {**HOSTED, **NO_OIDC}, {"permissions": f"{PERMISSION}."}, id="no-id-token-permission"),
        pytest.param(
            {},
            {**SELF_HOSTED, **NO_OIDC},
            {
                "permissions": f"{PERMISSION}, or leave `tenant-id` out to sign in with a managed identity of the "
                "runner's machine."
            },
            id="no-id-token-permission-on-a-machine",
        ),
        pytest.param(
            CLIENT_ALONE,
            HOSTED,
            {"tenant-id": f"is missing {EMPTY}. {BOTH} with GitHub's OIDC token. {ALONE} {COPY}"},
            id="client-id-alone-on-a-hosted-runner",
        ),
        pytest.param(
            CLIENT_ALONE,
            {**HOSTED, **NO_OIDC},
            {"tenant-id": f"is missing {EMPTY}. {BOTH}. {ALONE} {COPY}", "permissions": f"{PERMISSION}."},
            id="client-id-alone-and-no-permission",
        ),
        pytest.param(
            {"client-id": ""},
            HOSTED,
            {"client-id": f"is missing {EMPTY}. {BOTH} with GitHub's OIDC token."},
            id="tenant-alone",
        ),
        pytest.param(
            {"client-id": "", **SECRET},
            HOSTED,
            {"client-id": f"is missing {EMPTY}. {BOTH}."},
            id="secret-without-client",
        ),
        pytest.param(
            CLIENT_ALONE,
            {**SELF_HOSTED, **NO_OIDC, "AZURE_FEDERATED_TOKEN_FILE": PATH},
            {
                "tenant-id": f"is missing {EMPTY}. {BOTH} with the token file of AZURE_FEDERATED_TOKEN_FILE. {ALONE} "
                f"{COPY}"
            },
            id="token-file-without-tenant",
        ),
        pytest.param(
            NO_IDS,
            {**NO_OIDC, **POD, "AZURE_CLIENT_ID": "my-app", "AZURE_TENANT_ID": "a b"},
            {
                "AZURE_TENANT_ID": f"'a b' {NO_GUID}. Correct it, or give the input.",
                "AZURE_CLIENT_ID": f"'my-app' {NO_GUID}. Correct it, or give the input.",
            },
            id="variables-that-are-no-ids",
        ),
        pytest.param(
            {},
            {**NO_OIDC, "AZURE_FEDERATED_TOKEN_FILE": "/a\nb"},
            {
                "AZURE_FEDERATED_TOKEN_FILE": "'/a\\nb' (in the environment) is not the path of a file. Correct it, "
                "or unset it."
            },
            id="token-file-with-a-line-break",
        ),
        pytest.param(
            {}, {**PIPELINES, "SYSTEM_ACCESSTOKEN": ""}, {"SYSTEM_ACCESSTOKEN": f"{NOT_GIVEN}. {MAP}"}, id="no-token"
        ),
        pytest.param(
            {},
            {**PIPELINES, "SYSTEM_ACCESSTOKEN": "$(System.AccessToken)"},
            {"SYSTEM_ACCESSTOKEN": f"{NOT_GIVEN}. {MAP}"},
            id="token-that-nobody-filled-in",
        ),
        pytest.param(
            {},
            {**PIPELINES, "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": "azure"},
            {
                "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": f"'azure' {NO_GUID}. Copy `resourceId` out of the address "
                "of the service connection's page."
            },
            id="name-of-a-connection",
        ),
        pytest.param(
            {},
            {**PIPELINES, "SYSTEM_OIDCREQUESTURI": ""},
            {
                "SYSTEM_OIDCREQUESTURI": "(in the environment) is not an https address. Leave it to the runner: find "
                "out what sets it in the job."
            },
            id="no-address-of-the-pipeline",
        ),
        pytest.param(
            {},
            {**PIPELINES, "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": ""},
            {
                "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": "is not set (in the environment), so that Azure Pipelines "
                "gives no OIDC token of a service connection. Run inside the task AzureCLI@2 with `azureSubscription`, "
                "which sets it, or set it to the service connection's id (`resourceId` in the address of its page)."
            },
            id="no-connection",
        ),
        pytest.param(
            {},
            {**GITLAB, "GITLAB_OIDC_TOKEN": ""},
            {
                "GITLAB_OIDC_TOKEN": "is not set (in the environment), so that there is no ID token of GitLab's. Add "
                "to the job: `id_tokens: {GITLAB_OIDC_TOKEN: {aud: api://AzureADTokenExchange}}`."
            },
            id="no-id-tokens",
        ),
        pytest.param(
            {},
            {**GITLAB, "GITLAB_OIDC_TOKEN": "a b"},
            {
                "GITLAB_OIDC_TOKEN": "(in the environment) cannot be sent as a token. Leave it to GitLab: name it "
                "under `id_tokens` alone."
            },
            id="token-of-gitlab-that-is-none",
        ),
        pytest.param(
            NO_IDS,
            GITLAB,
            {
                "tenant-id": f"is missing {ELSEWHERE}. Give it, or set AZURE_TENANT_ID: both `tenant-id` and "
                f"`client-id` are needed to sign in with GitLab's ID token. {COPY}",
                "client-id": f"is missing {ELSEWHERE}. Give it, or set AZURE_CLIENT_ID: both `tenant-id` and "
                "`client-id` are needed to sign in with GitLab's ID token.",
            },
            id="token-of-gitlab-without-ids",
        ),
        pytest.param(
            {},
            NO_OIDC,
            {
                "client-secret": "is missing (not given, or the variable is empty), and "
                "there is no token to sign in with (of GitHub, Azure Pipelines or GitLab, or in the file that "
                "AZURE_FEDERATED_TOKEN_FILE names). Set AZURE_CLIENT_SECRET, or run where there is such a token. On "
                "a machine with a managed identity, leave `tenant-id` out."
            },
            id="nothing-to-sign-in-with",
        ),
    ],
)
def test_the_whole_text_where_nobody_can_sign_in(
    given: dict[str, str], job: dict[str, str], texts: dict[str, str]
) -> None:
    assert problems(given, **job) == texts


@pytest.mark.parametrize("name", ["tenant-id", "client-id"])
def test_a_missing_permission_is_not_blamed_on_the_secret(name: str) -> None:
    assert "client-secret" not in problems({name: ""}, **HOSTED, **NO_OIDC)
