import base64
import json
import time
from urllib.parse import urlencode

import pytest
from azure.identity import ClientSecretCredential
from simulated import AUDIENCE, SMALL, Simulation

from azure_simulator import Reply


def token_request(simulation: Simulation, tenant: str | None = None, **form: str) -> Reply:
    at = simulation.at
    complete = {
        "client_id": at["client_id"],
        "scope": f"{at['resource_manager']}/.default",
        "grant_type": "client_credentials",
        **form,
    }
    url = f"{at['authority']}/{tenant or at['tenant']}/oauth2/v2.0/token"
    return simulation.azure.handle("POST", url, {}, urlencode(complete).encode())


def claims(token: str) -> dict[str, object]:
    head, body, signature = token.split(".")
    assert json.loads(base64.urlsafe_b64decode(head + "=="))["typ"] == "JWT"
    assert signature
    return dict(json.loads(base64.urlsafe_b64decode(body + "==")))


def test_githubs_token_is_a_jwt_with_the_claims_that_entra_looks_at() -> None:
    found = claims(Simulation().assertion("api://mine"))
    assert found["iss"] == "https://token.actions.githubusercontent.com"
    assert str(found["sub"]).startswith("repo:")
    assert found["aud"] == "api://mine"
    assert 290 <= int(str(found["exp"])) - time.time() <= 300


def test_githubs_endpoint_requires_its_own_bearer_token() -> None:
    simulation = Simulation()
    url = simulation.at["oidc_request_url"] + "&audience=x"
    assert simulation.azure.handle("GET", url, {"Authorization": "Bearer other"}, b"").status == 401
    assert simulation.azure.handle("GET", url, {}, b"").status == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_githubs_endpoint_takes_the_scheme_in_either_case(scheme: str) -> None:
    simulation = Simulation()
    url = simulation.at["oidc_request_url"] + "&audience=x"
    bearer = {"authorization": f"{scheme} {simulation.at['oidc_request_token']}"}
    assert simulation.azure.handle("GET", url, bearer, b"").status == 200


def test_a_client_finds_all_addresses_of_the_cloud_before_it_signs_in() -> None:
    simulation = Simulation()
    at = simulation.at
    url = f"{at['resource_manager']}/metadata/endpoints?api-version=2022-09-01"
    cloud = json.loads(simulation.azure.handle("GET", url, {}, b"").body)
    assert (cloud["resourceManager"], cloud["authentication"]["audiences"]) == (
        at["resource_manager"],
        [at["resource_manager"]],
    )
    assert cloud["authentication"]["loginEndpoint"] == at["authority"]
    assert simulation.azure.handle("POST", url, {}, b"").status == 501


def test_an_assertion_is_exchanged_for_an_access_token() -> None:
    simulation = Simulation()
    reply = token_request(simulation, client_assertion=simulation.assertion())
    body = json.loads(reply.body)
    assert (reply.status, body["token_type"], body["expires_in"]) == (200, "Bearer", 3599)
    assert claims(body["access_token"])["aud"] == simulation.at["resource_manager"]


@pytest.mark.parametrize(
    ("change", "status", "error", "number"),
    [
        ({"client_id": "other"}, 400, "unauthorized_client", 700016),
        ({"scope": "https://management.azure.com/.default"}, 400, "invalid_resource", 500011),
        ({"client_assertion": "a.b.c"}, 401, "invalid_client", 700027),
        ({"tenant": "other"}, 400, "invalid_request", 90002),
    ],
)
def test_entra_refuses_a_wrong_token_request(change: dict[str, str], status: int, error: str, number: int) -> None:
    simulation = Simulation()
    reply = token_request(simulation, **({"client_assertion": simulation.assertion()} | change))
    body = json.loads(reply.body)
    assert (reply.status, body["error"], body["error_codes"]) == (status, error, [number])
    assert body["error_description"].startswith(f"AADSTS{number}: ")


def test_a_wrong_audience_is_named() -> None:
    simulation = Simulation()
    reply = token_request(simulation, client_assertion=simulation.assertion("api://other"))
    assert reply.status == 401
    assert "AADSTS700212" in json.loads(reply.body)["error_description"]
    assert "'api://other'" in json.loads(reply.body)["error_description"]


def test_a_scenario_may_require_another_audience() -> None:
    simulation = Simulation(SMALL + "audience: api://mine")
    assert token_request(simulation, client_assertion=simulation.assertion("api://mine")).status == 200
    assert token_request(simulation, client_assertion=simulation.assertion(AUDIENCE)).status == 401


def test_neither_assertion_nor_secret() -> None:
    reply = token_request(Simulation())
    assert (reply.status, json.loads(reply.body)["error_codes"]) == (401, [7000218])


def test_a_client_secret_through_msal() -> None:
    simulation = Simulation()
    credential = ClientSecretCredential(
        simulation.at["tenant"],
        simulation.at["client_id"],
        "made up",
        authority=simulation.at["authority"],
        disable_instance_discovery=True,
        transport=simulation.azure.transport(),
    )
    token = credential.get_token(simulation.at["resource_manager"] + "/.default").token
    url = f"{simulation.at['resource_manager']}{simulation.set_path}?api-version=2026-04-01"
    assert simulation.azure.handle("GET", url, {"authorization": f"Bearer {token}"}, b"").status == 200
    assert any("openid-configuration" in record.path for record in simulation.azure.requests)


def test_tokens_expire_only_where_the_scenario_says_so() -> None:
    simulation = Simulation()
    simulation.token()
    simulation.clock.sleep(1e6)
    assert simulation.raw("GET", simulation.set_path).status == 200


def test_tokens_and_assertions_that_expire() -> None:
    simulation = Simulation(SMALL + "access_token_seconds: 600")
    assertion = simulation.assertion()
    assert json.loads(token_request(simulation, client_assertion=assertion).body)["expires_in"] == 600
    simulation.token()
    simulation.clock.sleep(600)
    assert simulation.raw("GET", simulation.set_path).status == 200
    simulation.clock.sleep(1)
    reply = simulation.raw("GET", simulation.set_path)
    assert json.loads(reply.body)["error"]["code"] == "ExpiredAuthenticationToken"
    assert dict(reply.headers)["www-authenticate"].startswith("Bearer ")
    assert json.loads(token_request(simulation, client_assertion=assertion).body)["error_codes"] == [700024]


def test_the_log_holds_no_bearer_token() -> None:
    """Headers are not logged; a token in the log would have come in a body or a query."""
    simulation = Simulation()
    simulation.raw("GET", simulation.set_path)
    assert all(simulation.token() not in f"{r.path}{r.query}{r.body}" for r in simulation.azure.requests)
