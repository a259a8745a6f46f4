"""The action as the runner sees it: bad inputs, hostile text, secrets, annotations, our own bugs."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from azure_simulator import load_scenario
from harness.playing import cancelled_at, play, play_once
from harness.runner_files import read_outputs
from harness.scenarios import Scenario, fleet_of, on_instance
from vmss_upgrade.job.clock import SystemClock
from vmss_upgrade.job.progress import Stage, from_value
from vmss_upgrade.main import run
from vmss_upgrade.rehearsal import rehearse
from vmss_upgrade.reporters import console as console_module

GITHUB = {"GITHUB_ACTIONS": "true"}
HOSTILE = (
    "boom ##[add-path]x\n::error::forged\r::set-output name=outcome::succeeded\t\u001b[2J|a|<script>alert(1)</script>`"
)
SAS = "https://acc.blob.core.windows.net/vhds/new.vhd?sv=2024&sig=TOPSECRETSIGNATURE"


def failing(message: str, code: str = "OSProvisioningTimedOut", **fleet: Scenario) -> Scenario:
    fault = on_instance("provisioning-failure", code=code, message=message, operation="failed")
    return fleet_of(fleet=fleet, faults=[fault])


# -- inputs --------------------------------------------------------------------------------------------------------


def test_every_problem_is_reported_at_once_before_azure_is_asked(tmp_path: Path) -> None:
    inputs = {"stop-after": "lots", "batch-size": "none", "bake-time": "soon", "batchsize": "3"}
    played = play("happy", tmp_path, inputs=inputs, environ=GITHUB)
    assert played.exit_code == 1
    assert played.outputs["outcome"] == "refused"
    for name in inputs:
        assert re.search(rf"^::error title=Input::{name}: ", played.log, re.MULTILINE), played.log
        assert name in played.summary
    assert "Did you mean `batch-size`?" in played.log
    assert played.azure.requests == []
    assert played.record["outcome"] == "refused"


def test_the_record_is_written_and_named_relative_to_the_workspace(tmp_path: Path) -> None:
    played = play("happy", tmp_path, inputs={"report-path": "out/deep/report.json", "operation": "plan"})
    assert played.outputs["report"] == "out/deep/report.json"
    assert json.loads((tmp_path / "out/deep/report.json").read_text())["schema"] == "vmss-upgrade/record/1"


def test_a_record_that_cannot_be_written_does_not_change_the_outcome(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file where a folder is needed")
    played = play("happy", tmp_path, inputs={"report-path": "out/report.json", "operation": "plan"})
    assert (played.exit_code, played.outputs["outcome"], played.outputs["report"]) == (0, "planned", "")
    assert "Could not write the record" in played.log


def test_a_planted_link_is_not_written_through(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "record.json.part").symlink_to(victim)
    play("happy", workspace, inputs={"operation": "plan"})
    assert victim.read_text() == "mine"
    assert not (workspace / "record.json").is_symlink()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("image-uri", "https://[x/y.vhd"),
        ("batch-size", "9" * 5000),
        ("batch-size", "20%%"),
        ("timeout", "9" * 5000 + "m"),
        ("report-path", "."),
        ("client-secret", "no UTF-8: \udcff"),
        ("resource-manager-endpoint", "https://host:port"),
    ],
)
def test_odd_input_is_a_problem_of_that_input_and_not_a_bug(name: str, value: str, tmp_path: Path) -> None:
    played = play("happy", tmp_path, inputs={"image-version": "1" if name != "image-uri" else "", name: value})
    assert (played.exit_code, played.outputs["outcome"]) == (1, "refused")
    assert f"Input: {name}: " in played.log
    assert "Traceback" not in played.log
    assert played.azure.requests == []


# -- hostile text --------------------------------------------------------------------------------------------------


def test_text_from_azure_cannot_become_a_command(tmp_path: Path) -> None:
    played = play(failing(HOSTILE), tmp_path, environ=GITHUB)
    assert played.outputs["outcome"] == "halted"
    assert "boom" in played.log
    assert "##[" not in played.log
    assert "\x1b[2J" not in played.log
    assert "\r" not in played.log
    commands = {line.split("::")[1].split(" ")[0] for line in played.log.splitlines() if line.lstrip().startswith("::")}
    assert commands <= {"group", "endgroup", "error", "warning", "notice", "add-mask"}
    forged = [line for line in played.log.splitlines() if line.lstrip().startswith(("::error::forged", "::set-output"))]
    assert forged == []


def test_text_from_azure_stays_in_its_point_of_a_list(tmp_path: Path) -> None:
    summary = play(failing(HOSTILE), tmp_path).summary
    row = next(line for line in summary.splitlines() if "boom" in line and line.startswith("- "))
    assert "|" not in row
    assert "<script" not in summary
    tags = set(re.findall(r"</?([a-z]+)", summary))
    assert tags <= {"code", "br", "details", "summary"}


@pytest.mark.parametrize("where", ["log", "summary", "record", "outputs"])
def test_a_signature_in_a_uri_appears_nowhere(where: str, tmp_path: Path) -> None:
    fleet = failing(f"cannot read {SAS}", image={"uri": "https://acc.blob.core.windows.net/vhds/old.vhd"})
    played = play(fleet, tmp_path, inputs={"image-version": "", "image-uri": SAS})
    assert played.outputs["outcome"] == "halted", played.log
    text = {
        "log": played.log,
        "summary": played.summary,
        "record": json.dumps(played.record),
        "outputs": json.dumps(played.outputs),
    }[where]
    assert "new.vhd" in text
    assert "TOPSECRET" not in text
    assert "sv=2024" not in text


# -- secrets -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("debug", ["", "1"])
def test_no_secret_is_printed_unmasked(debug: str, tmp_path: Path) -> None:
    inputs = {"client-secret": "client-secret-value"} if debug else {}
    played = play(fleet_of(), tmp_path, inputs=inputs, environ={**GITHUB, "RUNNER_DEBUG": debug})
    assert played.exit_code == 0, played.log
    masked = re.findall(r"^::add-mask::(.+)$", played.log, re.MULTILINE)
    rest = re.sub(r"^::add-mask::.+$", "", played.log, flags=re.MULTILINE)
    assert masked
    everything = rest + played.summary + json.dumps(played.record) + json.dumps(played.outputs)
    for secret in [*masked, played.azure.coordinates["oidc_request_token"]]:
        assert secret not in everything
    assert not re.search(r"eyJ[\w-]{10,}\.", everything)
    assert ("::debug::GET /subscriptions/" in played.log) == bool(debug)


def test_a_secret_that_is_not_utf8_is_no_bug_of_ours(tmp_path: Path) -> None:
    environ = {**GITHUB, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "no UTF-8: \udcff"}
    played = play("happy", tmp_path, environ=environ)
    assert "Traceback" not in played.log
    assert "ACTIONS_ID_TOKEN_REQUEST_TOKEN: (in the environment) cannot be sent as a token" in played.log
    assert "::add-mask::no UTF-8: ?\n" in played.log, "it is hidden all the same"
    assert "no UTF-8" not in re.sub(r"^::add-mask::.*$", "", played.log, flags=re.MULTILINE)


@pytest.mark.parametrize("ahead", [0, 1490, 1990], ids=["plain", "where-an-annotation-is-cut", "where-a-cell-is-cut"])
def test_a_secret_that_azure_repeats_is_removed(ahead: int, tmp_path: Path) -> None:
    secret = "Zq8~Q9kLm_no.pQrStUvWxYz-0123456789"
    played = play(failing("x" * ahead + secret), tmp_path, inputs={"client-secret": secret}, environ=GITHUB)
    assert played.outputs["outcome"] == "halted"
    rest = played.log.replace(f"::add-mask::{secret}\n", "")
    written = {path.name: path.read_text() for path in tmp_path.iterdir()}
    for text in (rest, *written.values(), html.unescape(played.summary)):
        assert secret[:10] not in text
    assert "***" in played.record["failures"][0]["message"]


# -- annotations ---------------------------------------------------------------------------------------------------


def test_one_annotation_names_instance_code_message_id_and_what_is_left(tmp_path: Path) -> None:
    played = play(failing("the disk is gone"), tmp_path, environ=GITHUB)
    errors = [line for line in played.log.splitlines() if line.startswith("::error")]
    assert len(errors) == 1
    for part in (
        "Instance 1",
        "OSProvisioningTimedOut",
        "the disk is gone",
        "Correlation id ",
        "Left undone",
        "model holds the target image",
    ):
        assert part in errors[0], part


def test_groups_are_closed_and_never_nested(tmp_path: Path) -> None:
    for scenario in (fleet_of(), failing("the disk is gone")):
        depth = 0
        for line in play(scenario, tmp_path, environ=GITHUB).log.splitlines():
            depth += line.startswith("::group::") - line.startswith("::endgroup::")
            assert depth in (0, 1)
        assert depth == 0


def test_a_terminal_sees_no_commands(tmp_path: Path) -> None:
    assert "::" not in re.sub(r"\w+::?\w+", "", play(failing("the disk is gone"), tmp_path).log)


def test_everything_is_written_even_if_standard_output_is_closed(tmp_path: Path) -> None:
    """The step's standard output is closed, because its reader has gone."""
    outputs, summary = tmp_path / "outputs", tmp_path / "summary"
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": str(outputs), "GITHUB_STEP_SUMMARY": str(summary)}
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, str(Path(__file__).resolve().parents[2] / "entrypoint.py")]
    done = subprocess.run(command, env=environ, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")
    assert read_outputs(outputs.read_text())["outcome"] == "interrupted"
    assert "cancelled" in summary.read_text()


@pytest.mark.parametrize("line", ["Healthy now", "simulated-set runs"])
def test_an_output_that_closes_at_the_end_changes_no_outcome(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closing(text: str, **_: Any) -> None:
        if line in text:
            raise BrokenPipeError

    monkeypatch.setattr(console_module, "print", closing, raising=False)
    monkeypatch.setattr(console_module, "_write_to_nowhere", lambda: None)
    played = play(fleet_of(), tmp_path)
    assert (played.exit_code, played.outputs["outcome"], played.record["outcome"]) == (0, "succeeded", "succeeded")
    assert "is upgraded" in played.summary


@pytest.mark.parametrize(
    ("broken", "left"),
    [
        ("vmss_upgrade.reporters.record.as_text", {"outputs.txt", "summary.md"}),
        ("vmss_upgrade.reporters.outputs.as_outputs", {"record.json", "summary.md"}),
        ("vmss_upgrade.reporters.step_summary.as_markdown", {"record.json", "outputs.txt"}),
    ],
)
def test_a_report_that_fails_does_not_stop_the_others(
    broken: str, left: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("##[error]x")

    monkeypatch.setattr(broken, fails)
    azure_files = {"record.json", "outputs.txt", "summary.md"}
    exit_code, _ = rehearse(load_scenario("happy"), tmp_path, inputs={"operation": "plan"})
    assert exit_code == 0
    assert {name for name in azure_files if (tmp_path / name).exists()} == left


# -- the state for the post step ----------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", ["happy", "sick-domain", "deprecated"])
def test_a_finished_run_leaves_the_post_step_nothing_to_say(scenario: str) -> None:
    state = read_outputs(play_once(scenario).files["state.txt"])
    assert from_value(state["rollout"]).stage is Stage.ENDED


def test_a_cancelled_run_leaves_the_post_step_nothing_to_say(tmp_path: Path) -> None:
    state = read_outputs(play(fleet_of(), tmp_path, clock=cancelled_at(100.0)).files["state.txt"])
    assert from_value(state["rollout"]).stage is Stage.ENDED


# -- our own mistakes ----------------------------------------------------------------------------------------------


def test_a_bug_of_ours_ends_with_a_traceback_and_everything_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("##[error]bug")

    monkeypatch.setattr("vmss_upgrade.driver.preparation.plan_when_allowed", broken)
    played = play("happy", tmp_path, environ=GITHUB)
    assert (played.exit_code, played.outputs["outcome"]) == (1, "refused")
    assert "Traceback (most recent call last)" in played.log
    assert "##[" not in played.log
    assert "Please open an issue" in played.log
    assert "Internal error" in played.summary


def test_a_reporter_that_breaks_does_not_stop_the_rollout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise ValueError("cannot draw")

    monkeypatch.setattr("vmss_upgrade.reporters.heatmap.as_lines", broken)
    played = play(fleet_of(), tmp_path)
    assert (played.exit_code, played.outputs["outcome"]) == (0, "succeeded")
    assert "could not report" in played.log


def test_only_the_exit_code_is_left_outside_github(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without GitHub's files there is a log and an exit code, and no command on the terminal."""
    assert run({}, SystemClock()) == 1
    printed = capsys.readouterr().out
    assert "ERROR: Input: scale-set: is missing" in printed
    assert not re.search(r"^::", printed, re.MULTILINE)


def test_outputs_survive_a_line_that_looks_like_their_end(tmp_path: Path) -> None:
    file = tmp_path / "outputs.txt"
    from vmss_upgrade.reporters.outputs import write_outputs

    write_outputs({"outcome": "halted", "target-image": "a\nghadelimiter_x\nremaining=[]"}, str(file))
    outputs = read_outputs(file.read_text())
    assert outputs == {"outcome": "halted", "target-image": "a\nghadelimiter_x\nremaining=[]"}
