"""Signing in with tokens of other places than GitHub, and the whole text of every refusal that a user can correct."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from azure.core.exceptions import AzureError as SdkError
from azure.core.exceptions import ServiceResponseError
from scripted import answer, jwt

from azure_simulator import Reply, VirtualClock
from azure_simulator.transport import SimulatorTransport
from vmss_upgrade.account import AzurePipelinesOidc, ClientSecret, Cloud, GitHubOidc, GitLabOidc, SignIn, TokenFile
from vmss_upgrade.azure_api.endpoints import endpoints_of
from vmss_upgrade.azure_api.failures import SignInRefused
from vmss_upgrade.azure_api.signing_in.credential import Credential

TENANT, CLIENT = "contoso.com", "00000000-0000-4000-8000-0000000000c1"
CONNECTION = "00000000-0000-4000-8000-0000000000cc"
IDS = {"tenant_id": TENANT, "client_id": CLIENT}
URL = "https://dev.azure.test/o/p/_apis/distributedtask/hubs/build/plans/1/jobs/2/oidctoken"
CLOUD = Cloud(resource_manager_endpoint="https://manager.test", authority_host="https://login.test")
CONFIGURATION = {
    "issuer": "https://login.test/contoso.com/v2.0",
    "authorization_endpoint": "https://login.test/contoso.com/oauth2/v2.0/authorize",
    "token_endpoint": "https://login.test/contoso.com/oauth2/v2.0/token",
}
GIVEN = {"token_type": "Bearer", "expires_in": 3600, "access_token": "access"}
AUDIENCE = "api://AzureADTokenExchange"

OF_GITHUB = jwt(
    iss="https://token.actions.githubusercontent.com",
    sub="repo:octo/shop:environment:Production",
    aud=AUDIENCE,
    repository_owner_id="123",
    repository_id="456",
    exp=4_000_000_000,
)
WITH_IDS = jwt(
    iss="https://token.actions.githubusercontent.com",
    sub="repo:octo@123/shop@456:ref:refs/heads/main",
    aud=AUDIENCE,
    repository_owner_id="123",
    repository_id="456",
    exp=4_000_000_000,
)
OF_A_POD = jwt(iss="https://oidc.test/cluster/", sub="system:serviceaccount:arc:rollout", aud=[AUDIENCE, "other"])
OF_A_PIPELINE = jwt(iss="https://login.test/id/v2.0", sub="/eid1/c/pub/t/x/a/y/sc/1/2", aud=AUDIENCE)
OF_GITLAB = jwt(iss="https://gitlab.test", sub="project_path:octo/shop:ref_type:branch:ref:main", aud=AUDIENCE)
HOSTILE = jwt(iss="https://e.test/`id`", sub="x\n::error::y", aud=AUDIENCE)


class Services:
    """Entra, GitHub and Azure DevOps: what was sent to each, in order, and what is answered."""

    def __init__(self, *, entra: Reply | None = None, github: str = OF_GITHUB, pipeline: Reply | None = None) -> None:
        self.entra = entra or answer(200, GIVEN)
        self.github = github
        self.pipeline = pipeline or answer(200, {"oidcToken": OF_A_PIPELINE})
        self.log: list[str] = []
        self.forms: list[dict[str, list[str]]] = []
        self.asked: list[tuple[str, str, dict[str, str]]] = []

    def exchange(self, method: str, url: str, headers: Any, body: bytes, patience: float | None) -> Reply:
        host = urlsplit(url).hostname or ""
        self.log.append(host)
        self.asked.append((method, url, dict(headers)))
        if host == "github.test":
            return answer(200, {"value": self.github})
        if host == "dev.azure.test":
            return self.pipeline
        if url.endswith("/openid-configuration"):
            return answer(200, CONFIGURATION)
        self.forms.append(parse_qs(body.decode()))
        return self.entra

    def mask(self, secret: str) -> None:
        self.log.append(f"mask {secret}")

    def credential(self, sign_in: SignIn) -> Credential:
        transport = SimulatorTransport(self.exchange, VirtualClock().sleep)
        return Credential(sign_in, endpoints_of(CLOUD), transport, self.mask)

    def sign_in(self, sign_in: SignIn) -> str:
        return str(self.credential(sign_in).get_token("https://manager.test/.default").token)

    def refusal(self, sign_in: SignIn) -> SignInRefused:
        with pytest.raises(SignInRefused) as refused:
            self.sign_in(sign_in)
        return refused.value


GITHUB = GitHubOidc(**IDS, request_url="https://github.test/token?v=1", request_token="bearer")
GITLAB = GitLabOidc(**IDS, token=OF_GITLAB)
PIPELINES = AzurePipelinesOidc(**IDS, connection_id=CONNECTION, request_url=URL, access_token="pipeline-token")


@pytest.fixture(autouse=True)
def pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set what azure-identity reads of the environment by itself."""
    monkeypatch.setenv("SYSTEM_OIDCREQUESTURI", URL)


def file_with(folder: Path, content: str | bytes = OF_A_POD) -> TokenFile:
    path = folder / "token"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return TokenFile(**IDS, path=str(path))


# -- signing in ------------------------------------------------------------------------------------------------------


def test_a_token_in_a_file_signs_in(tmp_path: Path) -> None:
    services = Services()
    assert services.sign_in(file_with(tmp_path)) == "access"
    assert services.forms[0]["client_assertion"] == [OF_A_POD]
    assert services.forms[0]["client_id"] == [CLIENT]
    assert {entry for entry in services.log if "mask" not in entry} == {"login.test"}
    assert services.log[-3:] == [f"mask {OF_A_POD}", "login.test", "mask access"]


def test_gitlab_s_token_signs_in() -> None:
    services = Services()
    assert services.sign_in(GITLAB) == "access"
    assert services.forms[0]["client_assertion"] == [OF_GITLAB]


def test_a_service_connection_of_azure_pipelines_signs_in() -> None:
    services = Services()
    assert services.sign_in(PIPELINES) == "access"
    assert services.forms[0]["client_assertion"] == [OF_A_PIPELINE]
    method, url, headers = next(each for each in services.asked if "dev.azure" in each[1])
    assert (method, headers["Authorization"]) == ("POST", "Bearer pipeline-token")
    assert url == f"{URL}?api-version=7.1&serviceConnectionId={CONNECTION}"
    before, after = services.log.index("dev.azure.test"), services.log.index(f"mask {OF_A_PIPELINE}")
    assert before < after < len(services.log) - 2, "it is masked before it is sent to Entra"
    assert not any("pipeline-token" in str(form) for form in services.forms)


def test_a_pipeline_is_asked_at_the_address_that_was_examined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSTEM_OIDCREQUESTURI", "https://evil.test/token")
    services = Services()
    with pytest.raises(SdkError):
        services.sign_in(PIPELINES)
    assert "evil.test" not in services.log


@pytest.mark.parametrize(
    "reply", [answer(503), answer(429), answer(200, {}), answer(200, "<html>Sign in</html>"), answer(200, {"a": 1})]
)
def test_an_answer_of_azure_pipelines_that_says_nothing_is_no_refusal(reply: Reply) -> None:
    with pytest.raises(SdkError) as failed:
        Services(pipeline=reply).sign_in(PIPELINES)
    assert not isinstance(failed.value, SignInRefused)


def test_a_redirect_of_azure_pipelines_is_not_followed() -> None:
    services = Services(pipeline=Reply(302, [("location", "https://evil.test/")], b""))
    assert "(HTTP 302)" in str(services.refusal(PIPELINES))
    assert "evil.test" not in services.log


def test_an_outage_of_entra_is_no_refusal_of_azure_pipelines() -> None:
    with pytest.raises(ServiceResponseError, match="not available"):
        Services(entra=answer(503)).sign_in(PIPELINES)


# -- refusals --------------------------------------------------------------------------------------------------------

MUST = "the federated credential of the application must have the same issuer, subject and audience."
CREATE = "az identity federated-credential create"
APP = f"az ad app federated-credential create --id {CLIENT} --parameters"
GITHUBS = "https://token.actions.githubusercontent.com"
GIVE = "Matching is case-sensitive. Add a federated credential with these values to what `client-id` names."
SUBJECT, SUBJECT_WITH_IDS = "repo:octo/shop:environment:Production", "repo:octo@123/shop@456:ref:refs/heads/main"
SINCE = "does not match: repositories created since July 2026 have numbers in it."


NAMES = {
    SUBJECT: "vmss-upgrade-3d793c1a",
    SUBJECT_WITH_IDS: "vmss-upgrade-8f65c713",
    "project_path:octo/shop:ref_type:branch:ref:main": "vmss-upgrade-079a98d2",
    "/eid1/c/pub/t/x/a/y/sc/1/2": "vmss-upgrade-d7537896",
    "system:serviceaccount:arc:rollout": "vmss-upgrade-d2a35847",
}  # one each: az replaces a federated credential of the same name, such as that of another environment


def commands(issuer: str, subject: str) -> str:
    """Return both commands, for a managed identity and for an application."""
    name = NAMES[subject]
    what = {"name": name, "issuer": issuer, "subject": subject, "audiences": [AUDIENCE]}
    return (
        f"If that is a managed identity: `{CREATE} --name {name} --identity-name IDENTITY --resource-group GROUP "
        f"--issuer {issuer} --subject {subject} --audiences {AUDIENCE}`. If it is an "
        f"application: `{APP} '{json.dumps(what)}'`."
    )


REFUSALS = [
    pytest.param(
        GITHUB,
        OF_GITHUB,
        700213,
        f" GitHub's token has iss={GITHUBS}, sub={SUBJECT}, aud={AUDIENCE}; {MUST}",
        f"{GIVE} {commands(GITHUBS, SUBJECT)} The other form of the subject, "
        f"repo:octo@123/shop@456:environment:Production, {SINCE}",
        id="subject",
    ),
    pytest.param(
        GITHUB,
        WITH_IDS,
        700213,
        f" GitHub's token has iss={GITHUBS}, sub={SUBJECT_WITH_IDS}, aud={AUDIENCE}; {MUST}",
        f"{GIVE} {commands(GITHUBS, SUBJECT_WITH_IDS)} The other form of the subject, "
        f"repo:octo/shop:ref:refs/heads/main, {SINCE}",
        id="subject-with-ids",
    ),
    pytest.param(
        GITHUB,
        OF_GITHUB,
        7002138,
        f" GitHub's token has iss={GITHUBS}, sub={SUBJECT}, aud={AUDIENCE}; {MUST}",
        "The subject of the federated credential differs in capital and small letters alone: make it anew. Add a "
        f"federated credential with these values to what `client-id` names. {commands(GITHUBS, SUBJECT)} The other "
        f"form of the subject, repo:octo@123/shop@456:environment:Production, {SINCE}",
        id="case-of-the-subject",
    ),
    pytest.param(
        GITLAB,
        "",
        700211,
        " GitLab's token has iss=https://gitlab.test, sub=project_path:octo/shop:ref_type:branch:ref:main, "
        f"aud={AUDIENCE}; {MUST}",
        f"{GIVE} {commands('https://gitlab.test', 'project_path:octo/shop:ref_type:branch:ref:main')}",
        id="issuer",
    ),
    pytest.param(
        GITHUB,
        OF_GITHUB,
        700212,
        f" GitHub's token has iss={GITHUBS}, sub={SUBJECT}, aud={AUDIENCE}; {MUST}",
        f"{GIVE} {commands(GITHUBS, SUBJECT)} The other form of the subject, "
        f"repo:octo@123/shop@456:environment:Production, {SINCE} Or correct the input `audience`.",
        id="audience",
    ),
    pytest.param(
        GITLAB,
        "",
        700212,
        " GitLab's token has iss=https://gitlab.test, sub=project_path:octo/shop:ref_type:branch:ref:main, "
        f"aud={AUDIENCE}; {MUST}",
        f"{GIVE} {commands('https://gitlab.test', 'project_path:octo/shop:ref_type:branch:ref:main')} Or correct `aud` "
        "under `id_tokens`.",
        id="audience-of-gitlab",
    ),
    pytest.param(
        PIPELINES,
        "",
        700213,
        f" The token of Azure Pipelines has iss=https://login.test/id/v2.0, sub=/eid1/c/pub/t/x/a/y/sc/1/2, "
        f"aud={AUDIENCE}; {MUST}",
        f"{GIVE} {commands('https://login.test/id/v2.0', '/eid1/c/pub/t/x/a/y/sc/1/2')}",
        id="subject-of-azure-pipelines",
    ),
    pytest.param(
        "file",
        OF_A_POD,
        70025,
        f" The file's token has iss=https://oidc.test/cluster/, sub=system:serviceaccount:arc:rollout, aud={AUDIENCE}; "
        f"{MUST}",
        f"{GIVE} {commands('https://oidc.test/cluster/', 'system:serviceaccount:arc:rollout')}",
        id="no-federated-credential-at-all",
    ),
    pytest.param(
        GITHUB,
        HOSTILE,
        70021,
        f" GitHub's token has iss=https://e.test/`id`, sub=x\n::error::y, aud={AUDIENCE}; {MUST}",
        "Matching is case-sensitive. Correct the federated credential of what `client-id` names, or the job.",
        id="claims-that-fit-into-no-command",
    ),
    pytest.param(
        GITHUB,
        OF_GITHUB,
        90002,
        "",
        "Check `tenant-id`: there is no such tenant in the cloud that `environment` names. `az account show --query "
        "tenantId` prints the one that az is signed in to.",
        id="no-such-tenant",
    ),
    pytest.param(
        GITHUB,
        OF_GITHUB,
        900382,
        "",
        "Check `environment` (and `authority-host`): tenant and application are of another cloud. `az account show "
        "--query environmentName` prints that of a subscription.",
        id="another-cloud",
    ),
    pytest.param(
        GITHUB,
        OF_GITHUB,
        700016,
        "",
        "Check `client-id`, which is the application (client) id and no object id, and `tenant-id`: that tenant has no "
        f"such application. `az ad sp show --id {CLIENT}` looks it up, `az identity list --query '[].[name, clientId]' "
        "--output table` lists managed identities.",
        id="no-such-application",
    ),
    pytest.param(
        GITHUB,
        OF_GITHUB,
        7000229,
        "",
        "The application of `client-id` has no service principal in the tenant of `tenant-id`: "
        f"`az ad sp create --id {CLIENT}`.",
        id="no-service-principal",
    ),
    pytest.param(
        GITHUB,
        OF_GITHUB,
        7000112,
        "",
        "What `client-id` names was disabled or blocked in the tenant: have it enabled again by an administrator, "
        f"`az ad sp update --id {CLIENT} --set accountEnabled=true`.",
        id="disabled",
    ),
    pytest.param(
        ClientSecret(**IDS, secret="s3cret"),
        "",
        7000215,
        "",
        "Check `client-secret`: it must be the value, not the id, of a secret of the application that `client-id` "
        f"names. `az ad app credential reset --id {CLIENT} --append` makes a new one.",
        id="wrong-secret",
    ),
    pytest.param(
        ClientSecret(**IDS, secret="s3cret"),
        "",
        7000222,
        "",
        f"`client-secret` has expired: make a new one by `az ad app credential reset --id {CLIENT} --append`, or sign "
        "in with GitHub's OIDC token.",
        id="expired-secret",
    ),
    pytest.param(
        GITHUB,
        OF_GITHUB,
        700024,
        "",
        "The runner's clock, or that of the sign-in service, is wrong: set the runner's clock, then run again.",
        id="clock",
    ),
    pytest.param(
        "file",
        OF_A_POD,
        700024,
        "",
        "The token in FILE has expired. Kubernetes renews that of a pod by itself; a file that a step wrote must be "
        "written anew, and be valid until the rollout's end.",
        id="expired-file",
    ),
    pytest.param(
        GITLAB,
        "",
        700024,
        "",
        "GitLab's token has expired: it is valid as long as the job's `timeout` in .gitlab-ci.yml, so make that longer "
        "than the rollout may take.",
        id="expired-token-of-gitlab",
    ),
]


@pytest.mark.parametrize(("sign_in", "token", "number", "claims", "remedy"), REFUSALS)
def test_the_whole_text_of_a_refusal(
    sign_in: SignIn | str, token: str, number: int, claims: str, remedy: str, tmp_path: Path
) -> None:
    words = {"error": "invalid_client", "error_description": f"AADSTS{number}: Entra's words."}
    services = Services(entra=answer(401, words), github=token)
    file = file_with(tmp_path)
    refused = services.refusal(file if isinstance(sign_in, str) else sign_in)
    by_secret = isinstance(sign_in, ClientSecret)
    beginning, end = (
        ("Authentication failed: ", "") if by_secret else ("Microsoft Entra ID error '(invalid_client) ", "'")
    )
    assert str(refused) == f"{beginning}AADSTS{number}: Entra's words.{end}{claims}"
    assert refused.remedy.replace(file.path, "FILE") == remedy


def test_the_command_for_a_subject_survives_a_shell() -> None:
    words = {"error": "invalid_client", "error_description": "AADSTS700213: Entra's words."}
    odd = jwt(iss=GITHUBS, sub="repo:octo/shop:environment:it's&$(me)", aud=AUDIENCE, exp=4_000_000_000)
    remedy = Services(entra=answer(401, words), github=odd).refusal(GITHUB).remedy
    identity, application = (part.partition("`")[0] for part in remedy.split(": `")[1:])
    assert shlex.split(identity)[-3] == "repo:octo/shop:environment:it's&$(me)"
    assert json.loads(shlex.split(application)[-1])["subject"] == "repo:octo/shop:environment:it's&$(me)"


@pytest.mark.parametrize("status", [203, 302, 401, 403, 404])
def test_a_refusal_of_azure_pipelines(status: int) -> None:
    refused = Services(pipeline=answer(status, "<html>secret</html>")).refusal(PIPELINES)
    assert (
        str(refused) == f"Azure Pipelines gives no OIDC token of the service connection {CONNECTION} (HTTP {status})."
    )
    assert refused.remedy == (
        "Check that SYSTEM_ACCESSTOKEN is `$(System.AccessToken)` of this job, that the service connection uses "
        "workload identity federation, and that it permits this pipeline (Security, on its page)."
    )


SET_IT = "Set AZURE_FEDERATED_TOKEN_FILE to a file that the action can read, or unset it."
PRINTF = "Write it without a line break: printf '%s' \"$TOKEN\" > FILE."


@pytest.mark.parametrize(
    ("content", "message", "remedy"),
    [
        pytest.param(
            None, "The token in FILE cannot be read: there is no such file where the action runs.", SET_IT, id="no-file"
        ),
        pytest.param("", "The file FILE does not hold a token alone.", PRINTF, id="empty"),
        pytest.param(f"{OF_A_POD}\n", "The file FILE does not hold a token alone.", PRINTF, id="line-break"),
        pytest.param(b"\xff\xfe", "The file FILE does not hold a token alone.", PRINTF, id="no-text"),
        pytest.param("a" * 70_000, "The file FILE does not hold a token alone.", PRINTF, id="too-long"),
        pytest.param("/", "The token in FILE cannot be read: it is no file.", SET_IT, id="folder"),
    ],
)
def test_a_file_without_a_token(content: str | bytes | None, message: str, remedy: str, tmp_path: Path) -> None:
    file = file_with(tmp_path, content or "")
    if content is None:
        Path(file.path).unlink()
    elif content == "/":
        Path(file.path).unlink()
        Path(file.path).mkdir()
    services = Services()
    refused = services.refusal(file)
    assert str(refused).replace(file.path, "FILE") == message
    assert refused.remedy == remedy
    assert services.log == [], "nothing is sent to anybody"
