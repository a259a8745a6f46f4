"""What successive looks show: who is missing from one of them, and who has no health signal yet."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builders import fleet, instance, model
from vmss_upgrade.rollout.scale_set import Health, Instance
from vmss_upgrade.rollout.watching.sightings import GONE_AFTER, Sightings, is_earlier

MODEL = model()
ONE, TWO = instance("1"), instance("2")


def shown(instances: tuple[Instance, ...]) -> str:
    return " ".join(i.id if i.seen else f"({i.id})" for i in instances)


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        pytest.param([(0, [ONE, TWO]), (5, [ONE])], "1 (2)", id="missing-once"),
        pytest.param([(0, [ONE, TWO]), (500, [ONE])], "1 (2)", id="missing-once-after-long"),
        pytest.param([(0, [ONE, TWO]), (5, [ONE]), (8, [ONE])], "1 (2)", id="missing-twice-within-seconds"),
        pytest.param([(0, [ONE, TWO]), (5, [ONE]), (5 + GONE_AFTER, [ONE])], "1", id="gone"),
        pytest.param([(0, [ONE, TWO]), (5, [ONE]), (8, [ONE, TWO]), (15, [ONE])], "1 (2)", id="back-in-between"),
        pytest.param([(0, [ONE, instance("2", provisioning_state="Deleting")]), (5, [ONE])], "1", id="was-leaving"),
        pytest.param([(0, [ONE]), (5, [TWO, ONE])], "1 2", id="created-and-in-order"),
        pytest.param([(0, [ONE, TWO]), (5, []), (6, [TWO])], "(1) 2", id="an-empty-list"),
    ],
)
def test_one_look_is_not_the_truth(looks: list[tuple[float, list[Instance]]], expected: str) -> None:
    sightings = Sightings()
    for now, instances in looks:
        known = sightings.take(instances, MODEL, now)
    assert shown(known) == expected


def test_one_that_is_missing_is_shown_as_it_was_seen_last() -> None:
    sightings = Sightings()
    sightings.take([ONE, TWO], MODEL, 0.0)
    assert sightings.take([ONE], MODEL, 5.0) == (ONE, replace(TWO, seen=False))


def test_a_look_at_the_same_objects_is_not_examined_again() -> None:
    sightings, looks = Sightings(), (ONE, TWO)
    assert sightings.take(looks, MODEL, 0.0) is sightings.take(looks, MODEL, 5.0)


def test_a_look_at_the_same_objects_counts_how_long_another_is_missing() -> None:
    sightings, looks = Sightings(), (ONE,)
    sightings.take([ONE, TWO], MODEL, 0.0)
    seen = [shown(sightings.take(looks, MODEL, now)) for now in (5.0, 8.0, 5.0 + GONE_AFTER)]
    assert seen == ["1 (2)", "1 (2)", "1"]


def test_a_look_at_the_same_objects_shows_the_silence_of_one_that_should_report() -> None:
    sightings, looks = Sightings(), (BEHIND,)
    assert sightings.take(looks, MODEL, 0.0)[0].health is Health.NOT_YET
    sightings.expect_reports(["1"])
    assert sightings.take(looks, MODEL, 5.0)[0].health is Health.NO_SIGNAL


def health_of(sightings: Sightings, *looks: Instance) -> Health:
    for now, look in enumerate(looks):
        (known,) = sightings.take([look], model(time="2026-11-02T00:00:00Z"), float(now))
    return known.health


SILENT = instance("1", health=Health.NO_SIGNAL)
BEHIND = instance("1", health=Health.NO_SIGNAL, latest_model_applied=False)
MACHINE = instance("1", health=Health.NO_SIGNAL, latest_model_applied=None, model_time="11/1/2026 12:00:00 AM +00:00")
NEW_MACHINE = instance(
    "1", health=Health.NO_SIGNAL, latest_model_applied=None, model_time="11/2/2026 12:00:00 AM +00:00"
)


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        pytest.param([SILENT], Health.NO_SIGNAL, id="current-and-silent"),
        pytest.param([BEHIND], Health.NOT_YET, id="behind-and-silent"),
        pytest.param([MACHINE], Health.NOT_YET, id="of-an-earlier-model"),
        pytest.param([NEW_MACHINE], Health.NO_SIGNAL, id="of-the-present-model"),
        pytest.param([SILENT, BEHIND], Health.NO_SIGNAL, id="the-first-look-decides"),
        pytest.param([BEHIND, instance("1"), BEHIND], Health.NO_SIGNAL, id="who-has-reported-must-go-on"),
        pytest.param([instance("1"), BEHIND], Health.NO_SIGNAL, id="who-reported-at-first"),
        pytest.param([BEHIND, instance("1", health=Health.UNHEALTHY)], Health.UNHEALTHY, id="a-report-counts"),
    ],
)
def test_an_instance_may_not_have_the_signal_yet(looks: list[Instance], expected: Health) -> None:
    assert health_of(Sightings(), *looks) is expected


def test_an_upgrade_brings_the_signal() -> None:
    sightings = Sightings()
    assert health_of(sightings, BEHIND) is Health.NOT_YET
    sightings.expect_reports(["1"])
    assert health_of(sightings, BEHIND) is Health.NO_SIGNAL


def test_a_look_changes_nothing_of_what_it_shows() -> None:
    seen = fleet("001122", unhealthy="1", silent="2").instances
    assert Sightings().take(seen, MODEL, 0.0) == seen


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("2026-11-01T00:00:00Z", "2026-11-01T00:00:01Z", True),
        ("2026-11-01T00:00:00Z", "2026-11-01T00:00:00.1+00:00", True),
        ("2026-11-01T00:00:00.1085186+00:00", "2026-11-01T00:00:00.2Z", True),
        ("2026-11-01T00:00:00Z", "2026-11-01T00:00:00+00:00", False),
        ("2026-11-01T00:00:01Z", "2026-11-01T00:00:00Z", False),
        ("2026-11-01T00:00:00+01:00", "2026-11-01T00:00:01Z", False),
        ("4/28/2026 6:28:48 AM +00:00", "2026-04-28T06:28:49.1Z", True),
        ("4/28/2026 6:28:48 AM +00:00", "2026-04-28T06:28:48.9536593+00:00", False),
        ("2026-04-28T06:28:48.1Z", "4/28/2026 6:28:48 AM +00:00", False),
        ("4/28/2026 11:59:59 AM +00:00", "4/28/2026 12:00:00 PM +00:00", True),
        ("4/28/2026 1:00:00 PM +00:00", "2026-04-28T13:30:00Z", True),
        ("4/28/2026 12:59:59 AM +00:00", "4/28/2026 1:00:00 AM +00:00", True),
        ("9/30/2026 6:28:48 AM +00:00", "10/1/2026 6:28:48 AM +00:00", True),
        ("4/28/2026 6:28:48 AM +01:00", "2026-04-28T06:28:49Z", False),
        ("", "2026-11-01T00:00:01Z", False),
        ("2026-11-01T00:00:01Z", "", False),
    ],
)
def test_times_compare_as_azure_writes_them(one: str, other: str, expected: bool) -> None:
    assert is_earlier(one, other) is expected
