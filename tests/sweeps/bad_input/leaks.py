"""The secrets of a case as they really travel: for answers that repeat them, and for the judge."""

import base64
import html
import json
import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import parse_qs, quote

from azure_simulator import Reply
from sweeps.bad_input.homes import Kind
from sweeps.bad_input.worlds import SAS

# The text of a hostile answer that repeats a secret. The name in braces is replaced by the seen secret; after a stroke
# it may name one of WAYS.
TELLTALES = (
    "{bearer}", "Authorization: Bearer {bearer}", "{assertion}", "client_assertion={assertion}&scope=x", "{secret}",
    "client_secret '{secret}' is wrong", "{request-token}", "https://a.blob.core.windows.net/c/x.vhd?{sas}", "?{sas}",
    "{sas}", "sig {signature}", "https://a.blob.core.windows.net/c/x.vhd\n?{sas}",
    '{"authorization": "Bearer {bearer}"}',
)  # fmt: skip
SIGNATURE = SAS.partition("sig=")[2]
SHORTEST_SECRET = 12  # shorter texts appear by chance
SHORTEST_CUT = 36  # the same holds for a third of it
SHORTEST_BROKEN = 80  # the same holds for a quarter of it


def _broken_by(between: str) -> Callable[[str], str]:
    return lambda secret: secret[: len(secret) // 2] + between + secret[len(secret) // 2 :]


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "replace")).decode()


WAYS: dict[str, Callable[[str], str]] = {
    "base64": _base64,
    "base64-later": lambda secret: _base64(f"Bearer {secret}"),
    "base64-url": lambda secret: base64.urlsafe_b64encode(f"x:{secret}".encode("utf-8", "replace")).decode(),
    "percent": lambda secret: quote(secret, safe="", errors="replace"),
    "percent-twice": lambda secret: quote(quote(secret, safe="", errors="replace"), safe=""),
    "json": lambda secret: json.dumps(secret)[1:-1],
    "json-slashes": lambda secret: json.dumps(secret)[1:-1].replace("/", "\\/"),
    "html": html.escape,
    "cut": lambda secret: secret[: len(secret) * 3 // 4],
    "begun-late": lambda secret: secret[len(secret) // 4 :],
    "nul-in-it": _broken_by("\x00"),
    "escape-in-it": _broken_by("\x1b[31m"),
    "nothing-in-it": _broken_by("\u200b"),
    "tag-in-it": _broken_by("\U000e0041"),
    "hyphen-in-it": _broken_by("\u00ad"),
    "line-break-in-it": _broken_by("\r\n"),
    "blank-in-it": _broken_by(" "),
}
ENCODED = tuple(
    words.replace("}", f"|{way}}}")
    for words in ("{bearer}", "the assertion is {assertion}", "'{secret}'", "{request-token}", "{signature}")
    for way in WAYS
)
_TOLD = re.compile(r"\{(?P<name>bearer|assertion|secret|request-token|sas|signature)(?:\|(?P<way>[a-z0-9-]+))?\}")


class Secrets:
    """The secrets in the requests and answers of one case, under their names in TELLTALES."""

    def __init__(self, world: str, secret: str, request_token: str) -> None:
        signed = {"sas": SAS, "signature": SIGNATURE} if world == "vhd" else {}
        self.latest = {**signed, **({"secret": secret} if secret else {"request-token": request_token})}
        self.kinds: dict[str, Kind] = {request_token: "github"}
        if secret:
            self.kinds[secret] = "authority"
        for each in signed.values():
            self.kinds[each] = "manager"
        self.all = {*self.latest.values()}  # that were used or issued

    def notice_request(self, headers: Mapping[str, str], body: bytes) -> None:
        """Record an access token, and the secret that it was requested with."""
        lowered = {name.lower(): value for name, value in headers.items()}
        scheme, _, token = lowered.get("authorization", "").partition(" ")
        if scheme == "Bearer" and token in self.all:
            self.latest["bearer"] = token
        form = parse_qs(body.decode("utf-8", "replace")) if b"client_" in body else {}
        for name in ("client_assertion", "client_secret"):
            if form.get(name, [""])[0] in self.all:
                self.latest[{"client_assertion": "assertion", "client_secret": "secret"}[name]] = form[name][0]

    def notice_answer(self, reply: Reply) -> None:
        """Record an issued token, before any alteration of the answer."""
        given = json.loads(reply.body) if reply.status == 200 else {}
        kinds: tuple[tuple[str, Kind], ...] = (("access_token", "manager"), ("value", "authority"))
        for name, kind in kinds:
            if name in given:
                self.kinds[given[name]] = kind
                self.all.add(given[name])

    def filled_in(self, text: str) -> str:
        """Return the text with the secrets filled in."""
        return _TOLD.sub(self._one_filled_in, text) if "{" in text else text

    def _one_filled_in(self, match: re.Match[str]) -> str:
        secret = self.latest.get(match["name"])
        if secret is None:
            return match[0]
        return WAYS[match["way"]](secret) if match["way"] else secret


def forms_of(secret: str) -> Iterator[str]:
    """Return the forms that must not be found: the secret itself, its parts, and its spellings by others."""
    yield secret
    if len(secret) >= SHORTEST_CUT:
        yield secret[len(secret) // 3 : -(len(secret) // 3)]
    if len(secret) >= SHORTEST_BROKEN:
        quarter = len(secret) // 4
        yield from (secret[quarter : 2 * quarter], secret[-quarter:])  # the first part is the same in all tokens
    for way in ("percent", "json", "html"):
        if (written := WAYS[way](secret)) != secret:
            yield written
    raw = secret.encode("utf-8", "replace")
    for before in range(3):
        # without the ends, which also contain bits of their neighbours
        code = base64.b64encode(b"x" * before + raw)[4 if before else 0 : -4].decode()
        yield code
        if "+" in code or "/" in code:
            yield code.replace("+", "-").replace("/", "_")
