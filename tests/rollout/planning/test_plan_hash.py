"""The hash of a plan: what changes it, what does not, and the policy that it stands for, spelled as inputs."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from enum import Enum
from hashlib import sha256
from typing import Any

import pytest

from builders import GALLERY, NEW, model, platform, resource, vhd
from vmss_upgrade.rollout.order import Command
from vmss_upgrade.rollout.planning.plan_hash import Planned, inputs_given, inputs_of
from vmss_upgrade.rollout.policy import LatestEnd, OnFailure, Policy, Selection, Share, Strategy
from vmss_upgrade.rollout.zero_downtime.drain import Drain
from vmss_upgrade.rollout.zero_downtime.hooks import Hooks
from vmss_upgrade.rollout.zero_downtime.probes import Probes

WEB = resource(f"{GALLERY}/versions/1.0.0")
DISK = vhd("https://store.blob.core.windows.net/vhds/Web.vhd?sig=one")
SET = model().id
APPROVED = Planned(scale_set_id=SET, command=Command.PLAN, target=NEW, policy=Policy())


def test_a_hash_is_two_short_ones() -> None:
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{8}", APPROVED.hash)
    assert APPROVED.hash == f"{APPROVED.what}-{APPROVED.how}"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(APPROVED, replace(APPROVED, command=Command.UPGRADE), id="a-plan-is-one-of-an-upgrade"),
        pytest.param(APPROVED, replace(APPROVED, scale_set_id=SET.upper()), id="case-of-the-set"),
        pytest.param(
            APPROVED, replace(APPROVED, target=replace(NEW, publisher="CANONICAL", sku="22_04-LTS")), id="case-of-a-urn"
        ),
        pytest.param(
            replace(APPROVED, target=WEB),
            replace(APPROVED, target=resource(f"{WEB.reference.upper()}/")),
            id="case-of-an-id",
        ),
        pytest.param(
            replace(APPROVED, target=DISK),
            replace(APPROVED, target=replace(DISK, reference=DISK.reference.replace("one", "two"))),
            id="signature-of-a-vhd",
        ),
        pytest.param(
            replace(APPROVED, policy=Policy(selection=Selection(instance_ids=("vm_A", "vm_b"), zones=("1", "2")))),
            replace(APPROVED, policy=Policy(selection=Selection(instance_ids=("VM_B", "vm_a"), zones=("2", "1")))),
            id="order-and-case-of-a-selection",
        ),
    ],
)
def test_it_is_the_same_plan(one: Planned, other: Planned) -> None:
    assert one.hash == other.hash


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(APPROVED, replace(APPROVED, scale_set_id=f"{SET}2"), id="set"),
        pytest.param(APPROVED, replace(APPROVED, command=Command.ROLLBACK), id="rollback"),
        pytest.param(APPROVED, replace(APPROVED, command=Command.UPDATE_MODEL), id="update-model"),
        pytest.param(APPROVED, replace(APPROVED, command=Command.UPGRADE_INSTANCES), id="upgrade-instances"),
        pytest.param(APPROVED, replace(APPROVED, target=platform("2.0.1")), id="version"),
        pytest.param(APPROVED, replace(APPROVED, target=replace(NEW, sku="24_04")), id="sku"),
        pytest.param(APPROVED, replace(APPROVED, target=WEB), id="kind"),
        pytest.param(
            replace(APPROVED, target=DISK),
            replace(APPROVED, target=vhd(DISK.reference.replace("Web", "web"))),
            id="case-of-a-blob",
        ),
    ],
)
def test_another_set_operation_or_target_changes_the_first_hash(one: Planned, other: Planned) -> None:
    assert one.what != other.what
    assert one.how == other.how


def other_than(value: Any) -> Any:
    """Return another value of the same kind as that of a policy's field."""
    match value:
        case bool():
            return not value
        case Enum():
            return next(member for member in type(value) if member is not value)
        case Share():
            return Share(value.number + 1, value.is_percentage)
        case float():
            return value + 1.0
        case Selection():
            return Selection(zones=("1",))
    return 7.0


@pytest.mark.parametrize("name", [field.name for field in fields(Policy)])
def test_every_input_of_the_policy_counts(name: str) -> None:
    unlike = {
        "batch_size": Share(3),
        "stop_after": Share(3),
        "not_after": LatestEnd("17:00 UTC", "", 60.0),
        "probes": Probes(addresses=("https://a.test/",)),
        "drain": Drain(command="echo $1"),
        "hooks": Hooks(before="https://a.test/"),
    }
    value: Any = unlike.get(name) or other_than(getattr(Policy(), name))
    changed = replace(APPROVED, policy=replace(Policy(), **{name: value}))
    assert changed.how != APPROVED.how
    assert changed.what == APPROVED.what
    assert len(inputs_given(changed.policy)) == (2 if name == "drain" else 1)


def test_a_moment_counts_as_it_was_asked_for() -> None:
    """An approved plan may be carried out on another day, on which a time of day is another moment."""
    one, later = (Policy(not_after=LatestEnd("17:00 UTC", date, left)) for date, left in (("a", 1.0), ("b", 2.0)))
    assert replace(APPROVED, policy=one).how == replace(APPROVED, policy=later).how


def test_failures_of_probes_count_and_queries_do_not() -> None:
    asked = [("https://a.test/?sig=1", 3), ("https://a.test/?sig=2", 3), ("https://a.test/", 4)]
    given = [inputs_given(Policy(probes=Probes(addresses=(each,), max_failures=most))) for each, most in asked]
    assert given[0] == given[1] == {"probe-url": "https://a.test/"}
    assert given[2] == {"probe-url": "https://a.test/", "probe-max-failures": "4"}


def test_hooks_count_and_their_addresses_do_not() -> None:
    one, other = (Hooks(after=f"https://a.test/?sig={each}", timeout=60.0) for each in ("1", "2"))
    assert inputs_given(Policy(hooks=one)) == {"after-batch-url": "true", "hook-timeout": "1m"}
    assert inputs_given(Policy(hooks=other)) == inputs_given(Policy(hooks=one))


@pytest.mark.parametrize("name", [field.name for field in fields(Selection)])
def test_every_list_of_the_selection_counts(name: str) -> None:
    items: Any = (0, 1) if name.endswith("update_domains") or name.endswith("fault_domains") else ("0", "1")
    changed = Policy(selection=Selection(**{name: items}))
    assert inputs_given(changed) == {name.replace("_", "-"): "0,1"}
    assert replace(APPROVED, policy=changed).how != APPROVED.how


def test_a_policy_is_spelled_as_its_inputs() -> None:
    policy = Policy(
        strategy=Strategy.ZONE,
        batch_size=Share(20, is_percentage=True),
        canary=1,
        selection=Selection(update_domains=(10, 2, 2), instance_ids=("B", "a")),
        stop_after=Share(2),
        min_healthy=Share(75, is_percentage=True),
        refuse_protected=True,
        allow_downtime=True,
        suspend_repairs=True,
        surge=Share(2),
        probes=Probes(addresses=("https://a.test/", "https://b.test/")),
        include_stopped=True,
        on_failure=OnFailure.ROLLBACK,
        replication_wait=90.0,
        bake_time=0.0,
        timeout=2 * 3600.0 + 5.0,
    )
    assert inputs_given(policy) == {
        "strategy": "zone",
        "batch-size": "20%",
        "canary": "1",
        "update-domains": "2,10",
        "instance-ids": "a,b",
        "stop-after": "2",
        "min-healthy": "75%",
        "allow-downtime": "true",
        "suspend-repairs": "true",
        "surge": "2",
        "probe-url": "https://a.test/ https://b.test/",
        "protected-instances": "fail",
        "stopped-instances": "include",
        "on-failure": "rollback",
        "wait-for-replication": "1m30s",
        "bake-time": "0s",
        "timeout": "2h5s",
    }


def test_the_defaults_are_spelled_as_in_action_yml() -> None:
    defaults = inputs_of(Policy())
    assert (defaults["timeout"], defaults["health-timeout"], defaults["min-healthy"]) == ("5h30m", "20m", "50%")
    assert (defaults["batch-size"], defaults["zones"], defaults["bake-time"]) == ("default", "default", "default")
    assert inputs_given(Policy()) == {}


def test_a_drain_counts_by_its_text_which_is_not_shown() -> None:
    one, other = (inputs_given(Policy(drain=Drain(command=text))) for text in ("secret one", "secret two"))
    assert one != other
    digest = sha256(b"secret one").hexdigest()[:12]
    assert one == {"drain-command": f"SHA-256 {digest}", "drain-timeout": "15m"}
    assert "secret" not in str(one) and "secret" not in repr(Policy(drain=Drain(command="secret one")))
