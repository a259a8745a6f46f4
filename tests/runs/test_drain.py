"""Whole runs with `drain-command`: what runs in guests, what is left there, and what an instance that fails costs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from azure_simulator import SimulatedAzure, VirtualClock
from harness.playing import Played, as_scenario, cancelled_at, captured, job_environment, play, play_job
from harness.runner_files import read_outputs
from harness.scenarios import NEW_MODEL, OLD, REPAIRS, Scenario, fleet_of, on_instance, on_request
from harness.wire import wired
from vmss_upgrade import post
from vmss_upgrade.azure_api.connection import Connector

DRAIN = {"drain-command": 'systemctl $1 "web" # TopSecretToken', "drain-timeout": "5m"}
FLEXIBLE = {"orchestration": "Flexible", "health": "extension"}
FIRST, SECOND = ["0", "2"], ["1", "3"]


def four(inputs: dict[str, str] | None = None, **more: Any) -> Scenario:
    return fleet_of((2, 2), {**DRAIN, **(inputs or {})}, **more)


def guest(instance: str = "2", argument: str = "drain", **how: Any) -> list[Scenario]:
    return [{"instance": instance, "argument": argument, **how}]


def done(played: Played) -> list[tuple[str, str]]:
    """Return instance and argument of each command that was ever started, in order."""
    return [(each.instance_id, each.argument) for each in played.azure.commands]


def on(ids: Iterable[str], argument: str) -> list[tuple[str, str]]:
    return [(id_, argument) for id_ in ids]


def left(played: Played) -> list[str]:
    """Return what is left in guests: drained instances, and run commands."""
    return [*played.azure.drained, *(f"{c.instance_id} {c.name}" for c in played.azure.commands if c.exists)]


@pytest.mark.parametrize(
    ("scenario", "names"),
    [
        pytest.param(four(), [FIRST, SECOND], id="uniform"),
        pytest.param(four(guest=guest("*", turns_unhealthy=True)), [FIRST, SECOND], id="unhealthy-meanwhile"),
        pytest.param(four(guest=guest("*", seconds=200)), [FIRST, SECOND], id="slow"),
        pytest.param(
            fleet_of([2], {**DRAIN, "batch-size": "1"}, fleet=FLEXIBLE),
            [["simulated-set_00000000"], ["simulated-set_00000001"]],
            id="flexible",
        ),
    ],
)
def test_each_batch_is_drained_before_its_upgrade(scenario: Scenario, names: list[list[str]], tmp_path: Path) -> None:
    played = play(scenario, tmp_path)
    assert (played.outcome, left(played)) == ("succeeded", []), played.log
    assert done(played) == [each for batch in names for each in on(batch, "drain")]
    writes = [each.path.rsplit("/", 1)[-1] for each in played.writes if each.method != "PATCH"]
    expected = []
    for batch in names:
        expected += [*["vmss-upgrade-drain"] * 2 * len(batch), "manualupgrade"]
    assert writes == expected, "each command is deleted before the upgrade is asked for"
    assert "TopSecretToken" not in played.log + "".join(played.files.values())


FAILING = {
    "exit-code": (
        guest(exit_code=3, output="one\ntwo\n", error="cannot stop\x1b[31m ##[error]web\n"),
        r"DrainFailed: the command ended with exit code 3: cannot stop.*## \[error\]web / one / two\. ",
    ),
    "without-a-word": (guest(exit_code=1), "the command ended with exit code 1: Execution failed"),
    "too-slow": (guest(seconds=600), "DrainFailed: the command did not end in time, without a word"),
    "never-ends": (guest(never_ends=True), "DrainFailed: the command did not end in time, without a word"),
    "silent-agent": (guest(agent_silent=True), r"Azure reported no end of the command within 10m00s: the VM agent"),
}


@pytest.mark.parametrize(("guests", "said"), FAILING.values(), ids=FAILING)
def test_a_drain_that_fails_halts_before_the_upgrade(guests: list[Scenario], said: str, tmp_path: Path) -> None:
    played = play(four(guest=guests), tmp_path)
    assert (played.outcome, left(played), played.upgrade_calls) == ("halted", [], []), played.log
    assert done(played) == [*on(FIRST, "drain"), *on(FIRST, "undrain")]
    assert re.search(said, played.log), played.log
    assert "batch 1 was not started, because it could not be drained: instance 2" in played.outputs["reason"]
    assert played.ids("failed") == ["2"] and played.bugs == []


def test_an_instance_that_stays_on_the_old_image_is_undrained(tmp_path: Path) -> None:
    played = play(four(faults=[on_instance("stays-on-old-image", "2")]), tmp_path)
    assert (played.outcome, left(played)) == ("halted", []), played.log
    assert done(played) == [*on(FIRST, "drain"), ("2", "undrain")]


def test_an_instance_whose_system_the_upgrade_keeps_is_undrained_before_it_is_judged(tmp_path: Path) -> None:
    scenario = fleet_of(
        (2, 2),
        DRAIN,
        fleet={"image": NEW_MODEL},
        inputs={**DRAIN, "operation": "upgrade-instances", "strategy": "update-domain"},
        instances={"1": {"image": OLD}, "3": {"behind": {"vm_size": "Standard_D2s_v3"}}},
        guest=guest("*", turns_unhealthy=True),
    )
    played = play(scenario, tmp_path)
    assert (played.outcome, left(played)) == ("succeeded", []), played.log
    assert done(played) == [*on(SECOND, "drain"), ("3", "undrain")]


STUCK = on_request("upgrade", nth=1, status=400, code="InvalidParameter", message="No.")
ENDINGS = {
    "refused-upgrade": ({}, [STUCK], "halted"),
    "timeout-while-draining": ({"timeout": "1m20s"}, [], "timed-out"),
    "unhealthy-outside": ({"health-timeout": "1m"}, [on_instance("fall-ill", "1", at=70)], "halted"),
}


@pytest.mark.parametrize(("inputs", "faults", "outcome"), ENDINGS.values(), ids=ENDINGS)
def test_a_drained_batch_that_is_not_upgraded_is_undrained(
    inputs: dict[str, str], faults: list[Scenario], outcome: str, tmp_path: Path
) -> None:
    played = play(four(inputs, faults=faults), tmp_path)
    assert (played.outcome, left(played)) == (outcome, []), played.log
    assert done(played)[-2:] == on(FIRST, "undrain"), played.log


def test_an_instance_that_cannot_be_undrained_is_named_with_the_command(tmp_path: Path) -> None:
    guests = [*guest("2", "drain", exit_code=1), *guest("0", "undrain", exit_code=4, error="no unit")]
    played = play(four(guest=guests), tmp_path)
    assert (played.outcome, played.azure.drained) == ("halted", ["0"]), played.log
    command = (
        "Instance 0 may still be drained: the command ended with exit code 4: no unit. With the text of "
        "`drain-command` in a file: az vmss run-command invoke --subscription 11111111-1111-1111-1111-111111111111 "
        "-g simulated-group -n simulated-set --instance-id 0 --command-id RunShellScript --scripts @drain-command.txt "
        "--parameters undrain"
    )
    assert command in played.log
    assert command.replace("`drain-command`", "<code>drain-command</code>")[:60] in played.summary


def test_a_good_rollout_that_leaves_an_instance_drained_ends_red(tmp_path: Path) -> None:
    scenario = fleet_of(
        (2, 2),
        fleet={"image": NEW_MODEL},
        inputs={**DRAIN, "operation": "upgrade-instances", "strategy": "update-domain"},
        instances={"3": {"behind": {"vm_size": "Standard_D2s_v3"}}},
        guest=guest("*", "undrain", exit_code=4),
    )
    played = play(scenario, tmp_path)
    assert (played.outcome, played.exit_code) == ("halted", 1), played.log
    assert "instances may still be drained: instance 3" in played.outputs["reason"]


def test_a_rollback_drains_healthy_instances_and_does_not_depend_on_it(tmp_path: Path) -> None:
    faults = [on_instance("comes-up-unhealthy", "3")]
    guests = [*guest("0", "drain", exit_code=0), *guest("3", "drain", exit_code=0)]
    played = play(four({"on-failure": "rollback"}, faults=faults, guest=guests), tmp_path)
    assert (played.outcome, left(played)) == ("rolled-back", []), played.log
    back = done(played)[4:]
    assert ("3", "drain") not in back and ("0", "drain") in back, back


def test_a_drain_that_fails_in_a_rollback_is_a_warning(tmp_path: Path) -> None:
    played = play(
        {
            **four({"operation": "rollback", "image-version": OLD}, guest=guest("0", exit_code=2)),
            "instances": {"0": {"image": NEW_MODEL["version"]}},
        },
        tmp_path,
    )
    assert (played.outcome, left(played)) == ("succeeded", []), played.log
    assert "Instance 0 is returned all the same: the command ended with exit code 2" in played.log


def test_the_next_run_deletes_what_a_killed_one_has_left(tmp_path: Path) -> None:
    scenario, clock = as_scenario(four({"health-timeout": "2m"}, guest=guest("*", seconds=100))), cancelled_at(100)
    azure = SimulatedAzure(scenario, clock)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    first = play_job(azure, clock, tmp_path / "one", scenario.inputs, transport=wired(azure), name="first")
    assert first.outcome == "interrupted" and {each.split()[0] for each in left(first)} == {"0", "2"}, first.log
    second = play_job(azure, clock, tmp_path / "two", scenario.inputs, transport=wired(azure), name="second")
    assert (second.outcome, left(second)) == ("succeeded", []), second.log


def test_a_stopped_instance_is_not_drained(tmp_path: Path) -> None:
    scenario = four({"stopped-instances": "include", "min-healthy": "1"}, instances={"2": {"power": "stopped"}})
    played = play(scenario, tmp_path)
    assert (played.outcome, left(played)) == ("succeeded", []), played.log
    assert ("2", "drain") not in done(played) and ("0", "drain") in done(played)


REFUSED = {
    "repairs": (four(model=REPAIRS), "`drain-command` may make instances unhealthy.*Set `suspend-repairs: true`"),
    "rights": (
        four(permissions=[{"actions": ["*"], "not_actions": ["Microsoft.Compute/*/runCommands/*"]}]),
        "lacks the right to .*runCommands/write.*examples/roles/drain.json",
    ),
}


@pytest.mark.parametrize(("scenario", "said"), REFUSED.values(), ids=REFUSED)
def test_a_drain_that_cannot_go_well_is_refused(scenario: Scenario, said: str, tmp_path: Path) -> None:
    played = play(scenario, tmp_path)
    assert (played.outcome, played.writes) == ("refused", []), played.log
    assert re.search(said, played.log), played.log


def test_suspended_repairs_let_a_drain_begin(tmp_path: Path) -> None:
    played = play(four({"suspend-repairs": "true"}, model=REPAIRS), tmp_path)
    assert (played.outcome, left(played)) == ("succeeded", []), played.log


def test_a_large_batch_is_drained_at_the_pace_of_azure(tmp_path: Path) -> None:
    scenario = fleet_of([20, 20], {**DRAIN, "drain-timeout": "15m"})
    played = play(scenario, tmp_path)
    assert (played.outcome, left(played)) == ("succeeded", []), played.log
    predicted = "draining 20 instances takes at least 7m00s, because Azure allows 4 such writes a minute"
    assert predicted in played.log
    assert [each.status for each in played.azure.requests if each.status == 429] == []
    took = re.search(r"batch 1 is drained after (\d+)m", played.log)
    assert took and int(took[1]) >= 7


def post_step(played: Played, folder: Path, clock: VirtualClock) -> tuple[int, str]:
    """Run the post step of a run. Return its exit code and text."""
    folder.mkdir()
    saved = {f"STATE_{name}": value for name, value in read_outputs(played.files["state.txt"]).items()}
    environ = {**job_environment(played.azure, folder, four()["inputs"]), **saved}

    def connected(account: Any, _environ: Any, clock: Any, console: Any) -> Any:
        over = wired(played.azure)(clock)
        return Connector(over, clock, user_agent="", mask=console.mask).scale_set(account, timeout=300)

    return captured(lambda: post.run(environ, clock, connect=connected))


@pytest.mark.parametrize("at", [*range(56, 116, 12), 180])
def test_the_post_step_of_a_cancelled_run_undrains(at: int, tmp_path: Path) -> None:
    clock = cancelled_at(at)
    played = play(four(), tmp_path, clock=clock)
    assert played.outcome == "interrupted", played.log
    code, log = post_step(played, tmp_path / "post", clock)
    assert (code, left(played)) == (0, []), log
    assert "No instance is left drained." in log


def test_a_post_step_that_cannot_undrain_is_red_and_names_the_command(tmp_path: Path) -> None:
    clock = cancelled_at(100)
    played = play(four(guest=guest("2", "undrain", exit_code=4)), tmp_path, clock=clock)
    code, log = post_step(played, tmp_path / "post", clock)
    assert (code, left(played)) == (1, ["2"]), log
    assert "Instances may still be drained" in log
    assert "--instance-id 2 --command-id RunShellScript" in log
    assert "TopSecretToken" not in log


UNHEALTHY = on_instance("fall-ill", "1", at=60, seconds=180)


@pytest.mark.parametrize(
    ("floor", "outcome"), [pytest.param("3", "halted", id="undercut"), pytest.param("2", "succeeded", id="kept")]
)
def test_a_batch_is_away_from_the_start_of_its_drain(floor: str, outcome: str, tmp_path: Path) -> None:
    asked = {**DRAIN, "min-healthy": floor}
    scenario = fleet_of([2, 2, 1], asked, faults=[UNHEALTHY], guest=guest("*", seconds=200))
    played = play(scenario, tmp_path)
    assert (played.outcome, left(played)) == (outcome, []), played.log
    assert played.record["lowest_healthy"]["count"] == 2, "of five, two are drained, and one is unhealthy"
    if outcome == "halted":
        assert "fewer than" in played.outputs["reason"] or "min-healthy" in played.outputs["reason"]
