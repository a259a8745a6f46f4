"""The client as it is connected: what its requests pass through, and what of the environment reaches them."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from scripted import OPERATION, SET, accepted, answer, azure, polled

from vmss_upgrade.azure_api.scale_set_client import ScaleSetClient

POLICIES = [
    "Timeouts",
    "ForgetRefusedToken",
    "Trace",
    "RequestIdPolicy",
    "UserAgentPolicy",
    "OnlyResourceManager",
    "ARMChallengeAuthenticationPolicy",
    "Levels",
]


def policies_of(client: ScaleSetClient) -> list[str]:
    """Return the names of the policies that a request passes, from the first to the last before the transport."""
    pipeline: Any = client._client._client._pipeline
    return [type(getattr(policy, "_policy", policy)).__name__ for policy in pipeline._impl_policies]


def test_every_policy_is_listed_by_us() -> None:
    assert policies_of(azure(trace=lambda _line: None)[0]) == POLICIES
    assert policies_of(azure()[0]) == [name for name in POLICIES if name != "Trace"]


def test_a_test_of_the_policies_can_fail() -> None:
    client, _ = azure()
    policies: Any = client._client._client._pipeline._impl_policies
    policies.insert(1, policies[0])
    assert policies_of(client) != [name for name in POLICIES if name != "Trace"]


def test_nothing_logs_an_address_or_a_token(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("AZURE_SDK_LOGGING_MULTIRECORD", "1")
    monkeypatch.setenv("AZURE_HTTP_USER_AGENT", "from-the-environment")
    caplog.set_level(logging.DEBUG)
    traced: list[str] = []
    client, script = azure(
        accepted(),
        polled("Succeeded"),
        answer(200, {"id": SET, "properties": {"orchestrationMode": "Flexible"}}),
        trace=traced.append,
    )
    client.upgrade(["1"]).step()
    client.read_model()
    text = caplog.text + "".join(traced)
    assert "signed" in OPERATION and "signed" not in text
    assert "Bearer access" not in text
    assert all("from-the-environment" not in sent.headers["user-agent"] for sent in script.sent)
    assert script.sent[1].headers["user-agent"].startswith("agent/1 azsdk-python-mgmt-compute/")


@pytest.mark.parametrize("where", ["operation", "link"])
def test_no_query_is_traced(where: str) -> None:
    traced: list[str] = []
    signed = "?t=1&c=2&s=signed&h=4&sig=secret&code=5&token=6"
    if where == "operation":
        client, _ = azure(
            answer(202, location=f"https://manager.test/x{signed}"), polled("Succeeded"), trace=traced.append
        )
        client.upgrade(["1"]).step()
    else:
        page = answer(200, {"value": [], "nextLink": f"https://manager.test/x{signed}"})
        client, _ = azure(page, answer(200, {"value": []}), trace=traced.append)
        client.read_permissions()
    assert traced[-1].startswith("GET /x -> 200 in")
    assert "signed" not in "".join(traced) and "secret" not in "".join(traced)
