"""Hooks over real HTTPS on loopback: the client, the signature, and the receiver that the docs show."""

from __future__ import annotations

import hashlib
import hmac
import importlib.util
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import trustme

from azure_simulator import VirtualClock
from azure_simulator.serving.server import server_context
from vmss_upgrade.driver.run_clock import RunClock
from vmss_upgrade.driver.zero_downtime import hook_calls
from vmss_upgrade.driver.zero_downtime.hook_calls import HookCaller
from vmss_upgrade.job.clock import SystemClock
from vmss_upgrade.rollout.history.events import Event, Waiting
from vmss_upgrade.rollout.zero_downtime.hook_answers import MOST_BYTES, Meaning, Verdict
from vmss_upgrade.rollout.zero_downtime.hook_calls import BatchEnd, HookCall, Member
from vmss_upgrade.rollout.zero_downtime.hooks import Hooks, Phase
from vmss_upgrade.web.addresses import leads_inside
from vmss_upgrade.web.client import WebClient

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((PROJECT / "schema" / "hook.schema.json").read_text())
SECRET = "a secret of the tests"
CALL = HookCall(
    phase=Phase.BEFORE,
    scale_set="/subscriptions/s/x",
    number=1,
    of=2,
    is_rollback=False,
    members=(Member(id="1", name="web_1", computer_name="web000001", current=False, healthy=True), Member(id="2")),
    target="new",
    previous="old",
)
Answer = tuple[int, dict[str, str], bytes]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(autouse=True)
def environment(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler], tls: ssl.SSLContext) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def handler_of(*answers: Answer, heard: list[Any]) -> type[BaseHTTPRequestHandler]:
    """Return a server that gives one answer after the other, the last one for ever."""
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            heard.append((self.command, self.path, dict(self.headers), body))
            status, headers, said = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            for name, value in {"Content-Length": str(len(said)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST

        def log_message(self, *_: Any) -> None: ...

    return Handler


def ask(
    origin: str, call: HookCall = CALL, *, path: str = "/hook", seconds: float = 60.0
) -> tuple[Verdict, list[Event]]:
    """Call a hook; waits are virtual, and answers real."""
    clock = VirtualClock()
    hooks = Hooks(before=f"{origin}{path}", after=f"{origin}{path}", secret=SECRET, began_at=SystemClock().unix_time())
    caller = HookCaller(RunClock(clock, 1e6), hooks, WebClient(SystemClock()))
    events: list[Event] = []
    steps = caller.ask(call, clock.now() + seconds)
    while True:
        try:
            events.append(next(steps))
        except StopIteration as end:
            return end.value, events


def answered(
    authority: trustme.CA, *answers: tuple[int, dict[str, str], bytes]
) -> tuple[Verdict, list[Event], list[Any]]:
    heard: list[Any] = []
    with serving(handler_of(*answers, heard=heard), server_context(authority, "127.0.0.1")) as origin:
        verdict, events = ask(origin)
    return verdict, events, heard


def test_a_request_is_signed_and_carries_nothing_else(authority: trustme.CA) -> None:
    verdict, _, [(method, path, headers, body)] = answered(authority, (200, {}, b"{}"))
    assert (verdict.meaning, method, path) == (Meaning.GO_ON, "POST", "/hook")
    jsonschema.validate(json.loads(body), SCHEMA)
    assert {"Authorization", "Cookie"}.isdisjoint(headers)
    stamp, sent = headers["X-Vmss-Upgrade-Timestamp"], headers["X-Vmss-Upgrade-Signature"]
    assert sent == "v1=" + hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["Idempotency-Key"] == CALL.key


@pytest.mark.parametrize("call", [CALL, CALL.after(BatchEnd.FAILED)], ids=["before", "after"])
def test_the_schema_describes_each_call(call: HookCall) -> None:
    jsonschema.validate(json.loads(call.as_body(3, "https://github.com/o/r/actions/runs/1")), SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**json.loads(call.as_body(3, "")), "extra": 1}, SCHEMA)


def test_an_error_is_asked_again_with_the_same_key(authority: trustme.CA) -> None:
    verdict, events, heard = answered(authority, (500, {"Retry-After": "7"}, b""), (503, {}, b"x"), (200, {}, b""))
    assert verdict.meaning is Meaning.GO_ON
    assert [event.seconds for event in events if isinstance(event, Waiting)] == [7.0, 10.0]
    assert {headers["Idempotency-Key"] for _, _, headers, _ in heard} == {CALL.key}
    assert [json.loads(body)["attempt"] for *_, body in heard] == [1, 2, 3]


def test_work_that_is_polled(authority: trustme.CA) -> None:
    working = (202, {"Location": "/jobs/1", "Retry-After": "3"}, b"")
    verdict, events, heard = answered(authority, working, working, (200, {}, b'{"decision": "stop", "reason": "no"}'))
    assert (verdict.meaning, verdict.reason, len(events)) == (Meaning.STOP, "no", 2)
    assert [(method, path) for method, path, *_ in heard] == [("POST", "/hook"), ("GET", "/jobs/1"), ("GET", "/jobs/1")]
    stamp = heard[1][2]["X-Vmss-Upgrade-Timestamp"]
    assert heard[1][2]["X-Vmss-Upgrade-Signature"] == f"v1={hook_calls.signature(SECRET, stamp, b'')}"


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        pytest.param((302, {"Location": "https://127.0.0.1:1/"}, b""), Meaning.WRONG, id="redirect"),
        pytest.param((307, {"Location": "/else"}, b""), Meaning.WRONG, id="redirect-to-itself"),
        pytest.param((202, {"Location": "https://127.0.0.1:1/"}, b""), Meaning.WRONG, id="poll-elsewhere"),
        pytest.param((200, {}, b"{" + b" " * 10 * MOST_BYTES), Meaning.WRONG, id="too-large"),
        pytest.param((200, {"Content-Encoding": "gzip"}, b"\x1f\x8b\x00"), Meaning.WRONG, id="packed"),
        pytest.param((200, {}, b'{"decision": "##[error]x"}'), Meaning.WRONG, id="command"),
        pytest.param((200, {"X" * 100_000: "y"}, b"{}"), Meaning.NO_ANSWER, id="long-header"),
        pytest.param((401, {"Set-Cookie": "a=b"}, b""), Meaning.WRONG, id="unauthorized"),
    ],
)
def test_hostile_answers(authority: trustme.CA, answer: Answer, meaning: Meaning) -> None:
    verdict, _, heard = answered(authority, answer)
    assert verdict.meaning is meaning
    assert {path for _, path, *_ in heard} == {"/hook"}


def test_a_wrong_certificate_gets_no_request() -> None:
    heard: list[Any] = []
    other = trustme.CA()
    with serving(handler_of((200, {}, b""), heard=heard), server_context(other, "127.0.0.1")) as origin:
        verdict, events = ask(origin)
    assert (verdict.meaning, events, heard) == (Meaning.WRONG, [], [])
    assert "certificate" in verdict.reason


def test_a_certificate_of_another_name_gets_no_request(authority: trustme.CA) -> None:
    heard: list[Any] = []
    with serving(handler_of((200, {}, b""), heard=heard), server_context(authority, "other.test")) as origin:
        verdict, _ = ask(origin)
    assert (verdict.meaning, heard) == (Meaning.WRONG, [])


def test_a_slow_answer_is_left(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook_calls, "REQUEST_SECONDS", 0.3)
    over = threading.Event()

    class Slow(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            over.wait(10)

        def log_message(self, *_: Any) -> None: ...

    with serving(Slow, server_context(authority, "127.0.0.1")) as origin:
        verdict, _ = ask(origin, seconds=0.0)
        over.set()
    assert (verdict.meaning, verdict.reason) == (Meaning.NO_ANSWER, "no whole answer came within 0.3 s")


def test_an_address_where_nothing_listens_is_not_shown(authority: trustme.CA) -> None:
    with serving(handler_of((200, {}, b""), heard=[]), server_context(authority, "127.0.0.1")) as origin:
        pass
    verdict, _ = ask(origin, path="/hook?sig=s3cr3t", seconds=0.0)
    assert verdict.meaning is Meaning.NO_ANSWER
    assert "s3cr3t" not in verdict.reason
    assert "refused" in verdict.reason


def test_a_name_that_leads_to_the_machine_itself_gets_no_request(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vmss_upgrade.web.client.leads_inside", lambda host: host == "127.0.0.1" or leads_inside(host))
    heard: list[Any] = []
    with serving(handler_of((200, {}, b""), heard=heard), server_context(authority, "127.0.0.1")) as origin:
        verdict, _ = ask(origin, seconds=0.0)
    assert (verdict.meaning, heard) == (Meaning.NO_ANSWER, [])
    assert "a service of the machine itself" in verdict.reason


# -- the receiver that the docs show -----------------------------------------------------------------------------------


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> type[BaseHTTPRequestHandler]:
    spec = importlib.util.spec_from_file_location("hook_receiver", PROJECT / "examples" / "hook-receiver.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    monkeypatch.chdir(tmp_path)
    handler: type[BaseHTTPRequestHandler] = module.Receiver
    return handler


def test_the_example_verifies_and_goes_on(
    receiver: type[BaseHTTPRequestHandler], authority: trustme.CA, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving(receiver, server_context(authority, "127.0.0.1")) as origin:
        assert ask(origin)[0].meaning is Meaning.GO_ON
        assert ask(origin, CALL.after(BatchEnd.PASSED))[0].meaning is Meaning.GO_ON
    assert "before None web000001" in capfd.readouterr().out


def test_the_example_stops(receiver: type[BaseHTTPRequestHandler], authority: trustme.CA, tmp_path: Path) -> None:
    (tmp_path / "stop").touch()
    with serving(receiver, server_context(authority, "127.0.0.1")) as origin:
        assert ask(origin)[0] == Verdict(meaning=Meaning.STOP, reason="an alert is active")


def test_the_example_refuses_another_secret(
    receiver: type[BaseHTTPRequestHandler], authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_SECRET", "another")
    with serving(receiver, server_context(authority, "127.0.0.1")) as origin:
        verdict, _ = ask(origin)
    assert (verdict.meaning, verdict.reason) == (Meaning.WRONG, "HTTP 401")


def test_the_example_is_short() -> None:
    code = (PROJECT / "examples" / "hook-receiver.py").read_text().split("class Receiver")[1]
    assert len([line for line in code.splitlines() if line.strip()]) <= 30
