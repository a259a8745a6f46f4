"""lying_azure/: an Azure that lies a little, a file for each way; the letter is the kind of fault that it stands for.

Each is played through the whole action. How it must end stands in the tests of the kinds; that it can be played at all,
and ends as an outcome and no crash, stands here.
"""

from pathlib import Path

import pytest

from azure_simulator import load_scenario
from harness.playing import play

FOLDER = Path(__file__).parent / "lying_azure"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yml"))
KINDS = "abcdehijklm"


def test_every_kind_that_azure_causes_has_a_file() -> None:
    assert {name[0] for name in NAMES} == set(KINDS)


@pytest.mark.parametrize("name", NAMES)
def test_it_can_be_played_to_an_end(name: str, tmp_path: Path) -> None:
    scenario = load_scenario(str(FOLDER / f"{name}.yml"))
    assert scenario.description.endswith(".")
    played = play(scenario, tmp_path)
    assert played.outputs["outcome"]
    assert (played.exit_code == 0) is (played.outputs["outcome"] == "succeeded")
    assert "NotSimulated" not in played.log
    assert "Traceback" not in played.log
