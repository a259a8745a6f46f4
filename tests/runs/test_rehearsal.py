"""`operation: rehearse`: what it reads, that it writes nothing, and that its copy goes as the real rollout does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from azure_simulator import (
    SimulatedAzure,
    Timing,
    VirtualClock,
    captured_alone,
    load_scenario,
    scenario_names,
    with_inputs,
)
from azure_simulator.bodies.truth import RequestRecord
from harness.az_output import flattened, save_az_output
from harness.playing import as_scenario
from harness.scenarios import fleet_of
from vmss_rehearsal import copying, playing
from vmss_rehearsal.files import image_after, play_files, play_or_explain
from vmss_upgrade.errors import Interrupted
from vmss_upgrade.main import run
from vmss_upgrade.rehearsal import environment, main, rehearse
from vmss_upgrade.rollout.history.events import Event

_COMPUTE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute"
SCENARIOS = ["placement-groups", "no-signal"]  # the others: test_rehearsal_over_https.py


def rehearsed(name: str, folder: Path, **inputs: str) -> tuple[int, dict[str, Any], list[RequestRecord]]:
    code, azure = rehearse(load_scenario(name), folder, inputs={"operation": "rehearse", **inputs})
    return code, json.loads((folder / "record.json").read_text()), azure.requests


def play_only(trouble: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the other troubles out."""
    real = copying.troubles_of
    monkeypatch.setattr(copying, "troubles_of", lambda *given: [t for t in real(*given) if t.name == trouble])


def test_only_reads_reach_azure(tmp_path: Path) -> None:
    code, record, requests = rehearsed("happy", tmp_path)
    assert (code, record["outcome"], record["changed"]) == (0, "rehearsed", False)
    assert {each.method for each in requests if "oauth2" not in each.path} == {"GET"}
    assert len(record["rehearsal"]["trials"]) == 9
    assert "This is a simulation" in (tmp_path / "summary.md").read_text()


@pytest.mark.sweep
def test_every_trial_has_a_page_that_says_what_it_is(tmp_path: Path) -> None:
    rehearsed("happy", tmp_path, **{"report-html": "out/rollout.html"})
    pages = {page.name: page.read_text() for page in (tmp_path / "out").iterdir()}
    assert {"rollout-undisturbed.html", "rollout-last-fails.html", "rollout-cut.html"} < pages.keys()
    assert all("A simulation, no rollout in Azure" in text for text in pages.values())


@pytest.mark.sweep
@pytest.mark.parametrize("name", ["rolling", "rolling-surge"])
def test_sets_that_azure_rolls_meet_every_trouble(name: str, tmp_path: Path) -> None:
    """With maxSurge the instances of Azure's batches are new ones, which no trouble can name."""
    code, record, _ = rehearsed(name, tmp_path)
    happens = {trial["name"]: trial["happens"] for trial in record["rehearsal"]["trials"]}
    assert (code, record["outcome"], len(happens)) == (0, "rehearsed", 9)
    assert all("halted" in happens[trouble] for trouble in ("first-fails", "last-fails", "unhealthy")), happens
    assert not any("failed" in happens[trouble] for trouble in ("throttled", "scale-out", "scale-in")), happens


@pytest.mark.nightly
@pytest.mark.parametrize("name", sorted(set(scenario_names()) - {"large", "fleet", "fleet-one-fails"}))
def test_every_scenario_can_be_rehearsed(name: str, tmp_path: Path) -> None:
    _, record, requests = rehearsed(name, tmp_path)
    assert record["outcome"] in ("rehearsed", "refused", "halted"), record["reason"]
    assert "Internal error" not in record["reason"]
    assert {each.method for each in requests if "oauth2" not in each.path} <= {"GET"}


@pytest.mark.nightly
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_rollout_goes_as_it_was_rehearsed(name: str, tmp_path: Path) -> None:
    """Azure and the copy take the same times here, so that batches, their order and the lowest count must agree."""
    timing = Timing(upgrade=(20.0, 240.0), healthy_after=(10.0, 60.0))
    alike = replace(load_scenario(name), timing=timing)
    records = []
    for operation in ("rehearse", "upgrade"):
        folder = tmp_path / operation
        folder.mkdir()
        rehearse(alike, folder, inputs={"operation": operation})
        records.append(json.loads((folder / "record.json").read_text()))
    first, real = records[0]["rehearsal"]["trials"][0], records[1]
    assert first["outcome"] == real["outcome"] == "succeeded"
    assert first["batches"] == [batch["instance_ids"] for batch in real["batches"]]
    assert first["lowest_healthy"] == real["lowest_healthy"]["count"]
    assert first["seconds"] == pytest.approx(real["duration"], rel=0.05)


@pytest.mark.parametrize(
    "name", ["happy", pytest.param("flexible", marks=pytest.mark.sweep)]
)  # more: tests/conformance
def test_files_and_api_give_the_same_table(name: str, tmp_path: Path) -> None:
    """The files have what the simulator answers when it is asked as the az CLI asks."""
    scenario = load_scenario(name)
    model, instances = save_az_output(scenario, tmp_path)
    (tmp_path / "files").mkdir()
    inputs = {**scenario.inputs, "report-path": "record.json"}
    assert play_files(model, instances, tmp_path / "files", inputs, {}) == 0
    _, record, _ = rehearsed(name, tmp_path)
    from_files = json.loads((tmp_path / "files" / "record.json").read_text())
    assert from_files["rehearsal"] == record["rehearsal"]


def test_times_of_a_record_are_said_to_be_its(tmp_path: Path) -> None:
    rehearse(load_scenario("happy"), tmp_path)
    (tmp_path / "record.json").rename(tmp_path / "earlier.json")
    _, record, _ = rehearsed("happy", tmp_path, **{"record": "earlier.json", "stop-after": "1"})
    assert record["rehearsal"]["durations"] == "the record"


def test_no_environment_variable_brings_the_simulator(tmp_path: Path) -> None:
    """Nothing makes up for what the entry point hands over."""
    clock = VirtualClock()
    azure = SimulatedAzure(load_scenario("happy"), clock)
    inputs = {"operation": "rehearse", "image-version": "22.04.202611010"}
    environ = environment(azure, tmp_path, inputs) | {"VMSS_UPGRADE_SIMULATED": "1"}
    assert run(environ, clock, transport=lambda _clock: azure.transport()) == 1
    record = json.loads((tmp_path / "record.json").read_text())
    assert (record["outcome"], record["rehearsal"]) == ("refused", None)
    assert "needs the simulator" in record["reason"]
    assert azure.requests == []


@pytest.mark.parametrize(
    ("name", "command"),
    [
        pytest.param("happy", "az vmss list-instances --resource-group", id="uniform"),
        pytest.param("flexible", "az vm list --resource-group", id="flexible"),
    ],
)
def test_a_list_without_views_is_refused_with_the_command_to_use(
    name: str, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, instances = save_az_output(load_scenario(name), tmp_path)
    listed = json.loads(instances.read_text())
    for each in listed:
        del each["properties"]["instanceView"]
    instances.write_text(json.dumps(listed))
    assert play_or_explain(model, instances, tmp_path, {}, {}) == 2
    said = capsys.readouterr().err
    assert "no instance has an instance view" in said
    assert command in said


def test_a_sentence_about_a_file_is_one_harmless_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, instances = save_az_output(load_scenario("happy"), tmp_path)
    model.write_text(json.dumps({**json.loads(model.read_text()), "id": "x\n::error::\x1b[31mfrom a file"}))
    assert play_or_explain(model, instances, tmp_path, {}, {}) == 2
    said = capsys.readouterr().err
    assert "from a file" in said
    assert said.count("\n") == 1
    assert "\x1b" not in said


def test_a_scale_set_without_instances_has_nothing_to_rehearse(tmp_path: Path) -> None:
    model, instances = save_az_output(load_scenario("happy"), tmp_path)
    instances.write_text("[]")
    play_files(model, instances, tmp_path, {"report-path": "record.json"}, {})
    assert "answer that cannot be read" not in json.loads((tmp_path / "record.json").read_text())["reason"]


@pytest.mark.parametrize("versions", ["/versions/1.0.3", "/versions/latest", ""])
def test_the_image_that_is_assumed_follows_those_of_the_instances(versions: str, tmp_path: Path) -> None:
    model, instances = save_az_output(load_scenario("happy"), tmp_path)
    image = "/subscriptions/other/resourceGroups/g/providers/Microsoft.Compute/galleries/g/images/d"
    for file, reference in ((model, {"id": image + versions}), (instances, {"id": image, "exactVersion": "1.0.3"})):
        file.write_text(json.dumps(_with_image(json.loads(file.read_text()), reference)))
    assert image_after(captured_alone(model, instances, {})) == {"image-id": f"{image}/versions/1.0.4"}


@pytest.mark.parametrize(
    "given",
    [
        {"image-version": "22.04.202612010"},
        {"image-sku": "server", "image-version": "1.2.3"},
        {"image-id": f"{_COMPUTE}/galleries/g/images/d/versions/2.0.0"},
        {"image-id": f"{_COMPUTE}/images/other"},
        {"batch-size": "3"},
    ],
)
def test_a_captured_set_gets_inputs_as_if_it_had_been_read_with_them(given: dict[str, str], tmp_path: Path) -> None:
    files = save_az_output(load_scenario("happy"), tmp_path)
    read = captured_alone(*files, given)
    assert with_inputs(captured_alone(*files, {"image-version": "9.9.9"}), given) == read
    assert with_inputs(read, {}) == captured_alone(*files, {})


def _with_image(document: Any, reference: dict[str, str]) -> Any:
    if isinstance(document, list):
        return [_with_image(each, reference) for each in document]
    if not isinstance(document, dict):
        return document
    return {
        name: reference if name == "imageReference" else _with_image(each, reference) for name, each in document.items()
    }


def test_troubles_come_before_the_rollout_stops_as_asked(tmp_path: Path) -> None:
    _, record, _ = rehearsed("happy", tmp_path, **{"stop-after": "1"})
    trials = {trial["name"]: trial for trial in record["rehearsal"]["trials"]}
    assert trials["undisturbed"]["outcome"] == "partial"
    assert "with the same inputs" in trials["undisturbed"]["remedy"]
    assert {trials[name]["outcome"] for name in ("first-fails", "last-fails", "unhealthy")} == {"halted"}


def test_not_after_is_of_today_in_every_run(tmp_path: Path) -> None:
    """The run after the cut has less time left, and refuses to begin here: there is no instance in its report."""
    model, instances = save_az_output(load_scenario("happy"), tmp_path)
    moment = datetime.now(UTC) + timedelta(minutes=14)
    inputs = {"report-path": "record.json", "not-after": moment.isoformat(timespec="seconds")}
    assert play_files(model, instances, tmp_path, inputs, {}) == 0
    trials = {each["name"]: each for each in json.loads((tmp_path / "record.json").read_text())["rehearsal"]["trials"]}
    assert (trials["undisturbed"]["outcome"], trials["last-fails"]["outcome"]) == ("partial", "halted")
    assert trials["cut"]["outcome"] == "refused"
    assert "of 0" not in (tmp_path / "summary.md").read_text()


@pytest.mark.sweep
def test_instances_that_are_evicted_after_their_upgrade_have_to_be_started(tmp_path: Path) -> None:
    _, record, _ = rehearsed("happy", tmp_path)
    lost = record["rehearsal"]["trials"][-1]
    assert lost["happens"] == "succeeded; 4 stopped after the upgrade"
    assert lost["remedy"] == "Start instances 0, 5, 10, 15: upgraded, and stopped since."


def test_an_instance_that_is_being_deleted_is_left_alone_for_good(tmp_path: Path) -> None:
    model, instances = save_az_output(load_scenario("happy"), tmp_path)
    listed = json.loads(instances.read_text())
    listed[3]["properties"]["provisioningState"] = "Deleting"
    instances.write_text(json.dumps(listed))
    assert play_files(model, instances, tmp_path, {"report-path": "record.json", "stop-after": "1"}, {}) == 0
    first = json.loads((tmp_path / "record.json").read_text())["rehearsal"]["trials"][0]
    assert "skipped" not in first["happens"]
    assert "can be upgraded" not in first["remedy"]


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        pytest.param(["--operation", "plan"], "planned", id="plan"),
        pytest.param(["--operation", "status"], "reported", id="status"),
        pytest.param(["--with", "batch-size=4 operation=plan"], "planned", id="inputs"),
    ],
)
def test_a_scenario_takes_operation_and_inputs_too(words: list[str], outcome: str, tmp_path: Path) -> None:
    assert main(["--pace", "0", "--out", str(tmp_path), *words]) == 0
    assert json.loads((tmp_path / "record.json").read_text())["outcome"] == outcome


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, instances = save_az_output(load_scenario("happy"), tmp_path)
    with pytest.raises(SystemExit):
        main(["--model", str(model), "--instances", str(instances), "--out", str(model)])
    assert "--out: " in capsys.readouterr().err


def test_a_trial_that_goes_back_names_what_failed(tmp_path: Path) -> None:
    _, record, _ = rehearsed("happy", tmp_path, **{"on-failure": "rollback", "stop-after": "1"})
    trial = record["rehearsal"]["trials"][1]
    assert trial["outcome"] == "rolled-back"
    assert "skipped" not in trial["happens"]
    assert trial["remedy"].startswith("Look into instance")


@pytest.mark.sweep
@pytest.mark.parametrize("surges", [False, True])
def test_a_set_of_several_pages_is_throttled_and_not_starved(
    surges: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One page in three was refused, so that no list of three pages was ever read to its end."""
    play_only("throttled", monkeypatch)
    policy = {"maxBatchInstancePercent": 20, "maxSurge": surges}
    model = {"properties": {"upgradePolicy": {"mode": "Rolling", "rollingUpgradePolicy": policy}}}
    large = as_scenario(fleet_of([60] * 5, {"strategy": "native", "health-timeout": "10m"}, model=model))
    rehearse(large, tmp_path, inputs={"operation": "rehearse"})
    trials = json.loads((tmp_path / "record.json").read_text())["rehearsal"]["trials"]
    assert [trial["outcome"] for trial in trials] == ["succeeded"] * 2, trials
    assert trials[1]["seconds"] > trials[0]["seconds"] + 60


def test_a_trial_says_that_the_model_went_back_alone(tmp_path: Path) -> None:
    _, record, _ = rehearsed("happy", tmp_path, **{"on-failure": "restore-model", "stop-after": "1"})
    trial = record["rehearsal"]["trials"][1]
    assert (trial["outcome"], trial["happens"][-21:]) == ("halted", "; the model went back")
    assert "or return the instances, too, with `operation: rollback`" in trial["remedy"]


def test_the_fewest_healthy_instances_are_of_as_many_as_there_were_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty are there at first, and twenty-two after the scale-out, which comes later than the fewest."""
    play_only("scale-out", monkeypatch)
    rehearsed("happy", tmp_path)
    (row,) = [line for line in (tmp_path / "summary.md").read_text().splitlines() if "autoscale adds" in line]
    assert "| 16&nbsp;of&nbsp;20 |" in row


def test_instances_that_are_not_selected_are_not_left_behind(tmp_path: Path) -> None:
    _, record, _ = rehearsed("happy", tmp_path, **{"instance-ids": "0"})
    first = record["rehearsal"]["trials"][0]
    assert (first["happens"], first["remedy"]) == ("succeeded", None)


def test_machines_of_az_vm_get_instance_view_are_taken(tmp_path: Path) -> None:
    model, instances = save_az_output(load_scenario("flexible"), tmp_path)
    machines = json.loads(instances.read_text())
    instances.write_text(json.dumps([flattened(each) for each in machines]))
    scenario = captured_alone(model, instances, {})
    assert len(scenario.scale_set.instances) == len(machines)
    assert {each.power for each in scenario.scale_set.instances} == {"running"}


def test_a_signal_ends_the_rehearsal_and_not_a_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> Iterator[Event]:
        raise Interrupted
        yield

    monkeypatch.setattr(playing, "run_rollout", interrupted)
    code, record, requests = rehearsed("happy", tmp_path)
    assert (code, record["outcome"], record["rehearsal"]) == (1, "interrupted", None)
    assert {each.method for each in requests if "oauth2" not in each.path} == {"GET"}


def test_a_rollout_that_would_be_refused_is_refused(tmp_path: Path) -> None:
    code, record, _ = rehearsed("happy", tmp_path, **{"image-version": "99.0.0"})
    assert (code, record["outcome"], record["rehearsal"]) == (1, "refused", None)


@pytest.mark.parametrize(
    ("typical", "shortest"),
    [pytest.param("1m", 60 * 5, id="a-minute"), pytest.param("10m", 600 * 4, id="ten", marks=pytest.mark.nightly)],
)
def test_the_typical_time_decides_how_long_it_takes(typical: str, shortest: float, tmp_path: Path) -> None:
    _, record, _ = rehearsed("happy", tmp_path, **{"typical-upgrade-time": typical})
    found = record["rehearsal"]
    assert shortest < found["shortest"] < found["trials"][0]["seconds"] < found["longest"] < shortest * 3
    assert found["durations"] == "the inputs"
