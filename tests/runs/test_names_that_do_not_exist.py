"""Whole runs on a scale set or an image version that does not exist: the answer names those that do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.playing import Played, play
from harness.scenarios import GALLERIES, Scenario, fleet_of
from harness.wire import altered

GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/{}/providers/Microsoft.Compute"
SETS = "GET", r"/virtualMachineScaleSets$"
NOT_FOUND = (
    "The Resource 'Microsoft.Compute/virtualMachineScaleSets/wbe' under resource group 'simulated-group' was not found."
)
PLAIN = "Check `subscription-id`, `resource-group` and `scale-set`."


def neighbours(*names: str, group: str = "simulated-group") -> Scenario:
    """Return a scenario whose group has these sets, too."""
    sets = [{"id": f"{GROUP.format(group)}/virtualMachineScaleSets/{name}", "location": "x"} for name in names]
    return fleet_of(neighbours=sets)


def last_line(played: Played) -> str:
    """Return what to do, which stands above the place of the error at the end of the log."""
    *_, remedy, place = played.log.rstrip().splitlines()
    assert place.strip().startswith("What this error means: ")
    return remedy.strip()


@pytest.mark.parametrize(
    ("scenario", "remedy"),
    [
        pytest.param(
            neighbours("web", "Api"), "Check `scale-set`: this resource group has Api, simulated-set, web.", id="others"
        ),
        pytest.param(
            neighbours("web", group="elsewhere"),
            "Check `scale-set`: this resource group has simulated-set.",
            id="not-those-of-another-group",
        ),
        pytest.param(
            neighbours(*(f"a{number:02}" for number in range(20))),
            "Check `scale-set`: this resource group has a00, a01, a02, a03, a04, a05, a06, a07, a08, a09 and 11 more.",
            id="ten-of-many",
        ),
        pytest.param(
            {**fleet_of(), "faults": [{"kind": "http", "method": SETS[0], "path": SETS[1], "status": 403}]},
            PLAIN,
            id="list-denied",
        ),
        pytest.param(
            {**fleet_of(), "faults": [{"kind": "http", "method": SETS[0], "path": SETS[1], "status": 503}]},
            PLAIN,
            id="list-fails",
        ),
    ],
)
@pytest.mark.parametrize("operation", ["upgrade", "status"])
def test_a_scale_set_that_does_not_exist_is_answered_with_others(
    scenario: Scenario, remedy: str, operation: str, tmp_path: Path
) -> None:
    played = play(scenario, tmp_path, inputs={"scale-set": "wbe", "operation": operation})
    assert played.outcome == "refused"
    assert NOT_FOUND in played.log
    assert last_line(played) == remedy
    assert played.writes == []
    assert len([r for r in played.azure.requests if r.path.endswith("/virtualMachineScaleSets")]) == 1, "one try"


@pytest.mark.parametrize(
    ("listed", "remedy"),
    [
        pytest.param(
            [],
            "Check `subscription-id` and `resource-group`: this resource group shows no scale set.",
            id="none",
        ),
        pytest.param([{"name": "WBE"}, {"name": "web"}], PLAIN, id="there-after-all"),
        pytest.param(
            [
                {"name": "::error::x"},
                {"name": "a\nb"},
                {"name": "\u202e"},
                {"name": "x" * 81},
                {"id": 1},
                {"name": "web"},
            ],
            "Check `scale-set`: this resource group has web.",
            id="hostile-names",
        ),
        pytest.param("nonsense", PLAIN, id="no-list"),
    ],
)
def test_an_odd_list_of_scale_sets_does_no_harm(listed: Any, remedy: str, tmp_path: Path) -> None:
    def alter(path: str, body: Any) -> Any:
        return {"value": listed} if path.endswith("/virtualmachinescalesets") else body

    played = play(fleet_of(), tmp_path, inputs={"scale-set": "wbe"}, interceptors=[altered(alter)])
    assert last_line(played) == remedy


@pytest.mark.parametrize(
    ("given", "code"),
    [
        pytest.param({"resource-group": "nowhere"}, "ResourceGroupNotFound", id="group"),
        pytest.param({"subscription-id": "99999999-9999-9999-9999-999999999999"}, "SubscriptionNotFound", id="other"),
    ],
)
def test_nothing_is_listed_where_the_group_does_not_exist(given: dict[str, str], code: str, tmp_path: Path) -> None:
    played = play(fleet_of(), tmp_path, inputs=given)
    assert code in played.log
    assert last_line(played) == PLAIN
    assert not [r for r in played.azure.requests if r.path.endswith("/virtualMachineScaleSets")]


UBUNTU = "Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2"
WAIT = "Correct the image inputs, or wait until the image is published or replicated to this region."
SHARED = "/SharedGalleries/44444444-4444-4444-4444-444444444444-GOLDEN/Images/web/Versions"
COMMUNITY = "/CommunityGalleries/golden-0f1e2d3c/Images/web/Versions"


@pytest.mark.parametrize(
    ("scenario", "inputs", "target", "existing"),
    [
        pytest.param(
            "happy",
            {"image-version": "22.04.9"},
            f"{UBUNTU}:22.04.9",
            "22.04.202611010, 22.04.202610010, 22.04.202609010",
            id="platform",
        ),
        pytest.param(
            "happy",
            {"image-version": "", "image": f"{UBUNTU}:22.04.9"},
            f"{UBUNTU}:22.04.9",
            "22.04.202611010, 22.04.202610010, 22.04.202609010",
            id="platform-by-one-input",
        ),
        pytest.param(
            "gallery-latest",
            {"image-id": f"{GALLERIES}/golden/images/web/versions/9.9.9"},
            f"{GALLERIES}/golden/images/web/versions/9.9.9",
            "1.1.0, 1.0.0",
            id="gallery",
        ),
        pytest.param(
            "shared-gallery", {"image-id": f"{SHARED}/9.9.9"}, f"{SHARED}/9.9.9", "1.1.0, 1.0.0", id="shared-gallery"
        ),
        pytest.param(
            "community-gallery",
            {"image-id": f"{COMMUNITY}/9.9.9"},
            f"{COMMUNITY}/9.9.9",
            "1.1.0, 1.0.0",
            id="community",
        ),
    ],
)
def test_a_version_that_does_not_exist_is_answered_with_others(
    scenario: str, inputs: dict[str, str], target: str, existing: str, tmp_path: Path
) -> None:
    played = play(scenario, tmp_path, inputs=inputs)
    assert played.outcome == "refused"
    assert f"The target image {target} does not exist in westeurope." in played.log
    assert last_line(played) == f"Versions that exist there, the newest first: {existing}. {WAIT}"
    assert played.writes == []


NO_VERSION = (
    "Correct the image inputs, replicate a version to this region, take `excludeFromLatest` off one, or name an exact "
    "version."
)


@pytest.mark.parametrize("version", ["latest", "9.9.9"])
@pytest.mark.parametrize(
    ("scenario", "image", "message", "remedy"),
    [
        pytest.param(
            "happy",
            "Canonicl:0001-com-ubuntu-server-jammy:22_04-lts-gen2",
            "Canonicl:0001-com-ubuntu-server-jammy:22_04-lts-gen2 does not exist in westeurope. Azure says: Publisher: "
            "Canonicl was not found.",
            "Correct the publisher, in `image` or `image-publisher`. To see which exist: az vm image list-publishers "
            "--location westeurope",
            id="publisher",
        ),
        pytest.param(
            "happy",
            "Canonical:jamy:22_04-lts-gen2",
            "Canonical:jamy:22_04-lts-gen2 does not exist in westeurope. Azure says: Offer: jamy was not found.",
            "Correct the offer, in `image` or `image-offer`. To see which exist: az vm image list-offers --location "
            "westeurope --publisher Canonical",
            id="offer",
        ),
        pytest.param(
            "happy",
            "Canonical:0001-com-ubuntu-server-jammy:24_04",
            "Canonical:0001-com-ubuntu-server-jammy:24_04 does not exist in westeurope. Azure says: Sku: 24_04 was not "
            "found.",
            "Correct the SKU, in `image` or `image-sku`. To see which exist: az vm image list-skus --location "
            "westeurope --publisher Canonical --offer 0001-com-ubuntu-server-jammy",
            id="sku",
        ),
        pytest.param(
            "gallery-latest",
            f"{GALLERIES}/golden/images/wbe",
            f"The image definition {GALLERIES}/golden/images/wbe does not exist.",
            "Correct the image: this gallery has web.",
            id="definition",
        ),
        pytest.param(
            "gallery-latest",
            f"{GALLERIES}/goldne/images/web",
            f"The gallery {GALLERIES}/goldne does not exist.",
            "Correct the image. To see which galleries exist: az sig list --subscription "
            "11111111-1111-1111-1111-111111111111 -g images",
            id="gallery",
        ),
        pytest.param(
            "shared-gallery",
            f"{SHARED.removesuffix('/web/Versions')}/wbe",
            f"The image definition {SHARED.removesuffix('/web/Versions')}/wbe does not exist in westeurope, or is not "
            "shared with this subscription.",
            "Correct the image: this gallery has web.",
            id="shared-definition",
        ),
        pytest.param(
            "shared-gallery",
            "/SharedGalleries/elsewhere/Images/web",
            "The gallery /SharedGalleries/elsewhere does not exist in westeurope, or is not shared with this "
            "subscription.",
            "Correct the image. To see which galleries exist: az sig list-shared --location westeurope",
            id="shared-gallery",
        ),
        pytest.param(
            "community-gallery",
            f"{COMMUNITY.removesuffix('/web/Versions')}/wbe",
            f"The image definition {COMMUNITY.removesuffix('/web/Versions')}/wbe does not exist in westeurope.",
            "Correct the image: this gallery has web.",
            id="community-definition",
        ),
        pytest.param(
            "community-gallery",
            "/CommunityGalleries/elsewhere/Images/web",
            "The gallery /CommunityGalleries/elsewhere does not exist in westeurope.",
            "Correct the image. To see which galleries exist: az sig list-community --location westeurope",
            id="community-gallery",
        ),
    ],
)
def test_a_name_without_any_version_is_answered_with_the_part_that_is_wrong(
    scenario: str, image: str, version: str, message: str, remedy: str, tmp_path: Path
) -> None:
    named = f"{image}:{version}" if ":" in image else image if version == "latest" else f"{image}/versions/{version}"
    played = play(scenario, tmp_path, inputs={"image-version": "", "image-id": "", "image": named})
    assert (played.outcome, played.writes) == ("refused", [])
    assert message in played.log, played.log
    assert last_line(played) == remedy


@pytest.mark.parametrize(
    ("faults", "remedy"),
    [
        pytest.param(
            [("/images$", 403), ("/versions$", 404)],
            "Correct the image. To see which exist: az sig image-definition list --subscription "
            "11111111-1111-1111-1111-111111111111 -g images --gallery-name golden",
            id="definitions-denied",
        ),
        pytest.param([("/versions$", 404)], NO_VERSION, id="there-after-all"),
    ],
)
def test_a_definition_whose_versions_are_not_found(faults: list[tuple[str, int]], remedy: str, tmp_path: Path) -> None:
    web = f"{GALLERIES}/golden/images/web"
    scenario = fleet_of(
        fleet={"image": {"id": f"{web}/versions/1.0.0"}},
        images=[{"id": web, "versions": ["1.0.0"]}],
        faults=[{"kind": "http", "method": "GET", "path": path, "status": status} for path, status in faults],
    )
    played = play(scenario, tmp_path, inputs={"image-version": "", "image": web})
    assert last_line(played) == remedy


@pytest.mark.parametrize("status", [403, 503])
def test_a_version_that_does_not_exist_is_answered_plainly_without_a_list(status: int, tmp_path: Path) -> None:
    fault = {"kind": "http", "method": "GET", "path": r"/versions$", "status": status}
    played = play(fleet_of(faults=[fault]), tmp_path, inputs={"image-version": "22.04.9"})
    assert last_line(played) == WAIT
    assert len([r for r in played.azure.requests if r.path.endswith("/versions")]) == 1, "one try"
