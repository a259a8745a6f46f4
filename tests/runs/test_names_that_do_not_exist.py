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
    """Return what to do, which is the last line of the log."""
    return played.log.rstrip().splitlines()[-1].strip()


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


@pytest.mark.parametrize("status", [403, 404, 503])
def test_a_version_that_does_not_exist_is_answered_plainly_without_a_list(status: int, tmp_path: Path) -> None:
    fault = {"kind": "http", "method": "GET", "path": r"/versions$", "status": status}
    played = play(fleet_of(faults=[fault]), tmp_path, inputs={"image-version": "22.04.9"})
    assert last_line(played) == WAIT
    assert len([r for r in played.azure.requests if r.path.endswith("/versions")]) == 1, "one try"
