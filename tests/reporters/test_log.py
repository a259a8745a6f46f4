"""The sentences of the log: what is awaited, how far the run is, what a failed instance says itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders import changed, fleet, report_of, run_of
from harness.playing import play
from harness.scenarios import fleet_of, on_instance
from reporters.hostile import TEXT
from vmss_upgrade.reporters.sentences import phrases
from vmss_upgrade.rollout.failures import Failure, FailureCode

UNHEALTHY = "health is unhealthy (signal: load balancer health probe)"


def unhealthy(ids: str) -> list[Failure]:
    return [Failure(id_, FailureCode.NOT_HEALTHY, UNHEALTHY, blames_image=True) for id_ in ids.split()]


@pytest.mark.parametrize(
    ("pending", "text"),
    [
        pytest.param(unhealthy("0 10 15"), "3 instances to become healthy (0, 10, 15)", id="several"),
        pytest.param(unhealthy("6"), "1 instance to become healthy (6)", id="one"),
        pytest.param(
            unhealthy("0 1 2 3 4 5 6 7"), "8 instances to become healthy (0, 1, 2, 3, 4, 5 and 2 more)", id="many"
        ),
        pytest.param(
            [*unhealthy("0"), Failure("1", FailureCode.NOT_RUNNING, "power state is stopped")],
            "1 instance to become healthy (0); 1 instance (1): power state is stopped",
            id="something-else",
        ),
        pytest.param(
            [Failure("1", FailureCode.NOT_HEALTHY, "health is no signal yet (signal: x)")],
            "1 instance (1): health is no signal yet (signal: x)",
            id="no-report-yet",
        ),
    ],
)
def test_awaited_instances_are_grouped_by_what_they_lack(pending: list[Failure], text: str) -> None:
    assert phrases.awaited_in_words(pending) == text


@pytest.mark.parametrize(
    ("done", "whole", "full"), [(0, 20, 0), (4, 20, 4), (1, 600, 0), (599, 600, 19), (5, 5, 20), (0, 0, 0)]
)
def test_the_bar_is_full_only_at_the_end(done: int, whole: int, full: int) -> None:
    assert phrases.bar(done, whole) == "█" * full + "░" * (20 - full)


def test_a_run_in_short_is_bar_counts_and_floor() -> None:
    assert phrases.run_in_short(report_of(run_of(fleet("001122")))) == f"{'█' * 20} 6/6 new · 6 healthy (floor 3)"


def test_a_failed_instance_says_what_is_wrong_in_its_own_words() -> None:
    report = report_of(run_of(fleet("0011")))
    report.instances = changed(fleet("0011"), "1", says=(f"VM agent: {TEXT}", "extension x: apt is locked.")).instances
    said = phrases.failure_in_words([Failure("1", "NotHealthy", "health is unhealthy")], report)
    assert said.startswith("Instance 1: NotHealthy: health is unhealthy. It says: VM agent: ")
    assert said.endswith("; extension x: apt is locked.")
    both = [Failure("0", "NotHealthy", "x"), Failure("1", "NotHealthy", "x")]
    assert "They say: VM agent" in phrases.failure_in_words(both, report)


def test_the_log_names_the_agents_words_and_the_boot_log(tmp_path: Path) -> None:
    agent = {"statuses": [{"code": "ProvisioningState/Unavailable", "message": "VM status blob is not yet populated."}]}
    hanging = on_instance("hangs", "1")
    scenario = fleet_of(
        [2, 2], faults=[hanging], instances={"1": {"shows": {"properties": {"instanceView": {"vmAgent": agent}}}}}
    )
    played = play(scenario, tmp_path, inputs={"batch-timeout": "5m"})
    assert "It says: VM agent: VM status blob is" in played.log, played.log
    assert "/virtualMachines/1/retrieveBootDiagnosticsData --url-parameters api-version=" in played.log
    assert "Azure is upgrading; 1 of 2 instances on the target image (not yet: 1) · 3 healthy" in played.log
