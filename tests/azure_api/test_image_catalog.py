"""Where images are looked up, and what is made of what the catalog says: on scripted answers."""

from __future__ import annotations

from typing import Any

import pytest
from scripted import DROPPED, answer, azure, error

from builders import GALLERY, NEW, platform, resource, vhd
from vmss_upgrade.azure_api.reader import API_VERSION
from vmss_upgrade.errors import AzureError, Trouble
from vmss_upgrade.rollout.image import Image, ImageKind
from vmss_upgrade.rollout.image_facts import ImageFacts, ImageState, ImageVersion, Replication, Traits, VmSize

HERE = "https://manager.test"
LOCATION = f"{HERE}/subscriptions/sub/providers/Microsoft.Compute/locations/westeurope"
MANAGED = "/subscriptions/sub/resourceGroups/g/providers/Microsoft.Compute/images/web image"
VERSIONS = f"{LOCATION}/publishers/Canonical/artifacttypes/vmimage/offers/jammy/skus"
VERSION = resource(f"{GALLERY}/versions/2.0.0")
SHARED = Image(kind=ImageKind.SHARED_GALLERY, reference="/SharedGalleries/uni que/Images/w/Versions/2.0.0")
COMMUNITY = Image(kind=ImageKind.COMMUNITY_GALLERY, reference="/communityGalleries/p-1/images/w/versions/2.0.0")
OF_GALLERY = "api-version=2024-03-03"


@pytest.mark.parametrize(
    ("image", "urls"),
    [
        pytest.param(NEW, [f"{VERSIONS}/22_04-lts/versions/2.0.0?api-version={API_VERSION}"], id="platform"),
        pytest.param(
            platform("1", sku="a/b c"), [f"{VERSIONS}/a%2Fb%20c/versions/1?api-version={API_VERSION}"], id="quoted"
        ),
        pytest.param(
            resource(MANAGED), [f"{HERE}{MANAGED.replace(' ', '%20')}?api-version={API_VERSION}"], id="managed-image"
        ),
        pytest.param(
            VERSION,
            [f"{HERE}{GALLERY}/versions/2.0.0?$expand=ReplicationStatus&{OF_GALLERY}", f"{HERE}{GALLERY}?{OF_GALLERY}"],
            id="gallery-version",
        ),
        pytest.param(
            SHARED,
            [
                f"{LOCATION}/sharedGalleries/uni%20que/images/w/versions/2.0.0?{OF_GALLERY}",
                f"{LOCATION}/sharedGalleries/uni%20que/images/w?{OF_GALLERY}",
            ],
            id="shared",
        ),
        pytest.param(
            COMMUNITY,
            [
                f"{LOCATION}/communityGalleries/p-1/images/w/versions/2.0.0?{OF_GALLERY}",
                f"{LOCATION}/communityGalleries/p-1/images/w?{OF_GALLERY}",
            ],
            id="community",
        ),
    ],
)
def test_an_image_is_looked_up_at_its_own_url(image: Image, urls: list[str]) -> None:
    client, script = azure(*[answer(200, {})] * len(urls))
    assert client.look_up(image, "westeurope").state is ImageState.FOUND
    assert [sent.url for sent in script.sent] == urls


@pytest.mark.parametrize(
    "image", [vhd("https://a/x"), Image(kind=ImageKind.COMMUNITY_GALLERY, reference="/CommunityGalleries/g")], ids=str
)
def test_an_image_that_nobody_can_look_up_is_not_requested(image: Image) -> None:
    client, script = azure()
    assert client.look_up(image, "westeurope") == ImageFacts(state=ImageState.UNKNOWABLE)
    assert client.list_versions(image, "westeurope") == ()
    assert script.sent == []


@pytest.mark.parametrize(
    ("replies", "state"),
    [
        pytest.param([error(404, "PlatformImageNotFound")], ImageState.MISSING, id="missing"),
        pytest.param([error(403, "AuthorizationFailed")], ImageState.DENIED, id="no-right"),
        pytest.param(
            [error(401, "InvalidAuthenticationTokenTenant")] * 2, ImageState.OTHER_TENANT, id="another-tenant"
        ),
        pytest.param([error(400, "InvalidParameter")], ImageState.UNKNOWABLE, id="rejected"),
    ],
)
@pytest.mark.parametrize("image", [NEW, VERSION, SHARED, COMMUNITY, resource(MANAGED)], ids=lambda image: image.kind)
def test_an_image_that_is_not_found(image: Image, replies: list[Any], state: ImageState) -> None:
    assert azure(*replies)[0].look_up(image, "westeurope") == ImageFacts(state=state)


AGAIN = [error(429, "TooMany"), error(500, "Oops"), DROPPED]


@pytest.mark.parametrize("reply", AGAIN, ids=["429", "500", "dropped"])
@pytest.mark.parametrize("before", [[], [answer(200, {})]], ids=["version", "definition"])
def test_an_image_that_may_be_there_is_asked_for_again(before: list[Any], reply: Any) -> None:
    with pytest.raises(AzureError):
        azure(*before, reply)[0].look_up(VERSION, "westeurope")


PLAN = {"name": "n", "publisher": "p", "product": "o"}


@pytest.mark.parametrize(
    ("properties", "facts"),
    [
        pytest.param({}, {"traits": Traits(plan="")}, id="nothing"),
        pytest.param(
            {
                "hyperVGeneration": "V2",
                "architecture": "Arm64",
                "osDiskImage": {"operatingSystem": "Linux"},
                "plan": PLAN,
                "imageDeprecationStatus": {"imageState": "Active"},
            },
            {"traits": Traits(os="Linux", generation="V2", architecture="Arm64", plan="p:o:n")},
            id="traits",
        ),
        pytest.param(
            {
                "imageDeprecationStatus": {
                    "imageState": "ScheduledForDeprecation",
                    "scheduledDeprecationTime": "2027-01-01",
                }
            },
            {"traits": Traits(plan=""), "deprecation_date": "2027-01-01"},
            id="scheduled",
        ),
        pytest.param(
            {"imageDeprecationStatus": {"imageState": "Deprecated"}},
            {"traits": Traits(plan=""), "deprecated": True},
            id="deprecated",
        ),
        pytest.param(
            {"imageDeprecationStatus": [], "osDiskImage": "x", "plan": 1}, {"traits": Traits(plan="")}, id="odd"
        ),
    ],
)
def test_facts_of_a_platform_image(properties: dict[str, Any], facts: dict[str, Any]) -> None:
    found = azure(answer(200, {"properties": properties}))[0].look_up(NEW, "westeurope")
    assert found == ImageFacts(state=ImageState.FOUND, **facts)


def test_facts_of_a_managed_image() -> None:
    properties = {"hyperVGeneration": "V2", "storageProfile": {"osDisk": {"osType": "Windows"}}}
    found = azure(answer(200, {"properties": properties}))[0].look_up(resource(MANAGED), "westeurope")
    assert found == ImageFacts(state=ImageState.FOUND, traits=Traits(os="Windows", generation="V2"))


@pytest.mark.parametrize("image", [VERSION, SHARED, COMMUNITY], ids=lambda image: image.kind)
@pytest.mark.parametrize(
    ("definition", "traits"),
    [
        pytest.param(
            answer(200, {"properties": {"osType": "Linux"}}),
            Traits(os="Linux", plan=""),
            id="what-is-not-said",
        ),
        pytest.param(
            answer(
                200,
                {
                    "properties": {
                        "osType": "Linux",
                        "hyperVGeneration": "V2",
                        "architecture": "Arm64",
                        "purchasePlan": PLAN,
                    }
                },
            ),
            Traits(os="Linux", generation="V2", architecture="Arm64", plan="p:o:n"),
            id="said",
        ),
        pytest.param(error(403, "AuthorizationFailed"), Traits(), id="no-right"),
        pytest.param(error(404, "NotFound"), Traits(), id="missing"),
    ],
)
def test_traits_are_those_of_the_definition(image: Image, definition: Any, traits: Traits) -> None:
    found = azure(answer(200, {}), definition)[0].look_up(image, "westeurope")
    assert (found.state, found.traits) == (ImageState.FOUND, traits)


FEATURES = [
    {"name": "SecurityType", "value": "TrustedLaunchSupported"},
    {"name": "DiskControllerTypes", "value": "SCSI"},
]
LISTED = (("SecurityType", "TrustedLaunchSupported"), ("DiskControllerTypes", "SCSI"))
DISKS = [{"lun": 0}, {"lun": 3}, {"lun": "4"}, {}]


@pytest.mark.parametrize("image", [VERSION, SHARED, COMMUNITY], ids=lambda image: image.kind)
@pytest.mark.parametrize(
    ("storage", "size", "luns"),
    [
        pytest.param(
            {"osDiskImage": {"sizeInGB": 64}, "dataDiskImages": DISKS}, 64, frozenset({0, 3}), id="of-a-gallery"
        ),
        pytest.param({"osDiskImage": {"diskSizeGB": 64}, "dataDiskImages": []}, 64, frozenset(), id="as-shared"),
        pytest.param({"osDiskImage": "x", "dataDiskImages": None}, None, None, id="odd"),
        pytest.param(None, None, None, id="not-shown"),
    ],
)
def test_a_gallery_image_shows_its_traits(image: Image, storage: Any, size: int | None, luns: Any) -> None:
    definition = answer(200, {"properties": {"osState": "Specialized", "features": FEATURES}})
    replies = answer(200, {"properties": {"storageProfile": storage}}), definition
    traits = azure(*replies)[0].look_up(image, "westeurope").traits
    assert (traits.os_state, traits.features) == ("Specialized", LISTED)
    assert (traits.disk_size, traits.data_luns) == (size, luns)


def test_a_managed_image_shows_its_traits() -> None:
    storage = {"osDisk": {"osState": "Generalized", "diskSizeGB": 128}, "dataDisks": DISKS}
    traits = azure(answer(200, {"properties": {"storageProfile": storage}}))[0].look_up(resource(MANAGED), "we").traits
    assert traits == Traits(os_state="Generalized", disk_size=128, data_luns=frozenset({0, 3}))


@pytest.mark.parametrize(
    ("disk", "size"),
    [
        pytest.param({"sizeInBytes": 32213303808, "sizeInGb": 31}, 30, id="30-gb-and-a-footer"),
        pytest.param({"sizeInBytes": 136367309312}, 127, id="in-bytes"),
        pytest.param({"sizeInGb": 31}, 30, id="in-gb-with-the-footer"),
        pytest.param({}, None, id="not-shown"),
    ],
)
def test_a_platform_image_shows_its_traits(disk: dict[str, int], size: int | None) -> None:
    properties = {"osDiskImage": disk, "dataDiskImages": [{"lun": 1}], "features": FEATURES}
    traits = azure(answer(200, {"properties": properties}))[0].look_up(NEW, "westeurope").traits
    assert (traits.disk_size, traits.data_luns, traits.features) == (size, frozenset({1}), LISTED)


@pytest.mark.parametrize("features", [None, "x", {}], ids=repr)
def test_features_that_are_not_listed_are_not_known(features: Any) -> None:
    traits = azure(answer(200, {"properties": {"features": features}}))[0].look_up(NEW, "westeurope").traits
    assert traits.features is None


def version(*regions: Any, state: str = "Succeeded", status: Any = None, **profile: Any) -> dict[str, Any]:
    targets = [region if isinstance(region, dict) else {"name": region} for region in regions]
    summary = {} if status is None else {"replicationStatus": {"aggregatedState": "InProgress", "summary": status}}
    return {"publishingProfile": {"targetRegions": targets, **profile}, "provisioningState": state, **summary}


def in_region(state: str, progress: Any = None, region: str = "West Europe") -> dict[str, Any]:
    return {"region": region, "state": state, "progress": progress}


@pytest.mark.parametrize(
    ("properties", "replication", "progress"),
    [
        pytest.param(
            version("West Europe", status=[in_region("Completed", 100)]), Replication.COMPLETED, 100, id="completed"
        ),
        pytest.param(
            version("westeurope", status=[in_region("Completed", 100, "East US"), in_region("Replicating", 40)]),
            Replication.REPLICATING,
            40,
            id="replicating-here",
        ),
        pytest.param(version("WestEurope", status=[in_region("Failed", 10)]), Replication.FAILED, 10, id="failed"),
        pytest.param(version("West Europe", status=[in_region("Unknown")]), Replication.UNKNOWN, 0, id="unknown"),
        pytest.param(
            version("West Europe", status=[in_region("Replicating", "40")]), Replication.REPLICATING, 0, id="odd"
        ),
        pytest.param(version("East US"), Replication.NOT_ASKED_FOR, 0, id="elsewhere"),
        pytest.param(
            version("East US", status=[in_region("Completed", 100)]), Replication.NOT_ASKED_FOR, 0, id="no-longer-here"
        ),
        pytest.param(version("West Europe"), Replication.COMPLETED, 100, id="no-status-succeeded"),
        pytest.param(
            version("West Europe", status=[in_region("Completed", 100, "East US")]),
            Replication.REPLICATING,
            0,
            id="no-status-of-this-region-but-of-all",
        ),
        pytest.param(version("West Europe", state="Updating"), Replication.REPLICATING, 0, id="no-status-updating"),
        pytest.param(version("West Europe", state="Creating"), Replication.REPLICATING, 0, id="no-status-creating"),
        pytest.param(version("West Europe", state="Failed"), Replication.FAILED, 0, id="no-status-failed"),
        pytest.param(version("West Europe", state="Deleting"), Replication.UNKNOWN, 0, id="no-status-deleting"),
        pytest.param(version(), Replication.UNKNOWN, 0, id="no-regions"),
        pytest.param({"publishingProfile": [], "replicationStatus": 1}, Replication.UNKNOWN, 0, id="odd-types"),
    ],
)
def test_replication(properties: dict[str, Any], replication: Replication, progress: int) -> None:
    found = azure(answer(200, {"properties": properties}), answer(200, {}))[0].look_up(VERSION, "westeurope")
    assert (found.replication, found.progress) == (replication, progress)


def test_whether_an_end_of_life_is_past() -> None:
    for date, is_past in (
        ("2020-01-01", True),
        ("2020-01-01T00:00:00.0000000+00:00", True),
        ("9999-01-01", False),
        ("soon", False),
    ):
        replies = [answer(200, {"properties": version("West Europe", endOfLifeDate=date)}), answer(200, {})]
        assert azure(*replies)[0].look_up(VERSION, "westeurope").past_end_of_life is is_past


def test_end_of_life() -> None:
    replies = [answer(200, {"properties": version("West Europe", endOfLifeDate="2027-01-01")}), answer(200, {})]
    assert azure(*replies)[0].look_up(VERSION, "westeurope").end_of_life == "2027-01-01"
    replies = [answer(200, {"properties": {"endOfLifeDate": "2027-02-02"}}), answer(200, {})]
    assert azure(*replies)[0].look_up(SHARED, "westeurope").end_of_life == "2027-02-02"
    of_all = answer(200, {"properties": {"endOfLifeDate": "2020-03-03"}})
    for image in (VERSION, SHARED):
        facts = azure(answer(200, {"properties": version("West Europe")}), of_all)[0].look_up(image, "westeurope")
        assert (facts.end_of_life, facts.past_end_of_life) == ("2020-03-03", True)


# -- VM sizes ----------------------------------------------------------------------------------------------------------


def offered(name: str, kind: str = "virtualMachines", **abilities: str) -> dict[str, Any]:
    named = [{"name": each, "value": value} for each, value in abilities.items()]
    return {"resourceType": kind, "name": name, "capabilities": named}


ABILITIES = {
    "HyperVGenerations": "V1,V2",
    "CpuArchitectureType": "x64",
    "DiskControllerTypes": "SCSI, NVMe",
    "vCPUs": "4",
}
ABLE = VmSize(generations=frozenset({"V1", "V2"}), architecture="x64", controllers=frozenset({"SCSI", "NVMe"}))


@pytest.mark.parametrize(
    ("items", "size"),
    [
        pytest.param([offered("Other"), offered("Standard_D4S_v6", **ABILITIES)], ABLE, id="whatever-its-case"),
        pytest.param([offered("Standard_D4s_v6")], VmSize(), id="without-abilities"),
        pytest.param([{"resourceType": "virtualMachines", "name": "Standard_D4s_v6", "capabilities": "x"}], VmSize()),
        pytest.param([offered("Standard_D4s_v6", "disks", **ABILITIES)], None, id="something-else-of-that-name"),
        pytest.param([], None, id="not-offered"),
    ],
)
def test_a_vm_size(items: list[dict[str, Any]], size: VmSize | None) -> None:
    client, script = azure(answer(200, {"value": items}))
    assert client.read_size("Standard_D4s_v6", "westeurope") == size
    assert script.sent[0].path == "/subscriptions/sub/providers/Microsoft.Compute/skus"
    assert script.sent[0].query["$filter"] == ["location eq 'westeurope'"]


@pytest.mark.parametrize("reply", [error(403, "AuthorizationFailed"), error(404, "NotFound"), error(501, "NotThere")])
def test_sizes_that_may_not_be_read_are_not_known(reply: Any) -> None:
    assert azure(reply)[0].read_size("S", "westeurope") is None


def test_sizes_are_asked_for_again_where_that_can_help() -> None:
    with pytest.raises(AzureError):
        azure(error(429, "TooManyRequests"))[0].read_size("S", "westeurope")


# -- versions --------------------------------------------------------------------------------------------------------


def listed(*properties: dict[str, Any]) -> Any:
    return answer(200, {"value": [{"name": str(n), "properties": each} for n, each in enumerate(properties)]})


def test_versions_of_a_platform_image_are_a_bare_array() -> None:
    client, script = azure(answer(200, [{"name": "1.0.0"}, "odd", {"id": "nameless"}, {"name": "2.0.0"}]))
    assert client.list_versions(NEW, "westeurope") == (ImageVersion(name="1.0.0"), ImageVersion(name="2.0.0"))
    assert script.sent[0].url == f"{VERSIONS}/22_04-lts/versions?api-version={API_VERSION}"


@pytest.mark.parametrize(
    ("properties", "may_be_latest"),
    [
        pytest.param(version("West Europe", excludeFromLatest=False), True, id="here"),
        pytest.param(version("East US"), False, id="elsewhere"),
        pytest.param(version("West Europe", excludeFromLatest=True), False, id="excluded"),
        pytest.param(version({"name": "westeurope", "excludeFromLatest": True}), False, id="excluded-here"),
        pytest.param(
            version("West Europe", {"name": "East US", "excludeFromLatest": True}), True, id="excluded-elsewhere"
        ),
        pytest.param(version("West Europe", state="Creating"), False, id="creating"),
        pytest.param(version("West Europe", state="Failed"), True, id="failed-perhaps-elsewhere"),
        pytest.param(version("West Europe", state="Updating"), True, id="updating"),
        pytest.param(version("West Europe", state="Deleting"), False, id="deleting"),
        pytest.param({}, True, id="not-said"),
        pytest.param({"excludeFromLatest": True}, False, id="excluded-as-shared"),
        pytest.param({"publishingProfile": [], "provisioningState": None}, True, id="odd"),
    ],
)
def test_a_gallery_version_may_be_latest_in_its_region(properties: dict[str, Any], may_be_latest: bool) -> None:
    (found,) = azure(listed(properties))[0].list_versions(VERSION, "westeurope")
    assert found == ImageVersion(name="0", may_be_latest=may_be_latest)


@pytest.mark.parametrize(
    ("image", "url"),
    [
        pytest.param(VERSION, f"{HERE}{GALLERY}/versions?{OF_GALLERY}", id="gallery"),
        pytest.param(resource(GALLERY), f"{HERE}{GALLERY}/versions?{OF_GALLERY}", id="definition"),
        pytest.param(SHARED, f"{LOCATION}/sharedGalleries/uni%20que/images/w/versions?{OF_GALLERY}", id="shared"),
        pytest.param(COMMUNITY, f"{LOCATION}/communityGalleries/p-1/images/w/versions?{OF_GALLERY}", id="community"),
    ],
)
def test_versions_are_listed_at_the_definitions_url(image: Image, url: str) -> None:
    link = f"{HERE}/further?{OF_GALLERY}"
    client, script = azure(answer(200, {"value": [{"name": "1"}], "nextLink": link}), listed({}))
    assert [each.name for each in client.list_versions(image, "westeurope")] == ["1", "0"]
    assert [sent.url for sent in script.sent] == [url, link]


@pytest.mark.parametrize(
    ("image", "url"),
    [
        pytest.param(VERSION, f"{HERE}{GALLERY.removesuffix('/web')}?{OF_GALLERY}", id="gallery"),
        pytest.param(SHARED, f"{LOCATION}/sharedGalleries/uni%20que/images?{OF_GALLERY}", id="shared"),
        pytest.param(COMMUNITY, f"{LOCATION}/communityGalleries/p-1/images?{OF_GALLERY}", id="community"),
    ],
)
def test_definitions_are_listed_at_the_gallerys_url(image: Image, url: str) -> None:
    client, script = azure(answer(200, {"value": [{"name": "web"}, {"id": 1}, {"name": "api"}]}))
    assert client.list_definitions(image, "westeurope") == ("web", "api")
    assert [sent.url for sent in script.sent] == [url]


@pytest.mark.parametrize("image", [NEW, resource(MANAGED), vhd("https://a/x")], ids=lambda image: image.kind)
def test_an_image_in_no_gallery_has_no_definitions(image: Image) -> None:
    client, script = azure()
    assert (client.list_definitions(image, "westeurope"), script.sent) == ((), [])


@pytest.mark.parametrize("first", [listed(), error(404, "NotFound")], ids=["empty", "missing"])
def test_a_gallery_without_direct_shares_is_read_as_the_tenants(first: Any) -> None:
    client, script = azure(first, listed({}))
    assert client.list_versions(SHARED, "westeurope") == (ImageVersion(name="0"),)
    assert script.sent[1].url == f"{script.sent[0].url}&sharedTo=tenant"


@pytest.mark.parametrize("image", [NEW, VERSION, SHARED, COMMUNITY], ids=lambda image: image.kind)
@pytest.mark.parametrize(
    ("reply", "trouble"),
    [(error(403, "AuthorizationFailed"), Trouble.DENIED), (error(429, "TooMany"), Trouble.THROTTLED)],
    ids=["denied", "throttled"],
)
def test_versions_that_cannot_be_listed(image: Image, reply: Any, trouble: Trouble) -> None:
    with pytest.raises(AzureError) as refused:
        azure(reply)[0].list_versions(image, "westeurope")
    assert refused.value.trouble is trouble
