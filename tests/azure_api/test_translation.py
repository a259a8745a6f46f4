"""Azure's JSON as recorded, and as it may come, becomes our nouns."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builders import GALLERY, OLD, platform, provisioning, resource, vhd
from vmss_upgrade.azure_api.translation.image_reference import image_patch
from vmss_upgrade.azure_api.translation.instances import to_instances
from vmss_upgrade.azure_api.translation.model import to_model
from vmss_upgrade.rollout.failures import Problem
from vmss_upgrade.rollout.image import Image, ImageKind
from vmss_upgrade.rollout.image_facts import Traits
from vmss_upgrade.rollout.model import HealthSignal, Owner
from vmss_upgrade.rollout.scale_set import Domain, DomainKind, Health, Instance, Power

BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "azure-contract"
RECORDINGS = Path(os.environ.get("AZURE_CONTRACT_DIR", BESIDE)) / "recordings"
needs_recordings = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="AZURE_CONTRACT_DIR names no folder with recordings of the real service"
)


def bodies(kind: str) -> list[Any]:
    """Return every recorded body of a kind, named by recording and position; none without recordings."""
    found = []
    for file in sorted(RECORDINGS.glob("*.json")):
        for each in json.loads(file.read_text())["interactions"]:
            body = each["response"].get("body")
            if isinstance(body, dict) and _kind(body, each["request"]["url"].lower()) == kind:
                found.append(pytest.param(body, id=f"{file.stem}-{each['index']}"))
    return found


def _kind(body: dict[str, Any], url: str) -> str:
    properties = body.get("properties")
    if isinstance(body.get("value"), list):
        return "list" if re.search(r"virtualmachinescalesets/[^/]+/virtualmachines\?", url) else ""
    if "platformUpdateDomain" in body:
        return "view"
    if isinstance(properties, dict) and body.get("type") == "Microsoft.Compute/virtualMachineScaleSets":
        return "set"
    return ""


def test_half_a_character_in_a_name_reads_as_one_that_nobody_knows() -> None:
    """JSON can say \\ud800, which no address and no file can hold."""
    assert to_model({"name": "web\ud800", "location": "größe"}).name == "web?"
    assert to_model({"location": "größe"}).location == "größe"


def test_an_id_of_5000_digits_is_a_name() -> None:
    ids = ["9" * 5000, "10", "9"]
    assert [each.id for each in to_instances({"instanceId": id_} for id_ in ids)] == ["9", "10", "9" * 5000]


@needs_recordings
def test_the_recordings_are_read() -> None:
    assert (len(bodies("set")) > 80, len(bodies("list")) > 8, len(bodies("view")) > 10) == (True, True, True)


@needs_recordings
@pytest.mark.parametrize("body", bodies("list"))
def test_a_recorded_list(body: dict[str, Any]) -> None:
    instances = to_instances(body["value"])
    items = {item["instanceId"]: item.get("properties", {}) for item in body["value"]}
    assert [i.id for i in instances] == sorted(items, key=lambda id_: (not id_.isdecimal(), id_.zfill(9)))
    for instance in instances:
        properties = items[instance.id]
        assert str(instance.provisioning) == properties.get("provisioningState", "")
        assert instance.latest_model_applied is properties.get("latestModelApplied")
        reference = properties.get("storageProfile", {}).get("imageReference", {})
        exact = reference.get("exactVersion") or reference.get("version")
        assert (instance.image.version if instance.image else None) == exact
        assert instance.image is None or instance.image.publisher == reference["publisher"]
        assert instance.image is None or not instance.image.is_floating or "exactVersion" not in reference
        assert not instance.problems
        assert not instance.protected


@needs_recordings
@pytest.mark.parametrize("body", bodies("set"))
def test_a_recorded_scale_set(body: dict[str, Any]) -> None:
    model = to_model(body)
    properties = body["properties"]
    assert model.name == body["name"]
    assert f"/resourceGroups/{model.resource_group}/".lower() in body["id"].lower()
    assert f"/subscriptions/{model.subscription}/".lower() in body["id"].lower()
    assert model.location == body["location"]
    assert model.upgrade_mode == properties.get("upgradePolicy", {}).get("mode", "")
    assert model.is_flexible is (properties.get("orchestrationMode") == "Flexible")
    assert model.time == properties["virtualMachineProfile"].get("timeCreated", "")
    assert model.traits.os in ("Linux", "Windows")
    assert str(model.provisioning) == properties["provisioningState"]
    assert model.etag == body.get("etag", "")
    reference = properties["virtualMachineProfile"]["storageProfile"].get("imageReference", {})
    assert str(model.image) == reference.get("id", ":".join(str(reference.get(k)) for k in PLATFORM))
    assert (model.owner is Owner.SERVICE_FABRIC) is (
        "ServiceFabricNode" in json.dumps(properties["virtualMachineProfile"])
    )


PLATFORM = ("publisher", "offer", "sku", "version")


@needs_recordings
@pytest.mark.parametrize("view", bodies("view"))
def test_a_recorded_instance_view(view: dict[str, Any]) -> None:
    (instance,) = to_instances([{"instanceId": "0", "properties": {"instanceView": view}}])
    assert instance.placement_group == view.get("placementGroupId", "")
    assert instance.update_domain == view["platformUpdateDomain"]
    assert instance.generation == view.get("hyperVGeneration", "")
    assert instance.fault_domain == view["platformFaultDomain"]
    assert instance.health is Health.NO_SIGNAL
    shown = [s["displayStatus"] for s in view["statuses"] if s["code"].startswith("PowerState/")]
    powers = {"VM running": Power.RUNNING, "VM stopped": Power.STOPPED, "VM deallocated": Power.DEALLOCATED}
    assert instance.power is (powers[shown[0]] if shown else Power.NOT_SHOWN)


@needs_recordings
@pytest.mark.parametrize(
    ("recording", "index", "expected"),
    [
        pytest.param("uniform_manualupgrade_stale_instances_2024", 26, [False, False], id="stale-after-a-put"),
        pytest.param("uniform_manualupgrade_conflict_409_2023", 113, [True, True], id="current-after-an-upgrade"),
    ],
)
def test_the_flag_in_recordings(recording: str, index: int, expected: list[bool]) -> None:
    interactions = json.loads((RECORDINGS / f"{recording}.json").read_text())["interactions"]
    (body,) = [each["response"]["body"] for each in interactions if each["index"] == index]
    assert [i.latest_model_applied for i in to_instances(body["value"])] == expected


@needs_recordings
def test_flexible_stubs_show_nothing() -> None:
    (stubs,) = [
        body.values[0] for body in bodies("list") if body.id == "flexible_instances_list_and_deallocate_2024-37"
    ]
    for instance in to_instances(stubs["value"]):
        assert re.fullmatch(r"\S+_[0-9a-f]{8}", instance.id)
        assert (instance.image, instance.update_domain, instance.latest_model_applied) == (None, None, None)


# -- instances -------------------------------------------------------------------------------------------------------


def item(instance_id: str = "0", *, view: Any = None, **properties: Any) -> dict[str, Any]:
    return {"instanceId": instance_id, "properties": {**properties, "instanceView": {} if view is None else view}}


def one(body: Any) -> Instance:
    (instance,) = to_instances([body])
    return instance


NOTHING = Instance(
    id="0",
    image=None,
    latest_model_applied=None,
    provisioning=provisioning(""),
    power=Power.NOT_SHOWN,
    health=Health.NO_SIGNAL,
    shows_view=False,
)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"instanceId": "0"}, id="no-properties"),
        pytest.param({"instanceId": "0", "properties": None}, id="null-properties"),
        pytest.param({"instanceId": "0", "properties": []}, id="properties-of-a-wrong-type"),
        pytest.param(item(), id="empty-view"),
        pytest.param({"instanceId": "0", "properties": {"instanceView": None}}, id="null-view"),
        pytest.param(item(view={"statuses": None, "vmHealth": None, "extensions": None}), id="nulls-in-the-view"),
        pytest.param(item(view={"statuses": ["x", None, 1]}), id="statuses-of-a-wrong-type"),
        pytest.param(item(view={"statuses": [{}]}), id="status-without-a-code"),
        pytest.param(item(view={"platformUpdateDomain": None, "platformFaultDomain": None}), id="null-domains"),
        pytest.param(item(view={"platformUpdateDomain": "1", "platformFaultDomain": True}), id="domains-not-numbers"),
        pytest.param(item(storageProfile=None, protectionPolicy=None), id="null-profiles"),
        pytest.param(item(storageProfile={"imageReference": {}}), id="empty-image"),
        pytest.param(item(storageProfile={"imageReference": None}), id="null-image"),
        pytest.param(item(latestModelApplied="true"), id="flag-as-text"),
        pytest.param(item(latestModelApplied=None), id="null-flag"),
    ],
)
def test_an_instance_that_shows_nothing(body: dict[str, Any]) -> None:
    assert replace(one(body), shows_view=False) == NOTHING


@pytest.mark.parametrize(
    ("body", "names"),
    [
        pytest.param({"name": "0"}, ("0", "0", ""), id="name-instead-of-id"),
        pytest.param(
            {"instanceId": "7", "name": "web_7", "properties": {"osProfile": {"computerName": "web000007"}}},
            ("7", "web_7", "web000007"),
            id="profile",
        ),
        pytest.param(
            {"instanceId": "7", "properties": {"instanceView": {"computerName": "web7"}}}, ("7", "", "web7"), id="view"
        ),
    ],
)
def test_an_instance_is_known_by_its_names(body: Any, names: tuple[str, str, str]) -> None:
    (instance,) = to_instances([body])
    assert (instance.id, instance.name, instance.computer_name) == names


@pytest.mark.parametrize(
    ("view", "shown"),
    [
        pytest.param(None, False, id="none"),
        pytest.param({}, False, id="empty"),
        pytest.param("x", False, id="of-a-wrong-type"),
        pytest.param({"statuses": []}, True, id="some"),
    ],
)
def test_whether_a_view_is_shown(view: Any, shown: bool) -> None:
    assert one({"instanceId": "0", "properties": {"instanceView": view}}).shows_view is shown


@pytest.mark.parametrize(
    ("code", "health"),
    [
        pytest.param("HealthState/healthy", Health.HEALTHY, id="healthy"),
        pytest.param("healthstate/HEALTHY", Health.HEALTHY, id="case"),
        pytest.param("HealthState/unhealthy", Health.UNHEALTHY, id="unhealthy"),
        pytest.param("HealthState/unknown", Health.UNKNOWN, id="unknown"),
        pytest.param("HealthState/initializing", Health.UNKNOWN, id="initializing"),
        pytest.param("HealthState/healthyish", Health.UNKNOWN, id="never-heard-of"),
        pytest.param("", Health.NO_SIGNAL, id="empty"),
    ],
)
def test_health(code: str, health: Health) -> None:
    assert one(item(view={"vmHealth": {"status": {"code": code}}})).health is health


@pytest.mark.parametrize(
    ("codes", "power"),
    [
        pytest.param(["ProvisioningState/succeeded", "PowerState/running"], Power.RUNNING, id="running"),
        pytest.param(["PowerState/stopped"], Power.STOPPED, id="stopped"),
        pytest.param(["powerstate/Deallocated"], Power.DEALLOCATED, id="case"),
        pytest.param(["PowerState/starting"], Power.OTHER, id="starting"),
        pytest.param(["PowerState/other"], Power.OTHER, id="other"),
        pytest.param(["ProvisioningState/succeeded"], Power.NOT_SHOWN, id="not-shown"),
    ],
)
def test_power(codes: list[str], power: Power) -> None:
    assert one(item(view={"statuses": [{"code": code} for code in codes]})).power is power


TIMED_OUT = {
    "code": "ProvisioningState/failed/OSProvisioningTimedOut",
    "message": "It did not finish.",
    "time": "2026-11-23T00:00:00Z",
}


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        pytest.param(item(view={"statuses": [{"code": "ProvisioningState/succeeded"}]}), [], id="none"),
        pytest.param(
            item(view={"statuses": [TIMED_OUT]}),
            [Problem("OSProvisioningTimedOut", "It did not finish.")],
            id="with-a-code",
        ),
        pytest.param(
            item(view={"statuses": [{"code": "ProvisioningState/failed", "displayStatus": "Failed"}]}),
            [Problem("ProvisioningFailed", "Failed")],
            id="without-a-code",
        ),
        pytest.param(
            item(view={"extensions": [{"name": "x", "statuses": [{"code": "ProvisioningState/failed/3"}]}]}),
            [Problem("ProvisioningState/failed/3", "ProvisioningState/failed/3", "x")],
            id="of-an-extension",
        ),
        pytest.param(
            item(view={"extensions": [{"type": "T", "statuses": [{"code": "ProvisioningState/failed/3"}]}]}),
            [Problem("ProvisioningState/failed/3", "ProvisioningState/failed/3", "T")],
            id="of-an-extension-without-a-name",
        ),
        pytest.param(
            item(
                view={
                    "statuses": [TIMED_OUT],
                    "extensions": [{"name": "x", "statuses": [{"code": "ProvisioningState/failed/3"}] * 2}],
                }
            ),
            [
                Problem("OSProvisioningTimedOut", "It did not finish."),
                Problem("ProvisioningState/failed/3", "ProvisioningState/failed/3", "x"),
                Problem("ProvisioningState/failed/3", "ProvisioningState/failed/3", "x"),
            ],
            id="all-of-them-its-own-first",
        ),
        pytest.param(
            item(view={"extensions": [{"statuses": [{"code": "ProvisioningState/succeeded"}]}, None]}),
            [],
            id="extension-that-is-fine",
        ),
        pytest.param(
            item(provisioningState="Failed"),
            [Problem("ProvisioningFailed", "provisioning state is Failed, without a reason")],
            id="state-only",
        ),
    ],
)
def test_problems(body: dict[str, Any], problems: list[Problem]) -> None:
    assert list(one(body).problems) == problems


NOT_READY = {"code": "ProvisioningState/Unavailable", "message": "VM status blob is not yet populated."}
READY = {"code": "ProvisioningState/succeeded", "message": "Guest Agent is running"}
INSTALLING = {"name": "x", "statuses": [{"code": "ProvisioningState/transitioning", "message": "apt is locked"}]}


@pytest.mark.parametrize(
    ("view", "says"),
    [
        pytest.param({"vmAgent": {"statuses": [READY]}}, [], id="nothing-to-complain-about"),
        pytest.param(
            {"vmAgent": {"statuses": [NOT_READY]}}, ["VM agent: VM status blob is not yet populated."], id="agent"
        ),
        pytest.param({"extensions": [INSTALLING, None]}, ["extension x: apt is locked"], id="extension"),
        pytest.param({"extensions": [{"statuses": [TIMED_OUT]}]}, [], id="a-failure-is-a-problem"),
        pytest.param(
            {"bootDiagnostics": {"status": {"code": "X", "message": "no storage account"}}},
            ["boot diagnostics: no storage account"],
            id="boot-diagnostics",
        ),
        pytest.param({"vmAgent": {"statuses": [{"code": "X"}]}, "bootDiagnostics": None}, [], id="no-words"),
        pytest.param(
            {"vmAgent": {"statuses": [{"code": "X", "message": "x" * 5000}]}},
            [f"VM agent: {'x' * 4000} ..."],
            id="long",
        ),
    ],
)
def test_an_instance_says_more_than_its_failures(view: dict[str, Any], says: list[str]) -> None:
    assert list(one(item(view=view)).says) == says


@pytest.mark.parametrize(
    ("zones", "zone"),
    [
        pytest.param(["2"], "2", id="zone"),
        pytest.param([None], "", id="null-zone"),
        pytest.param([], "", id="no-zone"),
        pytest.param(None, "", id="null-zones"),
        pytest.param("2", "", id="a-text"),
    ],
)
def test_domains(zones: Any, zone: str) -> None:
    view = {"platformUpdateDomain": 1, "platformFaultDomain": 0, "placementGroupId": "g"}
    instance = one({**item(view=view), "zones": zones})
    assert (instance.zone, instance.update_domain, instance.fault_domain) == (zone, 1, 0)
    assert instance.domain(DomainKind.UPDATE) == Domain(
        kind=DomainKind.UPDATE, zone=zone, placement_group="g", number=1
    )


def test_generation_and_who_made_the_model_of_an_instance() -> None:
    assert one(item(view={"hyperVGeneration": "V2"})).generation == "V2"
    assert one(item(modelDefinitionApplied="VirtualMachine")).changed_individually
    assert not one(item(modelDefinitionApplied="VirtualMachineScaleSet")).changed_individually


@pytest.mark.parametrize(
    ("reference", "image"),
    [
        pytest.param(
            {
                "publisher": "Canonical",
                "offer": "jammy",
                "sku": "22_04-lts",
                "version": "latest",
                "exactVersion": "1.0.0",
            },
            OLD,
            id="latest-resolved",
        ),
        pytest.param(
            {"publisher": "Canonical", "offer": "jammy", "sku": "22_04-lts", "version": "1.0.0"}, OLD, id="exact"
        ),
        pytest.param({"id": f"{GALLERY}/versions/1.0.0"}, resource(f"{GALLERY}/versions/1.0.0"), id="gallery-version"),
        pytest.param(
            {"id": GALLERY, "exactVersion": "1.0.0"}, resource(f"{GALLERY}/versions/1.0.0"), id="gallery-resolved"
        ),
        pytest.param(
            {"id": f"{GALLERY}/versions/latest", "exactVersion": "1.0.0"},
            resource(f"{GALLERY}/versions/1.0.0"),
            id="gallery-latest-resolved",
        ),
        pytest.param(
            {"id": f"{GALLERY}/versions/1.0.0", "exactVersion": "1.0.0"},
            resource(f"{GALLERY}/versions/1.0.0"),
            id="already-exact",
        ),
        pytest.param(
            {"sharedGalleryImageId": "/SharedGalleries/u/Images/w/Versions/1"},
            Image(kind=ImageKind.SHARED_GALLERY, reference="/SharedGalleries/u/Images/w/Versions/1"),
            id="shared",
        ),
        pytest.param(
            {"communityGalleryImageId": "/CommunityGalleries/p/Images/w", "exactVersion": "2"},
            Image(kind=ImageKind.COMMUNITY_GALLERY, reference="/CommunityGalleries/p/Images/w/versions/2"),
            id="community-resolved",
        ),
    ],
)
def test_image_of_an_instance(reference: dict[str, str], image: Image) -> None:
    assert one(item(storageProfile={"imageReference": reference})).image == image


def test_protection_and_order() -> None:
    assert one(item(protectionPolicy={"protectFromScaleSetActions": True})).protected
    assert not one(item(protectionPolicy={"protectFromScaleIn": True})).protected
    assert [i.id for i in to_instances([item("10"), item("web_b"), item("9"), item("web_a")])] == [
        "9",
        "10",
        "web_a",
        "web_b",
    ]


# -- the model -------------------------------------------------------------------------------------------------------


def properties(**profile: Any) -> dict[str, Any]:
    return {"properties": {"virtualMachineProfile": profile}}


def extension(kind: str, publisher: str = "p") -> dict[str, Any]:
    return {"extensionProfile": {"extensions": [{"name": "x", "properties": {"type": kind, "publisher": publisher}}]}}


def tags(**values: str) -> dict[str, Any]:
    return {"tags": values}


def named(resource_group: str, name: str) -> dict[str, Any]:
    compute = f"/subscriptions/s/resourceGroups/{resource_group}/providers/Microsoft.Compute"
    return {"name": name, "id": f"{compute}/virtualMachineScaleSets/{name}"}


@pytest.mark.parametrize(
    ("body", "signal"),
    [
        pytest.param(
            properties(networkProfile={"healthProbe": {"id": "/probes/x"}}), HealthSignal.PROBE, id="health-probe"
        ),
        pytest.param(properties(networkProfile={"healthProbe": {}}), HealthSignal.NONE, id="probe-without-id"),
        pytest.param(properties(**extension("ApplicationHealthLinux")), HealthSignal.EXTENSION, id="linux"),
        pytest.param(properties(**extension("applicationhealthwindows")), HealthSignal.EXTENSION, id="windows"),
        pytest.param(properties(**extension("CustomScript")), HealthSignal.NONE, id="another-extension"),
        pytest.param({"properties": {"externalHealthPolicy": {"enabled": True}}}, HealthSignal.EXTERNAL, id="external"),
        pytest.param(properties(externalHealthPolicy={"enabled": True}), HealthSignal.EXTERNAL, id="in-the-profile"),
        pytest.param(properties(externalHealthPolicy={"enabled": False}), HealthSignal.NONE, id="external-disabled"),
        pytest.param({}, HealthSignal.NONE, id="nothing"),
        pytest.param({"properties": None}, HealthSignal.NONE, id="null-properties"),
        pytest.param(properties(extensionProfile={"extensions": None}), HealthSignal.NONE, id="null-extensions"),
    ],
)
def test_health_signal(body: dict[str, Any], signal: HealthSignal) -> None:
    assert to_model(body).health_signal is signal


@pytest.mark.parametrize(
    ("body", "owner"),
    [
        pytest.param({}, Owner.NOBODY, id="nobody"),
        pytest.param(properties(**extension("ServiceFabricNode")), Owner.SERVICE_FABRIC, id="service-fabric"),
        pytest.param(properties(**extension("ServiceFabricLinuxNode")), Owner.SERVICE_FABRIC, id="fabric-linux"),
        pytest.param(tags(**{"aks-managed-poolName": "p"}), Owner.AKS, id="aks-tag"),
        pytest.param(tags(CreationSource="aks-aks-np1-12345678-vmss"), Owner.AKS, id="aks-of-2018"),
        pytest.param(tags(creationSource="vmssclient-aks-np1-12345678-vmss"), Owner.AKS, id="aks-of-2021"),
        pytest.param(tags(orchestrator="Kubernetes:1.18.14", poolName="np1"), Owner.AKS, id="aks-pool-of-a-version"),
        pytest.param(properties(**extension("Compute.AKS.Linux.Billing", "Microsoft.AKS")), Owner.AKS, id="aks-bill"),
        pytest.param(named("MC_rg_c_we", "aks-np1-12345678-vmss"), Owner.AKS, id="aks-names"),
        pytest.param(named("mc_shop", "web"), Owner.NOBODY, id="a-group-that-begins-like-one-of-aks"),
        pytest.param(named("rg", "aks-np1-12345678-vmss"), Owner.NOBODY, id="a-name-like-one-of-aks-elsewhere"),
        pytest.param(tags(poolName="blue"), Owner.NOBODY, id="a-pool-of-anybodys"),
        pytest.param(tags(orchestrator="Nomad", poolName="blue"), Owner.NOBODY, id="another-orchestrator"),
        pytest.param(tags(creationSource="terraform"), Owner.NOBODY, id="another-source"),
        pytest.param(tags(team="aks-managed"), Owner.NOBODY, id="the-value-of-a-tag"),
        pytest.param({"tags": None}, Owner.NOBODY, id="null-tags"),
        pytest.param({"tags": ["aks-managed-poolName"]}, Owner.NOBODY, id="tags-in-a-list"),
        pytest.param(
            tags(aksEngineVersion="v0.50", orchestrator="Kubernetes:1.18", poolName="p"),
            Owner.AKS_ENGINE,
            id="aks-engine",
        ),
        pytest.param(
            tags(creationSource="aksengine-k8s-agent-1-vmss", orchestrator="Kubernetes:1.9", poolName="p"),
            Owner.AKS_ENGINE,
            id="aks-engine-without-its-version",
        ),
        pytest.param(tags(__AzureDevOpsElasticPool="linux"), Owner.AZURE_DEVOPS, id="agent-pool"),
        pytest.param(properties(**extension("TeamServicesAgent")), Owner.AZURE_DEVOPS, id="windows-agents"),
        pytest.param(
            tags(**{"sigs.k8s.io_cluster-api-provider-azure_cluster_blue": "owned"}), Owner.CLUSTER_API, id="capz"
        ),
        pytest.param(tags(Vendor="Databricks", ClusterId="1"), Owner.DATABRICKS, id="databricks"),
        pytest.param(tags(Vendor="Contoso"), Owner.NOBODY, id="another-vendor"),
        pytest.param(
            named("azurebatch-x-c", "CB989D3E-4BCC-4ABC-BC32-D1B6DFA2E6B0-AZUREBATCH-VMSS-D"), Owner.BATCH, id="batch"
        ),
        pytest.param(named("azurebatch-x-c", "web"), Owner.NOBODY, id="a-group-that-begins-like-one-of-batch"),
    ],
)
def test_owner(body: dict[str, Any], owner: Owner) -> None:
    assert to_model(body).owner is owner


def test_policy_and_etag() -> None:
    body = {
        "properties": {
            "upgradePolicy": {"mode": "Rolling", "automaticOSUpgradePolicy": {"enableAutomaticOSUpgrade": True}},
            "orchestrationMode": "Flexible",
        }
    }
    model = to_model(body, etag='"7"')
    assert (model.upgrade_mode, model.automatic_os_upgrade, model.is_flexible) == ("Rolling", True, True)
    assert model.etag == '"7"'
    assert to_model({**body, "etag": '"8"'}, etag='"7"').etag == '"8"'
    assert not to_model({}).automatic_os_upgrade


@pytest.mark.parametrize(
    ("body", "traits"),
    [
        pytest.param({}, Traits(plan=""), id="nothing"),
        pytest.param(properties(osProfile={"linuxConfiguration": {}}), Traits(os="Linux", plan=""), id="linux"),
        pytest.param(properties(osProfile={"windowsConfiguration": {}}), Traits(os="Windows", plan=""), id="windows"),
        pytest.param(
            properties(osProfile={"linuxConfiguration": None}, storageProfile={"osDisk": {"osType": "Windows"}}),
            Traits(os="Windows", plan=""),
            id="by-the-disk",
        ),
        pytest.param(
            {"plan": {"name": "n", "publisher": "p", "product": "o"}}, Traits(plan="p:o:n"), id="a-plan-at-the-top"
        ),
        pytest.param(properties(plan={"name": "n"}), Traits(plan=""), id="a-plan-elsewhere"),
        pytest.param({"plan": None}, Traits(plan=""), id="null-plan"),
    ],
)
def test_traits(body: dict[str, Any], traits: Traits) -> None:
    assert to_model(body).traits == traits


@pytest.mark.parametrize(
    ("tags", "stop_tag"),
    [
        pytest.param({"owner": "web", "vmss-upgrade": "stop"}, "vmss-upgrade=stop", id="among-others"),
        pytest.param({"VMSS-Upgrade": "STOP"}, "VMSS-Upgrade=STOP", id="as-it-was-written"),
        pytest.param({"vmss-upgrade": "go"}, "", id="another-value"),
        pytest.param({"vmss-upgrade": "stopped"}, "", id="more"),
        pytest.param({"upgrade": "stop"}, "", id="another-name"),
        pytest.param({"vmss-upgrade": None, "x": ["stop"]}, "", id="no-texts"),
        pytest.param("vmss-upgrade=stop", "", id="no-object"),
        pytest.param(None, "", id="none"),
    ],
)
def test_the_tag_that_stops(tags: Any, stop_tag: str) -> None:
    assert to_model({"tags": tags}).stop_tag == stop_tag


@pytest.mark.parametrize(
    ("policy", "repairs"),
    [
        pytest.param(None, "", id="none"),
        pytest.param({"enabled": False, "repairAction": "Reimage"}, "", id="disabled"),
        pytest.param({"enabled": True}, "Replace", id="the-default"),
        pytest.param({"enabled": True, "repairAction": "Restart"}, "Restart", id="restart"),
        pytest.param({"enabled": "true"}, "", id="a-text"),
    ],
)
def test_repairs(policy: Any, repairs: str) -> None:
    assert to_model({"properties": {"automaticRepairsPolicy": policy}}).repairs == repairs


@pytest.mark.parametrize(
    ("settings", "ephemeral"),
    [({"option": "Local"}, True), ({"option": "Other"}, False), ({}, False), (None, False), ([], False)],
    ids=["local", "another", "empty", "null", "list"],
)
def test_ephemeral_os_disk(settings: Any, ephemeral: bool) -> None:
    model = to_model(properties(storageProfile={"osDisk": {"diffDiskSettings": settings}}, timeCreated="then"))
    assert (model.ephemeral_os_disk, model.time) == (ephemeral, "then")


ODD: tuple[Any, ...] = (None, 0, True, "x", [], ["x"], [None], [[]], {}, {"x": 1}, {"id": []})


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_no_odd_field_of_a_scale_set_raises(odd: Any) -> None:
    for name in ("id", "name", "location", "etag", "tags", "plan", "properties"):
        to_model({name: odd})
    for name in ("upgradePolicy", "virtualMachineProfile", "automaticRepairsPolicy", "orchestrationMode"):
        to_model({"properties": {name: odd}})
    for name in ("storageProfile", "osProfile", "networkProfile", "extensionProfile", "timeCreated"):
        to_model(properties(**{name: odd}))
    for name in ("imageReference", "osDisk"):
        to_model(properties(storageProfile={name: odd}))


def storage(version: str = "1", uri: str = "", **more: Any) -> dict[str, Any]:
    disk = {"osDisk": {"image": {"uri": uri}, "caching": "None"}}
    reference = {"publisher": "p", "offer": "o", "sku": "s", "version": version}
    return properties(storageProfile={"imageReference": reference, **disk}, **more)


def test_the_fingerprint_covers_everything_but_the_image() -> None:
    first = to_model(storage(timeCreated="then"))
    assert to_model(storage(version="2", uri="https://a/x", timeCreated="now")).fingerprint == first.fingerprint
    assert to_model(storage(osProfile={"customData": "x"})).fingerprint != first.fingerprint
    body = storage()
    to_model(body)
    assert body == storage(), "the answer itself is left as it is"


def test_the_image_of_a_model() -> None:
    assert to_model(storage(uri="https://a/x.vhd")).image == vhd("https://a/x.vhd")
    latest = Image(kind=ImageKind.PLATFORM, publisher="p", offer="o", sku="s", version="latest")
    assert to_model(storage(version="latest")).image == latest


# -- the patch -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image", "storage_profile"),
    [
        pytest.param(
            platform("2.0.0"),
            {
                "imageReference": {
                    "publisher": "Canonical",
                    "offer": "jammy",
                    "sku": "22_04-lts",
                    "version": "2.0.0",
                }
            },
            id="platform",
        ),
        pytest.param(resource(GALLERY), {"imageReference": {"id": GALLERY}}, id="id"),
        pytest.param(
            Image(kind=ImageKind.SHARED_GALLERY, reference="/SharedGalleries/u"),
            {"imageReference": {"sharedGalleryImageId": "/SharedGalleries/u"}},
            id="shared",
        ),
        pytest.param(
            Image(kind=ImageKind.COMMUNITY_GALLERY, reference="/CommunityGalleries/p"),
            {"imageReference": {"communityGalleryImageId": "/CommunityGalleries/p"}},
            id="community",
        ),
        pytest.param(
            vhd("https://a/x.vhd?sig=s"), {"osDisk": {"image": {"uri": "https://a/x.vhd?sig=s"}}}, id="vhd-with-its-sas"
        ),
    ],
)
def test_the_patch_carries_the_image_and_nothing_else(image: Image, storage_profile: dict[str, Any]) -> None:
    assert image_patch(image) == {"properties": {"virtualMachineProfile": {"storageProfile": storage_profile}}}


def test_a_model_says_latest_whatever_that_was_resolved_to() -> None:
    reference = {"publisher": "p", "offer": "o", "sku": "s", "version": "latest", "exactVersion": "2.0.0"}
    body = {"properties": {"virtualMachineProfile": {"storageProfile": {"imageReference": reference}}}}
    assert to_model(body).image.version == "latest"


def test_nulls_are_no_words() -> None:
    body = {"name": None, "location": None, "properties": {"upgradePolicy": {"mode": None}, "provisioningState": None}}
    model = to_model(body)
    assert (model.name, model.location, model.upgrade_mode, str(model.provisioning)) == ("", "", "", "")


def test_an_instance_that_two_pages_show_is_one() -> None:
    assert [
        instance.id for instance in to_instances([{"instanceId": "3"}, {"instanceId": "1"}, {"instanceId": "3"}])
    ] == ["1", "3"]
