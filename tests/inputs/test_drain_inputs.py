"""`drain-command` and `drain-timeout`: what is taken, and what is refused."""

from __future__ import annotations

import pytest

from inputs.test_inputs import environ, problems
from vmss_upgrade.inputs import parse_drain, parse_inputs
from vmss_upgrade.rollout.zero_downtime.drain import Drain

SCRIPT = "#!/bin/sh\nsystemctl $1 web"


@pytest.mark.parametrize(
    ("given", "drain"),
    [
        pytest.param({}, None, id="nothing"),
        pytest.param({"drain-timeout": "5m"}, None, id="a-time-alone"),
        pytest.param({"drain-command": SCRIPT}, Drain(command=SCRIPT, timeout=900.0), id="a-script"),
        pytest.param({"drain-command": SCRIPT.replace("\n", "\r\n")}, Drain(command=SCRIPT), id="lines-of-windows"),
        pytest.param({"drain-command": '"x" $1'}, Drain(command='"x" $1'), id="quotes"),
        pytest.param({"drain-command": "x", "drain-timeout": "90m"}, Drain(command="x", timeout=5400.0), id="longest"),
    ],
)
def test_a_command_is_taken_as_it_is(given: dict[str, str], drain: Drain | None) -> None:
    assert parse_inputs(environ(given)).order.policy.drain == drain
    assert parse_drain(environ({**given, "strategy": "nonsense"})) == drain


@pytest.mark.parametrize(
    ("given", "lack"),
    [
        pytest.param({"drain-timeout": "91m"}, "longer than Azure lets a command run (1h30m)", id="too-long"),
        pytest.param({"drain-timeout": "15"}, "has no unit", id="no-unit"),
        pytest.param({"drain-timeout": "0s"}, "0 leaves no time at all", id="no-time"),
        pytest.param({"drain-command": "Top\0Secret"}, "holds a character that no script can hold", id="nul"),
    ],
)
def test_a_command_or_a_time_that_cannot_be_is_refused(given: dict[str, str], lack: str) -> None:
    found = problems(given)
    assert lack in "".join(found.values())
    assert "Top" not in "".join(found.values())
