"""Every row of docs/strategies.md "Coming from vmssupgrade or vmsseditor", played against the simulator."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from harness.playing import Played, play
from harness.scenarios import NEW_MODEL, OLD, fleet_of

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "strategies.md").read_text(encoding="utf-8")
ROWS = {
    there.strip(): dict(pair.split(": ", 1) for pair in re.findall(r"`([a-z-]+: .+?)`(?:,|\s*$)", here))
    for there, here in re.findall(
        r"^\| (.+?) \| (.+?) \|$",
        PAGE.partition("Coming from *vmssupgrade*")[2],
        re.MULTILINE,
    )[2:]
}
TEN = [2, 2, 2, 2, 2]
FLEET = fleet_of(TEN)
# a model that is newer than its instances, as after the editor's model update
BEHIND = {str(number): {"image": OLD} for number in range(10)}
AHEAD = fleet_of(TEN, fleet={"image": NEW_MODEL}, inputs={}, instances=BEHIND)
VHD = fleet_of(TEN, fleet={"image": {"uri": "https://golden.blob.core.windows.net/images/web-1.vhd"}}, inputs={})

# row -> its fleet, and the upgraded instances, call by call
EXPECTED = {
    "`vmssupgrade -n VERSION --updatedomain 1`": (FLEET, [["1", "6"]]),
    "`vmssupgrade -n VERSION --vmid 3`": (FLEET, [["3"]]),
    """`vmssupgrade -n VERSION --vmlist '["1","2","6"]'`""": (FLEET, [["1", "6"], ["2"]]),
    "`vmssupgrade --customuri URI --updatedomain 0`": (VHD, [["0", "5"]]),
    "the editor's heatmap": (AHEAD, []),
    "the editor's model update": (FLEET, []),
    "the editor's upgrade of a chosen update domain": (AHEAD, [["2", "7"]]),
    "the editor's upgrade of a chosen VM": (AHEAD, [["7"]]),
    "the editor's rolling upgrade, batch size 3, pause 60": (
        AHEAD,
        [["0", "1", "2"], ["3", "4", "5"], ["6", "7", "8"], ["9"]],
    ),
}


def test_every_row_is_tested() -> None:
    assert ROWS.keys() == EXPECTED.keys()


@pytest.mark.parametrize("there", EXPECTED)
def test_a_row_does_what_it_says(there: str, tmp_path: Path) -> None:
    fleet, calls = EXPECTED[there]
    inputs = ROWS[there]
    played = play(fleet, tmp_path, inputs=inputs)
    assert played.exit_code == 0, played.log
    assert played.upgrade_calls == calls
    if inputs.get("operation") == "status":
        assert (played.writes, "UD 4  □□  2 behind the model" in played.log) == ([], True)
    if inputs.get("operation") == "update-model":
        assert [write.method for write in played.writes] == ["PATCH"]
    if "bake-time" in inputs:
        assert_pauses(played, float(inputs["bake-time"]))


def assert_pauses(played: Played, seconds: float) -> None:
    upgrades = played.azure.upgrades
    for before, upgrade in itertools.pairwise(upgrades):
        assert upgrade.started_at - before.healthy_at >= seconds
