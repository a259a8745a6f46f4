"""What in the rest of the scale set forbids the next batch."""

from __future__ import annotations

import pytest

from builders import NEW, changed, fleet, vhd
from vmss_upgrade.rollout.scale_set import Goal, HealthSignal, ScaleSet
from vmss_upgrade.rollout.watch import must_stay_healthy, trouble_outside


@pytest.mark.parametrize(
    ("scale_set", "model_holds_target", "expected"),
    [
        pytest.param(fleet("0011"), False, "0 1 2 3", id="healthy-at-planning"),
        pytest.param(fleet("0011", unhealthy="1", silent="2"), False, "0 3", id="ill-before-is-not-counted-on"),
        pytest.param(
            fleet("0011", unhealthy="1", health_signal=HealthSignal.NONE), False, "0 1 2 3", id="no-signal-up-is-enough"
        ),
        pytest.param(fleet("0011", broken="1", stopped="2"), False, "0 3", id="failed-and-stopped"),
        pytest.param(fleet("0011", new="1", unhealthy="1"), True, "0 1 2 3", id="ill-on-the-target-stops-a-re-run"),
        pytest.param(fleet("0011", new="1", unhealthy="1"), False, "0 2 3", id="unless-the-model-is-not-on-it"),
        pytest.param(fleet("0011", new="1", stopped="1"), True, "0 2 3", id="a-stopped-one-on-the-target"),
    ],
)
def test_whose_health_is_counted_on(scale_set: ScaleSet, model_holds_target: bool, expected: str) -> None:
    counted_on = must_stay_healthy(scale_set, Goal(image=NEW, in_model=model_holds_target))
    assert " ".join(sorted(counted_on)) == expected


def test_the_flag_of_a_vhd_counts_only_while_the_model_holds_it() -> None:
    image = vhd("https://account.blob.core.windows.net/images/new.vhd")
    ill = fleet("0011", old=None, unhealthy="1")
    assert "1" not in must_stay_healthy(ill, Goal(image=image, in_model=False))
    assert "1" in must_stay_healthy(ill, Goal(image=image, in_model=True))


@pytest.mark.parametrize(
    ("scale_set", "troubles"),
    [
        pytest.param(fleet("0011"), {}, id="all-well"),
        pytest.param(fleet("0011", unhealthy="0"), {}, id="ill-in-the-batch"),
        pytest.param(fleet("0011", busy="0"), {}, id="busy-in-the-batch"),
        pytest.param(fleet("0011", unhealthy="2"), {"2": "health is unhealthy"}, id="ill-outside"),
        pytest.param(fleet("0011", silent="2"), {"2": "health is no signal"}, id="silent-outside"),
        pytest.param(fleet("0011", stopped="2"), {"2": "is Succeeded, power state stopped"}, id="stopped-outside"),
        pytest.param(fleet("0011", broken="2"), {"2": "is Failed, power state running"}, id="failed-outside"),
        pytest.param(fleet("0011", busy="2"), {"2": "is being updated by somebody"}, id="updated-outside"),
        pytest.param(fleet("0011", unhealthy="3"), {}, id="ill-but-never-counted-on"),
        pytest.param(fleet("0011", busy="3"), {"3": "is being updated by somebody"}, id="updated-always-matters"),
        pytest.param(
            changed(fleet("0011"), "3", provisioning_state="Creating"), {}, id="a-new-instance-is-not-waited-for"
        ),
        pytest.param(fleet("0011", unhealthy="2", busy="3"), {"2": "unhealthy", "3": "updated"}, id="all-are-told"),
    ],
)
def test_trouble_outside_the_batch(scale_set: ScaleSet, troubles: dict[str, str]) -> None:
    pending = trouble_outside(scale_set, ("0", "1"), {"0", "1", "2"})
    found = {trouble.instance_id: trouble.message for trouble in pending}
    assert found.keys() == troubles.keys()
    for instance_id, part in troubles.items():
        assert part in found[instance_id]


def test_without_a_signal_only_up_matters() -> None:
    ill = fleet("0011", unhealthy="2", health_signal=HealthSignal.NONE)
    assert trouble_outside(ill, ("0", "1"), {"2"}) == ()
