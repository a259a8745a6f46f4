"""New instances: which of them a killed run left, and when they may be deleted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from builders import NEW, OLD, changed, fleet, platform, vhd
from vmss_upgrade.rollout.planning.availability import floor
from vmss_upgrade.rollout.policy import Policy, Share
from vmss_upgrade.rollout.scale_set import Health, ScaleSet
from vmss_upgrade.rollout.zero_downtime.surge import (
    Surge,
    created_since,
    left_by_an_earlier_run,
    moment_of,
    why_to_stay,
)

HELD_SINCE = "2026-12-01T10:00:00.1234567+00:00"
AT_TEN, A_QUARTER_LATER = "2026-12-01T10:00:00Z", "2026-12-01T10:15:00Z"
SOON, LATER, BEFORE = "2026-12-01T10:02:00+00:00", "2026-12-01T11:00:00+00:00", "2026-11-30T10:00:00+00:00"


@pytest.mark.parametrize(
    ("earlier", "later", "seconds"),
    [
        (HELD_SINCE, SOON, 119.8765433),
        ("2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z", 1.0),
        ("2024-02-28T00:00:00Z", "2024-03-01T00:00:00Z", 2 * 86400.0),
        ("2026-02-28T00:00:00Z", "2026-03-01T00:00:00Z", 86400.0),
        ("2000-02-28T00:00:00Z", "2000-03-01T00:00:00Z", 2 * 86400.0),
        ("2100-02-28T00:00:00Z", "2100-03-01T00:00:00Z", 86400.0),
    ],
)
def test_moments_differ_in_seconds(earlier: str, later: str, seconds: float) -> None:
    first, second = moment_of(earlier), moment_of(later)
    assert first is not None
    assert second is not None
    assert second - first == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-12-01T10:00:00+02:00", "4/28/2024 6:28:48 AM +00:00"])
def test_another_text_is_no_moment(text: str) -> None:
    assert moment_of(text) is None


def eight(new: str = "6 7", *, created: str = SOON, **model: Any) -> ScaleSet:
    """Return eight instances, of which the `new` ones were created later than the others, on the model's image."""
    whole = fleet("01201201", new=new, **{"image": NEW, "time": HELD_SINCE, **model})
    return changed(changed(whole, "0 1 2 3 4 5 6 7", created=BEFORE), new, created=created)


TWO, QUARTER = Share(2), Share(34, is_percentage=True)


@pytest.mark.parametrize(
    ("scale_set", "share", "found"),
    [
        pytest.param(eight(), TWO, ("6 7", True), id="as-many-as-asked"),
        pytest.param(eight(), QUARTER, ("6 7", True), id="percentage-of-the-others"),
        pytest.param(eight(created=LATER), TWO, ("6 7", False), id="much-later"),
        pytest.param(eight(created=HELD_SINCE), TWO, ("6 7", True), id="at-the-same-time-as-the-model"),
        pytest.param(eight(time=AT_TEN, created=A_QUARTER_LATER), TWO, ("6 7", True), id="as-late-as-a-run-does-it"),
        pytest.param(changed(eight(), "7", created=LATER), TWO, ("6 7", False), id="one-much-later"),
        pytest.param(eight(), Share(3), None, id="fewer"),
        pytest.param(eight("0 1 2 3 4 5 6 7"), Share(8), None, id="all"),
        pytest.param(eight(image=platform("latest")), TWO, None, id="floating"),
        pytest.param(eight("5 6 7"), TWO, None, id="more"),
        pytest.param(eight("0 7"), TWO, None, id="not-the-newest-ids"),
        pytest.param(eight(created=BEFORE), TWO, None, id="older-than-the-model"),
        pytest.param(eight(created=""), TWO, None, id="no-time-shown"),
        pytest.param(eight(time=""), TWO, None, id="no-time-of-the-model"),
        pytest.param(changed(eight(), "7", image=OLD), TWO, None, id="on-another-image"),
        pytest.param(changed(eight(), "7", provisioning_state="Deleting"), TWO, None, id="being-deleted"),
        pytest.param(eight(image=vhd("https://a/b.vhd")), TWO, None, id="vhd"),
    ],
)
def test_a_surge_of_an_earlier_run_is_recognised(
    scale_set: ScaleSet, share: Share, found: tuple[str, bool] | None
) -> None:
    left = left_by_an_earlier_run(scale_set, share)
    assert (None if left is None else (" ".join(left.instance_ids), left.is_certain)) == found


SURGE = Surge(former=6, added=2, floor=6, instance_ids=("6", "7"))


@pytest.mark.parametrize(
    ("scale_set", "why"),
    [
        pytest.param(eight(), "", id="nothing-forbids-it"),
        pytest.param(changed(eight(), "6", health=Health.UNHEALTHY), "", id="a-new-one-is-unhealthy"),
        pytest.param(changed(eight(), "6 7", provisioning_state="Updating"), "", id="a-new-one-is-updated"),
        pytest.param(
            changed(eight(), "2", provisioning_state="Updating"),
            "instances are being created or updated (2)",
            id="an-old-one-is-updated",
        ),
        pytest.param(
            changed(eight(), "2", health=Health.UNHEALTHY),
            "only 5 of the other instances are healthy, not 6 as before",
            id="an-old-one-is-unhealthy",
        ),
    ],
)
def test_new_instances_stay_while_they_are_needed(scale_set: ScaleSet, why: str) -> None:
    assert why_to_stay(scale_set, SURGE) == why


def test_an_instance_created_since_is_neither_attached_nor_leaving() -> None:
    scale_set = changed(eight(), "7", provisioning_state="Deleting")
    assert created_since(scale_set.instances, set("012345")) == ("6",)


def test_a_marked_instance_does_not_raise_the_floor() -> None:
    marked = tuple(replace(i, is_surplus=i.id in ("6", "7")) for i in eight().instances)
    assert floor(marked, Policy(), ()) == 3
    assert floor(eight().instances, Policy(), ()) == 4
