"""The job that an environment describes."""

from __future__ import annotations

import re
import sys

import pytest

from vmss_upgrade.job.runner import Job, read_job

GITHUB = {"GITHUB_ACTIONS": "true"}


@pytest.mark.parametrize(
    ("environ", "is_terminal", "wants_colour"),
    [
        pytest.param({}, False, False, id="a-file"),
        pytest.param({}, True, True, id="a-terminal"),
        pytest.param(GITHUB, False, True, id="github"),
        pytest.param({"FORCE_COLOR": "1"}, False, True, id="forced"),
        pytest.param({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False, id="no-colour-wins"),
        pytest.param({**GITHUB, "NO_COLOR": "1"}, False, False, id="no-colour-in-github"),
    ],
)
def test_colour(
    environ: dict[str, str], is_terminal: bool, wants_colour: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal)
    assert read_job(environ).wants_colour is wants_colour


@pytest.mark.parametrize(
    ("environ", "field", "value"),
    [
        pytest.param(GITHUB, "in_github", True, id="github"),
        pytest.param({"GITHUB_ACTIONS": "false"}, "in_github", False, id="not-github"),
        pytest.param({"RUNNER_DEBUG": "1"}, "is_debug", True, id="debug"),
        pytest.param({"RUNNER_DEBUG": "0"}, "is_debug", False, id="no-debug"),
        pytest.param({}, "workspace", ".", id="no-workspace"),
        pytest.param({"GITHUB_WORKSPACE": "/w"}, "workspace", "/w", id="workspace"),
        pytest.param({"GITHUB_OUTPUT": "/o"}, "output_file", "/o", id="outputs"),
        pytest.param({"GITHUB_STEP_SUMMARY": "/s"}, "summary_file", "/s", id="summary"),
        pytest.param({"GITHUB_STATE": "/t"}, "state_file", "/t", id="state"),
        pytest.param({}, "state_file", "", id="no-state"),
        pytest.param({"STATE_repairs": "resumed", "STATES": "x"}, "saved", {"repairs": "resumed"}, id="saved"),
    ],
)
def test_fields(environ: dict[str, str], field: str, value: object) -> None:
    assert getattr(read_job(environ), field) == value


def test_the_user_agent_names_project_repository_and_run() -> None:
    agent = read_job({"GITHUB_REPOSITORY": "org/app\r\nX: y", "GITHUB_RUN_ID": "42"}).user_agent
    assert re.fullmatch(r"vmss-upgrade/[\d.]+ \(org/appX: y; run 42\)", agent)
    assert re.fullmatch(r"vmss-upgrade/[\d.]+", read_job({"GITHUB_RUN_ID": "42"}).user_agent)


RUN = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "org/app", "GITHUB_RUN_ID": "42"}


@pytest.mark.parametrize(
    ("more", "url"),
    [
        pytest.param({}, "https://github.com/org/app/actions/runs/42", id="run"),
        pytest.param(
            {"GITHUB_RUN_ATTEMPT": "2"}, "https://github.com/org/app/actions/runs/42/attempts/2", id="attempt"
        ),
        pytest.param({"GITHUB_RUN_ID": ""}, "", id="no-run"),
        pytest.param({"GITHUB_REPOSITORY": "org/app)[x](y"}, "", id="no-repository"),
        pytest.param({"GITHUB_SERVER_URL": "javascript:x"}, "", id="no-server"),
    ],
)
def test_the_address_of_the_run(more: dict[str, str], url: str) -> None:
    assert read_job({**RUN, **more}).run_url == url


def test_the_actor_is_who_triggered_this_attempt() -> None:
    assert read_job({"GITHUB_ACTOR": "ann", "GITHUB_TRIGGERING_ACTOR": "bo"}).actor == "bo"
    assert read_job({"GITHUB_ACTOR": "ann"}).actor == "ann"


def test_a_variable_that_nobody_filled_in_is_no_secret() -> None:
    """The remedy quotes its name."""
    job: Job = read_job({"SYSTEM_ACCESSTOKEN": "$(System.AccessToken)", "GITLAB_OIDC_TOKEN": "$(a) b"})
    assert "$(a) b" in job.secrets
    assert "$(System.AccessToken)" not in job.secrets


def test_no_secret_is_in_its_representation() -> None:
    job: Job = read_job({"INPUT_CLIENT-SECRET": "made-here-secret", "HOME": "/home/made-here"})
    assert "made-here-secret" in job.secrets
    assert "made-here" not in repr(job)
