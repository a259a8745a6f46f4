"""Tokens, and the answers of GitHub, Entra and a machine's metadata service, as these write them.

Tokens are well formed and signed with nothing: they are JWTs whose last part is random.
"""

import base64
import json
import secrets
from typing import Any

Json = dict[str, Any]


def make_token(**claims: Any) -> str:
    """Return a new JWT with these claims."""
    head = {"typ": "JWT", "alg": "RS256", "kid": "simulated"}
    parts = [json.dumps(part).encode() for part in (head, {"jti": secrets.token_hex(8), **claims})]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in [*parts, secrets.token_bytes(32)])


def entra_error(error: str, number: int, message: str, moment: str) -> Json:
    """Return Entra's refusal with this OAuth error, AADSTS number and text; `moment` is a timestamp of Azure."""
    trace, when = secrets.token_hex(16), moment[:19].replace("T", " ") + "Z"
    return {
        "error": error,
        "error_description": f"AADSTS{number}: {message} Trace ID: {trace} Timestamp: {when}",
        "error_codes": [number],
        "timestamp": when,
        "trace_id": trace,
        "correlation_id": trace,
    }


def access_token_body(token: str, seconds: int) -> Json:
    """Return Entra's answer that gives out an access token."""
    return {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token}


def machine_token_body(token: str, client_id: str, issued: int, seconds: int, resource: str) -> Json:
    """Return the metadata service's answer that gives out an access token."""
    return {
        "access_token": token,
        "client_id": client_id,
        "expires_in": str(seconds),
        "expires_on": str(issued + seconds),
        "not_before": str(issued),
        "resource": resource,
        "token_type": "Bearer",
    }


def configuration_body(authority: str) -> Json:
    """Return the OpenID configuration of a tenant."""
    return {
        "token_endpoint": f"{authority}/oauth2/v2.0/token",
        "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
        "issuer": f"{authority}/v2.0",
        "jwks_uri": f"{authority}/discovery/v2.0/keys",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid"],
    }


def endpoints_body(base_url: str) -> Json:
    """Return where a client finds what belongs to this cloud, as the Azure CLI's `az cloud register` asks for it."""
    return {
        "name": "Simulated",
        "authentication": {
            "loginEndpoint": base_url,
            "audiences": [base_url],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "resourceManager": base_url,
        "suffixes": {},
    }
