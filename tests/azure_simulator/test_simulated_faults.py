"""Each fault: what a client sees, and the truth."""

import json
import math

import pytest
import requests
from azure.core.exceptions import AzureError, HttpResponseError, ServiceRequestError, ServiceResponseError
from azure.core.rest import HttpRequest
from azure.mgmt.compute.models import VirtualMachineScaleSetVMInstanceRequiredIDs as Ids
from simulated import NEW, OLD, SMALL, Simulation, error_of, header, image_patch

from azure_simulator import ConnectionDropped, load_scenario


def ready(faults: str) -> Simulation:
    """Return a small set whose model has the new image since second 60."""
    simulation = Simulation(SMALL + "faults:\n" + faults)
    simulation.update_image()
    return simulation


def test_comes_up_unhealthy_for_ever() -> None:
    simulation = ready("- {kind: comes-up-unhealthy, instance: '0'}")
    simulation.upgrade("0", "2")
    simulation.clock.sleep(100_000)
    zero = simulation.instance("0")
    assert (zero.healthy, zero.available, zero.image_version, zero.provisioning_state) == (
        False,
        False,
        NEW,
        "Succeeded",
    )
    assert simulation.instance("2").healthy
    assert simulation.azure.upgrades[0].healthy_at == math.inf


def test_comes_up_unhealthy_for_a_while() -> None:
    simulation = ready("- {kind: comes-up-unhealthy, instance: '0', seconds: 500}")
    simulation.upgrade("0")
    simulation.clock.sleep(599)
    assert simulation.instance("0").healthy is False
    simulation.clock.sleep(1)
    assert simulation.instance("0").healthy is True
    assert simulation.azure.upgrades[0].healthy_at == 60 + 600


def test_flapping() -> None:
    simulation = ready("- {kind: comes-up-unhealthy, instance: '0', seconds: 50, flap_seconds: 10}")
    simulation.upgrade("0")
    simulation.clock.sleep(100)
    seen = []
    for _ in range(7):
        seen.append(simulation.instance("0").healthy)
        simulation.clock.sleep(10)
    assert seen == [False, True, False, True, False, True, True]


def test_a_fault_strikes_the_first_upgrade_only() -> None:
    simulation = ready("- {kind: comes-up-unhealthy, instance: '0'}")
    simulation.upgrade("0")
    simulation.clock.sleep(200)
    simulation.update_image(OLD)
    simulation.upgrade("0")
    simulation.clock.sleep(120)
    assert (simulation.instance("0").healthy, simulation.instance("0").image_version) == (True, OLD)
    assert simulation.instance("0").upgrades == 2


@pytest.mark.parametrize("operation", ["failed", "succeeded"])
def test_provisioning_failure(operation: str) -> None:
    simulation = ready(
        f"- {{kind: provisioning-failure, instance: '0', code: Broken, message: it is, operation: {operation}}}"
    )
    reply = simulation.upgrade("0", "2")
    simulation.clock.sleep(200)
    poll = json.loads(simulation.raw("GET", str(header(reply, "azure-asyncoperation"))).body)
    assert poll["status"] == operation.capitalize()
    assert poll.get("error") == ({"code": "Broken", "message": "it is"} if operation == "failed" else None)
    status = simulation.view("0")["statuses"][0]
    assert (status["code"], status["level"], status["message"]) == ("ProvisioningState/failed/Broken", "Error", "it is")
    zero, two = simulation.instance("0"), simulation.instance("2")
    assert (zero.provisioning_state, zero.image_version, zero.available) == ("Failed", OLD, False)
    assert (two.provisioning_state, two.image_version, two.available) == ("Succeeded", NEW, True)


def test_a_failed_operation_is_an_error_of_status_200_in_the_sdk() -> None:
    simulation = Simulation(scenario=load_scenario("provisioning-failure"))
    simulation.update_image()
    with pytest.raises(HttpResponseError) as raised:
        simulation.compute.virtual_machine_scale_sets.begin_update_instances(
            *simulation.where, Ids(instance_ids=["1", "6", "11", "16"])
        ).result()
    assert (raised.value.status_code, raised.value.error.code) == (200, "OSProvisioningTimedOut")


def test_hanging() -> None:
    simulation = ready("- {kind: hangs, instance: '0'}")
    reply = simulation.upgrade("0", "2")
    simulation.clock.sleep(1e6)
    assert json.loads(simulation.raw("GET", str(header(reply, "azure-asyncoperation"))).body)["status"] == "InProgress"
    assert simulation.instance("0").provisioning_state == "Updating"
    assert simulation.instance("2").available
    assert simulation.azure.state()["upgrades"][0]["healthy_at"] is None  # type: ignore[index]


def test_stays_on_the_old_image() -> None:
    simulation = ready("- {kind: stays-on-old-image, instance: '0'}")
    simulation.upgrade("0")
    simulation.clock.sleep(1e6)
    zero = simulation.instance("0")
    assert (zero.provisioning_state, zero.healthy, zero.image_version) == ("Succeeded", True, OLD)
    assert not zero.latest_model_applied


def test_the_flag_lags() -> None:
    simulation = ready("- {kind: flag-lags, instance: '0', seconds: 90}")
    simulation.upgrade("0")
    simulation.clock.sleep(189)
    assert (simulation.instance("0").image_version, simulation.instance("0").latest_model_applied) == (NEW, False)
    simulation.clock.sleep(1)
    assert simulation.instance("0").latest_model_applied


def test_a_conflict_window_after_an_update_of_the_model() -> None:
    simulation = Simulation(SMALL + "faults: [{kind: conflict-window, seconds: 45}]")
    simulation.raw("PATCH", simulation.set_path, image_patch(version=NEW))
    simulation.clock.sleep(94)
    assert simulation.set_json()["properties"]["provisioningState"] == "Succeeded"
    assert error_of(simulation.upgrade("0")) == (409, "Conflict")
    simulation.clock.sleep(1)
    assert simulation.upgrade("0").status == 202


def test_an_http_fault_strikes_the_nth_and_count_of_those_that_match() -> None:
    simulation = Simulation(
        SMALL + 'faults: [{kind: http, method: GET, path: "SETS/[^/]+$", nth: 2, count: 2, status: 503, code: Down}]'
    )
    simulation.raw("PATCH", simulation.set_path, {"tags": {}})
    statuses = [simulation.raw("GET", simulation.set_path).status for _ in range(4)]
    assert statuses == [200, 503, 503, 200]
    assert simulation.raw("GET", f"{simulation.set_path}/virtualMachines").status == 200


def test_a_429_is_a_throttles_with_its_retry_after() -> None:
    simulation = Simulation(SMALL + "faults: [{kind: http, path: manualupgrade, status: 429, retry_after: 33}]")
    reply = simulation.upgrade("0")
    assert (reply.status, header(reply, "retry-after")) == (429, "33")
    assert json.loads(reply.body)["error"]["details"][0]["code"] == "TooManyRequests"
    assert simulation.azure.upgrades == []


@pytest.mark.parametrize(("drop", "accepted"), [("before", 0), ("after", 1)])
def test_a_dropped_connection(drop: str, accepted: int) -> None:
    simulation = ready(f"- {{kind: http, path: manualupgrade, drop: {drop}}}")
    simulation.compute.virtual_machine_scale_sets.get(*simulation.where)
    with pytest.raises(ServiceResponseError):
        simulation.compute.virtual_machine_scale_sets.begin_update_instances(
            *simulation.where, Ids(instance_ids=["0"]), retry_total=0
        )
    assert len(simulation.azure.upgrades) == accepted
    assert simulation.azure.requests[-1].status == 0


def test_a_dropped_connection_without_the_sdk() -> None:
    simulation = ready("- {kind: http, path: manualupgrade, drop: before}")
    with pytest.raises(ConnectionDropped):
        simulation.upgrade("0")


def test_a_tls_handshake_that_fails_is_what_requests_says_and_nothing_is_carried_out() -> None:
    simulation = ready("- {kind: http, path: manualupgrade, drop: tls}")
    simulation.compute.virtual_machine_scale_sets.get(*simulation.where)
    with pytest.raises(ServiceRequestError) as raised:
        simulation.compute.virtual_machine_scale_sets.begin_update_instances(
            *simulation.where, Ids(instance_ids=["0"]), retry_total=0
        )
    assert isinstance(raised.value.inner_exception, requests.exceptions.SSLError)
    assert "EOF occurred in violation of protocol" in str(raised.value)
    assert simulation.azure.upgrades == []


@pytest.mark.parametrize("stream", [False, True])
def test_a_body_that_ends_early_is_noticed_by_its_length(stream: bool) -> None:
    simulation = Simulation(SMALL + "faults: [{kind: http, path: 'Sets/[^/]+$', drop: in-body}]")
    request = HttpRequest("GET", f"{simulation.set_path}?api-version=2026-04-01")
    with pytest.raises(AzureError) as raised:
        simulation.compute.send_request(request, stream=stream, retry_total=0).read()
    assert "IncompleteRead" in str(raised.value)
    assert simulation.azure.requests[-1].status == 200
    assert simulation.compute.send_request(request).json()["name"] == simulation.where[1]


def test_a_page_instead_of_json() -> None:
    page = "<html><h1>Service unavailable</h1></html>"
    simulation = Simulation(SMALL + f"faults: [{{kind: http, path: 'Sets/[^/]+$', status: 503, html: '{page}'}}]")
    reply = simulation.raw("GET", simulation.set_path)
    assert (reply.status, header(reply, "content-type")) == (503, "text/html; charset=utf-8")
    assert reply.body.decode() == page


def test_fields_that_are_missing_from_a_true_answer() -> None:
    fields = "[value.properties.instanceView, nextLink]"
    simulation = Simulation(SMALL + f"faults: [{{kind: http, path: 'virtualMachines$', without: {fields}}}]")
    path = f"{simulation.set_path}/virtualMachines?$expand=instanceView"
    broken, whole = (json.loads(simulation.raw("GET", path).body)["value"] for _ in range(2))
    assert [each["properties"].keys() & {"instanceView", "vmId"} for each in broken] == [{"vmId"}] * 4
    assert all("instanceView" in each["properties"] for each in whole)
    for each in whole:
        del each["properties"]["instanceView"]
    assert broken == whole


def test_a_refusal_has_the_fields_it_has() -> None:
    simulation = Simulation(SMALL + "faults: [{kind: http, path: 'virtualMachines/9$', without: [error]}]")
    assert error_of(simulation.raw("GET", f"{simulation.set_path}/virtualMachines/9"))[0] == 404


@pytest.mark.parametrize(("path", "asked"), [("/actions/id-token", "assertion"), ("/oauth2/v2.0/token", "token")])
def test_faults_strike_the_token_services_too(path: str, asked: str) -> None:
    simulation = Simulation(SMALL + f"faults: [{{kind: http, path: '{path}', drop: before}}]")
    ask = getattr(simulation, asked)
    with pytest.raises(ConnectionDropped):
        ask()
    assert ask()


def test_tokens_that_are_revoked_are_refused_and_new_ones_are_not() -> None:
    simulation = Simulation(SMALL + "faults: [{kind: revoke-tokens, at: 30}]")
    assert simulation.raw("GET", simulation.set_path).status == 200
    simulation.clock.sleep(30)
    assert error_of(simulation.raw("GET", simulation.set_path)) == (401, "InvalidAuthenticationToken")
    simulation.clock.sleep(1)
    simulation._token = ""
    assert simulation.raw("GET", simulation.set_path).status == 200


def test_a_client_waits_for_an_answer_that_hangs_until_its_timeout() -> None:
    simulation = ready("- {kind: http, path: manualupgrade, hang: 90}")
    simulation.compute.virtual_machine_scale_sets.get(*simulation.where)
    before = simulation.clock.now()
    with pytest.raises(ServiceResponseError):
        simulation.compute.virtual_machine_scale_sets.begin_update_instances(
            *simulation.where, Ids(instance_ids=["0"]), retry_total=0, read_timeout=30
        )
    assert simulation.clock.now() - before == 30
    assert len(simulation.azure.upgrades) == 1


def test_an_answer_that_hangs_comes_to_a_client_without_a_timeout() -> None:
    simulation = ready("- {kind: http, path: manualupgrade, hang: 90}")
    assert simulation.upgrade("0").status == 202
    assert simulation.clock.now() == 150


def test_vanish_at_a_time_and_after_an_upgrade() -> None:
    simulation = ready(
        "- {kind: vanish, instance: '3', at: 30}\n- {kind: vanish, instance: '0', after_upgrade: 1, delay: 10}"
    )
    assert [i.instance_id for i in simulation.azure.instances()] == ["0", "1", "2"]
    reply = simulation.upgrade("0")
    simulation.clock.sleep(9.9)
    assert simulation.instance("0").provisioning_state == "Updating"
    simulation.clock.sleep(0.1)
    assert [i.instance_id for i in simulation.azure.instances()] == ["1", "2"]
    assert json.loads(simulation.raw("GET", str(header(reply, "azure-asyncoperation"))).body)["status"] == "Succeeded"
    assert error_of(simulation.upgrade("0", "1")) == (400, "InstanceIdsListInstanceIdNotActiveVM")


def test_appear_with_the_new_and_with_the_old_image() -> None:
    simulation = ready(
        "- {kind: appear, instance: '8', update_domain: 1, at: 70}\n"
        "- {kind: appear, instance: '9', update_domain: 0, image: old, at: 70}"
    )
    assert len(simulation.azure.instances()) == 4
    simulation.clock.sleep(10)
    eight, nine = simulation.instance("8"), simulation.instance("9")
    assert (eight.update_domain, eight.image_version, eight.latest_model_applied) == (1, NEW, True)
    assert (nine.update_domain, nine.image_version, nine.latest_model_applied) == (0, OLD, False)
    assert simulation.upgrade("9").status == 202


def test_an_instance_becomes_unhealthy_and_recovers() -> None:
    simulation = ready("- {kind: fall-ill, instance: '3', after_upgrade: 1, delay: 10, seconds: 50}")
    simulation.clock.sleep(500)
    assert simulation.instance("3").healthy
    simulation.upgrade("0")
    seen = []
    for seconds in (9, 1, 49, 1):
        simulation.clock.sleep(seconds)
        seen.append(simulation.instance("3").healthy)
    assert seen == [True, False, False, True]
    assert simulation.azure.lowest_available() == 2


@pytest.mark.parametrize("power", ["stopped", "deallocated"])
def test_stop(power: str) -> None:
    simulation = ready(f"- {{kind: stop, instance: '3', at: 70, power: {power}}}")
    simulation.clock.sleep(10)
    assert simulation.view("3")["statuses"][1]["code"] == f"PowerState/{power}"
    assert not simulation.instance("3").available
    # It is upgraded like any other, and stays stopped or deallocated.
    assert simulation.upgrade("3").status == 202
    simulation.clock.sleep(200)
    upgraded = simulation.instance("3")
    assert (upgraded.image_version, upgraded.power_state, upgraded.latest_model_applied) == (NEW, power, True)
    assert upgraded.healthy is (False if power == "stopped" else None)


def test_an_instance_that_another_client_updates() -> None:
    simulation = ready("- {kind: updated-by-somebody, instance: '3', at: 70, seconds: 100}")
    simulation.clock.sleep(10)
    assert simulation.instance("3").provisioning_state == "Updating"
    assert error_of(simulation.upgrade("3")) == (409, "Conflict")
    simulation.clock.sleep(100)
    three = simulation.instance("3")
    assert (three.image_version, three.latest_model_applied, three.upgrades) == (NEW, True, 0)
    assert simulation.azure.upgrades == []


def test_a_model_that_another_client_changes() -> None:
    simulation = ready(f"- {{kind: model-change, at: 70, patch: {json.dumps(image_patch(version=OLD))}}}")
    assert simulation.set_json()["etag"] == '"3"'
    simulation.clock.sleep(10)
    assert simulation.set_json()["etag"] == '"4"'
    # To go back to the image that they have does not make them current either (recorded).
    assert not any(each.latest_model_applied for each in simulation.azure.instances())


def test_preempted_plays_out() -> None:
    simulation = Simulation(scenario=load_scenario("preempted"))
    simulation.update_image()
    for domain in range(3):
        ids = [
            i.instance_id
            for i in simulation.azure.instances()
            if i.update_domain == domain and not i.latest_model_applied
        ]
        simulation.upgrade(*ids)
        simulation.clock.sleep(400)
    ids = {each.instance_id for each in simulation.azure.instances()}
    assert ids == {str(number) for number in range(22)} - {"6", "12"}
    assert (simulation.instance("20").image_version, simulation.instance("21").image_version) == (OLD, NEW)
    assert all(upgrade.healthy_at < math.inf for upgrade in simulation.azure.upgrades)


def test_throttled_is_answered_by_the_sdks_own_retries_where_it_has_them() -> None:
    simulation = Simulation(scenario=load_scenario("throttled"))
    vms = simulation.compute.virtual_machine_scale_set_vms
    list(vms.list(*simulation.where))
    before = simulation.clock.now()
    assert len(list(vms.list(*simulation.where))) == 20
    assert simulation.clock.now() - before == pytest.approx(20.4)


def test_the_truth_of_an_earlier_moment_stays_what_it_was() -> None:
    simulation = Simulation(
        SMALL + "faults:\n"
        '- {kind: vanish, instance: "0", at: 150}\n'
        '- {kind: stop, instance: "3", at: 90}\n'
        '- {kind: appear, instance: "4", update_domain: 0, at: 120}\n'
    )
    then = [(simulation.clock.now(), simulation.azure.instances())]
    simulation.clock.sleep(1)
    simulation.update_image()
    then.append((simulation.clock.now(), simulation.azure.instances()))
    simulation.clock.sleep(1)
    simulation.upgrade("0", "2")
    for _ in range(20):
        simulation.clock.sleep(10)
        then.append((simulation.clock.now(), simulation.azure.instances()))
    assert len({str(state) for _, state in then}) > 6
    for moment, state in then:
        assert simulation.azure.instances(moment) == state
