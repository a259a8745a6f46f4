"""Resource Graph: its queries, its pages, its quota, and an index that is behind."""

import json
from typing import Any

import pytest
from simulated import NEW, SMALL, Fleet, Simulation, error_of, header, image_patch

from azure_simulator import Reply

PATH = "/providers/Microsoft.ResourceGraph/resources"
OURS = "11111111-1111-1111-1111-111111111111"
FOREIGN = "99999999-9999-9999-9999-999999999999"
KIND = "microsoft.compute/virtualmachinescalesets"
SETS = f"resources | where type =~ '{KIND}'"
VERSION = "properties.virtualMachineProfile.storageProfile.imageReference.version"
FLEET = (
    SMALL
    + """
sets:
  - {name: canary, tags: {role: canary, "odd's \\"name\\\\": "a 'quoted' text"}}
  - {name: api, group: North, location: northeurope, tags: {role: api, Stage: Prod}}
  - {name: web, tags: {role: Web, Stage: Test}}
  - {name: bare}
"""
)


def ask(simulation: Simulation, query: str, version: str = "2021-03-01", **body: Any) -> Reply:
    return simulation.raw("POST", f"{PATH}?api-version={version}", {"query": query, **body})


def answer(simulation: Simulation, query: str, **body: Any) -> dict[str, Any]:
    reply = ask(simulation, query, **body)
    assert reply.status == 200, reply.body
    return dict(json.loads(reply.body))


def found(simulation: Simulation, query: str, **body: Any) -> list[str]:
    return [str(each["name"]) for each in answer(simulation, query, **body)["data"]]


def details(reply: Reply) -> list[str]:
    return [each["code"] for each in json.loads(reply.body)["error"]["details"]]


def test_a_row_and_the_whole_answer() -> None:
    fleet = Fleet(FLEET)
    body = answer(fleet, f"{SETS} | where tags['role'] =~ 'api' | project id, location, tags | order by id asc")
    assert body == {
        "totalRecords": 1,
        "count": 1,
        "data": [
            {"id": fleet.path_of("api"), "location": "northeurope", "tags": {"role": "api", "Stage": "Prod"}},
        ],
        "facets": [],
        "resultTruncated": "false",
    }
    (row,) = answer(fleet, f"{SETS} | where name == 'bare'")["data"]
    assert (row["type"], row["resourceGroup"], row["subscriptionId"], row["tags"]) == (
        KIND,
        "simulated-group",
        OURS,
        None,
    )
    assert row["properties"]["virtualMachineProfile"]["storageProfile"]["imageReference"]["publisher"] == "Canonical"


def test_a_subscription_with_one_set_has_an_index_too() -> None:
    assert found(Simulation(), SETS) == ["simulated-set"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"resources | where type == '{KIND}'", "canary api web bare"),
        (f"Resources\n// a comment\n| where type =~ '{KIND.upper()}'", "canary api web bare"),
        (f"resources | where type == '{KIND.title()}'", ""),
        (f"{SETS} | where tags.role == 'web'", ""),
        (f"{SETS} | where tags.role =~ 'web'", "web"),
        (f"{SETS} | where tags[\"role\"] =~ \"web\" or tags['role'] == 'api'", "api web"),
        (f"{SETS} | where tags.Stage =~ 'prod' and (tags.role == 'api' or tags.role == 'canary')", "api"),
        (f"{SETS} | where tags.role == 'canary' or tags.role == 'api' and tags.Stage == 'Test'", "canary"),
        (f"{SETS} | where tags.stage =~ 'prod'", ""),
        (f"{SETS} | where tags.role !~ 'WEB'", "canary api bare"),
        (f"{SETS} | where tags.role != 'web'", "canary api web bare"),
        (f"{SETS} | where tags.role in~ ('WEB', 'canary')", "canary web"),
        (f"{SETS} | where tags.role in ('WEB', 'canary')", "canary"),
        (f"{SETS} | where tags['odd\\'s \"name\\\\'] == 'a \\'quoted\\' text'", "canary"),
        (f"{SETS} | where tags['odd\\'s \"name\\\\'] == @'a ''quoted'' text'", "canary"),
        (f"{SETS} | where resourceGroup == 'north'", "api"),
        (f"{SETS} | where location == 'northeurope'", "api"),
        (f"{SETS} | where subscriptionId == '{OURS}'", "canary api web bare"),
        (f"{SETS} | where subscriptionId == '{FOREIGN}'", ""),
        (f"{SETS} | where {VERSION} =~ '22.04.202610010'", "canary api web bare"),
        (f"{SETS} | order by name asc", "api bare canary web"),
        (f"{SETS} | sort by name", "web canary bare api"),
        (f"{SETS} | order by location desc, name asc", "bare canary web api"),
        (f"{SETS} | project name, role = tags.role | where role == 'api'", "api"),
        (f"{SETS} | order by name asc | limit 2", "api bare"),
        (f"{SETS} | order by name asc | take 1", "api"),
    ],
)
def test_queries(query: str, expected: str) -> None:
    assert found(Fleet(FLEET), query) == expected.split()


def test_projected_columns_and_their_names() -> None:
    (row,) = answer(Fleet(FLEET), f"{SETS} | where name == 'api' | project tags.role, where = location, tags['none']")[
        "data"
    ]
    assert row == {"tags_role": "api", "where": "northeurope", "tags_none": None}


@pytest.mark.parametrize(
    ("query", "token", "place"),
    [
        ("", "<EOF>", (1, 0)),
        ("resources |", "<EOF>", (1, 11)),
        ("resources where type", "where", (1, 10)),
        ("resources | were type == 'x'", "were", (1, 12)),
        ("resources\n| where type = 'x'", "=", (2, 13)),
        ("resources | where type == 'x", "'", (1, 26)),
        ("resources | where (type == 'x'", "<EOF>", (1, 30)),
        ("resources | where tags[role] == 'x'", "role", (1, 23)),
        ("resources | order name", "name", (1, 18)),
        ("resources | where type =~ 'a' 'b'", "'b'", (1, 30)),
    ],
)
def test_a_query_that_is_none(query: str, token: str, place: tuple[int, int]) -> None:
    reply = ask(Simulation(), query)
    assert error_of(reply) == (400, "BadRequest")
    assert details(reply) == ["InvalidQuery", "ParserFailure"]
    failure = json.loads(reply.body)["error"]["details"][1]
    assert (failure["token"], (failure["line"], failure["characterPositionInLine"])) == (token, place)
    assert header(reply, "x-ms-user-quota-remaining") == "14"


@pytest.mark.parametrize(
    ("query", "body", "named"),
    [
        ("resourcecontainers", {}, "begins with `resourcecontainers`"),
        ("resources | summarize count() by location", {}, "with `summarize`"),
        ("resources | project-away tags", {}, "with `project`"),
        ("resources | where name contains 'x'", {}, "a condition by `contains`"),
        ("resources | where isnotempty(tags)", {}, "with `isnotempty`, which is no column here"),
        ("resources | project id | where name == 'x'", {}, "with `name`, which is no column here"),
        ("resources | where name == 5", {}, "compares with 5, which is no text"),
        ("resources | limit 1 | order by name asc", {}, "with `order` after a limit"),
        ("resources", {"facets": []}, "with facets"),
        ("resources", {"options": {"authorizationScopeFilter": "x"}}, "the options authorizationScopeFilter"),
        ("resources", {"options": {"$top": 1001}}, "with $top 1001"),
        ("resources", {"options": {"$skipToken": "x"}}, "a $skipToken that was not given out"),
    ],
)
def test_a_query_that_is_not_simulated_gets_a_loud_501(query: str, body: dict[str, Any], named: str) -> None:
    reply = ask(Simulation(), query, **body)
    assert error_of(reply) == (501, "NotSimulated")
    assert named in json.loads(reply.body)["error"]["message"]


def test_pages() -> None:
    fleet = Fleet(FLEET)
    query = f"{SETS} | project id, name | order by id asc"
    names: list[str] = []
    options: dict[str, Any] = {"$top": 3}
    for count in (3, 1):
        body = answer(fleet, query, options=options)
        assert (body["totalRecords"], body["count"]) == (4, count)
        names += [each["name"] for each in body["data"]]
        options = {"$top": 3, "$skipToken": body.get("$skipToken")}
    assert names == ["api", "bare", "canary", "web"]
    assert "$skipToken" not in body
    assert found(fleet, query, options={"$skip": 3}) == ["web"]


@pytest.mark.parametrize("query", [f"{SETS} | project name", f"{SETS} | limit 3"])
def test_a_long_answer_without_pages(query: str) -> None:
    body = answer(Fleet(FLEET), query, options={"$top": 2})
    assert (body["count"], body["resultTruncated"], body.get("$skipToken")) == (2, "true", None)


def test_a_table() -> None:
    body = answer(
        Fleet(FLEET), f"{SETS} | project name, tags | order by name asc | limit 2", options={"resultFormat": "table"}
    )
    assert body["data"] == {
        "columns": [{"name": "name", "type": "string"}, {"name": "tags", "type": "object"}],
        "rows": [["api", {"role": "api", "Stage": "Prod"}], ["bare", None]],
    }


@pytest.mark.parametrize("version", ["2022-10-01", "2024-04-01"])
def test_newer_versions(version: str) -> None:
    assert ask(Simulation(), SETS, version).status == 200


def test_another_version() -> None:
    reply = ask(Simulation(), SETS, "2030-01-01")
    assert error_of(reply) == (404, "InvalidResourceType")
    assert "'2021-03-01,2022-10-01,2024-04-01'" in json.loads(reply.body)["error"]["message"]


def test_it_needs_a_token() -> None:
    simulation = Simulation()
    url = f"{simulation.at['resource_manager']}{PATH}?api-version=2021-03-01"
    assert simulation.azure.handle("POST", url, {}, b"{}").status == 401


def test_fifteen_queries_in_five_seconds() -> None:
    simulation = Simulation()
    seen = [header(ask(simulation, SETS), "x-ms-user-quota-remaining") for _ in range(15)]
    assert seen == [str(left) for left in range(14, -1, -1)]
    simulation.clock.sleep(1.5)
    reply = ask(simulation, SETS)
    assert error_of(reply) == (429, "RateLimiting")
    assert details(reply) == ["RateLimiting"]
    assert header(reply, "retry-after") == "4"
    assert header(reply, "x-ms-user-quota-remaining") == "0"
    assert header(reply, "x-ms-user-quota-resets-after") == "00:00:04"
    simulation.clock.sleep(4)
    assert header(ask(simulation, SETS), "x-ms-user-quota-remaining") == "14"


def test_it_spends_nothing_of_the_subscription() -> None:
    simulation = Simulation()
    before = header(simulation.raw("POST", f"{simulation.set_path}/manualupgrade", {"instanceIds": ["0"]}), WRITES)
    for _ in range(5):
        ask(simulation, SETS)
    after = header(simulation.raw("POST", f"{simulation.set_path}/manualupgrade", {"instanceIds": ["1"]}), WRITES)
    assert int(str(before)) - int(str(after)) == 1


WRITES = "x-ms-ratelimit-remaining-subscription-writes"


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ({"subscriptions": [OURS]}, 200),
        ({"subscriptions": [FOREIGN, OURS.upper()]}, 200),
        ({"managementGroups": ["everything"]}, 200),
        ({"subscriptions": []}, 200),
        ({"subscriptions": [FOREIGN]}, "NoValidSubscriptionsInQueryRequest"),
        ({"subscriptions": ["mine"]}, "SubscriptionsContainInvalidGuids"),
    ],
)
def test_scopes(scope: dict[str, Any], expected: int | str) -> None:
    """A subscription that may not be read is left out in silence, unless none is left."""
    reply = ask(Fleet(FLEET), SETS, **scope)
    assert expected in (reply.status, *(details(reply) if reply.status == 400 else ()))


READ = "Microsoft.Compute/virtualMachineScaleSets/read"


@pytest.mark.parametrize(
    ("permissions", "shown"),
    [
        ("{actions: ['*/read']}", "canary api web bare"),
        (f"{{actions: [{READ}]}}", "canary api web bare"),
        ("refused", "canary api web bare"),
        ("{actions: ['Microsoft.Storage/*']}", None),
        (f"{{actions: ['*'], not_actions: [{READ.lower()}]}}", None),
        ("[]", None),
    ],
)
def test_only_what_a_role_lets_the_caller_read(permissions: str, shown: str | None) -> None:
    fleet = Fleet(f"permissions: {permissions}\n" + FLEET)
    if shown is None:
        assert details(ask(fleet, SETS)) == ["NoValidSubscriptionsInQueryRequest"]
    else:
        assert found(fleet, SETS) == shown.split()


def test_a_role_on_some_sets() -> None:
    fleet = Fleet(FLEET.replace("{name: web,", "{name: web, permissions: [],"))
    assert found(fleet, SETS) == ["canary", "api", "bare"]


def test_neighbours_are_in_the_index() -> None:
    neighbour = f"/subscriptions/{OURS}/resourceGroups/aks/providers/Microsoft.Compute/virtualMachineScaleSets/pool"
    simulation = Simulation(SMALL + f"neighbours: [{{id: {neighbour}, location: eastus, tags: {{role: web}}}}]")
    assert found(simulation, f"{SETS} | where tags.role == 'web' | project name, id") == ["pool"]


def test_the_index_is_a_minute_behind() -> None:
    fleet = Fleet(FLEET)
    query = f"{SETS} | where {VERSION} == '{NEW}'"
    fleet.clock.sleep(1)
    fleet.raw("PATCH", fleet.path_of("web"), {**image_patch(version=NEW), "tags": {"role": "other"}})
    fleet.clock.sleep(59)
    assert found(fleet, query) == []
    assert found(fleet, f"{SETS} | where tags.role == 'other'") == []
    fleet.clock.sleep(1)
    assert found(fleet, query) == ["web"]
    assert found(fleet, f"{SETS} | where tags.role == 'other'") == ["web"]


def test_a_deleted_set_stays_in_the_index_for_a_while() -> None:
    fleet = Fleet("index_lag: 30\n" + FLEET)
    fleet.raw("DELETE", fleet.path_of("web"))
    fleet.clock.sleep(41)
    assert "web" in found(fleet, SETS)
    fleet.clock.sleep(2)
    assert "web" not in found(fleet, SETS)


@pytest.mark.parametrize(
    ("index", "first", "later", "status"),
    [pytest.param("not-yet", False, True, 200, id="not-yet"), pytest.param("deleted", True, False, 404, id="deleted")],
)
def test_a_set_that_the_index_does_not_know_at_the_beginning(index: str, first: bool, later: bool, status: int) -> None:
    fleet = Fleet(FLEET.replace("{name: web,", f"{{name: web, index: {index},"))
    assert ("web" in found(fleet, SETS)) is first
    assert fleet.raw("GET", fleet.path_of("web")).status == status
    assert len(fleet.all.set_named("web").instances()) == (4 if status == 200 else 0)
    fleet.clock.sleep(60)
    assert ("web" in found(fleet, SETS)) is later


def test_a_fault_strikes_it_by_its_path() -> None:
    fault = "faults: [{kind: http, path: ResourceGraph, status: 429, retry_after: 7, nth: 1}]"
    simulation = Simulation(SMALL + fault)
    assert header(ask(simulation, SETS), "retry-after") == "7"
    assert found(simulation, SETS) == ["simulated-set"]
