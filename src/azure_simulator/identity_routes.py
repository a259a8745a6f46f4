"""GitHub's OIDC endpoint and Entra's token endpoint.

Tokens are well formed and signed with nothing: they are JWTs whose last part is random, and the simulator
knows those it gave out. Refusals are Entra's by number: AADSTS700212 (no federated credential with this
audience), 700024 (assertion expired), 700016 (unknown client), 90002 (unknown tenant), 500011 (unknown
resource), 7000218 (neither assertion nor secret). A client secret is not checked. A token's age is only
judged where the scenario sets `access_token_seconds`, and then by the simulator's clock: in process, the
client's wall clock stands still.
"""

import base64
import json
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, parse_qsl

from azure_simulator.answers import NotSimulated, Refusal, Reply, json_reply
from azure_simulator.clock import Calendar, wall_seconds
from azure_simulator.faults import SignInError
from azure_simulator.set_description import CLIENT_ID, TENANT

OIDC_PATH = "/github/actions/id-token"
ASSERTION_SECONDS = 300
ACCESS_TOKEN_SECONDS = 3599
ISSUER = "https://token.actions.githubusercontent.com"
SUBJECT = "repo:simulated/deployments:ref:refs/heads/main"


class IdentityRoutes:
    """Both endpoints, and the judgement of the tokens that they gave out."""

    def __init__(self, base_url: str, audience: str, access_token_seconds: float | None, calendar: Calendar) -> None:
        self._base_url = base_url
        self._calendar = calendar
        self._audience = audience
        self._lifetime = access_token_seconds
        self._assertions: dict[str, tuple[str, float]] = {}
        self._access_tokens: dict[str, tuple[float, float]] = {}  # given at, expires at
        self._revoked_at = float("-inf")
        self.request_token = secrets.token_urlsafe(32)

    @property
    def oidc_url(self) -> str:
        """ACTIONS_ID_TOKEN_REQUEST_URL: it has a query already, as GitHub's has."""
        return f"{self._base_url}{OIDC_PATH}?api-version=2.0"

    def owns(self, path: str) -> bool:
        """Whether the path is for these endpoints and not for Resource Manager."""
        return path == OIDC_PATH or path.endswith(("/oauth2/v2.0/token", "/openid-configuration"))

    def answer(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes, now: float) -> Reply:
        """Answer one request. Raises NotSimulated for another method than the endpoint has."""
        if path == OIDC_PATH and method == "GET":
            return self._github_token(query, headers, now)
        if path.endswith("/oauth2/v2.0/token") and method == "POST":
            return self._access_token(path, body, now)
        if path.endswith("/openid-configuration") and method == "GET":
            return self._configuration(path)
        raise NotSimulated("no such route")

    def refuse(self, fault: SignInError, path: str, body: bytes, now: float) -> Reply:
        """Entra's refusal of a request for a token, as a fault of the scenario words it."""
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        message = fault.message.replace("{tenant}", path.split("/")[1]).replace("{client}", form.get("client_id", ""))
        stamp = self._calendar.timestamp(now)
        return json_reply(fault.status, _entra_error(fault.error, fault.number, message, stamp))

    def machine_token(self, query: str, headers: Mapping[str, str], identities: tuple[str, ...], now: float) -> Reply:
        """The answer of a machine's metadata service, which has the user-assigned identities of these client ids.

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
        lifetime = self._lifetime if self._lifetime is not None else ACCESS_TOKEN_SECONDS
        issued = wall_seconds()
        expires = issued + int(lifetime)
        token = _jwt(aud=self._base_url, iss=f"{self._base_url}/{TENANT}", iat=issued, exp=expires)
        self._access_tokens[token] = (now, now + lifetime)
        answer = {
            "access_token": token,
            "client_id": asked.get("client_id", identities[0]),
            "expires_in": str(int(lifetime)),
            "expires_on": str(expires),
            "not_before": str(issued),
            "resource": self._base_url,
            "token_type": "Bearer",
        }
        return json_reply(200, answer)

    def revoke(self, given_until: float) -> None:
        """Refuse from now on every access token that was given out until that moment."""
        self._revoked_at = given_until

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
        given_at, expires_at = self._access_tokens.get(token, (float("-inf"), 0.0))
        if given_at <= self._revoked_at:
            raise _unauthorized("InvalidAuthenticationToken", "The access token is invalid.", challenge)
        if self._lifetime is not None and now > expires_at:
            expired, current = (self._calendar.timestamp(when) for when in (expires_at, now))
            message = f"The access token expiry UTC time '{expired}' is earlier than current UTC time '{current}'."
            raise _unauthorized("ExpiredAuthenticationToken", message, challenge)

    def _github_token(self, query: str, headers: Mapping[str, str], now: float) -> Reply:
        if headers.get("authorization") != f"Bearer {self.request_token}":
            return json_reply(401, {"message": "Unauthorized"})
        audience = dict(parse_qsl(query)).get("audience", "https://github.com/simulated")
        issued = wall_seconds()
        token = _jwt(iss=ISSUER, sub=SUBJECT, aud=audience, iat=issued, nbf=issued, exp=issued + ASSERTION_SECONDS)
        self._assertions[token] = (audience, now + ASSERTION_SECONDS)
        return json_reply(200, {"value": token})

    def _access_token(self, path: str, body: bytes, now: float) -> Reply:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        problem = self._problem(path, form, now)
        if problem is not None:
            status, error, number, message = problem
            return json_reply(status, _entra_error(error, number, message, self._calendar.timestamp(now)))
        lifetime = self._lifetime if self._lifetime is not None else ACCESS_TOKEN_SECONDS
        issued = wall_seconds()
        token = _jwt(aud=self._base_url, iss=f"{self._base_url}/{TENANT}", iat=issued, exp=issued + int(lifetime))
        self._access_tokens[token] = (now, now + lifetime)
        answer = {"token_type": "Bearer", "expires_in": int(lifetime), "ext_expires_in": int(lifetime)}
        return json_reply(200, {**answer, "access_token": token})

    def _problem(self, path: str, form: Mapping[str, str], now: float) -> tuple[int, str, int, str] | None:
        """What Entra finds wrong: status, OAuth error, AADSTS number, text; None when all is well."""
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
            return self._assertion_problem(form["client_assertion"], now)
        if "client_secret" in form:
            return None
        message = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
        return 401, "invalid_client", 7000218, message

    def _assertion_problem(self, assertion: str, now: float) -> tuple[int, str, int, str] | None:
        if assertion not in self._assertions:
            message = "Client assertion failed signature validation."
            return 401, "invalid_client", 700027, message
        audience, expires_at = self._assertions[assertion]
        if audience != self._audience:
            message = (
                f"No matching federated identity record found for presented assertion audience '{audience}'. "
                "Please check your federated identity credential Subject, Audience and Issuer against the "
                "presented assertion."
            )
            return 401, "invalid_client", 700212, message
        if self._lifetime is not None and now > expires_at:
            message = "Client assertion is not within its valid time range."
            return 401, "invalid_client", 700024, message
        return None

    def _configuration(self, path: str) -> Reply:
        authority = f"{self._base_url}/{path.split('/')[1]}"
        return json_reply(
            200,
            {
                "token_endpoint": f"{authority}/oauth2/v2.0/token",
                "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
                "issuer": f"{authority}/v2.0",
                "jwks_uri": f"{authority}/discovery/v2.0/keys",
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
                "response_types_supported": ["code"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid"],
            },
        )


def _jwt(**claims: Any) -> str:
    head = {"typ": "JWT", "alg": "RS256", "kid": "simulated"}
    parts = [json.dumps(part).encode() for part in (head, {"jti": secrets.token_hex(8), **claims})]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in [*parts, secrets.token_bytes(32)])


def _entra_error(error: str, number: int, message: str, moment: str) -> dict[str, Any]:
    trace, when = secrets.token_hex(16), moment[:19].replace("T", " ") + "Z"
    return {
        "error": error,
        "error_description": f"AADSTS{number}: {message} Trace ID: {trace} Timestamp: {when}",
        "error_codes": [number],
        "timestamp": when,
        "trace_id": trace,
        "correlation_id": trace,
    }


def _no_machine_token(problem: str) -> Reply:
    return json_reply(400, {"error": "invalid_request", "error_description": problem})


def _unauthorized(code: str, message: str, challenge: str) -> Refusal:
    return Refusal(401, code, message, headers=[("www-authenticate", challenge)])
