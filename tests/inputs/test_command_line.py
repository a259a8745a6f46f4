"""The program outside GitHub: its flags, its environment, its messages, and a whole run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from azure_simulator import SimulatedAzure, VirtualClock, load_scenario
from harness.az_output import save_az_output
from vmss_rehearsal import copying, demo
from vmss_upgrade import __main__ as program
from vmss_upgrade import __version__, main
from vmss_upgrade.errors import InputError
from vmss_upgrade.inputs import INPUTS, flags, parse_inputs
from vmss_upgrade.inputs.flags import make_parser, operations_in, read_action, read_command_line
from vmss_upgrade.inputs.operation import OPERATIONS
from vmss_upgrade.job.environment import is_command

PROJECT = Path(__file__).resolve().parents[2]
ACTION = read_action()
SECRET = "Zq8~Q9kLm_no.pQrStUvWxYz"


def read(*words: str) -> dict[str, str]:
    return read_command_line(words, ACTION, __version__)


def test_the_package_holds_action_yml_itself() -> None:
    """A link, which the wheel resolves: there are no two files to keep equal."""
    assert (Path(flags.__file__).parent / "action.yml").resolve() == PROJECT / "action.yml"


def test_the_operations_are_those_of_the_action() -> None:
    assert tuple(operations_in(ACTION)) == OPERATIONS
    assert all(len(what.split()) > 4 for what in operations_in(ACTION).values())


NOT_OUTSIDE = ("suspend-repairs", "drain-command", "before-batch-url", "after-batch-url", "hook-secret")


@pytest.mark.parametrize("name", sorted(set(INPUTS) - {"operation", "client-secret", *NOT_OUTSIDE}))
def test_every_input_is_a_flag(name: str) -> None:
    assert read("plan", f"--{name}", "x y") == {"operation": "plan", name: "x y"}
    assert read("plan", f"--{name}=-x") == {"operation": "plan", name: "-x"}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_help_describes_every_flag(operation: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        read(operation, "--help")
    shown = "".join(capsys.readouterr().out.split())
    assert end.value.code == 0
    for name in set(INPUTS) - {"operation", "client-secret", "hook-secret"}:
        assert f"--{name}" in shown
        assert "".join(ACTION["inputs"][name]["description"].split()) in shown
    assert "AZURE_CLIENT_SECRET" in shown


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        read("--version")
    assert (end.value.code, capsys.readouterr().out) == (0, f"vmss-upgrade {__version__}\n")


@pytest.mark.parametrize(
    ("words", "given"),
    [
        pytest.param(["--allow-downtime"], {"allow-downtime": "true"}, id="alone-it-means-true"),
        pytest.param(
            ["--allow-downtime", "--canary", "1"], {"allow-downtime": "true", "canary": "1"}, id="before-a-flag"
        ),
        pytest.param(["--allow-downtime", "false"], {"allow-downtime": "false"}, id="with-a-value"),
        pytest.param(["--suspend-repairs", "False"], {"suspend-repairs": "False"}, id="repairs-as-they-are"),
        pytest.param(["--update-domains", ""], {"update-domains": ""}, id="an-empty-variable"),
        pytest.param(["--instance-ids", '["1", "2"]'], {"instance-ids": '["1", "2"]'}, id="json"),
    ],
)
def test_values(words: list[str], given: dict[str, str]) -> None:
    assert read("upgrade", *words) == {"operation": "upgrade", **given}


REPAIRS = (
    "--suspend-repairs needs the post step of the GitHub action, which undoes it if the run is killed. Suspend the "
    "repairs before the run, and resume them after it: az vmss set-orchestration-service-state --service-name "
    "AutomaticRepairs --action Suspend (then Resume)."
)
DRAIN = (
    "--drain-command needs the post step of the GitHub action, which undoes it if the run is killed. Drain the "
    "instances before the run by a way of your own."
)
HOOKS = (
    "--{} needs the post step of the GitHub action, which undoes it if the run is killed. Use --stop-after 1, and call "
    "your service between the runs."
)
NO_SECRET = "--client-secret is not taken, as others can read a command line. Set AZURE_CLIENT_SECRET instead."


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(["plan", "--client-secret", SECRET], NO_SECRET, id="secret"),
        pytest.param(["plan", f"--client-secret={SECRET}"], NO_SECRET, id="secret-after-an-equals-sign"),
        pytest.param(["plan", "--client-secret"], NO_SECRET, id="secret-without-value"),
        pytest.param(["upgrade", "--before-batch-url", SECRET], HOOKS.format("before-batch-url"), id="hook-before"),
        pytest.param(["upgrade", f"--after-batch-url={SECRET}"], HOOKS.format("after-batch-url"), id="hook-after"),
        pytest.param(["upgrade", "--hook-secret", SECRET], HOOKS.format("hook-secret"), id="hook-secret"),
        pytest.param(["upgrade", "--suspend-repairs"], REPAIRS, id="repairs"),
        pytest.param(["upgrade", "--suspend-repairs", "true"], REPAIRS, id="repairs-with-value"),
        pytest.param(["upgrade", "--drain-command", "echo $1"], DRAIN, id="drain"),
        pytest.param(
            ["plan", f"--client-secrt={SECRET}"],
            "there is no flag --client-secrt. Did you mean --client-secret?",
            id="misspelled-secret",
        ),
        pytest.param(
            ["plan", "--image-versoin", SECRET],
            "there is no flag --image-versoin. Did you mean --image-version?",
            id="misspelled",
        ),
        pytest.param(["plan", "--image-v", "1"], "there is no flag --image-v. Did you mean --image?", id="beginning"),
        pytest.param(
            ["plan", "--operation", "status"],
            "--operation is no flag: the operation comes first, without dashes.",
            id="operation-as-flag",
        ),
        pytest.param(["plan", "--zzz"], "there is no flag --zzz.", id="unknown"),
        pytest.param(
            ["plan", "--scale-set", "web", SECRET],
            "there are words that belong to no flag. Put quotes around a value with blanks in it.",
            id="too-many-words",
        ),
        pytest.param(["plan", "--zones", "1", "--zones", "2"], "--zones is given twice.", id="twice"),
        pytest.param(["plan", "--zones"], "argument --zones: expected one argument", id="no-value"),
    ],
)
def test_a_refusal_names_the_flag_and_shows_no_value(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        read(*words)
    said = capsys.readouterr().err
    assert end.value.code == 2
    assert said.splitlines()[-1].partition(" error: ")[2] == message
    assert SECRET not in said


def test_a_refusal_is_no_command_to_a_pipeline(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read("plan", "--##vso[task.complete]x")
    with pytest.raises(SystemExit):
        read("##[error]\r::error::x")
    said = capsys.readouterr().err
    assert "##vso[" not in said
    assert "##[" not in said
    assert "\r" not in said


def test_no_words_print_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        read()
    said = capsys.readouterr()
    assert end.value.code == 2
    assert said.err == make_parser(ACTION, __version__).format_help()


WITH_SECRET = {"AZURE_CLIENT_SECRET": "s", "AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "c"}
FROM_VARIABLES = {"client-secret": "s", "tenant-id": "t", "client-id": "c"}


@pytest.mark.parametrize(
    ("given", "environ", "inputs"),
    [
        pytest.param({"scale-set": "web"}, {}, {"scale-set": "web"}, id="flag"),
        pytest.param({}, WITH_SECRET, FROM_VARIABLES, id="secret"),
        pytest.param({"client-id": "f"}, WITH_SECRET, {**FROM_VARIABLES, "client-id": "f"}, id="a-flag-comes-first"),
        pytest.param({"client-id": ""}, WITH_SECRET, {**FROM_VARIABLES, "client-id": ""}, id="also-an-empty-one"),
        pytest.param({}, {**WITH_SECRET, "AZURE_CLIENT_SECRET": ""}, {}, id="no-secret-nothing-of-it"),
        pytest.param({}, {"INPUT_IMAGE-VERSION": "9", "INPUT_ARGS": "x", "STATE_repairs": "x"}, {}, id="not-ours"),
    ],
)
def test_only_flags_and_the_variables_of_a_secret_are_inputs(
    given: dict[str, str], environ: dict[str, str], inputs: dict[str, str]
) -> None:
    made = program.environment(given, {"PATH": "/bin", "SYSTEM_ACCESSTOKEN": "x", **environ})
    assert {"PATH": "/bin", "SYSTEM_ACCESSTOKEN": "x"}.items() <= made.items()
    assert {name: value for name, value in made.items() if name.startswith(("INPUT_", "STATE_"))} == {
        f"INPUT_{name.upper()}": value for name, value in inputs.items()
    }
    assert "AZURE_CLIENT_SECRET" not in made


def test_foreign_settings_are_dropped_before_the_action_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"AZURE_CLIENT_SECRET": SECRET, "AZURE_LOG_LEVEL": "debug", "SSLKEYLOGFILE": "/keys"}
    monkeypatch.setattr("os.environ", environ)
    seen: list[Any] = []
    monkeypatch.setattr(main, "main", lambda job, **_: seen.append((job, dict(environ))) or 0)
    assert program.main(["status", "--scale-set", "web"]) == 0
    inputs = {"INPUT_OPERATION": "status", "INPUT_SCALE-SET": "web", "INPUT_CLIENT-SECRET": SECRET}
    assert [(job.items() >= inputs.items(), left) for job, left in seen] == [(True, {})]


@pytest.mark.parametrize(
    ("words", "environ", "is_one"),
    [
        pytest.param(["plan"], {}, True, id="words"),
        pytest.param(["plan"], {"GITHUB_ACTIONS": "true", "INPUT_ARGS": "plan"}, True, id="args-of-a-workflow"),
        pytest.param([], {"GITHUB_ACTIONS": "true"}, False, id="runner"),
        pytest.param([], {"INPUT_SCALE-SET": "web"}, False, id="inputs"),
        pytest.param([], {"PATH": "/bin"}, True, id="docker-run-alone"),
    ],
)
def test_the_image_knows_a_command_from_a_step(words: list[str], environ: dict[str, str], is_one: bool) -> None:
    assert is_command(words, environ) is is_one


@pytest.mark.slow
def test_the_demo_plays_a_scenario(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["demo", "--scenario", "provisioning-failure", "--pace", "0", "--out", str(tmp_path)]) == 1
    assert "SIMULATED RUN, scenario provisioning-failure" in capsys.readouterr().out
    assert (tmp_path / "rollout.html").exists()


@pytest.mark.slow
def test_the_demo_ends_with_what_the_clients_saw(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["demo", "--scenario", "traffic", "--pace", "0", "--out", str(tmp_path)]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert re.fullmatch(
        r"What the clients saw: \d+ of [\d,]+ requests failed, \d+ connections were cut; the worst .*", last
    )


@pytest.mark.parametrize("pace", ["-1", "nan", "inf"])
def test_a_demo_whose_time_cannot_pass_is_refused(pace: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        program.main(["demo", f"--pace={pace}"])
    assert end.value.code == 2
    assert f"--pace: {pace} is not 0 or a number of seconds" in capsys.readouterr().err


def test_a_demo_without_a_folder_to_write_to_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert program.main(["demo", "--pace", "0", "--out", str(tmp_path / "file")]) == 2
    assert str(tmp_path / "file") in capsys.readouterr().out


@pytest.mark.slow
def test_the_demo_of_several_sets_plans_their_fleet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["demo", "--scenario", "fleet", "--pace", "0", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "Operation: fleet-plan of 3 waves (canary, api, web)" in said
    assert "All 6 scale sets are due, in 3 waves." in said
    assert {"fleet.yml", "record.json", "record.md", "summary.md", "outputs.txt"} <= {
        file.name for file in tmp_path.iterdir()
    }


def test_the_demo_has_a_help_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        program.main(["demo", "--help"])
    assert capsys.readouterr().out.startswith("usage: vmss-upgrade demo [-h] [--scenario SCENARIO]")


def test_without_scenarios_the_demo_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "scenario_names", list)
    assert program.main(["demo"]) == 2
    assert capsys.readouterr().err == (
        "vmss-upgrade demo: it needs scenarios, which are not in this image; the wheel has them.\n"
    )


@pytest.mark.slow
def test_a_rehearsal_of_files_leaves_no_file_that_was_not_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model, instances = save_az_output(load_scenario("rolling"), tmp_path)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    monkeypatch.setattr(copying, "troubles_of", lambda *_: [])
    words = ["rehearse", "--model", str(model), "--instances", str(instances), "--typical-upgrade-time", "2m"]
    assert program.main(words) == 0
    assert "This is a simulation on a copy of the scale set" in capsys.readouterr().out
    assert list((tmp_path / "empty").iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(("scenario", "exit_code"), [("latest", 0), ("provisioning-failure", 1)])
def test_a_run_by_flags(scenario: str, exit_code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clock = VirtualClock(0.0)
    azure = SimulatedAzure(load_scenario(scenario), clock, seed=0)
    there = azure.coordinates
    given = read(
        *("upgrade", "--scale-set", there["scale_set"], "--resource-group", there["resource_group"]),
        *(
            "--subscription-id",
            there["subscription"],
            "--tenant-id",
            there["tenant"],
            "--client-id",
            there["client_id"],
        ),
        *("--resource-manager-endpoint", there["resource_manager"], "--authority-host", there["authority"]),
        *("--image-version", load_scenario(scenario).inputs["image-version"], "--report-path", "out/record.json"),
    )
    environ = program.environment(given, {"AZURE_CLIENT_SECRET": SECRET, "GITHUB_WORKSPACE": str(tmp_path)})
    assert main.run(environ, clock, transport=lambda _: azure.transport()) == exit_code
    log = capsys.readouterr().out
    assert "Signing in with a client secret" in log
    assert not [line for line in log.splitlines() if "::" in line]
    assert SECRET not in log
    record = json.loads((tmp_path / "out" / "record.json").read_text())
    assert record["outcome"] == ("halted" if exit_code else "succeeded")
    assert "## " in (tmp_path / "out" / "record.md").read_text()


def test_a_file_is_refused_what_needs_the_post_step(tmp_path: Path) -> None:
    text = "defaults: { suspend-repairs: true, drain-command: x }\nscale-sets: { web: { suspend-repairs: false } }\n"
    (tmp_path / "c.yml").write_text(text)
    given = read("status", "--config", "c.yml", "--scale-set", "web")
    with pytest.raises(InputError) as error:
        parse_inputs(program.environment(given, {"GITHUB_WORKSPACE": str(tmp_path)}))
    assert [str(problem) for problem in error.value.problems if problem.input == "config"] == [
        f"config: c.yml:1:51 {DRAIN.removeprefix('--').replace(' needs', ': needs', 1)}"
    ]
