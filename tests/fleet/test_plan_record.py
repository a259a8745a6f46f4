"""The record of a fleet's plan: what is written is read again, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmss_upgrade.fleet.configuration import Tag, Wave
from vmss_upgrade.fleet.plan import FleetPlan, PlannedSet, Verdict
from vmss_upgrade.fleet.planning.record import LARGEST_NUMBER, LONGEST_TEXT, SCHEMA, UnusablePlan, as_values, plan_in
from vmss_upgrade.rollout.findings import refuse, warn

GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/web"
ID = GROUP + "/providers/Microsoft.Compute/virtualMachineScaleSets/{}"
CANARY = Wave(name="canary", number=1, members=("web-weu",), bake_time=1800.0)
REST = Wave(
    name="rest", tags=(Tag("role", "web"),), max_parallel=3, environment="production", stop_after_failures=2, members=()
)
DUE = PlannedSet(
    name="web-weu",
    scale_set_id=ID.format("web"),
    wave="canary",
    verdict=Verdict.DUE,
    region="westeurope",
    kind="Uniform",
    mode="Manual",
    images=(("Canonical:ubuntu:22_04:1", 4), ("Canonical:ubuntu:22_04:2", 2)),
    target="Canonical:ubuntu:22_04:2",
    instances=6,
    moving=4,
    most_away=1,
    plan_hash="0a1b2c3d-4e5f6071",
    findings=(warn("A warning"),),
)
REFUSED = PlannedSet(
    name="api", scale_set_id=ID.format("api"), wave="rest", verdict=Verdict.REFUSED, findings=(refuse("No.", "Do."),)
)
PLAN = FleetPlan(waves=(CANARY, REST), sets=(DUE, REFUSED), image="Canonical:ubuntu:22_04:2")

Break = Callable[[dict[str, Any]], object]


def written() -> dict[str, Any]:
    value: dict[str, Any] = json.loads(json.dumps(as_values(PLAN)))
    return value


@pytest.mark.parametrize("plan", [PLAN, replace(PLAN, image="", sets=()), FleetPlan(waves=(), sets=())])
def test_a_plan_is_read_as_it_was_written(plan: FleetPlan) -> None:
    assert plan_in(json.loads(json.dumps(as_values(plan)))) == plan


def test_a_plan_of_an_earlier_release_has_no_numbers_of_waves() -> None:
    record = written()
    for wave in record["waves"]:
        del wave["number"]
    assert [wave.number for wave in plan_in(record).waves] == [0, 0]


def test_keys_of_a_later_release_are_passed_over() -> None:
    record = written() | {"new": 1}
    record["sets"][0]["new"] = [None]
    assert plan_in(record) == PLAN


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda r: r.clear(), "is no plan"),
        (lambda r: r.update(schema="vmss-upgrade/record/1"), "is no plan"),
        (lambda r: r.update(schema=None), "is no plan"),
        (lambda r: r.update(schema="vmss-upgrade/fleet-plan/2"), "which this release does not read"),
        (lambda r: r.pop("waves"), "no list of at most 10000 items at waves"),
        (lambda r: r.update(sets={}), "no list of at most 20000 items at sets"),
        (lambda r: r["sets"].append(None), "no object at sets[2]"),
        (lambda r: r["sets"].append(r["sets"][0]), "two sets 'web-weu'"),
        (lambda r: r["sets"][1].update(id=r["sets"][0]["id"].upper()), "has two sets '/subscriptions/"),
        (lambda r: r["waves"].append(r["waves"][0]), "two waves 'canary'"),
        (lambda r: r["sets"][0].update(wave="nowhere"), "'web-weu' in a wave 'nowhere'"),
        (lambda r: r["sets"][0].update(name=""), "empty text at sets[0].name"),
        (lambda r: r["sets"][0].update(name=1), f"no text of at most {LONGEST_TEXT} characters at sets[0].name"),
        (lambda r: r["sets"][0].update(region="x" * (LONGEST_TEXT + 1)), "at sets[0].region"),
        (lambda r: r["sets"][0].update(verdict="perhaps"), "'perhaps' at sets[0].verdict"),
        (lambda r: r["sets"][0].update(moving=True), "no whole number from 0 on at sets[0].moving"),
        (lambda r: r["sets"][0].update(moving=-1), "at sets[0].moving"),
        (lambda r: r["sets"][0].update(instances=2.0), "at sets[0].instances"),
        (lambda r: r["sets"][0].update(instances=LARGEST_NUMBER + 1), "at sets[0].instances"),
        (lambda r: r["sets"][0]["images"][1].update(instances="2"), "at sets[0].images[1].instances"),
        (lambda r: r["sets"][0]["findings"].append({"severity": "loud"}), "'loud' at sets[0].findings[1].severity"),
        (lambda r: r["waves"][0].update(bake_seconds=float("nan")), "no number of seconds at waves[0].bake_seconds"),
        (lambda r: r["waves"][0].update(bake_seconds=float("inf")), "at waves[0].bake_seconds"),
        (lambda r: r["waves"][0].update(bake_seconds=-1), "at waves[0].bake_seconds"),
        (lambda r: r["waves"][0].update(max_parallel=0), "no whole number from 1 on at waves[0].max_parallel"),
        (lambda r: r["waves"][0].update(stop_after_failures=None), "at waves[0].stop_after_failures"),
        (lambda r: r["waves"][0]["scale_sets"].append(7), "characters at waves[0].scale_sets[1]"),
        (lambda r: r["waves"][1]["tags"].append("role=web"), "no object at waves[1].tags[1]"),
    ],
)
def test_a_record_that_is_no_plan_is_refused_with_the_place(spoil: Break, message: str) -> None:
    record = written()
    spoil(record)
    with pytest.raises(UnusablePlan) as refused:
        plan_in(record)
    assert message in str(refused.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(value=JSON, data=st.data())
def test_any_value_in_any_place_is_read_or_refused(value: Any, data: st.DataObject) -> None:
    record = written()
    owner: Any = record
    while True:
        keys = list(owner) if isinstance(owner, dict) else list(range(len(owner)))
        key = data.draw(st.sampled_from(keys))
        if not (isinstance(owner[key], (dict, list)) and owner[key] and data.draw(st.booleans())):
            break
        owner = owner[key]
    owner[key] = value
    try:
        plan = plan_in(record)
    except UnusablePlan:
        return
    assert plan_in(as_values(plan)) == plan


@given(value=JSON)
def test_any_other_json_is_refused(value: Any) -> None:
    with pytest.raises(UnusablePlan):
        plan_in(value)


def test_the_schema_is_named() -> None:
    assert written()["schema"] == SCHEMA
