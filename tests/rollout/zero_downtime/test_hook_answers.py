"""What the answer of a hook means: one row per answer, and the calls that are sent."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import NEW, OLD, fleet, plan_of
from builders import changed as seen_as
from vmss_upgrade.rollout.planning.plan import Batch
from vmss_upgrade.rollout.zero_downtime.hook_answers import (
    MOST_BYTES,
    Meaning,
    Verdict,
    no_answer,
    untrusted,
    verdict_on,
)
from vmss_upgrade.rollout.zero_downtime.hook_calls import BatchEnd, HookCall, Member, call_before, saved_call
from vmss_upgrade.rollout.zero_downtime.hooks import Phase

ADDRESS = "https://hooks.test:8443/batches?sig=x"
ORIGIN = "https://hooks.test:8443"
GO, WAIT, SKIP, STOP = Meaning.GO_ON, Meaning.WAIT, Meaning.SKIP, Meaning.STOP
POLL, NONE, WRONG = Meaning.POLL, Meaning.NO_ANSWER, Meaning.WRONG


def verdict(status: int, body: Any = b"", phase: Phase = Phase.BEFORE, **headers: str) -> Verdict:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return verdict_on(status, named, sent, phase=phase, address=ADDRESS, instance_ids=("1", "2", "web_aB", "true"))


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        pytest.param(200, b"", GO, id="nothing"),
        pytest.param(204, b"", GO, id="no-content"),
        pytest.param(200, b"OK", GO, id="text"),
        pytest.param(200, b"<html>", GO, id="page"),
        pytest.param(200, {}, GO, id="object"),
        pytest.param(200, {"decision": "go"}, GO, id="go"),
        pytest.param(202, b"", GO, id="accepted-and-nothing-to-poll"),
        pytest.param(200, {"decision": "wait"}, WAIT, id="wait"),
        pytest.param(409, b"", WAIT, id="conflict"),
        pytest.param(409, {"reason": "an alert"}, WAIT, id="conflict-with-a-reason"),
        pytest.param(409, {"decision": "stop"}, STOP, id="conflict-that-stops"),
        pytest.param(409, {"decision": "go"}, WRONG, id="contradiction"),
        pytest.param(200, {"decision": "stop"}, STOP, id="stop"),
        pytest.param(200, {"decision": "skip", "instances": ["1"]}, SKIP, id="skip"),
        pytest.param(200, {"decision": "skip", "instances": []}, WRONG, id="skip-none"),
        pytest.param(200, {"decision": "skip"}, WRONG, id="skip-without-a-list"),
        pytest.param(200, {"decision": "skip", "instances": ["1", "7"]}, WRONG, id="skip-another"),
        pytest.param(200, {"decision": "skip", "instances": [None]}, WRONG, id="skip-null"),
        pytest.param(200, {"decision": "Stop!"}, WRONG, id="unknown-decision"),
        pytest.param(200, {"decision": ["stop"]}, WRONG, id="decision-in-a-list"),
        pytest.param(200, b'{"decision": "stop"', WRONG, id="broken-json"),
        pytest.param(200, b'{"decision": "\xff"}', WRONG, id="not-utf-8"),
        pytest.param(200, b"{" * 60_000, WRONG, id="deep"),
        pytest.param(200, b"x" * (MOST_BYTES + 1), WRONG, id="too-large"),
        *(pytest.param(status, b"", NONE, id=f"again-{status}") for status in (408, 425, 429, 500, 502, 503, 599)),
        *(
            pytest.param(status, b"", WRONG, id=f"wrong-{status}")
            for status in (101, 301, 302, 307, 400, 401, 404, 410)
        ),
    ],
)
def test_the_meaning_of_an_answer(status: int, body: Any, meaning: Meaning) -> None:
    assert verdict(status, body).meaning is meaning


@pytest.mark.parametrize(
    ("status", "body", "headers", "reason"),
    [
        pytest.param(503, b"", {}, "HTTP 503", id="no-answer"),
        pytest.param(199, b"", {}, "HTTP 199", id="not-final"),
        pytest.param(300, b"", {}, "HTTP 300, and redirects are not followed", id="redirect"),
        pytest.param(399, b"", {}, "HTTP 399, and redirects are not followed", id="unknown-redirect"),
        pytest.param(400, b"", {}, "HTTP 400", id="refused"),
        pytest.param(
            202,
            b"",
            {"location": "https://evil.test/"},
            "a `Location` that is not at the same scheme, host and port",
            id="poll-elsewhere",
        ),
        pytest.param(200, b" " * (MOST_BYTES + 1), {}, "HTTP 200 with a body of more than 64 KiB", id="too-large"),
        pytest.param(
            200,
            b"",
            {"content_encoding": "gzip"},
            "HTTP 200 with a packed body, although none was accepted",
            id="packed",
        ),
        pytest.param(409, b"{", {}, "HTTP 409 with a body that is not JSON", id="broken-json"),
        pytest.param(
            200, b"[]", {"content_type": "text/JSON"}, "HTTP 200 with JSON that is not an object", id="no-object"
        ),
        pytest.param(
            200, {"decision": "Stop!"}, {}, 'the decision "Stop!", which has no meaning here', id="unknown-decision"
        ),
        pytest.param(
            200,
            {"decision": "skip", "instances": "1"},
            {},
            "the decision `skip` without a list `instances`",
            id="skip-without-a-list",
        ),
        pytest.param(
            200,
            {"decision": "skip", "instances": ["1", "Web_7", "8"]},
            {},
            'the decision `skip` for "Web_7", which is no instance of the batch',
            id="skip-another",
        ),
        pytest.param(
            200,
            {"decision": "skip", "instances": [None]},
            {},
            "the decision `skip` for null, which is no instance of the batch",
            id="skip-null",
        ),
        pytest.param(
            200,
            {"decision": "skip", "instances": [True]},
            {},
            "the decision `skip` for true, which is no instance of the batch",
            id="a-name-is-a-text",
        ),
        pytest.param(200, {"decision": "wait", "reason": " a \n b "}, {}, "a b", id="in-its-own-words"),
        pytest.param(200, {"decision": "stop", "reason": "x" * 300}, {}, "x" * 300, id="long"),
        pytest.param(200, {"decision": "stop", "reason": "x" * 301}, {}, "x" * 300 + "...", id="too-long"),
        pytest.param(200, {"decision": "stop", "reason": ["x"]}, {}, "", id="no-text"),
        pytest.param(200, {"reason": "all is quiet"}, {}, "all is quiet", id="go"),
    ],
)
def test_the_reason_of_an_answer(status: int, body: Any, headers: dict[str, str], reason: str) -> None:
    assert verdict(status, body, **headers).reason == reason


def test_requests_without_an_answer_say_why() -> None:
    assert no_answer(OSError("no\nroute")) == Verdict(meaning=NONE, reason="no route")
    assert untrusted("expired") == Verdict(meaning=WRONG, reason="expired")


def test_json_by_its_type_alone_must_be_an_object() -> None:
    assert verdict(200, b'["stop"]', content_type="application/json").meaning is WRONG
    assert verdict(200, b"OK", content_type="application/problem+json; charset=utf-8").meaning is WRONG


def test_a_packed_veto_is_not_overlooked() -> None:
    assert verdict(200, b"\x1f\x8b", content_encoding="gzip").meaning is WRONG


@pytest.mark.parametrize(
    ("location", "polled"),
    [
        pytest.param("/jobs/1?x=y", f"{ORIGIN}/jobs/1?x=y", id="path"),
        pytest.param(f"{ORIGIN}/work", f"{ORIGIN}/work", id="whole"),
        *(
            pytest.param(elsewhere, "", id=elsewhere)
            for elsewhere in (
                "//evil.test/", "https://evil.test/", "http://hooks.test:8443/", "https://hooks.test/", ORIGIN,
                f"{ORIGIN}@evil.test/", f"{ORIGIN}.evil.test/", "/\\evil.test", f"{ORIGIN}/a b", f"{ORIGIN}/#x", "work",
                "https://user@hooks.test:8443/", "/a\nb",
            )
        ),
    ],
)  # fmt: skip
def test_a_location_is_polled_at_the_same_origin_alone(location: str, polled: str) -> None:
    found = verdict(202, location=location)
    assert (found.meaning, found.location) == ((POLL, polled) if polled else (WRONG, ""))


def test_a_poll_goes_on_where_it_was_unless_it_is_sent_elsewhere() -> None:
    for location, polled in (("", "/jobs/1"), ("/jobs/2", "/jobs/2")):
        headers = {"location": location} if location else {}
        found = verdict_on(
            202, headers, b"", phase=Phase.BEFORE, address=ADDRESS, instance_ids=(), polled=f"{ORIGIN}/jobs/1"
        )
        assert (found.meaning, found.location) == (POLL, f"{ORIGIN}{polled}")


def test_the_usual_port_may_be_written() -> None:
    found = verdict_on(
        202,
        {"location": "https://a.test:443/x"},
        b"",
        phase=Phase.BEFORE,
        address="https://a.test/hook",
        instance_ids=(),
    )
    assert found.location == "https://a.test/x"


def test_skipped_ids_are_those_of_the_batch() -> None:
    found = verdict(200, {"decision": "skip", "instances": ["WEB_ab", 1, "1"], "reason": "a\n b"})
    assert (found.skipped, found.reason, found.pause) == (("web_aB", "1"), "a b", 60.0)


def test_after_a_batch_nothing_can_be_skipped() -> None:
    assert verdict(200, {"decision": "skip", "instances": ["1"]}, phase=Phase.AFTER).meaning is WRONG


@pytest.mark.parametrize(
    ("said", "header", "pause"),
    [
        (None, "", 10.0), (30, "", 30.0), (2.5, "", 2.5), ("7", "", 7.0), (None, "45", 45.0), (30, "45", 30.0),
        (0, "", 1.0), (-1, "", 1.0), (1e9, "", 300.0), (10**400, "", 300.0), (True, "", 10.0), ("soon", "", 10.0),
        (float("nan"), "", 10.0), (float("inf"), "", 300.0), (None, "Wed, 21 Oct 2026 07:28:00 GMT", 10.0),
    ],
)  # fmt: skip
def test_the_pause_is_bounded(said: Any, header: str, pause: float) -> None:
    assert (
        said is not None
        or verdict(202, location="/jobs/1", **({"retry_after": header} if header else {})).pause == pause
    )
    body = {"decision": "wait", **({} if said is None else {"retry-after": said})}
    assert verdict(200, body, **({"retry_after": header} if header else {})).pause == pause


@given(
    st.integers(100, 599),
    st.binary(max_size=200),
    st.dictionaries(st.sampled_from(["location", "retry-after"]), st.text()),
)
def test_nothing_breaks_the_reading(status: int, body: bytes, headers: dict[str, str]) -> None:
    found = verdict_on(status, headers, body, phase=Phase.BEFORE, address=ADDRESS, instance_ids=("1",))
    assert found.meaning is not GO or 200 <= status < 300
    assert not found.location or found.location.startswith(f"{ORIGIN}/")


CALL = HookCall(
    phase=Phase.BEFORE,
    scale_set="/subscriptions/S/x",
    number=2,
    of=5,
    is_rollback=False,
    members=(Member(id="1", name="web_1", computer_name="web000001", current=False, healthy=True), Member(id="2")),
    target="new",
    previous="old",
)


def changed(**parts: Any) -> HookCall:
    return HookCall(**{**{name: getattr(CALL, name) for name in HookCall.__dataclass_fields__}, **parts})


def test_the_key_is_that_of_the_batch_whatever_its_number_and_its_state() -> None:
    again = changed(
        number=1, of=1, members=(Member(id="2", healthy=False), Member(id="1")), scale_set="/SUBSCRIPTIONS/s/X"
    )
    assert again.key == CALL.key
    others = [
        changed(members=CALL.members[:1]),
        changed(target="other"),
        changed(is_rollback=True),
        CALL.after(BatchEnd.PASSED),
    ]
    assert len({CALL.key, *(other.key for other in others)}) == 5


def test_a_hook_gets_a_batch_as_it_was_seen_last() -> None:
    named = seen_as(fleet("0011", unhealthy="1", silent="2", behind="1"), "0 1 2", name="web", computer_name="web000")
    plan = plan_of(named)
    batch = Batch(3, plan.batches[0].domain, ("0", "1", "2", "9"))
    members = (
        Member(id="0", name="web", computer_name="web000", current=True, healthy=True),
        Member(id="1", name="web", computer_name="web000", current=False, healthy=False),
        Member(id="2", name="web", computer_name="web000", current=True),
        Member(id="9"),
    )
    expected = HookCall(
        phase=Phase.BEFORE,
        scale_set=named.model.id,
        number=3,
        of=4,
        is_rollback=False,
        members=members,
        target=str(NEW),
        previous=str(OLD),
    )
    assert call_before(batch, 4, plan, named) == expected
    assert call_before(batch, 4, replace(plan, leaves=None), named) == replace(expected, previous="")


def test_a_hook_gets_what_is_known() -> None:
    assert json.loads(CALL.after(BatchEnd.FAILED).as_value())["result"] == "failed"
    assert CALL.as_value() == (
        '{"scale_set":{"id":"/subscriptions/S/x"},"batch":{"number":2,"of":5,"rollback":false},"result":null,'
        '"target_image":"new","previous_image":"old","instances":[{"id":"1","name":"web_1","computer_name":"web000001",'
        '"current":false,"healthy":true},{"id":"2","name":null,"computer_name":null,"current":null,"healthy":null}]}'
    )


@pytest.mark.parametrize("parts", [{"scale_set": ""}, {"members": ()}])
def test_a_saved_call_about_nothing_is_none(parts: dict[str, Any]) -> None:
    assert saved_call(changed(**parts).as_value()) is None


def test_the_saved_state_is_read_back() -> None:
    owed = CALL.after(BatchEnd.UNKNOWN)
    assert saved_call(owed.as_value()) == owed
    assert owed.key == CALL.after(BatchEnd.PASSED).key


def test_the_state_of_a_thousand_instances_is_small() -> None:
    many = changed(members=tuple(Member(id=str(id_), name="n" * 60, computer_name="c" * 60) for id_ in range(1000)))
    owed = many.after(BatchEnd.UNKNOWN)
    assert len(owed.as_value()) < 100_000
    assert " " not in owed.as_value()
    assert (saved_call(owed.as_value()) or CALL).key == owed.key


SAVED = CALL.as_value()


@pytest.mark.parametrize(
    "value",
    [
        *("", "x", "[]", "{}", '{"batch":{}}', "[" * 100_000),
        *(SAVED.replace('"1"', "1"), SAVED.replace("2", "1e999", 1)),
    ],
    ids=range(8),
)
def test_a_value_of_another_form_is_not_read(value: str) -> None:
    found = saved_call(value)
    assert found is None or all(isinstance(member.id, str) for member in found.members)
