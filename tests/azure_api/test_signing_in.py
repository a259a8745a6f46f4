"""Signing in: which credential, which audience, how long a token is used, and what a refusal says."""

from __future__ import annotations

import base64
import contextlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import azure.identity
import pytest
from azure.core.exceptions import AzureError as SdkError
from azure.core.exceptions import ClientAuthenticationError, ServiceResponseError
from azure.core.pipeline import Pipeline
from azure.core.rest import HttpRequest
from scripted import CLAIMS, answer, jwt

from azure_simulator import ConnectionDropped, Reply, VirtualClock
from azure_simulator.transport import SimulatorTransport
from vmss_upgrade.account import ClientSecret, Cloud, GitHubOidc, ManagedIdentity, SignIn
from vmss_upgrade.azure_api.connection import ClockedTransport
from vmss_upgrade.azure_api.endpoints import endpoints_of
from vmss_upgrade.azure_api.failures import SignInRefused
from vmss_upgrade.azure_api.signing_in import assertions
from vmss_upgrade.azure_api.signing_in.assertions import GitHubToken
from vmss_upgrade.azure_api.signing_in.credential import Credential
from vmss_upgrade.azure_api.signing_in.transport import LONGEST_PAUSE

REQUEST = GitHubOidc(
    tenant_id="tenant", client_id="client", request_url="https://github.test/token?v=1", request_token="bearer"
)
NOW = 1_800_000_000.0


class Services:
    """GitHub's token service and Entra, on a wall clock that stands until it is moved."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = VirtualClock()
        self.now = NOW
        self.log: list[str] = []
        self.github: list[Reply] = []
        self.entra: list[Reply] = []
        self.assertions: list[str] = []
        self.audiences: list[str] = []
        self.bearers: list[str] = []
        monkeypatch.setattr(assertions, "unix_time", lambda: self.now)

    def exchange(self, method: str, url: str, headers: Any, body: bytes, patience: float | None) -> Reply:
        if urlsplit(url).hostname == "github.test":
            self.log.append("github")
            self.audiences += parse_qs(urlsplit(url).query)["audience"]
            self.bearers.append(headers["Authorization"])
            token = jwt(exp=self.now + 300, number=len(self.audiences), **CLAIMS)
            return self.github.pop(0) if self.github else answer(200, {"value": token})
        self.log.append("entra")
        self.assertions += parse_qs(body.decode()).get("client_assertion", [])
        given = answer(200, {"token_type": "Bearer", "expires_in": 3600, "access_token": "access"})
        return self.entra.pop(0) if self.entra else given

    def transport(self) -> SimulatorTransport:
        return SimulatorTransport(self.exchange, self.clock.sleep)

    def mask(self, secret: str) -> None:
        self.log.append(f"mask {secret}")

    def token(self, audience: str = "api://test") -> GitHubToken:
        return GitHubToken(REQUEST, audience, self.transport(), self.mask)

    def credential(self, cloud: Cloud | None = None) -> Any:
        cloud = cloud or Cloud(resource_manager_endpoint="https://manager.test", authority_host="https://login.test")
        return Credential(REQUEST, endpoints_of(cloud), self.transport(), self.mask)


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Services:
    return Services(monkeypatch)


@pytest.mark.parametrize(
    ("cloud", "audience", "manager", "scope", "authority"),
    [
        pytest.param(
            Cloud(),
            "api://AzureADTokenExchange",
            "https://management.azure.com",
            "https://management.azure.com/.default",
            "https://login.microsoftonline.com",
            id="public",
        ),
        pytest.param(
            Cloud(environment="AzureUSGovernment"),
            "api://AzureADTokenExchangeUSGov",
            "https://management.usgovcloudapi.net",
            "https://management.core.usgovcloudapi.net/.default",
            "https://login.microsoftonline.us",
            id="us-government",
        ),
        pytest.param(
            Cloud(environment="AzureChinaCloud"),
            "api://AzureADTokenExchangeChina",
            "https://management.chinacloudapi.cn",
            "https://management.chinacloudapi.cn/.default",
            "https://login.chinacloudapi.cn",
            id="china",
        ),
        pytest.param(
            Cloud(
                resource_manager_endpoint="https://arm.local/", authority_host="https://login.local/", audience="a b&c"
            ),
            "a b&c",
            "https://arm.local",
            "https://arm.local/.default",
            "https://login.local",
            id="private",
        ),
    ],
)
def test_a_cloud_has_its_own_endpoints(
    services: Services, cloud: Cloud, audience: str, manager: str, scope: str, authority: str
) -> None:
    endpoints = endpoints_of(cloud)
    assert (endpoints.resource_manager, endpoints.scope, endpoints.authority) == (manager, scope, authority)
    assert endpoints.is_private is (cloud.resource_manager_endpoint != "")
    services.credential(cloud).get_token(scope)
    assert services.audiences == [audience]


def test_a_token_is_reused_while_valid_and_fetched_anew_after(services: Services) -> None:
    token = services.token()
    first = token.fetch()
    services.now = NOW + 240  # valid for 60 s more
    assert token.fetch() == first
    services.now = NOW + 241
    assert token.fetch() != first
    assert services.audiences == ["api://test"] * 2
    assert services.bearers == ["Bearer bearer"] * 2


def test_a_token_is_masked_before_anybody_else_sees_it(services: Services) -> None:
    services.credential().get_token("https://manager.test/.default")
    (assertion,) = services.assertions
    assert services.log == ["github", f"mask {assertion}", "entra", "mask access"]


def test_a_refusal_tells_what_the_token_claimed_and_not_the_token(services: Services) -> None:
    words = {"error": "invalid_client", "error_description": "AADSTS700213: No matching federated identity record."}
    services.entra = [answer(401, words)]
    with pytest.raises(ClientAuthenticationError) as refused:
        services.credential().get_token("https://manager.test/.default")
    message = str(refused.value)
    assert "AADSTS700213" in message
    for name, value in CLAIMS.items():
        assert f"{name}={value}" in message
    token = services.assertions[0]
    assert token not in message
    assert token.split(".")[1] not in message
    assert "bearer" not in message.lower().replace("bearer token", "")


def test_github_gives_no_token(services: Services) -> None:
    services.github = [answer(403, {"message": "no"})]
    with pytest.raises(ClientAuthenticationError, match="answered 403"):
        services.credential().get_token("https://manager.test/.default")
    assert "entra" not in services.log
    assert services.github == []


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        pytest.param(answer(408), "not available", id="408"),
        pytest.param(answer(200, {}), "answered without a token", id="no-value"),
        pytest.param(answer(200, "<html>"), "answered without a token", id="html"),
        pytest.param(answer(200, []), "answered without a token", id="not-an-object"),
    ],
)
def test_an_answer_of_github_that_says_nothing_is_no_refusal(services: Services, reply: Reply, words: str) -> None:
    services.github = [reply]
    with pytest.raises(ServiceResponseError, match=words):
        services.credential().get_token("https://manager.test/.default")
    assert "entra" not in services.log


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(answer(408), id="408"),
        pytest.param(answer(200, "<html>Welcome to our proxy</html>"), id="html"),
        pytest.param(answer(200, {"token_type": "Bearer"}), id="no-expiry"),
        pytest.param(answer(200, {"token_type": "Bearer", "expires_in": 3600}), id="no-token"),
    ],
)
def test_an_answer_of_entra_that_says_nothing_is_no_refusal(services: Services, reply: Reply) -> None:
    services.entra = [reply]
    with pytest.raises(SdkError, match=r"not available|without a token|cannot be read") as none:
        services.credential().get_token("https://manager.test/.default")
    assert not isinstance(none.value, ClientAuthenticationError)


def test_an_outage_of_github_is_left_to_the_caller_to_wait_out(services: Services) -> None:
    services.github = [answer(503), answer(502)]
    for _ in range(2):
        with pytest.raises(ServiceResponseError, match="not available"):
            services.token().fetch()
    assert services.token().fetch()
    assert services.log.count("github") == 3
    assert services.clock.now() == 0


@pytest.mark.parametrize(
    "value", ["no-jwt", "a.b.c", "a..c", f"a.{base64.b64encode(json.dumps([1]).encode()).decode()}.c"]
)
def test_a_token_that_is_no_jwt_is_used_once(services: Services, value: str) -> None:
    services.github = [answer(200, {"value": value}), answer(200, {"value": value})]
    token = services.token()
    assert (token.fetch(), token.claims) == (value, {})
    token.fetch()
    assert services.log.count("github") == 2, "nobody knows until when it is valid"


@pytest.mark.parametrize(
    "sign_in",
    [
        pytest.param(ClientSecret(tenant_id="t", client_id="c", secret="s"), id="secret"),
        pytest.param(ManagedIdentity(), id="managed-identity"),
    ],
)
def test_nobody_is_asked_before_a_token_is_needed(services: Services, sign_in: Any) -> None:
    credential = Credential(sign_in, endpoints_of(Cloud()), services.transport(), services.mask)
    assert callable(credential.get_token)
    assert services.log == []


IMDS = "169.254.169.254"
SEVERAL = "Multiple user assigned identities exist"
MACHINE_TOKEN = {
    "token_type": "Bearer",
    "expires_in": 3600,
    "expires_on": 32503680000,
    "access_token": "access",
    "resource": "https://manager.test",
}


def test_a_self_hosted_runner_signs_in_with_its_managed_identity() -> None:
    hosts = Hosts({f"http://{IMDS}": answer(200, MACHINE_TOKEN)})
    assert hosts.sign_in(ManagedIdentity()) == "access"
    assert not any("client_id" in request for request in hosts.sent)


def test_one_of_a_machines_identities_signs_in_by_its_client_id() -> None:
    hosts = Hosts({f"http://{IMDS}": answer(200, MACHINE_TOKEN)})
    assert hosts.sign_in(ManagedIdentity(client_id="the-second")) == "access"
    assert "client_id=the-second" in hosts.sent[0]


@pytest.mark.parametrize(
    ("client_id", "words", "remedy"),
    [
        pytest.param("", f"{SEVERAL}, please specify the clientId", "`client-id`", id="several-identities"),
        pytest.param("", "Identity not found", "assign one to it", id="no-identity"),
        pytest.param("wrong", "Identity not found", "correct it, or assign that identity", id="another-identity"),
        pytest.param("", "Something else", "", id="anything-else"),
    ],
)
def test_a_machine_without_the_identity_that_was_asked_for(client_id: str, words: str, remedy: str) -> None:
    refusal = answer(400, {"error": "invalid_request", "error_description": words})
    with pytest.raises(SignInRefused) as refused:
        Hosts({f"http://{IMDS}": refusal}).sign_in(ManagedIdentity(client_id=client_id))
    assert words in str(refused.value)
    assert "no response" not in str(refused.value)
    assert remedy in refused.value.remedy
    assert bool(refused.value.remedy) == bool(remedy)
    assert not re.search("secret|federated", refused.value.remedy)


def test_a_host_without_managed_identities_is_named_as_such() -> None:
    def nobody(*_request: Any) -> Reply:
        raise ConnectionDropped("refused")

    hosts = Hosts({})
    hosts.exchange = nobody  # type: ignore[method-assign]
    with pytest.raises(SignInRefused) as refused:
        hosts.sign_in(ManagedIdentity())
    assert "Nobody gives out managed identities" in refused.value.remedy


class OfArc:
    """Azure Arc's credential as azure-identity has it, where the agent knows the machine's own identity alone."""

    def __init__(self, *, client_id: str, transport: Any) -> None:
        self._pipeline = Pipeline(transport)

    def get_token(self, *_scopes: str, **_options: Any) -> Any:
        self._pipeline.run(HttpRequest("GET", f"http://{IMDS}/token"))
        raise ClientAuthenticationError(
            "Azure Arc did not confirm the requested user-assigned managed identity in the token response."
        )


def test_a_token_of_another_identity_has_the_remedy_to_leave_client_id_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(azure.identity, "ManagedIdentityCredential", OfArc)
    with pytest.raises(SignInRefused, match="did not confirm") as refused:
        Hosts({f"http://{IMDS}": answer(200, MACHINE_TOKEN)}).sign_in(ManagedIdentity(client_id="the-second"))
    assert "leave `client-id` out" in refused.value.remedy


def test_an_outage_of_the_identity_service_is_no_refusal() -> None:
    with pytest.raises(ServiceResponseError, match="not available"):
        Hosts({f"http://{IMDS}": answer(503)}).sign_in(ManagedIdentity())


MUST = "must have the same issuer, subject and audience"
ABOUT_SECRETS = "`client-secret`"


@pytest.mark.parametrize(
    ("number", "remedy", "names_claims"),
    [
        pytest.param(90002, "`tenant-id`", False, id="no-such-tenant"),
        pytest.param(900023, "`tenant-id`", False, id="no-tenants-name"),
        pytest.param(900382, "`environment`", False, id="another-cloud"),
        pytest.param(700016, "`client-id`", False, id="no-such-application"),
        pytest.param(7000229, "`client-id`", False, id="no-service-principal"),
        pytest.param(700213, "federated credential", True, id="subject"),
        pytest.param(700211, "federated credential", True, id="issuer"),
        pytest.param(700212, "federated credential", True, id="audience"),
        pytest.param(70021, "federated credential", True, id="no-federated-credential-matches"),
        pytest.param(70025, "federated credential", True, id="no-federated-credential-at-all"),
        pytest.param(53003, "Conditional Access", False, id="conditional-access"),
        pytest.param(53000, "Conditional Access", False, id="device"),
        pytest.param(50076, "multifactor", False, id="multifactor"),
        pytest.param(7000112, "disabled", False, id="disabled-application"),
        pytest.param(50057, "disabled", False, id="disabled-account"),
        pytest.param(500011, "`environment`", False, id="unknown-resource"),
        pytest.param(700024, "clock", False, id="clock"),
        pytest.param(123456789, "", False, id="unknown"),
    ],
)
def test_a_refusal_is_explained_by_its_number(services: Services, number: int, remedy: str, names_claims: bool) -> None:
    words = {"error": "invalid_client", "error_description": f"AADSTS{number}: Entra's words. Trace ID: t"}
    services.entra = [answer(400, words)]
    with pytest.raises(SignInRefused) as refused:
        services.credential().get_token("https://manager.test/.default")
    assert f"AADSTS{number}: Entra's words." in str(refused.value)
    assert remedy in refused.value.remedy
    assert bool(refused.value.remedy) == bool(remedy)
    assert (MUST in str(refused.value)) is names_claims
    assert ABOUT_SECRETS not in refused.value.remedy


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        pytest.param(7000222, "`client-secret` has expired", id="expired"),
        pytest.param(7000215, "the value, not the id", id="invalid"),
        pytest.param(90002, "`tenant-id`", id="no-such-tenant"),
    ],
)
def test_a_refused_secret_is_explained_by_its_number(number: int, remedy: str) -> None:
    words = {"error": "invalid_client", "error_description": f"AADSTS{number}: Entra's words."}
    hosts = Hosts({"https://login.test/tenant/v2.0/": answer(200, CONFIGURATION)})
    hosts.answers["https://login.test/"] = answer(401, words)
    with pytest.raises(SignInRefused) as refused:
        hosts.sign_in(SECRET)
    assert remedy in refused.value.remedy
    assert MUST not in str(refused.value)


def test_the_real_transport_sleeps_on_the_clock() -> None:
    clock = VirtualClock()
    sleep: Callable[[float], None] = ClockedTransport(clock).sleep
    sleep(12.5)
    assert clock.now() == 12.5


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"token_type": "Bearer", "expires_in": {"a": 1}, "access_token": "access"}, id="odd-expiry"),
        pytest.param(["access"], id="not-an-object"),
        pytest.param("[" * 50_000, id="deeper-than-python-reads"),
    ],
)
def test_an_answer_of_entra_that_cannot_be_read_is_no_bug_of_ours(services: Services, given: Any) -> None:
    services.entra = [answer(200, given)]
    with pytest.raises(SdkError):
        services.credential().get_token("https://manager.test/.default")


@pytest.mark.parametrize("sign_in", [REQUEST, ClientSecret(tenant_id="tenant", client_id="client", secret="s3cr3t")])
def test_a_token_in_an_unreadable_answer_is_not_shown(services: Services, sign_in: Any) -> None:
    unreadable = '{token_type":"Bearer","expires_in":3600,"access_token":"hidden"}'
    services.entra = [Reply(200, [("content-type", "application/json")], unreadable.encode())] * 2
    cloud = Cloud(resource_manager_endpoint="https://manager.test", authority_host="https://login.test")
    credential = Credential(sign_in, endpoints_of(cloud), services.transport(), services.mask)
    with pytest.raises(SdkError) as failed:
        credential.get_token("https://manager.test/.default")
    assert "hidden" not in str(failed.value)


def test_a_token_of_github_whose_expiry_cannot_be_read_is_no_bug_of_ours(services: Services) -> None:
    services.github = [answer(200, {"value": jwt(exp={"a": 1})})] * 2
    credential = services.credential()
    credential.get_token("https://manager.test/.default")
    with pytest.raises(SdkError):
        credential.get_token("https://another.test/.default")


# -- nowhere else ----------------------------------------------------------------------------------------------------

PRIVATE = Cloud(resource_manager_endpoint="https://manager.test", authority_host="https://login.test")
SECRET = ClientSecret(tenant_id="tenant", client_id="client", secret="s3cr3t")
CONFIGURATION = {
    "issuer": "https://login.test/tenant/v2.0",
    "authorization_endpoint": "https://login.test/tenant/oauth2/v2.0/authorize",
    "token_endpoint": "https://login.test/tenant/oauth2/v2.0/token",
}
TOKEN = {"token_type": "Bearer", "expires_in": 3600, "access_token": "access"}
LURES = [
    pytest.param("https://evil.test/tenant/token", id="another-host"),
    pytest.param(r"https://evil.test\@login.test/tenant/token", id="backslash"),
    pytest.param("https://evil.test/?@login.test/tenant/token", id="query"),
    pytest.param("https://login.test@evil.test/tenant/token", id="user"),
    pytest.param("https://login.test:8443/tenant/token", id="another-port"),
    pytest.param("https://below.login.test/tenant/token", id="below-it"),
    pytest.param("http://login.test/tenant/token", id="not-encrypted"),
    pytest.param("https://login.test.evil.test/tenant/token", id="as-a-beginning"),
]


class Hosts:
    """Answers by what an address begins with; notes every request that leaves."""

    def __init__(self, answers: dict[str, Reply]) -> None:
        self.answers = answers
        self.sent: list[str] = []

    def exchange(self, method: str, url: str, headers: Any, body: bytes, patience: float | None) -> Reply:
        self.sent.append(f"{method} {url} {dict(headers)} {body.decode()}")
        fitting = [beginning for beginning in self.answers if url.startswith(beginning)]
        return self.answers[max(fitting, key=len)] if fitting else answer(200, TOKEN)

    def went_to(self) -> set[str]:
        return {urlsplit(request.split(" ")[1]).netloc for request in self.sent}

    def sign_in(self, sign_in: SignIn, cloud: Cloud = PRIVATE) -> str:
        transport = SimulatorTransport(self.exchange, VirtualClock().sleep)
        endpoints = endpoints_of(cloud)
        credential = Credential(sign_in, endpoints, transport, lambda _: None)
        return str(credential.get_token("https://manager.test/.default").token)


def test_a_secret_signs_in_where_discovery_says() -> None:
    hosts = Hosts({"https://login.test/tenant/v2.0/": answer(200, CONFIGURATION)})
    assert hosts.sign_in(SECRET) == "access"
    assert "s3cr3t" in hosts.sent[-1]
    assert hosts.went_to() == {"login.test"}


@pytest.mark.parametrize("lure", LURES)
def test_discovery_leads_the_secret_nowhere_else(lure: str) -> None:
    configuration = answer(200, {**CONFIGURATION, "token_endpoint": lure})
    hosts = Hosts({"https://login.test/tenant/v2.0/": configuration})
    with pytest.raises(SdkError):
        hosts.sign_in(SECRET)
    assert hosts.went_to() == {"login.test"}
    assert not any("s3cr3t" in request for request in hosts.sent)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("lure", LURES)
def test_a_redirect_leads_neither_secret_nor_assertion_anywhere(lure: str, status: int) -> None:
    away = Reply(status, [("location", lure)], b"")
    token = answer(200, {"value": jwt(exp=NOW + 300, **CLAIMS)})
    for sign_in, answers in (
        (SECRET, {"https://login.test/tenant/v2.0/": away}),
        (SECRET, {"https://login.test/tenant/v2.0/": answer(200, CONFIGURATION), "https://login.test/": away}),
        (REQUEST, {"https://github.test/": token, "https://login.test/": away}),
        (REQUEST, {"https://github.test/": away}),
    ):
        hosts = Hosts(answers)
        with pytest.raises(SdkError):
            hosts.sign_in(sign_in)
        assert hosts.went_to() <= {"login.test", "github.test"}
        assert all("/tenant/token" not in request for request in hosts.sent)


@pytest.mark.parametrize("authority", ["https://login.microsoftonline.com", "https://login.test"])
def test_nobody_else_is_asked_whether_an_authority_is_genuine(authority: str) -> None:
    cloud = PRIVATE if "test" in authority else Cloud()
    for sign_in in (SECRET, REQUEST):
        hosts = Hosts({"https://github.test/": answer(200, {"value": jwt(exp=NOW + 300, **CLAIMS)})})
        hosts.answers[f"{authority}/tenant/v2.0/"] = answer(
            200, {name: value.replace("https://login.test", authority) for name, value in CONFIGURATION.items()}
        )
        hosts.sign_in(sign_in, cloud)
        assert hosts.went_to() <= {authority.removeprefix("https://"), "github.test"}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AZURE_REGIONAL_AUTHORITY_NAME", "westeurope"),
        ("AZURE_REGIONAL_AUTHORITY_NAME", "TryAutoDetect"),
        ("MSAL_FORCE_REGION", "westeurope"),
        ("AZURE_AUTHORITY_HOST", "https://evil.test"),
    ],
)
def test_the_environment_leads_the_secret_nowhere_else(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    hosts = Hosts({"https://login.test/tenant/v2.0/": answer(200, CONFIGURATION)})
    with contextlib.suppress(SdkError):
        hosts.sign_in(SECRET)
    assert hosts.went_to() <= {"login.test"}


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        pytest.param(
            "https://github.test/token?v=1", "https://github.test/token?v=1&audience=api%3A%2F%2Ftest", id="as-it-is"
        ),
        pytest.param("https://github.test/token", "https://github.test/token?audience=api%3A%2F%2Ftest", id="no-query"),
        pytest.param(
            "https://github.test/token?v=1#x", "https://github.test/token?v=1&audience=api%3A%2F%2Ftest", id="fragment"
        ),
    ],
)
def test_github_is_asked_at_the_runners_address(url: str, asked: str) -> None:
    hosts = Hosts({"https://github.test/": answer(200, {"value": "no.jwt.x"})})
    sign_in = replace(REQUEST, request_url=url)
    hosts.sign_in(sign_in, replace(PRIVATE, audience="api://test"))
    assert hosts.sent[0].split(" ")[1] == asked


@pytest.mark.parametrize("url", ["https://user@github.test/token?v=1", "https://github.test:x/", "", "nonsense"])
def test_an_address_of_github_that_cannot_be_read_is_not_asked(url: str) -> None:
    hosts = Hosts({})
    with pytest.raises(SdkError):
        hosts.sign_in(replace(REQUEST, request_url=url))
    assert hosts.sent == []


@pytest.mark.parametrize(
    ("environment", "endpoint", "host"),
    [
        pytest.param({}, f"http://{IMDS}", IMDS, id="metadata-service"),
        pytest.param(
            {"IDENTITY_ENDPOINT": "http://127.0.0.1:41241/token", "IDENTITY_HEADER": "h"},
            "http://127.0.0.1:41241",
            "127.0.0.1:41241",
            id="app-service",
        ),
        pytest.param(
            {"MSI_ENDPOINT": "http://127.0.0.1:40342/token", "MSI_SECRET": "h"},
            "http://127.0.0.1:40342",
            "127.0.0.1:40342",
            id="machine-learning",
        ),
        pytest.param(
            {"MSI_ENDPOINT": "http://localhost:50342/t"}, "http://localhost:50342", "localhost:50342", id="shell"
        ),
    ],
)
def test_a_managed_identity_is_asked_for_where_the_environment_says(
    environment: dict[str, str], endpoint: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    given = {**TOKEN, "expires_on": int(NOW) + 3600, "resource": "https://manager.test"}
    hosts = Hosts({"http://": answer(200, given)})
    assert hosts.sign_in(ManagedIdentity(endpoint=endpoint)) == "access"
    assert hosts.went_to() == {host}


@pytest.mark.parametrize(
    ("environment", "reply"),
    [
        pytest.param({}, Reply(302, [("location", "http://evil.test/token")], b""), id="redirect"),
        pytest.param(
            {"IDENTITY_ENDPOINT": f"http://{IMDS}/t", "IMDS_ENDPOINT": "x"},
            Reply(401, [("www-authenticate", "Basic realm=/etc/passwd")], b""),
            id="challenge",
        ),
        pytest.param({"AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://evil.test"}, answer(200, TOKEN), id="pod-identity"),
        pytest.param(
            {
                "AZURE_AUTHORITY_HOST": "https://evil.test",
                "AZURE_TENANT_ID": "tenant",
                "AZURE_CLIENT_ID": "client",
                "AZURE_FEDERATED_TOKEN_FILE": __file__,
            },
            answer(200, TOKEN),
            id="workload-identity",
        ),
        pytest.param(
            {"MSI_ENDPOINT": "http://evil.test", "MSI_SECRET": "s"}, answer(200, TOKEN), id="machine-learning"
        ),
    ],
)
def test_a_managed_identity_is_asked_for_nowhere_else(
    environment: dict[str, str], reply: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    hosts = Hosts({"http": reply})
    with pytest.raises((SdkError, OSError)):
        hosts.sign_in(ManagedIdentity())
    assert hosts.went_to() <= {IMDS}
    assert not any("root:" in request for request in hosts.sent)


def test_a_managed_identity_s_service_sets_no_pause_of_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    """azure-identity tries again by itself there, after whatever it is asked to wait."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://{IMDS}/t")
    monkeypatch.setenv("IDENTITY_HEADER", "x")
    slept: list[float] = []

    def exchange(method: str, url: str, headers: Any, body: bytes, patience: float | None) -> Reply:
        return answer(503, {"error": "busy"}, retry_after="86400")

    transport = SimulatorTransport(exchange, slept.append)
    credential = Credential(ManagedIdentity(), endpoints_of(Cloud()), transport, lambda _secret: None)
    with pytest.raises(SdkError):
        credential.get_token("https://management.azure.com/.default")
    assert slept
    assert max(slept) <= LONGEST_PAUSE
    assert sum(slept) < 600


BROKEN = [
    pytest.param("hid\r\nden", id="line-break"),
    pytest.param("hid den", id="blank"),
    pytest.param("hidd\u00ebn", id="letter"),
    pytest.param("hid\x00den", id="nul"),
    pytest.param("", id="empty"),
    pytest.param(["hidden"], id="list"),
    pytest.param({"hidden": 1}, id="object"),
]


@pytest.mark.parametrize("token", BROKEN)
@pytest.mark.parametrize("sign_in", [REQUEST, SECRET, ManagedIdentity()], ids=["github", "secret", "managed"])
def test_a_token_that_no_header_can_bear_is_none(sign_in: SignIn, token: Any) -> None:
    """requests would refuse it, and quote it."""
    given = {**TOKEN, "access_token": token, "expires_on": 32503680000, "resource": "https://manager.test"}
    hosts = Hosts({"http": answer(200, given), "https://login.test/tenant/v2.0/": answer(200, CONFIGURATION)})
    hosts.answers["https://github.test/"] = answer(200, {"value": jwt(exp=NOW + 300, **CLAIMS)})
    with pytest.raises(SdkError) as failed:
        hosts.sign_in(sign_in)
    assert "hid" not in str(failed.value)


@pytest.mark.parametrize("token", [*BROKEN, pytest.param(json.loads("[" * 500 + "]" * 500), id="deep")])
def test_a_token_of_github_that_nobody_could_have_given_is_none(token: Any) -> None:
    hosts = Hosts({"https://github.test/": answer(200, {"value": token})})
    with pytest.raises(ServiceResponseError, match="answered without a token"):
        hosts.sign_in(REQUEST)
    assert hosts.went_to() == {"github.test"}


def test_an_answer_of_github_deeper_than_python_reads_is_no_bug_of_ours() -> None:
    hosts = Hosts({"https://github.test/": answer(200, "[" * 100_000)})
    with pytest.raises(SdkError):
        hosts.sign_in(REQUEST)
