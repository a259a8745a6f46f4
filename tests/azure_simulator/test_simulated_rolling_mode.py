"""A set in mode Rolling: a write of the model starts a rolling upgrade, by the set's policy."""

import json
from typing import Any

import pytest
from simulated import NEW, OLD, Simulation, error_of, header, image_patch, interactions, post, settle

from azure_simulator import Reply, load_scenario

# Two update domains of two instances; a batch of one lasts 100 s, and its application 20 s.
TIMING = "timing: {request_latency: 0, upgrade_seconds: 100, healthy_after_seconds: 20}"
UPGRADED_TOO_MANY = "MaxUnhealthyUpgradedInstancePercentExceededInRollingUpgrade"
TOO_MANY = "MaxUnhealthyInstancePercentExceededInRollingUpgrade"
TOO_MANY_BEFORE = "MaxUnhealthyInstancePercentExceededBeforeRollingUpgrade"


def rolling_set(policy: str = "", more: str = "", fleet: str = "update_domains: [2, 2]") -> Simulation:
    """Return a set in mode Rolling, whose batches have half of the instances where the policy says nothing else."""
    policy = f"{{maxBatchInstancePercent: 50, {policy}}}"
    return Simulation(
        f"description: rolling\nfleet: {{{fleet}}}\n{TIMING}\n"
        f"model: {{properties: {{upgradePolicy: {{mode: Rolling, rollingUpgradePolicy: {policy}}}}}}}\n{more}"
    )


def write(simulation: Simulation, method: str = "PATCH", version: str = NEW) -> Reply:
    return simulation.raw(method, simulation.set_path, {"location": "westeurope", **image_patch(version=version)})


def latest(simulation: Simulation, api_version: str = "2026-04-01") -> dict[str, Any]:
    path = f"{simulation.set_path}/rollingUpgrades/latest?api-version={api_version}"
    return dict(json.loads(simulation.raw("GET", path).body)["properties"])


def code(simulation: Simulation) -> str:
    return str(latest(simulation)["runningStatus"]["code"])


def progress(simulation: Simulation) -> list[int]:
    shown = latest(simulation)["progress"]
    return [shown[f"{name}InstanceCount"] for name in ("successful", "failed", "inProgress", "pending")]


def images(simulation: Simulation) -> dict[str, str]:
    return {each.instance_id: each.image_version for each in simulation.azure.instances()}


def under_way(simulation: Simulation) -> list[str]:
    return [each.instance_id for each in simulation.azure.instances() if each.provisioning_state == "Updating"]


def state(simulation: Simulation) -> str:
    return str(simulation.set_json()["properties"]["provisioningState"])


# --- it rolls ---


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_write_of_the_image_rolls_batch_by_batch(method: str) -> None:
    rolling = rolling_set("pauseTimeBetweenBatches: PT30S")
    reply = write(rolling, method)
    poll = str(header(reply, "azure-asyncoperation"))
    assert (reply.status, code(rolling), progress(rolling)) == (200, "RollingForward", [0, 0, 2, 2])
    # A batch has instances of one update domain only.
    assert under_way(rolling) == ["0", "2"]
    rolling.clock.sleep(125)
    assert (progress(rolling), under_way(rolling), state(rolling)) == ([2, 0, 0, 2], [], "Updating")
    rolling.clock.sleep(30)
    assert (progress(rolling), under_way(rolling)) == ([2, 0, 2, 0], ["1", "3"])
    assert json.loads(rolling.raw("GET", poll).body)["status"] == "InProgress"
    rolling.clock.sleep(120)
    ended = json.loads(rolling.raw("GET", poll).body)
    assert (ended["status"], ended["endTime"]) == ("Succeeded", "2026-01-01T00:04:30.0000000+00:00")
    assert (code(rolling), progress(rolling), state(rolling)) == ("Completed", [4, 0, 0, 0], "Succeeded")
    assert set(images(rolling).values()) == {NEW}
    assert rolling.azure.lowest_available() == 2


def test_the_answers_have_the_recorded_parts() -> None:
    """The recorded upgrade was started by osRollingUpgrade; that of a write shows the same."""
    rolling = rolling_set()
    write(rolling)
    exchanges = interactions("uniform_rolling_upgrade_2023")
    (shown,) = [response["body"]["properties"] for _, request, response in exchanges if "/latest" in request["url"]]
    ours = latest(rolling, "2022-11-01")
    assert {part: set(ours[part]) for part in ours} == {part: set(shown[part]) for part in shown}


@pytest.mark.parametrize(
    ("fleet", "policy", "batches"),
    [
        ("update_domains: [2, 2]", "", [["0", "2"], ["1", "3"]]),
        ("update_domains: [2, 2]", "maxBatchInstancePercent: 25", [["0"], ["2"], ["1"], ["3"]]),
        ("update_domains: [4]", "maxBatchInstancePercent: 70", [["0", "1"], ["2", "3"]]),
        ("update_domains: [1, 1]", "maxBatchInstancePercent: 5", [["0"], ["1"]]),
        ("update_domains: [2], zones: ['1', '2'], fault_domains: 1", "", [["0", "1"], ["2", "3"]]),
        ("update_domains: [2], zones: ['1', '2'], fault_domains: 1", "maxBatchInstancePercent: 100",
         [["0", "1"], ["2", "3"]]),
        ("update_domains: [2], zones: ['1', '2'], fault_domains: 1",
         "maxBatchInstancePercent: 100, enableCrossZoneUpgrade: true", [["0", "1", "2", "3"]]),
    ],
)  # fmt: skip
def test_batches(fleet: str, policy: str, batches: list[list[str]]) -> None:
    rolling = rolling_set(policy, fleet=fleet)
    write(rolling)
    seen: list[list[str]] = []
    while code(rolling) == "RollingForward":
        now = under_way(rolling)
        if now and now not in seen:
            seen.append(now)
        rolling.clock.sleep(10)
    assert seen == batches


def test_unhealthy_instances_come_first() -> None:
    more = 'instances: {"3": {unhealthy: true}}'
    rolling = rolling_set("maxUnhealthyInstancePercent: 25, prioritizeUnhealthyInstances: true", more)
    write(rolling)
    assert under_way(rolling) == ["3"]


def test_a_write_that_changes_nothing_takes_a_minute_where_all_are_current() -> None:
    rolling = rolling_set()
    reply = rolling.raw("PATCH", rolling.set_path, {})
    assert error_of(rolling.raw("GET", f"{rolling.set_path}/rollingUpgrades/latest")) == (404, "NotFound")
    assert error_of(rolling.raw("PATCH", rolling.set_path, {})) == (409, "Conflict")
    assert settle(rolling, reply, 62)["status"] == "Succeeded"


def test_instances_that_somebody_upgraded_or_deleted_meanwhile() -> None:
    upgraded = "{kind: updated-by-somebody, at: 10, instance: '1', seconds: 9}"
    rolling = rolling_set(more=f"faults: [{{kind: vanish, at: 50, instance: '3'}}, {upgraded}]")
    write(rolling)
    rolling.clock.sleep(121)
    assert (code(rolling), progress(rolling)) == ("Completed", [3, 0, 0, 0])


def test_one_that_vanishes_in_its_batch() -> None:
    rolling = rolling_set(more="faults: [{kind: vanish, at: 50, instance: '2'}]")
    write(rolling)
    rolling.clock.sleep(121)
    assert progress(rolling) == [1, 0, 2, 0]


def test_protected_instances_stay() -> None:
    rolling = rolling_set(more='instances: {"1": {protected: true}}')
    write(rolling)
    rolling.clock.sleep(1000)
    assert (code(rolling), images(rolling)["1"]) == ("Completed", OLD)


def test_attached_machines_stay() -> None:
    fleet = "update_domains: [2], orchestration: Flexible, health: extension, attached: [mine]"
    rolling = rolling_set("maxUnhealthyInstancePercent: 50, maxBatchInstancePercent: 100", fleet=fleet)
    write(rolling)
    assert (progress(rolling), rolling.instance("mine").provisioning_state) == ([0, 0, 2, 0], "Succeeded")


def test_a_deallocated_instance_has_no_health_to_wait_for() -> None:
    rolling = rolling_set(more='instances: {"1": {power: deallocated}}')
    write(rolling)
    rolling.clock.sleep(250)
    assert (code(rolling), set(images(rolling).values())) == ("Completed", {NEW})


# --- what it refuses ---


def test_other_writes_are_refused_while_it_runs() -> None:
    rolling = rolling_set()
    write(rolling)
    refused = [
        write(rolling),
        rolling.raw("PATCH", rolling.set_path, {"tags": {"a": "b"}}),
        post(rolling, "osRollingUpgrade"),
    ]
    assert {error_of(each) for each in refused} == {(409, "OperationNotAllowed")}
    assert "Rolling Upgrade is in progress" in json.loads(refused[0].body)["error"]["message"]
    rolling.clock.sleep(250)
    assert write(rolling, version=OLD).status == 200


def test_a_manualupgrade_while_azure_rolls_a_manual_set() -> None:
    simulation = Simulation(f"description: x\nfleet: {{update_domains: [2]}}\n{TIMING}")
    simulation.update_image()
    post(simulation, "osRollingUpgrade")
    assert error_of(simulation.upgrade("0")) == (409, "OperationNotAllowed")


@pytest.mark.parametrize("how", ["unhealthy: true", "failed: {code: X, message: x}", "power: stopped"])
def test_too_many_are_unhealthy_before_it_begins(how: str) -> None:
    rolling = rolling_set(more=f'instances: {{"3": {{{how}}}}}')
    reply = write(rolling)
    error = settle(rolling, reply, 1)["error"]
    assert (reply.status, error["code"], state(rolling)) == (200, TOO_MANY_BEFORE, "Failed")
    assert "25% of instances are in an unhealthy state, more than the threshold of 20%" in error["message"]
    assert error_of(rolling.raw("GET", f"{rolling.set_path}/rollingUpgrades/latest")) == (404, "NotFound")
    # The model is written all the same.
    assert (
        rolling.set_json()["properties"]["virtualMachineProfile"]["storageProfile"]["imageReference"]["version"] == NEW
    )
    assert set(images(rolling).values()) == {OLD}


def test_without_a_source_of_health() -> None:
    rolling = rolling_set(fleet="update_domains: [2, 2], health: none")
    assert error_of(write(rolling)) == (400, "BadRequest")


def test_os_upgrades_are_for_platform_images() -> None:
    image = "/subscriptions/x/resourceGroups/g/providers/Microsoft.Compute/images/i"
    own = Simulation(
        f"description: x\nfleet: {{update_domains: [2], image: {{id: {image}}}}}\nimages: [{{id: {image}}}]\n{TIMING}"
    )
    assert error_of(post(own, "osRollingUpgrade")) == (409, "OperationNotAllowed")


# --- how it fails ---


def test_an_upgraded_instance_that_stays_unhealthy() -> None:
    rolling = rolling_set(more="faults: [{kind: comes-up-unhealthy, instance: '2'}]")
    reply = write(rolling)
    rolling.clock.sleep(399)
    assert (code(rolling), progress(rolling)) == ("RollingForward", [1, 0, 1, 2])
    ended = settle(rolling, reply, 2)
    assert (ended["status"], ended["error"]["code"], state(rolling)) == ("Failed", UPGRADED_TOO_MANY, "Failed")
    assert "50% of instances" in ended["error"]["message"]
    assert ended["error"]["message"].endswith("First failed instance ID is: 2.")
    shown = latest(rolling)
    assert (code(rolling), progress(rolling), shown["error"]["code"]) == ("Faulted", [1, 1, 0, 2], UPGRADED_TOO_MANY)
    assert shown["error"]["details"] == [
        {
            "code": UPGRADED_TOO_MANY,
            "message": "Instance found to be unhealthy or unreachable.",
            "target": "simulated-set/virtualMachines/2",
        }
    ]
    assert error_of(post(rolling, "rollingUpgrades/cancel")) == (409, "OperationNotAllowed")
    rolling.clock.sleep(1000)
    assert list(images(rolling).values()) == [NEW, OLD, NEW, OLD]


def test_an_instance_that_fails_shows_its_own_code() -> None:
    fault = "{kind: provisioning-failure, instance: '0', code: OSProvisioningTimedOut, message: late}"
    rolling = rolling_set(more=f"faults: [{fault}]")
    ended = settle(rolling, write(rolling), 121)
    assert "The most impactful error is: late." in ended["error"]["message"]
    details = latest(rolling)["error"]["details"]
    assert details == [
        {"code": "OSProvisioningTimedOut", "message": "late", "target": "simulated-set/virtualMachines/0"}
    ]


def test_failures_within_the_limits() -> None:
    fault = "{kind: comes-up-unhealthy, instance: '2'}"
    policy = "maxUnhealthyUpgradedInstancePercent: 50, maxUnhealthyInstancePercent: 25"
    rolling = rolling_set(policy, f"faults: [{fault}]")
    assert settle(rolling, write(rolling), 800)["status"] == "Succeeded"
    assert (code(rolling), progress(rolling)) == ("Completed", [3, 1, 0, 0])


def test_an_old_instance_that_becomes_unhealthy_meanwhile() -> None:
    rolling = rolling_set(more="faults: [{kind: fall-ill, at: 50, instance: '1'}]")
    ended = settle(rolling, write(rolling), 130)
    assert (ended["error"]["code"], progress(rolling)) == (TOO_MANY, [2, 0, 0, 2])
    assert latest(rolling)["error"]["details"] == []


def test_one_that_stays_on_its_image_counts_as_successful() -> None:
    rolling = rolling_set(more="faults: [{kind: stays-on-old-image, instance: '2'}]")
    assert settle(rolling, write(rolling), 800)["status"] == "Succeeded"
    assert (progress(rolling), images(rolling)["2"]) == ([4, 0, 0, 0], OLD)


def test_one_that_never_ends() -> None:
    rolling = rolling_set(more="faults: [{kind: hangs, instance: '0'}]")
    write(rolling)
    rolling.clock.sleep(100_000)
    assert (code(rolling), progress(rolling)) == ("RollingForward", [1, 0, 1, 2])


@pytest.mark.parametrize("api_version", ["2026-04-01", "2025-04-01"])
def test_failed_instances_go_back(api_version: str) -> None:
    more = "faults: [{kind: comes-up-unhealthy, instance: '2'}]"
    rolling = rolling_set("rollbackFailedInstancesOnPolicyBreach: true", more)
    reply = write(rolling)
    rolling.clock.sleep(401)
    # The code is new in 2026-04-01.
    going_back = "RollingBack" if api_version == "2026-04-01" else "RollingForward"
    assert latest(rolling, api_version)["runningStatus"]["code"] == going_back
    assert (under_way(rolling), error_of(write(rolling))) == (["2"], (409, "OperationNotAllowed"))
    assert settle(rolling, reply, 121)["error"]["code"] == UPGRADED_TOO_MANY
    assert (code(rolling), images(rolling)["0"], images(rolling)["2"]) == ("Faulted", NEW, OLD)
    assert rolling.instance("2").healthy


def test_a_flexible_set_does_not_go_back() -> None:
    more = "faults: [{kind: comes-up-unhealthy, instance: simulated-set_00000000}]"
    fleet = "update_domains: [2], orchestration: Flexible, health: extension"
    rolling = rolling_set("rollbackFailedInstancesOnPolicyBreach: true", more, fleet)
    write(rolling)
    rolling.clock.sleep(401)
    assert code(rolling) == "Faulted"


# --- cancelled, and started again ---


def test_cancelled_in_the_middle_and_started_again() -> None:
    rolling = rolling_set("maxUnhealthyInstancePercent: 50")
    reply = write(rolling)
    rolling.clock.sleep(10)
    cancelled = post(rolling, "rollingUpgrades/cancel")
    assert {settle(rolling, each, 0)["status"] for each in (reply, cancelled)} == {"Succeeded"}
    shown = latest(rolling)
    assert (code(rolling), progress(rolling), state(rolling)) == ("Cancelled", [0, 2, 0, 2], "Succeeded")
    assert [each["target"][-1] for each in shown["error"]["details"]] == ["0", "2"]
    # Those that are being replaced go on.
    rolling.clock.sleep(130)
    assert list(images(rolling).values()) == [NEW, OLD, NEW, OLD]
    again = rolling.raw("PATCH", rolling.set_path, {})
    assert (code(rolling), progress(rolling)) == ("RollingForward", [0, 0, 2, 0])
    assert settle(rolling, again, 121)["status"] == "Succeeded"
    assert set(images(rolling).values()) == {NEW}


def test_started_again_while_the_cancelled_batch_goes_on() -> None:
    rolling = rolling_set("maxUnhealthyInstancePercent: 50")
    write(rolling)
    post(rolling, "rollingUpgrades/cancel")
    rolling.clock.sleep(10)
    rolling.raw("PATCH", rolling.set_path, {})
    rolling.clock.sleep(111)
    # No instance is replaced twice.
    assert (progress(rolling), rolling.instance("0").upgrades) == ([2, 0, 2, 0], 1)


def test_a_faulted_one_is_started_again_and_the_set_recovers() -> None:
    rolling = rolling_set(
        "maxUnhealthyInstancePercent: 50", "faults: [{kind: comes-up-unhealthy, instance: '2', seconds: 500}]"
    )
    write(rolling)
    rolling.clock.sleep(401)
    assert (code(rolling), state(rolling)) == ("Faulted", "Failed")
    rolling.clock.sleep(300)
    assert settle(rolling, rolling.raw("PATCH", rolling.set_path, {}), 200)["status"] == "Succeeded"
    assert (code(rolling), state(rolling), set(images(rolling).values())) == ("Completed", "Succeeded", {NEW})


# --- what a scenario lets others do ---


def test_somebody_cancels_it_and_starts_another() -> None:
    change = f"{{kind: model-change, at: 200, patch: {json.dumps(image_patch(version='22.04.202609010'))}}}"
    faults = f"faults: [{{kind: cancel-rolling-upgrade, at: 30}}, {change}]"
    rolling = rolling_set("maxUnhealthyInstancePercent: 50", faults)
    reply = write(rolling)
    assert settle(rolling, reply, 31)["status"] == "Succeeded"
    assert code(rolling) == "Cancelled"
    rolling.clock.sleep(170)
    shown = latest(rolling)["runningStatus"]
    assert (shown["code"], shown["startTime"]) == ("RollingForward", "2026-01-01T00:03:20.0000000+00:00")


def test_somebodys_change_is_refused_while_it_runs() -> None:
    fault = f"{{kind: model-change, at: 30, patch: {json.dumps(image_patch(version=OLD))}}}"
    rolling = rolling_set(more=f"faults: [{fault}]")
    write(rolling)
    rolling.clock.sleep(250)
    assert (code(rolling), set(images(rolling).values())) == ("Completed", {NEW})


def test_somebodys_change_to_an_image_that_does_not_exist_is_refused() -> None:
    fault = f"{{kind: model-change, at: 30, patch: {json.dumps(image_patch(version='9.9.9'))}}}"
    rolling = rolling_set(more=f"faults: [{fault}]")
    before = rolling.set_json()
    rolling.clock.sleep(250)
    assert (rolling.set_json(), set(images(rolling).values())) == (before, {OLD})


def test_it_fails_by_itself() -> None:
    rolling = rolling_set(more="faults: [{kind: fault-rolling-upgrade, at: 30, code: RollingUpgradeTimeoutError}]")
    ended = settle(rolling, write(rolling), 31)
    assert (ended["error"]["code"], code(rolling), progress(rolling)) == (
        "RollingUpgradeTimeoutError",
        "Faulted",
        [0, 2, 0, 2],
    )


def test_events_without_a_rolling_upgrade() -> None:
    faults = "faults: [{kind: fault-rolling-upgrade, at: 1}, {kind: cancel-rolling-upgrade, at: 2}]"
    rolling = rolling_set(more=faults)
    rolling.clock.sleep(3)
    assert write(rolling).status == 200
    assert code(rolling) == "RollingForward"


@pytest.mark.parametrize("mode", ["Rolling", "Manual"])
def test_azures_own_refuses_writes_until_it_is_cancelled(mode: str) -> None:
    rolling = rolling_set(more="faults: [{kind: roll-by-azure, at: 5, seconds: 1000}]")
    if mode == "Manual":
        rolling.raw("PATCH", rolling.set_path, {"properties": {"upgradePolicy": {"mode": "Manual"}}})
    rolling.clock.sleep(10)
    assert (error_of(write(rolling)), state(rolling)) == ((409, "OperationNotAllowed"), "Succeeded")
    assert (code(rolling), progress(rolling), under_way(rolling)) == ("RollingForward", [0, 0, 2, 2], [])
    assert post(rolling, "rollingUpgrades/cancel").status == 202
    assert write(rolling).status == 200


def test_azures_own_ends_by_itself_and_waits_for_others() -> None:
    faults = "faults: [{kind: roll-by-azure, at: 5, seconds: 100}, {kind: roll-by-azure, at: 10, seconds: 900}]"
    rolling = rolling_set(more=faults)
    rolling.clock.sleep(106)
    assert (code(rolling), progress(rolling), set(images(rolling).values())) == ("Completed", [4, 0, 0, 0], {OLD})


# --- maxSurge ---


def test_new_instances_take_the_places_of_the_old() -> None:
    rolling = rolling_set("maxSurge: true")
    reply = write(rolling)
    assert [*images(rolling)] == ["0", "1", "2", "3", "4", "5"]
    assert rolling.set_json()["sku"]["capacity"] == 4
    rolling.clock.sleep(121)
    # The old ones are being deleted, and are counted when they are gone.
    assert (progress(rolling), rolling.instance("0").provisioning_state) == ([0, 0, 2, 2], "Deleting")
    rolling.clock.sleep(12)
    assert progress(rolling) == [2, 0, 2, 0]
    assert settle(rolling, reply, 140)["status"] == "Succeeded"
    assert images(rolling) == dict.fromkeys(["4", "5", "6", "7"], NEW)
    assert rolling.azure.lowest_available() == 4


def test_a_new_instance_is_in_the_zone_of_the_old() -> None:
    fleet = "update_domains: [2], zones: ['1', '2'], fault_domains: 1"
    rolling = rolling_set("maxSurge: true", fleet=fleet)
    settle(rolling, write(rolling), 400)
    assert sorted(str(each.zone) for each in rolling.azure.instances()) == ["1", "1", "2", "2"]


@pytest.mark.parametrize(
    ("event", "left", "capacity"),
    [
        ("{kind: scale-in, at: 50}", ["4", "5", "6"], 3),  # of 3, although 4 and 5 are newer
        ("{kind: vanish, instance: '2', at: 50}", ["4", "6", "7"], 4),  # and 5, which was for its place
    ],
)
def test_an_instance_that_is_deleted_meanwhile_needs_no_successor(event: str, left: list[str], capacity: int) -> None:
    rolling = rolling_set("maxSurge: true", f"faults: [{event}]")
    assert settle(rolling, write(rolling), 400)["status"] == "Succeeded"
    assert (images(rolling), rolling.azure.capacity) == (dict.fromkeys(left, NEW), capacity)


def test_without_quota_a_batch_is_upgraded_in_place() -> None:
    rolling = rolling_set("maxSurge: true", "scaling: {quota: 5}")
    write(rolling)
    assert (under_way(rolling), [*images(rolling)]) == (["0", "2"], ["0", "1", "2", "3"])


@pytest.mark.parametrize("goes_back", ["false", "true"])
def test_a_new_instance_that_stays_unhealthy(goes_back: str) -> None:
    more = "faults: [{kind: comes-up-unhealthy, instance: '2'}]"
    rolling = rolling_set(f"maxSurge: true, rollbackFailedInstancesOnPolicyBreach: {goes_back}", more)
    ended = settle(rolling, write(rolling), 420)
    assert (ended["error"]["code"], code(rolling)) == (UPGRADED_TOO_MANY, "Faulted")
    assert [each["target"] for each in latest(rolling)["error"]["details"]] == ["simulated-set/virtualMachines/5"]
    assert [*images(rolling)] == (["1", "2", "3", "4", "5"] if goes_back == "false" else ["1", "2", "3", "4"])


@pytest.mark.parametrize(
    ("fault", "version", "provisioning"),
    [
        ("{kind: stays-on-old-image, instance: '2'}", OLD, "Succeeded"),
        ("{kind: provisioning-failure, instance: '2', code: X, message: x}", NEW, "Failed"),
    ],
)
def test_the_new_instance_gets_the_faults_of_the_old(fault: str, version: str, provisioning: str) -> None:
    rolling = rolling_set("maxSurge: true", f"faults: [{fault}]")
    write(rolling)
    rolling.clock.sleep(125)
    new = rolling.instance("5")
    assert (new.image_version, new.provisioning_state) == (version, provisioning)


def test_a_cancelled_batch_goes_on() -> None:
    rolling = rolling_set("maxSurge: true")
    write(rolling)
    post(rolling, "rollingUpgrades/cancel")
    assert progress(rolling) == [0, 2, 0, 2]
    rolling.clock.sleep(140)
    assert images(rolling) == {"1": OLD, "3": OLD, "4": NEW, "5": NEW}


# --- together with other changes ---


def test_a_larger_capacity_in_the_same_write() -> None:
    rolling = rolling_set()
    reply = rolling.raw("PATCH", rolling.set_path, {"sku": {"capacity": 6}, **image_patch(version=NEW)})
    # New instances do not count as unhealthy before the first batch.
    assert progress(rolling) == [0, 0, 2, 2]
    assert settle(rolling, reply, 400)["status"] == "Succeeded"
    assert list(images(rolling).values()) == [NEW] * 6


def test_a_deleted_set_rolls_no_more() -> None:
    rolling = rolling_set()
    write(rolling)
    rolling.raw("DELETE", rolling.set_path)
    rolling.clock.sleep(300)
    assert rolling.azure.instances() == []


@pytest.mark.parametrize(
    ("name", "outcome", "new"),
    [
        ("rolling", "Completed", 6),
        ("rolling-faulted", "Faulted", 4),
        ("rolling-cancelled", "Cancelled", 4),
        ("rolling-surge", "Completed", 6),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_the_scenarios_that_ship(name: str, outcome: str, new: int, seed: int) -> None:
    simulation = Simulation(scenario=load_scenario(name), seed=seed)
    write(simulation)
    simulation.clock.sleep(900)
    assert (code(simulation), [*images(simulation).values()].count(NEW)) == (outcome, new)
