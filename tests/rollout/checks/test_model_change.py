"""What somebody else's change of the model means, before the first write and while a rollout is under way."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from builders import NEW, OLD, model, platform
from vmss_upgrade.errors import AzureError, PlanRefused, Trouble, VmssUpgradeError
from vmss_upgrade.rollout.checks.model_change import (
    changed_beside_the_image,
    check_before_model_update,
    check_during_rollout,
    check_nothing_to_do,
)
from vmss_upgrade.rollout.checks.preflight import unfit
from vmss_upgrade.rollout.findings import warn

ROLLING = model(upgrade_mode="Rolling")
(IS_ROLLING,), (IS_MANUAL,) = unfit(ROLLING), unfit(model(), natively=True)
ALONE = "Make sure that only one rollout is at work on this scale set, and run again."


@pytest.mark.parametrize(
    "check",
    [
        pytest.param(
            lambda: check_before_model_update(model(image=platform("1.0.0", publisher="CANONICAL")), model()),
            id="before-the-write",
        ),
        pytest.param(lambda: check_during_rollout(model(image=NEW), NEW), id="during-the-rollout"),
        pytest.param(
            lambda: check_before_model_update(ROLLING, ROLLING), id="before-the-write-of-a-set-that-azure-rolls"
        ),
        pytest.param(lambda: check_during_rollout(ROLLING, OLD, natively=True), id="while-azure-rolls"),
        pytest.param(lambda: check_nothing_to_do(model(image=NEW), model()), id="nothing-to-do"),
    ],
)
def test_a_model_as_it_was_is_no_trouble(check: Callable[[], None]) -> None:
    check()


@pytest.mark.parametrize(
    ("check", "error", "message", "remedy"),
    [
        pytest.param(
            lambda: check_before_model_update(ROLLING, model()),
            PlanRefused,
            IS_ROLLING.message,
            IS_ROLLING.remedy,
            id="another-mode-before-the-write",
        ),
        pytest.param(
            lambda: check_before_model_update(model(image=NEW), model()),
            PlanRefused,
            f"Somebody changed the model's image to {NEW} while this run was planning.",
            ALONE,
            id="another-image-before-the-write",
        ),
        pytest.param(
            lambda: check_during_rollout(ROLLING, OLD),
            AzureError,
            f"Somebody changed the scale set during the rollout. {IS_ROLLING.message}",
            IS_ROLLING.remedy,
            id="another-mode-during-the-rollout",
        ),
        pytest.param(
            lambda: check_during_rollout(model(), OLD, natively=True),
            AzureError,
            f"Somebody changed the scale set during the rollout. {IS_MANUAL.message}",
            IS_MANUAL.remedy,
            id="another-mode-while-azure-rolls",
        ),
        pytest.param(
            lambda: check_during_rollout(model(), NEW),
            AzureError,
            f"Somebody changed the model's image to {OLD} during the rollout.",
            ALONE,
            id="another-image-during-the-rollout",
        ),
        pytest.param(
            lambda: check_nothing_to_do(model(fingerprint="g"), model()),
            AzureError,
            "Somebody changed the model (not its image) meanwhile, so no instance is on it any more.",
            "Run again.",
            id="nothing-was-to-do-and-now-there-is",
        ),
    ],
)
def test_a_model_that_somebody_changed(
    check: Callable[[], None], error: type[VmssUpgradeError], message: str, remedy: str
) -> None:
    with pytest.raises(error) as raised:
        check()
    assert (str(raised.value), raised.value.remedy) == (message, remedy)
    if isinstance(raised.value, AzureError):
        assert (raised.value.trouble, raised.value.code) == (Trouble.CHANGED, "ModelChangedBySomebody")
        assert raised.value.doing == "checking the model"


def test_a_change_beside_the_image_is_warned_of() -> None:
    assert changed_beside_the_image() == warn(
        "Somebody changed the model (not its image) during the rollout: instances are on the target image, but not on "
        "the newest model.",
        "Bring them to the changed model when it is meant for them.",
    )
