"""No answer is without end: against a server on loopback that says what no honest one would."""

from __future__ import annotations

import gzip
import logging
import socket
import ssl
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import requests
import trustme
from azure.core.exceptions import AzureError as SdkError
from azure.core.rest import HttpRequest
from hostile_server import HostileServer, Say, forever, hostile, late, once, plain

from azure_simulator.serving.server import server_context
from harness.rows import nightly_but
from vmss_upgrade.azure_api.connection import ClockedTransport
from vmss_upgrade.azure_api.failures import translated
from vmss_upgrade.errors import AzureError, Trouble, VmssUpgradeError
from vmss_upgrade.job.clock import SystemClock
from vmss_upgrade.web.bounded_http import (
    ANSWER_BYTES,
    ANSWER_SECONDS,
    AnswerTooLarge,
    AnswerTooSlow,
    BoundedAdapter,
    bounded_session,
)

pytestmark = pytest.mark.slow

SIZE = 256 * 1024
SECONDS = 0.2
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
PACKED_CHUNKS = OK + b"Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n"
MUCH = b"x" * 8192
SERVER_HELLO = b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb"  # the head of a long one


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "nowhere.test")


def session(*, seconds: float = 30.0, size: int = SIZE) -> requests.Session:
    made = bounded_session(SystemClock().now)
    adapter = BoundedAdapter(SystemClock().now, seconds=seconds, size=size)
    made.mount("http://", adapter)
    made.mount("https://", adapter)
    return made


def get(server: HostileServer, *, seconds: float = 30.0, size: int = SIZE) -> requests.Response:
    return session(seconds=seconds, size=size).get(f"http://127.0.0.1:{server.port}/x?s=signed", timeout=(5, 30))


@cache
def bomb() -> bytes:
    """Return many zeros, packed to a thousandth of their size."""
    return gzip.compress(bytes(64 * SIZE))


# what a server sends at full speed: the size ends it
ENDLESS: dict[str, Say] = {
    "body-until-it-closes": forever(OK + b"\r\n", MUCH),
    "body-of-a-length-that-lies": forever(OK + b"Content-Length: 999999999999\r\n\r\n", MUCH),
    "body-of-a-negative-length": forever(OK + b"Content-Length: -1\r\n\r\n", MUCH),
    "chunks": forever(CHUNKED, b"2000\r\n" + MUCH + b"\r\n"),
    "one-chunk": forever(CHUNKED + b"ffffffffff\r\n", MUCH),
    "chunk-extensions": forever(CHUNKED, b"1;" + MUCH + b"\r\nx\r\n"),
    "trailers": forever(CHUNKED + b"0\r\n", b"X: y\r\n" * 1000),
    "continues": forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "body-of-a-redirect": forever(b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n", MUCH),
    "body-of-an-error": forever(b"HTTP/1.1 429 Too Many\r\nRetry-After: 1\r\n\r\n", MUCH),
    "bomb": late(lambda: plain(bomb(), "Content-Encoding: gzip")),
    "bomb-in-chunks": late(lambda: PACKED_CHUNKS + b"%x\r\n" % len(bomb()) + bomb() + b"\r\n0\r\n\r\n"),
    "deflated": late(lambda: plain(zlib.compress(bytes(64 * SIZE)), "Content-Encoding: deflate")),
    "bomb-in-a-bomb": late(lambda: plain(gzip.compress(bomb()), "Content-Encoding: gzip, gzip")),
}  # fmt: skip


@pytest.mark.parametrize("say", ENDLESS.values(), ids=ENDLESS)
def test_an_answer_without_end_is_left(say: Say) -> None:
    with hostile(say) as server, pytest.raises(AnswerTooLarge, match=r"larger than 0\.25 MiB"):
        get(server)
    assert not server.gave_up


# what http.client and urllib3 bound by themselves: still no answer, and no bug
LONG_LINES: dict[str, Say] = {
    "status-line": forever(b"HTTP/1.1 200 ", MUCH),
    "header": forever(OK + b"X: ", MUCH),
    "headers": forever(OK, b"X: y\r\n"),
    "no-http": forever(b"", MUCH),
    "a-chunk-extension": forever(CHUNKED + b"5;", MUCH),
}


@pytest.mark.parametrize("say", LONG_LINES.values(), ids=LONG_LINES)
def test_a_line_without_end_is_left(say: Say) -> None:
    with hostile(say) as server, pytest.raises(requests.exceptions.RequestException):
        get(server)
    assert not server.gave_up


# what a server sends a byte at a time: the time ends it
TRICKLES: dict[str, Say] = {
    "status-line": forever(b"", b"H"),
    "continues": forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "header": forever(OK + b"X: ", b"y"),
    "body": forever(OK + b"Content-Length: 9999\r\n\r\n", b"x"),
    "body-until-it-closes": forever(OK + b"\r\n", b"x"),
    "chunks": forever(CHUNKED, b"1\r\nx\r\n"),
    "a-chunk-size": forever(CHUNKED, b"0"),
    "trailers": forever(CHUNKED + b"0\r\n", b"X: y\r\n"),
    "body-of-a-redirect": forever(b"HTTP/1.1 307 Moved\r\nLocation: /x\r\nContent-Length: 999\r\n\r\n", b"x"),
}


@pytest.mark.parametrize("say", TRICKLES.values(), ids=TRICKLES)
def test_an_answer_that_trickles_is_left(say: Say) -> None:
    with hostile(say, trickles=True) as server, pytest.raises(AnswerTooSlow, match=r"did not end within 0\.2 s"):
        get(server, seconds=SECONDS)


def test_a_server_that_says_nothing_more_is_left_as_before() -> None:
    with hostile(once(OK)) as server, pytest.raises(requests.exceptions.ReadTimeout):
        session().get(f"http://127.0.0.1:{server.port}/x", timeout=(5, 0.05))


def test_an_answer_that_is_cut_off_is_none() -> None:
    with hostile(once(OK + b"Content-Length: 9\r\nConnection: close\r\n\r\nxx")) as server:
        server._heard = lambda connection, heard=server._heard: not server.requests and heard(connection)  # type: ignore[method-assign]
        with pytest.raises(requests.exceptions.RequestException):
            get(server)


# -- TLS and proxies ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Return the TLS of a server whose certificate is trusted."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    return server_context(authority, "127.0.0.1")


def test_a_handshake_that_trickles_is_left() -> None:
    with hostile(forever(SERVER_HELLO, b"x"), trickles=True, hello=b"") as server:
        with pytest.raises((AnswerTooSlow, requests.exceptions.Timeout)):
            session(seconds=SECONDS).get(f"https://127.0.0.1:{server.port}/x", timeout=(5, 30))
        assert server.sent < 1000


# TLS is below all that a server may say
@pytest.mark.parametrize("said", nightly_but(("header", "body", "chunks"), TRICKLES))
def test_an_answer_that_trickles_through_tls_is_left(said: str, trusted: ssl.SSLContext) -> None:
    with hostile(TRICKLES[said], trickles=True, tls=trusted) as server, pytest.raises(AnswerTooSlow):
        session(seconds=SECONDS).get(f"https://127.0.0.1:{server.port}/x", timeout=(5, 30))


def test_an_answer_without_end_through_tls_is_left(trusted: ssl.SSLContext) -> None:
    with hostile(ENDLESS["chunks"], tls=trusted) as server, pytest.raises(AnswerTooLarge):
        session().get(f"https://127.0.0.1:{server.port}/x", timeout=(5, 30))


CONNECTS: dict[str, tuple[Say, bool, type[Exception]]] = {
    "status-line": (forever(b"HTTP/1.0 2", b"0"), True, AnswerTooSlow),
    "header": (forever(b"HTTP/1.0 200 OK\r\nX: ", b"y"), True, AnswerTooSlow),
    "headers": (forever(b"HTTP/1.0 200 OK\r\n", b"X: y\r\n" * 1000), False, AnswerTooLarge),
}


@pytest.mark.parametrize(("say", "trickles", "raised"), CONNECTS.values(), ids=CONNECTS)
def test_a_proxy_that_never_connects_is_left(
    say: Say, trickles: bool, raised: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    with hostile(say, trickles=trickles) as server:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:pass@127.0.0.1:{server.port}")
        with pytest.raises(raised) as left:
            session(seconds=SECONDS if trickles else 30.0).get("https://azure.test/x", timeout=(5, 30))
        assert "pass" not in str(left.value)
        assert server.requests and not server.gave_up
        assert server.sent < 1000 or not trickles


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_handshake_that_trickles_through_a_proxy_is_left(
    scheme: str, trusted: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TLS inside of TLS is read record by record: each read has a timeout of its own, and the time of none of them."""
    tls = trusted if scheme == "https" else None
    said = forever(SERVER_HELLO, b"x")
    with hostile(said, trickles=True, tls=tls, hello=b"HTTP/1.0 200 OK\r\n\r\n") as server:
        monkeypatch.setenv("HTTPS_PROXY", f"{scheme}://127.0.0.1:{server.port}")
        with pytest.raises((AnswerTooSlow, requests.exceptions.ReadTimeout)):
            session(seconds=SECONDS).get("https://azure.test/x", timeout=(5, 30))
        assert server.requests and 0 < server.sent < 400  # four seconds of it


# -- honest answers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(plain(b"body"), id="length"),
        pytest.param(CHUNKED + b"2;x=y\r\nbo\r\n2\r\ndy\r\n0\r\nX: y\r\n\r\n", id="chunks"),
        pytest.param(plain(gzip.compress(b"body"), "Content-Encoding: gzip"), id="gzip"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" + plain(b"body"), id="after-a-continue"),
    ],
)
def test_an_honest_answer_is_read_and_the_connection_used_again(said: bytes) -> None:
    with hostile(once(said)) as server:
        made = session()
        for _ in range(2):
            assert made.get(f"http://127.0.0.1:{server.port}/x", timeout=(5, 30)).content == b"body"
        assert (server.connections, len(server.requests)) == (1, 2)


def test_each_answer_has_the_whole_allowance() -> None:
    with hostile(once(plain(bytes(SIZE // 2)))) as server:
        made = session()
        for _ in range(4):
            assert len(made.get(f"http://127.0.0.1:{server.port}/x", timeout=(5, 30)).content) == SIZE // 2


def test_the_limits_are_those_of_the_documentation() -> None:
    assert (ANSWER_SECONDS, ANSWER_BYTES) == (60, 64 * 2**20)


# -- through the SDK ---------------------------------------------------------------------------------------------------


@pytest.fixture
def transport() -> ClockedTransport:
    made = ClockedTransport(SystemClock())
    adapter = BoundedAdapter(SystemClock().now, seconds=SECONDS, size=SIZE)
    made.session.mount("http://", adapter)
    return made


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("say", "trickles", "code", "message"),
    [
        pytest.param(TRICKLES["body"], True, "AnswerTooSlow", "did not end within 0.2 s", id="slow"),
        pytest.param(ENDLESS["chunks"], False, "AnswerTooLarge", "larger than 0.25 MiB", id="large"),
    ],
)
def test_a_limit_is_no_answer_that_says_which(
    say: Say, trickles: bool, code: str, message: str, stream: bool, transport: ClockedTransport
) -> None:
    with hostile(say, trickles=trickles) as server:
        request = HttpRequest("GET", f"http://127.0.0.1:{server.port}/x")
        with pytest.raises(AzureError, match=message) as left, translated("reading the scale set"):
            transport.send(request, stream=stream)
    assert (left.value.trouble, left.value.code, left.value.doing) == (Trouble.UNCERTAIN, code, "reading the scale set")


def test_no_exception_quotes_an_address_with_its_query(transport: ClockedTransport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(SdkError) as refused:
        transport.send(HttpRequest("GET", f"http://127.0.0.1:{port}/x?s=signed"))
    assert "signed" not in f"{refused.value!r} {refused.value}"


def test_no_warning_quotes_an_address_with_its_query(
    transport: ClockedTransport, caplog: pytest.LogCaptureFixture
) -> None:
    odd = OK + b"Content-Length: 1\r\nno header\r\n\r\nx"
    with hostile(once(odd)) as server, caplog.at_level(logging.WARNING):
        transport.send(HttpRequest("GET", f"http://127.0.0.1:{server.port}/x?s=signed"))
    assert "signed" not in caplog.text


# -- the environment ---------------------------------------------------------------------------------------------------


@pytest.fixture(params=["NETRC", "home"])
def netrc(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Write a file with a password for any server on loopback."""
    file = tmp_path / (".netrc" if request.param == "home" else "other")
    file.write_text("default login somebody password hunter22\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    if request.param == "NETRC":
        monkeypatch.setenv("NETRC", str(file))
    yield


@pytest.mark.usefixtures("netrc")
@pytest.mark.parametrize("headers", [{"Authorization": "Bearer ours"}, {}], ids=["with-our-token", "without"])
def test_no_netrc_replaces_our_token(headers: dict[str, str]) -> None:
    with hostile(once(plain(b""))) as server:
        ClockedTransport(SystemClock()).send(HttpRequest("GET", f"http://127.0.0.1:{server.port}/x", headers=headers))
    (sent,) = server.requests
    assert (b"Authorization: Bearer ours" in sent) == bool(headers)
    assert b"Basic" not in sent


@pytest.mark.usefixtures("netrc")
def test_no_netrc_is_sent_to_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with hostile(once(b"HTTP/1.0 407 No\r\n\r\n")) as server:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.port}")
        with pytest.raises(SdkError):
            ClockedTransport(SystemClock()).send(HttpRequest("GET", "https://azure.test/x"))
    assert b"authorization" not in b"".join(server.requests).lower()


def test_no_cookie_is_kept() -> None:
    with hostile(once(plain(b"", "Set-Cookie: a=b; Path=/", "Set-Cookie: c=d; Domain=127.0.0.1"))) as server:
        made = ClockedTransport(SystemClock())
        for _ in range(2):
            made.send(HttpRequest("GET", f"http://127.0.0.1:{server.port}/x"))
        assert list(made.session.cookies) == []
    assert b"cookie" not in b"".join(server.requests).lower()


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize(
    "address",
    [
        "http://user:hunter22@[bad",
        "http://user:hunter22@host:99999",
        "http://user:hunter22@host:port",
        "user:hunter22@[bad",
        "http://user:hunter22#x@host",
        "http://user:hunter22/x@host",
        "http://user:hunter22@",
        "http://user:hunter22@host:-1",
        "http://user:hunter22@ho st",
        "https://user:hunter22@[::1",
    ],
)
def test_a_proxy_that_cannot_be_read_is_named_without_its_password(
    name: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, address)
    with pytest.raises((VmssUpgradeError, SdkError)) as refused:
        ClockedTransport(SystemClock()).send(HttpRequest("GET", "https://azure.invalid/x"), connection_timeout=0.2)
    said = f"{refused.value!r} {refused.value}"
    assert "hunter22" not in said
    if isinstance(refused.value, VmssUpgradeError):
        assert name.upper() in said and "user" not in str(refused.value)


def test_a_proxy_for_another_purpose_may_be_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTP_PROXY", "http://[bad")
    monkeypatch.setenv("HTTPS_PROXY", "proxy.test:8080")
    monkeypatch.setenv("HTTP_PROXY", "")
    ClockedTransport(SystemClock())
