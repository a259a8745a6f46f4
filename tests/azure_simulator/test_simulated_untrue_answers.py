"""An Azure that is wrong for a while: lists and models that lag or lack something, operations that say something
untrue, old health, instances that are created and deleted. Each by what a client sees, and by the truth.
"""

import json
from typing import Any

import pytest
from simulated import NEW, OLD, SMALL, Simulation, error_of, header, image_patch

from azure_simulator import ScenarioError, parse_scenario

Json = dict[str, Any]
FLEXIBLE = SMALL.replace("[2, 2]", "[2, 2], orchestration: Flexible")


def ready(faults: str, yaml: str = SMALL) -> Simulation:
    """Return a small set whose model has the new image since second 60."""
    simulation = Simulation(yaml + "faults:\n" + faults)
    simulation.update_image()
    return simulation


def listed(simulation: Simulation) -> dict[str, Json]:
    path = f"{simulation.set_path}/virtualMachines?$expand=instanceView"
    return {each["instanceId"]: each for each in json.loads(simulation.raw("GET", path).body)["value"]}


def machines(simulation: Simulation) -> dict[str, Json]:
    group = simulation.set_path.partition("/virtualMachineScaleSets/")[0]
    condition = f"'virtualMachineScaleSet/id' eq '{simulation.set_path}'"
    path = f"{group}/virtualMachines?$expand=instanceView&$filter={condition}"
    return {each["name"]: each for each in json.loads(simulation.raw("GET", path).body)["value"]}


def image_of(instance: Json) -> str:
    return str(instance["properties"]["storageProfile"]["imageReference"]["exactVersion"])


def version_of(model: Json) -> str:
    return str(model["properties"]["virtualMachineProfile"]["storageProfile"]["imageReference"]["version"])


def health_of(instance: Json) -> Json | None:
    health = instance["properties"]["instanceView"].get("vmHealth")
    return None if health is None else dict(health["status"])


def code_of(instance: Json) -> str | None:
    health = health_of(instance)
    return None if health is None else str(health["code"]).partition("/")[2]


def poll(simulation: Simulation, reply: Any) -> Json:
    return dict(json.loads(simulation.raw("GET", str(header(reply, "azure-asyncoperation"))).body))


# --- lists ---


@pytest.mark.parametrize("yaml", [SMALL, FLEXIBLE], ids=["instances", "machines"])
def test_a_list_shows_an_earlier_moment(yaml: str) -> None:
    simulation = ready("- {kind: list-lags, seconds: 5}", yaml)
    look = machines if yaml is FLEXIBLE else listed
    name = sorted(look(simulation))[0]
    assert simulation.upgrade(name).status == 202
    assert look(simulation)[name]["properties"]["provisioningState"] == "Succeeded"
    simulation.clock.sleep(5)
    assert look(simulation)[name]["properties"]["provisioningState"] == "Updating"
    simulation.clock.sleep(99)
    assert simulation.instance(name).image_version == NEW
    assert image_of(look(simulation)[name]) == OLD
    simulation.clock.sleep(1)
    assert image_of(look(simulation)[name]) == NEW


def test_a_list_lags_only_during_its_window_with_flags_and_members_of_one_moment() -> None:
    faults = """
- {kind: list-lags, seconds: 30, during: {after_upgrade: 1, delay: 10, seconds: 20}}
- {kind: vanish, instance: '3', after_upgrade: 1, delay: 5}
"""
    simulation = ready(faults)
    simulation.upgrade("0")
    simulation.clock.sleep(5)
    assert "3" not in listed(simulation)
    simulation.clock.sleep(5)
    assert "3" in listed(simulation)
    assert listed(simulation)["0"]["properties"]["provisioningState"] == "Succeeded"
    simulation.clock.sleep(20)
    assert "3" not in listed(simulation)


def test_a_list_that_lags_behind_an_update_of_the_model_shows_the_flags_from_before() -> None:
    simulation = Simulation(SMALL + "faults: [{kind: list-lags, seconds: 5}]")
    simulation.clock.sleep(10)
    simulation.raw("PATCH", simulation.set_path, image_patch(version=NEW))
    assert listed(simulation)["0"]["properties"]["latestModelApplied"] is True
    simulation.clock.sleep(5)
    assert listed(simulation)["0"]["properties"]["latestModelApplied"] is False


def test_instances_that_are_missing_from_one_list() -> None:
    simulation = Simulation(SMALL + "faults: [{kind: http, path: 'virtualMachines$', nth: 2, missing: ['1', '3']}]")
    assert [list(listed(simulation)) for _ in range(3)] == [["0", "1", "2", "3"], ["0", "2"], ["0", "1", "2", "3"]]
    assert len(simulation.azure.instances()) == 4


def test_machines_of_a_flexible_set_are_missing_by_name_while_a_window_is_open() -> None:
    name = "simulated-set_00000001"
    fault = f"{{kind: http, path: 'virtualMachines$', count: 99, missing: [{name}], during: {{at: 10, seconds: 5}}}}"
    simulation = Simulation(FLEXIBLE + f"faults: [{fault}]")
    seen = []
    for _ in range(4):
        seen.append(name in machines(simulation))
        simulation.clock.sleep(5)
    assert seen == [True, True, False, True]


def test_a_view_that_is_missing_for_some_instances() -> None:
    fault = "{kind: http, path: 'virtualMachines$', without: [properties.instanceView], of: ['2']}"
    simulation = Simulation(SMALL + f"faults: [{fault}]")
    shown = listed(simulation)
    assert [name for name, each in shown.items() if "instanceView" not in each["properties"]] == ["2"]
    assert all("instanceView" in each["properties"] for each in listed(simulation).values())


# --- the model ---


def test_a_read_of_the_set_lags_behind_our_patch_and_its_etag_with_it() -> None:
    simulation = Simulation(SMALL + "faults: [{kind: model-lags, seconds: 3}]")
    simulation.clock.sleep(10)
    answer = json.loads(simulation.raw("PATCH", simulation.set_path, image_patch(version=NEW)).body)
    assert (version_of(answer), answer["etag"]) == (NEW, '"3"')
    seen = simulation.set_json()
    assert (version_of(seen), seen["etag"]) == (OLD, '"2"')
    assert seen["properties"]["provisioningState"] == "Succeeded"
    assert error_of(simulation.raw("PATCH", simulation.set_path, {"tags": {}}, If_Match='"2"'))[0] == 412
    simulation.clock.sleep(3)
    seen = simulation.set_json()
    assert (version_of(seen), seen["etag"], seen["properties"]["provisioningState"]) == (NEW, '"3"', "Updating")


def test_a_read_lags_behind_a_change_by_another_client_while_a_window_is_open() -> None:
    simulation = Simulation(
        SMALL + "faults:\n- {kind: model-lags, seconds: 60, during: {at: 20, seconds: 10}}\n"
        "- {kind: model-change, at: 15, patch: {tags: {a: b}}}"
    )
    seen = []
    for _ in range(4):
        simulation.clock.sleep(8)
        seen.append(simulation.set_json()["tags"])
    assert seen == [{}, {"a": "b"}, {}, {"a": "b"}]


def test_one_read_after_the_patch_lacks_the_health_extension() -> None:
    field = "properties.virtualMachineProfile.extensionProfile"
    fault = (
        f"{{kind: http, path: 'Sets/[^/]+$', method: GET, without: [{field}], during: {{after_update: 1, delay: 5}}}}"
    )
    simulation = Simulation(SMALL.replace("[2, 2]", "[2, 2], health: extension") + f"faults: [{fault}]")

    def shows_it() -> bool:
        return "extensionProfile" in simulation.set_json()["properties"]["virtualMachineProfile"]

    assert shows_it()
    simulation.raw("PATCH", simulation.set_path, image_patch(version=NEW))
    assert shows_it()
    simulation.clock.sleep(5)
    assert [shows_it(), shows_it()] == [False, True]


# --- health ---


def test_health_from_before_an_upgrade_stays_shown_with_its_time() -> None:
    simulation = ready("- {kind: health-lags, instance: '0', seconds: 30, time: true}")
    simulation.upgrade("0")
    seen = []
    for seconds in (50, 79.9, 0.1, 40):
        simulation.clock.sleep(seconds)
        seen.append(health_of(listed(simulation)["0"]))
    assert [each and each["code"] for each in seen] == ["HealthState/healthy"] * 4
    times = [each and each["time"][11:19] for each in seen]
    # Healthy from the beginning on, and again from the start of the application on the new disk, at 60 + 100 + 20.
    assert times == ["00:00:00", "00:00:00", "00:03:00", "00:03:00"]
    assert "time" not in (health_of(listed(simulation)["1"]) or {})


def test_old_health_hides_an_unhealthy_application() -> None:
    simulation = ready("- {kind: health-lags, seconds: 30}\n- {kind: comes-up-unhealthy, instance: '*'}")
    simulation.upgrade("0", "1")
    simulation.clock.sleep(129)
    assert [code_of(listed(simulation)[name]) for name in "01"] == ["healthy", "healthy"]
    assert simulation.instance("0").healthy is False
    simulation.clock.sleep(1)
    assert [code_of(listed(simulation)[name]) for name in "01"] == ["unhealthy", "unhealthy"]


def test_an_instance_that_is_healthy_once_and_then_never_again() -> None:
    simulation = ready("- {kind: comes-up-unhealthy, instance: '0', seconds: 20, relapses_after: 15}")
    simulation.upgrade("0")
    simulation.clock.sleep(100)
    seen = []
    for seconds in (0, 20, 14, 1, 10_000):
        simulation.clock.sleep(seconds)
        seen.append(simulation.instance("0").healthy)
    assert seen == [False, True, True, False, False]
    assert simulation.azure.state()["upgrades"][0]["healthy_at"] is None  # type: ignore[index]
    assert simulation.azure.lowest_available() == 3


@pytest.mark.parametrize(
    "yaml",
    [
        SMALL + "instances: {'0': {reports_health: false}}\n",
        SMALL.replace("[2, 2]", "[2, 2], health: extension")
        + "instances: {'0': {behind: {extensions: [HealthExtension]}}}\n",
    ],
    ids=["described", "the extension is missing"],
)
def test_a_signal_that_is_in_the_model_and_not_on_the_instance(yaml: str) -> None:
    simulation = Simulation(yaml)
    assert [code_of(listed(simulation)[name]) for name in "01"] == [None, "healthy"]
    assert simulation.instance("0").available
    simulation.update_image()
    simulation.upgrade("0")
    simulation.clock.sleep(110)
    assert code_of(listed(simulation)["0"]) == "unhealthy"
    simulation.clock.sleep(10)
    assert code_of(listed(simulation)["0"]) == "healthy"


def test_only_instances_upgraded_after_a_signal_was_added_report_health() -> None:
    probe = {"virtualMachineProfile": {"networkProfile": {"healthProbe": {"id": "p"}}}}
    simulation = Simulation(
        SMALL.replace("[2, 2]", "[2, 2], health: none")
        + f"faults: [{{kind: model-change, at: 5, patch: {json.dumps({'properties': probe})}}}]"
    )
    simulation.clock.sleep(10)
    assert {code_of(each) for each in listed(simulation).values()} == {None}
    assert all(each.available for each in simulation.azure.instances())
    simulation.upgrade("0")
    simulation.clock.sleep(120)
    assert [code_of(listed(simulation)[name]) for name in "01"] == ["healthy", None]


# --- operations ---


@pytest.mark.parametrize(
    ("fate", "status", "error"),
    [
        ("told_after: 10", "Succeeded", None),
        ("told_after: 10, code: InternalExecutionError", "Failed", "InternalExecutionError"),
        ("told_after: 10, code: OperationPreempted, cancelled: true", "Canceled", "OperationPreempted"),
        ("told_after: 10, cancelled: true", "Canceled", None),
    ],
)
def test_an_operation_that_says_something_untrue(fate: str, status: str, error: str | None) -> None:
    simulation = ready(f"- {{kind: operation, path: manualupgrade, {fate}}}")
    reply = simulation.upgrade("0")
    simulation.clock.sleep(10)
    shown = poll(simulation, reply)
    assert (shown["status"], shown.get("error", {}).get("code")) == (status, error)
    assert simulation.instance("0").provisioning_state == "Updating"
    # Azure accepts the next upgrade, of other instances.
    assert simulation.upgrade("1").status == 202
    simulation.clock.sleep(110)
    zero = simulation.instance("0")
    assert (zero.image_version, zero.healthy) == (NEW, True)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("preempted", (409, "OperationPreempted")),
        ("another-operation", (409, "AnotherOperationInProgress")),
        ("scope-locked", (409, "ScopeLocked")),
        ("denied-by-assignment", (403, "DenyAssignmentAuthorizationFailed")),
        ("disallowed-by-policy", (403, "RequestDisallowedByPolicy")),
        ("wrong-tenant", (401, "InvalidAuthenticationTokenTenant")),
        ("no-registered-provider", (400, "NoRegisteredProviderFound")),
    ],
)
def test_refusals_by_name(error: str, expected: tuple[int, str]) -> None:
    simulation = ready(f"- {{kind: error, path: manualupgrade, error: {error}}}")
    refused = simulation.upgrade("0")
    assert error_of(refused) == expected
    assert "{" not in json.loads(refused.body)["error"]["message"].replace("[{", "").replace(":{", "")
    assert simulation.azure.upgrades == []


def test_polls_that_are_denied_for_good() -> None:
    simulation = ready("- {kind: error, path: /operations/, error: not-authorized, count: 9999}")
    reply = simulation.upgrade("0")
    answers = [simulation.raw("GET", str(header(reply, "azure-asyncoperation"))) for _ in range(3)]
    assert {error_of(each) for each in answers} == {(403, "AuthorizationFailed")}


@pytest.mark.parametrize(("empty", "accepted"), [("before", 0), ("after", 1)])
def test_a_200_without_anything(empty: str, accepted: int) -> None:
    simulation = ready(f"- {{kind: http, path: manualupgrade, empty: {empty}}}")
    reply = simulation.upgrade("0")
    assert (reply.status, reply.body, header(reply, "azure-asyncoperation")) == (200, b"", None)
    assert len(simulation.azure.upgrades) == accepted


def test_one_of_several_equal_requests_meets_an_unknown_version() -> None:
    fault = "{kind: error, path: 'Sets/[^/]+$', error: no-registered-provider, nth: 2, every: 3, count: 2}"
    simulation = Simulation(SMALL + f"faults: [{fault}]")
    statuses = [simulation.raw("GET", simulation.set_path).status for _ in range(9)]
    assert statuses == [200, 400, 200, 200, 400, 200, 200, 200, 200]


def test_a_cloud_that_does_not_know_the_newest_version() -> None:
    fault = (
        "{kind: error, path: Microsoft.Compute, error: no-registered-provider, count: 9999, api_version: 2026-04-01}"
    )
    simulation = Simulation(SMALL + f"faults: [{fault}]".replace("2026-04-01", "'2026-04-01'"))
    refused = simulation.raw("GET", simulation.set_path)
    assert error_of(refused) == (400, "NoRegisteredProviderFound")
    assert "The supported api-versions are '2023-09-01, 2024-07-01" in json.loads(refused.body)["error"]["message"]
    assert simulation.raw("GET", f"{simulation.set_path}?api-version=2024-11-01").status == 200


@pytest.mark.parametrize(
    ("number", "status", "error"), [(90002, 400, "invalid_request"), (700213, 401, "invalid_client")]
)
def test_a_refusal_of_entra(number: int, status: int, error: str) -> None:
    simulation = Simulation(SMALL + f"faults: [{{kind: sign-in-error, number: {number}}}]")
    form = f"client_id={simulation.at['client_id']}&scope=s&client_secret=x"
    url = f"{simulation.at['authority']}/{simulation.at['tenant']}/oauth2/v2.0/token"
    refused = simulation.azure.handle("POST", url, {}, form.encode())
    body = json.loads(refused.body)
    assert (refused.status, body["error"], body["error_codes"]) == (status, error, [number])
    assert body["error_description"].startswith(f"AADSTS{number}: ")
    assert "{" not in body["error_description"]
    assert simulation.token()


# --- instances that are created and deleted ---

SPOT = "model: {properties: {virtualMachineProfile: {priority: Spot, evictionPolicy: POLICY}}}\n"


@pytest.mark.parametrize("policy", ["Deallocate", "Delete"])
def test_an_eviction(policy: str) -> None:
    yaml = SMALL + SPOT.replace("POLICY", policy)
    simulation = ready("- {kind: evict, instance: '0', after_upgrade: 1, delay: 30}", yaml)
    simulation.upgrade("0")
    simulation.clock.sleep(30)
    left = {each.instance_id: each for each in simulation.azure.instances()}
    assert ("0" in left) is (policy == "Deallocate")
    if policy == "Deallocate":
        simulation.clock.sleep(200)
        seen = listed(simulation)["0"]
        assert health_of(seen) is None
        assert seen["properties"]["instanceView"]["statuses"][1]["code"] == "PowerState/deallocated"


def test_only_spot_instances_are_evicted() -> None:
    with pytest.raises(ScenarioError, match=r"faults\[0\]: the instances are not Spot"):
        parse_scenario(SMALL + "faults: [{kind: evict, instance: '0', at: 1}]", "test", "test.yml")


def test_a_steady_scale_out_and_a_scale_in() -> None:
    faults = """
- {kind: scale-out, instance: '10', every: 100, count: 3, at: 50, update_domains: [0, 1], creating_seconds: 60,
   healthy_after_seconds: 20}
- {kind: scale-in, at: 400}
"""
    simulation = Simulation(SMALL + "faults:" + faults)
    simulation.clock.sleep(60)
    assert (len(simulation.azure.instances()), simulation.set_json()["sku"]["capacity"]) == (5, 5)
    ten = listed(simulation)["10"]
    assert (ten["properties"]["provisioningState"], health_of(ten)) == ("Creating", None)
    simulation.clock.sleep(60)
    ten = listed(simulation)["10"]
    assert (ten["properties"]["provisioningState"], code_of(ten)) == ("Succeeded", "unhealthy")
    simulation.clock.sleep(20)
    assert code_of(listed(simulation)["10"]) == "healthy"
    simulation.clock.sleep(200)
    states = {each.instance_id: each.update_domain for each in simulation.azure.instances()}
    assert states == {"0": 0, "1": 1, "2": 0, "3": 1, "10": 0, "11": 1, "12": 0}
    simulation.clock.sleep(100)
    assert (len(simulation.azure.instances()), simulation.set_json()["sku"]["capacity"]) == (6, 6)


def test_new_instances_on_the_old_image_and_with_a_failed_extension() -> None:
    faults = """
- {kind: scale-out, instance: '10', every: 0, count: 1, at: 70, image: old, creating_seconds: 10, failed: {
   code: VMExtensionProvisioningError, message: It broke., extension: HealthExtension}}
"""
    simulation = ready(faults[1:], SMALL.replace("[2, 2]", "[2, 2], health: extension"))
    simulation.clock.sleep(15)
    assert listed(simulation)["10"]["properties"]["provisioningState"] == "Creating"
    assert simulation.view("10")["statuses"][0]["code"] == "ProvisioningState/creating"
    simulation.clock.sleep(10)
    view = simulation.view("10")
    assert view["statuses"][0]["code"] == "ProvisioningState/failed/VMExtensionProvisioningError"
    (extension,) = view["extensions"]
    assert (extension["name"], extension["statuses"][0]["message"]) == ("HealthExtension", "It broke.")
    assert simulation.instance("10").image_version == OLD


def test_after_a_failed_extension_the_instance_has_the_new_image() -> None:
    fault = (
        "- {kind: provisioning-failure, instance: '0', code: VMExtensionProvisioningError, message: It broke., "
        "image: new, extension: HealthExtension}"
    )
    simulation = ready(fault, SMALL.replace("[2, 2]", "[2, 2], health: extension"))
    simulation.upgrade("0")
    simulation.clock.sleep(200)
    zero = simulation.instance("0")
    assert (zero.image_version, zero.provisioning_state, zero.latest_model_applied) == (NEW, "Failed", True)
    assert simulation.view("0")["extensions"][0]["statuses"][0]["code"] == "ProvisioningState/failed/1"


# --- changes by another client ---


@pytest.mark.parametrize(
    ("change", "current"),
    [
        ("patch: {sku: {name: Standard_D4s_v5}}", False),
        ("patch: {identity: {type: SystemAssigned}}", True),
        ("patch: {identity: {type: SystemAssigned}}, new_model: true", False),
        ("patch: {tags: {a: b}}", True),
    ],
)
def test_a_change_that_puts_instances_behind_the_model(change: str, current: bool) -> None:
    simulation = Simulation(SMALL + f"faults: [{{kind: model-change, at: 5, {change}}}]")
    simulation.clock.sleep(10)
    assert {each["properties"]["latestModelApplied"] for each in listed(simulation).values()} == {current}
    assert {each.latest_model_applied for each in simulation.azure.instances(4)} == {True}


# --- machines that were not made from the model ---


def test_an_attached_machine() -> None:
    yaml = """
description: x
fleet: {update_domains: [2], orchestration: Flexible, attached: [jumpbox, db]}
instances:
  jumpbox:
    shows:
      properties:
        hardwareProfile: {vmSize: Standard_B2ms}
        storageProfile:
          osDisk: {osType: Windows}
          imageReference: {publisher: P, offer: O, sku: S, version: latest, exactVersion: 1.0.0}
  db: {power: deallocated}
timing: {request_latency: 0, upgrade_seconds: 100, healthy_after_seconds: 20}
"""
    simulation = Simulation(yaml)
    seen = machines(simulation)
    assert len(seen) == simulation.set_json()["sku"]["capacity"] == 4
    jumpbox, db = seen["jumpbox"], seen["db"]
    assert "tags" not in jumpbox
    assert jumpbox["properties"]["virtualMachineScaleSet"]["id"] == simulation.set_path
    assert jumpbox["properties"]["storageProfile"]["osDisk"]["osType"] == "Windows"
    assert (image_of(jumpbox), health_of(jumpbox)) == ("1.0.0", None)
    assert "imageReference" not in db["properties"]["storageProfile"]
    assert simulation.instance("db").power_state == "deallocated"
    # Azure would replace its disk like that of any other.
    simulation.update_image()
    assert simulation.upgrade("jumpbox").status == 202
    simulation.clock.sleep(200)
    assert image_of(machines(simulation)["jumpbox"]) == NEW


def test_an_instance_shows_the_given_json_until_it_is_upgraded() -> None:
    yaml = (
        SMALL
        + "instances: {'1': {shows: {tags: {a: b}, properties: {latestModelApplied: null, instanceView: null}}}}\n"
    )
    simulation = Simulation(yaml)
    one = listed(simulation)["1"]
    assert one["tags"] == {"a": "b"}
    assert not {"instanceView", "latestModelApplied"} & one["properties"].keys()
    simulation.update_image()
    simulation.upgrade("1")
    simulation.clock.sleep(200)
    assert listed(simulation)["1"]["properties"]["latestModelApplied"] is True


def test_only_a_flexible_set_has_attached_machines() -> None:
    with pytest.raises(ScenarioError, match=r"fleet\.attached: is for machines of a Flexible set"):
        parse_scenario("description: x\nfleet: {update_domains: [2], attached: [x]}", "test", "test.yml")


def test_a_flexible_set_without_a_model() -> None:
    yaml = FLEXIBLE + "model: {properties: {virtualMachineProfile: null}}\n"
    yaml += "instances: {simulated-set_00000000: {reports_health: false}}\n"
    simulation = Simulation(yaml)
    assert "virtualMachineProfile" not in simulation.set_json()["properties"]
    assert len(machines(simulation)) == 4
    refused = simulation.raw("PATCH", simulation.set_path, image_patch(version=NEW))
    assert refused.status == 409


# --- errors in a file ---


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ("{kind: list-lags}", "faults[0].seconds: is missing"),
        ("{kind: list-lags, seconds: 1, during: {seconds: 3}}", "faults[0].during: needs either `at` (seconds) or"),
        ("{kind: sign-in-error, number: 1}", "faults[0].message: is missing, since AADSTS1 is not one of the known"),
        (
            "{kind: scale-out, instance: x, every: 1, count: 1, at: 1}",
            "faults[0].instance: must end in a number that the others count up from, but is 'x'",
        ),
        ("{kind: vanish, instance: '*', at: 1}", "faults[0].instance: the set has no instance '*'"),
        ("{kind: http, path: x, missing: ['1'], drop: before}", "needs exactly one of `status`, `drop`, `hang`"),
    ],
)
def test_errors_in_a_fault(fault: str, problem: str) -> None:
    with pytest.raises(ScenarioError) as raised:
        parse_scenario(SMALL + f"faults: [{fault}]", "test", "test.yml")
    assert problem in str(raised.value)
