"""Names that Azure allows are percent-encoded in every path."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from scripted import Script, accepted

from azure_simulator.transport import SimulatorTransport
from vmss_upgrade.account import Account, Cloud, GitHubOidc
from vmss_upgrade.azure_api.connection import Connector
from vmss_upgrade.azure_api.scale_set_client import ScaleSetClient
from vmss_upgrade.errors import AzureError
from vmss_upgrade.rollout.image import Image, ImageKind

GROUP = "Gr\u00fcppe (\u4e2d)..x"
ENCODED = "Gr%C3%BCppe%20%28%E4%B8%AD%29..x"


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda api: api.read_model(), id="read"),
        pytest.param(lambda api: api.is_rolling_upgrade_running(), id="rolling-upgrade"),
        pytest.param(lambda api: api.read_permissions(), id="permissions"),
        pytest.param(lambda api: api.upgrade(["1"]), id="upgrade"),
        pytest.param(lambda api: api.set_repairs(suspended=True), id="repairs"),
        pytest.param(lambda api: api.set_image(Image(kind=ImageKind.RESOURCE, reference="/x"), ""), id="patch"),
    ],
)
def test_a_resource_group_in_any_script(ask: Callable[[ScaleSetClient], object]) -> None:
    script = Script([accepted(202)])
    account = Account(
        cloud=Cloud(resource_manager_endpoint="https://manager.test", authority_host="https://login.test"),
        sign_in=GitHubOidc(tenant_id="t", client_id="c", request_url="https://github.test/t", request_token="b"),
        subscription_id="sub",
        resource_group=GROUP,
        scale_set="web",
    )
    transport = SimulatorTransport(script.exchange, script.clock.sleep)
    api = Connector(transport, script.clock, user_agent="agent", mask=lambda _: None).scale_set(account, timeout=60)
    with contextlib.suppress(AzureError):
        ask(api)
    (sent,) = script.sent
    assert f"/resourceGroups/{ENCODED}/providers/" in sent.url
