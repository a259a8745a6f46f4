"""GitHub's OIDC endpoint, Entra's token endpoint, and a machine's metadata service.

Refusals are Entra's by number: AADSTS700212 (no federated credential with this audience), 700024 (assertion
expired), 700016 (unknown client), 90002 (unknown tenant), 500011 (unknown resource), 7000218 (neither assertion nor
secret). A client secret is not checked.
"""

import secrets
from collections.abc import Mapping
from urllib.parse import parse_qs, parse_qsl

from azure_simulator.bodies.identity import (
    access_token_body,
    configuration_body,
    endpoints_body,
    entra_error,
    machine_token_body,
    make_token,
)
from azure_simulator.clock import wall_seconds
from azure_simulator.scenario.request_faults import SignInError
from azure_simulator.scenario.set_description import CLIENT_ID, TENANT
from azure_simulator.state.identity import ASSERTION_SECONDS, TokenBook
from azure_simulator.wire.answers import NotSimulated, Refusal, Reply, json_reply
from azure_simulator.wire.calendar import Calendar

OIDC_PATH = "/github/actions/id-token"
# What a cloud consists of (documented: "ARM metadata endpoint"); it is read before anybody has signed in.
ENDPOINTS_PATH = "/metadata/endpoints"
# Where a machine in Azure asks for its own token (documented).
METADATA_SERVICE = "169.254.169.254"
ISSUER = "https://token.actions.githubusercontent.com"
SUBJECT = "repo:simulated/deployments:ref:refs/heads/main"

# HTTP status, OAuth error, AADSTS number, text
Problem = tuple[int, str, int, str]


class IdentityRoutes:
    """The routes that give out tokens, and the check of the tokens that requests bear."""

    def __init__(self, base_url: str, audience: str, access_token_seconds: float | None, calendar: Calendar) -> None:
        self._base_url = base_url
        self._calendar = calendar
        self._audience = audience
        self._tokens = TokenBook(access_token_seconds)
        self.request_token = secrets.token_urlsafe(32)

    @property
    def oidc_url(self) -> str:
        """Return ACTIONS_ID_TOKEN_REQUEST_URL: it has a query already, as GitHub's has."""
        return f"{self._base_url}{OIDC_PATH}?api-version=2.0"

    def owns(self, path: str) -> bool:
        """Return whether the path belongs to these endpoints and not to Resource Manager."""
        return path in (OIDC_PATH, ENDPOINTS_PATH) or path.endswith(("/oauth2/v2.0/token", "/openid-configuration"))

    def answer(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes, now: float) -> Reply:
        """Answer one request. Raises NotSimulated for another method than the endpoint has."""
        if path == OIDC_PATH and method == "GET":
            return self._give_assertion(query, headers, now)
        if path.endswith("/oauth2/v2.0/token") and method == "POST":
            return self._give_access_token(path, body, now)
        if path.endswith("/openid-configuration") and method == "GET":
            return json_reply(200, configuration_body(f"{self._base_url}/{path.split('/')[1]}"))
        if path == ENDPOINTS_PATH and method == "GET":
            return json_reply(200, endpoints_body(self._base_url))
        raise NotSimulated("no such route")

    def refuse(self, fault: SignInError, path: str, body: bytes, now: float) -> Reply:
        """Answer a request for a token with Entra's refusal, as a fault of the scenario words it."""
        form = _read_form(body)
        message = fault.message.replace("{tenant}", path.split("/")[1]).replace("{client}", form.get("client_id", ""))
        return self._refusal((fault.status, fault.error, fault.number, message), now)

    def machine_token(self, query: str, headers: Mapping[str, str], identities: tuple[str, ...], now: float) -> Reply:
        """Answer for the metadata service of a machine, which has the user-assigned identities of these client ids.

        Documented ("How to use managed identities for Azure resources on an Azure VM to acquire an access token"), its
        errors as the service words them.
        """
        if headers.get("metadata", "").lower() != "true":
            return _no_machine_token("Required metadata header not specified")
        asked = {name: value for name, value in parse_qsl(query) if name in ("client_id", "object_id", "msi_res_id")}
        if asked.get("client_id", "") not in ("", *identities) or not identities:
            return _no_machine_token("Identity not found")
        if len(identities) > 1 and not asked:
            return _no_machine_token(
                "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in "
                "the token request"
            )
        token, issued, seconds = self._make_access_token(now)
        client_id = asked.get("client_id", identities[0])
        return json_reply(200, machine_token_body(token, client_id, issued, seconds, self._base_url))

    def revoke(self, given_until: float) -> None:
        """Refuse from now on every access token that was given out until that moment."""
        self._tokens.revoke(given_until)

    def authorize(self, headers: Mapping[str, str], now: float) -> None:
        """Raise Refusal 401 unless the request bears a token that was given out and is not too old."""
        challenge = f'Bearer authorization_uri="{self._base_url}/{TENANT}", error="invalid_token"'
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _unauthorized(
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is missing.",
                challenge,
            )
        if not self._tokens.is_valid(token):
            raise _unauthorized("InvalidAuthenticationToken", "The access token is invalid.", challenge)
        if (expires_at := self._tokens.expiry(token, now)) is not None:
            expired, current = (self._calendar.timestamp(when) for when in (expires_at, now))
            message = f"The access token expiry UTC time '{expired}' is earlier than current UTC time '{current}'."
            raise _unauthorized("ExpiredAuthenticationToken", message, challenge)

    def _give_assertion(self, query: str, headers: Mapping[str, str], now: float) -> Reply:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        # GitHub documents `bearer` in lower case.
        if scheme.lower() != "bearer" or token != self.request_token:
            return json_reply(401, {"message": "Unauthorized"})
        audience = dict(parse_qsl(query)).get("audience", "https://github.com/simulated")
        issued = wall_seconds()
        expires = issued + ASSERTION_SECONDS
        token = make_token(iss=ISSUER, sub=SUBJECT, aud=audience, iat=issued, nbf=issued, exp=expires)
        self._tokens.add_assertion(token, audience, now)
        return json_reply(200, {"value": token})

    def _give_access_token(self, path: str, body: bytes, now: float) -> Reply:
        problem = self._find_problem(path, _read_form(body), now)
        if problem is not None:
            return self._refusal(problem, now)
        token, _, seconds = self._make_access_token(now)
        return json_reply(200, access_token_body(token, seconds))

    def _make_access_token(self, now: float) -> tuple[str, int, int]:
        """Return a new access token, when it was given out (Unix time), and for how many seconds it is good."""
        issued, seconds = wall_seconds(), int(self._tokens.access_token_seconds)
        token = make_token(aud=self._base_url, iss=f"{self._base_url}/{TENANT}", iat=issued, exp=issued + seconds)
        self._tokens.add_access_token(token, now)
        return token, issued, seconds

    def _find_problem(self, path: str, form: Mapping[str, str], now: float) -> Problem | None:
        """Return what is wrong with a request for a token; None when nothing is."""
        tenant, client, scope = path.split("/")[1], form.get("client_id", ""), form.get("scope", "")
        if tenant.lower() != TENANT:
            return 400, "invalid_request", 90002, f"Tenant '{tenant}' not found."
        if client.lower() != CLIENT_ID:
            message = f"Application with identifier '{client}' was not found in the directory 'Simulated'."
            return 400, "unauthorized_client", 700016, message
        if scope.split(" ")[0].replace("//.default", "/.default") != f"{self._base_url}/.default":
            message = f"The resource principal named {scope} was not found in the tenant named Simulated."
            return 400, "invalid_resource", 500011, message
        if "client_assertion" in form:
            return self._find_assertion_problem(form["client_assertion"], now)
        if "client_secret" in form:
            return None
        message = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
        return 401, "invalid_client", 7000218, message

    def _find_assertion_problem(self, token: str, now: float) -> Problem | None:
        assertion = self._tokens.find_assertion(token)
        if assertion is None:
            message = "Client assertion failed signature validation."
            return 401, "invalid_client", 700027, message
        if assertion.audience != self._audience:
            message = (
                f"No matching federated identity record found for presented assertion audience "
                f"'{assertion.audience}'. Please check your federated identity credential Subject, Audience and Issuer "
                "against the presented assertion."
            )
            return 401, "invalid_client", 700212, message
        if self._tokens.is_expired(assertion, now):
            message = "Client assertion is not within its valid time range."
            return 401, "invalid_client", 700024, message
        return None

    def _refusal(self, problem: Problem, now: float) -> Reply:
        status, error, number, message = problem
        return json_reply(status, entra_error(error, number, message, self._calendar.timestamp(now)))


def _read_form(body: bytes) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(body.decode()).items()}


def _no_machine_token(problem: str) -> Reply:
    return json_reply(400, {"error": "invalid_request", "error_description": problem})


def _unauthorized(code: str, message: str, challenge: str) -> Refusal:
    return Refusal(401, code, message, headers=[("www-authenticate", challenge)])
