"""Missing or broken data are reported, and the tables count the findings of the replay."""

from functools import cache
from pathlib import Path

import pytest

import contract
import print_tables
from contract import NoRecording, contract_dir, load_recording, needed_contract_dir, recording_names
from replaying import Outcome, replay
from table import as_markdown, by_operation, page_summary, page_table, summary

FINE = '{"source": {}, "interactions": []}'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder for data, in which `recordings/` is empty."""
    (tmp_path / "recordings").mkdir()
    monkeypatch.setenv("AZURE_CONTRACT_DIR", str(tmp_path))
    monkeypatch.delenv("AZURE_CONTRACT_REQUIRED", raising=False)
    load_recording.cache_clear()
    return tmp_path


def test_a_folder_without_a_recording_is_no_data(folder: Path) -> None:
    (folder / "recordings" / "README.md").touch()
    assert contract_dir() is None
    assert recording_names() == []
    with pytest.raises(pytest.skip.Exception, match=str(folder)):
        needed_contract_dir()
    (folder / "recordings" / "one.json").write_text(FINE)
    assert contract_dir() == folder
    assert recording_names() == ["one"]


def test_required_data_must_exist(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_CONTRACT_REQUIRED", "1")
    with pytest.raises(pytest.fail.Exception, match=r"holds no \*\.json; AZURE_CONTRACT_DIR names"):
        needed_contract_dir()


def test_an_empty_name_of_the_folder_is_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "recordings" / "one.json").write_text(FINE)
    monkeypatch.setenv("AZURE_CONTRACT_DIR", "")
    monkeypatch.setattr(contract, "_BESIDE", folder)
    assert contract_dir() == folder


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "Expecting"),
        ("[]", "list indices"),
        ('{"interactions": []}', "it has no 'source'"),
        ('{"source": {}}', "it has no 'interactions'"),
        ('{"source": {}, "interactions": [{"request": {}, "response": {}}]}', "it has no 'method'"),
    ],
)
def test_a_file_that_is_not_a_recording_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, why: str
) -> None:
    (folder / "recordings" / "bad.json").write_text(text)
    with pytest.raises(NoRecording, match=rf"{folder}/recordings/bad\.json: is no recording: .*{why}"):
        load_recording("bad")
    assert print_tables.main([]) == 1
    assert "bad.json" in capsys.readouterr().err


def test_no_table_without_data(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert print_tables.main([]) == 1
    # If neither variable is set, the data are optional, and there is only a message.
    monkeypatch.setenv("AZURE_CONTRACT_DIR", "")
    monkeypatch.setattr(contract, "_BESIDE", folder)
    assert print_tables.main([]) == 0
    monkeypatch.setenv("AZURE_CONTRACT_REQUIRED", "1")
    assert print_tables.main([]) == 1
    printed = capsys.readouterr()
    assert printed.err.count("holds no *.json") == 3
    assert printed.out == ""


# --- counts in the tables ----


def outcome(operation: str, *, simulated: bool = True, injected: bool = False, differs: bool = False) -> Outcome:
    return Outcome("one", 0, operation, operation != "other", simulated, injected, ("status",) if differs else ())


def test_a_table_counts_the_outcomes() -> None:
    outcomes = [
        outcome("set: get"),
        outcome("set: get", differs=True),
        outcome("set: get", injected=True),
        outcome("manualupgrade", simulated=False),
        outcome("other", simulated=False),
        outcome("other", differs=True),
    ]
    assert as_markdown(by_operation(outcomes)).splitlines()[2:] == [
        "| set: get | 3 | 2 | 1 | 1 | 0 | 66.7% |",
        "| manualupgrade | 1 | 0 | 0 | 0 | 1 | 0.0% |",
        "| all of them | 4 | 2 | 1 | 1 | 1 | 50.0% |",
    ]
    assert summary(outcomes) == (
        "Without the injected errors, 1 of 3 match (33.3%).\n"
        "The simulator does not cover 2 of all 6 recorded requests; `make conformance` lists them."
    )


@cache
def replayed() -> list[Outcome]:
    needed_contract_dir()
    return [found for name in recording_names() for found in replay(load_recording(name))]


def test_the_page_shows_this_summary() -> None:
    """This holds for the recordings from which its table was made."""
    if page_table() != as_markdown(by_operation(replayed())):
        pytest.skip("these are not the recordings of docs/simulator.md")
    assert page_summary() == summary(replayed())
