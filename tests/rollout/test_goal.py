"""When an instance has reached what it is to reach."""

from __future__ import annotations

from typing import Any

import pytest

from builders import NEW, OLD, instance, model, vhd
from vmss_upgrade.rollout.goal import Goal, goal_of

TO_NEW = Goal(image=NEW, in_model=False)
HEALS = Goal(image=NEW, in_model=True, heals=True)
MODEL = goal_of(model(image=NEW))
VHD = vhd("https://account.blob.core.windows.net/images/new.vhd")


@pytest.mark.parametrize(
    ("goal", "fields", "is_reached"),
    [
        pytest.param(TO_NEW, {}, False, id="another-image"),
        pytest.param(TO_NEW, {"image": NEW}, True, id="the-image"),
        pytest.param(TO_NEW, {"image": NEW, "latest_model_applied": False}, True, id="the-image-and-not-current"),
        pytest.param(TO_NEW, {"image": NEW, "provisioning_state": "Failed"}, True, id="failed-at-something-else"),
        pytest.param(
            TO_NEW,
            {"image": NEW, "provisioning_state": "Failed", "latest_model_applied": False},
            False,
            id="failed-at-its-upgrade",
        ),
        pytest.param(
            TO_NEW,
            {"image": NEW, "provisioning_state": "Updating", "latest_model_applied": None},
            True,
            id="being-updated",
        ),
        pytest.param(
            HEALS,
            {"image": NEW, "provisioning_state": "Updating", "latest_model_applied": None},
            False,
            id="being-updated-where-the-goal-heals",
        ),
        pytest.param(HEALS, {"image": NEW}, True, id="done-where-the-goal-heals"),
        pytest.param(MODEL, {"latest_model_applied": True}, True, id="current"),
        pytest.param(MODEL, {"image": NEW, "latest_model_applied": False}, False, id="not-current"),
        pytest.param(MODEL, {"image": NEW, "latest_model_applied": None}, True, id="only-the-image-is-shown"),
        pytest.param(Goal(image=VHD, in_model=True), {}, True, id="vhd-in-the-model"),
        pytest.param(Goal(image=VHD, in_model=True), {"latest_model_applied": None}, False, id="vhd-without-a-flag"),
        pytest.param(Goal(image=VHD, in_model=False), {}, False, id="vhd-that-the-model-does-not-hold"),
        pytest.param(TO_NEW, {"image": None}, False, id="no-image-shown"),
    ],
)
def test_a_goal_is_reached(goal: Goal, fields: dict[str, Any], is_reached: bool) -> None:
    assert goal.is_reached_by(instance("0", **fields)) is is_reached


def test_once_the_model_is_written_it_holds_the_image() -> None:
    goal = Goal(image=OLD, in_model=False, heals=True)
    assert goal.once_in_model() == Goal(image=OLD, in_model=True, heals=True)
