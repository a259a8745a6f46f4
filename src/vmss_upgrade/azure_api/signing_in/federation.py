"""The federated credential that a refused token needs, as az commands. Pure.

Sources: Entra compares issuer, subject and audience exactly, case included since August 2024 (AADSTS7002138;
Azure/login#515); GitHub, "OpenID Connect reference": the subject of repositories that were created since July 2026 has
the numbers of owner and repository in it, and claims of the token name both numbers in either case.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

_REPOSITORY = re.compile(r"repo:(?P<owner>[^/:@]+)(?:@\d+)?/(?P<name>[^/:@]+)(?:@\d+)?:(?P<rest>.+)")
_FOR_A_COMMAND = re.compile(r"[!-_a-~]+")  # visible ASCII but the backtick, which ends the code in a summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a token says of itself, as texts; `other_subject` is the same job's in GitHub's other form, or empty."""

    issuer: str
    subject: str
    audience: str
    other_subject: str = ""

    @classmethod
    def of(cls, claims: Mapping[str, Any]) -> Claims:
        """Return those of a token's claims; `?` for one that it lacks."""
        audience = claims.get("aud", "?")
        first = audience[0] if isinstance(audience, list) and audience else audience
        subject = str(claims.get("sub", "?"))
        return cls(
            issuer=str(claims.get("iss", "?")),
            subject=subject,
            audience=str(first),
            other_subject=_other_form(subject, claims),
        )

    def __str__(self) -> str:
        return f"iss={self.issuer}, sub={self.subject}, aud={self.audience}"


def federation_remedy(message: str, client_id: str, claims: Claims, audience_from: str = "") -> str:
    """Return how to make the federated credential that the token needs, for Entra's `message`.

    `audience_from` names what decides the audience, if the user can change it.
    """
    parts = (claims.issuer, claims.subject, claims.audience)
    case = "Matching is case-sensitive."
    if "AADSTS7002138" in message:
        case = "The subject of the federated credential differs in capital and small letters alone: make it anew."
    if not all(map(_FOR_A_COMMAND.fullmatch, parts)):
        return f"{case} Correct the federated credential of what `client-id` names, or the job."
    audience = f" Or correct {audience_from}." if audience_from and "AADSTS700212" in message else ""
    return (
        f"{case} Add a federated credential with these values to what `client-id` names. If that is a managed "
        f"identity: `{_of_identity(*parts)}`. If it is an application: `{_of_application(client_id, *parts)}`."
        f"{_forms(claims)}{audience}"
    )


def _of_identity(issuer: str, subject: str, audience: str) -> str:
    where = ("--name", _name_for(issuer, subject), "--identity-name", "IDENTITY", "--resource-group", "GROUP")
    what = ("--issuer", issuer, "--subject", subject, "--audiences", audience)
    return shlex.join(["az", "identity", "federated-credential", "create", *where, *what])


def _of_application(client_id: str, issuer: str, subject: str, audience: str) -> str:
    what = json.dumps(
        {"name": _name_for(issuer, subject), "issuer": issuer, "subject": subject, "audiences": [audience]}
    )
    return shlex.join(["az", "ad", "app", "federated-credential", "create", "--id", client_id, "--parameters", what])


def _name_for(issuer: str, subject: str) -> str:
    """Return the federated credential's name, another one for each subject: az overwrites one of the same name."""
    return f"vmss-upgrade-{sha256(f'{issuer} {subject}'.encode()).hexdigest()[:8]}"


def _forms(claims: Claims) -> str:
    """Return that the other form of the subject does not match, where the token shows both."""
    if not _FOR_A_COMMAND.fullmatch(claims.other_subject):
        return ""
    since = "repositories created since July 2026 have numbers in it"
    return f" The other form of the subject, {claims.other_subject}, does not match: {since}."


def _other_form(subject: str, claims: Mapping[str, Any]) -> str:
    found = _REPOSITORY.fullmatch(subject)
    if found is None:
        return ""
    owner, name, rest = found["owner"], found["name"], found["rest"]
    if subject != f"repo:{owner}/{name}:{rest}":
        return f"repo:{owner}/{name}:{rest}"
    ids = (str(claims.get("repository_owner_id", "")), str(claims.get("repository_id", "")))
    return f"repo:{owner}@{ids[0]}/{name}@{ids[1]}:{rest}" if all(map(str.isdecimal, ids)) else ""
