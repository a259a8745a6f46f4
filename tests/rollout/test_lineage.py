"""The lineage of machines of a Flexible set, and what becomes of those that were not made from its model."""

from __future__ import annotations

from typing import Any

import pytest

from builders import GALLERY, NEW, OLD, SUBSCRIPTION, instance, model, platform, resource, vhd
from vmss_upgrade.rollout.checks.capacity import below_floor
from vmss_upgrade.rollout.checks.plan import examine_plan
from vmss_upgrade.rollout.findings import Severity, refuse, warn
from vmss_upgrade.rollout.goal import Goal, goal_of
from vmss_upgrade.rollout.history.cells import Cell, status_of
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.image_facts import Traits
from vmss_upgrade.rollout.lineage import lineage_of, with_origins
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.planning.availability import floor, no_other_runs
from vmss_upgrade.rollout.planning.plan import Skipped, SkipReason
from vmss_upgrade.rollout.planning.planner import plan_model_update, plan_rollout
from vmss_upgrade.rollout.planning.rollback import moved_from
from vmss_upgrade.rollout.policy import Policy, Selection, Strategy
from vmss_upgrade.rollout.scale_set import Health, Instance, Origin, ScaleSet
from vmss_upgrade.rollout.watching.troubles import updated_by_somebody

LINUX = Traits(os="Linux")
NOBLE = platform("24.04.1", offer="noble")
MANAGED = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/images/providers/Microsoft.Compute/images/web"


def flexible(image: Image = OLD, **fields: Any) -> Model:
    return model(is_flexible=True, image=image, **{"traits": LINUX, **fields})


def machine(name: str = "pet", **fields: Any) -> Instance:
    """Return a machine without a mark of the model."""
    return instance(name, **{"os": "Linux", "update_domain": None, "latest_model_applied": None, **fields})


def origin(seen: Instance, of: Model, *others: Instance) -> Origin:
    machines = (seen, *others)
    return with_origins(machines, of, lineage_of(of, machines))[0].origin


@pytest.mark.parametrize(
    ("seen", "of", "expected"),
    [
        pytest.param(machine(), flexible(), Origin.MODEL, id="same-image"),
        pytest.param(machine(image=NEW), flexible(), Origin.MODEL, id="another-version"),
        pytest.param(machine(image=platform("1", sku="pro")), flexible(), Origin.MODEL, id="another-sku"),
        pytest.param(machine(image=platform("1", publisher="CANONICAL")), flexible(), Origin.MODEL, id="another-case"),
        pytest.param(machine(image=NOBLE), flexible(), Origin.OTHER_IMAGE, id="another-offer"),
        pytest.param(machine(image=platform("1", publisher="x")), flexible(), Origin.OTHER_IMAGE, id="publisher"),
        pytest.param(machine(image=resource(MANAGED)), flexible(), Origin.OTHER_IMAGE, id="another-kind"),
        pytest.param(
            machine(image=NOBLE, has_model_mark=True), flexible(), Origin.MODEL, id="another-offer-but-marked"
        ),
        pytest.param(machine(os="Windows"), flexible(), Origin.OTHER_SYSTEM, id="another-system"),
        pytest.param(machine(os="Windows", has_model_mark=True), flexible(), Origin.OTHER_SYSTEM, id="marked-windows"),
        pytest.param(machine(os=""), flexible(), Origin.MODEL, id="its-system-is-not-shown"),
        pytest.param(machine(os="Windows"), flexible(traits=Traits()), Origin.MODEL, id="the-models-is-not-shown"),
        pytest.param(machine(image=None), flexible(), Origin.NO_IMAGE, id="restored-disk"),
        pytest.param(machine(image=None, has_model_mark=True), flexible(), Origin.NO_IMAGE, id="marked-restored-disk"),
        pytest.param(machine(image=None, os="", has_model_mark=True), flexible(), Origin.MODEL, id="disk-not-shown"),
        pytest.param(machine(image=None, os=""), flexible(), Origin.NO_IMAGE, id="nothing-speaks-for-it"),
        pytest.param(
            machine(image=resource(f"{GALLERY}/versions/1.0.0")),
            flexible(resource(f"{GALLERY}/versions/2.0.0")),
            Origin.MODEL,
            id="same-definition",
        ),
        pytest.param(
            machine(image=resource(f"{GALLERY}-2/versions/1.0.0")),
            flexible(resource(f"{GALLERY}/versions/1.0.0")),
            Origin.OTHER_IMAGE,
            id="another-definition",
        ),
        pytest.param(
            machine(image=resource(MANAGED)), flexible(resource(f"{MANAGED}-2")), Origin.MODEL, id="managed-images"
        ),
        pytest.param(
            machine(image=resource(MANAGED)),
            flexible(resource(f"{GALLERY}/versions/1.0.0")),
            Origin.OTHER_IMAGE,
            id="managed-in-a-set-of-a-gallery",
        ),
        pytest.param(machine(image=None), flexible(vhd("https://a.blob/x.vhd")), Origin.MODEL, id="nobody-shows-a-vhd"),
    ],
)
def test_origin(seen: Instance, of: Model, expected: Origin) -> None:
    assert origin(seen, of) is expected


def test_an_earlier_image_of_the_model_is_known_by_those_that_carry_its_mark() -> None:
    made = machine("web_0a1b2c3d", image=OLD, has_model_mark=True)
    assert origin(machine(image=OLD), flexible(NOBLE), made) is Origin.MODEL
    assert origin(machine(image=OLD), flexible(NOBLE)) is Origin.OTHER_IMAGE


def test_the_lineage_of_the_first_look_outlives_the_write_of_another_line() -> None:
    before = (machine("a"), machine("pet", image=NOBLE))
    lineage = lineage_of(flexible(OLD), before)
    after = with_origins(before, flexible(NOBLE), lineage)
    assert [each.origin for each in after] == [Origin.MODEL, Origin.OTHER_IMAGE]


MADE = (machine("a"), machine("b"))
WINDOWS, PET, DISK = (
    machine("jump", os="Windows", origin=Origin.OTHER_SYSTEM),
    machine("pet", image=NOBLE, origin=Origin.OTHER_IMAGE),
    machine("disk", image=None, origin=Origin.NO_IMAGE),
)
MIXED = ScaleSet(model=flexible(), instances=(*MADE, WINDOWS, PET, DISK))
GOAL = Goal(image=NEW, in_model=False)


def naming(*ids: str) -> Policy:
    return Policy(strategy=Strategy.BATCH, selection=Selection(instance_ids=ids))


def test_attached_machines_are_skipped_and_every_reason_is_said() -> None:
    plan = plan_rollout(MIXED, GOAL, naming())
    assert set(plan.instance_ids) == {"a", "b"}
    assert {skipped.instance_id: skipped.reason.value.partition(": ")[2] for skipped in plan.skipped} == {
        each.id: each.origin.value for each in (WINDOWS, PET, DISK)
    }


def test_a_model_update_does_not_put_them_behind() -> None:
    plan = plan_model_update(MIXED, GOAL)
    assert plan.untouched == ("a", "b")
    assert plan.skipped == (
        Skipped("jump", SkipReason.OTHER_SYSTEM),
        Skipped("pet", SkipReason.OTHER_IMAGE),
        Skipped("disk", SkipReason.NO_IMAGE),
    )


def test_an_image_of_theirs_is_no_previous_image() -> None:
    there = ScaleSet(model=flexible(NEW), instances=(machine("a", image=NEW), PET))
    assert plan_rollout(there, Goal(image=NEW, in_model=True), naming()).leaves is None


@pytest.mark.parametrize("name", [pytest.param("pet"), pytest.param("PET", id="another-case")])
def test_one_of_another_line_is_upgraded_where_it_is_named_and_that_is_said(name: str) -> None:
    plan = plan_rollout(MIXED, GOAL, naming(name))
    assert plan.instance_ids == ("pet",)
    said = [finding for finding in examine_plan(MIXED, plan, naming(name)) if "pet" in finding.message]
    assert said == [
        warn(
            "Attached to the scale set, never made from its model, and upgraded because `instance-ids` names them: "
            "pet. Each loses what is on its OS disk.",
            "Leave out whichever is not meant.",
        )
    ]


@pytest.mark.parametrize("attached", [pytest.param(WINDOWS, id="system"), pytest.param(DISK, id="no-image")])
def test_one_that_cannot_be_upgraded_is_refused_where_it_is_named(attached: Instance) -> None:
    policy = naming("a", attached.id)
    plan = plan_rollout(MIXED, GOAL, policy)
    assert plan.instance_ids == ("a",)
    (refusal,) = [f for f in examine_plan(MIXED, plan, policy) if f.severity is Severity.REFUSE]
    assert refusal == refuse(
        f"`instance-ids` names {attached.id}, which is attached to the scale set and cannot be brought to its model: "
        f"{attached.origin.value}.",
        f"Leave {attached.id} out of `instance-ids`.",
    )


def test_they_stand_for_nobody() -> None:
    silent = machine("pet", image=NOBLE, origin=Origin.OTHER_IMAGE, health=Health.NO_SIGNAL)
    instances = (*MADE, silent, WINDOWS)
    scale_set = ScaleSet(model=flexible(), instances=instances)
    assert scale_set.healthy_ids == {"a", "b"}
    assert floor(instances, Policy(), ()) == 1
    assert no_other_runs(scale_set, ("a", "b"))
    assert below_floor(scale_set, plan_rollout(scale_set, GOAL, naming()), naming()) is None


def test_a_rollback_asks_nothing_about_them() -> None:
    assert moved_from(MIXED, NEW, Goal(image=OLD, in_model=True, heals=True)).unknown == frozenset()


def test_somebody_at_work_on_one_of_them_holds_no_batch() -> None:
    updating = machine("pet", origin=Origin.OTHER_IMAGE, provisioning_state="Updating")
    assert updated_by_somebody(ScaleSet(model=flexible(), instances=(*MADE, updating)), ("a",)) == ()


def test_a_status_does_not_call_them_behind() -> None:
    assert status_of(PET, goal_of(MIXED.model), MIXED.model.health_signal) is Cell.ATTACHED
