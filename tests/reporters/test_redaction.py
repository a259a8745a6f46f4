"""Secrets are taken out in every form in which they come back: escaped, encoded, cut, broken, or merely alike."""

from __future__ import annotations

import base64
import html
import json
import random
import string
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

import pytest

from vmss_upgrade.reporters.console import Console
from vmss_upgrade.reporters.record import as_record
from vmss_upgrade.reporters.sanitiser.known_secrets import (
    SHORTEST_SECRET,
    derived_forms,
    forget_secrets,
    keep_secret,
)
from vmss_upgrade.reporters.sanitiser.text import clean, code, cut, fenced, markdown
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.history.report import Report

DRAWN = random.Random(11)
TELLING = 8  # so many characters of a secret in a row do not stand in a text by chance


def drawn(alphabet: str, length: int) -> str:
    """Draw a secret."""
    return "".join(DRAWN.choices(alphabet, k=length))


def b64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def jwt_of(claims: int) -> str:
    """Return a token as Entra makes them, without a real signature."""
    header = b64url(json.dumps({"typ": "JWT", "alg": "RS256", "kid": drawn(string.ascii_letters, 20)}).encode())
    payload = b64url(json.dumps({"a": drawn(string.ascii_letters, claims)}).encode())
    return f"{header}.{payload}.{b64url(DRAWN.randbytes(64))}"


SECRET = drawn(string.ascii_letters + string.digits, 10) + "~/+=%&<>\"' ü" + drawn(string.ascii_letters, 24)
PLAIN = drawn(string.ascii_letters + string.digits + "~._-", 40)
TOKEN = jwt_of(300)


def shifts(secret: str) -> dict[str, str]:
    """Return the secret in Base64 after 0, 1 and 2 other characters, in both alphabets, padded and not."""
    forms = {}
    for ahead in range(3):
        raw = b"u:::"[1 : 1 + ahead] + secret.encode() + b":x"
        padded = base64.b64encode(raw).decode()
        forms |= {
            f"base64-{ahead}": padded,
            f"base64-{ahead}-bare": padded.rstrip("="),
            f"base64-{ahead}-url": base64.urlsafe_b64encode(raw).decode(),
        }
    return forms


def lower_hex(text: str) -> str:
    first, *rest = text.split("%")
    return "%".join([first, *(part[:2].lower() + part[2:] for part in rest)])


def forms_of(secret: str) -> dict[str, str]:
    """Return the forms in which a foreign log may hold the secret."""
    middle = len(secret) // 2
    escaped = json.dumps(secret)[1:-1]
    return {
        **shifts(secret),
        "raw": secret,
        "basic": base64.b64encode(f"user:{secret}".encode()).decode(),
        "powershell": base64.b64encode(secret.encode("utf-16-le")).decode(),
        "hex": secret.encode().hex(),
        "hex-upper": secret.encode().hex().upper(),
        "percent": quote(secret, safe=""),
        "percent-lower": lower_hex(quote(secret, safe="")),
        "percent-path": quote(secret),
        "percent-all": "".join(f"%{byte:02X}" for byte in secret.encode()),
        "percent-twice": quote(quote(secret, safe=""), safe=""),
        "percent-partial": quote(secret[:middle], safe="") + secret[middle:].replace("%", "%25"),
        "form": quote_plus(secret),
        "json": escaped,
        "json-slashes": escaped.replace("/", "\\/"),
        "json-all": "".join(f"\\u{ord(sign):04x}" for sign in secret),
        "json-in-json": json.dumps(json.dumps(secret))[3:-3],
        "html": html.escape(secret),
        "html-decimal": "".join(f"&#{ord(sign)};" for sign in secret),
        "html-hex": "".join(f"&#x{ord(sign):X};" for sign in secret),
        "html-in-json": json.dumps(html.escape(secret))[1:-1],
        "repr": "".join(f"\\x{ord(sign):02x}" for sign in secret),
        "line-break": f"{secret[:middle]}\n{secret[middle:]}",
        "crlf-and-indent": f"{secret[:9]}\r\n      {secret[9:20]}\r\n      {secret[20:]}",
        "control": f"{secret[:middle]}\x00\x1b{secret[middle:]}",
        "zero-width": "\u200b".join(secret),
        "soft-hyphen": f"{secret[:middle]}\u00ad{secret[middle:]}",
        "tag": f"{secret[:middle]}\U000e0041{secret[middle:]}",
        "folded-base64": "\n".join(
            base64.b64encode(secret.encode()).decode()[at : at + 20] for at in range(0, 2 * len(secret), 20)
        ),
        "cut-at-the-end": secret[:-6],
        "cut-short": secret[:TELLING],
        "cut-with-dots": f"{secret[:TELLING]}...",
        "cut-with-an-ellipsis": f"{secret[:TELLING]}\u2026 more",
        "cut-in-quotes": f"'{secret[:TELLING]}'...",
        "cut-in-front": f"...{secret[-TELLING:]} is wrong",
        "cut-on-both-sides": f"it says {secret[3:-3]} here",
    }


def leaked(text: str, secret: str) -> list[str]:
    """Return the pieces of the secret, in any of the forms that are read back here, which stand in the text."""
    seen = "".join(sign for sign in text if not sign.isspace() and sign.isprintable())
    pieces = {secret[at : at + TELLING].replace(" ", "") for at in range(len(secret) - TELLING + 1)}
    return sorted(piece for piece in pieces if len(piece) == TELLING and piece in seen)


@pytest.fixture(autouse=True)
def _no_secrets() -> Iterator[None]:
    forget_secrets()
    yield
    forget_secrets()


def everywhere(text: str) -> str:
    """Return the text in everything that we write."""
    report = Report(ending=Ending(outcome=Outcome.HALTED, reason=text, remedy=text))
    said = (clean(text), markdown(text), code(text), fenced(text), cut(text, 60), cut(text))
    return "\n".join((*said, str(as_record(report)["reason"])))


KINDS = {"signs": SECRET, "plain": PLAIN, "token": TOKEN}
ODD = [("token", form) for form in ("hex", "hex-upper", "powershell")]  # a text of that length is not written in these


@pytest.mark.parametrize(
    ("kind", "form"), [(kind, form) for kind in KINDS for form in forms_of(PLAIN) if (kind, form) not in ODD]
)
def test_a_secret_is_taken_out_in_every_form(kind: str, form: str) -> None:
    secret = KINDS[kind]
    shown = forms_of(secret)[form]
    around = shown if form.startswith("cut") else f"before {shown} after"
    assert clean(around).strip(), "there is something to see before it is a secret"
    keep_secret(secret)
    said = everywhere(around)
    pieces = {shown[at : at + 20] for at in range(0, len(shown) - 20, 5)}
    assert [piece for piece in pieces if piece in said and "***" not in piece] == []
    assert leaked(said, secret) == []
    if not form.startswith("cut"):
        assert clean(around).startswith("before")
        assert clean(around).endswith("after"), "what stands behind it is left"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("token {} is wrong", "token *** is wrong", id="whole"),
        pytest.param("token {}.", "token ***.", id="end-of-a-sentence"),
        pytest.param("Bearer {}\nNext line", "Bearer *** Next line", id="before-a-line"),
        pytest.param('{{"access_token":"{}"}}', '{{"access_token":"***"}}', id="in-json"),
        pytest.param("[{}, {}]", "[***, ***]", id="two"),
    ],
)
def test_text_that_looks_like_a_token_is_taken_out(text: str, shown: str) -> None:
    token = jwt_of(40)
    assert clean(text.format(token, token)) == shown.format()


def test_parts_of_a_token_are_redacted() -> None:
    token = jwt_of(200)
    header, payload, signature = token.split(".")
    for part in (
        token[:60],
        header,
        payload,
        f"{header}.{payload}",
        f"{header}{payload}{signature}",
        f".{payload}.{signature}",
        f"{header}.\n{payload}.\n{signature}",
        f"{token[:50]}\x00{token[50:]}",
        "\u200b".join(token),
        "\n".join(token[at : at + 9] for at in range(0, len(token), 9)),
        "\n    ".join(token[at : at + 64] for at in range(0, len(token), 64)),
        base64.b64encode(token.encode()).decode(),
        token.replace(".", "%2E"),
        token.replace(".", "\\u002e"),
        f"x{token}",
        f"'{token[:40]}...'",
    ):
        said = everywhere(f"says {part}")
        assert "***" in said
        for at in range(4, len(part) - 16):
            assert part[at : at + 16] not in said, part


@pytest.mark.parametrize(
    "text",
    [
        "The value of parameter imageReference.version is invalid.",
        "Allocation failed. eyJ is not enough; nor is a hey-Jude or eyJaf",
        "100% of /subscriptions/0a1b2c3d-0000-4000-8000-000000000000/resourceGroups/rg-1 at 2026-11-26T10:00:00Z",
        "a=b and c = d; f(x=1)? yes & no, R&D",
        "See https://aka.ms/vmss-errors for more (x >= 2 && y < 3).",
    ],
)
def test_honest_text_stays_as_it_is(text: str) -> None:
    keep_secret(PLAIN)
    keep_secret(TOKEN)
    assert clean(text) == text
    assert cut(text) == text


def test_a_secret_across_two_cuts_is_shown_by_neither() -> None:
    keep_secret(PLAIN)
    for ahead in range(0, 240):
        assert leaked(cut("x" * ahead + " " + PLAIN + " end", 100), PLAIN) == [], ahead
        assert leaked(cut("\u200b" * ahead + "x " + PLAIN + " end", 100), PLAIN) == [], ahead


@pytest.mark.slow
@pytest.mark.parametrize(
    "part",
    [
        pytest.param("a", id="letters"),
        pytest.param("\u200b", id="holes", marks=pytest.mark.sweep),
        pytest.param(f"{PLAIN} ", id="secrets", marks=pytest.mark.sweep),
        pytest.param("https://a/", id="addresses", marks=pytest.mark.sweep),
    ],
)
def test_a_text_of_twenty_megabytes_is_cut_before_it_is_searched(part: str) -> None:
    keep_secret(PLAIN)
    text = part * (20_000_000 // len(part))
    for shown in (clean(text), cut(text), cut(text, 50), markdown(text)):
        assert len(shown) < 1_000_000
        assert PLAIN not in shown
    assert clean(text).endswith("...")


def test_derived_forms_are_few_and_long_enough() -> None:
    for secret in (SECRET, PLAIN, TOKEN):
        forms = derived_forms(secret)
        assert 3 <= len(forms) <= 24
        assert all(len(form) >= SHORTEST_SECRET for form in forms)
        assert len(set(forms)) == len(forms)
        assert secret not in forms
        for form in (quote_plus(secret), html.escape(secret), json.dumps(secret)[1:-1], quote(secret, safe="")):
            assert form in (*forms, secret)


def test_the_runner_hides_the_derived_forms_too(capsys: pytest.CaptureFixture[str]) -> None:
    Console(github=True, colour=False).mask(SECRET)
    lines = capsys.readouterr().out.replace("%25", "%").splitlines()
    assert lines == [f"::add-mask::{form}" for form in (SECRET, *derived_forms(SECRET))]


@pytest.mark.parametrize("word", ["", "1", "true", "latest", "s3cret", "       x", "\n\n\n\n\n\n\n\n\n"])
def test_a_short_word_is_not_masked(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    Console(github=True, colour=False).mask(word)
    assert capsys.readouterr().out == ""
    assert clean(f"a {word} b".strip()) == " ".join(f"a {word} b".split("\n")).strip() or word.isspace()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param(
            "/subscriptions/x/operations/y?p=1&t=2&c=3&s=SIGN", "/subscriptions/x/operations/y?...", id="relative"
        ),
        pytest.param("GET x.vhd?code=SIGN failed", "GET x.vhd?... failed", id="a-name"),
        pytest.param("https:/ /management.azure.com/x?s=SIGN", "https:/ /management.azure.com/x?...", id="broken"),
        pytest.param("?sv=1&sig=SIGN", "?...", id="nothing-ahead"),
        pytest.param("p=AAA&s=SIGN", "p=...&s=...", id="query-alone"),
        pytest.param("t=1&amp;s=SIGN", "t=...&amp;s=...", id="escaped-in-html"),
        pytest.param("t=1\\u0026s=SIGN", "t=...\\u0026s=...", id="escaped-in-json"),
        pytest.param("x%3Fsv%3D1%26sig%3DSIGN%3D", "x%3Fsv%3D...%26sig%3D...", id="percent-encoded"),
        pytest.param("https://a/x?sig=SI\x00GN", "https://a/x?...", id="broken-by-a-control"),
        pytest.param("https://a/x?sig=SI\u200bGN", "https://a/x?...", id="broken-by-nothing-to-see"),
        pytest.param("https://a/x?sig=" + "SIGNATURE" * 3 + "\n" + "SIGNATURE" * 3, "https://a/x?...", id="folded"),
        pytest.param("https://a/x?SIGN", "https://a/x?...", id="no-name"),
        pytest.param("AccountName=a;AccountKey=SIGN==;x=1", "AccountName=a;AccountKey=...;x=1", id="connection-string"),
        pytest.param("client_secret=SIGN, access_token: SIGN2", "client_secret=..., access_token: SIGN2", id="form"),
        pytest.param("https://user:SIGN@a.example/x", "https://...@a.example/x", id="user-and-password"),
    ],
)
def test_queries_are_cut_wherever_something_looks_like_one(text: str, shown: str) -> None:
    assert clean(text) == shown
    assert "SIGN" not in cut(text).replace("SIGN2", "")
