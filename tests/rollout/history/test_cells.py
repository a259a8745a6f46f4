"""What the heatmap shows of an instance."""

from __future__ import annotations

from typing import Any

import pytest

from builders import NEW, OLD, instance, model, platform, resource
from vmss_upgrade.rollout.goal import goal_of
from vmss_upgrade.rollout.history.cells import Cell, standing, status_of
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.model import HealthSignal
from vmss_upgrade.rollout.planning.plan import SkipReason
from vmss_upgrade.rollout.scale_set import Health, Origin, Power


@pytest.mark.parametrize(
    ("reason", "rollout", "rollback"),
    [
        pytest.param(None, Cell.OLD, Cell.NEW, id="due"),
        pytest.param(SkipReason.ON_TARGET, Cell.NEW, Cell.OLD, id="on-target"),
        pytest.param(SkipReason.CURRENT, Cell.NEW, Cell.OLD, id="current"),
        pytest.param(SkipReason.ON_PREVIOUS, Cell.NEW, Cell.OLD, id="on-previous"),
        pytest.param(SkipReason.PROTECTED, Cell.SKIPPED, Cell.SKIPPED, id="skipped"),
    ],
)
def test_an_instance_that_nothing_is_being_done_to(reason: SkipReason | None, rollout: Cell, rollback: Cell) -> None:
    assert (standing(reason), standing(reason, is_rollback=True)) == (rollout, rollback)


SILENT = {"health": Health.NO_SIGNAL}
NO_VIEW = {**SILENT, "power": Power.NOT_SHOWN}
LATEST = platform("latest")


@pytest.mark.parametrize(
    ("fields", "image", "cell"),
    [
        pytest.param({}, OLD, Cell.CURRENT, id="current"),
        pytest.param({"latest_model_applied": None}, OLD, Cell.CURRENT, id="its-image-is-the-models"),
        pytest.param({"latest_model_applied": None}, NEW, Cell.BEHIND, id="its-image-is-another"),
        pytest.param({"latest_model_applied": False}, OLD, Cell.BEHIND, id="behind"),
        pytest.param({"latest_model_applied": True}, LATEST, Cell.CURRENT, id="current-with-a-floating-model"),
        pytest.param({"latest_model_applied": False}, LATEST, Cell.BEHIND, id="behind-a-floating-model"),
        pytest.param({"latest_model_applied": None}, LATEST, Cell.UNKNOWN, id="floating-and-nothing-tells"),
        pytest.param({}, resource(""), Cell.UNKNOWN, id="the-model-has-no-image"),
        pytest.param({"health": Health.UNHEALTHY}, OLD, Cell.UNHEALTHY, id="unhealthy"),
        pytest.param(SILENT, OLD, Cell.UNKNOWN, id="silent"),
        pytest.param({"provisioning_state": "Failed"}, OLD, Cell.UNHEALTHY, id="failed"),
        pytest.param(NO_VIEW, OLD, Cell.UNKNOWN, id="without-a-view"),
        pytest.param({**NO_VIEW, "provisioning_state": "Failed"}, OLD, Cell.UNHEALTHY, id="failed-without-a-view"),
        pytest.param({"power": Power.STOPPED, "health": Health.UNHEALTHY}, OLD, Cell.STOPPED, id="stopped"),
        pytest.param({"power": Power.STOPPED, "origin": Origin.OTHER_IMAGE}, OLD, Cell.ATTACHED, id="attached"),
    ],
)
def test_an_instance_of_which_only_the_status_was_asked_for(fields: dict[str, Any], image: Image, cell: Cell) -> None:
    assert status_of(instance("0", **fields), goal_of(model(image=image)), HealthSignal.PROBE) is cell


def test_without_a_health_signal_an_instance_that_runs_counts_as_healthy() -> None:
    assert status_of(instance("0", **SILENT), goal_of(model()), HealthSignal.NONE) is Cell.CURRENT
