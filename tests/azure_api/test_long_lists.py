"""Lists without end: bounded in pages, in bytes, and by the rollout's own time."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from scripted import MANAGER, SET, Reply, answer, azure

from azure_simulator import SimulatedAzure, VirtualClock
from harness.playing import play
from harness.scenarios import fleet_of
from vmss_upgrade.azure_api import reader
from vmss_upgrade.azure_api.scale_set_client import ScaleSetClient
from vmss_upgrade.azure_api.translation.model import to_model
from vmss_upgrade.errors import AzureError, Trouble
from vmss_upgrade.rollout.image import Image, ImageKind

FLEXIBLE = to_model({"id": SET, "properties": {"orchestrationMode": "Flexible"}})
GALLERY = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/x/images/i/versions/latest"
LISTS: dict[str, Callable[[ScaleSetClient], Any]] = {
    "instances": lambda client: client.read_instances(to_model({})),
    "machines": lambda client: client.read_instances(FLEXIBLE),
    "permissions": lambda client: client.read_permissions(),
    "versions": lambda client: client.list_versions(Image(kind=ImageKind.RESOURCE, reference=GALLERY), "we"),
}


class Endless(list[Any]):
    """Answers without end, each with a link to the next."""

    def __init__(self, *, padding: int = 0, seconds: float = 0.0) -> None:
        super().__init__([None])
        self._numbers: Iterator[int] = itertools.count()
        self._padding, self.seconds = padding, seconds
        self.clock: VirtualClock | None = None

    def pop(self, _index: Any = -1) -> Reply:
        number = next(self._numbers)
        if self.clock is not None:
            self.clock.sleep(self.seconds)
        link = f"{MANAGER}{SET}/x?api-version=1&$skiptoken={number}"
        return answer(200, {"value": [{"name": str(number)}], "padding": "x" * self._padding, "nextLink": link})


def expect_refusal(ask: Callable[[ScaleSetClient], Any], client: ScaleSetClient, words: str) -> None:
    """Expect that an endless list is refused; permissions, which a run can do without, are unknown instead."""
    try:
        assert ask(client) is None
    except AzureError as error:
        assert ask is not LISTS["permissions"]
        assert words in str(error)
        assert error.trouble is Trouble.REJECTED


@pytest.mark.parametrize("ask", LISTS.values(), ids=LISTS)
def test_pages_are_counted(ask: Callable[[ScaleSetClient], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MOST_PAGES", 20)
    client, script = azure()
    script.answers = Endless()
    expect_refusal(ask, client, "more than 20 pages")
    assert len(script.sent) == 20


@pytest.mark.parametrize("ask", LISTS.values(), ids=LISTS)
def test_bytes_are_counted(ask: Callable[[ScaleSetClient], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "LONGEST_LIST", 2**20)
    client, script = azure()
    script.answers = Endless(padding=2**18)
    expect_refusal(ask, client, "larger than 1 MiB")
    assert len(script.sent) <= 5


def test_a_page_is_decoded_again_only_where_it_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    def page(number: int, state: str, link: str | None = f"{MANAGER}{SET}/x?page=2") -> Reply:
        item = {"instanceId": str(number), "properties": {"provisioningState": state}}
        return answer(200, {"value": [item], "nextLink": link})

    decoded: list[bytes] = []

    def decode(response: Any) -> Any:
        decoded.append(response.content)
        return real(response)

    real = reader._decoded
    monkeypatch.setattr(reader, "_decoded", decode)
    first, second, changed = page(1, "Succeeded"), page(2, "Updating", None), page(2, "Succeeded", None)
    client, _ = azure(first, second, first, changed)
    looks = [client.read_instances(to_model({})).instances for _ in range(2)]
    assert [[each.provisioning.word for each in look] for look in looks] == [
        ["Succeeded", "Updating"],
        ["Succeeded", "Succeeded"],
    ]
    assert decoded == [first.body, second.body, changed.body]


def test_the_limits_leave_room_for_any_honest_list() -> None:
    assert reader.MOST_PAGES >= 100  # a thousand instances are nine
    assert reader.LONGEST_LIST >= 64 * 2**20  # and 6 MB


@pytest.mark.parametrize("ask", LISTS.values(), ids=LISTS)
def test_no_page_is_asked_for_after_the_rollouts_time(ask: Callable[[ScaleSetClient], Any]) -> None:
    client, script = azure(timeout=60.0)
    script.answers = endless = Endless(seconds=7.0)
    endless.clock = script.clock
    with pytest.raises(AzureError, match="`timeout`") as left:
        ask(client)
    assert left.value.trouble is Trouble.UNCERTAIN
    assert script.clock.now() < 60 + 2 * 7


def test_no_view_is_asked_for_after_the_rollouts_time() -> None:
    """A Flexible set's machines are asked for their views one by one."""
    machines = answer(200, {"value": [{"name": f"web_{number}"} for number in range(1000)]})
    client, script = azure(timeout=60.0)

    exchange = script.exchange
    script.answers = [machines] + [answer(200, {"statuses": []})] * 1000

    def slowly(*request: Any) -> Reply:
        script.clock.sleep(7.0)
        return exchange(*request)

    script.exchange = slowly  # type: ignore[method-assign]
    with pytest.raises(AzureError, match="`timeout`"):
        client.read_instances(FLEXIBLE)
    assert script.clock.now() < 60 + 4 * 7  # two of them for tokens


@pytest.mark.parametrize("operation", ["upgrade", "plan", "status"])
def test_an_endless_list_ends_with_the_rollout(operation: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exchange: Callable[..., Reply] = SimulatedAzure.exchange
    numbers = itertools.count()

    def endless(azure: Any, method: str, url: str, *rest: Any) -> Reply:
        reply = exchange(azure, method, url.partition("&$skiptoken=")[0] if "&$skiptoken=n" in url else url, *rest)
        if "virtualMachines?" not in url or reply.status != 200:
            return reply
        body = json.loads(reply.body)
        body["nextLink"] = f"{url.partition('&$skiptoken=')[0]}&$skiptoken=n{next(numbers)}"
        return Reply(200, reply.headers, json.dumps(body).encode())

    monkeypatch.setattr(SimulatedAzure, "exchange", endless)
    clock = VirtualClock()
    slow = fleet_of(timing={"request_latency": 10, "upgrade_seconds": 30, "healthy_after_seconds": 10})
    played = play(slow, tmp_path, clock=clock, inputs={"operation": operation, "timeout": "10m"})
    assert played.exit_code == 1
    assert "`timeout`" in played.log
    assert clock.now() < 10 * 60 + 60
