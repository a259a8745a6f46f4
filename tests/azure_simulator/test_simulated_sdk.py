"""The simulator through the unmodified SDK: what a client of Azure must be able to rely on."""

import json

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.mgmt.compute.models import VirtualMachineScaleSetVMInstanceRequiredIDs as Ids
from simulated import NEW, OLD, SMALL, Simulation, error_of, header, image_patch

from azure_simulator import load_scenario


@pytest.fixture
def small() -> Simulation:
    return Simulation()


def test_a_whole_rollout() -> None:
    simulation = Simulation(scenario=load_scenario("happy"))
    sets, vms = simulation.compute.virtual_machine_scale_sets, simulation.compute.virtual_machine_scale_set_vms
    sets.begin_update(*simulation.where, image_patch(version=NEW)).result()
    for domain in range(5):
        seen = list(vms.list(*simulation.where, expand="instanceView"))
        ids = [vm.instance_id for vm in seen if vm.instance_view.platform_update_domain == domain]
        sets.begin_update_instances(*simulation.where, Ids(instance_ids=ids)).result()
        simulation.clock.sleep(simulation.azure.upgrades[-1].healthy_at - simulation.clock.now())
    instances = simulation.azure.instances()
    assert {(i.image_version, i.latest_model_applied, i.healthy, i.upgrades) for i in instances} == {
        (NEW, True, True, 1)
    }
    assert simulation.azure.lowest_available() == 16
    assert {record.status for record in simulation.azure.requests} == {200, 202}
    for upgrade in simulation.azure.upgrades:
        assert 20 <= upgrade.healthy_at - upgrade.started_at <= 300


def test_the_seed_decides_the_run() -> None:
    def durations(seed: int) -> list[float]:
        simulation = Simulation(scenario=load_scenario("happy"), seed=seed)
        simulation.update_image()
        simulation.upgrade("0", "5")
        return [upgrade.healthy_at for upgrade in simulation.azure.upgrades]

    assert durations(3) == durations(3)
    assert durations(3) != durations(4)


def test_the_sdks_own_polling_waits_as_measured(small: Simulation) -> None:
    small.compute.virtual_machine_scale_sets.begin_update(*small.where, image_patch(version=NEW)).result()
    # A poll at once, one after the 37 s of Retry-After, then the SDK's own 30 s.
    assert small.clock.now() == pytest.approx(67)
    before = small.clock.now()
    small.compute.virtual_machine_scale_sets.begin_update_instances(*small.where, Ids(instance_ids=["0"])).result()
    assert small.clock.now() - before == pytest.approx(120)


def test_reading_the_set(small: Simulation) -> None:
    seen = small.compute.virtual_machine_scale_sets.get(*small.where)
    assert (seen.etag, seen.provisioning_state, seen.sku.capacity) == ('"2"', "Succeeded", 4)
    assert seen.virtual_machine_profile.storage_profile.image_reference.version == OLD
    assert seen.virtual_machine_profile.network_profile.health_probe.id.endswith("/probes/health")
    listed = list(small.compute.virtual_machine_scale_sets.list(small.where[0]))
    assert [each.name for each in listed] == [small.where[1]]
    view = small.compute.virtual_machine_scale_sets.get_instance_view(*small.where)
    assert [(s.code, s.count) for s in view.virtual_machine.statuses_summary] == [("ProvisioningState/succeeded", 4)]


def test_paths_match_without_regard_to_case(small: Simulation) -> None:
    assert small.raw("GET", small.set_path.upper()).status == 200


def test_an_update_of_the_image(small: Simulation) -> None:
    reply = small.raw("PATCH", small.set_path, image_patch(version=NEW))
    body = json.loads(reply.body)
    assert reply.status == 200
    assert body["properties"]["provisioningState"] == "Updating"
    assert (body["etag"], header(reply, "etag")) == ('"3"', '"3"')
    assert (header(reply, "retry-after"), header(reply, "azure-asyncnotification")) == ("10", "Enabled")
    assert header(reply, "location") is None
    reference = body["properties"]["virtualMachineProfile"]["storageProfile"]["imageReference"]
    assert (reference["publisher"], reference["version"]) == ("Canonical", NEW)
    assert not any(each.latest_model_applied for each in small.azure.instances())

    url = header(reply, "azure-asyncoperation")
    first, second = small.raw("GET", url), small.raw("GET", url)
    assert json.loads(first.body)["status"] == "InProgress"
    assert (header(first, "retry-after"), header(second, "retry-after")) == ("37", None)
    assert small.set_json()["properties"]["provisioningState"] == "Updating"
    small.clock.sleep(50)
    assert json.loads(small.raw("GET", url).body)["status"] == "Succeeded"
    assert small.set_json()["properties"]["provisioningState"] == "Succeeded"


def test_an_update_shows_in_instances_that_were_listed_before(small: Simulation) -> None:
    def flags() -> list[bool]:
        page = json.loads(small.raw("GET", f"{small.set_path}/virtualMachines").body)
        return [vm["properties"]["latestModelApplied"] for vm in page["value"]]

    assert flags() == [True] * 4
    small.update_image()
    assert flags() == [False] * 4
    # To go back does not make them current again (uniform_update_and_instance_protection_2024).
    small.update_image(OLD)
    assert flags() == [False] * 4


def test_an_update_of_anything_else_is_quick_and_leaves_the_instances_current(small: Simulation) -> None:
    reply = small.raw("PATCH", small.set_path, {"tags": {"a": "b"}})
    small.clock.sleep(0.5)
    operation = json.loads(small.raw("GET", header(reply, "azure-asyncoperation")).body)
    assert operation["status"] == "Succeeded"
    assert all(each.latest_model_applied for each in small.azure.instances())
    assert small.set_json()["tags"] == {"a": "b"}


def test_a_put_merges_too(small: Simulation) -> None:
    reply = small.raw(
        "PUT", small.set_path, {"location": "westeurope", **image_patch(sku="22_04-lts-gen2", version=NEW)}
    )
    assert reply.status == 200
    assert "CreateVMScaleSetResource;11" in str(header(reply, "x-ms-ratelimit-remaining-resource"))
    assert small.set_json()["properties"]["virtualMachineProfile"]["osProfile"]["adminUsername"] == "azureuser"


def test_if_match(small: Simulation) -> None:
    sets = small.compute.virtual_machine_scale_sets
    stale = {"etag": '"1"', "match_condition": MatchConditions.IfNotModified}
    with pytest.raises(ResourceModifiedError) as raised:
        sets.begin_update(*small.where, image_patch(version=NEW), **stale)
    assert raised.value.error.code == "PreconditionFailed"
    assert 'if-match header "1" does not match etag "2"' in raised.value.message
    assert small.set_json()["etag"] == '"2"'
    fresh = {"etag": '"2"', "match_condition": MatchConditions.IfNotModified}
    sets.begin_update(*small.where, image_patch(version=NEW), **fresh).result()
    assert small.set_json()["etag"] == '"3"'


def test_the_etag_moves_by_two_over_an_upgrade(small: Simulation) -> None:
    small.update_image()
    small.upgrade("0")
    assert small.set_json()["etag"] == '"4"'
    assert small.set_json()["properties"]["provisioningState"] == "Updating"
    small.clock.sleep(100)
    assert small.set_json()["etag"] == '"5"'


def test_an_upgrade(small: Simulation) -> None:
    small.update_image()
    reply = small.upgrade("0", "2")
    assert (reply.status, reply.body) == (202, b"")
    assert header(reply, "content-type") is None
    assert header(reply, "retry-after") is None
    assert header(reply, "x-ms-request-charge") == "2"
    poll, monitor = header(reply, "azure-asyncoperation"), header(reply, "location")
    assert "monitor=true" in str(monitor)
    assert json.loads(small.raw("GET", poll).body)["status"] == "InProgress"
    assert header(small.raw("GET", poll), "retry-after") is None
    assert small.view("0")["statuses"][0]["code"] == "ProvisioningState/updating"
    assert small.view("0")["statuses"][1]["code"] == "PowerState/running"
    assert "vmHealth" not in small.view("0")
    small.clock.sleep(100)
    assert json.loads(small.raw("GET", poll).body)["status"] == "Succeeded"
    assert (small.raw("GET", monitor).status, small.raw("GET", monitor).body) == (200, b"")
    assert small.view("0")["vmHealth"]["status"]["code"] == "HealthState/unhealthy"
    assert (small.instance("0").image_version, small.instance("0").latest_model_applied) == (NEW, True)
    small.clock.sleep(20)
    assert small.view("0")["vmHealth"]["status"]["code"] == "HealthState/healthy"
    assert [each.upgrades for each in small.azure.instances()] == [1, 0, 1, 0]
    assert [(u.instance_ids, u.healthy_at - u.started_at) for u in small.azure.upgrades] == [(("0", "2"), 120)]
    assert small.azure.lowest_available() == 2


def test_without_a_signal_an_upgrade_is_over_when_it_is_provisioned() -> None:
    simulation = Simulation(SMALL.replace("[2, 2]", "[2, 2], health: none"))
    simulation.update_image()
    simulation.upgrade("0")
    assert [each.healthy_at - each.started_at for each in simulation.azure.upgrades] == [100]


def test_an_upgrade_of_all(small: Simulation) -> None:
    small.update_image()
    assert header(small.upgrade("*"), "x-ms-request-charge") == "4"
    small.clock.sleep(120)
    assert {each.image_version for each in small.azure.instances()} == {NEW}
    assert small.azure.lowest_available() == 0


def test_current_instances_are_not_touched(small: Simulation) -> None:
    reply = small.upgrade("0")
    assert header(reply, "x-ms-request-charge") == "0"
    small.clock.sleep(16)
    assert json.loads(small.raw("GET", header(reply, "azure-asyncoperation")).body)["status"] == "InProgress"
    small.clock.sleep(1)
    assert json.loads(small.raw("GET", header(reply, "azure-asyncoperation")).body)["status"] == "Succeeded"
    assert small.instance("0").upgrades == 0
    assert small.azure.lowest_available() == 4


def test_protected_instances_keep_their_image() -> None:
    simulation = Simulation(SMALL + 'instances: {"0": {protected: true}}')
    simulation.update_image()
    simulation.upgrade("0", "2")
    simulation.clock.sleep(120)
    assert [simulation.instance(i).image_version for i in ("0", "2")] == [OLD, NEW]
    vm = simulation.compute.virtual_machine_scale_set_vms.get(*simulation.where, "0")
    assert vm.protection_policy.protect_from_scale_set_actions is True


def test_one_write_at_a_time(small: Simulation) -> None:
    small.raw("PATCH", small.set_path, image_patch(version=NEW))
    assert error_of(small.upgrade("0")) == (409, "Conflict")
    assert error_of(small.raw("PATCH", small.set_path, {"tags": {}})) == (409, "Conflict")
    small.clock.sleep(50)
    assert small.upgrade("0").status == 202
    with pytest.raises(ResourceExistsError):
        small.compute.virtual_machine_scale_sets.begin_update_instances(*small.where, Ids(instance_ids=["1"]))
    small.clock.sleep(100)
    assert small.upgrade("1").status == 202


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"instanceIds": ["0", "7"]}, (400, "InstanceIdsListInstanceIdNotActiveVM")),
        ({}, (400, "InvalidParameter")),
        ({"instanceIds": []}, (400, "InvalidParameter")),
        ({"instanceIds": [0]}, (400, "InvalidParameter")),
        ([], (400, "InvalidRequestContent")),
    ],
)
def test_bodies_of_an_upgrade_that_are_refused(small: Simulation, body: object, problem: tuple[int, str]) -> None:
    assert error_of(small.raw("POST", f"{small.set_path}/manualupgrade", body)) == problem
    assert small.azure.upgrades == []


@pytest.mark.parametrize("mode", ["Automatic", "Rolling"])
def test_only_a_manual_set_takes_a_manual_upgrade(mode: str) -> None:
    simulation = Simulation(SMALL + f"model: {{properties: {{upgradePolicy: {{mode: {mode}}}}}}}")
    assert error_of(simulation.upgrade("0")) == (409, "OperationNotAllowed")


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ({"version": "22.04.1"}, (404, "PlatformImageNotFound")),
        ({"offer": "nothing"}, (404, "PlatformImageNotFound")),
        (
            {"id": "/subscriptions/x/resourceGroups/g/providers/Microsoft.Compute/images/a"},
            (409, "OperationNotAllowed"),
        ),
        ({"sharedGalleryImageId": "/SharedGalleries/g/Images/i"}, (409, "OperationNotAllowed")),
        ({"communityGalleryImageId": "/CommunityGalleries/g/Images/i"}, (409, "OperationNotAllowed")),
    ],
)
def test_images_that_the_model_cannot_take(
    small: Simulation, reference: dict[str, str], problem: tuple[int, str]
) -> None:
    assert error_of(small.raw("PATCH", small.set_path, image_patch(**reference))) == problem
    assert small.set_json()["etag"] == '"2"'
    assert all(each.latest_model_applied for each in small.azure.instances())


def test_a_missing_platform_image_says_so_as_reported(small: Simulation) -> None:
    with pytest.raises(ResourceNotFoundError) as raised:
        small.compute.virtual_machine_scale_sets.begin_update(*small.where, image_patch(version="22.04.1"))
    assert raised.value.error.target == "imageReference"
    assert "'Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2:22.04.1' is not available" in raised.value.message


def test_latest_is_the_newest_version_when_an_instance_is_created(small: Simulation) -> None:
    small.update_image("latest")
    small.upgrade("0")
    small.clock.sleep(120)
    reference = json.loads(small.raw("GET", f"{small.set_path}/virtualMachines/0").body)["properties"]
    assert reference["storageProfile"]["imageReference"]["version"] == "latest"
    assert reference["storageProfile"]["imageReference"]["exactVersion"] == NEW


GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/images/providers/Microsoft.Compute"
GALLERY = f"{GROUP}/galleries/golden/images/web"


@pytest.mark.parametrize(
    ("first", "then", "missing", "code"),
    [
        (f"{GROUP}/images/one", f"{GROUP}/images/two", f"{GROUP}/images/three", "ResourceNotFound"),
        (
            f"{GALLERY}/versions/1.0.0",
            f"{GALLERY}/versions/1.10.0",
            f"{GALLERY}/versions/9.9.9",
            "GalleryImageNotFound",
        ),
    ],
)
def test_managed_and_gallery_images(first: str, then: str, missing: str, code: str) -> None:
    simulation = Simulation(
        f"""
description: x
fleet: {{update_domains: [1, 1], image: {{id: "{first}"}}}}
images:
  - {{id: "{GROUP}/images/one"}}
  - {{id: "{GROUP}/images/two"}}
  - {{id: "{GALLERY}", versions: ["1.0.0", "1.9.0", "1.10.0"]}}
timing: {{upgrade_seconds: 100, healthy_after_seconds: 20}}
"""
    )
    assert simulation.instance("0").image_version == first
    assert error_of(simulation.raw("PATCH", simulation.set_path, image_patch(id=missing))) == (404, code)
    assert error_of(simulation.raw("PATCH", simulation.set_path, image_patch(publisher="x"))) == (
        409,
        "OperationNotAllowed",
    )
    simulation.raw("PATCH", simulation.set_path, image_patch(id=then))
    simulation.clock.sleep(60)
    simulation.upgrade("0")
    simulation.clock.sleep(120)
    assert [i.image_version for i in simulation.azure.instances()] == [then, first]
    assert [i.latest_model_applied for i in simulation.azure.instances()] == [True, False]
    assert simulation.raw("GET", then).status == 200
    assert simulation.raw("GET", missing).status == 404


def test_a_gallery_definition_means_its_newest_version() -> None:
    simulation = Simulation(
        f"""
description: x
fleet: {{update_domains: [1, 1], image: {{id: "{GALLERY}"}}}}
images: [{{id: "{GALLERY}", versions: ["1.9.0", "1.10.0"]}}]
"""
    )
    assert simulation.instance("0").image_version == f"{GALLERY}/versions/1.10.0"
    definition = simulation.compute.gallery_images.get("images", "golden", "web")
    assert definition.os_type == "Linux"
    version = simulation.compute.gallery_image_versions.get("images", "golden", "web", "1.9.0")
    assert [region.name for region in version.publishing_profile.target_regions] == ["West Europe"]
    assert version.replication_status is None
    replicated = simulation.compute.gallery_image_versions.get(
        "images", "golden", "web", "1.9.0", expand="ReplicationStatus"
    )
    assert replicated.replication_status.aggregated_state == "Completed"


def test_a_vhd() -> None:
    simulation = Simulation("description: x\nfleet: {update_domains: [1, 1], image: {uri: https://a/b.vhd}}")
    disk = {"osDisk": {"image": {"uri": "https://a/c.vhd"}}}
    simulation.raw("PATCH", simulation.set_path, {"properties": {"virtualMachineProfile": {"storageProfile": disk}}})
    simulation.clock.sleep(60)
    simulation.upgrade("0")
    simulation.clock.sleep(400)
    assert [i.image_version for i in simulation.azure.instances()] == ["https://a/c.vhd", "https://a/b.vhd"]
    assert error_of(simulation.raw("PATCH", simulation.set_path, image_patch(id=f"{GROUP}/images/one")))[0] == 409


def test_platform_versions(small: Simulation) -> None:
    images = small.compute.virtual_machine_images
    where = ("westeurope", "canonical", "0001-com-ubuntu-server-jammy", "22_04-lts-gen2")
    assert [each.name for each in images.list(*where)] == ["22.04.202609010", OLD, NEW]
    assert [each.name for each in images.list(*where, top=1, orderby="name desc")] == [NEW]
    version = images.get(*where, NEW)
    assert version.name == NEW
    assert small.at["subscription"] in version.id
    with pytest.raises(ResourceNotFoundError, match=r"Version: 22\.04\.1 was not found"):
        images.get(*where, "22.04.1")
    with pytest.raises(ResourceNotFoundError, match=r"Publisher: nobody was not found"):
        images.list("westeurope", "nobody", *where[2:])


def test_a_list_of_600_comes_in_pages_out_of_order_and_spends_a_bucket_each() -> None:
    simulation = Simulation(scenario=load_scenario("large"))
    vms = simulation.compute.virtual_machine_scale_set_vms
    ids = [vm.instance_id for vm in vms.list(*simulation.where, expand="instanceView")]
    assert sorted(ids, key=int) == [str(number) for number in range(600)]
    assert ids != sorted(ids, key=int)
    pages = [record for record in simulation.azure.requests if record.path.endswith("/virtualMachines")]
    assert len(pages) == 5
    reply = simulation.raw("GET", f"{simulation.set_path}/virtualMachines")
    assert "HighCostGetVMScaleSetResource;24" in str(header(reply, "x-ms-ratelimit-remaining-resource"))
    assert header(reply, "x-ms-request-charge") == "120"


def test_an_instance_that_vanishes_between_two_pages_moves_no_other() -> None:
    yaml = "description: x\nfleet: {update_domains: [65, 65]}\nfaults: [{kind: vanish, instance: '10', at: 1}]"
    simulation = Simulation(yaml)
    first = json.loads(simulation.raw("GET", f"{simulation.set_path}/virtualMachines").body)
    simulation.clock.sleep(2)
    second = json.loads(simulation.raw("GET", first["nextLink"]).body)
    assert len({vm["instanceId"] for vm in first["value"] + second["value"]}) == 130
    assert "nextLink" not in second


def test_the_first_of_the_next_page_is_not_named_any_more_once_it_is_gone() -> None:
    simulation = Simulation("description: x\nfleet: {update_domains: [65, 65]}")
    path, first = f"{simulation.set_path}/virtualMachines", sorted(map(str, range(130)))[120]
    links = [json.loads(simulation.raw("GET", path).body)["nextLink"]]
    simulation.raw("POST", f"{simulation.set_path}/delete", {"instanceIds": [first]})
    for seconds in (0, 600):
        simulation.clock.sleep(seconds)
        links.append(json.loads(simulation.raw("GET", path).body)["nextLink"])
    assert links[0] == links[1] != links[2]


def test_a_skip_token_of_another_set_is_refused(small: Simulation) -> None:
    reply = small.raw("GET", f"{small.set_path}/virtualMachines?$skiptoken=bm9uc2Vuc2U=")
    assert error_of(reply) == (400, "InvalidParameter")


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("", {"latestModelApplied", "storageProfile", "provisioningState"}),
        ("$expand=instanceView", {"latestModelApplied", "storageProfile", "instanceView"}),
    ],
)
def test_lists_plain_and_expanded(small: Simulation, query: str, keys: set[str]) -> None:
    page = json.loads(small.raw("GET", f"{small.set_path}/virtualMachines?{query}").body)
    properties = page["value"][0]["properties"]
    assert set(properties) >= keys
    assert ("instanceView" in properties) is ("expand" in query)


def test_unknown_names(small: Simulation) -> None:
    other = small.set_path.replace("simulated-set", "other")
    assert error_of(small.raw("GET", other)) == (404, "ResourceNotFound")
    assert error_of(small.raw("GET", small.set_path.replace("simulated-group", "x"))) == (404, "ResourceGroupNotFound")
    assert error_of(small.raw("GET", small.set_path.replace("1111", "9999"))) == (404, "SubscriptionNotFound")
    assert error_of(small.raw("GET", f"{small.set_path}/virtualMachines/99")) == (404, "NotFound")
    assert error_of(small.raw("GET", f"{small.set_path}/rollingUpgrades/latest")) == (404, "NotFound")


def test_a_rolling_upgrade_that_runs() -> None:
    simulation = Simulation(SMALL + "rolling_upgrade: RollingForward")
    latest = simulation.compute.virtual_machine_scale_set_rolling_upgrades.get_latest(*simulation.where)
    assert latest.running_status.code == "RollingForward"


def test_a_flexible_set_lists_stubs() -> None:
    simulation = Simulation(SMALL.replace("[2, 2]", "[2, 2], orchestration: Flexible"))
    page = json.loads(simulation.raw("GET", f"{simulation.set_path}/virtualMachines").body)
    assert {tuple(sorted(vm)) for vm in page["value"]} == {("id", "instanceId", "location", "name", "type", "zones")}
    assert all(vm["name"].startswith("simulated-set_") for vm in page["value"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "{set}/restart"),
        ("GET", "{set}/extensions/health"),
        ("POST", "{set}/virtualMachines/0/reimage"),
        ("GET", "{set}/virtualMachines?$filter=x"),
        ("GET", "/nothing"),
        ("GET", "https://elsewhere.example{set}"),
    ],
)
def test_a_request_that_is_not_simulated_is_a_loud_501(small: Simulation, method: str, path: str) -> None:
    reply = small.raw(method, path.format(set=small.set_path))
    assert error_of(reply) == (501, "NotSimulated")
    message = json.loads(reply.body)["error"]["message"]
    assert f"{method} https://" in message
    assert path.format(set=small.set_path) in message


def test_the_api_version_is_required(small: Simulation) -> None:
    url = small.at["resource_manager"] + small.set_path
    reply = small.azure.handle("GET", url, {"Authorization": f"Bearer {small.token()}"}, b"")
    assert error_of(reply) == (400, "MissingApiVersionParameter")


def test_operation_urls_must_come_back_as_they_were_given(small: Simulation) -> None:
    small.update_image()
    url = str(header(small.upgrade("0"), "azure-asyncoperation"))
    assert small.raw("GET", url).status == 200
    for altered in (url.replace("&s=", "&s=0"), url.split("&t=")[0], url.replace("operations/", "operations/0")):
        assert error_of(small.raw("GET", altered)) == (404, "NotFound")


def test_an_operation_can_be_polled_15_times_a_minute_after_a_burst_of_45(small: Simulation) -> None:
    small.update_image()
    url = str(header(small.upgrade("0"), "azure-asyncoperation"))
    statuses = [small.raw("GET", url).status for _ in range(46)]
    assert statuses == [200] * 45 + [429]
    small.clock.sleep(4)
    assert [small.raw("GET", url).status for _ in range(2)] == [200, 429]


def test_a_full_bucket_of_updates_is_twelve(small: Simulation) -> None:
    """PATCH spends a bucket of the set; manualupgrade, in every recording, only the subscription's."""
    statuses = []
    for number in range(13):
        statuses.append(small.raw("PATCH", small.set_path, {"tags": {"n": str(number)}}).status)
        small.clock.sleep(0.5)
    assert statuses == [200] * 12 + [429]
    assert "VMScaleSetActionsResource" not in str(header(small.upgrade("0"), "x-ms-ratelimit-remaining-resource"))


def test_latency_passes_on_the_clock() -> None:
    simulation = Simulation(SMALL.replace("request_latency: 0", "request_latency: 0.2"))
    simulation.token()
    before = simulation.clock.now()
    simulation.set_json()
    assert simulation.clock.now() - before == pytest.approx(0.2)


def test_the_log_of_requests(small: Simulation) -> None:
    small.update_image()
    small.upgrade("0")
    record = small.azure.requests[-1]
    assert (record.at, record.method, record.status) == (60, "POST", 202)
    assert record.path == f"{small.set_path}/manualupgrade"
    assert record.query == "api-version=2026-04-01"
    assert json.loads(record.body) == {"instanceIds": ["0"]}


def test_closing_a_client_does_not_open_a_real_session(small: Simulation) -> None:
    small.compute.close()
    assert small.compute.virtual_machine_scale_sets.get(*small.where).name == "simulated-set"


def test_correlation_ids_come_back(small: Simulation) -> None:
    reply = small.raw("GET", small.set_path, x_ms_correlation_request_id="mine")
    assert header(reply, "x-ms-correlation-request-id") == "mine"


def test_a_request_without_a_token_is_refused(small: Simulation) -> None:
    url = f"{small.at['resource_manager']}{small.set_path}?api-version=2026-04-01"
    assert error_of(small.azure.handle("GET", url, {}, b"")) == (401, "AuthenticationFailed")
    wrong = {"authorization": "Bearer x"}
    assert error_of(small.azure.handle("GET", url, wrong, b"")) == (401, "InvalidAuthenticationToken")


def test_the_sdk_raises_what_azure_says(small: Simulation) -> None:
    with pytest.raises(HttpResponseError) as raised:
        small.compute.virtual_machine_scale_sets.begin_update_instances(*small.where, Ids(instance_ids=["77"]))
    assert raised.value.error.code == "InstanceIdsListInstanceIdNotActiveVM"
    assert "77" in raised.value.message
