"""State is a function of time: tables of moments."""

import math

import pytest

from azure_simulator.bodies.truth import lowest_available
from azure_simulator.scenario.images import DeployedImage
from azure_simulator.state.instances import Instance, Upgrade
from azure_simulator.state.periods import UnhealthyPeriod

OLD, NEW = DeployedImage((("exactVersion", "1"),)), DeployedImage((("exactVersion", "2"),))


def instance(**more: object) -> Instance:
    given: dict[str, object] = {
        "instance_id": "0",
        "update_domain": 0,
        "fault_domain": 0,
        "zone": None,
        "placement_group": "",
        "image": OLD,
        "model": 0,
    }
    return Instance(**(given | more))  # type: ignore[arg-type]


def upgrade(start: float, end: float, healthy: float, **more: object) -> Upgrade:
    given: dict[str, object] = {
        "started_at": start,
        "ended_at": end,
        "image": NEW,
        "model": 1,
        "current_at": end,
        "unhealthy": UnhealthyPeriod(end, healthy),
    }
    return Upgrade(**(given | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("now", "provisioning", "image", "model", "healthy", "available"),
    [
        (0, "Succeeded", "1", 0, True, True),
        (9.9, "Succeeded", "1", 0, True, True),
        (10, "Updating", "1", 0, None, False),
        (29.9, "Updating", "1", 0, None, False),
        (30, "Succeeded", "2", 1, False, False),
        (39.9, "Succeeded", "2", 1, False, False),
        (40, "Succeeded", "2", 1, True, True),
        (1e6, "Succeeded", "2", 1, True, True),
    ],
)
def test_an_upgrade(
    now: float, provisioning: str, image: str, model: int, healthy: bool | None, available: bool
) -> None:
    seen = instance(upgrades=[upgrade(10, 30, 40)]).at(now, has_signal=True)
    assert (seen.provisioning, seen.image.exact, seen.model) == (provisioning, image, model)
    assert (seen.healthy, seen.available) == (healthy, available)
    assert seen.power == "running"


@pytest.mark.parametrize(("now", "available"), [(9, True), (10, False), (29, False), (30, True)])
def test_without_a_signal_an_instance_is_available_once_it_is_provisioned(now: float, available: bool) -> None:
    seen = instance(upgrades=[upgrade(10, 30, 40)]).at(now, has_signal=False)
    assert (seen.healthy, seen.available) == (None, available)


def test_a_failed_upgrade_keeps_the_image_and_the_failure() -> None:
    failed = upgrade(10, 30, math.inf, image=None, current_at=math.inf, failure=("Code", "why"))
    seen = instance(upgrades=[failed]).at(30, has_signal=True)
    assert (seen.provisioning, seen.failure, seen.image, seen.model) == ("Failed", ("Code", "why"), OLD, 0)
    assert not seen.available
    assert failed.healthy_at == math.inf


def test_a_lagging_flag_is_not_the_image() -> None:
    lagging = instance(upgrades=[upgrade(10, 30, 40, current_at=90)])
    assert [(lagging.at(t, True).image.exact, lagging.at(t, True).lagging) for t in (30, 89, 90)] == [
        ("2", True),
        ("2", True),
        ("2", False),
    ]


def test_an_upgrade_ends_an_unhealthy_period() -> None:
    seen = instance(upgrades=[upgrade(10, 30, 40)], unhealthy_periods=[UnhealthyPeriod(0.0)])
    assert [seen.at(t, True).healthy for t in (5, 20, 35, 40)] == [False, None, False, True]


def test_an_unhealthy_period_that_begins_after_an_upgrade_counts() -> None:
    seen = instance(upgrades=[upgrade(10, 30, 40)], unhealthy_periods=[UnhealthyPeriod(50, 60)])
    assert [seen.at(t, True).healthy for t in (49, 50, 59.9, 60)] == [True, False, False, True]


@pytest.mark.parametrize(
    ("now", "unhealthy"), [(9, False), (10, True), (14.9, True), (15, False), (20, True), (25, False), (30, False)]
)
def test_flapping(now: float, unhealthy: bool) -> None:
    assert UnhealthyPeriod(10, 30, flap_seconds=5).at(now) is unhealthy


@pytest.mark.parametrize(("power", "healthy"), [("stopped", False), ("deallocated", None)])
def test_power(power: str, healthy: bool | None) -> None:
    seen = instance(power_changes=[(5, power)])
    assert seen.at(4.9, True).available
    assert (seen.at(5, True).power, seen.at(5, True).healthy, seen.at(5, True).available) == (power, healthy, False)


@pytest.mark.parametrize(
    ("instances", "until", "lowest"),
    [
        ([{}, {}], 100, 2),
        ([{"upgrades": [upgrade(10, 30, 40)]}, {}], 9.9, 2),
        ([{"upgrades": [upgrade(10, 30, 40)]}, {}], 10, 1),
        ([{"upgrades": [upgrade(10, 30, 40)]}, {"upgrades": [upgrade(40, 50, 60)]}], 100, 1),
        ([{"upgrades": [upgrade(10, 30, 40)]}, {"upgrades": [upgrade(39.9, 50, 60)]}], 100, 0),
        ([{"deleted_at": 5}, {}], 100, 1),
        ([{"created_at": 5}, {}], 100, 1),
        ([{"deleted_at": 5}, {"created_at": 5}], 100, 1),
        (
            [{"unhealthy_periods": [UnhealthyPeriod(10, 30, 5)]}, {"unhealthy_periods": [UnhealthyPeriod(25, 26)]}],
            100,
            1,
        ),
        (
            [{"unhealthy_periods": [UnhealthyPeriod(10, 30, 5)]}, {"unhealthy_periods": [UnhealthyPeriod(21, 22)]}],
            100,
            0,
        ),
        ([{"power_changes": [(3, "stopped")]}, {}], 100, 1),
    ],
)
def test_lowest_available_is_exact(instances: list[dict[str, object]], until: float, lowest: int) -> None:
    assert lowest_available([instance(**each) for each in instances], until, has_signal=True) == lowest


def test_lowest_available_without_a_signal_ignores_health() -> None:
    assert lowest_available([instance(unhealthy_periods=[UnhealthyPeriod(1)])], 10, has_signal=False) == 1
