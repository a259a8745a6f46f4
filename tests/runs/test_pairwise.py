"""Every image with every placement, with all strategies and health signals among them, rolled out on the simulator.

The table has all pairs of image and placement, and all useful pairs of placement and strategy. The simulated Azure's
own state and request log show the result.
"""

from __future__ import annotations

import json
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from harness.playing import Played, play

COMPUTE = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/images/providers/Microsoft.Compute"
GALLERY = f"{COMPUTE}/galleries/golden/images/web"
SHARED = "/SharedGalleries/unique-1/Images/web"
COMMUNITY = "/CommunityGalleries/golden-1/Images/web"
VHDS = "https://golden.blob.core.windows.net/images"

# kind -> (the existing images, the model's image, the action's inputs, the final image of the instances)
IMAGES: dict[str, tuple[list[dict[str, Any]], dict[str, str], dict[str, str], str]] = {
    "platform": ([], {}, {"image-version": "22.04.202611010"}, "22.04.202611010"),
    "platform-latest": ([], {}, {"image-version": "latest"}, "22.04.202611010"),
    "managed": (
        [{"id": f"{COMPUTE}/images/web-1"}, {"id": f"{COMPUTE}/images/web-2"}],
        {"id": f"{COMPUTE}/images/web-1"},
        {"image-id": f"{COMPUTE}/images/web-2"},
        f"{COMPUTE}/images/web-2",
    ),
    "gallery": (
        [{"id": GALLERY, "versions": ["1.9.0", "1.10.0"]}],
        {"id": f"{GALLERY}/versions/1.9.0"},
        {"image-id": f"{GALLERY}/versions/1.10.0"},
        f"{GALLERY}/versions/1.10.0",
    ),
    "gallery-latest": (
        [{"id": GALLERY, "versions": ["1.9.0", "1.10.0"]}],
        {"id": f"{GALLERY}/versions/1.9.0"},
        {"image-id": GALLERY},
        f"{GALLERY}/versions/1.10.0",
    ),
    "shared": (
        [{"id": SHARED, "versions": ["1.9.0", "1.10.0"]}],
        {"sharedGalleryImageId": f"{SHARED}/Versions/1.9.0"},
        {"image-id": f"{SHARED}/Versions/1.10.0"},
        f"{SHARED}/Versions/1.10.0",
    ),
    "community-latest": (
        [{"id": COMMUNITY, "versions": ["1.9.0", "1.10.0"]}],
        {"communityGalleryImageId": f"{COMMUNITY}/Versions/1.9.0"},
        {"image-id": COMMUNITY},
        f"{COMMUNITY}/versions/1.10.0",
    ),
    "vhd": ([], {"uri": f"{VHDS}/web-1.vhd"}, {"image-uri": f"{VHDS}/web-2.vhd"}, f"{VHDS}/web-2.vhd"),
}
# placement -> (the fleet of six or eight, the useful strategies)
PLACEMENTS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "update-domains": ({"update_domains": [2, 2, 2]}, ("auto", "update-domain", "fault-domain", "batch")),
    "no-domains": ({"update_domains": [6], "fault_domains": 1}, ("auto", "batch")),
    "zones": ({"update_domains": [2], "zones": ["1", "2", "3"], "fault_domains": 1}, ("zone", "auto", "batch")),
    "placement-groups": (
        {"update_domains": [2, 2], "placement_groups": 2},
        ("update-domain", "batch", "fault-domain", "auto"),
    ),
    "flexible": ({"update_domains": [6], "orchestration": "Flexible"}, ("batch", "auto")),
    "flexible-zones": (
        {"update_domains": [2], "zones": ["1", "2", "3"], "orchestration": "Flexible"},
        ("auto", "zone", "batch"),
    ),
}
GROUPED_BY = {"update-domain": "update_domain", "fault-domain": "fault_domain", "zone": "zone"}


def combinations() -> list[Any]:
    """Return a row for each image and placement; strategies and health signals take turns."""
    strategies = {placement: cycle(fitting) for placement, (_, fitting) in PLACEMENTS.items()}
    signals = cycle(("extension", "probe", "extension", "none", "extension"))
    rows = []
    for image in IMAGES:
        for placement, (fleet, _) in PLACEMENTS.items():
            is_flexible = "orchestration" in fleet
            if image == "vhd" and is_flexible:  # a Flexible set cannot have unmanaged disks
                continue
            strategy, signal = next(strategies[placement]), next(signals)
            signal = "extension" if is_flexible and signal == "probe" else signal
            name = f"{image}-{placement}-{strategy}-{signal}"
            # one of five has every image and every placement; the rest is in the sample of the sweeps
            marks = [pytest.mark.sweep] if len(rows) % 5 else []
            rows.append(pytest.param(image, placement, strategy, signal, id=name, marks=marks))
    return rows


def test_the_table_has_every_strategy_and_signal_everywhere_it_fits() -> None:
    rows = [row.values for row in combinations()]
    assert len(rows) == 46
    assert {(row[1], row[2]) for row in rows} == {(p, s) for p, (_, fitting) in PLACEMENTS.items() for s in fitting}
    assert {row[3] for row in rows} == {"extension", "probe", "none"}


@pytest.mark.parametrize(("image", "placement", "strategy", "signal"), combinations())
def test_a_combination_is_rolled(image: str, placement: str, strategy: str, signal: str, tmp_path: Path) -> None:
    there, of_the_model, inputs, exact = IMAGES[image]
    fleet = {**PLACEMENTS[placement][0], "health": signal, **({"image": of_the_model} if of_the_model else {})}
    scenario: dict[str, Any] = {
        "inputs": {**inputs, "strategy": strategy, "bake-time": "20s"},
        "fleet": fleet,
        "timing": {"upgrade_seconds": [10, 30], "healthy_after_seconds": [3, 10]},
        **({"images": there} if there else {}),
    }
    played = play(scenario, tmp_path)
    assert (played.exit_code, played.outputs["outcome"]) == (0, "succeeded"), played.log
    states = played.azure.instances()
    assert {state.image_version.lower() for state in states} == {exact.lower()}
    assert {state.upgrades for state in states} == {1}
    assert played.azure.lowest_available() >= -(-len(states) // 2)
    _assert_writes(played)
    _assert_batches(played, strategy)
    assert [request.path for request in played.azure.requests if request.status in (429, 501)] == []
    if "orchestration" in fleet:
        asked = [request.path.lower() for request in played.azure.requests]
        assert not [path for path in asked if path.endswith((f"{_set_name(played)}/instanceview", "/virtualmachines/"))]


def _assert_writes(played: Played) -> None:
    """Check that the model is written once, with only its storage profile, and then instances by their ids,
    never all.
    """
    patch, *upgrades = played.writes
    assert patch.method == "PATCH"
    properties = json.loads(patch.body)["properties"]
    assert list(properties) == ["virtualMachineProfile"]
    assert list(properties["virtualMachineProfile"]) == ["storageProfile"]
    assert {request.path.rsplit("/", 1)[1].lower() for request in upgrades} == {"manualupgrade"}
    assert "*" not in [id_ for ids in played.upgrade_calls for id_ in ids]


def _assert_batches(played: Played, strategy: str) -> None:
    states = {state.instance_id: state for state in played.azure.instances()}
    shows = {name for name in ("update_domain", "zone") if any(getattr(s, name) is not None for s in states.values())}
    by = GROUPED_BY.get(strategy, "")
    if strategy == "auto" and shows:
        by = "update_domain" if "update_domain" in shows else "zone"
    size = 2 if by in ("update_domain",) else max(1, len(states) // 5)
    for ids in played.upgrade_calls:
        assert 1 <= len(ids) <= size
        if by:
            assert len({(getattr(states[id_], by), states[id_].placement_group) for id_ in ids}) == 1


def _set_name(played: Played) -> str:
    return played.azure.coordinates["scale_set"].lower()
