"""The secrets of a case as they really travel: for an answer to say back, and for the judge to look for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import parse_qs

from azure_simulator import Reply
from bad_input.worlds import SAS

# What a hostile answer says where it says a secret back. The right side is replaced by the secret that was seen.
TELLTALES = (
    "{bearer}", "Authorization: Bearer {bearer}", "{assertion}", "client_assertion={assertion}&scope=x", "{secret}",
    "client_secret '{secret}' is wrong", "{request-token}", "https://a.blob.core.windows.net/c/x.vhd?{sas}", "?{sas}",
    "{sas}", "sig {signature}", "https://a.blob.core.windows.net/c/x.vhd\n?{sas}",
    '{"authorization": "Bearer {bearer}"}',
)  # fmt: skip
SIGNATURE = SAS.partition("sig=")[2]


class Secrets:
    """What was secret in the requests and answers of one case, by the name that TELLTALES give it."""

    def __init__(self, world: str, secret: str, request_token: str) -> None:
        signed = {"sas": SAS, "signature": SIGNATURE} if world == "vhd" else {}
        self.latest = {**signed, **({"secret": secret} if secret else {"request-token": request_token})}
        self.all = {*self.latest.values()}

    def notice_request(self, headers: Mapping[str, str], body: bytes) -> None:
        """An access token, and what it was asked for with."""
        lowered = {name.lower(): value for name, value in headers.items()}
        scheme, _, token = lowered.get("authorization", "").partition(" ")
        if scheme == "Bearer" and token in self.all:
            self.latest["bearer"] = token
        form = parse_qs(body.decode("utf-8", "replace")) if b"client_" in body else {}
        for name in ("client_assertion", "client_secret"):
            if form.get(name, [""])[0] in self.all:
                self.latest[{"client_assertion": "assertion", "client_secret": "secret"}[name]] = form[name][0]

    def notice_answer(self, reply: Reply) -> None:
        """A token that was really given out, before anybody altered the answer."""
        given = json.loads(reply.body) if reply.status == 200 else {}
        self.all |= {given[name] for name in ("access_token", "value") if name in given}

    def told(self, text: str) -> str:
        """The text with the secrets in it."""
        for name, value in self.latest.items():
            text = text.replace(f"{{{name}}}", value)
        return text
