"""Answers whose text is made to hurt its reader: charsets, depth, size. Never a traceback, never for long."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline.transport import HttpTransport
from azure.core.rest import HttpRequest
from scripted import SET, Reply, accepted, answer, azure

from builders import NEW
from vmss_upgrade.azure_api.failures import LONGEST_CODE, LONGEST_MESSAGE
from vmss_upgrade.azure_api.http_policies import CheckedTransport
from vmss_upgrade.azure_api.scale_set_client import ScaleSetClient
from vmss_upgrade.azure_api.translation.model import to_model
from vmss_upgrade.errors import AzureError, Trouble
from vmss_upgrade.ports import OperationState
from vmss_upgrade.rollout.image import Image, ImageKind

pytestmark = pytest.mark.slow

UNIFORM = to_model({})
MODEL = {"id": SET, "name": "wäb", "properties": {"orchestrationMode": "Flexible"}}
GALLERY = Image(
    kind=ImageKind.RESOURCE,
    reference="/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/x/images/i/versions/1.0.0",
)

READS: dict[str, Callable[[ScaleSetClient], Any]] = {
    "model": lambda client: client.read_model(),
    "instances": lambda client: client.read_instances(UNIFORM),
    "machines": lambda client: client.read_instances(to_model(MODEL)),
    "permissions": lambda client: client.read_permissions(),
    "repairs": lambda client: client.are_repairs_suspended(UNIFORM),
    "rolling": lambda client: client.is_rolling_upgrade_running(),
    "image": lambda client: client.look_up(NEW, "we"),
    "gallery": lambda client: client.look_up(GALLERY, "we"),
    "versions": lambda client: client.list_versions(NEW, "we"),
}
WRITES: dict[str, Callable[[ScaleSetClient], Any]] = {
    "upgrade": lambda client: client.upgrade(["1"]),
    "patch": lambda client: client.set_image(NEW, ""),
    "suspend": lambda client: client.set_repairs(suspended=True),
}
POLLS: dict[str, Callable[[ScaleSetClient], Any]] = {"poll": lambda client: client.upgrade(["1"]).step()}

CHARSETS = (
    "punycode", "idna", "utf-7", "utf-16", "utf-32", "unicode_escape", "raw_unicode_escape", "undefined", "hex_codec",
    "zlib", "rot13", "latin-1", "cp037", "no-such", "", "utf-8; charset=punycode", "\"punycode\"", "mbcs", "a" * 5000,
)  # fmt: skip


def encoded(body: bytes, charset: str, kind: str = "application/json", status: int = 200, **headers: str) -> Reply:
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Reply(status, [("content-type", f"{kind}; charset={charset}"), *named], body)


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "text/json"])
def test_json_is_utf_8_whatever_an_answer_says(charset: str, kind: str) -> None:
    body = json.dumps(MODEL, ensure_ascii=False).encode()
    assert azure(encoded(body, charset, kind))[0].read_model().name == "wäb"
    body = json.dumps({"error": {"code": "Cödé", "message": "Grüße"}}, ensure_ascii=False).encode()
    with pytest.raises(AzureError, match="Grüße") as refused:
        azure(encoded(body, charset, kind, 400))[0].read_model()
    assert refused.value.code == "Cödé"


@pytest.mark.parametrize("charset", CHARSETS)
def test_a_poll_is_utf_8_whatever_it_says(charset: str) -> None:
    body = json.dumps({"status": "Failed", "error": {"code": "Cödé", "message": "Grüße"}}, ensure_ascii=False).encode()
    operation = azure(accepted(), encoded(body, charset))[0].upgrade(["1"])
    assert operation.step() is OperationState.FAILED
    assert operation.problem is not None and (operation.problem.code, operation.problem.message) == ("Cödé", "Grüße")


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("service", ["github.test", "login.test"])
def test_a_token_is_utf_8_whatever_it_says(service: str, charset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client, script = azure(answer(200, MODEL))
    exchange = script.exchange

    def odd(method: str, url: str, *rest: Any) -> Reply:
        reply = exchange(method, url, *rest)
        return encoded(reply.body, charset) if service in url else reply

    monkeypatch.setattr(script, "exchange", odd)
    assert client.read_model().name == "wäb"


def test_a_charset_that_takes_for_ever_takes_no_time() -> None:
    body = b'{"value": [], "x": "' + b"a-" * 200_000 + b'"}'
    began = time.monotonic()
    azure(encoded(body, "punycode"))[0].read_instances(UNIFORM)
    assert time.monotonic() - began < 20  # punycode would take minutes


ODD_FIELDS = (
    "name", "id", "location", "zones", "tags", "etag", "instanceId", "status", "code", "message", "provisioningState",
)  # fmt: skip


def deep(depth: int, kind: str) -> str:
    opened, closed = ("[", "]") if kind == "list" else ('{"a":', "}")
    return opened * depth + "1" + closed * depth


def nested(depth: int, kind: str) -> dict[str, str]:
    """Return JSON texts with deep nesting, by the place where it stands."""
    inner = deep(depth, kind)
    chain = '{"code":"A","message":"m","details":[' * depth + "{}" + "]}" * depth
    fields = ",".join(f'"{name}":{inner}' for name in ODD_FIELDS)
    profile = f'"orchestrationMode":"Flexible","virtualMachineProfile":{{"x":{inner}}}'
    wrong = f'"code":{inner},"message":{inner},"target":{inner},"details":{inner}'
    return {
        "bare": inner,
        "in-a-list": f'{{"value":[{inner}]}}',
        "in-the-items": f'{{"value":[{{{fields},"properties":{{{fields},{profile}}}}}]}}',
        "in-fields": f'{{{fields},"properties":{{{fields},{profile}}}}}',
        "in-the-profile": f'{{"name":"w","properties":{{{profile}}}}}',
        "in-the-error": f'{{"status":"Failed","error":{{{wrong}}}}}',
        "in-the-details": f'{{"status":"Failed","error":{chain}}}',
        "in-the-inner-error": f'{{"status":"Failed","error":{{"code":"A","message":"m","innererror":{inner}}}}}',
    }


def depths() -> Iterator[Any]:
    """Yield every depth at every call: one for each call in `make test`, the rest for `make sample`."""
    for row, call in enumerate([*READS, *WRITES, *POLLS]):
        for column, (kind, depth) in enumerate([("list", 300), ("object", 480), ("list", 950), ("object", 5_000)]):
            marks = [pytest.mark.sweep] if (row + column) % 4 else []
            yield pytest.param(call, depth, kind, id=f"{call}-{kind}-{depth}", marks=marks)


@pytest.mark.parametrize(("call", "depth", "kind"), list(depths()))
def test_no_depth_is_a_bug_of_ours(call: str, depth: int, kind: str) -> None:
    client, script = azure()
    for where, text in nested(depth, kind).items():
        for status in (200, 409):
            first: list[Reply | Exception] = [accepted()] if call in POLLS else []
            reply = Reply(status, [("content-type", "application/json")], text.encode())
            script.answers = [*first, *[reply] * 3]
            try:
                found = {**READS, **WRITES, **POLLS}[call](client)
                getattr(found, "step", lambda: None)()
            except AzureError as error:
                assert str(error), where


@pytest.mark.parametrize("service", ["github", "entra"])
def test_no_depth_of_a_token_is_a_bug_of_ours(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client, script = azure(answer(200, MODEL))
    exchange = script.exchange

    def odd(method: str, url: str, *rest: Any) -> Reply:
        if ("github.test" if service == "github" else "login.test") in url:
            return answer(200, deep(100_000, "list"))
        return exchange(method, url, *rest)

    monkeypatch.setattr(script, "exchange", odd)
    with pytest.raises(AzureError):
        client.read_model()


LONG = "x" * 200_000


@pytest.mark.parametrize("call", [*READS, *WRITES, *POLLS])
@pytest.mark.parametrize("status", [400, 409, 429, 500])
def test_a_long_error_is_cut(call: str, status: int) -> None:
    first = [accepted()] if call in POLLS else []
    body = {"error": {"code": LONG, "message": LONG, "target": "t", "details": [{"code": "D", "message": "m"}] * 1000}}
    client, _ = azure(*first, *[answer(status, body, x_ms_request_id="i" * 60_000)] * 3)
    try:
        {**READS, **WRITES, **POLLS}[call](client)
    except AzureError as error:
        assert len(str(error)) <= LONGEST_MESSAGE + 4
        assert len(error.code) <= LONGEST_CODE + 4
        assert len(error.correlation_id) <= LONGEST_CODE + 4
        assert error.remedy == "" or status in (400, 409)


def test_a_failed_operation_of_twenty_megabytes_is_cut() -> None:
    body = {"status": "Failed", "error": {"code": LONG, "message": LONG * 100}}
    operation = azure(accepted(), answer(200, body))[0].upgrade(["1"])
    assert operation.step() is OperationState.FAILED
    assert operation.problem is not None
    assert len(operation.problem.code) <= LONGEST_CODE + 4
    assert len(operation.problem.message) <= LONGEST_MESSAGE + 4


@pytest.mark.parametrize("body", ["x" * 1_000_000, "{" + "x" * 1_000_000], ids=["words", "broken-json"])
def test_a_long_text_that_is_no_json_is_cut(body: str) -> None:
    with pytest.raises(AzureError) as refused:
        azure(Reply(400, [("content-type", "text/plain")], body.encode()))[0].read_model()
    assert len(str(refused.value)) <= LONGEST_MESSAGE + 4


@pytest.mark.parametrize(
    "token", ["s3cr3t\n", "s3cr3t\r\nX: y", "s3cr3t\x00", "s3cr3tä", "s3cr3t日本", "s3cr3t\t", "\ud800s3cr3t"]
)
def test_a_token_that_a_header_cannot_carry_is_not_shown(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client, script = azure(answer(200, MODEL))
    exchange = script.exchange

    def odd(method: str, url: str, *rest: Any) -> Reply:
        if "login.test" in url:
            return answer(200, {"token_type": "Bearer", "expires_in": 3600, "access_token": token})
        return exchange(method, url, *rest)

    monkeypatch.setattr(script, "exchange", odd)
    with pytest.raises(AzureError) as refused:
        client.read_model()
    assert "s3cr3t" not in f"{refused.value!r} {refused.value} {refused.value.__cause__!r}"
    assert script.sent == []


@pytest.mark.parametrize("token", ["s3cr3t\n", "s3cr3tä", "s3cr3t\x7f"])
def test_no_transport_is_given_such_a_token(token: str) -> None:
    class Never(HttpTransport[Any, Any]):
        send = open = close = __exit__ = None  # type: ignore[assignment]

    request = HttpRequest("GET", "https://manager.test/x", headers={"Authorization": f"Bearer {token}"})
    with pytest.raises(ClientAuthenticationError, match="line break") as refused:
        CheckedTransport(Never()).send(request)
    assert "s3cr3t" not in f"{refused.value!r} {refused.value}"


@pytest.mark.parametrize("nameless", [{}, {"NAME": "web_1"}, {"name": ""}, {"name": None}])
@pytest.mark.parametrize("call", ["instances", "machines"])
def test_an_instance_without_its_name_is_no_answer(call: str, nameless: dict[str, Any]) -> None:
    """An empty name in a request for an upgrade would be one that Azure never gave."""
    view: dict[str, Any] = {"properties": {"instanceView": {"statuses": []}}}
    client, _ = azure(answer(200, {"value": [{"name": "web_0", **view}, {**nameless, **view}]}))
    with pytest.raises(AzureError, match="an instance comes without its name") as refused:
        READS[call](client)
    assert refused.value.trouble is Trouble.UNCERTAIN
