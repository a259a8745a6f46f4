"""The index of scale sets: the one request that asks for a page of it, and what becomes of every answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from scripted import MANAGER, Script, answer, error

from azure_simulator import Reply
from azure_simulator.transport import SimulatorTransport
from permitted import complaint
from vmss_upgrade.account import Account, Cloud, GitHubOidc
from vmss_upgrade.azure_api.companions.resource_graph import PAGE, QUERY, ResourceGraph
from vmss_upgrade.azure_api.connection import Connector
from vmss_upgrade.errors import AzureError, Trouble
from vmss_upgrade.ports import FoundPage

OURS, OTHER = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"


def id_of(name: str, subscription: str = OURS, group: str = "rg") -> str:
    return (
        f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute"
        f"/virtualMachineScaleSets/{name}"
    )


def row(name: str, tags: Any = None, **where: str) -> dict[str, Any]:
    return {"id": id_of(name, **where), "tags": tags}


def listed(*rows: Any, **more: Any) -> dict[str, Any]:
    return {"totalRecords": len(rows), "count": len(rows), "data": list(rows), "resultTruncated": "false", **more}


def index(*answers: Reply | Exception, timeout: float = float("inf")) -> tuple[ResourceGraph, Script]:
    script = Script(list(answers))
    account = Account(
        cloud=Cloud(resource_manager_endpoint=MANAGER, authority_host="https://login.test"),
        sign_in=GitHubOidc(
            tenant_id="tenant", client_id="client", request_url="https://github.test/token?v=1", request_token="bearer"
        ),
        subscription_id=OURS,
        resource_group="",
        scale_set="",
    )
    transport = SimulatorTransport(lambda *request: script.exchange(*request), script.clock.sleep)
    connector = Connector(transport, script.clock, user_agent="agent/1", mask=lambda _secret: None)
    return connector.index(account, timeout=timeout), script


def test_a_page_is_asked_for_by_one_fixed_query() -> None:
    graph, script = index(answer(200, listed(row("web", {"Role": "web", "n": None}))))
    page = graph.find([OURS])
    assert [(each.id, dict(each.tags)) for each in page.sets] == [(id_of("web"), {"Role": "web"})]
    assert (page.following, page.pause) == ("", 0.0)
    [sent] = script.sent
    assert (sent.method, sent.path) == ("POST", "/providers/Microsoft.ResourceGraph/resources")
    assert sent.query == {"api-version": ["2021-03-01"]}
    assert sent.body == {
        "subscriptions": [OURS],
        "query": QUERY,
        "options": {"resultFormat": "objectArray", "$top": PAGE},
    }
    assert sent.headers["user-agent"].startswith("agent/1")


def test_the_next_page_is_asked_for_by_the_token_of_the_last() -> None:
    graph, script = index(
        answer(200, listed(**{"$skipToken": "abc", "resultTruncated": "true"})), answer(200, listed())
    )
    assert graph.find([OURS]).following == "abc"
    assert graph.find([OURS], "abc") == FoundPage(sets=())
    assert script.sent[1].body["options"]["$skipToken"] == "abc"


@pytest.mark.parametrize(
    ("remaining", "after", "pause"),
    [
        ("14", "00:00:05", 0.0),
        ("0", "00:00:05", 6.0),
        ("0", "00:00:03.1234567", 4.0),
        ("0", "05:00:00", 60.0),
        ("0", "soon", 0.0),
        ("0", "", 0.0),
        ("-1", "00:00:05", 0.0),
        ("nan", "00:00:05", 0.0),
        ("0", "99999999999:00:00", 0.0),
    ],
)
def test_a_spent_quota_asks_for_a_pause(remaining: str, after: str, pause: float) -> None:
    headers = {"x_ms_user_quota_remaining": remaining, "x_ms_user_quota_resets_after": after}
    assert index(answer(200, listed(), **headers))[0].find([OURS]).pause == pause


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry_after": "7", "x_ms_user_quota_resets_after": "00:00:05"}, 7.0),
        ({"x_ms_user_quota_resets_after": "00:00:05"}, 6.0),
        ({}, None),
    ],
)
def test_a_refusal_for_too_many_queries_says_when_to_ask_again(headers: dict[str, str], wait: float | None) -> None:
    with pytest.raises(AzureError) as refused:
        index(error(429, "RateLimiting", **headers))[0].find([OURS])
    assert (refused.value.trouble, refused.value.retry_after) == (Trouble.THROTTLED, wait)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("no json", "not JSON"),
        ([], "not a JSON object"),
        ({}, "no list of objects"),
        (listed() | {"data": None}, "no list of objects"),
        (listed() | {"data": {"columns": [{"name": "id"}], "rows": [[id_of("web")]]}}, "no list of objects"),
        (listed([id_of("web")]), "no list of objects"),
        (listed(None), "no list of objects"),
        (listed({}), "something that is no scale set"),
        (listed({"id": None}), "something that is no scale set"),
        (listed({"id": 7}), "something that is no scale set"),
        (listed({"id": id_of("web") + "/virtualMachines/1"}), "something that is no scale set"),
        (listed({"id": id_of("web") + "?x"}), "something that is no scale set"),
        (listed({"id": id_of("..")}), "something that is no scale set"),
        (listed({"id": id_of("web\n")}), "something that is no scale set"),
        (listed({"id": f"https://elsewhere.test{id_of('web')}"}), "something that is no scale set"),
    ],
)
def test_an_answer_that_may_hide_a_scale_set_is_asked_for_again(body: Any, words: str) -> None:
    with pytest.raises(AzureError, match=words) as refused:
        index(answer(200, body))[0].find([OURS])
    assert refused.value.trouble is Trouble.UNCERTAIN


def test_a_list_that_is_cut_off_is_an_error() -> None:
    with pytest.raises(AzureError, match="no way to the rest") as refused:
        index(answer(200, listed(row("web"), resultTruncated="true")))[0].find([OURS])
    assert refused.value.trouble is Trouble.REJECTED


@pytest.mark.parametrize("tags", [None, [], "role=web", {"role": 7}, {"role": None}, {"role": ["web"]}])
def test_a_scale_set_with_odd_tags_has_none(tags: Any) -> None:
    [found] = index(answer(200, listed(row("web", tags))))[0].find([OURS]).sets
    assert found.tags == {}


def test_a_scale_set_of_another_subscription_is_passed_over() -> None:
    graph, _ = index(answer(200, listed(row("a", subscription=OTHER), row("b", subscription=OURS.upper()))))
    assert [each.id for each in graph.find([OURS]).sets] == [id_of("b", subscription=OURS.upper())]


def test_nothing_is_asked_once_the_time_is_over() -> None:
    graph, script = index(answer(200, listed()), timeout=0.0)
    with pytest.raises(AzureError):
        graph.find([OURS])
    assert script.sent == []


def test_the_query_is_the_only_post_of_a_fleets_plan() -> None:
    graph, script = index(answer(200, listed()))
    graph.find([OURS])
    [sent] = script.sent
    assert complaint("POST", sent.url, json.dumps(sent.body), ["fleet-plan"]) == ""
    assert complaint("POST", sent.url, json.dumps(sent.body)) != ""
    assert complaint("POST", sent.url, json.dumps(sent.body | {"query": "resources"}), ["fleet-plan"]) != ""
    upgrade = f"{MANAGER}{id_of('web')}/manualupgrade"
    assert complaint("POST", upgrade, json.dumps({"instanceIds": ["1"]})) == ""
    assert complaint("POST", upgrade, json.dumps({"instanceIds": ["1"]}), ["fleet-plan"]) != ""
