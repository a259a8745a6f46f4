"""What is sent to Azure, to the byte, and what becomes of its answers: through the real SDK, on scripted answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from scripted import DROPPED, HANGS, OPERATION, SET, Script, accepted, answer, azure, error, polled

from builders import NEW, provisioning, vhd
from vmss_upgrade.azure_api import scale_set_client
from vmss_upgrade.azure_api.scale_set_client import API_VERSION, ScaleSetClient
from vmss_upgrade.azure_api.translation.instances import to_machine
from vmss_upgrade.azure_api.translation.model import to_model
from vmss_upgrade.errors import AzureError, Trouble
from vmss_upgrade.ports import Operation, OperationState
from vmss_upgrade.rollout.checks.rights import Permission
from vmss_upgrade.rollout.failures import Problem
from vmss_upgrade.rollout.scale_set import Health, Instance, Origin, Power

STORAGE = {"imageReference": {"publisher": "Canonical", "offer": "jammy", "sku": "22_04-lts", "version": "1.0.0"}}
PROPERTIES = {"provisioningState": "Succeeded", "virtualMachineProfile": {"storageProfile": STORAGE}}
MODEL = {"id": SET, "name": "web", "properties": PROPERTIES}
UNIFORM = to_model({})
FLEXIBLE = to_model({"id": SET, "properties": {"orchestrationMode": "Flexible"}})
IMAGE = {"publisher": "Canonical", "offer": "jammy", "sku": "22_04-lts", "version": "2.0.0"}


def instances(*ids: str) -> list[dict[str, str]]:
    return [{"instanceId": instance_id} for instance_id in ids]


# -- reading ---------------------------------------------------------------------------------------------------------


def test_the_model_is_one_get() -> None:
    client, script = azure(answer(200, MODEL, etag='"3"'))
    model = client.read_model()
    assert (model.name, model.etag) == ("web", '"3"')
    (sent,) = script.sent
    assert (sent.method, sent.path, sent.query) == ("GET", SET, {"api-version": [API_VERSION]})
    assert sent.headers["authorization"] == "Bearer access"
    assert sent.headers["user-agent"].startswith("agent/1 ")


def test_every_page_is_read_by_its_link_as_given() -> None:
    link = f"https://manager.test{SET}/virtualMachines?$expand=instanceView&api-version=2024-07-01&$skiptoken=a%3D"
    quota = "Microsoft.Compute/HighCostGetVMScaleSetSubscriptionMaximum;900,Microsoft.Compute/{};{}"
    bucket = "HighCostGetVMScaleSetResource"
    client, script = azure(
        answer(
            200,
            {"value": instances("3", "10"), "nextLink": link},
            x_ms_ratelimit_remaining_resource=quota.format(bucket, 9),
        ),
        answer(200, {"value": instances("2")}, x_ms_ratelimit_remaining_resource=quota.format(bucket, 8)),
    )
    listed = client.read_instances(UNIFORM)
    assert [i.id for i in listed.instances] == ["2", "3", "10"]
    assert (listed.pages, listed.remaining) == (2, 8.0)
    first, second = script.sent
    assert first.path == f"{SET}/virtualMachines"
    assert first.query == {"$expand": ["instanceView"], "api-version": [API_VERSION]}
    assert second.query == {"$expand": ["instanceView"], "api-version": ["2024-07-01"], "$skiptoken": ["a="]}


def test_a_list_that_goes_round_in_a_circle_ends() -> None:
    link = f"https://manager.test{SET}/virtualMachines?$skiptoken=same&api-version={API_VERSION}"
    page = answer(200, {"value": instances("3"), "nextLink": link})
    client, script = azure(page, page, page)
    with pytest.raises(AzureError, match="circle"):
        client.read_instances(UNIFORM)
    assert len(script.sent) == 2


def test_a_list_without_quota_header() -> None:
    client, _ = azure(answer(200, {"value": []}, x_ms_ratelimit_remaining_resource="Microsoft.Compute/Other;3"))
    listed = client.read_instances(UNIFORM)
    assert (listed.instances, listed.pages, listed.remaining) == ((), 1, None)


# -- the machines of a Flexible set ------------------------------------------------------------------------------------

MACHINES = SET.rpartition("/virtualMachineScaleSets")[0] + "/virtualMachines"
FILTER = "%27virtualMachineScaleSet%2Fid%27%20eq%20%27" + SET.replace("/", "%2F") + "%27"


def machine(name: str, **view: Any) -> dict[str, Any]:
    reference = {"publisher": "Canonical", "offer": "jammy", "sku": "22_04-lts", "version": "latest"}
    return {
        "name": name,
        "zones": ["2"],
        "tags": {"VirtualMachineProfileTimeCreated": "4/28/2024 6:28:48 AM +00:00"},
        "properties": {
            "provisioningState": "Succeeded",
            "storageProfile": {"imageReference": {**reference, "exactVersion": "2.0.0"}},
            "protectionPolicy": {"protectFromScaleSetActions": True},
            "latestModelApplied": True,
        }
        | ({"instanceView": view} if view else {}),
    }


RUNNING = {
    "statuses": [{"code": "PowerState/running"}],
    "vmHealth": {"status": {"code": "HealthState/healthy"}},
    "hyperVGeneration": "V2",
}


def test_machines_are_listed_by_their_set_encoded_as_recorded() -> None:
    link = f"https://manager.test{MACHINES}?api-version=2024-07-01&$skiptoken=2"
    quota = "Microsoft.Compute/HighCostGetSubscriptionMaximum;899"
    client, script = azure(
        answer(
            200,
            {"value": [machine("web_b", **RUNNING)], "nextLink": link},
            x_ms_ratelimit_remaining_resource=quota,
        ),
        answer(200, {"value": [machine("web_a", **RUNNING)]}),
    )
    listed = client.read_instances(FLEXIBLE)
    assert [sent.url for sent in script.sent] == [
        f"https://manager.test{MACHINES}?$filter={FILTER}&$expand=instanceView&api-version={API_VERSION}",
        link,
    ]
    assert (listed.pages, listed.remaining) == (2, None)
    assert [each.id for each in listed.instances] == ["web_a", "web_b"]
    assert listed.instances[0] == Instance(
        id="web_a",
        name="web_a",
        image=NEW,
        latest_model_applied=None,
        provisioning=provisioning("Succeeded"),
        power=Power.RUNNING,
        health=Health.HEALTHY,
        zone="2",
        protected=True,
        generation="V2",
        model_time="4/28/2024 6:28:48 AM +00:00",
        has_model_mark=True,
    )


def test_a_machine_without_its_view_is_asked_for_it_and_dropped_when_it_is_gone() -> None:
    client, script = azure(
        answer(200, {"value": [machine("web a"), machine("web_gone"), machine("web_c", **RUNNING)]}),
        answer(200, {"statuses": [{"code": "PowerState/stopped"}]}),
        error(404, "NotFound"),
    )
    listed = client.read_instances(FLEXIBLE)
    assert [(each.id, each.power) for each in listed.instances] == [("web a", Power.STOPPED), ("web_c", Power.RUNNING)]
    assert [sent.url for sent in script.sent[1:]] == [
        f"https://manager.test{MACHINES}/{name}/instanceView?api-version={API_VERSION}"
        for name in ("web%20a", "web_gone")
    ]


def test_a_machine_whose_view_is_refused_alone_is_there_without_it() -> None:
    client, _ = azure(answer(200, {"value": [machine("web_a"), machine("web_b", **RUNNING)]}), error(409, "NotAllowed"))
    listed = client.read_instances(FLEXIBLE)
    assert [(each.id, each.power) for each in listed.instances] == [
        ("web_a", Power.NOT_SHOWN),
        ("web_b", Power.RUNNING),
    ]


LIST_OF_THREE = answer(200, {"value": [machine(f"web_{name}") for name in "abc"]})
VIEW = answer(200, RUNNING)


def asked_views(script: Script) -> list[str]:
    return [sent.path.split("/")[-2] for sent in script.sent if sent.path.endswith("/instanceView")]


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(error(429, "TooManyRequests"), id="throttled"),
        pytest.param(error(503, "ServerTimeout"), id="outage"),
        pytest.param(error(401, "ExpiredAuthenticationToken"), id="token"),
        pytest.param(error(400, "NoRegisteredProviderFound"), id="version"),
        pytest.param(DROPPED, id="dropped"),
    ],
)
def test_views_that_were_answered_are_not_asked_for_again_when_the_look_is(trouble: Any) -> None:
    client, script = azure(LIST_OF_THREE, VIEW, VIEW, trouble, LIST_OF_THREE, VIEW)
    with pytest.raises(AzureError):
        client.read_instances(FLEXIBLE)
    assert [each.health for each in client.read_instances(FLEXIBLE).instances] == [Health.HEALTHY] * 3
    assert asked_views(script) == ["web_a", "web_b", "web_c", "web_c"]


def test_a_look_of_its_own_asks_for_every_view() -> None:
    client, script = azure(LIST_OF_THREE, VIEW, VIEW, VIEW, LIST_OF_THREE, VIEW, VIEW, VIEW)
    for _ in range(2):
        client.read_instances(FLEXIBLE)
    assert asked_views(script) == ["web_a", "web_b", "web_c"] * 2


@pytest.mark.parametrize("meanwhile", ["time", "an upgrade", "a model update"])
def test_a_view_is_no_older_than_what_happened(meanwhile: str) -> None:
    writes = [] if meanwhile == "time" else [accepted(200, MODEL)]
    client, script = azure(LIST_OF_THREE, VIEW, error(503, "Down"), *writes, LIST_OF_THREE, VIEW, VIEW, VIEW)
    with pytest.raises(AzureError):
        client.read_instances(FLEXIBLE)
    if meanwhile == "time":
        script.clock.sleep(121)
    elif meanwhile == "an upgrade":
        client.upgrade(("web_a",))
    else:
        client.set_image(NEW, "")
    client.read_instances(FLEXIBLE)
    assert asked_views(script) == ["web_a", "web_b", "web_a", "web_b", "web_c"]


def test_machines_are_listed_without_their_views_where_azure_does_not_know_that() -> None:
    client, script = azure(error(400, "InvalidParameter"), answer(200, {"value": [machine("web_b", **RUNNING)]}))
    assert [each.id for each in client.read_instances(FLEXIBLE).instances] == ["web_b"]
    assert [("expand" in sent.url) for sent in script.sent] == [True, False]


def test_machines_of_the_line_that_the_model_had_at_the_first_look_are_never_attached_ones() -> None:
    def with_image(body: dict[str, Any], offer: str) -> dict[str, Any]:
        storage = {"imageReference": {**IMAGE, "offer": offer}, "osDisk": {"osType": "Linux"}}
        return {**body, "tags": {}, "properties": {**body["properties"], "storageProfile": storage}}

    def model_of(offer: str) -> dict[str, Any]:
        profile = {"storageProfile": {"imageReference": {**IMAGE, "offer": offer}}}
        return {**MODEL, "properties": {"orchestrationMode": "Flexible", "virtualMachineProfile": profile}}

    listed = answer(
        200, {"value": [with_image(machine("a", **RUNNING), "jammy"), with_image(machine("b", **RUNNING), "noble")]}
    )
    client, _ = azure(answer(200, model_of("jammy")), listed, answer(200, model_of("noble")), listed)
    for _ in range(2):
        instances = client.read_instances(client.read_model()).instances
        assert [each.origin for each in instances] == [Origin.MODEL, Origin.OTHER_IMAGE]


@pytest.mark.parametrize(
    ("name", "tags", "marked"),
    [
        pytest.param("web_0a1B2c3d", None, True, id="a-name-that-azure-gives"),
        pytest.param("WEB_0a1b2c3d", None, True, id="another-case"),
        pytest.param("other_0a1b2c3d", None, False, id="of-another-set"),
        pytest.param("web_db", None, False, id="a-name-that-somebody-gave"),
        pytest.param("web_0a1b2c3d4", None, False, id="nine-digits"),
        pytest.param("blue", {"VirtualMachineProfileTimeCreated": "4/28/2024"}, True, id="tag"),
        pytest.param("blue", {"team": "x"}, False, id="another-tag"),
        pytest.param("blue", ["VirtualMachineProfileTimeCreated"], False, id="tags-in-a-list"),
    ],
)
def test_a_name_or_tag_marks_a_machine_as_made_from_the_model(name: str, tags: Any, marked: bool) -> None:
    assert to_machine({**machine(name, **RUNNING), "tags": tags}, "web").has_model_mark is marked


def test_a_view_that_cannot_be_read_is_no_machine_that_is_gone() -> None:
    client, _ = azure(answer(200, {"value": [machine("web_a")]}), error(429, "TooManyRequests"))
    with pytest.raises(AzureError) as refused:
        client.read_instances(FLEXIBLE)
    assert refused.value.trouble is Trouble.THROTTLED


@pytest.mark.parametrize(
    ("shown", "in_view", "domain"),
    [(None, None, None), (1, None, 1), (-1, None, None), (None, 2, 2), ("1", None, None), (1, 0, 0)],
)
def test_the_fault_domain_of_a_machine(shown: Any, in_view: Any, domain: int | None) -> None:
    body = machine("web_a", **RUNNING, platformFaultDomain=in_view)
    body["properties"]["platformFaultDomain"] = shown
    instance = to_machine(body)
    assert (instance.update_domain, instance.fault_domain) == (None, domain)


def test_an_instance_is_compared_with_the_model_that_was_read_last() -> None:
    listed = {
        "instanceId": "0",
        "properties": {"storageProfile": {"dataDisks": []}, "hardwareProfile": {"vmSize": "S"}},
    }
    model = {**MODEL, "sku": {"name": "M"}}
    client, _ = azure(answer(200, model), answer(200, {"value": [listed]}))
    read = client.read_model()
    client.read_instances(read)
    assert client.compare(read) == {"0": ("VM size (S instead of M)",)}
    assert client.compare(FLEXIBLE) == {}


def test_deeply_nested_json_is_no_difference() -> None:
    deep: dict[str, Any] = {"name": "nic"}
    for _ in range(480):
        deep = {"name": "nic", "x": deep}
    listed = {
        "instanceId": "0",
        "properties": {
            "storageProfile": STORAGE,
            "networkProfileConfiguration": {"networkInterfaceConfigurations": [deep]},
        },
    }
    network = {"networkInterfaceConfigurations": [{"name": "nic"}]}
    profile = {"storageProfile": STORAGE, "networkProfile": network}
    client, _ = azure(
        answer(200, {**MODEL, "properties": {"virtualMachineProfile": profile}}), answer(200, {"value": [listed]})
    )
    read = client.read_model()
    client.read_instances(read)
    assert client.compare(read) == {}


@pytest.mark.parametrize("change", [True, False], ids=["changed", "unchanged"])
def test_an_instance_is_translated_again_only_where_its_json_has_changed(
    change: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shown(id_: str, state: str) -> dict[str, Any]:
        return {"instanceId": id_, "name": f"web_{id_}", "properties": {"provisioningState": state}}

    translated: list[str] = []

    def to_instance(item: Any) -> Instance:
        translated.append(item["instanceId"])
        return real(item)

    real = scale_set_client.to_instance
    monkeypatch.setattr(scale_set_client, "to_instance", to_instance)
    looks = [[shown("1", "Succeeded"), shown("2", now)] for now in ("Updating", "Succeeded" if change else "Updating")]
    client, _ = azure(*(answer(200, {"value": look}) for look in looks))
    client.read_instances(UNIFORM)
    states = [each.provisioning.word for each in client.read_instances(UNIFORM).instances]
    assert states == ["Succeeded", "Succeeded" if change else "Updating"]
    assert translated == ["1", "2", *(["2"] if change else [])]


@pytest.mark.parametrize(
    ("reply", "running"),
    [
        pytest.param(answer(200, {"properties": {"runningStatus": {"code": "RollingForward"}}}), True, id="running"),
        pytest.param(answer(200, {"properties": {"runningStatus": {"code": "RollingBack"}}}), True, id="rolling-back"),
        pytest.param(answer(200, {"properties": {"runningStatus": {"code": "Paused"}}}), True, id="no-final-state"),
        pytest.param(answer(200, {"properties": {"runningStatus": {"code": "Faulted"}}}), False, id="faulted"),
        pytest.param(answer(200, {"properties": {"runningStatus": {"code": "Cancelled"}}}), False, id="cancelled"),
        pytest.param(answer(200, {"properties": {"runningStatus": {"code": "Completed"}}}), False, id="completed"),
        pytest.param(answer(200, {"properties": {"runningStatus": None}}), False, id="null-status"),
        pytest.param(answer(200, {}), False, id="nothing"),
        pytest.param(error(404, "NotFound"), False, id="never-one"),
    ],
)
def test_rolling_upgrade(reply: Any, running: bool) -> None:
    client, script = azure(reply)
    assert client.is_rolling_upgrade_running() is running
    assert script.sent[0].path == f"{SET}/rollingUpgrades/latest"


def test_a_rolling_upgrade_that_may_not_be_read_is_not_known() -> None:
    assert azure(error(403, "AuthorizationFailed"))[0].is_rolling_upgrade_running() is None


@pytest.mark.parametrize("reply", [error(429, "TooMany"), error(500, "Oops"), DROPPED], ids=["429", "500", "dropped"])
def test_a_rolling_upgrade_is_asked_for_again(reply: Any) -> None:
    with pytest.raises(AzureError):
        azure(reply)[0].is_rolling_upgrade_running()


# -- writing ---------------------------------------------------------------------------------------------------------


def test_the_patch_is_the_image_alone_and_bound_to_the_etag() -> None:
    client, script = azure(accepted(200, MODEL))
    operation = client.set_image(NEW, '"3"')
    (sent,) = script.sent
    assert (sent.method, sent.path, sent.query) == ("PATCH", SET, {"api-version": [API_VERSION]})
    assert sent.body == {"properties": {"virtualMachineProfile": {"storageProfile": {"imageReference": IMAGE}}}}
    assert sent.headers["if-match"] == '"3"'
    assert operation.correlation_id == "started"


def test_the_patch_of_a_set_without_an_etag_is_not_bound() -> None:
    client, script = azure(accepted(200, MODEL))
    client.set_image(vhd("https://a/x.vhd?sig=s"), "")
    assert "if-match" not in script.sent[0].headers
    disk = {"osDisk": {"image": {"uri": "https://a/x.vhd?sig=s"}}}
    assert script.sent[0].body == {"properties": {"virtualMachineProfile": {"storageProfile": disk}}}


def test_an_upgrade_names_exactly_the_instances() -> None:
    client, script = azure(accepted())
    client.upgrade(("3", "10"))
    (sent,) = script.sent
    assert (sent.method, sent.path) == ("POST", f"{SET}/manualupgrade")
    assert sent.body == {"instanceIds": ["3", "10"]}


WRITES: dict[str, Callable[[ScaleSetClient], Operation]] = {
    "patch": lambda client: client.set_image(NEW, '"3"'),
    "manualupgrade": lambda client: client.upgrade(("1",)),
    "suspend-repairs": lambda client: client.set_repairs(suspended=True),
}
READS: dict[str, Callable[[ScaleSetClient], Any]] = {
    "model": lambda client: client.read_model(),
    "instances": lambda client: client.read_instances(UNIFORM),
}


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(error(429, "TooManyRequests", retry_after="7"), id="429"),
        pytest.param(error(500, "InternalServerError"), id="500"),
        pytest.param(error(503, "ServerTimeout", retry_after="7"), id="503"),
        pytest.param(error(408, "RequestTimeout"), id="408"),
        pytest.param(error(409, "Conflict"), id="409"),
        pytest.param(DROPPED, id="dropped"),
        pytest.param(HANGS, id="read-timeout"),
    ],
)
@pytest.mark.parametrize("call", [*WRITES.values(), *READS.values()], ids=[*WRITES, *READS])
def test_the_sdk_repeats_nothing_and_waits_for_nothing(call: Callable[[ScaleSetClient], Any], reply: Any) -> None:
    client, script = azure(reply)
    with pytest.raises(AzureError):
        call(client)
    assert len(script.sent) == 1
    assert script.clock.now() == 0


@pytest.mark.parametrize(
    ("reply", "trouble", "code", "words"),
    [
        pytest.param(error(409, "Conflict"), Trouble.CONFLICT, "Conflict", "Azure's words.", id="conflict"),
        pytest.param(answer(409, "<html>busy</html>"), Trouble.CONFLICT, "HTTP 409", "", id="conflict-in-html"),
        pytest.param(
            error(409, "OperationNotAllowed"), Trouble.REJECTED, "OperationNotAllowed", "Azure's words.", id="quota"
        ),
        pytest.param(
            error(409, "PropertyChangeNotAllowed"), Trouble.REJECTED, "PropertyChangeNotAllowed", "", id="immutable"
        ),
        pytest.param(error(412, "PreconditionFailed"), Trouble.CHANGED, "PreconditionFailed", "", id="etag-moved"),
        pytest.param(error(429, "TooManyRequests"), Trouble.THROTTLED, "TooManyRequests", "", id="throttled"),
        pytest.param(error(403, "AuthorizationFailed"), Trouble.DENIED, "AuthorizationFailed", "", id="forbidden"),
        pytest.param(error(404, "ResourceNotFound"), Trouble.NOT_FOUND, "ResourceNotFound", "", id="missing"),
        pytest.param(
            error(400, "InstanceIdsListInstanceIdNotActiveVM"),
            Trouble.GONE,
            "InstanceIdsListInstanceIdNotActiveVM",
            "",
            id="instance-gone",
        ),
        pytest.param(
            error(409, "InstanceIdsListInstanceIdNotActiveVM"),
            Trouble.GONE,
            "InstanceIdsListInstanceIdNotActiveVM",
            "",
            id="instance-gone-as-409",
        ),
        pytest.param(error(400, "InvalidParameter"), Trouble.REJECTED, "InvalidParameter", "", id="bad-request"),
        pytest.param(error(500, "InternalServerError"), Trouble.UNCERTAIN, "InternalServerError", "", id="500"),
        pytest.param(error(504, "GatewayTimeout"), Trouble.UNCERTAIN, "GatewayTimeout", "", id="504"),
        pytest.param(error(408, "RequestTimeout"), Trouble.UNCERTAIN, "RequestTimeout", "", id="408"),
        pytest.param(error(501, "NotSimulated"), Trouble.REJECTED, "NotSimulated", "", id="nobody-knows-it"),
        pytest.param(
            answer(502, "<html><h1>Bad Gateway</h1></html>"), Trouble.UNCERTAIN, "HTTP 502", "a web page", id="html"
        ),
        pytest.param(
            error(401, "ExpiredAuthenticationToken"),
            Trouble.TOKEN_REFUSED,
            "ExpiredAuthenticationToken",
            "",
            id="old-token",
        ),
        pytest.param(error(401, "AuthenticationFailed"), Trouble.DENIED, "AuthenticationFailed", "", id="other-401"),
        pytest.param(answer(403, ""), Trouble.DENIED, "HTTP 403", "", id="empty-body"),
        pytest.param(answer(400, {"error": "x", "error_description": "y"}), Trouble.REJECTED, "x", "y", id="entra"),
        pytest.param(answer(400, ["x"]), Trouble.REJECTED, "HTTP 400", "", id="json-that-is-no-object"),
        pytest.param(answer(400, {"error": None}), Trouble.REJECTED, "HTTP 400", "", id="null-error"),
        pytest.param(
            answer(400, {"error": {"code": "Outer", "message": "a.", "details": [{"code": "In", "message": "b."}, 1]}}),
            Trouble.REJECTED,
            "Outer",
            "a. (In: b.)",
            id="details",
        ),
        pytest.param(DROPPED, Trouble.UNCERTAIN, "ServiceResponseError", "no answer", id="dropped"),
        pytest.param(HANGS, Trouble.UNCERTAIN, "ServiceResponseTimeoutError", "no answer", id="read-timeout"),
    ],
)
@pytest.mark.parametrize("call", [*WRITES.values(), READS["model"]], ids=[*WRITES, "model"])
def test_kinds_of_no(
    call: Callable[[ScaleSetClient], Any], reply: Any, trouble: Trouble, code: str, words: str
) -> None:
    with pytest.raises(AzureError) as refused:
        call(azure(reply)[0])
    assert refused.value.trouble is trouble
    assert words in str(refused.value)
    assert str(refused.value).strip()
    assert refused.value.doing in (
        "updating the model",
        "upgrading instances",
        "reading the scale set",
        "suspending automatic repairs",
    )
    assert refused.value.code == code
    assert refused.value.remedy != "" or trouble not in (Trouble.DENIED, Trouble.NOT_FOUND) or code == "HTTP 403"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({}, None, id="none"),
        pytest.param({"retry_after": "120"}, 120.0, id="seconds"),
        pytest.param({"retry_after_ms": "1500"}, 1.5, id="milliseconds"),
        pytest.param({"x_ms_retry_after_ms": "2500"}, 2.5, id="azure-milliseconds"),
        pytest.param({"retry_after": "0"}, None, id="zero"),
        pytest.param({"retry_after": "Mon, 23 Nov 2026 01:00:00 GMT"}, None, id="date"),
    ],
)
def test_the_wait_that_azure_asks_for_is_read(headers: dict[str, str], seconds: float | None) -> None:
    with pytest.raises(AzureError) as refused:
        azure(error(429, "TooManyRequests", x_ms_correlation_request_id="c-1", **headers))[0].read_model()
    assert refused.value.retry_after == seconds
    assert refused.value.correlation_id == "c-1"


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(answer(200, "<html>sign in to the proxy</html>"), id="html"),
        pytest.param(answer(200, ["x"]), id="not-an-object"),
        pytest.param(answer(200, None), id="empty"),
        pytest.param(answer(200, {"value": None}), id="no-list"),
        pytest.param(answer(200, "[" * 50_000), id="deeper-than-python-reads"),
    ],
)
def test_a_list_that_cannot_be_read_is_no_answer(reply: Any) -> None:
    with pytest.raises(AzureError) as refused:
        azure(reply)[0].read_instances(UNIFORM)
    assert (refused.value.trouble, refused.value.code) == (Trouble.UNCERTAIN, "UnreadableAnswer")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"id": SET, "name": "web"}, id="no-properties"),
        pytest.param({"id": SET, "properties": {"provisioningState": "Succeeded"}}, id="no-profile"),
        pytest.param({"id": SET, "properties": {"virtualMachineProfile": {"storageProfile": {}}}}, id="no-image"),
    ],
)
def test_a_scale_set_without_an_image_is_no_answer(body: Any) -> None:
    with pytest.raises(AzureError) as refused:
        azure(answer(200, body))[0].read_model()
    assert (refused.value.trouble, refused.value.code) == (Trouble.UNCERTAIN, "UnreadableAnswer")


def test_a_flexible_scale_set_may_have_no_profile() -> None:
    assert azure(answer(200, {"id": SET, "properties": {"orchestrationMode": "Flexible"}}))[0].read_model().is_flexible


def test_every_token_is_masked_before_it_is_used() -> None:
    masked: list[str] = []
    client, script = azure(answer(200, MODEL), mask=lambda secret: masked.append(f"{len(script.sent)} {secret[:6]}"))
    client.read_model()
    assert masked == ["0 eyJhbG", "0 access"]


def test_the_request_log_tells_no_secret() -> None:
    traced: list[str] = []
    client, _ = azure(accepted(200, MODEL), polled("InProgress"), trace=traced.append)
    client.set_image(vhd("https://a/x.vhd?sig=SECRET"), "").step()
    assert traced[0] == f"PATCH {SET} -> 200 in 0 ms, started"
    assert "signed" not in "".join(traced)
    assert "SECRET" not in "".join(traced)
    assert "access" not in "".join(traced)


# -- rights and repairs ------------------------------------------------------------------------------------------------


def test_permissions_are_read_page_by_page_at_the_scope_of_the_set() -> None:
    path = f"{SET}/providers/Microsoft.Authorization/permissions"
    link = f"https://manager.test{path}?api-version=2022-04-01&$skiptoken=2"
    client, script = azure(
        answer(200, {"value": [{"actions": ["*/read"], "notActions": ["Microsoft.X/*"]}], "nextLink": link}),
        answer(200, {"value": [{"actions": None, "notActions": [1, "a"]}, "odd", {}]}),
    )
    assert client.read_permissions() == (
        Permission(("*/read",), ("Microsoft.X/*",)),
        Permission((), ("a",)),
        Permission(()),
    )
    assert (script.sent[0].path, script.sent[0].query) == (path, {"api-version": ["2022-04-01"]})
    assert script.sent[1].url == link


def test_no_permission_at_all_is_not_what_was_read() -> None:
    assert azure(answer(200, {"value": []}))[0].read_permissions() is None


REPAIRS_VIEW = {"orchestrationServices": [{"serviceName": "AutomaticRepairs", "serviceState": "Suspended"}]}


@pytest.mark.parametrize(
    ("view", "suspended"),
    [
        pytest.param(REPAIRS_VIEW, True, id="suspended"),
        pytest.param(
            {"orchestrationServices": [{"serviceName": "automaticrepairs", "serviceState": "Running"}]},
            False,
            id="running",
        ),
        pytest.param(
            {"orchestrationServices": [{"serviceName": "DummyOrchestrationServiceName", "serviceState": "Suspended"}]},
            None,
            id="another-service",
        ),
        pytest.param({"orchestrationServices": [{"serviceName": "AutomaticRepairs"}]}, None, id="no-state"),
        pytest.param({"orchestrationServices": None}, None, id="null"),
        pytest.param({}, None, id="not-shown"),
    ],
)
def test_whether_repairs_are_suspended(view: dict[str, Any], suspended: bool | None) -> None:
    client, script = azure(answer(200, view))
    assert client.are_repairs_suspended(UNIFORM) is suspended
    assert (script.sent[0].path, script.sent[0].query) == (f"{SET}/instanceView", {"api-version": [API_VERSION]})


def test_a_flexible_set_is_never_asked_for_its_instance_view() -> None:
    client, script = azure()
    assert client.are_repairs_suspended(FLEXIBLE) is None
    assert script.sent == []


NOTES: dict[str, Callable[[ScaleSetClient], Any]] = {
    "permissions": lambda client: client.read_permissions(),
    "repairs": lambda client: client.are_repairs_suspended(UNIFORM),
}


@pytest.mark.parametrize("ask", NOTES.values(), ids=NOTES)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409])
def test_an_answer_that_may_not_be_read_is_unknown(ask: Callable[[ScaleSetClient], Any], status: int) -> None:
    # the SDK asks again with another token after a 401
    assert ask(azure(*[error(status, "Refused")] * 2)[0]) is None


@pytest.mark.parametrize("ask", NOTES.values(), ids=NOTES)
@pytest.mark.parametrize("reply", [error(429, "TooMany"), error(500, "Oops"), DROPPED], ids=["429", "500", "dropped"])
def test_a_passing_error_is_raised(ask: Callable[[ScaleSetClient], Any], reply: Any) -> None:
    with pytest.raises(AzureError):
        ask(azure(reply)[0])


@pytest.mark.parametrize(("suspended", "action"), [(True, "Suspend"), (False, "Resume")])
def test_repairs_are_suspended_and_resumed(suspended: bool, action: str) -> None:
    client, script = azure(accepted(), polled("Succeeded"))
    operation = client.set_repairs(suspended=suspended)
    (sent,) = script.sent
    assert (sent.method, sent.path) == ("POST", f"{SET}/setOrchestrationServiceState")
    assert sent.body == {"serviceName": "AutomaticRepairs", "action": action}
    assert operation.step() is OperationState.SUCCEEDED


# -- operations ------------------------------------------------------------------------------------------------------


def test_an_operation_is_polled_only_when_stepped_and_without_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading.Thread, "start", lambda thread: pytest.fail(f"{thread} was started"))
    client, script = azure(accepted(), polled("InProgress"), polled("Succeeded"))
    operation = client.upgrade(("1",))
    assert len(script.sent) == 1
    assert operation.step() is OperationState.RUNNING
    assert operation.step() is OperationState.SUCCEEDED
    assert operation.step() is OperationState.SUCCEEDED
    assert [sent.url for sent in script.sent[1:]] == [OPERATION, OPERATION], "once a step, as given, and no more"
    assert script.clock.now() == 0


@pytest.mark.parametrize("status", ["Failed", "Canceled"])
def test_a_failed_operation_tells_its_problem(status: str) -> None:
    words = {"code": "VMExtensionProvisioningError", "message": "It failed."}
    client, _ = azure(accepted(), polled(status, error=words))
    operation = client.upgrade(("1",))
    assert operation.problem is None
    assert operation.step() is OperationState.FAILED
    assert operation.problem == Problem("VMExtensionProvisioningError", "It failed.")


@pytest.mark.parametrize("body", [{}, {"error": None}, {"error": {}}], ids=["no-error", "null", "empty"])
@pytest.mark.parametrize(("status", "code"), [("Failed", "OperationFailed"), ("Canceled", "Canceled")])
def test_a_failed_operation_without_words(status: str, code: str, body: dict[str, Any]) -> None:
    operation = azure(accepted(), polled(status, **body))[0].upgrade(("1",))
    assert operation.step() is OperationState.FAILED
    assert operation.problem == Problem(code, f"the operation ended {status}")


@pytest.mark.parametrize(
    ("reply", "trouble"),
    [
        pytest.param(error(500, "MultipleErrorsOccurred"), Trouble.UNCERTAIN, id="500"),
        pytest.param(error(429, "TooManyRequests", retry_after="9"), Trouble.THROTTLED, id="429"),
        pytest.param(answer(502, "<html>"), Trouble.UNCERTAIN, id="html"),
        pytest.param(answer(200, "<html>"), Trouble.UNCERTAIN, id="200-html"),
        pytest.param(answer(200, ["Succeeded"]), Trouble.UNCERTAIN, id="not-an-object"),
        pytest.param(DROPPED, Trouble.UNCERTAIN, id="dropped"),
        pytest.param(HANGS, Trouble.UNCERTAIN, id="read-timeout"),
    ],
)
def test_after_a_poll_that_failed_the_operation_goes_on(reply: Any, trouble: Trouble) -> None:
    client, script = azure(accepted(), polled("InProgress"), reply, polled("InProgress"), polled("Succeeded"))
    operation = client.upgrade(("1",))
    assert operation.step() is OperationState.RUNNING
    with pytest.raises(AzureError) as refused:
        operation.step()
    assert refused.value.trouble is trouble
    assert operation.step() is OperationState.RUNNING
    assert operation.step() is OperationState.SUCCEEDED
    assert len(script.sent) == 5


def test_the_latest_poll_decides_the_wait() -> None:
    client, _ = azure(
        accepted(200, MODEL, retry_after="10"),
        answer(200, {"status": "InProgress"}, retry_after="37"),
        polled("InProgress"),
    )
    operation = client.set_image(NEW, "")
    assert operation.asked_delay == 10
    operation.step()
    assert operation.asked_delay == 37
    operation.step()
    assert operation.asked_delay is None


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_page_with_200_accepts_nothing(write: Callable[[ScaleSetClient], Any]) -> None:
    """A proxy or gateway in between may answer so; nobody knows whether Azure has seen the request."""
    client, script = azure(answer(200, "<html><h1>Sign in to the network</h1></html>"))
    with pytest.raises(AzureError) as refused:
        write(client)
    assert refused.value.trouble is Trouble.UNCERTAIN
    assert len(script.sent) == 1


def test_a_patch_that_ended_at_once() -> None:
    client, script = azure(answer(200, {**MODEL, "properties": {"provisioningState": "Succeeded"}}))
    assert client.set_image(NEW, "").step() is OperationState.SUCCEEDED
    assert len(script.sent) == 1


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        pytest.param(answer(200, {"properties": {"state": "NotRegistered"}}), "NotRegistered", id="not-registered"),
        pytest.param(answer(200, {"properties": None}), None, id="without-a-state"),
        pytest.param(error(404, "FeatureNotFound"), None, id="no-feature-any-more"),
        pytest.param(error(403, "AuthorizationFailed"), None, id="no-right"),
    ],
)
def test_the_registration_for_a_feature(reply: Any, state: str | None) -> None:
    client, script = azure(reply)
    assert client.read_feature_state("Vmo") == state
    features = "/subscriptions/sub/providers/Microsoft.Features/providers/Microsoft.Compute/features"
    assert (script.sent[0].path, script.sent[0].query) == (f"{features}/Vmo", {"api-version": ["2021-07-01"]})


def test_the_registration_is_asked_for_again_where_that_can_help() -> None:
    with pytest.raises(AzureError):
        azure(error(503, "ServerBusy"))[0].read_feature_state("Vmo")


def test_an_instance_stays_the_same_whatever_the_case_of_its_names() -> None:
    def shown(id_: str, zone: str, group: str) -> dict[str, Any]:
        return {"instanceId": id_, "zones": [zone], "properties": {"instanceView": {"placementGroupId": group}}}

    looks = [[shown("a1", "z", "ab")], [shown("A1", "Z", "AB")], [shown("A1", "Z", "AB"), shown("a1", "z", "ab")]]
    client, _ = azure(*(answer(200, {"value": look}) for look in looks))
    for _ in looks:
        (instance,) = client.read_instances(UNIFORM).instances
        assert (instance.id, instance.zone, instance.placement_group) == ("a1", "z", "ab")


def test_a_machine_stays_the_same_whatever_the_case_of_its_name() -> None:
    client, _ = azure(*(answer(200, {"value": [machine(name, **RUNNING)]}) for name in ("web_a", "WEB_A")))
    assert [client.read_instances(FLEXIBLE).instances[0].id for _ in range(2)] == ["web_a", "web_a"]
